//! Names that Relay speaks under, where a server has `RELAYMSG`.
//! Source: <https://github.com/ircv3/ircv3-specifications/pull/417>.

/// The longest of them, in bytes with its mark: few servers allow nicks of more than 30.
pub const LONGEST: usize = 30;

/// A nick that shows a person's name and, behind one of the server's signs, where they write: `Ada_L/Discord`. Nobody can have it: the
/// server lets no nick of its own contain the sign.
pub fn spoken(name: &str, signs: &str) -> String {
    let sign = signs.chars().next().unwrap_or('/');
    // `Ada ‹Discord›`, as names are shown.
    let (name, origin) = name.rsplit_once('‹').unwrap_or((name, "relay"));
    let origin: String = nick(origin.trim_end_matches('›')).chars().take(12).collect();
    let room = LONGEST.saturating_sub(sign.len_utf8() + origin.len());
    let mut shown = nick(name);
    // Who is not called quite so bears a mark, so that nobody speaks as somebody else by a full stop or a foreign letter.
    let name = name.trim();
    let mark = match shown.len() <= room && shown == name.replace(' ', "_") {
        true => String::new(),
        false => format!("|{:05x}", crate::ids::fnv(name.bytes()) & 0xf_ffff),
    };
    let room = room.saturating_sub(mark.len());
    shown.truncate(room);
    if shown.is_empty() {
        "someone".clone_into(&mut shown);
    }
    // A nick does not begin with a digit or a dash.
    if shown.starts_with(|c: char| c.is_ascii_digit() || c == '-') {
        shown.insert(0, '_');
        shown.truncate(room);
    }
    format!("{shown}{mark}{sign}{origin}")
}

/// Letters, digits and what else is in nicks everywhere; everything else is an underscore, several are one.
fn nick(text: &str) -> String {
    let mut shown = String::new();
    for c in text.trim().chars() {
        let fits = c.is_ascii_alphanumeric() || "-[]{}|^`".contains(c);
        match (fits, shown.ends_with('_')) {
            (true, _) => shown.push(c),
            (false, false) => shown.push('_'),
            (false, true) => {}
        }
    }
    shown.trim_matches('_').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_nicks() {
        let cases = [
            ("Ada ‹Discord›", "Ada/Discord"),
            ("Ada Lovelace ‹Slack a1f›", "Ada_Lovelace/Slack_a1f"),
            ("Ada", "Ada/relay"),
            ("@#!: *? ‹IRC›", "someone|f235e/IRC"),
            ("Zoë\r\nQUIT ‹IRC›", "Zo_QUIT|340a4/IRC"),
            ("42nd ‹IRC›", "_42nd/IRC"),
            ("Ægir ‹IRC›", "gir|0725e/IRC"),
            ("a/b ‹IRC›", "a_b|8cf61/IRC"),
            ("a-name-that-is-longer-than-a-nick-can-be ‹Discord›", "a-name-that-is-l|e61de/Discord"),
        ];
        for (name, expected) in cases {
            let spoken = spoken(name, "/:");
            assert_eq!(spoken, expected, "{name:?}");
            assert!(spoken.len() <= LONGEST);
        }
    }
}

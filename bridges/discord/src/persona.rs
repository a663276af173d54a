//! Names and avatars that Discord accepts for a webhook's message.

use relay_contract::Persona;

/// The longest name, in characters.
///
/// <https://discord.com/developers/docs/resources/webhook#create-webhook>
const MOST_NAME: usize = 80;
/// The longest URL of an avatar, in bytes. Discord's own limit is 2,048.
const MOST_URL: usize = 2_048;
/// Refused anywhere in a name, in any case.
const REFUSED: [&str; 2] = ["discord", "clyde"];
/// Refused as the whole name.
const RESERVED: [&str; 2] = ["everyone", "here"];
/// Put into a word that is refused, so that it shows that something was changed.
const DOT: char = '·';

/// The name as Discord takes it: on one line, not empty, at most 80 characters, its refused words broken by a visible dot.
pub fn name(persona: &Persona) -> String {
    let shown: String =
        persona.name.chars().map(|c| if c.is_control() || is_invisible(c) { ' ' } else { c }).collect();
    let mut name = shown.split_whitespace().collect::<Vec<_>>().join(" ");
    for word in REFUSED {
        name = broken(&name, word);
    }
    if RESERVED.iter().any(|word| name.trim_start_matches('@').eq_ignore_ascii_case(word)) {
        let at = name.chars().take_while(|c| *c == '@').count() + 1;
        name.insert(at, DOT);
    }
    if name.is_empty() {
        return "Someone".to_owned();
    }
    if name.chars().count() > MOST_NAME {
        let kept: String = name.chars().take(MOST_NAME - 1).collect();
        name = format!("{}…", kept.trim_end());
    }
    name
}

/// The avatar, if Discord can fetch it.
pub fn avatar(persona: &Persona) -> Option<&str> {
    let url = persona.avatar.as_deref()?;
    let uri: http::Uri = url.parse().ok()?;
    let fetchable = matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some();
    (fetchable && url.len() <= MOST_URL).then_some(url)
}

/// Puts the dot after the first letter of each occurrence. The word is ASCII, so lowering keeps the places.
fn broken(name: &str, word: &str) -> String {
    let lower = name.to_ascii_lowercase();
    let mut made = String::with_capacity(name.len());
    let mut from = 0;
    for (at, _) in lower.match_indices(word) {
        made.push_str(&name[from..=at]);
        made.push(DOT);
        from = at + 1;
    }
    made.push_str(&name[from..]);
    made
}

/// Marks that would hide text or turn its direction, and blanks that look like nothing. Joiners stay: emoji and scripts need them.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{00ad}' | '\u{034f}' | '\u{115f}' | '\u{1160}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}'
        | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}')
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn persona(name: &str, avatar: Option<&str>) -> Persona {
        Persona { name: name.to_owned(), avatar: avatar.map(str::to_owned) }
    }

    #[test]
    fn names_are_accepted_or_visibly_adjusted() {
        let long = "x".repeat(81);
        let cut = format!("{}…", "x".repeat(79));
        for (given, shown) in [
            ("Ada", "Ada"),
            ("Ада 🦉", "Ада 🦉"),
            ("Discord Fan", "D·iscord Fan"),
            ("disdiscordcord", "disd·iscordcord"),
            ("ClYdE", "C·lYdE"),
            ("everyone", "e·veryone"),
            ("@Everyone", "@E·veryone"),
            ("here", "h·ere"),
            ("here we go", "here we go"),
            ("two\nlines", "two lines"),
            ("\u{202e}abc", "abc"),
            ("  \u{200b} ", "Someone"),
            ("", "Someone"),
            ("**bold**", "**bold**"),
            (&long, &cut),
        ] {
            let made = name(&persona(given, None));
            assert_eq!(made, shown, "{given:?}");
            assert!(made.chars().count() <= MOST_NAME);
        }
    }

    #[test]
    fn avatars_that_can_be_fetched() {
        let long = format!("https://a/{}", "x".repeat(3_000));
        for (url, taken) in [
            ("https://a.example/owl.png", true),
            ("http://127.0.0.1:80/x", true),
            ("data:image/png;base64,AA", false),
            ("mxc://a/b", false),
            ("owl", false),
            (&long, false),
        ] {
            assert_eq!(avatar(&persona("a", Some(url))).is_some(), taken, "{url}");
        }
    }
}

//! The name and picture of a post, in a form that Slack shows as it is
//! (`username` and `icon_url`, <https://docs.slack.dev/reference/methods/chat.postMessage/#authorship>).

use unicode_segmentation::UnicodeSegmentation;

/// The longest name that Slack shows whole.
const MOST_CHARS: usize = 80;

/// The name without line breaks, invisible characters, the three characters that begin Slack's markup and an `@` that
/// reads like a mention; those are replaced by ones that look alike. Never empty, at most 80 characters.
pub fn username(name: &str) -> String {
    let mut shown = String::new();
    for word in name.split(|c: char| c.is_whitespace() || c.is_control()) {
        let word: String = word.chars().filter(|c| !invisible(*c)).collect();
        if word.is_empty() {
            continue;
        }
        if !shown.is_empty() {
            shown.push(' ');
        }
        shown.extend(word.chars().enumerate().map(|(at, c)| match c {
            '<' => '＜',
            '>' => '＞',
            '&' => '＆',
            '@' if at == 0 => '＠',
            c => c,
        }));
    }
    if shown.is_empty() {
        return "unnamed".into();
    }
    if shown.chars().count() <= MOST_CHARS {
        return shown;
    }
    let mut cut = String::new();
    let mut length = 0;
    for piece in shown.graphemes(true) {
        length += piece.chars().count();
        if length >= MOST_CHARS {
            break;
        }
        cut.push_str(piece);
    }
    if cut.is_empty() {
        cut = shown.chars().take(MOST_CHARS - 1).collect();
    }
    cut.push('…');
    cut
}

/// A picture that Slack can fetch.
pub fn icon(avatar: Option<&str>) -> Option<String> {
    let url = url::Url::parse(avatar?).ok()?;
    matches!(url.scheme(), "http" | "https").then(|| url.into())
}

/// Shown as nothing, or turning the direction of what follows: only good for making names look alike.
/// The zero-width joiner stays, for emoji are made with it.
fn invisible(c: char) -> bool {
    matches!(c,
        '\u{200B}' | '\u{200C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}'
        | '\u{00AD}' | '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        let cases = [
            ("Ada", "Ada"),
            ("Ada Lovelace", "Ada Lovelace"),
            ("snake_case *star*", "snake_case *star*"),
            ("a\nb\r\n\tc", "a b c"),
            ("<!channel>", "＜!channel＞"),
            // The marks of an origin are nobody else's.
            ("Ada <Discord> ‹Telegram›", "Ada ＜Discord＞ ‹Telegram›"),
            ("Tom & Jerry", "Tom ＆ Jerry"),
            ("@everyone", "＠everyone"),
            ("x@y.example", "x@y.example"),
            ("\u{202E}evil", "evil"),
            ("עברית", "עברית"),
            ("👨‍👩‍👧‍👦", "👨‍👩‍👧‍👦"),
            ("", "unnamed"),
            (" \u{200B}\n ", "unnamed"),
        ];
        for (name, expected) in cases {
            assert_eq!(username(name), expected, "{name:?}");
        }
        for long in ["x".repeat(200), "👨‍👩‍👧‍👦".repeat(50), format!("a{}", "\u{301}".repeat(300))]
        {
            let shown = username(&long);
            assert!(shown.chars().count() <= MOST_CHARS && shown.ends_with('…'), "{shown}");
        }
    }

    #[test]
    fn pictures() {
        assert_eq!(icon(Some("https://x.example/a.png")).as_deref(), Some("https://x.example/a.png"));
        assert_eq!(icon(Some("javascript:alert(1)")), None);
        assert_eq!(icon(Some("a.png")), None);
        assert_eq!(icon(None), None);
    }
}

//! One line of the protocol, both ways.

use std::fmt;

/// What came, read by `ircv3_parse`.
#[derive(Clone, PartialEq, Eq)]
pub struct Line {
    /// Tags with their values.
    pub tags: Vec<(String, String)>,
    /// Who it is from.
    pub from: Source,
    /// The command, in capitals, or three digits.
    pub command: String,
    /// What follows, the last one with its blanks.
    pub params: Vec<String>,
}

/// Who a line is from: a server has a name alone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Source {
    /// The nick, or the server's name; empty where the line names nobody.
    pub name: String,
    /// The user name.
    pub user: Option<String>,
    /// The host.
    pub host: Option<String>,
}

impl fmt::Debug for Line {
    /// Without what was said: a line from services may repeat a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Line")
            .field("from", &self.from.name)
            .field("command", &self.command)
            .finish_non_exhaustive()
    }
}

impl Line {
    /// Reads a line without its end; none when it is no line of IRC.
    pub fn read(text: &str) -> Option<Self> {
        let parsed = ircv3_parse::parse(text).ok()?;
        let tags = parsed.tags().map(|tags| {
            let value = |value: &str| ircv3_parse::unescape(value);
            tags.iter().map(|(key, found)| (key.to_owned(), value(found.as_str()))).collect()
        });
        let from = parsed.source().map(|source| Source {
            name: source.name.to_owned(),
            user: source.user.map(str::to_owned),
            host: source.host.map(str::to_owned),
        });
        let params = parsed.params();
        let mut all: Vec<String> = params.middles.iter().map(str::to_owned).collect();
        all.extend(params.trailing.raw().map(str::to_owned));
        let command = parsed.command().as_str().to_ascii_uppercase();
        Some(Self { tags: tags.unwrap_or_default(), from: from.unwrap_or_default(), command, params: all })
    }

    /// A parameter, or nothing.
    pub fn param(&self, at: usize) -> &str {
        self.params.get(at).map_or("", String::as_str)
    }

    /// The last parameter: in an answer of the server's, its words.
    pub fn last(&self) -> &str {
        self.params.last().map_or("", String::as_str)
    }

    /// Whether a tag is there, with a value or without.
    pub fn has_tag(&self, name: &str) -> bool {
        self.tags.iter().any(|(key, _)| key == name)
    }

    /// Takes a tag out; none where it is not there or has no value.
    pub fn take_tag(&mut self, name: &str) -> Option<String> {
        let at = self.tags.iter().position(|(key, value)| key == name && !value.is_empty())?;
        Some(self.tags.swap_remove(at).1)
    }

    /// A tag that has a value.
    pub fn tag(&self, name: &str) -> Option<&str> {
        let found = self.tags.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }
}

/// What must not stand in a line that is sent: it would end it, or begin another.
pub fn breaks_out(c: char) -> bool {
    matches!(c, '\r' | '\n' | '\0')
}

/// What some server may take for the end of a word.
fn is_blank(c: char) -> bool {
    c.is_ascii_whitespace() || c.is_control()
}

/// A line of these words, the last of which may have blanks in it. Whatever would end the line is taken out; other words than the last
/// have no blanks, and are cut at one.
pub fn compose(words: &[&str]) -> String {
    let mut line = String::new();
    for (at, word) in words.iter().enumerate() {
        let last = at + 1 == words.len();
        if at > 0 {
            line.push(' ');
        }
        let needs_mark = word.is_empty() || word.starts_with(':') || word.contains(is_blank);
        if last && at > 0 && needs_mark {
            line.push(':');
        }
        let word = if last { word } else { word.split(is_blank).next().unwrap_or_default() };
        line.extend(word.chars().filter(|c| !breaks_out(*c)));
    }
    line
}

/// The same with tags before it, each with a value.
/// Source: <https://ircv3.net/specs/extensions/message-tags#escaping-values>.
pub fn tagged(tags: &[(&str, &str)], words: &[&str]) -> String {
    let mut line = String::new();
    for (name, value) in tags {
        line.push(if line.is_empty() { '@' } else { ';' });
        line.push_str(name);
        line.push('=');
        for c in value.chars() {
            match c {
                ';' => line.push_str("\\:"),
                ' ' => line.push_str("\\s"),
                '\\' => line.push_str("\\\\"),
                '\r' => line.push_str("\\r"),
                '\n' => line.push_str("\\n"),
                '\0' => {}
                c => line.push(c),
            }
        }
    }
    if !line.is_empty() {
        line.push(' ');
    }
    line + &compose(words)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lines() {
        let cases = [
            ("PING :a b", "PING", "", vec!["a b"]),
            (
                ":ada!~a@host PRIVMSG #c :\u{1}ACTION waves\u{1}",
                "PRIVMSG",
                "ada",
                vec!["#c", "\u{1}ACTION waves\u{1}"],
            ),
            (
                "@time=x;msgid=a\\sb :s.example 001 relay :Welcome",
                "001",
                "s.example",
                vec!["relay", "Welcome"],
            ),
            ("join #c", "JOIN", "", vec!["#c"]),
            (":s 353 relay = #c :@ada +ivo", "353", "s", vec!["relay", "=", "#c", "@ada +ivo"]),
        ];
        for (text, command, from, params) in cases {
            let line = Line::read(text).unwrap();
            assert_eq!((line.command.as_str(), line.from.name.as_str()), (command, from), "{text}");
            assert_eq!(line.params, params, "{text}");
        }
        assert_eq!(Line::read("@msgid=a\\sb :s X").unwrap().tag("msgid"), Some("a b"));
        for odd in ["", " ", ":", "@", ":a", "@a", "\u{1}", ":a :b", "12 x"] {
            assert_eq!(Line::read(odd), None, "{odd:?}");
        }
    }

    proptest! {
        #[test]
        fn nothing_breaks_out_of_a_line(words in prop::collection::vec("[a-z#]{1,5}|\\PC{0,20}|[\r\n\0: a]{0,9}", 1..5)) {
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            prop_assert!(!compose(&words).contains(breaks_out));
        }

        #[test]
        fn any_line_is_read_or_refused(text in "[@: ;=!a-zA-Z0-9\\\\]{0,40}|\\PC{0,60}") {
            let _ = Line::read(&text);
        }

        #[test]
        fn what_is_said_comes_through(text in "[^\r\n\0]{0,80}") {
            let read = Line::read(&compose(&["PRIVMSG", "#c", &text])).unwrap();
            prop_assert_eq!(read.last(), text.as_str());
        }

        #[test]
        fn a_tag_comes_through(value in "[^\0]{1,40}|[;\\\\ \r\n]{1,9}") {
            let line = tagged(&[("label", "1"), ("+a/b", &value)], &["TAGMSG", "#c"]);
            prop_assert!(!line.contains(breaks_out));
            let read = Line::read(&line).unwrap();
            prop_assert_eq!(read.tag("+a/b"), Some(value.as_str()));
        }
    }
}

//! Plain text with all that Discord would read as markup escaped.

/// Where on its line a text goes on: some signs mean something only at the beginning.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum Line {
    /// At the beginning, or after blanks.
    #[default]
    Start,
    /// After digits at the beginning.
    Digits,
    /// Somewhere else.
    Within,
}

impl Line {
    /// Escapes one piece of a line, and moves on.
    pub fn escape(&mut self, text: &str) -> String {
        let mut made = String::with_capacity(text.len() + 8);
        for c in text.chars() {
            let means_something = match c {
                '\\' | '*' | '_' | '~' | '`' | '|' | '[' | ']' | '<' => true,
                // Quote, heading, list.
                '>' | '#' | '-' => *self == Self::Start,
                // `1.` begins a list.
                '.' => *self == Self::Digits,
                _ => false,
            };
            if means_something {
                made.push('\\');
            }
            made.push(c);
            *self = match (*self, c) {
                (Self::Start, c) if c.is_whitespace() => Self::Start,
                (Self::Start | Self::Digits, '0'..='9') => Self::Digits,
                _ => Self::Within,
            };
        }
        made
    }
}

/// Whether a sign stands in the text without a backslash before it.
pub fn has_bare(text: &str, sign: char) -> bool {
    let mut escaped = false;
    text.chars().any(|c| {
        let bare = c == sign && !escaped;
        escaped = c == '\\' && !escaped;
        bare
    })
}

//! What the fuzz target `irc_parse` does with bytes.

use crate::line::{self, Line};
use crate::{parse, render};

/// Any line is read or refused, its text is a text, and what is made of that is a line again.
pub fn line(bytes: &[u8]) {
    let Some(line) = Line::read(&String::from_utf8_lossy(bytes)) else { return };
    let text = parse::text(line.last());
    for shown in render::lines(&text, Some(&line.from.name), 400, 20) {
        assert!(!shown.contains(|c| line::breaks_out(c) || c == '\u{1}'), "{shown:?} can act");
        assert!(shown.len() <= 480, "{shown:?} is too long");
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_line(said in ":?[a-z!@]{0,9} PRIVMSG #c :[\u{1}-\u{1f}\\PC]{0,60}|\\PC{0,80}") {
            super::line(said.as_bytes());
        }
    }
}

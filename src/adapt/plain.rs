//! A text as plain text, with its lines: what a program is told of it, and what is read elsewhere where a room has no place for all of it.

use relay_contract::{Block, Inline, Style, Text};

/// As plain text. Quotes begin with `> `, items with `- ` or their number; what is hidden stands between `||`.
pub fn text(text: &Text) -> String {
    blocks(text.blocks()).join("\n")
}

/// About how many lines of at most so many bytes a plain text takes.
pub fn line_count(text: &str, longest: usize) -> usize {
    let of = |line: &str| line.len().div_ceil(longest.max(1));
    text.lines().filter(|line| !line.trim().is_empty()).map(of).sum()
}

fn blocks(blocks: &[Block]) -> Vec<String> {
    blocks.iter().flat_map(lines).collect()
}

fn lines(block: &Block) -> Vec<String> {
    match block {
        Block::Paragraph(inner) | Block::Heading { inlines: inner, .. } => {
            inlines(inner).split('\n').map(str::to_owned).collect()
        }
        Block::Code { text, .. } => text.split('\n').map(str::to_owned).collect(),
        Block::Quote(inner) => blocks(inner).into_iter().map(|line| format!("> {line}")).collect(),
        Block::List { start, items } => {
            let numbered = items.iter().zip(start.unwrap_or(0)..);
            numbered
                .flat_map(|(item, number)| {
                    let mark = if start.is_some() { format!("{number}. ") } else { "- ".into() };
                    let indent = " ".repeat(mark.len());
                    let lines = blocks(item).into_iter().enumerate();
                    lines
                        .map(move |(at, line)| format!("{}{line}", if at == 0 { &mark } else { &indent }))
                        .collect::<Vec<_>>()
                })
                .collect()
        }
    }
}

fn inlines(all: &[Inline]) -> String {
    let mut text = String::new();
    for inline in all {
        match inline {
            Inline::Plain(plain) | Inline::Code(plain) => text.push_str(plain),
            Inline::Styled(Style::Spoiler, inner) => {
                text.push_str("||");
                text.push_str(&inlines(inner));
                text.push_str("||");
            }
            Inline::Styled(_, inner) => text.push_str(&inlines(inner)),
            Inline::Link { url, label } => {
                let label = inlines(label);
                text.push_str(&label);
                if label != *url {
                    text.push_str(&format!(" ({url})"));
                }
            }
            Inline::Mention(mention) => text.push_str(&mention.shown()),
            Inline::Emoji(emoji) => text.push_str(&emoji.shown()),
            Inline::Time(time) => text.push_str(&time.shown()),
            Inline::Break => text.push('\n'),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_counted_as_they_are_cut() {
        for (text, count) in [("", 0), ("a\n \nb", 2), ("abcde", 3), ("ab\ncd", 2)] {
            assert_eq!(line_count(text, 2), count, "{text:?}");
        }
    }

    #[test]
    fn texts() {
        let plain = |text: &str| Inline::Plain(text.into());
        let link = |label: &str| Inline::Link { url: "https://a.example".into(), label: vec![plain(label)] };
        let item = |text: &str| vec![Block::Paragraph(vec![plain(text), Inline::Break, plain("more")])];
        let cases = [
            (vec![Block::Paragraph(vec![plain("a"), Inline::Break, plain("b")])], "a\nb"),
            (vec![Block::Quote(item("said"))], "> said\n> more"),
            (vec![Block::List { start: None, items: vec![item("x")] }], "- x\n  more"),
            (
                vec![Block::List { start: Some(9), items: vec![item("x"), item("y")] }],
                "9. x\n   more\n10. y\n    more",
            ),
            (vec![Block::Paragraph(vec![link("here")])], "here (https://a.example)"),
            (vec![Block::Paragraph(vec![link("https://a.example")])], "https://a.example"),
            (
                vec![Block::Paragraph(vec![Inline::Styled(Style::Spoiler, vec![plain("it ends")])])],
                "||it ends||",
            ),
            (vec![Block::Code { lang: None, text: "x\ny".into() }], "x\ny"),
        ];
        for (blocks, expected) in cases {
            assert_eq!(text(&Text::new(blocks.clone())), expected, "{blocks:?}");
        }
    }
}

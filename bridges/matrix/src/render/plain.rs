//! The tree as plain words: for notifications, and for clients that show no HTML. What is hidden is left out.

use relay_contract::{Block, Inline, Style, Text};

/// What stands for hidden text.
const HIDDEN: &str = "▒▒▒▒ (spoiler)";

/// The text without markup.
pub fn written(text: &Text) -> String {
    blocks(text.blocks()).join("\n")
}

/// The lines of blocks.
fn blocks(blocks: &[Block]) -> Vec<String> {
    let mut lines = Vec::new();
    for block in blocks {
        match block {
            Block::Paragraph(words) | Block::Heading { inlines: words, .. } => {
                let mut line = String::new();
                inlines(words, &mut line);
                lines.extend(line.split('\n').map(str::to_owned));
            }
            Block::Code { text, .. } => lines.extend(text.split('\n').map(str::to_owned)),
            Block::Quote(inner) => {
                lines.extend(self::blocks(inner).into_iter().map(|line| format!("> {line}")))
            }
            Block::List { start, items } => {
                for (at, item) in (0_u32..).zip(items) {
                    let mark = match start {
                        Some(start) => format!("{}. ", start.saturating_add(at)),
                        None => "• ".to_owned(),
                    };
                    for (number, line) in self::blocks(item).into_iter().enumerate() {
                        lines.push(if number == 0 { format!("{mark}{line}") } else { format!("   {line}") });
                    }
                }
            }
        }
    }
    lines
}

fn inlines(inlines: &[Inline], line: &mut String) {
    for inline in inlines {
        match inline {
            Inline::Plain(text) | Inline::Code(text) => line.push_str(text),
            Inline::Styled(Style::Spoiler, _) => line.push_str(HIDDEN),
            Inline::Styled(_, inner) => self::inlines(inner, line),
            Inline::Link { url, label } => {
                self::inlines(label, line);
                if !matches!(&label[..], [Inline::Plain(label)] if label == url) {
                    line.push_str(&format!(" ({url})"));
                }
            }
            Inline::Mention(mention) => line.push_str(&mention.shown()),
            Inline::Emoji(emoji) => line.push_str(&emoji.shown()),
            Inline::Time(time) => line.push_str(&time.shown()),
            Inline::Break => line.push('\n'),
        }
    }
}

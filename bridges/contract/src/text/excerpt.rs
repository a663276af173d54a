//! A text as one plain line.

use super::{Block, Inline, Style, Text};
use unicode_segmentation::UnicodeSegmentation;

impl Text {
    /// Plain text on one line, cut at `most` user-perceived characters with an ellipsis. What is hidden stays hidden.
    pub fn excerpt(&self, most: usize) -> String {
        let mut line = String::new();
        write_blocks(&self.0, &mut line);
        let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
        // No character is shorter than a byte.
        if line.len() <= most {
            return line;
        }
        match line.grapheme_indices(true).nth(most) {
            None => line,
            Some(_) => {
                let end = line.grapheme_indices(true).nth(most.saturating_sub(1)).map_or(0, |(at, _)| at);
                format!("{}…", line[..end].trim_end())
            }
        }
    }
}

fn write_blocks(blocks: &[Block], line: &mut String) {
    for block in blocks {
        line.push(' ');
        match block {
            Block::Paragraph(inlines) | Block::Heading { inlines, .. } => write_inlines(inlines, line),
            Block::Code { text, .. } => line.push_str(text),
            Block::Quote(blocks) => write_blocks(blocks, line),
            Block::List { items, .. } => items.iter().for_each(|item| write_blocks(item, line)),
        }
    }
}

fn write_inlines(inlines: &[Inline], line: &mut String) {
    for inline in inlines {
        match inline {
            Inline::Plain(text) | Inline::Code(text) => line.push_str(text),
            Inline::Styled(Style::Spoiler, _) => line.push_str("(spoiler)"),
            Inline::Styled(_, inner) | Inline::Link { label: inner, .. } => write_inlines(inner, line),
            Inline::Mention(mention) => line.push_str(&mention.shown()),
            Inline::Emoji(emoji) => line.push_str(&emoji.shown()),
            Inline::Time(time) => line.push_str(&time.shown()),
            Inline::Break => line.push(' '),
        }
    }
}

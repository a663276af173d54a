//! A text as one plain line.

use super::{Block, Inline, Text};
use unicode_segmentation::UnicodeSegmentation;

impl Text {
    /// Plain text on one line, cut at `most` user-perceived characters with an ellipsis.
    pub fn excerpt(&self, most: usize) -> String {
        let mut line = String::new();
        for block in &self.0 {
            if !line.is_empty() {
                line.push(' ');
            }
            match block {
                Block::Paragraph(inlines) => write_inlines(inlines, &mut line),
                Block::Code { text, .. } => line.push_str(text),
            }
        }
        let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
        match line.grapheme_indices(true).nth(most) {
            None => line,
            Some(_) => {
                let end = line.grapheme_indices(true).nth(most.saturating_sub(1)).map_or(0, |(at, _)| at);
                format!("{}…", line[..end].trim_end())
            }
        }
    }
}

fn write_inlines(inlines: &[Inline], line: &mut String) {
    for inline in inlines {
        match inline {
            Inline::Plain(text) | Inline::Code(text) => line.push_str(text),
            Inline::Styled(_, inner) | Inline::Link { label: inner, .. } => write_inlines(inner, line),
            Inline::Mention(mention) => line.push_str(&mention.shown()),
            Inline::Break => line.push(' '),
        }
    }
}

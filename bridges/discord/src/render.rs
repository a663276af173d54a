//! Text tree → Discord's markdown, so that nothing in a text is read as markup but what the tree says (C13).
//!
//! What Discord cannot show: a link with another scheme than http(s) is written out after its label; code with runs of one
//! *and* of two backticks, and a block with three, gets look-alikes (ˋ), and so do bars in hidden code (¦); headings below the
//! third level are bold lines; a quote in a quote is part of it; emoji are their names; mentions are plain text. Nobody is
//! notified: besides, every request says `allowed_mentions: none`.

mod inline;
mod plain;
#[cfg(test)]
mod tests;

use crate::capabilities::MOST_TEXT;
use relay_contract::{Block, Draft, Inline, Part, Style, Text};

/// A backtick that ends no code.
const LOOKALIKE: &str = "ˋ";
/// The lowest level of heading that Discord has.
const LOWEST_HEADING: u8 = 3;

/// The parts of a draft, each of at most 2,000 code points.
pub fn parts(draft: &Draft) -> Vec<Part> {
    let texts = draft.body.clone().split(MOST_TEXT, |text| markup(text).chars().count());
    let part = |text: &Text| Part::text(markup(text), serde_json::Value::Null);
    texts.iter().map(part).collect()
}

/// The text in Discord's markdown.
pub fn markup(text: &Text) -> String {
    blocks(text.blocks(), false)
}

/// Blocks below each other. In a quote there is no other.
fn blocks(blocks: &[Block], quoted: bool) -> String {
    let mut out = String::new();
    for (at, block) in blocks.iter().enumerate() {
        if at > 0 {
            out.push('\n');
        }
        match block {
            Block::Paragraph(inlines) => out.push_str(&inline::written(inlines)),
            Block::Heading { level, inlines } if *level <= LOWEST_HEADING => {
                let signs = "#".repeat(usize::from(*level));
                out.push_str(&format!("{signs} {}", inline::written(inlines)));
            }
            Block::Heading { inlines, .. } => {
                let bold = Inline::Styled(Style::Bold, inlines.clone());
                let line = Text::new(vec![Block::Paragraph(vec![bold])]);
                out.push_str(&self::blocks(line.blocks(), quoted));
            }
            Block::Code { lang, text } => {
                let lang = lang.as_deref().filter(|lang| crate::parse::is_lang(lang)).unwrap_or_default();
                let text = text.replace("```", &LOOKALIKE.repeat(3));
                out.push_str(&format!("```{lang}\n{text}\n```"));
            }
            Block::Quote(inner) if quoted => out.push_str(&self::blocks(inner, true)),
            Block::Quote(inner) => out.push_str(&indented(&self::blocks(inner, true), "> ", "> ")),
            Block::List { start, items } => {
                for (item, number) in items.iter().zip(0u32..) {
                    if number > 0 {
                        out.push('\n');
                    }
                    let mark = start.map_or("- ".to_owned(), |start| format!("{}. ", start + number));
                    let indent = " ".repeat(mark.len());
                    out.push_str(&indented(&self::blocks(item, quoted), &mark, &indent));
                }
            }
        }
    }
    out
}

/// Lines with something before the first and before each other; nothing but a quote's sign before an empty one.
fn indented(text: &str, first: &str, others: &str) -> String {
    let mut made = String::with_capacity(text.len() + first.len());
    for (at, line) in text.split('\n').enumerate() {
        if at > 0 {
            made.push('\n');
        }
        let before = if at == 0 { first } else { others };
        if !line.is_empty() || !before.trim().is_empty() {
            made.push_str(before);
        }
        made.push_str(line);
    }
    made
}

//! Text tree → Discord's markdown, so that nothing in a text is read as markup but what the tree says (C13).
//!
//! What Discord cannot show: a link with another scheme than http(s) is written out after its label; code with runs of one
//! *and* of two backticks, and a block with three, gets look-alikes (ˋ), and so do bars in hidden code (¦); headings below the
//! third level are bold lines; a quote in a quote is part of it; emoji are their names; mentions are plain text. Nobody is
//! notified: besides, every request says `allowed_mentions: none`.

mod inline;
mod plain;
mod polls;
#[cfg(test)]
mod tests;

use crate::capabilities::MOST_TEXT;
use relay_contract::{Block, Draft, FileDraft, Inline, Part, Style, Text, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A backtick that ends no code.
const LOOKALIKE: &str = "ˋ";
/// The lowest level of heading that Discord has.
const LOWEST_HEADING: u8 = 3;

/// How many files one message has.
///
/// <https://discord.com/developers/docs/resources/message#create-message>
const MOST_FILES: usize = 10;
/// Message flag: its links are shown without a preview.
pub const SUPPRESS_EMBEDS: u64 = 1 << 2;

/// What goes beside the text of a part, in `Part::formatting`.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Beside {
    /// A poll, as Discord wants it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub poll: Option<Value>,
    /// When the poll ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ends: Option<Timestamp>,
    /// Links without a preview.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub no_preview: bool,
    /// It bears no text, and never will.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub no_text: bool,
}

impl Beside {
    /// The poll, as it is posted now.
    pub fn poll_now(&self) -> Option<Value> {
        let mut poll = self.poll.clone()?;
        poll["duration"] = polls::hours(self.ends, Timestamp::now()).into();
        Some(poll)
    }

    /// Of a part.
    pub fn of(part: &Part) -> Self {
        Self::deserialize(&part.formatting).unwrap_or_default()
    }

    fn part(self, text: String, files: Vec<u16>) -> Part {
        let nothing = self == Self::default();
        let formatting = if nothing { None } else { serde_json::to_value(self).ok() };
        Part { text, formatting: formatting.unwrap_or_default(), files }
    }
}

/// The parts of a draft, each of at most 2,000 code points and 10 files. The first files stand with the first text, so that a text
/// that grows leaves them where they are; what is more, and a poll, stand by themselves, as they are not changed with the text.
pub fn parts(draft: &Draft) -> Vec<Part> {
    let poll = draft.poll.as_ref().map(polls::written);
    let mut body = draft.body.clone();
    if let Some(polls::Written { words: Some(words), .. }) = &poll {
        body = body.followed_by(Text::plain(words));
    }
    let texts = body.split(MOST_TEXT, |text| markup(text).chars().count());
    let mut files = draft.files.chunks(MOST_FILES);
    let places = |files: Option<&[FileDraft]>| -> Vec<u16> {
        files.unwrap_or_default().iter().map(|file| file.index).collect()
    };
    let beside = |no_text| Beside { no_preview: draft.no_preview, no_text, ..Beside::default() };
    let mut parts: Vec<Part> = Vec::new();
    for (at, text) in texts.iter().enumerate() {
        let with = if at == 0 { places(files.next()) } else { Vec::new() };
        if !text.is_empty() || !with.is_empty() {
            parts.push(beside(false).part(markup(text), with));
        }
    }
    parts.extend(files.map(|more| beside(true).part(String::new(), places(Some(more)))));
    if let Some(poll) = poll.and_then(|poll| poll.native) {
        let ends = draft.poll.as_ref().and_then(|poll| poll.ends);
        parts.push(Beside { poll: Some(poll), ends, ..beside(true) }.part(String::new(), Vec::new()));
    }
    if parts.is_empty() {
        parts.push(Part::text(String::new(), Value::Null));
    }
    parts
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

//! The tree to Telegram's text and entities.
//!
//! Never `parse_mode`: text is text, whatever it looks like. Code stands alone (Telegram nests it in nothing), so it wins over
//! styles, all but a spoiler, which must hide it; a link wins over code, because its target would be lost. A heading is a bold
//! line; a list's items have `•` or their number before them and are indented by blanks; a quote in a quote is part of it, for
//! Telegram nests none (<https://core.telegram.org/bots/api#formatting-options>); moments are told in UTC, under which each reader finds their own time. Names are made inert
//! by [`crate::inert`].

#[cfg(test)]
mod files_tests;
#[cfg(test)]
mod tests;

use crate::capabilities::{LONGEST, LONGEST_CAPTION};
use crate::{files, inert, polls, times};
use relay_contract::text::{Leaf, Run};
use relay_contract::{Block, Draft, Inline, Part, Style, Text, Unit};
use serde_json::Value;
use teloxide::types::{MessageEntity, MessageEntityKind};
use url::Url;

/// Entities beyond the hundredth of a message are dropped by the server without a word.
/// Source: <https://limits.tginfo.me>.
const MOST_ENTITIES: usize = 100;

/// Blanks for each list that an item lies in.
const INDENT: usize = 4;

/// The parts of a draft, each within Telegram's limits; at least one.
///
/// Files go together as far as Telegram lets them. The text stands beside the first ones when it fits there, else in messages
/// of its own before them. A poll comes last.
pub fn parts(draft: &Draft) -> Vec<Part> {
    let mut body = draft.body.clone();
    let poll = draft.poll.as_ref();
    if let Some(poll) = poll.filter(|poll| !polls::fits(poll)) {
        body = body.followed_by(polls::in_words(poll));
    }
    let poll = poll.filter(|poll| polls::fits(poll));
    let files = files::together(&draft.files);
    let captioned = files.first().is_some_and(|first| first.captioned);
    let caption = captioned.then(|| fitting(&body, LONGEST_CAPTION)).flatten();
    let mut parts = Vec::new();
    if caption.is_none() && !(body.is_empty() && (poll.is_some() || !files.is_empty())) {
        parts.extend(texts(&body, LONGEST).iter().map(|text| written(text).into_part(draft.no_preview)));
    }
    let mut caption = caption.map(|text| written(&text).into_part(false));
    for together in files {
        // The one that bears the text, or will when there is one.
        let bears = caption.take();
        let no_text = bears.is_none();
        let mut part = bears.unwrap_or_else(|| Part::text("", serde_json::json!({})));
        if let (true, Some(formatting)) = (no_text, part.formatting.as_object_mut()) {
            formatting.insert("no_text".to_owned(), true.into());
        }
        parts.push(Part { files: together.places, ..part });
    }
    let asked = poll.and_then(|poll| serde_json::to_value(poll).ok());
    parts.extend(asked.map(|poll| Part::text("", serde_json::json!({ "poll": poll }))));
    parts
}

fn texts(text: &Text, limit: usize) -> Vec<Text> {
    text.clone().split(limit, |text| written(text).measure(limit))
}

/// A text, when it fits as it is.
fn fitting(text: &Text, limit: usize) -> Option<Text> {
    (written(text).measure(limit) <= limit).then(|| text.clone())
}

fn written(text: &Text) -> Writer {
    let mut writer = Writer::default();
    writer.blocks(text.blocks());
    writer
}

#[derive(Default)]
struct Writer {
    text: String,
    /// UTF-16 units of `text`.
    units: usize,
    entities: Vec<MessageEntity>,
    /// Entities of moments, which teloxide does not know.
    times: Vec<Value>,
    /// Places in `entities` of the last one of each kind that may go on.
    last: [Option<usize>; 6],
    /// Blanks before a line: the depth in lists.
    indent: usize,
    /// An item's mark was written last: what it stands before goes on behind it.
    after_mark: bool,
    quoted: bool,
}

impl Writer {
    fn blocks(&mut self, blocks: &[Block]) {
        for block in blocks {
            match block {
                Block::Paragraph(_) => self.paragraph(block.clone()),
                Block::Heading { inlines, .. } => {
                    let bold = Inline::Styled(Style::Bold, inlines.clone());
                    self.paragraph(Block::Paragraph(vec![bold]));
                }
                Block::Code { lang, text } => {
                    self.after_mark = false;
                    self.line(0);
                    let from = self.units;
                    self.push(text);
                    self.entity(MessageEntityKind::Pre { language: lang.clone() }, from);
                }
                Block::Quote(blocks) if self.quoted => self.blocks(blocks),
                Block::Quote(blocks) => {
                    self.after_mark = false;
                    self.line(0);
                    let from = self.units;
                    self.quoted = true;
                    // Its first block is on the line that has just begun.
                    self.after_mark = true;
                    self.blocks(blocks);
                    self.quoted = false;
                    self.entity(MessageEntityKind::Blockquote, from);
                }
                Block::List { start, items } => {
                    for (item, number) in items.iter().zip(0u32..) {
                        self.line(self.indent);
                        let mark = start.map_or("• ".to_owned(), |start| format!("{}. ", start + number));
                        self.push(&mark);
                        self.after_mark = true;
                        self.indent += INDENT;
                        self.blocks(item);
                        self.indent -= INDENT;
                    }
                }
            }
        }
    }

    /// Begins a line, unless the one that has begun goes on.
    fn line(&mut self, indent: usize) {
        if !std::mem::take(&mut self.after_mark) {
            if self.units > 0 {
                self.push("\n");
            }
            self.push(&" ".repeat(indent));
        }
    }

    fn paragraph(&mut self, block: Block) {
        self.line(self.indent);
        let runs = Text::new(vec![block]).into_runs();
        let mut groups = runs.chunk_by(|a, b| a.url.is_some() && a.url == b.url).peekable();
        while let Some(group) = groups.next() {
            match group.first().and_then(|run| run.url.as_deref()) {
                Some(url) => {
                    let next = groups.peek().and_then(|group| group.first()?.leaf.shown().chars().next());
                    self.link(url, group, next);
                }
                None => group.iter().for_each(|run| self.run(run)),
            }
        }
    }

    fn run(&mut self, run: &Run) {
        match &run.leaf {
            Leaf::Code(code) if !run.styles.contains(&Style::Spoiler) => {
                // The `@` before code must not reach into it.
                self.join(code);
                let from = self.units;
                self.push(code);
                self.entity(MessageEntityKind::Code, from);
            }
            Leaf::Time(time) => {
                let shown = time.shown();
                // As before code: its entity and its styles begin at the same place.
                self.join(&shown);
                let from = self.units;
                self.styled(&shown, run, true);
                // The server holds seconds in 32 bits.
                if i32::try_from(time.seconds).is_ok_and(|seconds| seconds > 0) {
                    self.times.push(serde_json::json!({
                        "type": "date_time", "offset": from, "length": self.units - from,
                        "unix_time": time.seconds, "date_time_format": times::format(time.style),
                    }));
                }
            }
            Leaf::Break if self.indent > 0 => {
                self.styled(&format!("\n{}", " ".repeat(self.indent)), run, true)
            }
            leaf => self.styled(&leaf.shown(), run, true),
        }
    }

    /// Runs with one URL, and the character behind them. The label comes first; a target that Telegram would not take as one
    /// is put behind it.
    fn link(&mut self, url: &str, runs: &[Run], next: Option<char>) {
        let label: String = runs.iter().map(|run| run.leaf.shown()).collect();
        self.join(&label);
        let from = self.units;
        let apart = !self.text.ends_with(char::is_alphanumeric) && next.is_none_or(char::is_whitespace);
        let found_by_server = label == url && apart && inert::is_plain_link(url);
        for run in runs {
            self.styled(&run.leaf.shown(), run, !found_by_server);
        }
        match target(url) {
            _ if found_by_server => {}
            Some(target) => self.entity(MessageEntityKind::TextLink { url: target }, from),
            None if label == url => {}
            None => self.guarded(&format!(" ({url})")),
        }
    }

    fn styled(&mut self, text: &str, run: &Run, guarded: bool) {
        if guarded {
            self.join(text);
        }
        let from = self.units;
        if guarded {
            self.guarded(text);
        } else {
            self.push(text);
        }
        for style in &run.styles {
            let kind = match style {
                Style::Bold => MessageEntityKind::Bold,
                Style::Italic => MessageEntityKind::Italic,
                Style::Underline => MessageEntityKind::Underline,
                Style::Spoiler => MessageEntityKind::Spoiler,
                Style::Strike => MessageEntityKind::Strikethrough,
            };
            self.entity(kind, from);
        }
    }

    /// A joiner, if the first character of what follows would make a handle of an `@` that has been written.
    fn join(&mut self, next: &str) {
        if next.chars().next().is_some_and(|next| inert::needs_joiner(&self.text, next)) {
            self.push_char(inert::JOINER);
        }
    }

    fn guarded(&mut self, text: &str) {
        for c in text.chars() {
            if inert::needs_joiner(&self.text, c) {
                self.push_char(inert::JOINER);
            }
            self.push_char(c);
        }
    }

    fn push(&mut self, text: &str) {
        self.text.push_str(text);
        self.units += Unit::Utf16.measure(text);
    }

    fn push_char(&mut self, c: char) {
        self.text.push(c);
        self.units += c.len_utf16();
    }

    /// From there to here; goes on with an entity of its kind that ends there.
    fn entity(&mut self, kind: MessageEntityKind, from: usize) {
        let length = self.units - from;
        if length == 0 {
            return;
        }
        let slot = match kind {
            MessageEntityKind::Bold => Some(0),
            MessageEntityKind::Italic => Some(1),
            MessageEntityKind::Strikethrough => Some(2),
            MessageEntityKind::Code => Some(3),
            MessageEntityKind::Underline => Some(4),
            MessageEntityKind::Spoiler => Some(5),
            _ => None,
        };
        let last = slot.and_then(|slot| self.last.get_mut(slot));
        let before = last.as_deref().copied().flatten().and_then(|at| self.entities.get_mut(at));
        match before.filter(|before| before.offset + before.length == from) {
            Some(before) => before.length += length,
            None => {
                if let Some(last) = last {
                    *last = Some(self.entities.len());
                }
                self.entities.push(MessageEntity::new(kind, from, length));
            }
        }
    }

    /// Units, or what the entities count for, so that a part with too many of them is "too long".
    fn measure(&self, limit: usize) -> usize {
        self.units.max((self.entities.len() + self.times.len()) * limit.div_ceil(MOST_ENTITIES))
    }

    fn into_part(mut self, no_preview: bool) -> Part {
        // A quote holds what is as long as it.
        let inner = |e: &MessageEntity| e.kind != MessageEntityKind::Blockquote;
        self.entities.sort_by_key(|e| (e.offset, usize::MAX - e.length, inner(e)));
        let written = self.entities.iter().filter_map(|entity| serde_json::to_value(entity).ok());
        let entities: Vec<Value> = written.chain(self.times).collect();
        let mut formatting = serde_json::json!({ "entities": entities });
        if no_preview {
            formatting["no_preview"] = true.into();
        }
        Part::text(self.text, formatting)
    }
}

/// A web address that may stand behind a label. Others may not: `tg://user?id=…` notifies that user.
fn target(url: &str) -> Option<Url> {
    let safe = !url.contains(|c: char| c.is_whitespace() || c.is_control());
    Url::parse(url).ok().filter(|url| safe && matches!(url.scheme(), "http" | "https") && url.has_host())
}

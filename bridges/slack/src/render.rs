//! The tree into Slack's rich text, and into mrkdwn for notifications and clients without blocks. Pure.
//!
//! The blocks are what people see. Nothing in them is markup, and names of people are plain words, so nobody is
//! notified (<https://docs.slack.dev/reference/block-kit/blocks/rich-text-block/>). In the fallback `&`, `<` and `>` are
//! escaped, so that it can hold no `<!…>` or `<@…>`; its other characters are never changed, for mrkdwn has no escape
//! for `*`, `_`, `~` and `` ` ``.
//!
//! What Slack cannot show: a heading is a bold line; hidden text is left out and said to be, for nothing here hides it until it
//! is wanted; a quote in a quote is part of it; what a list's item has beside words and lists stands below it.

mod fallback;

use crate::capabilities::MOST_CHARS;
use crate::parse::TIME_FORMATS;
use fallback::fallback;
use relay_contract::text::{Leaf, Run};
use relay_contract::{Block, Draft, Inline, Part, Style, Text};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// Slack refuses blocks somewhere above 13,000 characters of JSON with `msg_blocks_too_long`
/// (<https://github.com/slackapi/bolt-js/issues/2509>).
const MOST_JSON: usize = 12_000;
/// What one byte of a text becomes at most in JSON, or in the fallback.
const ESCAPED: usize = 6;
/// More than what stands around one paragraph in the blocks, and around one piece of it there or in the fallback.
const FRAME: usize = 200;
const MARKS: usize = 90;
/// The longest URL of a link element.
const MOST_URL: usize = 3_000;
/// What stands for hidden text.
const HIDDEN: &str = "▒▒▒▒ (spoiler)";

/// Slack's own client puts so many files into one message.
const MOST_FILES: usize = 10;

/// What stands beside a part's text.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Formatting {
    /// One rich text block, or none.
    #[serde(default)]
    pub blocks: Vec<Value>,
    /// Links without previews.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub no_preview: bool,
    /// Files that the message with the text has no place for.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub more_files: bool,
}

impl Formatting {
    /// Of a part that [`parts`] made.
    pub fn of(part: &Part) -> Self {
        Self::deserialize(&part.formatting).unwrap_or_default()
    }
}

/// The parts of a draft. Files stand under its first words; those for which that message has no place come before it, so that a text
/// that grows or shrinks changes what follows only.
pub fn parts(draft: &Draft) -> Vec<Part> {
    let mut texts: Vec<Part> = match draft.body.is_empty() {
        true => vec![part(Text::default(), draft.no_preview)],
        false => {
            let texts = draft.body.clone().split(MOST_CHARS, length);
            texts.into_iter().map(|text| part(text, draft.no_preview)).collect()
        }
    };
    let places: Vec<u16> = draft.files.iter().map(|file| file.index).collect();
    let mut albums: Vec<Vec<u16>> = places.chunks(MOST_FILES).map(<[u16]>::to_vec).collect();
    if let (Some(first), Some(last)) = (texts.first_mut(), albums.pop()) {
        first.files = last;
    }
    let albums = albums.into_iter().map(|files| {
        let formatting = Formatting { more_files: true, ..Formatting::default() };
        Part { files, ..Part::text("", written(&formatting)) }
    });
    albums.chain(texts).collect()
}

fn part(text: Text, no_preview: bool) -> Part {
    let blocks = if text.is_empty() { Vec::new() } else { vec![block(&text)] };
    Part::text(fallback(&text), written(&Formatting { blocks, no_preview, more_files: false }))
}

fn written(formatting: &Formatting) -> Value {
    // A struct of lists and flags always has a JSON form.
    serde_json::to_value(formatting).unwrap_or_default()
}

/// In characters of the fallback, or what the JSON of the blocks takes of its own limit, whichever is more.
fn length(text: &Text) -> usize {
    // What most messages are need not be made to be measured.
    at_most(text).filter(|most| *most <= MOST_CHARS).unwrap_or_else(|| measured(text))
}

/// What paragraphs of words, styles and links are not longer than.
fn at_most(text: &Text) -> Option<usize> {
    let each = text.blocks().iter().map(|block| match block {
        Block::Paragraph(inlines) => Some(FRAME + inlines_at_most(inlines, 0)?),
        _ => None,
    });
    each.sum()
}

/// Inlines in a link whose URL has so many bytes.
fn inlines_at_most(inlines: &[Inline], url: usize) -> Option<usize> {
    let each = inlines.iter().map(|inline| match inline {
        Inline::Plain(text) | Inline::Code(text) => Some((text.len() + url) * ESCAPED + MARKS),
        Inline::Break => Some(MARKS),
        Inline::Styled(_, inner) => inlines_at_most(inner, url),
        Inline::Link { url, label } => inlines_at_most(label, url.len()),
        Inline::Mention(_) | Inline::Emoji(_) | Inline::Time(_) => None,
    });
    each.sum()
}

fn measured(text: &Text) -> usize {
    let json = block(text).to_string().chars().count();
    let share = (json * MOST_CHARS).div_ceil(MOST_JSON);
    fallback(text).chars().count().max(share)
}

/// A rich text block.
fn block(text: &Text) -> Value {
    let mut rich = Rich::default();
    rich.blocks(text.blocks());
    json!({ "type": "rich_text", "elements": rich.elements })
}

/// The elements so far, each on lines of its own.
#[derive(Default)]
struct Rich {
    elements: Vec<Value>,
    /// Lists that are open around what is written.
    indent: usize,
    quoted: bool,
}

impl Rich {
    fn blocks(&mut self, blocks: &[Block]) {
        for block in blocks {
            match block {
                Block::Paragraph(_) | Block::Heading { .. } => {
                    let kind = if self.quoted { "rich_text_quote" } else { "rich_text_section" };
                    self.elements.push(json!({ "type": kind, "elements": inlines(block) }));
                }
                Block::Code { lang, text } => {
                    let words = json!([{ "type": "text", "text": text }]);
                    let mut element = json!({ "type": "rich_text_preformatted", "elements": words });
                    if let Some(lang) = lang.as_deref().filter(|lang| is_language(lang)) {
                        element["language"] = lang.into();
                    }
                    self.push(element);
                }
                Block::Quote(blocks) => {
                    let around = std::mem::replace(&mut self.quoted, true);
                    self.blocks(blocks);
                    self.quoted = around;
                }
                Block::List { start, items } => self.list(*start, items),
            }
        }
    }

    /// Slack's lists are flat: one that lies in an item is the next element, indented, and what follows it goes on with its
    /// number.
    fn list(&mut self, start: Option<u32>, items: &[Vec<Block>]) {
        let mut sections: Vec<Value> = Vec::new();
        let mut offset = start.map_or(0, |start| start.saturating_sub(1));
        for (item, number) in items.iter().zip(start.unwrap_or(1)..) {
            let (words, others) = match item.split_first() {
                Some((first @ (Block::Paragraph(_) | Block::Heading { .. }), others)) => {
                    (Some(first), others)
                }
                _ => (None, &item[..]),
            };
            if let Some(words) = words {
                sections.push(json!({ "type": "rich_text_section", "elements": inlines(words) }));
            }
            if !others.is_empty() {
                self.items(start, offset, std::mem::take(&mut sections));
                self.indent += 1;
                self.blocks(others);
                self.indent -= 1;
                offset = number;
            }
        }
        self.items(start, offset, sections);
    }

    fn items(&mut self, start: Option<u32>, offset: u32, sections: Vec<Value>) {
        if sections.is_empty() {
            return;
        }
        let style = if start.is_some() { "ordered" } else { "bullet" };
        let mut list = json!({ "type": "rich_text_list", "style": style, "elements": sections });
        if start.is_some() && offset > 0 {
            list["offset"] = offset.into();
        }
        if self.indent > 0 {
            list["indent"] = self.indent.into();
        }
        self.push(list);
    }

    /// What is no quote by itself gets a quote's border.
    fn push(&mut self, mut element: Value) {
        if self.quoted {
            element["border"] = 1.into();
        }
        self.elements.push(element);
    }
}

/// A paragraph, or a heading as a bold line, as inline elements.
fn inlines(block: &Block) -> Vec<Value> {
    let mut section = Vec::new();
    for run in shown_runs(block) {
        inline(run, &mut section);
    }
    section
}

/// The runs of a paragraph or heading, with a word for what is hidden.
fn shown_runs(block: &Block) -> Vec<Run> {
    let all = match block {
        Block::Heading { inlines, .. } => {
            Text::new(vec![Block::Paragraph(vec![Inline::Styled(Style::Bold, inlines.clone())])]).into_runs()
        }
        other => other.clone().into_runs(),
    };
    let mut runs: Vec<Run> = Vec::with_capacity(all.len());
    let mut hidden = false;
    for run in all {
        let hides = run.styles.contains(&Style::Spoiler);
        if !hides {
            runs.push(run);
        } else if !hidden {
            runs.push(Run::new(Leaf::Plain(HIDDEN.to_owned())));
        }
        hidden = hides;
    }
    runs
}

fn inline(run: Run, section: &mut Vec<Value>) {
    let mut style = Map::new();
    for (name, on) in [
        ("bold", run.styles.contains(&Style::Bold)),
        ("italic", run.styles.contains(&Style::Italic)),
        ("underline", run.styles.contains(&Style::Underline)),
        ("strike", run.styles.contains(&Style::Strike)),
        ("code", matches!(run.leaf, Leaf::Code(_))),
    ] {
        if on && run.leaf != Leaf::Break {
            style.insert(name.into(), true.into());
        }
    }
    let text = run.leaf.shown();
    let mut element = match run.url.as_deref() {
        Some(url) if run.leaf != Leaf::Break && can_link(url) => {
            let mut link = json!({ "type": "link", "url": url });
            if url != text {
                link["text"] = text.into();
            }
            link
        }
        Some(url) if run.leaf != Leaf::Break && url != text => {
            json!({ "type": "text", "text": format!("{text} ({url})") })
        }
        _ => match run.leaf {
            Leaf::Time(time) => {
                let format = TIME_FORMATS.into_iter().find(|(_, style)| *style == time.style);
                let format = format.map_or("{date} {time}", |(format, _)| format);
                json!({ "type": "date", "timestamp": time.seconds, "format": format, "fallback": text })
            }
            _ => json!({ "type": "text", "text": text }),
        },
    };
    if !style.is_empty() {
        element["style"] = Value::Object(style);
    }
    // Plain neighbours are one element: fewer of them, and the same as Slack itself writes.
    if let Some(last) = section.last_mut()
        && last["type"] == "text"
        && element["type"] == "text"
        && last.get("style") == element.get("style")
        && let (Some(before), Some(more)) = (last["text"].as_str(), element["text"].as_str())
    {
        last["text"] = format!("{before}{more}").into();
        return;
    }
    section.push(element);
}

/// A name of a language, not whatever stood behind a fence.
fn is_language(lang: &str) -> bool {
    lang.len() <= 32 && lang.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+#-._".contains(&byte))
}

/// Slack refuses the whole message for a link it cannot use.
fn can_link(url: &str) -> bool {
    url.chars().count() <= MOST_URL
        && !url.contains(|c: char| c.is_whitespace() || c.is_control())
        && url::Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https" | "mailto" | "tel"))
}

#[cfg(test)]
mod tests;

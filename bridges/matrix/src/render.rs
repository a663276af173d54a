//! The tree into `org.matrix.custom.html`, and into plain words for clients without it. Pure.
//!
//! Only elements that the specification names are written, and all text is escaped
//! (<https://spec.matrix.org/v1.11/client-server-api/#mroommessage-msgtypes>). Names of people are plain words, and `m.mentions` names
//! nobody, so that nothing notifies anybody.

mod html;
mod plain;
pub mod poll;
#[cfg(test)]
mod tests;

use relay_contract::{Draft, FileDraft, FileKind, Part, Poll, Text};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The longest text, in bytes of JSON of both its forms. An event holds 65,536 bytes with all that servers add
/// (<https://spec.matrix.org/v1.11/client-server-api/#size-limits>), and an edit says the beginning a second time.
pub const LONGEST: usize = 40_000;
/// How much of a text is said to clients that know no edits, in characters.
const LONGEST_FALLBACK: usize = 1_000;

/// What stands beside a part's text.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Formatting {
    /// The text as HTML; none where its plain form is all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub html: Option<String>,
    /// What the file is to people, where the part is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<FileKind>,
    /// What the part asks, where it is a poll.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub poll: Option<Poll>,
}

impl Formatting {
    /// Of a part that [`parts`] made.
    pub fn of(part: &Part) -> Self {
        serde_json::from_value(part.formatting.clone()).unwrap_or_default()
    }
}

/// The parts of a draft: its words, then a poll, and then each file as a message of its own, so that an edit of the words leaves these.
pub fn parts(draft: &Draft) -> Vec<Part> {
    let texts = match draft.body.is_empty() {
        true => Vec::new(),
        false => draft.body.clone().split(LONGEST, length),
    };
    let texts = texts.iter().map(|text| {
        let formatting = Formatting { html: html::written(text), ..Formatting::default() };
        Part::text(plain::written(text), written(&formatting))
    });
    let asks = draft.poll.iter().map(|poll| {
        let formatting = Formatting { poll: Some(poll.clone()), ..Formatting::default() };
        Part::text("", written(&formatting))
    });
    texts.chain(asks).chain(draft.files.iter().map(file)).collect()
}

fn file(file: &FileDraft) -> Part {
    let formatting = Formatting { file: Some(file.kind), ..Formatting::default() };
    Part { files: vec![file.index], ..Part::text("", written(&formatting)) }
}

fn written(formatting: &Formatting) -> Value {
    // A struct of strings always has a JSON form.
    serde_json::to_value(formatting).unwrap_or_default()
}

fn length(text: &Text) -> usize {
    json!([plain::written(text), html::written(text)]).to_string().len()
}

/// The content of a message with a part's words, or its poll.
pub fn message(part: &Part) -> Value {
    let formatting = Formatting::of(part);
    if let Some(poll) = &formatting.poll {
        return poll::content(poll);
    }
    let mut content = json!({ "msgtype": "m.text", "body": part.text, "m.mentions": {} });
    if let Some(html) = formatting.html {
        content["format"] = "org.matrix.custom.html".into();
        content["formatted_body"] = html.into();
    }
    content
}

/// The same as a notice, which no bot answers.
pub fn notice(part: &Part) -> Value {
    let mut content = message(part);
    content["msgtype"] = "m.notice".into();
    content
}

/// The content of a message that replaces another (<https://spec.matrix.org/v1.11/client-server-api/#event-replacements>).
pub fn edit(target: &str, part: &Part) -> Value {
    let begins: String = part.text.chars().take(LONGEST_FALLBACK).collect();
    json!({
        "msgtype": "m.text", "body": format!("* {begins}"), "m.mentions": {}, "m.new_content": message(part),
        "m.relates_to": { "rel_type": "m.replace", "event_id": target },
    })
}

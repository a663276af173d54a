//! Slack's formatting into the tree: rich text blocks where there are any, else mrkdwn. Pure, total and linear.

mod card;
mod forward;
mod mrkdwn;
mod rich;

use relay_contract::text::{Leaf, Run};
use relay_contract::{Forward, Mention, NativeId, Style, Text, Time, TimeStyle};
use serde_json::Value;
use std::collections::BTreeMap;

/// Names of what a message mentions by id only. What is missing is shown by its id.
#[derive(Debug, Default)]
pub struct Names {
    /// People by user id.
    pub people: BTreeMap<String, String>,
    /// Conversations by id.
    pub rooms: BTreeMap<String, String>,
    /// User groups by id.
    pub groups: BTreeMap<String, String>,
}

impl Names {
    fn person(&self, id: &str, label: Option<&str>) -> Leaf {
        let known = self.people.get(id).map(String::as_str);
        let name = known.or(label).unwrap_or(id).trim_start_matches('@');
        Leaf::Mention(Mention::Person { id: Some(id.into()), name: name.to_owned() })
    }

    fn room(&self, id: &str, label: Option<&str>) -> Leaf {
        let name = label.or(self.rooms.get(id).map(String::as_str)).unwrap_or(id);
        Leaf::Mention(Mention::Room { name: name.trim_start_matches('#').to_owned() })
    }

    fn group(&self, id: &str, label: Option<&str>) -> Leaf {
        let name = label.or(self.groups.get(id).map(String::as_str)).unwrap_or(id);
        group(name)
    }
}

fn group(name: &str) -> Leaf {
    Leaf::Mention(Mention::Group { name: name.trim_start_matches('@').to_owned() })
}

/// What a message says and shows.
#[derive(Debug, Default, PartialEq)]
pub struct Content {
    /// Its words, and those of its cards.
    pub body: Text,
    /// What its cards show; and of a message that was passed on, its files.
    pub shown: Vec<Shown>,
    /// It was passed on, with nothing said to it.
    pub forward: Option<Forward>,
    /// Whose words are quoted.
    pub quoted: Vec<NativeId>,
    /// The messages whose words are passed on or quoted: channel and ts of each.
    pub words_of: Vec<(NativeId, NativeId)>,
}

/// A picture or file besides those that a message lists itself.
#[derive(Debug, Clone, PartialEq)]
pub enum Shown {
    /// A picture at a public address, and what it shows.
    Picture {
        /// Where it is.
        url: String,
        /// In words.
        alt: Option<String>,
    },
    /// A file object, or as much of one as there is.
    File(Value),
}

/// A message, given as Slack writes one: `blocks`, `text`, and `attachments` where apps put their cards or a person passes a message
/// on. A preview of a link is no part of it.
pub fn content(message: &Value, names: &Names) -> Content {
    let mut content = said(message, names);
    if message.get("subtype").and_then(Value::as_str) == Some("me_message") {
        let runs = content.body.into_runs().into_iter().map(|run| run.styled(Style::Italic)).collect();
        content.body = Text::from_runs(runs);
    }
    let by_app = message.get("bot_id").is_some_and(Value::is_string);
    for attachment in message.get("attachments").and_then(Value::as_array).into_iter().flatten() {
        if attachment.get("is_share").and_then(Value::as_bool).unwrap_or(false) {
            forward::add(attachment, names, &mut content);
        } else if by_app && !card::is_preview(attachment) {
            card::add(attachment, names, &mut content);
        }
    }
    content
}

/// The words alone.
#[cfg(any(test, fuzzing))]
pub fn body(message: &Value, names: &Names) -> Text {
    content(message, names).body
}

/// What blocks show; where they say nothing, the text, which is what apps give to clients that cannot show the blocks.
fn said(message: &Value, names: &Names) -> Content {
    let blocks = message.get("blocks").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let mut content = Content::default();
    card::blocks(blocks, names, &mut content);
    if blocks.iter().all(|block| rich::kind(block) == "divider") {
        content.body = Text::default();
    }
    if content.body.is_empty() {
        let text = message.get("text").and_then(Value::as_str).unwrap_or_default();
        if !text.trim().is_empty() && !card::is_text(blocks) {
            content.body = mrkdwn::text(text, names);
        }
    }
    content
}

/// Plain runs of a Slack string.
fn plain(text: impl Into<String>) -> Run {
    Run::new(Leaf::Plain(text.into()))
}

/// How Slack shows a moment (<https://docs.slack.dev/messaging/formatting-message-text/#date-formatting>), by style.
pub const TIME_FORMATS: [(&str, TimeStyle); 9] = [
    ("{time}", TimeStyle::Clock),
    ("{time_secs}", TimeStyle::ClockSeconds),
    ("{date_num}", TimeStyle::ShortDate),
    ("{date}", TimeStyle::Date),
    ("{date} {time}", TimeStyle::DateClock),
    ("{date_long} {time}", TimeStyle::WeekdayDateClock),
    ("{date_short} {time}", TimeStyle::ShortDateClock),
    ("{date_short} {time_secs}", TimeStyle::ShortDateClockSeconds),
    ("{ago}", TimeStyle::Relative),
];

/// A moment in a format of Slack's; one that is not in the table is a day and a time of day.
fn moment(seconds: i64, format: &str) -> Leaf {
    let known = TIME_FORMATS.into_iter().find(|(known, _)| *known == format);
    Leaf::Time(Time { seconds, style: known.map_or_else(TimeStyle::default, |(_, style)| style) })
}

/// Whom and what a message names by id, for looking up: (people, conversations without a label, groups with theirs).
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Mentioned {
    /// User ids.
    pub people: Vec<String>,
    /// Conversation ids.
    pub rooms: Vec<String>,
    /// User groups' ids with the label that the text gives them.
    pub groups: BTreeMap<String, String>,
}

/// Collects them from `text`, `blocks` and what was passed on, each id once.
pub fn mentioned(message: &Value) -> Mentioned {
    let mut found = Mentioned::default();
    if let Some(text) = message.get("text").and_then(Value::as_str) {
        mrkdwn::mentioned(text, &mut found);
    }
    for key in ["blocks", "attachments"] {
        if let Some(blocks) = message.get(key) {
            rich::mentioned(blocks, &mut found);
        }
    }
    for attachment in message.get("attachments").and_then(Value::as_array).into_iter().flatten() {
        card::mentioned(attachment, &mut found);
    }
    for list in [&mut found.people, &mut found.rooms] {
        list.sort();
        list.dedup();
    }
    found
}

#[cfg(test)]
mod tests;

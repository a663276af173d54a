//! Slack's formatting into the tree: rich text blocks where there are any, else mrkdwn. Pure, total and linear.

mod mrkdwn;
mod rich;

use relay_contract::text::{Leaf, Run};
use relay_contract::{Mention, Style, Text, Time, TimeStyle};
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

/// The body of a message, given as Slack writes one: `blocks`, `text`, and `attachments` where other apps put their
/// words or a person forwards a message.
pub fn body(message: &Value, names: &Names) -> Text {
    let mut text = said(message, names);
    let nothing_else = text.is_empty();
    for attachment in message.get("attachments").and_then(Value::as_array).into_iter().flatten() {
        let forwarded = attachment.get("is_share").and_then(Value::as_bool).unwrap_or(false);
        if forwarded || nothing_else {
            text = text.followed_by(attached(attachment, names));
        }
    }
    if message.get("subtype").and_then(Value::as_str) == Some("me_message") {
        let runs = text.into_runs().into_iter().map(|run| run.styled(Style::Italic)).collect();
        text = Text::from_runs(runs);
    }
    text
}

fn said(message: &Value, names: &Names) -> Text {
    let blocks = message.get("blocks").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    if let Some(text) = rich::text(blocks, names) {
        return text;
    }
    match message.get("text").and_then(Value::as_str) {
        Some(text) if !text.trim().is_empty() => mrkdwn::text(text, names),
        _ => rich::words_of(blocks, names),
    }
}

/// An app's attachment or a forwarded message, in the order in which Slack shows it
/// (<https://docs.slack.dev/legacy/legacy-messaging/legacy-secondary-message-attachments/>).
fn attached(attachment: &Value, names: &Names) -> Text {
    let mut text = Text::default();
    for key in ["pretext", "author_name", "title", "text"] {
        if let Some(words) = attachment.get(key).and_then(Value::as_str) {
            text = text.followed_by(mrkdwn::text(words, names));
        }
    }
    if text.is_empty() {
        let words = attachment.get("fallback").and_then(Value::as_str).unwrap_or_default();
        text = mrkdwn::text(words, names);
    }
    text
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

/// Collects them from `text` and `blocks`, each id once.
pub fn mentioned(message: &Value) -> Mentioned {
    let mut found = Mentioned::default();
    if let Some(text) = message.get("text").and_then(Value::as_str) {
        mrkdwn::mentioned(text, &mut found);
    }
    if let Some(blocks) = message.get("blocks") {
        rich::mentioned(blocks, &mut found);
    }
    for list in [&mut found.people, &mut found.rooms] {
        list.sort();
        list.dedup();
    }
    found
}

#[cfg(test)]
mod tests;

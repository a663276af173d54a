//! Slack's events into envelopes: pure and total, from the payload that `listen` made.
//!
//! Message events and their subtypes: <https://docs.slack.dev/reference/events/message/>.

mod author;
pub mod command;
mod file;
pub mod marks;
pub mod members;
mod message;
pub mod news;
#[cfg(test)]
mod tests;

use crate::known::Own;
use crate::names::Person;
use crate::{ids, parse};
use relay_contract::{
    Envelope, Event, Message, NativeId, RawEvent, RoomKey, RoomNews, Standing, Text, Timestamp, Translation,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// The payload of a [`RawEvent`]: what Slack sent, and what was looked up.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Payload {
    /// What the frame was (`events_api`, `slash_commands` …).
    pub kind: String,
    /// The app that the event was sent to: ours.
    #[serde(default)]
    pub app: Option<String>,
    /// The event as Slack wrote it.
    pub event: Value,
    /// What was added.
    pub relay: Added,
}

/// What `listen` adds to an event.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Added {
    /// Who Relay is.
    pub own: Own,
    /// People by user id.
    #[serde(default)]
    pub people: BTreeMap<String, Person>,
    /// Names of mentioned conversations by id.
    #[serde(default)]
    pub rooms: BTreeMap<String, String>,
    /// Files that their event does not tell about, by id.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub files: BTreeMap<String, Value>,
    /// Somebody is called something else now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renamed: Option<Renamed>,
    /// When a command arrived, by this machine's clock: Slack does not tell when it was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heard: Option<Timestamp>,
}

/// What somebody was called, and where they are seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Renamed {
    /// The name before.
    pub before: String,
    /// The conversations that they and Relay are in.
    pub rooms: Vec<String>,
}

/// Subtypes of a message that somebody posted; none is one of them.
const POSTS: [&str; 5] = ["", "thread_broadcast", "file_share", "me_message", "bot_message"];

/// What an event means.
pub fn translate(raw: &RawEvent) -> Translation {
    match Payload::deserialize(&raw.payload) {
        Ok(payload) => Reader::new(&payload).read(&payload),
        Err(error) => Translation::Unreadable(format!("not a Slack envelope: {error}")),
    }
}

/// Reads one payload.
struct Reader<'a> {
    added: &'a Added,
    app: Option<&'a str>,
    names: parse::Names,
}

/// Why an event gives no envelope.
enum Nothing {
    Ignored(&'static str),
    Unreadable(String),
}

impl<'a> Reader<'a> {
    fn new(payload: &'a Payload) -> Self {
        let people = payload.relay.people.iter();
        Self {
            added: &payload.relay,
            app: payload.app.as_deref(),
            names: parse::Names {
                people: people.map(|(id, person)| (id.clone(), person.name.clone())).collect(),
                rooms: payload.relay.rooms.clone(),
                groups: BTreeMap::new(),
            },
        }
    }

    fn read(mut self, payload: &Payload) -> Translation {
        let event = &payload.event;
        let meant = match payload.kind.as_str() {
            "events_api" => self.event(event),
            kind @ ("slash_commands" | "interactive") => self.command(kind, event).map(Translation::Command),
            "unreadable" => Err(Nothing::Unreadable("a frame that is not JSON".into())),
            _ => Err(Nothing::Ignored("unknown envelope")),
        };
        match meant {
            Ok(translation) => translation,
            Err(Nothing::Ignored(why)) => Translation::Ignored(why),
            Err(Nothing::Unreadable(why)) => Translation::Unreadable(why),
        }
    }

    fn event(&mut self, event: &Value) -> Result<Translation, Nothing> {
        let Some(kind) = string(event, "type") else {
            return Err(Nothing::Unreadable("an event without a type".into()));
        };
        let own = string(event, "user") == Some(&self.added.own.user);
        match kind {
            "message" => {}
            "reaction_added" | "reaction_removed" => {
                return self.reaction(event, kind == "reaction_added").map(one);
            }
            "pin_added" | "pin_removed" => return self.pin(event, kind == "pin_added").map(one),
            "member_joined_channel" | "member_left_channel" if !own => {
                return self.member(event, kind == "member_joined_channel").map(one);
            }
            members::PROFILE => return self.called(event).map(Translation::Events),
            _ => return self.news(kind, event).map(Translation::Room),
        }
        if string(event, "subtype").is_some_and(|subtype| members::NAMED.contains(&subtype)) {
            return self.named(event).map(one);
        }
        if string(event, "subtype").is_some_and(|subtype| news::CONVERTED.contains(&subtype)) {
            return Ok(Translation::Room(RoomNews::Changed(required(event, "channel")?.into())));
        }
        self.names.groups = parse::mentioned(event.get("message").unwrap_or(event)).groups;
        self.message(event).map(one)
    }

    fn message(&self, event: &Value) -> Result<Envelope, Nothing> {
        match string(event, "subtype").unwrap_or_default() {
            subtype if POSTS.contains(&subtype) => self.posted(event),
            "message_changed" => self.changed(event),
            "message_deleted" => self.deleted(event),
            other => Err(Nothing::Ignored(ignored_subtype(other))),
        }
    }

    fn posted(&self, event: &Value) -> Result<Envelope, Nothing> {
        let room = self.room(event)?;
        let author = self.author(event)?;
        // Each of Relay's own posts comes back: that it is there is all that anybody wants to know.
        if author.standing == Standing::Relay {
            let at = ids::message(required(event, "ts")?, string(event, "thread_ts"));
            return Ok(Envelope {
                origin: room,
                at: when(&at.id)?,
                author: Some(author),
                event: Event::Posted(Message::new(at, Text::default())),
            });
        }
        let message = self.content(event)?;
        if message.body.is_empty() && message.attachments.is_empty() {
            return Err(Nothing::Ignored("empty"));
        }
        Ok(Envelope {
            origin: room,
            at: when(&message.at.id)?,
            author: Some(author),
            event: Event::Posted(message),
        })
    }

    fn changed(&self, event: &Value) -> Result<Envelope, Nothing> {
        let room = self.room(event)?;
        let message = inner(event, "message")?;
        let before = event.get("previous_message").filter(|before| before.is_object());
        // The first message of a thread leaves a gravestone when it is deleted.
        if string(message, "subtype") == Some("tombstone") {
            let target = required(message, "ts")?;
            return self.gone(room, target, before, event);
        }
        if let Some(subtype) = string(message, "subtype")
            && !matches!(subtype, "thread_broadcast" | "file_share" | "me_message" | "bot_message")
        {
            return Err(Nothing::Ignored(ignored_subtype(subtype)));
        }
        let author = self.author(message)?;
        let to = self.content(message)?;
        let edited = message.pointer("/edited/ts").and_then(Value::as_str);
        let same = match before {
            Some(before) => {
                let before = self.content(before)?;
                before.body == to.body && before.attachments == to.attachments
            }
            None => edited.is_none(),
        };
        if same {
            return Err(Nothing::Ignored("unfurl"));
        }
        // Apps may change a message without leaving a mark: the event's own time tells one such change from the next.
        let Some(version) = edited.or(string(event, "event_ts")).or(string(event, "ts")) else {
            return Err(Nothing::Unreadable("an edit without a time".into()));
        };
        // A file that is taken away leaves the time of the last edit as it was.
        let files = to.attachments.iter().filter_map(|file| file.source.as_deref());
        let version_with_files = files.fold(version.to_owned(), |all, file| format!("{all} {file}"));
        Ok(Envelope {
            origin: room,
            author: Some(author),
            at: ids::time(version).unwrap_or(when(&to.at.id)?),
            event: Event::Edited { version: version_with_files, to },
        })
    }

    fn deleted(&self, event: &Value) -> Result<Envelope, Nothing> {
        let room = self.room(event)?;
        let target = required(event, "deleted_ts")?;
        let before = event.get("previous_message").filter(|before| before.is_object());
        self.gone(room, target, before, event)
    }

    fn gone(
        &self,
        room: RoomKey,
        target: &str,
        before: Option<&Value>,
        event: &Value,
    ) -> Result<Envelope, Nothing> {
        let stamp = string(event, "event_ts").or(string(event, "ts")).unwrap_or(target);
        // A gravestone that is removed in its turn belongs to nobody.
        let before = before.filter(|before| string(before, "subtype") != Some("tombstone"));
        Ok(Envelope {
            origin: room,
            author: before.and_then(|before| self.author(before).ok()),
            at: match ids::time(stamp) {
                Some(at) => at,
                None => when(&target.into())?,
            },
            event: Event::Deleted { target: target.into() },
        })
    }

    fn room(&self, event: &Value) -> Result<RoomKey, Nothing> {
        self.room_of(event, "channel")
    }

    fn room_of(&self, event: &Value, key: &str) -> Result<RoomKey, Nothing> {
        Ok(ids::room(&self.added.own.team, required(event, key)?))
    }

    fn standing(&self, message: &Value) -> Standing {
        if is_ours(message, &self.added.own, self.app) {
            Standing::Relay
        } else if string(message, "bot_id").is_some()
            || string(message, "subtype") == Some("bot_message")
            || string(message, "user") == Some("USLACKBOT")
        {
            Standing::Bot
        } else {
            Standing::Person
        }
    }
}

/// Whether Relay wrote a message.
fn is_ours(message: &Value, own: &Own, app: Option<&str>) -> bool {
    let bot = string(message, "bot_id");
    let of = string(message, "app_id").or(message.pointer("/bot_profile/app_id").and_then(Value::as_str));
    bot.is_some() && bot == own.bot.as_deref()
        || of.is_some() && of == app
        || string(message, "user") == Some(&own.user)
}

/// Of one of Relay's own posts, which all come back, what is needed to know it; none where it is something else.
pub fn own_post(event: &Value, own: &Own, app: Option<&str>) -> Option<Value> {
    let is_post = string(event, "type") == Some("message")
        && POSTS.contains(&string(event, "subtype").unwrap_or_default());
    if !is_post || !is_ours(event, own, app) {
        return None;
    }
    let kept = ["type", "subtype", "channel", "user", "bot_id", "app_id", "bot_profile", "ts", "thread_ts"];
    let kept = kept.into_iter().filter_map(|key| Some((key.to_owned(), event.get(key)?.clone())));
    Some(Value::Object(kept.collect()))
}

fn one(envelope: Envelope) -> Translation {
    Translation::Events(vec![envelope])
}

fn ignored_event(kind: &str) -> &'static str {
    match kind {
        "app_mention" => "mention of the app",
        _ => "not a message",
    }
}

fn ignored_subtype(subtype: &str) -> &'static str {
    match subtype {
        "channel_join" | "group_join" | "bot_add" => "join",
        "channel_leave" | "group_leave" | "bot_remove" => "leave",
        "channel_topic" | "channel_purpose" | "group_topic" | "group_purpose" => "topic",
        "channel_archive" | "channel_unarchive" | "group_archive" | "group_unarchive" => "archive",
        "pinned_item" | "unpinned_item" => "pin",
        "message_replied" => "reply count",
        "tombstone" => "tombstone",
        "ekm_access_denied" => "withheld by the workspace's keys",
        _ => "other subtype",
    }
}

fn when(ts: &NativeId) -> Result<Timestamp, Nothing> {
    time_of(ts.as_str())
}

fn time_of(ts: &str) -> Result<Timestamp, Nothing> {
    ids::time(ts).ok_or_else(|| Nothing::Unreadable(format!("`ts` is no time: {ts:.40}")))
}

fn string<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key).and_then(Value::as_str).filter(|text| !text.is_empty())
}

fn required<'a>(value: &'a Value, key: &str) -> Result<&'a str, Nothing> {
    string(value, key).ok_or_else(|| Nothing::Unreadable(format!("`{key}` is missing")))
}

fn inner<'a>(value: &'a Value, key: &str) -> Result<&'a Value, Nothing> {
    value
        .get(key)
        .filter(|inner| inner.is_object())
        .ok_or_else(|| Nothing::Unreadable(format!("`{key}` is missing")))
}

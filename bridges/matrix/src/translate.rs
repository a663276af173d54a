//! Matrix's events into envelopes: pure and total, from the payload that `listen` made.
//!
//! Events: <https://spec.matrix.org/v1.11/client-server-api/#room-event-format>.

mod marks;
mod members;
mod message;
pub mod poll;
#[cfg(test)]
mod tests;

use crate::ids;
use crate::known::{Original, Reaction, local_part};
use relay_contract::{
    Author, Envelope, Event, NativeId, RawEvent, RoomKey, RoomNews, Standing, Timestamp, Translation,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The payload of a [`RawEvent`]: what Matrix sent, and what was looked up.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Payload {
    /// Relay's own user id.
    pub own: String,
    /// What the ids of its ghosts begin with, where it has any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ghosts: Option<String>,
    /// The room.
    pub room: String,
    /// What it is.
    pub said: Said,
}

impl Payload {
    fn is_own(&self, user: &str) -> bool {
        ids::is_own(user, &self.own, self.ghosts.as_deref())
    }
}

/// What a payload tells.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Said {
    /// An event of the room's timeline.
    Event {
        /// As Matrix wrote it.
        event: Value,
        /// What was added.
        added: Box<Added>,
    },
    /// These people are typing.
    Typing(Vec<String>),
    /// Something about the room may have changed.
    Changed,
    /// The room goes on as this one.
    Moved(String),
}

/// What `listen` adds to an event.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Added {
    /// The name of whom the event is by, or about, in that room.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The message that an edit replaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub original: Option<Original>,
    /// The reaction that a redaction takes back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reaction: Option<Reaction>,
    /// How many chose each answer of the poll that an event ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub votes: Option<Vec<u64>>,
    /// The name of the room, for a command.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room_name: Option<String>,
}

/// Why an event gives no envelope.
enum Nothing {
    Ignored(&'static str),
    Unreadable(String),
}

/// What an event means.
pub fn translate(raw: &RawEvent) -> Translation {
    let payload = match serde_json::from_value::<Payload>(raw.payload.clone()) {
        Ok(payload) => payload,
        Err(error) => return Translation::Unreadable(format!("not a payload of this connector: {error}")),
    };
    let room = ids::room(&payload.room);
    match &payload.said {
        Said::Changed => Translation::Room(RoomNews::Changed(payload.room.as_str().into())),
        Said::Moved(to) => Translation::Room(RoomNews::Moved { from: room, to: ids::room(to) }),
        Said::Typing(people) if people.iter().any(|user| !payload.is_own(user)) => {
            Translation::Typing(room, None)
        }
        Said::Typing(_) => Translation::Ignored("typing"),
        Said::Event { event, added } => {
            let reader = Reader { payload: &payload, room, event, added };
            match reader.read() {
                Ok(translation) => translation,
                Err(Nothing::Ignored(why)) => Translation::Ignored(why),
                Err(Nothing::Unreadable(why)) => Translation::Unreadable(why),
            }
        }
    }
}

/// Reads one event.
struct Reader<'a> {
    payload: &'a Payload,
    room: RoomKey,
    event: &'a Value,
    added: &'a Added,
}

impl Reader<'_> {
    fn read(&self) -> Result<Translation, Nothing> {
        let kind = required(self.event, "type")?;
        if self.event.pointer("/unsigned/redacted_because").is_some_and(Value::is_object) {
            return Err(Nothing::Ignored("redacted"));
        }
        match kind {
            "m.room.message" | "m.sticker" | "m.poll.start" | "org.matrix.msc3381.poll.start" => {
                self.message(kind)
            }
            kind if is_end_of_poll(kind) => self.poll_ended().map(one),
            "m.reaction" => self.reaction().map(one),
            "m.room.redaction" => self.redaction().map(one),
            "m.room.pinned_events" => self.pins().map(Translation::Events),
            "m.room.member" => self.member().map(one),
            "m.room.name" => self.renamed().map(one),
            "m.room.encrypted" => Err(Nothing::Ignored("encrypted")),
            _ => Err(Nothing::Ignored("not a message")),
        }
    }

    fn at(&self) -> Result<Timestamp, Nothing> {
        let at = self.event.get("origin_server_ts").and_then(Value::as_i64);
        at.map(Timestamp).ok_or_else(|| Nothing::Unreadable("`origin_server_ts` is missing".into()))
    }

    /// Somebody by their id; by the name that was looked up.
    fn person(&self, user: &str, standing: Standing) -> Author {
        let name = self.added.name.clone().unwrap_or_else(|| local_part(user).to_owned());
        let standing = if self.payload.is_own(user) { Standing::Relay } else { standing };
        // Pictures of people need a credential.
        Author { id: user.into(), name, avatar: None, standing }
    }

    fn sender(&self) -> Result<Author, Nothing> {
        let notice = self.event.pointer("/content/msgtype").is_some_and(|kind| kind == "m.notice");
        let standing = if notice { Standing::Bot } else { Standing::Person };
        Ok(self.person(required(self.event, "sender")?, standing))
    }

    fn id(&self) -> Result<NativeId, Nothing> {
        Ok(required(self.event, "event_id")?.into())
    }

    fn envelope(&self, author: Author, event: Event) -> Result<Envelope, Nothing> {
        Ok(Envelope { origin: self.room.clone(), author: Some(author), at: self.at()?, event })
    }
}

/// Whether an event of this kind ends a poll.
pub fn is_end_of_poll(kind: &str) -> bool {
    matches!(kind, "m.poll.end" | "org.matrix.msc3381.poll.end")
}

fn one(envelope: Envelope) -> Translation {
    Translation::Events(vec![envelope])
}

fn string<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key).and_then(Value::as_str).filter(|text| !text.is_empty())
}

fn required<'a>(value: &'a Value, key: &str) -> Result<&'a str, Nothing> {
    string(value, key).ok_or_else(|| Nothing::Unreadable(format!("`{key}` is missing")))
}

//! What an event does not say by itself, asked for before it is handed up: names, what was edited, which reaction was taken back.

use crate::api::Api;
use crate::known::{Known, Original, member_name};
use crate::translate::{self, Added, Payload, Said};
use futures::StreamExt;
use relay_contract::RawEvent;
use ruma::api::Direction;
use ruma::api::client::message::get_message_events;
use ruma::api::client::room::get_room_event;
use ruma::api::client::state::get_state_event_for_key;
use ruma::events::StateEventType;
use ruma::{EventId, RoomId, UInt};
use serde_json::{Value, json};
use std::time::Duration;

/// How long one question may take; after that the event goes up without its answer.
const REQUEST: Duration = Duration::from_secs(2);
/// How long the newest reactions of all rooms may take, of how many rooms, and of how many at a time.
const REACTIONS: Duration = Duration::from_secs(8);
const MOST_ROOMS: usize = 200;
const ROOMS_AT_ONCE: usize = 4;

/// Whoever makes events of what Matrix sent.
pub struct Listener<'a> {
    /// The homeserver.
    pub api: &'a Api,
    /// What is remembered.
    pub known: &'a Known,
    /// Relay's own user id.
    pub own: String,
    /// What the ids of its ghosts begin with, where it has any.
    pub ghosts: Option<String>,
}

impl Listener<'_> {
    /// The event of a room, with what had to be looked up; behind it, that the room may have changed, where it says so.
    pub async fn raw(&self, room: &str, event: Value) -> Vec<RawEvent> {
        let changed = changes_room(&event, &self.own);
        let added = Box::new(self.added(room, &event).await);
        let mut all = vec![self.wrapped(room, Said::Event { event, added })];
        if changed {
            all.push(self.wrapped(room, Said::Changed));
        }
        all
    }

    /// As the engine takes it.
    pub fn wrapped(&self, room: &str, said: Said) -> RawEvent {
        let (own, ghosts) = (self.own.clone(), self.ghosts.clone());
        let payload = Payload { own, ghosts, room: room.to_owned(), said };
        RawEvent {
            space: room.into(),
            // A struct of strings and values always has a JSON form.
            payload: serde_json::to_value(payload).unwrap_or_default(),
            cursor: None,
        }
    }

    /// Learns the newest reactions of each room, which their redactions say nothing about: those that an earlier process heard of are
    /// taken back, too. Takes at most some seconds.
    pub async fn learn_reactions(&self) {
        let asked = futures::stream::iter(self.known.rooms().into_iter().take(MOST_ROOMS));
        let asked = asked.for_each_concurrent(ROOMS_AT_ONCE, |room| async move {
            if let Some(reactions) = self.reactions(&room).await {
                reactions.iter().for_each(|event| self.known.learn(&room, event));
            }
        });
        if tokio::time::timeout(REACTIONS, asked).await.is_err() {
            tracing::debug!("not all rooms told of their newest reactions in time");
        }
    }

    async fn reactions(&self, room: &str) -> Option<Vec<Value>> {
        let mut request =
            get_message_events::v3::Request::new(RoomId::parse(room).ok()?, Direction::Backward);
        request.limit = UInt::from(100_u32);
        request.filter = serde_json::from_value(json!({ "types": ["m.reaction"] })).ok()?;
        let answer = self.api.call(request, REACTIONS).await.ok()?;
        answer.get("chunk")?.as_array().cloned()
    }

    async fn added(&self, room: &str, event: &Value) -> Added {
        let at = |path: &str| event.pointer(path).and_then(Value::as_str);
        let kind = at("/type").unwrap_or_default();
        let redacts = at("/redacts").or(at("/content/redacts"));
        let reaction =
            redacts.filter(|_| kind == "m.room.redaction").and_then(|event| self.known.reaction(event));
        let about = match kind {
            "m.room.member" => at("/state_key"),
            _ => reaction.as_ref().map(|reaction| reaction.sender.as_str()).or(at("/sender")),
        };
        let replaced = (at("/content/m.relates_to/rel_type") == Some("m.replace"))
            .then(|| at("/content/m.relates_to/event_id"))
            .flatten();
        let name = async {
            match about {
                // A member's event says the name itself, and nobody reads Relay's own.
                Some(user) if kind != "m.room.member" && user != self.own => self.name(room, user).await,
                _ => None,
            }
        };
        let original = async {
            match replaced {
                Some(target) => self.original(room, target).await,
                None => None,
            }
        };
        let votes = async {
            match translate::is_end_of_poll(kind) {
                true => crate::votes::counted(self.api, room, event).await,
                false => None,
            }
        };
        let (name, original, votes) = futures::join!(name, original, votes);
        let room_name = self.known.room_name(room).filter(|_| kind == "m.room.message");
        Added { name, original, reaction, votes, room_name }
    }

    /// Somebody's name in a room (<https://spec.matrix.org/v1.11/client-server-api/#mroommember>).
    async fn name(&self, room: &str, user: &str) -> Option<String> {
        if let Some(name) = self.known.name(room, user) {
            return Some(name);
        }
        let id = RoomId::parse(room).ok()?;
        let request =
            get_state_event_for_key::v3::Request::new(id, StateEventType::RoomMember, user.to_owned());
        let content = self.api.call(request, REQUEST).await.ok()?;
        let name = member_name(&json!({ "content": content }));
        let name = name.unwrap_or_else(|| crate::known::local_part(user).to_owned());
        self.known.name_is(room, user, name.clone());
        Some(name)
    }

    async fn original(&self, room: &str, event: &str) -> Option<Original> {
        if let Some(original) = self.known.original(event) {
            return Some(original);
        }
        let (room, id) = (RoomId::parse(room).ok()?, EventId::parse(event).ok()?);
        let answer = self.api.call(get_room_event::v3::Request::new(room, id), REQUEST).await.ok()?;
        let original = Original::of(&answer)?;
        self.known.original_is(event, original.clone());
        Some(original)
    }
}

/// Whether Relay's rights in a room, its name or who reads it may be others after an event.
pub fn changes_room(event: &Value, own: &str) -> bool {
    let string = |key: &str| event.get(key).and_then(Value::as_str);
    match string("type") {
        Some("m.room.member") => string("state_key") == Some(own),
        Some(kind) => {
            string("state_key") == Some("") && kind != "m.room.create" && crate::facts::KINDS.contains(&kind)
        }
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changes_a_room() {
        let cases = [
            (json!({ "type": "m.room.name", "state_key": "" }), true),
            (json!({ "type": "m.room.power_levels", "state_key": "" }), true),
            (json!({ "type": "m.room.encryption", "state_key": "" }), true),
            (json!({ "type": "m.room.member", "state_key": "@relay:x" }), true),
            (json!({ "type": "m.room.member", "state_key": "@ada:x" }), false),
            (json!({ "type": "m.room.name" }), false),
            (json!({ "type": "m.room.message" }), false),
            (json!(null), false),
        ];
        for (event, changes) in cases {
            assert_eq!(changes_room(&event, "@relay:x"), changes, "{event}");
        }
    }
}

//! Which channels are threads of which: what is said in a thread belongs to the room of its channel, unless the thread is linked
//! by itself. Learnt from the gateway, asked for once where it has not told.
//!
//! <https://discord.com/developers/docs/topics/threads>

use crate::connector::Discord;
use crate::errors::{Failure, code};
use crate::guilds;
use crate::ids::snowflake;
use crate::rest::Rest;
use quick_cache::sync::Cache;
use serde::Deserialize;
use serde_json::{Value, json};
use std::time::Duration;
use twilight_model::channel::ChannelType;
use twilight_model::id::Id;
use twilight_model::id::marker::ChannelMarker;

/// C8: how long one lookup may take.
const LOOKUP: Duration = Duration::from_secs(2);
/// How many channels and threads are remembered. Which is which does not change.
const REMEMBERED: usize = 50_000;

/// What a channel is.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    /// People talk in it.
    Channel,
    /// Everything in it stands in threads.
    Forum,
    /// A thread that everybody sees who sees its channel.
    Thread { parent: Id<ChannelMarker>, name: Option<String> },
    /// A thread that only those see who were let in: it is no part of its channel's room.
    PrivateThread,
}

/// What is remembered of channels and threads.
#[derive(Debug)]
pub struct Places {
    kinds: Cache<Id<ChannelMarker>, Kind>,
    /// Whether a thread hangs from the message that has its id.
    hangs: Cache<Id<ChannelMarker>, bool>,
}

impl Default for Places {
    fn default() -> Self {
        Self { kinds: Cache::new(REMEMBERED), hangs: Cache::new(REMEMBERED) }
    }
}

/// Where something happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Place {
    /// In the channel itself.
    Room,
    /// In a thread of a room, which is said to `translate` like this.
    Thread {
        /// The room.
        room: Id<ChannelMarker>,
        /// For `translate`.
        told: Value,
    },
    /// Discord did not say in time.
    Unknown,
}

impl Places {
    /// Learns from a gateway event.
    pub fn learn(&self, kind: &str, native: &Value) {
        let list = |key: &str| native.get(key).and_then(Value::as_array).into_iter().flatten();
        match kind {
            "GUILD_CREATE" => list("channels").chain(list("threads")).for_each(|it| self.keep_native(it)),
            "THREAD_LIST_SYNC" => list("threads").for_each(|it| self.keep_native(it)),
            "CHANNEL_CREATE" | "CHANNEL_UPDATE" | "THREAD_CREATE" | "THREAD_UPDATE" => {
                self.keep_native(native)
            }
            _ => {}
        }
    }

    fn keep_native(&self, channel: &Value) {
        if let Ok(channel) = guilds::Channel::deserialize(channel) {
            self.keep(&channel);
        }
    }

    /// Remembers a channel that was asked for.
    pub fn keep(&self, channel: &guilds::Channel) {
        self.kinds.insert(channel.id, kind_of(channel));
    }
}

fn kind_of(channel: &guilds::Channel) -> Kind {
    match (channel.kind, channel.parent_id) {
        (ChannelType::PrivateThread, _) => Kind::PrivateThread,
        (_, Some(parent)) if channel.is_thread() => Kind::Thread { parent, name: channel.name.clone() },
        _ if channel.is_forum() => Kind::Forum,
        _ => Kind::Channel,
    }
}

impl Discord {
    /// Where an event of this channel happened.
    pub(crate) async fn place(&self, rest: &Rest, channel: Id<ChannelMarker>) -> Place {
        // One that is linked is a room of its own, whatever else it is.
        if self.rooms.is_linked(channel) {
            return Place::Room;
        }
        let (parent, name) = match self.kind(rest, channel).await {
            Some(Kind::Thread { parent, name }) => (parent, name),
            Some(_) => return Place::Room,
            None => return Place::Unknown,
        };
        let linked = self.rooms.get(parent);
        let hangs = match linked {
            None => false,
            Some(room) if room.forum => true,
            Some(_) => self.hangs(rest, parent, channel).await,
        };
        let thread = channel.to_string();
        let root = hangs.then(|| thread.clone());
        let told =
            json!({ "room": parent.to_string(), "thread": { "id": thread, "root": root, "name": name } });
        Place::Thread { room: parent, told }
    }

    /// The channel of a thread that belongs to a linked channel, as far as that is known without asking.
    pub(crate) fn belongs_to(&self, channel: Id<ChannelMarker>) -> Option<Id<ChannelMarker>> {
        match self.places.kinds.get(&channel) {
            Some(Kind::Thread { parent, .. }) if !self.rooms.is_linked(channel) => {
                Some(parent).filter(|parent| self.rooms.is_linked(*parent))
            }
            _ => None,
        }
    }

    async fn kind(&self, rest: &Rest, channel: Id<ChannelMarker>) -> Option<Kind> {
        if let Some(kind) = self.places.kinds.get(&channel) {
            return Some(kind);
        }
        match tokio::time::timeout(LOOKUP, guilds::channel(rest, channel)).await {
            Ok(Ok(found)) => {
                self.places.keep(&found);
                Some(kind_of(&found))
            }
            // It is gone, or was never ours to see: nothing in it is a room's.
            Ok(Err(Failure::Refused { status: 403 | 404, .. })) => {
                self.places.kinds.insert(channel, Kind::Channel);
                Some(Kind::Channel)
            }
            Ok(Err(failure)) => {
                tracing::warn!(%channel, why = failure.words(), "what a channel is cannot be looked up");
                None
            }
            Err(_) => {
                tracing::warn!(%channel, "what a channel is was not told in time");
                None
            }
        }
    }

    /// Whether a thread hangs from the message of the same id. In doubt it does: then the room knows no such message.
    async fn hangs(&self, rest: &Rest, parent: Id<ChannelMarker>, thread: Id<ChannelMarker>) -> bool {
        if let Some(hangs) = self.places.hangs.get(&thread) {
            return hangs;
        }
        let asked = rest.ask::<Value>(rest.client().message(parent, thread.cast()));
        let hangs = match tokio::time::timeout(LOOKUP, asked).await {
            Ok(Ok(_)) => true,
            Ok(Err(Failure::Refused { status: 404, .. })) => false,
            Ok(Err(_)) | Err(_) => return true,
        };
        self.places.hangs.insert(thread, hangs);
        hangs
    }

    /// The room of a place, if it is linked.
    pub(crate) fn is_linked(&self, channel: Id<ChannelMarker>, place: &Place) -> bool {
        match place {
            Place::Room => self.rooms.is_linked(channel),
            Place::Thread { room, .. } => self.rooms.is_linked(*room),
            Place::Unknown => true,
        }
    }

    /// The channel that an event names.
    pub(crate) fn channel_named(native: &Value, key: &str) -> Option<Id<ChannelMarker>> {
        snowflake(&native.get(key)?.as_str()?.into())
    }
}

/// Makes a request about something in this place. Only a post takes a thread out of the archive by itself: for anything else it is
/// taken out first, where Discord asks for that. What was refused so has not been done, and the request is made once more.
///
/// <https://discord.com/developers/docs/resources/channel#modify-channel-json-params-thread>
pub async fn awake<T, F>(rest: &Rest, place: Id<ChannelMarker>, request: impl Fn() -> F) -> Result<T, Failure>
where
    F: Future<Output = Result<T, Failure>>,
{
    let asleep = match request().await {
        Err(failure) if failure.is(code::THREAD_ARCHIVED) => failure,
        other => return other,
    };
    match rest.tell(rest.client().update_thread(place).archived(false)).await {
        Ok(()) => request().await,
        Err(failure) => Err(still(asleep, failure)),
    }
}

/// Why nothing was done in a thread that stays in the archive. A thread that is locked says nothing about its channel.
fn still(asleep: Failure, woken: Failure) -> Failure {
    match (asleep, woken) {
        (Failure::Refused { status, code, message }, told @ Failure::Refused { status: 400 | 403, .. }) => {
            let message = format!("{message}, and stays so. {}", told.words());
            Failure::Refused { status, code, message }
        }
        (_, other) => other.before_anything(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_a_channel_is() {
        let places = Places::default();
        let told = json!({ "id": "1", "channels": [{ "id": "2", "type": 0 }, { "id": "3", "type": 15 }],
            "threads": [{ "id": "4", "type": 11, "parent_id": "2", "name": "owls" }, { "id": "5", "type": 12, "parent_id": "2" }] });
        places.learn("GUILD_CREATE", &told);
        let thread = Kind::Thread { parent: Id::new(2), name: Some("owls".into()) };
        for (id, kind) in [(2, Kind::Channel), (3, Kind::Forum), (4, thread), (5, Kind::PrivateThread)] {
            assert_eq!(places.kinds.get(&Id::new(id)), Some(kind), "{id}");
        }
        places.learn("THREAD_UPDATE", &json!({ "id": "4", "type": 11, "parent_id": "2", "name": "hoots" }));
        let renamed = Kind::Thread { parent: Id::new(2), name: Some("hoots".into()) };
        assert_eq!(places.kinds.get(&Id::new(4)), Some(renamed));
        places.learn("MESSAGE_CREATE", &json!({ "id": "6", "type": 0 }));
        assert_eq!(places.kinds.get(&Id::new(6)), None);
    }
}

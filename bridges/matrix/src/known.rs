//! What is remembered while the process runs: who Relay is, what it may do in which room, and what events do not say by themselves.

use crate::facts::Facts;
use quick_cache::sync::Cache;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

/// So many names, messages and reactions are remembered.
const NAMES: usize = 50_000;
const ORIGINALS: usize = 20_000;
const REACTIONS: usize = 20_000;

/// What Relay may do in a room, as far as it may be missing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rights {
    /// Post messages.
    pub posts: bool,
    /// React to messages.
    pub reacts: bool,
    /// Delete what others wrote.
    pub redacts: bool,
    /// Pin messages.
    pub pins: bool,
}

impl Rights {
    /// Every right that Relay asks for.
    pub const ALL: Self = Self { posts: true, reacts: true, redacts: true, pins: true };

    /// As a room's state says.
    pub fn of(facts: &Facts, user: &str) -> Self {
        let level = facts.level(user);
        let posts = level >= facts.needed_to_post("m.room.message");
        Self {
            posts,
            reacts: level >= facts.needed_to_post("m.reaction"),
            redacts: level >= facts.needed_to_redact() && level >= facts.needed_to_post("m.room.redaction"),
            pins: level >= facts.needed_to_set("m.room.pinned_events"),
        }
    }
}

/// Who Relay is, and what its homeserver takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Own {
    /// `@relay:example.org`.
    pub user: String,
    /// The largest file that the homeserver takes, in bytes, where it says.
    pub largest: Option<u64>,
}

/// A message as it was posted: what an edit of it does not say.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Original {
    /// By whom.
    pub sender: String,
    /// What it answers, and its thread: `m.relates_to`.
    pub relates_to: Value,
}

impl Original {
    /// Of a message's event.
    pub fn of(event: &Value) -> Option<Self> {
        let relates_to = event.pointer("/content/m.relates_to").cloned().unwrap_or_default();
        Some(Self { sender: event.get("sender")?.as_str()?.to_owned(), relates_to })
    }
}

/// Somebody's reaction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reaction {
    /// Whose.
    pub sender: String,
    /// To which message.
    pub target: String,
    /// With what.
    pub key: String,
}

impl Reaction {
    /// Of a reaction's event.
    pub fn of(event: &Value) -> Option<Self> {
        let relation = event.pointer("/content/m.relates_to")?;
        let string = |value: &Value, key: &str| Some(value.get(key)?.as_str()?.to_owned());
        Some(Self {
            sender: string(event, "sender")?,
            target: string(relation, "event_id")?,
            key: string(relation, "key")?,
        })
    }
}

/// All of it.
pub struct Known {
    own: RwLock<Option<Own>>,
    rooms: RwLock<HashMap<String, (Rights, String)>>,
    names: Cache<(String, String), String>,
    originals: Cache<String, Original>,
    reactions: Cache<String, Reaction>,
}

impl Default for Known {
    fn default() -> Self {
        Self {
            own: RwLock::default(),
            rooms: RwLock::default(),
            names: Cache::new(NAMES),
            originals: Cache::new(ORIGINALS),
            reactions: Cache::new(REACTIONS),
        }
    }
}

impl Known {
    /// Who Relay is; none before the first preflight.
    pub fn own(&self) -> Option<Own> {
        self.own.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Preflight has found out.
    pub fn own_is(&self, own: Own) {
        *self.own.write().unwrap_or_else(PoisonError::into_inner) = Some(own);
    }

    /// What Relay may do in a room; nothing that needs a right where it has not been asked.
    pub fn rights(&self, room: &str) -> Rights {
        let rooms = self.rooms.read().unwrap_or_else(PoisonError::into_inner);
        rooms.get(room).map(|(rights, _)| *rights).unwrap_or_default()
    }

    /// What a room is called; none where that is not known.
    pub fn room_name(&self, room: &str) -> Option<String> {
        let rooms = self.rooms.read().unwrap_or_else(PoisonError::into_inner);
        rooms.get(room).map(|(_, name)| name.clone())
    }

    /// The rooms that were asked about.
    pub fn rooms(&self) -> Vec<String> {
        let rooms = self.rooms.read().unwrap_or_else(PoisonError::into_inner);
        rooms.keys().cloned().collect()
    }

    /// What a room's state says.
    pub fn room_is(&self, room: &str, rights: Rights, name: String) {
        let mut rooms = self.rooms.write().unwrap_or_else(PoisonError::into_inner);
        rooms.insert(room.to_owned(), (rights, name));
    }

    /// Takes in what an event says about later ones.
    pub fn learn(&self, room: &str, event: &Value) {
        let string = |key: &str| event.get(key).and_then(Value::as_str);
        let Some(id) = string("event_id") else { return };
        match string("type") {
            Some("m.room.member") => {
                if let (Some(user), Some(name)) = (string("state_key"), member_name(event)) {
                    self.name_is(room, user, name);
                }
            }
            Some("m.reaction") => {
                if let Some(reaction) = Reaction::of(event) {
                    self.reactions.insert(id.to_owned(), reaction);
                }
            }
            Some(_) if event.get("state_key").is_none() => {
                let replaces =
                    event.pointer("/content/m.relates_to/rel_type").is_some_and(|kind| kind == "m.replace");
                if let Some(original) = Original::of(event).filter(|_| !replaces) {
                    self.originals.insert(id.to_owned(), original);
                }
            }
            _ => {}
        }
    }

    /// Somebody's name in a room.
    pub fn name(&self, room: &str, user: &str) -> Option<String> {
        self.names.get(&(room.to_owned(), user.to_owned()))
    }

    /// What somebody is called in a room.
    pub fn name_is(&self, room: &str, user: &str, name: String) {
        self.names.insert((room.to_owned(), user.to_owned()), name);
    }

    /// A message as it was posted.
    pub fn original(&self, event: &str) -> Option<Original> {
        self.originals.get(event)
    }

    /// Remembers one.
    pub fn original_is(&self, event: &str, original: Original) {
        self.originals.insert(event.to_owned(), original);
    }

    /// A reaction by its event.
    pub fn reaction(&self, event: &str) -> Option<Reaction> {
        self.reactions.get(event)
    }
}

/// The name in the event of a member; none where that has none.
pub fn member_name(event: &Value) -> Option<String> {
    let name = event.pointer("/content/displayname").and_then(Value::as_str)?.trim();
    (!name.is_empty()).then(|| name.to_owned())
}

/// What somebody without a name is called: the first part of their id.
pub fn local_part(user: &str) -> &str {
    let name = user.strip_prefix('@').unwrap_or(user);
    name.split(':').next().filter(|name| !name.is_empty()).unwrap_or(user)
}

//! What is remembered while the process runs: who Relay is, what it may do in which room, and what events do not say by themselves.

use crate::facts::Facts;
use crate::ghosts::Ghosts;
use quick_cache::sync::Cache;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

/// So many names, messages and reactions are remembered.
const NAMES: usize = 50_000;
const ORIGINALS: usize = 20_000;
const REACTIONS: usize = 20_000;
/// Of a name or a reaction, so many bytes: anybody can write more, and all of them are remembered.
const LONGEST: usize = 255;

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
    /// Have people of elsewhere speak by accounts of their own.
    pub ghosts: bool,
    /// Have them react by these.
    pub ghosts_react: bool,
}

impl Rights {
    /// Every right that Relay asks for.
    pub const ALL: Self =
        Self { posts: true, reacts: true, redacts: true, pins: true, ghosts: true, ghosts_react: true };

    /// As a room's state says. Ghosts have no more rights than anybody, and there are none where Relay is no application service.
    pub fn of(facts: &Facts, user: &str, is_service: bool) -> Self {
        let (level, anybody) = (facts.level(user), facts.level_of_anybody());
        let posts = level >= facts.needed_to_post("m.room.message");
        let ghosts = is_service
            && anybody >= facts.needed_to_post("m.room.message")
            && (facts.join_rule() == "public" || level >= facts.needed_to_invite());
        Self {
            posts,
            reacts: level >= facts.needed_to_post("m.reaction"),
            redacts: level >= facts.needed_to_redact() && level >= facts.needed_to_post("m.room.redaction"),
            pins: level >= facts.needed_to_set("m.room.pinned_events"),
            ghosts,
            ghosts_react: ghosts && anybody >= facts.needed_to_post("m.reaction"),
        }
    }
}

/// Who Relay is, and what its homeserver takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Own {
    /// `@relay:example.org`.
    pub user: String,
    /// What the ids of its ghosts begin with, where it has any: `@_relay_`.
    pub ghosts: Option<String>,
    /// The largest file that the homeserver takes, in bytes, where it says.
    pub largest: Option<u64>,
}

impl Own {
    /// Whether an account is Relay's own.
    pub fn is(&self, user: &str) -> bool {
        crate::ids::is_own(user, &self.user, self.ghosts.as_deref())
    }
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
        // Only what is read of it: anybody can write anything beside that.
        let relation = event.pointer("/content/m.relates_to");
        let read =
            |path: &str| relation.and_then(|relation| relation.pointer(path)).filter(|it| is_short(it));
        let mut relates_to = Value::Null;
        for key in ["rel_type", "event_id", "is_falling_back"] {
            if let Some(value) = read(&format!("/{key}")) {
                relates_to[key] = value.clone();
            }
        }
        if let Some(answered) = read("/m.in_reply_to/event_id") {
            relates_to["m.in_reply_to"] = json!({ "event_id": answered });
        }
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
        let string =
            |value: &Value, key: &str| Some(value.get(key).filter(|it| is_short(it))?.as_str()?.to_owned());
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
    /// Accounts of people of elsewhere.
    pub ghosts: Ghosts,
}

impl Default for Known {
    fn default() -> Self {
        Self {
            own: RwLock::default(),
            rooms: RwLock::default(),
            names: Cache::new(NAMES),
            originals: Cache::new(ORIGINALS),
            reactions: Cache::new(REACTIONS),
            ghosts: Ghosts::default(),
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
                let is_in = event.pointer("/content/membership").is_some_and(|is| is == "join");
                if let Some(user) = string("state_key").filter(|user| self.is_ghost(user)) {
                    self.ghosts.is_in(room, user, is_in);
                }
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

    fn is_ghost(&self, user: &str) -> bool {
        let own = self.own.read().unwrap_or_else(PoisonError::into_inner);
        own.as_ref().is_some_and(|own| own.is(user) && own.user != user)
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

/// The name in the event of a member; none where that has none. The beginning of one without end.
pub fn member_name(event: &Value) -> Option<String> {
    let name = event.pointer("/content/displayname").and_then(Value::as_str)?.trim();
    let name = &name[..name.floor_char_boundary(LONGEST)];
    (!name.is_empty()).then(|| name.to_owned())
}

/// A string, and none that is longer than ids may be, or a yes or no.
fn is_short(value: &Value) -> bool {
    value.is_boolean() || value.as_str().is_some_and(|string| string.len() <= LONGEST)
}

/// What somebody without a name is called: the first part of their id.
pub fn local_part(user: &str) -> &str {
    let name = user.strip_prefix('@').unwrap_or(user);
    name.split(':').next().filter(|name| !name.is_empty()).unwrap_or(user)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_anybody_writes_takes_little_room() {
        let long = "ä".repeat(30_000);
        let event =
            |relates_to: Value| json!({ "sender": "@a:x", "content": { "m.relates_to": relates_to } });
        let thread = json!({
            "rel_type": "m.thread", "event_id": "$1", "is_falling_back": true, "m.in_reply_to": { "event_id": "$2" },
        });
        let mut padded = thread.clone();
        (padded["x"], padded["m.in_reply_to"]["y"]) = (long.as_str().into(), json!([long]));
        let read = |relates_to: Value| Original::of(&event(relates_to)).map(|read| read.relates_to);
        assert_eq!(read(padded), Some(thread));
        assert_eq!(read(json!({ "event_id": long })), Some(Value::Null));
        let reaction = |key: &str| Reaction::of(&event(json!({ "event_id": "$1", "key": key })));
        assert!(reaction("🦉").is_some() && reaction(&long).is_none());
        let name = member_name(&json!({ "content": { "displayname": long } }));
        assert_eq!(name.map(|name| name.len()), Some(LONGEST - 1));
    }

    /// Where ghosts may write, and react.
    #[test]
    fn ghosts_have_the_rights_of_anybody() {
        let cases = [
            (json!({}), "invite", true, (true, true)),
            (json!({}), "invite", false, (false, false)),
            (json!({ "invite": 50 }), "invite", true, (false, false)),
            (json!({ "invite": 50 }), "public", true, (true, true)),
            (json!({ "invite": 50, "users": { "@relay:x": 50 } }), "invite", true, (true, true)),
            (json!({ "events_default": 10 }), "public", true, (false, false)),
            (json!({ "events_default": 10, "users_default": 10 }), "public", true, (true, true)),
            (json!({ "events": { "m.room.message": 1 } }), "public", true, (false, false)),
            (json!({ "events": { "m.reaction": 1 } }), "public", true, (true, false)),
        ];
        for (levels, rule, is_service, expected) in cases {
            let mut facts = Facts::default();
            for (kind, content) in
                [("m.room.power_levels", levels.clone()), ("m.room.join_rules", json!({ "join_rule": rule }))]
            {
                facts.learn(&json!({ "type": kind, "state_key": "", "content": content }));
            }
            let rights = Rights::of(&facts, "@relay:x", is_service);
            assert_eq!((rights.ghosts, rights.ghosts_react), expected, "{levels} {rule} {is_service}");
        }
    }
}

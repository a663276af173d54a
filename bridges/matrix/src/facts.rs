//! What a room's state says: its name, who may read it, who may do what
//! (<https://spec.matrix.org/v1.11/client-server-api/#mroompower_levels>).

use serde_json::Value;
use std::collections::BTreeMap;

/// The kinds of state that matter to Relay.
pub const KINDS: [&str; 8] = [
    "m.room.canonical_alias",
    "m.room.create",
    "m.room.encryption",
    "m.room.history_visibility",
    "m.room.join_rules",
    "m.room.name",
    "m.room.power_levels",
    "m.room.tombstone",
];

/// The newest contents of a room's state, by kind.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Facts {
    contents: BTreeMap<String, Value>,
    /// Who made the room.
    creator: Option<String>,
    /// How many are in it.
    pub members: Option<u64>,
    /// Who is in it, some of them, where it has no name.
    heroes: Vec<String>,
}

impl Facts {
    /// Of a room with so many members, some of whom are these.
    pub fn of(members: Option<u64>, heroes: Vec<String>) -> Self {
        Self { members, heroes, ..Self::default() }
    }

    /// Takes a state event in; a later one of its kind replaces an earlier one.
    pub fn learn(&mut self, event: &Value) {
        let string = |key: &str| event.get(key).and_then(Value::as_str);
        let Some(kind) = string("type").filter(|kind| KINDS.contains(kind)) else { return };
        if string("state_key") != Some("") {
            return;
        }
        if kind == "m.room.create" {
            self.creator = string("sender").map(str::to_owned);
        }
        self.contents.insert(kind.to_owned(), event.get("content").cloned().unwrap_or_default());
    }

    /// A string in the content of a kind; none when it is empty.
    fn string(&self, kind: &str, key: &str) -> Option<&str> {
        self.contents.get(kind)?.get(key)?.as_str().filter(|text| !text.is_empty())
    }

    /// The name that people see: the room's, its address, or who is in it.
    pub fn name(&self) -> Option<String> {
        let named = self.string("m.room.name", "name").or(self.alias()).map(str::to_owned);
        named.or_else(|| (!self.heroes.is_empty()).then(|| self.heroes.join(", ")))
    }

    /// Its address.
    pub fn alias(&self) -> Option<&str> {
        self.string("m.room.canonical_alias", "alias")
    }

    /// Whether what is said there is encrypted. That cannot be taken back.
    pub fn encrypted(&self) -> bool {
        self.contents.contains_key("m.room.encryption")
    }

    /// The room that goes on in its place.
    pub fn replacement(&self) -> Option<&str> {
        self.string("m.room.tombstone", "replacement_room")
    }

    /// Who may join.
    pub fn join_rule(&self) -> &str {
        self.string("m.room.join_rules", "join_rule").unwrap_or("invite")
    }

    /// Whether anybody can read it without joining.
    pub fn world_readable(&self) -> bool {
        self.string("m.room.history_visibility", "history_visibility") == Some("world_readable")
    }

    /// Somebody's power level. In rooms of version 12 and later their creators have more than anybody.
    pub fn level(&self, user: &str) -> i64 {
        let create = self.contents.get("m.room.create");
        let version =
            self.string("m.room.create", "room_version").and_then(|version| version.parse::<u32>().ok());
        let others = create.and_then(|create| create.get("additional_creators")).and_then(Value::as_array);
        let creates = self.creator.as_deref() == Some(user)
            || others.into_iter().flatten().any(|creator| creator == user);
        if creates && version.is_some_and(|version| version >= 12) {
            return i64::MAX;
        }
        match self.contents.get("m.room.power_levels") {
            Some(levels) => {
                let own = levels.get("users").and_then(|users| users.get(user)).and_then(number);
                own.or(levels.get("users_default").and_then(number)).unwrap_or(0)
            }
            None if creates => 100,
            None => 0,
        }
    }

    /// The level that is needed to post an event of a kind.
    pub fn needed_to_post(&self, kind: &str) -> i64 {
        self.needed(kind, "events_default", 0)
    }

    /// The level that is needed to change state of a kind.
    pub fn needed_to_set(&self, kind: &str) -> i64 {
        self.needed(kind, "state_default", 50)
    }

    /// The power level of whoever has none of their own.
    pub fn level_of_anybody(&self) -> i64 {
        let levels = self.contents.get("m.room.power_levels");
        levels.and_then(|levels| levels.get("users_default")).and_then(number).unwrap_or(0)
    }

    /// The level that is needed to invite.
    pub fn needed_to_invite(&self) -> i64 {
        let levels = self.contents.get("m.room.power_levels");
        levels.and_then(|levels| levels.get("invite")).and_then(number).unwrap_or(0)
    }

    /// The level that is needed to redact what others wrote.
    pub fn needed_to_redact(&self) -> i64 {
        let levels = self.contents.get("m.room.power_levels");
        levels.and_then(|levels| levels.get("redact")).and_then(number).unwrap_or(50)
    }

    /// Without any levels, everybody may everything.
    fn needed(&self, kind: &str, default: &str, unsaid: i64) -> i64 {
        let Some(levels) = self.contents.get("m.room.power_levels") else { return 0 };
        let own = levels.get("events").and_then(|events| events.get(kind)).and_then(number);
        own.or(levels.get(default).and_then(number)).unwrap_or(unsaid)
    }

    /// Whether somebody may manage the room: change its state as such, which everybody may nowhere.
    pub fn manages(&self, user: &str) -> bool {
        let levels = self.contents.get("m.room.power_levels");
        let needed = levels.and_then(|levels| levels.get("state_default")).and_then(number).unwrap_or(50);
        self.level(user) >= needed.max(1)
    }
}

/// A level; old rooms write some as strings.
fn number(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn facts(events: &[(&str, Value)]) -> Facts {
        let mut facts = Facts::default();
        for (kind, content) in events {
            facts.learn(&json!({ "type": kind, "state_key": "", "sender": "@maker:x", "content": content }));
        }
        facts
    }

    #[test]
    fn levels() {
        let create = |version: &str| {
            ("m.room.create", json!({ "room_version": version, "additional_creators": ["@co:x"] }))
        };
        let levels = (
            "m.room.power_levels",
            json!({ "users": { "@mod:x": 50, "@old:x": "100" }, "users_default": 1 }),
        );
        let strict =
            ("m.room.power_levels", json!({ "users": { "@mod:x": 50 }, "state_default": 90, "redact": 10 }));
        let cases = [
            (facts(&[create("10"), levels.clone()]), "@mod:x", 50, true),
            (facts(&[create("10"), levels.clone()]), "@old:x", 100, true),
            (facts(&[create("10"), levels.clone()]), "@ada:x", 1, false),
            (facts(&[create("10"), levels.clone()]), "@maker:x", 1, false),
            (facts(&[create("12"), levels.clone()]), "@maker:x", i64::MAX, true),
            (facts(&[create("12"), levels]), "@co:x", i64::MAX, true),
            (facts(&[create("10"), strict.clone()]), "@mod:x", 50, false),
            (facts(&[create("10")]), "@maker:x", 100, true),
            (facts(&[create("10")]), "@ada:x", 0, false),
            (facts(&[]), "@ada:x", 0, false),
        ];
        for (at, (facts, user, level, manages)) in cases.into_iter().enumerate() {
            assert_eq!((facts.level(user), facts.manages(user)), (level, manages), "{at} {user}");
        }
        assert_eq!(facts(&[strict]).needed_to_redact(), 10);
    }

    #[test]
    fn names() {
        let (name, alias) = (
            ("m.room.name", json!({ "name": "Hikers" })),
            ("m.room.canonical_alias", json!({ "alias": "#h:x" })),
        );
        assert_eq!(facts(&[name.clone(), alias.clone()]).name().as_deref(), Some("Hikers"));
        assert_eq!(facts(&[alias]).name().as_deref(), Some("#h:x"));
        assert_eq!(facts(&[("m.room.name", json!({ "name": "" }))]).name(), None);
        assert_eq!(facts(&[("m.room.name", json!(7))]).name(), None);
    }
}

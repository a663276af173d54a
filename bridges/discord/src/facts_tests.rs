//! Which gateway events are worth telling, in the order in which they come.

#![allow(clippy::unwrap_used)]

use super::*;
use serde_json::json;

const US: Us = Us { user: Id::new(9), application: Id::new(9), members: false };

fn channel(name: &str, deny: &str) -> Value {
    json!({"id": "2", "guild_id": "1", "type": 0, "name": name, "topic": "t", "position": 1,
        "permission_overwrites": [{"id": "1", "type": 0, "allow": "0", "deny": deny}]})
}

fn guild(name: &str, permissions: &str, channels: Value) -> Value {
    json!({"id": "1", "name": name, "owner_id": "3", "features": [], "unavailable": false, "channels": channels,
        "roles": [{"id": "1", "permissions": permissions}], "threads": [],
        "members": [{"user": {"id": "9"}, "roles": ["5"]}, {"user": {"id": "8"}, "roles": []}]})
}

fn with(mut event: Value, key: &str, value: Value) -> Value {
    event[key] = value;
    event
}

#[test]
fn only_what_matters_to_a_link_is_told() {
    let facts = Facts::default();
    let here = || json!([channel("owls", "0")]);
    let member = |user: &str, roles: Value| json!({"guild_id": "1", "user": {"id": user}, "roles": roles});
    let role = |permissions: &str| json!({"guild_id": "1", "role": {"id": "1", "permissions": permissions, "color": 7}});
    let thread = |archived: bool| {
        json!({"id": "6", "guild_id": "1", "type": 11, "parent_id": "2", "name": "t",
        "thread_metadata": {"archived": archived, "locked": false}})
    };
    for (what, kind, event, told) in [
        ("the first sight", "GUILD_CREATE", guild("G", "1", here()), false),
        ("another session", "GUILD_CREATE", guild("G", "1", here()), false),
        ("a topic", "CHANNEL_UPDATE", with(channel("owls", "0"), "topic", json!("new")), false),
        ("a place", "CHANNEL_UPDATE", with(channel("owls", "0"), "position", json!(9)), false),
        ("a name", "CHANNEL_UPDATE", channel("lobby", "0"), true),
        ("the same name again", "CHANNEL_UPDATE", channel("lobby", "0"), false),
        ("an overwrite", "CHANNEL_UPDATE", channel("lobby", "1024"), true),
        ("what a new session tells differently", "GUILD_CREATE", guild("G", "1", here()), true),
        ("a colour", "GUILD_ROLE_UPDATE", role("1"), false),
        ("a permission", "GUILD_ROLE_UPDATE", role("3"), true),
        (
            "a new role",
            "GUILD_ROLE_CREATE",
            json!({"guild_id": "1", "role": {"id": "4", "permissions": "1"}}),
            false,
        ),
        ("a role less", "GUILD_ROLE_DELETE", json!({"guild_id": "1", "role_id": "4"}), true),
        ("an icon", "GUILD_UPDATE", with(guild("G", "3", json!([])), "icon", json!("i")), false),
        ("the guild's name", "GUILD_UPDATE", guild("H", "3", json!([])), true),
        (
            "anybody may look",
            "GUILD_UPDATE",
            with(guild("H", "3", json!([])), "features", json!(["DISCOVERABLE"])),
            true,
        ),
        ("our nickname", "GUILD_MEMBER_UPDATE", member("9", json!(["5"])), false),
        ("our roles", "GUILD_MEMBER_UPDATE", member("9", json!([])), true),
        ("another's roles", "GUILD_MEMBER_UPDATE", member("8", json!(["5"])), false),
        (
            "a new channel",
            "CHANNEL_CREATE",
            json!({"id": "7", "guild_id": "1", "type": 0, "name": "new"}),
            false,
        ),
        ("a channel less", "CHANNEL_DELETE", json!({"id": "7", "guild_id": "1", "type": 0}), true),
        ("a new thread", "THREAD_CREATE", with(thread(false), "newly_created", json!(true)), false),
        ("archived", "THREAD_UPDATE", thread(true), true),
        ("archived still", "THREAD_UPDATE", thread(true), false),
        ("let into a thread", "THREAD_CREATE", thread(false), true),
        ("an outage", "GUILD_DELETE", json!({"id": "1", "unavailable": true}), false),
        ("its end", "GUILD_CREATE", guild("H", "3", here()), true),
        ("removed", "GUILD_DELETE", json!({"id": "1"}), true),
        ("let in again", "GUILD_CREATE", with(guild("H", "3", here()), "unavailable", Value::Null), true),
        ("something else", "WEBHOOKS_UPDATE", json!({"guild_id": "1", "channel_id": "2"}), false),
        ("without a guild", "CHANNEL_UPDATE", json!({"id": "2", "type": 1}), false),
        ("not to be read", "CHANNEL_UPDATE", json!({"guild_id": "1", "id": 5}), true),
    ] {
        assert_eq!(facts.heard(US, kind, &event), told, "{what}");
    }
}

#[test]
fn an_outage_is_one_until_the_guild_is_back_or_left() {
    let (facts, id) = (Facts::default(), Id::new(1));
    for (kind, event, out) in [
        ("GUILD_CREATE", guild("G", "1", json!([])), false),
        ("GUILD_DELETE", json!({"id": "1", "unavailable": true}), true),
        ("GUILD_CREATE", guild("G", "1", json!([])), false),
        ("GUILD_DELETE", json!({"id": "1", "unavailable": true}), true),
        ("GUILD_DELETE", json!({"id": "1"}), false),
    ] {
        facts.heard(US, kind, &event);
        assert_eq!(facts.has_outage(id), out, "{kind}");
    }
}

/// A guild that had an outage when it was asked for a room looks like any other at its first sight.
#[test]
fn a_room_that_was_not_to_be_seen_may_be_in_any_guild() {
    for missed in [false, true] {
        let facts = Facts::default();
        facts.missed_some(missed);
        assert_eq!(facts.heard(US, "GUILD_CREATE", &guild("G", "1", json!([]))), missed);
        assert!(!facts.heard(US, "GUILD_CREATE", &guild("G", "1", json!([]))));
    }
}

/// What changed between `preflight` and the first session is told.
#[test]
fn what_was_asked_is_compared_with_what_is_heard() {
    for (deny, told) in [("0", false), ("1024", true)] {
        let facts = Facts::default();
        let event = guild("G", "1", json!([channel("owls", deny)]));
        let home = Home {
            guild: serde_json::from_value(event.clone()).unwrap(),
            member: serde_json::from_value(json!({"roles": ["5"]})).unwrap(),
        };
        let asked: Channel = serde_json::from_value(channel("owls", "0")).unwrap();
        facts.asked(&home, &[&asked]);
        assert_eq!(facts.heard(US, "GUILD_CREATE", &event), told);
    }
}

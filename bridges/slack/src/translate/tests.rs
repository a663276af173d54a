//! Events by table.

#![allow(clippy::unwrap_used)]

mod commands;
mod features;

use super::*;
use relay_contract::{Attachment, Author, Message, Text, Thread};
use serde_json::json;

fn raw(event: Value) -> RawEvent {
    raw_of("events_api", event)
}

fn raw_of(kind: &str, event: Value) -> RawEvent {
    RawEvent {
        space: "T1".into(),
        cursor: None,
        payload: json!({
            "kind": kind,
            "app": "A1",
            "event": event,
            "relay": {
                "own": { "team": "T1", "team_name": "One", "user": "UBOT", "bot": "BOWN" },
                "heard": 1_700_000_000_000_i64,
                "people": { "U1": { "name": "Ada", "avatar": "https://x.example/ada.png" }, "U2": { "name": "Bob", "bot": true } },
                "rooms": { "C2": "random" },
            },
        }),
    }
}

fn envelope(event: Value) -> Envelope {
    match translate(&raw(event.clone())) {
        Translation::Events(mut all) if all.len() == 1 => all.remove(0),
        other => panic!("{other:?} from {event}"),
    }
}

fn ada() -> Author {
    Author {
        id: "U1".into(),
        name: "Ada".into(),
        avatar: Some("https://x.example/ada.png".into()),
        standing: Standing::Person,
    }
}

fn post(fields: Value) -> Value {
    let mut event =
        json!({ "type": "message", "channel": "C1", "user": "U1", "text": "hi", "ts": "1700000000.000100" });
    for (key, value) in fields.as_object().unwrap() {
        event[key] = value.clone();
    }
    event
}

#[test]
fn a_post() {
    let expected = Envelope {
        origin: ids::room("T1", "C1"),
        author: Some(ada()),
        at: Timestamp(1_700_000_000_000),
        event: Event::Posted(Message::new(ids::message("1700000000.000100", None), Text::plain("hi"))),
    };
    assert_eq!(envelope(post(json!({}))), expected);
    // The first message of a thread is no reply to itself.
    assert_eq!(envelope(post(json!({ "thread_ts": "1700000000.000100" }))), expected);
    for subtype in ["file_share", "thread_broadcast"] {
        assert_eq!(envelope(post(json!({ "subtype": subtype }))), expected);
    }
}

#[test]
fn what_stands_in_a_thread() {
    let root = "1600000000.000001";
    let thread = Thread { id: root.into(), root: Some(root.into()), name: None };
    for fields in [
        json!({ "thread_ts": root }),
        json!({ "thread_ts": root, "parent_user_id": "U2" }),
        json!({ "thread_ts": root, "subtype": "file_share", "files": [{ "id": "F1" }] }),
        // Shown in the channel as well.
        json!({ "thread_ts": root, "subtype": "thread_broadcast", "root": { "user": "U2", "ts": root, "text": "x" } }),
    ] {
        let Event::Posted(message) = envelope(post(fields.clone())).event else { panic!("{fields}") };
        assert_eq!((message.at.thread, message.reply), (Some(root.into()), None), "{fields}");
        assert_eq!(message.thread, Some(thread.clone()), "{fields}");
        assert_eq!(message.body, Text::plain("hi"), "{fields}");
    }
}

#[test]
fn authors() {
    let cases = [
        (json!({}), "U1", "Ada", Standing::Person),
        (json!({ "user": "U9" }), "U9", "U9", Standing::Person),
        (
            json!({ "user": "U9", "user_profile": { "display_name": "", "real_name": "Eve" } }),
            "U9",
            "Eve",
            Standing::Person,
        ),
        (json!({ "user": "UBOT" }), "UBOT", "UBOT", Standing::Relay),
        (json!({ "bot_id": "BOWN", "username": "Ada (Discord)" }), "BOWN", "Ada (Discord)", Standing::Relay),
        (json!({ "bot_id": "B2", "app_id": "A1" }), "B2", "Ada", Standing::Relay),
        (
            json!({ "bot_id": "B2", "bot_profile": { "app_id": "A1", "name": "relay" } }),
            "B2",
            "relay",
            Standing::Relay,
        ),
        (
            json!({ "bot_id": "B2", "app_id": "A2", "bot_profile": { "name": "CI" }, "user": "U7" }),
            "B2",
            "CI",
            Standing::Bot,
        ),
        (
            json!({ "bot_id": "B2", "subtype": "bot_message", "username": "hook", "user": null }),
            "B2",
            "hook",
            Standing::Bot,
        ),
        (json!({ "user": "USLACKBOT" }), "USLACKBOT", "USLACKBOT", Standing::Bot),
    ];
    for (fields, id, name, standing) in cases {
        let author = envelope(post(fields.clone())).author.unwrap();
        assert_eq!(
            (author.id.as_str(), author.name.as_str(), author.standing),
            (id, name, standing),
            "{fields}"
        );
    }
}

/// Of Relay's own posts less is kept, which says the same; of everything else all is.
#[test]
fn own_posts() {
    let own =
        Own { team: "T1".into(), team_name: "One".into(), user: "UBOT".into(), bot: Some("BOWN".into()) };
    let blocks = json!([{ "type": "rich_text", "elements": [] }]);
    let cases = [
        (json!({ "user": "UBOT" }), true),
        (json!({ "bot_id": "BOWN", "subtype": "bot_message", "thread_ts": "1690000000.000100" }), true),
        (json!({ "bot_id": "BOWN", "subtype": "file_share", "files": [{ "id": "F1" }] }), true),
        (json!({ "bot_id": "B2", "app_id": "A1" }), true),
        (json!({ "bot_id": "B2", "bot_profile": { "app_id": "A1", "name": "relay" } }), true),
        (json!({}), false),
        (json!({ "bot_id": "B2", "app_id": "A2" }), false),
        (json!({ "bot_id": "BOWN", "subtype": "message_changed" }), false),
        (json!({ "user": "UBOT", "subtype": "channel_join" }), false),
        (json!({ "user": "UBOT", "type": "reaction_added" }), false),
    ];
    for (fields, is_own) in cases {
        let mut event = post(fields.clone());
        event["blocks"] = blocks.clone();
        let kept = own_post(&event, &own, Some("A1"));
        assert_eq!(kept.is_some(), is_own, "{fields}");
        let Some(kept) = kept else { continue };
        assert!(kept.get("text").is_none() && kept.get("blocks").is_none(), "{kept}");
        assert_eq!(envelope(kept), envelope(event), "{fields}");
    }
}

fn change(message: Value, previous: Value) -> Value {
    json!({ "type": "message", "subtype": "message_changed", "hidden": true, "channel": "C1", "ts": "1700000009.000200",
        "event_ts": "1700000009.000200", "message": message, "previous_message": previous })
}

#[test]
fn edits() {
    let before = json!({ "type": "message", "user": "U1", "text": "hi", "ts": "1700000000.000100" });
    let mut after = before.clone();
    after["text"] = "hi *all*".into();
    after["edited"] = json!({ "user": "U1", "ts": "1700000009.000000" });
    after["files"] = json!([{ "name": "a.png" }]);
    let edited = envelope(change(after.clone(), before.clone()));
    assert_eq!((edited.author, edited.at), (Some(ada()), Timestamp(1_700_000_009_000)));
    let Event::Edited { to, version } = edited.event else { panic!() };
    assert_eq!(version, "1700000009.000000");
    assert_eq!(to.at, ids::message("1700000000.000100", None));
    assert_eq!(to.body.excerpt(99), "hi all");
    assert_eq!(to.attachments, [Attachment::named("a.png")]);

    // An app may leave no mark of its edit.
    let mut unmarked = before.clone();
    unmarked["text"] = "bye".into();
    let Event::Edited { version, .. } = envelope(change(unmarked, before.clone())).event else { panic!() };
    assert_eq!(version, "1700000009.000200");
    // An edit in a thread keeps its place.
    let mut threaded = after.clone();
    threaded["thread_ts"] = "1600000000.000001".into();
    let Event::Edited { to, .. } = envelope(change(threaded, before)).event else { panic!() };
    assert_eq!(to.thread.unwrap().id.as_str(), "1600000000.000001");
}

#[test]
fn deletes() {
    let before = json!({ "type": "message", "user": "U1", "text": "hi", "ts": "1700000000.000100" });
    let gone = |previous: Value| {
        json!({ "type": "message", "subtype": "message_deleted", "channel": "C1",
        "deleted_ts": "1700000000.000100", "ts": "1700000009.000200", "previous_message": previous })
    };
    let stone = json!({ "type": "message", "subtype": "tombstone", "user": "USLACKBOT", "hidden": true,
        "text": "This message was deleted.", "ts": "1700000000.000100", "thread_ts": "1700000000.000100" });
    let ours = json!({ "user": "UBOT", "bot_id": "BOWN", "ts": "1700000000.000100" });
    let cases = [
        (gone(before.clone()), Some(Standing::Person)),
        (gone(Value::Null), None),
        (gone(ours), Some(Standing::Relay)),
        (change(stone.clone(), before), Some(Standing::Person)),
        (gone(stone), None),
    ];
    for (event, standing) in cases {
        let deleted = envelope(event.clone());
        assert_eq!(deleted.event, Event::Deleted { target: "1700000000.000100".into() }, "{event}");
        assert_eq!(deleted.author.map(|author| author.standing), standing, "{event}");
        assert_eq!(deleted.at, Timestamp(1_700_000_009_000));
    }
}

#[test]
fn ignored() {
    let quiet =
        json!({ "type": "message", "user": "U1", "text": "see https://x", "ts": "1700000000.000100" });
    let mut unfurled = quiet.clone();
    unfurled["attachments"] = json!([{ "title": "x" }]);
    unfurled["blocks"] = json!([{ "type": "rich_text", "block_id": "b", "elements": [{ "type": "rich_text_section", "elements": [{ "type": "text", "text": "see https://x" }] }] }]);
    let mut edited_before = unfurled.clone();
    edited_before["edited"] = json!({ "user": "U1", "ts": "1600000000.000000" });
    let mut counted = quiet.clone();
    counted["reply_count"] = 1.into();
    let cases = [
        (change(unfurled, quiet.clone()), "unfurl"),
        (change(edited_before, quiet.clone()), "unfurl"),
        (change(counted, quiet.clone()), "unfurl"),
        (change(quiet, Value::Null), "unfurl"),
        (post(json!({ "subtype": "channel_join" })), "join"),
        (post(json!({ "subtype": "channel_topic" })), "topic"),
        (post(json!({ "subtype": "message_replied" })), "reply count"),
        (post(json!({ "subtype": "from_the_future" })), "other subtype"),
        (post(json!({ "text": "" })), "empty"),
        (json!({ "type": "reaction_added", "item": { "type": "file" } }), "reaction"),
        (json!({ "type": "pin_added", "item": { "type": "file" } }), "pin"),
        (json!({ "type": "from_the_future" }), "not a message"),
        (json!({ "type": "team_join", "user": { "id": "U9" } }), "not a message"),
        (json!({ "type": "app_uninstalled" }), "not a message"),
        // For these there are events of their own.
        (post(json!({ "subtype": "channel_join" })), "join"),
        (post(json!({ "subtype": "channel_archive" })), "archive"),
    ];
    for (event, why) in cases {
        assert_eq!(translate(&raw(event.clone())), Translation::Ignored(why), "{event}");
    }
    assert_eq!(translate(&raw_of("from_the_future", json!({}))), Translation::Ignored("unknown envelope"));
}

#[test]
fn unreadable() {
    let cases = [
        json!(null),
        json!({}),
        json!([1]),
        post(json!({ "ts": null })),
        post(json!({ "ts": "yesterday" })),
        post(json!({ "channel": 7 })),
        post(json!({ "user": null })),
        json!({ "type": "message", "subtype": "message_changed", "channel": "C1" }),
        json!({ "type": "message", "subtype": "message_deleted", "channel": "C1" }),
    ];
    let others = [
        json!({ "type": "reaction_added" }),
        json!({ "type": "reaction_added", "item": { "channel": "C1", "ts": "1.1" }, "user": "U1", "event_ts": "1.2" }),
        json!({ "type": "pin_added", "channel_id": "C1", "user": "U1", "event_ts": "soon", "item": { "ts": "1.1" } }),
        json!({ "type": "member_joined_channel", "user": "U1", "channel": "C1" }),
        post(json!({ "subtype": "channel_name" })),
    ];
    let of_a_room = [
        json!({ "type": "channel_rename" }),
        json!({ "type": "channel_archive", "channel": { "name": "no id" } }),
        json!({ "type": "channel_id_changed", "old_channel_id": "G1" }),
        json!({ "type": "member_left_channel", "user": "UBOT" }),
        post(json!({ "subtype": "channel_convert_to_private", "channel": null })),
    ];
    for event in cases.into_iter().chain(others).chain(of_a_room) {
        let answer = translate(&raw(event.clone()));
        assert!(matches!(answer, Translation::Unreadable(_)), "{answer:?} from {event}");
    }
    let no_payload = RawEvent { payload: json!(7), ..raw(json!({})) };
    assert!(matches!(translate(&no_payload), Translation::Unreadable(_)));
    assert!(matches!(translate(&raw_of("unreadable", json!({ "text": "x" }))), Translation::Unreadable(_)));
    for kind in ["slash_commands", "interactive"] {
        for event in
            [json!(null), json!({}), json!({ "type": "message_action", "callback_id": "relay_help" })]
        {
            let answer = translate(&raw_of(kind, event.clone()));
            let ignored = kind == "interactive" && event.get("type").is_none();
            match answer {
                Translation::Ignored("interaction") => assert!(ignored, "{event}"),
                Translation::Unreadable(_) => assert!(!ignored, "{event}"),
                other => panic!("{other:?} from {event}"),
            }
        }
    }
    let mut timeless = raw_of("slash_commands", json!({ "user": "U1", "channel": "C1" }));
    timeless.payload["relay"]["heard"] = Value::Null;
    assert!(matches!(translate(&timeless), Translation::Unreadable(_)));
}

#[test]
fn news_of_rooms() {
    let changed = |id: &str| RoomNews::Changed(id.into());
    let object = json!({ "id": "C7", "name": "new", "created": 1 });
    let mut cases = vec![
        (json!({ "type": "member_joined_channel", "user": "UBOT", "channel": "C7" }), changed("C7")),
        (json!({ "type": "member_left_channel", "user": "UBOT", "channel": "C7" }), changed("C7")),
        (post(json!({ "subtype": "channel_convert_to_private", "channel_type": "group" })), changed("C1")),
        (post(json!({ "subtype": "channel_convert_to_public" })), changed("C1")),
        (
            json!({ "type": "channel_id_changed", "old_channel_id": "G7", "new_channel_id": "C7" }),
            RoomNews::Moved { from: ids::room("T1", "G7"), to: ids::room("T1", "C7") },
        ),
    ];
    for kind in news::ABOUT_A_CHANNEL {
        let channel = if kind.ends_with("rename") { object.clone() } else { json!("C7") };
        cases.push((json!({ "type": kind, "channel": channel }), changed("C7")));
    }
    for (event, expected) in cases {
        assert_eq!(translate(&raw(event.clone())), Translation::Room(expected), "{event}");
    }
}

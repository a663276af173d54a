//! Updates, by table.

use super::update;
use crate::own::Own;
use crate::{ids, news};
use relay_contract::{
    Ask, Attachment, Envelope, Event, FileKind, Message, Poll, RawEvent, RoomNews, Standing, Translation,
    Visibility,
};
use serde_json::{Value, json};

const OWN: i64 = 7_000;

fn translated(payload: Value) -> Translation {
    let raw = RawEvent { space: "-1001".into(), payload, cursor: None };
    let own = Own { id: Some(OWN), username: Some("relay_bot".into()) };
    let first = update(&raw, &own);
    assert_eq!(update(&raw, &own), first, "pure");
    first
}

/// An update with a message: the given fields over a plain one's.
fn with(kind: &str, fields: Value) -> Value {
    let mut message = json!({
        "message_id": 9, "date": 1_700_000_000, "chat": {"id": -1001, "type": "supergroup", "title": "Hikers"},
        "from": {"id": 5, "is_bot": false, "first_name": "Ada", "last_name": "L"},
    });
    if let (Value::Object(message), Value::Object(fields)) = (&mut message, fields) {
        message.extend(fields);
    }
    json!({"update_id": 1, kind: message})
}

fn envelope(payload: Value) -> Envelope {
    match translated(payload.clone()) {
        Translation::Events(mut all) if all.len() == 1 => all.remove(0),
        other => panic!("{payload}: {other:?}"),
    }
}

fn message(envelope: &Envelope) -> &Message {
    match &envelope.event {
        Event::Posted(message) | Event::Edited { to: message, .. } => message,
        other => panic!("no message: {other:?}"),
    }
}

#[test]
fn a_post() {
    let got = envelope(with(
        "message",
        json!({"text": "hi", "entities": [{"type": "bold", "offset": 0, "length": 2}]}),
    ));
    assert_eq!(got.origin, ids::room(-1001));
    assert_eq!(got.at.0, 1_700_000_000_000);
    assert_eq!(got.kind(), "post");
    let author = got.author.clone().unwrap();
    assert_eq!((author.id.as_str(), author.name.as_str()), ("5", "Ada L"));
    assert_eq!(author.standing, Standing::Person);
    assert_eq!(message(&got).at.id.as_str(), "9");
    assert_eq!(message(&got).body.excerpt(9), "hi");
}

#[test]
fn whose_it_is() {
    let user = |id: i64, bot: bool, name: &str| json!({"id": id, "is_bot": bot, "first_name": name});
    let channel = json!({"id": -1002, "type": "channel", "title": "News"});
    let group = json!({"id": -1001, "type": "supergroup", "title": "Hikers"});
    let cases = [
        (json!({"from": user(5, false, "Ada")}), "5", "Ada", Standing::Person),
        (
            json!({"from": user(5, false, "Ada"), "via_bot": user(6, true, "Gif")}),
            "5",
            "Ada",
            Standing::Person,
        ),
        (json!({"from": user(6, true, "Other")}), "6", "Other", Standing::Bot),
        (json!({"from": user(OWN, true, "Relay")}), "7000", "Relay", Standing::Relay),
        (
            json!({"from": user(1_087_968_824, true, "Group"), "sender_chat": group}),
            "-1001",
            "Hikers",
            Standing::Person,
        ),
        (
            json!({"from": user(136_817_688, true, "Channel"), "sender_chat": channel}),
            "-1002",
            "News",
            Standing::Person,
        ),
        (
            json!({"from": user(777_000, false, "Telegram"), "sender_chat": channel, "is_automatic_forward": true}),
            "-1002",
            "News",
            Standing::Bot,
        ),
        (json!({"from": Value::Null}), "-1001", "Hikers", Standing::Person),
        (json!({"from": {"id": 5, "first_name": "", "username": "ada"}}), "5", "ada", Standing::Person),
        (json!({"from": {"id": 5, "first_name": " "}}), "5", "5", Standing::Person),
        (json!({"from": "odd"}), "-1001", "Hikers", Standing::Person),
    ];
    for (fields, id, name, standing) in cases {
        let mut said = json!({"text": "x"});
        if let (Value::Object(said), Value::Object(fields)) = (&mut said, fields.clone()) {
            said.extend(fields);
        }
        let author = envelope(with("message", said)).author.unwrap();
        let got = (author.id.as_str(), author.name.as_str(), author.standing);
        assert_eq!(got, (id, name, standing), "{fields}");
    }
}

#[test]
fn what_is_for_a_bridge_and_what_not() {
    let ignored = |word| Translation::Ignored(word);
    let cases = [
        (with("message", json!({"new_chat_members": []})), ignored("service message")),
        (with("message", json!({"pinned_message": {}})), ignored("service message")),
        (with("message", json!({"novelty": {}})), ignored("service message")),
        (with("message", json!({"text": " \n "})), ignored("empty")),
        (with("edited_message", json!({"text": "x"})), ignored("unseen edit")),
        (
            with(
                "edited_message",
                json!({"edit_date": 1, "location": {"latitude": 1.0, "longitude": 1.0, "live_period": 60}}),
            ),
            ignored("live location"),
        ),
        (
            with(
                "edited_message",
                json!({
                    "edit_date": 1, "text": "/relay status",
                    "entities": [{"type": "bot_command", "offset": 0, "length": 6}],
                }),
            ),
            ignored("edited command"),
        ),
        (json!({"update_id": 1, "poll": {"options": []}}), ignored("votes")),
        (json!({"update_id": 1, "message_reaction_count": {}}), ignored("anonymous reactions")),
        (with("message", json!({"forum_topic_created": {"name": "Boats"}})), ignored("topic opened")),
        (with("message", json!({"forum_topic_edited": {}})), ignored("topic renamed")),
        (with("message", json!({"forum_topic_closed": {}})), ignored("topic closed")),
        (json!({}), ignored("unknown update")),
        (json!("odd"), ignored("unknown update")),
    ];
    for (payload, expected) in cases {
        assert_eq!(translated(payload.clone()), expected, "{payload}");
    }
    for payload in [
        json!({"message": {}}),
        json!({"message": 7}),
        json!({"message": null}),
        json!({"message": {"message_id": "x", "chat": {"id": 1}}}),
        with("message", json!({"text": 7})),
        json!({"my_chat_member": {"chat": {"id": "x"}}}),
        json!({"my_chat_member": 7}),
        json!({"relay_seen": {"title": "x"}}),
    ] {
        assert!(matches!(translated(payload.clone()), Translation::Unreadable(_)), "{payload}");
    }
}

#[test]
fn odd_entities_cost_nothing_but_themselves() {
    let entities = json!([{"type": "bold", "offset": "x"}, 7, {"type": "bold", "offset": 0, "length": 1}]);
    let got = envelope(with("message", json!({"text": "ab", "entities": entities})));
    assert_eq!(crate::parse::tests::shown(&message(&got).body), "<b>a</b>b");
}

#[test]
fn captions_and_attachments() {
    let got = envelope(with(
        "channel_post",
        json!({"photo": [{"file_size": 3}], "caption": "look", "caption_entities": [{"type": "italic", "offset": 0, "length": 4}]}),
    ));
    assert_eq!(crate::parse::tests::shown(&message(&got).body), "<i>look</i>");
    let photo = Attachment {
        kind: FileKind::Image,
        mime: Some("image/jpeg".into()),
        size: Some(3),
        ..Attachment::named("photo")
    };
    assert_eq!(message(&got).attachments, [photo]);
}

#[test]
fn edits_differ_by_second_or_content() {
    let version = |date: i64, text: &str| {
        let got = envelope(with("edited_message", json!({"text": text, "edit_date": date})));
        assert_eq!(got.at.0, date * 1_000);
        got.key().version
    };
    assert_eq!(version(5, "a"), version(5, "a"));
    assert_ne!(version(5, "a"), version(5, "b"));
    assert_ne!(version(5, "a"), version(6, "a"));
    // Redelivered after an update of Relay, it should still be known.
    assert_eq!(version(5, "a"), "5-5138c410d88f4336");
}

#[test]
fn replies() {
    let other = json!({"id": 6, "is_bot": false, "first_name": "Ivo"});
    let chat = json!({"id": -1001, "type": "supergroup"});
    let answered = |id: i64, more: Value| {
        let mut message = json!({"message_id": id, "date": 1, "chat": chat, "from": other});
        if let (Value::Object(message), Value::Object(more)) = (&mut message, more) {
            message.extend(more);
        }
        message
    };
    let long = "word ".repeat(100);
    let cut = format!("{}…", "word ".repeat(24).trim_end());
    let cases = [
        (
            json!({"reply_to_message": answered(4, json!({"text": "old\nlines"}))}),
            Some(("4", "Ivo", Some("old lines"))),
        ),
        (
            json!({"reply_to_message": answered(4, json!({"text": long}))}),
            Some(("4", "Ivo", Some(cut.as_str()))),
        ),
        (json!({"reply_to_message": answered(4, json!({"photo": []}))}), Some(("4", "Ivo", Some("photo")))),
        (json!({"reply_to_message": answered(4, json!({"new_chat_title": "x"}))}), Some(("4", "Ivo", None))),
        (
            json!({"reply_to_message": answered(4, json!({"text": "old"})), "quote": {"text": "ol"}}),
            Some(("4", "Ivo", Some("ol"))),
        ),
        (
            json!({"reply_to_message": answered(3, json!({})), "is_topic_message": true, "message_thread_id": 3}),
            None,
        ),
        (
            json!({"reply_to_message": answered(4, json!({"text": "x"})), "is_topic_message": true, "message_thread_id": 3}),
            Some(("4", "Ivo", Some("x"))),
        ),
        // What Relay posted is of others.
        (
            json!({"reply_to_message": answered(4, json!({"text": "old", "from": {"id": OWN, "is_bot": true, "first_name": "Relay"}})), "quote": {"text": "ol"}}),
            Some(("4", "", None)),
        ),
        (json!({"reply_to_message": {"message_id": 4, "chat": {"id": -9}, "date": 0}}), None),
        (json!({"reply_to_message": "odd"}), None),
        (json!({"external_reply": {}}), None),
    ];
    for (fields, expected) in cases {
        let mut said = json!({"text": "new"});
        if let (Value::Object(said), Value::Object(fields)) = (&mut said, fields.clone()) {
            said.extend(fields);
        }
        let got = envelope(with("message", said));
        let reply = message(&got).reply.as_ref();
        let reply =
            reply.map(|r| (r.target.as_str(), r.author.as_deref().unwrap_or(""), r.excerpt.as_deref()));
        assert_eq!(reply, expected, "{fields}");
    }
}

#[test]
fn a_topic_is_part_of_the_address() {
    let topic = |is: bool| {
        let chat = json!({"id": -1_001_234_567_890_i64, "type": "supergroup", "title": "Hikers"});
        let fields = json!({"text": "x", "chat": chat, "message_thread_id": 3, "is_topic_message": is});
        message(&envelope(with("message", fields))).at.thread.clone()
    };
    assert_eq!(topic(true), Some("3".into()));
    assert_eq!(topic(false), None);
}

#[test]
fn a_topic_has_a_name_as_far_as_it_is_known() {
    let opener = json!({"message_id": 3, "chat": {"id": -1001}, "forum_topic_created": {"name": "Boats"}});
    let cases = [
        (json!({"reply_to_message": opener}), None, Some("Boats")),
        (json!({"reply_to_message": opener}), Some("Ships"), Some("Ships")),
        (json!({}), Some("Ships"), Some("Ships")),
        (json!({}), None, None),
    ];
    for (more, remembered, name) in cases {
        let mut fields = json!({"text": "x", "message_thread_id": 3, "is_topic_message": true});
        if let (Value::Object(fields), Value::Object(more)) = (&mut fields, more) {
            fields.extend(more);
        }
        let mut update = with("message", fields);
        update["relay_topic"] = json!(remembered);
        let got = envelope(update.clone());
        let thread = message(&got).thread.clone().unwrap();
        assert_eq!((thread.id.as_str(), thread.root, thread.name.as_deref()), ("3", None, name), "{update}");
        assert_eq!((message(&got).at.thread.clone(), &message(&got).reply), (Some("3".into()), &None));
    }
    let general = envelope(with("message", json!({"text": "x", "message_thread_id": 3})));
    assert_eq!(message(&general).thread, None);
}

#[test]
fn what_stands_beside_the_words() {
    let hidden =
        envelope(with("message", json!({"text": "x", "link_preview_options": {"is_disabled": true}})));
    assert!(message(&hidden).no_preview);
    let options = json!([{"text": "Sat"}, {"text": "Sun"}]);
    let asked = envelope(with("message", json!({"poll": {"question": "When?", "options": options}})));
    let answers = vec!["Sat".into(), "Sun".into()];
    let poll = Poll { question: "When?".into(), answers, multiple: false, ends: None };
    assert_eq!((message(&asked).poll.as_ref(), message(&asked).attachments.len()), (Some(&poll), 0));
    let origin = json!({"type": "user", "sender_user": {"id": 6, "first_name": "Ivo"}});
    let passed = envelope(with("message", json!({"text": "x", "forward_origin": origin})));
    assert_eq!(message(&passed).forward.as_ref().unwrap().author.as_deref(), Some("Ivo"));
}

#[test]
fn what_happens_in_a_chat() {
    let version = || "9".to_owned();
    let pinned = json!({"pinned_message": {"message_id": 4, "chat": {"id": -1001}, "date": 0}});
    let cases = [
        (pinned, Event::Pinned { target: "4".into(), on: true, version: version() }),
        (
            json!({"new_chat_title": "Climbers"}),
            Event::Renamed { name: "Climbers".into(), version: version() },
        ),
    ];
    for (fields, event) in cases {
        assert_eq!(envelope(with("message", fields.clone())).event, event, "{fields}");
    }
}

#[test]
fn a_basic_group_is_part_of_the_address() {
    let chat = json!({"id": -4567, "type": "group", "title": "Hikers"});
    let got = envelope(with("message", json!({"text": "x", "chat": chat})));
    assert_eq!(message(&got).at.thread, Some("-4567".into()));
}

#[test]
fn a_command_is_no_message() {
    let entities = json!([{"type": "bot_command", "offset": 0, "length": 6}]);
    let got = translated(with("message", json!({"text": "/relay connect lobby", "entities": entities})));
    let Translation::Command(call) = got else { panic!("{got:?}") };
    assert_eq!(call.ask, Ask::Connect { channel: "lobby".into(), sure: false });
    assert_eq!(
        (call.room, call.space.name.as_str(), call.asker.id.as_str()),
        (ids::room(-1001), "Hikers", "5")
    );
    let entities = json!([{"type": "bot_command", "offset": 0, "length": 16}]);
    let others = envelope(with("message", json!({"text": "/relay@other_bot connect", "entities": entities})));
    assert_eq!(message(&others).body.excerpt(99), "/relay@other_bot connect");
}

#[test]
fn what_becomes_of_chats() {
    let moved = |from, to| RoomNews::Moved { from: ids::room(from), to: ids::room(to) };
    let changed = |chat: i64| RoomNews::Changed(ids::native(chat));
    let cases = [
        (
            news::renamed(&with("message", json!({"new_chat_title": "Climbers"}))).unwrap().payload,
            changed(-1001),
        ),
        (json!({"update_id": 1, "my_chat_member": {"chat": {"id": -7}, "new_chat_member": {}}}), changed(-7)),
        (with("message", json!({"chat": {"id": -7}, "migrate_to_chat_id": -1001})), moved(-7, -1001)),
        (with("message", json!({"migrate_from_chat_id": -7})), moved(-7, -1001)),
        (news::moved(-7, -1001).payload, moved(-7, -1001)),
    ];
    for (payload, expected) in cases {
        assert_eq!(translated(payload.clone()), Translation::Room(expected), "{payload}");
    }
}

#[test]
fn a_chat_that_is_seen() {
    let cases = [
        (json!({"id": -7, "type": "group", "title": "Hikers"}), "Hikers", Visibility::Space),
        (json!({"id": -1001, "type": "supergroup", "title": "H", "username": "h"}), "H", Visibility::World),
        (json!({"id": -1002, "type": "channel", "title": "News"}), "News", Visibility::Space),
    ];
    for (chat, name, visibility) in cases {
        let got = translated(news::seen(chat.clone()));
        let Translation::Room(RoomNews::Seen(report)) = got else { panic!("{got:?}") };
        assert_eq!(
            (report.name.as_str(), report.visibility, report.members),
            (name, visibility, None),
            "{chat}"
        );
        assert_eq!(report.key, ids::room(chat["id"].as_i64().unwrap()));
        assert_eq!(report.space.id, report.key.room);
    }
}

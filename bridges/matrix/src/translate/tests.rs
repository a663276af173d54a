use super::*;
use crate::commands::ReplyTo;
use relay_contract::{Ask, FileKind, MemberChange, Message, Text};
use serde_json::json;

const OWN: &str = "@relay:x";

fn payload(event: Value, added: Added) -> RawEvent {
    let (own, ghosts) = (OWN.into(), Some("@_relay_".into()));
    let payload =
        Payload { own, ghosts, room: "!r:x".into(), said: Said::Event { event, added: Box::new(added) } };
    RawEvent {
        space: "!r:x".into(),
        payload: serde_json::to_value(payload).unwrap_or_default(),
        cursor: None,
    }
}

fn event(more: Value) -> Value {
    let mut event = json!({
        "type": "m.room.message", "event_id": "$1", "sender": "@ada:x", "origin_server_ts": 1_700_000_000_123_i64,
        "content": { "msgtype": "m.text", "body": "hi" },
    });
    for (key, value) in more.as_object().into_iter().flatten() {
        event[key] = value.clone();
    }
    event
}

fn read_with(more: Value, added: Added) -> Translation {
    translate(&payload(event(more), added))
}

fn one_of(more: Value, added: Added) -> Envelope {
    match read_with(more.clone(), added) {
        Translation::Events(mut events) if events.len() == 1 => events.remove(0),
        other => panic!("{other:?} from {more}"),
    }
}

fn posted(content: Value) -> Message {
    match one_of(json!({ "content": content }), Added::default()).event {
        Event::Posted(message) => message,
        other => panic!("{other:?}"),
    }
}

#[test]
fn who_says_it() {
    let named = Added { name: Some("Ada".into()), ..Added::default() };
    let notice = json!({ "content": { "msgtype": "m.notice", "body": "beep" } });
    let cases = [
        (json!({}), named.clone(), "Ada", Standing::Person),
        (json!({}), Added::default(), "ada", Standing::Person),
        (notice.clone(), named, "Ada", Standing::Bot),
        (json!({ "sender": OWN }), Added::default(), "relay", Standing::Relay),
        (json!({ "sender": OWN, "content": notice["content"] }), Added::default(), "relay", Standing::Relay),
        (json!({ "sender": "@_relay_a:x" }), Added::default(), "_relay_a", Standing::Relay),
        (json!({ "sender": "@_relay_a:y" }), Added::default(), "_relay_a", Standing::Person),
    ];
    for (more, added, name, standing) in cases {
        let envelope = one_of(more.clone(), added);
        let author = envelope.author.expect("an author");
        assert_eq!((author.name.as_str(), author.standing), (name, standing), "{more}");
        assert_eq!(envelope.at, Timestamp(1_700_000_000_123));
        assert_eq!(envelope.origin, ids::room("!r:x"));
    }
}

#[test]
fn what_it_answers_and_where_it_stands() {
    let with =
        |relation: Value| posted(json!({ "msgtype": "m.text", "body": "hi", "m.relates_to": relation }));
    let to = json!({ "event_id": "$0" });
    let cases = [
        (json!({ "m.in_reply_to": to }), Some("$0"), None),
        (
            json!({ "rel_type": "m.thread", "event_id": "$t", "is_falling_back": true, "m.in_reply_to": to }),
            None,
            Some("$t"),
        ),
        (json!({ "rel_type": "m.thread", "event_id": "$t", "m.in_reply_to": to }), Some("$0"), Some("$t")),
        (json!({ "rel_type": "org.other", "event_id": "$t" }), None, None),
        (json!(7), None, None),
    ];
    for (relation, answers, thread) in cases {
        let message = with(relation.clone());
        assert_eq!(message.reply.map(|reply| reply.target.to_string()).as_deref(), answers, "{relation}");
        assert_eq!(message.at.thread.map(|id| id.to_string()).as_deref(), thread, "{relation}");
        assert_eq!(message.thread.and_then(|thread| thread.root).map(|id| id.to_string()).as_deref(), thread);
    }
}

#[test]
fn files() {
    let url = "mxc://x/abc";
    let info = json!({ "mimetype": "image/png", "size": 7, "duration": 2_500 });
    let file = |kind: &str, more: Value| {
        let mut content = json!({ "msgtype": kind, "body": "a.bin", "url": url, "info": info });
        for (key, value) in more.as_object().into_iter().flatten() {
            content[key] = value.clone();
        }
        posted(content)
    };
    let cases = [
        ("m.image", json!({}), FileKind::Image, "a.bin", ""),
        ("m.image", json!({ "info": { "mimetype": "image/gif" } }), FileKind::Animation, "a.bin", ""),
        ("m.video", json!({}), FileKind::Video, "a.bin", ""),
        ("m.audio", json!({}), FileKind::Audio, "a.bin", ""),
        ("m.audio", json!({ "org.matrix.msc3245.voice": {} }), FileKind::Voice, "a.bin", ""),
        ("m.file", json!({ "filename": "b.pdf", "body": "look" }), FileKind::File, "b.pdf", "look"),
        ("m.file", json!({ "filename": "b.pdf", "body": "b.pdf" }), FileKind::File, "b.pdf", ""),
    ];
    for (kind, more, expected, name, caption) in cases {
        let message = file(kind, more.clone());
        let attachment = message.attachments.first().expect("a file");
        assert_eq!((attachment.kind, attachment.name.as_str()), (expected, name), "{kind} {more}");
        assert_eq!(attachment.source.as_deref(), Some(url));
        assert_eq!(message.body, Text::plain(caption), "{kind} {more}");
    }
    let sticker = json!({ "type": "m.sticker", "content": { "body": "a wave", "url": url, "info": info } });
    let Event::Posted(sticker) = one_of(sticker, Added::default()).event else { panic!("a message") };
    assert_eq!(
        (sticker.attachments[0].kind, sticker.attachments[0].alt.as_deref()),
        (FileKind::Sticker, Some("a wave"))
    );
    assert_eq!(sticker.attachments[0].seconds, Some(3));
    // An encrypted file, and one that is kept nowhere.
    for url in [json!(null), json!("https://x/a"), json!(7)] {
        assert_eq!(file("m.file", json!({ "url": url })).attachments[0].source, None);
    }
}

#[test]
fn edits() {
    let relation = json!({ "rel_type": "m.replace", "event_id": "$0" });
    let new = json!({ "msgtype": "m.text", "body": "new" });
    let edit = json!({ "content": { "msgtype": "m.text", "body": "* new", "m.new_content": new, "m.relates_to": relation } });
    let original = |sender: &str| Added {
        original: Some(Original {
            sender: sender.into(),
            relates_to: json!({ "rel_type": "m.thread", "event_id": "$t" }),
        }),
        ..Added::default()
    };
    let Event::Edited { to, version } = one_of(edit.clone(), original("@ada:x")).event else {
        panic!("an edit")
    };
    assert_eq!((to.at.id.as_str(), version.as_str()), ("$0", "$1"));
    assert_eq!((to.body, to.at.thread), (Text::plain("new"), Some("$t".into())));
    assert!(matches!(
        read_with(edit, original("@eve:x")),
        Translation::Ignored("edit of somebody else's message")
    ));
}

#[test]
fn reactions_and_what_is_taken_back() {
    let react = |key: &str| json!({ "type": "m.reaction", "content": { "m.relates_to": { "rel_type": "m.annotation", "event_id": "$0", "key": key } } });
    for (key, name) in [("👍", "👍"), (":owl:", "owl"), ("owl", "owl")] {
        let Event::Reacted { target, emoji, added, version } = one_of(react(key), Added::default()).event
        else {
            panic!("a reaction")
        };
        assert_eq!((target.as_str(), emoji.name.as_str(), added, version.as_str()), ("$0", name, true, "$1"));
    }
    let reaction = Reaction { sender: "@bo:x".into(), target: "$0".into(), key: "👍".into() };
    let redaction = json!({ "type": "m.room.redaction", "redacts": "$9", "content": {} });
    let back = one_of(
        redaction.clone(),
        Added { reaction: Some(reaction), name: Some("Bo".into()), ..Added::default() },
    );
    assert!(matches!(&back.event, Event::Reacted { target, added: false, .. } if target.as_str() == "$0"));
    assert_eq!(back.author.map(|author| author.id), Some("@bo:x".into()), "whose it was, whoever took it");
    for redaction in [redaction, json!({ "type": "m.room.redaction", "content": { "redacts": "$9" } })] {
        assert_eq!(one_of(redaction, Added::default()).event, Event::Deleted { target: "$9".into() });
    }
}

#[test]
fn pins() {
    let pins = |now: Value, before: Value| {
        let event = json!({
            "type": "m.room.pinned_events", "state_key": "", "content": { "pinned": now },
            "unsigned": { "prev_content": { "pinned": before } },
        });
        match read_with(event, Added::default()) {
            Translation::Events(events) => events
                .into_iter()
                .map(|one| match one.event {
                    Event::Pinned { target, on, .. } => format!("{}{target}", if on { "+" } else { "-" }),
                    other => panic!("{other:?}"),
                })
                .collect(),
            Translation::Ignored(_) => Vec::new(),
            other => panic!("{other:?}"),
        }
    };
    let cases = [
        (json!(["$a"]), json!(null), vec!["+$a"]),
        (json!(["$a", "$b"]), json!(["$a"]), vec!["+$b"]),
        (json!(["$b"]), json!(["$a"]), vec!["-$a", "+$b"]),
        (json!([]), json!(["$a"]), vec!["-$a"]),
        (json!(["$a"]), json!(["$a"]), vec![]),
        (json!(7), json!("x"), vec![]),
    ];
    for (now, before, expected) in cases {
        assert_eq!(pins(now.clone(), before.clone()), expected, "{now} {before}");
    }
}

#[test]
fn members() {
    let member = |user: &str, now: Value, before: Value| {
        let event = json!({
            "type": "m.room.member", "state_key": user, "content": now, "unsigned": { "prev_content": before },
        });
        read_with(event, Added::default())
    };
    let join = |name: &str| json!({ "membership": "join", "displayname": name });
    let (leave, ban) = (json!({ "membership": "leave" }), json!({ "membership": "ban" }));
    let cases = [
        (join("Bo"), json!(null), Some((MemberChange::Joined, "Bo"))),
        (join("Bo"), json!({ "membership": "invite" }), Some((MemberChange::Joined, "Bo"))),
        (json!({ "membership": "join" }), json!(null), Some((MemberChange::Joined, "bo"))),
        (leave.clone(), join("Bo"), Some((MemberChange::Left, "Bo"))),
        (ban, join("Bo"), Some((MemberChange::Left, "Bo"))),
        (join("Bob"), join("Bo"), Some((MemberChange::Renamed("Bo".into()), "Bob"))),
        (join("Bo"), join("Bo"), None),
        (leave, json!({ "membership": "invite" }), None),
        (json!({ "membership": "invite" }), json!(null), None),
    ];
    for (now, before, expected) in cases {
        let got = match member("@bo:x", now.clone(), before.clone()) {
            Translation::Events(mut events) => events.pop(),
            Translation::Ignored(_) => None,
            other => panic!("{other:?}"),
        };
        let got = got.map(|one| match one.event {
            Event::Member { change, .. } => {
                (change, one.author.map(|author| author.name).unwrap_or_default())
            }
            other => panic!("{other:?}"),
        });
        assert_eq!(got, expected.map(|(change, name)| (change, name.to_owned())), "{now} {before}");
    }
    assert_eq!(member(OWN, join("Relay"), json!(null)), Translation::Ignored("own membership"));
}

#[test]
fn commands() {
    let said = |body: &str, more: Value| {
        let mut content = json!({ "msgtype": "m.text", "body": body });
        for (key, value) in more.as_object().into_iter().flatten() {
            content[key] = value.clone();
        }
        let added = Added { name: Some("Ada".into()), room_name: Some("Hikers".into()), ..Added::default() };
        match read_with(json!({ "content": content }), added) {
            Translation::Command(call) => Some(call),
            Translation::Events(_) => None,
            other => panic!("{other:?}"),
        }
    };
    let answering = json!({ "m.relates_to": { "m.in_reply_to": { "event_id": "$0" } } });
    let cases = [
        ("!relay", json!({}), Some(Ask::Help)),
        ("!relay status", json!({}), Some(Ask::Status)),
        ("/relay status", json!({}), Some(Ask::Status)),
        (
            "> <@bo:x> old\n\n!relay who",
            answering.clone(),
            Some(Ask::Who { message: Some(ids::message("$0", None)) }),
        ),
        ("!relay who", json!({}), Some(Ask::Who { message: None })),
        ("!relays", json!({}), None),
        ("say !relay", json!({}), None),
        ("!relay status", json!({ "msgtype": "m.notice" }), None),
        ("!relay status", json!({ "msgtype": "m.emote" }), None),
    ];
    for (body, more, ask) in cases {
        assert_eq!(said(body, more.clone()).map(|call| call.ask), ask, "{body} {more}");
    }
    let call = said("!relay status", json!({})).expect("a command");
    assert_eq!((call.space.name.as_str(), call.asker.name.as_str()), ("Hikers", "Ada"));
    let to: ReplyTo = serde_json::from_value(call.reply).expect("where to answer");
    assert_eq!(to, ReplyTo { event: "$1".into(), thread: None });
}

#[test]
fn polls() {
    let text = |words: &str| json!({ "org.matrix.msc1767.text": words });
    let poll = json!({ "type": "org.matrix.msc3381.poll.start", "content": {
        "org.matrix.msc1767.text": "Tea? 1. yes",
        "org.matrix.msc3381.poll.start": {
            "question": text("Tea?"), "max_selections": 1, "answers": [text("yes"), text("no"), { "id": "x" }],
        },
    }});
    let Event::Posted(message) = one_of(poll, Added::default()).event else { panic!("a message") };
    let poll = message.poll.expect("a poll");
    assert_eq!(
        (poll.question.as_str(), poll.answers, poll.multiple),
        ("Tea?", vec!["yes".to_owned(), "no".to_owned()], false)
    );
    let stable = json!({ "type": "m.poll.start", "content": { "m.poll": {
        "question": { "m.text": [{ "body": "Tea?" }] }, "max_selections": 2, "answers": [{ "m.text": [{ "body": "yes" }] }],
    }}});
    let Event::Posted(message) = one_of(stable, Added::default()).event else { panic!("a message") };
    assert!(message.poll.is_some_and(|poll| poll.multiple));
}

/// Everybody's last vote before the end counts, cut to what the poll allows; one for what is no answer is spoiled.
#[test]
fn votes() {
    let poll = |most: u64| {
        let answer = |id: &str| json!({ "id": id, "org.matrix.msc1767.text": id });
        json!({ "org.matrix.msc3381.poll.start": {
            "question": { "body": "Tea?" }, "max_selections": most, "answers": [answer("a"), answer("b"), answer("c")],
        }})
    };
    let vote = |by: &str, at: i64, chosen: Value| {
        let content = json!({ "org.matrix.msc3381.poll.response": { "answers": chosen } });
        json!({ "type": "org.matrix.msc3381.poll.response", "sender": by, "origin_server_ts": at, "content": content })
    };
    let stable = json!({ "type": "m.poll.response", "sender": "@s:x", "origin_server_ts": 1, "content": { "m.selections": ["c"] } });
    let none: &[Value] = &[];
    let cases: [(u64, &[Value], [u64; 3]); 9] = [
        (1, none, [0, 0, 0]),
        (1, &[vote("@a:x", 1, json!(["a"])), stable], [1, 0, 1]),
        // The last one, in whatever order they are told.
        (1, &[vote("@a:x", 2, json!(["b"])), vote("@a:x", 1, json!(["a"]))], [0, 1, 0]),
        (1, &[vote("@a:x", 9, json!(["a"])), vote("@a:x", 11, json!(["b"]))], [1, 0, 0]),
        (1, &[vote("@a:x", 1, json!(["a", "b"]))], [1, 0, 0]),
        (2, &[vote("@a:x", 1, json!(["a", "b"])), vote("@b:x", 1, json!(["b", "b"]))], [1, 2, 0]),
        (2, &[vote("@a:x", 1, json!(["a", "what"]))], [0, 0, 0]),
        (1, &[vote("@a:x", 1, json!(["a"])), vote("@a:x", 2, json!([]))], [0, 0, 0]),
        (
            1,
            &[vote("@a:x", 1, json!("a")), json!({ "type": "m.room.message", "sender": "@a:x" }), json!(7)],
            [0, 0, 0],
        ),
    ];
    for (at, (most, about, counts)) in cases.into_iter().enumerate() {
        assert_eq!(super::poll::count(&poll(most), about, 10), Some(counts.to_vec()), "{at}");
    }
    assert_eq!(super::poll::count(&json!({}), none, 10), None);

    let end = json!({ "type": "m.poll.end", "content": { "m.relates_to": { "rel_type": "m.reference", "event_id": "$poll" } } });
    let added = Added { votes: Some(vec![1, 2]), ..Added::default() };
    assert_eq!(
        one_of(end.clone(), added.clone()).event,
        Event::PollEnded { target: "$poll".into(), counts: vec![1, 2] }
    );
    assert!(matches!(read_with(end, Added::default()), Translation::Ignored(_)));
    assert!(matches!(read_with(json!({ "type": "m.poll.end" }), added), Translation::Unreadable(_)));
}

#[test]
fn what_is_nothing_for_a_bridge_or_cannot_be_read() {
    let ignored = [
        json!({ "unsigned": { "redacted_because": {} } }),
        json!({ "content": {} }),
        json!({ "type": "m.room.encrypted" }),
        json!({ "type": "m.room.topic", "state_key": "" }),
        json!({ "type": "m.reaction", "content": {} }),
        json!({ "content": { "msgtype": "m.text", "body": "" } }),
        json!({ "content": { "msgtype": "m.key.verification.request", "body": "x" } }),
        json!({ "type": "m.room.name", "state_key": "", "content": {} }),
    ];
    for more in ignored {
        assert!(matches!(read_with(more.clone(), Added::default()), Translation::Ignored(_)), "{more}");
    }
    let unreadable = [
        json!({ "type": null }),
        json!({ "sender": 7 }),
        json!({ "event_id": "" }),
        json!({ "origin_server_ts": "soon" }),
        json!({ "content": "x" }),
        json!({ "content": { "m.relates_to": { "rel_type": "m.replace", "event_id": "$0" } } }),
        json!({ "content": { "m.relates_to": { "rel_type": "m.replace" } } }),
        json!({ "type": "m.reaction", "content": { "m.relates_to": { "rel_type": "m.annotation" } } }),
        json!({ "type": "m.room.redaction" }),
        json!({ "type": "m.room.member", "state_key": "@a:x", "content": {} }),
        json!({ "type": "m.room.member" }),
    ];
    for more in unreadable {
        let answer = read_with(more.clone(), Added::default());
        assert!(matches!(answer, Translation::Unreadable(_)), "{answer:?} from {more}");
    }
    let no_payload = RawEvent { payload: json!(7), ..payload(json!({}), Added::default()) };
    assert!(matches!(translate(&no_payload), Translation::Unreadable(_)));
}

#[test]
fn news_of_rooms() {
    let of = |said: Said| {
        let payload = Payload { own: OWN.into(), ghosts: None, room: "!r:x".into(), said };
        translate(&RawEvent {
            space: "!r:x".into(),
            payload: serde_json::to_value(payload).unwrap_or_default(),
            cursor: None,
        })
    };
    assert_eq!(of(Said::Changed), Translation::Room(RoomNews::Changed("!r:x".into())));
    let moved = RoomNews::Moved { from: ids::room("!r:x"), to: ids::room("!s:x") };
    assert_eq!(of(Said::Moved("!s:x".into())), Translation::Room(moved));
    assert_eq!(of(Said::Typing(vec!["@ada:x".into()])), Translation::Typing(ids::room("!r:x"), None));
    assert_eq!(of(Said::Typing(vec![OWN.into()])), Translation::Ignored("typing"));
}

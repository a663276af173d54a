//! Tables of gateway events and what they mean.

#![allow(clippy::unwrap_used)]

use super::*;
use relay_contract::{Attachment, FileKind, MemberChange, Poll, Reply, RoomNews, Thread};
use serde_json::json;

/// A message as the gateway sends it, with `changes` on top.
fn native(changes: Value) -> Value {
    let mut message = json!({
        "id": "175928847299117063", "channel_id": "20", "guild_id": "30", "type": 0, "content": "hello",
        "timestamp": "2024-05-01T12:00:00.250000+00:00", "edited_timestamp": null, "mentions": [], "attachments": [],
        "author": {"id": "9", "username": "ada", "global_name": "Ada", "avatar": "a_b1", "bot": false},
        "member": {"nick": "Countess", "roles": []},
    });
    for (key, value) in changes.as_object().unwrap() {
        message[key] = value.clone();
    }
    message
}

fn told(kind: &str, native: Value) -> Translation {
    let relay = json!({"user": "1", "application": "2", "names": {"#7": "general"}, "heard": 5});
    let payload = json!({"t": kind, "d": native, "relay": relay});
    event("discord.com", &RawEvent { space: "30".into(), payload, cursor: None })
}

fn one(translation: Translation) -> Envelope {
    match translation {
        Translation::Events(mut events) if events.len() == 1 => events.remove(0),
        other => panic!("not one event: {other:?}"),
    }
}

fn post(changes: Value) -> (Author, relay_contract::Message) {
    let envelope = one(told("MESSAGE_CREATE", native(changes)));
    match envelope.event {
        Event::Posted(message) => (envelope.author.unwrap(), message),
        other => panic!("not a post: {other:?}"),
    }
}

#[test]
fn a_post_is_whole() {
    let envelope = one(told("MESSAGE_CREATE", native(json!({}))));
    assert_eq!(envelope.origin, RoomKey::new(PLATFORM, "discord.com", "20"));
    assert_eq!(envelope.at, Timestamp(1_714_564_800_250));
    let author = envelope.author.unwrap();
    assert_eq!((author.id.as_str(), author.name.as_str()), ("9", "Countess"));
    assert_eq!(author.avatar.as_deref(), Some("https://cdn.discordapp.com/avatars/9/a_b1.png"));
    assert_eq!(author.standing, Standing::Person);
    let Event::Posted(message) = envelope.event else { panic!() };
    assert_eq!((message.at.id.as_str(), message.body), ("175928847299117063", Text::plain("hello")));
}

#[test]
fn authors() {
    for (changes, name, standing) in [
        (json!({"member": {}}), "Ada", Standing::Person),
        (json!({"member": null, "author": {"id": "9", "username": "ada"}}), "ada", Standing::Person),
        (json!({"author": {"id": "9"}}), "Countess", Standing::Person),
        (json!({"author": {"id": "9"}, "member": {"nick": " "}}), "9", Standing::Person),
        (json!({"author": {"id": "8", "bot": true}, "member": null}), "8", Standing::Bot),
        (json!({"webhook_id": "8", "application_id": "3", "member": null}), "Ada", Standing::Bot),
        (json!({"webhook_id": "8", "member": null}), "Ada", Standing::Bot),
        (json!({"webhook_id": "8", "application_id": "2", "member": null}), "Ada", Standing::Relay),
        (
            json!({"author": {"id": "1", "username": "Relay", "bot": true}, "member": null}),
            "Relay",
            Standing::Relay,
        ),
        // A slash command's answer by our own application is the bot's message; a person's is not.
        (json!({"application_id": "2"}), "Countess", Standing::Person),
    ] {
        let (author, _) = post(changes.clone());
        assert_eq!((author.name.as_str(), author.standing), (name, standing), "{changes}");
    }
    let (author, _) = post(json!({"member": {"avatar": "ff"}}));
    let url = "https://cdn.discordapp.com/guilds/30/users/9/avatars/ff.png";
    assert_eq!(author.avatar.as_deref(), Some(url));
    assert_eq!(post(json!({"author": {"id": "9", "avatar": "../x"}})).0.avatar, None);
}

#[test]
fn what_hangs_on_a_message() {
    let files = json!({"attachments": [{"id": "4", "filename": "owl.png", "size": 7}, {}],
        "sticker_items": [{"id": "6", "name": "Hoot", "format_type": 1}, {"id": "7", "name": "Drawn", "format_type": 3}]});
    let (_, message) = post(files);
    let source = |source: &str| Some(source.to_owned());
    let sticker = |name: &str| Attachment { kind: FileKind::Sticker, ..Attachment::named(name) };
    assert_eq!(
        message.attachments,
        [
            Attachment {
                size: Some(7),
                source: source("a:20:175928847299117063:4"),
                ..Attachment::named("owl.png")
            },
            Attachment::named("file"),
            Attachment { mime: source("image/png"), source: source("s:6.png"), ..sticker("Hoot") },
            sticker("Drawn"),
        ]
    );
    for (changes, words) in [
        (json!({"content": "<#7> <#8>"}), "#general #8"),
        (
            json!({"content": "", "message_reference": {"type": 1, "message_id": "5"},
                "message_snapshots": [{"message": {"content": "**hi**"}}]}),
            "hi",
        ),
        (json!({"content": "", "embeds": [{"title": "T", "description": "*d*"}]}), "T d"),
        (
            json!({"content": "said", "webhook_id": "8", "embeds": [{"type": "rich", "title": "T"}, {"type": "link", "title": "U"}]}),
            "said T",
        ),
        (json!({"content": "said", "embeds": [{"title": "unfurled"}]}), "said"),
    ] {
        assert_eq!(post(changes).1.body.excerpt(100), words);
    }
}

/// An event with what `listen` put beside it.
fn beside(kind: &str, native: Value, more: Value) -> Translation {
    let mut relay =
        json!({"user": "1", "application": "2", "names": {"#7": "general"}, "heard": 5, "version": "s:9"});
    relay.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let payload = json!({"t": kind, "d": native, "relay": relay});
    event("discord.com", &RawEvent { space: "30".into(), payload, cursor: None })
}

#[test]
fn polls_and_what_is_passed_on() {
    let poll = json!({"content": "", "poll": {"question": {"text": "Owls?"}, "allow_multiselect": true,
        "expiry": "2024-05-01T12:00:01.000000+00:00",
        "answers": [{"answer_id": 1, "poll_media": {"text": "Yes"}}, {"answer_id": 2, "poll_media": {"text": "No"}}]}});
    let expected = Poll {
        question: "Owls?".into(),
        answers: vec!["Yes".into(), "No".into()],
        multiple: true,
        ends: Some(Timestamp(1_714_564_801_000)),
    };
    let (_, message) = post(poll.clone());
    assert_eq!((message.poll, message.body.is_empty()), (Some(expected), true));
    let results =
        |finalized: bool| json!({"is_finalized": finalized, "answer_counts": [{"id": 2, "count": 3}]});
    for finalized in [true, false] {
        let mut ended = native(poll.clone());
        ended["poll"]["results"] = results(finalized);
        let by_itself = told("MESSAGE_UPDATE", ended.clone());
        let result = native(json!({"type": 46, "message_reference": {"message_id": "175928847299117063"}}));
        let by_message = beside("MESSAGE_CREATE", result, json!({"poll": ended["poll"]}));
        for translation in [by_itself, by_message] {
            if !finalized {
                assert!(matches!(translation, Translation::Ignored(_)), "{translation:?}");
                continue;
            }
            let target = "175928847299117063".into();
            assert_eq!(one(translation).event, Event::PollEnded { target, counts: vec![0, 3] });
        }
    }
    let forward = json!({"content": "", "flags": 1 << 14, "message_reference": {"type": 1, "message_id": "5", "channel_id": "7"},
        "message_snapshots": [{"message": {"content": "hi", "attachments": [{"id": "4", "filename": "a.png"}]}}]});
    let (_, message) = post(forward);
    assert_eq!(message.forward.unwrap().room.as_deref(), Some("general"));
    assert_eq!(message.attachments[0].source.as_deref(), Some("a:20:175928847299117063:4"));
    assert!(post(json!({"flags": 4})).1.no_preview && !post(json!({})).1.no_preview);
}

#[test]
fn what_happens_in_a_thread_happens_in_its_room() {
    let place = json!({"place": {"room": "19", "thread": {"id": "20", "root": "20", "name": "owls"}}});
    let thread = Thread { id: "20".into(), root: Some("20".into()), name: Some("owls".into()) };
    let room = RoomKey::new(PLATFORM, "discord.com", "19");
    let posted = one(beside("MESSAGE_CREATE", native(json!({})), place.clone()));
    assert_eq!(posted.origin, room);
    let Event::Posted(message) = posted.event else { panic!() };
    assert_eq!((message.thread, message.at.thread), (Some(thread), Some("20".into())));
    let gone = one(beside("MESSAGE_DELETE", json!({"id": "5", "channel_id": "20"}), place.clone()));
    assert_eq!(gone.origin, room);
    let typing = beside("TYPING_START", json!({"channel_id": "20"}), place);
    assert_eq!(typing, Translation::Typing(room, Some("20".into())));
    let nowhere = beside("MESSAGE_CREATE", native(json!({})), json!({"nowhere": true}));
    assert!(matches!(nowhere, Translation::Unreadable(_)));
}

#[test]
fn reactions() {
    let ada = json!({"user": {"id": "9", "username": "ada"}, "member": {"nick": "Countess"}});
    let reaction = |user: Value, id: Value| json!({"channel_id": "20", "message_id": "5", "user_id": user, "emoji": {"id": id, "name": "owl"}});
    for (kind, id, added) in
        [("MESSAGE_REACTION_ADD", json!(null), true), ("MESSAGE_REACTION_REMOVE", json!("77"), false)]
    {
        let envelope = one(beside(kind, reaction(json!("9"), id.clone()), json!({"person": ada})));
        let author = envelope.author.unwrap();
        assert_eq!((author.name.as_str(), author.standing), ("Countess", Standing::Person));
        let emoji = relay_contract::Emoji { name: "owl".into(), id: id.as_str().map(Into::into) };
        assert_eq!(
            envelope.event,
            Event::Reacted { target: "5".into(), emoji, added, version: "s:9".into() }
        );
    }
    let ours = json!({"person": {"user": {"id": "1"}}});
    let echo = one(beside("MESSAGE_REACTION_ADD", reaction(json!("1"), json!(null)), ours));
    assert_eq!(echo.author.unwrap().standing, Standing::Relay);
    let cleared = json!({"cleared": [{"person": ada, "emoji": {"id": null, "name": "🦉"}}]});
    let all = json!({"channel_id": "20", "message_id": "5"});
    let gone = one(beside("MESSAGE_REACTION_REMOVE_ALL", all.clone(), cleared));
    assert!(matches!(gone.event, Event::Reacted { added: false, .. }));
    assert!(matches!(told("MESSAGE_REACTION_REMOVE_ALL", all), Translation::Ignored(_)));
}

#[test]
fn pins_members_and_names() {
    let pin = native(json!({"type": 6, "content": "", "message_reference": {"message_id": "5"}}));
    let pinned = one(told("MESSAGE_CREATE", pin));
    let version = "175928847299117063".to_owned();
    assert_eq!(pinned.event, Event::Pinned { target: "5".into(), on: true, version });
    let unpinned = one(beside("MESSAGE_UPDATE", native(json!({})), json!({"unpinned": true})));
    assert!(matches!(unpinned.event, Event::Pinned { on: false, .. }));

    let ada = json!({"user": {"id": "9", "username": "ada"}, "member": {"nick": "Countess"}});
    for (kind, was, change) in [
        ("GUILD_MEMBER_ADD", json!(null), MemberChange::Joined),
        ("GUILD_MEMBER_REMOVE", json!(null), MemberChange::Left),
        ("GUILD_MEMBER_UPDATE", json!("Ada"), MemberChange::Renamed("Ada".into())),
    ] {
        let Translation::Events(told) =
            beside(kind, json!({}), json!({"person": ada, "was": was, "rooms": ["20", "21"]}))
        else {
            panic!("{kind}")
        };
        let rooms: Vec<_> = told.iter().map(|it| it.origin.room.as_str()).collect();
        assert_eq!(rooms, ["20", "21"]);
        assert_eq!(told[0].author.as_ref().unwrap().name, "Countess");
        assert_eq!(told[0].event, Event::Member { change, version: "s:9".into() });
    }
    let renamed =
        one(beside("CHANNEL_UPDATE", json!({"id": "20", "guild_id": "30"}), json!({"renamed": "lobby"})));
    assert_eq!(renamed.event, Event::Renamed { name: "lobby".into(), version: "s:9".into() });
}

#[test]
fn replies() {
    let answered = json!({"id": "5", "channel_id": "20", "content": "**first** <#7>", "author": {"id": "4", "username": "bo"}});
    let reference = json!({"message_id": "5", "channel_id": "20"});
    let (_, message) =
        post(json!({"type": 19, "message_reference": reference, "referenced_message": answered.clone()}));
    let reply = message.reply.unwrap();
    assert_eq!(reply.target.as_str(), "5");
    assert_eq!((reply.author.as_deref(), reply.excerpt.as_deref()), (Some("bo"), Some("first #general")));
    // What Relay posted is of others.
    for ours in [
        json!({"author": {"id": "1", "username": "Relay", "bot": true}}),
        json!({"author": {"id": "8", "username": "Ada (Slack)"}, "webhook_id": "8", "application_id": "2"}),
    ] {
        let mut copy = answered.clone();
        ours.as_object().unwrap().iter().for_each(|(key, value)| copy[key] = value.clone());
        let (_, message) =
            post(json!({"type": 19, "message_reference": reference, "referenced_message": copy}));
        assert_eq!(message.reply, Some(Reply { target: "5".into(), author: None, excerpt: None }), "{ours}");
    }
    // Deleted since: only its id is known.
    let (_, message) = post(json!({"type": 19, "message_reference": reference, "referenced_message": null}));
    assert_eq!(message.reply, Some(Reply { target: "5".into(), author: None, excerpt: None }));
    for not_a_reply in [
        json!({"type": 0, "message_reference": reference}),
        json!({"type": 19, "message_reference": {"message_id": "5", "channel_id": "21"}}),
        json!({"type": 19, "message_reference": {"type": 1, "message_id": "5", "channel_id": "20"}}),
    ] {
        assert_eq!(post(not_a_reply).1.reply, None);
    }
}

#[test]
fn edits_and_deletes() {
    let edited = native(json!({"content": "new", "edited_timestamp": "2024-05-01T12:00:01.000000+00:00"}));
    let envelope = one(told("MESSAGE_UPDATE", edited));
    assert_eq!(envelope.at, Timestamp(1_714_564_801_000));
    let Event::Edited { to, version } = envelope.event else { panic!() };
    assert_eq!((to.body, version.as_str()), (Text::plain("new"), "2024-05-01T12:00:01.000000+00:00"));

    let gone = one(told("MESSAGE_DELETE", json!({"id": "5", "channel_id": "20", "guild_id": "30"})));
    assert_eq!((gone.author, gone.at), (None, Timestamp(5)));
    assert_eq!(gone.event, Event::Deleted { target: "5".into() });
    let Translation::Events(bulk) =
        told("MESSAGE_DELETE_BULK", json!({"ids": ["5", "6"], "channel_id": "20"}))
    else {
        panic!()
    };
    let targets: Vec<_> = bulk.into_iter().map(|envelope| envelope.event).collect();
    assert_eq!(targets, [Event::Deleted { target: "5".into() }, Event::Deleted { target: "6".into() }]);
}

#[test]
fn what_is_nothing_for_a_bridge_and_what_cannot_be_read() {
    use Translation as T;
    for (kind, native, ignored) in [
        ("MESSAGE_CREATE", native(json!({"type": 7})), Some("join")),
        ("MESSAGE_CREATE", native(json!({"type": 6})), Some("pin")),
        ("MESSAGE_CREATE", native(json!({"type": 8})), Some("boost")),
        ("MESSAGE_CREATE", native(json!({"type": 21})), Some("thread started")),
        ("MESSAGE_CREATE", native(json!({"type": 99})), Some("system message")),
        ("MESSAGE_CREATE", native(json!({"content": ""})), Some("nothing to show")),
        ("MESSAGE_UPDATE", native(json!({})), Some("unfurl")),
        ("MESSAGE_UPDATE", json!({"id": "1", "channel_id": "2", "embeds": []}), Some("unfurl")),
        (
            "MESSAGE_UPDATE",
            json!({"id": "1", "channel_id": "2", "edited_timestamp": "x"}),
            Some("partial update"),
        ),
        ("TYPING_START", json!({}), None),
        ("MESSAGE_CREATE", json!({}), None),
        ("MESSAGE_CREATE", json!("owl"), None),
        ("MESSAGE_CREATE", native(json!({"author": null})), None),
        ("MESSAGE_DELETE", json!({"id": 5}), None),
    ] {
        match (told(kind, native), ignored) {
            (T::Ignored(why), Some(expected)) => assert_eq!(why, expected),
            (T::Unreadable(_), None) => {}
            (other, _) => panic!("{kind}: {other:?} instead of {ignored:?}"),
        }
    }
    let raw = RawEvent { space: "1".into(), payload: json!({"t": "MESSAGE_CREATE"}), cursor: None };
    assert!(matches!(event("discord.com", &raw), T::Unreadable(_)));
}

#[test]
fn news_of_rooms() {
    use Translation as T;
    let room = |id: &str| T::Room(RoomNews::Changed(id.into()));
    let space = || T::Room(RoomNews::SpaceChanged("30".into()));
    for (kind, native, expected) in [
        ("CHANNEL_UPDATE", json!({"id": "20", "guild_id": "30"}), room("20")),
        ("CHANNEL_UPDATE", json!({"id": "20", "guild_id": "30", "threads": true}), space()),
        ("CHANNEL_DELETE", json!({"id": "20", "guild_id": "30"}), room("20")),
        ("THREAD_UPDATE", json!({"id": "21", "guild_id": "30"}), room("21")),
        ("THREAD_DELETE", json!({"id": "21", "guild_id": "30", "parent_id": "20"}), room("21")),
        ("GUILD_CREATE", json!({"id": "30"}), space()),
        ("GUILD_UPDATE", json!({"id": "30"}), space()),
        ("GUILD_DELETE", json!({"id": "30"}), space()),
        ("GUILD_DELETE", json!({"id": "30", "unavailable": true}), T::Ignored("outage")),
        ("GUILD_ROLE_UPDATE", json!({"guild_id": "30", "role": {"id": "5"}}), space()),
        ("GUILD_ROLE_DELETE", json!({"guild_id": "30", "role_id": "5"}), space()),
        ("GUILD_MEMBER_UPDATE", json!({"guild_id": "30", "user": {"id": "1"}}), space()),
        (
            "GUILD_MEMBER_UPDATE",
            json!({"guild_id": "30", "user": {"id": "9"}}),
            T::Ignored("somebody else's roles"),
        ),
        ("CHANNEL_CREATE", json!({"id": "20", "guild_id": "30"}), T::Ignored("not a message")),
    ] {
        assert_eq!(told(kind, native.clone()), expected, "{kind} {native}");
    }
    assert!(matches!(told("CHANNEL_UPDATE", json!({"id": 5})), T::Unreadable(_)));
}

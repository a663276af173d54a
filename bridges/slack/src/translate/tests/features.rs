//! Files, cards, reactions, pins and members by table.

use super::*;
use relay_contract::{FileKind, Forward, MemberChange};

#[test]
fn files() {
    use FileKind::{Animation, Audio, File, Image, Video, Voice};
    let file = |fields: Value| {
        let files = json!({ "subtype": "file_share", "text": "", "files": [fields] });
        match translate(&raw(post(files))) {
            Translation::Events(all) => match &all[0].event {
                Event::Posted(message) => {
                    assert!(message.body.is_empty());
                    message.attachments.first().cloned()
                }
                other => panic!("{other:?}"),
            },
            Translation::Ignored("empty") => None,
            other => panic!("{other:?}"),
        }
    };
    let kinds = [
        ("image/png", "", Image),
        ("image/gif", "", Animation),
        ("video/mp4", "", Video),
        ("audio/mpeg", "", Audio),
        ("audio/webm", "slack_audio", Voice),
        ("video/mp4", "slack_video", Video),
        ("application/pdf", "", File),
        ("", "", File),
    ];
    for (mime, subtype, kind) in kinds {
        let found = file(json!({ "id": "F1", "name": "a", "mimetype": mime, "subtype": subtype })).unwrap();
        assert_eq!((found.kind, found.source.as_deref()), (kind, Some("F1")), "{mime} {subtype}");
    }
    let whole = json!({ "id": "F1", "name": "a.webm", "mimetype": "audio/webm", "subtype": "slack_audio", "size": 12,
        "alt_txt": "a song", "duration_ms": 2_500 });
    let expected = Attachment {
        kind: Voice,
        mime: Some("audio/webm".into()),
        size: Some(12),
        source: Some("F1".into()),
        alt: Some("a song".into()),
        seconds: Some(3),
        ..Attachment::named("a.webm")
    };
    assert_eq!(file(whole), Some(expected));
    let names = [
        (json!({ "title": "notes", "filetype": "post" }), Some("notes")),
        (json!({ "filetype": "pdf" }), Some("pdf")),
        (json!({}), Some("file")),
        (json!(7), Some("file")),
        (json!({ "id": "F1", "mode": "tombstone" }), None),
    ];
    for (fields, name) in names {
        let found = file(fields.clone());
        assert_eq!(found.as_ref().map(|file| file.name.as_str()), name, "{fields}");
        assert!(found.is_none_or(|file| file.source.is_none()), "{fields}");
    }
    for elsewhere in
        [json!({ "id": "F1", "is_external": true }), json!({ "id": "F1", "mode": "hidden_by_limit" })]
    {
        assert_eq!(file(elsewhere).unwrap().source, None);
    }
    // Of a file of another workspace the event tells only the id; the rest was looked up.
    let mut connect = raw(post(
        json!({ "files": [{ "id": "F2", "mode": "file_access", "file_access": "check_file_info" }] }),
    ));
    connect.payload["relay"]["files"] =
        json!({ "F2": { "id": "F2", "name": "b.png", "mimetype": "image/png" } });
    let Translation::Events(all) = translate(&connect) else { panic!() };
    let Event::Posted(message) = &all[0].event else { panic!() };
    assert_eq!((message.attachments[0].name.as_str(), message.attachments[0].kind), ("b.png", Image));
}

#[test]
fn cards_and_what_was_passed_on() {
    let card = json!({ "bot_id": "B2", "text": "", "attachments": [{
        "title": "Build", "fallback": "it failed", "image_url": "https://x.example/graph.png" }] });
    let Event::Posted(message) = envelope(post(card)).event else { panic!() };
    let picture = &message.attachments[0];
    assert_eq!((picture.name.as_str(), picture.kind), ("graph.png", FileKind::Image));
    assert_eq!(picture.source.as_deref(), Some("https://x.example/graph.png"));
    assert_eq!((picture.alt.as_deref(), message.body.excerpt(99).as_str()), (Some("it failed"), "Build"));

    let share = json!([{ "is_share": true, "author_subname": "Bob", "channel_name": "random", "text": "hi",
        "from_url": "https://x.example", "files": [{ "id": "F1", "name": "a.png" }] }]);
    let Event::Posted(message) = envelope(post(json!({ "text": "", "attachments": share }))).event else {
        panic!()
    };
    let from = Forward { author: Some("Bob".into()), author_id: None, room: Some("random".into()) };
    assert_eq!((message.forward, message.body), (Some(from), Text::plain("hi")));
    assert_eq!(message.attachments[0].source.as_deref(), Some("F1"));
    // With something said to it, it is a quote in what was said.
    let Event::Posted(message) = envelope(post(json!({ "text": "look", "attachments": share }))).event else {
        panic!()
    };
    assert_eq!(message.forward, None);
    assert_eq!(message.body.excerpt(99), "look Forwarded from Bob in #random hi");
}

#[test]
fn reactions_and_pins() {
    let item = json!({ "type": "message", "channel": "C1", "ts": "1700000000.000100" });
    let reacted = |kind: &str, user: &str, name: &str| {
        let event = json!({ "type": kind, "user": user, "reaction": name, "item": item, "event_ts": "1700000009.000200" });
        let envelope = envelope(event);
        assert_eq!((envelope.origin.room.as_str(), envelope.at), ("C1", Timestamp(1_700_000_009_000)));
        let standing = envelope.author.as_ref().unwrap().standing;
        match envelope.event {
            Event::Reacted { target, emoji, added, version } => {
                assert_eq!((target.as_str(), version.as_str()), ("1700000000.000100", "1700000009.000200"));
                (emoji.name, emoji.id.map(String::from), added, standing)
            }
            other => panic!("{other:?}"),
        }
    };
    let own = Some("party_owl".to_owned());
    let cases = [
        ("reaction_added", "U1", "+1", "👍", None, true, Standing::Person),
        ("reaction_removed", "U1", "thumbsup", "👍", None, false, Standing::Person),
        ("reaction_added", "U1", "wave::skin-tone-6", "👋🏿", None, true, Standing::Person),
        ("reaction_added", "U2", "party_owl", "party_owl", own, true, Standing::Bot),
        ("reaction_added", "UBOT", "heart", "❤️", None, true, Standing::Relay),
        ("reaction_added", "U9", "heart", "❤️", None, true, Standing::Person),
    ];
    for (kind, user, name, emoji, id, added, standing) in cases {
        assert_eq!(reacted(kind, user, name), (emoji.to_owned(), id, added, standing), "{kind} {name}");
    }
    for on in [true, false] {
        let kind = if on { "pin_added" } else { "pin_removed" };
        let event = json!({ "type": kind, "user": "U1", "channel_id": "C1", "event_ts": "1700000009.000200",
            "item": { "type": "message", "channel": "C1", "message": { "ts": "1700000000.000100" } } });
        let pinned = envelope(event);
        assert_eq!((pinned.origin.room.as_str(), pinned.author), ("C1", Some(ada())));
        let version = "1700000009.000200".into();
        assert_eq!(pinned.event, Event::Pinned { target: "1700000000.000100".into(), on, version });
    }
}

#[test]
fn members_and_names() {
    for (kind, change) in
        [("member_joined_channel", MemberChange::Joined), ("member_left_channel", MemberChange::Left)]
    {
        let event = json!({ "type": kind, "user": "U1", "channel": "C1", "event_ts": "1700000009.000200" });
        let moved = envelope(event);
        assert_eq!((moved.origin, moved.author), (ids::room("T1", "C1"), Some(ada())));
        assert_eq!(moved.event, Event::Member { change, version: "1700000009.000200".into() });
    }
    let profile = json!({ "type": "user_change", "user": { "id": "U1" }, "event_ts": "1700000009.000200" });
    assert_eq!(translate(&raw(profile.clone())), Translation::Ignored("profile"));
    let mut renamed = raw(profile);
    renamed.payload["relay"]["renamed"] = json!({ "before": "Countess", "rooms": ["C1", "C2"] });
    let Translation::Events(all) = translate(&renamed) else { panic!() };
    let rooms: Vec<_> = all.iter().map(|one| one.origin.room.as_str()).collect();
    assert_eq!(rooms, ["C1", "C2"]);
    let change = MemberChange::Renamed("Countess".into());
    assert_eq!(all[1].event, Event::Member { change, version: "1700000009.000200".into() });
    assert_eq!(all[1].author, Some(ada()));
    for subtype in ["channel_name", "group_name"] {
        let named = envelope(post(json!({ "subtype": subtype, "old_name": "old", "name": "new" })));
        assert_eq!(named.author, Some(ada()));
        let version = "1700000000.000100".into();
        assert_eq!(named.event, Event::Renamed { name: "new".into(), version });
    }
}

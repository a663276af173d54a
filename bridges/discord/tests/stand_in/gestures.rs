//! Reactions, pins, polls, typing, members, names and forwards, both ways.

use crate::rig::{Heard, Rig, eventually, key};
use relay_contract::{
    Ask, DeliverError, Draft, Emoji, Envelope, Event, Feature, MemberChange, MessageRef, Operation, Persona,
    Poll, Standing, Support, Text, Translation,
};
use stand_ins::faults::Kind;
use stand_ins::people::Act;

async fn listening() -> (Rig, Heard) {
    let rig = Rig::ready().await;
    let mut heard = rig.listen(None);
    heard.connected().await;
    (rig, heard)
}

fn unicode(name: &str) -> Emoji {
    Emoji { name: name.into(), id: None }
}

fn react(rig: &Rig, person: &str, message: &str, emoji: &str, on: bool) {
    let (person, room, message) = (person.into(), rig.room_id.to_string(), message.into());
    rig.act(Act::React { person, room, message, emoji: emoji.into(), on });
}

/// Passes over echoes of what Relay posted.
async fn next(heard: &mut Heard) -> Envelope {
    loop {
        let (envelope, _) = heard.next().await;
        let echo = envelope.author.as_ref().is_some_and(|author| author.standing == Standing::Relay);
        if !echo {
            return envelope;
        }
    }
}

#[tokio::test]
async fn reactions_are_heard_with_who_and_cleared_one_by_one() {
    let (rig, mut heard) = listening().await;
    let copy = rig.post("a copy of Relay's", "Elif").await.unwrap().message;
    let mut keys = Vec::new();
    let mut check = |envelope: Envelope, who: &str, wanted: &Emoji, on: bool| {
        let key = envelope.key();
        let Event::Reacted { target, emoji, added, .. } = envelope.event else { panic!() };
        assert_eq!((&target, &emoji, added), (&copy.id, wanted, on));
        assert_eq!((envelope.origin, envelope.author.unwrap().name.as_str()), (rig.room.clone(), who));
        assert!(!keys.contains(&key));
        keys.push(key);
    };
    let own = rig.connector.reaction(&rig.room, &Emoji { name: "owl".into(), id: None }).unwrap();
    let owl = Emoji { name: "owl".into(), id: own.strip_prefix("owl:").map(Into::into) };
    for (person, emoji, wanted, on) in [
        ("Ada", "🦉", &unicode("🦉"), true),
        ("Ada", "🦉", &unicode("🦉"), false),
        ("Ada", "🦉", &unicode("🦉"), true),
        ("Bruno", ":owl:", &owl, true),
    ] {
        react(&rig, person, copy.id.as_str(), emoji, on);
        check(next(&mut heard).await, person, wanted, on);
    }
    rig.rest_no_answer("DELETE", &format!("/channels/{}/messages/{}/reactions", rig.room_id, copy.id)).await;
    let raw = heard.raw().await;
    let Translation::Events(gone) = rig.connector.translate(&raw) else { panic!() };
    assert_eq!(gone.len(), 2);
    for (envelope, (who, emoji)) in gone.into_iter().zip([("Ada", unicode("🦉")), ("Bruno", owl.clone())]) {
        check(envelope, who, &emoji, false);
    }
    heard.stop().await.unwrap();
}

#[tokio::test]
async fn relay_reacts_and_takes_it_back_and_both_change_nothing_twice() {
    let (rig, mut heard) = listening().await;
    let message = MessageRef::plain(rig.say("Ada", "hello", None));
    heard.next().await;
    let own = rig.connector.reaction(&rig.room, &Emoji { name: "owl".into(), id: Some("1".into()) });
    assert_eq!(rig.connector.reaction(&rig.room, &Emoji { name: "hoot".into(), id: Some("1".into()) }), None);
    for emoji in ["🦉", own.as_deref().unwrap()] {
        for on in [true, true, false, false, true] {
            rig.deliver(Operation::React { target: &message, emoji, on }).await.unwrap();
            let shown = rig.seen(&message.id).reactions.len();
            assert_eq!(shown, usize::from(on) + usize::from(emoji != "🦉"), "{emoji} {on}");
        }
        for _ in 0..3 {
            let (envelope, _) = heard.next().await;
            assert_eq!(envelope.author.unwrap().standing, Standing::Relay);
        }
    }
    let told = rig.deliver(Operation::React { target: &message, emoji: "nonsense", on: true }).await;
    assert!(matches!(told, Err(DeliverError::Rejected(_))), "{told:?}");
    rig.delete("Ada", message.id.as_str());
    let told = rig.deliver(Operation::React { target: &message, emoji: "🦉", on: true }).await;
    assert_eq!(told, Err(DeliverError::TargetGone));
    heard.stop().await.unwrap();
}

/// The lane goes on: only reactions are without a right.
#[tokio::test]
async fn a_right_that_was_lost_costs_its_feature_alone() {
    let rig = Rig::with(|bot| {
        let all =
            ["VIEW_CHANNEL", "SEND_MESSAGES", "READ_MESSAGE_HISTORY", "MANAGE_WEBHOOKS", "MESSAGE_CONTENT"];
        bot.may = Some(all.map(str::to_owned).to_vec());
    })
    .await;
    let message = MessageRef::plain(rig.say("Ada", "hello", None));
    // Without a `preflight` it is not known yet.
    assert_eq!(rig.connector.capabilities(&rig.room).shows(Feature::Reaction), Support::Native);
    for (operation, feature, left) in [
        (Operation::React { target: &message, emoji: "🦉", on: true }, Feature::Reaction, Support::Fallback),
        (Operation::Pin { target: &message, on: true }, Feature::Pin, Support::Dropped),
        (Operation::Open { root: Some(&message), name: "owls" }, Feature::Thread, Support::Fallback),
        (Operation::Delete { target: &message }, Feature::Moderate, Support::Dropped),
    ] {
        let told = rig.deliver(operation).await;
        assert!(matches!(told, Err(DeliverError::Rejected(_))), "{feature}: {told:?}");
        assert_eq!(rig.connector.capabilities(&rig.room).shows(feature), left, "{feature}");
    }
    rig.post("still here", "Elif").await.unwrap();
    let asked = rig.connector.preflight(std::slice::from_ref(&rig.room_id)).await.unwrap();
    let warnings = &asked.rooms[0].1.as_ref().unwrap().warnings;
    for missing in ["Add Reactions", "Pin Messages", "Create Public Threads", "Manage Messages"] {
        assert!(warnings.iter().any(|it| it.what.contains(missing)), "{missing}: {warnings:?}");
    }
}

#[tokio::test]
async fn pins_both_ways() {
    let (rig, mut heard) = listening().await;
    let id = rig.say("Bruno", "remember", None);
    heard.next().await;
    let pin = |on| {
        let (person, room, message) = ("Ada".into(), rig.room_id.to_string(), id.clone());
        rig.act(Act::Pin { person, room, message, on });
    };
    let mut versions = Vec::new();
    for (time, on) in [true, false, true, false].into_iter().enumerate() {
        if time == 2 {
            // One that was edited is unpinned like any other.
            rig.edit("Bruno", &id, "remember this");
            heard.next().await;
        }
        pin(on);
        let envelope = loop {
            let raw = heard.raw().await;
            let Translation::Events(mut events) = rig.connector.translate(&raw) else { continue };
            // The update that pins an edited message repeats its edit, which is known.
            if events[0].kind() == "pin" {
                break events.remove(0);
            }
        };
        let Event::Pinned { target, on: told, version } = envelope.event else { panic!() };
        assert_eq!((target.as_str(), told), (id.as_str(), on));
        assert_eq!(envelope.author.map(|author| author.name), on.then(|| "Ada".to_owned()));
        assert!(!versions.contains(&version));
        versions.push(version);
    }
    let target = MessageRef::plain(id.as_str());
    for on in [true, true, false, false] {
        rig.deliver(Operation::Pin { target: &target, on }).await.unwrap();
        assert_eq!(rig.seen(&target.id).pinned, on);
    }
    rig.say("Ada", "and on", None);
    // Relay's own pin is known by its author, and its own unpinning is not told at all.
    let mut told = Vec::new();
    loop {
        let raw = heard.raw().await;
        let Translation::Events(mut events) = rig.connector.translate(&raw) else { continue };
        let envelope = events.remove(0);
        match envelope.event {
            Event::Pinned { on, .. } => told.push((on, envelope.author.map(|author| author.standing))),
            Event::Posted(_) => break,
            // Repeated with the pin.
            Event::Edited { .. } => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(told, [(true, Some(Standing::Relay))]);
    heard.stop().await.unwrap();
}

/// What was pinned before Relay listened is asked for.
#[tokio::test]
async fn an_old_pin_that_is_taken_away_is_noticed() {
    let rig = Rig::start().await;
    let id = rig.say("Bruno", "remember", None);
    let pin = |on| Act::Pin { person: "Ada".into(), room: rig.room_id.to_string(), message: id.clone(), on };
    rig.act(pin(true));
    rig.preflight().await;
    let mut heard = rig.listen(None);
    heard.connected().await;
    rig.act(pin(false));
    let (envelope, _) = heard.next().await;
    assert!(matches!(envelope.event, Event::Pinned { on: false, .. }), "{envelope:?}");
    heard.stop().await.unwrap();
}

#[tokio::test]
async fn polls_of_people_and_how_they_end() {
    let (rig, mut heard) = listening().await;
    let room = || rig.room_id.to_string();
    let id = rig.act(Act::Ask {
        person: "Ada".into(),
        room: room(),
        question: "Owls?".into(),
        answers: vec!["Yes".into(), "No".into()],
        multiple: true,
    });
    let (envelope, _) = heard.next().await;
    let Event::Posted(message) = envelope.event else { panic!() };
    let poll = message.poll.unwrap();
    assert_eq!(
        (poll.question.as_str(), &poll.answers[..], poll.multiple),
        ("Owls?", &["Yes".to_owned(), "No".to_owned()][..], true)
    );
    assert!(poll.ends.is_some() && message.body.is_empty());
    for (person, answers) in [("Bruno", vec![1]), ("Chiara", vec![0, 1])] {
        rig.act(Act::Vote { person: person.into(), room: room(), message: id.clone(), answers });
    }
    rig.act(Act::EndPoll { room: room(), message: id.clone() });
    // The poll's own message tells it, and so does the one that says how it ended: as the same event.
    let (first, second) = (heard.next().await.0, heard.next().await.0);
    assert_eq!(first.event, Event::PollEnded { target: id.as_str().into(), counts: vec![1, 2] });
    assert_eq!(first.key(), second.key());
    heard.stop().await.unwrap();
}

#[tokio::test]
async fn a_poll_is_posted_as_one_and_its_end_is_heard() {
    let (rig, mut heard) = listening().await;
    let poll = Poll {
        question: "Owls?".into(),
        answers: vec!["Yes".into(), "No".into()],
        multiple: false,
        ends: None,
    };
    let draft = Draft { body: Text::plain("vote"), poll: Some(poll), ..Draft::default() };
    let parts = rig.connector.render(&rig.room, &draft);
    assert_eq!((parts.len(), parts[0].text.as_str()), (2, "vote"));
    assert_eq!(rig.connector.render(&rig.room, &Draft { body: Text::default(), ..draft }).len(), 1);
    let persona = Persona { name: "Elif".into(), avatar: None };
    let (reply_to, thread) = (None, None);
    let post = Operation::Post {
        part: &parts[1],
        persona: Some(&persona),
        reply_to,
        thread,
        files: &[],
        key: &key(),
    };
    let message = rig.deliver(post).await.unwrap().message;
    assert!(message.no_text);
    let seen = rig.seen(&message.id);
    let shown = seen.poll.unwrap();
    assert_eq!((seen.author.as_str(), shown.question.as_str(), shown.answers.len()), ("Elif", "Owls?", 2));
    heard.next().await;
    let (room, id) = (rig.room_id.to_string(), message.id.to_string());
    rig.act(Act::Vote { person: "Ada".into(), room: room.clone(), message: id.clone(), answers: vec![1] });
    rig.act(Act::EndPoll { room, message: id });
    let (ended, _) = heard.next().await;
    assert_eq!(ended.event, Event::PollEnded { target: message.id, counts: vec![0, 1] });
    heard.stop().await.unwrap();
}

#[tokio::test]
async fn typing_both_ways() {
    let (rig, mut heard) = listening().await;
    rig.act(Act::Type { person: "Ada".into(), room: rig.room_id.to_string() });
    let raw = heard.raw().await;
    assert_eq!(rig.connector.translate(&raw), Translation::Typing(rig.room.clone(), None));
    // A room that is not linked is nobody's business.
    rig.act(Act::Type { person: "Ada".into(), room: "random".into() });
    let before = rig.world.discord.typed("general").unwrap();
    rig.connector.typing(&rig.room, None).await;
    assert_eq!(rig.world.discord.typed("general").unwrap(), before + 1);
    // One attempt, whose outcome does not matter.
    rig.fault(Kind::ServerError, "/typing", 1.0);
    rig.connector.typing(&rig.room, None).await;
    rig.say("Ada", "there", None);
    assert!(matches!(heard.next().await.0.event, Event::Posted(_)));
    heard.stop().await.unwrap();
}

#[tokio::test]
async fn members_come_go_and_rename_themselves() {
    let (rig, mut heard) = listening().await;
    let room = || rig.room_id.to_string();
    assert_eq!(rig.connector.capabilities(&rig.room).hears(Feature::Membership), Support::Native);
    for (act, name, change) in [
        (Act::Leave { person: "Bruno".into(), room: room() }, "Bruno", MemberChange::Left),
        (Act::Join { person: "Bruno".into(), room: room() }, "Bruno", MemberChange::Joined),
        (
            Act::CallThemselves { person: "Ada".into(), room: room(), name: "Countess".into() },
            "Countess",
            MemberChange::Renamed("Ada".into()),
        ),
    ] {
        rig.act(act);
        let (envelope, _) = heard.next().await;
        let Event::Member { change: told, .. } = envelope.event else { panic!() };
        assert_eq!((envelope.origin, told), (rig.room.clone(), change));
        let author = envelope.author.unwrap();
        assert_eq!((author.name.as_str(), author.standing), (name, Standing::Person));
    }
    heard.stop().await.unwrap();
    // Without the privileged intent Discord tells nothing, and the cell says so.
    let all = ["VIEW_CHANNEL", "SEND_MESSAGES", "READ_MESSAGE_HISTORY", "MANAGE_WEBHOOKS", "MESSAGE_CONTENT"];
    let rig = Rig::with(|bot| bot.may = Some(all.map(str::to_owned).to_vec())).await;
    rig.preflight().await;
    assert_eq!(rig.connector.capabilities(&rig.room).hears(Feature::Membership), Support::Dropped);
    let mut heard = rig.listen(None);
    heard.connected().await;
    rig.act(Act::Leave { person: "Bruno".into(), room: rig.room_id.to_string() });
    rig.say("Ada", "hello", None);
    assert!(matches!(heard.next().await.0.event, Event::Posted(_)));
    heard.stop().await.unwrap();
}

#[tokio::test]
async fn a_new_name_of_the_room_is_news_and_an_event() {
    let (rig, mut heard) = listening().await;
    rig.act(Act::Rename { room: rig.room_id.to_string(), name: "lobby".into() });
    heard.news().await;
    let (envelope, cursor) = heard.next().await;
    let Event::Renamed { name, version } = envelope.event else { panic!() };
    assert_eq!((envelope.origin, name.as_str()), (rig.room.clone(), "lobby"));
    assert!(!version.is_empty() && !cursor.is_empty());
    heard.stop().await.unwrap();
}

#[tokio::test]
async fn moderators_delete_and_many_go_at_once() {
    let (rig, mut heard) = listening().await;
    let ids: Vec<String> = ["one", "two", "three"].map(|text| rig.say("Bruno", text, None)).to_vec();
    for _ in 0..3 {
        heard.next().await;
    }
    rig.delete("Ada", &ids[0]);
    let (envelope, _) = heard.next().await;
    assert_eq!(envelope.event, Event::Deleted { target: ids[0].as_str().into() });
    rig.act(Act::Purge { room: rig.room_id.to_string(), messages: ids[1..].to_vec() });
    let raw = heard.raw().await;
    let Translation::Events(gone) = rig.connector.translate(&raw) else { panic!() };
    let targets: Vec<_> = gone.into_iter().map(|it| it.event).collect();
    assert_eq!(
        targets,
        ids[1..].iter().map(|id| Event::Deleted { target: id.as_str().into() }).collect::<Vec<_>>()
    );
    // Relay takes away what a person wrote, where it may.
    let message = MessageRef::plain(rig.say("Bruno", "four", None));
    rig.remove(&message).await.unwrap();
    assert!(rig.seen(&message.id).deleted);
    heard.stop().await.unwrap();
}

#[tokio::test]
async fn what_is_passed_on_says_so_and_brings_its_files() {
    let (rig, mut heard) = listening().await;
    let act = |person: &str, text: &str| Act::Say {
        person: person.into(),
        room: "random".into(),
        text: text.into(),
        reply_to: None,
        files: vec![stand_ins::people::Given::Name("owl.png".into())],
        thread: None,
    };
    let id = rig.act(act("Bruno", "**look**"));
    heard.next().await;
    let to = rig.room_id.to_string();
    let message = rig.act(Act::Forward { person: "Ada".into(), room: "random".into(), message: id, to });
    let (envelope, _) = heard.next().await;
    let Event::Posted(posted) = envelope.event else { panic!() };
    assert_eq!(posted.at.id.as_str(), message);
    assert_eq!(posted.forward.unwrap().room.as_deref(), Some("random"));
    assert_eq!(posted.body.excerpt(10), "look");
    let source = posted.attachments[0].source.as_deref().unwrap();
    rig.connector.locate(&rig.room, &posted.at, source).await.unwrap();
    heard.stop().await.unwrap();
}

#[tokio::test]
async fn links_without_a_preview_stay_without_one() {
    let (rig, mut heard) = listening().await;
    let draft = |no_preview| Draft { body: Text::plain("https://a.example"), no_preview, ..Draft::default() };
    for no_preview in [true, false] {
        let part = rig.connector.render(&rig.room, &draft(no_preview)).remove(0);
        let (persona, reply_to, thread) = (None, None, None);
        let post = Operation::Post { part: &part, persona, reply_to, thread, files: &[], key: &key() };
        rig.deliver(post).await.unwrap();
        let (envelope, _) = heard.next().await;
        let Event::Posted(posted) = envelope.event else { panic!() };
        assert_eq!(posted.no_preview, no_preview);
    }
    heard.stop().await.unwrap();
}

#[tokio::test]
async fn what_is_asked_about_a_message() {
    let (rig, mut heard) = listening().await;
    let id = rig.say("Bruno", "hello", None);
    heard.next().await;
    let about = || Some(MessageRef::plain(id.as_str()));
    rig.first_command("Ada", &format!("shortcut:Delete everywhere {id}")).await;
    assert_eq!(heard.call().await.ask, Ask::Delete { message: about() });
    for (name, ask) in
        [("Who reacted", Ask::Who { message: about() }), ("Trace", Ask::Trace { message: about() })]
    {
        let answer = rig.command("Ada", &format!("shortcut:{name} {id}"));
        let call = heard.call().await;
        assert_eq!((call.room.clone(), call.ask.clone()), (rig.room.clone(), ask));
        let text = relay_contract::Answer::plain("nobody yet");
        rig.connector.answer(&call, &text).await.unwrap();
        eventually(|| rig.seen(&answer).text == "nobody yet").await;
        assert!(rig.seen(&answer).only_for.is_some());
    }
    heard.stop().await.unwrap();
}

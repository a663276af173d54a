//! Reactions, pins, polls, typing, members, forwards.

use crate::rig::{Rig, eventually, line};
use relay_contract::{
    Ask, DeliverError, Draft, Emoji, Event, Feature, MemberChange, Message, MessageRef, Operation, Poll,
    Receipt, Standing, Support, Timestamp, Translation,
};
use stand_ins::people::Act;

fn react(rig: &Rig, message: &str, emoji: &str, on: bool) {
    let (room, message) = (rig.room_id.to_string(), message.to_owned());
    rig.act(Act::React { person: "Hana".into(), room, message, emoji: emoji.into(), on });
}

async fn happened(heard: &mut crate::heard::Heard) -> Vec<(String, Event)> {
    loop {
        match heard.meaning().await {
            Translation::Events(all) => {
                return all
                    .into_iter()
                    .map(|one| (one.author.map_or("".into(), |who| who.name), one.event))
                    .collect();
            }
            Translation::Room(_) => {}
            other => panic!("{other:?}"),
        }
    }
}

fn reactions(all: &[(String, Event)]) -> String {
    let one = |(who, event): &(String, Event)| match event {
        Event::Reacted { target, emoji, added, .. } => {
            let id = emoji.id.as_ref().map_or("", |_| "#");
            format!("{who} {}{}{id} {target}", if *added { "+" } else { "-" }, emoji.name)
        }
        other => format!("{other:?}"),
    };
    all.iter().map(one).collect::<Vec<_>>().join(", ")
}

#[tokio::test]
async fn reactions_of_people_are_told() {
    let rig = Rig::start().await;
    rig.connector.preflight(std::slice::from_ref(&rig.room_id)).await.unwrap();
    assert_eq!(rig.connector.capabilities(&rig.room).hears(Feature::Reaction), Support::Native);
    let mut heard = rig.listen(None);
    heard.connected().await;
    let copy = rig.post(line("a copy"), None).await.unwrap().message.id;
    let cases = [
        ("❤️", true, format!("Hana +❤️ {copy}")),
        ("👍", true, format!("Hana -❤️ {copy}, Hana +👍 {copy}")),
        (":owl:", true, format!("Hana -👍 {copy}, Hana +⭐# {copy}")),
        (":owl:", false, format!("Hana -⭐# {copy}")),
    ];
    let mut keys = std::collections::BTreeSet::new();
    for (emoji, on, expected) in cases {
        react(&rig, copy.as_str(), emoji, on);
        let event = loop {
            let event = heard.event().await;
            if matches!(rig.connector.translate(&event), Translation::Events(_)) {
                break event;
            }
        };
        let Translation::Events(all) = rig.connector.translate(&event) else { panic!("{emoji}") };
        all.iter().for_each(|one| assert!(keys.insert(one.key().version), "{one:?}"));
        let all: Vec<_> =
            all.into_iter().map(|one| (one.author.map_or("".into(), |who| who.name), one.event)).collect();
        assert_eq!(reactions(&all), expected);
    }
}

/// A bot hears of reactions as an administrator alone, and the warning says so.
#[tokio::test]
async fn where_the_bot_is_no_administrator_reactions_are_not_heard() {
    let rig = Rig::with(|bot| bot.may = Some(vec!["privacy_off".into()])).await;
    let report = rig.connector.preflight(std::slice::from_ref(&rig.room_id)).await.unwrap();
    let warnings = &report.rooms[0].1.as_ref().unwrap().warnings;
    assert!(warnings.iter().any(|warning| warning.what.contains("reactions")), "{warnings:?}");
    assert_eq!(rig.connector.capabilities(&rig.room).hears(Feature::Reaction), Support::Dropped);
    let mut heard = rig.listen(None);
    heard.connected().await;
    let id = rig.say("Hana", "one", None);
    react(&rig, &id, "👍", true);
    rig.say("Hana", "two", None);
    assert_eq!((heard.words().await, heard.words().await), ("one".into(), "two".into()));
}

#[tokio::test]
async fn the_bot_reacts_with_one_emoji() {
    let rig = Rig::start().await;
    let id = rig.say("Hana", "look", None);
    let target = MessageRef::plain(id.as_str());
    let written = |name: &str| rig.connector.reaction(&rig.room, &Emoji { name: name.into(), id: None });
    assert_eq!((written("🦉"), rig.connector.capabilities(&rig.room).reactions), (None, 1));
    let (heart, thumb) = (written("❤️").unwrap(), written("👍").unwrap());
    let cases = [
        (&heart, true, "❤"),
        (&heart, true, "❤"),
        (&thumb, true, "👍"),
        (&heart, false, "👍"),
        (&thumb, false, ""),
        (&thumb, false, ""),
    ];
    for (emoji, on, there) in cases {
        let done = rig.deliver(Operation::React { target: &target, emoji, on }).await;
        assert_eq!(done, Ok(Receipt::of(target.clone())), "{emoji} {on}");
        let shown: Vec<_> = rig.seen(&id).reactions.into_iter().map(|one| one.emoji).collect();
        assert_eq!(shown.join(""), there, "{emoji} {on}");
    }
    let gone = MessageRef::plain("999999");
    let refused = rig.deliver(Operation::React { target: &gone, emoji: &thumb, on: true }).await;
    assert_eq!(refused, Err(DeliverError::TargetGone));
}

#[tokio::test]
async fn pins_go_both_ways() {
    let rig = Rig::start().await;
    let mut heard = rig.listen(None);
    let id = rig.say("Hana", "look", None);
    assert_eq!(heard.words().await, "look");
    let pin = |on| Act::Pin { person: "Ivo".into(), room: rig.room_id.to_string(), message: id.clone(), on };
    rig.act(pin(true));
    let all = happened(&mut heard).await;
    let Event::Pinned { target, on, .. } = &all[0].1 else { panic!("{all:?}") };
    assert_eq!((all[0].0.as_str(), target.as_str(), *on), ("Ivo", id.as_str(), true));
    rig.act(pin(false));
    let target = MessageRef::plain(id.as_str());
    for on in [true, true, false, false] {
        let done = rig.deliver(Operation::Pin { target: &target, on }).await;
        assert_eq!((done, rig.seen(&id).pinned), (Ok(Receipt::of(target.clone())), on), "{on}");
    }
}

/// A right that is missing costs the pin, and not the lane.
#[tokio::test]
async fn who_may_not_pin_is_told_so() {
    let rig = Rig::with(|bot| bot.may = Some(vec!["privacy_off".into()])).await;
    rig.connector.preflight(std::slice::from_ref(&rig.room_id)).await.unwrap();
    assert_eq!(rig.connector.capabilities(&rig.room).shows(Feature::Pin), Support::Fallback);
    let id = rig.say("Hana", "look", None);
    let target = MessageRef::plain(id.as_str());
    let refused = rig.deliver(Operation::Pin { target: &target, on: true }).await.unwrap_err();
    assert!(matches!(&refused, DeliverError::Rejected(why) if why.contains("right")), "{refused:?}");
}

fn poll(answers: &[&str]) -> Poll {
    let answers = answers.iter().map(|answer| (*answer).to_owned()).collect();
    Poll { question: "When?".into(), answers, multiple: true, ends: None }
}

#[tokio::test]
async fn polls_go_both_ways() {
    let rig = Rig::start().await;
    let mut heard = rig.listen(None);
    heard.connected().await;
    let room = || rig.room_id.to_string();
    let answers = vec!["Sat".to_owned(), "Sun".into()];
    let asked = rig.act(Act::Ask {
        person: "Hana".into(),
        room: room(),
        question: "When?".into(),
        answers,
        multiple: true,
    });
    let all = happened(&mut heard).await;
    let Event::Posted(Message { poll: Some(told), at, .. }) = &all[0].1 else { panic!("{all:?}") };
    assert_eq!((told, at.id.as_str()), (&poll(&["Sat", "Sun"]), asked.as_str()));

    let hour = Timestamp(Timestamp::now().0 + 3_600_000);
    let ending = Poll { ends: Some(hour), ..poll(&["Sat", "Sun"]) };
    let draft = Draft { body: line("Ada:"), poll: Some(ending), ..Draft::default() };
    let mut receipts = Vec::new();
    for part in &rig.connector.render(&rig.room, &draft) {
        let operation =
            Operation::Post { part, persona: None, reply_to: None, thread: None, files: &[], key: "k1" };
        receipts.push(rig.deliver(operation).await.unwrap());
    }
    let own = receipts[1].message.clone();
    assert!(own.no_text && !receipts[0].message.no_text);
    let seen = rig.seen(own.id.as_str()).poll.unwrap();
    assert_eq!((seen.question.as_str(), seen.multiple, seen.answers.len()), ("When?", true, 2));

    // The bot's own poll tells of each vote, which is nothing for others.
    for (message, answers) in [(own.id.as_str(), vec![1]), (asked.as_str(), vec![0, 1])] {
        rig.act(Act::Vote { person: "Ivo".into(), room: room(), message: message.into(), answers });
    }
    assert_eq!(heard.meaning().await, Translation::Ignored("votes"));
    for (message, counts) in [(own.id.as_str(), [0, 1]), (asked.as_str(), [1, 1])] {
        rig.act(Act::EndPoll { room: room(), message: message.into() });
        let ended = heard.envelope().await;
        let expected = Event::PollEnded { target: message.into(), counts: counts.to_vec() };
        assert_eq!((ended.event, ended.origin), (expected, rig.room.clone()));
    }
}

/// What was asked before this process was there is known by nothing but its id.
#[tokio::test]
async fn the_end_of_a_poll_that_is_not_known_is_ignored_with_a_word() {
    let rig = Rig::start().await;
    let (mut heard, mut running) = rig.listen_to_end(None);
    let asked = rig.act(Act::Ask {
        person: "Hana".into(),
        room: rig.room_id.to_string(),
        question: "When?".into(),
        answers: vec!["Sat".into(), "Sun".into()],
        multiple: false,
    });
    happened(&mut heard).await;
    eventually(|| rig.world.telegram.acknowledged().len() == 1).await;
    heard.stop();
    running.ended().await.unwrap();
    let later = rig.another_connector();
    let mut heard = later.listen(None);
    rig.act(Act::EndPoll { room: rig.room_id.to_string(), message: asked });
    assert!(matches!(heard.meaning().await, Translation::Ignored(word) if word.contains("poll")));
}

#[tokio::test]
async fn the_sign_of_typing_is_seen() {
    let rig = Rig::start().await;
    rig.connector.typing(&rig.room, None).await;
    assert_eq!(rig.world.telegram.typed(rig.room_id.as_str()).unwrap(), 1);
}

/// Once each, whether the bot is told by changes, by service messages, or by both.
#[tokio::test]
async fn who_comes_and_goes_is_told_once() {
    for may in [vec!["admin"], vec!["privacy_off"]] {
        let rig = Rig::with(|bot| bot.may = Some(may.iter().map(|may| (*may).to_owned()).collect())).await;
        rig.connector.preflight(std::slice::from_ref(&rig.room_id)).await.unwrap();
        let mut heard = rig.listen(None);
        heard.connected().await;
        let room = || rig.room_id.to_string();
        rig.act(Act::Leave { person: "Ivo".into(), room: room() });
        rig.act(Act::Join { person: "Ivo".into(), room: room() });
        rig.say("Hana", "the end", None);
        let mut told = Vec::new();
        loop {
            match heard.meaning().await {
                Translation::Events(all) => match &all[0].event {
                    Event::Member { change, .. } => {
                        told.push((all[0].author.as_ref().unwrap().name.clone(), change.clone()));
                    }
                    Event::Posted(_) => break,
                    other => panic!("{other:?}"),
                },
                Translation::Room(_) | Translation::Ignored(_) => {}
                other => panic!("{other:?}"),
            }
        }
        let ivo = |change| ("Ivo".to_owned(), change);
        assert_eq!(told, [ivo(MemberChange::Left), ivo(MemberChange::Joined)], "{may:?}");
    }
}

#[tokio::test]
async fn what_is_passed_on_says_whose_it_was() {
    let rig = Rig::start().await;
    let mut heard = rig.listen(None);
    let id = rig.say("Hana", "the **words**", None);
    heard.envelope().await;
    let room = rig.room_id.to_string();
    rig.act(Act::Forward { person: "Ivo".into(), room: room.clone(), message: id, to: room });
    let passed = heard.envelope().await;
    let Event::Posted(message) = &passed.event else { panic!("{passed:?}") };
    assert_eq!(
        passed.author.as_ref().map(|who| (who.name.as_str(), who.standing)),
        Some(("Ivo", Standing::Person))
    );
    assert_eq!(message.forward.as_ref().unwrap().author.as_deref(), Some("Hana"));
    assert_eq!(message.body.excerpt(99), "the words");
}

#[tokio::test]
async fn a_preview_is_hidden_where_it_is_to_be() {
    let rig = Rig::start().await;
    let draft = Draft { body: line("https://example.org/a"), no_preview: true, ..Draft::default() };
    let part = &rig.connector.render(&rig.room, &draft)[0];
    let operation =
        Operation::Post { part, persona: None, reply_to: None, thread: None, files: &[], key: "k1" };
    let sent = rig.deliver(operation).await.unwrap().message;
    // Passed on, it is told as it was sent.
    let mut heard = rig.listen(None);
    heard.connected().await;
    let room = rig.room_id.to_string();
    rig.act(Act::Forward {
        person: "Ivo".into(),
        room: room.clone(),
        message: sent.id.to_string(),
        to: room,
    });
    let all = happened(&mut heard).await;
    assert!(matches!(&all[0].1, Event::Posted(message) if message.no_preview), "{all:?}");
}

#[tokio::test]
async fn a_command_can_be_about_a_message() {
    let rig = Rig::start().await;
    let mut heard = rig.listen(None);
    heard.connected().await;
    let copy = rig.post(line("a copy"), None).await.unwrap().message;
    for (text, ask) in [
        ("/relay delete", Ask::Delete { message: Some(copy.clone()) }),
        ("/relay who", Ask::Who { message: Some(copy.clone()) }),
        ("/relay trace", Ask::Trace { message: Some(copy.clone()) }),
    ] {
        rig.say("Hana", text, Some(copy.id.as_str()));
        assert_eq!(heard.call().await.ask, ask, "{text}");
    }
    rig.say("Hana", "/relay delete", None);
    assert_eq!(heard.call().await.ask, Ask::Delete { message: None });
}

//! Reactions, pins, threads and previews: C10, C16.

use crate::stage::Stage;
use relay_contract::{DeliverError, Emoji, Event, MessageRef, NativeId, Operation, Standing};
use stand_ins::people::{Act, SeenReaction};
use stand_ins::world::World;

fn react(message: &str, emoji: &str, on: bool) -> Act {
    Act::React {
        person: "Farid".into(),
        room: "general".into(),
        message: message.into(),
        emoji: emoji.into(),
        on,
    }
}

fn unicode(name: &str) -> Emoji {
    Emoji { name: name.into(), id: None }
}

#[tokio::test]
async fn reactions_of_people_and_of_relay() {
    let stage = Stage::new().await;
    let mut heard = stage.listening().await;
    let id = stage.say("hello", None);
    heard.envelope().await;
    let own = Emoji { name: "party_owl".into(), id: Some("party_owl".into()) };
    let mut versions = Vec::new();
    for (emoji, expected, added) in [
        ("👍", unicode("👍"), true),
        ("👋🏿", unicode("👋🏿"), true),
        (":party_owl:", own.clone(), true),
        ("👍", unicode("👍"), false),
        ("👍", unicode("👍"), true),
    ] {
        stage.act(react(&id, emoji, added));
        let envelope = heard.envelope().await;
        let author = envelope.author.clone().unwrap();
        assert_eq!((author.name.as_str(), author.standing), ("Farid", Standing::Person));
        versions.push(envelope.key());
        let Event::Reacted { target, emoji, added: was_added, .. } = envelope.event else { panic!() };
        assert_eq!((target.as_str(), emoji, was_added), (id.as_str(), expected, added));
    }
    versions.dedup();
    assert_eq!(versions.len(), 5, "each is told from the others");

    let target = MessageRef::plain(id.as_str());
    for emoji in [unicode("🎉"), own, Emoji { name: "hoot".into(), id: Some("123".into()) }] {
        let written = stage.connector.reaction(&stage.key(), &emoji).unwrap();
        for on in [true, true, false, false, true] {
            let done = stage.do_it(Operation::React { target: &target, emoji: &written, on }).await;
            assert_eq!(done.unwrap().message, target, "{written} {on}");
        }
    }
    let bot = stage.stand_ins.world.slack.bots[0].id.clone();
    let ours: Vec<_> = stage
        .seen(&id)
        .reactions
        .into_iter()
        .filter(|one| one.people.contains(&bot))
        .map(|one| one.emoji)
        .collect();
    assert_eq!(ours, [":party_owl:", "🎉", ":hoot:"]);
    assert_eq!(
        stage.seen(&id).reactions[0],
        SeenReaction {
            emoji: "👋🏿".into(), people: vec![stage.stand_ins.world.slack.people[1].id.clone()]
        }
    );
    // Relay's own come back as Relay's.
    assert_eq!(heard.envelope().await.author.unwrap().standing, Standing::Relay);
    for nobody_knows in [unicode("nobody_knows"), Emoji { name: "x".into(), id: Some("7".into()) }] {
        assert_eq!(stage.connector.reaction(&stage.key(), &nobody_knows), None);
    }
    let gone = MessageRef::plain("1600000000.000001");
    let done = stage.do_it(Operation::React { target: &gone, emoji: "tada", on: true }).await;
    assert_eq!(done, Err(DeliverError::TargetGone));
}

#[tokio::test]
async fn a_copy_of_relays_is_reacted_to_and_pinned() {
    let stage = Stage::new().await;
    let mut heard = stage.listening().await;
    let copy = stage.post("a copy").await.unwrap().message;
    heard.envelope().await;
    let id = copy.id.as_str();
    stage.act(react(id, "❤️", true));
    let Event::Reacted { target, .. } = heard.envelope().await.event else { panic!() };
    assert_eq!(target, copy.id);
    for on in [true, false] {
        stage.act(Act::Pin { person: "Elif".into(), room: "general".into(), message: id.into(), on });
        let envelope = heard.envelope().await;
        assert_eq!(envelope.author.clone().unwrap().name, "Elif");
        let Event::Pinned { target, on: is_on, .. } = envelope.event else { panic!() };
        assert_eq!((target, is_on), (copy.id.clone(), on));
    }
    for (on, twice) in [(true, true), (false, true)] {
        for _ in 0..1 + usize::from(twice) {
            let done = stage.do_it(Operation::Pin { target: &copy, on }).await.unwrap();
            assert_eq!(done.message, copy);
        }
        assert_eq!(stage.seen(id).pinned, on);
        assert_eq!(heard.envelope().await.author.unwrap().standing, Standing::Relay);
    }
}

#[tokio::test]
async fn without_the_rights() {
    let mut world = World::demo();
    let scopes = ["chat:write", "channels:history", "channels:read", "users:read"];
    world.slack.bots[0].may = Some(scopes.map(str::to_owned).into());
    let stage = Stage::with(world, |_| {}).await;
    let checked = stage.connector.preflight(&[]).await.unwrap();
    assert_eq!(stage.connector.reaction(&stage.key(), &unicode("👍")), None);
    let said: Vec<_> = checked.warnings.iter().map(|warning| warning.what.as_str()).collect();
    for scope in [
        "files:read",
        "files:write",
        "reactions:read",
        "reactions:write",
        "pins:read",
        "pins:write",
        "emoji:read",
    ] {
        assert!(said.iter().any(|what| what.contains(scope)), "{scope}: {said:?}");
    }
}

#[tokio::test]
async fn threads_are_there_without_being_opened() {
    let stage = Stage::new().await;
    let mut heard = stage.listening().await;
    let root = stage.say("a question", None);
    heard.envelope().await;
    let at = MessageRef::plain(root.as_str());
    let thread = stage.connector.thread_of(&stage.key(), &at).unwrap();
    assert_eq!(thread.as_str(), root);
    let opened = stage.do_it(Operation::Open { root: Some(&at), name: "a name" }).await.unwrap().message;
    assert_eq!((opened.id.as_str(), opened.thread.as_ref()), (root.as_str(), Some(&thread)));
    let alone = stage.do_it(Operation::Open { root: None, name: "a name" }).await.unwrap_err();
    assert!(alone.to_string().contains("hangs from a message"), "{alone}");
    let part = stage.parts("inside").remove(0);
    let inside = Operation::Post {
        part: &part,
        persona: None,
        reply_to: None,
        thread: Some(&thread),
        files: &[],
        key: "k1",
    };
    let receipt = stage.do_it(inside).await.unwrap();
    assert_eq!(receipt.message.thread.as_ref(), Some(&thread));
    assert_eq!(stage.seen(receipt.message.id.as_str()).thread.as_deref(), Some(root.as_str()));
    heard.envelope().await;
    // A message that stands in a thread hangs no other.
    assert_eq!(stage.connector.thread_of(&stage.key(), &receipt.message), Some(thread));
    let act = Act::Open {
        person: "Greta".into(),
        room: "general".into(),
        message: Some(root.clone()),
        name: String::new(),
        text: Some("me too".into()),
    };
    assert_eq!(stage.act(act), root);
    let Event::Posted(message) = heard.envelope().await.event else { panic!() };
    assert_eq!(message.thread.unwrap().root, Some(NativeId::from(root.as_str())));
    assert_eq!(stage.stand_ins.slack.threads("general").unwrap()[0].id, root);
}

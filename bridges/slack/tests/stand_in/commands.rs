//! `/relay` and the shortcuts, from a person's hands to an answer that nobody else sees: C4, C7, C8.

use crate::stage::Stage;
use relay_contract::{Answer, Ask, Call, DeliverError, MessageRef, NativeId, Offer};
use serde_json::json;
use stand_ins::faults::Kind;
use stand_ins::people::{Act, Refused, Seen};
use stand_ins::world::World;
use std::time::Duration;

fn said(text: &str) -> Answer {
    Answer::plain(text)
}

impl Stage {
    fn id_of(&self, person: &str) -> NativeId {
        let people = &self.stand_ins.world.slack.people;
        people.iter().find(|known| known.name == person).unwrap().id.as_str().into()
    }

    fn only_for(&self, person: &str) -> Vec<Seen> {
        let id = self.id_of(person);
        self.all_seen().into_iter().filter(|seen| seen.only_for.as_deref() == Some(id.as_str())).collect()
    }
}

#[tokio::test]
async fn a_command_is_answered_to_its_asker_alone() {
    let stage = Stage::new().await;
    let mut heard = stage.listening().await;
    let mut watched = stage.stand_ins.slack.watch();
    let label = stage.command("Farid", "/relay connect  lobby ");
    let call = heard.call().await;
    assert_eq!((&call.room, call.space.name.as_str()), (&stage.key(), "Studio"));
    assert_eq!((&call.asker.id, call.asker.name.as_str()), (&stage.id_of("Farid"), "Farid"));
    assert_eq!(call.ask, Ask::Connect { channel: "lobby".into(), sure: false });
    assert!((relay_contract::Timestamp::now().0 - call.at.0).abs() < 60_000, "{:?}", call.at);
    stage.acknowledged(&label).await;

    stage.connector.answer(&call, &said("ask <them> @everyone")).await.unwrap();
    let seen = stage.only_for("Farid");
    assert_eq!((seen.len(), seen[0].text.as_str()), (1, "ask &lt;them&gt; @everyone"));
    assert!(seen[0].by_bot && seen[0].pinged.is_empty(), "{seen:?}");
    assert_eq!(watched.recv().await.unwrap().message, seen[0]);
    assert!(stage.all_seen().iter().all(|seen| seen.only_for.is_some()), "nobody else sees anything");
    // It is no event either.
    heard.nothing_for(Duration::from_millis(300)).await;
}

#[tokio::test]
async fn acknowledged_only_after_accept() {
    let stage = Stage::new().await;
    let mut heard = stage.listening().await;
    heard.gate.forget_permits(1_000);
    let label = stage.command("Farid", "/relay status");
    assert_eq!(heard.call().await.ask, Ask::Status);
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(stage.stand_ins.slack.acknowledged().is_empty());
    heard.gate.add_permits(1);
    stage.acknowledged(&label).await;
    heard.refuse();
    let refused = stage.command("Farid", "/relay status");
    assert_eq!(heard.ended().await, Ok(()));
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!stage.stand_ins.slack.acknowledged().contains(&refused));
}

#[tokio::test]
async fn a_shortcut_in_a_thread_is_answered_there() {
    let stage = Stage::new().await;
    let root = stage.say("a question", None);
    let inside = stage.say("in the thread", Some(&root));
    let mut heard = stage.listening().await;
    let in_thread = MessageRef::plain(inside.as_str()).within(Some(root.as_str().into()));
    let cases = [
        ("relay_help", &inside, Ask::Help, Some(root.clone())),
        ("relay_status", &root, Ask::Status, None),
        ("relay_who", &inside, Ask::Who { message: Some(in_thread) }, Some(root.clone())),
        ("relay_delete", &root, Ask::Delete { message: Some(MessageRef::plain(root.as_str())) }, None),
    ];
    for (at, (callback_id, message, ask, thread)) in cases.into_iter().enumerate() {
        let label = stage.command("Greta", &format!("shortcut:{callback_id} {message}"));
        let call = heard.call().await;
        assert_eq!((&call.ask, call.asker.name.as_str(), &call.room), (&ask, "Greta", &stage.key()));
        stage.acknowledged(&label).await;
        stage.connector.answer(&call, &said("here")).await.unwrap();
        let seen = stage.only_for("Greta");
        assert_eq!((seen.len(), &seen[at].reply_to), (at + 1, &thread), "{callback_id}");
    }
    stage.command("Greta", &format!("shortcut:somebody_elses {root}"));
    assert_eq!(
        stage.connector.translate(&heard.raw().await),
        relay_contract::Translation::Ignored("unknown shortcut")
    );
}

#[tokio::test]
async fn a_response_url_that_is_used_up_leaves_another_way() {
    let stage = Stage::new().await;
    let mut heard = stage.listening().await;
    stage.command("Farid", "/relay help");
    let call = heard.call().await;
    // Five are taken there; the others go by `chat.postEphemeral`.
    for at in 1..=7 {
        stage.connector.answer(&call, &said(&format!("{at}"))).await.unwrap();
    }
    let texts: Vec<_> = stage.only_for("Farid").into_iter().map(|seen| seen.text).collect();
    assert_eq!(texts, ["1", "2", "3", "4", "5", "6", "7"]);
    // Which needs the app in the channel.
    stage.act(Act::Kick { bot: "Relay".into(), room: "general".into() });
    let refused = stage.connector.answer(&call, &said("8")).await.unwrap_err();
    assert!(
        matches!(&refused, DeliverError::Forbidden(problem) if problem.fix.contains("/invite")),
        "{refused}"
    );
}

#[tokio::test]
async fn an_answer_in_parts() {
    let stage = Stage::new().await;
    let mut heard = stage.listening().await;
    stage.command("Farid", "/relay help");
    let call = heard.call().await;
    stage.connector.answer(&call, &said(&"word ".repeat(1_500))).await.unwrap();
    let arrived: Vec<_> = stage.only_for("Farid").into_iter().map(|seen| seen.text).collect();
    assert!(arrived.len() >= 2, "{}", arrived.len());
    assert_eq!(arrived.join(" ").split_whitespace().count(), 1_500);
}

#[tokio::test]
async fn what_went_wrong_with_an_answer() {
    let stage = Stage::new().await;
    let mut heard = stage.listening().await;
    let cases = [
        // Certainly not shown: the other way is taken.
        (Kind::ServerError, true, 1),
        (Kind::CutAfter, false, 1),
        (Kind::RateLimit, false, 0),
    ];
    for (kind, well, shown) in cases {
        stage.command("Farid", "/relay help");
        let call = heard.call().await;
        let before = stage.only_for("Farid").len();
        stage.fault(kind, Some("/commands/"));
        let answered = stage.connector.answer(&call, &said("hello")).await;
        assert_eq!((answered.is_ok(), stage.only_for("Farid").len() - before), (well, shown), "{kind:?}");
        if let Err(error) = answered {
            let secret = call.reply["response_url"].as_str().unwrap().rsplit('/').next().unwrap();
            assert!(!format!("{error} {error:?}").contains(secret), "{error:?}");
            match error {
                DeliverError::RateLimited { .. } => assert_eq!(kind, Kind::RateLimit),
                error => assert!(matches!(error, DeliverError::Unsure(_)), "{error}"),
            }
        }
    }
}

/// Whoever could forge a payload gets nothing sent to a place of their own.
#[tokio::test]
async fn a_response_url_elsewhere_is_not_used() {
    let stage = Stage::new().await;
    stage.connector.preflight(&[]).await.unwrap();
    let elsewhere = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/commands/T1/1/x", elsewhere.local_addr().unwrap());
    let call = call(&stage, "Farid", json!({ "response_url": url }));
    stage.connector.answer(&call, &said("hello")).await.unwrap();
    assert_eq!(stage.only_for("Farid").len(), 1);
    let nobody = tokio::time::timeout(Duration::from_millis(200), elsewhere.accept()).await;
    assert!(nobody.is_err(), "{nobody:?}");
}

fn call(stage: &Stage, person: &str, reply: serde_json::Value) -> Call {
    Call {
        room: stage.key(),
        space: relay_contract::SpaceRef { id: stage.key().network, name: "Studio".into() },
        asker: relay_contract::Asker { id: stage.id_of(person), name: person.into() },
        locale: None,
        ask: Ask::Help,
        at: relay_contract::Timestamp::now(),
        message: None,
        reply,
    }
}

#[tokio::test]
async fn who_may_manage() {
    let mut world = World::demo();
    // Elif created the channels, Farid is an admin.
    (world.slack.people[0].manages, world.slack.people[1].manages) = (false, true);
    let stage = Stage::with(world, |_| {}).await;
    let ask = |call: Call| {
        let connector = stage.connector.clone();
        async move { connector.may_manage(&call).await }
    };
    let early = ask(call(&stage, "Farid", json!({}))).await;
    assert!(matches!(early, Err(DeliverError::Unavailable(_))), "{early:?}");
    stage.connector.preflight(&[]).await.unwrap();
    for (person, expected) in [("Elif", true), ("Farid", true), ("Greta", false)] {
        assert_eq!(ask(call(&stage, person, json!({}))).await, Ok(expected), "{person}");
    }
    let mut stranger = call(&stage, "Greta", json!({}));
    stranger.asker.id = "U0NOBODY".into();
    assert_eq!(ask(stranger).await, Ok(false));
    // A channel that Relay cannot see: an admin may all the same, its creator cannot be told.
    for (person, expected) in [("Farid", true), ("Elif", false)] {
        let mut unseen = call(&stage, person, json!({}));
        unseen.room.room = "C0NOWHERE".into();
        assert_eq!(ask(unseen).await, Ok(expected), "{person}");
    }
    let slow = stand_ins::faults::Fault {
        kind: Kind::Slow,
        times: 1,
        only: Some("users.info".into()),
        seconds: 10.0,
    };
    stage.stand_ins.slack.fault(slow).unwrap();
    let begun = std::time::Instant::now();
    assert!(ask(call(&stage, "Farid", json!({}))).await.is_err());
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_token_without_the_scope() {
    let mut world = World::demo();
    let scopes = ["chat:write", "channels:history", "channels:read", "users:read"];
    world.slack.bots[0].may = Some(scopes.map(str::to_owned).into());
    let stage = Stage::with(world, |_| {}).await;
    let found = stage.connector.preflight(&[]).await.unwrap();
    assert!(found.warnings.iter().any(|warning| warning.what.contains("`commands`")), "{:?}", found.warnings);
    let act = Act::Command { person: "Elif".into(), room: "general".into(), text: "/relay help".into() };
    assert!(matches!(stage.stand_ins.slack.act(act), Err(Refused::Impossible(_))));
}

#[tokio::test]
async fn a_click_on_a_button_is_a_command_of_whoever_clicks() {
    let stage = Stage::new().await;
    let root = stage.say("a question", None);
    let inside = stage.say("in the thread", Some(&root));
    let mut heard = stage.listening().await;
    stage.command("Greta", &format!("shortcut:relay_help {inside}"));
    let call = heard.call().await;
    let offer = |label: &str, words: &str| Offer { label: label.into(), words: words.into(), grave: true };
    let offers = vec![offer("Join lobby", "connect lobby yes"), offer("Too long", &"x".repeat(2_001))];
    let text = relay_contract::Text::plain(&"word ".repeat(1_500));
    stage.connector.answer(&call, &Answer { text, offers }).await.unwrap();
    let seen = stage.only_for("Greta");
    let buttons: Vec<usize> = seen.iter().map(|it| it.buttons.len()).collect();
    assert_eq!(buttons, [0, 1], "below the last part, and only what Slack takes");
    assert!(seen[1].buttons[0].grave && seen[1].text.contains("word"), "{:?}", seen[1]);
    let click = |person: &str| {
        stage.stand_ins.slack.act(Act::Click {
            person: person.into(),
            room: "general".into(),
            message: seen[1].id.clone(),
            button: "Join lobby".into(),
        })
    };
    assert!(click("Farid").is_err(), "nobody else sees it");
    let label = click("Greta").unwrap();
    let call = heard.call().await;
    assert_eq!(call.ask, Ask::Connect { channel: "lobby".into(), sure: true });
    assert_eq!((&call.room, &call.asker.id), (&stage.key(), &stage.id_of("Greta")));
    assert_eq!(call.locale.as_deref(), Some("en-US"));
    stage.acknowledged(&label).await;
    assert_eq!(stage.connector.may_manage(&call).await, Ok(false), "a click gives no right");
    stage.connector.answer(&call, &said("no")).await.unwrap();
    let last = stage.only_for("Greta").pop().unwrap();
    assert_eq!((last.text.as_str(), last.reply_to, last.buttons.len()), ("no", Some(root.to_string()), 0));
}

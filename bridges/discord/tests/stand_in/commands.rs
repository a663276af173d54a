//! `/relay`, given by people of the stand-in.

use crate::rig::{Heard, OFFERED, Rig, TOKEN, eventually, open};
use relay_contract::{Answer, Ask, Call, DeliverError, NativeId, Offer, RoomKey, Text, Translation};
use stand_ins::faults::Kind;
use stand_ins::people::Act;
use stand_ins::world::World;
use std::time::{Duration, Instant};

fn answer(text: &str) -> Answer {
    Answer::plain(text)
}

/// Listening, with the command offered.
async fn offered() -> (Rig, Heard) {
    let rig = Rig::ready().await;
    let mut heard = rig.listen(None);
    heard.connected().await;
    let id = rig.first_command("Ada", "/relay help").await;
    rig.shown(&id).await;
    let help = heard.call().await;
    assert_eq!(help.ask, Ask::Help);
    (rig, heard)
}

async fn given(rig: &Rig, heard: &mut Heard, person: &str, text: &str) -> (relay_contract::NativeId, Call) {
    let id = rig.command(person, text);
    (id, heard.call().await)
}

#[tokio::test]
async fn a_command_is_heard_and_answered_to_its_asker_only() {
    let (rig, mut heard) = offered().await;
    let (id, call) = given(&rig, &mut heard, "Ada", "/relay connect lobby yes").await;
    assert_eq!(call.room, rig.room);
    assert_eq!(call.space.name, "Night Owls");
    assert_eq!(
        (call.asker.name.as_str(), call.ask.clone()),
        ("Ada", Ask::Connect { channel: "lobby".into(), sure: true })
    );
    assert!(rig.connector.may_manage(&call).await.unwrap());
    rig.connector.answer(&call, &answer("*Joined* @everyone")).await.unwrap();
    let seen = rig.seen(&id);
    let ada = &rig.world.world.discord.people[0].id;
    assert_eq!((seen.author.as_str(), seen.only_for.as_ref()), ("Relay", Some(ada)));
    assert_eq!((seen.text.as_str(), seen.pinged.len()), (r"\*Joined\* @everyone", 0));
    // Its own answer does not come back, and the next thing that does is the next thing said.
    rig.say("Ada", "thanks", None);
    heard.next().await;
    heard.stop().await.unwrap();
}

#[tokio::test]
async fn who_may_not_manage_the_room_is_told_apart_and_offered_nothing() {
    let (rig, mut heard) = offered().await;
    for (person, manages, proposals) in
        [("Ada", true, OFFERED[..2].join("\n")), ("Bruno", false, String::new())]
    {
        let (_, call) = given(&rig, &mut heard, person, "/relay status").await;
        assert_eq!(rig.connector.may_manage(&call).await, Ok(manages), "{person}");
        let typing = rig.command(person, "/relay connect lo\t");
        assert_eq!(rig.shown(&typing).await.text, proposals, "{person}");
        // What the room is not joined to cannot be left.
        let typing = rig.command(person, "/relay disconnect lo\t");
        assert_eq!(rig.shown(&typing).await.text, if manages { "lounge" } else { "" }, "{person}");
    }
    // What is only being typed is not handed up.
    rig.say("Ada", "hello", None);
    heard.next().await;
    heard.stop().await.unwrap();
}

/// The next command, past the news of threads.
async fn next_call(rig: &Rig, heard: &mut Heard) -> Call {
    loop {
        let raw = heard.raw().await;
        match rig.connector.translate(&raw) {
            Translation::Command(call) => return call,
            Translation::Ignored(_) | Translation::Room(_) => {}
            other => panic!("{other:?}"),
        }
    }
}

/// A command in a thread is about the channel, where that is linked; where it is not, about the thread.
#[tokio::test]
async fn a_command_in_a_thread_is_about_the_room_that_it_belongs_to() {
    let (rig, mut heard) = offered().await;
    let other = NativeId::from(rig.world.world.discord.spaces[0].rooms[1].id.as_str());
    rig.connector.linked(std::slice::from_ref(&rig.room_id));
    for (parent, belongs) in [(&rig.room_id, true), (&other, false)] {
        let (person, room, name) = ("Ada".to_owned(), parent.to_string(), "owls".to_owned());
        let thread = rig.act(Act::Open { person, room, message: None, name, text: None });
        let thread_key = RoomKey { room: thread.as_str().into(), ..rig.room.clone() };
        let expected = if belongs { rig.room.clone() } else { thread_key };
        let (person, room, text) = ("Ada".to_owned(), thread.clone(), "/relay status".to_owned());
        let message = rig.act(Act::Command { person, room, text });
        let call = next_call(&rig, &mut heard).await;
        assert_eq!((&call.room, call.ask.clone()), (&expected, Ask::Status), "{belongs}");
        assert_eq!(rig.connector.may_manage(&call).await, Ok(true), "{belongs}");
        let offers = vec![Offer { label: "Again".into(), words: "status".into(), grave: false }];
        rig.connector.answer(&call, &Answer { offers, ..answer("here") }).await.unwrap();
        let (person, room, button) = ("Ada".to_owned(), thread.clone(), "Again".to_owned());
        rig.act(Act::Click { person, room, message, button });
        assert_eq!(next_call(&rig, &mut heard).await.room, expected, "{belongs}");
    }
    heard.stop().await.unwrap();
}

/// C25: of somebody who gave a sign.
#[tokio::test]
async fn who_manages_a_room_is_asked_without_a_command() {
    let mut world = World::demo();
    // The first owns the guild; these have a role in it.
    for person in [1, 3] {
        world.discord.people[person].manages = true;
    }
    let rig = Rig::of(world).await;
    rig.preflight().await;
    let (room, people) = (rig.room_id.to_string(), &rig.world.world.discord.people);
    let asked = async |room: &RoomKey, person: &str| rig.connector.manages_room(room, &person.into()).await;
    let id = |person: usize| people[person].id.as_str();
    let before = asked(&rig.room, id(3)).await;
    rig.act(Act::Leave { person: id(3).into(), room: room.clone() });
    for (who, person, manages) in [
        ("the owner", id(0), true),
        ("a manager", id(1), true),
        ("an ordinary member", id(2), false),
        ("a manager who has left", id(3), false),
        ("a stranger", "4242", false),
        ("no number", "U042", false),
    ] {
        assert_eq!(asked(&rig.room, person).await, Ok(manages), "{who}");
    }
    assert_eq!(before, Ok(true), "they had not left yet");
    // In a thread that is linked by itself it is the channel's right.
    let (person, name, text) = (id(2).to_owned(), "owls".to_owned(), None);
    let thread = rig.act(Act::Open { person, room, message: None, name, text });
    let thread = RoomKey { room: thread.as_str().into(), ..rig.room.clone() };
    assert_eq!((asked(&thread, id(1)).await, asked(&thread, id(2)).await), (Ok(true), Ok(false)));
    // In doubt it is not a yes.
    rig.fault(Kind::ServerError, "/members/", 1.0);
    assert!(matches!(asked(&rig.room, id(0)).await, Err(DeliverError::Unavailable(_))));
    rig.fault(Kind::CutAfter, "/members/", 1.0);
    assert!(matches!(asked(&rig.room, id(0)).await, Err(DeliverError::Unavailable(_))));
    rig.kick();
    assert!(matches!(asked(&rig.room, id(0)).await, Err(DeliverError::Forbidden(_))));
}

#[tokio::test]
async fn the_command_is_registered_once_and_others_are_left_alone() {
    let rig = Rig::ready().await;
    let path = format!("/applications/{}/commands", rig.world.world.discord.bots[0].id);
    let old = r#"[{"name":"other","description":"Other"},{"name":"relay","description":"Old"}]"#;
    let before = rig.rest("PUT", &path, old).await;
    let mut versions = Vec::new();
    for _ in 0..2 {
        let mut heard = rig.listen(None);
        heard.connected().await;
        rig.first_command("Ada", "/relay status").await;
        heard.call().await;
        // As often as it would be registered again.
        tokio::time::sleep(Duration::from_millis(200)).await;
        heard.stop().await.unwrap();
        let there = rig.rest("GET", &path, "").await;
        // With the three of a message's menu.
        assert_eq!((there.as_array().unwrap().len(), &there[0]), (5, &before[0]));
        assert_eq!((&there[1]["id"], &there[1]["dm_permission"]), (&before[1]["id"], &false.into()));
        assert!(there[1].get("description_localizations").is_none(), "told only to whoever asks for them");
        let all = rig.rest("GET", &format!("{path}?with_localizations=true"), "").await;
        let german = |place: &str| all[1].pointer(place).unwrap().as_str().unwrap().to_owned();
        assert_eq!(german("/description_localizations/de"), "Join (de)");
        assert_eq!(german("/options/2/description_localizations/de"), "a part (de)");
        assert_eq!(german("/options/2/options/0/description_localizations/de"), "an option (de)");
        versions.push(there[1]["version"].clone());
    }
    assert_eq!(versions[0], versions[1]);
    assert_ne!(versions[0], before[1]["version"]);
}

/// Listening goes on, and `preflight` tells.
#[tokio::test]
async fn a_command_that_cannot_be_registered_is_a_warning() {
    let rig = Rig::ready().await;
    rig.fault(Kind::ServerError, "/commands", 1.0);
    let mut heard = rig.listen(None);
    heard.connected().await;
    rig.say("Ada", "hello", None);
    heard.next().await;
    let warnings = async || rig.connector.preflight(&[]).await.unwrap().warnings;
    let mut told = warnings().await;
    for _ in 0..100 {
        if !told.is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
        told = warnings().await;
    }
    assert_eq!(told.len(), 1);
    assert!(
        told[0].what.contains("`/relay` is not offered") && told[0].fix.contains("tried again"),
        "{told:?}"
    );
    heard.stop().await.unwrap();
    let mut heard = rig.listen(None);
    rig.first_command("Ada", "/relay status").await;
    heard.call().await;
    // The commands of messages' menus come after it.
    crate::rig::patiently(async {
        while !warnings().await.is_empty() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    heard.stop().await.unwrap();
}

/// Within Discord's three seconds, although nothing is taken from the reader.
#[tokio::test]
async fn the_first_answer_does_not_wait_for_other_events() {
    let (rig, heard) = offered().await;
    heard.stop().await.unwrap();
    let mut heard = rig.listen_slowly(0);
    heard.connected().await;
    for number in 0..100 {
        rig.say("Ada", &number.to_string(), None);
    }
    eventually(|| heard.begun() == 64).await;
    let begun = Instant::now();
    let id = rig.command("Ada", "/relay status");
    assert_eq!(rig.shown(&id).await.text, "");
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
    heard.permit(1_000);
    for _ in 0..100 {
        heard.next().await;
    }
    let call = heard.call().await;
    rig.connector.answer(&call, &answer("late, but here")).await.unwrap();
    assert_eq!(rig.seen(&id).text, "late, but here");
    heard.stop().await.unwrap();
}

#[tokio::test]
async fn an_answer_waits_for_the_first_and_a_lost_first_ends_it() {
    let (rig, mut heard) = offered().await;
    rig.fault(Kind::Slow, "/callback", 0.5);
    let (id, call) = given(&rig, &mut heard, "Ada", "/relay status").await;
    assert!(rig.all().iter().all(|message| message.id != id.as_str()), "not slow");
    rig.connector.answer(&call, &answer("fine")).await.unwrap();
    assert_eq!(rig.seen(&id).text, "fine");
    rig.fault(Kind::ServerError, "/callback", 1.0);
    let (_, call) = given(&rig, &mut heard, "Ada", "/relay status").await;
    let lost = |told: Result<(), DeliverError>| matches!(told, Err(DeliverError::Rejected(_)));
    // Nothing is done for somebody who was told that it failed.
    assert!(lost(rig.connector.may_manage(&call).await.map(drop)));
    assert!(lost(rig.connector.answer(&call, &answer("fine")).await));
    heard.stop().await.unwrap();
}

#[tokio::test]
async fn a_long_answer_comes_in_parts_and_has_an_end() {
    let (rig, mut heard) = offered().await;
    for (lines, messages) in [(100, 2), (600, 5)] {
        let before = rig.all().len();
        let (id, call) = given(&rig, &mut heard, "Ada", "/relay status").await;
        let text: Vec<String> = (0..lines).map(|n| format!("line {n} of what there is to be said")).collect();
        rig.connector.answer(&call, &answer(&text.join("\n"))).await.unwrap();
        let shown = rig.all().split_off(before);
        assert_eq!((shown.len(), shown[0].id.as_str()), (messages, id.as_str()), "{lines}");
        assert!(shown.iter().all(|message| message.only_for.is_some()), "{lines}");
        let last = &shown.last().unwrap().text;
        assert_eq!(last.contains("too long to be shown"), lines == 600, "{last}");
    }
    heard.stop().await.unwrap();
}

/// C16 for answers: after a restart the call's own words are enough.
#[tokio::test]
async fn an_answer_after_a_restart_and_one_to_a_strangers_command() {
    let (rig, mut heard) = offered().await;
    let (id, mut call) = given(&rig, &mut heard, "Ada", "/relay status").await;
    rig.shown(&id).await;
    heard.stop().await.unwrap();
    let urls = (rig.world.discord.api_url(), rig.world.discord.gateway_url());
    let anew = open(&urls.0, urls.1.as_deref(), TOKEN);
    anew.answer(&call, &answer("still here")).await.unwrap();
    assert_eq!(rig.seen(&id).text, "still here");
    call.reply["token"] = "wrong".into();
    let told = anew.answer(&call, &answer("x")).await;
    assert!(matches!(told, Err(DeliverError::Rejected(_))), "{told:?}");
    call.reply = serde_json::json!({ "response_url": "https://slack.example" });
    call.room = RoomKey::new(relay_contract::Platform::new("slack"), "T1", "C1");
    assert!(matches!(anew.answer(&call, &answer("x")).await, Err(DeliverError::Rejected(_))));
    assert!(anew.may_manage(&call).await.is_err());
}

#[tokio::test]
async fn a_click_on_a_button_is_a_command_of_whoever_clicks() {
    let (rig, mut heard) = offered().await;
    let (_, call) = given(&rig, &mut heard, "Bruno", "/relay connect lobby").await;
    let offer = |label: &str, words: &str| Offer { label: label.into(), words: words.into(), grave: true };
    let offers = vec![offer("Join lobby", "connect lobby yes"), offer("Too long", &"x".repeat(200))];
    let text: Vec<String> = (0..100).map(|n| format!("line {n} of what there is to be said")).collect();
    let text = Text::plain(&text.join("\n"));
    rig.connector.answer(&call, &Answer { text, offers }).await.unwrap();
    let bruno = rig.world.world.discord.people[1].id.clone();
    let shown: Vec<_> =
        rig.all().into_iter().filter(|it| it.only_for.as_deref() == Some(bruno.as_str())).collect();
    let buttons: Vec<Vec<&str>> =
        shown.iter().map(|it| it.buttons.iter().map(|button| button.label.as_str()).collect()).collect();
    assert_eq!(buttons, [vec![], vec!["Join lobby"]], "below the last part, and only what Discord takes");
    assert!(shown[1].buttons[0].grave);
    let click = |person: &str| {
        let (room, message) = (rig.room_id.to_string(), shown[1].id.clone());
        rig.world.discord.act(Act::Click {
            person: person.into(),
            room,
            message,
            button: "Join lobby".into(),
        })
    };
    assert!(click("Ada").is_err(), "nobody else sees it");
    let id = relay_contract::NativeId::from(click("Bruno").unwrap());
    // Acknowledged at once, and to whoever clicked alone.
    assert_eq!(rig.shown(&id).await.only_for.as_ref(), Some(&bruno));
    let raw = heard.raw().await;
    assert!(raw.payload.pointer("/d/message").is_none(), "the answer itself is not kept");
    let relay_contract::Translation::Command(call) = rig.connector.translate(&raw) else {
        panic!("no command")
    };
    assert_eq!(call.ask, Ask::Connect { channel: "lobby".into(), sure: true });
    assert_eq!((call.room.clone(), call.asker.name.as_str()), (rig.room.clone(), "Bruno"));
    assert_eq!(rig.connector.may_manage(&call).await, Ok(false), "a click gives no right");
    rig.connector.answer(&call, &answer("no")).await.unwrap();
    assert_eq!((rig.seen(&id).text.as_str(), rig.seen(&id).buttons.len()), ("no", 0));
    heard.stop().await.unwrap();
}

//! `/relay`, from the menu to the answer.

use crate::rig::{Rig, TOKEN, eventually, line};
use relay_contract::{Answer, Ask, Call, DeliverError, Offer};
use serde_json::{Value, json};
use stand_ins::faults::Kind;
use std::time::{Duration, Instant};

async fn method(rig: &Rig, name: &str, body: Value) -> Value {
    let url = format!("{}/bot{TOKEN}/{name}", rig.world.telegram.api_url());
    let answer: Value =
        reqwest::Client::new().post(url).json(&body).send().await.unwrap().json().await.unwrap();
    answer["result"].clone()
}

async fn menu(rig: &Rig) -> Vec<String> {
    let menu = method(rig, "getMyCommands", json!({})).await;
    menu.as_array().unwrap().iter().map(|c| format!("{} {}", c["command"], c["description"])).collect()
}

#[tokio::test]
async fn the_menu_offers_the_command() {
    let command = |name: &str, says: &str| json!({ "command": name, "description": says });
    let cases = [
        (vec![], vec![r#""relay" "Join"#]),
        (vec![command("start", "Go")], vec![r#""start" "Go""#, r#""relay" "Join"#]),
        (
            vec![command("relay", "Mine"), command("start", "Go")],
            vec![r#""relay" "Mine""#, r#""start" "Go""#],
        ),
    ];
    for (before, expected) in cases {
        let rig = Rig::start().await;
        method(&rig, "setMyCommands", json!({ "commands": before })).await;
        let mut heard = rig.listen(None);
        heard.connected().await;
        let mut now = menu(&rig).await;
        for _ in 0..100 {
            if now.len() == expected.len() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
            now = menu(&rig).await;
        }
        assert_eq!(now.len(), expected.len(), "{before:?}: {now:?}");
        let alike = now.iter().zip(&expected).all(|(now, expected)| now.starts_with(expected));
        assert!(alike, "{before:?}: {now:?}");
        // Whoever speaks German sees the same there, and ours in German.
        let german = async || {
            let menu = method(&rig, "getMyCommands", json!({ "language_code": "de" })).await;
            menu.as_array().unwrap().iter().map(|it| it["description"].to_string()).collect::<Vec<_>>()
        };
        let mut expected: Vec<_> = before.iter().map(|it| it["description"].to_string()).collect();
        expected.retain(|description| description != r#""Mine""#);
        expected.push(r#""Verbinden""#.to_owned());
        crate::rig::patiently(async {
            while german().await != expected {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        })
        .await;
    }
}

#[tokio::test]
async fn a_menu_that_cannot_be_set_stops_nothing() {
    for kind in [Kind::ServerError, Kind::CutAfter, Kind::Slow] {
        let rig = Rig::start().await;
        rig.fault(kind, "getMyCommands", 20.0);
        let mut heard = rig.listen(None);
        heard.connected().await;
        rig.say("Hana", "heard", None);
        assert_eq!(heard.words().await, "heard", "{kind:?}");
    }
}

#[tokio::test]
async fn a_command_comes_up_and_no_message() {
    let rig = Rig::with(|bot| bot.may = Some(Vec::new())).await;
    rig.connector.preflight(&[]).await.unwrap();
    let mut heard = rig.listen(None);
    let connect = Ask::Connect { channel: "lobby".into(), sure: false };
    for (text, ask) in [
        ("/relay", Ask::Help),
        ("/relay connect lobby", connect.clone()),
        ("/relay@Relay_Bot connect lobby", connect),
    ] {
        let id = rig.command("Ivo", None, text);
        let call = heard.call().await;
        assert_eq!((call.ask, call.room, call.asker.name.as_str()), (ask, rig.room.clone(), "Ivo"), "{text}");
        rig.edit("Ivo", &id, "/relay disconnect");
        let edited = heard.meaning().await;
        assert_eq!(edited, relay_contract::Translation::Ignored("edited command"));
    }
    let rig = Rig::start().await;
    rig.connector.preflight(&[]).await.unwrap();
    let mut heard = rig.listen(None);
    rig.command("Ivo", None, "/relay@other_bot help");
    assert_eq!(heard.words().await, "/relay@other_bot help");
}

async fn called(rig: &Rig, person: &str, room: Option<&str>) -> Call {
    let mut heard = rig.listen(None);
    rig.command(person, room, "/relay status");
    let call = heard.call().await;
    eventually(|| !rig.world.telegram.acknowledged().is_empty()).await;
    call
}

#[tokio::test]
async fn who_may_manage() {
    for (person, room, may) in [("Hana", None, true), ("Ivo", None, false), ("Hana", Some("Relay"), false)] {
        let rig = Rig::start().await;
        let call = called(&rig, person, room).await;
        assert_eq!(rig.connector.may_manage(&call).await, Ok(may), "{person} {room:?}");
    }
    let rig = Rig::start().await;
    let call = called(&rig, "Hana", None).await;
    for (kind, seconds) in [(Kind::Slow, 20.0), (Kind::ServerError, 1.0), (Kind::CutAfter, 1.0)] {
        rig.fault(kind, "getChatMember", seconds);
        let began = Instant::now();
        let told = rig.connector.may_manage(&call).await;
        assert!(matches!(told, Err(DeliverError::Unavailable(_))), "{kind:?}: {told:?}");
        assert!(began.elapsed() < Duration::from_secs(4), "{kind:?}");
    }
}

fn texts(rig: &Rig, room: &str) -> Vec<(String, Option<String>)> {
    let all = rig.world.telegram.messages(room).unwrap_or_default();
    all.into_iter().filter(|seen| seen.by_bot).map(|seen| (seen.text, seen.reply_to)).collect()
}

#[tokio::test]
async fn an_answer_goes_to_the_asker_alone_where_it_can() {
    let answer = Answer { text: line("joined to lobby @hana"), offers: Vec::new() };
    let shown = "joined to lobby @\u{2060}hana";
    for (before, in_private) in [("nothing", false), ("started", true), ("blocked", false)] {
        let rig = Rig::start().await;
        let hana = rig.world.world.telegram.people[0].id.clone();
        if before != "nothing" {
            rig.command("Hana", Some("Relay"), "/start");
        }
        if before == "blocked" {
            rig.act(stand_ins::people::Act::Kick { bot: "Relay".into(), room: hana.clone() });
        }
        let mut heard = rig.listen(None);
        let asked = rig.command("Hana", None, "/relay status");
        let call = loop {
            if let relay_contract::Translation::Command(call) = heard.meaning().await {
                break call;
            }
        };
        rig.connector.answer(&call, &answer).await.unwrap();
        let (private, group) = (texts(&rig, &hana), texts(&rig, rig.room_id.as_str()));
        let expected = match in_private {
            // There nothing else says which group it is about.
            true => (vec![(format!("{}:\n{shown}", call.space.name), None)], vec![]),
            false => (vec![], vec![(shown.to_owned(), Some(asked))]),
        };
        assert_eq!((private, group), expected, "{before}");
    }
}

#[tokio::test]
async fn an_answer_in_a_private_chat_stays_there() {
    let rig = Rig::start().await;
    let call = called(&rig, "Hana", Some("Relay")).await;
    rig.connector.answer(&call, &Answer { text: line("help"), offers: Vec::new() }).await.unwrap();
    assert_eq!(texts(&rig, &rig.world.world.telegram.people[0].id).len(), 1);
}

#[tokio::test]
async fn a_long_answer_is_cut_and_says_so() {
    let rig = Rig::start().await;
    let call = called(&rig, "Hana", None).await;
    for (words, parts, cut) in [(4_000, 5, false), (8_000, 5, true)] {
        let before = texts(&rig, rig.room_id.as_str()).len();
        let text = line(&"word ".repeat(words));
        rig.connector.answer(&call, &Answer { text, offers: Vec::new() }).await.unwrap();
        let all = texts(&rig, rig.room_id.as_str());
        assert_eq!(all.len() - before, parts, "{words}");
        assert_eq!(all.last().unwrap().0.contains("too long"), cut, "{words}");
    }
}

/// C15: an answer that failed says whether it was given.
#[tokio::test]
async fn a_failed_answer_says_so() {
    let rig = Rig::start().await;
    let call = called(&rig, "Hana", None).await;
    let answer = Answer { text: line("help"), offers: Vec::new() };
    rig.fault(Kind::CutAfter, "sendMessage", 1.0);
    assert!(matches!(rig.connector.answer(&call, &answer).await, Err(DeliverError::Unsure(_))));
    rig.kick();
    assert!(matches!(rig.connector.answer(&call, &answer).await, Err(DeliverError::Forbidden(_))));
}

/// An answer with buttons: what people see of it, in the group and in the asker's private chat.
#[tokio::test]
async fn a_click_on_a_button_is_a_command_of_whoever_clicks() {
    for private in [false, true] {
        let rig = Rig::start().await;
        rig.connector.preflight(&[]).await.unwrap();
        let hana = rig.world.world.telegram.people[0].id.clone();
        let mut heard = rig.listen(None);
        let mut call = async || loop {
            if let relay_contract::Translation::Command(call) = heard.meaning().await {
                break call;
            }
        };
        if private {
            rig.command("Hana", Some("Relay"), "/start");
        }
        rig.command("Hana", None, "/relay connect lobby");
        let asked = call().await;
        let offer =
            |label: &str, words: &str| Offer { label: label.into(), words: words.into(), grave: true };
        let offers = vec![offer("Join lobby", "connect lobby yes"), offer("Too long", &"x".repeat(60))];
        let text = line(&"word ".repeat(1_000));
        rig.connector.answer(&asked, &Answer { text, offers }).await.unwrap();
        let room = if private { hana.clone() } else { rig.room_id.to_string() };
        let shown = rig.world.telegram.messages(&room).unwrap();
        let shown: Vec<_> = shown.iter().filter(|seen| seen.by_bot).collect();
        let buttons: Vec<usize> = shown.iter().map(|it| it.buttons.len()).collect();
        assert_eq!(buttons, [0, 1], "below the last part, and only what Telegram takes");
        let click = |person: &str| {
            rig.act(stand_ins::people::Act::Click {
                person: person.into(),
                room: room.clone(),
                message: shown[1].id.clone(),
                button: "Join lobby".into(),
            })
        };
        // In a group everybody sees it, and whoever clicks asks for themselves.
        let person = if private { "Hana" } else { "Ivo" };
        let query = click(person);
        let clicked = call().await;
        assert_eq!(clicked.ask, Ask::Connect { channel: "lobby".into(), sure: true });
        assert_eq!((clicked.room.clone(), clicked.asker.name.as_str()), (rig.room.clone(), person));
        assert_eq!(rig.connector.may_manage(&clicked).await, Ok(private), "a click gives no right");
        let again = method(&rig, "answerCallbackQuery", json!({ "callback_query_id": query })).await;
        assert_eq!(again, Value::Null, "it was answered, and the wheel has stopped");
        rig.connector.answer(&clicked, &Answer { text: line("done"), offers: Vec::new() }).await.unwrap();
        assert!(texts(&rig, &room).iter().any(|(text, _)| text.ends_with("done")), "{private}");
    }
}

/// A client can send any words, also of a group that its person has never been in.
#[tokio::test]
async fn a_click_about_a_group_counts_only_inside_it() {
    let rig = Rig::start().await;
    rig.connector.preflight(&[]).await.unwrap();
    let mut heard = rig.listen(None);
    rig.command("Hana", Some("Relay"), "/start");
    rig.command("Hana", None, "/relay status");
    let call = loop {
        if let relay_contract::Translation::Command(call) = heard.meaning().await {
            break call;
        }
    };
    let offers = vec![Offer { label: "Status".into(), words: "status".into(), grave: false }];
    rig.connector.answer(&call, &Answer { text: line("fine"), offers }).await.unwrap();
    let hana = rig.world.world.telegram.people[0].id.clone();
    rig.act(stand_ins::people::Act::Leave { person: hana.clone(), room: rig.room_id.to_string() });
    let shown = rig.world.telegram.messages(&hana).unwrap().pop().unwrap();
    rig.act(stand_ins::people::Act::Click {
        person: hana.clone(),
        room: hana,
        message: shown.id,
        button: "Status".into(),
    });
    let expected = relay_contract::Translation::Ignored("a click for a group of others");
    crate::rig::patiently(async { while heard.meaning().await != expected {} }).await;
}

//! The Telegram stand-in, over plain HTTP, without any vendor's client.

#![allow(clippy::unwrap_used)]

use serde_json::{Value, json};
use stand_ins::StandIns;
use stand_ins::faults::{Fault, Kind};
use stand_ins::limits::Limits;
use stand_ins::people::{Act, Seen};
use stand_ins::world::{Bot, World};
use std::time::{Duration, Instant};

const OPEN: &str = "7000000001:demo-telegram-token-of-thirty-five-c";
const SHY: &str = "7000000002:shy";

/// The demo world, with a second bot that has privacy mode on and is no administrator.
async fn started() -> StandIns {
    // A second installation is refused, which is fine.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut world = World::demo();
    world.telegram.bots.push(Bot {
        id: String::new(),
        name: "Shy".into(),
        token: SHY.into(),
        app_token: String::new(),
        may: Some(Vec::new()),
        rooms: None,
    });
    stand_ins::start(world).await.unwrap()
}

fn chat(stand_ins: &StandIns) -> String {
    stand_ins.world.telegram.spaces[0].rooms[0].id.clone()
}

fn say(stand_ins: &StandIns, text: &str, reply_to: Option<&str>) -> String {
    let act = Act::Say {
        person: "Hana".into(),
        room: chat(stand_ins),
        text: text.into(),
        reply_to: reply_to.map(str::to_owned),
        files: Vec::new(),
        thread: None,
    };
    stand_ins.telegram.act(act).unwrap()
}

fn fault(stand_ins: &StandIns, kind: Kind, only: Option<&str>) {
    let only = only.map(str::to_owned);
    stand_ins.telegram.fault(Fault { kind, times: 1, only, seconds: 1.2 }).unwrap();
}

fn url(stand_ins: &StandIns, token: &str, method: &str) -> String {
    format!("{}/bot{token}/{method}", stand_ins.telegram.api_url())
}

async fn call(stand_ins: &StandIns, token: &str, method: &str, body: Value) -> Value {
    let request = reqwest::Client::new().post(url(stand_ins, token, method)).json(&body);
    request.send().await.unwrap().json().await.unwrap()
}

async fn updates(stand_ins: &StandIns, token: &str, offset: i64) -> Vec<Value> {
    let answer = call(stand_ins, token, "getUpdates", json!({ "offset": offset })).await;
    answer["result"].as_array().unwrap().clone()
}

fn last(stand_ins: &StandIns) -> Seen {
    stand_ins.telegram.messages(&chat(stand_ins)).unwrap().pop().unwrap()
}

#[tokio::test]
async fn an_update_comes_until_an_offset_confirms_it() {
    let stand_ins = started().await;
    let first = say(&stand_ins, "one", None);
    let second = say(&stand_ins, "two", None);
    let told = updates(&stand_ins, OPEN, 0).await;
    assert_eq!(told.len(), 2);
    assert_eq!(updates(&stand_ins, OPEN, 0).await, told);
    assert!(stand_ins.telegram.acknowledged().is_empty());
    let id = |at: usize| told[at]["update_id"].as_i64().unwrap();
    assert_eq!(id(1), id(0) + 1);
    assert_eq!(updates(&stand_ins, OPEN, id(0) + 1).await, told[1..]);
    assert_eq!(stand_ins.telegram.acknowledged(), [first]);
    let act = Act::Edit {
        person: "Hana".into(),
        room: chat(&stand_ins),
        message: second.clone(),
        text: "zwei".into(),
    };
    stand_ins.telegram.act(act).unwrap();
    // A negative offset counts from the end and forgets the rest.
    let told = updates(&stand_ins, OPEN, -1).await;
    assert_eq!(told[0]["edited_message"]["text"], "zwei");
    assert!(updates(&stand_ins, OPEN, told[0]["update_id"].as_i64().unwrap() + 1).await.is_empty());
    assert_eq!(stand_ins.telegram.acknowledged()[1..], [second.clone(), second + "/edit/1"]);
}

#[tokio::test]
async fn a_second_poller_ends_the_first_and_a_post_ends_the_wait() {
    let stand_ins = started().await;
    let poll = json!({ "timeout": 20 });
    let (first, second) = tokio::join!(call(&stand_ins, OPEN, "getUpdates", poll.clone()), async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        tokio::join!(call(&stand_ins, OPEN, "GetUpdates", poll.clone()), async {
            tokio::time::sleep(Duration::from_millis(100)).await;
            say(&stand_ins, "wake up", None);
        })
        .0
    });
    assert_eq!(first["error_code"], 409);
    assert!(first["description"].as_str().unwrap().starts_with("Conflict: terminated by other getUpdates"));
    assert_eq!(second["result"][0]["message"]["text"], "wake up");
}

#[tokio::test]
async fn a_bot_with_privacy_mode_sees_only_what_concerns_it() {
    let stand_ins = started().await;
    let own =
        call(&stand_ins, SHY, "sendMessage", json!({ "chat_id": chat(&stand_ins), "text": "hi" })).await;
    let own = own["result"]["message_id"].to_string();
    say(&stand_ins, "chatter", None);
    for text in ["/help", "/help@relay_bot", "/help@shy_bot", "@shy_bot look"] {
        say(&stand_ins, text, None);
    }
    say(&stand_ins, "an answer", Some(&own));
    let texts = |told: Vec<Value>| -> Vec<String> {
        told.iter().map(|u| u["message"]["text"].as_str().unwrap().to_owned()).collect()
    };
    let seen = texts(updates(&stand_ins, SHY, 0).await);
    assert_eq!(seen, ["/help", "/help@shy_bot", "@shy_bot look", "an answer"]);
    // An administrator sees what people say, and still no bot.
    assert_eq!(texts(updates(&stand_ins, OPEN, 0).await).len(), 6);
}

#[tokio::test]
async fn bots_see_each_other_in_bot_to_bot_mode_alone() {
    const WATCHER: &str = "7000000003:watcher";
    const MODEST: &str = "7000000004:modest";
    let mut world = World::demo();
    for (name, token, may) in [
        ("Watcher", WATCHER, &["privacy_off", "admin", "bot_to_bot"][..]),
        ("Modest", MODEST, &["bot_to_bot"]),
    ] {
        world.telegram.bots.push(Bot {
            id: String::new(),
            name: name.into(),
            token: token.into(),
            app_token: String::new(),
            may: Some(may.iter().map(|m| (*m).to_owned()).collect()),
            rooms: None,
        });
    }
    let _ = rustls::crypto::ring::default_provider().install_default();
    let stand_ins = stand_ins::start(world).await.unwrap();
    let chat = chat(&stand_ins);
    let send = async |token, text: &str, reply: Option<i64>| {
        let body = json!({ "chat_id": chat, "text": text, "reply_to_message_id": reply });
        call(&stand_ins, token, "sendMessage", body).await["result"]["message_id"].as_i64().unwrap()
    };
    let own = send(MODEST, "hello", None).await;
    let first = send(OPEN, "from a bot", None).await;
    let body = json!({ "chat_id": chat, "message_id": first, "text": "changed" });
    assert_eq!(call(&stand_ins, OPEN, "editMessageText", body).await["ok"], true);
    send(OPEN, "/help@modest_bot", None).await;
    send(OPEN, "@modest_bot", None).await;
    send(OPEN, "an answer", Some(own)).await;
    let seen = async |token| -> Vec<String> {
        let told = updates(&stand_ins, token, 0).await;
        let text = |u: &Value| {
            ["message", "edited_message"].iter().find_map(|kind| u[*kind]["text"].as_str().map(str::to_owned))
        };
        told.iter().filter_map(text).collect()
    };
    let all = ["hello", "from a bot", "changed", "/help@modest_bot", "@modest_bot", "an answer"];
    assert_eq!(seen(WATCHER).await, all);
    assert_eq!(seen(MODEST).await, ["/help@modest_bot", "an answer"]);
    assert_eq!(seen(OPEN).await, Vec::<String>::new());

    // A copy is a message of the copier's; of a deleted message there is none.
    let copy = json!({ "chat_id": chat, "from_chat_id": chat, "message_id": first });
    let copied = call(&stand_ins, WATCHER, "copyMessage", copy.clone()).await;
    let there = last(&stand_ins);
    assert_eq!(copied["result"]["message_id"].to_string(), there.id);
    assert_eq!((&*there.author, &*there.text, there.edited), ("Watcher", "changed", false));
    let body = json!({ "chat_id": chat, "message_id": first });
    assert_eq!(call(&stand_ins, OPEN, "deleteMessage", body).await["ok"], true);
    let answer = call(&stand_ins, WATCHER, "copyMessage", copy).await;
    assert_eq!(answer["description"], "Bad Request: message to copy not found");
}

#[tokio::test]
async fn every_way_of_sending_parameters_is_read() {
    let stand_ins = started().await;
    let (http, chat) = (reqwest::Client::new(), chat(&stand_ins));
    let url = url(&stand_ins, OPEN, "SENDMESSAGE");
    let entities = r#"[{"type":"bold","offset":0,"length":2}]"#;
    let form = format!("chat_id={chat}&text=form&entities={}", entities.replace('"', "%22"));
    let parts: String = [("chat_id", &*chat), ("text", "parts"), ("entities", entities)]
        .iter()
        .map(|(name, value)| {
            format!("--x\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
        })
        .collect();
    let requests = [
        ("json", http.post(&url).json(&json!({ "chat_id": chat, "text": "json", "entities": serde_json::from_str::<Value>(entities).unwrap() }))),
        ("form", http.post(&url).header("content-type", "application/x-www-form-urlencoded").body(form.clone())),
        ("form", http.get(format!("{url}?{form}"))),
        ("parts", http.post(&url).header("content-type", "multipart/form-data; boundary=x").body(parts + "--x--\r\n")),
    ];
    for (text, request) in requests {
        assert_eq!(request.send().await.unwrap().status(), 200, "{text}");
        let seen = last(&stand_ins);
        assert_eq!((&*seen.text, &seen.entities[0]["type"]), (text, &json!("bold")));
    }
}

#[tokio::test]
async fn refusals_are_worded_as_telegram_words_them() {
    let stand_ins = started().await;
    let post = say(&stand_ins, "hers", None).parse::<i64>().unwrap();
    let chat = chat(&stand_ins);
    let body = |more: Value| {
        let mut body = json!({ "chat_id": chat, "text": "x" });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let cases = [
        ("1:wrong", "getMe", json!({}), 401, "Unauthorized"),
        (OPEN, "sendNothing", json!({}), 404, "Not Found"),
        (OPEN, "sendMessage", body(json!({ "text": " \u{a0}" })), 400, "Bad Request: message text is empty"),
        (
            OPEN,
            "sendMessage",
            body(json!({ "text": "<b></b>", "parse_mode": "HTML" })),
            400,
            "Bad Request: message text is empty",
        ),
        (
            OPEN,
            "sendMessage",
            body(json!({ "text": "😀".repeat(2_049) })),
            400,
            "Bad Request: message is too long",
        ),
        (
            OPEN,
            "sendMessage",
            body(json!({ "text": "<b>", "parse_mode": "HTML" })),
            400,
            "Bad Request: can't parse entities",
        ),
        (
            OPEN,
            "sendMessage",
            body(json!({ "text": "a.b", "parse_mode": "MarkdownV2" })),
            400,
            "Bad Request: can't parse entities",
        ),
        (OPEN, "sendMessage", body(json!({ "chat_id": "-1009" })), 400, "Bad Request: chat not found"),
        (
            OPEN,
            "sendMessage",
            body(json!({ "reply_parameters": { "message_id": 99 } })),
            400,
            "Bad Request: message to be replied not found",
        ),
        (
            OPEN,
            "editMessageText",
            body(json!({ "message_id": 99 })),
            400,
            "Bad Request: message to edit not found",
        ),
        (
            OPEN,
            "editMessageText",
            body(json!({ "message_id": post })),
            400,
            "Bad Request: message can't be edited",
        ),
        (
            OPEN,
            "deleteMessage",
            body(json!({ "message_id": 99 })),
            400,
            "Bad Request: message to delete not found",
        ),
        (
            SHY,
            "deleteMessage",
            body(json!({ "message_id": post })),
            400,
            "Bad Request: message can't be deleted",
        ),
    ];
    for (token, method, body, code, description) in cases {
        let answer = call(&stand_ins, token, method, body.clone()).await;
        assert_eq!((&answer["ok"], &answer["error_code"]), (&json!(false), &json!(code)), "{method} {body}");
        assert!(answer["description"].as_str().unwrap().starts_with(description), "{answer}");
    }
    let lenient = json!({ "reply_parameters": { "message_id": 99, "allow_sending_without_reply": true } });
    assert_eq!(call(&stand_ins, OPEN, "sendMessage", body(lenient)).await["ok"], true);
    // An administrator may delete what others said.
    assert_eq!(
        call(&stand_ins, OPEN, "deleteMessage", body(json!({ "message_id": post }))).await["ok"],
        true
    );
    stand_ins.telegram.act(Act::Kick { bot: "Relay".into(), room: chat.clone() }).unwrap();
    let answer = call(&stand_ins, OPEN, "sendMessage", body(json!({}))).await;
    assert_eq!(answer["description"], "Forbidden: bot was kicked from the supergroup chat");
    assert_eq!(
        updates(&stand_ins, OPEN, -1).await[0]["my_chat_member"]["new_chat_member"]["status"],
        "kicked"
    );
}

#[tokio::test]
async fn faults_happen() {
    let stand_ins = started().await;
    let chat = chat(&stand_ins);
    let post = json!({ "chat_id": chat, "text": "x" });
    let http = reqwest::Client::new();
    let send = || http.post(url(&stand_ins, OPEN, "SendMessage")).json(&post).send();
    fault(&stand_ins, Kind::RateLimit, Some("sendMessage"));
    let answer = send().await.unwrap();
    assert_eq!(answer.status(), 429);
    assert_eq!(answer.json::<Value>().await.unwrap()["parameters"]["retry_after"], 2);
    fault(&stand_ins, Kind::ServerError, Some("sendMessage"));
    assert_eq!(send().await.unwrap().status(), 502);
    fault(&stand_ins, Kind::Unauthorized, Some("sendMessage"));
    assert_eq!(send().await.unwrap().status(), 401);
    assert!(stand_ins.telegram.messages(&chat).unwrap().is_empty());
    fault(&stand_ins, Kind::CutAfter, Some("sendMessage"));
    assert!(send().await.is_err());
    assert_eq!(stand_ins.telegram.messages(&chat).unwrap().len(), 1);
    fault(&stand_ins, Kind::Slow, Some("sendMessage"));
    let before = Instant::now();
    assert_eq!(send().await.unwrap().status(), 200);
    assert!(before.elapsed() >= Duration::from_secs(1));

    // A duplicate comes once more although its offset was confirmed.
    fault(&stand_ins, Kind::Duplicate, None);
    say(&stand_ins, "twice", None);
    let told = updates(&stand_ins, OPEN, 0).await;
    let next = told[0]["update_id"].as_i64().unwrap() + 1;
    assert_eq!(updates(&stand_ins, OPEN, next).await, told);
    assert!(updates(&stand_ins, OPEN, next).await.is_empty());

    let poll = http.post(url(&stand_ins, OPEN, "getUpdates")).json(&json!({ "timeout": 20 })).send();
    let (cut, ()) = tokio::join!(poll, async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        fault(&stand_ins, Kind::Disconnect, None);
    });
    assert!(cut.is_err());
}

/// Of a chat and of a group, obeyed; the twenty-first message waits for the end of the minute, which lasts 3 s here.
#[tokio::test]
async fn limits_are_kept_by_chat_and_group() {
    let stand_ins = started().await;
    let (limits, chat) = (stand_ins.telegram.limits(), chat(&stand_ins));
    let send = async || call(&stand_ins, OPEN, "sendMessage", json!({ "chat_id": chat, "text": "x" })).await;
    limits.arm(Some(Limits { scale: 1.0 })).unwrap();
    for at in 0..4 {
        let answer = send().await;
        assert_eq!(answer["ok"], at < 3, "{at}: {answer}");
        let wait = &answer["parameters"]["retry_after"];
        assert!(
            at < 3 || (wait.is_u64() && wait.as_u64() <= Some(3) && answer["error_code"] == 429),
            "{answer}"
        );
    }
    limits.arm(Some(Limits { scale: 20.0 })).unwrap();
    let (began, mut sent, mut longest) = (Instant::now(), 0, 0.0_f64);
    while sent < 21 {
        let answer = send().await;
        match answer["parameters"]["retry_after"].as_f64() {
            Some(wait) => {
                longest = longest.max(wait);
                tokio::time::sleep(Duration::from_secs_f64(wait)).await;
            }
            None => sent += 1,
        }
    }
    assert!(began.elapsed() >= Duration::from_secs(3) && longest > 0.5, "{:?} {longest}", began.elapsed());
    // What makes no message is no matter of them.
    limits.arm(Some(Limits { scale: 1.0 })).unwrap();
    for _ in 0..50 {
        let body = json!({ "chat_id": chat, "action": "typing" });
        assert_eq!(call(&stand_ins, OPEN, "sendChatAction", body).await["ok"], true);
    }
    assert!(limits.counted().limited > 1);
}

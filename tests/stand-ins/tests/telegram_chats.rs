//! The Telegram stand-in's chats over the years: commands, rights, names, supergroups, private chats.

#![allow(clippy::unwrap_used)]

use serde_json::{Value, json};
use stand_ins::StandIns;
use stand_ins::people::{Act, Refused};
use stand_ins::world::{Bot, World};

const OPEN: &str = "7000000001:demo-telegram-token-of-thirty-five-c";
const SHY: &str = "7000000002:shy";
const GROUP: &str = "-4001";

/// The demo world with a group that is no supergroup, a second person with rights, and a bot in privacy mode.
async fn started() -> StandIns {
    // A second installation is refused, which is fine.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut world = World::demo();
    world.telegram.spaces[0].rooms[0].id = GROUP.into();
    world.telegram.people[2].manages = true;
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

async fn call(stand_ins: &StandIns, token: &str, method: &str, body: Value) -> Value {
    let url = format!("{}/bot{token}/{method}", stand_ins.telegram.api_url());
    reqwest::Client::new().post(url).json(&body).send().await.unwrap().json().await.unwrap()
}

async fn updates(stand_ins: &StandIns, token: &str) -> Vec<Value> {
    call(stand_ins, token, "getUpdates", json!({})).await["result"].as_array().unwrap().clone()
}

fn act(stand_ins: &StandIns, act: Act) -> String {
    stand_ins.telegram.act(act).unwrap()
}

fn command(person: &str, room: &str, text: &str) -> Act {
    Act::Command { person: person.into(), room: room.into(), text: text.into() }
}

fn say(person: &str, room: &str, text: &str) -> Act {
    let (person, room, text) = (person.into(), room.into(), text.into());
    Act::Say { person, room, text, reply_to: None, files: Vec::new(), thread: None }
}

fn person(stand_ins: &StandIns, at: usize) -> String {
    stand_ins.world.telegram.people[at].id.clone()
}

#[tokio::test]
async fn a_command_reaches_a_bot_in_privacy_mode() {
    let stand_ins = started().await;
    act(&stand_ins, say("Hana", GROUP, "/relay is spoken of"));
    act(&stand_ins, say("Hana", GROUP, "hello"));
    act(&stand_ins, command("Ivo", GROUP, "/relay@shy_bot help"));
    act(&stand_ins, command("Ivo", GROUP, "/relay@relay_bot help"));
    let told = updates(&stand_ins, SHY).await;
    let texts: Vec<_> = told.iter().map(|told| told["message"]["text"].clone()).collect();
    assert_eq!(texts, ["/relay is spoken of", "/relay@shy_bot help"]);
    let entity = &told[1]["message"]["entities"][0];
    assert_eq!(*entity, json!({ "type": "bot_command", "offset": 0, "length": 14 }));
    let refused = stand_ins.telegram.act(command("Ivo", GROUP, "relay help"));
    assert!(matches!(refused, Err(Refused::Impossible(_))), "{refused:?}");
}

#[tokio::test]
async fn who_manages_a_group_is_told() {
    let stand_ins = started().await;
    for (at, status) in [(0, "creator"), (1, "member"), (2, "administrator"), (3, "member")] {
        let of = json!({ "chat_id": GROUP, "user_id": person(&stand_ins, at) });
        let told = call(&stand_ins, OPEN, "getChatMember", of).await;
        assert_eq!(told["result"]["status"], status, "{at}");
    }
    let all = call(&stand_ins, OPEN, "getChatAdministrators", json!({ "chat_id": GROUP })).await;
    let names: Vec<_> =
        all["result"].as_array().unwrap().iter().map(|m| m["user"]["first_name"].clone()).collect();
    assert_eq!(names, ["Hana", "Jelena", "Relay"]);
    let count = call(&stand_ins, OPEN, "getChatMemberCount", json!({ "chat_id": GROUP })).await;
    assert_eq!(count["result"], 6);
}

#[tokio::test]
async fn a_menu_is_kept_for_each_scope() {
    let stand_ins = started().await;
    let relay = json!([{ "command": "relay", "description": "Joins chats" }]);
    for (body, expected) in [
        (json!({ "commands": relay }), "ok"),
        (json!({ "commands": [{ "command": "Relay", "description": "x" }] }), "BOT_COMMAND_INVALID"),
        (
            json!({ "commands": [{ "command": "relay", "description": "" }] }),
            "BOT_COMMAND_DESCRIPTION_INVALID",
        ),
        (json!({ "commands": 7 }), "expected an Array"),
        (json!({ "commands": [], "scope": { "type": "all_group_chats" } }), "ok"),
    ] {
        let told = call(&stand_ins, OPEN, "setMyCommands", body.clone()).await;
        let got = told["description"].as_str().unwrap_or("ok");
        assert!(got.contains(expected), "{body}: {told}");
    }
    let menu = |body| call(&stand_ins, OPEN, "getMyCommands", body);
    assert_eq!(menu(json!({})).await["result"], relay);
    assert_eq!(menu(json!({ "scope": { "type": "default" } })).await["result"], relay);
    assert_eq!(menu(json!({ "scope": { "type": "all_group_chats" } })).await["result"], json!([]));
    call(&stand_ins, OPEN, "deleteMyCommands", json!({})).await;
    assert_eq!(menu(json!({})).await["result"], json!([]));
}

#[tokio::test]
async fn names_change() {
    let stand_ins = started().await;
    act(&stand_ins, Act::Rename { room: GROUP.into(), name: "Climbers".into() });
    let told = updates(&stand_ins, SHY).await;
    let message = &told[0]["message"];
    assert_eq!(
        (&message["new_chat_title"], &message["chat"]["title"]),
        (&json!("Climbers"), &json!("Climbers"))
    );
    assert!(message.get("text").is_none());
    let supergroup = stand_ins.world.telegram.spaces[0].rooms[1].id.clone();
    for (private, username) in [(false, json!("chat_trail_crew")), (true, Value::Null)] {
        act(&stand_ins, Act::SetPrivate { room: supergroup.clone(), private });
        let chat = call(&stand_ins, OPEN, "getChat", json!({ "chat_id": supergroup })).await;
        assert_eq!(chat["result"]["username"], username);
    }
    let refused = stand_ins.telegram.act(Act::SetPrivate { room: GROUP.into(), private: false });
    assert!(matches!(refused, Err(Refused::Impossible(_))), "{refused:?}");
}

#[tokio::test]
async fn a_group_becomes_a_supergroup() {
    let stand_ins = started().await;
    act(&stand_ins, say("Hana", GROUP, "before"));
    let own = call(&stand_ins, OPEN, "sendMessage", json!({ "chat_id": GROUP, "text": "own" })).await;
    let own = &own["result"]["message_id"];
    let new = act(&stand_ins, Act::Close { room: GROUP.into() });
    assert!(new.starts_with("-100"), "{new}");
    let number = new.parse::<i64>().unwrap();
    act(&stand_ins, say("Hana", "Sunday hikers", "after"));
    act(&stand_ins, say("Hana", GROUP, "her client knows where"));
    let told = updates(&stand_ins, OPEN).await;
    let told: Vec<_> = told.iter().map(|told| &told["message"]).collect();
    assert_eq!((&told[1]["migrate_to_chat_id"], &told[1]["chat"]["id"]), (&json!(number), &json!(-4001)));
    assert_eq!((&told[2]["migrate_from_chat_id"], &told[2]["chat"]["id"]), (&json!(-4001), &json!(number)));
    assert_eq!((&told[3]["text"], &told[3]["chat"]["id"]), (&json!("after"), &json!(number)));
    assert_eq!(told[4]["chat"]["id"], number);
    assert_eq!((&told[2]["message_id"], &told[2]["chat"]["type"]), (&json!(1), &json!("supergroup")));
    for (method, more, migrates) in [
        ("sendMessage", json!({ "text": "x" }), true),
        ("deleteMessage", json!({ "message_id": own }), true),
        ("getChatMember", json!({ "user_id": 1 }), true),
        ("getChatMemberCount", json!({}), true),
        ("getChat", json!({}), false),
        ("editMessageText", json!({ "message_id": own, "text": "x" }), false),
    ] {
        let mut body = json!({ "chat_id": GROUP });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let answer = call(&stand_ins, OPEN, method, body).await;
        let to = answer["parameters"]["migrate_to_chat_id"].as_i64();
        assert_eq!(to, migrates.then_some(number), "{method}: {answer}");
    }
    let there = call(&stand_ins, OPEN, "sendMessage", json!({ "chat_id": number, "text": "x" })).await;
    assert_eq!(there["ok"], true);
    assert!(stand_ins.telegram.act(Act::Close { room: new }).is_err());
    assert!(stand_ins.telegram.act(Act::Close { room: GROUP.into() }).is_err());
}

#[tokio::test]
async fn a_private_chat_begins_with_a_person() {
    let stand_ins = started().await;
    let hana = person(&stand_ins, 0);
    let write = || call(&stand_ins, OPEN, "sendMessage", json!({ "chat_id": hana, "text": "hello" }));
    let refused = write().await;
    assert_eq!(refused["description"], "Forbidden: bot can't initiate conversation with a user");
    let nobody = call(&stand_ins, OPEN, "sendMessage", json!({ "chat_id": "99", "text": "x" })).await;
    assert_eq!(nobody["description"], "Bad Request: chat not found");
    act(&stand_ins, command("Hana", "Relay", "/start"));
    assert!(updates(&stand_ins, SHY).await.is_empty());
    let told = updates(&stand_ins, OPEN).await;
    let chat = &told[0]["message"]["chat"];
    assert_eq!((&chat["type"], &chat["first_name"]), (&json!("private"), &json!("Hana")));
    assert_eq!(write().await["ok"], true);
    let texts: Vec<_> =
        stand_ins.telegram.messages(&hana).unwrap().into_iter().map(|seen| seen.text).collect();
    assert_eq!(texts, ["/start", "hello"]);
    act(&stand_ins, Act::Kick { bot: "Relay".into(), room: hana.clone() });
    assert_eq!(write().await["description"], "Forbidden: bot was blocked by the user");
    assert_eq!(updates(&stand_ins, OPEN).await[1]["my_chat_member"]["new_chat_member"]["status"], "kicked");
}

//! The Slack stand-in, over plain HTTP and WebSocket, without any vendor's client.

#![allow(clippy::unwrap_used)]

mod channels;
mod commands;
mod files;
mod history;

use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use stand_ins::StandIns;
use stand_ins::faults::{Fault, Kind};
use stand_ins::people::Act;
use stand_ins::world::{Bot, World};
use std::time::Duration;
use tokio_tungstenite::tungstenite::Message;

const TOKEN: &str = "xoxb-demo-slack-token";
const APP_TOKEN: &str = "xapp-demo-slack-token";

/// The demo world, with a second app that may only write and is in `general` alone.
async fn started() -> StandIns {
    // A second installation is refused, which is fine.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut world = World::demo();
    world.slack.bots.push(Bot {
        id: "U0MEEK".into(),
        name: "Meek".into(),
        token: "xoxb-meek".into(),
        app_token: String::new(),
        may: Some(vec!["chat:write".into()]),
        rooms: Some(vec!["general".into()]),
    });
    stand_ins::start(world).await.unwrap()
}

#[tokio::test]
async fn a_session_token_acts_as_the_person() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut world = World::demo();
    world.slack.people[0].token = "xoxc-elif".into();
    let stand_ins = stand_ins::start(world).await.unwrap();
    let room = room(&stand_ins);
    let theirs = call(&stand_ins, TOKEN, "chat.postMessage", json!({ "channel": room, "text": "hi" })).await;
    let post =
        json!({ "channel": room, "text": "*hers* <!here>", "thread_ts": theirs["ts"], "username": "Nobody" });
    let posted = call(&stand_ins, "xoxc-elif", "chat.postMessage", post).await;
    let seen = || stand_ins.slack.messages(&room).unwrap().pop().unwrap();
    assert_eq!((&*seen().author, seen().by_bot, &*seen().pinged), ("Elif", false, &["here".to_owned()][..]));
    assert_eq!(seen().reply_to.as_deref(), theirs["ts"].as_str());
    assert!(posted["message"]["bot_id"].is_null() && posted["message"]["client_msg_id"].is_string());
    for (ts, method, want) in [
        (&posted["ts"], "chat.update", Value::Null),
        (&posted["ts"], "chat.delete", Value::Null),
        (&posted["ts"], "chat.delete", json!("message_not_found")),
        (&theirs["ts"], "chat.update", json!("cant_update_message")),
        (&theirs["ts"], "chat.delete", json!("cant_delete_message")),
        (&theirs["ts"], "conversations.history", json!("not_allowed_token_type")),
    ] {
        let body = json!({ "channel": room, "ts": ts, "text": "changed" });
        assert_eq!(call(&stand_ins, "xoxc-elif", method, body).await["error"], want, "{method}");
    }
    assert_eq!((&*seen().text, seen().edited, seen().deleted), ("changed", true, true));
}

fn room(stand_ins: &StandIns) -> String {
    stand_ins.world.slack.spaces[0].rooms[0].id.clone()
}

fn say(stand_ins: &StandIns, text: &str, reply_to: Option<&str>) -> String {
    let act = Act::Say {
        person: "Elif".into(),
        room: room(stand_ins),
        text: text.into(),
        reply_to: reply_to.map(str::to_owned),
        files: Vec::new(),
        thread: None,
    };
    stand_ins.slack.act(act).unwrap()
}

fn fault(stand_ins: &StandIns, kind: Kind, only: Option<&str>) {
    let only = only.map(str::to_owned);
    stand_ins.slack.fault(Fault { kind, times: 1, only, seconds: 1.2 }).unwrap();
}

async fn call(stand_ins: &StandIns, token: &str, method: &str, body: Value) -> Value {
    let url = format!("{}/api/{method}", stand_ins.slack.api_url());
    let request = reqwest::Client::new().post(url).bearer_auth(token).json(&body);
    request.send().await.unwrap().json().await.unwrap()
}

type Wire = tokio_tungstenite::WebSocketStream<tokio_tungstenite::MaybeTlsStream<tokio::net::TcpStream>>;

/// A plain client of Socket Mode.
struct Socket(Wire);

impl Socket {
    async fn connect(stand_ins: &StandIns) -> Self {
        let url = call(stand_ins, APP_TOKEN, "apps.connections.open", json!({})).await["url"].clone();
        let mut socket = Self(tokio_tungstenite::connect_async(url.as_str().unwrap()).await.unwrap().0);
        let hello = socket.next().await.unwrap();
        assert_eq!(hello["type"], "hello");
        // A ticket opens one connection.
        assert!(tokio_tungstenite::connect_async(url.as_str().unwrap()).await.is_err());
        socket
    }

    /// The next text frame; none when the connection has ended.
    async fn next(&mut self) -> Option<Value> {
        loop {
            match tokio::time::timeout(Duration::from_secs(10), self.0.next()).await.unwrap() {
                Some(Ok(Message::Text(text))) => return Some(serde_json::from_str(&text).unwrap()),
                Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                Some(Ok(_)) => {}
            }
        }
    }

    async fn acknowledge(&mut self, envelope: &Value) {
        let answer = json!({ "envelope_id": envelope["envelope_id"] });
        self.0.send(Message::text(answer.to_string())).await.unwrap();
    }

    /// Waits until the server has taken in everything said so far: it reads in order, and answers a ping with its payload.
    async fn settle(&mut self) {
        self.0.send(Message::Ping("sdk-ping-pong:1.5".into())).await.unwrap();
        loop {
            match self.0.next().await.unwrap().unwrap() {
                Message::Pong(payload) => break assert_eq!(&payload[..], b"sdk-ping-pong:1.5"),
                other => assert!(matches!(other, Message::Ping(_)), "{other:?}"),
            }
        }
    }

    /// The next event, acknowledged.
    async fn event(&mut self) -> Value {
        let envelope = self.next().await.unwrap();
        self.acknowledge(&envelope).await;
        envelope["payload"]["event"].clone()
    }
}

#[tokio::test]
async fn what_was_not_acknowledged_comes_again_on_the_next_connection() {
    let stand_ins = started().await;
    let mut socket = Socket::connect(&stand_ins).await;
    let posts = ["a", "b", "c"].map(|text| say(&stand_ins, text, None));
    let first = socket.next().await.unwrap();
    assert_eq!((&first["type"], &first["retry_attempt"]), (&json!("events_api"), &json!(0)));
    let (second, third) = (socket.next().await.unwrap(), socket.next().await.unwrap());
    socket.acknowledge(&first).await;
    socket.settle().await;
    fault(&stand_ins, Kind::Disconnect, None);
    assert_eq!(socket.next().await, None);
    let mut socket = Socket::connect(&stand_ins).await;
    for lost in [second, third] {
        let again = socket.next().await.unwrap();
        assert_eq!(again["retry_attempt"], 1);
        assert_eq!(again["payload"], lost["payload"]);
        assert_ne!(again["envelope_id"], lost["envelope_id"]);
        socket.acknowledge(&again).await;
    }
    socket.settle().await;
    assert_eq!(stand_ins.slack.acknowledged(), posts);
}

#[tokio::test]
async fn a_silenced_connection_hears_nothing_and_the_next_one_everything() {
    let stand_ins = started().await;
    let mut silenced = Socket::connect(&stand_ins).await;
    let silent = Fault { kind: Kind::Silent, times: 1, only: None, seconds: 600.0 };
    stand_ins.slack.fault(silent).unwrap();
    say(&stand_ins, "unheard", None);
    assert!(tokio::time::timeout(Duration::from_millis(300), silenced.next()).await.is_err());
    let mut fresh = Socket::connect(&stand_ins).await;
    assert_eq!(fresh.event().await["text"], "unheard");
    say(&stand_ins, "heard", None);
    assert_eq!(fresh.event().await["text"], "heard");
    // It would be silent for a second only, too.
    drop(silenced);
    fault(&stand_ins, Kind::Silent, None);
    let since = std::time::Instant::now();
    say(&stand_ins, "late", None);
    assert_eq!(fresh.event().await["text"], "late");
    assert!(since.elapsed() >= Duration::from_secs(1), "{:?}", since.elapsed());
}

#[tokio::test]
async fn a_request_to_reconnect_is_polite_and_a_duplicate_keeps_its_id() {
    let stand_ins = started().await;
    let mut socket = Socket::connect(&stand_ins).await;
    fault(&stand_ins, Kind::Reconnect, None);
    let goodbye = socket.next().await.unwrap();
    assert_eq!((&goodbye["type"], &goodbye["reason"]), (&json!("disconnect"), &json!("refresh_requested")));
    fault(&stand_ins, Kind::Duplicate, None);
    say(&stand_ins, "twice", None);
    let mut fresh = Socket::connect(&stand_ins).await;
    let (one, two) = (fresh.next().await.unwrap(), fresh.next().await.unwrap());
    assert_eq!(one["payload"], two["payload"]);
    assert_eq!((&one["retry_attempt"], &two["retry_attempt"]), (&json!(0), &json!(1)));
}

#[tokio::test]
async fn changes_are_told_as_slack_tells_them() {
    let stand_ins = started().await;
    let mut socket = Socket::connect(&stand_ins).await;
    let room = room(&stand_ins);
    let root = say(&stand_ins, "root & @greta", None);
    let event = socket.event().await;
    assert_eq!(event["text"], format!("root &amp; <@{}>", stand_ins.world.slack.people[2].id));
    let reply = say(&stand_ins, "reply", Some(&root));
    let event = socket.event().await;
    assert_eq!((&event["ts"], &event["thread_ts"]), (&json!(reply), &json!(root)));
    let edit = |message: &str| Act::Edit {
        person: "Elif".into(),
        room: room.clone(),
        message: message.into(),
        text: "changed".into(),
    };
    stand_ins.slack.act(edit(&reply)).unwrap();
    let event = socket.event().await;
    assert_eq!((&event["subtype"], &event["hidden"]), (&json!("message_changed"), &json!(true)));
    assert_eq!(
        (&event["message"]["text"], &event["previous_message"]["text"]),
        (&json!("changed"), &json!("reply"))
    );
    // An edit without a change is not sent.
    stand_ins.slack.act(edit(&reply)).unwrap();
    let delete =
        |message: &str| Act::Delete { person: "Elif".into(), room: room.clone(), message: message.into() };
    // A thread's first message leaves a tombstone while it has replies, and nothing else does.
    stand_ins.slack.act(delete(&root)).unwrap();
    let event = socket.event().await;
    assert_eq!(
        (&event["subtype"], &event["message"]["subtype"]),
        (&json!("message_changed"), &json!("tombstone"))
    );
    stand_ins.slack.act(delete(&reply)).unwrap();
    let event = socket.event().await;
    assert_eq!((&event["subtype"], &event["deleted_ts"]), (&json!("message_deleted"), &json!(reply)));
    stand_ins.slack.act(Act::Kick { bot: "Relay".into(), room: room.clone() }).unwrap();
    assert_eq!(socket.event().await["type"], "channel_left");
    assert_eq!(socket.event().await["type"], "member_left_channel");
}

#[tokio::test]
async fn apps_hear_themselves_and_keep_their_custom_names() {
    let stand_ins = started().await;
    let mut socket = Socket::connect(&stand_ins).await;
    let room = room(&stand_ins);
    let icon = "http://127.0.0.1/a.png";
    let post = json!({ "channel": room, "text": "hi <!here> @here", "username": "Ada", "icon_url": icon });
    let answer = call(&stand_ins, TOKEN, "chat.postMessage", post.clone()).await;
    let event = socket.event().await;
    assert_eq!((&event["subtype"], &event["username"]), (&json!("bot_message"), &json!("Ada")));
    assert_eq!((&event["ts"], event.get("user")), (&answer["ts"], None));
    let update = json!({ "channel": room, "ts": answer["ts"], "text": "better" });
    assert_eq!(call(&stand_ins, TOKEN, "chat.update", update).await["ok"], true);
    assert_eq!(socket.event().await["message"]["username"], "Ada");
    let seen = stand_ins.slack.messages("general").unwrap().pop().unwrap();
    assert_eq!((&*seen.author, seen.avatar.as_deref(), &*seen.text), ("Ada", Some(icon), "better"));
    // Without the scope the name is ignored.
    call(&stand_ins, "xoxb-meek", "chat.postMessage", post).await;
    let seen = stand_ins.slack.messages("general").unwrap().pop().unwrap();
    assert_eq!((&*seen.author, &seen.pinged), ("Meek", &vec!["here".to_owned()]));
    let event = socket.event().await;
    assert_eq!((&event["user"], event.get("subtype")), (&json!("U0MEEK"), None));
}

#[tokio::test]
async fn refusals_are_slacks_codes() {
    let stand_ins = started().await;
    let rooms = &stand_ins.world.slack.spaces[0].rooms;
    let (general, random) = (rooms[0].id.clone(), rooms[1].id.clone());
    let hers = say(&stand_ins, "hers", None);
    for (token, method, body, error) in [
        ("", "auth.test", json!({}), "not_authed"),
        ("xoxb-wrong", "auth.test", json!({}), "invalid_auth"),
        (APP_TOKEN, "auth.test", json!({}), "not_allowed_token_type"),
        (TOKEN, "apps.connections.open", json!({}), "not_allowed_token_type"),
        (TOKEN, "chat.shout", json!({}), "unknown_method"),
        (TOKEN, "chat.postMessage", json!({ "channel": "C0", "text": "x" }), "channel_not_found"),
        (TOKEN, "chat.postMessage", json!({ "channel": general }), "no_text"),
        (
            TOKEN,
            "chat.postMessage",
            json!({ "channel": general, "text": "x".repeat(40_001) }),
            "msg_too_long",
        ),
        (TOKEN, "chat.postMessage", json!({ "channel": general, "blocks": [{}] }), "invalid_blocks"),
        ("xoxb-meek", "chat.postMessage", json!({ "channel": random, "text": "x" }), "not_in_channel"),
        ("xoxb-meek", "users.info", json!({ "user": "U0MEEK" }), "missing_scope"),
        (TOKEN, "chat.update", json!({ "channel": general, "ts": hers, "text": "x" }), "cant_update_message"),
        (TOKEN, "chat.delete", json!({ "channel": general, "ts": hers }), "cant_delete_message"),
        (TOKEN, "chat.delete", json!({ "channel": general, "ts": "1.000001" }), "message_not_found"),
    ] {
        let answer = call(&stand_ins, token, method, body.clone()).await;
        assert_eq!((&answer["ok"], &answer["error"]), (&json!(false), &json!(error)), "{method} {body}");
    }
    fault(&stand_ins, Kind::RateLimit, Some("chat.postMessage"));
    let url = format!("{}/api/chat.postMessage", stand_ins.slack.api_url());
    let form = format!("token={TOKEN}&channel={general}&text=a%20form");
    let send = || {
        let request = reqwest::Client::new().post(&url).body(form.clone());
        request.header("content-type", "application/x-www-form-urlencoded").send()
    };
    let answer = send().await.unwrap();
    assert_eq!((answer.status().as_u16(), &answer.headers()["retry-after"]), (429, &"2".parse().unwrap()));
    let answer = send().await.unwrap();
    assert!(answer.headers()["x-oauth-scopes"].to_str().unwrap().contains("chat:write.customize"));
    assert_eq!(answer.json::<Value>().await.unwrap()["message"]["text"], "a form");
}

//! The Slack stand-in, over plain HTTP and WebSocket, without any vendor's client.

#![allow(clippy::unwrap_used)]

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

fn command(stand_ins: &StandIns, text: &str) -> Result<String, stand_ins::people::Refused> {
    let act = Act::Command { person: "Elif".into(), room: room(stand_ins), text: text.into() };
    stand_ins.slack.act(act)
}

/// Posts to a response URL; answers the status and the body.
async fn respond(url: &Value, body: Value) -> (u16, String) {
    let answer = reqwest::Client::new().post(url.as_str().unwrap()).json(&body).send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

#[tokio::test]
async fn a_slash_command_comes_once_and_is_answered_five_times() {
    let stand_ins = started().await;
    let unheard = command(&stand_ins, "/relay status").unwrap_err().to_string();
    assert!(unheard.contains("dispatch_failed"), "{unheard}");
    let mut socket = Socket::connect(&stand_ins).await;
    let label = command(&stand_ins, "/relay connect  lobby ").unwrap();
    let envelope = socket.next().await.unwrap();
    assert_eq!(
        (&envelope["type"], &envelope["accepts_response_payload"]),
        (&json!("slash_commands"), &json!(true))
    );
    let given = &envelope["payload"];
    let elif = &stand_ins.world.slack.people[0];
    for (field, value) in [
        ("command", "/relay"),
        ("text", "connect  lobby"),
        ("user_id", &elif.id),
        ("user_name", &elif.handle),
        ("channel_id", &room(&stand_ins)),
        ("channel_name", "general"),
        ("team_id", &stand_ins.world.slack.spaces[0].id),
        ("trigger_id", &label),
    ] {
        assert_eq!(given[field], value, "{field}");
    }
    assert_eq!(stand_ins.slack.acknowledged(), Vec::<String>::new());
    socket.acknowledge(&envelope).await;
    socket.settle().await;
    assert_eq!(stand_ins.slack.acknowledged(), [label]);

    let url = &given["response_url"];
    for text in ["1", "2", "3", "4"] {
        assert_eq!(respond(url, json!({ "text": text })).await, (200, "ok".to_owned()));
    }
    assert_eq!(respond(url, json!({ "text": "5", "response_type": "in_channel" })).await.0, 200);
    let (status, body) = respond(url, json!({ "text": "6" })).await;
    assert!(status == 404 && body.contains("used_url"), "{status} {body}");
    let (status, body) = respond(&json!(format!("{}x", url.as_str().unwrap())), json!({ "text": "x" })).await;
    assert!(status == 404 && body.contains("expired_url"), "{status} {body}");
    let seen = stand_ins.slack.messages("general").unwrap();
    let whispered: Vec<_> = seen.iter().map(|seen| (&*seen.text, seen.only_for.as_deref())).collect();
    let hers = Some(elif.id.as_str());
    assert_eq!(whispered, [("1", hers), ("2", hers), ("3", hers), ("4", hers), ("5", None)]);
    // Only the last is there for everybody.
    assert_eq!(socket.event().await["text"], "5");
    let history =
        call(&stand_ins, TOKEN, "conversations.history", json!({ "channel": room(&stand_ins) })).await;
    assert_eq!(history["messages"].as_array().unwrap().len(), 1);
    for method in ["chat.update", "chat.delete"] {
        let body = json!({ "channel": room(&stand_ins), "ts": seen[0].id, "text": "x" });
        assert_eq!(call(&stand_ins, TOKEN, method, body).await["error"], "message_not_found", "{method}");
    }
    // One that is lost with its connection does not come again.
    command(&stand_ins, "/relay status").unwrap();
    assert_eq!(socket.next().await.unwrap()["type"], "slash_commands");
    fault(&stand_ins, Kind::Disconnect, None);
    assert_eq!(socket.next().await, None);
    let mut socket = Socket::connect(&stand_ins).await;
    say(&stand_ins, "next", None);
    assert_eq!(socket.event().await["text"], "next");
}

#[tokio::test]
async fn commands_that_there_are_not() {
    let stand_ins = started().await;
    let _socket = Socket::connect(&stand_ins).await;
    for (text, says) in [
        ("relay status", "does not begin with a slash"),
        ("/", "does not begin with a slash"),
        ("shortcut:relay_help 1.000001", "there is no message"),
    ] {
        let refused = command(&stand_ins, text).unwrap_err().to_string();
        assert!(refused.contains(says), "{text}: {refused}");
    }
    let mut world = World::demo();
    world.slack.bots[0].may = Some(vec!["chat:write".into()]);
    let stand_ins = stand_ins::start(world).await.unwrap();
    let refused = command(&stand_ins, "/relay status").unwrap_err().to_string();
    assert!(refused.contains("not a valid command"), "{refused}");
}

#[tokio::test]
async fn a_shortcut_carries_its_message_and_may_be_answered_with_its_acknowledgement() {
    let stand_ins = started().await;
    let mut socket = Socket::connect(&stand_ins).await;
    let root = say(&stand_ins, "root", None);
    let reply = say(&stand_ins, "reply", Some(&root));
    for _ in 0..2 {
        socket.event().await;
    }
    command(&stand_ins, &format!("shortcut:relay_status {reply}")).unwrap();
    let envelope = socket.next().await.unwrap();
    let given = &envelope["payload"];
    assert_eq!(
        (&envelope["type"], &given["type"], &given["callback_id"]),
        (&json!("interactive"), &json!("message_action"), &json!("relay_status"))
    );
    assert_eq!((&given["message_ts"], &given["message"]["thread_ts"]), (&json!(reply), &json!(root)));
    assert_eq!(given["channel"], json!({ "id": room(&stand_ins), "name": "general" }));
    let answer = json!({ "envelope_id": envelope["envelope_id"], "payload": { "text": "at once", "thread_ts": root } });
    socket.0.send(Message::text(answer.to_string())).await.unwrap();
    socket.settle().await;
    let seen = stand_ins.slack.messages("general").unwrap().pop().unwrap();
    assert_eq!((&*seen.text, seen.reply_to.as_deref()), ("at once", Some(&*root)));
    assert_eq!(seen.only_for.as_deref(), Some(&*stand_ins.world.slack.people[0].id));
}

#[tokio::test]
async fn what_one_person_alone_sees() {
    let stand_ins = started().await;
    let elif = stand_ins.world.slack.people[0].id.clone();
    let whisper = |user: &str| json!({ "channel": room(&stand_ins), "user": user, "text": "psst" });
    for (token, user, error) in [
        (TOKEN, elif.as_str(), Value::Null),
        (TOKEN, "U0NOBODY", json!("user_not_in_channel")),
        (TOKEN, "U0MEEK", json!("user_not_in_channel")),
    ] {
        let answer = call(&stand_ins, token, "chat.postEphemeral", whisper(user)).await;
        assert_eq!(answer["error"], error, "{user}");
    }
    let seen = stand_ins.slack.messages("general").unwrap();
    assert_eq!((seen.len(), seen[0].only_for.as_deref()), (1, Some(&*elif)));
}

#[tokio::test]
async fn channels_change_and_are_listed_as_they_are() {
    let stand_ins = started().await;
    let mut socket = Socket::connect(&stand_ins).await;
    let id = room(&stand_ins);
    let act = |act: Act| stand_ins.slack.act(act);
    let general = || "general".to_owned();
    let seen = async |method: &str, body: Value| call(&stand_ins, TOKEN, method, body).await;

    for (name, says) in [("Two Words", "no name"), ("", "no name"), ("random", "taken")] {
        let refused = act(Act::Rename { room: general(), name: name.into() }).unwrap_err().to_string();
        assert!(refused.contains(says), "{name}: {refused}");
    }
    act(Act::Rename { room: general(), name: "plaza".into() }).unwrap();
    let (line, event) = (socket.event().await, socket.event().await);
    assert_eq!((&line["subtype"], &line["old_name"]), (&json!("channel_name"), &json!("general")));
    assert_eq!((&event["type"], &event["channel"]["name"]), (&json!("channel_rename"), &json!("plaza")));
    assert_eq!(event["channel"]["id"], id);

    act(Act::SetPrivate { room: id.clone(), private: true }).unwrap();
    let line = socket.event().await;
    assert_eq!(
        (&line["subtype"], &line["channel_type"]),
        (&json!("channel_convert_to_private"), &json!("group"))
    );
    act(Act::SetPrivate { room: id.clone(), private: false }).unwrap();
    assert_eq!(socket.event().await["subtype"], "channel_convert_to_public");

    act(Act::Close { room: id.clone() }).unwrap();
    let (line, event) = (socket.event().await, socket.event().await);
    assert_eq!((&line["subtype"], &event["type"]), (&json!("channel_archive"), &json!("channel_archive")));
    assert!(act(Act::Close { room: id.clone() }).is_err());
    let said =
        Act::Say { person: "Elif".into(), room: id.clone(), text: "x".into(), reply_to: None, files: vec![] };
    assert!(act(said).is_err());
    let post = json!({ "channel": id, "text": "x" });
    assert_eq!(seen("chat.postMessage", post).await["error"], "is_archived");
    let names = async |body: Value| -> Vec<String> {
        let told = seen("conversations.list", body).await;
        let all = told["channels"].as_array().unwrap().iter();
        all.map(|channel| format!("{} {}", channel["name"].as_str().unwrap(), channel["num_members"]))
            .collect()
    };
    assert_eq!(names(json!({})).await, ["plaza 5", "random 4"]);
    assert_eq!(names(json!({ "exclude_archived": true })).await, ["random 4"]);
    act(Act::Invite { bot: "Relay".into(), room: id.clone() }).unwrap();
    assert_eq!(socket.event().await["type"], "channel_unarchive");
    assert_eq!(names(json!({ "exclude_archived": true, "limit": 1 })).await, ["plaza 5"]);
    let info = async |more: bool| {
        let body = json!({ "channel": id, "include_num_members": more });
        seen("conversations.info", body).await["channel"]["num_members"].clone()
    };
    assert_eq!((info(false).await, info(true).await), (Value::Null, json!(5)));
    let admin = async |at: usize| {
        let user = json!({ "user": stand_ins.world.slack.people[at].id });
        seen("users.info", user).await["user"]["is_admin"].clone()
    };
    assert_eq!((admin(0).await, admin(1).await), (json!(true), json!(false)));
}

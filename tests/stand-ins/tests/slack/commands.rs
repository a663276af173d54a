//! Slash commands, shortcuts, and what one person alone sees.

use crate::{Socket, TOKEN, call, fault, room, say, started};
use futures::SinkExt;
use serde_json::{Value, json};
use stand_ins::StandIns;
use stand_ins::faults::Kind;
use stand_ins::people::{Act, Refused};
use stand_ins::world::World;
use tokio_tungstenite::tungstenite::Message;

fn command(stand_ins: &StandIns, text: &str) -> Result<String, Refused> {
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

//! What becomes of channels.

use crate::{Socket, TOKEN, call, room, started};
use serde_json::{Value, json};
use stand_ins::people::Act;

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
    let said = Act::Say {
        person: "Elif".into(),
        room: id.clone(),
        text: "x".into(),
        reply_to: None,
        files: vec![],
        thread: None,
    };
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

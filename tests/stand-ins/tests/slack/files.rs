//! Files, and what is put on messages.

use crate::{Socket, TOKEN, call, fault, room, say, started};
use serde_json::{Value, json};
use stand_ins::StandIns;
use stand_ins::faults::Kind;
use stand_ins::files::Blob;
use stand_ins::people::Act;
use std::time::Duration;

/// An upload, announced and sent; answers the file's id.
async fn uploaded(stand_ins: &StandIns, name: &str, bytes: &'static [u8]) -> String {
    let announced = json!({ "filename": name, "length": bytes.len(), "alt_txt": "words" });
    let answer = call(stand_ins, TOKEN, "files.getUploadURLExternal", announced).await;
    let url = answer["upload_url"].as_str().unwrap();
    let sent = reqwest::Client::new().post(url).body(bytes).send().await.unwrap();
    assert_eq!(sent.status(), 200);
    assert_eq!(sent.text().await.unwrap(), format!("OK - {}", bytes.len()));
    answer["file_id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn an_upload_is_one_message_and_says_where_in_its_own_time() {
    let stand_ins = started().await;
    let mut socket = Socket::connect(&stand_ins).await;
    let room = room(&stand_ins);
    let (one, two) =
        (uploaded(&stand_ins, "a.png", b"bytes").await, uploaded(&stand_ins, "b.txt", b"x").await);
    let share = json!({ "channel_id": room, "files": [{ "id": one, "title": "A" }, { "id": two }], "username": "Ada",
        "blocks": [{ "type": "rich_text", "elements": [{ "type": "rich_text_section", "elements": [{ "type": "text", "text": "look" }] }] }] });
    assert_eq!(call(&stand_ins, TOKEN, "files.completeUploadExternal", share.clone()).await["ok"], true);
    // A file is shared once.
    let again = call(&stand_ins, TOKEN, "files.completeUploadExternal", share).await;
    assert_eq!(again["error"], "file_not_found");
    let info = |id: &str| call(&stand_ins, TOKEN, "files.info", json!({ "file": id }));
    assert_eq!(info(&one).await["file"]["shares"], json!({}));
    tokio::time::sleep(Duration::from_millis(200)).await;
    let event = socket.event().await;
    let told = info(&one).await["file"].clone();
    assert_eq!(told["shares"]["public"][&room][0]["ts"], event["ts"]);
    assert_eq!((&told["title"], &told["alt_txt"], &told["size"]), (&json!("A"), &json!("words"), &json!(5)));
    assert_eq!(
        (&event["subtype"], &event["username"], &event["files"][1]["name"]),
        (&json!("file_share"), &json!("Ada"), &json!("b.txt"))
    );
    let seen = stand_ins.slack.messages(&room).unwrap().pop().unwrap();
    assert_eq!((seen.text.as_str(), &*seen.attachments[0].kind), ("look", "image"));
    assert_eq!(seen.attachments[0].hash, Blob::of("bytes".into()).hash);

    // Deleted, a file keeps its place; `file_ids` takes that away as well.
    assert_eq!(call(&stand_ins, TOKEN, "files.delete", json!({ "file": one })).await["ok"], true);
    let event = socket.event().await;
    assert_eq!(event["message"]["files"][0], json!({ "id": one, "mode": "tombstone" }));
    assert_eq!(event["previous_message"]["files"][0]["name"], "a.png");
    assert_eq!(info(&one).await["error"], "file_deleted");
    let update = json!({ "channel": room, "ts": seen.id, "text": "look", "file_ids": [two] });
    call(&stand_ins, TOKEN, "chat.update", update).await;
    assert_eq!(socket.event().await["message"]["files"].as_array().unwrap().len(), 1);
    // With the last one goes a message that says nothing.
    let update = json!({ "channel": room, "ts": seen.id, "text": "", "blocks": [], "file_ids": [two] });
    assert_eq!(call(&stand_ins, TOKEN, "chat.update", update).await["ok"], true);
    call(&stand_ins, TOKEN, "files.delete", json!({ "file": two })).await;
    assert!(stand_ins.slack.messages(&room).unwrap().pop().unwrap().deleted);
}

#[tokio::test]
async fn bytes_are_for_those_who_may_read_them() {
    let stand_ins = started().await;
    let room = room(&stand_ins);
    let act = Act::Say {
        person: "Elif".into(),
        room: room.clone(),
        text: String::new(),
        reply_to: None,
        files: vec![stand_ins::people::Given::Name("plan.pdf".into())],
        thread: None,
    };
    stand_ins.slack.act(act).unwrap();
    let history = call(&stand_ins, TOKEN, "conversations.history", json!({ "channel": room })).await;
    let file = &history["messages"][0]["files"][0];
    for key in ["url_private", "url_private_download"] {
        let get =
            |token: &str| reqwest::Client::new().get(file[key].as_str().unwrap()).bearer_auth(token).send();
        let answer = get(TOKEN).await.unwrap();
        assert_eq!(answer.headers()["content-type"], "application/pdf");
        assert_eq!(answer.text().await.unwrap(), "plan.pdf");
        for token in ["xoxb-meek", "nobody's"] {
            let answer = get(token).await.unwrap();
            assert_eq!(answer.status(), 200);
            assert!(answer.text().await.unwrap().contains("Sign in"), "{key} {token}");
        }
    }
    fault(&stand_ins, Kind::ServerError, Some("/files-pri/"));
    let broken =
        reqwest::Client::new().get(file["url_private"].as_str().unwrap()).bearer_auth(TOKEN).send().await;
    assert_eq!(broken.unwrap().status(), 502);
}

#[tokio::test]
async fn refusals_of_files_reactions_and_pins() {
    let stand_ins = started().await;
    let room = room(&stand_ins);
    let hers = say(&stand_ins, "hers", None);
    let on_hers = |more: Value| {
        let mut body = json!({ "channel": room, "timestamp": hers });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    for (token, method, body, error) in [
        (TOKEN, "files.getUploadURLExternal", json!({ "filename": "a", "length": 0 }), "missing_argument"),
        (
            TOKEN,
            "files.getUploadURLExternal",
            json!({ "filename": "a", "length": 2_000_000_000_u32 }),
            "file_upload_size_restricted",
        ),
        ("xoxb-meek", "files.getUploadURLExternal", json!({ "filename": "a", "length": 1 }), "missing_scope"),
        (TOKEN, "files.completeUploadExternal", json!({ "files": [] }), "invalid_arguments"),
        (
            TOKEN,
            "files.completeUploadExternal",
            json!({ "files": [{ "id": "F0" }], "channel_id": room }),
            "file_not_found",
        ),
        (
            TOKEN,
            "files.completeUploadExternal",
            json!({ "files": [{ "id": "F0" }], "channel_id": "C0" }),
            "channel_not_found",
        ),
        (TOKEN, "files.info", json!({ "file": "F0" }), "file_not_found"),
        (TOKEN, "files.delete", json!({ "file": "F0" }), "file_not_found"),
        (TOKEN, "reactions.add", on_hers(json!({ "name": "nobody_knows" })), "invalid_name"),
        (TOKEN, "reactions.remove", on_hers(json!({ "name": "tada" })), "no_reaction"),
        ("xoxb-meek", "reactions.add", on_hers(json!({ "name": "tada" })), "missing_scope"),
        (
            TOKEN,
            "reactions.add",
            json!({ "channel": room, "timestamp": "1.1", "name": "tada" }),
            "message_not_found",
        ),
        (TOKEN, "pins.remove", on_hers(json!({})), "no_pin"),
        ("xoxb-meek", "emoji.list", json!({}), "missing_scope"),
    ] {
        let answer = call(&stand_ins, token, method, body.clone()).await;
        assert_eq!((&answer["ok"], &answer["error"]), (&json!(false), &json!(error)), "{method} {body}");
    }
    for (method, name, again) in
        [("reactions.add", "thumbsup", "already_reacted"), ("pins.add", "", "already_pinned")]
    {
        let body = on_hers(json!({ "name": name }));
        assert_eq!(call(&stand_ins, TOKEN, method, body.clone()).await["ok"], true, "{method}");
        assert_eq!(call(&stand_ins, TOKEN, method, body).await["error"], again);
    }
    let emoji = call(&stand_ins, TOKEN, "emoji.list", json!({})).await;
    assert_eq!(emoji["emoji"]["hoot"], "alias:party_owl");
    // One member's reactions are limited.
    let names = include_str!("../../src/slack/emoji.tsv")
        .lines()
        .filter_map(|line| line.split('\t').nth(1)?.split(' ').next());
    let mut taken = 1;
    for name in names.take(30) {
        let answer = call(&stand_ins, TOKEN, "reactions.add", on_hers(json!({ "name": name }))).await;
        if answer["ok"] != true {
            assert_eq!(answer["error"], "too_many_reactions");
            break;
        }
        taken += 1;
    }
    assert_eq!(taken, 23);
}

//! What people do beside talking, over plain HTTP, without any vendor's client.

#![allow(clippy::unwrap_used)]

use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};
use stand_ins::StandIns;
use stand_ins::people::{Act, Given, Refused};
use stand_ins::world::World;

const TOKEN: &str = "7000000001:demo-telegram-token-of-thirty-five-c";

async fn started(forum: bool) -> StandIns {
    // A second installation is refused, which is fine.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut world = World::demo();
    world.telegram.spaces[0].rooms[0].forum = forum;
    stand_ins::start(world).await.unwrap()
}

fn chat(stand_ins: &StandIns) -> String {
    stand_ins.world.telegram.spaces[0].rooms[0].id.clone()
}

fn url(stand_ins: &StandIns, path: &str) -> String {
    format!("{}/{path}", stand_ins.telegram.api_url())
}

async fn call(stand_ins: &StandIns, method: &str, body: Value) -> Value {
    let request = reqwest::Client::new().post(url(stand_ins, &format!("bot{TOKEN}/{method}"))).json(&body);
    request.send().await.unwrap().json().await.unwrap()
}

async fn upload(stand_ins: &StandIns, method: &str, form: Form) -> Value {
    let request =
        reqwest::Client::new().post(url(stand_ins, &format!("bot{TOKEN}/{method}"))).multipart(form);
    request.send().await.unwrap().json().await.unwrap()
}

fn say(stand_ins: &StandIns, text: &str, files: &[&str]) -> String {
    let files = files.iter().map(|name| Given::Name((*name).to_owned())).collect();
    let (person, room, text) = ("Hana".into(), chat(stand_ins), text.to_owned());
    stand_ins.telegram.act(Act::Say { person, room, text, reply_to: None, files, thread: None }).unwrap()
}

#[tokio::test]
async fn a_file_is_had_with_the_token_alone() {
    let stand_ins = started(false).await;
    say(&stand_ins, "", &["map.pdf"]);
    let told = call(&stand_ins, "getUpdates", json!({})).await;
    let id = told["result"][0]["message"]["document"]["file_id"].clone();
    let path = call(&stand_ins, "getFile", json!({ "file_id": id })).await["result"]["file_path"].clone();
    let path = path.as_str().unwrap();
    let get = async |path: String| reqwest::get(url(&stand_ins, &path)).await.unwrap();
    assert_eq!(get(format!("file/bot{TOKEN}/{path}")).await.text().await.unwrap(), "map.pdf");
    for (path, status) in [
        (format!("file/bot1:wrong/{path}"), 401),
        (format!("file/bot{TOKEN}/documents/file_999.pdf"), 404),
        ("members/999".to_owned(), 404),
    ] {
        assert_eq!(get(path.clone()).await.status(), status, "{path}");
    }
    let seen = stand_ins.telegram.messages(&chat(&stand_ins)).unwrap().remove(0);
    assert_eq!(reqwest::get(&seen.attachments[0].url).await.unwrap().text().await.unwrap(), "map.pdf");
}

#[tokio::test]
async fn albums_are_of_kinds_that_go_together() {
    let stand_ins = started(false).await;
    let part = |name: &str| Part::bytes(b"bytes".to_vec()).file_name(name.to_owned());
    let album = |kinds: [&str; 2]| {
        let media: Vec<Value> = kinds
            .iter()
            .enumerate()
            .map(|(at, kind)| json!({"type": kind, "media": format!("attach://f{at}")}))
            .collect();
        let form = Form::new().text("chat_id", chat(&stand_ins)).text("media", json!(media).to_string());
        form.part("f0", part("a.bin")).part("f1", part("b.bin"))
    };
    for (kinds, taken) in [
        (["document", "document"], true),
        (["audio", "audio"], true),
        (["video", "document"], false),
        (["voice", "voice"], false),
    ] {
        let answer = upload(&stand_ins, "sendMediaGroup", album(kinds)).await;
        assert_eq!(answer["ok"], taken, "{kinds:?}: {answer}");
        assert!(!taken || answer["result"][0]["media_group_id"] == answer["result"][1]["media_group_id"]);
    }
    assert_eq!(stand_ins.telegram.messages(&chat(&stand_ins)).unwrap().len(), 4);
}

#[tokio::test]
async fn what_is_refused() {
    let stand_ins = started(true).await;
    let text = say(&stand_ins, "words", &[]);
    let file = say(&stand_ins, "words", &["map.pdf"]);
    let own = call(&stand_ins, "sendMessage", json!({"chat_id": chat(&stand_ins), "text": "x"})).await;
    let own = own["result"]["message_id"].clone();
    let emoji = |emoji: &str| json!({"type": "emoji", "emoji": emoji});
    let cases = [
        ("editMessageCaption", json!({"message_id": own, "caption": "y"}), "no caption"),
        ("editMessageText", json!({"message_id": file, "text": "y"}), "can't be edited"),
        ("setMessageReaction", json!({"message_id": text, "reaction": [emoji("🦉")]}), "REACTION_INVALID"),
        (
            "setMessageReaction",
            json!({"message_id": text, "reaction": [emoji("👍"), emoji("👎")]}),
            "REACTIONS_TOO_MANY",
        ),
        ("setMessageReaction", json!({"message_id": 999}), "message to react not found"),
        ("pinChatMessage", json!({"message_id": 999}), "message to pin not found"),
        ("unpinChatMessage", json!({"message_id": text}), "CHAT_NOT_MODIFIED"),
        ("createForumTopic", json!({"name": "x".repeat(129)}), "TOPIC_TITLE_INVALID"),
        ("sendMessage", json!({"text": "x", "message_thread_id": 999}), "message thread not found"),
        ("sendPoll", json!({"question": "When?", "options": []}), "at least 1"),
        (
            "sendPoll",
            json!({"question": "When?", "options": [{"text": "Sat"}], "close_date": 1}),
            "close date",
        ),
        ("stopPoll", json!({"message_id": own}), "can't be stopped"),
        ("sendPhoto", json!({"photo": "https://example.org/a.png"}), "wrong file identifier"),
        ("sendPhoto", json!({"photo": "attach://photo"}), "no photo in the request"),
        ("getFile", json!({"file_id": "x"}), "wrong file_id"),
    ];
    for (method, mut body, says) in cases {
        body["chat_id"] = json!(chat(&stand_ins));
        let answer = call(&stand_ins, method, body.clone()).await;
        let description = answer["description"].as_str().unwrap_or_default();
        assert!(description.contains(says), "{method} {body}: {answer}");
    }
}

#[tokio::test]
async fn what_people_cannot_do() {
    let stand_ins = started(false).await;
    let id = say(&stand_ins, "words", &[]);
    let (hana, room) = (|| "Hana".to_owned(), || chat(&stand_ins));
    let react = |emoji: &str| Act::React {
        person: hana(),
        room: room(),
        message: id.clone(),
        emoji: emoji.into(),
        on: true,
    };
    let open =
        |message| Act::Open { person: hana(), room: room(), message, name: "Boats".into(), text: None };
    let poll = Act::Ask {
        person: hana(),
        room: room(),
        question: "When?".into(),
        answers: vec!["Sat".into(), "Sun".into()],
        multiple: false,
    };
    let asked = stand_ins.telegram.act(poll).unwrap();
    let vote = |answers| Act::Vote { person: hana(), room: room(), message: asked.clone(), answers };
    let cases = [
        (react("🦉"), "nobody can react"),
        (react("👍🏽"), "can react"),
        (open(None), "not a forum"),
        (open(Some(id.clone())), "hangs from no message"),
        (vote(vec![0, 1]), "cannot be chosen"),
        (vote(vec![2]), "cannot be chosen"),
        (Act::EndPoll { room: room(), message: id.clone() }, "can't be stopped"),
        (
            Act::RemoveFiles { person: hana(), room: room(), message: id.clone(), files: vec![0] },
            "cannot be taken",
        ),
        (Act::DeleteWebhooks { room: room() }, "no webhooks"),
    ];
    for (act, says) in cases {
        let shown = format!("{act:?}");
        let refused = stand_ins.telegram.act(act).unwrap_err();
        let words = refused.to_string();
        assert!(matches!(refused, Refused::Impossible(_)) && words.contains(says), "{shown}: {words}");
    }
}

//! What people see who talk through real servers: a conversation, and a picture.

use crate::bench::until;
use crate::doers::PICTURE;
use crate::town::{CHANNELS, Town};
use serde_json::json;
use stand_ins::people::{Act, File, Given};

/// The address in a line.
fn link(text: &str) -> String {
    let mut words = text.split_whitespace().map(|word| word.trim_matches(['(', ')']));
    let link = words.find(|word| word.starts_with("http://127.0.0.1:"));
    link.unwrap_or_else(|| panic!("no link in {text:?}")).to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_said_on_one_irc_server_is_changed_and_answered_everywhere() {
    let Some(town) = Town::started().await else { return };
    town.ada.says(CHANNELS[0], "who has seen the owl?").await;
    let line = town.ivo.sees("the owl").await;
    assert_eq!((line.nick.as_str(), line.target.as_str()), ("relay", CHANNELS[1]));
    until("it is on Discord", || !town.bench.with("discord", "the owl").is_empty()).await;
    let asked = town.bench.with("discord", "the owl").remove(0);
    assert_eq!(asked.author, "Ada ‹IRC›");
    let on_matrix = town.on_matrix("it", |seen| seen.body().contains("the owl")).await;
    // An answer from Discord to what came from IRC is an answer on Matrix, and a line with its beginning on both servers.
    town.bench.reply("discord", "here it sits", Some(asked.id.clone()));
    for person in [&town.ada, &town.ivo] {
        person.sees("here it sits").await;
    }
    let quoted = town.ivo.sees("↪").await;
    assert!(quoted.text.contains("who has seen the owl?"), "{quoted:?}");
    let answer = town.on_matrix("it", |seen| seen.body().contains("here it sits")).await;
    assert_eq!(answer.answers(), Some(on_matrix.id.as_str()));
    // From Matrix to what came from IRC: a reaction, told where it was said.
    town.mia.reacts(&town.room, &on_matrix.id, "🦉").await;
    town.ada.sees("🦉").await;
    town.ivo.sees("🦉").await;
    // Changed and taken back: IRC is told of both.
    let id = town.mia.says(&town.room, "it flise").await;
    town.ivo.sees("it flise").await;
    town.mia.edits(&town.room, &id, "it flies").await;
    town.ivo.sees("✎ it flies").await;
    town.mia.redacts(&town.room, &id).await;
    let gone = town.ivo.sees("🗑").await;
    assert!(!gone.text.contains("flies"), "{gone:?}");
    until("it is gone on Discord", || town.bench.with("discord", "it flies").is_empty()).await;
    assert_eq!(town.bench.counter("dead"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_is_a_picture_on_matrix_and_a_link_to_its_bytes_on_irc() {
    let Some(town) = Town::started().await else { return };
    let url = town.mia.uploads("pixel.png", "image/png", PICTURE.to_vec()).await;
    let content = json!({
        "msgtype": "m.image", "body": "from Matrix", "filename": "pixel.png", "url": url,
        "info": { "mimetype": "image/png", "size": PICTURE.len() },
    });
    town.mia.send(&town.room, "m.room.message", content).await;
    let content = Some(base64::Engine::encode(&base64::engine::general_purpose::STANDARD, PICTURE));
    let file = File { name: "dot.png".into(), kind: "image".into(), content, ..File::default() };
    let say = Act::Say {
        person: town.bench.person("discord"),
        room: town.bench.room("discord"),
        text: "from Discord".into(),
        reply_to: None,
        files: vec![Given::File(file)],
        thread: None,
    };
    town.bench.people("discord").act(say).expect("people can talk");
    for person in [&town.ada, &town.ivo] {
        for name in ["pixel.png", "dot.png"] {
            let line = person.sees(name).await;
            assert!(line.text.starts_with('<'), "each line bears a name: {line:?}");
            let answer = reqwest::get(link(&line.text)).await.unwrap();
            assert_eq!(answer.headers()["content-type"], "image/png");
            assert!(answer.bytes().await.unwrap().starts_with(&PICTURE[..8]), "a picture");
        }
    }
    let copy = town.on_matrix("it", |seen| seen.body() == "dot.png").await;
    assert_eq!(
        (copy.content["msgtype"].as_str(), copy.sender.as_str()),
        (Some("m.image"), town.relay.user.as_str())
    );
    until("it is on Discord", || {
        town.bench.seen("discord").iter().any(|seen| seen.files.contains(&"pixel.png".to_owned()))
    })
    .await;
}

//! Programs and people in one channel.

use crate::bench::Bench;
use crate::program::{Program, next, until};
use serde_json::json;
use stand_ins::people::Act;
use stand_ins::ports;

async fn bridged() -> (Bench, Program) {
    let port = ports::free();
    let mut bench = Bench::new().await;
    bench.write_config(&format!("[api]\nlisten = \"127.0.0.1:{port}\"\n"));
    bench.start();
    bench.connected(4).await;
    let url = format!("http://127.0.0.1:{port}");
    (bench, Program { url, token: None, client: reqwest::Client::new() })
}

#[tokio::test(flavor = "multi_thread")]
async fn programs_and_people_hear_one_another() {
    let (bench, program) = bridged().await;
    let mut events = program.events("lobby", None).await;
    // From a program to people, changed and deleted there too.
    let posted = program.post("lobby", "the build is red @everyone").await;
    for platform in ["discord", "slack", "telegram"] {
        let seen = bench.arrives(platform, "the build is red").await;
        let shown = format!("{} {}", seen.author, seen.text);
        assert!(shown.contains("API ‹Relay›"), "{platform}: {seen:?}");
    }
    let at = format!("/api/v1/channels/lobby/messages/{posted}");
    let (status, answer) = program.ask("PATCH", &at, Some(json!({ "text": "the build is green" }))).await;
    assert_eq!(status, 204, "{answer}");
    bench.arrives("slack", "green").await;
    let own = next(&mut events, 2).await;
    assert_eq!((&own[0]["type"], &own[1]["type"]), (&json!("posted"), &json!("edited")));
    assert_eq!(own[1]["text"], "the build is green");
    // From a person, with an answer, a change and an end.
    let said = bench.say("discord", "well done");
    let heard = next(&mut events, 1).await.remove(0);
    let person = json!(bench.person("discord"));
    assert_eq!(
        (&heard["text"], &heard["author"]["platform"], &heard["author"]["name"]),
        (&json!("well done"), &json!("discord"), &person)
    );
    bench.reply("discord", "indeed", Some(said.clone()));
    let answer = next(&mut events, 1).await.remove(0);
    assert_eq!(answer["reply_to"], heard["message"]);
    bench.edit("discord", &said, "very well done");
    let edited = next(&mut events, 1).await.remove(0);
    assert_eq!(
        (&edited["type"], &edited["message"], &edited["text"]),
        (&json!("edited"), &heard["message"], &json!("very well done"))
    );
    // A program answers a person and reacts.
    let at = format!("/api/v1/channels/lobby/messages/{}", heard["message"].as_str().unwrap());
    let (status, body) = program.ask("PUT", &format!("{at}/reactions/%F0%9F%8E%89"), None).await;
    assert_eq!(status, 204, "{body}");
    let reply = json!({ "text": "thank you", "reply_to": heard["message"] });
    let (status, body) = program.ask("POST", "/api/v1/channels/lobby/messages", Some(reply)).await;
    assert_eq!(status, 201, "{body}");
    bench.arrives("discord", "thank you").await;
    let own = next(&mut events, 2).await;
    assert_eq!((&own[0]["emoji"], &own[1]["reply_to"]), (&json!("🎉"), &heard["message"]));
    bench.delete("discord", &said);
    let deleted = next(&mut events, 1).await.remove(0);
    assert_eq!((&deleted["type"], &deleted["message"]), (&json!("deleted"), &heard["message"]));
    assert!(deleted.get("text").is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn with_what_somebody_reacted_is_not_told_to_who_comes_when_it_was_taken_back() {
    let (bench, program) = bridged().await;
    let mut events = program.events("lobby", None).await;
    bench.say("slack", "something to react to");
    assert_eq!(next(&mut events, 1).await[0]["text"], "something to react to");
    let copy = bench.arrives("discord", "something to react to").await;
    let (person, room) = (bench.platform("discord").people[0].id.clone(), bench.room("discord"));
    let (emoji, message) = ("🔥".into(), copy.id);
    let react = Act::React { person: person.clone(), room: room.clone(), message, emoji, on: true };
    bench.people("discord").act(react).unwrap();
    assert_eq!(next(&mut events, 1).await[0]["emoji"], "🔥");
    let command = Act::Command { person, room, text: "/relay privacy none".into() };
    until("the command is there", async || bench.people("discord").act(command.clone()).is_ok()).await;
    // Who was told of it is told that it is gone.
    let gone = next(&mut events, 1).await.remove(0);
    assert_eq!((&gone["type"], &gone["emoji"]), (&json!("reacted"), &json!("🔥")), "{gone}");
    for piece in ["", "?after=0"] {
        let page = program.get(&format!("/api/v1/channels/lobby/messages{piece}")).await;
        let all = page.to_string();
        assert!(all.contains("something to react to") && !all.contains("🔥"), "{piece}: {all}");
    }
}

/// Promise: a message that stands under another name gets no other one beside it, also where it is told what became of it.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_told_under_another_name_is_told_of_under_that() {
    let (bench, program) = bridged().await;
    let mut events = program.events("lobby", None).await;
    let (person, room) = (bench.platform("discord").people[0].clone(), bench.room("discord"));
    let choose = async |word: &str| {
        let text = format!("/relay privacy {word}");
        let command = Act::Command { person: person.id.clone(), room: room.clone(), text };
        let mark = bench.people("discord").messages(&room).unwrap().len();
        until("the command is there", async || bench.people("discord").act(command.clone()).is_ok()).await;
        until("it is answered", async || bench.people("discord").messages(&room).unwrap().len() > mark).await;
    };
    let react = |message: &str, on: bool| {
        let (emoji, message) = ("🔥".into(), message.to_owned());
        let act = Act::React { person: person.id.clone(), room: room.clone(), message, emoji, on };
        bench.people("discord").act(act).unwrap();
    };
    choose("anonymous").await;
    let kept = bench.say("discord", "under another name");
    let taken = bench.say("discord", "to be taken away");
    react(&kept, true);
    let names: Vec<String> =
        next(&mut events, 3).await.iter().map(|event| event["author"]["name"].to_string()).collect();
    assert!(names.iter().all(|name| *name == names[0] && !name.contains(&person.name)), "{names:?}");
    choose("full").await;
    bench.edit("discord", &kept, "under which name?");
    bench.delete("discord", &taken);
    react(&kept, false);
    let events = next(&mut events, 3).await;
    let all = serde_json::to_string(&events).unwrap();
    assert!(all.contains("under which name?") && all.contains("deleted"), "{all}");
    assert!(!all.contains(&person.name) && !all.contains(&person.id), "{all}");
    let page = program.get("/api/v1/channels/lobby/messages?after=0").await.to_string();
    assert!(!page.contains(&person.name) && !page.contains(&person.id), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_joined_the_api_and_nobody_takes_it_out() {
    let (bench, program) = bridged().await;
    let disconnect = |room: &str| {
        let done = bench.command("disconnect").args(["lobby", room]).output().unwrap();
        (done.status.success(), String::from_utf8_lossy(&done.stderr).into_owned())
    };
    let (done, said) = disconnect("api:lobby");
    assert!(!done && said.contains("`channels` in [api]"), "{said}");
    let (done, said) = disconnect("nobody:nowhere");
    assert!(!done && said.contains("Joined are: ") && !said.contains("api:"), "{said}");
    bench.say("telegram", "/relay status");
    let status = bench.arrives("telegram", "Joined to lobby").await.text;
    assert!(status.contains("1 Discord room") && !status.contains("Relay room"), "{status}");
    // It is there as before.
    program.post("lobby", "still here").await;
    bench.arrives("slack", "still here").await;
}

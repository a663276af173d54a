//! Files, threads, reactions, pins and polls.

use super::*;
use stand_ins::files::Blob;
use stand_ins::people::Given;

const GUILDS: u64 = 1;
const MESSAGES: u64 = 1 << 9 | 1 << 15;
const REACTIONS: u64 = 1 << 10;
const MEMBERS: u64 = 1 << 1;

fn open(room: &str, message: Option<&str>, text: Option<&str>) -> Act {
    Act::Open {
        person: "Ada".into(),
        room: room.into(),
        message: message.map(Into::into),
        name: "owls".into(),
        text: text.map(Into::into),
    }
}

/// A form as Discord's documentation shows it.
fn form(payload: &Value, files: &[(&str, &'static [u8])]) -> reqwest::multipart::Form {
    use reqwest::multipart::{Form, Part};
    let whole = Form::new().text("payload_json", payload.to_string());
    files.iter().enumerate().fold(whole, |form, (at, (name, bytes))| {
        let part = Part::bytes(*bytes).file_name((*name).to_owned()).mime_str("image/png").unwrap();
        form.part(format!("files[{at}]"), part)
    })
}

#[tokio::test]
async fn files_go_up_and_come_down_by_links_that_are_signed() {
    let stand_ins = started(&[], None).await;
    let relay = Client::of(&stand_ins, "demo-discord-token");
    let general = room(&stand_ins, "general");
    let url = format!("{}/channels/{general}/messages", relay.base);
    let about = json!({ "content": "look", "attachments": [{ "id": 0, "description": "an owl" }] });
    let request = relay.http.post(&url).header("authorization", format!("Bot {}", relay.token));
    let answer =
        request.multipart(form(&about, &[("a b.png", b"owl"), ("SPOILER_c.png", b"hoot")])).send().await;
    let posted: Value = answer.unwrap().json().await.unwrap();
    let told: Vec<_> = posted["attachments"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| {
            (it["filename"].as_str().unwrap(), it["size"].as_u64().unwrap(), it["description"].as_str())
        })
        .collect();
    assert_eq!(told, [("a_b.png", 3, Some("an owl")), ("SPOILER_c.png", 4, None)]);
    let link = posted["attachments"][0]["url"].as_str().unwrap();
    let bytes = relay.http.get(link).send().await.unwrap().bytes().await.unwrap();
    assert_eq!(&bytes[..], b"owl");
    for broken in [link.split('?').next().unwrap().to_owned(), link.replace("hm=", "hm=0")] {
        assert_eq!(relay.http.get(&broken).send().await.unwrap().status(), 404, "{broken}");
    }
    let seen = stand_ins.discord.messages("general").unwrap().pop().unwrap();
    assert_eq!(seen.attachments[0].hash, Blob::of("owl".into()).hash);
    assert_eq!((seen.attachments[1].name.as_str(), seen.attachments[1].spoiler), ("c.png", true));
    // One file is taken away; its link leads nowhere once the message is gone.
    let kept = json!({ "attachments": [{ "id": posted["attachments"][0]["id"] }] });
    let path = format!("/channels/{general}/messages/{}", posted["id"].as_str().unwrap());
    let (status, edited) = relay.call("PATCH", &path, Some(kept)).await;
    assert_eq!((status, edited["attachments"].as_array().unwrap().len()), (200, 1));
    assert_eq!(relay.call("DELETE", &path, None).await.0, 204);
    assert_eq!(relay.http.get(link).send().await.unwrap().status(), 404);
    static LARGE: [u8; (10 << 20) + 1] = [0; (10 << 20) + 1];
    let request = relay.http.post(&url).header("authorization", format!("Bot {}", relay.token));
    let refused = request.multipart(form(&json!({}), &[("large.bin", &LARGE)])).send().await.unwrap();
    assert_eq!(refused.status(), 413);
    assert_eq!(refused.json::<Value>().await.unwrap()["code"], 40005);
}

#[tokio::test]
async fn a_large_file_of_a_persons_takes_no_memory() {
    let stand_ins = started(&[], None).await;
    let file = stand_ins::people::File { name: "film.mp4".into(), size: 64 << 20, ..Default::default() };
    let Act::Say { person, room, text, reply_to, thread, .. } = say("Ada", "general", "") else { panic!() };
    stand_ins
        .discord
        .act(Act::Say { person, room, text, reply_to, thread, files: vec![Given::File(file)] })
        .unwrap();
    let seen = stand_ins.discord.messages("general").unwrap().pop().unwrap();
    let mut answer = reqwest::get(&seen.attachments[0].url).await.unwrap();
    let mut size = 0;
    while let Some(piece) = answer.chunk().await.unwrap() {
        size += piece.len() as u64;
    }
    assert_eq!((size, seen.attachments[0].kind.as_str()), (64 << 20, "video"));
}

#[tokio::test]
async fn threads_are_told_and_posted_in() {
    let stand_ins = started(&[], None).await;
    let relay = Client::of(&stand_ins, "demo-discord-token");
    let (mut gateway, _) = Gateway::identified(&stand_ins, "demo-discord-token", GUILDS | MESSAGES).await;
    let general = room(&stand_ins, "general");
    let root = stand_ins.discord.act(say("Ada", "general", "owls?")).unwrap();
    assert_eq!(stand_ins.discord.act(open("general", Some(&root), Some("which?"))).unwrap(), root);
    let created = gateway.dispatch("THREAD_CREATE").await;
    assert_eq!(
        (&created["id"], &created["type"], &created["parent_id"]),
        (&json!(root), &json!(11), &json!(general))
    );
    let updated = gateway.dispatch("MESSAGE_UPDATE").await;
    assert_eq!((&updated["thread"]["id"], &updated["edited_timestamp"]), (&json!(root), &Value::Null));
    assert_eq!(gateway.dispatch("MESSAGE_CREATE").await["type"], 21);
    let said = gateway.dispatch("MESSAGE_CREATE").await;
    assert_eq!((&said["content"], &said["channel_id"]), (&json!("which?"), &json!(root)));
    let (status, again) =
        relay.post(&format!("/channels/{general}/messages/{root}/threads"), json!({ "name": "x" })).await;
    assert_eq!((status, &again["code"]), (400, &json!(160_004)));
    let (_, hook) = relay.post(&format!("/channels/{general}/webhooks"), json!({ "name": "Bridge" })).await;
    let path = format!("/webhooks/{}/{}", hook["id"].as_str().unwrap(), hook["token"].as_str().unwrap());
    for (query, body, status, code) in [
        (format!("?wait=true&thread_id={root}"), json!({ "content": "in it" }), 200, Value::Null),
        ("?thread_id=5".into(), json!({ "content": "x" }), 404, json!(10003)),
        (String::new(), json!({ "content": "x", "thread_name": "y" }), 400, json!(220_003)),
    ] {
        let (got, answer) = relay.post(&format!("{path}{query}"), body).await;
        assert_eq!((got, &answer["code"]), (status, &code), "{query}");
    }
    let seen = stand_ins.discord.messages("general").unwrap();
    let inside: Vec<_> = seen.iter().filter(|it| it.thread.as_deref() == Some(root.as_str())).collect();
    assert_eq!(inside.len(), 3);
    let threads = stand_ins.discord.threads("general").unwrap();
    assert_eq!((threads[0].name.as_str(), threads[0].root.as_deref()), ("owls", Some(root.as_str())));
    let (_, channels) =
        relay.get(&format!("/guilds/{}/channels", stand_ins.world.discord.spaces[0].id)).await;
    assert_eq!(channels.as_array().unwrap().len(), 2, "threads are no channels of the list");
}

#[tokio::test]
async fn a_forum_takes_posts_alone() {
    let mut world = World::demo();
    world.discord.spaces[0].rooms[0].forum = true;
    let stand_ins = stand_ins::start(world).await.unwrap();
    let relay = Client::of(&stand_ins, "demo-discord-token");
    let forum = room(&stand_ins, "general");
    assert!(stand_ins.discord.act(say("Ada", "general", "x")).is_err());
    let post = stand_ins.discord.act(open("general", None, Some("an idea"))).unwrap();
    let first = stand_ins.discord.messages("general").unwrap().pop().unwrap();
    assert_eq!((first.id, first.thread), (post.clone(), Some(post)));
    let (status, refused) =
        relay.post(&format!("/channels/{forum}/messages"), json!({ "content": "x" })).await;
    assert_eq!((status, &refused["code"]), (400, &json!(50008)));
    let begin = json!({ "name": "another", "message": { "content": "begins" } });
    let (status, begun) = relay.post(&format!("/channels/{forum}/threads"), begin).await;
    assert_eq!((status, &begun["message"]["id"]), (201, &begun["id"]));
    let (_, hook) = relay.post(&format!("/channels/{forum}/webhooks"), json!({ "name": "Bridge" })).await;
    let path =
        format!("/webhooks/{}/{}?wait=true", hook["id"].as_str().unwrap(), hook["token"].as_str().unwrap());
    assert_eq!(relay.post(&path, json!({ "content": "x" })).await.1["code"], 220_001);
    let (_, begun) = relay.post(&path, json!({ "content": "x", "thread_name": "third" })).await;
    assert_eq!(begun["id"], begun["channel_id"]);
}

#[tokio::test]
async fn reactions_and_pins_are_told_and_refused_as_discord_does() {
    let stand_ins = started(&["VIEW_CHANNEL", "READ_MESSAGE_HISTORY"], None).await;
    let (relay, shy) = (Client::of(&stand_ins, "demo-discord-token"), Client::of(&stand_ins, "shy"));
    let (mut gateway, _) =
        Gateway::identified(&stand_ins, "demo-discord-token", GUILDS | MESSAGES | REACTIONS).await;
    let general = room(&stand_ins, "general");
    let message = stand_ins.discord.act(say("Ada", "general", "hello")).unwrap();
    let path = format!("/channels/{general}/messages/{message}/reactions");
    let owl = "%F0%9F%A6%89";
    for (client, method, rest, status, code) in [
        (&shy, "PUT", format!("/{owl}/@me"), 403, 50013),
        (&relay, "PUT", "/owls/@me".into(), 400, 10014),
        (&relay, "PUT", format!("/{owl}/@me"), 204, 0),
        // The right is wanted only for an emoji that is new there.
        (&shy, "PUT", format!("/{owl}/@me"), 204, 0),
        (&relay, "PUT", format!("/{owl}/@me"), 204, 0),
        (&relay, "DELETE", format!("/{owl}/@me"), 204, 0),
        (&relay, "DELETE", format!("/{owl}/@me"), 400, 10014),
        (&shy, "DELETE", String::new(), 403, 50013),
        (&relay, "DELETE", format!("/{owl}"), 204, 0),
    ] {
        let (got, answer) = client.call(method, &(path.clone() + &rest), None).await;
        assert_eq!((got, answer["code"].as_u64().unwrap_or(0)), (status, code), "{method} {rest}");
    }
    let added = gateway.dispatch("MESSAGE_REACTION_ADD").await;
    assert_eq!((&added["emoji"]["name"], &added["message_id"]), (&json!("🦉"), &json!(message)));
    assert!(added["member"]["user"]["id"].is_string());
    gateway.dispatch("MESSAGE_REACTION_REMOVE").await;
    assert_eq!(gateway.dispatch("MESSAGE_REACTION_REMOVE_EMOJI").await["emoji"]["name"], "🦉");

    let pin = format!("/channels/{general}/messages/pins/{message}");
    assert_eq!(shy.call("PUT", &pin, None).await.1["code"], 50013);
    assert_eq!(relay.call("PUT", &pin, None).await.0, 204);
    assert_eq!(gateway.dispatch("MESSAGE_UPDATE").await["pinned"], true);
    assert!(gateway.dispatch("CHANNEL_PINS_UPDATE").await["last_pin_timestamp"].is_string());
    let told = gateway.dispatch("MESSAGE_CREATE").await;
    assert_eq!((&told["type"], &told["message_reference"]["message_id"]), (&json!(6), &json!(message)));
    let (_, pins) = relay.get(&format!("/channels/{general}/messages/pins")).await;
    assert_eq!(pins["items"][0]["message"]["id"], json!(message));
    assert_eq!(relay.call("DELETE", &pin, None).await.0, 204);
    assert_eq!(gateway.dispatch("MESSAGE_UPDATE").await["pinned"], false);
}

#[tokio::test]
async fn polls_are_voted_in_and_end() {
    let stand_ins = started(&[], None).await;
    let relay = Client::of(&stand_ins, "demo-discord-token");
    let (mut gateway, _) = Gateway::identified(&stand_ins, "demo-discord-token", GUILDS | MESSAGES).await;
    let general = room(&stand_ins, "general");
    let url = format!("/channels/{general}/messages");
    let answer = |text: &str| json!({ "poll_media": { "text": text } });
    for (answers, hours, fine) in [
        (vec![answer("Yes"), answer("No")], 24, true),
        (vec![], 24, false),
        (vec![answer(&"x".repeat(56))], 24, false),
        (vec![answer("x"); 11], 24, false),
        (vec![answer("x")], 769, false),
    ] {
        let poll =
            json!({ "poll": { "question": { "text": "Owls?" }, "answers": answers, "duration": hours } });
        assert_eq!(relay.post(&url, poll).await.0 == 200, fine, "{hours}");
    }
    let posted = gateway.dispatch("MESSAGE_CREATE").await;
    let (room, message) = ("general".to_owned(), posted["id"].as_str().unwrap().to_owned());
    let vote =
        |answers| Act::Vote { person: "Ada".into(), room: room.clone(), message: message.clone(), answers };
    assert!(stand_ins.discord.act(vote(vec![0, 1])).is_err(), "one answer only");
    stand_ins.discord.act(vote(vec![0])).unwrap();
    stand_ins.discord.act(vote(vec![1])).unwrap();
    let path = format!("/channels/{general}/polls/{message}");
    let (_, voters) = relay.get(&format!("{path}/answers/2")).await;
    assert_eq!(voters["users"].as_array().unwrap().len(), 1);
    assert_eq!(relay.call("POST", &format!("{path}/expire"), None).await.0, 200);
    let results = gateway.dispatch("MESSAGE_UPDATE").await["poll"]["results"].clone();
    assert_eq!((&results["is_finalized"], &results["answer_counts"][1]["count"]), (&json!(true), &json!(1)));
    let told = gateway.dispatch("MESSAGE_CREATE").await;
    assert_eq!((&told["type"], &told["embeds"][0]["type"]), (&json!(46), &json!("poll_result")));
    assert!(stand_ins.discord.act(vote(vec![0])).is_err(), "it has ended");
}

#[tokio::test]
async fn members_purges_and_forwards_are_told() {
    let stand_ins = started(&[], None).await;
    let (mut gateway, _) =
        Gateway::identified(&stand_ins, "demo-discord-token", GUILDS | MESSAGES | MEMBERS).await;
    let act = |act| stand_ins.discord.act(act);
    let bruno = || ("Bruno".to_owned(), "general".to_owned());
    let (person, room) = bruno();
    act(Act::Leave { person, room }).unwrap();
    assert_eq!(gateway.dispatch("GUILD_MEMBER_REMOVE").await["user"]["global_name"], "Bruno");
    let (person, room) = bruno();
    assert!(act(Act::Leave { person, room }).is_err());
    let (person, room) = bruno();
    act(Act::Join { person, room }).unwrap();
    assert!(gateway.dispatch("GUILD_MEMBER_ADD").await["joined_at"].is_string());
    let (person, room) = bruno();
    act(Act::CallThemselves { person, room, name: "Bear".into() }).unwrap();
    assert_eq!(gateway.dispatch("GUILD_MEMBER_UPDATE").await["nick"], "Bear");
    let id = act(say("Bruno", "general", "hello")).unwrap();
    assert_eq!(stand_ins.discord.messages("general").unwrap()[0].author, "Bear");
    let to = "random".to_owned();
    let forward = Act::Forward { person: "Ada".into(), room: "general".into(), message: id.clone(), to };
    act(forward).unwrap();
    gateway.dispatch("MESSAGE_CREATE").await;
    let told = gateway.dispatch("MESSAGE_CREATE").await;
    assert_eq!(told["message_snapshots"][0]["message"]["content"], "hello");
    assert_eq!(
        (&told["message_reference"]["type"], &told["message_reference"]["message_id"]),
        (&json!(1), &json!(id))
    );
    assert_eq!(stand_ins.discord.messages("random").unwrap()[0].forwarded.as_deref(), Some("Bear"));
    act(Act::Purge { room: "general".into(), messages: vec![id.clone()] }).unwrap();
    assert_eq!(gateway.dispatch("MESSAGE_DELETE_BULK").await["ids"], json!([id]));
    // Who manages the room deletes what others wrote; who does not may not.
    let id = act(say("Chiara", "general", "mine")).unwrap();
    let delete =
        |person: &str| Act::Delete { person: person.into(), room: "general".into(), message: id.clone() };
    assert!(act(delete("Bruno")).is_err());
    act(delete("Ada")).unwrap();
}

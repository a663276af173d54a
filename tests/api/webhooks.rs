//! Webhooks, one way and the other.

use crate::program::{Own, Program, next, until};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;
use serde_json::{Value, json};
use stand_ins::ports;
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

const KEY: [u8; 32] = [7; 32];

fn secret() -> String {
    format!("whsec_{}", STANDARD.encode(KEY))
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// The signature, made anew here: as the specification says and not as Relay does.
fn signature(key: &[u8], id: &str, at: &str, body: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    format!("v1,{}", STANDARD.encode(hmac::sign(&key, format!("{id}.{at}.{body}").as_bytes())))
}

impl Program {
    async fn calls(&self, name: &str, id: &str, at: u64, body: &str, signature: &str) -> (u16, Value) {
        let request = self.request("POST", &format!("/api/v1/webhooks/{name}")).body(body.to_owned());
        let request = request.header("content-type", "application/json").header("webhook-id", id);
        let request = request.header("webhook-timestamp", at).header("webhook-signature", signature);
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap_or_default())
    }

    /// A call as it is to be.
    async fn signs(&self, name: &str, id: &str, body: &Value) -> (u16, Value) {
        let (body, at) = (body.to_string(), now());
        self.calls(name, id, at, &body, &signature(&KEY, id, &at.to_string(), &body)).await
    }
}

const INCOMING: &str = "[api.incoming.build]\nchannel = \"lobby\"\nsecret = { file = \"../secret\" }\nname = \"Build\"\n\
                        [api.incoming.game]\nchannel = \"den\"\nsecret = { file = \"../secret\" }\npersona = true\n";

async fn with_secret(more: &str) -> (Own, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secret");
    std::fs::write(&file, secret()).unwrap();
    let more = more.replace("../secret", file.to_str().unwrap());
    (Own::started(&more).await, folder)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_signed_is_said_once() {
    let (mut own, _secret) = with_secret(INCOMING).await;
    own.program().post("lobby", "ready").await;
    // It needs no token, also where everybody else does.
    assert!(own.relay(&["token", "new", "Reader", "--scope", "read"]).status.success());
    let program = own.program();
    let said = json!({ "text": "The build is green." });
    let first = program.signs("build", "msg_1", &said).await;
    assert_eq!((first.0, &first.1["channel"]), (201, &json!("lobby")), "{}", first.1);
    assert_eq!(program.signs("build", "msg_1", &said).await, first);
    let other = program.signs("build", "msg_1", &json!({ "text": "It is red." })).await;
    assert_eq!(other.0, 409, "{}", other.1);
    own.kill();
    own.start().await;
    let program = own.program();
    until("it is known again", async || program.signs("build", "msg_1", &said).await == first).await;
    // Under another name only where that is allowed; as Slack's tools write it, too.
    let named = json!({ "text": "joined", "username": "Ada" });
    assert_eq!(program.signs("build", "msg_2", &named).await.0, 403);
    let (status, answer) = program.signs("game", "msg_2", &named).await;
    assert_eq!(status, 201, "{answer}");
    let body = said.to_string();
    let at = now();
    let good = |id: &str, at: u64| signature(&KEY, id, &at.to_string(), &body);
    let cases = [
        ("nothing", "a", at, body.as_str(), good("a", at), 404, "no such webhook"),
        ("build", "a", at, &body, signature(&[8; 32], "a", &at.to_string(), &body), 403, "signature"),
        ("build", "a", at, "{\"text\": \"other\"}", good("a", at), 403, "signature"),
        ("build", "b", at, &body, good("a", at), 403, "signature"),
        ("build", "a", at + 9, &body, good("a", at), 403, "signature"),
        ("build", "", at, &body, good("", at), 403, "signature"),
        ("build", "a", at, &body, String::new(), 403, "signature"),
        ("build", "a", at - 301, &body, good("a", at - 301), 403, "five minutes"),
        ("build", "a", at + 310, &body, good("a", at + 310), 403, "five minutes"),
    ];
    for (name, id, at, body, signature, status, words) in cases {
        let (code, answer) = program.calls(name, id, at, body, &signature).await;
        let error = answer["error"].as_str().unwrap_or_default();
        assert!(code == status && error.contains(words), "{name} {id}: {code} {answer}");
    }
    for (body, status) in
        [(json!({}), 400), (json!({ "text": "" }), 400), (json!({ "text": "x", "blocks": [] }), 400)]
    {
        let (code, answer) = program.signs("build", "c", &body).await;
        assert_eq!(code, status, "{body}: {answer}");
    }
    assert_eq!(program.ask("GET", "/api/v1/webhooks/build", None).await.0, 405);
    let reader = crate::tokens::token(&own, "Another", &["--scope", "read"]);
    assert_eq!(reader.texts("lobby").await, ["ready", "The build is green."]);
    let page = reader.get("/api/v1/channels/den/messages").await;
    let author = &page["events"][0]["author"];
    assert_eq!(author, &json!({ "platform": "relay", "id": "webhook:game/Ada", "name": "Ada" }));
    assert!(!own.log().contains(&secret()[6..]));
}

/// How a call is answered, and the header that goes with it.
type Answer = (u16, Option<&'static str>);

/// Whoever is called: what came, and how the next calls are answered.
#[derive(Clone, Default)]
struct Receiver(Arc<Mutex<Calls>>);

#[derive(Default)]
struct Calls {
    came: Vec<(HeaderMap, Bytes)>,
    /// The next one last.
    answers: Vec<Answer>,
}

async fn received(State(receiver): State<Receiver>, headers: HeaderMap, body: Bytes) -> Response {
    let mut inner = receiver.0.lock().unwrap();
    inner.came.push((headers, body));
    let (status, location) = inner.answers.pop().unwrap_or((204, None));
    let status = StatusCode::from_u16(status).unwrap();
    match location {
        Some(value) if status.is_redirection() => (status, [(header::LOCATION, value)]).into_response(),
        Some(value) => (status, [(header::RETRY_AFTER, value)]).into_response(),
        None => status.into_response(),
    }
}

impl Receiver {
    async fn listens(&self, port: u16) -> tokio::task::JoinHandle<()> {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await.unwrap();
        let router = Router::new().fallback(received).with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() })
    }

    /// The next calls are answered with these, in this order.
    fn answers(&self, with: &[Answer]) {
        self.0.lock().unwrap().answers = with.iter().rev().copied().collect();
    }

    /// What came so far: the ids of the calls and what they said. Each is signed.
    fn came(&self) -> Vec<(String, Value)> {
        let inner = self.0.lock().unwrap();
        let one = |(headers, body): &(HeaderMap, Bytes)| {
            let text = |name: &str| headers[name].to_str().unwrap().to_owned();
            let (id, at, body) =
                (text("webhook-id"), text("webhook-timestamp"), std::str::from_utf8(body).unwrap());
            assert_eq!(text("webhook-signature"), signature(&KEY, &id, &at, body));
            assert!(now().abs_diff(at.parse().unwrap()) < 60 && text("content-type") == "application/json");
            (id, serde_json::from_str(body).unwrap())
        };
        inner.came.iter().map(one).collect()
    }

    async fn comes(&self, count: usize) -> Vec<(String, Value)> {
        until(&format!("{count} calls"), async || self.0.lock().unwrap().came.len() >= count).await;
        self.came()
    }
}

fn outgoing(port: u16, more: &str) -> String {
    format!(
        "[api.outgoing.board]\nchannel = \"lobby\"\nurl = \"http://127.0.0.1:{port}/hook?x=1\"\nsecret = {{ file = \"../secret\" }}\nprivate = true\n{more}"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happens_is_called_in_order_and_kept_until_it_is_taken() {
    let port = ports::free();
    let (mut own, _secret) = with_secret(&outgoing(port, "")).await;
    let receiver = Receiver::default();
    let listening = receiver.listens(port).await;
    let program = own.program();
    let first = program.post("lobby", "one").await;
    let at = format!("/api/v1/channels/lobby/messages/{first}");
    receiver.comes(1).await;
    program.ask("PATCH", &at, Some(json!({ "text": "one, better" }))).await;
    program.ask("PUT", &format!("{at}/reactions/%F0%9F%8E%89"), None).await;
    program.post("den", "elsewhere").await;
    receiver.comes(3).await;
    program.ask("DELETE", &at, None).await;
    let calls = receiver.comes(4).await;
    let told: Vec<_> = calls
        .iter()
        .map(|(_, call)| {
            let data = &call["data"];
            assert_eq!((&data["message"], &data["channel"]), (&json!(first), &json!("lobby")), "{call}");
            assert_eq!(call["type"], data["type"]);
            (data["type"].clone(), data["text"].clone(), data["emoji"].clone())
        })
        .collect();
    let none = Value::Null;
    assert_eq!(
        told,
        [
            (json!("posted"), json!("one"), none.clone()),
            (json!("edited"), json!("one, better"), none.clone()),
            (json!("reacted"), none.clone(), json!("🎉")),
            (json!("deleted"), none.clone(), none.clone()),
        ]
    );
    assert_eq!(calls[0].1["data"]["author"], json!({ "platform": "relay", "id": "local", "name": "API" }));
    // What was not taken comes again under the same id, and what comes next waits for it.
    receiver.answers(&[(500, None), (429, Some("1")), (204, None)]);
    program.post("lobby", "two").await;
    program.post("lobby", "three").await;
    let calls = receiver.comes(8).await.split_off(4);
    let texts: Vec<_> =
        calls.iter().map(|(_, call)| call["data"]["text"].as_str().unwrap().to_owned()).collect();
    assert_eq!(texts, ["two", "two", "two", "three"]);
    assert!(calls[0].0 == calls[1].0 && calls[1].0 == calls[2].0 && calls[2].0 != calls[3].0);
    // Nobody listens, and Relay is killed: it is on disk.
    listening.abort();
    let _ = listening.await;
    program.post("lobby", "four").await;
    until("it is tried again", async || own.log().contains("webhook/webhooks/board")).await;
    own.kill();
    own.start().await;
    let _listening = receiver.listens(port).await;
    assert_eq!(receiver.comes(9).await[8].1["data"]["text"], "four");
    let log = own.log();
    assert!(!log.contains(&secret()[6..]) && !log.contains("/hook"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_is_parked_or_given_up_and_said() {
    let port = ports::free();
    let unreachable = format!(
        "[api.outgoing.inside]\nchannel = \"den\"\nurl = \"https://127.0.0.1:{port}/\"\nsecret = {{ file = \"../secret\" }}\n"
    );
    let (own, _secret) = with_secret(&outgoing(port, &unreachable)).await;
    let receiver = Receiver::default();
    let _listening = receiver.listens(port).await;
    let program = own.program();
    let problems = async |channel: &str| {
        let channels = program.get(&format!("/api/v1/channels/{channel}")).await;
        channels["links"][0].clone()
    };
    // What the receiver will never take is a dead letter, and the next goes on.
    receiver.answers(&[(400, None), (204, None)]);
    program.post("lobby", "no").await;
    program.post("lobby", "yes").await;
    assert_eq!(receiver.comes(2).await[1].1["data"]["text"], "yes");
    until("one was given up", async || problems("lobby").await["dead"] == 1).await;
    let queue = String::from_utf8(own.relay(&["queue", "show", "webhooks:board"]).stdout).unwrap();
    assert!(queue.contains("its receiver answered 400"), "{queue}");
    // A redirect is not followed, and 410 is a wish: both hold the queue, and are said.
    for (status, location, words) in [(302, Some("http://127.0.0.1/elsewhere"), "302"), (410, None, "410")] {
        receiver.answers(&[(status, location); 20]);
        let text = format!("held by {status}");
        program.post("lobby", &text).await;
        until(&format!("it is parked by {status}"), async || {
            problems("lobby").await["problems"].to_string().contains(words)
        })
        .await;
        assert_eq!(problems("lobby").await["queued"], 1);
        let doctor = own.relay(&["doctor"]);
        let said = String::from_utf8_lossy(&doctor.stdout).into_owned();
        assert!(!doctor.status.success() && said.contains(words), "{said}");
        receiver.answers(&[]);
        assert!(own.relay(&["queue", "retry", "webhooks:board"]).status.success());
        until("it goes on", async || {
            let link = problems("lobby").await;
            (&link["queued"], &link["dead"], &link["problems"]) == (&json!(0), &json!(0), &json!([]))
        })
        .await;
    }
    // What is not on the public Internet is not called unless the config says so.
    program.post("den", "not for the inside").await;
    until("it is parked", async || problems("den").await["problems"].to_string().contains("private = true"))
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_and_people_are_told_of_too() {
    let port = ports::free();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("secret"), secret()).unwrap();
    let (receiver, hook, api) = (Receiver::default(), outgoing(port, ""), ports::free());
    let _listening = receiver.listens(port).await;
    let mut bench = crate::bench::Bench::new().await;
    let hook = hook.replace("../secret", folder.path().join("secret").to_str().unwrap());
    bench.write_config(&format!("[api]\nlisten = \"127.0.0.1:{api}\"\n{hook}"));
    bench.start();
    bench.connected(5).await;
    let program =
        Program { url: format!("http://127.0.0.1:{api}"), token: None, client: reqwest::Client::new() };
    let mut events = program.events("lobby", None).await;
    let said = bench.say("discord", "hello out there");
    bench.reply("discord", "and again", Some(said));
    let calls = receiver.comes(2).await;
    let told = next(&mut events, 2).await;
    for ((_, call), event) in calls.iter().zip(&told) {
        for key in ["message", "author", "text", "reply_to", "at", "type"] {
            assert_eq!(call["data"][key], event[key], "{key}: {call} {event}");
        }
    }
    assert_eq!(told[1]["reply_to"], told[0]["message"]);
}

/// Promise: what people do not let be seen, no program sees either, in a call, a stream, a page or a file.
#[tokio::test(flavor = "multi_thread")]
async fn programs_are_told_no_more_than_people() {
    const NAMES: [&str; 3] = ["Adalberta Quillon", "Brunhilde Ozark", "Chiaretta Vex"];
    let (port, api) = (ports::free(), ports::free());
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("secret"), secret()).unwrap();
    let receiver = Receiver::default();
    let _listening = receiver.listens(port).await;
    let mut world = stand_ins::world::World::demo();
    for (person, name) in world.discord.people.iter_mut().zip(NAMES) {
        person.name = name.to_owned();
    }
    let mut bench = crate::bench::Bench::of(world).await;
    let hook = outgoing(port, "").replace("../secret", folder.path().join("secret").to_str().unwrap());
    bench.write_config(&format!("[api]\nlisten = \"127.0.0.1:{api}\"\n{hook}"));
    bench.start();
    bench.connected(5).await;
    let program =
        Program { url: format!("http://127.0.0.1:{api}"), token: None, client: reqwest::Client::new() };
    let mut events = program.events("lobby", None).await;
    let room = bench.room("discord");
    let people = bench.platform("discord").people.clone();
    let act = |act: stand_ins::people::Act| bench.people("discord").act(act).unwrap();
    let say = |person: usize, text: String, reply_to: Option<String>| {
        let (person, room) = (people[person].id.clone(), room.clone());
        act(stand_ins::people::Act::Say { person, room, text, reply_to, files: vec![], thread: None })
    };
    for (person, word) in [(0, "none"), (1, "anonymous")] {
        let (id, text) = (people[person].id.clone(), format!("/relay privacy {word}"));
        let command = stand_ins::people::Act::Command { person: id, room: room.clone(), text };
        let began = std::time::Instant::now();
        while bench.people("discord").act(command.clone()).is_err() {
            assert!(began.elapsed().as_secs() < 20, "the command is there");
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        let chosen = format!("{:?}", person);
        until(&format!("{chosen} has chosen"), async || {
            bench
                .seen("discord")
                .iter()
                .any(|seen| seen.only_for.as_deref() == Some(people[person].id.as_str()))
        })
        .await;
    }
    let secret_post = say(0, "xyzzy".into(), None);
    let masked = say(1, "from behind a mask".into(), None);
    say(2, format!("plugh to <@{}> and <@{}>", people[0].id, people[1].id), Some(secret_post.clone()));
    for message in [&secret_post, &masked] {
        let (person, room) = (people[0].id.clone(), room.clone());
        act(stand_ins::people::Act::React {
            person,
            room,
            message: message.clone(),
            emoji: "🔥".into(),
            on: true,
        });
    }
    say(2, "the end".into(), None);
    let told = next(&mut events, 3).await;
    assert_eq!(told[2]["text"], "the end", "{told:?}");
    assert_eq!(told[0]["text"], "from behind a mask");
    let calls = receiver.comes(3).await;
    let page = program.get("/api/v1/channels/lobby/messages?after=0&limit=100").await;
    let all = format!("{told:?} {calls:?} {page}");
    for bytes in ["xyzzy", "🔥", NAMES[0], NAMES[1], people[0].id.as_str(), people[1].id.as_str()] {
        assert!(!all.contains(bytes), "{bytes}: {all}");
    }
    let pseudonym = told[0]["author"]["name"].as_str().unwrap();
    assert!(told[1]["text"].as_str().unwrap().contains(&format!("@{pseudonym}")), "{told:?}");
    assert!(told[1]["text"].as_str().unwrap().contains("@someone"), "{told:?}");
}

//! Somebody at a client of theirs: plain requests of the Client-Server API.

use reqwest::Method;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU64, Ordering};

static COUNT: AtomicU64 = AtomicU64::new(0);

/// A logged-in account.
#[derive(Debug, Clone)]
pub struct Person {
    base: String,
    /// `@ada:test.localhost`.
    pub user: String,
    /// Their access token.
    pub token: String,
}

/// A message as a member of the room sees it: with its edits, and without what was redacted.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// Its event's id.
    pub id: String,
    /// Whose.
    pub sender: String,
    /// Its kind, such as `m.room.message`.
    pub kind: String,
    /// What it is now.
    pub content: Value,
    /// What it answers or hangs from.
    pub relates_to: Value,
    /// Reactions: who, and with what.
    pub reactions: Vec<(String, String)>,
    /// When it was said, as the server tells.
    pub at: i64,
}

impl Seen {
    /// Its words.
    pub fn body(&self) -> &str {
        self.content["body"].as_str().unwrap_or_default()
    }

    /// What it answers.
    pub fn answers(&self) -> Option<&str> {
        self.relates_to["m.in_reply_to"]["event_id"].as_str()
    }
}

impl Person {
    /// Somebody who has registered.
    pub fn new(base: &str, user: String, token: String) -> Self {
        Self { base: base.to_owned(), user, token }
    }

    /// A request, and its answer, whatever it is.
    pub async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> (u16, Value) {
        let url = format!("{}/_matrix/client/v3/{path}", self.base);
        let mut request = reqwest::Client::new().request(method, url).bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.expect("an answer");
        let status = answer.status().as_u16();
        (status, answer.json().await.expect("JSON"))
    }

    async fn done(&self, method: Method, path: &str, body: Option<Value>) -> Value {
        let (status, answer) = self.ask(method, path, body).await;
        assert!((200..300).contains(&status), "{path}: {status} {answer}");
        answer
    }

    /// Reads.
    pub async fn get(&self, path: &str) -> Value {
        self.done(Method::GET, path, None).await
    }

    /// Puts.
    pub async fn put(&self, path: &str, body: Value) -> Value {
        self.done(Method::PUT, path, Some(body)).await
    }

    /// Posts.
    pub async fn post(&self, path: &str, body: Value) -> Value {
        self.done(Method::POST, path, Some(body)).await
    }

    /// A room of this name, to which these are invited. `more` goes into the request.
    pub async fn room(&self, name: &str, invited: &[&Person], more: Value) -> String {
        let invite: Vec<&str> = invited.iter().map(|person| person.user.as_str()).collect();
        let mut request = json!({ "name": name, "preset": "private_chat", "invite": invite });
        for (key, value) in more.as_object().into_iter().flatten() {
            request[key] = value.clone();
        }
        string(&self.post("createRoom", request).await["room_id"])
    }

    /// Joins a room.
    pub async fn joins(&self, room: &str) {
        self.post(&format!("join/{}", encoded(room)), json!({})).await;
    }

    /// Sends an event; answers its id.
    pub async fn send(&self, room: &str, kind: &str, content: Value) -> String {
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = format!("rooms/{}/send/{kind}/t{}-{count}", encoded(room), std::process::id());
        string(&self.put(&path, content).await["event_id"])
    }

    /// Says something.
    pub async fn says(&self, room: &str, words: &str) -> String {
        self.send(room, "m.room.message", json!({ "msgtype": "m.text", "body": words })).await
    }

    /// Says something with a relation to something else.
    pub async fn says_to(&self, room: &str, words: &str, relation: Value) -> String {
        let content = json!({ "msgtype": "m.text", "body": words, "m.relates_to": relation });
        self.send(room, "m.room.message", content).await
    }

    /// Changes what they said.
    pub async fn edits(&self, room: &str, event: &str, words: &str) {
        let new = json!({ "msgtype": "m.text", "body": words });
        let relation = json!({ "rel_type": "m.replace", "event_id": event });
        let content = json!({ "msgtype": "m.text", "body": format!("* {words}"), "m.new_content": new, "m.relates_to": relation });
        self.send(room, "m.room.message", content).await;
    }

    /// Takes something back.
    pub async fn redacts(&self, room: &str, event: &str) {
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let path =
            format!("rooms/{}/redact/{}/r{}-{count}", encoded(room), encoded(event), std::process::id());
        self.put(&path, json!({})).await;
    }

    /// Reacts; answers the reaction's event.
    pub async fn reacts(&self, room: &str, event: &str, key: &str) -> String {
        let relation = json!({ "rel_type": "m.annotation", "event_id": event, "key": key });
        self.send(room, "m.reaction", json!({ "m.relates_to": relation })).await
    }

    /// Sets a room's state.
    pub async fn sets(&self, room: &str, kind: &str, content: Value) {
        self.put(&format!("rooms/{}/state/{kind}/", encoded(room)), content).await;
    }

    /// A room's state of a kind; null where there is none.
    pub async fn state(&self, room: &str, kind: &str) -> Value {
        match self.ask(Method::GET, &format!("rooms/{}/state/{kind}/", encoded(room)), None).await {
            (200, content) => content,
            _ => Value::Null,
        }
    }

    /// What somebody is called and looks like, as their profile says.
    pub async fn profile(&self, user: &str) -> Value {
        self.get(&format!("profile/{}", encoded(user))).await
    }

    /// Uploads bytes; answers their address.
    pub async fn uploads(&self, name: &str, mime: &str, bytes: Vec<u8>) -> String {
        let answer: Value = reqwest::Client::new()
            .post(format!("{}/_matrix/media/v3/upload?filename={name}", self.base))
            .bearer_auth(&self.token)
            .header("content-type", mime)
            .body(bytes)
            .send()
            .await
            .expect("an answer")
            .json()
            .await
            .expect("JSON");
        string(&answer["content_uri"])
    }

    /// The bytes behind an address.
    pub async fn downloads(&self, address: &str) -> Vec<u8> {
        let path = address.strip_prefix("mxc://").expect("an mxc address");
        let url = format!("{}/_matrix/client/v1/media/download/{path}", self.base);
        let answer =
            reqwest::Client::new().get(url).bearer_auth(&self.token).send().await.expect("an answer");
        assert!(answer.status().is_success(), "{address}: {}", answer.status());
        answer.bytes().await.expect("bytes").to_vec()
    }

    /// All events of a room, oldest first.
    pub async fn events(&self, room: &str) -> Vec<Value> {
        let (mut events, mut from) = (Vec::new(), String::new());
        loop {
            let page = self.get(&format!("rooms/{}/messages?dir=b&limit=500{from}", encoded(room))).await;
            events.extend(page["chunk"].as_array().expect("events").iter().cloned());
            match page["end"].as_str() {
                Some(end) => from = format!("&from={end}"),
                None => break,
            }
        }
        events.reverse();
        events
    }

    /// The messages of a room, oldest first.
    pub async fn sees(&self, room: &str) -> Vec<Seen> {
        let mut all: Vec<Seen> = Vec::new();
        for event in self.events(room).await {
            let (kind, content) = (string(&event["type"]), event["content"].clone());
            if event["unsigned"]["redacted_because"].is_object() || event.get("state_key").is_some() {
                continue;
            }
            let relation = content["m.relates_to"].clone();
            let about = relation["event_id"].as_str().unwrap_or_default();
            match relation["rel_type"].as_str() {
                Some("m.replace") => {
                    if let Some(seen) = all.iter_mut().find(|seen| seen.id == about) {
                        seen.content = content["m.new_content"].clone();
                    }
                }
                Some("m.annotation") => {
                    if let Some(seen) = all.iter_mut().find(|seen| seen.id == about) {
                        seen.reactions.push((string(&event["sender"]), string(&relation["key"])));
                    }
                }
                _ if kind == "m.room.redaction" => {}
                _ => all.push(Seen {
                    id: string(&event["event_id"]),
                    sender: string(&event["sender"]),
                    kind,
                    content,
                    relates_to: relation,
                    reactions: Vec::new(),
                    at: event["origin_server_ts"].as_i64().unwrap_or_default(),
                }),
            }
        }
        all
    }
}

/// A string of an answer.
pub fn string(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no string: {value}")).to_owned()
}

/// As a segment of a path.
pub fn encoded(text: &str) -> String {
    text.bytes()
        .map(
            |byte| {
                if byte.is_ascii_alphanumeric() {
                    char::from(byte).to_string()
                } else {
                    format!("%{byte:02X}")
                }
            },
        )
        .collect()
}

//! The Discord stand-in, over plain HTTP and WebSocket, without any vendor's client.

#![allow(clippy::unwrap_used)]

mod content;
mod gateway;
mod interactions;
mod limits;
mod rest;

use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use stand_ins::StandIns;
use stand_ins::faults::{Fault, Kind};
use stand_ins::people::Act;
use stand_ins::world::{Bot, World};
use std::time::Duration;
use tokio_tungstenite::tungstenite::Message;

/// The demo world, with a second bot `Shy` that may do what a test says, in the rooms that it says.
async fn started(may: &[&str], rooms: Option<&[&str]>) -> StandIns {
    let mut world = World::demo();
    let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    world.discord.bots.push(Bot {
        id: "77".into(),
        name: "Shy".into(),
        token: "shy".into(),
        app_token: String::new(),
        may: Some(owned(may)),
        rooms: rooms.map(owned),
    });
    if let Some(random) = world.discord.spaces[0].rooms.get_mut(1) {
        random.private = true;
    }
    stand_ins::start(world).await.unwrap()
}

fn room(stand_ins: &StandIns, name: &str) -> String {
    let rooms = &stand_ins.world.discord.spaces[0].rooms;
    rooms.iter().find(|room| room.name == name).unwrap().id.clone()
}

fn say(person: &str, room: &str, text: &str) -> Act {
    Act::Say {
        person: person.into(),
        room: room.into(),
        text: text.into(),
        reply_to: None,
        files: Vec::new(),
        thread: None,
    }
}

fn fault(kind: Kind) -> Fault {
    Fault { kind, times: 1, only: None, seconds: 1.0 }
}

/// A plain client of the REST API.
struct Client {
    http: reqwest::Client,
    base: String,
    token: &'static str,
}

impl Client {
    fn of(stand_ins: &StandIns, token: &'static str) -> Self {
        // A second installation is refused, which is fine.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Self { http: reqwest::Client::new(), base: stand_ins.discord.api_url() + "/api/v10", token }
    }

    async fn call(&self, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let mut request = self.http.request(method, self.base.clone() + path);
        request = request.header("authorization", format!("Bot {}", self.token));
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap_or_default())
    }

    async fn get(&self, path: &str) -> (u16, Value) {
        self.call("GET", path, None).await
    }

    async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        self.call("POST", path, Some(body)).await
    }
}

type Socket = tokio_tungstenite::WebSocketStream<tokio_tungstenite::MaybeTlsStream<tokio::net::TcpStream>>;

/// A plain client of the gateway.
struct Gateway(Socket);

impl Gateway {
    async fn connect(stand_ins: &StandIns) -> Self {
        let url = stand_ins.discord.gateway_url().unwrap() + "/?v=10&encoding=json";
        let mut gateway = Self(tokio_tungstenite::connect_async(url).await.unwrap().0);
        assert_eq!(gateway.next().await["op"], 10);
        gateway
    }

    async fn identified(stand_ins: &StandIns, token: &str, intents: u64) -> (Self, Value) {
        let mut gateway = Self::connect(stand_ins).await;
        gateway.send(json!({ "op": 2, "d": { "token": token, "intents": intents, "properties": {} } })).await;
        let ready = gateway.dispatch("READY").await;
        (gateway, ready)
    }

    async fn send(&mut self, payload: Value) {
        self.0.send(Message::text(payload.to_string())).await.unwrap();
    }

    /// The next payload; `{"closed": code}` when the other side is gone (1006: without a goodbye).
    async fn next(&mut self) -> Value {
        let next = tokio::time::timeout(Duration::from_secs(5), self.0.next()).await.expect("silence");
        match next {
            Some(Ok(Message::Text(text))) => serde_json::from_str(&text).unwrap(),
            Some(Ok(Message::Close(Some(frame)))) => json!({ "closed": u16::from(frame.code) }),
            None | Some(Err(_)) => json!({ "closed": 1006 }),
            Some(Ok(other)) => panic!("unexpected {other:?}"),
        }
    }

    /// The body of the next dispatch of a name; others are passed over.
    async fn dispatch(&mut self, name: &str) -> Value {
        loop {
            let payload = self.next().await;
            assert!(payload["closed"].is_null(), "closed while waiting for {name}: {payload}");
            if payload["t"] == name {
                return payload["d"].clone();
            }
        }
    }
}

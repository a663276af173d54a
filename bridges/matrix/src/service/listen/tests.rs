#![allow(clippy::unwrap_used)]

use super::*;
use crate::api::Api;
use crate::config::Config;
use crate::known::{Known, Rights};
use async_trait::async_trait;
use axum::Router;
use axum::http::StatusCode;
use relay_contract::{RawEvent, RoomKey, Stopped};
use secrecy::SecretString;
use serde_json::json;
use std::net::SocketAddr;
use std::sync::Mutex;
use tokio_util::sync::CancellationToken;

#[test]
fn who_types_where() {
    let typing_in = |room: &str, people: Value| json!({ "type": "m.typing", "room_id": room, "content": { "user_ids": people } });
    let told = [
        typing_in("!a", json!(["@ada:x"])),
        typing_in("!b", json!([])),
        json!({ "type": "m.receipt", "room_id": "!c", "content": {} }),
        json!({ "type": "m.typing", "content": { "user_ids": ["@ada:x"] } }),
        typing_in("!a", json!(["@ada:x", "@bo:x"])),
    ];
    let expected = [("!a".to_owned(), vec!["@ada:x".to_owned(), "@bo:x".to_owned()])];
    assert_eq!(typing(&told).collect::<Vec<_>>(), expected);
}

/// Writes down what it is told, in order.
#[derive(Default)]
struct Notes {
    told: Mutex<Vec<String>>,
    stop: CancellationToken,
}

impl Notes {
    fn note(&self, what: String) {
        self.told.lock().unwrap().push(what);
    }
}

#[async_trait]
impl Inbox for Notes {
    async fn accept(&self, raw: RawEvent) -> Result<(), Stopped> {
        self.note(format!("event in {}", raw.space));
        Ok(())
    }

    fn moved(&self, cursor: String) {
        self.note(cursor);
    }

    fn gap(&self, _: &str) {
        self.note("gap".to_owned());
    }

    fn gap_in(&self, room: &RoomKey, _: &str) {
        self.note(format!("gap in {}", room.room));
    }

    fn connected(&self) {
        self.note("connected".to_owned());
    }

    fn interrupted(&self, _: &str) {
        self.note("interrupted".to_owned());
    }

    async fn stopped(&self) {
        self.stop.cancelled().await;
    }
}

/// Listens with a homeserver that answers everything like this; answers what the inbox was told when these events came in one
/// transaction, once it has noted `first`.
async fn told(cursor: Option<&str>, answers: StatusCode, first: &str, events: Value) -> Vec<String> {
    let homeserver = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", homeserver.local_addr().unwrap());
    let routes = Router::new().fallback(move || async move { (answers, "{}") });
    let _homeserver =
        AbortOnDropHandle::new(tokio::spawn(async move { axum::serve(homeserver, routes).await }));
    let listen: SocketAddr = {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        free.local_addr().unwrap()
    };
    let service = Service {
        id: "relay".into(),
        url: format!("http://{listen}"),
        listen,
        hs_token: SecretString::from("right"),
        bot: "relay".into(),
        prefix: "_relay_".into(),
    };
    let token = SecretString::from("token");
    let config = Config { homeserver: base, access_token: token, service: Some(service.clone()) };
    let (api, known, notes) = (Api::new(&config).unwrap(), Known::default(), Notes::default());
    known.room_is("!a:x", Rights::ALL, "A".into());
    let ghosts = Some("@_relay_".to_owned());
    let listener = Listener { api: &api, known: &known, own: "@relay:x".into(), ghosts };
    let sends = async {
        while !notes.told.lock().unwrap().iter().any(|told| told == first) {
            sleep(Duration::from_millis(5)).await;
        }
        let at = format!("http://{listen}/_matrix/app/v1/transactions/1");
        let body = json!({ "events": events }).to_string();
        let sent = reqwest::Client::new().put(at).bearer_auth("right").body(body).send().await.unwrap();
        assert_eq!(sent.status(), 200);
        notes.stop.cancel();
    };
    let (served, ()) = tokio::join!(listener.serve(&service, cursor.map(str::to_owned), &notes), sends);
    served.unwrap();
    notes.told.into_inner().unwrap()
}

fn said(room: &str, by: &str) -> Value {
    let at = relay_contract::Timestamp::now().0 + 1_000;
    json!({
        "type": "m.room.message", "room_id": room, "sender": by, "event_id": format!("${by}"), "origin_server_ts": at,
        "content": { "msgtype": "m.text", "body": "hello" }, "unsigned": { "age": 20 },
    })
}

/// Synapse may have left something lying when it took up again.
#[tokio::test]
async fn a_room_is_read_before_what_is_said_there_just_after_an_absence() {
    let events = json!([said("!a:x", "@ada:x"), said("!b:x", "@bo:x"), said("!a:x", "@_relay_c:x")]);
    let told = told(Some(LISTENED), StatusCode::OK, LISTENED, events).await;
    let expected =
        ["gap", "connected", LISTENED, "gap in !a:x", "event in !a:x", "event in !b:x", "event in !a:x"];
    assert_eq!(told, expected);
}

#[tokio::test]
async fn what_the_bridge_itself_says_is_no_reason_to_read_a_room() {
    let told = told(Some(LISTENED), StatusCode::OK, LISTENED, json!([said("!a:x", "@_relay_c:x")])).await;
    assert_eq!(told, ["gap", "connected", LISTENED, "event in !a:x"]);
}

/// A crash behind this, and what is said during it is not from before the first time.
#[tokio::test]
async fn that_it_has_listened_is_noted_before_the_first_event() {
    let told = told(None, StatusCode::BAD_GATEWAY, "interrupted", json!([said("!a:x", "@ada:x")])).await;
    assert_eq!(told, ["interrupted", LISTENED, "gap in !a:x", "event in !a:x"]);
}

//! What the homeserver calls: an HTTP server that lets nobody else in
//! (<https://spec.matrix.org/v1.11/application-service-api/#homeserver---application-service-api>).

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use subtle::ConstantTimeEq;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

/// The largest transaction, in bytes: a hundred events of 64 KiB, as much again for what a server adds, and room.
const LARGEST: usize = 32 << 20;
/// How long its bytes may take to come, and how long it may take until all of it is on disk. Then the homeserver repeats it.
const COMING: Duration = Duration::from_secs(60);
const KEEPING: Duration = Duration::from_secs(50);

/// What happened, as the homeserver sends it.
pub struct Transaction {
    /// The same when it is repeated.
    pub id: String,
    /// Events of rooms, in their order.
    pub events: Vec<Value>,
    /// What is not kept: who is typing.
    pub ephemeral: Vec<Value>,
    /// Told once all of it is on disk.
    pub done: oneshot::Sender<()>,
}

/// Whom the server lets in, and where to transactions go.
#[derive(Clone)]
struct Door {
    hs_token: Arc<SecretString>,
    to: mpsc::Sender<Transaction>,
}

/// The server's routes.
pub fn routes(hs_token: SecretString, to: mpsc::Sender<Transaction>) -> Router {
    let door = Door { hs_token: Arc::new(hs_token), to };
    Router::new()
        .route("/_matrix/app/v1/transactions/{txn}", put(transaction))
        .route("/_matrix/app/v1/ping", post(|| async { answer(StatusCode::OK, json!({})) }))
        .route("/_matrix/app/v1/users/{user}", get(nobody))
        .route("/_matrix/app/v1/rooms/{alias}", get(nobody))
        .fallback(|| async { refusal(StatusCode::NOT_FOUND, "M_UNRECOGNIZED", "there is no such call") })
        .method_not_allowed_fallback(|| async {
            refusal(StatusCode::METHOD_NOT_ALLOWED, "M_UNRECOGNIZED", "not with this method")
        })
        .layer(middleware::from_fn_with_state(door.clone(), admitted))
        .with_state(door)
}

/// Ghosts are made when somebody speaks, and rooms are people's to make: whoever is asked for is not there.
async fn nobody() -> Response {
    refusal(StatusCode::NOT_FOUND, "M_NOT_FOUND", "there is no such user or room")
}

/// The token stands in a header; homeservers from before 1.4 write it into the query
/// (<https://spec.matrix.org/v1.11/application-service-api/#authorization>).
async fn admitted(State(door): State<Door>, request: Request, next: Next) -> Response {
    let header = request.headers().get(AUTHORIZATION).map(|value| value.as_bytes());
    let bearer = header.and_then(|value| value.strip_prefix(b"Bearer ")).map(<[u8]>::to_vec);
    let written = || {
        let pairs = url::form_urlencoded::parse(request.uri().query().unwrap_or_default().as_bytes());
        pairs.into_iter().find(|(key, _)| key == "access_token").map(|(_, value)| value.as_bytes().to_vec())
    };
    let Some(shown) = bearer.or_else(written) else {
        return refusal(StatusCode::UNAUTHORIZED, "M_UNAUTHORIZED", "the hs_token is missing");
    };
    let is_it: bool = shown.ct_eq(door.hs_token.expose_secret().as_bytes()).into();
    match is_it {
        true => next.run(request).await,
        false => refusal(StatusCode::FORBIDDEN, "M_FORBIDDEN", "this is not the hs_token"),
    }
}

/// Answered once all of it is on disk.
async fn transaction(State(door): State<Door>, Path(id): Path<String>, body: Body) -> Response {
    let late = || refusal(StatusCode::SERVICE_UNAVAILABLE, "M_UNKNOWN", "not kept in time: try again");
    let bytes = match timeout(COMING, to_bytes(body, LARGEST)).await {
        Ok(Ok(bytes)) => bytes,
        Ok(Err(_)) => {
            return refusal(
                StatusCode::PAYLOAD_TOO_LARGE,
                "M_TOO_LARGE",
                "a transaction is too large, or broken off",
            );
        }
        Err(_) => return late(),
    };
    let Ok(told) = serde_json::from_slice::<Value>(&bytes) else {
        return refusal(StatusCode::BAD_REQUEST, "M_NOT_JSON", "a transaction is not JSON");
    };
    let list = |key: &str| told.get(key).and_then(Value::as_array).cloned();
    let events = list("events").unwrap_or_default();
    // Before 1.13 under the name of its proposal.
    let ephemeral = list("ephemeral").or(list("de.sorunome.msc2409.ephemeral")).unwrap_or_default();
    let (done, is_done) = oneshot::channel();
    let kept = async {
        door.to.send(Transaction { id, events, ephemeral, done }).await.ok()?;
        is_done.await.ok()
    };
    match timeout(KEEPING, kept).await {
        Ok(Some(())) => answer(StatusCode::OK, json!({})),
        _ => late(),
    }
}

fn refusal(status: StatusCode, code: &str, words: &str) -> Response {
    answer(status, json!({ "errcode": code, "error": words }))
}

fn answer(status: StatusCode, body: Value) -> Response {
    (status, [(CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::SocketAddr;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    struct Server {
        at: SocketAddr,
        transactions: mpsc::Receiver<Transaction>,
    }

    async fn server() -> Server {
        let (to, transactions) = mpsc::channel(1);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("loopback");
        let at = listener.local_addr().expect("an address");
        let routes = routes(SecretString::from("right".to_owned()), to);
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Server { at, transactions }
    }

    /// One request, and its answer's status and body.
    async fn ask(at: SocketAddr, method: &str, path: &str, token: Option<&str>, body: &str) -> (u16, Value) {
        let token = token.map(|token| format!("Authorization: Bearer {token}\r\n")).unwrap_or_default();
        let head = format!("{method} {path} HTTP/1.1\r\nHost: relay\r\nConnection: close\r\n{token}");
        let request = format!("{head}Content-Length: {}\r\n\r\n{body}", body.len());
        let mut stream = tokio::net::TcpStream::connect(at).await.expect("a connection");
        stream.write_all(request.as_bytes()).await.expect("it is sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("an answer");
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        (status, serde_json::from_str(body).expect("JSON"))
    }

    #[tokio::test]
    async fn only_the_homeserver_is_let_in() {
        let server = server().await;
        let cases = [
            ("POST", "/_matrix/app/v1/ping", Some("right"), 200, ""),
            ("POST", "/_matrix/app/v1/ping?access_token=right", None, 200, ""),
            ("POST", "/_matrix/app/v1/ping?access_token=right", Some("wrong"), 403, "M_FORBIDDEN"),
            ("POST", "/_matrix/app/v1/ping", Some("righ"), 403, "M_FORBIDDEN"),
            ("POST", "/_matrix/app/v1/ping", None, 401, "M_UNAUTHORIZED"),
            ("PUT", "/_matrix/app/v1/transactions/1", Some("wrong"), 403, "M_FORBIDDEN"),
            ("PUT", "/_matrix/app/v1/transactions/1", None, 401, "M_UNAUTHORIZED"),
            ("GET", "/_matrix/app/v1/users/@_relay_a:x", Some("right"), 404, "M_NOT_FOUND"),
            ("GET", "/_matrix/app/v1/rooms/%23a:x", Some("right"), 404, "M_NOT_FOUND"),
            ("GET", "/_matrix/app/v1/ping", Some("right"), 405, "M_UNRECOGNIZED"),
            ("GET", "/_matrix/app/v2/ping", Some("right"), 404, "M_UNRECOGNIZED"),
            ("GET", "/_matrix/app/v2/ping", None, 401, "M_UNAUTHORIZED"),
            ("PUT", "/_matrix/app/v1/transactions/1", Some("right"), 400, "M_NOT_JSON"),
        ];
        for (method, path, token, expected, code) in cases {
            let (status, body) = ask(server.at, method, path, token, "").await;
            let said = body["errcode"].as_str().unwrap_or_default();
            assert_eq!((status, said), (expected, code), "{method} {path} {token:?}");
        }
    }

    #[tokio::test]
    async fn a_transaction_is_answered_when_it_is_kept_and_not_before() {
        let mut server = server().await;
        let (at, path) = (server.at, "/_matrix/app/v1/transactions/t1");
        let body =
            json!({ "events": [{ "a": 1 }], "de.sorunome.msc2409.ephemeral": [{ "b": 2 }] }).to_string();
        let put = || {
            let body = body.clone();
            tokio::spawn(async move { ask(at, "PUT", path, Some("right"), &body).await })
        };
        let waiting = put();
        let transaction = server.transactions.recv().await.expect("a transaction");
        assert_eq!((transaction.id.as_str(), &transaction.events), ("t1", &vec![json!({ "a": 1 })]));
        assert_eq!(transaction.ephemeral, [json!({ "b": 2 })]);
        assert!(!waiting.is_finished(), "nothing is on disk yet");
        drop(transaction.done);
        assert_eq!(waiting.await.expect("an answer").0, 503);
        let waiting = put();
        let transaction = server.transactions.recv().await.expect("the same again");
        transaction.done.send(()).expect("somebody waits");
        assert_eq!(waiting.await.expect("an answer"), (200, json!({})));
    }
}

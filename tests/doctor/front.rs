//! A server in front of another one, which gives some answers itself: what a platform says when something is wrong that its stand-in has
//! no word for. Without another one it knows nothing but its own answers.

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, Response, Uri};
use serde_json::Value;
use std::sync::Arc;

/// An answer that it gives itself.
#[derive(Clone)]
pub struct Answer {
    /// What the method, a blank and the path contain.
    pub to: &'static str,
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: String,
}

/// An answer in JSON.
pub fn json(to: &'static str, status: u16, body: Value) -> Answer {
    Answer { to, status, headers: vec![("content-type", "application/json".into())], body: body.to_string() }
}

struct Front {
    behind: Option<String>,
    answers: Vec<Answer>,
    client: reqwest::Client,
}

/// Its URL. It stands until the test ends.
pub async fn before(behind: Option<String>, answers: Vec<Answer>) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let front = Arc::new(Front { behind, answers, client });
    let router = Router::new().fallback(answer).with_state(front);
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

async fn answer(
    State(front): State<Arc<Front>>,
    method: Method,
    uri: Uri,
    mut headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let asked = format!("{method} {}", uri.path());
    if let Some(own) = front.answers.iter().find(|own| asked.contains(own.to)) {
        let mut answer = Response::builder().status(own.status);
        for (name, value) in &own.headers {
            answer = answer.header(*name, value);
        }
        return answer.body(Body::from(own.body.clone())).unwrap();
    }
    let Some(behind) = &front.behind else {
        let body = r#"{"errcode":"M_UNRECOGNIZED","error":"Unrecognized request"}"#;
        return Response::builder().status(404).body(Body::from(body)).unwrap();
    };
    headers.remove("host");
    let url = format!("{behind}{}", uri.path_and_query().map_or("/", |path| path.as_str()));
    let answer = front.client.request(method, url).headers(headers).body(body).send().await.unwrap();
    let mut told = Response::builder().status(answer.status());
    for (name, value) in answer.headers() {
        if !matches!(name.as_str(), "transfer-encoding" | "connection" | "content-length") {
            told = told.header(name, value);
        }
    }
    told.body(Body::from(answer.bytes().await.unwrap())).unwrap()
}

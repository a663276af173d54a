//! A channel of Relay's own, without any platform.

use crate::program::{Own, next};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn everybody_sees_everything_from_wherever_they_are() {
    let own = Own::started("").await;
    let program = own.program();
    let first = program.post("lobby", "one").await;
    let (mut sse, mut socket) = (program.events("lobby", None).await, program.socket("lobby", None).await);
    program.post("lobby", "two\nlines").await;
    program.post("den", "elsewhere").await;
    program.post("lobby", "three").await;
    let texts = |events: &[serde_json::Value]| -> Vec<String> {
        events.iter().map(|event| event["text"].as_str().unwrap().to_owned()).collect()
    };
    let (seen, told) = (next(&mut sse, 2).await, next(&mut socket, 2).await);
    assert_eq!(texts(&seen), ["two\nlines", "three"]);
    assert_eq!(seen, told);
    // One that comes later goes on behind what it has, or begins at the beginning.
    let after = seen[0]["cursor"].as_str().unwrap();
    let mut resumed = program.events("lobby", Some(after)).await;
    assert_eq!(texts(&next(&mut resumed, 1).await), ["three"]);
    let mut whole = program.socket("lobby", Some("0")).await;
    assert_eq!(texts(&next(&mut whole, 3).await), ["one", "two\nlines", "three"]);
    let event = &seen[0];
    assert_eq!(
        (&event["type"], &event["author"], &event["channel"]),
        (&json!("posted"), &json!({ "platform": "relay", "id": "local", "name": "API" }), &json!("lobby"))
    );
    // Page by page, both ways.
    let page = program.get("/api/v1/channels/lobby/messages?after=0&limit=2").await;
    assert_eq!(texts(page["events"].as_array().unwrap()), ["one", "two\nlines"]);
    assert_eq!((&page["more"], &page["events"][0]["message"]), (&json!(true), &json!(first)));
    let page = program.get("/api/v1/channels/lobby/messages?limit=2").await;
    assert_eq!(texts(page["events"].as_array().unwrap()), ["two\nlines", "three"]);
    let before = page["begins"].as_str().unwrap();
    let page = program.get(&format!("/api/v1/channels/lobby/messages?before={before}")).await;
    assert_eq!(
        (texts(page["events"].as_array().unwrap()), &page["more"]),
        (vec!["one".into()], &json!(false))
    );
    let channels = program.get("/api/v1/channels").await;
    let names: Vec<_> =
        channels["channels"].as_array().unwrap().iter().map(|channel| &channel["name"]).collect();
    assert_eq!(names, ["den", "lobby"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_done_is_said() {
    let own = Own::started("").await;
    let program = own.program();
    let post = "/api/v1/channels/lobby/messages";
    let long = "x".repeat(65_537);
    let cases = [
        ("GET", "/", None, 404, "nothing here"),
        ("GET", "/api/v1/channels/attic", None, 404, "no channel `attic`"),
        ("PUT", post, None, 405, "cannot be done"),
        ("GET", "/api/v1/channels/lobby/messages?after=x", None, 400, "not a cursor"),
        ("GET", "/api/v1/channels/lobby/messages?limit=0", None, 400, "out of range"),
        ("GET", "/api/v1/channels/lobby/messages?limit=x", None, 400, "the query"),
        ("GET", "/api/v1/channels/lobby/events?since=1", None, 400, "the query"),
        ("GET", "/api/v1/channels/lobby/socket", None, 426, "WebSocket"),
        ("GET", "/api/v1/channels/%FF/messages", None, 400, "UTF-8"),
        ("POST", post, None, 415, "not JSON"),
        ("POST", post, Some(json!({})), 400, "neither text nor files"),
        ("POST", post, Some(json!({ "text": "\u{1}\u{7f}\u{200b}" })), 400, "says nothing"),
        ("POST", post, Some(json!({ "text": " \n" })), 400, "says nothing"),
        ("POST", post, Some(json!({ "text": long })), 400, "too long"),
        ("POST", post, Some(json!({ "text": "x", "txet": "y" })), 400, "unknown field"),
        ("POST", post, Some(json!({ "text": "x", "reply_to": "../x" })), 400, "reply_to"),
    ];
    for (method, path, body, status, words) in cases {
        let (code, answer) = program.ask(method, path, body).await;
        let error = answer["error"].as_str().unwrap_or_default();
        assert!(code == status && error.contains(words), "{method} {path}: {code} {answer}");
        assert!(answer["fix"].as_str().is_some_and(|fix| !fix.is_empty()), "{answer}");
    }
    // A web page behind a name that leads here.
    let rebound = program.request("GET", "/api/v1/channels").header("host", "evil.example");
    assert_eq!(rebound.send().await.unwrap().status(), 403);
}

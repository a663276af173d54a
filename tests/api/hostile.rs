//! What programs try, by mistake or not, that would cost others something.

use crate::program::{Own, Program, until};
use serde_json::json;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

const MESSAGES: &str = "/api/v1/channels/lobby/messages";

fn address(program: &Program) -> std::net::SocketAddr {
    program.url.strip_prefix("http://").unwrap().parse().unwrap()
}

/// Promise: what was deleted stays so, whoever edits it at the same time.
#[tokio::test(flavor = "multi_thread")]
async fn an_edit_beside_a_delete_brings_nothing_back() {
    let own = Own::started("").await;
    let program = own.program();
    program.post("lobby", "ready").await;
    for round in 0..20 {
        let id = program.post("lobby", &format!("secret {round}")).await;
        let path = format!("{MESSAGES}/{id}");
        let changed = json!({ "text": format!("secret {round}, again") });
        let (deleted, _) = tokio::join!(
            program.ask("DELETE", &path, None),
            program.ask("PATCH", &path, Some(changed.clone()))
        );
        assert_eq!(deleted.0, 204, "{}", deleted.1);
        until("a later edit finds nothing", async || {
            program.ask("PATCH", &path, Some(changed.clone())).await.0 == 404
        })
        .await;
        let page = program.get(&format!("{MESSAGES}?after=0&limit=200")).await;
        let told = page["events"].to_string();
        assert!(!told.contains("secret"), "{round}: {told}");
    }
}

/// Promise: memory is bounded, however many do not read what they asked for.
#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_read_costs_little_memory() {
    const READERS: usize = 30;
    let own = Own::started("").await;
    let program = own.program();
    let long = "🦉".repeat(65_000);
    for _ in 0..60 {
        program.post("lobby", &long).await;
    }
    let before = own.memory();
    let mut readers = Vec::new();
    for at in 0..READERS {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        let mut stream = socket.connect(address(&program)).await.unwrap();
        let path = if at % 2 == 0 { "events?after=0" } else { "messages?after=0&limit=200" };
        let host = program.url.trim_start_matches("http://");
        let asked = format!("GET /api/v1/channels/lobby/{path} HTTP/1.1\r\nhost: {host}\r\n\r\n");
        stream.write_all(asked.as_bytes()).await.unwrap();
        readers.push(stream);
    }
    for reader in &mut readers {
        let mut begins = [0; 12];
        reader.read_exact(&mut begins).await.unwrap();
        assert_eq!(&begins, b"HTTP/1.1 200");
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    let more = own.memory() - before;
    println!("{READERS} who do not read: {more} KiB");
    // A piece was 26 MB of text and as much of JSON.
    assert!(more < READERS as u64 * 4 * 1024, "{more} KiB");
    // Whoever reads gets all of it, piece by piece.
    assert_eq!(program.texts("lobby").await.len(), 60);
}

/// Promise: a form whose file does not begin is refused before it costs anything.
#[tokio::test(flavor = "multi_thread")]
async fn a_form_that_does_not_begin_is_refused() {
    let own = Own::started("").await;
    let program = own.program();
    program.post("lobby", "ready").await;
    let host = program.url.trim_start_matches("http://");
    for begins in ["--b\r\nx: ", ""] {
        let began = Instant::now();
        let mut stream = TcpStream::connect(address(&program)).await.unwrap();
        let head = format!(
            "POST /api/v1/channels/lobby/files HTTP/1.1\r\nhost: {host}\r\ncontent-type: multipart/form-data; boundary=b\r\ncontent-length: 100000000\r\n\r\n{begins}"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        let (mut reads, mut writes) = stream.into_split();
        let sends = tokio::spawn(async move { while writes.write_all(&[b'x'; 16 * 1024]).await.is_ok() {} });
        let mut answer = [0; 12];
        reads.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"HTTP/1.1 400", "{begins:?}");
        assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
        drop(reads);
        sends.abort();
    }
}

/// Promise: what Relay says itself is told once.
#[tokio::test(flavor = "multi_thread")]
async fn a_notice_is_told_once() {
    let own = Own::started_with("60 per minute, 2 at once", "").await;
    let program = own.program();
    for number in 0..5 {
        program.post("lobby", &format!("line {number}")).await;
    }
    let noticed = async || {
        let page = program.get(&format!("{MESSAGES}?after=0&limit=200")).await;
        let events = page["events"].as_array().unwrap().clone();
        events.into_iter().filter(|event| event["type"] == "noticed").collect::<Vec<_>>()
    };
    until("it is told that something is held", async || !noticed().await.is_empty()).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let noticed = noticed().await;
    assert_eq!(noticed.len(), 1, "{noticed:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_object_or_has_two_keys_is_refused() {
    let own = Own::started("").await;
    let program = own.program();
    program.post("lobby", "ready").await;
    let (status, answer) = program.ask("POST", MESSAGES, Some(json!(["x", [], null, "Mallory", null]))).await;
    assert_eq!(status, 400, "{answer}");
    let twice = program.request("POST", MESSAGES).json(&json!({ "text": "x" }));
    let twice = twice.header("idempotency-key", "a").header("idempotency-key", "b").send().await.unwrap();
    assert_eq!(twice.status(), 400);
    assert_eq!(program.texts("lobby").await, ["ready"]);
}

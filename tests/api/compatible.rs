//! Programs that were written for matterbridge's API.

use crate::bench::Bench;
use crate::program::{Own, Program, next, until};
use crate::tokens::token;
use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use stand_ins::ports;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

const TOKEN: &str = "a-token-as-matterbridge-has-it";

/// Starts the script.
fn script(url: &str, nick: &str, count: usize) -> Child {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/api/matterbridge/script.py");
    let mut python = Command::new("python3");
    python.arg(file).args([url, TOKEN, "lobby", nick, &count.to_string()]);
    python.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("python3 is there")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_for_matterbridge_runs_unchanged() {
    let (port, own) = (ports::free(), ports::free());
    let mut bench = Bench::new().await;
    bench.write_config(&format!(
        "[api]\nlisten = \"127.0.0.1:{own}\"\n[api.matterbridge]\nlisten = \"127.0.0.1:{port}\"\ntoken = {{ file = \"token\" }}\n"
    ));
    std::fs::write(bench.dir.path().join("token"), TOKEN).unwrap();
    bench.start();
    bench.connected(4).await;
    let url = format!("http://127.0.0.1:{port}");
    // Two at once: each hears every word of the people.
    let scripts = [script(&url, "Owl", 6), script(&url, "Wren", 6)];
    for nick in ["Owl", "Wren"] {
        let seen = bench.arrives("discord", &format!("hello from {nick}")).await;
        assert_eq!(seen.author, format!("{nick} ‹Relay›"));
    }
    for number in 0..6 {
        bench.say("slack", &format!("word {number}"));
    }
    let person = bench.person("slack");
    let expected: Vec<_> =
        (0..6).map(|number| format!("lobby slack slack.slack {person}: word {number}")).collect();
    for script in scripts {
        let done = tokio::task::spawn_blocking(|| script.wait_with_output().unwrap()).await.unwrap();
        let heard = String::from_utf8(done.stdout).unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        assert_eq!(heard.lines().collect::<Vec<_>>(), expected);
    }
    assert!(!bench.log().contains(TOKEN));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_websocket_goes_both_ways_and_wrong_tokens_nowhere() {
    let port = ports::free();
    let own = Own::started(&format!(
        "[api.matterbridge]\nlisten = \"127.0.0.1:{port}\"\ntoken = {{ file = \"token\" }}"
    ))
    .await;
    // The token that the config names is one: Relay's own API needs one too.
    assert_eq!(own.program().ask("GET", "/api/v1/channels", None).await.0, 401);
    let program = token(&own, "Bot", &[]);
    program.post("lobby", "ready").await;
    let url = format!("http://127.0.0.1:{port}");
    let anybody = Program { url: url.clone(), token: None, client: reqwest::Client::new() };
    let cases = [
        (anybody.clone(), "GET", "/api/messages", None, 401),
        (anybody.with("wrong"), "GET", "/api/messages", None, 401),
        (anybody.clone(), "GET", "/api/health", None, 200),
        (anybody.with(TOKEN), "GET", "/api/messages", None, 200),
        (anybody.with(TOKEN), "POST", "/api/message", Some(json!({ "text": "x" })), 400),
        (anybody.with(TOKEN), "POST", "/api/message", Some(json!({ "text": "x", "gateway": "attic" })), 404),
        (anybody.with(TOKEN), "POST", "/api/message", Some(json!({ "text": "", "gateway": "lobby" })), 400),
        (
            anybody.with(TOKEN),
            "POST",
            "/api/message",
            Some(
                json!({ "text": "waves", "gateway": "lobby", "event": "user_action", "avatar": null, "Extra": null }),
            ),
            200,
        ),
    ];
    for (program, method, path, body, status) in cases {
        let (code, answer) = program.ask(method, path, body).await;
        assert_eq!(code, status, "{method} {path}: {answer}");
    }
    let mut request = format!("ws://127.0.0.1:{port}/api/websocket").into_client_request().unwrap();
    request.headers_mut().insert("authorization", format!("Bearer {TOKEN}").parse().unwrap());
    let (socket, _) = tokio_tungstenite::connect_async(request).await.unwrap();
    let (mut out, heard) = socket.split();
    let heard = heard.filter_map(async |message| match message.ok()? {
        Message::Text(text) => serde_json::from_str::<Value>(&text).ok(),
        _ => None,
    });
    let mut heard: crate::program::Events = Box::pin(heard);
    assert_eq!(next(&mut heard, 1).await[0]["event"], "api_connected");
    program.post("lobby", "the first").await;
    assert_eq!(next(&mut heard, 1).await[0]["text"], "the first");
    let said = json!({ "text": "from the socket", "username": "Game", "gateway": "lobby" });
    out.send(Message::from(said.to_string())).await.unwrap();
    until("it is there", async || program.texts("lobby").await.contains(&"from the socket".into())).await;
    program.post("lobby", "the next").await;
    let line = next(&mut heard, 1).await.remove(0);
    assert_eq!(
        (&line["text"], &line["protocol"], &line["channel"]),
        (&json!("the next"), &json!("api"), &json!("api"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_posts_only_into_its_channels() {
    let port = ports::free();
    let own = Own::started(&format!("[api.matterbridge]\nlisten = \"127.0.0.1:{port}\"")).await;
    own.program().post("den", "ready").await;
    let game = token(&own, "Game", &["--scope", "read,write,persona", "--channel", "lobby"]);
    let game = Program { url: format!("http://127.0.0.1:{port}"), ..game };
    let cases = [
        (json!({ "text": "x", "username": "Ada", "gateway": "lobby" }), 200),
        // The only one that it has.
        (json!({ "text": "x", "username": "Ada" }), 200),
        (json!({ "text": "x", "username": "Ada", "gateway": "den" }), 404),
        (json!({ "text": "x", "username": "Ada", "gateway": "attic" }), 404),
    ];
    for (sent, status) in cases {
        let (code, answer) = game.ask("POST", "/api/message", Some(sent.clone())).await;
        assert_eq!(code, status, "{sent}: {answer}");
    }
    let den = token(&own, "Den", &["--scope", "read"]);
    assert_eq!(den.texts("den").await, ["ready"]);
}

//! Relay with an API, and a program that uses it.

use futures::{Stream, StreamExt};
use serde_json::{Value, json};
use stand_ins::ports;
use std::pin::Pin;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// How long anything may take before a test gives up on it.
const PATIENCE: Duration = Duration::from_secs(30);

/// A Relay with channels that no platform is linked to.
pub struct Own {
    pub dir: tempfile::TempDir,
    pub url: String,
    relay: Option<Child>,
}

impl Own {
    /// Runs, with the channels `lobby` and `den`, and these lines in `[api]` and behind.
    pub async fn started(more: &str) -> Self {
        Self::started_with("off", more).await
    }

    /// The same with this for `flood`.
    pub async fn started_with(flood: &str, more: &str) -> Self {
        let port = ports::free();
        let dir = tempfile::tempdir().unwrap();
        let config = format!(
            "[relay]\ndata_dir = \"state\"\nflood = \"{flood}\"\ntell_rooms = false\n[api]\nlisten = \"127.0.0.1:{port}\"\n{more}\n[channels.lobby]\n[channels.den]\n"
        );
        std::fs::write(dir.path().join("bridges.toml"), config).unwrap();
        std::fs::write(dir.path().join("token"), "a-token-as-matterbridge-has-it").unwrap();
        let mut own = Self { dir, url: format!("http://127.0.0.1:{port}"), relay: None };
        own.start().await;
        own
    }

    /// A `relay` command.
    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_relay"));
        command.args(words).arg("--config").arg(self.dir.path().join("bridges.toml"));
        command
    }

    /// The same, run to its end.
    pub fn relay(&self, words: &[&str]) -> Output {
        self.command(words).output().unwrap()
    }

    /// Starts it; returns when the API takes messages.
    pub async fn start(&mut self) {
        let log =
            std::fs::File::options().create(true).append(true).open(self.dir.path().join("log")).unwrap();
        self.relay = Some(self.command(&["run"]).stdin(Stdio::null()).stderr(log).spawn().unwrap());
        let began = Instant::now();
        loop {
            let ended = self.relay.as_mut().unwrap().try_wait().unwrap();
            assert!(ended.is_none(), "relay ended with {ended:?}: {}", self.log());
            let answer = reqwest::Client::new().get(format!("{}/api/v1/channels", self.url)).send().await;
            if answer.is_ok() {
                return;
            }
            assert!(began.elapsed() < PATIENCE, "the API does not answer: {}", self.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(self.dir.path().join("log")).unwrap()
    }

    /// The most memory that it had so far, in kibibytes.
    pub fn memory(&self) -> u64 {
        let pid = self.relay.as_ref().unwrap().id();
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.trim_end_matches("kB").trim().parse().unwrap()
    }

    /// SIGKILL.
    pub fn kill(&mut self) {
        if let Some(mut relay) = self.relay.take() {
            relay.kill().unwrap();
            relay.wait().unwrap();
        }
    }

    pub fn program(&self) -> Program {
        Program { url: self.url.clone(), token: None, client: reqwest::Client::new() }
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A program.
#[derive(Clone)]
pub struct Program {
    pub url: String,
    pub token: Option<String>,
    pub client: reqwest::Client,
}

/// Events as they come.
pub type Events = Pin<Box<dyn Stream<Item = Value> + Send>>;

impl Program {
    pub fn with(&self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self.clone() }
    }

    pub fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let request = self.client.request(method, format!("{}{path}", self.url));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    /// Status and body of an answer.
    pub async fn ask(&self, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        let mut request = self.request(method, path);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        let text = answer.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    pub async fn get(&self, path: &str) -> Value {
        let (status, body) = self.ask("GET", path, None).await;
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    /// Posts; answers the message's id. Waits while Relay begins.
    pub async fn post(&self, channel: &str, text: &str) -> String {
        let began = Instant::now();
        loop {
            let path = format!("/api/v1/channels/{channel}/messages");
            let (status, body) = self.ask("POST", &path, Some(json!({ "text": text }))).await;
            if status == 503 && began.elapsed() < PATIENCE {
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
            assert_eq!(status, 201, "{body}");
            return body["message"].as_str().unwrap().to_owned();
        }
    }

    /// The texts of a channel, oldest first.
    pub async fn texts(&self, channel: &str) -> Vec<String> {
        let (mut texts, mut after) = (Vec::new(), "0".to_owned());
        loop {
            let page =
                self.get(&format!("/api/v1/channels/{channel}/messages?after={after}&limit=100")).await;
            let events = page["events"].as_array().unwrap();
            let posted = events.iter().filter(|event| event["type"] == "posted");
            texts.extend(posted.map(|event| event["text"].as_str().unwrap().to_owned()));
            after = page["cursor"].as_str().unwrap().to_owned();
            if page["more"] == false {
                return texts;
            }
        }
    }

    /// Server-sent events of a channel, behind a cursor.
    pub async fn events(&self, channel: &str, after: Option<&str>) -> Events {
        let after = after.map(|after| format!("?after={after}")).unwrap_or_default();
        let path = format!("/api/v1/channels/{channel}/events{after}");
        let answer = self.request("GET", &path).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        let mut left = String::new();
        let pieces = answer.bytes_stream().map(move |piece| {
            left.push_str(std::str::from_utf8(&piece.unwrap_or_default()).unwrap());
            let mut events = Vec::new();
            while let Some(end) = left.find("\n\n") {
                let event: String = left.drain(..end + 2).collect();
                let data = event.lines().find_map(|line| line.strip_prefix("data: "));
                events.extend(data.map(|data| serde_json::from_str(data).unwrap()));
            }
            futures::stream::iter(events)
        });
        Box::pin(pieces.flatten())
    }

    /// The same over a WebSocket.
    pub async fn socket(&self, channel: &str, after: Option<&str>) -> Events {
        let after = after.map(|after| format!("?after={after}")).unwrap_or_default();
        let url = format!("{}/api/v1/channels/{channel}/socket{after}", self.url.replace("http://", "ws://"));
        let (socket, _) = tokio_tungstenite::connect_async(url).await.unwrap();
        let texts = socket.filter_map(async |message| match message.ok()? {
            tokio_tungstenite::tungstenite::Message::Text(text) => serde_json::from_str(&text).ok(),
            _ => None,
        });
        Box::pin(texts)
    }
}

/// The next so many events.
pub async fn next(events: &mut Events, count: usize) -> Vec<Value> {
    let taken = tokio::time::timeout(PATIENCE, events.take(count).collect::<Vec<_>>()).await;
    taken.expect("events come in time")
}

/// Asks again and again until it holds.
pub async fn until<F: Future<Output = bool>>(what: &str, mut holds: impl FnMut() -> F) {
    let began = Instant::now();
    while !holds().await {
        assert!(began.elapsed() < PATIENCE, "not in time: {what}");
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
}

//! The library's side of Socket Mode: each frame becomes an entry of one bounded queue, and is answered when its turn
//! has come (<https://docs.slack.dev/apis/events-api/using-socket-mode/>).

use crate::web::Web;
use async_trait::async_trait;
use serde_json::{Value, json};
use slack_morphism::clients_manager::{SlackSocketModeClientsManager, SlackSocketModeClientsManagerFactory};
use slack_morphism::errors::SlackClientError;
use slack_morphism::listener::SlackClientEventsListenerEnvironment;
use slack_morphism::{
    SlackClientSocketModeConfig, SlackSocketModeClientListener, SlackSocketModeWssClientId,
};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use tokio::sync::{Mutex, mpsc, oneshot};

/// Frames that wait. One socket has one frame under way; only a change of sockets adds to that.
const MOST_WAITING: usize = 64;
/// How much is kept of a frame that makes no sense, in bytes.
const MOST_NOISE: usize = 16 * 1024;
/// Between two attempts to connect.
const RETRY_SECONDS: u64 = 5;
/// A silent peer is noticed after `PING_SECONDS` × (`MISSED_PONGS` + 1).
const PING_SECONDS: u64 = 10;
const MISSED_PONGS: u64 = 2;

/// What came in.
#[derive(Debug)]
pub enum Heard {
    /// A socket is up.
    Hello,
    /// A socket is going or gone; the library makes another.
    Gone(String),
    /// Socket Mode was switched off in the app's settings.
    SwitchedOff,
    /// An envelope. `true` acknowledges it.
    Envelope(Value, oneshot::Sender<bool>),
    /// Text that is no envelope, as it came.
    Noise(String),
}

type Pool = dyn SlackSocketModeClientsManager + Send + Sync;

/// Socket Mode, running until it is stopped or dropped.
pub struct Socket {
    pool: Arc<Pool>,
    ear: Arc<Ear>,
    queue: mpsc::Receiver<Heard>,
}

/// Hears for the library's reader tasks.
struct Ear {
    pool: Weak<Pool>,
    queue: mpsc::Sender<Heard>,
    /// Set once no socket may be opened any more.
    stopping: AtomicBool,
    /// Held while a socket is replaced, so that stopping finds either the old or the new one.
    turnover: Mutex<()>,
}

impl Socket {
    /// Opens one socket, and another whenever it is lost.
    pub async fn start(web: &Web) -> Result<Self, SlackClientError> {
        let environment = Arc::new(SlackClientEventsListenerEnvironment::new(web.client()));
        let pool = web.client().http_api.connector.new_clients_manager(environment);
        let (sender, queue) = mpsc::channel(MOST_WAITING);
        let ear = Arc::new(Ear {
            pool: Arc::downgrade(&pool),
            queue: sender,
            stopping: AtomicBool::new(false),
            turnover: Mutex::new(()),
        });
        let config = SlackClientSocketModeConfig::new()
            .with_max_connections_count(1)
            .with_reconnect_timeout_in_seconds(RETRY_SECONDS)
            .with_ping_interval_in_seconds(PING_SECONDS)
            .with_ping_failure_threshold_times(MISSED_PONGS);
        pool.register_new_token(&config, web.app_token().clone(), ear.clone()).await?;
        pool.start().await;
        Ok(Self { pool, ear, queue })
    }

    /// The next thing heard. Cancelling this loses nothing.
    pub async fn hear(&mut self) -> Option<Heard> {
        self.queue.recv().await
    }

    /// Closes the socket. What still waits is not acknowledged.
    pub async fn stop(&self) {
        stop(&self.ear, self.pool.as_ref()).await;
    }
}

async fn stop(ear: &Ear, pool: &Pool) {
    ear.stopping.store(true, Ordering::SeqCst);
    let _turnover = ear.turnover.lock().await;
    pool.shutdown().await;
}

impl Drop for Socket {
    /// The library's tasks would go on reading, and Slack would go on giving them events.
    fn drop(&mut self) {
        let (ear, pool) = (self.ear.clone(), self.pool.clone());
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move { stop(&ear, pool.as_ref()).await });
        }
    }
}

impl Ear {
    async fn say(&self, heard: Heard) {
        // The queue is closed only when nobody listens any more.
        self.queue.send(heard).await.ok();
    }

    async fn replace(&self, id: &SlackSocketModeWssClientId) {
        let _turnover = self.turnover.lock().await;
        if self.stopping.load(Ordering::SeqCst) {
            return;
        }
        if let Some(pool) = self.pool.upgrade() {
            pool.restart_client(id).await;
        }
    }

    async fn envelope(&self, frame: Value) -> Option<String> {
        let id = frame.get("envelope_id")?.as_str()?.to_owned();
        let (sender, answer) = oneshot::channel();
        self.say(Heard::Envelope(frame, sender)).await;
        // A dropped sender means that nobody listens any more: no acknowledgement.
        matches!(answer.await, Ok(true)).then(|| json!({ "envelope_id": id }).to_string())
    }
}

/// As it came, but not without end.
fn noise(mut text: String) -> Heard {
    let end = (0..=MOST_NOISE.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
    text.truncate(end.unwrap_or_default());
    Heard::Noise(text)
}

#[async_trait]
impl SlackSocketModeClientListener for Ear {
    async fn on_message(
        &self,
        client_id: &SlackSocketModeWssClientId,
        message_body: String,
    ) -> Option<String> {
        let Ok(frame) = serde_json::from_str::<Value>(&message_body) else {
            self.say(noise(message_body)).await;
            return None;
        };
        match frame.get("type").and_then(Value::as_str) {
            Some("hello") => self.say(Heard::Hello).await,
            Some("disconnect") => {
                let reason = frame.get("reason").and_then(Value::as_str).unwrap_or("no reason given");
                match reason {
                    "link_disabled" => self.say(Heard::SwitchedOff).await,
                    _ => self.say(Heard::Gone(format!("Slack asked to connect again ({reason})"))).await,
                }
                // A warning comes some seconds before the end; the socket is replaced at once in either case.
                self.replace(client_id).await;
            }
            _ if frame.get("envelope_id").and_then(Value::as_str).is_some() => {
                return self.envelope(frame).await;
            }
            _ => self.say(noise(message_body)).await,
        }
        None
    }

    async fn on_error(&self, _: Box<dyn std::error::Error + Send + Sync + 'static>) {
        // A loss is told by `on_disconnect`, which always follows.
    }

    async fn on_disconnect(&self, client_id: &SlackSocketModeWssClientId) {
        self.say(Heard::Gone("the connection to Slack was lost".into())).await;
        self.replace(client_id).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A pool whose sockets are never there.
    struct Nowhere;

    #[async_trait]
    impl SlackSocketModeClientsManager for Nowhere {
        async fn register_new_token(
            &self,
            _: &SlackClientSocketModeConfig,
            _: slack_morphism::SlackApiToken,
            _: Arc<dyn SlackSocketModeClientListener + Sync + Send>,
        ) -> slack_morphism::ClientResult<()> {
            Ok(())
        }
        async fn restart_client(&self, _: &SlackSocketModeWssClientId) {}
        async fn start(&self) {}
        async fn shutdown(&self) {}
        async fn await_term_signals(&self) {}
    }

    /// What a frame is heard as, and what it is answered when `accepted` comes back.
    async fn frame(text: &str, accepted: Option<bool>) -> (String, Option<String>) {
        let (queue, mut heard) = mpsc::channel(8);
        let ear = Ear {
            pool: Weak::<Nowhere>::new(),
            queue,
            stopping: AtomicBool::new(false),
            turnover: Mutex::new(()),
        };
        let id = SlackSocketModeWssClientId::new(0, 0, 0);
        let listener = async {
            match heard.recv().await {
                Some(Heard::Envelope(frame, answer)) => {
                    match accepted {
                        Some(accepted) => answer.send(accepted).unwrap_or_default(),
                        None => drop(answer),
                    }
                    format!("envelope {}", frame["type"])
                }
                Some(Heard::Noise(text)) => format!("noise of {} bytes", text.len()),
                Some(other) => format!("{other:?}"),
                None => "nothing".into(),
            }
        };
        let (answer, heard) = tokio::join!(ear.on_message(&id, text.to_owned()), listener);
        (heard, answer)
    }

    #[tokio::test]
    async fn frames() {
        let ack = Some(r#"{"envelope_id":"e1"}"#.to_owned());
        // The library's own types could not read this one, and would acknowledge it unheard.
        let strange =
            r#"{"type":"events_api","envelope_id":"e1","payload":{"event":{"type":"from_the_future"}}}"#;
        let long = format!("é{}", "é".repeat(40_000));
        let cases = [
            (r#"{"type":"hello"}"#, None, "Hello", None),
            (
                r#"{"type":"disconnect","reason":"warning"}"#,
                None,
                r#"Gone("Slack asked to connect again (warning)")"#,
                None,
            ),
            (r#"{"type":"disconnect","reason":"link_disabled"}"#, None, "SwitchedOff", None),
            (strange, Some(true), r#"envelope "events_api""#, ack.clone()),
            (strange, Some(false), r#"envelope "events_api""#, None),
            (strange, None, r#"envelope "events_api""#, None),
            (
                r#"{"type":"slash_commands","envelope_id":"e1"}"#,
                Some(true),
                r#"envelope "slash_commands""#,
                ack,
            ),
            (r#"{"type":"events_api"}"#, None, "noise of 21 bytes", None),
            ("not json", None, "noise of 8 bytes", None),
            (&long, None, "noise of 16384 bytes", None),
        ];
        for (text, accepted, heard, answer) in cases {
            assert_eq!(frame(text, accepted).await, (heard.to_owned(), answer), "{text:.60}");
        }
    }
}

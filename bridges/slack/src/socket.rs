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

#[async_trait]
impl SlackSocketModeClientListener for Ear {
    async fn on_message(
        &self,
        client_id: &SlackSocketModeWssClientId,
        message_body: String,
    ) -> Option<String> {
        let Ok(frame) = serde_json::from_str::<Value>(&message_body) else {
            self.say(Heard::Noise(message_body)).await;
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
            _ => self.say(Heard::Noise(message_body)).await,
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

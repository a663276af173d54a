//! Where a connector hands up what it hears: translated at once, and kept until it is asked for.

use async_trait::async_trait;
use relay_contract::{Connector, Inbox, RawEvent, Standing, Stopped, Translation};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::watch;

/// The most that is kept: a busy room is no room for a test.
const MOST: usize = 10_000;

/// One message that was heard.
#[derive(Debug, Clone)]
pub struct Told {
    /// Its native id.
    pub id: String,
    /// Whose it is.
    pub standing: Option<Standing>,
}

/// Keeps what is heard.
pub struct Ear {
    connector: Arc<dyn Connector>,
    told: Mutex<Vec<Told>>,
    up: watch::Sender<bool>,
    running: watch::Sender<bool>,
}

impl Ear {
    /// For what this connector hears.
    pub fn new(connector: Arc<dyn Connector>) -> Self {
        Self {
            connector,
            told: Mutex::default(),
            up: watch::Sender::new(false),
            running: watch::Sender::new(true),
        }
    }

    /// Whoever posted a message, once it was heard.
    pub fn heard(&self, id: &str) -> Option<Told> {
        let told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.iter().find(|told| told.id == id).cloned()
    }

    /// Resolves when the connection is up.
    pub async fn up(&self) {
        let _ = self.up.subscribe().wait_for(|up| *up).await;
    }

    /// Ends the listening.
    pub fn stop(&self) {
        self.running.send_replace(false);
    }
}

#[async_trait]
impl Inbox for Ear {
    async fn accept(&self, raw: RawEvent) -> Result<(), Stopped> {
        if let Translation::Events(envelopes) = self.connector.translate(&raw) {
            let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
            for envelope in envelopes {
                if told.len() < MOST {
                    let standing = envelope.author.as_ref().map(|author| author.standing);
                    if let Some(subject) = envelope.subject() {
                        told.push(Told { id: subject.id.to_string(), standing });
                    }
                }
            }
        }
        Ok(())
    }

    fn connected(&self) {
        self.up.send_replace(true);
    }

    fn interrupted(&self, _reason: &str) {
        self.up.send_replace(false);
    }

    async fn stopped(&self) {
        let _ = self.running.subscribe().wait_for(|running| !*running).await;
    }
}

//! The engine's side of the contract, as small as a test needs it.

use crate::rig::{eventually, patiently};
use async_trait::async_trait;
use relay_contract::{
    Call, Connector, Envelope, Event, Inbox, Menu, RawEvent, RoomNews, Says, Stopped, Translation,
};
use std::sync::{Arc, LazyLock, Mutex};
use tokio::sync::{Semaphore, mpsc, watch};

enum Said {
    Event(RawEvent),
    Connected,
    Interrupted(String),
    Moved(String),
    Missed(String),
}

/// What a connector hands up.
pub struct Ear {
    said: mpsc::Sender<Said>,
    begun: Arc<Mutex<Vec<String>>>,
    gate: Arc<Semaphore>,
    accepting: watch::Receiver<bool>,
    running: watch::Receiver<bool>,
}

/// The other end of it. Listening stops when it is dropped.
pub struct Heard {
    said: mpsc::Receiver<Said>,
    begun: Arc<Mutex<Vec<String>>>,
    gate: Arc<Semaphore>,
    accepting: watch::Sender<bool>,
    running: watch::Sender<bool>,
    /// Translates what is heard.
    pub connector: Option<Arc<dyn Connector>>,
}

/// An inbox that accepts at once.
pub fn inbox() -> (Ear, Heard) {
    inbox_with(Semaphore::MAX_PERMITS)
}

/// An inbox whose first accepts are let through; the others wait.
pub fn inbox_with(released: usize) -> (Ear, Heard) {
    let (to, said) = mpsc::channel(4_096);
    let begun = Arc::<Mutex<Vec<String>>>::default();
    let gate = Arc::new(Semaphore::new(released));
    let (accepting, may_accept) = watch::channel(true);
    let (running, still_running) = watch::channel(true);
    let ear = Ear {
        said: to,
        begun: begun.clone(),
        gate: gate.clone(),
        accepting: may_accept,
        running: still_running,
    };
    let connector = None;
    (ear, Heard { said, begun, gate, accepting, running, connector })
}

#[async_trait]
impl Inbox for Ear {
    async fn accept(&self, raw: RawEvent) -> Result<(), Stopped> {
        let text = raw.payload.pointer("/message/text").and_then(|text| text.as_str());
        self.begun.lock().unwrap().push(text.unwrap_or_default().to_owned());
        if !*self.accepting.borrow() {
            return Err(Stopped);
        }
        self.gate.acquire().await.map_err(|_| Stopped)?.forget();
        self.said.send(Said::Event(raw)).await.map_err(|_| Stopped)
    }

    fn menu(&self) -> Option<&Menu> {
        static MENU: LazyLock<Menu> = LazyLock::new(|| {
            let says = |usual: &str, german: &str| Says(vec![("en", usual.into()), ("de", german.into())]);
            Menu { says: says("Of parts", ""), says_alone: says("Join", "Verbinden"), commands: Vec::new() }
        });
        Some(&MENU)
    }

    fn moved(&self, cursor: String) {
        let _ = self.said.try_send(Said::Moved(cursor));
    }

    fn missed(&self, what: &str) {
        let _ = self.said.try_send(Said::Missed(what.to_owned()));
    }

    fn connected(&self) {
        let _ = self.said.try_send(Said::Connected);
    }

    fn interrupted(&self, reason: &str) {
        let _ = self.said.try_send(Said::Interrupted(reason.to_owned()));
    }

    async fn stopped(&self) {
        let _ = self.running.clone().wait_for(|running| !*running).await;
    }
}

impl Heard {
    async fn next(&mut self) -> Said {
        patiently(self.said.recv()).await.expect("listening ended")
    }

    pub async fn event(&mut self) -> RawEvent {
        loop {
            if let Said::Event(event) = self.next().await {
                return event;
            }
        }
    }

    /// What the next event means.
    pub async fn meaning(&mut self) -> Translation {
        let event = self.event().await;
        self.connector.as_ref().unwrap().translate(&event)
    }

    /// What happens next, past all news of rooms.
    pub async fn envelope(&mut self) -> Envelope {
        loop {
            match self.meaning().await {
                Translation::Events(mut all) if all.len() == 1 => return all.remove(0),
                Translation::Room(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    /// The next news of a room, past all envelopes.
    pub async fn news(&mut self) -> RoomNews {
        loop {
            match self.meaning().await {
                Translation::Room(news) => return news,
                Translation::Events(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    /// The next news of a room that is more than its being there.
    pub async fn news_but_seen(&mut self) -> RoomNews {
        loop {
            match self.news().await {
                RoomNews::Seen(_) => {}
                news => return news,
            }
        }
    }

    /// The next command, past all news of rooms.
    pub async fn call(&mut self) -> Call {
        loop {
            match self.meaning().await {
                Translation::Command(call) => return call,
                Translation::Room(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    /// The words of the next post.
    pub async fn words(&mut self) -> String {
        match self.envelope().await.event {
            Event::Posted(message) => message.body.excerpt(1_000),
            other => panic!("{other:?}"),
        }
    }

    pub async fn connected(&mut self) {
        while !matches!(self.next().await, Said::Connected) {}
    }

    pub async fn interrupted(&mut self) -> String {
        loop {
            if let Said::Interrupted(reason) = self.next().await {
                return reason;
            }
        }
    }

    /// What is said about what nobody can fetch, before anything is handed up.
    pub async fn missed(&mut self) -> Option<String> {
        loop {
            match self.next().await {
                Said::Missed(what) => return Some(what),
                Said::Event(_) => return None,
                _ => {}
            }
        }
    }

    /// Where listening can go on though nothing happened.
    pub async fn moved(&mut self) -> String {
        loop {
            if let Said::Moved(cursor) = self.next().await {
                return cursor;
            }
        }
    }

    /// Texts of accepts that have begun, once so many have.
    pub async fn begun(&mut self, count: usize) -> Vec<String> {
        eventually(|| self.begun.lock().unwrap().len() >= count).await;
        self.all()
    }

    /// The same, without those that have no text.
    pub fn all(&self) -> Vec<String> {
        self.begun.lock().unwrap().iter().filter(|text| !text.is_empty()).cloned().collect()
    }

    /// Where listening can go on after the next event that says so.
    pub async fn cursor(&mut self) -> String {
        loop {
            if let Some(cursor) = self.event().await.cursor {
                return cursor;
            }
        }
    }

    pub fn release(&self, count: usize) {
        self.gate.add_permits(count);
    }

    /// Every accept from now on is answered with `Stopped`.
    pub fn stop_accepting(&self) {
        self.accepting.send_replace(false);
    }

    pub fn stop(&self) {
        self.running.send_replace(false);
    }
}

impl Drop for Heard {
    fn drop(&mut self) {
        self.stop();
    }
}

//! What the page is told as it happens: changes in the rooms, which messages are the same one, and how Relay is.

use super::server::Shown;
use crate::store::records::IndexLine;
use relay_contract::Account;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;
use tokio::task::JoinSet;

/// Events that a slow page may be behind before it has to ask for everything again.
const WAITING: usize = 4_096;
/// Index lines read at once.
const LINES: usize = 256;
/// How often the ledger's position is looked at.
const LOOK: Duration = Duration::from_millis(25);
/// How often the threads of the rooms are looked at, and whether somebody types.
const LOOK_ROUND: Duration = Duration::from_millis(250);
/// How often the status is compared with what was told last.
const COMPARE: Duration = Duration::from_millis(500);

/// One server-sent event.
#[derive(Debug, Clone)]
pub struct Told {
    /// `change`, `room`, `carried`, `account`, `status`, or `behind`: ask for everything again.
    pub event: &'static str,
    /// JSON.
    pub json: Arc<str>,
}

impl Told {
    /// Puts it together.
    pub fn new(event: &'static str, value: &Value) -> Self {
        Self { event, json: value.to_string().into() }
    }
}

/// The channel to all open pages.
pub fn channel() -> broadcast::Sender<Told> {
    broadcast::Sender::new(WAITING)
}

/// Starts the tasks that tell.
pub fn follow(shown: &Arc<Shown>, tasks: &mut JoinSet<()>) {
    for at in 0..shown.setup.platforms.len() {
        tasks.spawn(follow_people(shown.clone(), at));
        tasks.spawn(follow_account(shown.clone(), at));
        tasks.spawn(follow_rooms(shown.clone(), at));
    }
    tasks.spawn(follow_ledger(shown.clone()));
    tasks.spawn(follow_status(shown.clone()));
}

async fn follow_people(shown: Arc<Shown>, at: usize) {
    let Some(platform) = shown.setup.platforms.get(at) else { return };
    let mut changes = platform.people.watch();
    loop {
        let told = match changes.recv().await {
            Ok(change) if platform.rooms.iter().any(|room| change.message.room == room.id.as_str()) => {
                let told = json!({ "platform": platform.people.platform(), "message": change.message });
                Told::new("change", &told)
            }
            Ok(_) => continue,
            Err(RecvError::Lagged(_)) => Told::new("behind", &json!({})),
            Err(RecvError::Closed) => return,
        };
        // No page may be open.
        let _ = shown.told.send(told);
    }
}

/// Threads and topics that were opened or renamed, and that somebody is typing: there is no change of a message to hear these from.
async fn follow_rooms(shown: Arc<Shown>, at: usize) {
    let Some(platform) = shown.setup.platforms.get(at) else { return };
    let people = &platform.people;
    let mut last: Vec<Value> = vec![Value::Null; platform.rooms.len()];
    let mut due = tokio::time::interval(LOOK_ROUND);
    loop {
        due.tick().await;
        if shown.told.receiver_count() == 0 {
            continue;
        }
        for (room, last) in platform.rooms.iter().zip(&mut last) {
            let id = room.id.as_str();
            let (Ok(threads), Ok(typed)) = (people.threads(id), people.typed(id)) else { continue };
            let now =
                json!({ "platform": people.platform(), "room": id, "threads": threads, "typed": typed });
            if now != *last {
                let _ = shown.told.send(Told::new("room", &now));
                *last = now;
            }
        }
    }
}

/// How an account is, at once: a connection that is cut is often back before the next comparison of the whole status.
async fn follow_account(shown: Arc<Shown>, at: usize) {
    let Some(platform) = shown.setup.platforms.get(at) else { return };
    let Some(account) = shown.core.accounts.get(&Account(platform.account.to_owned())) else { return };
    let mut state = account.state.subscribe();
    while state.changed().await.is_ok() {
        let now = state.borrow_and_update().clone();
        let told = json!({ "platform": platform.people.platform(), "account": now });
        let _ = shown.told.send(Told::new("account", &told));
    }
}

/// The ledger's index says what a message is called in each room. Its own bell wakes the mapping and nobody else, so it is looked
/// at, which costs one atomic load.
async fn follow_ledger(shown: Arc<Shown>) {
    let mut reached = shown.core.ledger.position();
    let mut due = tokio::time::interval(LOOK);
    loop {
        due.tick().await;
        if shown.core.ledger.position() == reached {
            continue;
        }
        let lines = match shown.core.ledger.index_after(reached, LINES) {
            Ok(lines) => lines,
            Err(error) => {
                tracing::warn!(%error, "the page is not told which messages belong together");
                return;
            }
        };
        for (position, line) in lines {
            reached = position;
            let _ = shown.told.send(Told::new("carried", &carried(&line)));
        }
    }
}

/// Which messages an envelope is in one room.
pub fn carried(line: &IndexLine) -> Value {
    let messages: Vec<&str> = line.messages.iter().map(|message| message.id.as_str()).collect();
    json!({
        "envelope": line.envelope.to_string(),
        "platform": line.room.platform,
        "room": line.room.room,
        "messages": messages,
        "origin": line.origin,
    })
}

/// At every turn, and at once when a room was joined or has left.
async fn follow_status(shown: Arc<Shown>) {
    let mut last = Value::Null;
    let mut due = tokio::time::interval(COMPARE);
    let mut routes = shown.core.routes.subscribe();
    loop {
        tokio::select! {
            _ = due.tick() => {}
            Ok(()) = routes.changed() => {}
        }
        if shown.told.receiver_count() == 0 {
            continue;
        }
        let now = shown.status();
        if now != last {
            let _ = shown.told.send(Told::new("status", &now));
            last = now;
        }
    }
}

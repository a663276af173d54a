//! Telegram: the Bot API over HTTP with long polling, and the groups that people and bots talk in.
//!
//! A Telegram bot sees no other bot (but in bot-to-bot mode), not its own messages, and no deletions: neither do bots
//! here. A private chat exists once a person has begun it with a bot; a group can become a supergroup. Message ids count
//! up within a chat; each chat begins a million after the one before it.

mod access;
mod acts;
mod buttons;
mod chats;
mod detect;
pub(crate) mod entities;
mod limits;
mod markup;
mod media;
mod members;
mod menu;
mod methods;
mod more_methods;
mod people;
mod polls;
mod reactions;
mod server;
mod state;
mod telling;
mod topics;
mod typed;
mod updates;
mod uploads;
mod wire;

use crate::faults::{Faults, Kind};
use crate::heard::Heard;
use crate::limits::Enforced;
use crate::people::Change;
use crate::server as frame;
use crate::world;
use state::State;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::broadcast;

/// What its server and its people share.
struct Shared {
    state: Mutex<State>,
    faults: Arc<Faults>,
    limits: Arc<Enforced>,
    heard: Heard,
    changes: broadcast::Sender<Change>,
    stop: frame::Stop,
}

impl Shared {
    /// Never held across an await.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn announce(&self, change: Change) {
        // Nobody has to be watching.
        let _ = self.changes.send(change);
    }
}

/// The stand-in. It stops when this is dropped.
pub struct Telegram {
    url: String,
    shared: Arc<Shared>,
}

impl Drop for Telegram {
    fn drop(&mut self) {
        self.shared.stop.now();
    }
}

/// Starts it on `world.port`. The world's ids must have been filled in, as numbers.
pub async fn start(world: &world::Platform) -> io::Result<Arc<Telegram>> {
    let mut state = State::new(world)?;
    let limits = Enforced::of(world.limits);
    let limits = Arc::new(limits.map_err(|what| io::Error::new(io::ErrorKind::InvalidInput, what))?);
    let bound = frame::bind(world.port).await?;
    state.url = bound.url();
    let shared = Arc::new(Shared {
        state: Mutex::new(state),
        faults: Arc::default(),
        limits,
        changes: broadcast::Sender::new(4_096),
        heard: bound.heard.clone(),
        stop: bound.stop.clone(),
    });
    let stand_in = Arc::new(Telegram { url: bound.url(), shared: shared.clone() });
    bound.serve(server::router(shared));
    Ok(stand_in)
}

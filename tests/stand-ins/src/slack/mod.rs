//! Slack: the Web API over HTTP, Socket Mode over WebSocket, and the channels that people and apps talk in.
//!
//! Apps receive their own messages as events, as on Slack; a reply is a message in a thread. Emoji of Unicode
//! stay as they were typed, where the real server turns them into `:names:`.

mod buttons;
mod chat;
mod commands;
mod conversations;
mod emoji;
mod events;
mod files;
mod limits;
mod look_back;
mod marks;
mod members;
pub(crate) mod mrkdwn;
mod people;
mod rich_text;
mod rooms;
mod said;
mod server;
mod session;
mod socket;
mod state;
mod uploads;
pub(crate) mod wire;

use crate::faults::Faults;
use crate::heard::Heard;
use crate::limits::Enforced;
use crate::people::Change;
use crate::server as frame;
use crate::world;
use state::State;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{Notify, broadcast};

/// What its server and its people share.
struct Shared {
    state: Mutex<State>,
    sockets: Mutex<socket::Sockets>,
    /// Woken when a socket should look for events and orders.
    wake: Notify,
    faults: Arc<Faults>,
    limits: Arc<Enforced>,
    heard: Heard,
    changes: broadcast::Sender<Change>,
    stop: frame::Stop,
    /// `127.0.0.1:port`.
    authority: String,
}

impl Shared {
    /// Never held across an await. The lock of the sockets may be taken inside of it, not around it.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sockets(&self) -> MutexGuard<'_, socket::Sockets> {
        self.sockets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells watchers and sockets. Called under the state's lock, so that watchers hear of changes in their order.
    fn announce(&self, changes: Vec<Change>) {
        for change in changes {
            // Nobody has to be watching.
            let _ = self.changes.send(change);
        }
        self.wake.notify_waiters();
    }
}

/// The stand-in. It stops when this is dropped.
pub struct Slack {
    url: String,
    shared: Arc<Shared>,
}

impl Drop for Slack {
    fn drop(&mut self) {
        self.shared.stop.now();
    }
}

/// Starts it on `world.port`. The world's ids must have been filled in; it has at most one space.
pub async fn start(world: &world::Platform) -> io::Result<Arc<Slack>> {
    let limits = Enforced::of(world.limits);
    let limits = Arc::new(limits.map_err(|what| io::Error::new(io::ErrorKind::InvalidInput, what))?);
    let bound = frame::bind(world.port).await?;
    let shared = Arc::new(Shared {
        state: Mutex::new(State::new(world, bound.url())?),
        sockets: Mutex::default(),
        wake: Notify::new(),
        faults: Arc::default(),
        limits,
        changes: broadcast::Sender::new(4_096),
        heard: bound.heard.clone(),
        stop: bound.stop.clone(),
        authority: bound.authority(),
    });
    let stand_in = Arc::new(Slack { url: bound.url(), shared: shared.clone() });
    bound.serve(server::router(shared));
    Ok(stand_in)
}

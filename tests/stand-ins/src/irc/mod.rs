//! An IRC server with what IRCv3 adds, most of it still drafts that no packaged server has: message ids, labels, echoes, batches, messages of
//! several lines, history, redaction, names to speak under. People are clients: any plain socket.
//!
//! Sources: <https://modern.ircdocs.horse> and <https://ircv3.net/irc/>, each extension's own page.

mod acts;
mod client;
mod history;
mod state;
mod told;

pub use state::{Limit, Server};

use state::State;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What the server does wrong, from now on or at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// At once: the connections of everybody with this nick are cut without a goodbye.
    Cut(String),
    /// At once: who has this nick is told that they have sent too much, and cut.
    ExcessFlood(String),
    /// For so long, nobody is told anything, and what they say is read late.
    Silent(Duration),
    /// What is asked is answered so much later, until another such fault.
    Slow(Duration),
    /// SASL is refused, whatever the password.
    RefuseSasl,
    /// At once: these are on the other side of a split, and seem to quit.
    Split(Vec<String>),
    /// From now on nobody may speak under another's name.
    NoNames,
    /// What whoever has this nick says next is taken, and they are cut before they are told.
    CutAfter(String),
}

/// A running server. It stops when this is dropped.
pub struct Irc {
    /// Where it listens.
    pub address: SocketAddr,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
    stop: watch::Sender<bool>,
}

/// What all connections share.
struct Shared {
    server: Server,
    state: Mutex<State>,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Starts a server on a port of 127.0.0.1, 0 for one of the system's choice.
pub async fn start(server: Server, port: u16) -> io::Result<Irc> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    let address = listener.local_addr()?;
    let shared = Arc::new(Shared { server, state: Mutex::default() });
    let (stop, stopped) = watch::channel(false);
    let all = shared.clone();
    let accepting = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (shared, mut stopped) = (all.clone(), stopped.clone());
            tokio::spawn(async move {
                tokio::select! {
                    () = client::serve(shared, stream) => {}
                    _ = stopped.wait_for(|stopped| *stopped) => {}
                }
            });
        }
    });
    Ok(Irc { address, shared, accepting, stop })
}

impl Irc {
    /// Does something wrong.
    pub fn fault(&self, fault: Fault) {
        self.shared.state().fault(fault);
    }

    /// What is kept of a channel, oldest first: who said it, its words, and whether it was taken back.
    pub fn messages(&self, channel: &str) -> Vec<(String, String, bool)> {
        self.shared.state().messages(channel)
    }
}

impl Drop for Irc {
    fn drop(&mut self) {
        self.accepting.abort();
        self.stop.send_replace(true);
    }
}

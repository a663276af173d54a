//! The demo: a world of three stand-in platforms, the real engine that bridges them, and a page through which people talk.
//!
//! Relay gets nothing here that an admin could not give it: a `bridges.toml`, token files, and platforms reached over HTTP and
//! WebSocket. The page never talks to Relay: it drives the people on the platforms and shows what their rooms look like.

mod assets;
mod files;
mod guard;
mod rehearsal;
mod server;
mod setup;
mod told;

use crate::config::{Config, Mistakes};
use crate::service::{Service, ServiceError};
use relay_contract::NativeId;
use setup::Setup;
use stand_ins::people::People;
use stand_ins::world::World;
use stand_ins::{StandIns, StartError};
use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// How many ports after a taken one are tried.
const NEXT_PORTS: u16 = 20;

/// Why the demo did not start, or did not go on.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// No port for the page.
    #[error("cannot listen on 127.0.0.1:{0}: {1}")]
    Port(u16, std::io::Error),
    /// The stand-ins.
    #[error("the pretend platforms did not start: {0}")]
    StandIns(#[from] StartError),
    /// The folder for `bridges.toml`, tokens and state.
    #[error("{0}")]
    Folder(String),
    /// The written `bridges.toml` is not accepted.
    #[error("the demo's bridges.toml is not accepted")]
    Config(Mistakes),
    /// Relay itself.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// No client for the files that people attach.
    #[error("the files of the pretend platforms cannot be fetched: {0}")]
    Files(#[from] reqwest::Error),
    /// The ledger failed while running.
    #[error("the ledger cannot be written any more (see the log)")]
    LedgerFailed,
}

/// A platform of the demo's world.
struct DemoPlatform {
    people: Arc<dyn People>,
    /// The account's name in `bridges.toml`.
    account: &'static str,
    /// All rooms; the first one is joined to the channel at the start.
    rooms: Vec<DemoRoom>,
}

/// A room that people talk in.
struct DemoRoom {
    /// The space's name.
    space: String,
    /// Native id.
    id: NativeId,
    /// The room's name.
    name: String,
    /// Has threads with names (Discord), or topics (Telegram).
    forum: bool,
}

/// A running demo.
pub struct Running {
    service: Service,
    stand_ins: Arc<StandIns>,
    tasks: JoinSet<()>,
    address: SocketAddr,
}

impl Running {
    /// Starts the platforms, writes `bridges.toml` and token files into `folder`, starts Relay with them, and serves the page.
    pub async fn start(port: u16, folder: &Path) -> Result<Self, DemoError> {
        let listener = bind(port).await?;
        let address = listener.local_addr().map_err(|error| DemoError::Port(port, error))?;
        let stand_ins = Arc::new(stand_ins::start(World::demo()).await?);
        let setup = Setup::write(&stand_ins, folder)?;
        let config = Config::load(&setup.file).map_err(DemoError::Config)?;
        let service = Service::start(config).await?;
        let mut tasks = JoinSet::new();
        let shown = server::Shown::new(service.core(), stand_ins.clone(), setup, files::client()?, folder);
        told::follow(&shown, &mut tasks);
        tasks.spawn(server::serve(listener, shown));
        Ok(Self { service, stand_ins, tasks, address })
    }

    /// Where the page is.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Resolves when the ledger has failed.
    pub async fn failure(&self) {
        self.service.failure().await;
    }

    /// Ends Relay first, so that it can still deliver what is due, then the page and the platforms.
    pub async fn stop(mut self) {
        self.service.stop().await;
        self.tasks.shutdown().await;
        self.stand_ins.stop();
    }
}

/// The port, or the next free one.
async fn bind(port: u16) -> Result<TcpListener, DemoError> {
    let mut at = port;
    loop {
        match TcpListener::bind((Ipv4Addr::LOCALHOST, at)).await {
            Ok(listener) => return Ok(listener),
            Err(error) if error.kind() == ErrorKind::AddrInUse && at < port.saturating_add(NEXT_PORTS) => {
                at += 1;
            }
            Err(error) => return Err(DemoError::Port(at, error)),
        }
    }
}

//! The engine: the only home of actix, governor and backoff. One message's path, as a straight line:
//!
//! 1. `reader` – a task per account listens and hands each raw event to the actor of its space.
//! 2. `space` – translates it behind a fence, drops echoes and what is not linked, and queues it for the ledger.
//!    The reader answers the platform only when the ledger has it on disk.
//! 3. `fan_out` – one task turns journal entries, in order, into outbox rows, one a target room.
//! 4. `lane` – one loop a room takes its oldest row, adapts, renders, asks the rate limit, delivers, completes.
//!
//! `supervisor` owns every lifecycle; `mapping` is the single writer of the index; `rate_limit` is one budget an account.

mod accounts;
mod admins;
mod audit;
mod before;
mod budgets;
mod calls;
mod canary;
mod catch_up;
mod consent;
mod core;
mod delay;
mod digest;
mod disk;
mod doctor;
mod door;
mod echoes;
mod elsewhere;
mod expiry;
mod export;
mod fan_out;
mod files;
pub mod find;
mod forget;
mod keeping;
mod known;
mod lagging;
mod lane;
mod lane_steps;
mod late;
mod linked;
mod links;
mod liveness;
mod mapping;
mod marked;
mod marks;
mod masked;
mod moved;
mod mutes;
mod naming;
mod news;
mod orders;
mod outage;
mod outdated;
mod overtaking;
mod own_deletes;
mod passed;
mod pauses;
mod purge;
mod queue;
mod rate_limit;
mod reader;
mod readiness;
mod reload;
mod repeats;
mod rooms;
mod runtime;
mod space;
mod states;
mod status;
mod supervisor;
mod telling;
#[cfg(test)]
mod tests;
mod told;
mod trace;
mod typed;
mod typing;
mod when;
mod whispers;
mod withdraw;

pub use self::core::{AccountPlan, Core, Keeping, Limits, Plan, RunningAccount};
pub use accounts::Accounts;
pub use admins::{GivenUp, HeardLast, ToldAdmins};
pub use budgets::Budgets;
pub use calls::{Called, Calls};
pub use catch_up::{Progress, Resync};
pub use disk::DiskState;
pub use doctor::{Finding, Grade, UNANSWERED, invited_with, of_preflight};
pub use elsewhere::{Elsewhere, Trouble};
pub use export::{ExportError, Exported};
pub use forget::WhyLeft;
pub use lagging::why_late;
pub use links::{Channel, Channels, PlannedLink, PlannedRoom};
pub use liveness::{Pulse, Vital};
pub use marked::Hop;
pub use masked::{By, Seen};
pub use mutes::KnownThere;
pub use orders::OrderError;
pub use purge::{Purged, Whose};
pub use queue::{QueueHeld, QueueRoom, QueueRow, QueueShown};
pub use readiness::Readiness;
pub use reload::{Change, ConfigState, Ending, Heir, Refusal};
pub use rooms::preflight;
pub use runtime::{block_on, block_on_without_actors};
pub use states::{AccountState, LaneState, RoomState};
pub use status::{AccountStatus, ChannelStatus, DeadLetterStatus, LinkStatus, Status};
pub use told::{Pages, Said, Told, What};
pub use trace::{Came, Trace, TracedRoom};
pub use withdraw::NotDone;

use crate::media::Media;
use crate::store::ledger::WriterGuard;
use crate::store::{Ledger, MappingIndex, Master, StoreError};
use actix::Actor;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use supervisor::{StopAll, Supervisor};
use tokio::sync::mpsc;

/// How long a graceful stop lets lanes deliver what is due.
const DRAIN: Duration = Duration::from_secs(10);
/// How long lanes that rest have to begin with what was fanned out last.
const BEGINS: Duration = Duration::from_secs(1);
/// How long readers have to finish what they hold.
const READERS_STOP: Duration = Duration::from_secs(10);

/// The opened state, before anything runs. Opening blocks: do it before or outside the runtime.
pub struct Stores {
    ledger: Ledger,
    writer: WriterGuard,
    index: MappingIndex,
    data_dir: PathBuf,
}

impl Stores {
    /// Opens ledger and mapping. A mapping that is behind is brought up while the engine runs: what needs it waits, and events are
    /// accepted meanwhile.
    pub fn open(data_dir: &Path) -> Result<Self, StoreError> {
        Self::open_with(data_dir, Master::own(data_dir)?)
    }

    /// The same with a master key that is kept elsewhere, which takes the place of what wrapped the keys so far.
    pub fn open_with(data_dir: &Path, master: Master) -> Result<Self, StoreError> {
        let (ledger, writer) = Ledger::open_with(data_dir, master.clone())?;
        ledger.take_master(master)?;
        let index = MappingIndex::attach(data_dir, &ledger)?;
        Ok(Self { ledger, writer, index, data_dir: data_dir.to_owned() })
    }
}

/// A running engine.
pub struct Engine {
    core: Arc<Core>,
    supervisor: actix::Addr<Supervisor>,
    index: MappingIndex,
    writer: WriterGuard,
    tasks: tokio::task::JoinSet<()>,
}

impl Engine {
    /// Starts everything; answers before the accounts are connected. Must be called inside an actix system on a
    /// multi-threaded tokio runtime. Commands come out of the receiver.
    pub fn start(stores: Stores, media: Media, plan: core::Plan) -> Result<(Self, Calls), StoreError> {
        let Stores { ledger, writer, index, data_dir } = stores;
        let (calls, receiver) = mpsc::channel(calls::MOST);
        let lookup = index.lookup(ledger.clone());
        let core = Arc::new(Core::new(ledger.clone(), lookup, media.clone(), &data_dir, plan, calls)?);
        if let Some(ahead) = core.consent_clock_ahead() {
            let (what, fix) = doctor::clock_in_words(ahead);
            tracing::warn!("{what} {fix}");
        }
        let of_sweep = ledger.clone();
        media.needed_by(Box::new(move |key| files::is_needed(&of_sweep, key)));
        let mapping = mapping::start(index.clone(), ledger);
        let supervisor = Supervisor::new(core.clone()).start();
        // It is set once, here.
        let _ = core.supervisor.set(supervisor.clone());
        let mut tasks = tokio::task::JoinSet::new();
        tasks.spawn(keeping::run(core.clone(), mapping.clone()));
        tasks.spawn(forget::run(core.clone(), mapping.clone()));
        tasks.spawn(disk::follow(core.clone()));
        tasks.spawn(mapping::follow(core.clone(), mapping));
        tasks.spawn(marks::forget(core.clone()));
        tasks.spawn(fan_out::run(core.clone()));
        tasks.spawn(digest::run(core.clone()));
        tasks.spawn(late::run(core.clone()));
        tasks.spawn(door::run(core.clone()));
        tasks.spawn(lagging::run(core.clone()));
        tasks.spawn(telling::run(core.clone()));
        tasks.spawn(whispers::run(core.clone()));
        core.take_back_left();
        for account in core.accounts.all() {
            tasks.spawn(reader::run(core.clone(), account, supervisor.clone()));
        }
        Ok((Self { core, supervisor, index, writer, tasks }, receiver))
    }

    /// What runs, for commands and the status page.
    pub fn core(&self) -> Arc<Core> {
        self.core.clone()
    }

    /// Asks whether the engine still works.
    pub fn pulse(&self) -> Pulse {
        Pulse::new(self.core.clone(), self.supervisor.clone())
    }

    /// Resolves when the ledger has failed: nothing can be promised any more and the process should end.
    pub async fn failure(&self) {
        self.core.ledger.failure().await;
    }

    /// Resolves when nothing accepted waits for its fan-out.
    async fn all_fanned_out(&self) {
        while self.core.ledger.waiting_for_fan_out() > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Resolves when each lane that has work runs: what was fanned out last may have to wake one that rests.
    async fn all_begun(&self) {
        let rests = || {
            let lanes = self.core.lanes.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            lanes.values().any(|lane| !lane.rest.runs() && self.core.has_work(lane))
        };
        while rests() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Stops listening, lets what was accepted be fanned out and what is due be delivered, and closes the stores.
    pub async fn stop(mut self) {
        self.core.listening.cancel();
        let readers = tokio::time::timeout(READERS_STOP, self.core.readers.wait()).await;
        if readers.is_err() {
            tracing::warn!("an account did not stop listening in time");
        }
        if tokio::time::timeout(DRAIN, self.all_fanned_out()).await.is_err() {
            tracing::warn!("not everything was fanned out in time; it goes on at the next start");
        }
        // One that is not to run, as its room is moving, is not waited for longer.
        let _ = tokio::time::timeout(BEGINS, self.all_begun()).await;
        self.core.draining.cancel();
        let drained = tokio::time::timeout(DRAIN, self.core.lane_tasks.wait()).await;
        if drained.is_err() {
            tracing::info!("not everything could be delivered; it goes on at the next start");
        }
        if let Err(error) = self.supervisor.send(StopAll).await {
            tracing::warn!(%error, "the supervisor was gone already");
        }
        self.tasks.shutdown().await;
        if let Err(error) = self.core.ledger.close().await {
            tracing::error!(%error, "the ledger did not close");
        }
        let (index, ledger, writer) = (self.index, self.core.ledger.clone(), self.writer);
        let closed = tokio::task::spawn_blocking(move || {
            writer.join();
            index.catch_up(&ledger, &mut |_, _| {})?;
            index.close()
        });
        match closed.await {
            Ok(Ok(())) => tracing::info!("stopped; everything accepted is on disk"),
            Ok(Err(error)) => {
                tracing::warn!(%error, "the mapping did not close; it is made anew at the next start")
            }
            Err(error) => tracing::error!(%error, "closing the stores panicked"),
        }
    }
}

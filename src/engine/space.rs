//! The actor of a guild, workspace or chat: its own order, its own failures, its own lanes.

use super::core::{Core, RunningAccount};
use super::lane;
use super::supervisor::{Down, Supervisor};
use crate::observe::Count;
use crate::store::records::SetAside;
use crate::store::{StoreError, Verdict};
use actix::prelude::SendError;
use actix::{Actor, ActorFutureExt, Addr, AtomicResponse, Context, Handler, Message, WrapFuture};
use relay_contract::{
    Envelope, Event, NativeId, RawEvent, RoomKey, Standing, Stopped, Timestamp, Translation,
};
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use tokio::sync::oneshot;
use tokio::task::AbortHandle;

/// Events that wait for one space; more than this makes its reader wait.
const MAILBOX: usize = 256;

/// The actor.
pub struct Space {
    core: Arc<Core>,
    account: Arc<RunningAccount>,
    lanes: HashMap<RoomKey, AbortHandle>,
    _guard: DownGuard,
}

/// Tells the supervisor that this generation of a space is gone, however it went.
pub struct DownGuard {
    pub(super) supervisor: Addr<Supervisor>,
    pub(super) down: Option<Down>,
}

impl Drop for DownGuard {
    fn drop(&mut self) {
        if let Some(down) = self.down.take()
            && let Err(SendError::Full(_)) = self.supervisor.try_send(down)
        {
            tracing::warn!("the supervisor was not told of a space that went down");
        }
    }
}

impl Space {
    /// A space without lanes.
    pub(super) fn new(core: Arc<Core>, account: Arc<RunningAccount>, guard: DownGuard) -> Self {
        Self { core, account, lanes: HashMap::new(), _guard: guard }
    }
}

impl Drop for Space {
    fn drop(&mut self) {
        for lane in self.lanes.values() {
            lane.abort();
        }
    }
}

impl Actor for Space {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        ctx.set_mailbox_capacity(MAILBOX);
    }
}

/// A native event.
#[derive(Message)]
#[rtype(result = "Result<Heard, Stopped>")]
pub struct Hear {
    /// As the connector handed it up.
    pub raw: Arc<RawEvent>,
}

/// What became of it.
pub enum Heard {
    /// Nothing is to be kept, or it is kept already.
    Done,
    /// Queued for the ledger; the receiver resolves when it is on disk.
    Queued(oneshot::Receiver<Result<Vec<Verdict>, StoreError>>),
}

impl Handler<Hear> for Space {
    type Result = AtomicResponse<Self, Result<Heard, Stopped>>;

    fn handle(&mut self, hear: Hear, _: &mut Context<Self>) -> Self::Result {
        let read = self.read(&hear.raw);
        let core = self.core.clone();
        let account = self.account.name.clone();
        // Atomic: the next event is looked at only when this one has its place in the ledger's queue.
        let stored = async move {
            match read {
                Ok(envelopes) if envelopes.is_empty() => Ok(Heard::Done),
                Ok(envelopes) => {
                    let queued = core.ledger.accept(account, envelopes).await;
                    queued.map(Heard::Queued)
                }
                Err(reason) => {
                    tracing::warn!(%account, reason, "an event was set aside");
                    core.counters.add(Count::SetAside);
                    let event = SetAside {
                        account: account.to_string(),
                        reason,
                        payload: hear.raw.payload.to_string(),
                        at: Timestamp::now().0,
                    };
                    core.ledger.set_aside(event).await.map(|()| Heard::Done)
                }
            }
            .map_err(|error| {
                tracing::error!(%error, "an event could not be written");
                Stopped
            })
        };
        AtomicResponse::new(Box::pin(stored.into_actor(self).map(|heard, _, _| heard)))
    }
}

impl Space {
    /// What of an event is to be accepted; the reason if it cannot be read. The fence: a panic costs this event.
    fn read(&self, raw: &RawEvent) -> Result<Vec<Envelope>, String> {
        let translated = catch_unwind(AssertUnwindSafe(|| self.account.connector.translate(raw)));
        match translated {
            Ok(Translation::Events(envelopes)) => {
                Ok(envelopes.into_iter().filter(|envelope| self.is_wanted(envelope)).collect())
            }
            Ok(Translation::Ignored(word)) => {
                tracing::trace!(account = %self.account.name, word, "ignored");
                self.core.counters.add(Count::Ignored);
                Ok(Vec::new())
            }
            // They come to `commands` through the reader.
            Ok(Translation::Command(_) | Translation::Room(_)) => Ok(Vec::new()),
            Ok(Translation::Unreadable(reason)) => Err(reason),
            Err(panic) => {
                self.core.counters.add(Count::Panicked);
                Err(format!("reading it panicked: {}", lane::panic_text(&panic)))
            }
        }
    }

    fn is_wanted(&self, envelope: &Envelope) -> bool {
        let routes = self.core.routes.borrow();
        let unwanted = match (&envelope.author, &envelope.event) {
            (Some(author), _) if author.standing == Standing::Relay => Some(Count::Echo),
            (Some(author), _) if author.standing == Standing::Bot => Some(Count::OtherBot),
            (_, Event::Posted(_)) if !routes.hears(&envelope.origin) => Some(Count::NotLinked),
            (_, _) if !routes.knows(&envelope.origin) => Some(Count::NotLinked),
            _ => None,
        };
        if let Some(count) = unwanted {
            self.core.counters.add(count);
        }
        unwanted.is_none()
    }
}

/// Run the lane of a room, if it does not run yet.
#[derive(Message)]
#[rtype(result = "()")]
pub struct RunLane {
    /// The room.
    pub room: RoomKey,
}

impl Handler<RunLane> for Space {
    type Result = ();

    fn handle(&mut self, run: RunLane, _: &mut Context<Self>) {
        if self.lanes.get(&run.room).is_some_and(|lane| !lane.is_finished()) {
            return;
        }
        let Some(handle) = self.core.lane(&run.room) else {
            return;
        };
        let task = self.core.lane_tasks.track_future(lane::run(self.core.clone(), handle));
        self.lanes.insert(run.room, tokio::spawn(task).abort_handle());
    }
}

/// Which space of an account, for the supervisor.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SpaceKey {
    /// The account.
    pub account: relay_contract::Account,
    /// The space's id.
    pub space: NativeId,
}

#[cfg(test)]
pub struct Crash;

#[cfg(test)]
impl Message for Crash {
    type Result = ();
}

#[cfg(test)]
impl Handler<Crash> for Space {
    type Result = ();

    fn handle(&mut self, _: Crash, _: &mut Context<Self>) {
        panic!("a space crashes, as the test asked");
    }
}

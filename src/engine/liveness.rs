//! Whether the engine itself still works: each part that everything else waits for must answer. What a platform does is no
//! concern of this.

use super::core::Core;
use super::supervisor::{Ping, Supervisor};
use actix::Addr;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, watch};

/// A part that everything else waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Vital {
    /// The ledger's writer: it must do a command that changes nothing, behind what is queued already.
    Ledger,
    /// The supervisor: it must answer a message.
    Supervisor,
    /// The fan-out: it must begin another round.
    FanOut,
}

impl fmt::Display for Vital {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ledger => "the ledger's writer",
            Self::Supervisor => "the supervisor",
            Self::FanOut => "the fan-out",
        })
    }
}

/// Asks the engine whether it still works. Cheap to clone.
#[derive(Clone)]
pub struct Pulse {
    core: Arc<Core>,
    supervisor: Addr<Supervisor>,
}

impl Pulse {
    pub(super) fn new(core: Arc<Core>, supervisor: Addr<Supervisor>) -> Self {
        Self { core, supervisor }
    }

    /// The engine's shared state.
    pub fn core(&self) -> &Core {
        &self.core
    }

    /// The parts that do not answer within a time; none when all is well.
    pub async fn stuck(&self, within: Duration) -> Vec<Vital> {
        let ledger = async { self.core.ledger.probe().await.is_ok() };
        let supervisor = async { self.supervisor.send(Ping).await.is_ok() };
        let fan_out = self.core.fan_out_rounds.another();
        let (ledger, supervisor, fan_out) = tokio::join!(
            tokio::time::timeout(within, ledger),
            tokio::time::timeout(within, supervisor),
            tokio::time::timeout(within, fan_out),
        );
        let answered = [
            (Vital::Ledger, ledger == Ok(true)),
            (Vital::Supervisor, supervisor == Ok(true)),
            (Vital::FanOut, fan_out.is_ok()),
        ];
        answered.into_iter().filter(|(_, well)| !well).map(|(vital, _)| vital).collect()
    }
}

/// The rounds of a loop that mostly waits: whoever doubts it asks for another.
#[derive(Debug, Default)]
pub struct Rounds {
    asked: Notify,
    made: watch::Sender<u64>,
}

impl Rounds {
    /// The loop is at its beginning again.
    pub fn made(&self) {
        self.made.send_modify(|made| *made = made.wrapping_add(1));
    }

    /// Resolves when somebody wants another round. One waiter.
    pub async fn asked(&self) {
        self.asked.notified().await;
    }

    /// Resolves when another round was begun.
    pub async fn another(&self) {
        let mut made = self.made.subscribe();
        self.asked.notify_one();
        // The sender lives as long as `self`: waiting cannot fail.
        let _ = made.changed().await;
    }
}

//! From the journal to the outbox: one task, in the order of the journal, so that every lane is in that order too.

mod plan;
pub mod quotes;

use super::core::Core;
use crate::observe::Count;
use crate::store::ledger::FannedOut;
use crate::store::{DeadLetter, EnvelopeId, StoreError};
use plan::Planned;
pub use plan::holder;
use relay_contract::{RoomKey, Timestamp};
use std::collections::BTreeSet;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

/// Envelopes in one batch.
const BATCH: usize = 256;
/// Longest wait for the accounts' first answers: until then a new link's room may not be known yet.
const FIRST_CHECKS: Duration = Duration::from_secs(30);

/// Fans out until the task is ended.
pub async fn run(core: Arc<Core>) {
    tokio::select! {
        () = first_checks(&core) => {}
        never = answer_rounds(&core) => match never {},
    }
    let mut fan_out = FanOut { core, from: EnvelopeId::default() };
    if let Err(error) = fan_out.take_over().await {
        tracing::error!(%error, "what an earlier run left could not be looked through");
    }
    let core = fan_out.core.clone();
    loop {
        tokio::select! {
            biased;
            () = core.mapped() => {}
            never = answer_rounds(&core) => match never {},
        }
        core.fan_out_rounds.made();
        match fan_out.batch().await {
            Ok(0) => tokio::select! {
                () = fan_out.core.ledger.something_accepted() => {}
                () = fan_out.core.fan_out_rounds.asked() => {}
            },
            Ok(_) => {}
            Err(StoreError::Closed) => return,
            Err(error) => {
                tracing::error!(%error, "fanning out failed; it is tried again");
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
    }
}

/// Until each account has answered once, the room of a new link may not be known yet.
async fn first_checks(core: &Core) {
    let accounts = core.accounts.len();
    if tokio::time::timeout(FIRST_CHECKS, core.states.all_checked(accounts)).await.is_err() {
        tracing::warn!("not all accounts have answered; messages go on to those that have");
    }
}

/// Whoever asks meanwhile whether this task lives is answered. Never resolves.
async fn answer_rounds(core: &Core) -> Infallible {
    loop {
        core.fan_out_rounds.asked().await;
        core.fan_out_rounds.made();
    }
}

struct FanOut {
    core: Arc<Core>,
    /// Nothing older is still to be fanned out.
    from: EnvelopeId,
}

impl FanOut {
    /// One batch; answers how many envelopes it had.
    async fn batch(&mut self) -> Result<usize, StoreError> {
        let ids = self.core.ledger.to_fan_out(self.from, BATCH)?;
        let Some(last) = ids.last().copied() else {
            return Ok(0);
        };
        let mut planned = Planned::default();
        let mut fanned = Vec::with_capacity(ids.len());
        for &id in &ids {
            let one = match plan::plan(&self.core, id, &planned) {
                // One record that cannot be read must not hold all that come after it.
                Err(error @ StoreError::Corrupt { .. }) => {
                    tracing::error!(envelope = %id, %error, "an envelope goes nowhere");
                    self.core.counters.add(Count::SetAside);
                    FannedOut::nowhere(id)
                }
                planned => planned?,
            };
            if let Some(target) = one.changes {
                quotes::follow(&self.core, id, target).await?;
            }
            planned.add(&one);
            fanned.push(one);
        }
        self.core.ledger.fan_out(fanned).await?;
        self.from = last;
        let rooms: BTreeSet<RoomKey> = planned.into_rooms();
        for room in rooms {
            self.wake(&room).await?;
        }
        Ok(ids.len())
    }

    /// Wakes a room's lane. Starts it where an account that is not asked any more for this room can still reach it, and
    /// closes its rows where none can.
    async fn wake(&self, room: &RoomKey) -> Result<(), StoreError> {
        if let Some(lane) = self.core.lane(room) {
            lane.wake.notify_one();
            return Ok(());
        }
        if self.core.is_moving(room) {
            return Ok(());
        }
        if let Some(to) = self.core.ledger.moved(room)? {
            self.core.move_rows(room, &to).await?;
            return Box::pin(self.wake(&to)).await;
        }
        let Some(lane) = self.core.lane_or_new(room) else {
            return self.close_unreachable(room).await;
        };
        self.core.serve(&lane.account, &lane.space, room).await;
        Ok(())
    }

    /// What an earlier run left: lanes that no account has started are woken or closed.
    async fn take_over(&self) -> Result<(), StoreError> {
        for (room, depth) in self.core.ledger.depths() {
            self.core.fan_out_rounds.made();
            if depth.queued > 0 {
                self.wake(&room).await?;
            }
        }
        Ok(())
    }

    async fn close_unreachable(&self, room: &RoomKey) -> Result<(), StoreError> {
        let mut from = EnvelopeId::default();
        while let Some((id, row)) = self.core.ledger.head(room, from)? {
            tracing::warn!(%room, envelope = %id, "given up: no account reaches this room any more");
            self.core.counters.add(Count::Dead);
            let letter = DeadLetter { reason: "unlinked".into(), at: Timestamp::now().0, row };
            self.core.ledger.bury(room.clone(), id, letter).await?;
            from = id;
        }
        Ok(())
    }
}

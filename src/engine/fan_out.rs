//! From the journal to the outbox: one task, in the order of the journal, so that every lane is in that order too.

pub(super) mod plan;
pub mod quotes;
mod unsettled;

use super::core::Core;
use crate::observe::Count;
use crate::store::ledger::FannedOut;
use crate::store::queue::after;
use crate::store::{DeadLetter, EnvelopeId, StoreError};
use plan::Planned;
pub use plan::{holder, looks_like};
use relay_contract::{RoomKey, Timestamp};
use std::collections::BTreeSet;
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use unsettled::Unsettled;

/// Envelopes in one batch.
const BATCH: usize = 256;

/// Fans out until the task is ended.
pub async fn run(core: Arc<Core>) {
    let unsettled = Unsettled::new(&core);
    let from = EnvelopeId::default();
    let mut fan_out = FanOut { core, from, late_until: from, unsettled };
    fan_out.take_over().await;
    let core = fan_out.core.clone();
    loop {
        tokio::select! {
            biased;
            () = core.mapped() => {}
            never = answer_rounds(&core) => match never {},
        }
        core.fan_out_rounds.made();
        fan_out.look().await;
        match fan_out.batch().await {
            Ok(0) => tokio::select! {
                () = core.ledger.something_accepted() => {}
                () = core.fan_out_rounds.asked() => {}
                () = fan_out.unsettled.changed() => {}
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

/// Whoever asks meanwhile whether this task lives is answered. Never resolves.
async fn answer_rounds(core: &Core) -> Infallible {
    loop {
        core.fan_out_rounds.asked().await;
        core.fan_out_rounds.made();
    }
}

struct FanOut {
    core: Arc<Core>,
    /// Nothing older is still to be fanned out, but what is held back.
    from: EnvelopeId,
    /// What is older was held back: the lanes may have gone past it.
    late_until: EnvelopeId,
    unsettled: Unsettled,
}

impl FanOut {
    /// What accounts have told of meanwhile is held back no longer.
    async fn look(&mut self) {
        if self.unsettled.is_over() {
            return;
        }
        if let Some(oldest) = self.unsettled.look(&self.core) {
            self.late_until = self.late_until.max(self.from);
            self.from = oldest;
        }
        if self.unsettled.is_over() {
            self.take_over().await;
        }
    }

    /// One batch; answers how many envelopes it had.
    async fn batch(&mut self) -> Result<usize, StoreError> {
        let ids = self.core.ledger.to_fan_out(self.from, BATCH)?;
        let Some(last) = ids.last().copied() else {
            return Ok(0);
        };
        let mut planned = Planned::default();
        let mut fanned = Vec::with_capacity(ids.len());
        for &id in &ids {
            if self.unsettled.holds(&self.core, id) {
                continue;
            }
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
        if !fanned.is_empty() {
            self.core.ledger.fan_out(fanned).await?;
        }
        let late = ids.first().is_some_and(|first| *first < self.late_until);
        self.from = after(last).unwrap_or(last);
        let rooms: BTreeSet<RoomKey> = planned.into_rooms();
        for room in rooms {
            if let Some(lane) = self.core.lane(&room).filter(|_| late) {
                lane.rewind.store(true, Ordering::Release);
            }
            self.wake(&room).await?;
        }
        Ok(ids.len())
    }

    /// Wakes a room's lane. Starts it where an account that is not asked any more for this room can still reach it, and
    /// closes its rows where none can.
    async fn wake(&self, room: &RoomKey) -> Result<(), StoreError> {
        if let Some(lane) = self.core.lane(room) {
            lane.call();
            if !lane.rest.runs() {
                self.core.serve(&lane.account, &lane.space, room).await;
            }
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
            // While accounts are still to answer, one of them may reach it yet.
            return if self.unsettled.is_over() { self.core.close_unreachable(room).await } else { Ok(()) };
        };
        self.core.serve(&lane.account, &lane.space, room).await;
        Ok(())
    }

    /// What an earlier run left: lanes that no account has started are woken or closed.
    async fn take_over(&self) {
        for (room, depth) in self.core.ledger.depths() {
            self.core.fan_out_rounds.made();
            if depth.queued > 0
                && let Err(error) = self.wake(&room).await
            {
                tracing::error!(%room, %error, "what an earlier run left could not be looked through");
            }
        }
    }
}

impl Core {
    /// Closes what waits for a room that no account reaches any more.
    pub(super) async fn close_unreachable(&self, room: &RoomKey) -> Result<(), StoreError> {
        let mut from = EnvelopeId::default();
        while let Some((id, row)) = self.ledger.head(room, from)? {
            tracing::warn!(%room, envelope = %id, "given up: no account reaches this room any more");
            self.counters.add(Count::Dead);
            let left = self.left_of_buried(room, id, &row, false, &[]);
            let letter = DeadLetter { reason: "unlinked".into(), at: Timestamp::now().0, row };
            self.ledger.bury_audited(room.clone(), id, letter, left).await?;
            from = id;
        }
        Ok(())
    }
}

//! What came of an attempt that nobody answered, or that an earlier run had begun: asked before it is made again.

use super::super::rate_limit::Turn;
use super::{Count, DeliverError, EnvelopeId, Lane, Operation, OutboxRow, Receipt, StoreError, Timestamp};
use crate::policy::Unsure;
use relay_contract::{Attempt, Doing, MessageKey, MessageRef, Settled as Told};
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Longest wait for the answer.
const PATIENCE: Duration = Duration::from_secs(30);
/// How far the clocks of the platform and of this machine may lie apart, in milliseconds.
const SKEW: i64 = 60_000;

/// Why it is given up where a person is to decide.
pub(super) const HELD: &str =
    "held: it may have been delivered, and the platform does not tell; `relay queue retry` sends it again";

/// What is to be done about an operation.
pub(super) enum Settled {
    /// It was done already.
    Done(Receipt),
    /// It is to be attempted.
    Attempt,
    /// It was not done, and its author has taken it back meanwhile.
    TakenBack,
    /// It cannot be found out now.
    Later(DeliverError),
    /// A person is to decide.
    Held,
}

/// Whether doing it twice makes two of it.
pub(super) fn matters(operation: &Operation<'_>) -> bool {
    matches!(operation, Operation::Post { .. } | Operation::Open { .. })
}

impl Lane {
    /// Finds out whether an operation was done already, where that is in doubt.
    pub(super) async fn settled(
        &mut self,
        id: EnvelopeId,
        row: &mut OutboxRow,
        operation: &Operation<'_>,
    ) -> Result<Settled, StoreError> {
        if !matters(operation) {
            return Ok(Settled::Attempt);
        }
        let holds = self.handle.account.unsure == Unsure::Hold;
        let Some(since) = self.in_doubt_since(id, row, holds) else {
            self.doubtful = 0;
            self.may_attempt().await?;
            return self.set_out(id, row, holds).await;
        };
        // Which of the room's messages are known decides which one is this.
        self.closed().await?;
        let attempt = Attempt { room: &self.handle.room, operation: operation.clone() };
        let account = &self.handle.account;
        let asked = async {
            if let Turn::Later(turn) = account.turn(&self.handle.room, Doing::Look).await {
                // It fails only at the very end of the process.
                let _ = turn.await;
            }
            account.connector.settle(attempt, Timestamp(since - SKEW)).await
        };
        let told = tokio::time::timeout(PATIENCE, asked).await;
        let told = told.unwrap_or_else(|_| Err(DeliverError::Unavailable("no answer in time".into())));
        // Who cannot tell may not have asked.
        if !matches!(told, Ok(Told::CannotTell)) {
            account.outage.told(&self.handle.room, told.as_ref().err());
        }
        let found = match told {
            Ok(Told::Found(receipts)) => Some(self.first_unknown(row, receipts)?),
            Ok(Told::CannotTell) => None,
            // A room whose history may not be read is one that does not tell.
            Err(DeliverError::Forbidden(_) | DeliverError::Rejected(_) | DeliverError::TargetGone) => None,
            Err(error) => return Ok(Settled::Later(error)),
        };
        // Of more than one that was done nobody may know: the first that was not done ends that.
        self.doubtful = match &found {
            Some(Some(_)) => self.doubtful,
            None if account.connector.tells(&self.handle.room) => self.doubtful.saturating_sub(1),
            Some(None) | None => 0,
        };
        self.handle.begun.store(false, Ordering::Release);
        row.unsure_since = None;
        let counters = &self.core.counters;
        match found {
            Some(Some(receipt)) => {
                counters.add(Count::Settled);
                tracing::info!(room = %self.handle.room, envelope = %id, "it was delivered before");
                Ok(Settled::Done(receipt))
            }
            Some(None) if self.is_to_be_left(id, row)? => Ok(Settled::TakenBack),
            Some(None) => self.set_out(id, row, holds).await,
            None => {
                counters.add(Count::Unsure);
                match holds {
                    true => Ok(Settled::Held),
                    // Were it there, its second copy would be the only one that can be deleted.
                    false if self.is_to_be_left(id, row)? => Ok(Settled::TakenBack),
                    false => {
                        self.ran.add(id, "perhaps twice");
                        self.set_out(id, row, holds).await
                    }
                }
            }
        }
    }

    /// Whether a message of which nothing is there was deleted where it was said.
    fn is_to_be_left(&self, id: EnvelopeId, row: &OutboxRow) -> Result<bool, StoreError> {
        Ok(row.target.is_none() && row.done.is_empty() && self.core.ledger.is_taken_back(id)?)
    }

    /// Since when something may have been done that is not known; none when it is certain that nothing was.
    pub(super) fn in_doubt_since(&self, id: EnvelopeId, row: &OutboxRow, holds: bool) -> Option<i64> {
        if let Some(since) = row.unsure_since {
            return Some(since);
        }
        let ledger = &self.core.ledger;
        let earlier_run = id <= ledger.newest_at_start();
        let earlier_loop = self.handle.begun.load(Ordering::Acquire);
        let doubt = self.doubtful > 0 && (earlier_loop || (earlier_run && (row.begun || !holds)));
        // It cannot have been attempted before it was accepted, nor long before the last sign of life.
        doubt.then(|| id.at().0.max(ledger.last_alive().0))
    }

    /// An attempt begins. Where nobody will tell what came of it and a person is to decide, that is on disk first.
    async fn set_out(
        &mut self,
        id: EnvelopeId,
        row: &mut OutboxRow,
        holds: bool,
    ) -> Result<Settled, StoreError> {
        if holds && !row.begun {
            row.begun = true;
            self.core.ledger.progress(self.handle.room.clone(), id, row.clone()).await?;
        }
        Ok(Settled::Attempt)
    }

    /// The first of these that is not known as something else.
    fn first_unknown(&self, row: &OutboxRow, receipts: Vec<Receipt>) -> Result<Option<Receipt>, StoreError> {
        let own: Vec<&MessageRef> = row.done.iter().flatten().chain(&row.more).collect();
        for receipt in receipts {
            let id = &receipt.message.id;
            let key = MessageKey { room: self.handle.room.clone(), id: id.clone() };
            let known = own.iter().any(|message| message.id == *id)
                || self.core.lookup.find(&key)?.is_some()
                || self.core.ledger.conversation(&self.handle.room, id)?.is_some();
            if !known {
                return Ok(Some(receipt));
            }
        }
        Ok(None)
    }
}

//! One attempt, when it is its turn, and what is remembered of it.

use super::super::outage::{Passage, Word};
use super::*;
use futures::FutureExt;
use relay_contract::Speaker;
use tokio::sync::watch::Receiver;

/// How often a lane that waits for another's word looks whether its row is still to be done.
const LOOK: Duration = Duration::from_secs(60);

impl Lane {
    /// Waits for this room's turn, and answers when to look again whether it may still be used; `None` for now.
    pub(in crate::engine) async fn permit(&mut self, doing: Doing) -> Option<Duration> {
        let outage = &self.handle.account.outage;
        if outage.ask(&self.handle.room) != Passage::Clear {
            let word = outage.listen();
            if let Passage::Barred { wait, why } = outage.ask(&self.handle.room) {
                return Some(self.barred(word, wait.min(LOOK), why).await);
            }
        }
        if self.turn.take() == Some(doing) {
            return None;
        }
        let Turn::Later(turn) = self.handle.account.turn(&self.handle.room, doing).await else { return None };
        self.handle.set_state(LaneState::Held);
        tokio::select! {
            came = turn => match came {
                Ok(()) => {
                    self.turn = Some(doing);
                    Some(Duration::ZERO)
                }
                // Only at the very end of the process: the row stays.
                Err(_) => Some(Duration::from_secs(1)),
            },
            () = self.handle.overtaking.added() => Some(Duration::ZERO),
            () = self.handle.orders.come() => Some(Duration::ZERO),
            () = self.handle.retired.cancelled() => Some(Duration::ZERO),
            () = self.core.draining.cancelled() => Some(Duration::ZERO),
        }
    }

    /// Until another lane of the account has told whether its server is there again; answers when to look at the row again.
    async fn barred(&self, mut word: Receiver<Word>, wait: Duration, reason: String) -> Duration {
        self.handle.set_state(LaneState::Retrying { reason });
        tokio::select! {
            // The sender is the account's, and lives longer.
            _ = word.changed() => {}
            () = tokio::time::sleep(wait) => {}
            () = self.handle.overtaking.added() => {}
            () = self.handle.orders.come() => {}
            () = self.handle.retired.cancelled() => {}
            () = self.core.draining.cancelled() => {}
        }
        Duration::ZERO
    }

    pub(in crate::engine) async fn attempt(&self, operation: Operation<'_>) -> Result<Receipt, DeliverError> {
        self.attempt_as(operation, None).await
    }

    /// The same for whoever does it.
    pub(super) async fn attempt_as(
        &self,
        operation: Operation<'_>,
        by: Option<&Speaker>,
    ) -> Result<Receipt, DeliverError> {
        let asks = settle::matters(&operation);
        self.handle.begun.store(asks, Ordering::Release);
        let outcome = self.attempted(operation, by).await;
        if !matches!(outcome, Err(DeliverError::Unsure(_))) {
            self.handle.begun.store(false, Ordering::Release);
        }
        outcome
    }

    async fn attempted(
        &self,
        operation: Operation<'_>,
        by: Option<&Speaker>,
    ) -> Result<Receipt, DeliverError> {
        let connector = &self.handle.account.connector;
        let (began, posts) = (Instant::now(), matches!(operation, Operation::Post { .. }));
        let attempt = connector.deliver_as(Attempt { room: &self.handle.room, operation }, by);
        let fenced = AssertUnwindSafe(attempt).catch_unwind();
        match tokio::time::timeout(connector.deliver_deadline(), fenced).await {
            Ok(Ok(outcome)) => {
                self.handle.account.outage.told(&self.handle.room, outcome.as_ref().err());
                match &outcome {
                    Ok(_) if posts => self.handle.account.canary.posted(began),
                    Ok(_) => {}
                    Err(error) => self.handle.account.refused(&self.handle.room, error).await,
                }
                outcome
            }
            Ok(Err(panic)) => {
                self.core.counters.add(Count::Panicked);
                Err(DeliverError::Unsure(format!("delivering it panicked: {}", panic_text(&panic))))
            }
            Err(_) => {
                let error = DeliverError::Unsure("no answer in time".into());
                self.handle.account.outage.told(&self.handle.room, Some(&error));
                Err(error)
            }
        }
    }

    /// How a message has come into the room; a change of it leaves that as it is.
    pub(super) fn way(
        &self,
        row: &OutboxRow,
        subject: EnvelopeId,
        now: Timestamp,
    ) -> Result<Way, StoreError> {
        if row.target.is_none() {
            let (attempts, edited) = (row.attempts, row.edit.is_some());
            let (queued, delivered) = (row.queued, Some(now.0));
            return Ok(Way { queued, delivered, attempts, edited, ..Way::default() });
        }
        let there = self.core.lookup.copies(subject, &self.handle.room)?.and_then(|there| there.way);
        Ok(Way { changed: Some(now.0), ..there.unwrap_or_default() })
    }

    /// What Relay had put on a message is put on what has taken its place: through the journal, like everything that happens.
    pub(super) async fn put_again(&self, row: EnvelopeId, subject: EnvelopeId) -> Result<(), StoreError> {
        let ledger = &self.core.ledger;
        let shown = ledger.shown_reactions(subject, &self.handle.room)?;
        if shown.own.is_empty() && shown.by.is_empty() && shown.pinned.is_none() {
            return Ok(());
        }
        let Some(posted) = ledger.envelope(subject)? else { return Ok(()) };
        let Event::Posted(message) = &posted.event else { return Ok(()) };
        let version = format!("{}{row}", lane_steps::AGAIN);
        let event = Event::Arrived { target: message.at.id.clone(), version };
        let again = Envelope { origin: posted.origin.clone(), author: None, at: Timestamp::now(), event };
        let queued = ledger.accept(self.handle.account.name.clone(), vec![again]).await?;
        queued.await.map_err(|_| StoreError::Closed)?.map(drop)
    }

    /// A conversation begins in the room with a message.
    pub(super) async fn begin(
        &self,
        conversation: EnvelopeId,
        message: &MessageRef,
    ) -> Result<(), StoreError> {
        let room = &self.handle.room;
        let thread = self.handle.account.connector.thread_of(room, message);
        let there = ThreadThere { thread, root: Some(message.clone()) };
        self.core.ledger.remember_thread(room.clone(), conversation, there).await
    }
}

//! What an error means for a row and for its lane.

use super::*;

impl Lane {
    /// Decides what an error means for the row and for the lane.
    pub(super) async fn failed(
        &mut self,
        id: EnvelopeId,
        mut row: OutboxRow,
        error: DeliverError,
        of_person: bool,
    ) -> Result<Fate, StoreError> {
        match &error {
            DeliverError::RateLimited { .. } | DeliverError::Unavailable(_) | DeliverError::Unsure(_) => {
                tracing::warn!(room = %self.handle.room, %error, "not delivered yet; it is tried again");
            }
            _ => tracing::warn!(room = %self.handle.room, envelope = %id, %error, "a delivery was refused"),
        }
        // The attempt is over: it began no longer ago than it may take.
        let longest = self.handle.account.connector.deliver_deadline();
        let began = Timestamp::now().0 - i64::try_from(longest.as_millis()).unwrap_or(0);
        row.attempts = row.attempts.saturating_add(1);
        row.last_error = Some(error.to_string());
        let counters = &self.core.counters;
        let retry = |lane: &mut Self| (lane.delay.next(), LaneState::Retrying { reason: error.to_string() });
        let (wait, state) = match &error {
            DeliverError::RateLimited { retry_after, .. } => {
                counters.add(Count::RateLimited);
                let retry_after = (*retry_after).clamp(*HOLD.start(), *HOLD.end());
                return Ok(Fate::Later(retry_after, LaneState::Held));
            }
            DeliverError::Unavailable(_) => {
                counters.add(Count::Retried);
                retry(self)
            }
            DeliverError::Unsure(reason) => {
                counters.add(Count::Retried);
                if self.handle.begun.load(Ordering::Acquire) {
                    row.unsure_since.get_or_insert(began);
                }
                if reason.contains("panicked") && row.attempts >= PANICS {
                    return self.bury(id, row, error.to_string()).await;
                }
                retry(self)
            }
            DeliverError::Unauthorized(problem) => {
                self.park_account(problem.clone());
                (Duration::ZERO, LaneState::Waiting)
            }
            // Nobody who could let Relay in again has a reason to.
            DeliverError::Forbidden(_) if self.is_left() => {
                self.shut = Some(Instant::now());
                return self.bury(id, row, UNLINKED.into()).await;
            }
            DeliverError::Forbidden(_) if of_person => return self.bury(id, row, error.to_string()).await,
            DeliverError::Forbidden(problem) => {
                (PARKED_RETRY, LaneState::Parked { problem: problem.clone() })
            }
            DeliverError::TargetGone => {
                counters.add(Count::TargetGone);
                return self.bury(id, row, "target_gone".into()).await;
            }
            DeliverError::Rejected(_) => return self.bury(id, row, error.to_string()).await,
        };
        self.core.ledger.progress(self.handle.room.clone(), id, row).await?;
        Ok(Fate::Later(wait, state))
    }

    /// Whether its head changes something in a room to which no link leads any more.
    pub(super) fn is_left(&self) -> bool {
        let changes = self.head.as_ref().is_some_and(|(_, envelope)| match &envelope.event {
            Event::Posted(_) | Event::Noticed { .. } | Event::Member { .. } | Event::Renamed { .. } => false,
            _ => !self.handle.retired.is_cancelled(),
        });
        changes && self.core.routes.borrow().links_of(&self.handle.room).next().is_none()
    }

    /// Whether such a room has just refused the like: it is not asked for each.
    pub(super) fn is_shut(&self) -> bool {
        self.shut.is_some_and(|at| at.elapsed() < PARKED_RETRY) && self.is_left()
    }

    /// The reader checks the credential at once, and again and again until it works.
    pub(super) fn park_account(&self, problem: Problem) {
        tracing::error!(account = %self.handle.account.name, "parked: {problem}");
        self.handle.account.set_state(AccountState::Parked { problem });
        self.handle.account.recheck.notify_one();
    }

    /// Closes a row whose message nobody is to see any more: what would have changed it has become its end.
    pub(super) async fn leave(&self, id: EnvelopeId) -> Result<Fate, StoreError> {
        self.core.counters.add(Count::Folded);
        self.core.ledger.complete(self.handle.room.clone(), id, id, None, Vec::new(), None).await?;
        Ok(Fate::Closed)
    }

    pub(super) async fn bury(
        &self,
        id: EnvelopeId,
        row: OutboxRow,
        reason: String,
    ) -> Result<Fate, StoreError> {
        tracing::warn!(room = %self.handle.room, envelope = %id, reason, "a delivery was given up");
        self.core.counters.add(Count::Dead);
        self.close_dead(id, row, reason).await
    }

    pub(super) async fn close_dead(
        &self,
        id: EnvelopeId,
        row: OutboxRow,
        reason: String,
    ) -> Result<Fate, StoreError> {
        let holds = self.handle.account.unsure == Unsure::Hold;
        let is_unsure = reason == HELD || self.in_doubt_since(id, &row, holds).is_some();
        let left = self.core.left_of_buried(&self.handle.room, id, &row, is_unsure, self.ran.of(id));
        let letter = DeadLetter { reason, at: Timestamp::now().0, row };
        self.core.ledger.bury_audited(self.handle.room.clone(), id, letter, left).await?;
        Ok(Fate::Closed)
    }
}

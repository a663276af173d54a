//! What Relay puts on messages: each is remembered when it is done, for what is wanted may have changed before the next.

use super::super::lane_steps::Mark;
use super::*;
use crate::store::ShownReactions;

impl Lane {
    /// Puts them, one after the other; answers what has come between.
    pub(super) async fn put(
        &mut self,
        id: EnvelopeId,
        row: OutboxRow,
        marks: &[(Mark, ShownReactions)],
        subject: EnvelopeId,
        of_person: bool,
    ) -> Result<Option<Fate>, StoreError> {
        for (mark, shown) in marks {
            if let Some(later) = self.held() {
                return Ok(Some(later));
            }
            let operation = mark.operation();
            if let Some(wait) = self.permit(operation.doing()).await {
                return Ok(Some(Fate::Later(wait, LaneState::Held)));
            }
            if self.is_chosen_anew() {
                return Ok(Some(Fate::Later(Duration::ZERO, LaneState::Busy)));
            }
            self.handle.set_state(LaneState::Busy);
            match self.attempt_as(operation, mark.by()).await {
                Ok(_) | Err(DeliverError::TargetGone) => {}
                // The message is as it is; what cannot be put on it is done without.
                Err(DeliverError::Rejected(why)) => {
                    tracing::info!(room = %self.handle.room, envelope = %id, why, "not shown there");
                }
                Err(error) => return self.failed(id, row, error, of_person).await.map(Some),
            }
            self.ran.add(id, "put on it");
            let room = self.handle.room.clone();
            self.core.ledger.remember_shown(subject, room, shown.clone()).await?;
        }
        Ok(None)
    }
}

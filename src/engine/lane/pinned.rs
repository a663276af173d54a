//! The first notice that tells a room whom it is joined with is pinned there, where Relay may pin: whoever comes later finds it.

use super::*;

impl Lane {
    /// Pins a notice unless one was pinned in the room before; answers when to look again where it cannot be done now. Where it may not
    /// be done it is done without.
    pub(super) async fn pin_notice(
        &mut self,
        id: EnvelopeId,
        row: &OutboxRow,
        message: &MessageRef,
    ) -> Result<Option<Fate>, StoreError> {
        if self.core.ledger.has_pinned_notice(&self.handle.room)? {
            return Ok(None);
        }
        let operation = Operation::Pin { target: message, on: true };
        if let Some(wait) = self.permit(operation.doing()).await {
            self.core.ledger.progress(self.handle.room.clone(), id, row.clone()).await?;
            return Ok(Some(Fate::Later(wait, LaneState::Held)));
        }
        match self.attempt(operation).await {
            Ok(_) => self.core.ledger.remember_pinned_notice(&self.handle.room).await?,
            Err(
                error @ (DeliverError::RateLimited { .. }
                | DeliverError::Unavailable(_)
                | DeliverError::Unsure(_)
                | DeliverError::Unauthorized(_)),
            ) => {
                self.core.ledger.progress(self.handle.room.clone(), id, row.clone()).await?;
                return self.failed(id, row.clone(), error, true).await.map(Some);
            }
            Err(error) => tracing::info!(room = %self.handle.room, %error, "the notice is not pinned"),
        }
        Ok(None)
    }
}

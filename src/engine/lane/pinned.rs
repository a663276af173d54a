//! The first notice that tells a room whom it is joined with is pinned there, where Relay may pin: whoever comes later finds it.

use super::*;

impl Lane {
    /// Pins a notice, in the place of the one that was pinned in the room before, or else only where none was; answers when to look again where it cannot be done now. Where it may not
    /// be done it is done without.
    pub(super) async fn pin_notice(
        &mut self,
        id: EnvelopeId,
        row: &OutboxRow,
        message: &MessageRef,
        replaces: bool,
    ) -> Result<Option<Fate>, StoreError> {
        let before = self.core.ledger.pinned_notice(&self.handle.room)?;
        if before.as_ref() == Some(message)
            || (!replaces && self.core.ledger.has_pinned_notice(&self.handle.room)?)
        {
            return Ok(None);
        }
        // First the old one goes: done again after a crash, both come to the same.
        let unpins = before.as_ref().map(|old| Operation::Pin { target: old, on: false });
        for operation in unpins.into_iter().chain([Operation::Pin { target: message, on: true }]) {
            let is_new = matches!(operation, Operation::Pin { on: true, .. });
            if let Some(wait) = self.permit(operation.doing()).await {
                self.core.ledger.progress(self.handle.room.clone(), id, row.clone()).await?;
                return Ok(Some(Fate::Later(wait, LaneState::Held)));
            }
            match self.attempt(operation).await {
                Ok(_) if is_new => {
                    self.core.ledger.remember_pinned_notice(&self.handle.room, message).await?;
                }
                Ok(_) => {}
                Err(
                    error @ (DeliverError::RateLimited { .. }
                    | DeliverError::Unavailable(_)
                    | DeliverError::Unsure(_)
                    | DeliverError::Unauthorized(_)),
                ) => {
                    self.core.ledger.progress(self.handle.room.clone(), id, row.clone()).await?;
                    return self.failed(id, row.clone(), error, true).await.map(Some);
                }
                Err(error) => {
                    let room = &self.handle.room;
                    tracing::info!(%room, %error, is_new, "a notice is not pinned, or the old one stays");
                }
            }
        }
        Ok(None)
    }
}

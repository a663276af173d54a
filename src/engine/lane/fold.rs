//! What was done to a message before it is there: an edit becomes part of it, a delete its end, and an edit that a newer one follows is
//! not done at all. So a room that lags has no more to do than it must.

use super::{Envelope, EnvelopeId, Event, Lane, OutboxRow, StoreError};

/// What a row has come to while it waited.
pub(super) enum Folded {
    /// It is to be done.
    No,
    /// Nothing is left of it to do.
    Gone,
}

impl Lane {
    /// Takes into an untouched row what was done to its message meanwhile. The edit that a post goes out with is on disk before the
    /// first attempt, so that whoever asks after a crash what came of it asks for the same text.
    pub(super) async fn fold(
        &mut self,
        id: EnvelopeId,
        envelope: &Envelope,
        row: &mut OutboxRow,
    ) -> Result<Folded, StoreError> {
        if !row.is_untouched() {
            return Ok(Folded::No);
        }
        match (&envelope.event, row.target) {
            // Of what may be there already, only the platform can tell as what.
            (Event::Posted(_), None) if self.in_doubt_since(id, row, false).is_none() => {
                self.fold_post(id, row).await
            }
            // Also after a restart: the newer one may be done, as what its message came with.
            (Event::Edited { .. }, Some(target)) if self.is_superseded(id, target)? => Ok(Folded::Gone),
            _ => Ok(Folded::No),
        }
    }

    async fn fold_post(&mut self, id: EnvelopeId, row: &mut OutboxRow) -> Result<Folded, StoreError> {
        let (ledger, room) = (&self.core.ledger, &self.handle.room);
        let Some(newest) = ledger.newest_change_id(id)?.filter(|newest| row.edit != Some(*newest)) else {
            return Ok(Folded::No);
        };
        match ledger.envelope(newest)?.as_deref().map(|change| &change.event) {
            Some(Event::Deleted { .. } | Event::Removed { .. }) => return Ok(Folded::Gone),
            Some(Event::Edited { .. }) => {}
            _ => return Ok(Folded::No),
        }
        // An edit that is to be done here, and has not been begun.
        if ledger.row(room, newest)?.is_some_and(|edit| edit.target == Some(id) && edit.is_untouched()) {
            row.edit = Some(newest);
            ledger.progress(room.clone(), id, row.clone()).await?;
        }
        Ok(Folded::No)
    }

    /// Whether a newer edit of the same message is still to be done here, or has been.
    fn is_superseded(&self, id: EnvelopeId, target: EnvelopeId) -> Result<bool, StoreError> {
        let ledger = &self.core.ledger;
        let Some(newest) = ledger.newest_change_id(target)?.filter(|newest| *newest > id) else {
            return Ok(false);
        };
        let is_edit =
            ledger.envelope(newest)?.is_some_and(|change| matches!(change.event, Event::Edited { .. }));
        Ok(is_edit && !ledger.is_dead(&self.handle.room, newest)?)
    }
}

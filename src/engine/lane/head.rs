//! The row that a lane works on next.

use super::{EnvelopeId, Lane, OutboxRow, StoreError};

/// So many rows are read at once.
const AHEAD: usize = 16;

impl Lane {
    /// The row that is to be worked on: one that does not wait for its turn, else the oldest.
    pub(super) async fn next(&mut self) -> Result<Option<(EnvelopeId, OutboxRow)>, StoreError> {
        while let Some(id) = self.handle.overtaking.first() {
            self.ahead.clear();
            self.closed().await?;
            match self.core.ledger.row(&self.handle.room, id)? {
                Some(row) => return Ok(Some((id, row))),
                None => self.handle.overtaking.closed(id),
            }
        }
        if self.ahead.is_empty() {
            self.ahead = self.core.ledger.rows(&self.handle.room, self.from, AHEAD)?.into();
        }
        let head = self.ahead.pop_front();
        if head.is_none() {
            self.closed().await?;
        }
        self.handle.at.set(head.as_ref().map(|(id, _)| *id));
        self.from = head.as_ref().map_or(self.from, |(id, _)| *id);
        Ok(head)
    }

    /// What is read next is read anew, and from the oldest row on.
    pub(super) fn begin_anew(&mut self) {
        self.from = EnvelopeId::default();
        self.ahead.clear();
    }
}

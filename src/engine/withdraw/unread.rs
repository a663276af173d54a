//! What cannot be read any more of somebody who was forgotten, in a ledger from before that: its copies may be in rooms still, and only the mapping
//! knows them.

use super::{AT_ONCE, PIECE, Taken};
use crate::consent::Person;
use crate::engine::core::Core;
use crate::store::{EnvelopeId, StoreError};
use relay_contract::MessageKey;
use std::ops::ControlFlow;

impl Core {
    /// The next few that are to be deleted, if a piece of the journal has any, and the last envelope that was looked at. Reads the disk.
    pub(super) fn unread_to_take_back(
        &self,
        person: &Person,
        from: EnvelopeId,
        until: EnvelopeId,
    ) -> Result<(Option<EnvelopeId>, Vec<Taken>), StoreError> {
        let mut found = Vec::new();
        let last = self.ledger.unread_after(person, from, PIECE, |id, is_theirs| {
            found.extend((is_theirs && id <= until).then_some(id));
            if found.len() < AT_ONCE { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        let mut all = Vec::new();
        for id in found {
            if !self.ledger.is_taken_back(id)? {
                all.extend(self.a_copy_of(id)?.map(Taken::Untell));
            }
        }
        Ok((last, all))
    }

    /// Any copy of a message; by that, all of them are named.
    fn a_copy_of(&self, id: EnvelopeId) -> Result<Option<MessageKey>, StoreError> {
        for room in self.lookup.delivered_to(id)? {
            let there = self.lookup.messages(id, &room)?.unwrap_or_default();
            if let Some(first) = there.into_iter().next() {
                return Ok(Some(MessageKey { room, id: first.id }));
            }
        }
        Ok(None)
    }
}

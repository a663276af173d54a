//! What somebody changes where the change may not be carried: the old words do not stay elsewhere against their will.

use super::core::Core;
use super::fan_out::looks_like;
use super::lane_steps::Content;
use crate::store::{Mapped, StoreError};
use relay_contract::{Envelope, Event, MessageKey};

impl Core {
    /// The deletion of what an edit changes that nobody may see, where rooms have or will have it; none where nothing is to be done.
    pub(super) fn outdates(&self, envelope: &Envelope) -> Result<Option<Envelope>, StoreError> {
        let Event::Edited { to, .. } = &envelope.event else { return Ok(None) };
        let key = MessageKey { room: envelope.origin.clone(), id: to.at.id.clone() };
        let Some(Mapped { envelope: target, origin: true }) = self.lookup.find(&key)? else {
            return Ok(None);
        };
        let is_out =
            !self.ledger.pending(target)?.is_empty() || !self.lookup.delivered_to(target)?.is_empty();
        if !is_out || self.ledger.is_taken_back(target)? {
            return Ok(None);
        }
        let author = |of: &Envelope| of.author.as_ref().map(|author| author.id.clone());
        let is_theirs =
            self.ledger.envelope(target)?.is_some_and(|posted| author(&posted) == author(envelope));
        let looks_the_same = Content::now(self, target)?.is_some_and(|now| looks_like(&now.message, to));
        let event = Event::Deleted { target: to.at.id.clone() };
        Ok((is_theirs && !looks_the_same).then(|| Envelope { event, ..envelope.clone() }))
    }
}

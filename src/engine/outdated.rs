//! What somebody changes where they let nothing be carried now: the old words do not stay elsewhere against their will. Where it may not be
//! carried only because it is not known, or not any more, what held when it was said, they stay: nobody has chosen that.

use super::consent::is_person;
use super::core::Core;
use super::fan_out::looks_like;
use super::lane_steps::Content;
use crate::consent::{DataClass, Person};
use crate::store::{Mapped, StoreError};
use relay_contract::{Envelope, Event, MessageKey, RoomKey};
use std::sync::Arc;

impl Core {
    /// Whether a room may not see what somebody changes, whenever it was said: as they want it now, or as the room asks now.
    pub(super) fn keeps_changes_from(&self, room: &RoomKey, envelope: &Envelope) -> bool {
        let (Event::Edited { .. }, Some(author)) = (&envelope.event, &envelope.author) else { return false };
        if !self.asks_consent() || !is_person(&envelope.origin, author) {
            return false;
        }
        let history = self.ledger.consent_of(&Person::of(&envelope.origin, author));
        !self.allows(history.as_deref(), DataClass::Content, (&envelope.origin, room), None)
    }

    /// The deletion of what an edit changes that nobody may see, where rooms have or will have it; none where nothing is to be done.
    pub(super) async fn outdates(self: &Arc<Self>, edit: Envelope) -> Option<Envelope> {
        let routes = self.routes.borrow().clone();
        let targets = routes.targets(&edit.origin);
        let is_kept = targets.iter().all(|(room, _)| self.keeps_changes_from(room, &edit));
        if targets.is_empty() || !is_kept {
            return None;
        }
        let core = self.clone();
        let read = tokio::task::spawn_blocking(move || core.deletion(&edit)).await;
        match read.map_err(|_| StoreError::Closed).flatten() {
            Ok(deletion) => deletion,
            Err(error) => {
                tracing::error!(%error, "it cannot be read whether rooms have what was changed");
                None
            }
        }
    }

    /// The same of an edit that no room may see. Reads the disk.
    fn deletion(&self, envelope: &Envelope) -> Result<Option<Envelope>, StoreError> {
        let Event::Edited { to, .. } = &envelope.event else { return Ok(None) };
        if self.ledger.was_told(envelope)? {
            return Ok(None);
        }
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

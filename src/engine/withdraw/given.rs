//! Links that were given out of a message of which rooms may see less than they did: those stay that show no more than their room may see.

use crate::adapt::plain;
use crate::consent::{DataClass, Person};
use crate::engine::core::Core;
use crate::engine::lane_steps::Content;
use crate::media::{Belongings, Links};
use crate::store::{EnvelopeId, StoreError};
use relay_contract::{MessageKey, RoomKey, Takes};

/// What of a message was given out and goes.
pub(super) struct Given {
    subject: EnvelopeId,
    links: Links,
    /// As its author wrote it: an older Relay's link is found by that.
    text: String,
}

impl Given {
    /// Its links, but those that stay.
    pub(super) fn add_to(&self, gone: &mut Belongings) {
        gone.links.insert(self.subject.0, self.links.clone());
        gone.add_text(&self.text);
    }

    /// The same and all its files.
    pub(super) fn add_files_to(&self, gone: &mut Belongings) {
        self.add_to(gone);
        gone.messages.insert(self.subject.0);
    }
}

impl Core {
    /// What goes of what was given out of a message, by what each room may see of it now.
    pub(super) fn given_out(&self, id: EnvelopeId, message: &MessageKey) -> Result<Box<Given>, StoreError> {
        let subject = self.lookup.find(message)?.map_or(id, |found| found.envelope);
        let mut given = Given { subject, links: Links::default(), text: String::new() };
        // Of what is deleted nothing stays.
        let Some(content) = Content::now(self, subject)? else { return Ok(Box::new(given)) };
        given.text = plain::text(&content.message.body);
        for room in self.rooms_with(subject)? {
            let seen = content.clone().seen_in(self, &room, Takes::default())?;
            if let Some(seen) = &seen {
                given.links.keep_text(&room, &plain::text(&seen.message().body));
            }
            match seen.is_some_and(|seen| !seen.message().attachments.is_empty()) {
                true => given.links.keep_files(&room),
                false => given.links.end_files(),
            }
        }
        Ok(Box::new(given))
    }

    /// The rooms that have a message, or are to have it.
    pub(super) fn rooms_with(&self, id: EnvelopeId) -> Result<Vec<RoomKey>, StoreError> {
        // Pending before delivered: a row that completes in between is then seen twice, never missed.
        let mut rooms = self.ledger.pending(id)?;
        rooms.extend(self.lookup.delivered_to(id)?);
        rooms.sort_unstable();
        rooms.dedup();
        Ok(rooms)
    }

    /// Whether any room that hears somebody may see their picture.
    pub(super) fn shows_picture(&self, person: &Person, origin: &RoomKey) -> bool {
        let history = self.ledger.consent_of(person);
        let routes = self.routes.borrow().clone();
        let rooms = routes.targets(origin);
        let shows = |room| self.allows(history.as_deref(), DataClass::Picture, (origin, room), None);
        rooms.iter().any(|(room, _)| shows(room))
    }
}

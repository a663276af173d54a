//! Whose words are passed on or quoted, where the platform tells of which message they are: one that Relay posted is by whoever said it.

use super::super::consent::Deed;
use super::super::core::Core;
use super::super::lane_steps::Content;
use crate::consent::DataClass;
use crate::store::{EnvelopeId, StoreError};
use relay_contract::{Author, Event, Message, MessageKey, RoomKey};

/// What a room may know of words that somebody else passes on or quotes there.
pub(in super::super) enum Passed {
    /// It is not known whose they are.
    Unknown,
    /// Them, by somebody who is called so there.
    Shown(Author),
    /// Nothing.
    Hidden,
}

impl Core {
    /// What a room may know of all the messages whose words stand in one: the least of what it may know of each.
    pub(in super::super) fn whose_words(
        &self,
        room: &RoomKey,
        message: &Message,
    ) -> Result<Passed, StoreError> {
        let mut shown = None;
        let mut is_known = true;
        for key in &message.words_of {
            match self.passed(room, key)? {
                Passed::Hidden => return Ok(Passed::Hidden),
                Passed::Unknown => is_known = false,
                Passed::Shown(author) => shown = shown.or(Some(author)),
            }
        }
        Ok(shown.filter(|_| is_known).map_or(Passed::Unknown, Passed::Shown))
    }

    fn passed(&self, room: &RoomKey, key: &MessageKey) -> Result<Passed, StoreError> {
        let Some(found) = self.lookup.find(key)? else { return Ok(Passed::Unknown) };
        let Some(posted) = self.ledger.envelope(found.envelope)? else { return Ok(Passed::Unknown) };
        // What Relay says itself may name people, and nobody knows any more whom.
        let (Event::Posted(_), Some(deed)) = (&posted.event, Deed::of(found.envelope, &posted)) else {
            return Ok(Passed::Unknown);
        };
        if !self.shows_message(room, found.envelope, &posted)
            || self.ever_hid(room, deed.origin, &deed.author.id, &[DataClass::Content])
        {
            return Ok(Passed::Hidden);
        }
        let Some(seen) = self.seen_as(room, deed) else { return Ok(Passed::Hidden) };
        if found.origin {
            return Ok(Passed::Shown(seen));
        }
        // A copy may bear the name in its text; two names of one person are not shown beside each other.
        let there = self.seen_as(&key.room, deed);
        let is_called_so = there.is_some_and(|there| there.id == seen.id);
        match is_called_so && (!self.hides_anybody(room) || self.is_nobody_elses(found.envelope)?) {
            true => Ok(Passed::Shown(seen)),
            false => Ok(Passed::Hidden),
        }
    }

    /// Whether a message has no words of others in it and names nobody: a copy of it is its author's alone.
    fn is_nobody_elses(&self, message: EnvelopeId) -> Result<bool, StoreError> {
        let content = Content::now(self, message)?;
        Ok(content.is_some_and(|Content { message, .. }| {
            message.reply.is_none()
                && message.forward.is_none()
                && message.quoted.is_empty()
                && message.words_of.is_empty()
                && !message.body.names_people()
        }))
    }
}

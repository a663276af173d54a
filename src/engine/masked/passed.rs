//! Whose words are passed on or quoted, where the platform tells of which message they are: one that Relay posted is by whoever said it.

use super::super::consent::Deed;
use super::super::core::Core;
use super::super::lane_steps::Content;
use super::{FILES_OUT, Hides, Said, WHO_AND_WHAT, WORDS_OUT, hide_files, without_quotes};
use crate::consent::DataClass;
use crate::store::{EnvelopeId, Mapped, StoreError};
use crate::text;
use relay_contract::{
    Attachment, Author, Envelope, Event, Message, MessageKey, NativeId, Reply, RoomKey, Text, Timestamp,
};
use std::cell::LazyCell;

/// What a room may know of words that somebody else passes on or quotes there.
pub(in super::super) enum Passed {
    /// It is not known whose they are.
    Unknown,
    /// Them, by somebody who is called so there, and whether it may see their files.
    Shown(Author, bool),
    /// Nothing.
    Hidden,
}

impl Core {
    /// What a room may know of all the messages whose words stand in one: the least of what it may know of each.
    pub(in super::super) fn whose_words(
        &self,
        room: &RoomKey,
        origin: &RoomKey,
        message: &Message,
    ) -> Result<Passed, StoreError> {
        let mut shown = None;
        let (mut is_known, mut with_files) = (true, true);
        for key in &message.words_of {
            match self.passed(room, (origin, message), key)? {
                Passed::Hidden => return Ok(Passed::Hidden),
                Passed::Unknown => is_known = false,
                Passed::Shown(author, files) => {
                    with_files &= files;
                    shown = shown.or(Some(author));
                }
            }
        }
        let shown = shown.filter(|_| is_known);
        Ok(shown.map_or(Passed::Unknown, |author| Passed::Shown(author, with_files)))
    }

    /// Takes out of a message what a room may not see of the words of others that it passes on or quotes.
    pub(super) fn mask_passed(
        &self,
        room: &RoomKey,
        (origin, said): Said<'_>,
        message: &mut Message,
        hid: &Hides<'_>,
        did: &mut Vec<&'static str>,
    ) -> Result<(), StoreError> {
        // Of a linked room, or of what a platform does not tell which message it is: what comes from a room with a name is not Relay's.
        let may_be_copy = match &message.forward {
            Some(forward) if message.words_of.is_empty() => forward.room.is_none(),
            _ => message.words_of.iter().all(|key| self.routes.borrow().knows(&key.room)),
        };
        let hid: Hides<'_> = LazyCell::new(Box::new(|| {
            **hid || (may_be_copy && self.may_be_of_another_channel(origin, room))
        }));
        let passed = self.whose_words(room, origin, message)?;
        if let Some(forward) = &mut message.forward
            && !self.mask_forward(room, (origin, said), forward, &passed, &hid)
        {
            message.attachments.clear();
            message.poll = None;
            // Their author may be one who lets nothing be carried.
            message.body = Text::plain(&text!(self.language_of(room), "forward-not-shown"));
            did.push(WORDS_OUT[0]);
        }
        let forwards = usize::from(message.forward.is_some());
        let quotes_hidden = match passed {
            Passed::Hidden => forwards == 0,
            // Of some of them it is not told who wrote them.
            Passed::Unknown => {
                message.quoted.len() + forwards < message.words_of.len() && self.hides_anybody(room)
            }
            Passed::Shown(..) => false,
        };
        let quotes_hidden = quotes_hidden
            || message.quoted.iter().any(|id| {
                self.named(room, (origin, said), id, "") != Some(String::new())
                    || !self.shows_words_of(room, (origin, said), id)
                    || self.ever_hid(room, origin, id, &WHO_AND_WHAT)
            });
        // Which files of a message are its author's is not told.
        if quotes_hidden || !self.shows_files_passed_on(room, (origin, said), message, &passed) {
            did.extend((!message.attachments.is_empty()).then_some(FILES_OUT));
            hide_files(self.language_of(room), message);
        }
        if quotes_hidden {
            message.body = without_quotes(self.language_of(room), std::mem::take(&mut message.body));
            did.push(WORDS_OUT[1]);
        }
        Ok(())
    }

    /// Whether a room may see the files of a message, by those whose words stand in it.
    fn shows_files_passed_on(
        &self,
        room: &RoomKey,
        said: Said<'_>,
        message: &Message,
        passed: &Passed,
    ) -> bool {
        let by = message.forward.as_ref().map(|forward| &forward.author_id);
        let are_shown = |id: &NativeId| self.shows_of(room, said, id, DataClass::Attachments);
        message.attachments.is_empty()
            || match (passed, by) {
                (Passed::Shown(_, files), _) => *files,
                (Passed::Hidden, _) => false,
                (Passed::Unknown, Some(None)) => !self.hides_files(room, said.0),
                (Passed::Unknown, Some(Some(id))) => are_shown(id),
                (Passed::Unknown, None) => message.quoted.iter().all(are_shown),
            }
    }

    /// The same where nobody has chosen anything, and of what is answered: of another channel alone.
    pub(super) fn mask_of_another_channel(
        &self,
        room: &RoomKey,
        origin: &RoomKey,
        message: &mut Message,
        did: &mut Vec<&'static str>,
    ) -> Result<(), StoreError> {
        if let Some(reply) = &mut message.reply
            && self.answers_another_channel(room, origin, reply)?
        {
            (reply.author, reply.excerpt) = (None, None);
            did.push("quote masked");
        }
        if message.forward.is_none() && message.words_of.is_empty() {
            return Ok(());
        }
        let now = Timestamp::now();
        let hid: Hides<'_> = LazyCell::new(Box::new(|| false));
        self.mask_passed(room, (origin, (now, now)), message, &hid, did)
    }

    fn answers_another_channel(
        &self,
        room: &RoomKey,
        origin: &RoomKey,
        reply: &Reply,
    ) -> Result<bool, StoreError> {
        let key = MessageKey { room: origin.clone(), id: reply.target.clone() };
        let Some(found) = self.lookup.find(&key)? else { return Ok(false) };
        let Some(answered) = self.ledger.envelope(found.envelope)? else { return Ok(false) };
        self.comes_by_another_channel(found.envelope, &answered.origin, origin, room)
    }

    fn passed(
        &self,
        room: &RoomKey,
        (origin, by): (&RoomKey, &Message),
        key: &MessageKey,
    ) -> Result<Passed, StoreError> {
        let Some(found) = self.lookup.find(key)? else { return Ok(Passed::Unknown) };
        let Some(posted) = self.ledger.envelope(found.envelope)? else { return Ok(Passed::Unknown) };
        // What Relay says itself may name people, and nobody knows any more whom.
        let (Event::Posted(_), Some(deed)) = (&posted.event, Deed::of(found.envelope, &posted)) else {
            return Ok(Passed::Unknown);
        };
        if self.comes_by_another_channel(found.envelope, deed.origin, origin, room)?
            || !self.shows_message(room, found.envelope, &posted)
            || self.ever_hid(room, deed.origin, &deed.author.id, &[DataClass::Content])
        {
            return Ok(Passed::Hidden);
        }
        // What its author made of it while they did not allow that is not written down.
        if self.ever_asked(room, deed.origin) && !self.are_known(room, by, &found, &posted)? {
            return Ok(Passed::Hidden);
        }
        let Some(seen) = self.seen_as(room, deed) else { return Ok(Passed::Hidden) };
        let files = self.may_see(room, deed, DataClass::Attachments);
        if found.origin {
            return Ok(Passed::Shown(seen, files));
        }
        // A copy may bear the name in its text; two names of one person are not shown beside each other.
        let there = self.seen_as(&key.room, deed);
        let is_called_so = there.is_some_and(|there| there.id == seen.id);
        match is_called_so && (!self.hides_anybody(room) || self.is_nobody_elses(found.envelope)?) {
            true => Ok(Passed::Shown(seen, files)),
            false => Ok(Passed::Hidden),
        }
    }

    /// Whether the words that somebody passes on are those that a message said at first, or says now and is seen to say in a room.
    fn are_known(
        &self,
        room: &RoomKey,
        by: &Message,
        found: &Mapped,
        posted: &Envelope,
    ) -> Result<bool, StoreError> {
        let change = self.ledger.newest_change_id(found.envelope)?;
        // A copy is what Relay made of it.
        if !found.origin {
            return Ok(change.is_none());
        }
        // What is quoted cannot be told from what is said of whose it is.
        if by.forward.is_none() || by.words_of.len() > 1 {
            return Ok(false);
        }
        if matches!(&posted.event, Event::Posted(first) if is_in(by, first)) {
            return Ok(true);
        }
        let Some(id) = change else { return Ok(false) };
        let Some(edited) = self.ledger.envelope(id)? else { return Ok(false) };
        Ok(matches!(&edited.event, Event::Edited { to, .. } if is_in(by, to))
            && self.shows(room, id, &edited, DataClass::Content))
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

/// Whether all that is passed on is in a message; what cannot be seen of a text is also compared.
fn is_in(passed: &Message, said: &Message) -> bool {
    let is_there = |file: &Attachment| {
        said.attachments.iter().any(|other| other.name == file.name && other.size == file.size)
    };
    passed.body == said.body && passed.poll.is_none() && passed.attachments.iter().all(is_there)
}

//! What others say of somebody, and what rooms were told of them beside their own messages: who passed on their words, how their poll
//! ended, that they came or went.

use super::Taken;
use crate::consent::{DataClass, Person};
use crate::engine::core::Core;
use crate::engine::digest::{Digests, is_digest};
use crate::engine::masked::Passed;
use crate::store::{EnvelopeId, OutboxRow, StoreError};
use relay_contract::text::Leaf;
use relay_contract::{Envelope, Event, Mention, Message, MessageKey, MessageRef, NativeId, RoomKey};

/// Whose words a message has in it beside its author's.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Words {
    /// Theirs who are asked about.
    Theirs,
    /// It is not known whose.
    Unknown,
    /// None, or others'.
    Others,
}

/// Whether an envelope is a person's, or names them, or may be about them.
pub(super) fn is_about(person: &Person, envelope: &Envelope) -> bool {
    let is_them = |id: &NativeId| Person::from_parts(&envelope.origin, id.as_str()) == *person;
    if envelope.author.as_ref().is_some_and(|author| is_them(&author.id)) {
        return true;
    }
    match &envelope.event {
        // Of what an answer answers, and of what is passed on, it is looked up later whose it is.
        Event::Posted(message) | Event::Edited { to: message, .. } => {
            message.reply.is_some()
                || !message.words_of.is_empty()
                || names(message, is_them)
                || is_passed_on_by_nobody(message)
        }
        Event::PollEnded { .. } => is_of(person, &envelope.origin),
        Event::Noticed { .. } => is_digest(envelope),
        _ => false,
    }
}

/// Whether a message names somebody.
pub(super) fn names(message: &Message, is_them: impl Fn(&NativeId) -> bool) -> bool {
    let forwarded = message.forward.as_ref().and_then(|forward| forward.author_id.as_ref());
    forwarded.is_some_and(&is_them)
        || message.quoted.iter().any(&is_them)
        || message.body.clone().into_runs().iter().any(
            |run| matches!(&run.leaf, Leaf::Mention(Mention::Person { id: Some(id), .. }) if is_them(id)),
        )
}

/// Whether the platform does not tell whose words a message passes on.
fn is_passed_on_by_nobody(message: &Message) -> bool {
    message.forward.as_ref().is_some_and(|forward| forward.author_id.is_none())
}

/// Whether somebody is of the network that a room is in.
fn is_of(person: &Person, room: &RoomKey) -> bool {
    person.as_str().starts_with(Person::from_parts(room, "").as_str())
}

impl Core {
    /// Whether a message passes on what somebody wrote, or may have written, who does not let it be seen in all rooms that it went to;
    /// and then whether none of them may see it.
    pub(super) fn passed_on(
        &self,
        person: &Person,
        envelope: &Envelope,
        message: &Message,
    ) -> Result<Option<bool>, StoreError> {
        let Some(forward) = &message.forward else { return Ok(None) };
        let origin = &envelope.origin;
        let is_named =
            forward.author_id.as_ref().map(|id| Person::from_parts(origin, id.as_str()) == *person);
        if is_named != Some(true) && self.words_in(person, origin, message)? == Words::Others {
            return Ok(None);
        }
        let history = self.ledger.consent_of(person);
        let routes = self.routes.borrow().clone();
        let targets = routes.targets(origin);
        let mut hidden = 0;
        for (room, _) in &targets {
            let is_hidden = match self.whose_words(room, origin, message)? {
                Passed::Hidden => true,
                Passed::Shown(..) => false,
                Passed::Unknown => match is_named {
                    Some(true) => !self.allows(history.as_deref(), DataClass::Content, (origin, room), None),
                    Some(false) => false,
                    // Whose words they are is not known: they go as they would if they were passed on now.
                    None => self.hides_somebody(room, origin) || self.hides_anybody(room),
                },
            };
            hidden += usize::from(is_hidden);
        }
        Ok((hidden > 0).then_some(hidden == targets.len()))
    }

    /// Whether a message answers, passes on or quotes what somebody wrote, or passes on what they might have written.
    pub(super) fn words_in(
        &self,
        person: &Person,
        origin: &RoomKey,
        message: &Message,
    ) -> Result<Words, StoreError> {
        if let Some(reply) = &message.reply {
            let answered = MessageKey { room: origin.clone(), id: reply.target.clone() };
            if self.is_by(person, &answered)? {
                return Ok(Words::Theirs);
            }
        }
        let nobodys = message.words_of.is_empty() && is_passed_on_by_nobody(message);
        let mut words = if nobodys { Words::Unknown } else { Words::Others };
        for passed in &message.words_of {
            match self.wrote(person, passed)? {
                Some(true) => return Ok(Words::Theirs),
                // Each room finds out whether it may still see what is by nobody knows whom.
                None => words = Words::Unknown,
                Some(false) => {}
            }
        }
        Ok(words)
    }

    /// Whether every room that has a message has it without the words of others: then nothing changes for whoever these may be by.
    pub(super) fn has_words_out(&self, id: EnvelopeId, message: &MessageKey) -> Result<bool, StoreError> {
        let subject = self.lookup.find(message)?.map_or(id, |found| found.envelope);
        for room in self.rooms_with(subject)?.into_iter().filter(|room| *room != message.room) {
            let there = self.lookup.copies(subject, &room)?;
            let is_out = there.and_then(|there| there.way).is_some_and(|way| way.out);
            // What is just being done to it may have begun before anything was to be taken out.
            let is_at_it = self
                .ledger
                .head(&room, EnvelopeId::default())?
                .is_some_and(|(head, row)| head == subject || row.target == Some(subject));
            if !is_out || is_at_it {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether somebody wrote a message; none where that is not known.
    pub(super) fn wrote(&self, person: &Person, message: &MessageKey) -> Result<Option<bool>, StoreError> {
        let Some(found) = self.lookup.find(message)? else { return Ok(None) };
        let Some(posted) = self.ledger.envelope(found.envelope)? else { return Ok(None) };
        let author = posted.author.as_ref();
        Ok(author.map(|by| Person::of(&posted.origin, by) == *person))
    }

    /// A digest goes as a whole where it told of a coming or going that is not to be seen in its room any more.
    pub(super) fn taken_digest(
        &self,
        digests: &mut Digests,
        id: EnvelopeId,
        envelope: &Envelope,
    ) -> Result<Taken, StoreError> {
        let room = &envelope.origin;
        let mut is_hidden = false;
        for (of, news) in digests.told_by(self, envelope) {
            is_hidden |= self.is_withheld(room, *of, news, &OutboxRow::new("", None))?;
        }
        let there = if is_hidden { self.lookup.messages(id, room)? } else { None };
        let first = there.unwrap_or_default().into_iter().next();
        let untold = |first: MessageRef| Taken::Untell(MessageKey { room: room.clone(), id: first.id });
        Ok(first.map_or(Taken::Nothing, untold))
    }

    /// What becomes of a line that rooms were told, which is about a message or a person.
    pub(super) fn told_of(
        &self,
        id: EnvelopeId,
        envelope: &Envelope,
        about: Option<EnvelopeId>,
    ) -> Result<Taken, StoreError> {
        let (mut copy, mut rooms, mut hidden) = (None, 0, 0);
        for room in self.lookup.delivered_to(id)? {
            let there = self.lookup.messages(id, &room)?.unwrap_or_default();
            let Some(first) = there.into_iter().next() else { continue };
            rooms += 1;
            hidden += usize::from(self.is_withheld(&room, id, envelope, &OutboxRow::new("", about))?);
            copy = Some(MessageKey { room, id: first.id });
        }
        Ok(match copy {
            Some(copy) if hidden == rooms => Taken::Untell(copy),
            Some(copy) if hidden > 0 => Taken::Retell(copy),
            _ => Taken::Nothing,
        })
    }
}

//! What others say of somebody, and what rooms were told of them beside their own messages: who passed on their words, how their poll
//! ended, that they came or went.

use super::Taken;
use crate::consent::{DataClass, Person};
use crate::engine::core::Core;
use crate::store::{EnvelopeId, OutboxRow, StoreError};
use relay_contract::text::Leaf;
use relay_contract::{Envelope, Event, Mention, Message, MessageKey, NativeId, RoomKey};

/// Whether an envelope is a person's, or names them, or may be about them.
pub(super) fn is_about(person: &Person, envelope: &Envelope) -> bool {
    let is_them = |id: &NativeId| Person::from_parts(&envelope.origin, id.as_str()) == *person;
    if envelope.author.as_ref().is_some_and(|author| is_them(&author.id)) {
        return true;
    }
    match &envelope.event {
        // Of what an answer answers it is looked up later whose it is.
        Event::Posted(message) | Event::Edited { to: message, .. } => {
            message.reply.is_some()
                || names(message, is_them)
                || is_passed_on_by_nobody(message) && is_of(person, &envelope.origin)
        }
        Event::PollEnded { .. } => is_of(person, &envelope.origin),
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
    pub(super) fn passed_on(&self, person: &Person, envelope: &Envelope, message: &Message) -> Option<bool> {
        let forward = message.forward.as_ref()?;
        let origin = &envelope.origin;
        let history = self.ledger.consent_of(person);
        let is_hidden = |room: &RoomKey| match &forward.author_id {
            Some(id) if Person::from_parts(origin, id.as_str()) == *person => {
                !self.allows(history.as_deref(), DataClass::Content, (origin, room), None)
            }
            Some(_) => false,
            // Whose words they are is not known: they go as they would if they were passed on now.
            None => is_of(person, origin) && self.hides_somebody(room, origin),
        };
        let routes = self.routes.borrow().clone();
        let targets = routes.targets(origin);
        let hidden = targets.iter().filter(|(room, _)| is_hidden(room)).count();
        (hidden > 0).then_some(hidden == targets.len())
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
            Some(copy) if hidden > 0 => Taken::Mask(copy),
            _ => Taken::Nothing,
        })
    }
}

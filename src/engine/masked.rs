//! A message as it may be seen in a room: people who are not to be named there are not, neither as authors nor in what others say.

use super::consent::Deed;
use super::core::Core;
use super::lane_steps::Content;
use crate::consent::DataClass;
use crate::store::{EnvelopeId, StoreError};
use relay_contract::text::Leaf;
use relay_contract::{
    Author, Forward, Mention, Message, MessageKey, NativeId, Reply, RoomKey, Standing, Text,
};

/// What stands where a person is not to be named.
pub const SOMEONE: &str = "someone";
/// What stands for words that were passed on, where their author may be one who lets nothing be carried.
const NOT_SHOWN: &str = "(what was passed on is not shown)";

impl Content {
    /// As the room may see it; none where its author lets nothing of it be seen there.
    pub(super) fn seen_in(self, core: &Core, room: &RoomKey) -> Result<Option<Self>, StoreError> {
        if !core.asks_consent() || self.origin == *room {
            return Ok(Some(self));
        }
        let mut seen = self;
        if let Some(author) = seen.author.take() {
            let Some(posted) = core.ledger.envelope(seen.subject)? else { return Ok(None) };
            let at = Deed::of(seen.subject, &posted).map_or(posted.at, |deed| deed.said);
            let deed = Deed { origin: &seen.origin, author: &author, said: at };
            if !core.may_see(room, deed, DataClass::Content) {
                return Ok(None);
            }
            if !core.may_see(room, deed, DataClass::Attachments) {
                seen.message.attachments.clear();
            }
            seen.author = core.seen_as(room, &seen.origin, &author);
        }
        core.mask(room, &seen.origin, &mut seen.message)?;
        Ok(Some(seen))
    }
}

impl Core {
    /// Takes out of a message whom others may not name in a room.
    fn mask(&self, room: &RoomKey, origin: &RoomKey, message: &mut Message) -> Result<(), StoreError> {
        let hides = self.hides_somebody(room, origin);
        message.body = self.mask_text(room, origin, std::mem::take(&mut message.body), hides);
        if let Some(reply) = &mut message.reply {
            self.mask_reply(room, origin, reply, hides)?;
        }
        if let Some(forward) = &mut message.forward
            && !self.mask_forward(room, origin, forward, hides)
        {
            message.attachments.clear();
            message.poll = None;
            message.body = Text::plain(NOT_SHOWN);
        }
        Ok(())
    }

    /// How a text begins, as it may be seen in a room.
    pub(super) fn excerpt(&self, room: &RoomKey, origin: &RoomKey, text: &Text, most: usize) -> String {
        if !self.asks_consent() || room == origin {
            return text.excerpt(most);
        }
        self.mask_text(room, origin, text.clone(), self.hides_somebody(room, origin)).excerpt(most)
    }

    fn mask_text(&self, room: &RoomKey, origin: &RoomKey, text: Text, hides: bool) -> Text {
        let mut runs = text.into_runs();
        for run in &mut runs {
            if let Leaf::Mention(Mention::Person { id, name }) = &mut run.leaf {
                *name = match id {
                    Some(id) => self.named(room, origin, id, name),
                    None if hides => SOMEONE.to_owned(),
                    None => continue,
                };
            }
        }
        Text::from_runs(runs)
    }

    /// What somebody is called in a room whom others name.
    fn named(&self, room: &RoomKey, origin: &RoomKey, id: &NativeId, name: &str) -> String {
        let author =
            Author { id: id.clone(), name: name.to_owned(), avatar: None, standing: Standing::Person };
        self.seen_as(room, origin, &author).map_or_else(|| SOMEONE.to_owned(), |seen| seen.name)
    }

    /// What an answer tells of what it answers: by who wrote that, where it is known.
    fn mask_reply(
        &self,
        room: &RoomKey,
        origin: &RoomKey,
        reply: &mut Reply,
        hides: bool,
    ) -> Result<(), StoreError> {
        let key = MessageKey { room: origin.clone(), id: reply.target.clone() };
        let known = match self.lookup.find(&key)? {
            Some(found) => Some(self.author_in(room, found.envelope)?),
            None => None,
        };
        match known {
            Some(Whom::AsTheyAre(_)) => {}
            Some(Whom::Under(author)) => reply.author = Some(author.name),
            Some(Whom::Hidden) => (reply.author, reply.excerpt) = (None, None),
            None if hides => (reply.author, reply.excerpt) = (None, None),
            None => {}
        }
        Ok(())
    }

    /// Whether what was passed on may be seen; its author's name is taken out where that may not.
    fn mask_forward(&self, room: &RoomKey, origin: &RoomKey, forward: &mut Forward, hides: bool) -> bool {
        let Some(id) = &forward.author_id else {
            if hides {
                forward.author = None;
            }
            return !hides;
        };
        let name = forward.author.clone().unwrap_or_default();
        let author = Author { id: id.clone(), name, avatar: None, standing: Standing::Person };
        match self.seen_as(room, origin, &author) {
            Some(seen) => {
                forward.author = forward.author.is_some().then_some(seen.name);
                true
            }
            None => {
                forward.author = None;
                false
            }
        }
    }

    /// Who wrote a message, as a room may know it.
    pub(super) fn author_in(&self, room: &RoomKey, message: EnvelopeId) -> Result<Whom, StoreError> {
        let Some(posted) = self.ledger.envelope(message)? else { return Ok(Whom::AsTheyAre(None)) };
        let Some(author) = &posted.author else { return Ok(Whom::AsTheyAre(None)) };
        let deed = Deed::of(message, &posted);
        if deed.is_some_and(|deed| !self.may_see(room, deed, DataClass::Content)) {
            return Ok(Whom::Hidden);
        }
        Ok(match self.seen_as(room, &posted.origin, author) {
            Some(seen) if seen.id == author.id => Whom::AsTheyAre(Some(seen)),
            Some(seen) => Whom::Under(seen),
            None => Whom::Hidden,
        })
    }
}

/// Who wrote something, as others may know it.
pub enum Whom {
    /// As they are called; none where the platform does not tell.
    AsTheyAre(Option<Author>),
    /// Under another name.
    Under(Author),
    /// Nothing is to be known of it.
    Hidden,
}

//! Under which name somebody is seen in a room, and under which they were.

use super::{Deed, is_person};
use crate::consent::{Asked, DataClass, History, Person, Purpose, Unsaid};
use crate::engine::core::Core;
use crate::store::EnvelopeId;
use relay_contract::{Author, Envelope, NativeId, RoomKey, Standing};

impl Core {
    /// How whoever did something is seen in a room; none where they are not to be seen there. Whoever was not to be named then is not
    /// named later.
    pub(in crate::engine) fn seen_as(&self, room: &RoomKey, deed: Deed<'_>) -> Option<Author> {
        let mut seen = self.seen(room, deed)?;
        if seen.id == deed.author.id {
            self.name_as_chosen(room, deed.origin, &mut seen, deed.said);
        }
        Some(seen)
    }

    /// How somebody is seen in a room whom others name there, by the name that these give them; `said` is when those do.
    pub(in crate::engine) fn named_as(&self, room: &RoomKey, deed: Deed<'_>) -> Option<Author> {
        self.seen(room, deed)
    }

    /// Whether a room may be told now who does something in another one.
    pub fn may_name(&self, room: &RoomKey, origin: &RoomKey, id: &NativeId) -> bool {
        let author = Author { id: id.clone(), name: String::new(), avatar: None, standing: Standing::Person };
        let now = self.consent_clock();
        let seen = self.seen_as(room, Deed { origin, author: &author, said: now, known: now });
        seen.is_some_and(|seen| seen.id == *id)
    }

    /// How the author of an envelope is seen in a room.
    pub(in crate::engine) fn author_seen_in(
        &self,
        room: &RoomKey,
        id: EnvelopeId,
        envelope: &Envelope,
    ) -> Option<Author> {
        Deed::of(id, envelope).and_then(|deed| self.seen_as(room, deed))
    }

    fn seen(&self, room: &RoomKey, deed: Deed<'_>) -> Option<Author> {
        let Deed { origin, author, said, .. } = deed;
        if !self.asks_consent() || origin == room || !is_person(origin, author) {
            return Some(author.clone());
        }
        // It crossed under a name or under a mask, and with either nobody may see the other.
        if self.is_from_before(deed, room) {
            return None;
        }
        let person = Person::of(origin, author);
        let history = self.ledger.consent_of(&person);
        let allows = |class| self.allows(history.as_deref(), class, (origin, room), Some(said));
        if allows(DataClass::Identity) {
            let avatar = author.avatar.clone().filter(|_| allows(DataClass::Picture));
            return Some(Author { avatar, ..author.clone() });
        }
        // Who was named then gets no other name in its place: whoever saw both would know whose it is.
        if history.as_deref().is_some_and(|history| self.was_named(history, deed, room)) {
            return None;
        }
        // A mask that is there only because no link leads there any more stands beside no name either.
        if self.has_left(origin, room)
            && history.as_deref().is_none_or(|history| self.lets_be_named(history, deed, room))
        {
            return None;
        }
        // Whose reactions alone are carried is not named either.
        if !allows(DataClass::Content) && !allows(DataClass::Reactions) {
            return None;
        }
        self.pseudonymous(room, origin, &person)
    }

    /// Somebody under the name that they have in the channel which leads from one room to another; none where only a third
    /// room is in channels with both: in another channel they have another name, and no room is to see two.
    fn pseudonymous(&self, room: &RoomKey, origin: &RoomKey, person: &Person) -> Option<Author> {
        let routes = self.routes.borrow().clone();
        let channel = match routes.between(origin, room) {
            Some(channel) => channel,
            // A link that is gone: what it brought keeps its name.
            None if self.has_left(origin, room) => {
                routes.links_of(origin).next().map(|(name, _)| name).unwrap_or_default()
            }
            None => return None,
        };
        let pseudonym = self.ledger.pseudonyms().of(person, channel);
        Some(Author {
            id: pseudonym.id.as_str().into(),
            name: pseudonym.name.clone(),
            avatar: None,
            standing: Standing::Person,
        })
    }

    /// Whether somebody's own word lets a room see who did something.
    pub(in crate::engine) fn lets_be_named(&self, history: &History, deed: Deed<'_>, room: &RoomKey) -> bool {
        let default = self.unsaid(deed.origin, room) == Unsaid::Notice;
        let recipient = self.recipient(room);
        let (purpose, class) = (Purpose::Bridging, DataClass::Identity);
        let asked = Asked { purpose, class, recipient: &recipient, default };
        let default = default && !self.was_asked(deed.origin, room, deed.said);
        let asked_then = Asked { default, ..asked.clone() };
        history.allows(&asked, self.consent_clock()) && history.allowed(&asked_then, deed.said)
    }

    /// Whether a room could see who did something when they did it.
    pub(in crate::engine) fn was_named(&self, history: &History, deed: Deed<'_>, room: &RoomKey) -> bool {
        let default =
            self.unsaid(deed.origin, room) == Unsaid::Notice && !self.was_asked(deed.origin, room, deed.said);
        let recipient = self.recipient(room);
        let (purpose, class) = (Purpose::Bridging, DataClass::Identity);
        let asked = Asked { purpose, class, recipient: &recipient, default };
        match self.level(deed.origin, room).shows(class) || self.is_from_before(deed, room) {
            true => history.allowed(&asked, deed.said),
            false => history.granted(&asked, deed.said),
        }
    }

    /// Whether something came before people were named in a room as they are now.
    fn is_from_before(&self, deed: Deed<'_>, room: &RoomKey) -> bool {
        self.routes.borrow().named_since(deed.origin, room).is_some_and(|since| deed.known < since)
    }
}

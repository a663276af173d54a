//! A message as it may be seen in a room: people who are not to be named there are not, neither as authors nor in what others say.

mod passed;
mod seen;

pub use seen::{By, Seen};

use super::consent::{Deed, WHO_AND_WHAT};
use super::core::Core;
use super::lane_steps::Content;
use crate::consent::{DataClass, Person};
use crate::routing::Routes;
use crate::store::{EnvelopeId, StoreError};
use crate::text;
use crate::texts::Language;
pub(super) use passed::Passed;
use relay_contract::text::{Container, Leaf, Run};
use relay_contract::{
    Author, Envelope, Event, Forward, Mention, Message, MessageKey, NativeId, Reply, RoomKey, Standing,
    Takes, Text, Timestamp,
};
use std::cell::LazyCell;
use std::sync::Arc;

/// What the audit says where a message bears another name, and where it bears none.
pub const PSEUDONYM: &str = "pseudonym";
pub const NAMELESS: &str = "no name";
/// What it says where the words of others were taken out.
pub(super) const WORDS_OUT: [&str; 2] = ["forwarded words taken out", "quotes taken out"];
const FILES_OUT: &str = "files taken out";
/// What it says where a message bears the name of another account of whoever said it.
const CHOSEN: &str = "name of a linked account";

impl Content {
    /// As the room may see it, and as much of it as its platform takes; none where its author lets nothing of it be seen there.
    pub(super) fn seen_in(
        self,
        core: &Core,
        room: &RoomKey,
        takes: Takes,
    ) -> Result<Option<Seen>, StoreError> {
        self.masked_for(core, room)?.map(|masked| Seen::of(core, masked, takes)).transpose()
    }

    /// As it was said: to find out what of it is in a room already, of which nothing more is to be seen there.
    pub(super) fn unmasked(self, core: &Core, takes: Takes) -> Result<Seen, StoreError> {
        Ok(Seen::of(core, self, takes)?.withheld())
    }

    fn masked_for(self, core: &Core, room: &RoomKey) -> Result<Option<Self>, StoreError> {
        let mut seen = self;
        if !core.asks_consent() || seen.origin == *room {
            if let Some(author) = &mut seen.author {
                let own = author.name.clone();
                core.name_as_chosen(room, &seen.origin, author, seen.said.0);
                seen.did.extend((own != author.name).then_some(CHOSEN));
            }
            core.name_as_known(room, &seen.origin, &mut seen.message);
            if seen.origin != *room {
                core.mask_of_another_channel(room, &seen.origin, &mut seen.message, &mut seen.did)?;
            }
            return Ok(Some(seen));
        }
        let mut said = (Timestamp::now(), Timestamp::now());
        if let Some(author) = seen.author.take() {
            said = seen.said;
            let deed = Deed { origin: &seen.origin, author: &author, said: said.0, known: said.1 };
            if !core.may_see(room, deed, DataClass::Content) {
                return Ok(None);
            }
            if !seen.message.attachments.is_empty() && !core.may_see(room, deed, DataClass::Attachments) {
                hide_files(core.language_of(room), &mut seen.message);
                seen.did.push(FILES_OUT);
            }
            seen.author = core.seen_as(room, deed);
            match &seen.author {
                Some(shown) if shown.id == author.id => {
                    seen.did.extend((shown.name != author.name).then_some(CHOSEN));
                }
                Some(_) => seen.did.push(PSEUDONYM),
                None => seen.did.push(NAMELESS),
            }
        }
        core.name_as_known(room, &seen.origin, &mut seen.message);
        core.mask(room, (&seen.origin, said), &mut seen.message, &mut seen.did)?;
        Ok(Some(seen))
    }
}

impl Core {
    /// Takes out of a message whom others may not name in a room.
    fn mask(
        &self,
        room: &RoomKey,
        (origin, said): Said<'_>,
        message: &mut Message,
        did: &mut Vec<&'static str>,
    ) -> Result<(), StoreError> {
        // Looks at everybody who has chosen: only where somebody is named without an id.
        let hides: Hides<'_> = LazyCell::new(Box::new(|| self.hides_somebody(room, origin)));
        // When what is shown again was said is not known: whoever says yes now may have said no then.
        // And what Relay has posted there is of people of anywhere.
        let hid: Hides<'_> = LazyCell::new(Box::new(|| self.hid_anybody(room, origin)));
        if message.body.names_people() {
            let body = std::mem::take(&mut message.body);
            message.body = self.mask_text(room, (origin, said), body, &hides, did);
        }
        if let Some(reply) = &mut message.reply {
            let before = (reply.author.clone(), reply.excerpt.is_some());
            self.mask_reply(room, origin, reply, &hid)?;
            if before != (reply.author.clone(), reply.excerpt.is_some()) {
                did.push("quote masked");
            }
        }
        self.mask_passed(room, (origin, said), message, &hid, did)
    }

    /// Takes out of an answer, before it is written down, how the platform says that what it answers begins, where no room would be shown
    /// that: what is known of it stands in the ledger, and what is not may be of somebody who lets nothing be written down.
    pub(super) fn leave_unsaid(&self, routes: &Routes, envelope: &mut Envelope) {
        let (Event::Posted(message) | Event::Edited { to: message, .. }) = &mut envelope.event else {
            return;
        };
        let Some(reply) = message.reply.as_mut().filter(|reply| reply.excerpt.is_some()) else { return };
        let mut rooms = routes.targets(&envelope.origin).into_iter().map(|(room, _)| room).peekable();
        if rooms.peek().is_some() && rooms.all(|room| self.hid_anybody(&room, &envelope.origin)) {
            (reply.author, reply.excerpt) = (None, None);
        }
    }

    /// Whoever an envelope is by, as a room may know them, and as much of them as its platform takes.
    pub fn by_in(
        &self,
        room: &RoomKey,
        id: EnvelopeId,
        envelope: &Envelope,
        takes: Takes,
    ) -> Result<Option<By>, StoreError> {
        if self.would_name_otherwise(room, envelope) {
            return Ok(None);
        }
        let author = match self.of_own(envelope)? {
            Some((posted, of)) => self.author_seen_in(room, posted, &of),
            None => self.author_seen_in(room, id, envelope),
        };
        author.map(|author| By::of(self, &envelope.origin, author, takes)).transpose()
    }

    /// What somebody changes or deletes of their own: it bears the name that it was shown with, and no other beside it.
    fn of_own(&self, envelope: &Envelope) -> Result<Option<(EnvelopeId, Arc<Envelope>)>, StoreError> {
        let is_change = matches!(envelope.event, Event::Edited { .. } | Event::Deleted { .. });
        let Some(key) = envelope.subject().filter(|_| is_change && self.asks_consent()) else {
            return Ok(None);
        };
        let Some(found) = self.lookup.find(&key)? else { return Ok(None) };
        let Some(posted) = self.ledger.envelope(found.envelope)? else { return Ok(None) };
        let by = |of: &Envelope| of.author.as_ref().map(|author| Person::of(&of.origin, author));
        Ok((by(&posted) == by(envelope)).then_some((found.envelope, posted)))
    }

    /// Whether somebody takes off a reaction that may have been shown under another name than they have now: when they made it is not kept.
    fn would_name_otherwise(&self, room: &RoomKey, envelope: &Envelope) -> bool {
        let Event::Reacted { added: false, .. } = envelope.event else { return false };
        let has_chosen = || {
            let author = envelope.author.as_ref();
            author.is_some_and(|by| self.ledger.consent_of(&Person::of(&envelope.origin, by)).is_some())
        };
        self.asks_consent()
            && (has_chosen() || self.routes.borrow().named_since(&envelope.origin, room).is_some())
    }

    /// How a text begins, as it may be seen in a room.
    pub(super) fn excerpt(
        &self,
        room: &RoomKey,
        of: &Envelope,
        message: &Message,
        most: usize,
    ) -> Result<String, StoreError> {
        if *room == of.origin {
            return Ok(message.body.excerpt(most));
        }
        let mut message = message.clone();
        self.name_as_known(room, &of.origin, &mut message);
        if !self.asks_consent() {
            self.mask_of_another_channel(room, &of.origin, &mut message, &mut Vec::new())?;
            return Ok(message.body.excerpt(most));
        }
        self.mask(room, (&of.origin, (of.at, of.at)), &mut message, &mut Vec::new())?;
        Ok(message.body.excerpt(most))
    }

    fn mask_text(
        &self,
        room: &RoomKey,
        said: Said<'_>,
        text: Text,
        hides: &Hides<'_>,
        did: &mut Vec<&'static str>,
    ) -> Text {
        let mut runs = text.into_runs();
        let mut hidden = false;
        let someone = || text!(self.language_of(room), "someone");
        for run in &mut runs {
            if let Leaf::Mention(Mention::Person { id, name }) = &mut run.leaf {
                let shown = match id {
                    Some(id) => self.named(room, said, id, name).unwrap_or_else(someone),
                    None if **hides => someone(),
                    None => continue,
                };
                hidden |= shown != *name;
                *name = shown;
            }
        }
        if hidden {
            did.push("names of others taken out");
        }
        Text::from_runs(runs)
    }

    /// What somebody is called in a room whom others name there; none where they are not to be seen.
    fn named(
        &self,
        room: &RoomKey,
        (origin, (said, known)): Said<'_>,
        id: &NativeId,
        name: &str,
    ) -> Option<String> {
        let author =
            Author { id: id.clone(), name: name.to_owned(), avatar: None, standing: Standing::Person };
        self.named_as(room, Deed { origin, author: &author, said, known }).map(|seen| seen.name)
    }

    /// Whether a room may see what somebody said whom others quote there, at whatever time that was: where people are asked, it may have
    /// been before they said yes.
    fn shows_words_of(&self, room: &RoomKey, (origin, (said, known)): Said<'_>, id: &NativeId) -> bool {
        !self.ever_asked(room, origin) && self.shows_of(room, (origin, (said, known)), id, DataClass::Content)
    }

    /// Whether a room may see such of somebody, and was always to see it.
    fn shows_of(
        &self,
        room: &RoomKey,
        (origin, (said, known)): Said<'_>,
        id: &NativeId,
        class: DataClass,
    ) -> bool {
        let author = Author { id: id.clone(), name: String::new(), avatar: None, standing: Standing::Person };
        !self.ever_hid(room, origin, id, &[class])
            && self.may_see(room, Deed { origin, author: &author, said, known }, class)
    }

    /// What an answer tells of what it answers: by who wrote that, where it is known.
    fn mask_reply(
        &self,
        room: &RoomKey,
        origin: &RoomKey,
        reply: &mut Reply,
        hid: &Hides<'_>,
    ) -> Result<(), StoreError> {
        let key = MessageKey { room: origin.clone(), id: reply.target.clone() };
        let known = match self.lookup.find(&key)? {
            Some(found) => Some(self.author_in(room, origin, found.envelope)?),
            None => None,
        };
        // What is kept of it is shown instead, without whom it may not name.
        if known.is_some() {
            reply.excerpt = None;
        }
        match known {
            Some(Whom::AsTheyAre(Some(_))) => {}
            Some(Whom::Under(author)) => reply.author = Some(author.name),
            Some(Whom::Hidden) => (reply.author, reply.excerpt) = (None, None),
            // Not written down, or gone.
            Some(Whom::AsTheyAre(None)) | None if **hid => (reply.author, reply.excerpt) = (None, None),
            Some(Whom::AsTheyAre(None)) | None => {}
        }
        Ok(())
    }

    /// Whether what was passed on may be seen; its author's name is taken out where that may not.
    fn mask_forward(
        &self,
        room: &RoomKey,
        said: Said<'_>,
        forward: &mut Forward,
        passed: &Passed,
        hid: &Hides<'_>,
    ) -> bool {
        match passed {
            Passed::Hidden => {
                forward.author = None;
                return false;
            }
            Passed::Shown(author, _) => {
                forward.author = forward.author.is_some().then(|| author.name.clone());
                return true;
            }
            Passed::Unknown => {}
        }
        let Some(id) = &forward.author_id else {
            if **hid {
                forward.author = None;
            }
            return !**hid;
        };
        let name = forward.author.clone().unwrap_or_default();
        match self.named(room, said, id, &name).filter(|_| self.shows_words_of(room, said, id)) {
            Some(shown) => {
                // Who was to be called otherwise then is not named by it now.
                let hid_then = shown == name && self.ever_hid(room, said.0, id, &[DataClass::Identity]);
                forward.author = forward.author.is_some().then_some(shown).filter(|_| !hid_then);
                true
            }
            None => {
                forward.author = None;
                false
            }
        }
    }

    /// Who wrote a message, as a room may know it by what somebody says to it in `shown_by`.
    pub(super) fn author_in(
        &self,
        room: &RoomKey,
        shown_by: &RoomKey,
        message: EnvelopeId,
    ) -> Result<Whom, StoreError> {
        let Some(posted) = self.ledger.envelope(message)? else { return Ok(Whom::AsTheyAre(None)) };
        let Some(author) = &posted.author else { return Ok(Whom::AsTheyAre(None)) };
        let Some(deed) = Deed::of(message, &posted) else { return Ok(Whom::AsTheyAre(None)) };
        if self.comes_by_another_channel(message, deed.origin, shown_by, room)?
            || !self.may_see(room, deed, DataClass::Content)
        {
            return Ok(Whom::Hidden);
        }
        Ok(match self.seen_as(room, deed) {
            Some(seen) if seen.id == author.id => Whom::AsTheyAre(Some(seen)),
            Some(seen) => Whom::Under(seen),
            None => Whom::Hidden,
        })
    }
}

/// A message without its files; where it was nothing but files, it says that there was something.
fn hide_files(language: Language, message: &mut Message) {
    let had = !std::mem::take(&mut message.attachments).is_empty();
    if had && message.body.is_empty() && message.poll.is_none() && message.forward.is_none() {
        message.body = Text::plain(&text!(language, "file-not-shown"));
    }
}

/// Whether somebody might be meant who is not to be named; found out when it is first asked.
type Hides<'a> = LazyCell<bool, Box<dyn FnOnce() -> bool + 'a>>;

/// Where something is said, when, and when Relay came to know of it.
type Said<'a> = (&'a RoomKey, (Timestamp, Timestamp));

/// A text without what stands in quotes.
fn without_quotes(language: Language, text: Text) -> Text {
    let mut runs = text.into_runs();
    runs.retain(|run| !run.within.contains(&Container::Quote));
    runs.push(Run::new(Leaf::Break));
    runs.push(Run::new(Leaf::Plain(text!(language, "forward-not-shown"))));
    Text::from_runs(runs)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_quoted_goes_and_what_is_said_to_it_stays() {
        let quoted = |words: &str| Run::new(Leaf::Plain(words.into())).inside(&[Container::Quote]);
        let said = Run::new(Leaf::Plain("see this".into()));
        let text = Text::from_runs(vec![said, quoted("Forwarded from Ada"), quoted("secret")]);
        let left = without_quotes(Language::English, text).excerpt(200);
        assert!(
            left.starts_with("see this") && left.ends_with("(what was passed on is not shown)"),
            "{left}"
        );
        assert!(!left.contains("secret") && !left.contains("Ada"), "{left}");
    }
}

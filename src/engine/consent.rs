//! The one question: may this of this person be seen in that room? It is asked at the fan-out and again before each attempt, of what they
//! have said until now and of what held when they did what it is about.

use super::core::Core;
use super::digest::DIGEST;
use super::lane_steps::MASKED;
use super::withdraw;
use crate::audit::Grant;
use crate::consent::{Asked, DataClass, History, Level, Person, Purpose, Recipient, Stance, Unsaid};
use crate::routing::Routes;
use crate::store::{EnvelopeId, OutboxRow, Reactor, StoreError, stream};
use relay_contract::{Author, Envelope, Event, NativeId, RoomKey, Standing, Timestamp};

/// Some platforms tell times in whole seconds, in milliseconds.
const SECOND: i64 = 1_000;

/// What may not be seen where somebody is not to be known by what others show of them.
pub(super) const WHO_AND_WHAT: [DataClass; 2] = [DataClass::Identity, DataClass::Content];

/// Something that a person did.
#[derive(Clone, Copy)]
pub struct Deed<'a> {
    /// In which room.
    pub origin: &'a RoomKey,
    /// Who.
    pub author: &'a Author,
    /// When.
    pub said: Timestamp,
    /// When Relay came to know of it.
    pub known: Timestamp,
}

impl<'a> Deed<'a> {
    /// What an envelope is about; none where nobody did it.
    pub fn of(id: EnvelopeId, envelope: &'a Envelope) -> Option<Self> {
        let author = envelope.author.as_ref()?;
        let (said, known) = Self::times(id, envelope);
        Some(Self { origin: &envelope.origin, author, said, known })
    }

    /// When what an envelope is about was done, and when Relay came to know of it.
    pub fn times(id: EnvelopeId, envelope: &Envelope) -> (Timestamp, Timestamp) {
        let said = said(id, envelope);
        (said, id.at().max(said))
    }
}

/// When it was said: on a platform that tells whole seconds, at the end of that second, for who has chosen within it has said it
/// afterwards; never later than it came.
fn said(id: EnvelopeId, envelope: &Envelope) -> Timestamp {
    end_of(envelope.at).min(id.at().max(envelope.at))
}

/// The end of a whole second; any other time is itself.
fn end_of(at: Timestamp) -> Timestamp {
    if at.0 % SECOND == 0 { Timestamp(at.0.saturating_add(SECOND - 1)) } else { at }
}

/// The other way round: when what is taken to have been said at the end of a second may have been said.
pub(super) fn begin_of(said: Timestamp) -> Timestamp {
    if said.0 % SECOND == SECOND - 1 { Timestamp(said.0 + 1 - SECOND) } else { said }
}

/// Programs and bots have nothing to hide, and nobody to ask.
pub(super) fn is_person(origin: &RoomKey, author: &Author) -> bool {
    author.standing == Standing::Person && !stream::keeps(origin)
}

/// Whether somebody has ever kept one of these from whoever sees a room.
fn forbade(history: &History, recipient: &Recipient, classes: &[DataClass]) -> bool {
    let purpose = Purpose::Bridging;
    let forbade = |class| history.ever_forbade(&Asked { purpose, class, recipient, default: true });
    classes.iter().copied().any(forbade)
}

impl Core {
    /// Whoever sees what is said in a room: those of its space.
    pub fn recipient(&self, room: &RoomKey) -> Recipient {
        Recipient::of(room, self.known.space_ids(room))
    }

    /// Whether there is anything to ask at all: in most communities nobody ever chooses, and nothing is to be spent on it.
    pub(super) fn asks_consent(&self) -> bool {
        self.ledger.anybody_said() || self.ledger.anywhere_asked() || self.routes.borrow().asks_consent()
    }

    /// Since when people of a room have been told that nothing of theirs is carried until they allow it, where that is to be so no more and
    /// the room was not told yet: until then it is as they were told.
    pub(super) fn still_asks(&self, routes: &Routes, room: &RoomKey) -> Option<Timestamp> {
        self.ledger.asks_since(room, |channel| routes.unsaid(channel) != Unsaid::OptIn)
    }

    /// The clock, as consent goes by it: it never goes back behind what the ledger has seen, so that nothing that has ended begins anew.
    pub fn consent_clock(&self) -> Timestamp {
        let now = Timestamp::now();
        #[cfg(test)]
        let now = Timestamp(now.0 + self.ahead.load(std::sync::atomic::Ordering::Relaxed));
        self.ledger.latest(now.max(self.ledger.newest().at()))
    }

    /// What holds between two rooms for who has said nothing.
    pub fn unsaid(&self, origin: &RoomKey, room: &RoomKey) -> Unsaid {
        let routes = self.routes.borrow();
        if self.still_asks(&routes, origin).is_some() {
            return Unsaid::OptIn;
        }
        routes.unsaid_between(origin, room)
    }

    /// How much of the people of one room another one is shown.
    fn level(&self, origin: &RoomKey, room: &RoomKey) -> Level {
        self.routes.borrow().level_between(origin, room)
    }

    pub(super) fn allows(
        &self,
        history: Option<&History>,
        class: DataClass,
        (origin, room): (&RoomKey, &RoomKey),
        said: Option<Timestamp>,
    ) -> bool {
        let default = self.unsaid(origin, room) == Unsaid::Notice;
        let by_default_then = default && said.is_none_or(|said| !self.was_asked(origin, room, said));
        let is_shown = self.level(origin, room).shows(class);
        let Some(history) = history else { return by_default_then && is_shown };
        let recipient = self.recipient(room);
        let asked = Asked { purpose: Purpose::Bridging, class, recipient: &recipient, default };
        let asked_then = Asked { default: by_default_then, ..asked.clone() };
        let now = self.consent_clock();
        match is_shown {
            true => history.allows(&asked, now) && said.is_none_or(|then| history.allowed(&asked_then, then)),
            // Beyond what the admin shows of anybody, only their own word for it counts.
            false => history.grants(&asked, now) && said.is_none_or(|then| history.granted(&asked, then)),
        }
    }

    /// What of somebody a room is shown now of what they do in another one.
    pub fn shown_of(&self, person: &Person, origin: &RoomKey, room: &RoomKey) -> Vec<DataClass> {
        let history = self.ledger.consent_of(person);
        let allowed = |class: &DataClass| self.allows(history.as_deref(), *class, (origin, room), None);
        DataClass::ALL.into_iter().filter(allowed).collect()
    }

    /// By what a room may see a class of what somebody did: what they have said last about it, or what holds for who has said nothing.
    pub(super) fn grant(&self, room: &RoomKey, deed: Deed<'_>, class: DataClass) -> Grant {
        if !is_person(deed.origin, deed.author) {
            return Grant::Program;
        }
        if !self.asks_consent() {
            return Grant::Notice;
        }
        let unsaid = match self.unsaid(deed.origin, room) {
            Unsaid::Notice => Grant::Notice,
            Unsaid::OptIn => Grant::OptIn,
        };
        let Some(history) = self.ledger.consent_of(&Person::of(deed.origin, deed.author)) else {
            return unsaid;
        };
        let recipient = self.recipient(room);
        let asked = Asked { purpose: Purpose::Bridging, class, recipient: &recipient, default: false };
        Grant::of(history.decided_by(&asked, self.consent_clock()), unsaid)
    }

    /// Whether a room may see that a person did something. What is said and done in a room itself is there already.
    pub(super) fn may_see(&self, room: &RoomKey, deed: Deed<'_>, class: DataClass) -> bool {
        if !self.asks_consent() || deed.origin == room || !is_person(deed.origin, deed.author) {
            return true;
        }
        let history = self.ledger.consent_of(&Person::of(deed.origin, deed.author));
        self.allows(history.as_deref(), class, (deed.origin, room), Some(deed.said))
    }

    /// Whether a room may see that somebody reacted, or that it was taken back for them.
    pub(super) fn shows_reaction(&self, room: &RoomKey, id: EnvelopeId, envelope: &Envelope) -> bool {
        let Event::Reacted { version, .. } = &envelope.event else { return true };
        withdraw::is_of_withdrawal(version) || self.shows(room, id, envelope, DataClass::Reactions)
    }

    /// Everybody's reactions to a message, as whoever is in a room may know them.
    pub fn reactions_seen_in(
        &self,
        room: &RoomKey,
        subject: EnvelopeId,
    ) -> Result<Vec<(RoomKey, Reactor)>, StoreError> {
        let all = self.ledger.reactions(subject)?.into_iter();
        Ok(all
            .filter_map(|(of, by)| {
                let author = self.reactor_seen_in(room, &of, &by)?;
                Some((of, Reactor { user: author.id.to_string(), name: author.name, ..by }))
            })
            .collect())
    }

    /// Who reacted, as a room may know it; none where it may not know that they did.
    fn reactor_seen_in(&self, room: &RoomKey, origin: &RoomKey, by: &Reactor) -> Option<Author> {
        let author = Author {
            id: by.user.as_str().into(),
            name: by.name.clone(),
            avatar: None,
            standing: Standing::Person,
        };
        let said = end_of(Timestamp(by.at));
        let deed = Deed { origin, author: &author, said, known: said };
        let may = self.may_see(room, deed, DataClass::Reactions) && !self.was_done_muted(room, deed);
        may.then(|| self.seen_as(room, deed)).flatten()
    }

    /// How whoever did something is seen in a room; none where they are not to be seen there. Whoever was not to be named then is not
    /// named later.
    pub(super) fn seen_as(&self, room: &RoomKey, deed: Deed<'_>) -> Option<Author> {
        let mut seen = self.seen(room, deed)?;
        if seen.id == deed.author.id {
            self.name_as_chosen(room, deed.origin, &mut seen, deed.said);
        }
        Some(seen)
    }

    /// How somebody is seen in a room whom others name there, by the name that these give them; `said` is when those do.
    pub(super) fn named_as(&self, room: &RoomKey, deed: Deed<'_>) -> Option<Author> {
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
    pub(super) fn author_seen_in(
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
        Some(self.pseudonymous(room, origin, &person))
    }

    /// Somebody under the name that they have in the channel which leads from one room to another.
    fn pseudonymous(&self, room: &RoomKey, origin: &RoomKey, person: &Person) -> Author {
        let routes = self.routes.borrow().clone();
        let first = || routes.links_of(origin).next().map(|(name, _)| name);
        let channel = routes.between(origin, room).or_else(first).unwrap_or_default();
        let pseudonym = self.ledger.pseudonyms().of(person, channel);
        Author {
            id: pseudonym.id.as_str().into(),
            name: pseudonym.name.clone(),
            avatar: None,
            standing: Standing::Person,
        }
    }

    /// Whether somebody's own word lets a room see who did something.
    pub(super) fn lets_be_named(&self, history: &History, deed: Deed<'_>, room: &RoomKey) -> bool {
        let default = self.unsaid(deed.origin, room) == Unsaid::Notice;
        let recipient = self.recipient(room);
        let (purpose, class) = (Purpose::Bridging, DataClass::Identity);
        let asked = Asked { purpose, class, recipient: &recipient, default };
        let default = default && !self.was_asked(deed.origin, room, deed.said);
        let asked_then = Asked { default, ..asked.clone() };
        history.allows(&asked, self.consent_clock()) && history.allowed(&asked_then, deed.said)
    }

    /// Whether a room could see who did something when they did it.
    pub(super) fn was_named(&self, history: &History, deed: Deed<'_>, room: &RoomKey) -> bool {
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

    /// Whether somebody of a room's network, of whom nothing but a name is known, might be one who is not to be named.
    pub(super) fn hides_somebody(&self, room: &RoomKey, origin: &RoomKey) -> bool {
        if !self.asks_consent() || origin == room || stream::keeps(origin) {
            return false;
        }
        self.hides_any(&WHO_AND_WHAT, (origin, room))
    }

    /// Whether somebody of a room's network, of whom it is not told who they are, might be one who does not show that they are there.
    pub(super) fn hides_presence(&self, room: &RoomKey, origin: &RoomKey) -> bool {
        self.asks_consent()
            && origin != room
            && !stream::keeps(origin)
            && self.hides_any(&[DataClass::Presence, DataClass::Identity, DataClass::Content], (origin, room))
    }

    /// Whether anybody of any network might be one who is not to be named in a room, or was when something was said.
    pub(super) fn hides_anybody(&self, room: &RoomKey) -> bool {
        let routes = self.routes.borrow().clone();
        let mut channels = routes.links_of(room);
        let recipient = self.recipient(room);
        self.asks_consent()
            && (routes.has_asked(room)
                || channels.any(|(name, link)| {
                    let level = routes.level(name).tighter(link.settings.privacy);
                    routes.unsaid(name) == Unsaid::OptIn
                        || !WHO_AND_WHAT.into_iter().all(|class| level.shows(class))
                })
                || self.ledger.anybody_is(|_, history| {
                    forbade(history, &recipient, &WHO_AND_WHAT)
                        || WHO_AND_WHAT
                            .into_iter()
                            .any(|class| !self.allows(Some(history), class, (room, room), None))
                }))
    }

    /// The same of what was said at a time that is not known: they may have said yes since.
    pub(super) fn hid_somebody(&self, room: &RoomKey, origin: &RoomKey) -> bool {
        if !self.asks_consent() || origin == room || stream::keeps(origin) {
            return false;
        }
        let (network, recipient) = (Person::from_parts(origin, ""), self.recipient(room));
        self.ever_asked(room, origin)
            || self.hides_any(&WHO_AND_WHAT, (origin, room))
            || self.ledger.anybody_is(|person, history| {
                person.as_str().starts_with(network.as_str()) && forbade(history, &recipient, &WHO_AND_WHAT)
            })
    }

    /// Whether somebody has ever kept one of these from a room.
    pub(super) fn ever_hid(
        &self,
        room: &RoomKey,
        origin: &RoomKey,
        id: &NativeId,
        classes: &[DataClass],
    ) -> bool {
        if !self.asks_consent() || origin == room || stream::keeps(origin) {
            return false;
        }
        let history = self.ledger.consent_of(&Person::from_parts(origin, id.as_str()));
        history.is_some_and(|history| forbade(&history, &self.recipient(room), classes))
    }

    /// Whether somebody has kept what they said there from a room afterwards: it was taken back, and does not come again in an answer.
    pub(super) fn was_taken_back(&self, room: &RoomKey, deed: Deed<'_>) -> bool {
        if !self.asks_consent() || deed.origin == room || !is_person(deed.origin, deed.author) {
            return false;
        }
        let recipient = self.recipient(room);
        let (purpose, class) = (Purpose::Bridging, DataClass::Content);
        let asked = Asked { purpose, class, recipient: &recipient, default: true };
        let history = self.ledger.consent_of(&Person::of(deed.origin, deed.author));
        history.is_some_and(|history| history.forbade_since(&asked, deed.said))
    }

    fn hides_any(&self, classes: &[DataClass], (origin, room): (&RoomKey, &RoomKey)) -> bool {
        let network = Person::from_parts(origin, "");
        let hides = |person: &Person, history: &History| {
            person.as_str().starts_with(network.as_str())
                && classes.iter().any(|class| !self.allows(Some(history), *class, (origin, room), None))
        };
        // Of who has said nothing.
        classes.iter().any(|class| !self.allows(None, *class, (origin, room), None))
            || self.ledger.anybody_is(hides)
    }

    /// Whether nobody may see what somebody did, as they want it now: it is not even written down.
    pub(super) fn is_for_nobody(&self, routes: &Routes, envelope: &Envelope) -> bool {
        let class = match &envelope.event {
            Event::Posted(_) | Event::Edited { .. } => DataClass::Content,
            Event::Reacted { added: true, .. } => DataClass::Reactions,
            Event::Member { .. } => DataClass::Presence,
            _ => return false,
        };
        let Some(author) = &envelope.author else { return false };
        if !(self.ledger.anybody_said() || self.ledger.anywhere_asked() || routes.asks_consent())
            || !is_person(&envelope.origin, author)
        {
            return false;
        }
        let history = self.ledger.consent_of(&Person::of(&envelope.origin, author));
        let targets = routes.targets(&envelope.origin);
        let may = |room: &RoomKey| self.allows(history.as_deref(), class, (&envelope.origin, room), None);
        !targets.is_empty() && !targets.iter().any(|(room, _)| may(room))
    }

    pub(super) fn shows(
        &self,
        room: &RoomKey,
        id: EnvelopeId,
        envelope: &Envelope,
        class: DataClass,
    ) -> bool {
        Deed::of(id, envelope).is_none_or(|deed| self.may_see(room, deed, class))
    }

    /// Whether a room may see a message, and the name that it bears there: one look at what its author has said answers both.
    pub(super) fn shows_message(&self, room: &RoomKey, id: EnvelopeId, envelope: &Envelope) -> bool {
        if !self.asks_consent() {
            return true;
        }
        let Some(deed) = Deed::of(id, envelope) else { return true };
        let history = self.ledger.consent_of(&Person::of(deed.origin, deed.author));
        let between = (deed.origin, room);
        let may = deed.origin == room
            || !is_person(deed.origin, deed.author)
            || self.allows(history.as_deref(), DataClass::Content, between, Some(deed.said));
        may && !history.is_some_and(|history| self.names_too_much(&history, deed, room))
    }

    /// Whether what a row brings is not to be seen in its room: somebody has said no, or has not said yes.
    pub(super) fn is_withheld(
        &self,
        room: &RoomKey,
        id: EnvelopeId,
        envelope: &Envelope,
        row: &OutboxRow,
    ) -> Result<bool, StoreError> {
        if !self.asks_consent() {
            return Ok(false);
        }
        if let Some(edit) = row.edit
            && let Some(edited) = self.ledger.envelope(edit)?
            && !self.shows(room, edit, &edited, DataClass::Content)
        {
            return Ok(true);
        }
        Ok(match &envelope.event {
            // What would bear a name that was allowed then and is not now is taken back, so it does not come first.
            Event::Posted(_) => !self.shows_message(room, id, envelope),
            Event::Reacted { added: true, .. } => !self.shows(room, id, envelope, DataClass::Reactions),
            // It names whoever comes or goes.
            Event::Member { .. } => [DataClass::Presence, DataClass::Identity]
                .into_iter()
                .any(|class| !self.shows(room, id, envelope, class)),
            // It takes out of the room what is not to be seen there any more.
            Event::Arrived { version, .. } if version.starts_with(MASKED) => false,
            Event::Edited { .. } | Event::Arrived { .. } | Event::PollEnded { .. } => {
                let of = match row.target {
                    Some(target) => self.ledger.envelope(target)?.map(|posted| (target, posted)),
                    None => None,
                };
                let of_target =
                    of.is_none_or(|(target, posted)| self.shows(room, target, &posted, DataClass::Content));
                !of_target || !self.shows(room, id, envelope, DataClass::Content)
            }
            // What is taken back always is.
            Event::Deleted { .. } | Event::Removed { .. } | Event::Reacted { added: false, .. } => false,
            // It names people, and nobody knows any more whom: one that waited while somebody said no goes nowhere.
            Event::Noticed { id, .. } if id.as_str().starts_with(DIGEST) => {
                self.ledger.anybody_is(|_, history| {
                    history.entries().iter().any(|entry| !entry.allows && entry.at > envelope.at)
                })
            }
            Event::Pinned { .. } | Event::Renamed { .. } | Event::Noticed { .. } => false,
        })
    }

    /// The word that somebody has said last; none where they have said nothing, or something in particular after it.
    pub fn stance_of(&self, person: &Person) -> Option<Stance> {
        self.ledger.consent_of(person)?.stance()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use relay_contract::{Message, MessageRef, Platform, Text};

    #[test]
    fn a_whole_second_ends_with_it_but_never_after_it_came() {
        let id = |at: u64| EnvelopeId(ulid::Ulid::from_parts(at, 0).to_bytes());
        let envelope = |at| Envelope {
            origin: RoomKey::new(Platform::new("p"), "n", "r"),
            author: None,
            at: Timestamp(at),
            event: Event::Posted(Message::new(MessageRef::plain("1"), Text::default())),
        };
        for (at, came, expected) in [
            (5_000, 9_000, 5_999),
            (5_000, 5_400, 5_400),
            (5_001, 9_000, 5_001),
            // The platform's clock is ahead.
            (5_000, 4_000, 5_000),
        ] {
            assert_eq!(said(id(came), &envelope(at)), Timestamp(expected), "{at} {came}");
        }
    }
}

//! The one question: may this of this person be seen in that room? It is asked at the fan-out and again before each attempt, of what they
//! have said until now and of what held when they did what it is about.

mod hidden;
mod seen;
mod taken_off;

use super::core::Core;
use super::digest::DIGEST;
use super::lane_steps::MASKED;
use super::withdraw;
use crate::audit::Grant;
use crate::consent::{Asked, DataClass, History, Level, Person, Purpose, Recipient, Stance, Unsaid};
use crate::routing::Routes;
use crate::store::{EnvelopeId, OutboxRow, Reactor, StoreError, stream};
use relay_contract::{Author, Envelope, Event, RoomKey, Standing, Timestamp};
use std::sync::Arc;
use std::time::Duration;

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
/// afterwards; never later than it came, for a choice bears the time of Relay's clock, and that of a platform may be ahead.
fn said(id: EnvelopeId, envelope: &Envelope) -> Timestamp {
    end_of(envelope.at).min(id.at())
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

/// Whether somebody has kept a class from whoever sees a room after something was done.
fn forbade_since(history: &History, recipient: &Recipient, class: DataClass, then: Timestamp) -> bool {
    let purpose = Purpose::Bridging;
    history.forbade_since(&Asked { purpose, class, recipient, default: true }, then)
}

impl Core {
    /// Whoever sees what is said in a room: those of its space.
    pub fn recipient(&self, room: &RoomKey) -> Arc<Recipient> {
        self.known.recipient(room)
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

    /// The clock, as consent goes by it: it never goes back behind what the ledger has seen, so that nothing that has ended begins anew; and
    /// what is chosen is later than all that was said before it.
    pub fn consent_clock(&self) -> Timestamp {
        let now = Timestamp::now();
        #[cfg(test)]
        let now = Timestamp(now.0 + self.ahead.load(std::sync::atomic::Ordering::Relaxed));
        self.ledger.latest(now.max(Timestamp(self.ledger.newest().at().0.saturating_add(1))))
    }

    /// By how much that clock is ahead of this machine's: one of them was wrong once. None where that is less than a minute, as it is where
    /// platforms' clocks differ.
    pub fn consent_clock_ahead(&self) -> Option<Duration> {
        const ODD: Duration = Duration::from_secs(60);
        let ahead = self.consent_clock().0.saturating_sub(Timestamp::now().0);
        u64::try_from(ahead).ok().map(Duration::from_millis).filter(|ahead| *ahead >= ODD)
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
        // What was forbidden after it was said was taken back. A reaction is by an event of its own, and may have been made again.
        if class != DataClass::Reactions && said.is_some_and(|then| history.forbade_since(&asked, then)) {
            return false;
        }
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

    /// Whether a room may see that somebody reacted, or that it was taken back for them: whoever has read no further than `read` when
    /// they reacted was never told of it.
    pub(super) fn shows_reaction(
        &self,
        room: &RoomKey,
        id: EnvelopeId,
        envelope: &Envelope,
        read: Option<EnvelopeId>,
    ) -> bool {
        let Event::Reacted { version, .. } = &envelope.event else { return true };
        let taken_back = withdraw::withdrawn(version);
        taken_back.is_some_and(|reacted| read.is_some_and(|read| reacted <= read))
            || self.shows(room, id, envelope, DataClass::Reactions)
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

    /// Whether somebody has kept what they did there from a room afterwards: it was taken back, and does not come again, whatever they have
    /// allowed since.
    fn was_taken_back(&self, room: &RoomKey, deed: Deed<'_>, class: DataClass) -> bool {
        if !self.asks_consent() || deed.origin == room || !is_person(deed.origin, deed.author) {
            return false;
        }
        let history = self.ledger.consent_of(&Person::of(deed.origin, deed.author));
        history.is_some_and(|history| forbade_since(&history, &self.recipient(room), class, deed.said))
    }

    /// Whether nobody may see what somebody did, as they want it now or wanted it then: it is not even written down.
    pub(super) fn is_for_nobody(&self, routes: &Routes, envelope: &Envelope) -> bool {
        let class = match &envelope.event {
            Event::Posted(_) | Event::Edited { .. } => DataClass::Content,
            Event::Reacted { added: true, .. } => DataClass::Reactions,
            Event::Member { .. } => DataClass::Presence,
            _ => return false,
        };
        self.is_class_for_nobody(routes, envelope, class)
    }

    /// The same of a class of what somebody did.
    fn is_class_for_nobody(&self, routes: &Routes, envelope: &Envelope, class: DataClass) -> bool {
        let Some(author) = &envelope.author else { return false };
        if !(self.ledger.anybody_said() || self.ledger.anywhere_asked() || routes.asks_consent())
            || !is_person(&envelope.origin, author)
        {
            return false;
        }
        let history = self.ledger.consent_of(&Person::of(&envelope.origin, author));
        let targets = routes.targets(&envelope.origin);
        // It comes now, whatever a clock that is ahead says.
        let said = end_of(envelope.at).min(self.consent_clock());
        let may =
            |room: &RoomKey| self.allows(history.as_deref(), class, (&envelope.origin, room), Some(said));
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
        // What bore a name that was not allowed for a while was taken back, too.
        let hid_name = |history: &History| {
            self.was_named(history, deed, room)
                && (!self.lets_be_named(history, deed, room)
                    || forbade_since(history, &self.recipient(room), DataClass::Identity, deed.said))
        };
        may && !history.is_some_and(|history| hid_name(&history))
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
            Event::Reacted { added: true, .. } => {
                let deed = Deed::of(id, envelope);
                !self.shows(room, id, envelope, DataClass::Reactions)
                    || deed.is_some_and(|deed| self.was_taken_back(room, deed, DataClass::Reactions))
            }
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
            (5_000, 4_000, 4_000),
            (5_001, 4_000, 4_000),
        ] {
            assert_eq!(said(id(came), &envelope(at)), Timestamp(expected), "{at} {came}");
        }
    }
}

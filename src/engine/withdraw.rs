//! What somebody takes back of what has crossed: deleted elsewhere, or shown anew without their name. Through the journal, like
//! everything that happens, and again after a crash: what was done already is known there.

mod beside;
mod given;
mod pace;
mod unread;
mod waits;

use super::consent::Deed;
use super::core::Core;
use super::digest::{Digests, is_digest};
use super::lane_steps::MASKED;
use crate::adapt::plain;
use crate::consent::{DataClass, Entry, History, Person, Purpose, Stance};
use crate::media::Belongings;
use crate::store::{EnvelopeId, StoreError};
use beside::{Words, is_about, names};
use given::Given;
use relay_contract::{Envelope, Event, Message, MessageKey, RoomKey, Timestamp};
use std::ops::ControlFlow;
use std::sync::{Arc, PoisonError};
use std::time::Duration;
pub use waits::NotDone;

/// So much of the journal is read at once, and between two pieces others have their turn; so much of what was given out is let go of at once.
const PIECE: usize = 2_000;
/// So many are taken back at once.
const AT_ONCE: usize = 20;
/// After so long it is tried again what could not be done.
const AGAIN: Duration = Duration::from_secs(30);
/// How the version of a reaction begins that is taken back for its author.
const WITHDRAWN: &str = "withdrawn ";

/// Whether a reaction is taken back because its author takes everything back.
pub fn is_of_withdrawal(version: &str) -> bool {
    version.starts_with(WITHDRAWN)
}

/// The reaction that is taken back so; none where an older Relay has not said which.
pub fn withdrawn(version: &str) -> Option<EnvelopeId> {
    let (_, reacted) = version.strip_prefix(WITHDRAWN)?.split_once(' ')?;
    EnvelopeId::parse(reacted)
}

/// What a choice leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chosen {
    /// It holds already: nothing was written.
    pub is_same: bool,
    /// What crossed before is being taken back.
    pub takes_back: bool,
}

/// What is to be done with an envelope.
enum Taken {
    Nothing,
    /// It is taken back already: what was given out of it goes, and their picture if this is one that no room may see.
    GivenOut(EnvelopeId, Box<Message>, Option<String>),
    /// An edit of theirs: what was given out of its message goes, but what rooms may see.
    Edit(Box<Message>, Box<Given>),
    /// Its message is deleted elsewhere.
    Delete(EnvelopeId, MessageKey, Box<Message>, Option<String>),
    /// Its reaction is taken away elsewhere.
    Unreact(EnvelopeId, Box<Envelope>),
    /// It is shown anew, as far as each room may see it: somebody else's message names them, or some rooms may not see theirs any more. Links
    /// to it end that show more.
    Mask(MessageKey, Box<Given>),
    /// The same, and the files of it that were given out go: no room may see them any more.
    MaskFiles(MessageKey, Box<Given>),
    /// A line that other rooms were told is looked at anew in each; it is named by one of its copies.
    Retell(MessageKey),
    /// The same, or a digest, or what nobody can read any more, goes in all of them.
    Untell(MessageKey),
}

impl Core {
    /// Writes down what somebody chooses, for all their accounts, and has taken back what crossed before where that is more than they allow now, if it is certain
    /// who they are. In force when this returns; the taking back goes on behind it.
    pub async fn choose(
        self: &Arc<Self>,
        person: Person,
        stance: Stance,
        how: &str,
        is_proven: bool,
    ) -> Result<Chosen, StoreError> {
        let all = self.ledger.accounts_of(&person);
        if all.iter().all(|of| self.stance_of(of) == Some(stance)) {
            return Ok(Chosen { is_same: true, takes_back: self.ledger.is_taking_back(&person)? });
        }
        let takes_back = stance != Stance::Full && is_proven;
        let entries: Vec<Entry> = stance.entries(how, self.consent_clock());
        let said = self.ledger.say_consent(person, entries, takes_back).await?;
        if takes_back {
            said.into_iter().for_each(|of| self.take_back_soon(of));
        }
        Ok(Chosen { is_same: false, takes_back })
    }

    /// What earlier runs have left of it goes on.
    pub(super) fn take_back_left(self: &Arc<Self>) {
        match self.ledger.taking_back() {
            Ok(all) => all.into_iter().for_each(|person| self.take_back_soon(person)),
            Err(error) => tracing::error!(%error, "it cannot be read who takes something back"),
        }
    }

    /// Has taken back what somebody may not be seen with any more, once at a time for each person.
    pub(super) fn take_back_soon(self: &Arc<Self>, person: Person) {
        if !self.taking_back.lock().unwrap_or_else(PoisonError::into_inner).insert(person.clone()) {
            // Whoever does it already looks again when it is done.
            return;
        }
        let core = self.clone();
        self.lane_tasks.spawn(async move {
            let draining = core.draining.clone();
            tokio::select! {
                biased;
                () = draining.cancelled() => {}
                () = core.take_back_all(&person) => {}
            }
            core.taking_back.lock().unwrap_or_else(PoisonError::into_inner).remove(&person);
            // They may have chosen again just then.
            if !core.draining.is_cancelled() && matches!(core.ledger.is_taking_back(&person), Ok(true)) {
                core.take_back_soon(person);
            }
        });
    }

    async fn take_back_all(self: &Arc<Self>, person: &Person) {
        loop {
            match self.take_back(person).await {
                // They may have chosen again meanwhile.
                Ok(count) => {
                    tracing::info!(count, "what somebody takes back is being deleted elsewhere");
                    if !matches!(self.ledger.is_taking_back(person), Ok(true)) {
                        return;
                    }
                }
                Err(StoreError::Closed) => return,
                Err(error) => {
                    tracing::error!(%error, "what somebody takes back could not be taken back; it is tried again");
                    tokio::time::sleep(AGAIN).await;
                }
            }
        }
    }

    /// The next few that are to be taken back, if a piece of the journal has any, and the last envelope that was looked at. Reads the disk.
    fn to_take_back(
        &self,
        person: &Person,
        from: EnvelopeId,
        until: EnvelopeId,
        digests: &mut Digests,
    ) -> Result<(Option<EnvelopeId>, Vec<Taken>), StoreError> {
        let (mut last, mut looked_at, mut all) = (None, 0, Vec::new());
        while looked_at < PIECE && all.len() < AT_ONCE {
            let (mut found, most) = (Vec::new(), AT_ONCE - all.len());
            let read =
                self.ledger.accepted_after(last.unwrap_or(from), PIECE - looked_at, |id, envelope| {
                    looked_at += 1;
                    if id > until {
                        return ControlFlow::Break(());
                    }
                    if is_about(person, &envelope) {
                        found.push((id, envelope));
                    }
                    if found.len() < most { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
                })?;
            // Whatever cannot be read is passed over, as by everybody.
            let Some(read) = read else { break };
            last = Some(read);
            for (id, envelope) in found {
                let taken = self.found(person, id, envelope, digests)?;
                all.extend((!matches!(taken, Taken::Nothing)).then_some(taken));
            }
            if read >= until {
                break;
            }
        }
        Ok((last, all))
    }

    /// What is to be done with an envelope that may be about somebody.
    fn found(
        &self,
        person: &Person,
        id: EnvelopeId,
        envelope: Envelope,
        digests: &mut Digests,
    ) -> Result<Taken, StoreError> {
        if is_digest(&envelope) {
            return self.taken_digest(digests, id, &envelope);
        }
        if matches!(envelope.event, Event::Member { .. }) {
            digests.add(id, envelope.clone());
        }
        self.taken(person, id, envelope)
    }

    /// What was given out and goes when somebody's choice is put into force.
    #[cfg(test)]
    pub(super) fn gone_of(&self, person: &Person) -> Belongings {
        let (mut gone, mut digests) = (Belongings::default(), Digests::default());
        let found = self.to_take_back(person, EnvelopeId::default(), self.ledger.newest(), &mut digests);
        found.unwrap().1.iter().for_each(|taken| taken.add_to(&mut gone));
        gone
    }

    /// Whether no room may see the files of a message.
    fn files_are_for_nobody(&self, rooms: &[RoomKey], id: EnvelopeId, envelope: &Envelope) -> bool {
        !rooms.iter().any(|room| self.shows(room, id, envelope, DataClass::Attachments))
    }

    fn taken(&self, person: &Person, id: EnvelopeId, envelope: Envelope) -> Result<Taken, StoreError> {
        let is_theirs =
            envelope.author.as_ref().is_some_and(|by| Person::of(&envelope.origin, by) == *person);
        if matches!(envelope.event, Event::Member { .. }) && is_theirs {
            return self.told_of(id, &envelope, None);
        }
        let Some(key) = envelope.subject() else { return Ok(Taken::Nothing) };
        match &envelope.event {
            Event::Posted(message) if is_theirs => {
                let mut rooms = self.rooms_with(id)?;
                rooms.retain(|room| *room != envelope.origin);
                let hidden = |room: &&RoomKey| {
                    !self.shows(room, id, &envelope, DataClass::Content)
                        || self.is_named_too_much(room, id, &envelope)
                };
                let count = rooms.iter().filter(hidden).count();
                let files = !message.attachments.is_empty()
                    && rooms.iter().any(|room| !self.shows(room, id, &envelope, DataClass::Attachments));
                let picture = envelope.author.as_ref().and_then(|by| by.avatar.clone());
                let picture = picture.filter(|_| !self.shows_picture(person, &envelope.origin));
                Ok(match count {
                    _ if self.ledger.is_taken_back(id)? => {
                        Taken::GivenOut(id, Box::new(message.clone()), picture)
                    }
                    0 if !files => Taken::Nothing,
                    // Gone everywhere, and for good.
                    all if all > 0 && all == rooms.len() => {
                        Taken::Delete(id, key, Box::new(message.clone()), picture)
                    }
                    // Each of these rooms finds out what it may still see.
                    _ if files && self.files_are_for_nobody(&rooms, id, &envelope) => {
                        Taken::MaskFiles(key.clone(), self.given_out(id, &key)?)
                    }
                    _ => Taken::Mask(key.clone(), self.given_out(id, &key)?),
                })
            }
            Event::Reacted { added: true, .. } if is_theirs => {
                let routes = self.routes.borrow().clone();
                let hidden = routes.targets(&envelope.origin).iter().any(|(room, _)| {
                    !self.shows(room, id, &envelope, DataClass::Reactions)
                        || self.is_named_too_much(room, id, &envelope)
                });
                Ok(if hidden { Taken::Unreact(id, Box::new(envelope)) } else { Taken::Nothing })
            }
            Event::Edited { to, .. } if is_theirs => Ok(match self.is_shown_to_some(id, &envelope) {
                true => Taken::Nothing,
                false => Taken::Edit(Box::new(to.clone()), self.given_out(id, &key)?),
            }),
            Event::Posted(message) | Event::Edited { to: message, .. } if !is_theirs => {
                let named = names(message, |id| Person::from_parts(&envelope.origin, id.as_str()) == *person);
                let words = self.words_in(person, &envelope.origin, message)?;
                if !named && words == Words::Unknown && self.has_words_out(id, &key)? {
                    return Ok(Taken::Nothing);
                }
                Ok(match self.passed_on(person, &envelope, message)? {
                    Some(true) => Taken::MaskFiles(key.clone(), self.given_out(id, &key)?),
                    Some(false) => Taken::Mask(key.clone(), self.given_out(id, &key)?),
                    None if named || words != Words::Others => {
                        Taken::Mask(key.clone(), self.given_out(id, &key)?)
                    }
                    None => Taken::Nothing,
                })
            }
            Event::PollEnded { .. } if self.is_by(person, &key)? => {
                let poll = self.lookup.find(&key)?.map(|found| found.envelope);
                self.told_of(id, &envelope, poll)
            }
            _ => Ok(Taken::Nothing),
        }
    }

    /// Whether any room may see what was said.
    fn is_shown_to_some(&self, id: EnvelopeId, envelope: &Envelope) -> bool {
        let routes = self.routes.borrow().clone();
        routes
            .targets(&envelope.origin)
            .iter()
            .any(|(room, _)| self.shows(room, id, envelope, DataClass::Content))
    }

    /// Whether somebody wrote a message.
    pub(super) fn is_by(&self, person: &Person, message: &MessageKey) -> Result<bool, StoreError> {
        Ok(self.wrote(person, message)?.unwrap_or(false))
    }

    /// Writes down what somebody allows or not in particular, and has taken back what crossed before and does not fit.
    pub async fn say_entry(
        self: &Arc<Self>,
        person: Person,
        entry: Entry,
        is_proven: bool,
    ) -> Result<Chosen, StoreError> {
        let says_so = |of| self.ledger.consent_of(of).is_some_and(|history| history.ends_with(&entry));
        if self.ledger.accounts_of(&person).iter().all(says_so) {
            return Ok(Chosen { is_same: true, takes_back: self.ledger.is_taking_back(&person)? });
        }
        let takes_back = !entry.allows && entry.purpose == Purpose::Bridging && is_proven;
        let said = self.ledger.say_consent(person, vec![entry], takes_back).await?;
        if takes_back {
            said.into_iter().for_each(|of| self.take_back_soon(of));
        }
        Ok(Chosen { is_same: false, takes_back })
    }

    /// Whether a message is in a room under a name that is not to be seen there any more.
    pub(super) fn is_named_too_much(&self, room: &RoomKey, id: EnvelopeId, envelope: &Envelope) -> bool {
        let Some(deed) = Deed::of(id, envelope) else { return false };
        let Some(history) = self.ledger.consent_of(&Person::of(deed.origin, deed.author)) else {
            return false;
        };
        self.names_too_much(&history, deed, room)
    }

    /// The same by what its author has said. What the admin sets holds from then on; what somebody says, for the past too.
    pub(super) fn names_too_much(&self, history: &History, deed: Deed<'_>, room: &RoomKey) -> bool {
        self.was_named(history, deed, room) && !self.lets_be_named(history, deed, room)
    }
}

impl Taken {
    /// What was given out of it.
    fn add_to(&self, gone: &mut Belongings) {
        match self {
            Self::Delete(id, _, message, picture) | Self::GivenOut(id, message, picture) => {
                gone.add_message(id.0, &plain::text(&message.body));
                picture.iter().for_each(|url| gone.add_picture(url));
            }
            Self::Edit(message, given) => {
                given.add_to(gone);
                gone.add_text(&plain::text(&message.body));
            }
            Self::Mask(_, given) => given.add_to(gone),
            Self::MaskFiles(_, given) => given.add_files_to(gone),
            Self::Nothing | Self::Unreact(..) | Self::Retell(_) | Self::Untell(_) => {}
        }
    }

    /// What is put into the journal; named by when the choice was made, so that doing it again changes nothing.
    fn into_envelope(self, number: i64, at: Timestamp) -> Option<Envelope> {
        let of = |key: MessageKey, event| Envelope { origin: key.room, author: None, at, event };
        Some(match self {
            Self::Nothing | Self::GivenOut(..) | Self::Edit(..) => return None,
            Self::Delete(_, key, ..) => {
                let event = Event::Deleted { target: key.id.clone() };
                of(key, event)
            }
            Self::Mask(key, _) | Self::MaskFiles(key, _) | Self::Retell(key) => {
                let event = Event::Arrived { target: key.id.clone(), version: format!("{MASKED}{number}") };
                of(key, event)
            }
            Self::Untell(key) => {
                let event = Event::Removed { target: key.id.clone() };
                of(key, event)
            }
            Self::Unreact(id, envelope) => {
                let Event::Reacted { target, emoji, .. } = envelope.event else { return None };
                let version = format!("{WITHDRAWN}{number} {id}");
                let event = Event::Reacted { target, emoji, added: false, version };
                Envelope { event, at, ..*envelope }
            }
        })
    }
}

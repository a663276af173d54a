//! What somebody takes back of what has crossed: deleted elsewhere, or shown anew without their name. Through the journal, like
//! everything that happens, and again after a crash: what was done already is known there.

use super::consent::Deed;
use super::core::Core;
use super::lane_steps::MASKED;
use crate::consent::{DataClass, Entry, History, Person, Stance};
use crate::store::{EnvelopeId, StoreError};
use relay_contract::text::Leaf;
use relay_contract::{Account, Envelope, Event, Mention, Message, MessageKey, NativeId, RoomKey, Timestamp};
use std::ops::ControlFlow;
use std::sync::Arc;

/// So much of the journal is read at once, and between two pieces others have their turn.
const PIECE: usize = 2_000;
/// How the version of a reaction begins that is taken back for its author.
const WITHDRAWN: &str = "withdrawn ";

/// Whether a reaction is taken back because its author takes everything back.
pub fn is_of_withdrawal(version: &str) -> bool {
    version.starts_with(WITHDRAWN)
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
    /// Its message is deleted elsewhere.
    Delete(MessageKey),
    /// Its reaction is taken away elsewhere.
    Unreact(Box<Envelope>),
    /// Somebody else's message names them: it is shown anew.
    Mask(MessageKey),
}

impl Core {
    /// Writes down what somebody chooses, and has taken back what crossed before where that is more than they allow now. In force when this
    /// returns; the taking back goes on behind it.
    pub async fn choose(
        self: &Arc<Self>,
        person: Person,
        stance: Stance,
        how: &str,
    ) -> Result<Chosen, StoreError> {
        let before = self.stance_of(&person);
        let unchanged = before == Some(stance);
        if unchanged {
            let takes_back = self.ledger.is_taking_back(&person)?;
            return Ok(Chosen { is_same: true, takes_back });
        }
        let takes_back = stance != Stance::Full && before != Some(Stance::None);
        let entries: Vec<Entry> = stance.entries(how, self.consent_clock());
        self.ledger.say_consent(person.clone(), entries, takes_back).await?;
        if takes_back {
            self.take_back_soon(person);
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

    fn take_back_soon(self: &Arc<Self>, person: Person) {
        let core = self.clone();
        self.lane_tasks.spawn(async move {
            // One after the other: each reads the whole journal.
            let Ok(_turn) = core.withdrawals.acquire().await else { return };
            let draining = core.draining.clone();
            tokio::select! {
                biased;
                () = draining.cancelled() => {}
                done = core.take_back(&person) => match done {
                    Ok(count) => tracing::info!(count, "what somebody takes back is being deleted elsewhere"),
                    Err(StoreError::Closed) => {}
                    Err(error) => tracing::error!(%error, "what somebody takes back could not be taken back; the next start does it"),
                },
            }
        });
    }

    /// Puts into the journal what takes back all that somebody may not be seen with any more; answers how much that is.
    async fn take_back(self: &Arc<Self>, person: &Person) -> Result<u64, StoreError> {
        self.mapped().await;
        let Some(history) = self.ledger.consent_of(person) else { return Ok(0) };
        let (mut from, mut count) = (EnvelopeId::default(), 0);
        // What comes later is asked about when it is fanned out.
        let until = self.ledger.newest();
        let at = Timestamp::now();
        while from < until {
            let (core, of, said) = (self.clone(), person.clone(), history.clone());
            let read = tokio::task::spawn_blocking(move || core.to_take_back(&of, &said, from, until));
            let (last, taken) = read.await.map_err(|_| StoreError::Engine("reading panicked".into()))??;
            let Some(last) = last else { break };
            from = last;
            let number = history.entries().len();
            let envelopes: Vec<Envelope> =
                taken.into_iter().filter_map(|taken| taken.into_envelope(number, at)).collect();
            count += envelopes.len() as u64;
            self.enter(envelopes).await?;
        }
        self.ledger.taken_back(person.clone()).await?;
        Ok(count)
    }

    /// Into the journal, by the accounts that reach their rooms.
    async fn enter(&self, envelopes: Vec<Envelope>) -> Result<(), StoreError> {
        let Some(first) = envelopes.first() else { return Ok(()) };
        let account = self.known.asked_for(&first.origin).into_iter().next().map(|(account, ..)| account);
        let account = account.unwrap_or_else(|| Account(String::new()));
        let queued = self.ledger.accept(account, envelopes).await?;
        queued.await.map_err(|_| StoreError::Closed)?.map(drop)
    }

    /// A piece of the journal: its last envelope, and what is to be done. Reads the disk.
    fn to_take_back(
        &self,
        person: &Person,
        history: &History,
        from: EnvelopeId,
        until: EnvelopeId,
    ) -> Result<(Option<EnvelopeId>, Vec<Taken>), StoreError> {
        let (mut last, mut found) = (None, Vec::new());
        self.ledger.accepted_after(from, PIECE, |id, envelope| {
            if id > until {
                return ControlFlow::Break(());
            }
            last = Some(id);
            if is_about(person, &envelope) {
                found.push((id, envelope));
            }
            ControlFlow::Continue(())
        })?;
        let mut taken = Vec::with_capacity(found.len());
        for (id, envelope) in found {
            taken.push(self.taken(person, history, id, envelope)?);
        }
        // Whatever else is there cannot be read: it is passed over, as by everybody.
        Ok((last, taken))
    }

    fn taken(
        &self,
        person: &Person,
        history: &History,
        id: EnvelopeId,
        envelope: Envelope,
    ) -> Result<Taken, StoreError> {
        let is_theirs =
            envelope.author.as_ref().is_some_and(|by| Person::of(&envelope.origin, by) == *person);
        let Some(key) = envelope.subject() else { return Ok(Taken::Nothing) };
        match &envelope.event {
            Event::Posted(_) if is_theirs => {
                let mut rooms = self.lookup.delivered_to(id)?;
                rooms.extend(self.ledger.pending(id)?);
                let named = |room: &RoomKey| self.is_seen_too_much(history, id, &envelope, room);
                Ok(match rooms.iter().any(named) && !self.ledger.is_taken_back(id)? {
                    true => Taken::Delete(key),
                    false => Taken::Nothing,
                })
            }
            Event::Reacted { added: true, .. } if is_theirs => Ok(Taken::Unreact(Box::new(envelope))),
            Event::Posted(_) | Event::Edited { .. } if !is_theirs => Ok(Taken::Mask(key)),
            _ => Ok(Taken::Nothing),
        }
    }

    /// Whether a room has seen more of a message than its author allows now.
    fn is_seen_too_much(
        &self,
        history: &History,
        id: EnvelopeId,
        envelope: &Envelope,
        room: &RoomKey,
    ) -> bool {
        let Some(deed) = Deed::of(id, envelope) else { return false };
        if *room == envelope.origin {
            return false;
        }
        let content = self.may_see(room, deed, DataClass::Content);
        // Named it was where it was allowed then and is not now.
        let named = self.was_named(history, deed, room) && !self.may_see(room, deed, DataClass::Identity);
        !content || named
    }
}

impl Taken {
    /// What is put into the journal; named by the number of the choice, so that doing it again changes nothing.
    fn into_envelope(self, number: usize, at: Timestamp) -> Option<Envelope> {
        let of = |key: MessageKey, event| Envelope { origin: key.room, author: None, at, event };
        Some(match self {
            Self::Nothing => return None,
            Self::Delete(key) => {
                let event = Event::Deleted { target: key.id.clone() };
                of(key, event)
            }
            Self::Mask(key) => {
                let event = Event::Arrived { target: key.id.clone(), version: format!("{MASKED}{number}") };
                of(key, event)
            }
            Self::Unreact(envelope) => {
                let Event::Reacted { target, emoji, .. } = envelope.event else { return None };
                let version = format!("{WITHDRAWN}{number}");
                let event = Event::Reacted { target, emoji, added: false, version };
                Envelope { event, at, ..*envelope }
            }
        })
    }
}

/// Whether an envelope is a person's, or names them.
fn is_about(person: &Person, envelope: &Envelope) -> bool {
    let is_them = |id: &NativeId| Person::from_parts(&envelope.origin, id.as_str()) == *person;
    if envelope.author.as_ref().is_some_and(|author| is_them(&author.id)) {
        return true;
    }
    match &envelope.event {
        Event::Posted(message) | Event::Edited { to: message, .. } => names(message, is_them),
        _ => false,
    }
}

fn names(message: &Message, is_them: impl Fn(&NativeId) -> bool) -> bool {
    let forwarded = message.forward.as_ref().and_then(|forward| forward.author_id.as_ref());
    forwarded.is_some_and(&is_them)
        || message.body.clone().into_runs().iter().any(
            |run| matches!(&run.leaf, Leaf::Mention(Mention::Person { id: Some(id), .. }) if is_them(id)),
        )
}

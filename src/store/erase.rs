//! Erasing a person: all that they said and did, what it is called anywhere, and whose name came first. Their last choice stays, or it could
//! not be kept; so do the keys of what they posted, or a platform's history would bring it back.
//!
//! **Crash cases.** Envelopes go last: as long as one is there, whoever begins anew finds with it what belongs to it. A piece is one batch.

use super::ledger::Ledger;
use super::records::{DeadLetter, EnvelopeId, IndexLine, Record, SetAside, StoredEnvelope};
use super::retention::{Forgotten, after};
use super::seals::is_among;
use super::shared::{Shared, bad_key, id_of};
use super::{StoreError, depth::DepthChange, keys};
use crate::consent::Person;
use relay_contract::{Event, RoomKey, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::sync::atomic::Ordering;

/// Entries that one piece looks at.
const PIECE: usize = 512;

/// What belongs to a message, by its envelope's id behind the first byte.
const BY_MESSAGE: [u8; 7] = [
    keys::work::CHANGED,
    keys::work::REACTION,
    keys::work::SHOWN,
    keys::work::WITHIN,
    keys::work::ANSWER,
    keys::work::LATE,
    keys::work::NOT_SHOWN,
];

/// What has become of somebody's wish to be forgotten.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erased {
    /// When they asked, in milliseconds since the epoch.
    pub asked: i64,
    /// When all was gone that could go; not yet where none.
    pub done: Option<i64>,
    /// Messages, reactions and other events that are gone.
    pub events: u64,
    /// What could not be undone, each with why.
    pub left: Vec<String>,
}

impl Record for Erased {
    const PLACE: &'static str = "erasures";
}

/// An erasure under way.
pub struct Erasure {
    person: Person,
    /// What was accepted from then on stays.
    until: Option<Timestamp>,
    /// Digests that told of them: they go with it.
    digests: Vec<EnvelopeId>,
    stage: usize,
    from: Vec<u8>,
    ids: HashSet<EnvelopeId>,
    /// So many are still waited for: they go the next time.
    pub waits: u64,
}

impl Ledger {
    /// Begins to erase a person, and the digests that told of them. Blocks, as its pieces do.
    pub fn begin_erasure(
        &self,
        person: Person,
        until: Option<Timestamp>,
        digests: Vec<EnvelopeId>,
    ) -> Erasure {
        Erasure { person, until, digests, stage: 0, from: Vec::new(), ids: HashSet::new(), waits: 0 }
    }

    /// The next piece; none when there is no more. What something waits for stays, and is counted.
    pub fn next_erased(&self, erasure: &mut Erasure) -> Result<Option<Forgotten>, StoreError> {
        let shared = &self.shared;
        let mut piece = Forgotten::default();
        let ended = match erasure.stage {
            0 => erasure.find(shared)?,
            1 => erasure.lines(shared, &mut piece)?,
            2 => erasure.letters(shared, &mut piece)?,
            3 => erasure.reactions(shared, &mut piece)?,
            4 => erasure.names(shared, &mut piece)?,
            5 => erasure.aside(shared, &mut piece)?,
            6 => erasure.of_messages(shared, &mut piece)?,
            7 => erasure.digests(&mut piece),
            8 => erasure.envelopes(shared, &mut piece)?,
            _ => return Ok(None),
        };
        if ended {
            erasure.stage += 1;
            erasure.from = Vec::new();
        }
        Ok(Some(piece))
    }

    /// What has become of somebody's wish to be forgotten; none where they never had it.
    pub fn erased(&self, person: &Person) -> Result<Option<Erased>, StoreError> {
        let bytes = self.shared.meta.get(keys::erasure(person.as_str()))?;
        bytes.map(|bytes| Erased::decode(&bytes)).transpose()
    }

    /// Who is still to be forgotten.
    pub fn to_erase(&self) -> Result<Vec<Person>, StoreError> {
        let mut all = Vec::new();
        for entry in self.shared.meta.prefix(keys::ERASURE_PREFIX) {
            let (key, value) = entry.into_inner()?;
            let person = key.get(keys::ERASURE_PREFIX.len()..).map(<[u8]>::to_vec);
            let person = person.and_then(|person| String::from_utf8(person).ok()).ok_or_else(bad_key)?;
            if Erased::decode(&value)?.done.is_none() {
                all.push(Person::from_stored(person));
            }
        }
        Ok(all)
    }
}

impl Erasure {
    fn is_theirs(&self, shared: &Shared, id: EnvelopeId, value: &[u8]) -> bool {
        match shared.seals.envelope(id, value) {
            Ok(Some(stored)) => {
                let envelope = stored.into_envelope();
                envelope.author.as_ref().is_some_and(|by| Person::of(&envelope.origin, by) == self.person)
            }
            // What a restored backup still has of them.
            Ok(None) => shared.seals.is_of(&self.person, value),
            Err(_) => false,
        }
    }

    /// The envelopes, but those that something waits for.
    fn find(&mut self, shared: &Shared) -> Result<bool, StoreError> {
        if self.from.is_empty() {
            for id in self.digests.clone() {
                self.erase_unless_awaited(shared, id)?;
            }
        }
        let numbers = shared.seals.numbers_of(Some(&self.person));
        for (looked_at, entry) in (1..).zip(shared.journal.range(self.from.clone()..)) {
            let (key, value) = entry.into_inner()?;
            let id = id_of(&key)?;
            let stays = self.until.is_some_and(|until| id.at() >= until);
            if !stays && is_among(&value, &numbers) && self.is_theirs(shared, id, &value) {
                self.erase_unless_awaited(shared, id)?;
            }
            if looked_at == PIECE {
                self.from = after(&key);
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn erase_unless_awaited(&mut self, shared: &Shared, id: EnvelopeId) -> Result<(), StoreError> {
        // Also for the change that is still to be made of it elsewhere: without its lines it would find nothing.
        let change = shared.work.get(keys::changed(id))?.map(|change| id_of(&change)).transpose()?;
        let mut waits = shared.work.contains_key(keys::to_fan_out(id))?;
        for id in change.into_iter().chain([id]) {
            waits |= shared.work.prefix(keys::pending_of(id)).next().is_some();
        }
        match waits {
            true => self.waits += 1,
            false => drop(self.ids.insert(id)),
        }
        Ok(())
    }

    fn lines(&mut self, shared: &Shared, piece: &mut Forgotten) -> Result<bool, StoreError> {
        for (looked_at, entry) in (1..).zip(shared.index.range(self.from.clone()..)) {
            let (key, value) = entry.into_inner()?;
            let number = <[u8; 8]>::try_from(&*key).map_err(|_| bad_key())?;
            let line = IndexLine::decode(&value)?;
            if self.ids.contains(&line.envelope) {
                let number = u64::from_be_bytes(number);
                // It may be the last no more when the piece is written: then an empty line stays.
                let is_last = number == shared.position.load(Ordering::Acquire);
                piece.erase_line(number, is_last, line);
            }
            if looked_at == PIECE {
                self.from = after(&key);
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn letters(&mut self, shared: &Shared, piece: &mut Forgotten) -> Result<bool, StoreError> {
        let begin = if self.from.is_empty() { vec![keys::work::DEAD] } else { self.from.clone() };
        for (looked_at, entry) in (1..).zip(shared.work.range(begin..vec![keys::work::DEAD + 1])) {
            let (key, value) = entry.into_inner()?;
            let letter = DeadLetter::decode(&value)?;
            let target = letter.row.target.is_some_and(|target| self.ids.contains(&target));
            if target || self.ids.contains(&id_of(&key)?) {
                let room = keys::parse_room(&key[1..]).ok_or_else(bad_key)?;
                let mut change = DepthChange::default();
                change.remove(&letter);
                piece.erase_letter(room, key.to_vec(), change);
            }
            if looked_at == PIECE {
                self.from = after(&key);
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// What they reacted with to what others said.
    fn reactions(&mut self, shared: &Shared, piece: &mut Forgotten) -> Result<bool, StoreError> {
        let begin = if self.from.is_empty() { vec![keys::work::REACTION] } else { self.from.clone() };
        for (looked_at, entry) in (1..).zip(shared.work.range(begin..vec![keys::work::REACTION + 1])) {
            let key = entry.key()?;
            let room: Option<RoomKey> = key.get(17..).and_then(keys::parse_room);
            // Its key tells whose it is, also where it cannot be read.
            let user = room.as_ref().and_then(|room| keys::reactor(&key, room));
            if room.zip(user).is_some_and(|(room, user)| Person::from_parts(&room, &user) == self.person) {
                piece.erase_work(key.to_vec());
            }
            if looked_at == PIECE {
                self.from = after(&key);
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The names that they were the first of.
    fn names(&mut self, shared: &Shared, piece: &mut Forgotten) -> Result<bool, StoreError> {
        let begin = if self.from.is_empty() { keys::NAME_PREFIX.to_vec() } else { self.from.clone() };
        for (looked_at, entry) in (1..).zip(shared.meta.range(begin..)) {
            let (key, value) = entry.into_inner()?;
            if !key.starts_with(keys::NAME_PREFIX) {
                return Ok(true);
            }
            if *value == *self.person.as_str().as_bytes() {
                piece.erase_name(key.to_vec());
            }
            if looked_at == PIECE {
                self.from = after(&key);
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Events that could not be read and that name them.
    fn aside(&mut self, shared: &Shared, piece: &mut Forgotten) -> Result<bool, StoreError> {
        let id = self.person.as_str().rsplit('/').next().unwrap_or_default();
        let begin = if self.from.is_empty() { vec![keys::work::ASIDE] } else { self.from.clone() };
        for (looked_at, entry) in (1..).zip(shared.work.range(begin..vec![keys::work::ASIDE + 1])) {
            let (key, value) = entry.into_inner()?;
            let event = shared.seals.unseal::<SetAside>(&value, &key);
            if event.is_ok_and(|event| event.is_none_or(|event| event.payload.contains(id))) {
                piece.erase_work(key.to_vec());
            }
            if looked_at == PIECE {
                self.from = after(&key);
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn of_messages(&mut self, shared: &Shared, piece: &mut Forgotten) -> Result<bool, StoreError> {
        let mut ids: Vec<EnvelopeId> =
            self.ids.iter().filter(|id| id.0.as_slice() > self.from.as_slice()).copied().collect();
        ids.sort_unstable();
        for id in ids.iter().take(PIECE) {
            for tag in BY_MESSAGE {
                let begin = [[tag].as_slice(), &id.0].concat();
                for entry in shared.work.prefix(begin) {
                    piece.erase_work(entry.key()?.to_vec());
                }
            }
            self.from = id.0.to_vec();
        }
        Ok(ids.len() <= PIECE)
    }

    /// Before the news that they told: by those they are found again.
    fn digests(&mut self, piece: &mut Forgotten) -> bool {
        let few = self.digests.len().min(PIECE);
        for id in self.digests.drain(..few) {
            if self.ids.remove(&id) {
                piece.erase_envelope(id, None);
            }
        }
        self.digests.is_empty()
    }

    /// Last: whoever begins anew finds with them what belongs to them.
    fn envelopes(&mut self, shared: &Shared, piece: &mut Forgotten) -> Result<bool, StoreError> {
        let ids: Vec<EnvelopeId> = self.ids.iter().take(PIECE).copied().collect();
        for id in ids {
            self.ids.remove(&id);
            // The key of a reaction has its author in it; of what they said, the key stays, so that it does not come back.
            let stored =
                shared.journal.get(id.0)?.map(|bytes| shared.seals.envelope(id, &bytes)).transpose()?;
            let seen = match stored.flatten().map(StoredEnvelope::into_envelope) {
                Some(envelope) if matches!(envelope.event, Event::Reacted { .. } | Event::Member { .. }) => {
                    Some(keys::event(&envelope.key()))
                }
                _ => None,
            };
            piece.erase_envelope(id, seen);
        }
        Ok(self.ids.is_empty())
    }
}

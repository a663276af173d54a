//! Forgetting: what is older than it is to be kept goes, in pieces, but nothing that something still waits for.
//!
//! Gone with a message are its envelope, its event key, its changes and reactions, its place in the index log, and what was given up
//! or set aside. Kept are conversations (where a thread is in each room) and whose name came first: few, and still in use when
//! what began them is long gone.
//!
//! What was forgotten is remembered as one instant. An event from before it may be a repetition of something forgotten, so it is
//! not accepted; a message from before it that has no envelope any more is unknown, whatever the mapping says.
//!
//! **Crash cases.** The instant is on disk with or before the first piece that needs it. A piece is one batch, and what it leaves behind
//! the next sweep finds again: each looks at everything that is old.

use super::depth::DepthChange;
use super::ledger::Ledger;
use super::records::{DeadLetter, EnvelopeId, IndexLine, OutboxRow, Record};
use super::shared::{HORIZON, Shared, bad_key, id_of};
use super::{StoreError, keys, stream};
use fjall::{Keyspace, OwnedWriteBatch as WriteBatch};
use relay_contract::{Envelope, Event, RoomKey, Timestamp};
use std::collections::BTreeSet;
use std::sync::atomic::Ordering;

/// Entries that one piece looks at: bounds memory, and how long the writer is kept from messages.
const PIECE: usize = 512;
/// Envelopes that something waits for are told apart up to so many; above, everything newer than the newest of them is kept too.
const TOLD_APART: usize = 100_000;
/// How far a platform's clock may be ahead of this one, in milliseconds.
const SKEW: i64 = 60 * 60 * 1000;
const DAY: i64 = 24 * 60 * 60 * 1000;

/// What belongs to a message, by its envelope's id behind the first byte.
const BY_MESSAGE: [u8; 6] = [
    keys::work::CHANGED,
    keys::work::REACTION,
    keys::work::SHOWN,
    keys::work::WITHIN,
    keys::work::ANSWER,
    keys::work::NOT_SHOWN,
];

/// A sweep under way.
pub struct Sweep {
    /// Until when everything may go, in milliseconds since the epoch.
    horizon: i64,
    /// The same as an id.
    before: EnvelopeId,
    /// Older ones that something waits for.
    kept: BTreeSet<EnvelopeId>,
    stage: usize,
    /// Where this stage goes on.
    from: Vec<u8>,
}

/// What a sweep takes away at once.
#[derive(Default)]
pub struct Forgotten {
    horizon: i64,
    journal: Vec<EnvelopeId>,
    seen: Vec<Vec<u8>>,
    work: Vec<Vec<u8>>,
    letters: Vec<(RoomKey, Vec<u8>, DepthChange)>,
    index: Vec<u64>,
    names: Vec<Vec<u8>>,
    /// The last line of the index log, of which nothing but its number stays: numbers go on from it.
    last_line: Option<(u64, RoomKey)>,
    /// The newest envelope among it: ids go on from it.
    newest: Option<EnvelopeId>,
    /// The lines of the index log among it, for the mapping.
    pub lines: Vec<IndexLine>,
}

impl Forgotten {
    /// How many messages and events it is.
    pub fn envelopes(&self) -> usize {
        self.journal.len()
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.journal.is_empty()
            && self.work.is_empty()
            && self.letters.is_empty()
            && self.index.is_empty()
            && self.names.is_empty()
            && self.last_line.is_none()
    }

    /// A line of the index log.
    pub(super) fn erase_line(&mut self, number: u64, is_last: bool, line: IndexLine) {
        match is_last {
            true => self.last_line = Some((number, line.room.clone())),
            false => self.index.push(number),
        }
        self.lines.push(line);
    }

    /// A dead letter.
    pub(super) fn erase_letter(&mut self, room: RoomKey, key: Vec<u8>, change: DepthChange) {
        self.letters.push((room, key, change));
    }

    /// Something of the work keyspace.
    pub(super) fn erase_work(&mut self, key: Vec<u8>) {
        self.work.push(key);
    }

    /// Whose a name was first.
    pub(super) fn erase_name(&mut self, key: Vec<u8>) {
        self.names.push(key);
    }

    /// An envelope, and its event key where that is to go.
    pub(super) fn erase_envelope(&mut self, id: EnvelopeId, seen: Option<Vec<u8>>) {
        self.journal.push(id);
        self.seen.extend(seen);
        self.newest = self.newest.max(Some(id));
    }

    /// Executed by the writer; answers how many dead letters each room has less.
    pub(super) fn write(
        self,
        shared: &Shared,
        batch: &mut WriteBatch,
    ) -> Result<Vec<(RoomKey, DepthChange)>, StoreError> {
        if let Some((number, room)) = self.last_line {
            batch.insert(&shared.index, number.to_be_bytes(), IndexLine::of_nothing(room).encode()?);
        }
        if self.horizon > horizon(shared) {
            batch.insert(&shared.meta, HORIZON, self.horizon.to_be_bytes());
            shared.horizon.store(self.horizon, Ordering::Release);
        }
        if let Some(newest) = self.newest.filter(|newest| stream::newest(shared) < Some(*newest)) {
            stream::goes_on_from(shared, newest, batch);
        }
        if !self.names.is_empty() {
            shared.name_holders.clear();
            shared.consent.pseudonyms().forget_known();
        }
        self.names.into_iter().for_each(|key| batch.remove(&shared.meta, key));
        shared.newest.forget(&self.journal);
        self.journal.into_iter().for_each(|id| batch.remove(&shared.journal, id.0));
        self.seen.into_iter().for_each(|key| batch.remove(&shared.seen, key));
        self.work.into_iter().for_each(|key| batch.remove(&shared.work, key));
        self.index.into_iter().for_each(|line| batch.remove(&shared.index, line.to_be_bytes()));
        let letters = self.letters.into_iter();
        Ok(letters
            .map(|(room, key, change)| {
                batch.remove(&shared.work, key);
                (room, change)
            })
            .collect())
    }
}

/// Until when everything was forgotten, in milliseconds since the epoch; 0 if nothing was ever, and where it was by a clock that was wrong.
fn horizon(shared: &Shared) -> i64 {
    let horizon = shared.horizon.load(Ordering::Acquire);
    if horizon > Timestamp::now().0 { 0 } else { horizon }
}

/// Whether an event may be one that was forgotten. What concerns an earlier message needs no such doubt: that is unknown then.
pub(super) fn is_too_old(shared: &Shared, envelope: &Envelope) -> bool {
    let horizon = horizon(shared);
    let of_itself = matches!(envelope.event, Event::Posted(_) | Event::Member { .. } | Event::Renamed { .. });
    // What is younger than a day is never forgotten, whatever some clock has said.
    let young = envelope.at.0 > Timestamp::now().0 - DAY;
    of_itself && !young && horizon > 0 && envelope.at.0 < horizon.saturating_add(SKEW)
}

impl Ledger {
    /// Begins to forget what was accepted before an instant, in milliseconds since the epoch: looks through all that waits. Blocks.
    pub fn begin_sweep(&self, horizon: i64) -> Result<Sweep, StoreError> {
        let shared = &self.shared;
        let before = first_at(horizon);
        let mut sweep = Sweep { horizon, before, kept: BTreeSet::new(), stage: 0, from: Vec::new() };
        for tag in [keys::work::TO_FAN_OUT, keys::work::DIGEST] {
            for entry in shared.work.prefix([tag]) {
                sweep.keep(shared, id_of(&entry.key()?)?)?;
            }
        }
        for (subject, _) in self.late_files()? {
            sweep.keep(shared, subject)?;
        }
        for entry in shared.work.prefix([keys::work::OUTBOX]) {
            let (key, value) = entry.into_inner()?;
            sweep.keep(shared, id_of(&key)?)?;
            sweep.keep_targets(shared, &OutboxRow::decode(&value)?)?;
        }
        for entry in shared.work.prefix([keys::work::DEAD]) {
            let (key, value) = entry.into_inner()?;
            let letter = DeadLetter::decode(&value)?;
            // What was given up later than that can be asked for again.
            if letter.at >= horizon {
                sweep.keep(shared, id_of(&key)?)?;
                sweep.keep_targets(shared, &letter.row)?;
            }
        }
        Ok(sweep)
    }

    /// The next piece of a sweep; none when it is done. Blocks.
    pub fn next_piece(&self, sweep: &mut Sweep) -> Result<Option<Forgotten>, StoreError> {
        let shared = &self.shared;
        let mut piece = Forgotten { horizon: sweep.horizon, ..Forgotten::default() };
        let work_stages = BY_MESSAGE.len();
        let ended = match sweep.stage {
            0 => sweep.old_envelopes(shared, &mut piece)?,
            1 => sweep.old_lines(shared, &mut piece)?,
            stage if stage < 2 + work_stages => {
                sweep.of_messages(&shared.work, BY_MESSAGE[stage - 2], &mut piece)?
            }
            stage if stage == 2 + work_stages => {
                sweep.of_messages(&shared.work, keys::work::ASIDE, &mut piece)?
            }
            stage if stage == 3 + work_stages => sweep.old_letters(shared, &mut piece)?,
            stage if stage == 4 + work_stages => sweep.old_entries(shared, &mut piece)?,
            _ => return Ok(None),
        };
        if ended {
            sweep.stage += 1;
            sweep.from = Vec::new();
        }
        Ok(Some(piece))
    }

    /// Gives the disk back what was forgotten: rewrites what is left. Takes as much room again meanwhile as the largest keyspace has;
    /// reads and writes go on. Blocks.
    pub fn compact(&self) -> Result<(), StoreError> {
        for keyspace in self.shared.keyspaces() {
            keyspace.rotate_memtable_and_wait()?;
            keyspace.major_compact()?;
        }
        Ok(())
    }

    /// How many envelopes there are, about.
    pub fn envelopes(&self) -> usize {
        self.shared.journal.approximate_len()
    }

    /// Until when everything was forgotten that nothing waited for, in milliseconds since the epoch; 0 if nothing was ever.
    pub fn horizon(&self) -> i64 {
        self.shared.horizon.load(Ordering::Acquire)
    }

    /// Whether a message is one that was forgotten.
    pub(super) fn is_forgotten(&self, id: EnvelopeId) -> Result<bool, StoreError> {
        Ok(id < first_at(self.horizon()) && !self.shared.journal.contains_key(id.0)?)
    }
}

impl Sweep {
    /// With the newest change of it, without which it would not be what it is now.
    fn keep(&mut self, shared: &Shared, id: EnvelopeId) -> Result<(), StoreError> {
        if id >= self.before || self.kept.contains(&id) {
            return Ok(());
        }
        self.kept.insert(id);
        if let Some(change) = shared.work.get(keys::changed(id))? {
            self.kept.insert(id_of(&change)?);
        }
        while self.kept.len() > TOLD_APART {
            if let Some(newest) = self.kept.pop_last() {
                self.before = newest.min(self.before);
            }
        }
        Ok(())
    }

    fn keep_targets(&mut self, shared: &Shared, row: &OutboxRow) -> Result<(), StoreError> {
        row.target.into_iter().chain(row.thread).try_for_each(|id| self.keep(shared, id))
    }

    fn goes(&self, id: EnvelopeId) -> bool {
        id < self.before && !self.kept.contains(&id)
    }

    fn old_envelopes(&mut self, shared: &Shared, piece: &mut Forgotten) -> Result<bool, StoreError> {
        // The newest of all stays: ids go on from it.
        let newest = shared.journal.last_key_value().map(|entry| entry.key()).transpose()?;
        let mut looked_at = 0;
        for entry in shared.journal.range(self.from.clone()..self.before.0.to_vec()) {
            let (key, value) = entry.into_inner()?;
            let id = id_of(&key)?;
            if self.goes(id) && newest.as_ref() != Some(&key) {
                // One that cannot be read goes all the same; its event key stays.
                if let Ok(Some(stored)) = shared.seals.envelope(id, &value) {
                    piece.seen.push(keys::event(&stored.into_envelope().key()));
                }
                piece.journal.push(id);
            }
            looked_at += 1;
            if looked_at == PIECE {
                self.from = after(&key);
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Lines are written in the order of time: behind the first that names a newer message are those that are newer themselves.
    fn old_lines(&mut self, shared: &Shared, piece: &mut Forgotten) -> Result<bool, StoreError> {
        // The last line stays: numbers go on from it.
        let last = shared.position.load(Ordering::Acquire);
        let mut looked_at = 0;
        for entry in shared.index.range(self.from.clone()..last.to_be_bytes().to_vec()) {
            let (key, value) = entry.into_inner()?;
            let number = <[u8; 8]>::try_from(&*key).map_err(|_| bad_key())?;
            let line = IndexLine::decode(&value)?;
            if line.envelope >= self.before {
                return Ok(true);
            }
            if self.goes(line.envelope) {
                piece.index.push(u64::from_be_bytes(number));
                piece.lines.push(line);
            }
            looked_at += 1;
            if looked_at == PIECE {
                self.from = after(&key);
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn of_messages(&mut self, work: &Keyspace, tag: u8, piece: &mut Forgotten) -> Result<bool, StoreError> {
        let begin = if self.from.is_empty() { vec![tag] } else { self.from.clone() };
        let end = [[tag].as_slice(), &self.before.0].concat();
        for (looked_at, entry) in (1..).zip(work.range(begin..end)) {
            let key = entry.key()?;
            let id = key.get(1..17).and_then(|id| id.try_into().ok()).map(EnvelopeId).ok_or_else(bad_key)?;
            if self.goes(id) {
                piece.work.push(key.to_vec());
            }
            if looked_at == PIECE {
                self.from = after(&key);
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// What is told of a message goes with it, or before it where something else waits for the message.
    fn old_entries(&mut self, shared: &Shared, piece: &mut Forgotten) -> Result<bool, StoreError> {
        let begin = if self.from.is_empty() { vec![keys::work::STREAM] } else { self.from.clone() };
        for (looked_at, entry) in (1..).zip(shared.work.range(begin..vec![keys::work::STREAM + 1])) {
            let key = entry.key()?;
            if id_of(&key)? < self.before {
                piece.work.push(key.to_vec());
            }
            if looked_at == PIECE {
                self.from = after(&key);
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn old_letters(&mut self, shared: &Shared, piece: &mut Forgotten) -> Result<bool, StoreError> {
        let begin = if self.from.is_empty() { vec![keys::work::DEAD] } else { self.from.clone() };
        for (looked_at, entry) in (1..).zip(shared.work.range(begin..vec![keys::work::DEAD + 1])) {
            let (key, value) = entry.into_inner()?;
            let letter = DeadLetter::decode(&value)?;
            if letter.at < self.horizon {
                let room = keys::parse_room(&key[1..]).ok_or_else(bad_key)?;
                let mut change = DepthChange::default();
                change.remove(&letter);
                piece.letters.push((room, key.to_vec(), change));
            }
            if looked_at == PIECE {
                self.from = after(&key);
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// The least id of an instant.
fn first_at(ms: i64) -> EnvelopeId {
    EnvelopeId(ulid::Ulid::from_parts(u64::try_from(ms).unwrap_or(0), 0).to_bytes())
}

/// The least key behind another.
pub(super) fn after(key: &[u8]) -> Vec<u8> {
    [key, &[0]].concat()
}

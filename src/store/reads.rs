//! What the ledger knows: its reads, each from the disk or from what is kept in memory beside it.

use super::StoreError;
use super::depth::Depth;
use super::ledger::{KnownRoomEntry, Ledger, LedgerPosition};
use super::records::{DeadLetter, EnvelopeId, IndexLine, KnownRoom, OutboxRow, Record, SetAside};
use super::shared::{IDENTITY, bad_key, id_of};
use super::{keys, moves};
use relay_contract::{Account, Envelope, Event, NativeId, RoomKey, Timestamp};
use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

impl Ledger {
    /// The number of the index log's last line.
    pub fn position(&self) -> LedgerPosition {
        self.shared.position.load(Ordering::Acquire)
    }

    /// Envelopes that are accepted and on disk and not fanned out, oldest first, at most `most`, from `from` on.
    pub fn to_fan_out(&self, from: EnvelopeId, most: usize) -> Result<Vec<EnvelopeId>, StoreError> {
        let from = from.max(self.shared.first.to_fan_out);
        let newest = *self.shared.synced.lock().unwrap_or_else(PoisonError::into_inner);
        if newest < from {
            return Ok(Vec::new());
        }
        let range = self.shared.work.range(keys::to_fan_out(from)..=keys::to_fan_out(newest));
        range.take(most).map(|entry| id_of(&entry.key()?)).collect()
    }

    /// The newest accepted envelope that is on disk.
    pub fn newest(&self) -> EnvelopeId {
        *self.shared.synced.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The newest envelope of earlier runs.
    pub fn newest_at_start(&self) -> EnvelopeId {
        self.shared.newest_at_start
    }

    /// Whether something was told before: a platform tells it again with a pin, and a history that is read does.
    pub fn was_told(&self, envelope: &Envelope) -> Result<bool, StoreError> {
        Ok(self.shared.seen.contains_key(keys::event(&envelope.key()))?)
    }

    /// When an earlier run wrote last.
    pub fn last_alive(&self) -> Timestamp {
        self.shared.last_alive
    }

    /// How many envelopes are accepted and not fanned out.
    pub fn waiting_for_fan_out(&self) -> u64 {
        self.shared.waiting.load(Ordering::Acquire)
    }

    /// How often changes were synced since the ledger was opened; those of fjall's own tables are not counted.
    pub fn syncs(&self) -> u64 {
        self.shared.syncs.load(Ordering::Relaxed)
    }

    /// An accepted envelope.
    pub fn envelope(&self, id: EnvelopeId) -> Result<Option<Arc<Envelope>>, StoreError> {
        if let Some(envelope) = self.shared.newest.get(id) {
            return Ok(Some(envelope));
        }
        let Some(bytes) = self.shared.journal.get(id.0)? else {
            return Ok(None);
        };
        // Whoever is forgotten has no key any more.
        Ok(self.shared.seals.envelope(id, &bytes)?.map(|stored| Arc::new(stored.into_envelope())))
    }

    /// The newest edit or delete of a message.
    pub fn newest_change(&self, target: EnvelopeId) -> Result<Option<Arc<Envelope>>, StoreError> {
        match self.newest_change_id(target)? {
            Some(id) => self.envelope(id),
            None => Ok(None),
        }
    }

    /// Whether a message was deleted, or removed everywhere.
    pub fn is_taken_back(&self, target: EnvelopeId) -> Result<bool, StoreError> {
        let change = self.newest_change(target)?;
        Ok(change.is_some_and(|change| matches!(change.event, Event::Deleted { .. } | Event::Removed { .. })))
    }

    /// The id of the newest edit or delete of a message.
    pub fn newest_change_id(&self, target: EnvelopeId) -> Result<Option<EnvelopeId>, StoreError> {
        if self.shared.newest.is_untouched(target) {
            return Ok(None);
        }
        self.shared.work.get(keys::changed(target))?.map(|id| id_of(&id)).transpose()
    }

    /// The oldest row of a room that is not older than `from`.
    pub fn head(
        &self,
        room: &RoomKey,
        from: EnvelopeId,
    ) -> Result<Option<(EnvelopeId, OutboxRow)>, StoreError> {
        Ok(self.rows(room, from, 1)?.pop())
    }

    /// Rooms in which a delivery of this envelope is still to be done.
    pub fn pending(&self, id: EnvelopeId) -> Result<Vec<RoomKey>, StoreError> {
        let prefix = keys::pending_of(id);
        let rooms = self.shared.work.prefix(&prefix);
        rooms.map(|entry| keys::parse_room(&entry.key()?[prefix.len()..]).ok_or_else(bad_key)).collect()
    }

    /// Whether the delivery of an envelope to a room was given up.
    pub fn is_dead(&self, room: &RoomKey, id: EnvelopeId) -> Result<bool, StoreError> {
        Ok(self.shared.work.contains_key(keys::dead(room, id))?)
    }

    /// The delivery of an envelope to a room that was given up.
    pub fn dead_letter(&self, room: &RoomKey, id: EnvelopeId) -> Result<Option<DeadLetter>, StoreError> {
        let bytes = self.shared.work.get(keys::dead(room, id))?;
        bytes.map(|bytes| DeadLetter::decode(&bytes)?.uncovered(&self.shared.seals)).transpose()
    }

    /// The delivery of an envelope to a room that is still to be done.
    pub fn row(&self, room: &RoomKey, id: EnvelopeId) -> Result<Option<OutboxRow>, StoreError> {
        let bytes = self.shared.work.get(keys::outbox(room, id))?;
        bytes.map(|bytes| OutboxRow::decode(&bytes)?.uncovered(&self.shared.seals)).transpose()
    }

    /// Dead letters but those that a purge has taken back, oldest first a room, at most `most`.
    pub fn dead_letters(&self, most: usize) -> Result<Vec<(RoomKey, EnvelopeId, DeadLetter)>, StoreError> {
        let entries = self.shared.work.prefix([keys::work::DEAD]);
        let letters = entries.map(|entry| {
            let (key, value) = entry.into_inner()?;
            let room = keys::parse_room(&key[1..]).ok_or_else(bad_key)?;
            Ok((room, id_of(&key)?, DeadLetter::decode(&value)?.uncovered(&self.shared.seals)?))
        });
        let troubles =
            letters.filter(|found| found.as_ref().map_or(true, |(.., letter)| !letter.is_purged()));
        troubles.take(most).collect()
    }

    /// Events that were set aside, oldest first, at most `most`.
    pub fn aside(&self, most: usize) -> Result<Vec<SetAside>, StoreError> {
        let entries = self.shared.work.prefix([keys::work::ASIDE]);
        let read = |entry: fjall::Guard| {
            let (key, value) = entry.into_inner()?;
            self.shared.seals.unseal::<SetAside>(&value, &key)
        };
        entries.take(most).filter_map(|entry| read(entry).transpose()).collect()
    }

    /// Lines of the index log after a position, in order, at most `most`.
    pub fn index_after(
        &self,
        position: LedgerPosition,
        most: usize,
    ) -> Result<Vec<(LedgerPosition, IndexLine)>, StoreError> {
        // Whatever is seen here is written, and need not be synced: after a power cut the mapping is made anew. And it is seen no
        // later than what else its batch did, for it was put into the batch first: who sees a row gone, sees its receipts.
        let lines = self.shared.index.range(position.saturating_add(1).to_be_bytes()..);
        lines
            .take(most)
            .map(|entry| {
                let (key, value) = entry.into_inner()?;
                let number = <[u8; 8]>::try_from(&*key).map_err(|_| bad_key())?;
                Ok((u64::from_be_bytes(number), IndexLine::decode(&value)?))
            })
            .collect()
    }

    /// Those of the newest lines after a position that are wanted, at most so many, where all after it are kept in memory. Lines beyond
    /// [`Self::position`] are not written yet.
    pub(super) fn newest_lines(
        &self,
        position: LedgerPosition,
        most: usize,
        wanted: impl Fn(&IndexLine) -> bool,
    ) -> Option<Vec<(LedgerPosition, Arc<IndexLine>)>> {
        self.shared.lines.behind(position, most, wanted)
    }

    /// The newest cursor of an account.
    pub fn cursor(&self, account: &Account) -> Result<Option<String>, StoreError> {
        let bytes = self.shared.meta.get(keys::cursor(account))?;
        Ok(bytes.and_then(|bytes| String::from_utf8(bytes.to_vec()).ok()))
    }

    /// What a room turned out to be when it was last asked about.
    pub fn known_room(&self, account: &Account, asked: &NativeId) -> Result<Option<KnownRoom>, StoreError> {
        let bytes = self.shared.meta.get(keys::known_room(account, asked))?;
        bytes.map(|bytes| KnownRoom::decode(&bytes)).transpose()
    }

    /// All rooms that were ever found.
    pub fn known_rooms(&self) -> Result<Vec<KnownRoomEntry>, StoreError> {
        let entries = self.shared.meta.prefix(keys::ROOM_PREFIX);
        entries
            .map(|entry| {
                let (key, value) = entry.into_inner()?;
                let (account, asked) = keys::parse_known_room(&key).ok_or_else(bad_key)?;
                Ok(KnownRoomEntry { account, asked, room: KnownRoom::decode(&value)? })
            })
            .collect()
    }

    /// All rooms that an account has seen.
    pub fn seen_rooms(&self, account: &Account) -> Result<Vec<KnownRoom>, StoreError> {
        let entries = self.shared.meta.prefix(keys::seen_by(account));
        entries.map(|entry| KnownRoom::decode(&entry.value()?)).collect()
    }

    /// Where a room has gone, if it has moved.
    pub fn moved(&self, from: &RoomKey) -> Result<Option<RoomKey>, StoreError> {
        moves::destination(&self.shared, from)
    }

    /// All rooms that have moved, and where each has gone.
    pub fn moves(&self) -> Result<Vec<(RoomKey, RoomKey)>, StoreError> {
        moves::all(&self.shared)
    }

    /// A number that tells this ledger from any other, made with it.
    pub fn identity(&self) -> Result<Vec<u8>, StoreError> {
        Ok(self.shared.meta.get(IDENTITY)?.map(|bytes| bytes.to_vec()).unwrap_or_default())
    }

    /// How much waits for a room.
    pub fn depth(&self, room: &RoomKey) -> Depth {
        let depths = self.shared.depth.lock().unwrap_or_else(PoisonError::into_inner);
        depths.get(room).copied().unwrap_or_default()
    }

    /// How much waits for each room.
    pub fn depths(&self) -> HashMap<RoomKey, Depth> {
        self.shared.depth.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

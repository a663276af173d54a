//! What is held, as a person looks at it.

use super::Sender;
use crate::store::ledger::Ledger;
use crate::store::records::{EnvelopeId, StoredEnvelope};
use crate::store::shared::{bad_key, id_of};
use crate::store::{StoreError, keys};
use relay_contract::{Envelope, Event, MessageKey, NativeId, RoomKey, Timestamp};
use std::collections::BTreeMap;

/// One thing that is held.
#[derive(Debug, Clone, PartialEq)]
pub struct HeldEntry {
    /// The id it is held under: it has another one in the journal later.
    pub id: EnvelopeId,
    /// What it is.
    pub envelope: Envelope,
}

/// Whether something is a message that somebody said from a time on.
pub(super) fn is_of(envelope: &Envelope, author: &NativeId, since: Timestamp) -> bool {
    let by = envelope.author.as_ref().map(|author| &author.id);
    matches!(envelope.event, Event::Posted(_)) && by == Some(author) && envelope.at >= since
}

impl Ledger {
    /// A message that is held, by what it is called where it was said.
    pub fn held_message(&self, message: &MessageKey) -> Result<Option<HeldEntry>, StoreError> {
        match self.shared.work.get(keys::held_post(message))? {
            Some(key) => self.held_at(&key),
            None => Ok(None),
        }
    }

    /// The same by the id it is held under. Looks through all that is held.
    pub fn held_under(&self, id: EnvelopeId) -> Result<Option<HeldEntry>, StoreError> {
        for entry in self.shared.work.prefix([keys::work::HELD]) {
            let key = entry.key()?;
            if id_of(&key)? == id {
                return self.held_at(&key);
            }
        }
        Ok(None)
    }

    /// What is held of a sender, oldest first, at most `most`. What cannot be read is left out.
    pub fn held_of(&self, (room, author): &Sender, most: usize) -> Result<Vec<HeldEntry>, StoreError> {
        let (begin, end) = (EnvelopeId::default(), EnvelopeId([0xFF; 16]));
        let range = keys::held(room, author, begin)..=keys::held(room, author, end);
        let mut entries = Vec::new();
        for entry in self.shared.work.range(range).take(most) {
            let (key, value) = entry.into_inner()?;
            let id = id_of(&key)?;
            entries.extend(
                self.shared
                    .seals
                    .unseal::<StoredEnvelope>(&value, &key)
                    .ok()
                    .flatten()
                    .map(|stored| HeldEntry { id, envelope: stored.into_envelope() }),
            );
        }
        Ok(entries)
    }

    /// Under which id the oldest of a sender is held: that tells since when.
    pub fn held_since(&self, (room, author): &Sender) -> Result<Option<EnvelopeId>, StoreError> {
        let (begin, end) = (EnvelopeId::default(), EnvelopeId([0xFF; 16]));
        let mut range =
            self.shared.work.range(keys::held(room, author, begin)..=keys::held(room, author, end));
        range.next().map(|entry| id_of(&entry.key()?)).transpose()
    }

    /// What was said in a room from a time on and is held: of whom how much, and what they were called last.
    pub fn held_said(
        &self,
        room: &RoomKey,
        since: Timestamp,
    ) -> Result<BTreeMap<NativeId, (u64, String)>, StoreError> {
        let (begin, end) = keys::held_in(room);
        let mut said: BTreeMap<NativeId, (u64, String)> = BTreeMap::new();
        for entry in self.shared.work.range(begin..=end) {
            let (key, value) = entry.into_inner()?;
            let Ok(Some(stored)) = self.shared.seals.unseal::<StoredEnvelope>(&value, &key) else { continue };
            let envelope = stored.into_envelope();
            if let (Event::Posted(_), Some(author), true) =
                (envelope.event, envelope.author, envelope.at >= since)
            {
                let of_author = said.entry(author.id).or_default();
                *of_author = (of_author.0 + 1, author.name);
            }
        }
        Ok(said)
    }

    fn held_at(&self, key: &[u8]) -> Result<Option<HeldEntry>, StoreError> {
        keys::parse_held(key).ok_or_else(bad_key)?;
        let Some(bytes) = self.shared.work.get(key)? else { return Ok(None) };
        let id = id_of(key)?;
        let stored = self.shared.seals.unseal::<StoredEnvelope>(&bytes, key)?;
        Ok(stored.map(|stored| HeldEntry { id, envelope: stored.into_envelope() }))
    }
}

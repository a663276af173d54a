//! The journal backwards: what was said since a time.

use super::ledger::Ledger;
use super::records::EnvelopeId;
use super::seals::is_among;
use super::shared::id_of;
use super::{StoreError, keys};
use crate::consent::Person;
use relay_contract::{Envelope, Timestamp};
use std::ops::{Bound, ControlFlow};
use ulid::Ulid;

impl Ledger {
    /// Shows what was accepted since a time, newest first, until whoever looks has seen enough. Blocks: it reads the disk. Records that
    /// cannot be read are passed over.
    pub fn newest_first(
        &self,
        since: Timestamp,
        look: impl FnMut(EnvelopeId, Envelope) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let from = Ulid::from_parts(u64::try_from(since.0).unwrap_or_default(), 0).to_bytes();
        self.shown(self.shared.journal.range(from..).rev(), look).map(drop)
    }

    /// Shows what was accepted after an envelope, oldest first, at most so much, until whoever looks has seen enough; answers the
    /// last that was looked at. Reads the disk. Records that cannot be read are passed over.
    pub fn accepted_after(
        &self,
        id: EnvelopeId,
        most: usize,
        look: impl FnMut(EnvelopeId, Envelope) -> ControlFlow<()>,
    ) -> Result<Option<EnvelopeId>, StoreError> {
        let after = (Bound::Excluded(id.0), Bound::Unbounded);
        self.shown(self.shared.journal.range::<[u8; 16], _>(after).take(most), look)
    }

    /// Shows what a person may have said after an envelope, oldest first: of others only what is sealed under no name. Looks at so much at most, and
    /// answers the last that it has looked at. Reads the disk, and what is others' without unsealing it.
    pub fn accepted_by(
        &self,
        person: Option<&Person>,
        id: EnvelopeId,
        most: usize,
        mut look: impl FnMut(EnvelopeId, Envelope),
    ) -> Result<Option<EnvelopeId>, StoreError> {
        let numbers = self.shared.seals.numbers_of(person);
        let after = (Bound::Excluded(id.0), Bound::Unbounded);
        let mut last = None;
        for entry in self.shared.journal.range::<[u8; 16], _>(after).take(most) {
            let (key, value) = entry.into_inner()?;
            let id = id_of(&key)?;
            last = Some(id);
            if is_among(&value, &numbers)
                && let Ok(Some(stored)) = self.shared.seals.envelope(id, &value)
            {
                look(id, stored.into_envelope());
            }
        }
        Ok(last)
    }

    /// Shows what cannot be read any more of what was accepted after an envelope, oldest first, but what was others' who are forgotten: whether it was
    /// this person's, whose key is destroyed, or anybody's, for its key is missing. Looks at so much at most, until whoever looks has seen enough, and
    /// answers the last that it has looked at. Reads the disk.
    pub fn unread_after(
        &self,
        person: &Person,
        id: EnvelopeId,
        most: usize,
        mut look: impl FnMut(EnvelopeId, bool) -> ControlFlow<()>,
    ) -> Result<Option<EnvelopeId>, StoreError> {
        let seals = &self.shared.seals;
        let after = (Bound::Excluded(id.0), Bound::Unbounded);
        let mut last = None;
        for entry in self.shared.journal.range::<[u8; 16], _>(after).take(most) {
            let (key, value) = entry.into_inner()?;
            let id = id_of(&key)?;
            last = Some(id);
            let is_theirs = seals.was_of(person, &value);
            if (is_theirs || seals.misses(&value)) && look(id, is_theirs).is_break() {
                break;
            }
        }
        Ok(last)
    }

    /// Whether a key of this person's is destroyed: they were forgotten once.
    pub fn has_destroyed(&self, person: &Person) -> bool {
        self.shared.seals.has_destroyed(person)
    }

    /// Everybody whose words are sealed with a key of their own.
    pub fn people_with_keys(&self) -> Vec<Person> {
        self.shared.seals.people()
    }

    /// The same of what was accepted before it, newest first.
    pub fn accepted_before(
        &self,
        id: EnvelopeId,
        most: usize,
        look: impl FnMut(EnvelopeId, Envelope) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        self.shown(self.shared.journal.range(..id.0).rev().take(most), look).map(drop)
    }

    /// Whether an accepted envelope has become rows.
    pub fn is_fanned_out(&self, id: EnvelopeId) -> Result<bool, StoreError> {
        Ok(!self.shared.work.contains_key(keys::to_fan_out(id))?)
    }

    fn shown(
        &self,
        entries: impl Iterator<Item = fjall::Guard>,
        mut look: impl FnMut(EnvelopeId, Envelope) -> ControlFlow<()>,
    ) -> Result<Option<EnvelopeId>, StoreError> {
        let mut last = None;
        for entry in entries {
            let (key, value) = entry.into_inner()?;
            let id = id_of(&key)?;
            last = Some(id);
            let Ok(Some(stored)) = self.shared.seals.envelope(id, &value) else { continue };
            if look(id, stored.into_envelope()).is_break() {
                break;
            }
        }
        Ok(last)
    }
}

//! What the ledger knows of the file of keys, so that one which is damaged or older is not taken for what a crash has left.

use super::KeyNumber;
use crate::store::{StoreError, format};
use fjall::Keyspace;

/// What a file of keys must have.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::store) struct Expected {
    /// There are records that need the keys, and the common one at least.
    pub(in crate::store) needed: bool,
    /// The key that was made last.
    pub(in crate::store) newest: Option<KeyNumber>,
    /// How often the file was changed at least, as far as that was on disk.
    pub(in crate::store) changes: u64,
}

impl Expected {
    /// As a ledger has it.
    pub(in crate::store) fn read(meta: &Keyspace) -> Result<Self, StoreError> {
        let changes = meta.get(format::KEY_CHANGES)?.and_then(|bytes| <[u8; 8]>::try_from(&*bytes).ok());
        Ok(Self {
            needed: meta.contains_key(format::SEALED_KEY)?,
            newest: meta.get(format::NEWEST_KEY)?.and_then(|bytes| KeyNumber::read(&bytes)),
            changes: changes.map_or(0, u64::from_be_bytes),
        })
    }

    /// Keys that can open something, whichever.
    pub(in crate::store) fn any() -> Self {
        Self { needed: true, ..Self::default() }
    }
}

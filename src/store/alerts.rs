//! What was told to the admins and what is still to be: one record in meta, whose inside is its owner's. It names rooms, so it is sealed.

use super::ledger::Ledger;
use super::records::Record;
use super::writer::Command;
use super::{StoreError, keys};
use serde::{Deserialize, Serialize};

/// As it is stored.
#[derive(Debug, Serialize, Deserialize)]
struct Alerts {
    /// As its owner writes it.
    book: String,
}

impl Record for Alerts {
    const PLACE: &'static str = "alerts";
}

impl Ledger {
    /// What was written last; none at first, and where its key is gone.
    pub fn alerts(&self) -> Result<Option<String>, StoreError> {
        let Some(bytes) = self.shared.meta.get(keys::ALERTS)? else { return Ok(None) };
        Ok(self.shared.seals.unseal::<Alerts>(&bytes, keys::ALERTS)?.map(|alerts| alerts.book))
    }

    /// Writes it. Resolves when it is on disk.
    pub async fn keep_alerts(&self, book: String) -> Result<(), StoreError> {
        let value = self.shared.seals.seal(&Alerts { book }, None, keys::ALERTS)?;
        let key = keys::ALERTS.to_vec();
        self.ask(|done| Command::Remember { key, value, done }).await
    }
}

//! What sealing costs beside writing in clear, for the benchmark of the engine.

use super::subject;
use crate::store::StoreError;
use crate::store::ledger::Ledger;
use crate::store::records::{EnvelopeId, Record, StoredEnvelope};
use relay_contract::{Account, Envelope};

impl Ledger {
    /// Makes the journal's record of an envelope, sealed or in clear, and keeps it nowhere; answers how long it is.
    #[doc(hidden)]
    pub fn weigh(&self, id: EnvelopeId, envelope: Envelope, sealed: bool) -> Result<usize, StoreError> {
        let of = subject(&envelope);
        let stored = StoredEnvelope::new(Account("weighed".into()), envelope);
        let bytes = match sealed {
            true => self.shared.seals.seal(&stored, of.as_ref(), &id.0)?,
            false => stored.encode()?,
        };
        Ok(bytes.len())
    }
}

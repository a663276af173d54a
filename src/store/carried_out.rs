//! Which commands were carried out lately: a platform's history, and a connection that is made anew, bring them again. One record in
//! meta, all of it kept in memory too. Of a command it has a hash; who gave it, and where, is not to be told from that.

use super::ledger::Ledger;
use super::records::Record;
use super::seals::Seals;
use super::shared::Shared;
use super::writer::Command;
use super::{StoreError, keys};
use fjall::{Keyspace, OwnedWriteBatch as WriteBatch};
use relay_contract::Timestamp;
use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

/// So many are remembered.
const MOST: usize = 256;
/// And none for longer, in milliseconds: a platform's clock may be wrong by years.
const LONGEST: i64 = 24 * 60 * 60 * 1000;

/// Those that are remembered.
#[derive(Debug, Default)]
pub(super) struct CarriedOut(Mutex<Lately>);

/// As it is stored, oldest first.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Lately {
    commands: VecDeque<One>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct One {
    hash: u64,
    /// In milliseconds since the epoch.
    until: i64,
}

impl Record for Lately {
    const PLACE: &'static str = "commands";
}

impl CarriedOut {
    /// Reads them; none where the key is another one.
    pub(super) fn read(meta: &Keyspace, seals: &Seals) -> Result<Self, StoreError> {
        let stored = meta.get(keys::CARRIED_OUT)?;
        let lately = match stored.map(|bytes| seals.unseal::<Lately>(&bytes, keys::CARRIED_OUT)) {
            Some(Ok(Some(lately))) => lately,
            Some(Err(error)) => {
                tracing::error!(%error, "it is not known which commands were carried out lately");
                Lately::default()
            }
            None | Some(Ok(None)) => Lately::default(),
        };
        Ok(Self(Mutex::new(lately)))
    }

    /// Writes down which they are now.
    pub(super) fn write(&self, shared: &Shared, batch: &mut WriteBatch) -> Result<(), StoreError> {
        let lately = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let value = shared.seals.seal(&lately, None, keys::CARRIED_OUT)?;
        batch.insert(&shared.meta, keys::CARRIED_OUT, value);
        Ok(())
    }

    /// Puts one behind the others; answers how many there are then, and none where it is there already.
    fn put(&self, command: &str, until: Timestamp, now: Timestamp) -> Option<usize> {
        let hash = hash(command);
        let mut lately = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if lately.commands.iter().any(|one| one.hash == hash) {
            return None;
        }
        lately.commands.retain(|one| now.0 < one.until);
        if lately.commands.len() >= MOST {
            lately.commands.pop_front();
        }
        let until = until.0.min(now.0.saturating_add(LONGEST));
        lately.commands.push_back(One { hash, until });
        Some(lately.commands.len())
    }
}

fn hash(command: &str) -> u64 {
    let digest = digest(&SHA256, command.as_bytes());
    digest.as_ref().first_chunk().map_or(0, |first| u64::from_be_bytes(*first))
}

impl Ledger {
    /// A command is to be carried out, and not again until then: false where it was before, also in an earlier run. A later run knows of it
    /// once it is kept.
    pub fn carries_out(&self, command: &str, until: Timestamp, now: Timestamp) -> bool {
        self.shared.carried_out.put(command, until, now).is_some()
    }

    /// Writes down which commands were carried out lately. Not synced: after a power cut they may be carried out again.
    pub async fn keep_carried_out(&self) -> Result<(), StoreError> {
        self.ask(|done| Command::CarriedOut { done }).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_carried_out_once_while_it_may_come_again() {
        let (carried_out, minute) = (CarriedOut::default(), 60_000);
        let put = |command: &str, now| carried_out.put(command, Timestamp(now + 10 * minute), Timestamp(now));
        assert_eq!((put("a", 0), put("a", 1), put("b", 2)), (Some(1), None, Some(2)));
        assert_eq!(put("c", 10 * minute + 1), Some(2), "the first is forgotten");
        let wrong =
            |now| carried_out.put("of another century", Timestamp(i64::MAX), Timestamp(now)).is_some();
        assert_eq!((wrong(0), wrong(LONGEST - 1)), (true, false));
        assert!(put("d", LONGEST) == Some(1) && wrong(LONGEST));
        for command in 0..2 * MOST {
            put(&command.to_string(), LONGEST);
        }
        assert_eq!(put("the last", LONGEST), Some(MOST));
    }

    #[tokio::test]
    async fn a_later_run_knows_what_was_kept() {
        let folder = tempfile::tempdir().unwrap();
        let (until, now) = (Timestamp(2), Timestamp(1));
        let mut ran = Vec::new();
        for kept in [false, true, true] {
            let (ledger, writer) = Ledger::open(folder.path()).unwrap();
            ran.push(ledger.carries_out("a", until, now));
            assert!(!ledger.carries_out("a", until, now), "it comes again at once");
            if kept {
                ledger.keep_carried_out().await.unwrap();
            }
            ledger.close().await.unwrap();
            drop(ledger);
            writer.join();
        }
        assert_eq!(ran, [true, true, false]);
    }
}

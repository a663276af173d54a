//! What people have said about themselves, and since when rooms are shown of people what they are, kept beside the keys for a ledger that is
//! restored from before that.

use super::Seals;
use super::file::Fact;
use super::known::knows_more;
use crate::consent::{Entry, History, Person};
use crate::store::StoreError;
use relay_contract::Timestamp;
use std::collections::HashMap;

impl Seals {
    /// Keeps all that somebody has said about themselves, the last of it now.
    pub(in crate::store) fn keep_said(&self, person: &Person, entries: &[Entry]) -> Result<(), StoreError> {
        let known = {
            let known = self.known();
            let words = known.words.get(person).filter(|words| entries.starts_with(words));
            words.map_or(0, Vec::len)
        };
        let facts = match entries.get(known..) {
            Some([]) => return Ok(()),
            Some(since) if known > 0 => {
                vec![Fact::Also { person: person.clone(), entries: since.to_vec() }]
            }
            _ => Fact::history(person, entries),
        };
        facts.into_iter().try_for_each(|fact| self.add(fact))
    }

    /// What the keys know of what people have said is all that the ledger knows, whatever an older Relay has kept there; where they know more,
    /// it stays. A disk that is full is none that keeps out who starts: what is missing is added with the next word.
    pub(in crate::store) fn keep_all_said(&self, all: &HashMap<Person, History>) {
        for (person, history) in all {
            let is_kept = self
                .known()
                .words
                .get(person)
                .is_some_and(|words| words == history.entries() || knows_more(words, history.entries()));
            if is_kept || self.file.is_none() {
                continue;
            }
            if let Err(error) = self.keep_said(person, history.entries()) {
                tracing::warn!(%error, "the keys do not know yet what people have said about themselves");
                return;
            }
        }
    }

    /// Keeps that what rooms are shown of people has changed.
    pub(in crate::store) fn keep_changed(&self, at: Timestamp) -> Result<(), StoreError> {
        self.add(Fact::Changed { at: at.0 })?;
        self.sync()
    }

    /// When it changed last; none where that is not known.
    pub(in crate::store) fn changed(&self) -> Option<Timestamp> {
        self.known().changed.map(Timestamp)
    }

    /// What everybody has said about themselves.
    pub(in crate::store) fn words(&self) -> Vec<(Person, Vec<Entry>)> {
        self.known().words.iter().map(|(person, words)| (person.clone(), words.clone())).collect()
    }
}

//! What people have said about themselves: entries that are only ever added, all of them kept in memory too, for they are asked for
//! with every message and few people have any.

use super::erase::Erased;
use super::ledger::Ledger;
use super::records::Record;
use super::seals::Seals;
use super::shared::Shared;
use super::writer::Command;
use super::{StoreError, keys};
use crate::consent::{Entry, History, Person, Pseudonyms};
use fjall::{Keyspace, OwnedWriteBatch as WriteBatch};
use relay_contract::Timestamp;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

const SECRET: &[u8] = b"pseudonyms";

/// A history is never written anew, and its words are closed: an entry is its own record.
impl Record for Entry {
    const PLACE: &'static str = "consent";
}

/// All histories.
pub(super) struct Book {
    all: RwLock<HashMap<Person, Arc<History>>>,
    /// Anybody has one.
    any: AtomicBool,
    /// How often anybody has said anything in this run.
    generation: AtomicU64,
    pseudonyms: Pseudonyms,
    /// The latest moment that was asked about.
    latest: AtomicI64,
}

impl Book {
    /// Makes names for who does not want to be named.
    pub(super) fn pseudonyms(&self) -> &Pseudonyms {
        &self.pseudonyms
    }

    /// Reads them; makes the secret of the pseudonyms where there is none yet.
    pub(super) fn read(meta: &Keyspace, seals: &Seals) -> Result<Self, StoreError> {
        let mut all: HashMap<Person, History> = HashMap::new();
        for entry in meta.prefix(keys::CONSENT_PREFIX) {
            let (key, value) = entry.into_inner()?;
            let person = keys::parse_consent(&key).ok_or(StoreError::Corrupt {
                place: "consent",
                why: "a key has not the expected shape".into(),
            })?;
            all.entry(Person::from_stored(person)).or_default().add(Entry::decode(&value)?);
        }
        for (person, history) in &mut all {
            let erased = meta.get(keys::erasure(person.as_str()))?;
            // An older Relay kept what they had said last alone, as if they had said nothing before.
            if erased
                .map(|bytes| Erased::decode(&bytes))
                .transpose()?
                .is_some_and(|erased| erased.done.is_some())
            {
                *history = History::of(History::with_nothing_before(history.entries().to_vec()));
            }
        }
        seals.keep_all_said(&all);
        let secret = seals.secret(meta, SECRET)?;
        let any = AtomicBool::new(!all.is_empty());
        let all = all.into_iter().map(|(person, history)| (person, Arc::new(history))).collect();
        Ok(Self {
            all: RwLock::new(all),
            any,
            generation: AtomicU64::new(0),
            latest: AtomicI64::new(0),
            pseudonyms: Pseudonyms::new(&secret),
        })
    }

    /// Puts what somebody says into a batch, and what must follow from it. In force at once: a no does not wait for the disk.
    pub(super) fn say(
        &self,
        shared: &Shared,
        person: &Person,
        entries: Vec<Entry>,
        takes_back: bool,
        forgets: Option<&Erased>,
        batch: &mut WriteBatch,
    ) -> Result<(), StoreError> {
        if let Some(erased) = forgets {
            shared.seals.retire(person)?;
            batch.insert(&shared.meta, keys::erasure(person.as_str()), erased.encode()?);
            batch.remove(&shared.meta, keys::told(person.as_str()));
        }
        let mut all = self.all.write().unwrap_or_else(PoisonError::into_inner);
        let history = Arc::make_mut(all.entry(person.clone()).or_default());
        shared.audit.consent(history.entries().len(), person, &entries, batch);
        if forgets.is_some() {
            shared.audit.wish(person, "asked", None, batch);
        }
        for entry in entries {
            let number = history.entries().len() as u64;
            batch.insert(&shared.meta, keys::consent(person.as_str(), number), entry.encode()?);
            history.add(entry);
        }
        shared.seals.keep_said(person, history.entries())?;
        if takes_back {
            batch.insert(&shared.meta, keys::taking_back(person.as_str()), []);
        }
        self.any.store(true, Ordering::Release);
        self.said_anew();
        Ok(())
    }

    /// What was worked out before is to be worked out anew.
    pub(super) fn said_anew(&self) {
        self.generation.fetch_add(1, Ordering::AcqRel);
    }

    /// What somebody has said.
    pub(super) fn history(&self, person: &Person) -> Option<Arc<History>> {
        self.all.read().unwrap_or_else(PoisonError::into_inner).get(person).cloned()
    }

    /// How much somebody has said about themselves.
    pub(super) fn entries_of(&self, person: &Person) -> usize {
        let all = self.all.read().unwrap_or_else(PoisonError::into_inner);
        all.get(person).map_or(0, |history| history.entries().len())
    }

    /// Puts what has become of somebody's wish to be forgotten into a batch. Once it is done, what is left of what they said about themselves is
    /// that nothing of before is allowed, and what they have said since.
    pub(super) fn erased(
        &self,
        shared: &Shared,
        person: &Person,
        erased: &Erased,
        batch: &mut WriteBatch,
    ) -> Result<(), StoreError> {
        batch.insert(&shared.meta, keys::erasure(person.as_str()), erased.encode()?);
        if erased.done.is_none() {
            return Ok(());
        }
        let history = self.history(person).unwrap_or_default();
        for number in 0..history.entries().len() as u64 {
            batch.remove(&shared.meta, keys::consent(person.as_str(), number));
        }
        let allows_again = history.entries().iter().any(|entry| entry.allows && entry.at.0 > erased.asked);
        // It waits for the disk, and questions must not wait for it: only this thread changes what is asked about.
        let left = history.left_after(Timestamp(erased.asked));
        shared.seals.destroy(person, erased.asked, left.clone(), !allows_again)?;
        for (number, entry) in (0..).zip(&left) {
            batch.insert(&shared.meta, keys::consent(person.as_str(), number), entry.encode()?);
        }
        let mut all = self.all.write().unwrap_or_else(PoisonError::into_inner);
        all.insert(person.clone(), Arc::new(History::of(left)));
        Ok(())
    }
}

impl Ledger {
    /// Remembers what somebody says about themselves, for all accounts that are linked to theirs, and, where they take something back,
    /// that it is still to be taken back. In force for every question from then on; resolves when it is on disk, with those accounts.
    pub async fn say_consent(
        &self,
        person: Person,
        entries: Vec<Entry>,
        takes_back: bool,
    ) -> Result<Vec<Person>, StoreError> {
        self.ask_for(|done| Command::Consent { person, entries, takes_back, forgets: None, done }).await
    }

    /// The same from somebody who is to be forgotten, in one batch: their accounts are linked no more.
    pub async fn say_forget(
        &self,
        person: Person,
        entries: Vec<Entry>,
        erased: Erased,
    ) -> Result<Vec<Person>, StoreError> {
        let forgets = Some(erased);
        self.ask_for(|done| Command::Consent { person, entries, takes_back: true, forgets, done }).await
    }

    /// The latest moment that was asked about, or at which an earlier run wrote, if this is not later: what has ended does not begin anew where a
    /// clock is set back.
    pub fn latest(&self, now: Timestamp) -> Timestamp {
        let earlier = self.shared.last_alive.0;
        let before = self.shared.consent.latest.fetch_max(now.0.max(earlier), Ordering::AcqRel);
        Timestamp(before.max(now.0).max(earlier))
    }

    /// How often anybody has said anything in this run: what was worked out before is to be worked out anew.
    pub fn consent_generation(&self) -> u64 {
        self.shared.consent.generation.load(Ordering::Acquire)
    }

    /// Whether this holds for anybody who has said anything.
    pub fn anybody_is(&self, is_so: impl Fn(&Person, &History) -> bool) -> bool {
        let all = self.shared.consent.all.read().unwrap_or_else(PoisonError::into_inner);
        all.iter().any(|(person, history)| is_so(person, history))
    }

    /// Remembers what has become of somebody's wish to be forgotten.
    pub async fn remember_erased(&self, person: Person, erased: Erased) -> Result<(), StoreError> {
        self.ask(|done| Command::Erased { person, erased, done }).await
    }

    /// What somebody took back has been taken back, as of so many entries of theirs: not where they have said more since.
    pub async fn taken_back(&self, person: Person, entries: usize) -> Result<(), StoreError> {
        self.ask(|done| Command::TakenBack { person, entries, done }).await
    }

    /// Whose words are still to be taken back.
    pub fn taking_back(&self) -> Result<Vec<Person>, StoreError> {
        let marks = self.shared.meta.prefix(keys::TAKING_BACK_PREFIX);
        let person = |key: &[u8]| {
            let rest = key.get(keys::TAKING_BACK_PREFIX.len()..)?;
            Some(Person::from_stored(String::from_utf8(rest.to_vec()).ok()?))
        };
        let mut all = Vec::new();
        for mark in marks {
            all.extend(person(&mark.key()?));
        }
        Ok(all)
    }

    /// Whether something of somebody is still to be taken back.
    pub fn is_taking_back(&self, person: &Person) -> Result<bool, StoreError> {
        Ok(self.shared.meta.contains_key(keys::taking_back(person.as_str()))?)
    }

    /// Whether anybody has ever said anything about themselves.
    pub fn anybody_said(&self) -> bool {
        self.shared.consent.any.load(Ordering::Acquire)
    }

    /// What somebody said about themselves; none for who has said nothing.
    pub fn consent_of(&self, person: &Person) -> Option<Arc<History>> {
        if !self.anybody_said() {
            return None;
        }
        self.shared.consent.history(person)
    }

    /// Whoever has said anything about themselves.
    pub fn who_said(&self) -> Vec<(Person, Arc<History>)> {
        let all = self.shared.consent.all.read().unwrap_or_else(PoisonError::into_inner);
        all.iter().map(|(person, history)| (person.clone(), history.clone())).collect()
    }

    /// Makes names for who does not want to be named.
    pub fn pseudonyms(&self) -> &Pseudonyms {
        self.shared.consent.pseudonyms()
    }
}

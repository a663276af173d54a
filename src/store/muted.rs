//! Who is muted in which room, as those who manage it want it: a record each, sealed under the person's key, all of them kept in memory too.
//! What was not shown for it is marked with its envelope, for whoever asks what became of it.

use super::ledger::Ledger;
use super::records::{EnvelopeId, Record};
use super::seals::Seals;
use super::shared::{Shared, bad_key};
use super::writer::Command;
use super::{StoreError, keys};
use crate::consent::Person;
use fjall::{Keyspace, OwnedWriteBatch as WriteBatch};
use relay_contract::{RoomKey, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{PoisonError, RwLock};

/// Somebody who is muted in a room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Muted {
    /// What they were called in that room, with their origin.
    pub name: String,
    /// The same without it.
    pub bare: String,
    /// Tells them there from others of the same name.
    pub mark: String,
    /// Since when, in milliseconds since the epoch.
    pub since: i64,
    /// Until when; until somebody ends it where none.
    pub until: Option<i64>,
    /// The account of theirs whose name it was, where it was not that of the one that spoke.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<Person>,
    /// They were muted by another name, too: told as somebody else's, so that nobody learns that both are one person's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<Muted>,
}

/// By so many names somebody is muted at most.
const MOST_NAMES: usize = 16;

impl Muted {
    /// Whether it still holds.
    pub fn holds(&self, now: Timestamp) -> bool {
        self.names(now).next().is_some()
    }

    /// Each name that still holds, by itself.
    pub fn names(&self, now: Timestamp) -> impl Iterator<Item = &Self> {
        std::iter::once(self).chain(&self.also).filter(move |one| one.until.is_none_or(|until| now.0 < until))
    }

    /// The same person muted by one more name, or again by one of theirs.
    pub fn and(self, one: Self, now: Timestamp) -> Self {
        let (same, mut all): (Vec<&Self>, Vec<&Self>) =
            self.names(now).partition(|other| (&other.name, &other.mark) == (&one.name, &one.mark));
        all.sort_by_key(|other| std::cmp::Reverse(other.until.unwrap_or(i64::MAX)));
        all.truncate(MOST_NAMES);
        let since = same.first().map_or(one.since, |before| before.since);
        let one = Self { since, ..one };
        Self::all(all.into_iter().cloned().chain([one.clone()])).unwrap_or(one)
    }

    /// The same person without one of their names; none where that was the last.
    pub fn without(self, name: &str, mark: &str, now: Timestamp) -> Option<Self> {
        let others =
            self.names(now).filter(|other| (other.name.as_str(), other.mark.as_str()) != (name, mark));
        Self::all(others.cloned().collect::<Vec<_>>().into_iter())
    }

    fn bears_name_of(&self, person: &Person) -> bool {
        std::iter::once(self).chain(&self.also).any(|one| one.of.as_ref() == Some(person))
    }

    fn without_name_of(&mut self, person: &Person) {
        if self.of.as_ref() == Some(person) {
            self.name.clear();
            self.bare.clear();
            self.of = None;
        }
        self.also.iter_mut().for_each(|one| one.without_name_of(person));
    }

    fn all(names: impl Iterator<Item = Self>) -> Option<Self> {
        let mut names: Vec<Self> = names.map(|one| Self { also: Vec::new(), ..one }).collect();
        // The first says since when nothing of theirs is shown.
        names.sort_by_key(|one| one.since);
        let first = names.first().cloned()?;
        names.remove(0);
        Some(Self { also: names, ..first })
    }
}

impl Record for Muted {
    const PLACE: &'static str = "mutes";
}

type All = HashMap<RoomKey, HashMap<Person, Muted>>;

/// All of them, those that have ended included.
pub(super) struct Mutes {
    all: RwLock<All>,
    any: AtomicBool,
}

impl Mutes {
    /// Reads them.
    pub(super) fn read(meta: &Keyspace, seals: &Seals) -> Result<Self, StoreError> {
        let mut all = All::new();
        for entry in meta.prefix(keys::MUTE_PREFIX) {
            let (key, value) = entry.into_inner()?;
            let (room, person) = keys::parse_mute(&key).ok_or_else(bad_key)?;
            // Whoever is forgotten has no key any more.
            if let Some(muted) = seals.unseal(&value, &key)? {
                all.entry(room).or_default().insert(Person::from_stored(person), muted);
            }
        }
        let any = AtomicBool::new(!all.is_empty());
        Ok(Self { all: RwLock::new(all), any })
    }

    /// Puts into a batch that somebody is muted in a room; those of it that have ended go.
    pub(super) fn put(
        &self,
        shared: &Shared,
        (room, person): (&RoomKey, &Person),
        muted: Muted,
        batch: &mut WriteBatch,
    ) -> Result<(), StoreError> {
        let key = keys::mute(room, person.as_str());
        let sealed = shared.seals.seal(&muted, Some(person), &key)?;
        let now = Timestamp::now();
        let mut all = self.all.write().unwrap_or_else(PoisonError::into_inner);
        let there = all.entry(room.clone()).or_default();
        there.retain(|other, muted| {
            let holds = muted.holds(now);
            if !holds {
                batch.remove(&shared.meta, keys::mute(room, other.as_str()));
            }
            holds
        });
        there.insert(person.clone(), muted);
        batch.insert(&shared.meta, key, sealed);
        drop(all);
        self.any.store(true, Ordering::Release);
        // What lanes have worked out may quote them.
        shared.consent.said_anew();
        Ok(())
    }

    /// Puts into a batch that these are muted in a room no more; all of them where nobody is named.
    pub(super) fn end(
        &self,
        shared: &Shared,
        room: &RoomKey,
        people: Option<&[Person]>,
        batch: &mut WriteBatch,
    ) {
        let mut all = self.all.write().unwrap_or_else(PoisonError::into_inner);
        let Some(there) = all.get_mut(room) else { return };
        there.retain(|person, _| {
            let ends = people.is_none_or(|people| people.contains(person));
            if ends {
                batch.remove(&shared.meta, keys::mute(room, person.as_str()));
            }
            !ends
        });
        if there.is_empty() {
            all.remove(room);
        }
        drop(all);
        shared.consent.said_anew();
    }

    /// Puts into a batch that somebody who is to be forgotten is muted nowhere: it would say that they were there. Who was muted by a name
    /// of theirs, when they were one person, stays so without it.
    pub(super) fn forget(
        &self,
        shared: &Shared,
        person: &Person,
        batch: &mut WriteBatch,
    ) -> Result<(), StoreError> {
        let mut all = self.all.write().unwrap_or_else(PoisonError::into_inner);
        for (room, there) in all.iter_mut() {
            if there.remove(person).is_some() {
                batch.remove(&shared.meta, keys::mute(room, person.as_str()));
            }
            for (other, muted) in there.iter_mut().filter(|(_, muted)| muted.bears_name_of(person)) {
                muted.without_name_of(person);
                let key = keys::mute(room, other.as_str());
                batch.insert(&shared.meta, key.clone(), shared.seals.seal(muted, Some(other), &key)?);
            }
        }
        all.retain(|_, there| !there.is_empty());
        Ok(())
    }

    /// Puts into a batch that a room goes on as another: who is muted in it stays muted.
    pub(super) fn follow(
        &self,
        shared: &Shared,
        from: &RoomKey,
        to: &RoomKey,
        batch: &mut WriteBatch,
    ) -> Result<(), StoreError> {
        let mut all = self.all.write().unwrap_or_else(PoisonError::into_inner);
        for (person, muted) in all.remove(from).into_iter().flatten() {
            let key = keys::mute(to, person.as_str());
            batch.insert(&shared.meta, key.clone(), shared.seals.seal(&muted, Some(&person), &key)?);
            batch.remove(&shared.meta, keys::mute(from, person.as_str()));
            all.entry(to.clone()).or_default().insert(person, muted);
        }
        Ok(())
    }
}

impl Ledger {
    /// Somebody is muted in a room. In force for every question from then on; resolves when it is on disk.
    pub async fn mute(&self, room: RoomKey, person: Person, muted: Muted) -> Result<(), StoreError> {
        self.ask(|done| Command::Mute { room, person, muted, done }).await
    }

    /// These are muted in a room no more; nobody is, where none are named. Resolves when it is on disk.
    pub async fn unmute(&self, room: RoomKey, people: Option<Vec<Person>>) -> Result<(), StoreError> {
        self.ask(|done| Command::Unmute { room, people, done }).await
    }

    /// Whether anybody is muted anywhere, or was in this run.
    pub fn anybody_muted(&self) -> bool {
        self.shared.mutes.any.load(Ordering::Acquire)
    }

    /// Who is muted in a room, and how; those that have ended included.
    pub fn mutes_in(&self, room: &RoomKey) -> Vec<(Person, Muted)> {
        let all = self.shared.mutes.all.read().unwrap_or_else(PoisonError::into_inner);
        let there = all.get(room).into_iter().flatten();
        there.map(|(person, muted)| (person.clone(), muted.clone())).collect()
    }

    /// In which rooms this one account of somebody is muted, and how; those that have ended included.
    pub fn mutes_of(&self, person: &Person) -> Vec<(RoomKey, Muted)> {
        let all = self.shared.mutes.all.read().unwrap_or_else(PoisonError::into_inner);
        let mut of: Vec<_> =
            all.iter().filter_map(|(room, there)| Some((room.clone(), there.get(person)?.clone()))).collect();
        of.sort_by_key(|(_, muted)| muted.since);
        of
    }

    /// How somebody is muted in a room, with any of their accounts.
    pub fn muted(&self, room: &RoomKey, person: &Person, now: Timestamp) -> Option<Muted> {
        if !self.anybody_muted() {
            return None;
        }
        let all = self.shared.mutes.all.read().unwrap_or_else(PoisonError::into_inner);
        let there = all.get(room)?;
        let accounts = self.accounts_of(person);
        let found = accounts.iter().filter_map(|account| there.get(account));
        found.filter(|muted| muted.holds(now)).min_by_key(|muted| muted.since).cloned()
    }

    /// Marks a message that a room was not shown because its author is muted there. Resolves when it is written.
    pub async fn remember_muted(&self, room: RoomKey, message: EnvelopeId) -> Result<(), StoreError> {
        self.ask(|done| Command::NotShown { room, message, done }).await
    }

    /// Whether a room was not shown a message because its author was muted there.
    pub fn was_muted(&self, room: &RoomKey, message: EnvelopeId) -> Result<bool, StoreError> {
        Ok(self.shared.work.contains_key(keys::not_shown(message, room))?)
    }
}

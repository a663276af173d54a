//! Accounts that are one person's, as those who have them have proven: a record each, all of them kept in memory too. Names the account
//! alone: what follows from it for consent is written into the histories (`consent`), in the same batch.

use super::ledger::Ledger;
use super::records::Record;
use super::seals::Seals;
use super::shared::Shared;
use super::writer::Command;
use super::{StoreError, keys};
use crate::consent::{History, Person, tightened};
use fjall::{Keyspace, OwnedWriteBatch as WriteBatch};
use relay_contract::{RoomKey, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{PoisonError, RwLock};

/// Accounts of one person.
pub const MOST_LINKED: usize = 10;

/// An account that is linked to others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Linked {
    /// What is the same for all accounts of one person; it says nothing else.
    pub of: String,
    /// What people call the account on its platform, as it was when it was linked, or when it spoke last.
    pub name: String,
    /// In which room it was called so: on some platforms people have another name in each space. None where an older Relay wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub named_in: Option<RoomKey>,
    /// Since when, in milliseconds since the epoch.
    pub since: i64,
    /// By which name their person is shown elsewhere; the same for all of theirs.
    #[serde(default, skip_serializing_if = "Shown::is_own")]
    pub shown: Shown,
}

/// By the name of which of their accounts somebody is shown in other rooms.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Shown {
    /// Of the one that speaks.
    #[default]
    Own,
    /// Of the one in the network of whoever reads it, where they have one.
    There,
    /// Of this one.
    Account(Person),
}

impl Shown {
    fn is_own(&self) -> bool {
        *self == Self::Own
    }

    /// The word that says it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::There => "there",
            Self::Account(_) => "account",
        }
    }

    /// The account whose name it is, where it is one.
    pub fn account(&self) -> Option<&Person> {
        match self {
            Self::Account(of) => Some(of),
            Self::Own | Self::There => None,
        }
    }
}

impl Record for Linked {
    const PLACE: &'static str = "links of people";
}

/// One side of a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Side {
    /// The account.
    pub person: Person,
    /// What it is called on its platform.
    pub name: String,
    /// In which room; its platform is written in the other's history.
    pub room: RoomKey,
}

/// What came of linking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Linking {
    /// They are one person from now on. What they allow has become tighter for these.
    Done(Vec<Person>),
    /// They were already.
    Already,
    /// The one that was to come in is linked to somebody already.
    Taken,
    /// That person has as many as there may be.
    TooMany,
}

/// All of them.
pub(super) struct Links {
    all: RwLock<HashMap<Person, Linked>>,
    /// The same by person.
    groups: RwLock<HashMap<String, Vec<Person>>>,
    any: AtomicBool,
}

impl Links {
    /// Reads them.
    pub(super) fn read(meta: &Keyspace, seals: &Seals) -> Result<Self, StoreError> {
        let mut all: HashMap<Person, Linked> = HashMap::new();
        for entry in meta.prefix(keys::LINKED_PREFIX) {
            let (key, value) = entry.into_inner()?;
            let person = key.get(keys::LINKED_PREFIX.len()..).map(<[u8]>::to_vec);
            let person = person.and_then(|person| String::from_utf8(person).ok());
            let person = person.ok_or(StoreError::Corrupt {
                place: Linked::PLACE,
                why: "a key has not the expected shape".into(),
            })?;
            // Whoever is forgotten has no key any more.
            if let Some(linked) = seals.unseal(&value, &key)? {
                all.insert(Person::from_stored(person), linked);
            }
        }
        let mut groups: HashMap<String, Vec<Person>> = HashMap::new();
        for (person, linked) in &all {
            groups.entry(linked.of.clone()).or_default().push(person.clone());
        }
        groups.values_mut().for_each(|people| people.sort_unstable());
        // Nobody stays linked to one who is forgotten.
        groups.retain(|_, people| people.len() > 1);
        all.retain(|_, linked| groups.contains_key(&linked.of));
        let any = AtomicBool::new(!all.is_empty());
        Ok(Self { all: RwLock::new(all), groups: RwLock::new(groups), any })
    }

    fn of(&self, person: &Person) -> Option<Linked> {
        if !self.any.load(Ordering::Acquire) {
            return None;
        }
        self.all.read().unwrap_or_else(PoisonError::into_inner).get(person).cloned()
    }

    /// All accounts of whoever has this one, which comes first.
    pub(super) fn accounts_of(&self, person: &Person) -> Vec<Person> {
        let mut found = vec![person.clone()];
        if let Some(linked) = self.of(person) {
            let groups = self.groups.read().unwrap_or_else(PoisonError::into_inner);
            let all = groups.get(&linked.of).into_iter().flatten();
            found.extend(all.filter(|other| *other != person).cloned());
        }
        found
    }

    /// Puts into a batch that an account comes to those of a person, and what follows for what all of them allow.
    pub(super) fn join(
        &self,
        shared: &Shared,
        person: &Side,
        comes: &Side,
        now: Timestamp,
        batch: &mut WriteBatch,
    ) -> Result<Linking, StoreError> {
        let there = self.accounts_of(&person.person);
        if there.contains(&comes.person) {
            return Ok(Linking::Already);
        }
        if self.of(&comes.person).is_some() {
            return Ok(Linking::Taken);
        }
        if there.len() >= MOST_LINKED {
            return Ok(Linking::TooMany);
        }
        let (of, shown) = match self.of(&person.person) {
            Some(linked) => (linked.of, linked.shown),
            None => (ulid::Ulid::new().to_string(), Shown::Own),
        };
        let mut sealed = Vec::new();
        for side in [person, comes].into_iter().filter(|side| self.of(&side.person).is_none()) {
            let linked = Linked {
                of: of.clone(),
                name: side.name.clone(),
                named_in: Some(side.room.clone()),
                since: now.0,
                shown: shown.clone(),
            };
            let key = keys::linked(side.person.as_str());
            sealed.push((shared.seals.seal(&linked, Some(&side.person), &key)?, key, side, linked));
        }
        for (bytes, key, side, linked) in sealed {
            batch.insert(&shared.meta, key, bytes);
            self.add(side.person.clone(), linked);
        }
        let history = |of: &Person| shared.consent.history(of).unwrap_or_default();
        let coming = history(&comes.person);
        let before: Vec<_> = there.iter().map(|who| (who, history(who))).collect();
        let mut tighter = Vec::new();
        let mut tighten = |who: &Person, by: &History, side: &Side| {
            let how = format!("/relay link, as said on {}", side.room.platform);
            let entries = tightened(&history(who), by, &how, now);
            if entries.is_empty() {
                return Ok(());
            }
            if !tighter.contains(who) {
                tighter.push(who.clone());
            }
            shared.consent.say(shared, who, entries, true, None, batch)
        };
        for (who, said) in before {
            tighten(who, &coming, comes)?;
            tighten(&comes.person, &said, person)?;
        }
        shared.consent.said_anew();
        Ok(Linking::Done(tighter))
    }

    /// Puts into a batch by which name somebody is shown, with all their accounts; answers which these are: none where there is no link, or
    /// that name is none of theirs.
    pub(super) fn show(
        &self,
        shared: &Shared,
        person: &Person,
        shown: &Shown,
        batch: &mut WriteBatch,
    ) -> Result<Vec<Person>, StoreError> {
        let all = self.accounts_of(person);
        if all.len() < 2 || shown.account().is_some_and(|of| !all.contains(of)) {
            return Ok(Vec::new());
        }
        for account in &all {
            if let Some(linked) = self.of(account).filter(|linked| linked.shown != *shown) {
                self.change(shared, account, Linked { shown: shown.clone(), ..linked }, batch)?;
                shared.audit.shown(account, shown, batch);
            }
        }
        Ok(all)
    }

    /// Puts into a batch what a linked account is called now, and where.
    pub(super) fn rename(
        &self,
        shared: &Shared,
        person: &Person,
        (name, room): (String, RoomKey),
        batch: &mut WriteBatch,
    ) -> Result<(), StoreError> {
        let is_new =
            |linked: &Linked| (linked.name.as_str(), linked.named_in.as_ref()) != (&name, Some(&room));
        match self.of(person).filter(is_new) {
            Some(linked) => {
                self.change(shared, person, Linked { name, named_in: Some(room), ..linked }, batch)
            }
            None => Ok(()),
        }
    }

    fn change(
        &self,
        shared: &Shared,
        person: &Person,
        linked: Linked,
        batch: &mut WriteBatch,
    ) -> Result<(), StoreError> {
        let key = keys::linked(person.as_str());
        batch.insert(&shared.meta, key.clone(), shared.seals.seal(&linked, Some(person), &key)?);
        self.all.write().unwrap_or_else(PoisonError::into_inner).insert(person.clone(), linked);
        // What lanes have worked out bears the old name.
        shared.consent.said_anew();
        Ok(())
    }

    /// Puts into a batch that an account is alone again, or all of its person's; answers which are. Nobody stays linked to themselves, and
    /// nobody is shown by the name of an account that is theirs no more.
    pub(super) fn part(
        &self,
        shared: &Shared,
        person: &Person,
        all: bool,
        batch: &mut WriteBatch,
    ) -> Result<Vec<Person>, StoreError> {
        let there = self.accounts_of(person);
        if there.len() < 2 {
            return Ok(Vec::new());
        }
        let ends = self.of(person).is_some_and(|linked| linked.shown.account() == Some(person));
        if ends {
            self.show(shared, person, &Shown::Own, batch)?;
        }
        let gone = if all || there.len() == 2 { there } else { vec![person.clone()] };
        for person in &gone {
            batch.remove(&shared.meta, keys::linked(person.as_str()));
            self.remove(person);
        }
        shared.consent.said_anew();
        Ok(gone)
    }

    fn add(&self, person: Person, linked: Linked) {
        let mut groups = self.groups.write().unwrap_or_else(PoisonError::into_inner);
        let people = groups.entry(linked.of.clone()).or_default();
        people.push(person.clone());
        people.sort_unstable();
        drop(groups);
        self.all.write().unwrap_or_else(PoisonError::into_inner).insert(person, linked);
        self.any.store(true, Ordering::Release);
    }

    fn remove(&self, person: &Person) {
        let removed = self.all.write().unwrap_or_else(PoisonError::into_inner).remove(person);
        let Some(linked) = removed else { return };
        let mut groups = self.groups.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(people) = groups.get_mut(&linked.of) {
            people.retain(|other| other != person);
            if people.is_empty() {
                groups.remove(&linked.of);
            }
        }
    }
}

impl Ledger {
    /// An account comes to those of a person, as both sides have proven. What one of them forbids is forbidden for all from then on;
    /// resolves when it is on disk.
    pub async fn link(&self, person: Side, comes: Side, now: Timestamp) -> Result<Linking, StoreError> {
        self.ask_for(|done| Command::Link { person, comes, now, done }).await
    }

    /// An account is alone again, or all of its person's are: answers which. What each of them allows stays as it is.
    pub async fn unlink(&self, person: Person, all: bool) -> Result<Vec<Person>, StoreError> {
        self.ask_for(|done| Command::Unlink { person, all, done }).await
    }

    /// Somebody is shown elsewhere by this name, with all their accounts: answers which, none where that can not be. Resolves when it is on
    /// disk.
    pub async fn show_as(&self, person: Person, shown: Shown) -> Result<Vec<Person>, StoreError> {
        self.ask_for(|done| Command::ShowAs { person, shown, done }).await
    }

    /// All accounts of whoever has this one, which comes first.
    pub fn accounts_of(&self, person: &Person) -> Vec<Person> {
        self.shared.links.accounts_of(person)
    }

    /// How an account is linked; none where it is not.
    pub fn linked(&self, person: &Person) -> Option<Linked> {
        self.shared.links.of(person)
    }

    /// Whether any accounts are linked, or were in this run.
    pub fn anybody_linked(&self) -> bool {
        self.shared.links.any.load(Ordering::Acquire)
    }

    /// All accounts that are linked to others.
    pub fn who_is_linked(&self) -> Vec<Person> {
        self.shared.links.all.read().unwrap_or_else(PoisonError::into_inner).keys().cloned().collect()
    }
}

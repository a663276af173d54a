//! The keys in memory: whose they are, which are in use, which are gone.

use super::file::{Fact, Gone};
use super::{Key, KeyNumber};
use crate::consent::{Entry, History, Person};
use std::collections::{HashMap, HashSet};
use zeroize::Zeroizing;

/// Whether somebody has said more by these entries than by others.
pub(in crate::store) fn knows_more(entries: &[Entry], than: &[Entry]) -> bool {
    let at = |entries: &[Entry]| entries.last().map(|entry| entry.at);
    at(entries) > at(than) || (entries.len() > than.len() && entries.starts_with(than))
}

/// What the file of keys tells.
#[derive(Default)]
pub(super) struct Known {
    pub(super) keys: HashMap<KeyNumber, Key>,
    /// The key that what nobody said is sealed with.
    pub(super) common: Option<KeyNumber>,
    /// All that were ever common.
    pub(super) commons: HashSet<KeyNumber>,
    /// What somebody says now is sealed with this one.
    pub(super) of: HashMap<Person, KeyNumber>,
    /// What they said before they wanted to be forgotten was sealed with these.
    pub(super) retired: HashMap<Person, Vec<KeyNumber>>,
    /// What people have said about themselves; where not all of it is known, nothing of before is allowed by it.
    pub(super) words: HashMap<Person, Vec<Entry>>,
    pub(super) gone: Vec<Gone>,
    /// When what rooms are shown changed last; none where only an older Relay has written here.
    pub(super) changed: Option<i64>,
}

impl Known {
    /// Takes in a fact.
    pub(super) fn learn(&mut self, fact: Fact) {
        match fact {
            Fact::Key { number, person, key } => {
                self.keys.insert(number, Zeroizing::new(key));
                match person {
                    Some(person) => drop(self.of.insert(person, number)),
                    None => {
                        self.commons.insert(number);
                        self.common = Some(number);
                    }
                }
            }
            Fact::Retired { person } => {
                if let Some(number) = self.of.remove(&person) {
                    self.retired.entry(person).or_default().push(number);
                }
            }
            Fact::Said { person, words } => {
                self.words.insert(person, History::with_nothing_before(words));
            }
            Fact::History { person, entries } => drop(self.words.insert(person, entries)),
            Fact::Also { person, entries } => self.words.entry(person).or_default().extend(entries),
            Fact::Changed { at } => self.changed = self.changed.max(Some(at)),
            Fact::Copied { .. } | Fact::Written { .. } => {}
            Fact::Gone(gone) if gone.whole => self.forget(gone),
            Fact::Gone(gone) => {
                let words = History::with_nothing_before(gone.words);
                self.forget(Gone { words, whole: true, ..gone });
            }
        }
    }

    /// Somebody's keys are destroyed.
    pub(super) fn forget(&mut self, gone: Gone) {
        let Gone { person, numbers, words, .. } = &gone;
        self.keys.retain(|number, _| !numbers.contains(number));
        self.words.insert(person.clone(), words.clone());
        if self.of.get(person).is_some_and(|number| numbers.contains(number)) {
            self.of.remove(person);
        }
        if let Some(retired) = self.retired.get_mut(person) {
            retired.retain(|number| !numbers.contains(number));
        }
        self.retired.retain(|_, numbers| !numbers.is_empty());
        match self.gone.iter_mut().find(|known| known.person == gone.person) {
            Some(known) => {
                known.numbers.extend(gone.numbers);
                if gone.at >= known.at {
                    (known.at, known.words) = (gone.at, gone.words);
                }
            }
            None => self.gone.push(gone),
        }
    }

    /// Whether a key was somebody's who is forgotten.
    pub(super) fn is_gone(&self, number: KeyNumber) -> bool {
        self.gone.iter().any(|gone| gone.numbers.contains(&number))
    }

    /// Whether another file of keys tells nothing that is not known here.
    pub(super) fn knows_all_of(&self, other: &Self) -> bool {
        let words = |(person, words): (&Person, &Vec<Entry>)| {
            self.words.get(person).is_some_and(|own| own == words || knows_more(own, words))
        };
        let gone = |gone: &Gone| self.gone.iter().any(|own| own.person == gone.person && own.at >= gone.at);
        other.keys.keys().all(|number| self.keys.contains_key(number) || self.is_gone(*number))
            && other.words.iter().all(words)
            && other.gone.iter().all(gone)
            && other.changed <= self.changed
    }

    /// Takes in what another file of keys knows.
    pub(super) fn join(&mut self, other: Self) {
        for (number, key) in other.keys {
            if !self.is_gone(number) && !self.keys.contains_key(&number) {
                self.keys.insert(number, key);
                // What is said from now on goes on under the own keys.
                let person = other.of.iter().find(|(_, of)| **of == number).map(|(person, _)| person.clone());
                let retired = || {
                    other
                        .retired
                        .iter()
                        .find(|(_, of)| of.contains(&number))
                        .map(|(person, _)| person.clone())
                };
                match person {
                    Some(person) if !self.of.contains_key(&person) => drop(self.of.insert(person, number)),
                    Some(person) => self.retired.entry(person).or_default().push(number),
                    None => {
                        if let Some(person) = retired() {
                            self.retired.entry(person).or_default().push(number);
                        }
                    }
                }
            }
        }
        self.changed = self.changed.max(other.changed);
        self.commons.extend(other.commons);
        // What is common is sealed with theirs in the ledger that they belong to.
        self.common = other.common.or(self.common);
        for gone in other.gone {
            let (person, own) = (gone.person.clone(), self.words.get(&gone.person).cloned());
            let own = own.filter(|own| knows_more(own, &gone.words));
            self.forget(gone);
            // What they have said after that, as it is known here.
            if let Some(own) = own {
                self.words.insert(person, own);
            }
        }
        for (person, words) in other.words {
            if self.words.get(&person).is_none_or(|own| knows_more(&words, own)) {
                self.words.insert(person, words);
            }
        }
    }

    /// All that is known, as it is written into a new file.
    pub(super) fn facts(&self) -> Vec<Fact> {
        let key = |number: &KeyNumber, person: Option<&Person>| {
            let key = self.keys.get(number)?;
            Some(Fact::Key { number: *number, person: person.cloned(), key: **key })
        };
        let mut facts: Vec<Fact> = self.gone.iter().cloned().map(Fact::Gone).collect();
        for (person, numbers) in &self.retired {
            for number in numbers {
                facts.extend(key(number, Some(person)));
                facts.push(Fact::Retired { person: person.clone() });
            }
        }
        facts.extend(self.changed.map(|at| Fact::Changed { at }));
        facts.extend(self.words.iter().flat_map(|(person, entries)| Fact::history(person, entries)));
        facts.extend(self.of.iter().filter_map(|(person, number)| key(number, Some(person))));
        // The one that is in use comes last.
        let older = self.commons.iter().filter(|number| Some(**number) != self.common);
        facts.extend(older.filter_map(|number| key(number, None)));
        facts.extend(self.common.iter().filter_map(|number| key(number, None)));
        facts
    }
}

//! A ledger and keys that were not written together: the ledger from a backup or an older copy of it, the keys from an older copy, or new ones.
//! Afterwards both know what people have said last about themselves, and whoever is forgotten in one of them, or wants to be, is in the other. What is
//! sealed with keys that are not there counts as forgotten.
//!
//! **Crash cases.** First the file of keys is written, then the ledger, in one batch; both can be done again.

use super::consent::histories;
use super::erase::Erased;
use super::records::Record;
use super::seals::{Expected, KEYS, Master, Seals, knows_more};
use super::shared::{Opening, Shared, bad_key};
use super::{StoreError, folder, format, keys};
use crate::consent::{Entry, History, Person, Purpose};
use fjall::{Database, Keyspace, OwnedWriteBatch as WriteBatch, PersistMode};
use relay_contract::Timestamp;
use std::collections::HashMap;
use std::path::Path;

#[cfg(test)]
mod tests;

/// Makes new keys for a state directory that has lost its own, and goes on with them; answers how many messages cannot be read any more. Blocks.
pub fn make_keys(data_dir: &Path, master: Master) -> Result<u64, StoreError> {
    let ledger = data_dir.join("ledger");
    if folder::is_in_use(data_dir) {
        return Err(StoreError::Locked(ledger));
    }
    drop(Seals::open(data_dir, master.clone(), &Expected::default())?);
    if ledger.exists() { accept_keys(data_dir, master) } else { Ok(0) }
}

/// Goes on with the keys that are there, though some of the ledger's are not among them; answers how many messages cannot be read any more.
/// Blocks.
pub fn accept_keys(data_dir: &Path, master: Master) -> Result<u64, StoreError> {
    let ledger = data_dir.join("ledger");
    if !data_dir.join(KEYS).exists() {
        return Err(StoreError::NoKeys(data_dir.join(KEYS)));
    }
    let shared = Shared::open(&ledger, false, Opening::WithOther(data_dir, master))?;
    let mut missing = 0;
    for entry in shared.journal.iter() {
        missing += u64::from(shared.seals.misses(&entry.value()?));
    }
    Ok(missing)
}

/// Whether the keys know of a choice or a wish to be forgotten that the ledger does not: an older copy of it lies beside them, or Relay was stopped
/// between the two.
pub(super) fn are_ahead(meta: &Keyspace, seals: &Seals) -> Result<bool, StoreError> {
    let words: HashMap<Person, Vec<Entry>> = seals.words().into_iter().collect();
    let histories = histories(meta)?;
    let is_new = |(person, words): (&Person, &Vec<Entry>)| {
        knows_more(words, histories.get(person).map(History::entries).unwrap_or_default())
    };
    Ok(words.iter().any(is_new) || !unknown_wishes(meta, seals, &words)?.is_empty())
}

/// Brings both to know the same; answers how many people are to be forgotten again.
pub(super) fn settle(db: &Database, meta: &Keyspace, seals: &Seals) -> Result<u64, StoreError> {
    let words: HashMap<Person, Vec<Entry>> = seals.words().into_iter().collect();
    let histories = histories(meta)?;
    forget_there(meta, seals, &words, &histories)?;
    let mut batch = db.batch().durability(Some(PersistMode::SyncAll));
    let forgotten = forget_here(meta, seals, &words, &mut batch)?;
    for (person, words) in &words {
        let known = histories.get(person).map(History::entries).unwrap_or_default();
        if knows_more(words, known) {
            bring_back(meta, person, known, words, &mut batch)?;
        }
    }
    for (person, history) in &histories {
        let known = words.get(person).map(Vec::as_slice).unwrap_or_default();
        if knows_more(history.entries(), known) {
            seals.keep_said(person, history.entries())?;
        }
    }
    seals.sync()?;
    seals.outdo(Expected::read(meta)?.changes)?;
    // From here on these are its keys.
    batch.remove(meta, format::OTHER_KEYS);
    match seals.common() {
        Some(number) => batch.insert(meta, format::NEWEST_KEY, number.bytes()),
        None => batch.remove(meta, format::NEWEST_KEY),
    }
    batch.insert(meta, format::KEY_CHANGES, seals.changes().to_be_bytes());
    batch.commit()?;
    Ok(forgotten)
}

fn newest(words: &[Entry]) -> Option<i64> {
    words.last().map(|entry| entry.at.0)
}

/// Whoever asked the ledger to be forgotten after the keys were copied: their keys go as they went then.
fn forget_there(
    meta: &Keyspace,
    seals: &Seals,
    words: &HashMap<Person, Vec<Entry>>,
    histories: &HashMap<Person, History>,
) -> Result<(), StoreError> {
    let gone: HashMap<Person, i64> = seals.gone().into_iter().map(|gone| (gone.person, gone.at)).collect();
    for entry in meta.prefix(keys::ERASURE_PREFIX) {
        let (key, value) = entry.into_inner()?;
        let person = key.get(keys::ERASURE_PREFIX.len()..).map(<[u8]>::to_vec);
        let person = person.and_then(|person| String::from_utf8(person).ok()).ok_or_else(bad_key)?;
        let (person, erased) = (Person::from_stored(person), Erased::decode(&value)?);
        if gone.get(&person).is_some_and(|at| *at >= erased.asked) {
            continue;
        }
        // The wish itself is among their words: a copy from before it has their key as if nothing were.
        let known = words.get(&person).and_then(|words| newest(words));
        if known.is_none_or(|at| at < erased.asked) {
            seals.retire(&person)?;
        }
        if erased.done.is_some() {
            let history = histories.get(&person).cloned().unwrap_or_default();
            let again = history.entries().iter().any(|entry| entry.allows && entry.at.0 > erased.asked);
            seals.destroy(&person, erased.asked, history.left_after(Timestamp(erased.asked)), !again)?;
        }
    }
    Ok(())
}

/// What somebody has said after the ledger was copied is in it. What they forbade by that may be in rooms still, as far as this ledger knows.
fn bring_back(
    meta: &Keyspace,
    person: &Person,
    known: &[Entry],
    words: &[Entry],
    batch: &mut WriteBatch,
) -> Result<(), StoreError> {
    for entry in meta.prefix(keys::consent_of(person.as_str())) {
        batch.remove(meta, entry.key()?);
    }
    let all = History::brought_back(known, words.to_vec());
    let forbids = |entry: &Entry| !entry.allows && entry.purpose == Purpose::Bridging;
    if all.iter().any(|entry| forbids(entry) && !known.contains(entry)) {
        batch.insert(meta, keys::taking_back(person.as_str()), []);
    }
    for (number, entry) in (0..).zip(all) {
        batch.insert(meta, keys::consent(person.as_str(), number), entry.encode()?);
    }
    Ok(())
}

/// Whoever was forgotten after the ledger was copied, or wanted to be, is again at the next start; nothing can be read already of whose keys are
/// destroyed.
fn forget_here(
    meta: &Keyspace,
    seals: &Seals,
    words: &HashMap<Person, Vec<Entry>>,
    batch: &mut WriteBatch,
) -> Result<u64, StoreError> {
    let wishes = unknown_wishes(meta, seals, words)?;
    for (person, erased) in &wishes {
        batch.insert(meta, keys::erasure(person.as_str()), erased.encode()?);
        batch.insert(meta, keys::taking_back(person.as_str()), []);
        batch.remove(meta, keys::told(person.as_str()));
    }
    Ok(wishes.len() as u64)
}

/// Who wants to be forgotten as the keys know, be it under way or done, and not as the ledger does.
fn unknown_wishes(
    meta: &Keyspace,
    seals: &Seals,
    words: &HashMap<Person, Vec<Entry>>,
) -> Result<HashMap<Person, Erased>, StoreError> {
    let mut asked: HashMap<Person, i64> =
        seals.gone().into_iter().map(|gone| (gone.person, gone.at)).collect();
    for (person, words) in words {
        if let Some(at) = History::wish(words) {
            let newest = asked.entry(person.clone()).or_insert(at.0);
            *newest = at.0.max(*newest);
        }
    }
    let mut unknown = HashMap::new();
    for (person, asked) in asked {
        let known = meta.get(keys::erasure(person.as_str()))?;
        let known = known.map(|bytes| Erased::decode(&bytes)).transpose()?;
        if known.as_ref().is_none_or(|known| known.asked < asked) {
            // What could not be undone the last time is not undone by asking again.
            let left = known.map(|known| known.left).unwrap_or_default();
            unknown.insert(person, Erased { asked, left, ..Erased::default() });
        }
    }
    Ok(unknown)
}

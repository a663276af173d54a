//! A ledger and keys that were not written together: the ledger from a backup, the keys from an older copy, or new ones. Afterwards both know what
//! people have said last about themselves, and whoever is forgotten in one of them is in the other. What is sealed with keys that are not there
//! counts as forgotten.
//!
//! **Crash cases.** First the file of keys is written, then the ledger, in one batch; both can be done again.

use super::consent::histories;
use super::erase::Erased;
use super::records::Record;
use super::seals::{Expected, Gone, KEYS, Master, Seals, knows_more};
use super::shared::{Opening, Shared, bad_key};
use super::{StoreError, folder, format, keys};
use crate::consent::{Entry, History, Person};
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

/// Brings both to know the same; answers how many people are to be forgotten again.
pub(super) fn settle(db: &Database, meta: &Keyspace, seals: &Seals) -> Result<u64, StoreError> {
    let words: HashMap<Person, Vec<Entry>> = seals.words().into_iter().collect();
    let histories = histories(meta)?;
    forget_there(meta, seals, &words, &histories)?;
    let mut batch = db.batch().durability(Some(PersistMode::SyncAll));
    let forgotten = forget_here(meta, seals, &mut batch)?;
    for (person, words) in &words {
        let known = histories.get(person).map(History::entries).unwrap_or_default();
        if knows_more(words, known) {
            for entry in meta.prefix(keys::consent_of(person.as_str())) {
                batch.remove(meta, entry.key()?);
            }
            for (number, entry) in (0..).zip(History::brought_back(known, words.clone())) {
                batch.insert(meta, keys::consent(person.as_str(), number), entry.encode()?);
            }
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

/// Whoever was forgotten after the ledger was copied is again at the next start; nothing of theirs can be read already.
fn forget_here(meta: &Keyspace, seals: &Seals, batch: &mut WriteBatch) -> Result<u64, StoreError> {
    let mut count = 0;
    for Gone { person, at, .. } in seals.gone() {
        let key = keys::erasure(person.as_str());
        let known = meta.get(&key)?.map(|bytes| Erased::decode(&bytes)).transpose()?;
        if known.is_none_or(|known| known.asked < at) {
            count += 1;
            batch.insert(meta, key, Erased { asked: at, ..Erased::default() }.encode()?);
        }
    }
    Ok(count)
}

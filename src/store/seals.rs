//! What people say and are called is sealed before it is written: XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha), a key a person, and a
//! common one for what is nobody's. The keys are in a file of their own beside the ledger (`keys`), wrapped by the master key, and in no
//! backup of the ledger: whose key is destroyed cannot be read any more, in whatever copy.
//!
//! A sealed record: the header of any record with [`format::SEALED`] in it, the key's number (8 bytes), the nonce (24), what is sealed, its tag (16).
//! What it is bound to (associated data): the place of its kind, its version, the key's number and the record's own key, so that no
//! record can be put in another's place.
//!
//! **Crash cases.** A key is in its file before the batch is written that needs it, and synced before that batch is. Destroying one is
//! a new file under another name, synced, then renamed: it is there or gone.

mod expected;
mod file;
mod known;
mod look;
mod master;
mod said;
pub(super) mod sealing;
#[cfg(test)]
pub(super) mod tests;
mod weighed;
mod words;

pub(super) use expected::Expected;
pub use file::{Gone, MAGIC};
pub(super) use known::knows_more;
pub(super) use look::together;
pub use look::{lacks_its_master, look};
pub use master::Master;

use super::records::{EnvelopeId, Record, StoredEnvelope};
use super::{StoreError, format, stream};
use crate::consent::{Entry, Person};
use chacha20poly1305::aead::{AeadInOut, KeyInit};
use chacha20poly1305::{Tag, XChaCha20Poly1305, XNonce};
use file::{Fact, KeyFile};
use fjall::{Keyspace, OwnedWriteBatch as WriteBatch};
use known::Known;
use rand::RngCore;
use relay_contract::{Envelope, RoomKey, Standing, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError, RwLock};
use zeroize::Zeroizing;

/// The name of the file of keys in a state directory.
pub const KEYS: &str = "keys";

const NUMBER: usize = 8;
const NONCE: usize = 24;
const TAG: usize = 16;

/// Tells a key from all that there ever were: chosen at random, never used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct KeyNumber(u64);

impl KeyNumber {
    /// As it stands in the ledger.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(u64::from_be_bytes).map(Self)
    }

    /// The same the other way round.
    pub(super) fn bytes(self) -> [u8; NUMBER] {
        self.0.to_be_bytes()
    }
}

type Key = Zeroizing<[u8; 32]>;

/// The keys, and what is sealed with them.
pub struct Seals {
    /// None where nothing can be sealed or read: a ledger that is copied as it is.
    file: Option<Mutex<KeyFile>>,
    known: RwLock<Known>,
    /// Something was added that is not synced yet.
    unsynced: AtomicBool,
    /// The key that was added last, until the ledger knows it.
    newest: Mutex<Option<KeyNumber>>,
    /// Of how many changes the ledger knows.
    noted: AtomicU64,
    /// Somebody was told that there are records whose key is not there.
    told: AtomicBool,
}

/// How many keys there are, and where the one is that wraps them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeysReport {
    /// People who have a key.
    pub people: u64,
    /// Keys of people who are being forgotten: they go when what crossed is deleted elsewhere.
    pub retired: u64,
    /// People whose keys are destroyed.
    pub forgotten: u64,
    /// The file of keys.
    pub file: PathBuf,
    /// Where the master key comes from, in words.
    pub master: String,
    /// Whether it lies in the folder with what it opens.
    pub lies_beside: bool,
    /// A file with a master key that lies there though the config names another place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unused: Option<PathBuf>,
    /// Master keys that open the file: two while one takes the other's place.
    pub masters: u64,
}

/// A sealed record that was looked into.
enum Inside {
    Plain(u8, Zeroizing<Vec<u8>>),
    /// Its key is not there.
    Locked,
}

impl Seals {
    /// Reads the keys of a state directory; makes them for one that has none and needs none. A file without what is expected of it is left as it
    /// is.
    pub(super) fn open(data_dir: &Path, master: Master, expected: &Expected) -> Result<Self, StoreError> {
        let path = data_dir.join(KEYS);
        if expected.needed && !path.exists() {
            return Err(StoreError::NoKeys(path));
        }
        let (file, facts) = KeyFile::open(&path, master, expected)?;
        let mut known = Known::default();
        facts.into_iter().for_each(|fact| known.learn(fact));
        let seals = Self {
            file: Some(Mutex::new(file)),
            known: RwLock::new(known),
            // Whoever was killed has perhaps not synced what is read here.
            unsynced: AtomicBool::new(true),
            newest: Mutex::default(),
            noted: AtomicU64::new(expected.changes),
            told: AtomicBool::new(false),
        };
        if seals.known().common.is_none() {
            let fact = Fact::common()?;
            seals.add(fact)?;
            seals.sync()?;
        }
        Ok(seals)
    }

    /// For a ledger that is copied as it is.
    pub(super) fn closed() -> Self {
        Self {
            file: None,
            known: RwLock::default(),
            unsynced: AtomicBool::new(false),
            newest: Mutex::default(),
            noted: AtomicU64::new(0),
            told: AtomicBool::new(false),
        }
    }

    /// Whether nothing can be sealed or read.
    pub(super) fn is_closed(&self) -> bool {
        self.file.is_none()
    }

    /// Seals a record under a person's key, which is made where they have none; under the common one where it is nobody's. `at` is the key that
    /// the record is stored under.
    pub(super) fn seal<R: Record>(
        &self,
        record: &R,
        of: Option<&Person>,
        at: &[u8],
    ) -> Result<Vec<u8>, StoreError> {
        let number = self.number_for(of)?;
        let body = record.body()?;
        self.seal_bytes(R::PLACE, R::VERSION, number, at, &body)
    }

    fn seal_bytes(
        &self,
        place: &'static str,
        version: u8,
        number: KeyNumber,
        at: &[u8],
        body: &[u8],
    ) -> Result<Vec<u8>, StoreError> {
        let mut nonce = [0; NONCE];
        rand::rng().fill_bytes(&mut nonce);
        let mut sealed = Vec::with_capacity(format::HEADER_LEN + NUMBER + NONCE + body.len() + TAG);
        sealed.extend_from_slice(&[version, format::SEALED, 0, 0]);
        sealed.extend_from_slice(&number.0.to_be_bytes());
        sealed.extend_from_slice(&nonce);
        let from = sealed.len();
        sealed.extend_from_slice(body);
        let bound = bound(place, version, number, at);
        let known = self.known();
        let key = known.keys.get(&number).ok_or(StoreError::Closed)?;
        let cipher = XChaCha20Poly1305::new((&**key).into());
        let text = sealed.get_mut(from..).unwrap_or_default();
        let tag = cipher
            .encrypt_inout_detached(&XNonce::from(nonce), &bound, text.into())
            .map_err(|_| StoreError::Engine("a record is too long to be sealed".into()))?;
        sealed.extend_from_slice(&tag);
        Ok(sealed)
    }

    /// Reads a record, sealed or not; none where its key is destroyed or missing.
    pub(super) fn unseal<R: Record>(&self, bytes: &[u8], at: &[u8]) -> Result<Option<R>, StoreError> {
        match self.look_into(R::PLACE, bytes, at)? {
            Inside::Plain(version, body) => R::from_body(version, &body).map(Some),
            Inside::Locked => Ok(None),
        }
    }

    fn look_into(&self, place: &'static str, bytes: &[u8], at: &[u8]) -> Result<Inside, StoreError> {
        let corrupt = |why: &str| StoreError::Corrupt { place, why: why.to_owned() };
        let Some((version, number)) = sealed_with(bytes) else {
            let (version, body) =
                format::split_header(bytes).map_err(|why| StoreError::Corrupt { place, why })?;
            return Ok(Inside::Plain(version, Zeroizing::new(body.to_vec())));
        };
        let rest = bytes.get(format::HEADER_LEN + NUMBER..).unwrap_or_default();
        let (nonce, rest) =
            rest.split_first_chunk::<NONCE>().ok_or_else(|| corrupt("it is shorter than its seal"))?;
        let (text, tag) =
            rest.split_last_chunk::<TAG>().ok_or_else(|| corrupt("it is shorter than its seal"))?;
        let known = self.known();
        let Some(key) = known.keys.get(&number) else {
            if !known.is_gone(number) {
                self.tell_of_missing();
            }
            return Ok(Inside::Locked);
        };
        let mut body = Zeroizing::new(text.to_vec());
        XChaCha20Poly1305::new((&**key).into())
            .decrypt_inout_detached(
                &XNonce::from(*nonce),
                &bound(place, version, number, at),
                body.as_mut_slice().into(),
                &Tag::from(*tag),
            )
            .map_err(|_| corrupt("it is not what was sealed, or stands where it does not belong"))?;
        Ok(Inside::Plain(version, body))
    }

    fn tell_of_missing(&self) {
        if !self.is_closed() && !self.told.swap(true, Ordering::Relaxed) {
            tracing::error!(
                "there are messages whose keys are not in the file of keys: it is older than the ledger, or a new one. They cannot be read, and \
                 count as forgotten. `relay restore --keys` or a backup of `relay keys backup` bring them back"
            );
        }
    }

    /// The key for what somebody says.
    fn number_for(&self, of: Option<&Person>) -> Result<KeyNumber, StoreError> {
        let Some(person) = of else {
            return self.known().common.ok_or(StoreError::Closed);
        };
        if let Some(number) = self.known().of.get(person) {
            return Ok(*number);
        }
        let fact = Fact::key(person.clone())?;
        let number = fact.number();
        self.add(fact)?;
        number.ok_or(StoreError::Closed)
    }

    /// The numbers of the keys that what a person said may be sealed with; of nobody: those that are common.
    pub(super) fn numbers_of(&self, person: Option<&Person>) -> HashSet<KeyNumber> {
        let known = self.known();
        let mut numbers = known.commons.clone();
        if let Some(person) = person {
            numbers.extend(known.of.get(person).copied());
            numbers.extend(known.retired.get(person).into_iter().flatten().copied());
            numbers.extend(
                known.gone.iter().filter(|gone| gone.person == *person).flat_map(|gone| &gone.numbers),
            );
        }
        numbers
    }

    /// Everybody who has a key.
    pub(super) fn people(&self) -> Vec<Person> {
        let known = self.known();
        known.of.keys().chain(known.retired.keys()).cloned().collect()
    }

    /// Whether a record was sealed with a key that is or was this person's.
    pub(super) fn is_of(&self, person: &Person, bytes: &[u8]) -> bool {
        let Some((_, number)) = sealed_with(bytes) else { return false };
        let known = self.known();
        known.of.get(person) == Some(&number)
            || known.retired.get(person).is_some_and(|numbers| numbers.contains(&number))
            || known.gone.iter().any(|gone| gone.person == *person && gone.numbers.contains(&number))
    }

    /// Whether a record was sealed with a key of this person's that is destroyed.
    pub(super) fn was_of(&self, person: &Person, bytes: &[u8]) -> bool {
        let Some(number) = key_of(bytes) else { return false };
        self.known().gone.iter().any(|gone| gone.person == *person && gone.numbers.contains(&number))
    }

    /// Whether any key of this person's is destroyed.
    pub(super) fn has_destroyed(&self, person: &Person) -> bool {
        self.known().gone.iter().any(|gone| gone.person == *person && !gone.numbers.is_empty())
    }

    /// What they say from now on is sealed with another key: theirs goes with what they said until now.
    pub(super) fn retire(&self, person: &Person) -> Result<(), StoreError> {
        if self.known().of.contains_key(person) {
            self.add(Fact::Retired { person: person.clone() })?;
            self.sync()?;
        }
        Ok(())
    }

    /// Destroys the keys of what somebody said until they wanted to be forgotten, and those of later too unless they have allowed something
    /// again. `words`: what is left of what they have said, which a restored ledger goes by.
    pub(super) fn destroy(
        &self,
        person: &Person,
        at: i64,
        words: Vec<Entry>,
        with_newest: bool,
    ) -> Result<(), StoreError> {
        let Some(file) = &self.file else { return Ok(()) };
        let mut numbers: HashSet<KeyNumber> = HashSet::new();
        {
            let known = self.known();
            numbers.extend(known.retired.get(person).into_iter().flatten().copied());
            if with_newest {
                numbers.extend(known.of.get(person).copied());
            }
        }
        let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
        let gone =
            Gone { person: person.clone(), numbers: numbers.into_iter().collect(), at, words, whole: true };
        self.known.write().unwrap_or_else(PoisonError::into_inner).forget(gone);
        // Nobody who reads waits for the disk. Where that fails it is done again, and the numbers are known.
        let facts = self.known().facts();
        file.rewrite(&facts, 0)?;
        self.unsynced.store(false, Ordering::Release);
        Ok(())
    }

    /// What was added is on disk when this returns.
    pub(super) fn sync(&self) -> Result<(), StoreError> {
        if let (true, Some(file)) = (self.unsynced.swap(false, Ordering::AcqRel), &self.file)
            && let Err(error) = file.lock().unwrap_or_else(PoisonError::into_inner).sync()
        {
            self.unsynced.store(true, Ordering::Release);
            return Err(error);
        }
        Ok(())
    }

    /// The same; what a ledger is to know of it goes into a batch.
    pub(super) fn sync_into(&self, meta: &Keyspace, batch: &mut WriteBatch) -> Result<(), StoreError> {
        self.sync()?;
        if let Some(newest) = self.newest.lock().unwrap_or_else(PoisonError::into_inner).take() {
            batch.insert(meta, format::NEWEST_KEY, newest.bytes());
        }
        let changes = self.changes();
        if self.noted.swap(changes, Ordering::AcqRel) != changes {
            batch.insert(meta, format::KEY_CHANGES, changes.to_be_bytes());
        }
        Ok(())
    }

    /// How often the file was changed, as far as that is on disk.
    pub(super) fn changes(&self) -> u64 {
        let file = self.file.as_ref();
        file.map_or(0, |file| file.lock().unwrap_or_else(PoisonError::into_inner).synced())
    }

    /// From now on the file was changed oftener than one that had so many changes, and that one is known to be older.
    pub(super) fn outdo(&self, changes: u64) -> Result<(), StoreError> {
        let Some(file) = &self.file else { return Ok(()) };
        let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
        match file.synced() < changes {
            true => file.rewrite(&self.known().facts(), changes),
            false => Ok(()),
        }
    }

    /// Takes another master key: where this Relay keeps it itself, it makes a new one; else `to` takes its place beside the old one, until a start
    /// with it. Answers what is to be done by whoever keeps it.
    pub(super) fn rotate(&self, to: Option<Master>) -> Result<(), StoreError> {
        let Some(file) = &self.file else { return Err(StoreError::Closed) };
        let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
        let facts = self.known().facts();
        match to {
            Some(to) => file.admit(&to, &facts),
            None => file.renew(&facts),
        }
    }

    /// Relay runs with this master key: it alone opens the keys from now on.
    pub(super) fn take_master(&self, master: Master) -> Result<(), StoreError> {
        let Some(file) = &self.file else { return Err(StoreError::Closed) };
        let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
        file.take(master, &self.known().facts())
    }

    /// A copy of the file of keys, as it is now.
    pub(super) fn copy(&self) -> Result<Vec<u8>, StoreError> {
        let Some(file) = &self.file else { return Err(StoreError::Closed) };
        let file = file.lock().unwrap_or_else(PoisonError::into_inner);
        let mut facts = self.known().facts();
        facts.push(Fact::Copied { at: Timestamp::now().0 });
        file.image(&facts)
    }

    /// Whether a copy of a file of keys can be read with this master key; answers when it was made, where it tells.
    pub(super) fn check(copy: &[u8], master: &Master) -> Result<Option<Timestamp>, StoreError> {
        let (facts, _) = KeyFile::read(copy, master)?;
        Ok(facts.into_iter().find_map(|fact| match fact {
            Fact::Copied { at } => Some(Timestamp(at)),
            _ => None,
        }))
    }

    /// Takes in keys of a copy, but those of people who are forgotten here or there.
    pub(super) fn merge(&self, copy: &[u8], master: &Master) -> Result<(), StoreError> {
        let Some(file) = &self.file else { return Err(StoreError::Closed) };
        let (facts, changes) = KeyFile::read(copy, master)?;
        let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
        let mut theirs = Known::default();
        facts.into_iter().for_each(|fact| theirs.learn(fact));
        self.known.write().unwrap_or_else(PoisonError::into_inner).join(theirs);
        let facts = self.known().facts();
        file.rewrite(&facts, changes)
    }

    /// The key of what is nobody's.
    pub(super) fn common(&self) -> Option<KeyNumber> {
        self.known().common
    }

    /// Whether the key of a record is missing, and was not destroyed.
    pub(super) fn misses(&self, bytes: &[u8]) -> bool {
        key_of(bytes).is_some_and(|number| self.lacks(number))
    }

    /// Whether a key is missing, and was not destroyed.
    fn lacks(&self, number: KeyNumber) -> bool {
        let known = self.known();
        !known.keys.contains_key(&number) && !known.is_gone(number)
    }

    /// Whoever is forgotten.
    pub(super) fn gone(&self) -> Vec<Gone> {
        self.known().gone.clone()
    }

    /// How it stands.
    pub(super) fn report(&self) -> Result<KeysReport, StoreError> {
        let Some(file) = &self.file else { return Err(StoreError::Closed) };
        let file = file.lock().unwrap_or_else(PoisonError::into_inner);
        let known = self.known();
        let unused = file.unused_master();
        Ok(KeysReport {
            people: known.of.len() as u64,
            retired: known.retired.values().map(|numbers| numbers.len() as u64).sum(),
            forgotten: known.gone.len() as u64,
            file: file.path().to_owned(),
            master: file.master().in_words(),
            lies_beside: file.master().lies_beside(file.path()),
            unused,
            masters: file.masters() as u64,
        })
    }

    fn add(&self, fact: Fact) -> Result<(), StoreError> {
        let Some(file) = &self.file else { return Err(StoreError::Closed) };
        // Held until it is known: whoever writes the file anew meanwhile writes what is known.
        let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
        file.append(&fact)?;
        if let Some(number) = fact.number() {
            *self.newest.lock().unwrap_or_else(PoisonError::into_inner) = Some(number);
        }
        self.known.write().unwrap_or_else(PoisonError::into_inner).learn(fact);
        self.unsynced.store(true, Ordering::Release);
        Ok(())
    }

    fn known(&self) -> std::sync::RwLockReadGuard<'_, Known> {
        self.known.read().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Version and key's number of a sealed record; none where it is not sealed.
fn sealed_with(bytes: &[u8]) -> Option<(u8, KeyNumber)> {
    let (header, rest) = bytes.split_first_chunk::<{ format::HEADER_LEN }>()?;
    let number = rest.first_chunk::<NUMBER>()?;
    (header[1] == format::SEALED).then(|| (header[0], KeyNumber(u64::from_be_bytes(*number))))
}

/// The number of the key that a record is sealed with; none where it is not sealed.
pub(super) fn key_of(bytes: &[u8]) -> Option<KeyNumber> {
    sealed_with(bytes).map(|(_, number)| number)
}

/// Whether a record may be read with one of these keys: one that is not sealed may.
pub(super) fn is_among(bytes: &[u8], numbers: &HashSet<KeyNumber>) -> bool {
    sealed_with(bytes).is_none_or(|(_, number)| numbers.contains(&number))
}

/// Whether a record is sealed.
pub(super) fn is_sealed(bytes: &[u8]) -> bool {
    sealed_with(bytes).is_some()
}

fn bound(place: &str, version: u8, number: KeyNumber, at: &[u8]) -> Vec<u8> {
    [place.as_bytes(), &[0, version], &number.0.to_be_bytes(), at].concat()
}

fn random<const N: usize>() -> Result<[u8; N], StoreError> {
    use ring::rand::{SecureRandom, SystemRandom};
    let mut bytes = [0; N];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| StoreError::Engine("the system gives no random numbers".into()))?;
    Ok(bytes)
}

/// Whose key an envelope is sealed with: programs have none, nor have those who post through the API under any name.
pub(super) fn subject(envelope: &Envelope) -> Option<Person> {
    let author = envelope.author.as_ref()?;
    let is_person = author.standing == Standing::Person && !stream::keeps(&envelope.origin);
    is_person.then(|| Person::of(&envelope.origin, author))
}

/// Whose key a reaction is sealed with.
pub(super) fn reactor(room: &RoomKey, user: &str) -> Option<Person> {
    (!stream::keeps(room)).then(|| Person::from_parts(room, user))
}

impl Seals {
    /// An envelope that is stored under this id.
    pub(super) fn envelope(
        &self,
        id: EnvelopeId,
        bytes: &[u8],
    ) -> Result<Option<StoredEnvelope>, StoreError> {
        self.unseal(bytes, &id.0)
    }
}

//! The file of keys. First [`MAGIC`] and how many master keys open it (a byte), then for each its mark (8 bytes) and the file's own key wrapped
//! by it (nonce 24, key 32, tag 16); then facts, oldest first: length (u32), nonce (24), the fact in MessagePack sealed with the file's own key,
//! tag (16). Each fact is bound to its number, so that none can be taken out or moved. Numbers are in big endian.
//!
//! The first fact says how many were written with it, and how often the file was changed before: each fact that is added, and each time that it
//! is written anew, is a change. The ledger keeps how many changes are on disk ([`Expected`]). What is not whole behind those is what a crash has
//! left of facts that nothing needed yet, and goes when something is added: an end that was cut off, or a hole, where a power cut has kept a later
//! sector and not an earlier one. What is not whole among them is damage, and so is any other that is not whole.

use super::{Expected, Key, KeyNumber, Master, NONCE, TAG, random};
use crate::consent::{Entry, Person};
use crate::store::seals::master::Home;
use crate::store::{StoreError, folder};
use chacha20poly1305::aead::{AeadInOut, KeyInit};
use chacha20poly1305::{Tag, XChaCha20Poly1305, XNonce};
use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// What the file begins with: its name and the number of its form.
pub const MAGIC: &[u8; 10] = b"RELAYKEYS\x01";
const MARK: usize = 8;
const WRAPPED: usize = NONCE + 32 + TAG;
/// The most that a fact may have.
const LONGEST: usize = 1 << 20;
/// The most entries that one fact tells: far less than [`LONGEST`].
const MOST_ENTRIES: usize = 500;
/// What a disk writes whole or not at all.
const SECTOR: usize = 512;

/// Whoever is forgotten: their keys are destroyed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gone {
    /// Who.
    pub person: Person,
    /// The numbers of their keys.
    pub numbers: Vec<KeyNumber>,
    /// When they asked for it, in milliseconds since the epoch.
    pub at: i64,
    /// What they said about themselves, as far as it is kept.
    pub words: Vec<Entry>,
    /// Older Relays kept only what was said last, and not that nothing before it is allowed.
    #[serde(default)]
    pub whole: bool,
}

/// What the file tells.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Fact {
    /// A key: a person's, or the common one.
    Key { number: KeyNumber, person: Option<Person>, key: [u8; 32] },
    /// The person's key is for what they said until now.
    Retired { person: Person },
    /// What somebody has said last about themselves, as older Relays kept it: there may have been more before.
    Said { person: Person, words: Vec<Entry> },
    /// All that somebody has said about themselves.
    History { person: Person, entries: Vec<Entry> },
    /// What they have said after that.
    Also { person: Person, entries: Vec<Entry> },
    /// When what rooms are shown of people, or whether these are asked first, changed last, in milliseconds since the epoch.
    Changed { at: i64 },
    /// When this copy was made, in milliseconds since the epoch.
    Copied { at: i64 },
    /// Somebody is forgotten.
    Gone(Gone),
    /// The file was written anew: how often it was changed until then, and how many facts were written with this one.
    Written { changes: u64, facts: u64 },
}

impl Fact {
    /// A new key for a person.
    pub(super) fn key(person: Person) -> Result<Self, StoreError> {
        let number = KeyNumber(u64::from_be_bytes(random()?));
        Ok(Self::Key { number, person: Some(person), key: random()? })
    }

    /// A new key for what is nobody's.
    pub(super) fn common() -> Result<Self, StoreError> {
        let number = KeyNumber(u64::from_be_bytes(random()?));
        Ok(Self::Key { number, person: None, key: random()? })
    }

    /// All that somebody has said about themselves, in facts that are not too long.
    pub(super) fn history(person: &Person, entries: &[Entry]) -> Vec<Self> {
        let (first, rest) = entries.split_at(entries.len().min(MOST_ENTRIES));
        let first = Self::History { person: person.clone(), entries: first.to_vec() };
        let rest = rest.chunks(MOST_ENTRIES);
        let rest = rest.map(|entries| Self::Also { person: person.clone(), entries: entries.to_vec() });
        std::iter::once(first).chain(rest).collect()
    }

    /// Whether it tells of this key, be it destroyed.
    fn knows(&self, key: KeyNumber) -> bool {
        match self {
            Self::Key { number, .. } => *number == key,
            Self::Gone(gone) => gone.numbers.contains(&key),
            _ => false,
        }
    }

    /// The number of the key that it tells of.
    pub(super) fn number(&self) -> Option<KeyNumber> {
        match self {
            Self::Key { number, .. } => Some(*number),
            _ => None,
        }
    }
}

/// The file's own key, wrapped by a master key, after what that one is known by.
type Slot = ([u8; MARK], Vec<u8>);

/// The file, open for what is added.
pub(super) struct KeyFile {
    path: PathBuf,
    master: Master,
    /// It is the one that the file was written with, not one that is to take its place.
    is_first: bool,
    /// Further master keys that open it, by their marks, each with the wrapped key.
    others: Vec<Slot>,
    own: Key,
    facts: u64,
    /// How often it was changed.
    changes: u64,
    /// How many changes are on disk.
    synced: u64,
    /// Bytes of what is written whole.
    whole: u64,
    /// Behind that is what a crash has left.
    has_rest: bool,
    out: File,
    /// Something was not written whole: the file is written anew before anything is added.
    is_torn: bool,
}

impl KeyFile {
    /// Reads it, or makes it.
    pub(super) fn open(
        path: &Path,
        master: Master,
        expected: &Expected,
    ) -> Result<(Self, Vec<Fact>), StoreError> {
        let failed = |what, e: &std::io::Error| folder::failed(what, path, e);
        let bytes = match std::fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let own = Zeroizing::new(random()?);
                let bytes = image(&[wrap(&master, &own)?], &own, &[], 0)?;
                folder::write_private(path, &bytes)?;
                bytes
            }
            Err(error) => return Err(failed("reading the keys", &error)),
        };
        let (master, opened) = Self::opened(path, &bytes, master, expected)?;
        opened.has(expected, path, &bytes)?;
        let Opened { own, is_first, others, facts, changes, whole } = opened;
        let out = OpenOptions::new().append(true).open(path).map_err(|e| failed("opening the keys", &e))?;
        let file = Self {
            path: path.to_owned(),
            master,
            is_first,
            others,
            own,
            facts: facts.len() as u64,
            changes,
            // What was read may not be on disk yet; the next sync says so.
            synced: expected.changes.min(changes),
            whole: whole as u64,
            has_rest: whole < bytes.len(),
            out,
            is_torn: false,
        };
        Ok((file, facts))
    }

    /// Reads it with this master key or, where it is given and opens nothing, with Relay's own one beside it; answers which.
    fn opened(
        path: &Path,
        bytes: &[u8],
        master: Master,
        expected: &Expected,
    ) -> Result<(Master, Opened), StoreError> {
        let refused = || StoreError::OtherMaster(path.to_owned());
        match Opened::read(bytes, &master, expected) {
            Err(StoreError::OtherMaster(_)) => {
                let folder = path.parent().unwrap_or(Path::new("."));
                let own = match master.home() {
                    Home::Given => Master::own_if_there(folder)?,
                    Home::Own(_) => None,
                };
                let own = own.ok_or_else(refused)?;
                let opened = Opened::read(bytes, &own, expected).map_err(|_| refused())?;
                Ok((own, opened))
            }
            Err(StoreError::DamagedKeys { at, .. }) => {
                Err(StoreError::DamagedKeys { path: path.to_owned(), at })
            }
            opened => Ok((master, opened?)),
        }
    }

    /// Only this master key opens it from now on, where another one does so far: Relay was started with it.
    pub(super) fn take(&mut self, master: Master, facts: &[Fact]) -> Result<(), StoreError> {
        let is_other = self.master.mark() != master.mark();
        if !is_other && self.is_first {
            return Ok(());
        }
        let before = std::mem::replace(&mut self.master, master);
        if let Err(error) = self.settle(facts) {
            self.master = before;
            return Err(error);
        }
        if is_other {
            tracing::warn!(
                "the keys are wrapped by the master key of the config from now on; {} is not needed any more, and may be deleted",
                before.in_words()
            );
        }
        Ok(())
    }

    /// The facts of a copy, and how often the file was changed until it was made.
    pub(super) fn read(bytes: &[u8], master: &Master) -> Result<(Vec<Fact>, u64), StoreError> {
        Opened::read(bytes, master, &Expected::any()).map(|opened| (opened.facts, opened.changes))
    }

    /// Whether a file can be read, and has what it must.
    pub(super) fn look(
        path: &Path,
        bytes: &[u8],
        master: &Master,
        expected: &Expected,
    ) -> Result<(), StoreError> {
        Opened::read(bytes, master, expected)?.has(expected, path, bytes)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn master(&self) -> &Master {
        &self.master
    }

    /// A master key of Relay's own that lies beside it, and is not the one that is used.
    pub(super) fn unused_master(&self) -> Option<PathBuf> {
        let folder = self.path.parent()?;
        (*self.master.home() == Home::Given).then(|| Master::place(folder)).filter(|path| path.exists())
    }

    /// How many master keys open it.
    pub(super) fn masters(&self) -> usize {
        1 + self.others.len()
    }

    /// Adds a fact; [`Self::sync`] makes it stay.
    pub(super) fn append(&mut self, fact: &Fact) -> Result<(), StoreError> {
        if self.is_torn {
            return Err(StoreError::Engine(
                "the file of keys was not written whole; Relay has to start anew".into(),
            ));
        }
        if self.has_rest {
            let cut = self.out.set_len(self.whole).and_then(|()| self.out.sync_all());
            cut.map_err(|e| folder::failed("cutting the keys", &self.path, &e))?;
            self.has_rest = false;
        }
        let mut bytes = Vec::new();
        add(&mut bytes, fact, self.facts, &self.own)?;
        self.out.write_all(&bytes).map_err(|e| {
            // A disk that was full for a while must not keep out who is new for good.
            self.is_torn = self.out.set_len(self.whole).is_err();
            folder::failed("writing the keys", &self.path, &e)
        })?;
        self.whole += bytes.len() as u64;
        self.facts += 1;
        self.changes += 1;
        Ok(())
    }

    pub(super) fn sync(&mut self) -> Result<(), StoreError> {
        self.out.sync_data().map_err(|e| {
            self.is_torn = true;
            folder::failed("syncing the keys", &self.path, &e)
        })?;
        self.synced = self.changes;
        Ok(())
    }

    /// How often it was changed, as far as that is on disk.
    pub(super) fn synced(&self) -> u64 {
        self.synced
    }

    /// Writes the file anew with these facts alone. It was changed oftener than any that had so many changes.
    pub(super) fn rewrite(&mut self, facts: &[Fact], than: u64) -> Result<(), StoreError> {
        let changes = self.changes.max(than) + 1;
        let bytes = image(&self.slots()?, &self.own, facts, changes)?;
        self.put(&bytes, facts, changes)
    }

    /// The file with these facts.
    pub(super) fn image(&self, facts: &[Fact]) -> Result<Vec<u8>, StoreError> {
        image(&self.slots()?, &self.own, facts, self.changes)
    }

    fn slots(&self) -> Result<Vec<Slot>, StoreError> {
        let mut slots = vec![wrap(&self.master, &self.own)?];
        slots.extend(self.others.iter().cloned());
        Ok(slots)
    }

    /// A further master key opens it too.
    pub(super) fn admit(&mut self, to: &Master, facts: &[Fact]) -> Result<(), StoreError> {
        let slot = wrap(to, &self.own)?;
        self.others = if slot.0 == self.master.mark() { Vec::new() } else { vec![slot] };
        self.rewrite(facts, 0)
    }

    /// Makes a new master key where Relay keeps it itself. First both open the file, then the new one is kept, then the old one opens it no
    /// more: whenever that is cut off, what is kept opens it.
    pub(super) fn renew(&mut self, facts: &[Fact]) -> Result<(), StoreError> {
        let Some((to, text)) = self.master.another()? else { return Err(StoreError::GivenMaster) };
        self.admit(&to, facts)?;
        to.keep(&text)?;
        self.master = to;
        self.settle(facts)
    }

    /// Only its master key opens it from now on, and a new key of its own seals it.
    fn settle(&mut self, facts: &[Fact]) -> Result<(), StoreError> {
        let own = Zeroizing::new(random()?);
        let bytes = image(&[wrap(&self.master, &own)?], &own, facts, self.changes)?;
        self.put(&bytes, facts, self.changes)?;
        (self.own, self.others, self.is_first) = (own, Vec::new(), true);
        Ok(())
    }

    fn put(&mut self, bytes: &[u8], facts: &[Fact], changes: u64) -> Result<(), StoreError> {
        let unfinished = folder::prepare_private(&self.path, bytes)?;
        // Until it is certain which file has this name.
        self.is_torn = true;
        folder::rename(&unfinished, &self.path)?;
        let opened = OpenOptions::new().append(true).open(&self.path);
        self.out = opened.map_err(|e| folder::failed("opening the keys", &self.path, &e))?;
        self.facts = 1 + told(facts).count() as u64;
        (self.changes, self.synced) = (changes, changes);
        self.whole = bytes.len() as u64;
        (self.is_torn, self.has_rest) = (false, false);
        Ok(())
    }
}

/// What was read of it.
struct Opened {
    own: Key,
    /// The master key is the one that the file was written with, not one that is to take its place.
    is_first: bool,
    others: Vec<Slot>,
    facts: Vec<Fact>,
    /// How often it was changed.
    changes: u64,
    /// How many bytes of it are whole.
    whole: usize,
}

impl Opened {
    /// Whether it has what the ledger knows of: without it, it was cut off or is another one.
    fn has(&self, expected: &Expected, path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
        let has_newest =
            expected.newest.is_none_or(|newest| self.facts.iter().any(|fact| fact.knows(newest)));
        let is_common = |fact: &Fact| matches!(fact, Fact::Key { person: None, .. });
        let has_common = !expected.needed || self.facts.iter().any(is_common);
        match has_newest && self.changes >= expected.changes {
            true if has_common => Ok(()),
            false if self.whole == bytes.len() => Err(StoreError::OlderKeys(path.to_owned())),
            _ => Err(StoreError::DamagedKeys { path: path.to_owned(), at: self.whole }),
        }
    }

    fn read(bytes: &[u8], master: &Master, expected: &Expected) -> Result<Self, StoreError> {
        let damaged = |at: usize| StoreError::DamagedKeys { path: PathBuf::from(super::KEYS), at };
        let rest = bytes.strip_prefix(MAGIC).ok_or_else(|| damaged(0))?;
        let (slots, mut rest) = rest.split_first().ok_or_else(|| damaged(MAGIC.len()))?;
        let (mut own, mut is_first, mut others) = (None, true, Vec::new());
        for slot in 0..*slots {
            let (mark, after) = rest.split_first_chunk::<MARK>().ok_or_else(|| damaged(MAGIC.len()))?;
            let (wrapped, after) = after.split_at_checked(WRAPPED).ok_or_else(|| damaged(MAGIC.len()))?;
            rest = after;
            match *mark == master.mark() {
                true => (own, is_first) = (unwrap(master, wrapped), slot == 0),
                false => others.push((*mark, wrapped.to_vec())),
            }
        }
        let own = own.ok_or_else(|| StoreError::OtherMaster(PathBuf::from(super::KEYS)))?;
        let mut facts = Vec::new();
        // Those that were written at once: a crash leaves all of them, or the file of before.
        let (mut at_once, mut before) = (0, 0);
        let changed = |facts: &Vec<Fact>, at_once: u64, before: u64| {
            before + (facts.len() as u64).saturating_sub(at_once)
        };
        while !rest.is_empty() {
            let at = bytes.len() - rest.len();
            match next(rest, facts.len() as u64, &own) {
                Some((fact, after)) => {
                    if let (0, Fact::Written { changes, facts }) = (facts.len(), &fact) {
                        (at_once, before) = (1 + facts, *changes);
                    }
                    facts.push(fact);
                    rest = after;
                }
                None => {
                    let changes = changed(&facts, at_once, before);
                    // A hole is left by a crash only behind what was surely on disk.
                    let is_needless = (1..=changes).contains(&expected.changes);
                    let is_left = is_end(rest) || (is_needless && has_hole(rest, at));
                    if !is_left || (facts.len() as u64) < at_once {
                        return Err(damaged(at));
                    }
                    return Ok(Self { own, is_first, others, facts, changes, whole: at });
                }
            }
        }
        if (facts.len() as u64) < at_once {
            return Err(damaged(bytes.len()));
        }
        let changes = changed(&facts, at_once, before);
        Ok(Self { own, is_first, others, facts, changes, whole: bytes.len() })
    }
}

/// Whether nothing whole can follow: it ends in what stands here, or is empty from here on.
fn is_end(rest: &[u8]) -> bool {
    let length = rest.first_chunk::<4>().map(|length| u32::from_be_bytes(*length) as usize);
    length.is_none_or(|length| length <= LONGEST && 4 + length >= rest.len())
        || rest.iter().all(|byte| *byte == 0)
}

/// Whether a part of it, which stands here in the file, was not written: its beginning, its end, or a sector. What is sealed is no row of zeros,
/// and no fact has no length.
fn has_hole(rest: &[u8], at: usize) -> bool {
    let (first, others) = rest.split_at(rest.len().min(SECTOR - at % SECTOR));
    let is_empty = |sector: &[u8]| sector.iter().all(|byte| *byte == 0);
    rest.starts_with(&[0; 4])
        || rest.ends_with(&[0; 4])
        || is_empty(first)
        || others.chunks(SECTOR).any(is_empty)
}

fn next<'a>(bytes: &'a [u8], number: u64, own: &Key) -> Option<(Fact, &'a [u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let (sealed, rest) = rest.split_at_checked(u32::from_be_bytes(*length) as usize)?;
    let fact = Zeroizing::new(unsealed(own, &number.to_be_bytes(), sealed)?);
    Some((rmp_serde::from_slice(&fact).ok()?, rest))
}

fn add(bytes: &mut Vec<u8>, fact: &Fact, number: u64, own: &Key) -> Result<(), StoreError> {
    let plain = rmp_serde::to_vec_named(fact).map(Zeroizing::new);
    let plain = plain.map_err(|e| StoreError::Corrupt { place: "keys", why: e.to_string() })?;
    let sealed = sealed(own, &number.to_be_bytes(), &plain)?;
    bytes.extend_from_slice(&(sealed.len() as u32).to_be_bytes());
    bytes.extend_from_slice(&sealed);
    Ok(())
}

/// A file as it was before it told how often it was changed.
#[cfg(test)]
pub(super) fn of_before(master: &Master, facts: &[Fact]) -> Vec<u8> {
    let own: Key = Zeroizing::new([7; 32]);
    let mut bytes = image(&[wrap(master, &own).unwrap()], &own, &[], 0).unwrap();
    bytes.truncate(MAGIC.len() + 1 + MARK + WRAPPED);
    (0..).zip(told(facts)).for_each(|(number, fact)| add(&mut bytes, fact, number, &own).unwrap());
    bytes
}

/// Facts but the one that tells of the file itself.
fn told(facts: &[Fact]) -> impl Iterator<Item = &Fact> {
    facts.iter().filter(|fact| !matches!(fact, Fact::Written { .. }))
}

fn image(slots: &[Slot], own: &Key, facts: &[Fact], changes: u64) -> Result<Vec<u8>, StoreError> {
    let mut bytes = MAGIC.to_vec();
    bytes.push(u8::try_from(slots.len()).unwrap_or(u8::MAX));
    for (mark, wrapped) in slots {
        bytes.extend_from_slice(mark);
        bytes.extend_from_slice(wrapped);
    }
    add(&mut bytes, &Fact::Written { changes, facts: told(facts).count() as u64 }, 0, own)?;
    (1..).zip(told(facts)).try_for_each(|(number, fact)| add(&mut bytes, fact, number, own))?;
    Ok(bytes)
}

fn wrap(master: &Master, own: &Key) -> Result<Slot, StoreError> {
    let key = Zeroizing::new(*master.key());
    Ok((master.mark(), sealed(&key, &master.mark(), own.as_slice())?))
}

fn unwrap(master: &Master, wrapped: &[u8]) -> Option<Key> {
    let key = Zeroizing::new(*master.key());
    let own = Zeroizing::new(unsealed(&key, &master.mark(), wrapped)?);
    Some(Zeroizing::new(own.as_slice().try_into().ok()?))
}

/// Nonce, what is sealed, tag.
fn sealed(key: &Key, bound: &[u8], plain: &[u8]) -> Result<Vec<u8>, StoreError> {
    let nonce: [u8; NONCE] = random()?;
    let mut bytes = [nonce.as_slice(), plain].concat();
    let text = bytes.get_mut(NONCE..).unwrap_or_default();
    let tag = XChaCha20Poly1305::new((&**key).into())
        .encrypt_inout_detached(&XNonce::from(nonce), bound, text.into())
        .map_err(|_| StoreError::Engine("a key is too long to be sealed".into()))?;
    bytes.extend_from_slice(&tag);
    Ok(bytes)
}

fn unsealed(key: &Key, bound: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
    let (nonce, rest) = sealed.split_first_chunk::<NONCE>()?;
    let (text, tag) = rest.split_last_chunk::<TAG>()?;
    let mut plain = text.to_vec();
    XChaCha20Poly1305::new((&**key).into())
        .decrypt_inout_detached(&XNonce::from(*nonce), bound, plain.as_mut_slice().into(), &Tag::from(*tag))
        .ok()?;
    Some(plain)
}

//! A state directory from a backup.

use super::read::{Checked, Piece, Reader};
use super::write::{BEFORE, TOKENS, Whole};
use super::{About, BackupError, Contents, failed, form};
use crate::routing::Before;
use crate::store::seals::{Expected, KeyNumber, Master, Seals, key_of, together};
use crate::store::shared::{IDENTITY, Opening, Shared};
use crate::store::{StoreError, audit, consent, folder, format, keys, other_keys};
use fjall::PersistMode;
use relay_contract::Timestamp;
use secrecy::SecretString;
use std::collections::{BTreeSet, HashMap};
use std::fs::File;
use std::io::{self, BufReader, Write};
use std::path::{Path, PathBuf};

/// Bytes read from the disk at a time.
const AHEAD: usize = 1 << 20;

/// What was restored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// What was read.
    pub checked: Checked,
    /// Whether there are keys for what is sealed in it; without any, or with those of another ledger alone, it cannot be started.
    pub has_keys: bool,
    /// People who were forgotten after it was made, or asked for it, and are again.
    pub forgotten: u64,
    /// Messages that cannot be read any more, for their keys are missing: somebody has said that it is to go on without.
    pub missing: u64,
    /// Accounts that were linked to others in it, and are not any more: whether they still were is not known.
    pub unlinked: u64,
    /// Of when the copy of the keys is: what people have said about themselves since is not known. None without a copy, and where the state
    /// directory's own file knows all that it does.
    pub keys_of: Option<KeysOf>,
}

/// How old keys are that were given for a restore.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeysOf {
    /// When the copy was made, or the file was written last.
    pub at: Timestamp,
    /// `relay keys backup` has made it; else it is a machine's own file, of the end or of earlier.
    pub is_copy: bool,
}

/// What is needed to read what is sealed in a backup.
pub struct WithKeys<'a> {
    /// A copy that `relay keys backup` has made; the state directory's own keys alone where none.
    pub copy: Option<&'a Path>,
    /// What wraps both, where the config names it; else the state directory's own.
    pub master_key: Option<SecretString>,
    /// Go on also where keys of some messages are missing.
    pub accept_older: bool,
}

/// Restores a backup into a state directory that has no ledger. All of it is checked before anything is written, and again while it
/// is. The ledger gets its name last: what is cut off in the middle has restored nothing. Files that are there under the same names
/// are replaced, but for the API's tokens: those that are there know of what was taken back since. Blocks.
///
/// The ledger gets another identity, so that no mapping is taken for its own that knows more or less than it: one is made at the
/// next start.
pub fn restore(
    backup: &Path,
    data_dir: &Path,
    keys: &WithKeys<'_>,
    progress: &mut dyn FnMut(&About, Contents),
) -> Result<Restored, BackupError> {
    let ledger = data_dir.join("ledger");
    let vacant = || if ledger.exists() { Err(BackupError::Occupied(data_dir.to_owned())) } else { Ok(()) };
    vacant()?;
    let (checked, needs) = look_through(open(backup)?, progress)?;
    folder::make_private_dir(data_dir)?;
    let _sole = folder::lock(data_dir)?;
    vacant()?;
    let unfinished = data_dir.join("ledger.unfinished");
    folder::remove(&unfinished)?;
    // Before anything is written: a copy that does not fit is found out now.
    let Found { seals, missing, keys_of } = seals(data_dir, keys, &needs)?;
    // What rooms were shown since then is not known.
    let changed = seals.as_ref().filter(|_| keys_of.is_none()).and_then(Seals::changed);
    let Filled { forgotten, unlinked } =
        match fill(open(backup)?, data_dir, &unfinished, (seals.as_ref(), changed), progress) {
            Ok(filled) => filled,
            Err(error) => {
                folder::remove(&unfinished)?;
                return Err(error);
            }
        };
    folder::rename(&unfinished, &ledger)?;
    Ok(Restored { checked, has_keys: seals.is_some(), forgotten, missing, unlinked, keys_of })
}

/// What of a backup tells which keys it needs.
#[derive(Default)]
struct Needs {
    /// The ledger's secrets, by their names.
    secrets: Vec<(Vec<u8>, Vec<u8>)>,
    /// How many messages are sealed with each key.
    sealed: HashMap<KeyNumber, u64>,
}

impl Needs {
    fn add(&mut self, tag: u8, key: &[u8], value: &[u8]) {
        let is_message = tag == b'j' || (tag == b'w' && key.first() == Some(&keys::work::HELD));
        if let Some(number) = key_of(value).filter(|_| is_message) {
            *self.sealed.entry(number).or_default() += 1;
        }
        if tag == b'm' && [consent::SECRET, audit::SECRET].contains(&key) {
            self.secrets.push((key.to_vec(), value.to_vec()));
        }
    }
}

/// Checks a backup to its end, and answers which keys it needs.
fn look_through(
    mut backup: Reader<BufReader<File>>,
    progress: &mut dyn FnMut(&About, Contents),
) -> Result<(Checked, Needs), BackupError> {
    let mut needs = Needs::default();
    loop {
        match backup.next()? {
            Piece::Records(tag, bytes) => {
                let records = form::records(&bytes).unwrap_or_default();
                records.into_iter().for_each(|(key, value)| needs.add(tag, key, value));
            }
            Piece::End => break,
            _ => {}
        }
        progress(backup.about(), backup.contents());
    }
    Ok((Checked { about: backup.about().clone(), contents: backup.contents() }, needs))
}

/// The keys that there are for a backup.
#[derive(Default)]
struct Found {
    seals: Option<Seals>,
    missing: u64,
    keys_of: Option<KeysOf>,
}

/// The keys that there are, those of a copy among them, and when that was made. A copy of other keys is refused, and so are keys that lack some of
/// the backup's, unless somebody has said that it is to go on without; those of another ledger that are there are left as they are, until somebody
/// says that it is to go on with them.
fn seals(data_dir: &Path, keys: &WithKeys<'_>, needs: &Needs) -> Result<Found, BackupError> {
    let read = |path: &Path| std::fs::read(path).map_err(failed("reading", path));
    let own_path = data_dir.join(crate::store::KEYS);
    let own = own_path.exists().then(|| read(&own_path)).transpose()?;
    let copy = keys.copy.map(read).transpose()?;
    if own.is_none() && copy.is_none() {
        return Ok(Found::default());
    }
    let master = match &keys.master_key {
        Some(key) => Master::given(key)?,
        None => Master::own_that_is_there(data_dir)?,
    };
    let together = together(data_dir, &master, [own.as_deref(), copy.as_deref()])?;
    if !together.open_all(&needs.secrets) {
        return keys.copy.map_or(Ok(Found::default()), |copy| Err(BackupError::OtherKeys(copy.to_owned())));
    }
    let missing =
        needs.sealed.iter().filter(|(number, _)| together.lack(**number)).map(|(_, count)| count).sum();
    if missing > 0 && !keys.accept_older {
        let path = keys.copy.unwrap_or(&own_path).to_owned();
        return Err(BackupError::OlderKeys { path, missing });
    }
    let keys_of = match (&copy, keys.copy) {
        // The file that is in use itself is not old, whenever it was written last: nothing has been said since.
        (Some(copy), Some(path)) if !together.second_adds_nothing || own.is_none() => {
            age(copy, path, &master)?
        }
        _ => None,
    };
    let seals = Seals::open(data_dir, master.clone(), &Expected::default())?;
    if let Some(copy) = copy {
        seals.merge(&copy, &master)?;
    }
    Ok(Found { seals: Some(seals), missing, keys_of })
}

/// Of when keys are.
fn age(copy: &[u8], path: &Path, master: &Master) -> Result<Option<KeysOf>, BackupError> {
    let made = Seals::check(copy, master)?;
    let at = made.or_else(|| written(path));
    Ok(at.map(|at| KeysOf { at, is_copy: made.is_some() }))
}

/// When a file was written last: a machine's own one, and an older Relay's copy, do not tell when they were copied.
fn written(path: &Path) -> Option<Timestamp> {
    let at = std::fs::metadata(path).and_then(|about| about.modified()).ok()?;
    let since = at.duration_since(std::time::UNIX_EPOCH).ok()?;
    i64::try_from(since.as_millis()).ok().map(Timestamp)
}

fn open(backup: &Path) -> Result<Reader<BufReader<File>>, BackupError> {
    Reader::new(BufReader::with_capacity(AHEAD, File::open(backup).map_err(failed("opening", backup))?))
}

/// What became of people where a ledger was filled.
struct Filled {
    forgotten: u64,
    unlinked: u64,
}

fn fill(
    mut backup: Reader<BufReader<File>>,
    data_dir: &Path,
    unfinished: &Path,
    (seals, changed): (Option<&Seals>, Option<Timestamp>),
    progress: &mut dyn FnMut(&About, Contents),
) -> Result<Filled, BackupError> {
    let shared = Shared::open(unfinished, true, Opening::Closed)?;
    // Whether it is sealed is told by what comes.
    shared.meta.remove(format::SEALED_KEY).map_err(StoreError::from)?;
    // What is there is of another ledger, or of a restore before this one; a backup may have none.
    let before = data_dir.join(BEFORE);
    match std::fs::remove_file(&before) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(failed("removing", before)(error));
        }
        Ok(()) | Err(_) => {}
    }
    let mut unlinked = 0;
    let mut files = Files { data_dir, current: None, folders: BTreeSet::new() };
    loop {
        match backup.next()? {
            Piece::Records(tag, bytes) => unlinked += write_records(&shared, tag, &bytes)?,
            Piece::File(path) => files.begin(path)?,
            Piece::Bytes(bytes) => files.more(&bytes)?,
            Piece::End => break,
        }
        progress(backup.about(), backup.contents());
    }
    files.end()?;
    doubt(data_dir, changed, Timestamp(backup.about().at))?;
    let forgotten = match seals {
        Some(seals) => other_keys::settle(&shared.db, &shared.meta, seals)?,
        // Whichever it gets: they are looked at when they are there.
        None => {
            shared.meta.insert(format::OTHER_KEYS, []).map_err(StoreError::from)?;
            for known in [format::NEWEST_KEY, format::KEY_CHANGES] {
                shared.meta.remove(known).map_err(StoreError::from)?;
            }
            0
        }
    };
    shared.meta.insert(IDENTITY, ulid::Ulid::new().to_bytes()).map_err(StoreError::from)?;
    shared.db.persist(PersistMode::SyncAll).map_err(StoreError::from)?;
    drop(shared);
    folder::sync_all(unfinished)?;
    Ok(Filled { forgotten, unlinked })
}

/// What rooms were shown of people, and whether these were asked first, is known until the backup was made. Where the keys tell that it has changed
/// since, or cannot tell it, for there are none or they are an older copy, it is not known until then: of what was said before, nothing goes where its author has not allowed it.
fn doubt(data_dir: &Path, changed: Option<Timestamp>, backed_up: Timestamp) -> Result<(), BackupError> {
    if changed.is_some_and(|changed| changed < backed_up) {
        return Ok(());
    }
    let (path, until) = (data_dir.join(BEFORE), changed.unwrap_or_else(Timestamp::now));
    let known: Before = match std::fs::read(&path) {
        Ok(bytes) => serde_json::from_slice(&bytes).unwrap_or_default(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Before::default(),
        Err(error) => return Err(failed("reading", path)(error)),
    };
    let json = serde_json::to_vec(&known.unknown_until(until)).map_err(io::Error::other)?;
    Ok(folder::write_private(&path, &json)?)
}

/// Answers how many accounts were linked to others. Whoever has unlinked theirs since is not to be shown by another's name: no link is restored.
fn write_records(shared: &Shared, tag: u8, bytes: &[u8]) -> Result<u64, StoreError> {
    let keyspaces = shared.keyspaces().into_iter().zip(form::KEYSPACES);
    let keyspace =
        keyspaces.into_iter().find_map(|(keyspace, (known, _))| (known == tag).then_some(keyspace));
    // The reader gives out known keyspaces and whole records only.
    let (Some(keyspace), Some(records)) = (keyspace, form::records(bytes)) else { return Ok(0) };
    let (mut batch, mut unlinked) = (shared.db.batch(), 0);
    for (key, value) in records {
        match tag == b'm' && key.starts_with(keys::LINKED_PREFIX) {
            true => unlinked += 1,
            false => batch.insert(keyspace, key, value),
        }
    }
    batch.commit()?;
    Ok(unlinked)
}

/// Files that are being restored, one after the other.
struct Files<'a> {
    data_dir: &'a Path,
    current: Option<(PathBuf, Whole)>,
    folders: BTreeSet<PathBuf>,
}

impl Files<'_> {
    fn begin(&mut self, place: PathBuf) -> Result<(), BackupError> {
        self.end()?;
        let path = self.data_dir.join(&place);
        if place == Path::new(TOKENS) && path.exists() {
            return Ok(());
        }
        let parent = path.parent().unwrap_or(self.data_dir).to_owned();
        if !self.folders.contains(&parent) {
            folder::make_private_dir(&parent)?;
            self.folders.insert(parent);
        }
        self.current = Some((path.clone(), Whole::replacing(&path)?));
        Ok(())
    }

    fn more(&mut self, bytes: &[u8]) -> Result<(), BackupError> {
        let Some((path, whole)) = &mut self.current else { return Ok(()) };
        whole.write_all(bytes).map_err(failed("writing", path.as_path()))
    }

    fn end(&mut self) -> Result<(), BackupError> {
        self.current.take().map_or(Ok(()), |(_, whole)| whole.finish())
    }
}

//! A state directory from a backup.

use super::read::{Checked, Piece, Reader};
use super::write::{TOKENS, Whole};
use super::{About, BackupError, Contents, failed, form};
use crate::consent::{Entry, History};
use crate::store::erase::Erased;
use crate::store::records::Record;
use crate::store::seals::{Gone, Master, Seals, knows_more};
use crate::store::shared::{IDENTITY, Opening, Shared};
use crate::store::{StoreError, folder, format, keys};
use fjall::PersistMode;
use relay_contract::Timestamp;
use secrecy::SecretString;
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufReader, Write};
use std::path::{Path, PathBuf};

/// Bytes read from the disk at a time.
const AHEAD: usize = 1 << 20;

/// What was restored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// What was read.
    pub checked: Checked,
    /// Whether there are keys for what is sealed in it; without any, it cannot be started.
    pub has_keys: bool,
    /// People who were forgotten after it was made, and are again.
    pub forgotten: u64,
    /// When the copy of the keys was made: what people have said about themselves since is not known. None without a copy.
    pub keys_of: Option<Timestamp>,
}

/// What is needed to read what is sealed in a backup.
pub struct WithKeys<'a> {
    /// A copy that `relay keys backup` has made; the state directory's own keys alone where none.
    pub copy: Option<&'a Path>,
    /// What wraps both, where the config names it; else the state directory's own.
    pub master_key: Option<SecretString>,
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
    let checked = open(backup)?.check(progress)?;
    folder::make_private_dir(data_dir)?;
    let _sole = folder::lock(data_dir)?;
    vacant()?;
    let unfinished = data_dir.join("ledger.unfinished");
    folder::remove(&unfinished)?;
    // Before anything is written: a copy that does not fit is found out now.
    let (seals, keys_of) = seals(data_dir, keys)?;
    let forgotten = match fill(open(backup)?, data_dir, &unfinished, seals.as_ref(), progress) {
        Ok(forgotten) => forgotten,
        Err(error) => {
            folder::remove(&unfinished)?;
            return Err(error);
        }
    };
    folder::rename(&unfinished, &ledger)?;
    Ok(Restored { checked, has_keys: seals.is_some(), forgotten, keys_of })
}

/// The keys that there are, those of a copy among them, and when that was made.
fn seals(data_dir: &Path, keys: &WithKeys<'_>) -> Result<(Option<Seals>, Option<Timestamp>), BackupError> {
    let has_own = data_dir.join(crate::store::KEYS).exists();
    let copy = keys.copy.map(|copy| std::fs::read(copy).map_err(failed("reading", copy))).transpose()?;
    if !has_own && copy.is_none() {
        return Ok((None, None));
    }
    let master = match &keys.master_key {
        Some(key) => Master::given(key)?,
        None => Master::own_that_is_there(data_dir)?,
    };
    let mut keys_of = None;
    if let Some(copy) = &copy {
        // Nothing is made where it does not fit.
        let told = Seals::check(copy, &master)?;
        keys_of = told.or_else(|| keys.copy.and_then(written));
    }
    let seals = Seals::open(data_dir, master.clone(), false, None)?;
    if let Some(copy) = copy {
        seals.merge(&copy, &master)?;
    }
    Ok((Some(seals), keys_of))
}

/// When a file was written last: an older Relay's copy of the keys does not tell when it was made.
fn written(path: &Path) -> Option<Timestamp> {
    let at = std::fs::metadata(path).and_then(|about| about.modified()).ok()?;
    let since = at.duration_since(std::time::UNIX_EPOCH).ok()?;
    i64::try_from(since.as_millis()).ok().map(Timestamp)
}

/// What people have said about themselves since the backup was made holds again, and whoever was forgotten is again at the next start;
/// nothing of theirs can be read already. Answers how many those are.
fn replay(shared: &Shared, seals: &Seals) -> Result<u64, StoreError> {
    let mut batch = shared.db.batch();
    let mut count = 0;
    for Gone { person, at, .. } in seals.gone() {
        let key = keys::erasure(person.as_str());
        let known = shared.meta.get(&key)?.map(|bytes| Erased::decode(&bytes)).transpose()?;
        if known.is_none_or(|known| known.asked < at) {
            count += 1;
            batch.insert(&shared.meta, key, Erased { asked: at, ..Erased::default() }.encode()?);
        }
    }
    for (person, words) in seals.words() {
        let stored: Vec<_> = shared
            .meta
            .prefix(keys::consent_of(person.as_str()))
            .map(|entry| entry.into_inner().map_err(StoreError::from))
            .collect::<Result<_, _>>()?;
        let known = stored.iter().map(|(_, value)| Entry::decode(value)).collect::<Result<Vec<_>, _>>()?;
        if !knows_more(&words, &known) {
            continue;
        }
        for (key, _) in stored {
            batch.remove(&shared.meta, key);
        }
        for (number, entry) in (0..).zip(History::brought_back(&known, words)) {
            batch.insert(&shared.meta, keys::consent(person.as_str(), number), entry.encode()?);
        }
    }
    // The keys may be older than the ledger.
    batch.remove(&shared.meta, format::NEWEST_KEY);
    batch.commit()?;
    Ok(count)
}

fn open(backup: &Path) -> Result<Reader<BufReader<File>>, BackupError> {
    Reader::new(BufReader::with_capacity(AHEAD, File::open(backup).map_err(failed("opening", backup))?))
}

fn fill(
    mut backup: Reader<BufReader<File>>,
    data_dir: &Path,
    unfinished: &Path,
    seals: Option<&Seals>,
    progress: &mut dyn FnMut(&About, Contents),
) -> Result<u64, BackupError> {
    let shared = Shared::open(unfinished, true, Opening::Closed)?;
    // Whether it is sealed is told by what comes.
    shared.meta.remove(format::SEALED_KEY).map_err(StoreError::from)?;
    let mut files = Files { data_dir, current: None, folders: BTreeSet::new() };
    loop {
        match backup.next()? {
            Piece::Records(tag, bytes) => write_records(&shared, tag, &bytes)?,
            Piece::File(path) => files.begin(path)?,
            Piece::Bytes(bytes) => files.more(&bytes)?,
            Piece::End => break,
        }
        progress(backup.about(), backup.contents());
    }
    files.end()?;
    let forgotten = seals.map_or(Ok(0), |seals| replay(&shared, seals))?;
    shared.meta.insert(IDENTITY, ulid::Ulid::new().to_bytes()).map_err(StoreError::from)?;
    shared.db.persist(PersistMode::SyncAll).map_err(StoreError::from)?;
    drop(shared);
    folder::sync_all(unfinished)?;
    Ok(forgotten)
}

fn write_records(shared: &Shared, tag: u8, bytes: &[u8]) -> Result<(), StoreError> {
    let keyspaces = shared.keyspaces().into_iter().zip(form::KEYSPACES);
    let keyspace =
        keyspaces.into_iter().find_map(|(keyspace, (known, _))| (known == tag).then_some(keyspace));
    // The reader gives out known keyspaces and whole records only.
    let (Some(keyspace), Some(records)) = (keyspace, form::records(bytes)) else { return Ok(()) };
    let mut batch = shared.db.batch();
    for (key, value) in records {
        batch.insert(keyspace, key, value);
    }
    Ok(batch.commit()?)
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
        self.current = Some((path.clone(), Whole::begin(&path)?));
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

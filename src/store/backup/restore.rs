//! A state directory from a backup.

use super::read::{Checked, Piece, Reader};
use super::write::{BEFORE, TOKENS, Whole};
use super::{About, BackupError, Contents, failed, form};
use crate::routing::Before;
use crate::store::seals::{Expected, Master, Seals, open_secrets};
use crate::store::shared::{IDENTITY, Opening, Shared};
use crate::store::{StoreError, audit, consent, folder, format, other_keys};
use fjall::PersistMode;
use relay_contract::Timestamp;
use secrecy::SecretString;
use std::collections::BTreeSet;
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
    /// People who were forgotten after it was made, and are again.
    pub forgotten: u64,
    /// When the copy of the keys was made: what people have said about themselves since is not known. None without a copy, and where it is the
    /// state directory's own file.
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
    let (checked, secrets) = look_through(open(backup)?, progress)?;
    folder::make_private_dir(data_dir)?;
    let _sole = folder::lock(data_dir)?;
    vacant()?;
    let unfinished = data_dir.join("ledger.unfinished");
    folder::remove(&unfinished)?;
    // Before anything is written: a copy that does not fit is found out now.
    let (seals, keys_of) = seals(data_dir, keys, &secrets)?;
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

/// The ledger's secrets, by their names, as a backup has them.
type Secrets = Vec<(Vec<u8>, Vec<u8>)>;

/// Checks a backup to its end, and answers what tells which keys it was written with.
fn look_through(
    mut backup: Reader<BufReader<File>>,
    progress: &mut dyn FnMut(&About, Contents),
) -> Result<(Checked, Secrets), BackupError> {
    let mut secrets = Secrets::new();
    loop {
        match backup.next()? {
            Piece::Records(b'm', bytes) => {
                let records = form::records(&bytes).unwrap_or_default().into_iter();
                let found = records.filter(|(key, _)| [consent::SECRET, audit::SECRET].contains(key));
                secrets.extend(found.map(|(key, value)| (key.to_vec(), value.to_vec())));
            }
            Piece::End => break,
            _ => {}
        }
        progress(backup.about(), backup.contents());
    }
    Ok((Checked { about: backup.about().clone(), contents: backup.contents() }, secrets))
}

/// The keys that there are, those of a copy among them, and when that was made. A copy of other keys is refused; those of another ledger that are
/// there are left as they are, until somebody says that it is to go on with them.
fn seals(
    data_dir: &Path,
    keys: &WithKeys<'_>,
    secrets: &[(Vec<u8>, Vec<u8>)],
) -> Result<(Option<Seals>, Option<Timestamp>), BackupError> {
    let read = |path: &Path| std::fs::read(path).map_err(failed("reading", path));
    let own = data_dir.join(crate::store::KEYS);
    let own = own.exists().then(|| read(&own)).transpose()?;
    let copy = keys.copy.map(read).transpose()?;
    if own.is_none() && copy.is_none() {
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
        // The file that is in use itself is not old, whenever it was written last: nothing has been said since.
        keys_of = told.or_else(|| keys.copy.and_then(written)).filter(|_| own.as_ref() != Some(copy));
    }
    if !open_secrets(data_dir, &master, [own.as_deref(), copy.as_deref()], secrets)? {
        return keys.copy.map_or(Ok((None, None)), |copy| Err(BackupError::OtherKeys(copy.to_owned())));
    }
    let seals = Seals::open(data_dir, master.clone(), &Expected::default())?;
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
    // What is there is of another ledger, or of a restore before this one; a backup may have none.
    let before = data_dir.join(BEFORE);
    match std::fs::remove_file(&before) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(failed("removing", before)(error));
        }
        Ok(()) | Err(_) => {}
    }
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
    doubt(data_dir, seals.and_then(Seals::changed), Timestamp(backup.about().at))?;
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
    Ok(forgotten)
}

/// What rooms were shown of people, and whether these were asked first, is known until the backup was made. Where the keys tell that it has changed
/// since, or tell nothing, it is not known until then: of what was said before, nothing goes where its author has not allowed it.
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

//! A state directory from a backup.

use super::read::{Checked, Piece, Reader};
use super::write::{TOKENS, Whole};
use super::{About, BackupError, Contents, failed, form};
use crate::store::shared::{IDENTITY, Shared};
use crate::store::{StoreError, folder};
use fjall::PersistMode;
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufReader, Write};
use std::path::{Path, PathBuf};

/// Bytes read from the disk at a time.
const AHEAD: usize = 1 << 20;

/// What was restored.
pub type Restored = Checked;

/// Restores a backup into a state directory that has no ledger. All of it is checked before anything is written, and again while it
/// is. The ledger gets its name last: what is cut off in the middle has restored nothing. Files that are there under the same names
/// are replaced, but for the API's tokens: those that are there know of what was taken back since. Blocks.
///
/// The ledger gets another identity, so that no mapping is taken for its own that knows more or less than it: one is made at the
/// next start.
pub fn restore(
    backup: &Path,
    data_dir: &Path,
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
    if let Err(error) = fill(open(backup)?, data_dir, &unfinished, progress) {
        folder::remove(&unfinished)?;
        return Err(error);
    }
    folder::rename(&unfinished, &ledger)?;
    Ok(checked)
}

fn open(backup: &Path) -> Result<Reader<BufReader<File>>, BackupError> {
    Reader::new(BufReader::with_capacity(AHEAD, File::open(backup).map_err(failed("opening", backup))?))
}

fn fill(
    mut backup: Reader<BufReader<File>>,
    data_dir: &Path,
    unfinished: &Path,
    progress: &mut dyn FnMut(&About, Contents),
) -> Result<(), BackupError> {
    let shared = Shared::open(unfinished, true)?;
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
    shared.meta.insert(IDENTITY, ulid::Ulid::new().to_bytes()).map_err(StoreError::from)?;
    shared.db.persist(PersistMode::SyncAll).map_err(StoreError::from)?;
    drop(shared);
    Ok(folder::sync_all(unfinished)?)
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

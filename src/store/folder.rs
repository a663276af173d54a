//! Folders that are still there after a power cut: a file's sync does not promise its name, nor its folder's.

use super::StoreError;
use std::fs::{File, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Makes a directory that only this user can enter, or narrows one that exists.
pub fn make_private_dir(path: &Path) -> Result<(), StoreError> {
    use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
    // The first that exists already: its new entry is what leads to all others.
    let standing = path.ancestors().find(|folder| folder.is_dir());
    if !path.is_dir() {
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .map_err(|e| failed("making the state directory", path, &e))?;
    }
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o700))
        .map_err(|e| failed("setting the state directory's mode to 0700", path, &e))?;
    for folder in path.ancestors() {
        if folder == path || folder.as_os_str().is_empty() {
            continue;
        }
        // A parent that may not be read was not made here.
        if let Err(e) = sync(folder)
            && e.kind() != io::ErrorKind::PermissionDenied
        {
            return Err(failed("syncing the state directory's parent", folder, &e));
        }
        if Some(folder) == standing {
            break;
        }
    }
    Ok(())
}

/// Syncs a directory and all directories and files below it, so that names and contents stay.
pub fn sync_all(path: &Path) -> Result<(), StoreError> {
    let of = |e: io::Error| failed("syncing a directory", path, &e);
    for entry in path.read_dir().map_err(of)? {
        let entry = entry.map_err(of)?;
        if entry.file_type().map_err(of)?.is_dir() {
            sync_all(&entry.path())?;
        } else {
            sync(&entry.path()).map_err(of)?;
        }
    }
    sync(path).map_err(of)
}

/// Renames within a directory, and makes it stay.
pub fn rename(from: &Path, to: &Path) -> Result<(), StoreError> {
    std::fs::rename(from, to).map_err(|e| failed("renaming", from, &e))?;
    // A bare name is in the directory that the process is in.
    let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    sync(folder).map_err(|e| failed("syncing a directory", folder, &e))
}

/// Lets two names in a directory change places in one step, and makes it stay.
pub fn exchange(one: &Path, other: &Path) -> Result<(), StoreError> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE)
        .map_err(|e| failed("exchanging", one, &e.into()))?;
    let folder = other.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    sync(folder).map_err(|e| failed("syncing a directory", folder, &e))
}

/// Removes a directory with all that is in it, if it is there.
pub fn remove(path: &Path) -> Result<(), StoreError> {
    match std::fs::remove_dir_all(path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => {
            Err(failed("removing what was not finished", path, &e))
        }
        _ => Ok(()),
    }
}

/// Keeps other processes out of a directory that do the same, until it is dropped.
pub fn lock(path: &Path) -> Result<File, StoreError> {
    let folder = File::open(path).map_err(|e| failed("opening the state directory", path, &e))?;
    match folder.try_lock() {
        Ok(()) => Ok(folder),
        Err(TryLockError::WouldBlock) => Err(StoreError::Locked(path.to_owned())),
        Err(TryLockError::Error(e)) => Err(failed("locking the state directory", path, &e)),
    }
}

/// Whether a process has the ledger of a state directory open. Changes nothing.
pub fn is_in_use(data_dir: &Path) -> bool {
    // The library's own lock: a shared one is enough to ask, and is given back at once.
    let lock = File::open(data_dir.join("ledger").join("lock"));
    lock.is_ok_and(|lock| matches!(lock.try_lock_shared(), Err(TryLockError::WouldBlock)))
}

/// Writes a small file so that after a power cut it has the old content or the new.
pub fn write_whole(path: &Path, content: &str) -> Result<(), StoreError> {
    let unfinished = path.with_added_extension("unfinished");
    let written = File::create(&unfinished).and_then(|mut file| {
        file.write_all(content.as_bytes())?;
        file.sync_all()
    });
    written.map_err(|e| failed("writing", &unfinished, &e))?;
    rename(&unfinished, path)
}

/// Writes a file that only this user can read, so that after a power cut it has the old content or the new.
pub fn write_private(path: &Path, content: &[u8]) -> Result<(), StoreError> {
    rename(&prepare_private(path, content)?, path)
}

/// The first half of it: the content is on disk under another name, which is answered, and what bears the name is as it was.
pub fn prepare_private(path: &Path, content: &[u8]) -> Result<PathBuf, StoreError> {
    let unfinished = path.with_added_extension("unfinished");
    let written = create_private(&unfinished).and_then(|mut file| {
        file.write_all(content)?;
        file.sync_all()
    });
    written.map_err(|e| failed("writing", &unfinished, &e))?;
    Ok(unfinished)
}

/// A new file that only this user can read, in the place of one that was not finished.
pub fn create_private(unfinished: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    // One that others may read, or that leads elsewhere, is not written into.
    let _ = std::fs::remove_file(unfinished);
    File::options().write(true).create_new(true).mode(0o600).open(unfinished)
}

/// Of a directory or a file.
fn sync(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// The system's refusal, with the path.
pub fn failed(what: &'static str, path: &Path, why: &io::Error) -> StoreError {
    if super::is_full(why) {
        return StoreError::Full(format!("{what} ({}): {why}", path.display()));
    }
    StoreError::Io { what, path: path.to_owned(), why: why.to_string() }
}

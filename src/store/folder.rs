//! Folders that are still there after a power cut: a file's sync does not promise its name, nor its folder's.

use super::StoreError;
use std::fs::File;
use std::io;
use std::path::Path;

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

/// Syncs a directory and all below it, so that every name in them stays.
pub fn sync_all(path: &Path) -> Result<(), StoreError> {
    let of = |e: io::Error| failed("syncing a directory", path, &e);
    for entry in path.read_dir().map_err(of)? {
        let entry = entry.map_err(of)?;
        if entry.file_type().map_err(of)?.is_dir() {
            sync_all(&entry.path())?;
        }
    }
    sync(path).map_err(of)
}

fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

fn failed(what: &'static str, path: &Path, why: &io::Error) -> StoreError {
    StoreError::Io { what, path: path.to_owned(), why: why.to_string() }
}

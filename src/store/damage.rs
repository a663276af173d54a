//! Damage that fjall would take for something that was never finished.

use super::{StoreError, folder, has_said};
use std::io::ErrorKind;
use std::path::Path;

/// What was in it is gone.
pub fn emptied(ledger: &Path) -> StoreError {
    StoreError::Io {
        what: "reading the ledger",
        path: ledger.to_owned(),
        why: "there is nothing in it, though there was: its journal is gone or was cut to nothing. Bring back a backup with `relay restore`; \
              to begin anew, with nothing that was said, move the folder away"
            .into(),
    }
}

/// fjall cannot open it. Its words are of its own inside.
pub fn unreadable(ledger: &Path, error: &fjall::Error) -> StoreError {
    let why = match has_said(error, &[ErrorKind::ReadOnlyFilesystem, ErrorKind::PermissionDenied]) {
        true => format!(
            "{error}. It cannot be written, which opening it needs: do it as the user that Relay runs as, or with a copy on a disk that can be written"
        ),
        false => format!(
            "{error}. If the disk is well, its files are damaged: bring back a backup with `relay restore`"
        ),
    };
    StoreError::Io { what: "opening the ledger", path: ledger.to_owned(), why }
}

/// Refuses a ledger in which a keyspace has lost the file that says what belongs to it: fjall would take the keyspace for one that was never
/// finished, and remove it with all that is in it.
pub fn whole_keyspaces(ledger: &Path) -> Result<(), StoreError> {
    let Ok(folders) = ledger.join("keyspaces").read_dir() else { return Ok(()) };
    for folder in folders {
        let folder = folder.map_err(|e| folder::failed("listing", ledger, &e))?.path();
        let current = folder.join("current");
        // Its contents by number: `v0`, `v1` …
        let versions = |name: std::ffi::OsString| {
            let name = name.to_string_lossy().into_owned();
            name.strip_prefix('v').is_some_and(|number| number.parse::<u64>().is_ok())
        };
        let used = folder.read_dir().is_ok_and(|mut entries| {
            entries.any(|entry| entry.is_ok_and(|entry| versions(entry.file_name())))
        });
        if used && !current.exists() {
            return Err(StoreError::Io {
                what: "reading the ledger",
                path: current,
                why: "it is gone, and the disk may be damaged: bring back a backup with `relay restore`. If this Relay was killed in its very \
                      first start after an upgrade, removing the folder is enough"
                    .into(),
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_written_is_not_called_damaged() {
        let said = |kind: ErrorKind| unreadable(Path::new("l"), &fjall::Error::Io(kind.into())).to_string();
        for kind in [ErrorKind::ReadOnlyFilesystem, ErrorKind::PermissionDenied] {
            assert!(
                said(kind).contains("cannot be written") && !said(kind).contains("damaged"),
                "{}",
                said(kind)
            );
        }
        assert!(said(ErrorKind::InvalidData).contains("damaged"));
    }
}

//! Where a file that somebody wants may be written: not among what a Relay keeps, and in the place of its own kind alone.

use super::{BackupError, MAGIC};
use crate::store::seals;
use serde_json::Value;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// The most that is read of a file to tell what it is.
const BEGINS: u64 = 64 * 1024;

/// What a file is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The ledger: `relay backup`.
    Backup,
    /// The keys: `relay keys backup`.
    Keys,
    /// The log of what has left: `relay audit export`.
    Audit,
    /// What is kept of a person: `relay export`.
    Person,
}

impl Kind {
    /// An older one, in words.
    pub fn older(self) -> &'static str {
        match self {
            Self::Backup => "an older backup",
            Self::Keys => "an older copy of the keys",
            Self::Audit => "an older export of the audit",
            Self::Person => "an older export of what is kept of a person",
        }
    }

    /// Whether a file that begins like this is of this kind, whichever Relay made it.
    fn is(self, begins: &[u8]) -> bool {
        let first = || serde_json::from_slice::<Value>(begins).unwrap_or_default();
        match self {
            Self::Backup => begins.starts_with(&MAGIC[..8]),
            Self::Keys => begins.starts_with(&seals::MAGIC[..9]),
            Self::Audit => first()["from"].is_u64() && first()["prev"].is_string(),
            Self::Person => first()["what"] == "about",
        }
    }
}

/// A folder is none; a pipe or a device is not put aside for a file.
pub(super) fn must_be_file(path: &Path) -> Result<(), BackupError> {
    if path.is_dir() || path.as_os_str().as_bytes().ends_with(b"/") {
        return Err(BackupError::Folder(path.to_owned()));
    }
    match path.metadata() {
        Ok(there) if !there.is_file() => Err(BackupError::Special(path.to_owned())),
        _ => Ok(()),
    }
}

/// Nothing but an empty file and one of this kind gives way.
pub(super) fn must_be_free(path: &Path, kind: Kind) -> Result<(), BackupError> {
    let gives_way = match begins(path) {
        Ok(begins) => begins.is_empty() || kind.is(&begins),
        Err(error) => error.kind() == io::ErrorKind::NotFound,
    };
    match gives_way {
        true => Ok(()),
        false => Err(BackupError::Taken(path.to_owned(), kind.older())),
    }
}

/// The beginning of a file, up to the end of its first line.
fn begins(path: &Path) -> io::Result<Vec<u8>> {
    let mut begins = Vec::new();
    BufReader::new(File::open(path)?.take(BEGINS)).read_until(b'\n', &mut begins)?;
    Ok(begins)
}

/// A state directory holds what Relay keeps and nothing else, that of another Relay too.
pub(super) fn must_be_elsewhere(path: &Path, data_dir: &Path) -> Result<(), BackupError> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // A folder that is not there has nothing in it.
    let Ok(folder) = folder.canonicalize() else { return Ok(()) };
    let is_own = data_dir.canonicalize().is_ok_and(|data_dir| folder.starts_with(data_dir));
    let is_others = folder.ancestors().any(|folder| folder.join("ledger").join("lock").is_file());
    match is_own || is_others {
        true => Err(BackupError::Kept(path.to_owned())),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_knows_its_own_alone() {
        let kinds = [Kind::Backup, Kind::Keys, Kind::Audit, Kind::Person];
        let begun: [(&[u8], Option<Kind>); 6] = [
            (MAGIC, Some(Kind::Backup)),
            (seals::MAGIC, Some(Kind::Keys)),
            (b"{\"from\":1,\"prev\":\"\"}\n", Some(Kind::Audit)),
            (b"{\"person\":\"p\",\"what\":\"about\",\"written\":\"w\"}\n", Some(Kind::Person)),
            (b"{\"what\":\"choice\"}\n", None),
            (b"RELAY", None),
        ];
        for (begins, of) in begun {
            for kind in kinds {
                assert_eq!(kind.is(begins), of == Some(kind), "{kind:?}: {begins:?}");
            }
        }
    }
}

//! Whether what is kept can be opened, without opening it: for who looks at a state directory that nothing runs with.

use super::file::KeyFile;
use super::known::Known;
use super::{KEYS, Master, Seals};
use crate::store::shared::expected_of;
use crate::store::{StoreError, folder};
use secrecy::SecretString;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::RwLock;

/// Whether there is a file of keys without Relay's own master key beside it: where the config names none, nothing can open it.
pub fn lacks_its_master(data_dir: &Path) -> bool {
    data_dir.join(KEYS).exists() && !Master::place(data_dir).exists()
}

/// Whether the file of keys is there where it must be, the master key opens it, and it has the key that the ledger has made last. Changes
/// nothing. Blocks.
pub fn look(data_dir: &Path, given: Option<&SecretString>) -> Result<(), StoreError> {
    let path = data_dir.join(KEYS);
    let named = given.map(Master::given).transpose()?;
    let own = Master::own_if_there(data_dir)?;
    let bytes = match std::fs::read(&path) {
        Ok(bytes) => bytes,
        // A ledger from before words were sealed has neither; the next start makes both.
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            let sealed = data_dir.join("ledger").exists() && (given.is_some() || own.is_some());
            return if sealed { Err(StoreError::NoKeys(path)) } else { Ok(()) };
        }
        Err(error) => return Err(folder::failed("reading the keys", &path, &error)),
    };
    let masters: Vec<Master> = match named {
        // Relay's own one opens it once more, and the given one takes its place.
        Some(named) => std::iter::once(named).chain(own).collect(),
        None => vec![Master::own_that_is_there(data_dir)?],
    };
    let expected = expected_of(&data_dir.join("ledger"));
    let mut refused = StoreError::OtherMaster(path.clone());
    for master in &masters {
        match KeyFile::look(&path, &bytes, master, &expected) {
            Ok(()) => return Ok(()),
            Err(StoreError::OtherMaster(_)) => {}
            Err(StoreError::DamagedKeys { at, .. }) => {
                refused = StoreError::DamagedKeys { path: path.clone(), at };
            }
            Err(other) => return Err(other),
        }
    }
    Err(refused)
}

/// Whether files of keys, taken together, open the secrets of a ledger, by their names: else they are another's. The state directory's own master
/// key may open one of them, too. Changes nothing. Blocks.
pub(in crate::store) fn open_secrets(
    data_dir: &Path,
    master: &Master,
    files: [Option<&[u8]>; 2],
    secrets: &[(Vec<u8>, Vec<u8>)],
) -> Result<bool, StoreError> {
    let mut known = Known::default();
    for file in files.into_iter().flatten() {
        let facts = match (KeyFile::read(file, master), Master::own_if_there(data_dir)?) {
            (Err(StoreError::OtherMaster(_)), Some(own)) => KeyFile::read(file, &own),
            (read, _) => read,
        };
        let mut theirs = Known::default();
        facts?.0.into_iter().for_each(|fact| theirs.learn(fact));
        known.join(theirs);
    }
    let seals = Seals { known: RwLock::new(known), ..Seals::closed() };
    Ok(secrets.iter().all(|(name, secret)| seals.opens_secret(name, secret)))
}

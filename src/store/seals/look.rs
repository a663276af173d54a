//! Whether what is kept can be opened, without opening it: for who looks at a state directory that nothing runs with.

use super::file::KeyFile;
use super::known::Known;
use super::{KEYS, KeyNumber, Master, Seals};
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

/// Files of keys as they are if taken together.
pub(in crate::store) struct Together {
    seals: Seals,
    /// The second tells nothing that the first does not.
    pub(in crate::store) second_adds_nothing: bool,
}

/// Takes files of keys together. The state directory's own master key may open one of them, too. Changes nothing. Blocks.
pub(in crate::store) fn together(
    data_dir: &Path,
    master: &Master,
    [first, second]: [Option<&[u8]>; 2],
) -> Result<Together, StoreError> {
    let read = |file: &[u8]| -> Result<Known, StoreError> {
        let facts = match (KeyFile::read(file, master), Master::own_if_there(data_dir)?) {
            (Err(StoreError::OtherMaster(_)), Some(own)) => KeyFile::read(file, &own),
            (read, _) => read,
        };
        let mut known = Known::default();
        facts?.0.into_iter().for_each(|fact| known.learn(fact));
        Ok(known)
    };
    let (mut known, second) =
        (first.map(read).transpose()?.unwrap_or_default(), second.map(read).transpose()?);
    let second_adds_nothing = second.as_ref().is_none_or(|second| known.knows_all_of(second));
    second.into_iter().for_each(|second| known.join(second));
    let seals = Seals { known: RwLock::new(known), ..Seals::closed() };
    Ok(Together { seals, second_adds_nothing })
}

impl Together {
    /// Whether they open the secrets of a ledger, by their names: else they are another's.
    pub(in crate::store) fn open_all(&self, secrets: &[(Vec<u8>, Vec<u8>)]) -> bool {
        secrets.iter().all(|(name, secret)| self.seals.opens_secret(name, secret))
    }

    /// Whether a key is missing, and was not destroyed.
    pub(in crate::store) fn lack(&self, number: KeyNumber) -> bool {
        self.seals.lacks(number)
    }
}

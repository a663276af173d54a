//! The master key: what wraps the key of the file of keys. From a systemd credential, a file or the environment, where the config says so;
//! else a file of Relay's own in the state directory, mode 0600.

use super::super::{StoreError, folder};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use ring::{digest, hkdf};
use secrecy::{ExposeSecret, SecretString};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// The name of Relay's own one in a state directory.
const OWN: &str = "master.key";
/// The least that a master key may have, in characters: 32 are 128 bits even where they are hexadecimal.
const LEAST: usize = 32;

/// A master key.
#[derive(Clone)]
pub struct Master {
    key: Zeroizing<[u8; 32]>,
    home: Home,
}

/// Where a master key comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Home {
    /// A file that Relay has made, and may write anew.
    Own(PathBuf),
    /// The config names it.
    Given,
}

impl std::fmt::Debug for Master {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Master").field("home", &self.home).finish_non_exhaustive()
    }
}

impl Master {
    /// The one that the config names.
    pub fn given(secret: &SecretString) -> Result<Self, StoreError> {
        Self::of(secret.expose_secret(), Home::Given)
    }

    /// Relay's own one of a state directory, which is made where there is none and there are no keys that another has wrapped.
    pub fn own(data_dir: &Path) -> Result<Self, StoreError> {
        folder::make_private_dir(data_dir)?;
        if data_dir.join(super::KEYS).exists() {
            return Self::own_that_is_there(data_dir);
        }
        Self::at(&data_dir.join(OWN))
    }

    /// Where Relay's own one of a state directory is.
    pub(super) fn place(data_dir: &Path) -> PathBuf {
        data_dir.join(OWN)
    }

    /// Relay's own one of a state directory.
    pub(in crate::store) fn own_that_is_there(data_dir: &Path) -> Result<Self, StoreError> {
        Self::own_if_there(data_dir)?.ok_or_else(|| StoreError::NoMaster(data_dir.join(OWN)))
    }

    /// Relay's own one of a state directory, where there is one.
    pub(super) fn own_if_there(data_dir: &Path) -> Result<Option<Self>, StoreError> {
        let path = data_dir.join(OWN);
        if path.exists() { Self::at(&path).map(Some) } else { Ok(None) }
    }

    /// The one in a file, which is made where it is not there.
    pub fn at(path: &Path) -> Result<Self, StoreError> {
        match std::fs::read_to_string(path) {
            Ok(text) => Self::of(text.trim(), Home::Own(path.to_owned())).map_err(|error| match error {
                StoreError::WeakMaster { .. } => StoreError::DamagedMaster(path.to_owned()),
                other => other,
            }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let text = made()?;
                keep_at(path, &text)?;
                Self::of(&text, Home::Own(path.to_owned()))
            }
            Err(error) => Err(folder::failed("reading the master key", path, &error)),
        }
    }

    /// Another one, which is still to be written where this one is.
    pub(super) fn another(&self) -> Result<Option<(Self, Zeroizing<String>)>, StoreError> {
        let Home::Own(_) = &self.home else { return Ok(None) };
        let text = made()?;
        Ok(Some((Self::of(&text, self.home.clone())?, text)))
    }

    /// Writes it where it is kept.
    pub(super) fn keep(&self, text: &str) -> Result<(), StoreError> {
        match &self.home {
            Home::Own(path) => keep_at(path, text),
            Home::Given => Ok(()),
        }
    }

    fn of(text: &str, home: Home) -> Result<Self, StoreError> {
        if text.chars().count() < LEAST {
            return Err(StoreError::WeakMaster { least: LEAST });
        }
        let broken = || StoreError::Engine("the master key cannot be used".into());
        let salt = hkdf::Salt::new(hkdf::HKDF_SHA256, b"relay master key 1");
        let mut key = Zeroizing::new([0; 32]);
        salt.extract(text.as_bytes())
            .expand(&[b"wrap"], hkdf::HKDF_SHA256)
            .and_then(|wrap| wrap.fill(key.as_mut_slice()))
            .map_err(|_| broken())?;
        Ok(Self { key, home })
    }

    /// The key itself.
    pub(super) fn key(&self) -> &[u8; 32] {
        &self.key
    }

    /// By which a file of keys knows it, and which tells nothing of it.
    pub(super) fn mark(&self) -> [u8; 8] {
        let mut context = digest::Context::new(&digest::SHA256);
        context.update(b"relay master mark\0");
        context.update(self.key.as_slice());
        let sum = context.finish();
        sum.as_ref().first_chunk().copied().unwrap_or_default()
    }

    /// Where it comes from, in words.
    pub(super) fn in_words(&self) -> String {
        match &self.home {
            Home::Own(path) => path.display().to_string(),
            Home::Given => "given by the config (`master_key`)".to_owned(),
        }
    }

    /// Whether whoever copies the folder of this file has it too.
    pub(super) fn lies_beside(&self, file: &Path) -> bool {
        matches!(&self.home, Home::Own(path) if path.parent() == file.parent())
    }

    /// Where it comes from.
    pub(super) fn home(&self) -> &Home {
        &self.home
    }
}

fn made() -> Result<Zeroizing<String>, StoreError> {
    let bytes = Zeroizing::new(super::random::<32>()?);
    Ok(Zeroizing::new(STANDARD_NO_PAD.encode(bytes.as_slice())))
}

fn keep_at(path: &Path, text: &str) -> Result<(), StoreError> {
    let line = Zeroizing::new([text.as_bytes(), b"\n"].concat());
    folder::write_private(path, &line)
}

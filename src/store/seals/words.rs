//! What is sealed beside whole records: words in them, names that are looked for, secrets.

use super::file::KeyFile;
use super::{Inside, Seals, is_sealed, random};
use crate::store::StoreError;
use crate::store::records::Record;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use fjall::Keyspace;
use ring::hmac;
use serde::{Deserialize, Serialize};
use std::sync::{Mutex, PoisonError};

/// How words begin that are covered.
const COVERED: char = '\u{1}';
const WORDS: &str = "words";

impl Seals {
    /// Words that are part of a record which is not sealed otherwise.
    pub(in crate::store) fn cover(&self, words: String) -> Result<String, StoreError> {
        if words.starts_with(COVERED) {
            return Ok(words);
        }
        let number = self.number_for(None)?;
        let sealed = self.seal_bytes(WORDS, 1, number, &[], words.as_bytes())?;
        Ok(format!("{COVERED}{}", STANDARD_NO_PAD.encode(sealed)))
    }

    /// What [`Self::cover`] made of words; others are as they are.
    pub(in crate::store) fn uncover(&self, words: String) -> Result<String, StoreError> {
        let Some(covered) = words.strip_prefix(COVERED) else { return Ok(words) };
        let sealed = STANDARD_NO_PAD.decode(covered).unwrap_or_default();
        Ok(match self.look_into(WORDS, &sealed, &[])? {
            Inside::Plain(_, words) => String::from_utf8_lossy(&words).into_owned(),
            Inside::Locked => "(cannot be read any more)".to_owned(),
        })
    }

    /// A word that tells nothing of what it was made of to whoever has not the keys, and is the same for the same.
    pub(in crate::store) fn blind(&self, what: &str, word: &str) -> Result<[u8; 16], StoreError> {
        let known = self.known();
        let key = known.common.and_then(|common| known.keys.get(&common)).ok_or(StoreError::Closed)?;
        let key = hmac::Key::new(hmac::HMAC_SHA256, &**key);
        let mut context = hmac::Context::with_key(&key);
        [b"blind\0".as_slice(), what.as_bytes(), b"\0", word.as_bytes()]
            .into_iter()
            .for_each(|part| context.update(part));
        let sum = context.sign();
        sum.as_ref().first_chunk().copied().ok_or(StoreError::Closed)
    }

    /// A secret of the ledger, made when it is first asked for. One that cannot be opened is never made anew: whoever is called by a pseudonym would
    /// be called by another one.
    pub(in crate::store) fn secret(&self, meta: &Keyspace, name: &[u8]) -> Result<[u8; 32], StoreError> {
        if self.is_closed() {
            return Ok([0; 32]);
        }
        let stored = meta.get(name)?;
        // As it was kept before anything was sealed.
        let plain = stored.as_deref().and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
        if let (Some(bytes), None) = (&stored, plain) {
            let opened = self.unseal::<Secret>(bytes, name)?.ok_or_else(|| self.too_old())?;
            return Ok(opened.0);
        }
        let secret = plain.map_or_else(random, Ok)?;
        meta.insert(name, self.seal(&Secret(secret), None, name)?)?;
        Ok(secret)
    }

    /// Whether a secret of a ledger, as it stands there under this name, can be opened.
    pub(super) fn opens_secret(&self, name: &[u8], bytes: &[u8]) -> bool {
        !is_sealed(bytes) || matches!(self.unseal::<Secret>(bytes, name), Ok(Some(_)))
    }

    /// Lets go of a secret whose key is lost: somebody has said that Relay is to go on without.
    pub(in crate::store) fn give_up_secret(&self, meta: &Keyspace, name: &[u8]) -> Result<(), StoreError> {
        match meta.get(name)? {
            Some(bytes) if self.misses(&bytes) => Ok(meta.remove(name)?),
            _ => Ok(()),
        }
    }

    fn too_old(&self) -> StoreError {
        let path =
            |file: &Mutex<KeyFile>| file.lock().unwrap_or_else(PoisonError::into_inner).path().to_owned();
        self.file.as_ref().map_or(StoreError::Closed, |file| StoreError::OlderKeys(path(file)))
    }
}

/// A secret of the ledger.
#[derive(Serialize, Deserialize)]
struct Secret([u8; 32]);

impl Record for Secret {
    const PLACE: &'static str = "secrets";
}

//! Hashes and secrets that names on disk and in links are made of.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::{digest, hmac};

/// SHA-256 of what is added.
pub struct Digest(digest::Context);

impl Default for Digest {
    fn default() -> Self {
        Self(digest::Context::new(&digest::SHA256))
    }
}

impl Digest {
    /// More bytes.
    pub fn add(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The hash.
    pub fn finish(self) -> [u8; 32] {
        let mut hash = [0; 32];
        // As long as SHA-256 is.
        hash.iter_mut().zip(self.0.finish().as_ref()).for_each(|(to, from)| *to = *from);
        hash
    }

    /// Of these bytes.
    pub fn of(bytes: &[u8]) -> [u8; 32] {
        let mut digest = Self::default();
        digest.add(bytes);
        digest.finish()
    }
}

/// Makes what nobody can guess out of what anybody may know.
pub struct Seal(hmac::Key);

impl Seal {
    /// From the store's own secret.
    pub fn new(secret: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, secret))
    }

    /// 160 bits, as 27 letters and digits that a URL takes.
    pub fn token(&self, of: &str) -> String {
        let tag = hmac::sign(&self.0, of.as_bytes());
        URL_SAFE_NO_PAD.encode(tag.as_ref().get(..20).unwrap_or_default())
    }
}

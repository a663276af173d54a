//! Where bytes are kept: files that no room takes, pictures of people, later archives. A folder is the first such place.

use crate::files::ByteStream;
use crate::ids::Timestamp;
use async_trait::async_trait;
use futures_core::stream::BoxStream;
use std::fmt;
use std::io;
use std::ops::Range;

/// The name of a blob: the SHA-256 of its bytes as 64 lower-case hexadecimal digits. The same bytes are one blob.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BlobId(String);

impl BlobId {
    /// From a digest.
    pub fn of_digest(digest: &[u8; 32]) -> Self {
        Self(digest.iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// From a stored record or the name of a file; `None` where it cannot be one.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        (text.len() == 64 && digits).then(|| Self(text.to_owned()))
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for BlobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A blob that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blob {
    /// Its name.
    pub id: BlobId,
    /// Bytes, exactly.
    pub size: u64,
    /// When it was put there last.
    pub at: Timestamp,
}

/// A place for bytes. Whatever happens, a blob is there wholly or not at all, and its bytes are those of its name.
///
/// Errors say in words that an admin can act on what is wrong; they name no URL. An error of the stream that is put comes back as it is.
#[async_trait]
pub trait BlobStore: Send + Sync + 'static {
    /// Keeps the bytes of a stream, with memory that does not depend on how many they are. When it returns, they survive a power cut.
    /// What is there already counts as put now.
    async fn put(&self, bytes: ByteStream) -> io::Result<Blob>;

    /// These of a blob's bytes; `NotFound` when it is not there.
    async fn open(&self, id: &BlobId, range: Range<u64>) -> io::Result<ByteStream>;

    /// How many bytes it has, if it is there.
    async fn size(&self, id: &BlobId) -> io::Result<Option<u64>>;

    /// Drops it. That it is not there is no error.
    async fn delete(&self, id: &BlobId) -> io::Result<()>;

    /// All that there are, in no order.
    async fn all(&self) -> io::Result<BoxStream<'static, io::Result<Blob>>>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        let name = BlobId::of_digest(&[0xab; 32]);
        assert_eq!(name.as_str(), "ab".repeat(32));
        assert_eq!(BlobId::parse(name.as_str()), Some(name));
        for no in ["", "ab", &"AB".repeat(32), &"../".repeat(22)[..64], &"ä".repeat(32)] {
            assert_eq!(BlobId::parse(no), None, "{no}");
        }
    }
}

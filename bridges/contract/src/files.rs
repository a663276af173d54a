//! Files: as a message bears them, where their bytes are, and as they are uploaded.

use bytes::Bytes;
use futures_core::future::BoxFuture;
use futures_core::stream::BoxStream;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

/// A file that came with a message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attachment {
    /// The file's name, or what it is (`photo`, `voice message`) when it has none.
    pub name: String,
    /// What it is to people.
    #[serde(default)]
    pub kind: FileKind,
    /// Its media type as the platform tells; not to be trusted.
    #[serde(default)]
    pub mime: Option<String>,
    /// Bytes, where the platform tells.
    pub size: Option<u64>,
    /// How the connector finds its bytes. Opaque, stored, never with a credential in it. `None` where they cannot be had.
    #[serde(default)]
    pub source: Option<String>,
    /// What it shows, in words, for those who cannot see it.
    #[serde(default)]
    pub alt: Option<String>,
    /// Hidden until the reader wants to see it.
    #[serde(default)]
    pub spoiler: bool,
    /// How long it plays, in seconds.
    #[serde(default)]
    pub seconds: Option<u32>,
}

impl Attachment {
    /// A file of which no more than its name is known.
    pub fn named(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            kind: FileKind::File,
            mime: None,
            size: None,
            source: None,
            alt: None,
            spoiler: false,
            seconds: None,
        }
    }
}

/// What a file is to people.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileKind {
    /// Anything.
    #[default]
    File,
    /// A still picture.
    Image,
    /// A moving picture without sound that plays by itself.
    Animation,
    /// A film.
    Video,
    /// Music and the like.
    Audio,
    /// Spoken into the platform's own client.
    Voice,
    /// A short round film.
    VideoNote,
    /// A sticker.
    Sticker,
}

/// Where the bytes of a file are right now.
#[derive(Debug, Clone)]
pub struct Located {
    /// An absolute `http` or `https` URL. May hold a credential.
    pub url: SecretString,
    /// The value of an `Authorization` header, sent to this URL's host only.
    pub authorization: Option<SecretString>,
    /// The host is one that the account's own settings name, or the platform's own API: it may have an address that is not
    /// public. Redirects from it may not.
    pub trusted: bool,
    /// An HTML page in answer is a login page or an error page, and not the file.
    pub never_html: bool,
    /// Bytes, where the platform tells only now.
    pub size: Option<u64>,
}

/// A stream of a file's bytes.
pub type ByteStream = BoxStream<'static, std::io::Result<Bytes>>;

/// Bytes that can be read again and again: each attempt at an upload opens them anew.
pub trait Content: Send + Sync {
    /// From the beginning.
    fn open(&self) -> BoxFuture<'static, std::io::Result<ByteStream>>;
}

/// A file ready to be uploaded.
#[derive(Clone)]
pub struct Upload {
    /// Its place among the message's files.
    pub index: u16,
    /// A name without a path, control characters or surprises.
    pub name: String,
    /// What it is to people.
    pub kind: FileKind,
    /// Its media type, as its bytes show.
    pub mime: String,
    /// Bytes, exactly.
    pub size: u64,
    /// Hidden until the reader wants to see it.
    pub spoiler: bool,
    /// What it shows, in words.
    pub alt: Option<String>,
    /// How long it plays, in seconds.
    pub seconds: Option<u32>,
    /// The bytes.
    pub content: Arc<dyn Content>,
}

impl fmt::Debug for Upload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upload")
            .field("index", &self.index)
            .field("name", &self.name)
            .field("kind", &self.kind)
            .field("mime", &self.mime)
            .field("size", &self.size)
            .finish_non_exhaustive()
    }
}

impl PartialEq for Upload {
    fn eq(&self, other: &Self) -> bool {
        (self.index, &self.name, self.size) == (other.index, &other.name, other.size)
            && Arc::ptr_eq(&self.content, &other.content)
    }
}

/// A file as it is known while a message is drafted: the bytes need not be there yet.
#[derive(Debug, Clone, PartialEq)]
pub struct FileDraft {
    /// Its place among the message's files.
    pub index: u16,
    /// What it is to people.
    pub kind: FileKind,
    /// Its media type.
    pub mime: String,
    /// Bytes.
    pub size: u64,
}

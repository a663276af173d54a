//! Files as bytes: fetched once, made safe, kept for a while, and given out: to a platform as a stream, or to people as a link.
//!
//! Everything that comes from outside comes through `fetch`; `intake` looks at it, cleans it and puts it into a [`BlobStore`]; `records` say
//! which file of which message became which blob. What fails is tried again here, alone: whoever wants the file waits as long as it
//! likes, and is told when it comes later. `sweep` keeps it all within its bounds.

mod address;
mod avatars;
mod clean;
mod digest;
pub mod fetch;
mod flights;
mod folder;
mod forget;
mod intake;
mod links;
mod names;
mod records;
mod server;
mod sniff;
mod sweep;
#[cfg(test)]
mod tests;
mod texts;
mod uploads;

pub use fetch::{Answered, FetchError, Sender, Unanswered};
pub use flights::{Failure, Fetched, FileKey};
pub use folder::Folder;
pub use forget::{Belongings, Links};
pub use intake::TakeError;
pub use links::LinkLine;
pub use records::GivenTo;
pub use sweep::Swept;

pub use crate::config::MediaSection as Settings;
pub(crate) use server::{file as answer, serve};
pub use uploads::{Brought, Taken};

use crate::config::MediaSection;
use digest::Seal;
use fetch::Fetcher;
use flights::Flights;
use futures::future::BoxFuture;
use records::{AvatarRecord, FileRecord, LinkRecord, Shelf, UploadRecord};
use relay_contract::{Attachment, BlobId, BlobStore, ByteStream, Content, FileKind, Upload};
use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

/// How many files are fetched at the same time.
const AT_ONCE: usize = 8;
/// How many pictures of people: they wait for no film.
const FACES_AT_ONCE: usize = 4;

/// Why the media store cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum MediaError {
    /// Its folder.
    #[error("the media store: {0}")]
    Io(#[from] io::Error),
    /// Its way out.
    #[error("the media store: {0}")]
    Fetch(#[from] FetchError),
}

/// Tells whether a delivery still needs a file.
pub type Needed = Box<dyn Fn(&FileKey) -> bool + Send + Sync>;

/// The media store. Cheap to clone.
#[derive(Clone)]
pub struct Media(Arc<Inner>);

struct Inner {
    settings: MediaSection,
    store: Arc<dyn BlobStore>,
    fetcher: Fetcher,
    files: Shelf<FileRecord>,
    links: Shelf<LinkRecord>,
    avatars: Shelf<AvatarRecord>,
    uploads: Shelf<UploadRecord>,
    seal: Seal,
    flights: Flights,
    faces: avatars::Faces,
    slots: Semaphore,
    face_slots: Semaphore,
    sweeping: Semaphore,
    /// Bytes in the store, as of the last sweep and what came since.
    used: std::sync::atomic::AtomicU64,
    held: Mutex<HashMap<BlobId, Weak<()>>>,
    needed: OnceLock<Needed>,
    pace: Vec<Duration>,
    stop: CancellationToken,
}

/// How the media store behaves beyond its settings; tests have less patience than people.
pub struct Habits {
    /// The way out.
    pub fetcher: Fetcher,
    /// How long is waited before each further attempt at a file.
    pub pace: Vec<Duration>,
    /// So many bytes of the disk are left free for what is said; 0 for none.
    pub least_free: u64,
}

impl Habits {
    /// For people.
    pub fn usual() -> Result<Self, FetchError> {
        let pace = [1, 5, 20, 60, 180, 600].map(Duration::from_secs).to_vec();
        Ok(Self { fetcher: Fetcher::new()?, pace, least_free: 0 })
    }
}

impl Media {
    /// Opens the store in the folder `media` of the state directory. Blocks for a moment; for one process at a time.
    pub fn open(settings: &MediaSection, state_dir: &Path) -> Result<Self, MediaError> {
        Self::open_with(settings, state_dir, Habits::usual()?)
    }

    /// The same with other habits.
    pub fn open_with(settings: &MediaSection, state_dir: &Path, habits: Habits) -> Result<Self, MediaError> {
        let at = state_dir.join("media");
        let store = Arc::new(Folder::open(&at)?.leaving(habits.least_free));
        Ok(Self(Arc::new(Inner {
            settings: settings.clone(),
            store,
            fetcher: habits.fetcher,
            files: Shelf::open(at.join("files"))?,
            links: Shelf::open(at.join("links"))?,
            avatars: Shelf::open(at.join("avatars"))?,
            uploads: Shelf::open(at.join("uploads"))?,
            seal: Seal::new(&links::secret(&at.join("key"))?),
            flights: Flights::default(),
            faces: avatars::Faces::default(),
            slots: Semaphore::new(AT_ONCE),
            face_slots: Semaphore::new(FACES_AT_ONCE),
            sweeping: Semaphore::new(1),
            used: std::sync::atomic::AtomicU64::new(0),
            held: Mutex::default(),
            needed: OnceLock::new(),
            pace: habits.pace,
            stop: CancellationToken::new(),
        })))
    }

    /// Says who knows which files deliveries still need; the first word counts. Until then every file that has a record is needed.
    pub fn needed_by(&self, needed: Needed) {
        let _ = self.0.needed.set(needed);
    }

    /// Ends what is being fetched. What is needed is asked for again after the next start.
    pub fn close(&self) {
        self.0.stop.cancel();
    }

    /// The file of a message if it was fetched before and is still there.
    async fn kept(&self, key: &FileKey) -> io::Result<Option<Stored>> {
        let Some(record) = self.0.files.get(&key.id()).await? else { return Ok(None) };
        let Some(blob) = BlobId::parse(&record.blob) else { return Ok(None) };
        // Held first: a sweep takes nothing that is.
        let content = self.content(blob.clone(), record.size);
        let stands = self.0.store.size(&blob).await? == Some(record.size);
        let FileRecord { size, mime, name, kind, note, .. } = record;
        Ok(stands.then_some(Stored { blob, size, mime, name, kind, note, content }))
    }

    fn content(&self, blob: BlobId, size: u64) -> Arc<Kept> {
        let mut held = self.0.held.lock().unwrap_or_else(PoisonError::into_inner);
        let hold = held.get(&blob).and_then(Weak::upgrade).unwrap_or_default();
        held.insert(blob.clone(), Arc::downgrade(&hold));
        Arc::new(Kept { store: self.0.store.clone(), blob, size, _hold: hold })
    }
}

/// A file that is there.
#[derive(Clone)]
pub struct Stored {
    /// The hash of its bytes.
    pub blob: BlobId,
    /// Bytes, exactly.
    pub size: u64,
    /// Its media type, as its bytes show.
    pub mime: String,
    /// Its name, made safe.
    pub name: String,
    /// What it is to people, as far as its bytes bear it out.
    pub kind: FileKind,
    /// What people should know: why it is not shown as what it was said to be.
    pub note: Option<String>,
    /// The bytes. While somebody has this, they stay.
    pub content: Arc<dyn Content>,
}

impl std::fmt::Debug for Stored {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stored")
            .field("blob", &self.blob)
            .field("size", &self.size)
            .field("mime", &self.mime)
            .field("name", &self.name)
            .field("kind", &self.kind)
            .field("note", &self.note)
            .finish_non_exhaustive()
    }
}

impl Stored {
    /// As it is uploaded.
    pub fn upload(&self, index: u16, attachment: &Attachment) -> Upload {
        Upload {
            index,
            name: self.name.clone(),
            kind: self.kind,
            mime: self.mime.clone(),
            size: self.size,
            spoiler: attachment.spoiler,
            alt: attachment.alt.clone(),
            seconds: attachment.seconds,
            content: self.content.clone(),
        }
    }
}

/// A blob's bytes, which stay while somebody has this.
struct Kept {
    store: Arc<dyn BlobStore>,
    blob: BlobId,
    size: u64,
    _hold: Arc<()>,
}

impl Content for Kept {
    fn open(&self) -> BoxFuture<'static, io::Result<ByteStream>> {
        let (store, blob, size) = (self.store.clone(), self.blob.clone(), self.size);
        Box::pin(async move { store.open(&blob, 0..size).await })
    }
}

//! Files that programs bring before a message names them. Looked at, cleaned and kept like what is fetched; once a message names one, it is a
//! file of that message like any other.

use super::fetch::{FetchError, Patience};
use super::intake::{self, Coming, TakeError, Wanted};
use super::records::{FileRecord, UploadRecord};
use super::{Failure, Fetched, FileKey, Media, Stored, names};
use crate::sizes;
use bytes::Bytes;
use futures::stream::{self, StreamExt, TryStreamExt};
use relay_contract::{BlobId, FileKind, Timestamp};
use std::io;
use tokio::time::Instant;

/// What a program brings, and for whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Brought {
    /// Whose it is: nobody else can name it.
    pub owner: String,
    /// For which room.
    pub room: String,
    /// Its name.
    pub name: String,
    /// Its media type, as the program says.
    pub mime: Option<String>,
    /// Bytes, as the program says.
    pub length: Option<u64>,
}

/// A file that was brought and is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// What messages name it by.
    pub id: String,
    /// Its name, made safe.
    pub name: String,
    /// Its media type, as its bytes show.
    pub mime: String,
    /// What it is to people.
    pub kind: FileKind,
    /// Bytes, exactly, as it is kept.
    pub size: u64,
}

impl Taken {
    fn of(id: &str, record: UploadRecord) -> Self {
        let UploadRecord { name, mime, kind, size, .. } = record;
        Self { id: id.to_owned(), name, mime, kind, size }
    }
}

impl Media {
    /// Keeps what a program brings. An error says what was wrong with it, or with the disk.
    pub async fn bring(
        &self,
        brought: Brought,
        bytes: impl futures::Stream<Item = io::Result<Bytes>> + Send + 'static,
    ) -> Result<Taken, TakeError> {
        let most = self.0.settings.largest.min(self.0.settings.most);
        let length = brought.length.unwrap_or(0);
        if length > most {
            return Err(FetchError::TooLarge(most).into());
        }
        if !self.make_room(length).await {
            let most = sizes::in_words(self.0.settings.most);
            return Err(TakeError::Store(format!("Relay's media store is full (it may have {most})")));
        }
        let strip = self.0.settings.strip_metadata;
        let mime =
            brought.mime.or_else(|| mime_guess::from_path(&brought.name).first_raw().map(str::to_owned));
        let kind = kind(mime.as_deref().unwrap_or_default());
        let wanted = Wanted { mime, kind, strip, never_html: false };
        let coming = bounded(bytes, most, brought.length, Patience::default());
        let (blob, found) = intake::take(self.0.store.as_ref(), coming, &wanted).await?;
        // A sweep takes nothing that is held.
        let _content = self.content(blob.id.clone(), blob.size);
        self.came(blob.size);
        let id = ulid::Ulid::new().to_string();
        let record = UploadRecord {
            owner: brought.owner,
            room: brought.room,
            blob: blob.id.as_str().to_owned(),
            size: blob.size,
            name: names::safe(&brought.name, &found.mime),
            mime: found.mime,
            kind: found.kind,
            note: found.note,
            at: Timestamp::now().0,
            named: false,
        };
        self.put_upload(&id, &record).await.map_err(|error| TakeError::Store(error.to_string()))?;
        Ok(Taken::of(&id, record))
    }

    /// A file that its owner has brought for a room and that is still there, now that a message is to name it: from here on it is kept like
    /// what was fetched. `name` is what it is called there; as it was brought when none.
    pub async fn name(
        &self,
        id: &str,
        (owner, room): (&str, &str),
        name: Option<&str>,
    ) -> io::Result<Option<Taken>> {
        let Some(record) = self.upload(id).await? else { return Ok(None) };
        if record.owner != owner || record.room != room {
            return Ok(None);
        }
        let record = UploadRecord { named: true, at: Timestamp::now().0, ..record };
        self.put_upload(id, &record).await?;
        let name = name.map(|name| names::safe(name, &record.mime));
        let taken = Taken::of(id, record);
        Ok(Some(match name {
            Some(name) => Taken { name, ..taken },
            None => taken,
        }))
    }

    /// What was brought, as a file of the message that names it, under the name that it has there.
    pub async fn adopt(&self, key: FileKey, id: &str, name: &str) -> Fetched {
        match self.adopted(key, id, name).await {
            Ok(Some(stored)) => Fetched::Ready(stored),
            Ok(None) => {
                let reason = "it is not there any more".to_owned();
                Fetched::Failed(Failure { reason, linkable: false })
            }
            Err(error) => {
                tracing::error!(%error, "what is known of a file cannot be read");
                let reason = "Relay could not read it (see its log)".to_owned();
                Fetched::Failed(Failure { reason, linkable: false })
            }
        }
    }

    async fn adopted(&self, key: FileKey, id: &str, name: &str) -> io::Result<Option<Stored>> {
        if let Some(stored) = self.kept(&key).await? {
            return Ok(Some(stored));
        }
        let Some(record) = self.upload(id).await? else { return Ok(None) };
        let record = FileRecord {
            envelope: key.envelope,
            index: key.index,
            name: names::safe(name, &record.mime),
            blob: record.blob,
            size: record.size,
            mime: record.mime,
            kind: record.kind,
            note: record.note,
            at: Timestamp::now().0,
        };
        self.0.files.put(&key.id(), &record).await?;
        self.kept(&key).await
    }

    async fn upload(&self, id: &str) -> io::Result<Option<UploadRecord>> {
        let Some(record) = self.0.uploads.get(&shelved(id)).await? else { return Ok(None) };
        let Some(blob) = BlobId::parse(&record.blob) else { return Ok(None) };
        let stands = self.0.store.size(&blob).await? == Some(record.size);
        Ok(stands.then_some(record))
    }

    async fn put_upload(&self, id: &str, record: &UploadRecord) -> io::Result<()> {
        self.0.uploads.put(&shelved(id), record).await
    }
}

fn shelved(id: &str) -> [u8; 32] {
    super::digest::Digest::of(id.as_bytes())
}

/// What a file is to people by its media type; its bytes have the last word.
fn kind(mime: &str) -> FileKind {
    match mime.split('/').next() {
        Some("image") => FileKind::Image,
        Some("video") => FileKind::Video,
        Some("audio") => FileKind::Audio,
        _ => FileKind::File,
    }
}

/// The bytes with the bounds that what is fetched has.
fn bounded(
    bytes: impl futures::Stream<Item = io::Result<Bytes>> + Send + 'static,
    most: u64,
    length: Option<u64>,
    patience: Patience,
) -> Coming {
    let (begun, bytes) = (Instant::now(), Box::pin(bytes));
    stream::try_unfold((bytes, 0), move |(mut bytes, come)| async move {
        let until = (Instant::now() + patience.idle).min(begun + patience.total);
        let next = tokio::time::timeout_at(until, bytes.try_next()).await;
        match next.map_err(|_| FetchError::Slow)?.map_err(|_| FetchError::BrokeOff)? {
            Some(piece) => {
                let come = come + piece.len() as u64;
                if come > most {
                    return Err(FetchError::TooLarge(most));
                }
                let taken = begun.elapsed();
                if taken > patience.warm_up && come / taken.as_secs().max(1) < patience.slowest {
                    return Err(FetchError::Slow);
                }
                Ok(Some((piece, (bytes, come))))
            }
            None if length.is_some_and(|length| length != come) => Err(FetchError::BrokeOff),
            None => Ok(None),
        }
    })
    .boxed()
}

//! A file on its way from wherever it comes to where it is kept: looked at, cleaned, hashed, and never in memory as a whole.

use super::clean::{Cleaner, Damaged};
use super::fetch::FetchError;
use super::sniff::{self, Found, HEAD};
use bytes::{Bytes, BytesMut};
use futures::stream::{self, BoxStream, StreamExt, TryStreamExt};
use relay_contract::{Blob, BlobStore, ByteStream, FileKind};
use std::collections::VecDeque;
use std::io;

/// A file's bytes as they come.
pub type Coming = BoxStream<'static, Result<Bytes, FetchError>>;

/// What is known of a file before its bytes are.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Its media type, as its platform or its host says.
    pub mime: Option<String>,
    /// What it is to people.
    pub kind: FileKind,
    /// Whether what cameras wrote into pictures is taken out.
    pub strip: bool,
    /// A page in its place is no file.
    pub never_html: bool,
}

/// Why it was not kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TakeError {
    /// It did not come.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// It cannot be cleaned.
    #[error("{0}, so that what the camera wrote into it cannot be taken out")]
    Damaged(#[from] Damaged),
    /// It cannot be written.
    #[error("{0}")]
    Store(String),
}

/// Keeps what comes in.
pub async fn take(
    store: &dyn BlobStore,
    mut coming: Coming,
    wanted: &Wanted,
) -> Result<(Blob, Found), TakeError> {
    let mut head = BytesMut::new();
    let mut ended = false;
    while head.len() < HEAD && !ended {
        match coming.try_next().await? {
            Some(bytes) => head.extend_from_slice(&bytes),
            None => ended = true,
        }
    }
    if wanted.never_html && sniff::is_page(&head) {
        return Err(FetchError::LoginPage.into());
    }
    let mut found = sniff::look(&head, wanted.mime.as_deref(), wanted.kind);
    let cleaner = if wanted.strip { Cleaner::for_type(&found.mime) } else { None };
    if wanted.strip && cleaner.is_none() && may_tell(&found.mime) {
        found.kind = FileKind::File;
        found.note = Some("what the camera wrote into it, such as the place, is still in it".into());
    }
    let bytes = Flow { head: Some(head.freeze()), coming, ended, cleaner, ready: VecDeque::new() };
    match store.put(bytes.stream()).await {
        Ok(blob) => Ok((blob, found)),
        Err(error) => Err(told(&error)),
    }
}

/// Pictures that may tell where they were taken, and that nobody here can take apart.
fn may_tell(mime: &str) -> bool {
    mime.starts_with("image/")
        && !matches!(mime, "image/gif" | "image/bmp" | "image/svg+xml" | "image/vnd.microsoft.icon")
}

/// The reason that went through the store, else the store's own.
fn told(error: &io::Error) -> TakeError {
    let inner = error.get_ref();
    if let Some(fetch) = inner.and_then(|inner| inner.downcast_ref::<FetchError>()) {
        return fetch.clone().into();
    }
    if let Some(damaged) = inner.and_then(|inner| inner.downcast_ref::<Damaged>()) {
        return (*damaged).into();
    }
    TakeError::Store(error.to_string())
}

/// The bytes as they are to be kept.
struct Flow {
    head: Option<Bytes>,
    coming: Coming,
    ended: bool,
    cleaner: Option<Cleaner>,
    ready: VecDeque<Bytes>,
}

impl Flow {
    fn stream(self) -> ByteStream {
        stream::try_unfold(self, |mut flow| async move {
            loop {
                if let Some(bytes) = flow.ready.pop_front() {
                    return Ok(Some((bytes, flow)));
                }
                let Some(bytes) = flow.raw().await.map_err(io::Error::other)? else { return Ok(None) };
                match &mut flow.cleaner {
                    Some(cleaner) => flow.ready.extend(cleaner.push(&bytes).map_err(io::Error::other)?),
                    None => flow.ready.push_back(bytes),
                }
            }
        })
        .boxed()
    }

    async fn raw(&mut self) -> Result<Option<Bytes>, FetchError> {
        if let Some(head) = self.head.take() {
            return Ok(Some(head));
        }
        if self.ended { Ok(None) } else { self.coming.try_next().await }
    }
}

//! Pictures of people: fetched once a day, kept by their content, and shown from Relay's own address, so that no platform learns where
//! another keeps them and none of them expires.

use super::digest::Digest;
use super::fetch;
use super::intake::{self, TakeError, Wanted};
use super::records::AvatarRecord;
use super::{Media, sniff};
use relay_contract::{BlobId, FileKind, Timestamp, Upload};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// The largest picture of a person.
const LARGEST: u64 = 4 << 20;
/// How long a picture is taken for the present one.
const FRESH_MS: i64 = 24 * 60 * 60 * 1000;
/// How long whoever asks waits. A message under a name without a picture is better than a late one.
const PATIENCE: Duration = Duration::from_secs(4);
/// How long a picture that could not be had is not asked for again.
const REMEMBERED: Duration = Duration::from_secs(600);
/// So many are under way or remembered at a time.
const MOST: usize = 4096;

/// Pictures that are being fetched, or were lately.
#[derive(Default)]
pub(super) struct Faces(Mutex<HashMap<[u8; 32], Attempt>>);

/// When it was begun, and whether it is over.
type Attempt = (Instant, watch::Receiver<bool>);

enum Turn {
    /// It is ours to fetch.
    Mine(watch::Sender<bool>),
    /// Somebody does, or has.
    Theirs(watch::Receiver<bool>),
    /// There is too much to do.
    Full,
}

impl Faces {
    fn turn(&self, id: [u8; 32]) -> Turn {
        let mut table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((begun, done)) = table.get(&id)
            && begun.elapsed() < REMEMBERED
        {
            return Turn::Theirs(done.clone());
        }
        if table.len() >= MOST {
            table.retain(|_, (begun, _)| begun.elapsed() < REMEMBERED);
            if table.len() >= MOST {
                return Turn::Full;
            }
        }
        let (sender, done) = watch::channel(false);
        table.insert(id, (Instant::now(), done));
        Turn::Mine(sender)
    }
}

impl Media {
    /// A link to a person's picture under Relay's own address, where the settings name one and the picture can be had. Takes at most some
    /// seconds, and nothing once it is known.
    pub async fn avatar(&self, url: &str) -> Option<String> {
        self.0.settings.url.as_ref()?;
        self.shown(&self.present(url).await?).await
    }

    /// A person's picture as a file that is called by its content, where it can be had. Takes as long as [`Media::avatar`].
    pub async fn picture(&self, url: &str) -> Option<Upload> {
        let record = self.present(url).await?;
        let (blob, ending) = (BlobId::parse(&record.blob)?, record.mime.split('/').next_back()?);
        Some(Upload {
            index: 0,
            name: format!("{}.{ending}", record.blob),
            kind: FileKind::Image,
            mime: record.mime.clone(),
            size: record.size,
            spoiler: false,
            alt: None,
            seconds: None,
            content: self.content(blob, record.size),
        })
    }

    /// The picture behind an address as it is now, or was a day ago.
    async fn present(&self, url: &str) -> Option<AvatarRecord> {
        let id = Digest::of(url.as_bytes());
        let known = self.face(&id).await;
        if let Some(known) = known.as_ref().filter(|known| Timestamp::now().0 - known.at < FRESH_MS) {
            return Some(known.clone());
        }
        let mut done = match self.0.faces.turn(id) {
            Turn::Theirs(done) => done,
            Turn::Full => return known,
            Turn::Mine(sender) => {
                let (media, url, done) = (self.clone(), url.to_owned(), sender.subscribe());
                tokio::spawn(async move {
                    let fetched = tokio::select! {
                        fetched = media.fetch_face(id, &url) => fetched,
                        () = media.0.stop.cancelled() => return,
                    };
                    if let Err(error) = fetched {
                        tracing::debug!(%error, "a person's picture was not fetched");
                    }
                    sender.send_replace(true);
                });
                done
            }
        };
        let _ = tokio::time::timeout(PATIENCE, done.wait_for(|done| *done)).await;
        self.face(&id).await.or(known)
    }

    /// What is known of a picture that is still there.
    async fn face(&self, id: &[u8; 32]) -> Option<AvatarRecord> {
        let record = self.0.avatars.get(id).await.ok().flatten()?;
        let size = self.0.store.size(&BlobId::parse(&record.blob)?).await.ok().flatten()?;
        (size == record.size).then_some(record)
    }

    async fn shown(&self, record: &AvatarRecord) -> Option<String> {
        let ending = record.mime.split('/').next_back()?;
        self.link_to(&BlobId::parse(&record.blob)?, record.size, &record.mime, &format!("avatar.{ending}"))
            .await
    }

    async fn fetch_face(&self, id: [u8; 32], url: &str) -> Result<(), TakeError> {
        // Never closed.
        let _slot = self.0.face_slots.acquire().await;
        let incoming = self.0.fetcher.open(&fetch::outside(url), LARGEST).await?;
        if !self.make_room(incoming.length.unwrap_or(LARGEST)).await {
            return Err(TakeError::Store("the media store is full".into()));
        }
        let wanted =
            Wanted { mime: incoming.mime.clone(), kind: FileKind::Image, strip: true, never_html: true };
        let (blob, found) = intake::take(self.0.store.as_ref(), incoming.into_stream(), &wanted).await?;
        self.came(blob.size);
        // Whatever else came is left to the next sweep.
        if found.kind != FileKind::Image || !sniff::is_picture(&found.mime) {
            return Err(fetch::FetchError::Senseless("with something that is no picture").into());
        }
        let record = AvatarRecord {
            blob: blob.id.as_str().to_owned(),
            size: blob.size,
            mime: found.mime,
            at: Timestamp::now().0,
        };
        self.0.avatars.put(&id, &record).await.map_err(|error| TakeError::Store(error.to_string()))
    }
}

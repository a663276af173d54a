//! Keeping the store within its bounds: what is old goes, and when there is too much, the oldest; never what a delivery needs.

use super::records::{AvatarRecord, FileRecord, LinkRecord, UploadRecord};
use super::{FileKey, Media};
use futures::TryStreamExt;
use relay_contract::{Blob, BlobId, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::io;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Between two sweeps.
const EVERY: Duration = Duration::from_secs(3600);
/// A blob that nothing refers to may be about to be.
const YOUNG_MS: i64 = 30 * 60 * 1000;
const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// What a program has brought and no message has named by then goes.
const UNNAMED_MS: i64 = DAY_MS;

/// What a sweep found and did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Swept {
    /// Files that were dropped.
    pub dropped: u64,
    /// Their bytes.
    pub freed: u64,
    /// Files that are kept.
    pub kept: u64,
    /// Their bytes.
    pub bytes: u64,
    /// The most that may be kept.
    pub most: u64,
}

/// What of a shelf stays, and which blobs that means.
#[derive(Default)]
struct Seen {
    blobs: HashSet<String>,
    used: HashSet<String>,
    needed: HashSet<String>,
}

impl Seen {
    /// Whether the record's blob is there or may be coming, and its time has not passed.
    fn stays(&mut self, blob: &str, at: i64, stands: bool, begun: i64) -> bool {
        let stays = stands && (self.blobs.contains(blob) || at + YOUNG_MS > begun);
        if stays {
            self.used.insert(blob.to_owned());
        }
        stays
    }
}

impl Media {
    /// Sweeps now and once an hour, until the task is ended.
    pub async fn tend(self) {
        loop {
            match self.sweep().await {
                Ok(swept) if swept.dropped > 0 => {
                    tracing::info!(swept.dropped, swept.freed, swept.bytes, "the media store was swept");
                }
                Ok(_) => {}
                Err(error) => tracing::warn!(%error, "the media store cannot be swept"),
            }
            tokio::time::sleep(EVERY).await;
        }
    }

    /// Drops what its time has passed for and what nothing refers to; then, above the bound, the oldest.
    pub async fn sweep(&self) -> io::Result<Swept> {
        self.sweep_to(self.0.settings.most).await
    }

    async fn sweep_to(&self, most: u64) -> io::Result<Swept> {
        // Never closed. One at a time.
        let _turn = self.0.sweeping.acquire().await;
        let blobs: Vec<Blob> = self.0.store.all().await?.try_collect().await?;
        let seen = self.look_through(&blobs).await?;
        let begun = Timestamp::now().0;
        let mut swept = Swept { most: self.0.settings.most, ..Swept::default() };
        let mut left = Vec::new();
        for blob in blobs {
            let used = seen.used.contains(blob.id.as_str()) || blob.at.0 + YOUNG_MS > begun;
            if used || self.is_held(&blob.id) {
                left.push(blob);
            } else {
                self.drop_blob(&blob, &mut swept).await?;
            }
        }
        left.sort_by_key(|blob| blob.at);
        let mut bytes: u64 = left.iter().map(|blob| blob.size).sum();
        swept.kept = left.len() as u64;
        for blob in &left {
            if bytes <= most {
                break;
            }
            if !seen.needed.contains(blob.id.as_str()) && !self.is_held(&blob.id) {
                self.drop_blob(blob, &mut swept).await?;
                bytes -= blob.size;
                swept.kept -= 1;
            }
        }
        swept.bytes = bytes;
        self.0.used.store(bytes, Ordering::Relaxed);
        Ok(swept)
    }

    async fn look_through(&self, blobs: &[Blob]) -> io::Result<Seen> {
        let begun = Timestamp::now().0;
        let keep = i64::from(self.0.settings.keep_days) * DAY_MS;
        let blobs = blobs.iter().map(|blob| blob.id.as_str().to_owned()).collect();
        let media = self.clone();
        let look = move |seen: &mut Seen, _: &str, file: FileRecord| {
            let needed = media.is_needed(&FileKey { envelope: file.envelope, index: file.index });
            if needed {
                seen.needed.insert(file.blob.clone());
            }
            seen.stays(&file.blob, file.at, needed || file.at + keep > begun, begun)
        };
        let seen = self.0.files.sift(Seen { blobs, ..Seen::default() }, look).await?;
        let look = move |seen: &mut Seen, _: &str, link: LinkRecord| {
            // That a link was taken back stays known: its file must not be given out again.
            let stays = !link.revoked && seen.stays(&link.blob, link.at, link.expires > begun, begun);
            stays || link.revoked
        };
        let seen = self.0.links.sift(seen, look).await?;
        let look = move |seen: &mut Seen, _: &str, face: AvatarRecord| {
            seen.stays(&face.blob, face.at, face.at + keep > begun, begun)
        };
        let seen = self.0.avatars.sift(seen, look).await?;
        let look = move |seen: &mut Seen, _: &str, upload: UploadRecord| {
            let until = upload.at + if upload.named { keep } else { UNNAMED_MS };
            seen.stays(&upload.blob, upload.at, until > begun, begun)
        };
        self.0.uploads.sift(seen, look).await
    }

    async fn drop_blob(&self, blob: &Blob, swept: &mut Swept) -> io::Result<()> {
        self.0.store.delete(&blob.id).await?;
        swept.dropped += 1;
        swept.freed += blob.size;
        Ok(())
    }

    fn is_needed(&self, key: &FileKey) -> bool {
        self.0.needed.get().is_none_or(|needed| needed(key))
    }

    fn is_held(&self, id: &BlobId) -> bool {
        let mut held = self.0.held.lock().unwrap_or_else(PoisonError::into_inner);
        let is_held = held.get(id).is_some_and(|hold| hold.strong_count() > 0);
        if !is_held {
            held.remove(id);
        }
        is_held
    }

    /// Whether so many more bytes fit, after a sweep if need be.
    pub(super) async fn make_room(&self, bytes: u64) -> bool {
        let most = self.0.settings.most;
        let fits = || self.0.used.load(Ordering::Relaxed).saturating_add(bytes) <= most;
        if fits() {
            return true;
        }
        if let Err(error) = self.sweep_to(most.saturating_sub(bytes)).await {
            tracing::warn!(%error, "the media store cannot be swept");
        }
        fits()
    }

    /// Counts what came.
    pub(super) fn came(&self, bytes: u64) {
        self.0.used.fetch_add(bytes, Ordering::Relaxed);
    }
}

//! Blobs in a folder: a file each, by the hash of its bytes.

use super::digest::Digest;
use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::{self, BoxStream, StreamExt, TryStreamExt};
use relay_contract::{Blob, BlobId, BlobStore, ByteStream, Timestamp};
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt};

/// Bytes read at a time.
const PIECE: usize = 64 * 1024;
/// After so many bytes it is looked again whether the disk has room.
const LOOK: u64 = 4 << 20;

/// A folder with blobs.
#[derive(Debug, Clone)]
pub struct Folder {
    blobs: PathBuf,
    unfinished: PathBuf,
    least_free: u64,
}

impl Folder {
    /// Makes the folder if it is not there, and removes what was not finished. Blocks; for one process at a time.
    pub fn open(at: &Path) -> io::Result<Self> {
        let folder = Self { blobs: at.join("blobs"), unfinished: at.join("unfinished"), least_free: 0 };
        match std::fs::remove_dir_all(&folder.unfinished) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(in_words(&error, "removing what was not finished", &folder.unfinished));
            }
            _ => {}
        }
        for part in [&folder.blobs, &folder.unfinished] {
            make(part)?;
        }
        Ok(folder)
    }

    /// The same, which leaves so many bytes of the disk free: what is said needs them more.
    pub fn leaving(self, least_free: u64) -> Self {
        Self { least_free, ..self }
    }

    /// Fails where the disk has no room for more files.
    async fn has_room(&self) -> io::Result<()> {
        if self.least_free == 0 {
            return Ok(());
        }
        let folder = self.unfinished.clone();
        let disk = blocking(move || Ok(rustix::fs::statvfs(&folder)?)).await?;
        let free = disk.f_bavail.saturating_mul(disk.f_frsize);
        // So much more than what stops messages that a file is never what stops them.
        let enough = self.least_free.saturating_add(self.least_free / 4).saturating_add(LOOK);
        match free < enough {
            true => Err(io::Error::new(io::ErrorKind::StorageFull, "the disk has no room for files")),
            false => Ok(()),
        }
    }

    fn path(&self, id: &BlobId) -> PathBuf {
        let name = id.as_str();
        self.blobs.join(&name[..2]).join(name)
    }

    async fn write(&self, unfinished: &Path, mut bytes: ByteStream) -> io::Result<(BlobId, u64)> {
        let failed = |error: io::Error| in_words(&error, "writing a file", unfinished);
        self.has_room().await?;
        let mut file = File::create_new(unfinished).await.map_err(failed)?;
        let (mut digest, mut size, mut since) = (Digest::default(), 0, 0);
        while let Some(piece) = bytes.try_next().await? {
            digest.add(&piece);
            size += piece.len() as u64;
            since += piece.len() as u64;
            if since >= LOOK {
                since = 0;
                self.has_room().await?;
            }
            file.write_all(&piece).await.map_err(failed)?;
        }
        // It buffers: without this the last bytes' failure would not be seen.
        file.flush().await.map_err(failed)?;
        file.sync_all().await.map_err(failed)?;
        Ok((BlobId::of_digest(&digest.finish()), size))
    }

    async fn keep(&self, unfinished: &Path, id: &BlobId) -> io::Result<()> {
        let path = self.path(id);
        let failed = |error: io::Error| in_words(&error, "keeping a file", &path);
        let (from, to) = (unfinished.to_owned(), path.clone());
        blocking(move || {
            let folder = to.parent().unwrap_or(&to);
            make(folder)?;
            std::fs::rename(&from, &to)?;
            std::fs::File::open(folder)?.sync_all()
        })
        .await
        .map_err(failed)
    }
}

#[async_trait]
impl BlobStore for Folder {
    async fn put(&self, bytes: ByteStream) -> io::Result<Blob> {
        let unfinished = self.unfinished.join(ulid::Ulid::new().to_string());
        let removed = Removed(unfinished.clone());
        let (id, size) = self.write(&unfinished, bytes).await?;
        // One that is there already is replaced by the same bytes, and is as young as this.
        self.keep(&unfinished, &id).await?;
        removed.keep();
        Ok(Blob { id, size, at: Timestamp::now() })
    }

    async fn open(&self, id: &BlobId, range: Range<u64>) -> io::Result<ByteStream> {
        let mut file = File::open(self.path(id)).await?;
        if range.start > 0 {
            file.seek(io::SeekFrom::Start(range.start)).await?;
        }
        let left = range.end.saturating_sub(range.start);
        let next = |(mut file, left): (File, u64)| async move {
            if left == 0 {
                return Ok(None);
            }
            let mut piece = vec![0; PIECE.min(usize::try_from(left).unwrap_or(PIECE))];
            match file.read(&mut piece).await? {
                0 => {
                    Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the kept file is shorter than it was"))
                }
                read => {
                    piece.truncate(read);
                    Ok(Some((Bytes::from(piece), (file, left - read as u64))))
                }
            }
        };
        Ok(stream::try_unfold((file, left), next).boxed())
    }

    async fn size(&self, id: &BlobId) -> io::Result<Option<u64>> {
        match tokio::fs::metadata(self.path(id)).await {
            Ok(found) => Ok(Some(found.len())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn delete(&self, id: &BlobId) -> io::Result<()> {
        match tokio::fs::remove_file(self.path(id)).await {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    async fn all(&self) -> io::Result<BoxStream<'static, io::Result<Blob>>> {
        let folders = tokio::fs::read_dir(&self.blobs).await?;
        let folders = stream::try_unfold(folders, |mut folders| async move {
            Ok(folders.next_entry().await?.map(|folder| (folder.path(), folders)))
        });
        let blobs = folders.and_then(|folder| blocking(move || list(&folder)));
        Ok(blobs.map_ok(|blobs| stream::iter(blobs.into_iter().map(Ok))).try_flatten().boxed())
    }
}

fn list(folder: &Path) -> io::Result<Vec<Blob>> {
    let mut found = Vec::new();
    for entry in folder.read_dir()? {
        let entry = entry?;
        let Some(id) = entry.file_name().to_str().and_then(BlobId::parse) else { continue };
        // It may have gone meanwhile.
        let Ok(about) = entry.metadata() else { continue };
        let at = about.modified().unwrap_or(SystemTime::now()).duration_since(UNIX_EPOCH).unwrap_or_default();
        found.push(Blob {
            id,
            size: about.len(),
            at: Timestamp(i64::try_from(at.as_millis()).unwrap_or(i64::MAX)),
        });
    }
    Ok(found)
}

/// Makes a folder that only this user can enter, if it is not there.
pub(super) fn make(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.map_err(|error| in_words(&error, "making the folder", folder))
}

/// The system's refusal with what was tried and where, and what to do where that is clear. Keeps its kind.
pub(super) fn in_words(error: &io::Error, what: &str, path: &Path) -> io::Error {
    let place = path.display();
    let words = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            format!(
                "the disk is full: {what} ({place}). Free some space, or let [media] keep less with `most` and `keep_days`"
            )
        }
        io::ErrorKind::PermissionDenied => {
            format!("{what} ({place}) is not allowed: let the user that runs relay write there")
        }
        _ => format!("{what} ({place}): {error}"),
    };
    io::Error::new(error.kind(), words)
}

/// Does something that blocks where that holds nobody up.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => Err(io::Error::other(error)),
    }
}

/// An unfinished file that goes with whoever writes it.
struct Removed(PathBuf);

impl Removed {
    fn keep(mut self) {
        self.0 = PathBuf::new();
    }
}

impl Drop for Removed {
    fn drop(&mut self) {
        if !self.0.as_os_str().is_empty() {
            // What cannot be removed now is removed at the next start.
            let _ = std::fs::remove_file(&self.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream_of(pieces: &[&'static [u8]]) -> ByteStream {
        let pieces: Vec<_> = pieces.iter().map(|piece| Ok(Bytes::from_static(piece))).collect();
        stream::iter(pieces).boxed()
    }

    async fn read(folder: &Folder, id: &BlobId, range: Range<u64>) -> io::Result<Vec<u8>> {
        folder
            .open(id, range)
            .await?
            .try_fold(Vec::new(), |mut all, piece| async move {
                all.extend_from_slice(&piece);
                Ok(all)
            })
            .await
    }

    fn unfinished(at: &Path) -> usize {
        at.join("unfinished").read_dir().unwrap().count()
    }

    #[tokio::test]
    async fn what_is_said_has_the_disks_last_room() {
        let at = tempfile::tempdir().unwrap();
        let full = Folder::open(at.path()).unwrap().leaving(u64::MAX / 2);
        let error = full.put(stream_of(&[b"a file"])).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        full.leaving(1).put(stream_of(&[b"a file"])).await.unwrap();
        assert_eq!(unfinished(at.path()), 0);
    }

    #[tokio::test]
    async fn bytes_come_back_and_the_same_bytes_are_one_blob() {
        let at = tempfile::tempdir().unwrap();
        let folder = Folder::open(at.path()).unwrap();
        let blob = folder.put(stream_of(&[b"hel", b"", b"lo"])).await.unwrap();
        // SHA-256 of "hello", by sha256sum.
        assert_eq!(blob.id.as_str(), "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824");
        assert_eq!(folder.put(stream_of(&[b"hello"])).await.unwrap().id, blob.id);
        assert_eq!(folder.size(&blob.id).await.unwrap(), Some(5));
        for (range, expected) in [(0..5, "hello"), (1..4, "ell"), (4..5, "o"), (2..2, "")] {
            assert_eq!(read(&folder, &blob.id, range).await.unwrap(), expected.as_bytes());
        }
        let all: Vec<_> = folder.all().await.unwrap().try_collect().await.unwrap();
        assert_eq!(all.iter().map(|blob| (&blob.id, blob.size)).collect::<Vec<_>>(), [(&blob.id, 5)]);
        let cut = read(&folder, &blob.id, 0..6).await.unwrap_err();
        assert_eq!(cut.kind(), io::ErrorKind::UnexpectedEof);
        folder.delete(&blob.id).await.unwrap();
        folder.delete(&blob.id).await.unwrap();
        assert_eq!(folder.size(&blob.id).await.unwrap(), None);
        assert_eq!(read(&folder, &blob.id, 0..1).await.unwrap_err().kind(), io::ErrorKind::NotFound);
    }

    #[tokio::test]
    async fn what_breaks_off_leaves_nothing() {
        let at = tempfile::tempdir().unwrap();
        let folder = Folder::open(at.path()).unwrap();
        let broken = stream::iter([Ok(Bytes::from_static(b"half")), Err(io::Error::other("gone"))]).boxed();
        assert_eq!(folder.put(broken).await.unwrap_err().to_string(), "gone");
        let never = stream::once(async { Ok(Bytes::from_static(b"half")) }).chain(stream::pending()).boxed();
        let waiting = tokio::time::timeout(std::time::Duration::from_millis(50), folder.put(never)).await;
        assert!(waiting.is_err() && unfinished(at.path()) == 0);
        assert_eq!(folder.all().await.unwrap().count().await, 0);
    }

    #[test]
    fn what_a_killed_process_left_is_removed_at_the_start() {
        let at = tempfile::tempdir().unwrap();
        Folder::open(at.path()).unwrap();
        std::fs::write(at.path().join("unfinished/x"), "half").unwrap();
        Folder::open(at.path()).unwrap();
        assert_eq!(unfinished(at.path()), 0);
    }

    #[test]
    fn a_full_disk_is_said_in_words() {
        let words = |kind| in_words(&io::Error::from(kind), "writing a file", Path::new("/x")).to_string();
        assert!(
            words(io::ErrorKind::StorageFull).contains("the disk is full")
                && words(io::ErrorKind::StorageFull).contains("`most`")
        );
        assert!(words(io::ErrorKind::PermissionDenied).contains("let the user that runs relay"));
    }

    /// As the system says it, by a device that takes no byte.
    #[test]
    fn a_full_disk_is_known_when_it_is_met() {
        use std::io::Write;
        let mut full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let error = full.write_all(&[0; 10]).unwrap_err();
        let words = in_words(&error, "writing a file", Path::new("/dev/full"));
        assert_eq!(words.kind(), io::ErrorKind::StorageFull);
        assert!(words.to_string().contains("the disk is full"), "{words}");
    }
}

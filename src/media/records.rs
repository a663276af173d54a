//! What is known of files, links and pictures of people: a small file each, so that nothing of it has to be in memory and each changes
//! at once or not at all. Named by a hash; losing one costs a fetch, or a link.

use super::digest::Digest;
use super::folder::{blocking, in_words, make};
use crate::store::format::{split_header, with_header};
use relay_contract::{FileKind, RoomKey};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::io::{self, Write};
use std::marker::PhantomData;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The version of every record here.
const VERSION: u8 = 1;
/// Ending of a record that is being written.
const UNFINISHED: &str = "unfinished";

/// A file of a message that was fetched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileRecord {
    /// The envelope's id.
    pub envelope: [u8; 16],
    /// The file's place in its message.
    pub index: u16,
    /// The blob.
    pub blob: String,
    /// Its bytes.
    pub size: u64,
    /// Its media type.
    pub mime: String,
    /// Its name, made safe.
    pub name: String,
    /// What it is to people.
    pub kind: FileKind,
    /// What people should know.
    pub note: Option<String>,
    /// When it was fetched, in milliseconds since 1970.
    pub at: i64,
}

/// A link that was given out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkRecord {
    /// The blob.
    pub blob: String,
    /// Its bytes.
    pub size: u64,
    /// Its media type.
    pub mime: String,
    /// The name it is served under.
    pub name: String,
    /// When it was given out last.
    pub at: i64,
    /// When it ends.
    pub expires: i64,
    /// An admin has taken it back, for good.
    pub revoked: bool,
    /// Its bytes are sealed with a key that is made of the link: a text.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sealed: bool,
    /// For whom it was made; an older Relay's, those to pictures and to exports are for nobody in particular.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub given: Option<GivenTo>,
    /// Of an export: the marks of whose it is, by which it ends when one of them is forgotten. An older Relay's has none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exported: Vec<[u8; 32]>,
}

/// For whom a link is: of one message, for one room. So it ends when the room may not see that any more, and no other with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct GivenTo {
    /// The envelope of the message.
    pub envelope: [u8; 16],
    /// The room's hash.
    pub room: [u8; 32],
}

impl GivenTo {
    /// For a room.
    pub fn of(envelope: [u8; 16], room: &RoomKey) -> Self {
        let RoomKey { platform, network, room } = room;
        Self { envelope, room: Digest::of(format!("{platform}\0{network}\0{room}").as_bytes()) }
    }

    /// What makes its links others than those of other messages and rooms.
    pub(super) fn mark(&self) -> String {
        let envelope = ulid::Ulid::from_bytes(self.envelope);
        format!("{envelope}\0{}", hex(&self.room))
    }
}

/// A person's picture.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AvatarRecord {
    /// The blob.
    pub blob: String,
    /// Its bytes.
    pub size: u64,
    /// Its media type.
    pub mime: String,
    /// When it was fetched last.
    pub at: i64,
}

/// A file that a program has brought, to be named by a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UploadRecord {
    /// Whose it is: nobody else can name it.
    pub owner: String,
    /// For which room.
    pub room: String,
    /// The blob.
    pub blob: String,
    /// Its bytes.
    pub size: u64,
    /// Its media type, as its bytes show.
    pub mime: String,
    /// Its name, made safe.
    pub name: String,
    /// What it is to people.
    pub kind: FileKind,
    /// What people should know.
    pub note: Option<String>,
    /// When it was brought, or named last, in milliseconds since 1970.
    pub at: i64,
    /// A message has named it.
    pub named: bool,
}

/// Records of one kind.
#[derive(Debug)]
pub struct Shelf<T> {
    folder: PathBuf,
    kind: PhantomData<fn() -> T>,
}

impl<T> Clone for Shelf<T> {
    fn clone(&self) -> Self {
        Self { folder: self.folder.clone(), kind: PhantomData }
    }
}

impl<T: Serialize + DeserializeOwned + Send + 'static> Shelf<T> {
    /// Makes the folder if it is not there. Blocks.
    pub fn open(folder: PathBuf) -> io::Result<Self> {
        make(&folder)?;
        Ok(Self { folder, kind: PhantomData })
    }

    fn path(&self, id: &[u8; 32]) -> PathBuf {
        let name = hex(id);
        self.folder.join(&name[..2]).join(name)
    }

    /// What is known; one that cannot be read is as good as none.
    pub async fn get(&self, id: &[u8; 32]) -> io::Result<Option<T>> {
        let path = self.path(id);
        blocking(move || read(&path)).await
    }

    /// Keeps it, also through a power cut.
    pub async fn put(&self, id: &[u8; 32], record: &T) -> io::Result<()> {
        let body = rmp_serde::to_vec_named(record).map_err(io::Error::other)?;
        let (path, bytes) = (self.path(id), with_header(VERSION, &body));
        blocking(move || write(&path, &bytes).map_err(|error| in_words(&error, "writing a record", &path)))
            .await
    }

    /// Shows each to `look`, and drops those of which it says no. Answers what `look` has gathered.
    pub async fn sift<S: Send + 'static>(
        &self,
        mut gathered: S,
        mut look: impl FnMut(&mut S, &str, T) -> bool + Send + 'static,
    ) -> io::Result<S> {
        let folder = self.folder.clone();
        blocking(move || {
            for part in folder.read_dir()? {
                for entry in part?.path().read_dir()? {
                    let path = entry?.path();
                    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or("");
                    if name.ends_with(UNFINISHED) && is_left(&path) {
                        remove(&path)?;
                    }
                    if name.len() == 64
                        && let Some(record) = read(&path)?
                        && !look(&mut gathered, name, record)
                    {
                        remove(&path)?;
                    }
                }
            }
            Ok(gathered)
        })
        .await
    }
}

/// Whether nobody writes it any more: a process that was killed did.
fn is_left(path: &Path) -> bool {
    let changed = path.metadata().and_then(|about| about.modified());
    changed.is_ok_and(|at| at.elapsed().is_ok_and(|since| since > Duration::from_secs(3600)))
}

fn read<T: DeserializeOwned>(path: &Path) -> io::Result<Option<T>> {
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(in_words(&error, "reading a record", path)),
    };
    let record = match split_header(&bytes) {
        Ok((VERSION, body)) => rmp_serde::from_slice(body).map_err(|error| error.to_string()),
        Ok((version, _)) => Err(format!("it has version {version}")),
        Err(why) => Err(why),
    };
    if let Err(why) = &record {
        tracing::warn!(path = %path.display(), why, "a record of the media store cannot be read");
    }
    Ok(record.ok())
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(path);
    make(folder)?;
    let unfinished = path.with_added_extension(format!("{}.{UNFINISHED}", ulid::Ulid::new()));
    let written = std::fs::File::create_new(&unfinished).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    let kept = written.and_then(|()| std::fs::rename(&unfinished, path));
    if kept.is_err() {
        // The first error is the one to tell.
        let _ = std::fs::remove_file(&unfinished);
    }
    kept.and_then(|()| std::fs::File::open(folder)?.sync_all())
}

fn remove(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// As 64 hexadecimal digits.
pub fn hex(id: &[u8; 32]) -> String {
    id.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn records_stay_and_go() {
        let at = tempfile::tempdir().unwrap();
        let shelf = Shelf::<AvatarRecord>::open(at.path().join("avatars")).unwrap();
        let record = AvatarRecord { blob: "b".into(), size: 7, mime: "image/png".into(), at: 1 };
        let (one, two) = ([1; 32], [2; 32]);
        assert_eq!(shelf.get(&one).await.unwrap(), None);
        shelf.put(&one, &record).await.unwrap();
        shelf.put(&two, &AvatarRecord { at: 2, ..record.clone() }).await.unwrap();
        shelf.put(&two, &AvatarRecord { at: 3, ..record.clone() }).await.unwrap();
        let seen = shelf
            .sift(Vec::new(), |seen, name, record| {
                seen.push((name.to_owned(), record.at));
                record.at > 1
            })
            .await
            .unwrap();
        assert_eq!(seen.len(), 2);
        assert!(seen.contains(&(hex(&two), 3)), "{seen:?}");
        assert_eq!(shelf.get(&one).await.unwrap(), None);
        assert_eq!(shelf.get(&two).await.unwrap().map(|record| record.at), Some(3));
    }

    #[tokio::test]
    async fn a_damaged_record_is_as_good_as_none() {
        let at = tempfile::tempdir().unwrap();
        let shelf = Shelf::<AvatarRecord>::open(at.path().to_owned()).unwrap();
        for bytes in [b"".as_slice(), b"\x01\0\0\0\xff", b"\x09\0\0\0\x80"] {
            write(&shelf.path(&[3; 32]), bytes).unwrap();
            assert_eq!(shelf.get(&[3; 32]).await.unwrap(), None);
        }
    }

    /// What is on disk today is read for ever.
    #[test]
    fn what_is_stored_keeps_its_form() {
        let file = FileRecord {
            envelope: [7; 16],
            index: 2,
            blob: "ab".into(),
            size: 5,
            mime: "image/png".into(),
            name: "cat.png".into(),
            kind: FileKind::Image,
            note: None,
            at: 3,
        };
        let link = LinkRecord {
            blob: "ab".into(),
            size: 5,
            mime: "image/png".into(),
            name: "cat.png".into(),
            at: 3,
            expires: 9,
            revoked: false,
            sealed: false,
            given: None,
            exported: Vec::new(),
        };
        let stored = rmp_serde::to_vec_named(&file).unwrap();
        let words = |bytes: &[u8]| -> String {
            bytes.iter().filter(|b| b.is_ascii_alphabetic()).map(|b| *b as char).collect()
        };
        assert_eq!(words(&stored), "envelopeindexblobabsizemimeimagepngnamecatpngkindimagenoteat");
        assert_eq!(
            words(&rmp_serde::to_vec_named(&link).unwrap()),
            "blobabsizemimeimagepngnamecatpngatexpiresrevoked"
        );
        assert_eq!(
            words(&rmp_serde::to_vec_named(&LinkRecord { sealed: true, ..link.clone() }).unwrap()),
            "blobabsizemimeimagepngnamecatpngatexpiresrevokedsealed"
        );
        let given = GivenTo { envelope: [7; 16], room: [8; 32] };
        let given = LinkRecord { given: Some(given), ..link.clone() };
        let export = LinkRecord { sealed: true, exported: vec![[8; 32]], ..link };
        let stored_export = rmp_serde::to_vec_named(&export).unwrap();
        assert_eq!(words(&stored_export), "blobabsizemimeimagepngnamecatpngatexpiresrevokedsealedexported");
        assert_eq!(rmp_serde::from_slice::<LinkRecord>(&stored_export).unwrap(), export);
        let stored_link = rmp_serde::to_vec_named(&given).unwrap();
        assert_eq!(words(&stored_link), "blobabsizemimeimagepngnamecatpngatexpiresrevokedgivenenveloperoom");
        assert_eq!(rmp_serde::from_slice::<LinkRecord>(&stored_link).unwrap(), given);
        assert_eq!(rmp_serde::from_slice::<FileRecord>(&stored).unwrap(), file);
    }
}

//! Making a backup.

use super::form::{self, ChunkWriter};
use super::kind::{Kind, must_be_elsewhere, must_be_file, must_be_free};
use super::{About, BackupError, Contents, failed};
use crate::store::shared::{IDENTITY, Opening, Shared, id_of};
use crate::store::{Ledger, StoreError, folder, format, keys};
use fjall::Readable;
use relay_contract::Timestamp;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// What was changed from the chat: small, and without it rooms that have joined are not linked any more.
pub(super) const JOINED: &str = "bridges.d";
pub(super) const MEDIA: &str = "media";
/// Who may use the API, as hashes: without it, a restored Relay would let every program of its machine in.
pub(super) const TOKENS: &str = "tokens.json";
/// Since when each channel names people as it does: without it, a later edit could be shown under a name beside its mask.
pub(super) const NAMING: &str = "naming.json";
/// What held for each room before: without it, what was said where people were asked first could be quoted where they are not.
pub(super) const BEFORE: &str = "before.json";
/// Names in the folder of files that stand for what is being written.
const BEING_WRITTEN: &str = "unfinished";

/// Writes a backup of a ledger that may be in use: what is written meanwhile is not in it. Blocks; holds a chunk in memory.
/// When it fails, the stream says so to whoever reads it.
pub fn back_up(
    ledger: &Ledger,
    data_dir: &Path,
    media: bool,
    out: impl Write,
) -> Result<Contents, BackupError> {
    of(&ledger.shared, data_dir, media, out)
}

/// The same of a state directory that no Relay uses.
pub fn back_up_unused(data_dir: &Path, media: bool, out: impl Write) -> Result<Contents, BackupError> {
    let path = data_dir.join("ledger");
    if !path.exists() {
        return Err(BackupError::Nothing(data_dir.to_owned()));
    }
    of(&Shared::open(&path, false, Opening::Closed)?, data_dir, media, out)
}

fn of(shared: &Shared, data_dir: &Path, media: bool, out: impl Write) -> Result<Contents, BackupError> {
    let mut backup = Backup { out: ChunkWriter::new(out)?, contents: Contents::default() };
    let written = backup.all(shared, data_dir, media);
    if let Err(error) = &written {
        // Whoever reads may be gone: then this is not heard, and need not be.
        let _ = backup.out.chunk(form::UNFINISHED, error.to_string().as_bytes());
        let _ = backup.out.flush();
    }
    written.map(|()| backup.contents)
}

struct Backup<W> {
    out: ChunkWriter<W>,
    contents: Contents,
}

impl<W: Write> Backup<W> {
    fn all(&mut self, shared: &Shared, data_dir: &Path, media: bool) -> Result<(), BackupError> {
        let snapshot = shared.db.snapshot();
        let keyspaces = shared.keyspaces();
        let identity = snapshot.get(&shared.meta, IDENTITY).map_err(StoreError::from)?;
        let format = snapshot.get(&shared.meta, format::FORMAT_KEY).map_err(StoreError::from)?;
        let about = About {
            identity: identity.map(|id| id_of(&id)).transpose()?.unwrap_or_default().to_string(),
            ledger_format: format::of(format.as_deref()),
            relay: env!("CARGO_PKG_VERSION").to_owned(),
            at: Timestamp::now().0,
            media,
            roughly: keyspaces.iter().map(|keyspace| keyspace.approximate_len() as u64).sum(),
        };
        self.out.chunk(form::HEADER, &rmp_serde::to_vec_named(&about).map_err(io::Error::other)?)?;
        for (keyspace, (tag, _)) in keyspaces.into_iter().zip(form::KEYSPACES) {
            let mut chunk = Vec::new();
            for entry in snapshot.iter(keyspace) {
                let (key, value) = entry.into_inner().map_err(StoreError::from)?;
                form::add_record(&mut chunk, &key, &value);
                self.contents.records += 1;
                self.contents.waiting += u64::from(tag == b'w' && key.first() == Some(&keys::work::OUTBOX));
                if chunk.len() >= form::FULL {
                    self.out.chunk(tag, &chunk)?;
                    chunk.clear();
                }
            }
            if !chunk.is_empty() {
                self.out.chunk(tag, &chunk)?;
            }
        }
        for place in std::iter::once(JOINED).chain(media.then_some(MEDIA)) {
            self.folder(data_dir, Path::new(place))?;
        }
        for place in [TOKENS, NAMING, BEFORE] {
            self.file(data_dir.join(place), Path::new(place))?;
        }
        let (sum, _) = self.out.so_far();
        let numbers = [self.contents.records, self.contents.files, sum].map(u64::to_be_bytes);
        self.out.chunk(form::END, &numbers.concat())?;
        self.out.flush()?;
        self.contents.bytes = self.out.so_far().1;
        Ok(())
    }

    fn folder(&mut self, data_dir: &Path, place: &Path) -> Result<(), BackupError> {
        let path = data_dir.join(place);
        let mut entries = match path.read_dir() {
            Ok(entries) => entries.collect::<io::Result<Vec<_>>>().map_err(failed("listing", path))?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(failed("listing", path)(error)),
        };
        entries.sort_by_key(std::fs::DirEntry::file_name);
        for entry in entries {
            let place = place.join(entry.file_name());
            let being_written = place.file_name().is_some_and(|name| name == BEING_WRITTEN)
                || place.extension().is_some_and(|extension| extension == BEING_WRITTEN);
            match entry.file_type() {
                _ if being_written => {}
                Ok(kind) if kind.is_dir() => self.folder(data_dir, &place)?,
                Ok(kind) if kind.is_file() => self.file(data_dir.join(&place), &place)?,
                _ => {}
            }
        }
        Ok(())
    }

    /// One that has gone meanwhile is left out; what is there is never changed, only replaced.
    fn file(&mut self, path: PathBuf, place: &Path) -> Result<(), BackupError> {
        let Some(name) = place.to_str() else { return Ok(()) };
        let mut file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(failed("reading", path)(error)),
        };
        self.out.chunk(form::FILE, name.as_bytes())?;
        self.contents.files += 1;
        let mut piece = Vec::with_capacity(form::FULL);
        loop {
            piece.clear();
            let read = (&mut file).take(form::FULL as u64).read_to_end(&mut piece);
            if read.map_err(failed("reading", path.as_path()))? == 0 {
                return Ok(());
            }
            self.out.chunk(form::BYTES, &piece)?;
        }
    }
}

/// A file that is complete under its name, or not there: written beside it, for this user alone, and renamed.
pub struct Whole {
    file: File,
    unfinished: PathBuf,
    path: PathBuf,
}

impl Whole {
    /// Begins a file of what is restored, in the place of whatever file is there.
    pub(super) fn replacing(path: &Path) -> Result<Self, BackupError> {
        must_be_file(path)?;
        Self::beside(path)
    }

    /// Begins a file that somebody wants: in the place of an older one of its kind and of nothing else, and nowhere among what a Relay keeps. Where
    /// the name is a link to a file, it is about that file.
    pub fn begin_kind(path: &Path, kind: Kind, data_dir: &Path) -> Result<Self, BackupError> {
        must_be_file(path)?;
        let linked = path.is_symlink().then(|| path.canonicalize().ok()).flatten();
        let at = linked.as_deref().unwrap_or(path);
        must_be_elsewhere(at, data_dir)?;
        must_be_free(at, kind)?;
        Self::beside(at)
    }

    fn beside(path: &Path) -> Result<Self, BackupError> {
        let unfinished = path.with_added_extension(BEING_WRITTEN);
        let file = folder::create_private(&unfinished).map_err(failed("making", unfinished.as_path()))?;
        Ok(Self { file, unfinished, path: path.to_owned() })
    }

    /// Begins the first of these that is neither there nor being written by somebody else; they are tried in their order.
    pub fn begin_free(paths: impl Iterator<Item = PathBuf>, data_dir: &Path) -> Result<Self, BackupError> {
        use std::os::unix::fs::OpenOptionsExt;
        let mut taken = PathBuf::new();
        for path in paths {
            must_be_elsewhere(&path, data_dir)?;
            let unfinished = path.with_added_extension(BEING_WRITTEN);
            match File::options().write(true).create_new(true).mode(0o600).open(&unfinished) {
                // Looked at when nobody else can finish it any more.
                Ok(file) if !path.exists() => return Ok(Self { file, unfinished, path }),
                Ok(_) => drop(std::fs::remove_file(&unfinished)),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(failed("making", unfinished)(error)),
            }
            taken = path;
        }
        Err(failed("making", taken)(io::ErrorKind::AlreadyExists.into()))
    }

    /// What it is to be called.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// It is complete: it gets its name, also through a power cut.
    pub fn finish(self) -> Result<(), BackupError> {
        self.file.sync_all().map_err(failed("writing", self.unfinished.as_path()))?;
        if !self.is_there() {
            let why = io::Error::other("something else writes to it at the same time");
            return Err(failed("writing", self.unfinished.as_path())(why));
        }
        Ok(folder::rename(&self.unfinished, &self.path)?)
    }

    /// Whether what stands under the name for what is being written is this.
    fn is_there(&self) -> bool {
        use std::os::unix::fs::MetadataExt;
        let (this, there) = (self.file.metadata(), self.unfinished.symlink_metadata());
        this.is_ok_and(|this| there.is_ok_and(|there| (this.dev(), this.ino()) == (there.dev(), there.ino())))
    }

    /// It is not wanted.
    pub fn give_up(self) {
        if !self.is_there() {
            return;
        }
        // What cannot be removed is named so that everybody sees what it is.
        let _ = std::fs::remove_file(&self.unfinished);
    }
}

impl Write for Whole {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

//! Reading a backup, and checking it on the way.

use super::form::{self, ChunkReader};
use super::write::{BEFORE, JOINED, MEDIA, NAMING, TOKENS};
use super::{About, BackupError, Contents};
use crate::store::{format, keys};
use serde::Serialize;
use std::io::Read;
use std::path::{Component, Path, PathBuf};

/// Reads a backup; nothing is given out that was not checked.
pub struct Reader<R> {
    chunks: ChunkReader<R>,
    about: About,
    contents: Contents,
    in_file: bool,
}

/// What a backup goes on with.
pub enum Piece {
    /// Records of this keyspace, as many as stand in a chunk.
    Records(u8, Vec<u8>),
    /// A file begins, at this path in the state directory.
    File(PathBuf),
    /// More of it.
    Bytes(Vec<u8>),
    /// It is complete, and nothing follows.
    End,
}

/// A backup that was read to its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Checked {
    /// What it is of.
    pub about: About,
    /// How much is in it.
    pub contents: Contents,
}

impl<R: Read> Reader<R> {
    /// Reads the header.
    pub fn new(from: R) -> Result<Self, BackupError> {
        let mut chunks = ChunkReader::new(from)?;
        let about = match chunks.next()? {
            (form::HEADER, bytes) => {
                rmp_serde::from_slice::<About>(&bytes).map_err(|_| BackupError::Foreign)?
            }
            (form::UNFINISHED, words) => return Err(unfinished(&words)),
            _ => return Err(BackupError::Foreign),
        };
        if about.ledger_format > format::FORMAT {
            return Err(BackupError::Newer(about.relay));
        }
        Ok(Self { chunks, about, contents: Contents::default(), in_file: false })
    }

    /// What it is of.
    pub fn about(&self) -> &About {
        &self.about
    }

    /// What was read so far.
    pub fn contents(&self) -> Contents {
        Contents { bytes: self.chunks.so_far().1, ..self.contents }
    }

    /// Reads it to its end.
    pub fn check(mut self, progress: &mut dyn FnMut(&About, Contents)) -> Result<Checked, BackupError> {
        while !matches!(self.next()?, Piece::End) {
            progress(&self.about, self.contents());
        }
        Ok(Checked { contents: self.contents(), about: self.about })
    }

    pub(super) fn next(&mut self) -> Result<Piece, BackupError> {
        let (sum, begin) = self.chunks.so_far();
        let damaged = || BackupError::Damaged(begin);
        let (tag, bytes) = self.chunks.next()?;
        match tag {
            form::FILE => {
                self.in_file = true;
                self.contents.files += 1;
                let path = PathBuf::from(String::from_utf8(bytes).map_err(|_| damaged())?);
                if is_below(&path) { Ok(Piece::File(path)) } else { Err(damaged()) }
            }
            form::BYTES if self.in_file => Ok(Piece::Bytes(bytes)),
            form::END => {
                let numbers = [self.contents.records, self.contents.files, sum].map(u64::to_be_bytes);
                if bytes != numbers.concat() || !self.chunks.is_at_end()? {
                    return Err(damaged());
                }
                Ok(Piece::End)
            }
            form::UNFINISHED => Err(unfinished(&bytes)),
            tag if form::KEYSPACES.iter().any(|(known, _)| *known == tag) && !self.in_file => {
                let records = form::records(&bytes).ok_or_else(damaged)?;
                self.contents.records += records.len() as u64;
                let waiting = |key: &[u8]| tag == b'w' && key.first() == Some(&keys::work::OUTBOX);
                self.contents.waiting += records.iter().filter(|(key, _)| waiting(key)).count() as u64;
                Ok(Piece::Records(tag, bytes))
            }
            _ => Err(damaged()),
        }
    }
}

/// A path to what backups hold, and nowhere else.
fn is_below(path: &Path) -> bool {
    let mut parts = path.components().peekable();
    let is_known = |part: &Component<'_>| {
        [JOINED, MEDIA, TOKENS, NAMING, BEFORE].into_iter().any(|place| part.as_os_str() == place)
    };
    // The keys, above all, are in no backup.
    parts.peek().is_some_and(is_known) && parts.all(|part| matches!(part, Component::Normal(_)))
}

fn unfinished(words: &[u8]) -> BackupError {
    BackupError::Unfinished(String::from_utf8_lossy(words).into_owned())
}

//! The chunks that a backup is made of.

use super::BackupError;
use std::io::{self, Read, Write};
use xxhash_rust::xxh3::Xxh3;

/// The header.
pub const HEADER: u8 = b'h';
/// Records of these keyspaces, in this order.
pub const KEYSPACES: [(u8, &str); 6] =
    [(b'm', "meta"), (b'j', "journal"), (b'w', "work"), (b's', "seen"), (b'i', "index"), (b'a', "audit")];
/// A file begins; its path in the state directory.
pub const FILE: u8 = b'f';
/// More of it.
pub const BYTES: u8 = b'b';
/// The end.
pub const END: u8 = b'e';
/// It could not be finished; in words.
pub const UNFINISHED: u8 = b'x';

/// A chunk is closed when it has so many bytes.
pub const FULL: usize = 256 * 1024;
/// The most that a chunk may have, unpacked: one record of any size that is ever stored.
const MOST: usize = 256 << 20;
/// Bytes before what is stored.
const HEAD: usize = 18;

const PLAIN: u8 = 0;
const ZSTD: u8 = 1;
/// Quick, and chat is small already: backups are made while messages flow.
const LEVEL: i32 = 3;

/// Writes chunks, and adds up what was written.
pub struct ChunkWriter<W> {
    out: W,
    sum: Xxh3,
    written: u64,
    zstd: zstd::bulk::Compressor<'static>,
}

impl<W: Write> ChunkWriter<W> {
    pub fn new(out: W) -> io::Result<Self> {
        let mut writer =
            Self { out, sum: Xxh3::new(), written: 0, zstd: zstd::bulk::Compressor::new(LEVEL)? };
        writer.put(super::MAGIC)?;
        Ok(writer)
    }

    pub fn chunk(&mut self, tag: u8, bytes: &[u8]) -> io::Result<()> {
        let packed = self.zstd.compress(bytes)?;
        let (packing, stored) = match packed.len() < bytes.len() {
            true => (ZSTD, packed.as_slice()),
            false => (PLAIN, bytes),
        };
        let mut head = [0; HEAD];
        head[0] = tag;
        head[1] = packing;
        head[2..6].copy_from_slice(&length(stored.len())?);
        head[6..10].copy_from_slice(&length(bytes.len())?);
        let sum = sum_of(&head[..10], stored);
        head[10..].copy_from_slice(&sum.to_be_bytes());
        self.put(&head)?;
        self.put(stored)
    }

    /// The sum of all that was written so far, and how much that is.
    pub fn so_far(&self) -> (u64, u64) {
        (self.sum.digest(), self.written)
    }

    pub fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.sum.update(bytes);
        self.written += bytes.len() as u64;
        self.out.write_all(bytes)
    }
}

/// Reads chunks and checks each before it is given out.
pub struct ChunkReader<R> {
    from: R,
    sum: Xxh3,
    read: u64,
}

impl<R: Read> ChunkReader<R> {
    pub fn new(from: R) -> Result<Self, BackupError> {
        let mut reader = Self { from, sum: Xxh3::new(), read: 0 };
        let mut magic = [0; super::MAGIC.len()];
        match reader.fill(&mut magic) {
            Ok(()) if &magic == super::MAGIC => Ok(reader),
            Ok(()) | Err(BackupError::Short(_)) => Err(BackupError::Foreign),
            Err(error) => Err(error),
        }
    }

    /// The next one's tag and content.
    pub fn next(&mut self) -> Result<(u8, Vec<u8>), BackupError> {
        let begin = self.read;
        let damaged = || BackupError::Damaged(begin);
        let mut head = [0; HEAD];
        self.fill(&mut head)?;
        let (tag, packing) = (head[0], head[1]);
        let number =
            |at: usize| head[at..at + 4].iter().fold(0_usize, |all, byte| all << 8 | usize::from(*byte));
        let (stored, raw) = (number(2), number(6));
        if stored > MOST || raw > MOST {
            return Err(damaged());
        }
        // A length that is wrong must not take memory that the file does not have.
        let mut bytes = Vec::new();
        let got = (&mut self.from).take(stored as u64).read_to_end(&mut bytes)?;
        self.read += got as u64;
        self.sum.update(&bytes);
        if got < stored {
            return Err(BackupError::Short(self.read));
        }
        if head[10..] != sum_of(&head[..10], &bytes).to_be_bytes() {
            return Err(damaged());
        }
        let bytes = match packing {
            PLAIN => bytes,
            ZSTD => zstd::bulk::decompress(&bytes, raw).map_err(|_| damaged())?,
            _ => return Err(damaged()),
        };
        if bytes.len() == raw { Ok((tag, bytes)) } else { Err(damaged()) }
    }

    /// The sum of all that was read so far, and how much that is.
    pub fn so_far(&self) -> (u64, u64) {
        (self.sum.digest(), self.read)
    }

    /// Whether nothing follows.
    pub fn is_at_end(&mut self) -> io::Result<bool> {
        Ok(self.from.read(&mut [0])? == 0)
    }

    fn fill(&mut self, buffer: &mut [u8]) -> Result<(), BackupError> {
        let mut filled = 0;
        while filled < buffer.len() {
            match self.from.read(&mut buffer[filled..]) {
                Ok(0) => return Err(BackupError::Short(self.read)),
                Ok(got) => {
                    self.sum.update(&buffer[filled..filled + got]);
                    self.read += got as u64;
                    filled += got;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}

fn sum_of(head: &[u8], stored: &[u8]) -> u64 {
    let mut sum = Xxh3::new();
    sum.update(head);
    sum.update(stored);
    sum.digest()
}

fn length(bytes: usize) -> io::Result<[u8; 4]> {
    if bytes > MOST {
        return Err(io::Error::other("a record is larger than 256 MiB"));
    }
    Ok((bytes as u32).to_be_bytes())
}

/// Adds a record to the content of a chunk.
pub fn add_record(chunk: &mut Vec<u8>, key: &[u8], value: &[u8]) {
    for part in [key, value] {
        chunk.extend_from_slice(&(part.len() as u32).to_be_bytes());
        chunk.extend_from_slice(part);
    }
}

/// The records in a chunk's content; none if it is not made of records.
pub fn records(mut chunk: &[u8]) -> Option<Vec<(&[u8], &[u8])>> {
    let mut all = Vec::new();
    while !chunk.is_empty() {
        let (key, rest) = part(chunk)?;
        let (value, rest) = part(rest)?;
        all.push((key, value));
        chunk = rest;
    }
    Some(all)
}

fn part(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_at_checked(4)?;
    rest.split_at_checked(u32::from_be_bytes(length.try_into().ok()?) as usize)
}

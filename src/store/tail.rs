//! The end of fjall's journal after a power cut.
//!
//! Fjall drops a last batch that it finds incomplete, but refuses to open when that batch is complete in form and wrong in
//! content: a page that never reached the disk is then a hole in a long value. Such a batch was never answered, since
//! an answer waits for the sync of all that was written before. The journal is cut where the first broken batch
//! begins. A disk that rots looks the same, so the whole journal is kept in a copy, and the log tells.
//!
//! The form is that of fjall 3 (`src/journal/entry.rs` there), numbers in little endian:
//! start `1`, items u32, sequence u64 · item `2`, type u8, compression u8, keyspace u64, key length u16, length u32, stored
//! length u32, key, value · end `3`, XXH3 of the items u64, magic · clear `4`, keyspace u64.

use super::{StoreError, folder};
use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use xxhash_rust::xxh3::Xxh3;

const START: u8 = 1;
const ITEM: u8 = 2;
const END: u8 = 3;
const CLEAR: u8 = 4;
const MAGIC: &[u8] = b"FJL\x03";

/// A journal that does not end with a whole batch.
pub struct Broken {
    /// The newest journal.
    path: PathBuf,
    /// Where its first batch begins that is not whole.
    at: usize,
}

/// Whether the newest journal ends with a whole batch; none if it does, or if the form is not known. Says aloud when it does not: fjall
/// drops an incomplete batch without a word.
pub fn look(ledger: &Path) -> Result<Option<Broken>, StoreError> {
    let failed = |what, path: &Path, e: std::io::Error| folder::failed(what, path, &e);
    let version = ledger.join("version");
    // What is not there, or not readable, is told by the opening.
    if !std::fs::read(&version).is_ok_and(|form| form == MAGIC) {
        return Ok(None);
    }
    let Some(path) = newest(ledger).map_err(|e| failed("listing", ledger, e))? else { return Ok(None) };
    let bytes = std::fs::read(&path).map_err(|e| failed("reading", &path, e))?;
    let at = whole_batches(&bytes);
    if bytes.get(at..).is_none_or(|rest| rest.iter().all(|byte| *byte == 0)) {
        return Ok(None);
    }
    tracing::warn!(
        journal = %path.display(),
        at,
        of = bytes.len(),
        "the ledger's journal ends in the middle of a batch, which is dropped. After a kill or a power cut nobody was told of it \
         yet; after a clean stop the disk is damaged, and answered messages may be lost: `relay resync` reads them again"
    );
    Ok(Some(Broken { path, at }))
}

/// Cuts a journal where its first broken batch begins.
pub fn cut(ledger: &Path, Broken { path, at }: Broken) -> Result<(), StoreError> {
    let failed = |what, path: &Path, e: std::io::Error| folder::failed(what, path, &e);
    let copy = path.with_extension(format!("torn-{}", ulid::Ulid::new()));
    std::fs::copy(&path, &copy).map_err(|e| failed("copying", &path, e))?;
    folder::sync_all(ledger)?;
    let cut = OpenOptions::new().write(true).open(&path).and_then(|journal| {
        journal.set_len(at as u64)?;
        journal.sync_all()
    });
    cut.map_err(|e| failed("cutting", &path, e))?;
    tracing::error!(
        at,
        copy = %copy.display(),
        "the ledger's journal is broken, and what comes after the break is dropped. After a power cut that is only what \
         nobody was told of yet; if the disk is damaged, answered messages are lost too. The whole journal is kept as a copy"
    );
    Ok(())
}

/// The journal that fjall appends to: the one with the highest number.
fn newest(ledger: &Path) -> std::io::Result<Option<PathBuf>> {
    let mut newest = None;
    for entry in ledger.read_dir()? {
        let path = entry?.path();
        let number =
            path.file_stem().and_then(|stem| stem.to_str()).and_then(|stem| stem.parse::<u64>().ok());
        if path.extension().is_some_and(|extension| extension == "jnl") && number.is_some() {
            newest = newest.max(number.map(|number| (number, path)));
        }
    }
    Ok(newest.map(|(_, path)| path))
}

/// How many bytes at the beginning are batches without fault.
fn whole_batches(bytes: &[u8]) -> usize {
    let mut rest = bytes;
    while let Some(after) = batch(rest) {
        rest = after;
    }
    bytes.len() - rest.len()
}

/// What follows a batch; none if it is broken or there is none.
fn batch(bytes: &[u8]) -> Option<&[u8]> {
    let (start, mut rest) = bytes.split_at_checked(13)?;
    let [START, a, b, c, d, ..] = *start else { return None };
    let mut hash = Xxh3::new();
    for _ in 0..u32::from_le_bytes([a, b, c, d]) {
        let (entry, after) = rest.split_at_checked(entry_len(rest)?)?;
        hash.update(entry);
        rest = after;
    }
    let (end, after) = rest.split_at_checked(13)?;
    let (tag, sum) = end.split_first()?;
    let (sum, magic) = sum.split_at_checked(8)?;
    (*tag == END && sum == hash.digest().to_le_bytes() && magic == MAGIC).then_some(after)
}

fn entry_len(bytes: &[u8]) -> Option<usize> {
    match *bytes.first()? {
        ITEM => {
            let key = u16::from_le_bytes(bytes.get(11..13)?.try_into().ok()?);
            let stored = u32::from_le_bytes(bytes.get(17..21)?.try_into().ok()?);
            Some(21 + usize::from(key) + usize::try_from(stored).ok()?)
        }
        CLEAR => Some(9),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch_of(values: &[&[u8]]) -> Vec<u8> {
        let mut items = Vec::new();
        for value in values {
            items.extend([ITEM, 0, 0]);
            items.extend(7_u64.to_le_bytes());
            items.extend(1_u16.to_le_bytes());
            items.extend((value.len() as u32).to_le_bytes());
            items.extend((value.len() as u32).to_le_bytes());
            items.push(b'k');
            items.extend(*value);
        }
        let mut hash = Xxh3::new();
        hash.update(&items);
        let mut bytes = vec![START];
        bytes.extend((values.len() as u32).to_le_bytes());
        bytes.extend(9_u64.to_le_bytes());
        bytes.extend(&items);
        bytes.push(END);
        bytes.extend(hash.digest().to_le_bytes());
        bytes.extend(MAGIC);
        bytes
    }

    #[test]
    fn only_whole_batches_count() {
        let good = batch_of(&[b"one", b"two"]);
        let mut hole = batch_of(&[&[7; 9000]]);
        hole[4096..8192].fill(0);
        let short = &good[..good.len() - 1];
        let none: &[u8] = &[];
        for (what, after) in [
            ("nothing", none),
            ("zeros", &[0; 99]),
            ("a hole", &hole),
            ("no end", short),
            ("noise", &[1; 50]),
        ] {
            assert_eq!(whole_batches(&[&good, &good, after].concat()), 2 * good.len(), "{what}");
            assert_eq!(
                whole_batches(&[after, &good].concat()),
                if what == "nothing" { good.len() } else { 0 }
            );
        }
    }
}

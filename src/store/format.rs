//! The number of the stored format, the header of a record, and the steps from older formats to this one.

use super::StoreError;
use fjall::{Database, Keyspace, OwnedWriteBatch as WriteBatch, PersistMode};
use std::path::Path;

/// The format that this Relay writes. 3 had what people have said, 4 seals what they say.
pub const FORMAT: u32 = 4;

/// The oldest format with headers as they are now.
const WIDE_HEADERS: u32 = 2;

/// Where it stands, in meta.
pub const FORMAT_KEY: &[u8] = b"format";

/// The number of the key that was made last, in meta: a file of keys that has not heard of it is not whole.
pub const NEWEST_KEY: &[u8] = b"newest key";

/// How often the file of keys was changed, in meta: one that was changed less often is damaged or older.
pub const KEY_CHANGES: &[u8] = b"key changes";

/// Stands in meta where the keys may be other ones than it was written with: it was restored without any.
pub const OTHER_KEYS: &[u8] = b"other keys";

/// Stands in meta where all is sealed that is to be.
pub const SEALED_KEY: &[u8] = b"sealed";

/// Bytes before a record's body: the record's own version, how the body is sealed, and with which key.
pub const HEADER_LEN: usize = 4;

/// The body is plain MessagePack.
const SEAL_NONE: u8 = 0;

/// The body is sealed: see [`super::seals`].
pub const SEALED: u8 = 1;

/// Puts the header before a body.
pub fn with_header(version: u8, body: &[u8]) -> Vec<u8> {
    let mut record = Vec::with_capacity(HEADER_LEN + body.len());
    record.extend_from_slice(&[version, SEAL_NONE, 0, 0]);
    record.extend_from_slice(body);
    record
}

/// Parts a record into version and body.
pub fn split_header(record: &[u8]) -> Result<(u8, &[u8]), String> {
    match record {
        [version, SEAL_NONE, _, _, body @ ..] => Ok((*version, body)),
        [_, SEALED, _, _, ..] => Err("it is sealed, and was read as if it were not".into()),
        [_, seal, _, _, ..] => Err(format!("it is sealed in a way ({seal}) that this Relay does not know")),
        _ => Err("it is shorter than its header".into()),
    }
}

/// Looks at the stored format: writes it into a new ledger, migrates an older one, refuses a newer one.
pub fn settle(db: &Database, meta: &Keyspace, records: &[&Keyspace], path: &Path) -> Result<(), StoreError> {
    let Some(stored) = meta.get(FORMAT_KEY)? else {
        return write_format(db, meta, FORMAT);
    };
    let found = <[u8; 4]>::try_from(&*stored).map(u32::from_be_bytes).map_err(|_| StoreError::Corrupt {
        place: "meta",
        why: "the format number is not four bytes".into(),
    })?;
    if found > FORMAT {
        return Err(StoreError::Newer { path: path.to_owned(), found, known: FORMAT });
    }
    if found == 1 {
        tracing::info!("migrating the ledger from format 1 to 2");
        widen_headers(db, meta, records)?;
    }
    Ok(())
}

/// The format of a ledger, as it stands under [`FORMAT_KEY`].
pub fn of(stored: Option<&[u8]>) -> u32 {
    stored.and_then(|bytes| <[u8; 4]>::try_from(bytes).ok()).map_or(WIDE_HEADERS, u32::from_be_bytes)
}

/// All is sealed that is to be.
pub fn raise(meta: &Keyspace, batch: &mut WriteBatch) {
    batch.insert(meta, FORMAT_KEY, FORMAT.to_be_bytes());
}

fn write_format(db: &Database, meta: &Keyspace, format: u32) -> Result<(), StoreError> {
    let mut batch = db.batch().durability(Some(PersistMode::SyncAll));
    batch.insert(meta, FORMAT_KEY, format.to_be_bytes());
    Ok(batch.commit()?)
}

/// Format 1 had a header of one byte, the version. All records and the new number go into one batch: a crash leaves
/// either the old ledger or the new one.
fn widen_headers(db: &Database, meta: &Keyspace, records: &[&Keyspace]) -> Result<(), StoreError> {
    let mut batch = db.batch().durability(Some(PersistMode::SyncAll));
    let rooms = meta.prefix(super::keys::ROOM_PREFIX).map(|entry| (meta, entry));
    let others = records.iter().flat_map(|keyspace| keyspace.iter().map(move |entry| (*keyspace, entry)));
    for (keyspace, entry) in rooms.chain(others) {
        let (key, value) = entry.into_inner()?;
        // Marks have no value, and no header either.
        if let [version, body @ ..] = &*value {
            batch.insert(keyspace, key, with_header(*version, body));
        }
    }
    batch.insert(meta, FORMAT_KEY, WIDE_HEADERS.to_be_bytes());
    Ok(batch.commit()?)
}

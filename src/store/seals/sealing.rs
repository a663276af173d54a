//! A ledger from before anything was sealed: before anything runs, another one is made of it in which all is sealed that is to be, and takes
//! its place in one step. A crash in between leaves the old one as it was; what is left of the other is removed and made anew.

use super::{Master, Seals, is_sealed, reactor, subject};
use crate::store::records::{DeadLetter, OutboxRow, Reactor, Record, SetAside, StoredEnvelope};
use crate::store::shared::{Opening, Shared};
use crate::store::{StoreError, folder, format, keys, notes};
use fjall::PersistMode;
use std::path::Path;

/// Records of one batch.
const PIECE: usize = 1_000;

/// Opens a ledger, with everything in it sealed.
pub(in crate::store) fn open_sealed(
    data_dir: &Path,
    path: &Path,
    master: Master,
) -> Result<Shared, StoreError> {
    let shared = Shared::open(path, false, Opening::With(data_dir, master.clone()))?;
    let fresh = data_dir.join("ledger.unfinished");
    // Also the old one, where its end was cut off.
    folder::remove(&fresh)?;
    if shared.meta.contains_key(format::SEALED_KEY)? {
        return Ok(shared);
    }
    if shared.journal.is_empty()? && shared.work.is_empty()? {
        shared.meta.insert(format::SEALED_KEY, [])?;
        return Ok(shared);
    }
    tracing::info!("what was kept until now is being sealed; that takes about a second for 50,000 messages");
    copy(&shared, &fresh)?;
    drop(shared);
    folder::sync_all(&fresh)?;
    folder::exchange(&fresh, path)?;
    folder::remove(&fresh)?;
    Shared::open(path, false, Opening::With(data_dir, master))
}

fn copy(from: &Shared, to: &Path) -> Result<(), StoreError> {
    let to = Shared::open(to, true, Opening::Closed)?;
    for (place, (from_there, to_there)) in from.keyspaces().into_iter().zip(to.keyspaces()).enumerate() {
        let (mut batch, mut waiting) = (to.db.batch(), 0);
        for entry in from_there.iter() {
            let (key, value) = entry.into_inner()?;
            let entry = match Place::of(place, &key) {
                Some(kind) if !is_sealed(&value) => kind.sealed(&from.seals, &key, &value),
                _ => Ok((key.to_vec(), value.to_vec())),
            };
            match entry {
                Ok((key, value)) => batch.insert(to_there, key, value),
                Err(StoreError::Corrupt { place, why }) => {
                    tracing::warn!(place, why, "a record cannot be read, and is left out");
                }
                Err(error) => return Err(error),
            }
            waiting += 1;
            if waiting == PIECE {
                std::mem::replace(&mut batch, to.db.batch()).commit()?;
                waiting = 0;
            }
        }
        batch.commit()?;
    }
    let mut batch = to.db.batch().durability(Some(PersistMode::SyncAll));
    from.seals.sync_into(&to.meta, &mut batch)?;
    batch.insert(&to.meta, format::SEALED_KEY, []);
    format::raise(&to.meta, &mut batch);
    Ok(batch.commit()?)
}

/// What is to be sealed.
enum Place {
    Envelope,
    Reaction,
    Aside,
    Row,
    Letter,
    Name,
}

impl Place {
    /// Of a record in one of [`Shared::keyspaces`], by its key.
    fn of(keyspace: usize, key: &[u8]) -> Option<Self> {
        match (keyspace, key.first()) {
            (0, _) if key.starts_with(keys::PLAIN_NAME_PREFIX) => Some(Self::Name),
            (1, _) => Some(Self::Envelope),
            (2, Some(&keys::work::HELD)) => Some(Self::Envelope),
            (2, Some(&keys::work::REACTION)) => Some(Self::Reaction),
            (2, Some(&keys::work::ASIDE)) => Some(Self::Aside),
            (2, Some(&keys::work::OUTBOX)) => Some(Self::Row),
            (2, Some(&keys::work::DEAD)) => Some(Self::Letter),
            _ => None,
        }
    }

    /// Key and record as they are from now on.
    fn sealed(&self, seals: &Seals, key: &[u8], value: &[u8]) -> Result<(Vec<u8>, Vec<u8>), StoreError> {
        let bytes = match self {
            Self::Envelope => {
                let (account, envelope) = StoredEnvelope::decode(value)?.into_parts();
                let of = subject(&envelope);
                seals.seal(&StoredEnvelope::new(account, envelope), of.as_ref(), key)?
            }
            Self::Reaction => {
                let by = Reactor::decode(value)?;
                let room = key.get(17..).and_then(keys::parse_room);
                let of = room.and_then(|room| reactor(&room, &by.user));
                seals.seal(&by, of.as_ref(), key)?
            }
            Self::Aside => seals.seal(&SetAside::decode(value)?, None, key)?,
            Self::Row => OutboxRow::decode(value)?.covered(seals)?.encode()?,
            Self::Letter => DeadLetter::decode(value)?.covered(seals)?.encode()?,
            Self::Name => {
                let looks = key.get(keys::PLAIN_NAME_PREFIX.len()..).unwrap_or_default();
                let blinded = seals.blind(notes::NAME, &String::from_utf8_lossy(looks))?;
                return Ok((keys::name(&blinded), value.to_vec()));
            }
        };
        Ok((key.to_vec(), bytes))
    }
}

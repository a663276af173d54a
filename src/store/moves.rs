//! A room goes on under another identity: what was asked for, and what waits, follows it. Executed by the writer.
//!
//! What rows were put into the same batch before is not seen here: whoever asks has seen to it that nothing is written for
//! the old room any more, and asks again if something was.

use super::queue::Held;
use super::records::{KnownRoom, OutboxRow, Record};
use super::shared::{Shared, bad_key, id_of};
use super::{StoreError, keys};
use fjall::OwnedWriteBatch as WriteBatch;
use relay_contract::RoomKey;
use std::sync::PoisonError;

/// Notes the move, and gives the new room to everybody who asked for the old one.
pub(super) fn room(
    shared: &Shared,
    from: &RoomKey,
    to: &RoomKey,
    batch: &mut WriteBatch,
) -> Result<(), StoreError> {
    batch.insert(&shared.meta, keys::moved(from), keys::room(to));
    if let Some(told) = shared.meta.get(keys::told_room(from))? {
        batch.insert(&shared.meta, keys::told_room(to), told);
    }
    if let Some(pinned) = shared.meta.get(keys::pinned_notice(from))? {
        batch.insert(&shared.meta, keys::pinned_notice(to), pinned);
    }
    shared.asking.follow(shared, from, to, batch);
    if let Some(pause) = shared.meta.get(keys::pause(&Held::Chat(from.clone())))? {
        batch.insert(&shared.meta, keys::pause(&Held::Chat(to.clone())), pause);
    }
    shared.mutes.follow(shared, from, to, batch)?;
    for entry in shared.meta.prefix(keys::ROOM_PREFIX) {
        let (key, value) = entry.into_inner()?;
        let mut known = KnownRoom::decode(&value)?;
        if known.key == *from {
            // On Telegram a chat is a space of its own: it goes with it.
            if known.space == from.room.as_str() {
                known.space = to.room.to_string();
            }
            known.key = to.clone();
            batch.insert(&shared.meta, key, known.encode()?);
        }
    }
    Ok(())
}

/// Puts the outbox rows of the old room into the new one, in their order; answers how many.
pub(super) fn rows(
    shared: &Shared,
    from: &RoomKey,
    to: &RoomKey,
    batch: &mut WriteBatch,
) -> Result<i64, StoreError> {
    let mut moved = 0;
    for entry in shared.work.prefix(keys::lane(from)) {
        let (key, value) = entry.into_inner()?;
        let id = id_of(&key)?;
        let row = OutboxRow::decode(&value)?;
        batch.remove(&shared.work, key);
        batch.remove(&shared.work, keys::pending(id, from));
        batch.insert(&shared.work, keys::outbox(to, id), row.encode()?);
        batch.insert(&shared.work, keys::pending(id, to), []);
        moved += 1;
        let mut first = shared.first.rows.lock().unwrap_or_else(PoisonError::into_inner);
        let oldest = first.entry(to.clone()).or_insert(id);
        *oldest = id.min(*oldest);
    }
    Ok(moved)
}

/// Where a room has gone, if it has moved.
pub(super) fn destination(shared: &Shared, from: &RoomKey) -> Result<Option<RoomKey>, StoreError> {
    let found = shared.meta.get(keys::moved(from))?;
    found.map(|bytes| keys::parse_room(&bytes).ok_or_else(bad_key)).transpose()
}

/// All rooms that have moved, and where each has gone.
pub(super) fn all(shared: &Shared) -> Result<Vec<(RoomKey, RoomKey)>, StoreError> {
    let mut all = Vec::new();
    for entry in shared.meta.prefix(keys::MOVED_PREFIX) {
        let (from, to) = entry.into_inner()?;
        let from = from.get(keys::MOVED_PREFIX.len()..).and_then(keys::parse_room);
        all.push(from.zip(keys::parse_room(&to)).ok_or_else(bad_key)?);
    }
    Ok(all)
}

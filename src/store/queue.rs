//! What waits and what was given up, as a person looks at it and changes it: rows go out of a lane and back into it, and
//! deliveries are held for as long as somebody wants.

use super::depth::DepthChange;
use super::ledger::Ledger;
use super::records::{DeadLetter, EnvelopeId, OutboxRow, Record};
use super::shared::{Shared, bad_key, id_of};
use super::writer::Command;
use super::{StoreError, keys};
use crate::audit::Left;
use fjall::OwnedWriteBatch as WriteBatch;
use relay_contract::{Account, RoomKey, Timestamp};
use serde::{Deserialize, Serialize};
use std::sync::PoisonError;

/// The reason of a delivery that a person has taken out of its lane.
pub const DROPPED: &str = "dropped";

/// Whose deliveries are held.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Held {
    /// Those into this room, by whoever runs Relay.
    Room(RoomKey),
    /// The same, by those who manage the room.
    Chat(RoomKey),
    /// All that this account makes.
    Account(Account),
}

/// Since when deliveries are held, or until when they were.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    /// When it began, in milliseconds since the epoch.
    pub since: i64,
    /// When it ended; what waited does not count as old for that time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<i64>,
    /// When it ends by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends: Option<i64>,
}

impl Pause {
    /// When it has ended; none while it holds.
    pub fn ended(self, now: i64) -> Option<i64> {
        let by_itself = self.ends.filter(|ends| *ends <= now);
        [self.until, by_itself].into_iter().flatten().min()
    }
}

impl Record for Pause {
    const PLACE: &'static str = "pauses";
}

/// What a person changes. Executed by the writer; for one room one at a time, and not while a delivery into it is under way.
#[derive(Debug, Clone)]
pub(super) enum Change {
    /// Dead letters become rows again.
    Retry { room: RoomKey, ids: Vec<EnvelopeId>, at: Timestamp },
    /// Rows become dead letters.
    Drop { room: RoomKey, ids: Vec<EnvelopeId>, at: Timestamp, left: Vec<(EnvelopeId, Left)> },
    /// Deliveries are held, or go on.
    Pause { held: Held, pause: Pause },
}

impl Change {
    /// Puts the change into a batch; answers how many rows and dead letters a room has more.
    pub(super) fn write(
        self,
        shared: &Shared,
        batch: &mut WriteBatch,
    ) -> Result<Option<(RoomKey, DepthChange)>, StoreError> {
        let mut depth = DepthChange::default();
        match self {
            Self::Retry { room, ids, at } => {
                for id in ids {
                    let Some(bytes) = shared.work.get(keys::dead(&room, id))? else { continue };
                    let letter = DeadLetter::decode(&bytes)?;
                    depth.remove(&letter);
                    let row = letter.row;
                    // It was posted as it was; what became of it since is not in its lane.
                    let change = match row.target {
                        None => {
                            shared.work.get(keys::changed(id))?.map(|change| id_of(&change)).transpose()?
                        }
                        Some(_) => None,
                    };
                    batch.remove(&shared.work, keys::dead(&room, id));
                    let again =
                        OutboxRow { attempts: 0, last_error: None, begun: false, retried: Some(at.0), ..row };
                    put(shared, batch, &room, id, &again)?;
                    depth.queued += 1;
                    if let Some(change) = change
                        && !shared.work.contains_key(keys::outbox(&room, change))?
                        && !shared.work.contains_key(keys::dead(&room, change))?
                    {
                        put(shared, batch, &room, change, &OutboxRow::new("", Some(id)))?;
                        depth.queued += 1;
                    }
                }
                Ok(Some((room, depth)))
            }
            Self::Drop { room, ids, at, left } => {
                for (id, left) in left {
                    shared.audit.left(&room, id, &left, batch);
                }
                for id in ids {
                    let Some(bytes) = shared.work.get(keys::outbox(&room, id))? else { continue };
                    let row = OutboxRow::decode(&bytes)?;
                    let letter = DeadLetter { reason: DROPPED.to_owned(), at: at.0, row };
                    batch.insert(&shared.work, keys::dead(&room, id), letter.encode()?);
                    batch.remove(&shared.work, keys::outbox(&room, id));
                    batch.remove(&shared.work, keys::pending(id, &room));
                    depth.queued -= 1;
                    depth.add(&letter);
                }
                Ok(Some((room, depth)))
            }
            Self::Pause { held, pause } => {
                batch.insert(&shared.meta, keys::pause(&held), pause.encode()?);
                Ok(None)
            }
        }
    }
}

/// A row that may be older than what its lane has had already.
fn put(
    shared: &Shared,
    batch: &mut WriteBatch,
    room: &RoomKey,
    id: EnvelopeId,
    row: &OutboxRow,
) -> Result<(), StoreError> {
    batch.insert(&shared.work, keys::outbox(room, id), row.encode()?);
    batch.insert(&shared.work, keys::pending(id, room), []);
    let mut first = shared.first.rows.lock().unwrap_or_else(PoisonError::into_inner);
    // Without an entry, the lane begins where this run's first row may be.
    let oldest = first.entry(room.clone()).or_insert(id.min(shared.first.to_fan_out));
    *oldest = id.min(*oldest);
    Ok(())
}

impl Ledger {
    /// Puts dead letters of a room back into its lane, with the newest change of each. Resolves when it is on disk.
    pub async fn retry(&self, room: RoomKey, ids: Vec<EnvelopeId>) -> Result<(), StoreError> {
        self.change(Change::Retry { room, ids, at: Timestamp::now() }).await
    }

    /// Closes rows of a room as dead letters, of some of which something has left already. Resolves when it is on disk.
    pub async fn drop_rows(
        &self,
        room: RoomKey,
        ids: Vec<EnvelopeId>,
        left: Vec<(EnvelopeId, Left)>,
    ) -> Result<(), StoreError> {
        self.change(Change::Drop { room, ids, at: Timestamp::now(), left }).await
    }

    /// Remembers that deliveries are held, or go on. Resolves when it is on disk.
    pub async fn pause(&self, held: Held, pause: Pause) -> Result<(), StoreError> {
        self.change(Change::Pause { held, pause }).await
    }

    async fn change(&self, change: Change) -> Result<(), StoreError> {
        self.ask(|done| Command::Queue { change, done }).await
    }

    /// All pauses, those that have ended included.
    pub fn pauses(&self) -> Result<Vec<(Held, Pause)>, StoreError> {
        let entries = self.shared.meta.prefix(keys::PAUSE_PREFIX);
        entries
            .map(|entry| {
                let (key, value) = entry.into_inner()?;
                Ok((keys::parse_pause(&key).ok_or_else(bad_key)?, Pause::decode(&value)?))
            })
            .collect()
    }

    /// Rows of a room from an id on, oldest first, at most `most`.
    pub fn rows(
        &self,
        room: &RoomKey,
        from: EnvelopeId,
        most: usize,
    ) -> Result<Vec<(EnvelopeId, OutboxRow)>, StoreError> {
        let first = self.shared.first.rows.lock().unwrap_or_else(PoisonError::into_inner).get(room).copied();
        let from = from.max(first.unwrap_or(self.shared.first.to_fan_out));
        let last = keys::outbox(room, EnvelopeId([0xFF; 16]));
        let rows = self.shared.work.range(keys::outbox(room, from)..=last);
        rows.take(most)
            .map(|entry| {
                let (key, value) = entry.into_inner()?;
                Ok((id_of(&key)?, OutboxRow::decode(&value)?.uncovered(&self.shared.seals)?))
            })
            .collect()
    }

    /// Dead letters of a room from an id on, oldest first, at most `most`.
    pub fn letters_of(
        &self,
        room: &RoomKey,
        from: EnvelopeId,
        most: usize,
    ) -> Result<Vec<(EnvelopeId, DeadLetter)>, StoreError> {
        let last = keys::dead(room, EnvelopeId([0xFF; 16]));
        let letters = self.shared.work.range(keys::dead(room, from)..=last);
        letters
            .take(most)
            .map(|entry| {
                let (key, value) = entry.into_inner()?;
                Ok((id_of(&key)?, DeadLetter::decode(&value)?.uncovered(&self.shared.seals)?))
            })
            .collect()
    }
}

impl Ledger {
    /// The newest dead letters of a room that are wanted, oldest first, at most `most`.
    pub fn newest_letters_of(
        &self,
        room: &RoomKey,
        most: usize,
        is_wanted: impl Fn(&DeadLetter) -> bool,
    ) -> Result<Vec<(EnvelopeId, DeadLetter)>, StoreError> {
        let all = keys::dead(room, EnvelopeId([0xFF; 16]));
        let letters = self.shared.work.range(keys::dead(room, EnvelopeId::default())..=all);
        let newest = letters.rev().map(|entry| {
            let (key, value) = entry.into_inner()?;
            Ok((id_of(&key)?, DeadLetter::decode(&value)?.uncovered(&self.shared.seals)?))
        });
        let newest = newest.filter(|found| found.as_ref().map_or(true, |(_, letter)| is_wanted(letter)));
        let mut newest = newest.take(most).collect::<Result<Vec<_>, StoreError>>()?;
        newest.reverse();
        Ok(newest)
    }
}

/// The next id there can be.
pub fn after(id: EnvelopeId) -> Option<EnvelopeId> {
    u128::from_be_bytes(id.0).checked_add(1).map(|next| EnvelopeId(next.to_be_bytes()))
}

//! Up to where each room is known: what a platform has to be asked for after an absence begins there.
//!
//! A mark is written behind the events that it stands for, in the order of the writer, and not synced: an older one only costs
//! a second reading, whose events are known by their keys.

use super::StoreError;
use super::keys;
use super::ledger::Ledger;
use super::records::Record;
use super::shared::{Shared, bad_key};
use relay_contract::{Mark, NativeId, RoomKey, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::PoisonError;

/// A mark on disk.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct StoredMark {
    /// The newest message that is known there.
    id: Option<String>,
    /// When it was said, or since when the room is listened to, in milliseconds since the epoch.
    at: i64,
    /// Since when the room is listened to; 0 where an older Relay wrote it.
    #[serde(default)]
    since: i64,
}

impl Record for StoredMark {
    const PLACE: &'static str = "marks";
}

/// A room that is listened to.
#[derive(Debug, Clone)]
pub(super) struct Marked {
    mark: Mark,
    /// Since when.
    since: Timestamp,
}

impl Marked {
    /// From now on.
    pub(super) fn begun(at: Timestamp) -> Self {
        Self { mark: Mark { id: None, at }, since: at }
    }
}

/// Changes of marks in one batch; `None` forgets.
pub(super) type Changes = HashMap<RoomKey, Option<Marked>>;

/// Moves a room's mark on to a message, where there is one and the message is not older. While a gap before it is still to be read, the
/// mark stays where the gap begins, so that a crash begins there again.
pub(super) fn advance(shared: &Shared, room: &RoomKey, to: Mark, changes: &mut Changes) {
    let mut held = shared.held_marks.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(newest) = held.get_mut(room) {
        if newest.as_ref().is_none_or(|newest| newest.at <= to.at) {
            *newest = Some(to);
        }
        return;
    }
    drop(held);
    let marks = shared.marks.lock().unwrap_or_else(PoisonError::into_inner);
    let now = changes.get(room).cloned().unwrap_or_else(|| marks.get(room).cloned());
    if let Some(now) = now.filter(|now| now.mark.at <= to.at) {
        changes.insert(room.clone(), Some(Marked { mark: to, ..now }));
    }
}

/// Puts the changes into the batch that they belong to.
pub(super) fn write(
    shared: &Shared,
    changes: &Changes,
    batch: &mut fjall::OwnedWriteBatch,
) -> Result<(), StoreError> {
    for (room, mark) in changes {
        let key = keys::mark(room);
        match mark {
            Some(Marked { mark, since }) => {
                let id = mark.id.clone().map(String::from);
                let stored = StoredMark { id, at: mark.at.0, since: since.0 };
                batch.insert(&shared.meta, key, stored.encode()?);
            }
            None => batch.remove(&shared.meta, key),
        }
    }
    Ok(())
}

/// The batch is written: they are in force.
pub(super) fn written(shared: &Shared, changes: Changes) {
    let mut marks = shared.marks.lock().unwrap_or_else(PoisonError::into_inner);
    for (room, mark) in changes {
        match mark {
            Some(mark) => drop(marks.insert(room, mark)),
            None => drop(marks.remove(&room)),
        }
    }
}

/// All marks, at the opening. One that cannot be read counts as none: its room begins anew.
pub(super) fn read(meta: &fjall::Keyspace) -> Result<HashMap<RoomKey, Marked>, StoreError> {
    let mut marks = HashMap::new();
    for entry in meta.prefix(keys::MARK_PREFIX) {
        let (key, value) = entry.into_inner()?;
        let room = keys::parse_room(&key[keys::MARK_PREFIX.len()..]).ok_or_else(bad_key)?;
        match StoredMark::decode(&value) {
            Ok(StoredMark { id, at, since }) => {
                let mark = Mark { id: id.map(NativeId::from), at: Timestamp(at) };
                marks.insert(room, Marked { mark, since: Timestamp(since) });
            }
            Err(error) => tracing::error!(%room, %error, "it is not known up to where a room was heard"),
        }
    }
    Ok(marks)
}

impl Ledger {
    /// Up to where a room is known; none for a room that is not listened to.
    pub fn mark(&self, room: &RoomKey) -> Option<Mark> {
        let marks = self.shared.marks.lock().unwrap_or_else(PoisonError::into_inner);
        marks.get(room).map(|marked| marked.mark.clone())
    }

    /// Since when a room is listened to: what was said there before is nobody's to carry.
    pub fn listened_since(&self, room: &RoomKey) -> Option<Timestamp> {
        let marks = self.shared.marks.lock().unwrap_or_else(PoisonError::into_inner);
        marks.get(room).map(|marked| marked.since)
    }

    /// A room's mark stays where it is, until [`Self::let_mark_go`].
    pub fn hold_mark(&self, room: RoomKey) {
        self.shared.held_marks.lock().unwrap_or_else(PoisonError::into_inner).entry(room).or_default();
    }

    /// What was before is read: the mark goes to where the room is known now.
    pub fn let_mark_go(&self, room: &RoomKey) {
        let newest = self.shared.held_marks.lock().unwrap_or_else(PoisonError::into_inner).remove(room);
        if let Some(mark) = newest.flatten() {
            self.heard_up_to(room.clone(), mark);
        }
    }

    /// The rooms that have a mark.
    pub fn marked(&self) -> Vec<RoomKey> {
        self.shared.marks.lock().unwrap_or_else(PoisonError::into_inner).keys().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use relay_contract::Platform;

    fn mark(id: &str, at: i64) -> Mark {
        Mark { id: Some(id.into()), at: Timestamp(at) }
    }

    #[tokio::test]
    async fn a_mark_begins_moves_on_and_is_forgotten_and_outlives_the_process() {
        let folder = tempfile::tempdir().unwrap();
        let room = RoomKey::new(Platform::new("p"), "n", "r");
        let (ledger, writer) = Ledger::open(folder.path()).unwrap();
        // A room that nobody listens to gets none by being spoken in.
        ledger.heard_up_to(room.clone(), mark("1", 1));
        ledger.probe().await.unwrap();
        assert_eq!(ledger.mark(&room), None);
        ledger.begin_mark(room.clone(), Timestamp(5)).await.unwrap();
        assert_eq!(ledger.mark(&room), Some(Mark { id: None, at: Timestamp(5) }));
        for (heard, stands) in [(mark("7", 7), "7"), (mark("6", 6), "7"), (mark("8", 7), "8")] {
            ledger.heard_up_to(room.clone(), heard);
            ledger.probe().await.unwrap();
            assert_eq!(ledger.mark(&room).unwrap().id, Some(stands.into()));
        }
        assert_eq!(ledger.listened_since(&room), Some(Timestamp(5)));
        // What comes while a gap is read does not count before the gap is.
        ledger.hold_mark(room.clone());
        for at in [20, 19] {
            ledger.heard_up_to(room.clone(), mark("later", at));
        }
        ledger.probe().await.unwrap();
        assert_eq!(ledger.mark(&room), Some(mark("8", 7)));
        ledger.let_mark_go(&room);
        ledger.probe().await.unwrap();
        assert_eq!(ledger.mark(&room), Some(mark("later", 20)));
        // It begins once.
        ledger.begin_mark(room.clone(), Timestamp(9)).await.unwrap();
        assert_eq!(ledger.mark(&room), Some(mark("later", 20)));
        ledger.close().await.unwrap();
        drop(ledger);
        writer.join();
        let (ledger, writer) = Ledger::open(folder.path()).unwrap();
        assert_eq!(ledger.mark(&room), Some(mark("later", 20)));
        assert_eq!(ledger.listened_since(&room), Some(Timestamp(5)));
        ledger.forget_mark(room.clone()).await.unwrap();
        assert_eq!((ledger.mark(&room), ledger.marked()), (None, vec![]));
        ledger.close().await.unwrap();
        drop(ledger);
        writer.join();
        assert_eq!(Ledger::open(folder.path()).unwrap().0.mark(&room), None);
    }
}

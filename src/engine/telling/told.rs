//! What rooms know of each other: that they are linked, with which others, and whether programs see it, too.

use super::Rooms;
use crate::engine::core::Core;
use crate::store::{RoomTold, StoreError};
use relay_contract::RoomKey;
use std::collections::{BTreeSet, HashMap};
use xxhash_rust::xxh3::xxh3_64;

/// What rooms were told, those that were.
pub(super) type All = HashMap<RoomKey, RoomTold>;

impl Core {
    /// What was told in those of these rooms in which anything was.
    pub(super) fn told_in(&self, rooms: &Rooms) -> Result<All, StoreError> {
        let mut all = All::new();
        for room in rooms.keys() {
            let pinned = || Ok::<_, StoreError>(self.ledger.has_pinned_notice(room)?.then(RoomTold::default));
            if let Some(told) = self.ledger.room_told(room)?.map_or_else(pinned, |told| Ok(Some(told)))? {
                all.insert(room.clone(), told);
            }
        }
        Ok(all)
    }

    /// The rooms that are linked in the file and were not told so, or not of all that see what is said in them now. Of whoever joins in the
    /// chat, and to whoever does, it is told there.
    pub(super) fn untold_in(&self, (rooms, programs): (&Rooms, bool), told: &All) -> Vec<RoomKey> {
        let linked = || rooms.iter().filter(|(_, (_, joined))| !joined).map(|(room, _)| room);
        let knows = |room: &&RoomKey| {
            let of_others = |of: &BTreeSet<u64>| {
                linked()
                    .filter(|other| other != room)
                    .all(|other| self.marks(other).any(|it| of.contains(&it)))
            };
            told.get(*room).is_some_and(|told| {
                // An older Relay did not keep of which others: it told of all.
                (told.programs || !programs) && told.of.as_ref().is_none_or(of_others)
            })
        };
        linked().filter(|room| !knows(room)).cloned().collect()
    }

    /// Keeps that rooms know of all that see now what is said in them.
    pub(super) async fn keep_told(
        &self,
        (rooms, programs): (&Rooms, bool),
        told: &All,
        carries: bool,
        which: impl Fn(&RoomKey) -> bool,
    ) -> Result<(), StoreError> {
        for room in rooms.keys().filter(|room| which(room)) {
            let before = told.get(room);
            let mut now = before.cloned().unwrap_or(RoomTold { carries, ..RoomTold::default() });
            now.programs |= programs;
            now.of.get_or_insert_default().extend(rooms.keys().map(mark));
            if before != Some(&now) {
                self.ledger.remember_room_told(room, now).await?;
            }
        }
        Ok(())
    }

    /// By what it may be kept that a room was told of: a room that goes on under another id stays the one that others know.
    fn marks(&self, room: &RoomKey) -> impl Iterator<Item = u64> {
        let before = self.known.space_ids(room).into_iter();
        let before = before.map(|id| RoomKey::new(room.platform.clone(), room.network.clone(), id));
        std::iter::once(mark(room)).chain(before.map(|room| mark(&room)))
    }
}

fn mark(room: &RoomKey) -> u64 {
    xxh3_64(room.to_string().as_bytes())
}

//! Deliveries that a person holds: into a room, or all of an account. On disk before it is in force, so that a restart changes nothing.

use super::core::{Core, LaneHandle};
use crate::store::StoreError;
use crate::store::queue::{Held, Pause};
use relay_contract::{Account, RoomKey, Timestamp};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Pauses, those that have ended included.
#[derive(Debug, Default)]
pub struct Pauses(Mutex<HashMap<Held, Pause>>);

impl Pauses {
    /// From the ledger.
    pub fn new(stored: Vec<(Held, Pause)>) -> Self {
        Self(Mutex::new(stored.into_iter().collect()))
    }

    /// Since when deliveries of an account into a room are held, and whether by the whole account.
    pub fn holds(&self, account: &Account, room: &RoomKey) -> Option<(i64, bool)> {
        let pauses = self.all();
        let running = |held: &Held| pauses.get(held).filter(|pause| pause.until.is_none());
        let of_room = running(&Held::Room(room.clone())).map(|pause| (pause.since, false));
        of_room.or_else(|| running(&Held::Account(account.clone())).map(|pause| (pause.since, true)))
    }

    /// Since when all of an account's deliveries are held.
    pub fn holds_account(&self, account: &Account) -> Option<i64> {
        let pauses = self.all();
        pauses
            .get(&Held::Account(account.clone()))
            .filter(|pause| pause.until.is_none())
            .map(|pause| pause.since)
    }

    /// When the last pause ended that held deliveries of an account into a room.
    pub fn ended(&self, account: &Account, room: &RoomKey) -> Option<i64> {
        let pauses = self.all();
        let ended = |held: Held| pauses.get(&held).and_then(|pause| pause.until);
        ended(Held::Room(room.clone())).max(ended(Held::Account(account.clone())))
    }

    fn all(&self) -> MutexGuard<'_, HashMap<Held, Pause>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Core {
    /// Holds deliveries; false when they are held already. What is under way is finished.
    pub async fn pause(&self, held: Held) -> Result<bool, StoreError> {
        if self.pauses.all().get(&held).is_some_and(|pause| pause.until.is_none()) {
            return Ok(false);
        }
        self.put_pause(held, Pause { since: Timestamp::now().0, until: None }).await?;
        Ok(true)
    }

    /// Since when all deliveries of an account are held.
    pub fn account_paused(&self, account: &Account) -> Option<i64> {
        self.pauses.holds_account(account)
    }

    /// Lets deliveries go on; false when they are not held.
    pub async fn resume(&self, held: Held) -> Result<bool, StoreError> {
        let running = self.pauses.all().get(&held).copied().filter(|pause| pause.until.is_none());
        let Some(pause) = running else { return Ok(false) };
        self.put_pause(held, Pause { until: Some(Timestamp::now().0), ..pause }).await?;
        Ok(true)
    }

    async fn put_pause(&self, held: Held, pause: Pause) -> Result<(), StoreError> {
        self.ledger.pause(held.clone(), pause).await?;
        self.pauses.all().insert(held.clone(), pause);
        let lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        let meant = |lane: &&std::sync::Arc<LaneHandle>| match &held {
            Held::Room(room) => lane.room == *room,
            Held::Account(account) => lane.account.name == *account,
        };
        lanes.values().filter(meant).for_each(|lane| lane.orders.look());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use relay_contract::Platform;

    #[test]
    fn what_is_held_by_whom() {
        let room = |id: &str| RoomKey::new(Platform::new("p"), "n", id);
        let account = |name: &str| Account(name.into());
        let pauses = Pauses::new(vec![
            (Held::Room(room("1")), Pause { since: 10, until: None }),
            (Held::Room(room("2")), Pause { since: 10, until: Some(20) }),
            (Held::Account(account("a")), Pause { since: 30, until: None }),
            (Held::Account(account("b")), Pause { since: 5, until: Some(40) }),
        ]);
        let cases = [
            ("b", "1", Some((10, false)), Some(40)),
            ("a", "1", Some((10, false)), None),
            ("a", "2", Some((30, true)), Some(20)),
            ("b", "2", None, Some(40)),
            ("c", "3", None, None),
        ];
        for (by, id, holds, ended) in cases {
            assert_eq!(pauses.holds(&account(by), &room(id)), holds, "{by} {id}");
            assert_eq!(pauses.ended(&account(by), &room(id)), ended, "{by} {id}");
        }
        assert_eq!(pauses.holds_account(&account("a")), Some(30));
        assert_eq!(pauses.holds_account(&account("b")), None);
    }
}

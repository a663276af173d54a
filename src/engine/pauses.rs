//! Deliveries that a person holds: into a room, or all of an account. On disk before it is in force, so that a restart changes nothing.
//!
//! Who manages a room holds it from the chat, for a time or until they let it go on; whoever runs Relay holds it beside that, and neither
//! ends what the other holds, but that a `relay queue resume` lets a room go on whoever holds it.

use super::core::{Core, LaneHandle};
use super::states::LaneState;
use crate::store::queue::{Held, Pause};
use crate::store::{StoreError, Verdict};
use relay_contract::{Account, Envelope, Event, NativeId, RoomKey, Text, Timestamp};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// So long a notice is waited for until it can go ahead of what waits.
const PATIENCE: Duration = Duration::from_secs(5);

/// Pauses, those that have ended included.
#[derive(Debug, Default)]
pub struct Pauses(Mutex<HashMap<Held, Pause>>);

/// What holds deliveries into a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Holding {
    /// Since when, in milliseconds since the epoch.
    pub since: i64,
    /// The whole account is held.
    pub account: bool,
    /// Those who manage the room hold it; otherwise whoever runs Relay.
    pub chat: bool,
    /// When it ends by itself.
    pub until: Option<i64>,
}

impl From<Holding> for LaneState {
    fn from(Holding { since, account, chat, until }: Holding) -> Self {
        Self::Paused { since, account, chat, until }
    }
}

impl Pauses {
    /// From the ledger.
    pub fn new(stored: Vec<(Held, Pause)>) -> Self {
        Self(Mutex::new(stored.into_iter().collect()))
    }

    /// What holds deliveries of an account into a room now: whoever runs Relay before those who manage the room.
    pub fn holds(&self, account: &Account, room: &RoomKey) -> Option<Holding> {
        self.holds_at(account, room, Timestamp::now().0)
    }

    fn holds_at(&self, account: &Account, room: &RoomKey, now: i64) -> Option<Holding> {
        let pauses = self.all();
        let holding = |held: Held| {
            let pause = pauses.get(&held).filter(|pause| pause.ended(now).is_none())?;
            let (account, chat) = (matches!(held, Held::Account(_)), matches!(held, Held::Chat(_)));
            Some(Holding { since: pause.since, account, chat, until: pause.ends })
        };
        holding(Held::Room(room.clone()))
            .or_else(|| holding(Held::Account(account.clone())))
            .or_else(|| holding(Held::Chat(room.clone())))
    }

    /// Since when all of an account's deliveries are held.
    pub fn holds_account(&self, account: &Account) -> Option<i64> {
        self.running(&Held::Account(account.clone())).map(|pause| pause.since)
    }

    /// When the last pause ended that held deliveries of an account into a room.
    pub fn ended(&self, account: &Account, room: &RoomKey) -> Option<i64> {
        self.ended_at(account, room, Timestamp::now().0)
    }

    fn ended_at(&self, account: &Account, room: &RoomKey, now: i64) -> Option<i64> {
        let pauses = self.all();
        let all = [Held::Room(room.clone()), Held::Chat(room.clone()), Held::Account(account.clone())];
        all.iter().filter_map(|held| pauses.get(held)?.ended(now)).max()
    }

    /// A room goes on as another: it stays as its managers hold it.
    pub fn follow(&self, from: &RoomKey, to: &RoomKey) {
        let mut pauses = self.all();
        if let Some(pause) = pauses.get(&Held::Chat(from.clone())).copied() {
            pauses.insert(Held::Chat(to.clone()), pause);
        }
    }

    fn running(&self, held: &Held) -> Option<Pause> {
        self.all().get(held).copied().filter(|pause| pause.ended(Timestamp::now().0).is_none())
    }

    fn all(&self) -> MutexGuard<'_, HashMap<Held, Pause>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Core {
    /// Holds deliveries; false when they are held already. What is under way is finished.
    pub async fn pause(&self, held: Held) -> Result<bool, StoreError> {
        if self.pauses.running(&held).is_some() {
            return Ok(false);
        }
        self.put_pause(held, Pause { since: Timestamp::now().0, until: None, ends: None }).await?;
        Ok(true)
    }

    /// Those who manage a room hold it, until then or until they let it go on; whoever holds it already says until when anew.
    pub async fn pause_from_chat(&self, room: &RoomKey, ends: Option<i64>) -> Result<(), StoreError> {
        let held = Held::Chat(room.clone());
        let before = self.pauses.running(&held);
        let since = before.map_or(Timestamp::now().0, |pause| pause.since);
        self.put_pause(held, Pause { since, until: None, ends }).await
    }

    /// How those who manage a room hold it; none when they do not.
    pub fn paused_from_chat(&self, room: &RoomKey) -> Option<Pause> {
        self.pauses.running(&Held::Chat(room.clone()))
    }

    /// Whether whoever runs Relay holds a room, or all of the account that reaches it.
    pub fn is_held_by_operator(&self, account: &Account, room: &RoomKey) -> bool {
        self.pauses.holds(account, room).is_some_and(|holding| !holding.chat)
    }

    /// Since when all deliveries of an account are held.
    pub fn account_paused(&self, account: &Account) -> Option<i64> {
        self.pauses.holds_account(account)
    }

    /// Lets deliveries go on; false when they are not held. A room that whoever runs Relay lets go on does so whoever held it.
    pub async fn resume(&self, held: Held) -> Result<bool, StoreError> {
        let mut was_held = false;
        if let Held::Room(room) = &held {
            was_held = self.end_pause(Held::Chat(room.clone())).await?;
        }
        Ok(self.end_pause(held).await? | was_held)
    }

    async fn end_pause(&self, held: Held) -> Result<bool, StoreError> {
        let Some(pause) = self.pauses.running(&held) else { return Ok(false) };
        self.put_pause(held, Pause { until: Some(Timestamp::now().0), ..pause }).await?;
        Ok(true)
    }

    async fn put_pause(&self, held: Held, pause: Pause) -> Result<(), StoreError> {
        self.ledger.pause(held.clone(), pause).await?;
        self.pauses.all().insert(held.clone(), pause);
        let lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        let meant = |lane: &&std::sync::Arc<LaneHandle>| match &held {
            Held::Room(room) | Held::Chat(room) => lane.room == *room,
            Held::Account(account) => lane.account.name == *account,
        };
        lanes.values().filter(meant).for_each(|lane| lane.orders.look());
        Ok(())
    }

    /// Says something in one room, ahead of what waits there and also while those who manage it hold it; after a crash in between, in its
    /// turn.
    pub async fn notice_ahead(
        &self,
        account: &Account,
        room: &RoomKey,
        body: Text,
    ) -> Result<(), StoreError> {
        let id = NativeId::from(ulid::Ulid::new().to_string());
        // No channel has an empty name: the room alone is told.
        let event = Event::Noticed { id, channel: String::new(), body };
        let envelope = Envelope { origin: room.clone(), author: None, at: Timestamp::now(), event };
        let queued = self.ledger.accept(account.clone(), vec![envelope]).await?;
        let verdicts = queued.await.map_err(|_| StoreError::Closed)??;
        let Some(Verdict::Accepted(id)) = verdicts.first().copied() else { return Ok(()) };
        let began = Instant::now();
        while !self.ledger.is_fanned_out(id)? && began.elapsed() < PATIENCE {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        if let Some(lane) = self.lane(room) {
            lane.overtaking.add(vec![id], Vec::new(), Vec::new());
            lane.call();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use relay_contract::Platform;

    fn room(id: &str) -> RoomKey {
        RoomKey::new(Platform::new("p"), "n", id)
    }

    fn account(name: &str) -> Account {
        Account(name.into())
    }

    #[test]
    fn what_is_held_by_whom() {
        let pauses = Pauses::new(vec![
            (Held::Room(room("1")), Pause { since: 10, until: None, ends: None }),
            (Held::Room(room("2")), Pause { since: 10, until: Some(20), ends: None }),
            (Held::Account(account("a")), Pause { since: 30, until: None, ends: None }),
            (Held::Account(account("b")), Pause { since: 5, until: Some(40), ends: None }),
        ]);
        let cases = [
            ("b", "1", Some((10, false)), Some(40)),
            ("a", "1", Some((10, false)), None),
            ("a", "2", Some((30, true)), Some(20)),
            ("b", "2", None, Some(40)),
            ("c", "3", None, None),
        ];
        for (by, id, holds, ended) in cases {
            let held = pauses.holds(&account(by), &room(id));
            assert_eq!(held.map(|held| (held.since, held.account)), holds, "{by} {id}");
            assert_eq!(pauses.ended(&account(by), &room(id)), ended, "{by} {id}");
        }
        assert_eq!(pauses.holds_account(&account("a")), Some(30));
        assert_eq!(pauses.holds_account(&account("b")), None);
    }

    #[test]
    fn a_pause_from_the_chat_ends_by_itself_and_is_not_the_operators() {
        let pauses = Pauses::new(vec![
            (Held::Chat(room("1")), Pause { since: 10, until: None, ends: Some(100) }),
            (Held::Chat(room("2")), Pause { since: 10, until: Some(50), ends: Some(100) }),
            (Held::Chat(room("3")), Pause { since: 10, until: None, ends: Some(100) }),
            (Held::Room(room("3")), Pause { since: 20, until: None, ends: None }),
        ]);
        // At which time, in which room: who holds it, and when the last pause ended.
        let cases = [
            (99, "1", Some(true), None),
            (100, "1", None, Some(100)),
            (99, "2", None, Some(50)),
            (200, "2", None, Some(50)),
            (99, "3", Some(false), None),
            (100, "3", Some(false), Some(100)),
        ];
        for (now, id, chat, ended) in cases {
            let held = pauses.holds_at(&account("a"), &room(id), now);
            assert_eq!(held.map(|held| held.chat), chat, "{id} at {now}");
            assert_eq!(pauses.ended_at(&account("a"), &room(id), now), ended, "{id} at {now}");
        }
        let held = pauses.holds_at(&account("a"), &room("1"), 99).unwrap();
        assert_eq!((held.since, held.until, held.account), (10, Some(100), false));
    }
}

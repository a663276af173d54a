//! Relay's own messages as they come back, for whoever waits for one.

use relay_contract::{NativeId, RoomKey};
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

/// So many of one room are remembered while somebody waits.
const MOST: usize = 256;

/// What has come back in the rooms that somebody watches.
#[derive(Debug, Default)]
pub struct Echoes {
    watched: AtomicUsize,
    rooms: Mutex<HashMap<RoomKey, Vec<(NativeId, Instant)>>>,
    heard: Notify,
}

/// A room that is watched until this is dropped. One of a room at a time.
pub struct Watch<'a> {
    echoes: &'a Echoes,
    room: RoomKey,
}

impl Echoes {
    /// A message of Relay's own has come back.
    pub fn heard(&self, room: &RoomKey, message: &NativeId) {
        if self.watched.load(Ordering::Acquire) == 0 {
            return;
        }
        if let Some(heard) = self.rooms().get_mut(room)
            && heard.len() < MOST
        {
            heard.push((message.clone(), Instant::now()));
        }
        self.heard.notify_waiters();
    }

    /// Watches a room; none if somebody does already.
    pub fn watch(&self, room: &RoomKey) -> Option<Watch<'_>> {
        let mut rooms = self.rooms();
        if rooms.contains_key(room) {
            return None;
        }
        rooms.insert(room.clone(), Vec::new());
        self.watched.fetch_add(1, Ordering::AcqRel);
        Some(Watch { echoes: self, room: room.clone() })
    }

    fn rooms(&self) -> MutexGuard<'_, HashMap<RoomKey, Vec<(NativeId, Instant)>>> {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watch<'_> {
    /// When a message came back, if it does within a time. It may have done so before it is asked for.
    pub async fn back(&self, message: &NativeId, within: Duration) -> Option<Instant> {
        let until = Instant::now() + within;
        loop {
            let heard = self.echoes.heard.notified();
            let seen = self
                .echoes
                .rooms()
                .get(&self.room)
                .and_then(|heard| heard.iter().find(|(other, _)| other == message).map(|(_, at)| *at));
            if seen.is_some() {
                return seen;
            }
            // Between the look and the wait something may come: so not for long.
            let look_again = Instant::now() + Duration::from_millis(100);
            if tokio::time::timeout_at(until.min(look_again), heard).await.is_err() && Instant::now() >= until
            {
                return None;
            }
        }
    }
}

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        self.echoes.rooms().remove(&self.room);
        self.echoes.watched.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use relay_contract::Platform;

    #[tokio::test]
    async fn only_what_is_waited_for_counts_also_when_it_was_there_before() {
        let (echoes, room) = (Echoes::default(), RoomKey::new(Platform::new("p"), "n", "r"));
        let within = Duration::from_secs(20);
        echoes.heard(&room, &"early".into());
        let watch = echoes.watch(&room).unwrap();
        assert!(echoes.watch(&room).is_none(), "one at a time");
        assert_eq!(watch.back(&"early".into(), Duration::ZERO).await, None, "nobody watched");
        echoes.heard(&room, &"before".into());
        assert!(watch.back(&"before".into(), within).await.is_some());
        let later = NativeId::from("later");
        let (came, ()) = tokio::join!(watch.back(&later, within), async {
            tokio::time::sleep(Duration::from_millis(20)).await;
            echoes.heard(&room, &later);
        });
        assert!(came.is_some());
        drop(watch);
        assert!(echoes.watch(&room).is_some());
    }
}

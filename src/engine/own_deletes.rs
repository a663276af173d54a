//! Messages that Relay itself takes away: a platform that tells of a delete does not tell whose it was, and the news can be here before
//! the ledger knows that it was done.

use relay_contract::{NativeId, RoomKey};
use std::collections::{HashSet, VecDeque};
use std::sync::{Mutex, PoisonError};

/// So many are remembered; the oldest are forgotten.
const KEPT: usize = 10_000;

/// Messages that Relay has taken away or is about to.
#[derive(Debug, Default)]
pub struct OwnDeletes(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    order: VecDeque<(RoomKey, NativeId)>,
    all: HashSet<(RoomKey, NativeId)>,
}

impl OwnDeletes {
    /// Said before the attempt.
    pub fn add(&self, room: &RoomKey, message: &NativeId) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (room.clone(), message.clone());
        if kept.all.insert(key.clone()) {
            kept.order.push_back(key);
        }
        if kept.order.len() > KEPT
            && let Some(oldest) = kept.order.pop_front()
        {
            kept.all.remove(&oldest);
        }
    }

    /// Whether a delete is Relay's own.
    pub fn has(&self, room: &RoomKey, message: &NativeId) -> bool {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.all.contains(&(room.clone(), message.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use relay_contract::Platform;

    #[test]
    fn the_newest_are_remembered() {
        let own = OwnDeletes::default();
        let room = RoomKey::new(Platform::new("p"), "n", "r");
        let id = |number: usize| NativeId::from(number.to_string());
        (0..=KEPT).for_each(|number| own.add(&room, &id(number)));
        own.add(&room, &id(KEPT));
        assert!(!own.has(&room, &id(0)) && own.has(&room, &id(1)) && own.has(&room, &id(KEPT)));
        assert!(!own.has(&RoomKey::new(Platform::new("p"), "n", "s"), &id(1)));
    }
}

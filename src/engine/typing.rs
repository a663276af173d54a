//! Somebody is typing: passed on at once or not at all, a few times a minute a room, and never in the way of what is said.

use super::core::Core;
use super::states::LaneState;
use crate::observe::Count;
use relay_contract::{Feature, RoomKey, Support};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;

/// Platforms show it for five seconds and more.
const EVERY: Duration = Duration::from_secs(8);
/// Longest time that one request may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// Requests at the same time; more are shed.
const AT_ONCE: usize = 8;

/// Where somebody was shown as typing, and when last.
#[derive(Debug)]
pub struct Typing {
    last: Mutex<HashMap<RoomKey, Instant>>,
    places: Arc<Semaphore>,
}

impl Default for Typing {
    fn default() -> Self {
        Self { last: Mutex::default(), places: Arc::new(Semaphore::new(AT_ONCE)) }
    }
}

impl Typing {
    /// Whether it is time again.
    fn is_due(&self, room: &RoomKey, now: Instant) -> bool {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.retain(|_, at| now.duration_since(*at) < EVERY);
        if last.contains_key(room) {
            return false;
        }
        last.insert(room.clone(), now);
        true
    }
}

impl Core {
    /// Shows in the other rooms that somebody is typing in this one.
    pub(super) fn typing(&self, origin: &RoomKey) {
        let routes = self.routes.borrow().clone();
        for (room, _) in routes.targets(origin) {
            let Some(lane) = self.lane(&room) else { continue };
            let connector = lane.account.connector.clone();
            // The platforms that tell of it do not tell all of them who it is.
            if self.hides_presence(&room, origin) || self.mutes_somebody_of(origin, &room) {
                continue;
            }
            let can = connector.capabilities(&room).shows(Feature::Typing) == Support::Native;
            let quiet = self.held(&room).is_none() && !self.in_doubt(&room);
            if !can || !quiet || !self.typing.is_due(&room, Instant::now()) {
                continue;
            }
            // A request that matters to nobody is not made where others wait for their turn.
            let behind = !matches!(lane.state(), LaneState::Idle | LaneState::Busy);
            let place = self.typing.places.clone().try_acquire_owned();
            let (false, Ok(place)) = (behind, place) else {
                self.counters.add(Count::Shed);
                continue;
            };
            tokio::spawn(async move {
                let _place = place;
                // Whether it was shown does not matter to anybody.
                let _ = tokio::time::timeout(PATIENCE, connector.typing(&room, None)).await;
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use relay_contract::Platform;

    #[test]
    fn it_is_not_said_all_the_time() {
        let (typing, now) = (Typing::default(), Instant::now());
        let room = |id: &str| RoomKey::new(Platform::new("p"), "n", id);
        assert!(typing.is_due(&room("a"), now) && !typing.is_due(&room("a"), now + EVERY / 2));
        assert!(typing.is_due(&room("b"), now) && typing.is_due(&room("a"), now + EVERY));
    }
}

//! Groups that became supergroups, as far as this process has heard of it.
//!
//! A supergroup has another id, and its messages are counted anew. Telegram tells of it with a service message in each of the
//! two chats, and with every refused request to the old one. Source: <https://core.telegram.org/bots/api#responseparameters>.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// The most that are remembered. Beyond it, it begins anew: a refused request tells it again.
const MOST: usize = 1_000;

/// Where groups have gone. In memory only: the engine stores what it is told.
#[derive(Default)]
pub struct Moves {
    known: Mutex<Known>,
    found: Notify,
}

#[derive(Default)]
struct Known {
    to: HashMap<i64, i64>,
    unsaid: VecDeque<(i64, i64)>,
}

impl Moves {
    /// The supergroup that a group became.
    pub fn to(&self, group: i64) -> Option<i64> {
        self.known().to.get(&group).copied()
    }

    /// An update tells it, and the engine is told by that update.
    pub fn heard(&self, from: i64, to: i64) {
        self.known().learn(from, to);
    }

    /// A refused request tells it: the engine is told by whoever listens. Once for each group.
    pub fn found(&self, from: i64, to: i64) {
        let mut known = self.known();
        if known.learn(from, to) && known.unsaid.len() < MOST {
            known.unsaid.push_back((from, to));
            self.found.notify_one();
        }
    }

    /// The next one that the engine has not been told; waits for it. Nothing is lost when the wait is given up.
    pub async fn unsaid(&self) -> (i64, i64) {
        loop {
            let next = self.known().unsaid.pop_front();
            match next {
                Some(next) => return next,
                None => self.found.notified().await,
            }
        }
    }

    /// Never held across an await.
    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    /// Whether it is new.
    fn learn(&mut self, from: i64, to: i64) -> bool {
        if from == to || to == 0 {
            return false;
        }
        if self.to.len() >= MOST && !self.to.contains_key(&from) {
            self.to.clear();
        }
        self.to.insert(from, to) != Some(to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;

    #[test]
    fn what_was_found_is_said_once_and_what_was_heard_never() {
        let moves = Moves::default();
        moves.heard(-1, -1001);
        moves.found(-1, -1001);
        assert_eq!((moves.to(-1), moves.to(-2)), (Some(-1001), None));
        assert_eq!(moves.unsaid().now_or_never(), None);
        for _ in 0..2 {
            moves.found(-2, -1002);
        }
        assert_eq!(moves.unsaid().now_or_never(), Some((-2, -1002)));
        assert_eq!(moves.unsaid().now_or_never(), None);
        moves.found(-3, -3);
        assert_eq!(moves.to(-3), None);
    }

    #[test]
    fn no_more_is_remembered_than_was_promised() {
        let moves = Moves::default();
        let most = i64::try_from(MOST).unwrap_or(0);
        (1..=3 * most).for_each(|n| moves.found(-n, -1_000_000_000_000 - n));
        let known = moves.known();
        assert!(known.to.len() <= MOST && known.unsaid.len() <= MOST);
        assert_eq!(known.to.get(&(-3 * most)), Some(&(-1_000_000_000_000 - 3 * most)));
    }
}

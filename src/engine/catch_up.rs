//! What was said while nobody listened: each room's history since its mark, read before anything newer of that room is taken in.

use relay_contract::{Mark, RoomKey};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use tokio::sync::{Notify, mpsc, watch};

/// A room's history, asked for by hand.
#[derive(Debug, Clone)]
pub struct Resync {
    /// From where on.
    pub from: Mark,
    /// Messages a look.
    pub batch: u16,
    /// Hears how it goes.
    pub progress: mpsc::Sender<Progress>,
}

/// How a reading goes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Progress {
    /// Events read.
    pub read: u64,
    /// Of these, those that nobody had heard of.
    pub new: u64,
    /// How old the last one was, in milliseconds since the epoch; none at the end.
    pub at: Option<i64>,
    /// Why it ended before the end.
    pub refused: Option<String>,
}

/// One room's turn.
#[derive(Debug, Clone)]
pub struct Turn {
    /// The room.
    pub room: RoomKey,
    /// By hand, and how.
    pub by_hand: Option<Resync>,
}

/// The rooms of an account whose histories are still to be read.
#[derive(Debug, Default)]
pub struct CatchUp {
    waiting: Mutex<VecDeque<Turn>>,
    /// Those that are being read.
    reading: Mutex<Vec<RoomKey>>,
    /// Whether there are any.
    pending: AtomicBool,
    /// There are new ones.
    more: Notify,
    /// One has ended.
    ended: watch::Sender<u64>,
}

impl CatchUp {
    /// Whether anything is still to be read: what comes now may have to wait.
    pub fn is_pending(&self) -> bool {
        self.pending.load(Ordering::Acquire)
    }

    /// How many rooms are still to be read.
    pub fn rooms(&self) -> usize {
        self.waiting().len() + self.reading().len()
    }

    /// These rooms are to be read; one that is being read is read once more, for more may be missing now.
    pub fn begin(&self, turns: impl IntoIterator<Item = Turn>) {
        let mut waiting = self.waiting();
        for turn in turns {
            if !waiting.iter().any(|other| other.room == turn.room && other.by_hand.is_none()) {
                waiting.push_back(turn);
            }
        }
        if !waiting.is_empty() {
            self.pending.store(true, Ordering::Release);
            self.more.notify_one();
        }
    }

    /// A room is read as somebody asks for, before whatever else is to be read there.
    pub fn by_hand(&self, room: RoomKey, resync: Resync) {
        let mut waiting = self.waiting();
        waiting.push_front(Turn { room, by_hand: Some(resync) });
        self.pending.store(true, Ordering::Release);
        self.more.notify_one();
    }

    /// The next room, as soon as there is one.
    pub async fn next(&self) -> Reading<'_> {
        loop {
            if let Some(turn) = self.take() {
                return Reading { of: self, turn, finished: false };
            }
            self.more.notified().await;
        }
    }

    fn take(&self) -> Option<Turn> {
        let (mut waiting, mut reading) = (self.waiting(), self.reading());
        // Not twice at the same time.
        let at = waiting.iter().position(|turn| !reading.contains(&turn.room))?;
        let turn = waiting.remove(at)?;
        reading.push(turn.room.clone());
        if !waiting.is_empty() {
            self.more.notify_one();
        }
        Some(turn)
    }

    /// Resolves when a room is read. It comes first: somebody is talking there.
    pub async fn read(&self, room: &RoomKey) {
        let mut ended = self.ended.subscribe();
        loop {
            {
                let mut waiting = self.waiting();
                match waiting.iter().position(|turn| turn.room == *room) {
                    Some(at) => {
                        if let Some(turn) = waiting.remove(at) {
                            waiting.push_front(turn);
                        }
                    }
                    None if !self.reading().contains(room) => return,
                    None => {}
                }
            }
            // The sender lives as long as `self`.
            let _ = ended.changed().await;
        }
    }

    fn waiting(&self) -> std::sync::MutexGuard<'_, VecDeque<Turn>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn reading(&self) -> std::sync::MutexGuard<'_, Vec<RoomKey>> {
        self.reading.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A room while it is read; one that is not finished waits again.
pub struct Reading<'a> {
    of: &'a CatchUp,
    turn: Turn,
    finished: bool,
}

impl Reading<'_> {
    /// Which, and how.
    pub fn turn(&self) -> &Turn {
        &self.turn
    }

    /// It is read, or cannot be.
    pub fn finish(mut self) {
        self.finished = true;
    }
}

impl Drop for Reading<'_> {
    fn drop(&mut self) {
        let mut waiting = self.of.waiting();
        let mut reading = self.of.reading();
        reading.retain(|room| *room != self.turn.room);
        if !self.finished
            && self.turn.by_hand.is_none()
            && !waiting.iter().any(|turn| turn.room == self.turn.room)
        {
            waiting.push_front(self.turn.clone());
        }
        self.of.pending.store(!(waiting.is_empty() && reading.is_empty()), Ordering::Release);
        if !waiting.is_empty() {
            self.of.more.notify_one();
        }
        self.of.ended.send_modify(|ended| *ended += 1);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use futures::FutureExt;
    use relay_contract::Platform;

    fn turn(id: &str) -> Turn {
        Turn { room: RoomKey::new(Platform::new("p"), "n", id), by_hand: None }
    }

    #[tokio::test]
    async fn rooms_are_read_in_turn_the_one_that_is_waited_for_first_and_a_broken_one_again() {
        let catch_up = CatchUp::default();
        assert!(!catch_up.is_pending());
        catch_up.begin([turn("a"), turn("b"), turn("c"), turn("a")]);
        assert_eq!((catch_up.is_pending(), catch_up.rooms()), (true, 3));
        let room = turn("c").room;
        let mut waits = Box::pin(catch_up.read(&room));
        assert_eq!(waits.as_mut().now_or_never(), None);
        let c = catch_up.next().await;
        assert_eq!(c.turn().room, turn("c").room);
        let a = catch_up.next().await;
        assert_eq!(a.turn().room, turn("a").room);
        // Not finished: it is read again. One that is being read is read once more, but not at the same time.
        drop(a);
        catch_up.begin([turn("c")]);
        let a = catch_up.next().await;
        assert_eq!(a.turn().room, turn("a").room);
        let b = catch_up.next().await;
        assert!(catch_up.next().now_or_never().is_none());
        c.finish();
        assert_eq!(waits.as_mut().now_or_never(), None, "it waits for the second reading, too");
        let c = catch_up.next().now_or_never().unwrap();
        c.finish();
        waits.await;
        a.finish();
        assert!(catch_up.is_pending());
        b.finish();
        assert!(!catch_up.is_pending());
    }
}

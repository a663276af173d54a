//! What was said while nobody listened: each room's history since its mark, read before anything newer of that room is taken in.

use relay_contract::{Mark, RoomKey};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, mpsc, watch};
use tokio::time::Instant;

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
    /// Events read, without edits.
    pub read: u64,
    /// Events that nobody had heard of.
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
    /// From where on; by hand, it says itself. Kept from when the gap was found: what comes meanwhile moves the room's mark.
    pub from: Mark,
    /// By hand, and how.
    pub by_hand: Option<Resync>,
    /// Since when it fails, and when it is tried again.
    failing: Option<(Instant, Instant)>,
}

impl Turn {
    /// A room that is to be read from a place on.
    pub fn new(room: RoomKey, from: Mark) -> Self {
        Self { room, from, by_hand: None, failing: None }
    }

    fn is_of(&self, room: &RoomKey) -> bool {
        self.room == *room && self.by_hand.is_none()
    }

    fn is_due(&self, now: Instant) -> bool {
        self.failing.is_none_or(|(_, again)| again <= now)
    }

    /// Whether what comes now waits for it no longer: its platform does not tell, and people talk.
    fn is_given_way(&self, now: Instant, patience: Duration) -> bool {
        self.failing.is_some_and(|(since, _)| now.duration_since(since) > patience)
    }
}

/// So long what comes waits for a history that cannot be read; then the history comes after it.
const GIVES_WAY: Duration = Duration::from_secs(30);
/// How often whoever waits looks whether it is given way.
const LOOK: Duration = Duration::from_secs(1);

/// The rooms of an account whose histories are still to be read.
#[derive(Debug)]
pub struct CatchUp {
    /// So long what comes waits for a history that cannot be read.
    patience: Duration,
    waiting: Mutex<VecDeque<Turn>>,
    /// Those that are being read, and whether by hand.
    reading: Mutex<Vec<(RoomKey, bool)>>,
    /// Whether any of them is read by itself.
    pending: AtomicBool,
    /// There are new ones.
    more: Notify,
    /// One has ended.
    ended: watch::Sender<u64>,
}

impl Default for CatchUp {
    fn default() -> Self {
        Self::with(GIVES_WAY)
    }
}

impl CatchUp {
    fn with(patience: Duration) -> Self {
        Self {
            patience,
            waiting: Mutex::default(),
            reading: Mutex::default(),
            pending: AtomicBool::new(false),
            more: Notify::new(),
            ended: watch::Sender::default(),
        }
    }

    /// Whether anything is still to be read by itself: what comes now may have to wait.
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
            // The older place counts.
            if !waiting.iter().any(|other| other.is_of(&turn.room)) {
                waiting.push_back(turn);
            }
        }
        self.look(&waiting, &self.reading());
    }

    /// Whether a room is still to be read by itself.
    pub fn is_to_be_read(&self, room: &RoomKey) -> bool {
        self.waiting().iter().any(|turn| turn.is_of(room)) || self.reading().contains(&(room.clone(), false))
    }

    /// A room is read as somebody asks for; nothing waits for that.
    pub fn by_hand(&self, room: RoomKey, resync: Resync) {
        let mut waiting = self.waiting();
        waiting.push_back(Turn { by_hand: Some(resync.clone()), ..Turn::new(room, resync.from) });
        self.look(&waiting, &self.reading());
    }

    /// The next room, as soon as there is one.
    pub async fn next(&self) -> Reading<'_> {
        loop {
            let again = match self.take() {
                Ok(turn) => return Reading { of: self, turn, finished: false },
                Err(again) => again,
            };
            tokio::select! {
                () = self.more.notified() => {}
                () = tokio::time::sleep_until(again.unwrap_or_else(Instant::now)), if again.is_some() => {}
            }
        }
    }

    /// The first that is due; else when one will be.
    fn take(&self) -> Result<Turn, Option<Instant>> {
        let (mut waiting, mut reading) = (self.waiting(), self.reading());
        let now = Instant::now();
        // Not twice at the same time.
        let is_free = |turn: &Turn| !reading.contains(&(turn.room.clone(), turn.by_hand.is_some()));
        let at = waiting.iter().position(|turn| turn.is_due(now) && is_free(turn));
        let Some(turn) = at.and_then(|at| waiting.remove(at)) else {
            return Err(waiting.iter().filter_map(|turn| Some(turn.failing?.1)).filter(|at| *at > now).min());
        };
        reading.push((turn.room.clone(), turn.by_hand.is_some()));
        self.look(&waiting, &reading);
        Ok(turn)
    }

    /// Resolves when a room is read, or its platform has not told for too long. It comes first: somebody is talking there.
    pub async fn read(&self, room: &RoomKey) {
        let mut ended = self.ended.subscribe();
        loop {
            {
                let mut waiting = self.waiting();
                let now = Instant::now();
                match waiting.iter().position(|turn| turn.is_of(room)) {
                    Some(at) if waiting[at].is_given_way(now, self.patience) => return,
                    Some(at) => {
                        if let Some(turn) = waiting.remove(at) {
                            waiting.push_front(turn);
                        }
                    }
                    None if !self.reading().contains(&(room.clone(), false)) => return,
                    None => {}
                }
            }
            // The sender lives as long as `self`.
            let _ = tokio::time::timeout(LOOK, ended.changed()).await;
        }
    }

    /// Says how it is now.
    fn look(&self, waiting: &VecDeque<Turn>, reading: &[(RoomKey, bool)]) {
        let by_itself = waiting.iter().any(|turn| turn.by_hand.is_none());
        self.pending.store(by_itself || reading.iter().any(|(_, by_hand)| !by_hand), Ordering::Release);
        if !waiting.is_empty() {
            self.more.notify_one();
        }
    }

    fn waiting(&self) -> std::sync::MutexGuard<'_, VecDeque<Turn>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn reading(&self) -> std::sync::MutexGuard<'_, Vec<(RoomKey, bool)>> {
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

    /// It cannot be read now: others come before it is tried again, from there on.
    pub fn later(mut self, from: Mark, wait: Duration) {
        let now = Instant::now();
        let since = self.turn.failing.map_or(now, |(since, _)| since);
        self.turn.from = from;
        self.turn.failing = Some((since, now + wait));
    }
}

impl Drop for Reading<'_> {
    fn drop(&mut self) {
        let mut waiting = self.of.waiting();
        let mut reading = self.of.reading();
        let by_hand = self.turn.by_hand.is_some();
        reading.retain(|(room, hand)| *room != self.turn.room || *hand != by_hand);
        if !self.finished {
            // What it has still to read is the older.
            waiting.retain(|turn| by_hand || !turn.is_of(&self.turn.room));
            waiting.push_back(self.turn.clone());
        }
        self.of.look(&waiting, &reading);
        self.of.ended.send_modify(|ended| *ended += 1);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use futures::FutureExt;
    use relay_contract::{Platform, Timestamp};

    fn room(id: &str) -> RoomKey {
        RoomKey::new(Platform::new("p"), "n", id)
    }

    fn turn(id: &str) -> Turn {
        Turn::new(room(id), Mark { id: None, at: Timestamp(1) })
    }

    fn next(catch_up: &CatchUp) -> Reading<'_> {
        catch_up.next().now_or_never().unwrap()
    }

    #[tokio::test]
    async fn rooms_are_read_in_turn_the_one_that_is_waited_for_first_and_a_broken_one_again() {
        let catch_up = CatchUp::default();
        assert!(!catch_up.is_pending());
        catch_up.begin([turn("a"), turn("b"), turn("c"), turn("a")]);
        assert_eq!((catch_up.is_pending(), catch_up.rooms()), (true, 3));
        let of_c = room("c");
        let mut waits = Box::pin(catch_up.read(&of_c));
        assert_eq!(waits.as_mut().now_or_never(), None);
        let c = next(&catch_up);
        assert_eq!(c.turn().room, of_c);
        let a = next(&catch_up);
        assert_eq!(a.turn().room, room("a"));
        // Not finished: it is read again, after the others.
        drop(a);
        // One that is being read is read once more, but not at the same time.
        catch_up.begin([turn("c")]);
        let (b, a) = (next(&catch_up), next(&catch_up));
        assert_eq!((&b.turn().room, &a.turn().room), (&room("b"), &room("a")));
        assert!(catch_up.next().now_or_never().is_none());
        c.finish();
        assert_eq!(waits.as_mut().now_or_never(), None, "it waits for the second reading, too");
        next(&catch_up).finish();
        waits.await;
        a.finish();
        assert!(catch_up.is_pending());
        b.finish();
        assert!(!catch_up.is_pending());
    }

    #[tokio::test]
    async fn a_room_that_fails_makes_way_keeps_its_place_and_holds_nobody_for_long() {
        let patience = Duration::from_millis(200);
        let catch_up = CatchUp::with(patience);
        catch_up.begin([turn("bad"), turn("good")]);
        let of_bad = room("bad");
        let mut waits = Box::pin(catch_up.read(&of_bad));
        assert_eq!(waits.as_mut().now_or_never(), None);
        let reached = Mark { id: Some("7".into()), at: Timestamp(7) };
        next(&catch_up).later(reached.clone(), Duration::from_millis(30));
        assert_eq!(next(&catch_up).turn().room, room("good"), "others come first");
        // Each time a reading is dropped it waits again; by the clock the other is due.
        let began = Instant::now();
        let mut tried = 0;
        loop {
            let reading = tokio::select! {
                biased;
                () = waits.as_mut() => break,
                reading = catch_up.next() => reading,
            };
            if reading.turn().room == of_bad {
                assert_eq!(reading.turn().from, reached);
                tried += 1;
                reading.later(reached.clone(), Duration::from_millis(30));
            } else {
                reading.finish();
            }
        }
        assert!(tried >= 2 && began.elapsed() >= patience, "{tried}");
        assert!(catch_up.is_pending(), "it is still to be read");
    }

    #[tokio::test]
    async fn nobody_waits_for_what_is_read_by_hand() {
        let catch_up = CatchUp::default();
        let (progress, _told) = mpsc::channel(1);
        catch_up.by_hand(room("a"), Resync { from: turn("a").from, batch: 5, progress });
        assert!(!catch_up.is_pending());
        let by_hand = next(&catch_up);
        assert!(by_hand.turn().by_hand.is_some());
        catch_up.read(&room("a")).now_or_never().unwrap();
        catch_up.begin([turn("a")]);
        assert!(next(&catch_up).turn().by_hand.is_none(), "a gap does not wait for it either");
    }
}

//! A server that is away: one lane of the account tries it, and the others wait for its word. Without this, a server that comes back
//! would find every room's retries at its door, and one that is away would be asked by each of them.
//!
//! One room that fails alone holds nobody: it takes two, and no answer of any kind in between. And each room has tried itself first.

use super::delay::Delay;
use relay_contract::{DeliverError, RoomKey};
use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// So many rooms that fail are an outage.
const ROOMS: usize = 2;
/// Waits between two tries.
const FIRST_TRY: Duration = Duration::from_millis(500);
const LONGEST_TRY: Duration = Duration::from_secs(60);
/// A lane that has not told in this time what came of its try is not waited for.
const FORGOTTEN: Duration = Duration::from_secs(300);

/// What is known of an account's server.
pub struct Outage {
    known: Mutex<Known>,
    /// Told whenever a lane has told what came of its try.
    word: watch::Sender<Word>,
}

/// What was told last.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Word {
    /// Which one it is.
    number: u64,
    /// How many outages have ended.
    ended: u64,
}

struct Known {
    /// Rooms that failed since the server answered last.
    failed: BTreeSet<RoomKey>,
    why: String,
    delay: Delay,
    /// When it is tried next.
    next: Instant,
    /// Which room's lane tries it now, and since when.
    trying: Option<(RoomKey, Instant)>,
}

/// Whether a lane may make its attempt.
#[derive(Debug, PartialEq, Eq)]
pub enum Passage {
    /// It may.
    Clear,
    /// Not before another lane has told, or this time has passed.
    Barred {
        /// At most so long.
        wait: Duration,
        /// Why the last attempt of any failed.
        why: String,
    },
}

impl Default for Outage {
    fn default() -> Self {
        let known = Known {
            failed: BTreeSet::new(),
            why: String::new(),
            delay: Delay::new(FIRST_TRY, LONGEST_TRY),
            next: Instant::now(),
            trying: None,
        };
        Self { known: Mutex::new(known), word: watch::Sender::default() }
    }
}

impl Outage {
    /// Asks for the way to the server. Whoever is let through during an outage is the one that tries, and tells with [`Self::told`].
    pub fn ask(&self, room: &RoomKey) -> Passage {
        self.ask_at(room, Instant::now())
    }

    fn ask_at(&self, room: &RoomKey, now: Instant) -> Passage {
        let mut known = self.known();
        // A room of which nothing is known yet may be well.
        if known.failed.len() < ROOMS || !known.failed.contains(room) {
            return Passage::Clear;
        }
        let wait = match &known.trying {
            Some((trying, _)) if trying == room => return Passage::Clear,
            Some((_, since)) if now < *since + FORGOTTEN => *since + FORGOTTEN - now,
            _ if known.next > now => known.next - now,
            _ => {
                known.trying = Some((room.clone(), now));
                return Passage::Clear;
            }
        };
        Passage::Barred { wait, why: known.why.clone() }
    }

    /// What came of an attempt: nothing, or any answer of the server.
    pub fn told(&self, room: &RoomKey, error: Option<&DeliverError>) {
        self.told_at(room, error, Instant::now());
    }

    fn told_at(&self, room: &RoomKey, error: Option<&DeliverError>, now: Instant) {
        let mut known = self.known();
        let why = match error {
            Some(error @ (DeliverError::Unavailable(_) | DeliverError::Unsure(_))) => error.to_string(),
            _ => {
                // The ordinary case, in which nobody is to be told.
                if known.failed.is_empty() {
                    return;
                }
                let was_away = known.failed.len() >= ROOMS;
                known.failed.clear();
                known.trying = None;
                known.delay.reset();
                drop(known);
                if was_away {
                    self.say(true);
                }
                return;
            }
        };
        let was_away = known.failed.len() >= ROOMS;
        known.failed.insert(room.clone());
        known.why = why;
        let is_its_try = known.trying.as_ref().is_some_and(|(trying, _)| trying == room);
        if is_its_try || (!was_away && known.failed.len() >= ROOMS) {
            known.trying = None;
            known.next = now + known.delay.next();
            drop(known);
            self.say(false);
        }
    }

    /// A person has it tried at once.
    pub fn due(&self) {
        self.known().next = Instant::now();
        self.say(false);
    }

    /// A lane looks at its work anew: if it was to try and has not, another may.
    pub fn given_up(&self, room: &RoomKey) {
        let mut known = self.known();
        if known.trying.as_ref().is_some_and(|(trying, _)| trying == room) {
            known.trying = None;
            drop(known);
            self.say(false);
        }
    }

    /// Changes when the next lane has told. Whoever is barred listens first, and asks then once more.
    pub fn listen(&self) -> watch::Receiver<Word> {
        self.word.subscribe()
    }

    /// Resolves when an outage has ended.
    pub async fn ended(&self) {
        let mut word = self.word.subscribe();
        let now = word.borrow_and_update().ended;
        let _ = word.wait_for(|word| word.ended > now).await;
    }

    fn say(&self, ended: bool) {
        self.word.send_modify(|word| {
            word.number += 1;
            word.ended += u64::from(ended);
        });
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;
    use relay_contract::{Platform, Scope};

    fn room(number: usize) -> RoomKey {
        RoomKey::new(Platform::new("p"), "n", format!("{number:02}"))
    }

    fn away() -> DeliverError {
        DeliverError::Unavailable("502".into())
    }

    #[test]
    fn one_tries_and_the_others_wait_for_its_word() {
        let (outage, mut now) = (Outage::default(), Instant::now());
        let fails = |number, now| outage.told_at(&room(number), Some(&away()), now);
        let is_barred = |number, now| outage.ask_at(&room(number), now) != Passage::Clear;
        // One room alone holds nobody, itself neither.
        fails(0, now);
        assert!(!is_barred(0, now) && !is_barred(1, now));
        fails(1, now);
        assert!(!is_barred(2, now), "its own attempt has not failed yet");
        (2..20).for_each(|number| fails(number, now));
        assert!((0..20).all(|number| is_barred(number, now)), "the first wait");
        let Passage::Barred { wait, why } = outage.ask_at(&room(7), now) else { panic!("it is away") };
        assert!(wait <= FIRST_TRY * 2 && why.contains("502"), "{wait:?} {why}");
        now += wait;
        assert!(!is_barred(7, now) && !is_barred(7, now), "it may ask for each of its steps");
        let others = || (0..20).filter(|number| *number != 7);
        assert!(others().all(|number| is_barred(number, now)), "one tries");
        let (word, mut ended) = (outage.listen(), Box::pin(outage.ended()));
        assert!(!word.has_changed().unwrap() && (&mut ended).now_or_never().is_none());
        outage.told_at(&room(7), Some(&DeliverError::Unsure("no answer".into())), now);
        assert!(word.has_changed().unwrap() && (&mut ended).now_or_never().is_none());
        assert!((0..20).all(|number| is_barred(number, now)), "the next wait");
        now += LONGEST_TRY * 2;
        assert!(!is_barred(3, now), "another's turn");
        // Whoever has nothing to do any more lets another.
        outage.given_up(&room(3));
        assert!(!is_barred(4, now));
        // Any answer shows that it is there.
        let answer = DeliverError::RateLimited { retry_after: Duration::ZERO, scope: Scope::Room };
        outage.told_at(&room(4), Some(&answer), now);
        assert!(ended.now_or_never().is_some());
        assert!((0..20).all(|number| !is_barred(number, now)));
    }

    #[test]
    fn a_lane_that_never_tells_is_not_waited_for_and_a_day_is_a_try_a_minute() {
        let (outage, mut now) = (Outage::default(), Instant::now());
        let fails = |number, now| outage.told_at(&room(number), Some(&away()), now);
        let is_clear = |number, now| outage.ask_at(&room(number), now) == Passage::Clear;
        (0..20).for_each(|number| fails(number, now));
        now += LONGEST_TRY;
        assert!(is_clear(0, now) && !is_clear(1, now));
        now += FORGOTTEN;
        assert!(is_clear(1, now));
        fails(1, now);
        let mut tries = 0;
        for _ in 0..24 * 60 * 60 * 4 {
            for number in 0..20 {
                if is_clear(number, now) {
                    tries += 1;
                    fails(number, now);
                }
            }
            now += Duration::from_millis(250);
        }
        assert!((1_200..1_700).contains(&tries), "{tries}");
    }
}

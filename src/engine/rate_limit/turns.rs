//! Who is to go next. A lane that must wait keeps its place, and has one at most: so a room with ten thousand messages takes its turn
//! like a room with one.

use super::breaker::Load;
use super::ceilings::Ceilings;
use super::{Ask, Turn};
use governor::clock::{Clock, Reference};
use governor::nanos::Nanos;
use relay_contract::{RoomKey, Scope};
use std::collections::{HashMap, VecDeque};
use std::time::Duration;
use tokio::sync::oneshot;

/// A server's word is obeyed up to here, so that a mistaken one cannot hold a room for a day.
const LONGEST_HOLD: Duration = Duration::from_secs(15 * 60);

/// Turns of an account's rooms.
pub struct Turns<C: Clock> {
    clock: C,
    /// None where only what the server says is kept.
    ceilings: Option<Ceilings<C>>,
    waiting: VecDeque<Waiting>,
    held_until: Option<C::Instant>,
    rooms_held_until: HashMap<RoomKey, C::Instant>,
    /// When the last request was let go while the platform's breaker asked for slowness.
    last_slow: Option<C::Instant>,
}

struct Waiting {
    ask: Ask,
    /// How many ceilings it has taken from.
    taken: u8,
    turn: oneshot::Sender<()>,
}

impl<C: Clock + Clone> Turns<C> {
    /// Nobody waits. Without `ceilings` only what the server says is kept; `pace` is how many times faster than published they are.
    pub fn new(clock: C, ceilings: bool, pace: u32) -> Self {
        Self {
            ceilings: ceilings.then(|| Ceilings::new(clock.clone(), pace)),
            clock,
            waiting: VecDeque::new(),
            held_until: None,
            rooms_held_until: HashMap::new(),
            last_slow: None,
        }
    }

    /// Somebody asks; whoever was there before goes first.
    pub fn ask(&mut self, ask: Ask, load: Load) -> Turn {
        let mut taken = 0;
        if self.waiting.is_empty() && self.wait(&ask, &mut taken, load).is_none() {
            return Turn::Now;
        }
        let (turn, mut receiver) = oneshot::channel();
        self.waiting.push_back(Waiting { ask, taken, turn });
        self.look(load);
        match receiver.try_recv() {
            Ok(()) => Turn::Now,
            Err(_) => Turn::Later(receiver),
        }
    }

    /// Lets go whose turn it is; answers how long until somebody else's may have come, if anybody waits.
    pub fn look(&mut self, load: Load) -> Option<Duration> {
        let mut soonest: Option<Duration> = None;
        let mut waiting = std::mem::take(&mut self.waiting);
        waiting.retain_mut(|one| !one.turn.is_closed());
        let mut still = VecDeque::with_capacity(waiting.len());
        for mut one in waiting {
            match self.wait(&one.ask, &mut one.taken, load) {
                // Whoever is gone meanwhile leaves its turn unused.
                None => drop(one.turn.send(())),
                Some(wait) => {
                    soonest = Some(soonest.map_or(wait, |soonest| soonest.min(wait)));
                    still.push_back(one);
                }
            }
        }
        self.waiting = still;
        soonest
    }

    /// The server's own word.
    pub fn refused(&mut self, room: RoomKey, retry_after: Duration, scope: Scope) {
        let until = self.clock.now() + Nanos::from(retry_after.min(LONGEST_HOLD));
        match scope {
            Scope::Account => self.held_until = self.held_until.max(Some(until)),
            Scope::Room | Scope::Shared => {
                let held = self.rooms_held_until.entry(room).or_insert(until);
                *held = until.max(*held);
            }
        }
    }

    /// How long until this request may be made; what the server said rules over any ceiling.
    fn wait(&mut self, ask: &Ask, taken: &mut u8, load: Load) -> Option<Duration> {
        let now = self.clock.now();
        if let Load::Stopped(wait) = load {
            return Some(wait);
        }
        if let Some(wait) = self.held(&ask.room, now) {
            return Some(wait);
        }
        if let Some(wait) = self.ceilings.as_mut().and_then(|ceilings| ceilings.take(ask, taken)) {
            return Some(wait);
        }
        if let Load::Slow(apart) = load {
            if let Some(since) = self.last_slow.map(|last| Duration::from(now.duration_since(last)))
                && since < apart
            {
                return Some(apart - since);
            }
            self.last_slow = Some(now);
        }
        None
    }

    fn held(&mut self, room: &RoomKey, now: C::Instant) -> Option<Duration> {
        self.rooms_held_until.retain(|_, until| *until > now);
        self.held_until = self.held_until.filter(|until| *until > now);
        let until = self.held_until.max(self.rooms_held_until.get(room).copied())?;
        Some(until.duration_since(now).into())
    }
}

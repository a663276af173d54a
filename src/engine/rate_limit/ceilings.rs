//! Published ceilings, one each for a room, a kind of request and the account, kept with governor.

use super::Ask;
use governor::clock::Clock;
use governor::middleware::NoOpMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use relay_contract::{Doing, RoomKey};
use std::collections::HashMap;
use std::num::NonZeroU32;
use std::time::Duration;

/// One window's share that may be used at once; the rest comes back evenly, so that no window sees more than the limit.
const AT_ONCE: u32 = 6;
/// How many ceilings a request has at most.
const LEVELS: u8 = 3;

/// All ceilings of an account.
pub struct Ceilings<C: Clock> {
    clock: C,
    pace: u32,
    rooms: HashMap<RoomKey, Ceiling<C>>,
    kinds: HashMap<&'static str, Ceiling<C>>,
    account: Option<Ceiling<C>>,
}

struct Ceiling<C: Clock> {
    rate: (u32, u32),
    limiter: RateLimiter<NotKeyed, InMemoryState, C, NoOpMiddleware<C::Instant>>,
}

impl<C: Clock + Clone> Ceilings<C> {
    /// With ceilings that nothing was taken from. `pace` is how many times faster than published they are.
    pub fn new(clock: C, pace: u32) -> Self {
        Self { clock, pace: pace.max(1), rooms: HashMap::new(), kinds: HashMap::new(), account: None }
    }

    /// Takes from each ceiling in turn, the narrowest first, so that a hot room does not drain what all share; answers how long
    /// until the next one has something. What was `taken` stays taken meanwhile.
    pub fn take(&mut self, ask: &Ask, taken: &mut u8) -> Option<Duration> {
        while *taken < LEVELS {
            if let Some(wait) = self.wait(ask, *taken) {
                return Some(wait);
            }
            *taken += 1;
        }
        None
    }

    fn wait(&mut self, ask: &Ask, level: u8) -> Option<Duration> {
        let (clock, pace) = (&self.clock, self.pace);
        let (rate, ceiling) = match level {
            // A look changes nothing in the room.
            0 if ask.doing == Doing::Look => return None,
            0 => {
                let rate = ask.room_rate;
                // A clone only for a room that was not seen yet.
                if !self.rooms.contains_key(&ask.room) {
                    self.rooms.insert(ask.room.clone(), Ceiling::new(rate, pace, clock));
                }
                (rate, self.rooms.get_mut(&ask.room)?)
            }
            1 => {
                let tier = ask.tier?;
                let new = || Ceiling::new(tier.rate, pace, clock);
                (tier.rate, self.kinds.entry(tier.method).or_insert_with(new))
            }
            _ => {
                let rate = ask.account_rate;
                (rate, self.account.get_or_insert_with(|| Ceiling::new(rate, pace, clock)))
            }
        };
        // A room's rights and kind may have become others.
        if ceiling.rate != rate {
            *ceiling = Ceiling::new(rate, pace, clock);
        }
        ceiling.limiter.check().err().map(|not_yet| not_yet.wait_time_from(clock.now()))
    }
}

impl<C: Clock + Clone> Ceiling<C> {
    fn new(rate: (u32, u32), pace: u32, clock: &C) -> Self {
        Self { rate, limiter: RateLimiter::direct_with_clock(quota(rate, pace), clock.clone()) }
    }
}

/// Burst and what comes back in a window are together no more than the limit; one at least of each.
fn quota((requests, seconds): (u32, u32), pace: u32) -> Quota {
    let burst = NonZeroU32::new(requests / AT_ONCE).unwrap_or(NonZeroU32::MIN);
    let rest = requests.saturating_sub(burst.get()).max(1);
    let period = Duration::from_secs(seconds.max(1).into()) / pace / rest;
    let quota = Quota::with_period(period.max(Duration::from_nanos(1)));
    // A period is never zero here.
    quota.unwrap_or(Quota::per_second(NonZeroU32::MIN)).allow_burst(burst)
}

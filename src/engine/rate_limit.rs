//! The rate-limit actor: one an account. Permit → attempt → complete with what the server said → when to come back.

use actix::{Actor, Context, Handler, Message};
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota};
use relay_contract::{Capabilities, RoomKey, Scope};
use std::collections::HashMap;
use std::num::NonZeroU32;
use std::time::{Duration, Instant};

/// A server's word is obeyed up to here, so that a mistaken one cannot hold a room for a day.
const LONGEST_HOLD: Duration = Duration::from_secs(15 * 60);

/// The actor.
pub struct RateLimit {
    /// Whether the published ceilings are kept, or only what the server says.
    ceilings: bool,
    account: Option<DefaultDirectRateLimiter>,
    rooms: HashMap<RoomKey, DefaultDirectRateLimiter>,
    held_until: Option<Instant>,
    room_held_until: HashMap<RoomKey, Instant>,
    clock: DefaultClock,
}

/// May a request be made in this room now?
#[derive(Message)]
#[rtype(result = "Permit")]
pub struct Ask {
    /// The room.
    pub room: RoomKey,
    /// Its ceilings.
    pub capabilities: Capabilities,
}

/// The answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, actix::MessageResponse)]
pub enum Permit {
    /// Now.
    Granted,
    /// Ask again after this long.
    Wait(Duration),
}

/// The server refused a request because of its own limit.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Refused {
    /// In this room.
    pub room: RoomKey,
    /// How long to stay away.
    pub retry_after: Duration,
    /// From what.
    pub scope: Scope,
}

impl RateLimit {
    /// A budget that nothing was taken from.
    pub fn new(ceilings: bool) -> Self {
        Self {
            ceilings,
            account: None,
            rooms: HashMap::new(),
            held_until: None,
            room_held_until: HashMap::new(),
            clock: DefaultClock::default(),
        }
    }

    /// What the server said rules over any ceiling.
    fn held(&mut self, room: &RoomKey) -> Option<Duration> {
        let now = Instant::now();
        self.room_held_until.retain(|_, until| *until > now);
        self.held_until = self.held_until.filter(|until| *until > now);
        let until = self.held_until.max(self.room_held_until.get(room).copied())?;
        Some(until - now)
    }

    /// The narrow limit before the wide one: a hot room must not drain the account's budget.
    fn below_ceilings(&mut self, room: &RoomKey, capabilities: &Capabilities) -> Option<Duration> {
        let of_room = self.rooms.entry(room.clone()).or_insert_with(|| limiter(capabilities.room_rate));
        let of_account = self.account.get_or_insert_with(|| limiter(capabilities.account_rate));
        for limiter in [&*of_room, &*of_account] {
            if let Err(not_yet) = limiter.check() {
                return Some(not_yet.wait_time_from(self.clock.now()));
            }
        }
        None
    }
}

/// A limiter with burst + rate ≤ the published limit, so that no window sees more (one at least of each).
fn limiter((requests, seconds): (u32, u32)) -> DefaultDirectRateLimiter {
    let burst = NonZeroU32::new(requests / 2).unwrap_or(NonZeroU32::MIN);
    let rest = requests.saturating_sub(burst.get()).max(1);
    let period = Duration::from_secs(seconds.max(1).into()) / rest;
    let quota = Quota::with_period(period).unwrap_or(Quota::per_second(NonZeroU32::MIN)).allow_burst(burst);
    DefaultDirectRateLimiter::direct(quota)
}

impl Actor for RateLimit {
    type Context = Context<Self>;
}

impl Handler<Ask> for RateLimit {
    type Result = Permit;

    fn handle(&mut self, ask: Ask, _: &mut Context<Self>) -> Permit {
        if let Some(wait) = self.held(&ask.room) {
            return Permit::Wait(wait);
        }
        if self.ceilings
            && let Some(wait) = self.below_ceilings(&ask.room, &ask.capabilities)
        {
            return Permit::Wait(wait);
        }
        Permit::Granted
    }
}

impl Handler<Refused> for RateLimit {
    type Result = ();

    fn handle(&mut self, refused: Refused, _: &mut Context<Self>) {
        let until = Instant::now() + refused.retry_after.min(LONGEST_HOLD);
        match refused.scope {
            Scope::Account => self.held_until = self.held_until.max(Some(until)),
            Scope::Room | Scope::Shared => {
                let held = self.room_held_until.entry(refused.room).or_insert(until);
                *held = until.max(*held);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use relay_contract::{Cell, Platform, TextLimit, Unit};

    fn room(id: &str) -> RoomKey {
        RoomKey::new(Platform::new("p"), "n", id)
    }

    fn capabilities() -> Capabilities {
        let text = TextLimit { most: 1, unit: Unit::Chars };
        Capabilities {
            room_rate: (4, 60),
            account_rate: (6, 60),
            ..Capabilities::new(|_| Cell::NATIVE, text)
        }
    }

    #[test]
    fn ceilings_and_the_servers_word() {
        let mut limit = RateLimit::new(true);
        let (a, b) = (room("a"), room("b"));
        assert_eq!(limit.below_ceilings(&a, &capabilities()), None);
        assert_eq!(limit.below_ceilings(&a, &capabilities()), None);
        assert!(limit.below_ceilings(&a, &capabilities()).is_some(), "half of the room's limit is its burst");
        assert_eq!(limit.below_ceilings(&b, &capabilities()), None, "another room has its own budget");
        assert!(limit.below_ceilings(&b, &capabilities()).is_some(), "and the account has one for all");
        limit.room_held_until.insert(a.clone(), Instant::now() + Duration::from_secs(5));
        assert!(limit.held(&a).is_some());
        assert!(limit.held(&b).is_none());
        limit.held_until = Some(Instant::now() + Duration::from_secs(5));
        assert!(limit.held(&b).is_some());
    }
}

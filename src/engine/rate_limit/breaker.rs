//! The breaker: one a platform and server. A platform that is asked for what it must refuse, again and again, shuts out the whole address:
//! Discord does after 10,000 refusals within ten minutes, <https://discord.com/developers/docs/topics/rate-limits#invalid-request-limit-aka-cloudflare-bans>.

use actix::{Actor, AsyncContext, Context, Handler, Message};
use relay_contract::{DeliverError, Platform, Scope};
use std::collections::VecDeque;
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// The time in which refusals are counted.
const WINDOW: Duration = Duration::from_secs(600);
/// They are counted in pieces of this.
const PIECE: Duration = Duration::from_secs(10);
/// From so many on, requests go out so slowly that even if all are refused the next number is not reached.
const SLOW: u32 = 1_000;
/// From so many on, none go out.
const STOP: u32 = 5_000;

/// What a platform can bear.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Load {
    /// Everything that the ceilings allow.
    #[default]
    Fine,
    /// A request of each account so far apart.
    Slow(Duration),
    /// Nothing for this long.
    Stopped(Duration),
}

/// The refusals of the last minutes.
#[derive(Debug, Default)]
struct Window {
    pieces: VecDeque<(Instant, u32)>,
    total: u32,
}

impl Window {
    fn add(&mut self, now: Instant) {
        self.forget(now);
        match self.pieces.back_mut().filter(|(began, _)| now.duration_since(*began) < PIECE) {
            Some((_, count)) => *count += 1,
            None => self.pieces.push_back((now, 1)),
        }
        self.total += 1;
    }

    fn forget(&mut self, now: Instant) {
        while let Some((began, count)) = self.pieces.front().copied()
            && now.duration_since(began) >= WINDOW + PIECE
        {
            self.pieces.pop_front();
            self.total -= count;
        }
    }

    /// What that allows; `accounts` share it.
    fn load(&mut self, now: Instant, accounts: u32) -> Load {
        self.forget(now);
        if self.total < SLOW {
            return Load::Fine;
        }
        if self.total < STOP {
            return Load::Slow(WINDOW / (STOP - SLOW) * accounts);
        }
        // Until so many have left the window that fewer than that remain.
        let mut left = self.total;
        let last = self.pieces.iter().find(|(_, count)| {
            left -= count;
            left < STOP
        });
        let until = last.map_or(now, |(began, _)| *began + WINDOW + PIECE);
        Load::Stopped(until.saturating_duration_since(now).max(Duration::from_millis(1)))
    }
}

/// The actor.
pub struct Breaker {
    platform: Platform,
    accounts: u32,
    window: Window,
    said: watch::Sender<Weather>,
}

/// What a breaker says: how much may go out, and why.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Weather {
    /// How much, when it was worked out.
    pub load: Load,
    /// How many requests were refused within ten minutes.
    pub refused: u32,
    at: Option<Instant>,
}

impl Weather {
    /// How much may go out now.
    pub fn load(&self) -> Load {
        match (self.load, self.at) {
            (Load::Stopped(wait), Some(at)) => match wait.checked_sub(at.elapsed()) {
                // It is worked out anew within ten seconds.
                None | Some(Duration::ZERO) => Load::Slow(WINDOW / (STOP - SLOW)),
                Some(wait) => Load::Stopped(wait),
            },
            (load, _) => load,
        }
    }

    /// The same in words, where there is something to say.
    pub fn in_words(&self, platform: &Platform) -> Option<String> {
        let (what, refused) = (crate::adapt::names::capitalised(platform), self.refused);
        match self.load() {
            Load::Fine => None,
            Load::Slow(_) => Some(format!(
                "{what} has refused {refused} requests within ten minutes: deliveries go out slowly, so that it does not shut out this \
                 machine's address. The log says what it refuses."
            )),
            Load::Stopped(wait) => Some(format!(
                "{what} has refused {refused} requests within ten minutes: nothing goes out for {} seconds, so that it does not shut out \
                 this machine's address. The log says what it refuses. Nothing is lost.",
                wait.as_secs() + 1
            )),
        }
    }
}

impl Breaker {
    /// Of a platform that so many accounts reach from here; what it says is in the receiver.
    pub fn new(platform: Platform, accounts: u32) -> (Self, watch::Receiver<Weather>) {
        let (said, receiver) = watch::channel(Weather::default());
        (Self { platform, accounts: accounts.max(1), window: Window::default(), said }, receiver)
    }

    fn say(&mut self, now: Instant) {
        let load = self.window.load(now, self.accounts);
        let weather = Weather { load, refused: self.window.total, at: Some(now) };
        let before = self.said.send_replace(weather).load;
        let (kind, kind_before) = (std::mem::discriminant(&load), std::mem::discriminant(&before));
        if kind != kind_before {
            match weather.in_words(&self.platform) {
                Some(words) => tracing::error!(platform = %self.platform, "{words}"),
                None => tracing::info!(platform = %self.platform, "deliveries go out as fast as ever again"),
            }
        }
    }
}

/// So many accounts share it from now on.
#[derive(Message)]
#[rtype(result = "()")]
pub struct SharedBy(pub u32);

impl Handler<SharedBy> for Breaker {
    type Result = ();

    fn handle(&mut self, SharedBy(accounts): SharedBy, _: &mut Context<Self>) {
        self.accounts = accounts.max(1);
    }
}

impl Actor for Breaker {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        ctx.run_interval(PIECE, |breaker, _| {
            if breaker.window.total > 0 {
                breaker.say(Instant::now());
            }
        });
    }
}

/// A request was refused that should not have been made.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Invalid;

impl Handler<Invalid> for Breaker {
    type Result = ();

    fn handle(&mut self, _: Invalid, _: &mut Context<Self>) {
        let now = Instant::now();
        self.window.add(now);
        if self.window.total >= SLOW {
            self.say(now);
        }
    }
}

/// Whether an address is shut out for too much of this. A limit that others use up is nobody's fault.
pub fn is_invalid(error: &DeliverError) -> bool {
    match error {
        DeliverError::RateLimited { scope, .. } => *scope != Scope::Shared,
        DeliverError::Unauthorized(_) | DeliverError::Forbidden(_) | DeliverError::TargetGone => true,
        DeliverError::Unavailable(_) | DeliverError::Rejected(_) | DeliverError::Unsure(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_refusals_lead_to() {
        let began = Instant::now();
        let at = |second: u64| began + Duration::from_secs(second);
        let slow = Load::Slow(Duration::from_millis(300));
        // How many are refused in which seconds, when it is looked, and what two accounts may do then.
        type Case = (&'static [(u64, u32)], u64, Load);
        let cases: [Case; 8] = [
            (&[(0, 999)], 0, Load::Fine),
            (&[(0, 1_000)], 0, slow),
            (&[(0, 500), (300, 500)], 300, slow),
            (&[(0, 500), (300, 500)], 611, Load::Fine),
            (&[(0, 4_999)], 1, slow),
            (&[(0, 5_000)], 10, Load::Stopped(Duration::from_secs(600))),
            // It goes on when enough of them have left the window.
            (&[(0, 10), (100, 4_990), (200, 5)], 200, Load::Stopped(Duration::from_secs(410))),
            (&[(0, 10), (100, 4_990), (200, 5)], 610, slow),
        ];
        for (refused, look, expected) in cases {
            let mut window = Window::default();
            for (second, count) in refused {
                (0..*count).for_each(|_| window.add(at(*second)));
            }
            assert_eq!(window.load(at(look), 2), expected, "{refused:?} at {look}");
        }
    }

    #[test]
    fn what_counts() {
        let problem = || relay_contract::Problem::new("no", "do");
        let limited = |scope| DeliverError::RateLimited { retry_after: Duration::ZERO, scope };
        let cases = [
            (limited(Scope::Room), true),
            (limited(Scope::Account), true),
            (limited(Scope::Shared), false),
            (DeliverError::Unauthorized(problem()), true),
            (DeliverError::Forbidden(problem()), true),
            (DeliverError::TargetGone, true),
            (DeliverError::Rejected("too long".into()), false),
            (DeliverError::Unavailable("502".into()), false),
            (DeliverError::Unsure("cut".into()), false),
        ];
        for (error, counts) in cases {
            assert_eq!(is_invalid(&error), counts, "{error}");
        }
    }
}

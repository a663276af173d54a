//! The platforms' real rate limits: enforced on demand, on a clock that may be faster than the real one, and counted.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// From this many logs on, those that are empty are thrown away.
const MANY: usize = 4_096;
/// How fast the limits' clock may be.
const SCALES: std::ops::RangeInclusive<f64> = 0.001..=100_000.0;

/// Which limits are enforced: the platform's published ones, and those that are known from use.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// How many seconds of the limits pass in a second: 100 makes a minute of them 0.6 s; 1 when left out.
    #[serde(default = "real_time")]
    pub scale: f64,
}

fn real_time() -> f64 {
    1.0
}

impl Limits {
    /// Says what is wrong with them.
    pub fn check(self) -> Result<Self, String> {
        if SCALES.contains(&self.scale) {
            return Ok(self);
        }
        Err(format!("`scale` is {}; it is from {} to {}", self.scale, SCALES.start(), SCALES.end()))
    }
}

/// What was asked for since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    /// Requests to the API.
    pub requests: u64,
    /// Those that were answered 429.
    pub limited: u64,
    /// Those that were answered 401, 403 or 429; a 429 that others had a part in is none of them.
    pub invalid: u64,
}

/// How a ceiling forgets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Window {
    /// All at once: the first request begins a time that lasts `within`, and then everything is free again.
    Fixed,
    /// One by one: each request is forgotten `within` after it was made.
    Sliding,
}

/// One limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Ceiling {
    /// What tells it from others of the same size.
    pub name: &'static str,
    /// How many requests.
    pub most: usize,
    /// In what time, by the limits' clock.
    pub within: Duration,
    /// How they are forgotten.
    pub window: Window,
}

/// How full a ceiling is. Times are real ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// How many more requests it lets through now.
    pub left: usize,
    /// Until it lets one more through; zero while something is left.
    pub opens: Duration,
    /// Until all of it is free again.
    pub resets: Duration,
}

/// Why a request is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Full {
    /// The place of the ceiling among those that were asked: of several full ones, the one that opens last.
    pub at: usize,
    /// How it stands.
    pub standing: Standing,
}

/// One stand-in's limits and counts.
#[derive(Debug, Default)]
pub struct Enforced {
    inner: Mutex<Inner>,
    requests: AtomicU64,
    limited: AtomicU64,
    invalid: AtomicU64,
}

#[derive(Debug, Default)]
struct Inner {
    /// When they were armed, and how fast their clock is.
    clock: Option<(Instant, f64)>,
    /// When requests were made, oldest first, by the limits' clock.
    logs: HashMap<(Ceiling, String), VecDeque<Duration>>,
}

impl Inner {
    fn standing(&mut self, ceiling: Ceiling, whose: &str, now: Duration, scale: f64) -> Standing {
        let none = VecDeque::new();
        let log = match self.logs.get_mut(&(ceiling, whose.to_owned())) {
            Some(log) => {
                ceiling.forget(log, now);
                log
            }
            None => &none,
        };
        let real = |at: Option<&Duration>| match at {
            Some(at) => (*at + ceiling.within).saturating_sub(now).div_f64(scale),
            None => Duration::ZERO,
        };
        let left = ceiling.most.saturating_sub(log.len());
        let (oldest, newest) = (real(log.front()), real(log.back()));
        let resets = if ceiling.window == Window::Fixed { oldest } else { newest };
        Standing { left, opens: if left == 0 { oldest } else { Duration::ZERO }, resets }
    }
}

impl Ceiling {
    fn forget(self, log: &mut VecDeque<Duration>, now: Duration) {
        let over = |at: &Duration| *at + self.within <= now;
        match self.window {
            Window::Fixed if log.front().is_some_and(over) => log.clear(),
            Window::Fixed => {}
            Window::Sliding => {
                while log.front().is_some_and(over) {
                    log.pop_front();
                }
            }
        }
    }
}

impl Enforced {
    /// As a world wants it; the error says what is wrong.
    pub fn of(limits: Option<Limits>) -> Result<Self, String> {
        let enforced = Self::default();
        enforced.arm(limits)?;
        Ok(enforced)
    }

    /// Enforces these limits from now on, or none; what was asked before is forgotten, but stays counted.
    pub fn arm(&self, limits: Option<Limits>) -> Result<(), String> {
        let limits = limits.map(Limits::check).transpose()?;
        let clock = limits.map(|limits| (Instant::now(), limits.scale));
        *self.inner() = Inner { clock, logs: HashMap::new() };
        Ok(())
    }

    /// Whether anything is enforced.
    pub fn armed(&self) -> bool {
        self.inner().clock.is_some()
    }

    /// How fast the limits' clock is; none while nothing is enforced.
    pub fn scale(&self) -> Option<f64> {
        self.inner().clock.map(|(_, scale)| scale)
    }

    /// What was counted.
    pub fn counted(&self) -> Counted {
        let of = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Counted { requests: of(&self.requests), limited: of(&self.limited), invalid: of(&self.invalid) }
    }

    /// Takes a place under each of these ceilings, each for somebody (a room, an account), or under none of them. Answers how each stands
    /// afterwards, in the same order; `None` while nothing is enforced.
    pub fn take(&self, asked: &[(Ceiling, &str)]) -> Result<Option<Vec<Standing>>, Full> {
        self.take_at(Instant::now(), asked)
    }

    /// How a ceiling stands for somebody; `None` while nothing is enforced.
    pub fn standing(&self, ceiling: Ceiling, whose: &str) -> Option<Standing> {
        let mut inner = self.inner();
        let (began, scale) = inner.clock?;
        let now = began.elapsed().mul_f64(scale);
        Some(inner.standing(ceiling, whose, now, scale))
    }

    fn take_at(&self, now: Instant, asked: &[(Ceiling, &str)]) -> Result<Option<Vec<Standing>>, Full> {
        let mut inner = self.inner();
        let Some((began, scale)) = inner.clock else {
            return Ok(None);
        };
        let now = now.saturating_duration_since(began).mul_f64(scale);
        if inner.logs.len() >= MANY {
            inner.logs.retain(|(ceiling, _), log| {
                ceiling.forget(log, now);
                !log.is_empty()
            });
        }
        let full = asked.iter().enumerate().filter_map(|(at, (ceiling, whose))| {
            let standing = inner.standing(*ceiling, whose, now, scale);
            (standing.left == 0).then_some(Full { at, standing })
        });
        if let Some(full) = full.max_by_key(|full| full.standing.opens) {
            return Err(full);
        }
        for (ceiling, whose) in asked {
            inner.logs.entry((*ceiling, (*whose).to_owned())).or_default().push_back(now);
        }
        Ok(Some(asked.iter().map(|(ceiling, whose)| inner.standing(*ceiling, whose, now, scale)).collect()))
    }

    fn count(&self, status: StatusCode, headers: &HeaderMap) {
        let limited = status == StatusCode::TOO_MANY_REQUESTS;
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.limited.fetch_add(u64::from(limited), Ordering::Relaxed);
        self.invalid.fetch_add(u64::from(is_invalid(status, headers)), Ordering::Relaxed);
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether an answer says that the request should not have been made.
///
/// <https://discord.com/developers/docs/topics/rate-limits#invalid-request-limit-aka-cloudflare-bans>
pub fn is_invalid(status: StatusCode, headers: &HeaderMap) -> bool {
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => true,
        StatusCode::TOO_MANY_REQUESTS => {
            headers.get("x-ratelimit-scope").is_none_or(|scope| scope.as_bytes() != b"shared")
        }
        _ => false,
    }
}

/// Layer (`axum::middleware::from_fn_with_state`), the outermost around a platform's API: counts requests by their answers.
pub async fn counted(State(enforced): State<Arc<Enforced>>, request: Request, next: Next) -> Response {
    let answer = next.run(request).await;
    enforced.count(answer.status(), answer.headers());
    answer
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn ceiling(most: usize, seconds: u64, window: Window) -> Ceiling {
        Ceiling { name: "some", most, within: Duration::from_secs(seconds), window }
    }

    #[test]
    fn nothing_is_enforced_until_it_is_armed() {
        let one = ceiling(1, 60, Window::Sliding);
        let enforced = Enforced::default();
        assert!((0..3).all(|_| enforced.take(&[(one, "a")]) == Ok(None)));
        enforced.arm(Some(Limits { scale: 1.0 })).unwrap();
        assert!(enforced.take(&[(one, "a")]).is_ok() && enforced.take(&[(one, "a")]).is_err());
        enforced.arm(None).unwrap();
        assert_eq!(enforced.take(&[(one, "a")]), Ok(None));
        for scale in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(enforced.arm(Some(Limits { scale })).is_err(), "{scale}");
        }
    }

    #[test]
    fn a_request_takes_a_place_everywhere_or_nowhere() {
        let (room, account) = (ceiling(1, 60, Window::Sliding), ceiling(2, 90, Window::Fixed));
        let enforced = Enforced::of(Some(Limits { scale: 1.0 })).unwrap();
        let take = |whose: &str| enforced.take(&[(room, whose), (account, "bot")]);
        let left =
            |whose: &str| take(whose).map(|all| all.unwrap().iter().map(|it| it.left).collect::<Vec<_>>());
        assert_eq!(left("a"), Ok(vec![0, 1]));
        // Refused by its room, it leaves the account's last place to another.
        assert_eq!(left("a").unwrap_err().at, 0);
        assert_eq!(left("b"), Ok(vec![0, 0]));
        // Both are full: the later one counts.
        let full = take("a").unwrap_err();
        assert_eq!(full.at, 1);
        let seconds = full.standing.opens.as_secs_f64();
        assert!((80.0..=90.0).contains(&seconds), "{seconds}");
    }

    /// On a clock ten times faster; the waits that are told are real ones.
    #[test]
    fn what_is_full_opens_when_it_said() {
        let seconds = Duration::from_secs;
        for (window, opens, resets, free) in [(Window::Fixed, 14, 14, 2), (Window::Sliding, 14, 20, 1)] {
            let enforced = Enforced::of(Some(Limits { scale: 10.0 })).unwrap();
            let began = Instant::now();
            let take = |at: u64| enforced.take_at(began + seconds(at), &[(ceiling(2, 200, window), "a")]);
            take(0).unwrap();
            take(6).unwrap();
            let full = take(6).unwrap_err().standing;
            let round = |it: Duration| it.as_secs_f64().round() as u64;
            assert_eq!((round(full.opens), round(full.resets)), (opens, resets), "{window:?}");
            assert!(take(19).is_err(), "{window:?}");
            let left = take(21).unwrap().unwrap()[0].left;
            assert_eq!(left, free - 1, "{window:?}");
        }
    }
}

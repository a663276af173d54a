//! Budgets for those who ask Relay for something: so many requests a second each, with governor.

use governor::clock::{Clock, MonotonicClock};
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};
use std::num::NonZeroU32;
use std::time::Duration;

type Limiter = RateLimiter<
    String,
    DashMapStateStore<String>,
    MonotonicClock,
    NoOpMiddleware<<MonotonicClock as Clock>::Instant>,
>;

/// One budget for each name.
pub struct Budgets {
    clock: MonotonicClock,
    limiter: Limiter,
}

impl Budgets {
    /// So many a second, and `at_once` after a rest.
    pub fn new(a_second: NonZeroU32, at_once: NonZeroU32) -> Self {
        let clock = MonotonicClock;
        let quota = Quota::per_second(a_second).allow_burst(at_once);
        let limiter = RateLimiter::new(quota, DashMapStateStore::default(), clock.clone());
        Self { clock, limiter }
    }

    /// Takes one from a name's budget; answers how long until there is one where there is none. Only for names that are few.
    pub fn take(&self, name: &str) -> Option<Duration> {
        let refused = self.limiter.check_key(&name.to_owned()).err()?;
        Some(refused.wait_time_from(self.clock.now()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_has_its_own() {
        let one = NonZeroU32::MIN;
        let budgets = Budgets::new(one, one.saturating_add(1));
        let asked = ["a", "a", "a", "b"].map(|name| budgets.take(name).is_none());
        assert_eq!(asked, [true, true, false, true]);
        assert!(budgets.take("a").is_some_and(|wait| wait <= Duration::from_secs(1)));
    }
}

//! How long to wait before something is tried again.

use backoff::ExponentialBackoff;
use backoff::backoff::Backoff;
use std::time::Duration;

/// Growing, jittered waits.
pub struct Delay(ExponentialBackoff);

impl Delay {
    /// From `first`, doubling up to `most`, each a third more or less.
    pub fn new(first: Duration, most: Duration) -> Self {
        Self(ExponentialBackoff {
            current_interval: first,
            initial_interval: first,
            max_interval: most,
            multiplier: 2.0,
            randomization_factor: 0.33,
            max_elapsed_time: None,
            ..ExponentialBackoff::default()
        })
    }

    /// The next wait.
    pub fn next(&mut self) -> Duration {
        self.0.next_backoff().unwrap_or(self.0.max_interval)
    }

    /// It worked: begin anew.
    pub fn reset(&mut self) {
        self.0.reset();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a server that is away sees of one lane: about 1,440 requests a day, each wait a third more or less.
    #[test]
    fn a_day_of_retries_is_one_a_minute() {
        let (mut delay, mut waited, mut tries) =
            (Delay::new(Duration::from_millis(500), Duration::from_secs(60)), Duration::ZERO, 0);
        while waited < Duration::from_secs(86_400) {
            let wait = delay.next();
            assert!(wait <= Duration::from_secs(80), "{wait:?}");
            waited += wait;
            tries += 1;
        }
        assert!((1_300..1_600).contains(&tries), "{tries}");
        delay.reset();
        assert!(delay.next() < Duration::from_secs(1));
    }

    #[test]
    fn waits_grow_to_a_bound_differ_and_begin_anew() {
        let (first, most) = (Duration::from_millis(500), Duration::from_secs(60));
        let waits = || {
            let mut delay = Delay::new(first, most);
            (0..12).map(|_| delay.next()).collect::<Vec<_>>()
        };
        let all: Vec<_> = (0..20).map(|_| waits()).collect();
        for waits in &all {
            for (number, wait) in waits.iter().enumerate() {
                let meant = (first * 2_u32.pow(number as u32)).min(most);
                assert!(*wait >= meant.mul_f64(0.66) && *wait <= meant.mul_f64(1.34), "{number}: {wait:?}");
            }
        }
        assert!(
            all.iter().any(|waits| waits[5] != all[0][5]),
            "lanes that failed together do not come back together"
        );
        let mut delay = Delay::new(first, most);
        for _ in 0..9 {
            delay.next();
        }
        delay.reset();
        assert!(delay.next() < first * 2);
    }
}

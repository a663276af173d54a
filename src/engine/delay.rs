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

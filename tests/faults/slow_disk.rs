//! A disk that takes its time: what is done is not written for as long as that takes.

use crate::bench::Bench;
use crate::executioner;
use std::process::Child;
use std::time::Duration;

/// Holds every write of the ledger for a while before it is made; until it is dropped, or Relay ends.
pub struct SlowDisk(Child);

impl SlowDisk {
    /// Attached to the bench's Relay.
    pub fn at(bench: &Bench, each: Duration) -> Self {
        Self(executioner::attach(
            bench,
            "write,writev,pwrite64",
            &format!("delay_enter={}", each.as_micros()),
        ))
    }
}

impl Drop for SlowDisk {
    fn drop(&mut self) {
        executioner::let_go(&mut self.0);
    }
}

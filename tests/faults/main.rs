//! Faults that are set at a place, not at a time: each test's name says which promise it attacks.
//!
//! `strace` kills at a system call, `libfaketime` gives Relay another clock; with `RELAY_REQUIRE_FAULTS` their absence is a failure.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod acts;
mod away;
#[path = "../scenarios/bench.rs"]
mod bench;
mod damaged;
mod executioner;
mod gaps;
mod jumps;
#[path = "../kill_nine/load.rs"]
#[allow(dead_code, reason = "each test binary uses a part of it")]
mod load;
mod many_rooms;
mod open;
mod other_time;
mod pairs;
mod seals;
mod slow;
mod slow_disk;

use std::io::Write;

/// Platforms whose connector settles what nobody has answered: there, nothing is doubled.
const SETTLES: &[&str] = &["discord", "slack"];
/// Platforms that tell everything in the end: their connector fetches what a connection has not brought, or they keep it until it is.
const CATCHES_UP: &[&str] = &["discord", "slack", "telegram"];

/// Past the capture: the figures are what these tests are for.
fn tell(table: &str) {
    std::io::stdout().write_all(format!("\n{table}").as_bytes()).unwrap();
}

/// Says that a test cannot be made here; a failure where it has to be.
fn not_tested(what: &str, missing: &str) {
    tell(&format!("{what}: NOT TESTED, because {missing} is not installed\n"));
    assert!(std::env::var_os("RELAY_REQUIRE_FAULTS").is_none(), "RELAY_REQUIRE_FAULTS is set");
}

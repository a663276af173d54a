//! Real servers in one channel: two of IRC (ngIRCd), one of Matrix (Synapse), and the imitated Discord, with the real binary between them.
//! A plain socket is the judge on IRC, plain requests are on Matrix.
//!
//! Needs what `tests/irc` and `tests/matrix` need; what is missing is said and fails only where `RELAY_REQUIRE_IRC` or
//! `RELAY_REQUIRE_SYNAPSE` is set. `RELAY_KILLS` asks for another number of kills.

#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "../conformance/acts.rs"]
#[allow(dead_code, reason = "each test binary uses a part of it")]
mod acts;
mod away;
#[path = "../scenarios/bench.rs"]
mod bench;
#[path = "../conformance/cells.rs"]
mod cells;
#[path = "../conformance/checks.rs"]
#[allow(dead_code, reason = "each test binary uses a part of it")]
mod checks;
mod doers;
mod judges;
mod kills;
mod members;
#[path = "../conformance/outcome.rs"]
#[allow(dead_code, reason = "each test binary uses a part of it")]
mod outcome;
#[path = "../matrix/person.rs"]
#[allow(dead_code, reason = "each test binary uses a part of it")]
mod person;
#[path = "../irc/server.rs"]
#[allow(dead_code, reason = "each test binary uses a part of it")]
mod server;
#[path = "../conformance/shown.rs"]
#[allow(dead_code, reason = "each test binary uses a part of it")]
mod shown;
#[path = "../irc/person.rs"]
#[allow(dead_code, reason = "each test binary uses a part of it")]
mod socket;
mod stories;
mod suite;
#[path = "../matrix/synapse.rs"]
#[allow(dead_code, reason = "each test binary uses a part of it")]
mod synapse;
mod town;

/// Servers that hold nobody back.
const NO_PENALTY: &str = "[Limits]\nMaxPenaltyTime = 0";

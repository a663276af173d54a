//! IRC to IRC over real servers, with the real binary between them. Needs ngIRCd; with `RELAY_REQUIRE_IRC` its absence is a failure.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod bench;
mod others;
mod person;
mod server;
mod stories;
mod tls;

/// Servers that hold nobody back.
const NO_PENALTY: &str = "[Limits]\nMaxPenaltyTime = 0";

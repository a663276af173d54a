//! IRC to IRC over real servers, with the real binary between them. Needs ngIRCd and InspIRCd; with `RELAY_REQUIRE_IRC` their absence is
//! a failure. What of IRCv3 no packaged server has is told of by the stand-in.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod bench;
mod inspircd;
mod modern;
mod others;
mod person;
mod server;
mod stories;
mod tls;

/// Servers that hold nobody back.
const NO_PENALTY: &str = "[Limits]\nMaxPenaltyTime = 0";

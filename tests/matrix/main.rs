//! Matrix, proven on a real homeserver: Synapse with SQLite on a free loopback port, the real binary, and people who speak plain HTTP.
//!
//! Synapse comes from PyPI: `python3 -m venv target/synapse`, then `target/synapse/bin/pip install -r tests/matrix/requirements.txt`. Without
//! it these tests say so and pass; with `RELAY_REQUIRE_SYNAPSE` its absence is a failure.

#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "../scenarios/bench.rs"]
mod bench;
mod beside;
mod dressing;
mod ghosts;
mod looking_back;
mod person;
mod rooms;
mod stories;
#[allow(dead_code, reason = "each test binary uses a part of it")]
mod synapse;
mod yard;

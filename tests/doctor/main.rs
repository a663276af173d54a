//! The doctor's corpus: set-ups that work, each broken in one way, and what the real `relay doctor` says of it: what it is, and the one
//! line that mends it. `corpus` is the table of all of them, which src/doctor/README.md shows.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod accounts;
#[path = "../scenarios/bench.rs"]
mod bench;
mod corpus;
mod front;
mod irc;
mod machine;
mod matrix;
mod network;
mod rooms;
mod running;
mod set_up;

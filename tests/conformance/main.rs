//! One suite for every platform, made from the one table: what the real binary carries between them, cell by cell, and what other
//! bridges learned the hard way.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod acts;
#[path = "../scenarios/bench.rs"]
mod bench;
mod cells;
mod checks;
mod generator;
mod journey;
mod lessons;
mod outcome;
mod platform;
mod shown;
mod suite;

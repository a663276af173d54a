//! Relay's own API, with the real binary.

#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "../scenarios/bench.rs"]
mod bench;
mod channels;
mod compatible;
mod durable;
mod files;
mod hostile;
mod import;
mod platforms;
mod program;
mod tokens;
mod webhooks;

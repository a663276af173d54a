//! The connector against the stand-in, over real HTTP and WebSocket. Clauses of CONTRACT.md are named where they are checked.
#![allow(clippy::unwrap_used)]

mod checks;
mod commands;
mod connections;
mod files;
mod gestures;
mod history;
mod incoming;
mod limits;
mod outgoing;
mod refusals;
mod rig;
mod rooms;
mod settle;
mod threads;

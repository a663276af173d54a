//! The connector against the Slack stand-in, over real HTTP and WebSocket. Each test names the clauses it checks.

#![allow(clippy::unwrap_used)]

mod checks;
mod commands;
mod faults;
mod files;
mod history;
mod incoming;
mod marks;
mod outgoing;
mod people;
mod rooms;
mod settling;
mod stage;

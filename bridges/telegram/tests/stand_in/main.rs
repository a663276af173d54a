//! The connector against the Telegram stand-in, over real HTTP. Each test names the clause it checks.
#![allow(clippy::unwrap_used)]

mod beside;
mod chats;
mod checks;
mod commands;
mod connections;
mod files;
mod heard;
mod incoming;
mod outgoing;
mod rig;
mod topics;

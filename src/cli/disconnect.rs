//! `relay disconnect`: takes a room out of a channel, also one that was let in from the chat.

use super::{RunningBridge, fail};
use crate::control::{Request, Response};
use std::process::ExitCode;

/// Arguments of `relay disconnect`.
#[derive(Debug, clap::Args)]
pub struct Disconnect {
    /// The channel
    channel: String,
    /// The room as `links` name it, by name or id: ACCOUNT:ROOM
    room: String,
    #[command(flatten)]
    bridge: RunningBridge,
}

/// Does it.
pub fn run(disconnect: &Disconnect) -> ExitCode {
    let (channel, room) = (disconnect.channel.clone(), disconnect.room.clone());
    match disconnect.bridge.ask(&Request::Disconnect { channel, room }) {
        Ok(Response::Done(words)) => {
            sayln!("{words}");
            ExitCode::SUCCESS
        }
        Ok(_) => fail("the running relay answered something else: is it of another version?"),
        Err(code) => code,
    }
}

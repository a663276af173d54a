//! Rooms as an account sees them: the list of all, who can read them, and what becomes of them over the years.

use crate::errors::Problem;
use crate::ids::{NativeId, RoomKey};
use crate::preflight::RoomReport;
use serde::{Deserialize, Serialize};

/// Everything that an account sees.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// Its rooms, in the platform's order.
    pub rooms: Vec<Listed>,
    /// Whether these are all. Telegram tells a bot of no chat in which nothing has happened yet: there the engine adds
    /// the rooms of [`RoomNews::Seen`].
    pub complete: bool,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed {
    /// The room.
    pub report: RoomReport,
    /// Why it cannot be linked as it is, and what to do: the bot has not been invited.
    pub problem: Option<Problem>,
}

/// What became of a room, as an event tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RoomNews {
    /// The account sees this room. Said once a connection for each room of a platform without a list, and at each
    /// change of its name.
    Seen(RoomReport),
    /// Something about this room may have changed: its name, who sees it, what Relay may do, whether it is archived,
    /// deleted, or Relay was removed or let in. The engine asks again through `preflight`.
    Changed(NativeId),
    /// The same for every room of a space.
    SpaceChanged(NativeId),
    /// The room goes on under another identity: a Telegram group became a supergroup.
    Moved {
        /// What it was.
        from: RoomKey,
        /// What it is.
        to: RoomKey,
    },
}

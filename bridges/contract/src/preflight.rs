//! What an account turns out to be, asked before anything is started.

use crate::errors::Problem;
use crate::ids::{NativeId, RoomKey};
use serde::{Deserialize, Serialize};

/// The answer of `Connector::preflight`.
#[derive(Debug, Clone)]
pub struct Preflight {
    /// Who Relay is there.
    pub identity: Identity,
    /// Missing rights that concern the whole account; it runs all the same.
    pub warnings: Vec<Problem>,
    /// One answer for each room that was asked about.
    pub rooms: Vec<(NativeId, Result<RoomReport, Problem>)>,
}

/// Who Relay is on the platform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The bot's user id.
    pub id: NativeId,
    /// The bot's name.
    pub name: String,
}

/// A room as the platform describes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomReport {
    /// Its identity.
    pub key: RoomKey,
    /// The space it is in.
    pub space: SpaceRef,
    /// The name as people there see and write it: `#general`, `Sunday hikers`.
    pub name: String,
    /// Who can read it.
    pub visibility: Visibility,
    /// How many people are in it, where the platform tells.
    pub members: Option<u64>,
    /// Rights that are missing here; what they concern will not work.
    pub warnings: Vec<Problem>,
}

/// Who can read a room, from the narrowest to the widest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Visibility {
    /// Only some people of its space: a private channel.
    Private,
    /// Everybody in its space, and nobody else. A Telegram group is a space of its own.
    Space,
    /// Anybody who looks for it: a public Telegram group, a channel of a guild that can be discovered.
    World,
}

/// A guild, workspace, network or chat.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SpaceRef {
    /// Its id.
    pub id: NativeId,
    /// The name people see.
    pub name: String,
}

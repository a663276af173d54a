//! What is known of the linked rooms, from `preflight`: where their webhooks live and what Relay may do there.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};
use twilight_model::id::Id;
use twilight_model::id::marker::{ChannelMarker, GuildMarker};

/// One room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// The guild it is in.
    pub guild: Id<GuildMarker>,
    /// The channel whose webhooks post there: the room itself, or the parent of a thread.
    pub webhooks_of: Id<ChannelMarker>,
    /// The room, where it is a thread.
    pub thread: Option<Id<ChannelMarker>>,
    /// Whether Relay may use webhooks there.
    pub may_webhook: bool,
}

/// The linked rooms. As many as there are links.
#[derive(Debug, Default)]
pub struct Rooms(RwLock<HashMap<Id<ChannelMarker>, Room>>);

impl Rooms {
    /// What is known of a room.
    pub fn get(&self, room: Id<ChannelMarker>) -> Option<Room> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(&room).copied()
    }

    /// Remembers.
    pub fn put(&self, id: Id<ChannelMarker>, room: Room) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(id, room);
    }

    /// Relay may not use webhooks in this room any more; the next `preflight` looks again.
    pub fn without_webhooks(&self, id: Id<ChannelMarker>) {
        if let Some(room) = self.0.write().unwrap_or_else(PoisonError::into_inner).get_mut(&id) {
            room.may_webhook = false;
        }
    }
}

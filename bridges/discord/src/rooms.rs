//! What is known of rooms, from `preflight`: where their webhooks live and what Relay may do there; and which of them are linked.

use std::collections::{HashMap, HashSet};
use std::sync::{PoisonError, RwLock, RwLockWriteGuard};
use std::time::{Duration, Instant};
use twilight_model::guild::Permissions;
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
    /// Everything in it stands in threads.
    pub forum: bool,
    /// Only some members of its guild see it.
    pub private: bool,
    /// What Relay may do there, webhooks apart.
    pub may: Permissions,
    /// The largest file that Relay may post there, in bytes.
    pub largest_file: u64,
    /// Whether Relay may use webhooks there.
    pub may_webhook: bool,
}

/// How long a "no" to webhooks is believed before it is looked at again.
const LOOK_AGAIN: Duration = Duration::from_secs(300);

#[derive(Debug)]
struct Known {
    room: Room,
    /// A delivery was told that webhooks are not allowed, after `preflight` had found that they are.
    refused: bool,
    /// When it was last looked whether webhooks are allowed; nothing: due.
    looked: Option<Instant>,
}

impl Known {
    fn may_webhook(&self) -> bool {
        self.room.may_webhook && !self.refused
    }
}

/// The rooms that were asked about: as many as there are links, and those that somebody wanted to join.
#[derive(Debug, Default)]
pub struct Rooms {
    known: RwLock<HashMap<Id<ChannelMarker>, Known>>,
    /// Which are linked; none before the engine has said so.
    linked: RwLock<Option<HashSet<Id<ChannelMarker>>>>,
}

impl Rooms {
    /// What is known of a room.
    pub fn get(&self, room: Id<ChannelMarker>) -> Option<Room> {
        let rooms = self.known.read().unwrap_or_else(PoisonError::into_inner);
        rooms.get(&room).map(|known| Room { may_webhook: known.may_webhook(), ..known.room })
    }

    /// Whether a channel or a thread is a room of its own.
    pub fn is_linked(&self, id: Id<ChannelMarker>) -> bool {
        let linked = self.linked.read().unwrap_or_else(PoisonError::into_inner);
        linked.as_ref().map_or_else(|| self.get(id).is_some(), |linked| linked.contains(&id))
    }

    /// These are, and no others.
    pub fn set_linked(&self, ids: HashSet<Id<ChannelMarker>>) {
        *self.linked.write().unwrap_or_else(PoisonError::into_inner) = Some(ids);
    }

    /// Remembers what was asked just now.
    pub fn put(&self, id: Id<ChannelMarker>, room: Room) {
        self.write().insert(id, Known { room, refused: false, looked: Some(Instant::now()) });
    }

    /// Relay may not use webhooks in this room for now.
    pub fn without_webhooks(&self, id: Id<ChannelMarker>) {
        if let Some(known) = self.write().get_mut(&id) {
            known.refused = true;
            known.looked = Some(Instant::now());
        }
    }

    /// Relay was refused something for want of these permissions: believed until it is asked again.
    pub fn without(&self, id: Id<ChannelMarker>, permissions: Permissions) {
        if let Some(known) = self.write().get_mut(&id) {
            known.room.may -= permissions;
        }
    }

    /// The rooms of a guild that all its members see.
    pub fn open_to_all(&self, guild: Id<GuildMarker>) -> Vec<Id<ChannelMarker>> {
        let rooms = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let open = rooms.iter().filter(|(_, known)| known.room.guild == guild && !known.room.private);
        let mut ids: Vec<_> = open.map(|(id, _)| *id).collect();
        ids.sort_unstable();
        ids
    }

    /// Relay may use webhooks in this room again.
    pub fn with_webhooks(&self, id: Id<ChannelMarker>) {
        if let Some(known) = self.write().get_mut(&id) {
            known.room.may_webhook = true;
            known.refused = false;
        }
    }

    /// Whether a thread of this channel is among the rooms.
    pub fn has_threads_of(&self, channel: Id<ChannelMarker>) -> bool {
        let rooms = self.known.read().unwrap_or_else(PoisonError::into_inner);
        rooms.values().any(|known| known.room.thread.is_some() && known.room.webhooks_of == channel)
    }

    /// Whether the room is without webhooks, and it is time to see if that is still so. Says so once in a while.
    pub fn is_to_look(&self, id: Id<ChannelMarker>, now: Instant) -> bool {
        let mut rooms = self.write();
        let Some(known) = rooms.get_mut(&id).filter(|known| !known.may_webhook()) else {
            return false;
        };
        let due = known.looked.is_none_or(|at| now.saturating_duration_since(at) >= LOOK_AGAIN);
        if due {
            known.looked = Some(now);
        }
        due
    }

    /// Something in this guild has changed that may give permissions: what a delivery was refused is tried again at once, and
    /// what `preflight` did not find is looked for at the next post.
    pub fn may_have_changed(&self, guild: Id<GuildMarker>) {
        for known in self.write().values_mut().filter(|known| known.room.guild == guild) {
            known.refused = false;
            known.looked = None;
        }
    }

    fn write(&self) -> RwLockWriteGuard<'_, HashMap<Id<ChannelMarker>, Known>> {
        self.known.write().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_no_to_webhooks_is_not_for_ever() {
        let (id, guild) = (Id::new(2), Id::new(1));
        let room = |may_webhook| Room {
            guild,
            webhooks_of: id,
            thread: None,
            forum: false,
            private: false,
            may: Permissions::all(),
            largest_file: 1,
            may_webhook,
        };
        let rooms = Rooms::default();
        let may = || rooms.get(id).unwrap().may_webhook;
        let later = || Instant::now() + LOOK_AGAIN;
        rooms.put(id, room(true));
        assert!(may() && !rooms.is_to_look(id, later()));
        // Refused while delivering: looked at again after a while, once.
        rooms.without_webhooks(id);
        assert!(!may() && !rooms.is_to_look(id, Instant::now()));
        let at = later();
        assert!(rooms.is_to_look(id, at) && !rooms.is_to_look(id, at));
        rooms.with_webhooks(id);
        assert!(may());
        // Or as soon as something changes in its guild.
        rooms.without_webhooks(id);
        rooms.may_have_changed(Id::new(9));
        assert!(!may());
        rooms.may_have_changed(guild);
        assert!(may());
        // What `preflight` said stays until it was looked again.
        rooms.put(id, room(false));
        assert!(!rooms.is_to_look(id, Instant::now()));
        rooms.may_have_changed(guild);
        assert!(!may() && rooms.is_to_look(id, Instant::now()));
        rooms.with_webhooks(id);
        assert!(may());
    }
}

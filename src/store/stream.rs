//! What came into the rooms of Relay's own, in order: those of its API, which keep what they are told. Each has a stream.
//!
//! An entry is written in the same batch as what puts the event into the room: its acceptance, where it happened in the room itself,
//! or the completion of its delivery. Its place is an id of the writer's, so that places only grow, and whoever has read up to
//! one reads on behind it, after any restart.

use super::ledger::Ledger;
use super::records::{EnvelopeId, OutboxRow, Record};
use super::shared::{Shared, id_of};
use super::{StoreError, keys};
use fjall::OwnedWriteBatch as WriteBatch;
use relay_contract::{EventKey, MessageKey, NativeId, Platform, RoomKey};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

/// The platform of these rooms: Relay itself.
pub const PLATFORM: Platform = Platform::new("relay");

/// The newest place of any stream, in meta: the writer's ids go on from it.
const NEWEST: &[u8] = b"streamed";

/// One entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Streamed {
    /// What happened.
    pub envelope: EnvelopeId,
    /// The envelope whose message it is about, where that is known: of what came from elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<EnvelopeId>,
}

impl Record for Streamed {
    const PLACE: &'static str = "streams";
}

/// Which piece of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece {
    /// The oldest behind the first place, and before the second where there is one.
    After(EnvelopeId, Option<EnvelopeId>),
    /// The newest before this place; the newest of all without one.
    Before(Option<EnvelopeId>),
}

/// What stands between whoever posts in such a room and the name that they post under, where it is not their own.
pub const PERSONA: char = '/';

/// Whether somebody in such a room goes by a name that is not their own.
pub fn is_persona(room: &RoomKey, author: &NativeId) -> bool {
    keeps(room) && author.as_str().contains(PERSONA)
}

/// Whether a room has a stream.
pub fn keeps(room: &RoomKey) -> bool {
    room.platform == PLATFORM
}

/// Something has happened in such a room itself.
pub(super) fn happened(
    shared: &Shared,
    room: &RoomKey,
    id: EnvelopeId,
    batch: &mut WriteBatch,
) -> Result<(), StoreError> {
    add(shared, room, id, Streamed { envelope: id, target: None }, batch)
}

/// Something from elsewhere has come into such a room.
pub(super) fn delivered(
    shared: &Shared,
    room: &RoomKey,
    (id, place): (EnvelopeId, EnvelopeId),
    batch: &mut WriteBatch,
) -> Result<(), StoreError> {
    let row = shared.work.get(keys::outbox(room, id))?;
    // Without its row it was delivered before.
    let Some(row) = row else { return Ok(()) };
    let target = OutboxRow::decode(&row)?.target;
    add(shared, room, place, Streamed { envelope: id, target }, batch)
}

fn add(
    shared: &Shared,
    room: &RoomKey,
    place: EnvelopeId,
    entry: Streamed,
    batch: &mut WriteBatch,
) -> Result<(), StoreError> {
    batch.insert(&shared.work, keys::streamed(room, place), entry.encode()?);
    batch.insert(&shared.meta, NEWEST, place.0);
    Ok(())
}

/// Ids go on from this one: the envelope that had it goes.
pub(super) fn goes_on_from(shared: &Shared, id: EnvelopeId, batch: &mut WriteBatch) {
    batch.insert(&shared.meta, NEWEST, id.0);
}

/// The newest place of any stream.
pub(super) fn newest(shared: &Shared) -> Option<EnvelopeId> {
    let bytes = shared.meta.get(NEWEST).ok().flatten()?;
    bytes.as_ref().try_into().ok().map(EnvelopeId)
}

impl Ledger {
    /// A piece of a room's stream, oldest first, at most `most` entries.
    pub fn stream(
        &self,
        room: &RoomKey,
        piece: Piece,
        most: usize,
    ) -> Result<Vec<(EnvelopeId, Streamed)>, StoreError> {
        let work = &self.shared.work;
        let at = |id| keys::streamed(room, id);
        let read = |entry: fjall::Guard| {
            let (key, value) = entry.into_inner()?;
            Ok((id_of(&key)?, Streamed::decode(&value)?))
        };
        let (first, last) = (EnvelopeId::default(), EnvelopeId([0xFF; 16]));
        match piece {
            Piece::After(place, before) => {
                let before = before.unwrap_or(last);
                if place >= before {
                    return Ok(Vec::new());
                }
                let from = [at(place), vec![0]].concat();
                work.range(from..at(before)).take(most).map(read).collect()
            }
            Piece::Before(place) => {
                let newest = work.range(at(first)..at(place.unwrap_or(last))).rev().take(most);
                let mut newest: Vec<_> = newest.map(read).collect::<Result<_, StoreError>>()?;
                newest.reverse();
                Ok(newest)
            }
        }
    }

    /// Changes whenever an entry was written to any stream.
    pub fn streamed(&self) -> watch::Receiver<()> {
        self.shared.streamed.subscribe()
    }

    /// Whether a message of that id was ever accepted, as far back as events are known.
    pub fn was_posted(&self, message: &MessageKey) -> Result<bool, StoreError> {
        let MessageKey { room, id } = message.clone();
        let event = EventKey { room, kind: 'p', id, version: String::new() };
        Ok(self.shared.seen.contains_key(keys::event(&event))?)
    }

    /// Whether a message is held at the door: it is on disk, and goes on later.
    pub fn is_held(&self, message: &MessageKey) -> Result<bool, StoreError> {
        Ok(self.shared.work.contains_key(keys::held_post(message))?)
    }
}

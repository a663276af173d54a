//! The admins' room: where what needs a person is told. It is looked up like any room, and need not be linked.

use super::core::Core;
use super::links::PlannedRoom;
use super::states::RoomState;
use crate::store::queue::DROPPED;
use crate::store::records::{KnownRoom, UNLINKED};
use crate::store::{EnvelopeId, StoreError, Verdict};
use relay_contract::{Account, Envelope, Event, NativeId, Problem, RoomKey, Text, Timestamp};
use std::sync::{Mutex, PoisonError};

/// So many letters of a room are counted.
const COUNTED: usize = 1_000;

/// Which room it is.
#[derive(Debug, Default)]
pub struct Admins(Mutex<Option<PlannedRoom>>);

impl Admins {
    /// As the config names it.
    pub fn new(room: Option<PlannedRoom>) -> Self {
        Self(Mutex::new(room))
    }

    /// As it is asked for.
    pub fn room(&self) -> Option<PlannedRoom> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// What was given up for a room, and by no person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GivenUp {
    /// As it is written.
    pub link: String,
    /// How people call it.
    pub name: String,
    /// How many deliveries.
    pub count: u64,
    /// Why the newest was.
    pub reason: String,
}

/// When something was heard last in a room that a link hears.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeardLast {
    /// As it is written.
    pub link: String,
    /// How people call it.
    pub name: String,
    /// When, in milliseconds since the epoch.
    pub at: i64,
    /// Its account is connected.
    pub up: bool,
}

/// What became of something that is told to the admins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ToldAdmins {
    /// It is in the journal: the room's lane delivers it.
    Accepted(EnvelopeId),
    /// It was there already.
    Repeated,
}

impl Core {
    /// The admins' room as it is written and what is wrong with it, where something is.
    pub fn admins_trouble(&self) -> Option<(String, Problem)> {
        let PlannedRoom { account, room, .. } = self.admins.room()?;
        match self.states.get(&account, &room)? {
            RoomState::Missing(problem) => Some((format!("{account}:{room}"), problem)),
            RoomState::Found(_) => None,
        }
    }

    /// The admins' room, once it was found.
    pub fn admins_room(&self) -> Option<RoomKey> {
        let PlannedRoom { account, room, .. } = self.admins.room()?;
        self.known.get(&account, &room).map(|known| known.key)
    }

    /// Says something in the admins' room, through the ledger like everything that is said; the same id is said once. None where the
    /// room is not found yet.
    pub async fn tell_admins(&self, id: &str, words: &str) -> Result<Option<ToldAdmins>, StoreError> {
        let (Some(planned), Some(room)) = (self.admins.room(), self.admins_room()) else { return Ok(None) };
        // No channel has an empty name: the room alone is told.
        let event = Event::Noticed {
            id: NativeId::from(format!("alert {id}")),
            channel: String::new(),
            body: Text::plain(words),
        };
        let envelope = Envelope { origin: room, author: None, at: Timestamp::now(), event };
        let queued = self.ledger.accept(planned.account, vec![envelope]).await?;
        let verdicts = queued.await.map_err(|_| StoreError::Closed)??;
        Ok(Some(match verdicts.first() {
            Some(Verdict::Accepted(id)) => ToldAdmins::Accepted(*id),
            _ => ToldAdmins::Repeated,
        }))
    }

    /// Whether what the admins were told is in their room: none while it waits for its lane. Reads the disk.
    pub fn has_told_admins(&self, id: EnvelopeId) -> Result<Option<bool>, StoreError> {
        let Some(room) = self.admins_room() else { return Ok(None) };
        let there = self.lookup.messages(id, &room)?;
        if there.is_some_and(|there| !there.is_empty()) {
            return Ok(Some(true));
        }
        let letters = self.ledger.newest_letters_of(&room, COUNTED, |_| true)?;
        Ok(letters.iter().any(|(letter, _)| *letter == id).then_some(false))
    }

    /// When something was heard last in each room that a link hears, Relay's own messages included.
    pub fn heard_last(&self) -> Vec<HeardLast> {
        let routes = self.routes.borrow().clone();
        let rooms = self.known.all().into_iter().filter(|(_, known)| routes.hears(&known.key));
        let one = |(_, known): (Account, KnownRoom)| {
            let at = self.ledger.mark(&known.key)?.at.0;
            let (account, asked, known) = self.reached_by(&known.key)?;
            let link = format!("{account}:{asked}");
            let up = self.accounts.get(&account).is_some_and(|account| account.is_up());
            Some(HeardLast { link, name: known.name, at, up })
        };
        rooms.filter_map(one).collect()
    }

    /// What was given up for each room, without what people have dropped. Reads the disk.
    pub fn given_up(&self) -> Result<Vec<GivenUp>, StoreError> {
        let mut found = Vec::new();
        for (room, _) in self.ledger.depths().into_iter().filter(|(_, depth)| depth.dead > 0) {
            let letters = self.ledger.newest_letters_of(&room, COUNTED, |letter| {
                !letter.is_purged() && letter.reason != DROPPED && letter.reason != UNLINKED
            })?;
            let Some((_, newest)) = letters.last() else { continue };
            let known = self.reached_by(&room);
            let link =
                known.as_ref().map_or_else(|| room.to_string(), |(by, asked, _)| format!("{by}:{asked}"));
            found.push(GivenUp {
                name: known.map_or_else(|| link.clone(), |(.., known)| known.name),
                link,
                count: letters.len() as u64,
                reason: newest.reason.clone(),
            });
        }
        found.sort_by(|a, b| a.link.cmp(&b.link));
        Ok(found)
    }
}

//! What held for each room before ([`Before`]), kept beside since when channels name people. It is written behind what comes into force: what
//! a crash lets it miss is found by the next start, and counts from then. That it has changed stands beside the keys too, for a backup of before
//! does not know it.

use super::consent::begin_of;
use super::core::Core;
use crate::consent::Unsaid;
use crate::routing::{Before, Routes};
use crate::store::{EnvelopeId, Ledger, StoreError, folder, stream};
use relay_contract::{RoomKey, Timestamp};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

const FILE: &str = "before.json";

/// What is known now, and what of it is on disk.
pub struct Kept {
    path: PathBuf,
    ledger: Ledger,
    now: Mutex<Arc<Before>>,
    on_disk: Mutex<Arc<Before>>,
}

impl Kept {
    /// What earlier runs have kept. Blocks on the disk.
    pub fn open(data_dir: &Path, ledger: Ledger, now: Timestamp) -> Arc<Self> {
        let path = data_dir.join(FILE);
        // What cannot be read may have said anything.
        let (known, on_disk) = match read(&path) {
            Ok(known) => (known.clone(), known),
            Err(error) => {
                tracing::error!(%error, "{FILE} cannot be read: what held for rooms before is not known");
                (Before::unknown(now), Before::default())
            }
        };
        // An older Relay has not said there when it changed last.
        if !ledger.knows_change()
            && let Err(error) = ledger.note_change(now)
        {
            tracing::error!(%error, "the keys do not know since when rooms are shown what they are: it is tried again at the next start");
        }
        let (now, on_disk) = (Mutex::new(Arc::new(known)), Mutex::new(Arc::new(on_disk)));
        Arc::new(Self { path, ledger, now, on_disk })
    }

    /// Adds what is to hold from now on, and gives the routes what held before.
    pub fn add(self: &Arc<Self>, routes: &mut Routes, now: Timestamp) {
        let mut known = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        let next = known.and_now(routes, now);
        if **known != next {
            *known = Arc::new(next);
        }
        routes.set_before(known.clone());
        drop(known);
        let kept = self.clone();
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn_blocking(move || kept.write())),
            Err(_) => kept.write(),
        }
    }

    /// Writes the newest of it, where that is not there yet.
    fn write(&self) {
        let mut on_disk = self.on_disk.lock().unwrap_or_else(PoisonError::into_inner);
        let newest = self.now.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if *newest == **on_disk {
            return;
        }
        // First there: what is noted in vain allows less.
        match self.ledger.note_change(Timestamp::now()).and_then(|()| write(&self.path, &newest)) {
            Ok(()) => *on_disk = newest,
            Err(error) => {
                tracing::error!(%error, "{FILE} cannot be written: it is tried again with the next change")
            }
        }
    }
}

impl Core {
    /// Whether people were asked first when something was said, where they are not now. They were until they were told otherwise.
    pub(super) fn was_asked(&self, origin: &RoomKey, room: &RoomKey, said: Timestamp) -> bool {
        let until = self.routes.borrow().asked_until(origin, room);
        let until = until.max(self.ledger.asked_until(origin));
        until.is_some_and(|until| begin_of(said) < until)
    }

    /// Whether people are asked before anything of theirs comes into a room, or ever were: whoever had not said yes then kept everything
    /// from it.
    pub(super) fn ever_asked(&self, room: &RoomKey, origin: &RoomKey) -> bool {
        origin != room
            && !stream::keeps(origin)
            && (self.unsaid(origin, room) == Unsaid::OptIn
                || self.ledger.asked_until(origin).is_some()
                || self.routes.borrow().asked_until(origin, room).is_some())
    }

    /// Whether words of one room come into another only because a third one, in which somebody shows them, is in channels with both:
    /// whoever said them is told of no such room. What has come into one from a room whose links are gone is no such.
    pub(super) fn is_of_another_channel(&self, whose: &RoomKey, shown_by: &RoomKey, room: &RoomKey) -> bool {
        whose != shown_by
            && whose != room
            && !self.has_left(whose, room)
            && self.routes.borrow().between(whose, room).is_none()
    }

    /// The same of a message: a room that has it already is told nothing new.
    pub(super) fn comes_by_another_channel(
        &self,
        message: EnvelopeId,
        whose: &RoomKey,
        shown_by: &RoomKey,
        room: &RoomKey,
    ) -> Result<bool, StoreError> {
        Ok(self.is_of_another_channel(whose, shown_by, room)
            && !self.lookup.delivered_to(message)?.contains(room))
    }

    /// Whether words that somebody shows in a room, of which it is not known whose they are, may be of such a third one.
    pub(super) fn may_be_of_another_channel(&self, shown_by: &RoomKey, room: &RoomKey) -> bool {
        let routes = self.routes.borrow().clone();
        let mut heard = routes.links_of(shown_by).flat_map(|(channel, _)| routes.channel(channel));
        heard.any(|link| {
            let comes = routes.between(&link.room, shown_by).is_some();
            comes && self.is_of_another_channel(&link.room, shown_by, room)
        })
    }

    /// Whether one of two rooms is in no channel any more.
    pub(super) fn has_left(&self, origin: &RoomKey, room: &RoomKey) -> bool {
        let routes = self.routes.borrow();
        [origin, room].into_iter().any(|of| routes.links_of(of).next().is_none())
    }
}

fn read(path: &Path) -> io::Result<Before> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(serde_json::from_slice(&bytes)?),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Before::default()),
        Err(error) => Err(error),
    }
}

fn write(path: &Path, known: &Before) -> Result<(), StoreError> {
    let json = serde_json::to_vec(known);
    let json = json.map_err(|e| StoreError::Corrupt { place: FILE, why: e.to_string() })?;
    folder::write_private(path, &json)
}

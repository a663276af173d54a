//! What held for each room before ([`Before`]), kept beside since when channels name people. It is written behind what comes into force: what
//! a crash lets it miss is found by the next start, and counts from then.

use super::consent::begin_of;
use super::core::Core;
use crate::routing::{Before, Routes};
use crate::store::{StoreError, folder, stream};
use relay_contract::{RoomKey, Timestamp};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

const FILE: &str = "before.json";

/// What is known now, and what of it is on disk.
#[derive(Debug)]
pub struct Kept {
    path: PathBuf,
    now: Mutex<Arc<Before>>,
    on_disk: Mutex<Arc<Before>>,
}

impl Kept {
    /// What earlier runs have kept. Blocks on the disk.
    pub fn open(data_dir: &Path, now: Timestamp) -> Arc<Self> {
        let path = data_dir.join(FILE);
        // What cannot be read may have said anything.
        let (known, on_disk) = match read(&path) {
            Ok(known) => (known.clone(), known),
            Err(error) => {
                tracing::error!(%error, "{FILE} cannot be read: what held for rooms before is not known");
                (Before::unknown(now), Before::default())
            }
        };
        Arc::new(Self { path, now: Mutex::new(Arc::new(known)), on_disk: Mutex::new(Arc::new(on_disk)) })
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
        match write(&self.path, &newest) {
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

    /// Whether people were ever asked before anything of theirs came into a room, where they are not now: whoever had not said yes then
    /// kept everything from it.
    pub(super) fn ever_asked(&self, room: &RoomKey, origin: &RoomKey) -> bool {
        origin != room && !stream::keeps(origin) && self.routes.borrow().asked_until(origin, room).is_some()
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

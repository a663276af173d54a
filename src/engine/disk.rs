//! Whether the disk has what it takes to accept: nothing is accepted, and so nothing acknowledged, while less is free than is to be
//! left. Deliveries go on meanwhile: what is left is for them.

use super::core::Core;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// How often it is looked. At five thousand messages a second, a second's are a few megabytes.
const LOOK: Duration = Duration::from_secs(1);

/// The disk that the state is on.
pub struct Disk {
    state_dir: PathBuf,
    state: watch::Sender<DiskState>,
}

/// How it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiskState {
    /// Bytes that are free.
    pub free: u64,
    /// Bytes that are to be left free.
    pub least_free: u64,
    /// Nothing is accepted.
    pub full: bool,
}

impl DiskState {
    /// After having looked. It takes a tenth more than the least to begin again, so that it does not begin and end all the time.
    fn after(self, free: u64) -> Self {
        let enough =
            if self.full { self.least_free.saturating_add(self.least_free / 10) } else { self.least_free };
        Self { free, full: free < enough, ..self }
    }
}

impl Disk {
    /// Looks at once.
    pub fn new(state_dir: &Path, least_free: u64) -> Self {
        let state = DiskState { free: u64::MAX, least_free, full: false };
        let disk = Self { state_dir: state_dir.to_owned(), state: watch::Sender::new(state) };
        disk.look();
        disk
    }

    /// How it was a second ago.
    pub fn state(&self) -> DiskState {
        *self.state.borrow()
    }

    /// Resolves when something may be accepted.
    pub async fn admits(&self) {
        if self.state().full {
            // The sender lives as long as `self`: waiting cannot fail.
            let _ = self.state.subscribe().wait_for(|state| !state.full).await;
        }
    }

    /// Another least from now on; what follows from it is known at the next look.
    pub fn set_least_free(&self, least_free: u64) {
        self.state.send_if_modified(|state| {
            let changed = state.least_free != least_free;
            state.least_free = least_free;
            // Nothing is looked at where nothing is to be left.
            state.full &= least_free > 0;
            changed
        });
    }

    fn look(&self) {
        let least_free = self.state().least_free;
        if least_free == 0 {
            return;
        }
        let free = match rustix::fs::statvfs(&self.state_dir) {
            Ok(disk) => disk.f_bavail.saturating_mul(disk.f_frsize),
            Err(error) => {
                tracing::debug!(%error, "how much is free on the disk cannot be told");
                return;
            }
        };
        let (was, now) = (self.state(), self.state().after(free));
        if now.full && !was.full {
            tracing::error!(
                free,
                least_free,
                "the disk is full: nothing is accepted until there is room again. The platforms keep what is said meanwhile as far as \
                 they do; deliveries go on"
            );
        } else if was.full && !now.full {
            tracing::info!(free, "there is room on the disk again: Relay accepts");
        }
        // What it is to be may have been changed meanwhile.
        self.state.send_modify(|state| (state.free, state.full) = (now.free, now.full));
    }
}

/// Looks until the task is ended.
pub async fn follow(core: Arc<Core>) {
    loop {
        tokio::time::sleep(LOOK).await;
        let of = core.clone();
        // A disk of another machine may let this wait.
        if let Err(error) = tokio::task::spawn_blocking(move || of.disk.look()).await {
            tracing::error!(%error, "looking at the disk panicked");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_takes_more_to_begin_again() {
        let mut state = DiskState { free: 0, least_free: 100, full: false };
        for (free, full) in
            [(1000, false), (100, false), (99, true), (100, true), (109, true), (110, false), (99, true)]
        {
            state = state.after(free);
            assert_eq!((state.full, state.free), (full, free));
        }
    }

    #[tokio::test]
    async fn nothing_is_accepted_before_there_is_room() {
        let dir = tempfile::tempdir().unwrap();
        let disk = Disk::new(dir.path(), u64::MAX / 2);
        assert!(disk.state().full && disk.state().free > 0);
        assert!(tokio::time::timeout(Duration::from_millis(50), disk.admits()).await.is_err());
        disk.state.send_modify(|state| state.full = false);
        disk.admits().await;
        assert!(!Disk::new(dir.path(), 1).state().full);
        assert!(!Disk::new(dir.path(), 0).state().full);
    }
}

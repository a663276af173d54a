//! What is kept on disk: the ledger (the truth, in fjall) and the mapping (an index over it, in sled).
//!
//! The only home of fjall and sled, and synchronous but for the queue into the ledger's writer thread.
//!
//! **The ledger** holds, each in a keyspace of its own: the *journal* (accepted envelopes), *work* (what is still to be
//! fanned out, delivered, or was given up, and what is held at the door), *seen* (event keys), *index* (which native messages an envelope became, as
//! a numbered log), *audit* (what has left, as lines that hang on each other) and *meta* (format, cursors, rooms by the id they were asked for). One writer thread executes all
//! changes in order; many of them share one batch, and many batches one sync.
//!
//! **Crash cases.** Every change is answered after it is written, in the order of the one journal: `kill -9` takes back nothing that
//! was answered, and a power cut only an end of it, never something in between. What somebody outside relies on is answered after
//! its sync, which no power cut takes back.
//!
//! - *Accept* writes event key, journal and origin mapping at once, and is answered after the sync: an event is there wholly or not
//!   at all, and its repetition is recognised. Nothing is fanned out before it is synced, or a platform that was not answered would
//!   say again what is delivered already. An account's cursor moves behind its events, never before one of them.
//! - *Fan-out* is not synced: if it is lost, its mark in *work* is still there and it is done again from the journal with the same keys.
//! - *Complete* and *bury* are answered when they are written, and synced with whatever is synced next, at the latest 25 ms later.
//!   Complete removes the outbox row and appends receipts at once: a delivery is either still to be done or proven. Killed between an
//!   attempt and its complete, a lane has one delivery of which nobody knows, or a few (`engine/lane/closing`) where the platform tells
//!   afterwards. After a power cut it has those of the last 25 ms, where it would have one if it stood still for each sync. Either way the lane asks the platform about them, one after the other, where it
//!   can tell (`settle`), and only where it cannot they are repeated. *Progress* is answered after its sync, so that what a lane has
//!   noted before an attempt is there after any crash.
//!
//! In a flood (eight accepts or more that one sync has answered) the next sync comes 4 ms later at the earliest, so that more share it.

mod alerts;
pub mod audit;
pub mod backup;
mod carried_out;
mod consent;
mod damage;
mod depth;
mod erase;
pub mod folder;
pub mod format;
mod held;
mod keys;
pub mod ledger;
mod lines;
mod linked;
pub mod mapping;
mod marks;
mod moves;
mod muted;
mod newest;
mod notes;
mod other_keys;
pub mod queue;
mod reads;
pub mod records;
mod retention;
mod said;
mod seals;
mod shared;
pub mod stream;
mod tail;
#[cfg(test)]
mod tests;
mod told;
mod writer;

pub use erase::{Erased, Erasure};
pub use held::{HeldEntry, Released, Sender};
pub use ledger::{Ledger, LedgerPosition};
pub use linked::{Linked, Linking, MOST_LINKED, Shown, Side};
pub use mapping::{Copies, Lookup, Mapped, MappingIndex};
pub use muted::Muted;
pub use notes::Note;
pub use other_keys::{accept_keys, make_keys};
pub use records::{DeadLetter, EnvelopeId, OutboxRow, Reactor, ShownReactions, StoredFate, ThreadThere, Way};
pub use retention::{Forgotten, Sweep};
pub use seals::{KEYS, KeysReport, Master, lacks_its_master, look as look_at_keys};
pub use told::{RoomTold, Told};
pub use writer::Verdict;

use std::path::PathBuf;

/// The engines below, for the log filter: they tell their housekeeping at `info`.
pub const TALKATIVE: &[&str] = &["fjall", "lsm_tree", "sled"];

/// Why the store could not do it.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// The operating system refused.
    #[error("{what} ({path}): {why}", path = path.display())]
    Io {
        /// What was tried.
        what: &'static str,
        /// On which path.
        path: PathBuf,
        /// The system's words.
        why: String,
    },
    /// Another process has the ledger open.
    #[error("{} is in use by another relay process", .0.display())]
    Locked(PathBuf),
    /// Written by a newer Relay.
    #[error("the state in {} has format {found}; this Relay knows formats up to {known}. Use the newer Relay that wrote it, or another data_dir", path.display())]
    Newer {
        /// Where.
        path: PathBuf,
        /// The stored number.
        found: u32,
        /// The newest that this binary reads.
        known: u32,
    },
    /// A record that cannot be read.
    #[error("a record in the {place} cannot be read: {why}")]
    Corrupt {
        /// Which keyspace.
        place: &'static str,
        /// Why.
        why: String,
    },
    /// The disk has no room.
    #[error("the disk is full: {0}")]
    Full(String),
    /// The mapping is being made anew.
    #[error("the mapping is being made anew ({reached} of {of}): ask again in a while")]
    Behind {
        /// The line of the ledger that it has reached.
        reached: u64,
        /// The last one.
        of: u64,
    },
    /// The engine below failed; nothing more is written.
    #[error("the ledger failed: {0}")]
    Engine(String),
    /// The file of keys is not there.
    #[error(
        "{} is not there, and without it nobody can read what is in the ledger beside it. Put it back from a backup (`relay restore --keys`, or the \
         file that `relay keys backup` has written, under this name); `relay keys new` goes on without what was said until now",
        .0.display()
    )]
    NoKeys(PathBuf),
    /// The master key does not open the file of keys.
    #[error(
        "{} was wrapped by another master key. Give Relay the one that it was started with last; `relay keys rotate --to` takes another in \
         its place",
        .0.display()
    )]
    OtherMaster(PathBuf),
    /// The master key is not there.
    #[error(
        "{} is not there, and it wraps the keys beside it. Put it back, or name as `master_key` in [relay] where it is now; `relay restore` and `relay \
         keys` take the file that has it with --master-key",
        .0.display()
    )]
    NoMaster(PathBuf),
    /// The file of keys lacks the key that the ledger has made last.
    #[error(
        "{} is older than the ledger beside it: keys that were made since are not in it. Put the newest one there, if there is another; `relay keys \
         accept` goes on with this one, and what only those keys open counts as forgotten",
        .0.display()
    )]
    OlderKeys(PathBuf),
    /// The file of keys is damaged.
    #[error(
        "{} is damaged at byte {at}. Put it back from a backup that `relay keys backup` has written; where there is none, move it away, and `relay \
         keys new` goes on without what was said until now",
        path.display()
    )]
    DamagedKeys {
        /// Where it is.
        path: PathBuf,
        /// From where on it is not whole.
        at: usize,
    },
    /// The file with the master key is damaged.
    #[error("{} is not the master key that Relay has made there: it was cut short. Put it back, for it wraps the keys beside it", .0.display())]
    DamagedMaster(PathBuf),
    /// The master key is too short.
    #[error(
        "the master key has to have at least {least} characters. `openssl rand -base64 32` makes a good one"
    )]
    WeakMaster {
        /// Characters.
        least: usize,
    },
    /// Relay cannot write the master key.
    #[error(
        "the master key is given by the config, and Relay cannot change it: `relay keys rotate --to FILE` makes another in a file, which then \
         takes its place"
    )]
    GivenMaster,
    /// The writer has stopped.
    #[error("the ledger is closed")]
    Closed,
}

impl From<fjall::Error> for StoreError {
    fn from(error: fjall::Error) -> Self {
        if is_full(&error) { Self::Full(error.to_string()) } else { Self::Engine(error.to_string()) }
    }
}

/// Whether the system has said, however far below, that there is no room.
fn is_full(error: &(dyn std::error::Error + 'static)) -> bool {
    use std::io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    has_said(error, &[FileTooLarge, QuotaExceeded, StorageFull])
}

/// Whether the system has said one of these, however far below.
fn has_said(error: &(dyn std::error::Error + 'static), kinds: &[std::io::ErrorKind]) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(error) = error.downcast_ref::<std::io::Error>()
            && kinds.contains(&error.kind())
        {
            return true;
        }
        next = error.source();
    }
    false
}

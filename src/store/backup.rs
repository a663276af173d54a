//! Backups: everything that the ledger holds at one instant, what was changed from the chat, and the files if they are wanted, in one
//! stream that can be checked from its first byte to its last.
//!
//! The form: [`MAGIC`], then chunks. A chunk is its tag, how it is packed (a byte each), the length that is stored and the length
//! unpacked (u32 each), the XXH3 of all that and of what is stored (u64), and what is stored; numbers are in big endian. First comes
//! the header (MessagePack), then the records of each keyspace, then files, last the end: how many records, how many files, and the
//! XXH3 of every byte before. Nothing may follow. The sums find what is torn, cut short or rotten; they are no seal against somebody
//! who alters a backup on purpose.

mod form;
mod kind;
mod read;
mod restore;
mod write;

pub use kind::Kind;
pub use read::{Checked, Reader};
pub use restore::{KeysOf, Restored, WithKeys, restore};
pub use write::{Whole, back_up, back_up_unused};

use super::StoreError;
use serde::{Deserialize, Serialize};
use std::io;
use std::path::PathBuf;

/// What a backup begins with: its name, and the number of its form.
pub const MAGIC: &[u8; 12] = b"RELAYBAK\0\0\0\x01";

/// What a backup is of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// The ledger's number, by which it is told from others.
    pub identity: String,
    /// The format of its records.
    pub ledger_format: u32,
    /// The Relay that made it.
    pub relay: String,
    /// The instant that it shows, in milliseconds since the epoch.
    pub at: i64,
    /// Whether the files are in it.
    pub media: bool,
    /// About how many records are in it: for progress only.
    pub roughly: u64,
}

/// How much is in a backup.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contents {
    /// Records of the ledger.
    pub records: u64,
    /// Among them: deliveries that were still to be done.
    pub waiting: u64,
    /// Files.
    pub files: u64,
    /// Bytes of the backup itself.
    pub bytes: u64,
}

/// Why a backup was not made or not restored.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The system refused.
    #[error("{what} {}: {why}", path.display())]
    Io {
        /// What was tried.
        what: &'static str,
        /// On which path.
        path: PathBuf,
        /// The system's words.
        why: io::Error,
    },
    /// Reading or writing the stream.
    #[error("the backup cannot be read or written: {0}")]
    Stream(#[from] io::Error),
    /// The ledger.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It is something else.
    #[error("it is not a backup that `relay backup` has made")]
    Foreign,
    /// A newer Relay made it.
    #[error("it was made by Relay {0}, which is newer than this one. Restore it with that Relay")]
    Newer(String),
    /// It ends too early.
    #[error("it is cut short: it ends after {0} bytes, in the middle. Take another copy of it")]
    Short(u64),
    /// Its sums are wrong.
    #[error("it is damaged: what stands at byte {0} is not what was written. Take another copy of it")]
    Damaged(u64),
    /// Whoever made it could not go on.
    #[error("the running relay could not finish it: {0}")]
    Unfinished(String),
    /// There is a ledger already.
    #[error(
        "{} has a ledger already, and a backup is restored only where there is none. Stop Relay and move the folder away first, or name \
         another one with --data-dir",
        .0.display()
    )]
    Occupied(PathBuf),
    /// Something else bears that name, and only an older one of what is written is replaced.
    #[error("{} is there already, and nothing but {} is replaced: name another file", .0.display(), .1)]
    Taken(PathBuf, &'static str),
    /// It is among what a Relay keeps.
    #[error("{} is in a state directory, where Relay keeps what it needs: name a file elsewhere", .0.display())]
    Kept(PathBuf),
    /// It is a pipe or a device.
    #[error("{} is not a file (such as a pipe or a device): name a file, or `-` for standard output where the command knows it", .0.display())]
    Special(PathBuf),
    /// A file is wanted.
    #[error("{} is a folder: name a file in it", .0.display())]
    Folder(PathBuf),
    /// The copy of the keys is of another ledger.
    #[error(
        "{} has not the keys that it was written with: it is another Relay's, or of keys that were made anew since. Nothing was changed. Without \
         --keys it is restored all the same; if that copy is then put into the folder as `keys`, `relay keys accept` goes on with it, and what only \
         the other keys open counts as forgotten",
        .0.display()
    )]
    OtherKeys(PathBuf),
    /// The keys are older than it.
    #[error(
        "{} is older than it, and has no keys for {missing} of its messages. Nothing was changed. Take a newer copy of the keys, or the `keys` file of \
         the lost machine itself. Where there is none, --accept-older-keys goes on without them: these messages cannot be read any more, and count as \
         forgotten; copies of them elsewhere are not taken back, whoever asks for it",
        path.display()
    )]
    OlderKeys {
        /// The file of keys.
        path: PathBuf,
        /// How many messages could not be read.
        missing: u64,
    },
    /// There is no ledger.
    #[error("{} has no ledger: there is nothing to back up", .0.display())]
    Nothing(PathBuf),
}

fn failed(what: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> BackupError {
    let path = path.into();
    move |why| BackupError::Io { what, path, why }
}

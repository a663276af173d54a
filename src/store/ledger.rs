//! The ledger: opening, and the asynchronous way to its writer. `reads` is what is read of it.

pub use super::depth::Depth;
use super::notes::Note;
use super::records::{
    DeadLetter, EnvelopeId, KnownRoom, OutboxRow, SetAside, ShownReactions, ThreadThere, Way,
};
use super::retention::Forgotten;
use super::seals::sealing::open_sealed;
use super::seals::{KeysReport, Master};
use super::shared::{Shared, make_whole};
use super::writer::{self, Command, Verdict};
use super::{StoreError, folder};
use crate::audit::Left;
use relay_contract::{Account, Envelope, Mark, MessageRef, NativeId, RoomKey, Timestamp};
use std::path::Path;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};

/// Commands that wait for the writer; more than this makes the callers wait.
const QUEUE: usize = 1024;

/// How far the index log goes: the number of its last line.
pub type LedgerPosition = u64;

/// The ledger. Cheap to clone; the database closes when the last clone and the writer are gone.
#[derive(Clone)]
pub struct Ledger {
    pub(super) shared: Arc<Shared>,
    queue: mpsc::Sender<Command>,
}

/// An envelope with the deliveries that it leads to.
#[derive(Debug, Clone, PartialEq)]
pub struct FannedOut {
    /// The envelope.
    pub id: EnvelopeId,
    /// The envelope whose message it edits or deletes.
    pub changes: Option<EnvelopeId>,
    /// It deletes it.
    pub takes_back: bool,
    /// One row a room; none when it goes nowhere.
    pub rows: Vec<(RoomKey, OutboxRow)>,
    /// What is to be remembered with it.
    pub notes: Vec<Note>,
}

impl FannedOut {
    /// It goes nowhere.
    pub fn nowhere(id: EnvelopeId) -> Self {
        Self { id, changes: None, takes_back: false, rows: Vec::new(), notes: Vec::new() }
    }
}

/// A room that was found at some time.
#[derive(Debug, Clone, PartialEq)]
pub struct KnownRoomEntry {
    /// Through which account.
    pub account: Account,
    /// The id it was asked for by.
    pub asked: NativeId,
    /// What it is.
    pub room: KnownRoom,
}

/// The writer's thread.
pub struct WriterGuard(Option<std::thread::JoinHandle<()>>);

impl WriterGuard {
    /// Waits until the writer has ended; see [`Ledger::close`].
    pub fn join(mut self) {
        if let Some(thread) = self.0.take()
            && thread.join().is_err()
        {
            tracing::error!("the ledger's writer panicked");
        }
    }
}

impl Ledger {
    /// Opens or makes the ledger in a state directory, which gets the mode 0700.
    pub fn open(data_dir: &Path) -> Result<(Self, WriterGuard), StoreError> {
        Self::open_with(data_dir, Master::own(data_dir)?)
    }

    /// The same with a master key that is kept elsewhere. What wraps the keys stays as it is, be it Relay's own one that opens them.
    pub fn open_with(data_dir: &Path, master: Master) -> Result<(Self, WriterGuard), StoreError> {
        folder::make_private_dir(data_dir)?;
        let path = data_dir.join("ledger");
        if !path.exists() {
            make_whole(data_dir, &path)?;
        }
        let shared = Arc::new(open_sealed(data_dir, &path, master)?);
        // A keyspace that a newer Relay adds: fjall syncs what is in its folder, and not the folder's own name.
        folder::sync_all(&path)?;
        let (queue, commands) = mpsc::channel(QUEUE);
        let of_writer = shared.clone();
        let thread = std::thread::Builder::new()
            .name("ledger".into())
            .spawn(move || writer::run(&of_writer, commands))
            .map_err(|e| StoreError::Io { what: "starting the writer thread", path, why: e.to_string() })?;
        Ok((Self { shared, queue }, WriterGuard(Some(thread))))
    }

    /// How it stands with the keys.
    pub fn keys(&self) -> Result<KeysReport, StoreError> {
        self.shared.seals.report()
    }

    /// Takes another master key: a new one where Relay keeps it itself, else `to` beside the old one until a start with it. Blocks.
    pub fn rotate_keys(&self, to: Option<Master>) -> Result<KeysReport, StoreError> {
        self.shared.seals.rotate(to)?;
        self.keys()
    }

    /// Has this master key alone open the keys from now on, where another one did: for whoever runs Relay with it. Blocks.
    pub fn take_master(&self, master: Master) -> Result<(), StoreError> {
        self.shared.seals.take_master(master)
    }

    /// A copy of the file of keys. Blocks.
    pub fn copy_keys(&self) -> Result<Vec<u8>, StoreError> {
        self.shared.seals.copy()
    }

    /// Queues envelopes of one event for acceptance. Returns as soon as their place in the order is certain; the
    /// receiver resolves when they are on disk.
    pub async fn accept(
        &self,
        account: Account,
        envelopes: Vec<Envelope>,
    ) -> Result<oneshot::Receiver<Result<Vec<Verdict>, StoreError>>, StoreError> {
        let (done, receiver) = oneshot::channel();
        self.send(Command::Accept { account, envelopes, done }).await?;
        Ok(receiver)
    }

    /// Sets an event aside that could not be read. Resolves when it is on disk.
    pub async fn set_aside(&self, event: SetAside) -> Result<(), StoreError> {
        self.ask(|done| Command::SetAside { event, done }).await
    }

    /// Queues an account's new cursor, behind whatever was queued before. Not synced.
    pub async fn move_cursor(&self, account: Account, cursor: String) -> Result<(), StoreError> {
        self.send(Command::MoveCursor { account, cursor }).await
    }

    /// The same, unless the writer is busy: an older cursor only costs a repetition.
    pub fn move_cursor_soon(&self, account: Account, cursor: String) {
        if self.queue.try_send(Command::MoveCursor { account, cursor }).is_err() {
            tracing::debug!("a cursor was not stored: the ledger is busy");
        }
    }

    /// A room is known up to a message that is no envelope (one of Relay's own), unless the writer is busy.
    pub fn heard_up_to(&self, room: RoomKey, mark: Mark) {
        if self.queue.try_send(Command::HeardUpTo { room, mark }).is_err() {
            tracing::debug!("a mark was not moved: the ledger is busy");
        }
    }

    /// A room is listened to from this time on, if it was not yet. Resolves when it is on disk.
    pub async fn begin_mark(&self, room: RoomKey, at: Timestamp) -> Result<(), StoreError> {
        self.ask(|done| Command::BeginMark { room, at, done }).await
    }

    /// A room is not listened to any more: what is said there from now on is nobody's to fetch.
    pub async fn forget_mark(&self, room: RoomKey) -> Result<(), StoreError> {
        self.ask(|done| Command::ForgetMark { room, done }).await
    }

    /// Marks envelopes as fanned out into these rows. Not synced: it would be done again.
    pub async fn fan_out(&self, fanned: Vec<FannedOut>) -> Result<(), StoreError> {
        self.ask(|done| Command::FanOut { fanned, done }).await
    }

    /// Changes nothing; resolves when the writer has done what was queued before. It shows that the writer lives.
    pub async fn probe(&self) -> Result<(), StoreError> {
        self.ask(|done| Command::Probe { done }).await
    }

    /// Executes what is queued, syncs, and ends the writer. Whatever comes later is refused.
    pub async fn close(&self) -> Result<(), StoreError> {
        self.ask(|done| Command::Close { done }).await
    }

    /// Stores what has been done of a row so far. Resolves when it is on disk.
    pub async fn progress(&self, room: RoomKey, id: EnvelopeId, row: OutboxRow) -> Result<(), StoreError> {
        self.ask(|done| Command::Progress { room, id, row, done }).await
    }

    /// Remembers where a conversation is in a room. Resolves when it is on disk.
    pub async fn remember_thread(
        &self,
        room: RoomKey,
        of: EnvelopeId,
        there: ThreadThere,
    ) -> Result<(), StoreError> {
        self.ask(|done| Command::Thread { room, of, there, done }).await
    }

    /// Remembers what Relay itself has put on a message. Not synced: doing it again changes nothing.
    pub async fn remember_shown(
        &self,
        subject: EnvelopeId,
        room: RoomKey,
        shown: ShownReactions,
    ) -> Result<(), StoreError> {
        self.ask(|done| Command::Shown { subject, room, shown, done }).await
    }

    /// Marks files as late, or not any more. Resolves when it is on disk.
    pub async fn mark_late(
        &self,
        subject: EnvelopeId,
        files: Vec<u16>,
        late: bool,
    ) -> Result<(), StoreError> {
        self.ask(|done| Command::Late { subject, files, late, done }).await
    }

    /// Forgets news that a digest has told.
    pub async fn digested(&self, room: RoomKey, ids: Vec<EnvelopeId>) -> Result<(), StoreError> {
        self.ask(|done| Command::Digested { room, ids, done }).await
    }

    /// Closes a row. Resolves when that is written; it is synced soon after. `messages` is what the envelope's (or its target's)
    /// message is called in that room now, `lost` what of it the room does not show as the origin did, `way` how it came there.
    pub async fn complete(
        &self,
        room: RoomKey,
        id: EnvelopeId,
        subject: EnvelopeId,
        messages: Option<Vec<MessageRef>>,
        lost: Vec<String>,
        way: Option<Way>,
    ) -> Result<(), StoreError> {
        let written = self.complete_soon(room, id, subject, messages, lost, way, None, None).await?;
        written.await.map_err(|_| StoreError::Closed)?
    }

    /// The same, but returns as soon as its place in the order is certain; the receiver resolves when it is written. The row of
    /// the edit that its message came with is closed in the same batch, and the audit gets its line of what has left.
    #[allow(clippy::too_many_arguments, reason = "what one batch writes")]
    pub async fn complete_soon(
        &self,
        room: RoomKey,
        id: EnvelopeId,
        subject: EnvelopeId,
        messages: Option<Vec<MessageRef>>,
        lost: Vec<String>,
        way: Option<Way>,
        edit: Option<EnvelopeId>,
        left: Option<Left>,
    ) -> Result<oneshot::Receiver<Result<(), StoreError>>, StoreError> {
        let (done, receiver) = oneshot::channel();
        let left = left.map(Box::new);
        self.send(Command::Complete { room, id, subject, messages, lost, way, edit, left, done }).await?;
        Ok(receiver)
    }

    /// Closes a row as a dead letter, keeping what parts of it were delivered. Resolves as [`Self::complete`] does.
    pub async fn bury(&self, room: RoomKey, id: EnvelopeId, letter: DeadLetter) -> Result<(), StoreError> {
        self.bury_audited(room, id, letter, None).await
    }

    /// The same of a row of which something has left, or may have.
    pub async fn bury_audited(
        &self,
        room: RoomKey,
        id: EnvelopeId,
        letter: DeadLetter,
        left: Option<Left>,
    ) -> Result<(), StoreError> {
        let left = left.map(Box::new);
        self.ask(|done| Command::Bury { room, id, letter, left, done }).await
    }

    /// Forgets a piece of a sweep. Not synced: what comes back is found by the next one.
    pub async fn forget(&self, piece: Forgotten) -> Result<(), StoreError> {
        self.ask(|done| Command::Forget { piece: Box::new(piece), done }).await
    }

    /// Remembers what a room turned out to be.
    pub async fn remember_room(
        &self,
        account: Account,
        asked: NativeId,
        room: KnownRoom,
    ) -> Result<(), StoreError> {
        self.ask(|done| Command::RememberRoom { account, asked, room, done }).await
    }

    /// Remembers a room that an account has seen. Not synced: it is seen again.
    pub async fn remember_seen(&self, account: Account, room: KnownRoom) -> Result<(), StoreError> {
        self.send(Command::RememberSeen { account, room }).await
    }

    /// A room goes on as another: noted, and whoever asked for it gets the new one. Resolves when it is on disk.
    pub async fn move_room(&self, from: RoomKey, to: RoomKey) -> Result<(), StoreError> {
        self.ask(|done| Command::MoveRoom { from, to, done }).await
    }

    /// What waits for a room that has moved waits for the new one. Nobody may deliver to the old one meanwhile.
    pub async fn move_rows(&self, from: RoomKey, to: RoomKey) -> Result<(), StoreError> {
        self.ask(|done| Command::MoveRows { from, to, done }).await
    }

    pub(super) async fn ask(
        &self,
        command: impl FnOnce(oneshot::Sender<Result<(), StoreError>>) -> Command,
    ) -> Result<(), StoreError> {
        self.ask_for(command).await
    }

    pub(super) async fn ask_for<T>(
        &self,
        command: impl FnOnce(oneshot::Sender<Result<T, StoreError>>) -> Command,
    ) -> Result<T, StoreError> {
        let (done, receiver) = oneshot::channel();
        self.send(command(done)).await?;
        receiver.await.map_err(|_| StoreError::Closed)?
    }

    pub(super) async fn send(&self, command: Command) -> Result<(), StoreError> {
        self.queue.send(command).await.map_err(|_| StoreError::Closed)
    }

    /// Resolves after something was accepted. One waiter.
    pub async fn something_accepted(&self) {
        self.shared.accepted.notified().await;
    }

    /// Resolves after the index log became longer. One waiter.
    pub async fn something_indexed(&self) {
        self.shared.indexed.notified().await;
    }

    /// Resolves after the index log became so much longer that the index should not wait. One waiter.
    pub async fn much_indexed(&self) {
        self.shared.much_indexed.notified().await;
    }

    /// Resolves when the database below has failed: nothing more can be promised.
    pub async fn failure(&self) {
        self.shared.failed.notified().await;
    }
}

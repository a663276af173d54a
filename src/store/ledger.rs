//! The ledger: opening, reading, and the asynchronous way to its writer.

pub use super::depth::Depth;
use super::notes::Note;
use super::records::{
    DeadLetter, EnvelopeId, IndexLine, KnownRoom, OutboxRow, Record, SetAside, ShownReactions,
    StoredEnvelope, ThreadThere, Way,
};
use super::retention::Forgotten;
use super::shared::{IDENTITY, Shared, bad_key, id_of, make_whole};
use super::writer::{self, Command, Verdict};
use super::{StoreError, folder, keys, moves};
use relay_contract::{Account, Envelope, Event, Mark, MessageRef, NativeId, RoomKey, Timestamp};
use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
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
    /// One row a room; none when it goes nowhere.
    pub rows: Vec<(RoomKey, OutboxRow)>,
    /// What is to be remembered with it.
    pub notes: Vec<Note>,
}

impl FannedOut {
    /// It goes nowhere.
    pub fn nowhere(id: EnvelopeId) -> Self {
        Self { id, changes: None, rows: Vec::new(), notes: Vec::new() }
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
        folder::make_private_dir(data_dir)?;
        let path = data_dir.join("ledger");
        if !path.exists() {
            make_whole(data_dir, &path)?;
        }
        let shared = Arc::new(Shared::open(&path)?);
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
        let written = self.complete_soon(room, id, subject, messages, lost, way, None).await?;
        written.await.map_err(|_| StoreError::Closed)?
    }

    /// The same, but returns as soon as its place in the order is certain; the receiver resolves when it is written. The row of
    /// the edit that its message came with is closed in the same batch.
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
    ) -> Result<oneshot::Receiver<Result<(), StoreError>>, StoreError> {
        let (done, receiver) = oneshot::channel();
        self.send(Command::Complete { room, id, subject, messages, lost, way, edit, done }).await?;
        Ok(receiver)
    }

    /// Closes a row as a dead letter, keeping what parts of it were delivered. Resolves as [`Self::complete`] does.
    pub async fn bury(&self, room: RoomKey, id: EnvelopeId, letter: DeadLetter) -> Result<(), StoreError> {
        self.ask(|done| Command::Bury { room, id, letter, done }).await
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

    /// Resolves when the database below has failed: nothing more can be promised.
    pub async fn failure(&self) {
        self.shared.failed.notified().await;
    }

    /// The number of the index log's last line.
    pub fn position(&self) -> LedgerPosition {
        self.shared.position.load(Ordering::Acquire)
    }

    /// Envelopes that are accepted and on disk and not fanned out, oldest first, at most `most`, from `from` on.
    pub fn to_fan_out(&self, from: EnvelopeId, most: usize) -> Result<Vec<EnvelopeId>, StoreError> {
        let from = from.max(self.shared.first.to_fan_out);
        let newest = *self.shared.synced.lock().unwrap_or_else(PoisonError::into_inner);
        if newest < from {
            return Ok(Vec::new());
        }
        let range = self.shared.work.range(keys::to_fan_out(from)..=keys::to_fan_out(newest));
        range.take(most).map(|entry| id_of(&entry.key()?)).collect()
    }

    /// The newest envelope of earlier runs.
    pub fn newest_at_start(&self) -> EnvelopeId {
        self.shared.newest_at_start
    }

    /// When an earlier run wrote last.
    pub fn last_alive(&self) -> Timestamp {
        self.shared.last_alive
    }

    /// How many envelopes are accepted and not fanned out.
    pub fn waiting_for_fan_out(&self) -> u64 {
        self.shared.waiting.load(Ordering::Acquire)
    }

    /// How often changes were synced since the ledger was opened; those of fjall's own tables are not counted.
    pub fn syncs(&self) -> u64 {
        self.shared.syncs.load(Ordering::Relaxed)
    }

    /// An accepted envelope.
    pub fn envelope(&self, id: EnvelopeId) -> Result<Option<Arc<Envelope>>, StoreError> {
        if let Some(envelope) = self.shared.newest.get(id) {
            return Ok(Some(envelope));
        }
        let Some(bytes) = self.shared.journal.get(id.0)? else {
            return Ok(None);
        };
        Ok(Some(Arc::new(StoredEnvelope::decode(&bytes)?.into_envelope())))
    }

    /// The newest edit or delete of a message.
    pub fn newest_change(&self, target: EnvelopeId) -> Result<Option<Arc<Envelope>>, StoreError> {
        match self.newest_change_id(target)? {
            Some(id) => self.envelope(id),
            None => Ok(None),
        }
    }

    /// Whether a message was deleted, or removed everywhere.
    pub fn is_taken_back(&self, target: EnvelopeId) -> Result<bool, StoreError> {
        let change = self.newest_change(target)?;
        Ok(change.is_some_and(|change| matches!(change.event, Event::Deleted { .. } | Event::Removed { .. })))
    }

    /// The id of the newest edit or delete of a message.
    pub fn newest_change_id(&self, target: EnvelopeId) -> Result<Option<EnvelopeId>, StoreError> {
        self.shared.work.get(keys::changed(target))?.map(|id| id_of(&id)).transpose()
    }

    /// The oldest row of a room that is not older than `from`.
    pub fn head(
        &self,
        room: &RoomKey,
        from: EnvelopeId,
    ) -> Result<Option<(EnvelopeId, OutboxRow)>, StoreError> {
        Ok(self.rows(room, from, 1)?.pop())
    }

    /// Rooms in which a delivery of this envelope is still to be done.
    pub fn pending(&self, id: EnvelopeId) -> Result<Vec<RoomKey>, StoreError> {
        let prefix = keys::pending_of(id);
        let rooms = self.shared.work.prefix(&prefix);
        rooms.map(|entry| keys::parse_room(&entry.key()?[prefix.len()..]).ok_or_else(bad_key)).collect()
    }

    /// Whether the delivery of an envelope to a room was given up.
    pub fn is_dead(&self, room: &RoomKey, id: EnvelopeId) -> Result<bool, StoreError> {
        Ok(self.shared.work.contains_key(keys::dead(room, id))?)
    }

    /// The delivery of an envelope to a room that was given up.
    pub fn dead_letter(&self, room: &RoomKey, id: EnvelopeId) -> Result<Option<DeadLetter>, StoreError> {
        let bytes = self.shared.work.get(keys::dead(room, id))?;
        bytes.map(|bytes| DeadLetter::decode(&bytes)).transpose()
    }

    /// The delivery of an envelope to a room that is still to be done.
    pub fn row(&self, room: &RoomKey, id: EnvelopeId) -> Result<Option<OutboxRow>, StoreError> {
        let bytes = self.shared.work.get(keys::outbox(room, id))?;
        bytes.map(|bytes| OutboxRow::decode(&bytes)).transpose()
    }

    /// Dead letters but those that a purge has taken back, oldest first a room, at most `most`.
    pub fn dead_letters(&self, most: usize) -> Result<Vec<(RoomKey, EnvelopeId, DeadLetter)>, StoreError> {
        let entries = self.shared.work.prefix([keys::work::DEAD]);
        let letters = entries.map(|entry| {
            let (key, value) = entry.into_inner()?;
            let room = keys::parse_room(&key[1..]).ok_or_else(bad_key)?;
            Ok((room, id_of(&key)?, DeadLetter::decode(&value)?))
        });
        let troubles = letters.filter(|found| found.as_ref().map_or(true, |(.., letter)| !letter.is_purged()));
        troubles.take(most).collect()
    }

    /// Events that were set aside, oldest first, at most `most`.
    pub fn aside(&self, most: usize) -> Result<Vec<SetAside>, StoreError> {
        let entries = self.shared.work.prefix([keys::work::ASIDE]);
        entries.take(most).map(|entry| SetAside::decode(&entry.value()?)).collect()
    }

    /// Lines of the index log after a position, in order, at most `most`.
    pub fn index_after(
        &self,
        position: LedgerPosition,
        most: usize,
    ) -> Result<Vec<(LedgerPosition, IndexLine)>, StoreError> {
        // Whatever is seen here is written, and need not be synced: after a power cut the mapping is made anew. And it is seen no
        // later than what else its batch did, for it was put into the batch first: who sees a row gone, sees its receipts.
        let lines = self.shared.index.range(position.saturating_add(1).to_be_bytes()..);
        lines
            .take(most)
            .map(|entry| {
                let (key, value) = entry.into_inner()?;
                let number = <[u8; 8]>::try_from(&*key).map_err(|_| bad_key())?;
                Ok((u64::from_be_bytes(number), IndexLine::decode(&value)?))
            })
            .collect()
    }

    /// The newest lines after a position, where they are kept in memory. Lines beyond [`Self::position`] are not written yet.
    pub(super) fn newest_lines(
        &self,
        position: LedgerPosition,
    ) -> Option<Vec<(LedgerPosition, Arc<IndexLine>)>> {
        self.shared.lines.behind(position)
    }

    /// The newest cursor of an account.
    pub fn cursor(&self, account: &Account) -> Result<Option<String>, StoreError> {
        let bytes = self.shared.meta.get(keys::cursor(account))?;
        Ok(bytes.and_then(|bytes| String::from_utf8(bytes.to_vec()).ok()))
    }

    /// What a room turned out to be when it was last asked about.
    pub fn known_room(&self, account: &Account, asked: &NativeId) -> Result<Option<KnownRoom>, StoreError> {
        let bytes = self.shared.meta.get(keys::known_room(account, asked))?;
        bytes.map(|bytes| KnownRoom::decode(&bytes)).transpose()
    }

    /// All rooms that were ever found.
    pub fn known_rooms(&self) -> Result<Vec<KnownRoomEntry>, StoreError> {
        let entries = self.shared.meta.prefix(keys::ROOM_PREFIX);
        entries
            .map(|entry| {
                let (key, value) = entry.into_inner()?;
                let (account, asked) = keys::parse_known_room(&key).ok_or_else(bad_key)?;
                Ok(KnownRoomEntry { account, asked, room: KnownRoom::decode(&value)? })
            })
            .collect()
    }

    /// All rooms that an account has seen.
    pub fn seen_rooms(&self, account: &Account) -> Result<Vec<KnownRoom>, StoreError> {
        let entries = self.shared.meta.prefix(keys::seen_by(account));
        entries.map(|entry| KnownRoom::decode(&entry.value()?)).collect()
    }

    /// Where a room has gone, if it has moved.
    pub fn moved(&self, from: &RoomKey) -> Result<Option<RoomKey>, StoreError> {
        moves::destination(&self.shared, from)
    }

    /// A number that tells this ledger from any other, made with it.
    pub fn identity(&self) -> Result<Vec<u8>, StoreError> {
        Ok(self.shared.meta.get(IDENTITY)?.map(|bytes| bytes.to_vec()).unwrap_or_default())
    }

    /// How much waits for each room.
    pub fn depths(&self) -> HashMap<RoomKey, Depth> {
        self.shared.depth.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

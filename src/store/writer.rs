//! The ledger's writer: one thread, one order, many commands to a batch, many batches to a sync.

mod apply;
mod commands;
mod entering;
mod ids;
mod syncs;

use commands::Answers;
pub(super) use commands::Command;
use ids::IdSource;
use syncs::{Unsynced, receive};

use super::depth::DepthChange;
use super::held;
use super::lines::MANY;
use super::newest::Entered;
use super::records::{EnvelopeId, IndexLine};
use super::shared::Shared;
use super::{StoreError, marks};
use fjall::{OwnedWriteBatch as WriteBatch, PersistMode};
use relay_contract::RoomKey;
use std::collections::{HashMap, HashSet};
use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// Most commands in one batch: bounds memory and the longest wait for a sync.
const GROUP: usize = 512;

/// So many answers to one sync are a flood; then the next sync waits this long for more of them.
const FLOOD: usize = 8;
const BETWEEN_SYNCS: Duration = Duration::from_millis(4);
/// What nobody waits for is synced this much later, unless something that somebody waits for comes first.
const SOON: Duration = Duration::from_millis(25);

/// What became of an envelope that was handed to the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is in the journal under this id.
    Accepted(EnvelopeId),
    /// Its event key was seen before: a repetition.
    Repeated,
    /// It is held at the door, and will be in the journal later.
    Held,
    /// It has become part of a message that is held, or its end.
    Folded,
    /// It is from a time that was forgotten: it may be a repetition, and nobody can tell.
    TooOld,
}

/// Executes commands until it is told to close, or every sender is gone.
pub(super) fn run(shared: &Shared, mut commands: mpsc::Receiver<Command>) {
    let mut writer = Writer {
        shared,
        ids: IdSource::after_newest_of(shared),
        unsynced: Unsynced::default(),
        flooded: None,
        closing: false,
    };
    let mut group = Vec::with_capacity(GROUP);
    while !writer.closing {
        match receive(&mut commands, &mut group, writer.unsynced.due) {
            Some(0) => break,
            Some(_) => writer.commit(group.drain(..)),
            None => {}
        }
        if writer.unsynced.due.is_some_and(|due| due <= Instant::now()) {
            writer.sync();
        }
    }
    writer.sync();
}

struct Writer<'a> {
    shared: &'a Shared,
    ids: IdSource,
    unsynced: Unsynced,
    /// The last sync, if it answered a flood.
    flooded: Option<Instant>,
    closing: bool,
}

/// One batch in the making.
struct Group {
    batch: WriteBatch,
    /// Event keys accepted in this batch, which the database does not know yet.
    seen: HashSet<Vec<u8>>,
    /// Changes of depth, a room.
    depth: HashMap<RoomKey, DepthChange>,
    /// Changes of the rooms' marks.
    marks: marks::Changes,
    /// Change of how many wait for their fan-out.
    waiting: i64,
    /// Changes of what is held at the door.
    held: held::Changes,
    position: u64,
    /// It lengthens a stream.
    streamed: bool,
    /// The lines up to there.
    lines: Vec<IndexLine>,
    /// Somebody waits for the sync.
    must_sync: bool,
    /// Nobody waits for it, but it is worth one.
    sync_soon: bool,
    /// The envelopes that it accepts.
    entered: Vec<Entered>,
}

impl Writer<'_> {
    fn commit(&mut self, commands: impl Iterator<Item = Command>) {
        let before = self.shared.position.load(Ordering::Acquire);
        let names_before = self.shared.names_written.load(Ordering::Acquire);
        let mut group = Group {
            batch: self.shared.db.batch(),
            seen: HashSet::new(),
            depth: HashMap::new(),
            marks: marks::Changes::new(),
            waiting: 0,
            held: held::Changes::default(),
            position: before,
            streamed: false,
            lines: Vec::new(),
            must_sync: false,
            sync_soon: false,
            entered: Vec::new(),
        };
        let mut answers = Answers::default();
        for command in commands {
            self.apply(command, &mut group, &mut answers);
        }
        if let Err(error) = marks::write(self.shared, &group.marks, &mut group.batch) {
            tracing::error!(%error, "up to where rooms were heard is not stored");
        }
        // A key that was lost would take with it what is sealed with it.
        let keys = self.shared.seals.sync_into(&self.shared.meta, &mut group.batch);
        self.shared.lines.add(group.lines);
        // Without a word on durability, fjall would keep a batch in its own memory, where `kill -9` finds it.
        let batch = group.batch.durability(Some(PersistMode::Buffer));
        let outcome = keys.and_then(|()| batch.commit().map_err(StoreError::from));
        // Once more when it is there: who has looked between the two did not see it.
        if self.shared.names_written.load(Ordering::Acquire) != names_before {
            self.shared.names_written.fetch_add(1, Ordering::AcqRel);
        }
        if let Err(error) = &outcome {
            self.failed(error);
        } else {
            self.unsynced.accepted = group.entered.last().map(|one| one.id).or(self.unsynced.accepted);
            self.shared.newest.keep(group.entered);
            self.shared.position.store(group.position, Ordering::Release);
            let waiting = self.shared.waiting.load(Ordering::Acquire).saturating_add_signed(group.waiting);
            self.shared.waiting.store(waiting, Ordering::Release);
            self.change_depths(group.depth);
            marks::written(self.shared, group.marks);
            self.shared.held.change(group.held.counts);
            if group.streamed {
                self.shared.streamed.send_replace(());
            }
        }
        answers.written.into_iter().for_each(|answer| answer.give(&outcome));
        if group.position > before {
            self.shared.indexed.notify_one();
        }
        if group.position / MANY > before / MANY {
            self.shared.much_indexed.notify_one();
        }
        let unsynced = &mut self.unsynced;
        // A repetition counts only when what it repeats is on disk.
        if outcome.is_err() || (!group.must_sync && unsynced.answers.is_empty()) {
            answers.synced.into_iter().for_each(|answer| answer.give(&outcome));
        } else {
            unsynced.answers.append(&mut answers.synced);
        }
        let now = Instant::now();
        if group.must_sync {
            unsynced.by(self.flooded.map_or(now, |last| now.max(last + BETWEEN_SYNCS)));
        } else if group.sync_soon {
            unsynced.by(now + SOON);
        }
        if self.closing {
            unsynced.by(now);
        }
    }

    /// Syncs what is written, and gives the answers that wait for it.
    fn sync(&mut self) {
        let Unsynced { answers, accepted, .. } = std::mem::take(&mut self.unsynced);
        self.shared.syncs.fetch_add(1, Ordering::Relaxed);
        let outcome = self.shared.db.persist(PersistMode::SyncAll).map_err(StoreError::from);
        self.flooded = (answers.len() >= FLOOD).then(Instant::now);
        match &outcome {
            Err(error) => self.failed(error),
            Ok(()) => {
                if let Some(newest) = accepted {
                    *self.shared.synced.lock().unwrap_or_else(PoisonError::into_inner) = newest;
                    self.shared.accepted.notify_one();
                }
            }
        }
        answers.into_iter().for_each(|answer| answer.give(&outcome));
    }

    fn failed(&self, error: &StoreError) {
        tracing::error!(%error, "the ledger could not be written; Relay stops");
        self.shared.failed.notify_one();
    }

    fn change_depths(&self, changes: HashMap<RoomKey, DepthChange>) {
        let mut depths = self.shared.depth.lock().unwrap_or_else(PoisonError::into_inner);
        changes.into_iter().for_each(|(room, change)| depths.entry(room).or_default().change(change));
    }
}

//! The mapping: message ids in both directions, in sled. An index over the ledger's index log, written behind it. What a message is called
//! where a person wrote it is in the journal, and is not stored here a second time.
//!
//! It stores the position it has reached together with what it learned, in one sled batch. A lookup first asks sled, then
//! lays the lines over it that the index has not reached: so a miss counts only when both have nothing. Where those are too many,
//! because it is being made anew, a lookup says so. When the folder
//! is gone, will not open, belongs to another ledger, or the machine went down without a clean stop (sled's flush does
//! not survive a power cut, and what is left may open and panic later), it is set aside and made anew from the ledger.

use super::ledger::Ledger;
use super::records::{EnvelopeId, IndexLine, Way};
use super::{LedgerPosition, StoreError, folder, keys};
use relay_contract::{Event, MessageKey, MessageRef, RoomKey};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Lines in one sled batch.
const BATCH: usize = 1024;
/// Lines that a lookup lays over the index.
const MOST_BEHIND: u64 = 10_000;

const POSITION: &[u8] = b"_position";
const LEDGER: &[u8] = b"_ledger";

/// Beside the folder: the start of the machine since which sled has been written, or [`CLEAN`]. Outside of sled, so that
/// what a power cut left of it is never opened.
const MARK: &str = "mapping.written-since";
const CLEAN: &str = "closed";

/// What a message is, seen from its native id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mapped {
    /// The envelope that posted it.
    pub envelope: EnvelopeId,
    /// A person posted it here; otherwise Relay did.
    pub origin: bool,
}

/// The sled side, for its single writer.
#[derive(Clone)]
pub struct MappingIndex {
    sled: sled::Db,
    mark: PathBuf,
    /// The position in it, or one that it had a moment ago.
    reached: Arc<AtomicU64>,
}

/// The reading side: sled, and the ledger's lines beyond it. Cheap to clone.
#[derive(Clone)]
pub struct Lookup {
    sled: sled::Db,
    ledger: Ledger,
    reached: Arc<AtomicU64>,
}

/// What an envelope's message is in one room.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Copies {
    /// Its native messages, in order; empty when it was deleted.
    pub messages: Vec<MessageRef>,
    /// It was posted here by a person, not delivered here by Relay.
    pub origin: bool,
    /// What of it the room does not show as the origin did.
    #[serde(default)]
    pub lost: Vec<String>,
    /// How it came there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub way: Option<Way>,
}

impl MappingIndex {
    /// Opens the mapping beside a ledger and brings it up to the ledger's position, calling `progress` with lines done
    /// and lines in all when that takes more than one batch.
    pub fn open(
        data_dir: &Path,
        ledger: &Ledger,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<Self, StoreError> {
        let index = Self::attach(data_dir, ledger)?;
        index.catch_up(ledger, progress)?;
        Ok(index)
    }

    /// Opens the mapping as far behind the ledger as it is; one that cannot be trusted begins anew.
    pub fn attach(data_dir: &Path, ledger: &Ledger) -> Result<Self, StoreError> {
        let path = data_dir.join("mapping");
        let mark = data_dir.join(MARK);
        let existed = path.exists();
        let identity = ledger.identity()?;
        if existed && let Some(reason) = torn(&mark) {
            set_aside(&path, &reason)?;
        }
        // Before sled is opened, which may write already.
        folder::write_whole(&mark, &boot_id())?;
        let sound =
            open_sled(&path).and_then(|sled| match distrust(data_dir, &sled, &identity, ledger.position()) {
                Some(reason) if existed && !sled.is_empty() => Err(reason),
                _ => Ok(sled),
            });
        let sled = match sound {
            Ok(sled) => sled,
            Err(reason) => {
                set_aside(&path, &reason)?;
                open_sled(&path).map_err(StoreError::Engine)?
            }
        };
        let reached = Arc::new(AtomicU64::new(position(&sled)));
        let index = Self { sled, mark, reached };
        index.write(|sled| sled.insert(LEDGER, identity).map(drop))?;
        Ok(index)
    }

    /// A reader over this mapping and its ledger.
    pub fn lookup(&self, ledger: Ledger) -> Lookup {
        Lookup { sled: self.sled.clone(), ledger, reached: self.reached.clone() }
    }

    /// The ledger position that the index has reached.
    pub fn position(&self) -> LedgerPosition {
        self.reached.load(Ordering::Acquire)
    }

    /// Takes in all lines that the ledger has and the index has not.
    pub fn catch_up(&self, ledger: &Ledger, progress: &mut dyn FnMut(u64, u64)) -> Result<(), StoreError> {
        let start = self.position();
        loop {
            let reached = self.position();
            let lines = lines_after(ledger, reached)?;
            let Some((last, _)) = lines.last() else {
                return Ok(());
            };
            let mut batch = sled::Batch::default();
            batch.insert(POSITION, &last.to_be_bytes());
            for (_, line) in &lines {
                add_line(&mut batch, line)?;
            }
            self.write(|sled| sled.apply_batch(batch))?;
            self.reached.store(*last, Ordering::Release);
            progress(self.position().saturating_sub(start), ledger.position().saturating_sub(start));
        }
    }

    /// Forgets what these lines of the ledger have told, as far as nothing newer has replaced it. Before they are gone from there.
    pub fn forget(&self, ledger: &Ledger, lines: &[IndexLine]) -> Result<(), StoreError> {
        self.catch_up(ledger, &mut |_, _| {})?;
        let mut batch = sled::Batch::default();
        for line in lines {
            for message in &line.messages {
                let key = message_key(&line.room, message.id.as_str());
                let known = self.sled.get(&key).map_err(|e| failed(&e))?;
                if known.is_some_and(|known| known.get(1..) == Some(line.envelope.0.as_slice())) {
                    batch.remove(key);
                }
            }
            batch.remove(copies_key(line.envelope, &line.room));
        }
        self.write(|sled| sled.apply_batch(batch))
    }

    /// Says that everything was written: the next start may trust it even after a reboot.
    pub fn close(&self) -> Result<(), StoreError> {
        self.write(|sled| sled.flush().map(drop))?;
        // Sled's own flush leaves it in the disk's cache.
        folder::sync_all(&self.mark.with_file_name("mapping"))?;
        folder::write_whole(&self.mark, CLEAN)
    }

    fn write(&self, change: impl FnOnce(&sled::Db) -> sled::Result<()>) -> Result<(), StoreError> {
        change(&self.sled).map_err(|e| failed(&e))
    }
}

impl Lookup {
    /// What a native message is: which envelope posted it, here or from elsewhere. One that was forgotten is unknown.
    pub fn find(&self, message: &MessageKey) -> Result<Option<Mapped>, StoreError> {
        match self.find_kept(message)? {
            Some(found) if self.ledger.is_forgotten(found.envelope)? => Ok(None),
            found => Ok(found),
        }
    }

    fn find_kept(&self, message: &MessageKey) -> Result<Option<Mapped>, StoreError> {
        let is_it = |line: &IndexLine| {
            line.messages.iter().any(|known| known.id == message.id) && line.room == message.room
        };
        if let Some(line) = self.tail(is_it)?.pop() {
            return Ok(Some(Mapped { envelope: line.envelope, origin: line.origin }));
        }
        match self.get(message_key(&message.room, message.id.as_str()))? {
            Some(value) => match &*value {
                [origin, id @ ..] => {
                    let id = id.try_into().map_err(|_| bad_value())?;
                    Ok(Some(Mapped { envelope: EnvelopeId(id), origin: *origin == 1 }))
                }
                [] => Err(bad_value()),
            },
            None => Ok(None),
        }
    }

    /// What an envelope's message is called in one room; `None` if it was never there, empty if it was deleted.
    pub fn messages(
        &self,
        envelope: EnvelopeId,
        room: &RoomKey,
    ) -> Result<Option<Vec<MessageRef>>, StoreError> {
        Ok(self.copies(envelope, room)?.map(|copies| copies.messages))
    }

    /// The same with all that is known of it.
    pub fn copies(&self, envelope: EnvelopeId, room: &RoomKey) -> Result<Option<Copies>, StoreError> {
        if let Some(line) = self.tail(|line| line.envelope == envelope && line.room == *room)?.pop() {
            return Ok(Some(copies_of(&line)));
        }
        match self.get(copies_key(envelope, room))? {
            Some(bytes) => decode_copies(&bytes).map(Some),
            None => self.said_there(envelope, room),
        }
    }

    /// What a person wrote is in the journal, and needs no second place.
    fn said_there(&self, envelope: EnvelopeId, room: &RoomKey) -> Result<Option<Copies>, StoreError> {
        let said = self.ledger.envelope(envelope)?.filter(|said| said.origin == *room);
        Ok(said.and_then(|said| match &said.event {
            Event::Posted(message) => {
                Some(Copies { messages: vec![message.at.clone()], origin: true, lost: Vec::new(), way: None })
            }
            _ => None,
        }))
    }

    /// All rooms in which Relay has delivered an envelope's message.
    pub fn delivered_to(&self, envelope: EnvelopeId) -> Result<Vec<RoomKey>, StoreError> {
        // The tail before sled, as in every lookup: a line that moves over in between is then seen twice, never missed.
        let tail = self.tail(|line| line.envelope == envelope)?;
        let prefix = copies_prefix(envelope);
        let mut rooms = BTreeMap::new();
        for entry in self.sled.scan_prefix(&prefix) {
            let (key, value) = entry.map_err(|e| failed(&e))?;
            let room = key.get(prefix.len()..).and_then(keys::parse_room).ok_or_else(bad_value)?;
            rooms.insert(room, decode_copies(&value)?.origin);
        }
        rooms.extend(tail.into_iter().map(|line| (line.room.clone(), line.origin)));
        Ok(rooms.into_iter().filter(|(_, origin)| !origin).map(|(room, _)| room).collect())
    }

    /// The ledger position that the index has reached.
    pub fn position(&self) -> LedgerPosition {
        self.reached.load(Ordering::Acquire)
    }

    /// Whether the index is so far behind the ledger that nothing is looked up: whoever can, waits.
    pub fn is_behind(&self) -> bool {
        self.ledger.position().saturating_sub(self.position()) > MOST_BEHIND
    }

    /// Those lines that the ledger has and the index has not, oldest first, that are wanted. Not where they are more than can be held in
    /// memory and gone through again and again.
    fn tail(&self, wanted: impl Fn(&IndexLine) -> bool) -> Result<Vec<Arc<IndexLine>>, StoreError> {
        let (reached, of) = (self.position(), self.ledger.position());
        if of.saturating_sub(reached) > MOST_BEHIND {
            return Err(StoreError::Behind { reached, of });
        }
        if let Some(lines) = self.ledger.newest_lines(reached, usize::MAX, &wanted) {
            return Ok(lines.into_iter().map(|(_, line)| line).collect());
        }
        let lines = self.ledger.index_after(reached, usize::MAX)?.into_iter().map(|(_, line)| line);
        Ok(lines.filter(|line| wanted(line)).map(Arc::new).collect())
    }

    fn get(&self, key: Vec<u8>) -> Result<Option<sled::IVec>, StoreError> {
        self.sled.get(key).map_err(|e| failed(&e))
    }
}

/// Lines that are written, at most one batch of them.
fn lines_after(
    ledger: &Ledger,
    reached: LedgerPosition,
) -> Result<Vec<(LedgerPosition, Arc<IndexLine>)>, StoreError> {
    let written = ledger.position();
    match ledger.newest_lines(reached, BATCH, |_| true) {
        Some(lines) => Ok(lines.into_iter().take_while(|(at, _)| *at <= written).collect()),
        None => {
            let lines = ledger.index_after(reached, BATCH)?.into_iter();
            Ok(lines.map(|(at, line)| (at, Arc::new(line))).collect())
        }
    }
}

fn failed(error: &sled::Error) -> StoreError {
    let words = format!("mapping: {error}");
    if super::is_full(error) { StoreError::Full(words) } else { StoreError::Engine(words) }
}

fn open_sled(path: &Path) -> Result<sled::Db, String> {
    // sled panics on some kinds of damage; a damaged index must never stop Relay.
    let opened = std::panic::catch_unwind(|| {
        sled::Config::new().path(path).mode(sled::Mode::LowSpace).cache_capacity(16 << 20).open()
    });
    match opened {
        Ok(Ok(sled)) => Ok(sled),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("it is damaged".into()),
    }
}

/// Why a mapping that opened is not to be believed.
fn distrust(
    data_dir: &Path,
    sled: &sled::Db,
    identity: &[u8],
    ledger_position: LedgerPosition,
) -> Option<String> {
    let stored = |key: &[u8]| sled.get(key).ok().flatten();
    if stored(LEDGER).is_none_or(|ledger| ledger != identity) {
        return Some("it belongs to another ledger".into());
    }
    let seen = position(sled);
    if seen > ledger_position {
        // It is written behind the ledger: what it has seen was there, and was answered.
        tracing::error!(
            ledger = %data_dir.join("ledger").display(),
            lost = seen - ledger_position,
            "the ledger has lost lines that it had: its files were cut, or an older copy was put in their place. What was answered since \
             is lost with them; `relay resync` reads the rooms' histories again"
        );
        return Some("it is ahead of the ledger".into());
    }
    None
}

/// Why a folder may be torn: the machine went down while sled was written.
fn torn(mark: &Path) -> Option<String> {
    let since = std::fs::read_to_string(mark).unwrap_or_default();
    let whole = since == CLEAN || (!since.is_empty() && since == boot_id());
    (!whole).then(|| "the machine went down without a clean stop".into())
}

fn set_aside(path: &Path, reason: &str) -> Result<(), StoreError> {
    let aside = path.with_file_name(format!("mapping.set-aside-{}", ulid::Ulid::new()));
    std::fs::rename(path, &aside).map_err(|e| StoreError::Io {
        what: "setting the mapping aside",
        path: path.to_owned(),
        why: e.to_string(),
    })?;
    tracing::warn!(reason, set_aside = %aside.display(), "the mapping is made anew from the ledger");
    Ok(())
}

/// Changes with every start of the machine; empty where the system has none, and then only a clean stop is trusted.
fn boot_id() -> String {
    std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default()
}

fn position(sled: &sled::Db) -> LedgerPosition {
    let stored = sled.get(POSITION).ok().flatten();
    stored.and_then(|bytes| <[u8; 8]>::try_from(&*bytes).ok()).map_or(0, u64::from_be_bytes)
}

fn add_line(batch: &mut sled::Batch, line: &IndexLine) -> Result<(), StoreError> {
    for message in &line.messages {
        let mut value = vec![u8::from(line.origin)];
        value.extend_from_slice(&line.envelope.0);
        batch.insert(message_key(&line.room, message.id.as_str()), value);
    }
    if line.origin {
        return Ok(());
    }
    let bytes = rmp_serde::to_vec_named(&copies_of(line))
        .map_err(|e| StoreError::Corrupt { place: "mapping", why: e.to_string() })?;
    batch.insert(copies_key(line.envelope, &line.room), bytes);
    Ok(())
}

fn copies_of(line: &IndexLine) -> Copies {
    let IndexLine { messages, origin, lost, way, .. } = line.clone();
    Copies { messages, origin, lost, way }
}

fn decode_copies(bytes: &[u8]) -> Result<Copies, StoreError> {
    rmp_serde::from_slice(bytes).map_err(|e| StoreError::Corrupt { place: "mapping", why: e.to_string() })
}

fn message_key(room: &RoomKey, id: &str) -> Vec<u8> {
    [b"m", keys::room(room).as_slice(), id.as_bytes()].concat()
}

fn copies_prefix(envelope: EnvelopeId) -> Vec<u8> {
    [b"e", envelope.0.as_slice()].concat()
}

fn copies_key(envelope: EnvelopeId, room: &RoomKey) -> Vec<u8> {
    [copies_prefix(envelope), keys::room(room)].concat()
}

fn bad_value() -> StoreError {
    StoreError::Corrupt { place: "mapping", why: "a value has not the expected shape".into() }
}

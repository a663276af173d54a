//! The lines of the audit: a keyspace of their own, by their numbers. The writer puts a line into the batch with what it tells of, so that
//! both are there after a crash or neither is. Old ones go from the front; the hash of the last of them stays, so that the rest can be
//! checked as before.

use super::StoreError;
use super::erase::Erased;
use super::ledger::Ledger;
use super::linked::Shown;
use super::records::EnvelopeId;
use super::seals::Seals;
use super::shared::{Opening, Shared};
use super::writer::Command;
use crate::audit::{Fields, Head, Keys, Left, last_of, of_consent, of_shown, of_wish, time};
use crate::consent::{Entry, Person};
use fjall::{Keyspace, OwnedWriteBatch as WriteBatch, Readable};
use relay_contract::{RoomKey, Timestamp};
use serde::{Deserialize, Serialize};
use std::io::{self, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

pub(super) const SECRET: &[u8] = b"audit_secret";
/// The number and the hash of the last line that is not kept any more.
const ANCHOR: &[u8] = b"audit_anchor";
/// Lines that go at once.
const PIECE: usize = 2_000;

/// All lines, and where they end.
pub(super) struct Trail {
    lines: Keyspace,
    keys: Keys,
    /// Nothing is written where it is not wanted.
    on: AtomicBool,
    /// Only the writer changes it.
    head: Mutex<Head>,
}

impl Trail {
    /// Finds where it ends.
    pub(super) fn open(meta: &Keyspace, lines: Keyspace, seals: &Seals) -> Result<Self, StoreError> {
        let head = match lines.last_key_value() {
            Some(last) => {
                let (key, line) = last.into_inner()?;
                let n = number(&key)?;
                last_of(n, &line).unwrap_or_else(|| {
                    // Not worth that nothing is carried any more; whoever checks it is told.
                    tracing::error!("line {n} of the audit cannot be read: `relay audit verify` tells more");
                    Head { n, ..Head::default() }
                })
            }
            None => anchor(meta.get(ANCHOR)?.as_deref()),
        };
        Ok(Self {
            lines,
            keys: Keys::new(&seals.secret(meta, SECRET)?),
            on: AtomicBool::new(true),
            head: Mutex::new(head),
        })
    }

    /// The keyspace.
    pub(super) fn lines(&self) -> &Keyspace {
        &self.lines
    }

    fn is_on(&self) -> bool {
        self.on.load(Ordering::Acquire)
    }

    /// The line of a delivery.
    pub(super) fn left(&self, room: &RoomKey, id: EnvelopeId, left: &Left, batch: &mut WriteBatch) {
        if self.is_on() {
            self.add(left.fields(room, &id.to_string(), &self.keys), batch);
        }
    }

    /// The lines of what somebody says about themselves, who has said so much before.
    pub(super) fn consent(&self, said: usize, person: &Person, entries: &[Entry], batch: &mut WriteBatch) {
        if self.is_on() {
            for (number, entry) in (said..).zip(entries) {
                self.add(of_consent(person, number, entry, &self.keys), batch);
            }
        }
    }

    /// The line of somebody's wish to be forgotten.
    pub(super) fn wish(&self, person: &Person, stage: &str, erased: Option<&Erased>, batch: &mut WriteBatch) {
        if self.is_on() {
            let (events, left) = erased.map_or((0, 0), |erased| (erased.events, erased.left.len()));
            self.add(of_wish(person, stage, events, left, &self.keys), batch);
        }
    }

    /// The line of the name by which somebody wants to be shown.
    pub(super) fn shown(&self, person: &Person, shown: &Shown, batch: &mut WriteBatch) {
        if self.is_on() {
            self.add(of_shown(person, shown.word(), shown.account(), &self.keys), batch);
        }
    }

    fn add(&self, fields: Fields, batch: &mut WriteBatch) {
        let mut head = self.head.lock().unwrap_or_else(PoisonError::into_inner);
        let line = head.add(Timestamp::now(), fields);
        batch.insert(&self.lines, head.n.to_be_bytes(), line);
    }

    /// Lets the lines up to this one go, at most a piece of them; the last of all stays.
    pub(super) fn prune(
        &self,
        meta: &Keyspace,
        upto: &Head,
        batch: &mut WriteBatch,
    ) -> Result<(), StoreError> {
        for entry in self.lines.range(..=upto.n.to_be_bytes()).take(PIECE) {
            batch.remove(&self.lines, entry.key()?);
        }
        batch.insert(meta, ANCHOR, [upto.n.to_be_bytes().as_slice(), upto.hash.as_bytes()].concat());
        Ok(())
    }
}

fn number(key: &[u8]) -> Result<u64, StoreError> {
    let key = <[u8; 8]>::try_from(key);
    key.map(u64::from_be_bytes)
        .map_err(|_| StoreError::Corrupt { place: "audit", why: "a key has not the expected shape".into() })
}

fn anchor(stored: Option<&[u8]>) -> Head {
    let read = |stored: &[u8]| {
        let (n, hash) = stored.split_first_chunk::<8>()?;
        Some(Head { n: u64::from_be_bytes(*n), hash: String::from_utf8(hash.to_vec()).ok()? })
    };
    stored.and_then(read).unwrap_or_default()
}

/// Which lines somebody wants to see.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wanted {
    /// Only so many, the newest.
    pub last: Option<usize>,
    /// Only since then, in milliseconds since the epoch.
    pub since: Option<i64>,
    /// Only those that name a room with these letters.
    pub room: Option<String>,
    /// Only those of this person, by their hash.
    pub who: Option<String>,
}

/// What is looked at of a line.
#[derive(Deserialize)]
struct Seen {
    at: String,
    #[serde(default)]
    room: String,
    #[serde(default)]
    from: String,
    #[serde(default)]
    who: String,
}

impl Wanted {
    fn is_all(&self) -> bool {
        *self == Self::default()
    }

    fn has(&self, line: &[u8]) -> bool {
        if self.since.is_none() && self.room.is_none() && self.who.is_none() {
            return true;
        }
        let Ok(seen) = serde_json::from_slice::<Seen>(line) else { return false };
        self.since.is_none_or(|since| seen.at >= time(Timestamp(since)))
            && self.room.as_ref().is_none_or(|room| seen.room.contains(room) || seen.from.contains(room))
            && self.who.as_ref().is_none_or(|who| seen.who == *who)
    }
}

/// Why lines could not be given out.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// They cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// They cannot be written.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// There is no ledger.
    #[error("there is no Relay's state in {0}")]
    Nothing(std::path::PathBuf),
}

/// Writes the lines of a state directory that no Relay uses. Blocks.
pub fn export_unused(data_dir: &Path, wanted: &Wanted, out: impl Write) -> Result<u64, AuditError> {
    let path = data_dir.join("ledger");
    if !path.exists() {
        return Err(AuditError::Nothing(data_dir.to_owned()));
    }
    export(&Shared::open(&path, false, Opening::Closed)?, wanted, out)
}

/// Writes lines as they are: before them where they begin, after them where they end. Blocks.
fn export(shared: &Shared, wanted: &Wanted, mut out: impl Write) -> Result<u64, AuditError> {
    let snapshot = shared.db.snapshot();
    let lines = shared.audit.lines();
    let anchor = anchor(snapshot.get(&shared.meta, ANCHOR).map_err(StoreError::from)?.as_deref());
    let from = match wanted.last {
        Some(last) => {
            let mut found = Vec::new();
            for entry in snapshot.iter(lines).rev() {
                let (key, line) = entry.into_inner().map_err(StoreError::from)?;
                if found.len() >= last || !wanted.is_recent(&line) {
                    break;
                }
                if wanted.has(&line) {
                    found.push(number(&key)?);
                }
            }
            found.last().copied().unwrap_or(u64::MAX)
        }
        None => anchor.n + 1,
    };
    let begins = if wanted.is_all() { anchor.clone() } else { Head::default() };
    writeln!(out, "{{\"from\":{},\"prev\":\"{}\"}}", begins.n + 1, begins.hash)?;
    let (mut head, mut written) = (anchor, 0);
    for entry in snapshot.range(lines, from.to_be_bytes()..) {
        let (key, line) = entry.into_inner().map_err(StoreError::from)?;
        let n = number(&key)?;
        head = last_of(n, &line).unwrap_or(Head { n, ..Head::default() });
        if wanted.has(&line) {
            out.write_all(&line)?;
            out.write_all(b"\n")?;
            written += 1;
        }
    }
    writeln!(out, "{{\"ends\":{},\"hash\":\"{}\"}}", head.n, head.hash)?;
    out.flush()?;
    Ok(written)
}

impl Wanted {
    /// Whether lines before this one need be looked at, too.
    fn is_recent(&self, line: &[u8]) -> bool {
        self.since.is_none() || Self { since: self.since, ..Self::default() }.has(line)
    }
}

impl Ledger {
    /// Whether what leaves is written down.
    pub fn audits(&self) -> bool {
        self.shared.audit.is_on()
    }

    /// Writes nothing down of what leaves from now on, or something again.
    pub fn set_audit(&self, on: bool) {
        self.shared.audit.on.store(on, Ordering::Release);
    }

    /// Makes the hashes of the audit.
    pub fn audit_keys(&self) -> &Keys {
        &self.shared.audit.keys
    }

    /// Writes lines of the audit. Blocks.
    pub fn export_audit(&self, wanted: &Wanted, out: impl Write) -> Result<u64, AuditError> {
        export(&self.shared, wanted, out)
    }

    /// The line up to which the next piece of the audit is older than an instant; none where nothing is. Blocks.
    pub fn old_audit(&self, horizon: Timestamp) -> Result<Option<Head>, StoreError> {
        let lines = self.shared.audit.lines();
        let last = self.shared.audit.head.lock().unwrap_or_else(PoisonError::into_inner).n;
        let since = Wanted { since: Some(horizon.0), ..Wanted::default() };
        let mut upto = None;
        // Numbers go on from the last one, so it stays.
        for entry in lines.range(..last.to_be_bytes()).take(PIECE) {
            let (key, line) = entry.into_inner()?;
            if since.has(&line) {
                break;
            }
            upto = last_of(number(&key)?, &line).or(upto);
        }
        Ok(upto)
    }

    /// Lets the lines up to this one go.
    pub async fn prune_audit(&self, upto: Head) -> Result<(), StoreError> {
        self.ask(|done| Command::PruneAudit { head: upto, done }).await
    }
}

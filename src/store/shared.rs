//! The ledger's keyspaces: opened, made, recovered.

use super::audit::Trail;
use super::carried_out::CarriedOut;
use super::consent::Book;
use super::depth::{Depth, DepthChange};
use super::lines::Lines;
use super::linked::Links;
use super::muted::Mutes;
use super::newest::Newest;
use super::notes::NameHolder;
use super::records::{DeadLetter, EnvelopeId, Record};
use super::seals::{Expected, Master, Seals};
use super::told::Asking;
use super::{StoreError, audit, consent, damage, folder, format, held, keys, marks, other_keys, tail};
use fjall::{Database, Keyspace, KeyspaceCreateOptions};
use quick_cache::sync::Cache;
use relay_contract::{Mark, RoomKey, Timestamp};
use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, UNIX_EPOCH};
use tokio::sync::{Notify, watch};

/// Whether what is sealed can be read.
pub(super) enum Opening<'a> {
    /// It cannot: a ledger that is made or copied.
    Closed,
    /// With the keys of this state directory, and the master key that wraps them.
    With(&'a Path, Master),
    /// The same, whether or not they are the ones that it was written with: see [`super::other_keys`].
    WithOther(&'a Path, Master),
}

/// The keyspaces, and what is known of them without asking the disk.
pub(super) struct Shared {
    pub(super) db: Database,
    pub(super) meta: Keyspace,
    pub(super) journal: Keyspace,
    pub(super) work: Keyspace,
    pub(super) seen: Keyspace,
    pub(super) index: Keyspace,
    /// What seals and reads what is sealed.
    pub(super) seals: Seals,
    /// Number of the last committed line of the index log.
    pub(super) position: AtomicU64,
    /// Envelopes accepted and not fanned out.
    pub(super) waiting: AtomicU64,
    /// Rows still to be delivered, and dead letters, a room.
    pub(super) depth: Mutex<HashMap<RoomKey, Depth>>,
    /// Up to where each room is known.
    pub(super) marks: Mutex<HashMap<RoomKey, marks::Marked>>,
    /// Rooms whose marks stay where they are, each with where it goes then.
    pub(super) held_marks: Mutex<HashMap<RoomKey, Option<Mark>>>,
    /// The newest envelope of earlier runs.
    pub(super) newest_at_start: EnvelopeId,
    /// When an earlier run wrote last.
    pub(super) last_alive: Timestamp,
    /// The envelopes that were accepted last.
    pub(super) newest: Newest,
    /// The newest lines of the index log.
    pub(super) lines: Lines,
    /// Who was heard first of the names that were asked for last.
    pub(super) name_holders: Cache<String, NameHolder>,
    /// Goes up with every batch that writes down who was heard first of a name.
    pub(super) names_written: AtomicU64,
    /// What people have said about themselves.
    pub(super) consent: Book,
    /// What has left.
    pub(super) audit: Trail,
    /// Which accounts are one person's.
    pub(super) links: Links,
    /// Who is muted in which room.
    pub(super) mutes: Mutes,
    /// Which commands were carried out lately.
    pub(super) carried_out: CarriedOut,
    /// The rooms that ask.
    pub(super) asking: Asking,
    /// How much is held at the door.
    pub(super) held: held::Counts,
    /// Until when everything was forgotten, in milliseconds since the epoch; 0 if nothing was ever.
    pub(super) horizon: AtomicI64,
    /// Where the work of an earlier run begins.
    pub(super) first: FirstWork,
    /// How often the journal was synced since it was opened.
    pub(super) syncs: AtomicU64,
    /// The newest accepted envelope that is synced: what came later may still be lost, and its platform does not know that it came.
    pub(super) synced: Mutex<EnvelopeId>,
    /// Told after every sync of something accepted.
    pub(super) accepted: Notify,
    /// Told after every commit that lengthened the index log.
    pub(super) indexed: Notify,
    /// Told whenever it has become longer by many lines.
    pub(super) much_indexed: Notify,
    /// Told after every commit that lengthened a stream.
    pub(super) streamed: watch::Sender<()>,
    /// Told once when the database below has failed.
    pub(super) failed: Notify,
}

/// Where the work that an earlier run has left begins. Scans start here: what lies before it is closed, and a tree keeps
/// the tombstones of closed rows for a long time.
#[derive(Debug, Default)]
pub(super) struct FirstWork {
    /// The oldest envelope that is to be fanned out; the newest of all if there is none.
    pub(super) to_fan_out: EnvelopeId,
    /// The oldest row of each room that has one; what moves to another room begins there anew.
    pub(super) rows: Mutex<HashMap<RoomKey, EnvelopeId>>,
}

/// Names that are asked for are asked for again.
const NAMES: usize = 512;

pub(super) const IDENTITY: &[u8] = b"identity";
pub(super) const HORIZON: &[u8] = b"horizon";

/// Makes a ledger under another name first: fjall does not open what it was making when the power was cut.
pub(super) fn make_whole(data_dir: &Path, path: &Path) -> Result<(), StoreError> {
    let _sole = folder::lock(data_dir)?;
    if path.exists() {
        return Ok(());
    }
    let unfinished = data_dir.join("ledger.unfinished");
    folder::remove(&unfinished)?;
    drop(Shared::open(&unfinished, true, Opening::Closed)?);
    folder::sync_all(&unfinished)?;
    folder::rename(&unfinished, path)
}

/// Somebody who only looks (`relay doctor`) has it for a moment: that is waited for.
fn open_database(path: &Path) -> fjall::Result<Database> {
    const LOOKS: u32 = 40;
    const A_WHILE: Duration = Duration::from_millis(50);
    for _ in 0..LOOKS {
        let opened = Database::builder(path).cache_size(16 << 20).max_journaling_size(64 << 20);
        match opened.worker_threads(1).open() {
            Err(fjall::Error::Locked) => std::thread::sleep(A_WHILE),
            opened => return opened,
        }
    }
    Err(fjall::Error::Locked)
}

/// What a ledger that nothing uses knows of its keys. Nothing where it knows nothing, and where opening it might mend something or leave files of
/// another user.
pub(super) fn expected_of(ledger: &Path) -> Expected {
    read_expected(ledger).unwrap_or_default()
}

fn read_expected(ledger: &Path) -> Option<Expected> {
    use std::os::unix::fs::MetadataExt;
    let is_own = std::fs::metadata(ledger).ok()?.uid() == rustix::process::geteuid().as_raw();
    if !is_own || damage::whole_keyspaces(ledger).is_err() || !matches!(tail::look(ledger), Ok(None)) {
        return None;
    }
    let last_alive = newest_write(ledger);
    let expected = (|| {
        let db = open_database(ledger).ok()?;
        let meta = db.keyspace_exists("meta").then(|| db.keyspace("meta", KeyspaceCreateOptions::default))?;
        Expected::read(&meta.ok()?).ok()
    })();
    // Opening cuts off what the journal had set aside; the times of the files tell when Relay was alive last.
    let _ = written_last(ledger, last_alive);
    expected
}

/// Has a folder's files say that none was written to after a time.
fn written_last(path: &Path, at: Timestamp) -> std::io::Result<()> {
    let at = UNIX_EPOCH + Duration::from_millis(u64::try_from(at.0).unwrap_or_default());
    for file in path.read_dir()? {
        let file = file?;
        if file.file_type()?.is_file() && file.metadata()?.modified()? > at {
            std::fs::File::options().write(true).open(file.path())?.set_modified(at)?;
        }
    }
    Ok(())
}

impl Shared {
    /// `is_new`: it is being made. One that was made has an identity, whatever else.
    pub(super) fn open(path: &Path, is_new: bool, opening: Opening<'_>) -> Result<Self, StoreError> {
        let last_alive = newest_write(path);
        damage::whole_keyspaces(path)?;
        let broken = tail::look(path)?;
        let db = match (open_database(path), broken) {
            (Err(fjall::Error::JournalRecovery(_)), Some(broken)) => {
                tail::cut(path, broken)?;
                open_database(path)
            }
            (opened, _) => opened,
        };
        let db = db.map_err(|error| match error {
            fjall::Error::Locked => StoreError::Locked(path.to_owned()),
            other => damage::unreadable(path, &other),
        })?;
        // Memtables default to 64 MiB each, which idle memory would show.
        let keyspace =
            |name| db.keyspace(name, || KeyspaceCreateOptions::default().max_memtable_size(4 << 20));
        let meta = keyspace("meta")?;
        if !is_new && meta.get(IDENTITY)?.is_none() {
            return Err(damage::emptied(path));
        }
        let mut may_be_other = meta.contains_key(format::OTHER_KEYS)?;
        let seals = match opening {
            Opening::Closed => {
                may_be_other = false;
                Seals::closed()
            }
            Opening::With(data_dir, master) => Seals::open(data_dir, master, &Expected::read(&meta)?)?,
            Opening::WithOther(data_dir, master) => {
                may_be_other = true;
                let seals = Seals::open(data_dir, master, &Expected::any())?;
                for secret in [consent::SECRET, audit::SECRET] {
                    seals.give_up_secret(&meta, secret)?;
                }
                seals
            }
        };
        let (journal, work, index) = (keyspace("journal")?, keyspace("work")?, keyspace("index")?);
        format::settle(&db, &meta, &[&journal, &work, &index], path)?;
        let are_ahead = !may_be_other && other_keys::are_ahead(&meta, &seals)?;
        if may_be_other || are_ahead {
            // Keys of another ledger are refused before anything is written.
            for secret in [consent::SECRET, audit::SECRET] {
                seals.secret(&meta, secret)?;
            }
            let forgotten = other_keys::settle(&db, &meta, &seals)?;
            if are_ahead {
                // A kill between the two leaves it so, and an older ledger that somebody put back does.
                tracing::info!(
                    forgotten,
                    "people had chosen what the ledger did not have: it holds from now on"
                );
            }
        }
        let mut shared = Self {
            newest_at_start: EnvelopeId::default(),
            last_alive,
            first: FirstWork::default(),
            marks: Mutex::default(),
            held_marks: Mutex::default(),
            consent: Book::read(&meta, &seals)?,
            audit: Trail::open(&meta, keyspace("audit")?, &seals)?,
            links: Links::read(&meta, &seals)?,
            mutes: Mutes::read(&meta, &seals)?,
            asking: Asking::read(&meta)?,
            carried_out: CarriedOut::read(&meta, &seals)?,
            seals,
            meta,
            journal,
            work,
            seen: keyspace("seen")?,
            index,
            position: AtomicU64::new(0),
            horizon: AtomicI64::new(0),
            waiting: AtomicU64::new(0),
            syncs: AtomicU64::new(0),
            synced: Mutex::default(),
            depth: Mutex::default(),
            newest: Newest::default(),
            lines: Lines::default(),
            name_holders: Cache::new(NAMES),
            names_written: AtomicU64::new(0),
            held: held::Counts::default(),
            accepted: Notify::new(),
            indexed: Notify::new(),
            much_indexed: Notify::new(),
            streamed: watch::Sender::new(()),
            failed: Notify::new(),
            db: db.clone(),
        };
        if shared.meta.get(IDENTITY)?.is_none() {
            shared.meta.insert(IDENTITY, ulid::Ulid::new().to_bytes())?;
        }
        *shared.marks.get_mut().unwrap_or_else(PoisonError::into_inner) = marks::read(&shared.meta)?;
        shared.recover()?;
        Ok(shared)
    }

    /// All of them, in the order of [`super::backup`].
    pub(super) fn keyspaces(&self) -> [&Keyspace; 6] {
        [&self.meta, &self.journal, &self.work, &self.seen, &self.index, self.audit.lines()]
    }

    /// Counts what waits, finds where it begins, and the end of the index log.
    fn recover(&mut self) -> Result<(), StoreError> {
        if let Some(last) = self.index.last_key_value() {
            let number = <[u8; 8]>::try_from(&*last.key()?).map_err(|_| bad_key())?;
            let newest = u64::from_be_bytes(number);
            self.position.store(newest, Ordering::Release);
            self.lines = Lines::after(newest);
        }
        if let Some(bytes) = self.meta.get(HORIZON)? {
            let horizon = <[u8; 8]>::try_from(&*bytes).map_err(|_| bad_key())?;
            let horizon = i64::from_be_bytes(horizon);
            if horizon > Timestamp::now().0 {
                tracing::error!(
                    "this machine's clock was wrong when messages were forgotten, so that newer ones may have gone than were to; what \
                     platforms tell of that time is taken in again"
                );
            }
            self.horizon.store(horizon, Ordering::Release);
        }
        let mut waiting = 0;
        if let Some(newest) = self.journal.last_key_value() {
            self.newest_at_start = id_of(&newest.key()?)?;
            self.first.to_fan_out = self.newest_at_start;
            self.synced = Mutex::new(self.newest_at_start);
        }
        for entry in self.work.prefix([keys::work::TO_FAN_OUT]) {
            let id = id_of(&entry.key()?)?;
            self.first.to_fan_out = id.min(self.first.to_fan_out);
            waiting += 1;
        }
        self.waiting.store(waiting, Ordering::Release);
        self.held = held::Counts::read(&self.work)?;
        let mut depth = self.depth.lock().unwrap_or_else(PoisonError::into_inner);
        for entry in self.work.prefix([keys::work::OUTBOX]) {
            let key = entry.key()?;
            let room = keys::parse_room(&key[1..]).ok_or_else(bad_key)?;
            let id = id_of(&key)?;
            let rows = self.first.rows.get_mut().unwrap_or_else(PoisonError::into_inner);
            rows.entry(room.clone()).or_insert(id);
            depth.entry(room).or_default().queued += 1;
        }
        for entry in self.work.prefix([keys::work::DEAD]) {
            let (key, value) = entry.into_inner()?;
            let room = keys::parse_room(&key[1..]).ok_or_else(bad_key)?;
            let mut change = DepthChange::default();
            change.add(&DeadLetter::decode(&value)?);
            depth.entry(room).or_default().change(change);
        }
        Ok(())
    }
}

/// When a file of the folder was last written to.
pub(super) fn newest_write(path: &Path) -> Timestamp {
    let files = path.read_dir().into_iter().flatten().flatten();
    let written = files.filter_map(|file| file.metadata().ok()?.modified().ok());
    let since = written.max().and_then(|at| at.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
    Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

pub(super) fn id_of(key: &[u8]) -> Result<EnvelopeId, StoreError> {
    keys::trailing_id(key).ok_or_else(bad_key)
}

pub(super) fn bad_key() -> StoreError {
    StoreError::Corrupt { place: "work", why: "a key has not the expected shape".into() }
}

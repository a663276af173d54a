//! What is found after the cut: everything answered is there, and nothing is there by halves.

use super::content::{self, Answered, ROOMS, Which, room};
use fjall::{Database, KeyspaceCreateOptions};
use relay::store::ledger::WriterGuard;
use relay::store::{EnvelopeId, Ledger, Lookup, Mapped, MappingIndex, OutboxRow, StoreError, Verdict};
use relay_contract::{Envelope, MessageKey, RoomKey};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::Path;

const FIRST: EnvelopeId = EnvelopeId([0; 16]);

/// Opens what a cut left behind and returns what is wrong, a line each.
pub fn run(state: &Path, answered: &[Answered]) -> Result<Vec<String>, String> {
    start_machine_anew(state)?;
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|e| e.to_string())?;
    let (ledger, writer) = Ledger::open(state).map_err(|e| format!("the ledger does not open: {e}"))?;
    let mut found = Found { ledger: ledger.clone(), wrong: Vec::new() };
    let rows = found.check_lanes().map_err(told)?;
    found.check_answered(answered, &rows).map_err(told)?;
    found.check_mapping(state, answered).map_err(told)?;
    let mut wrong = std::mem::take(&mut found.wrong);
    drop(found);
    close(&runtime, ledger, writer)?;

    let (journal, seen) = read_raw(&state.join("ledger"))?;
    if journal != seen.values().copied().collect() {
        wrong.push("journal and event keys are not of the same envelopes".into());
    }

    let (ledger, writer) = Ledger::open(state).map_err(|e| format!("the ledger does not open again: {e}"))?;
    let perhaps = content::perhaps_written(answered);
    let written: Vec<Envelope> = perhaps.iter().map(|which| which.envelope()).collect();
    let repeated = runtime.block_on(accept_again(&ledger, &perhaps, &written))?;
    for (which, id) in accepted(answered) {
        if !repeated.contains(&which) {
            wrong.push(format!("{which:?} was acknowledged and is accepted once more"));
        }
        if !journal.contains(&id.0) {
            wrong.push(format!("{which:?} was acknowledged as {id} and is not in the journal"));
        }
    }
    if let Some((to, id)) = rows.keys().find(|(_, id)| !journal.contains(&id.0)) {
        wrong.push(format!("the row of {id} in {to} has no envelope"));
    }
    if repeated.len() != journal.len() {
        wrong.push(format!("{} events are known, {} envelopes are kept", repeated.len(), journal.len()));
    }
    // A cursor may lag, and never leads: what it passed is kept.
    for which in perhaps.iter().filter(|which| !which.edit) {
        let cursor = ledger.cursor(&which.account()).map_err(told)?;
        if cursor.is_some_and(|cursor| cursor >= which.cursor()) && !repeated.contains(which) {
            wrong.push(format!("the cursor has passed {which:?}, which is lost"));
        }
    }
    wrong.extend(check_whole(&ledger, &journal, &written).map_err(told)?);
    close(&runtime, ledger, writer)?;
    Ok(wrong)
}

/// After a power cut the machine has been started again, which the mapping looks at.
fn start_machine_anew(state: &Path) -> Result<(), String> {
    let mark = state.join("mapping.written-since");
    match std::fs::read_to_string(&mark).as_deref() {
        Err(_) | Ok("closed") => Ok(()),
        Ok(_) => std::fs::write(&mark, "an earlier start of the machine").map_err(|e| e.to_string()),
    }
}

fn told(error: StoreError) -> String {
    format!("reading failed: {error}")
}

fn close(runtime: &tokio::runtime::Runtime, ledger: Ledger, writer: WriterGuard) -> Result<(), String> {
    runtime.block_on(ledger.close()).map_err(|e| e.to_string())?;
    drop(ledger);
    writer.join();
    Ok(())
}

fn accepted(answered: &[Answered]) -> impl Iterator<Item = (Which, EnvelopeId)> {
    answered.iter().flat_map(|answer| match answer {
        Answered::Accepted { what } => what.clone(),
        _ => Vec::new(),
    })
}

/// Deliveries that are still to be done.
type Rows = HashMap<(RoomKey, EnvelopeId), OutboxRow>;

struct Found {
    ledger: Ledger,
    wrong: Vec<String>,
}

impl Found {
    fn expect(&mut self, holds: bool, what: impl FnOnce() -> String) {
        if !holds {
            self.wrong.push(what());
        }
    }

    fn check_answered(&mut self, answered: &[Answered], rows: &Rows) -> Result<(), StoreError> {
        let lines = self.ledger.index_after(0, usize::MAX)?;
        let contiguous = lines.iter().zip(1..).all(|((number, _), expected)| *number == expected);
        let position = self.ledger.position();
        self.expect(contiguous && lines.len() as u64 == position, || {
            format!("the index log has {} lines and says {position}", lines.len())
        });
        let mut delivered = HashSet::new();
        for (_, line) in &lines {
            for message in &line.messages {
                delivered.insert((
                    line.envelope,
                    line.room.clone(),
                    message.id.as_str().to_owned(),
                    line.origin,
                ));
            }
        }
        let copies: HashSet<_> = delivered.iter().map(|(id, room, ..)| (*id, room.clone())).collect();
        let aside: HashSet<String> =
            self.ledger.aside(usize::MAX)?.into_iter().map(|event| event.reason).collect();
        for answer in answered {
            let ledger = self.ledger.clone();
            let missing = || format!("lost: {answer:?}");
            match answer {
                Answered::Accepted { what } => {
                    for (which, id) in what {
                        let line = (*id, room("here"), which.message_id(), true);
                        self.expect(which.edit || delivered.contains(&line), missing);
                    }
                }
                Answered::Progress { room: to, id, attempts } => {
                    let kept = match rows.get(&(room(to), *id)) {
                        Some(row) => row.attempts >= *attempts,
                        None => copies.contains(&(*id, room(to))) || ledger.is_dead(&room(to), *id)?,
                    };
                    self.expect(kept, missing);
                }
                Answered::Completed { room: to, id, subject, message } => {
                    let line = (*subject, room(to), message.clone(), false);
                    let open = ledger.pending(*id)?.contains(&room(to));
                    self.expect(delivered.contains(&line) && !open, missing);
                }
                Answered::Buried { room: to, id } => {
                    let open = ledger.pending(*id)?.contains(&room(to));
                    self.expect(ledger.is_dead(&room(to), *id)? && !open, missing);
                }
                Answered::Marked { what } => {
                    let marked = ledger.mark(&room(&what.message_id())).is_some();
                    self.expect(marked, missing);
                }
                Answered::Aside { what } => self.expect(aside.contains(&what.message_id()), missing),
                Answered::Room { what } => {
                    let (asked, known) = what.known_room();
                    let kept = ledger.known_room(&what.account(), &asked)?;
                    self.expect(kept == Some(known), missing);
                }
            }
        }
        Ok(())
    }

    /// Rows decode, have their envelope and their second mark, and are counted.
    fn check_lanes(&mut self) -> Result<Rows, StoreError> {
        let mut rows = Rows::new();
        let depths = self.ledger.depths();
        let dead = self.ledger.dead_letters(usize::MAX)?;
        for to in ROOMS.map(room) {
            let mut from = FIRST;
            let mut queued = 0;
            while let Some((id, row)) = self.ledger.head(&to, from)? {
                queued += 1;
                let marked = self.ledger.pending(id)?.contains(&to);
                self.expect(marked, || format!("the row of {id} in {to} has no mark"));
                rows.insert((to.clone(), id), row);
                from = EnvelopeId((u128::from_be_bytes(id.0) + 1).to_be_bytes());
            }
            let buried = dead.iter().filter(|(room, ..)| *room == to).count() as u64;
            let depth = depths.get(&to).copied().unwrap_or_default();
            self.expect((depth.queued, depth.dead) == (queued, buried), || {
                format!("{to} has {queued} rows and {buried} dead letters, and says {depth:?}")
            });
        }
        Ok(rows)
    }

    /// The mapping is brought up to the ledger, or made anew, and knows all that was answered.
    fn check_mapping(&mut self, state: &Path, answered: &[Answered]) -> Result<(), StoreError> {
        let index = MappingIndex::open(state, &self.ledger, &mut |_, _| {})?;
        let (reached, position) = (index.position(), self.ledger.position());
        self.expect(reached == position, || format!("the mapping is at {reached}, the ledger at {position}"));
        let lookup: Lookup = index.lookup(self.ledger.clone());
        for answer in answered {
            let (at, id, mapped) = match answer {
                Answered::Accepted { what } => {
                    let (which, id) = what[0];
                    ("here", which.message_id(), Mapped { envelope: id, origin: true })
                }
                Answered::Completed { room, subject, message, .. } => {
                    (room.as_str(), message.clone(), Mapped { envelope: *subject, origin: false })
                }
                _ => continue,
            };
            if matches!(answer, Answered::Accepted { what } if what[0].0.edit) {
                continue;
            }
            let found = lookup.find(&MessageKey { room: room(at), id: id.into() })?;
            self.expect(found == Some(mapped), || format!("the mapping says {found:?} for {answer:?}"));
        }
        index.close()
    }
}

/// Ids in the journal, and what the event keys point to.
type Raw = (BTreeSet<[u8; 16]>, BTreeMap<Vec<u8>, [u8; 16]>);

fn read_raw(path: &Path) -> Result<Raw, String> {
    let failed = |e: fjall::Error| format!("reading the keyspaces: {e}");
    let id = |bytes: &[u8]| <[u8; 16]>::try_from(bytes).map_err(|_| "an id has not 16 bytes".to_owned());
    let db = Database::builder(path).worker_threads(1).open().map_err(failed)?;
    let journal = db.keyspace("journal", KeyspaceCreateOptions::default).map_err(failed)?;
    let seen = db.keyspace("seen", KeyspaceCreateOptions::default).map_err(failed)?;
    let mut raw = Raw::default();
    for entry in journal.iter() {
        raw.0.insert(id(&entry.key().map_err(failed)?)?);
    }
    for entry in seen.iter() {
        let (key, value) = entry.into_inner().map_err(failed)?;
        raw.1.insert(key.to_vec(), id(&value)?);
    }
    Ok(raw)
}

/// Hands over all that was or may have been accepted, and returns what was known already.
async fn accept_again(
    ledger: &Ledger,
    perhaps: &[Which],
    written: &[Envelope],
) -> Result<HashSet<Which>, String> {
    let mut repeated = HashSet::new();
    for (some, envelopes) in perhaps.chunks(64).zip(written.chunks(64)) {
        let account = some[0].account();
        let receiver = ledger.accept(account, envelopes.to_vec()).await.map_err(|e| e.to_string())?;
        let verdicts = receiver.await.map_err(|e| e.to_string())?.map_err(|e| e.to_string())?;
        let known = some.iter().zip(verdicts).filter(|(_, verdict)| *verdict == Verdict::Repeated);
        repeated.extend(known.map(|(which, _)| *which));
    }
    Ok(repeated)
}

/// What was in the journal decodes, is what was written, and has its other half: index line, and work or its result.
fn check_whole(
    ledger: &Ledger,
    journal: &BTreeSet<[u8; 16]>,
    written: &[Envelope],
) -> Result<Vec<String>, StoreError> {
    let mut wrong = Vec::new();
    let written: HashMap<content::Key, &Envelope> =
        written.iter().map(|envelope| (content::key(envelope), envelope)).collect();
    let lines = ledger.index_after(0, usize::MAX)?;
    let originals: HashSet<EnvelopeId> =
        lines.iter().filter(|(_, l)| l.origin).map(|(_, l)| l.envelope).collect();
    let delivered: HashSet<EnvelopeId> =
        lines.iter().filter(|(_, l)| !l.origin).map(|(_, l)| l.envelope).collect();
    let to_do: HashSet<EnvelopeId> = ledger.to_fan_out(FIRST, usize::MAX)?.into_iter().collect();
    for id in journal.iter().copied().map(EnvelopeId) {
        let Some(envelope) = ledger.envelope(id)? else {
            wrong.push(format!("{id} is no longer in the journal"));
            continue;
        };
        let posted = content::key(&envelope).0;
        if written.get(&content::key(&envelope)) != Some(&&*envelope) {
            wrong.push(format!("{id} is in the journal, and not as it was written"));
        }
        if posted && !originals.contains(&id) {
            wrong.push(format!("{id} has no line in the index log"));
        }
        // An edit's deliveries are recorded under its post.
        let worked_on = to_do.contains(&id) || !ledger.pending(id)?.is_empty() || delivered.contains(&id);
        if posted && !worked_on {
            wrong.push(format!("{id} is accepted, and nothing says what is to be done with it"));
        }
    }
    Ok(wrong)
}

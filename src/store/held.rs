//! What is held at the door: accepted and on disk, and not in the journal yet. Executed by the writer.
//!
//! Held is what somebody said faster than their budget, in their order, and what was done meanwhile to a message that is held. It goes
//! into the journal under an id of its own when its time has come. An edit of a held message becomes the message, a delete
//! its end. What others answer in a thread that hangs from a held message waits with it and goes on with it, so that it stands below it
//! elsewhere too.

mod read;
#[cfg(test)]
mod tests;

pub use read::HeldEntry;

use super::ledger::Ledger;
use super::records::{EnvelopeId, SetAside, StoredEnvelope};
use super::seals;
use super::shared::{Shared, bad_key, id_of};
use super::writer::{Command, Verdict};
use super::{StoreError, keys, moves};
use fjall::{Keyspace, OwnedWriteBatch as WriteBatch};
use relay_contract::{Account, Envelope, Event, Message, MessageKey, NativeId, RoomKey, Timestamp};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Mutex, PoisonError};
use tokio::sync::oneshot;

/// Whose messages are held: the room, and the author's id there.
pub type Sender = (RoomKey, NativeId);

/// What a release has come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Released {
    /// The last that went into the journal, by the id it was held under; none if nothing was held.
    pub last: Option<EnvelopeId>,
    /// Whether more of the same sender is held.
    pub more: bool,
}

/// How much is held, kept in memory.
#[derive(Debug, Default)]
pub(super) struct Counts {
    by_sender: Mutex<BTreeMap<Sender, u64>>,
    /// The newest id that an earlier run has held something under.
    pub(super) newest: EnvelopeId,
}

impl Counts {
    /// Counts what an earlier run has left.
    pub(super) fn read(work: &Keyspace) -> Result<Self, StoreError> {
        let (mut by_sender, mut newest) = (BTreeMap::new(), EnvelopeId::default());
        for entry in work.prefix([keys::work::HELD]) {
            let key = entry.key()?;
            let sender = keys::parse_held(&key).ok_or_else(bad_key)?;
            *by_sender.entry(sender).or_default() += 1;
            newest = newest.max(id_of(&key)?);
        }
        Ok(Self { by_sender: Mutex::new(by_sender), newest })
    }

    /// After a commit.
    pub(super) fn change(&self, changes: HashMap<Sender, i64>) {
        let mut counts = self.by_sender.lock().unwrap_or_else(PoisonError::into_inner);
        for (sender, change) in changes {
            let count = counts.get(&sender).copied().unwrap_or_default().saturating_add_signed(change);
            match count {
                0 => drop(counts.remove(&sender)),
                _ => drop(counts.insert(sender, count)),
            }
        }
    }
}

/// What a batch in the making changes of what is held: reads see it before the disk has it.
#[derive(Default)]
pub(super) struct Changes {
    entries: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
    /// Changes of the counts.
    pub(super) counts: HashMap<Sender, i64>,
}

/// A key and what is stored under it.
type Entry = (Vec<u8>, Vec<u8>);

impl Changes {
    fn put(&mut self, shared: &Shared, batch: &mut WriteBatch, key: Vec<u8>, value: Vec<u8>) {
        batch.insert(&shared.work, key.clone(), value.clone());
        self.entries.insert(key, Some(value));
    }

    fn remove(&mut self, shared: &Shared, batch: &mut WriteBatch, key: Vec<u8>) {
        batch.remove(&shared.work, key.clone());
        self.entries.insert(key, None);
    }

    fn get(&self, shared: &Shared, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        match self.entries.get(key) {
            Some(changed) => Ok(changed.clone()),
            None => Ok(shared.work.get(key)?.map(|value| value.to_vec())),
        }
    }

    /// The first entry between two keys, both included.
    fn first(&self, shared: &Shared, from: &[u8], to: &[u8]) -> Result<Option<Entry>, StoreError> {
        let here = self.entries.range(from.to_vec()..=to.to_vec());
        let mut here = here.filter_map(|(key, value)| Some((key.clone(), value.clone()?)));
        let here = here.next();
        for entry in shared.work.range(from..=to) {
            let (key, value) = entry.into_inner()?;
            if here.as_ref().is_some_and(|(first, _)| **first < *key) {
                break;
            }
            if !self.entries.contains_key(&*key) {
                return Ok(Some((key.to_vec(), value.to_vec())));
            }
        }
        Ok(here)
    }

    fn count(&mut self, sender: Sender, change: i64) {
        *self.counts.entry(sender).or_default() += change;
    }
}

/// What an event comes to that may have to wait.
pub(super) enum Wait {
    /// It need not.
    No,
    /// It is held now, or has become part of what is.
    Done(Verdict),
    /// It need not, and neither need this, which comes before it.
    After(Box<(Account, Envelope)>),
}

/// Holds an event that is over its sender's budget, or is about a message that is held.
pub(super) fn hold(
    shared: &Shared,
    account: &Account,
    envelope: &Envelope,
    over: bool,
    id: EnvelopeId,
    (changes, batch): (&mut Changes, &mut WriteBatch),
) -> Result<Wait, StoreError> {
    let subject = envelope.subject();
    let (about, root) = match (&envelope.event, &subject) {
        (Event::Posted(message), _) => (None, root_of(envelope, message)),
        (_, subject) => (subject.as_ref(), None),
    };
    let held = |message: Option<&MessageKey>, changes: &Changes| match message {
        Some(message) => changes.get(shared, &keys::held_post(message)),
        None => Ok(None),
    };
    let (about, root) = (held(about, changes)?, held(root.as_ref(), changes)?);
    if let (Event::Removed { .. }, Some(key)) = (&envelope.event, &about) {
        return take_out(shared, key, (changes, batch));
    }
    let sender = match (about.as_ref(), root.as_ref(), &envelope.author) {
        (Some(key), ..) => {
            if let Some(verdict) = fold(shared, account, envelope, key, (changes, batch))? {
                return Ok(Wait::Done(verdict));
            }
            keys::parse_held(key).ok_or_else(bad_key)?
        }
        (None, Some(root), _) => keys::parse_held(root).ok_or_else(bad_key)?,
        (None, None, Some(author)) if over => (envelope.origin.clone(), author.id.clone()),
        (None, None, _) => return Ok(Wait::No),
    };
    let key = keys::held(&sender.0, &sender.1, id);
    if let (Event::Posted(_), Some(subject)) = (&envelope.event, &subject) {
        changes.put(shared, batch, keys::held_post(subject), key.clone());
    }
    // What somebody says to themselves comes after it anyway.
    if let Some(root) = root
        && envelope.author.as_ref().is_none_or(|author| author.id != sender.1)
    {
        changes.put(shared, batch, keys::held_answer(id_of(&root)?, id), key.clone());
    }
    let bytes = sealed(shared, account, envelope, &key)?;
    changes.put(shared, batch, key, bytes);
    changes.count(sender, 1);
    Ok(Wait::Done(Verdict::Held))
}

/// What is stored of something that is held.
fn sealed(
    shared: &Shared,
    account: &Account,
    envelope: &Envelope,
    key: &[u8],
) -> Result<Vec<u8>, StoreError> {
    let stored = StoredEnvelope::new(account.clone(), envelope.clone());
    shared.seals.seal(&stored, seals::subject(envelope).as_ref(), key)
}

/// The message that a thread hangs from which another one stands in.
fn root_of(envelope: &Envelope, message: &Message) -> Option<MessageKey> {
    let root = message.thread.as_ref()?.root.clone()?;
    (root != message.at.id).then(|| MessageKey { room: envelope.origin.clone(), id: root })
}

/// A held message that somebody has removed everywhere goes on before that, so that it is known where it is to be removed.
fn take_out(
    shared: &Shared,
    key: &[u8],
    (changes, batch): (&mut Changes, &mut WriteBatch),
) -> Result<Wait, StoreError> {
    let Some(bytes) = changes.get(shared, key)? else { return Ok(Wait::No) };
    let Some(stored) = shared.seals.unseal::<StoredEnvelope>(&bytes, key)? else { return Ok(Wait::No) };
    let (account, envelope) = (stored.account(), stored.into_envelope());
    remove(shared, key, envelope.subject(), (changes, batch))?;
    Ok(Wait::After(Box::new((account, envelope))))
}

/// An edit becomes the held message, a delete its end; none where the event has to wait with it.
fn fold(
    shared: &Shared,
    account: &Account,
    envelope: &Envelope,
    key: &[u8],
    (changes, batch): (&mut Changes, &mut WriteBatch),
) -> Result<Option<Verdict>, StoreError> {
    match &envelope.event {
        Event::Deleted { .. } => {
            remove(shared, key, envelope.subject(), (changes, batch))?;
            Ok(Some(Verdict::Folded))
        }
        Event::Edited { to, .. } => {
            let Some(bytes) = changes.get(shared, key)? else { return Ok(None) };
            let Some(posted) = shared.seals.unseal::<StoredEnvelope>(&bytes, key)? else { return Ok(None) };
            let posted = posted.into_envelope();
            let by = |envelope: &Envelope| envelope.author.as_ref().map(|author| author.id.clone());
            let Event::Posted(was) = &posted.event else { return Ok(None) };
            // Whose it is, is found out where all edits are looked at.
            if by(&posted).is_some() && by(&posted) != by(envelope) {
                return Ok(None);
            }
            let event = Event::Posted(after(was, to));
            let bytes = sealed(shared, account, &Envelope { event, ..posted }, key)?;
            changes.put(shared, batch, key.to_vec(), bytes);
            Ok(Some(Verdict::Folded))
        }
        _ => Ok(None),
    }
}

/// An edit need not say again where the message stands, what it answers and that it was passed on.
fn after(was: &Message, to: &Message) -> Message {
    Message {
        at: was.at.clone(),
        thread: to.thread.clone().or_else(|| was.thread.clone()),
        forward: to.forward.clone().or_else(|| was.forward.clone()),
        poll: to.poll.clone().or_else(|| was.poll.clone()),
        reply: to.reply.clone().or_else(|| was.reply.clone()),
        ..to.clone()
    }
}

fn remove(
    shared: &Shared,
    key: &[u8],
    post: Option<MessageKey>,
    (changes, batch): (&mut Changes, &mut WriteBatch),
) -> Result<(), StoreError> {
    let sender = keys::parse_held(key).ok_or_else(bad_key)?;
    changes.remove(shared, batch, key.to_vec());
    if let Some(post) = post {
        changes.remove(shared, batch, keys::held_post(&post));
        for (answer, _) in answers(shared, id_of(key)?, changes)? {
            changes.remove(shared, batch, answer);
        }
    }
    changes.count(sender, -1);
    Ok(())
}

/// What waits for a held message, in its order: each with where it is held.
fn answers(shared: &Shared, root: EnvelopeId, changes: &Changes) -> Result<Vec<Entry>, StoreError> {
    let (mut found, mut begin) = (Vec::new(), keys::held_answer(root, EnvelopeId::default()));
    let end = keys::held_answer(root, EnvelopeId([0xFF; 16]));
    while let Some((key, value)) = changes.first(shared, &begin, &end)? {
        begin = after_key(&key);
        found.push((key, value));
    }
    Ok(found)
}

/// The next key there can be.
fn after_key(key: &[u8]) -> Vec<u8> {
    [key, &[0]].concat()
}

/// Takes the oldest message of a sender out, and what waits with it: the envelopes for the journal, in their order.
pub(super) fn take(
    shared: &Shared,
    (room, author): &Sender,
    from: EnvelopeId,
    (changes, batch): (&mut Changes, &mut WriteBatch),
) -> Result<(Vec<(Account, Envelope)>, Released), StoreError> {
    let (mut taken, mut released) = (Vec::new(), Released { last: None, more: false });
    let end = keys::held(room, author, EnvelopeId([0xFF; 16]));
    let mut begin = keys::held(room, author, from);
    let mut has_post = false;
    while let Some((key, value)) = changes.first(shared, &begin, &end)? {
        let read = shared.seals.unseal::<StoredEnvelope>(&value, &key);
        let Some(read) = read.transpose() else {
            // Whoever said it is forgotten.
            remove(shared, &key, None, (changes, batch))?;
            begin = key;
            continue;
        };
        let read = read.map(|stored| (stored.account(), stored.into_envelope()));
        let is_post = matches!(&read, Ok((_, Envelope { event: Event::Posted(_), .. })));
        if is_post && has_post {
            released.more = true;
            break;
        }
        has_post |= is_post;
        released.last = Some(id_of(&key)?);
        match read {
            Ok((account, mut envelope)) => {
                let post = envelope.subject().filter(|_| is_post);
                let with_it = if is_post { answers(shared, id_of(&key)?, changes)? } else { Vec::new() };
                remove(shared, &key, post, (changes, batch))?;
                // The room may have gone on as another meanwhile.
                if let Some(to) = moves::destination(shared, &envelope.origin)? {
                    envelope.origin = to;
                }
                taken.push((account, envelope));
                for (_, at) in with_it {
                    let Some(bytes) = changes.get(shared, &at)? else { continue };
                    // One that cannot be read is met again where it is held.
                    let Ok(Some(stored)) = shared.seals.unseal::<StoredEnvelope>(&bytes, &at) else {
                        continue;
                    };
                    let (account, mut answer) = (stored.account(), stored.into_envelope());
                    remove(shared, &at, answer.subject(), (changes, batch))?;
                    answer.origin = taken.last().map_or(answer.origin, |(_, root)| root.origin.clone());
                    taken.push((account, answer));
                }
            }
            // One record that cannot be read must not hold all that come after it.
            Err(error) => {
                remove(shared, &key, None, (changes, batch))?;
                let aside = SetAside {
                    account: String::new(),
                    reason: error.to_string(),
                    payload: format!("{value:?}"),
                    at: Timestamp::now().0,
                };
                let at = keys::aside(id_of(&key)?);
                let bytes = shared.seals.seal(&aside, None, &at)?;
                batch.insert(&shared.work, at, bytes);
                tracing::error!(%room, %error, "a held message is set aside");
            }
        }
        begin = key;
    }
    Ok((taken, released))
}

/// Drops what somebody said in a room from a time on, whatever it waits for, and what was done to it; answers how much it was.
pub(super) fn drop_said(
    shared: &Shared,
    (room, author): &Sender,
    since: Timestamp,
    (changes, batch): (&mut Changes, &mut WriteBatch),
) -> Result<u64, StoreError> {
    let (mut begin, end) = keys::held_in(room);
    let (mut dropped, mut gone) = (0, HashSet::new());
    while let Some((key, value)) = changes.first(shared, &begin, &end)? {
        begin = after_key(&key);
        let Ok(Some(stored)) = shared.seals.unseal::<StoredEnvelope>(&value, &key) else { continue };
        let envelope = stored.into_envelope();
        let subject = envelope.subject();
        let post = match read::is_of(&envelope, author, since) {
            true => subject.clone(),
            false if subject.as_ref().is_some_and(|subject| gone.contains(subject)) => None,
            false => continue,
        };
        remove(shared, &key, post.clone(), (changes, batch))?;
        gone.extend(post);
        dropped += 1;
    }
    Ok(dropped)
}

impl Ledger {
    /// Queues envelopes of one event, each with whether it is over its sender's budget: those are held, and what is about a message
    /// that is held becomes part of it or waits with it; the rest is accepted. Like `accept` otherwise.
    pub async fn hold(
        &self,
        account: Account,
        envelopes: Vec<(Envelope, bool)>,
    ) -> Result<oneshot::Receiver<Result<Vec<Verdict>, StoreError>>, StoreError> {
        let (done, receiver) = oneshot::channel();
        self.send(Command::Hold { account, envelopes, done }).await?;
        Ok(receiver)
    }

    /// Puts the oldest message of a sender that is held, not older than `from`, into the journal, with what waits with it. Resolves
    /// when it is on disk.
    pub async fn release(&self, sender: Sender, from: EnvelopeId) -> Result<Released, StoreError> {
        let (done, receiver) = oneshot::channel();
        self.send(Command::Release { sender, from, done }).await?;
        receiver.await.map_err(|_| StoreError::Closed)?
    }

    /// Drops what somebody said in a room from a time on and that is held; answers how much. Resolves when that is on disk.
    pub async fn drop_held(&self, sender: Sender, since: Timestamp) -> Result<u64, StoreError> {
        let (done, receiver) = oneshot::channel();
        self.send(Command::DropHeld { sender, since, done }).await?;
        receiver.await.map_err(|_| StoreError::Closed)?
    }

    /// How much is held of whom.
    pub fn held(&self) -> BTreeMap<Sender, u64> {
        self.shared.held.by_sender.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

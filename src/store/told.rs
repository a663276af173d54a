//! What is told once: to a person what becomes of what they say, and to a room, with what Relay has pinned there. Marks in meta. And
//! in which rooms it was said that nothing is carried of who has not allowed it: that holds there until something else is said.

use super::ledger::Ledger;
use super::shared::{Shared, bad_key};
use super::writer::Command;
use super::{StoreError, keys};
use crate::consent::{Person, Unsaid};
use fjall::{Keyspace, OwnedWriteBatch as WriteBatch};
use relay_contract::{MessageRef, RoomKey, Timestamp};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{PoisonError, RwLock};

/// The channels in which a room asked.
type Channels = BTreeMap<String, Asks>;

/// Whether a room asks in a channel, in milliseconds since the epoch.
#[derive(Debug, Clone, Copy)]
enum Asks {
    /// It does, since then.
    Since(i64),
    /// It was told then that it does not any more; 0 where an older Relay did not write down when.
    Until(i64),
}

/// A room was told of programs, too.
const PROGRAMS: u8 = b'p';
/// And that what is said in it is carried.
const CARRIES: u8 = b'c';
/// Behind it, with which rooms.
const OF: u8 = b'|';
/// Before the time until when it did.
const UNTIL: u8 = b'u';

impl Asks {
    fn read(value: &[u8]) -> Self {
        let at = |bytes: &[u8]| bytes.try_into().map_or(0, i64::from_be_bytes);
        match value.split_first() {
            None => Self::Until(0),
            Some((&UNTIL, until)) if until.len() == 8 => Self::Until(at(until)),
            // What cannot be read has not been told otherwise.
            Some(_) => Self::Since(at(value)),
        }
    }

    fn bytes(self) -> Vec<u8> {
        match self {
            Self::Since(at) => at.to_be_bytes().to_vec(),
            Self::Until(at) => [&[UNTIL][..], &at.to_be_bytes()].concat(),
        }
    }

    fn since(self) -> Option<i64> {
        match self {
            Self::Since(at) => Some(at),
            Self::Until(_) => None,
        }
    }

    fn until(self) -> Option<i64> {
        match self {
            Self::Until(at) => Some(at).filter(|at| *at > 0),
            Self::Since(_) => None,
        }
    }
}

/// The rooms that ask, or did, in memory too.
pub(super) struct Asking {
    all: RwLock<HashMap<RoomKey, Channels>>,
    any: AtomicBool,
}

impl Asking {
    /// Reads them.
    pub(super) fn read(meta: &Keyspace) -> Result<Self, StoreError> {
        let mut all: HashMap<RoomKey, Channels> = HashMap::new();
        for entry in meta.prefix(keys::ASKING_PREFIX) {
            let (key, value) = entry.into_inner()?;
            let (room, channel) = keys::parse_asking(&key).ok_or_else(bad_key)?;
            all.entry(room).or_default().insert(channel, Asks::read(&value));
        }
        let any = AtomicBool::new(!all.is_empty());
        Ok(Self { all: RwLock::new(all), any })
    }

    /// A room goes on as another one.
    pub(super) fn follow(&self, shared: &Shared, from: &RoomKey, to: &RoomKey, batch: &mut WriteBatch) {
        let mut all = self.all.write().unwrap_or_else(PoisonError::into_inner);
        let Some(channels) = all.get(from).cloned() else { return };
        for (channel, asks) in &channels {
            batch.insert(&shared.meta, keys::asking(to, channel), asks.bytes());
        }
        all.entry(to.clone()).or_default().extend(channels);
    }

    fn put(&self, room: &RoomKey, channel: &str, asks: Asks) {
        let mut all = self.all.write().unwrap_or_else(PoisonError::into_inner);
        all.entry(room.clone()).or_default().insert(channel.to_owned(), asks);
        drop(all);
        self.any.store(true, Ordering::Release);
    }
}

/// What somebody was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// That what they say is carried, or that nothing is until they allow it.
    Of(Unsaid),
    /// One of both, by an older Relay.
    Either,
}

/// What a room was told: that it is linked, and
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RoomTold {
    /// that programs see what is said in it, too;
    pub programs: bool,
    /// that what is said in it is carried of everybody who has not said no;
    pub carries: bool,
    /// with which rooms, as hashes of them. None where an older Relay told it, which did not keep that.
    pub of: Option<BTreeSet<u64>>,
}

impl RoomTold {
    fn read(value: &[u8]) -> Self {
        let mut parts = value.splitn(2, |byte| *byte == OF);
        let what = parts.next().unwrap_or_default();
        let of = parts.next().map(|hashes| {
            hashes.as_chunks().0.iter().copied().map(u64::from_be_bytes).collect::<BTreeSet<u64>>()
        });
        Self { programs: what.contains(&PROGRAMS), carries: what.contains(&CARRIES), of }
    }

    fn bytes(&self) -> Vec<u8> {
        let what = [self.programs.then_some(PROGRAMS), self.carries.then_some(CARRIES)];
        let of = self.of.as_ref().map(|of| of.iter().flat_map(|hash| hash.to_be_bytes()));
        let of = of.into_iter().flat_map(|hashes| std::iter::once(OF).chain(hashes));
        what.into_iter().flatten().chain(of).collect()
    }
}

impl Ledger {
    /// What somebody was told of what becomes of what they say.
    pub fn told(&self, person: &Person) -> Result<Option<Told>, StoreError> {
        let told = self.shared.meta.get(keys::told(person.as_str()))?;
        Ok(told.map(|told| match told.first() {
            Some(b'n') => Told::Of(Unsaid::Notice),
            Some(_) => Told::Of(Unsaid::OptIn),
            None => Told::Either,
        }))
    }

    /// They were told this. Goes when they are forgotten.
    pub async fn remember_told(&self, person: &Person, what: Unsaid) -> Result<(), StoreError> {
        let key = keys::told(person.as_str());
        let value = match what {
            Unsaid::Notice => b"n".to_vec(),
            Unsaid::OptIn => b"o".to_vec(),
        };
        self.ask(|done| Command::Remember { key, value, done }).await
    }

    /// What a room was told by itself; none where it was told nothing.
    pub fn room_told(&self, room: &RoomKey) -> Result<Option<RoomTold>, StoreError> {
        let told = self.shared.meta.get(keys::told_room(room))?;
        Ok(told.map(|told| RoomTold::read(&told)))
    }

    /// It was told this.
    pub async fn remember_room_told(&self, room: &RoomKey, told: RoomTold) -> Result<(), StoreError> {
        let (key, value) = (keys::told_room(room), told.bytes());
        self.ask(|done| Command::Remember { key, value, done }).await
    }

    /// Whether Relay has pinned a notice in a room, whatever became of it since.
    pub fn has_pinned_notice(&self, room: &RoomKey) -> Result<bool, StoreError> {
        Ok(self.shared.meta.contains_key(keys::pinned_notice(room))?)
    }

    /// The notice that Relay has pinned last; none also where an older Relay has, which did not write down which.
    pub fn pinned_notice(&self, room: &RoomKey) -> Result<Option<MessageRef>, StoreError> {
        let pinned = self.shared.meta.get(keys::pinned_notice(room))?;
        Ok(pinned.and_then(|pinned| serde_json::from_slice(&pinned).ok()))
    }

    /// It has pinned this one.
    pub async fn remember_pinned_notice(
        &self,
        room: &RoomKey,
        notice: &MessageRef,
    ) -> Result<(), StoreError> {
        let key = keys::pinned_notice(room);
        let value = serde_json::to_vec(notice).unwrap_or_default();
        self.ask(|done| Command::Remember { key, value, done }).await
    }

    /// Whether any room asks, or did.
    pub fn anywhere_asked(&self) -> bool {
        self.shared.asking.any.load(Ordering::Acquire)
    }

    /// Whether a room asks in a channel, or did.
    pub fn ever_asked(&self, room: &RoomKey) -> bool {
        self.anywhere_asked() && self.asking().contains_key(room)
    }

    /// Since when it was last said in a room that it asks, in a channel that is meant, with nothing else said since.
    pub fn asks_since(&self, room: &RoomKey, is_meant: impl Fn(&str) -> bool) -> Option<Timestamp> {
        if !self.anywhere_asked() {
            return None;
        }
        let all = self.asking();
        let meant = all.get(room).into_iter().flatten().filter(|(channel, _)| is_meant(channel));
        meant.filter_map(|(_, asks)| asks.since()).max().map(Timestamp)
    }

    /// When a room was last told that it does not ask any more in one of its channels.
    pub fn asked_until(&self, room: &RoomKey) -> Option<Timestamp> {
        if !self.anywhere_asked() {
            return None;
        }
        self.asking()
            .get(room)
            .into_iter()
            .flatten()
            .filter_map(|(_, asks)| asks.until())
            .max()
            .map(Timestamp)
    }

    /// A room asks in a channel. In force at once.
    pub async fn remember_asking(
        &self,
        room: &RoomKey,
        channel: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let (key, value) = (keys::asking(room, channel), Asks::Since(now.0).bytes());
        self.shared.asking.put(room, channel, Asks::Since(now.0));
        self.ask(|done| Command::Remember { key, value, done }).await
    }

    /// A room was told that it does not ask any more in the channels that are meant. In force once it is on disk.
    pub async fn remember_asks_no_more(
        &self,
        room: &RoomKey,
        is_meant: impl Fn(&str) -> bool,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let until = Asks::Until(now.0);
        let channels = self.asking().get(room).cloned().unwrap_or_default();
        for (channel, _) in
            channels.into_iter().filter(|(channel, asks)| asks.since().is_some() && is_meant(channel))
        {
            let ledger = self.clone();
            let noted = tokio::task::spawn_blocking(move || ledger.note_change(now)).await;
            noted.map_err(|_| StoreError::Closed)??;
            let (key, value) = (keys::asking(room, &channel), until.bytes());
            self.ask(|done| Command::Remember { key, value, done }).await?;
            self.shared.asking.put(room, &channel, until);
            self.shared.consent.said_anew();
        }
        Ok(())
    }

    /// Keeps beside the keys that what rooms are shown of people, or whether these are asked first, has changed: a backup from before does not
    /// know what held since. Blocks on the disk.
    pub fn note_change(&self, at: Timestamp) -> Result<(), StoreError> {
        self.shared.seals.keep_changed(at)
    }

    /// Whether the keys tell when that was last.
    pub fn knows_change(&self) -> bool {
        self.shared.seals.changed().is_some()
    }

    fn asking(&self) -> std::sync::RwLockReadGuard<'_, HashMap<RoomKey, Channels>> {
        self.shared.asking.all.read().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_room_was_told_is_read_as_it_was_written() {
        let all = |of: Option<&[u64]>| RoomTold {
            programs: true,
            carries: true,
            of: of.map(|of| of.iter().copied().collect()),
        };
        // One of them has the bytes of all marks.
        let marked = u64::from_be_bytes(*b"|pc|pc|p");
        for told in [RoomTold::default(), all(None), all(Some(&[])), all(Some(&[1, marked, u64::MAX]))] {
            assert_eq!(RoomTold::read(&told.bytes()), told);
        }
        // As an older Relay wrote it.
        assert_eq!(RoomTold::read(b""), RoomTold::default());
        assert_eq!(RoomTold::read(b"p"), RoomTold { programs: true, ..RoomTold::default() });
    }
}

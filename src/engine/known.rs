//! What the rooms that were asked for turned out to be: the ledger's entries, held in memory, by what was asked and by
//! what was found.

use crate::store::ledger::KnownRoomEntry;
use crate::store::records::KnownRoom;
use relay_contract::{Account, NativeId, RoomKey, Visibility};
use std::collections::{BTreeSet, HashMap};
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

/// Rooms by the account and the words with which they were asked for.
#[derive(Debug, Default)]
pub struct KnownRooms(RwLock<Known>);

#[derive(Debug, Default)]
struct Known {
    by_asked: HashMap<(Account, NativeId), KnownRoom>,
    by_key: HashMap<RoomKey, Vec<(Account, NativeId)>>,
}

impl KnownRooms {
    /// From the ledger.
    pub fn new(entries: Vec<KnownRoomEntry>) -> Self {
        let known = Self::default();
        for KnownRoomEntry { account, asked, room } in entries {
            known.put(&account, &asked, room);
        }
        known
    }

    /// What a room turned out to be when it was last asked about.
    pub fn get(&self, account: &Account, asked: &NativeId) -> Option<KnownRoom> {
        self.read().by_asked.get(&(account.clone(), asked.clone())).cloned()
    }

    /// Remembers it.
    pub fn put(&self, account: &Account, asked: &NativeId, room: KnownRoom) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let place = (account.clone(), asked.clone());
        let key = room.key.clone();
        let before = known.by_asked.insert(place.clone(), room).map(|before| before.key);
        if let Some(before) = before.filter(|before| *before != key)
            && let Some(places) = known.by_key.get_mut(&before)
        {
            places.retain(|other| *other != place);
        }
        let places = known.by_key.entry(key).or_default();
        if !places.contains(&place) {
            places.push(place);
        }
    }

    /// All rooms, each once, with the account that it was first asked for through.
    pub fn all(&self) -> Vec<(Account, KnownRoom)> {
        let known = self.read();
        let places = known.by_key.values().filter_map(|places| places.first());
        let found = places.filter_map(|place| Some((place.0.clone(), known.by_asked.get(place)?.clone())));
        found.collect()
    }

    /// By which accounts and words a room was asked for.
    pub fn asked_for(&self, room: &RoomKey) -> Vec<(Account, NativeId, KnownRoom)> {
        let known = self.read();
        let places = known.by_key.get(room).into_iter().flatten();
        let found = places.filter_map(|place| Some((place, known.by_asked.get(place)?)));
        found.map(|((account, asked), room)| (account.clone(), asked.clone(), room.clone())).collect()
    }

    /// What is found by looking at each account and the words by which a room was asked for, without making copies of them.
    pub fn look<T>(
        &self,
        room: &RoomKey,
        what: impl Fn(&Account, &NativeId, &KnownRoom) -> Option<T>,
    ) -> Option<T> {
        let known = self.read();
        let mut places = known.by_key.get(room)?.iter();
        places.find_map(|place| what(&place.0, &place.1, known.by_asked.get(place)?))
    }

    /// The rooms that were asked for through an account.
    pub fn rooms_of(&self, account: &Account) -> BTreeSet<RoomKey> {
        let known = self.read();
        let of = known.by_asked.iter().filter(|((by, _), _)| by == account);
        of.map(|(_, room)| room.key.clone()).collect()
    }

    /// What an account has asked for, of the rooms for which this holds.
    pub fn asked_by(&self, account: &Account, which: impl Fn(&KnownRoom) -> bool) -> Vec<NativeId> {
        let known = self.read();
        let asked = known.by_asked.iter().filter(|((by, _), room)| by == account && which(room));
        asked.map(|((_, asked), _)| asked.clone()).collect()
    }

    /// By what a room was asked for, of those that count: what an account has found that is no more only as long as no other has it, too.
    fn that_count(
        &self,
        room: &RoomKey,
        is_there: impl Fn(&Account) -> bool,
    ) -> Vec<(Account, NativeId, KnownRoom)> {
        let (there, gone): (Vec<_>, Vec<_>) =
            self.asked_for(room).into_iter().partition(|(account, ..)| is_there(account));
        if there.is_empty() { gone } else { there }
    }

    /// By what a room was asked for that more people can read now than was agreed to, and who can.
    pub fn wider(
        &self,
        room: &RoomKey,
        is_there: impl Fn(&Account) -> bool,
    ) -> Option<(Account, NativeId, Visibility)> {
        // Asked before each delivery, and hardly ever so.
        self.look(room, |_, _, known| known.is_wider().then_some(()))?;
        let mut found = self.that_count(room, is_there).into_iter().filter(|(.., known)| known.is_wider());
        found.find_map(|(account, asked, known)| Some((account, asked, known.visibility?)))
    }

    /// Who may read a room, as far as somebody has agreed: an account that asks for it under a new name agrees to no more.
    pub fn agreed(&self, room: &RoomKey, is_there: impl Fn(&Account) -> bool) -> Option<Visibility> {
        self.that_count(room, is_there).into_iter().filter_map(|(.., known)| known.agreed).min()
    }

    fn read(&self) -> RwLockReadGuard<'_, Known> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }
}

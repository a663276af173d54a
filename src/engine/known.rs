//! What the rooms that were asked for turned out to be: the ledger's entries, held in memory, by what was asked and by
//! what was found.

use crate::consent::Recipient;
use crate::store::ledger::KnownRoomEntry;
use crate::store::records::KnownRoom;
use relay_contract::{Account, NativeId, RoomKey, Visibility};
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

/// Rooms by the account and the words with which they were asked for.
#[derive(Debug, Default)]
pub struct KnownRooms(RwLock<Known>);

#[derive(Debug, Default)]
struct Known {
    by_asked: HashMap<(Account, NativeId), KnownRoom>,
    by_key: HashMap<RoomKey, Vec<(Account, NativeId)>>,
    /// Where rooms have gone that went on under another identity.
    gone: HashMap<RoomKey, RoomKey>,
    /// The ids that such rooms had before.
    before: HashMap<RoomKey, Vec<NativeId>>,
    /// Whoever sees what is said in a room, as it was worked out since anything changed: it is asked for with every question.
    recipients: HashMap<RoomKey, Arc<Recipient>>,
}

impl Known {
    fn moved(&mut self, from: RoomKey, to: RoomKey) {
        self.recipients.clear();
        let to = self.gone.get(&to).cloned().unwrap_or(to);
        if from == to {
            return;
        }
        self.gone.values_mut().filter(|gone| **gone == from).for_each(|gone| *gone = to.clone());
        let earlier = self.before.remove(&from).unwrap_or_default();
        let before = self.before.entry(to.clone()).or_default();
        before.extend(earlier);
        if !before.contains(&from.room) {
            before.push(from.room.clone());
        }
        self.gone.insert(from, to);
    }

    /// The id of the space that a room stands in, and, where the room is a space of its own, those that it had before; none where it is not known.
    fn space_ids(&self, room: &RoomKey) -> Vec<NativeId> {
        let Some((at, found)) = self.now(room) else { return Vec::new() };
        let before = self.before.get(at).filter(|_| found.space == at.room.as_str());
        let now = std::iter::once(NativeId::from(found.space.as_str()));
        now.chain(before.into_iter().flatten().cloned()).collect()
    }

    /// What a room is known as, and where it is now.
    fn now<'a>(&'a self, room: &'a RoomKey) -> Option<(&'a RoomKey, &'a KnownRoom)> {
        let at = [self.gone.get(room), Some(room)].into_iter().flatten();
        let known = |at| Some((at, self.by_asked.get(self.by_key.get(at)?.first()?)?));
        at.into_iter().find_map(known)
    }
}

impl KnownRooms {
    /// From the ledger: the rooms, and which have gone on as which others.
    pub fn new(entries: Vec<KnownRoomEntry>, moves: Vec<(RoomKey, RoomKey)>) -> Self {
        let known = Self::default();
        moves.into_iter().for_each(|(from, to)| known.moved(from, to));
        for KnownRoomEntry { account, asked, room } in entries {
            known.put(&account, &asked, room);
        }
        known
    }

    /// A room goes on as another one.
    pub fn moved(&self, from: RoomKey, to: RoomKey) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).moved(from, to);
    }

    /// The id of the space that a room stands in, and, where the room is a space of its own, those that it had before; none where it is not known.
    pub fn space_ids(&self, room: &RoomKey) -> Vec<NativeId> {
        self.read().space_ids(room)
    }

    /// Whoever sees what is said in a room: those of its space.
    pub fn recipient(&self, room: &RoomKey) -> Arc<Recipient> {
        if let Some(known) = self.read().recipients.get(room) {
            return known.clone();
        }
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let recipient = Arc::new(Recipient::of(room, known.space_ids(room)));
        known.recipients.insert(room.clone(), recipient.clone());
        recipient
    }

    /// The name of the space that a room stands in.
    pub fn space_name(&self, room: &RoomKey) -> Option<String> {
        let known = self.read();
        known.now(room).map(|(_, found)| found.space_name.clone())
    }

    /// What a room turned out to be when it was last asked about.
    pub fn get(&self, account: &Account, asked: &NativeId) -> Option<KnownRoom> {
        self.read().by_asked.get(&(account.clone(), asked.clone())).cloned()
    }

    /// Remembers it.
    pub fn put(&self, account: &Account, asked: &NativeId, room: KnownRoom) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        known.recipients.clear();
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

#[cfg(test)]
mod tests {
    use super::*;
    use relay_contract::Platform;

    fn key(room: &str) -> RoomKey {
        RoomKey::new(Platform::new("p"), "n", room)
    }

    fn put(known: &KnownRooms, room: &str, space: &str) {
        let key = key(room);
        let found = KnownRoom {
            key,
            space: space.into(),
            space_name: "S".into(),
            name: "r".into(),
            visibility: None,
            agreed: None,
        };
        known.put(&Account("a".into()), &"asked".into(), found);
    }

    fn ids(known: &KnownRooms, room: &str) -> Vec<String> {
        known.space_ids(&key(room)).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_chat_that_goes_on_as_another_is_the_same_space() {
        let moves = |all: &[(&str, &str)]| all.iter().map(|(from, to)| (key(from), key(to))).collect();
        let known = KnownRooms::new(Vec::new(), Vec::new());
        assert_eq!(ids(&known, "a"), [""; 0]);
        put(&known, "a", "a");
        assert_eq!(ids(&known, "a"), ["a"]);
        known.moved(key("a"), key("b"));
        // Until it is known as what it is now.
        assert_eq!(ids(&known, "a"), ["a"]);
        put(&known, "b", "b");
        assert_eq!((ids(&known, "b"), ids(&known, "a")), (vec!["b".into(), "a".into()], ids(&known, "b")));
        // However they are read, also twice.
        for moves in [moves(&[("a", "b"), ("b", "c")]), moves(&[("b", "c"), ("a", "b"), ("a", "b")])] {
            let known = KnownRooms::new(Vec::new(), moves);
            put(&known, "c", "c");
            for room in ["a", "b", "c"] {
                let mut all = ids(&known, room);
                assert_eq!(all.first().map(String::as_str), Some("c"));
                all.sort_unstable();
                assert_eq!(all, ["a", "b", "c"], "{room}");
            }
        }
        // A room of a guild is not its space.
        let known = KnownRooms::new(Vec::new(), moves(&[("a", "b")]));
        put(&known, "b", "guild");
        assert_eq!(ids(&known, "b"), ["guild"]);
        assert_eq!(known.space_name(&key("b")).as_deref(), Some("S"));
    }
}

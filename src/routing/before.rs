//! What held for a room before what holds now. People whom a room has shown under a name are not shown under a mask on the same message
//! because the room has gone to another channel; and what was said where people are asked first does not go on where they are not.

use super::Routes;
use crate::consent::{DataClass, Level, Unsaid};
use relay_contract::{RoomKey, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What is remembered of all rooms, from when anything first shows less than everything or asks first: what was linked then has always been so.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Before {
    rooms: Vec<(RoomKey, Room)>,
    /// Until when nothing is known.
    #[serde(default)]
    unknown: i64,
    /// Whether anything in it is of weight.
    #[serde(skip)]
    weighs: bool,
}

/// What is remembered of a room.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Room {
    /// Its channels in which people were ever not named in a room: whether that is so now, and since when.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    masks: BTreeMap<String, (bool, i64)>,
    /// Its channels in which people are asked first.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    asks: BTreeSet<String>,
    /// Its other channels, where it has some that ask: since when it is in them, where it was asked in already.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    tells: BTreeMap<String, i64>,
    /// When a channel of its last stopped asking, or was left.
    #[serde(default)]
    asked_until: i64,
}

impl Before {
    /// Where nothing is known of what was before now.
    pub fn unknown(now: Timestamp) -> Self {
        Self { unknown: now.0, weighs: true, ..Self::default() }
    }

    /// Where nothing is known of what was until then.
    #[must_use]
    pub fn unknown_until(mut self, until: Timestamp) -> Self {
        self.unknown = self.unknown.max(until.0);
        self.weighs |= self.unknown > 0;
        self
    }

    /// With what holds now.
    #[must_use]
    pub fn and_now(&self, routes: &Routes, now: Timestamp) -> Self {
        if self.rooms.is_empty() && !routes.has_opt_in() && !routes.has_levels {
            return Self { weighs: self.unknown > 0, ..self.clone() };
        }
        let mut rooms: BTreeMap<RoomKey, Option<Room>> =
            self.rooms.iter().map(|(key, room)| (key.clone(), Some(room.clone()))).collect();
        for (key, channels) in &routes.rooms {
            if !channels.is_empty() {
                rooms.entry(key.clone()).or_default();
            }
        }
        let rooms = rooms.into_iter().map(|(key, known)| {
            // Of one that was not linked before, nothing is older than what holds now.
            let since = if known.is_some() { now.0 } else { 0 };
            let mut room = known.unwrap_or_default();
            room.names(routes, &key, since, now);
            room.asks(routes, &key, since, now);
            (key, room)
        });
        let rooms: Vec<(RoomKey, Room)> = rooms.collect();
        let weighs = self.unknown > 0 || rooms.iter().any(|(_, room)| *room != Room::default());
        Self { rooms, unknown: self.unknown, weighs }
    }

    fn room(&self, key: &RoomKey) -> Option<&Room> {
        let place = self.rooms.binary_search_by(|(other, _)| other.cmp(key)).ok()?;
        self.rooms.get(place).map(|(_, room)| room)
    }
}

impl Room {
    fn names(&mut self, routes: &Routes, key: &RoomKey, since: i64, now: Timestamp) {
        // One link that shows less masks its room for all others, and these for it.
        let masks = |name: &str| {
            let links = routes.channel(name).iter().map(|link| link.settings.privacy);
            !links.fold(routes.level(name), Level::tighter).shows(DataClass::Identity)
        };
        let masked: BTreeSet<&str> =
            routes.links_of(key).map(|(name, _)| name).filter(|name| masks(name)).collect();
        for (name, (is_masked, at)) in &mut self.masks {
            if *is_masked && !masked.contains(name.as_str()) {
                (*is_masked, *at) = (false, now.0);
            }
        }
        for name in masked {
            let known = self.masks.entry(name.to_owned()).or_insert((false, 0));
            if !known.0 {
                *known = (true, since);
            }
        }
    }

    fn asks(&mut self, routes: &Routes, key: &RoomKey, since: i64, now: Timestamp) {
        let (mut asks, mut tells) = (BTreeSet::new(), BTreeMap::new());
        for (name, _) in routes.links_of(key) {
            match routes.unsaid(name) {
                Unsaid::OptIn => {
                    asks.insert(name.to_owned());
                }
                Unsaid::Notice => {
                    let joined = if self.asks.is_empty() { 0 } else { since };
                    tells.insert(name.to_owned(), self.tells.get(name).copied().unwrap_or(joined));
                }
            }
        }
        if self.asks.difference(&asks).next().is_some() {
            self.asked_until = now.0;
        }
        if asks.is_empty() {
            // What was said before is told by when the last one stopped asking.
            tells.clear();
        }
        (self.asks, self.tells) = (asks, tells);
    }
}

impl Routes {
    /// Says what held before.
    pub fn set_before(&mut self, before: Arc<Before>) {
        self.before = before;
    }

    /// Whether anything held before that is to be asked about.
    pub(super) fn has_before(&self) -> bool {
        self.before.weighs
    }

    /// Since when one of two rooms has joined a channel of both in which people are not named, or has left one.
    pub(super) fn masked_since(&self, origin: &RoomKey, room: &RoomKey) -> Option<Timestamp> {
        if !self.has_before() {
            return None;
        }
        let (one, other) = (self.before.room(origin), self.before.room(room));
        let is_in = |key: &RoomKey, known: Option<&Room>, name: &String| {
            known.is_some_and(|known| known.masks.contains_key(name))
                || self.rooms.get(key).is_some_and(|channels| channels.contains(name))
        };
        let all = [one, other].into_iter().flatten().flat_map(|known| &known.masks);
        let common = all.filter(|(name, _)| is_in(origin, one, name) && is_in(room, other, name));
        since(common.map(|(_, (_, at))| *at).chain([self.before.unknown]))
    }

    /// Until when people of one room were asked before anything of theirs came into another, where they are not now.
    pub fn asked_until(&self, origin: &RoomKey, room: &RoomKey) -> Option<Timestamp> {
        if !self.has_before() {
            return None;
        }
        let Some(known) = self.before.room(origin) else { return since([self.before.unknown]) };
        let was_asked = *known != Room { masks: known.masks.clone(), ..Room::default() };
        let there = self.before.room(room).filter(|_| was_asked).map_or(0, |there| there.asked_until);
        let mut leading = self.leading(origin, room).map(|(name, ..)| name).peekable();
        let joined = match leading.peek() {
            Some(_) => leading.filter_map(|name| known.tells.get(name)).max(),
            None => known.tells.values().max(),
        };
        since([known.asked_until, there, joined.copied().unwrap_or_default(), self.before.unknown])
    }

    /// Whether anybody who is heard in a room was once asked first.
    pub fn has_asked(&self, room: &RoomKey) -> bool {
        self.has_before()
            && self.links_of(room).any(|(name, _)| {
                let mut others = self.channel(name).iter().filter(|link| link.room != *room);
                others.any(|link| self.asked_until(&link.room, room).is_some())
            })
    }
}

/// The latest of these times; none where it has always been so.
fn since(all: impl IntoIterator<Item = i64>) -> Option<Timestamp> {
    all.into_iter().max().filter(|at| *at > 0).map(Timestamp)
}

#[cfg(test)]
mod tests {
    use super::super::{Direction, Link, LinkSettings};
    use super::*;
    use relay_contract::Platform;

    fn room(id: &str) -> RoomKey {
        RoomKey::new(Platform::new("p"), "n", id)
    }

    /// A step: what is joined then, where `minimal` names nobody and `asking` asks.
    fn then(before: &Before, links: &[(&str, &str)], now: i64) -> (Before, Routes) {
        let mut routes = Routes::default();
        routes.set_level("minimal", Level::Minimal);
        routes.set_unsaid("asking", Unsaid::OptIn);
        for (channel, id) in links {
            let (room, settings) = (room(id), LinkSettings::default());
            routes.link(channel, Link { room, direction: Direction::Both, settings });
        }
        let before = before.and_now(&routes, Timestamp(now));
        // As it is read again.
        let kept: Before = serde_json::from_slice(&serde_json::to_vec(&before).unwrap()).unwrap();
        let kept = kept.and_now(&routes, Timestamp(now));
        assert_eq!(kept, before);
        routes.set_before(Arc::new(kept));
        (before, routes)
    }

    type Links<'a> = &'a [(&'a str, &'a str)];

    /// After each step, since when a is named in b as it is, and until when it was asked.
    fn told(steps: &[Links<'_>]) -> Vec<(i64, i64)> {
        let mut before = Before::default();
        let of = |at: Option<Timestamp>| at.map_or(0, |at| at.0);
        let steps = steps.iter().zip(1..).map(|(links, now)| {
            let (next, routes) = then(&before, links, now);
            before = next;
            let (a, b) = (room("a"), room("b"));
            (of(routes.named_since(&a, &b)), of(routes.asked_until(&a, &b)))
        });
        steps.collect()
    }

    #[test]
    fn rooms_that_go_where_people_are_not_named_are_remembered() {
        let (lobby, minimal): (Links<'_>, Links<'_>) =
            (&[("lobby", "a"), ("lobby", "b")], &[("minimal", "a"), ("minimal", "b")]);
        let away: Links<'_> = &[("lobby", "b")];
        assert_eq!(told(&[lobby, lobby]), [(0, 0); 2], "it has always been so");
        assert_eq!(told(&[minimal, minimal]), [(0, 0); 2]);
        assert_eq!(told(&[lobby, minimal, minimal, lobby]), [(0, 0), (2, 0), (2, 0), (4, 0)]);
        assert_eq!(told(&[lobby, away, minimal]).pop(), Some((3, 0)), "one after the other");
        // What is not between the two is nothing to them.
        let third: Links<'_> = &[("lobby", "a"), ("lobby", "b"), ("minimal", "a"), ("minimal", "c")];
        assert_eq!(told(&[lobby, third, lobby]), [(0, 0); 3]);
    }

    #[test]
    fn one_link_that_names_nobody_is_remembered_of_both_rooms() {
        let a_and_b = |channel: &'static str, of_a: Level, now: i64, before: &Before| {
            let mut routes = Routes::default();
            for (id, privacy) in [("a", of_a), ("b", Level::Full)] {
                let settings = LinkSettings { privacy, ..LinkSettings::default() };
                routes.link(channel, Link { room: room(id), direction: Direction::Both, settings });
            }
            let before = before.and_now(&routes, Timestamp(now));
            routes.set_before(Arc::new(before.clone()));
            (before, routes)
        };
        let (before, _) = a_and_b("hall", Level::Minimal, 1, &Before::default());
        let (_, routes) = a_and_b("renamed", Level::Full, 2, &before);
        for (one, other) in [("a", "b"), ("b", "a")] {
            assert_eq!(routes.named_since(&room(one), &room(other)), Some(Timestamp(2)), "{one}");
        }
    }

    #[test]
    fn what_was_said_where_people_are_asked_is_remembered() {
        let asking: Links<'_> = &[("asking", "a"), ("asking", "c"), ("lobby", "b")];
        let both: Links<'_> = &[("asking", "a"), ("asking", "c"), ("lobby", "b"), ("lobby", "a")];
        let lobby: Links<'_> = &[("lobby", "b"), ("lobby", "a")];
        let none: Links<'_> = &[("lobby", "b")];
        assert_eq!(told(&[lobby, lobby]), [(0, 0); 2]);
        assert_eq!(told(&[both, both]), [(0, 0); 2], "it has always been so");
        assert_eq!(told(&[lobby, both]), [(0, 0); 2], "it was not asked there before");
        assert_eq!(told(&[asking, both, both]), [(0, 0), (0, 2), (0, 2)]);
        assert_eq!(told(&[asking, both, lobby, lobby]).pop(), Some((0, 3)));
        assert_eq!(told(&[asking, none, none, lobby]).pop(), Some((0, 2)), "also when it comes later");
        // One of two ways that both have: the tighter counted.
        let (one, two): (Links<'_>, Links<'_>) =
            (&[("asking", "a"), ("asking", "b"), ("lobby", "a"), ("lobby", "b")], lobby);
        assert_eq!(told(&[two, one, two]), [(0, 0), (0, 0), (0, 3)]);
        let (_, mut routes) = then(&Before::default(), lobby, 1);
        assert!(!routes.has_asked(&room("b")));
        routes.set_before(Arc::new(Before::unknown(Timestamp(7)).and_now(&routes, Timestamp(8))));
        assert!(routes.has_asked(&room("b")));
        assert_eq!(routes.asked_until(&room("a"), &room("b")), Some(Timestamp(7)), "nothing is known");
        assert_eq!(routes.named_since(&room("a"), &room("b")), Some(Timestamp(7)));
        let (before, mut routes) = then(&Before::default(), asking, 1);
        routes.set_before(Arc::new(before.unknown_until(Timestamp(7))));
        assert_eq!(
            routes.named_since(&room("a"), &room("c")),
            Some(Timestamp(7)),
            "what was known weighs no less"
        );
    }
}

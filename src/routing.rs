//! Which rooms an envelope goes to. Pure: a value made from the config and what the rooms turned out to be.

use relay_contract::RoomKey;
use std::collections::{BTreeMap, BTreeSet};

/// Which way a link carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// From the room and into it.
    Both,
    /// Only from the room into the channel.
    In,
    /// Only from the channel into the room.
    Out,
}

impl Direction {
    /// Carries what people say in the room.
    pub fn hears(self) -> bool {
        self != Self::Out
    }

    /// Carries into the room what is said elsewhere.
    pub fn speaks(self) -> bool {
        self != Self::In
    }
}

/// One room joined to one channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The room.
    pub room: RoomKey,
    /// Which way.
    pub direction: Direction,
}

/// All links now in force.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Routes {
    channels: BTreeMap<String, Vec<Link>>,
    known: BTreeSet<RoomKey>,
}

impl Routes {
    /// Joins a room to a channel; the same room again replaces its direction.
    pub fn link(&mut self, channel: &str, link: Link) {
        self.known.insert(link.room.clone());
        let links = self.channels.entry(channel.to_owned()).or_default();
        links.retain(|other| other.room != link.room);
        links.push(link);
    }

    /// Whether anything said in the room goes anywhere.
    pub fn hears(&self, room: &RoomKey) -> bool {
        self.channels.values().flatten().any(|link| link.room == *room && link.direction.hears())
    }

    /// Whether the room is linked at all: edits and deletes of what it heard earlier still matter.
    pub fn knows(&self, room: &RoomKey) -> bool {
        self.known.contains(room)
    }

    /// Where a new message goes: each room once, with the first channel that leads there, and never back.
    pub fn targets(&self, origin: &RoomKey) -> Vec<(RoomKey, &str)> {
        let mut targets: Vec<(RoomKey, &str)> = Vec::new();
        for (name, links) in &self.channels {
            if !links.iter().any(|link| link.room == *origin && link.direction.hears()) {
                continue;
            }
            for link in links {
                let new = !targets.iter().any(|(room, _)| *room == link.room);
                if new && link.room != *origin && link.direction.speaks() {
                    targets.push((link.room.clone(), name));
                }
            }
        }
        targets
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use relay_contract::Platform;

    fn room(id: &str) -> RoomKey {
        RoomKey::new(Platform::new("p"), "n", id)
    }

    fn routes(links: &[(&str, &str, Direction)]) -> Routes {
        let mut routes = Routes::default();
        for (channel, id, direction) in links {
            routes.link(channel, Link { room: room(id), direction: *direction });
        }
        routes
    }

    type Links = [(&'static str, &'static str, Direction)];

    #[test]
    fn targets_by_direction() {
        use Direction::{Both, In, Out};
        let cases: &[(&str, &Links, &str, &[&str])] = &[
            ("both ways", &[("c", "a", Both), ("c", "b", Both)], "a", &["b"]),
            ("never back, never to a room that only speaks", &[("c", "a", Both), ("c", "b", In)], "a", &[]),
            ("a room that only listens says nothing", &[("c", "a", Out), ("c", "b", Both)], "a", &[]),
            ("into a room that only listens", &[("c", "a", In), ("c", "b", Out)], "a", &["b"]),
            ("an unlinked room", &[("c", "a", Both), ("c", "b", Both)], "x", &[]),
            (
                "two channels, one delivery a room",
                &[("c", "a", Both), ("c", "b", Both), ("d", "a", Both), ("d", "b", Both), ("d", "e", Both)],
                "a",
                &["b", "e"],
            ),
            (
                "never on from one channel into another",
                &[("c", "a", Both), ("c", "b", Both), ("d", "b", Both), ("d", "e", Both)],
                "a",
                &["b"],
            ),
        ];
        for (what, links, origin, expected) in cases {
            let routes = routes(links);
            let found: Vec<_> = routes.targets(&room(origin)).into_iter().map(|(room, _)| room).collect();
            let expected: Vec<_> = expected.iter().map(|id| room(id)).collect();
            assert_eq!(found, expected, "{what}");
        }
    }
}

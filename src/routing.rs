//! Which rooms an envelope goes to. Pure: a value made from the config and what the rooms turned out to be.

mod before;

pub use before::Before;

use crate::consent::{Level, Unsaid};
use relay_contract::{RoomKey, Timestamp};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// Which way a link carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
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

/// Which rooms may join a Relay channel from the chat.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Connect {
    /// Any room that the account sees.
    Open,
    /// One that somebody lets in with a code.
    #[default]
    Ask,
    /// None.
    Closed,
}

/// Whether a room is told of who comes and goes elsewhere, and of other rooms' new names.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Notices {
    /// It is not.
    #[default]
    Off,
    /// Once an hour, all in one message.
    Digest,
    /// At once, one by one.
    Each,
}

/// What a link may have beside its direction.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct LinkSettings {
    /// Whether what other bots and webhooks say there is carried too.
    pub bots: bool,
    /// How people from elsewhere are called there: `{name}` and `{platform}` stand for what they say.
    pub name: Option<String>,
    /// Whether it is told of who comes and goes.
    pub notices: Notices,
    /// What is deleted there of others' messages is deleted everywhere, and what is removed everywhere is removed there too.
    pub moderates: bool,
    /// A reaction with which whoever may manage the room deletes a message everywhere.
    pub delete_on: Option<String>,
    /// How much of people this room shows elsewhere, and is shown of others.
    #[serde(default)]
    pub privacy: Level,
}

/// One room joined to one channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The room.
    pub room: RoomKey,
    /// Which way.
    pub direction: Direction,
    /// The rest.
    pub settings: LinkSettings,
}

/// All links now in force.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Routes {
    channels: BTreeMap<String, Vec<Link>>,
    /// The channels of each room; none for a room that was linked earlier in this run.
    rooms: HashMap<RoomKey, BTreeSet<String>>,
    /// Channels in which nothing is carried of who has said nothing.
    opt_in: BTreeSet<String>,
    /// Channels in which less than everything is shown of people.
    levels: BTreeMap<String, Level>,
    /// Since when each channel names people as it does, where that has changed.
    named_since: BTreeMap<String, Timestamp>,
    /// Whether any channel or link shows less than everything.
    has_levels: bool,
    /// What held for the rooms before.
    before: Arc<Before>,
}

impl Routes {
    /// Without links; what was linked before is still known.
    pub fn after(before: &Self) -> Self {
        let rooms = before.rooms.keys().map(|room| (room.clone(), BTreeSet::new())).collect();
        Self { rooms, ..Self::default() }
    }

    /// Says what holds in a channel for who has said nothing.
    pub fn set_unsaid(&mut self, channel: &str, unsaid: Unsaid) {
        match unsaid {
            Unsaid::OptIn => self.opt_in.insert(channel.to_owned()),
            Unsaid::Notice => self.opt_in.remove(channel),
        };
    }

    /// What holds in a channel for who has said nothing.
    pub fn unsaid(&self, channel: &str) -> Unsaid {
        if self.opt_in.contains(channel) { Unsaid::OptIn } else { Unsaid::Notice }
    }

    /// Whether there is a channel in which nothing is carried of who has said nothing.
    pub fn has_opt_in(&self) -> bool {
        !self.opt_in.is_empty()
    }

    /// What holds between two rooms for who has said nothing: the tighter of all channels that lead there.
    pub fn unsaid_between(&self, origin: &RoomKey, room: &RoomKey) -> Unsaid {
        if !self.has_opt_in() {
            return Unsaid::Notice;
        }
        let asks = |name: &str| self.unsaid(name) == Unsaid::OptIn;
        let mut leading = self.leading(origin, room).map(|(name, ..)| name).peekable();
        let asked = match leading.peek() {
            Some(_) => leading.any(asks),
            // By way of a third room, or a link that is gone: what nobody has allowed is not.
            None => [origin, room].into_iter().any(|of| {
                let mut channels = self.links_of(of).map(|(name, _)| name).peekable();
                channels.peek().is_none() || channels.any(asks)
            }),
        };
        if asked { Unsaid::OptIn } else { Unsaid::Notice }
    }

    /// Says how much of people a channel shows.
    pub fn set_level(&mut self, channel: &str, level: Level) {
        match level {
            Level::Full => self.levels.remove(channel),
            level => self.levels.insert(channel.to_owned(), level),
        };
        self.has_levels |= level != Level::Full;
    }

    /// How much of people a channel shows.
    pub fn level(&self, channel: &str) -> Level {
        self.levels.get(channel).copied().unwrap_or_default()
    }

    /// Says since when a channel names people as it does now, where that was once otherwise.
    pub fn set_named_since(&mut self, channel: &str, since: Option<Timestamp>) {
        self.named_since.extend(since.map(|since| (channel.to_owned(), since)));
    }

    /// Since when the people of one room are named in another as they are now, where that was once otherwise.
    pub fn named_since(&self, origin: &RoomKey, room: &RoomKey) -> Option<Timestamp> {
        let masked = self.masked_since(origin, room);
        if self.named_since.is_empty() {
            return masked;
        }
        let channels = self.links_of(origin).chain(self.links_of(room));
        channels.filter_map(|(name, _)| self.named_since.get(name).copied()).chain(masked).max()
    }

    /// The least that is shown of people anywhere.
    pub fn tightest(&self) -> Level {
        let links = self.channels.values().flatten().map(|link| link.settings.privacy);
        links.chain(self.levels.values().copied()).fold(Level::Full, Level::tighter)
    }

    /// How much of the people of one room another one may see: the tighter of all channels and links that lead there.
    pub fn level_between(&self, origin: &RoomKey, room: &RoomKey) -> Level {
        if !self.has_levels {
            return Level::Full;
        }
        let of_link = |(name, link): (&str, &Link)| self.level(name).tighter(link.settings.privacy);
        let leading = self.leading(origin, room).map(|(name, link, there)| {
            self.level(name).tighter(link.settings.privacy).tighter(there.settings.privacy)
        });
        leading.reduce(Level::tighter).unwrap_or_else(|| {
            // By way of a third room, or a link that is gone: the least that either may have.
            let of = |room: &RoomKey| {
                self.links_of(room).map(of_link).reduce(Level::tighter).unwrap_or_else(|| self.tightest())
            };
            of(origin).tighter(of(room))
        })
    }

    /// Whether there is anything to ask where nobody has ever chosen.
    pub fn asks_consent(&self) -> bool {
        self.has_opt_in() || self.has_levels || !self.named_since.is_empty() || self.has_before()
    }

    /// The channel through which what is said in one room comes into another: the first that leads there.
    pub fn between(&self, origin: &RoomKey, room: &RoomKey) -> Option<&str> {
        self.leading(origin, room).next().map(|(name, ..)| name)
    }

    /// All of them, each with the links of both rooms.
    fn leading<'a>(
        &'a self,
        origin: &RoomKey,
        room: &RoomKey,
    ) -> impl Iterator<Item = (&'a str, &'a Link, &'a Link)> {
        self.links_of(origin).filter(|(_, link)| link.direction.hears()).filter_map(move |(name, link)| {
            let speaks = |other: &&Link| other.room == *room && other.direction.speaks();
            Some((name, link, self.channel(name).iter().find(speaks)?))
        })
    }

    /// Joins a room to a channel; the same room again replaces its direction.
    pub fn link(&mut self, channel: &str, link: Link) {
        let links = self.channels.entry(channel.to_owned()).or_default();
        if !self.rooms.entry(link.room.clone()).or_default().insert(channel.to_owned()) {
            links.retain(|other| other.room != link.room);
        }
        self.has_levels |= link.settings.privacy != Level::Full;
        links.push(link);
    }

    /// A room's links, each with its channel.
    pub fn links_of(&self, room: &RoomKey) -> impl Iterator<Item = (&str, &Link)> {
        let channels = self.rooms.get(room).into_iter().flatten();
        channels.filter_map(|name| {
            let link = self.channels.get(name)?.iter().find(|link| link.room == *room)?;
            Some((name.as_str(), link))
        })
    }

    /// Whether anything said in the room goes anywhere.
    pub fn hears(&self, room: &RoomKey) -> bool {
        self.links_of(room).any(|(_, link)| link.direction.hears())
    }

    /// Whether anything said elsewhere comes into the room.
    pub fn speaks(&self, room: &RoomKey) -> bool {
        self.links_of(room).any(|(_, link)| link.direction.speaks())
    }

    /// Whether the room is or was linked: edits and deletes of what it heard earlier still matter.
    pub fn knows(&self, room: &RoomKey) -> bool {
        self.rooms.contains_key(room)
    }

    /// The links of a channel.
    pub fn channel(&self, name: &str) -> &[Link] {
        self.channels.get(name).map_or(&[], Vec::as_slice)
    }

    /// Whether Relay moderates in a room.
    pub fn moderates(&self, room: &RoomKey) -> bool {
        self.links_of(room).any(|(_, link)| link.settings.moderates)
    }

    /// The settings of a room's link in a channel; of any of its links when it is not in that one.
    pub fn settings(&self, room: &RoomKey, channel: &str) -> LinkSettings {
        let mut links: Vec<(&str, &Link)> = self.links_of(room).collect();
        links.sort_by_key(|(name, _)| *name != channel);
        links.first().map(|(_, link)| link.settings.clone()).unwrap_or_default()
    }

    /// Where a new message goes: each room once, with the first channel that leads there, and never back.
    pub fn targets(&self, origin: &RoomKey) -> Vec<(RoomKey, &str)> {
        let mut targets: Vec<(RoomKey, &str)> = Vec::new();
        for (name, _) in self.links_of(origin).filter(|(_, link)| link.direction.hears()) {
            for link in self.channel(name) {
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
            routes.link(
                channel,
                Link { room: room(id), direction: *direction, settings: LinkSettings::default() },
            );
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

    #[test]
    fn of_two_channels_that_lead_there_the_tighter_asks() {
        use Direction::{Both, In, Out};
        for (other, direction, expected) in [
            ("alpha", Both, Unsaid::OptIn),
            ("zeta", Both, Unsaid::OptIn),
            // The one that asks leads nowhere.
            ("alpha", In, Unsaid::Notice),
            ("zeta", In, Unsaid::Notice),
        ] {
            let mut routes = routes(&[
                ("lobby", "a", Both),
                ("lobby", "b", direction),
                (other, "a", Both),
                (other, "b", Out),
            ]);
            routes.set_unsaid("lobby", Unsaid::OptIn);
            assert_eq!(routes.unsaid_between(&room("a"), &room("b")), expected, "{other} {direction:?}");
        }
    }

    #[test]
    fn a_link_that_is_gone_carries_nothing_and_is_still_known() {
        let before = routes(&[("c", "a", Direction::Both), ("c", "b", Direction::Both)]);
        let mut after = Routes::after(&before);
        after.link(
            "c",
            Link { room: room("a"), direction: Direction::Both, settings: LinkSettings::default() },
        );
        assert!(after.knows(&room("b")) && !after.hears(&room("b")) && !after.speaks(&room("b")));
        assert!(after.targets(&room("a")).is_empty() && after.targets(&room("b")).is_empty());
    }
}

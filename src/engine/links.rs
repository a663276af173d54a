//! Which rooms are joined to which channels: as the admin wrote it, and as it was changed from the chat.

use super::core::{Core, RunningAccount};
use crate::consent::{Level, Unsaid};
use crate::routing::{Connect, Direction, Link, LinkSettings, Routes};
use crate::texts::Language;
use relay_contract::{Account, NativeId, RoomKey, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

/// Relay channels by name.
pub type Channels = BTreeMap<String, Channel>;

/// A Relay channel.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Channel {
    /// Which rooms may join it from the chat.
    pub connect: Connect,
    /// Where newcomers may be let in.
    pub owners: Vec<PlannedRoom>,
    /// Its links.
    pub links: Vec<PlannedLink>,
    /// Links of the admin's own file that were disconnected from the chat.
    pub disconnected: Vec<PlannedLink>,
    /// After how long a message that could not be delivered is given up; never when none.
    pub expire: Option<Duration>,
    /// What holds for who has said nothing about what they allow.
    pub unsaid: Unsaid,
    /// How much of people it shows.
    pub level: Level,
    /// Since when people are named in it as they are now, where that was once otherwise.
    pub named_since: Option<Timestamp>,
    /// The language of what Relay itself says in its rooms; where none, the one of all.
    pub language: Option<Language>,
    /// Rooms that were linked by the admin are told so.
    pub tells: bool,
}

/// A room as it was asked for: it is not looked up yet.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PlannedRoom {
    /// Through which account.
    pub account: Account,
    /// The id or the name that was written.
    pub room: NativeId,
    /// Whether it is a name, to be looked for among the rooms that the account sees.
    pub by_name: bool,
}

/// A link as it was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedLink {
    /// The room.
    pub at: PlannedRoom,
    /// Which way.
    pub direction: Direction,
    /// The rest.
    pub settings: LinkSettings,
    /// It was made from the chat.
    pub joined: bool,
    /// How the admin's own file has people called there, whatever the chat has made of it.
    pub own_name: Option<String>,
}

impl Core {
    /// The links as they were asked for.
    pub fn channels(&self) -> Arc<Channels> {
        self.channels.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Changes them; in force when this returns, for rooms that are known.
    pub fn change_channels(&self, change: impl FnOnce(&mut Channels)) {
        change(Arc::make_mut(&mut *self.channels.lock().unwrap_or_else(PoisonError::into_inner)));
        self.rebuild_routes();
    }

    /// Puts the links whose rooms are known into force.
    pub(super) fn rebuild_routes(&self) {
        let (channels, now) = (self.channels(), self.consent_clock());
        self.routes.send_modify(|routes| {
            let mut fresh = Routes::after(routes);
            for (name, channel) in channels.iter() {
                fresh.set_unsaid(name, channel.unsaid);
                fresh.set_level(name, channel.level);
                fresh.set_named_since(name, channel.named_since);
                // What the admin wrote last: of one room written in two ways, that counts.
                let (joined, own): (Vec<_>, Vec<_>) = channel.links.iter().partition(|link| link.joined);
                for link in joined.into_iter().chain(own) {
                    if let Some(known) = self.known.get(&link.at.account, &link.at.room) {
                        let (direction, settings) = (link.direction, link.settings.clone());
                        fresh.link(name, Link { room: known.key, direction, settings });
                    }
                }
            }
            self.before.add(&mut fresh, now);
            *routes = Arc::new(fresh);
        });
        self.accounts.all().iter().for_each(|account| self.tell_linked(account));
    }

    /// Tells a connector which of the rooms that it was asked about are rooms of their own: one that somebody only wants to join is not.
    fn tell_linked(&self, account: &RunningAccount) {
        let planned = self.planned_of(&account.name).into_iter();
        let ids = planned.filter_map(|room| match self.known.get(&account.name, &room.room) {
            Some(known) => Some(known.key.room),
            None => (!room.by_name).then_some(room.room),
        });
        account.connector.linked(&ids.collect::<Vec<_>>());
    }

    /// Everything that an account is to look up.
    pub(super) fn planned_of(&self, account: &Account) -> Vec<PlannedRoom> {
        let channels = self.channels();
        let all = channels
            .values()
            .flat_map(|channel| channel.links.iter().map(|link| &link.at).chain(channel.owners.iter()));
        let admins = self.admins.room();
        let all = all.chain(admins.as_ref());
        let of_account: BTreeSet<&PlannedRoom> = all.filter(|room| room.account == *account).collect();
        of_account.into_iter().cloned().collect()
    }

    /// Whether newcomers to a channel may be let in from this room.
    pub fn is_owners_room(&self, channel: &str, room: &RoomKey) -> bool {
        let channels = self.channels();
        let mut owners = channels.get(channel).into_iter().flat_map(|channel| &channel.owners);
        owners
            .any(|owner| self.known.get(&owner.account, &owner.room).is_some_and(|known| known.key == *room))
    }

    /// The channels that a room is joined to, with the link of each.
    pub fn joined(&self, room: &RoomKey) -> Vec<(String, PlannedLink)> {
        let channels = self.channels();
        let is_here = |link: &&PlannedLink| {
            self.known.get(&link.at.account, &link.at.room).is_some_and(|known| known.key == *room)
        };
        let of = |(name, channel): (&String, &Channel)| {
            channel.links.iter().find(is_here).map(|link| (name.clone(), link.clone()))
        };
        channels.iter().filter_map(of).collect()
    }

    /// The language of what Relay itself says in a room: of the first by name of its channels that says one, or else the one of all.
    pub fn language_of(&self, room: &RoomKey) -> Language {
        let (channels, routes) = (self.channels(), self.routes.borrow().clone());
        let names = routes.links_of(room).map(|(name, _)| name);
        language_among(&channels, names).unwrap_or_else(|| self.limits().language)
    }

    /// The language of what is said in all rooms of a channel at once.
    pub fn language_in(&self, channel: &str) -> Language {
        language_among(&self.channels(), [channel]).unwrap_or_else(|| self.limits().language)
    }

    /// The channels that begin like this and that a room can be joined to at once: those that are open. Of others nobody is told who
    /// does not know them.
    pub fn suggest(&self, room: &RoomKey, begun: &str) -> Vec<String> {
        let begun = begun.to_lowercase();
        let joined = self.joined(room);
        let channels = self.channels();
        let offered = channels.iter().filter(|(name, channel)| {
            channel.connect == Connect::Open && !joined.iter().any(|(joined, _)| joined == *name)
        });
        let named = offered.filter(|(name, _)| name.to_lowercase().starts_with(&begun));
        named.map(|(name, _)| name.clone()).take(25).collect()
    }
}

/// That of the first of these channels that says one.
fn language_among<'c>(channels: &Channels, names: impl IntoIterator<Item = &'c str>) -> Option<Language> {
    names.into_iter().find_map(|name| channels.get(name)?.language)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_channel_that_says_one_has_its_language_spoken() {
        let channel = |language| Channel { language, ..Channel::default() };
        let channels: Channels = [
            ("a".to_owned(), channel(None)),
            ("b".to_owned(), channel(Some(Language::German))),
            ("c".to_owned(), channel(Some(Language::English))),
        ]
        .into();
        assert_eq!(language_among(&channels, ["a", "b", "c"]), Some(Language::German));
        assert_eq!(language_among(&channels, ["a", "c"]), Some(Language::English));
        assert_eq!(language_among(&channels, ["a"]), None, "as all");
        assert_eq!(language_among(&channels, ["gone"]), None);
    }
}

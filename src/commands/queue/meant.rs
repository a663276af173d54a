//! Which rooms somebody's words mean.

use crate::commands::{Commands, Refused};
use relay_contract::{Account, RoomKey};
use std::collections::{BTreeMap, BTreeSet};

/// So many names are offered after a mistake.
const OFFERED: usize = 12;

/// What somebody's words mean.
pub(super) enum Meant {
    /// One room, or all of a channel.
    Rooms(Vec<RoomKey>),
    /// An account with all its rooms.
    Account(Account, Vec<RoomKey>),
}

impl Meant {
    pub(super) fn rooms(self) -> Vec<RoomKey> {
        match self {
            Self::Rooms(rooms) | Self::Account(_, rooms) => rooms,
        }
    }
}

impl Commands {
    /// The room that these words mean: only one.
    pub(in crate::commands) fn one_room(&self, written: &str) -> Result<RoomKey, Refused> {
        match self.meant(written)?.rooms().as_slice() {
            [room] => Ok(room.clone()),
            rooms => Err(format!(
                "`{written}` means {} rooms: {}. Name one.",
                rooms.len(),
                self.all_called(rooms).join(", ")
            )),
        }
    }

    /// A room as `ACCOUNT:ROOM`, an account, a channel with its rooms, or a room by a name that people give it or by its identity.
    pub(super) fn meant(&self, written: &str) -> Result<Meant, Refused> {
        let (core, written, names) = (self.core(), written.trim(), self.names());
        if let Some(rooms) = names.get(written).filter(|_| written.contains(':')) {
            return self.one_of(written, rooms.clone());
        }
        let account = Account(written.to_owned());
        if core.accounts.has(&account) {
            let rooms = core.known.all().into_iter().filter(|(by, _)| *by == account);
            return Ok(Meant::Account(account.clone(), rooms.map(|(_, known)| known.key).collect()));
        }
        if core.channels().contains_key(written) {
            let links = core.routes.borrow().channel(written).to_vec();
            return Ok(Meant::Rooms(links.into_iter().map(|link| link.room).collect()));
        }
        let bare = |text: &str| text.replace('#', "").to_lowercase();
        let alike = || names.iter().filter(|(name, _)| bare(name) == bare(written));
        let found = match names.get(written) {
            Some(rooms) => rooms.clone(),
            None => alike().flat_map(|(_, rooms)| rooms.clone()).collect(),
        };
        if !found.is_empty() {
            return self.one_of(written, found);
        }
        Err(self.nothing_of_that_name(written))
    }

    fn one_of(&self, written: &str, rooms: BTreeSet<RoomKey>) -> Result<Meant, Refused> {
        let rooms: Vec<RoomKey> = rooms.into_iter().collect();
        match rooms.len() {
            1 => Ok(Meant::Rooms(rooms)),
            _ => {
                let names = self.all_called(&rooms).join(", ");
                Err(format!("`{written}` may be one of: {names}. Write one of these"))
            }
        }
    }

    /// Rooms by everything that one may write for them.
    fn names(&self) -> BTreeMap<String, BTreeSet<RoomKey>> {
        let core = self.core();
        let mut names: BTreeMap<String, BTreeSet<RoomKey>> = BTreeMap::new();
        let mut add = |name: String, room: &RoomKey| {
            names.entry(name).or_default().insert(room.clone());
        };
        for (_, known) in core.known.all() {
            for (account, asked, known) in core.known.asked_for(&known.key) {
                let full = format!("{}/{}", known.space_name, known.name);
                for name in [asked.to_string(), known.key.room.to_string(), full, known.name.clone()] {
                    add(format!("{account}:{name}"), &known.key);
                    add(name, &known.key);
                }
            }
        }
        for room in
            core.ledger.depths().into_keys().chain(core.known.all().into_iter().map(|(_, known)| known.key))
        {
            add(room.to_string(), &room);
        }
        names
    }

    fn nothing_of_that_name(&self, written: &str) -> Refused {
        let core = self.core();
        let rooms = core.known.all().into_iter().map(|(_, known)| known.key).collect::<Vec<_>>();
        let mut all = self.all_called(&rooms);
        all.sort();
        all.extend(core.channels().keys().map(|name| format!("{name} (a channel)")));
        all.extend(core.accounts.names().iter().map(|name| format!("{name} (an account)")));
        let more = all.len().saturating_sub(OFFERED);
        all.truncate(OFFERED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        format!("there is no room, channel or account `{written}`. There is: {}{more}", all.join(", "))
    }
}

//! Rooms that were told that what is said in them is carried are told when that is so no more.

use super::{Rooms, in_words};
use crate::consent::Unsaid;
use crate::engine::core::Core;
use crate::engine::lane_steps::PINNED_ANEW;
use crate::engine::links::Channel;
use crate::routing::Routes;
use crate::store::{RoomTold, StoreError};
use relay_contract::{NativeId, RoomKey, Text};
use xxhash_rust::xxh3::xxh3_64;

impl Core {
    /// Tells the rooms of a channel that was to carry everything that from now on nothing is carried of who has not allowed it; and keeps
    /// which rooms know that it is.
    pub(super) async fn tell_tightened(
        &self,
        routes: &Routes,
        (name, channel): (&str, &Channel),
        (rooms, programs): (&Rooms, bool),
    ) -> Result<(), StoreError> {
        let told = self.told_in(rooms)?;
        let asks = |channel: &str| routes.unsaid(channel) == Unsaid::OptIn;
        let carries = |room: &RoomKey| {
            routes.links_of(room).any(|(channel, _)| !asks(channel))
                && self.still_asks(routes, room).is_none()
        };
        let changed = |(_, was): &(&RoomKey, bool)| *was;
        let known = rooms.keys().filter_map(|room| Some((room, told.get(room)?.carries != carries(room))));
        let changed: Vec<&RoomKey> = known.filter(changed).map(|(room, _)| room).collect();
        let tightens = |room: &&&RoomKey| told.get(**room).is_some_and(|told| told.carries);
        let goes_on = rooms.len() > 1 || programs;
        let asks = channel.unsaid == Unsaid::OptIn && goes_on;
        if let Some(about) = changed.iter().find(tightens).filter(|_| asks)
            && let Some((account, _)) = rooms.get(*about)
        {
            let language = self.language_in(name);
            let privacy = self.privacy_commands(language, name);
            let words = in_words(language, (rooms, programs), channel.unsaid, true, &privacy);
            // A crash before it is remembered has it asked for again, and it is the same; where it was so before, it was until then.
            let since = rooms.keys().filter_map(|room| self.ledger.asked_until(room)).max();
            let of = format!("{about} {}", since.map_or(0, |since| since.0));
            let id = NativeId::from(format!("{PINNED_ANEW}{name} tightened {:016x}", xxh3_64(of.as_bytes())));
            self.notice_with(id, account, about, name, Text::plain(&words)).await?;
            self.whispers.begin_anew();
        }
        for room in changed {
            let known = told.get(room).cloned().unwrap_or_default();
            self.ledger.remember_room_told(room, RoomTold { carries: carries(room), ..known }).await?;
        }
        Ok(())
    }
}

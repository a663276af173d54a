//! What a Discord room can do: it depends on what kind of channel it is, and on what Relay may do there.

use crate::guilds::SMALLEST_LIMIT;
use crate::rooms::Room;
use relay_contract::{Capabilities, Cell, Feature, FileLimits, Support, TextLimit, Unit};
use twilight_model::guild::Permissions as P;

/// The longest message, in code points.
///
/// <https://discord.com/developers/docs/resources/message#create-message>
pub const MOST_TEXT: usize = 2_000;

/// Requests to one channel, in seconds: what Discord lets through over a minute. Not documented, but seen by many bridges; the 5
/// in 2 seconds of each webhook are told by its 429s, which are short.
const RATE: (u32, u32) = (30, 60);
/// How many different reactions a message has.
///
/// <https://discord.com/developers/docs/topics/opcodes-and-status-codes#json> (30010)
const MOST_REACTIONS: u32 = 20;

/// What the cells depend on.
#[derive(Clone, Copy)]
struct Here {
    webhooks: bool,
    may: P,
    thread: bool,
    forum: bool,
    members: bool,
}

/// The capabilities of a room; of one that is not known yet, those that most have. `members`: Discord tells who joins and leaves.
pub fn of_room(room: Option<Room>, members: bool) -> Capabilities {
    let text = TextLimit { most: MOST_TEXT, unit: Unit::Chars };
    let here = Here {
        webhooks: room.is_none_or(|room| room.may_webhook),
        may: room.map_or(P::all(), |room| room.may),
        thread: room.is_some_and(|room| room.thread.is_some()),
        forum: room.is_some_and(|room| room.forum),
        // Who joins a guild sees only what all of it sees.
        members: members && room.is_none_or(|room| !room.private),
    };
    Capabilities {
        files: FileLimits { shown: room.map_or(SMALLEST_LIMIT, |room| room.largest_file), heard: u64::MAX },
        reactions: if here.has(P::ADD_REACTIONS) { MOST_REACTIONS } else { 0 },
        only_threads: here.forum,
        removes: here.has(P::MANAGE_MESSAGES),
        room_rate: RATE,
        // <https://discord.com/developers/docs/topics/rate-limits#global-rate-limit>
        account_rate: (50, 1),
        ..Capabilities::new(|feature| cell(feature, here), text)
    }
}

impl Here {
    fn has(self, permissions: P) -> bool {
        self.may.contains(permissions)
    }

    /// The webhook can do what the bot needs a permission for.
    fn posts(self, permission: P) -> Support {
        native_if(self.webhooks || self.has(permission))
    }
}

/// What is not native here is shown by other means.
fn native_if(native: bool) -> Support {
    if native { Support::Native } else { Support::Fallback }
}

/// How far each feature goes.
fn cell(feature: Feature, here: Here) -> Cell {
    use Support::{Dropped, Fallback, Native};
    match feature {
        Feature::Text => Cell::NATIVE,
        Feature::Edit => Cell::NATIVE,
        // Files can be taken away, and not added: each is uploaded once.
        Feature::EditFiles => Cell::NATIVE,
        Feature::Delete => Cell::NATIVE,
        // What a person wrote, too.
        Feature::Moderate => Cell::new(if here.has(P::MANAGE_MESSAGES) { Native } else { Dropped }, Native),
        Feature::Reply => Cell::new(if here.webhooks { Fallback } else { Native }, Native),
        // Threads have no threads.
        Feature::Thread | Feature::Topic if here.thread => Cell::SHOWN_OTHERWISE,
        // In a forum each is a post of its own; the first message of a post is what it hangs from.
        Feature::Thread | Feature::Topic if here.forum => Cell::new(here.posts(P::SEND_MESSAGES), Native),
        Feature::Thread | Feature::Topic => {
            let opens = here.has(P::CREATE_PUBLIC_THREADS);
            let talks = here.webhooks || here.has(P::SEND_MESSAGES_IN_THREADS);
            Cell::new(native_if(opens && talks), Native)
        }
        Feature::Reaction => {
            Cell::new(native_if(here.has(P::ADD_REACTIONS | P::READ_MESSAGE_HISTORY)), Native)
        }
        Feature::File | Feature::Album => Cell::new(here.posts(P::ATTACH_FILES), Native),
        // Webhooks have neither: a picture and a file that plays.
        Feature::Sticker | Feature::Voice => Cell::new(Fallback, Native),
        Feature::VideoNote => Cell::SHOWN_OTHERWISE,
        Feature::Poll => Cell::new(here.posts(P::SEND_POLLS), Native),
        // A poll ends when it was said to; nobody can say its numbers but its voters.
        Feature::PollResult => Cell::new(Fallback, Native),
        // As plain text, so that nobody is notified.
        Feature::Mention => Cell::new(Fallback, Native),
        Feature::Emoji => Cell::new(Fallback, Native),
        Feature::Heading => Cell::NATIVE,
        Feature::List => Cell::NATIVE,
        Feature::Quote => Cell::NATIVE,
        Feature::Code => Cell::NATIVE,
        Feature::Underline => Cell::NATIVE,
        Feature::Spoiler => Cell::NATIVE,
        Feature::Time => Cell::NATIVE,
        // As a quote with its lines.
        Feature::Card => Cell::new(Fallback, Native),
        Feature::Forward => Cell::new(Fallback, Native),
        Feature::Preview => Cell::NATIVE,
        Feature::Pin => {
            let pins = here.has(P::MANAGE_MESSAGES) || here.has(P::PIN_MESSAGES);
            Cell::new(if pins { Native } else { Dropped }, Native)
        }
        // Nobody types in a forum itself, and a bot without the right to post does not either.
        Feature::Typing => {
            let types = here.has(if here.thread { P::SEND_MESSAGES_IN_THREADS } else { P::SEND_MESSAGES });
            Cell::new(if types && !here.forum { Native } else { Dropped }, Native)
        }
        Feature::Membership => Cell::new(Fallback, if here.members { Native } else { Dropped }),
        Feature::Rename => Cell::new(Fallback, Native),
        Feature::Persona => Cell::new(native_if(here.webhooks), Native),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use twilight_model::id::Id;

    fn room(missing: P, change: impl FnOnce(&mut Room)) -> Capabilities {
        let may = P::all() - missing;
        let mut room = Room {
            guild: Id::new(1),
            webhooks_of: Id::new(2),
            thread: None,
            forum: false,
            private: false,
            may,
            largest_file: 50 << 20,
            may_webhook: may.contains(P::MANAGE_WEBHOOKS),
        };
        change(&mut room);
        of_room(Some(room), true)
    }

    #[test]
    fn what_is_missing_shows_in_the_cells() {
        use Support::{Dropped, Fallback, Native};
        let hooks = P::MANAGE_WEBHOOKS;
        for (feature, missing, shown) in [
            (Feature::Persona, P::empty(), Native),
            (Feature::Persona, hooks, Fallback),
            (Feature::Reply, P::empty(), Fallback),
            (Feature::Reply, hooks, Native),
            (Feature::File, P::ATTACH_FILES, Native),
            (Feature::File, hooks, Native),
            (Feature::File, hooks | P::ATTACH_FILES, Fallback),
            (Feature::Poll, P::SEND_POLLS, Native),
            (Feature::Poll, hooks | P::SEND_POLLS, Fallback),
            (Feature::Reaction, P::ADD_REACTIONS, Fallback),
            (Feature::Thread, P::CREATE_PUBLIC_THREADS, Fallback),
            (Feature::Thread, P::SEND_MESSAGES_IN_THREADS, Native),
            (Feature::Thread, hooks | P::SEND_MESSAGES_IN_THREADS, Fallback),
            (Feature::Pin, P::PIN_MESSAGES, Native),
            (Feature::Pin, P::PIN_MESSAGES | P::MANAGE_MESSAGES, Dropped),
            (Feature::Moderate, P::MANAGE_MESSAGES, Dropped),
            (Feature::Typing, P::SEND_MESSAGES, Dropped),
        ] {
            assert_eq!(room(missing, |_| {}).shows(feature), shown, "{feature} without {missing:?}");
        }
        let none = P::empty();
        let thread = room(none, |room| room.thread = Some(Id::new(3)));
        assert_eq!((thread.shows(Feature::Thread), thread.hears(Feature::Topic)), (Fallback, Dropped));
        let forum = room(none, |room| room.forum = true);
        assert_eq!((forum.only_threads, forum.shows(Feature::Topic)), (true, Native));
        assert_eq!((forum.files.shown, forum.reactions), (50 << 20, 20));
        assert_eq!(room(none, |room| room.private = true).hears(Feature::Membership), Dropped);
        assert_eq!(of_room(None, true).hears(Feature::Membership), Native);
        assert_eq!(of_room(None, false).hears(Feature::Membership), Dropped);
    }
}

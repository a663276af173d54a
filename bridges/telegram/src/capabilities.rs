//! What a Telegram chat can do: by what it is, and by what the bot may do there.

use crate::files::{LARGEST, LARGEST_FETCHED};
use crate::ids;
use crate::known::Chat;
use relay_contract::{Capabilities, Cell, Feature, FileLimits, RoomKey, Support, TextLimit, Unit};

/// The longest text of a message, in UTF-16 units. Source: <https://core.telegram.org/bots/api#sendmessage>.
pub const LONGEST: usize = 4_096;

/// The longest text beside a file, in UTF-16 units. Source: <https://core.telegram.org/bots/api#sendphoto>.
pub const LONGEST_CAPTION: usize = 1_024;

/// In a group a bot may send 20 messages a minute, elsewhere about one a second, and about 30 a second in all.
/// Source: <https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this>.
const GROUP_RATE: (u32, u32) = (20, 60);
const PRIVATE_RATE: (u32, u32) = (1, 1);
const ACCOUNT_RATE: (u32, u32) = (30, 1);

/// What a chat can do. Groups and channels have negative ids.
pub fn of(room: &RoomKey, chat: &Chat) -> Capabilities {
    let private = ids::chat(&room.room).is_some_and(|chat| chat > 0);
    let text = TextLimit { most: LONGEST, unit: Unit::Utf16 };
    Capabilities {
        room_rate: if private { PRIVATE_RATE } else { GROUP_RATE },
        account_rate: ACCOUNT_RATE,
        files: FileLimits { shown: LARGEST, heard: LARGEST_FETCHED },
        // A bot's second reaction takes the place of its first. Source: <https://core.telegram.org/bots/api#setmessagereaction>.
        reactions: 1,
        removes: chat.rights.deletes,
        ..Capabilities::new(|feature| cell(feature, chat, private), text)
    }
}

/// How far each feature goes in a chat.
fn cell(feature: Feature, chat: &Chat, private: bool) -> Cell {
    use Support::{Dropped, Fallback, Native};
    let where_so = |so: bool, otherwise: Support| if so { Native } else { otherwise };
    match feature {
        Feature::Text => Cell::NATIVE,
        Feature::Edit => Cell::NATIVE,
        // One file takes another's place in somebody's edit; what is posted here is one message a file, of which one can go.
        Feature::EditFiles => Cell::NATIVE,
        // Nobody is told of a deletion: `/relay delete` is there for it.
        Feature::Delete => Cell::new(Native, Dropped),
        Feature::Moderate => Cell::new(where_so(chat.rights.deletes, Dropped), Dropped),
        Feature::Reply => Cell::NATIVE,
        Feature::Thread => Cell::SHOWN_OTHERWISE,
        Feature::Topic if chat.forum => Cell::new(where_so(chat.rights.topics, Fallback), Native),
        Feature::Topic => Cell::SHOWN_OTHERWISE,
        // In a channel reactions are counted, without a word whose they are.
        Feature::Reaction => Cell::new(
            where_so(chat.reacts(), Fallback),
            where_so(chat.rights.admin && !chat.channel, Dropped),
        ),
        Feature::File => Cell::NATIVE,
        // What people send as one comes as messages of their own, one a file.
        Feature::Album => Cell::new(Native, Fallback),
        Feature::Sticker => Cell::NATIVE,
        Feature::Voice => Cell::NATIVE,
        Feature::VideoNote => Cell::NATIVE,
        Feature::Poll => Cell::NATIVE,
        Feature::PollResult => Cell::new(Fallback, Native),
        Feature::Mention => Cell::new(Fallback, Native),
        Feature::Emoji => Cell::new(Fallback, Native),
        Feature::Heading => Cell::SHOWN_OTHERWISE,
        Feature::List => Cell::SHOWN_OTHERWISE,
        Feature::Quote => Cell::NATIVE,
        Feature::Code => Cell::NATIVE,
        Feature::Underline => Cell::NATIVE,
        Feature::Spoiler => Cell::NATIVE,
        Feature::Time => Cell::NATIVE,
        Feature::Card => Cell::SHOWN_OTHERWISE,
        Feature::Forward => Cell::new(Fallback, Native),
        Feature::Preview => Cell::NATIVE,
        // That a message is pinned is told, that it is no longer is not.
        Feature::Pin => Cell::new(where_so(chat.pins() || private, Fallback), Native),
        Feature::Typing => Cell::new(Native, Dropped),
        // In a channel only administrators are told who comes and goes.
        Feature::Membership => {
            let told = !private && (chat.rights.admin || !chat.channel);
            Cell::new(Fallback, where_so(told, Dropped))
        }
        Feature::Rename => Cell::new(Fallback, where_so(!private, Dropped)),
        Feature::Persona => Cell::new(Fallback, Native),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::known::Rights;

    #[test]
    fn cells_that_depend_on_the_chat() {
        let all = Rights { admin: true, pins: true, topics: true, deletes: true };
        let chat = |rights, forum, channel| Chat { rights, forum, channel, ..Chat::default() };
        let member = Rights::default();
        let features = [
            Feature::Reaction,
            Feature::Topic,
            Feature::Pin,
            Feature::Moderate,
            Feature::Membership,
            Feature::Rename,
        ];
        let cases = [
            (-1001, chat(member, false, false), "N.X F.X F.N X.X F.N F.N"),
            (-1001, chat(all, false, false), "N.N F.X N.N N.X F.N F.N"),
            (-1001, chat(member, true, false), "N.X F.N F.N X.X F.N F.N"),
            (-1001, chat(all, true, false), "N.N N.N N.N N.X F.N F.N"),
            (-1001, chat(all, false, true), "N.X F.X N.N N.X F.N F.N"),
            (-1001, chat(member, false, true), "N.X F.X F.N X.X F.X F.N"),
            (5, Chat::default(), "N.X F.X N.N X.X F.X F.X"),
            (-1001, Chat { reactions: Some(Vec::new()), ..Chat::default() }, "F.X F.X F.N X.X F.N F.N"),
            (-1001, Chat { all_pin: true, ..Chat::default() }, "N.X F.X N.N X.X F.N F.N"),
        ];
        let letter = |support| match support {
            Support::Native => "N",
            Support::Fallback => "F",
            Support::Dropped => "X",
        };
        for (id, chat, expected) in cases {
            let can = of(&ids::room(id), &chat);
            let cells: Vec<_> = features
                .iter()
                .map(|feature| format!("{}.{}", letter(can.shows(*feature)), letter(can.hears(*feature))))
                .collect();
            assert_eq!(cells.join(" "), expected, "{id} {chat:?}");
        }
    }
}

//! What a Telegram chat can do.

use crate::ids;
use relay_contract::{Capabilities, Cell, Feature, RoomKey, Support, TextLimit, Unit};

/// The longest text of a message, in UTF-16 units. Source: <https://core.telegram.org/bots/api#sendmessage>.
pub const LONGEST: usize = 4_096;

/// In a group a bot may send 20 messages a minute, elsewhere about one a second, and about 30 a second in all.
/// Source: <https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this>.
const GROUP_RATE: (u32, u32) = (20, 60);
const PRIVATE_RATE: (u32, u32) = (1, 1);
const ACCOUNT_RATE: (u32, u32) = (30, 1);

/// What a chat can do. Groups and channels have negative ids.
pub fn of(room: &RoomKey) -> Capabilities {
    let private = ids::chat(&room.room).is_some_and(|chat| chat > 0);
    let text = TextLimit { most: LONGEST, unit: Unit::Utf16 };
    Capabilities {
        room_rate: if private { PRIVATE_RATE } else { GROUP_RATE },
        account_rate: ACCOUNT_RATE,
        ..Capabilities::new(cell, text)
    }
}

/// How far each feature goes in a chat.
fn cell(feature: Feature) -> Cell {
    use Support::{Dropped, Fallback, Native};
    match feature {
        Feature::Text => Cell::NATIVE,
        Feature::Edit => Cell::NATIVE,
        Feature::EditFiles => Cell::NONE,
        Feature::Delete => Cell::new(Native, Dropped),
        Feature::Moderate => Cell::NONE,
        Feature::Reply => Cell::NATIVE,
        Feature::Thread => Cell::NONE,
        Feature::Topic => Cell::NONE,
        Feature::Reaction => Cell::NONE,
        Feature::File => Cell::new(Fallback, Native),
        Feature::Album => Cell::NONE,
        Feature::Sticker => Cell::new(Fallback, Native),
        Feature::Voice => Cell::new(Fallback, Native),
        Feature::VideoNote => Cell::new(Fallback, Native),
        Feature::Poll => Cell::new(Fallback, Native),
        Feature::PollResult => Cell::NONE,
        Feature::Mention => Cell::new(Fallback, Native),
        Feature::Emoji => Cell::new(Fallback, Native),
        Feature::Heading => Cell::new(Fallback, Dropped),
        Feature::List => Cell::new(Fallback, Dropped),
        Feature::Quote => Cell::NATIVE,
        Feature::Code => Cell::NATIVE,
        Feature::Underline => Cell::NATIVE,
        Feature::Spoiler => Cell::NATIVE,
        Feature::Time => Cell::new(Fallback, Dropped),
        Feature::Card => Cell::new(Fallback, Native),
        Feature::Forward => Cell::new(Fallback, Native),
        Feature::Preview => Cell::NONE,
        Feature::Pin => Cell::NONE,
        Feature::Typing => Cell::NONE,
        Feature::Membership => Cell::NONE,
        Feature::Rename => Cell::NONE,
        Feature::Persona => Cell::new(Fallback, Native),
    }
}

//! What a Telegram chat can do.

use crate::ids;
use relay_contract::{Capabilities, Formatting, RoomKey, Support, TextLimit, Unit};

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
    Capabilities {
        edit: Support::Native,
        delete: Support::Native,
        delete_heard: Support::Dropped,
        reply: Support::Native,
        persona: Support::Fallback,
        attachment: Support::Fallback,
        text: TextLimit { most: LONGEST, unit: Unit::Utf16 },
        formatting: Formatting {
            heading: Support::Fallback,
            list: Support::Fallback,
            emoji: Support::Fallback,
            time: Support::Fallback,
            ..Formatting::NATIVE
        },
        room_rate: if private { PRIVATE_RATE } else { GROUP_RATE },
        account_rate: ACCOUNT_RATE,
    }
}

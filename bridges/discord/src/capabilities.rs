//! What a Discord room can do.

use relay_contract::{Capabilities, Formatting, Support, TextLimit, Unit};

/// The longest message, in code points.
///
/// <https://discord.com/developers/docs/resources/message#create-message>
pub const MOST_TEXT: usize = 2_000;

/// Requests to one channel, in seconds: what Discord lets through over a minute. Not documented, but seen by many bridges; the 5
/// in 2 seconds of each webhook are told by its 429s, which are short.
const RATE: (u32, u32) = (30, 60);
/// The same where only those 5 in 2 seconds are to be expected: on another server, which says so itself if it wants less.
const RATE_ELSEWHERE: (u32, u32) = (50, 10);

/// The capabilities of a room where Relay may use webhooks, or has to speak as the bot; on Discord itself, or on a
/// compatible server.
pub fn of_room(webhooks: bool, compatible: bool) -> Capabilities {
    let (persona, reply) = if webhooks {
        // A webhook cannot answer a message.
        (Support::Native, Support::Fallback)
    } else {
        (Support::Fallback, Support::Native)
    };
    Capabilities {
        edit: Support::Native,
        delete: Support::Native,
        delete_heard: Support::Native,
        reply,
        persona,
        attachment: Support::Fallback,
        text: TextLimit { most: MOST_TEXT, unit: Unit::Chars },
        // Emoji of other platforms and servers are their names.
        formatting: Formatting { emoji: Support::Fallback, ..Formatting::NATIVE },
        room_rate: if compatible { RATE_ELSEWHERE } else { RATE },
        // <https://discord.com/developers/docs/topics/rate-limits#global-rate-limit>
        account_rate: (50, 1),
    }
}

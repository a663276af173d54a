//! What a Discord room can do.

use relay_contract::{Capabilities, Support, TextLimit, Unit};

/// The longest message, in code points.
///
/// <https://discord.com/developers/docs/resources/message#create-message>
pub const MOST_TEXT: usize = 2_000;

/// The capabilities of a room where Relay may use webhooks, or has to speak as the bot.
pub fn of_room(webhooks: bool) -> Capabilities {
    let (persona, reply) = if webhooks {
        // A webhook cannot answer a message.
        (Support::Native, Support::Fallback)
    } else {
        (Support::Fallback, Support::Native)
    };
    Capabilities {
        edit: Support::Native,
        delete: Support::Native,
        reply,
        persona,
        attachment: Support::Fallback,
        text: TextLimit { most: MOST_TEXT, unit: Unit::Chars },
        // Seen, not documented: 5 requests in 2 seconds for a webhook, 30 in 60 for its channel, both obeyed by 5 in 10.
        room_rate: (5, 10),
        // <https://discord.com/developers/docs/topics/rate-limits#global-rate-limit>
        account_rate: (50, 1),
    }
}

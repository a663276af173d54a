//! What can be done in a Slack conversation.

use relay_contract::{Capabilities, Formatting, Support, TextLimit, Unit};

/// Slack asks for at most 4,000 characters a message (<https://docs.slack.dev/reference/methods/chat.postMessage/#truncating>).
pub const MOST_CHARS: usize = 4_000;

/// The same in every conversation: rights differ by token, not by room.
pub fn of_a_room(customize: bool) -> Capabilities {
    Capabilities {
        edit: Support::Native,
        delete: Support::Native,
        delete_heard: Support::Native,
        reply: Support::Native,
        persona: if customize { Support::Native } else { Support::Fallback },
        attachment: Support::Fallback,
        text: TextLimit { most: MOST_CHARS, unit: Unit::Chars },
        formatting: Formatting {
            heading: Support::Fallback,
            spoiler: Support::Dropped,
            emoji: Support::Fallback,
            ..Formatting::NATIVE
        },
        // One post a second and channel, several hundred a minute and workspace; edits and deletes are tier 3, 50 a
        // minute and more: <https://docs.slack.dev/apis/web-api/rate-limits/>. What is too many says 429.
        room_rate: (1, 1),
        account_rate: (200, 60),
    }
}

//! What can be done in a Slack conversation.

use relay_contract::{Capabilities, Cell, Feature, Support, TextLimit, Unit};

/// Slack asks for at most 4,000 characters a message (<https://docs.slack.dev/reference/methods/chat.postMessage/#truncating>).
pub const MOST_CHARS: usize = 4_000;

/// The same in every conversation: rights differ by token, not by room.
pub fn of_a_room(customize: bool) -> Capabilities {
    let text = TextLimit { most: MOST_CHARS, unit: Unit::Chars };
    Capabilities {
        // One post a second and channel, several hundred a minute and workspace; edits and deletes are tier 3, 50 a
        // minute and more: <https://docs.slack.dev/apis/web-api/rate-limits/>. What is too many says 429.
        room_rate: (1, 1),
        account_rate: (200, 60),
        ..Capabilities::new(|feature| cell(feature, customize), text)
    }
}

/// How far each feature goes in a conversation.
fn cell(feature: Feature, customize: bool) -> Cell {
    use Support::{Dropped, Fallback, Native};
    match feature {
        Feature::Text => Cell::NATIVE,
        Feature::Edit => Cell::NATIVE,
        Feature::EditFiles => Cell::NONE,
        Feature::Delete => Cell::NATIVE,
        Feature::Moderate => Cell::NATIVE,
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
        Feature::Heading => Cell::new(Fallback, Native),
        Feature::List => Cell::NATIVE,
        Feature::Quote => Cell::NATIVE,
        Feature::Code => Cell::NATIVE,
        Feature::Underline => Cell::NATIVE,
        Feature::Spoiler => Cell::new(Dropped, Native),
        Feature::Time => Cell::NATIVE,
        Feature::Card => Cell::new(Fallback, Native),
        Feature::Forward => Cell::new(Fallback, Native),
        Feature::Preview => Cell::NONE,
        Feature::Pin => Cell::NONE,
        Feature::Typing => Cell::NONE,
        Feature::Membership => Cell::NONE,
        Feature::Rename => Cell::NONE,
        Feature::Persona => Cell::new(if customize { Native } else { Fallback }, Native),
    }
}

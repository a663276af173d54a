//! What a Discord room can do.

use relay_contract::{Capabilities, Cell, Feature, Support, TextLimit, Unit};

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
    let text = TextLimit { most: MOST_TEXT, unit: Unit::Chars };
    Capabilities {
        room_rate: if compatible { RATE_ELSEWHERE } else { RATE },
        // <https://discord.com/developers/docs/topics/rate-limits#global-rate-limit>
        account_rate: (50, 1),
        ..Capabilities::new(|feature| cell(feature, webhooks), text)
    }
}

/// How far each feature goes in a room where Relay may use webhooks, or has to speak as the bot.
fn cell(feature: Feature, webhooks: bool) -> Cell {
    use Support::{Fallback, Native};
    match feature {
        Feature::Text => Cell::NATIVE,
        Feature::Edit => Cell::NATIVE,
        Feature::EditFiles => Cell::NONE,
        Feature::Delete => Cell::NATIVE,
        Feature::Moderate => Cell::NATIVE,
        Feature::Reply => Cell::new(if webhooks { Fallback } else { Native }, Native),
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
        Feature::Heading => Cell::NATIVE,
        Feature::List => Cell::NATIVE,
        Feature::Quote => Cell::NATIVE,
        Feature::Code => Cell::NATIVE,
        Feature::Underline => Cell::NATIVE,
        Feature::Spoiler => Cell::NATIVE,
        Feature::Time => Cell::NATIVE,
        Feature::Card => Cell::new(Fallback, Native),
        Feature::Forward => Cell::new(Fallback, Native),
        Feature::Preview => Cell::NONE,
        Feature::Pin => Cell::NONE,
        Feature::Typing => Cell::NONE,
        Feature::Membership => Cell::NONE,
        Feature::Rename => Cell::NONE,
        Feature::Persona => Cell::new(if webhooks { Native } else { Fallback }, Native),
    }
}

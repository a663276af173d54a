//! What an IRC channel can do.

use relay_contract::{Capabilities, Cell, Feature, Support, TextLimit, Unit};

/// About how much of a line of 512 bytes is left for what is said. Source: <https://modern.ircdocs.horse/#messages>.
const LONGEST: usize = 380;

/// Lines of an account: 20 at once, and less than two a second from then on. Servers hold back what comes faster, and Relay waits for
/// each line's word before the next of a room; this keeps a channel readable.
const ACCOUNT_RATE: (u32, u32) = (120, 60);

/// What a channel can do.
pub fn of() -> Capabilities {
    let text = TextLimit { most: LONGEST, unit: Unit::Bytes };
    Capabilities { account_rate: ACCOUNT_RATE, names_lines: true, ..Capabilities::new(cell, text) }
}

/// How far each feature goes.
fn cell(feature: Feature) -> Cell {
    use Support::{Dropped, Fallback, Native};
    match feature {
        Feature::Text => Cell::NATIVE,
        Feature::Edit
        | Feature::EditFiles
        | Feature::Delete
        | Feature::Moderate
        | Feature::Reply
        | Feature::Thread
        | Feature::Topic
        | Feature::Reaction
        | Feature::File
        | Feature::Album
        | Feature::Sticker
        | Feature::Voice
        | Feature::VideoNote
        | Feature::Poll
        | Feature::PollResult
        | Feature::Mention
        | Feature::Emoji
        | Feature::Heading
        | Feature::List
        | Feature::Quote
        | Feature::Time
        | Feature::Card
        | Feature::Forward
        | Feature::Pin
        | Feature::Rename => Cell::SHOWN_OTHERWISE,
        // Of equal width; no line says of which language.
        Feature::Code => Cell::new(Fallback, Native),
        Feature::Underline => Cell::NATIVE,
        // Text in the colour of what is behind it hides something; not every client shows colours.
        Feature::Spoiler => Cell::new(Fallback, Native),
        Feature::Preview => Cell::NONE,
        Feature::Typing => Cell::NONE,
        Feature::Membership => Cell::new(Fallback, Native),
        Feature::Persona => Cell::new(Fallback, Dropped),
    }
}

//! What can be done in a Slack conversation.

use crate::permissions::Rights;
use relay_contract::{Capabilities, Cell, Feature, FileLimits, Support, TextLimit, Unit};

/// Slack asks for at most 4,000 characters a message (<https://docs.slack.dev/reference/methods/chat.postMessage/#truncating>).
pub const MOST_CHARS: usize = 4_000;
/// The largest file: 1 GB (<https://slack.com/help/articles/201330736-Add-files-to-Slack>).
pub const MOST_BYTES: u64 = 1_000_000_000;
/// How many different reactions one member may put on a message (<https://slack.com/help/articles/202931348-Use-emoji-and-reactions>).
const MOST_REACTIONS: u32 = 23;

/// The same in every conversation: rights differ by token, not by room.
pub fn of_a_room(rights: Rights) -> Capabilities {
    let text = TextLimit { most: MOST_CHARS, unit: Unit::Chars };
    Capabilities {
        files: FileLimits { shown: MOST_BYTES, heard: MOST_BYTES },
        reactions: if rights.reacts { MOST_REACTIONS } else { 0 },
        // "When used with a bot token, this method may delete only messages posted by that bot":
        // <https://docs.slack.dev/reference/methods/chat.delete/>.
        removes: false,
        // One post a second and channel, several hundred a minute and workspace; edits and deletes are tier 3, 50 a
        // minute and more: <https://docs.slack.dev/apis/web-api/rate-limits/>. What is too many says 429.
        room_rate: (1, 1),
        account_rate: (200, 60),
        ..Capabilities::new(|feature| cell(feature, rights), text)
    }
}

/// How far each feature goes in a conversation.
fn cell(feature: Feature, rights: Rights) -> Cell {
    use Support::{Dropped, Fallback, Native};
    let or = |right: bool, otherwise: Support| if right { Native } else { otherwise };
    // Without the right a file is at least named.
    let read = or(rights.reads_files, Fallback);
    match feature {
        Feature::Text => Cell::NATIVE,
        Feature::Edit => Cell::NATIVE,
        Feature::EditFiles => Cell::new(or(rights.writes_files, Fallback), Native),
        Feature::Delete => Cell::NATIVE,
        Feature::Moderate => Cell::NATIVE,
        // In the thread of what is answered: that is also how it is heard.
        Feature::Reply => Cell::new(Native, Fallback),
        Feature::Thread => Cell::NATIVE,
        // Threads have no names.
        Feature::Topic => Cell::SHOWN_OTHERWISE,
        Feature::Reaction => Cell::new(or(rights.reacts, Fallback), or(rights.reads_reactions, Dropped)),
        Feature::File | Feature::Album => Cell::new(or(rights.writes_files, Fallback), read),
        Feature::Sticker => Cell::SHOWN_OTHERWISE,
        // An app's upload is a file with sound or film, not a clip.
        Feature::Voice => Cell::new(Fallback, read),
        // A clip is a film like any.
        Feature::VideoNote => Cell::SHOWN_OTHERWISE,
        Feature::Poll | Feature::PollResult => Cell::SHOWN_OTHERWISE,
        Feature::Mention => Cell::new(Fallback, Native),
        Feature::Emoji => Cell::new(Fallback, Native),
        Feature::Heading => Cell::new(Fallback, Native),
        Feature::List => Cell::NATIVE,
        Feature::Quote => Cell::NATIVE,
        Feature::Code => Cell::NATIVE,
        Feature::Underline => Cell::NATIVE,
        Feature::Spoiler => Cell::NONE,
        Feature::Time => Cell::NATIVE,
        Feature::Card => Cell::new(Fallback, Native),
        Feature::Forward => Cell::new(Fallback, Native),
        // Whoever posts may switch previews off; a person's message does not tell.
        Feature::Preview => Cell::new(Native, Dropped),
        Feature::Pin => Cell::new(or(rights.pins, Dropped), or(rights.reads_pins, Dropped)),
        Feature::Typing => Cell::NONE,
        Feature::Membership => Cell::new(Fallback, Native),
        Feature::Rename => Cell::new(Fallback, Native),
        Feature::Persona => Cell::new(or(rights.customize, Fallback), Native),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each right, and the cells that fall with it.
    #[test]
    fn rights_and_cells() {
        let all = Rights {
            customize: true,
            reads_files: true,
            writes_files: true,
            reads_reactions: true,
            reacts: true,
            reads_pins: true,
            pins: true,
            reads_emoji: true,
        };
        let (best, worst) = (of_a_room(all), of_a_room(Rights::default()));
        let falls: Vec<_> = Feature::ALL
            .into_iter()
            .filter(|feature| best.cells[*feature as usize] != worst.cells[*feature as usize])
            .collect();
        use Feature::{Album, EditFiles, File, Persona, Pin, Reaction, Voice};
        assert_eq!(falls, [EditFiles, Reaction, File, Album, Voice, Pin, Persona]);
        assert_eq!((best.reactions, worst.reactions), (23, 0));
        assert_eq!(of_a_room(Rights { pins: true, ..Rights::default() }).shows(Pin), Support::Native);
    }
}

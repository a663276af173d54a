//! What can be done in a Matrix room.

use crate::known::Rights;
use crate::render::LONGEST;
use relay_contract::{Capabilities, Cell, Feature, FileLimits, Support, TextLimit, Unit};

/// What a room can do. How much may be posted, every homeserver decides by itself, and says when it was too much.
pub fn of(rights: Rights, largest: Option<u64>) -> Capabilities {
    let text = TextLimit { most: LONGEST, unit: Unit::Bytes };
    Capabilities {
        files: FileLimits { shown: largest.unwrap_or(u64::MAX), heard: u64::MAX },
        reactions: if rights.reacts { u32::MAX } else { 0 },
        removes: rights.redacts,
        ..Capabilities::new(|feature| cell(feature, rights), text)
    }
}

/// How far each feature goes in a room.
fn cell(feature: Feature, rights: Rights) -> Cell {
    use Support::{Dropped, Fallback, Native};
    let or = |right: bool, otherwise: Support| if right { Native } else { otherwise };
    match feature {
        Feature::Text => Cell::NATIVE,
        Feature::Edit => Cell::NATIVE,
        // One message a file, of which one can go.
        Feature::EditFiles => Cell::NATIVE,
        Feature::Delete => Cell::NATIVE,
        Feature::Moderate => Cell::new(or(rights.redacts, Dropped), Native),
        Feature::Reply => Cell::NATIVE,
        Feature::Thread => Cell::NATIVE,
        // Threads have no names.
        Feature::Topic => Cell::SHOWN_OTHERWISE,
        Feature::Reaction => Cell::new(or(rights.reacts, Fallback), Native),
        Feature::File => Cell::NATIVE,
        Feature::Album => Cell::new(Fallback, Fallback),
        Feature::Sticker => Cell::NATIVE,
        Feature::Voice => Cell::NATIVE,
        // A film like any.
        Feature::VideoNote => Cell::SHOWN_OTHERWISE,
        Feature::Poll => Cell::NATIVE,
        // Only whoever asked can end a poll, and Relay's own copies are not ended: the result is a message.
        Feature::PollResult => Cell::new(Fallback, Native),
        Feature::Mention => Cell::new(Fallback, Native),
        Feature::Emoji => Cell::new(Fallback, Native),
        Feature::Heading => Cell::NATIVE,
        Feature::List => Cell::NATIVE,
        Feature::Quote => Cell::NATIVE,
        Feature::Code => Cell::NATIVE,
        Feature::Underline => Cell::NATIVE,
        Feature::Spoiler => Cell::NATIVE,
        Feature::Time => Cell::SHOWN_OTHERWISE,
        Feature::Card => Cell::SHOWN_OTHERWISE,
        Feature::Forward => Cell::SHOWN_OTHERWISE,
        // Each reader's client decides.
        Feature::Preview => Cell::NONE,
        Feature::Pin => Cell::new(or(rights.pins, Fallback), Native),
        Feature::Typing => Cell::NATIVE,
        Feature::Membership => Cell::new(Fallback, Native),
        Feature::Rename => Cell::new(Fallback, Native),
        Feature::Persona => Cell::new(or(rights.ghosts, Fallback), Native),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each right, and the cells that fall with it.
    #[test]
    fn rights_and_cells() {
        let (best, worst) = (of(Rights::ALL, Some(7)), of(Rights::default(), None));
        let falls: Vec<_> = Feature::ALL
            .into_iter()
            .filter(|feature| best.cells[*feature as usize] != worst.cells[*feature as usize])
            .collect();
        assert_eq!(falls, [Feature::Moderate, Feature::Reaction, Feature::Pin, Feature::Persona]);
        assert_eq!((best.reactions, worst.reactions), (u32::MAX, 0));
        assert_eq!((best.files.shown, worst.files.shown), (7, u64::MAX));
    }
}

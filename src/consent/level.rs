//! How much of people is shown elsewhere, as the admin sets it: levels in one line, of which the tighter always counts. Pure.

use super::DataClass;
use serde::{Deserialize, Serialize};

/// What others elsewhere see of people, from the least to all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// What they say and react with, under another name.
    Minimal,
    /// The same and files, with their names, without their pictures.
    Balanced,
    /// Everything.
    #[default]
    Full,
}

impl Level {
    /// All of them, the tightest first.
    pub const ALL: [Self; 3] = [Self::Minimal, Self::Balanced, Self::Full];

    /// The word of the config file.
    pub fn word(self) -> &'static str {
        match self {
            Self::Minimal => "minimal",
            Self::Balanced => "balanced",
            Self::Full => "full",
        }
    }

    /// The one that shows less: what counts where two apply.
    #[must_use]
    pub fn tighter(self, other: Self) -> Self {
        self.min(other)
    }

    /// Whether others may see such a thing.
    pub fn shows(self, class: DataClass) -> bool {
        match class {
            DataClass::Content | DataClass::Reactions | DataClass::Derived => true,
            DataClass::Attachments | DataClass::Identity => self >= Self::Balanced,
            DataClass::Picture | DataClass::Presence => self >= Self::Full,
        }
    }

    /// What others see, in words.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Full => "texts, files and reactions; names and pictures; comings and goings",
            Self::Balanced => "texts, files and reactions; names; no pictures, no comings and goings",
            Self::Minimal => {
                "texts and reactions under other names; no files, no pictures, no comings and goings"
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tighter_of_two_is_a_lattice() {
        let all = Level::ALL;
        for (a, b) in all.into_iter().flat_map(|a| all.map(|b| (a, b))) {
            assert_eq!(a.tighter(b), b.tighter(a));
            assert_eq!(a.tighter(a), a);
            assert_eq!(a.tighter(Level::Full), a, "what says nothing changes nothing");
            for c in all {
                assert_eq!(a.tighter(b).tighter(c), a.tighter(b.tighter(c)));
                assert!(
                    a > b || a.tighter(c) <= b.tighter(c),
                    "a wider one never shows less: {a:?} {b:?} {c:?}"
                );
            }
            for class in DataClass::ALL {
                assert_eq!(
                    a.tighter(b).shows(class),
                    a.shows(class) && b.shows(class),
                    "{a:?} {b:?} {class:?}"
                );
            }
        }
    }

    #[test]
    fn what_each_shows() {
        use DataClass::{Attachments, Content, Derived, Identity, Picture, Presence, Reactions};
        let shown = |level: Level| -> Vec<DataClass> {
            DataClass::ALL.into_iter().filter(|class| level.shows(*class)).collect()
        };
        assert_eq!(shown(Level::Minimal), [Content, Reactions, Derived]);
        assert_eq!(shown(Level::Balanced), [Content, Attachments, Identity, Reactions, Derived]);
        assert_eq!(
            shown(Level::Full),
            [Content, Attachments, Identity, Presence, Reactions, Derived, Picture]
        );
    }
}

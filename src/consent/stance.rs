//! What is chosen in one word, and what holds for who has chosen nothing.

use super::{Classes, DataClass, Entry, Purpose, Scope, WORDS};
use relay_contract::Timestamp;
use serde::{Deserialize, Serialize};

/// What a person chooses about bridging, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stance {
    /// Everything, under their own name.
    Full,
    /// The same without a picture, and not that they are there.
    Balanced,
    /// What they say, under another name.
    Anonymous,
    /// The same without files.
    Minimal,
    /// Nothing.
    None,
}

impl Stance {
    /// All of them, the widest first.
    pub const ALL: [Self; 5] = [Self::Full, Self::Balanced, Self::Anonymous, Self::Minimal, Self::None];

    /// By the word of the command.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stance| stance.word() == word)
    }

    /// The word of the command.
    pub fn word(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Balanced => "balanced",
            Self::Anonymous => "anonymous",
            Self::Minimal => "minimal",
            Self::None => "none",
        }
    }

    /// What it comes to: one entry for what is allowed, and one for what is not.
    pub fn entries(self, how: &str, at: Timestamp) -> Vec<Entry> {
        let entry = |allows, classes: Classes| Entry {
            allows,
            purpose: Purpose::Bridging,
            classes,
            scope: Scope::All,
            how: how.to_owned(),
            words: WORDS,
            at,
            from: at,
            until: None,
        };
        let all_but = |held: &[DataClass]| {
            let held = Classes::of(held);
            vec![entry(true, Classes::ALL.without(held)), entry(false, held)]
        };
        match self {
            Self::Full => vec![entry(true, Classes::ALL)],
            Self::Balanced => all_but(&[DataClass::Presence, DataClass::Picture]),
            Self::Anonymous => all_but(&[DataClass::Identity, DataClass::Presence]),
            Self::Minimal => all_but(&[DataClass::Attachments, DataClass::Identity, DataClass::Presence]),
            Self::None => vec![entry(false, Classes::ALL)],
        }
    }
}

/// What holds in a channel for who has said nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unsaid {
    /// What they say is carried: they are told, and may say no.
    #[default]
    Notice,
    /// Nothing is carried until they say yes.
    OptIn,
}

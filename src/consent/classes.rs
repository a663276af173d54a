//! What kinds of things there are, and sets of them.

use serde::{Deserialize, Serialize};

/// What kind of thing is seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DataClass {
    /// What somebody says: texts, polls, edits.
    Content,
    /// Files.
    Attachments,
    /// Who it is: name, picture, id.
    Identity,
    /// That somebody is there: typing, coming and going.
    Presence,
    /// What somebody reacts with.
    Reactions,
    /// What was made of the others: counts, summaries.
    Derived,
    /// Their picture alone. Whatever is said about `Identity` is said about it too.
    Picture,
}

impl DataClass {
    /// The word of commands.
    pub fn word(self) -> &'static str {
        match self {
            Self::Content => "content",
            Self::Attachments => "attachments",
            Self::Identity => "identity",
            Self::Presence => "presence",
            Self::Reactions => "reactions",
            Self::Derived => "derived",
            Self::Picture => "picture",
        }
    }

    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Content,
        Self::Attachments,
        Self::Identity,
        Self::Presence,
        Self::Reactions,
        Self::Derived,
        Self::Picture,
    ];
}

/// A set of classes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "Vec<DataClass>", into = "Vec<DataClass>")]
pub struct Classes(u8);

impl Classes {
    /// Everything: the picture goes with who it is, and is not named beside it.
    pub const ALL: Self = Self(0b11_1111);

    /// Only these.
    pub fn of(classes: &[DataClass]) -> Self {
        Self(classes.iter().fold(0, |set, class| set | 1 << *class as u8))
    }

    /// Whether a class is among them, by itself or in a wider one.
    pub fn has(self, class: DataClass) -> bool {
        let names = |class: DataClass| self.0 & (1 << class as u8) != 0;
        names(class) || (class == DataClass::Picture && names(DataClass::Identity))
    }

    /// Nothing but the picture: that stands beside what was posted, and no platform changes it.
    pub fn is_picture_alone(self) -> bool {
        self == Self::of(&[DataClass::Picture])
    }

    /// The classes that are named.
    pub(super) fn named(self) -> impl Iterator<Item = DataClass> {
        DataClass::ALL.into_iter().filter(move |class| self.0 & (1 << *class as u8) != 0)
    }

    /// Those that are not among others.
    pub(super) fn without(self, others: Self) -> Self {
        let left = Self(self.0 & !others.0);
        if others.has(DataClass::Picture) { Self(left.0 & !Self::of(&[DataClass::Picture]).0) } else { left }
    }

    pub(super) fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl From<Vec<DataClass>> for Classes {
    fn from(classes: Vec<DataClass>) -> Self {
        Self::of(&classes)
    }
}

impl From<Classes> for Vec<DataClass> {
    fn from(set: Classes) -> Self {
        set.named().collect()
    }
}

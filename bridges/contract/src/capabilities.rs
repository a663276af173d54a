//! What a room can do: a value, so that the engine degrades and connectors never improvise.

use crate::features::{Cell, Feature};

/// How far a feature goes in one room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Support {
    /// The platform's own feature.
    Native,
    /// An exact, tested rendering by other means.
    Fallback,
    /// Left out, and said so.
    Dropped,
}

/// The unit in which a platform counts a message's length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// UTF-16 code units (Telegram).
    Utf16,
    /// Unicode scalar values (Discord, Slack).
    Chars,
    /// Bytes of UTF-8 (IRC).
    Bytes,
}

impl Unit {
    /// The length of a text in this unit.
    pub fn measure(self, text: &str) -> usize {
        match self {
            Self::Utf16 => text.encode_utf16().count(),
            Self::Chars => text.chars().count(),
            Self::Bytes => text.len(),
        }
    }
}

/// The longest text that one message carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TextLimit {
    /// How many.
    pub most: usize,
    /// Of what.
    pub unit: Unit,
}

/// How large files may be, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileLimits {
    /// The largest that Relay may post here.
    pub shown: u64,
    /// The largest that Relay can fetch from here.
    pub heard: u64,
}

/// What Relay can do in one room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capabilities {
    /// One cell a feature, in the order of [`Feature::ALL`].
    pub cells: [Cell; Feature::ALL.len()],
    /// The longest message.
    pub text: TextLimit,
    /// The largest files.
    pub files: FileLimits,
    /// How many different reactions Relay may put on one message.
    pub reactions: u32,
    /// Every message of this room stands in a thread: a forum. What is said to the room itself opens one.
    pub only_threads: bool,
    /// Each line of a text is a message of its own, and a name that has to stand in the text stands before each: it is `Draft::name`.
    pub names_lines: bool,
    /// Relay may delete what people wrote here, if it is asked to or moderates.
    pub removes: bool,
    /// How many lines one message may have where each stands by itself: of a longer text the rest is behind `Draft::whole`.
    pub most_lines: u32,
    /// A ceiling on requests that change this room: (requests, in seconds). The server's own word rules over it.
    pub room_rate: (u32, u32),
    /// The same for the whole account.
    pub account_rate: (u32, u32),
}

impl Capabilities {
    /// From a cell for each feature and the limits, which are those of a room that has none.
    pub fn new(cell: impl Fn(Feature) -> Cell, text: TextLimit) -> Self {
        Self {
            cells: Feature::ALL.map(cell),
            text,
            files: FileLimits { shown: u64::MAX, heard: u64::MAX },
            reactions: u32::MAX,
            only_threads: false,
            names_lines: false,
            removes: true,
            most_lines: u32::MAX,
            room_rate: (u32::MAX, 1),
            account_rate: (u32::MAX, 1),
        }
    }

    /// How a feature that comes from elsewhere is shown here.
    pub fn shows(&self, feature: Feature) -> Support {
        self.cells[feature as usize].shown
    }

    /// How far Relay hears of it when it is used here.
    pub fn hears(&self, feature: Feature) -> Support {
        self.cells[feature as usize].heard
    }

    /// The same room with another cell, for what depends on rights.
    pub fn with(mut self, feature: Feature, cell: Cell) -> Self {
        self.cells[feature as usize] = cell;
        self
    }
}

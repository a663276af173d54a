//! What a room can do: a value, so that the engine degrades and connectors never improvise.

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

/// How a room shows what a text may have and not every platform knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Formatting {
    /// Headings.
    pub heading: Support,
    /// Lists.
    pub list: Support,
    /// Quotes.
    pub quote: Support,
    /// Underlined text.
    pub underline: Support,
    /// Hidden text. A fallback never shows it without being asked.
    pub spoiler: Support,
    /// The origin's own emoji.
    pub emoji: Support,
    /// Moments, each reader's in their own time zone.
    pub time: Support,
}

impl Formatting {
    /// Everything as the origin shows it.
    pub const NATIVE: Self = Self {
        heading: Support::Native,
        list: Support::Native,
        quote: Support::Native,
        underline: Support::Native,
        spoiler: Support::Native,
        emoji: Support::Native,
        time: Support::Native,
    };
}

/// What Relay can do in one room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capabilities {
    /// Changing a message it posted.
    pub edit: Support,
    /// Deleting a message it posted.
    pub delete: Support,
    /// Being told when somebody deletes a message.
    pub delete_heard: Support,
    /// Answering a message.
    pub reply: Support,
    /// Posting under somebody's name.
    pub persona: Support,
    /// Posting files.
    pub attachment: Support,
    /// The longest message.
    pub text: TextLimit,
    /// How it shows what not every platform knows.
    pub formatting: Formatting,
    /// A ceiling on requests that change this room: (requests, in seconds). The server's own word rules over it.
    pub room_rate: (u32, u32),
    /// The same for the whole account.
    pub account_rate: (u32, u32),
}

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
    /// A ceiling on requests that change this room: (requests, in seconds). The server's own word rules over it.
    pub room_rate: (u32, u32),
    /// The same for the whole account.
    pub account_rate: (u32, u32),
}

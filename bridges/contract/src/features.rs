//! Everything that people do in a room: the rows of the one table. Each connector answers each row for each of its rooms, in an
//! exhaustive `match`, so that a new row does not compile until every platform has its cell.

use crate::capabilities::Support;
use std::fmt;

/// One row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Feature {
    /// A message with text.
    Text,
    /// Changing a message.
    Edit,
    /// Changing which files a message has.
    EditFiles,
    /// Deleting a message.
    Delete,
    /// Somebody deletes another's message, or many at once.
    Moderate,
    /// Answering a message.
    Reply,
    /// A conversation that hangs from a message.
    Thread,
    /// A conversation with a name: a forum post, a topic.
    Topic,
    /// A reaction with an emoji of Unicode.
    Reaction,
    /// A file of any kind.
    File,
    /// Several pictures or files as one message.
    Album,
    /// A sticker.
    Sticker,
    /// A voice message.
    Voice,
    /// A short round video.
    VideoNote,
    /// A question with answers to choose from.
    Poll,
    /// How a poll ended.
    PollResult,
    /// Somebody or something named in the text.
    Mention,
    /// An emoji of the platform's own, or of the space's.
    Emoji,
    /// Headings.
    Heading,
    /// Lists.
    List,
    /// Quotes.
    Quote,
    /// Code, with its language.
    Code,
    /// Underlined text.
    Underline,
    /// Hidden text. A fallback never shows it without being asked.
    Spoiler,
    /// Moments, each reader's in their own time zone.
    Time,
    /// Embeds and cards: what bots and link-posting apps make.
    Card,
    /// A message passed on from somewhere else.
    Forward,
    /// Whether links are shown with a preview.
    Preview,
    /// Keeping a message at the top of the room.
    Pin,
    /// Somebody is typing.
    Typing,
    /// Somebody joins, leaves or changes their name.
    Membership,
    /// The room changes its name.
    Rename,
    /// Posting under somebody's name and picture.
    Persona,
}

/// How far a feature goes in one room, each way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cell {
    /// Coming from elsewhere: how it is shown here.
    pub shown: Support,
    /// Used here: how far Relay is told.
    pub heard: Support,
}

impl Cell {
    /// The platform's own feature, both ways.
    pub const NATIVE: Self = Self { shown: Support::Native, heard: Support::Native };
    /// The platform has no such thing; what comes from elsewhere is shown by other means.
    pub const SHOWN_OTHERWISE: Self = Self { shown: Support::Fallback, heard: Support::Dropped };
    /// Neither way.
    pub const NONE: Self = Self { shown: Support::Dropped, heard: Support::Dropped };

    /// One for each way.
    pub const fn new(shown: Support, heard: Support) -> Self {
        Self { shown, heard }
    }
}

impl Feature {
    /// All rows, in the table's order.
    pub const ALL: [Self; 33] = [
        Self::Text,
        Self::Edit,
        Self::EditFiles,
        Self::Delete,
        Self::Moderate,
        Self::Reply,
        Self::Thread,
        Self::Topic,
        Self::Reaction,
        Self::File,
        Self::Album,
        Self::Sticker,
        Self::Voice,
        Self::VideoNote,
        Self::Poll,
        Self::PollResult,
        Self::Mention,
        Self::Emoji,
        Self::Heading,
        Self::List,
        Self::Quote,
        Self::Code,
        Self::Underline,
        Self::Spoiler,
        Self::Time,
        Self::Card,
        Self::Forward,
        Self::Preview,
        Self::Pin,
        Self::Typing,
        Self::Membership,
        Self::Rename,
        Self::Persona,
    ];

    /// One or two words for tables, traces and what was lost.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Edit => "edit",
            Self::EditFiles => "edit of files",
            Self::Delete => "delete",
            Self::Moderate => "moderation",
            Self::Reply => "reply",
            Self::Thread => "thread",
            Self::Topic => "topic",
            Self::Reaction => "reaction",
            Self::File => "file",
            Self::Album => "album",
            Self::Sticker => "sticker",
            Self::Voice => "voice message",
            Self::VideoNote => "video note",
            Self::Poll => "poll",
            Self::PollResult => "poll result",
            Self::Mention => "mention",
            Self::Emoji => "custom emoji",
            Self::Heading => "heading",
            Self::List => "list",
            Self::Quote => "quote",
            Self::Code => "code",
            Self::Underline => "underline",
            Self::Spoiler => "spoiler",
            Self::Time => "time",
            Self::Card => "card",
            Self::Forward => "forward",
            Self::Preview => "link preview",
            Self::Pin => "pin",
            Self::Typing => "typing",
            Self::Membership => "join and leave",
            Self::Rename => "room name",
            Self::Persona => "name and picture",
        }
    }
}

impl fmt::Display for Feature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_all_is_the_order_of_the_rows() {
        for (at, feature) in Feature::ALL.into_iter().enumerate() {
            assert_eq!(feature as usize, at, "{feature}");
        }
        assert_eq!(Feature::ALL.len(), Feature::Persona as usize + 1);
    }
}

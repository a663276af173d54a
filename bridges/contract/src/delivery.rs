//! The way out: what is to be shown, its parts, one attempt, and the proof.

use crate::envelope::Poll;
use crate::files::{FileDraft, Upload};
use crate::history::Doing;
use crate::ids::{MessageRef, NativeId, RoomKey, Timestamp};
use crate::text::Text;
use serde::{Deserialize, Serialize};

/// What is to be shown in a room, already degraded to what it can do; `Connector::render` turns it into parts.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Draft {
    /// The whole text: placeholders, name prefix and quote included where the room needs them. Empty only where there are files or a
    /// poll that the room shows natively.
    pub body: Text,
    /// Who said it, where the name has to stand before each line of the text (`Capabilities::names_lines`): the connector puts it there.
    pub name: Option<String>,
    /// Files that the room takes, within its limits.
    pub files: Vec<FileDraft>,
    /// A poll, where the room shows polls natively.
    pub poll: Option<Poll>,
    /// Links are to be shown without a preview.
    pub no_preview: bool,
    /// Where the whole text can be read, where the room may show only some of its lines (`Capabilities::most_lines`).
    pub whole: Option<String>,
}

/// One request's worth of a draft, ready to send: one native message, or an album. Only the connector that made it looks inside.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// The text in the platform's markup, within the platform's limit. Empty only beside files or a poll.
    pub text: String,
    /// What goes beside the text: entities, blocks, a poll. `Null` where the text is all.
    pub formatting: serde_json::Value,
    /// The places of the files that go with it.
    pub files: Vec<u16>,
}

impl Part {
    /// Text alone.
    pub fn text(text: impl Into<String>, formatting: serde_json::Value) -> Self {
        Self { text: text.into(), formatting, files: Vec::new() }
    }
}

/// The name and avatar a delivery is shown under.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Persona {
    /// The name; not empty. The connector makes it acceptable to the platform.
    pub name: String,
    /// URL of a picture, where `Pictures::Address` is taken.
    pub avatar: Option<String>,
}

/// What a platform takes of people, beside what they are called. By default nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Takes {
    /// Their pictures, where names are shown natively.
    pub pictures: Pictures,
    /// Their ids where they are: as `Speaker::who` and in mentions, and for who reads along (programs).
    pub ids: bool,
}

/// How people's pictures are taken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Pictures {
    /// Not at all.
    #[default]
    None,
    /// By address, as `Persona::avatar`.
    Address,
    /// As bytes, as `Speaker::picture`.
    File,
}

/// Who does what an attempt is about: for a platform on which each person of elsewhere has an account of their own.
#[derive(Debug, Clone, PartialEq)]
pub struct Speaker {
    /// Who, the same in every room and for ever: their platform, network and id there, with a slash between.
    pub who: String,
    /// What they are called there, as in their persona. Empty where a reaction is taken back.
    pub name: String,
    /// When they did it, by the clock of their own platform.
    pub at: Timestamp,
    /// Their picture, where `Pictures::File` is taken and there is one; called by its content, so that another name is another picture.
    pub picture: Option<Upload>,
}

/// One request that changes a room: one attempt, never repeated by the connector.
#[derive(Debug, Clone, PartialEq)]
pub struct Attempt<'a> {
    /// The room.
    pub room: &'a RoomKey,
    /// What to do.
    pub operation: Operation<'a>,
}

/// What to do with one part.
#[derive(Debug, Clone, PartialEq)]
pub enum Operation<'a> {
    /// Post a new message.
    Post {
        /// What it shows.
        part: &'a Part,
        /// Under which name, where personas are native.
        persona: Option<&'a Persona>,
        /// What it answers, where replies are native.
        reply_to: Option<&'a MessageRef>,
        /// The thread it goes into: an id that `Open` or `thread_of` answered, or the `thread` of a message that stands there.
        thread: Option<&'a NativeId>,
        /// The files that `part.files` names, in that order.
        files: &'a [Upload],
        /// Names this part of this delivery for ever, where the platform lets a message bear such a thing unseen: at most 64 ASCII letters,
        /// digits and dots.
        key: &'a str,
    },
    /// Change a message that Relay posted.
    Edit {
        /// Which.
        target: &'a MessageRef,
        /// What it shows now.
        part: &'a Part,
    },
    /// Delete a message: one that Relay posted, or a person's where a link lets Relay moderate.
    Delete {
        /// Which.
        target: &'a MessageRef,
    },
    /// Put Relay's own reaction on a message, or take it away. Doing it again changes nothing.
    React {
        /// Which message.
        target: &'a MessageRef,
        /// What `Connector::reaction` said.
        emoji: &'a str,
        /// Whether it is to be there.
        on: bool,
    },
    /// Pin a message, or unpin it. Doing it again changes nothing.
    Pin {
        /// Which message.
        target: &'a MessageRef,
        /// Whether it is to be pinned.
        on: bool,
    },
    /// Open a thread or topic. The receipt's message is its address: `thread` is the id to post with, `id` a message that begins it, or
    /// the same id where there is none.
    Open {
        /// The message it hangs from.
        root: Option<&'a MessageRef>,
        /// Its name, already within what `adapt` makes of names.
        name: &'a str,
    },
}

impl Operation<'_> {
    /// Which kind of request it is.
    pub fn doing(&self) -> Doing {
        match self {
            Self::Post { .. } => Doing::Post,
            Self::Edit { .. } => Doing::Edit,
            Self::Delete { .. } => Doing::Delete,
            Self::React { .. } => Doing::React,
            Self::Pin { .. } => Doing::Pin,
            Self::Open { .. } => Doing::Open,
        }
    }
}

/// Proof that a part was delivered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The native message: the new one, or the one that was changed. It says which files it holds, and whether it bears the text.
    pub message: MessageRef,
    /// The others that the same request made: an album is one message a file.
    pub more: Vec<MessageRef>,
}

impl Receipt {
    /// For one message.
    pub fn of(message: MessageRef) -> Self {
        Self { message, more: Vec::new() }
    }
}

//! The envelope: the canonical form of something that happened in a room.

use crate::ids::{MessageKey, MessageRef, NativeId, RoomKey, Timestamp};
use crate::text::Text;
use serde::{Deserialize, Serialize};

/// Something that happened in a room. Its own id is given by the ledger when it is accepted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Envelope {
    /// Where it happened.
    pub origin: RoomKey,
    /// Who did it; `None` where the platform doesn't tell (Discord's deletes).
    pub author: Option<Author>,
    /// When, by the platform's clock.
    pub at: Timestamp,
    /// What.
    pub event: Event,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// A new message.
    Posted(Message),
    /// A message was changed; `to` is the whole of it afterwards.
    Edited {
        /// The message afterwards; its `at.id` is the target.
        to: Message,
        /// Tells one edit from the next: the platform's edit time, else a hash of the content.
        version: String,
    },
    /// A message was deleted.
    Deleted {
        /// Which.
        target: NativeId,
    },
    /// Relay itself has something to say in every room of a channel: a room has joined. No connector makes one.
    Noticed {
        /// Tells one notice from the next.
        id: NativeId,
        /// The Relay channel.
        channel: String,
        /// What is said.
        body: Text,
    },
}

/// A message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// Its id, and the thread it is in.
    pub at: MessageRef,
    /// What it says. May be empty when there are attachments.
    pub body: Text,
    /// What is attached.
    pub attachments: Vec<Attachment>,
    /// What it answers.
    pub reply: Option<Reply>,
}

/// What a message answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reply {
    /// The answered message, in the same room.
    pub target: NativeId,
    /// The name its author has there, where the platform sends it along.
    pub author: Option<String>,
    /// How it begins, in plain text of at most 120 characters, where the platform sends it along.
    pub excerpt: Option<String>,
}

/// A file that came with a message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attachment {
    /// The file's name, or what it is (`photo`, `voice message`) when it has none.
    pub name: String,
    /// Bytes, where the platform tells.
    pub size: Option<u64>,
}

/// Who did it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Author {
    /// The user's id on the platform.
    pub id: NativeId,
    /// The name that people in that room see.
    pub name: String,
    /// URL of a picture that anybody can fetch without a credential.
    pub avatar: Option<String>,
    /// What kind of author.
    pub standing: Standing,
}

/// What kind of author.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Standing {
    /// A person.
    Person,
    /// Another bot or webhook.
    Bot,
    /// Relay itself, through this account or a webhook it owns: an echo.
    Relay,
}

/// Identity of an event: the same event seen twice has the same key.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct EventKey {
    /// The room.
    pub room: RoomKey,
    /// `p`osted, `e`dited, `d`eleted or `n`oticed.
    pub kind: char,
    /// The message.
    pub id: NativeId,
    /// The edit's version; empty otherwise.
    pub version: String,
}

impl Envelope {
    /// The event's identity.
    pub fn key(&self) -> EventKey {
        let (kind, id, version) = match &self.event {
            Event::Posted(message) => ('p', &message.at.id, ""),
            Event::Edited { to, version } => ('e', &to.at.id, version.as_str()),
            Event::Deleted { target } => ('d', target, ""),
            Event::Noticed { id, .. } => ('n', id, ""),
        };
        EventKey { room: self.origin.clone(), kind, id: id.clone(), version: version.to_owned() }
    }

    /// The message that it is about, new or old.
    pub fn subject(&self) -> MessageKey {
        let id = match &self.event {
            Event::Posted(message) => &message.at.id,
            Event::Edited { to, .. } => &to.at.id,
            Event::Deleted { target } => target,
            Event::Noticed { id, .. } => id,
        };
        MessageKey { room: self.origin.clone(), id: id.clone() }
    }

    /// One word for logs and tables.
    pub fn kind(&self) -> &'static str {
        match self.event {
            Event::Posted(_) => "post",
            Event::Edited { .. } => "edit",
            Event::Deleted { .. } => "delete",
            Event::Noticed { .. } => "notice",
        }
    }
}

//! The envelope: the canonical form of something that happened in a room.

use crate::files::Attachment;
use crate::ids::{MessageKey, MessageRef, NativeId, RoomKey, Timestamp};
use crate::text::{Emoji, Text};
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
    /// Somebody reacted to a message, or took it back. The message may be a person's or a copy that Relay posted.
    Reacted {
        /// Which message.
        target: NativeId,
        /// With what.
        emoji: Emoji,
        /// Whether it was added.
        added: bool,
        /// Tells this from the next time: the platform's event id or time.
        version: String,
    },
    /// A message was pinned, or unpinned. It may be a person's or a copy that Relay posted.
    Pinned {
        /// Which message.
        target: NativeId,
        /// Whether it is pinned now.
        on: bool,
        /// Tells this from the next time.
        version: String,
    },
    /// A poll has ended. It may be a person's or a copy that Relay posted.
    PollEnded {
        /// The poll's message.
        target: NativeId,
        /// How many chose each answer, in the order of the answers.
        counts: Vec<u64>,
    },
    /// Somebody joined the room, left it, or goes by another name now. `Envelope::author` is that person.
    Member {
        /// What they did.
        change: MemberChange,
        /// Tells this from the next time.
        version: String,
    },
    /// The room has another name now.
    Renamed {
        /// The name, without `#`.
        name: String,
        /// Tells this from the next time.
        version: String,
    },
    /// Somebody who may asks that a message be gone in every room, also in the one where a person wrote it. No connector makes one.
    Removed {
        /// Which message: a person's or a copy.
        target: NativeId,
    },
    /// A file that was late can be had now, or certainly not; or what a message answers is another now. No connector makes one.
    Arrived {
        /// The message that is shown anew.
        target: NativeId,
        /// Tells one arrival from the next.
        version: String,
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

/// What became of a member.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MemberChange {
    /// They are in the room now.
    Joined,
    /// They are not in the room any more.
    Left,
    /// They went by this name before.
    Renamed(String),
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
    /// The conversation it stands in; none for the room's main one.
    pub thread: Option<Thread>,
    /// A poll.
    pub poll: Option<Poll>,
    /// It was passed on: `body` and `attachments` are what was passed on.
    pub forward: Option<Forward>,
    /// Its links are to be shown without a preview.
    pub no_preview: bool,
    /// Whose words stand in quotes of `body`, where the platform tells: their ids there.
    pub quoted: Vec<NativeId>,
    /// The messages whose words stand in `body`, passed on or in quotes, where the platform tells.
    pub words_of: Vec<MessageKey>,
}

impl Message {
    /// A message with a text, and nothing else.
    pub fn new(at: MessageRef, body: Text) -> Self {
        Self {
            at,
            body,
            attachments: Vec::new(),
            reply: None,
            thread: None,
            poll: None,
            forward: None,
            no_preview: false,
            quoted: Vec::new(),
            words_of: Vec::new(),
        }
    }
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

/// A question with answers to choose from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Poll {
    /// What is asked.
    pub question: String,
    /// The answers, in order.
    pub answers: Vec<String>,
    /// More than one may be chosen.
    pub multiple: bool,
    /// When it ends, where it does by itself.
    pub ends: Option<Timestamp>,
}

/// Where a message that was passed on comes from, as far as the platform tells.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Forward {
    /// Who wrote it.
    pub author: Option<String>,
    /// Their id on the platform.
    pub author_id: Option<NativeId>,
    /// The name of the room it stood in, without `#`.
    pub room: Option<String>,
}

/// The conversation that a message stands in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Thread {
    /// Its id, as in `MessageRef::thread`.
    pub id: NativeId,
    /// The message of the same room that it hangs from; the message itself where that begins it (a forum post). None for a
    /// conversation that has only a name.
    pub root: Option<NativeId>,
    /// Its name, where it has one.
    pub name: Option<String>,
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
    /// `p`osted, `e`dited, `d`eleted, `n`oticed, `r`eacted, pi`c`ked out to be pinned, poll `f`inished, `m`ember, room re`t`itled, e`x`punged or file `a`rrived.
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
            Event::Posted(message) => ('p', &message.at.id, String::new()),
            Event::Edited { to, version } => ('e', &to.at.id, version.clone()),
            Event::Deleted { target } => ('d', target, String::new()),
            Event::Reacted { target, emoji, added, version } => {
                let who = self.author.as_ref().map_or("", |author| author.id.as_str());
                let sign = if *added { '+' } else { '-' };
                let id = emoji.id.as_ref().map_or("", NativeId::as_str);
                ('r', target, format!("{version} {who} {sign}{} {id}", emoji.name))
            }
            Event::Pinned { target, on, version } => ('c', target, format!("{version} {on}")),
            Event::PollEnded { target, .. } => ('f', target, String::new()),
            Event::Removed { target } => ('x', target, String::new()),
            Event::Arrived { target, version } => ('a', target, version.clone()),
            Event::Member { version, .. } => {
                let who = self.author.as_ref().map_or(&self.origin.room, |author| &author.id);
                ('m', who, version.clone())
            }
            Event::Renamed { version, .. } => ('t', &self.origin.room, version.clone()),
            Event::Noticed { id, .. } => ('n', id, String::new()),
        };
        EventKey { room: self.origin.clone(), kind, id: id.clone(), version: version.replace('\0', "") }
    }

    /// The message that it is about, new or old; none where it is about the room.
    pub fn subject(&self) -> Option<MessageKey> {
        let id = match &self.event {
            Event::Posted(message) => &message.at.id,
            Event::Edited { to, .. } => &to.at.id,
            Event::Deleted { target }
            | Event::Reacted { target, .. }
            | Event::Pinned { target, .. }
            | Event::PollEnded { target, .. }
            | Event::Removed { target }
            | Event::Arrived { target, .. } => target,
            Event::Noticed { id, .. } => id,
            Event::Member { .. } | Event::Renamed { .. } => return None,
        };
        Some(MessageKey { room: self.origin.clone(), id: id.clone() })
    }

    /// One word for logs and tables.
    pub fn kind(&self) -> &'static str {
        match self.event {
            Event::Posted(_) => "post",
            Event::Edited { .. } => "edit",
            Event::Deleted { .. } => "delete",
            Event::Reacted { .. } => "reaction",
            Event::Pinned { .. } => "pin",
            Event::PollEnded { .. } => "poll result",
            Event::Member { .. } => "member",
            Event::Renamed { .. } => "room name",
            Event::Removed { .. } => "removal",
            Event::Arrived { .. } => "late file",
            Event::Noticed { .. } => "notice",
        }
    }
}

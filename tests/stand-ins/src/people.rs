//! What people in the rooms do and see: the part of a stand-in that a test, a judge or the demo page drives.

use crate::faults::{Fault, Faults};
use crate::heard::Heard;
use crate::limits::Enforced;
use serde::{Deserialize, Serialize};
use tokio::sync::broadcast;

/// Something a person does in a room. `person` is an id, a handle or a name; `room` an id or a name.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub enum Act {
    /// Posts a message.
    Say {
        /// Who.
        person: String,
        /// Where.
        room: String,
        /// As typed into the platform's own client: Discord markdown, Slack mrkdwn, Telegram's `**bold**` and so on,
        /// which its client turns into entities before sending.
        text: String,
        /// The native id of the message that is answered.
        #[serde(default)]
        reply_to: Option<String>,
        /// What is attached.
        #[serde(default)]
        files: Vec<Given>,
        /// The native id of the thread or topic it goes into.
        #[serde(default)]
        thread: Option<String>,
    },
    /// Changes a message of their own.
    Edit {
        /// Who.
        person: String,
        /// Where.
        room: String,
        /// Native id.
        message: String,
        /// The new text, as typed.
        text: String,
    },
    /// Takes attached files away from a message of their own, where the platform's client can (Discord; Slack), by their places.
    RemoveFiles {
        /// Who.
        person: String,
        /// Where.
        room: String,
        /// Native id.
        message: String,
        /// Places among the message's files, from 0.
        files: Vec<usize>,
    },
    /// Deletes a message: their own, or anybody's if they manage the room.
    Delete {
        /// Who.
        person: String,
        /// Where.
        room: String,
        /// Native id.
        message: String,
    },
    /// Deletes many messages at once, as a moderation bot or an administrator does.
    Purge {
        /// Where.
        room: String,
        /// Native ids.
        messages: Vec<String>,
    },
    /// Reacts to a message, or takes it back.
    React {
        /// Who.
        person: String,
        /// Where.
        room: String,
        /// Native id.
        message: String,
        /// An emoji of Unicode, or `:name:` for one of the space's own.
        emoji: String,
        /// Whether it is added.
        on: bool,
    },
    /// Opens a thread or topic; answers its id. Hanging from a message, or (none) only named. In a forum `text` is its first message.
    Open {
        /// Who.
        person: String,
        /// Where.
        room: String,
        /// Native id of the message that it hangs from.
        #[serde(default)]
        message: Option<String>,
        /// Its name.
        name: String,
        /// What is said first in it.
        #[serde(default)]
        text: Option<String>,
    },
    /// Pins a message, or unpins it.
    Pin {
        /// Who.
        person: String,
        /// Where.
        room: String,
        /// Native id.
        message: String,
        /// Whether it is pinned.
        on: bool,
    },
    /// Posts a poll (not on Slack).
    Ask {
        /// Who.
        person: String,
        /// Where.
        room: String,
        /// The question.
        question: String,
        /// The answers.
        answers: Vec<String>,
        /// Whether more than one may be chosen.
        #[serde(default)]
        multiple: bool,
    },
    /// Votes in a poll; an empty list takes the vote back.
    Vote {
        /// Who.
        person: String,
        /// Where.
        room: String,
        /// Native id of the poll's message.
        message: String,
        /// Places of the chosen answers, from 0.
        answers: Vec<usize>,
    },
    /// Ends a poll.
    EndPoll {
        /// Where.
        room: String,
        /// Native id of the poll's message.
        message: String,
    },
    /// Passes a message on into another room.
    Forward {
        /// Who.
        person: String,
        /// From where.
        room: String,
        /// Native id.
        message: String,
        /// Where to.
        to: String,
    },
    /// Begins to type.
    Type {
        /// Who.
        person: String,
        /// Where.
        room: String,
    },
    /// Joins the room (Discord: its guild).
    Join {
        /// Who.
        person: String,
        /// Where.
        room: String,
    },
    /// Leaves the room (Discord: its guild).
    Leave {
        /// Who.
        person: String,
        /// Where.
        room: String,
    },
    /// Goes by another name from now on.
    CallThemselves {
        /// Who.
        person: String,
        /// Where (Discord: a nickname in the guild of this room).
        room: String,
        /// The name.
        name: String,
    },
    /// Gives the bot's command, as the platform's own client would send it: a slash command of an application, or
    /// (Telegram) a message that begins with it.
    Command {
        /// Who.
        person: String,
        /// Where.
        room: String,
        /// All that is typed: `/relay connect lobby`. On Slack also a message's shortcut: `shortcut:`, its callback id, a space and
        /// the message's id.
        text: String,
    },
    /// Clicks on a button below a message.
    Click {
        /// Who.
        person: String,
        /// Where.
        room: String,
        /// Native id of the message.
        message: String,
        /// What stands on the button.
        button: String,
    },
    /// Gives the room another name in the platform's settings.
    Rename {
        /// Where.
        room: String,
        /// The new name, without a leading `#`.
        name: String,
    },
    /// Makes the room private, or visible to everybody in its space (Telegram: gives it a public name).
    SetPrivate {
        /// Where.
        room: String,
        /// Whether only some people see it from now on.
        private: bool,
    },
    /// Archives the room (Slack), turns the group into a supergroup (Telegram), deletes the channel (Discord).
    Close {
        /// Where.
        room: String,
    },
    /// Deletes a webhook of the room in the platform's settings (Discord only).
    DeleteWebhooks {
        /// Where.
        room: String,
    },
    /// Removes the bot from the room (Telegram, Slack) or from the guild (Discord).
    Kick {
        /// The bot's id or name.
        bot: String,
        /// Where.
        room: String,
    },
    /// Lets the bot in again (Slack: opens an archived room for that).
    Invite {
        /// The bot's id or name.
        bot: String,
        /// Where.
        room: String,
    },
}

/// A file as a person gives it: a name alone for a few bytes that tell of it, or more.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Given {
    /// Its name; what is in it is made from the name.
    Name(String),
    /// All there is to say.
    File(File),
}

/// A file.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct File {
    /// Its name.
    pub name: String,
    /// `file`, `image`, `animation`, `video`, `audio`, `voice`, `video_note` or `sticker`; `file` when empty.
    pub kind: String,
    /// The media type that the platform will tell; made from the name when empty.
    pub mime: String,
    /// Its bytes in base64; else `size` bytes are made up as they are read, always the same.
    pub content: Option<String>,
    /// How many bytes, without `content`.
    pub size: u64,
    /// Hidden until the reader wants to see it.
    pub spoiler: bool,
    /// What it shows, in words.
    pub alt: String,
}

/// A file as a member of the room sees it.
#[derive(Debug, Clone, Serialize, Deserialize, PartialEq)]
pub struct SeenFile {
    /// Its name.
    pub name: String,
    /// As in [`File::kind`].
    pub kind: String,
    /// Media type.
    pub mime: String,
    /// Bytes.
    pub size: u64,
    /// Hidden until the reader wants to see it.
    pub spoiler: bool,
    /// What it shows, in words.
    pub alt: String,
    /// xxh3 of its bytes, as 16 hexadecimal digits.
    pub hash: String,
    /// Where a member's client gets it, without a credential; answers with the bytes.
    pub url: String,
}

/// A reaction as a member of the room sees it.
#[derive(Debug, Clone, Serialize, Deserialize, PartialEq)]
pub struct SeenReaction {
    /// An emoji of Unicode, or `:name:`.
    pub emoji: String,
    /// The ids of those who reacted with it.
    pub people: Vec<String>,
}

/// A poll as a member of the room sees it.
#[derive(Debug, Clone, Serialize, Deserialize, PartialEq)]
pub struct SeenPoll {
    /// The question.
    pub question: String,
    /// Each answer, with how many chose it.
    pub answers: Vec<(String, u64)>,
    /// More than one may be chosen.
    pub multiple: bool,
    /// It has ended.
    pub ended: bool,
}

/// A button as a member of the room sees it.
#[derive(Debug, Clone, Serialize, Deserialize, PartialEq)]
pub struct SeenButton {
    /// What stands on it.
    pub label: String,
    /// It is red: what it does cannot be undone.
    pub grave: bool,
    /// What the client sends with a click.
    pub data: String,
}

/// A thread or topic as a member of the room sees it.
#[derive(Debug, Clone, Serialize, Deserialize, PartialEq)]
pub struct SeenThread {
    /// Native id.
    pub id: String,
    /// Its name; empty where the platform has none.
    pub name: String,
    /// The message it hangs from.
    pub root: Option<String>,
}

/// A message as a member of the room sees it.
#[derive(Debug, Clone, Default, Serialize, Deserialize, PartialEq)]
pub struct Seen {
    /// Native id.
    pub id: String,
    /// Native room id.
    pub room: String,
    /// The name shown beside it.
    pub author: String,
    /// URL of the picture shown beside it.
    pub avatar: Option<String>,
    /// Not by a person.
    pub by_bot: bool,
    /// In the platform's own markup (Telegram: plain text, with `entities`).
    pub text: String,
    /// Telegram's formatting, as the Bot API writes it; empty elsewhere.
    #[serde(default)]
    pub entities: Vec<serde_json::Value>,
    /// Native id of what it answers (Slack: the thread's first message).
    pub reply_to: Option<String>,
    /// Embeds or blocks, as sent.
    #[serde(default)]
    pub extras: Vec<serde_json::Value>,
    /// Buttons below it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub buttons: Vec<SeenButton>,
    /// Attached file names.
    #[serde(default)]
    pub files: Vec<String>,
    /// The thread or topic it stands in.
    #[serde(default)]
    pub thread: Option<String>,
    /// Attached files.
    #[serde(default)]
    pub attachments: Vec<SeenFile>,
    /// Reactions, in the order of their first use.
    #[serde(default)]
    pub reactions: Vec<SeenReaction>,
    /// A poll.
    #[serde(default)]
    pub poll: Option<SeenPoll>,
    /// It is pinned.
    #[serde(default)]
    pub pinned: bool,
    /// It was passed on: whose it was.
    #[serde(default)]
    pub forwarded: Option<String>,
    /// The id of the only person who sees it; nobody else does (an answer to a command).
    #[serde(default)]
    pub only_for: Option<String>,
    /// Has been edited.
    pub edited: bool,
    /// Has been deleted: kept here so that a test can tell.
    pub deleted: bool,
    /// Whom it notified: user ids, `everyone`, `here`.
    #[serde(default)]
    pub pinged: Vec<String>,
    /// Milliseconds since the epoch.
    pub at: u64,
}

/// A change in a room, for whoever watches.
#[derive(Debug, Clone, Serialize, Deserialize, PartialEq)]
pub struct Change {
    /// `posted`, `edited`, `deleted`, `reacted`, `pinned` or `voted`.
    pub what: String,
    /// The message after the change.
    pub message: Seen,
}

/// Why an act was refused.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// Nobody, no room or no message of that name.
    #[error("there is no {0} `{1}`")]
    Unknown(&'static str, String),
    /// People cannot do that here.
    #[error("{0}")]
    Impossible(String),
}

/// A stand-in, from the side of its people. Cheap to clone behind an `Arc`; every call returns at once.
pub trait People: Send + Sync {
    /// `discord`, `slack` or `telegram`.
    fn platform(&self) -> &'static str;
    /// Base URL of the platform's API, without a trailing slash: what a client is pointed at.
    fn api_url(&self) -> String;
    /// Discord's gateway (`ws://…`); none elsewhere.
    fn gateway_url(&self) -> Option<String> {
        None
    }
    /// Does it; answers the native id of the message (of the room, where no message is concerned).
    fn act(&self, act: Act) -> Result<String, Refused>;
    /// All messages of a room in order, deleted ones included.
    fn messages(&self, room: &str) -> Result<Vec<Seen>, Refused>;
    /// The threads and topics of a room, in the order of their making.
    fn threads(&self, room: &str) -> Result<Vec<SeenThread>, Refused>;
    /// How often somebody was shown as typing in a room.
    fn typed(&self, room: &str) -> Result<u64, Refused>;
    /// Changes from now on. A watcher that falls behind by 4,096 is told so by the channel.
    fn watch(&self) -> broadcast::Receiver<Change>;
    /// Arms a fault.
    fn fault(&self, fault: Fault) -> Result<(), Refused>;
    /// The rate limits, and what was counted of requests.
    fn limits(&self) -> &Enforced;
    /// What was read off the platform's sockets.
    fn heard(&self) -> &Heard;
    /// What is armed, and how often it has struck.
    fn faults(&self) -> &Faults;
    /// Native ids of events that a client has acknowledged (Slack: envelope acknowledged; Telegram: offset passed;
    /// Discord: none, as its gateway has no acknowledgement): message id, with `/edit/N` or `/delete` for later events.
    fn acknowledged(&self) -> Vec<String>;
    /// Stops serving: nothing new is accepted, sockets and long polls end.
    fn stop(&self);
}

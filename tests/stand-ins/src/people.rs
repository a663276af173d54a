//! What people in the rooms do and see: the part of a stand-in that a test, a judge or the demo page drives.

use crate::faults::Fault;
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
        /// File names that are attached.
        #[serde(default)]
        files: Vec<String>,
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
    /// Deletes a message of their own.
    Delete {
        /// Who.
        person: String,
        /// Where.
        room: String,
        /// Native id.
        message: String,
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

/// A message as a member of the room sees it.
#[derive(Debug, Clone, Serialize, Deserialize, PartialEq)]
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
    /// Attached file names.
    #[serde(default)]
    pub files: Vec<String>,
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
    /// `posted`, `edited` or `deleted`.
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
    /// Changes from now on. A watcher that falls behind by 4,096 is told so by the channel.
    fn watch(&self) -> broadcast::Receiver<Change>;
    /// Arms a fault.
    fn fault(&self, fault: Fault) -> Result<(), Refused>;
    /// Native ids of events that a client has acknowledged (Slack: envelope acknowledged; Telegram: offset passed;
    /// Discord: none, as its gateway has no acknowledgement): message id, with `/edit/N` or `/delete` for later events.
    fn acknowledged(&self) -> Vec<String>;
    /// Stops serving: nothing new is accepted, sockets and long polls end.
    fn stop(&self);
}

//! The world file: which guilds, workspaces, chats, people and bots exist when the stand-ins start.
//!
//! TOML. Every id is a string, written as the platform writes it. People and rooms may leave their id out: it is then
//! derived from the name, the same at every start.

pub use crate::ids::{Contradiction, ReadError};
use crate::limits::Limits;
use serde::{Deserialize, Serialize};

/// Everything that exists at the start, for all three platforms.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct World {
    /// Discord's part.
    pub discord: Platform,
    /// Slack's part.
    pub slack: Platform,
    /// Telegram's part.
    pub telegram: Platform,
}

/// What exists on one platform.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Platform {
    /// TCP port on 127.0.0.1; 0 lets the system choose one.
    pub port: u16,
    /// Guilds (Discord) or workspaces (Slack; exactly one). Telegram has none: its chats are in `rooms` of one space.
    pub spaces: Vec<Space>,
    /// Who can talk.
    pub people: Vec<Person>,
    /// Which credentials exist, and what each may do.
    pub bots: Vec<Bot>,
    /// The platform's rate limits, enforced; none when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limits: Option<Limits>,
}

/// A guild or a workspace; on Telegram a container for chats that no client sees.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Space {
    /// Guild id or team id.
    #[serde(default)]
    pub id: String,
    /// Its name.
    pub name: String,
    /// Channels or chats.
    #[serde(default)]
    pub rooms: Vec<Room>,
}

/// A channel or a chat.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Room {
    /// Channel id, conversation id (`C…`) or chat id (`-100…`).
    #[serde(default)]
    pub id: String,
    /// Its name or title, without a leading `#`.
    pub name: String,
    /// Not visible to everybody in the space.
    #[serde(default)]
    pub private: bool,
    /// Everything in it stands in a thread with a name (Discord), or may stand in a topic (Telegram).
    #[serde(default)]
    pub forum: bool,
}

/// A person, who can be driven by the control API.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// User id.
    #[serde(default)]
    pub id: String,
    /// The name that others see.
    pub name: String,
    /// The unique handle, without `@`; derived from the name when left out.
    #[serde(default)]
    pub handle: String,
    /// May manage the rooms that they are in: Manage Channels on Discord, a workspace admin on Slack, an administrator of
    /// the chats on Telegram.
    #[serde(default)]
    pub manages: bool,
    /// Slack only: a session token (`xoxc-…`), with which a Web API client acts as the person, as Slack's own client does.
    #[serde(default)]
    pub token: String,
    /// The language of their client, as the platform writes it (`de`, `en-US`); English when left out.
    #[serde(default)]
    pub locale: String,
}

/// A bot (Discord, Telegram) or an app (Slack).
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bot {
    /// The bot's user id.
    #[serde(default)]
    pub id: String,
    /// Its name.
    pub name: String,
    /// Bot token (Slack: `xoxb-…`).
    pub token: String,
    /// Slack only: the app-level token (`xapp-…`) for Socket Mode.
    #[serde(default)]
    pub app_token: String,
    /// What it may do; absent means everything. Discord: permission and intent names (`SEND_MESSAGES`,
    /// `MANAGE_WEBHOOKS`, `MESSAGE_CONTENT` …); Slack: scopes; Telegram: `privacy_off`, `admin`, and `bot_to_bot`,
    /// which is never on unless it is named.
    #[serde(default)]
    pub may: Option<Vec<String>>,
    /// Ids or names of the rooms it is in; absent means all of them.
    #[serde(default)]
    pub rooms: Option<Vec<String>>,
}

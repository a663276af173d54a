//! Gateway events as Discord writes them, as far as they are read. Tolerant: what is absent is left out.
//!
//! <https://discord.com/developers/docs/resources/message#message-object>

use serde::Deserialize;

/// A message, whole or as an update sends it.
#[derive(Debug, Deserialize)]
pub struct Message {
    pub id: String,
    pub channel_id: String,
    #[serde(default)]
    pub guild_id: Option<String>,
    #[serde(default)]
    pub author: Option<User>,
    #[serde(default)]
    pub member: Option<Member>,
    #[serde(default)]
    pub content: Option<String>,
    #[serde(default)]
    pub timestamp: Option<String>,
    #[serde(default)]
    pub edited_timestamp: Option<String>,
    #[serde(default, rename = "type")]
    pub kind: u64,
    #[serde(default)]
    pub webhook_id: Option<String>,
    #[serde(default)]
    pub application_id: Option<String>,
    #[serde(default)]
    pub mentions: Vec<Mentioned>,
    #[serde(default)]
    pub attachments: Vec<File>,
    #[serde(default)]
    pub sticker_items: Vec<Named>,
    #[serde(default)]
    pub embeds: Vec<Embed>,
    #[serde(default)]
    pub poll: Option<Poll>,
    #[serde(default)]
    pub message_reference: Option<Reference>,
    #[serde(default)]
    pub referenced_message: Option<Box<Message>>,
    #[serde(default)]
    pub message_snapshots: Vec<Snapshot>,
}

/// Who wrote it.
#[derive(Debug, Deserialize)]
pub struct User {
    pub id: String,
    #[serde(default)]
    pub username: String,
    #[serde(default)]
    pub global_name: Option<String>,
    #[serde(default)]
    pub avatar: Option<String>,
    #[serde(default)]
    pub bot: bool,
}

/// How a user appears in a guild.
#[derive(Debug, Default, Deserialize)]
pub struct Member {
    #[serde(default)]
    pub nick: Option<String>,
    #[serde(default)]
    pub avatar: Option<String>,
}

/// A user that a message names, with how they appear in the guild.
#[derive(Debug, Deserialize)]
pub struct Mentioned {
    #[serde(flatten)]
    pub user: User,
    #[serde(default)]
    pub member: Option<Member>,
}

/// An attached file.
#[derive(Debug, Deserialize)]
pub struct File {
    #[serde(default)]
    pub filename: String,
    #[serde(default)]
    pub size: Option<u64>,
}

/// Something of which only the name matters.
#[derive(Debug, Deserialize)]
pub struct Named {
    #[serde(default)]
    pub name: String,
}

/// A box under a message.
#[derive(Debug, Deserialize)]
pub struct Embed {
    #[serde(default)]
    pub title: Option<String>,
    #[serde(default)]
    pub description: Option<String>,
}

/// A poll.
#[derive(Debug, Deserialize)]
pub struct Poll {
    pub question: PollText,
    #[serde(default)]
    pub answers: Vec<PollAnswer>,
}

/// One answer of a poll.
#[derive(Debug, Deserialize)]
pub struct PollAnswer {
    pub poll_media: PollText,
}

/// A poll's words.
#[derive(Debug, Deserialize)]
pub struct PollText {
    #[serde(default)]
    pub text: Option<String>,
}

/// What a message answers (type 0) or forwards (type 1).
#[derive(Debug, Deserialize)]
pub struct Reference {
    #[serde(default, rename = "type")]
    pub kind: u64,
    #[serde(default)]
    pub message_id: Option<String>,
    #[serde(default)]
    pub channel_id: Option<String>,
}

/// What a forwarded message says.
#[derive(Debug, Deserialize)]
pub struct Snapshot {
    pub message: Forwarded,
}

/// A forwarded message: no author, no channel.
#[derive(Debug, Deserialize)]
pub struct Forwarded {
    #[serde(default)]
    pub content: String,
    #[serde(default)]
    pub mentions: Vec<Mentioned>,
    #[serde(default)]
    pub attachments: Vec<File>,
    #[serde(default)]
    pub sticker_items: Vec<Named>,
}

/// One deleted message.
#[derive(Debug, Deserialize)]
pub struct Deleted {
    pub id: String,
    pub channel_id: String,
}

/// Several deleted messages.
#[derive(Debug, Deserialize)]
pub struct BulkDeleted {
    pub ids: Vec<String>,
    pub channel_id: String,
}

impl User {
    /// The name that people in the guild see.
    pub fn shown<'a>(&'a self, member: Option<&'a Member>) -> &'a str {
        let nick = member.and_then(|member| member.nick.as_deref());
        let names = [nick, self.global_name.as_deref(), Some(self.username.as_str())];
        names.into_iter().flatten().find(|name| !name.trim().is_empty()).unwrap_or(&self.id)
    }

    /// The picture that people in the guild see.
    ///
    /// <https://discord.com/developers/docs/reference#image-formatting>
    pub fn picture(&self, member: Option<&Member>, guild: Option<&str>) -> Option<String> {
        const CDN: &str = "https://cdn.discordapp.com";
        let plain =
            |hash: &str| !hash.is_empty() && hash.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        let of_member = member.and_then(|member| member.avatar.as_deref()).filter(|hash| plain(hash));
        let id = &self.id;
        match (of_member, guild) {
            (Some(hash), Some(guild)) => Some(format!("{CDN}/guilds/{guild}/users/{id}/avatars/{hash}.png")),
            _ => {
                let hash = self.avatar.as_deref().filter(|hash| plain(hash))?;
                Some(format!("{CDN}/avatars/{id}/{hash}.png"))
            }
        }
    }
}

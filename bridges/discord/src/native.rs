//! Gateway events as Discord writes them, as far as they are read. Tolerant: what is absent is left out.
//!
//! <https://discord.com/developers/docs/resources/message#message-object>

use serde::Deserialize;
use serde_json::Value;

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
    pub flags: u64,
    #[serde(default)]
    pub attachments: Vec<File>,
    #[serde(default)]
    pub sticker_items: Vec<Sticker>,
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
    pub id: Option<String>,
    #[serde(default)]
    pub filename: String,
    #[serde(default)]
    pub size: Option<u64>,
    #[serde(default)]
    pub content_type: Option<String>,
    /// What it shows, in words.
    #[serde(default)]
    pub description: Option<String>,
    /// Of a voice message.
    #[serde(default)]
    pub duration_secs: Option<f64>,
    /// Good for a day.
    #[serde(default)]
    pub url: Option<String>,
}

/// A sticker.
#[derive(Debug, Deserialize)]
pub struct Sticker {
    #[serde(default)]
    pub id: Option<String>,
    #[serde(default)]
    pub name: String,
    #[serde(default)]
    pub format_type: u64,
}

/// A box under a message.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Embed {
    #[serde(rename = "type")]
    pub kind: Option<String>,
    pub author: Option<EmbedAuthor>,
    pub title: Option<String>,
    pub url: Option<String>,
    pub description: Option<String>,
    pub fields: Vec<Field>,
    pub footer: Option<Footer>,
    pub image: Option<Picture>,
    pub thumbnail: Option<Picture>,
}

impl Embed {
    /// Made by somebody, and not by Discord out of a link.
    pub fn is_rich(&self) -> bool {
        self.kind.as_deref().is_none_or(|kind| kind == "rich")
    }
}

/// Who or what an embed says it is by.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct EmbedAuthor {
    pub name: String,
    pub url: Option<String>,
}

/// A name and a value.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Field {
    pub name: String,
    pub value: String,
}

/// What stands small under an embed.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Footer {
    pub text: String,
}

/// A picture of an embed.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Picture {
    pub url: Option<String>,
    /// Discord's own copy.
    pub proxy_url: Option<String>,
}

/// A poll.
#[derive(Debug, Deserialize)]
pub struct Poll {
    pub question: PollText,
    #[serde(default)]
    pub answers: Vec<PollAnswer>,
    #[serde(default)]
    pub allow_multiselect: bool,
    #[serde(default)]
    pub expiry: Option<String>,
    #[serde(default)]
    pub results: Option<Results>,
}

impl Poll {
    /// How many chose each answer, once that is certain.
    pub fn final_counts(&self) -> Option<Vec<u64>> {
        let results = self.results.as_ref().filter(|results| results.is_finalized)?;
        let count = |id: u64| results.answer_counts.iter().find(|it| it.id == id).map_or(0, |it| it.count);
        // What nobody chose is not counted at all.
        let ids = self.answers.iter().zip(1..).map(|(answer, place)| answer.answer_id.unwrap_or(place));
        Some(ids.map(count).collect())
    }
}

/// How a poll stands.
#[derive(Debug, Deserialize)]
pub struct Results {
    #[serde(default)]
    pub is_finalized: bool,
    #[serde(default)]
    pub answer_counts: Vec<Count>,
}

/// How many chose an answer.
#[derive(Debug, Deserialize)]
pub struct Count {
    pub id: u64,
    #[serde(default)]
    pub count: u64,
}

/// One answer of a poll.
#[derive(Debug, Deserialize)]
pub struct PollAnswer {
    /// Counts from 1.
    #[serde(default)]
    pub answer_id: Option<u64>,
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
    pub sticker_items: Vec<Sticker>,
    #[serde(default)]
    pub embeds: Vec<Embed>,
    #[serde(default)]
    pub flags: u64,
}

/// A reaction that was added or taken back, or several that were cleared.
///
/// <https://discord.com/developers/docs/events/gateway-events#message-reaction-add>
#[derive(Debug, Deserialize)]
pub struct Reaction {
    pub channel_id: String,
    pub message_id: String,
    /// Nobody where several were cleared.
    #[serde(default)]
    pub user_id: Option<String>,
    #[serde(default)]
    pub emoji: Option<ReactedWith>,
}

/// An emoji of Unicode, or of a guild's own, which has an id.
#[derive(Debug, Deserialize)]
pub struct ReactedWith {
    #[serde(default)]
    pub id: Option<String>,
    #[serde(default)]
    pub name: Option<String>,
}

impl ReactedWith {
    /// Whether two of them, as Discord writes them, are one.
    pub fn same(one: Option<&Value>, other: Option<&Value>) -> bool {
        let key = |it: Option<&Value>| {
            let text = |key: &str| Some(it?.get(key)?.as_str()?.to_owned());
            text("id").or_else(|| text("name"))
        };
        key(one) == key(other)
    }
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

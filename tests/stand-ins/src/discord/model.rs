//! What exists: guilds, channels, users, bots, webhooks, messages.

use super::mentions::Mentions;
use super::permissions::May;
use crate::files::Blob;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// A guild.
#[derive(Debug, Clone)]
pub struct Guild {
    /// Its id, which is also the id of `@everyone`.
    pub id: u64,
    /// Its name.
    pub name: String,
    /// Who owns it.
    pub owner: u64,
    /// Has an outage: nobody has left it, and nothing in it can be reached.
    pub unavailable: bool,
    /// People who are not in it.
    pub absent: BTreeSet<u64>,
    /// What members call themselves in it.
    pub nicks: BTreeMap<u64, String>,
}

impl Guild {
    /// The role that every person has.
    pub fn people_role(&self) -> u64 {
        self.id.wrapping_add(1)
    }

    /// The role of the people who may manage channels.
    pub fn managers_role(&self) -> u64 {
        self.id.wrapping_sub(1)
    }

    /// The id of its own emoji `owl`.
    pub fn owl(&self) -> u64 {
        self.id.wrapping_add(1_000)
    }

    /// The managed role of the bot at a place of the world.
    pub fn bot_role(&self, place: usize) -> u64 {
        self.id.wrapping_add(2).wrapping_add(u64::try_from(place).unwrap_or(u64::MAX))
    }
}

/// What a channel is, by Discord's number.
///
/// <https://discord.com/developers/docs/resources/channel#channel-object-channel-types>
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChannelKind {
    /// People talk in it.
    Text = 0,
    /// A thread that everybody sees who sees its channel.
    Thread = 11,
    /// Everything in it stands in threads.
    Forum = 15,
}

/// A channel or a thread.
#[derive(Debug, Clone)]
pub struct Channel {
    /// Its id.
    pub id: u64,
    /// Its guild.
    pub guild: u64,
    /// Its name.
    pub name: String,
    /// Hidden from `@everyone`.
    pub private: bool,
    /// Place in the list.
    pub position: usize,
    /// Bots (places in [`super::state::State::bots`]) that are in it.
    pub bots: BTreeSet<usize>,
    /// The newest message.
    pub last_message: Option<u64>,
    /// What it is.
    pub kind: ChannelKind,
    /// The channel that a thread is in.
    pub parent: Option<u64>,
    /// Who opened a thread.
    pub owner: u64,
    /// A thread that nobody has said anything in for long.
    pub archived: bool,
    /// When a thread went into the archive or came out of it, or was opened, in milliseconds since the epoch.
    pub archived_at: u64,
    /// A thread that only moderators take out of the archive.
    pub locked: bool,
    /// When something was last pinned, in milliseconds since the epoch.
    pub last_pin: Option<u64>,
}

/// A person or a bot.
#[derive(Debug, Clone)]
pub struct User {
    /// Their id.
    pub id: u64,
    /// The name that others see.
    pub name: String,
    /// The unique name.
    pub handle: String,
    /// Not a person.
    pub bot: bool,
    /// May manage channels.
    pub manages: bool,
    /// The language of their client.
    pub locale: String,
}

/// A bot and its application, which share an id.
#[derive(Debug, Clone)]
pub struct Bot {
    /// Its user and application id.
    pub id: u64,
    /// Its name.
    pub name: String,
    /// What it logs in with.
    pub token: String,
    /// What it may do.
    pub may: May,
    /// The guilds that it is a member of.
    pub guilds: BTreeSet<u64>,
    /// The application commands it has registered, by guild (`None`: global).
    pub commands: BTreeMap<Option<u64>, Vec<Value>>,
}

impl Bot {
    /// The bot as a user.
    pub fn user(&self) -> User {
        User {
            id: self.id,
            name: self.name.clone(),
            handle: self.name.clone(),
            bot: true,
            manages: false,
            locale: String::new(),
        }
    }
}

/// A webhook that posts into a channel.
#[derive(Debug, Clone)]
pub struct Webhook {
    /// Its id.
    pub id: u64,
    /// What its URL ends in.
    pub token: String,
    /// Where it posts.
    pub channel: u64,
    /// That channel's guild.
    pub guild: u64,
    /// Its own name.
    pub name: String,
    /// The bot (and application) that made it.
    pub creator: u64,
}

/// Who posted a message.
#[derive(Debug, Clone)]
pub enum Author {
    /// A person or a bot.
    User(User),
    /// A webhook, under a name of its choice.
    Webhook {
        /// The webhook.
        id: u64,
        /// The application that owns it.
        application: u64,
        /// The name shown.
        name: String,
        /// The picture shown.
        avatar: Option<String>,
    },
}

impl Author {
    /// The user's or webhook's id.
    pub fn id(&self) -> u64 {
        match self {
            Self::User(user) => user.id,
            Self::Webhook { id, .. } => *id,
        }
    }
}

/// A file that was attached.
#[derive(Debug, Clone)]
pub struct Attachment {
    /// Its id.
    pub id: u64,
    /// Its name.
    pub name: String,
    /// MIME type.
    pub kind: Option<String>,
    /// Its bytes.
    pub blob: Blob,
    /// What it shows, in words.
    pub alt: Option<String>,
    /// How long it plays, of a voice message.
    pub seconds: Option<f64>,
}

/// An emoji: one of Unicode, or the guild's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Emoji {
    /// Its name, or itself.
    pub name: String,
    /// Of the guild's own.
    pub id: Option<u64>,
}

/// Who reacted with one emoji.
#[derive(Debug, Clone)]
pub struct Reaction {
    /// The emoji.
    pub emoji: Emoji,
    /// In order.
    pub users: Vec<u64>,
}

/// A poll.
#[derive(Debug, Clone)]
pub struct Poll {
    /// What is asked.
    pub question: String,
    /// The answers; their numbers count from 1.
    pub answers: Vec<String>,
    /// More than one may be chosen.
    pub multiple: bool,
    /// When it ends by itself, in milliseconds since the epoch.
    pub ends: u64,
    /// Who chose which, by place.
    pub votes: Vec<(u64, usize)>,
    /// It has ended.
    pub ended: bool,
}

impl Poll {
    /// How many chose the answer at a place.
    pub fn count(&self, at: usize) -> u64 {
        self.votes.iter().filter(|(_, answer)| *answer == at).count() as u64
    }
}

/// What a forwarded message said when it was forwarded.
#[derive(Debug, Clone)]
pub struct Forwarded {
    /// Where it stands.
    pub channel: u64,
    /// Its id.
    pub message: u64,
    /// Whose it was, which only members see.
    pub author: String,
    /// What it said.
    pub content: String,
    /// Its embeds.
    pub embeds: Vec<Value>,
    /// Its files.
    pub files: Vec<Attachment>,
    /// When it was written.
    pub at: u64,
}

/// What somebody wants to post.
#[derive(Debug, Clone, Default)]
pub struct Draft {
    /// Discord markdown.
    pub content: String,
    /// Embed objects.
    pub embeds: Vec<Value>,
    /// Component objects.
    pub components: Vec<Value>,
    /// Files.
    pub files: Vec<Attachment>,
    /// The message that is answered.
    pub reply_to: Option<u64>,
    /// Whom it pings.
    pub pings: Mentions,
    /// Message flags.
    pub flags: u64,
    /// The client's own number for it.
    pub nonce: Option<Value>,
    /// Discord's number for what it is; 0 for what somebody said.
    pub kind: u64,
    /// What a system message is about: channel and message.
    pub about: Option<(u64, Option<u64>)>,
    /// Stickers: their pictures.
    pub stickers: Vec<Attachment>,
    /// A poll.
    pub poll: Option<Poll>,
    /// What was passed on.
    pub forwarded: Option<Forwarded>,
}

/// A message.
#[derive(Debug, Clone)]
pub struct Message {
    /// Its id.
    pub id: u64,
    /// Its channel.
    pub channel: u64,
    /// Its guild.
    pub guild: u64,
    /// Who.
    pub author: Author,
    /// What.
    pub draft: Draft,
    /// Milliseconds since the epoch.
    pub at: u64,
    /// When it was last edited.
    pub edited: Option<u64>,
    /// The only person who sees it.
    pub only_for: Option<u64>,
    /// The interaction that it answers.
    pub answers: Option<u64>,
    /// Who reacted, in the order of the first of each emoji.
    pub reactions: Vec<Reaction>,
    /// It is pinned.
    pub pinned: bool,
    /// Kept, so that it can be told.
    pub deleted: bool,
}

//! What happened in a channel, as programs are told.

use super::files;
use crate::adapt::{plain, presentable};
use crate::engine::{By as Whoever, Said, Told, What};
use relay_contract::FileKind;
use serde::Serialize;

/// An event.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Event {
    /// Its place in the channel's stream: whoever has it asks for what is `after` it. None in a webhook's call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// The channel.
    pub channel: String,
    /// `posted`, `edited`, `deleted`, `reacted`, `pinned` or `noticed`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The message that it is about.
    pub message: String,
    /// When, in milliseconds since 1970, by the clock of the platform where it happened.
    pub at: i64,
    /// Who did it; none where the platform does not tell, and where Relay itself says something.
    pub author: Option<By>,
    /// What the message says now: of `posted`, `edited` and `noticed`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The message that it answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<String>,
    /// The message that its thread hangs from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thread: Option<String>,
    /// Its files.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<File>,
    /// With what somebody reacted: of `reacted`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub emoji: Option<String>,
    /// Whether the reaction or the pin was added, or taken away: of `reacted` and `pinned`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub added: Option<bool>,
}

/// Somebody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct By {
    /// The platform on which they are: `relay` for programs.
    pub platform: String,
    /// Their id there.
    pub id: String,
    /// Their name there.
    pub name: String,
    /// Their picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub avatar: Option<String>,
}

/// A file of a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct File {
    /// Its number among the files of its message.
    pub number: u16,
    /// Its name.
    pub name: String,
    /// What it is to people.
    pub kind: FileKind,
    /// Its media type, as its platform tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mime: Option<String>,
    /// Bytes, as its platform tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// What it shows, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Where its bytes are, on this server.
    pub url: String,
}

impl Event {
    /// Of a channel.
    pub fn of(channel: &str, told: Told) -> Self {
        let author = told.by.map(|of| by(told.platform.as_str(), &of));
        let mut event = Self {
            cursor: Some(told.place.to_string()),
            channel: channel.to_owned(),
            kind: "noticed",
            message: told.message,
            at: told.at.0,
            author,
            ..Self::default()
        };
        match told.what {
            What::Posted(said) => event.say("posted", said),
            What::Edited(said) => event.say("edited", said),
            What::Deleted => event.kind = "deleted",
            What::Reacted(emoji, added) => {
                (event.kind, event.emoji, event.added) = ("reacted", Some(emoji.name), Some(added));
            }
            What::Pinned(on) => (event.kind, event.added) = ("pinned", Some(on)),
            What::Noticed(body) => event.text = Some(plain::text(&body)),
        }
        event
    }

    fn say(&mut self, kind: &'static str, said: Said) {
        self.kind = kind;
        self.text = Some(plain::text(&said.message.body));
        (self.reply_to, self.thread) = (said.reply_to, said.thread);
        let files = said.files.into_iter().map(|(number, file)| File {
            number,
            url: files::url(&self.channel, &self.message, number),
            name: file.name,
            kind: file.kind,
            mime: file.mime,
            size: file.size,
            description: file.alt,
        });
        self.files = files.collect();
    }
}

/// Somebody on a platform.
pub fn by(platform: &str, of: &Whoever) -> By {
    By {
        platform: platform.to_owned(),
        id: of.id().map(ToString::to_string).unwrap_or_default(),
        name: presentable(of.name()),
        avatar: of.picture().map(str::to_owned),
    }
}

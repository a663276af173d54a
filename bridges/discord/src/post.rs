//! What is to be posted: the same whether it goes out, or is looked for because nobody answered.

use crate::errors::Failure;
use crate::ids::{PostedBy, thread_in};
use crate::parse::{Lookup, parse};
use crate::render::{Beside, SUPPRESS_EMBEDS};
use crate::rest::Rest;
use crate::rooms::Room;
use crate::upload::{self, To};
use relay_contract::{MessageRef, Operation, Part, Persona, Receipt, Upload};
use serde_json::{Map, Value, json};
use twilight_http::request::Method;
use twilight_model::id::Id;
use twilight_model::id::marker::{ChannelMarker, MessageMarker};
use xxhash_rust::xxh3::xxh3_128;

/// Characters of the name that a forum's post is given by what is said first.
///
/// <https://discord.com/developers/docs/resources/channel#start-thread-in-forum-or-media-channel>
pub const LONGEST_NAME: usize = 100;
/// Characters of a nonce.
///
/// <https://discord.com/developers/docs/resources/message#create-message>
const NONCE: usize = 25;

/// What is to be posted.
pub struct Post<'a> {
    pub part: &'a Part,
    pub persona: Option<&'a Persona>,
    pub reply_to: Option<&'a MessageRef>,
    /// The thread of the room, or the room where it is one.
    pub thread: Option<Id<ChannelMarker>>,
    pub files: &'a [Upload],
    /// What names it for ever; empty where nothing does.
    pub key: &'a str,
}

impl<'a> Post<'a> {
    /// Of an attempt in a room, if it is one to post.
    pub fn of(operation: &Operation<'a>, room: Room) -> Option<Self> {
        let Operation::Post { part, persona, reply_to, thread, files, key } = *operation else {
            return None;
        };
        let thread = thread.and_then(thread_in).or(room.thread);
        Some(Self { part, persona, reply_to, thread, files, key })
    }

    /// The message as Discord takes it, from a webhook as from the bot. Nobody is notified, whatever it says.
    pub fn message(&self) -> Value {
        let beside = Beside::of(self.part);
        let mut message = json!({ "allowed_mentions": nobody() });
        if !self.part.text.is_empty() {
            message["content"] = self.part.text.as_str().into();
        }
        if beside.no_preview {
            message["flags"] = SUPPRESS_EMBEDS.into();
        }
        if let Some(poll) = beside.poll_now() {
            message["poll"] = poll;
        }
        if !self.files.is_empty() {
            let each = self.files.iter().enumerate().map(
                |(at, file)| json!({ "id": at, "filename": upload::name(file), "description": file.alt }),
            );
            message["attachments"] = each.collect();
        }
        message
    }

    /// What Discord knows a bot's message by for a few minutes, so that it is not made twice.
    pub fn nonce(&self) -> Option<String> {
        let hash = || format!("{:032x}", xxh3_128(self.key.as_bytes())).chars().take(NONCE).collect();
        (!self.key.is_empty()).then(hash)
    }

    /// What the poll in it asks.
    pub fn asks(&self) -> Option<String> {
        Some(Beside::of(self.part).poll?["question"]["text"].as_str()?.to_owned())
    }

    /// The name of a forum's post: how it begins, what it asks, or the name of its first file.
    pub fn thread_name(&self) -> String {
        let names = Map::new();
        let begins = parse(&self.part.text, &Lookup::new(&names, &[])).excerpt(LONGEST_NAME - 1);
        let file = || self.files.first().map(|file| file.name.clone());
        let name = Some(begins).filter(|it| !it.trim().is_empty()).or_else(|| self.asks()).or_else(file);
        name.unwrap_or_else(|| "…".to_owned()).chars().take(LONGEST_NAME).collect()
    }

    /// Sends it.
    pub async fn sent<T: serde::de::DeserializeOwned>(
        &self,
        rest: &Rest,
        path: String,
        as_bot: bool,
        message: &Value,
    ) -> Result<T, Failure> {
        if self.files.is_empty() {
            return rest.send(Method::Post, path, as_bot, Some(message)).await;
        }
        rest.upload(To { path: &path, as_bot }, message, self.files).await
    }

    /// The proof that this message is it.
    pub fn receipt(&self, by: PostedBy, message: Id<MessageMarker>) -> Receipt {
        let no_text = Beside::of(self.part).no_text;
        Receipt::of(by.reference(message).holding(self.part.files.clone(), no_text))
    }
}

/// Nobody is notified.
pub fn nobody() -> Value {
    json!({ "parse": [], "replied_user": false })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonce_is_short_and_of_its_key_alone() {
        let part = Part::text("hello", Value::Null);
        let nonce = |key: &str| {
            Post { part: &part, persona: None, reply_to: None, thread: None, files: &[], key }.nonce()
        };
        let long = "x".repeat(64);
        let all: Vec<_> =
            ["a", "b", "01J.general.0", "01J.general.1", &long].map(nonce).into_iter().flatten().collect();
        assert_eq!(all.len(), 5);
        assert!(all.iter().all(|it| it.len() == NONCE), "{all:?}");
        assert!((1..5).all(|at| !all[at..].contains(&all[at - 1])), "{all:?}");
        // For ever: another version of Relay makes the same of it.
        assert_eq!(nonce("a").as_deref(), Some("a96faf705af16834e6c632b61"));
        assert_eq!(nonce(""), None);
    }
}

//! The Bot API's message, as far as it is read here.
//!
//! Lenient on purpose: what is new or odd in one place must not cost the message. Source:
//! <https://core.telegram.org/bots/api#message>.

use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

/// A `Message`.
#[derive(Debug, Deserialize)]
pub struct Message {
    pub message_id: i64,
    #[serde(default)]
    pub date: i64,
    pub edit_date: Option<i64>,
    pub chat: Chat,
    #[serde(default, deserialize_with = "if_readable")]
    pub from: Option<User>,
    #[serde(default, deserialize_with = "if_readable")]
    pub sender_chat: Option<Chat>,
    pub message_thread_id: Option<i64>,
    #[serde(default)]
    pub is_topic_message: bool,
    #[serde(default, deserialize_with = "if_readable")]
    pub reply_to_message: Option<Box<Message>>,
    #[serde(default, deserialize_with = "if_readable")]
    pub quote: Option<Quote>,
    pub text: Option<String>,
    #[serde(default, deserialize_with = "each_readable")]
    pub entities: Vec<Entity>,
    pub caption: Option<String>,
    #[serde(default, deserialize_with = "each_readable")]
    pub caption_entities: Vec<Entity>,
    /// Media, service messages, and what is not known yet.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// A `Chat`.
#[derive(Debug, Deserialize)]
pub struct Chat {
    pub id: i64,
    #[serde(default, rename = "type")]
    pub kind: String,
    pub title: Option<String>,
    /// Without `@`; of a chat that has one, so that anybody finds it.
    pub username: Option<String>,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
}

/// A `User`.
#[derive(Debug, Deserialize)]
pub struct User {
    pub id: i64,
    #[serde(default)]
    pub is_bot: bool,
    #[serde(default)]
    pub first_name: String,
    pub last_name: Option<String>,
    pub username: Option<String>,
    /// The language of their client, as an IETF tag.
    pub language_code: Option<String>,
}

/// A `MessageEntity`.
#[derive(Debug, Clone, Deserialize)]
pub struct Entity {
    #[serde(rename = "type")]
    pub kind: String,
    /// UTF-16 units.
    pub offset: i64,
    /// UTF-16 units.
    pub length: i64,
    pub url: Option<String>,
    pub language: Option<String>,
    pub custom_emoji_id: Option<String>,
    /// Seconds since the epoch, of a moment.
    pub unix_time: Option<i64>,
    /// How much of a moment is shown.
    pub date_time_format: Option<String>,
    #[serde(default, deserialize_with = "user_id")]
    pub user: Option<i64>,
}

/// A `TextQuote`: the part of a message that an answer is about.
#[derive(Debug, Deserialize)]
pub struct Quote {
    #[serde(default)]
    pub text: String,
    #[serde(default, deserialize_with = "each_readable")]
    pub entities: Vec<Entity>,
}

impl Chat {
    /// The name that people see.
    pub fn name(&self) -> String {
        match &self.title {
            Some(title) => title.clone(),
            None => full_name(self.first_name.as_deref().unwrap_or_default(), self.last_name.as_deref()),
        }
    }
}

impl User {
    /// The name that people see; a deleted account has none, and its id stands in.
    pub fn name(&self) -> String {
        let name = full_name(&self.first_name, self.last_name.as_deref());
        match &self.username {
            _ if !name.is_empty() => name,
            Some(username) if !username.is_empty() => username.clone(),
            _ => self.id.to_string(),
        }
    }
}

fn full_name(first: &str, last: Option<&str>) -> String {
    format!("{first} {}", last.unwrap_or_default()).trim().to_owned()
}

fn if_readable<'de, D: Deserializer<'de>, T: serde::de::DeserializeOwned>(
    from: D,
) -> Result<Option<T>, D::Error> {
    let value = Value::deserialize(from)?;
    Ok(T::deserialize(value).ok())
}

fn each_readable<'de, D: Deserializer<'de>, T: serde::de::DeserializeOwned>(
    from: D,
) -> Result<Vec<T>, D::Error> {
    let Value::Array(values) = Value::deserialize(from)? else {
        return Ok(Vec::new());
    };
    Ok(values.into_iter().filter_map(|value| T::deserialize(value).ok()).collect())
}

fn user_id<'de, D: Deserializer<'de>>(from: D) -> Result<Option<i64>, D::Error> {
    let user = Value::deserialize(from)?;
    Ok(user.get("id").and_then(Value::as_i64))
}

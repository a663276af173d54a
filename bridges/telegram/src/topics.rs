//! The topics of forums.
//!
//! A topic is opened by a message, whose id is the topic's. What stands in it answers that message, at least on the wire; so its
//! name comes along, as it was at first. Source: <https://core.telegram.org/bots/api#forumtopiccreated>.

use crate::{ids, wire};
use relay_contract::Thread;
use serde::Deserialize;
use serde_json::Value;

/// What `listen` adds to a message in a topic whose name it remembers.
pub const NAME: &str = "relay_topic";

/// Service messages about topics, with the word for each.
const SERVICE: [(&str, &str); 6] = [
    ("forum_topic_created", "topic opened"),
    ("forum_topic_edited", "topic renamed"),
    ("forum_topic_closed", "topic closed"),
    ("forum_topic_reopened", "topic reopened"),
    ("general_forum_topic_hidden", "general topic hidden"),
    ("general_forum_topic_unhidden", "general topic shown"),
];

/// The topic that a message stands in; none for the general one.
pub fn id(message: &wire::Message) -> Option<i64> {
    message.message_thread_id.filter(|_| message.is_topic_message)
}

/// Whether a message is the one that opened the other's topic.
pub fn opens(answered: &wire::Message, message: &wire::Message) -> bool {
    id(message) == Some(answered.message_id)
}

/// The topic that a message stands in, with its name as far as it is known.
pub fn of(payload: &Value, message: &wire::Message) -> Option<Thread> {
    let topic = id(message)?;
    let remembered = payload.get(NAME).and_then(Value::as_str).map(str::to_owned);
    let opener = message.reply_to_message.as_deref().filter(|answered| opens(answered, message));
    let name = remembered.or_else(|| opener.and_then(|opener| name(&opener.rest, "forum_topic_created")));
    Some(Thread { id: ids::native(topic), root: None, name })
}

/// The word for a service message about a topic.
pub fn service(message: &wire::Message) -> Option<&'static str> {
    SERVICE.iter().find(|(field, _)| message.rest.contains_key(*field)).map(|(_, word)| *word)
}

fn name(fields: &serde_json::Map<String, Value>, field: &str) -> Option<String> {
    let name = fields.get(field)?.get("name")?.as_str()?;
    Some(name.to_owned()).filter(|name| !name.trim().is_empty())
}

/// What a message, as it came, tells of its topic.
pub struct Told {
    /// The chat and the topic.
    pub topic: (i64, i64),
    /// The name that it has now.
    pub now: Option<String>,
    /// The name that it had at first.
    pub first: Option<String>,
}

/// What a message tells of its topic.
pub fn told(message: &Value) -> Option<Told> {
    message.get("is_topic_message")?.as_bool().filter(|is| *is)?;
    let message = wire::Message::deserialize(message).ok()?;
    let topic = (message.chat.id, id(&message)?);
    let now =
        name(&message.rest, "forum_topic_created").or_else(|| name(&message.rest, "forum_topic_edited"));
    let opener = message.reply_to_message.as_deref().filter(|answered| opens(answered, &message));
    let first = opener.and_then(|opener| name(&opener.rest, "forum_topic_created"));
    Some(Told { topic, now, first })
}

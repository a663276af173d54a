//! What a message says, what is attached to it, and what it answers.

use super::{Nothing, Reader, required, string};
use crate::{ids, parse};
use relay_contract::{Attachment, Message, Reply};
use serde_json::Value;

/// How much of an answered message is quoted.
const MOST_EXCERPT: usize = 120;

impl Reader<'_> {
    pub(super) fn content(&self, message: &Value) -> Result<Message, Nothing> {
        let ts = required(message, "ts")?;
        let at = ids::message(ts, string(message, "thread_ts"));
        Ok(Message {
            attachments: attachments(message),
            reply: self.reply(message, ts),
            ..Message::new(at, parse::body(message, &self.names))
        })
    }

    /// Slack answers in threads only: what is answered is the thread's first message.
    fn reply(&self, message: &Value, ts: &str) -> Option<Reply> {
        let thread = string(message, "thread_ts").filter(|thread| *thread != ts)?;
        let root = message.get("root").filter(|root| root.is_object());
        let author = match root {
            Some(root) => self.author(root).ok().map(|author| author.name),
            // Under a post of Relay's own stands another name than the bot's.
            None => string(message, "parent_user_id")
                .filter(|id| *id != self.added.own.user)
                .and_then(|id| self.added.people.get(id))
                .map(|person| person.name.clone()),
        };
        let excerpt = root.map(|root| parse::body(root, &self.names).excerpt(MOST_EXCERPT));
        Some(Reply { target: thread.into(), author, excerpt: excerpt.filter(|excerpt| !excerpt.is_empty()) })
    }
}

/// Files by name (<https://docs.slack.dev/reference/objects/file-object/>); deleted ones are gone.
fn attachments(message: &Value) -> Vec<Attachment> {
    let files = message.get("files").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    files
        .iter()
        .filter(|file| string(file, "mode") != Some("tombstone"))
        .map(|file| {
            let name =
                ["name", "title", "pretty_type", "filetype"].into_iter().find_map(|key| string(file, key));
            Attachment {
                size: file.get("size").and_then(Value::as_u64),
                ..Attachment::named(name.unwrap_or("file"))
            }
        })
        .collect()
}

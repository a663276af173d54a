//! Topics of forums, and what is pinned.

use super::state::{State, Stored, User};
use crate::people::{Change, Refused, SeenThread};
use serde_json::json;

/// The longest name of a topic, in characters. Source: <https://core.telegram.org/bots/api#createforumtopic>.
const NAME: usize = 128;

impl State {
    /// Opens a topic: its id, which is that of the message that says so.
    pub fn open(
        &mut self,
        chat: i64,
        by: &User,
        name: &str,
        changes: &mut Vec<Change>,
    ) -> Result<i64, String> {
        let forum = self.chat(chat).is_some_and(|place| place.forum && place.kind() == "supergroup");
        if !forum {
            return Err("the chat is not a forum".into());
        }
        if !(1..=NAME).contains(&name.trim().chars().count()) {
            return Err("TOPIC_TITLE_INVALID".into());
        }
        let created = json!({ "forum_topic_created": { "name": name, "icon_color": 7_322_096 } });
        let place = self.chats.iter_mut().find(|place| place.id == chat).ok_or("chat not found")?;
        let id = place.upcoming();
        place.topics.push((id, name.to_owned()));
        let message =
            Stored { service: Some(created), topic: Some(id), ..Stored::new(by.clone(), Default::default()) };
        changes.extend(self.post(chat, message).map(|(_, change)| change));
        Ok(id)
    }

    /// The topics of a chat.
    pub fn topics(&self, chat: i64) -> Vec<SeenThread> {
        let topics = self.chat(chat).into_iter().flat_map(|place| &place.topics);
        topics.map(|(id, name)| SeenThread { id: id.to_string(), name: name.clone(), root: None }).collect()
    }

    /// The topic that a person names.
    pub fn topic(&self, chat: i64, wanted: &str) -> Result<i64, Refused> {
        let topics = self.chat(chat).into_iter().flat_map(|place| &place.topics);
        let found = topics.map(|(id, _)| *id).find(|id| id.to_string() == wanted);
        found.ok_or_else(|| Refused::Unknown("topic", wanted.to_owned()))
    }

    /// Pins a message, which a message in its place tells, or unpins it, which nothing tells. None when there is no such
    /// message; nothing happens when it is so already.
    pub fn pin(
        &mut self,
        chat: i64,
        id: i64,
        by: &User,
        on: bool,
        changes: &mut Vec<Change>,
    ) -> Option<bool> {
        let message = self.message_mut(chat, id)?;
        if message.pinned == on {
            return Some(false);
        }
        message.pinned = on;
        let message = message.clone();
        changes.push(self.change("pinned", chat, &message));
        if on {
            let told = self.wire_message(self.chat(chat)?, &message, false);
            let service = Some(json!({ "pinned_message": told }));
            let says =
                Stored { service, topic: message.topic, ..Stored::new(by.clone(), Default::default()) };
            changes.extend(self.post(chat, says).map(|(_, change)| change));
        }
        Some(true)
    }
}

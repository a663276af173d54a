//! Reactions and pins (<https://docs.slack.dev/reference/events/reaction_added/>,
//! <https://docs.slack.dev/reference/events/pin_added/>). The event's own time tells one from the next, and is the same when Slack
//! repeats it.

use super::{Nothing, Reader, required, string, time_of};
use crate::emoji;
use relay_contract::{Author, Emoji, Envelope, Event, Standing};
use serde_json::Value;

/// Events about reactions.
pub const REACTIONS: &[&str] = &["reaction_added", "reaction_removed"];
/// Events about pins.
pub const PINS: &[&str] = &["pin_added", "pin_removed"];

impl Reader<'_> {
    pub(super) fn reaction(&self, event: &Value, added: bool) -> Result<Envelope, Nothing> {
        let item = event.get("item").unwrap_or(&Value::Null);
        // A file can be reacted to without a message; nobody hears of that elsewhere.
        if string(item, "type").is_some_and(|kind| kind != "message") {
            return Err(Nothing::Ignored("reaction"));
        }
        let version = required(event, "event_ts")?.to_owned();
        Ok(Envelope {
            origin: self.room(item)?,
            author: Some(self.person(required(event, "user")?)),
            at: time_of(&version)?,
            event: Event::Reacted {
                target: required(item, "ts")?.into(),
                emoji: named(required(event, "reaction")?),
                added,
                version,
            },
        })
    }

    pub(super) fn pin(&self, event: &Value, on: bool) -> Result<Envelope, Nothing> {
        let item = event.get("item").unwrap_or(&Value::Null);
        if string(item, "type").is_some_and(|kind| kind != "message") {
            return Err(Nothing::Ignored("pin"));
        }
        let message = item.get("message").unwrap_or(item);
        let version = required(event, "event_ts")?.to_owned();
        let room = if string(item, "channel").is_some() {
            self.room(item)?
        } else {
            self.room_of(event, "channel_id")?
        };
        Ok(Envelope {
            origin: room,
            author: Some(self.person(required(event, "user")?)),
            at: time_of(&version)?,
            event: Event::Pinned { target: required(message, "ts")?.into(), on, version },
        })
    }

    /// Somebody who did something, by their user id.
    pub(super) fn person(&self, id: &str) -> Author {
        let known = self.added.people.get(id);
        let standing = match known {
            _ if id == self.added.own.user => Standing::Relay,
            _ if id == "USLACKBOT" => Standing::Bot,
            Some(person) if person.bot => Standing::Bot,
            _ => Standing::Person,
        };
        Author {
            id: id.into(),
            name: known.map_or_else(|| id.to_owned(), |person| person.name.clone()),
            avatar: known.and_then(|person| person.avatar.clone()),
            standing,
        }
    }
}

/// The emoji of Unicode, or the workspace's own, which has no other id than its name.
fn named(name: &str) -> Emoji {
    match emoji::unicode(name) {
        Some(emoji) => Emoji { name: emoji, id: None },
        None => {
            let name = name.split("::").next().unwrap_or(name);
            Emoji { name: name.to_owned(), id: Some(name.into()) }
        }
    }
}

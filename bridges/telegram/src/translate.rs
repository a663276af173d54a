//! An update to an envelope: pure and total.

#[cfg(test)]
mod tests;

use crate::own::Own;
use crate::{attachments, commands, ids, news, parse, wire};
use relay_contract::{Author, Envelope, Event, Message, RawEvent, Reply, Standing, Timestamp, Translation};
use serde::Deserialize;
use serde_json::Value;

/// The longest excerpt of an answered message, in user-perceived characters.
const EXCERPT: usize = 120;

/// Kinds of updates that carry a message, and whether it is a new one.
pub const MESSAGES: [(&str, bool); 4] =
    [("message", true), ("channel_post", true), ("edited_message", false), ("edited_channel_post", false)];

/// The kind of update that is about the bot's own membership.
pub const MEMBERSHIP: &str = "my_chat_member";

/// What an update means.
pub fn update(raw: &RawEvent, own: &Own) -> Translation {
    let carried = MESSAGES.iter().find_map(|(kind, new)| Some((raw.payload.get(kind)?, *new)));
    let Some((carried, new)) = carried else {
        return match raw.payload.get(MEMBERSHIP) {
            Some(change) => news::membership(change),
            None => news::told(&raw.payload).unwrap_or(Translation::Ignored("unknown update")),
        };
    };
    match wire::Message::deserialize(carried) {
        Ok(message) if new => posted(&message, own),
        Ok(message) => edited(&message, own),
        Err(error) => Translation::Unreadable(format!("not a Telegram message: {error}")),
    }
}

fn posted(message: &wire::Message, own: &Own) -> Translation {
    if let Some(news) = news::of(message) {
        return Translation::Room(news);
    }
    if let Some(call) = commands::call(message, own) {
        return Translation::Command(call);
    }
    match content(message) {
        Err(ignored) => Translation::Ignored(ignored),
        Ok(content) => envelope(message, own, message.date, Event::Posted(content)),
    }
}

fn edited(message: &wire::Message, own: &Own) -> Translation {
    // An edit that people don't see as one (a reaction, a button, a preview) bears no date.
    let Some(edit_date) = message.edit_date.filter(|date| *date > 0) else {
        return Translation::Ignored("unseen edit");
    };
    if attachments::is_live_location(&message.rest) {
        return Translation::Ignored("live location");
    }
    // Given once, and not again by mending a word of it.
    if commands::call(message, own).is_some() {
        return Translation::Ignored("edited command");
    }
    match content(message) {
        Err(ignored) => Translation::Ignored(ignored),
        Ok(to) => {
            // The date has seconds only: two edits in one second differ by what they say.
            let version = format!("{edit_date}-{:016x}", fingerprint(&to));
            envelope(message, own, edit_date, Event::Edited { to, version })
        }
    }
}

fn envelope(message: &wire::Message, own: &Own, at: i64, event: Event) -> Translation {
    Translation::Events(vec![Envelope {
        origin: ids::room(message.chat.id),
        author: author(message, own.id),
        at: Timestamp(at.saturating_mul(1_000)),
        event,
    }])
}

/// What a message says; a word when it says nothing.
fn content(message: &wire::Message) -> Result<Message, &'static str> {
    let body = body(message);
    let attachments = attachments::among(&message.rest);
    if body.is_empty() && attachments.is_empty() {
        return Err(if message.text.is_some() { "empty" } else { "service message" });
    }
    let topic = message.message_thread_id.filter(|_| message.is_topic_message);
    let at = ids::message_in(message.chat.id, message.message_id, topic);
    Ok(Message { attachments, reply: reply(message), ..Message::new(at, body) })
}

fn body(message: &wire::Message) -> relay_contract::Text {
    match (&message.text, &message.caption) {
        (Some(text), _) => parse::text(text, &message.entities),
        (None, Some(caption)) => parse::text(caption, &message.caption_entities),
        (None, None) => relay_contract::Text::default(),
    }
}

/// Somebody who speaks for a chat (an anonymous administrator, a channel) is shown as that chat; in `from` there is a
/// placeholder then, which calls itself a bot. What Telegram carries over from a linked channel nobody says in the group: it
/// counts as a bot's, because what Relay posts in that channel is carried over too.
pub fn author(message: &wire::Message, own: Option<i64>) -> Option<Author> {
    let carried_over = message.rest.get("is_automatic_forward") == Some(&Value::Bool(true));
    let (id, name, standing) = match (&message.sender_chat, &message.from) {
        (_, Some(user)) if Some(user.id) == own => (user.id, user.name(), Standing::Relay),
        (Some(chat), _) if carried_over => (chat.id, chat.name(), Standing::Bot),
        (Some(chat), _) => (chat.id, chat.name(), Standing::Person),
        (None, Some(user)) if user.is_bot => (user.id, user.name(), Standing::Bot),
        (None, Some(user)) => (user.id, user.name(), Standing::Person),
        (None, None) => (message.chat.id, message.chat.name(), Standing::Person),
    };
    let id = ids::native(id);
    let name = if name.is_empty() { id.to_string() } else { name };
    Some(Author { id, name, avatar: None, standing })
}

/// In a topic every message answers the one that opened it, at least on the wire.
fn reply(message: &wire::Message) -> Option<Reply> {
    let answered = message.reply_to_message.as_deref()?;
    let opens_topic = message.is_topic_message && message.message_thread_id == Some(answered.message_id);
    if opens_topic || answered.chat.id != message.chat.id {
        return None;
    }
    let text = match &message.quote {
        Some(quote) if !quote.text.trim().is_empty() => parse::text(&quote.text, &quote.entities),
        _ => body(answered),
    };
    let excerpt = match text.excerpt(EXCERPT) {
        said if said.is_empty() => {
            attachments::among(&answered.rest).into_iter().next().map(|file| file.name)
        }
        said => Some(said),
    };
    Some(Reply {
        target: ids::native(answered.message_id),
        author: author(answered, None).map(|author| author.name),
        excerpt,
    })
}

/// FNV-1a over what people see: the same in every process, as it becomes part of a stored version.
fn fingerprint(message: &Message) -> u64 {
    let seen = serde_json::to_vec(&(&message.body, &message.attachments)).unwrap_or_default();
    seen.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// The message or change of membership in an update.
pub fn carried(update: &Value) -> Option<&Value> {
    MESSAGES.iter().map(|(kind, _)| *kind).chain([MEMBERSHIP]).find_map(|kind| update.get(kind))
}

/// The chat that an update happened in.
pub fn chat(update: &Value) -> Option<i64> {
    carried(update)?.get("chat")?.get("id")?.as_i64()
}

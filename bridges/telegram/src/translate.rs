//! An update to an envelope: pure and total.

#[cfg(test)]
mod tests;

use crate::own::Own;
use crate::{
    attachments, buttons, commands, forwards, ids, members, news, parse, polls, reactions, topics, wire,
};
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
        return others(&raw.payload, own);
    };
    match wire::Message::deserialize(carried) {
        Ok(message) if new => posted(&raw.payload, &message, own),
        Ok(message) => edited(&raw.payload, &message, own),
        Err(error) => Translation::Unreadable(format!("not a Telegram message: {error}")),
    }
}

/// An update that is no message.
fn others(payload: &Value, own: &Own) -> Translation {
    if let Some(change) = payload.get(MEMBERSHIP) {
        return news::membership(change);
    }
    if let Some(change) = payload.get(reactions::KIND) {
        return reactions::update(payload, change, own);
    }
    if let Some(change) = payload.get(members::KIND) {
        return members::update(payload, change, own);
    }
    if payload.get(buttons::KIND).is_some() {
        return buttons::update(payload, own);
    }
    if let Some(poll) = payload.get(polls::KIND) {
        return polls::update(payload, poll);
    }
    if payload.get(reactions::COUNTED).is_some() {
        return Translation::Ignored("anonymous reactions");
    }
    news::told(payload).unwrap_or(Translation::Ignored("unknown update"))
}

fn posted(payload: &Value, message: &wire::Message, own: &Own) -> Translation {
    if let Some(news) = news::of(message) {
        return Translation::Room(news);
    }
    if let Some(call) = commands::call(message, own) {
        return Translation::Command(call);
    }
    if let Some(told) = members::service(payload, message, own) {
        return told;
    }
    if let Some(word) = topics::service(message) {
        return Translation::Ignored(word);
    }
    if let Some(event) = service(message) {
        return envelope(message, own, message.date, event);
    }
    match content(payload, message, own) {
        Err(ignored) => Translation::Ignored(ignored),
        Ok(content) => envelope(message, own, message.date, Event::Posted(content)),
    }
}

fn edited(payload: &Value, message: &wire::Message, own: &Own) -> Translation {
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
    match content(payload, message, own) {
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

/// What a service message tells of: a pin, or the chat's new name.
fn service(message: &wire::Message) -> Option<Event> {
    let version = message.message_id.to_string();
    if let Some(pinned) = message.rest.get("pinned_message") {
        let target = ids::native(pinned.get("message_id")?.as_i64().filter(|id| *id > 0)?);
        return Some(Event::Pinned { target, on: true, version });
    }
    let name = message.rest.get("new_chat_title")?.as_str()?.to_owned();
    Some(Event::Renamed { name, version })
}

/// What a message says; a word when it says nothing.
fn content(payload: &Value, message: &wire::Message, own: &Own) -> Result<Message, &'static str> {
    let body = body(message);
    let attachments = attachments::among(&message.rest);
    let poll = polls::among(&message.rest);
    if body.is_empty() && attachments.is_empty() && poll.is_none() {
        return Err(if message.text.is_some() { "empty" } else { "service message" });
    }
    let at = ids::message_in(message.chat.id, message.message_id, topics::id(message));
    let preview = message.rest.get("link_preview_options").and_then(|options| options.get("is_disabled"));
    Ok(Message {
        attachments,
        reply: reply(message, own.id),
        thread: topics::of(payload, message),
        poll,
        forward: forwards::of(message, own.id),
        no_preview: preview == Some(&Value::Bool(true)),
        ..Message::new(at, body)
    })
}

fn body(message: &wire::Message) -> relay_contract::Text {
    match (&message.text, &message.caption) {
        (Some(text), _) => parse::text(text, &message.entities),
        (None, Some(caption)) => parse::text(caption, &message.caption_entities),
        (None, None) => attachments::contact(&message.rest).unwrap_or_default(),
    }
}

/// Somebody who speaks for a chat (an anonymous administrator, a channel) is shown as that chat; in `from` there is a
/// placeholder then, which calls itself a bot. What Telegram carries over from a linked channel nobody says in the group: it
/// counts as a bot's, because what Relay posts in that channel is carried over too.
pub fn author(message: &wire::Message, own: Option<i64>) -> Option<Author> {
    let carried_over = message.rest.get("is_automatic_forward") == Some(&Value::Bool(true));
    Some(match (&message.sender_chat, &message.from) {
        (_, Some(user)) if Some(user.id) == own => person(user, own),
        (Some(chat), _) if carried_over => Author { standing: Standing::Bot, ..chat_author(chat) },
        (Some(chat), _) => chat_author(chat),
        (None, Some(user)) => person(user, own),
        (None, None) => chat_author(&message.chat),
    })
}

/// A user, who may be a bot, or this one.
pub fn person(user: &wire::User, own: Option<i64>) -> Author {
    let standing = match user.is_bot {
        _ if Some(user.id) == own => Standing::Relay,
        true => Standing::Bot,
        false => Standing::Person,
    };
    Author { id: ids::native(user.id), name: user.name(), avatar: None, standing }
}

/// Somebody who speaks for a chat.
pub fn chat_author(chat: &wire::Chat) -> Author {
    let id = ids::native(chat.id);
    let name = chat.name();
    let name = if name.is_empty() { id.to_string() } else { name };
    Author { id, name, avatar: None, standing: Standing::Person }
}

/// In a topic every message answers the one that opened it, at least on the wire. What this bot said is of others: Relay knows whose it is,
/// or nobody does.
fn reply(message: &wire::Message, own: Option<i64>) -> Option<Reply> {
    let answered = message.reply_to_message.as_deref()?;
    if topics::opens(answered, message) || answered.chat.id != message.chat.id {
        return None;
    }
    let by = author(answered, own);
    if by.as_ref().is_some_and(|by| by.standing == Standing::Relay) {
        return Some(Reply { target: ids::native(answered.message_id), author: None, excerpt: None });
    }
    let text = match &message.quote {
        Some(quote) if !quote.text.trim().is_empty() => parse::text(&quote.text, &quote.entities),
        _ => body(answered),
    };
    let excerpt = match text.excerpt(EXCERPT) {
        said if said.is_empty() => {
            let file = attachments::among(&answered.rest).into_iter().next().map(|file| file.name);
            file.or_else(|| polls::among(&answered.rest).map(|poll| poll.question))
        }
        said => Some(said),
    };
    Some(Reply { target: ids::native(answered.message_id), author: by.map(|by| by.name), excerpt })
}

/// FNV-1a over what people see: the same in every process, as it becomes part of a stored version.
fn fingerprint(message: &Message) -> u64 {
    let seen = serde_json::to_vec(&(&message.body, &message.attachments)).unwrap_or_default();
    seen.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// The message, reaction or change of membership in an update.
pub fn carried(update: &Value) -> Option<&Value> {
    let others = [MEMBERSHIP, members::KIND, reactions::KIND, reactions::COUNTED];
    MESSAGES.iter().map(|(kind, _)| *kind).chain(others).find_map(|kind| update.get(kind))
}

/// The chat that an update happened in.
pub fn chat(update: &Value) -> Option<i64> {
    let chat = carried(update).and_then(|carried| carried.get("chat")?.get("id"));
    let chat = chat.or_else(|| update.get(polls::STANDS)?.get("chat")).and_then(Value::as_i64);
    chat.or_else(|| buttons::chat(update))
}

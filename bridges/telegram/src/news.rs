//! What becomes of chats: what an update says of it, and what `listen` hands up on its own.

use crate::{ids, rooms, translate, wire};
use relay_contract::{RawEvent, RoomNews, Translation};
use serde::Deserialize;
use serde_json::{Value, json};

/// The key of a chat that `listen` tells of, in a payload of its own.
const SEEN: &str = "relay_seen";

/// The key of a move that `listen` tells of, in a payload of its own.
const MOVED: &str = "relay_moved";

/// A chat, as `listen` tells of it.
pub fn seen(chat: Value) -> Value {
    json!({ SEEN: chat })
}

/// The key of a chat of which something may have changed, in a payload of its own.
const CHANGED: &str = "relay_changed";

/// A chat with another name, as `listen` tells of it in front of the message that says so.
pub fn renamed(update: &Value) -> Option<RawEvent> {
    let message = translate::carried(update)?;
    message.get("new_chat_title")?;
    let chat = message.get("chat")?.get("id")?.as_i64()?;
    Some(RawEvent { space: ids::native(chat), payload: json!({ CHANGED: chat }), cursor: None })
}

/// A group that became a supergroup, as `listen` tells of it.
pub fn moved(from: i64, to: i64) -> RawEvent {
    RawEvent { space: ids::native(from), payload: json!({ MOVED: [from, to] }), cursor: None }
}

/// Reads what `listen` tells on its own; none when it is something else.
pub fn told(payload: &Value) -> Option<Translation> {
    if let Some(chat) = payload.get(SEEN) {
        return Some(match wire::Chat::deserialize(chat) {
            Ok(chat) => Translation::Room(RoomNews::Seen(rooms::sketch(&chat))),
            Err(error) => Translation::Unreadable(format!("not a Telegram chat: {error}")),
        });
    }
    if let Some(chat) = payload.get(CHANGED).and_then(Value::as_i64) {
        return Some(Translation::Room(RoomNews::Changed(ids::native(chat))));
    }
    let (from, to) = Deserialize::deserialize(payload.get(MOVED)?).ok()?;
    Some(Translation::Room(between(from, to)))
}

/// A change of the bot's membership: removed, let in, given or denied rights.
pub fn membership(change: &Value) -> Translation {
    match change.get("chat").and_then(|chat| chat.get("id")).and_then(Value::as_i64) {
        Some(chat) => Translation::Room(RoomNews::Changed(ids::native(chat))),
        None => Translation::Unreadable("a change of membership that names no chat".into()),
    }
}

/// What a service message says about its chat. Of a move each of the two chats tells.
pub fn of(message: &wire::Message) -> Option<RoomNews> {
    migration(message.chat.id, |name| message.rest.get(name)).map(|(from, to)| between(from, to))
}

/// The group and the supergroup that a message in one of them tells of, by its fields.
pub fn migration<'a>(chat: i64, field: impl Fn(&str) -> Option<&'a Value>) -> Option<(i64, i64)> {
    let other = |name| field(name).and_then(Value::as_i64).filter(|id| *id != 0 && *id != chat);
    match (other("migrate_to_chat_id"), other("migrate_from_chat_id")) {
        (Some(to), _) => Some((chat, to)),
        (None, Some(from)) => Some((from, chat)),
        (None, None) => None,
    }
}

fn between(from: i64, to: i64) -> RoomNews {
    RoomNews::Moved { from: ids::room(from), to: ids::room(to) }
}

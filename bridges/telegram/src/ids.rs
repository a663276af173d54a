//! Telegram's ids as the contract's, and back.

use crate::PLATFORM;
use relay_contract::{MessageRef, NativeId, RoomKey};

/// Chat ids are unique in all of Telegram, whichever server is asked.
const NETWORK: &str = "telegram";

/// What is put before a supergroup's or channel's own number to make a chat id.
const SUPERGROUP: &str = "-100";

/// A chat's identity.
pub fn room(chat: i64) -> RoomKey {
    RoomKey::new(PLATFORM, NETWORK, native(chat))
}

/// A chat, user or message id as the contract writes it.
pub fn native(id: i64) -> NativeId {
    NativeId::from(id.to_string())
}

/// A chat id; none when it is something else, such as `@name`.
pub fn chat(room: &NativeId) -> Option<i64> {
    room.as_str().parse().ok().filter(|id| *id != 0)
}

/// A message id.
pub fn message(id: &NativeId) -> Option<i32> {
    id.as_str().parse().ok().filter(|id| *id > 0)
}

/// `https://t.me/c/…`, which works for members of a supergroup or channel; other chats have no links.
/// Source: <https://core.telegram.org/api/links#private-message-links>.
pub fn permalink(room: &RoomKey, message: &MessageRef) -> Option<String> {
    let number = room.room.as_str().strip_prefix(SUPERGROUP)?;
    number.parse::<u64>().ok()?;
    self::message(&message.id)?;
    let topic = message.thread.as_ref().map(|topic| format!("{topic}/")).unwrap_or_default();
    Some(format!("https://t.me/c/{number}/{topic}{}", message.id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links() {
        let topic = MessageRef { id: "7".into(), thread: Some("3".into()) };
        let cases = [
            (-1001234567890, MessageRef::plain("7"), Some("https://t.me/c/1234567890/7")),
            (-1001234567890, topic, Some("https://t.me/c/1234567890/3/7")),
            (-1001234567890, MessageRef::plain("x"), None),
            (-4567, MessageRef::plain("7"), None),
            (4567, MessageRef::plain("7"), None),
        ];
        for (chat, message, link) in cases {
            assert_eq!(permalink(&room(chat), &message).as_deref(), link, "{chat}");
        }
    }
}

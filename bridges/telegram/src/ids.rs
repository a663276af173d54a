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

/// A chat between one person and the bot has that person's id, and ids of people are above zero; all other chats have ids below it.
/// Source: <https://core.telegram.org/api/bots/ids>.
pub fn is_private(room: &NativeId) -> bool {
    chat(room).is_some_and(|chat| chat > 0)
}

/// A message id.
pub fn message(id: &NativeId) -> Option<i32> {
    id.as_str().parse().ok().filter(|id| *id > 0)
}

/// How to address a message: by its id, and the topic it stands in.
///
/// A basic group has no topics; there the group stands in the topic's place. When it becomes a supergroup, ids are counted
/// anew, and one of the old ones must not be taken for a new message's.
pub fn message_in(chat: i64, id: i64, topic: Option<i64>) -> MessageRef {
    let thread = topic.or(is_basic_group(chat).then_some(chat));
    MessageRef::plain(native(id)).within(thread.map(native))
}

/// A message that Relay posted, to be found again under the key of another chat: of the group that became this supergroup.
pub fn message_elsewhere(chat: i64, id: i64) -> MessageRef {
    MessageRef::plain(native(id)).within(Some(native(chat)))
}

/// The chat that a message really stands in, given the chat of its room.
pub fn chat_of(room: i64, message: &MessageRef) -> i64 {
    let named = message.thread.as_ref().and_then(chat);
    named.filter(|chat| *chat < 0).unwrap_or(room)
}

/// Groups that are no supergroups have negative ids above those of all others.
/// Source: <https://core.telegram.org/api/bots/ids>.
pub fn is_basic_group(chat: i64) -> bool {
    (-999_999_999_999..0).contains(&chat)
}

/// `https://t.me/c/…`, which works for members of a supergroup or channel; other chats have no links.
/// Source: <https://core.telegram.org/api/links#private-message-links>.
pub fn permalink(room: &RoomKey, message: &MessageRef) -> Option<String> {
    let chat = chat_of(chat(&room.room)?, message).to_string();
    let number = chat.strip_prefix(SUPERGROUP)?;
    number.parse::<u64>().ok()?;
    self::message(&message.id)?;
    let topic = message.thread.as_ref().and_then(self::message);
    let topic = topic.map(|topic| format!("{topic}/")).unwrap_or_default();
    Some(format!("https://t.me/c/{number}/{topic}{}", message.id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links() {
        let topic = MessageRef::plain("7").within(Some("3".into()));
        let cases = [
            (-1001234567890, MessageRef::plain("7"), Some("https://t.me/c/1234567890/7")),
            (-1001234567890, topic, Some("https://t.me/c/1234567890/3/7")),
            (-1001234567890, MessageRef::plain("x"), None),
            (-4567, MessageRef::plain("7"), None),
            (-4567, message_in(-4567, 7, None), None),
            (-4567, message_elsewhere(-1001234567890, 7), Some("https://t.me/c/1234567890/7")),
            (-1001234567890, message_in(-4567, 7, None), None),
            (4567, MessageRef::plain("7"), None),
        ];
        for (chat, message, link) in cases {
            assert_eq!(permalink(&room(chat), &message).as_deref(), link, "{chat}");
        }
    }

    #[test]
    fn a_message_is_looked_for_where_it_stands() {
        let cases = [
            (-1001, message_in(-1001, 7, None), -1001),
            (-1001, message_in(-1_001_234_567_890, 7, Some(3)), -1001),
            (-4567, message_in(-4567, 7, None), -4567),
            (-1_001_234_567_890, message_in(-4567, 7, None), -4567),
            (-4567, message_elsewhere(-1_001_234_567_890, 7), -1_001_234_567_890),
            (4567, MessageRef::plain("7").within(Some("odd".into())), 4567),
        ];
        for (room, message, chat) in cases {
            assert_eq!(chat_of(room, &message), chat, "{room} {message:?}");
        }
    }
}

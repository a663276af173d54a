//! Where a message that was passed on comes from.

use crate::wire;
use relay_contract::Forward;
use serde::Deserialize;
use serde_json::Value;

/// A `MessageOrigin`. Source: <https://core.telegram.org/bots/api#messageorigin>.
#[derive(Deserialize)]
struct Origin {
    sender_user: Option<wire::User>,
    /// Somebody who does not want to be found through what they said.
    sender_user_name: Option<String>,
    sender_chat: Option<wire::Chat>,
    chat: Option<wire::Chat>,
    author_signature: Option<String>,
}

/// None for what Telegram itself carries over from a channel into its discussion group.
pub fn of(message: &wire::Message, own: Option<i64>) -> Option<Forward> {
    let origin = message.rest.get("forward_origin")?;
    if message.rest.get("is_automatic_forward") == Some(&Value::Bool(true)) {
        return None;
    }
    let Ok(origin) = Origin::deserialize(origin) else {
        return Some(Forward::default());
    };
    let named = |name: String| Some(name.trim().to_owned()).filter(|name| !name.is_empty());
    // What Relay posted was said by somebody else, and Telegram does not tell which message it is.
    let said_by = origin.sender_user.as_ref().filter(|user| Some(user.id) != own);
    let author_id = said_by.map(|user| user.id.to_string().into());
    let author = origin.sender_user.map(|user| user.name());
    let author = author.or(origin.sender_user_name).or(origin.author_signature).and_then(named);
    let room = origin.chat.or(origin.sender_chat).and_then(|chat| named(chat.name()));
    Some(Forward { author, author_id, room })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn origins() {
        let channel = json!({"id": -1002, "type": "channel", "title": "News"});
        let cases = [
            (
                json!({"type": "user", "sender_user": {"id": 5, "first_name": "Ada"}}),
                Some((Some("Ada"), None)),
            ),
            (json!({"type": "hidden_user", "sender_user_name": "Ivo"}), Some((Some("Ivo"), None))),
            (json!({"type": "chat", "sender_chat": channel}), Some((None, Some("News")))),
            (
                json!({"type": "channel", "chat": channel, "message_id": 7, "author_signature": "Ed"}),
                Some((Some("Ed"), Some("News"))),
            ),
            (json!({"type": "novelty"}), Some((None, None))),
            (json!(7), Some((None, None))),
        ];
        let read = |fields: Value| wire::Message::deserialize(fields).unwrap();
        for (origin, expected) in cases {
            let message = read(json!({"message_id": 9, "chat": {"id": -1001}, "forward_origin": origin}));
            let forward = of(&message, Some(1));
            let got = forward.as_ref().map(|forward| (forward.author.as_deref(), forward.room.as_deref()));
            assert_eq!(got, expected, "{origin}");
        }
        let carried_over = json!({
            "message_id": 9, "chat": {"id": -1001}, "forward_origin": {"type": "channel", "chat": channel},
            "is_automatic_forward": true,
        });
        assert_eq!(of(&read(carried_over), Some(1)), None);
    }

    #[test]
    fn what_relay_posted_is_by_nobody_that_is_known() {
        let origin = json!({"type": "user", "sender_user": {"id": 5, "first_name": "Relay"}});
        let fields = json!({"message_id": 9, "chat": {"id": -1001}, "forward_origin": origin});
        let message = wire::Message::deserialize(fields).unwrap();
        let by = |own| of(&message, own).unwrap().author_id;
        assert_eq!((by(Some(5)), by(Some(6))), (None, Some("5".into())));
    }
}

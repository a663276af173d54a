//! `/relay …` in a message: who gives it, where, and what is asked. Pure.

use crate::own::Own;
use crate::wire::Message;
use crate::{ids, topics, translate};
use relay_contract::{Ask, Asker, Call, MessageRef, SpaceRef, Timestamp};
use serde::{Deserialize, Serialize};

/// The command, as it stands in the bot's menu.
pub const NAME: &str = "relay";

/// Fields of a message that is in the sender's name, but not in their words.
const OTHERS_WORDS: [&str; 4] = ["forward_origin", "forward_date", "via_bot", "is_automatic_forward"];

/// What a call carries for its answer. No token is in it.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// The chat.
    pub chat: i64,
    /// The message with the command, or with the button that was clicked; 0 where it stands in another chat.
    pub message: i64,
    /// The topic it stands in.
    pub topic: Option<i64>,
    /// The person; none when somebody speaks for a chat.
    pub person: Option<i64>,
    /// Somebody speaks for this very chat: an anonymous administrator, or whoever may post in a channel.
    pub for_chat: bool,
}

impl Origin {
    /// Whether it was given to the bot alone.
    pub fn is_private(&self) -> bool {
        self.chat > 0
    }
}

/// The command in a message; none when there is none, it is for another bot, or it is not the sender's own.
pub fn call(message: &Message, own: &Own) -> Option<Call> {
    let words = words(message, own.username.as_deref())?;
    if OTHERS_WORDS.iter().any(|name| message.rest.contains_key(*name)) {
        return None;
    }
    let for_chat = match (&message.sender_chat, &message.from) {
        (Some(chat), _) => chat.id == message.chat.id,
        (None, Some(user)) if user.is_bot => return None,
        (None, from) => from.is_none(),
    };
    let spoken = message.from.as_ref().filter(|_| message.sender_chat.is_none());
    let person = spoken.map(|user| user.id);
    let asker = translate::author(message, own.id)?;
    let origin = Origin {
        chat: message.chat.id,
        message: message.message_id,
        topic: topics::id(message),
        person,
        for_chat,
    };
    Some(Call {
        room: ids::room(message.chat.id),
        space: SpaceRef { id: ids::native(message.chat.id), name: message.chat.name() },
        asker: Asker { id: asker.id, name: asker.name },
        // Somebody who speaks for a chat speaks its language.
        locale: spoken.and_then(|user| user.language_code.clone()),
        ask: Ask::parse(words).about(answered(message)),
        at: Timestamp(message.date.saturating_mul(1_000)),
        message: None,
        reply: serde_json::to_value(origin).ok()?,
    })
}

/// The message that a command answers; what it answers only by standing in a topic is not meant.
fn answered(message: &Message) -> Option<MessageRef> {
    let answered = message.reply_to_message.as_deref();
    let answered =
        answered.filter(|answered| answered.chat.id == message.chat.id && !topics::opens(answered, message));
    answered.map(|answered| ids::message_in(message.chat.id, answered.message_id, topics::id(message)))
}

/// What stands behind `/relay` or `/relay@own_name` at the very beginning. A command's characters are ASCII, so that UTF-16
/// units are bytes. Source: <https://core.telegram.org/bots/features#commands>.
fn words<'a>(message: &'a Message, username: Option<&str>) -> Option<&'a str> {
    let text = message.text.as_deref()?;
    let entity = message.entities.iter().find(|entity| entity.kind == "bot_command" && entity.offset == 0)?;
    let (command, rest) = text.split_at_checked(usize::try_from(entity.length).ok()?)?;
    let command = command.strip_prefix('/')?;
    let (name, bot) = command.split_once('@').map_or((command, None), |(name, bot)| (name, Some(bot)));
    let ours = bot.is_none_or(|bot| username.is_some_and(|own| own.eq_ignore_ascii_case(bot)));
    (ours && name.eq_ignore_ascii_case(NAME)).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn own() -> Own {
        Own { id: Some(7_000), username: Some("Relay_Bot".into()) }
    }

    fn read(text: &str, length: i64, more: Value) -> Option<Call> {
        let mut message = json!({
            "message_id": 9, "date": 1_700_000_000, "chat": {"id": -1001, "type": "supergroup", "title": "Hikers"},
            "from": {"id": 5, "is_bot": false, "first_name": "Ada"}, "text": text,
            "entities": [{"type": "bot_command", "offset": 0, "length": length}],
        });
        if let (Value::Object(message), Value::Object(more)) = (&mut message, more) {
            message.extend(more);
        }
        call(&Message::deserialize(message).unwrap(), &own())
    }

    #[test]
    fn which_messages_are_commands() {
        let connect = Some(Ask::Connect { channel: "lobby".into(), sure: false });
        let cases = [
            ("/relay", 6, json!({}), Some(Ask::Help)),
            ("/relay connect lobby", 6, json!({}), connect.clone()),
            ("/relay@relay_bot connect lobby", 16, json!({}), connect.clone()),
            ("/RELAY@RELAY_BOT\nconnect lobby", 16, json!({}), connect.clone()),
            ("/relay@other_bot status", 16, json!({}), None),
            ("/relay status", 6, json!({"entities": []}), None),
            (
                " /relay status",
                6,
                json!({"entities": [{"type": "bot_command", "offset": 1, "length": 6}]}),
                None,
            ),
            ("/relays status", 7, json!({}), None),
            ("/start", 6, json!({}), None),
            ("/relay", 60, json!({}), None),
            ("/relay", -1, json!({}), None),
            ("/reläy", 5, json!({}), None),
            ("/relay status", 6, json!({"forward_origin": {}}), None),
            ("/relay status", 6, json!({"via_bot": {"id": 6}}), None),
            ("/relay status", 6, json!({"sender_chat": {"id": -1002}, "is_automatic_forward": true}), None),
            ("/relay status", 6, json!({"from": {"id": 6, "is_bot": true, "first_name": "Other"}}), None),
        ];
        for (text, length, more, expected) in cases {
            let got = read(text, length, more.clone()).map(|call| call.ask);
            assert_eq!(got, expected, "{text:?} {length} {more}");
        }
    }

    #[test]
    fn what_a_command_is_about() {
        let there = |id: i64| json!({"message_id": id, "chat": {"id": -1001}, "date": 1});
        let topic = |id: i64| json!({"reply_to_message": there(id), "message_thread_id": 3, "is_topic_message": true});
        let elsewhere = json!({"reply_to_message": {"message_id": 4, "chat": {"id": -9}}});
        let about =
            |id: &str, thread: Option<&str>| Some(MessageRef::plain(id).within(thread.map(Into::into)));
        let cases = [
            ("/relay delete", json!({"reply_to_message": there(4)}), about("4", Some("-1001"))),
            ("/relay delete", topic(4), about("4", Some("3"))),
            ("/relay delete", topic(3), None),
            ("/relay delete", elsewhere, None),
            ("/relay delete", json!({}), None),
        ];
        for (text, more, message) in cases {
            let got = read(text, 6, more.clone()).unwrap().ask;
            assert_eq!(got, Ask::Delete { message }, "{more}");
        }
        let who = read("/relay who", 6, json!({"reply_to_message": there(4)})).unwrap().ask;
        assert_eq!(who, Ask::Who { message: about("4", Some("-1001")) });
        let help = read("/relay help", 6, json!({"reply_to_message": there(4)})).unwrap().ask;
        assert_eq!(help, Ask::Help);
    }

    #[test]
    fn who_gives_it_and_where_the_answer_goes() {
        let group = json!({"id": -1001, "type": "supergroup", "title": "Hikers"});
        let stand_in = json!({"id": 1_087_968_824, "is_bot": true, "first_name": "Group"});
        let cases = [
            (json!({}), "5", "Ada", Some(5), false),
            (json!({"sender_chat": group, "from": stand_in}), "-1001", "Hikers", None, true),
            (
                json!({"sender_chat": {"id": -1002, "type": "channel", "title": "News"}, "from": stand_in}),
                "-1002",
                "News",
                None,
                false,
            ),
            (json!({"from": null}), "-1001", "Hikers", None, true),
        ];
        for (more, id, name, person, for_chat) in cases {
            let call = read("/relay status", 6, more.clone()).unwrap();
            assert_eq!((call.asker.id.as_str(), call.asker.name.as_str()), (id, name), "{more}");
            assert_eq!((call.room, call.at.0), (ids::room(-1001), 1_700_000_000_000));
            let origin = Origin::deserialize(call.reply).unwrap();
            let expected = Origin { chat: -1001, message: 9, topic: None, person, for_chat };
            assert_eq!(origin, expected, "{more}");
        }
        let topic = read("/relay", 6, json!({"message_thread_id": 3, "is_topic_message": true})).unwrap();
        assert_eq!(Origin::deserialize(topic.reply).unwrap().topic, Some(3));
    }
}

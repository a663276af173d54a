//! Answers to commands, and whether somebody may manage the chat of theirs.

use crate::api::{Answer, Api, CallError};
use crate::buttons;
use crate::commands::Origin;
use crate::deliver;
use crate::errors::{self, Doing};
use crate::ids;
use relay_contract::{Call, DeliverError, NativeId, Part, Problem, RoomKey, Text};
use serde::Deserialize;
use serde_json::{Value, json};
use std::time::Duration;
use teloxide::payloads::GetChatMember;
use teloxide::types::{ChatId, UserId};

/// One message of an answer.
const DEADLINE: Duration = Duration::from_secs(8);

/// The question for somebody's rights: people are waiting.
const RIGHTS: Duration = Duration::from_millis(2_500);

/// The most messages of one answer.
pub const MOST: usize = 5;

/// Stands where an answer had to be cut.
pub fn cut() -> Text {
    Text::plain("… The rest is too long for an answer here.")
}

/// Answers in the asker's private chat with the bot, where nobody else reads it; in the chat of the command when they
/// have none, because a bot may not begin one. Source: <https://core.telegram.org/bots/faq>.
pub async fn answer(
    api: &Api,
    call: &Call,
    answer: &relay_contract::Answer,
    parts: impl Fn(&Text) -> Vec<Part>,
) -> Result<(), DeliverError> {
    let (origin, offers) = (origin(call)?, &answer.offers);
    if let Some(person) = origin.person.filter(|_| !origin.is_private()) {
        // There nobody sees which chat it is about.
        let named = Text::plain(&format!("{}:", call.space.name)).followed_by(answer.text.clone());
        match say(api, person, None, &parts(&named), buttons::markup(offers, Some(origin.chat))).await {
            Err(DeliverError::Forbidden(_)) => {}
            said => return said,
        }
    }
    say(api, origin.chat, Some(&origin), &parts(&answer.text), buttons::markup(offers, None)).await
}

/// Whether the answer goes into the asker's own chat, where they have one.
pub fn may_be_apart(call: &Call) -> bool {
    origin(call).is_ok_and(|origin| origin.person.is_some() && !origin.is_private())
}

/// The buttons stand below the last part.
async fn say(
    api: &Api,
    chat: i64,
    to: Option<&Origin>,
    parts: &[Part],
    mut markup: Option<Value>,
) -> Result<(), DeliverError> {
    for (at, part) in parts.iter().take(MOST).enumerate() {
        let mut message = deliver::text(part);
        message.insert("chat_id".into(), json!(chat));
        if let Some(to) = to {
            if to.message > 0 {
                let reply = json!({ "message_id": to.message, "allow_sending_without_reply": true });
                message.insert("reply_parameters".into(), reply);
            }
            message.extend(to.topic.map(|topic| ("message_thread_id".to_owned(), json!(topic))));
        }
        if at + 1 == parts.len() {
            message.extend(markup.take().map(|markup| ("reply_markup".to_owned(), markup)));
        }
        let sent: Result<Value, _> = api.named("SendMessage", &Value::Object(message), DEADLINE).await;
        sent.map_err(|error| errors::delivering(error, Doing::Post))?;
    }
    Ok(())
}

/// A `ChatMember`, as far as it is needed.
#[derive(Deserialize)]
struct Member {
    status: String,
}

/// Whether the asker is an administrator of the chat. A private chat has none.
/// Source: <https://core.telegram.org/bots/api#getchatmember>.
pub async fn may_manage(api: &Api, call: &Call) -> Result<bool, DeliverError> {
    let origin = origin(call)?;
    let person = match origin.person {
        // Only administrators speak for their group, and only they post in a channel.
        None => return Ok(origin.for_chat),
        Some(_) if origin.is_private() => return Ok(false),
        Some(person) => UserId(person.unsigned_abs()),
    };
    is_administrator(api, ChatId(origin.chat), person).await
}

/// The same of somebody who gave no command. A private chat has no administrators.
pub async fn manages_room(api: &Api, room: &RoomKey, person: &NativeId) -> Result<bool, DeliverError> {
    let Some(chat) = ids::chat(&room.room).filter(|chat| *chat < 0) else { return Ok(false) };
    // Who speaks for a chat has a negative id.
    match person.as_str().parse::<u64>() {
        Ok(person) => is_administrator(api, ChatId(chat), UserId(person)).await,
        Err(_) => Ok(false),
    }
}

async fn is_administrator(api: &Api, chat: ChatId, person: UserId) -> Result<bool, DeliverError> {
    match api.call::<_, Member>(&GetChatMember::new(chat, person), RIGHTS).await {
        Ok(member) => Ok(matches!(member.status.as_str(), "creator" | "administrator")),
        Err(CallError::Answered(Answer { code: 400, migrate_to: None, description, .. })) => {
            not_told(&description)
        }
        // A question changes nothing: without an answer it is certainly not done.
        Err(CallError::Silent(words)) => Err(DeliverError::Unavailable(words)),
        Err(error) => Err(errors::delivering(error, Doing::Post)),
    }
}

/// Somebody who is not there manages nothing; of others a bot is only certain to hear as an administrator.
fn not_told(description: &str) -> Result<bool, DeliverError> {
    let lower = description.to_lowercase();
    if ["user not found", "participant_id_invalid", "user_not_participant"]
        .iter()
        .any(|words| lower.contains(words))
    {
        return Ok(false);
    }
    Err(DeliverError::Forbidden(Problem::new(
        format!("Telegram does not tell the bot who manages this chat: {description}."),
        "Make the bot an administrator of the chat: the chat's name → Edit → Administrators → Add administrator.",
    )))
}

fn origin(call: &Call) -> Result<Origin, DeliverError> {
    Origin::deserialize(&call.reply).map_err(|error| {
        DeliverError::Rejected(format!("where the command came from cannot be read: {error}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rights_that_are_not_told() {
        let cases = [
            ("Bad Request: user not found", "no"),
            ("Bad Request: PARTICIPANT_ID_INVALID", "no"),
            ("Bad Request: member list is inaccessible", "forbidden"),
            ("Bad Request: CHAT_ADMIN_REQUIRED", "forbidden"),
        ];
        for (description, expected) in cases {
            let got = match not_told(description) {
                Ok(may) => {
                    if may {
                        "yes"
                    } else {
                        "no"
                    }
                }
                Err(DeliverError::Forbidden(problem)) if problem.fix.contains("administrator") => "forbidden",
                Err(_) => "odd",
            };
            assert_eq!(got, expected, "{description}");
        }
    }
}

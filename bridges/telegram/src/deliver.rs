//! One attempt at one part.

use crate::api::{Answer, Api, CallError};
use crate::errors::{Doing, delivering};
use crate::ids;
use crate::moves::Moves;
use relay_contract::{Attempt, DeliverError, MessageRef, NativeId, Operation, Part, Receipt};
use serde::Deserialize;
use serde_json::Value;
use std::time::Duration;
use teloxide::payloads::{
    DeleteMessage, EditMessageText, EditMessageTextSetters, SendMessage, SendMessageSetters,
};
use teloxide::types::{ChatId, MessageEntity, MessageId, ReplyParameters};

/// The longest wait for an answer: below the engine's own deadline of 30 s, so that the reason is known.
const DEADLINE: Duration = Duration::from_secs(20);

/// What Telegram says of a message that it has just sent; the rest is not needed.
#[derive(Deserialize)]
struct Sent {
    message_id: i64,
    message_thread_id: Option<i64>,
    #[serde(default)]
    is_topic_message: bool,
}

/// Posts, edits or deletes. What is meant for a group that became a supergroup is posted there.
pub async fn deliver(api: &Api, moves: &Moves, attempt: &Attempt<'_>) -> Result<Receipt, DeliverError> {
    let no_chat = || DeliverError::Rejected(format!("`{}` is not a Telegram chat id", attempt.room.room));
    let room = ids::chat(&attempt.room.room).ok_or_else(no_chat)?;
    match attempt.operation {
        Operation::Post { part, reply_to, .. } => post(api, moves, room, part, reply_to).await,
        Operation::Edit { target, part } => {
            edit(api, moves, standing(moves, room, target)?, target, part).await
        }
        Operation::Delete { target } => delete(api, moves, standing(moves, room, target)?, target).await,
        Operation::React { .. } | Operation::Pin { .. } | Operation::Open { .. } => {
            Err(DeliverError::Rejected("this room cannot do that".to_owned()))
        }
    }
}

async fn post(
    api: &Api,
    moves: &Moves,
    room: i64,
    part: &Part,
    reply_to: Option<&MessageRef>,
) -> Result<Receipt, DeliverError> {
    let chat = moves.to(room).unwrap_or(room);
    let mut message = message(ChatId(chat), part)?;
    // An answer goes into the topic of what it answers. An answered message that is gone does not stop the answer.
    let answered = reply_to.filter(|target| ids::chat_of(room, target) == chat);
    if let Some(id) = answered.and_then(|target| ids::message(&target.id)) {
        message = message.reply_parameters(ReplyParameters::new(MessageId(id)).allow_sending_without_reply());
    }
    let sent: Sent = api.call(&message, DEADLINE).await.map_err(|error| match migrated(&error) {
        Some(to) => {
            moves.found(chat, to);
            DeliverError::Unavailable(format!(
                "the group became the supergroup {to}: it goes there next time"
            ))
        }
        None => delivering(error, Doing::Post),
    })?;
    let topic = sent.message_thread_id.filter(|_| sent.is_topic_message);
    Ok(Receipt::of(match chat == room {
        true => ids::message_in(chat, sent.message_id, topic),
        false => ids::message_elsewhere(chat, sent.message_id),
    }))
}

async fn edit(
    api: &Api,
    moves: &Moves,
    chat: ChatId,
    target: &MessageRef,
    part: &Part,
) -> Result<Receipt, DeliverError> {
    let change = EditMessageText::new(chat, message_id(&target.id)?, &part.text).entities(entities(part)?);
    match api.call::<_, Value>(&change, DEADLINE).await {
        // It already says so: what was wanted is there.
        Err(CallError::Answered(Answer { description, .. }))
            if description.contains("message is not modified") => {}
        Err(error) => return Err(changing(moves, chat, error, Doing::Edit)),
        Ok(_) => {}
    }
    Ok(Receipt::of(target.clone()))
}

async fn delete(
    api: &Api,
    moves: &Moves,
    chat: ChatId,
    target: &MessageRef,
) -> Result<Receipt, DeliverError> {
    let deletion = DeleteMessage::new(chat, message_id(&target.id)?);
    let deleted = api.call::<_, Value>(&deletion, DEADLINE).await;
    deleted.map_err(|error| changing(moves, chat, error, Doing::Delete))?;
    Ok(Receipt::of(target.clone()))
}

/// The chat in which a message can still be changed: what stands in a group that was left behind cannot.
fn standing(moves: &Moves, room: i64, target: &MessageRef) -> Result<ChatId, DeliverError> {
    let chat = ids::chat_of(room, target);
    let left_behind = moves.to(chat).is_some() || (chat != room && ids::is_basic_group(chat));
    if left_behind { Err(DeliverError::TargetGone) } else { Ok(ChatId(chat)) }
}

fn changing(moves: &Moves, chat: ChatId, error: CallError, doing: Doing) -> DeliverError {
    let Some(to) = migrated(&error) else {
        return delivering(error, doing);
    };
    moves.found(chat.0, to);
    DeliverError::TargetGone
}

/// The supergroup that the group of a refused request has become.
fn migrated(error: &CallError) -> Option<i64> {
    match error {
        CallError::Answered(answer) => answer.migrate_to,
        CallError::Unreachable(_) | CallError::Silent(_) => None,
    }
}

/// A message with a part's text and formatting.
pub fn message(chat: ChatId, part: &Part) -> Result<SendMessage, DeliverError> {
    Ok(SendMessage::new(chat, &part.text).entities(entities(part)?))
}

fn message_id(id: &NativeId) -> Result<MessageId, DeliverError> {
    ids::message(id)
        .map(MessageId)
        .ok_or_else(|| DeliverError::Rejected(format!("`{id}` is not a Telegram message id")))
}

fn entities(part: &Part) -> Result<Vec<MessageEntity>, DeliverError> {
    match part.formatting.get("entities") {
        None => Ok(Vec::new()),
        Some(entities) => Vec::deserialize(entities)
            .map_err(|error| DeliverError::Rejected(format!("the part's entities cannot be read: {error}"))),
    }
}

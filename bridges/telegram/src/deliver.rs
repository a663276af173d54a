//! One attempt at one part.

use crate::api::{Answer, Api, CallError};
use crate::errors::{Doing, delivering};
use crate::ids;
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

/// Posts, edits or deletes.
pub async fn deliver(api: &Api, attempt: &Attempt<'_>) -> Result<Receipt, DeliverError> {
    let no_chat = || DeliverError::Rejected(format!("`{}` is not a Telegram chat id", attempt.room.room));
    let chat = ChatId(ids::chat(&attempt.room.room).ok_or_else(no_chat)?);
    match attempt.operation {
        Operation::Post { part, reply_to, .. } => post(api, chat, part, reply_to).await,
        Operation::Edit { target, part } => edit(api, chat, target, part).await,
        Operation::Delete { target } => delete(api, chat, target).await,
    }
}

async fn post(
    api: &Api,
    chat: ChatId,
    part: &Part,
    reply_to: Option<&MessageRef>,
) -> Result<Receipt, DeliverError> {
    let mut message = SendMessage::new(chat, &part.text).entities(entities(part)?);
    // An answer goes into the topic of what it answers. An answered message that is gone does not stop the answer.
    if let Some(id) = reply_to.and_then(|target| ids::message(&target.id)) {
        message = message.reply_parameters(ReplyParameters::new(MessageId(id)).allow_sending_without_reply());
    }
    let sent: Sent = api.call(&message, DEADLINE).await.map_err(|error| delivering(error, Doing::Post))?;
    Ok(Receipt {
        message: MessageRef {
            id: ids::native(sent.message_id),
            thread: sent.message_thread_id.filter(|_| sent.is_topic_message).map(ids::native),
        },
    })
}

async fn edit(api: &Api, chat: ChatId, target: &MessageRef, part: &Part) -> Result<Receipt, DeliverError> {
    let change = EditMessageText::new(chat, message(&target.id)?, &part.text).entities(entities(part)?);
    match api.call::<_, Value>(&change, DEADLINE).await {
        // It already says so: what was wanted is there.
        Err(CallError::Answered(Answer { description, .. }))
            if description.contains("message is not modified") => {}
        Err(error) => return Err(delivering(error, Doing::Edit)),
        Ok(_) => {}
    }
    Ok(Receipt { message: target.clone() })
}

async fn delete(api: &Api, chat: ChatId, target: &MessageRef) -> Result<Receipt, DeliverError> {
    let deletion = DeleteMessage::new(chat, message(&target.id)?);
    let _: Value = api.call(&deletion, DEADLINE).await.map_err(|error| delivering(error, Doing::Delete))?;
    Ok(Receipt { message: target.clone() })
}

fn message(id: &NativeId) -> Result<MessageId, DeliverError> {
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

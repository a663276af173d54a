//! What is done around messages: reactions, pins, topics, the sign that somebody is typing.

use crate::api::{Answer, Api, CallError};
use crate::deliver::{DEADLINE, changing, topic};
use crate::errors::{Doing, delivering};
use crate::ids;
use crate::known::Known;
use relay_contract::{DeliverError, MessageRef, NativeId, Receipt};
use serde::Deserialize;
use serde_json::Value;
use std::time::Duration;
use teloxide::payloads::{
    CreateForumTopic, PinChatMessage, PinChatMessageSetters, SendChatAction, SetMessageReaction,
    SetMessageReactionSetters, UnpinChatMessage, UnpinChatMessageSetters,
};
use teloxide::types::{ChatAction, ChatId, MessageId, ReactionType};

/// How long the sign of typing may take: it is shown for 5 seconds. Source: <https://core.telegram.org/bots/api#sendchataction>.
const TYPING: Duration = Duration::from_secs(5);

/// Says that nothing had to be changed.
const DONE: [&str; 4] =
    ["message is not modified", "message_not_modified", "chat_not_modified", "message to unpin not found"];

/// Puts the bot's only reaction on a message, or takes it away when it is still that one.
pub async fn react(
    api: &Api,
    known: &Known,
    (chat, id): (ChatId, MessageId),
    emoji: &str,
    on: bool,
) -> Result<(), DeliverError> {
    let place = (chat.0, id.0);
    if !on && known.reacted.get(&place).is_some_and(|there| there != emoji) {
        return Ok(());
    }
    let reaction = on.then(|| ReactionType::Emoji { emoji: emoji.to_owned() });
    let change = SetMessageReaction::new(chat, id).reaction(reaction);
    done(known, chat, api.call::<_, Value>(&change, DEADLINE).await)?;
    match on {
        true => known.reacted.insert(place, emoji.to_owned()),
        false => drop(known.reacted.remove(&place)),
    }
    Ok(())
}

/// Pins a message without a sound, or unpins it.
pub async fn pin(
    api: &Api,
    known: &Known,
    (chat, id): (ChatId, MessageId),
    on: bool,
) -> Result<(), DeliverError> {
    let answer = match on {
        true => {
            let pin = PinChatMessage::new(chat, id).disable_notification(true);
            api.call::<_, Value>(&pin, DEADLINE).await
        }
        false => api.call::<_, Value>(&UnpinChatMessage::new(chat).message_id(id), DEADLINE).await,
    };
    done(known, chat, answer)
}

fn done(known: &Known, chat: ChatId, answer: Result<Value, CallError>) -> Result<(), DeliverError> {
    match answer {
        Ok(_) => Ok(()),
        Err(CallError::Answered(Answer { description, .. }))
            if DONE.iter().any(|words| description.to_lowercase().contains(words)) =>
        {
            Ok(())
        }
        Err(error) => Err(changing(known, chat, error, Doing::Beside)),
    }
}

/// A `ForumTopic`, as far as it is needed.
#[derive(Deserialize)]
struct Opened {
    message_thread_id: i64,
}

/// Opens a topic, whose first message says so and bears its id.
pub async fn open(api: &Api, known: &Known, room: i64, name: &str) -> Result<Receipt, DeliverError> {
    let chat = known.moves.to(room).unwrap_or(room);
    let request = CreateForumTopic::new(ChatId(chat), name);
    let opened: Opened =
        api.call(&request, DEADLINE).await.map_err(|error| delivering(error, Doing::Beside))?;
    let id = opened.message_thread_id;
    known.topics.insert((chat, id), name.to_owned());
    Ok(Receipt::of(MessageRef::plain(ids::native(id)).within(Some(ids::native(id)))))
}

/// Shows that somebody is typing.
pub async fn typing(api: &Api, known: &Known, room: &NativeId, thread: Option<&NativeId>) {
    let Some(room) = ids::chat(room) else { return };
    let chat = ChatId(known.moves.to(room).unwrap_or(room));
    let mut action = SendChatAction::new(chat, ChatAction::Typing);
    action.message_thread_id = thread.and_then(topic);
    if let Err(error) = api.call::<_, Value>(&action, TYPING).await {
        tracing::debug!(?error, "nobody was shown as typing");
    }
}

//! One attempt at one part.

use crate::api::{Answer, Api, CallError};
use crate::errors::{Doing, delivering};
use crate::known::Known;
use crate::polls::Stands;
use crate::upload::Failed;
use crate::{beside, ids, polls, upload};
use relay_contract::{
    Attempt, DeliverError, MessageRef, NativeId, Operation, Part, Poll, Receipt, Timestamp, Unit, Upload,
};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::time::Duration;
use teloxide::payloads::DeleteMessage;
use teloxide::types::{ChatId, MessageId, ReplyParameters, ThreadId};

/// The longest wait for an answer to a request without files, well below the engine's own deadline, so that the reason is known.
pub const DEADLINE: Duration = Duration::from_secs(20);

/// What Telegram says of a message that it has just sent; the rest is not needed.
#[derive(Deserialize)]
struct Sent {
    message_id: i64,
    message_thread_id: Option<i64>,
    #[serde(default)]
    is_topic_message: bool,
    poll: Option<SentPoll>,
}

#[derive(Deserialize)]
struct SentPoll {
    id: String,
}

/// Where a new message goes.
struct Place<'a> {
    /// The chat that was asked for.
    room: i64,
    /// The chat that it has become.
    chat: i64,
    reply: Option<ReplyParameters>,
    topic: Option<ThreadId>,
    known: &'a Known,
}

/// Does what is to be done. What is meant for a group that became a supergroup is posted there.
pub async fn deliver(api: &Api, known: &Known, attempt: &Attempt<'_>) -> Result<Receipt, DeliverError> {
    let no_chat = || DeliverError::Rejected(format!("`{}` is not a Telegram chat id", attempt.room.room));
    let room = ids::chat(&attempt.room.room).ok_or_else(no_chat)?;
    let there = |target| Ok::<_, DeliverError>((standing(known, room, target)?, message_id(&target.id)?));
    match attempt.operation {
        Operation::Post { part, reply_to, thread, files, .. } => {
            post(api, Place::of(known, room, reply_to, thread), part, files).await
        }
        Operation::Edit { target, part } => edit(api, known, there(target)?, target, part).await,
        Operation::Delete { target } => delete(api, known, there(target)?, target).await,
        Operation::React { target, emoji, on } => {
            beside::react(api, known, there(target)?, emoji, on).await?;
            Ok(Receipt::of(target.clone()))
        }
        Operation::Pin { target, on } => {
            beside::pin(api, known, there(target)?, on).await?;
            Ok(Receipt::of(target.clone()))
        }
        Operation::Open { root: Some(_), .. } => {
            Err(DeliverError::Rejected("a topic of Telegram's hangs from no message".to_owned()))
        }
        Operation::Open { root: None, name } => beside::open(api, known, room, name).await,
    }
}

impl<'a> Place<'a> {
    fn of(known: &'a Known, room: i64, reply_to: Option<&MessageRef>, thread: Option<&NativeId>) -> Self {
        let chat = known.moves.to(room).unwrap_or(room);
        // An answered message that is gone does not stop the answer, which goes into its topic.
        let answered = reply_to.filter(|target| ids::chat_of(room, target) == chat);
        let reply = answered.and_then(|target| ids::message(&target.id));
        let reply = reply.map(|id| ReplyParameters::new(MessageId(id)).allow_sending_without_reply());
        Self { room, chat, reply, topic: thread.and_then(topic), known }
    }

    /// As fields of a request.
    fn fields(&self) -> Map<String, Value> {
        let mut fields = Map::from_iter([("chat_id".to_owned(), json!(self.chat))]);
        fields.extend(self.reply.as_ref().map(|reply| ("reply_parameters".to_owned(), json!(reply))));
        fields.extend(self.topic.map(|topic| ("message_thread_id".to_owned(), json!(topic))));
        fields
    }

    fn failed(&self, error: CallError) -> DeliverError {
        match migrated(&error) {
            Some(to) => {
                self.known.moves.found(self.chat, to);
                DeliverError::Unavailable(format!(
                    "the group became the supergroup {to}: it goes there next time"
                ))
            }
            None => delivering(error, Doing::Post),
        }
    }

    /// How a message that was sent is addressed from now on.
    fn address(&self, sent: &Sent) -> MessageRef {
        let topic = sent.message_thread_id.filter(|_| sent.is_topic_message);
        match self.chat == self.room {
            true => ids::message_in(self.chat, sent.message_id, topic),
            false => ids::message_elsewhere(self.chat, sent.message_id),
        }
    }
}

async fn post(api: &Api, place: Place<'_>, part: &Part, files: &[Upload]) -> Result<Receipt, DeliverError> {
    if let Some(poll) = part.formatting.get("poll") {
        return ask(api, place, poll).await;
    }
    if !files.is_empty() {
        return send(api, place, part, files).await;
    }
    let mut message = place.fields();
    message.extend(text(part));
    let sent: Sent = api
        .named("SendMessage", &Value::Object(message), DEADLINE)
        .await
        .map_err(|error| place.failed(error))?;
    Ok(Receipt::of(place.address(&sent)))
}

async fn ask(api: &Api, place: Place<'_>, poll: &Value) -> Result<Receipt, DeliverError> {
    let poll = Poll::deserialize(poll)
        .map_err(|error| DeliverError::Rejected(format!("the part's poll cannot be read: {error}")))?;
    let mut request = place.fields();
    let options: Vec<_> = poll.answers.iter().map(|answer| json!({ "text": answer })).collect();
    request.insert("question".into(), json!(poll.question));
    request.insert("options".into(), json!(options));
    request.insert("allows_multiple_answers".into(), json!(poll.multiple));
    // teloxide's payload has another library's type for it.
    let ends = polls::close_date(&poll, Timestamp::now());
    request.extend(ends.map(|at| ("close_date".to_owned(), json!(at))));
    let sent: Sent = api
        .named("SendPoll", &Value::Object(request), DEADLINE)
        .await
        .map_err(|error| place.failed(error))?;
    if let Some(poll) = &sent.poll {
        let stands = Stands { chat: place.chat, message: sent.message_id };
        place.known.polls.insert(poll.id.clone(), stands);
    }
    Ok(Receipt::of(place.address(&sent).holding(Vec::new(), true)))
}

async fn send(api: &Api, place: Place<'_>, part: &Part, files: &[Upload]) -> Result<Receipt, DeliverError> {
    let mut caption = Map::new();
    if !part.text.is_empty() {
        caption.insert("caption".into(), json!(part.text));
        caption.insert("caption_entities".into(), entities(part));
    }
    let sent = upload::send(api, files, place.fields(), caption).await.map_err(|failed| match failed {
        Failed::Unread(error) => error,
        Failed::Call(error) => place.failed(error),
    })?;
    let odd = |error| DeliverError::Unsure(format!("the answer to the files could not be read: {error}"));
    let sent = sent.into_iter().map(Sent::deserialize).collect::<Result<Vec<_>, _>>().map_err(odd)?;
    let textless = part.formatting.get("no_text") == Some(&Value::Bool(true));
    let mut addresses = sent.iter().enumerate().map(|(at, sent)| {
        let held = files.get(at).map(|file| file.index);
        place.address(sent).holding(held.into_iter().collect(), textless || at > 0)
    });
    let first = addresses.next();
    let message = first.ok_or_else(|| DeliverError::Unsure("Telegram names no message".to_owned()))?;
    Ok(Receipt { message, more: addresses.collect() })
}

async fn edit(
    api: &Api,
    known: &Known,
    (chat, id): (ChatId, MessageId),
    target: &MessageRef,
    part: &Part,
) -> Result<Receipt, DeliverError> {
    let mut change =
        Map::from_iter([("chat_id".to_owned(), json!(chat)), ("message_id".to_owned(), json!(id.0))]);
    let method = if target.files.is_empty() {
        change.extend(text(part));
        "EditMessageText"
    } else {
        let length = Unit::Utf16.measure(&part.text);
        if length > crate::capabilities::LONGEST_CAPTION {
            return Err(DeliverError::Rejected(format!(
                "a text of {length} UTF-16 units does not fit beside a file; {} do",
                crate::capabilities::LONGEST_CAPTION
            )));
        }
        change.insert("caption".into(), json!(part.text));
        change.insert("caption_entities".into(), entities(part));
        "EditMessageCaption"
    };
    let edited: Result<Value, _> = api.named(method, &Value::Object(change), DEADLINE).await;
    match edited {
        // It already says so: what was wanted is there.
        Err(CallError::Answered(Answer { description, .. }))
            if description.contains("message is not modified") => {}
        Err(error) => return Err(changing(known, chat, error, Doing::Edit)),
        Ok(_) => {}
    }
    Ok(Receipt::of(target.clone()))
}

async fn delete(
    api: &Api,
    known: &Known,
    (chat, id): (ChatId, MessageId),
    target: &MessageRef,
) -> Result<Receipt, DeliverError> {
    let deleted = api.call::<_, Value>(&DeleteMessage::new(chat, id), DEADLINE).await;
    deleted.map_err(|error| changing(known, chat, error, Doing::Delete))?;
    Ok(Receipt::of(target.clone()))
}

/// The chat in which a message can still be changed: what stands in a group that was left behind cannot.
fn standing(known: &Known, room: i64, target: &MessageRef) -> Result<ChatId, DeliverError> {
    let chat = ids::chat_of(room, target);
    let left_behind = known.moves.to(chat).is_some() || (chat != room && ids::is_basic_group(chat));
    if left_behind { Err(DeliverError::TargetGone) } else { Ok(ChatId(chat)) }
}

/// What a failed change of a message means; a group that moved took none along.
pub fn changing(known: &Known, chat: ChatId, error: CallError, doing: Doing) -> DeliverError {
    let Some(to) = migrated(&error) else {
        return delivering(error, doing);
    };
    known.moves.found(chat.0, to);
    DeliverError::TargetGone
}

/// The supergroup that the group of a refused request has become.
fn migrated(error: &CallError) -> Option<i64> {
    match error {
        CallError::Answered(answer) => answer.migrate_to,
        CallError::Unreachable(_) | CallError::Silent(_) => None,
    }
}

/// A part's text and formatting, as fields of a request: teloxide's payloads know no moments.
pub fn text(part: &Part) -> Map<String, Value> {
    let mut fields =
        Map::from_iter([("text".to_owned(), json!(part.text)), ("entities".to_owned(), entities(part))]);
    if part.formatting.get("no_preview") == Some(&Value::Bool(true)) {
        fields.insert("link_preview_options".into(), json!({ "is_disabled": true }));
    }
    fields
}

/// The topic of a thread's id; in a basic group the group stands there, which is none.
pub fn topic(thread: &NativeId) -> Option<ThreadId> {
    ids::message(thread).map(|id| ThreadId(MessageId(id)))
}

fn message_id(id: &NativeId) -> Result<MessageId, DeliverError> {
    ids::message(id)
        .map(MessageId)
        .ok_or_else(|| DeliverError::Rejected(format!("`{id}` is not a Telegram message id")))
}

fn entities(part: &Part) -> Value {
    part.formatting.get("entities").cloned().unwrap_or_else(|| json!([]))
}

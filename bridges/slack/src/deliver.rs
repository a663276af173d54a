//! One attempt at one part: `chat.postMessage`, `chat.update`, `chat.delete`
//! (<https://docs.slack.dev/reference/methods/chat.postMessage/>).

use crate::errors::CallError;
use crate::web::{Web, With};
use crate::{ids, persona};
use relay_contract::{Attempt, DeliverError, MessageRef, Operation, Part, Persona, Receipt};
use serde::Serialize;
use serde_json::Value;
use std::time::Duration;

/// After that the outcome is unknown.
pub const DEADLINE: Duration = Duration::from_secs(10);

#[derive(Debug, Serialize)]
struct Post<'a> {
    channel: &'a str,
    text: &'a str,
    blocks: &'a Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    icon_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thread_ts: Option<&'a str>,
    /// Neither names nor URLs are looked for in the text; what was a link is one already.
    link_names: bool,
    parse: &'static str,
    /// As for messages that people write.
    unfurl_links: bool,
    unfurl_media: bool,
}

#[derive(Debug, Serialize)]
struct Update<'a> {
    channel: &'a str,
    ts: &'a str,
    text: &'a str,
    blocks: &'a Value,
    link_names: bool,
    parse: &'static str,
}

#[derive(Debug, Serialize)]
struct Delete<'a> {
    channel: &'a str,
    ts: &'a str,
}

/// Does it.
pub async fn deliver(web: &Web, attempt: &Attempt<'_>) -> Result<Receipt, DeliverError> {
    let channel = attempt.room.room.as_str();
    let message = match &attempt.operation {
        Operation::Post { part, persona, reply_to, .. } => {
            post(web, channel, part, *persona, *reply_to).await
        }
        Operation::Edit { target, part } => {
            let request = Update {
                channel,
                ts: target.id.as_str(),
                text: &part.text,
                blocks: &part.formatting,
                link_names: false,
                parse: "none",
            };
            call(web, "chat.update", &request).await.map(|_| (*target).clone())
        }
        Operation::Delete { target } => {
            let request = Delete { channel, ts: target.id.as_str() };
            call(web, "chat.delete", &request).await.map(|_| (*target).clone())
        }
        Operation::React { .. } | Operation::Pin { .. } | Operation::Open { .. } => {
            return Err(DeliverError::Rejected("this room cannot do that".to_owned()));
        }
    };
    match message {
        Ok(message) => Ok(Receipt::of(message)),
        Err(error) => Err(error.into_deliver(channel)),
    }
}

async fn post(
    web: &Web,
    channel: &str,
    part: &Part,
    persona: Option<&Persona>,
    reply_to: Option<&MessageRef>,
) -> Result<MessageRef, CallError> {
    let thread = reply_to.map(ids::thread_of);
    let request = Post {
        channel,
        text: &part.text,
        blocks: &part.formatting,
        username: persona.map(|persona| persona::username(&persona.name)),
        icon_url: persona.and_then(|persona| persona::icon(persona.avatar.as_deref())),
        thread_ts: thread,
        link_names: false,
        parse: "none",
        unfurl_links: true,
        unfurl_media: true,
    };
    let answer = call(web, "chat.postMessage", &request).await?;
    match answer.get("ts").and_then(Value::as_str) {
        Some(ts) => Ok(ids::message(ts, thread)),
        None => Err(CallError::Lost("Slack's answer names no message".into())),
    }
}

async fn call(web: &Web, method: &str, request: &(impl Serialize + Send + Sync)) -> Result<Value, CallError> {
    web.post(method, request, With::Bot, DEADLINE).await
}

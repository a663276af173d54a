//! Incoming webhooks: a call that is signed by Standard Webhooks says something in a channel. Its signature is all that lets it in: it is looked at
//! over the raw bytes, before anything is read of them.

use super::answers::Refusal;
use super::connector;
use super::guard::Caller;
use super::hash;
use super::messages::{self, New, Posted};
use super::serve::{Api, In, no_channel};
use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, PathRejection};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use relay_contract::Timestamp;
use serde::Deserialize;
use std::sync::Arc;

/// A call whose time is further from this machine's is refused, in seconds: what was overheard is good for no longer.
const STALE: i64 = 5 * 60;
/// Longest `webhook-id`, in bytes.
const LONGEST_ID: usize = 255;

/// What a call says.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    /// The words: plain text.
    text: String,
    /// Under which name, where the webhook may post under any.
    #[serde(default, alias = "username")]
    name: Option<String>,
}

/// `POST /api/v1/webhooks/{name}`. Answered when it is on disk; the same `webhook-id` again posts nothing again and has the same answer.
pub async fn receive(
    State(api): State<Arc<Api>>,
    name: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<(StatusCode, Json<Posted>), Refusal> {
    let webhook = name.ok().and_then(|Path(name)| api.incoming.iter().find(|webhook| webhook.name == name));
    let Some(webhook) = webhook else {
        let fix = "[api.incoming.NAME] in the config makes one.";
        return Err(Refusal::not_found("there is no such webhook", fix));
    };
    let raw = messages::whole(body)?;
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (id, at) = (text("webhook-id"), text("webhook-timestamp"));
    let is_id = (1..=LONGEST_ID).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic());
    if !is_id || !webhook.key.is_good(id, at, &raw, text("webhook-signature")) {
        let fix = "Send webhook-id, webhook-timestamp and webhook-signature by Standard Webhooks, with the secret that the config names.";
        return Err(Refusal::new(StatusCode::FORBIDDEN, "the signature is not good", fix));
    }
    let now = Timestamp::now().0 / 1000;
    if at.parse::<i64>().map_or(true, |at| at.abs_diff(now) > STALE.unsigned_abs()) {
        let fix = "Sign each attempt anew, and set the clocks of both machines.";
        return Err(Refusal::new(
            StatusCode::FORBIDDEN,
            "webhook-timestamp is more than five minutes off",
            fix,
        ));
    }
    let caller = Caller::webhook(&webhook.name, &webhook.shown, webhook.persona);
    if let Some(wait) = api.budgets.take(&caller.id) {
        let fix = "Send less: the answer says when to go on.";
        let refusal = Refusal::new(StatusCode::TOO_MANY_REQUESTS, "too many calls of this webhook", fix);
        return Err(refusal.after(wait.as_secs() + 1));
    }
    if !api.has(&webhook.channel) {
        return Err(no_channel(&webhook.channel));
    }
    let Said { text, name } = messages::read(&headers, Ok(raw))?;
    let new = New { body: messages::said(&text)?, reply_to: None, name, avatar: None, files: Vec::new() };
    let channel = webhook.channel.clone();
    let message = hash::id(&[&caller.id, &channel, id]);
    let (room, object) = (connector::room(&channel), String::new());
    let room = In { channel, room, message: String::new(), object, caller };
    messages::publish(&api, &room, &message, new).await?;
    Ok((StatusCode::CREATED, Json(Posted { message, channel: room.channel })))
}

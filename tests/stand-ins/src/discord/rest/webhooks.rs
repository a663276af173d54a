//! Webhooks: made and listed by bots, executed by whoever has their token. An interaction is answered through the same routes.
//!
//! <https://discord.com/developers/docs/resources/webhook>

use super::body::Body;
use super::{Answer, Asked, Me, id};
use crate::discord::errors::ApiError;
use crate::discord::model::{Author, ChannelKind, Message, Webhook};
use crate::discord::permissions::MANAGE_WEBHOOKS;
use crate::discord::{Discord, errors, payload, state};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::Value;
use std::sync::Arc;

type D = State<Arc<Discord>>;

/// A channel has at most this many.
const MOST: usize = 15;
/// Characters of a name.
const LONGEST_NAME: usize = 80;

/// `wait`, `thread_id`.
#[derive(Debug, Deserialize)]
pub struct Options {
    #[serde(default)]
    wait: Option<String>,
    #[serde(default)]
    thread_id: Option<String>,
}

impl Options {
    /// Where the webhook is to post: its channel, or a thread of it.
    fn place(&self, state: &state::State, webhook: &Webhook) -> Answer<u64> {
        let Some(thread) = &self.thread_id else {
            return Ok(webhook.channel);
        };
        let found = state.channels.get(&id(thread)?).filter(|it| it.parent == Some(webhook.channel));
        found.map(|thread| thread.id).ok_or(errors::UNKNOWN_CHANNEL)
    }
}

/// A name of a webhook or of what it posts.
fn checked<'a>(field: &str, name: &'a str) -> Answer<&'a str> {
    let trimmed = name.trim();
    if trimmed.is_empty() || trimmed.chars().count() > LONGEST_NAME {
        let says = "Must be between 1 and 80 in length.";
        return Err(ApiError::field(field, "BASE_TYPE_BAD_LENGTH", says));
    }
    let lower = trimmed.to_lowercase();
    match ["discord", "clyde"].iter().find(|word| lower.contains(*word)) {
        Some(word) => {
            let says = format!("Username cannot contain \"{word}\"");
            Err(ApiError::field(field, "USERNAME_INVALID_CONTAINS", &says))
        }
        None => Ok(trimmed),
    }
}

/// `GET /channels/{channel}/webhooks`
pub async fn of_channel(State(discord): D, me: Me, Path(channel): Path<String>) -> Answer<Json<Value>> {
    let state = discord.state();
    let channel = state.channel_for(me, &channel, MANAGE_WEBHOOKS)?.id;
    state.listed(me, |webhook| webhook.channel == channel)
}

/// `GET /guilds/{guild}/webhooks`
pub async fn of_guild(State(discord): D, me: Me, Path(guild): Path<String>) -> Answer<Json<Value>> {
    let state = discord.state();
    let guild = state.guild_for(me, &guild)?.id;
    if state.me(me)?.may.permissions & MANAGE_WEBHOOKS == 0 {
        return Err(errors::MISSING_PERMISSIONS);
    }
    state.listed(me, |webhook| webhook.guild == guild)
}

/// `POST /channels/{channel}/webhooks`
pub async fn create(
    State(discord): D,
    me: Me,
    Path(channel): Path<String>,
    body: Body,
) -> Answer<Json<Value>> {
    let mut state = discord.state();
    let channel = state.channel_for(me, &channel, MANAGE_WEBHOOKS)?.clone();
    let Some(name) = body.object.get("name").and_then(Value::as_str) else {
        return Err(ApiError::field("name", "BASE_TYPE_REQUIRED", "This field is required"));
    };
    let name = checked("name", name)?.to_owned();
    if state.webhooks.values().filter(|webhook| webhook.channel == channel.id).count() >= MOST {
        return Err(errors::TOO_MANY_WEBHOOKS);
    }
    let webhook = Webhook {
        id: state.new_id(),
        token: format!("{}-{}", ulid::Ulid::new(), ulid::Ulid::new()),
        channel: channel.id,
        guild: channel.guild,
        name,
        creator: state.me(me)?.id,
    };
    state.webhooks.insert(webhook.id, webhook.clone());
    state.webhooks_changed(channel.id, channel.guild);
    Ok(Json(payload::webhook(&state, &webhook, true, true)))
}

/// `GET /webhooks/{webhook}`
pub async fn get(State(discord): D, me: Me, Path(webhook): Path<String>) -> Answer<Json<Value>> {
    let state = discord.state();
    let webhook = state.webhook_for(me, &webhook)?;
    let mine = webhook.creator == state.me(me)?.id;
    Ok(Json(payload::webhook(&state, webhook, mine, true)))
}

/// `DELETE /webhooks/{webhook}`
pub async fn delete(State(discord): D, me: Me, Path(webhook): Path<String>) -> Answer<StatusCode> {
    let mut state = discord.state();
    let webhook = state.webhook_for(me, &webhook)?.clone();
    Ok(state.forget(&webhook))
}

/// `GET /webhooks/{webhook}/{token}`
pub async fn get_with_token(
    State(discord): D,
    Path((webhook, token)): Path<(String, String)>,
) -> Answer<Json<Value>> {
    let state = discord.state();
    let webhook = state.webhook_with_token(&webhook, &token)?;
    Ok(Json(payload::webhook(&state, webhook, true, false)))
}

/// `DELETE /webhooks/{webhook}/{token}`
pub async fn delete_with_token(
    State(discord): D,
    Path((webhook, token)): Path<(String, String)>,
) -> Answer<StatusCode> {
    let mut state = discord.state();
    let webhook = state.webhook_with_token(&webhook, &token)?.clone();
    Ok(state.forget(&webhook))
}

/// `POST /webhooks/{webhook}/{token}`: the message with `wait=true`, else 204.
pub async fn execute(
    State(discord): D,
    Path((webhook, token)): Path<(String, String)>,
    Asked(options): Asked<Options>,
    body: Body,
) -> Answer<Response> {
    let mut state = discord.state();
    let wait = options.wait.as_deref().is_some_and(|wait| wait == "true" || wait == "1");
    if let Some(interaction) = state.interaction_with_token(id(&webhook)?, &token).cloned() {
        let message = state.follow_up(&interaction, &body)?;
        return Ok(Json(payload::message(&state, &message)).into_response());
    }
    let webhook = state.webhook_with_token(&webhook, &token)?.clone();
    let place = options.place(&state, &webhook)?;
    // A webhook is no moderator.
    if state.channels.get(&place).is_some_and(|it| it.locked) {
        return Err(errors::THREAD_LOCKED);
    }
    let text = |name: &str| body.object.get(name).and_then(Value::as_str);
    let name = match text("username") {
        Some(name) => checked("username", name)?.to_owned(),
        None => webhook.name.clone(),
    };
    let avatar = text("avatar_url").filter(|url| !url.is_empty()).map(str::to_owned);
    if avatar.as_deref().is_some_and(|url| !url.starts_with("https://") && !url.starts_with("http://")) {
        return Err(ApiError::field("avatar_url", "URL_TYPE_INVALID_URL", "Not a well formed URL."));
    }
    // A webhook pings whomever its payload allows: no role limits it.
    let (mut draft, _) = body.draft(&mut state, webhook.guild, true)?;
    draft.nonce = None;
    let author = Author::Webhook { id: webhook.id, application: webhook.creator, name, avatar };
    let channel = state.channels.get(&webhook.channel).cloned().ok_or(errors::UNKNOWN_CHANNEL)?;
    let message = match (channel.kind, text("thread_name")) {
        (ChannelKind::Forum, Some(name)) if place == channel.id => {
            state.open_post(&channel, name, author, draft)?
        }
        (ChannelKind::Forum, None) if place == channel.id => return Err(errors::THREAD_WANTED),
        (ChannelKind::Text, Some(_)) => return Err(errors::NO_FORUM),
        _ => state.post(place, webhook.guild, author, draft),
    };
    if wait {
        return Ok(Json(payload::message(&state, &message)).into_response());
    }
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `GET /webhooks/{webhook}/{token}/messages/{message}`
pub async fn message(
    State(discord): D,
    Path((webhook, token, message)): Path<(String, String, String)>,
    Asked(options): Asked<Options>,
) -> Answer<Json<Value>> {
    let state = discord.state();
    if let Some(interaction) = state.interaction_with_token(id(&webhook)?, &token) {
        return Ok(Json(state.answer_told(interaction, &message)?));
    }
    let webhook = state.webhook_with_token(&webhook, &token)?;
    let place = options.place(&state, webhook)?;
    Ok(Json(payload::message(&state, state.posted_by(webhook, place, &message)?)))
}

/// `PATCH /webhooks/{webhook}/{token}/messages/{message}`
pub async fn edit(
    State(discord): D,
    Path((webhook, token, message)): Path<(String, String, String)>,
    Asked(options): Asked<Options>,
    body: Body,
) -> Answer<Json<Value>> {
    let mut state = discord.state();
    if let Some(interaction) = state.interaction_with_token(id(&webhook)?, &token).cloned() {
        return Ok(Json(state.change_answer(&interaction, &message, &body)?));
    }
    let webhook = state.webhook_with_token(&webhook, &token)?.clone();
    let place = options.place(&state, &webhook)?;
    let message = state.posted_by(&webhook, place, &message)?.clone();
    state.not_archived(place)?;
    let draft = body.edited(&mut state, webhook.guild, message.draft, true)?;
    let edited = state.edit(place, message.id, |old| *old = draft).ok_or(errors::UNKNOWN_MESSAGE)?;
    Ok(Json(payload::message(&state, &edited)))
}

/// `DELETE /webhooks/{webhook}/{token}/messages/{message}`
pub async fn delete_message(
    State(discord): D,
    Path((webhook, token, message)): Path<(String, String, String)>,
    Asked(options): Asked<Options>,
) -> Answer<StatusCode> {
    let mut state = discord.state();
    if let Some(interaction) = state.interaction_with_token(id(&webhook)?, &token).cloned() {
        return state.delete_answer(&interaction, &message);
    }
    let webhook = state.webhook_with_token(&webhook, &token)?.clone();
    let place = options.place(&state, &webhook)?;
    let message = state.posted_by(&webhook, place, &message)?.id;
    state.not_archived(place)?;
    state.delete(place, message);
    Ok(StatusCode::NO_CONTENT)
}

impl state::State {
    /// Webhooks for a bot; tokens only of its own.
    fn listed(&self, me: Me, which: impl Fn(&Webhook) -> bool) -> Answer<Json<Value>> {
        let mine = self.me(me)?.id;
        let found = self.webhooks.values().filter(|webhook| which(webhook));
        Ok(Json(found.map(|w| payload::webhook(self, w, w.creator == mine, true)).collect()))
    }

    fn webhook_for(&self, me: Me, webhook: &str) -> Answer<&Webhook> {
        let webhook = self.webhooks.get(&id(webhook)?).ok_or(errors::UNKNOWN_WEBHOOK)?;
        self.channel_for(me, &webhook.channel.to_string(), MANAGE_WEBHOOKS)?;
        Ok(webhook)
    }

    fn webhook_with_token(&self, webhook: &str, token: &str) -> Answer<&Webhook> {
        let webhook = self.webhooks.get(&id(webhook)?).ok_or(errors::UNKNOWN_WEBHOOK)?;
        self.no_outage(webhook.guild)?;
        if webhook.token == token { Ok(webhook) } else { Err(errors::INVALID_WEBHOOK_TOKEN) }
    }

    fn posted_by(&self, webhook: &Webhook, place: u64, message: &str) -> Answer<&Message> {
        let message = self.live_message(place, id(message)?);
        message.filter(|message| message.author.id() == webhook.id).ok_or(errors::UNKNOWN_MESSAGE)
    }

    fn forget(&mut self, webhook: &Webhook) -> StatusCode {
        self.webhooks.remove(&webhook.id);
        self.webhooks_changed(webhook.channel, webhook.guild);
        StatusCode::NO_CONTENT
    }
}

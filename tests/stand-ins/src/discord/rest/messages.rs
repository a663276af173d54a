//! Messages that a bot reads, posts, edits and deletes.
//!
//! <https://discord.com/developers/docs/resources/message>

use super::body::Body;
use super::{Answer, Asked, Me, id};
use crate::discord::errors::ApiError;
use crate::discord::model::{Author, Message};
use crate::discord::permissions::{
    ATTACH_FILES, GUILD_MESSAGE_TYPING, MANAGE_MESSAGES, MENTION_EVERYONE, MESSAGE_CONTENT,
    READ_MESSAGE_HISTORY, SEND_POLLS, VIEW_CHANNEL,
};
use crate::discord::state::{self, now};
use crate::discord::{Discord, errors, mentions, payload};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

type D = State<Arc<Discord>>;

/// How far back `enforce_nonce` looks, in messages.
const NONCES: usize = 100;

/// Which part of the history.
#[derive(Debug, Deserialize)]
pub struct Page {
    before: Option<u64>,
    after: Option<u64>,
    around: Option<u64>,
    limit: Option<usize>,
}

/// `GET /channels/{channel}/messages`: newest first. Empty without `READ_MESSAGE_HISTORY`.
pub async fn list(
    State(discord): D,
    me: Me,
    Path(channel): Path<String>,
    Asked(page): Asked<Page>,
) -> Answer<Json<Value>> {
    let state = discord.state();
    let channel = state.channel_for(me, &channel, VIEW_CHANNEL)?;
    let limit = page.limit.unwrap_or(50);
    if !(1..=100).contains(&limit) {
        let says = "int value should be between 1 and 100.";
        return Err(ApiError::field("limit", "NUMBER_TYPE_MIN", says));
    }
    if state.bot_permissions(me.0, channel) & READ_MESSAGE_HISTORY == 0 {
        return Ok(Json(json!([])));
    }
    let key = channel.id.to_string();
    let all = || state.history.room(&key).filter(|message| !message.deleted && message.only_for.is_none());
    let mut found: Vec<&Message> = if let Some(after) = page.after {
        all().filter(|message| message.id > after).take(limit).collect()
    } else if let Some(around) = page.around {
        let mut older: Vec<_> = all().rev().filter(|m| m.id < around).take(limit / 2).collect();
        older.extend(all().filter(|m| m.id >= around).take(limit - limit / 2));
        older
    } else {
        let before = page.before.unwrap_or(u64::MAX);
        all().rev().filter(|message| message.id < before).take(limit).collect()
    };
    found.sort_by_key(|message| std::cmp::Reverse(message.id));
    Ok(Json(found.into_iter().map(|message| state.told_to(me, message)).collect()))
}

/// `GET /channels/{channel}/messages/{message}`
pub async fn one(
    State(discord): D,
    me: Me,
    Path((channel, message)): Path<(String, String)>,
) -> Answer<Json<Value>> {
    let state = discord.state();
    let channel = state.channel_for(me, &channel, READ_MESSAGE_HISTORY)?.id;
    let message = state.live_message(channel, id(&message)?).ok_or(errors::UNKNOWN_MESSAGE)?;
    Ok(Json(state.told_to(me, message)))
}

/// `POST /channels/{channel}/messages`
pub async fn create(
    State(discord): D,
    me: Me,
    Path(channel): Path<String>,
    body: Body,
) -> Answer<Json<Value>> {
    let mut state = discord.state();
    let channel = state.place_to_talk(me, &channel)?.clone();
    let may = state.bot_permissions(me.0, &channel);
    let (mut draft, allowed) = body.draft(&mut state, channel.guild, may & MENTION_EVERYONE != 0)?;
    let lacks = |needed: u64| may & needed == 0;
    if (!draft.files.is_empty() && lacks(ATTACH_FILES)) || (draft.poll.is_some() && lacks(SEND_POLLS)) {
        return Err(errors::MISSING_PERMISSIONS);
    }
    if let Some(reference) = body.object.get("message_reference").filter(|reference| !reference.is_null()) {
        let target = mentions::id(&reference["message_id"]).and_then(|id| state.live_message(channel.id, id));
        match target {
            Some(target) => {
                draft.reply_to = Some(target.id);
                let author = target.author.id();
                let known = state.user(author).is_some();
                if allowed.replied_user && known && !draft.pings.users.contains(&author) {
                    draft.pings.users.push(author);
                }
            }
            None if reference["fail_if_not_exists"] == false => {}
            None => {
                let code = "MESSAGE_REFERENCE_UNKNOWN_MESSAGE";
                return Err(ApiError::field("message_reference", code, "Unknown message"));
            }
        }
    }
    let user = state.me(me)?.user();
    if body.object.get("enforce_nonce").is_some_and(|enforce| enforce == true) {
        let same = |message: &&Message| message.author.id() == user.id && message.draft.nonce == draft.nonce;
        let recent = state.history.room(&channel.id.to_string()).rev().take(NONCES).find(same).cloned();
        if let Some(message) = recent.filter(|message| message.draft.nonce.is_some()) {
            return Ok(Json(payload::message(&state, &message)));
        }
    }
    let message = state.post(channel.id, channel.guild, Author::User(user), draft);
    Ok(Json(payload::message(&state, &message)))
}

/// `PATCH /channels/{channel}/messages/{message}`: its own only.
pub async fn edit(
    State(discord): D,
    me: Me,
    Path((channel, message)): Path<(String, String)>,
    body: Body,
) -> Answer<Json<Value>> {
    let mut state = discord.state();
    let channel = state.channel_for(me, &channel, VIEW_CHANNEL)?.clone();
    let message = state.live_message(channel.id, id(&message)?).ok_or(errors::UNKNOWN_MESSAGE)?.clone();
    if message.author.id() != state.me(me)?.id {
        return Err(errors::NOT_YOURS);
    }
    state.not_archived(channel.id)?;
    let may_ping_all = state.bot_permissions(me.0, &channel) & MENTION_EVERYONE != 0;
    let draft = body.edited(&mut state, channel.guild, message.draft, may_ping_all)?;
    let edited = state.edit(channel.id, message.id, |old| *old = draft).ok_or(errors::UNKNOWN_MESSAGE)?;
    Ok(Json(payload::message(&state, &edited)))
}

/// `DELETE /channels/{channel}/messages/{message}`: its own, or anybody's with `MANAGE_MESSAGES`.
pub async fn delete(
    State(discord): D,
    me: Me,
    Path((channel, message)): Path<(String, String)>,
) -> Answer<StatusCode> {
    let mut state = discord.state();
    let channel = state.channel_for(me, &channel, VIEW_CHANNEL)?.clone();
    let message = state.live_message(channel.id, id(&message)?).ok_or(errors::UNKNOWN_MESSAGE)?;
    let (target, author) = (message.id, message.author.id());
    if author != state.me(me)?.id && state.bot_permissions(me.0, &channel) & MANAGE_MESSAGES == 0 {
        return Err(errors::MISSING_PERMISSIONS);
    }
    state.not_archived(channel.id)?;
    state.delete(channel.id, target);
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /channels/{channel}/messages/bulk-delete`: 2 to 100.
pub async fn purge(State(discord): D, me: Me, Path(channel): Path<String>, body: Body) -> Answer<StatusCode> {
    let mut state = discord.state();
    let channel = state.channel_for(me, &channel, MANAGE_MESSAGES)?.id;
    let ids = body.object.get("messages").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    if !(2..=100).contains(&ids.len()) {
        let says = "Must be between 2 and 100 in length.";
        return Err(ApiError::field("messages", "BASE_TYPE_BAD_LENGTH", says));
    }
    let ids: Vec<u64> = ids.iter().filter_map(mentions::id).collect();
    state.purge(channel, &ids);
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /channels/{channel}/typing`
pub async fn typing(State(discord): D, me: Me, Path(channel): Path<String>) -> Answer<StatusCode> {
    let mut state = discord.state();
    let channel = state.place_to_talk(me, &channel)?.clone();
    *state.typed.entry(channel.id).or_default() += 1;
    let body = json!({
        "channel_id": channel.id.to_string(), "guild_id": channel.guild.to_string(),
        "user_id": state.me(me)?.id.to_string(), "timestamp": now() / 1_000,
    });
    state.dispatch("TYPING_START", GUILD_MESSAGE_TYPING, channel.id, &body);
    Ok(StatusCode::NO_CONTENT)
}

impl state::State {
    /// A message as a bot may read it: without the message content intent, others' content is empty here too.
    fn told_to(&self, Me(place): Me, message: &Message) -> Value {
        let told = payload::message(self, message);
        match self.bots.get(place) {
            Some(bot) if bot.may.privileged & MESSAGE_CONTENT == 0 => payload::without_content(told, bot.id),
            _ => told,
        }
    }
}

//! Threads that a bot opens and lists.
//!
//! <https://discord.com/developers/docs/resources/channel#start-thread-from-message>

use super::body::Body;
use super::{Answer, Asked, Me, id};
use crate::discord::errors::ApiError;
use crate::discord::model::{Author, Channel, ChannelKind};
use crate::discord::permissions::{
    CREATE_PUBLIC_THREADS, MANAGE_THREADS, READ_MESSAGE_HISTORY, SEND_MESSAGES,
};
use crate::discord::{Discord, errors, payload};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

type D = State<Arc<Discord>>;

fn name(body: &Body) -> &str {
    body.object.get("name").and_then(Value::as_str).unwrap_or_default()
}

/// `POST /channels/{channel}/threads`: without a message, or a forum's post with its first one.
pub async fn open(
    State(discord): D,
    me: Me,
    Path(channel): Path<String>,
    body: Body,
) -> Answer<(StatusCode, Json<Value>)> {
    let mut state = discord.state();
    let parent = state.channel_for(me, &channel, 0)?.clone();
    let by = Author::User(state.me(me)?.user());
    if parent.kind == ChannelKind::Forum {
        state.channel_for(me, &channel, SEND_MESSAGES)?;
        let name = name(&body).to_owned();
        let (draft, _) = body.within("message").draft(&mut state, parent.guild, false)?;
        let first = state.open_post(&parent, &name, by, draft)?;
        let mut told = state.channels.get(&first.channel).map(|it| payload::channel(&state, it));
        if let Some(told) = &mut told {
            told["message"] = payload::message(&state, &first);
        }
        return Ok((StatusCode::CREATED, Json(told.unwrap_or_default())));
    }
    state.channel_for(me, &channel, CREATE_PUBLIC_THREADS)?;
    let thread = state.open_thread(&parent, None, name(&body), &by)?;
    Ok((StatusCode::CREATED, Json(payload::channel(&state, &thread))))
}

/// `POST /channels/{channel}/messages/{message}/threads`
pub async fn open_from(
    State(discord): D,
    me: Me,
    Path((channel, message)): Path<(String, String)>,
    body: Body,
) -> Answer<(StatusCode, Json<Value>)> {
    let mut state = discord.state();
    let parent = state.channel_for(me, &channel, CREATE_PUBLIC_THREADS)?.clone();
    let by = Author::User(state.me(me)?.user());
    let thread = state.open_thread(&parent, Some(id(&message)?), name(&body), &by)?;
    Ok((StatusCode::CREATED, Json(payload::channel(&state, &thread))))
}

/// `PATCH /channels/{channel}`, of threads: whether it is archived, and locked. Who may post may take one out of the archive that is
/// not locked; anything else needs `MANAGE_THREADS`.
///
/// <https://discord.com/developers/docs/resources/channel#modify-channel-json-params-thread>
pub async fn change(
    State(discord): D,
    me: Me,
    Path(channel): Path<String>,
    body: Body,
) -> Answer<Json<Value>> {
    let mut state = discord.state();
    let thread = state.channel_for(me, &channel, 0)?.clone();
    if thread.parent.is_none() {
        return Err(errors::NO_THREAD);
    }
    let told = |field: &str| body.object.get(field).and_then(Value::as_bool);
    let (archived, locked) = (told("archived"), told("locked"));
    if archived == Some(false) && locked.is_none() && !thread.locked {
        state.place_to_talk(me, &channel)?;
    } else {
        state.channel_for(me, &channel, MANAGE_THREADS)?;
    }
    if thread.archived && archived != Some(false) {
        return Err(errors::THREAD_ARCHIVED);
    }
    let (archived, locked) = (archived.unwrap_or(thread.archived), locked.unwrap_or(thread.locked));
    let changed = state.set_thread(thread.id, archived, locked).ok_or(errors::UNKNOWN_CHANNEL)?;
    Ok(Json(payload::channel(&state, &changed)))
}

/// `GET /guilds/{guild}/threads/active`
pub async fn active(State(discord): D, me: Me, Path(guild): Path<String>) -> Answer<Json<Value>> {
    let state = discord.state();
    let guild = state.guild_for(me, &guild)?.id;
    let all = state.channels.values();
    let active = all.filter(|it| it.guild == guild && it.parent.is_some() && !it.archived);
    let threads: Vec<Value> = active.map(|thread| payload::channel(&state, thread)).collect();
    Ok(Json(json!({ "threads": threads, "members": [] })))
}

/// Which of the archived threads.
#[derive(Debug, Deserialize)]
pub struct Page {
    /// Archived before this time, in ISO 8601.
    before: Option<String>,
    limit: Option<usize>,
}

/// `GET /channels/{channel}/threads/archived/public`: those that were archived last come first.
///
/// <https://discord.com/developers/docs/resources/channel#list-public-archived-threads>
pub async fn archived(
    State(discord): D,
    me: Me,
    Path(channel): Path<String>,
    Asked(page): Asked<Page>,
) -> Answer<Json<Value>> {
    let state = discord.state();
    let channel = state.channel_for(me, &channel, READ_MESSAGE_HISTORY)?.id;
    let limit = page.limit.unwrap_or(50);
    if !(2..=100).contains(&limit) {
        let says = "int value should be between 2 and 100.";
        return Err(ApiError::field("limit", "NUMBER_TYPE_MIN", says));
    }
    let before = page.before.map(|at| at.parse::<Timestamp>()).transpose();
    let before = before.map_err(|_| ApiError::field("before", "BASE_TYPE_INVALID", "Not a time."))?;
    let before = before.map_or(u64::MAX, |at| u64::try_from(at.as_millisecond()).unwrap_or_default());
    let asleep = |it: &&Channel| it.archived && it.archived_at < before;
    let mut found: Vec<&Channel> = state.threads_of(channel).filter(asleep).collect();
    found.sort_by_key(|it| std::cmp::Reverse((it.archived_at, it.id)));
    let more = found.len() > limit;
    let threads: Vec<Value> = found.into_iter().take(limit).map(|it| payload::channel(&state, it)).collect();
    Ok(Json(json!({ "threads": threads, "members": [], "has_more": more })))
}

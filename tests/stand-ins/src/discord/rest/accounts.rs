//! The bot itself: its user, its application, where its gateway is.

use super::{Answer, Me, id};
use crate::discord::{Discord, errors, payload};
use axum::Json;
use axum::extract::{Path, State};
use serde_json::{Value, json};
use std::sync::Arc;

type D = State<Arc<Discord>>;

/// `GET /gateway`
pub async fn gateway(State(discord): D) -> Json<Value> {
    Json(json!({ "url": discord.state().gateway_url() }))
}

/// `GET /gateway/bot`
pub async fn gateway_bot(State(discord): D, _: Me) -> Json<Value> {
    let limit = json!({ "total": 1000, "remaining": 1000, "reset_after": 86_400_000, "max_concurrency": 1 });
    Json(json!({ "url": discord.state().gateway_url(), "shards": 1, "session_start_limit": limit }))
}

/// `GET /users/@me`
pub async fn me(State(discord): D, me: Me) -> Answer<Json<Value>> {
    Ok(Json(payload::current_user(discord.state().me(me)?)))
}

/// `GET /users/{user}`
pub async fn user(State(discord): D, _: Me, Path(user): Path<String>) -> Answer<Json<Value>> {
    let found = discord.state().user(id(&user)?);
    found.map(|user| Json(payload::user(&user))).ok_or(errors::UNKNOWN_USER)
}

/// `GET /applications/@me` and `GET /oauth2/applications/@me`
pub async fn application(State(discord): D, me: Me) -> Answer<Json<Value>> {
    Ok(Json(payload::application(discord.state().me(me)?)))
}

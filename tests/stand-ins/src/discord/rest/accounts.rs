//! The bot itself: its user, its application, its commands, where its gateway is.

use super::{Answer, Me, id};
use crate::discord::{Discord, errors, payload};
use axum::Json;
use axum::extract::rejection::JsonRejection;
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

/// `GET /applications/{application}/commands`
pub async fn commands(State(discord): D, me: Me, Path(application): Path<String>) -> Answer<Json<Value>> {
    stored(&discord, me, &application, None)
}

/// `GET /applications/{application}/guilds/{guild}/commands`
pub async fn guild_commands(
    State(discord): D,
    me: Me,
    Path((application, guild)): Path<(String, String)>,
) -> Answer<Json<Value>> {
    stored(&discord, me, &application, Some(id(&guild)?))
}

/// `PUT /applications/{application}/commands`
pub async fn set_commands(
    State(discord): D,
    me: Me,
    Path(application): Path<String>,
    commands: Result<Json<Vec<Value>>, JsonRejection>,
) -> Answer<Json<Value>> {
    store(&discord, me, &application, None, commands.map_err(|_| errors::INVALID_JSON)?.0)
}

/// `PUT /applications/{application}/guilds/{guild}/commands`
pub async fn set_guild_commands(
    State(discord): D,
    me: Me,
    Path((application, guild)): Path<(String, String)>,
    commands: Result<Json<Vec<Value>>, JsonRejection>,
) -> Answer<Json<Value>> {
    store(&discord, me, &application, Some(id(&guild)?), commands.map_err(|_| errors::INVALID_JSON)?.0)
}

fn stored(discord: &Discord, me: Me, application: &str, guild: Option<u64>) -> Answer<Json<Value>> {
    let state = discord.state();
    let bot = state.me(me)?;
    if bot.id != id(application)? {
        return Err(errors::MISSING_ACCESS);
    }
    Ok(Json(bot.commands.get(&guild).cloned().unwrap_or_default().into()))
}

fn store(
    discord: &Discord,
    me: Me,
    application: &str,
    guild: Option<u64>,
    mut commands: Vec<Value>,
) -> Answer<Json<Value>> {
    let application = id(application)?;
    let mut state = discord.state();
    if state.me(me)?.id != application {
        return Err(errors::MISSING_ACCESS);
    }
    for command in commands.iter_mut().filter_map(Value::as_object_mut) {
        let (new, version) = (state.new_id().to_string(), state.new_id().to_string());
        command.insert("id".into(), new.into());
        command.insert("version".into(), version.into());
        command.insert("application_id".into(), application.to_string().into());
        if let Some(guild) = guild {
            command.insert("guild_id".into(), guild.to_string().into());
        }
        for (key, default) in [
            ("type", json!(1)),
            ("description", json!("")),
            ("default_member_permissions", Value::Null),
            ("nsfw", json!(false)),
        ] {
            command.entry(key).or_insert(default);
        }
    }
    if let Some(bot) = state.bots.get_mut(me.0) {
        bot.commands.insert(guild, commands.clone());
    }
    Ok(Json(commands.into()))
}

//! Guilds, channels, roles and members, to be read.

use super::{Answer, Asked, Me, id};
use crate::discord::errors::ApiError;
use crate::discord::model::Guild;
use crate::discord::permissions::{GUILD_MEMBERS, VIEW_CHANNEL};
use crate::discord::{Discord, errors, payload, state};
use axum::Json;
use axum::extract::{Path, State};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

type D = State<Arc<Discord>>;

impl state::State {
    /// A guild that the bot is in.
    pub(super) fn guild_for(&self, me: Me, guild: &str) -> Answer<&Guild> {
        let guild = id(guild)?;
        self.no_outage(guild)?;
        let in_it = self.me(me)?.guilds.contains(&guild);
        self.guilds.get(&guild).filter(|_| in_it).ok_or(errors::UNKNOWN_GUILD)
    }
}

/// Which part of the guilds.
#[derive(Debug, Deserialize)]
pub struct Page {
    after: Option<u64>,
    limit: Option<usize>,
}

/// `with_counts`
#[derive(Debug, Deserialize)]
pub struct Counts {
    with_counts: Option<String>,
}

/// `GET /users/@me/guilds`: by id, at most 200.
pub async fn mine(State(discord): D, me: Me, Asked(page): Asked<Page>) -> Answer<Json<Value>> {
    let limit = page.limit.unwrap_or(200);
    if !(1..=200).contains(&limit) {
        let says = "int value should be between 1 and 200.";
        return Err(ApiError::field("limit", "NUMBER_TYPE_MAX", says));
    }
    let state = discord.state();
    let bot = state.me(me)?;
    let told = |guild: &Guild| {
        json!({
            "id": guild.id.to_string(), "name": guild.name, "icon": null, "banner": null, "owner": false, "features": [],
            "permissions": bot.may.permissions.to_string(),
        })
    };
    let theirs = bot.guilds.iter().filter(|id| page.after.is_none_or(|after| **id > after)).take(limit);
    Ok(Json(theirs.filter_map(|id| state.guilds.get(id)).map(told).collect()))
}

/// `GET /guilds/{guild}`
pub async fn guild(
    State(discord): D,
    me: Me,
    Path(guild): Path<String>,
    Asked(counts): Asked<Counts>,
) -> Answer<Json<Value>> {
    let state = discord.state();
    let guild = state.guild_for(me, &guild)?;
    let mut object = payload::guild(&state, guild);
    if counts.with_counts.is_some_and(|with| with == "true" || with == "1") {
        let everybody = state.members(guild).len();
        object["approximate_member_count"] = everybody.into();
        object["approximate_presence_count"] = everybody.into();
    }
    Ok(Json(object))
}

/// `GET /guilds/{guild}/channels`: all that exist, as Discord does, whether the bot sees into them or not.
pub async fn channels(State(discord): D, me: Me, Path(guild): Path<String>) -> Answer<Json<Value>> {
    let state = discord.state();
    let guild = state.guild_for(me, &guild)?.id;
    let theirs = state.top_channels(guild);
    Ok(Json(theirs.map(|channel| payload::channel(&state, channel)).collect()))
}

/// `GET /guilds/{guild}/emojis`
pub async fn emojis(State(discord): D, me: Me, Path(guild): Path<String>) -> Answer<Json<Value>> {
    let state = discord.state();
    Ok(Json(payload::emojis(state.guild_for(me, &guild)?)))
}

/// `GET /guilds/{guild}/roles`
pub async fn roles(State(discord): D, me: Me, Path(guild): Path<String>) -> Answer<Json<Value>> {
    let state = discord.state();
    Ok(Json(payload::roles(&state, state.guild_for(me, &guild)?).into()))
}

/// `GET /guilds/{guild}/members`: needs the members intent.
pub async fn members(State(discord): D, me: Me, Path(guild): Path<String>) -> Answer<Json<Value>> {
    let state = discord.state();
    let guild = state.guild_for(me, &guild)?;
    if state.me(me)?.may.privileged & GUILD_MEMBERS == 0 {
        return Err(errors::MISSING_ACCESS);
    }
    Ok(Json(state.members(guild).iter().map(|user| payload::member(&state, guild, user)).collect()))
}

/// `GET /guilds/{guild}/members/{user}`; the user `@me` is the bot.
pub async fn member(
    State(discord): D,
    me: Me,
    Path((guild, user)): Path<(String, String)>,
) -> Answer<Json<Value>> {
    let state = discord.state();
    let guild = state.guild_for(me, &guild)?;
    let user = if user == "@me" { state.me(me)?.id } else { id(&user)? };
    let found = state.members(guild).into_iter().find(|member| member.id == user);
    found.map(|user| Json(payload::member(&state, guild, &user))).ok_or(errors::UNKNOWN_MEMBER)
}

/// `GET /channels/{channel}`
pub async fn channel(State(discord): D, me: Me, Path(channel): Path<String>) -> Answer<Json<Value>> {
    let state = discord.state();
    Ok(Json(payload::channel(&state, state.channel_for(me, &channel, VIEW_CHANNEL)?)))
}

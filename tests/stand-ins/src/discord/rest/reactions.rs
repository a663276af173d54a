//! Reactions, pins and polls, as a bot has them.
//!
//! <https://discord.com/developers/docs/resources/message#create-reaction>, `…/poll`.

use super::{Answer, Me, id};
use crate::discord::model::{Author, Emoji};
use crate::discord::permissions::{
    ADD_REACTIONS, MANAGE_MESSAGES, PIN_MESSAGES, READ_MESSAGE_HISTORY, VIEW_CHANNEL,
};
use crate::discord::state::{self, now};
use crate::discord::{Discord, errors, payload, reactions};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde_json::{Value, json};
use std::sync::Arc;

type D = State<Arc<Discord>>;
/// Channel, message, emoji.
type One = Path<(String, String, String)>;

impl state::State {
    /// The channel's id, the message's, and the emoji that the path names.
    fn reaction(&self, me: Me, path: &(String, String, String)) -> Answer<(u64, u64, Emoji)> {
        let channel = self.channel_for(me, &path.0, READ_MESSAGE_HISTORY)?;
        let emoji = reactions::emoji(self, channel.guild, &path.2).ok_or(errors::UNKNOWN_EMOJI)?;
        Ok((channel.id, id(&path.1)?, emoji))
    }
}

/// `PUT /channels/{channel}/messages/{message}/reactions/{emoji}/@me`
pub async fn react(
    State(discord): D,
    me: Me,
    Path((channel, message, emoji, user)): Path<(String, String, String, String)>,
) -> Answer<StatusCode> {
    let mut state = discord.state();
    if user != "@me" {
        return Err(errors::METHOD_NOT_ALLOWED);
    }
    let (place, message, emoji) = state.reaction(me, &(channel.clone(), message, emoji))?;
    let found = state.live_message(place, message).ok_or(errors::UNKNOWN_MESSAGE)?;
    // The right is only needed for an emoji that nobody has reacted with.
    if !found.reactions.iter().any(|it| it.emoji == emoji) {
        state.channel_for(me, &channel, ADD_REACTIONS)?;
    }
    let user = state.me(me)?.id;
    state.not_archived(place)?;
    state.react(place, message, user, &emoji, true)?;
    Ok(StatusCode::NO_CONTENT)
}

/// `DELETE …/reactions/{emoji}/{user}`: one's own, or anybody's with `MANAGE_MESSAGES`.
pub async fn unreact(
    State(discord): D,
    me: Me,
    Path((channel, message, emoji, user)): Path<(String, String, String, String)>,
) -> Answer<StatusCode> {
    let mut state = discord.state();
    let (place, message, emoji) = state.reaction(me, &(channel.clone(), message, emoji))?;
    let user = if user == "@me" {
        state.me(me)?.id
    } else {
        state.channel_for(me, &channel, MANAGE_MESSAGES)?;
        id(&user)?
    };
    state.not_archived(place)?;
    state.react(place, message, user, &emoji, false)?;
    Ok(StatusCode::NO_CONTENT)
}

/// `GET …/reactions/{emoji}`: who reacted with it.
pub async fn who(State(discord): D, me: Me, Path(path): One) -> Answer<Json<Value>> {
    let state = discord.state();
    let (place, message, emoji) = state.reaction(me, &path)?;
    let message = state.live_message(place, message).ok_or(errors::UNKNOWN_MESSAGE)?;
    let found = message.reactions.iter().find(|it| it.emoji == emoji);
    let users = found.into_iter().flat_map(|it| &it.users).filter_map(|id| state.user(*id));
    Ok(Json(users.map(|user| payload::user(&user)).collect()))
}

/// `DELETE …/reactions`
pub async fn clear(
    State(discord): D,
    me: Me,
    Path((channel, message)): Path<(String, String)>,
) -> Answer<StatusCode> {
    let mut state = discord.state();
    let place = state.channel_for(me, &channel, MANAGE_MESSAGES)?.id;
    state.clear_reactions(place, id(&message)?, None)?;
    Ok(StatusCode::NO_CONTENT)
}

/// `DELETE …/reactions/{emoji}`
pub async fn clear_emoji(State(discord): D, me: Me, Path(path): One) -> Answer<StatusCode> {
    let mut state = discord.state();
    state.channel_for(me, &path.0, MANAGE_MESSAGES)?;
    let (place, message, emoji) = state.reaction(me, &path)?;
    state.clear_reactions(place, message, Some(&emoji))?;
    Ok(StatusCode::NO_CONTENT)
}

/// Pins, or unpins. Either of the two rights will do, as long as bots are moved to the newer one.
///
/// <https://discord.com/developers/docs/resources/message#pin-message>
fn pinned(discord: &Discord, me: Me, channel: &str, message: &str, on: bool) -> Answer<StatusCode> {
    let mut state = discord.state();
    let old = state.channel_for(me, channel, MANAGE_MESSAGES).map(|channel| channel.id);
    let place = old.or_else(|_| state.channel_for(me, channel, PIN_MESSAGES).map(|channel| channel.id))?;
    let by = Author::User(state.me(me)?.user());
    state.not_archived(place)?;
    state.pin(place, id(message)?, by, on)?;
    Ok(StatusCode::NO_CONTENT)
}

/// `PUT /channels/{channel}/messages/pins/{message}`
pub async fn pin(
    State(discord): D,
    me: Me,
    Path((channel, message)): Path<(String, String)>,
) -> Answer<StatusCode> {
    pinned(&discord, me, &channel, &message, true)
}

/// `DELETE /channels/{channel}/messages/pins/{message}`
pub async fn unpin(
    State(discord): D,
    me: Me,
    Path((channel, message)): Path<(String, String)>,
) -> Answer<StatusCode> {
    pinned(&discord, me, &channel, &message, false)
}

/// `GET /channels/{channel}/messages/pins`
pub async fn pins(State(discord): D, me: Me, Path(channel): Path<String>) -> Answer<Json<Value>> {
    let state = discord.state();
    let place = state.channel_for(me, &channel, VIEW_CHANNEL)?.id;
    let told = state.pins(place).into_iter().map(|message| {
        json!({ "pinned_at": payload::timestamp(now()), "message": payload::message(&state, message) })
    });
    Ok(Json(json!({ "items": told.collect::<Vec<_>>(), "has_more": false })))
}

/// `GET /channels/{channel}/pins`, which is the older form.
pub async fn old_pins(State(discord): D, me: Me, Path(channel): Path<String>) -> Answer<Json<Value>> {
    let state = discord.state();
    let place = state.channel_for(me, &channel, VIEW_CHANNEL)?.id;
    Ok(Json(state.pins(place).into_iter().map(|message| payload::message(&state, message)).collect()))
}

/// `POST /channels/{channel}/polls/{message}/expire`: its own.
pub async fn end_poll(
    State(discord): D,
    me: Me,
    Path((channel, message)): Path<(String, String)>,
) -> Answer<Json<Value>> {
    let mut state = discord.state();
    let place = state.channel_for(me, &channel, VIEW_CHANNEL)?.id;
    let found = state.live_message(place, id(&message)?).ok_or(errors::UNKNOWN_MESSAGE)?;
    if found.author.id() != state.me(me)?.id {
        return Err(errors::NOT_YOURS);
    }
    let id = found.id;
    let ended = state.end_poll(place, id)?;
    Ok(Json(payload::message(&state, &ended)))
}

/// `GET /channels/{channel}/polls/{message}/answers/{answer}`
pub async fn voters(State(discord): D, me: Me, Path(path): One) -> Answer<Json<Value>> {
    let state = discord.state();
    let place = state.channel_for(me, &path.0, READ_MESSAGE_HISTORY)?.id;
    let message = state.live_message(place, id(&path.1)?).ok_or(errors::UNKNOWN_MESSAGE)?;
    let poll = message.draft.poll.as_ref().ok_or(errors::UNKNOWN_MESSAGE)?;
    let answer = usize::try_from(id(&path.2)?).ok().and_then(|number| number.checked_sub(1));
    let chosen = poll.votes.iter().filter(|(_, at)| Some(*at) == answer);
    let users: Vec<Value> =
        chosen.filter_map(|(who, _)| state.user(*who)).map(|user| payload::user(&user)).collect();
    Ok(Json(json!({ "users": users })))
}

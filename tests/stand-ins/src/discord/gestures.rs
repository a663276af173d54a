//! What people do beside talking: reactions, pins, polls, threads, forwards, coming and going.

use super::errors::ApiError;
use super::model::{Author, ChannelKind, Draft, Forwarded, Poll};
use super::payload;
use super::permissions::{GUILD_MEMBERS, GUILD_MESSAGE_TYPING};
use super::person::{allowed, message_of, room_of, someone, typed};
use super::reactions::emoji;
use super::state::{State, now};
use crate::people::{Act, Refused};
use serde_json::json;

/// How long a person's poll lasts.
const POLL_LASTS: u64 = 24 * 60 * 60 * 1_000;
/// How many answers a poll has.
const MOST_ANSWERS: usize = 10;
/// A name in a guild is at most this long.
const LONGEST_NICK: usize = 32;

/// Does it; answers the id of the message, of the thread, or of the room.
pub fn act(state: &mut State, act: Act) -> Result<String, Refused> {
    match act {
        Act::React { person, room, message, emoji: written, on } => {
            let (person, (channel, guild)) = (someone(state, &person)?, room_of(state, &room)?);
            let (place, id, _) = message_of(state, channel, &message)?;
            let emoji = emoji(state, guild, &written).ok_or(Refused::Unknown("emoji", written))?;
            state.react(place, id, person.id, &emoji, on).map_err(refused)?;
            Ok(message)
        }
        Act::Pin { person, room, message, on } => {
            let (person, (channel, _)) = (someone(state, &person)?, room_of(state, &room)?);
            if !person.manages {
                return Err(Refused::Impossible(format!("{} may not pin messages", person.name)));
            }
            let (place, id, _) = message_of(state, channel, &message)?;
            state.pin(place, id, Author::User(person), on).map_err(refused)?;
            Ok(message)
        }
        Act::Ask { person, room, question, answers, multiple } => {
            let (person, (channel, guild)) = (someone(state, &person)?, room_of(state, &room)?);
            if answers.is_empty() || answers.len() > MOST_ANSWERS {
                return Err(Refused::Impossible(format!("a poll has 1 to {MOST_ANSWERS} answers")));
            }
            let (votes, ends) = (Vec::new(), now() + POLL_LASTS);
            let poll = Poll { question, answers, multiple, ends, votes, ended: false };
            let draft = Draft { poll: Some(poll), ..Draft::default() };
            Ok(state.post(channel, guild, Author::User(person), draft).id.to_string())
        }
        Act::Vote { person, room, message, answers } => {
            let (person, (channel, _)) = (someone(state, &person)?, room_of(state, &room)?);
            let (place, id, _) = message_of(state, channel, &message)?;
            state.vote(place, id, person.id, &answers).map_err(refused)?;
            Ok(message)
        }
        Act::EndPoll { room, message } => {
            let (channel, _) = room_of(state, &room)?;
            let (place, id, _) = message_of(state, channel, &message)?;
            state.end_poll(place, id).map_err(refused)?;
            Ok(message)
        }
        Act::Open { person, room, message, name, text } => {
            open(state, &person, &room, message.as_deref(), &name, text)
        }
        Act::Forward { person, room, message, to } => forward(state, &person, &room, &message, &to),
        Act::Type { person, room } => {
            let (person, (channel, guild)) = (someone(state, &person)?, room_of(state, &room)?);
            let member = state.guilds.get(&guild).map(|guild| payload::member(state, guild, &person));
            let body = json!({
                "channel_id": channel.to_string(), "guild_id": guild.to_string(), "user_id": person.id.to_string(),
                "timestamp": now() / 1_000, "member": member,
            });
            *state.typed.entry(channel).or_default() += 1;
            state.dispatch("TYPING_START", GUILD_MESSAGE_TYPING, channel, &body);
            Ok(channel.to_string())
        }
        Act::Join { person, room } => comes(state, &person, &room, true),
        Act::Leave { person, room } => comes(state, &person, &room, false),
        Act::CallThemselves { person, room, name } => {
            let (person, (channel, guild)) = (someone(state, &person)?, room_of(state, &room)?);
            if name.chars().count() > LONGEST_NICK {
                return Err(Refused::Impossible(format!("a name has at most {LONGEST_NICK} characters")));
            }
            if let Some(guild) = state.guilds.get_mut(&guild) {
                guild.nicks.insert(person.id, name);
            }
            let told = state.guilds.get(&guild).map(|guild| payload::member(state, guild, &person));
            let mut body = told.unwrap_or_default();
            body["guild_id"] = guild.to_string().into();
            state.dispatch_in_guild("GUILD_MEMBER_UPDATE", GUILD_MEMBERS, guild, &body);
            Ok(channel.to_string())
        }
        Act::Purge { room, messages } => {
            let (channel, _) = room_of(state, &room)?;
            let found = messages.iter().map(|message| message_of(state, channel, message));
            let found = found.collect::<Result<Vec<_>, _>>()?;
            let place = found.first().map_or(channel, |(place, ..)| *place);
            let ids: Vec<u64> = found.into_iter().map(|(_, id, _)| id).collect();
            state.purge(place, &ids);
            Ok(channel.to_string())
        }
        _ => Err(Refused::Impossible("there is no such act on Discord".into())),
    }
}

/// What the API would not do, a person cannot do either.
fn refused(error: ApiError) -> Refused {
    Refused::Impossible(error.to_string())
}

fn open(
    state: &mut State,
    person: &str,
    room: &str,
    message: Option<&str>,
    name: &str,
    text: Option<String>,
) -> Result<String, Refused> {
    let (person, (channel, guild)) = (someone(state, person)?, room_of(state, room)?);
    let unknown = || Refused::Unknown("room", room.to_owned());
    let parent = state.channels.get(&channel).cloned().ok_or_else(unknown)?;
    let content = text.map(|text| typed(state, &text));
    if let Some(content) = &content {
        allowed(content, false)?;
    }
    let by = Author::User(person);
    if parent.kind == ChannelKind::Forum {
        let content = content.ok_or_else(|| Refused::Impossible("a post has a text".into()))?;
        let draft = Draft { content, ..Draft::default() };
        return Ok(state.open_post(&parent, name, by, draft).map_err(refused)?.channel.to_string());
    }
    let root = message.map(|message| message_of(state, channel, message)).transpose()?;
    let thread = state.open_thread(&parent, root.map(|(_, id, _)| id), name, &by).map_err(refused)?;
    if let Some(content) = content {
        state.post(thread.id, guild, by, Draft { content, ..Draft::default() });
    }
    Ok(thread.id.to_string())
}

fn forward(state: &mut State, person: &str, room: &str, message: &str, to: &str) -> Result<String, Refused> {
    let (person, (channel, _)) = (someone(state, person)?, room_of(state, room)?);
    let (target, guild) = room_of(state, to)?;
    let (place, id, _) = message_of(state, channel, message)?;
    let found = state.live_message(place, id).cloned();
    let found = found.ok_or_else(|| Refused::Unknown("message", message.to_owned()))?;
    if found.draft.poll.is_some() || found.draft.kind != 0 {
        return Err(Refused::Impossible("only what somebody said can be passed on".into()));
    }
    let author = match &found.author {
        Author::User(user) => state.shown(found.guild, user),
        Author::Webhook { name, .. } => name.clone(),
    };
    let mut files = found.draft.files;
    for file in &mut files {
        file.id = state.new_id();
        state.keep_file(file);
    }
    let forwarded = Forwarded {
        channel: place,
        message: id,
        author,
        content: found.draft.content,
        embeds: found.draft.embeds,
        files,
        at: found.at,
    };
    let draft = Draft { forwarded: Some(forwarded), flags: 1 << 14, ..Draft::default() };
    Ok(state.post(target, guild, Author::User(person), draft).id.to_string())
}

/// Somebody joins a guild, or leaves it.
fn comes(state: &mut State, person: &str, room: &str, comes: bool) -> Result<String, Refused> {
    let (person, (channel, guild)) = (someone(state, person)?, room_of(state, room)?);
    let changed = state.guilds.get_mut(&guild).is_some_and(|guild| {
        if comes { guild.absent.remove(&person.id) } else { guild.absent.insert(person.id) }
    });
    if !changed {
        let is = if comes { "is in that guild already" } else { "is not in that guild" };
        return Err(Refused::Impossible(format!("{} {is}", person.name)));
    }
    let (event, mut body) = if comes {
        let told = state.guilds.get(&guild).map(|guild| payload::member(state, guild, &person));
        ("GUILD_MEMBER_ADD", told.unwrap_or_default())
    } else {
        ("GUILD_MEMBER_REMOVE", json!({ "user": payload::user(&person) }))
    };
    body["guild_id"] = guild.to_string().into();
    state.dispatch_in_guild(event, GUILD_MEMBERS, guild, &body);
    Ok(channel.to_string())
}

//! What people do, by way of their own Discord client.

use super::cdn::kept_name;
use super::gestures;
use super::mentions::Mentions;
use super::model::{Attachment, Author, ChannelKind, Draft, User};
use super::payload;
use super::permissions::GUILDS;
use super::seen::{SPOILER, VOICE};
use super::state::State;
use crate::files::Blob;
use crate::people::{Act, File, Refused};
use serde_json::json;

/// A person's message is at most this long (without Nitro), in code points.
const LONGEST: usize = 2_000;
/// A channel's name is at most this long.
const LONGEST_NAME: usize = 100;

/// Does it; answers the id of the message, or of the room where no message is concerned.
pub fn act(state: &mut State, act: Act) -> Result<String, Refused> {
    match act {
        Act::Say { person, room, text, reply_to, files, thread } => {
            let files: Vec<File> = files.into_iter().map(|file| file.into_file()).collect();
            let (author, (room, guild)) = (someone(state, &person)?, room_of(state, &room)?);
            let channel = place_of(state, room, thread.as_deref())?;
            let content = typed(state, &text);
            allowed(&content, !files.is_empty())?;
            let target = reply_to.as_deref().map(|id| message_of(state, channel, id)).transpose()?;
            let mut pings = state.pingable(guild, Mentions::of(&content), true);
            if let Some((_, _, answered)) = target
                && answered != author.id
                && state.user(answered).is_some()
                && !pings.users.contains(&answered)
            {
                pings.users.push(answered);
            }
            let voice = files.iter().any(|file| file.kind == "voice");
            let (stickers, files): (Vec<_>, Vec<_>) = files.iter().partition(|file| file.kind == "sticker");
            let mut all = |files: Vec<&File>| -> Result<Vec<_>, Refused> {
                files.into_iter().map(|file| attached(state, file)).collect()
            };
            let (files, stickers) = (all(files)?, all(stickers)?);
            let reply_to = target.map(|(_, id, _)| id);
            let flags = if voice { VOICE } else { 0 };
            let draft = Draft { content, files, stickers, reply_to, pings, flags, ..Draft::default() };
            Ok(state.post(channel, guild, Author::User(author), draft).id.to_string())
        }
        Act::Edit { person, room, message, text } => {
            let (channel, guild, id) = own(state, &person, &room, &message)?;
            let content = typed(state, &text);
            let has_files = state.live_message(channel, id).is_some_and(|m| !m.draft.files.is_empty());
            allowed(&content, has_files)?;
            let pings = state.pingable(guild, Mentions::of(&content), true);
            // An edit shows new mentions and notifies nobody anew; `pings` is what the message now mentions.
            state.edit(channel, id, |draft| (draft.content, draft.pings) = (content, pings));
            Ok(message)
        }
        Act::Delete { person, room, message } => {
            let person = someone(state, &person)?;
            let (room, _) = room_of(state, &room)?;
            let (place, id, by) = message_of(state, room, &message)?;
            if by != person.id && !person.manages {
                return Err(not_theirs());
            }
            state.delete(place, id);
            Ok(message)
        }
        Act::RemoveFiles { person, room, message, files } => {
            let (channel, _, id) = own(state, &person, &room, &message)?;
            let left = state.live_message(channel, id).map(|message| {
                let kept = message.draft.files.iter().enumerate();
                kept.filter(|(at, _)| !files.contains(at)).map(|(_, file)| file.clone()).collect::<Vec<_>>()
            });
            let left = left.unwrap_or_default();
            let content = state.live_message(channel, id).map(|message| message.draft.content.clone());
            allowed(&content.unwrap_or_default(), !left.is_empty())?;
            state.edit(channel, id, |draft| draft.files = left);
            Ok(message)
        }
        Act::Command { person, room, text } => {
            let (author, (channel, guild)) = (someone(state, &person)?, room_of(state, &room)?);
            state.command(&author, channel, guild, &text)
        }
        Act::Click { person, room, message, button } => {
            let (author, (channel, guild)) = (someone(state, &person)?, room_of(state, &room)?);
            state.click(&author, channel, guild, (&message, &button))
        }
        Act::Rename { room, name } => {
            let name = name.trim_start_matches('#').to_owned();
            if name.is_empty() || name.chars().count() > LONGEST_NAME {
                return Err(Refused::Impossible(format!("a name has 1 to {LONGEST_NAME} characters")));
            }
            changed(state, &room, |channel| channel.name = name)
        }
        Act::SetPrivate { room, private } => changed(state, &room, |channel| channel.private = private),
        Act::Close { room } => {
            let (channel, _) = room_of(state, &room)?;
            let body = state.channels.get(&channel).map(|channel| payload::channel(state, channel));
            state.dispatch("CHANNEL_DELETE", GUILDS, channel, &body.unwrap_or_default());
            state.channels.retain(|id, known| *id != channel && known.parent != Some(channel));
            state.webhooks.retain(|_, webhook| webhook.channel != channel);
            Ok(channel.to_string())
        }
        Act::DeleteWebhooks { room } => {
            let (channel, guild) = room_of(state, &room)?;
            let before = state.webhooks.len();
            state.webhooks.retain(|_, webhook| webhook.channel != channel);
            if state.webhooks.len() != before {
                state.webhooks_changed(channel, guild);
            }
            Ok(channel.to_string())
        }
        Act::Kick { bot, room } => {
            let (place, guild) = (bot_of(state, &bot)?, guild_of(state, &room)?);
            if !state.bots.get_mut(place).is_some_and(|bot| bot.guilds.remove(&guild)) {
                return Err(Refused::Impossible(format!("`{bot}` is not in that guild")));
            }
            // Without `unavailable`: it was removed, this is no outage.
            for (session, _, _) in
                state.sessions.listening(GUILDS).into_iter().filter(|(_, p, _)| *p == place)
            {
                state.sessions.push(&session, "GUILD_DELETE", &json!({ "id": guild.to_string() }));
            }
            Ok(guild.to_string())
        }
        Act::Invite { bot, room } => {
            let (place, guild) = (bot_of(state, &bot)?, guild_of(state, &room)?);
            if !state.bots.get_mut(place).is_some_and(|bot| bot.guilds.insert(guild)) {
                return Err(Refused::Impossible(format!("`{bot}` is in that guild already")));
            }
            if let Some(channel) = room_of(state, &room).ok().and_then(|(id, _)| state.channels.get_mut(&id))
            {
                channel.bots.insert(place);
            }
            for (session, p, intents) in state.sessions.listening(GUILDS) {
                if p == place {
                    state.tell_guild(&session, place, intents, guild, true);
                }
            }
            Ok(guild.to_string())
        }
        other => gestures::act(state, other),
    }
}

/// Changes a channel's settings and tells of it.
fn changed(
    state: &mut State,
    room: &str,
    change: impl FnOnce(&mut super::model::Channel),
) -> Result<String, Refused> {
    let (channel, _) = room_of(state, room)?;
    let changed = state.channels.get_mut(&channel).map(|channel| {
        change(channel);
        channel.clone()
    });
    if let Some(changed) = changed {
        let body = payload::channel(state, &changed);
        state.dispatch("CHANNEL_UPDATE", GUILDS, channel, &body);
    }
    Ok(channel.to_string())
}

pub fn someone(state: &State, person: &str) -> Result<User, Refused> {
    let wanted = person.strip_prefix('@').unwrap_or(person);
    let by = |same: fn(&User, &str) -> bool| state.people.iter().find(|user| same(user, wanted));
    by(|user, id| user.id.to_string() == id)
        .or_else(|| by(|user, handle| user.handle == handle))
        .or_else(|| by(|user, name| user.name == name))
        .cloned()
        .ok_or_else(|| Refused::Unknown("person", person.to_owned()))
}

fn bot_of(state: &State, bot: &str) -> Result<usize, Refused> {
    let found = state.bots.iter().position(|b| b.id.to_string() == bot || b.name == bot);
    found.ok_or_else(|| Refused::Unknown("bot", bot.to_owned()))
}

/// Channel and guild.
pub fn room_of(state: &State, room: &str) -> Result<(u64, u64), Refused> {
    let found = state.find_channel(room).map(|channel| (channel.id, channel.guild));
    found.ok_or_else(|| Refused::Unknown("room", room.to_owned()))
}

/// The guild of a room, or the guild of that id or name.
fn guild_of(state: &State, room: &str) -> Result<u64, Refused> {
    if let Ok((_, guild)) = room_of(state, room) {
        return Ok(guild);
    }
    let found = state.guilds.values().find(|guild| guild.id.to_string() == room || guild.name == room);
    found.map(|guild| guild.id).ok_or_else(|| Refused::Unknown("room", room.to_owned()))
}

/// Where somebody talks: the room, or a thread of it.
fn place_of(state: &State, room: u64, thread: Option<&str>) -> Result<u64, Refused> {
    let Some(thread) = thread else {
        if state.channels.get(&room).is_some_and(|channel| channel.kind == ChannelKind::Forum) {
            return Err(Refused::Impossible("in a forum one talks in its posts".into()));
        }
        return Ok(room);
    };
    let found = thread.parse().ok().and_then(|id: u64| state.channels.get(&id));
    let found = found.filter(|it| it.parent == Some(room)).map(|thread| thread.id);
    found.ok_or_else(|| Refused::Unknown("thread", thread.to_owned()))
}

/// Channel (or thread of it), id and author's id of a message that can still be seen.
pub fn message_of(state: &State, channel: u64, message: &str) -> Result<(u64, u64, u64), Refused> {
    let found = message.parse().ok().and_then(|id| {
        let place = state.place_of(channel, id)?;
        Some((place, id, state.live_message(place, id)?.author.id()))
    });
    found.ok_or_else(|| Refused::Unknown("message", message.to_owned()))
}

/// Channel, guild and id of a message that `person` wrote.
fn own(state: &State, person: &str, room: &str, message: &str) -> Result<(u64, u64, u64), Refused> {
    let (author, (channel, guild)) = (someone(state, person)?, room_of(state, room)?);
    match message_of(state, channel, message)? {
        (place, id, by) if by == author.id => Ok((place, guild, id)),
        _ => Err(not_theirs()),
    }
}

fn not_theirs() -> Refused {
    Refused::Impossible("people can change and delete only their own messages".into())
}

/// What the client sends for what was typed: `@Name` of somebody in the world becomes a mention.
pub fn typed(state: &State, text: &str) -> String {
    let bots: Vec<User> = state.bots.iter().map(|bot| bot.user()).collect();
    let mut names: Vec<(String, u64)> = state
        .people
        .iter()
        .chain(&bots)
        .flat_map(|user| [(format!("@{}", user.name), user.id), (format!("@{}", user.handle), user.id)])
        .collect();
    names.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
    let ends = |rest: &str| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_');
    let (mut sent, mut rest) = (String::with_capacity(text.len()), text.trim());
    while let Some(at) = rest.find('@') {
        let (before, here) = rest.split_at(at);
        sent.push_str(before);
        let met =
            names.iter().find_map(|(name, id)| here.strip_prefix(name.as_str()).map(|after| (*id, after)));
        match met.filter(|(_, after)| ends(after)) {
            Some((id, after)) => {
                sent.push_str(&format!("<@{id}>"));
                rest = after;
            }
            None => {
                sent.push('@');
                rest = &here[1..];
            }
        }
    }
    sent + rest
}

pub fn allowed(content: &str, has_files: bool) -> Result<(), Refused> {
    if content.chars().count() > LONGEST {
        return Err(Refused::Impossible(format!("a message has at most {LONGEST} characters")));
    }
    if content.is_empty() && !has_files {
        return Err(Refused::Impossible("a message has a text or a file".into()));
    }
    Ok(())
}

fn attached(state: &mut State, file: &File) -> Result<Attachment, Refused> {
    let voice = file.kind == "voice";
    Ok(Attachment {
        id: state.new_id(),
        name: format!("{}{}", if file.spoiler { SPOILER } else { "" }, kept_name(&file.name)),
        kind: Some(file.media_type().to_owned()),
        blob: Blob::given(file).map_err(Refused::Impossible)?,
        alt: (!file.alt.is_empty()).then(|| file.alt.clone()),
        seconds: voice.then_some(3.5),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::world::World;

    #[test]
    fn names_that_are_typed_become_mentions() {
        let mut world = World::demo();
        world.fill_ids().unwrap();
        let state = State::new(&world.discord, String::new(), Default::default()).unwrap();
        let ada = state.people[0].id;
        for (text, sent) in [
            ("hi @Ada!", format!("hi <@{ada}>!")),
            ("@ada", format!("<@{ada}>")),
            ("@Adam a@b @everyone ", "@Adam a@b @everyone".to_owned()),
            (" @", "@".to_owned()),
        ] {
            assert_eq!(typed(&state, text), sent);
        }
    }
}

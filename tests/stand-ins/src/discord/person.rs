//! What people do, by way of their own Discord client.

use super::mentions::Mentions;
use super::model::{Attachment, Author, Draft, User};
use super::payload;
use super::permissions::GUILDS;
use super::state::State;
use crate::people::{Act, Refused};
use serde_json::json;

/// A person's message is at most this long (without Nitro), in code points.
const LONGEST: usize = 2_000;
/// A channel's name is at most this long.
const LONGEST_NAME: usize = 100;

/// Does it; answers the id of the message, or of the room where no message is concerned.
pub fn act(state: &mut State, act: Act) -> Result<String, Refused> {
    match act {
        Act::Say { person, room, text, reply_to, files, thread: _ } => {
            let files: Vec<String> = files.into_iter().map(|file| file.into_file().name).collect();
            let (author, (channel, guild)) = (someone(state, &person)?, room_of(state, &room)?);
            let content = typed(state, &text);
            allowed(&content, !files.is_empty())?;
            let target = reply_to.as_deref().map(|id| message_of(state, channel, id)).transpose()?;
            let mut pings = state.pingable(guild, Mentions::of(&content), true);
            if let Some((_, answered)) = target
                && answered != author.id
                && state.user(answered).is_some()
                && !pings.users.contains(&answered)
            {
                pings.users.push(answered);
            }
            let files = files.into_iter().map(|name| attached(state, name)).collect();
            let reply_to = target.map(|(id, _)| id);
            let draft = Draft { content, files, reply_to, pings, ..Draft::default() };
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
            let (channel, _, id) = own(state, &person, &room, &message)?;
            state.delete(channel, id);
            Ok(message)
        }
        Act::Command { person, room, text } => {
            let (author, (channel, guild)) = (someone(state, &person)?, room_of(state, &room)?);
            state.command(&author, channel, guild, &text)
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
            state.channels.remove(&channel);
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
        _ => Err(Refused::Impossible("people cannot do that here yet".into())),
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

fn someone(state: &State, person: &str) -> Result<User, Refused> {
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
fn room_of(state: &State, room: &str) -> Result<(u64, u64), Refused> {
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

/// Id and author's id of a message that can still be seen.
fn message_of(state: &State, channel: u64, message: &str) -> Result<(u64, u64), Refused> {
    let id = message.parse().ok().and_then(|id| state.live_message(channel, id));
    let found = id.map(|message| (message.id, message.author.id()));
    found.ok_or_else(|| Refused::Unknown("message", message.to_owned()))
}

/// Channel, guild and id of a message that `person` wrote.
fn own(state: &State, person: &str, room: &str, message: &str) -> Result<(u64, u64, u64), Refused> {
    let (author, (channel, guild)) = (someone(state, person)?, room_of(state, room)?);
    match message_of(state, channel, message)? {
        (id, by) if by == author.id => Ok((channel, guild, id)),
        _ => Err(Refused::Impossible("people can change and delete only their own messages".into())),
    }
}

/// What the client sends for what was typed: `@Name` of somebody in the world becomes a mention.
fn typed(state: &State, text: &str) -> String {
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

fn allowed(content: &str, has_files: bool) -> Result<(), Refused> {
    if content.chars().count() > LONGEST {
        return Err(Refused::Impossible(format!("a message has at most {LONGEST} characters")));
    }
    if content.is_empty() && !has_files {
        return Err(Refused::Impossible("a message has a text or a file".into()));
    }
    Ok(())
}

fn attached(state: &mut State, name: String) -> Attachment {
    Attachment { id: state.new_id(), name, size: 0, kind: None }
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

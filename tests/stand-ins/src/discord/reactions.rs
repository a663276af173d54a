//! Reactions, pins and polls: what is put on a message without changing what it says.
//!
//! <https://discord.com/developers/docs/resources/message#create-reaction>

use super::errors::{self, ApiError};
use super::model::{Author, Draft, Emoji, Message, Reaction};
use super::payload;
use super::permissions::{GUILD_MESSAGE_POLLS, GUILD_MESSAGE_REACTIONS, GUILDS};
use super::state::{State, now};
use serde_json::{Value, json};

/// How many different reactions a message has.
const MOST_REACTIONS: usize = 20;
/// How many messages of a channel are pinned.
const MOST_PINS: usize = 250;
/// What a system message is: something was pinned; a poll has ended.
const PINNED: u64 = 6;
const POLL_RESULT: u64 = 46;

/// Reads an emoji as a path or a person writes it: `name:id`, `:name:`, or one of Unicode.
pub fn emoji(state: &State, guild: u64, written: &str) -> Option<Emoji> {
    let guild = state.guilds.get(&guild)?;
    let named = written.trim_matches(':');
    let (name, id) = named.split_once(':').map_or((named, None), |(name, id)| (name, id.parse().ok()));
    if name == "owl" && id.is_none_or(|id: u64| id == guild.owl()) {
        return Some(Emoji { name: name.to_owned(), id: Some(guild.owl()) });
    }
    // Anything that is no word is one of Unicode.
    let is_unicode = id.is_none() && !named.is_empty() && !named.chars().any(|c| c.is_alphabetic());
    is_unicode.then(|| Emoji { name: named.to_owned(), id: None })
}

/// An emoji object.
pub fn emoji_object(emoji: &Emoji) -> Value {
    json!({ "id": emoji.id.map(|id| id.to_string()), "name": emoji.name, "animated": false })
}

impl State {
    /// Puts somebody's reaction on a message, or takes it away. Doing it again changes nothing.
    pub fn react(
        &mut self,
        place: u64,
        message: u64,
        user: u64,
        emoji: &Emoji,
        on: bool,
    ) -> Result<(), ApiError> {
        let key = (place.to_string(), message.to_string());
        let found = self.history.get_mut(&key.0, &key.1).filter(|message| !message.deleted);
        let found = found.ok_or(errors::UNKNOWN_MESSAGE)?;
        let at = found.reactions.iter().position(|it| it.emoji == *emoji);
        match (at, on) {
            (None, true) if found.reactions.len() >= MOST_REACTIONS => {
                return Err(errors::TOO_MANY_REACTIONS);
            }
            (None, true) => found.reactions.push(Reaction { emoji: emoji.clone(), users: vec![user] }),
            (Some(at), true) if found.reactions[at].users.contains(&user) => return Ok(()),
            (Some(at), true) => found.reactions[at].users.push(user),
            (Some(at), false) if found.reactions[at].users.contains(&user) => {
                found.reactions[at].users.retain(|id| *id != user);
                if found.reactions[at].users.is_empty() {
                    found.reactions.remove(at);
                }
            }
            (_, false) => return Err(errors::UNKNOWN_EMOJI),
        }
        let found = found.clone();
        let mut body = json!({
            "user_id": user.to_string(), "channel_id": place.to_string(), "message_id": found.id.to_string(),
            "guild_id": found.guild.to_string(), "emoji": emoji_object(emoji), "burst": false, "type": 0,
        });
        if on && let (Some(user), Some(guild)) = (self.user(user), self.guilds.get(&found.guild)) {
            body["member"] = payload::member(self, guild, &user);
            body["message_author_id"] = found.author.id().to_string().into();
        }
        let event = if on { "MESSAGE_REACTION_ADD" } else { "MESSAGE_REACTION_REMOVE" };
        self.dispatch(event, GUILD_MESSAGE_REACTIONS, place, &body);
        self.watched("reacted", &found);
        Ok(())
    }

    /// Takes all reactions of a message away, or all with one emoji.
    pub fn clear_reactions(
        &mut self,
        place: u64,
        message: u64,
        only: Option<&Emoji>,
    ) -> Result<(), ApiError> {
        let found = self.history.get_mut(&place.to_string(), &message.to_string());
        let found = found.filter(|message| !message.deleted).ok_or(errors::UNKNOWN_MESSAGE)?;
        found.reactions.retain(|it| only.is_some_and(|only| it.emoji != *only));
        let found = found.clone();
        let mut body = json!({
            "channel_id": place.to_string(), "message_id": message.to_string(), "guild_id": found.guild.to_string(),
        });
        let event = match only {
            None => "MESSAGE_REACTION_REMOVE_ALL",
            Some(emoji) => {
                body["emoji"] = emoji_object(emoji);
                "MESSAGE_REACTION_REMOVE_EMOJI"
            }
        };
        self.dispatch(event, GUILD_MESSAGE_REACTIONS, place, &body);
        self.watched("reacted", &found);
        Ok(())
    }

    /// Pins a message, or unpins it. Doing it again changes nothing.
    pub fn pin(&mut self, place: u64, message: u64, by: Author, on: bool) -> Result<(), ApiError> {
        let found = self.live_message(place, message).ok_or(errors::UNKNOWN_MESSAGE)?;
        if !matches!(found.draft.kind, 0 | POLL_RESULT) {
            return Err(errors::SYSTEM_MESSAGE);
        }
        let (guild, was) = (found.guild, found.pinned);
        let pinned = self.pins(place).len();
        if on && !was && pinned >= MOST_PINS {
            return Err(errors::TOO_MANY_PINS);
        }
        if was == on {
            return Ok(());
        }
        self.touch(place, message, "pinned", |message| message.pinned = on);
        let newest = self.channels.get_mut(&place).and_then(|channel| {
            channel.last_pin = if on { Some(now()) } else { channel.last_pin };
            channel.last_pin
        });
        let body = json!({
            "guild_id": guild.to_string(), "channel_id": place.to_string(),
            "last_pin_timestamp": newest.map(payload::timestamp),
        });
        self.dispatch("CHANNEL_PINS_UPDATE", GUILDS, place, &body);
        if on {
            let told = Draft { kind: PINNED, about: Some((place, Some(message))), ..Draft::default() };
            self.post(place, guild, by, told);
        }
        Ok(())
    }

    /// The pinned messages of a channel.
    pub fn pins(&self, place: u64) -> Vec<&Message> {
        let place = place.to_string();
        let all = self.history.room(&place).rev();
        all.filter(|message| message.pinned && !message.deleted).collect()
    }

    /// Somebody chooses these answers and no others.
    pub fn vote(&mut self, place: u64, message: u64, user: u64, chosen: &[usize]) -> Result<(), ApiError> {
        let found = self.history.get_mut(&place.to_string(), &message.to_string());
        let found = found.filter(|message| !message.deleted).ok_or(errors::UNKNOWN_MESSAGE)?;
        let poll = found.draft.poll.as_mut().ok_or(errors::UNKNOWN_MESSAGE)?;
        if poll.ended {
            return Err(errors::POLL_EXPIRED);
        }
        let (fits, one) = (chosen.iter().all(|at| *at < poll.answers.len()), chosen.len() <= 1);
        if !fits || !(one || poll.multiple) {
            return Err(ApiError::field("answer_ids", "BASE_TYPE_CHOICES", "Not one of the answers."));
        }
        let before: Vec<usize> =
            poll.votes.iter().filter(|(who, _)| *who == user).map(|(_, at)| *at).collect();
        poll.votes.retain(|(who, _)| *who != user);
        poll.votes.extend(chosen.iter().map(|at| (user, *at)));
        let found = found.clone();
        let changes = [
            ("MESSAGE_POLL_VOTE_REMOVE", before.iter().filter(|at| !chosen.contains(at)).collect::<Vec<_>>()),
            ("MESSAGE_POLL_VOTE_ADD", chosen.iter().filter(|at| !before.contains(at)).collect()),
        ];
        for (event, answers) in changes {
            for at in answers {
                let body = json!({
                    "user_id": user.to_string(), "channel_id": place.to_string(), "answer_id": at + 1,
                    "message_id": message.to_string(), "guild_id": found.guild.to_string(),
                });
                self.dispatch(event, GUILD_MESSAGE_POLLS, place, &body);
            }
        }
        self.watched("voted", &found);
        Ok(())
    }

    /// Ends a poll, and says how it ended.
    pub fn end_poll(&mut self, place: u64, message: u64) -> Result<Message, ApiError> {
        let found = self.live_message(place, message).ok_or(errors::UNKNOWN_MESSAGE)?;
        match &found.draft.poll {
            None => return Err(errors::UNKNOWN_MESSAGE),
            Some(poll) if poll.ended => return Err(errors::POLL_EXPIRED),
            Some(_) => {}
        }
        let ended = self.touch(place, message, "voted", |message| {
            if let Some(poll) = &mut message.draft.poll {
                poll.ended = true;
            }
        });
        let ended = ended.ok_or(errors::UNKNOWN_MESSAGE)?;
        let told = Draft {
            kind: POLL_RESULT,
            about: Some((place, Some(message))),
            embeds: ended.draft.poll.as_ref().map(payload::poll_result).into_iter().collect(),
            ..Draft::default()
        };
        self.post(place, ended.guild, ended.author.clone(), told);
        Ok(ended)
    }
}

//! What people do beside saying something.

use super::people::{existing, say};
use super::state::{State, Stored, User};
use super::{buttons, wire};
use crate::people::{Act, Change, Refused};
use serde_json::json;

fn impossible<T>(why: impl Into<String>) -> Result<T, Refused> {
    Err(Refused::Impossible(why.into()))
}

/// Does it; answers the id of the message, or of the room where none is concerned.
pub fn perform(state: &mut State, act: Act, changes: &mut Vec<Change>) -> Result<String, Refused> {
    match act {
        Act::React { person, room, message, emoji, on } => {
            let (who, chat) = (state.person(&person)?, state.room(&room)?);
            let id = existing(state, chat, &message)?;
            let Some(emoji) = state.reaction(&emoji) else {
                return impossible(format!("nobody can react with {emoji} here"));
            };
            let has = state.message(chat, id).is_some_and(|m| m.reactions.contains(&(who.id, emoji.clone())));
            if on != has {
                changes.extend(state.react(chat, id, &who, on.then_some(emoji)));
            }
            Ok(message)
        }
        Act::Open { message: Some(_), .. } => impossible("a topic hangs from no message"),
        Act::Open { person, room, message: None, name, text } => {
            let (who, chat) = (state.person(&person)?, state.room(&room)?);
            let topic = state.open(chat, &who, &name, changes).map_err(Refused::Impossible)?;
            if let Some(text) = text {
                say(state, &who, chat, (&text, Vec::new()), (None, Some(topic)), changes)?;
            }
            Ok(topic.to_string())
        }
        Act::Click { person, room, message, button } => {
            let who = state.person(&person)?;
            let chat = state.talk(&who, &room)?;
            buttons::click(state, &who, chat, (existing(state, chat, &message)?, &button))
        }
        Act::Pin { person, room, message, on } => {
            let (who, chat) = (state.person(&person)?, state.room(&room)?);
            let id = existing(state, chat, &message)?;
            state.pin(chat, id, &who, on, changes);
            Ok(message)
        }
        Act::Ask { person, room, question, answers, multiple } => {
            let from = state.person(&person)?;
            let chat = state.talk(&from, &room)?;
            let poll = Some(state.poll(question, answers, multiple).map_err(Refused::Impossible)?);
            post(state, chat, Stored { poll, ..Stored::new(from, Default::default()) }, changes)
        }
        Act::Vote { person, room, message, answers } => {
            let (who, chat) = (state.person(&person)?, state.room(&room)?);
            let id = existing(state, chat, &message)?;
            changes.push(state.vote(chat, id, who.id, answers)?);
            Ok(message)
        }
        Act::EndPoll { room, message } => {
            let chat = state.room(&room)?;
            let id = existing(state, chat, &message)?;
            changes.push(state.end_poll(chat, id).map_err(Refused::Impossible)?.1);
            Ok(message)
        }
        Act::Forward { person, room, message, to } => {
            let (from, chat) = (state.person(&person)?, state.room(&room)?);
            let to = state.talk(&from, &to)?;
            let id = existing(state, chat, &message)?;
            let Some(old) = state.message(chat, id).cloned() else {
                return Err(Refused::Unknown("message", message));
            };
            let forward = old.forward.or_else(|| Some(origin(&old.from, old.at)));
            let passed = Stored {
                forward,
                media: old.media,
                poll: old.poll,
                link_preview: old.link_preview,
                ..Stored::new(from, old.body)
            };
            post(state, to, passed, changes)
        }
        Act::Type { person, room } => {
            state.person(&person)?;
            let chat = state.room(&room)?;
            // Other people are shown it; no bot is.
            if let Some(place) = state.chats.iter_mut().find(|place| place.id == chat) {
                place.typed += 1;
            }
            Ok(chat.to_string())
        }
        Act::Join { person, room } => attend(state, &person, &room, true, changes),
        Act::Leave { person, room } => attend(state, &person, &room, false, changes),
        Act::CallThemselves { person, room, name } => {
            let (who, chat) = (state.person(&person)?, state.room(&room)?);
            // Nobody is told: it shows in what they say next.
            state.people.iter_mut().filter(|p| p.id == who.id).for_each(|p| p.name.clone_from(&name));
            Ok(chat.to_string())
        }
        Act::Purge { room, messages } => {
            let chat = state.room(&room)?;
            let ids = messages.iter().map(|id| existing(state, chat, id)).collect::<Result<Vec<_>, _>>()?;
            changes.extend(ids.into_iter().filter_map(|id| state.delete(chat, id)));
            Ok(chat.to_string())
        }
        Act::RemoveFiles { .. } => impossible("a file cannot be taken from a message here"),
        _ => impossible("Telegram rooms have no webhooks"),
    }
}

fn post(state: &mut State, chat: i64, message: Stored, changes: &mut Vec<Change>) -> Result<String, Refused> {
    let posted = state.post(chat, message);
    let (message, change) = posted.ok_or_else(|| Refused::Unknown("room", chat.to_string()))?;
    changes.push(change);
    Ok(message.id.to_string())
}

/// A `MessageOriginUser`. Source: <https://core.telegram.org/bots/api#messageorigin>.
fn origin(from: &User, at: u64) -> (serde_json::Value, String) {
    let told = json!({ "type": "user", "date": at / 1_000, "sender_user": wire::user(from) });
    (told, from.name.clone())
}

fn attend(
    state: &mut State,
    person: &str,
    room: &str,
    inside: bool,
    changes: &mut Vec<Change>,
) -> Result<String, Refused> {
    let (who, chat) = (state.person(person)?, state.room(room)?);
    if chat > 0 {
        return impossible("a private chat is neither joined nor left");
    }
    changes.extend(state.attend(chat, &who, inside));
    Ok(chat.to_string())
}

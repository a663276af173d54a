//! The methods around messages: files, reactions, polls, topics, pins.

use super::access::{me, room};
use super::methods::told;
use super::server::Failure;
use super::state::{Standing, State, User, now};
use super::{buttons, polls, reactions};
use crate::parameters::Parameters;
use crate::people::Change;
use serde_json::{Value, json};

/// Carries out a method; none when it is another one.
pub fn call(
    state: &mut State,
    bot: usize,
    method: &str,
    given: &Parameters,
    changes: &mut Vec<Change>,
) -> Option<Result<Value, Failure>> {
    Some(match method {
        "getFile" => state.files.locate(&given.text("file_id").unwrap_or_default(), now()),
        "sendChatAction" => typing(state, bot, given),
        "setMessageReaction" => react(state, bot, given, changes),
        "getCustomEmojiStickers" => stickers(state, given),
        "sendPoll" => polls::send(state, bot, given, changes),
        "stopPoll" => stop(state, bot, given, changes),
        "pinChatMessage" => pin(state, bot, given, true, changes),
        "unpinChatMessage" => pin(state, bot, given, false, changes),
        "createForumTopic" => open(state, bot, given, changes),
        "answerCallbackQuery" => {
            let bot = me(state, bot).map(|bot| bot.user.id);
            bot.and_then(|bot| buttons::answer(state, bot, given))
        }
        _ => return None,
    })
}

fn message(given: &Parameters) -> Result<i64, Failure> {
    given.number("message_id").ok_or_else(|| Failure::bad("message identifier is not specified"))
}

/// The bot, where it is an administrator.
fn administrator(state: &State, bot: usize, chat: i64, what: &str) -> Result<User, Failure> {
    let bot = me(state, bot)?;
    match bot.standing.get(&chat) {
        Some(Standing::Administrator) => Ok(bot.user.clone()),
        _ => Err(Failure::bad(format!("not enough rights to {what}"))),
    }
}

fn typing(state: &mut State, bot: usize, given: &Parameters) -> Result<Value, Failure> {
    let chat = room(state, bot, given)?;
    if let Some(place) = state.chats.iter_mut().find(|place| place.id == chat) {
        place.typed += 1;
    }
    Ok(json!(true))
}

fn react(
    state: &mut State,
    bot: usize,
    given: &Parameters,
    changes: &mut Vec<Change>,
) -> Result<Value, Failure> {
    let (chat, id) = (room(state, bot, given)?, message(given)?);
    let given = given.json("reaction").map_err(Failure::bad)?.unwrap_or_else(|| json!([]));
    let given = given.as_array().cloned().unwrap_or_default();
    if given.len() > 1 {
        return Err(Failure::bad("REACTIONS_TOO_MANY"));
    }
    let emoji =
        given.first().map(|one| one.get("emoji").and_then(Value::as_str).unwrap_or_default().to_owned());
    if emoji.as_deref().is_some_and(|emoji| !reactions::is_allowed(emoji)) {
        return Err(Failure::bad("REACTION_INVALID"));
    }
    let user = me(state, bot)?.user.clone();
    let change = state.react(chat, id, &user, emoji);
    changes.push(change.ok_or_else(|| Failure::bad("message to react not found"))?);
    Ok(json!(true))
}

fn stickers(state: &State, given: &Parameters) -> Result<Value, Failure> {
    let ids = given.json("custom_emoji_ids").map_err(Failure::bad)?.unwrap_or_default();
    let ids = ids.as_array().into_iter().flatten().filter_map(Value::as_str);
    let known = ids.filter(|id| state.custom_emoji.contains_key(*id));
    let stickers = known.map(|id| {
        json!({
            "file_id": format!("CAACAgE{id}"), "file_unique_id": format!("AgE{id}"), "type": "custom_emoji",
            "width": 100, "height": 100, "is_animated": false, "is_video": false, "custom_emoji_id": id,
            "emoji": reactions::STANDS_FOR,
        })
    });
    Ok(stickers.collect())
}

fn stop(
    state: &mut State,
    bot: usize,
    given: &Parameters,
    changes: &mut Vec<Change>,
) -> Result<Value, Failure> {
    let (chat, id) = (room(state, bot, given)?, message(given)?);
    let own = me(state, bot)?.user.id;
    if state.message(chat, id).is_some_and(|message| message.from.id != own) {
        return Err(Failure::bad("poll can't be stopped"));
    }
    let (message, change) = state.end_poll(chat, id).map_err(Failure::bad)?;
    changes.push(change);
    told(state, chat, &message).map(|mut told| told["poll"].take())
}

fn pin(
    state: &mut State,
    bot: usize,
    given: &Parameters,
    on: bool,
    changes: &mut Vec<Change>,
) -> Result<Value, Failure> {
    let (chat, id) = (room(state, bot, given)?, message(given)?);
    let by = administrator(state, bot, chat, "manage pinned messages in the chat")?;
    let word = if on { "pin" } else { "unpin" };
    match state.pin(chat, id, &by, on, changes) {
        None => Err(Failure::bad(format!("message to {word} not found"))),
        Some(false) if !on => Err(Failure::bad("CHAT_NOT_MODIFIED")),
        Some(_) => Ok(json!(true)),
    }
}

fn open(
    state: &mut State,
    bot: usize,
    given: &Parameters,
    changes: &mut Vec<Change>,
) -> Result<Value, Failure> {
    let chat = room(state, bot, given)?;
    let by = administrator(state, bot, chat, "create a topic")?;
    let name = given.text("name").unwrap_or_default();
    let id = state.open(chat, &by, &name, changes).map_err(Failure::bad)?;
    Ok(json!({ "message_thread_id": id, "name": name, "icon_color": 7_322_096 }))
}

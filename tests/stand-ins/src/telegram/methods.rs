//! The methods that answer at once.

use super::Shared;
use super::access::{Access, inside, me, named, room};
use super::entities::{Entity, Formatted, clean, units};
use super::people::LONGEST;
use super::server::Failure;
use super::state::{Standing, State, Stored, now};
use super::uploads::{self, LONGEST_CAPTION, Uploads};
use super::{buttons, markup, menu, more_methods, wire};
use crate::parameters::Parameters;
use crate::people::Change;
use serde_json::{Value, json};

/// Every method that exists here.
pub const NAMES: [&str; 40] = [
    "getUpdates",
    "getMe",
    "logOut",
    "close",
    "deleteWebhook",
    "getWebhookInfo",
    "setMyCommands",
    "getMyCommands",
    "deleteMyCommands",
    "getChat",
    "getChatMember",
    "getChatMemberCount",
    "getChatAdministrators",
    "leaveChat",
    "sendMessage",
    "copyMessage",
    "editMessageText",
    "deleteMessage",
    "deleteMessages",
    "sendChatAction",
    "getMyName",
    "sendDocument",
    "sendPhoto",
    "sendVideo",
    "sendAnimation",
    "sendAudio",
    "sendVoice",
    "sendVideoNote",
    "sendSticker",
    "sendMediaGroup",
    "getFile",
    "editMessageCaption",
    "setMessageReaction",
    "getCustomEmojiStickers",
    "sendPoll",
    "stopPoll",
    "pinChatMessage",
    "unpinChatMessage",
    "createForumTopic",
    "answerCallbackQuery",
];

/// How long a message can be deleted, in milliseconds.
const DELETABLE: u64 = 48 * 60 * 60 * 1_000;

/// Carries out a method of the bot at this place in the list.
pub fn call(
    shared: &Shared,
    bot: usize,
    method: &str,
    (given, files): (&Parameters, &Uploads),
) -> Result<Value, Failure> {
    let mut state = shared.state();
    let mut changes = Vec::new();
    let uploaded = uploads::send(&mut state, bot, method, (given, files), &mut changes);
    let more = |state: &mut State, changes: &mut _| more_methods::call(state, bot, method, given, changes);
    let known = uploaded.or_else(|| more(&mut state, &mut changes));
    let result = match method {
        _ if known.is_some() => known.unwrap_or(Ok(json!(true))),
        "sendMessage" => send(&mut state, bot, given, &mut changes),
        "copyMessage" => copy(&mut state, bot, given, &mut changes),
        "editMessageText" | "editMessageCaption" => edit(&mut state, bot, method, given, &mut changes),
        "deleteMessage" => {
            let id = given
                .number("message_id")
                .ok_or_else(|| Failure::bad("message identifier is not specified"))?;
            delete(&mut state, bot, given, id, &mut changes)
        }
        "deleteMessages" => {
            let ids = given.json("message_ids").map_err(Failure::bad)?.unwrap_or_default();
            let ids: Vec<i64> = ids.as_array().into_iter().flatten().filter_map(Value::as_i64).collect();
            // What cannot be found or deleted is skipped, as the real method does.
            for id in ids {
                let _ = delete(&mut state, bot, given, id, &mut changes);
            }
            Ok(json!(true))
        }
        _ => small(&mut state, bot, method, given),
    };
    // Under the lock, so that watchers hear of changes in their order; a broadcast does not wait.
    changes.into_iter().for_each(|change| shared.announce(change));
    result
}

fn small(state: &mut State, bot: usize, method: &str, given: &Parameters) -> Result<Value, Failure> {
    Ok(match method {
        "getMe" => {
            let bot = me(state, bot)?;
            let mut told = wire::user(&bot.user);
            for (name, value) in [
                ("can_join_groups", true),
                ("can_read_all_group_messages", bot.privacy_off),
                ("supports_inline_queries", false),
                ("can_connect_to_business", false),
                ("has_main_web_app", false),
            ] {
                told[name] = json!(value);
            }
            told
        }
        "logOut" | "close" | "deleteWebhook" => json!(true),
        "getMyName" => json!({ "name": me(state, bot)?.user.name }),
        "getWebhookInfo" => {
            json!({ "url": "", "has_custom_certificate": false, "pending_update_count": me(state, bot)?.queue.len() })
        }
        "getMyCommands" => {
            me(state, bot)?.commands.get(&menu::whose(given)).cloned().unwrap_or_else(|| json!([]))
        }
        "setMyCommands" | "deleteMyCommands" => {
            let commands = if method == "setMyCommands" { menu::commands(given)? } else { json!([]) };
            if let Some(bot) = state.bots.get_mut(bot) {
                bot.commands.insert(menu::whose(given), commands);
            }
            json!(true)
        }
        "getChat" => {
            let id = named(state, bot, given, "chat_id", Access::Read)?;
            state.chat(id).map(wire::full_chat).ok_or_else(|| Failure::bad("chat not found"))?
        }
        "getChatMember" => {
            let chat = named(state, bot, given, "chat_id", Access::Members)?;
            let user = given.number("user_id").ok_or_else(|| Failure::bad("invalid user_id specified"))?;
            member(state, chat, user).ok_or_else(|| Failure::bad("user not found"))?
        }
        "getChatMemberCount" => {
            let chat = named(state, bot, given, "chat_id", Access::Members)?;
            let absent = state.chat(chat).map_or(0, |chat| chat.absent.len());
            let people = if chat > 0 { 1 } else { state.people.len() - absent };
            json!(people + state.bots.iter().filter(|b| inside(b, chat)).count())
        }
        "getChatAdministrators" => {
            let chat = named(state, bot, given, "chat_id", Access::Members)?;
            if chat > 0 {
                return Err(Failure::bad("there are no administrators in the private chat"));
            }
            let people = state.people.iter().filter(|p| p.manages || is_creator(state, p.id));
            let people = people.map(|p| wire::person_member(p, is_creator(state, p.id)));
            let bots = state.bots.iter().filter(|b| b.standing.get(&chat) == Some(&Standing::Administrator));
            people.chain(bots.map(|b| wire::bot_member(b, Some(Standing::Administrator)))).collect()
        }
        "leaveChat" => {
            let chat = room(state, bot, given)?;
            if let Some(bot) = state.bots.get_mut(bot) {
                bot.standing.remove(&chat);
            }
            json!(true)
        }
        _ => return Err(Failure::new(404, "Not Found: method not found")),
    })
}

fn is_creator(state: &State, person: i64) -> bool {
    state.creator().is_some_and(|creator| creator.id == person)
}

fn member(state: &State, chat: i64, user: i64) -> Option<Value> {
    if let Some(bot) = state.bots.iter().find(|b| b.user.id == user) {
        return Some(wire::bot_member(bot, bot.standing.get(&chat).copied()));
    }
    let person = state.people.iter().find(|p| p.id == user)?;
    if state.chat(chat).is_some_and(|place| place.absent.contains(&user)) {
        return Some(wire::left(person));
    }
    Some(if chat > 0 { wire::member(person) } else { wire::person_member(person, is_creator(state, user)) })
}

/// A text that must be there.
fn body(state: &State, given: &Parameters) -> Result<Formatted, Failure> {
    let read = formatted(state, given, ("text", "entities"), LONGEST, "message is too long")?;
    if read.text.is_empty() { Err(Failure::bad("message text is empty")) } else { Ok(read) }
}

/// Text and its formatting out of the fields of a request; what is longer is refused with these words.
pub fn formatted(
    state: &State,
    given: &Parameters,
    (text, entities): (&str, &str),
    longest: usize,
    too_long: &str,
) -> Result<Formatted, Failure> {
    let text = given.text(text).unwrap_or_default();
    let mode = given.text("parse_mode").unwrap_or_default();
    let mut read = match &*mode.to_ascii_lowercase() {
        "" => {
            let entities = given.json(entities).map_err(Failure::bad)?.unwrap_or_else(|| json!([]));
            let entities: Vec<Entity> = serde_json::from_value(entities)
                .map_err(|e| Failure::bad(format!("can't parse MessageEntity: {e}")))?;
            Formatted { text, entities }
        }
        "html" => markup::html(&text).map_err(|why| Failure::bad(format!("can't parse entities: {why}")))?,
        "markdownv2" => {
            markup::markdown(&text).map_err(|why| Failure::bad(format!("can't parse entities: {why}")))?
        }
        _ => return Err(Failure::bad("unsupported parse_mode")),
    };
    read.entities.retain_mut(|entity| mention(state, entity));
    let read = clean(read).map_err(Failure::bad)?;
    if units(&read.text) > longest { Err(Failure::bad(too_long)) } else { Ok(read) }
}

/// A message with what it answers and the topic it goes into, as a request says: that of what it answers when it names none.
pub fn addressed(state: &State, chat: i64, given: &Parameters, message: Stored) -> Result<Stored, Failure> {
    let reply_to = answered(state, chat, given)?;
    let named = given.number("message_thread_id").filter(|id| *id > 1);
    let there =
        |id: i64| state.chat(chat).is_some_and(|place| place.topics.iter().any(|(topic, _)| *topic == id));
    if named.is_some_and(|id| !there(id)) {
        return Err(Failure::bad("message thread not found"));
    }
    let answered_in = reply_to.and_then(|id| state.message(chat, id)?.topic);
    Ok(Stored { reply_to, topic: named.or(answered_in), ..message })
}

/// Links to `tg://user?id=…` become mentions; mentions of people whom the server does not know are dropped.
fn mention(state: &State, entity: &mut Entity) -> bool {
    let linked = entity.url.as_deref().and_then(|url| url.strip_prefix("tg://user?id=")).map(str::to_owned);
    if let (Some(id), "text_link") = (linked, &*entity.kind) {
        entity.kind = "text_mention".to_owned();
        entity.url = None;
        entity.user = Some(json!({ "id": id.parse::<i64>().unwrap_or(0) }));
    }
    if entity.kind != "text_mention" {
        return true;
    }
    let id = entity.user.as_ref().and_then(|u| u.get("id")).and_then(Value::as_i64);
    entity.user = id.and_then(|id| state.user(id)).map(wire::user);
    entity.user.is_some()
}

/// What a message answers, by `reply_parameters` or the older `reply_to_message_id`.
fn answered(state: &State, chat: i64, given: &Parameters) -> Result<Option<i64>, Failure> {
    let reply = given.json("reply_parameters").map_err(Failure::bad)?;
    let (id, lenient) = match &reply {
        Some(reply) => (
            reply.get("message_id").and_then(Value::as_i64),
            reply.get("allow_sending_without_reply").and_then(Value::as_bool).unwrap_or(false),
        ),
        None => (given.number("reply_to_message_id"), given.flag("allow_sending_without_reply")),
    };
    match id {
        None | Some(0) => Ok(None),
        Some(id) if state.message(chat, id).is_some() => Ok(Some(id)),
        Some(_) if lenient => Ok(None),
        Some(_) => Err(Failure::bad("message to be replied not found")),
    }
}

fn link_preview(given: &Parameters) -> Result<Option<Value>, Failure> {
    let options = given.json("link_preview_options").map_err(Failure::bad)?;
    let disabled = given.flag("disable_web_page_preview").then(|| json!({ "is_disabled": true }));
    Ok(options.or(disabled))
}

fn send(
    state: &mut State,
    bot: usize,
    given: &Parameters,
    changes: &mut Vec<Change>,
) -> Result<Value, Failure> {
    let body = body(state, given)?;
    let chat = room(state, bot, given)?;
    let message = Stored {
        link_preview: link_preview(given)?,
        markup: buttons::read(given)?,
        ..Stored::new(me(state, bot)?.user.clone(), body)
    };
    let message = addressed(state, chat, given, message)?;
    let (message, change) = state.post(chat, message).ok_or_else(|| Failure::bad("chat not found"))?;
    changes.push(change);
    told(state, chat, &message)
}

/// `copyMessage`: a message of the bot's own with the same content and no link to the first.
///
/// <https://core.telegram.org/bots/api#copymessage>
fn copy(
    state: &mut State,
    bot: usize,
    given: &Parameters,
    changes: &mut Vec<Change>,
) -> Result<Value, Failure> {
    let from = named(state, bot, given, "from_chat_id", Access::Read)?;
    let to = room(state, bot, given)?;
    let id = given.number("message_id").ok_or_else(|| Failure::bad("message identifier is not specified"))?;
    let old = state.message(from, id).ok_or_else(|| Failure::bad("message to copy not found"))?;
    let copied = Stored {
        id: 0,
        from: me(state, bot)?.user.clone(),
        reply_to: answered(state, to, given)?,
        at: now(),
        edited_at: None,
        edits: 0,
        reactions: Vec::new(),
        pinned: false,
        forward: None,
        topic: None,
        ..old.clone()
    };
    let (message, change) = state.post(to, copied).ok_or_else(|| Failure::bad("chat not found"))?;
    changes.push(change);
    Ok(json!({ "message_id": message.id }))
}

/// A message as its sender is told of it.
pub fn told(state: &State, chat: i64, message: &Stored) -> Result<Value, Failure> {
    let place = state.chat(chat).ok_or_else(|| Failure::bad("chat not found"))?;
    Ok(state.wire_message(place, message, true))
}

fn edit(
    state: &mut State,
    bot: usize,
    method: &str,
    given: &Parameters,
    changes: &mut Vec<Change>,
) -> Result<Value, Failure> {
    let caption = method == "editMessageCaption";
    let body = if caption {
        let fields = ("caption", "caption_entities");
        formatted(state, given, fields, LONGEST_CAPTION, "message caption is too long")?
    } else {
        body(state, given)?
    };
    let chat = named(state, bot, given, "chat_id", Access::Edit)?;
    let id = given.number("message_id").ok_or_else(|| Failure::bad("message identifier is not specified"))?;
    let options = link_preview(given)?;
    let own = me(state, bot)?.user.id;
    let left_behind = state.chat(chat).is_some_and(|chat| chat.moved_to.is_some());
    let old = state.message_mut(chat, id).ok_or_else(|| Failure::bad("message to edit not found"))?;
    if old.from.id != own || left_behind {
        return Err(Failure::bad("message can't be edited"));
    }
    if caption != old.media.as_ref().is_some_and(|media| media.kind.captioned) {
        let what = if caption { "caption" } else { "text" };
        return Err(Failure::bad(format!("there is no {what} in the message to edit")));
    }
    if old.body == body && (options.is_none() || old.link_preview == options) {
        return Err(Failure::bad(
            "message is not modified: specified new message content and reply markup are exactly the same as a current \
             content and reply markup of the message",
        ));
    }
    old.link_preview = options.or(old.link_preview.take());
    let (message, change) =
        state.edit(chat, id, body).ok_or_else(|| Failure::bad("message to edit not found"))?;
    changes.push(change);
    told(state, chat, &message)
}

fn delete(
    state: &mut State,
    bot: usize,
    given: &Parameters,
    id: i64,
    changes: &mut Vec<Change>,
) -> Result<Value, Failure> {
    let chat = room(state, bot, given)?;
    let bot = me(state, bot)?;
    let (own, admin) = (bot.user.id, bot.standing.get(&chat) == Some(&Standing::Administrator));
    let message = state.message(chat, id).ok_or_else(|| Failure::bad("message to delete not found"))?;
    let young = now().saturating_sub(message.at) < DELETABLE;
    if !(admin || (message.from.id == own && young)) {
        return Err(Failure::bad("message can't be deleted"));
    }
    changes.extend(state.delete(chat, id));
    Ok(json!(true))
}

//! `chat.*`.
//!
//! Source: <https://docs.slack.dev/reference/methods/chat.postMessage>, `chat.update`, `chat.delete`.

use super::server::{Answer, Refusal, require};
use super::state::{Author, Custom, Room, State, Stored};
use super::wire;
use super::{buttons, mrkdwn};
use crate::parameters::Parameters;
use crate::people::Change;
use serde_json::{Value, json};

/// The longest text, in characters.
const LONGEST: usize = 40_000;

/// The most blocks of a message.
const MOST_BLOCKS: usize = 50;

/// The longest text of one section, in characters.
const LONGEST_SECTION: usize = 3_000;

/// `chat.postMessage`.
pub fn post(state: &mut State, app: usize, given: &Parameters, changes: &mut Vec<Change>) -> Answer {
    require(state, app, "chat:write")?;
    let room = open(state, app, given, "is_archived")?;
    let (text, blocks) = content(state, given)?;
    let attachments = list(given, "attachments", "invalid_attachments")?;
    if text.is_empty() && blocks.is_none() && attachments.is_none() {
        return Err(Refusal::new("no_text"));
    }
    let thread = given.text("thread_ts").filter(|ts| !ts.is_empty());
    if thread.as_deref().is_some_and(|ts| !is_ts(ts)) {
        return Err(Refusal::new("invalid_thread_ts"));
    }
    let metadata = metadata(given)?;
    let mut message = by_app(app, text, blocks, thread, None);
    message.broadcast = message.thread.is_some() && given.flag("reply_broadcast");
    customised(state, app, given, &mut message.custom);
    message.custom.attachments = attachments;
    message.custom.metadata = metadata;
    let (message, change) = state.post(&room, message);
    changes.push(change);
    Ok(json!({ "channel": room.id, "ts": message.ts, "message": wire::message(state, &room, &message) }))
}

/// `chat.postEphemeral` (<https://docs.slack.dev/reference/methods/chat.postEphemeral>).
pub fn whisper(state: &mut State, app: usize, given: &Parameters, changes: &mut Vec<Change>) -> Answer {
    require(state, app, "chat:write")?;
    let room = open(state, app, given, "is_archived")?;
    let user = given.text("user").unwrap_or_default();
    if !state.people.iter().any(|person| person.id == user) {
        return Err(Refusal::new("user_not_in_channel"));
    }
    let (text, blocks) = content(state, given)?;
    if text.is_empty() && blocks.is_none() {
        return Err(Refusal::new("no_text"));
    }
    let thread = given.text("thread_ts").filter(|ts| !ts.is_empty());
    let (message, change) = state.whisper(&room, by_app(app, text, blocks, thread, Some(user)));
    changes.push(change);
    Ok(json!({ "message_ts": message.ts }))
}

/// An app's message without a name of its own.
pub(super) fn by_app(
    app: usize,
    text: String,
    blocks: Option<Value>,
    thread: Option<String>,
    only_for: Option<String>,
) -> Stored {
    let custom = Custom { blocks, ..Custom::default() };
    Stored { custom, thread, only_for, ..Stored::new(Author::App(app), text) }
}

/// A name and picture of a message's own, if the app may have them: else they are ignored.
pub(super) fn customised(state: &State, app: usize, given: &Parameters, custom: &mut Custom) {
    if state.apps.get(app).is_some_and(|app| app.may("chat:write.customize")) {
        let said = |name: &str| given.text(name).filter(|value| !value.is_empty());
        custom.username = said("username");
        custom.icon_url = said("icon_url");
        custom.icon_emoji = said("icon_emoji");
    }
}

/// `chat.update`: the name and icon stay; text without blocks takes the blocks away; of the files those in `file_ids` stay, all
/// of them without it.
pub fn update(state: &mut State, app: usize, given: &Parameters, changes: &mut Vec<Change>) -> Answer {
    require(state, app, "chat:write")?;
    let room = open(state, app, given, "is_inactive")?;
    let ts = own(state, app, &room, given, "cant_update_message")?;
    let (text, blocks) = content(state, given)?;
    let attachments = list(given, "attachments", "invalid_attachments")?;
    let metadata = metadata(given)?;
    let kept = file_ids(given);
    let has_files = kept.as_ref().is_some_and(|kept| !kept.is_empty());
    if text.is_empty() && blocks.is_none() && attachments.is_none() && !has_files {
        return Err(Refusal::new("no_text"));
    }
    let user = state.apps.get(app).map(|a| a.user.id.clone()).unwrap_or_default();
    let done = state.edit(&room, &ts, |message, now| {
        // With blocks the change is not marked as one.
        message.edited = if blocks.is_none() { Some((user, now)) } else { message.edited.take() };
        if !text.is_empty() || blocks.is_some() || has_files {
            message.text = text;
            message.custom.blocks = blocks;
        }
        if let Some(kept) = &kept {
            message.files.retain(|file| kept.contains(&file.id));
        }
        message.custom.attachments = attachments.or(message.custom.attachments.take());
        message.custom.metadata = metadata.or(message.custom.metadata.take());
    });
    let (message, change) = done.ok_or_else(|| Refusal::new("message_not_found"))?;
    changes.push(change);
    Ok(json!({
        "channel": room.id, "ts": ts, "text": message.text, "message": wire::message(state, &room, &message),
    }))
}

/// A list, or its members with commas between, as clients in Python write it.
fn file_ids(given: &Parameters) -> Option<Vec<String>> {
    match given.json("file_ids") {
        Ok(Some(Value::Array(ids))) => {
            Some(ids.iter().filter_map(|id| id.as_str().map(str::to_owned)).collect())
        }
        _ => Some(given.text("file_ids")?.split(',').map(|id| id.trim().to_owned()).collect()),
    }
}

/// `chat.delete`.
pub fn delete(state: &mut State, app: usize, given: &Parameters, changes: &mut Vec<Change>) -> Answer {
    require(state, app, "chat:write")?;
    let room = writable(state, app, given)?;
    let ts = own(state, app, &room, given, "cant_delete_message")?;
    changes.extend(state.delete(&room, &ts));
    Ok(json!({ "channel": room.id, "ts": ts }))
}

pub(super) fn is_ts(ts: &str) -> bool {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    ts.split_once('.').is_some_and(|(seconds, rest)| digits(seconds) && digits(rest))
}

/// The channel of a request, if the app may write there.
fn writable(state: &State, app: usize, given: &Parameters) -> Result<Room, Refusal> {
    writable_room(state, app, &given.text("channel").unwrap_or_default())
}

/// A channel, if the app may write there.
pub(super) fn writable_room(state: &State, app: usize, wanted: &str) -> Result<Room, Refusal> {
    let room = state.find_room(wanted).ok_or_else(|| Refusal::new("channel_not_found"))?;
    let app = state.apps.get(app).ok_or_else(|| Refusal::new("invalid_auth"))?;
    match (app.rooms.contains(&room.id), room.private) {
        (true, _) => Ok(room.clone()),
        (false, true) => Err(Refusal::new("channel_not_found")),
        (false, false) if app.may("chat:write.public") => Ok(room.clone()),
        (false, false) => Err(Refusal::new("not_in_channel")),
    }
}

/// The same, unless it is archived.
fn open(state: &State, app: usize, given: &Parameters, archived: &str) -> Result<Room, Refusal> {
    let room = writable(state, app, given)?;
    if room.archived { Err(Refusal::new(archived)) } else { Ok(room) }
}

/// The `ts` of a request, if that message is the app's own.
fn own(state: &State, app: usize, room: &Room, given: &Parameters, refusal: &str) -> Result<String, Refusal> {
    let ts = given.text("ts").unwrap_or_default();
    let message = state.message(&room.id, &ts).ok_or_else(|| Refusal::new("message_not_found"))?;
    if message.author == Author::App(app) { Ok(ts) } else { Err(Refusal::new(refusal)) }
}

/// Text and blocks. Text that only the blocks have is taken from them, for notifications.
pub(super) fn content(state: &State, given: &Parameters) -> Result<(String, Option<Value>), Refusal> {
    let text = given.text("text").unwrap_or_default();
    if text.chars().count() > LONGEST {
        return Err(Refusal::new("msg_too_long"));
    }
    let names = given.flag("link_names") || given.text("parse").as_deref() == Some("full");
    let mut text = mrkdwn::sent(&text, state, names);
    let blocks = list(given, "blocks", "invalid_blocks_format")?
        .filter(|b| b.as_array().is_some_and(|b| !b.is_empty()));
    let Some(mut blocks) = blocks else {
        return Ok((text, None));
    };
    let all = blocks.as_array_mut().map(Vec::as_mut_slice).unwrap_or_default();
    if all.len() > MOST_BLOCKS || all.iter().any(|b| !sound(b)) {
        return Err(Refusal::new("invalid_blocks"));
    }
    for (at, block) in all.iter_mut().enumerate() {
        if block.get("block_id").is_none() {
            block["block_id"] = json!(format!("b{at}"));
        }
    }
    if text.is_empty() {
        let mut said = Vec::new();
        all.iter().for_each(|block| texts(block, &mut said));
        // Slack writes it as what it is: words, that call nobody.
        text = mrkdwn::escaped(&said.join(" "));
    }
    Ok((text, Some(blocks)))
}

/// What an app notes down beside its message (<https://docs.slack.dev/messaging/message-metadata/>).
fn metadata(given: &Parameters) -> Result<Option<Value>, Refusal> {
    let metadata = given.json("metadata").map_err(|_| Refusal::new("invalid_metadata_format"))?;
    let named = |kind: &str| !kind.is_empty() && kind.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    match metadata {
        Some(noted)
            if !(noted["event_type"].as_str().is_some_and(named) && noted["event_payload"].is_object()) =>
        {
            Err(Refusal::new("invalid_metadata_schema"))
        }
        sound => Ok(sound),
    }
}

fn list(given: &Parameters, name: &str, refusal: &str) -> Result<Option<Value>, Refusal> {
    match given.json(name) {
        Ok(Some(value)) if value.is_array() => Ok(Some(value)),
        Ok(None) => Ok(None),
        _ => Err(Refusal::new(refusal)),
    }
}

fn sound(block: &Value) -> bool {
    let text = block["text"]["text"].as_str();
    match block["type"].as_str() {
        Some("section") => {
            text.is_none_or(|t| !t.is_empty() && t.chars().count() <= LONGEST_SECTION)
                && (text.is_some() || block["fields"].is_array())
        }
        Some("header") => text.is_some_and(|t| !t.is_empty() && t.chars().count() <= 150),
        Some("actions") => buttons::sound(block),
        Some("context" | "rich_text") => block["elements"].is_array(),
        Some("image") => block["alt_text"].is_string(),
        Some(_) => true,
        None => false,
    }
}

/// Every text within a block.
fn texts(value: &Value, out: &mut Vec<String>) {
    match value {
        Value::Array(values) => values.iter().for_each(|v| texts(v, out)),
        Value::Object(fields) => {
            for (name, value) in fields {
                match value {
                    Value::String(text) if name == "text" => out.push(text.clone()),
                    other => texts(other, out),
                }
            }
        }
        _ => {}
    }
}

//! The Web API with a person's session token: how Slack's own client posts, edits and deletes.
//!
//! An app's user token (`xoxp-…`) is something else: Slack marks what is posted with it with the app's `bot_id`. It does not
//! exist here. The real session token comes with a cookie, which nobody asks for here.

use super::chat::{content, is_ts};
use super::people::client_id;
use super::server::{Answer, Refusal};
use super::state::{Author, Custom, Person, Room, State, Stored};
use super::wire;
use crate::parameters::Parameters;
use crate::people::Change;
use serde_json::json;

/// Answers a method for the person at this place. People are in every channel.
pub fn call(
    state: &mut State,
    person: usize,
    method: &str,
    given: &Parameters,
    changes: &mut Vec<Change>,
) -> Answer {
    let person = state.people.get(person).cloned().ok_or_else(|| Refusal::new("invalid_auth"))?;
    match method {
        "auth.test" => Ok(json!({
            "url": format!("{}/", state.url), "team": state.team_name, "user": person.handle, "team_id": state.team,
            "user_id": person.id, "is_enterprise_install": false,
        })),
        "chat.postMessage" => post(state, &person, given, changes),
        "chat.update" => {
            let room = room(state, given)?;
            let ts = own(state, &person, &room, given, "cant_update_message")?;
            let (text, blocks) = content(state, given)?;
            if text.trim().is_empty() {
                return Err(Refusal::new("no_text"));
            }
            let done = state.edit(&room, &ts, |message, now| {
                message.text = text;
                message.custom.blocks = blocks;
                message.edited = Some((person.id, now));
            });
            let (message, change) = done.ok_or_else(|| Refusal::new("message_not_found"))?;
            changes.push(change);
            let told = wire::message(state, &room, &message);
            Ok(json!({ "channel": room.id, "ts": ts, "text": message.text, "message": told }))
        }
        "chat.delete" => {
            let room = room(state, given)?;
            let ts = own(state, &person, &room, given, "cant_delete_message")?;
            changes.extend(state.delete(&room, &ts));
            Ok(json!({ "channel": room.id, "ts": ts }))
        }
        _ => Err(Refusal::new("not_allowed_token_type")),
    }
}

fn post(state: &mut State, person: &Person, given: &Parameters, changes: &mut Vec<Change>) -> Answer {
    let room = room(state, given)?;
    let (text, blocks) = content(state, given)?;
    if text.trim().is_empty() {
        return Err(Refusal::new("no_text"));
    }
    let thread = given.text("thread_ts").filter(|ts| !ts.is_empty());
    if thread.as_deref().is_some_and(|ts| !is_ts(ts)) {
        return Err(Refusal::new("invalid_thread_ts"));
    }
    let message = Stored {
        custom: Custom { blocks, ..Custom::default() },
        broadcast: thread.is_some() && given.flag("reply_broadcast"),
        thread,
        client_id: Some(client_id()),
        ..Stored::new(Author::Person(person.id.clone()), text)
    };
    let (message, change) = state.post(&room, message);
    changes.push(change);
    Ok(json!({ "channel": room.id, "ts": message.ts, "message": wire::message(state, &room, &message) }))
}

fn room(state: &State, given: &Parameters) -> Result<Room, Refusal> {
    let wanted = given.text("channel").unwrap_or_default();
    state.find_room(&wanted).cloned().ok_or_else(|| Refusal::new("channel_not_found"))
}

/// The `ts` of a request, if that message is the person's own.
fn own(
    state: &State,
    person: &Person,
    room: &Room,
    given: &Parameters,
    refusal: &str,
) -> Result<String, Refusal> {
    let ts = given.text("ts").unwrap_or_default();
    let message = state.message(&room.id, &ts).ok_or_else(|| Refusal::new("message_not_found"))?;
    if message.author == Author::Person(person.id.clone()) { Ok(ts) } else { Err(Refusal::new(refusal)) }
}

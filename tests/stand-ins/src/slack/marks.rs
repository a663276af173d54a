//! What is put on messages: reactions and pins, and the workspace's own emoji.
//!
//! Source: <https://docs.slack.dev/reference/methods/reactions.add/>, `reactions.remove`, `pins.add`, `pins.remove`,
//! `emoji.list`, and <https://docs.slack.dev/reference/events/reaction_added/>, `pin_added`. How many reactions a message takes:
//! <https://slack.com/help/articles/202931348-Use-emoji-and-reactions>.

use super::emoji;
use super::server::{Answer, Refusal, require};
use super::state::{Author, Room, State};
use super::wire;
use crate::parameters::Parameters;
use crate::people::Change;
use serde_json::json;

/// How many different emoji a message takes, and how many of one person.
const MOST_EMOJI: usize = 50;
const MOST_OF_ONE: usize = 23;

/// Why a mark was not put.
pub type Refused = &'static str;

/// `reactions.add` and `reactions.remove`.
pub fn react(
    state: &mut State,
    app: usize,
    given: &Parameters,
    on: bool,
    changes: &mut Vec<Change>,
) -> Answer {
    require(state, app, "reactions:write")?;
    let (room, ts, user) = marked(state, app, given)?;
    let name = given.text("name").unwrap_or_default();
    let name = name.trim_matches(':');
    changes.push(put(state, &room, &ts, &user, name, on).map_err(Refusal::new)?);
    Ok(json!({}))
}

/// `pins.add` and `pins.remove`.
pub fn pin(state: &mut State, app: usize, given: &Parameters, on: bool, changes: &mut Vec<Change>) -> Answer {
    require(state, app, "pins:write")?;
    let (room, ts, user) = marked(state, app, given)?;
    changes.push(keep(state, &room, &ts, &user, on).map_err(Refusal::new)?);
    Ok(json!({}))
}

/// `emoji.list`.
pub fn own_emoji(state: &State, app: usize) -> Answer {
    require(state, app, "emoji:read")?;
    let own: serde_json::Map<_, _> =
        emoji::OWN.map(|(name, behind)| (name.to_owned(), json!(behind))).into_iter().collect();
    Ok(json!({ "emoji": own, "cache_ts": state.last_ts() }))
}

/// The channel, the message and the app's user.
fn marked(state: &State, app: usize, given: &Parameters) -> Result<(Room, String, String), Refusal> {
    let wanted = given.text("channel").unwrap_or_default();
    let room = state.find_room(&wanted).ok_or_else(|| Refusal::new("channel_not_found"))?;
    let app = state.apps.get(app).ok_or_else(|| Refusal::new("invalid_auth"))?;
    if !app.rooms.contains(&room.id) {
        return Err(Refusal::new(if room.private { "channel_not_found" } else { "not_in_channel" }));
    }
    if room.archived {
        return Err(Refusal::new("is_archived"));
    }
    Ok((room.clone(), given.text("timestamp").unwrap_or_default(), app.user.id.clone()))
}

/// Somebody's reaction.
pub fn put(
    state: &mut State,
    room: &Room,
    ts: &str,
    user: &str,
    name: &str,
    on: bool,
) -> Result<Change, Refused> {
    if !emoji::is_known(name) {
        return Err("invalid_name");
    }
    let message = state.message(&room.id, ts).ok_or("message_not_found")?;
    let mut reactions = message.reactions.clone();
    let theirs = |users: &Vec<String>| users.iter().any(|one| one == user);
    let has = reactions.iter().any(|(one, users)| one == name && theirs(users));
    match (on, has) {
        (true, true) => return Err("already_reacted"),
        (false, false) => return Err("no_reaction"),
        (true, false) => {
            if reactions.iter().filter(|(_, users)| theirs(users)).count() >= MOST_OF_ONE {
                return Err("too_many_reactions");
            }
            let full = reactions.len() >= MOST_EMOJI;
            match reactions.iter_mut().find(|(one, _)| one == name) {
                Some((_, users)) => users.push(user.to_owned()),
                None if full => return Err("too_many_emoji"),
                None => reactions.push((name.to_owned(), vec![user.to_owned()])),
            }
        }
        (false, true) => {
            for (_, users) in reactions.iter_mut().filter(|(one, _)| one == name) {
                users.retain(|one| one != user);
            }
            reactions.retain(|(_, users)| !users.is_empty());
        }
    }
    // Under a name of its own an app's message is nobody's.
    let author = match &message.author {
        Author::App(_) if message.custom.username.is_some() => None,
        author => state.user_id(author),
    };
    let mut event = json!({
        "type": if on { "reaction_added" } else { "reaction_removed" }, "user": user, "reaction": name,
        "item": { "type": "message", "channel": room.id, "ts": ts }, "event_ts": state.next_ts(),
    });
    if let Some(author) = author {
        event["item_user"] = json!(author);
    }
    if let Some(message) = state.said.get_mut(&room.id, ts) {
        message.reactions = reactions;
    }
    state.tell_room(room, "reactions:read", &event);
    let message = state.message(&room.id, ts).ok_or("message_not_found")?;
    Ok(state.change("reacted", room, message))
}

/// Somebody pins a message, or unpins it.
pub fn keep(state: &mut State, room: &Room, ts: &str, user: &str, on: bool) -> Result<Change, Refused> {
    let message = state.message(&room.id, ts).ok_or("message_not_found")?;
    if message.pinned == on {
        return Err(if on { "already_pinned" } else { "no_pin" });
    }
    let item = json!({
        "type": "message", "channel": room.id, "created": state.since, "created_by": user,
        "message": wire::message(state, room, message),
    });
    let author = state.user_id(&message.author);
    if let Some(message) = state.said.get_mut(&room.id, ts) {
        message.pinned = on;
    }
    let pins = state.said.room(&room.id).filter(|message| message.pinned).count();
    let mut event = json!({
        "type": if on { "pin_added" } else { "pin_removed" }, "user": user, "channel_id": room.id, "item": item,
        "item_user": author, "pin_count": pins, "event_ts": state.next_ts(),
    });
    if !on {
        event["has_pins"] = json!(pins > 0);
    }
    state.tell_room(room, "pins:read", &event);
    let message = state.message(&room.id, ts).ok_or("message_not_found")?;
    Ok(state.change("pinned", room, message))
}

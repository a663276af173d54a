//! What becomes of channels, and the events that tell of it.
//!
//! Source: <https://docs.slack.dev/reference/events>. Slack also writes a line into the channel for each of these; apps are told
//! of it here, but it is in no history.

use super::state::{Room, State};
use crate::people::Refused;
use serde_json::{Value, json};

/// The longest name.
const LONGEST_NAME: usize = 80;

/// Removes an app.
pub fn kick(state: &mut State, room: &Room, bot: &str) -> Result<String, Refused> {
    let app = app(state, bot)?;
    let event = membership(state, room, app, "member_left_channel");
    if state.apps.get_mut(app).is_some_and(|a| a.rooms.remove(&room.id)) {
        let left = json!({
            "type": if room.private { "group_left" } else { "channel_left" }, "channel": room.id,
            "actor_id": somebody(state), "event_ts": event["event_ts"],
        });
        state.tell_app(app, left, None);
        state.tell_app(app, event.clone(), None);
        tell_members(state, room, app, &event);
    }
    Ok(room.id.clone())
}

/// Lets an app in. An archived channel takes nobody in, so that it is opened again first.
pub fn invite(state: &mut State, room: &Room, bot: &str) -> Result<String, Refused> {
    let app = app(state, bot)?;
    if room.archived {
        change(state, room, |room| room.archived = false);
        let event = json!({ "channel": room.id, "user": somebody(state) });
        tell_all(state, room, "unarchive", event);
    }
    let event = membership(state, room, app, "member_joined_channel");
    if state.apps.get_mut(app).is_some_and(|a| a.rooms.insert(room.id.clone())) {
        state.tell_app(app, event.clone(), None);
        tell_members(state, room, app, &event);
    }
    Ok(room.id.clone())
}

/// Gives it another name.
pub fn rename(state: &mut State, room: &Room, name: &str) -> Result<String, Refused> {
    let allowed = |c: char| c == '-' || c == '_' || (c.is_alphanumeric() && !c.is_uppercase());
    if name.is_empty() || name.chars().count() > LONGEST_NAME || !name.chars().all(allowed) {
        return Err(Refused::Impossible(format!("`{name}` is no name for a channel")));
    }
    if state.rooms.iter().any(|other| other.name == name && other.id != room.id) {
        return Err(Refused::Impossible(format!("the name `{name}` is taken")));
    }
    let said = json!({
        "subtype": if room.private { "group_name" } else { "channel_name" }, "old_name": room.name, "name": name,
        "text": format!("has renamed the channel from \"{}\" to \"{name}\"", room.name),
    });
    change(state, room, |room| name.clone_into(&mut room.name));
    say(state, room, said);
    let channel = json!({
        "id": room.id, "name": name, "name_normalized": name, "created": state.since, "is_channel": true, "is_mpim": false,
    });
    tell_all(state, room, "rename", json!({ "channel": channel }));
    Ok(room.id.clone())
}

/// Makes it private or public; its id stays. Of this only the line in the channel tells.
pub fn set_private(state: &mut State, room: &Room, private: bool) -> String {
    if room.private != private {
        let room = change(state, room, |room| room.private = private);
        let (subtype, text) = if private {
            (
                "channel_convert_to_private",
                "made this channel *private*. Now, it can only be viewed or joined by invitation.",
            )
        } else {
            (
                "channel_convert_to_public",
                "made this channel *public*. Any member in this workspace can see and join it.",
            )
        };
        say(state, &room, json!({ "subtype": subtype, "text": text }));
    }
    room.id.clone()
}

/// Archives it.
pub fn archive(state: &mut State, room: &Room) -> Result<String, Refused> {
    if room.archived {
        return Err(Refused::Impossible(format!("#{} is archived already", room.name)));
    }
    let subtype = if room.private { "group_archive" } else { "channel_archive" };
    say(state, room, json!({ "subtype": subtype, "text": "archived the channel" }));
    change(state, room, |room| room.archived = true);
    let event = json!({ "channel": room.id, "user": somebody(state), "is_moved": 0 });
    tell_all(state, room, "archive", event);
    Ok(room.id.clone())
}

/// Changes it, and answers it as it is now.
fn change(state: &mut State, room: &Room, change: impl FnOnce(&mut Room)) -> Room {
    let mut changed = room.clone();
    change(&mut changed);
    if let Some(known) = state.rooms.iter_mut().find(|known| known.id == room.id) {
        known.clone_from(&changed);
    }
    changed
}

/// Whoever keeps the workspace.
fn somebody(state: &State) -> Option<String> {
    state.people.first().map(|person| person.id.clone())
}

/// A line of Slack's own in the channel.
fn say(state: &mut State, room: &Room, mut line: Value) {
    let ts = state.next_ts();
    line["type"] = json!("message");
    line["user"] = json!(somebody(state));
    state.tell(room, line, Some(&ts), &ts);
}

/// `channel_…` goes to every app that may know of the channel, `group_…` to those in it.
fn tell_all(state: &mut State, room: &Room, what: &str, mut event: Value) {
    event["type"] = json!(format!("{}_{what}", if room.private { "group" } else { "channel" }));
    event["event_ts"] = json!(state.next_ts());
    let scope = if room.private { "groups:read" } else { "channels:read" };
    for at in 0..state.apps.len() {
        let hears =
            |app: &super::state::App| app.may(scope) && (!room.private || app.rooms.contains(&room.id));
        if state.apps.get(at).is_some_and(hears) {
            state.tell_app(at, event.clone(), None);
        }
    }
}

/// An app by name, or by any of its ids.
fn app(state: &State, wanted: &str) -> Result<usize, Refused> {
    let found = state.apps.iter().position(|a| {
        [&a.id, &a.bot_id, &a.user.id, &a.user.name, &a.user.handle].iter().any(|known| *known == wanted)
    });
    found.ok_or_else(|| Refused::Unknown("bot", wanted.to_owned()))
}

fn membership(state: &mut State, room: &Room, app: usize, kind: &str) -> Value {
    let ts = state.next_ts();
    let mut event = json!({
        "type": kind, "user": state.apps.get(app).map(|a| a.user.id.clone()), "channel": room.id,
        "channel_type": if room.private { "G" } else { "C" }, "team": state.team, "event_ts": ts,
    });
    if kind == "member_joined_channel" {
        event["inviter"] = json!(somebody(state));
    }
    event
}

/// The other apps in the channel hear of it too.
fn tell_members(state: &mut State, room: &Room, except: usize, event: &Value) {
    for at in (0..state.apps.len()).filter(|at| *at != except) {
        if state.apps.get(at).is_some_and(|a| a.rooms.contains(&room.id)) {
            state.tell_app(at, event.clone(), None);
        }
    }
}

//! Who comes, who goes, and who is called something else.
//!
//! Source: <https://docs.slack.dev/reference/events/member_joined_channel/>, `member_left_channel`, `user_change`.

use super::state::{Room, State};
use super::wire;
use crate::people::Refused;
use serde_json::json;

/// A person joins a channel, or leaves it.
pub fn moves(state: &mut State, room: &Room, person: &str, joins: bool) -> Result<String, Refused> {
    let person = state.person(person)?.clone();
    let known = state.rooms.iter_mut().find(|known| known.id == room.id);
    let known = known.ok_or_else(|| Refused::Unknown("room", room.id.clone()))?;
    let moved = if joins { known.absent.remove(&person.id) } else { known.absent.insert(person.id.clone()) };
    if !moved {
        let where_ = if joins { "already in" } else { "not in" };
        return Err(Refused::Impossible(format!("{} is {where_} #{}", person.name, room.name)));
    }
    let event = json!({
        "type": if joins { "member_joined_channel" } else { "member_left_channel" }, "user": person.id,
        "channel": room.id, "channel_type": if room.private { "G" } else { "C" }, "team": state.team,
        "event_ts": state.next_ts(),
    });
    state.tell_room(room, if room.private { "groups:read" } else { "channels:read" }, &event);
    Ok(room.id.clone())
}

/// A person goes by another name, in the whole workspace.
pub fn rename(state: &mut State, room: &Room, person: &str, name: &str) -> Result<String, Refused> {
    let id = state.person(person)?.id.clone();
    let Some(known) = state.people.iter_mut().find(|known| known.id == id) else {
        return Err(Refused::Unknown("person", person.to_owned()));
    };
    name.clone_into(&mut known.name);
    let known = known.clone();
    let user = wire::user(state, &known, None);
    let ts = state.next_ts();
    let event = json!({ "type": "user_change", "user": user, "cache_ts": state.since, "event_ts": ts });
    for app in 0..state.apps.len() {
        if state.apps.get(app).is_some_and(|app| app.may("users:read")) {
            state.tell_app(app, event.clone(), None);
        }
    }
    Ok(room.id.clone())
}

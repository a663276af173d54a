//! What can be looked up: `auth.test`, `conversations.*`, `users.*`, `bots.info`, `team.info`.
//!
//! Source: <https://docs.slack.dev/reference/methods>.

use super::server::{Answer, Refusal, require};
use super::state::{App, Room, State};
use super::{look_back, wire};
use crate::parameters::Parameters;
use serde_json::{Value, json};

/// Answers a method for the app at this place.
pub fn call(state: &mut State, app: usize, method: &str, given: &Parameters) -> Answer {
    match method {
        "api.test" => Ok(json!({ "args": {} })),
        "auth.test" => {
            let app = me(state, app)?;
            Ok(json!({
                "url": format!("{}/", state.url), "team": state.team_name, "user": app.user.handle, "team_id": state.team,
                "user_id": app.user.id, "bot_id": app.bot_id, "app_id": app.id, "is_enterprise_install": false,
            }))
        }
        "team.info" => {
            require(state, app, "team:read")?;
            let domain = state.team_name.to_lowercase().replace(|c: char| !c.is_alphanumeric(), "-");
            let icon = json!({ "image_default": true });
            Ok(json!({ "team": {
                "id": state.team, "name": state.team_name, "domain": domain, "email_domain": "", "icon": icon,
            } }))
        }
        "conversations.info" => {
            let room = visible(state, app, given, "read")?;
            let mut channel = wire::room(state, &room, me(state, app)?);
            if given.flag("include_num_members") {
                channel["num_members"] = json!(wire::members(state, &room).len());
            }
            Ok(json!({ "channel": channel }))
        }
        "conversations.list" => list(state, app, given, false),
        "users.conversations" => match given.text("user").filter(|user| !user.is_empty()) {
            Some(user) => of_a_user(state, app, given, &user),
            None => list(state, app, given, true),
        },
        "conversations.members" => {
            let room = visible(state, app, given, "read")?;
            page(wire::members(state, &room).into_iter().map(Value::String).collect(), given, "members")
        }
        "conversations.join" => join(state, app, given),
        "conversations.history" => look_back::history(state, app, given),
        "conversations.replies" => look_back::replies(state, app, given),
        "users.info" => {
            require(state, app, "users:read")?;
            let id = given.text("user").unwrap_or_default();
            let found = users(state).into_iter().find(|u| u["id"] == id);
            let mut found = found.ok_or_else(|| Refusal::new("user_not_found"))?;
            if given.flag("include_locale") {
                let person = state.people.iter().find(|person| person.id == id);
                let locale = person.map(|person| person.locale.as_str()).filter(|locale| !locale.is_empty());
                found["locale"] = json!(locale.unwrap_or("en-US"));
            }
            Ok(json!({ "user": found }))
        }
        "users.list" => {
            require(state, app, "users:read")?;
            page(users(state), given, "members")
        }
        "bots.info" => {
            require(state, app, "users:read")?;
            let id = given.text("bot").unwrap_or_default();
            let bot =
                state.apps.iter().find(|a| a.bot_id == id).ok_or_else(|| Refusal::new("bot_not_found"))?;
            Ok(json!({ "bot": wire::bot(state, bot) }))
        }
        _ => Err(Refusal::new("unknown_method")),
    }
}

pub(super) fn me(state: &State, app: usize) -> Result<&App, Refusal> {
    state.apps.get(app).ok_or_else(|| Refusal::new("invalid_auth"))
}

fn users(state: &State) -> Vec<Value> {
    let people = state.people.iter().map(|p| wire::user(state, p, None));
    people.chain(state.apps.iter().map(|a| wire::user(state, &a.user, Some(a)))).collect()
}

/// The channel of a request, if the app may `read` it or its `history`.
pub(super) fn visible(state: &State, app: usize, given: &Parameters, what: &str) -> Result<Room, Refusal> {
    let wanted = given.text("channel").unwrap_or_default();
    let room =
        state.rooms.iter().find(|r| r.id == wanted).ok_or_else(|| Refusal::new("channel_not_found"))?;
    if room.private && !me(state, app)?.rooms.contains(&room.id) {
        return Err(Refusal::new("channel_not_found"));
    }
    require(state, app, &format!("{}:{what}", if room.private { "groups" } else { "channels" }))?;
    Ok(room.clone())
}

/// Cuts a list at `limit`; the cursor is the place in the list.
fn page(all: Vec<Value>, given: &Parameters, name: &str) -> Answer {
    let limit = usize::try_from(given.number("limit").unwrap_or(100).clamp(1, 1_000)).unwrap_or(100);
    let from = given
        .text("cursor")
        .filter(|c| !c.is_empty())
        .map_or(Some(0), |c| c.strip_prefix("at:")?.parse().ok());
    let from: usize = from.ok_or_else(|| Refusal::new("invalid_cursor"))?;
    let next =
        if all.len() > from.saturating_add(limit) { format!("at:{}", from + limit) } else { String::new() };
    let part: Vec<Value> = all.into_iter().skip(from).take(limit).collect();
    Ok(json!({ name: part, "response_metadata": { "next_cursor": next } }))
}

/// Channels that the app can see, or only those that it is in.
fn list(state: &State, app: usize, given: &Parameters, own: bool) -> Answer {
    let types = given.text("types").unwrap_or_else(|| "public_channel".to_owned());
    let wanted = |kind: &str| types.split(',').any(|t| t.trim() == kind);
    if wanted("public_channel") {
        require(state, app, "channels:read")?;
    }
    if wanted("private_channel") {
        require(state, app, "groups:read")?;
    }
    let app = me(state, app)?;
    let shown = |r: &&Room| match r.private {
        _ if own && !app.rooms.contains(&r.id) => false,
        _ if r.archived && given.flag("exclude_archived") => false,
        true => wanted("private_channel") && app.rooms.contains(&r.id),
        false => wanted("public_channel"),
    };
    let told = |room: &Room| {
        let mut channel = wire::room(state, room, app);
        if !own {
            channel["num_members"] = json!(wire::members(state, room).len());
        } else if let Some(channel) = channel.as_object_mut() {
            // Of one's own channels that goes without saying.
            channel.remove("is_member");
        }
        channel
    };
    page(state.rooms.iter().filter(shown).map(told).collect(), given, "channels")
}

/// The channels that a user is in, as far as the app sees them: all public ones, and the private ones that it is in itself.
fn of_a_user(state: &State, app: usize, given: &Parameters, user: &str) -> Answer {
    require(state, app, "channels:read")?;
    let app = me(state, app)?;
    let rooms = state.rooms.iter().filter(|room| !room.private || app.rooms.contains(&room.id));
    let theirs = rooms.filter(|room| wire::members(state, room).iter().any(|member| member == user));
    page(theirs.map(|room| wire::room(state, room, app)).collect(), given, "channels")
}

fn join(state: &mut State, app: usize, given: &Parameters) -> Answer {
    require(state, app, "channels:join")?;
    let room = visible(state, app, given, "read")?;
    if room.private {
        return Err(Refusal::new("method_not_supported_for_channel_type"));
    }
    if room.archived {
        return Err(Refusal::new("is_archived"));
    }
    if let Some(app) = state.apps.get_mut(app) {
        app.rooms.insert(room.id.clone());
    }
    Ok(json!({ "channel": wire::room(state, &room, me(state, app)?) }))
}

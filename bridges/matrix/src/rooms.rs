//! Rooms as the homeserver describes them: all that the account is in, in one sync without history, or each by its state.

use crate::api::{Api, CallError};
use crate::facts::{Facts, KINDS};
use crate::{commands, errors, ids};
use futures::{StreamExt, TryStreamExt};
use relay_contract::{Problem, RoomReport, SpaceRef, Visibility};
use ruma::api::client::alias::get_alias;
use ruma::api::client::filter::FilterDefinition;
use ruma::api::client::membership::{join_room_by_id_or_alias, joined_rooms};
use ruma::api::client::state::get_state_events;
use ruma::api::client::sync::sync_events::v3::{Filter, Request};
use ruma::events::StateEventType;
use ruma::{OwnedServerName, RoomAliasId, RoomId, RoomOrAliasId, TransactionId};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

/// How long joining may take: the room may be on a server that is far away.
pub const JOIN: Duration = Duration::from_secs(30);

/// Rooms that the account is in, by id.
pub type Rooms = BTreeMap<String, Facts>;

/// So many rooms are asked about at once.
const AT_ONCE: usize = 4;
/// Longest wait for one of them.
const EACH: Duration = Duration::from_secs(6);
/// So many of its people name a room that has no name.
const HEROES: usize = 5;

/// These, or all.
pub async fn rooms(api: &Api, only: Option<&[String]>, most: Duration) -> Result<Rooms, CallError> {
    // A sync is a device's, and a service has none: Synapse answers it with 500.
    if api.service.is_some() { one_by_one(api, only, most).await } else { synced(api, only, most).await }
}

/// By the whole state of each (<https://spec.matrix.org/v1.11/client-server-api/#get_matrixclientv3roomsroomidstate>).
async fn one_by_one(api: &Api, only: Option<&[String]>, most: Duration) -> Result<Rooms, CallError> {
    let answer = api.call(joined_rooms::v3::Request::new(), most).await?;
    let joined = answer.get("joined_rooms").and_then(Value::as_array).into_iter().flatten();
    let wanted: Vec<_> = joined
        .filter_map(|id| RoomId::parse(id.as_str()?).ok())
        .filter(|id| only.is_none_or(|only| only.iter().any(|wanted| wanted == id.as_str())))
        .collect();
    futures::stream::iter(wanted)
        .map(async |id| {
            let asked = api.call(get_state_events::v3::Request::new(id.clone()), most.min(EACH));
            match asked.await {
                Ok(state) => Ok(Some((id.to_string(), of_state(&state)))),
                // One of all that cannot be told of, perhaps somebody else's idea, does not hide the others.
                Err(error) if only.is_none() => {
                    tracing::warn!(room = %id, "a room cannot be looked at: {}", errors::words(&error));
                    Ok(None)
                }
                Err(error) => Err(error),
            }
        })
        .buffer_unordered(AT_ONCE)
        .try_filter_map(async |found| Ok(found))
        .try_collect()
        .await
}

fn of_state(state: &Value) -> Facts {
    let events = || state.as_array().into_iter().flatten();
    let inside = || {
        events().filter(|event| {
            event.get("type").is_some_and(|kind| kind == "m.room.member")
                && event.pointer("/content/membership").is_some_and(|membership| membership == "join")
        })
    };
    let name = |member: &Value| Some(crate::known::local_part(member.get("state_key")?.as_str()?).to_owned());
    let mut facts =
        Facts::of(Some(inside().count() as u64), inside().filter_map(name).take(HEROES).collect());
    events().for_each(|event| facts.learn(event));
    facts
}

/// By one sync.
async fn synced(api: &Api, only: Option<&[String]>, most: Duration) -> Result<Rooms, CallError> {
    let nothing = json!({ "types": [] });
    let mut room = json!({
        "timeline": { "limit": 1 }, "state": { "types": KINDS, "lazy_load_members": true }, "account_data": nothing, "ephemeral": nothing,
    });
    if let Some(only) = only {
        room["rooms"] = json!(only);
    }
    // Synapse answers the same question with the same words for two minutes, whatever has become of the rooms: so it is never the same.
    let asked = json!({ "types": [], "not_types": [TransactionId::new()] });
    let filter = json!({ "account_data": nothing, "presence": asked, "room": room });
    let mut request = Request::new();
    request.filter = serde_json::from_value::<FilterDefinition>(filter).ok().map(Filter::FilterDefinition);
    request.timeout = Some(Duration::ZERO);
    let answer = api.call(request, most).await?;
    let joined = answer.pointer("/rooms/join").and_then(Value::as_object);
    Ok(joined.into_iter().flatten().map(|(id, told)| (id.clone(), facts(told))).collect())
}

/// Of the state, and of what the newest event changed of it.
fn facts(told: &Value) -> Facts {
    let members = told.pointer("/summary/m.joined_member_count").and_then(Value::as_u64);
    let heroes = told.pointer("/summary/m.heroes").and_then(Value::as_array);
    let name = |user: &Value| Some(crate::known::local_part(user.as_str()?).to_owned());
    let mut facts = Facts::of(members, heroes.into_iter().flatten().filter_map(name).collect());
    for part in ["/state/events", "/timeline/events"] {
        for event in told.pointer(part).and_then(Value::as_array).into_iter().flatten() {
            facts.learn(event);
        }
    }
    facts
}

/// As the engine takes it; without warnings.
pub fn report(id: &str, facts: &Facts) -> RoomReport {
    let name = facts.name().unwrap_or_else(|| id.to_owned());
    RoomReport {
        key: ids::room(id),
        space: SpaceRef { id: id.into(), name: name.clone() },
        name,
        visibility: visibility(facts),
        members: facts.members,
        warnings: Vec::new(),
    }
}

/// Never narrower than it is: a rule that this connector does not know lets anybody in
/// (<https://spec.matrix.org/v1.11/client-server-api/#mroomjoin_rules>).
fn visibility(facts: &Facts) -> Visibility {
    match facts.join_rule() {
        _ if facts.world_readable() => Visibility::World,
        "invite" | "private" | "knock" => Visibility::Private,
        "restricted" | "knock_restricted" => Visibility::Space,
        _ => Visibility::World,
    }
}

/// Why a room cannot be linked as it is.
pub fn problem(name: &str, facts: &Facts) -> Option<Problem> {
    facts.encrypted().then(|| {
        Problem::new(
            format!("The Matrix room {name} is end-to-end encrypted: Relay can neither read nor write there."),
            "Link a room without encryption. In a room it cannot be switched off again: create another one, with \
             “Enable end-to-end encryption” off.",
        )
    })
}

/// The room that goes on in the place of one, by the event that says so
/// (<https://spec.matrix.org/v1.11/client-server-api/#room-upgrades>).
pub fn replacement(event: &Value) -> Option<&str> {
    let ends = event.get("type")? == "m.room.tombstone" && event.get("state_key")? == "";
    event.pointer("/content/replacement_room")?.as_str().filter(|to| ends && ids::is_room(to))
}

/// The room that Relay is invited to, by the event that says so.
pub fn invited<'a>(event: &'a Value, own: &str) -> Option<&'a str> {
    let at = |path: &str| event.pointer(path).and_then(Value::as_str);
    let invited = at("/type") == Some("m.room.member")
        && at("/state_key") == Some(own)
        && at("/content/membership") == Some("invite");
    at("/room_id").filter(|_| invited)
}

/// The room in whose place one goes on; none where that room does not name this one, for anybody can claim it.
pub async fn predecessor(api: &Api, room: &str) -> Result<Option<String>, CallError> {
    let Ok(id) = RoomId::parse(room) else { return Ok(None) };
    let create = commands::state(api, &id, StateEventType::RoomCreate).await?;
    let before = create.as_ref().and_then(|create| create.pointer("/content/predecessor/room_id")?.as_str());
    let Some(before) = before.and_then(|before| RoomId::parse(before).ok()) else { return Ok(None) };
    let tombstone = match commands::state(api, &before, StateEventType::RoomTombstone).await {
        Ok(tombstone) => tombstone,
        // Relay was never there, and cannot look.
        Err(CallError::Answered(answer)) if matches!(answer.status, 403 | 404) => None,
        Err(error) => return Err(error),
    };
    let goes_on = tombstone.as_ref().and_then(replacement).is_some_and(|to| to == room);
    Ok(goes_on.then(|| before.to_string()))
}

/// The server of a user.
pub fn server_of(user: &str) -> Option<OwnedServerName> {
    OwnedServerName::try_from(user.split_once(':')?.1).ok()
}

/// Joins a room; being in it already is fine (<https://spec.matrix.org/v1.11/client-server-api/#post_matrixclientv3joinroomidoralias>).
pub async fn join(
    api: &Api,
    room: &str,
    via: Option<OwnedServerName>,
    most: Duration,
) -> Result<(), CallError> {
    let Ok(id) = RoomOrAliasId::parse(room) else {
        return Err(CallError::Unreachable(format!("`{room}` is no room")));
    };
    let mut request = join_room_by_id_or_alias::v3::Request::new(id);
    request.via = via.into_iter().collect();
    api.call(request, most).await.map(|_| ())
}

/// The room that an alias names; none where there is no such alias.
pub async fn resolved(api: &Api, alias: &str, most: Duration) -> Result<Option<String>, CallError> {
    let Ok(alias) = RoomAliasId::parse(alias) else { return Ok(None) };
    match api.call(get_alias::v3::Request::new(alias), most).await {
        Ok(answer) => Ok(answer.get("room_id").and_then(Value::as_str).map(str::to_owned)),
        Err(CallError::Answered(answer)) if answer.status == 404 => Ok(None),
        Err(error) => Err(error),
    }
}

/// Why Relay is not in a room.
pub fn not_in(asked: &str, own: &str, error: &CallError) -> Problem {
    Problem::new(
        format!("Relay is not in the Matrix room `{asked}`, and cannot join it: {}.", errors::words(error)),
        format!("Invite {own} to the room: /invite {own}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_reads_it() {
        let cases = [
            (json!([["m.room.join_rules", { "join_rule": "public" }]]), Visibility::World),
            (json!([["m.room.join_rules", { "join_rule": "invite" }]]), Visibility::Private),
            (json!([["m.room.join_rules", { "join_rule": "knock" }]]), Visibility::Private),
            (json!([["m.room.join_rules", { "join_rule": "restricted" }]]), Visibility::Space),
            (json!([["m.room.join_rules", { "join_rule": "something new" }]]), Visibility::World),
            (
                json!([
                    ["m.room.join_rules", { "join_rule": "invite" }],
                    ["m.room.history_visibility", { "history_visibility": "world_readable" }]
                ]),
                Visibility::World,
            ),
            (json!([]), Visibility::Private),
        ];
        for (state, expected) in cases {
            let events = state.as_array().into_iter().flatten();
            let events: Vec<Value> =
                events.map(|one| json!({ "type": one[0], "state_key": "", "content": one[1] })).collect();
            assert_eq!(visibility(&facts(&json!({ "state": { "events": events } }))), expected, "{state}");
        }
    }

    #[test]
    fn the_newest_event_counts() {
        let name =
            |name: &str| json!({ "type": "m.room.name", "state_key": "", "content": { "name": name } });
        let told = json!({ "state": { "events": [name("old")] }, "timeline": { "events": [name("new")] } });
        assert_eq!(report("!a:b", &facts(&told)).name, "new");
    }
}

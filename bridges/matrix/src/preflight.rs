//! What the account turns out to be: whose it is, and each room that was asked about.

use crate::api::{Api, CallError};
use crate::facts::Facts;
use crate::known::{Known, Own, Rights};
use crate::rooms::{self, Rooms};
use crate::{commands, errors, ghosts, ids};
use relay_contract::{Identity, Listed, Listing, NativeId, OpenError, Preflight, Problem, RoomReport};
use ruma::RoomId;
use ruma::api::client::account::whoami;
use ruma::api::client::authenticated_media::get_media_config;
use ruma::events::StateEventType;
use serde_json::Value;
use std::time::Duration;
use tokio::time::timeout;

/// All of it, one question, and the sync that describes the rooms.
const DEADLINE: Duration = Duration::from_secs(19);
const REQUEST: Duration = Duration::from_secs(6);
const SNAPSHOT: Duration = Duration::from_secs(12);
/// The list of all rooms.
const FIND: Duration = Duration::from_secs(38);

/// Asks who Relay is and about these rooms, within 20 seconds. A room that it is not in is joined where that is allowed.
pub async fn preflight(api: &Api, known: &Known, rooms: &[NativeId]) -> Result<Preflight, OpenError> {
    let asked = async {
        let (identity, own) = account(api).await?;
        known.own_is(own.clone());
        let rooms = if rooms.is_empty() { Vec::new() } else { these(api, known, &own, rooms).await? };
        Ok(Preflight { identity, warnings: Vec::new(), rooms })
    };
    match timeout(DEADLINE, asked).await {
        Ok(answer) => answer,
        Err(_) => {
            Err(OpenError::Unavailable(format!("the homeserver did not answer in {} s", DEADLINE.as_secs())))
        }
    }
}

/// Every room that the account is in.
pub async fn find(api: &Api, known: &Known) -> Result<Listing, OpenError> {
    let all = rooms::rooms(api, None, FIND).await.map_err(|error| errors::opening(&error))?;
    let own = known.own();
    let listed = |(id, facts): (&String, &Facts)| {
        let mut report = rooms::report(id, facts);
        let problem = rooms::problem(&report.name, facts);
        if let Some(own) = &own {
            let rights = Rights::of(facts, &own.user, own.ghosts.is_some());
            report.warnings = warnings(rights, own);
        }
        // Whoever goes on elsewhere is found there.
        facts.replacement().is_none().then_some(Listed { report, problem })
    };
    Ok(Listing { rooms: all.iter().filter_map(listed).collect(), complete: true })
}

/// <https://spec.matrix.org/v1.11/client-server-api/#get_matrixclientv3accountwhoami>
async fn account(api: &Api) -> Result<(Identity, Own), OpenError> {
    if let Some(service) = &api.service {
        // Homeservers make this account by themselves, or when it is asked for; what is wrong with the token, the next answer says.
        match ghosts::register(api, &service.bot).await {
            Ok(is_new) => tracing::debug!(is_new, "Relay's own account"),
            Err(error) => tracing::debug!("Relay's own account cannot be made: {error}"),
        }
    }
    let whoami =
        api.call(whoami::v3::Request::new(), REQUEST).await.map_err(|error| errors::opening(&error))?;
    let Some(user) = whoami.get("user_id").and_then(Value::as_str).map(str::to_owned) else {
        return Err(OpenError::Unavailable("the homeserver does not say whose the access token is".into()));
    };
    // A server that does not tell says so when a file is too large.
    let config = api.call(get_media_config::v1::Request::new(), REQUEST).await.ok();
    let largest = config.and_then(|config| config.get("m.upload.size")?.as_u64());
    let name = crate::known::local_part(&user).to_owned();
    let ghosts = api.service.as_ref().map(|service| format!("@{}", service.prefix));
    Ok((Identity { id: user.as_str().into(), name }, Own { user, ghosts, largest }))
}

type Answers = Vec<(NativeId, Result<RoomReport, Problem>)>;

async fn these(api: &Api, known: &Known, own: &Own, asked: &[NativeId]) -> Result<Answers, OpenError> {
    let mut found: Vec<(NativeId, Result<String, Problem>)> = Vec::new();
    for room in asked {
        found.push((room.clone(), id_of(api, room.as_str()).await?));
    }
    let ids = |found: &[(NativeId, Result<String, Problem>)]| -> Vec<String> {
        found.iter().filter_map(|(_, id)| id.clone().ok()).collect()
    };
    let mut all = snapshot(api, &ids(&found)).await?;
    let mut joined = false;
    for (room, id) in &mut found {
        let Ok(known_as) = id.clone() else { continue };
        let goes_on = all.get(&known_as).map(|facts| facts.replacement().map(str::to_owned));
        let (wanted, via) = match goes_on {
            Some(None) => continue,
            Some(Some(to)) if all.contains_key(&to) => (to, None),
            Some(Some(to)) => (to, rooms::server_of(&own.user)),
            None => (known_as, None),
        };
        if !all.contains_key(&wanted) {
            match rooms::join(api, &wanted, via, REQUEST).await {
                Ok(()) => joined = true,
                Err(error) => {
                    *id = Err(refused(room.as_str(), &own.user, error)?);
                    continue;
                }
            }
        }
        *id = Ok(wanted);
    }
    if joined || ids(&found).iter().any(|id| !all.contains_key(id)) {
        all = snapshot(api, &ids(&found)).await?;
    }
    for (id, facts) in &mut all {
        // A sync leaves out who made a room, and that alone gives rights in rooms of version 12 and later.
        let most = {
            let is_service = own.ghosts.is_some();
            Rights { ghosts: is_service, ghosts_react: is_service, ..Rights::ALL }
        };
        if Rights::of(facts, &own.user, own.ghosts.is_some()) != most
            && let Ok(room) = RoomId::parse(id.as_str())
            && let Ok(Some(create)) = commands::state(api, &room, StateEventType::RoomCreate).await
        {
            facts.learn(&create);
        }
    }
    let answer = |(room, id): (NativeId, Result<String, Problem>)| {
        let told = id.and_then(|id| described(known, own, &id, all.get(&id)));
        (room, told)
    };
    Ok(found.into_iter().map(answer).collect())
}

async fn snapshot(api: &Api, ids: &[String]) -> Result<Rooms, OpenError> {
    if ids.is_empty() {
        return Ok(Rooms::default());
    }
    rooms::rooms(api, Some(ids), SNAPSHOT).await.map_err(|error| errors::opening(&error))
}

/// The id behind what was written.
async fn id_of(api: &Api, room: &str) -> Result<Result<String, Problem>, OpenError> {
    if !ids::is_alias(room) {
        return Ok(Ok(room.to_owned()));
    }
    match rooms::resolved(api, room, REQUEST).await {
        Ok(Some(id)) => Ok(Ok(id)),
        Ok(None) => Ok(Err(Problem::new(
            format!("There is no Matrix room with the address `{room}`."),
            "Check it in Element: the room's settings → General → Room addresses, or write the room's id.",
        ))),
        Err(error @ CallError::Answered(_)) if !matches!(errors::opening(&error), OpenError::Refused(_)) => {
            Ok(Err(Problem::new(
                format!("The address `{room}` cannot be looked up: {}.", errors::words(&error)),
                "Check the address, or write the room's id.",
            )))
        }
        Err(error) => Err(errors::opening(&error)),
    }
}

/// The room's own problem, or one of the whole account.
fn refused(room: &str, own: &str, error: CallError) -> Result<Problem, OpenError> {
    match &error {
        CallError::Answered(answer) if !errors::bad_token(answer) && answer.status != 429 => {
            Ok(rooms::not_in(room, own, &error))
        }
        CallError::Silent(_) => Ok(rooms::not_in(room, own, &error)),
        _ => Err(errors::opening(&error)),
    }
}

fn described(known: &Known, own: &Own, id: &str, facts: Option<&Facts>) -> Result<RoomReport, Problem> {
    let Some(facts) = facts else {
        return Err(Problem::new(
            format!("The homeserver does not tell of the Matrix room `{id}`."),
            format!("Invite {own} to the room: /invite {own}", own = own.user),
        ));
    };
    let mut report = rooms::report(id, facts);
    if let Some(problem) = rooms::problem(&report.name, facts) {
        return Err(problem);
    }
    let rights = Rights::of(facts, &own.user, own.ghosts.is_some());
    known.room_is(id, rights, report.name.clone());
    report.warnings = warnings(rights, own);
    Ok(report)
}

/// What is missing in a room, and what it costs.
fn warnings(rights: Rights, own: &Own) -> Vec<Problem> {
    let missing = [
        (rights.posts, "post messages"),
        (rights.reacts, "react"),
        (rights.redacts, "delete what others wrote"),
        (rights.pins, "pin messages"),
        (rights.ghosts || own.ghosts.is_none(), "have people of elsewhere speak under their own names"),
    ];
    let missing: Vec<&str> = missing.into_iter().filter(|(has, _)| !has).map(|(_, what)| what).collect();
    if missing.is_empty() {
        return Vec::new();
    }
    vec![Problem::new(
        format!("Relay may not {} here.", missing.join(", ")),
        format!("In Element, the room's settings → Roles & permissions: make {} a moderator.", own.user),
    )]
}

//! Accounts of people of elsewhere: one each, with their name and picture, in the rooms where they speak
//! (<https://spec.matrix.org/v1.11/application-service-api/#server-admin-style-permissions>).
//!
//! What a ghost's picture was made of is written into its account data, so that a later process does not upload it again.

use crate::api::{Api, CallError};
use crate::deliver::{REQUEST, Room};
use crate::errors::{self, Doing, delivering};
use crate::upload;
use quick_cache::sync::Cache;
use relay_contract::{DeliverError, Problem, Speaker, Upload};
use ruma::api::client::account::register;
use ruma::api::client::config::{get_global_account_data, set_global_account_data};
use ruma::api::client::membership::invite_user::v3::{InvitationRecipient, InviteUserId};
use ruma::api::client::membership::{invite_user, join_room_by_id};
use ruma::api::client::profile::{ProfileFieldValue, get_profile, set_profile_field};
use ruma::serde::Raw;
use ruma::{OwnedMxcUri, OwnedUserId, UserId};
use serde_json::{Value, json};
use std::time::Duration;
use xxhash_rust::xxh3::xxh3_128;

/// So many ghosts, and memberships of theirs, are remembered.
const GHOSTS: usize = 20_000;
const MEMBERS: usize = 50_000;
/// How long joining may take.
const JOIN: Duration = Duration::from_secs(30);
/// The longest first part of a user id that is written out; a whole id has at most 255 bytes
/// (<https://spec.matrix.org/v1.11/appendices/#user-identifiers>).
const LONGEST: usize = 120;
/// Where a ghost's account data says what its picture was made of.
const LOOKS: &str = "relay.ghost";

/// What is remembered of them while the process runs.
pub struct Ghosts {
    /// Those that look as they should: whoever asks for the same ones at the same time waits for one another.
    ready: Cache<(String, String, Option<String>), OwnedUserId>,
    /// How each looks now: name and picture.
    now: Cache<String, (String, Option<String>)>,
    /// Who is in which room.
    members: Cache<(String, String), ()>,
}

impl Default for Ghosts {
    fn default() -> Self {
        Self { ready: Cache::new(GHOSTS), now: Cache::new(GHOSTS), members: Cache::new(MEMBERS) }
    }
}

impl Ghosts {
    /// Somebody is in a room, or not any more.
    pub fn is_in(&self, room: &str, user: &str, is: bool) {
        let place = (room.to_owned(), user.to_owned());
        match is {
            true => self.members.insert(place, ()),
            false => drop(self.members.remove(&place)),
        }
    }
}

/// The user id of whoever speaks.
pub fn id_of(room: &Room<'_>, by: &Speaker) -> Result<OwnedUserId, DeliverError> {
    let (Some(service), Some(own)) = (&room.api.service, room.known.own()) else {
        return Err(DeliverError::Unavailable("there has been no preflight".into()));
    };
    let local = local_part(&service.prefix, &by.who);
    let server = own.user.split_once(':').map(|(_, server)| server).unwrap_or_default();
    UserId::parse(format!("@{local}:{server}"))
        .map_err(|error| DeliverError::Rejected(format!("no account can be made for its author: {error}")))
}

/// The ghost of whoever speaks, with their name and picture, in the room.
pub async fn ready(room: &Room<'_>, by: &Speaker) -> Result<OwnedUserId, DeliverError> {
    let user = id_of(room, by)?;
    let ghosts = &room.known.ghosts;
    let picture = by.picture.as_ref();
    let before = ghosts.now.get(user.as_str());
    // Where none comes along, the one that is there stays.
    let pictured = picture.map(|picture| picture.name.clone());
    let pictured = pictured.or_else(|| before.as_ref().and_then(|(_, picture)| picture.clone()));
    let looks = (by.name.clone(), pictured);
    let key = |looks: &(String, Option<String>)| (user.to_string(), looks.0.clone(), looks.1.clone());
    if let Some(before) = before
        && before != looks
    {
        ghosts.ready.remove(&key(&before));
    }
    ghosts.ready.get_or_insert_async(&key(&looks), dress(room.api, &user, &by.name, picture)).await?;
    ghosts.now.insert(user.to_string(), looks);
    enter(room, &user).await?;
    Ok(user)
}

/// Makes the account where there is none, and gives it what it has not yet.
async fn dress(
    api: &Api,
    user: &OwnedUserId,
    name: &str,
    picture: Option<&Upload>,
) -> Result<OwnedUserId, DeliverError> {
    let is_new = register(api, user.localpart()).await?;
    let asking = |error| delivering(error, Doing::Ask);
    let profile = match is_new {
        true => Value::Null,
        false => match api.call(get_profile::v3::Request::new(user.clone()), REQUEST).await {
            Ok(profile) => profile,
            Err(CallError::Answered(answer)) if answer.status == 404 => Value::Null,
            Err(error) => return Err(asking(error)),
        },
    };
    if profile.get("displayname").and_then(Value::as_str) != Some(name) {
        let value = ProfileFieldValue::DisplayName(name.to_owned());
        let request = set_profile_field::v3::Request::new(user.clone(), value);
        api.call_as(Some(user), request, REQUEST).await.map_err(asking)?;
    }
    if let Some(picture) = picture
        // A message under a name without a picture is better than none.
        && let Err(error) = depict(api, user, &profile, picture).await
    {
        tracing::warn!(%user, "a person's picture is not shown: {error}");
    }
    Ok(user.clone())
}

/// Whether the account was made now (<https://spec.matrix.org/v1.11/client-server-api/#post_matrixclientv3register>).
pub async fn register(api: &Api, local: &str) -> Result<bool, DeliverError> {
    let mut request = register::v3::Request::default();
    request.username = Some(local.to_owned());
    request.login_type = Some(register::LoginType::ApplicationService);
    request.inhibit_login = true;
    match api.call(request, REQUEST).await {
        Ok(_) => Ok(true),
        Err(CallError::Answered(answer)) if answer.code == "M_USER_IN_USE" => Ok(false),
        Err(CallError::Answered(answer)) if matches!(answer.code.as_str(), "M_EXCLUSIVE" | "M_FORBIDDEN") => {
            Err(DeliverError::Unauthorized(Problem::new(
                format!("The homeserver lets Relay make no accounts like @{local}: {}.", answer.message),
                "Give the homeserver the file that `registration` names, and restart it.",
            )))
        }
        Err(error) => Err(delivering(error, Doing::Ask)),
    }
}

/// Gives a ghost a picture, where it has not been made of the same one.
async fn depict(
    api: &Api,
    user: &OwnedUserId,
    profile: &Value,
    picture: &Upload,
) -> Result<(), DeliverError> {
    let asking = |error| delivering(error, Doing::Ask);
    let asked = get_global_account_data::v3::Request::new(user.clone(), LOOKS.into());
    let before = match api.call_as(Some(user), asked, REQUEST).await {
        Ok(looks) => looks,
        Err(CallError::Answered(answer)) if answer.status == 404 => Value::Null,
        Err(error) => return Err(asking(error)),
    };
    let shown = profile.get("avatar_url").and_then(Value::as_str).is_some_and(|url| !url.is_empty());
    if shown && before.get("picture").and_then(Value::as_str) == Some(&picture.name) {
        return Ok(());
    }
    let uri = OwnedMxcUri::from(upload::uploaded(api, picture).await?);
    let request = set_profile_field::v3::Request::new(user.clone(), ProfileFieldValue::AvatarUrl(uri));
    api.call_as(Some(user), request, REQUEST).await.map_err(asking)?;
    let looks = Raw::from_json_string(json!({ "picture": picture.name }).to_string())
        .map_err(|error| DeliverError::Rejected(error.to_string()))?;
    let request = set_global_account_data::v3::Request::new_raw(user.clone(), LOOKS.into(), looks);
    api.call_as(Some(user), request, REQUEST).await.map_err(asking).map(|_| ())
}

/// Has a ghost in the room: it joins by itself where anybody may, else Relay invites it.
pub async fn enter(room: &Room<'_>, user: &OwnedUserId) -> Result<(), DeliverError> {
    let (ghosts, id) = (&room.known.ghosts, &room.id);
    if ghosts.members.get(&(id.to_string(), user.to_string())).is_some() {
        return Ok(());
    }
    let join = || room.api.call_as(Some(user), join_room_by_id::v3::Request::new(id.clone()), JOIN);
    match join().await {
        Ok(_) => {}
        Err(CallError::Answered(answer)) if answer.status == 403 => {
            if is_ban(&answer.message) {
                return Err(banned(user));
            }
            let invited = InvitationRecipient::UserId(InviteUserId::new(user.clone()));
            match room.api.call(invite_user::v3::Request::new(id.clone(), invited), REQUEST).await {
                Err(CallError::Answered(answer)) if is_ban(&answer.message) => return Err(banned(user)),
                Err(CallError::Answered(answer)) if answer.status == 403 && !errors::bad_token(&answer) => {
                    return Err(DeliverError::Forbidden(Problem::new(
                        format!("Relay may not invite {user} into this Matrix room: {}.", answer.message),
                        "Let Relay's account invite: in Element, the room's settings → Roles & permissions.",
                    )));
                }
                invited => invited.map_err(|error| delivering(error, Doing::Ask))?,
            };
            join().await.map_err(|error| delivering(error, Doing::Ask))?;
        }
        Err(error) => return Err(delivering(error, Doing::Ask)),
    }
    ghosts.is_in(id.as_str(), user.as_str(), true);
    Ok(())
}

/// Servers say it in words only.
fn is_ban(words: &str) -> bool {
    words.to_lowercase().contains("banned")
}

/// The room wants no more of one person, which is no fault of the others'.
fn banned(user: &UserId) -> DeliverError {
    DeliverError::Rejected(format!("{user}, which stands for its author there, is banned from the room"))
}

/// The first part of a ghost's user id. Different people have different ones: each character that a user id cannot have, or that is written
/// another way here, is told apart from all others.
fn local_part(prefix: &str, who: &str) -> String {
    let mut local = prefix.to_owned();
    for byte in who.bytes() {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' | b'-' => local.push(char::from(byte)),
            b'A'..=b'Z' => local.extend(['_', char::from(byte.to_ascii_lowercase())]),
            b'_' => local.push_str("__"),
            b'/' => local.push('.'),
            other => local.push_str(&format!("={other:02x}")),
        }
    }
    if local.len() > LONGEST {
        local.truncate(LONGEST - 33);
        local.push_str(&format!("+{:032x}", xxh3_128(who.as_bytes())));
    }
    local
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_has_an_id_of_their_own() {
        let cases = [
            ("discord/discord/123", "_relay_discord.discord.123"),
            ("slack/T0A/U1", "_relay_slack._t0_a._u1"),
            ("slack/t0a/u1", "_relay_slack.t0a.u1"),
            ("irc/a.b/x_y", "_relay_irc.a=2eb.x__y"),
            ("irc/a/ä", "_relay_irc.a.=c3=a4"),
        ];
        for (who, local) in cases {
            assert_eq!(local_part("_relay_", who), local);
        }
        let long = |end: &str| local_part("_relay_", &format!("irc/{}{end}", "x".repeat(400)));
        assert_eq!(long("a").len(), LONGEST);
        assert_ne!(long("a"), long("b"));
        let holds =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._=-/+".contains(&byte);
        assert!(long("Ä\u{0}").bytes().all(holds));
    }

    #[test]
    fn who_left_is_in_no_room() {
        let ghosts = Ghosts::default();
        let place = ("!a:x".to_owned(), "@_relay_b:x".to_owned());
        ghosts.is_in(&place.0, &place.1, true);
        assert!(ghosts.members.get(&place).is_some());
        ghosts.is_in(&place.0, &place.1, false);
        assert!(ghosts.members.get(&place).is_none());
    }
}

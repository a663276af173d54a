//! Who may manage a channel, where Discord does not say it with a command: somebody has given a sign.
//!
//! <https://discord.com/developers/docs/topics/permissions>

use crate::connector::Discord;
use crate::errors::{Failure, code};
use crate::guilds::{self, Channel, Home, Member};
use crate::ids::snowflake;
use crate::rest::Rest;
use relay_contract::{DeliverError, NativeId, RoomKey, Timestamp};
use std::time::Duration;
use twilight_model::guild::Permissions;
use twilight_model::id::Id;
use twilight_model::id::marker::{ChannelMarker, UserMarker};
use twilight_model::util::Timestamp as Written;

/// C23 asks for an answer within 15 seconds.
const WITHIN: Duration = Duration::from_secs(14);

impl Discord {
    /// `manages_room`. Nothing is remembered: a right that was taken away counts no more.
    pub(crate) async fn person_manages(
        &self,
        room: &RoomKey,
        person: &NativeId,
    ) -> Result<bool, DeliverError> {
        let (Some(channel), Some(person)) = (snowflake(&room.room), snowflake(person)) else {
            return Ok(false);
        };
        let rest = self.rest().map_err(|problem| DeliverError::Unavailable(problem.to_string()))?;
        match tokio::time::timeout(WITHIN, ask(&rest, channel, person)).await {
            // A question changes nothing: without an answer it is certainly not done.
            Ok(asked) => Ok(asked.map_err(Failure::before_anything)?),
            Err(_) => {
                Err(DeliverError::Unavailable(format!("no answer within {} seconds", WITHIN.as_secs())))
            }
        }
    }
}

async fn ask(rest: &Rest, id: Id<ChannelMarker>, person: Id<UserMarker>) -> Result<bool, Failure> {
    let mut channel = guilds::channel(rest, id).await?;
    // A thread has the permissions of the channel it is in.
    if channel.is_thread()
        && let Some(parent) = channel.parent_id
    {
        channel = guilds::channel(rest, parent).await?;
    }
    let Some(guild) = channel.guild_id else {
        return Ok(false);
    };
    match guilds::home(rest, person, guild).await {
        Ok(home) => Ok(manages(&home, person, &channel, Timestamp::now())),
        // They have left, never came, or are a webhook.
        Err(failure) if failure.is(code::UNKNOWN_MEMBER) || failure.is(code::UNKNOWN_USER) => Ok(false),
        Err(failure) => Err(failure),
    }
}

/// Whether the member of this home, who is this person, may manage a channel now.
fn manages(home: &Home, person: Id<UserMarker>, channel: &Channel, now: Timestamp) -> bool {
    let allowed = home.allowed(person, channel);
    // Who may do everything is told as just that.
    let anything = allowed.contains(Permissions::ADMINISTRATOR);
    // Without the view of a channel, no right in it counts.
    let this = allowed.contains(Permissions::VIEW_CHANNEL | Permissions::MANAGE_CHANNELS);
    anything || (this && !is_timed_out(&home.member, now))
}

/// Whether somebody may only look on for now. Owners and administrators cannot be made to.
fn is_timed_out(member: &Member, now: Timestamp) -> bool {
    let until = member.communication_disabled_until.as_deref();
    // A time that cannot be read has not passed.
    until.is_some_and(|until| Written::parse(until).map_or(true, |until| until.as_micros() / 1_000 > now.0))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::{Value, json};

    const NOW: Timestamp = Timestamp(1_763_812_800_000);

    /// A guild of user 3, where everybody sees channels and role 5 has a permission.
    fn home(of_role: Permissions, roles: Value, until: Option<&str>) -> Home {
        let guild = json!({"id": "1", "name": "G", "owner_id": "3", "roles": [
            {"id": "1", "permissions": Permissions::VIEW_CHANNEL.bits().to_string()},
            {"id": "5", "permissions": of_role.bits().to_string()}]});
        let member = json!({ "roles": roles, "communication_disabled_until": until });
        Home {
            guild: serde_json::from_value(guild).unwrap(),
            member: serde_json::from_value(member).unwrap(),
        }
    }

    /// Of a role (0) or a member (1).
    fn overwrite(id: &str, kind: u8, allow: Permissions, deny: Permissions) -> Value {
        json!([{ "id": id, "type": kind, "allow": allow.bits().to_string(), "deny": deny.bits().to_string() }])
    }

    #[test]
    fn who_manages_a_channel() {
        let (view, right) = (Permissions::VIEW_CHANNEL, Permissions::MANAGE_CHANNELS);
        let (none, all) = (Permissions::empty(), Permissions::ADMINISTRATOR);
        let (ordinary, trusted) = (json!([]), json!(["5"]));
        let (later, earlier) = (Some("2025-11-22T12:00:01.000000+00:00"), Some("2025-11-22T11:59:59+00:00"));
        let of_user = |allow, deny| overwrite("9", 1, allow, deny);
        for (what, person, of_role, roles, overwrites, until, may) in [
            ("the owner", 3, none, &ordinary, json!([]), None, true),
            (
                "the owner, whatever the channel says",
                3,
                none,
                &ordinary,
                overwrite("1", 0, none, right),
                None,
                true,
            ),
            ("a member", 9, right, &ordinary, json!([]), None, false),
            ("with the role", 9, right, &trusted, json!([]), None, true),
            ("with another right", 9, Permissions::MANAGE_MESSAGES, &trusted, json!([]), None, false),
            ("an administrator", 9, all, &trusted, overwrite("5", 0, none, right), None, true),
            ("not in this channel", 9, right, &trusted, overwrite("5", 0, none, right), None, false),
            ("this channel only", 9, none, &trusted, overwrite("5", 0, right, none), None, true),
            ("they themselves not", 9, right, &trusted, of_user(none, right), None, false),
            ("they themselves", 9, none, &ordinary, of_user(right, none), None, true),
            ("somebody else themselves", 8, none, &ordinary, of_user(right, none), None, false),
            (
                "in a channel that everybody manages",
                9,
                none,
                &ordinary,
                overwrite("1", 0, right, none),
                None,
                true,
            ),
            (
                "in a channel that they do not see",
                9,
                right,
                &trusted,
                overwrite("1", 0, none, view),
                None,
                false,
            ),
            ("a role that is gone", 9, right, &json!(["6"]), json!([]), None, false),
            ("timed out", 9, right, &trusted, json!([]), later, false),
            ("timed out before", 9, right, &trusted, json!([]), earlier, true),
            ("timed out until nobody knows when", 9, right, &trusted, json!([]), Some("soon"), false),
            ("an administrator who is timed out", 9, all, &trusted, json!([]), later, true),
        ] {
            let channel = json!({"id": "2", "type": 0, "guild_id": "1", "permission_overwrites": overwrites});
            let channel: Channel = serde_json::from_value(channel).unwrap();
            let home = home(of_role, roles.clone(), until);
            assert_eq!(manages(&home, Id::new(person), &channel, NOW), may, "{what}");
        }
    }
}

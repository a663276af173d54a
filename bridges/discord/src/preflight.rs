//! Asks Discord who we are and what we may do in each room, before anything is started.

use crate::PLATFORM;
use crate::connector::{Discord, Us};
use crate::errors::{Failure, no_access, wrong_token};
use crate::ids::snowflake;
use crate::rest::Rest;
use crate::rooms::Room;
use futures::StreamExt;
use relay_contract::{
    Identity, NativeId, OpenError, Preflight, Problem, RoomKey, RoomReport, SpaceRef, Visibility,
};
use serde::Deserialize;
use std::collections::HashMap;
use std::time::Duration;
use tokio::sync::{Mutex, OnceCell};
use twilight_model::channel::ChannelType;
use twilight_model::channel::permission_overwrite::PermissionOverwrite;
use twilight_model::guild::Permissions;
use twilight_model::id::Id;
use twilight_model::id::marker::{ApplicationMarker, ChannelMarker, GuildMarker, RoleMarker, UserMarker};
use twilight_model::oauth::ApplicationFlags;
use twilight_util::permission_calculator::PermissionCalculator;

/// C2 asks for an answer within 20 seconds.
const WITHIN: Duration = Duration::from_secs(18);
/// How many rooms are asked about at the same time.
const AT_ONCE: usize = 4;

/// The application, as far as it is read.
///
/// <https://discord.com/developers/docs/resources/application#application-object>
#[derive(Deserialize)]
struct Application {
    id: Id<ApplicationMarker>,
    #[serde(default)]
    flags: u64,
}

/// The bot's user.
#[derive(Deserialize)]
struct User {
    id: Id<UserMarker>,
    username: String,
}

/// A channel, as far as it is read.
///
/// <https://discord.com/developers/docs/resources/channel#channel-object>
#[derive(Deserialize)]
pub struct Channel {
    id: Id<ChannelMarker>,
    #[serde(rename = "type")]
    kind: ChannelType,
    #[serde(default)]
    guild_id: Option<Id<GuildMarker>>,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    parent_id: Option<Id<ChannelMarker>>,
    #[serde(default)]
    permission_overwrites: Vec<PermissionOverwrite>,
}

/// <https://discord.com/developers/docs/resources/guild#guild-object>
#[derive(Deserialize)]
struct Guild {
    id: Id<GuildMarker>,
    name: String,
    owner_id: Id<UserMarker>,
    #[serde(default)]
    roles: Vec<Role>,
}

#[derive(Deserialize)]
struct Role {
    id: Id<RoleMarker>,
    permissions: Permissions,
}

/// Our membership of a guild.
#[derive(Deserialize)]
struct Member {
    #[serde(default)]
    roles: Vec<Id<RoleMarker>>,
}

/// Who we are, and the flags of the application.
pub struct Who {
    /// Our ids.
    pub us: Us,
    name: String,
    flags: ApplicationFlags,
}

/// Asks who we are.
pub async fn who(rest: &Rest) -> Result<Who, Failure> {
    let user: User = rest.ask(rest.client().current_user()).await?;
    let application: Application = rest.ask(rest.client().current_user_application()).await?;
    Ok(Who {
        us: Us { user: user.id, application: application.id },
        name: user.username,
        flags: ApplicationFlags::from_bits_truncate(application.flags),
    })
}

/// Asks about a channel.
pub async fn channel(rest: &Rest, id: Id<ChannelMarker>) -> Result<Channel, Failure> {
    rest.ask(rest.client().channel(id)).await
}

impl Channel {
    fn is_thread(&self) -> bool {
        matches!(
            self.kind,
            ChannelType::PublicThread | ChannelType::PrivateThread | ChannelType::AnnouncementThread
        )
    }

    /// As a room to post in; `None` outside guilds.
    pub fn as_room(&self, may_webhook: bool) -> Option<Room> {
        let thread = self.is_thread().then_some(self.id);
        let webhooks_of = if thread.is_some() { self.parent_id? } else { self.id };
        Some(Room { guild: self.guild_id?, webhooks_of, thread, may_webhook })
    }

    /// Why nobody can be bridged here, whatever the permissions.
    fn cannot_hold_messages(&self) -> Option<Problem> {
        let what = match self.kind {
            ChannelType::GuildCategory => "a category",
            ChannelType::GuildForum | ChannelType::GuildMedia => "a forum, whose posts are threads",
            ChannelType::GuildDirectory => "a directory",
            _ if self.guild_id.is_none() => "a direct message",
            _ => return None,
        };
        Some(Problem::new(
            format!("This is {what}, not a channel that people talk in."),
            "Link a text channel or a thread: right-click it → Copy Channel ID (User Settings → Advanced → Developer Mode).",
        ))
    }
}

/// What one `preflight` has learnt of the guilds.
type Guilds = Mutex<HashMap<Id<GuildMarker>, std::sync::Arc<OnceCell<(Guild, Member)>>>>;

impl Discord {
    /// `preflight`.
    pub(crate) async fn look_around(&self, rooms: &[NativeId]) -> Result<Preflight, OpenError> {
        let rest = self.rest().map_err(OpenError::Refused)?;
        tokio::time::timeout(WITHIN, self.ask_everything(&rest, rooms))
            .await
            .map_err(|_| OpenError::Unavailable(format!("no answer within {} seconds", WITHIN.as_secs())))?
    }

    async fn ask_everything(&self, rest: &Rest, rooms: &[NativeId]) -> Result<Preflight, OpenError> {
        let Who { us, name, flags } = match who(rest).await {
            // A 403 here is a token that is no bot's.
            Err(Failure::Refused { status: 403, .. }) => return Err(OpenError::Refused(wrong_token())),
            other => other?,
        };
        let content =
            ApplicationFlags::GATEWAY_MESSAGE_CONTENT | ApplicationFlags::GATEWAY_MESSAGE_CONTENT_LIMITED;
        if !flags.intersects(content) {
            return Err(OpenError::Refused(Problem::new(
                "The bot may not read what people write: the message content intent is off.",
                "Switch it on: Discord Developer Portal → your application → Bot → Privileged Gateway Intents → Message \
                 Content Intent → Save Changes.",
            )));
        }
        self.we_are(us);
        let guilds = Guilds::default();
        let answers = futures::stream::iter(rooms.to_vec())
            .map(|id| async {
                let report = self.ask_room(rest, us, &guilds, &id).await?;
                Ok::<_, OpenError>((id, report))
            })
            .buffered(AT_ONCE)
            .collect::<Vec<_>>()
            .await;
        Ok(Preflight {
            identity: Identity { id: us.user.to_string().into(), name },
            warnings: Vec::new(),
            rooms: answers.into_iter().collect::<Result<_, _>>()?,
        })
    }

    async fn ask_room(
        &self,
        rest: &Rest,
        us: Us,
        guilds: &Guilds,
        id: &NativeId,
    ) -> Result<Result<RoomReport, Problem>, OpenError> {
        let Some(channel_id) = snowflake(id) else {
            return Ok(Err(Problem::new(
                format!("`{id}` is not a channel's id."),
                "Copy it: User Settings → Advanced → Developer Mode, then right-click the channel → Copy Channel ID.",
            )));
        };
        // The same room under two spellings would be two rooms to the engine, and a loop.
        let canonical = NativeId::from(channel_id.to_string());
        if canonical != *id {
            return Ok(Err(Problem::new(
                format!("`{id}` is not how Discord writes this channel's id."),
                format!("Write the id as Discord shows it: `{canonical}`."),
            )));
        }
        let Some(found) = or_absent(channel(rest, channel_id).await)? else {
            return Ok(Err(no_access()));
        };
        if let Some(problem) = found.cannot_hold_messages() {
            return Ok(Err(problem));
        }
        let Some(guild_id) = found.guild_id else {
            return Ok(Err(no_access()));
        };
        let cell = guilds.lock().await.entry(guild_id).or_default().clone();
        let asked = cell.get_or_try_init(|| async {
            let guild: Guild = rest.ask(rest.client().guild(guild_id)).await?;
            let member: Member = rest.ask(rest.client().guild_member(guild_id, us.user)).await?;
            Ok::<_, Failure>((guild, member))
        });
        let Some((guild, member)) = or_absent(asked.await)? else {
            return Ok(Err(no_access()));
        };
        // A thread has the permissions of the channel it is in.
        let parent = match (found.is_thread(), found.parent_id) {
            (true, Some(parent)) => or_absent(channel(rest, parent).await)?,
            _ => None,
        };
        let allowed = permissions(us, guild, member, parent.as_ref().unwrap_or(&found));
        if !allowed.contains(Permissions::VIEW_CHANNEL) {
            return Ok(Err(no_access()));
        }
        let Some(room) = found.as_room(allowed.contains(Permissions::MANAGE_WEBHOOKS)) else {
            return Ok(Err(no_access()));
        };
        self.rooms.put(channel_id, room);
        let name = found.name.clone().unwrap_or_else(|| id.to_string());
        Ok(Ok(RoomReport {
            key: RoomKey::new(PLATFORM, self.config.network(), canonical),
            space: SpaceRef { id: guild.id.to_string().into(), name: guild.name.clone() },
            warnings: warnings(allowed, found.is_thread(), &name),
            name: format!("#{name}"),
            visibility: Visibility::Space,
            members: None,
        }))
    }
}

/// `None` where Discord says that there is no such thing for us.
fn or_absent<T>(asked: Result<T, Failure>) -> Result<Option<T>, OpenError> {
    match asked {
        Ok(found) => Ok(Some(found)),
        Err(Failure::Refused { status: 403 | 404, .. }) => Ok(None),
        Err(failure) => Err(failure.into()),
    }
}

/// What we may do in a channel.
///
/// <https://discord.com/developers/docs/topics/permissions#permission-overwrites>
fn permissions(us: Us, guild: &Guild, member: &Member, channel: &Channel) -> Permissions {
    let of = |id: Id<RoleMarker>| guild.roles.iter().find(|role| role.id == id).map(|role| role.permissions);
    let everyone = of(guild.id.cast()).unwrap_or(Permissions::empty());
    let roles: Vec<_> = member.roles.iter().filter_map(|id| Some((*id, of(*id)?))).collect();
    PermissionCalculator::new(guild.id, us.user, everyone, &roles)
        .owner_id(guild.owner_id)
        .in_channel(channel.kind, &channel.permission_overwrites)
}

/// What will not work, and where to click.
fn warnings(allowed: Permissions, thread: bool, name: &str) -> Vec<Problem> {
    let send = if thread {
        (Permissions::SEND_MESSAGES_IN_THREADS, "Send Messages in Threads")
    } else {
        (Permissions::SEND_MESSAGES, "Send Messages")
    };
    [
        (send.0, send.1, "Relay cannot post here as the bot"),
        (Permissions::READ_MESSAGE_HISTORY, "Read Message History", "answers cannot show what they answer"),
        (
            Permissions::MANAGE_WEBHOOKS,
            "Manage Webhooks",
            "messages are posted as the bot, with the author's name in front, instead of under the author's name and picture",
        ),
    ]
    .into_iter()
    .filter(|(permission, ..)| !allowed.contains(*permission))
    .map(|(_, permission, effect)| {
        Problem::new(
            format!("The bot has no `{permission}` in #{name}: {effect}."),
            format!("Grant it: right-click #{name} → Edit Channel → Permissions → the bot's role → {permission}."),
        )
    })
    .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::{Value, json};

    fn allowed(everyone: Permissions, bot: Permissions, overwrites: Value, owner: &str) -> Permissions {
        let bits = |p: Permissions| p.bits().to_string();
        let guild = json!({"id": "1", "name": "G", "owner_id": owner, "roles": [
            {"id": "1", "permissions": bits(everyone)}, {"id": "5", "permissions": bits(bot)}]});
        let channel = json!({"id": "2", "type": 0, "guild_id": "1", "permission_overwrites": overwrites});
        permissions(
            Us { user: Id::new(9), application: Id::new(9) },
            &serde_json::from_value(guild).unwrap(),
            &serde_json::from_value(json!({"roles": ["5"]})).unwrap(),
            &serde_json::from_value(channel).unwrap(),
        )
    }

    #[test]
    fn permissions_come_from_roles_and_overwrites() {
        let (view, hooks) = (Permissions::VIEW_CHANNEL, Permissions::MANAGE_WEBHOOKS);
        let none = Permissions::empty();
        let deny = |id: &str, p: Permissions| json!([{"id": id, "type": 0, "allow": "0", "deny": p.bits().to_string()}]);
        for (everyone, bot, overwrites, owner, may) in [
            (view, hooks, json!([]), "3", true),
            (view, none, json!([]), "3", false),
            (view, hooks, deny("5", hooks), "3", false),
            (view, hooks, deny("1", view), "3", false),
            (view | hooks, Permissions::ADMINISTRATOR, deny("1", hooks), "3", true),
            (none, none, json!([]), "9", true),
        ] {
            let has = allowed(everyone, bot, overwrites, owner);
            assert_eq!(has.contains(view | hooks), may, "{has:?}");
        }
    }

    #[test]
    fn each_missing_permission_is_a_warning() {
        assert_eq!(warnings(Permissions::all(), false, "general"), []);
        let missing = Permissions::all() - Permissions::MANAGE_WEBHOOKS;
        let told = warnings(missing, false, "general");
        assert_eq!(told.len(), 1);
        assert!(told[0].to_string().contains("Manage Webhooks") && told[0].fix.contains("#general"));
        assert_eq!(warnings(Permissions::VIEW_CHANNEL, true, "owls").len(), 3);
    }
}

//! Guilds and their channels as Discord describes them: who sees a channel, and what we may do there. Shared by `preflight`, `find`
//! and what the gateway tells.

use crate::PLATFORM;
use crate::connector::Us;
use crate::errors::{Failure, no_access};
use crate::rest::Rest;
use crate::rights::warnings;
use crate::rooms::Room;
use relay_contract::{Problem, RoomKey, RoomReport, SpaceRef, Visibility};
use serde::Deserialize;
use twilight_model::channel::ChannelType;
use twilight_model::channel::permission_overwrite::PermissionOverwrite;
use twilight_model::guild::Permissions;
use twilight_model::id::Id;
use twilight_model::id::marker::{ChannelMarker, GuildMarker, RoleMarker, UserMarker};
use twilight_util::permission_calculator::PermissionCalculator;

/// The feature of a guild that anybody can find and look into.
///
/// <https://discord.com/developers/docs/resources/guild#guild-object-guild-features>
const DISCOVERABLE: &str = "DISCOVERABLE";

/// The largest file in a guild without boosts, in bytes.
pub const SMALLEST_LIMIT: u64 = 10 << 20;

/// A channel, as far as it is read.
///
/// <https://discord.com/developers/docs/resources/channel#channel-object>
#[derive(Debug, Deserialize)]
pub struct Channel {
    pub id: Id<ChannelMarker>,
    #[serde(rename = "type")]
    pub kind: ChannelType,
    #[serde(default)]
    pub guild_id: Option<Id<GuildMarker>>,
    #[serde(default)]
    pub name: Option<String>,
    #[serde(default)]
    pub parent_id: Option<Id<ChannelMarker>>,
    /// Place among the channels of its category.
    #[serde(default)]
    pub position: i64,
    #[serde(default)]
    pub permission_overwrites: Vec<PermissionOverwrite>,
    /// Of a thread.
    #[serde(default)]
    pub thread_metadata: Option<ThreadState>,
}

/// Whether people can still talk in a thread.
///
/// <https://discord.com/developers/docs/resources/channel#thread-metadata-object>
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct ThreadState {
    pub archived: bool,
    /// When it went into the archive or came out of it, as Discord writes a time.
    pub archive_timestamp: Option<String>,
    /// Only who may manage threads can take it out of the archive.
    pub locked: bool,
}

/// <https://discord.com/developers/docs/resources/guild#guild-object>
#[derive(Debug, Deserialize)]
pub struct Guild {
    pub id: Id<GuildMarker>,
    pub name: String,
    pub owner_id: Id<UserMarker>,
    #[serde(default)]
    pub roles: Vec<Role>,
    #[serde(default)]
    pub features: Vec<String>,
    /// Only where it was asked for.
    #[serde(default)]
    pub approximate_member_count: Option<u64>,
    /// How far it is boosted, from 0 to 3.
    #[serde(default)]
    pub premium_tier: u8,
    /// Its own emoji.
    #[serde(default)]
    pub emojis: Vec<Emoji>,
}

/// An emoji of a guild's own.
///
/// <https://discord.com/developers/docs/resources/emoji#emoji-object>
#[derive(Debug, Clone, Deserialize)]
pub struct Emoji {
    pub id: Option<String>,
    pub name: Option<String>,
    #[serde(default = "yes")]
    pub available: bool,
}

fn yes() -> bool {
    true
}

#[derive(Debug, Deserialize)]
pub struct Role {
    pub id: Id<RoleMarker>,
    pub permissions: Permissions,
}

/// Somebody's membership of a guild.
#[derive(Debug, Deserialize)]
pub struct Member {
    #[serde(default)]
    pub roles: Vec<Id<RoleMarker>>,
    /// Until when they may only look on, as Discord writes a time.
    #[serde(default)]
    pub communication_disabled_until: Option<String>,
}

/// A guild, and what somebody is in it.
#[derive(Debug)]
pub struct Home {
    pub guild: Guild,
    pub member: Member,
}

/// Asks about a channel.
pub async fn channel(rest: &Rest, id: Id<ChannelMarker>) -> Result<Channel, Failure> {
    rest.ask(rest.client().channel(id)).await
}

/// Asks about a guild, with the number of its members, and about one of them.
pub async fn home(rest: &Rest, user: Id<UserMarker>, id: Id<GuildMarker>) -> Result<Home, Failure> {
    let guild = rest.ask(rest.client().guild(id).with_counts(true)).await?;
    let member = rest.ask(rest.client().guild_member(id, user)).await?;
    Ok(Home { guild, member })
}

impl Channel {
    /// It is in a channel of its own.
    pub fn is_thread(&self) -> bool {
        matches!(
            self.kind,
            ChannelType::PublicThread | ChannelType::PrivateThread | ChannelType::AnnouncementThread
        )
    }

    /// Everything in it stands in threads.
    pub fn is_forum(&self) -> bool {
        matches!(self.kind, ChannelType::GuildForum | ChannelType::GuildMedia)
    }

    /// As a room to post in; `None` outside guilds.
    pub fn as_room(&self, may: Permissions, private: bool, largest_file: u64) -> Option<Room> {
        let thread = self.is_thread().then_some(self.id);
        let webhooks_of = if thread.is_some() { self.parent_id? } else { self.id };
        Some(Room {
            guild: self.guild_id?,
            webhooks_of,
            thread,
            forum: self.is_forum(),
            private,
            may,
            largest_file,
            may_webhook: may.contains(Permissions::MANAGE_WEBHOOKS),
        })
    }

    /// Why nobody can be bridged here, whatever the permissions.
    pub fn cannot_hold_messages(&self) -> Option<Problem> {
        let what = match self.kind {
            ChannelType::GuildCategory => "a category",
            ChannelType::GuildDirectory => "a directory",
            _ if self.guild_id.is_none() => "a direct message",
            _ => return None,
        };
        Some(Problem::new(
            format!("This is {what}, not a channel that people talk in."),
            "Link a text channel, a forum or a thread: right-click it → Copy Channel ID (User Settings → Advanced → Developer Mode).",
        ))
    }
}

impl Guild {
    /// Anybody can look into it.
    pub fn is_discoverable(&self) -> bool {
        self.features.iter().any(|feature| feature == DISCOVERABLE)
    }

    /// The largest file that may be posted in it, in bytes.
    ///
    /// <https://discord.com/developers/docs/reference#uploading-files>,
    /// <https://support.discord.com/hc/en-us/articles/360028038352>
    pub fn largest_file(&self) -> u64 {
        match self.premium_tier {
            0 | 1 => SMALLEST_LIMIT,
            2 => 50 << 20,
            _ => 100 << 20,
        }
    }

    fn permissions_of(&self, role: Id<RoleMarker>) -> Option<Permissions> {
        self.roles.iter().find(|known| known.id == role).map(|role| role.permissions)
    }

    /// Who sees a channel. A thread has the overwrites of the channel that it is in.
    ///
    /// <https://discord.com/developers/docs/topics/permissions#permission-overwrites>
    fn visibility(&self, channel: &Channel, governing: &Channel) -> Visibility {
        let everyone: Id<RoleMarker> = self.id.cast();
        let base = self.permissions_of(everyone).unwrap_or(Permissions::empty());
        let overwrite = governing.permission_overwrites.iter().find(|it| it.id == everyone.cast());
        let here = overwrite.map_or(base, |it| (base - it.deny) | it.allow);
        let sees = base.contains(Permissions::ADMINISTRATOR) || here.contains(Permissions::VIEW_CHANNEL);
        if !sees || channel.kind == ChannelType::PrivateThread {
            Visibility::Private
        } else if self.is_discoverable() {
            Visibility::World
        } else {
            Visibility::Space
        }
    }
}

impl Home {
    /// What the member, who is this user, may do in a channel.
    ///
    /// <https://discord.com/developers/docs/topics/permissions#permission-overwrites>
    pub fn allowed(&self, user: Id<UserMarker>, channel: &Channel) -> Permissions {
        let Self { guild, member } = self;
        let everyone = guild.permissions_of(guild.id.cast()).unwrap_or(Permissions::empty());
        let of = |id: &Id<RoleMarker>| Some((*id, guild.permissions_of(*id)?));
        let roles: Vec<_> = member.roles.iter().filter_map(of).collect();
        PermissionCalculator::new(guild.id, user, everyone, &roles)
            .owner_id(guild.owner_id)
            .in_channel(channel.kind, &channel.permission_overwrites)
    }

    /// A channel as a room; `governing` is the channel whose overwrites hold there. With what we may do in it.
    pub fn report(
        &self,
        network: &str,
        us: Us,
        channel: &Channel,
        governing: &Channel,
    ) -> (RoomReport, Permissions) {
        let allowed = self.allowed(us.user, governing);
        let name = format!("#{}", channel.name.clone().unwrap_or_else(|| channel.id.to_string()));
        let visibility = self.guild.visibility(channel, governing);
        // How many see a private one is not told.
        let members = self.guild.approximate_member_count.filter(|_| visibility != Visibility::Private);
        let report = RoomReport {
            key: RoomKey::new(PLATFORM, network, channel.id.to_string()),
            space: SpaceRef { id: self.guild.id.to_string().into(), name: self.guild.name.clone() },
            warnings: warnings(allowed, channel, &name),
            name,
            visibility,
            members,
        };
        (report, allowed)
    }
}

/// Why a channel cannot be linked with these permissions.
pub fn out_of_reach(allowed: Permissions) -> Option<Problem> {
    (!allowed.contains(Permissions::VIEW_CHANNEL)).then(no_access)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::{Value, json};

    const US: Us = Us { user: Id::new(9), application: Id::new(9), members: false };

    fn home(everyone: Permissions, bot: Permissions, features: &[&str], owner: &str) -> Home {
        let bits = |p: Permissions| p.bits().to_string();
        let guild = json!({"id": "1", "name": "G", "owner_id": owner, "features": features,
            "approximate_member_count": 7, "roles": [
            {"id": "1", "permissions": bits(everyone)}, {"id": "5", "permissions": bits(bot)}]});
        let member = json!({"roles": ["5"]});
        Home {
            guild: serde_json::from_value(guild).unwrap(),
            member: serde_json::from_value(member).unwrap(),
        }
    }

    fn channel(kind: u8, overwrites: Value) -> Channel {
        let channel = json!({"id": "2", "type": kind, "guild_id": "1", "name": "owls", "permission_overwrites": overwrites});
        serde_json::from_value(channel).unwrap()
    }

    fn overwrite(id: &str, allow: Permissions, deny: Permissions) -> Value {
        json!([{"id": id, "type": 0, "allow": allow.bits().to_string(), "deny": deny.bits().to_string()}])
    }

    #[test]
    fn permissions_come_from_roles_and_overwrites() {
        let (view, hooks) = (Permissions::VIEW_CHANNEL, Permissions::MANAGE_WEBHOOKS);
        let none = Permissions::empty();
        let deny = |id: &str, p: Permissions| overwrite(id, none, p);
        for (everyone, bot, overwrites, owner, may) in [
            (view, hooks, json!([]), "3", true),
            (view, none, json!([]), "3", false),
            (view, hooks, deny("5", hooks), "3", false),
            (view, hooks, deny("1", view), "3", false),
            (view | hooks, Permissions::ADMINISTRATOR, deny("1", hooks), "3", true),
            (none, none, json!([]), "9", true),
        ] {
            let has = home(everyone, bot, &[], owner).allowed(US.user, &channel(0, overwrites));
            assert_eq!(has.contains(view | hooks), may, "{has:?}");
        }
    }

    #[test]
    fn who_sees_a_channel_and_how_many_they_are() {
        use Visibility::{Private, Space, World};
        let (view, none) = (Permissions::VIEW_CHANNEL, Permissions::empty());
        let open = &["COMMUNITY", "DISCOVERABLE"][..];
        for (everyone, features, kind, overwrites, expected) in [
            (view, &[][..], 0, json!([]), Space),
            (view, open, 0, json!([]), World),
            (view, open, 0, overwrite("1", none, view), Private),
            (none, open, 0, json!([]), Private),
            (none, &[], 0, overwrite("1", view, none), Space),
            // An overwrite of another role says nothing about everybody.
            (none, &[], 0, overwrite("5", view, none), Private),
            (view, &[], 0, overwrite("5", none, view), Space),
            (Permissions::ADMINISTRATOR, &[], 0, overwrite("1", none, view), Space),
            (view, open, 11, json!([]), World),
            (view, open, 12, json!([]), Private),
        ] {
            let home = home(everyone, none, features, "3");
            let channel = channel(kind, overwrites);
            let (report, _) = home.report("discord.com", US, &channel, &channel);
            let members = (expected != Private).then_some(7);
            assert_eq!((report.visibility, report.members), (expected, members), "{channel:?}");
        }
    }
}

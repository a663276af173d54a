//! The JSON objects of Discord's API.
//!
//! <https://discord.com/developers/docs/resources/message>, `…/guild`, `…/channel`, `…/user`, `…/webhook`, `…/application`.

mod message;

pub use message::{message, message_event, poll_result};

use super::model::{Bot, Channel, ChannelKind, Guild, User, Webhook};
use super::permissions::{self, Overwrite};
use super::state::State;
use jiff::Timestamp;
use jiff::tz::Offset;
use serde_json::{Value, json};

/// When every guild was made and every member joined: no world is older.
const LONG_AGO: u64 = 1_600_000_000_000;

/// ISO 8601 with microseconds, as Discord writes times. `ms` since the epoch.
pub fn timestamp(ms: u64) -> String {
    let time = i64::try_from(ms).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok()).unwrap_or_default();
    format!("{:.6}", time.display_with_offset(Offset::UTC))
}

/// A user object.
pub fn user(user: &User) -> Value {
    let mut object = json!({
        "id": user.id.to_string(),
        "username": user.handle,
        "global_name": if user.bot { Value::Null } else { user.name.clone().into() },
        "discriminator": if user.bot { "0001" } else { "0" },
        "avatar": null, "avatar_decoration_data": null, "banner": null, "accent_color": null,
        "public_flags": 0, "flags": 0,
    });
    if user.bot {
        object["bot"] = true.into();
    }
    object
}

/// The user object of `/users/@me` and READY.
pub fn current_user(bot: &Bot) -> Value {
    let mut object = user(&bot.user());
    object["mfa_enabled"] = false.into();
    object["verified"] = true.into();
    object["email"] = Value::Null;
    object
}

/// An application object, as its own bot sees it.
pub fn application(bot: &Bot) -> Value {
    json!({
        "id": bot.id.to_string(), "name": bot.name, "icon": null, "description": "", "summary": "",
        "bot_public": false, "bot_require_code_grant": false, "rpc_origins": [], "team": null,
        "verify_key": "0".repeat(64), "flags": bot.may.application_flags(), "hook": true,
        "bot": user(&bot.user()),
        "owner": { "id": "1", "username": "owner", "discriminator": "0", "avatar": null, "global_name": null, "public_flags": 0 },
    })
}

/// A webhook object. The token and URL are told to the application that made it, and to whoever has the token.
pub fn webhook(state: &State, webhook: &Webhook, with_token: bool, with_user: bool) -> Value {
    let id = webhook.id.to_string();
    let mut object = json!({
        "id": id, "type": 1, "name": webhook.name, "avatar": null,
        "channel_id": webhook.channel.to_string(), "guild_id": webhook.guild.to_string(),
        "application_id": webhook.creator.to_string(),
    });
    if with_token {
        object["token"] = webhook.token.clone().into();
        object["url"] = format!("{}/api/webhooks/{id}/{}", state.url, webhook.token).into();
    }
    if with_user && let Some(bot) = state.bots.iter().find(|b| b.id == webhook.creator) {
        object["user"] = user(&bot.user());
    }
    object
}

/// A member object without its user, as in messages.
pub fn partial_member(state: &State, guild: &Guild, user: &User) -> Value {
    let roles: Vec<String> = state.roles_of(guild, user).iter().map(u64::to_string).collect();
    json!({
        "nick": guild.nicks.get(&user.id), "avatar": null, "banner": null, "roles": roles, "joined_at": timestamp(LONG_AGO),
        "premium_since": null, "deaf": false, "mute": false, "flags": 0, "pending": false,
        "communication_disabled_until": null,
    })
}

/// A guild member object.
pub fn member(state: &State, guild: &Guild, of: &User) -> Value {
    let mut object = partial_member(state, guild, of);
    object["user"] = user(of);
    object
}

/// The role objects of a guild: `@everyone`, the people's, the managers', and one managed role for each bot in it.
pub fn roles(state: &State, guild: &Guild) -> Vec<Value> {
    let role = |id: u64, name: &str, bits: u64, position: usize, managed: bool| {
        json!({
            "id": id.to_string(), "name": name, "permissions": bits.to_string(), "position": position,
            "color": 0, "colors": { "primary_color": 0, "secondary_color": null, "tertiary_color": null },
            "hoist": false, "icon": null, "unicode_emoji": null, "managed": managed, "mentionable": false, "flags": 0,
        })
    };
    let mut roles = vec![
        role(guild.id, "@everyone", permissions::of_everyone(), 0, false),
        role(guild.people_role(), "Members", permissions::of_people(), 1, false),
        role(guild.managers_role(), "Managers", permissions::MANAGE_CHANNELS, 2, false),
    ];
    for (place, bot) in state.bots.iter().enumerate().filter(|(_, b)| b.guilds.contains(&guild.id)) {
        let mut made = role(guild.bot_role(place), &bot.name, bot.may.permissions, 3 + place, true);
        made["tags"] = json!({ "bot_id": bot.id.to_string() });
        roles.push(made);
    }
    roles
}

/// A channel or thread object.
pub fn channel(state: &State, channel: &Channel) -> Value {
    if let Some(parent) = channel.parent {
        return thread(state, channel, parent);
    }
    let overwrites: Vec<Value> = state
        .overwrites(channel)
        .iter()
        .map(|Overwrite { role, deny, allow }| {
            json!({ "id": role.to_string(), "type": 0, "allow": allow.to_string(), "deny": deny.to_string() })
        })
        .collect();
    json!({
        "id": channel.id.to_string(), "type": channel.kind as u64, "guild_id": channel.guild.to_string(), "name": channel.name,
        "position": channel.position, "permission_overwrites": overwrites, "topic": null, "nsfw": false,
        "last_message_id": channel.last_message.map(|id| id.to_string()),
        "last_pin_timestamp": channel.last_pin.map(timestamp),
        "parent_id": null, "rate_limit_per_user": 0, "flags": 0,
    })
}

/// A thread object.
///
/// <https://discord.com/developers/docs/resources/channel#thread-metadata-object>
fn thread(state: &State, channel: &Channel, parent: u64) -> Value {
    let said = state.history.room(&channel.id.to_string()).filter(|message| message.id != channel.id).count();
    json!({
        "id": channel.id.to_string(), "type": ChannelKind::Thread as u64, "guild_id": channel.guild.to_string(),
        "name": channel.name, "parent_id": parent.to_string(), "owner_id": channel.owner.to_string(),
        "last_message_id": channel.last_message.map(|id| id.to_string()), "message_count": said,
        "total_message_sent": said, "member_count": 1, "rate_limit_per_user": 0, "flags": 0,
        "thread_metadata": {
            "archived": channel.archived, "auto_archive_duration": 4320, "locked": channel.locked,
            "archive_timestamp": timestamp(channel.archived_at), "create_timestamp": timestamp(LONG_AGO),
        },
    })
}

/// The emoji objects of a guild.
pub fn emojis(guild: &Guild) -> Value {
    json!([{
        "id": guild.owl().to_string(), "name": "owl", "roles": [], "require_colons": true, "managed": false,
        "animated": false, "available": true,
    }])
}

/// A guild object, as REST answers it.
pub fn guild(state: &State, guild: &Guild) -> Value {
    json!({
        "id": guild.id.to_string(), "name": guild.name, "owner_id": guild.owner.to_string(),
        "roles": roles(state, guild),
        "icon": null, "splash": null, "discovery_splash": null, "banner": null, "description": null,
        "afk_channel_id": null, "afk_timeout": 300, "application_id": null, "default_message_notifications": 0,
        "emojis": emojis(guild), "stickers": [], "features": [], "explicit_content_filter": 0, "mfa_level": 0, "nsfw": false,
        "nsfw_level": 0, "verification_level": 0, "max_members": 500_000, "max_presences": null,
        "max_video_channel_users": 25, "max_stage_video_channel_users": 50, "preferred_locale": "en-US",
        "premium_progress_bar_enabled": false, "premium_subscription_count": 0, "premium_tier": 0,
        "public_updates_channel_id": null, "rules_channel_id": null, "safety_alerts_channel_id": null,
        "system_channel_flags": 0, "system_channel_id": null, "vanity_url_code": null,
        "widget_channel_id": null, "widget_enabled": false, "region": "deprecated",
    })
}

/// The guild object of GUILD_CREATE, as for a guild that was just joined. Without the members intent it lists only the bot itself.
pub fn guild_create(state: &State, of: &Guild, place: usize, all_members: bool) -> Value {
    let mut object = guild(state, of);
    let everybody = state.members(of);
    let myself = state.bots.get(place).map_or(0, |bot| bot.id);
    object["member_count"] = everybody.len().into();
    object["members"] = everybody
        .iter()
        .filter(|user| all_members || user.id == myself)
        .map(|user| member(state, of, user))
        .collect();
    object["channels"] = state.top_channels(of.id).map(|c| channel(state, c)).collect();
    let active = state.channels.values().filter(|c| c.guild == of.id && c.parent.is_some() && !c.archived);
    object["threads"] = active.map(|thread| channel(state, thread)).collect();
    for empty in
        ["presences", "voice_states", "stage_instances", "guild_scheduled_events", "soundboard_sounds"]
    {
        object[empty] = json!([]);
    }
    object["joined_at"] = timestamp(LONG_AGO).into();
    object["large"] = false.into();
    object
}

/// Blanks what the message content intent protects, in a message by somebody else that does not mention the bot.
///
/// <https://discord.com/developers/docs/events/gateway#message-content-intent>
pub fn without_content(mut message: Value, bot: u64) -> Value {
    let is_bot = |user: &Value| user["id"].as_str().is_some_and(|id| id == bot.to_string());
    let mentioned = message["mentions"].as_array().is_some_and(|users| users.iter().any(is_bot));
    if is_bot(&message["author"]) || mentioned {
        return message;
    }
    message["content"] = "".into();
    for list in ["embeds", "attachments", "components"] {
        message[list] = json!([]);
    }
    if let Some(message) = message.as_object_mut() {
        message.remove("poll");
        message.remove("message_snapshots");
    }
    if message["referenced_message"].is_object() {
        message["referenced_message"] = without_content(message["referenced_message"].take(), bot);
    }
    message
}

#[cfg(test)]
mod tests {
    #[test]
    fn times_are_written_as_discord_writes_them() {
        for (ms, text) in
            [(0, "1970-01-01T00:00:00.000000+00:00"), (1_763_812_800_120, "2025-11-22T12:00:00.120000+00:00")]
        {
            assert_eq!(super::timestamp(ms), text);
        }
    }
}

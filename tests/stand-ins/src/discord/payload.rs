//! The JSON objects of Discord's API.
//!
//! <https://discord.com/developers/docs/resources/message>, `…/guild`, `…/channel`, `…/user`, `…/webhook`, `…/application`.

use super::model::{
    Attachment, Author, Bot, Channel, ChannelKind, Draft, Guild, Message, Poll, User, Webhook,
};
use super::permissions::{self, Overwrite};
use super::reactions::emoji_object;
use super::state::{State, now};
use jiff::Timestamp;
use jiff::tz::Offset;
use serde_json::{Value, json};
use std::hash::{DefaultHasher, Hash, Hasher};

/// When every guild was made and every member joined: no world is older.
const LONG_AGO: u64 = 1_600_000_000_000;
/// Message flag: a thread hangs from it.
const HAS_THREAD: u64 = 1 << 5;

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
            "archived": channel.archived, "auto_archive_duration": 4320, "locked": false,
            "archive_timestamp": timestamp(LONG_AGO), "create_timestamp": timestamp(LONG_AGO),
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

/// An attachment object.
fn attachment(state: &State, message: &Message, file: &Attachment) -> Value {
    let url = state.file_url(message.channel, file, now());
    let mut object = json!({
        "id": file.id.to_string(), "filename": file.name, "size": file.blob.size, "url": url, "proxy_url": url,
        "content_type": file.kind,
    });
    if let Some(alt) = &file.alt {
        object["description"] = alt.clone().into();
    }
    if let Some(seconds) = file.seconds {
        object["duration_secs"] = seconds.into();
        object["waveform"] = "AAAA".into();
    }
    object
}

/// A message object as REST answers it, with what it answers one level deep.
pub fn message(state: &State, of: &Message) -> Value {
    let mut object = bare_message(state, of);
    if let Some(target) = of.draft.reply_to {
        object["type"] = 19.into();
        object["message_reference"] = json!({
            "type": 0, "message_id": target.to_string(), "channel_id": of.channel.to_string(),
            "guild_id": of.guild.to_string(),
        });
        object["referenced_message"] =
            state.live_message(of.channel, target).map_or(Value::Null, |target| bare_message(state, target));
    }
    if let Some(thread) = state.channels.get(&of.id).filter(|thread| thread.parent == Some(of.channel)) {
        object["thread"] = channel(state, thread);
    }
    object
}

/// A message object as MESSAGE_CREATE and MESSAGE_UPDATE carry it: with `guild_id` and, unless a webhook wrote it, `member`.
pub fn message_event(state: &State, of: &Message) -> Value {
    let mut object = message(state, of);
    object["guild_id"] = of.guild.to_string().into();
    if let (Author::User(author), Some(guild)) = (&of.author, state.guilds.get(&of.guild)) {
        object["member"] = partial_member(state, guild, author);
    }
    object
}

fn bare_message(state: &State, of: &Message) -> Value {
    let draft = &of.draft;
    let mentions: Vec<Value> =
        draft.pings.users.iter().filter_map(|id| state.user(*id)).map(|u| user(&u)).collect();
    let mut object = json!({
        "id": of.id.to_string(), "type": draft.kind, "channel_id": of.channel.to_string(),
        "content": draft.content, "embeds": draft.embeds, "components": draft.components,
        "attachments": draft.files.iter().map(|file| attachment(state, of, file)).collect::<Vec<_>>(),
        "mentions": mentions,
        "mention_roles": draft.pings.roles.iter().map(u64::to_string).collect::<Vec<_>>(),
        "mention_everyone": draft.pings.everyone || draft.pings.here,
        "pinned": of.pinned, "tts": false,
        "flags": draft.flags | if state.channels.contains_key(&of.id) { HAS_THREAD } else { 0 },
        "timestamp": timestamp(of.at), "edited_timestamp": of.edited.map(timestamp),
    });
    match &of.author {
        Author::User(author) => object["author"] = user(author),
        Author::Webhook { id, application, name, avatar } => {
            object["webhook_id"] = id.to_string().into();
            object["application_id"] = application.to_string().into();
            object["author"] = json!({
                "id": id.to_string(), "username": name, "global_name": null, "discriminator": "0000",
                "avatar": avatar.as_deref().map(picture), "bot": true, "public_flags": 0, "flags": 0,
            });
        }
    }
    if let Some(interaction) = of.answers.and_then(|id| state.interactions.get(&id)) {
        if interaction.original == of.id {
            object["type"] = 20.into();
        }
        let application = state.bots.get(interaction.bot).map_or(0, |bot| bot.id).to_string();
        object["webhook_id"] = application.clone().into();
        object["application_id"] = application.into();
    }
    beside(state, of, draft, &mut object);
    if let Some(nonce) = &draft.nonce {
        object["nonce"] = nonce.clone();
    }
    object
}

/// What a message has only at times.
fn beside(state: &State, of: &Message, draft: &Draft, object: &mut Value) {
    if let Some((channel, message)) = draft.about {
        object["message_reference"] = json!({
            "type": 0, "channel_id": channel.to_string(), "guild_id": of.guild.to_string(),
            "message_id": message.map(|id| id.to_string()),
        });
    }
    if let Some(forwarded) = &draft.forwarded {
        object["message_reference"] = json!({
            "type": 1, "channel_id": forwarded.channel.to_string(), "message_id": forwarded.message.to_string(),
            "guild_id": of.guild.to_string(),
        });
        let files: Vec<_> = forwarded.files.iter().map(|file| attachment(state, of, file)).collect();
        object["message_snapshots"] = json!([{ "message": {
            "type": 0, "content": forwarded.content, "embeds": forwarded.embeds, "attachments": files, "mentions": [],
            "mention_roles": [], "timestamp": timestamp(forwarded.at), "edited_timestamp": null, "flags": 0,
            "components": [],
        } }]);
    }
    if !draft.stickers.is_empty() {
        let told = |sticker: &Attachment| {
            let name = sticker.name.split('.').next().unwrap_or_default();
            json!({ "id": sticker.id.to_string(), "name": name, "format_type": 1 })
        };
        object["sticker_items"] = draft.stickers.iter().map(told).collect();
    }
    if let Some(poll) = &draft.poll {
        object["poll"] = self::poll(poll);
    }
    if !of.reactions.is_empty() {
        let told = |it: &super::model::Reaction| {
            json!({
                "emoji": emoji_object(&it.emoji), "count": it.users.len(), "me": false, "me_burst": false,
                "count_details": { "burst": 0, "normal": it.users.len() }, "burst_colors": [],
            })
        };
        object["reactions"] = of.reactions.iter().map(told).collect();
    }
}

/// A poll object.
///
/// <https://discord.com/developers/docs/resources/poll#poll-object>
fn poll(poll: &Poll) -> Value {
    let answers = poll.answers.iter().enumerate();
    let answers: Vec<Value> =
        answers.map(|(at, text)| json!({ "answer_id": at + 1, "poll_media": { "text": text } })).collect();
    let counts: Vec<Value> = (0..poll.answers.len())
        .map(|at| json!({ "id": at + 1, "count": poll.count(at), "me_voted": false }))
        .collect();
    json!({
        "question": { "text": poll.question }, "answers": answers, "expiry": timestamp(poll.ends),
        "allow_multiselect": poll.multiple, "layout_type": 1,
        "results": { "is_finalized": poll.ended, "answer_counts": counts },
    })
}

/// The embed of the message that tells how a poll ended.
///
/// <https://discord.com/developers/docs/resources/message#embed-fields-by-embed-type-poll-result-embed-fields>
pub fn poll_result(poll: &Poll) -> Value {
    let most = (0..poll.answers.len()).map(|at| poll.count(at)).max().unwrap_or(0);
    let field = |name: &str, value: String| json!({ "name": name, "value": value, "inline": false });
    json!({ "type": "poll_result", "fields": [
        field("poll_question_text", poll.question.clone()),
        field("victor_answer_votes", most.to_string()),
        field("total_votes", poll.votes.len().to_string()),
    ] })
}

/// The hash by which the CDN knows a picture that was given by URL. Discord hashes the picture; here it is the URL.
fn picture(url: &str) -> String {
    let mut hasher = DefaultHasher::new();
    url.hash(&mut hasher);
    let half = hasher.finish();
    half.hash(&mut hasher);
    format!("{half:016x}{:016x}", hasher.finish())
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

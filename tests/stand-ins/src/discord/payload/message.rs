//! Message objects.
//!
//! <https://discord.com/developers/docs/resources/message>

use super::{channel, partial_member, timestamp, user};
use crate::discord::mentions;
use crate::discord::model::{Attachment, Author, Draft, Message, Poll, Reaction};
use crate::discord::reactions::emoji_object;
use crate::discord::state::{State, now};
use serde_json::{Value, json};
use std::hash::{DefaultHasher, Hash, Hasher};

/// Message flag: a thread hangs from it.
const HAS_THREAD: u64 = 1 << 5;

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
    // Whom it mentions, too, as they appear in the guild.
    if let Some(guild) = state.guilds.get(&of.guild) {
        for mentioned in object["mentions"].as_array_mut().into_iter().flatten() {
            if let Some(user) = mentions::id(&mentioned["id"]).and_then(|id| state.user(id)) {
                mentioned["member"] = partial_member(state, guild, &user);
            }
        }
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
        let told = |it: &Reaction| {
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

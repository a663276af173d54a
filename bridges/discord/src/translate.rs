//! Gateway events → envelopes, commands and news of rooms. Pure: all that is needed is in the payload (C8, C9).

use crate::ids::made_at;
use crate::names::ITSELF;
use crate::native::{BulkDeleted, Deleted, File, Message, Named, Poll, User};
use crate::parse::{Lookup, parse};
use crate::{PLATFORM, interactions, news};
use relay_contract::{
    Attachment, Author, Envelope, Event, MessageRef, NativeId, RawEvent, Reply, RoomKey, Standing, Text,
    Timestamp, Translation,
};
use serde::Deserialize;
use serde_json::{Map, Value};

/// What `listen` puts beside a native event.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Beside {
    /// Our bot's user.
    pub user: String,
    /// Our application.
    pub application: String,
    /// Names of rooms (`#ID`) and roles (`&ID`) that the text names, and of the guild (`=`) where it is wanted.
    names: Map<String, Value>,
    /// When it was heard, in milliseconds since the epoch: Discord does not date deletes.
    pub heard: i64,
}

impl Beside {
    /// The guild's name, where it is told.
    pub fn guild_name(&self) -> Option<&str> {
        self.names.get(ITSELF).and_then(Value::as_str)
    }
}

/// How much of an answered message is shown, in characters.
const EXCERPT: usize = 120;

/// What a raw event means.
pub fn event(network: &str, raw: &RawEvent) -> Translation {
    let beside = raw.payload.get("relay").map(Beside::deserialize);
    let (Some(Ok(beside)), Some(kind), Some(native)) =
        (beside, raw.payload.get("t").and_then(Value::as_str), raw.payload.get("d"))
    else {
        return Translation::Unreadable("the payload is not one that this connector made".to_owned());
    };
    let room = |channel: &str| RoomKey::new(PLATFORM, network, channel);
    let answer = match kind {
        "MESSAGE_CREATE" => Message::deserialize(native).map(|m| posted(network, &m, &beside)),
        "MESSAGE_UPDATE" => Message::deserialize(native).map(|m| edited(network, &m, &beside)),
        "MESSAGE_DELETE" => Deleted::deserialize(native)
            .map(|it| Translation::Events(vec![deleted(room(&it.channel_id), &it.id, &beside)])),
        "MESSAGE_DELETE_BULK" => BulkDeleted::deserialize(native).map(|all| {
            let each = |id: &String| deleted(room(&all.channel_id), id, &beside);
            Translation::Events(all.ids.iter().map(each).collect())
        }),
        "INTERACTION_CREATE" => Ok(interactions::call(network, native, &beside)),
        _ => Ok(news::of(kind, native, &beside).unwrap_or(Translation::Ignored("not a message"))),
    };
    answer.unwrap_or_else(|error| Translation::Unreadable(format!("{kind}: {error}")))
}

fn posted(network: &str, native: &Message, beside: &Beside) -> Translation {
    if let Some(why) = not_said_by_anybody(native.kind) {
        return Translation::Ignored(why);
    }
    let Some(author) = author(network, native, beside) else {
        return Translation::Unreadable("MESSAGE_CREATE: no author".to_owned());
    };
    let Some(message) = message(native, beside) else {
        return Translation::Ignored("nothing to show");
    };
    let at = time(native.timestamp.as_deref()).or_else(|| made_at(&native.id)).unwrap_or(beside.heard);
    Translation::Events(vec![Envelope {
        origin: RoomKey::new(PLATFORM, network, native.channel_id.as_str()),
        author: Some(author),
        at: Timestamp(at),
        event: Event::Posted(message),
    }])
}

fn edited(network: &str, native: &Message, beside: &Beside) -> Translation {
    if let Some(why) = not_said_by_anybody(native.kind) {
        return Translation::Ignored(why);
    }
    // Discord itself changes messages too: link previews, pins, flags. Only people's edits are dated.
    let Some(version) = &native.edited_timestamp else {
        return Translation::Ignored("unfurl");
    };
    if native.content.is_none() {
        return Translation::Ignored("partial update");
    }
    let Some(author) = author(network, native, beside) else {
        return Translation::Ignored("partial update");
    };
    let to = message(native, beside).unwrap_or_else(|| {
        relay_contract::Message::new(MessageRef::plain(native.id.as_str()), Text::default())
    });
    Translation::Events(vec![Envelope {
        origin: RoomKey::new(PLATFORM, network, native.channel_id.as_str()),
        author: Some(author),
        at: Timestamp(time(Some(version)).unwrap_or(beside.heard)),
        event: Event::Edited { to, version: version.clone() },
    }])
}

fn deleted(origin: RoomKey, id: &str, beside: &Beside) -> Envelope {
    let at = Timestamp(beside.heard);
    Envelope { origin, author: None, at, event: Event::Deleted { target: id.into() } }
}

/// Message types that are not what somebody said, with a word why.
///
/// <https://discord.com/developers/docs/resources/message#message-object-message-types>
fn not_said_by_anybody(kind: u64) -> Option<&'static str> {
    match kind {
        // Default, reply, slash command, context menu command.
        0 | 19 | 20 | 23 => None,
        6 => Some("pin"),
        7 => Some("join"),
        8..=11 => Some("boost"),
        18 | 21 => Some("thread started"),
        _ => Some("system message"),
    }
}

fn author(network: &str, native: &Message, beside: &Beside) -> Option<Author> {
    let user = native.author.as_ref()?;
    let is = |id: &Option<String>, ours: &str| !ours.is_empty() && id.as_deref() == Some(ours);
    let relay = (!beside.user.is_empty() && user.id == beside.user)
        || (native.webhook_id.is_some() && is(&native.application_id, &beside.application));
    let standing = if relay {
        Standing::Relay
    } else if user.bot || native.webhook_id.is_some() {
        Standing::Bot
    } else {
        Standing::Person
    };
    // Where another server keeps its pictures is not known.
    let picture = || user.picture(native.member.as_ref(), native.guild_id.as_deref());
    Some(Author {
        id: user.id.as_str().into(),
        name: user.shown(native.member.as_ref()).to_owned(),
        avatar: (network == crate::config::DISCORD).then(picture).flatten(),
        standing,
    })
}

/// The message, unless it has nothing that a bridge can show.
fn message(native: &Message, beside: &Beside) -> Option<relay_contract::Message> {
    let lookup = Lookup::new(&beside.names, &native.mentions);
    let mut body = parse(native.content.as_deref().unwrap_or_default(), &lookup);
    let mut attachments = attachments(&native.attachments, &native.sticker_items);
    for snapshot in &native.message_snapshots {
        let forwarded = &snapshot.message;
        let lookup = Lookup::new(&beside.names, &forwarded.mentions);
        body = body.followed_by(Text::plain("Forwarded:")).followed_by(parse(&forwarded.content, &lookup));
        attachments.extend(self::attachments(&forwarded.attachments, &forwarded.sticker_items));
    }
    if let Some(poll) = &native.poll {
        body = body.followed_by(Text::plain(&in_words(poll)));
    }
    if body.is_empty() && attachments.is_empty() {
        for embed in &native.embeds {
            for text in [&embed.title, &embed.description].into_iter().flatten() {
                body = body.followed_by(parse(text, &lookup));
            }
        }
    }
    if body.is_empty() && attachments.is_empty() {
        return None;
    }
    Some(relay_contract::Message {
        attachments,
        reply: reply(native, beside),
        ..relay_contract::Message::new(MessageRef::plain(native.id.as_str()), body)
    })
}

fn attachments(files: &[File], stickers: &[Named]) -> Vec<Attachment> {
    let named = |name: &str| if name.is_empty() { "file".to_owned() } else { name.to_owned() };
    let files =
        files.iter().map(|file| Attachment { size: file.size, ..Attachment::named(named(&file.filename)) });
    let stickers = stickers.iter().map(|sticker| Attachment::named(format!("sticker {}", sticker.name)));
    files.chain(stickers).collect()
}

fn in_words(poll: &Poll) -> String {
    let mut words = format!("Poll: {}", poll.question.text.as_deref().unwrap_or_default());
    for answer in &poll.answers {
        words.push_str("\n• ");
        words.push_str(answer.poll_media.text.as_deref().unwrap_or_default());
    }
    words
}

fn reply(native: &Message, beside: &Beside) -> Option<Reply> {
    let reference = native.message_reference.as_ref().filter(|reference| reference.kind == 0)?;
    let elsewhere = reference.channel_id.as_ref().is_some_and(|channel| *channel != native.channel_id);
    if native.kind != 19 || elsewhere {
        return None;
    }
    let target = NativeId::from(reference.message_id.as_deref()?);
    let answered = native.referenced_message.as_deref();
    let shown = |user: &User| user.shown(answered.and_then(|message| message.member.as_ref())).to_owned();
    let excerpt = answered.and_then(|message| {
        let lookup = Lookup::new(&beside.names, &message.mentions);
        let excerpt = parse(message.content.as_deref()?, &lookup).excerpt(EXCERPT);
        (!excerpt.is_empty()).then_some(excerpt)
    });
    Some(Reply { target, author: answered.and_then(|message| message.author.as_ref()).map(shown), excerpt })
}

/// Milliseconds since the epoch of a time as Discord writes it.
fn time(written: Option<&str>) -> Option<i64> {
    let time = twilight_model::util::Timestamp::parse(written?).ok()?;
    Some(time.as_micros().div_euclid(1_000))
}

#[cfg(test)]
#[path = "translate_tests.rs"]
mod tests;

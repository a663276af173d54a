//! Gateway events → envelopes, commands and news of rooms. Pure: all that is needed is in the payload (C8, C9).

use crate::gestures::{self, Person};
use crate::ids::made_at;
use crate::message::message;
use crate::names::ITSELF;
use crate::native::{BulkDeleted, Deleted, Member, Message, User};
use crate::{PLATFORM, interactions, news};
use relay_contract::{
    Author, Envelope, Event, MessageRef, NativeId, RawEvent, RoomKey, Standing, Text, Thread, Timestamp,
    Translation,
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
    pub names: Map<String, Value>,
    /// When it was heard, in milliseconds since the epoch: Discord does not date deletes.
    pub heard: i64,
    /// The gateway's session and the event's place in it: the same when it is repeated.
    pub version: String,
    /// The thread of a room that it happened in.
    place: Option<InThread>,
    /// Discord did not say in time what channel that is.
    nowhere: bool,
    /// Whom a reaction or a change of members is about.
    person: Option<Value>,
    /// Reactions that were cleared together, each as `{person, emoji}`.
    pub cleared: Vec<Value>,
    /// The message was pinned until now.
    pub unpinned: bool,
    /// The poll that has ended.
    pub poll: Option<Value>,
    /// The rooms that a change of members is told in.
    pub rooms: Vec<String>,
    /// The name that somebody had.
    pub was: Option<String>,
    /// The name that a room has now.
    renamed: Option<String>,
}

/// A thread, and the room that it belongs to.
#[derive(Debug, Deserialize)]
struct InThread {
    room: String,
    thread: Told,
}

/// A thread as it is told.
#[derive(Debug, Deserialize)]
struct Told {
    id: String,
    root: Option<String>,
    name: Option<String>,
}

impl Beside {
    /// The guild's name, where it is told.
    pub fn guild_name(&self) -> Option<&str> {
        self.names.get(ITSELF).and_then(Value::as_str)
    }

    /// The room of something that happened in this channel.
    pub fn room(&self, network: &str, channel: &str) -> RoomKey {
        RoomKey::new(PLATFORM, network, self.place.as_ref().map_or(channel, |place| &place.room))
    }

    /// The thread that it happened in.
    pub fn thread(&self) -> Option<Thread> {
        let told = &self.place.as_ref()?.thread;
        Some(Thread {
            id: told.id.as_str().into(),
            root: told.root.as_deref().map(NativeId::from),
            name: told.name.clone(),
        })
    }

    /// Its id.
    pub fn thread_id(&self) -> Option<NativeId> {
        self.place.as_ref().map(|place| place.thread.id.as_str().into())
    }

    /// Whom it is about.
    pub fn person(&self) -> Option<Person> {
        Person::deserialize(self.person.as_ref()?).ok()
    }
}

/// System messages: something was pinned; a poll has ended.
const PINNED: u64 = 6;
const POLL_RESULT: u64 = 46;

/// What a raw event means.
pub fn event(network: &str, raw: &RawEvent) -> Translation {
    let beside = raw.payload.get("relay").map(Beside::deserialize);
    let (Some(Ok(beside)), Some(kind), Some(native)) =
        (beside, raw.payload.get("t").and_then(Value::as_str), raw.payload.get("d"))
    else {
        return Translation::Unreadable("the payload is not one that this connector made".to_owned());
    };
    if beside.nowhere {
        return Translation::Unreadable(format!("{kind}: Discord did not say in time what channel that is"));
    }
    let room = |channel: &str| beside.room(network, channel);
    let answer = match kind {
        _ if beside.renamed.is_some() => {
            Ok(gestures::renamed(network, native, beside.renamed.as_deref().unwrap_or_default(), &beside))
        }
        "TYPING_START" => Ok(gestures::typing(network, native, &beside)),
        "GUILD_MEMBER_ADD" | "GUILD_MEMBER_REMOVE" => Ok(gestures::member(network, kind, &beside)),
        "GUILD_MEMBER_UPDATE" if !beside.rooms.is_empty() => Ok(gestures::member(network, kind, &beside)),
        kind if kind.starts_with("MESSAGE_REACTION_") => gestures::reaction(network, kind, native, &beside),
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
    match native.kind {
        PINNED => return gestures::pinned(network, native, beside),
        POLL_RESULT => return gestures::poll_ended(network, native, beside),
        _ => {}
    }
    if let Some(why) = not_said_by_anybody(native.kind) {
        return Translation::Ignored(why);
    }
    let Some(author) = author_of(network, native, beside) else {
        return Translation::Unreadable("MESSAGE_CREATE: no author".to_owned());
    };
    let Some(message) = message(network, native, beside) else {
        return Translation::Ignored("nothing to show");
    };
    let at = time(native.timestamp.as_deref()).or_else(|| made_at(&native.id)).unwrap_or(beside.heard);
    Translation::Events(vec![Envelope {
        origin: beside.room(network, &native.channel_id),
        author: Some(author),
        at: Timestamp(at),
        event: Event::Posted(message),
    }])
}

fn edited(network: &str, native: &Message, beside: &Beside) -> Translation {
    if let Some(why) = not_said_by_anybody(native.kind) {
        return Translation::Ignored(why);
    }
    if beside.unpinned
        && let Some(told) = gestures::updated(network, native, beside)
    {
        return told;
    }
    // Discord itself changes messages too: link previews, pins, flags. Only people's edits are dated.
    let Some(version) = &native.edited_timestamp else {
        return gestures::updated(network, native, beside).unwrap_or(Translation::Ignored("unfurl"));
    };
    if native.content.is_none() {
        return Translation::Ignored("partial update");
    }
    let Some(author) = author_of(network, native, beside) else {
        return Translation::Ignored("partial update");
    };
    let to = message(network, native, beside).unwrap_or_else(|| {
        let at = MessageRef::plain(native.id.as_str()).within(beside.thread_id());
        relay_contract::Message {
            thread: beside.thread(),
            ..relay_contract::Message::new(at, Text::default())
        }
    });
    Translation::Events(vec![Envelope {
        origin: beside.room(network, &native.channel_id),
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
        PINNED => Some("pin"),
        7 => Some("join"),
        8..=11 => Some("boost"),
        18 | 21 => Some("thread started"),
        POLL_RESULT => Some("poll result"),
        _ => Some("system message"),
    }
}

/// Who wrote a message.
pub fn author_of(network: &str, native: &Message, beside: &Beside) -> Option<Author> {
    let user = native.author.as_ref()?;
    let mut author = person_of(network, beside, user, native.member.as_ref());
    let is = |id: &Option<String>, ours: &str| !ours.is_empty() && id.as_deref() == Some(ours);
    if author.standing != Standing::Relay && native.webhook_id.is_some() {
        let ours = is(&native.application_id, &beside.application);
        author.standing = if ours { Standing::Relay } else { Standing::Bot };
    }
    // Where another server keeps its pictures is not known.
    let picture = || user.picture(native.member.as_ref(), native.guild_id.as_deref());
    author.avatar = (network == crate::config::DISCORD).then(picture).flatten();
    Some(author)
}

/// Somebody.
pub fn person_of(network: &str, beside: &Beside, user: &User, member: Option<&Member>) -> Author {
    let standing = match () {
        () if !beside.user.is_empty() && user.id == beside.user => Standing::Relay,
        () if user.bot => Standing::Bot,
        () => Standing::Person,
    };
    Author {
        id: user.id.as_str().into(),
        name: user.shown(member).to_owned(),
        avatar: (network == crate::config::DISCORD).then(|| user.picture(None, None)).flatten(),
        standing,
    }
}

/// Milliseconds since the epoch of a time as Discord writes it.
pub fn time(written: Option<&str>) -> Option<i64> {
    let time = twilight_model::util::Timestamp::parse(written?).ok()?;
    Some(time.as_micros().div_euclid(1_000))
}

#[cfg(test)]
#[path = "translate_tests.rs"]
mod tests;

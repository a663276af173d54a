//! What is done to messages and rooms beside saying something: reactions, pins, ended polls, members, names, typing. Pure.

use crate::PLATFORM;
use crate::ids::made_at;
use crate::native::{Member, Message, Poll, ReactedWith, Reaction, User};
use crate::translate::{Beside, author_of, person_of, time};
use relay_contract::{
    Author, Emoji, Envelope, Event, MemberChange, NativeId, RoomKey, Standing, Timestamp, Translation,
};
use serde::Deserialize;
use serde_json::Value;

/// Somebody in the payload, as `{user, member}`.
#[derive(Debug, Deserialize)]
pub struct Person {
    user: User,
    #[serde(default)]
    member: Option<Member>,
}

/// A reaction that was cleared together with others.
#[derive(Debug, Deserialize)]
struct Cleared {
    person: Person,
    emoji: ReactedWith,
}

fn at(beside: &Beside) -> Timestamp {
    Timestamp(beside.heard)
}

fn emoji_of(native: &ReactedWith) -> Option<Emoji> {
    // One that was deleted has only its id.
    let name = native.name.clone().or_else(|| native.id.clone())?;
    Some(Emoji { name, id: native.id.as_deref().map(NativeId::from) })
}

/// MESSAGE_REACTION_*.
pub fn reaction(
    network: &str,
    kind: &str,
    native: &Value,
    beside: &Beside,
) -> Result<Translation, serde_json::Error> {
    let reaction = Reaction::deserialize(native)?;
    let origin = beside.room(network, &reaction.channel_id);
    let target = NativeId::from(reaction.message_id.as_str());
    let one = |author: Option<Author>, emoji: Emoji, added: bool| Envelope {
        origin: origin.clone(),
        author,
        at: at(beside),
        event: Event::Reacted { target: target.clone(), emoji, added, version: beside.version.clone() },
    };
    let person = |person: &Person| person_of(network, beside, &person.user, person.member.as_ref());
    if reaction.user_id.is_some() {
        let (Some(emoji), Some(by)) = (reaction.emoji.as_ref().and_then(emoji_of), beside.person()) else {
            return Ok(Translation::Unreadable(format!("{kind}: no emoji, or nobody")));
        };
        return Ok(Translation::Events(vec![one(Some(person(&by)), emoji, kind == "MESSAGE_REACTION_ADD")]));
    }
    let cleared = beside.cleared.iter().filter_map(|it| Cleared::deserialize(it).ok());
    let known: Vec<_> =
        cleared.filter_map(|it| Some(one(Some(person(&it.person)), emoji_of(&it.emoji)?, false))).collect();
    if known.is_empty() {
        return Ok(Translation::Ignored("reactions cleared that were not heard of"));
    }
    Ok(Translation::Events(known))
}

/// The message that says that something was pinned.
pub fn pinned(network: &str, native: &Message, beside: &Beside) -> Translation {
    let target = native.message_reference.as_ref().and_then(|it| it.message_id.as_deref());
    let Some(target) = target else {
        return Translation::Ignored("pin");
    };
    let version = native.id.clone();
    let event = Event::Pinned { target: target.into(), on: true, version };
    let said = time(native.timestamp.as_deref()).or_else(|| made_at(&native.id)).unwrap_or(beside.heard);
    Translation::Events(vec![Envelope {
        origin: beside.room(network, &native.channel_id),
        author: author_of(network, native, beside),
        at: Timestamp(said),
        event,
    }])
}

/// What an update that is no edit tells: that a message is not pinned any more, or how its poll ended.
pub fn updated(network: &str, native: &Message, beside: &Beside) -> Option<Translation> {
    let mut events = Vec::new();
    let target = NativeId::from(native.id.as_str());
    if beside.unpinned {
        let version = beside.version.clone();
        events.push(Event::Pinned { target: target.clone(), on: false, version });
    }
    if let Some(counts) = native.poll.as_ref().and_then(Poll::final_counts) {
        events.push(Event::PollEnded { target, counts });
    }
    let origin = beside.room(network, &native.channel_id);
    let envelope = |event| Envelope { origin: origin.clone(), author: None, at: at(beside), event };
    (!events.is_empty()).then(|| Translation::Events(events.into_iter().map(envelope).collect()))
}

/// The message that says how a poll ended.
pub fn poll_ended(network: &str, native: &Message, beside: &Beside) -> Translation {
    let target = native.message_reference.as_ref().and_then(|it| it.message_id.as_deref());
    let poll = beside.poll.as_ref().and_then(|poll| Poll::deserialize(poll).ok());
    let (Some(target), Some(counts)) = (target, poll.and_then(|poll| poll.final_counts())) else {
        // The poll's own message tells it too.
        return Translation::Ignored("poll result");
    };
    Translation::Events(vec![Envelope {
        origin: beside.room(network, &native.channel_id),
        author: None,
        at: at(beside),
        event: Event::PollEnded { target: target.into(), counts },
    }])
}

/// TYPING_START.
pub fn typing(network: &str, native: &Value, beside: &Beside) -> Translation {
    match native.get("channel_id").and_then(Value::as_str) {
        Some(channel) => Translation::Typing(beside.room(network, channel), beside.thread_id()),
        None => Translation::Unreadable("TYPING_START: no channel".to_owned()),
    }
}

/// GUILD_MEMBER_*, about somebody else than ourselves: in each linked room of the guild.
pub fn member(network: &str, kind: &str, beside: &Beside) -> Translation {
    let Some(person) = beside.person() else {
        return Translation::Ignored("somebody else's roles");
    };
    let author = person_of(network, beside, &person.user, person.member.as_ref());
    if author.standing != Standing::Person {
        return Translation::Ignored("a bot");
    }
    let change = match (kind, &beside.was) {
        ("GUILD_MEMBER_ADD", _) => MemberChange::Joined,
        ("GUILD_MEMBER_REMOVE", _) => MemberChange::Left,
        (_, Some(was)) => MemberChange::Renamed(was.clone()),
        (_, None) => return Translation::Ignored("the same name"),
    };
    let each = beside.rooms.iter().map(|room| Envelope {
        origin: RoomKey::new(PLATFORM, network, room.as_str()),
        author: Some(author.clone()),
        at: at(beside),
        event: Event::Member { change: change.clone(), version: beside.version.clone() },
    });
    Translation::Events(each.collect())
}

/// A room has another name.
pub fn renamed(network: &str, native: &Value, name: &str, beside: &Beside) -> Translation {
    let Some(room) = native.get("id").and_then(Value::as_str) else {
        return Translation::Unreadable("a room without an id".to_owned());
    };
    Translation::Events(vec![Envelope {
        origin: RoomKey::new(PLATFORM, network, room),
        author: None,
        at: at(beside),
        event: Event::Renamed { name: name.to_owned(), version: beside.version.clone() },
    }])
}

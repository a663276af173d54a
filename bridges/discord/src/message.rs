//! A native message → what it says, with all that hangs on it. Pure.

use crate::native::{Message, Poll, User};
use crate::parse::{Lookup, parse};
use crate::translate::{Beside, author_of, time};
use crate::{PLATFORM, attachments, cards};
use relay_contract::{Forward, MessageKey, MessageRef, NativeId, Reply, RoomKey, Standing, Text, Timestamp};
use serde_json::Value;

/// How much of an answered message is shown, in characters.
const EXCERPT: usize = 120;
/// Message flag: its links are shown without a preview.
const SUPPRESS_EMBEDS: u64 = 1 << 2;
/// A reference to what is passed on.
const FORWARD: u64 = 1;

/// The message, unless it has nothing that a bridge can show.
pub fn message(network: &str, native: &Message, beside: &Beside) -> Option<relay_contract::Message> {
    let lookup = Lookup::new(&beside.names, &native.mentions);
    let mut body = parse(native.content.as_deref().unwrap_or_default(), &lookup);
    for snapshot in &native.message_snapshots {
        let forwarded = &snapshot.message;
        let lookup = Lookup::new(&beside.names, &forwarded.mentions);
        body = body.followed_by(parse(&forwarded.content, &lookup));
    }
    let cards = cards::of(native);
    for card in &cards {
        body = body.followed_by(cards::shown(card, &lookup));
    }
    let attachments = attachments::of(native, &cards);
    let poll = native.poll.as_ref().map(poll);
    if body.is_empty() && attachments.is_empty() && poll.is_none() {
        // A link that its client shows as nothing but what it leads to.
        body = native
            .embeds
            .iter()
            .fold(Text::default(), |body, it| body.followed_by(cards::shown(it, &lookup)));
    }
    if body.is_empty() && attachments.is_empty() && poll.is_none() {
        return None;
    }
    let at = MessageRef::plain(native.id.as_str()).within(beside.thread_id());
    Some(relay_contract::Message {
        attachments,
        reply: reply(network, native, beside),
        thread: beside.thread(),
        poll,
        forward: forward(native, beside),
        words_of: passed_on(network, native, beside).into_iter().collect(),
        no_preview: native.flags & SUPPRESS_EMBEDS != 0,
        ..relay_contract::Message::new(at, body)
    })
}

fn poll(native: &Poll) -> relay_contract::Poll {
    relay_contract::Poll {
        question: native.question.text.clone().unwrap_or_default(),
        answers: native.answers.iter().map(|it| it.poll_media.text.clone().unwrap_or_default()).collect(),
        multiple: native.allow_multiselect,
        ends: time(native.expiry.as_deref()).map(Timestamp),
    }
}

/// Discord does not tell who wrote what is passed on.
fn forward(native: &Message, beside: &Beside) -> Option<Forward> {
    let reference = native.message_reference.as_ref().filter(|reference| reference.kind == FORWARD)?;
    let name = |id: &String| beside.names.get(&format!("#{id}")).and_then(Value::as_str).map(str::to_owned);
    (!native.message_snapshots.is_empty()).then(|| Forward {
        author: None,
        author_id: None,
        room: reference.channel_id.as_ref().and_then(name),
    })
}

/// The message that is passed on. One of a thread is not found by this, unless it stands in the same one.
fn passed_on(network: &str, native: &Message, beside: &Beside) -> Option<MessageKey> {
    let reference = native.message_reference.as_ref().filter(|reference| reference.kind == FORWARD)?;
    let channel = reference.channel_id.as_deref().filter(|channel| *channel != native.channel_id);
    let room = match channel {
        Some(elsewhere) => RoomKey::new(PLATFORM, network, elsewhere),
        None => beside.room(network, &native.channel_id),
    };
    Some(MessageKey { room, id: reference.message_id.as_deref()?.into() })
}

/// What our bot and webhooks said is of others: Relay knows whose it is, or nobody does.
fn reply(network: &str, native: &Message, beside: &Beside) -> Option<Reply> {
    let reference = native.message_reference.as_ref().filter(|reference| reference.kind == 0)?;
    let elsewhere = reference.channel_id.as_ref().is_some_and(|channel| *channel != native.channel_id);
    if native.kind != 19 || elsewhere {
        return None;
    }
    let target = NativeId::from(reference.message_id.as_deref()?);
    let answered = native.referenced_message.as_deref();
    let by = answered.and_then(|answered| author_of(network, answered, beside));
    let answered = answered.filter(|_| by.is_none_or(|by| by.standing != Standing::Relay));
    let shown = |user: &User| user.shown(answered.and_then(|message| message.member.as_ref())).to_owned();
    let excerpt = answered.and_then(|message| {
        let lookup = Lookup::new(&beside.names, &message.mentions);
        let excerpt = parse(message.content.as_deref()?, &lookup).excerpt(EXCERPT);
        (!excerpt.is_empty()).then_some(excerpt)
    });
    Some(Reply { target, author: answered.and_then(|message| message.author.as_ref()).map(shown), excerpt })
}

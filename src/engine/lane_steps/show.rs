//! A message as it is shown in a lane's room: who said it, what it answers, what reacts to it.

use super::super::core::{Core, LaneHandle};
use super::super::fan_out::holder;
use super::super::files::Files;
use super::super::masked::{Seen, Whom};
use super::place::Place;
use super::reactions;
use crate::adapt::{self, Adapted, ReplyTarget, Told, names};
use crate::consent::is_pseudonymous;
use crate::store::StoreError;
use relay_contract::{Author, Event, MessageKey, Reply, RoomKey};
use xxhash_rust::xxh3::xxh3_64;

/// How much of an answered message is taken from the journal.
const LONGEST_EXCERPT: usize = 120;

/// The message, adapted.
pub fn show(
    core: &Core,
    lane: &LaneHandle,
    content: &Seen,
    files: &Files,
    place: &Place,
    channel: &str,
) -> Result<Adapted, StoreError> {
    let connector = &lane.account.connector;
    let mut message = content.message().clone();
    // Below what it hangs from: as an answer to it, or with a quote of it.
    if let (Place::Below(_), None, Some(thread)) = (place, &message.reply, &message.thread)
        && let Some(root) = thread.root.clone().filter(|root| *root != message.at.id)
    {
        message.reply = Some(Reply { target: root, author: None, excerpt: None });
    }
    let answered = match &message.reply {
        Some(reply) => answered(core, lane, content.origin(), reply)?,
        None => ReplyTarget::default(),
    };
    let name = content.by().map(|by| by.called(core, &lane.room, content.origin(), channel));
    let mut reactions = reactions::of(core, lane, content.subject())?;
    if connector.each_reacts(&lane.room) {
        reactions.retain(|reaction| reaction.native.is_none());
    }
    let told = Told {
        name: name.as_deref(),
        avatar: files.avatar.as_deref(),
        answered,
        files: &files.shown,
        thread: match place {
            Place::Begins { name, .. } => name.as_deref(),
            _ => None,
        },
        thread_root: match place {
            Place::Below(root) => Some(root),
            _ => None,
        },
        reactions: &reactions,
        whole: files.whole.as_deref(),
        language: core.language_of(&lane.room),
    };
    Ok(adapt::message(&message, &told, &connector.capabilities(&lane.room)))
}

/// What somebody is called in a room elsewhere.
pub fn called(
    core: &Core,
    room: &RoomKey,
    origin: &RoomKey,
    author: &Author,
    channel: &str,
) -> Result<String, StoreError> {
    let mark = mark_of(core, origin, author)?;
    Ok(shown_name(core, (room, channel), origin, &author.name, mark.as_deref()))
}

/// A name as a room shows it, by the template of its link in a channel.
pub fn shown_name(
    core: &Core,
    (room, channel): (&RoomKey, &str),
    origin: &RoomKey,
    name: &str,
    mark: Option<&str>,
) -> String {
    let template = core.routes.borrow().settings(room, channel).name;
    names::shown(name, &origin.platform, template.as_deref(), mark)
}

/// What tells somebody from another of the same name, who had it first. A pseudonym is nobody's to take: it never has any, and whoever is
/// called like one always has.
pub fn mark_of(core: &Core, origin: &RoomKey, author: &Author) -> Result<Option<String>, StoreError> {
    if is_pseudonymous(author.id.as_str()) {
        return Ok(None);
    }
    let who = holder(origin, author);
    let first = core.ledger.name_holder(&names::looks(&author.name))?;
    let is_second = first.is_some_and(|first| first != who && !core.is_first_by(&who, &first));
    let is_told_apart = is_second || names::looks_made(&author.name);
    Ok(is_told_apart.then(|| format!("{:03x}", xxh3_64(who.as_bytes()) & 0xFFF)))
}

/// What is known of an answered message: its name in this lane's room (first part, where it was split), and its author.
fn answered(
    core: &Core,
    lane: &LaneHandle,
    origin: &RoomKey,
    reply: &Reply,
) -> Result<ReplyTarget, StoreError> {
    let target = MessageKey { room: origin.clone(), id: reply.target.clone() };
    let Some(mapped) = core.lookup.find(&target)? else { return Ok(ReplyTarget::default()) };
    let there = core.lookup.messages(mapped.envelope, &lane.room)?.unwrap_or_default();
    let message = there.into_iter().next();
    let link = message.as_ref().and_then(|message| lane.account.connector.permalink(&lane.room, message));
    let original = core.ledger.envelope(mapped.envelope)?;
    let by = original.as_deref().and_then(|original| Some((&original.origin, original.author.as_ref()?)));
    let is_muted = by.is_some_and(|(origin, author)| core.is_muted_in(&lane.room, origin, author));
    // Nothing that is not there already.
    if is_muted && message.is_none() {
        return Ok(ReplyTarget { excerpt: Some(String::new()), ..ReplyTarget::default() });
    }
    let author = match core.author_in(&lane.room, origin, mapped.envelope)? {
        Whom::AsTheyAre(author) => author.map(|author| author.name),
        Whom::Under(author) => Some(author.name),
        // Neither who, nor what.
        Whom::Hidden => return Ok(ReplyTarget { excerpt: Some(String::new()), ..ReplyTarget::default() }),
    };
    // What was edited away or deleted must not come back in a quote. Where nothing changed, the event shows a person's own message as
    // it was then; of a bridged copy it would show name prefix and quote.
    let told = mapped.origin && reply.excerpt.is_some();
    let is_notice = original.as_ref().is_some_and(|original| matches!(original.event, Event::Noticed { .. }));
    let now = core.ledger.newest_change(mapped.envelope)?.or_else(|| original.filter(|_| !told));
    let excerpt = match &now {
        // It may have been changed since they were muted. What Relay tells a room may name people, and nobody knows any more whom.
        _ if is_muted || is_notice => Some(String::new()),
        None => None,
        Some(now) => Some(match &now.event {
            Event::Posted(message) | Event::Edited { to: message, .. } => {
                core.excerpt(&lane.room, now, message, LONGEST_EXCERPT)?
            }
            _ => String::new(),
        }),
    };
    Ok(ReplyTarget { message, link, author, excerpt })
}

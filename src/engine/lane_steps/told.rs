//! What becomes of a message in a room where none can be changed: it is told in a line of its own, which is no message of the subject.

use super::super::core::{Core, LaneHandle};
use super::super::fan_out::quotes;
use super::super::files::Files;
use super::super::masked::Seen;
use super::content::Content;
use super::place::Place;
use super::show::show;
use super::{Step, Steps, Work, notice};
use crate::adapt::{around, corrections, harmless, presentable};
use crate::store::{EnvelopeId, OutboxRow, StoreError};
use crate::text;
use crate::texts::Language;
use relay_contract::text::{Leaf, Run};
use relay_contract::{Author, Emoji, Envelope, Event, Mention, Message, MessageRef, Takes, Text};

/// How much of a message is shown to say which it is.
const LONGEST_EXCERPT: usize = 40;

/// A message was edited, or a file of it came late.
pub fn changed(
    core: &Core,
    lane: &LaneHandle,
    envelope: &Envelope,
    target: EnvelopeId,
    content: &Seen,
    files: &Files,
) -> Result<Work, StoreError> {
    let there = core.lookup.messages(target, &lane.room)?.unwrap_or_default();
    if there.is_empty() {
        return Ok(if core.ledger.is_taken_back(target)? {
            Work::Nothing
        } else {
            Work::Impossible("target_gone")
        });
    }
    let mut attachments = content.message().attachments.clone();
    let lines = match &envelope.event {
        Event::Arrived { version, .. } if quotes::is_of_quote(version) => return Ok(Work::Nothing),
        // The file's own line says what is to be said.
        Event::Arrived { .. } => vec![Text::default()],
        _ => {
            // As the room saw it: what was withheld has not gone now.
            let posted = match core.ledger.envelope(target)? {
                Some(posted) => Content::of(core, target, &posted, &OutboxRow::new("", None))?,
                None => None,
            };
            let before = posted.map(|posted| posted.seen_in(core, &lane.room, Takes::default()));
            let before = before.transpose()?.flatten().map(|before| before.message().clone());
            let before = before.unwrap_or_else(|| Message::new(MessageRef::plain(""), Text::default()));
            attachments.clear();
            let now = &content.message().attachments;
            let left: Vec<u16> = now.iter().enumerate().map(|(at, it)| content.number(at, it)).collect();
            let gone = before.attachments.iter().zip(0..).filter(|(_, number)| !left.contains(number));
            let removed =
                corrections::removed(core.language_of(&lane.room), gone.map(|(file, _)| file.name.as_str()));
            corrections::words(&before.body, &content.message().body).into_iter().chain(removed).collect()
        }
    };
    let mut work = Work::Nothing;
    for line in lines {
        let told = content.saying(|message| {
            (message.reply, message.forward, message.poll) = (None, None, None);
            (message.body, message.attachments) = (line, attachments.clone());
        });
        let adapted = show(core, lane, &told, files, &Place::Main, "")?;
        let parts = adapted.parts(|draft| lane.account.connector.render(&lane.room, draft));
        let steps = parts.into_iter().map(Step::Post);
        match &mut work {
            Work::Steps(work) => work.steps.extend(steps),
            _ => {
                work = Work::Steps(Steps { beside: true, ..Steps::of(steps.collect(), adapted, target) });
            }
        }
    }
    Ok(work)
}

/// Somebody reacted to a message. That they took it back is not told.
pub fn reacted(
    core: &Core,
    lane: &LaneHandle,
    (id, envelope): (EnvelopeId, &Envelope),
    (emoji, added): (&Emoji, bool),
    target: EnvelopeId,
    content: Option<&Seen>,
) -> Result<Work, StoreError> {
    let there = core.lookup.messages(target, &lane.room)?.unwrap_or_default();
    let (Some(content), true, false) = (content, added, there.is_empty()) else { return Ok(Work::Nothing) };
    let said = content.message().body.excerpt(LONGEST_EXCERPT);
    let language = core.language_of(&lane.room);
    let to = match said.is_empty() {
        true => text!(language, "a-message"),
        false => text!(language, "quoted", words = harmless(&said)),
    };
    let by = named(language, core.author_seen_in(&lane.room, id, envelope).as_ref());
    let emoji = harmless(&emoji.shown());
    let runs =
        around(by, |by| text!(language, "reacted", name = by, emoji = emoji.as_str(), message = to.as_str()));
    Ok(beside(lane, target, runs, there.into_iter().next()))
}

/// A person as the room names anybody: without notifying them.
pub(super) fn named(language: Language, author: Option<&Author>) -> Run {
    match author {
        Some(author) => {
            Run::new(Leaf::Mention(Mention::Person { id: None, name: presentable(&author.name) }))
        }
        None => Run::new(Leaf::Plain(text!(language, "someone"))),
    }
}

/// A line of Relay's own beside a message.
pub(super) fn beside(
    lane: &LaneHandle,
    target: EnvelopeId,
    line: Vec<Run>,
    answers: Option<MessageRef>,
) -> Work {
    match notice(lane, target, &Text::from_runs(line), answers) {
        Work::Steps(steps) => Work::Steps(Steps { is_notice: false, beside: true, ..steps }),
        other => other,
    }
}

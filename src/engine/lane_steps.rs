//! What is to be done for one outbox row: the steps, each one request to the platform. Reads the stores, changes nothing.

use super::core::{Core, LaneHandle};
use crate::adapt::{self, Adapted, ReplyTarget};
use crate::store::{EnvelopeId, OutboxRow, StoreError};
use relay_contract::{
    Author, Envelope, Event, Feature, Message, MessageKey, MessageRef, Operation, Part, Persona, Reply,
};

/// How much of an answered message is taken from the journal.
const LONGEST_EXCERPT: usize = 120;

/// What a row comes to.
pub enum Work {
    /// These steps, in this order.
    Steps(Steps),
    /// Nothing is left to do.
    Nothing,
    /// It will never be possible, for this reason.
    Impossible(&'static str),
}

/// The steps of a row.
pub struct Steps {
    /// Each is one request.
    pub steps: Vec<Step>,
    /// Under which name new messages are posted.
    persona: Option<Persona>,
    /// What the first new message answers.
    reply_to: Option<MessageRef>,
    /// The envelope whose message these steps make or change.
    pub subject: EnvelopeId,
    /// Relay says it itself: a room that has just left is told too.
    pub is_notice: bool,
    /// What the room does not show as the origin did.
    pub lost: Vec<Feature>,
}

/// One request.
pub enum Step {
    /// A new message.
    Post(Part),
    /// A change of an existing one.
    Edit(MessageRef, Part),
    /// The end of an existing one.
    Delete(MessageRef),
}

impl Steps {
    /// The request of a step.
    pub fn operation(&self, at: usize) -> Option<Operation<'_>> {
        Some(match self.steps.get(at)? {
            Step::Post(part) => Operation::Post {
                part,
                persona: self.persona.as_ref(),
                reply_to: self.reply_to.as_ref().filter(|_| at == 0),
                thread: None,
                files: &[],
            },
            Step::Edit(target, part) => Operation::Edit { target, part },
            Step::Delete(target) => Operation::Delete { target },
        })
    }
}

/// Works out a row's steps. Pure parts (adapt, render) may panic over a poison message: the lane fences this call.
pub fn plan(core: &Core, lane: &LaneHandle, id: EnvelopeId, row: &OutboxRow) -> Result<Work, StoreError> {
    let Some(envelope) = core.ledger.envelope(id)? else {
        return Ok(Work::Impossible("its envelope is not in the journal"));
    };
    match (&envelope.event, row.target) {
        (Event::Posted(_), _) if !core.routes.borrow().speaks(&lane.room) => Ok(Work::Impossible("unlinked")),
        (Event::Noticed { body, .. }, _) => {
            let connector = &lane.account.connector;
            let adapted = adapt::notice(body, &connector.capabilities(&lane.room));
            let parts = adapted.parts(|draft| connector.render(&lane.room, draft));
            let steps = steps_of(parts.into_iter().map(Step::Post).collect(), adapted, id);
            Ok(Work::Steps(Steps { is_notice: true, ..steps }))
        }
        (Event::Posted(message), _) => {
            let (adapted, parts) = show(core, lane, &envelope, envelope.author.as_ref(), message)?;
            let steps = parts.into_iter().map(Step::Post).collect();
            Ok(Work::Steps(steps_of(steps, adapted, id)))
        }
        (Event::Edited { to, .. }, Some(target)) => edit(core, lane, &envelope, to, target),
        (Event::Deleted { .. }, Some(target)) => {
            let there = core.lookup.messages(target, &lane.room)?.unwrap_or_default();
            if there.is_empty() {
                return Ok(Work::Nothing);
            }
            let steps = there.into_iter().map(Step::Delete).collect();
            Ok(Work::Steps(Steps {
                steps,
                persona: None,
                reply_to: None,
                subject: target,
                is_notice: false,
                lost: Vec::new(),
            }))
        }
        (_, None) => Ok(Work::Impossible("its target is not known")),
        _ => Ok(Work::Nothing),
    }
}

/// The parts that were are changed, what is too much is deleted, what is missing is posted.
fn edit(
    core: &Core,
    lane: &LaneHandle,
    envelope: &Envelope,
    to: &Message,
    target: EnvelopeId,
) -> Result<Work, StoreError> {
    let there = core.lookup.messages(target, &lane.room)?.unwrap_or_default();
    if there.is_empty() {
        return Ok(Work::Impossible("target_gone"));
    }
    // The original's author: persona and prefix stay as they were, whatever the edit event tells.
    let original = core.ledger.envelope(target)?.and_then(|original| original.author);
    let author = original.as_ref().or(envelope.author.as_ref());
    let (adapted, parts) = show(core, lane, envelope, author, to)?;
    let mut parts = parts.into_iter();
    let mut steps = Vec::new();
    for message in there {
        steps.push(match parts.next() {
            Some(part) => Step::Edit(message, part),
            None => Step::Delete(message),
        });
    }
    // A room that has left is told what changes in what it has, and gets nothing new.
    if core.routes.borrow().speaks(&lane.room) {
        steps.extend(parts.map(Step::Post));
    }
    Ok(Work::Steps(Steps { reply_to: None, ..steps_of(steps, adapted, target) }))
}

fn steps_of(steps: Vec<Step>, adapted: Adapted, subject: EnvelopeId) -> Steps {
    Steps {
        steps,
        persona: adapted.persona,
        reply_to: adapted.reply_to,
        subject,
        is_notice: false,
        lost: adapted.lost,
    }
}

fn show(
    core: &Core,
    lane: &LaneHandle,
    envelope: &Envelope,
    author: Option<&Author>,
    message: &Message,
) -> Result<(Adapted, Vec<Part>), StoreError> {
    let connector = &lane.account.connector;
    let capabilities = connector.capabilities(&lane.room);
    let answered = match &message.reply {
        Some(reply) => {
            let target = MessageKey { room: envelope.origin.clone(), id: reply.target.clone() };
            answered(core, lane, reply, &target)?
        }
        None => ReplyTarget::default(),
    };
    let adapted = adapt::message(author, message, &answered, &capabilities);
    let parts = adapted.parts(|draft| connector.render(&lane.room, draft));
    Ok((adapted, parts))
}

/// What is known of an answered message: its name in this lane's room (first part, where it was split), and its author.
fn answered(
    core: &Core,
    lane: &LaneHandle,
    reply: &Reply,
    target: &MessageKey,
) -> Result<ReplyTarget, StoreError> {
    let Some(mapped) = core.lookup.find(target)? else { return Ok(ReplyTarget::default()) };
    let there = core.lookup.messages(mapped.envelope, &lane.room)?.unwrap_or_default();
    let message = there.into_iter().next();
    let link = message.as_ref().and_then(|message| lane.account.connector.permalink(&lane.room, message));
    let original = core.ledger.envelope(mapped.envelope)?;
    let author = original.as_ref().and_then(|original| Some(original.author.as_ref()?.name.clone()));
    // The event shows a person's own message as it is now; of a bridged copy it would show name prefix and quote. What was
    // edited away or deleted must not come back in a quote.
    let now = if mapped.origin && reply.excerpt.is_some() {
        None
    } else {
        core.ledger.newest_change(mapped.envelope)?.or(original)
    };
    let excerpt = now.map(|now| match now.event {
        Event::Posted(message) | Event::Edited { to: message, .. } => message.body.excerpt(LONGEST_EXCERPT),
        Event::Deleted { .. }
        | Event::Reacted { .. }
        | Event::Pinned { .. }
        | Event::PollEnded { .. }
        | Event::Member { .. }
        | Event::Renamed { .. } => String::new(),
        Event::Noticed { body, .. } => body.excerpt(LONGEST_EXCERPT),
    });
    Ok(ReplyTarget { message, link, author, excerpt })
}

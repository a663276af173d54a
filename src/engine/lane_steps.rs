//! What is to be done for one outbox row: the steps, each one request to the platform. Reads the stores, changes nothing.

mod change;
mod content;
mod deleted;
mod left;
mod place;
mod reactions;
mod show;
mod speaker;
mod told;
mod unseen;

pub use content::Content;
pub use left::Ran;
pub use show::{called, mark_of, shown_name};
pub use unseen::outdated;

use super::core::{Core, LaneHandle};
use super::fan_out::quotes;
use super::files::Files;
use super::masked::{NAMELESS, Seen};
use crate::adapt::{self, Adapted};
use crate::audit::Left;
use crate::store::{EnvelopeId, OutboxRow, ShownReactions, StoreError};
use crate::text;
use place::Place;
use relay_contract::{
    Envelope, Event, Feature, MessageRef, NativeId, Operation, Part, Persona, Speaker, Support, Takes, Text,
    Upload,
};

/// How the version begins of an arrival that puts reactions and pin on what took a message's place.
pub const AGAIN: &str = "again ";

/// The same of one that shows a message anew because of whom it names.
pub const MASKED: &str = "masked ";

/// How the id of a notice begins that is pinned where none was before.
pub const PINNED: &str = "pinned ";

/// The same of one that is pinned in the place of the one that was.
pub const PINNED_ANEW: &str = "repinned ";

/// The same of one that says that from now on things are carried without being allowed first.
pub const LOOSENED: &str = "loosened ";

/// What a row comes to.
#[expect(clippy::large_enum_variant, reason = "there is one at a time, and most are steps")]
pub enum Work {
    /// These steps, in this order.
    Steps(Steps),
    /// These are put on a message, each remembered when it is.
    Marks {
        /// Each with what Relay shows on the message when it is done.
        marks: Vec<(Mark, ShownReactions)>,
        /// The envelope of the message.
        subject: EnvelopeId,
        /// A person wrote that message.
        of_person: bool,
        /// They are all: otherwise the row is looked at again.
        are_all: bool,
    },
    /// A thread is to be opened first; then the row is looked at again.
    Open {
        /// The message it hangs from.
        root: Option<MessageRef>,
        /// Its name.
        name: String,
        /// The conversation that it is.
        conversation: EnvelopeId,
    },
    /// Nothing is left to do.
    Nothing,
    /// It will never be possible, for this reason.
    Impossible(&'static str),
}

/// The steps of a row.
#[derive(Default)]
pub struct Steps {
    /// Each is one request.
    pub steps: Vec<Step>,
    /// Under which name new messages are posted.
    persona: Option<Persona>,
    /// Who that is.
    speaker: Option<Speaker>,
    /// What the first new message answers.
    reply_to: Option<MessageRef>,
    /// The thread that new messages go into.
    thread: Option<NativeId>,
    /// The envelope whose message these steps make or change.
    pub subject: EnvelopeId,
    /// The conversation that begins in the room with the first new message.
    pub begins: Option<EnvelopeId>,
    /// What Relay itself has put on the message when all is done.
    pub shown: Option<ShownReactions>,
    /// Relay says it itself: a room that has just left is told too.
    pub is_notice: bool,
    /// It is a notice that is to be pinned.
    pub pins: bool,
    /// In the place of the one that was pinned before.
    pub replaces_pinned: bool,
    /// It says that from now on things are carried without being allowed first.
    pub loosens: bool,
    /// It concerns a message that a person wrote: a refusal says nothing about what Relay may do with its own.
    pub of_person: bool,
    /// They lead from a message that is there to what it is to be.
    pub rerenders: bool,
    /// What the steps make is no message of the subject: a poll's result.
    pub beside: bool,
    /// What the room does not show as the origin did.
    pub lost: Vec<Feature>,
    /// What the audit is told of them.
    pub left: Option<Left>,
    /// What they show is without the words of others that were passed on or quoted.
    pub words_out: bool,
}

/// One request.
pub enum Step {
    /// A new message.
    Post(Part),
    /// A change of an existing one.
    Edit(MessageRef, Part),
    /// Nothing: it is as it should be.
    Keep(MessageRef),
    /// The end of an existing one.
    Delete(MessageRef),
}

/// What Relay puts on a message that stays as it is, or takes away.
pub enum Mark {
    /// A reaction: Relay's own, or somebody's where each reacts for themselves.
    React {
        /// The message.
        target: MessageRef,
        /// As the room writes it.
        emoji: String,
        /// Whether it is put or taken away.
        on: bool,
        /// Whose.
        by: Option<Speaker>,
    },
    /// At the top of the room, or not any more.
    Pin {
        /// The message.
        target: MessageRef,
        /// Whether it is.
        on: bool,
    },
}

impl Mark {
    /// The request.
    pub fn operation(&self) -> Operation<'_> {
        match self {
            Self::React { target, emoji, on, .. } => Operation::React { target, emoji, on: *on },
            Self::Pin { target, on } => Operation::Pin { target, on: *on },
        }
    }

    /// Who does it, where that is not Relay.
    pub fn by(&self) -> Option<&Speaker> {
        match self {
            Self::React { by, .. } => by.as_ref(),
            Self::Pin { .. } => None,
        }
    }
}

impl Steps {
    /// The request of a step, with the files of its part and the name of this part of this delivery.
    pub fn operation<'a>(&'a self, at: usize, files: &'a [Upload], key: &'a str) -> Option<Operation<'a>> {
        Some(match self.steps.get(at)? {
            Step::Post(part) => Operation::Post {
                part,
                persona: self.persona.as_ref(),
                reply_to: self.reply_to.as_ref().filter(|_| at == 0),
                thread: self.thread.as_ref(),
                files,
                key,
            },
            Step::Edit(target, part) => Operation::Edit { target, part },
            Step::Delete(target) => Operation::Delete { target },
            Step::Keep(_) => return None,
        })
    }

    /// Whose the steps are, where people of elsewhere have accounts of their own.
    pub fn speaker(&self) -> Option<&Speaker> {
        self.speaker.as_ref()
    }

    /// Whether the subject's messages in the room are others afterwards.
    pub fn change_messages(&self) -> bool {
        let changes = |step: &Step| matches!(step, Step::Post(_) | Step::Edit(..) | Step::Delete(_));
        !self.of_person && !self.beside && self.steps.iter().any(changes)
    }

    /// Whether other messages may have taken the place of those that bore reactions.
    pub fn replace_messages(&self) -> bool {
        self.rerenders && self.steps.iter().any(|step| matches!(step, Step::Post(_) | Step::Delete(_)))
    }

    fn of(steps: Vec<Step>, adapted: Adapted, subject: EnvelopeId) -> Self {
        Self {
            steps,
            persona: adapted.persona,
            reply_to: adapted.reply_to,
            subject,
            lost: adapted.lost,
            ..Self::default()
        }
    }
}

/// Works out a row's steps. Pure parts (adapt, render) may panic over a poison message: the lane fences this call.
pub fn plan(
    core: &Core,
    lane: &LaneHandle,
    id: EnvelopeId,
    envelope: &Envelope,
    row: &OutboxRow,
    content: Option<&Seen>,
    files: &Files,
) -> Result<Work, StoreError> {
    Ok(match work(core, lane, id, envelope, row, content, files)? {
        Work::Steps(steps) => {
            let name = steps.persona.as_ref().map(|persona| persona.name.clone());
            let speaker = name.and_then(|name| speaker::of(lane, envelope, content, files, name));
            Work::Steps(Steps { speaker, ..steps })
        }
        other => other,
    })
}

fn work(
    core: &Core,
    lane: &LaneHandle,
    id: EnvelopeId,
    envelope: &Envelope,
    row: &OutboxRow,
    content: Option<&Seen>,
    files: &Files,
) -> Result<Work, StoreError> {
    let can = lane.account.connector.capabilities(&lane.room);
    let changes = can.shows(Feature::Edit) == Support::Native;
    match (&envelope.event, row.target, content) {
        (Event::Posted(_), _, _) if !core.routes.borrow().speaks(&lane.room) => {
            Ok(Work::Impossible("unlinked"))
        }
        (Event::Posted(_), _, Some(content)) => post(core, lane, row, content, files),
        (Event::Noticed { id: native, body, .. }, _, _) => Ok(match notice(lane, id, body, None) {
            Work::Steps(steps) => {
                let is = |kind: &str| native.as_str().starts_with(kind);
                let (loosens, can_pin) = (is(LOOSENED), can.shows(Feature::Pin) == Support::Native);
                let replaces_pinned = loosens || is(PINNED_ANEW);
                let pins = (is(PINNED) || replaces_pinned) && can_pin;
                Work::Steps(Steps { pins, replaces_pinned, loosens, ..steps })
            }
            other => other,
        }),
        (Event::Member { .. } | Event::Renamed { .. }, _, _) => {
            let words = super::news::in_words(core, &lane.room, envelope);
            Ok(words.map_or(Work::Nothing, |words| notice(lane, id, &words, None)))
        }
        (Event::Arrived { version, .. }, Some(_), _) if !changes && version.starts_with(AGAIN) => {
            Ok(Work::Nothing)
        }
        (Event::Arrived { version, .. }, Some(target), content) if version.starts_with(AGAIN) => {
            reactions::plan(core, lane, target, row, content, files)
        }
        (Event::Arrived { version, .. }, Some(target), Some(_)) if has_file(core, lane, target, version)? => {
            Ok(Work::Nothing)
        }
        (Event::Arrived { version, .. }, Some(target), content) if version.starts_with(MASKED) => {
            unseen::masked(core, lane, target, content, files)
        }
        // Where an answer is one, it quotes nothing.
        (Event::Arrived { version, .. }, Some(_), _)
            if quotes::is_of_quote(version) && can.shows(Feature::Reply) == Support::Native =>
        {
            Ok(Work::Nothing)
        }
        (Event::Edited { .. } | Event::Arrived { .. }, Some(target), Some(content)) if !changes => {
            told::changed(core, lane, envelope, target, content, files)
        }
        // A name beside a message cannot be changed: where it is not to be seen any more, another takes its place.
        (Event::Edited { .. }, Some(target), Some(content))
            if content.did().contains(&NAMELESS) && can.shows(Feature::Persona) == Support::Native =>
        {
            change::anew(core, lane, target, content, files)
        }
        (Event::Edited { .. } | Event::Arrived { .. }, Some(target), Some(content)) => {
            change::rerender(core, lane, target, content, files)
        }
        (Event::Reacted { emoji, added, .. }, Some(target), content)
            if !changes && can.shows(Feature::Reaction) == Support::Fallback =>
        {
            told::reacted(core, lane, (id, envelope), (emoji, *added), target, content)
        }
        (Event::Reacted { .. }, Some(target), content) => {
            reactions::plan(core, lane, target, row, content, files)
        }
        (Event::Deleted { .. } | Event::Removed { .. }, Some(target), _)
            if can.shows(Feature::Delete) == Support::Fallback =>
        {
            deleted::plan(core, lane, id, envelope, target)
        }
        (Event::Deleted { .. } | Event::Removed { .. }, Some(target), _) => delete(core, lane, target),
        (Event::Pinned { on, .. }, Some(target), _) => {
            let there = core.lookup.messages(target, &lane.room)?.unwrap_or_default();
            let Some(first) = there.into_iter().next() else { return Ok(Work::Nothing) };
            match can.shows(Feature::Pin) {
                Support::Native => {}
                Support::Fallback => {
                    let language = core.language_of(&lane.room);
                    let place = super::news::place(core, language, &envelope.origin);
                    let words = match on {
                        true => text!(language, "news-pinned", place = place),
                        false => text!(language, "news-unpinned", place = place),
                    };
                    let thread = first.thread.clone();
                    return Ok(match notice(lane, id, &Text::plain(&words), Some(first)) {
                        Work::Steps(steps) => Work::Steps(Steps { thread, is_notice: false, ..steps }),
                        other => other,
                    });
                }
                Support::Dropped => return Ok(Work::Nothing),
            }
            let shown = core.ledger.shown_reactions(target, &lane.room)?;
            let shown = ShownReactions { pinned: on.then(|| first.id.to_string()), ..shown };
            let marks = vec![(Mark::Pin { target: first, on: *on }, shown)];
            Ok(Work::Marks { marks, subject: target, of_person: true, are_all: true })
        }
        (Event::PollEnded { counts, .. }, Some(target), _) => {
            poll_result(core, lane, id, envelope, target, counts)
        }
        (_, Some(_), None) => Ok(Work::Nothing),
        (_, None, _) => Ok(Work::Impossible("its target is not known")),
    }
}

/// Whether the room has a file already: it waited for its own turn longer than the file took.
fn has_file(core: &Core, lane: &LaneHandle, target: EnvelopeId, number: &str) -> Result<bool, StoreError> {
    let there = core.lookup.messages(target, &lane.room)?.unwrap_or_default();
    let number = number.parse::<u16>().ok();
    Ok(there.iter().any(|message| message.files.iter().any(|file| Some(*file) == number)))
}

fn post(
    core: &Core,
    lane: &LaneHandle,
    row: &OutboxRow,
    content: &Seen,
    files: &Files,
) -> Result<Work, StoreError> {
    let place = place::of(core, lane, row, content)?;
    if let Place::Open { root, name, conversation } = place {
        return Ok(Work::Open { root, name, conversation });
    }
    let adapted = show::show(core, lane, content, files, &place, &row.channel)?;
    let parts = adapted.parts(|draft| lane.account.connector.render(&lane.room, draft));
    let steps = parts.into_iter().map(Step::Post).collect();
    let begins = match &place {
        Place::Begins { conversation, .. } => Some(*conversation),
        // In a forum every message begins a conversation of its own.
        Place::Main if lane.account.connector.capabilities(&lane.room).only_threads => {
            Some(content.subject())
        }
        _ => None,
    };
    let thread = match place {
        Place::Thread(thread) => Some(thread),
        _ => None,
    };
    Ok(Work::Steps(Steps { thread, begins, ..Steps::of(steps, adapted, content.subject()) }))
}

fn notice(lane: &LaneHandle, id: EnvelopeId, body: &Text, reply_to: Option<MessageRef>) -> Work {
    let connector = &lane.account.connector;
    let adapted = adapt::notice(body, reply_to, &connector.capabilities(&lane.room));
    let parts = adapted.parts(|draft| connector.render(&lane.room, draft));
    let steps = parts.into_iter().map(Step::Post).collect();
    Work::Steps(Steps { is_notice: true, ..Steps::of(steps, adapted, id) })
}

fn delete(core: &Core, lane: &LaneHandle, target: EnvelopeId) -> Result<Work, StoreError> {
    let there = core.lookup.messages(target, &lane.room)?.unwrap_or_default();
    if there.is_empty() {
        return Ok(Work::Nothing);
    }
    let original = core.ledger.envelope(target)?;
    // What Relay itself said in the room is a copy like others.
    let is_by_person = |original: &Envelope| matches!(original.event, Event::Posted(_));
    let of_person = original.is_some_and(|original| original.origin == lane.room && is_by_person(&original));
    let steps = there.into_iter().map(Step::Delete).collect();
    Ok(Work::Steps(Steps { steps, subject: target, of_person, ..Steps::default() }))
}

/// A room that holds a poll, a copy of it, or its words is told how it ended elsewhere.
fn poll_result(
    core: &Core,
    lane: &LaneHandle,
    id: EnvelopeId,
    envelope: &Envelope,
    target: EnvelopeId,
    counts: &[u64],
) -> Result<Work, StoreError> {
    let Some(now) = Content::now(core, target)? else { return Ok(Work::Nothing) };
    let seen = now.seen_in(core, &lane.room, Takes::default())?;
    let Some(poll) = seen.as_ref().and_then(|seen| seen.message().poll.as_ref()) else {
        return Ok(Work::Nothing);
    };
    let there = core.lookup.messages(target, &lane.room)?.unwrap_or_default();
    let thread = there.first().and_then(|message| message.thread.clone());
    let language = core.language_of(&lane.room);
    let at = super::news::place_in_words(core, language, &envelope.origin);
    let words = adapt::poll_result(language, poll, counts, &at);
    Ok(match notice(lane, id, &words, there.into_iter().next()) {
        Work::Steps(steps) => Work::Steps(Steps { thread, is_notice: false, ..steps }),
        other => other,
    })
}

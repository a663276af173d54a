//! What a room is told of what was deleted elsewhere, where nothing can be: one line, however much was deleted at once.

use super::super::core::{Core, LaneHandle};
use super::Work;
use super::told::{beside, named};
use crate::adapt::around;
use crate::store::{EnvelopeId, StoreError};
use crate::text;
use crate::texts::Language;
use relay_contract::text::{Leaf, Run};
use relay_contract::{Author, Envelope, Event, Timestamp};
use std::ops::ControlFlow;

/// So much of the journal is looked through for what was deleted at the same time and tells of it later, and for what it tells of.
const LATER: usize = 1_000;
const EARLIER: usize = 20_000;
/// What is deleted at once is accepted within this time.
const AT_ONCE: i64 = 60_000;

/// What of a room was deleted, with others at the same time or alone.
#[derive(Debug, Default, PartialEq)]
struct Deleted {
    /// Who said it; none where that is not known.
    authors: Vec<Option<Author>>,
    messages: usize,
    first: Option<Timestamp>,
    last: Option<Timestamp>,
}

/// A message was deleted. What it said is not said again. Of what was deleted at once, as a purge does, the last one tells.
pub fn plan(
    core: &Core,
    lane: &LaneHandle,
    id: EnvelopeId,
    envelope: &Envelope,
    target: EnvelopeId,
) -> Result<Work, StoreError> {
    let Some(original) = there(core, lane, target)? else { return Ok(Work::Nothing) };
    let mut deleted = Deleted::default();
    deleted.add(&original);
    // Whoever deletes one message by hand is known, or it is the only one of its time.
    if envelope.author.is_none() {
        if is_told_later(core, lane, id, envelope)? {
            return Ok(Work::Nothing);
        }
        for original in told_with(core, lane, id, envelope)? {
            deleted.add(&original);
        }
    }
    Ok(beside(lane, target, deleted.in_words(core.language_of(&lane.room)), None))
}

/// The message, if a copy of it is in the room. What a person said here stays, and they know it.
fn there(core: &Core, lane: &LaneHandle, target: EnvelopeId) -> Result<Option<Envelope>, StoreError> {
    let there = core.lookup.messages(target, &lane.room)?.unwrap_or_default();
    let original = core.ledger.envelope(target)?.filter(|original| original.origin != lane.room);
    // What Relay told itself is nobody's message.
    let original = original.filter(|original| matches!(original.event, Event::Posted(_)));
    let Some(original) = original.filter(|_| !there.is_empty()) else { return Ok(None) };
    // Whoever is not to be seen here any more is not named for what is taken away.
    let author = core.author_seen_in(&lane.room, target, &original);
    Ok(Some(Envelope { author, ..(*original).clone() }))
}

/// Whether an envelope deletes something at the same time.
fn is_with(envelope: &Envelope, other: &Envelope) -> bool {
    let deletes = matches!(other.event, Event::Deleted { .. } | Event::Removed { .. });
    deletes && other.author.is_none() && other.at == envelope.at
}

/// Whether another delete of the same time still waits for this room.
fn is_told_later(
    core: &Core,
    lane: &LaneHandle,
    id: EnvelopeId,
    envelope: &Envelope,
) -> Result<bool, StoreError> {
    let mut later = Ok(false);
    let _ = core.ledger.accepted_after(id, LATER, |other, of| {
        if is_with(envelope, &of) {
            let row = core.ledger.row(&lane.room, other);
            let target = row.map(|row| row.and_then(|row| row.target));
            later = target.and_then(|target| match target {
                Some(target) => Ok(there(core, lane, target)?.is_some()),
                None => Ok(false),
            });
        }
        match later {
            Ok(false) if other.at().0 - id.at().0 <= AT_ONCE => ControlFlow::Continue(()),
            _ => ControlFlow::Break(()),
        }
    })?;
    later
}

/// The messages that were deleted at the same time, before this one.
fn told_with(
    core: &Core,
    lane: &LaneHandle,
    id: EnvelopeId,
    envelope: &Envelope,
) -> Result<Vec<Envelope>, StoreError> {
    let mut with = Vec::new();
    core.ledger.accepted_before(id, EARLIER, |other, of| {
        if is_with(envelope, &of) {
            with.push(of);
        }
        if id.at().0 - other.at().0 <= AT_ONCE { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    let mut told = Vec::with_capacity(with.len());
    for subject in with.iter().filter_map(Envelope::subject) {
        if let Some(found) = core.lookup.find(&subject)? {
            told.extend(there(core, lane, found.envelope)?);
        }
    }
    Ok(told)
}

impl Deleted {
    fn add(&mut self, original: &Envelope) {
        let by = original.author.as_ref();
        if !self.authors.iter().any(|author| author.as_ref().map(|a| &a.id) == by.map(|by| &by.id)) {
            self.authors.push(by.cloned());
        }
        self.messages += 1;
        self.first = Some(self.first.map_or(original.at, |first| first.min(original.at)));
        self.last = self.last.max(Some(original.at));
    }

    fn in_words(&self, language: Language) -> Vec<Run> {
        let (first, last) = (self.first.map(clock), self.last.map(clock));
        let (first, last) = (first.unwrap_or_default(), last.unwrap_or_default());
        let (first, last) = (first.as_str(), last.as_str());
        let when = if first == last { "at" } else { "from" };
        let count = self.messages;
        match &self.authors[..] {
            [author] if count == 1 => around(named(language, author.as_ref()), |name| {
                text!(language, "deleted-one", name = name, first = first)
            }),
            [author] => around(named(language, author.as_ref()), |name| {
                text!(
                    language,
                    "deleted-of-one",
                    when = when,
                    count = count,
                    name = name,
                    first = first,
                    last = last
                )
            }),
            people => vec![Run::new(Leaf::Plain(text!(
                language,
                "deleted-of-many",
                when = when,
                count = count,
                people = people.len(),
                first = first,
                last = last,
            )))],
        }
    }
}

/// Hours and minutes, in UTC.
fn clock(at: Timestamp) -> String {
    let at = jiff::Timestamp::from_millisecond(at.0).map(|at| at.strftime("%H:%M").to_string());
    at.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use relay_contract::{Event, Message, MessageRef, NativeId, Platform, RoomKey, Standing, Text};

    #[test]
    fn however_much_was_deleted_it_is_one_line() {
        const MINUTE: i64 = 60_000;
        // Who said what at which minute, and what is told of it.
        let cases: [(&[(&str, i64)], &str); 5] = [
            (&[("Ada", 1)], "🗑 deleted: what @Ada said at 00:01 UTC"),
            (&[("Ada", 1), ("Ada", 1)], "🗑 deleted: 2 messages that @Ada said at 00:01 UTC"),
            (
                &[("Ada", 9), ("Ada", 1), ("Ada", 3)],
                "🗑 deleted: 3 messages that @Ada said from 00:01 UTC to 00:09 UTC",
            ),
            (
                &[("Ada", 1), ("Ivo", 2)],
                "🗑 deleted: 2 messages that 2 people said from 00:01 UTC to 00:02 UTC",
            ),
            (&[("", 1)], "🗑 deleted: what someone said at 00:01 UTC"),
        ];
        for (said, words) in cases {
            let mut deleted = Deleted::default();
            for (name, minute) in said {
                let author = (!name.is_empty()).then(|| Author {
                    id: NativeId::from(*name),
                    name: (*name).to_owned(),
                    avatar: None,
                    standing: Standing::Person,
                });
                deleted.add(&Envelope {
                    origin: RoomKey::new(Platform::new("p"), "n", "r"),
                    author,
                    at: Timestamp(minute * MINUTE),
                    event: Event::Posted(Message::new(MessageRef::plain("1"), Text::plain("secret"))),
                });
            }
            assert_eq!(Text::from_runs(deleted.in_words(Language::English)).excerpt(200), words, "{said:?}");
        }
        let (first, last) = (Some(Timestamp(MINUTE)), Some(Timestamp(2 * MINUTE)));
        let deleted = Deleted { authors: vec![None], messages: 2, first, last };
        assert_eq!(
            Text::from_runs(deleted.in_words(Language::German)).excerpt(200),
            "🗑 gelöscht: 2 Nachrichten, die jemand von 00:01 bis 00:02 UTC geschrieben hat"
        );
    }
}

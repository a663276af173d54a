//! What an envelope leads to: a row for each room that is to see something, and what is to be remembered with it. Reads the stores,
//! changes nothing.

use super::super::consent::Deed;
use super::super::core::Core;
use super::super::lane_steps::Content;
use crate::adapt::names;
use crate::consent::{DataClass, Person};
use crate::observe::Count;
use crate::routing::Notices;
use crate::store::ledger::FannedOut;
use crate::store::{EnvelopeId, Mapped, Note, OutboxRow, Reactor, StoreError, ThreadThere, stream};
use relay_contract::{
    Author, Envelope, Event, Message, MessageKey, MessageRef, NativeId, RoomKey, Thread, Timestamp,
};
use std::collections::{BTreeSet, HashMap, HashSet};

/// What earlier envelopes of the same batch lead to, which the ledger does not know yet.
#[derive(Default)]
pub struct Planned {
    rooms: HashMap<EnvelopeId, Vec<RoomKey>>,
    threads: HashMap<(RoomKey, NativeId), EnvelopeId>,
    names: HashMap<String, String>,
    within: HashMap<EnvelopeId, EnvelopeId>,
    changed: HashSet<EnvelopeId>,
    taken_back: HashSet<EnvelopeId>,
}

impl Planned {
    /// Adds one.
    pub fn add(&mut self, one: &FannedOut) {
        self.rooms.insert(one.id, one.rows.iter().map(|(room, _)| room.clone()).collect());
        self.changed.extend(one.changes);
        self.taken_back.extend(one.changes.filter(|_| one.takes_back));
        for note in &one.notes {
            match note {
                Note::Thread { room, of, there: ThreadThere { thread: Some(thread), .. } } => {
                    self.threads.insert((room.clone(), thread.clone()), *of);
                }
                Note::Within { message, of } => {
                    self.within.insert(*message, *of);
                }
                Note::Name { looks, holder } => {
                    self.names.insert(looks.clone(), holder.clone());
                }
                _ => {}
            }
        }
    }

    /// All rooms that get a row.
    pub fn into_rooms(self) -> BTreeSet<RoomKey> {
        self.rooms.into_values().flatten().collect()
    }
}

/// Works out what one envelope leads to.
pub fn plan(core: &Core, id: EnvelopeId, planned: &Planned) -> Result<FannedOut, StoreError> {
    let Some(envelope) = core.ledger.envelope(id)? else {
        return Err(StoreError::Corrupt { place: "journal", why: format!("envelope {id} is not there") });
    };
    let planning = Planning { core, id, envelope: &envelope, planned };
    match &envelope.event {
        Event::Posted(message) => planning.posted(message),
        Event::Noticed { channel, .. } => Ok(planning.noticed(channel)),
        Event::Member { .. } | Event::Renamed { .. } => Ok(planning.news()),
        Event::Edited { .. } => match planning.own_target()? {
            // An edit that came in behind a delete brings nothing back.
            Some(target) if planning.is_taken_back(target)? => Ok(planning.refused(Count::Ignored)),
            Some(target) if planning.is_its_author(target)? => match planning.changes_nothing(target)? {
                true => Ok(FannedOut::nowhere(id)),
                false => planning.changed(target),
            },
            Some(_) => Ok(planning.refused(Count::NotTheAuthor)),
            None => Ok(FannedOut::nowhere(id)),
        },
        Event::Deleted { .. } => planning.deleted(),
        Event::Removed { .. } => match planning.target()? {
            Some(found) => planning.removed(found.envelope),
            None => Ok(planning.refused(Count::UnknownTarget)),
        },
        Event::Reacted { emoji, added, .. } => match planning.target()? {
            Some(found) => planning.reacted(found.envelope, emoji, *added),
            None => Ok(planning.refused(Count::UnknownTarget)),
        },
        Event::Pinned { .. } | Event::PollEnded { .. } => match planning.target()? {
            // What Relay says is pinned in each room as people there like it.
            Some(found) if planning.is_notice(found.envelope)? => Ok(FannedOut::nowhere(id)),
            Some(found) => Ok(planning.rows(planning.everywhere(found.envelope)?, found.envelope)),
            None => Ok(planning.refused(Count::UnknownTarget)),
        },
        Event::Arrived { .. } => match planning.target()? {
            Some(found) => Ok(planning.rows(planning.copies(found.envelope)?, found.envelope)),
            None => Ok(planning.refused(Count::UnknownTarget)),
        },
    }
}

struct Planning<'a> {
    core: &'a Core,
    id: EnvelopeId,
    envelope: &'a Envelope,
    planned: &'a Planned,
}

impl Planning<'_> {
    fn posted(&self, message: &Message) -> Result<FannedOut, StoreError> {
        if is_invisible(message) {
            // Where it comes from it may show something; elsewhere it would be an empty message.
            return Ok(self.refused(Count::Ignored));
        }
        let routes = self.core.routes.borrow().clone();
        let mut notes = Vec::new();
        let thread = match &message.thread {
            Some(thread) => Some(self.conversation(message, thread, &mut notes)?),
            None => self.conversation_answered(message)?,
        };
        notes.extend(thread.map(|of| Note::Within { message: self.id, of }));
        if let Some(reply) = &message.reply {
            let target = MessageKey { room: self.envelope.origin.clone(), id: reply.target.clone() };
            let known = self.core.lookup.find(&target)?;
            notes.extend(known.map(|answered| Note::Answer { to: answered.envelope, by: self.id }));
        }
        let (targets, muted): (Vec<_>, Vec<_>) = routes
            .targets(&self.envelope.origin)
            .into_iter()
            .filter(|(room, _)| self.counted(self.core.shows_message(room, self.id, self.envelope)))
            .partition(|(room, _)| !self.is_muted_in(room));
        if let Some(author) = &self.envelope.author {
            notes.extend(self.first_of_the_name(author, &targets)?);
            notes.extend(self.core.called_now(&self.envelope.origin, author));
        }
        let not_shown = |(room, _)| Note::NotShown { room, message: self.id };
        notes.extend(muted.into_iter().map(not_shown));
        let rows =
            targets.into_iter().map(|(room, channel)| (room, OutboxRow { thread, ..queued_now(channel) }));
        Ok(FannedOut { rows: rows.collect(), notes, ..FannedOut::nowhere(self.id) })
    }

    /// Whether a room may see what the envelope brings.
    fn may_be_seen(&self, room: &RoomKey, class: DataClass) -> bool {
        let deed = Deed::of(self.id, self.envelope);
        self.counted(deed.is_none_or(|deed| self.core.may_see(room, deed, class)))
    }

    /// What is not to be seen is counted.
    fn counted(&self, seen: bool) -> bool {
        if !seen {
            self.core.counters.add(Count::Withheld);
        }
        seen
    }

    /// Whether whoever does it is muted in a room.
    fn is_muted_in(&self, room: &RoomKey) -> bool {
        let author = self.envelope.author.as_ref();
        let is_muted =
            author.is_some_and(|author| self.core.is_muted_in(room, &self.envelope.origin, author));
        if is_muted {
            self.core.counters.add(Count::Muted);
        }
        is_muted
    }

    /// The conversation of what a message answers: a platform without threads has answers in their place.
    fn conversation_answered(&self, message: &Message) -> Result<Option<EnvelopeId>, StoreError> {
        let Some(reply) = &message.reply else { return Ok(None) };
        let target = MessageKey { room: self.envelope.origin.clone(), id: reply.target.clone() };
        let Some(answered) = self.core.lookup.find(&target)? else { return Ok(None) };
        match self.planned.within.get(&answered.envelope) {
            Some(of) => Ok(Some(*of)),
            None => self.core.ledger.within(answered.envelope),
        }
    }

    /// The conversation that a native thread is: known, or that of the message it hangs from, or a new one.
    fn conversation(
        &self,
        message: &Message,
        thread: &Thread,
        notes: &mut Vec<Note>,
    ) -> Result<EnvelopeId, StoreError> {
        let room = &self.envelope.origin;
        if let Some(known) = self.planned.threads.get(&(room.clone(), thread.id.clone())) {
            return Ok(*known);
        }
        if let Some(known) = self.core.ledger.conversation(room, &thread.id)? {
            return Ok(known);
        }
        let root = thread.root.as_ref().filter(|root| **root != message.at.id);
        let of_root = match root {
            Some(root) => self.core.lookup.find(&MessageKey { room: room.clone(), id: root.clone() })?,
            None => None,
        };
        let of = of_root.map_or(self.id, |found| found.envelope);
        let there =
            ThreadThere { thread: Some(thread.id.clone()), root: thread.root.clone().map(MessageRef::plain) };
        notes.push(Note::Thread { room: room.clone(), of, there });
        Ok(of)
    }

    /// Whoever is the first of a name keeps it; others that look like it are told apart.
    fn first_of_the_name(
        &self,
        author: &Author,
        targets: &[(RoomKey, &str)],
    ) -> Result<Option<Note>, StoreError> {
        // A program may make up names without end: they keep nothing from people, and are not remembered.
        if stream::is_persona(&self.envelope.origin, &author.id) {
            return Ok(None);
        }
        let origin = &self.envelope.origin;
        let (name, holder) = match self.core.borne(&Person::of(origin, author)) {
            // A name that they have chosen is that account's.
            Some((account, name)) => (name, account.into()),
            None => (author.name.clone(), holder(origin, author)),
        };
        // One that is made for people who are not named is nobody's.
        if names::looks_made(&name) {
            return Ok(None);
        }
        let looks = names::looks(&name);
        if self.planned.names.contains_key(&looks) || self.core.ledger.name_holder(&looks)?.is_some() {
            return Ok(None);
        }
        // A name that no room is shown keeps nothing from anybody: how others are called would tell that it is there.
        let is_named_in = |room: &RoomKey| {
            let seen = self.core.author_seen_in(room, self.id, self.envelope);
            seen.is_some_and(|seen| seen.id == author.id && seen.name == name)
        };
        if !targets.iter().any(|(room, _)| is_named_in(room)) {
            return Ok(None);
        }
        Ok(Some(Note::Name { looks, holder }))
    }

    fn noticed(&self, channel: &str) -> FannedOut {
        // Whichever way a link carries, its room is told whom it is joined with.
        let routes = self.core.routes.borrow().clone();
        let mut rooms: BTreeSet<RoomKey> =
            routes.channel(channel).iter().map(|link| link.room.clone()).collect();
        // The room that it is about is told, also when it has just left.
        rooms.insert(self.envelope.origin.clone());
        let rows = rooms.into_iter().map(|room| (room, queued_now(channel)));
        FannedOut { rows: rows.collect(), ..FannedOut::nowhere(self.id) }
    }

    /// Who comes and goes, and what rooms are called: told where a link wants it, at once or in its digest.
    fn news(&self) -> FannedOut {
        let routes = self.core.routes.borrow().clone();
        let mut one = FannedOut::nowhere(self.id);
        for (room, channel) in routes.targets(&self.envelope.origin) {
            let notices = routes.settings(&room, channel).notices;
            let told = matches!(self.envelope.event, Event::Renamed { .. })
                || notices == Notices::Off
                || self.may_be_seen(&room, DataClass::Presence);
            match notices {
                _ if !told => {}
                Notices::Off => {}
                _ if matches!(self.envelope.event, Event::Member { .. }) && self.is_muted_in(&room) => {}
                Notices::Each => one.rows.push((room, queued_now(channel))),
                Notices::Digest => one.notes.push(Note::Digest { room, id: self.id }),
            }
        }
        one
    }

    fn is_notice(&self, target: EnvelopeId) -> Result<bool, StoreError> {
        let target = self.core.ledger.envelope(target)?;
        Ok(target.is_some_and(|target| matches!(target.event, Event::Noticed { .. })))
    }

    fn deleted(&self) -> Result<FannedOut, StoreError> {
        let Some(found) = self.target()? else {
            return Ok(self.refused(Count::UnknownTarget));
        };
        if found.origin {
            return Ok(FannedOut { takes_back: true, ..self.changed(found.envelope)? });
        }
        // A copy: gone everywhere only where the room's link says so.
        if self.core.routes.borrow().moderates(&self.envelope.origin) {
            return self.removed(found.envelope);
        }
        Ok(self.refused(Count::CopyChanged))
    }

    fn changed(&self, target: EnvelopeId) -> Result<FannedOut, StoreError> {
        Ok(FannedOut { changes: Some(target), ..self.rows(self.copies(target)?, target) })
    }

    /// Gone in all rooms; where a person wrote it, if it is asked for there or the link lets Relay moderate, and the platform lets it.
    fn removed(&self, target: EnvelopeId) -> Result<FannedOut, StoreError> {
        let mut rooms = self.copies(target)?;
        if let Some(original) = self.core.ledger.envelope(target)? {
            let asked_there = matches!(self.envelope.event, Event::Removed { .. })
                && original.origin == self.envelope.origin;
            let may = asked_there || self.core.routes.borrow().moderates(&original.origin);
            if may && self.core.removes_in(&original.origin) {
                rooms.insert(original.origin.clone());
            }
        }
        Ok(FannedOut { changes: Some(target), takes_back: true, ..self.rows(rooms, target) })
    }

    fn reacted(
        &self,
        target: EnvelopeId,
        emoji: &relay_contract::Emoji,
        added: bool,
    ) -> Result<FannedOut, StoreError> {
        let Some(author) = &self.envelope.author else {
            return Ok(FannedOut::nowhere(self.id));
        };
        let by = Reactor {
            user: author.id.to_string(),
            name: author.name.clone(),
            emoji: emoji.name.clone(),
            emoji_id: emoji.id.as_ref().map(ToString::to_string),
            at: self.envelope.at.min(self.id.at()).0,
        };
        let note = Note::Reaction { subject: target, room: self.envelope.origin.clone(), by, added };
        let mut rooms = self.everywhere(target)?;
        rooms.retain(|room| {
            !added || (self.may_be_seen(room, DataClass::Reactions) && !self.is_muted_in(room))
        });
        Ok(FannedOut { notes: vec![note], ..self.rows(rooms, target) })
    }

    fn rows(&self, rooms: BTreeSet<RoomKey>, target: EnvelopeId) -> FannedOut {
        let rows = rooms.into_iter().map(|room| (room, OutboxRow::new("", Some(target))));
        FannedOut { rows: rows.collect(), ..FannedOut::nowhere(self.id) }
    }

    /// The rooms that have or will have a copy of a message.
    fn copies(&self, target: EnvelopeId) -> Result<BTreeSet<RoomKey>, StoreError> {
        // Pending before delivered: a row that completes in between is then seen twice, never missed.
        let mut rooms: BTreeSet<RoomKey> = self.core.ledger.pending(target)?.into_iter().collect();
        rooms.extend(self.planned.rooms.get(&target).cloned().unwrap_or_default());
        rooms.extend(self.core.lookup.delivered_to(target)?);
        Ok(rooms)
    }

    /// The same and the room it comes from, without the one where something was done to it, and those that Relay only hears.
    fn everywhere(&self, target: EnvelopeId) -> Result<BTreeSet<RoomKey>, StoreError> {
        let mut rooms = self.copies(target)?;
        rooms.extend(self.core.ledger.envelope(target)?.map(|original| original.origin.clone()));
        rooms.remove(&self.envelope.origin);
        let routes = self.core.routes.borrow();
        rooms.retain(|room| routes.speaks(room));
        Ok(rooms)
    }

    /// What the message that the event is about is.
    fn target(&self) -> Result<Option<Mapped>, StoreError> {
        match self.envelope.subject() {
            Some(subject) => self.core.lookup.find(&subject),
            None => Ok(None),
        }
    }

    /// The same, if a person wrote it here.
    fn own_target(&self) -> Result<Option<EnvelopeId>, StoreError> {
        Ok(match self.target()? {
            Some(Mapped { envelope, origin: true }) => Some(envelope),
            Some(_) => {
                self.refused(Count::CopyChanged);
                None
            }
            None => {
                self.refused(Count::UnknownTarget);
                None
            }
        })
    }

    /// Platforms tell of edits that change nothing that people see.
    fn changes_nothing(&self, target: EnvelopeId) -> Result<bool, StoreError> {
        let Event::Edited { to, .. } = &self.envelope.event else { return Ok(false) };
        // What an earlier edit of this batch made of it is not in the ledger yet.
        if self.planned.changed.contains(&target) {
            return Ok(false);
        }
        let now = Content::now(self.core, target)?.map(|content| content.message);
        Ok(now.is_some_and(|now| looks_like(&now, to)))
    }

    /// Whether a message is deleted, also by an earlier envelope of this batch.
    fn is_taken_back(&self, target: EnvelopeId) -> Result<bool, StoreError> {
        Ok(self.planned.taken_back.contains(&target) || self.core.ledger.is_taken_back(target)?)
    }

    /// An edit is its author's alone.
    fn is_its_author(&self, target: EnvelopeId) -> Result<bool, StoreError> {
        let original = self.core.ledger.envelope(target)?;
        let author = original.as_ref().and_then(|original| original.author.as_ref()).map(|author| &author.id);
        Ok(author.is_none() || author == self.envelope.author.as_ref().map(|author| &author.id))
    }

    fn refused(&self, why: Count) -> FannedOut {
        tracing::debug!(kind = self.envelope.kind(), origin = %self.envelope.origin, ?why, "not carried");
        self.core.counters.add(why);
        FannedOut::nowhere(self.id)
    }
}

/// Whether people see no difference between a message and what an edit makes of it.
pub fn looks_like(now: &Message, to: &Message) -> bool {
    (&now.body, &now.attachments, &now.poll, now.no_preview)
        == (&to.body, &to.attachments, to.poll.as_ref().map_or(&now.poll, |_| &to.poll), to.no_preview)
}

/// A row with something new.
fn queued_now(channel: &str) -> OutboxRow {
    OutboxRow { queued: Some(Timestamp::now().0), ..OutboxRow::new(channel, None) }
}

/// Whether nothing of a message can be seen: its text is nothing but control characters.
fn is_invisible(message: &Message) -> bool {
    let alone = message.attachments.is_empty() && message.poll.is_none() && message.forward.is_none();
    // A long text is not read to its end for this.
    const LOOKED_AT: usize = 4_000;
    alone && !message.body.is_empty() && {
        let begins = message.body.excerpt(LOOKED_AT);
        begins.chars().all(|c| c.is_control() || c.is_whitespace())
    }
}

/// Who somebody is, in records of names.
pub fn holder(room: &RoomKey, author: &Author) -> String {
    Person::of(room, author).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use relay_contract::Text;

    #[test]
    fn nothing_but_control_characters_is_nothing() {
        let cases = [
            ("\u{1}\u{2}", true),
            ("\u{7f} \u{9b}\n\u{1b}", true),
            ("\u{1}a", false),
            ("", false),
            ("🦉", false),
        ];
        for (text, is_nothing) in cases {
            let message = Message::new(MessageRef::plain("1"), Text::plain(text));
            assert_eq!(is_invisible(&message), is_nothing, "{text:?}");
        }
    }
}

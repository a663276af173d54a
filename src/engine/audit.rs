//! What the audit is told of a row: whose it is, what kinds of things go with it, and by what each may.

use super::consent::Deed;
use super::core::Core;
use super::lane_steps::Content;
use super::masked::{NAMELESS, PSEUDONYM, Seen};
use crate::audit::{Left, What};
use crate::consent::{DataClass, Person};
use crate::store::{EnvelopeId, OutboxRow};
use relay_contract::{Author, Envelope, Event, RoomKey};
use std::borrow::Cow;

/// What kind of line an event has, and what of somebody goes with it beside who it is.
fn kind(event: &Event) -> (What, &'static [DataClass]) {
    match event {
        Event::Posted(_) => (What::Left, &[DataClass::Content]),
        Event::Edited { .. } | Event::Arrived { .. } => (What::Changed, &[DataClass::Content]),
        // It takes something away.
        Event::Deleted { .. } | Event::Removed { .. } => (What::Deleted, &[]),
        Event::Reacted { added: true, .. } => (What::Reacted, &[DataClass::Reactions]),
        Event::Reacted { added: false, .. } => (What::Reacted, &[]),
        Event::Pinned { .. } => (What::Pinned, &[]),
        Event::Member { .. } => (What::Told, &[DataClass::Presence]),
        Event::PollEnded { .. } => (What::Told, &[DataClass::Content, DataClass::Derived]),
        Event::Renamed { .. } => (What::Told, &[]),
        Event::Noticed { .. } => (What::Notice, &[]),
    }
}

impl Core {
    /// Who said what a row is about, as they are called where they said it.
    pub(super) fn whose(&self, content: Option<&Content>, row: &OutboxRow) -> Option<(RoomKey, Author)> {
        if !self.ledger.audits() {
            return None;
        }
        if let Some(content) = content {
            return Some((content.origin.clone(), content.author.clone()?));
        }
        // One that cannot be read is nobody's that could be told.
        let posted = self.ledger.envelope(row.target?).ok().flatten()?;
        Some((posted.origin.clone(), posted.author.clone()?))
    }

    /// What the audit is told of a row that goes into a room; `whose` is who said what it shows, as they are called where they said it.
    pub(super) fn left(
        &self,
        room: &RoomKey,
        id: EnvelopeId,
        envelope: &Envelope,
        whose: Option<(RoomKey, Author)>,
        content: Option<&Seen>,
    ) -> Option<Left> {
        if !self.ledger.audits() {
            return None;
        }
        let (what, classes) = kind(&envelope.event);
        let doer = envelope.author.as_ref().map(|author| (&envelope.origin, author));
        let whose = whose.as_ref().map(|(origin, author)| (origin, author));
        // What is deleted is whose it was, whoever does it.
        let whose = if what == What::Deleted { whose.or(doer) } else { doer.or(whose) };
        let whose = whose.filter(|_| what != What::Notice);
        let shows = matches!(what, What::Left | What::Changed);
        let mut did: Vec<Cow<'static, str>> = Vec::new();
        if let Some(content) = content.filter(|_| shows) {
            did.extend(content.did().iter().map(|did| Cow::Borrowed(*did)));
        }
        if matches!(envelope.event, Event::Reacted { added: false, .. } | Event::Pinned { on: false, .. }) {
            did.push("taken back".into());
        }
        let mut grants = Vec::new();
        if let Some((origin, author)) = whose {
            let deed = Deed::of(id, envelope);
            let (said, known) = deed.map_or((envelope.at, envelope.at), |deed| (deed.said, deed.known));
            let deed = Deed { origin, author, said, known };
            let files = content.filter(|content| shows && !content.message().attachments.is_empty());
            let is_named = match content.filter(|_| shows) {
                _ if classes.is_empty() => false,
                Some(content) => !content.did().iter().any(|did| [PSEUDONYM, NAMELESS].contains(did)),
                None => match self.seen_as(room, deed) {
                    Some(seen) if seen.id == author.id => true,
                    Some(_) => {
                        did.push(PSEUDONYM.into());
                        false
                    }
                    None => false,
                },
            };
            let more = [(files.is_some(), DataClass::Attachments), (is_named, DataClass::Identity)];
            let more = more.into_iter().filter_map(|(goes, class)| goes.then_some(class));
            grants.extend(
                classes.iter().copied().chain(more).map(|class| (class, self.grant(room, deed, class))),
            );
        }
        let who = whose.map(|(origin, author)| Person::of(origin, author));
        Some(Left { what, origin: envelope.origin.clone(), who, grants, did, body: None })
    }

    /// The same of a row that is given up: none where it is known that nothing of it has left.
    pub(super) fn left_of_buried(
        &self,
        room: &RoomKey,
        id: EnvelopeId,
        row: &OutboxRow,
        is_unsure: bool,
        ran: &[&'static str],
    ) -> Option<Left> {
        let what = match row.done.is_empty() && ran.is_empty() {
            _ if is_unsure || row.begun || row.unsure_since.is_some() => What::Perhaps,
            false => What::InPart,
            true => return None,
        };
        // One that cannot be read is nobody's that could be told.
        let envelope = self.ledger.envelope(id).ok().flatten()?;
        let left = self.left(room, id, &envelope, self.whose(None, row), None)?;
        let parts = Cow::Owned(format!("{} done", row.done.len()));
        let ran = ran.iter().map(|word| Cow::Borrowed(*word));
        Some(Left { what, did: [parts, "given up".into()].into_iter().chain(ran).collect(), ..left })
    }
}

//! What a message says when a row is worked on.

use super::super::consent::Deed;
use super::super::core::Core;
use crate::store::{EnvelopeId, OutboxRow, StoreError};
use relay_contract::{Attachment, Author, Envelope, Event, Message, RoomKey, Timestamp};
use std::sync::Arc;
use xxhash_rust::xxh3::xxh3_64;

/// A message as it is to be shown.
#[derive(Debug, Clone)]
pub struct Content {
    /// The envelope that posted it.
    pub subject: EnvelopeId,
    /// The room it comes from.
    pub origin: RoomKey,
    /// Who said it: whatever an edit tells, the name stays as it was.
    pub author: Option<Author>,
    /// When it was said, and when Relay came to know of it.
    pub(in super::super) said: (Timestamp, Timestamp),
    /// What it says.
    pub message: Message,
    /// What was taken out of it, and whom it hides: for the audit.
    pub did: Vec<&'static str>,
    /// What it said at first: files are numbered by that.
    original: Option<Message>,
}

impl Content {
    /// What a row's steps are to show; none where it is about something else, or the message is gone.
    pub fn of(
        core: &Core,
        id: EnvelopeId,
        envelope: &Envelope,
        row: &OutboxRow,
    ) -> Result<Option<Self>, StoreError> {
        if let Some(edit) = row.edit
            && let Some(edit) = core.ledger.envelope(edit)?
            && let Event::Edited { to, .. } = &edit.event
        {
            return Self::after(core, id, Some((&edit, to.clone())));
        }
        match (&envelope.event, row.target) {
            (Event::Posted(message), _) => Ok(Some(Self {
                subject: id,
                origin: envelope.origin.clone(),
                author: envelope.author.clone(),
                said: Deed::times(id, envelope),
                message: message.clone(),
                did: Vec::new(),
                original: None,
            })),
            (Event::Edited { to, .. }, Some(target)) => {
                let to = to.clone();
                Self::after(core, target, Some((envelope, to)))
            }
            (Event::Reacted { .. } | Event::Arrived { .. }, Some(target)) => Self::now(core, target),
            _ => Ok(None),
        }
    }

    /// What a message says now.
    pub fn now(core: &Core, subject: EnvelopeId) -> Result<Option<Self>, StoreError> {
        Self::after(core, subject, None)
    }

    fn after(
        core: &Core,
        subject: EnvelopeId,
        edit: Option<(&Envelope, Message)>,
    ) -> Result<Option<Self>, StoreError> {
        let Some(posted) = core.ledger.envelope(subject)? else { return Ok(None) };
        let said = Deed::times(subject, &posted);
        let posted = Arc::unwrap_or_clone(posted);
        let Event::Posted(original) = posted.event else { return Ok(None) };
        let author_of_edit = edit.as_ref().and_then(|(envelope, _)| envelope.author.clone());
        let message = match edit {
            Some((_, to)) => to,
            None => {
                match core.ledger.newest_change(subject)?.map(|change| Arc::unwrap_or_clone(change).event) {
                    Some(Event::Edited { to, .. }) => to,
                    Some(_) => return Ok(None),
                    None => original.clone(),
                }
            }
        };
        Ok(Some(Self {
            subject,
            origin: posted.origin,
            author: posted.author.or(author_of_edit),
            said,
            // An edit need not say again where the message stands and that it was passed on.
            message: Message {
                thread: message.thread.clone().or_else(|| original.thread.clone()),
                forward: message.forward.clone().or_else(|| original.forward.clone()),
                poll: message.poll.clone().or_else(|| original.poll.clone()),
                reply: message.reply.clone().or_else(|| original.reply.clone()),
                words_of: match message.words_of.is_empty() {
                    true => original.words_of.clone(),
                    false => message.words_of.clone(),
                },
                ..message
            },
            did: Vec::new(),
            original: Some(original),
        }))
    }

    /// The number of a file: its place at first, so that it stays the same when another one is taken away.
    pub fn number(&self, place: usize, file: &Attachment) -> u16 {
        number_of(self.original.as_ref().unwrap_or(&self.message), place, file)
    }
}

/// The number of a file among those that its message had at first; for one that came later a number of its own.
pub fn number_of(original: &Message, place: usize, file: &Attachment) -> u16 {
    let same = |other: &Attachment| match (&other.source, &file.source) {
        (Some(one), Some(other)) => one == other,
        _ => other.name == file.name && other.size == file.size,
    };
    let first = match original.attachments.get(place) {
        Some(there) if same(there) => Some(place),
        _ => original.attachments.iter().position(same),
    };
    match first.and_then(|first| u16::try_from(first).ok()) {
        Some(first) => first,
        None => {
            let name = file.source.as_deref().unwrap_or(&file.name);
            0x8000 | (xxh3_64(name.as_bytes()) & 0x7FFF) as u16
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use relay_contract::{MessageRef, Text};

    #[test]
    fn a_file_keeps_its_number() {
        let file = |source: &str| Attachment { source: Some(source.into()), ..Attachment::named("a.png") };
        let message = Message {
            attachments: vec![file("x"), file("y"), Attachment::named("z")],
            ..Message::new(MessageRef::plain("1"), Text::default())
        };
        let number = |place, file: Attachment| number_of(&message, place, &file);
        assert_eq!(
            (number(0, file("x")), number(0, file("y")), number(1, Attachment::named("z"))),
            (0, 1, 2)
        );
        let later = number(0, file("new"));
        assert!(later >= 0x8000 && later == number(5, file("new")) && later != number(0, file("newer")));
    }
}

//! What was told in a room of Relay's own, event by event: its stream, read with what each message is now. What was taken back
//! meanwhile is not told again.

use super::core::Core;
use super::lane_steps::Content;
use super::masked::By;
use crate::adapt::plain;
use crate::store::stream::{Piece, Streamed};
use crate::store::{EnvelopeId, StoreError};
use relay_contract::{
    Attachment, Emoji, Envelope, Event, Message, MessageKey, NativeId, Platform, RoomKey, Takes, Text,
    Timestamp,
};

/// An event in a room.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    /// Its place in the room's stream.
    pub place: EnvelopeId,
    /// The room's id of the message that it is about; the envelope's own where it is about none.
    pub message: String,
    /// The platform on which it happened.
    pub platform: Platform,
    /// Who did it, where the platform tells.
    pub by: Option<By>,
    /// When, by the platform's clock.
    pub at: Timestamp,
    /// What.
    pub what: What,
}

/// What happened.
#[derive(Debug, Clone, PartialEq)]
pub enum What {
    /// A message, as it is now.
    Posted(Said),
    /// It was changed: as it is now.
    Edited(Said),
    /// It was deleted.
    Deleted,
    /// Somebody reacted to it, or took that back.
    Reacted(Emoji, bool),
    /// It was pinned, or unpinned.
    Pinned(bool),
    /// Relay itself says something.
    Noticed(Text),
}

/// What a message says.
#[derive(Debug, Clone, PartialEq)]
pub struct Said {
    /// Its envelope.
    pub subject: EnvelopeId,
    /// Where it was written.
    pub origin: RoomKey,
    /// The message.
    pub message: Message,
    /// Its files, each with its number among those that the message had at first.
    pub files: Vec<(u16, Attachment)>,
    /// What it answers, by the room's id.
    pub reply_to: Option<String>,
    /// The message that its thread hangs from, by the room's id.
    pub thread: Option<String>,
}

/// A piece of a stream.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Pages {
    /// The events, oldest first.
    pub events: Vec<Told>,
    /// The first and the last place that was looked at, whether something is told of it or not.
    pub looked_at: Option<(EnvelopeId, EnvelopeId)>,
    /// As much was there as was asked for: there may be more.
    pub more: bool,
}

/// After so much text nothing more is read at once, in bytes: a consumer that takes nothing keeps that much in memory, and one event.
const MOST_TEXT: usize = 64 * 1024;

impl Told {
    /// How much text it has, in bytes.
    pub fn text(&self) -> usize {
        match &self.what {
            What::Posted(said) | What::Edited(said) => plain::text(&said.message.body).len(),
            What::Noticed(body) => plain::text(body).len(),
            What::Deleted | What::Reacted(..) | What::Pinned(_) => 0,
        }
    }
}

impl Core {
    /// A piece of what was told in a room: at most `most` events, and no more after so much text. Blocks for reading.
    pub fn told(&self, room: &RoomKey, piece: Piece, most: usize, takes: Takes) -> Result<Pages, StoreError> {
        let backwards = matches!(piece, Piece::Before(_));
        // Whoever reads backwards, or from the beginning, has been told nothing before.
        let read = if let Piece::After(read, _) = piece { Some(read) } else { None };
        let mut entries = self.ledger.stream(room, piece, most)?;
        let mut more = entries.len() == most;
        if backwards {
            entries.reverse();
        }
        let (mut events, mut text, mut looked_at) = (Vec::new(), 0, None);
        for (place, entry) in entries {
            if text >= MOST_TEXT {
                more = true;
                break;
            }
            looked_at = Some(looked_at.map_or((place, place), |(first, _)| (first, place)));
            let told = self.tell((room, takes, read), place, entry)?;
            text += told.as_ref().map_or(0, Told::text);
            events.extend(told);
        }
        if backwards {
            events.reverse();
            looked_at = looked_at.map(|(last, first)| (first, last));
        }
        Ok(Pages { events, looked_at, more })
    }

    fn tell(
        &self,
        (room, takes, read): (&RoomKey, Takes, Option<EnvelopeId>),
        place: EnvelopeId,
        Streamed { envelope: id, target }: Streamed,
    ) -> Result<Option<Told>, StoreError> {
        let Some(envelope) = self.ledger.envelope(id)? else { return Ok(None) };
        let subject = match (&envelope.event, target) {
            (Event::Posted(_) | Event::Noticed { .. }, _) => Some(id),
            (_, Some(target)) => Some(target),
            (_, None) => self.subject(&envelope)?,
        };
        let Some(subject) = subject else { return Ok(None) };
        let what = match &envelope.event {
            Event::Posted(_) => self.said(room, subject)?.map(What::Posted),
            Event::Edited { to, .. } if envelope.origin == *room => {
                self.edited(room, subject, &envelope, to)?.map(What::Edited)
            }
            // A file has come. What a quote says, and what a message bears anew, is not told here at all.
            Event::Arrived { version, .. } if version.parse::<u16>().is_err() => None,
            Event::Edited { .. } | Event::Arrived { .. } => self.said(room, subject)?.map(What::Edited),
            // What is to be removed everywhere is told when it is removed here.
            Event::Removed { .. } if target.is_none() => None,
            Event::Deleted { .. } | Event::Removed { .. } => Some(What::Deleted),
            Event::Reacted { .. } if !self.shows_reaction(room, id, &envelope, read) => None,
            Event::Reacted { emoji, added, .. } => Some(What::Reacted(emoji.clone(), *added)),
            Event::Pinned { on, .. } => Some(What::Pinned(*on)),
            Event::Noticed { body, .. } => Some(What::Noticed(body.clone())),
            Event::PollEnded { .. } | Event::Member { .. } | Event::Renamed { .. } => None,
        };
        let (Some(what), Some(message)) = (what, self.id_in(room, subject)?) else { return Ok(None) };
        let (platform, by) = (envelope.origin.platform.clone(), self.by_in(room, id, &envelope, takes)?);
        Ok(Some(Told { place, message, platform, by, at: envelope.at, what }))
    }

    /// What a message says now, if it is in the room.
    fn said(&self, room: &RoomKey, subject: EnvelopeId) -> Result<Option<Said>, StoreError> {
        if self.lookup.messages(subject, room)?.is_none_or(|there| there.is_empty()) {
            return Ok(None);
        }
        let Some(content) = Content::now(self, subject)? else { return Ok(None) };
        let Some(seen) = content.seen_in(self, room, Takes::default())? else { return Ok(None) };
        let message = seen.message();
        let files = message.attachments.iter().enumerate();
        let files = files.map(|(place, file)| (seen.number(place, file), file.clone())).collect();
        let in_room = |native: &NativeId| self.named_in(room, seen.origin(), native);
        let reply_to = message.reply.as_ref().map(|reply| in_room(&reply.target)).transpose()?;
        let root = message.thread.as_ref().and_then(|thread| thread.root.as_ref());
        let thread = root.map(in_room).transpose()?;
        Ok(Some(Said {
            subject,
            origin: seen.origin().clone(),
            files,
            reply_to: reply_to.flatten(),
            thread: thread.flatten(),
            message: message.clone(),
        }))
    }

    /// The same after an edit in the room itself, which is told before it is fanned out.
    fn edited(
        &self,
        room: &RoomKey,
        subject: EnvelopeId,
        edit: &Envelope,
        to: &Message,
    ) -> Result<Option<Said>, StoreError> {
        let Some(mut said) = self.said(room, subject)? else { return Ok(None) };
        if self.ledger.newest_change(subject)?.is_none_or(|newest| newest.at < edit.at) {
            said.message.body = to.body.clone();
        }
        Ok(Some(said))
    }

    /// What a message of one room is called in another.
    fn named_in(
        &self,
        room: &RoomKey,
        origin: &RoomKey,
        native: &NativeId,
    ) -> Result<Option<String>, StoreError> {
        let key = MessageKey { room: origin.clone(), id: native.clone() };
        let Some(found) = self.lookup.find(&key)? else { return Ok(None) };
        self.id_in(room, found.envelope)
    }

    /// The envelope whose message something is about.
    fn subject(&self, envelope: &Envelope) -> Result<Option<EnvelopeId>, StoreError> {
        let Some(key) = envelope.subject() else { return Ok(None) };
        Ok(self.lookup.find(&key)?.map(|found| found.envelope))
    }

    /// What a room of Relay's own calls a message: by the id that it was posted with there, or by its envelope's. None where it was
    /// never in the room.
    fn id_in(&self, room: &RoomKey, subject: EnvelopeId) -> Result<Option<String>, StoreError> {
        let Some(there) = self.lookup.messages(subject, room)? else { return Ok(None) };
        if let Some(first) = there.first() {
            return Ok(Some(first.id.to_string()));
        }
        let Some(posted) = self.ledger.envelope(subject)? else { return Ok(None) };
        Ok(Some(match posted.subject() {
            Some(own) if own.room == *room => own.id.to_string(),
            _ => subject.to_string(),
        }))
    }
}

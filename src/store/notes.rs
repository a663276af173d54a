//! What the ledger remembers beside messages: who reacted with what, which threads belong together, what answers what, whose name came first.

use super::StoreError;
use super::keys;
use super::ledger::Ledger;
use super::records::{EnvelopeId, Reactor, Record, ShownReactions, ThreadThere};
use super::seals;
use super::shared::{Shared, bad_key};
use crate::consent::Person;
use fjall::OwnedWriteBatch as WriteBatch;
use relay_contract::{Emoji, NativeId, RoomKey};
use std::sync::atomic::Ordering;

/// What names are blinded for.
pub(super) const NAME: &str = "name";

/// Something that is remembered together with an envelope's fan-out.
#[derive(Debug, Clone, PartialEq)]
pub enum Note {
    /// Somebody reacted to a message, or took it back.
    Reaction {
        /// The envelope that posted the message.
        subject: EnvelopeId,
        /// Where they did it.
        room: RoomKey,
        /// Who, with what.
        by: Reactor,
        /// Whether it was added.
        added: bool,
    },
    /// A native thread is this conversation.
    Thread {
        /// The room it is in.
        room: RoomKey,
        /// The conversation, named by the envelope that began it.
        of: EnvelopeId,
        /// Its native place.
        there: ThreadThere,
    },
    /// A message stands in a conversation.
    Within {
        /// The envelope that posted it.
        message: EnvelopeId,
        /// The conversation.
        of: EnvelopeId,
    },
    /// Somebody is the first of whom a name that looks like this was heard.
    Name {
        /// What it looks like.
        looks: String,
        /// Who.
        holder: String,
    },
    /// A linked account goes by another name now.
    Called {
        /// The account.
        person: Person,
        /// What it is called.
        name: String,
        /// In which room.
        room: RoomKey,
    },
    /// A message answers another.
    Answer {
        /// The envelope of the answered one.
        to: EnvelopeId,
        /// The envelope of the answer.
        by: EnvelopeId,
    },
    /// A member or room news that a room's digest will tell.
    Digest {
        /// The room that is told.
        room: RoomKey,
        /// The envelope with the news.
        id: EnvelopeId,
    },
    /// A room is not shown a message, because its author is muted there.
    NotShown {
        /// The room.
        room: RoomKey,
        /// The envelope that posted it.
        message: EnvelopeId,
    },
}

/// Who was heard first of a name, as far as it was looked up.
#[derive(Debug, Clone)]
pub enum NameHolder {
    /// They, for ever.
    One(String),
    /// Nobody, when so many batches had written such down: a pseudonym, as a rule.
    Nobody(u64),
}

impl Note {
    pub(super) fn write(self, shared: &Shared, batch: &mut WriteBatch) -> Result<(), StoreError> {
        match self {
            Self::Reaction { subject, room, by, added } => {
                shared.newest.touch(subject);
                let key = keys::reaction(subject, &room, &by);
                if added {
                    let of = seals::reactor(&room, &by.user);
                    let bytes = shared.seals.seal(&by, of.as_ref(), &key)?;
                    batch.insert(&shared.work, key, bytes);
                } else {
                    batch.remove(&shared.work, key);
                }
            }
            Self::Thread { room, of, there } => thread(shared, &room, of, &there, batch)?,
            Self::Within { message, of } => batch.insert(&shared.work, keys::within(message), of.0),
            Self::Name { looks, holder } => {
                let key = keys::name(&shared.seals.blind(NAME, &looks)?);
                batch.insert(&shared.meta, key, holder.into_bytes());
                shared.names_written.fetch_add(1, Ordering::AcqRel);
            }
            Self::Called { person, name, room } => {
                shared.links.rename(shared, &person, (name, room), batch)?
            }
            Self::Answer { to, by } => batch.insert(&shared.work, keys::answer(to, by), []),
            Self::NotShown { room, message } => {
                batch.insert(&shared.work, keys::not_shown(message, &room), []);
            }
            Self::Digest { room, id } => batch.insert(&shared.work, keys::digest(&room, id), []),
        }
        Ok(())
    }
}

/// Both ways: from the native thread to the conversation, and back.
pub(super) fn thread(
    shared: &Shared,
    room: &RoomKey,
    of: EnvelopeId,
    there: &ThreadThere,
    batch: &mut WriteBatch,
) -> Result<(), StoreError> {
    if let Some(thread) = &there.thread {
        batch.insert(&shared.work, keys::thread(room, thread), of.0);
    }
    batch.insert(&shared.work, keys::thread_there(of, room), there.encode()?);
    Ok(())
}

impl Ledger {
    /// Everybody's reactions to a message, in the order of their reacting, each with the room it was made in.
    pub fn reactions(&self, subject: EnvelopeId) -> Result<Vec<(RoomKey, Reactor)>, StoreError> {
        let mut all = Vec::new();
        if self.shared.newest.is_untouched(subject) {
            return Ok(all);
        }
        let prefix = keys::reactions_of(subject);
        for entry in self.shared.work.prefix(&prefix) {
            let (key, value) = entry.into_inner()?;
            let room = keys::parse_room(&key[prefix.len()..]).ok_or_else(bad_key)?;
            // Whoever is forgotten has no key any more.
            all.extend(self.shared.seals.unseal::<Reactor>(&value, &key)?.map(|by| (room, by)));
        }
        all.sort_by_key(|(_, by)| by.at);
        Ok(all)
    }

    /// What Relay itself has put on a message in a room.
    pub fn shown_reactions(&self, subject: EnvelopeId, room: &RoomKey) -> Result<ShownReactions, StoreError> {
        let bytes = self.shared.work.get(keys::shown_reactions(subject, room))?;
        Ok(bytes.map(|bytes| ShownReactions::decode(&bytes)).transpose()?.unwrap_or_default())
    }

    /// Which conversation a native thread is.
    pub fn conversation(&self, room: &RoomKey, thread: &NativeId) -> Result<Option<EnvelopeId>, StoreError> {
        let id = self.shared.work.get(keys::thread(room, thread))?;
        Ok(id.and_then(|id| <[u8; 16]>::try_from(&*id).ok()).map(EnvelopeId))
    }

    /// In which conversation a message stands.
    pub fn within(&self, message: EnvelopeId) -> Result<Option<EnvelopeId>, StoreError> {
        let id = self.shared.work.get(keys::within(message))?;
        Ok(id.and_then(|id| <[u8; 16]>::try_from(&*id).ok()).map(EnvelopeId))
    }

    /// Where a conversation is in a room.
    pub fn thread_there(&self, of: EnvelopeId, room: &RoomKey) -> Result<Option<ThreadThere>, StoreError> {
        let bytes = self.shared.work.get(keys::thread_there(of, room))?;
        bytes.map(|bytes| ThreadThere::decode(&bytes)).transpose()
    }

    /// Of whom a name that looks like this was heard first.
    pub fn name_holder(&self, looks: &str) -> Result<Option<String>, StoreError> {
        // Before it is looked for: what is written meanwhile counts.
        let written = self.shared.names_written.load(Ordering::Acquire);
        match self.shared.name_holders.get(looks) {
            // Whoever is the first stays it.
            Some(NameHolder::One(known)) => return Ok(Some(known)),
            Some(NameHolder::Nobody(then)) if then == written => return Ok(None),
            _ => {}
        }
        let bytes = self.shared.meta.get(keys::name(&self.shared.seals.blind(NAME, looks)?))?;
        let holder = bytes.and_then(|bytes| String::from_utf8(bytes.to_vec()).ok());
        let known = holder.clone().map_or(NameHolder::Nobody(written), NameHolder::One);
        self.shared.name_holders.insert(looks.to_owned(), known);
        Ok(holder)
    }

    /// Files that rooms were told of and that were not there yet.
    pub fn late_files(&self) -> Result<Vec<(EnvelopeId, u16)>, StoreError> {
        let marks = self.shared.work.prefix([keys::work::LATE]);
        marks
            .map(|entry| {
                let key = entry.key()?;
                let subject = key.get(1..17).and_then(|id| id.try_into().ok()).map(EnvelopeId);
                let file = key.get(17..19).and_then(|file| file.try_into().ok()).map(u16::from_be_bytes);
                subject.zip(file).ok_or_else(bad_key)
            })
            .collect()
    }

    /// Whether this is one of them.
    pub fn is_late(&self, subject: EnvelopeId, file: u16) -> Result<bool, StoreError> {
        Ok(self.shared.work.contains_key(keys::late(subject, file))?)
    }

    /// The answers to a message, oldest first, at most `most`.
    pub fn answers(&self, to: EnvelopeId, most: usize) -> Result<Vec<EnvelopeId>, StoreError> {
        let answers = self.shared.work.prefix(keys::answers_to(to));
        answers.take(most).map(|entry| keys::trailing_id(&entry.key()?).ok_or_else(bad_key)).collect()
    }

    /// News that wait for digests: the rooms, each with the envelopes in their order.
    pub fn digests(&self) -> Result<Vec<(RoomKey, Vec<EnvelopeId>)>, StoreError> {
        let mut all: Vec<(RoomKey, Vec<EnvelopeId>)> = Vec::new();
        for entry in self.shared.work.prefix([keys::work::DIGEST]) {
            let key = entry.key()?;
            let room = keys::parse_room(&key[1..]).ok_or_else(bad_key)?;
            let id = keys::trailing_id(&key).ok_or_else(bad_key)?;
            match all.last_mut() {
                Some((last, ids)) if *last == room => ids.push(id),
                _ => all.push((room, vec![id])),
            }
        }
        Ok(all)
    }
}

impl Reactor {
    /// The emoji.
    pub fn emoji(&self) -> Emoji {
        Emoji { name: self.emoji.clone(), id: self.emoji_id.as_deref().map(NativeId::from) }
    }
}

//! People of elsewhere who are muted in a room by those who manage it: nothing new of them is shown there, by whichever of their accounts
//! the room knows by name: a name and a mask that fall silent together would tell whose the mask is.
//! Asked at the fan-out and again before each attempt, beside what people allow of themselves.
//!
//! An edit by somebody who is muted is not carried, whatever it changes: what is in the room stays as it was. What is deleted always is.

use super::consent::Deed;
use super::core::Core;
use super::fan_out::holder;
use super::lane_steps::{AGAIN, MASKED, called};
use crate::adapt::names::{looks, presentable};
use crate::consent::Person;
use crate::store::{EnvelopeId, OutboxRow, StoreError};
use relay_contract::{Author, Envelope, Event, NativeId, RoomKey, Standing, Timestamp};
use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;
use std::time::{Duration, Instant};
use xxhash_rust::xxh3::xxh3_64;

/// Somebody is known in a room by what they said in so long a time, in milliseconds.
const KNOWN_FOR: i64 = 30 * 24 * 60 * 60 * 1000;
/// So long the journal is read for it.
const READING: Duration = Duration::from_secs(3);

/// Somebody from elsewhere, as a room knows them.
#[derive(Debug, Clone, PartialEq)]
pub struct KnownThere {
    /// Who.
    pub person: Person,
    /// What they are called in the room, with their origin.
    pub name: String,
    /// The same without it.
    pub bare: String,
    /// Tells them from others of the same name.
    pub mark: String,
    /// The linked account of theirs whose name it is, where it is not that of the one that speaks.
    pub of: Option<Person>,
}

impl KnownThere {
    /// Whether these words name them: as they are shown, by their name alone, with or without what tells them apart. People see what a name
    /// looks like: whoever looks like somebody else goes by that name too.
    pub fn is_called(&self, words: &str) -> bool {
        let words = words.trim().trim_start_matches('@').to_lowercase();
        let (name, mark) = match words.rsplit_once(" #") {
            Some((name, mark)) => (name.trim_end(), Some(mark)),
            None => (words.as_str(), None),
        };
        let is_name = |name: &str| {
            let look = looks(name);
            !name.is_empty() && (looks(&self.name) == look || looks(&self.bare) == look)
        };
        is_name(&words) || (is_name(name) && mark == Some(self.mark.as_str()))
    }
}

impl Core {
    /// Since when somebody from elsewhere is muted in a room; none where they are not.
    fn muted_since(&self, room: &RoomKey, origin: &RoomKey, author: &Author) -> Option<i64> {
        if origin == room || !self.ledger.anybody_muted() {
            return None;
        }
        let reaches =
            |muted: &Person| self.may_name(room, origin, &author.id) && self.is_named_in(room, muted);
        let muted = self.ledger.muted(room, &Person::of(origin, author), self.consent_clock(), reaches);
        muted.map(|muted| muted.since)
    }

    /// Whether a room may be told by name who somebody is, in whichever room it hears them.
    fn is_named_in(&self, room: &RoomKey, person: &Person) -> bool {
        if !self.asks_consent() {
            return true;
        }
        let heard = self.heard_from(room, person);
        !heard.is_empty() && heard.iter().all(|(origin, id)| self.may_name(room, origin, id))
    }

    /// The rooms that a room hears somebody from, with their id there.
    fn heard_from(&self, room: &RoomKey, person: &Person) -> Vec<(RoomKey, NativeId)> {
        let routes = self.routes.borrow().clone();
        let channels = routes.links_of(room);
        let linked = channels.flat_map(|(channel, _)| routes.channel(channel)).map(|link| &link.room);
        let of_network = linked.filter(|origin| *origin != room).filter_map(|origin| {
            let id = person.as_str().strip_prefix(Person::from_parts(origin, "").as_str())?;
            Some((origin.clone(), NativeId::from(id)))
        });
        of_network.collect()
    }

    /// Whether nothing new of somebody is shown in a room.
    pub(super) fn is_muted_in(&self, room: &RoomKey, origin: &RoomKey, author: &Author) -> bool {
        self.muted_since(room, origin, author).is_some()
    }

    /// Whether what somebody did then is not shown in a room: what was shown before they were muted stays.
    pub(super) fn was_done_muted(&self, room: &RoomKey, deed: Deed<'_>) -> bool {
        self.muted_since(room, deed.origin, deed.author).is_some_and(|since| deed.said.0 >= since)
    }

    /// Whether somebody of a room's network is muted in another, where it is not told who does something.
    pub(super) fn mutes_somebody_of(&self, origin: &RoomKey, room: &RoomKey) -> bool {
        if origin == room || !self.ledger.anybody_muted() {
            return false;
        }
        let (network, now) = (Person::from_parts(origin, ""), self.consent_clock());
        let of_network = |person: &Person| person.as_str().starts_with(network.as_str());
        let reaches = |muted: &Person, other: &Person| {
            of_network(other)
                && (muted == other || (self.is_named_in(room, muted) && self.is_named_in(room, other)))
        };
        let mut holds = self.ledger.mutes_in(room).into_iter().filter(|(_, muted)| muted.holds(now));
        holds.any(|(muted, _)| self.ledger.accounts_of(&muted).iter().any(|other| reaches(&muted, other)))
    }

    /// Whether what a row brings is not shown in its room because whoever did it, or wrote what it would show anew, is muted there.
    pub(super) fn is_muted_row(
        &self,
        room: &RoomKey,
        envelope: &Envelope,
        row: &OutboxRow,
    ) -> Result<bool, StoreError> {
        if !self.ledger.anybody_muted() {
            return Ok(false);
        }
        let does = || {
            let author = envelope.author.as_ref();
            author.is_some_and(|author| self.is_muted_in(room, &envelope.origin, author))
        };
        Ok(match &envelope.event {
            Event::Posted(_) | Event::Member { .. } => does(),
            Event::Edited { .. } => does() || self.is_muted_author(room, row.target, false)?,
            Event::Reacted { added: true, .. } if does() => true,
            // It takes out of the room what is not to be seen there.
            Event::Arrived { version, .. } if version.starts_with(MASKED) => false,
            Event::Reacted { .. } => self.is_muted_author(room, row.target, true)?,
            // Shown again as it is, it brings nothing by itself.
            Event::Arrived { version, .. } => {
                self.is_muted_author(room, row.target, version.starts_with(AGAIN))?
            }
            Event::Deleted { .. }
            | Event::Removed { .. }
            | Event::Pinned { .. }
            | Event::PollEnded { .. }
            | Event::Renamed { .. }
            | Event::Noticed { .. } => false,
        })
    }

    /// Whether whoever wrote a message is muted in a room; `if_changed`: only where they have changed it since then, which showing it anew
    /// would bring.
    fn is_muted_author(
        &self,
        room: &RoomKey,
        target: Option<EnvelopeId>,
        if_changed: bool,
    ) -> Result<bool, StoreError> {
        let Some(target) = target else { return Ok(false) };
        let Some(posted) = self.ledger.envelope(target)? else { return Ok(false) };
        let Some(author) = &posted.author else { return Ok(false) };
        let Some(since) = self.muted_since(room, &posted.origin, author) else { return Ok(false) };
        if !if_changed {
            return Ok(true);
        }
        Ok(self.ledger.newest_change_id(target)?.is_some_and(|change| change.at().0 >= since))
    }

    /// Whether a room may still be told of somebody by the name that they were muted under there.
    pub fn is_called_still(&self, room: &RoomKey, person: &Person, bare: &str, of: Option<&Person>) -> bool {
        // The name of an account that is theirs no more says nothing of them, and of who was forgotten there is none.
        let is_theirs = of.is_none_or(|of| self.ledger.accounts_of(person).contains(of));
        if bare.is_empty() || !is_theirs {
            return false;
        }
        if !self.asks_consent() {
            return true;
        }
        let now = self.consent_clock();
        let heard = self.heard_from(room, person);
        let is_called_so = |(origin, id): &(RoomKey, NativeId)| {
            let standing = Standing::Person;
            let author = Author { id: id.clone(), name: bare.to_owned(), avatar: None, standing };
            let deed = Deed { origin, author: &author, said: now, known: now };
            self.named_as(room, deed).is_some_and(|seen| presentable(&seen.name) == bare)
                && of.is_none_or(|of| self.may_bear_name_of(of, room, origin, now))
        };
        !heard.is_empty() && heard.iter().all(is_called_so)
    }

    /// How whoever wrote a message from elsewhere is known in a room; none where the room wrote it itself, or nobody did. Reads the disk.
    pub fn known_by(&self, room: &RoomKey, message: EnvelopeId) -> Result<Option<KnownThere>, StoreError> {
        let Some(envelope) = self.ledger.envelope(message)? else { return Ok(None) };
        let Some(author) = envelope.author.as_ref().filter(|_| envelope.origin != *room) else {
            return Ok(None);
        };
        let person = Person::of(&envelope.origin, author);
        let seen = self.author_seen_in(room, message, &envelope);
        // Whoever is not to be named there is muted without a name.
        let seen = seen.unwrap_or_else(|| Author { id: "".into(), name: String::new(), ..author.clone() });
        self.known_there(room, &envelope.origin, person, &seen).map(Some)
    }

    /// Everybody from elsewhere whom these words name in a room, of those who have said something that came there lately. Reads the disk.
    pub fn known_as_in(&self, room: &RoomKey, words: &str) -> Result<Vec<KnownThere>, StoreError> {
        let (routes, began) = (self.routes.borrow().clone(), Instant::now());
        let mut leads: HashMap<RoomKey, bool> = HashMap::new();
        let (mut looked_at, mut found) = (HashSet::new(), Vec::new());
        let since = Timestamp(Timestamp::now().0 - KNOWN_FOR);
        let mut failed = None;
        self.ledger.newest_first(since, |id, envelope| {
            let (Event::Posted(_), Some(author)) = (&envelope.event, &envelope.author) else {
                return ControlFlow::Continue(());
            };
            let origin = &envelope.origin;
            let is_heard = *leads
                .entry(origin.clone())
                .or_insert_with(|| origin != room && routes.between(origin, room).is_some());
            let person = Person::of(origin, author);
            if is_heard
                && looked_at.insert(person.clone())
                && let Some(seen) = self.author_seen_in(room, id, &envelope)
            {
                match self.known_there(room, origin, person, &seen) {
                    Ok(known) if known.is_called(words) => found.push(known),
                    Ok(_) => {}
                    Err(error) => failed = Some(error),
                }
            }
            match began.elapsed() > READING || failed.is_some() {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            }
        })?;
        failed.map_or(Ok(found), Err)
    }

    fn known_there(
        &self,
        room: &RoomKey,
        origin: &RoomKey,
        person: Person,
        seen: &Author,
    ) -> Result<KnownThere, StoreError> {
        let routes = self.routes.borrow().clone();
        let channel = routes.between(origin, room).unwrap_or_default();
        // Of what the room may know of them, so that it says no more.
        let mark = format!("{:03x}", xxh3_64(holder(origin, seen).as_bytes()) & 0xFFF);
        let name = called(self, room, origin, seen, channel)?;
        let chosen = self.chosen_account(&person, room);
        let of = chosen.filter(|of| self.ledger.linked(of).is_some_and(|linked| linked.name == seen.name));
        Ok(KnownThere { person, name, bare: presentable(&seen.name), mark, of })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use relay_contract::Platform;

    #[test]
    fn what_names_somebody() {
        let room = RoomKey::new(Platform::new("slack"), "n", "r");
        let ada = KnownThere {
            person: Person::from_parts(&room, "U1"),
            name: "Ada ‹Slack›".into(),
            bare: "Ada".into(),
            mark: "3f2".into(),
            of: None,
        };
        for words in ["Ada", "@ada", " ADA ‹slack› ", "ada #3f2", "Ada ‹Slack› #3f2"] {
            assert!(ada.is_called(words), "{words}");
        }
        // A Cyrillic letter, and one that cannot be seen.
        for words in ["\u{0410}da", "A\u{2060}da", "\u{0410}da #3f2"] {
            assert!(ada.is_called(words), "{words:?}");
        }
        for words in ["", "Ad", "Adam", "ada #3f3", "#3f2", "Ada ‹Discord›"] {
            assert!(!ada.is_called(words), "{words}");
        }
    }
}

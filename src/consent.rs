//! Who allows what: the words, and the one rule. Pure: no clock, no I/O.
//!
//! What a person has said about themselves is a [`History`]: entries that are only ever added to. Every question is answered by
//! [`History::allows`], from the newest entry that is about it; where none is, by the default of whoever asks.

mod classes;
mod kept;
mod level;
mod linked;
mod pseudonym;
mod stance;
#[cfg(test)]
mod tests;
mod word;

pub use classes::{Classes, DataClass};
pub use kept::FORGET;
pub use level::Level;
pub use linked::tightened;
pub use pseudonym::{Pseudonyms, WORDS as PSEUDONYM_WORDS, is_pseudonymous};
pub use stance::{Stance, Unsaid};

use relay_contract::{Author, NativeId, Platform, RoomKey, Timestamp};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt;

/// The version of the words that people are shown before they choose (`/relay privacy`); it goes up whenever their meaning changes.
pub const WORDS: u16 = 2;

/// What something is done for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// To show in one room what is said in another.
    Bridging,
    /// To keep it for later reading.
    Archive,
    /// To judge whether it may stand.
    Moderation,
    /// To have a model read it: translations, summaries, search.
    AiProcessing,
    /// To count what happens.
    Analytics,
    /// To show somebody what fits them.
    Personalisation,
    /// To sell something.
    Marketing,
}

impl Purpose {
    /// All of them, with their words in commands.
    pub const ALL: [(Self, &str); 7] = [
        (Self::Bridging, "bridging"),
        (Self::Archive, "archive"),
        (Self::Moderation, "moderation"),
        (Self::AiProcessing, "ai"),
        (Self::Analytics, "analytics"),
        (Self::Personalisation, "personalisation"),
        (Self::Marketing, "marketing"),
    ];

    /// The word of commands.
    pub fn word(self) -> &'static str {
        Self::ALL.iter().find(|(purpose, _)| *purpose == self).map_or("", |(_, word)| word)
    }
}

/// Who sees it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Recipient {
    /// A guild, workspace, network or chat of a platform, with everybody in it.
    Space {
        /// The platform.
        platform: Platform,
        /// Its network: Discord's instance, Slack's team, Telegram's instance.
        network: NativeId,
        /// The id that it has there, and those that it had before: a Telegram group that becomes a supergroup gets another. In what somebody
        /// says none are all spaces of the network; in a question none are one that is not known.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        ids: Vec<NativeId>,
    },
    /// A service that Relay calls.
    Service(String),
    /// A plugin.
    Plugin(String),
}

impl Recipient {
    /// Whoever sees what is said in a room that stands in the space with these ids.
    pub fn of(room: &RoomKey, ids: Vec<NativeId>) -> Self {
        Self::Space { platform: room.platform.clone(), network: room.network.clone(), ids }
    }

    /// Whether an entry about this one, which allows something or does not, is about another that is asked about. One of which it is not known
    /// which space it is may be any of its network: for a *no* that is enough.
    fn is_about(&self, allows: bool, asked: &Self) -> bool {
        match (self, asked) {
            (
                Self::Space { platform, network, ids },
                Self::Space { platform: asked_platform, network: asked_network, ids: asked },
            ) => {
                let is_it = match asked.is_empty() {
                    true => !allows,
                    false => ids.iter().any(|id| asked.contains(id)),
                };
                (platform, network) == (asked_platform, asked_network) && (ids.is_empty() || is_it)
            }
            _ => self == asked,
        }
    }
}

/// Whom an entry is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Everybody.
    All,
    /// All spaces of this platform.
    Platform(String),
    /// This recipient alone.
    One(Recipient),
}

impl Scope {
    /// Whether an entry that allows something or does not is about a recipient.
    fn has(&self, allows: bool, recipient: &Recipient) -> bool {
        match self {
            Self::All => true,
            Self::Platform(of) => {
                matches!(recipient, Recipient::Space { platform, .. } if platform.as_str() == of)
            }
            Self::One(one) => one.is_about(allows, recipient),
        }
    }
}

/// A person, as Relay knows them: their platform, network and id there.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Person(String);

impl Person {
    /// Whoever does something in a room.
    pub fn of(room: &RoomKey, author: &Author) -> Self {
        Self::from_parts(room, author.id.as_str())
    }

    /// The same by their id.
    pub fn from_parts(room: &RoomKey, id: &str) -> Self {
        // Asked for with every question: formatting it would cost more than the answer.
        let parts = [room.platform.as_str(), "/", room.network.as_str(), "/", id];
        let mut person = String::with_capacity(parts.iter().map(|part| part.len()).sum());
        parts.iter().for_each(|part| person.push_str(part));
        Self(person)
    }

    /// From a stored record.
    pub fn from_stored(person: String) -> Self {
        Self(person)
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<Person> for String {
    fn from(person: Person) -> Self {
        person.0
    }
}

/// An id is personal: a log shows that somebody is meant, not who.
impl fmt::Debug for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let platform = self.0.split('/').next().unwrap_or_default();
        write!(f, "Person({platform}/…)")
    }
}

/// What somebody said about themselves. Never changed, and followed by the next one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// They allow it; otherwise they do not.
    pub allows: bool,
    /// For what.
    pub purpose: Purpose,
    /// What kinds of things.
    pub classes: Classes,
    /// To whom.
    pub scope: Scope,
    /// How they said it: the command, and where: in which room where that is a joined one, else on which platform.
    pub how: String,
    /// The version of the words that they were shown.
    pub words: u16,
    /// When they said it.
    pub at: Timestamp,
    /// From when it holds. A *no* may hold for what was before it was said.
    pub from: Timestamp,
    /// Until when, not included; for ever where none.
    pub until: Option<Timestamp>,
}

/// The part of how something was said that names no room: the command, and the platform. A chat with one person is called like that
/// person on some platforms.
pub fn without_room(how: &str) -> Cow<'_, str> {
    match how.split_once(" in ").map(|(command, place)| (command, place.split_once('/'))) {
        Some((command, Some((platform, _)))) => format!("{command} in {platform}").into(),
        _ => how.into(),
    }
}

impl Entry {
    fn is_about(&self, purpose: Purpose, class: DataClass, recipient: &Recipient) -> bool {
        self.purpose == purpose && self.classes.has(class) && self.scope.has(self.allows, recipient)
    }

    /// Whether it says the same, whenever and however it was said.
    fn is_same(&self, other: &Self) -> bool {
        let of =
            |entry: &Self| (entry.allows, entry.purpose, entry.classes, entry.scope.clone(), entry.until);
        of(self) == of(other)
    }

    /// Whether it allows something in particular, and is no part of a whole word: only that widens what the admin shows of people.
    fn is_grant(&self) -> bool {
        let is_part =
            |stance: &Stance| stance.entries("", Timestamp(0)).iter().any(|part| part.is_same(self));
        self.allows && !Stance::ALL.iter().any(is_part)
    }

    /// Whether it counts for what was then: only a *no* reaches back behind when it was said.
    fn was_said(&self, then: Timestamp) -> bool {
        self.at <= then || (!self.allows && self.from <= then)
    }

    fn holds(&self, now: Timestamp) -> bool {
        self.from <= now && self.until.is_none_or(|until| now < until)
    }
}

/// What is asked about a person.
#[derive(Debug, Clone)]
pub struct Asked<'a> {
    /// For what.
    pub purpose: Purpose,
    /// What kind of thing.
    pub class: DataClass,
    /// To whom.
    pub recipient: &'a Recipient,
    /// What holds for who has said nothing about it.
    pub default: bool,
}

/// All that a person said about themselves, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct History(Vec<Entry>);

impl History {
    /// Adds what they say now.
    pub fn add(&mut self, entry: Entry) {
        self.0.push(entry);
    }

    /// The entries, oldest first.
    pub fn entries(&self) -> &[Entry] {
        &self.0
    }

    /// The word that was said last, where nothing in particular was said after it.
    pub fn stance(&self) -> Option<Stance> {
        Stance::ALL.into_iter().find(|stance| {
            let said = stance.entries("", Timestamp(0));
            let tail = self.0.get(self.0.len().saturating_sub(said.len())..).unwrap_or_default();
            tail.len() == said.len() && tail.iter().zip(&said).all(|(entry, other)| entry.is_same(other))
        })
    }

    /// Whether the last thing that was said is the same.
    pub fn ends_with(&self, entry: &Entry) -> bool {
        self.0.last().is_some_and(|last| last.is_same(entry) && last.until.is_none() && entry.until.is_none())
    }

    /// The last whole word and what was said in particular after it.
    fn last_word(&self) -> &[Entry] {
        let is_word = |from: &usize| {
            Stance::ALL.into_iter().any(|stance| {
                let said = stance.entries("", Timestamp(0));
                let there = self.0.get(*from..from + said.len()).unwrap_or_default();
                there.len() == said.len()
                    && there.iter().zip(&said).all(|(entry, other)| entry.is_same(other))
            })
        };
        // Some end with what is not allowed: they begin where everything else is.
        let from = (0..self.0.len()).rev().find(is_word).unwrap_or_default();
        self.0.get(from..).unwrap_or_default()
    }

    /// Whether a word allows less than the last one, or takes back what was allowed in particular since: nobody has to wait for that.
    pub fn is_narrowed_by(&self, word: Stance) -> bool {
        let place = |of: Stance| Stance::ALL.iter().position(|stance| *stance == of);
        let last = Stance::beginning(self.last_word()).unwrap_or(Stance::Full);
        word != Stance::Full && place(word) >= place(last)
    }

    /// Whether it is allowed now. The newest entry that is about it and holds now counts, whatever the clock said when it was made:
    /// a clock that was ahead must not make anybody wait for their no.
    pub fn allows(&self, asked: &Asked<'_>, now: Timestamp) -> bool {
        Self::answer(self.0.iter(), asked, now)
    }

    /// Whether it was allowed at a moment that is past, by what they had said until then, or have forbidden since for what was then.
    pub fn allowed(&self, asked: &Asked<'_>, then: Timestamp) -> bool {
        Self::answer(self.0.iter().filter(|entry| entry.was_said(then)), asked, then)
    }

    /// Whether they have allowed it in particular, and it is what counts now: beyond what the admin shows of anybody.
    pub fn grants(&self, asked: &Asked<'_>, now: Timestamp) -> bool {
        Self::newest(self.0.iter(), asked, now).is_some_and(Entry::is_grant)
    }

    /// The same of a moment that is past, by what they had said until then.
    pub fn granted(&self, asked: &Asked<'_>, then: Timestamp) -> bool {
        let until_then = self.0.iter().filter(|entry| entry.was_said(then));
        Self::newest(until_then, asked, then).is_some_and(Entry::is_grant)
    }

    /// The entry by which it is allowed or not now; none where they have said nothing about it.
    pub fn decided_by(&self, asked: &Asked<'_>, now: Timestamp) -> Option<&Entry> {
        Self::newest(self.0.iter(), asked, now)
    }

    fn answer<'a>(
        entries: impl DoubleEndedIterator<Item = &'a Entry>,
        asked: &Asked<'_>,
        when: Timestamp,
    ) -> bool {
        Self::newest(entries, asked, when).map_or(asked.default, |entry| entry.allows)
    }

    fn newest<'a>(
        entries: impl DoubleEndedIterator<Item = &'a Entry>,
        asked: &Asked<'_>,
        when: Timestamp,
    ) -> Option<&'a Entry> {
        let is_about = |entry: &&Entry| entry.is_about(asked.purpose, asked.class, asked.recipient);
        entries.rev().find(|entry| is_about(entry) && entry.holds(when))
    }
}

//! The records on disk: types of their own, so that the domain can change without them. MessagePack with named fields
//! behind a header; a field may be added with `#[serde(default)]`, anything else is a new version.

use super::StoreError;
use super::format;
use super::seals::Seals;
use relay_contract::{MessageRef, NativeId, RoomKey, RoomReport, Timestamp, Visibility};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt;

mod envelope;
pub use envelope::StoredEnvelope;

/// The id that the ledger gives an envelope: a ULID, so that ids sort by time of acceptance.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EnvelopeId(pub [u8; 16]);

impl EnvelopeId {
    /// When it was given, by this machine's clock.
    pub fn at(self) -> Timestamp {
        Timestamp(i64::try_from(ulid::Ulid::from_bytes(self.0).timestamp_ms()).unwrap_or(i64::MAX))
    }

    /// From the text that its `Display` makes.
    pub fn parse(text: &str) -> Option<Self> {
        ulid::Ulid::from_string(text).ok().map(|id| Self(id.to_bytes()))
    }
}

impl fmt::Display for EnvelopeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&ulid::Ulid::from_bytes(self.0), f)
    }
}

impl fmt::Debug for EnvelopeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for EnvelopeId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for EnvelopeId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("it is not the id of an envelope"))
    }
}

/// A record that has a version and a place.
pub trait Record: Serialize + DeserializeOwned {
    /// The version that is written.
    const VERSION: u8 = 1;
    /// The oldest version that reads the same, new fields and variants left out.
    const OLDEST: u8 = Self::VERSION;
    /// Where it is kept, for errors.
    const PLACE: &'static str;

    /// To bytes. Cannot fail for the plain structs that records are; a failure is reported, never swallowed.
    fn encode(&self) -> Result<Vec<u8>, StoreError> {
        Ok(format::with_header(Self::VERSION, &self.body()?))
    }

    /// To bytes without a header.
    fn body(&self) -> Result<Vec<u8>, StoreError> {
        rmp_serde::to_vec_named(self)
            .map_err(|e| StoreError::Corrupt { place: Self::PLACE, why: e.to_string() })
    }

    /// From bytes.
    fn decode(bytes: &[u8]) -> Result<Self, StoreError> {
        let corrupt = |why: String| StoreError::Corrupt { place: Self::PLACE, why };
        let (version, body) = format::split_header(bytes).map_err(corrupt)?;
        Self::from_body(version, body)
    }

    /// From bytes without their header.
    fn from_body(version: u8, body: &[u8]) -> Result<Self, StoreError> {
        let corrupt = |why: String| StoreError::Corrupt { place: Self::PLACE, why };
        if !(Self::OLDEST..=Self::VERSION).contains(&version) {
            return Err(corrupt(format!("it has version {version}, not {}", Self::VERSION)));
        }
        rmp_serde::from_slice(body).map_err(|e| corrupt(e.to_string()))
    }
}

/// A delivery that is still to be done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OutboxRow {
    /// The envelope whose message is edited or deleted; none for a post.
    pub target: Option<EnvelopeId>,
    /// The Relay channel it came through.
    pub channel: String,
    /// One entry a finished part, with the message it made or changed; `None` where the part deleted one.
    pub done: Vec<Option<MessageRef>>,
    /// Attempts that failed.
    pub attempts: u32,
    /// Why the last one failed.
    pub last_error: Option<String>,
    /// The conversation it goes into, named by the envelope that began it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thread: Option<EnvelopeId>,
    /// Further messages that finished parts have made: an album is one a file.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub more: Vec<MessageRef>,
    /// What became of its message's files when its first part was done: the later parts are cut the same way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub files: Option<Vec<StoredFate>>,
    /// When an attempt began that nobody answered, in milliseconds since the epoch; none once it is known what came of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unsure_since: Option<i64>,
    /// An attempt was begun; written only where it could not be found out what came of it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub begun: bool,
    /// When it was put into the lane, in milliseconds since the epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queued: Option<i64>,
    /// When a person put it back into the lane, in milliseconds since the epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retried: Option<i64>,
    /// The edit that it is posted with, on disk before it is attempted; none for the message as it was said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edit: Option<EnvelopeId>,
}

impl OutboxRow {
    /// As it is stored: what a platform said of it, and what its files are called, may tell what it says.
    pub(super) fn covered(&self, seals: &Seals) -> Result<Cow<'_, Self>, StoreError> {
        if self.last_error.is_none() && self.files.is_none() {
            return Ok(Cow::Borrowed(self));
        }
        let mut covered = self.clone();
        covered.last_error = covered.last_error.map(|words| seals.cover(words)).transpose()?;
        for fate in covered.files.iter_mut().flatten() {
            if let StoredFate::Left { url, why } = fate {
                *url = url.take().map(|url| seals.cover(url)).transpose()?;
                *why = seals.cover(std::mem::take(why))?;
            }
        }
        Ok(Cow::Owned(covered))
    }

    /// As it was before it was stored.
    pub(super) fn uncovered(mut self, seals: &Seals) -> Result<Self, StoreError> {
        self.last_error = self.last_error.map(|words| seals.uncover(words)).transpose()?;
        for fate in self.files.iter_mut().flatten() {
            if let StoredFate::Left { url, why } = fate {
                *url = url.take().map(|url| seals.uncover(url)).transpose()?;
                *why = seals.uncover(std::mem::take(why))?;
            }
        }
        Ok(self)
    }

    /// Whether nothing of it can be there yet, as far as the row tells.
    pub fn is_untouched(&self) -> bool {
        self.done.is_empty() && self.unsure_since.is_none() && !self.begun
    }

    /// Nothing of it is done yet.
    pub fn new(channel: impl Into<String>, target: Option<EnvelopeId>) -> Self {
        Self {
            target,
            channel: channel.into(),
            done: Vec::new(),
            attempts: 0,
            last_error: None,
            thread: None,
            more: Vec::new(),
            files: None,
            unsure_since: None,
            begun: false,
            queued: None,
            retried: None,
            edit: None,
        }
    }
}

/// What became of a file of a message in a room.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StoredFate {
    /// It goes along.
    Sent,
    /// It follows.
    Late,
    /// It stays behind: where it can be fetched, and why.
    Left {
        /// A link, where there is one.
        url: Option<String>,
        /// Why it is not sent.
        why: String,
    },
}

/// Somebody's reaction.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reactor {
    /// The user's id in their room's network.
    pub user: String,
    /// The name people there see.
    pub name: String,
    /// The emoji, as in the contract.
    pub emoji: String,
    /// The emoji's id, where it has one.
    pub emoji_id: Option<String>,
    /// When, in milliseconds since the epoch.
    pub at: i64,
}

impl Record for Reactor {
    const PLACE: &'static str = "reactions";
}

/// What Relay itself has put on a message in a room.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ShownReactions {
    /// Its own reactions, as the room writes them.
    pub own: Vec<String>,
    /// Reactions that are there as those of people of elsewhere: whose, and as the room writes them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub by: Vec<(String, String)>,
    /// Whether a line below the message tells of reactions.
    pub tally: bool,
    /// The native message that bears them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on: Option<String>,
    /// The native message that Relay has pinned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pinned: Option<String>,
}

impl Record for ShownReactions {
    const PLACE: &'static str = "reactions shown";
}

/// Where a conversation is in a room.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ThreadThere {
    /// The native thread to post into.
    pub thread: Option<NativeId>,
    /// The message that began it there; what comes later answers it where there are no threads.
    pub root: Option<MessageRef>,
}

impl Record for ThreadThere {
    const PLACE: &'static str = "threads";
}

impl Record for OutboxRow {
    const PLACE: &'static str = "outbox";
}

/// The reason of a delivery that a purge has taken back.
pub const PURGED: &str = "purged";
/// The reason of a delivery to a room that no link leads to any more.
pub const UNLINKED: &str = "unlinked";

/// A delivery that will not be tried again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DeadLetter {
    /// Why.
    pub reason: String,
    /// When, in milliseconds since the epoch.
    pub at: i64,
    /// The row as it was.
    pub row: OutboxRow,
}

impl DeadLetter {
    /// As it is stored.
    pub(super) fn covered(&self, seals: &Seals) -> Result<Self, StoreError> {
        let reason = match self.is_purged() {
            true => self.reason.clone(),
            false => seals.cover(self.reason.clone())?,
        };
        Ok(Self { reason, at: self.at, row: self.row.covered(seals)?.into_owned() })
    }

    /// As it was before it was stored.
    pub(super) fn uncovered(self, seals: &Seals) -> Result<Self, StoreError> {
        Ok(Self { reason: seals.uncover(self.reason)?, at: self.at, row: self.row.uncovered(seals)? })
    }

    /// Whether a purge has taken it back: nobody wants it delivered.
    pub fn is_purged(&self) -> bool {
        self.reason == PURGED
    }
}

impl Record for DeadLetter {
    const PLACE: &'static str = "dead letters";
}

/// An event that could not be read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SetAside {
    /// The account that heard it.
    pub account: String,
    /// Why.
    pub reason: String,
    /// The event as JSON.
    pub payload: String,
    /// When, in milliseconds since the epoch.
    pub at: i64,
}

impl Record for SetAside {
    const PLACE: &'static str = "events set aside";
}

/// One line of the index log: what an envelope's message is called in a room.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct IndexLine {
    /// The envelope that posted it.
    pub envelope: EnvelopeId,
    /// The room.
    pub room: RoomKey,
    /// Its native messages, in order; replaces what an earlier line said; empty when it was deleted.
    pub messages: Vec<MessageRef>,
    /// It was posted here by a person, not delivered here by Relay.
    pub origin: bool,
    /// What of it the room does not show as the origin did, in the words of the table of features.
    #[serde(default)]
    pub lost: Vec<String>,
    /// How it came there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub way: Option<Way>,
}

impl IndexLine {
    /// One that tells of no message: what it told is erased, and its number stays.
    pub fn of_nothing(room: RoomKey) -> Self {
        let envelope = EnvelopeId::default();
        Self { envelope, room, messages: Vec::new(), origin: false, lost: Vec::new(), way: None }
    }
}

/// How a message came into a room: times in milliseconds since the epoch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Way {
    /// When it was put into the room's lane.
    #[serde(rename = "q", default, skip_serializing_if = "Option::is_none")]
    pub queued: Option<i64>,
    /// When its last part was there.
    #[serde(rename = "d", default, skip_serializing_if = "Option::is_none")]
    pub delivered: Option<i64>,
    /// Attempts that failed before.
    #[serde(rename = "a", default, skip_serializing_if = "none_failed")]
    pub attempts: u32,
    /// When it was last changed there.
    #[serde(rename = "c", default, skip_serializing_if = "Option::is_none")]
    pub changed: Option<i64>,
    /// It came as its newest edit had it: that had not to be done any more.
    #[serde(rename = "e", default, skip_serializing_if = "std::ops::Not::not")]
    pub edited: bool,
    /// The words of others that it passes on or quotes were taken out.
    #[serde(rename = "o", default, skip_serializing_if = "std::ops::Not::not")]
    pub out: bool,
}

fn none_failed(attempts: &u32) -> bool {
    *attempts == 0
}

impl Record for IndexLine {
    const PLACE: &'static str = "index";
}

/// What a room turned out to be when it was last asked about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KnownRoom {
    /// Its identity.
    pub key: RoomKey,
    /// The space's id.
    pub space: String,
    /// The space's name.
    pub space_name: String,
    /// The room's name.
    pub name: String,
    /// Who can read it.
    #[serde(default)]
    pub visibility: Option<Visibility>,
    /// The widest visibility that a person has agreed to; what is wider parks the link.
    #[serde(default)]
    pub agreed: Option<Visibility>,
}

impl KnownRoom {
    /// What a report says; agreed to as it is.
    pub fn new(report: &RoomReport) -> Self {
        // It stands in tables and in sentences.
        let on_one_line = |name: &str| name.replace(char::is_control, " ");
        Self {
            key: report.key.clone(),
            space: report.space.id.to_string(),
            space_name: on_one_line(&report.space.name),
            name: on_one_line(&report.name),
            visibility: Some(report.visibility),
            agreed: Some(report.visibility),
        }
    }

    /// Whether more people can read it than was agreed to.
    pub fn is_wider(&self) -> bool {
        self.visibility.zip(self.agreed).is_some_and(|(now, agreed)| now > agreed)
    }
}

impl Record for KnownRoom {
    const PLACE: &'static str = "meta";
}

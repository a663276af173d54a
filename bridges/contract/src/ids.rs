//! Identities. Opaque: only the connector that made a native id may look inside; everybody else compares and stores it.

use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

/// The name of a platform: `discord`, `slack`, `telegram` … Unique among connectors.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Platform(Cow<'static, str>);

impl Platform {
    /// A connector's own constant.
    pub const fn new(name: &'static str) -> Self {
        Self(Cow::Borrowed(name))
    }

    /// From a stored record.
    pub fn from_stored(name: String) -> Self {
        Self(Cow::Owned(name))
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The name of an account in `bridges.toml`: a route, never part of a stored identity.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Account(pub String);

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An id as a platform writes it. Never contains NUL, which separates the parts of stored keys.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct NativeId(String);

impl NativeId {
    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for NativeId {
    fn from(id: String) -> Self {
        if id.contains('\0') { Self(id.replace('\0', "")) } else { Self(id) }
    }
}

impl From<&str> for NativeId {
    fn from(id: &str) -> Self {
        Self::from(id.to_owned())
    }
}

impl From<NativeId> for String {
    fn from(id: NativeId) -> Self {
        id.0
    }
}

impl fmt::Display for NativeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Which room, for ever: survives a rename of the room, of the account and a second bot in the same room.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RoomKey {
    /// The platform.
    pub platform: Platform,
    /// Where room ids are unique: Discord's instance, Slack's team id, Telegram's instance.
    pub network: NativeId,
    /// The room's id in that network.
    pub room: NativeId,
}

impl RoomKey {
    /// Puts the parts together.
    pub fn new(platform: Platform, network: impl Into<NativeId>, room: impl Into<NativeId>) -> Self {
        Self { platform, network: network.into(), room: room.into() }
    }
}

impl fmt::Display for RoomKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.platform, self.network, self.room)
    }
}

/// Which message, for ever: ids are unique within a room.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct MessageKey {
    /// The room.
    pub room: RoomKey,
    /// The message's id in that room.
    pub id: NativeId,
}

/// How to address a message in a known room: its id, and the thread it stands in, which some platforms ask for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct MessageRef {
    /// The message's id.
    pub id: NativeId,
    /// The thread it is in, as the connector wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thread: Option<NativeId>,
    /// Which of its message's files it holds, by their places; empty for text alone. Of messages that Relay posted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<u16>,
    /// It bears no text of the message, and is not changed when that changes.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub no_text: bool,
}

impl MessageRef {
    /// A message that stands in no thread.
    pub fn plain(id: impl Into<NativeId>) -> Self {
        Self { id: id.into(), thread: None, files: Vec::new(), no_text: false }
    }

    /// The same in a thread.
    pub fn within(self, thread: Option<NativeId>) -> Self {
        Self { thread, ..self }
    }

    /// The same with files.
    pub fn holding(self, files: Vec<u16>, no_text: bool) -> Self {
        Self { files, no_text, ..self }
    }
}

/// Milliseconds since 1970-01-01 UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// This machine's clock.
    pub fn now() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}

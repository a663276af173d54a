//! Identities. Opaque: only the connector that made a native id may look inside; everybody else compares and stores it.

use serde::{Deserialize, Serialize, Serializer};
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// The name of a platform: `discord`, `slack`, `telegram` … Unique among connectors.
#[derive(Clone, Deserialize)]
#[serde(from = "String")]
pub struct Platform(Name);

#[derive(Clone)]
enum Name {
    Constant(&'static str),
    /// Shared: rooms are passed around for each message.
    Stored(Arc<str>),
}

impl Platform {
    /// A connector's own constant.
    pub const fn new(name: &'static str) -> Self {
        Self(Name::Constant(name))
    }

    /// From a stored record.
    pub fn from_stored(name: String) -> Self {
        Self(Name::Stored(name.into()))
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Name::Constant(name) => name,
            Name::Stored(name) => name,
        }
    }
}

impl From<String> for Platform {
    fn from(name: String) -> Self {
        Self::from_stored(name)
    }
}

impl Serialize for Platform {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl fmt::Debug for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Platform").field(&self.as_str()).finish()
    }
}

impl PartialEq for Platform {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Platform {}

impl Hash for Platform {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl PartialOrd for Platform {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Platform {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
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

/// An id as a platform writes it. Never contains NUL, which separates the parts of stored keys. Cloning it copies nothing.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(from = "String")]
pub struct NativeId(Arc<str>);

impl NativeId {
    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for NativeId {
    fn from(id: String) -> Self {
        Self::from(id.as_str())
    }
}

impl From<&str> for NativeId {
    fn from(id: &str) -> Self {
        Self(if id.contains('\0') { id.replace('\0', "").into() } else { id.into() })
    }
}

impl Serialize for NativeId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl From<NativeId> for String {
    fn from(id: NativeId) -> Self {
        id.as_str().to_owned()
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

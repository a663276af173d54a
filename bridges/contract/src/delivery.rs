//! The way out: what is to be shown, its parts, one attempt, and the proof.

use crate::ids::{MessageRef, RoomKey};
use crate::text::Text;
use serde::{Deserialize, Serialize};

/// What is to be shown in a room, already degraded to what it can do; `Connector::render` turns it into parts.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    /// The whole text: placeholders, name prefix and quote included where the room needs them. Never empty.
    pub body: Text,
}

/// One native message of a draft, ready to send. Only the connector that made it looks inside.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// The text in the platform's markup, within the platform's limit.
    pub text: String,
    /// What goes beside the text: entities, blocks. `Null` where the text is all.
    pub formatting: serde_json::Value,
}

/// The name and avatar a delivery is shown under.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Persona {
    /// The name; not empty. The connector makes it acceptable to the platform.
    pub name: String,
    /// URL of a picture.
    pub avatar: Option<String>,
}

/// One request that changes a room: one attempt, never repeated by the connector.
#[derive(Debug, Clone, PartialEq)]
pub struct Attempt<'a> {
    /// The room.
    pub room: &'a RoomKey,
    /// What to do.
    pub operation: Operation<'a>,
}

/// What to do with one part.
#[derive(Debug, Clone, PartialEq)]
pub enum Operation<'a> {
    /// Post a new message.
    Post {
        /// What it shows.
        part: &'a Part,
        /// Under which name, where `Capabilities::persona` is native.
        persona: Option<&'a Persona>,
        /// What it answers, where `Capabilities::reply` is native.
        reply_to: Option<&'a MessageRef>,
    },
    /// Change a message that Relay posted.
    Edit {
        /// Which.
        target: &'a MessageRef,
        /// What it shows now.
        part: &'a Part,
    },
    /// Delete a message that Relay posted.
    Delete {
        /// Which.
        target: &'a MessageRef,
    },
}

/// Proof that a part was delivered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The native message.
    pub message: MessageRef,
}

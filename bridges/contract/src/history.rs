//! What has been: a room's history after a place in it, and the outcome of an attempt that nobody answered.

use crate::connector::RawEvent;
use crate::delivery::Receipt;
use crate::ids::{NativeId, Timestamp};
use serde::{Deserialize, Serialize};

/// A place in a room: everything up to it is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// The newest message that is known there, whoever wrote it; none while nothing was heard.
    pub id: Option<NativeId>,
    /// When it was said by the platform's clock; without a message, since when the room is listened to.
    pub at: Timestamp,
}

/// A piece of a room's history.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Past {
    /// What happened, oldest first, threads included: events like those that `listen` hands up, so that what was heard already has
    /// the same event key. A message that was changed comes as it is now; one from before the mark comes as an edit.
    pub events: Vec<RawEvent>,
    /// Where the next piece begins; none when this is all there is.
    pub next: Option<Mark>,
}

/// What became of an attempt to post whose outcome is unknown.
#[derive(Debug, Clone, PartialEq)]
pub enum Settled {
    /// These messages in the room are what the attempt would have made, oldest first; none when it was not done. The engine knows
    /// which of them are others that say the same.
    Found(Vec<Receipt>),
    /// The platform does not tell.
    CannotTell,
}

/// The kinds of requests that platforms limit apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Doing {
    /// A new message.
    Post,
    /// A change of one.
    Edit,
    /// The end of one.
    Delete,
    /// A reaction.
    React,
    /// A pin.
    Pin,
    /// A new thread.
    Open,
    /// A look at the history.
    Look,
}

/// A ceiling that all requests of a kind share, account-wide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tier {
    /// What shares it: the platform's name of the method.
    pub method: &'static str,
    /// (requests, in seconds).
    pub rate: (u32, u32),
}

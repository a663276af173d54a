//! What can go wrong, split by what the engine does about it.

use std::time::Duration;

/// Something a person can act on.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Problem {
    /// What is wrong, in one sentence. Never contains a secret.
    pub what: String,
    /// What to do about it: where to click, what to grant.
    pub fix: String,
}

impl Problem {
    /// Both sentences.
    pub fn new(what: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { what: what.into(), fix: fix.into() }
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.what, self.fix)
    }
}

/// Why an account could not be opened or checked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// Needs a person: the account is parked.
    #[error("{0}")]
    Refused(Problem),
    /// The platform did not answer, or not sensibly: tried again by itself.
    #[error("{0}")]
    Unavailable(String),
}

/// Why listening ended.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ListenError {
    /// Needs a person: the account is parked.
    #[error("{0}")]
    Refused(Problem),
    /// The connection is gone: listened again after a delay.
    #[error("{0}")]
    Lost(String),
}

/// How far a server's rate limit reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// This room.
    Room,
    /// Everything the account does.
    Account,
    /// This room, for what others do there too: it is obeyed, and no fault of ours.
    Shared,
}

/// Why one attempt did not succeed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeliverError {
    /// Certainly not done; the server says when to come back.
    #[error("rate limited for {} ms", retry_after.as_millis())]
    RateLimited {
        /// The server's word.
        retry_after: Duration,
        /// How far it reaches.
        scope: Scope,
    },
    /// Certainly not done; may work later.
    #[error("unavailable: {0}")]
    Unavailable(String),
    /// The credential no longer works: the account is parked.
    #[error("{0}")]
    Unauthorized(Problem),
    /// Relay may not do this in this room any more: the lane is parked.
    #[error("{0}")]
    Forbidden(Problem),
    /// The platform will never take this.
    #[error("rejected: {0}")]
    Rejected(String),
    /// The message that was to be edited or deleted is not there any more.
    #[error("the target is gone")]
    TargetGone,
    /// May or may not have been done: no answer came after the request was sent.
    #[error("outcome unknown: {0}")]
    Unsure(String),
}

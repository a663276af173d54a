//! What an admin decides and the engine follows: plain values that both know.

use std::time::Duration;

/// How far what was said in an absence is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CatchUpLimits {
    /// Most messages a room.
    pub messages: u32,
    /// Nothing older.
    pub age: Duration,
}

impl Default for CatchUpLimits {
    fn default() -> Self {
        Self { messages: 5_000, age: Duration::from_secs(7 * 24 * 3_600) }
    }
}

/// What becomes of a message of which nobody can tell whether it was delivered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Unsure {
    /// It is delivered again: it may be there twice.
    #[default]
    Repeat,
    /// It is given up until a person asks for it: it may be missing.
    Hold,
}

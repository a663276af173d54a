//! Where in a session of the gateway we are: what was taken, when it was heard last, and whether anything was passed over.

use relay_contract::Timestamp;
use serde::{Deserialize, Serialize};
use std::sync::atomic::{AtomicI64, Ordering};

/// A session, as long as it lives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionInfo {
    /// Discord's id of it.
    pub session: String,
    /// Where it is resumed.
    pub resume_url: Option<String>,
}

/// Where listening can go on: the cursor, as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// The session.
    #[serde(flatten)]
    pub info: SessionInfo,
    /// The sequence number of the newest event that was taken.
    pub sequence: u64,
}

/// When the gateway was last heard within a session, in milliseconds since the epoch; 0 before that. Outlives one connection.
#[derive(Debug, Default)]
pub struct LastHeard(AtomicI64);

impl LastHeard {
    /// It is heard.
    pub fn now(&self) {
        self.0.store(Timestamp::now().0, Ordering::Relaxed);
    }

    /// In words that follow "until".
    pub fn until(&self) -> String {
        match self.0.load(Ordering::Relaxed) {
            0 => "Relay was stopped".to_owned(),
            at => jiff::Timestamp::from_second(at / 1_000)
                .map_or_else(|_| "the last event".to_owned(), |at| at.to_string()),
        }
    }
}

/// Whether a session's events come one after the other. Discord numbers them without a gap, so that a gap tells of events that this
/// connection was not told of.
#[derive(Debug, Default)]
pub struct Sequence {
    /// The newest event's number.
    last: Option<u64>,
    /// What was before the gap for which the session was resumed.
    asked_behind: Option<u64>,
    /// Nothing is made of gaps any more: whoever sits between filters events without numbering them anew.
    has_gaps: bool,
}

/// What an event's number tells.
#[derive(Debug, PartialEq, Eq)]
pub enum Passed {
    /// It follows.
    Nothing,
    /// Not yet known events are before it: a resume brings them.
    Something,
    /// A resume did not bring them.
    ForGood,
}

impl Sequence {
    /// A connection goes on behind this.
    pub fn goes_on(&mut self, position: Option<&Position>) {
        self.last = position.map(|position| position.sequence);
    }

    /// An event has come; if something was passed over, it does not count yet.
    pub fn passed_over(&mut self, kind: &str, sequence: u64) -> Passed {
        if kind == "READY" {
            *self = Self { last: Some(sequence), ..Self::default() };
            return Passed::Nothing;
        }
        let gap = !self.has_gaps && self.last.is_some_and(|last| sequence > last.saturating_add(1));
        if kind == "RESUMED" {
            // It ends the replay: what is missing now does not come.
            self.last = Some(sequence);
            return if gap { Passed::ForGood } else { Passed::Nothing };
        }
        if gap && self.asked_behind != self.last {
            self.asked_behind = self.last;
            return Passed::Something;
        }
        self.has_gaps |= gap;
        self.last = Some(sequence);
        if gap { Passed::ForGood } else { Passed::Nothing }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_cursor_is_read_back() {
        let info = SessionInfo { session: "s".into(), resume_url: Some("ws://127.0.0.1:1".into()) };
        let position = Position { info, sequence: 7 };
        let written = serde_json::to_string(&position).unwrap();
        assert_eq!(written, r#"{"session":"s","resume_url":"ws://127.0.0.1:1","sequence":7}"#);
        assert_eq!(serde_json::from_str::<Position>(&written).unwrap(), position);
    }

    #[test]
    fn a_gap_is_asked_for_once_and_a_server_that_always_has_them_is_believed() {
        use Passed::{ForGood, Nothing, Something};
        let mut order = Sequence::default();
        let info = SessionInfo { session: "s".into(), resume_url: None };
        for (resumed_at, kind, sequence, passed) in [
            (None, "READY", 1, Nothing),
            (None, "MESSAGE_CREATE", 2, Nothing),
            (None, "MESSAGE_CREATE", 5, Something),
            // The resume begins before what was heard last, and brings everything.
            (Some(1), "MESSAGE_CREATE", 2, Nothing),
            (None, "MESSAGE_CREATE", 3, Nothing),
            (None, "MESSAGE_CREATE", 4, Nothing),
            (None, "RESUMED", 5, Nothing),
            (None, "MESSAGE_CREATE", 6, Nothing),
            (None, "MESSAGE_CREATE", 8, Something),
            (Some(6), "RESUMED", 9, ForGood),
            (None, "MESSAGE_CREATE", 10, Nothing),
            // It does not.
            (None, "MESSAGE_CREATE", 12, Something),
            (Some(9), "MESSAGE_CREATE", 10, Nothing),
            (None, "MESSAGE_CREATE", 12, ForGood),
            (None, "MESSAGE_CREATE", 20, Nothing),
            // Another session.
            (None, "READY", 1, Nothing),
            (None, "MESSAGE_CREATE", 3, Something),
        ] {
            if let Some(sequence) = resumed_at {
                order.goes_on(Some(&Position { info: info.clone(), sequence }));
            }
            assert_eq!(order.passed_over(kind, sequence), passed, "{kind} {sequence}");
        }
    }
}

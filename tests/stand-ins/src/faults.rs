//! Faults on demand: what a stand-in does wrong, how often, and where.

use serde::{Deserialize, Serialize};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// One armed fault. It fires for the next `times` occasions that match, then is gone.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// What goes wrong.
    pub kind: Kind,
    /// On how many occasions; 1 when left out.
    #[serde(default = "once")]
    pub times: u32,
    /// Only requests whose method name or path contains this (`sendMessage`, `chat.postMessage`, `/webhooks/`).
    #[serde(default)]
    pub only: Option<String>,
    /// Seconds: the `retry_after` of `rate_limit`, the delay of `slow` and `late_answer`, how long `silent` lasts; 1 when left out.
    #[serde(default = "one_second")]
    pub seconds: f64,
}

/// What can go wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The WebSocket or long poll is cut at once, without a goodbye. Immediate.
    Disconnect,
    /// A polite request to reconnect: Discord op 7, Slack `disconnect`. Immediate.
    Reconnect,
    /// The next session resume is refused (Discord op 9 `false`); on Slack, the next connection is told nothing of what waited for it.
    RefuseResume,
    /// The next event is delivered twice.
    Duplicate,
    /// An API request is answered 429.
    RateLimit,
    /// An API request is answered 502, and nothing happened.
    ServerError,
    /// An API request is carried out, and its connection is then cut without an answer.
    CutAfter,
    /// An API request is carried out late.
    Slow,
    /// An API request is carried out at once, and answered late.
    LateAnswer,
    /// An API request is answered 401.
    Unauthorized,
    /// Discord: a guild (`only`, by id or name; else all) has an outage of `seconds`, and comes back. Immediate.
    Unavailable,
    /// Slack: the next edit is told as if somebody else had written the message, as no real server does.
    Forged,
    /// Discord, Slack: for `seconds` the clients that are connected now are told nothing that happens, though heartbeats and pings are
    /// answered. Discord passes it over and replays it on a resume; Slack keeps it for another connection, or the end of it. Immediate.
    Silent,
}

impl Fault {
    /// `seconds`, at most an hour: what is negative or huge would be a panic.
    pub fn lasts(&self) -> Duration {
        Duration::from_secs_f64(self.seconds.clamp(0.0, 3_600.0))
    }
}

fn once() -> u32 {
    1
}

fn one_second() -> f64 {
    1.0
}

/// The armed faults of one stand-in.
#[derive(Debug, Default)]
pub struct Faults {
    armed: Mutex<Vec<Fault>>,
    struck: AtomicU64,
}

impl Faults {
    /// Arms one.
    pub fn arm(&self, fault: Fault) {
        self.armed.lock().unwrap_or_else(PoisonError::into_inner).push(fault);
    }

    /// Uses up one occasion of the first armed fault of a kind in `kinds` that matches `place`.
    pub fn take(&self, kinds: &[Kind], place: &str) -> Option<Fault> {
        let mut armed = self.armed.lock().unwrap_or_else(PoisonError::into_inner);
        let at = armed.iter().position(|f| {
            kinds.contains(&f.kind) && f.only.as_deref().is_none_or(|only| place.contains(only))
        })?;
        armed[at].times = armed[at].times.saturating_sub(1);
        let fault = armed[at].clone();
        if fault.times == 0 {
            armed.remove(at);
        }
        self.struck.fetch_add(1, Ordering::Relaxed);
        Some(fault)
    }

    /// On how many occasions one was used up.
    pub fn struck(&self) -> u64 {
        self.struck.load(Ordering::Relaxed)
    }

    /// Forgets what is armed and was not used up.
    pub fn disarm(&self) {
        self.armed.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

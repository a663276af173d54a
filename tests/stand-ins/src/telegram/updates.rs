//! A bot's updates: kept for a day, handed out until an offset confirms them.
//!
//! Source: <https://core.telegram.org/bots/api#getupdates>.

use super::state::now;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::sync::Arc;
use tokio::sync::Notify;

/// The most updates that wait for one bot; the oldest go first.
pub const KEPT: usize = 100_000;

/// How long an update waits, in milliseconds.
const DAY: u64 = 24 * 60 * 60 * 1_000;

/// Kinds that are only sent when they are asked for by name.
const ON_REQUEST: [&str; 3] = ["chat_member", "message_reaction", "message_reaction_count"];

#[derive(Debug)]
struct Update {
    id: i64,
    kind: &'static str,
    value: Value,
    label: Option<String>,
    since: u64,
    /// A fault wants it to be handed out once more after it was confirmed.
    again: bool,
    confirmed: bool,
}

/// The waiting updates of one bot.
#[derive(Debug)]
pub struct Queue {
    waiting: VecDeque<Update>,
    next: i64,
    allowed: Vec<String>,
    poll: u64,
    cuts: u32,
    changed: Arc<Notify>,
}

/// How a poll goes on.
#[derive(Debug)]
pub enum Turn {
    /// These are the updates.
    Ready(Vec<Value>),
    /// A later poll has taken over.
    Ended,
    /// A fault cuts it.
    Cut,
    /// Nothing yet.
    Wait,
}

impl Queue {
    /// An empty one. Update ids begin at a number that depends on the bot.
    pub fn new(bot: i64) -> Self {
        Self {
            waiting: VecDeque::new(),
            next: 100_000_000 + bot % 800_000 * 1_000,
            allowed: Vec::new(),
            poll: 0,
            cuts: 0,
            changed: Arc::default(),
        }
    }

    /// Woken whenever a poll should look again.
    pub fn changed(&self) -> Arc<Notify> {
        self.changed.clone()
    }

    /// Appends an update, unless the bot does not want its kind.
    pub fn push(&mut self, kind: &'static str, value: Value, label: Option<String>) {
        let wanted = if self.allowed.is_empty() {
            !ON_REQUEST.contains(&kind)
        } else {
            self.allowed.iter().any(|a| a == kind)
        };
        if !wanted {
            return;
        }
        if self.waiting.len() >= KEPT {
            self.waiting.pop_front();
        }
        let id = self.next;
        self.next += 1;
        self.waiting.push_back(Update {
            id,
            kind,
            value,
            label,
            since: now(),
            again: false,
            confirmed: false,
        });
        self.changed.notify_waiters();
    }

    /// How many wait.
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Starts a poll and ends the one before it; answers its number.
    pub fn begin(&mut self, allowed: Option<Vec<String>>) -> u64 {
        if let Some(allowed) = allowed {
            self.allowed = allowed;
        }
        self.poll += 1;
        self.changed.notify_waiters();
        self.poll
    }

    /// Forgets what lies below the offset; a negative one counts from the end. Answers the labels of what is confirmed now.
    pub fn confirm(&mut self, offset: i64) -> Vec<String> {
        let day_ago = now().saturating_sub(DAY);
        self.waiting.retain(|u| u.since >= day_ago);
        let first = match offset {
            ..0 => {
                let back = usize::try_from(offset.unsigned_abs()).unwrap_or(usize::MAX);
                let at = self.waiting.len().saturating_sub(back);
                self.waiting.get(at).map_or(self.next, |u| u.id)
            }
            _ => offset,
        };
        let mut labels = Vec::new();
        for update in self.waiting.iter_mut().take_while(|u| u.id < first) {
            if !update.confirmed {
                update.confirmed = true;
                labels.extend(update.label.take());
            }
        }
        self.waiting.retain(|u| !u.confirmed || u.again);
        labels
    }

    /// Cuts the poll that waits now, or the next ones.
    pub fn cut(&mut self, times: u32) {
        self.cuts = self.cuts.saturating_add(times);
        self.changed.notify_waiters();
    }

    /// What becomes of the poll of this number. `repeat` is asked for each update, with its kind, before it is handed out.
    pub fn turn(&mut self, poll: u64, limit: usize, mut repeat: impl FnMut(&str) -> bool) -> Turn {
        if self.cuts > 0 {
            self.cuts -= 1;
            return Turn::Cut;
        }
        if poll != self.poll {
            return Turn::Ended;
        }
        if self.waiting.is_empty() {
            return Turn::Wait;
        }
        let mut out = Vec::new();
        for update in self.waiting.iter_mut().take(limit) {
            if update.confirmed {
                update.again = false;
            } else if !update.again {
                update.again = repeat(update.kind);
            }
            out.push(json!({ "update_id": update.id, update.kind: update.value }));
        }
        self.waiting.retain(|u| !u.confirmed || u.again);
        Turn::Ready(out)
    }
}

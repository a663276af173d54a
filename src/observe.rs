//! What happened, counted: one name for the log line, the status and (later) the metric.

use std::sync::atomic::{AtomicU64, Ordering};

/// Everything that is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Count {
    /// Envelopes written to the journal.
    Accepted,
    /// Events whose key was known: a platform's repetition.
    Repeated,
    /// Messages that were held at the door: somebody's, more than their budget.
    Held,
    /// Edits and deletes that became part of a message that was held.
    Folded,
    /// Events from before the time that is kept: whether they are repetitions cannot be told.
    TooOld,
    /// Relay's own messages coming back.
    Echo,
    /// Messages of other bots, which are not carried.
    OtherBot,
    /// Messages of another bridge that brought back what Relay had carried.
    Looped,
    /// Commands that nobody had time for.
    Unanswered,
    /// Events of rooms that are not linked.
    NotLinked,
    /// Events that mean nothing to a bridge.
    Ignored,
    /// Events that could not be read, kept with their cause.
    SetAside,
    /// Events that were read from a room's history: they were said while nobody listened.
    CaughtUp,
    /// Times when a platform could not tell what was said meanwhile.
    Missed,
    /// Connections that were made anew because they heard nothing.
    Deaf,
    /// Edits and deletes of messages that Relay never saw.
    UnknownTarget,
    /// Changes of a bridged copy in a room, which do not reach the origin.
    CopyChanged,
    /// Edits by somebody who is not the author.
    NotTheAuthor,
    /// Deliveries completed.
    Delivered,
    /// Signs of typing that nobody had time for.
    Shed,
    /// Attempts that failed and are made again.
    Retried,
    /// Attempts that nobody answered and whose outcome the room's history told.
    Settled,
    /// Attempts whose outcome nobody could tell: repeated or held.
    Unsure,
    /// Attempts that a platform's rate limit sent back.
    RateLimited,
    /// Edits whose target is not there any more.
    TargetGone,
    /// Deliveries given up.
    Dead,
    /// Deliveries and held messages that were cancelled because their author was purged.
    Purged,
    /// Deliveries that were not made because somebody has not allowed it.
    Withheld,
    /// Deliveries that were not made because those who manage a room have muted somebody in it.
    Muted,
    /// Parts of Relay that panicked and were started again.
    Panicked,
    /// Changes of the config that were taken.
    Reloaded,
    /// Changes of the config that were not taken.
    ReloadRefused,
}

const ALL: [(Count, &str); 32] = [
    (Count::Accepted, "accepted"),
    (Count::Repeated, "repeated"),
    (Count::TooOld, "too_old"),
    (Count::Held, "held"),
    (Count::Folded, "folded"),
    (Count::Echo, "echo"),
    (Count::OtherBot, "other_bot"),
    (Count::Looped, "looped"),
    (Count::Unanswered, "unanswered"),
    (Count::NotLinked, "not_linked"),
    (Count::Ignored, "ignored"),
    (Count::SetAside, "set_aside"),
    (Count::CaughtUp, "caught_up"),
    (Count::Missed, "missed"),
    (Count::Deaf, "deaf"),
    (Count::UnknownTarget, "unknown_target"),
    (Count::CopyChanged, "copy_changed"),
    (Count::NotTheAuthor, "not_the_author"),
    (Count::Delivered, "delivered"),
    (Count::Shed, "shed"),
    (Count::Retried, "retried"),
    (Count::Settled, "settled"),
    (Count::Unsure, "unsure"),
    (Count::RateLimited, "rate_limited"),
    (Count::TargetGone, "target_gone"),
    (Count::Dead, "dead"),
    (Count::Purged, "purged"),
    (Count::Withheld, "withheld"),
    (Count::Muted, "muted"),
    (Count::Panicked, "panicked"),
    (Count::Reloaded, "reloaded"),
    (Count::ReloadRefused, "reload_refused"),
];

/// What a counter counts, in a few words, for the table of `relay status`.
pub fn in_words(name: &str) -> &'static str {
    match ALL.iter().find(|(_, known)| *known == name).map(|(what, _)| *what) {
        Some(Count::Accepted) => "said or done in linked rooms, and written down",
        Some(Count::Repeated) => "told twice by a platform, taken once",
        Some(Count::Echo) => "Relay's own messages coming back",
        Some(Count::OtherBot) => "by other bots, which are not carried",
        Some(Count::Looped) => "brought back by another bridge, and cut",
        Some(Count::Unanswered) => "commands that were too many at once",
        Some(Count::NotLinked) => "in rooms that are not linked",
        Some(Count::Ignored) => "events that mean nothing to a bridge",
        Some(Count::SetAside) => "events that could not be read, and are kept",
        Some(Count::Missed) => "times that a platform may not have told everything",
        Some(Count::Deaf) => "connections that heard nothing and were made anew",
        Some(Count::UnknownTarget) => "changes of messages that Relay never saw",
        Some(Count::CopyChanged) => "changes of copies, which stay in their room",
        Some(Count::NotTheAuthor) => "edits by somebody else, which are refused",
        Some(Count::Delivered) => "deliveries done",
        Some(Count::Shed) => "signs of typing left out",
        Some(Count::Retried) => "attempts that failed, and were made again",
        Some(Count::Unsure) => "attempts that nobody answered",
        Some(Count::RateLimited) => "attempts sent back by a rate limit",
        Some(Count::TargetGone) => "changes whose message is gone",
        Some(Count::Dead) => "deliveries given up (`relay queue`)",
        Some(Count::Panicked) => "faults inside Relay, survived; the log has them",
        Some(Count::Held) => "said faster than their sender may, held and carried later",
        Some(Count::Folded) => "edits and deletes of what was not sent yet",
        Some(Count::CaughtUp) => "read from histories after an absence",
        Some(Count::Purged) => "taken back by `relay purge`",
        Some(Count::Withheld) => "kept back, as their authors want it",
        Some(Count::Muted) => "not shown where those who manage a room have muted their author",
        Some(Count::TooOld) => "older than what is kept, so that they may have been carried before",
        Some(Count::Settled) => "unanswered attempts that were found to be done",
        Some(Count::Reloaded) => "changes of the config that were taken",
        Some(Count::ReloadRefused) => "changes of the config that were not taken",
        None => "",
    }
}

/// The counters of one process, from its start.
#[derive(Debug, Default)]
pub struct Counters([AtomicU64; ALL.len()]);

impl Counters {
    /// Counts one.
    pub fn add(&self, what: Count) {
        self.0[what as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// Names and values, in the order of a message's path.
    pub fn all(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        ALL.iter().map(|(what, name)| (*name, self.0[*what as usize].load(Ordering::Relaxed)))
    }
}

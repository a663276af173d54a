//! What was told and what is to be told: each thing once, those of one round together, the all-clear when it has been gone for two rounds.
//! What is not urgent waits while it is quiet. Pure: the clock is given.

use super::cause::Cause;
use super::habit::{self, Habit};
use crate::adapt::presentable;
use crate::engine::HeardLast;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// The same is told once in this time, in milliseconds. What comes again after its all-clear is told at once, and is not said to be over
/// before that time has passed: so what comes and goes is told twice at most, and the last word is true.
const AGAIN: i64 = 3_600_000;
/// Rounds for which something is gone before it is over.
const GONE: u32 = 2;
/// The most letters that wait to be sent.
const UNSENT: usize = 20;

/// What is known of everything that needs a person, and what is still to be sent. Outlives the process.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Book {
    /// By key.
    pub entries: BTreeMap<String, Entry>,
    /// Oldest first.
    pub unsent: Vec<Letter>,
    /// When something is usually heard, by room as it is written.
    #[serde(default)]
    habits: BTreeMap<String, Habit>,
    /// The hour up to which that is known.
    #[serde(default)]
    hour: i64,
}

/// One thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Since when it is so, in milliseconds since the epoch.
    pub since: i64,
    /// What is so.
    pub what: String,
    /// What to do.
    pub fix: String,
    /// That it is over.
    over: String,
    /// When it was told last.
    told: Option<i64>,
    /// It was told, and not that it is over.
    pub open: bool,
    /// For how many rounds it has been gone.
    gone: u32,
    /// How much of it was told.
    count: u64,
    /// It has come again soon after it was told to be over.
    #[serde(default)]
    comes_and_goes: bool,
}

/// One line of a letter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// By which programs know it again.
    pub key: String,
    /// What is so, or that it is over.
    pub what: String,
    /// What to do; none where it is over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fix: Option<String>,
    /// Whether it is said in quiet hours.
    pub urgent: bool,
}

/// The ways by which people are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// The admins' room.
    Room,
    /// A webhook.
    Webhook,
    /// Email.
    Email,
}

/// What is told at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letter {
    /// Its own id: what is sent twice can be known by it.
    pub id: String,
    /// When, in milliseconds since the epoch.
    pub at: i64,
    /// What needs a person.
    pub needs: Vec<Line>,
    /// What needs nobody any more.
    pub over: Vec<Line>,
    /// By which ways it is still to go.
    pub to: BTreeSet<Way>,
}

/// When a round is, and how it is judged.
#[derive(Debug, Clone, Copy)]
pub struct Round {
    /// In milliseconds since the epoch.
    pub now: i64,
    /// Only what is urgent is said.
    pub quiet: bool,
    /// What mends itself within this is not told.
    pub late: Duration,
}

impl Book {
    /// Takes in when something was heard last in each room; answers the rooms that are silent and usually are not.
    pub fn listen(&mut self, rooms: &[HeardLast], now: i64) -> Vec<Cause> {
        self.hour = habit::hour(now);
        self.habits.retain(|link, _| rooms.iter().any(|room| room.link == *link));
        let mut silent = Vec::new();
        for room in rooms {
            let habit = self.habits.entry(room.link.clone()).or_default();
            habit.listen(now, room.at);
            if habit.is_silent() {
                let (link, name) = (room.link.clone(), presentable(&room.name));
                silent.push(Cause::Silent { link, name, reachable: room.up });
            }
        }
        silent
    }

    /// Whether it says more than one that was kept: what is usually heard is kept by the hour, for less of it is no loss.
    pub fn is_worth_keeping(&self, kept: &Self) -> bool {
        (&self.entries, &self.unsent, self.hour) != (&kept.entries, &kept.unsent, kept.hour)
    }

    /// Takes in what is so now; answers what is to be told, without its ways.
    pub fn round(&mut self, causes: &[Cause], round: Round) -> Option<Letter> {
        let mut needs = Vec::new();
        let now_so: BTreeSet<String> = causes.iter().map(Cause::key).collect();
        for cause in causes {
            needs.extend(self.is_so(cause, round));
        }
        let mut over = Vec::new();
        for (key, entry) in self.entries.iter_mut().filter(|(key, _)| !now_so.contains(*key)) {
            entry.gone = entry.gone.saturating_add(1);
            if entry.open && entry.gone >= GONE && !round.quiet && !entry.waits(round.now) {
                entry.open = false;
                let what = entry.over.clone();
                over.push(Line { key: key.clone(), what, fix: None, urgent: false });
            }
        }
        // It is remembered for as long as it would not be told again.
        self.entries.retain(|_, entry| {
            entry.gone < GONE || entry.open || entry.told.is_some_and(|told| round.now - told < AGAIN)
        });
        if needs.is_empty() && over.is_empty() {
            return None;
        }
        // An id that sorts by time; the letter is stored before it is sent, and goes by one id ever after.
        let id = ulid::Ulid::new().to_string();
        Some(Letter { id, at: round.now, needs, over, to: BTreeSet::new() })
    }

    fn is_so(&mut self, cause: &Cause, round: Round) -> Option<Line> {
        let key = cause.key();
        let entry = self.entries.entry(key.clone()).or_insert_with(|| Entry {
            since: round.now,
            what: String::new(),
            fix: String::new(),
            over: String::new(),
            told: None,
            open: false,
            gone: 0,
            count: 0,
            comes_and_goes: false,
        });
        if entry.gone >= GONE && !entry.open {
            entry.since = round.now;
        }
        entry.gone = 0;
        entry.count = entry.count.min(cause.count());
        (entry.what, entry.fix, entry.over) = (cause.sentence(), cause.fix(), cause.over());
        let patience = i64::try_from(cause.patience(round.late).as_millis()).unwrap_or(i64::MAX);
        let lately = entry.told.is_some_and(|told| round.now - told < AGAIN);
        let may = cause.is_urgent() || !round.quiet;
        // Also where it was told lately: the last that was said of it is that it is over.
        let is_new = !entry.open && cause.begins() && round.now - entry.since >= patience;
        let is_more = entry.open && cause.count() > entry.count && !lately;
        if !may || !(is_new || is_more) {
            return None;
        }
        entry.comes_and_goes = lately && !cause.is_done_by_hand();
        (entry.told, entry.open, entry.count) = (Some(round.now), true, cause.count());
        let (what, fix) = (entry.what.clone(), Some(entry.fix.clone()));
        Some(Line { key, what, fix, urgent: cause.is_urgent() })
    }

    /// Puts a letter behind those that wait; the oldest give way.
    pub fn post(&mut self, letter: Letter) {
        self.unsent.push(letter);
        let more = self.unsent.len().saturating_sub(UNSENT);
        self.unsent.drain(..more);
    }
}

impl Entry {
    /// Whether it was so when it was last looked.
    pub fn is_so(&self) -> bool {
        self.gone == 0
    }

    /// Whether it is not to be said yet that it is over.
    fn waits(&self, now: i64) -> bool {
        self.comes_and_goes && self.told.is_some_and(|told| now - told < AGAIN)
    }
}

impl Letter {
    /// As a text for people.
    pub fn in_words(&self) -> String {
        let mut lines = Vec::new();
        for need in &self.needs {
            lines.push(format!("⚠ {}", need.what));
            lines.extend(need.fix.iter().filter(|fix| !fix.is_empty()).map(|fix| format!("→ {fix}")));
        }
        lines.extend(self.over.iter().map(|over| format!("✓ {}", over.what)));
        lines.join("\n")
    }

    /// The same in a few words.
    pub fn subject(&self) -> String {
        match (self.needs.first(), self.needs.len(), self.over.first(), self.over.len()) {
            (Some(need), 1, ..) => need.what.clone(),
            (Some(_), many, ..) => format!("{many} things need somebody"),
            (None, _, Some(over), 1) => over.what.clone(),
            (None, _, _, many) => format!("{many} things are in order again"),
        }
    }
}

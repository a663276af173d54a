//! `conversations.history` and `conversations.replies`.
//!
//! Source: <https://docs.slack.dev/reference/methods/conversations.history> and `conversations.replies`. A page of a channel's history
//! is newest first; it is the one closest to `oldest` where that is given without `latest`, and else the one closest to `latest`. A
//! thread is told oldest first, its first message always. A cursor is a time, so that what is said meanwhile moves nothing.

use super::conversations::{me, visible};
use super::server::{Answer, Refusal};
use super::state::{Room, State, Stored};
use super::wire;
use crate::parameters::Parameters;
use serde_json::{Value, json};

/// The most messages of a page, and how many of a channel and of a thread there are when the client does not say.
const MOST: i64 = 999;
const OF_A_CHANNEL: i64 = 100;
const OF_A_THREAD: i64 = 1_000;

/// Microseconds since the epoch.
type Micros = u64;

/// `conversations.history`.
pub fn history(state: &State, app: usize, given: &Parameters) -> Answer {
    let room = readable(state, app, given)?;
    let asked = Asked::of(given, OF_A_CHANNEL)?;
    let forward = asked.oldest.is_some() && asked.latest.is_none();
    let newest_first = state.said.room(&room.id).rev().filter(|message| message.only_for.is_none());
    let mut all: Vec<_> = newest_first
        .map(|message| (time(&message.ts), message))
        .take_while(|(ts, _)| asked.oldest.is_none_or(|oldest| *ts >= oldest))
        .filter(|(ts, message)| (!is_reply(message) || message.broadcast) && asked.holds(*ts, forward))
        .filter_map(|(ts, message)| Some((ts, shown(state, &room, message, given)?)))
        .collect();
    if forward {
        all.reverse();
    }
    let next = asked.cut(&mut all);
    if forward {
        all.reverse();
    }
    Ok(told(all, next))
}

/// `conversations.replies`.
pub fn replies(state: &State, app: usize, given: &Parameters) -> Answer {
    let room = readable(state, app, given)?;
    let asked = Asked::of(given, OF_A_THREAD)?;
    let ts = given.text("ts").unwrap_or_default();
    let root = state.said.get(&room.id, &ts).and_then(|m| m.thread.clone()).unwrap_or(ts);
    let first = state.said.get(&room.id, &root).and_then(|m| shown(state, &room, m, given));
    let first = first.ok_or_else(|| Refusal::new("thread_not_found"))?;
    let mut all: Vec<_> = state
        .said
        .room(&room.id)
        .filter(|message| is_reply(message) && message.thread.as_ref() == Some(&root))
        .map(|message| (time(&message.ts), message))
        .filter(|(ts, _)| asked.holds(*ts, true))
        .filter_map(|(ts, message)| Some((ts, shown(state, &room, message, given)?)))
        .collect();
    if asked.from.is_none() {
        all.insert(0, (0, first));
    }
    let next = asked.cut(&mut all);
    Ok(told(all, next))
}

/// Which messages a request wants.
struct Asked {
    oldest: Option<Micros>,
    latest: Option<Micros>,
    inclusive: bool,
    /// The last message of the page before.
    from: Option<Micros>,
    limit: usize,
}

impl Asked {
    fn of(given: &Parameters, limit: i64) -> Result<Self, Refusal> {
        let bound = |name: &str| given.text(name).map(|ts| time(&ts)).filter(|ts| *ts > 0);
        let cursor = given.text("cursor").filter(|cursor| !cursor.is_empty());
        let from = cursor.map(|cursor| cursor.strip_prefix("next_ts:")?.parse().ok());
        let limit = given.number("limit").filter(|limit| *limit > 0).unwrap_or(limit).min(MOST);
        Ok(Self {
            oldest: bound("oldest"),
            latest: bound("latest"),
            inclusive: given.flag("inclusive"),
            from: from.map(|from| from.ok_or_else(|| Refusal::new("invalid_cursor"))).transpose()?,
            limit: usize::try_from(limit).unwrap_or(1),
        })
    }

    fn holds(&self, ts: Micros, forward: bool) -> bool {
        self.oldest.is_none_or(|oldest| ts > oldest || (self.inclusive && ts == oldest))
            && self.latest.is_none_or(|latest| ts < latest || (self.inclusive && ts == latest))
            && self.from.is_none_or(|from| if forward { ts > from } else { ts < from })
    }

    /// Leaves one page of them; answers the cursor of the next one.
    fn cut(&self, all: &mut Vec<(Micros, Value)>) -> Option<String> {
        let more = all.len() > self.limit;
        all.truncate(self.limit);
        all.last().filter(|_| more).map(|(ts, _)| format!("next_ts:{ts}"))
    }
}

fn told(all: Vec<(Micros, Value)>, next: Option<String>) -> Value {
    let messages: Vec<Value> = all.into_iter().map(|(_, message)| message).collect();
    json!({
        "messages": messages, "has_more": next.is_some(), "pin_count": 0,
        "response_metadata": { "next_cursor": next.unwrap_or_default() },
    })
}

/// A `ts` in microseconds; clients may leave digits away.
fn time(ts: &str) -> Micros {
    let (seconds, rest) = ts.split_once('.').unwrap_or((ts, ""));
    let micros: String = rest.chars().chain("000000".chars()).take(6).collect();
    seconds.parse::<u64>().unwrap_or(0).saturating_mul(1_000_000).saturating_add(micros.parse().unwrap_or(0))
}

/// As history shows it: of a deleted message only a thread's tombstone, nothing that one person alone sees, and what an app noted
/// down beside its message only where it is asked for.
fn shown(state: &State, room: &Room, message: &Stored, given: &Parameters) -> Option<Value> {
    if message.only_for.is_some() {
        return None;
    }
    let mut told = match (message.deleted, message.replies) {
        (false, _) => wire::message(state, room, message),
        (true, 1..) => wire::tombstone(message),
        (true, 0) => return None,
    };
    if !given.flag("include_all_metadata") {
        wire::without_payload(&mut told);
    }
    Some(told)
}

fn readable(state: &State, app: usize, given: &Parameters) -> Result<Room, Refusal> {
    let room = visible(state, app, given, "history")?;
    if !me(state, app)?.rooms.contains(&room.id) {
        return Err(Refusal::new("not_in_channel"));
    }
    Ok(room)
}

fn is_reply(message: &Stored) -> bool {
    message.thread.as_ref().is_some_and(|root| *root != message.ts)
}

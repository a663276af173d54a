//! Two bridges in the same rooms: what another one repeats is cut, so that nothing goes round and round. Only messages of bots
//! that a link lets in are ever cut, and only when the same was said in another room of the channel just before.

use relay_contract::{NativeId, RoomKey};
use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use xxhash_rust::xxh3::xxh3_64;

/// How long what was said is remembered.
const REMEMBERED: Duration = Duration::from_secs(600);
/// So much at most.
const MOST: usize = 8_192;
/// Shorter texts are said twice by chance.
const SHORTEST: usize = 2;

/// What was said lately, and which rooms were found to repeat it.
#[derive(Debug, Default)]
pub struct Repeats(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    order: VecDeque<(Instant, u64)>,
    /// By channel and text: where it was said last.
    said: HashMap<u64, (Instant, RoomKey)>,
    cut: HashMap<RoomKey, Cut>,
}

/// What was cut in a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cut {
    /// How many messages.
    pub count: u64,
    /// By whom, the last time.
    pub by: String,
}

impl Repeats {
    /// Something was said in a room of these channels.
    pub fn said<'a>(
        &self,
        channels: impl Iterator<Item = &'a str>,
        room: &RoomKey,
        text: &str,
        now: Instant,
    ) {
        if text.chars().count() < SHORTEST {
            return;
        }
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for channel in channels {
            let key = key(channel, text);
            state.said.insert(key, (now, room.clone()));
            state.order.push_back((now, key));
        }
        while state.order.len() > MOST
            || state.order.front().is_some_and(|(at, _)| now.saturating_duration_since(*at) > REMEMBERED)
        {
            let Some((at, key)) = state.order.pop_front() else { break };
            if state.said.get(&key).is_some_and(|(said, _)| *said == at) {
                state.said.remove(&key);
            }
        }
    }

    /// Whether a bot in this room repeats, with or without a name before it, what was said in another room of the channel.
    pub fn repeats(&self, channel: &str, room: &RoomKey, text: &str, now: Instant) -> bool {
        let state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        forms(text).any(|form| {
            state
                .said
                .get(&key(channel, form))
                .is_some_and(|(at, other)| other != room && now.saturating_duration_since(*at) <= REMEMBERED)
        })
    }

    /// Counts what was cut.
    pub fn cut(&self, room: &RoomKey, by: &NativeId, name: &str) -> u64 {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let cut = state.cut.entry(room.clone()).or_insert(Cut { count: 0, by: String::new() });
        cut.count += 1;
        cut.by = format!("{name} ({by})");
        cut.count
    }

    /// What was cut in a room since the start.
    pub fn cut_in(&self, room: &RoomKey) -> Option<Cut> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).cut.get(room).cloned()
    }
}

fn key(channel: &str, text: &str) -> u64 {
    xxh3_64(format!("{channel}\0{}", text.trim()).as_bytes())
}

/// The text, and what of it may have been said by the person whose name another bridge puts before it: `<Ada> hello`,
/// `Ada: hello`, `[discord] Ada: hello`, a name on a line of its own.
fn forms(text: &str) -> impl Iterator<Item = &str> {
    let after = ["> ", ": ", "] ", "\n"].into_iter();
    let parts = after.filter_map(move |mark| text.split_once(mark).map(|(_, rest)| rest.trim()));
    std::iter::once(text.trim()).chain(parts).filter(|form| form.chars().count() >= SHORTEST)
}

#[cfg(test)]
mod tests {
    use super::*;
    use relay_contract::Platform;

    #[test]
    fn what_another_bridge_says_again() {
        let room = |id: &str| RoomKey::new(Platform::new("p"), "n", id);
        let repeats = Repeats::default();
        let now = Instant::now();
        repeats.said(["lobby"].into_iter(), &room("a"), "hello there", now);
        let cases = [
            ("lobby", "b", "hello there", true),
            ("lobby", "b", "<Ada> hello there", true),
            ("lobby", "b", "Ada: hello there", true),
            ("lobby", "b", "[discord] Ada: hello there", true),
            ("lobby", "b", "Ada\nhello there", true),
            // A bot that says the same twice in its own room repeats nobody.
            ("lobby", "a", "hello there", false),
            ("den", "b", "hello there", false),
            ("lobby", "b", "build 7: passed", false),
        ];
        for (channel, id, text, expected) in cases {
            assert_eq!(repeats.repeats(channel, &room(id), text, now), expected, "{channel} {id} {text:?}");
        }
        let later = now + REMEMBERED + Duration::from_secs(1);
        assert!(!repeats.repeats("lobby", &room("b"), "hello there", later));
        repeats.said(["lobby"].into_iter(), &room("a"), "something new", later);
        assert_eq!(repeats.0.lock().expect("a lock").said.len(), 1, "what is old is forgotten");
    }
}

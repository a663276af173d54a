//! Two bridges in the same rooms: what another one repeats is cut, so that nothing goes round and round. Only messages of bots
//! that a link lets in are ever cut: when the same was said in another room of the channel just before, or when one says the same
//! again and again within a minute, which ends a loop that nothing else has ended.

use relay_contract::{NativeId, RoomKey};
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long what was said is remembered.
const REMEMBERED: Duration = Duration::from_secs(600);
/// So much at most.
const MOST: usize = 500;
/// Of a message that was split, a part is known from so many characters on.
const PART: usize = 40;
/// So often a bot may say the same in one room within a minute.
const SAME: usize = 5;
const MINUTE: Duration = Duration::from_secs(60);

/// What was said lately, and which rooms were found to repeat it.
#[derive(Debug, Default)]
pub struct Repeats(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    said: VecDeque<Saying>,
    cut: HashMap<RoomKey, Cut>,
}

/// Something that was said.
#[derive(Debug)]
struct Saying {
    at: Instant,
    channels: Vec<String>,
    room: RoomKey,
    /// By whom, in small letters.
    name: String,
    text: String,
    /// Rooms in which a bot has repeated it: once in each, for the second time may be meant.
    repeated: HashSet<RoomKey>,
}

/// What was cut in a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cut {
    /// How many messages.
    pub count: u64,
    /// By whom, the last time.
    pub by: String,
}

/// Something that is said now: white space as one blank each.
#[derive(Debug, Clone, Copy)]
pub struct Said<'a> {
    /// The channels of the room.
    pub channels: &'a [&'a str],
    /// The room.
    pub room: &'a RoomKey,
    /// By whom.
    pub name: &'a str,
    /// What.
    pub text: &'a str,
}

impl Repeats {
    /// Somebody or something is carried.
    pub fn said(&self, said: Said<'_>, now: Instant) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.said.push_back(Saying {
            at: now,
            channels: said.channels.iter().map(|channel| (*channel).to_owned()).collect(),
            room: said.room.clone(),
            name: said.name.to_lowercase(),
            text: said.text.to_owned(),
            repeated: HashSet::new(),
        });
        while state.said.len() > MOST
            || state.said.front().is_some_and(|old| now.saturating_duration_since(old.at) > REMEMBERED)
        {
            state.said.pop_front();
        }
    }

    /// Whether a bot repeats what was said in another room of a channel, with or without the name of whoever said it.
    pub fn repeats(&self, said: Said<'_>, now: Instant) -> bool {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let shared = |saying: &Saying| saying.channels.iter().any(|of| said.channels.contains(&of.as_str()));
        let again = state.said.iter().filter(|saying| {
            saying.room == *said.room
                && saying.text == said.text
                && now.saturating_duration_since(saying.at) <= MINUTE
        });
        if again.count() >= SAME {
            return true;
        }
        let mut others = state.said.iter_mut().rev().filter(|saying| {
            saying.room != *said.room
                && now.saturating_duration_since(saying.at) <= REMEMBERED
                && !saying.repeated.contains(said.room)
        });
        let found = others.find(|saying| shared(saying) && saying.is_repeated_by(said.text));
        // A message that was split comes back in parts: each of them is one.
        found.map(|saying| saying.text == said.text && saying.repeated.insert(said.room.clone())).is_some()
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

impl Saying {
    /// The same words; or a part of a long message; or either behind the name of whoever said it, as bridges write it:
    /// `<Ada> hello`, `Ada: hello`, `[discord] Ada: hello`.
    fn is_repeated_by(&self, text: &str) -> bool {
        if self.has(text) {
            return true;
        }
        let marks = ["> ", ": ", "] "].into_iter();
        let behind = marks.filter_map(|mark| text.split_once(mark));
        behind.into_iter().any(|(before, rest)| {
            !self.name.is_empty()
                && before.to_lowercase().contains(&self.name)
                && self.has(rest.trim_start_matches("… ").trim())
        })
    }

    fn has(&self, text: &str) -> bool {
        self.text == text || (text.chars().count() >= PART && self.text.contains(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use relay_contract::Platform;

    fn room(id: &str) -> RoomKey {
        RoomKey::new(Platform::new("p"), "n", id)
    }

    #[test]
    fn what_another_bridge_says_again() {
        let now = Instant::now();
        let long = "a long message that is split in two: its first part is this, and its second part is that one here";
        let cases = [
            ("lobby", "b", "hello there", true),
            ("lobby", "b", "<Ada> hello there", true),
            ("lobby", "b", "ADA: hello there", true),
            ("lobby", "b", "[discord] Ada: hello there", true),
            ("lobby", "b", "k", true),
            ("lobby", "b", "and its second part is that one here, no: another", false),
            ("lobby", "b", &long[50..], true),
            ("lobby", "b", "Ada: … its first part is this, and its second part is", true),
            // Who speaks of somebody else repeats nobody, and neither does a bot that says the same twice in its own room.
            ("lobby", "b", "deploy 2: hello there", false),
            ("lobby", "a", "hello there", false),
            ("den", "b", "hello there", false),
            ("lobby", "b", "build 7: passed", false),
        ];
        for (channel, id, text, expected) in cases {
            let repeats = Repeats::default();
            for said in ["hello there", "k", long] {
                repeats.said(Said { channels: &["lobby"], room: &room("a"), name: "Ada", text: said }, now);
            }
            let said = Said { channels: &[channel], room: &room(id), name: "Bridge", text };
            assert_eq!(repeats.repeats(said, now), expected, "{channel} {id} {text:?}");
        }
    }

    #[test]
    fn once_in_each_room_and_not_for_ever() {
        let (repeats, now) = (Repeats::default(), Instant::now());
        repeats.said(Said { channels: &["lobby"], room: &room("a"), name: "Ada", text: "ok" }, now);
        let said =
            |id| repeats.repeats(Said { channels: &["lobby"], room: &room(id), name: "B", text: "ok" }, now);
        assert_eq!([said("b"), said("c"), said("b")], [true, true, false]);
        let later = now + REMEMBERED + Duration::from_secs(1);
        let old = Said { channels: &["lobby"], room: &room("d"), name: "B", text: "ok" };
        assert!(!repeats.repeats(old, later));
    }

    /// A restart forgets what was said: what still goes round ends by itself.
    #[test]
    fn a_loop_that_nothing_else_ends() {
        let (repeats, now) = (Repeats::default(), Instant::now());
        let here = room("a");
        let said = Said { channels: &["lobby"], room: &here, name: "Bridge", text: "k" };
        let carried = (0..100).filter(|_| {
            let carried = !repeats.repeats(said, now);
            if carried {
                repeats.said(said, now);
            }
            carried
        });
        assert_eq!(carried.count(), SAME);
        assert!(
            !repeats.repeats(said, now + MINUTE + Duration::from_secs(1)),
            "once in a while it may be said"
        );
    }
}

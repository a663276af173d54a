//! People who talk and correct themselves without pause, and what has to be found of it in the end.

use crate::bench::{Bench, PLATFORMS};
use stand_ins::people::{Act, People};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Between two messages of one person.
const PACE: Duration = Duration::from_millis(40);
/// Every so many messages, the last one is corrected.
const EDIT_EVERY: usize = 3;

/// What was said, in order: native id, text, and the corrected text.
#[derive(Debug, Clone)]
pub struct Said {
    /// The native id.
    pub id: String,
    /// The word that tells it from all others.
    pub word: String,
    /// The word after its correction.
    pub corrected: Option<String>,
}

/// The people.
pub struct Load {
    said: Arc<Mutex<BTreeMap<&'static str, Vec<Said>>>>,
    paused: Arc<AtomicBool>,
    stopped: Arc<AtomicBool>,
    talkers: Vec<tokio::task::JoinHandle<()>>,
}

impl Load {
    /// One person on each platform begins to talk.
    pub fn start(bench: &Bench) -> Self {
        let said = Arc::new(Mutex::new(BTreeMap::new()));
        let (paused, stopped) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let talkers = PLATFORMS.map(|platform| {
            let talker = Talker {
                platform,
                people: bench.people(platform).clone(),
                person: bench.person(platform),
                room: bench.room(platform),
                said: said.clone(),
                paused: paused.clone(),
                stopped: stopped.clone(),
            };
            tokio::spawn(talker.talk())
        });
        Self { said, paused, stopped, talkers: talkers.into() }
    }

    /// Nobody says anything from now on.
    pub fn pause(&self) {
        self.paused.store(true, Ordering::SeqCst);
    }

    /// They go on.
    pub fn go_on(&self) {
        self.paused.store(false, Ordering::SeqCst);
    }

    /// They have finished.
    pub async fn stop(&self) {
        self.stopped.store(true, Ordering::SeqCst);
        while !self.talkers.iter().all(tokio::task::JoinHandle::is_finished) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// What was said so far on a platform.
    pub fn said(&self, platform: &str) -> Vec<Said> {
        self.said.lock().unwrap().get(platform).cloned().unwrap_or_default()
    }

    /// What has to be found in the end.
    pub fn outcome(&self) -> Outcome {
        Outcome(self.said.lock().unwrap().clone())
    }
}

struct Talker {
    platform: &'static str,
    people: Arc<dyn People>,
    person: String,
    room: String,
    said: Arc<Mutex<BTreeMap<&'static str, Vec<Said>>>>,
    paused: Arc<AtomicBool>,
    stopped: Arc<AtomicBool>,
}

impl Talker {
    async fn talk(self) {
        let mut number = 0_usize;
        while !self.stopped.load(Ordering::SeqCst) {
            tokio::time::sleep(PACE).await;
            if self.paused.load(Ordering::SeqCst) {
                continue;
            }
            // The act and its note are one: a post-mortem in between would not know the message.
            let mut said = self.said.lock().unwrap();
            let said = said.entry(self.platform).or_default();
            let (person, room) = (self.person.clone(), self.room.clone());
            if number % EDIT_EVERY == EDIT_EVERY - 1 {
                if let Some(last) = said.last_mut() {
                    let text = format!("{}c.", last.word.trim_end_matches('.'));
                    let message = last.id.clone();
                    self.people.act(Act::Edit { person, room, message, text: text.clone() }).unwrap();
                    last.corrected = Some(text);
                }
            } else {
                let word = format!("{}-{number}.", self.platform);
                let act = Act::Say {
                    person,
                    room,
                    text: word.clone(),
                    reply_to: None,
                    files: vec![],
                    thread: None,
                };
                said.push(Said { id: self.people.act(act).unwrap(), word, corrected: None });
            }
            number += 1;
        }
    }
}

/// Everything that was said.
pub struct Outcome(BTreeMap<&'static str, Vec<Said>>);

/// How a room looks in the end.
#[derive(Debug, Default)]
pub struct Room {
    /// Messages that came through the bridge.
    pub copies: usize,
    /// Messages of others that are not there.
    pub missing: usize,
    /// Which, by their words.
    pub missing_words: Vec<String>,
    /// Places where a message stands before an earlier one of the same person.
    pub disorder: usize,
    /// Copies beyond the first.
    pub doubles: usize,
    /// Messages whose every copy still shows what was corrected.
    pub stale: usize,
    /// Which, by their last words.
    pub stale_words: Vec<String>,
}

impl Outcome {
    /// How many were said.
    pub fn posts(&self) -> usize {
        self.0.values().map(Vec::len).sum()
    }

    /// How many were corrected.
    pub fn edits(&self) -> usize {
        self.0.values().flatten().filter(|said| said.corrected.is_some()).count()
    }

    /// Messages that are not yet, in their last wording, in all other rooms.
    pub fn missing(&self, bench: &Bench) -> usize {
        PLATFORMS
            .into_iter()
            .map(|there| self.examine(bench, there))
            .map(|room| room.missing + room.stale)
            .sum()
    }

    /// How one room looks.
    pub fn examine(&self, bench: &Bench, there: &str) -> Room {
        let copies: Vec<String> =
            bench.seen(there).into_iter().filter(|m| m.by_bot && !m.deleted).map(|m| m.text).collect();
        let mut room = Room { copies: copies.len(), ..Room::default() };
        for (origin, said) in &self.0 {
            if *origin == there {
                continue;
            }
            let mut places: BTreeMap<usize, (usize, Vec<&str>)> = BTreeMap::new();
            for (place, text) in copies.iter().enumerate() {
                if let Some(number) = number_in(text, origin) {
                    places.entry(number).or_insert((place, Vec::new())).1.push(text);
                }
            }
            let mut furthest = 0;
            for one in said {
                let number = number_in(&one.word, origin).unwrap();
                let Some((place, texts)) = places.get(&number) else {
                    room.missing += 1;
                    room.missing_words.push(one.word.clone());
                    continue;
                };
                room.disorder += usize::from(*place < furthest);
                furthest = furthest.max(*place);
                room.doubles += texts.len() - 1;
                let last = one.corrected.as_ref().unwrap_or(&one.word);
                if !texts.iter().any(|text| text.ends_with(last.as_str())) {
                    room.stale += 1;
                    room.stale_words.push(last.clone());
                }
            }
        }
        room
    }
}

/// The number of the message of this origin that a text shows, corrected or not.
fn number_in(text: &str, origin: &str) -> Option<usize> {
    let at = text.rfind(&format!("{origin}-"))?;
    let rest = &text[at + origin.len() + 1..];
    rest.trim_end_matches('.').trim_end_matches('c').parse().ok()
}

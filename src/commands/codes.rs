//! Codes that let a room in, or link an account: single-use, short-lived, and guessed by nobody. They live in memory: a restart voids them.

use rand::TryRngCore;
use rand::rngs::OsRng;
use relay_contract::{Account, NativeId, RoomReport};
use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

/// How long a code is good for.
pub const GOOD_FOR: Duration = Duration::from_secs(15 * 60);
/// Without the letters and digits that are taken for each other. 32 of them: 5 bits each.
const LETTERS: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
/// Letters of a code: 40 bits.
const LENGTH: usize = 8;
/// Codes that wait at the same time.
const MOST: usize = 1_000;
/// Names and codes that one person may get wrong within [`WINDOW`].
pub const GUESSES: usize = 5;
/// Codes that one person may ask for within it.
pub const ASKS: usize = 20;
/// What all together may get wrong in the chat within it.
const ALL_TRIES: usize = 50;
const WINDOW: Duration = Duration::from_secs(10 * 60);
/// People remembered for it.
const MOST_PEOPLE: usize = 10_000;

/// A room that waits to be let in.
#[derive(Debug, Clone, PartialEq)]
pub struct Waiting {
    /// The channel.
    pub channel: String,
    /// Through which account.
    pub account: Account,
    /// The room, as it was when somebody asked.
    pub report: RoomReport,
    /// Who asked, name and id.
    pub by: String,
    /// The same, by id alone.
    pub asker: NativeId,
    until: Instant,
}

impl Waiting {
    /// From now on, for a quarter of an hour.
    pub fn new(
        channel: &str,
        account: Account,
        report: RoomReport,
        (by, asker): (String, NativeId),
        now: Instant,
    ) -> Self {
        Self { channel: channel.to_owned(), account, report, by, asker, until: now + GOOD_FOR }
    }
}

/// What a code stands for.
pub trait Waits: Clone {
    /// Until when it is good.
    fn until(&self) -> Instant;
    /// Whether a code for it voids that of another.
    fn replaces(&self, other: &Self) -> bool;
}

impl Waits for Waiting {
    fn until(&self) -> Instant {
        self.until
    }

    fn replaces(&self, other: &Self) -> bool {
        other.channel == self.channel && other.report.key == self.report.key
    }
}

/// Why a code lets nobody in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotGood {
    /// It was mistyped, used, or is too old.
    Wrong,
    /// Too much was guessed: it was not even looked at.
    TooMany,
}

/// All that wait, and who has tried what.
#[derive(Debug)]
pub struct Codes<W> {
    waiting: HashMap<String, W>,
    tries: HashMap<String, VecDeque<Instant>>,
    wrong: VecDeque<Instant>,
}

impl<W> Default for Codes<W> {
    fn default() -> Self {
        Self { waiting: HashMap::new(), tries: HashMap::new(), wrong: VecDeque::new() }
    }
}

impl<W: Waits> Codes<W> {
    /// Whether somebody may do so once more, of so many times within ten minutes; counted if they may.
    pub fn may_try(&mut self, who: &str, most: usize, now: Instant) -> bool {
        self.tries.retain(|_, tries| {
            forget(tries, now);
            !tries.is_empty()
        });
        if self.tries.len() >= MOST_PEOPLE && !self.tries.contains_key(who) {
            return false;
        }
        let tries = self.tries.entry(who.to_owned()).or_default();
        let may = tries.len() < most;
        if may {
            tries.push_back(now);
        }
        may
    }

    /// A new code for what waits; none when too much does, or the system has no randomness. An earlier code for the same is void.
    pub fn make(&mut self, waiting: W, now: Instant) -> Option<String> {
        self.waiting.retain(|_, other| other.until() > now && !waiting.replaces(other));
        if self.waiting.len() >= MOST {
            return None;
        }
        let mut random = [0; LENGTH];
        OsRng.try_fill_bytes(&mut random).ok()?;
        let code: String = random.iter().map(|byte| char::from(LETTERS[usize::from(byte % 32)])).collect();
        self.waiting.insert(code.clone(), waiting);
        Some(format!("{}-{}", &code[..LENGTH / 2], &code[LENGTH / 2..]))
    }

    /// What a code stands for, as `guesser` asks; wrong, used and expired are the same answer. Whoever was wrong too often is not
    /// answered for a while, right or not, and neither is anybody in the chat when all together were.
    pub fn guess(&mut self, written: &str, guesser: &str, now: Instant) -> Result<W, NotGood> {
        forget(&mut self.wrong, now);
        let who = format!("guess {guesser}");
        let tried = self.tries.get_mut(&who).map_or(0, |tries| {
            forget(tries, now);
            tries.len()
        });
        if tried >= GUESSES || self.wrong.len() >= ALL_TRIES {
            return Err(NotGood::TooMany);
        }
        self.look(written, now).ok_or_else(|| {
            self.wrong.push_back(now);
            self.may_try(&who, GUESSES, now);
            NotGood::Wrong
        })
    }

    /// What a code stands for, to whoever runs Relay.
    pub fn look(&self, written: &str, now: Instant) -> Option<W> {
        self.waiting.get(&bare(written)).filter(|waiting| waiting.until() > now).cloned()
    }

    /// The same, and the code is used up.
    pub fn take(&mut self, written: &str, now: Instant) -> Option<W> {
        self.look(written, now)?;
        self.waiting.remove(&bare(written))
    }
}

fn forget(tries: &mut VecDeque<Instant>, now: Instant) {
    while tries.front().is_some_and(|at| now.saturating_duration_since(*at) > WINDOW) {
        tries.pop_front();
    }
}

/// As it is kept: without the dash, in capitals.
fn bare(written: &str) -> String {
    written
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_uppercase())
        .take(2 * LENGTH)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use relay_contract::{Platform, RoomKey, SpaceRef, Visibility};

    fn waiting(id: &str, now: Instant) -> Waiting {
        let report = RoomReport {
            key: RoomKey::new(Platform::new("p"), "n", id),
            space: SpaceRef { id: "s".into(), name: "S".into() },
            name: "#r".into(),
            visibility: Visibility::Space,
            members: None,
            warnings: vec![],
        };
        Waiting::new("lobby", Account("a".into()), report, ("Ada (1)".into(), "1".into()), now)
    }

    #[test]
    fn a_code_is_good_once_and_for_a_while() {
        let (mut codes, now) = (Codes::default(), Instant::now());
        let code = codes.make(waiting("1", now), now).expect("a code");
        assert_eq!(code.len(), LENGTH + 1);
        let typed = format!(" {} ", code.to_lowercase().replace('-', ""));
        assert!(codes.look(&typed, now).is_some() && codes.look(&typed, now).is_some());
        assert!(codes.take(&typed, now).is_some());
        assert!(codes.take(&code, now).is_none() && codes.look(&code, now).is_none(), "used");
        let late = codes.make(waiting("1", now), now).expect("a code");
        assert!(codes.look(&late, now + GOOD_FOR).is_none(), "expired");
        let first = codes.make(waiting("2", now), now).expect("a code");
        let second = codes.make(waiting("2", now), now).expect("a code");
        assert!(codes.look(&first, now).is_none() && codes.look(&second, now).is_some(), "asked anew");
    }

    /// By one, and by a thousand who try once each.
    #[test]
    fn a_thousand_tries_are_not_even_looked_at() {
        let (mut codes, now) = (Codes::default(), Instant::now());
        let code = codes.make(waiting("1", now), now).expect("a code");
        let guess = |number: usize| format!("{number:08}").replace(['0', '1'], "A");
        let tried = (0..1_000).map(|number| codes.guess(&guess(number), "eve", now));
        let looked_at = tried.filter(|tried| *tried != Err(NotGood::TooMany)).count();
        assert_eq!(looked_at, GUESSES);
        let tried = (0..1_000).map(|number| codes.guess(&guess(number), &format!("eve {number}"), now));
        let looked_at = tried.filter(|tried| *tried != Err(NotGood::TooMany)).count();
        assert_eq!(looked_at, ALL_TRIES - GUESSES);
        assert_eq!(codes.guess(&code, "eve 1001", now), Err(NotGood::TooMany));
        assert!(codes.tries.len() <= ALL_TRIES, "who is not answered is not remembered");
    }

    #[test]
    fn nobody_guesses() {
        let (mut codes, now) = (Codes::default(), Instant::now());
        let code = codes.make(waiting("1", now), now).expect("a code");
        for _ in 0..GUESSES {
            assert_eq!(codes.guess("AAAA-AAAA", "eve", now), Err(NotGood::Wrong));
        }
        assert_eq!(codes.guess(&code, "eve", now), Err(NotGood::TooMany), "a right one neither");
        assert!(codes.guess(&code, "ada", now).is_ok(), "others are not stopped by eve");
        for guess in GUESSES..ALL_TRIES {
            assert_eq!(codes.guess("AAAA-AAAA", &format!("eve {guess}"), now), Err(NotGood::Wrong));
        }
        assert_eq!(
            codes.guess(&code, "ada", now),
            Err(NotGood::TooMany),
            "many guessers stop everybody in the chat"
        );
        assert!(codes.look(&code, now).is_some(), "and not whoever runs Relay");
        let later = now + WINDOW + Duration::from_secs(1);
        assert!(codes.guess(&code, "eve", later).is_ok());
        let tried = (0..GUESSES + 2).filter(|_| codes.may_try("eve", GUESSES, now)).count();
        assert_eq!(tried, GUESSES);
        assert!(codes.may_try("ada", GUESSES, now) && codes.may_try("eve", GUESSES, later));
    }
}

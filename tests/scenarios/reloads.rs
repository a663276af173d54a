//! A thousand random reloads while people talk: links come, go and are renamed, accounts come, go and change, files are broken in between. Nothing
//! is lost, doubled or out of order, and who is not touched is not even connected again.
//!
//! `RELAY_RELOADS=1000 cargo test --workspace --test scenarios reloads:: -- --nocapture` is the full size.

use crate::bench::{Bench, PLATFORMS, until};
use crate::joining::say_in;
use crate::reloading::connects;
use stand_ins::world::World;
use std::collections::{BTreeMap, BTreeSet};
use std::process::Stdio;
use std::time::{Duration, Instant};

/// A platform, and a room of it by its place.
type Place = (&'static str, usize);

/// Rooms that are linked all the time, and those that share a channel whose name changes.
const LOBBY: [Place; 3] = [("discord", 0), ("slack", 0), ("telegram", 0)];
const GARDEN: [Place; 2] = [("discord", 1), ("slack", 1)];
/// Rooms that come into the lobby and go; the last through an account that comes and goes with it.
const GUESTS: [Place; 3] = [("discord", 2), ("slack", 2), ("discord", 3)];

/// What the config is to say.
#[derive(Debug, Clone, Default)]
struct Wanted {
    guests: BTreeSet<Place>,
    renamed: bool,
    held: bool,
    flood: bool,
    named: bool,
    broken: usize,
}

/// Random numbers that come again with their seed (xorshift64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % sides as u64) as usize
    }
}

struct Story {
    bench: Bench,
    /// The accounts of the config, as the bench has written them.
    accounts: String,
    wanted: Wanted,
    /// Where each message was said.
    said: Vec<Place>,
    /// What is to be in each guest's room.
    owed: BTreeMap<Place, BTreeSet<usize>>,
}

impl Story {
    async fn begin() -> Self {
        let mut world = World::demo();
        for platform in [&mut world.discord, &mut world.slack] {
            for name in ["attic", "cellar"] {
                let rooms = &mut platform.spaces[0].rooms;
                rooms.push(stand_ins::world::Room {
                    id: String::new(),
                    name: name.into(),
                    ..rooms[0].clone()
                });
            }
        }
        let mut other = world.discord.bots[0].clone();
        (other.name, other.token) = ("Bridge".into(), "other-discord-bot".into());
        world.discord.bots.push(other);
        let bench = Bench::of(world).await;
        std::fs::write(bench.dir.path().join("extra"), "other-discord-bot").unwrap();
        let text = std::fs::read_to_string(bench.config()).unwrap();
        let accounts = text.split_once("[channels.lobby]").unwrap().0.to_owned();
        let mut story =
            Self { bench, accounts, wanted: Wanted::default(), said: Vec::new(), owed: BTreeMap::new() };
        story.write();
        story.bench.start();
        story.bench.connected(3).await;
        story
    }

    fn id(&self, (platform, room): Place) -> String {
        self.bench.platform(platform).spaces[0].rooms[room].id.clone()
    }

    fn write(&self) {
        let wanted = &self.wanted;
        let mut text = self.accounts.clone();
        if wanted.flood {
            text = text.replace("flood = \"off\"", "flood = \"6000 per minute, 6000 at once\"");
        }
        // The last account of the bench is Telegram's.
        if wanted.held {
            text.push_str("unsure = \"hold\"\n");
        }
        if wanted.guests.contains(&GUESTS[2]) {
            let discord = text.split_once("[accounts.discord]").unwrap().1.split_once("[accounts").unwrap().0;
            text.push_str(&format!(
                "[accounts.extra]{}",
                discord.replace("file = \"discord\"", "file = \"extra\"")
            ));
        }
        let name = if wanted.named { ", name = \"~{name}\"" } else { "" };
        let mut links: Vec<String> = LOBBY
            .iter()
            .map(|place| format!("{{ room = \"{}:{}\"{name} }}", place.0, self.id(*place)))
            .collect();
        let account = |place: &Place| if *place == GUESTS[2] { "extra" } else { place.0 };
        links.extend(wanted.guests.iter().map(|guest| format!("\"{}:{}\"", account(guest), self.id(*guest))));
        let garden: Vec<String> =
            GARDEN.iter().map(|place| format!("\"{}:{}\"", place.0, self.id(*place))).collect();
        let called = if wanted.renamed { "yard" } else { "garden" };
        text.push_str(&format!("[channels.lobby]\nlinks = [{}]\n", links.join(", ")));
        text.push_str(&format!("[channels.{called}]\nlinks = [{}]\n", garden.join(", ")));
        text.push_str(
            ["", "[channels", "[channels.den]\nlinks = [\"slak:general\"]\n", "[media]\nkeep_days = 5\n"]
                [wanted.broken],
        );
        std::fs::write(self.bench.config(), text).unwrap();
    }

    fn say(&mut self, place: Place) -> usize {
        let number = self.said.len();
        self.said.push(place);
        say_in(&self.bench, place.0, &self.id(place), &format!("m{number}."));
        number
    }

    /// Everybody says something; whoever is linked now is to have it.
    fn all_say(&mut self) {
        for place in LOBBY {
            let number = self.say(place);
            for guest in self.wanted.guests.clone() {
                self.owed.entry(guest).or_default().insert(number);
            }
        }
        for place in GARDEN {
            self.say(place);
        }
    }

    /// The numbers of the copies in a room, in its order.
    fn copies(&self, place: Place) -> Vec<usize> {
        let number = |text: &str| -> Option<usize> {
            text.split_whitespace().find_map(|word| word.strip_prefix('m')?.strip_suffix('.')?.parse().ok())
        };
        let seen = self.bench.people(place.0).messages(&self.id(place)).unwrap();
        let numbers = seen.iter().filter(|seen| !seen.deleted).filter_map(|seen| number(&seen.text));
        numbers.filter(|number| self.said[*number] != place).collect()
    }

    async fn has_all(&self, place: Place, owed: &BTreeSet<usize>) {
        let has = || {
            let copies: BTreeSet<usize> = self.copies(place).into_iter().collect();
            owed.is_subset(&copies)
        };
        until(&format!("{place:?} has all that it is to have"), has).await;
    }

    /// Has the file read anew while people talk; answers the exit code.
    async fn reload(&mut self) -> i32 {
        let mut reload = self.bench.command("reload");
        let mut child = reload.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        loop {
            if let Some(status) = child.try_wait().unwrap() {
                return status.code().unwrap();
            }
            let all = [&LOBBY[..], &GARDEN].concat();
            self.say(all[self.said.len() % all.len()]);
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
    }

    /// One random change; answers what `relay reload` is to end with.
    async fn change(&mut self, dice: &mut Dice) -> i32 {
        self.wanted.broken = 0;
        match dice.roll(9) {
            0..=2 => {
                let guest = GUESTS[dice.roll(GUESTS.len())];
                if self.wanted.guests.contains(&guest) {
                    // What waits for a room that leaves is given up, so it is to have all first.
                    self.has_all(guest, &self.owed.get(&guest).cloned().unwrap_or_default()).await;
                    self.wanted.guests.remove(&guest);
                } else {
                    self.wanted.guests.insert(guest);
                }
            }
            3 => self.wanted.renamed ^= true,
            4 => self.wanted.held ^= true,
            5 => self.wanted.flood ^= true,
            6 => self.wanted.named ^= true,
            _ => self.wanted.broken = 1 + dice.roll(3),
        }
        [0, 2, 2, 4][self.wanted.broken]
    }

    /// Waits until the rooms of all that are linked were found.
    async fn all_found(&self) {
        let found = || {
            let status = self.bench.status().unwrap();
            let channels = status["channels"].as_array().unwrap().iter();
            let mut links = channels.flat_map(|channel| channel["links"].as_array().unwrap().clone());
            links.all(|link| !link["name"].is_null())
                && status["accounts"].as_array().unwrap().iter().all(|account| account["state"] == "up")
        };
        until("all linked rooms are found", found).await;
    }
}

/// How many are out of order within what was said in one room, and how many are there twice.
fn faults(copies: &[usize], said: &[Place]) -> (usize, usize) {
    let mut last: BTreeMap<Place, usize> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    let (mut disordered, mut doubled) = (0, 0);
    for number in copies {
        if !seen.insert(*number) {
            doubled += 1;
        } else if last.insert(said[*number], *number).is_some_and(|before| before > *number) {
            disordered += 1;
        }
    }
    (disordered, doubled)
}

#[tokio::test(flavor = "multi_thread")]
async fn random_reloads_under_load_lose_double_and_disorder_nothing() {
    let reloads: usize =
        std::env::var("RELAY_RELOADS").ok().and_then(|number| number.parse().ok()).unwrap_or(40);
    let seed = std::env::var("RELAY_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(0x5EED_CAFE);
    let (began, mut dice) = (Instant::now(), Dice(seed));
    let mut story = Story::begin().await;
    // Rooms that were never looked up are found first: from then on a link carries as soon as it is in force.
    story.wanted.guests = GUESTS.into();
    story.write();
    assert_eq!(story.reload().await, 0);
    story.all_found().await;
    story.bench.people("slack").heard().begin();
    let mut refused = 0;
    for number in 0..reloads {
        let before = story.wanted.clone();
        let expected = story.change(&mut dice).await;
        story.write();
        let code = story.reload().await;
        assert_eq!(code, expected, "reload {number}: {:?}", story.wanted);
        if code != 0 {
            refused += 1;
            story.wanted = Wanted { broken: 0, ..before };
        } else if story.wanted.guests.contains(&GUESTS[2]) && !before.guests.contains(&GUESTS[2]) {
            // An account that comes is asked about its rooms first.
            story.all_found().await;
        }
        story.all_say();
    }
    let stable = |places: &[Place]| -> Vec<(Place, BTreeSet<usize>)> {
        let all = |place: &Place| {
            let numbered = story.said.iter().enumerate();
            let theirs = numbered.filter(|(_, at)| places.contains(at) && *at != place);
            (*place, theirs.map(|(number, _)| number).collect())
        };
        places.iter().map(all).collect()
    };
    let owed: Vec<_> = [stable(&LOBBY), stable(&GARDEN)].concat();
    let (mut copies, mut lost, mut disordered, mut doubled) = (0, 0, 0, 0);
    for (place, owed) in owed.into_iter().chain(story.owed.clone()) {
        story.has_all(place, &owed).await;
        let there = story.copies(place);
        copies += there.len();
        lost += owed.difference(&there.iter().copied().collect()).count();
        let (out, twice) = faults(&there, &story.said);
        (disordered, doubled) = (disordered + out, doubled + twice);
    }
    let ended = story.bench.log().matches("an account has ended").count();
    println!(
        "{reloads} reloads ({refused} refused, {ended} accounts ended) in {:?}: {} messages, {copies} copies, {lost} lost, {doubled} doubled, \
         {disordered} out of order; connects: {:?}",
        began.elapsed(),
        story.said.len(),
        PLATFORMS.map(|account| (account, connects(&story.bench, account)))
    );
    assert_eq!((lost, doubled, disordered), (0, 0, 0));
    assert!(ended > 0, "accounts were changed");
    assert!(
        !story.bench.people("slack").heard().has("apps.connections.open"),
        "Slack was not connected to again"
    );
    assert_eq!(["discord", "slack"].map(|account| connects(&story.bench, account)), [1, 1]);
    assert_eq!(story.bench.counter("panicked"), 0);
}

#[test]
fn what_is_out_of_order_or_doubled_is_counted() {
    let said = [LOBBY[0], LOBBY[0], LOBBY[1], LOBBY[0]];
    assert_eq!(faults(&[0, 2, 1, 3], &said), (0, 0));
    assert_eq!(faults(&[1, 0, 2, 3], &said), (1, 0));
    assert_eq!(faults(&[0, 1, 1, 3, 0], &said), (0, 2));
}

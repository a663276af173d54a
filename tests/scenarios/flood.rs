//! A flood under the platforms' real limits, which the stand-ins enforce on a clock that is faster by as much as Relay is told (`pace`).
//!
//! `RELAY_FLOOD=10000 cargo test -p relay --test scenarios flood:: -- --nocapture` is the full size: ten thousand messages at once,
//! twelve minutes on that clock, which would be eleven hours into the Telegram group. Without it, 300.
//!
//! Its last full run, a debug build on two cores that others used too (load 6): all of it in order in 693 s, 112,504 requests, none of them
//! answered 429. A message in another room took 11 ms before (the middle one); 447 ms while the burst was taken in (138 s, one event after
//! the other), 2.2 s at most; from then on to the last delivery 98 ms, 0.84 s at most, of which the wait for its fan-out was 5 ms. The one
//! that was said behind the burst in the flooded account took 10.6 s, its turn among what was taken in.

use crate::bench::{Bench, PLATFORMS};
use stand_ins::limits::{Counted, Limits};
use stand_ins::people::{Act, Seen};
use stand_ins::world::{Room, World};
use std::time::{Duration, Instant};

/// How many times faster than published the limits are on both sides.
const PACE: u32 = 60;
/// Discord channels that the flood goes into.
const CHANNELS: usize = 10;
/// How often at a time it is looked how long a message takes in rooms that the flood does not concern.
const PROBES: usize = 7;
/// Whatever takes this long never comes.
const LONGEST: Duration = Duration::from_secs(120);

/// A world with the flood's rooms, and one on Slack and on Discord that have nothing to do with it.
fn world() -> World {
    let mut world = World::demo();
    let room = |name: String| Room { id: String::new(), name, private: false, forum: false };
    world.discord.spaces[0].rooms.extend((0..CHANNELS).map(|number| room(format!("flooded-{number}"))));
    world.discord.spaces[0].rooms.push(room("quiet".into()));
    world.slack.spaces[0].rooms.push(room("quiet".into()));
    world
}

fn id_of(bench: &Bench, platform: &str, name: &str) -> String {
    let rooms = &bench.platform(platform).spaces[0].rooms;
    rooms.iter().find(|room| room.name == name).expect("the room is in the world").id.clone()
}

fn config(bench: &Bench) {
    let text = std::fs::read_to_string(bench.config()).unwrap();
    let (before, _) = text.split_once("[channels.lobby]").unwrap();
    let before = before.replace("ceilings = false", &format!("pace = {PACE}"));
    let flooded: Vec<String> = (0..CHANNELS)
        .map(|number| format!("\"discord:{}\"", id_of(bench, "discord", &format!("flooded-{number}"))))
        .collect();
    let (slack, telegram) = (bench.room("slack"), bench.room("telegram"));
    let quiet = |platform| format!("\"{platform}:{}\"", id_of(bench, platform, "quiet"));
    let text = format!(
        "{before}[channels.flood]\nlinks = [\"slack:{slack}\", \"telegram:{telegram}\", {}]\n[channels.quiet]\nlinks = [{}, {}]\n",
        flooded.join(", "),
        quiet("slack"),
        quiet("discord"),
    );
    std::fs::write(bench.config(), text).unwrap();
}

fn there(bench: &Bench, platform: &str, room: &str) -> Vec<Seen> {
    let all = bench.people(platform).messages(room).expect("the room is there");
    all.into_iter().filter(|seen| !seen.deleted).collect()
}

/// The quiet rooms, one way or the other.
struct Quiet<'a> {
    bench: &'a Bench,
    from: &'static str,
    to: &'static str,
    took: Vec<Duration>,
}

impl<'a> Quiet<'a> {
    fn new(bench: &'a Bench, from: &'static str, to: &'static str) -> Self {
        Self { bench, from, to, took: Vec::new() }
    }

    /// How long one more message takes.
    async fn probe(&mut self, round: &str) {
        let word = format!("{round}-{}-{}.", self.from, self.took.len());
        let act = Act::Say {
            person: self.bench.person(self.from),
            room: id_of(self.bench, self.from, "quiet"),
            text: word.clone(),
            reply_to: None,
            files: vec![],
            thread: None,
        };
        let (room, began) = (id_of(self.bench, self.to, "quiet"), Instant::now());
        self.bench.people(self.from).act(act).unwrap();
        while !there(self.bench, self.to, &room).iter().any(|seen| seen.text.contains(&word)) {
            assert!(began.elapsed() < LONGEST, "{word} is not there");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        self.took.push(began.elapsed());
        // Within what the quiet room may take on that clock.
        tokio::time::sleep(Duration::from_secs(4) / PACE).await;
    }

    /// What they took so far; it begins anew.
    fn figures(&mut self) -> Figures {
        let mut took = std::mem::take(&mut self.took);
        took.sort();
        let at = |share: f64| took.get((took.len() as f64 * share) as usize).copied().unwrap_or_default();
        let longest = took.last().copied().unwrap_or_default();
        let way = format!("{} to {}", self.from, self.to);
        Figures { way, count: took.len(), middle: at(0.5), nearly_all: at(0.95), longest }
    }
}

/// What messages took.
struct Figures {
    way: String,
    count: usize,
    middle: Duration,
    /// Nineteen of twenty took no longer.
    nearly_all: Duration,
    longest: Duration,
}

impl std::fmt::Display for Figures {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { way, count, middle, nearly_all, longest } = self;
        write!(
            f,
            "{way} {middle:.0?} in the middle, {nearly_all:.0?} for 95 %, {longest:.0?} at most, of {count}"
        )
    }
}

/// Deliveries that wait.
fn waiting(bench: &Bench) -> u64 {
    let status = bench.status().expect("Relay answers");
    let links = status["channels"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|channel| channel["links"].as_array().unwrap().clone());
    links.map(|link| link["queued"].as_u64().unwrap()).sum()
}

fn numbers(bench: &Bench, platform: &str, room: &str) -> Vec<usize> {
    let of = |seen: &Seen| seen.text.split_once("flood-")?.1.split('.').next()?.parse().ok();
    there(bench, platform, room).iter().filter_map(of).collect()
}

/// Promises: one slow platform slows only itself; in order; never dropped at a queue's end. A message of another room waits neither for
/// the flood's fan-out nor for its deliveries: what it takes longer over the flood's whole length is the machine's work, shared with the
/// stand-ins. What comes through the flooded account's own connection while the burst is taken in has its turn behind it, for Slack's
/// client takes one event after the other; what comes through another one has not.
#[tokio::test(flavor = "multi_thread")]
async fn a_flood_arrives_in_order_without_a_storm_and_no_other_room_waits_for_its_deliveries() {
    let size: usize = std::env::var("RELAY_FLOOD").ok().and_then(|size| size.parse().ok()).unwrap_or(300);
    let mut bench = Bench::of(world()).await;
    config(&bench);
    bench.start();
    bench.connected(3).await;
    for platform in PLATFORMS {
        bench.people(platform).limits().arm(Some(Limits { scale: PACE.into() })).unwrap();
    }
    let mut other = Quiet::new(&bench, "discord", "slack");
    let mut same = Quiet::new(&bench, "slack", "discord");
    for _ in 0..PROBES {
        other.probe("before").await;
        same.probe("before").await;
    }
    let before = [other.figures(), same.figures()];
    let began = Instant::now();
    for number in 0..size {
        bench.say("slack", &format!("flood-{number}."));
    }
    let most = Duration::from_secs(60) + Duration::from_millis(30) * u32::try_from(size).unwrap();
    while bench.counter("accepted") < size as u64 {
        assert!(began.elapsed() < most, "not accepted");
        other.probe("taken-in").await;
    }
    let (taken_in, meanwhile) = (began.elapsed(), other.figures());
    while waiting(&bench) > 0 {
        for _ in 0..PROBES {
            other.probe("during").await;
            same.probe("during").await;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    let during = [other.figures(), same.figures()];
    let telegram = bench.room("telegram");
    let mut targets = vec![("telegram", telegram)];
    targets.extend(
        (0..CHANNELS).map(|number| ("discord", id_of(&bench, "discord", &format!("flooded-{number}")))),
    );
    // Sixteen a minute into the group, on that clock; twice that long for a busy machine.
    let patience =
        Duration::from_secs(60) + Duration::from_secs(120) / PACE / 16 * u32::try_from(size).unwrap();
    let all: Vec<usize> = (0..size).collect();
    for (platform, room) in &targets {
        while numbers(&bench, platform, room).len() < size {
            assert!(
                began.elapsed() < patience,
                "{} of {size} in {platform} {room}",
                numbers(&bench, platform, room).len()
            );
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        assert_eq!(numbers(&bench, platform, room), all, "{platform} {room}");
    }
    let took = began.elapsed();
    let counts = PLATFORMS.map(|platform| bench.people(platform).limits().counted());
    let (requests, limited) =
        counts.iter().fold((0, 0), |(requests, limited), Counted { requests: r, limited: l, .. }| {
            (requests + r, limited + l)
        });
    println!(
        "{size} messages into {} rooms in {took:.1?}, taken in within {taken_in:.1?}: {requests} requests, {limited} answered 429 ({:.2} %)",
        targets.len(),
        100.0 * limited as f64 / requests as f64
    );
    println!("  a message in another room, before: {}; {}", before[0], before[1]);
    println!("  while the burst was taken in: {meanwhile}");
    println!("  from then on to the last delivery: {}; {}", during[0], during[1]);
    for (platform, counted) in PLATFORMS.iter().zip(counts) {
        println!("  {platform}: {counted:?}");
        assert!(counted.limited * 100 <= counted.requests, "{platform}: {counted:?}");
    }
    // What others take of this machine is no delay; behind the flood's deliveries it would be minutes.
    for (before, during) in before.iter().zip(&during) {
        let most = before.middle.mul_f64(1.2) + Duration::from_millis(500);
        assert!(during.middle <= most, "{before} before, {during} during");
        assert!(during.nearly_all <= most * 4, "{before} before, {during} during");
    }
    assert_eq!(bench.status().unwrap()["dead_letters"].as_array().unwrap().len(), 0);
}

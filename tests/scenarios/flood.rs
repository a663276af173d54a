//! A flood under the platforms' real limits, which the stand-ins enforce on a clock that is faster by as much as Relay is told (`pace`).
//!
//! `RELAY_FLOOD=10000 cargo test -p relay --test scenarios flood:: -- --nocapture` is the full size: ten thousand messages at once,
//! twelve minutes on that clock, which would be eleven hours into the Telegram group. Without it, 300.

use crate::bench::{Bench, PLATFORMS, until};
use stand_ins::limits::{Counted, Limits};
use stand_ins::people::{Act, Seen};
use stand_ins::world::{Room, World};
use std::time::{Duration, Instant};

/// How many times faster than published the limits are on both sides.
const PACE: u32 = 60;
/// Discord channels that the flood goes into.
const CHANNELS: usize = 10;
/// How often it is looked how long a message takes in rooms that the flood does not concern.
const PROBES: usize = 7;

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

/// The longest that a message takes from the quiet Slack room into the quiet Discord one, of the fastest half: others use this machine.
async fn latency(bench: &Bench, round: &str) -> Duration {
    let (from, to) = (id_of(bench, "slack", "quiet"), id_of(bench, "discord", "quiet"));
    let mut took = Vec::new();
    for probe in 0..PROBES {
        let word = format!("probe-{round}-{probe}.");
        let began = Instant::now();
        let act = Act::Say {
            person: bench.person("slack"),
            room: from.clone(),
            text: word.clone(),
            reply_to: None,
            files: vec![],
            thread: None,
        };
        bench.people("slack").act(act).unwrap();
        until(&word, || there(bench, "discord", &to).iter().any(|seen| seen.text.contains(&word))).await;
        took.push(began.elapsed());
        // Within what the quiet room may take on that clock.
        tokio::time::sleep(Duration::from_secs(4) / PACE).await;
    }
    took.sort();
    took[PROBES / 2]
}

fn numbers(bench: &Bench, platform: &str, room: &str) -> Vec<usize> {
    let of = |seen: &Seen| seen.text.split_once("flood-")?.1.split('.').next()?.parse().ok();
    there(bench, platform, room).iter().filter_map(of).collect()
}

/// Promises: one slow platform slows only itself; in order; never dropped at a queue's end.
#[tokio::test(flavor = "multi_thread")]
async fn a_flood_arrives_in_order_without_a_storm_and_delays_nobody_else() {
    let size: usize = std::env::var("RELAY_FLOOD").ok().and_then(|size| size.parse().ok()).unwrap_or(300);
    let mut bench = Bench::of(world()).await;
    config(&bench);
    bench.start();
    bench.connected(3).await;
    for platform in PLATFORMS {
        bench.people(platform).limits().arm(Some(Limits { scale: PACE.into() })).unwrap();
    }
    let before = latency(&bench, "before").await;
    let began = Instant::now();
    for number in 0..size {
        bench.say("slack", &format!("flood-{number}."));
    }
    // All of it has become rows, so that each lane has its full length.
    let most = Duration::from_secs(60) + Duration::from_millis(30) * u32::try_from(size).unwrap();
    let accepted = || bench.counter("accepted") >= size as u64;
    while !accepted() {
        assert!(began.elapsed() < most, "not accepted");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let during = latency(&bench, "during").await;
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
        "{size} messages into {} rooms in {took:.1?}: {requests} requests, {limited} answered 429 ({:.2} %); a message in another room \
         took {before:.1?} before and {during:.1?} during it",
        targets.len(),
        100.0 * limited as f64 / requests as f64
    );
    for (platform, counted) in PLATFORMS.iter().zip(counts) {
        println!("  {platform}: {counted:?}");
        assert!(counted.limited * 100 <= counted.requests, "{platform}: {counted:?}");
    }
    // What others take of this machine is no delay; behind the flood it would be many seconds.
    assert!(
        during <= before.mul_f64(1.2) + Duration::from_millis(500),
        "{before:?} before, {during:?} during"
    );
    assert_eq!(bench.status().unwrap()["dead_letters"].as_array().unwrap().len(), 0);
}

//! One destination that answers in thirty seconds, and a route that has nothing to do with it.

use crate::bench::{Bench, until};
use stand_ins::faults::{Fault, Kind};
use stand_ins::people::Act;
use std::time::{Duration, Instant};

/// Messages measured in a round, of each of the two.
const MESSAGES: usize = 100;
/// Rounds; `RELAY_SLOW_ROUNDS` asks for another number.
const ROUNDS: usize = 5;
/// How many messages wait for the slow destination.
const WAITING: usize = 50;
/// What this test calls a change. The figure that is printed is compared with 1.2 by hand, on a machine that does nothing else.
const MOST: f64 = 2.0;

/// A Relay with a second channel between two other rooms.
async fn two_routes() -> Bench {
    let mut bench = Bench::new().await;
    let other = |platform: &str| format!("\"{platform}:{}\"", other_room(&bench, platform));
    bench.write_config(&format!("[channels.other]\nlinks = [{}, {}]\n", other("discord"), other("slack")));
    bench.start();
    bench.connected(3).await;
    bench
}

fn other_room(bench: &Bench, platform: &str) -> String {
    bench.platform(platform).spaces[0].rooms[1].id.clone()
}

/// From the act on Slack until it is on Discord.
async fn latency(bench: &Bench, word: &str) -> Duration {
    let mut changes = bench.people("discord").watch();
    let (person, room) = (bench.person("slack"), other_room(bench, "slack"));
    let act = Act::Say { person, room, text: word.into(), reply_to: None, files: vec![], thread: None };
    let began = Instant::now();
    bench.people("slack").act(act).unwrap();
    loop {
        let change =
            tokio::time::timeout(Duration::from_secs(20), changes.recv()).await.expect("it arrives").unwrap();
        if change.message.text.contains(word) {
            return began.elapsed();
        }
    }
}

/// The n-th hundredth.
fn percentile(latencies: &mut [Duration], n: usize) -> Duration {
    latencies.sort_unstable();
    latencies[(latencies.len() - 1) * n / 100]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_destination_that_answers_in_thirty_seconds_slows_no_other_route() {
    let rounds = std::env::var("RELAY_SLOW_ROUNDS").ok().and_then(|n| n.parse().ok()).unwrap_or(ROUNDS);
    let (quiet, slowed) = (two_routes().await, two_routes().await);
    let fault = Fault { kind: Kind::Slow, times: u32::MAX, only: Some("sendMessage".into()), seconds: 30.0 };
    slowed.people("telegram").fault(fault).unwrap();
    for bench in [&quiet, &slowed] {
        for number in 0..WAITING {
            bench.say("slack", &format!("lobby-{number}."));
        }
        until("the lobby's other room has it", || bench.with("discord", "lobby-").len() == WAITING).await;
    }
    until("it is being waited for", || slowed.people("telegram").faults().struck() > 0).await;
    let mut figures = Vec::new();
    // One after the other, so that whatever else the machine does meets both alike.
    for round in 0..=rounds {
        let mut both = [Vec::new(), Vec::new()];
        for number in 0..MESSAGES {
            let turn = number % 2;
            for which in [turn, 1 - turn] {
                let bench = [&quiet, &slowed][which];
                both[which].push(latency(bench, &format!("r{round}-{number}.")).await);
            }
        }
        // The first is for warming up.
        if round > 0 {
            figures.push(both.map(|mut latencies| [50, 99].map(|n| percentile(&mut latencies, n))));
        }
    }
    assert!(slowed.with("telegram", "lobby-").len() < WAITING, "the destination was not slow");
    let median = |which: usize, n: usize| {
        let mut all: Vec<Duration> = figures.iter().map(|figure| figure[which][n]).collect();
        percentile(&mut all, 50)
    };
    let ratio = |n: usize| median(1, n).as_secs_f64() / median(0, n).as_secs_f64();
    crate::tell(&format!(
        "one destination answers in 30 s: an unrelated route's p50 {:.2?} → {:.2?} (× {:.2}), p99 {:.2?} → {:.2?} (× {:.2}); \
         medians of {rounds} rounds of {MESSAGES}\n",
        median(0, 0),
        median(1, 0),
        ratio(0),
        median(0, 1),
        median(1, 1),
        ratio(1),
    ));
    assert!(ratio(0) < MOST, "the median has grown by {:.2}", ratio(0));
    assert!(ratio(1) < MOST * 1.5, "p99 has grown by {:.2}", ratio(1));
}

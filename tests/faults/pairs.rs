//! Every fault that a stand-in has, alone and with every other, while people talk and correct themselves on all three platforms.

use crate::bench::{Bench, PLATFORMS};
use crate::load::Load;
use futures::StreamExt;
use stand_ins::faults::{Fault, Kind};
use std::collections::BTreeSet;
use std::fmt::Write;
use std::time::{Duration, Instant};

/// All kinds.
const KINDS: [Kind; 12] = [
    Kind::Disconnect,
    Kind::Reconnect,
    Kind::RefuseResume,
    Kind::Duplicate,
    Kind::RateLimit,
    Kind::ServerError,
    Kind::CutAfter,
    Kind::Slow,
    Kind::LateAnswer,
    Kind::Unauthorized,
    Kind::Unavailable,
    Kind::Silent,
];
/// How many benches work side by side.
const AT_ONCE: usize = 3;
/// Longest wait for the last of a pair's messages.
const PATIENCE: Duration = Duration::from_secs(60);
/// What has not come after so long without a change does not come.
const GIVEN_UP: Duration = Duration::from_secs(20);
/// How long a connection is deaf.
const SILENCE: Duration = Duration::from_secs(4);
/// So often each fault strikes.
const TIMES: u32 = 2;

/// What came of a pair.
struct Finding {
    pair: (Kind, Kind),
    said: usize,
    struck: u64,
    lost: BTreeSet<String>,
    stale: usize,
    disorder: usize,
    doubled: [usize; 3],
    unsure: u64,
    missed: u64,
    took: Duration,
}

/// What is wrong in all rooms together.
#[derive(Default, Clone, PartialEq)]
struct Wrong {
    lost: BTreeSet<String>,
    stale: usize,
    disorder: usize,
    doubled: [usize; 3],
}

impl Wrong {
    fn of(bench: &Bench, load: &Load) -> Self {
        let mut wrong = Self::default();
        let outcome = load.outcome();
        for (number, there) in PLATFORMS.into_iter().enumerate() {
            let room = outcome.examine(bench, there);
            wrong.lost.extend(room.missing_words.into_iter().map(|word| format!("{word} on {there}")));
            wrong.stale += room.stale;
            wrong.disorder += room.disorder;
            wrong.doubled[number] = room.doubles;
        }
        wrong
    }
}

fn arm(bench: &Bench, kind: Kind) {
    let seconds = if kind == Kind::Silent { SILENCE.as_secs_f64() } else { 0.3 };
    for platform in PLATFORMS {
        // A credential that is refused in the middle of everything is what a person must see to; here it is one request's.
        let only = match (kind, platform) {
            (Kind::Unauthorized | Kind::CutAfter, "discord") => Some("/webhooks/"),
            (Kind::Unauthorized | Kind::CutAfter, "slack") => Some("chat."),
            (Kind::Unauthorized | Kind::CutAfter, _) => Some("sendMessage"),
            _ => None,
        };
        let times = if kind == Kind::Unauthorized { 1 } else { TIMES };
        // Not every platform has every fault.
        let _ = bench.people(platform).fault(Fault { kind, times, only: only.map(str::to_owned), seconds });
    }
}

fn struck(bench: &Bench) -> u64 {
    PLATFORMS.into_iter().map(|platform| bench.people(platform).faults().struck()).sum()
}

async fn one(bench: &Bench, load: &Load, pair: (Kind, Kind), before: &mut Wrong) -> Finding {
    let (struck_before, said_before) = (struck(bench), load.outcome().posts());
    load.go_on();
    tokio::time::sleep(Duration::from_millis(150)).await;
    arm(bench, pair.0);
    if pair.0 != pair.1 {
        arm(bench, pair.1);
    }
    // A deaf connection shows by what is said later, by Relay or by anybody: people go on for a while.
    let silent = [pair.0, pair.1].contains(&Kind::Silent);
    tokio::time::sleep(Duration::from_millis(if silent { 1_000 } else { 350 })).await;
    load.pause();
    let began = Instant::now();
    let mut changed = Instant::now();
    let mut now = Wrong::of(bench, load);
    while (now.lost.len(), now.stale) != (before.lost.len(), before.stale)
        && began.elapsed() < PATIENCE
        && changed.elapsed() < GIVEN_UP
    {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let next = Wrong::of(bench, load);
        if next != now {
            (now, changed) = (next, Instant::now());
        }
        if silent && changed.elapsed() > SILENCE {
            load.go_on();
            tokio::time::sleep(Duration::from_millis(150)).await;
            load.pause();
        }
    }
    // What is still under way would be a double.
    tokio::time::sleep(Duration::from_millis(200)).await;
    let now = Wrong::of(bench, load);
    for platform in PLATFORMS {
        bench.people(platform).faults().disarm();
    }
    let finding = Finding {
        pair,
        said: load.outcome().posts() - said_before,
        struck: struck(bench) - struck_before,
        lost: now.lost.difference(&before.lost).cloned().collect(),
        stale: now.stale.saturating_sub(before.stale),
        disorder: now.disorder.saturating_sub(before.disorder),
        doubled: std::array::from_fn(|there| now.doubled[there].saturating_sub(before.doubled[there])),
        unsure: bench.counter("unsure"),
        missed: bench.counter("missed"),
        took: began.elapsed(),
    };
    *before = now;
    finding
}

async fn some(pairs: Vec<(Kind, Kind)>) -> Vec<Finding> {
    let mut bench = Bench::new().await;
    let config = std::fs::read_to_string(bench.config()).unwrap();
    std::fs::write(bench.config(), config.replace("ceilings = false", "ceilings = false\ndeaf_after = 2"))
        .unwrap();
    bench.start();
    bench.connected(3).await;
    let load = Load::start(&bench);
    let (mut before, mut findings) = (Wrong::default(), Vec::new());
    for pair in pairs {
        findings.push(one(&bench, &load, pair, &mut before).await);
        // Waits that have grown and counters begin anew with each pair.
        bench.stop().await;
        bench.start();
        bench.connected(3).await;
    }
    load.stop().await;
    findings
}

#[tokio::test(flavor = "multi_thread")]
async fn each_fault_and_each_pair_of_faults_under_load_loses_and_disorders_nothing() {
    let mut shares: Vec<Vec<(Kind, Kind)>> = vec![Vec::new(); AT_ONCE];
    let pairs = (0..KINDS.len()).flat_map(|a| (a..KINDS.len()).map(move |b| (KINDS[a], KINDS[b])));
    pairs.enumerate().for_each(|(number, pair)| shares[number % AT_ONCE].push(pair));
    let findings =
        futures::stream::iter(shares).map(some).buffer_unordered(AT_ONCE).collect::<Vec<_>>().await;
    let findings: Vec<Finding> = findings.into_iter().flatten().collect();
    let mut table =
        format!("{:<28} said  struck  lost  stale  disorder  doubled (unsure)  missed  seconds\n", "faults");
    let mut wrong = Vec::new();
    for f in &findings {
        let name = if f.pair.0 == f.pair.1 {
            format!("{:?}", f.pair.0)
        } else {
            format!("{:?} + {:?}", f.pair.0, f.pair.1)
        };
        let doubled: usize = f.doubled.iter().sum();
        let line = format!(
            "{name:<28} {:>4} {:>7} {:>5} {:>6} {:>9} {doubled:>8} {:>9} {:>7} {:>8.1}",
            f.said,
            f.struck,
            f.lost.len(),
            f.stale,
            f.disorder,
            format!("({})", f.unsure),
            f.missed,
            f.took.as_secs_f64()
        );
        writeln!(table, "{line}").unwrap();
        let settled =
            PLATFORMS.iter().zip(f.doubled).all(|(there, n)| n == 0 || !crate::SETTLES.contains(there));
        let excused = |platform: &str| !crate::CATCHES_UP.contains(&platform);
        let of = |word: &String| PLATFORMS.into_iter().find(|platform| word.starts_with(*platform));
        let lost = f.lost.iter().any(|word| !of(word).is_some_and(excused))
            || (f.stale > 0 && !PLATFORMS.into_iter().any(excused));
        if lost || f.disorder > 0 || doubled as u64 > f.unsure || !settled {
            wrong.push(format!("{line}\n  {:?}", f.lost.iter().take(10).collect::<Vec<_>>()));
        }
    }
    crate::tell(&table);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

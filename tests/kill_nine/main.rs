//! `kill -9`, a hundred times, under a load of posts and edits on all three platforms.
//!
//! After each kill the ledger is opened and laid beside what the platforms have: which messages stood between which two
//! steps. In the end: nothing that Relay had acknowledged is missing, each room is in order, doubles are counted.

#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "../scenarios/bench.rs"]
mod bench;
mod load;
mod post_mortem;

use bench::{Bench, PLATFORMS};
use load::Load;
use post_mortem::Fallen;
use std::collections::BTreeSet;
use std::io::Write;
use std::time::{Duration, Instant};

/// How often; `RELAY_KILLS` asks for another number.
const KILLS: usize = 100;
/// How long the last of it may take to arrive.
const PATIENCE: Duration = Duration::from_secs(60);

/// Waits until everything has arrived; what has not after a while is shown by the table.
async fn drained(bench: &Bench, load: &Load) {
    let began = Instant::now();
    let all_is_there = || {
        let status = bench.status().expect("it runs");
        let links = status["channels"][0]["links"].as_array().unwrap().clone();
        links.iter().all(|link| link["queued"] == 0) && load.outcome().missing(bench) == 0
    };
    while !all_is_there() && began.elapsed() < PATIENCE {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost() {
    let kills = std::env::var("RELAY_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(KILLS);
    let mut bench = Bench::new().await;
    bench.start();
    bench.connected(3).await;
    // What was said before Relay was ever there is nobody's to carry.
    let load = Load::start(&bench);
    let mut fallen = Fallen::default();
    let mut number = 0;
    // At least so many, and on until every gap was hit: how wide they are depends on the machine's disk.
    while number < kills || (kills >= KILLS && number < 3 * kills && !fallen.none_is_zero()) {
        // Never the same moment: the kill falls anywhere between two syncs, two requests, two lines of code.
        tokio::time::sleep(Duration::from_micros(20_000 + (number as u64 * 7919) % 180_000)).await;
        load.pause();
        bench.kill();
        if std::env::var_os("RELAY_KILLS_TOLD").is_some() {
            let last = PLATFORMS.map(|p| load.said(p).last().map_or(String::new(), |said| said.word.clone()));
            println!("kill {number} after {}", last.join(" "));
        }
        fallen += post_mortem::examine(&bench, &load).await;
        load.go_on();
        bench.start();
        bench.connected(3).await;
        number += 1;
        if number % 10 == 0 {
            // A backlog that only grows would make every kill fall into the same gap.
            load.pause();
            drained(&bench, &load).await;
            load.go_on();
        }
    }
    load.stop().await;
    let outcome = load.outcome();
    drained(&bench, &load).await;
    // What is still under way would be a double or an overtaking.
    tokio::time::sleep(Duration::from_secs(1)).await;
    bench.stop().await;

    let mut table =
        format!("\n{number} kills, {} posts, {} edits\n{fallen}", outcome.posts(), outcome.edits());
    table += "room         copies  missing   disorder   doubles  stale edits\n";
    let mut wrong = BTreeSet::new();
    for there in PLATFORMS {
        let room = outcome.examine(&bench, there);
        table += &format!(
            "{there:<10} {:>8} {:>8} {:>10} {:>9} {:>12}\n",
            room.copies, room.missing, room.disorder, room.doubles, room.stale
        );
        // Each kill may repeat what was under way in each of the room's lanes, and nothing else.
        if room.missing + room.disorder + room.stale > 0 || room.doubles > number * 2 {
            table += &format!("  missing here: {}\n", room.missing_words.join(" "));
            table += &format!("  stale here: {}\n", room.stale_words.join(" "));
            wrong.insert(there);
        }
    }
    // Past the capture: the figures are what this test is for.
    std::io::stdout().write_all(table.as_bytes()).unwrap();
    assert!(wrong.is_empty(), "wrong in {wrong:?}");
    if kills >= KILLS {
        assert!(fallen.none_is_zero(), "some step was never hit: the test shows nothing for it");
    }
}

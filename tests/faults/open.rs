//! Where the platform tells what was done, a lane goes on while what it has done is written: up to sixteen deliveries are there and
//! not written yet. Attacked by `kill -9` while several are, with a disk that is slow.

use crate::bench::{Bench, until};
use crate::executioner;
use crate::slow_disk::SlowDisk;
use relay::store::Ledger;
use relay::store::ledger::WriterGuard;
use serde_json::Value;
use stand_ins::faults::Kind;
use std::process::{Command, Stdio};
use std::time::Duration;

/// What waits for the room when its lane goes on.
const SAID: usize = 24;
/// So many are the same words in a row.
const SAME: std::ops::Range<usize> = 4..8;
/// The one that is edited while it waits.
const EDITED: usize = 2;
/// So many are there when Relay is killed.
const THERE: usize = 8;
/// How long each write takes.
const WRITE: Duration = Duration::from_secs(3);

/// What somebody says.
fn words(number: usize) -> String {
    if SAME.contains(&number) { "open-same.".into() } else { format!("open-{number}.") }
}

/// What is there of it, in its order.
fn there(bench: &Bench, platform: &str) -> Vec<String> {
    let texts = bench.with(platform, "open-").into_iter().map(|seen| seen.text);
    texts.filter_map(|text| text.find("open-").map(|at| text[at..].to_owned())).collect()
}

fn queue(bench: &Bench, arguments: &[&str]) -> Command {
    let mut command = bench.command("queue");
    command.args(arguments).arg("--json").stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn queued(bench: &Bench, platform: &str) -> u64 {
    let output = queue(bench, &["list", platform]).output().unwrap();
    let rooms: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    rooms[0]["queued"].as_u64().unwrap_or(0)
}

/// The ledger of a Relay that was killed: the system may need a moment to let go of it.
async fn opened(bench: &Bench) -> (Ledger, WriterGuard) {
    for _ in 0..100 {
        if let Ok(opened) = Ledger::open(&bench.state()) {
            return opened;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ledger::open(&bench.state()).unwrap()
}

/// A bench whose Relay was killed while several deliveries into a room were open; with the room that they came from, and how many
/// are there.
async fn killed(platform: &str) -> (Bench, &'static str, usize) {
    let from = if platform == "slack" { "discord" } else { "slack" };
    let mut bench = Bench::started().await;
    bench.say(from, "before all of it.");
    bench.arrives(platform, "before all of it.").await;
    assert!(queue(&bench, &["pause", platform]).status().unwrap().success());
    let ids: Vec<String> = (0..SAID).map(|number| bench.say(from, &words(number))).collect();
    until("the other has it", || bench.with("telegram", "open-").len() == SAID).await;
    bench.edit(from, &ids[EDITED], "open-edited.");
    bench.arrives("telegram", "open-edited.").await;
    until("all of it waits", || queued(&bench, platform) == SAID as u64 + 1).await;
    let slow = SlowDisk::at(&bench, WRITE);
    // It is answered only when it is written.
    let mut resume = queue(&bench, &["resume", platform]).spawn().unwrap();
    until("some are there", || there(&bench, platform).len() >= THERE).await;
    bench.kill();
    drop(slow);
    resume.wait().unwrap();
    let arrived = there(&bench, platform).len();
    let left = {
        let (ledger, writer) = opened(&bench).await;
        let left: u64 = ledger
            .depths()
            .iter()
            .filter(|(room, _)| room.platform.as_str() == platform)
            .map(|(_, depth)| depth.queued)
            .sum();
        drop(ledger);
        writer.join();
        left as usize
    };
    // The edit goes with the post that it became part of.
    let open = arrived + left - SAID - usize::from(left + 1 >= SAID);
    assert!(
        (2..=16).contains(&open),
        "{open} were open: {arrived} of {SAID} are there, {left} rows are left"
    );
    crate::tell(&format!(
        "killed with {open} open deliveries into {platform}: {arrived} were there, {left} rows left\n"
    ));
    (bench, from, arrived)
}

#[tokio::test(flavor = "multi_thread")]
async fn several_open_deliveries_are_neither_lost_nor_doubled_after_a_kill() {
    if !executioner::is_there() {
        return crate::not_tested("a kill while deliveries are open", "strace");
    }
    for platform in crate::SETTLES {
        let (mut bench, _, _) = killed(platform).await;
        bench.start();
        bench.connected(3).await;
        until("nothing waits", || queued(&bench, platform) == 0).await;
        let mut all: Vec<String> = (0..SAID).map(words).collect();
        all[EDITED] = "open-edited.".into();
        assert_eq!(there(&bench, platform), all, "{platform}");
        assert_eq!((bench.counter("dead"), bench.counter("unsure")), (0, 0), "{platform}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn open_deliveries_that_are_purged_after_a_kill_do_not_stay() {
    if !executioner::is_there() {
        return crate::not_tested("a purge of open deliveries", "strace");
    }
    for platform in crate::SETTLES {
        let (mut bench, from, arrived) = killed(platform).await;
        // Nobody is told what was delivered, until the purge is under way.
        let asks = if *platform == "slack" { "conversations.history" } else { "/messages" };
        bench.fault(platform, Kind::ServerError, u32::MAX, asks);
        bench.start();
        bench.connected(3).await;
        let author = format!("{from}:{}", bench.platform(from).people[0].id);
        let purge = bench.command("purge").args([&author, "--yes"]).output().unwrap();
        assert!(purge.status.success(), "{purge:?}");
        bench.people(platform).faults().disarm();
        until("nothing waits", || queued(&bench, platform) == 0).await;
        until("nothing of it is there", || there(&bench, platform).is_empty()).await;
        let ever = bench.seen(platform).into_iter().filter(|seen| seen.text.contains("open-")).count();
        assert!(ever <= arrived, "{platform}: {ever} were ever there, {arrived} before the purge");
    }
}

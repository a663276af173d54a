//! A million messages in the ledger: what reads all of it (export, forget) holds nobody up.

use crate::bench::{Bench, until};
use relay::store::ledger::FannedOut;
use relay::store::{EnvelopeId, Ledger, OutboxRow, Verdict};
use relay_contract::{
    Account, Author, Envelope, Event, Message, MessageRef, RoomKey, Standing, Text, Timestamp,
};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

/// Every so many is of the one who goes.
const THEIRS: usize = 100;

fn envelope(origin: &RoomKey, who: &str, number: usize) -> Envelope {
    let user =
        if number.is_multiple_of(THEIRS) { who.to_owned() } else { format!("other-{}", number % 1_000) };
    let message = Message::new(
        MessageRef::plain(format!("{number}")),
        Text::plain(&format!("message {number}: {}", "words ".repeat(20))),
    );
    let name = format!("Name of {user}");
    let author = Author { id: user.into(), name, avatar: None, standing: Standing::Person };
    Envelope {
        origin: origin.clone(),
        author: Some(author),
        at: Timestamp::now(),
        event: Event::Posted(message),
    }
}

/// So many messages, each of the others with a copy in another room. What is deleted there is another story (`ten_thousand`).
async fn write(state: &Path, who: &str, number: usize) {
    let (ledger, writer) = Ledger::open(state).unwrap();
    let rooms = ledger.known_rooms().unwrap();
    let of = |platform: &str| rooms.iter().find(|room| room.account.0 == platform).unwrap().room.key.clone();
    let (origin, to) = (of("discord"), of("telegram"));
    for first in (0..number).step_by(1_000) {
        let some = (first..number.min(first + 1_000)).map(|number| envelope(&origin, who, number)).collect();
        let accepted = ledger.accept(Account("discord".into()), some).await.unwrap().await.unwrap().unwrap();
        let id = |verdict| match verdict {
            Verdict::Accepted(id) => id,
            other => panic!("{other:?}"),
        };
        let ids: Vec<EnvelopeId> = accepted.into_iter().map(id).collect();
        let crosses = |number: &usize| !number.is_multiple_of(THEIRS);
        let fanned = ids.iter().zip(first..).map(|(id, number)| FannedOut {
            rows: Vec::from_iter(crosses(&number).then(|| (to.clone(), OutboxRow::new("lobby", None)))),
            ..FannedOut::nowhere(*id)
        });
        ledger.fan_out(fanned.collect()).await.unwrap();
        let done = ids.iter().zip(first..).filter(|(_, number)| crosses(number)).map(|(id, number)| {
            let copy = vec![MessageRef::plain(format!("{}", 5_000_000 + number))];
            ledger.complete(to.clone(), *id, *id, Some(copy), vec![], None)
        });
        futures::future::try_join_all(done).await.unwrap();
    }
    ledger.close().await.unwrap();
    drop(ledger);
    writer.join();
}

/// How long messages of others take, until something is done.
async fn meanwhile(bench: &Bench, what: &str, mut is_done: impl FnMut() -> bool) -> Vec<Duration> {
    let (mut waits, began) = (Vec::new(), Instant::now());
    loop {
        let word = format!("{what}-{}.", waits.len());
        let said = Instant::now();
        bench.say("slack", &word);
        until("it arrives", || !bench.with("telegram", &word).is_empty()).await;
        waits.push(said.elapsed());
        if is_done() {
            return waits;
        }
        assert!(began.elapsed() < Duration::from_secs(1_800), "{what}: {}", bench.log());
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
}

fn told(what: &str, began: Instant, mut waits: Vec<Duration>) {
    waits.sort_unstable();
    let at = |part: usize| waits[(waits.len() - 1) * part / 100];
    println!(
        "{what}: {:?}; {} messages of others meanwhile: median {:?}, longest {:?}",
        began.elapsed(),
        waits.len(),
        at(50),
        at(100)
    );
}

/// `cargo test --release --test scenarios a_million -- --ignored --nocapture`; `RELAY_BACKLOG` for another number.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes"]
async fn a_million_messages_hold_nobody_up() {
    let number =
        std::env::var("RELAY_BACKLOG").ok().and_then(|number| number.parse().ok()).unwrap_or(1_000_000);
    let mut bench = Bench::started().await;
    bench.stop().await;
    let id = bench.platform("discord").people[0].id.clone();
    let who = format!("discord:{id}");
    write(&bench.state(), &id, number).await;
    bench.start();
    bench.connected(3).await;
    while !bench.log().contains("the mapping is complete") {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    let began = Instant::now();
    told(
        "nothing else",
        began,
        meanwhile(&bench, "before", || began.elapsed() > Duration::from_secs(10)).await,
    );

    let out = bench.dir.path().join("theirs.jsonl");
    let began = Instant::now();
    let mut export = bench.command("export");
    let mut export = export.arg(&who).arg("--out").arg(&out).stdout(Stdio::null()).spawn().unwrap();
    let waits = meanwhile(&bench, "export", || export.try_wait().unwrap().is_some()).await;
    told("export", began, waits);
    let lines = std::fs::read_to_string(&out).unwrap();
    assert!(lines.lines().count() >= number / THEIRS, "{}", lines.lines().count());

    let began = Instant::now();
    assert!(bench.command("forget").args([&who, "--yes"]).output().unwrap().status.success());
    let is_done = || {
        let output = bench.command("forget").arg(&who).output().unwrap();
        String::from_utf8_lossy(&output.stdout).contains("Forgotten on")
    };
    let waits = meanwhile(&bench, "forget", is_done).await;
    told("forget", began, waits);
    println!("{}", String::from_utf8_lossy(&bench.command("forget").arg(&who).output().unwrap().stdout));
    bench.stop().await;
}

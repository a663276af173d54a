//! `kill -9` between any two steps. What outlives it is what was written to the ledger and what the platforms have carried out: a kill
//! before each write, before each sync, and before and after each request is a kill at every place there is.

use crate::acts::{Deed, Kind};
use crate::bench::{Bench, PLATFORMS};
use crate::executioner::{self, Call, Executioner};
use futures::StreamExt;
use relay::store::{EnvelopeId, Ledger};
use stand_ins::faults::{Fault, Kind as Wrong};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::{Duration, Instant};

/// Where a deed is done, and which.
const DEEDS: [(Kind, &str); 9] = [
    (Kind::Post, "slack"),
    (Kind::Post, "discord"),
    (Kind::Post, "telegram"),
    (Kind::Split, "slack"),
    (Kind::File, "telegram"),
    (Kind::Thread, "slack"),
    (Kind::Edit, "telegram"),
    (Kind::Delete, "slack"),
    (Kind::React, "discord"),
];
/// Tells each kill as it happens.
const TOLD: &str = "RELAY_KILLS_TOLD";
/// How many deeds are done beside each other, each with a Relay of its own.
const AT_ONCE: usize = 3;
/// More calls than any deed takes.
const MOST: usize = 40;
/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(40);
/// So long after the last room has it, the ledger has it too.
const GRACE: Duration = Duration::from_millis(300);

/// Where Relay is killed.
#[derive(Debug, Clone, Copy)]
enum Place {
    Ledger(Call, usize),
    /// The n-th request with this in its path: before it is carried out, or after.
    Request(&'static str, &'static str, u32, Wrong),
    /// The first request to each room, before any is carried out.
    EveryRoom,
}

/// How one kill came out.
struct Outcome {
    kind: Kind,
    step: &'static str,
    place: Place,
    acknowledged: bool,
    lost: usize,
    disorder: usize,
    doubled: BTreeMap<&'static str, usize>,
}

struct Gallows {
    bench: Bench,
    kind: Kind,
    origin: &'static str,
    number: usize,
    outcomes: Vec<Outcome>,
}

impl Gallows {
    fn others(&self) -> impl Iterator<Item = &'static str> + use<> {
        let origin = self.origin;
        PLATFORMS.into_iter().filter(move |platform| *platform != origin)
    }

    fn deed(&mut self) -> Deed {
        self.number += 1;
        Deed::prepare(&self.bench, self.kind, self.origin, format!("{:?}{}", self.kind, self.number))
    }

    /// Until nothing is under way.
    async fn quiet(&self) {
        let began = Instant::now();
        loop {
            let status = self.bench.status();
            let links = status.as_ref().and_then(|status| status["channels"][0]["links"].as_array());
            if links.is_some_and(|links| links.iter().all(|link| link["queued"] == 0)) {
                return;
            }
            assert!(began.elapsed() < PATIENCE, "what is queued is not delivered: {}", self.bench.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Every place of a deed, one kill each.
    async fn everywhere(&mut self) {
        for call in [Call::Write, Call::Sync] {
            let mut number = 1;
            while self.kill_at(Place::Ledger(call, number)).await {
                number += 1;
                assert!(number < MOST, "there is no end to its {call:?}s");
            }
        }
        let probe = Deed::prepare(&self.bench, self.kind, self.origin, "nothing".into());
        for there in self.others() {
            for path in probe.requests(there) {
                for wrong in [Wrong::Slow, Wrong::LateAnswer] {
                    let mut number = 1;
                    while self.kill_at(Place::Request(there, path, number, wrong)).await {
                        number += 1;
                        if !probe.in_parts() {
                            break;
                        }
                    }
                    assert!(number > 1, "{:?} makes no request with {path:?} on {there}", self.kind);
                }
            }
        }
        assert!(self.kill_at(Place::EveryRoom).await, "{:?} makes no request to a room", self.kind);
    }

    /// Kills at a place while a deed is under way; answers whether the deed gets there.
    async fn kill_at(&mut self, place: Place) -> bool {
        let deed = self.deed();
        let began = Instant::now();
        while !self.others().all(|there| deed.prepared(&self.bench, there)) {
            assert!(began.elapsed() < PATIENCE, "{} is not there", deed.word);
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        self.quiet().await;
        let executioner = match place {
            Place::Ledger(call, number) => Some(Executioner::at(&self.bench, call, number)),
            Place::Request(there, path, number, wrong) => {
                let faults = self.bench.people(there).faults();
                let fault = |kind, times, seconds| Fault { kind, times, only: Some(path.into()), seconds };
                // The requests before it pass.
                if number > 1 {
                    faults.arm(fault(Wrong::Slow, number - 1, 0.0));
                }
                faults.arm(fault(wrong, 1, 60.0));
                None
            }
            Place::EveryRoom => {
                for there in self.others() {
                    let only = deed.requests(there).first().map(|path| (*path).to_owned());
                    let held = Fault { kind: Wrong::Slow, times: 1, only, seconds: 60.0 };
                    self.bench.people(there).faults().arm(held);
                }
                None
            }
        };
        let struck = |bench: &Bench, there: &str| bench.people(there).faults().struck();
        let before: BTreeMap<_, _> = self.others().map(|there| (there, struck(&self.bench, there))).collect();
        let id = deed.act(&self.bench);
        let began = Instant::now();
        let mut done_at: Option<Instant> = None;
        let died = loop {
            let there = |there| deed.shown(&self.bench, there).whole;
            if self.others().all(there) {
                done_at.get_or_insert_with(Instant::now);
            }
            match place {
                Place::Ledger(..) if !self.bench.runs() => {
                    self.bench.bury();
                    break true;
                }
                Place::Request(there, _, number, _)
                    if struck(&self.bench, there) - before[there] == u64::from(number) =>
                {
                    // What else is under way comes to its end: this kill is about the one request.
                    tokio::time::sleep(GRACE / 3).await;
                    self.bench.kill();
                    break true;
                }
                Place::EveryRoom if self.others().all(|there| struck(&self.bench, there) > before[there]) => {
                    self.bench.kill();
                    break true;
                }
                _ => {}
            }
            if done_at.is_some_and(|at| at.elapsed() > GRACE) {
                break false;
            }
            assert!(began.elapsed() < PATIENCE, "{}: {place:?}: neither done nor dead", deed.word);
            tokio::time::sleep(Duration::from_millis(5)).await;
        };
        drop(executioner);
        for there in self.others() {
            self.bench.people(there).faults().disarm();
        }
        if std::env::var_os(TOLD).is_some() {
            println!(
                "{} {place:?}: {} after {:.1?}",
                deed.word,
                if died { "killed" } else { "done" },
                began.elapsed()
            );
        }
        if died {
            let step = self.step(&deed).await;
            let acknowledged = self.bench.people(self.origin).acknowledged();
            let acknowledged = id.is_some_and(|id| acknowledged.contains(&id));
            self.bench.start();
            self.finished(&deed, place, step, acknowledged).await;
        }
        died
    }

    /// Between which two steps it was.
    async fn step(&self, deed: &Deed) -> &'static str {
        let began = Instant::now();
        let (ledger, writer) = loop {
            match Ledger::open(&self.bench.state()) {
                Ok(opened) => break opened,
                Err(error) => assert!(began.elapsed() < PATIENCE, "{error}"),
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        };
        let shown = |there| deed.shown(&self.bench, there);
        let first = EnvelopeId([0; 16]);
        let rows: Vec<_> = ledger
            .depths()
            .into_iter()
            .filter(|(_, depth)| depth.queued > 0)
            .filter_map(|(room, _)| {
                Some((
                    PLATFORMS.into_iter().find(|p| *p == room.platform.as_str())?,
                    ledger.head(&room, first),
                ))
            })
            .collect();
        let row_done = rows.iter().any(|(_, row)| {
            row.as_ref().is_ok_and(|row| row.as_ref().is_some_and(|(_, row)| !row.done.is_empty()))
        });
        let step = if !ledger.to_fan_out(first, 1).unwrap().is_empty() {
            "accepted, not fanned out"
        } else if row_done {
            "between two parts"
        } else if rows.iter().any(|(there, _)| shown(there).some) {
            "delivered, not completed"
        } else if rows.len() == 2 {
            "fanned out, not delivered"
        } else if rows.len() == 1 {
            "completed in one room"
        } else if self.others().all(|there| shown(there).whole) {
            "completed"
        } else {
            "said, not accepted"
        };
        ledger.close().await.unwrap();
        drop(ledger);
        writer.join();
        step
    }

    /// What it comes to in the end, with something said after it.
    async fn finished(&mut self, deed: &Deed, place: Place, step: &'static str, acknowledged: bool) {
        self.bench.connected(3).await;
        let after = format!("{}-after.", deed.word);
        self.bench.say(self.origin, &after);
        let began = Instant::now();
        let arrived = |bench: &Bench, there: &str| {
            !bench.with(there, &after).is_empty() && deed.shown(bench, there).whole
        };
        while !self.others().all(|there| arrived(&self.bench, there)) && began.elapsed() < PATIENCE {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        self.quiet().await;
        let mut outcome = Outcome {
            kind: self.kind,
            step,
            place,
            acknowledged,
            lost: 0,
            disorder: 0,
            doubled: BTreeMap::new(),
        };
        for there in self.others() {
            let shown = deed.shown(&self.bench, there);
            let place_of = |word: &str| {
                self.bench.seen(there).iter().filter(|m| !m.deleted).position(|m| m.text.contains(word))
            };
            outcome.lost += usize::from(!arrived(&self.bench, there));
            let overtaken = matches!(self.kind, Kind::Post | Kind::Split | Kind::File)
                && place_of(&format!("{}-", deed.word)) > place_of(&after);
            outcome.disorder += shown.disorder + usize::from(overtaken);
            let doubled = shown.doubled + self.bench.with(there, &after).len().saturating_sub(1);
            *outcome.doubled.entry(there).or_default() += doubled;
        }
        self.outcomes.push(outcome);
    }
}

/// A line for each deed and step.
fn table(outcomes: &[Outcome]) -> String {
    let mut lines: BTreeMap<(String, &str), [usize; 5]> = BTreeMap::new();
    for outcome in outcomes {
        let line = lines.entry((format!("{:?}", outcome.kind), outcome.step)).or_default();
        line[0] += 1;
        line[1] += usize::from(outcome.acknowledged);
        line[2] += outcome.lost;
        line[3] += outcome.disorder;
        line[4] += outcome.doubled.values().sum::<usize>();
    }
    let mut table =
        "deed    killed when                  kills  acknowledged  lost  disorder  doubled\n".to_owned();
    for ((kind, step), [kills, acknowledged, lost, disorder, doubled]) in &lines {
        writeln!(
            table,
            "{kind:<7} {step:<27} {kills:>6} {acknowledged:>13} {lost:>5} {disorder:>9} {doubled:>8}"
        )
        .unwrap();
    }
    table
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_or_disordered_by_a_kill_between_any_two_steps_and_doubled_only_unsettled() {
    if !executioner::is_there() {
        return crate::not_tested("kills between any two steps", "strace");
    }
    let began = Instant::now();
    let runs = futures::stream::iter(DEEDS).map(|(kind, origin)| async move {
        let bench = Bench::started().await;
        let mut gallows = Gallows { bench, kind, origin, number: 0, outcomes: Vec::new() };
        gallows.everywhere().await;
        gallows.bench.stop().await;
        gallows.outcomes
    });
    let outcomes: Vec<Outcome> =
        runs.buffer_unordered(AT_ONCE).collect::<Vec<_>>().await.into_iter().flatten().collect();
    crate::tell(&format!("{}{} kills in {:.0?}\n", table(&outcomes), outcomes.len(), began.elapsed()));
    let wrong: Vec<String> = outcomes
        .iter()
        .filter(|outcome| {
            let posts = matches!(outcome.kind, Kind::Post | Kind::Split | Kind::File | Kind::Thread);
            let doubled = |there: &str, times: usize| {
                times > usize::from(posts && !crate::SETTLES.contains(&there) && outcome.step != "completed")
            };
            let too_many = outcome.doubled.iter().any(|(there, times)| doubled(there, *times));
            outcome.lost + outcome.disorder > 0 || too_many
        })
        .map(|o| {
            let (lost, disorder) = (o.lost, o.disorder);
            format!(
                "{:?} killed at {:?} ({}): {lost} lost, {disorder} disordered, {:?}",
                o.kind, o.place, o.step, o.doubled
            )
        })
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    let steps = [
        "said, not accepted",
        "accepted, not fanned out",
        "fanned out, not delivered",
        "delivered, not completed",
        "completed in one room",
        "between two parts",
    ];
    for step in steps {
        assert!(
            outcomes.iter().any(|outcome| outcome.step == step),
            "no kill {step:?}: nothing is shown for it"
        );
    }
}

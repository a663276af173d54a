//! Every cell of the table, carried by the real binary between every two platforms. What is native is a round trip that a member of
//! the room sees; what is shown by other means is the exact rendering; what is not carried is said, and nothing else happens.

use crate::acts::{self, Did, Doer};
use crate::bench::{Bench, PLATFORMS, until};
use crate::cells::Cells;
use crate::checks::{self, Scene, given};
use crate::outcome::{Outcome, Outcomes};
use crate::shown::{changed, gone, there, written};
use relay_contract::{Feature, Support};
use stand_ins::people::Seen;
use std::fmt::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

/// How long a member may wait for what the lane's order does not settle: late files, typing.
const PATIENCE: Duration = Duration::from_secs(6);
/// In every message that only shows that all before it has arrived.
const SETTLED: &str = "settled";

struct Suite {
    bench: Bench,
    cells: Cells,
    settled: usize,
}

#[tokio::test(flavor = "multi_thread")]
async fn every_cell_is_as_the_table_says() {
    let began = Instant::now();
    let bench = Bench::for_conformance().await;
    let cells = Cells::of(bench.command("capabilities"), &PLATFORMS);
    let mut suite = Suite { bench, cells, settled: 0 };
    suite.meet().await;
    let mut outcomes = Outcomes::between(&PLATFORMS);
    for feature in Feature::ALL {
        for (at, origin) in PLATFORMS.into_iter().enumerate() {
            for (there, outcome) in suite.carry(feature, origin).await {
                outcomes.insert(feature, at, there, outcome);
            }
        }
    }
    println!("{}\n{} cases in {:.0?}", outcomes.matrix(), outcomes.len(), began.elapsed());
    let mut wrong = outcomes.wrong();
    // All of them, so that one difference does not hide the others.
    for (name, text) in outcomes.pages(&suite.cells) {
        if catch_unwind(AssertUnwindSafe(|| insta::assert_snapshot!(name.clone(), text))).is_err() {
            wrong.push(format!("the rendering {name} is another one"));
        }
    }
    assert!(wrong.is_empty(), "not as the table says:\n{}", wrong.join("\n"));
}

impl Suite {
    /// Telegram tells a bot of a chat when something happens in it.
    async fn meet(&mut self) {
        for origin in PLATFORMS {
            self.settle(origin).await;
        }
    }

    /// Waits until all that happened on a platform has reached the others: lanes keep their order.
    async fn settle(&mut self, origin: &str) {
        self.settled += 1;
        let word = format!("{SETTLED}{}.", self.settled);
        self.bench.say(origin, &word);
        for there in PLATFORMS.into_iter().filter(|there| *there != origin) {
            until(&format!("{word} of {origin} on {there}"), || !self.bench.with(there, &word).is_empty())
                .await;
        }
    }

    /// One feature from one platform to the two others.
    async fn carry(&mut self, feature: Feature, origin: &str) -> Vec<(usize, Outcome)> {
        let word = format!("{feature:?}from{origin}").to_lowercase();
        let targets: Vec<usize> = (0..PLATFORMS.len()).filter(|at| PLATFORMS[*at] != origin).collect();
        let base = Doer { bench: &self.bench, on: origin, word: word.clone() }.before(feature);
        if matches!(base, Ok(Some(_))) {
            self.settle(origin).await;
        }
        let before: Vec<Vec<Seen>> = PLATFORMS.iter().map(|platform| there(&self.bench, platform)).collect();
        let typed = PLATFORMS.map(|platform| self.typed(platform));
        let did = match base {
            Ok(base) => Doer { bench: &self.bench, on: origin, word: word.clone() }.act(feature, base).await,
            Err(why) => Err(why),
        };
        self.settle(origin).await;
        let given = given(&self.bench, origin, &word);
        let person = self.bench.person(origin);
        let mut outcomes = Vec::new();
        for at in targets {
            let scene = Scene {
                bench: &self.bench,
                there: PLATFORMS[at],
                origin,
                word: &word,
                given: &given,
                person: &person,
                before: &before[at],
                typed: typed[at],
            };
            outcomes.push((at, self.judge(feature, &did, &scene).await));
        }
        outcomes
    }

    fn typed(&self, platform: &str) -> u64 {
        self.bench.people(platform).typed(&self.bench.room(platform)).unwrap_or_default()
    }

    async fn judge(&self, feature: Feature, did: &Did, scene: &Scene<'_>) -> Outcome {
        let heard = self.cells.heard(scene.origin, feature);
        let shown = self.cells.shown(scene.there, feature);
        match (heard, did) {
            (_, Err(why)) => Outcome::Wrong(why.clone()),
            (Support::Dropped, Ok(None)) => Outcome::NoSuchThing,
            (_, Ok(None)) if acts::shown_elsewhere(feature, scene.origin).is_some() => Outcome::Elsewhere,
            (_, Ok(None)) => {
                Outcome::Wrong("the table says that it is heard, and nobody can do it".to_owned())
            }
            // The message arrives, as if it were without it.
            (Support::Dropped, Ok(Some(_))) if checks::is_a_message(feature) => {
                Outcome::judged(patiently(|| scene.arrived().map(drop)).await, Outcome::NotHeard)
            }
            (Support::Dropped, Ok(Some(_))) => {
                Outcome::judged(self.nothing_happens(scene), Outcome::NotHeard)
            }
            (_, Ok(Some(id))) => match shown {
                Support::Native => {
                    Outcome::judged(patiently(|| checks::native(feature, scene)).await, Outcome::Native)
                }
                Support::Fallback => match patiently(|| self.something_happens(scene)).await {
                    Ok(()) => Outcome::Fallback(self.rendering(scene, id)),
                    Err(why) => Outcome::Wrong(why),
                },
                Support::Dropped if checks::is_a_message(feature) => {
                    Outcome::judged(patiently(|| said_to_be_lost(feature, scene, id)).await, Outcome::Said)
                }
                Support::Dropped => Outcome::judged(self.nothing_happens(scene), Outcome::Said),
            },
        }
    }

    fn nothing_happens(&self, scene: &Scene<'_>) -> Result<(), String> {
        let now = there(scene.bench, scene.there);
        let (new, gone) = (changed(scene.before, &now, SETTLED), gone(scene.before, &now));
        let typed = self.typed(scene.there) - scene.typed;
        match (new.is_empty(), gone.is_empty(), typed) {
            (true, true, 0) => Ok(()),
            _ => Err(format!("nothing should happen, but: {new:?}, gone: {gone:?}, typed: {typed}")),
        }
    }

    fn something_happens(&self, scene: &Scene<'_>) -> Result<(), String> {
        let now = there(scene.bench, scene.there);
        let (new, gone) = (changed(scene.before, &now, SETTLED), gone(scene.before, &now));
        if new.is_empty() && gone.is_empty() { Err("nothing happens".to_owned()) } else { Ok(()) }
    }

    /// What has changed for a member of the room, and what of it is said to be lost.
    fn rendering(&self, scene: &Scene<'_>, id: &str) -> String {
        let now = there(scene.bench, scene.there);
        let mut text = written(scene.bench, &changed(scene.before, &now, SETTLED));
        let gone = gone(scene.before, &now).len();
        if gone > 0 {
            let _ = writeln!(text, "gone: {gone}");
        }
        if let Some(lost) = scene.lost(id) {
            let _ = writeln!(text, "lost: {}", lost.join(", "));
        }
        text
    }
}

fn said_to_be_lost(feature: Feature, scene: &Scene<'_>, id: &str) -> Result<(), String> {
    scene.arrived()?;
    let lost = scene.lost(id).ok_or("`relay trace` does not know it")?;
    match lost.iter().any(|lost| lost == feature.word()) {
        true => Ok(()),
        false => Err(format!("`relay trace` says that it lost {lost:?}, and not that")),
    }
}

/// Looks again and again until it is so.
async fn patiently(is_so: impl Fn() -> Result<(), String>) -> Result<(), String> {
    let began = Instant::now();
    loop {
        match is_so() {
            Ok(()) => return Ok(()),
            Err(why) if began.elapsed() > PATIENCE => return Err(why),
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

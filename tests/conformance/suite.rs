//! Every cell of the table, carried by the real binary between every two platforms. What is native is a round trip that a member of
//! the room sees; what is shown by other means is the exact rendering; what is not carried is said, and nothing else happens.

use crate::acts::{self, Did, Doer};
use crate::bench::{Bench, PLATFORMS, until};
use crate::cells::Cells;
use crate::checks::{self, Scene};
use crate::shown::{changed, gone, there, written};
use relay_contract::{Feature, Support};
use stand_ins::people::Seen;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

/// How long a member may wait for what the lane's order does not settle: late files, typing.
const PATIENCE: Duration = Duration::from_secs(6);
/// In every message that only shows that all before it has arrived.
const SETTLED: &str = "settled";

/// What a case came to.
#[derive(Debug, Clone, PartialEq)]
enum Outcome {
    /// Seen there as the platform's own.
    Native,
    /// Shown by other means; the exact rendering.
    Fallback(String),
    /// Left out, and said to be.
    Said,
    /// The origin's platform does not tell, and nothing happened.
    NotHeard,
    /// Nobody can do that on the origin's platform.
    NoSuchThing,
    /// Heard, as another test shows: nobody on the imitated platform can do it.
    Elsewhere,
    /// It is not as the table says.
    Wrong(String),
}

impl Outcome {
    fn word(&self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Fallback(_) => "other",
            Self::Said => "said",
            Self::NotHeard => "unheard",
            Self::NoSuchThing => "–",
            Self::Elsewhere => "(heard)",
            Self::Wrong(_) => "WRONG",
        }
    }
}

struct Suite {
    bench: Bench,
    cells: Cells,
    settled: usize,
}

#[tokio::test(flavor = "multi_thread")]
async fn every_cell_is_as_the_table_says() {
    let began = Instant::now();
    let bench = Bench::for_conformance().await;
    let cells = Cells::of(&bench);
    let mut suite = Suite { bench, cells, settled: 0 };
    suite.meet().await;
    let mut outcomes: BTreeMap<(usize, usize, usize), Outcome> = BTreeMap::new();
    for feature in Feature::ALL {
        for (at, origin) in PLATFORMS.into_iter().enumerate() {
            for (there, outcome) in suite.carry(feature, origin).await {
                outcomes.insert((feature as usize, at, there), outcome);
            }
        }
    }
    println!("{}\n{} cases in {:.0?}", matrix(&outcomes), outcomes.len(), began.elapsed());
    let mut wrong: Vec<String> = Vec::new();
    for ((feature, origin, there), outcome) in &outcomes {
        if let Outcome::Wrong(why) = outcome {
            let feature = Feature::ALL[*feature];
            wrong.push(format!("{feature}, {} → {}: {why}", PLATFORMS[*origin], PLATFORMS[*there]));
        }
    }
    // All of them, so that one difference does not hide the others.
    let mut differ = |name: String, text: String| {
        if catch_unwind(AssertUnwindSafe(|| insta::assert_snapshot!(name.clone(), text))).is_err() {
            wrong.push(format!("the rendering {name} is another one"));
        }
    };
    differ("cells".to_owned(), format!("{}\n{}", suite.cells.lines(), matrix(&outcomes)));
    for feature in Feature::ALL {
        let renderings = renderings(feature, &outcomes);
        if !renderings.is_empty() {
            differ(format!("{feature:?}").to_lowercase(), renderings);
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
        let mut outcomes = Vec::new();
        for at in targets {
            let scene = Scene {
                bench: &self.bench,
                there: PLATFORMS[at],
                origin,
                word: &word,
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
                as_outcome(patiently(|| scene.arrived().map(drop)).await, Outcome::NotHeard)
            }
            (Support::Dropped, Ok(Some(_))) => as_outcome(self.nothing_happens(scene), Outcome::NotHeard),
            (_, Ok(Some(id))) => match shown {
                Support::Native => {
                    as_outcome(patiently(|| checks::native(feature, scene)).await, Outcome::Native)
                }
                Support::Fallback => match patiently(|| self.something_happens(scene)).await {
                    Ok(()) => Outcome::Fallback(self.rendering(scene, id)),
                    Err(why) => Outcome::Wrong(why),
                },
                Support::Dropped if checks::is_a_message(feature) => {
                    as_outcome(patiently(|| said_to_be_lost(feature, scene, id)).await, Outcome::Said)
                }
                Support::Dropped => as_outcome(self.nothing_happens(scene), Outcome::Said),
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

fn as_outcome(judged: Result<(), String>, right: Outcome) -> Outcome {
    judged.map_or_else(Outcome::Wrong, |()| right)
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

/// A row a feature, a column a pair.
fn matrix(outcomes: &BTreeMap<(usize, usize, usize), Outcome>) -> String {
    let pairs: Vec<(usize, usize)> = (0..PLATFORMS.len())
        .flat_map(|origin| (0..PLATFORMS.len()).map(move |there| (origin, there)))
        .filter(|(origin, there)| origin != there)
        .collect();
    let short = |at: usize| PLATFORMS[at][..1].to_uppercase();
    let heading = pairs
        .iter()
        .map(|(origin, there)| format!("{:<9}", format!("{} → {}", short(*origin), short(*there))));
    let mut out = format!("{:<18}{}\n", "", heading.collect::<String>().trim_end());
    for feature in Feature::ALL {
        let cell = |(origin, there): &(usize, usize)| {
            let outcome = outcomes.get(&(feature as usize, *origin, *there));
            format!("{:<9}", outcome.map_or("NO CASE", Outcome::word))
        };
        let cells: String = pairs.iter().map(cell).collect();
        let _ = writeln!(out, "{:<18}{}", feature.word(), cells.trim_end());
    }
    out
}

fn renderings(feature: Feature, outcomes: &BTreeMap<(usize, usize, usize), Outcome>) -> String {
    let mut out = String::new();
    for ((of, origin, there), outcome) in outcomes {
        if let Outcome::Fallback(rendering) = outcome
            && *of == feature as usize
        {
            let _ = writeln!(out, "=== {} → {}\n{rendering}", PLATFORMS[*origin], PLATFORMS[*there]);
        }
    }
    out
}

//! Every cell of the table that IRC, Matrix and Discord have, carried by the real binary between real servers and the imitated Discord:
//! from Discord, from an IRC server and from Matrix to each of the others, and from one IRC server to the other.

use crate::acts::Did;
use crate::bench::until;
use crate::cells::Cells;
use crate::checks::{self, Scene};
use crate::doers::{BYTES, Someone};
use crate::judges::{self, Case};
use crate::members::{changed, gone};
use crate::outcome::{Outcome, Outcomes};
use crate::person::encoded;
use crate::town::{CHANNELS, PLACES, PLATFORMS, Town, platform_of};
use relay_contract::{Feature, Support};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

/// How long a member may wait for what the lane's order does not settle: late files, typing.
const PATIENCE: Duration = Duration::from_secs(8);
/// In every message that only shows that all before it has arrived.
pub const SETTLED: &str = "settled";

struct Suite {
    town: Town,
    cells: Cells,
    settled: usize,
}

#[tokio::test(flavor = "multi_thread")]
async fn every_cell_is_as_the_table_says_between_real_servers() {
    let Some(town) = Town::started().await else { return };
    let began = Instant::now();
    let cells = Cells::of(town.bench.command("capabilities"), &PLATFORMS);
    let mut suite = Suite { town, cells, settled: 0 };
    for origin in PLATFORMS {
        suite.settle(origin).await;
    }
    let mut outcomes = Outcomes::between(&PLACES);
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
    /// Waits until all that happened in a place has reached the others: lanes keep their order.
    async fn settle(&mut self, origin: &str) {
        self.settled += 1;
        let word = format!("{SETTLED}{}.", self.settled);
        let town = &self.town;
        match origin {
            "discord" => drop(town.bench.say("discord", &word)),
            "matrix" => drop(town.mia.says(&town.room, &word).await),
            _ => town.ada.says(CHANNELS[0], &word).await,
        }
        if origin != "discord" {
            let what = format!("{word} of {origin} on discord");
            until(&what, || !town.bench.with("discord", &word).is_empty()).await;
        }
        for person in [&town.ada, &town.ivo].into_iter().skip(usize::from(origin == "irc")) {
            person.sees(&word).await;
        }
        town.on_matrix(&word, |seen| seen.body().contains(&word)).await;
    }

    /// One feature from one place to the others; IRC has another server of its own.
    async fn carry(&mut self, feature: Feature, origin: &str) -> Vec<(usize, Outcome)> {
        let word = format!("{feature:?}from{origin}").to_lowercase();
        let targets: Vec<usize> = (0..PLACES.len())
            .filter(|at| {
                PLACES[*at] != origin && (origin == "irc" || platform_of(PLACES[*at]) == PLACES[*at])
            })
            .collect();
        let base = Someone { town: &self.town, on: origin, word: &word }.before(feature).await;
        if matches!(base, Ok(Some(_))) {
            self.settle(origin).await;
        }
        let mut before = Vec::new();
        for place in PLACES {
            before.push(self.town.sight(place).await);
        }
        let typed_there = self.typed_on_discord();
        let watched = (feature == Feature::Typing).then(|| self.watch_typing());
        let someone = Someone { town: &self.town, on: origin, word: &word };
        let did = match base {
            Ok(base) => someone.act(feature, base).await,
            Err(why) => Err(why),
        };
        let typed = match watched {
            Some(watched) => watched.await.expect("it watches"),
            None => false,
        };
        self.settle(origin).await;
        let given = match origin {
            "discord" => checks::given(&self.town.bench, origin, &word),
            _ => vec![format!("{:016x}", xxhash_rust::xxh3::xxh3_64(BYTES))],
        };
        let mut outcomes = Vec::new();
        for at in targets {
            let there = PLACES[at];
            let case =
                Case { town: &self.town, there, word: &word, given: &given, before: &before[at], typed };
            outcomes.push((at, self.judge(feature, origin, &did, &case, typed_there).await));
        }
        if (feature, origin) == (Feature::Typing, "matrix") {
            // As long as she types, every other sign of typing in the room tells of her again.
            self.town.mia_types(false).await;
            self.settle(origin).await;
        }
        outcomes
    }

    fn typed_on_discord(&self) -> u64 {
        self.town.bench.people("discord").typed(&self.town.bench.room("discord")).unwrap_or_default()
    }

    /// Whether Relay is shown as typing on Matrix within a time from now on.
    fn watch_typing(&self) -> tokio::task::JoinHandle<bool> {
        let (bo, relay, room) = (self.town.bo.clone(), self.town.relay.user.clone(), self.town.room.clone());
        tokio::spawn(async move {
            let began = Instant::now();
            while began.elapsed() < PATIENCE {
                let filter =
                    encoded(&serde_json::json!({ "room": { "timeline": { "limit": 1 } } }).to_string());
                let answer = bo.get(&format!("sync?timeout=0&filter={filter}")).await;
                let events = answer["rooms"]["join"][&room]["ephemeral"]["events"].clone();
                let types = |event: &serde_json::Value| {
                    event["type"] == "m.typing" && event["content"]["user_ids"].to_string().contains(&relay)
                };
                if events.as_array().into_iter().flatten().any(types) {
                    return true;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            false
        })
    }

    async fn judge(&self, feature: Feature, origin: &str, did: &Did, case: &Case<'_>, typed: u64) -> Outcome {
        let heard = self.cells.heard(origin, feature);
        let shown = self.cells.shown(platform_of(case.there), feature);
        let id = match (heard, did) {
            (_, Err(why)) => return Outcome::Wrong(why.clone()),
            (Support::Dropped, Ok(None)) => return Outcome::NoSuchThing,
            (_, Ok(None)) => {
                return Outcome::Wrong("the table says that it is heard, and nobody can do it".to_owned());
            }
            (_, Ok(Some(id))) => id,
        };
        let is_message = checks::is_a_message(feature);
        let judged = match (heard, shown) {
            // The message arrives, as if it were without it.
            (Support::Dropped, _) if is_message => (self.arrives(case).await, Outcome::NotHeard),
            (Support::Dropped, _) => (self.nothing_happens(case, typed).await, Outcome::NotHeard),
            (_, Support::Native) => (self.native(feature, origin, case, typed).await, Outcome::Native),
            (_, Support::Fallback) => match self.something_happens(case).await {
                Ok(()) => (Ok(()), Outcome::Fallback(self.rendering(origin, case, id).await)),
                Err(why) => (Err(why), Outcome::Said),
            },
            (_, Support::Dropped) if is_message => {
                (self.said_to_be_lost(feature, origin, case, id).await, Outcome::Said)
            }
            (_, Support::Dropped) => (self.nothing_happens(case, typed).await, Outcome::Said),
        };
        Outcome::judged(judged.0, judged.1)
    }

    async fn native(
        &self,
        feature: Feature,
        origin: &str,
        case: &Case<'_>,
        typed: u64,
    ) -> Result<(), String> {
        let person = if origin == "matrix" { "Mia" } else { "Ada" };
        patiently(async || {
            let now = self.town.sight(case.there).await;
            match case.there {
                _ if (origin, feature) == ("irc", Feature::Code) => judges::code_of_irc(case, &now),
                "matrix" => judges::on_matrix(feature, case, &now).await,
                "discord" => {
                    let (bench, before) = (&self.town.bench, case.before.discord.as_slice());
                    let (there, word, given) = (case.there, case.word, case.given);
                    let scene = Scene { bench, there, origin, word, given, person, before, typed };
                    checks::native(feature, &scene)
                }
                _ => judges::on_irc(feature, case, &now),
            }
        })
        .await
    }

    async fn arrives(&self, case: &Case<'_>) -> Result<(), String> {
        patiently(async || case.arrived(&self.town.sight(case.there).await).map(drop)).await
    }

    async fn nothing_happens(&self, case: &Case<'_>, typed: u64) -> Result<(), String> {
        let now = self.town.sight(case.there).await;
        let (new, gone) = (changed(case.before, &now, SETTLED), gone(case.before, &now));
        let types = match case.there {
            "discord" => self.typed_on_discord() > typed,
            "matrix" => case.typed,
            _ => false,
        };
        match (new.is_empty(), gone, types) {
            (true, 0, false) => Ok(()),
            _ => Err(format!("nothing should happen, but: {new:?}, gone: {gone}, typed: {types}")),
        }
    }

    async fn something_happens(&self, case: &Case<'_>) -> Result<(), String> {
        patiently(async || {
            let now = self.town.sight(case.there).await;
            let nothing = changed(case.before, &now, SETTLED).is_empty() && gone(case.before, &now) == 0;
            if nothing { Err("nothing happens".to_owned()) } else { Ok(()) }
        })
        .await
    }

    async fn said_to_be_lost(
        &self,
        feature: Feature,
        origin: &str,
        case: &Case<'_>,
        id: &str,
    ) -> Result<(), String> {
        self.arrives(case).await?;
        let lost = self.lost(origin, case, id).ok_or("`relay trace` does not know it")?;
        match lost.iter().any(|lost| lost == feature.word()) {
            true => Ok(()),
            false => Err(format!("`relay trace` says that it lost {lost:?}, and not that")),
        }
    }

    fn lost(&self, origin: &str, case: &Case<'_>, id: &str) -> Option<Vec<String>> {
        checks::lost(self.town.bench.command("trace"), origin, platform_of(case.there), id)
    }

    /// What has changed for a member of the room, and what of it is said to be lost. A message of IRC has no id that people know.
    async fn rendering(&self, origin: &str, case: &Case<'_>, id: &str) -> String {
        let now = self.town.sight(case.there).await;
        let mut text: String =
            changed(case.before, &now, SETTLED).into_iter().map(|line| line.text).collect();
        let gone = gone(case.before, &now);
        if gone > 0 {
            text.push_str(&format!("gone: {gone}\n"));
        }
        if let Some(lost) = Some(id).filter(|id| !id.is_empty()).and_then(|id| self.lost(origin, case, id)) {
            text.push_str(&format!("lost: {}\n", lost.join(", ")));
        }
        text
    }
}

/// Looks again and again until it is so.
async fn patiently(is_so: impl AsyncFn() -> Result<(), String>) -> Result<(), String> {
    let began = Instant::now();
    loop {
        match is_so().await {
            Ok(()) => return Ok(()),
            Err(why) if began.elapsed() > PATIENCE => return Err(why),
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

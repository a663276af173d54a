//! Every command, given on every platform in a world of its own: people there ask a Relay of their own, and what their platform shows
//! them is what the page draws. So a command can really be carried out, and nothing of the demo beside it changes.

mod script;
mod stage;

use super::DemoError;
use super::setup::Setup;
use crate::config::Config;
use crate::service::Service;
use crate::texts::Language;
use futures::{StreamExt, stream};
use script::scenes;
use serde_json::{Value, json};
use stage::Stage;
use stand_ins::StandIns;
use stand_ins::world::{Platform, World};
use std::path::Path;
use std::time::{Duration, Instant};

/// How long Relay and its rooms may take until they are ready.
const READY_WITHIN: Duration = Duration::from_secs(20);
/// How often that is looked at.
const LOOK: Duration = Duration::from_millis(20);

/// Gives every command on every platform, to people whose clients speak this language, and says what was shown to whom. `folder` is
/// for what Relay keeps meanwhile.
pub async fn perform(folder: &Path, language: Language) -> Result<Value, DemoError> {
    let failed = |error: std::io::Error| DemoError::Folder(format!("{}: {error}", folder.display()));
    let own = tempfile::Builder::new().prefix("commands-").tempdir_in(folder).map_err(failed)?;
    let mut world = World::demo();
    let people =
        [&mut world.discord, &mut world.slack, &mut world.telegram].map(|platform| &mut platform.people);
    people.into_iter().flatten().for_each(|person| person.locale = language.code().to_owned());
    let stand_ins = stand_ins::start(world).await?;
    let setup = Setup::write_with(&stand_ins, &own.path().join("relay"), usize::MAX, language)?;
    let config = Config::load(&setup.file).map_err(DemoError::Config)?;
    let service = Service::start(config).await?;
    let seen = played(&stand_ins, &setup, &service).await;
    service.stop().await;
    stand_ins.stop();
    Ok(seen)
}

async fn played(stand_ins: &StandIns, setup: &Setup, service: &Service) -> Value {
    let world = &stand_ins.world;
    let began = Instant::now();
    while !service.core().readiness().is_carrying() && began.elapsed() < READY_WITHIN {
        tokio::time::sleep(LOOK).await;
    }
    let worlds = [&world.discord, &world.slack, &world.telegram];
    let mut stages: Vec<Stage> =
        setup.platforms.iter().zip(worlds).map(|(platform, world)| Stage::new(platform, world)).collect();
    for stage in &mut stages {
        stage.begin();
    }
    // What is asked of a message is asked when it has arrived.
    let said: Vec<(String, &str)> = stages.iter().map(|stage| (stage.member(), stage.said)).collect();
    for (at, stage) in stages.iter_mut().enumerate() {
        let others = said.iter().enumerate().filter(|(one, _)| *one != at).map(|(_, said)| said);
        stage.heard(&others.collect::<Vec<_>>()).await;
    }
    // One scene after the other, each on all platforms at once.
    let platforms = stages.len();
    let mut seen: Vec<Vec<Value>> = Vec::new();
    for scene in scenes() {
        let played = stages
            .iter_mut()
            .map(|stage| async { json!({ "platform": stage.platform(), "lines": stage.play(scene).await }) });
        let at_once = if scene.is_played_in_turn() { 1 } else { usize::MAX };
        seen.push(stream::iter(played).buffered(at_once.min(platforms)).collect().await);
    }
    let scenes = scenes().zip(seen);
    let scenes =
        scenes.map(|(scene, seen)| json!({ "word": scene.word, "about": scene.about, "seen": seen }));
    let platforms = setup.platforms.iter().zip(worlds).map(|(platform, world)| {
        let rooms = platform.rooms.iter().map(|room| json!({ "id": room.id, "name": room.name, "space": room.space }));
        json!({
            "platform": platform.people.platform(),
            "people": world.people.iter().map(|one| json!({ "id": one.id, "name": one.name })).collect::<Vec<_>>(),
            "bots": bots(world),
            "rooms": rooms.collect::<Vec<_>>(),
        })
    });
    json!({ "platforms": platforms.collect::<Vec<_>>(), "scenes": scenes.collect::<Vec<_>>() })
}

fn bots(world: &Platform) -> Vec<Value> {
    world.bots.iter().map(|bot| json!({ "id": bot.id, "name": bot.name })).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_command_is_answered_on_every_platform() {
        let folder = tempfile::tempdir().unwrap();
        for language in Language::ALL {
            is_whole(folder.path(), language);
        }
    }

    fn is_whole(folder: &Path, language: Language) {
        let seen = crate::engine::block_on(perform(folder, language)).unwrap();
        let scenes = seen["scenes"].as_array().unwrap();
        assert_eq!(scenes.len(), script::scenes().count());
        let mut lines = 0;
        for scene in scenes {
            let word = &scene["word"];
            let platforms: Vec<&str> = scene["seen"]
                .as_array()
                .unwrap()
                .iter()
                .map(|seen| seen["platform"].as_str().unwrap())
                .collect();
            assert_eq!(platforms, ["discord", "slack", "telegram"], "{word}");
            for seen in scene["seen"].as_array().unwrap() {
                for line in seen["lines"].as_array().unwrap() {
                    let answers = line["answers"].as_array().unwrap_or_else(|| panic!("{word}: {line}"));
                    assert!(!answers.is_empty(), "{word}: {line}");
                    let is_alone = |answer: &Value| answer["only_for"] == line["person"]["id"];
                    assert_eq!(
                        answers.iter().all(is_alone),
                        seen["platform"] != "telegram",
                        "{word}: {line}"
                    );
                    lines += 1;
                }
            }
        }
        assert!(lines > 3 * scenes.len(), "{lines}");
        let said = seen.to_string();
        let (german, english) = (said.contains("Verbunden mit lobby"), said.contains("Joined to lobby"));
        assert_eq!((german, english), (language == Language::German, language == Language::English));
        // What is kept meanwhile goes.
        assert_eq!(std::fs::read_dir(folder).unwrap().count(), 0);
    }
}

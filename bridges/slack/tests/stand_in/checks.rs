//! Preflight: C1, C2, C3, C4.

use crate::stage::Stage;
use relay_contract::{Feature, OpenError, Problem, Support, Visibility};
use secrecy::SecretString;
use stand_ins::people::Act;
use stand_ins::world::World;

#[tokio::test]
async fn a_good_account_and_its_rooms() {
    let stage = Stage::new().await;
    let rooms = [stage.room.clone(), "C0NOWHERE".into()];
    let found = stage.connector.preflight(&rooms).await.unwrap();
    assert!(found.warnings.is_empty(), "{:?}", found.warnings);
    let (room, report) = &found.rooms[0];
    let report = report.as_ref().unwrap();
    assert_eq!((room, &report.key, report.name.as_str()), (&stage.room, &stage.key(), "#general"));
    assert_eq!((report.visibility, report.members), (Visibility::Space, Some(4)));
    assert_eq!(report.space.name, "Studio");
    let problem = found.rooms[1].1.as_ref().unwrap_err();
    assert!(problem.what.contains("C0NOWHERE") && problem.fix.contains("/invite"), "{problem}");
    let can = stage.connector.capabilities(&stage.key());
    assert_eq!(
        (can.shows(Feature::Persona), can.shows(Feature::Reply), can.shows(Feature::Edit)),
        (Support::Native, Support::Native, Support::Native)
    );
}

#[tokio::test]
async fn a_room_that_the_bot_is_not_in() {
    let stage = Stage::new().await;
    stage.act(Act::Kick { bot: "Relay".into(), room: "general".into() });
    let found = stage.connector.preflight(std::slice::from_ref(&stage.room)).await.unwrap();
    let problem = found.rooms[0].1.as_ref().unwrap_err();
    assert!(problem.what.contains("#general") && problem.fix.contains("/invite @"), "{problem}");
}

#[tokio::test]
async fn many_rooms() {
    let mut world = World::demo();
    world.slack.spaces[0].rooms.extend((0..30).map(|at| stand_ins::world::Room {
        id: String::new(),
        name: format!("room-{at}"),
        private: at % 2 == 0,
        forum: false,
    }));
    let stage = Stage::with(world, |_| {}).await;
    stage.act(Act::Kick { bot: "Relay".into(), room: "room-7".into() });
    // All but the one that the bot was removed from are found in one list.
    stage
        .stand_ins
        .slack
        .fault(stand_ins::faults::Fault {
            kind: stand_ins::faults::Kind::RateLimit,
            times: 100,
            only: Some("conversations.info".into()),
            seconds: 1.0,
        })
        .unwrap();
    let rooms = &stage.stand_ins.world.slack.spaces[0].rooms;
    let ids = |keep: &dyn Fn(&str) -> bool| -> Vec<relay_contract::NativeId> {
        rooms.iter().filter(|room| keep(&room.name)).map(|room| room.id.as_str().into()).collect()
    };
    let found = stage.connector.preflight(&ids(&|name| name != "room-7")).await.unwrap();
    assert_eq!(found.rooms.len(), 31);
    assert!(found.rooms.iter().all(|(_, report)| report.is_ok()), "{:?}", found.rooms);
    let limited = stage.connector.preflight(&ids(&|_| true)).await;
    assert!(matches!(limited, Err(OpenError::Unavailable(_))), "{limited:?}");
}

async fn refused(key: &'static str, token: &str) -> Problem {
    let stage = Stage::with(World::demo(), |settings| {
        settings.secrets.insert(key, SecretString::from(token.to_owned()));
    })
    .await;
    match stage.connector.preflight(&[]).await {
        Err(OpenError::Refused(problem)) => problem,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn wrong_tokens() {
    for (key, token) in [("bot_token", "xoxb-wrong-one"), ("app_token", "xapp-wrong-one")] {
        let problem = refused(key, token).await;
        assert!(problem.what.contains(key) && problem.fix.contains("api.slack.com/apps"), "{problem}");
        assert!(!problem.to_string().contains("wrong-one"));
    }
}

fn with_scopes(scopes: &[&str]) -> World {
    let mut world = World::demo();
    world.slack.bots[0].may = Some(scopes.iter().map(|scope| (*scope).to_owned()).collect());
    world
}

#[tokio::test]
async fn missing_scopes() {
    let stage = Stage::with(with_scopes(&["chat:write"]), |_| {}).await;
    let Err(OpenError::Refused(problem)) = stage.connector.preflight(&[]).await else { panic!() };
    assert!(
        problem.what.contains("`channels:history`") && problem.fix.contains("OAuth & Permissions"),
        "{problem}"
    );

    let enough = ["chat:write", "channels:history", "channels:read", "users:read"];
    let stage = Stage::with(with_scopes(&enough), |_| {}).await;
    let found = stage.connector.preflight(&[]).await.unwrap();
    assert!(found.warnings.iter().any(|warning| warning.what.contains("chat:write.customize")));
    assert_eq!(stage.connector.capabilities(&stage.key()).shows(Feature::Persona), Support::Fallback);
}

#[tokio::test]
async fn nobody_there() {
    let stage = Stage::new().await;
    stage.stand_ins.stop();
    let answer = stage.connector.preflight(&[]).await;
    assert!(matches!(answer, Err(OpenError::Unavailable(_))), "{answer:?}");
}

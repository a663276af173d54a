//! The same steps against the stand-ins: a step that cannot fail would say nothing about a platform either.
#![allow(clippy::unwrap_used)]

use stand_ins::StandIns;
use stand_ins::faults::{Fault, Kind};
use stand_ins::world::World;
use std::collections::HashMap;

/// What the environment would say for these stand-ins.
fn variables(stand_ins: &StandIns) -> HashMap<String, String> {
    let world = &stand_ins.world;
    let pairs = [
        ("DISCORD_TOKEN", world.discord.bots[0].token.clone()),
        ("RELAY_LIVE_DISCORD_ROOM", world.discord.spaces[0].rooms[0].id.clone()),
        ("RELAY_LIVE_DISCORD_API_URL", stand_ins.discord.api_url()),
        ("RELAY_LIVE_DISCORD_GATEWAY_URL", stand_ins.discord.gateway_url().unwrap()),
        ("SLACK_BOT_TOKEN", world.slack.bots[0].token.clone()),
        ("SLACK_APP_TOKEN", world.slack.bots[0].app_token.clone()),
        ("RELAY_LIVE_SLACK_ROOM", world.slack.spaces[0].rooms[0].id.clone()),
        ("RELAY_LIVE_SLACK_API_URL", stand_ins.slack.api_url()),
        ("TELEGRAM_TOKEN", world.telegram.bots[0].token.clone()),
        ("RELAY_LIVE_TELEGRAM_ROOM", world.telegram.spaces[0].rooms[0].id.clone()),
        ("RELAY_LIVE_TELEGRAM_API_URL", stand_ins.telegram.api_url()),
    ];
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

async fn started() -> (StandIns, HashMap<String, String>) {
    let stand_ins = stand_ins::start(World::demo()).await.unwrap();
    let variables = variables(&stand_ins);
    (stand_ins, variables)
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_holds_and_nothing_is_left_behind() {
    let (stand_ins, variables) = started().await;
    let targets = live::targets(|name| variables.get(name).cloned()).unwrap();
    assert_eq!(targets.len(), 3);
    for target in targets {
        let outcome = live::drive(target).await;
        print!("{outcome}");
        assert!(outcome.holds(), "{outcome}");
        assert_eq!(outcome.steps.len(), 12, "{outcome}");
    }
    let world = &stand_ins.world;
    for (people, room) in [
        (stand_ins.discord.clone(), &world.discord.spaces[0].rooms[0].id),
        (stand_ins.slack.clone(), &world.slack.spaces[0].rooms[0].id),
        (stand_ins.telegram.clone(), &world.telegram.spaces[0].rooms[0].id),
    ] {
        let all = people.messages(room).unwrap();
        assert!(all.len() >= 2 && all.iter().all(|message| message.deleted), "{all:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_hold_is_said_and_cleaned_up() {
    let (stand_ins, variables) = started().await;
    let only = |name: &str| variables.get(name).filter(|_| name.contains("TELEGRAM")).cloned();
    let fault =
        Fault { kind: Kind::ServerError, times: 1, only: Some("editMessageText".into()), seconds: 1.0 };
    stand_ins.telegram.fault(fault).unwrap();
    let outcome = live::drive(live::targets(only).unwrap().remove(0)).await;
    let failed: Vec<_> =
        outcome.steps.iter().filter(|(_, held)| held.is_err()).map(|(step, _)| *step).collect();
    assert_eq!(failed, ["edit"], "{outcome}");
    assert!(!outcome.holds() && outcome.to_string().contains("FAILS"), "{outcome}");
    let room = &stand_ins.world.telegram.spaces[0].rooms[0].id;
    assert!(stand_ins.telegram.messages(room).unwrap().iter().all(|message| message.deleted));
}

#[test]
fn what_is_missing_is_named() {
    type Case<'a> = (&'a [(&'a str, &'a str)], Result<usize, &'a str>);
    let cases: [Case<'_>; 5] = [
        (&[], Ok(0)),
        (&[("DISCORD_TOKEN", "x")], Err("RELAY_LIVE_DISCORD_ROOM")),
        (&[("RELAY_LIVE_TELEGRAM_ROOM", "-1")], Err("TELEGRAM_TOKEN")),
        (&[("SLACK_BOT_TOKEN", "x"), ("RELAY_LIVE_SLACK_ROOM", "C1")], Err("SLACK_APP_TOKEN")),
        (&[("TELEGRAM_TOKEN", "1:x"), ("RELAY_LIVE_TELEGRAM_ROOM", "-1")], Ok(1)),
    ];
    for (given, expected) in cases {
        let named =
            |name: &str| given.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        match (live::targets(named).map(|targets| targets.len()), expected) {
            (Ok(got), Ok(expected)) => assert_eq!(got, expected, "{given:?}"),
            (Err(got), Err(expected)) => assert!(got.contains(expected), "{given:?}: {got}"),
            (got, expected) => panic!("{given:?}: {got:?}, not {expected:?}"),
        }
    }
}

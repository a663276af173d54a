//! What one person says faster than anybody can is held at the door, and what somebody said is purged.

use crate::bench::{Bench, PLATFORMS, until};
use serde_json::Value;
use stand_ins::faults::Kind;
use stand_ins::people::Act;

/// Somebody else than the first says something in a platform's linked room; answers its id.
fn another_says(bench: &Bench, platform: &str, text: &str) -> String {
    let person = bench.platform(platform).people[1].name.clone();
    let room = bench.room(platform);
    let act = Act::Say { person, room, text: text.into(), reply_to: None, files: vec![], thread: None };
    bench.people(platform).act(act).unwrap()
}

fn with_budget(bench: &Bench, budget: &str) {
    let text = std::fs::read_to_string(bench.config()).unwrap();
    let text = text.replace("flood = \"off\"", &format!("flood = \"{budget}\""));
    std::fs::write(bench.config(), text).unwrap();
}

/// The flood's numbers in the order in which they are there, each once: a kill may have doubled one.
fn numbers(bench: &Bench, platform: &str) -> Vec<usize> {
    let texts = bench.with(platform, "flood-");
    let of = |text: &str| text.split_once("flood-")?.1.split('.').next()?.parse().ok();
    let mut numbers: Vec<usize> = texts.iter().filter_map(|seen| of(&seen.text)).collect();
    numbers.dedup();
    numbers
}

/// Promise: accepted is kept, in order; and nobody waits behind somebody else's flood. Attacked by `kill -9` while things are held.
#[tokio::test(flavor = "multi_thread")]
async fn one_persons_flood_waits_at_the_door_and_nobody_behind_it() {
    const SAID: usize = 40;
    let mut bench = Bench::new().await;
    with_budget(&bench, "300 per minute, 5 at once");
    bench.start();
    bench.connected(3).await;
    let ids: Vec<String> = (0..SAID).map(|number| bench.say("slack", &format!("flood-{number}."))).collect();
    another_says(&bench, "slack", "and now something else");
    bench.arrives("discord", "something else").await;
    bench.arrives("telegram", "something else").await;
    assert!(numbers(&bench, "discord").len() < SAID, "the flood waits while others do not");
    bench.edit("slack", &ids[SAID - 2], "flood-38. as it was meant");
    bench.delete("slack", &ids[SAID - 1]);
    until("it is folded", || bench.counter("folded") == 2).await;
    let held = bench.status().unwrap()["held"].clone();
    assert_eq!(held[0]["sender"], format!("slack:{}", bench.platform("slack").people[0].id), "{held}");
    assert!(held[0]["held"].as_u64().unwrap() > 0);
    let who = held[0]["sender"].as_str().unwrap();
    let output = bench.command("export").args([who, "--out", "-"]).output().unwrap();
    let kept = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(kept.contains(r#""waits":"at the door""#) && kept.contains("as it was meant"), "{kept}");
    until("the room is told", || !bench.with("slack", "arrive later").is_empty()).await;
    for _ in 0..3 {
        bench.kill();
        let before = numbers(&bench, "telegram").len();
        bench.start();
        bench.connected(3).await;
        let more = |there: usize| there > before || there == SAID - 1;
        until("more of it arrives", || more(numbers(&bench, "telegram").len())).await;
    }
    let all: Vec<usize> = (0..SAID - 1).collect();
    for platform in ["discord", "telegram"] {
        until(&format!("all of it is on {platform}"), || numbers(&bench, platform).len() == SAID - 1).await;
        assert_eq!(numbers(&bench, platform), all, "{platform}");
        assert!(!bench.with(platform, "as it was meant").is_empty(), "{platform}");
        assert!(bench.seen(platform).iter().all(|seen| !seen.text.ends_with("flood-38.")), "{platform}");
    }
    until("nothing is held", || bench.status().is_some_and(|status| status["held"] == Value::Null)).await;
    assert_eq!(bench.with("slack", "arrive later").len(), 1, "it is told once");
    assert!(
        PLATFORMS[..1].iter().all(|platform| bench.with(platform, "arrive later").is_empty()),
        "and there alone"
    );
}

fn purge(bench: &Bench, arguments: &[&str]) -> (Value, String) {
    let output = bench.command("purge").args(arguments).arg("--json").output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (serde_json::from_slice(&output.stdout).unwrap_or(Value::Null), said)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_purge_cancels_what_waits_and_deletes_what_was_delivered() {
    let mut bench = Bench::started().await;
    bench.fault("telegram", Kind::ServerError, 6, "sendMessage");
    let spammer = format!("slack:{}", bench.platform("slack").people[0].id);
    for number in 0..5 {
        bench.say("slack", &format!("spam-{number}."));
    }
    another_says(&bench, "slack", "what is this");
    bench.arrives("discord", "what is this").await;
    until("all of it is on Discord", || bench.with("discord", "spam-").len() == 5).await;
    let (refused, why) = purge(&bench, &[&bench.person("slack"), "--dry-run"]);
    assert!(refused.is_null() && why.contains("--room"), "{why}");
    let (refused, why) = purge(&bench, &[&spammer]);
    assert!(refused.is_null() && why.contains("--yes"), "{why}");
    let room = format!("slack:{}", bench.room("slack"));
    let (would, why) = purge(&bench, &[&bench.person("slack"), "--room", &room, "--dry-run"]);
    assert_eq!(
        (&would["messages"], &would["delivered"], &would["done"]),
        (&5.into(), &5.into(), &false.into()),
        "{why}"
    );
    assert_eq!(bench.with("discord", "spam-").len(), 5, "nothing was done yet");
    let (done, why) = purge(&bench, &[&spammer, "--yes"]);
    assert_eq!(
        (&done["messages"], &done["waiting"], &done["delivered"]),
        (&5.into(), &5.into(), &5.into()),
        "{why}"
    );
    until("Discord's copies are gone", || bench.with("discord", "spam-").is_empty()).await;
    bench.arrives("telegram", "what is this").await;
    assert!(bench.seen("telegram").iter().all(|seen| !seen.text.contains("spam-")), "never there");
    assert_eq!(bench.with("discord", "what is this").len(), 1, "others' messages stay");
    assert_eq!(bench.with("slack", "spam-").len(), 5, "where it was written only a moderator takes it away");
    assert_eq!(bench.counter("purged"), 5);
    // It is no trouble, and said to be what it is; also after a restart.
    for restarted in [false, true] {
        if restarted {
            bench.stop().await;
            bench.start();
            bench.connected(3).await;
        }
        let status = bench.status().unwrap();
        let link = &status["channels"][0]["links"][2];
        assert_eq!(
            (&link["account"], &link["dead"], &link["purged"]),
            (&"telegram".into(), &0.into(), &5.into())
        );
        assert_eq!(status["dead_letters"], serde_json::json!([]));
        let shown = bench.command("queue").args(["show", "telegram", "--json"]).output().unwrap();
        let shown: Value = serde_json::from_slice(&shown.stdout).unwrap();
        let count = |list: &str| shown[0][list].as_array().map_or(0, Vec::len);
        assert_eq!(
            (count("given_up"), count("taken_back"), &shown[0]["purged"]),
            (0, 5, &5.into()),
            "{shown}"
        );
        let doctor = bench.command("doctor").output().unwrap();
        assert!(!String::from_utf8_lossy(&doctor.stdout).contains("deliveries were given up"));
    }
    let (again, _) = purge(&bench, &[&spammer, "--yes"]);
    assert_eq!((&again["messages"], &again["delivered"]), (&0.into(), &0.into()), "all of it is gone");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_held_is_purged_too() {
    let mut bench = Bench::new().await;
    with_budget(&bench, "6 per minute, 2 at once");
    bench.start();
    bench.connected(3).await;
    for number in 0..10 {
        bench.say("slack", &format!("spam-{number}."));
    }
    until("it is held", || bench.counter("held") == 8).await;
    let spammer = format!("slack:{}", bench.platform("slack").people[0].id);
    until("two are there", || bench.with("discord", "spam-").len() >= 2).await;
    let (done, why) = purge(&bench, &[&spammer, "--yes"]);
    assert!(done["held"].as_u64().unwrap() >= 7, "{done} {why}");
    until("nothing is there", || {
        bench.with("discord", "spam-").is_empty() && bench.with("telegram", "spam-").is_empty()
    })
    .await;
    another_says(&bench, "slack", "at last");
    bench.arrives("telegram", "at last").await;
    assert_eq!(bench.status().unwrap()["held"], Value::Null);
}

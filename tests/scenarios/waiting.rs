//! What waits is not done more often than it must: edits and deletes become part of it, and whoever asks is told of it.

use crate::bench::{Bench, until};
use crate::joining::ask;
use serde_json::Value;
use stand_ins::people::Act;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;

/// A `relay` command; whether it was done, and its answer as JSON where it is one, else its words.
fn relay(bench: &Bench, name: &str, arguments: &[&str]) -> (bool, Value) {
    let output = bench.command(name).arg("--json").args(arguments).output().unwrap();
    let done = output.status.success();
    let words = if done { output.stdout } else { output.stderr };
    let words = String::from_utf8_lossy(&words).into_owned();
    (done, serde_json::from_str(&words).unwrap_or(Value::String(words)))
}

fn queue(bench: &Bench, arguments: &[&str]) -> Value {
    let (done, answer) = relay(bench, "queue", arguments);
    assert!(done, "{arguments:?}: {answer}");
    answer
}

fn queued(bench: &Bench, room: &str) -> u64 {
    let rooms = queue(bench, &["list", room]);
    rooms.as_array().and_then(|rooms| rooms.first()).and_then(|room| room["queued"].as_u64()).unwrap_or(0)
}

fn link(bench: &Bench, platform: &str) -> String {
    format!("{platform}:{}", bench.room(platform))
}

/// Promise: a room that lags is given no more to do than it must, and in the end it shows what its channel shows. Attacked by a kill
/// while edits wait, and by edits that follow each other.
#[tokio::test(flavor = "multi_thread")]
async fn edits_of_what_waits_become_part_of_it_also_over_a_kill() {
    let mut bench = Bench::started().await;
    bench.say("slack", "before all of it.");
    bench.arrives("telegram", "before all of it.").await;
    queue(&bench, &["pause", "telegram"]);
    let ids: Vec<String> = (0..4).map(|number| bench.say("slack", &format!("waits-{number}."))).collect();
    bench.arrives("discord", "waits-3.").await;
    for (id, text) in
        [(1, "waits-1. once"), (1, "waits-1. twice"), (2, "waits-2. taken back"), (1, "waits-1. thrice")]
    {
        bench.edit("slack", &ids[id], text);
        bench.arrives("discord", text).await;
    }
    bench.delete("slack", &ids[2]);
    until("it is gone on Discord", || bench.with("discord", "waits-2.").is_empty()).await;
    until("all of it waits", || queued(&bench, "telegram") == 9).await;
    bench.kill();
    bench.start();
    bench.connected(3).await;
    let mut changes = bench.people("telegram").watch();
    queue(&bench, &["resume", "telegram"]);
    bench.arrives("telegram", "waits-3.").await;
    until("nothing waits", || queued(&bench, "telegram") == 0).await;
    let mut shown = Vec::new();
    while let Ok(change) = changes.try_recv() {
        shown.push(serde_json::to_string(&change).unwrap());
    }
    let times = |word: &str| shown.iter().filter(|change| change.contains(word)).count();
    assert_eq!((times("waits-0."), times("waits-1. thrice")), (1, 1), "{shown:#?}");
    assert_eq!(times("waits-1."), 1, "it is posted once, as its last edit has it: {shown:#?}");
    assert_eq!(times("waits-2."), 0, "nobody has seen it: {shown:#?}");
    // Of the first that waited, Telegram lets nobody find out whether it was delivered before the kill.
    assert_eq!((bench.counter("dead"), bench.counter("unsure")), (0, 1));
    let (_, trace) = relay(&bench, "trace", &[&ids[1]]);
    let rooms = trace[0]["rooms"].as_array().unwrap().clone();
    let of = |platform: &str| rooms.iter().find(|room| room["platform"] == platform).unwrap().clone();
    assert_eq!(
        (&of("telegram")["edited"], &of("telegram")["change"]),
        (&true.into(), &Value::Null),
        "{trace}"
    );
    assert_eq!(of("discord")["edited"], Value::Null, "{trace}");
    // What is edited later is edited there.
    bench.edit("slack", &ids[1], "waits-1. at last");
    bench.arrives("telegram", "waits-1. at last").await;
    assert_eq!(bench.with("telegram", "waits-1.").len(), 1);
}

/// Promise: what somebody took back before it arrived is not published. Attacked while it stands first in its room and waits for a rate
/// limit alone.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_deleted_while_it_waits_for_its_turn_never_arrives() {
    const FILLERS: usize = 8;
    let mut bench = Bench::new().await;
    let config = std::fs::read_to_string(bench.config()).unwrap();
    let (before, telegram) = config.split_once("[accounts.telegram]").unwrap();
    // Beyond a few at once, one a second.
    let telegram = telegram.replacen("ceilings = false", "pace = 4", 1);
    std::fs::write(bench.config(), format!("{before}[accounts.telegram]{telegram}")).unwrap();
    bench.start();
    bench.connected(3).await;
    let mut changes = bench.people("telegram").watch();
    (0..FILLERS).for_each(|number| drop(bench.say("discord", &format!("filler-{number}."))));
    let id = bench.say("discord", "never mind.");
    bench.say("discord", "after all of it.");
    bench.arrives("telegram", &format!("filler-{}.", FILLERS - 1)).await;
    bench.delete("discord", &id);
    bench.arrives("telegram", "after all of it.").await;
    let shown: Vec<String> = std::iter::from_fn(|| changes.try_recv().ok())
        .map(|it| serde_json::to_string(&it).unwrap())
        .collect();
    assert!(shown.iter().any(|change| change.contains("after all")), "it is watched");
    assert!(!shown.iter().any(|change| change.contains("never mind")), "{shown:#?}");
}

/// Promise: what somebody took back before it arrived is not published. Attacked by a kill, after which nobody knows whether it was.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_deleted_after_a_restart_and_before_it_arrived_never_arrives() {
    for platform in ["slack", "discord"] {
        let mut bench = Bench::started().await;
        let from = if platform == "slack" { "discord" } else { "slack" };
        bench.say(from, "before all of it.");
        bench.arrives(platform, "before all of it.").await;
        queue(&bench, &["pause", platform]);
        let id = bench.say(from, "never mind.");
        bench.arrives("telegram", "never mind.").await;
        until("it waits", || queued(&bench, platform) == 1).await;
        bench.kill();
        bench.start();
        bench.connected(3).await;
        bench.delete(from, &id);
        until("it is gone elsewhere", || bench.with("telegram", "never mind.").is_empty()).await;
        let mut changes = bench.people(platform).watch();
        queue(&bench, &["resume", platform]);
        bench.say(from, "after all of it.");
        bench.arrives(platform, "after all of it.").await;
        let mut shown = Vec::new();
        while let Ok(change) = changes.try_recv() {
            shown.push(serde_json::to_string(&change).unwrap());
        }
        assert!(shown.iter().any(|change| change.contains("after all")), "it is watched");
        assert!(!shown.iter().any(|change| change.contains("never mind")), "{platform}: {shown:#?}");
        until("its delete is closed", || queued(&bench, platform) == 0).await;
        assert_eq!((bench.counter("folded"), bench.counter("dead")), (1, 0), "{platform}");
    }
}

/// Attacks "nothing stuck": a channel of which only some rooms are paused goes on as a whole.
#[tokio::test(flavor = "multi_thread")]
async fn a_channel_goes_on_past_what_is_not_paused_and_says_what_stays_held() {
    let bench = Bench::started().await;
    let (done, words) = relay(&bench, "queue", &["resume", "lobby"]);
    assert!(done && words["count"] == 0 && words["words"] == "That is not paused.", "{words}");
    // The last of its rooms, and the account of the first.
    let order = queue(&bench, &["pause", "lobby"])["to"].clone();
    queue(&bench, &["resume", "lobby"]);
    let (first, last) = (order[0].as_str().unwrap().to_owned(), order[2].as_str().unwrap().to_owned());
    let account = first.split(':').next().unwrap().to_owned();
    queue(&bench, &["pause", &account]);
    queue(&bench, &["pause", &last]);
    let done = queue(&bench, &["resume", "lobby"]);
    assert_eq!((&done["count"], &done["to"][0]), (&1.into(), &last.clone().into()), "{done}");
    let words = done["words"].as_str().unwrap();
    assert!(
        words.contains(&format!("{first} is held with the whole account: relay queue resume {account}")),
        "{words}"
    );
    let (done, words) = relay(&bench, "queue", &["resume", "lobby"]);
    assert!(!done && words.as_str().unwrap().contains(&format!("relay queue resume {account}")), "{words}");
    let platform = last.split(':').next().unwrap();
    let from = ["discord", "slack", "telegram"].into_iter().find(|from| *from != platform).unwrap();
    bench.say(from, "it goes on");
    bench.arrives(platform, "it goes on").await;
}

/// Attacks "every hop can be traced" and "what is taken back is not published": what is held at the door is known.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_held_at_the_door_is_traced_listed_answered_deleted_and_purged_by_its_time() {
    let mut bench = Bench::new().await;
    let text = std::fs::read_to_string(bench.config()).unwrap();
    std::fs::write(bench.config(), text.replace("flood = \"off\"", "flood = \"20 per minute, 2 at once\""))
        .unwrap();
    bench.start();
    bench.connected(3).await;
    let ids: Vec<String> = (0..6).map(|number| bench.say("slack", &format!("flood-{number}."))).collect();
    until("it is held", || bench.counter("held") == 4).await;
    let (_, trace) = relay(&bench, "trace", &[&ids[5]]);
    assert!(trace[0]["held"].is_i64() && trace[0]["rooms"].as_array().unwrap().is_empty(), "{trace}");
    let (_, by_id) = relay(&bench, "trace", &[trace[0]["envelope"].as_str().unwrap()]);
    assert_eq!(by_id[0]["origin"]["messages"][0], ids[5], "{by_id}");
    let words = bench.command("trace").arg(&ids[5]).output().unwrap();
    let words = String::from_utf8_lossy(&words.stdout).into_owned();
    assert!(words.contains("held at the door since"), "{words}");
    let sender = format!("slack:{}", bench.platform("slack").people[0].id);
    let shown = queue(&bench, &["show", &link(&bench, "slack")]);
    let held = &shown[0]["held"][0];
    assert!(
        held["sender"] == sender && held["since"].is_i64() && held["count"].as_u64() >= Some(3),
        "{shown}"
    );
    assert!(held["waiting"].as_array().unwrap().iter().any(|row| row["text"] == "flood-5."), "{shown}");
    let words = bench.command("queue").output().unwrap();
    let words = String::from_utf8_lossy(&words.stdout).into_owned();
    assert!(words.contains("held at the door") && words.contains(&sender), "{words}");
    // Somebody else answers in a thread that hangs from what is held.
    let (person, room) = (bench.platform("slack").people[1].name.clone(), bench.room("slack"));
    let act = Act::Say {
        person,
        room,
        text: "an answer in its thread".into(),
        reply_to: None,
        files: vec![],
        thread: Some(ids[5].clone()),
    };
    bench.people("slack").act(act).unwrap();
    let root = bench.arrives("discord", "flood-5.").await;
    until("the answer is in a thread below it", || {
        let there = bench.people("discord").messages(&root.id).unwrap_or_default();
        there.iter().any(|seen| seen.text.contains("an answer in its thread"))
    })
    .await;
    // A purge of a time in which nothing of it was said.
    for number in 6..10 {
        bench.say("slack", &format!("flood-{number}."));
    }
    until("it is held", || bench.counter("held") >= 9).await;
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    let (done, words) = relay(&bench, "purge", &[&sender, "--since", "1 second", "--yes"]);
    let words_of = words.to_string();
    assert!(!done || words["held"] == 0, "{words_of}");
    let (_, purged) = relay(&bench, "purge", &[&sender, "--since", "1 hour", "--yes"]);
    assert!(purged["held"].as_u64() >= Some(1), "{purged}");
    let (done, words) = relay(&bench, "purge", &["slack:U0NOBODY", "--yes"]);
    let words = words.as_str().unwrap();
    assert!(
        !done && words.contains("Nobody with the id `slack:U0NOBODY` has said anything within 1 day"),
        "{words}"
    );
}

/// Attacks "live": whoever asks and says nothing keeps nobody from asking for long.
#[tokio::test(flavor = "multi_thread")]
async fn the_control_socket_has_so_many_places_and_who_says_nothing_loses_theirs() {
    let bench = Bench::started().await;
    let path = bench.state().join("control.sock");
    let mut silent: Vec<UnixStream> = (0..40).map(|_| UnixStream::connect(&path).unwrap()).collect();
    let output = bench.command("status").output().unwrap();
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        !output.status.success() && words.contains("too many commands ask this relay at once"),
        "{words}"
    );
    // Whoever drips bytes has no more time than whoever is silent.
    let _ = silent[0].write_all(b"{\"do\":");
    until("they are hung up on", || bench.status().is_some()).await;
    let mut rest = Vec::new();
    let _ = silent[0].read_to_end(&mut rest);
    assert!(rest.is_empty(), "it was told nothing");
}

/// `/relay status` tells of what was said here and is not there, and names no other room.
#[tokio::test(flavor = "multi_thread")]
async fn a_room_is_told_what_of_its_messages_waits_elsewhere() {
    let bench = Bench::started().await;
    queue(&bench, &["pause", "telegram"]);
    for number in 0..3 {
        bench.say("slack", &format!("waits-{number}."));
    }
    bench.say("discord", "not from here.");
    until("all of it waits", || queued(&bench, "telegram") == 4).await;
    let shown = queue(&bench, &["show", "telegram"]);
    let waiting = shown[0]["waiting"].as_array().unwrap();
    let dropped = waiting.iter().find(|row| row["text"] == "waits-0.").unwrap()["id"].as_str().unwrap();
    queue(&bench, &["drop", &link(&bench, "telegram"), dropped]);
    let told = ask(&bench, "slack", 0, &bench.room("slack"), "/relay status").await;
    assert!(told.contains("for a Telegram room, 2 wait: whoever runs Relay holds it for now"), "{told}");
    assert!(told.contains("1 given up: whoever runs Relay has taken it out"), "{told}");
    let name = &bench.platform("telegram").spaces[0].rooms[0].name;
    assert!(!told.contains(name.as_str()) && !told.contains("for a Discord room"), "{told}");
    queue(&bench, &["resume", "telegram"]);
    bench.arrives("telegram", "waits-2.").await;
    until("it is told no more", || queued(&bench, "telegram") == 0).await;
    let told = ask(&bench, "slack", 0, &bench.room("slack"), "/relay status").await;
    assert!(!told.contains("wait:"), "{told}");
}

//! What those who manage a room change in it from the chat: pauses, mutes, how people of elsewhere are named.

use crate::bench::{Bench, PLATFORMS, until};
use crate::joining::{ask, is_in, say_in};
use std::time::Duration;

/// What Relay has carried into a platform's linked room, oldest first, of what contains this word.
fn carried(bench: &Bench, platform: &str, word: &str) -> Vec<String> {
    let copies = bench.with(platform, word).into_iter().filter(|seen| seen.by_bot);
    copies.map(|seen| seen.text).collect()
}

/// Long enough for what would be carried.
async fn a_while() {
    tokio::time::sleep(Duration::from_millis(700)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_room_is_paused_over_a_restart_and_everything_comes_in_its_order() {
    let mut bench = Bench::started().await;
    for platform in PLATFORMS {
        let room = bench.room(platform);
        let others: Vec<&str> = PLATFORMS.into_iter().filter(|other| *other != platform).collect();
        for words in ["/relay pause", "/relay resume"] {
            let refused = ask(&bench, platform, 1, &room, words).await;
            assert!(refused.contains("may manage this room"), "{platform}: {refused}");
        }
        let not_paused = ask(&bench, platform, 0, &room, "/relay resume").await;
        assert!(not_paused.contains("is not paused"), "{platform}: {not_paused}");
        let paused = ask(&bench, platform, 0, &room, "/relay pause").await;
        assert!(paused.contains("Paused") && paused.contains("/relay resume"), "{platform}: {paused}");
        // Where the answer is for the asker alone, the room is told by whom, once.
        if platform != "telegram" {
            let told = format!("{} has paused", bench.person(platform));
            bench.arrives(platform, &told).await;
        }
        let words: Vec<String> = (0..4).map(|n| format!("{platform} waits {n}")).collect();
        for (n, word) in words.iter().enumerate() {
            bench.say(others[n % 2], word);
            bench.arrives(others[(n + 1) % 2], word).await;
        }
        // What is said here goes on.
        bench.say(platform, &format!("from the paused {platform}"));
        bench.arrives(others[0], &format!("from the paused {platform}")).await;
        let status = ask(&bench, platform, 1, &room, "/relay status").await;
        assert!(status.contains("Paused by those who manage this room"), "{platform}: {status}");
        assert!(status.contains("4 deliveries wait"), "{platform}: {status}");
        bench.stop().await;
        bench.start();
        bench.connected(3).await;
        a_while().await;
        assert_eq!(carried(&bench, platform, "waits"), [""; 0], "{platform}");
        let resumed = ask(&bench, platform, 0, &room, "/relay resume").await;
        assert!(resumed.contains("goes on"), "{platform}: {resumed}");
        bench.arrives(platform, &words[3]).await;
        let came = carried(&bench, platform, &format!("{platform} waits"));
        let in_order = words.iter().zip(&came).all(|(word, copy)| copy.contains(word.as_str()));
        assert!(came.len() == 4 && in_order, "{platform}: {came:?}");
        let told = format!("{} has paused", bench.person(platform));
        assert!(bench.with(platform, &told).len() <= 1, "{platform}");
    }
    assert_eq!(bench.counter("dead"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_runs_relay_and_those_who_manage_a_room_hold_it_beside_each_other() {
    let bench = Bench::started().await;
    let (room, written) = (bench.room("slack"), format!("slack:{}", bench.room("slack")));
    let queue = |what: &str| bench.command("queue").args([what, &written]).output().unwrap();
    assert!(queue("pause").status.success());
    let not_theirs = ask(&bench, "slack", 0, &room, "/relay resume").await;
    assert!(not_theirs.contains("Whoever runs Relay holds this room"), "{not_theirs}");
    let too = ask(&bench, "slack", 0, &room, "/relay pause for 2 hours").await;
    assert!(too.contains("Paused until") && too.contains("holds this room as well"), "{too}");
    let wrong = ask(&bench, "slack", 0, &room, "/relay pause for ever").await;
    assert!(wrong.contains("Write it like 2 hours"), "{wrong}");
    let resumed = ask(&bench, "slack", 0, &room, "/relay resume").await;
    assert!(resumed.contains("Whoever runs Relay holds this room as well"), "{resumed}");
    bench.say("discord", "kept by both");
    bench.arrives("telegram", "kept by both").await;
    ask(&bench, "slack", 0, &room, "/relay pause").await;
    // Whoever runs Relay lets it go on whoever held it.
    assert!(queue("resume").status.success());
    bench.arrives("slack", "kept by both").await;
}

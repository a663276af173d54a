//! A start beside servers that do not answer.

use crate::bench::{Bench, until};
use stand_ins::faults::{Fault, Kind};
use stand_ins::people::Act;
use std::net::TcpListener;
use std::time::{Duration, Instant};

/// Well below what a first check may take.
const AT_ONCE: Duration = Duration::from_secs(12);

/// The second room of a platform.
fn side(bench: &Bench, platform: &str) -> String {
    bench.platform(platform).spaces[0].rooms[1].id.clone()
}

/// What is in the second Discord room with a word, in its order.
fn beside(bench: &Bench, word: &str) -> Vec<String> {
    let all = bench.people("discord").messages(&side(bench, "discord")).unwrap();
    all.into_iter().filter(|seen| seen.text.contains(word)).map(|seen| seen.text).collect()
}

fn said_beside(bench: &Bench, text: &str) {
    let (person, room) = (bench.person("slack"), side(bench, "slack"));
    let act = Act::Say { person, room, text: text.into(), reply_to: None, files: vec![], thread: None };
    bench.people("slack").act(act).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_never_answers_holds_nothing_but_the_channels_of_its_unknown_rooms() {
    let mut bench = Bench::new().await;
    // It takes every connection, and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    bench.write_config(&format!(
        "[accounts.i]\nplatform = \"irc\"\nserver = \"irc://{}\"\nnick = \"relay\"\n\
         [channels.side]\nlinks = [\"discord:{}\", \"slack:{}\", \"i:#there\"]\n",
        silent.local_addr().unwrap(),
        side(&bench, "discord"),
        side(&bench, "slack"),
    ));
    let began = Instant::now();
    bench.start();
    bench.connected(3).await;
    (0..3).for_each(|number| said_beside(&bench, &format!("beside-{number}.")));
    (0..3).for_each(|number| drop(bench.say("slack", &format!("first-{number}."))));
    for platform in ["discord", "telegram"] {
        until("the channel without it goes on", || bench.with(platform, "first-").len() == 3).await;
    }
    assert!(began.elapsed() < AT_ONCE, "it waited {:?}", began.elapsed());
    assert!(beside(&bench, "beside-").is_empty(), "nobody knows yet whether it goes to IRC, too");
    // Its own goes on, in order, when it has not answered in time.
    until("the channel with it goes on", || beside(&bench, "beside-").len() == 3).await;
    let there = beside(&bench, "beside-");
    assert!((0..3).all(|number| there[number].contains(&format!("beside-{number}."))), "{there:?}");
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rooms_that_are_known_from_the_last_run_wait_for_no_first_answer() {
    let mut bench = Bench::started().await;
    bench.say("slack", "they know each other");
    bench.arrives("telegram", "they know each other").await;
    bench.stop().await;
    // Telegram answers the next start late, again and again.
    let late = Fault { kind: Kind::Slow, times: 100, only: Some("getMe".into()), seconds: 19.0 };
    bench.people("telegram").fault(late).unwrap();
    let began = Instant::now();
    bench.start();
    bench.connected(2).await;
    (0..5).for_each(|number| drop(bench.say("slack", &format!("again-{number}."))));
    until("Discord has it", || bench.with("discord", "again-").len() == 5).await;
    assert!(began.elapsed() < AT_ONCE, "it waited {:?}", began.elapsed());
    assert!(bench.with("telegram", "again-").is_empty());
    until("Telegram has it", || bench.with("telegram", "again-").len() == 5).await;
    for platform in ["discord", "telegram"] {
        let there = bench.with(platform, "again-");
        assert!((0..5).all(|number| there[number].text.contains(&format!("again-{number}."))), "{there:?}");
    }
}

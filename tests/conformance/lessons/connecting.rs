//! Connections.

use super::settled;
use crate::bench::{Bench, until};
use stand_ins::faults::{Fault, Kind};
use stand_ins::people::Act;
use std::time::Duration;

/// A session that cannot be resumed: what was said meanwhile is read from the history, by id, and comes before what is said next.
#[tokio::test(flavor = "multi_thread")]
async fn lesson_15_a_refused_resume_is_made_up_for_by_history() {
    let bench = Bench::started().await;
    settled(&bench, "discord", "before the resume.").await;
    let silent = Fault { kind: Kind::Silent, times: 1, only: None, seconds: 60.0 };
    bench.people("discord").fault(silent).unwrap();
    bench.say("discord", "1 in between.");
    bench.say("discord", "2 in between.");
    bench.fault("discord", Kind::RefuseResume, 1, "");
    bench.fault("discord", Kind::Disconnect, 1, "");
    bench.say("discord", "3 in between.");
    let shown = || bench.with("slack", "in between.").into_iter().map(|seen| seen.text);
    until("all of it arrives", || shown().count() >= 3).await;
    settled(&bench, "discord", "after the resume.").await;
    let order: Vec<String> = shown().collect();
    for (text, begins) in order.iter().zip(["1", "2", "3"]) {
        assert!(text.contains(&format!("{begins} in between.")), "{order:?}");
    }
    assert_eq!((order.len(), bench.counter("missed")), (3, 0), "{order:?}");
}

/// An outage of a guild is no goodbye, and a group that becomes a supergroup is the same room.
#[tokio::test(flavor = "multi_thread")]
async fn lesson_16_an_unavailable_guild_is_not_left_and_a_supergroup_is_the_same_room() {
    let mut bench = Bench::with_a_basic_group().await;
    bench.start();
    bench.connected(3).await;
    settled(&bench, "telegram", "before the outage.").await;
    let outage = Fault { kind: Kind::Unavailable, times: 1, only: None, seconds: 1.0 };
    bench.people("discord").fault(outage).unwrap();
    bench.say("slack", "during the outage");
    bench.arrives("telegram", "during the outage").await;
    bench.arrives("discord", "during the outage").await;
    let new = bench.people("telegram").act(Act::Close { room: bench.room("telegram") }).unwrap();
    assert_ne!(new, bench.room("telegram"));
    bench.say("slack", "after the move");
    let is_in = || {
        bench
            .people("telegram")
            .messages(&new)
            .unwrap()
            .iter()
            .any(|seen| seen.text.contains("after the move"))
    };
    until("it is in the supergroup", is_in).await;
    let (person, text) = (bench.person("telegram"), "hello from there".to_owned());
    let say = Act::Say { person, room: new.clone(), text, reply_to: None, files: vec![], thread: None };
    bench.people("telegram").act(say).unwrap();
    bench.arrives("discord", "hello from there").await;
    assert_eq!((bench.counter("dead"), bench.counter("panicked")), (0, 0));
}

/// At the start and later.
#[tokio::test(flavor = "multi_thread")]
async fn lesson_17_one_bad_account_stops_no_other() {
    for bad in ["discord", "telegram"] {
        let mut bench = Bench::new().await;
        let (one, two) = if bad == "discord" { ("slack", "telegram") } else { ("slack", "discord") };
        let token = std::fs::read_to_string(bench.dir.path().join(bad)).unwrap();
        // As long as a real one, so that only the platform can tell.
        std::fs::write(bench.dir.path().join(bad), token.replace("demo", "dem0")).unwrap();
        bench.start();
        bench.connected(2).await;
        bench.say(one, "without the third");
        bench.arrives(two, "without the third").await;
        let status = bench.status().unwrap();
        let account =
            status["accounts"].as_array().unwrap().iter().find(|account| account["name"] == bad).unwrap();
        assert_eq!(account["state"], "parked", "{account}");
        assert!(bench.runs());
    }
    let bench = Bench::started().await;
    bench.fault("slack", Kind::Unauthorized, 3, "chat.postMessage");
    bench.say("discord", "while one is refused");
    bench.arrives("telegram", "while one is refused").await;
    bench.arrives("slack", "while one is refused").await;
}

/// Heartbeats that are answered are no proof: what Relay posts is heard by Relay, or the connection is deaf and made anew.
#[tokio::test(flavor = "multi_thread")]
async fn lesson_14_a_connection_that_hears_nothing_is_made_anew() {
    const DEAF_AFTER: u64 = 3;
    let mut bench = Bench::new().await;
    let config = std::fs::read_to_string(bench.config()).unwrap();
    let ceilings = "ceilings = false\n";
    let config = config.replace(ceilings, &format!("{ceilings}deaf_after = {DEAF_AFTER}\n"));
    std::fs::write(bench.config(), config).unwrap();
    bench.start();
    bench.connected(3).await;
    // What hears is not called deaf, however quiet it is after a post.
    settled(&bench, "telegram", "all is well.").await;
    tokio::time::sleep(Duration::from_secs(DEAF_AFTER + 1)).await;
    assert_eq!(bench.counter("deaf"), 0, "{}", bench.log());
    for (so_far, deaf) in ["discord", "slack"].into_iter().enumerate() {
        let state = || {
            let status = bench.status().unwrap();
            let accounts = status["accounts"].as_array().unwrap();
            accounts.iter().find(|account| account["name"] == deaf).unwrap().clone()
        };
        // Longer than anything here is waited for: only another connection can bring what is said.
        let silent = Fault { kind: Kind::Silent, times: 1, only: None, seconds: 600.0 };
        bench.people(deaf).fault(silent).unwrap();
        bench.say("telegram", &format!("into the silence of {deaf}"));
        bench.arrives(deaf, &format!("into the silence of {deaf}")).await;
        bench.say(deaf, &format!("out of the silence of {deaf}"));
        assert_eq!(state()["state"], "up", "it is called healthy");
        until("it is shown", || state()["reason"].as_str().is_some_and(|why| why.contains("hears nothing")))
            .await;
        bench.connected(3).await;
        bench.say(deaf, &format!("after the silence of {deaf}"));
        bench.arrives("telegram", &format!("after the silence of {deaf}")).await;
        // Both platforms give what was not heard to the next connection.
        bench.arrives("telegram", &format!("out of the silence of {deaf}")).await;
        assert_eq!(bench.counter("deaf"), so_far as u64 + 1, "{}", bench.log());
    }
    assert_eq!((bench.counter("missed"), bench.counter("dead")), (0, 0));
}

//! Promise 2: missed is fetched. What people say while Relay is away, or its connection is, arrives afterwards: all of it, in order, once.

use crate::bench::{Bench, PLATFORMS, until};
use crate::joining::{ask, say_in, second};
use crate::privacy::{choose, say};
use stand_ins::faults::Kind;
use stand_ins::people::{Act, Seen};
use std::time::Duration;

/// More than one page of any platform's history.
const MANY: usize = 230;

/// What a room shows of the words that begin so, in its order.
fn shown(bench: &Bench, platform: &str, word: &str) -> Vec<String> {
    let mine = |seen: &Seen| {
        let at = seen.text.find(word)?;
        Some(seen.text[at..].split_whitespace().next().unwrap_or_default().to_owned())
    };
    bench.seen(platform).iter().filter_map(mine).collect()
}

async fn all_arrive(bench: &Bench, origin: &str, word: &str, count: usize) {
    let expected: Vec<String> = (0..count).map(|n| format!("{word}-{n}")).collect();
    for there in PLATFORMS.into_iter().filter(|there| *there != origin) {
        let what = format!("{count} of {word} on {there}");
        until(&what, || shown(bench, there, word).len() >= count).await;
    }
    // What would come twice comes now.
    tokio::time::sleep(Duration::from_millis(500)).await;
    for there in PLATFORMS.into_iter().filter(|there| *there != origin) {
        assert_eq!(shown(bench, there, word), expected, "{there}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_said_while_relay_is_stopped_or_killed_arrives_in_order_and_once() {
    let mut bench = Bench::started().await;
    for origin in PLATFORMS {
        bench.say(origin, &format!("before-{origin}"));
        for there in PLATFORMS.into_iter().filter(|there| *there != origin) {
            bench.arrives(there, &format!("before-{origin}")).await;
        }
    }
    for round in ["stopped", "killed"] {
        if round == "stopped" {
            bench.stop().await
        } else {
            bench.kill()
        }
        for origin in PLATFORMS {
            for n in 0..MANY {
                bench.say(origin, &format!("{round}{origin}-{n}"));
            }
        }
        bench.start();
        bench.connected(3).await;
        for origin in PLATFORMS {
            all_arrive(&bench, origin, &format!("{round}{origin}"), MANY).await;
        }
        assert_eq!((bench.counter("missed"), bench.counter("dead")), (0, 0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_said_while_a_connection_cannot_be_resumed_arrives_before_what_is_said_after_it() {
    for (origin, refuse) in [("discord", Some(Kind::RefuseResume)), ("slack", None)] {
        let bench = Bench::started().await;
        bench.say(origin, "before");
        bench.arrives("telegram", "before").await;
        for round in 0..3 {
            let word = format!("round{round}");
            if let Some(refuse) = refuse {
                bench.fault(origin, refuse, 1, "");
            }
            // Nothing is told on the connection that is about to end.
            bench
                .people(origin)
                .fault(stand_ins::faults::Fault { kind: Kind::Silent, times: 1, only: None, seconds: 30.0 })
                .unwrap();
            for n in 0..20 {
                bench.say(origin, &format!("{word}-{n}"));
            }
            bench.fault(origin, Kind::Disconnect, 1, "");
            for n in 20..40 {
                bench.say(origin, &format!("{word}-{n}"));
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            all_arrive(&bench, origin, &word, 40).await;
        }
        assert_eq!(bench.counter("missed"), 0, "{origin}");
        // Slack keeps for the next connection what the last one did not take.
        if origin == "discord" {
            assert!(bench.counter("caught_up") >= 60, "{}", bench.counter("caught_up"));
        }
    }
}

fn say_in_thread(bench: &Bench, platform: &str, thread: &str, text: &str) {
    let (person, room, thread) = (bench.person(platform), bench.room(platform), Some(thread.to_owned()));
    let act = Act::Say { person, room, text: text.into(), reply_to: None, files: vec![], thread };
    bench.people(platform).act(act).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_in_threads_and_edits_of_an_absence_are_caught_up() {
    for origin in ["discord", "slack"] {
        let mut bench = Bench::started().await;
        let (person, room) = (bench.person(origin), bench.room(origin));
        let root = bench.say(origin, "the-root");
        let old = bench.say(origin, "old-words");
        bench.arrives("telegram", "old-words").await;
        let thread = match origin {
            "discord" => {
                let open = Act::Open {
                    person: person.clone(),
                    room: room.clone(),
                    message: Some(root.clone()),
                    name: "owls".into(),
                    text: None,
                };
                bench.people(origin).act(open).unwrap()
            }
            _ => root.clone(),
        };
        say_in_thread(&bench, origin, &thread, "thread-0");
        bench.arrives("telegram", "thread-0").await;
        bench.stop().await;
        say_in_thread(&bench, origin, &thread, "thread-1");
        bench.edit(origin, &old, "new-words");
        say_in_thread(&bench, origin, &thread, "thread-2");
        bench.start();
        bench.connected(3).await;
        bench.arrives("telegram", "thread-2").await;
        bench.arrives("telegram", "new-words").await;
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert_eq!(shown(&bench, "telegram", "thread-"), ["thread-0", "thread-1", "thread-2"], "{origin}");
        assert!(bench.with("telegram", "old-words").is_empty(), "{origin}: an edit is no new post");
        assert_eq!(bench.with("telegram", "new-words").len(), 1, "{origin}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_history_is_read_again_by_hand_and_what_is_known_stays_as_it_is() {
    let bench = Bench::started().await;
    for n in 0..5 {
        bench.say("discord", &format!("known-{n}"));
    }
    all_arrive(&bench, "discord", "known", 5).await;
    let resync = |arguments: &[&str]| {
        let output = bench.command("resync").args(arguments).output().unwrap();
        let words = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        (output.status.success(), words)
    };
    let room = format!("discord:{}", bench.room("discord"));
    let (done, words) = resync(&[&room, "--since", "1h", "--batch", "2", "--json"]);
    assert!(done, "{words}");
    let read: serde_json::Value = serde_json::from_str(&words).unwrap();
    assert!(read["resynced"]["read"].as_u64().unwrap() >= 5, "{read}");
    assert_eq!(read["resynced"]["new"], 0);
    all_arrive(&bench, "discord", "known", 5).await;
    let telegram = format!("telegram:{}", bench.room("telegram"));
    for (arguments, said) in [
        (vec!["#nowhere"], "there is no room, channel or account"),
        (vec![telegram.as_str()], "Telegram does not tell what was said before"),
        (vec![room.as_str(), "--since", "yesterday"], "neither how long ago"),
    ] {
        let (done, words) = resync(&arguments);
        assert!(!done && words.contains(said), "{arguments:?}: {words}");
    }
}

/// Promise: of who says *none*, nothing more is written down, also where they allow more by the time that it is read.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_said_under_a_no_is_not_written_down_when_it_is_read_later() {
    let bench = Bench::started().await;
    choose(&bench, "slack", 1, "none").await;
    say(&bench, "slack", 1, "xyzzy under a no", None);
    say(&bench, "slack", 0, "of somebody else", None);
    bench.arrives("discord", "of somebody else").await;
    // Platforms tell whole seconds.
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    choose(&bench, "slack", 1, "full").await;
    let room = format!("slack:{}", bench.room("slack"));
    let output = bench.command("resync").args([&room, "--since", "1h", "--json"]).output().unwrap();
    let read: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(read["resynced"]["new"], 0, "{read}");
    say(&bench, "slack", 1, "plugh, which is allowed", None);
    bench.arrives("discord", "plugh").await;
    let who = format!("slack:{}", bench.platform("slack").people[1].id);
    let output = bench.command("export").args([&who, "--out", "-"]).output().unwrap();
    let kept = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(kept.contains("plugh") && !kept.contains("xyzzy"), "{kept}");
}

/// Promise: what somebody chose last holds, also where Relay hears of all of it at once.
#[tokio::test(flavor = "multi_thread")]
async fn choices_count_in_the_order_in_which_they_were_made() {
    let mut bench = Bench::started().await;
    choose(&bench, "telegram", 1, "none").await;
    let person = bench.platform("telegram").people[1].id.clone();
    let room = bench.room("telegram");
    for round in 0..3 {
        bench.kill();
        for word in ["full", "none", "full", "anonymous", "none"] {
            let text = format!("/relay privacy {word}");
            let act = Act::Command { person: person.clone(), room: room.clone(), text };
            bench.people("telegram").act(act).unwrap();
        }
        bench.start();
        bench.connected(3).await;
        let answered = || {
            let all = bench.people("telegram").messages(&room).unwrap().into_iter();
            all.filter(|seen| seen.by_bot && seen.reply_to.is_some()).count()
        };
        until("all are answered", || answered() == 1 + 5 * (round + 1)).await;
        say(&bench, "telegram", 1, &format!("xyzzy {round}"), None);
        bench.say("slack", &format!("and others {round}"));
        bench.say("telegram", &format!("here too {round}"));
        bench.arrives("discord", &format!("here too {round}")).await;
        assert!(bench.with("discord", "xyzzy").is_empty(), "round {round}");
    }
}

/// Promise: nothing leaves without a reason. What people said before their room was linked is nobody's to carry.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_said_before_a_room_was_linked_stays_there() {
    let mut bench = Bench::started().await;
    bench.say("discord", "linked from the start.");
    bench.arrives("slack", "linked from the start.").await;
    let second = second(&bench, "discord");
    say_in(&bench, "discord", &second, "said among ourselves.");
    say_in(&bench, "discord", &second, "another one of those.");
    // What counts is the time of the link, to the second that the slowest platform tells.
    tokio::time::sleep(Duration::from_secs(3)).await;
    bench.stop().await;
    let config = std::fs::read_to_string(bench.config()).unwrap();
    let linked = config.replace("links = [", &format!("links = [\"discord:{second}\", "));
    std::fs::write(bench.config(), linked).unwrap();
    bench.start();
    bench.connected(3).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    say_in(&bench, "discord", &second, "said to everybody.");
    bench.arrives("slack", "said to everybody.").await;
    for private in ["among ourselves", "one of those"] {
        assert!(bench.with("slack", private).is_empty(), "{private}");
    }
}

/// Promise: one slow platform slows only itself, and a room only itself: one whose history cannot be read holds no other.
#[tokio::test(flavor = "multi_thread")]
async fn a_room_whose_history_fails_holds_no_other_and_is_read_when_it_can_be() {
    let mut bench = Bench::new().await;
    let second = second(&bench, "discord");
    let config = std::fs::read_to_string(bench.config()).unwrap();
    let linked = config.replace("links = [", &format!("links = [\"discord:{second}\", "));
    std::fs::write(bench.config(), linked).unwrap();
    bench.start();
    bench.connected(3).await;
    bench.say("discord", "before the failure.");
    bench.arrives("slack", "before the failure.").await;
    bench.kill();
    bench.say("discord", "away-0.");
    let history = format!("GET /api/v10/channels/{}/messages", bench.room("discord"));
    bench.fault("discord", Kind::RefuseResume, 1, "");
    bench.fault("discord", Kind::ServerError, 4, &history);
    bench.start();
    bench.connected(3).await;
    bench.say("discord", "away-1.");
    say_in(&bench, "discord", &second, "in the other room.");
    bench.arrives("slack", "in the other room.").await;
    assert!(bench.with("slack", "away-").is_empty(), "its room is not read yet");
    until("it is read", || bench.with("slack", "away-1.").len() == 1).await;
    assert_eq!(shown(&bench, "slack", "away-"), ["away-0.", "away-1."]);
    assert!(bench.counter("missed") == 0 && bench.counter("caught_up") >= 1);
}

/// Promise 2, of a room that has just joined from the chat.
#[tokio::test(flavor = "multi_thread")]
async fn a_room_that_joins_from_the_chat_is_caught_up_from_then_on() {
    let mut bench = Bench::new().await;
    let config = std::fs::read_to_string(bench.config()).unwrap();
    std::fs::write(
        bench.config(),
        config.replace("[channels.lobby]\n", "[channels.lobby]\nconnect = \"open\"\n"),
    )
    .unwrap();
    bench.start();
    bench.connected(3).await;
    let second = second(&bench, "discord");
    let mut answer = ask(&bench, "discord", 0, &second, "/relay connect lobby").await;
    if !answer.contains("has joined") && !answer.contains("joined to") {
        answer = ask(&bench, "discord", 0, &second, "/relay connect lobby yes").await;
    }
    until(&format!("it has joined: {answer}"), || {
        bench.status().is_some_and(|status| status["channels"][0]["links"].as_array().unwrap().len() == 4)
    })
    .await;
    bench.kill();
    say_in(&bench, "discord", &second, "while nobody listened.");
    bench.fault("discord", Kind::RefuseResume, 1, "");
    bench.start();
    bench.connected(3).await;
    bench.arrives("slack", "while nobody listened.").await;
    assert_eq!(bench.counter("missed"), 0);
}

/// Promise 2, attacked by a crash: what is read by hand, or comes meanwhile, does not make a gap forgotten that is still to be read.
#[tokio::test(flavor = "multi_thread")]
async fn a_crash_before_a_gap_is_read_leaves_it_to_be_read() {
    let mut bench = Bench::started().await;
    bench.say("discord", "before the gap.");
    bench.arrives("slack", "before the gap.").await;
    bench.kill();
    bench.say("discord", "gap-0.");
    tokio::time::sleep(Duration::from_secs(4)).await;
    bench.say("discord", "gap-1.");
    let history = format!("GET /api/v10/channels/{}/messages", bench.room("discord"));
    bench.fault("discord", Kind::RefuseResume, 1, "");
    // The gap's own reading fails, and again; the one by hand finds the platform mended for a moment.
    bench.fault("discord", Kind::ServerError, 1, &history);
    bench.start();
    bench.connected(3).await;
    let room = format!("discord:{}", bench.room("discord"));
    let resync = bench.command("resync").args([&room, "--since", "2s"]).output().unwrap();
    bench.fault("discord", Kind::ServerError, 100, &history);
    bench.kill();
    assert!(resync.status.success(), "{}", String::from_utf8_lossy(&resync.stderr));
    bench.people("discord").faults().disarm();
    bench.fault("discord", Kind::RefuseResume, 1, "");
    bench.start();
    bench.connected(3).await;
    for word in ["gap-0.", "gap-1."] {
        bench.arrives("slack", word).await;
    }
    assert_eq!(bench.counter("missed"), 0);
}

//! Edits, deletes, relations.

use super::{count, file, give, hashes, message, others, settled};
use crate::bench::{Bench, PLATFORMS, until};
use stand_ins::faults::Kind;
use stand_ins::people::Act;

fn react(bench: &Bench, on: &str, message: &str) -> bool {
    let (person, room, message) = (bench.person(on), bench.room(on), message.to_owned());
    bench.people(on).act(Act::React { person, room, message, emoji: "👍".into(), on: true }).is_ok()
}

fn pin(bench: &Bench, on: &str, message: &str) -> bool {
    let (person, room, message) = (bench.person(on), bench.room(on), message.to_owned());
    bench.people(on).act(Act::Pin { person, room, message, on: true }).is_ok()
}

/// An edit that changes nothing, a reaction and a pin are told as changes of the message by one platform or another.
#[tokio::test(flavor = "multi_thread")]
async fn lesson_05_what_changes_no_words_is_no_edit_and_no_post() {
    let bench = Bench::started().await;
    for origin in PLATFORMS {
        let word = format!("unchanged-{origin} https://x.example/page");
        let id = bench.say(origin, &word);
        let mut copies = Vec::new();
        for there in others(origin) {
            copies.push((there, bench.arrives(there, &format!("unchanged-{origin}")).await));
        }
        bench.edit(origin, &id, &word);
        assert!(pin(&bench, origin, &id), "people can pin on {origin}");
        bench.edit(origin, &id, &word);
        settled(&bench, origin, &format!("after-{origin}.")).await;
        for (there, copy) in copies {
            assert_eq!(count(&bench, there, &format!("unchanged-{origin}")), 1, "{origin} on {there}");
            let now = message(&bench, there, &copy.id);
            assert!(now.text == copy.text && !now.edited, "{origin} on {there}: {now:?}");
        }
    }
}

/// What was said before Relay came: whatever becomes of it, nothing of it appears.
#[tokio::test(flavor = "multi_thread")]
async fn lesson_06_what_becomes_of_an_unknown_message_is_never_a_post() {
    let mut bench = Bench::new().await;
    let before: Vec<_> =
        PLATFORMS.map(|origin| (origin, bench.say(origin, &format!("unknown-{origin}")))).into();
    bench.start();
    bench.connected(3).await;
    for origin in PLATFORMS {
        // Telegram keeps what was said while nobody listened: that is heard now, and is known.
        settled(&bench, origin, &format!("hello-{origin}.")).await;
    }
    for (origin, id) in before.iter().filter(|(origin, _)| *origin != "telegram") {
        bench.edit(origin, id, &format!("unknown-{origin} edited"));
        assert!(react(&bench, origin, id) && pin(&bench, origin, id), "people can react and pin on {origin}");
        let (person, room) = (bench.person(origin), bench.room(origin));
        let text = "an answer to it".to_owned();
        bench
            .people(origin)
            .act(Act::Say { person, room, text, reply_to: Some(id.clone()), files: vec![], thread: None })
            .unwrap();
        bench.delete(origin, id);
        settled(&bench, origin, &format!("after-{origin}.")).await;
        for there in others(origin) {
            let word = format!("unknown-{origin} edited");
            // An answer may quote what it answers; nothing else may tell of it.
            let told: Vec<_> = bench
                .with(there, &word)
                .into_iter()
                .filter(|m| !m.text.contains("an answer to it"))
                .collect();
            assert!(told.is_empty(), "{origin} on {there}: {told:?}");
        }
    }
    assert_eq!(bench.counter("dead"), 0);
}

/// The room of the copy takes nothing for a while: the edit comes before the message that it changes.
#[tokio::test(flavor = "multi_thread")]
async fn lesson_07_an_edit_before_its_target_waits_for_it() {
    let bench = Bench::started().await;
    for (there, only) in
        [("slack", "chat.postMessage"), ("discord", "/webhooks/"), ("telegram", "sendMessage")]
    {
        let origin = if there == "telegram" { "discord" } else { "telegram" };
        bench.fault(there, Kind::ServerError, 2, only);
        let id = bench.say(origin, &format!("first-for-{there}"));
        bench.edit(origin, &id, &format!("second-for-{there}"));
        bench.arrives(there, &format!("second-for-{there}")).await;
        settled(&bench, origin, &format!("after-{there}.")).await;
        assert_eq!(count(&bench, there, &format!("second-for-{there}")), 1);
        assert_eq!(
            count(&bench, there, &format!("first-for-{there}")),
            0,
            "the first version does not come later"
        );
    }
    assert_eq!(bench.counter("dead"), 0);
}

/// The message becomes three parts, and one again, and its file stays where it is.
#[tokio::test(flavor = "multi_thread")]
async fn lesson_08_an_edit_reaches_all_keeps_the_files_and_makes_and_takes_parts() {
    let bench = Bench::started().await;
    let id = give(&bench, "slack", "a short report", file("report.bin", 20_000));
    let given = message(&bench, "slack", &id).attachments[0].hash.clone();
    for there in ["discord", "telegram"] {
        until(&format!("the file is on {there}"), || hashes(&bench, there) == [given.clone()]).await;
        bench.arrives(there, "a short report").await;
    }
    let long = format!("a long report {}the end of it", "word ".repeat(1_800));
    bench.edit("slack", &id, &long);
    for there in ["discord", "telegram"] {
        let words =
            || -> usize { bench.with(there, "word").iter().map(|m| m.text.matches("word").count()).sum() };
        until(&format!("all words are on {there}"), || words() == 1_800).await;
        bench.arrives(there, "the end of it").await;
        assert!(bench.with(there, "word").len() >= 2, "several parts on {there}");
    }
    bench.edit("slack", &id, "short again");
    for there in ["discord", "telegram"] {
        bench.arrives(there, "short again").await;
        until("the other parts go", || bench.with(there, "word").is_empty()).await;
        assert_eq!(
            hashes(&bench, there),
            std::slice::from_ref(&given),
            "neither gone nor there twice on {there}"
        );
    }
    assert_eq!(bench.counter("dead"), 0);
}

/// A webhook's message in a thread is addressed with the thread.
#[tokio::test(flavor = "multi_thread")]
async fn lesson_09_what_is_in_a_thread_is_changed_and_deleted_there() {
    let mut bench = Bench::started().await;
    let root = bench.say("slack", "the root");
    bench.arrives("discord", "the root").await;
    let (person, room) = (bench.person("slack"), bench.room("slack"));
    let (text, thread) = ("in the thread".to_owned(), Some(root));
    let id = bench
        .people("slack")
        .act(Act::Say { person, room, text, reply_to: None, files: vec![], thread })
        .unwrap();
    let copy = bench.arrives("discord", "in the thread").await;
    assert!(copy.thread.is_some(), "{copy:?}");
    // What is needed for it is on disk.
    bench.stop().await;
    bench.start();
    bench.connected(3).await;
    bench.edit("slack", &id, "changed in it");
    bench.arrives("discord", "changed in it").await;
    assert_eq!(message(&bench, "discord", &copy.id).thread, copy.thread);
    bench.delete("slack", &id);
    until("it is gone", || bench.with("discord", "changed in it").is_empty()).await;
    assert_eq!(bench.counter("dead"), 0);
}

/// Discord's webhooks cannot answer: the quote says what is answered, as it is now.
#[tokio::test(flavor = "multi_thread")]
async fn lesson_10_a_quote_follows_what_it_quotes() {
    let bench = Bench::started().await;
    let target = bench.say("telegram", "a secret to be edited");
    bench.arrives("discord", "a secret to be edited").await;
    bench.reply("telegram", "the answer to that", Some(target.clone()));
    let answer = bench.arrives("discord", "the answer to that").await;
    assert!(answer.text.contains("a secret to be edited"), "{answer:?}");
    bench.edit("telegram", &target, "nothing to see");
    let now = || message(&bench, "discord", &answer.id).text;
    until("the quote follows the edit", || now().contains("nothing to see") && !now().contains("secret"))
        .await;
    assert!(now().contains("the answer to that"));
    // The same when it goes.
    let target = bench.say("slack", "gone tomorrow");
    bench.arrives("discord", "gone tomorrow").await;
    let copy = bench.arrives("telegram", "gone tomorrow").await;
    bench.reply("telegram", "an answer to what goes", Some(copy.id));
    let answer = bench.arrives("discord", "an answer to what goes").await;
    assert!(answer.text.contains("gone tomorrow"), "{answer:?}");
    bench.delete("slack", &target);
    until("the quote goes with it", || {
        !message(&bench, "discord", &answer.id).text.contains("gone tomorrow")
    })
    .await;
}

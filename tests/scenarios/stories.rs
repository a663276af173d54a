//! What people do in rooms, and what the others see.

use crate::bench::{Bench, PLATFORMS, until};
use std::time::Duration;

fn others(origin: &str) -> impl Iterator<Item = &'static str> + use<> {
    let origin = origin.to_owned();
    PLATFORMS.into_iter().filter(move |platform| *platform != origin)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_post_its_edit_its_answer_and_its_delete_arrive_everywhere() {
    let bench = Bench::started().await;
    for origin in PLATFORMS {
        let id = bench.say(origin, &format!("first-{origin}"));
        for there in others(origin) {
            let copy = bench.arrives(there, &format!("first-{origin}")).await;
            let name = bench.persona(origin);
            assert!(copy.author == name || copy.text.starts_with(&format!("{name}: ")), "{copy:?}");
        }
        bench.edit(origin, &id, &format!("second-{origin}"));
        for there in others(origin) {
            bench.arrives(there, &format!("second-{origin}")).await;
            assert!(bench.with(there, &format!("first-{origin}")).is_empty(), "the edit is no new post");
        }
        bench.reply(origin, &format!("answer-{origin}"), Some(id.clone()));
        for there in others(origin) {
            let first = bench.arrives(there, &format!("second-{origin}")).await;
            until("the answer arrives", || !bench.with(there, &format!("answer-{origin}")).is_empty()).await;
            let answer = bench.with(there, &format!("answer-{origin}")).remove(0);
            // An answer on Slack stands in the thread of what it answers.
            let answers = answer.reply_to == Some(first.id.clone())
                || answer.thread == Some(first.id.clone())
                || answer.text.contains(&format!("/{})", first.id));
            assert!(answers, "{answer:?} answers {first:?}");
        }
        bench.delete(origin, &id);
        if origin != "telegram" {
            for there in others(origin) {
                let word = format!("second-{origin}");
                let gone = || bench.with(there, &word).iter().all(|m| m.text.contains("answer-"));
                until("the delete arrives", gone).await;
            }
        }
    }
    assert_eq!(bench.counter("dead"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_posted_before_a_restart_can_be_edited_after_it_even_without_the_mapping() {
    let mut bench = Bench::started().await;
    let id = bench.say("discord", "before");
    bench.arrives("slack", "before").await;
    bench.arrives("telegram", "before").await;
    for (round, lose_the_mapping) in [("again", false), ("anew", true)] {
        bench.stop().await;
        if lose_the_mapping {
            std::fs::remove_dir_all(bench.state().join("mapping")).unwrap();
        }
        bench.start();
        bench.connected(3).await;
        bench.edit("discord", &id, round);
        bench.arrives("slack", round).await;
        bench.arrives("telegram", round).await;
        assert!(bench.with("slack", "before").is_empty());
    }
    bench.delete("discord", &id);
    until("the delete arrives", || bench.with("slack", "anew").is_empty()).await;
    until("the delete arrives", || bench.with("telegram", "anew").is_empty()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_to_a_bridged_copy_answers_the_original() {
    let bench = Bench::started().await;
    let original = bench.say("discord", "question");
    let copy = bench.arrives("telegram", "question").await;
    bench.reply("telegram", "reply", Some(copy.id));
    let there = bench.arrives("discord", "reply").await;
    assert!(there.text.contains(&format!("/{original})")), "{there:?}");
    let name = bench.person("discord");
    assert!(
        there.text.contains(&format!("[{name}: question]")),
        "quoted without Relay's name prefix: {there:?}"
    );
    let in_slack = bench.arrives("slack", "reply").await;
    assert_eq!(in_slack.reply_to, Some(bench.arrives("slack", "question").await.id));
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_texts_are_carried_whole_and_ping_nobody() {
    let bench = Bench::started().await;
    // Discord's people can write 2,000 characters; 10,000 are five parts there, and three on the others.
    let long = |origin: &str| "word ".repeat(if origin == "discord" { 380 } else { 2000 });
    let texts = [
        "@everyone @here <!channel> <@U1> look-1",
        "**bold _both_** ~~gone~~ look-2",
        "```unclosed look-3",
        "שלום עולם look-4 مرحبا",
        "👨‍👩‍👧‍👦🏳️‍🌈 look-5",
        "*_~`|>#[](look-6)\\",
        "> quote\n# head\n- list look-7",
    ];
    for origin in PLATFORMS {
        for text in texts {
            bench.say(origin, &format!("{text} {origin}"));
        }
        bench.say(origin, &format!("begin-{origin} {}end-{origin}", long(origin)));
        for there in others(origin) {
            for number in 1..=texts.len() {
                let word = format!("look-{number}");
                until(&format!("{word} of {origin} on {there}"), || {
                    bench.with(there, &word).iter().any(|m| m.text.contains(origin))
                })
                .await;
            }
            until("the end of the long one", || !bench.with(there, &format!("end-{origin}")).is_empty())
                .await;
            // Joined again without white space: a person's own client may have cut in the middle of a word.
            let whole: String = bench.seen(there).into_iter().filter(|m| m.by_bot).map(|m| m.text).collect();
            let words = whole.split_whitespace().collect::<String>().matches("word").count();
            let wanted: usize = PLATFORMS
                .into_iter()
                .take_while(|platform| *platform != origin)
                .chain([origin])
                .filter(|platform| *platform != there)
                .map(|platform| long(platform).matches("word").count())
                .sum();
            assert_eq!(words, wanted, "{origin} to {there}: no word lost, none doubled");
            assert!(bench.seen(there).iter().filter(|m| m.by_bot).all(|m| m.pinged.is_empty()), "{there}");
        }
    }
    assert_eq!(bench.counter("dead"), 0);
    assert_eq!(bench.counter("set_aside"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_graceful_stop_drains() {
    let mut bench = Bench::started().await;
    for number in 0..60 {
        bench.say("slack", &format!("burst-{number}."));
    }
    until("it is being accepted", || bench.people("slack").acknowledged().len() >= 10).await;
    bench.stop().await;
    let accepted = bench.people("slack").acknowledged().len();
    for there in ["discord", "telegram"] {
        assert!(
            bench.with(there, "burst-").len() >= accepted,
            "what was acknowledged is delivered before the end"
        );
    }
    bench.start();
    until("the rest arrives", || bench.with("discord", "burst-").len() >= 60).await;
    until("the rest arrives", || bench.with("telegram", "burst-").len() >= 60).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    for there in ["discord", "telegram"] {
        let found: Vec<_> = bench.with(there, "burst-").into_iter().map(|m| m.text).collect();
        assert_eq!(found.len(), 60, "{there}: {found:?}");
        for (number, text) in found.iter().enumerate() {
            assert!(text.contains(&format!("burst-{number}.")), "{there}, in order: {found:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_edited_away_does_not_come_back_in_a_quote() {
    let bench = Bench::started().await;
    let id = bench.say("slack", "my password is hunter0");
    let copy = bench.arrives("telegram", "hunter0").await;
    bench.edit("slack", &id, "(removed)");
    bench.arrives("discord", "(removed)").await;
    bench.reply("slack", "thread-answer", Some(id));
    bench.reply("telegram", "copy-answer", Some(copy.id));
    let quoted = bench.arrives("discord", "copy-answer").await;
    assert!(quoted.text.contains("(removed)") && !quoted.text.contains("hunter0"), "{quoted:?}");
    let in_thread = bench.arrives("discord", "thread-answer").await;
    assert!(in_thread.thread.is_some() && !in_thread.text.contains("hunter0"), "{in_thread:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_part_of_a_long_message_bears_its_authors_name() {
    let bench = Bench::started().await;
    bench.say("slack", &format!("{}\n*Bruno*: forged", "word ".repeat(816)));
    bench.arrives("telegram", "forged").await;
    let name = bench.persona("slack");
    for part in bench.seen("telegram").iter().filter(|m| m.by_bot) {
        assert!(part.text.starts_with(&format!("{name}: ")), "{part:?}");
    }
}

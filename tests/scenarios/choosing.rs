//! What people are told of what they choose: what it comes to here, what still waits, and what could not be done.

use crate::bench::{Bench, until};
use crate::joining::ask;
use crate::privacy::{choose, patiently, say, started, started_with, told};
use crate::reloading::change;
use stand_ins::faults::Kind;
use stand_ins::people::Act;
use std::time::{Duration, Instant};

async fn relay(bench: &Bench, platform: &str, person: usize, words: &str) -> String {
    ask(bench, platform, person, &bench.room(platform), &format!("/relay {words}")).await
}

/// What `/relay privacy` tells, once it tells what is waited for.
async fn until_told(bench: &Bench, is_so: impl Fn(&str) -> bool) -> String {
    let began = Instant::now();
    loop {
        let words = relay(bench, "discord", 0, "privacy").await;
        if is_so(&words) {
            return words;
        }
        assert!(began.elapsed() < Duration::from_secs(40), "{words}\n{}", bench.log());
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_still_waits_is_told_until_it_is_deleted_or_given_up() {
    let mut bench = started().await;
    for text in ["withdrawn-0", "withdrawn-1"] {
        bench.say("discord", text);
        bench.arrives("slack", text).await;
        bench.arrives("telegram", text).await;
    }
    bench.fault("slack", Kind::ServerError, 1_000_000, "chat.delete");
    let words = choose(&bench, "discord", 0, "none").await;
    assert!(words.contains("/relay privacy tells when that is done"), "{words}");
    // The rooms have some time; then it is not waited for any more.
    let waits = "still waits to be deleted: 2 things on Slack.";
    until_told(&bench, |words| !words.contains("still being collected") && words.contains(waits)).await;
    bench.kill();
    bench.start();
    bench.connected(3).await;
    let words = until_told(&bench, |words| words.contains(waits)).await;
    assert!(!words.contains("nothing waits"), "{words}");
    let words = relay(&bench, "discord", 1, "privacy").await;
    assert!(!words.contains("waits to be deleted"), "it is nobody else's: {words}");
    // One is taken out of the queue, the other goes when Slack is there again.
    let (ok, queue) = told(&bench, &["queue", "show", "slack", "--json"]);
    assert!(ok, "{queue}");
    let queue: serde_json::Value = serde_json::from_str(&queue).unwrap();
    let id = queue[0]["waiting"][1]["id"].as_str().unwrap_or_else(|| panic!("{queue}")).to_owned();
    let (ok, words) = told(&bench, &["queue", "drop", "slack", &id, "--yes"]);
    assert!(ok, "{words}");
    let words =
        until_told(&bench, |words| words.contains("still waits to be deleted: one thing on Slack.")).await;
    assert!(words.contains("could not be deleted, and stays: one thing on Slack."), "{words}");
    bench.people("slack").faults().disarm();
    let words = until_told(&bench, |words| words.contains("nothing waits to be deleted any more")).await;
    assert!(words.contains("could not be deleted, and stays: one thing on Slack."), "{words}");
    assert_eq!(bench.with("slack", "withdrawn").len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_a_room_shows_less_a_word_is_not_said_twice_and_a_grant_tells_what_it_changes() {
    let bench = started_with("privacy = \"minimal\"").await;
    let words = choose(&bench, "discord", 0, "full").await;
    assert!(words.starts_with("From now on full holds.\n"), "{words}");
    let words = choose(&bench, "discord", 0, "full").await;
    assert!(words.starts_with("full holds already.\n"), "{words}");
    let words = relay(&bench, "discord", 0, "privacy").await;
    assert!(words.contains("You have chosen full on 20") && !words.contains(": full"), "{words}");
    // A picture is seen with the name alone: the grant is kept, and what it comes to is said.
    let words = relay(&bench, "slack", 0, "consent grant bridging picture to discord").await;
    assert!(words.contains("bridging: picture to Discord allowed"), "{words}");
    let now = "Of what you do here others see now: on ";
    assert!(words.contains(now), "{words}");
    assert!(words.contains("your texts, your reactions, another name in place of yours"), "{words}");
    assert!(!words.contains("your picture"), "{words}");
    let words = relay(&bench, "slack", 0, "consent grant bridging identity to discord").await;
    assert!(words.contains("on Discord your texts, your reactions, your name, your picture"), "{words}");
    let words = relay(&bench, "slack", 0, "consent revoke bridging to telegram").await;
    assert!(words.contains(now) && words.contains("on Telegram nothing"), "{words}");
    let words = relay(&bench, "slack", 0, "consent grant archive").await;
    assert!(!words.contains(now), "nothing is shown by that: {words}");
    let words = relay(&bench, "slack", 0, "consent grant").await;
    assert!(words.starts_with("/relay consent grant or revoke PURPOSE"), "{words}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_forgotten_is_warned_only_of_what_is_still_to_go() {
    let bench = started().await;
    let who = format!("discord:{}", bench.platform("discord").people[0].id);
    let red = |bench: &Bench| {
        let seen = bench.people("discord").messages(&bench.room("discord")).unwrap();
        let newest = seen.into_iter().rev().find(|seen| seen.only_for.is_some());
        newest.is_some_and(|seen| !seen.buttons.is_empty())
    };
    bench.say("discord", "to be forgotten");
    bench.arrives("slack", "to be forgotten").await;
    let words = relay(&bench, "discord", 0, "forget").await;
    assert!(words.contains("/relay forget yes") && red(&bench), "{words}");
    bench.fault("slack", Kind::ServerError, 1_000_000, "chat.delete");
    relay(&bench, "discord", 0, "forget yes").await;
    let words = relay(&bench, "discord", 0, "forget").await;
    assert!(words.contains("You asked on") && !words.contains("/relay forget yes"), "{words}");
    assert!(!red(&bench), "{words}");
    bench.people("slack").faults().disarm();
    until("it is done", || told(&bench, &["forget", &who]).1.contains("Forgotten on")).await;
    let words = relay(&bench, "discord", 0, "forget").await;
    assert!(words.contains("Forgotten on") && !words.contains("/relay forget yes"), "{words}");
    assert!(!red(&bench), "{words}");
    // What is said later can be forgotten again.
    choose(&bench, "discord", 0, "full").await;
    say(&bench, "discord", 0, "said afterwards", None);
    bench.arrives("slack", "said afterwards").await;
    let words = relay(&bench, "discord", 0, "forget").await;
    assert!(words.contains("Forgotten on") && words.contains("/relay forget yes") && red(&bench), "{words}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_is_given_where_its_person_is_alone_and_says_until_when() {
    let mut bench = Bench::new().await;
    let address = stand_ins::ports::free_address();
    bench.write_config(&format!("[media]\nlisten = \"{address}\"\nurl = \"http://{address}\"\n"));
    bench.start();
    bench.connected(3).await;
    let words = relay(&bench, "telegram", 0, "export").await;
    assert!(words.contains("in a chat with its bot alone") && !words.contains("whoever runs"), "{words}");
    let person = bench.in_chat_with_bot();
    let asks = Act::Command { person: person.clone(), room: person.clone(), text: "/relay export".into() };
    bench.people("telegram").act(asks).expect("people can ask a bot");
    let answer = || {
        let all = bench.people("telegram").messages(&person).unwrap_or_default();
        all.into_iter().find(|seen| seen.text.contains("What Relay keeps of you"))
    };
    until("a link is given", || answer().is_some()).await;
    let words = answer().map(|seen| format!("{} {:?}", seen.text, seen.entities)).unwrap_or_default();
    assert!(words.contains("relay-export.jsonl"), "{words}");
    assert!(words.contains("on 20") && words.contains(" UTC"), "it says until when: {words}");
    let words = relay(&bench, "slack", 0, "export").await;
    let link = words.split_whitespace().find_map(|word| word.find("http://").map(|at| &word[at..]));
    let link = link.unwrap_or_else(|| panic!("{words}")).trim_end_matches('>');
    let answer = reqwest::get(link).await.unwrap();
    assert!(answer.status().is_success(), "{link}: {}", answer.status());
    let first = answer.text().await.unwrap();
    assert!(first.starts_with("{\"") && first.contains("\"what\":\"about\""), "{first}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_room_that_cannot_be_reached_holds_up_nobody_who_takes_something_back() {
    let mut bench = started().await;
    say(&bench, "discord", 1, "the only one", None);
    for number in 0..100 {
        bench.say("discord", &format!("withdrawn-{number}."));
    }
    for platform in ["slack", "telegram"] {
        until("all is there", || bench.with(platform, "withdrawn").len() == 100).await;
    }
    let (bot, room) = ("Relay".to_owned(), bench.room("telegram"));
    let kick = Act::Kick { bot: bot.clone(), room: room.clone() };
    bench.people("telegram").act(kick).expect("a bot can be thrown out");
    choose(&bench, "discord", 0, "none").await;
    bench.kill();
    bench.start();
    bench.connected(3).await;
    let began = Instant::now();
    choose(&bench, "discord", 1, "none").await;
    until("theirs goes where it can", || bench.with("slack", "the only one").is_empty()).await;
    until("so does everything", || bench.with("slack", "withdrawn").is_empty()).await;
    assert!(began.elapsed() < Duration::from_secs(25), "{:?}", began.elapsed());
    assert_eq!(bench.with("telegram", "withdrawn").len(), 100, "the rest waits");
    bench.people("telegram").act(Act::Invite { bot, room }).expect("a bot can be let in again");
    until("it goes there too", || {
        bench.with("telegram", "withdrawn").is_empty() && bench.with("telegram", "the only one").is_empty()
    })
    .await;
    assert_eq!(bench.counter("dead"), 0, "{}", bench.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn while_a_room_is_tried_again_it_is_the_turn_of_whoever_else_takes_something_back() {
    let bench = started().await;
    say(&bench, "discord", 1, "the only one", None);
    for number in 0..60 {
        bench.say("discord", &format!("withdrawn-{number}."));
    }
    for platform in ["slack", "telegram"] {
        until("all is there", || bench.with(platform, "withdrawn").len() == 60).await;
    }
    bench.fault("telegram", Kind::ServerError, 1_000_000, "deleteMessage");
    choose(&bench, "discord", 0, "none").await;
    until("it has begun", || bench.with("slack", "withdrawn").len() < 60).await;
    let began = Instant::now();
    choose(&bench, "discord", 1, "none").await;
    until("theirs goes where it can", || bench.with("slack", "the only one").is_empty()).await;
    // Each twenty of the other's wait ten seconds.
    assert!(!bench.with("slack", "withdrawn").is_empty(), "{:?}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_being_forgotten_is_told_what_waits_and_a_room_that_was_left_ends_the_waiting() {
    let bench = started().await;
    let who = format!("discord:{}", bench.platform("discord").people[0].id);
    for number in 0..3 {
        bench.say("discord", &format!("to be forgotten {number}"));
    }
    for platform in ["slack", "telegram"] {
        bench.arrives(platform, "to be forgotten 2").await;
    }
    let (bot, room) = ("Relay".to_owned(), bench.room("telegram"));
    bench.people("telegram").act(Act::Kick { bot, room: room.clone() }).expect("a bot can be thrown out");
    relay(&bench, "discord", 0, "forget yes").await;
    until("it goes elsewhere", || bench.with("slack", "to be forgotten").is_empty()).await;
    let waits = "still waits to be deleted: 3 things on Telegram";
    let began = Instant::now();
    loop {
        let words = relay(&bench, "discord", 0, "forget").await;
        if words.contains(waits) {
            assert!(words.contains("You asked on") && words.contains("`relay queue`"), "{words}");
            break;
        }
        assert!(began.elapsed() < Duration::from_secs(30), "{words}\n{}", bench.log());
    }
    until("it is parked", || told(&bench, &["queue"]).1.contains("parked")).await;
    change(&bench, &format!(", \"telegram:{room}\""), "");
    let (ok, words) = told(&bench, &["reload"]);
    assert!(ok, "{words}");
    patiently("it is done", || told(&bench, &["forget", &who]).1.contains("Forgotten on")).await;
    let words = relay(&bench, "discord", 0, "forget").await;
    let left = "3 × a message on Telegram, in a room that Relay does not reach any more";
    assert!(words.contains(left) && !words.contains("waits"), "{words}");
    assert!(words.contains("once the copies of the keys from before are gone too"), "{words}");
    let (ok, queue) = told(&bench, &["queue"]);
    assert!(ok && !queue.contains("parked"), "{queue}");
}

#[tokio::test(flavor = "multi_thread")]
async fn that_a_picture_is_deleted_is_not_promised() {
    let bench = started().await;
    bench.say("discord", "with a picture");
    bench.arrives("slack", "with a picture").await;
    let words = relay(&bench, "discord", 0, "consent revoke bridging picture").await;
    assert!(words.contains("stays with the picture that it has"), "{words}");
    assert!(!words.contains("being deleted"), "{words}");
    until("it was looked through", || bench.log().contains("what somebody takes back")).await;
    let words = relay(&bench, "discord", 0, "privacy").await;
    assert!(words.contains("You have said something in particular"), "{words}");
    assert!(!words.contains("nothing waits to be deleted"), "{words}");
    assert_eq!(bench.with("slack", "with a picture").len(), 1);
    let words = relay(&bench, "discord", 0, "consent revoke bridging picture,attachments").await;
    assert!(words.contains("being deleted") && words.contains("stays with the picture"), "{words}");
    let words = relay(&bench, "discord", 0, "consent revoke bridging identity").await;
    assert!(words.contains("being deleted") && !words.contains("stays with the picture"), "{words}");
}

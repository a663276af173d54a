//! What somebody takes back while a room is slow or cannot be reached, and what they are told of it.

use crate::bench::{Bench, until};
use crate::joining::ask;
use crate::privacy::{choose, patiently, say, started, told};
use crate::reloading::change;
use stand_ins::faults::Kind;
use stand_ins::people::Act;
use std::time::{Duration, Instant};

async fn relay(bench: &Bench, platform: &str, person: usize, words: &str) -> String {
    ask(bench, platform, person, &bench.room(platform), &format!("/relay {words}")).await
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

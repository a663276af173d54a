//! Identity and echoes.

use super::{count, others, settled};
use crate::bench::{Bench, PLATFORMS, until};
use stand_ins::faults::Kind;
use stand_ins::people::Act;

/// By id, whether or not the message's own id is known, and never by name: a person with a persona's name is heard.
#[tokio::test(flavor = "multi_thread")]
async fn lesson_01_an_echo_is_known_by_its_webhook_and_its_ids_and_not_by_name() {
    let mut bench = Bench::started().await;
    bench.say("slack", "echoes1.");
    bench.arrives("discord", "echoes1.").await;
    bench.arrives("telegram", "echoes1.").await;
    let name = bench.persona("slack");
    let (person, room) = (bench.platform("discord").people[1].name.clone(), bench.room("discord"));
    bench
        .people("discord")
        .act(Act::CallThemselves { person, room: room.clone(), name: name.clone() })
        .unwrap();
    let person = bench.platform("discord").people[1].id.clone();
    let text = "heard all the same".to_owned();
    bench
        .people("discord")
        .act(Act::Say { person, room, text, reply_to: None, files: vec![], thread: None })
        .unwrap();
    bench.arrives("slack", "heard all the same").await;
    bench.stop().await;
    bench.start();
    bench.connected(3).await;
    for origin in PLATFORMS {
        settled(&bench, origin, &format!("settled-{origin}.")).await;
    }
    for platform in PLATFORMS {
        assert_eq!(count(&bench, platform, "echoes1."), 1, "{platform}");
        for origin in PLATFORMS {
            assert_eq!(count(&bench, platform, &format!("settled-{origin}.")), 1, "{origin} on {platform}");
        }
    }
    assert!(bench.counter("echo") > 0, "echoes are heard, and known");
}

/// Telegram counts the messages of each chat from one: two of the same number are two messages.
#[tokio::test(flavor = "multi_thread")]
async fn lesson_02_ids_that_a_sender_chose_are_not_identity() {
    let mut bench = Bench::with_two_groups_that_count_alike().await;
    let other = bench.platform("telegram").spaces[0].rooms.last().unwrap().id.clone();
    let random = bench.platform("discord").spaces[0].rooms[1].id.clone();
    bench.write_config(&format!("[channels.crew]\nlinks = [\"discord:{random}\", \"telegram:{other}\"]\n"));
    bench.start();
    bench.connected(3).await;
    let say = |room: &str, text: &str| {
        let (person, room, text) = (bench.person("telegram"), room.to_owned(), text.to_owned());
        bench
            .people("telegram")
            .act(Act::Say { person, room, text, reply_to: None, files: vec![], thread: None })
            .unwrap()
    };
    let (one, two) = (say(&bench.room("telegram"), "of the lobby"), say(&other, "of the crew"));
    assert_eq!(one, two, "two messages of the same number");
    bench.arrives("discord", "of the lobby").await;
    let in_random = |word: &'static str| {
        let bench = &bench;
        let room = random.clone();
        move || bench.people("discord").messages(&room).unwrap().iter().any(|seen| seen.text.contains(word))
    };
    until("it is in the other room", in_random("of the crew")).await;
    bench.edit("telegram", &one, "changed in the lobby");
    bench.arrives("discord", "changed in the lobby").await;
    assert!(in_random("of the crew")() && !in_random("changed")(), "the other message is as it was");
    assert_eq!(bench.counter("dead"), 0);
}

/// No platform lets anybody change what somebody else wrote: an event that says so is a forgery, or a fault of the server.
#[tokio::test(flavor = "multi_thread")]
async fn lesson_02_an_edit_by_somebody_who_is_not_the_author_is_refused() {
    let bench = Bench::started().await;
    let id = bench.say("slack", "as it was written.");
    for there in others("slack") {
        bench.arrives(there, "as it was written.").await;
    }
    bench.fault("slack", Kind::Forged, 1, "");
    bench.edit("slack", &id, "words put into another's mouth");
    until("the edit is refused", || bench.counter("not_the_author") == 1).await;
    settled(&bench, "slack", "after the forgery.").await;
    for there in others("slack") {
        assert_eq!(count(&bench, there, "as it was written."), 1, "{there}");
        assert_eq!(count(&bench, there, "another's mouth"), 0, "{there}");
    }
    bench.edit("slack", &id, "as its author changed it");
    for there in others("slack") {
        bench.arrives(there, "as its author changed it").await;
    }
    assert_eq!(bench.counter("not_the_author"), 1);
}

/// Another bridge in the room brings back what was carried: it is cut, and said. What it says itself is heard.
#[tokio::test(flavor = "multi_thread")]
async fn lesson_03_two_bridges_in_one_room_do_not_loop() {
    let mut bench = Bench::with_another_bot().await;
    bench.link_as("slack", "bots = true");
    bench.start();
    bench.connected(3).await;
    bench.say("discord", "ping and pong");
    bench.arrives("slack", "ping and pong").await;
    let name = bench.person("discord");
    for _ in 0..6 {
        bench.bot_says(&format!("<{name}> ping and pong")).await;
    }
    until("the repeats are cut", || bench.counter("looped") >= 6).await;
    bench.bot_says("its own words").await;
    bench.arrives("discord", "its own words").await;
    bench.arrives("telegram", "its own words").await;
    for there in ["discord", "telegram"] {
        assert_eq!(count(&bench, there, "ping and pong"), 1, "{there}");
    }
    let status = bench.status().unwrap().to_string();
    assert!(status.contains("Another bridge is in this room"), "{status}");
}

/// A name that is markup, a ping and two lines; and one that looks like somebody's.
#[tokio::test(flavor = "multi_thread")]
async fn lesson_04_names_are_told_apart_and_are_neither_markup_nor_pings_nor_lines() {
    let bench = Bench::started().await;
    settled(&bench, "discord", "before the names.").await;
    let hostile = "@everyone\n**Boss** <!channel> [x](https://x.example)";
    let call = |on: &str, name: &str| {
        let (person, room, name) = (bench.platform(on).people[0].id.clone(), bench.room(on), name.to_owned());
        bench.people(on).act(Act::CallThemselves { person, room, name }).unwrap();
    };
    let say = |on: &str, text: &str| {
        let (person, room) = (bench.platform(on).people[0].id.clone(), bench.room(on));
        let text = text.to_owned();
        bench
            .people(on)
            .act(Act::Say { person, room, text, reply_to: None, files: vec![], thread: None })
            .unwrap();
    };
    for origin in ["slack", "telegram"] {
        call(origin, hostile);
        say(origin, &format!("hostile name on {origin}"));
        for there in others(origin) {
            let copy = bench.arrives(there, &format!("hostile name on {origin}")).await;
            assert!(copy.pinged.is_empty() && !copy.author.contains('\n'), "{copy:?}");
            let shown = format!("{}{}", copy.author, copy.text);
            assert!(
                shown.contains("everyone") && shown.contains('‹'),
                "the name is shown, with its origin: {copy:?}"
            );
            let bold_word = copy.entities.iter().filter(|entity| entity["type"] == "text_link").count();
            assert_eq!(bold_word, 0, "nothing of it is markup: {copy:?}");
        }
    }
    // In letters of another script.
    let alike = bench.person("discord").replace('a', "а").replace('A', "А");
    call("telegram", &alike);
    say("telegram", "I am somebody else");
    let first = bench.arrives("slack", "before the names.").await;
    let other = bench.arrives("slack", "I am somebody else").await;
    assert_eq!(first.author, bench.persona("discord"));
    assert!(other.author.contains("‹Telegram ") && other.author.ends_with('›'), "{}", other.author);
}

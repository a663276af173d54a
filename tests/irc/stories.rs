//! What people do in channels, and what the others see.

use crate::bench::{Bench, CHANNELS, until};
use crate::person::Person;
use crate::{NO_PENALTY, server};
use std::time::{Duration, Instant};

/// No ceilings, for tests that say much at once.
const AT_ONCE: &str = "ceilings = false";

#[tokio::test(flavor = "multi_thread")]
async fn what_is_said_on_one_server_is_said_on_the_other() {
    if !server::is_there() {
        return;
    }
    let bench = Bench::started(NO_PENALTY, "").await;
    let [ada, ivo] = &bench.people;
    ada.says(CHANNELS[0], "hello \u{2}there\u{2}, see https://a.example/x_y_z").await;
    let said = ivo.sees("hello").await;
    assert_eq!(said.text, "<A\u{2060}da ‹IRC›> hello \u{2}there\u{2}, see https://a.example/x_y_z");
    assert_eq!((said.nick.as_str(), said.target.as_str()), ("relay", CHANNELS[1]));
    ivo.says(CHANNELS[1], "\u{1}ACTION waves\u{1}").await;
    let said = ada.sees("waves").await;
    assert_eq!(said.text, "<I\u{2060}vo ‹IRC›> \u{1d}waves");
    assert!(ivo.said().iter().all(|said| !said.text.contains("waves")), "nothing comes back");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_is_bridged_can_act() {
    if !server::is_there() {
        return;
    }
    let bench = Bench::started(NO_PENALTY, AT_ONCE).await;
    let [ada, ivo] = &bench.people;
    let hostile = [
        "\u{1}VERSION\u{1} not alone",
        "!op Ada",
        "/quit",
        "\u{1}ACTION is \u{1}VERSION\u{1}",
        "ivo: ping",
        "\u{3}1,1hidden\u{3} shown",
        "\u{202e}backwards",
    ];
    for text in hostile {
        ada.says(CHANNELS[0], text).await;
    }
    // Not UTF-8, and as long as a line can be.
    let long = format!("{} the-end", "wörd ".repeat(70));
    ada.says(CHANNELS[0], &long).await;
    ivo.sees("the-end").await;
    let said: Vec<_> = ivo.said().into_iter().filter(|said| said.nick == "relay").collect();
    for said in &said {
        assert!(said.text.starts_with("<A\u{2060}da ‹IRC›> "), "{said:?}");
        assert!(!said.text.contains('\u{1}') && !said.text.contains("hidden"), "{said:?}");
    }
    let words: usize = said.iter().map(|said| said.text.matches("wörd").count()).sum();
    assert_eq!(words, 70, "a line that outgrows its new name is cut, and nothing is lost: {said:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_burst_arrives_whole_and_in_order_under_the_servers_penalties() {
    if !server::is_there() {
        return;
    }
    // The sender may say it all at once; the server that Relay posts on holds back like any.
    let bench = Bench::started("", AT_ONCE).await;
    let [ada, ivo] = &bench.people;
    for number in 0..100 {
        ada.says(CHANNELS[0], &format!("burst-{number}.")).await;
    }
    until("all are there", || ivo.said().iter().filter(|said| said.text.contains("burst-")).count() >= 100)
        .await;
    let all: Vec<_> =
        ivo.said().into_iter().filter(|said| said.text.contains("burst-")).map(|said| said.text).collect();
    for (number, text) in all.iter().enumerate() {
        assert_eq!(*text, format!("<A\u{2060}da ‹IRC›> burst-{number}."), "in order, once each: {all:#?}");
    }
    assert!(
        ivo.lines().iter().all(|line| !(line.starts_with(":relay!") && line.contains(" QUIT "))),
        "nobody was thrown out"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_was_away_gets_what_was_said_meanwhile() {
    if !server::is_there() {
        return;
    }
    let mut bench = Bench::started(NO_PENALTY, AT_ONCE).await;
    bench.servers[1].stop();
    for number in 0..100 {
        bench.people[0].says(CHANNELS[0], &format!("meanwhile-{number}.")).await;
    }
    tokio::time::sleep(Duration::from_secs(3)).await;
    bench.servers[1].run();
    let began = Instant::now();
    let ivo = crate::person::Person::join(bench.servers[1].port, "Ivo", &[CHANNELS[1]]).await;
    until("all are there", || ivo.said().iter().any(|said| said.text.contains("meanwhile-99."))).await;
    assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());
    let all: Vec<_> = ivo
        .said()
        .into_iter()
        .filter(|said| said.text.contains("meanwhile-"))
        .map(|said| said.text)
        .collect();
    for (number, text) in all.iter().rev().enumerate() {
        assert_eq!(*text, format!("<A\u{2060}da ‹IRC›> meanwhile-{}.", 99 - number), "{all:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn relay_is_there_within_a_second() {
    if !server::is_there() {
        return;
    }
    let mut bench = Bench::new(NO_PENALTY, "").await;
    let began = Instant::now();
    bench.start();
    bench.inside().await;
    // The machine is shared: what is measured alone is below one second.
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    eprintln!("in both channels after {:?}", began.elapsed());
}

/// Attacked by whoever looks at Relay while it starts: each look asks about the channels.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_looks_while_it_starts_makes_no_second_connection() {
    if !server::is_there() {
        return;
    }
    let mut bench = Bench::new(NO_PENALTY, AT_ONCE).await;
    bench.start();
    // Whoever looks at a Relay that does not run looks with a connection of their own.
    let socket = bench.log().with_file_name("state").join("control.sock");
    until("Relay can be asked", || socket.exists()).await;
    let mut looks = Vec::new();
    for _ in 0..12 {
        let look = std::process::Command::new(env!("CARGO_BIN_EXE_relay"))
            .args(["doctor", "--config", "bridges.toml"])
            .current_dir(bench.log().parent().unwrap())
            .env_remove("STATE_DIRECTORY")
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn();
        looks.push(look.expect("the binary starts"));
        tokio::time::sleep(Duration::from_millis(60)).await;
    }
    bench.inside().await;
    for mut look in looks {
        tokio::task::spawn_blocking(move || look.wait().expect("it ends")).await.expect("it is waited for");
    }
    let [ada, ivo] = &bench.people;
    ada.says(CHANNELS[0], "is anybody there").await;
    assert_eq!(ivo.sees("is anybody there").await.nick, "relay");
    ivo.says(CHANNELS[1], "somebody is").await;
    assert_eq!(ada.sees("somebody is").await.nick, "relay");
    for person in [ada, ivo] {
        let other = person.lines().into_iter().find(|line| line.starts_with(":relay_"));
        assert_eq!(other, None, "it goes by one nick");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_thrown_out_comes_again() {
    if !server::is_there() {
        return;
    }
    let bench = Bench::started(NO_PENALTY, AT_ONCE).await;
    let [ada, ivo] = &bench.people;
    let comes = |line: &String| line.starts_with(":relay!") && line.contains(" JOIN ");
    ivo.send(&format!("KICK {} relay :out", CHANNELS[1])).await;
    until("Relay comes again", || ivo.lines().iter().filter(|line| comes(line)).count() == 2).await;
    ada.says(CHANNELS[0], "after the kick").await;
    ivo.sees("after the kick").await;
    ivo.send(&format!("MODE {} +b relay!*@*", CHANNELS[1])).await;
    ivo.send(&format!("KICK {} relay :out", CHANNELS[1])).await;
    ivo.hears("the kick", |line| line.contains("KICK") && line.ends_with(":out")).await;
    ada.says(CHANNELS[0], "while banned").await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(ivo.said().iter().all(|said| !said.text.contains("while banned")));
    ivo.send(&format!("MODE {} -b relay!*@*", CHANNELS[1])).await;
    ivo.sees("while banned").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_that_does_not_let_relay_speak_gets_it_all_later() {
    if !server::is_there() {
        return;
    }
    let bench = Bench::started(NO_PENALTY, AT_ONCE).await;
    let [ada, ivo] = &bench.people;
    ivo.send(&format!("MODE {} +m", CHANNELS[1])).await;
    ivo.hears("the mode", |line| line.contains(" MODE ") && line.contains("+m")).await;
    ada.says(CHANNELS[0], "unheard of").await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(ivo.said().is_empty(), "{:?}", ivo.said());
    ivo.send(&format!("MODE {} +v relay", CHANNELS[1])).await;
    ivo.sees("unheard of").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_are_answered_to_the_asker_alone() {
    if !server::is_there() {
        return;
    }
    let bench = Bench::started(NO_PENALTY, AT_ONCE).await;
    let [ada, ivo] = &bench.people;
    ada.says(CHANNELS[0], "relay: status").await;
    let said = ada.hears("an answer", |line| line.contains(" NOTICE Ada :") && line.contains("lobby")).await;
    assert!(said.starts_with(":relay!"), "{said}");
    ada.send(&format!("PRIVMSG relay :{} status", CHANNELS[0])).await;
    until("another", || {
        ada.said().iter().filter(|said| said.command == "NOTICE" && said.text.contains("lobby")).count() >= 2
    })
    .await;
    assert!(ivo.said().is_empty(), "a command is no message: {:?}", ivo.said());
    // Somebody who is no operator may not change anything.
    let eve = crate::person::Person::join(bench.servers[0].port, "Eve", &[CHANNELS[0]]).await;
    eve.says(CHANNELS[0], "!relay disconnect lobby").await;
    let said = eve.hears("a refusal", |line| line.contains(" NOTICE Eve :")).await;
    assert!(said.contains("operator"), "{said}");
    ada.says(CHANNELS[0], "still here").await;
    ivo.sees("still here").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_taken_nick_is_gone_without_and_taken_back() {
    if !server::is_there() {
        return;
    }
    let mut bench = Bench::new(NO_PENALTY, AT_ONCE).await;
    let other = crate::person::Person::join(bench.servers[1].port, "Relay", &[]).await;
    bench.start();
    let [ada, ivo] = &bench.people;
    ivo.hears("Relay coming", |line| line.starts_with(":relay_!") && line.contains(" JOIN ")).await;
    // What is said before it is there is nobody's to carry.
    ada.hears("Relay coming", |line| line.starts_with(":relay!") && line.contains(" JOIN ")).await;
    ada.says(CHANNELS[0], "under another name").await;
    assert_eq!(ivo.sees("under another name").await.nick, "relay_");
    ivo.says(CHANNELS[1], "and back").await;
    ada.sees("and back").await;
    other.send("QUIT").await;
    ivo.hears("the nick", |line| {
        line.starts_with(":relay_!") && line.contains(" NICK ") && line.ends_with("relay")
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_invites_relay_can_ask_it_there() {
    if !server::is_there() {
        return;
    }
    let bench = Bench::started(NO_PENALTY, AT_ONCE).await;
    let ada = &bench.people[0];
    ada.send("JOIN #new").await;
    ada.send("INVITE relay #new").await;
    ada.hears("Relay coming", |line| {
        line.starts_with(":relay!") && line.contains(" JOIN ") && line.ends_with("#new")
    })
    .await;
    ada.says("#new", "!relay status").await;
    ada.hears("an answer", |line| line.starts_with(":relay!") && line.contains(" NOTICE Ada :")).await;
}

/// What a message costs in time, from socket to socket; the numbers are those of the build that is tested, beside whatever else runs.
#[tokio::test(flavor = "multi_thread")]
async fn a_message_takes_milliseconds() {
    if !server::is_there() {
        return;
    }
    let bench = Bench::started(NO_PENALTY, AT_ONCE).await;
    let [ada, ivo] = &bench.people;
    ada.says(CHANNELS[0], "warm.").await;
    ivo.sees("warm.").await;
    let mut sent = Vec::new();
    for number in 0..150 {
        sent.push(Instant::now());
        ada.says(CHANNELS[0], &format!("timed-{number}.")).await;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    ivo.sees("timed-149.").await;
    let all: Vec<_> = ivo.said().into_iter().filter(|said| said.text.contains("timed-")).collect();
    assert_eq!(all.len(), sent.len());
    let mut took: Vec<_> = all.iter().zip(&sent).map(|(said, sent)| said.at.duration_since(*sent)).collect();
    took.sort();
    eprintln!("at 50 a second: p50 {:?}, p99 {:?}", took[took.len() / 2], took[took.len() * 99 / 100]);
    assert!(took[took.len() / 2] < Duration::from_secs(1), "{took:?}");
    let (count, began) = (1_000, Instant::now());
    for number in 0..count {
        ada.says(CHANNELS[0], &format!("flood-{number}.")).await;
    }
    ivo.sees(&format!("flood-{}.", count - 1)).await;
    eprintln!("{count} at once: {:.0} a second", f64::from(count) / began.elapsed().as_secs_f64());
    let all: Vec<_> =
        ivo.said().into_iter().filter(|said| said.text.contains("flood-")).map(|said| said.text).collect();
    assert_eq!(all.len(), 1_000);
    for (number, text) in all.iter().enumerate() {
        assert!(text.ends_with(&format!(" flood-{number}.")), "{number}: {text}");
    }
}

/// Promise: of who says no nothing reaches another network; under another name nothing tells who it is.
#[tokio::test(flavor = "multi_thread")]
async fn who_says_no_is_not_heard_elsewhere() {
    if !server::is_there() {
        return;
    }
    let bench = Bench::started(NO_PENALTY, AT_ONCE).await;
    let [ada, ivo] = &bench.people;
    let other = Person::join(bench.servers[0].port, "Brunhilde", &[CHANNELS[0]]).await;
    ada.says(CHANNELS[0], "before the choice").await;
    ivo.sees("before the choice").await;
    ada.says(CHANNELS[0], "!relay privacy none").await;
    ada.hears("the answer", |line| line.contains("nothing of yours is carried")).await;
    let before = ivo.lines().len();
    ada.says(CHANNELS[0], "xyzzy").await;
    other.says(CHANNELS[0], "!relay privacy anonymous").await;
    other.hears("the answer", |line| line.contains("carried as")).await;
    other.says(CHANNELS[0], "plugh").await;
    let said = ivo.sees("plugh").await;
    // What can be deleted nowhere is told without a name.
    let heard: String = ivo.lines().split_off(before).join("\n").replace('\u{2060}', "");
    for bytes in ["xyzzy", "Ada", "Brunhilde", "brunhilde"] {
        assert!(!heard.contains(bytes), "{bytes}: {heard}");
    }
    assert!(said.text.ends_with("plugh") && said.text.contains("‹IRC›"), "{said:?}");
}

//! A destination that is not there: for twenty seconds, and for a day by Relay's own clock.

use crate::bench::{Bench, until};
use crate::other_time::Clock;
use stand_ins::faults::Kind;
use std::time::{Duration, Instant};

/// How many messages are said meanwhile.
const SAID: usize = 100;
/// How long it is away.
const AWAY: Duration = Duration::from_secs(20);
/// How long the rest may take.
const PATIENCE: Duration = Duration::from_secs(90);
/// A day, so many times as fast.
const FASTER: u32 = 1_440;
/// Lanes of one account: each tries again at most once a minute, each wait a third more or less.
const MOST_A_DAY: u64 = 24 * 60 * 3 / 2;

/// Until all of it is on Telegram: the wait for the next try has grown, and is not cut short.
async fn arrived(bench: &Bench, word: &str) {
    let began = Instant::now();
    while bench.with("telegram", word).len() < SAID {
        assert!(began.elapsed() < PATIENCE, "{} of {SAID} have arrived", bench.with("telegram", word).len());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// All that was said is there once, in order.
fn in_order(bench: &Bench, there: &str, word: &str, most: usize) {
    let texts: Vec<String> = bench.with(there, word).into_iter().map(|message| message.text).collect();
    assert_eq!(texts.len(), most, "{texts:?}");
    for (number, text) in texts.iter().enumerate() {
        assert!(text.ends_with(&format!("{word}{number}.")), "{number}: {texts:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_said_while_a_destination_is_down_for_twenty_seconds_arrives_in_order() {
    let bench = Bench::started().await;
    // All of Telegram: polls and deliveries.
    bench.fault("telegram", Kind::ServerError, u32::MAX, "");
    let (began, before) = (Instant::now(), bench.people("telegram").faults().struck());
    for number in 0..SAID {
        bench.say(if number % 2 == 0 { "slack" } else { "discord" }, &format!("down-{number}."));
        tokio::time::sleep(AWAY / SAID as u32).await;
    }
    tokio::time::sleep(AWAY.saturating_sub(began.elapsed())).await;
    assert!(bench.with("telegram", "down-").is_empty());
    let asked = bench.people("telegram").faults().struck() - before;
    bench.people("telegram").faults().disarm();
    let back = Instant::now();
    arrived(&bench, "down-").await;
    let caught_up = back.elapsed();
    tokio::time::sleep(Duration::from_millis(300)).await;
    // Two origins: the order is Relay's, and each origin's own.
    for half in 0..2 {
        let texts: Vec<String> =
            bench.with("telegram", "down-").into_iter().map(|message| message.text).collect();
        assert_eq!(texts.len(), SAID, "once each: {texts:?}");
        let numbers: Vec<usize> = texts
            .iter()
            .filter_map(|text| text.rsplit_once("down-")?.1.trim_end_matches('.').parse::<usize>().ok())
            .filter(|number| number % 2 == half)
            .collect();
        assert!(numbers.is_sorted() && numbers.len() == SAID / 2, "{numbers:?}");
    }
    crate::tell(&format!(
        "down for {AWAY:?}: {SAID} said, {SAID} arrived {caught_up:.1?} after it was back; {asked} requests meanwhile\n"
    ));
    assert!(asked < 60, "{asked} requests to a server that is down");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_without_a_destination_loses_nothing_and_does_not_hammer_it() {
    let Some(clock) = Clock::new() else {
        return crate::not_tested("a day without a destination", "libfaketime");
    };
    let mut bench = Bench::new().await;
    bench.start_with(&clock.whole());
    bench.connected(3).await;
    bench.say("slack", "before.");
    bench.arrives("telegram", "before.").await;
    bench.fault("telegram", Kind::ServerError, u32::MAX, "sendMessage");
    for number in 0..SAID {
        bench.say("slack", &format!("away-{number}."));
    }
    until("the other has it all", || bench.with("discord", "away-").len() == SAID).await;
    let before = bench.people("telegram").faults().struck();
    clock.set(&format!("+0 x{FASTER}"));
    let began = Instant::now();
    tokio::time::sleep(Duration::from_secs(24 * 3_600) / FASTER).await;
    let asked = bench.people("telegram").faults().struck() - before;
    let day = began.elapsed() * FASTER;
    // Slow enough for an answer to come in time, and a minute until the next try is a few seconds.
    clock.set("+0 x20");
    bench.people("telegram").faults().disarm();
    assert!(bench.runs());
    arrived(&bench, "away-").await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    in_order(&bench, "telegram", "away-", SAID);
    crate::tell(&format!(
        "away for {:.1} hours of Relay's clock: {SAID} said, {SAID} arrived in order; {asked} requests of its lane meanwhile\n",
        day.as_secs_f64() / 3_600.0
    ));
    assert!(asked <= MOST_A_DAY, "{asked} requests in a day to a server that is down");
    assert!(asked >= 200, "only {asked} requests: was that a day?");
}

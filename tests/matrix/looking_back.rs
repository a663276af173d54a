//! Relay was away, or died; nothing is lost and nothing is there twice.

use crate::yard::Yard;
use std::time::Duration;

fn numbers(said: &[crate::person::Seen], by: &str) -> Vec<u32> {
    let number = |seen: &crate::person::Seen| seen.body().rsplit("number ").next()?.parse().ok();
    said.iter()
        .filter(|seen| seen.sender == by && seen.body().contains("number "))
        .filter_map(number)
        .collect()
}

async fn all_arrive(yard: &Yard, count: u32) {
    let expected: Vec<u32> = (0..count).collect();
    let began = std::time::Instant::now();
    loop {
        let there = numbers(&yard.bo.sees(&yard.barn).await, &yard.relay.user);
        if there == expected {
            return;
        }
        assert!(began.elapsed() < Duration::from_secs(180), "{there:?}: {}", yard.bench.log());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// More than one sync holds.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_said_in_an_absence_arrives_once_and_in_order() {
    let Some(mut yard) = Yard::started().await else { return };
    yard.ada.says(&yard.yard, "number 0").await;
    yard.copy(&yard.barn, "number 0").await;
    let edited = yard.ada.says(&yard.yard, "before").await;
    let copy = yard.copy(&yard.barn, "before").await;
    yard.bench.stop().await;
    for number in 1..220 {
        yard.ada.says(&yard.yard, &format!("number {number}")).await;
    }
    yard.ada.edits(&yard.yard, &edited, "changed meanwhile").await;
    yard.bench.start();
    all_arrive(&yard, 220).await;
    yard.becomes(&yard.barn, &copy.id, "the edit", |seen| seen.body().ends_with("changed meanwhile")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_old_is_carried_at_the_first_start() {
    let Some(mut yard) = Yard::new().await else { return };
    yard.relay.joins(&yard.yard).await;
    yard.ada.says(&yard.yard, "long ago").await;
    yard.bench.start();
    yard.bench.connected(2).await;
    yard.ada.says(&yard.yard, "now").await;
    yard.copy(&yard.barn, "now").await;
    assert!(yard.bo.sees(&yard.barn).await.iter().all(|seen| !seen.body().contains("long ago")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_in_a_stream_loses_nothing_and_doubles_nothing() {
    let Some(mut yard) = Yard::started().await else { return };
    for number in 0..60 {
        yard.ada.says(&yard.yard, &format!("number {number}")).await;
        if number % 20 == 15 {
            yard.bench.kill();
            yard.bench.start();
        }
    }
    all_arrive(&yard, 60).await;
}

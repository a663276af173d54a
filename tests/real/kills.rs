//! `kill -9` in a stream of posts to Relay's API that are answered, on their way to IRC, to Matrix and to Discord. Nothing that was
//! answered is lost, and it is there once, but on IRC: no server tells whether it has a line, so that what was under way at a kill may
//! be said again. That is counted.

use crate::town::{ACCOUNTS, Town};
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use serde_json::json;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// How often.
const KILLS: usize = 5;
/// Posts a round.
const POSTS: usize = 24;
/// How long the last of it may take to arrive.
const PATIENCE: Duration = Duration::from_secs(60);

/// Posts under a key; whether it was answered as done.
async fn post(town: &Town, text: &str) -> bool {
    let request = reqwest::Client::new()
        .post(format!("http://{}/api/v1/channels/lobby/messages", town.api))
        .header("idempotency-key", text)
        .json(&json!({ "text": text }));
    request.send().await.is_ok_and(|answer| answer.status().as_u16() == 201)
}

/// Each text of a post by how often it is there, in the order of the first.
fn counted(texts: impl IntoIterator<Item = String>) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for text in texts {
        if let Some(at) = text.rfind("post-") {
            *counts.entry(text[at..].to_owned()).or_default() += 1;
        }
    }
    counts
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_in_a_stream_of_answered_posts_none_is_lost_and_none_doubled() {
    let Some(mut town) = Town::started().await else { return };
    let (mut expected, mut answered) = (Vec::new(), 0);
    for round in 0..KILLS {
        let posts: Vec<String> = (0..POSTS).map(|number| format!("post-{round}-{number}.")).collect();
        let mut under_way: FuturesUnordered<_> = posts.iter().map(|text| post(&town, text)).collect();
        // Another moment each time; some posts have no answer yet.
        let mut wanted = 8 + (round * 17) % (POSTS - 10);
        while wanted > 0
            && let Some(done) = under_way.next().await
        {
            wanted -= usize::from(done);
            answered += usize::from(done);
        }
        // Between the answer and the last room's word.
        tokio::time::sleep(Duration::from_millis((round as u64 * 7) % 30)).await;
        drop(under_way);
        town.bench.kill();
        town.bench.start();
        town.bench.connected(ACCOUNTS).await;
        // Whoever has no answer asks again.
        for text in &posts {
            let began = Instant::now();
            while !post(&town, text).await {
                assert!(began.elapsed() < PATIENCE, "{text} is not taken: {}", town.bench.log());
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
        expected.extend(posts);
    }
    let on_irc = |person: &crate::socket::Person| {
        counted(person.said().into_iter().filter(|said| said.nick == "relay").map(|said| said.text))
    };
    let (mut changed, mut before) = (Instant::now(), 0);
    let rooms = loop {
        let discord = counted(town.bench.with("discord", "post-").into_iter().map(|seen| seen.text));
        let matrix = town.mia.sees(&town.room).await;
        let matrix = counted(matrix.iter().map(|seen| seen.body().to_owned()));
        let rooms = [
            ("discord", discord),
            ("matrix", matrix),
            ("irc", on_irc(&town.ada)),
            ("2nd irc", on_irc(&town.ivo)),
        ];
        let now: usize = rooms.iter().map(|(_, there)| there.len()).sum();
        if now != before {
            (changed, before) = (Instant::now(), now);
        }
        // A homeserver takes its time; what has stopped coming does not come.
        if rooms.iter().all(|(_, there)| there.len() == expected.len()) || changed.elapsed() > PATIENCE {
            break rooms;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    println!("{KILLS} kills, {} posts, {answered} answered before a kill", expected.len());
    for (place, there) in rooms {
        let missing: Vec<&String> = expected.iter().filter(|text| !there.contains_key(*text)).collect();
        let doubles: usize = there.values().map(|count| count - 1).sum();
        println!("{place:<8} {} there, {} missing, {doubles} said again", there.len(), missing.len());
        assert!(missing.is_empty(), "{place}: {missing:?}");
        // A line that no word came back for, one a kill.
        let most = if place.ends_with("irc") { KILLS } else { 0 };
        assert!(doubles <= most, "{place}: {there:?}");
    }
}

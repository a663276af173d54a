//! What was answered is there, once, whatever happens.

use crate::program::{Own, until};
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use serde_json::{Value, json};
use std::collections::HashSet;

async fn post(own: &Own, key: &str, text: &str) -> Result<(u16, Value), reqwest::Error> {
    let request = own.program().request("POST", "/api/v1/channels/lobby/messages");
    let request = request.header("idempotency-key", key).json(&json!({ "text": text }));
    let answer = request.send().await?;
    Ok((answer.status().as_u16(), answer.json().await?))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_key_again_is_the_same_message() {
    let mut own = Own::started("").await;
    own.program().post("lobby", "ready").await;
    let first = post(&own, "k", "once").await.unwrap();
    assert_eq!(first.0, 201, "{}", first.1);
    assert_eq!(post(&own, "k", "once").await.unwrap(), first);
    assert_eq!(post(&own, "k", "another").await.unwrap().0, 409);
    own.kill();
    own.start().await;
    own.program().post("lobby", "again").await;
    assert_eq!(post(&own, "k", "once").await.unwrap(), first);
    assert_eq!(own.program().texts("lobby").await, ["ready", "once", "again"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_key_is_known_while_its_message_is_held_and_when_it_is_gone() {
    let own = Own::started_with("1 per minute, 2 at once", "").await;
    own.program().post("lobby", "ready").await;
    let mut answers = Vec::new();
    for number in 0..4 {
        let (key, text) = (format!("k{number}"), format!("line {number}"));
        answers.push(post(&own, &key, &text).await.unwrap());
    }
    let held = answers.pop().unwrap();
    assert_eq!(held.0, 201, "{}", held.1);
    assert!(!own.program().texts("lobby").await.contains(&"line 3".to_owned()), "it is held");
    assert_eq!(post(&own, "k3", "line 3").await.unwrap(), held);
    assert_eq!(post(&own, "k3", "another").await.unwrap().0, 409);
    assert!(own.relay(&["purge", "relay:local", "--yes"]).status.success());
    // Nobody sees it, and it was posted all the same.
    assert_eq!(post(&own, "k3", "line 3").await.unwrap(), held);
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_in_a_stream_of_posts_none_is_lost_and_none_doubled() {
    let mut own = Own::started("").await;
    own.program().post("lobby", "ready").await;
    let mut answered = HashSet::new();
    for round in 0..3 {
        // Some are answered, some are under way when it is killed.
        let posts: Vec<_> = (0..60).map(|n| format!("{round}.{n}")).collect();
        let under_way = posts.iter().map(|text| {
            let post = post(&own, text, text);
            async move { post.await.ok().map(|_| text.clone()) }
        });
        let mut under_way: FuturesUnordered<_> = under_way.collect();
        let wanted = 10 + 15 * round;
        while let Some(done) = under_way.next().await {
            answered.extend(done);
            if posts.iter().filter(|text| answered.contains(*text)).count() == wanted {
                break;
            }
        }
        drop(under_way);
        own.kill();
        own.start().await;
        let texts = own.program().texts("lobby").await;
        assert!(answered.iter().all(|text| texts.contains(text)), "what was answered is there");
        // Whoever has no answer asks again.
        for text in &posts {
            until("it is answered", async || {
                post(&own, text, text).await.is_ok_and(|(status, _)| status == 201)
            })
            .await;
        }
    }
    let texts = own.program().texts("lobby").await;
    let once: HashSet<_> = texts.iter().cloned().collect();
    assert_eq!((texts.len(), once.len()), (181, 181), "each once, and `ready`");
}

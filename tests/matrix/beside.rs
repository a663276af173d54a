//! What people do around messages: reactions, threads, files, pins, who comes and goes, commands.

use crate::person::encoded;
use crate::yard::Yard;
use serde_json::{Value, json};

/// A picture of one pixel.
const PIXEL: &[u8] = &[
    0x89, b'P', b'N', b'G', 0x0D, 0x0A, 0x1A, 0x0A, 0, 0, 0, 13, b'I', b'H', b'D', b'R', 0, 0, 0, 1, 0, 0, 0,
    1, 8, 6, 0, 0, 0, 0x1F, 0x15, 0xC4, 0x89, 0, 0, 0, 13, b'I', b'D', b'A', b'T', 0x78, 0x9C, 0x62, 0x60,
    0x60, 0x60, 0x60, 0, 0, 0, 5, 0, 1, 0xA5, 0xF6, 0x45, 0x40, 0, 0, 0, 0, b'I', b'E', b'N', b'D', 0xAE,
    0x42, 0x60, 0x82,
];

#[tokio::test(flavor = "multi_thread")]
async fn a_reaction_comes_and_goes() {
    let Some(mut yard) = Yard::started().await else { return };
    let id = yard.ada.says(&yard.yard, "react").await;
    let copy = yard.copy(&yard.barn, "react").await;
    let own = |key: &str| (yard.relay.user.clone(), key.to_owned());
    let reaction = yard.ada.reacts(&yard.yard, &id, "👍").await;
    let reacted = yard.becomes(&yard.barn, &copy.id, "a reaction", |seen| !seen.reactions.is_empty()).await;
    assert_eq!(reacted.reactions, [own("👍")]);
    // Another process takes it back.
    yard.bench.stop().await;
    yard.bench.start();
    yard.bench.connected(2).await;
    yard.ada.redacts(&yard.yard, &reaction).await;
    yard.becomes(&yard.barn, &copy.id, "no reaction", |seen| seen.reactions.is_empty()).await;
    // One to the copy reaches the original.
    yard.bo.reacts(&yard.barn, &copy.id, "🦉").await;
    yard.arrives(&yard.yard, "a reaction", |seen| seen.id == id && seen.reactions.contains(&own("🦉"))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thread_goes_on_in_the_other_room() {
    let Some(yard) = Yard::started().await else { return };
    let root = yard.ada.says(&yard.yard, "root").await;
    let copy = yard.copy(&yard.barn, "root").await;
    let relation = json!({
        "rel_type": "m.thread", "event_id": root, "is_falling_back": true, "m.in_reply_to": { "event_id": root },
    });
    yard.ada.says_to(&yard.yard, "inside", relation).await;
    let inside = yard.copy(&yard.barn, "inside").await;
    assert_eq!(
        (inside.relates_to["rel_type"].as_str(), inside.relates_to["event_id"].as_str()),
        (Some("m.thread"), Some(copy.id.as_str()))
    );
    assert_eq!(inside.relates_to["is_falling_back"], true, "no answer that nobody gave");
    let relation = json!({ "rel_type": "m.thread", "event_id": copy.id });
    yard.bo.says_to(&yard.barn, "back", relation).await;
    assert_eq!(yard.copy(&yard.yard, "back").await.relates_to["event_id"], root);
}

#[tokio::test(flavor = "multi_thread")]
async fn files_arrive_with_their_bytes() {
    let Some(yard) = Yard::started().await else { return };
    let picture = yard.ada.uploads("pixel.png", "image/png", PIXEL.to_vec()).await;
    let content = json!({
        "msgtype": "m.image", "body": "look here", "filename": "pixel.png", "url": picture,
        "info": { "mimetype": "image/png", "size": PIXEL.len() },
    });
    let id = yard.ada.send(&yard.yard, "m.room.message", content).await;
    yard.copy(&yard.barn, "look here").await;
    let is = |kind: &'static str| move |seen: &crate::person::Seen| seen.content["msgtype"] == kind;
    let copy = yard.arrives(&yard.barn, "the picture", is("m.image")).await;
    assert_eq!((copy.content["info"]["w"].as_u64(), copy.body()), (Some(1), "pixel.png"));
    let bytes = yard.bo.downloads(copy.content["url"].as_str().unwrap_or_default()).await;
    assert!(bytes.starts_with(&PIXEL[..8]), "a picture");
    let there = yard.bench.arrives("discord", "look here").await;
    assert_eq!(there.files, ["pixel.png"]);

    let text = b"a file of words".to_vec();
    let file = yard.ada.uploads("words.txt", "text/plain", text.clone()).await;
    let content = json!({ "msgtype": "m.file", "body": "words.txt", "url": file, "info": { "mimetype": "text/plain" } });
    yard.ada.send(&yard.yard, "m.room.message", content).await;
    let copy = yard.arrives(&yard.barn, "the file", is("m.file")).await;
    assert_eq!(yard.bo.downloads(copy.content["url"].as_str().unwrap_or_default()).await, text);

    // The words and the picture go together.
    yard.ada.redacts(&yard.yard, &id).await;
    yard.goes(&yard.barn, "look here").await;
    yard.goes(&yard.barn, "pixel.png").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pins_come_and_go() {
    let Some(yard) = Yard::started().await else { return };
    let id = yard.ada.says(&yard.yard, "keep").await;
    let copy = yard.copy(&yard.barn, "keep").await;
    for pinned in [vec![id.clone()], vec![]] {
        yard.ada.sets(&yard.yard, "m.room.pinned_events", json!({ "pinned": pinned })).await;
        let expected = if pinned.is_empty() { json!([]) } else { json!([copy.id]) };
        let began = std::time::Instant::now();
        while yard.bo.state(&yard.barn, "m.room.pinned_events").await["pinned"] != expected {
            assert!(began.elapsed().as_secs() < 30, "not pinned: {expected}");
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_is_answered_to_whoever_may_and_to_nobody_else() {
    let Some(yard) = Yard::started().await else { return };
    let asked = yard.ada.says(&yard.yard, "!relay status").await;
    let answer = yard.arrives(&yard.yard, "an answer", |seen| seen.answers() == Some(&asked)).await;
    assert_eq!(
        (answer.sender.as_str(), answer.content["msgtype"].as_str()),
        (yard.relay.user.as_str(), Some("m.notice"))
    );
    assert!(answer.body().contains("lobby"), "{answer:?}");
    // Somebody without rights asks for what needs them.
    let eve = yard.synapse.person("Eve").await;
    yard.ada.post(&format!("rooms/{}/invite", encoded(&yard.yard)), json!({ "user_id": eve.user })).await;
    eve.joins(&yard.yard).await;
    let asked = eve.says(&yard.yard, "!relay disconnect lobby").await;
    let answer = yard.arrives(&yard.yard, "an answer", |seen| seen.answers() == Some(&asked)).await;
    assert!(answer.body().contains("moderator"), "{answer:?}");
    // Nothing of it was said elsewhere.
    yard.ada.says(&yard.yard, "the end").await;
    yard.copy(&yard.barn, "the end").await;
    let said = yard.bo.sees(&yard.barn).await;
    assert!(
        said.iter().all(|seen| !seen.body().contains("!relay") && seen.content["msgtype"] != "m.notice"),
        "{said:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn typing_is_shown() {
    let Some(yard) = Yard::started().await else { return };
    let sync = |since: String| {
        let bo = yard.bo.clone();
        async move { bo.get(&format!("sync?timeout=1000{since}")).await }
    };
    let mut answer = sync(String::new()).await;
    let typing = format!("rooms/{}/typing/{}", encoded(&yard.yard), encoded(&yard.ada.user));
    let began = std::time::Instant::now();
    loop {
        yard.ada.put(&typing, json!({ "typing": true, "timeout": 30_000 })).await;
        let since = answer["next_batch"].as_str().unwrap_or_default().to_owned();
        answer = sync(format!("&since={since}")).await;
        let events = answer["rooms"]["join"][&yard.barn]["ephemeral"]["events"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let shown = |event: &Value| {
            event["type"] == "m.typing" && event["content"]["user_ids"] == json!([yard.relay.user])
        };
        if events.iter().any(shown) {
            return;
        }
        assert!(began.elapsed().as_secs() < 30, "typing is not shown: {answer}");
        yard.ada.put(&typing, json!({ "typing": false })).await;
    }
}

//! What people do in rooms, and what the others see.

use crate::yard::Yard;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn a_post_its_edit_its_answer_and_its_delete_go_from_room_to_room_and_to_discord() {
    let Some(yard) = Yard::started().await else { return };
    let id = yard.ada.says(&yard.yard, "first @room <b>").await;
    let copy = yard.copy(&yard.barn, "first").await;
    assert_eq!(copy.body(), "Ada ‹Matrix›: first @room <b>");
    assert_eq!(copy.content["formatted_body"], "<strong>Ada ‹Matrix›</strong>: first @room &lt;b&gt;");
    assert_eq!(copy.content["m.mentions"], json!({}), "nobody is notified");
    let there = yard.bench.arrives("discord", "first").await;
    assert_eq!(there.author, "Ada ‹Matrix›");

    yard.ada.edits(&yard.yard, &id, "second").await;
    yard.becomes(&yard.barn, &copy.id, "the edit", |seen| seen.body() == "Ada ‹Matrix›: second").await;
    yard.bench.arrives("discord", "second").await;

    // Bo answers the copy: the answer reaches the original.
    yard.bo.says_to(&yard.barn, "answer", json!({ "m.in_reply_to": { "event_id": copy.id } })).await;
    let answer = yard.copy(&yard.yard, "answer").await;
    assert_eq!(answer.answers(), Some(id.as_str()));

    yard.ada.redacts(&yard.yard, &id).await;
    yard.goes(&yard.barn, "second").await;
    assert_eq!(yard.bench.counter("dead"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_said_on_discord_arrives_and_is_changed() {
    let Some(yard) = Yard::started().await else { return };
    let id = yard.bench.say("discord", "**loud** and `code`");
    let copy = yard.copy(&yard.yard, "loud").await;
    let html = copy.content["formatted_body"].as_str().unwrap_or_default();
    assert!(html.ends_with("<strong>loud</strong> and <code>code</code>"), "{html}");
    yard.copy(&yard.barn, "loud").await;
    yard.bench.edit("discord", &id, "quiet");
    yard.becomes(&yard.yard, &copy.id, "the edit", |seen| seen.body().ends_with(": quiet")).await;
    yard.bench.delete("discord", &id);
    yard.goes(&yard.yard, "quiet").await;
    yard.goes(&yard.barn, "quiet").await;
}

//! Rooms: by address, encrypted, upgraded, taken away.

use crate::person::{encoded, string};
use crate::yard::Yard;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// The status, once this holds of it.
async fn status(yard: &Yard, what: &str, is_so: impl Fn(&str) -> bool) -> Value {
    let began = Instant::now();
    loop {
        if let Some(status) = yard.bench.status().filter(|status| is_so(&status.to_string())) {
            return status;
        }
        assert!(began.elapsed() < Duration::from_secs(40), "never: {what}: {:?}", yard.bench.status());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_encrypted_room_is_refused_in_words() {
    let Some(mut yard) = Yard::new().await else { return };
    let encryption = json!({ "algorithm": "m.megolm.v1.aes-sha2" });
    yard.bo.sets(&yard.barn, "m.room.encryption", encryption).await;
    yard.bench.start();
    let status = status(&yard, "the problem", |status| status.contains("end-to-end encrypted")).await;
    assert!(status.to_string().contains("Link a room without encryption"), "{status}");
    // The others go on.
    yard.ada.says(&yard.yard, "still here").await;
    yard.bench.arrives("discord", "still here").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_public_room_is_found_by_its_address_and_joined() {
    let Some(mut yard) = Yard::new().await else { return };
    let name = format!(
        "hall-{}",
        yard.ada.user.trim_matches(|c: char| !c.is_ascii_alphanumeric()).replace([':', '.'], "-")
    );
    let hall =
        yard.bo.room("The hall", &[], json!({ "preset": "public_chat", "room_alias_name": name })).await;
    yard.write_config(&[&format!("#{name}:test.localhost"), &yard.yard], false);
    yard.bench.start();
    yard.bench.connected(2).await;
    yard.ada.says(&yard.yard, "hello hall").await;
    yard.copy(&hall, "hello hall").await;
    yard.bo.says(&hall, "hello yard").await;
    yard.copy(&yard.yard, "hello yard").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upgraded_room_is_followed() {
    let Some(yard) = Yard::started().await else { return };
    yard.ada.says(&yard.yard, "before").await;
    yard.copy(&yard.barn, "before").await;
    let upgrade = format!("rooms/{}/upgrade", encoded(&yard.yard));
    // Synapse invites nobody into a room that follows a private one.
    let new = string(&yard.ada.post(&upgrade, json!({ "new_version": "12" })).await["replacement_room"]);
    yard.ada.post(&format!("rooms/{}/invite", encoded(&new)), json!({ "user_id": yard.relay.user })).await;
    yard.ada.says(&new, "after").await;
    yard.copy(&yard.barn, "after").await;
    yard.bo.says(&yard.barn, "the way back").await;
    let began = Instant::now();
    while !yard.ada.sees(&new).await.iter().any(|seen| seen.body().contains("the way back")) {
        assert!(began.elapsed() < Duration::from_secs(40), "{}", yard.bench.log());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_takes_relay_out_is_told_of_in_the_status() {
    let Some(yard) = Yard::started().await else { return };
    let kick = format!("rooms/{}/kick", encoded(&yard.barn));
    yard.bo.post(&kick, json!({ "user_id": yard.relay.user })).await;
    let status = status(&yard, "the problem", |status| status.contains("is not in the Matrix room")).await;
    assert!(status.to_string().contains(&format!("Invite {}", yard.relay.user)), "{status}");
    // What is said meanwhile waits, and is there when it is let in again.
    yard.ada.says(&yard.yard, "meanwhile").await;
    yard.bench.arrives("discord", "meanwhile").await;
    let invite = format!("rooms/{}/invite", encoded(&yard.barn));
    yard.bo.post(&invite, json!({ "user_id": yard.relay.user })).await;
    yard.copy(&yard.barn, "meanwhile").await;
}

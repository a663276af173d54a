//! A Relay that runs: its accounts, its lanes, and what was changed meanwhile.

use crate::bench::until;
use crate::front::{self, json};
use crate::set_up::Three;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use stand_ins::faults::Kind;
use stand_ins::people::Act;

impl Three {
    /// `relay …`, which succeeds.
    fn relay(&self, command: &str, arguments: &[&str]) {
        let output = self.bench.command(command).args(arguments).output().unwrap();
        assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// Waits until an account is in a state.
    async fn account_is(&self, name: &str, state: &str) {
        until(&format!("{name} is {state}"), || {
            let status = self.bench.status().unwrap_or_default();
            let accounts = status["accounts"].as_array().cloned().unwrap_or_default();
            accounts.iter().any(|account| account["name"] == name && account["state"] == state)
        })
        .await;
    }

    /// Waits until so much waits for a room.
    async fn waits(&self, room: &str, count: u64) {
        until(&format!("{count} for {room}"), || {
            let output = self.bench.command("queue").args(["list", room, "--json"]).output().unwrap();
            let rooms: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
            rooms[0]["queued"].as_u64().unwrap_or(0) == count
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_poller_on_the_token() {
    let three = Three::running().await;
    let token = std::fs::read_to_string(three.place.dir.join("telegram")).unwrap();
    let url = format!("{}/bot{token}/getUpdates", three.bench.people("telegram").api_url());
    let other = tokio::spawn(async move {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        loop {
            let _ = client.post(&url).json(&json!({ "timeout": 1 })).send().await;
        }
    });
    three.account_is("telegram", "parked").await;
    three.place.finds("telegram: a second program polls with the token");
    other.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_revoked_meanwhile() {
    let three = Three::running().await;
    three.bench.fault("slack", Kind::Unauthorized, 1_000, "");
    three.bench.say("discord", "for nobody");
    three.account_is("slack", "parked").await;
    three.place.finds("slack: a token that is revoked while Relay runs");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_is_held() {
    let three = Three::running().await;
    three.relay("queue", &["pause", "slack"]);
    three.place.finds("an account whose deliveries are held");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_room_that_is_held() {
    let three = Three::running().await;
    three.relay("queue", &["pause", &format!("slack:{}", three.bench.room("slack"))]);
    three.place.finds("a room whose deliveries are held");
}

#[tokio::test(flavor = "multi_thread")]
async fn deliveries_that_were_given_up() {
    let three = Three::running().await;
    three.relay("queue", &["pause", "slack"]);
    three.bench.say("discord", "for nobody");
    three.waits("slack", 1).await;
    three.relay("queue", &["drop", "slack", "--yes"]);
    three.relay("queue", &["resume", "slack"]);
    three.place.finds("deliveries that were given up");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_room_that_relay_was_removed_from_meanwhile() {
    let three = Three::running().await;
    let room = three.bench.room("telegram");
    three.bench.people("telegram").act(Act::Kick { bot: "Relay".into(), room }).unwrap();
    three.bench.say("discord", "for nobody");
    three.waits("telegram", 1).await;
    three.place.finds("telegram: the bot is removed while something waits for the group");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_room_that_is_disconnected_meanwhile() {
    let three = Three::running().await;
    three.relay("disconnect", &["lobby", &format!("slack:{}", three.bench.room("slack"))]);
    three.place.finds("a room that is disconnected while Relay runs");
}

/// The file cannot be read at all: the commands find the Relay that runs all the same.
#[tokio::test(flavor = "multi_thread")]
async fn a_config_that_is_refused_meanwhile() {
    let three = Three::running().await;
    three.place.change("[channels.lobby]", "[channels.lobby");
    until("it is refused", || {
        three.bench.status().is_some_and(|status| !status["config"]["refused"].is_null())
    })
    .await;
    three.place.finds("a config that is refused while Relay runs");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_platform_that_goes_away_meanwhile() {
    let three = Three::running().await;
    three.bench.fault("telegram", Kind::ServerError, 100_000, "");
    three.place.finds("a platform that goes away while Relay runs");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_long() {
    let three = Three::running().await;
    three.bench.fault("telegram", Kind::ServerError, 100_000, "sendMessage");
    three.bench.say("discord", "for later");
    three.waits("telegram", 1).await;
    // What waits for a minute is late.
    tokio::time::sleep(std::time::Duration::from_secs(61)).await;
    three.place.finds("deliveries that wait for minutes");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_whose_receiver_is_not_there() {
    let receiver = front::before(None, vec![json("POST /board", 404, json!({}))]).await;
    let mut three = Three::new().await;
    three.place.write("webhook", &format!("whsec_{}", STANDARD.encode([7; 32])));
    let port = stand_ins::ports::free();
    let api = format!(
        "[api]\nlisten = \"127.0.0.1:{port}\"\n[api.outgoing.board]\nchannel = \"lobby\"\nurl = \"{receiver}/board\"\n\
         private = true\nsecret = {{ file = \"webhook\" }}\n[accounts.discord]"
    );
    three.place.change("[accounts.discord]", &api);
    three.place.is_well();
    three.bench.start();
    three.bench.connected(5).await;
    three.bench.say("discord", "for the board");
    three.waits("webhooks", 1).await;
    three.place.finds("a webhook whose receiver answers 404");
}

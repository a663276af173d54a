//! Credentials and what they may do.

use crate::front::{self, Answer, json};
use crate::irc::{Irc, Mood};
use crate::set_up::Three;
use serde_json::json;

const DISCORD: &str = "MTk4NjIyNDgzNDcxOTI1MjQ4.Cl2FMQ.ZnCjm1XVW7vRze4b7Cq4se7kKWs";
const TELEGRAM: &str = "7000000001:AAEhBOweik6ad9r_QXMENQjcrGbqCr4K-bc";
/// All that a Slack app is asked to have.
const SCOPES: [&str; 16] = [
    "channels:history",
    "channels:read",
    "chat:write",
    "chat:write.customize",
    "commands",
    "emoji:read",
    "files:read",
    "files:write",
    "groups:history",
    "groups:read",
    "pins:read",
    "pins:write",
    "reactions:read",
    "reactions:write",
    "team:read",
    "users:read",
];

/// Another secret in a file.
async fn secret(file: &str, secret: &str, name: &str) {
    let three = Three::new().await;
    three.place.write(file, secret);
    three.place.finds(name);
}

/// A platform that gives this answer.
pub async fn says(platform: &str, answer: Answer, name: &str) {
    let three = Three::new().await;
    let behind = three.bench.people(platform).api_url();
    let url = front::before(Some(behind.clone()), vec![answer]).await;
    three.place.change(&format!("api_url = \"{behind}\""), &format!("api_url = \"{url}\""));
    three.place.finds(name);
}

async fn without_scopes(missing: &[&str], name: &str) {
    let scopes: Vec<&str> = SCOPES.into_iter().filter(|scope| !missing.contains(scope)).collect();
    Three::where_it_may("slack", &scopes).await.place.finds(name);
}

#[tokio::test(flavor = "multi_thread")]
async fn discord_another_token() {
    secret("discord", "wrong-discord-token", "discord: a token that was reset").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn discord_with_telegrams_token() {
    secret("discord", TELEGRAM, "discord: the token of a Telegram bot").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn discord_with_an_id() {
    secret("discord", "198622483471925248", "discord: an id in the token's place").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn discord_with_a_webhook() {
    let url = "https://discord.com/api/webhooks/198622483471925248/abcdefghijklmnop";
    secret("discord", url, "discord: a webhook's URL in the token's place").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn discord_without_the_message_content_intent() {
    let name = "discord: the message content intent is off";
    Three::where_it_may("discord", &["ADMINISTRATOR"]).await.place.finds(name);
}

#[tokio::test(flavor = "multi_thread")]
async fn slack_another_token() {
    secret("slack", "xoxb-of-an-app-that-is-gone", "slack: a bot token that is not valid").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn slack_with_the_app_token_as_bot_token() {
    secret("slack", "xapp-1-A000-1-abcdefgh", "slack: the app-level token as bot_token").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn slack_with_the_bot_token_as_app_token() {
    secret("slack-app", "xoxb-1-abcdefghijkl", "slack: the bot token as app_token").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn slack_with_a_user_token() {
    secret("slack", "xoxp-1-abcdefghijkl", "slack: a user token as bot_token").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn slack_with_an_app_token_that_is_gone() {
    secret("slack-app", "xapp-of-another-app", "slack: an app-level token that is not valid").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn slack_without_connections_write() {
    let answer = json!({ "ok": false, "error": "missing_scope", "needed": "connections:write", "provided": "authorizations:read" });
    let name = "slack: an app-level token without connections:write";
    says("slack", json("/api/apps.connections.open", 200, answer), name).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn slack_of_an_account_that_is_gone() {
    let answer = json!({ "ok": false, "error": "account_inactive" });
    says("slack", json("/api/auth.test", 200, answer), "slack: an app that was removed from the workspace")
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn slack_without_a_scope_that_is_needed() {
    without_scopes(&["chat:write"], "slack: without the scope chat:write").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn slack_without_files() {
    without_scopes(&["files:write"], "slack: without the scope files:write").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn slack_without_names() {
    without_scopes(&["chat:write.customize"], "slack: without the scope chat:write.customize").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn telegram_another_token() {
    let token = "7000000001:AAother-token-of-thirty-five-charac";
    secret("telegram", token, "telegram: a token that was revoked").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn telegram_with_discords_token() {
    secret("telegram", DISCORD, "telegram: the token of a Discord bot").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn telegram_with_a_webhook() {
    let url = "https://other.example.org/hooks/secret";
    let answer = json!({ "ok": true, "result": { "url": url, "pending_update_count": 0 } });
    says("telegram", json("WebhookInfo", 200, answer), "telegram: another program's webhook").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn telegram_with_privacy_mode() {
    let name = "telegram: privacy mode is on";
    Three::where_it_may("telegram", &["admin"]).await.place.finds(name);
}

#[tokio::test(flavor = "multi_thread")]
async fn irc_with_another_services_password() {
    Irc::new(Mood { no_sasl: true, ..Mood::default() }).place.finds("irc: a services password that is wrong");
}

#[tokio::test(flavor = "multi_thread")]
async fn irc_with_a_nick_that_is_taken() {
    Irc::new(Mood { nick_is_taken: true, ..Mood::default() })
        .place
        .finds("irc: a nick that somebody else has");
}

#[tokio::test(flavor = "multi_thread")]
async fn irc_that_bans_the_address() {
    let at_the_door = "465 * :You are banned from this server";
    Irc::new(Mood { at_the_door, ..Mood::default() })
        .place
        .finds("irc: an address that the server has banned");
}

#[tokio::test(flavor = "multi_thread")]
async fn irc_that_wants_a_password() {
    let at_the_door = "464 * :Password incorrect";
    Irc::new(Mood { at_the_door, ..Mood::default() }).place.finds("irc: a server that wants its password");
}

#[tokio::test(flavor = "multi_thread")]
async fn irc_without_tls() {
    Irc::new(Mood { plain: true, ..Mood::default() }).place.finds("irc: a connection without TLS");
}

//! Rooms, and what Relay may do in them.

use crate::irc::{Irc, Mood};
use crate::set_up::Three;
use stand_ins::people::Act;
use stand_ins::world::World;

/// What Relay asks of Discord, but for some of it.
const RIGHTS: [&str; 12] = [
    "MESSAGE_CONTENT",
    "GUILD_MEMBERS",
    "VIEW_CHANNEL",
    "SEND_MESSAGES",
    "READ_MESSAGE_HISTORY",
    "MANAGE_WEBHOOKS",
    "ADD_REACTIONS",
    "MANAGE_MESSAGES",
    "ATTACH_FILES",
    "SEND_POLLS",
    "CREATE_PUBLIC_THREADS",
    "SEND_MESSAGES_IN_THREADS",
];

async fn discord_without(missing: &str, name: &str) {
    let rights: Vec<&str> = RIGHTS.into_iter().filter(|right| *right != missing).collect();
    Three::where_it_may("discord", &rights).await.place.finds(name);
}

/// Somebody does something to the linked room of a platform.
async fn after(platform: &str, act: fn(String) -> Act, name: &str) {
    let three = Three::new().await;
    let room = three.bench.room(platform);
    three.bench.people(platform).act(act(room)).unwrap();
    three.place.finds(name);
}

fn kick(room: String) -> Act {
    Act::Kick { bot: "Relay".into(), room }
}

fn close(room: String) -> Act {
    Act::Close { room }
}

/// Another id of a room in the config.
async fn written(platform: &str, id: &str, name: &str) {
    let three = Three::new().await;
    let room = format!("\"{platform}:{}\"", three.bench.room(platform));
    three.place.change(&room, &format!("\"{platform}:{id}\""));
    three.place.finds(name);
}

fn lobby(words: &'static str, name: &str) {
    Irc::new(Mood { lobby: words, ..Mood::default() }).place.finds(name);
}

#[tokio::test(flavor = "multi_thread")]
async fn discord_after_a_kick() {
    after("discord", kick, "discord: a bot that was kicked").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn discord_where_the_channel_is_deleted() {
    after("discord", close, "discord: a channel that was deleted").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn discord_without_webhooks() {
    discord_without("MANAGE_WEBHOOKS", "discord: without Manage Webhooks").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn discord_without_the_view() {
    discord_without("VIEW_CHANNEL", "discord: without View Channel").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn discord_without_posting() {
    discord_without("SEND_MESSAGES", "discord: without Send Messages").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn discord_without_history() {
    discord_without("READ_MESSAGE_HISTORY", "discord: without Read Message History").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn slack_after_a_kick() {
    after("slack", kick, "slack: a bot that was removed from the channel").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn slack_where_the_channel_is_archived() {
    after("slack", close, "slack: a channel that is archived").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn slack_with_an_id_that_is_none() {
    written("slack", "C0NOTHERE01", "slack: an id that no channel has").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn slack_with_a_name_that_is_none() {
    written("slack", "#genral", "slack: a name with a typing mistake").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn telegram_after_a_kick() {
    after("telegram", kick, "telegram: a bot that was removed from the group").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn telegram_without_administrators_rights() {
    let name = "telegram: a bot that is no administrator";
    Three::where_it_may("telegram", &["privacy_off"]).await.place.finds(name);
}

#[tokio::test(flavor = "multi_thread")]
async fn telegram_with_an_id_that_is_none() {
    written("telegram", "-1009999999999", "telegram: an id that no group has").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn telegram_after_the_group_became_a_supergroup() {
    let mut world = World::demo();
    world.telegram.spaces[0].rooms[0].id = "-4001234567".into();
    world.telegram.spaces[0].rooms[0].forum = false;
    let three = Three::of(world).await;
    let room = three.bench.room("telegram");
    three.bench.people("telegram").act(Act::Close { room }).unwrap();
    three.place.finds("telegram: a group that became a supergroup");
}

#[tokio::test(flavor = "multi_thread")]
async fn irc_for_those_who_are_invited() {
    lobby("473 Cannot join channel (+i)", "irc: a channel for those who are invited");
}

#[tokio::test(flavor = "multi_thread")]
async fn irc_that_has_banned_relay() {
    lobby("474 Cannot join channel (+b)", "irc: a channel that has banned Relay");
}

#[tokio::test(flavor = "multi_thread")]
async fn irc_with_another_key() {
    lobby("475 Cannot join channel (+k)", "irc: a channel that wants a key");
}

#[tokio::test(flavor = "multi_thread")]
async fn irc_that_is_full() {
    lobby("471 Cannot join channel (+l)", "irc: a channel that is full");
}

#[tokio::test(flavor = "multi_thread")]
async fn irc_for_those_with_an_account() {
    lobby("477 You need to be identified with services", "irc: a channel for those with an account");
}

#[tokio::test(flavor = "multi_thread")]
async fn irc_without_a_voice() {
    Irc::new(Mood { moderated: true, ..Mood::default() }).place.finds("irc: a channel that is moderated");
}

//! Rooms over the years: found by name, renamed, moved, taken away and given back; and other bots in them.

use crate::bench::{Bench, PLATFORMS, until};
use crate::joining::{ask, is_in, say_in};
use stand_ins::faults::Kind;
use stand_ins::people::Act;

fn rename(bench: &Bench, platform: &str, room: &str, name: &str) {
    let act = Act::Rename { room: room.to_owned(), name: name.to_owned() };
    bench.people(platform).act(act).expect("rooms can be renamed");
}

/// The config of the bench, with rooms by name.
fn by_name(bench: &Bench, links: &str) {
    let text = std::fs::read_to_string(bench.config()).unwrap();
    let (before, _) = text.split_once("[channels.lobby]").unwrap();
    std::fs::write(bench.config(), format!("{before}[channels.lobby]\nlinks = [{links}]\n")).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn rooms_are_found_by_name_and_stay_the_same_when_renamed() {
    let mut bench = Bench::new().await;
    by_name(&bench, "\"discord:Night Owls/#general\", \"slack:general\", \"telegram:sunday hikers\"");
    bench.start();
    bench.connected(3).await;
    // Telegram tells a bot of no chat before something happens there.
    bench.say("telegram", "we are here");
    let found = || {
        let status = bench.status().unwrap_or_default();
        let links = status["channels"][0]["links"].as_array().cloned().unwrap_or_default();
        links.len() == 3 && links.iter().all(|link| !link["name"].is_null())
    };
    until("all three are found", found).await;
    bench.say("discord", "hello by name");
    bench.arrives("slack", "hello by name").await;
    bench.arrives("telegram", "hello by name").await;
    for platform in PLATFORMS {
        rename(&bench, platform, &bench.room(platform), "another-name");
    }
    let renamed = || {
        let status = bench.status().unwrap_or_default();
        let links = status["channels"][0]["links"].as_array().cloned().unwrap_or_default();
        links.iter().all(|link| link["name"].as_str().is_some_and(|name| name.contains("another-name")))
    };
    until("the new names are known", renamed).await;
    for restarted in [false, true] {
        if restarted {
            bench.stop().await;
            bench.start();
            bench.connected(3).await;
        }
        bench.say("slack", &format!("under another name {restarted}"));
        bench.arrives("discord", &format!("under another name {restarted}")).await;
        bench.arrives("telegram", &format!("under another name {restarted}")).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn names_that_are_wrong_are_answered_with_the_nearest_and_the_others_go_on() {
    let mut bench = Bench::new().await;
    by_name(
        &bench,
        &format!(
            "\"discord:#genral\", \"slack:{}\", \"telegram:{}\"",
            bench.room("slack"),
            bench.room("telegram")
        ),
    );
    bench.start();
    bench.connected(3).await;
    let told = || {
        let status = bench.status().unwrap_or_default();
        status["channels"][0]["links"][0]["problems"].to_string().contains("Night Owls/#general")
    };
    until("the nearest name is told", told).await;
    bench.say("slack", "the others go on");
    bench.arrives("telegram", "the others go on").await;
    // It is put right, and `rooms` says how it is written.
    for running in [true, false] {
        if !running {
            bench.stop().await;
        }
        let listed = bench.command("rooms").arg("--json").output().unwrap();
        let listed: serde_json::Value = serde_json::from_slice(&listed.stdout).unwrap();
        let links = |at: usize| listed[at]["rooms"].as_array().cloned().unwrap_or_default();
        assert!(links(0).iter().any(|room| room["link"] == "discord:Night Owls/#general"), "{listed}");
        assert!(links(1).iter().any(|room| room["link"] == "slack:Studio/#general"), "{listed}");
        let table = String::from_utf8(bench.command("rooms").output().unwrap().stdout).unwrap();
        assert!(table.contains("\"discord:Night Owls/#random\""), "{table}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_that_becomes_a_supergroup_goes_on() {
    let mut bench = Bench::with_a_basic_group().await;
    bench.start();
    bench.connected(3).await;
    bench.say("discord", "before the move");
    bench.arrives("telegram", "before the move").await;
    let old = bench.room("telegram");
    let new = bench
        .people("telegram")
        .act(Act::Close { room: old.clone() })
        .expect("a group can become a supergroup");
    assert_ne!(new, old);
    bench.say("slack", "after the move");
    is_in(&bench, "telegram", &new, "after the move").await;
    say_in(&bench, "telegram", &new, "hello from the supergroup");
    bench.arrives("discord", "hello from the supergroup").await;
    bench.arrives("slack", "hello from the supergroup").await;
    assert_eq!(bench.counter("dead"), 0);
    let status = ask(&bench, "telegram", 0, &new, "/relay status").await;
    assert!(status.contains("Joined to lobby"), "{status}");
}

/// What waits follows the group also when nobody listened while it moved.
#[tokio::test(flavor = "multi_thread")]
async fn a_group_that_moves_while_relay_is_away_loses_nothing() {
    let mut bench = Bench::with_a_basic_group().await;
    bench.start();
    bench.connected(3).await;
    bench.fault("telegram", Kind::ServerError, 6, "sendMessage");
    for number in 0..3 {
        bench.say("discord", &format!("waiting {number}"));
    }
    let waits = || bench.status().is_some_and(|status| status.to_string().contains("\"queued\":3"));
    until("all of it waits", waits).await;
    bench.stop().await;
    let old = bench.room("telegram");
    let new = bench.people("telegram").act(Act::Close { room: old }).expect("it can become a supergroup");
    bench.start();
    bench.connected(3).await;
    for number in 0..3 {
        is_in(&bench, "telegram", &new, &format!("waiting {number}")).await;
    }
    let all = bench.people("telegram").messages(&new).unwrap();
    let order: Vec<_> =
        all.iter().filter(|seen| seen.text.contains("waiting ")).map(|seen| &seen.text).collect();
    assert!(order.is_sorted() && order.len() == 3, "{order:?}");
    assert_eq!(bench.counter("dead"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bot_that_is_thrown_out_and_let_in_again_goes_on_at_once() {
    let bench = Bench::started().await;
    for (platform, other) in [("telegram", "slack"), ("slack", "discord"), ("discord", "telegram")] {
        let (bot, room) = (bench.platform(platform).bots[0].id.clone(), bench.room(platform));
        let kick = Act::Kick { bot: bot.clone(), room: room.clone() };
        bench.people(platform).act(kick).expect("a bot can be thrown out");
        until("it is parked", || is_parked(&bench, platform)).await;
        bench.say(other, &format!("while away from {platform}"));
        until("it waits", || {
            bench.status().is_some_and(|status| status.to_string().contains("\"queued\":1"))
        })
        .await;
        bench.people(platform).act(Act::Invite { bot, room: room.clone() }).expect("a bot can be let in");
        // Within seconds: the lane does not wait for its next try, which is a minute away.
        bench.arrives(platform, &format!("while away from {platform}")).await;
        bench.say(platform, &format!("back on {platform}"));
        bench.arrives(other, &format!("back on {platform}")).await;
    }
    assert_eq!(bench.counter("dead"), 0);
}

fn is_parked(bench: &Bench, platform: &str) -> bool {
    let status = bench.status().unwrap_or_default();
    let links = status["channels"][0]["links"].as_array().cloned().unwrap_or_default();
    links.iter().any(|link| link["account"] == platform && link["lane"]["state"] == "parked")
}

/// An archived channel takes nothing; its lane waits, says so, and goes on when it is opened again.
#[tokio::test(flavor = "multi_thread")]
async fn an_archived_room_waits_and_goes_on() {
    let bench = Bench::started().await;
    let room = bench.room("slack");
    bench.people("slack").act(Act::Close { room: room.clone() }).expect("a channel can be archived");
    bench.say("discord", "into the archive");
    until("it is parked", || is_parked(&bench, "slack")).await;
    bench.arrives("telegram", "into the archive").await;
    let told = String::from_utf8(bench.command("status").output().unwrap().stdout).unwrap();
    assert!(told.contains("archived"), "{told}");
    let bot = bench.platform("slack").bots[0].id.clone();
    bench.people("slack").act(Act::Invite { bot, room }).expect("it can be opened again");
    bench.arrives("slack", "into the archive").await;
    assert_eq!(bench.counter("dead"), 0);
}

/// A guild that has an outage has not been left: nothing is parked, and all of it arrives afterwards.
#[tokio::test(flavor = "multi_thread")]
async fn a_guild_with_an_outage_is_not_left() {
    let bench = Bench::started().await;
    bench.fault("discord", Kind::Unavailable, 1, "");
    bench.say("slack", "during the outage");
    bench.arrives("telegram", "during the outage").await;
    bench.arrives("discord", "during the outage").await;
    bench.say("discord", "after the outage");
    bench.arrives("slack", "after the outage").await;
    assert_eq!((bench.counter("dead"), bench.counter("panicked")), (0, 0));
}

/// Another bridge in two rooms that Relay joins too. Where a link lets bots in, what it says itself is carried, and what it only
/// repeats is cut.
#[tokio::test(flavor = "multi_thread")]
async fn two_bridges_in_the_same_rooms_do_not_go_round_and_round() {
    let mut bench = Bench::with_another_bot().await;
    let text = std::fs::read_to_string(bench.config()).unwrap();
    let slack = format!("\"slack:{}\"", bench.room("slack"));
    let text = text.replace(&slack, &format!("{{ room = {slack}, bots = true }}"));
    std::fs::write(bench.config(), text).unwrap();
    bench.start();
    bench.connected(3).await;
    bench.say("discord", "good evening");
    bench.arrives("slack", "good evening").await;
    bench.bot_says("<Ada> good evening").await;
    until("the repeat is cut", || bench.counter("looped") > 0).await;
    bench.bot_says("the build is green").await;
    bench.arrives("telegram", "the build is green").await;
    bench.arrives("discord", "the build is green").await;
    assert_eq!(bench.with("discord", "good evening").len(), 1, "Ada's own");
    assert_eq!(bench.with("telegram", "good evening").len(), 1);
    let status = bench.status().unwrap().to_string();
    assert!(status.contains("Another bridge is in this room"), "{status}");
}

/// Two Relays in the same two rooms, each letting the other's messages in: what somebody says is there once more for each of
/// them, and not for ever.
#[tokio::test(flavor = "multi_thread")]
async fn two_relays_in_the_same_rooms_come_to_rest() {
    let mut bench = Bench::with_another_bot().await;
    let text = std::fs::read_to_string(bench.config()).unwrap();
    let rooms =
        [format!("\"discord:{}\"", bench.room("discord")), format!("\"slack:{}\"", bench.room("slack"))];
    let text = rooms
        .iter()
        .fold(text, |text, room| text.replace(room, &format!("{{ room = {room}, bots = true }}")));
    std::fs::write(bench.config(), &text).unwrap();
    bench.start();
    bench.connected(3).await;
    let _second = bench.second_relay(&text);
    let count =
        |platform: &str| bench.seen(platform).iter().filter(|seen| seen.text.contains("kettle")).count();
    let log = bench.dir.path().join("second/relay.log");
    let connected = || std::fs::read_to_string(&log).unwrap_or_default().matches(" connected ").count() >= 2;
    until("the second one is connected", connected).await;
    bench.say("discord", "kettle");
    bench.say("slack", &format!("kettle {}", (0..1500).map(|n| format!("{n} ")).collect::<String>()));
    until("it arrives", || count("slack") > 1 && count("discord") > 1).await;
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    let before = (count("discord"), count("slack"));
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    assert_eq!((count("discord"), count("slack")), before, "it goes round and round");
}

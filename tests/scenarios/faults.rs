//! What platforms do wrong, and admins too: nothing is lost, nothing else suffers, and it is said.

use crate::bench::{Bench, until};
use stand_ins::faults::Kind;
use stand_ins::people::Act;

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_token_parks_its_account_alone_and_says_so() {
    let mut bench = Bench::new().await;
    std::fs::write(bench.dir.path().join("discord"), "wrong").unwrap();
    bench.start();
    bench.connected(2).await;
    bench.say("slack", "hello");
    bench.arrives("telegram", "hello").await;
    let status = bench.status().unwrap();
    let discord = status["accounts"].as_array().unwrap().iter().find(|a| a["name"] == "discord").unwrap();
    assert_eq!(discord["state"], "parked", "{discord}");
    assert!(discord["problem"]["what"].as_str().unwrap().contains("token"), "{discord}");
    assert!(!discord["problem"]["fix"].as_str().unwrap().is_empty());
    assert!(!bench.log().contains("wrong"), "the token is in the log");
    assert!(bench.runs());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parked_account_that_was_up_before_gets_its_messages_later() {
    let mut bench = Bench::started().await;
    bench.stop().await;
    let token = std::fs::read_to_string(bench.dir.path().join("discord")).unwrap();
    std::fs::write(bench.dir.path().join("discord"), "wrong").unwrap();
    bench.start();
    bench.connected(2).await;
    bench.say("slack", "kept");
    bench.arrives("telegram", "kept").await;
    bench.stop().await;
    std::fs::write(bench.dir.path().join("discord"), token).unwrap();
    bench.start();
    bench.arrives("discord", "kept").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_webhook_is_made_again() {
    let bench = Bench::started().await;
    bench.say("slack", "one");
    bench.arrives("discord", "one").await;
    bench.people("discord").act(Act::DeleteWebhooks { room: bench.room("discord") }).unwrap();
    bench.say("slack", "two");
    let copy = bench.arrives("discord", "two").await;
    assert_eq!(copy.author, bench.persona("slack"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bot_that_was_thrown_out_parks_its_lane_and_says_so() {
    let bench = Bench::started().await;
    let bot = "Relay".to_owned();
    bench.people("telegram").act(Act::Kick { bot, room: bench.room("telegram") }).unwrap();
    bench.say("slack", "without telegram");
    bench.arrives("discord", "without telegram").await;
    until("the lane is parked", || {
        let status = bench.status().unwrap();
        let links = status["channels"][0]["links"].as_array().unwrap().clone();
        links.iter().any(|l| l["account"] == "telegram" && l["lane"]["state"] == "parked" && l["queued"] == 1)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_and_outages_delay_but_lose_nothing() {
    let bench = Bench::started().await;
    let faults = [
        ("discord", Kind::RateLimit, 3, "/webhooks/"),
        ("discord", Kind::ServerError, 3, "/webhooks/"),
        ("slack", Kind::RateLimit, 3, "chat.postMessage"),
        ("slack", Kind::ServerError, 3, "chat.postMessage"),
        ("telegram", Kind::RateLimit, 3, "sendMessage"),
        ("telegram", Kind::ServerError, 3, "sendMessage"),
    ];
    for (platform, kind, times, only) in faults {
        bench.fault(platform, kind, times, only);
        let origin = if platform == "slack" { "telegram" } else { "slack" };
        for number in 0..5 {
            bench.say(origin, &format!("{platform}-{kind:?}-{number}."));
        }
        let word = format!("{platform}-{kind:?}-");
        until(&format!("{word} arrives"), || bench.with(platform, &word).len() >= 5).await;
        let found: Vec<_> = bench.with(platform, &word).into_iter().map(|m| m.text).collect();
        for (number, text) in found.iter().enumerate() {
            assert!(text.contains(&format!("{word}{number}.")), "once, and in order: {found:?}");
        }
    }
    assert_eq!(bench.counter("dead"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_outcome_is_repeated_and_counted() {
    let bench = Bench::started().await;
    bench.fault("telegram", Kind::CutAfter, 1, "sendMessage");
    bench.say("slack", "perhaps");
    until("it is sent again", || bench.with("telegram", "perhaps").len() >= 2).await;
    until("it is counted", || bench.counter("unsure") == 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_break_come_back_and_repetitions_are_one_message() {
    let bench = Bench::started().await;
    for (platform, there) in [("discord", "slack"), ("slack", "discord"), ("telegram", "slack")] {
        bench.fault(platform, Kind::Disconnect, 1, "");
        bench.say(platform, &format!("cut-{platform}"));
        bench.arrives(there, &format!("cut-{platform}")).await;
        bench.fault(platform, Kind::Duplicate, 1, "");
        bench.say(platform, &format!("twice-{platform}"));
        bench.arrives(there, &format!("twice-{platform}")).await;
        bench.say(platform, &format!("after-{platform}"));
        bench.arrives(there, &format!("after-{platform}")).await;
        bench.arrives(there, &format!("twice-{platform}")).await;
    }
    bench.fault("discord", Kind::RefuseResume, 1, "");
    bench.fault("discord", Kind::Disconnect, 1, "");
    until("it is connected again", || {
        let word = format!("anew-{}", bench.seen("discord").len());
        bench.say("discord", &word);
        std::thread::sleep(std::time::Duration::from_millis(200));
        !bench.with("slack", "anew-").is_empty()
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_platform_that_is_down_slows_only_itself() {
    let bench = Bench::started().await;
    bench.fault("telegram", Kind::ServerError, 1000, "sendMessage");
    for number in 0..20 {
        bench.say("slack", &format!("steady-{number}."));
    }
    until("Discord has it all", || bench.with("discord", "steady-").len() == 20).await;
    assert!(bench.with("telegram", "steady-").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_a_removed_link_or_account_is_closed_and_said() {
    for remove_the_account in [false, true] {
        let mut bench = Bench::started().await;
        bench.fault("telegram", Kind::ServerError, 1000, "sendMessage");
        bench.say("slack", "too late");
        bench.arrives("discord", "too late").await;
        bench.stop().await;
        let config = std::fs::read_to_string(bench.config()).unwrap();
        let mut config = config.replace(&format!(", \"telegram:{}\"", bench.room("telegram")), "");
        if remove_the_account {
            let (before, after) = config.split_once("[accounts.telegram]").unwrap();
            config = format!("{before}[channels.lobby]{}", after.split_once("[channels.lobby]").unwrap().1);
        }
        std::fs::write(bench.config(), config).unwrap();
        bench.start();
        bench.connected(if remove_the_account { 2 } else { 3 }).await;
        until("the row is closed", || {
            let letters = bench.status().unwrap()["dead_letters"].as_array().unwrap().clone();
            letters.len() == 1 && letters[0]["reason"] == "unlinked"
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_credential_that_is_refused_in_the_middle_is_not_hammered_and_resumes_by_itself() {
    let bench = Bench::started().await;
    bench.fault("slack", Kind::Unauthorized, 3, "chat.postMessage");
    bench.say("discord", "patience");
    until("it is parked", || {
        let accounts = bench.status().unwrap()["accounts"].as_array().unwrap().clone();
        accounts.iter().any(|a| a["name"] == "slack" && a["state"] == "parked")
    })
    .await;
    bench.arrives("telegram", "patience").await;
    bench.arrives("slack", "patience").await;
    let refused = bench.log().matches("a delivery was refused").count();
    assert_eq!(refused, 3, "each refusal is followed by a look at the credential, not by another try");
}

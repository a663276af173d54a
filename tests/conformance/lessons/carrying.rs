//! Media, and safety.

use super::{file, give, hashes, message, others};
use crate::bench::{Bench, PLATFORMS, until};
use stand_ins::faults::{Fault, Kind};
use stand_ins::people::Act;

/// The bytes are moved, never the link; and a fetch that failed is made again, not remembered as done.
#[tokio::test(flavor = "multi_thread")]
async fn lesson_18_files_are_moved_as_bytes_and_a_failed_transfer_is_made_again() {
    let bench = Bench::started().await;
    // The paths that files are fetched by.
    for (origin, fetched) in [("discord", "/attachments/"), ("slack", "/files-pri/"), ("telegram", "/file/")]
    {
        let word = format!("bytes of {origin}");
        let fault = Fault { kind: Kind::ServerError, times: 1, only: Some(fetched.to_owned()), seconds: 1.0 };
        bench.people(origin).fault(fault).unwrap();
        let id = give(&bench, origin, &word, file(&format!("{origin}.bin"), 300_000));
        let given = message(&bench, origin, &id).attachments[0].clone();
        for there in others(origin) {
            until(&format!("the file of {origin} is on {there}"), || {
                hashes(&bench, there).contains(&given.hash)
            })
            .await;
            let copies = bench.seen(there).into_iter().flat_map(|seen| seen.attachments);
            let copy = copies.into_iter().find(|copy| copy.hash == given.hash).unwrap();
            assert!(
                copy.url.starts_with(&bench.people(there).api_url()),
                "it is {there}'s own: {}",
                copy.url
            );
            let bytes = reqwest::get(&copy.url).await.unwrap().bytes().await.unwrap();
            assert_eq!(bytes.len() as u64, given.size, "{origin} on {there}");
            let texts = bench.seen(there).into_iter().map(|seen| seen.text).collect::<String>();
            assert!(!texts.contains(&given.url), "no link to {origin} is shown on {there}");
        }
    }
    assert_eq!(bench.counter("dead"), 0);
}

/// Telegram takes 50 MB and gives 20; what is larger is named with its size, and the text comes all the same.
#[tokio::test(flavor = "multi_thread")]
async fn lesson_19_what_does_not_fit_is_named_with_its_size_and_the_reason() {
    let bench = Bench::started().await;
    give(&bench, "slack", "a film for all", file("film.bin", 60_000_000));
    let told = bench.arrives("telegram", "a film for all").await;
    assert!(told.text.contains("film.bin (60 MB)"), "{told:?}");
    give(&bench, "telegram", "more than a bot may fetch", file("long.bin", 30_000_000));
    for there in others("telegram") {
        let told = bench.arrives(there, "more than a bot may fetch").await;
        assert!(told.text.contains("long.bin (30 MB)"), "{told:?}");
    }
}

/// Whatever calls everybody on one platform calls nobody on another.
#[tokio::test(flavor = "multi_thread")]
async fn lesson_20_calls_to_everybody_are_inert_elsewhere() {
    let bench = Bench::started().await;
    for origin in PLATFORMS {
        let everybody: Vec<String> = others(origin)
            .flat_map(|there| bench.platform(there).people.clone())
            .flat_map(|person| {
                [format!("@{}", person.name), format!("@{}", person.handle), format!("<@{}>", person.id)]
            })
            .collect();
        let calls = "@everyone @here @channel <!channel> <!here> <!everyone> @room <@&1> <!subteam^S1>";
        bench.say(origin, &format!("calls-{origin} {calls} {}", everybody.join(" ")));
        for there in others(origin) {
            bench.arrives(there, &format!("calls-{origin}")).await;
        }
        // And in a name of a file, an answer and an edit.
        let id = give(&bench, origin, &format!("named-{origin}"), file("@everyone <!channel>.txt", 10));
        bench.edit(origin, &id, &format!("named-{origin} {calls}"));
        for there in others(origin) {
            until("it is there", || {
                bench.with(there, &format!("named-{origin}")).iter().any(|m| m.text.contains("room"))
            })
            .await;
        }
    }
    for platform in PLATFORMS {
        for seen in bench.seen(platform).iter().filter(|seen| seen.by_bot) {
            assert!(seen.pinged.is_empty(), "{seen:?}");
        }
    }
}

/// Requests that fail in every way, with an address that is a secret.
#[tokio::test(flavor = "multi_thread")]
async fn lesson_21_no_log_and_no_answer_shows_a_secret() {
    let bench = Bench::started().await;
    bench.say("slack", "before the faults");
    bench.arrives("discord", "before the faults").await;
    let faults = [Kind::ServerError, Kind::RateLimit, Kind::CutAfter, Kind::Unauthorized];
    for (platform, only) in
        [("discord", "/webhooks/"), ("slack", "chat.postMessage"), ("telegram", "sendMessage")]
    {
        let origin = if platform == "slack" { "telegram" } else { "slack" };
        for kind in faults {
            bench.fault(platform, kind, 1, only);
            bench.say(origin, &format!("{platform}-{kind:?}"));
            until("it arrives", || !bench.with(platform, &format!("{platform}-{kind:?}")).is_empty()).await;
        }
        bench.people(platform).act(Act::DeleteWebhooks { room: bench.room(platform) }).ok();
    }
    let command = |name: &str| {
        let output = bench.command(name).output().unwrap();
        String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
    };
    let said = format!("{}{}{}", bench.log(), command("status"), command("check"));
    for platform in PLATFORMS {
        let bot = &bench.platform(platform).bots[0];
        for secret in [&bot.token, &bot.app_token] {
            assert!(secret.is_empty() || !said.contains(secret.as_str()), "{platform}'s token is shown");
        }
    }
    assert!(said.contains("not delivered yet"), "something went wrong, and was told");
    // A webhook's address ends with its token.
    let shown: Vec<&str> =
        said.split("/webhooks/").skip(1).map(|after| after.split_whitespace().next().unwrap_or("")).collect();
    assert!(shown.iter().all(|after| !after.contains('/')), "{shown:?}");
}

//! Rate limits and order.

use super::{count, settled};
use crate::bench::{Bench, PLATFORMS, until};
use stand_ins::faults::{Fault, Kind};
use std::time::{Duration, Instant};

/// The request that posts, on each platform.
const POSTS: [(&str, &str); 3] =
    [("discord", "/webhooks/"), ("slack", "chat.postMessage"), ("telegram", "sendMessage")];

/// It cannot be avoided: it is obeyed, and holds only the room that it is about.
#[tokio::test(flavor = "multi_thread")]
async fn lesson_11_a_rate_limit_is_obeyed_and_costs_nothing_but_time() {
    let bench = Bench::started().await;
    for (there, only) in POSTS {
        let origin = if there == "slack" { "telegram" } else { "slack" };
        let free = PLATFORMS.into_iter().find(|platform| *platform != there && *platform != origin).unwrap();
        let only = Some(only.to_owned());
        bench.people(there).fault(Fault { kind: Kind::RateLimit, times: 1, only, seconds: 2.0 }).unwrap();
        let began = Instant::now();
        bench.say(origin, &format!("limited-{there}"));
        bench.arrives(free, &format!("limited-{there}")).await;
        assert!(began.elapsed() < Duration::from_millis(1_800), "{free} does not wait for {there}");
        bench.arrives(there, &format!("limited-{there}")).await;
        assert!(began.elapsed() >= Duration::from_millis(1_900), "{there} was asked again too early");
    }
    assert_eq!((bench.counter("rate_limited"), bench.counter("dead")), (3, 0));
}

/// A flood with refusals in the middle of it.
#[tokio::test(flavor = "multi_thread")]
async fn lesson_12_a_flood_ends_in_the_right_room_in_the_right_order() {
    let bench = Bench::started().await;
    for (there, only) in POSTS {
        bench.fault(there, Kind::RateLimit, 3, only);
    }
    for number in 0..120 {
        let origin = PLATFORMS[number % 3];
        bench.say(origin, &format!("flood-{origin}-{number:03}."));
    }
    for there in PLATFORMS {
        until(&format!("all of it is on {there}"), || count(&bench, there, "flood-") >= 120).await;
    }
    settled(&bench, "slack", "after the flood.").await;
    for there in PLATFORMS {
        for origin in PLATFORMS {
            let texts: Vec<String> =
                bench.with(there, &format!("flood-{origin}-")).into_iter().map(|m| m.text).collect();
            assert_eq!(texts.len(), 40, "{origin} on {there}");
            let numbers: Vec<&str> = texts.iter().filter_map(|text| text.rsplit('-').next()).collect();
            assert!(numbers.is_sorted(), "{origin} on {there}: {numbers:?}");
        }
    }
    assert_eq!(bench.counter("dead"), 0);
}

/// A platform that repeats an event, also after a connection was cut: the second is no message.
#[tokio::test(flavor = "multi_thread")]
async fn lesson_13_a_repeated_event_is_one_message() {
    let bench = Bench::started().await;
    for origin in PLATFORMS {
        bench.fault(origin, Kind::Duplicate, 1, "");
        bench.say(origin, &format!("twice-{origin}."));
        bench.fault(origin, Kind::Disconnect, 1, "");
        bench.say(origin, &format!("over the cut-{origin}."));
        settled(&bench, origin, &format!("after-{origin}.")).await;
        for there in super::others(origin) {
            for word in ["twice-", "over the cut-", "after-"] {
                assert_eq!(count(&bench, there, &format!("{word}{origin}.")), 1, "{word}{origin} on {there}");
            }
        }
    }
}

//! What people choose for a time, and a clock that is set over its end and back: read byte by byte off the stand-ins' sockets.

use crate::bench::{Bench, until};
use crate::joining::ask;
use crate::other_time::Clock;
use crate::privacy::{bench, choose, has_passed, listen, others, reached_nobody, react, say};

/// A clock for Relay alone; none where there cannot be one, which is a failure where there has to be.
pub fn clock() -> Option<Clock> {
    let clock = Clock::new();
    if clock.is_none() {
        println!("a clock that is set: NOT TESTED, because libfaketime is not installed");
        assert!(std::env::var_os("RELAY_REQUIRE_FAULTS").is_none(), "RELAY_REQUIRE_FAULTS is set");
    }
    clock
}

/// A Relay with it.
async fn with_a_clock() -> Option<(Bench, Clock)> {
    let clock = clock()?;
    let mut bench = bench().await;
    start(&mut bench, &clock).await;
    Some((bench, clock))
}

pub async fn start(bench: &mut Bench, clock: &Clock) {
    bench.start_with(&clock.of_the_day());
    bench.connected(3).await;
}

/// Of the first of Discord: says something, changes what is there, reacts. Others are carried meanwhile.
async fn nothing_crosses(bench: &Bench, when: &str, there: Option<&str>) {
    listen(bench);
    let (words, changed) = (format!("flimflam {when}"), format!("wishwash {when}"));
    let message = say(bench, "discord", 0, &words, None);
    bench.edit("discord", &message, &changed);
    if let Some(there) = there {
        bench.edit("discord", there, &changed);
    }
    let of_another = say(bench, "discord", 1, &format!("heard {when}"), None);
    react(bench, "discord", 0, &of_another, "🦉");
    has_passed(bench, "discord", &format!("others are heard {when}")).await;
    reached_nobody(bench, "discord", &[&words, &changed, "🦉", "Adalberta"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_allowed_for_a_time_is_over_whatever_the_clock_says_then() {
    let Some((mut bench, clock)) = with_a_clock().await else { return };
    let room = bench.room("discord");
    choose(&bench, "discord", 0, "none").await;
    nothing_crosses(&bench, "before it is allowed", None).await;
    let words = ask(&bench, "discord", 0, &room, "/relay consent grant bridging for 1 hour").await;
    assert!(words.contains("allowed until"), "{words}");
    let there = say(&bench, "discord", 0, "said while it is allowed", None);
    for platform in others("discord") {
        bench.arrives(platform, "said while it is allowed").await;
    }
    clock.set("+2h");
    nothing_crosses(&bench, "when it is over", Some(&there)).await;
    // Before that end, and before it was said at all.
    for (set, when) in [("+10m", "on a clock set back"), ("-1h", "on a clock set far back")] {
        clock.set(set);
        nothing_crosses(&bench, when, Some(&there)).await;
    }
    clock.set("+10m");
    bench.kill();
    start(&mut bench, &clock).await;
    nothing_crosses(&bench, "after a start", Some(&there)).await;
    bench.stop().await;
    start(&mut bench, &clock).await;
    nothing_crosses(&bench, "after another start", Some(&there)).await;
    for platform in others("discord") {
        assert!(
            bench.with(platform, "said while it is allowed").is_empty(),
            "its author has changed it since"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_was_ahead_for_a_moment_ends_what_is_allowed_and_nothing_that_is_forbidden() {
    let Some((mut bench, clock)) = with_a_clock().await else { return };
    let room = bench.room("discord");
    let words = ask(&bench, "discord", 0, &room, "/relay consent revoke bridging for 1 hour").await;
    assert!(words.contains("not allowed until"), "{words}");
    nothing_crosses(&bench, "while it is forbidden", None).await;
    for platform in others("discord") {
        choose(&bench, platform, 0, "none").await;
        let words =
            ask(&bench, platform, 0, &bench.room(platform), "/relay consent grant bridging for 1 hour").await;
        assert!(words.contains("allowed until"), "{words}");
        say(&bench, platform, 0, &format!("{platform} may be heard"), None);
        for other in others(platform) {
            bench.arrives(other, &format!("{platform} may be heard")).await;
        }
    }
    clock.set("+2h");
    has_passed(&bench, "discord", "ahead").await;
    clock.set("+0");
    for when in ["after a leap", "after a leap and a start"] {
        nothing_crosses(&bench, when, None).await;
        for platform in others("discord") {
            listen(&bench);
            let words = format!("wigwam {when}");
            say(&bench, platform, 0, &words, None);
            has_passed(&bench, platform, &format!("others of {platform} {when}")).await;
            reached_nobody(&bench, platform, &[&words]);
        }
        bench.kill();
        start(&mut bench, &clock).await;
    }
    // It was for an hour: by then the platforms' clocks say so too.
    until("nothing is given up", || bench.counter("dead") == 0).await;
}

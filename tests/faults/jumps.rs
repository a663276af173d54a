//! A clock that jumps while people talk.

use crate::bench::{Bench, PLATFORMS};
use crate::load::Load;
use crate::other_time::Clock;
use std::time::{Duration, Instant};

/// Where the time of day jumps to, one after the other; after every second jump Relay is killed and started.
const JUMPS: [&str; 6] = ["+1h", "@1970-01-01 00:00:01", "-1h", "+1h", "@1970-01-01 00:00:01", "+0"];
/// How long people talk before each jump, and after it.
const LASTS: Duration = Duration::from_millis(300);
/// Longest until the last message is there, on a busy machine: nothing waits for a clock.
const PATIENCE: Duration = Duration::from_secs(45);

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_jumps_both_ways_loses_disorders_and_delays_nothing() {
    let Some(clock) = Clock::new() else { return crate::not_tested("a clock that jumps", "libfaketime") };
    let mut bench = Bench::new().await;
    bench.start_with(&clock.of_the_day());
    bench.connected(3).await;
    let load = Load::start(&bench);
    load.pause();
    let mut longest = Duration::ZERO;
    for (number, jump) in JUMPS.into_iter().enumerate() {
        load.go_on();
        tokio::time::sleep(LASTS).await;
        clock.set(jump);
        tokio::time::sleep(LASTS).await;
        load.pause();
        // Ids of a new process must stand behind those of an earlier one, whatever the clock says.
        if number % 2 == 1 {
            bench.kill();
            bench.start_with(&clock.of_the_day());
            bench.connected(3).await;
        }
        let began = Instant::now();
        while load.outcome().missing(&bench) > 0 && began.elapsed() < PATIENCE {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        longest = longest.max(began.elapsed());
    }
    load.stop().await;
    bench.stop().await;
    let outcome = load.outcome();
    let (mut table, mut wrong) = (String::new(), Vec::new());
    for there in PLATFORMS {
        let room = outcome.examine(&bench, there);
        table += &format!(
            "{there:<10} {:?} missing, {} disordered, {} doubled, {} stale\n",
            room.missing, room.disorder, room.doubles, room.stale
        );
        // A kill may double what was under way, once a lane.
        if room.missing + room.disorder + room.stale > 0 || room.doubles > JUMPS.len() / 2 {
            wrong.push(format!("{there}: {:?}", room.missing_words));
        }
    }
    crate::tell(&format!(
        "{} posts, {} edits, clock at {JUMPS:?}; all was there within {longest:.1?}\n{table}",
        outcome.posts(),
        outcome.edits()
    ));
    assert!(wrong.is_empty(), "{wrong:?}");
}

//! Against the real platforms, when it is asked for: see the README beside it.

use std::env;

#[tokio::test]
#[ignore = "writes in real rooms: RELAY_LIVE=1 and tokens are needed, see tests/live/README.md"]
async fn the_platforms_keep_their_side() {
    assert_eq!(env::var("RELAY_LIVE").as_deref(), Ok("1"), "set RELAY_LIVE=1 to write in real rooms");
    let named = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
    let targets = live::targets(named).unwrap_or_else(|missing| panic!("{missing}"));
    assert!(!targets.is_empty(), "no platform has a token and a room: see tests/live/README.md");
    let mut holds = true;
    for target in targets {
        let outcome = live::drive(target).await;
        print!("{outcome}");
        holds &= outcome.holds();
    }
    assert!(holds, "something did not hold; the table says what");
}

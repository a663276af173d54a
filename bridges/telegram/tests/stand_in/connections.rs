//! The connection over time: what is confirmed, and when it is mended.

use crate::rig::{Rig, eventually};
use relay_contract::Timestamp;
use relay_contract::errors::ListenError;
use stand_ins::faults::Kind;
use std::time::{Duration, Instant};

/// C7: an offset passes an update only after its accept.
#[tokio::test]
async fn nothing_is_confirmed_before_it_is_accepted() {
    let rig = Rig::start().await;
    let ids: Vec<String> = (0..150).map(|i| rig.say("Hana", &format!("m{i}"), None)).collect();
    let mut heard = rig.listen_holding(None);
    // A hundred in the first answer; they overlap, in order, and none is confirmed while one of them waits.
    // The first of the 32 is the room itself.
    let first: Vec<_> = heard.begun(32).await;
    assert_eq!(first, (0..31).map(|i| format!("m{i}")).collect::<Vec<_>>());
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(rig.world.telegram.acknowledged().is_empty());
    heard.release(151);
    eventually(|| rig.world.telegram.acknowledged().len() == 150).await;
    assert_eq!(rig.world.telegram.acknowledged(), ids);
    let order = (0..150).map(|i| format!("m{i}")).collect::<Vec<_>>();
    assert_eq!(heard.all(), order);
}

/// C7: after `Stopped` nothing more is confirmed, and another start gets it all again.
#[tokio::test]
async fn what_was_not_accepted_comes_again() {
    let rig = Rig::start().await;
    let (mut heard, mut running) = rig.listen_to_end(None);
    heard.connected().await;
    heard.stop_accepting();
    rig.say("Hana", "not lost", None);
    assert_eq!(running.ended().await, Ok(()));
    assert!(rig.world.telegram.acknowledged().is_empty());
    let mut again = rig.listen(None);
    assert_eq!(again.words().await, "not lost");
}

#[tokio::test]
async fn what_the_cursor_has_passed_is_not_handed_up_again() {
    let rig = Rig::start().await;
    let (mut heard, mut running) = rig.listen_to_end(None);
    rig.say("Hana", "one", None);
    let cursor = heard.cursor().await;
    heard.stop();
    assert_eq!(running.ended().await, Ok(()));
    rig.say("Hana", "two", None);
    let mut again = rig.listen(Some(cursor));
    assert_eq!(again.words().await, "two");
    // A cursor of another age hides nothing.
    rig.say("Hana", "three", None);
    eventually(|| rig.world.telegram.acknowledged().len() == 3).await;
    again.stop();
    rig.say("Hana", "four", None);
    assert_eq!(rig.listen(Some("2000000000".into())).words().await, "four");
}

/// C12.
#[tokio::test]
async fn a_connection_is_mended() {
    let rig = Rig::start().await;
    let mut heard = rig.listen(None);
    heard.connected().await;
    for (kind, says) in [
        (Kind::Disconnect, "did not answer"),
        (Kind::ServerError, "502"),
        (Kind::RateLimit, "wait for 1 s"),
        (Kind::CutAfter, "did not answer"),
    ] {
        rig.fault(kind, "getUpdates", 1.0);
        rig.say("Hana", "poke the poll that waits", None);
        let reason = heard.interrupted().await;
        assert!(reason.contains(says), "{kind:?}: {reason}");
        assert!(!reason.contains("demo-telegram"), "{reason}");
        heard.connected().await;
        let word = format!("after {kind:?}");
        rig.say("Hana", &word, None);
        while heard.words().await != word {}
    }
}

/// The one that was there first is told what to do, and goes on by itself when it is alone again.
#[tokio::test]
async fn two_programs_with_one_token() {
    let rig = Rig::start().await;
    let (mut one, mut first) = rig.listen_to_end(None);
    one.connected().await;
    let (mut two, mut second) = rig.listen_to_end(None);
    two.connected().await;
    let Err(ListenError::Refused(problem)) = first.ended().await else { panic!("it polls on") };
    assert!(problem.what.contains("Another program polls with this bot's token"), "{problem}");
    assert!(problem.fix.contains("Stop the other program") && problem.fix.contains("by itself"), "{problem}");
    two.stop();
    assert_eq!(second.ended().await, Ok(()));
    let (began, mut again) = (Instant::now(), rig.listen(None));
    again.connected().await;
    assert!(began.elapsed() > Duration::from_secs(10), "only a poll that is left alone shows it");
    rig.say("Hana", "alone again", None);
    assert_eq!(again.words().await, "alone again");
    again.stop();
    let (began, mut calm) = (Instant::now(), rig.listen(None));
    calm.connected().await;
    assert!(began.elapsed() < Duration::from_secs(5), "it is forgotten");
}

/// C35: Telegram keeps updates for a day, and does not say what it has thrown away.
#[tokio::test]
async fn an_absence_of_more_than_a_day_is_said() {
    let rig = Rig::start().await;
    let hours = |hours: i64| Timestamp::now().0 - hours * 3_600_000;
    let cases = [
        (None, false),
        (Some("5".to_owned()), false),
        (Some(format!("5@{}", hours(23))), false),
        (Some(format!("5@{}", hours(25))), true),
        (Some(format!("@{}", hours(2_000))), true),
    ];
    for (cursor, missed) in cases {
        let mut heard = rig.listen(cursor.clone());
        rig.say("Hana", "anything", None);
        let said = heard.missed().await;
        assert_eq!(said.is_some(), missed, "{cursor:?}: {said:?}");
        assert!(said.is_none_or(|said| said.contains("UTC") && said.contains("for a day")));
        heard.stop();
    }
}

/// When the bot was polled last is known also where nothing is said for days.
#[tokio::test]
async fn a_poll_that_brings_nothing_is_remembered() {
    let rig = Rig::start().await;
    let before = Timestamp::now().0;
    for (cursor, next) in [(None, ""), (Some("5"), "5"), (Some("5@17"), "5"), (Some("@17"), "")] {
        let mut heard = rig.listen(cursor.map(str::to_owned));
        let moved = heard.moved().await;
        let (kept, at) = moved.split_once('@').unwrap();
        assert!(kept == next && at.parse::<i64>().unwrap() >= before, "{cursor:?}: {moved}");
        heard.stop();
    }
}

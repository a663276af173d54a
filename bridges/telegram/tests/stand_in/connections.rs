//! The connection over time: what is confirmed, and when it is mended.

use crate::rig::{Rig, eventually};
use stand_ins::faults::Kind;
use std::time::Duration;

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

#[tokio::test]
async fn two_programs_with_one_token() {
    let rig = Rig::start().await;
    let mut one = rig.listen(None);
    one.connected().await;
    let mut two = rig.listen(None);
    two.connected().await;
    let reason = one.interrupted().await;
    assert!(reason.contains("another program polls this bot"), "{reason}");
}

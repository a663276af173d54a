//! C14, C15: what the engine is told when something goes wrong, and what has then been done.

use crate::rig::{Rig, eventually};
use relay_contract::{DeliverError, Feature, Scope, Support};
use stand_ins::faults::Kind;
use std::time::{Duration, Instant};

/// With the webhook made already, so that faults hit the post itself.
async fn warm() -> Rig {
    let rig = Rig::ready().await;
    rig.post("warm", "Elif").await.unwrap();
    rig
}

#[tokio::test]
async fn a_rate_limit_is_told_at_once_and_nothing_was_done() {
    let rig = warm().await;
    rig.fault(Kind::RateLimit, "POST /api/v10/webhooks/", 3.0);
    for what in ["answered 429", "the bucket is shut"] {
        let begun = Instant::now();
        let Err(DeliverError::RateLimited { retry_after, scope }) = rig.post("late", "Elif").await else {
            panic!("{what}")
        };
        assert!(begun.elapsed() < Duration::from_secs(1), "{what}: waited {:?}", begun.elapsed());
        assert!(
            retry_after <= Duration::from_secs(3) && retry_after > Duration::from_secs(1),
            "{what}: {retry_after:?}"
        );
        assert_eq!(scope, Scope::Room, "{what}");
    }
    assert_eq!(rig.all().len(), 1);
    tokio::time::sleep(Duration::from_millis(3_100)).await;
    rig.post("late", "Elif").await.unwrap();
    assert_eq!(rig.all().len(), 2);
}

#[tokio::test]
async fn a_rate_limit_of_an_edit_or_a_delete_is_told_too() {
    let rig = warm().await;
    let message = rig.post("hello", "Elif").await.unwrap().message;
    rig.fault(Kind::RateLimit, "PATCH", 1.0);
    assert!(matches!(rig.change(&message, "x").await, Err(DeliverError::RateLimited { .. })));
    rig.fault(Kind::RateLimit, "DELETE", 1.0);
    assert!(matches!(rig.remove(&message).await, Err(DeliverError::RateLimited { .. })));
    let seen = rig.seen(&message.id);
    assert!(!seen.edited && !seen.deleted);
}

#[tokio::test]
async fn a_server_error_has_not_been_done() {
    let rig = warm().await;
    rig.fault(Kind::ServerError, "POST /api/v10/webhooks/", 1.0);
    let told = rig.post("lost", "Elif").await;
    assert!(matches!(told, Err(DeliverError::Unavailable(_))), "{told:?}");
    assert_eq!(rig.all().len(), 1);
}

#[tokio::test]
async fn an_answer_that_is_cut_off_is_unsure() {
    let rig = warm().await;
    rig.fault(Kind::CutAfter, "POST /api/v10/webhooks/", 1.0);
    let told = rig.post("done", "Elif").await;
    assert!(matches!(told, Err(DeliverError::Unsure(_))), "{told:?}");
    assert_eq!(rig.all().last().unwrap().text, "done");
}

#[tokio::test]
async fn an_answer_that_does_not_come_is_unsure() {
    let rig = warm().await;
    rig.fault(Kind::Slow, "POST /api/v10/webhooks/", 60.0);
    let begun = Instant::now();
    let told = rig.post("slow", "Elif").await;
    assert!(matches!(told, Err(DeliverError::Unsure(_))), "{told:?}");
    assert!(begun.elapsed() < Duration::from_secs(10));
}

/// What comes before the post has not begun it.
#[tokio::test]
async fn an_unclear_outcome_of_finding_the_webhook_is_not_unsure() {
    let rig = Rig::ready().await;
    rig.fault(Kind::CutAfter, "POST /api/v10/channels/", 1.0);
    let told = rig.post("never sent", "Elif").await;
    assert!(matches!(told, Err(DeliverError::Unavailable(_))), "{told:?}");
    assert_eq!(rig.all().len(), 0);
    // The webhook was made all the same, and is found.
    rig.post("sent", "Elif").await.unwrap();
    assert_eq!(rig.all().len(), 1);
}

#[tokio::test]
async fn a_refused_credential_and_a_kick_park() {
    let rig = warm().await;
    let hook = rig.post("hello", "Elif").await.unwrap().message;
    rig.delete_webhooks();
    assert!(matches!(rig.post("x", "Elif").await, Err(DeliverError::Unavailable(_))));
    rig.fault(Kind::Unauthorized, "/webhooks", 1.0);
    let told = rig.post("x", "Elif").await;
    assert!(matches!(told, Err(DeliverError::Unauthorized(_))), "{told:?}");
    // It was only once, and the library does not hold it against us.
    rig.post("x", "Elif").await.unwrap();
    rig.kick();
    rig.delete_webhooks();
    assert!(rig.post("x", "Elif").await.is_err());
    let told = rig.post("x", "Elif").await;
    assert!(matches!(told, Err(DeliverError::Forbidden(_))), "{told:?}");
    let told = rig.remove(&hook).await;
    assert!(told.is_err(), "{told:?}");
}

/// While listening nobody asks for a `preflight`.
#[tokio::test]
async fn a_bot_that_is_invited_back_posts_under_names_again() {
    let rig = Rig::ready().await;
    let mut heard = rig.listen(None);
    heard.connected().await;
    rig.kick();
    let told = rig.post("x", "Elif").await;
    assert!(matches!(told, Err(DeliverError::Forbidden(_))), "{told:?}");
    assert_eq!(rig.connector.capabilities(&rig.room).shows(Feature::Persona), Support::Fallback);
    rig.invite();
    eventually(|| rig.connector.capabilities(&rig.room).shows(Feature::Persona) == Support::Native).await;
    let message = rig.post("back", "Elif").await.unwrap().message;
    assert_eq!(rig.seen(&message.id).author, "Elif");
    heard.stop().await.unwrap();
}

#[tokio::test]
async fn nobody_there_is_certainly_not_done() {
    let rig = warm().await;
    rig.world.stop();
    // A connection that was kept open may still be cut; a new one is refused.
    let _ = rig.post("x", "Elif").await;
    let told = rig.post("x", "Elif").await;
    assert!(matches!(told, Err(DeliverError::Unavailable(_))), "{told:?}");
}

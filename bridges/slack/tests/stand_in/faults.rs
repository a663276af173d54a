//! What the platform does wrong: C4, C14, C15.

use crate::stage::Stage;
use relay_contract::{DeliverError, ListenError, Scope};
use stand_ins::faults::Kind;
use stand_ins::world::World;
use std::time::Duration;

#[tokio::test]
async fn what_failed_and_whether_it_was_done() {
    let stage = Stage::new().await;
    let cases = [Kind::RateLimit, Kind::ServerError, Kind::Unauthorized, Kind::CutAfter];
    for kind in cases {
        let before = stage.all_seen().len();
        stage.fault(kind, Some("chat.postMessage"));
        let error = stage.post("hello").await.unwrap_err();
        let done = stage.all_seen().len() - before;
        match kind {
            Kind::RateLimit => assert_eq!(
                (error, done),
                (DeliverError::RateLimited { retry_after: Duration::from_secs(7), scope: Scope::Room }, 0)
            ),
            Kind::ServerError => {
                assert!(matches!(error, DeliverError::Unavailable(_)) && done == 0, "{error}")
            }
            Kind::Unauthorized => {
                assert!(matches!(error, DeliverError::Unauthorized(_)) && done == 0, "{error}")
            }
            _ => assert!(matches!(error, DeliverError::Unsure(_)) && done == 1, "{error} {done}"),
        }
    }
    stage.post("and well again").await.unwrap();
}

#[tokio::test]
async fn nobody_there_is_certainly_not_done() {
    let stage = Stage::with(World::demo(), |settings| {
        // Nothing listens on the discard port.
        settings.urls.insert("api_url", "http://127.0.0.1:9".into());
    })
    .await;
    let error = stage.post("hello").await.unwrap_err();
    assert!(matches!(error, DeliverError::Unavailable(_)), "{error}");
}

#[tokio::test]
async fn a_late_answer_is_unsure() {
    let stage = Stage::new().await;
    stage
        .stand_ins
        .slack
        .fault(stand_ins::faults::Fault {
            kind: Kind::Slow,
            times: 1,
            only: Some("chat.postMessage".into()),
            seconds: 15.0,
        })
        .unwrap();
    let begun = std::time::Instant::now();
    let error = stage.post("hello").await.unwrap_err();
    assert!(matches!(error, DeliverError::Unsure(_)), "{error}");
    assert!(begun.elapsed() < stage.connector.deliver_deadline());
}

#[tokio::test]
async fn a_token_that_stops_working_ends_listening() {
    let stage = Stage::new().await;
    let mut heard = stage.listening().await;
    // The socket is lost, and every new one is refused.
    stage
        .stand_ins
        .slack
        .fault(stand_ins::faults::Fault {
            kind: Kind::Unauthorized,
            times: 1_000,
            only: Some("apps.connections.open".into()),
            seconds: 1.0,
        })
        .unwrap();
    stage.fault(Kind::Disconnect, None);
    assert!(heard.status().await.starts_with("interrupted"));
    match heard.ended().await {
        Err(ListenError::Refused(problem)) => assert!(problem.what.contains("app_token"), "{problem}"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn there_is_one_socket() {
    let stage = Stage::new().await;
    let mut heard = stage.listening().await;
    // The library would open its second one after five seconds.
    assert_eq!(heard.status_within(Duration::from_secs(7)).await, None);
}

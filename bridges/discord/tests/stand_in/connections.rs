//! C6, C7, C12: connections come and go, and no event is missed or out of order.

use crate::rig::{Heard, Rig, eventually, open};
use relay_contract::{Envelope, Event, ListenError};
use stand_ins::faults::Kind;
use std::time::Duration;

fn words(envelope: &Envelope) -> String {
    match &envelope.event {
        Event::Posted(message) => message.body.excerpt(50),
        other => panic!("not a post: {other:?}"),
    }
}

#[tokio::test]
async fn a_cut_connection_is_resumed_and_nothing_is_missed() {
    let rig = Rig::ready().await;
    for kind in [Kind::Disconnect, Kind::Reconnect] {
        let mut heard = rig.listen(None);
        heard.connected().await;
        rig.say("Ada", "before", None);
        assert_eq!(words(&heard.next().await.0), "before");
        rig.fault(kind, "", 1.0);
        rig.say("Ada", "meanwhile", None);
        heard.interrupted().await;
        heard.connected().await;
        rig.say("Ada", "after", None);
        assert_eq!(words(&heard.next().await.0), "meanwhile");
        assert_eq!(words(&heard.next().await.0), "after");
        heard.stop().await.unwrap();
    }
}

#[tokio::test]
async fn what_a_connection_passed_over_is_brought_by_a_resume_before_anything_newer() {
    let rig = Rig::ready().await;
    let mut heard = rig.listen(None);
    heard.connected().await;
    rig.say("Ada", "before", None);
    assert_eq!(words(&heard.next().await.0), "before");
    rig.fault(Kind::Silent, "", 0.5);
    rig.say("Ada", "unheard", None);
    // The silence is over; the next event's number tells of it.
    tokio::time::sleep(Duration::from_millis(700)).await;
    rig.say("Ada", "after", None);
    heard.interrupted().await;
    assert_eq!(words(&heard.next().await.0), "unheard");
    assert_eq!(words(&heard.next().await.0), "after");
    heard.stop().await.unwrap();
}

#[tokio::test]
async fn a_restart_goes_on_where_the_last_accepted_event_was() {
    let rig = Rig::ready().await;
    let mut heard = rig.listen(None);
    heard.connected().await;
    rig.say("Ada", "one", None);
    let (_, cursor) = heard.next().await;
    rig.say("Ada", "two", None);
    heard.next().await;
    heard.stop().await.unwrap();
    rig.say("Ada", "three", None);
    // From the first one's cursor: the second comes again, and what was said meanwhile.
    let mut heard = rig.listen(Some(cursor));
    assert_eq!(words(&heard.next().await.0), "two");
    let (envelope, cursor) = heard.next().await;
    assert_eq!(words(&envelope), "three");
    heard.crash().await;
    rig.say("Ada", "four", None);
    let mut heard = rig.listen(Some(cursor));
    assert_eq!(words(&heard.next().await.0), "four");
    heard.stop().await.unwrap();
}

/// C35: before anything that the new session brings.
#[tokio::test]
async fn c35_a_refused_resume_begins_anew_and_tells_of_the_gap() {
    let rig = Rig::ready().await;
    let mut heard = rig.listen(None);
    heard.connected().await;
    rig.say("Ada", "one", None);
    let (_, cursor) = heard.next().await;
    // While Relay runs: since the last time that the gateway was heard.
    rig.fault(Kind::RefuseResume, "", 1.0);
    rig.fault(Kind::Disconnect, "", 1.0);
    heard.interrupted().await;
    rig.say("Ada", "meanwhile", None);
    heard.connected().await;
    let gaps = heard.gaps();
    assert_eq!(gaps.len(), 2, "{gaps:?}");
    assert!(gaps[1].0.contains("that was heard until 20"), "{gaps:?}");
    rig.say("Ada", "two", None);
    let (envelope, new) = heard.next().await;
    assert_eq!(words(&envelope), "two");
    assert_ne!(session(&new), session(&cursor));
    // GUILD_CREATE of the new session teaches, and is not handed up: the second message is the first of its events.
    assert_eq!(heard.gaps(), gaps);
    assert_eq!(heard.cursors_begun()[gaps[1].1], Some(new.clone()));
    heard.stop().await.unwrap();
    // At a start: nobody knows since when.
    rig.fault(Kind::RefuseResume, "", 1.0);
    let mut heard = Heard::listen(rig.restarted().await, Some(new), 1_000);
    heard.connected().await;
    let said = "Discord did not resume the session that was heard until Relay was stopped";
    assert_eq!(heard.gaps(), [(said.to_owned(), 0)]);
    heard.stop().await.unwrap();
}

/// Whether anything is to be fetched at a first start, the engine knows.
#[tokio::test]
async fn c35_every_new_session_is_a_gap_and_no_resumed_one() {
    let rig = Rig::ready().await;
    let mut heard = rig.listen(None);
    heard.connected().await;
    rig.say("Ada", "one", None);
    let (_, cursor) = heard.next().await;
    assert_eq!(heard.gaps(), [("a new session was begun".to_owned(), 0)]);
    heard.stop().await.unwrap();
    let mut heard = rig.listen(Some(cursor));
    heard.connected().await;
    assert_eq!(heard.gaps(), []);
    heard.stop().await.unwrap();
}

/// Otherwise every start would hear again that the earlier ones were resumed.
#[tokio::test]
async fn a_resumed_connection_moves_the_place_to_go_on_from() {
    let rig = Rig::ready().await;
    let mut heard = rig.listen(None);
    heard.connected().await;
    rig.say("Ada", "one", None);
    let (_, mut cursor) = heard.next().await;
    heard.stop().await.unwrap();
    for _ in 0..2 {
        let mut heard = rig.listen(Some(cursor.clone()));
        heard.connected().await;
        eventually(|| heard.moved().is_some()).await;
        let moved = heard.moved().unwrap();
        assert_eq!(session(&moved), session(&cursor));
        assert!(sequence(&moved) > sequence(&cursor), "{moved} after {cursor}");
        heard.stop().await.unwrap();
        cursor = moved;
    }
}

fn sequence(cursor: &str) -> u64 {
    serde_json::from_str::<serde_json::Value>(cursor).unwrap()["sequence"].as_u64().unwrap()
}

fn session(cursor: &str) -> String {
    serde_json::from_str::<serde_json::Value>(cursor).unwrap()["session"].to_string()
}

#[tokio::test]
async fn a_cursor_that_is_none_begins_anew() {
    let rig = Rig::ready().await;
    for cursor in ["", "owl", r#"{"session":"gone","resume_url":"not a url","sequence":3}"#] {
        let mut heard = rig.listen(Some(cursor.to_owned()));
        heard.connected().await;
        rig.say("Ada", "hello", None);
        assert_eq!(words(&heard.next().await.0), "hello");
        heard.stop().await.unwrap();
    }
}

#[tokio::test]
async fn a_duplicate_has_the_same_key() {
    let rig = Rig::ready().await;
    let mut heard = rig.listen(None);
    heard.connected().await;
    rig.fault(Kind::Duplicate, "", 1.0);
    rig.say("Ada", "twice", None);
    let (one, two) = (heard.next().await.0, heard.next().await.0);
    assert_eq!(one.key(), two.key());
    heard.stop().await.unwrap();
}

#[tokio::test]
async fn c6_c7_events_are_begun_in_order_and_none_is_passed_over() {
    let rig = Rig::ready().await;
    let mut heard = rig.listen_slowly(0);
    heard.connected().await;
    for number in 0..100 {
        rig.say("Ada", &number.to_string(), None);
    }
    // Many are on their way at the same time, within a bound.
    eventually(|| heard.begun() == 64).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(heard.begun(), 64);
    assert!(heard.nothing_more());
    heard.permit(1_000);
    let mut sequence = 0;
    for number in 0..100 {
        let (envelope, cursor) = heard.next().await;
        assert_eq!(words(&envelope), number.to_string());
        // Each cursor is the event's own.
        let cursor: serde_json::Value = serde_json::from_str(&cursor).unwrap();
        let next = cursor["sequence"].as_u64().unwrap();
        assert!(next > sequence, "{next} after {sequence}");
        sequence = next;
    }
    heard.stop().await.unwrap();
}

/// More than the queue holds, and nobody takes them: the connection is dropped, and resumed when there is room.
#[tokio::test]
async fn events_that_are_not_taken_cost_the_connection_but_not_an_event() {
    let rig = Rig::ready().await;
    let mut heard = rig.listen_slowly(0);
    heard.connected().await;
    for number in 0..400 {
        rig.say("Ada", &number.to_string(), None);
    }
    assert!(heard.interrupted().await.contains("faster than they can be kept"));
    heard.permit(10_000);
    heard.connected().await;
    for number in 0..400 {
        assert_eq!(words(&heard.next().await.0), number.to_string());
    }
    heard.stop().await.unwrap();
}

#[tokio::test]
async fn a_refused_token_ends_listening() {
    let rig = Rig::ready().await;
    let wrong = open(&rig.world.discord.api_url(), rig.world.discord.gateway_url().as_deref(), "wrong");
    let ended = Heard::listen(wrong, None, 1_000).ended().await;
    assert!(matches!(ended, Err(ListenError::Refused(_))), "{ended:?}");
}

/// Only `api_url` is given: the gateway is asked for.
#[tokio::test]
async fn the_gateway_of_another_server_is_asked_for() {
    let rig = Rig::ready().await;
    let mut heard = Heard::listen(open(&rig.world.discord.api_url(), None, crate::rig::TOKEN), None, 1_000);
    heard.connected().await;
    rig.say("Ada", "hello", None);
    assert_eq!(words(&heard.next().await.0), "hello");
    heard.stop().await.unwrap();
}

//! What was said while nobody listened, and what came of attempts that nobody answered.

use super::*;

/// At most so many a look, whatever is asked for: a platform's own limit.
const PAGE: usize = 40;

pub(super) fn history(puppet: &Puppet, of: &RoomKey, after: &Mark, most: u16) -> Result<Past, DeliverError> {
    if of.room.as_str() != "here" {
        return Ok(Past::default());
    }
    let past = puppet.past.lock().unwrap();
    let rest: Vec<_> = past.iter().filter(|(_, at)| *at > after.at.0).collect();
    let page = rest.iter().take(PAGE.min(most.into()));
    let events: Vec<RawEvent> = page
        .map(|(text, at)| RawEvent {
            space: "space".into(),
            payload: json!({ "room": "here", "text": text, "at": at }),
            cursor: None,
        })
        .collect();
    let last = rest
        .get(events.len().saturating_sub(1))
        .map(|(text, at)| Mark { id: Some(text.as_str().into()), at: Timestamp(*at) });
    let next = last.filter(|_| events.len() < rest.len());
    Ok(Past { events, next })
}

pub(super) fn settle(puppet: &Puppet, attempt: &Attempt<'_>) -> Result<Settled, DeliverError> {
    let Operation::Post { part, .. } = attempt.operation else { return Ok(Settled::CannotTell) };
    if !puppet.tells {
        return Ok(Settled::CannotTell);
    }
    let posted = puppet.posted.lock().unwrap();
    let there = posted.iter().filter(|text| **text == part.text);
    Ok(Settled::Found(there.map(|text| Receipt::of(MessageRef::plain(format!("copy of {text}")))).collect()))
}

/// A state in which the rooms are linked and nothing was said yet.
pub(super) fn linked() -> tempfile::TempDir {
    block_on(async {
        let stage = Stage::set();
        let core = stage.engine.core();
        stage.until("the room has a mark", || core.ledger.mark(&room("here")).is_some()).await;
        drop(core);
        let Stage { engine, _dir: dir, .. } = stage;
        engine.stop().await;
        dir
    })
}

fn said(from: i64, count: usize) -> Vec<(String, i64)> {
    (0..count).map(|n| (format!("past {n}"), from + n as i64)).collect()
}

fn texts(past: &[(String, i64)]) -> Vec<String> {
    past.iter().map(|(text, _)| text.clone()).collect()
}

#[test]
fn what_was_said_meanwhile_comes_first_in_order_and_once() {
    let dir = linked();
    block_on(async {
        let past = said(Timestamp::now().0 + 1, 100);
        let stage = Stage::set_after(dir, past.clone(), true, Unsure::Repeat);
        // The platform repeats what it has told, and somebody is talking already.
        let at = past[99].1;
        stage.say.send(json!({ "room": "here", "text": "past 99", "at": at })).await.unwrap();
        stage.say.send(json!({ "room": "here", "text": "now", "at": at + 1 })).await.unwrap();
        stage.arrives("now").await;
        let expected: Vec<String> = texts(&past).into_iter().chain(["now".to_owned()]).collect();
        assert_eq!(*stage.puppet.posted.lock().unwrap(), expected);
        assert_eq!((stage.count("caught_up"), stage.count("missed")), (100, 0));
        let mark = stage.engine.core().ledger.mark(&room("here")).unwrap();
        assert_eq!(mark, Mark { id: Some("now".into()), at: Timestamp(at + 1) });
        stage.engine.stop().await;
    });
}

#[test]
fn what_goes_beyond_the_limits_is_said_to_be_missed() {
    let hour = 3_600_000;
    // How long ago the first was said, how many there are; what of it arrives, and what is said of the rest.
    let cases = [(0, 400, 300, "catch_up_messages"), (2 * hour, 30, 0, "catch_up_hours")];
    for (ago, count, arrive, told) in cases {
        let dir = linked();
        let now = Timestamp::now().0;
        let past = said(now - ago + 1, count);
        block_on(async {
            let (ledger, writer) = crate::store::Ledger::open(dir.path()).unwrap();
            ledger.forget_mark(room("here")).await.unwrap();
            ledger.begin_mark(room("here"), Timestamp(now - ago)).await.unwrap();
            ledger.close().await.unwrap();
            drop(ledger);
            writer.join();
        });
        block_on(async {
            let stage = Stage::set_after(dir, past.clone(), true, Unsure::Repeat);
            stage.until("it is said", || stage.count("missed") == 1).await;
            stage.say.send(json!({ "room": "here", "text": "now", "at": now + 1_000 })).await.unwrap();
            stage.arrives("now").await;
            let posted = stage.puppet.posted.lock().unwrap().clone();

            assert_eq!(posted[..posted.len() - 1], texts(&past)[..arrive], "{told}");
            let missed = stage.engine.core().accounts.all()[0].missed.lock().unwrap().clone();
            assert!(missed.unwrap().1.contains(told), "{told}");
            stage.engine.stop().await;
        });
    }
}

#[test]
fn an_unanswered_post_is_looked_for_before_it_is_repeated() {
    // Whether the platform tells, the policy; how often it is there, and what is counted.
    let cases = [
        (true, Unsure::Repeat, 1, "settled"),
        (true, Unsure::Hold, 1, "settled"),
        (false, Unsure::Repeat, 2, "unsure"),
        (false, Unsure::Hold, 1, "dead"),
    ];
    for (tells, unsure, times, counted) in cases {
        block_on(async {
            let stage = Stage::set_after(tempfile::tempdir().unwrap(), Vec::new(), tells, unsure);
            stage.say("unanswered").await;
            stage.say("after").await;
            stage.arrives("after").await;
            let posted = stage.puppet.posted.lock().unwrap().clone();
            let there = posted.iter().filter(|text| *text == "unanswered").count();
            assert_eq!((there, stage.count(counted)), (times, 1), "{tells} {unsure:?}");
            assert_eq!(posted.last().map(String::as_str), Some("after"), "it keeps its place");
            if tells {
                // The lane goes on while the writer closes what it has done.
                let core = stage.engine.core();
                let copy = MessageKey { room: room("there"), id: "copy of unanswered".into() };
                stage.until("its copy is known", || core.lookup.find(&copy).unwrap().is_some()).await;
            }
            stage.engine.stop().await;
        });
    }
}

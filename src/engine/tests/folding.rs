//! What an earlier run has left in a lane: a post with two edits, or with its delete, at each step of their delivery.

use super::*;
use crate::store::Ledger;

/// How far the earlier run came.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Left {
    /// Nobody knows whether the post was attempted.
    InDoubt,
    /// It was to go out with its newest edit, and nobody knows whether it did.
    InDoubtEdited,
    /// It has gone out with its newest edit.
    DoneEdited,
}

fn by_ada(event: Event) -> Envelope {
    let author = Author { id: "u".into(), name: "Ada".into(), avatar: None, standing: Standing::Person };
    Envelope { origin: room("here"), author: Some(author), at: Timestamp::now(), event }
}

fn message(text: &str) -> Message {
    Message::new(MessageRef::plain("m"), Text::plain(text))
}

/// A state in which all of it waits for the other room.
async fn leave(dir: &Path, left: Left, deleted: bool) {
    let (ledger, writer) = Ledger::open(dir).unwrap();
    let edit = |text: &str| Event::Edited { to: message(text), version: text.into() };
    let mut events = vec![Event::Posted(message("first"))];
    match deleted {
        true => events.push(Event::Deleted { target: "m".into() }),
        false => events.extend([edit("second"), edit("third")]),
    }
    let envelopes = events.into_iter().map(by_ada).collect();
    let verdicts = ledger.accept(Account("puppet".into()), envelopes).await.unwrap().await.unwrap().unwrap();
    let ids = verdicts.into_iter().map(|verdict| match verdict {
        Verdict::Accepted(id) => id,
        other => panic!("{other:?}"),
    });
    let ids: Vec<_> = ids.collect();
    let (post, newest) = (ids[0], ids[ids.len() - 1]);
    let fanned = ids.iter().map(|id| {
        let target = (*id != post).then_some(post);
        let edit = (*id == post && left == Left::InDoubtEdited).then_some(newest);
        let row = OutboxRow { edit, ..OutboxRow::new("lobby", target) };
        FannedOut { changes: target, rows: vec![(room("there"), row)], ..FannedOut::nowhere(*id) }
    });
    ledger.fan_out(fanned.collect()).await.unwrap();
    if left == Left::DoneEdited {
        let copy = Some(vec![MessageRef::plain("copy of third")]);
        let completed =
            ledger.complete_soon(room("there"), post, post, copy, vec![], None, Some(newest), None);
        completed.await.unwrap().await.unwrap().unwrap();
    }
    ledger.close().await.unwrap();
    drop(ledger);
    writer.join();
}

/// Promises: never doubled, and a room ends with the newest text, whenever Relay was killed.
#[test]
fn what_was_left_is_done_once_and_ends_with_the_newest_text() {
    use Left::{DoneEdited, InDoubt, InDoubtEdited};
    // How far the earlier run came, whether the message was deleted then, and what is in the room already; what is done now, and how many
    // rows were closed for another one's sake.
    type Case = (Left, bool, &'static [&'static str], &'static [&'static str], u64);
    let cases: [Case; 7] = [
        (InDoubt, false, &[], &["first", "edit: third"], 1),
        (InDoubt, false, &["first"], &["edit: third"], 1),
        (InDoubtEdited, false, &[], &["third"], 2),
        (InDoubtEdited, false, &["third"], &[], 2),
        (DoneEdited, false, &["third"], &[], 1),
        (InDoubt, true, &[], &[], 1),
        (InDoubt, true, &["first"], &[], 0),
    ];
    for (left, deleted, there, done, folded) in cases {
        let dir = absence::linked();
        block_on(async {
            leave(dir.path(), left, deleted).await;
        });
        block_on(async {
            let posted: Vec<String> = there.iter().map(|text| (*text).to_owned()).collect();
            let stage = Stage::set_with(dir, Vec::new(), posted, true, Unsure::Repeat);
            stage.say("after").await;
            stage.arrives("after").await;
            let posted = stage.puppet.posted.lock().unwrap().clone();
            let expected: Vec<&str> = there.iter().chain(done).copied().chain(["after"]).collect();
            assert_eq!(posted, expected, "{left:?}, deleted {deleted}, {there:?}");
            assert_eq!(stage.count("folded"), folded, "{left:?}, deleted {deleted}, {there:?}");
            let queued =
                || stage.engine.core().ledger.depths().get(&room("there")).map_or(0, |depth| depth.queued);
            stage.until("nothing waits", || queued() == 0).await;
            stage.engine.stop().await;
        });
    }
}

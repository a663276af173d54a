//! What is held: its order, what becomes part of it, and that a restart at any time changes nothing.

use super::*;
use crate::store::ledger::WriterGuard;
use relay_contract::{Author, Emoji, MessageRef, Platform, Standing, Text, Thread};

fn room() -> RoomKey {
    RoomKey::new(Platform::new("p"), "net", "here")
}

fn by(person: &str, event: Event) -> Envelope {
    let author = Author { id: person.into(), name: person.into(), avatar: None, standing: Standing::Person };
    Envelope { origin: room(), author: Some(author), at: Timestamp(1), event }
}

fn message(id: &str, text: &str) -> Message {
    Message::new(MessageRef::plain(id), Text::plain(text))
}

fn posted(person: &str, id: &str) -> Envelope {
    by(person, Event::Posted(message(id, id)))
}

fn edited(person: &str, id: &str, text: &str) -> Envelope {
    by(person, Event::Edited { to: message(id, text), version: text.into() })
}

fn deleted(id: &str) -> Envelope {
    Envelope { author: None, ..by("", Event::Deleted { target: id.into() }) }
}

fn reacted(person: &str, id: &str) -> Envelope {
    let emoji = Emoji { name: "🦉".into(), id: None };
    by(person, Event::Reacted { target: id.into(), emoji, added: true, version: "1".into() })
}

async fn hold(ledger: &Ledger, envelopes: Vec<(Envelope, bool)>) -> Vec<Verdict> {
    let account = Account("a".into());
    ledger.hold(account, envelopes).await.unwrap().await.unwrap().unwrap()
}

/// Everything that is in the journal, in its order: the kind, and what it says or is about.
fn journal(ledger: &Ledger) -> Vec<String> {
    let all = ledger.to_fan_out(EnvelopeId::default(), 1000).unwrap();
    let words = |id: EnvelopeId| {
        let envelope = ledger.envelope(id).unwrap().unwrap();
        let text = match &envelope.event {
            Event::Posted(message) | Event::Edited { to: message, .. } => message.body.excerpt(50),
            _ => envelope.subject().unwrap().id.to_string(),
        };
        format!("{} {text}", envelope.kind())
    };
    all.into_iter().map(words).collect()
}

fn held(ledger: &Ledger) -> Vec<(String, u64)> {
    ledger.held().into_iter().map(|((_, sender), count)| (sender.to_string(), count)).collect()
}

async fn close(ledger: Ledger, writer: WriterGuard) {
    ledger.close().await.unwrap();
    writer.join();
}

fn ada() -> Sender {
    (room(), "ada".into())
}

/// Whether the commands of a story share one batch or have one each, and whether Relay is started anew between any two.
#[tokio::test]
async fn a_story_of_what_is_held() {
    for restarts in [false, true] {
        let dir = tempfile::tempdir().unwrap();
        let mut open = Ledger::open(dir.path()).unwrap();
        let story = [
            (posted("ada", "1"), false, Verdict::Held),
            (posted("ada", "2"), true, Verdict::Held),
            (posted("ada", "2"), true, Verdict::Repeated),
            (posted("ada", "3"), true, Verdict::Held),
            (posted("ada", "4"), true, Verdict::Held),
            (reacted("bob", "2"), false, Verdict::Held),
            (edited("ada", "3", "three"), false, Verdict::Folded),
            (edited("ada", "3", "three"), false, Verdict::Repeated),
            (edited("eve", "3", "stolen"), false, Verdict::Held),
            (deleted("4"), false, Verdict::Folded),
        ];
        for (envelope, over, verdict) in story {
            let found = hold(&open.0, vec![(envelope.clone(), over)]).await;
            if envelope == posted("ada", "1") {
                // Within its budget: it is accepted at once.
                assert!(matches!(found[..], [Verdict::Accepted(_)]));
                continue;
            }
            assert_eq!(found, [verdict], "{envelope:?}");
            if restarts {
                close(open.0, open.1).await;
                open = Ledger::open(dir.path()).unwrap();
            }
        }
        let (ledger, writer) = open;
        assert_eq!(journal(&ledger), ["post 1"]);
        assert_eq!(held(&ledger), [("ada".to_owned(), 4)]);
        let first = ledger.release(ada(), EnvelopeId::default()).await.unwrap();
        assert!(first.more && first.last.is_some());
        assert_eq!(journal(&ledger), ["post 1", "post 2"]);
        let second = ledger.release(ada(), first.last.unwrap()).await.unwrap();
        assert!(!second.more);
        assert_eq!(journal(&ledger)[2..], ["post three", "reaction 2", "edit stolen"]);
        assert_eq!(held(&ledger), []);
        let nothing = ledger.release(ada(), EnvelopeId::default()).await.unwrap();
        assert_eq!(nothing, Released { last: None, more: false });
        assert_eq!(
            hold(&ledger, vec![(posted("ada", "3"), true)]).await,
            [Verdict::Repeated],
            "it is known for ever"
        );
        close(ledger, writer).await;
    }
}

/// Commands that are queued together share a batch: each must see what those before it have done.
#[tokio::test]
async fn commands_of_one_batch_see_each_other() {
    let dir = tempfile::tempdir().unwrap();
    let (ledger, writer) = Ledger::open(dir.path()).unwrap();
    let events = vec![
        (posted("ada", "1"), true),
        (posted("ada", "2"), true),
        (edited("ada", "1", "one"), false),
        (deleted("2"), false),
        (posted("ada", "3"), true),
    ];
    // They are polled in turn before the writer has answered any of them.
    let (held_first, released, again, dropped) = tokio::join!(
        hold(&ledger, events),
        ledger.release(ada(), EnvelopeId::default()),
        hold(&ledger, vec![(edited("ada", "1", "late"), false), (posted("ada", "4"), true)]),
        ledger.drop_held(ada(), Timestamp(0)),
    );
    use Verdict::{Accepted, Folded, Held};
    assert_eq!(held_first, [Held, Held, Folded, Folded, Held]);
    assert!(released.unwrap().more);
    assert!(matches!(again[..], [Accepted(_), Held]), "what went on is edited where it is: {again:?}");
    assert_eq!(dropped.unwrap(), 2);
    assert_eq!((journal(&ledger), held(&ledger)), (vec!["post one".into(), "edit late".into()], vec![]));
    close(ledger, writer).await;
    let (ledger, writer) = Ledger::open(dir.path()).unwrap();
    assert_eq!(held(&ledger), []);
    close(ledger, writer).await;
}

/// What goes on is as long after what was held as before: ids only grow, whatever the clock does, and a room that has moved meanwhile is
/// followed.
#[tokio::test]
async fn what_goes_on_is_newer_and_follows_its_room() {
    let dir = tempfile::tempdir().unwrap();
    let (ledger, writer) = Ledger::open(dir.path()).unwrap();
    hold(&ledger, vec![(posted("ada", "1"), true), (posted("ada", "2"), true)]).await;
    let moved = RoomKey::new(Platform::new("p"), "net", "there");
    ledger.move_room(room(), moved.clone()).await.unwrap();
    let first = ledger.release(ada(), EnvelopeId::default()).await.unwrap().last.unwrap();
    let id = ledger.to_fan_out(EnvelopeId::default(), 9).unwrap()[0];
    assert!(id > first);
    assert_eq!(ledger.envelope(id).unwrap().unwrap().origin, moved);
    close(ledger, writer).await;
    let (ledger, writer) = Ledger::open(dir.path()).unwrap();
    let Verdict::Accepted(next) = hold(&ledger, vec![(posted("bob", "3"), false)]).await[0] else { panic!() };
    assert!(next > id);
    close(ledger, writer).await;
}

fn answered(person: &str, id: &str, root: &str) -> Envelope {
    let thread = Some(Thread { id: root.into(), root: Some(root.into()), name: None });
    by(person, Event::Posted(Message { thread, ..message(id, id) }))
}

/// An answer is never in the journal before what it hangs from, and nobody's answer stands behind somebody else's flood longer than that.
#[tokio::test]
async fn what_hangs_from_a_held_message_goes_on_with_it() {
    for restarts in [false, true] {
        let dir = tempfile::tempdir().unwrap();
        let mut open = Ledger::open(dir.path()).unwrap();
        let story = [
            (posted("ada", "1"), true, Verdict::Held),
            (posted("ada", "2"), true, Verdict::Held),
            (answered("bob", "1a", "1"), false, Verdict::Held),
            (answered("eve", "1b", "1"), true, Verdict::Held),
            (answered("bob", "2a", "2"), false, Verdict::Held),
            (edited("eve", "1b", "changed"), false, Verdict::Folded),
            (deleted("2a"), false, Verdict::Folded),
            (answered("ada", "1c", "1"), true, Verdict::Held),
        ];
        for (envelope, over, verdict) in story {
            assert_eq!(hold(&open.0, vec![(envelope.clone(), over)]).await, [verdict], "{envelope:?}");
            if restarts {
                close(open.0, open.1).await;
                open = Ledger::open(dir.path()).unwrap();
            }
        }
        let (ledger, writer) = open;
        assert_eq!(held(&ledger), [("ada".to_owned(), 5)]);
        let first = ledger.release(ada(), EnvelopeId::default()).await.unwrap();
        assert!(first.more);
        assert_eq!(journal(&ledger), ["post 1", "post 1a", "post changed"]);
        let verdict = hold(&ledger, vec![(answered("bob", "1d", "1"), false)]).await;
        assert!(matches!(verdict[..], [Verdict::Accepted(_)]), "what it hangs from has gone on: {verdict:?}");
        let second = ledger.release(ada(), first.last.unwrap()).await.unwrap();
        assert!(ledger.release(ada(), second.last.unwrap()).await.is_ok_and(|third| !third.more));
        assert_eq!(journal(&ledger)[4..], ["post 2", "post 1c"], "what was deleted goes nowhere");
        assert_eq!(held(&ledger), []);
        assert_eq!(ledger.shared.work.prefix([keys::work::HELD_ANSWER]).count(), 0);
        close(ledger, writer).await;
    }
}

/// What is taken back from a time on is one person's alone, and what they said before stays.
#[tokio::test]
async fn what_is_dropped_is_what_one_person_said_in_that_time() {
    let dir = tempfile::tempdir().unwrap();
    let (ledger, writer) = Ledger::open(dir.path()).unwrap();
    let at = |envelope: Envelope, at: i64| Envelope { at: Timestamp(at), ..envelope };
    let events = [
        at(posted("ada", "1"), 10),
        at(posted("ada", "2"), 20),
        at(answered("bob", "2a", "2"), 21),
        at(answered("ada", "2b", "2"), 22),
        at(posted("eve", "3"), 25),
        at(answered("ada", "3a", "3"), 30),
        at(reacted("bob", "1"), 30),
        at(reacted("bob", "2"), 30),
    ];
    for envelope in events {
        let over = !matches!(envelope.event, Event::Reacted { .. });
        assert_eq!(hold(&ledger, vec![(envelope, over)]).await, [Verdict::Held]);
    }
    let said = ledger.held_said(&room(), Timestamp(20)).unwrap();
    let said: Vec<_> = said.into_iter().map(|(who, (count, _))| (who.to_string(), count)).collect();
    assert_eq!(said, [("ada", 3), ("bob", 1), ("eve", 1)].map(|(who, count)| (who.to_owned(), count)));
    assert_eq!(ledger.drop_held(ada(), Timestamp(20)).await.unwrap(), 4, "three, and the reaction to one");
    assert_eq!(held(&ledger), [("ada".to_owned(), 3), ("eve".to_owned(), 1)]);
    let first = ledger.release(ada(), EnvelopeId::default()).await.unwrap();
    let second = ledger.release(ada(), first.last.unwrap()).await.unwrap();
    assert!(first.more && !second.more);
    assert_eq!(journal(&ledger), ["post 1", "post 2a", "reaction 1"], "others' words are not lost");
    close(ledger, writer).await;
}

/// What is removed everywhere is known where it is to be removed.
#[tokio::test]
async fn what_is_removed_goes_on_before_that() {
    let dir = tempfile::tempdir().unwrap();
    let (ledger, writer) = Ledger::open(dir.path()).unwrap();
    hold(&ledger, vec![(posted("ada", "1"), true), (posted("ada", "2"), true)]).await;
    let two = MessageKey { room: room(), id: "2".into() };
    let entry = ledger.held_message(&two).unwrap().unwrap();
    assert_eq!(ledger.held_under(entry.id).unwrap(), Some(entry));
    let removed = by("bob", Event::Removed { target: "2".into() });
    assert!(matches!(hold(&ledger, vec![(removed, false)]).await[..], [Verdict::Accepted(_)]));
    assert_eq!(journal(&ledger), ["post 2", "removal 2"]);
    assert_eq!(held(&ledger), [("ada".to_owned(), 1)]);
    assert_eq!(ledger.held_message(&two).unwrap(), None);
    close(ledger, writer).await;
}

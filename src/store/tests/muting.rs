//! Who is muted where: it survives a restart, goes with the person and with the room, and follows a room that moves.

use super::super::erase::Erased;
use super::super::linked::Side;
use super::super::muted::Muted;
use super::*;
use crate::consent::{Person, Stance};

fn person(id: &str) -> Person {
    Person::from_stored(format!("p/n/{id}"))
}

fn side(id: &str) -> Side {
    Side { person: person(id), name: id.to_owned(), room: super::room("r") }
}

async fn mute(ledger: &Ledger, in_room: &str, who: &str, until: Option<i64>) {
    let muted = Muted {
        name: format!("{who} ‹P›"),
        bare: who.into(),
        mark: "abc".into(),
        since: 100,
        until,
        of: None,
        also: Vec::new(),
    };
    ledger.mute(room(in_room), person(who), muted).await.unwrap();
}

fn is_muted(ledger: &Ledger, in_room: &str, who: &str, at: i64) -> bool {
    ledger.muted(&room(in_room), &person(who), Timestamp(at), |_| true).is_some()
}

#[tokio::test]
async fn a_mute_is_of_a_person_in_a_room_and_ends_by_itself() {
    let dir = tempfile::tempdir().unwrap();
    let (ledger, writer) = Ledger::open(dir.path()).unwrap();
    assert!(!ledger.anybody_muted() && !is_muted(&ledger, "a", "one", 150));
    mute(&ledger, "a", "one", Some(200)).await;
    mute(&ledger, "b", "two", None).await;
    ledger.link(side("one"), side("other"), Timestamp::now()).await.unwrap();
    close(ledger, writer).await;

    let (ledger, writer) = Ledger::open(dir.path()).unwrap();
    assert!(is_muted(&ledger, "a", "one", 199) && is_muted(&ledger, "a", "other", 199), "with all accounts");
    let reaches_none = ledger.muted(&room("a"), &person("other"), Timestamp(199), |_| false);
    assert!(reaches_none.is_none(), "with another account only where that is asked for");
    assert!(!is_muted(&ledger, "a", "one", 200), "it has ended");
    assert!(!is_muted(&ledger, "b", "one", 150) && is_muted(&ledger, "b", "two", i64::MAX), "one room alone");
    // The next mute in a room takes with it what has ended there.
    let later = Muted { since: 300, ..ledger.mutes_in(&room("a"))[0].1.clone() };
    ledger.mute(room("a"), person("three"), Muted { until: None, ..later }).await.unwrap();
    assert_eq!(ledger.mutes_in(&room("a")).len(), 1);
    ledger.move_room(room("a"), room("c")).await.unwrap();
    assert!(is_muted(&ledger, "c", "three", 400) && !is_muted(&ledger, "a", "three", 400));
    close(ledger, writer).await;
    let (ledger, writer) = Ledger::open(dir.path()).unwrap();
    assert!(is_muted(&ledger, "c", "three", 400) && ledger.mutes_in(&room("a")).is_empty());
    ledger.unmute(room("c"), Some(vec![person("one")])).await.unwrap();
    assert!(is_muted(&ledger, "c", "three", 400), "somebody else stays muted");
    ledger.unmute(room("c"), None).await.unwrap();
    assert!(ledger.mutes_in(&room("c")).is_empty());
    close(ledger, writer).await;
}

#[tokio::test]
async fn whoever_is_forgotten_is_muted_nowhere_and_what_was_not_shown_is_marked() {
    let dir = tempfile::tempdir().unwrap();
    let (ledger, writer) = Ledger::open(dir.path()).unwrap();
    mute(&ledger, "a", "one", None).await;
    mute(&ledger, "a", "two", None).await;
    let id = accept_new(&ledger, posted("1")).await;
    ledger.remember_muted(room("a"), id).await.unwrap();
    assert!(ledger.was_muted(&room("a"), id).unwrap() && !ledger.was_muted(&room("b"), id).unwrap());
    let entries = Stance::None.entries("t", Timestamp::now());
    let asked = Erased { asked: Timestamp::now().0, ..Erased::default() };
    ledger.say_forget(person("one"), entries, asked).await.unwrap();
    assert!(!is_muted(&ledger, "a", "one", 150) && is_muted(&ledger, "a", "two", 150));
    close(ledger, writer).await;
    let (ledger, writer) = Ledger::open(dir.path()).unwrap();
    let left: Vec<Person> = ledger.mutes_in(&room("a")).into_iter().map(|(person, _)| person).collect();
    assert_eq!(left, [person("two")]);
    close(ledger, writer).await;
}

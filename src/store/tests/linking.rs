//! Accounts that are one person's: what is said with one holds for all, and who belongs to whom survives a restart.

use super::super::linked::{Linked, Linking, MOST_LINKED, Shown, Side};
use super::super::records::Record;
use super::*;
use crate::consent::{Person, Stance};

fn person(id: &str) -> Person {
    Person::from_stored(format!("p/n/{id}"))
}

fn side(id: &str) -> Side {
    Side { person: person(id), name: id.to_uppercase(), room: super::room("r") }
}

async fn link(ledger: &Ledger, to: &str, comes: &str) -> Linking {
    ledger.link(side(to), side(comes), Timestamp::now()).await.unwrap()
}

async fn choose(ledger: &Ledger, who: &str, stance: Stance) -> Vec<Person> {
    ledger.say_consent(person(who), stance.entries("said", Timestamp::now()), false).await.unwrap()
}

fn stance(ledger: &Ledger, who: &str) -> Option<Stance> {
    ledger.consent_of(&person(who))?.stance()
}

#[tokio::test]
async fn consent_travels_with_the_person_and_only_tightens() {
    let dir = tempfile::tempdir().unwrap();
    let (ledger, writer) = Ledger::open(dir.path()).unwrap();
    choose(&ledger, "one", Stance::Anonymous).await;
    choose(&ledger, "other", Stance::Full).await;
    let before = ledger.consent_of(&person("other")).unwrap();
    assert_eq!(link(&ledger, "one", "other").await, Linking::Done(vec![person("other")]));
    assert_eq!(stance(&ledger, "other"), Some(Stance::Anonymous), "the tighter one holds");
    let after = ledger.consent_of(&person("other")).unwrap();
    assert!(after.entries().starts_with(before.entries()), "what was said stays as it was");
    assert_eq!(after.entries().last().unwrap().how, "/relay link, as said on p");
    assert!(
        ledger.is_taking_back(&person("other")).unwrap() && !ledger.is_taking_back(&person("one")).unwrap()
    );
    assert_eq!(choose(&ledger, "other", Stance::None).await, [person("other"), person("one")]);
    assert_eq!(stance(&ledger, "one"), Some(Stance::None));
    close(ledger, writer).await;

    let (ledger, writer) = Ledger::open(dir.path()).unwrap();
    assert_eq!(ledger.accounts_of(&person("one")), [person("one"), person("other")]);
    assert_eq!(ledger.linked(&person("one")).unwrap().name, "ONE");
    choose(&ledger, "one", Stance::Full).await;
    assert_eq!(stance(&ledger, "one"), Some(Stance::Full));
    assert_eq!(stance(&ledger, "other"), Some(Stance::None), "what one allows, the other has not");
    assert_eq!(ledger.unlink(person("one"), false).await.unwrap().len(), 2, "nobody is linked to themselves");
    choose(&ledger, "one", Stance::None).await;
    choose(&ledger, "other", Stance::Full).await;
    assert_eq!(stance(&ledger, "one"), Some(Stance::None), "each keeps what holds");
    close(ledger, writer).await;
    let (ledger, writer) = Ledger::open(dir.path()).unwrap();
    assert_eq!(ledger.accounts_of(&person("one")), [person("one")]);
    assert!(!ledger.anybody_linked());
    close(ledger, writer).await;
}

#[tokio::test]
async fn an_account_is_one_persons() {
    let dir = tempfile::tempdir().unwrap();
    let (ledger, writer) = Ledger::open(dir.path()).unwrap();
    assert_eq!(link(&ledger, "one", "shared").await, Linking::Done(vec![]));
    assert_eq!(link(&ledger, "thief", "shared").await, Linking::Taken);
    assert_eq!(link(&ledger, "one", "shared").await, Linking::Already);
    assert_eq!(ledger.accounts_of(&person("thief")), [person("thief")]);
    choose(&ledger, "thief", Stance::None).await;
    assert_eq!(stance(&ledger, "shared"), None);
    for number in 2..MOST_LINKED {
        assert_eq!(link(&ledger, "one", &format!("more{number}")).await, Linking::Done(vec![]));
    }
    assert_eq!(link(&ledger, "one", "thief").await, Linking::TooMany);
    assert_eq!(ledger.unlink(person("shared"), false).await.unwrap(), [person("shared")]);
    assert_eq!(ledger.accounts_of(&person("one")).len(), MOST_LINKED - 1);
    // Whoever comes to several is as tight as all, and all are as tight as they.
    let Linking::Done(tighter) = link(&ledger, "more2", "thief").await else { panic!("there is room") };
    assert_eq!(tighter.len(), MOST_LINKED - 1);
    assert_eq!(stance(&ledger, "one"), Some(Stance::None));
    assert_eq!(ledger.unlink(person("one"), true).await.unwrap().len(), MOST_LINKED);
    assert_eq!(ledger.who_is_linked(), []);
    close(ledger, writer).await;
}

#[tokio::test]
async fn who_is_forgotten_is_linked_no_more() {
    let dir = tempfile::tempdir().unwrap();
    let (ledger, writer) = Ledger::open(dir.path()).unwrap();
    link(&ledger, "one", "other").await;
    let erased = Erased { asked: 1, ..Erased::default() };
    let entries = Stance::None.entries("/relay forget", Timestamp::now());
    let all = ledger.say_forget(person("other"), entries, erased).await.unwrap();
    assert_eq!(all, [person("other"), person("one")]);
    assert_eq!(ledger.to_erase().unwrap(), [person("one"), person("other")]);
    close(ledger, writer).await;
    let (ledger, writer) = Ledger::open(dir.path()).unwrap();
    assert_eq!(ledger.who_is_linked(), []);
    assert_eq!(ledger.shared.meta.prefix(keys::LINKED_PREFIX).count(), 0);
    close(ledger, writer).await;
}

#[tokio::test]
async fn the_name_that_somebody_has_chosen_goes_with_them_and_ends_with_the_link() {
    let dir = tempfile::tempdir().unwrap();
    let (ledger, writer) = Ledger::open(dir.path()).unwrap();
    let shown = |ledger: &Ledger, who: &str| ledger.linked(&person(who)).map(|linked| linked.shown);
    let of = |who: &str| Shown::Account(person(who));
    let nobody: Vec<Person> = Vec::new();
    assert_eq!(ledger.show_as(person("one"), Shown::There).await.unwrap(), nobody, "there is no link");
    link(&ledger, "one", "other").await;
    assert_eq!(shown(&ledger, "one"), Some(Shown::Own));
    assert_eq!(ledger.show_as(person("one"), of("stranger")).await.unwrap(), nobody, "it is not theirs");
    assert_eq!(ledger.show_as(person("one"), of("other")).await.unwrap().len(), 2);
    link(&ledger, "one", "third").await;
    close(ledger, writer).await;

    let (ledger, writer) = Ledger::open(dir.path()).unwrap();
    for who in ["one", "other", "third"] {
        assert_eq!(shown(&ledger, who), Some(of("other")), "{who}");
    }
    // Whoever leaves takes nothing along, and leaves nothing behind of their name.
    ledger.unlink(person("third"), false).await.unwrap();
    assert_eq!((shown(&ledger, "third"), shown(&ledger, "one")), (None, Some(of("other"))));
    link(&ledger, "one", "third").await;
    ledger.unlink(person("other"), false).await.unwrap();
    assert_eq!((shown(&ledger, "one"), shown(&ledger, "third")), (Some(Shown::Own), Some(Shown::Own)));
    link(&ledger, "one", "other").await;
    close(ledger, writer).await;
    let (ledger, writer) = Ledger::open(dir.path()).unwrap();
    assert_eq!(shown(&ledger, "third"), Some(Shown::Own), "it does not come back with the account");
    close(ledger, writer).await;
}

/// Whoever has unlinked theirs after the backup is not shown by the name of another account, and what was said with one holds for both.
#[tokio::test]
async fn no_link_comes_back_with_a_backup() {
    use crate::store::backup::{WithKeys, back_up, restore};
    let dir = tempfile::tempdir().unwrap();
    let (ledger, writer) = Ledger::open(dir.path()).unwrap();
    link(&ledger, "one", "other").await;
    ledger.show_as(person("one"), Shown::Account(person("other"))).await.unwrap();
    choose(&ledger, "one", Stance::None).await;
    let backup = dir.path().join("b");
    back_up(&ledger, dir.path(), false, std::fs::File::create(&backup).unwrap()).unwrap();
    close(ledger, writer).await;
    std::fs::remove_dir_all(dir.path().join("ledger")).unwrap();
    let keys = WithKeys { copy: None, master_key: None, accept_older: false };
    assert_eq!(restore(&backup, dir.path(), &keys, &mut |_, _| {}).unwrap().unlinked, 2);
    let (ledger, writer) = Ledger::open(dir.path()).unwrap();
    assert_eq!((ledger.who_is_linked(), ledger.linked(&person("one"))), (Vec::new(), None));
    assert_eq!((stance(&ledger, "one"), stance(&ledger, "other")), (Some(Stance::None), Some(Stance::None)));
    close(ledger, writer).await;
}

#[test]
fn a_link_that_an_older_relay_wrote_is_read() {
    #[derive(serde::Serialize)]
    struct Older {
        of: &'static str,
        name: &'static str,
        since: i64,
    }
    let body = rmp_serde::to_vec_named(&Older { of: "a", name: "Ada", since: 1 }).unwrap();
    let linked = Linked { of: "a".into(), name: "Ada".into(), named_in: None, since: 1, shown: Shown::Own };
    assert_eq!(Linked::from_body(Linked::VERSION, &body).unwrap(), linked);
    assert_eq!(
        linked.body().unwrap(),
        body,
        "and an older one reads what is written where nothing was chosen"
    );
}

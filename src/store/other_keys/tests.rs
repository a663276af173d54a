//! What is lost with keys, and what is not.

use super::*;
use crate::consent::{FORGET, Stance};
use crate::store::backup::{WithKeys, back_up, restore};
use crate::store::ledger::WriterGuard;
use crate::store::{EnvelopeId, Ledger, Verdict, look_at_keys};
use relay_contract::{
    Account, Author, Envelope, Event, Message, MessageRef, Platform, RoomKey, Standing, Text, Timestamp,
};
use std::fs;

fn room() -> RoomKey {
    RoomKey::new(Platform::new("p"), "net", "here")
}

fn person(user: &str) -> Person {
    Person::from_parts(&room(), user)
}

/// Somebody says something.
async fn says(ledger: &Ledger, user: &str) -> EnvelopeId {
    let author = Author { id: user.into(), name: user.into(), avatar: None, standing: Standing::Person };
    let message =
        Message::new(MessageRef::plain(format!("{user} {:?}", Timestamp::now())), Text::plain("words"));
    let envelope = Envelope {
        origin: room(),
        author: Some(author),
        at: Timestamp::now(),
        event: Event::Posted(message),
    };
    let accepted = ledger.accept(Account("a".into()), vec![envelope]).await.unwrap().await.unwrap().unwrap();
    match accepted[0] {
        Verdict::Accepted(id) => id,
        other => panic!("{other:?}"),
    }
}

async fn chooses(ledger: &Ledger, user: &str, stance: Stance, at: i64) {
    ledger.say_consent(person(user), stance.entries("t", Timestamp(at)), false).await.unwrap();
}

/// Somebody is forgotten, all of it.
async fn is_forgotten(ledger: &Ledger, user: &str, at: i64) {
    let asked = Erased { asked: at, ..Erased::default() };
    ledger.say_forget(person(user), Stance::None.entries("t", Timestamp(at)), asked.clone()).await.unwrap();
    ledger.remember_erased(person(user), Erased { done: Some(at + 1), ..asked }).await.unwrap();
}

async fn close(ledger: Ledger, writer: WriterGuard) {
    ledger.close().await.unwrap();
    drop(ledger);
    writer.join();
}

fn stance(ledger: &Ledger, user: &str) -> Option<Stance> {
    ledger.consent_of(&person(user)).and_then(|history| history.stance())
}

fn is_there(ledger: &Ledger, id: EnvelopeId) -> bool {
    ledger.envelope(id).unwrap().is_some()
}

fn own(data_dir: &Path) -> Master {
    Master::own(data_dir).unwrap()
}

#[tokio::test]
async fn new_keys_go_on_without_what_was_said_and_with_what_was_chosen() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let (ledger, writer) = Ledger::open(dir).unwrap();
    let lost = says(&ledger, "u1").await;
    chooses(&ledger, "u2", Stance::None, 5).await;
    is_forgotten(&ledger, "u3", 7).await;
    close(ledger, writer).await;
    assert!(matches!(make_keys(dir, own(dir)), Ok(0)), "with all of them there nothing is lost");
    fs::remove_file(dir.join(KEYS)).unwrap();
    assert!(matches!(look_at_keys(dir, None), Err(StoreError::NoKeys(_))));
    assert_eq!(make_keys(dir, own(dir)).unwrap(), 1);
    look_at_keys(dir, None).unwrap();
    let (ledger, writer) = Ledger::open(dir).unwrap();
    assert!(!is_there(&ledger, lost));
    let kept = says(&ledger, "u1").await;
    assert_eq!((stance(&ledger, "u2"), stance(&ledger, "u3")), (Some(Stance::None), Some(Stance::None)));
    // A ledger from before any of that is restored by these keys: they know it too.
    let words = ledger.shared.seals.words();
    assert!(
        words.iter().any(|(who, words)| *who == person("u2") && words.last().unwrap().at.0 == 5),
        "{words:?}"
    );
    assert!(ledger.shared.seals.gone().iter().any(|gone| gone.person == person("u3") && gone.at == 7));
    close(ledger, writer).await;
    let (ledger, writer) = Ledger::open(dir).unwrap();
    assert!(is_there(&ledger, kept), "the new keys are its own");
    close(ledger, writer).await;
}

#[tokio::test]
async fn an_older_copy_is_taken_only_when_somebody_says_so_and_loses_no_no() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let (ledger, writer) = Ledger::open(dir).unwrap();
    let early = says(&ledger, "u1").await;
    let of_gone = says(&ledger, "u3").await;
    let of_going = says(&ledger, "u4").await;
    chooses(&ledger, "u2", Stance::Full, 5).await;
    let copy = ledger.copy_keys().unwrap();
    chooses(&ledger, "u2", Stance::None, 6).await;
    is_forgotten(&ledger, "u3", 7).await;
    let asked = Erased { asked: 8, ..Erased::default() };
    ledger.say_forget(person("u4"), Stance::None.entries("t", Timestamp(8)), asked).await.unwrap();
    let late = says(&ledger, "u5").await;
    close(ledger, writer).await;

    fs::write(dir.join(KEYS), &copy).unwrap();
    for refused in [Ledger::open(dir).err(), look_at_keys(dir, None).err()] {
        assert!(
            matches!(&refused, Some(error @ StoreError::OlderKeys(_)) if error.to_string().contains("relay keys accept"))
        );
    }
    assert_eq!(fs::read(dir.join(KEYS)).unwrap(), copy, "nothing was changed");
    assert_eq!(accept_keys(dir, own(dir)).unwrap(), 1);
    look_at_keys(dir, None).unwrap();
    let (ledger, writer) = Ledger::open(dir).unwrap();
    assert!(is_there(&ledger, early) && !is_there(&ledger, late));
    assert!(!is_there(&ledger, of_gone), "who was forgotten since is not brought back");
    assert_eq!(stance(&ledger, "u2"), Some(Stance::None));
    let seals = &ledger.shared.seals;
    assert!(seals.words().iter().any(|(who, words)| *who == person("u2") && words.last().unwrap().at.0 == 6));
    // What they say from their wish on is not sealed with the key that goes.
    assert!(is_there(&ledger, of_going) && seals.report().unwrap().retired == 1);
    let again = says(&ledger, "u4").await;
    ledger.say_consent(person("u4"), Stance::Full.entries("t", Timestamp(9)), false).await.unwrap();
    ledger
        .remember_erased(person("u4"), Erased { asked: 8, done: Some(10), ..Erased::default() })
        .await
        .unwrap();
    assert!(!is_there(&ledger, of_going) && is_there(&ledger, again));
    close(ledger, writer).await;
}

/// The keys are put there after a restore without any: they know of later than the backup.
#[tokio::test]
async fn keys_that_come_after_the_restore_bring_back_what_was_chosen_since() {
    let dir = tempfile::tempdir().unwrap();
    let state = dir.path().join("state");
    let (ledger, writer) = Ledger::open(&state).unwrap();
    let id = says(&ledger, "u1").await;
    let of_gone = says(&ledger, "u3").await;
    let backup = dir.path().join("b");
    back_up(&ledger, &state, false, fs::File::create(&backup).unwrap()).unwrap();
    chooses(&ledger, "u1", Stance::None, 6).await;
    is_forgotten(&ledger, "u3", 7).await;
    close(ledger, writer).await;
    let fresh = dir.path().join("fresh");
    let none = WithKeys { copy: None, master_key: None, accept_older: false };
    assert!(!restore(&backup, &fresh, &none, &mut |_, _| {}).unwrap().has_keys);
    for file in [KEYS, "master.key"] {
        fs::copy(state.join(file), fresh.join(file)).unwrap();
    }
    let (ledger, writer) = Ledger::open(&fresh).unwrap();
    assert_eq!(stance(&ledger, "u1"), Some(Stance::None));
    assert_eq!(ledger.to_erase().unwrap(), vec![person("u3")]);
    assert!(is_there(&ledger, id) && !is_there(&ledger, of_gone));
    close(ledger, writer).await;
}

/// As the restore advises where there are no keys.
#[tokio::test]
async fn a_restore_without_keys_goes_on_with_new_ones() {
    let dir = tempfile::tempdir().unwrap();
    let state = dir.path().join("state");
    let (ledger, writer) = Ledger::open(&state).unwrap();
    says(&ledger, "u1").await;
    let backup = dir.path().join("b");
    back_up(&ledger, &state, false, fs::File::create(&backup).unwrap()).unwrap();
    close(ledger, writer).await;
    let fresh = dir.path().join("fresh");
    restore(&backup, &fresh, &WithKeys { copy: None, master_key: None, accept_older: false }, &mut |_, _| {})
        .unwrap();
    assert!(matches!(Ledger::open(&fresh).err(), Some(StoreError::NoKeys(_))));
    assert_eq!(make_keys(&fresh, own(&fresh)).unwrap(), 1);
    let (ledger, writer) = Ledger::open(&fresh).unwrap();
    says(&ledger, "u1").await;
    close(ledger, writer).await;
    let (ledger, writer) = Ledger::open(&fresh).unwrap();
    close(ledger, writer).await;
}

/// A backup and keys that were not written with it: nothing is put among them before somebody says so.
#[tokio::test]
async fn the_keys_of_another_ledger_are_not_written_to_by_a_restore() {
    let dir = tempfile::tempdir().unwrap();
    let (state, other) = (dir.path().join("state"), dir.path().join("other"));
    let (ledger, writer) = Ledger::open(&state).unwrap();
    says(&ledger, "u1").await;
    chooses(&ledger, "u2", Stance::None, 6).await;
    is_forgotten(&ledger, "u3", 7).await;
    let backup = dir.path().join("b");
    back_up(&ledger, &state, false, fs::File::create(&backup).unwrap()).unwrap();
    close(ledger, writer).await;
    let (ledger, writer) = Ledger::open(&other).unwrap();
    chooses(&ledger, "u9", Stance::None, 5).await;
    let copy = dir.path().join("copy");
    fs::write(&copy, ledger.copy_keys().unwrap()).unwrap();
    close(ledger, writer).await;
    fs::remove_dir_all(other.join("ledger")).unwrap();
    let before = fs::read(other.join(KEYS)).unwrap();

    let with = WithKeys { copy: Some(&copy), master_key: None, accept_older: false };
    let fresh = dir.path().join("fresh");
    fs::create_dir(&fresh).unwrap();
    fs::copy(other.join("master.key"), fresh.join("master.key")).unwrap();
    for folder in [&fresh, &other] {
        let refused = restore(&backup, folder, &with, &mut |_, _| {}).err();
        assert!(matches!(refused, Some(crate::store::backup::BackupError::OtherKeys(_))), "{refused:?}");
        assert!(!folder.join("ledger").exists() && !folder.join("ledger.unfinished").exists());
    }
    assert!(!fresh.join(KEYS).exists());
    let restored = restore(&backup, &other, &WithKeys { copy: None, ..with }, &mut |_, _| {}).unwrap();
    assert!(!restored.has_keys);
    assert!(matches!(Ledger::open(&other).err(), Some(StoreError::OlderKeys(_))));
    assert!(fs::read(other.join(KEYS)).unwrap() == before, "it was written to");
    assert_eq!(accept_keys(&other, own(&other)).unwrap(), 1);
    let (ledger, writer) = Ledger::open(&other).unwrap();
    for user in ["u2", "u3", "u9"] {
        assert_eq!(stance(&ledger, user), Some(Stance::None), "{user}");
    }
    close(ledger, writer).await;
}

/// Somebody wants to be forgotten, and it is under way.
async fn wants_to_be_forgotten(ledger: &Ledger, user: &str, at: i64) {
    let asked = Erased { asked: at, ..Erased::default() };
    ledger.say_forget(person(user), Stance::for_good(FORGET, Timestamp(at)), asked).await.unwrap();
    ledger.taken_back(person(user), usize::MAX).await.unwrap();
}

/// What is known of those who have said something after the ledger was copied, whichever way the copy came back.
fn knows_what_was_said_since(ledger: &Ledger) {
    for user in ["none", "gone", "going"] {
        assert_eq!(stance(ledger, user), Some(Stance::None), "{user}");
        assert!(ledger.is_taking_back(&person(user)).unwrap(), "{user}");
    }
    assert_eq!(stance(ledger, "full"), Some(Stance::Full));
    assert!(!ledger.is_taking_back(&person("full")).unwrap(), "they have forbidden nothing");
    let mut to_erase = ledger.to_erase().unwrap();
    to_erase.sort_unstable();
    assert_eq!(to_erase, vec![person("going"), person("gone")]);
}

fn copy_all(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        match entry.file_type().unwrap().is_dir() {
            true => copy_all(&entry.path(), &to.join(entry.file_name())),
            false => fs::copy(entry.path(), to.join(entry.file_name())).map(drop).unwrap(),
        }
    }
}

/// The keys stay the newest ones: what they know of people holds, whether a backup is restored or the ledger's files are put back.
#[tokio::test]
async fn an_older_ledger_takes_what_newer_keys_know_of_people() {
    let dir = tempfile::tempdir().unwrap();
    let (state, older) = (dir.path().join("state"), dir.path().join("older"));
    let (ledger, writer) = Ledger::open(&state).unwrap();
    for user in ["none", "gone", "going", "full"] {
        says(&ledger, user).await;
    }
    let backup = dir.path().join("b");
    back_up(&ledger, &state, false, fs::File::create(&backup).unwrap()).unwrap();
    close(ledger, writer).await;
    copy_all(&state.join("ledger"), &older);
    let (ledger, writer) = Ledger::open(&state).unwrap();
    chooses(&ledger, "none", Stance::None, 5).await;
    chooses(&ledger, "full", Stance::Full, 5).await;
    is_forgotten(&ledger, "gone", 6).await;
    wants_to_be_forgotten(&ledger, "going", 7).await;
    close(ledger, writer).await;

    fs::remove_dir_all(state.join("ledger")).unwrap();
    let restored = restore(
        &backup,
        &state,
        &WithKeys { copy: None, master_key: None, accept_older: false },
        &mut |_, _| {},
    )
    .unwrap();
    assert_eq!((restored.has_keys, restored.forgotten), (true, 2));
    for way in ["a backup", "files"] {
        let (ledger, writer) = Ledger::open(&state).unwrap();
        println!("{way}");
        knows_what_was_said_since(&ledger);
        close(ledger, writer).await;
        // Once is enough: a start after that finds both knowing the same.
        let (ledger, writer) = Ledger::open(&state).unwrap();
        assert!(!are_ahead(&ledger.shared.meta, &ledger.shared.seals).unwrap(), "{way}");
        close(ledger, writer).await;
        fs::remove_dir_all(state.join("ledger")).unwrap();
        copy_all(&older, &state.join("ledger"));
    }
}

/// Whether it is not known of anything that was said until now what rooms may see of it.
fn knows_nothing_of_before(state: &Path) -> bool {
    let kept = fs::read(state.join("before.json")).unwrap_or_else(|_| b"{\"rooms\":[]}".to_vec());
    let kept: serde_json::Value = serde_json::from_slice(&kept).unwrap();
    kept["unknown"].as_i64().is_some_and(|until| Timestamp::now().0 - until < 60_000)
}

/// A state directory with these keys of another one and no ledger.
fn lost(state: &Path, name: &str, keys: Option<&Path>) -> std::path::PathBuf {
    let fresh = state.with_file_name(name);
    fs::create_dir(&fresh).unwrap();
    fs::copy(state.join("master.key"), fresh.join("master.key")).unwrap();
    keys.into_iter().for_each(|keys| assert!(fs::copy(keys, fresh.join(KEYS)).unwrap() > 0));
    fresh
}

/// What a copy of the keys knows of what rooms were shown ends when it was made; the machine's own keys know it until the end.
#[tokio::test]
async fn what_rooms_were_shown_since_an_older_copy_of_the_keys_is_not_known() {
    let dir = tempfile::tempdir().unwrap();
    let (state, copy, backup) = (dir.path().join("state"), dir.path().join("copy"), dir.path().join("b"));
    let (ledger, writer) = Ledger::open(&state).unwrap();
    says(&ledger, "u1").await;
    ledger.note_change(Timestamp(5)).unwrap();
    back_up(&ledger, &state, false, fs::File::create(&backup).unwrap()).unwrap();
    fs::write(&copy, ledger.copy_keys().unwrap()).unwrap();
    chooses(&ledger, "u1", Stance::Full, 6).await;
    close(ledger, writer).await;
    let own = state.join(KEYS);
    for (name, has_own, given, is_known, is_copy) in [
        ("a copy", false, Some(&copy), false, Some(true)),
        ("the file itself, and nobody knows of when", false, Some(&own), false, Some(false)),
        ("its own", true, None, true, None),
        ("its own, and an older copy", true, Some(&copy), true, None),
    ] {
        let fresh = lost(&state, name, has_own.then_some(own.as_path()));
        let keys =
            WithKeys { copy: given.map(std::path::PathBuf::as_path), master_key: None, accept_older: false };
        let restored = restore(&backup, &fresh, &keys, &mut |_, _| {}).unwrap();
        assert_eq!(restored.keys_of.map(|of| of.is_copy), is_copy, "{name}");
        assert_eq!(!knows_nothing_of_before(&fresh), is_known, "{name}");
    }
}

/// A copy of the keys from before somebody came: what they said could not be read, and not be taken back either.
#[tokio::test]
async fn keys_that_are_older_than_the_backup_restore_nothing_unless_somebody_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let (state, copy, backup) = (dir.path().join("state"), dir.path().join("copy"), dir.path().join("b"));
    let (ledger, writer) = Ledger::open(&state).unwrap();
    let early = says(&ledger, "u1").await;
    fs::write(&copy, ledger.copy_keys().unwrap()).unwrap();
    let late = says(&ledger, "u2").await;
    back_up(&ledger, &state, false, fs::File::create(&backup).unwrap()).unwrap();
    close(ledger, writer).await;
    let given = lost(&state, "given", None);
    let with = |copy, accept_older| WithKeys { copy, master_key: None, accept_older };
    for (fresh, keys) in
        [(&given, with(Some(copy.as_path()), false)), (&lost(&state, "own", Some(&copy)), with(None, false))]
    {
        let before = fs::read(fresh.join(KEYS)).ok();
        let refused = restore(&backup, fresh, &keys, &mut |_, _| {}).unwrap_err();
        assert!(refused.to_string().contains("no keys for 1 of its messages"), "{refused}");
        assert!(
            !fresh.join("ledger").exists() && fs::read(fresh.join(KEYS)).ok() == before,
            "nothing is written"
        );
    }
    let restored = restore(&backup, &given, &with(Some(&copy), true), &mut |_, _| {}).unwrap();
    assert_eq!((restored.has_keys, restored.missing), (true, 1));
    let (ledger, writer) = Ledger::open(&given).unwrap();
    assert!(is_there(&ledger, early) && !is_there(&ledger, late));
    close(ledger, writer).await;
}

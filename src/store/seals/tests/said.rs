//! What people have said about themselves, in the keys and out of them: a restore and a *forget* lose no *no* of it.

use super::*;
use crate::consent::{Asked, DataClass, Entry, Purpose, Recipient};
use crate::store::backup::{WithKeys, back_up, restore};
use crate::store::ledger::WriterGuard;

async fn say(ledger: &Ledger, user: &str, words: &[(Stance, i64)]) {
    for (stance, at) in words {
        ledger.say_consent(person(user), stance.entries("t", Timestamp(*at)), false).await.unwrap();
    }
}

async fn close(ledger: Ledger, writer: WriterGuard) {
    ledger.close().await.unwrap();
    writer.join();
}

/// Whether others see now what somebody said then.
fn may(ledger: &Ledger, user: &str, class: DataClass, then: i64) -> bool {
    let recipient = Recipient::of(&room("there"), Vec::new());
    let asked = Asked { purpose: Purpose::Bridging, class, recipient: &recipient, default: true };
    let history = ledger.consent_of(&person(user)).unwrap_or_default();
    history.allows(&asked, Timestamp(1_000)) && history.allowed(&asked, Timestamp(then))
}

fn words_of(ledger: &Ledger, user: &str) -> Vec<Entry> {
    ledger.consent_of(&person(user)).map(|history| history.entries().to_vec()).unwrap_or_default()
}

/// Writes the file of keys as an older Relay did: only what was said last.
fn as_before(path: &Path, master: &Master) {
    let (mut file, facts) = KeyFile::open(path, master.clone(), &Expected::default()).unwrap();
    let mut known = Known::default();
    facts.into_iter().for_each(|fact| known.learn(fact));
    // The last of them is a whole word here.
    let said = std::mem::take(&mut known.words).into_iter();
    let said =
        said.map(|(person, words)| Fact::Said { person, words: words.last().cloned().into_iter().collect() });
    let mut facts: Vec<Fact> = said.collect();
    facts.extend(known.facts());
    file.rewrite(&facts, 0).unwrap();
}

/// A ledger that is made from a backup and these keys, on a machine of its own.
fn restored(dir: &Path, name: &str, backup: &Path, keys: Vec<u8>) -> (Ledger, WriterGuard) {
    let state = dir.join(name);
    fs::create_dir(&state).unwrap();
    fs::copy(dir.join("master.key"), state.join("master.key")).unwrap();
    let copy = dir.join(format!("{name}.keys"));
    fs::write(&copy, keys).unwrap();
    let with = WithKeys { copy: Some(&copy), master_key: None, accept_older: false };
    let restored = restore(backup, &state, &with, &mut |_, _| {}).unwrap();
    assert!(restored.keys_of.is_some());
    Ledger::open(&state).unwrap()
}

#[tokio::test]
async fn a_restore_knows_what_was_forbidden_since_and_before() {
    use DataClass::{Content, Identity};
    use Stance::{Anonymous, Full, None};
    let dir = tempfile::tempdir().unwrap();
    let (ledger, writer) = Ledger::open(dir.path()).unwrap();
    say(&ledger, "in", &[(None, 10), (Full, 20)]).await;
    say(&ledger, "open", &[(None, 10)]).await;
    let mut backup = Vec::new();
    back_up(&ledger, dir.path(), false, &mut backup).unwrap();
    let file = dir.path().join("b");
    fs::write(&file, backup).unwrap();
    // After it was made.
    say(&ledger, "open", &[(Full, 40)]).await;
    say(&ledger, "since", &[(None, 30), (Full, 40)]).await;
    say(&ledger, "masked", &[(Anonymous, 30), (Full, 40)]).await;
    let keys = ledger.copy_keys().unwrap();
    close(ledger, writer).await;
    let path = dir.path().join("as-before");
    fs::write(&path, &keys).unwrap();
    as_before(&path, &Master::own(dir.path()).unwrap());
    let older = fs::read(&path).unwrap();
    for (name, keys) in [("now", keys), ("older", older)] {
        let (ledger, writer) = restored(dir.path(), name, &file, keys);
        let is_now = name == "now";
        for user in ["open", "since", "masked"] {
            assert!(may(&ledger, user, Content, 40) && may(&ledger, user, Identity, 40), "{name} {user}");
            // Carried, and taken back at 30; or said to nobody.
            assert!(!may(&ledger, user, Content, 25), "{name} {user}");
        }
        assert!(may(&ledger, "open", Content, 5) == is_now && !may(&ledger, "open", Content, 15), "{name}");
        assert!(!may(&ledger, "since", Content, 35), "{name}");
        // Under another name then: as it was, where that is known.
        assert_eq!(may(&ledger, "masked", Content, 35), is_now, "{name}");
        assert!(!may(&ledger, "masked", Identity, 35), "{name}");
        // Whom the keys tell nothing new of is as they were.
        assert_eq!(words_of(&ledger, "in").len(), 2, "{name}");
        assert!(may(&ledger, "in", Content, 5) && !may(&ledger, "in", Content, 15), "{name}");
        // From then on the keys know as much as the ledger.
        for user in ["in", "open", "since", "masked"] {
            let known = ledger.shared.seals.words().into_iter().find(|(of, _)| *of == person(user));
            assert_eq!(known.map(|(_, words)| words), Some(words_of(&ledger, user)), "{name} {user}");
        }
        close(ledger, writer).await;
    }
}

#[tokio::test]
async fn what_was_forbidden_before_somebody_was_forgotten_stays_so() {
    use DataClass::Content;
    use Stance::{Full, None};
    let dir = tempfile::tempdir().unwrap();
    let (ledger, writer) = Ledger::open(dir.path()).unwrap();
    say(&ledger, "u1", &[(None, 10)]).await;
    say(&ledger, "u2", &[(None, 10)]).await;
    let mut backup = Vec::new();
    back_up(&ledger, dir.path(), false, &mut backup).unwrap();
    let file = dir.path().join("b");
    fs::write(&file, backup).unwrap();
    let asked = Erased { asked: 20, ..Erased::default() };
    let done = Erased { done: Some(30), ..asked.clone() };
    for user in ["u1", "u2"] {
        let no = Stance::for_good("/relay forget", Timestamp(20));
        ledger.say_forget(person(user), no, asked.clone()).await.unwrap();
    }
    ledger.remember_erased(person("u1"), done.clone()).await.unwrap();
    say(&ledger, "u1", &[(Full, 40)]).await;
    // Before it was done.
    say(&ledger, "u2", &[(Full, 40)]).await;
    ledger.remember_erased(person("u2"), done).await.unwrap();
    let is_so = |ledger: &Ledger, when: &str| {
        for user in ["u1", "u2"] {
            for (then, is_seen) in [(5, false), (15, false), (25, false), (40, true)] {
                assert_eq!(may(ledger, user, Content, then), is_seen, "{when} {user} {then}");
            }
        }
    };
    is_so(&ledger, "then");
    assert_eq!(words_of(&ledger, "u1").len(), 2, "nothing else is kept");
    let keys = ledger.copy_keys().unwrap();
    close(ledger, writer).await;
    let (ledger, writer) = Ledger::open(dir.path()).unwrap();
    is_so(&ledger, "after a start");
    close(ledger, writer).await;
    let (ledger, writer) = restored(dir.path(), "new", &file, keys);
    is_so(&ledger, "after a restore");
    close(ledger, writer).await;

    // An older Relay kept their last word alone.
    let opening = Opening::With(dir.path(), Master::own(dir.path()).unwrap());
    let shared = Shared::open(&dir.path().join("ledger"), false, opening).unwrap();
    for user in ["u1", "u2"] {
        for number in 0..2 {
            shared.meta.remove(keys::consent(person(user).as_str(), number)).unwrap();
        }
        let word = Full.entries("t", Timestamp(40)).remove(0);
        shared.meta.insert(keys::consent(person(user).as_str(), 0), word.encode().unwrap()).unwrap();
    }
    shared.db.persist(fjall::PersistMode::SyncAll).unwrap();
    drop(shared);
    for when in ["as it was kept before", "and again"] {
        let (ledger, writer) = Ledger::open(dir.path()).unwrap();
        is_so(&ledger, when);
        say(&ledger, "u1", &[(None, 50), (Full, 60)]).await;
        assert!(!may(&ledger, "u1", Content, 55) && may(&ledger, "u1", Content, 60), "{when}");
        close(ledger, writer).await;
    }
}

#[test]
fn what_is_known_of_somebody_is_not_lost_to_an_older_copy() {
    let dir = tempfile::tempdir().unwrap();
    let master = Master::own(dir.path()).unwrap();
    let seals = Seals::open(dir.path(), master.clone(), &Expected::default()).unwrap();
    let who = person("u1");
    let mut said = Stance::for_good("/relay forget", Timestamp(5));
    seals.destroy(&who, 5, said.clone(), true).unwrap();
    said.extend(Stance::Full.entries("t", Timestamp(9)));
    seals.keep_said(&who, &said).unwrap();
    let copy = seals.copy().unwrap();
    said.extend(Stance::None.entries("t", Timestamp(12)));
    seals.keep_said(&who, &said).unwrap();
    seals.merge(&copy, &master).unwrap();
    assert_eq!(seals.words(), vec![(who.clone(), said.clone())]);
    // Many words are no fact that is too long.
    said.extend((20..2_000).flat_map(|at| Stance::Anonymous.entries("t", Timestamp(at))));
    seals.keep_said(&who, &said).unwrap();
    drop(seals);
    let seals = Seals::open(dir.path(), master.clone(), &Expected::default()).unwrap();
    assert_eq!(seals.words(), vec![(who.clone(), said.clone())]);
    seals.rotate(None).unwrap();
    drop(seals);
    let seals = Seals::open(dir.path(), Master::own(dir.path()).unwrap(), &Expected::default()).unwrap();
    assert_eq!(seals.words(), vec![(who, said)]);
}

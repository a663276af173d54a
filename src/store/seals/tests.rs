//! What is sealed, what opens it, and what a crash leaves.

mod said;
mod torn;

use super::file::{Fact, KeyFile};
use super::*;
use crate::consent::{Stance, Unsaid};
use crate::store::ledger::FannedOut;
use crate::store::records::{Reactor, SetAside};
use crate::store::shared::{Opening, Shared, newest_write};
use crate::store::{Erased, Ledger, Note, OutboxRow, keys};
use relay_contract::{Account, Author, Event, Message, MessageRef, Platform, Text, Timestamp};
use std::fs;

const CANARY: &str = "canary-7f3a";

/// Takes the seals off, as a ledger was before there were any.
pub(in crate::store) fn make_plain(data_dir: &Path) {
    let opening = Opening::With(data_dir, Master::own(data_dir).unwrap());
    let shared = Shared::open(&data_dir.join("ledger"), false, opening).unwrap();
    for entry in shared.journal.iter() {
        let (key, value) = entry.into_inner().unwrap();
        if let Some(stored) = shared.seals.unseal::<StoredEnvelope>(&value, &key).unwrap() {
            shared.journal.insert(key, stored.encode().unwrap()).unwrap();
        }
    }
    for entry in shared.work.prefix([keys::work::ASIDE]) {
        let (key, value) = entry.into_inner().unwrap();
        let event = shared.seals.unseal::<SetAside>(&value, &key).unwrap().unwrap();
        shared.work.insert(key, event.encode().unwrap()).unwrap();
    }
    shared.meta.remove(format::SEALED_KEY).unwrap();
    shared.db.persist(fjall::PersistMode::SyncAll).unwrap();
}

fn room(id: &str) -> RoomKey {
    RoomKey::new(Platform::new("p"), "net", id)
}

fn said_by(user: &str, id: &str) -> Envelope {
    let author = Author {
        id: user.into(),
        name: format!("{CANARY} {user}"),
        avatar: None,
        standing: Standing::Person,
    };
    let message = Message::new(MessageRef::plain(id), Text::plain(&format!("{CANARY} says {id}")));
    Envelope {
        origin: room("here"),
        author: Some(author),
        at: Timestamp::now(),
        event: Event::Posted(message),
    }
}

fn person(user: &str) -> Person {
    Person::from_parts(&room("here"), user)
}

async fn accept(ledger: &Ledger, envelope: Envelope) -> EnvelopeId {
    let accepted = ledger.accept(Account("a".into()), vec![envelope]).await.unwrap().await.unwrap().unwrap();
    match accepted[0] {
        crate::store::Verdict::Accepted(id) => id,
        other => panic!("{other:?}"),
    }
}

/// Files in which a word stands.
fn files_with(folder: &Path, word: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(files_with(&path, word)),
            false => {
                let bytes = fs::read(&path).unwrap();
                if bytes.windows(word.len()).any(|part| part == word.as_bytes()) {
                    found.push(path);
                }
            }
        }
    }
    found
}

async fn fill(ledger: &Ledger) -> EnvelopeId {
    let id = accept(ledger, said_by("u1", "1")).await;
    let by = Reactor { user: "u2".into(), name: CANARY.into(), emoji: "👍".into(), emoji_id: None, at: 1 };
    let notes = vec![
        Note::Reaction { subject: id, room: room("here"), by, added: true },
        Note::Name { looks: CANARY.into(), holder: "p/net/u1".into() },
    ];
    let row = OutboxRow::new("lobby", None);
    let rows = vec![(room("there"), row.clone()), (room("yonder"), row.clone())];
    ledger.fan_out(vec![FannedOut { rows, notes, ..FannedOut::nowhere(id) }]).await.unwrap();
    let failed = OutboxRow { attempts: 1, last_error: Some(format!("no {CANARY}")), ..row };
    ledger.progress(room("there"), id, failed.clone()).await.unwrap();
    let letter = crate::store::DeadLetter { reason: format!("{CANARY} again"), at: 1, row: failed };
    ledger.bury(room("yonder"), id, letter).await.unwrap();
    let payload = format!("{{\"text\":\"{CANARY}\"}}");
    let aside = SetAside { account: "a".into(), reason: "r".into(), payload, at: 1 };
    ledger.set_aside(aside).await.unwrap();
    id
}

fn is_whole(ledger: &Ledger, id: EnvelopeId) {
    assert!(format!("{:?}", ledger.envelope(id).unwrap().unwrap()).contains(CANARY));
    assert_eq!(ledger.reactions(id).unwrap()[0].1.name, CANARY);
    assert_eq!(ledger.name_holder(CANARY).unwrap().as_deref(), Some("p/net/u1"));
    let (_, row) = ledger.head(&room("there"), id).unwrap().unwrap();
    assert_eq!(row.last_error.as_deref(), Some("no canary-7f3a"));
    assert_eq!(ledger.dead_letters(9).unwrap()[0].2.reason, "canary-7f3a again");
    assert!(ledger.aside(9).unwrap()[0].payload.contains(CANARY));
}

#[tokio::test]
async fn nothing_that_was_said_or_is_called_stands_in_any_file() {
    let dir = tempfile::tempdir().unwrap();
    let (ledger, writer) = Ledger::open(dir.path()).unwrap();
    let id = fill(&ledger).await;
    is_whole(&ledger, id);
    ledger.close().await.unwrap();
    writer.join();
    drop(ledger);
    assert_eq!(files_with(dir.path(), CANARY), Vec::<PathBuf>::new());
    let (ledger, writer) = Ledger::open(dir.path()).unwrap();
    is_whole(&ledger, id);
    ledger.close().await.unwrap();
    writer.join();
}

#[tokio::test]
async fn what_was_plain_is_sealed_at_the_next_start() {
    let dir = tempfile::tempdir().unwrap();
    let (ledger, writer) = Ledger::open(dir.path()).unwrap();
    let id = fill(&ledger).await;
    ledger.close().await.unwrap();
    writer.join();
    drop(ledger);
    make_plain(dir.path());
    assert!(!files_with(dir.path(), CANARY).is_empty(), "it is plain now");
    let (ledger, writer) = Ledger::open(dir.path()).unwrap();
    is_whole(&ledger, id);
    ledger.close().await.unwrap();
    writer.join();
    drop(ledger);
    assert_eq!(files_with(dir.path(), CANARY), Vec::<PathBuf>::new());
}

#[tokio::test]
async fn whose_key_is_destroyed_cannot_be_read_in_any_copy() {
    let dir = tempfile::tempdir().unwrap();
    let (ledger, writer) = Ledger::open(dir.path()).unwrap();
    let theirs = accept(&ledger, said_by("u1", "1")).await;
    let others = accept(&ledger, said_by("u2", "2")).await;
    let mut copy = Vec::new();
    crate::store::backup::back_up(&ledger, dir.path(), false, &mut copy).unwrap();
    let old_keys = ledger.copy_keys().unwrap();
    let asked = Erased { asked: Timestamp::now().0, ..Erased::default() };
    ledger
        .say_forget(person("u1"), Stance::None.entries("t", Timestamp::now()), asked.clone())
        .await
        .unwrap();
    // Somebody else says no after the backup, too.
    ledger.say_consent(person("u2"), Stance::None.entries("t", Timestamp::now()), false).await.unwrap();
    let readable = |ledger: &Ledger, id| ledger.envelope(id).unwrap().is_some();
    assert!(ledger.shared.seals.report().unwrap().retired == 1);
    let done = Erased { done: Some(Timestamp::now().0), ..asked };
    ledger.remember_erased(person("u1"), done).await.unwrap();
    ledger.close().await.unwrap();
    writer.join();
    drop(ledger);
    let (ledger, writer) = Ledger::open(dir.path()).unwrap();
    assert!(!readable(&ledger, theirs) && readable(&ledger, others));
    ledger.close().await.unwrap();
    writer.join();
    drop(ledger);

    // Onto the machine that has its keys, and onto a new one with keys of now; keys of then bring them back, which is why they are not kept.
    let file = dir.path().join("b");
    fs::write(&file, copy).unwrap();
    for (name, keys) in [("now", fs::read(dir.path().join(KEYS)).unwrap()), ("then", old_keys)] {
        let state = dir.path().join(name);
        fs::create_dir(&state).unwrap();
        fs::copy(dir.path().join("master.key"), state.join("master.key")).unwrap();
        let copied = dir.path().join("k");
        fs::write(&copied, keys).unwrap();
        let with =
            crate::store::backup::WithKeys { copy: Some(&copied), master_key: None, accept_older: false };
        let restored = crate::store::backup::restore(&file, &state, &with, &mut |_, _| {}).unwrap();
        let (ledger, writer) = Ledger::open(&state).unwrap();
        let is_now = name == "now";
        assert_eq!((restored.forgotten, readable(&ledger, theirs)), (u64::from(is_now), !is_now), "{name}");
        assert!(readable(&ledger, others));
        let said = ledger.consent_of(&person("u2")).and_then(|history| history.stance());
        assert_eq!(said, is_now.then_some(Stance::None), "{name}: a no is not lost by a restore");
        let to_erase = ledger.to_erase().unwrap();
        assert_eq!(to_erase, if is_now { vec![person("u1")] } else { Vec::new() });
        if is_now {
            let stance = ledger.consent_of(&person("u1")).unwrap().stance();
            assert_eq!(stance, Some(Stance::None), "their no is there again: {:?}", Unsaid::Notice);
            // What nobody can read any more goes too.
            let mut erasure = ledger.begin_erasure(person("u1"), None, Vec::new());
            let mut gone = 0;
            while let Some(piece) = ledger.next_erased(&mut erasure).unwrap() {
                gone += piece.envelopes();
                ledger.forget(piece).await.unwrap();
            }
            assert_eq!((gone, erasure.waits), (0, 1), "it waits for its fan-out");
        }
        ledger.close().await.unwrap();
        writer.join();
    }
}

#[tokio::test]
async fn who_speaks_again_after_asking_keeps_that() {
    let dir = tempfile::tempdir().unwrap();
    let (ledger, writer) = Ledger::open(dir.path()).unwrap();
    let before = accept(&ledger, said_by("u1", "1")).await;
    let asked = Erased { asked: Timestamp::now().0, ..Erased::default() };
    ledger
        .say_forget(person("u1"), Stance::None.entries("t", Timestamp::now()), asked.clone())
        .await
        .unwrap();
    let later = Timestamp(asked.asked + 5);
    ledger.say_consent(person("u1"), Stance::Full.entries("t", later), false).await.unwrap();
    let after = accept(&ledger, said_by("u1", "2")).await;
    ledger.remember_erased(person("u1"), Erased { done: Some(later.0), ..asked }).await.unwrap();
    ledger.close().await.unwrap();
    writer.join();
    drop(ledger);
    let (ledger, writer) = Ledger::open(dir.path()).unwrap();
    assert!(ledger.envelope(before).unwrap().is_none() && ledger.envelope(after).unwrap().is_some());
    ledger.close().await.unwrap();
    writer.join();
}

#[test]
fn a_record_is_read_only_where_it_belongs_and_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let seals = Seals::open(dir.path(), Master::own(dir.path()).unwrap(), &Expected::default()).unwrap();
    let stored = StoredEnvelope::new(Account("a".into()), said_by("u1", "1"));
    let sealed = seals.seal(&stored, Some(&person("u1")), b"at").unwrap();
    assert_eq!(seals.unseal::<StoredEnvelope>(&sealed, b"at").unwrap(), Some(stored));
    assert!(seals.unseal::<StoredEnvelope>(&sealed, b"elsewhere").is_err());
    assert!(seals.unseal::<SetAside>(&sealed, b"at").is_err(), "another kind");
    for at in 12..sealed.len() {
        let mut altered = sealed.clone();
        altered[at] ^= 1;
        assert!(seals.unseal::<StoredEnvelope>(&altered, b"at").is_err(), "{at}");
        assert!(seals.unseal::<StoredEnvelope>(&sealed[..at], b"at").is_err(), "cut at {at}");
    }
}

#[test]
fn a_file_of_keys_that_was_cut_off_anywhere_is_read_as_far_as_it_is_whole() {
    let dir = tempfile::tempdir().unwrap();
    let master = Master::own(dir.path()).unwrap();
    let path = dir.path().join(KEYS);
    let seals = Seals::open(dir.path(), master.clone(), &Expected::default()).unwrap();
    let mut ends = vec![fs::read(&path).unwrap().len()];
    for user in ["u1", "u2", "u3"] {
        seals.number_for(Some(&person(user))).unwrap();
        ends.push(fs::read(&path).unwrap().len());
    }
    let whole = fs::read(&path).unwrap();
    for cut in ends[0]..=whole.len() {
        for rest in [&[][..], &[0; 300]] {
            // What ends in zeros may be whole all the same.
            let is_whole = |end: &usize| {
                *end <= cut || (!rest.is_empty() && whole[cut..*end].iter().all(|byte| *byte == 0))
            };
            let people = ends.iter().filter(|end| is_whole(end)).count() - 1;
            fs::write(&path, [&whole[..cut], rest].concat()).unwrap();
            match Seals::open(dir.path(), master.clone(), &Expected::any()) {
                Ok(seals) => {
                    assert_eq!(seals.report().unwrap().people, people as u64, "{cut}");
                    assert!(
                        fs::read(&path).unwrap() == [&whole[..cut], rest].concat(),
                        "a look changes nothing: {cut}"
                    );
                    // What is added stands behind what is whole.
                    seals.number_for(Some(&person("new"))).unwrap();
                    seals.sync().unwrap();
                    let again = Seals::open(dir.path(), master.clone(), &Expected::any()).unwrap();
                    assert_eq!(again.report().unwrap().people, people as u64 + 1, "{cut}");
                }
                // A length that was half written before zeros may be any.
                Err(error) => assert!(!rest.is_empty() && cut > ends[people], "{cut}: {error}"),
            }
        }
    }
    // A length that was altered looks like an end that was cut off; what the ledger needs is not there then, and nothing is cut.
    fs::write(&path, &whole).unwrap();
    let newest = Seals::open(dir.path(), master.clone(), &Expected::any()).unwrap().known().of[&person("u3")];
    drop(
        Seals::open(dir.path(), master.clone(), &Expected { newest: Some(newest), ..Expected::any() })
            .unwrap(),
    );
    let mut altered = whole.clone();
    altered[ends[0] + 1] ^= 1;
    fs::write(&path, &altered).unwrap();
    let opened =
        Seals::open(dir.path(), master.clone(), &Expected { newest: Some(newest), ..Expected::any() }).err();
    assert!(matches!(opened, Some(StoreError::DamagedKeys { .. })), "{opened:?}");
    assert_eq!(fs::read(&path).unwrap(), altered);
    let mut altered = whole.clone();
    altered[ends[0] + 10] ^= 1;
    fs::write(&path, altered).unwrap();
    let opened = Seals::open(dir.path(), master.clone(), &Expected::any()).err();
    assert!(matches!(opened, Some(StoreError::DamagedKeys { at, .. }) if at == ends[0]));
    fs::write(&path, &whole[..4]).unwrap();
    assert!(matches!(
        Seals::open(dir.path(), master, &Expected::any()).err(),
        Some(StoreError::DamagedKeys { at: 0, .. })
    ));
}

/// Where the facts of a file of keys end.
fn ends(file: &[u8]) -> Vec<usize> {
    let mut at = MAGIC.len() + 1 + 8 + NONCE + 32 + TAG;
    let mut ends = Vec::new();
    while let Some(length) = file.get(at..).and_then(|rest| rest.first_chunk::<4>()) {
        at += 4 + u32::from_be_bytes(*length) as usize;
        ends.push(at);
    }
    ends
}

/// Somebody is forgotten, all of it.
async fn is_forgotten(ledger: &Ledger, user: &str) {
    let asked = Erased { asked: Timestamp::now().0, ..Erased::default() };
    let no = Stance::None.entries("t", Timestamp::now());
    ledger.say_forget(person(user), no, asked.clone()).await.unwrap();
    let done = Erased { done: Some(asked.asked + 1), ..asked };
    ledger.remember_erased(person(user), done).await.unwrap();
}

async fn close(ledger: Ledger, writer: crate::store::ledger::WriterGuard) {
    ledger.close().await.unwrap();
    drop(ledger);
    writer.join();
}

#[tokio::test]
async fn what_is_damaged_at_its_end_is_refused_and_left_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(KEYS);
    let (ledger, writer) = Ledger::open(dir.path()).unwrap();
    for user in ["u1", "u2", "u3"] {
        accept(&ledger, said_by(user, user)).await;
    }
    let called = ledger.pseudonyms().name(&person("u1"), "c");
    // Written anew, and then two facts are added: a key and a choice.
    is_forgotten(&ledger, "u3").await;
    accept(&ledger, said_by("u4", "4")).await;
    ledger.say_consent(person("u4"), Stance::None.entries("t", Timestamp::now()), false).await.unwrap();
    close(ledger, writer).await;
    let whole = fs::read(&path).unwrap();
    let ends = ends(&whole);
    assert_eq!(ends.last(), Some(&whole.len()));
    let mut damaged: Vec<Vec<u8>> = ends[..ends.len() - 1].iter().map(|end| whole[..*end].to_vec()).collect();
    damaged.extend(ends.iter().map(|end| whole[..end - 1].to_vec()));
    damaged.extend(ends.iter().map(|end| {
        let mut flipped = whole.clone();
        flipped[end - 1] ^= 1;
        flipped
    }));
    for damaged in damaged {
        fs::write(&path, &damaged).unwrap();
        for refused in [Ledger::open(dir.path()).err(), look(dir.path(), None).err()] {
            let is_told = matches!(&refused, Some(StoreError::DamagedKeys { .. } | StoreError::OlderKeys(_)));
            assert!(is_told, "{} of {}: {refused:?}", damaged.len(), whole.len());
        }
        assert!(fs::read(&path).unwrap() == damaged, "it was written to");
    }
    fs::write(&path, &whole).unwrap();
    let (ledger, writer) = Ledger::open(dir.path()).unwrap();
    assert_eq!(ledger.pseudonyms().name(&person("u1"), "c"), called);
    close(ledger, writer).await;
}

#[tokio::test]
async fn the_keys_of_before_somebody_was_forgotten_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(KEYS);
    let (ledger, writer) = Ledger::open(dir.path()).unwrap();
    accept(&ledger, said_by("u1", "1")).await;
    let theirs = accept(&ledger, said_by("u2", "2")).await;
    let older = [ledger.copy_keys().unwrap(), fs::read(&path).unwrap()];
    is_forgotten(&ledger, "u2").await;
    let now = ledger.copy_keys().unwrap();
    close(ledger, writer).await;
    for older in older {
        fs::write(&path, &older).unwrap();
        assert!(matches!(Ledger::open(dir.path()).err(), Some(StoreError::OlderKeys(_))));
        assert!(fs::read(&path).unwrap() == older);
    }
    // A copy of now is as good as the file.
    fs::write(&path, now).unwrap();
    let (ledger, writer) = Ledger::open(dir.path()).unwrap();
    assert!(ledger.envelope(theirs).unwrap().is_none());
    close(ledger, writer).await;
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let there = to.join(path.file_name().unwrap());
        match path.is_dir() {
            true => copy_folder(&path, &there),
            false => assert!(fs::copy(&path, &there).is_ok()),
        }
    }
}

/// Killed when the keys are destroyed and the ledger does not know yet: it is done again, and nothing is brought back.
#[tokio::test]
async fn a_forgetting_can_be_cut_off_between_the_keys_and_the_ledger() {
    let dir = tempfile::tempdir().unwrap();
    let (kept, before) = (dir.path().join("ledger"), dir.path().join("before"));
    let (ledger, writer) = Ledger::open(dir.path()).unwrap();
    let theirs = accept(&ledger, said_by("u1", "1")).await;
    let asked = Erased { asked: Timestamp::now().0, ..Erased::default() };
    let no = Stance::None.entries("t", Timestamp::now());
    ledger.say_forget(person("u1"), no, asked.clone()).await.unwrap();
    close(ledger, writer).await;
    copy_folder(&kept, &before);
    let done = Erased { done: Some(asked.asked + 1), ..asked };
    let (ledger, writer) = Ledger::open(dir.path()).unwrap();
    ledger.remember_erased(person("u1"), done.clone()).await.unwrap();
    close(ledger, writer).await;
    fs::remove_dir_all(&kept).unwrap();
    fs::rename(&before, &kept).unwrap();
    let (ledger, writer) = Ledger::open(dir.path()).unwrap();
    assert_eq!(ledger.to_erase().unwrap(), [person("u1")]);
    assert!(ledger.envelope(theirs).unwrap().is_none());
    ledger.remember_erased(person("u1"), done).await.unwrap();
    close(ledger, writer).await;
    let (ledger, writer) = Ledger::open(dir.path()).unwrap();
    assert!(ledger.to_erase().unwrap().is_empty() && ledger.envelope(theirs).unwrap().is_none());
    close(ledger, writer).await;
}

/// By the times of its files a start knows since when it may have posted what nobody has confirmed: a look must not move them.
#[tokio::test]
async fn a_look_leaves_the_ledger_as_old_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let (ledger, writer) = Ledger::open(dir.path()).unwrap();
    accept(&ledger, said_by("u1", "1")).await;
    close(ledger, writer).await;
    let path = dir.path().join("ledger");
    let an_hour_ago = std::time::SystemTime::now() - std::time::Duration::from_secs(3_600);
    for file in fs::read_dir(&path).unwrap().map(|file| file.unwrap()).filter(|file| file.path().is_file()) {
        let opened = fs::File::options().write(true).open(file.path()).unwrap();
        // As a crash leaves the journal: what was set aside in it is there.
        if file.path().extension().is_some_and(|kind| kind == "jnl") {
            opened.set_len(opened.metadata().unwrap().len() + (1 << 20)).unwrap();
        }
        opened.set_modified(an_hour_ago).unwrap();
    }
    let before = newest_write(&path);
    look(dir.path(), None).unwrap();
    assert_eq!(newest_write(&path), before);
}

/// Takes from a ledger what it knows of its keys, as one of an older Relay.
fn forget_changes(data_dir: &Path) {
    let opening = Opening::With(data_dir, Master::own(data_dir).unwrap());
    let shared = Shared::open(&data_dir.join("ledger"), false, opening).unwrap();
    for known in [format::NEWEST_KEY, format::KEY_CHANGES] {
        shared.meta.remove(known).unwrap();
    }
    shared.db.persist(fjall::PersistMode::SyncAll).unwrap();
}

#[tokio::test]
async fn keys_of_an_older_relay_are_read_and_counted_from_then_on() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(KEYS);
    let (ledger, writer) = Ledger::open(dir.path()).unwrap();
    let theirs = accept(&ledger, said_by("u1", "1")).await;
    let called = ledger.pseudonyms().name(&person("u1"), "c");
    let facts = ledger.shared.seals.known().facts();
    close(ledger, writer).await;
    forget_changes(dir.path());
    let before = file::of_before(&Master::own(dir.path()).unwrap(), &facts);
    // Its end is the common key: without it, not even that one is taken for what a crash has left.
    let cut = before.len() - 1;
    fs::write(&path, &before[..cut]).unwrap();
    assert!(matches!(Ledger::open(dir.path()).err(), Some(StoreError::DamagedKeys { .. })));
    assert!(fs::read(&path).unwrap() == before[..cut]);
    fs::write(&path, &before).unwrap();
    let (ledger, writer) = Ledger::open(dir.path()).unwrap();
    assert!(ledger.envelope(theirs).unwrap().is_some());
    assert_eq!(ledger.pseudonyms().name(&person("u1"), "c"), called);
    // One commit, and it is known how far the file goes.
    ledger.move_cursor(Account("a".into()), "c".into()).await.unwrap();
    close(ledger, writer).await;
    let ends = ends(&before);
    fs::write(&path, &before[..ends[ends.len() - 2]]).unwrap();
    assert!(Ledger::open(dir.path()).is_err());
}

/// Keys that open nothing of a ledger are not taken for its own, and what it calls people by is not made anew.
#[tokio::test]
async fn a_secret_that_cannot_be_opened_is_not_made_anew() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(KEYS);
    let (ledger, writer) = Ledger::open(dir.path()).unwrap();
    let called = ledger.pseudonyms().name(&person("u1"), "c");
    close(ledger, writer).await;
    forget_changes(dir.path());
    let own = fs::read(&path).unwrap();
    fs::remove_file(&path).unwrap();
    drop(Seals::open(dir.path(), Master::own(dir.path()).unwrap(), &Expected::default()).unwrap());
    let refused = Ledger::open(dir.path()).err();
    assert!(matches!(refused, Some(StoreError::OlderKeys(_))), "{refused:?}");
    fs::write(&path, own).unwrap();
    let (ledger, writer) = Ledger::open(dir.path()).unwrap();
    assert_eq!(ledger.pseudonyms().name(&person("u1"), "c"), called);
    close(ledger, writer).await;
}

/// Whenever a rotation is cut off, what is kept opens the keys.
#[test]
fn a_rotation_can_be_cut_off_anywhere() {
    let dir = tempfile::tempdir().unwrap();
    // As a start does it.
    let open = || {
        let own = Master::own(dir.path()).unwrap();
        let seals = Seals::open(dir.path(), own.clone(), &Expected::any())?;
        seals.take_master(own).map(|()| seals)
    };
    let seals = Seals::open(dir.path(), Master::own(dir.path()).unwrap(), &Expected::default()).unwrap();
    seals.number_for(Some(&person("u1"))).unwrap();
    seals.sync().unwrap();
    let (path, master) = (dir.path().join(KEYS), dir.path().join("master.key"));
    let before = (fs::read(&path).unwrap(), fs::read(&master).unwrap());
    // By hand: first both open it, and the new one is kept, and then the old one opens it no more.
    let own = Master::own(dir.path()).unwrap();
    let (to, text) = own.another().unwrap().unwrap();
    let (mut file, facts) = KeyFile::open(&path, own, &Expected::any()).unwrap();
    file.admit(&to, &facts).unwrap();
    let both = fs::read(&path).unwrap();
    assert_eq!(open().unwrap().report().unwrap().people, 1, "cut off before the new one is kept");
    assert_eq!(open().unwrap().report().unwrap().masters, 2);
    fs::write(&path, &both).unwrap();
    to.keep(&text).unwrap();
    let report = open().unwrap().report().unwrap();
    assert_eq!((report.people, report.masters), (1, 1), "cut off before the old one is out");
    fs::write(&master, &before.1).unwrap();
    assert!(matches!(open().err(), Some(StoreError::OtherMaster(_))), "the old one opens nothing any more");
    // In one go, and twice.
    fs::write(&path, &before.0).unwrap();
    let seals = open().unwrap();
    seals.rotate(None).unwrap();
    seals.rotate(None).unwrap();
    seals.number_for(Some(&person("u2"))).unwrap();
    seals.sync().unwrap();
    assert_ne!(fs::read(&master).unwrap(), before.1);
    assert_eq!(open().unwrap().report().unwrap().people, 2);
}

#[test]
fn a_master_key_of_the_config_takes_the_place_of_relays_own() {
    let dir = tempfile::tempdir().unwrap();
    drop(Seals::open(dir.path(), Master::own(dir.path()).unwrap(), &Expected::default()).unwrap());
    let given = |text: &str| Master::given(&text.to_owned().into());
    assert!(matches!(given("short").err(), Some(StoreError::WeakMaster { .. })));
    let first = given(&"a".repeat(40)).unwrap();
    // Whoever only looks with it, be it the wrong one, locks nobody out.
    let before = fs::read(dir.path().join(KEYS)).unwrap();
    let seals = Seals::open(dir.path(), first.clone(), &Expected::any()).unwrap();
    assert!(seals.report().unwrap().lies_beside && fs::read(dir.path().join(KEYS)).unwrap() == before);
    seals.take_master(first.clone()).unwrap();
    assert!(!seals.report().unwrap().lies_beside);
    assert!(matches!(seals.rotate(None), Err(StoreError::GivenMaster)));
    // Another takes its place when it is started with; until then both open it.
    let second = given(&"b".repeat(40)).unwrap();
    seals.rotate(Some(second.clone())).unwrap();
    for master in [&first, &second, &first] {
        drop(Seals::open(dir.path(), master.clone(), &Expected::any()).unwrap());
    }
    let seals = Seals::open(dir.path(), second.clone(), &Expected::any()).unwrap();
    seals.take_master(second.clone()).unwrap();
    assert_eq!(seals.report().unwrap().masters, 1);
    drop(seals);
    fs::remove_file(dir.path().join("master.key")).unwrap();
    assert!(matches!(
        Seals::open(dir.path(), first, &Expected::any()).err(),
        Some(StoreError::OtherMaster(_))
    ));
    assert!(
        matches!(Master::own(dir.path()).err(), Some(StoreError::NoMaster(_))),
        "none is made that opens nothing"
    );
    fs::remove_file(dir.path().join(KEYS)).unwrap();
    assert!(matches!(Seals::open(dir.path(), second, &Expected::any()).err(), Some(StoreError::NoKeys(_))));
    let _ = Fact::common().unwrap();
}

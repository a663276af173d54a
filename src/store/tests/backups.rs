//! Backups: what comes back, and what is refused.

use super::super::backup;
use super::super::backup::{
    About, BackupError, Contents, Kind, MAGIC, Reader, Restored, Whole, WithKeys, back_up, back_up_unused,
};
use super::super::shared::{IDENTITY, Opening, Shared};
use super::*;
use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::PathBuf;

/// All that a ledger holds, without what is its own.
fn dump(data_dir: &Path) -> Vec<BTreeMap<Vec<u8>, Vec<u8>>> {
    let shared = Shared::open(&data_dir.join("ledger"), false, Opening::Closed).unwrap();
    let of = |keyspace: &fjall::Keyspace| {
        let entries = keyspace.iter().map(|entry| entry.into_inner().unwrap());
        let entries = entries.map(|(key, value)| (key.to_vec(), value.to_vec()));
        entries
            .filter(|(key, _)| {
                let of_this_one = [IDENTITY, format::OTHER_KEYS, format::NEWEST_KEY, format::KEY_CHANGES];
                !of_this_one.contains(&key.as_slice())
            })
            .collect()
    };
    shared.keyspaces().into_iter().map(of).collect()
}

/// Without the keys: nothing is read.
fn restore(
    file: &Path,
    state: &Path,
    progress: &mut dyn FnMut(&About, Contents),
) -> Result<Restored, BackupError> {
    backup::restore(file, state, &WithKeys { copy: None, master_key: None, accept_older: false }, progress)
}

/// A ledger with something of everything: more than a chunk, and a record that is a chunk of its own.
async fn fill(ledger: &Ledger) {
    let long: String = (0..90_000).map(|number| format!("{number} ")).collect();
    let long = Envelope { at: Timestamp(7), ..envelope(Event::Posted(message("long", &long))) };
    let first = accept_new(ledger, long).await;
    fan_out(ledger, first, &["there", "yonder"]).await;
    let waiting = (0..1500).map(|number| ledger.accept(account(), vec![posted(&number.to_string())]));
    for accepted in futures::future::join_all(waiting).await {
        accepted.unwrap().await.unwrap().unwrap();
    }
    let lost = vec!["spoiler".to_owned()];
    ledger
        .complete(room("there"), first, first, Some(vec![MessageRef::plain("x9")]), lost, None)
        .await
        .unwrap();
    ledger.remember_room(account(), "asked".into(), known("there")).await.unwrap();
    ledger.move_cursor(account(), "c7".into()).await.unwrap();
    let aside = SetAside { account: "a".into(), reason: "r".into(), payload: "{}".into(), at: 1 };
    ledger.set_aside(aside).await.unwrap();
}

/// A backup of a state directory with all of that, and with files.
async fn made(dir: &Path) -> PathBuf {
    let (ledger, writer) = Ledger::open(dir).unwrap();
    fill(&ledger).await;
    close(ledger, writer).await;
    for (file, content) in [
        ("bridges.d/lobby.toml", "channel = \"lobby\"\n"),
        ("media/blobs/ab/abc", &"picture".repeat(100_000)),
        ("media/blobs/empty", ""),
        ("media/unfinished/x", "half"),
        ("media/links/l.unfinished", "half"),
        ("control.sock", "not kept"),
    ] {
        fs::create_dir_all(dir.join(file).parent().unwrap()).unwrap();
        fs::write(dir.join(file), content).unwrap();
    }
    let path = dir.join("a.backup");
    back_up_unused(dir, true, fs::File::create(&path).unwrap()).unwrap();
    path
}

#[tokio::test]
async fn what_was_backed_up_comes_back_and_nothing_of_later() {
    let (dir, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (ledger, writer) = Ledger::open(dir.path()).unwrap();
    fill(&ledger).await;
    let mut bytes = Vec::new();
    let contents = back_up(&ledger, dir.path(), false, &mut bytes).unwrap();
    assert_eq!((contents.waiting, contents.files, contents.bytes), (1, 0, bytes.len() as u64));
    let checked = Reader::new(bytes.as_slice()).unwrap().check(&mut |_, _| {}).unwrap();
    assert_eq!(checked.contents, contents);
    let later = accept_new(&ledger, posted("later")).await;
    close(ledger, writer).await;
    let file = other.path().join("a.backup");
    fs::write(&file, bytes).unwrap();
    let state = other.path().join("new/state");
    fs::create_dir_all(&state).unwrap();
    fs::copy(dir.path().join("master.key"), state.join("master.key")).unwrap();
    let keys = WithKeys { copy: Some(&dir.path().join("keys")), master_key: None, accept_older: false };
    let restored = backup::restore(&file, &state, &keys, &mut |_, _| {}).unwrap();
    let keys_of = restored.keys_of;
    assert_eq!(
        restored,
        Restored { checked, has_keys: true, forgotten: 0, missing: 0, unlinked: 0, keys_of }
    );
    assert!(keys_of.is_some(), "the file tells, where the keys do not");
    assert_eq!(fs::metadata(&state).unwrap().permissions().mode() & 0o777, 0o700);

    let (ledger, writer) = Ledger::open(&state).unwrap();
    assert_eq!(ledger.envelope(later).unwrap(), None);
    assert_ne!(ledger.identity().unwrap(), Ledger::open(dir.path()).unwrap().0.identity().unwrap());
    assert_eq!(accept(&ledger, posted("3")).await, Verdict::Repeated);
    assert_eq!(ledger.cursor(&account()).unwrap().as_deref(), Some("c7"));
    assert_eq!(ledger.aside(9).unwrap().len(), 1);
    assert_eq!(ledger.depths()[&room("yonder")].queued, 1);
    assert_eq!(ledger.waiting_for_fan_out(), 1500);
    let lookup = open_index(&state, &ledger).lookup(ledger.clone());
    let copy = MessageKey { room: room("there"), id: "x9".into() };
    assert!(lookup.find(&copy).unwrap().is_some());
    close(ledger, writer).await;
}

#[tokio::test]
async fn the_keys_that_are_in_use_are_not_called_old() {
    let (dir, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let file = made(dir.path()).await;
    let copied = dir.path().join("keys");
    // All but the keys was lost, and their file is given as well: by its name, or as a copy of it. One that differs is as old as it says.
    for (name, is_own, differs) in [("own", true, false), ("copy", false, false), ("older", false, true)] {
        let state = other.path().join(name);
        fs::create_dir(&state).unwrap();
        fs::copy(dir.path().join("master.key"), state.join("master.key")).unwrap();
        if differs {
            // Those of another Relay, which this folder had since.
            let made = Ledger::open(&state).unwrap();
            close(made.0, made.1).await;
            fs::remove_dir_all(state.join("ledger")).unwrap();
        } else {
            fs::copy(&copied, state.join("keys")).unwrap();
        }
        let own = state.join("keys");
        let keys = WithKeys {
            copy: Some(if is_own { &own } else { &copied }),
            master_key: None,
            accept_older: false,
        };
        let restored = backup::restore(&file, &state, &keys, &mut |_, _| {}).unwrap();
        assert_eq!((restored.has_keys, restored.keys_of.is_some()), (true, differs), "{name}");
    }
}

#[tokio::test]
async fn every_record_and_every_file_comes_back() {
    let (dir, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let file = made(dir.path()).await;
    let state = other.path().join("state");
    let mut told = Vec::new();
    let restored = restore(&file, &state, &mut |about, read| told.push((about.roughly, read))).unwrap();
    assert_eq!(dump(&state), dump(dir.path()));
    assert_eq!((restored.checked.contents.files, restored.has_keys), (3, false));
    assert!(matches!(Ledger::open(&state), Err(StoreError::NoKeys(_))), "it is not taken for an empty one");
    assert!(told.len() > 10 && told.iter().any(|(all, read)| *all > 1500 && read.records > 1000));
    for file in ["bridges.d/lobby.toml", "media/blobs/ab/abc", "media/blobs/empty"] {
        assert_eq!(fs::read(state.join(file)).unwrap(), fs::read(dir.path().join(file)).unwrap(), "{file}");
    }
    for file in ["media/unfinished", "media/links", "control.sock", "ledger.unfinished"] {
        assert!(!state.join(file).exists(), "{file}");
    }
    // There is something now.
    let again = restore(&file, &state, &mut |_, _| {}).unwrap_err();
    assert!(matches!(again, BackupError::Occupied(_)) && again.to_string().contains("--data-dir"), "{again}");
    // The ledger alone is lost, or a restore was cut off: what else is there is replaced.
    fs::remove_dir_all(state.join("ledger")).unwrap();
    fs::write(state.join("bridges.d/lobby.toml"), "of now").unwrap();
    restore(&file, &state, &mut |_, _| {}).unwrap();
    assert!(fs::read_to_string(state.join("bridges.d/lobby.toml")).unwrap().contains("channel"));
    let nothing = back_up_unused(&other.path().join("none"), false, std::io::sink()).unwrap_err();
    assert!(matches!(nothing, BackupError::Nothing(_)));
}

#[tokio::test]
async fn what_is_torn_short_or_altered_restores_nothing() {
    let (dir, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let whole = fs::read(made(dir.path()).await).unwrap();
    let bad = other.path().join("bad.backup");
    let state = other.path().join("state");
    let refused = |bytes: &[u8]| {
        fs::write(&bad, bytes).unwrap();
        let error = restore(&bad, &state, &mut |_, _| {}).expect_err("it is not whole");
        assert!(!state.exists(), "nothing is written: {error}");
        error
    };
    let step = whole.len() / 150;
    for at in (0..whole.len()).step_by(step).chain(whole.len() - 50..whole.len()) {
        let error = refused(&whole[..at]);
        let expected = if at < 12 { "not a backup" } else { "cut short" };
        assert!(error.to_string().contains(expected), "cut at {at}: {error}");
        let mut altered = whole.clone();
        altered[at] ^= 1 << (at % 8);
        let error = refused(&altered);
        let expected = matches!(error, BackupError::Damaged(_) | BackupError::Short(_));
        assert!(
            if at < 12 { matches!(error, BackupError::Foreign) } else { expected },
            "altered at {at}: {error}"
        );
    }
    // A page that never reached the disk, a chunk left out, two changed places, something more at the end.
    let mut hole = whole.clone();
    hole[8192..12288].fill(0);
    let more = [whole.as_slice(), b"x"].concat();
    let twice = [whole.as_slice(), &whole].concat();
    for bytes in [hole, more, twice] {
        assert!(matches!(refused(&bytes), BackupError::Damaged(_) | BackupError::Short(_)));
    }
    let first = 12 + chunk_len(&whole[12..]);
    let second = first + chunk_len(&whole[first..]);
    let third = second + chunk_len(&whole[second..]);
    let without = [&whole[..first], &whole[second..]].concat();
    let changed = [&whole[..first], &whole[second..third], &whole[first..second], &whole[third..]].concat();
    for bytes in [without, changed] {
        assert!(matches!(refused(&bytes), BackupError::Damaged(_)), "each chunk is sound, the whole is not");
    }
    for foreign in [&b""[..], b"RELAY", &[7; 4096]] {
        assert!(matches!(refused(foreign), BackupError::Foreign));
    }
    let unfinished = [MAGIC.as_slice(), &chunk(b'x', b"no room")].concat();
    assert!(refused(&unfinished).to_string().contains("no room"));
    fs::write(&bad, &whole).unwrap();
    restore(&bad, &state, &mut |_, _| {}).unwrap();
}

fn chunk_len(bytes: &[u8]) -> usize {
    18 + u32::from_be_bytes(bytes[2..6].try_into().unwrap()) as usize
}

fn chunk(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = (content.len() as u32).to_be_bytes();
    let head = [&[tag, 0], length.as_slice(), &length].concat();
    let sum = xxhash_rust::xxh3::xxh3_64(&[head.as_slice(), content].concat());
    [head.as_slice(), &sum.to_be_bytes(), content].concat()
}

/// A file that leads out of the state directory is none that Relay has written.
#[tokio::test]
async fn no_file_is_written_elsewhere() {
    let dir = tempfile::tempdir().unwrap();
    let (ledger, writer) = Ledger::open(dir.path()).unwrap();
    let mut bytes = Vec::new();
    back_up(&ledger, dir.path(), false, &mut bytes).unwrap();
    close(ledger, writer).await;
    let end = bytes.len() - 18 - 24;
    for path in ["../evil", "/etc/evil", "media/../../evil", "keys", "master.key", ""] {
        let altered = [&bytes[..end], &chunk(b'f', path.as_bytes()), &bytes[end..]].concat();
        let refused = Reader::new(altered.as_slice()).unwrap().check(&mut |_, _| {});
        assert!(matches!(refused, Err(BackupError::Damaged(at)) if at == end as u64), "{path}: {refused:?}");
    }
}

#[test]
fn nothing_but_an_older_one_of_its_kind_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let (path, state) = (folder.path().join("b"), folder.path().join("state"));
    let config = b"[relay]\ndata_dir = \"state\"\n".to_vec();
    let keys = b"RELAYKEYS\x01\x01".to_vec();
    let cases = [
        (None, [true, true]),
        (Some(Vec::new()), [true, true]),
        (Some(MAGIC.to_vec()), [true, false]),
        (Some(keys), [false, true]),
        (Some(config), [false, false]),
    ];
    for (there, may) in cases {
        there.iter().for_each(|there| fs::write(&path, there).unwrap());
        for (kind, may) in [Kind::Backup, Kind::Keys].into_iter().zip(may) {
            match Whole::begin_kind(&path, kind, &state) {
                Ok(whole) => {
                    assert!(may);
                    whole.give_up();
                }
                Err(BackupError::Taken(taken, _)) => assert_eq!((taken, may), (path.clone(), false)),
                Err(other) => panic!("{other}"),
            }
        }
        if let Some(there) = there {
            assert_eq!(fs::read(&path).unwrap(), there);
        }
    }
    for folder in [folder.path().to_owned(), folder.path().join("new/")] {
        let begun = Whole::begin_kind(&folder, Kind::Backup, &state).err();
        assert!(matches!(begun, Some(BackupError::Folder(named)) if named == folder));
    }
}

#[test]
fn nothing_is_written_among_what_a_relay_keeps() {
    let folder = tempfile::tempdir().unwrap();
    let (own, others) = (folder.path().join("own"), folder.path().join("others"));
    fs::create_dir_all(own.join("media/sub")).unwrap();
    fs::create_dir_all(others.join("ledger")).unwrap();
    fs::write(others.join("ledger/lock"), "").unwrap();
    std::os::unix::fs::symlink(&own, folder.path().join("link")).unwrap();
    std::os::unix::fs::symlink(own.join("keys"), folder.path().join("link-to-keys")).unwrap();
    fs::write(own.join("keys"), b"RELAYKEYS\x01\x01").unwrap();
    fs::write(others.join("keys"), b"RELAYKEYS\x01\x01").unwrap();
    for path in [
        "own/keys",
        "own/new",
        "own/media/sub/x",
        "own/../own/keys",
        "link/keys",
        "link-to-keys",
        "others/keys",
    ] {
        let path = folder.path().join(path);
        let begun = Whole::begin_kind(&path, Kind::Keys, &own).err();
        assert!(matches!(begun, Some(BackupError::Kept(_))), "{path:?}: {begun:?}");
        let begun = Whole::begin_free(std::iter::once(path.with_extension("free")), &own).err();
        assert!(path.ends_with("link-to-keys") || matches!(begun, Some(BackupError::Kept(_))), "{path:?}");
    }
    assert_eq!(fs::read(own.join("keys")).unwrap(), b"RELAYKEYS\x01\x01");
    Whole::begin_kind(&folder.path().join("keys"), Kind::Keys, &own).unwrap().finish().unwrap();
}

#[test]
fn a_pipe_is_not_put_aside_for_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let (pipe, link) = (folder.path().join("pipe"), folder.path().join("link"));
    let made = std::process::Command::new("mkfifo").arg(&pipe).status().unwrap();
    assert!(made.success());
    std::os::unix::fs::symlink(&pipe, &link).unwrap();
    for path in [&pipe, &link] {
        let begun = Whole::begin_kind(path, Kind::Person, &folder.path().join("state")).err();
        assert!(matches!(begun, Some(BackupError::Special(named)) if named == *path));
    }
    assert!(!fs::metadata(&pipe).unwrap().is_file() && link.is_symlink());
}

#[test]
fn what_lies_under_the_name_for_what_is_written_is_not_written_into() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let (path, state) = (folder.path().join("b"), folder.path().join("state"));
    let (unfinished, other) = (folder.path().join("b.unfinished"), folder.path().join("other"));
    let write = || {
        let mut whole = Whole::begin_kind(&path, Kind::Backup, &state).unwrap();
        whole.write_all(MAGIC).unwrap();
        whole
    };
    fs::write(&unfinished, "").unwrap();
    fs::set_permissions(&unfinished, fs::Permissions::from_mode(0o644)).unwrap();
    write().finish().unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    fs::write(&other, "precious").unwrap();
    std::os::unix::fs::symlink(&other, &unfinished).unwrap();
    write().finish().unwrap();
    assert_eq!(fs::read(&other).unwrap(), b"precious");
    assert!(!path.is_symlink() && fs::read(&path).unwrap() == MAGIC);
    // Two at once: what is half written gets no name.
    let (first, second) = (write(), write());
    assert!(first.finish().is_err() && unfinished.exists());
    second.finish().unwrap();
}

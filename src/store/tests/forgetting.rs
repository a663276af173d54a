//! Forgetting: what goes, and what stays because something waits for it.

use super::super::retention::Sweep;
use super::*;
use std::time::Duration;

/// An instant that everything before is older than and everything after newer.
async fn now() -> i64 {
    tokio::time::sleep(Duration::from_millis(3)).await;
    let now = Timestamp::now().0;
    tokio::time::sleep(Duration::from_millis(3)).await;
    now
}

fn piece(ledger: &Ledger, sweep: &mut Sweep) -> Option<Forgotten> {
    ledger.next_piece(sweep).unwrap()
}

/// Forgets what was accepted before; answers how many envelopes.
async fn sweep(ledger: &Ledger, index: &MappingIndex, horizon: i64) -> usize {
    let mut sweep = ledger.begin_sweep(horizon).unwrap();
    let mut forgotten = 0;
    while let Some(piece) = piece(ledger, &mut sweep) {
        index.forget(ledger, &piece.lines).unwrap();
        forgotten += piece.envelopes();
        ledger.forget(piece).await.unwrap();
    }
    forgotten
}

fn key(id: &str) -> MessageKey {
    MessageKey { room: room("here"), id: id.into() }
}

/// How many entries of each kind a ledger has: journal, event keys, index, work.
fn sizes(ledger: &Ledger) -> [usize; 4] {
    let shared = &ledger.shared;
    [&shared.journal, &shared.seen, &shared.index, &shared.work].map(|keyspace| keyspace.len().unwrap())
}

async fn with_note(
    ledger: &Ledger,
    id: EnvelopeId,
    changes: Option<EnvelopeId>,
    to: &[&str],
    notes: Vec<Note>,
) {
    let rows = to.iter().map(|to| (room(to), row(changes))).collect();
    ledger.fan_out(vec![FannedOut { changes, rows, notes, ..FannedOut::nowhere(id) }]).await.unwrap();
}

fn letter(at: i64) -> DeadLetter {
    DeadLetter { reason: "r".into(), at, row: row(None) }
}

#[tokio::test]
async fn a_name_that_was_nobodys_is_somebodys_as_soon_as_that_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let (ledger, writer) = Ledger::open(dir.path()).unwrap();
    let is_whose = |looks: &str| ledger.name_holder(looks).unwrap();
    for number in 0..3 {
        let (looks, other, holder) = (format!("ada{number}"), format!("bo{number}"), format!("p/n/{number}"));
        assert_eq!((is_whose(&looks), is_whose(&looks), is_whose(&other)), (None, None, None));
        let id = accept_new(&ledger, posted(&looks)).await;
        let name = Note::Name { looks: looks.clone(), holder: holder.clone() };
        with_note(&ledger, id, None, &[], vec![name]).await;
        assert_eq!((is_whose(&looks), is_whose(&other)), (Some(holder), None));
    }
    drop(ledger);
    writer.join();
}

#[tokio::test]
async fn what_nothing_waits_for_goes_and_all_else_stays() {
    let dir = tempfile::tempdir().unwrap();
    let (ledger, writer) = Ledger::open(dir.path()).unwrap();
    let index = open_index(dir.path(), &ledger);
    let mut ids = std::collections::BTreeMap::new();
    let names = ["done", "pending", "fresh", "edited", "dead", "buried", "digest", "late", "thread", "plain"];
    for name in names {
        ids.insert(name, accept_new(&ledger, posted(name)).await);
    }
    let by = Reactor { user: "u".into(), name: "n".into(), emoji: "👍".into(), emoji_id: None, at: 1 };
    let reaction = Note::Reaction { subject: ids["done"], room: room("here"), by, added: true };
    let answer = Note::Answer { to: ids["done"], by: ids["plain"] };
    let within = Note::Within { message: ids["done"], of: ids["done"] };
    with_note(&ledger, ids["done"], None, &["there"], vec![reaction, answer, within]).await;
    for name in ["pending", "edited", "dead", "buried", "late"] {
        fan_out(&ledger, ids[name], &["there"]).await;
    }
    with_note(
        &ledger,
        ids["digest"],
        None,
        &[],
        vec![Note::Digest { room: room("there"), id: ids["digest"] }],
    )
    .await;
    with_note(&ledger, ids["thread"], None, &[], vec![]).await;
    fan_out(&ledger, ids["plain"], &[]).await;
    for name in ["done", "edited", "late"] {
        let copy = Some(vec![MessageRef::plain(format!("copy of {name}"))]);
        ledger.complete(room("there"), ids[name], ids[name], copy, vec![], None).await.unwrap();
    }
    ledger.remember_shown(ids["done"], room("there"), ShownReactions::default()).await.unwrap();
    ledger.mark_late(ids["late"], vec![0], true).await.unwrap();
    ledger.bury(room("there"), ids["buried"], letter(1)).await.unwrap();
    let edited = Event::Edited { to: message("done", "new"), version: "1".into() };
    let edit = accept_new(&ledger, envelope(edited.clone())).await;
    with_note(&ledger, edit, Some(ids["done"]), &[], vec![]).await;
    let aside = |at| SetAside { account: "a".into(), reason: "r".into(), payload: "{}".into(), at };
    ledger.set_aside(aside(1)).await.unwrap();
    let horizon = now().await;
    // From here on it is new: an edit of something old, a letter, a message in an old conversation, and another.
    ledger.set_aside(aside(2)).await.unwrap();
    ledger.bury(room("there"), ids["dead"], letter(horizon)).await.unwrap();
    let edited = Event::Edited { to: message("edited", "new"), version: "1".into() };
    let edit = accept_new(&ledger, envelope(edited)).await;
    with_note(&ledger, edit, Some(ids["edited"]), &["there"], vec![]).await;
    let new = accept_new(&ledger, posted("new")).await;
    let rows = vec![(room("there"), OutboxRow { thread: Some(ids["thread"]), ..row(None) })];
    ledger.fan_out(vec![FannedOut { rows, ..FannedOut::nowhere(new) }]).await.unwrap();
    accept_new(&ledger, posted("newest")).await;

    let (before, depth) = (sizes(&ledger), ledger.depths()[&room("there")]);
    assert_eq!(sweep(&ledger, &index, horizon).await, 4, "done and its edit, buried, plain");
    let after = sizes(&ledger);
    assert_eq!([before[0] - after[0], before[1] - after[1], before[2] - after[2]], [4, 4, 4]);
    // Reaction, shown, within, answer, change; the letter; what was set aside.
    assert_eq!(before[3] - after[3], 7);
    assert_eq!(ledger.depths()[&room("there")], ledger::Depth { dead: depth.dead - 1, ..depth });
    assert_eq!(ledger.aside(9).unwrap(), [aside(2)]);
    assert_eq!(ledger.dead_letters(9).unwrap().len(), 1);

    let check = |lookup: Lookup| {
        for name in names {
            let gone = ["done", "buried", "plain"].contains(&name);
            assert_eq!(ledger.envelope(ids[name]).unwrap().is_none(), gone, "{name}");
            assert_eq!(lookup.find(&key(name)).unwrap().is_none(), gone, "{name}");
        }
        let copy = |name| MessageKey { room: room("there"), id: format!("copy of {name}").as_str().into() };
        assert_eq!(lookup.find(&copy("done")).unwrap(), None);
        assert!(lookup.find(&copy("late")).unwrap().is_some());
        assert_eq!(lookup.delivered_to(ids["done"]).unwrap(), []);
    };
    check(index.lookup(ledger.clone()));
    assert_eq!(ledger.newest_change_id(ids["edited"]).unwrap(), Some(edit));
    // A repetition of something forgotten is not taken for a message, nor is anything else of that time; what is new is.
    assert_eq!(accept(&ledger, posted("done")).await, Verdict::TooOld);
    assert_eq!(accept(&ledger, posted("pending")).await, Verdict::Repeated);
    let later = Envelope { at: Timestamp(horizon + 2 * 60 * 60 * 1000), ..posted("later") };
    accept_new(&ledger, later).await;
    assert_eq!(sweep(&ledger, &index, horizon).await, 0, "once is enough");
    drop(index);
    close(ledger.clone(), writer).await;
    drop(ledger);

    // The same after a restart, and from a mapping that is made anew.
    std::fs::remove_dir_all(dir.path().join("mapping")).unwrap();
    let (ledger, writer) = Ledger::open(dir.path()).unwrap();
    let lookup = open_index(dir.path(), &ledger).lookup(ledger.clone());
    assert_eq!(lookup.find(&key("done")).unwrap(), None);
    assert!(lookup.find(&key("late")).unwrap().is_some());
    assert_eq!((ledger.horizon(), accept(&ledger, posted("done")).await), (horizon, Verdict::TooOld));
    close(ledger, writer).await;
}

/// Everything was forgotten by a clock that was 300 days ahead.
#[tokio::test]
async fn a_clock_that_was_wrong_refuses_nothing_when_it_is_right_again() {
    const DAY: i64 = 24 * 60 * 60 * 1000;
    let dir = tempfile::tempdir().unwrap();
    let (ledger, writer) = Ledger::open(dir.path()).unwrap();
    let index = open_index(dir.path(), &ledger);
    for id in ["old", "newest"] {
        let id = accept_new(&ledger, posted(id)).await;
        ledger.fan_out(vec![FannedOut::nowhere(id)]).await.unwrap();
    }
    assert_eq!(sweep(&ledger, &index, now().await + 300 * DAY).await, 1);
    let said = |id: &str, at| Envelope { at: Timestamp(at), ..posted(id) };
    for (ago, id) in [(0, "now"), (10 * DAY, "caught up with")] {
        let id = accept_new(&ledger, said(id, now().await - ago)).await;
        ledger.fan_out(vec![FannedOut::nowhere(id)]).await.unwrap();
    }
    drop(index);
    close(ledger.clone(), writer).await;
    drop(ledger);
    let (ledger, writer) = Ledger::open(dir.path()).unwrap();
    let index = open_index(dir.path(), &ledger);
    accept_new(&ledger, said("after a restart", now().await - 10 * DAY)).await;
    // The next sweep, by the right clock, says anew until when.
    let horizon = now().await;
    assert!(sweep(&ledger, &index, horizon).await > 0);
    assert_eq!(ledger.horizon(), horizon);
    assert_eq!(accept(&ledger, said("too old", horizon - 10 * DAY)).await, Verdict::TooOld);
    // What is younger than a day is taken in all the same.
    accept_new(&ledger, said("young", horizon - DAY / 2)).await;
    drop(index);
    close(ledger, writer).await;
}

#[tokio::test]
async fn ids_and_numbers_go_on_when_everything_is_old() {
    let dir = tempfile::tempdir().unwrap();
    let (ledger, writer) = Ledger::open(dir.path()).unwrap();
    let index = open_index(dir.path(), &ledger);
    let waiting = (0..1400).map(|number| ledger.accept(account(), vec![posted(&number.to_string())]));
    let mut all = Vec::new();
    for accepted in futures::future::join_all(waiting).await {
        let Verdict::Accepted(id) = accepted.unwrap().await.unwrap().unwrap()[0] else { panic!("repeated") };
        all.push(id);
    }
    for some in all.chunks(200) {
        ledger.fan_out(some.iter().map(|id| FannedOut::nowhere(*id)).collect()).await.unwrap();
    }
    let horizon = now().await;
    // Cut off after the first piece: the next sweep does the rest.
    let mut begun = ledger.begin_sweep(horizon).unwrap();
    ledger.forget(piece(&ledger, &mut begun).unwrap()).await.unwrap();
    assert_eq!(sizes(&ledger)[..3], [1400 - 512, 1400 - 512, 1400]);
    drop(index);
    close(ledger.clone(), writer).await;
    drop(ledger);
    let (ledger, writer) = Ledger::open(dir.path()).unwrap();
    let index = open_index(dir.path(), &ledger);
    assert_eq!(sweep(&ledger, &index, horizon).await, 1400 - 512 - 1);
    assert_eq!(sizes(&ledger), [1, 1, 1, 0]);
    drop(index);
    close(ledger.clone(), writer).await;
    drop(ledger);
    let (ledger, writer) = Ledger::open(dir.path()).unwrap();
    assert_eq!(ledger.position(), 1400);
    let new = Envelope { at: Timestamp(i64::MAX), ..posted("new") };
    assert!(accept_new(&ledger, new).await > all[1399]);
    assert_eq!(ledger.position(), 1401);
    let lookup = open_index(dir.path(), &ledger).lookup(ledger.clone());
    assert!(lookup.find(&key("new")).unwrap().is_some());
    assert_eq!(lookup.find(&key("7")).unwrap(), None);
    close(ledger, writer).await;
}

fn bytes_in(folder: &Path) -> u64 {
    use std::os::unix::fs::MetadataExt;
    let of = |entry: std::fs::DirEntry| match entry.metadata() {
        Ok(found) if found.is_dir() => bytes_in(&entry.path()),
        Ok(found) => found.blocks() * 512,
        Err(_) => 0,
    };
    std::fs::read_dir(folder).unwrap().map(|entry| of(entry.unwrap())).sum()
}

/// How much of the disk comes back, with `--nocapture`.
#[tokio::test]
#[ignore = "takes minutes"]
async fn what_is_forgotten_frees_the_disk() {
    let many: usize = std::env::var("RELAY_MANY").map_or(300_000, |many| many.parse().unwrap());
    let dir = tempfile::tempdir().unwrap();
    let (ledger, writer) = Ledger::open(dir.path()).unwrap();
    let index = open_index(dir.path(), &ledger);
    let noise = |number: usize| {
        ulid::Ulid::from_parts(number as u64, u128::from(number as u64).wrapping_mul(u128::MAX / 7))
            .to_string()
    };
    for first in (0..many).step_by(1000) {
        let one =
            |number: usize| envelope(Event::Posted(message(&number.to_string(), &noise(number).repeat(4))));
        let some = (first..first + 1000).map(one).collect();
        let verdicts = ledger.accept(account(), some).await.unwrap().await.unwrap().unwrap();
        let id = |verdict: &Verdict| match verdict {
            Verdict::Accepted(id) => *id,
            other => panic!("{other:?}"),
        };
        let ids: Vec<_> = verdicts.iter().map(id).collect();
        let rows = || vec![(room("there"), row(None))];
        ledger
            .fan_out(ids.iter().map(|id| FannedOut { rows: rows(), ..FannedOut::nowhere(*id) }).collect())
            .await
            .unwrap();
        let done = ids.iter().map(|id| {
            ledger.complete(
                room("there"),
                *id,
                *id,
                Some(vec![MessageRef::plain(id.to_string())]),
                vec![],
                None,
            )
        });
        futures::future::try_join_all(done).await.unwrap();
    }
    index.catch_up(&ledger, &mut |_, _| {}).unwrap();
    let size = || [bytes_in(&dir.path().join("ledger")), bytes_in(&dir.path().join("mapping"))];
    let before = size();
    let began = std::time::Instant::now();
    let horizon = now().await;
    accept_new(&ledger, posted("newest")).await;
    assert_eq!(sweep(&ledger, &index, horizon).await, many);
    let (swept, after) = (began.elapsed(), size());
    ledger.compact().unwrap();
    println!(
        "{many} messages: ledger and mapping {before:?} bytes, swept in {swept:?}: {after:?}, compacted in {:?}: {:?}",
        began.elapsed() - swept,
        size()
    );
    drop(index);
    close(ledger.clone(), writer).await;
    drop(ledger);
    let (ledger, writer) = Ledger::open(dir.path()).unwrap();
    println!("closed and opened: {:?}", size());
    assert!(size()[0] < before[0] / 2, "it comes back");
    close(ledger, writer).await;
}

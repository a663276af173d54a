//! The store: what survives, what is refused, what is rebuilt.

mod auditing;
mod backups;
mod forgetting;
mod linking;
mod muting;

use super::ledger::{FannedOut, WriterGuard};
use super::records::{IndexLine, KnownRoom, Record, SetAside, StoredEnvelope};
use super::*;
use relay_contract::text::{Container, Leaf, Run};
use relay_contract::{
    Account, Attachment, Author, Block, Emoji, Envelope, Event, FileKind, Forward, Mention, Message,
    MessageKey, MessageRef, Platform, Poll, Reply, RoomKey, Standing, Style, Text, Thread, Time, TimeStyle,
    Timestamp, Visibility,
};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

fn room(id: &str) -> RoomKey {
    RoomKey::new(Platform::new("p"), "net", id)
}

fn account() -> Account {
    Account("a".into())
}

fn message(id: &str, text: &str) -> Message {
    Message::new(MessageRef::plain(id), Text::plain(text))
}

fn envelope(event: Event) -> Envelope {
    let author = Author { id: "u1".into(), name: "Ada".into(), avatar: None, standing: Standing::Person };
    Envelope { origin: room("here"), author: Some(author), at: Timestamp(1), event }
}

fn posted(id: &str) -> Envelope {
    envelope(Event::Posted(message(id, "hello")))
}

async fn accept(ledger: &Ledger, envelope: Envelope) -> Verdict {
    ledger.accept(account(), vec![envelope]).await.unwrap().await.unwrap().unwrap()[0]
}

async fn accept_new(ledger: &Ledger, envelope: Envelope) -> EnvelopeId {
    match accept(ledger, envelope).await {
        Verdict::Accepted(id) => id,
        other => panic!("{other:?}"),
    }
}

async fn close(ledger: Ledger, writer: WriterGuard) {
    ledger.close().await.unwrap();
    writer.join();
}

fn row(target: Option<EnvelopeId>) -> OutboxRow {
    OutboxRow::new("lobby", target)
}

async fn fan_out(ledger: &Ledger, id: EnvelopeId, to: &[&str]) {
    let rows = to.iter().map(|to| (room(to), row(None))).collect();
    ledger.fan_out(vec![FannedOut { rows, ..FannedOut::nowhere(id) }]).await.unwrap();
}

fn known(id: &str) -> KnownRoom {
    KnownRoom {
        key: room(id),
        space: "s".into(),
        space_name: "S".into(),
        name: "n".into(),
        visibility: Some(Visibility::Private),
        agreed: None,
    }
}

fn open_index(path: &Path, ledger: &Ledger) -> MappingIndex {
    MappingIndex::open(path, ledger, &mut |_, _| {}).unwrap()
}

#[tokio::test]
async fn a_message_goes_through_and_survives_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let (ledger, writer) = Ledger::open(dir.path()).unwrap();
    let first = accept_new(&ledger, posted("1")).await;
    let second = accept_new(&ledger, posted("2")).await;
    assert!(first < second);
    assert_eq!(accept(&ledger, posted("1")).await, Verdict::Repeated);
    assert_eq!(ledger.to_fan_out(EnvelopeId([0; 16]), 10).unwrap(), [first, second]);
    fan_out(&ledger, first, &["there", "yonder"]).await;
    assert_eq!(ledger.pending(first).unwrap(), [room("there"), room("yonder")]);
    let delivered = vec![MessageRef::plain("x9")];
    let lost = vec!["spoiler".to_owned()];
    ledger.complete(room("there"), first, first, Some(delivered.clone()), lost.clone(), None).await.unwrap();
    close(ledger, writer).await;

    let (ledger, writer) = Ledger::open(dir.path()).unwrap();
    assert_eq!(ledger.to_fan_out(EnvelopeId([0; 16]), 10).unwrap(), [second]);
    assert_eq!(accept(&ledger, posted("2")).await, Verdict::Repeated, "the event key is kept");
    assert!(accept_new(&ledger, posted("3")).await > second, "ids only grow");
    assert_eq!(ledger.head(&room("there"), first).unwrap(), None);
    assert_eq!(ledger.head(&room("yonder"), EnvelopeId([0; 16])).unwrap(), Some((first, row(None))));
    assert_eq!(ledger.depths()[&room("yonder")].queued, 1);
    let lookup = open_index(dir.path(), &ledger).lookup(ledger.clone());
    let copy = MessageKey { room: room("there"), id: "x9".into() };
    assert_eq!(lookup.find(&copy).unwrap(), Some(Mapped { envelope: first, origin: false }));
    let copies = Copies { messages: delivered, origin: false, lost, way: None };
    assert_eq!(lookup.copies(first, &room("there")).unwrap(), Some(copies));
    assert_eq!(lookup.delivered_to(first).unwrap(), [room("there")]);
    close(ledger, writer).await;
}

#[tokio::test]
async fn a_ledger_that_lost_its_journal_is_not_taken_for_a_new_one() {
    for gone in [true, false] {
        let dir = tempfile::tempdir().unwrap();
        let (ledger, writer) = Ledger::open(dir.path()).unwrap();
        accept_new(&ledger, posted("1")).await;
        close(ledger, writer).await;
        let journal = dir.path().join("ledger/0.jnl");
        match gone {
            true => std::fs::remove_file(&journal).unwrap(),
            false => drop(std::fs::File::create(&journal).unwrap()),
        }
        let Err(error) = Ledger::open(dir.path()) else { panic!("it opened") };
        assert!(error.to_string().contains("relay restore"), "{error}");
        // The second look says the same.
        assert!(Ledger::open(dir.path()).is_err());
    }
}

#[tokio::test]
async fn events_of_one_batch_are_deduplicated_too() {
    let dir = tempfile::tempdir().unwrap();
    let (ledger, writer) = Ledger::open(dir.path()).unwrap();
    let waiting = futures::future::join_all(
        (0..50).map(|i| ledger.accept(account(), vec![posted(&(i % 5).to_string())])),
    );
    let verdicts = futures::future::join_all(waiting.await.into_iter().map(Result::unwrap)).await;
    let accepted =
        verdicts.into_iter().filter(|v| matches!(v, Ok(Ok(v)) if matches!(v[0], Verdict::Accepted(_))));
    assert_eq!(accepted.count(), 5);
    close(ledger, writer).await;
}

#[tokio::test]
async fn lookups_do_not_wait_for_the_index() {
    let dir = tempfile::tempdir().unwrap();
    let (ledger, writer) = Ledger::open(dir.path()).unwrap();
    let index = open_index(dir.path(), &ledger);
    let lookup = index.lookup(ledger.clone());
    let id = accept_new(&ledger, posted("1")).await;
    let origin = MessageKey { room: room("here"), id: "1".into() };
    let found = Some(Mapped { envelope: id, origin: true });
    assert!(index.position() < ledger.position());
    assert_eq!(lookup.find(&origin).unwrap(), found, "from the ledger");
    let messages = vec![MessageRef::plain("1")];
    let said = Some(Copies { messages, origin: true, lost: vec![], way: None });
    assert_eq!(lookup.copies(id, &room("here")).unwrap(), said, "from the ledger");
    index.catch_up(&ledger, &mut |_, _| {}).unwrap();
    assert_eq!(index.position(), ledger.position());
    assert_eq!(lookup.find(&origin).unwrap(), found, "from the index");
    assert_eq!(lookup.copies(id, &room("here")).unwrap(), said, "from the journal");
    for names in [vec!["a", "b"], vec!["a"], vec![]] {
        let messages: Vec<_> = names.iter().map(|id| MessageRef::plain(*id)).collect();
        ledger.complete(room("there"), id, id, Some(messages.clone()), vec![], None).await.unwrap();
        assert_eq!(lookup.messages(id, &room("there")).unwrap(), Some(messages), "the newest line counts");
    }
    assert_eq!(lookup.messages(id, &room("nowhere")).unwrap(), None);
    close(ledger, writer).await;
}

#[tokio::test]
async fn what_was_done_to_a_message_is_seen_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let (ledger, writer) = Ledger::open(dir.path()).unwrap();
    let by = Reactor { user: "u".into(), name: "n".into(), emoji: "👍".into(), emoji_id: None, at: 1 };
    let reacted = |subject| Note::Reaction { subject, room: room("here"), by: by.clone(), added: true };
    let seen = |id| (ledger.newest_change_id(id).unwrap(), ledger.reactions(id).unwrap().len());
    let mut ids = Vec::new();
    for name in ["plain", "edited", "reacted"] {
        ids.push(accept_new(&ledger, posted(name)).await);
    }
    assert_eq!([0, 1, 2].map(|at| seen(ids[at])), [(None, 0); 3]);
    let edit = FannedOut { changes: Some(ids[1]), ..FannedOut::nowhere(ids[0]) };
    let reaction = FannedOut { notes: vec![reacted(ids[2])], ..FannedOut::nowhere(ids[1]) };
    ledger.fan_out(vec![edit, reaction]).await.unwrap();
    assert_eq!([0, 1, 2].map(|at| seen(ids[at])), [(None, 0), (Some(ids[0]), 0), (None, 1)]);
    close(ledger, writer).await;
}

/// Lines move from the ledger's end into the index while somebody looks: each is seen in one of them.
#[tokio::test(flavor = "multi_thread")]
async fn a_lookup_misses_nothing_while_the_index_catches_up() {
    let dir = tempfile::tempdir().unwrap();
    let (ledger, writer) = Ledger::open(dir.path()).unwrap();
    let index = open_index(dir.path(), &ledger);
    let lookup = index.lookup(ledger.clone());
    let stop = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let (stopped, behind) = (stop.clone(), ledger.clone());
    let following = std::thread::spawn(move || {
        while !stopped.load(std::sync::atomic::Ordering::Relaxed) {
            index.catch_up(&behind, &mut |_, _| {}).unwrap();
        }
    });
    let mut missed = 0;
    for number in 0..400 {
        let id = accept_new(&ledger, posted(&number.to_string())).await;
        let copy = vec![MessageRef::plain(format!("copy-{number}"))];
        ledger.complete(room("there"), id, id, Some(copy), vec![], None).await.unwrap();
        for _ in 0..20 {
            missed += usize::from(lookup.delivered_to(id).unwrap().is_empty());
            missed += usize::from(lookup.messages(id, &room("there")).unwrap().is_none());
        }
    }
    stop.store(true, std::sync::atomic::Ordering::Relaxed);
    following.join().unwrap();
    assert_eq!(missed, 0);
    close(ledger, writer).await;
}

#[tokio::test]
async fn a_mapping_that_cannot_be_trusted_is_made_anew() {
    let dir = tempfile::tempdir().unwrap();
    let (ledger, writer) = Ledger::open(dir.path()).unwrap();
    let id = accept_new(&ledger, posted("1")).await;
    let origin = MessageKey { room: room("here"), id: "1".into() };
    let set_aside = || {
        let entries = std::fs::read_dir(dir.path()).unwrap();
        entries.filter(|e| e.as_ref().unwrap().file_name().to_string_lossy().contains("set-aside")).count()
    };
    drop(open_index(dir.path(), &ledger));
    let mapping = dir.path().join("mapping");
    let spoil: [(&str, usize, &dyn Fn()); 4] = [
        ("deleted", 0, &|| std::fs::remove_dir_all(&mapping).unwrap()),
        // sled takes a file whose beginning is destroyed for an empty one, which is filled again in place.
        ("damaged", 0, &|| std::fs::write(mapping.join("db"), vec![0xA5; 1 << 16]).unwrap()),
        ("another ledger's", 1, &|| {
            let sled = sled::open(&mapping).unwrap();
            sled.insert("_ledger", b"other").unwrap();
        }),
        ("from before a power cut", 2, &|| {
            std::fs::write(dir.path().join("mapping.written-since"), "an earlier start of the machine")
                .unwrap();
        }),
    ];
    for (what, aside, spoil) in spoil {
        spoil();
        let lookup = open_index(dir.path(), &ledger).lookup(ledger.clone());
        assert_eq!(lookup.position(), ledger.position(), "{what}");
        assert_eq!(lookup.find(&origin).unwrap(), Some(Mapped { envelope: id, origin: true }), "{what}");
        assert_eq!(set_aside(), aside, "{what}");
    }
    close(ledger, writer).await;
}

#[tokio::test]
async fn the_state_directory_is_private_and_has_one_owner() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("deep/state");
    let (ledger, writer) = Ledger::open(&path).unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
    assert!(matches!(Ledger::open(&path), Err(StoreError::Locked(_))));
    close(ledger, writer).await;
}

#[tokio::test]
async fn newer_state_is_refused_and_older_is_migrated() {
    let dir = tempfile::tempdir().unwrap();
    let (ledger, writer) = Ledger::open(dir.path()).unwrap();
    let id = accept_new(&ledger, posted("1")).await;
    fan_out(&ledger, id, &["there"]).await;
    let known = known("here");
    ledger.remember_room(account(), "here".into(), known.clone()).await.unwrap();
    close(ledger.clone(), writer).await;
    drop(ledger);

    set_format(dir.path(), format::FORMAT + 1);
    assert!(matches!(Ledger::open(dir.path()), Err(StoreError::Newer { found: 5, known: 4, .. })));
    set_format(dir.path(), format::FORMAT);
    seals::tests::make_plain(dir.path());

    // What format 1 wrote: a header of one byte.
    rewrite_records(dir.path(), &|record| {
        let (version, body) = format::split_header(record).unwrap();
        [&[version], body].concat()
    });
    set_format(dir.path(), 1);
    let (ledger, writer) = Ledger::open(dir.path()).unwrap();
    assert_eq!(ledger.envelope(id).unwrap().as_deref(), Some(&posted("1")));
    assert_eq!(ledger.head(&room("there"), id).unwrap(), Some((id, row(None))));
    assert_eq!(ledger.known_room(&account(), &"here".into()).unwrap(), Some(known));
    assert_eq!(ledger.index_after(0, 10).unwrap()[0].1.envelope, id);
    assert_eq!(accept(&ledger, posted("1")).await, Verdict::Repeated);
    close(ledger, writer).await;
}

#[tokio::test]
async fn a_clock_that_goes_back_is_not_followed() {
    let dir = tempfile::tempdir().unwrap();
    let (ledger, writer) = Ledger::open(dir.path()).unwrap();
    let now = Timestamp::now();
    let later = Timestamp(now.0 + 3_600_000);
    assert_eq!(ledger.latest(later), later);
    assert_eq!(ledger.latest(now), later, "what has ended by then does not begin anew");
    close(ledger, writer).await;
}

fn with_database(path: &Path, change: impl FnOnce(&fjall::Database)) {
    let db = fjall::Database::builder(path.join("ledger")).open().unwrap();
    change(&db);
    db.persist(fjall::PersistMode::SyncAll).unwrap();
}

fn set_format(path: &Path, format: u32) {
    with_database(path, |db| {
        let meta = db.keyspace("meta", fjall::KeyspaceCreateOptions::default).unwrap();
        meta.insert("format", format.to_be_bytes()).unwrap();
    });
}

fn rewrite_records(path: &Path, rewrite: &dyn Fn(&[u8]) -> Vec<u8>) {
    with_database(path, |db| {
        for (name, prefix) in [("journal", ""), ("work", "o"), ("index", ""), ("meta", "room\0")] {
            let keyspace = db.keyspace(name, fjall::KeyspaceCreateOptions::default).unwrap();
            let entries: Vec<_> = keyspace.prefix(prefix).map(|e| e.into_inner().unwrap()).collect();
            assert!(!entries.is_empty(), "{name}");
            for (key, value) in entries {
                keyspace.insert(key, rewrite(&value)).unwrap();
            }
        }
    });
}

/// Everything that a message can have.
fn rich_envelope() -> Envelope {
    let person = Mention::Person { id: Some("u2".into()), name: "Bo".into() };
    let bullet = Container::Item { item: 0, number: None };
    let numbered = Container::Item { item: 1, number: Some(3) };
    let body = Text::from_runs(vec![
        Run::new(Leaf::Plain("bold".into())).styled(Style::Bold).linked("https://x"),
        Run::new(Leaf::Break),
        Run::new(Leaf::Code("code".into())),
        Run::new(Leaf::Mention(person)),
        Run::new(Leaf::Mention(Mention::Room { name: "r".into() })),
        Run::new(Leaf::Mention(Mention::Group { name: "g".into() })),
        Run::new(Leaf::Block { lang: Some("rust".into()), text: "fn".into() }),
        Run::new(Leaf::Plain("head".into())).inside(&[Container::Heading(2)]),
        Run::new(Leaf::Emoji(Emoji { name: "owl".into(), id: Some("9".into()) })).inside(&[Container::Quote]),
        Run::new(Leaf::Time(Time { seconds: 7, style: TimeStyle::Clock })).inside(&[bullet, numbered]),
        Run::new(Leaf::Plain("hidden".into())).styled(Style::Underline).styled(Style::Spoiler),
    ]);
    envelope(Event::Edited {
        to: Message {
            attachments: vec![Attachment {
                kind: FileKind::Image,
                mime: Some("image/png".into()),
                size: Some(3),
                source: Some("s".into()),
                alt: Some("an owl".into()),
                spoiler: true,
                seconds: Some(1),
                ..Attachment::named("a.png")
            }],
            reply: Some(Reply { target: "0".into(), author: Some("Bo".into()), excerpt: None }),
            thread: Some(Thread { id: "t".into(), root: Some("0".into()), name: Some("owls".into()) }),
            poll: Some(Poll {
                question: "which?".into(),
                answers: vec!["barn".into(), "tawny".into()],
                multiple: true,
                ends: Some(Timestamp(9)),
            }),
            forward: Some(Forward { author: Some("Cy".into()), author_id: None, room: Some("owls".into()) }),
            no_preview: true,
            quoted: Vec::new(),
            words_of: vec![MessageKey { room: room("there"), id: "7".into() }],
            ..Message::new(MessageRef::plain("1").within(Some("t".into())), body)
        },
        version: "v".into(),
    })
}

#[test]
fn the_journal_keeps_everything() {
    let rich = rich_envelope();
    let stored = StoredEnvelope::new(account(), rich.clone());
    assert_eq!(StoredEnvelope::decode(&stored.encode().unwrap()).unwrap().into_envelope(), rich);
    assert!(
        matches!(rich.event, Event::Edited { to, .. } if matches!(to.body.blocks(), [_, Block::Code { .. }, ..]))
    );
}

/// What version 1 wrote, before texts had quotes, lists and headings.
#[test]
fn an_older_envelope_is_read() {
    let written = serde_json::json!({
        "account": "a", "at": 1, "author": null, "origin": {"network": "net", "platform": "p", "room": "here"},
        "event": {"posted": {
            "at": {"id": "1", "thread": null}, "attachments": [], "reply": null,
            "body": [
                {"leaf": {"plain": "bold"}, "styles": ["Bold"], "url": "https://x"}, {"leaf": "break"},
                {"leaf": {"person": {"id": null, "name": "Bo"}}}, {"leaf": {"block": {"lang": null, "text": "fn"}}},
            ],
        }},
    });
    let body = rmp_serde::to_vec_named(&written).unwrap();
    let read = StoredEnvelope::decode(&[&[1, 0, 0, 0], &body[..]].concat()).unwrap().into_envelope();
    let Event::Posted(message) = read.event else { panic!("{read:?}") };
    let expected = Text::from_runs(vec![
        Run::new(Leaf::Plain("bold".into())).styled(Style::Bold).linked("https://x"),
        Run::new(Leaf::Break),
        Run::new(Leaf::Mention(Mention::Person { id: None, name: "Bo".into() })),
        Run::new(Leaf::Block { lang: None, text: "fn".into() }),
    ]);
    assert_eq!(message.body, expected);
    let newer = StoredEnvelope::decode(&[&[4, 0, 0, 0], &body[..]].concat());
    assert!(newer.is_err_and(|error| error.to_string().contains("version 4")));
}

/// A change here is a change of what is on people's disks: it needs a new version and a migration.
#[test]
fn stored_shapes() {
    let id = EnvelopeId([1; 16]);
    let done = vec![Some(MessageRef::plain("m").within(Some("t".into()))), None];
    let row = OutboxRow { done, attempts: 2, last_error: Some("e".into()), ..row(Some(id)) };
    insta::assert_snapshot!("envelope", shape(&StoredEnvelope::new(account(), rich_envelope())));
    insta::assert_snapshot!("outbox_row", shape(&row));
    insta::assert_snapshot!("dead_letter", shape(&DeadLetter { reason: "r".into(), at: 1, row }));
    let messages = vec![MessageRef::plain("m")];
    let line = IndexLine {
        envelope: id,
        room: room("r"),
        messages,
        origin: false,
        lost: vec!["spoiler".into()],
        way: None,
    };
    insta::assert_snapshot!("index_line", shape(&line));
    let aside = SetAside { account: "a".into(), reason: "r".into(), payload: "{}".into(), at: 1 };
    insta::assert_snapshot!("set_aside", shape(&aside));
    insta::assert_snapshot!("known_room", shape(&known("r")));
}

/// What an earlier Relay stored of a delivery says nothing of what was lost.
#[test]
fn an_index_line_of_an_earlier_format_is_read() {
    #[derive(serde::Serialize)]
    struct Earlier {
        envelope: EnvelopeId,
        room: RoomKey,
        messages: Vec<MessageRef>,
        origin: bool,
    }
    let id = EnvelopeId([1; 16]);
    let earlier = Earlier { envelope: id, room: room("r"), messages: vec![], origin: false };
    let body = rmp_serde::to_vec_named(&earlier).unwrap();
    let read = IndexLine::decode(&format::with_header(1, &body)).unwrap();
    let expected =
        IndexLine { envelope: id, room: room("r"), messages: vec![], origin: false, lost: vec![], way: None };
    assert_eq!(read, expected);
}

/// What an earlier Relay stored of a room says nothing of who can read it.
#[test]
fn a_room_of_an_earlier_format_is_read() {
    #[derive(serde::Serialize)]
    struct Earlier<'a> {
        key: RoomKey,
        space: &'a str,
        space_name: &'a str,
        name: &'a str,
    }
    let earlier = Earlier { key: room("r"), space: "s", space_name: "S", name: "n" };
    let body = rmp_serde::to_vec_named(&earlier).unwrap();
    let read = KnownRoom::decode(&format::with_header(1, &body)).unwrap();
    assert_eq!(read, KnownRoom { visibility: None, ..known("r") });
    assert!(!read.is_wider());
}

#[tokio::test]
async fn what_waits_for_a_room_follows_it() {
    let dir = tempfile::tempdir().unwrap();
    let (ledger, writer) = Ledger::open(dir.path()).unwrap();
    ledger.remember_room(account(), "asked".into(), known("old")).await.unwrap();
    let (a, b) = (accept_new(&ledger, posted("1")).await, accept_new(&ledger, posted("2")).await);
    fan_out(&ledger, a, &["old", "other"]).await;
    fan_out(&ledger, b, &["old"]).await;
    close(ledger, writer).await;
    // Rows of an earlier run are older than anything that a lane of the new room would look for.
    let (ledger, writer) = Ledger::open(dir.path()).unwrap();
    ledger.move_room(room("old"), room("new")).await.unwrap();
    ledger.move_rows(room("old"), room("new")).await.unwrap();
    ledger.move_rows(room("old"), room("new")).await.unwrap();
    assert_eq!(ledger.moved(&room("old")).unwrap(), Some(room("new")));
    assert_eq!(ledger.moves().unwrap(), [(room("old"), room("new"))]);
    assert_eq!(ledger.known_room(&account(), &"asked".into()).unwrap().unwrap().key, room("new"));
    assert_eq!(ledger.head(&room("old"), EnvelopeId::default()).unwrap(), None);
    let first = ledger.head(&room("new"), EnvelopeId::default()).unwrap().unwrap();
    assert_eq!(first.0, a);
    assert!(
        ledger.pending(a).unwrap().contains(&room("new"))
            && !ledger.pending(a).unwrap().contains(&room("old"))
    );
    let depths = ledger.depths();
    assert_eq!((depths[&room("new")].queued, depths[&room("old")].queued), (2, 0));
    close(ledger, writer).await;
}

/// The header in hexadecimal, and the body as JSON.
fn shape<R: Record>(record: &R) -> String {
    let bytes = record.encode().unwrap();
    let (header, body) = bytes.split_at(format::HEADER_LEN);
    let body: serde_json::Value = rmp_serde::from_slice(body).unwrap();
    format!("{header:02x?}\n{}", serde_json::to_string_pretty(&body).unwrap())
}

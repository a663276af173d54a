//! Files, both ways, as bytes.

use crate::rig::{Rig, key, patiently};
use bytes::Bytes;
use futures::StreamExt;
use futures::future::BoxFuture;
use relay_contract::{
    Attachment, ByteStream, Content, DeliverError, Draft, Event, FileDraft, FileKind, MessageRef, Operation,
    Part, Persona, Receipt, Text, Upload,
};
use secrecy::ExposeSecret;
use stand_ins::faults::Kind;
use stand_ins::files::Blob;
use stand_ins::people::{Act, File, Given};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Bytes in pieces, opened anew for each attempt.
struct Pieces {
    all: Vec<io::Result<Bytes>>,
    opened: Arc<AtomicUsize>,
}

impl Content for Pieces {
    fn open(&self) -> BoxFuture<'static, io::Result<ByteStream>> {
        self.opened.fetch_add(1, Ordering::SeqCst);
        let again = |piece: &io::Result<Bytes>| match piece {
            Ok(bytes) => Ok(bytes.clone()),
            Err(error) => Err(io::Error::new(error.kind(), error.to_string())),
        };
        let all: Vec<_> = self.all.iter().map(again).collect();
        Box::pin(async { Ok(futures::stream::iter(all).boxed()) })
    }
}

pub fn upload(index: u16, name: &str, pieces: &[&'static [u8]]) -> Upload {
    let size = pieces.iter().map(|piece| piece.len() as u64).sum();
    let all = pieces.iter().map(|piece| Ok(Bytes::from_static(piece))).collect();
    Upload {
        index,
        name: name.into(),
        kind: FileKind::Image,
        mime: "image/png".into(),
        size,
        spoiler: false,
        alt: None,
        seconds: None,
        content: Arc::new(Pieces { all, opened: Arc::default() }),
    }
}

pub fn parts(rig: &Rig, text: &str, files: &[Upload]) -> Vec<Part> {
    let draft = |file: &Upload| FileDraft {
        index: file.index,
        kind: file.kind,
        mime: file.mime.clone(),
        size: file.size,
    };
    let files = files.iter().map(draft).collect();
    rig.connector.render(&rig.room, &Draft { body: Text::plain(text), files, ..Draft::default() })
}

async fn post(rig: &Rig, text: &str, name: Option<&str>, files: &[Upload]) -> Result<Receipt, DeliverError> {
    let part = parts(rig, text, files).remove(0);
    let persona = name.map(|name| Persona { name: name.to_owned(), avatar: None });
    let persona = persona.as_ref();
    rig.deliver(Operation::Post { part: &part, persona, reply_to: None, thread: None, files, key: &key() })
        .await
}

async fn fetched(rig: &Rig, message: &MessageRef, file: &Attachment) -> Blob {
    let source = file.source.as_deref().unwrap();
    assert!(!source.contains("http"), "a link would end: {source}");
    let found = rig.connector.locate(&rig.room, message, source).await.unwrap();
    assert!(found.trusted && !found.never_html && found.authorization.is_none());
    let answer = reqwest::get(found.url.expose_secret()).await.unwrap();
    assert_eq!(answer.status(), 200);
    Blob::of(answer.bytes().await.unwrap())
}

#[tokio::test]
async fn what_people_attach_is_found_byte_for_byte() {
    let rig = Rig::ready().await;
    let mut heard = rig.listen(None);
    heard.connected().await;
    let file = |name: &str, kind: &str, mime: &str| File {
        name: name.into(),
        kind: kind.into(),
        mime: mime.into(),
        size: 70_000,
        ..File::default()
    };
    let hidden = File { spoiler: true, alt: "an owl".into(), ..file("owl.png", "image", "image/png") };
    for (given, kind) in [
        (hidden, FileKind::Image),
        (file("dance.gif", "animation", "image/gif"), FileKind::Animation),
        (file("film.mp4", "video", "video/mp4"), FileKind::Video),
        (file("voice-message.ogg", "voice", "audio/ogg"), FileKind::Voice),
        (file("hoot.png", "sticker", "image/png"), FileKind::Sticker),
        (file("a.pdf", "file", "application/pdf"), FileKind::File),
    ] {
        let id = rig.act(Act::Say {
            person: "Ada".into(),
            room: rig.room_id.to_string(),
            text: String::new(),
            reply_to: None,
            files: vec![Given::File(given.clone())],
            thread: None,
        });
        let (envelope, _) = heard.next().await;
        let Event::Posted(message) = envelope.event else { panic!("{:?}", given.kind) };
        let [attached] = &message.attachments[..] else { panic!("{:?}", message.attachments) };
        let spoken = kind == FileKind::Voice;
        assert_eq!((attached.kind, attached.spoiler), (kind, given.spoiler), "{}", given.name);
        assert_eq!(attached.alt.as_deref().unwrap_or_default(), given.alt);
        assert_eq!(attached.seconds.is_some(), spoken);
        if kind != FileKind::Sticker {
            assert_eq!((attached.name.as_str(), attached.size), (given.name.as_str(), Some(70_000)));
        }
        let blob = fetched(&rig, &message.at, attached).await;
        assert_eq!(blob.hash, rig.seen(&id.into()).attachments[0].hash, "{}", given.name);
    }
    heard.stop().await.unwrap();
}

#[tokio::test]
async fn files_are_taken_away_by_people_and_gone_ones_are_not_found() {
    let rig = Rig::ready().await;
    let mut heard = rig.listen(None);
    heard.connected().await;
    let id = rig.say_with_files("Ada", "two", None, &["a.png", "b.png"]);
    let (envelope, _) = heard.next().await;
    let Event::Posted(posted) = envelope.event else { panic!() };
    let (person, room) = ("Ada".to_owned(), rig.room_id.to_string());
    rig.act(Act::RemoveFiles { person, room, message: id.clone(), files: vec![0] });
    let (envelope, _) = heard.next().await;
    let Event::Edited { to, .. } = envelope.event else { panic!() };
    assert_eq!(to.attachments, posted.attachments[1..]);
    let gone = posted.attachments[0].source.as_deref().unwrap();
    let told = rig.connector.locate(&rig.room, &posted.at, gone).await;
    assert!(matches!(told, Err(DeliverError::TargetGone)), "{told:?}");
    rig.delete("Ada", &id);
    let left = to.attachments[0].source.as_deref().unwrap();
    let told = rig.connector.locate(&rig.room, &posted.at, left).await;
    assert!(matches!(told, Err(DeliverError::TargetGone)), "{told:?}");
    let told = rig.connector.locate(&rig.room, &posted.at, "https://a.example").await;
    assert!(matches!(told, Err(DeliverError::Rejected(_))), "{told:?}");
    heard.stop().await.unwrap();
}

#[tokio::test]
async fn an_album_is_posted_changed_and_shrunk() {
    let rig = Rig::ready().await;
    let hidden = Upload { spoiler: true, alt: Some("an owl".into()), ..upload(0, "a.png", &[b"ab", b"c"]) };
    let files = [hidden, upload(1, "b.png", &[b"second"]), upload(2, "c.png", &[])];
    let message = post(&rig, "look", Some("Elif"), &files).await.unwrap().message;
    assert_eq!((&message.files[..], message.no_text), (&[0, 1, 2][..], false));
    let seen = rig.seen(&message.id);
    assert_eq!((seen.author.as_str(), seen.text.as_str()), ("Elif", "look"));
    let told: Vec<_> = seen.attachments.iter().map(|it| (it.name.as_str(), it.size, it.spoiler)).collect();
    assert_eq!(told, [("a.png", 3, true), ("b.png", 6, false), ("c.png", 0, false)]);
    assert_eq!(seen.attachments[0].alt, "an owl");
    assert_eq!(seen.attachments[0].hash, Blob::of("abc".into()).hash);

    // The text changes: the files stay, and are not uploaded again.
    let edit = async |text: &str, target: &MessageRef, left: &[Upload]| {
        let part = parts(&rig, text, left).remove(0);
        rig.deliver(Operation::Edit { target, part: &part }).await.unwrap().message
    };
    let message = edit("look here", &message, &files).await;
    assert_eq!(rig.seen(&message.id).attachments.len(), 3);
    let message = edit("look here", &message, &files[1..2]).await;
    assert_eq!(message.files, [1]);
    let seen = rig.seen(&message.id);
    assert_eq!((seen.files, seen.text.as_str()), (vec!["b.png".to_owned()], "look here"));
    // Once more, as after an outcome that was unknown.
    let again = edit("look here", &message.clone().holding(vec![0, 1, 2], false), &files[1..2]).await;
    assert_eq!(again.files, [1]);
    let message = edit("no more", &again, &[]).await;
    assert_eq!((message.files.len(), rig.seen(&message.id).files.len()), (0, 0));
}

#[tokio::test]
async fn more_than_ten_files_are_two_messages_and_the_bot_uploads_too() {
    let rights = ["VIEW_CHANNEL", "SEND_MESSAGES", "READ_MESSAGE_HISTORY", "MESSAGE_CONTENT", "ATTACH_FILES"];
    let rig = Rig::with(|bot| bot.may = Some(rights.map(str::to_owned).to_vec())).await;
    rig.preflight().await;
    let files: Vec<Upload> = (0..12).map(|n| upload(n, &format!("{n}.png"), &[b"x"])).collect();
    let parts = parts(&rig, "twelve", &files);
    assert_eq!(parts.len(), 2);
    for (part, (text, count)) in parts.iter().zip([("twelve", 10), ("", 2)]) {
        let own: Vec<Upload> = part.files.iter().map(|at| files[usize::from(*at)].clone()).collect();
        let (persona, reply_to, thread) = (None, None, None);
        let posted =
            rig.deliver(Operation::Post { part, persona, reply_to, thread, files: &own, key: &key() }).await;
        let message = posted.unwrap().message;
        let seen = rig.seen(&message.id);
        assert_eq!((seen.author.as_str(), seen.text.as_str(), seen.files.len()), ("Relay", text, count));
        assert_eq!((message.files.len(), message.no_text), (count, text.is_empty()));
        rig.remove(&message).await.unwrap();
    }
}

#[tokio::test]
async fn what_goes_wrong_with_an_upload_is_told_for_what_it_is() {
    let rig = Rig::ready().await;
    post(&rig, "warm", Some("Elif"), &[upload(0, "a.png", &[b"x"])]).await.unwrap();
    let hooks = "POST /api/v10/webhooks/";
    let file = || [upload(0, "a.png", &[b"x"])];
    rig.fault(Kind::ServerError, hooks, 1.0);
    let told = post(&rig, "a", Some("Elif"), &file()).await;
    assert!(matches!(told, Err(DeliverError::Unavailable(_))), "{told:?}");
    rig.fault(Kind::CutAfter, hooks, 1.0);
    let told = post(&rig, "done", Some("Elif"), &file()).await;
    assert!(matches!(told, Err(DeliverError::Unsure(_))), "{told:?}");
    assert_eq!(rig.all().last().unwrap().text, "done");
    rig.fault(Kind::Unauthorized, hooks, 1.0);
    let told = post(&rig, "b", Some("Elif"), &file()).await;
    assert!(matches!(told, Err(DeliverError::Unavailable(_))), "{told:?}");
    let before = rig.all().len();
    // Fewer or more bytes than were said, and a file that cannot be read: nothing is posted.
    let broken = |all: Vec<io::Result<Bytes>>, size| {
        let content = Arc::new(Pieces { all, opened: Arc::default() });
        [Upload { size, content, ..upload(0, "a.png", &[]) }]
    };
    let lost = || Err(io::Error::other("the disk is gone"));
    let piece = |bytes: &'static str| Ok(Bytes::from_static(bytes.as_bytes()));
    for files in
        [broken(vec![piece("abc")], 2), broken(vec![piece("abc")], 4), broken(vec![piece("ab"), lost()], 4)]
    {
        let told = post(&rig, "c", Some("Elif"), &files).await;
        assert!(matches!(told, Err(DeliverError::Unavailable(_))), "{told:?}");
    }
    // Larger than the server takes.
    static LARGE: [u8; (10 << 20) + 1] = [7; (10 << 20) + 1];
    let told = post(&rig, "d", Some("Elif"), &[upload(0, "large.bin", &[&LARGE])]).await;
    assert!(matches!(told, Err(DeliverError::Rejected(_))), "{told:?}");
    assert_eq!(rig.connector.capabilities(&rig.room).files.shown, 10 << 20);
    rig.fault(Kind::RateLimit, hooks, 2.0);
    for _ in 0..2 {
        let told = patiently(post(&rig, "e", Some("Elif"), &file())).await;
        assert!(matches!(told, Err(DeliverError::RateLimited { .. })), "{told:?}");
    }
    assert_eq!(rig.all().len(), before);
}

/// What is uploaded is read piece by piece: it may be larger than memory.
#[tokio::test]
async fn an_attempt_opens_the_file_once_and_a_second_opens_it_anew() {
    let rig = Rig::ready().await;
    let opened = Arc::new(AtomicUsize::new(0));
    let all = (0..64).map(|_| Ok(Bytes::from(vec![7; 64 << 10]))).collect();
    let content = Arc::new(Pieces { all, opened: opened.clone() });
    let files = [Upload { size: 4 << 20, content, ..upload(0, "large.bin", &[]) }];
    for times in 1..=2 {
        let message = post(&rig, "", Some("Elif"), &files).await.unwrap().message;
        assert_eq!(
            (opened.load(Ordering::SeqCst), rig.seen(&message.id).attachments[0].size),
            (times, 4 << 20)
        );
    }
}

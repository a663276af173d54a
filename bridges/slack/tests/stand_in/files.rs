//! Files, both ways: C14, C15, C16, and bytes that are never all in memory.

use crate::stage::Stage;
use bytes::Bytes;
use futures::StreamExt;
use futures::future::BoxFuture;
use relay_contract::{
    ByteStream, Content, DeliverError, Event, FileKind, Message, MessageRef, NativeId, Operation, Standing,
    Upload,
};
use secrecy::ExposeSecret;
use stand_ins::faults::Kind;
use stand_ins::files::Blob;
use stand_ins::people::{Act, File, Given};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The bytes that the stand-in makes up, piece by piece, and how often they were opened.
struct MadeUp(u64, AtomicUsize);

impl Content for MadeUp {
    fn open(&self) -> BoxFuture<'static, io::Result<ByteStream>> {
        self.1.fetch_add(1, Ordering::SeqCst);
        let size = self.0;
        let piece = move |at: u64| {
            let end = size.min((at + 1) << 16);
            let bytes = ((at << 16)..end).map(|n| (n ^ (n >> 8) ^ (n >> 16)) as u8);
            Ok(Bytes::from(bytes.collect::<Vec<u8>>()))
        };
        Box::pin(async move { Ok(futures::stream::iter(0..size.div_ceil(1 << 16)).map(piece).boxed()) })
    }
}

/// Nothing that can be read.
struct Unreadable;

impl Content for Unreadable {
    fn open(&self) -> BoxFuture<'static, io::Result<ByteStream>> {
        Box::pin(async { Err(io::Error::other("the disk is gone")) })
    }
}

pub fn upload(index: u16, name: &str, size: u64) -> Upload {
    Upload {
        index,
        name: name.into(),
        kind: FileKind::File,
        mime: "application/octet-stream".into(),
        size,
        spoiler: false,
        alt: None,
        seconds: None,
        content: Arc::new(MadeUp(size, AtomicUsize::new(0))),
    }
}

fn posted(event: Event) -> Message {
    match event {
        Event::Posted(message) => message,
        other => panic!("{other:?}"),
    }
}

impl Stage {
    fn give(&self, text: &str, files: Vec<File>) -> String {
        self.act(Act::Say {
            person: "Elif".into(),
            room: "general".into(),
            text: text.into(),
            reply_to: None,
            files: files.into_iter().map(Given::File).collect(),
            thread: None,
        })
    }
}

#[tokio::test]
async fn what_people_attach_can_be_fetched() {
    let stage = Stage::new().await;
    let mut heard = stage.listening().await;
    let file =
        |name: &str, kind: &str, size| File { name: name.into(), kind: kind.into(), size, ..File::default() };
    let cat = File { alt: "a cat".into(), ..file("cat.png", "image", 70_000) };
    stage.give(
        "look",
        vec![cat, file("memo.ogg", "voice", 5), file("clip.mp4", "video_note", 6), file("a.pdf", "", 7)],
    );
    let message = posted(heard.envelope().await.event);
    let kinds: Vec<_> =
        message.attachments.iter().map(|file| (file.name.as_str(), file.kind, file.size)).collect();
    let expected = [
        ("cat.png", FileKind::Image, Some(70_000)),
        ("memo.ogg", FileKind::Voice, Some(5)),
        ("clip.mp4", FileKind::Video, Some(6)),
        ("a.pdf", FileKind::File, Some(7)),
    ];
    assert_eq!(kinds, expected);
    assert_eq!(message.attachments[0].alt.as_deref(), Some("a cat"));
    assert_eq!(message.attachments[1].seconds, Some(3));

    let source = message.attachments[0].source.clone().unwrap();
    let located = stage.connector.locate(&stage.key(), &message.at, &source).await.unwrap();
    assert!(located.trusted && located.never_html, "{located:?}");
    assert_eq!(located.size, Some(70_000));
    let token = &stage.stand_ins.world.slack.bots[0].token;
    assert!(!format!("{located:?}{source}").contains(token.as_str()));
    let fetch = |with: bool| {
        let mut request = reqwest::Client::new().get(located.url.expose_secret());
        if let Some(authorization) = located.authorization.as_ref().filter(|_| with) {
            request = request.header("authorization", authorization.expose_secret());
        }
        async { request.send().await.unwrap() }
    };
    let answer = fetch(true).await;
    assert_eq!(answer.headers()["content-type"], "image/png");
    assert_eq!(Blob::of(answer.bytes().await.unwrap()).hash, Blob::made_up(70_000).hash);
    // Without the token Slack shows a page to sign in on, as if all were well.
    let answer = fetch(false).await;
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()["content-type"]),
        (200, &"text/html; charset=utf-8".parse().unwrap())
    );

    let picture =
        stage.connector.locate(&stage.key(), &message.at, "https://x.example/graph.png").await.unwrap();
    assert!(picture.authorization.is_none() && !picture.trusted && picture.never_html, "{picture:?}");
    let gone = stage.connector.locate(&stage.key(), &message.at, "F0NOTHERE").await;
    assert_eq!(gone.unwrap_err().to_string(), "rejected: the file is not there any more");
}

#[tokio::test]
async fn a_file_that_is_taken_away() {
    let stage = Stage::new().await;
    let mut heard = stage.listening().await;
    let file = |name: &str| File { name: name.into(), size: 9, ..File::default() };
    let id = stage.give("two", vec![file("a.png"), file("b.png")]);
    assert_eq!(posted(heard.envelope().await.event).attachments.len(), 2);
    let remove = |files| Act::RemoveFiles {
        person: "Elif".into(),
        room: "general".into(),
        message: id.clone(),
        files,
    };
    stage.act(remove(vec![0]));
    let Event::Edited { to, .. } = heard.envelope().await.event else { panic!() };
    let names: Vec<_> = to.attachments.iter().map(|file| file.name.as_str()).collect();
    assert_eq!(names, ["b.png"]);
    // The last file of a message without words takes it along.
    let id = stage.give("", vec![file("c.png")]);
    heard.envelope().await;
    stage.act(Act::RemoveFiles {
        person: "Elif".into(),
        room: "general".into(),
        message: id.clone(),
        files: vec![0],
    });
    assert_eq!(heard.envelope().await.event, Event::Deleted { target: id.as_str().into() });
}

#[tokio::test]
async fn an_album_under_a_name_its_echo_and_its_edits() {
    let stage = Stage::new().await;
    let mut heard = stage.listening().await;
    let alt = Some("a cat".to_owned());
    let files =
        [Upload { alt, ..upload(0, "cat.png", 200_000) }, upload(1, "b <c>.pdf", 3), upload(2, "d.txt", 1)];
    let receipt = stage.post_files("three *files*", None, &files).await.unwrap();
    let message = receipt.message.clone();
    assert_eq!((&message.files[..], message.no_text, receipt.more.len()), (&[0, 1, 2][..], false, 0));
    let seen = stage.seen(message.id.as_str());
    assert_eq!((seen.author.as_str(), seen.text.as_str()), ("Ada", "three *files*"));
    assert_eq!(seen.avatar.as_deref(), Some("https://x.example/ada.png"));
    let names: Vec<_> = seen.attachments.iter().map(|file| (file.name.as_str(), file.size)).collect();
    assert_eq!(names, [("cat.png", 200_000), ("b <c>.pdf", 3), ("d.txt", 1)]);
    assert_eq!(seen.attachments[0].hash, Blob::made_up(200_000).hash);
    assert_eq!(seen.attachments[0].alt, "a cat");
    let echo = heard.envelope().await;
    assert_eq!(echo.author.as_ref().unwrap().standing, Standing::Relay);
    assert_eq!(posted(echo.event).at.id, message.id);

    // Other words: the files stay, and are not uploaded again.
    let opened = |file: &Upload| file.size;
    assert_eq!(files.iter().map(opened).sum::<u64>(), 200_004);
    let part = stage.part_with("other words", &files);
    let edited = stage.do_it(Operation::Edit { target: &message, part: &part }).await.unwrap().message;
    assert_eq!(edited, message);
    let seen = stage.seen(message.id.as_str());
    assert_eq!((seen.text.as_str(), seen.attachments.len()), ("other words", 3));

    // One file less, and then another: each goes for good, and the places of the others stay what they were.
    for (left, names) in [(&[0, 2][..], &["cat.png", "d.txt"][..]), (&[2][..], &["d.txt"][..])] {
        let kept: Vec<_> = files.iter().filter(|file| left.contains(&file.index)).cloned().collect();
        let part = stage.part_with("other words", &kept);
        let before =
            MessageRef { files: if left.len() == 2 { vec![0, 1, 2] } else { vec![0, 2] }, ..message.clone() };
        let edited = stage.do_it(Operation::Edit { target: &before, part: &part }).await.unwrap().message;
        assert_eq!(edited.files, left);
        assert_eq!(stage.seen(message.id.as_str()).files, names);
    }
    // Words that go leave the file.
    let last = MessageRef { files: vec![2], ..message.clone() };
    let part = stage.part_with("", &files[2..]);
    stage.do_it(Operation::Edit { target: &last, part: &part }).await.unwrap();
    let seen = stage.seen(message.id.as_str());
    assert_eq!((seen.text.as_str(), &seen.files[..]), ("", &["d.txt".to_owned()][..]));
    let (url, gone) =
        (seen.attachments[0].url.clone(), stage.do_it(Operation::Delete { target: &last }).await);
    assert_eq!(gone.unwrap().message, last);
    assert!(stage.seen(message.id.as_str()).deleted);
    assert_eq!(reqwest::get(url).await.unwrap().status(), 404, "the file went with its message");
}

#[tokio::test]
async fn files_alone_in_a_thread_and_more_than_a_message_holds() {
    let stage = Stage::new().await;
    stage.connector.preflight(&[]).await.unwrap();
    let root: NativeId = stage.say("a question", None).into();
    let receipt = stage.post_files("", Some(&root), &[upload(4, "a.png", 10)]).await.unwrap();
    assert_eq!(receipt.message.thread.as_ref(), Some(&root));
    assert_eq!((&receipt.message.files[..], receipt.message.no_text), (&[4][..], false));
    assert_eq!(stage.seen(receipt.message.id.as_str()).thread.as_deref(), Some(root.as_str()));
    // In a thread it is found as well.
    let part = stage.part_with("seen?", &[]);
    let target = MessageRef { files: vec![4], ..receipt.message };
    stage.do_it(Operation::Edit { target: &target, part: &part }).await.unwrap();
    let seen = stage.seen(target.id.as_str());
    assert_eq!((seen.text.as_str(), seen.files.len()), ("seen?", 0));
}

#[tokio::test]
async fn what_goes_wrong_on_the_way() {
    let stage = Stage::new().await;
    stage.connector.preflight(&[]).await.unwrap();
    let file = || [upload(0, "a.bin", 100_000)];
    // Before it is shared, nothing is in doubt and nothing can be seen.
    for (kind, only) in [
        (Kind::ServerError, "getUploadURLExternal"),
        (Kind::CutAfter, "getUploadURLExternal"),
        (Kind::ServerError, "/upload/"),
        (Kind::CutAfter, "/upload/"),
        (Kind::ServerError, "completeUploadExternal"),
    ] {
        stage.fault(kind, Some(only));
        let refused = stage.post_files("x", None, &file()).await.unwrap_err();
        assert!(matches!(refused, DeliverError::Unavailable(_)), "{kind:?} {only}: {refused:?}");
        assert!(stage.all_seen().is_empty(), "{kind:?} {only}");
    }
    stage.fault(Kind::RateLimit, Some("completeUploadExternal"));
    assert!(matches!(stage.post_files("x", None, &file()).await, Err(DeliverError::RateLimited { .. })));
    let unreadable = Upload { content: Arc::new(Unreadable), ..upload(0, "a.bin", 5) };
    let refused = stage.post_files("x", None, &[unreadable]).await.unwrap_err();
    assert_eq!(refused.to_string(), "unavailable: the file cannot be read: the disk is gone");
    // It says another size than it has.
    let short = Upload { size: 100_001, ..upload(0, "a.bin", 100_000) };
    let short = Upload { content: file()[0].content.clone(), ..short };
    assert!(stage.post_files("x", None, &[short]).await.is_err());
    let empty = stage.post_files("x", None, &[upload(0, "a.bin", 0)]).await.unwrap_err();
    assert_eq!(empty.to_string(), "rejected: a.bin is empty: Slack takes no empty files");
    assert!(stage.all_seen().is_empty());
    // Shared, but nobody knows.
    stage.fault(Kind::CutAfter, Some("completeUploadExternal"));
    let unsure = stage.post_files("x", None, &file()).await.unwrap_err();
    assert!(matches!(unsure, DeliverError::Unsure(_)), "{unsure:?}");
    // A question that fails is asked again: the upload is not.
    stage.fault(Kind::ServerError, Some("files.info"));
    stage.post_files("y", None, &file()).await.unwrap();
    assert_eq!(stage.all_seen().iter().filter(|seen| seen.text == "y").count(), 1);
}

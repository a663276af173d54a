//! Files, both ways.

use crate::rig::{Rig, TOKEN, line, upload};
use relay_contract::{DeliverError, Event, FileKind, Message, MessageRef, Receipt};
use secrecy::ExposeSecret;
use stand_ins::faults::Kind;
use stand_ins::files::Blob;
use stand_ins::people::{Act, File, Given, Seen};

const PNG: (FileKind, &str) = (FileKind::Image, "image/png");
const PDF: (FileKind, &str) = (FileKind::File, "application/pdf");

fn say(rig: &Rig, text: &str, files: Vec<File>) -> String {
    rig.act(Act::Say {
        person: "Hana".into(),
        room: rig.room_id.to_string(),
        text: text.into(),
        reply_to: None,
        files: files.into_iter().map(Given::File).collect(),
        thread: None,
    })
}

fn file(kind: &str, name: &str, size: u64) -> File {
    File { name: name.into(), kind: kind.into(), size, ..File::default() }
}

async fn posted(heard: &mut crate::heard::Heard) -> Message {
    match heard.envelope().await.event {
        Event::Posted(message) => message,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn files_of_people_can_be_fetched() {
    let rig = Rig::start().await;
    let mut heard = rig.listen(None);
    let cases = [
        ("file", "map.pdf", FileKind::File, "application/pdf"),
        ("image", "a.png", FileKind::Image, "image/jpeg"),
        ("video", "a.mp4", FileKind::Video, "video/mp4"),
        ("animation", "a.mp4", FileKind::Animation, "video/mp4"),
        ("audio", "a.mp3", FileKind::Audio, "audio/mpeg"),
        ("voice", "a.ogg", FileKind::Voice, "audio/ogg"),
        ("video_note", "a.mp4", FileKind::VideoNote, "video/mp4"),
        ("sticker", "a.webp", FileKind::Sticker, "image/webp"),
    ];
    for (kind, name, expected, mime) in cases {
        let id = say(&rig, "", vec![File { spoiler: true, ..file(kind, name, 100_000) }]);
        let message = posted(&mut heard).await;
        let [attachment] = message.attachments.as_slice() else { panic!("{kind}: {message:?}") };
        assert_eq!((attachment.kind, attachment.mime.as_deref()), (expected, Some(mime)), "{kind}");
        assert_eq!((attachment.size, message.at.id.as_str()), (Some(100_000), id.as_str()), "{kind}");
        assert!(attachment.spoiler, "{kind}");
        let source = attachment.source.as_deref().unwrap();
        assert!(!source.contains(TOKEN) && !format!("{attachment:?}").contains("demo-telegram"), "{source}");
        let located = rig.connector.locate(&rig.room, &message.at, source).await.unwrap();
        assert!(located.trusted && located.authorization.is_none(), "{kind}");
        assert!(!format!("{located:?}").contains("demo-telegram"), "{located:?}");
        let answer = reqwest::get(located.url.expose_secret()).await.unwrap();
        let hash = Blob::of(answer.bytes().await.unwrap()).hash;
        assert_eq!(hash, rig.seen(&id).attachments[0].hash, "{kind}");
    }
}

#[tokio::test]
async fn what_cannot_be_fetched_is_said() {
    let rig = Rig::start().await;
    let mut heard = rig.listen(None);
    say(&rig, "", vec![file("file", "film.mkv", (20 << 20) + 1)]);
    let message = posted(&mut heard).await;
    let locate = async |source: &str| {
        let located = rig.connector.locate(&rig.room, &MessageRef::plain("1"), source).await;
        located.map(|_| ()).unwrap_err()
    };
    let large = locate(message.attachments[0].source.as_deref().unwrap()).await;
    assert!(matches!(&large, DeliverError::Rejected(why) if why.contains("20 MB")), "{large:?}");
    assert!(matches!(locate("AgAD/nothing").await, DeliverError::Unavailable(_)));
    rig.fault(Kind::CutAfter, "getFile", 1.0);
    let cut = locate("AgAD/nothing").await;
    assert!(matches!(&cut, DeliverError::Unavailable(_)) && !cut.to_string().contains("demo"), "{cut:?}");
}

/// One message a file, as Telegram sends them.
#[tokio::test]
async fn an_album_of_people_is_one_message_a_file() {
    let rig = Rig::start().await;
    let mut heard = rig.listen(None);
    say(&rig, "look", vec![file("image", "a.png", 9), file("video", "b.mp4", 9)]);
    let (one, two) = (posted(&mut heard).await, posted(&mut heard).await);
    assert_eq!((one.body, one.attachments.len()), (line("look"), 1));
    assert!(two.body.is_empty() && two.attachments[0].kind == FileKind::Video);
    assert_ne!(one.at.id, two.at.id);
}

fn sent(rig: &Rig, receipt: &Receipt) -> Vec<Seen> {
    let all = [&receipt.message].into_iter().chain(&receipt.more);
    all.map(|message| rig.seen(message.id.as_str())).collect()
}

#[tokio::test]
async fn each_kind_arrives_as_what_it_is() {
    let rig = Rig::start().await;
    let cases = [
        (PNG, "a.png", "image"),
        ((FileKind::Image, "image/gif"), "a.gif", "animation"),
        ((FileKind::Image, "image/jpeg"), "no picture.jpg", "file"),
        ((FileKind::File, "image/png"), "as a file.png", "file"),
        ((FileKind::Video, "video/mp4"), "a.mp4", "video"),
        ((FileKind::Audio, "audio/mpeg"), "a.mp3", "audio"),
        ((FileKind::Voice, "audio/ogg"), "a.ogg", "voice"),
        ((FileKind::VideoNote, "video/mp4"), "a.mp4", "video_note"),
        ((FileKind::Sticker, "image/webp"), "a.webp", "sticker"),
        (PDF, "straße \"x\" 😀.pdf", "file"),
        ((FileKind::File, "not a type"), "odd", "file"),
    ];
    for (kind, name, expected) in cases {
        let mut file = upload(0, name, kind, 70_000);
        file.spoiler = true;
        let receipts = rig.post_files(line("Ada: look"), &[file], None).await;
        let receipt = receipts.last().unwrap().as_ref().unwrap();
        let seen = sent(&rig, receipt).remove(0);
        let shown = &seen.attachments[0];
        assert_eq!((shown.kind.as_str(), shown.size), (expected, 70_000), "{name}");
        let plain = name.replace('"', "_");
        let hides = matches!(expected, "image" | "animation" | "video");
        let expected_name = if hides { plain } else { format!("SPOILER_{plain}") };
        assert_eq!((shown.name.clone(), shown.spoiler), (expected_name, hides), "{name}");
        let captioned = !matches!(expected, "video_note" | "sticker");
        assert_eq!(receipts.len(), if captioned { 1 } else { 2 }, "{name}");
        assert_eq!(receipt.message.files, [0], "{name}");
        assert_eq!(receipt.message.no_text, !captioned, "{name}");
        assert_eq!(seen.text == "Ada: look", captioned, "{name}");
    }
}

#[tokio::test]
async fn an_album_is_one_request_and_one_message_a_file() {
    let rig = Rig::start().await;
    let pictures =
        [upload(0, "a.png", PNG, 9_000), upload(1, "b.mp4", (FileKind::Video, "video/mp4"), 9_000)];
    let receipts = rig.post_files(line("look"), &pictures, None).await;
    let [Ok(receipt)] = receipts.as_slice() else { panic!("{receipts:?}") };
    let seen = sent(&rig, receipt);
    let kinds: Vec<_> = seen.iter().map(|seen| seen.attachments[0].kind.as_str()).collect();
    assert_eq!((kinds, seen[0].text.as_str()), (vec!["image", "video"], "look"));
    assert_eq!((receipt.message.files.as_slice(), receipt.message.no_text), ([0].as_slice(), false));
    assert_eq!((receipt.more[0].files.as_slice(), receipt.more[0].no_text), ([1].as_slice(), true));
    // One of them is no picture, so that all are files.
    let odd = [upload(0, "a.png", PNG, 9_000), upload(1, "b.jpg", (FileKind::Image, "image/jpeg"), 9_000)];
    let receipts = rig.post_files(line(""), &odd, None).await;
    let [Ok(receipt)] = receipts.as_slice() else { panic!("{receipts:?}") };
    let kinds: Vec<_> = sent(&rig, receipt).iter().map(|seen| seen.attachments[0].kind.clone()).collect();
    assert_eq!((kinds, receipt.message.no_text), (vec!["file".to_owned(), "file".into()], false));
}

#[tokio::test]
async fn a_caption_is_edited_as_one() {
    let rig = Rig::start().await;
    let receipts = rig.post_files(line("look"), &[upload(0, "a.png", PNG, 9_000)], None).await;
    let target = receipts[0].as_ref().unwrap().message.clone();
    for text in ["better", "better", ""] {
        assert_eq!(rig.edit_own(&target, line(text)).await, Ok(Receipt::of(target.clone())), "{text:?}");
        let seen = rig.seen(target.id.as_str());
        assert_eq!((seen.text.as_str(), seen.attachments.len()), (text, 1));
    }
    let long = rig.edit_own(&target, line(&"a".repeat(1_025))).await.unwrap_err();
    assert!(matches!(&long, DeliverError::Rejected(why) if why.contains("1024")), "{long:?}");
    rig.delete_own(&target).await.unwrap();
    assert_eq!(rig.edit_own(&target, line("x")).await, Err(DeliverError::TargetGone));
}

/// C14, C15.
#[tokio::test]
async fn a_failed_upload_says_whether_it_was_done() {
    let rig = Rig::start().await;
    let cases = [
        (Some(Kind::RateLimit), 9_000, "rate limited"),
        (Some(Kind::ServerError), 9_000, "unavailable"),
        (Some(Kind::CutAfter), 9_000, "outcome unknown"),
        (None, (50 << 20) + 1, "rejected"),
        (None, 9_000, "done"),
    ];
    for (kind, size, expected) in cases {
        if let Some(kind) = kind {
            rig.fault(kind, "sendDocument", 1.0);
        }
        let mut receipts = rig.post_files(line("x"), &[upload(0, "a.pdf", PDF, size)], None).await;
        let said = receipts.remove(0).map_or_else(|error| error.to_string(), |_| "done".to_owned());
        assert!(said.starts_with(expected), "{kind:?} {size}: {said}");
        assert!(!said.contains("demo-telegram"), "{said}");
    }
}

/// What goes through is not held.
#[tokio::test]
async fn the_largest_file_goes_through() {
    let rig = Rig::start().await;
    let receipts = rig.post_files(line("x"), &[upload(0, "a.bin", PDF, 50 << 20)], None).await;
    let seen = sent(&rig, receipts[0].as_ref().unwrap());
    assert_eq!(seen[0].attachments[0].size, 50 << 20);
}

//! What goes and what stays.

use super::*;

/// Files of a hundred bytes each, the first the oldest.
async fn some_files(settings: MediaSection, count: u16) -> (Bench, Vec<Stored>) {
    let bodies: Vec<Vec<u8>> = (0..count).map(|at| vec![b'a' + at as u8; 100]).collect();
    let paths = ["/0", "/1", "/2", "/3", "/4"];
    let pages: Vec<_> = bodies
        .iter()
        .zip(paths)
        .map(|(body, path)| (path, 0, StatusCode::OK, "text/plain", body.as_slice()))
        .collect();
    let bench = Bench::new(settings, &pages).await;
    let mut all = Vec::new();
    for index in 0..count {
        let stored =
            ready(bench.get(key(index), &Attachment::named("a.txt"), paths[usize::from(index)]).await);
        bench.age(&stored, u64::from(count - index));
        all.push(stored);
    }
    (bench, all)
}

#[tokio::test]
async fn what_is_old_goes_and_what_is_needed_stays() {
    let (bench, all) = some_files(public(), 4).await;
    let link = bench.media.link(&all[3], "a.txt", for_room(0)).await.unwrap();
    // All are forty days old; the second is still to be delivered, the third is held, the fourth has a link.
    for (index, stored) in all.iter().enumerate() {
        bench.age(stored, 40);
        let id = key(index as u16).id();
        let record = bench.media.0.files.get(&id).await.unwrap().unwrap();
        bench.media.0.files.put(&id, &FileRecord { at: 0, ..record }).await.unwrap();
    }
    let media = Media::open_with(&bench.settings, bench.folder.path(), Habits::usual().unwrap()).unwrap();
    media.needed_by(Box::new(|wanted| *wanted == key(1)));
    let held = media.content(all[2].blob.clone(), 100);
    let swept = media.sweep().await.unwrap();
    assert_eq!((swept.dropped, swept.freed, swept.kept, swept.bytes), (1, 100, 3, 300));
    assert_eq!(media.0.store.size(&all[0].blob).await.unwrap(), None);
    drop(held);
    bench.media.revoke(&link).await.unwrap();
    let swept = media.sweep().await.unwrap();
    assert_eq!((swept.dropped, swept.kept), (2, 1));
    assert_eq!(media.0.store.size(&all[1].blob).await.unwrap(), Some(100));
    assert_eq!(bench.count("files"), 1);
    assert_eq!(media.link(&all[3], "a.txt", for_room(0)).await, None, "taken back stays taken back");
}

#[tokio::test]
async fn above_its_bound_the_store_drops_the_oldest() {
    let settings = MediaSection { most: 350, ..public() };
    let (bench, all) = some_files(settings.clone(), 3).await;
    let blobs: Vec<_> = all.iter().map(|stored| stored.blob.clone()).collect();
    drop(all);
    let media = Media::open_with(&settings, bench.folder.path(), Habits::usual().unwrap()).unwrap();
    // The oldest is still to be delivered.
    media.needed_by(Box::new(|wanted| *wanted == key(0)));
    media.sweep().await.unwrap();
    assert!(media.make_room(50).await, "it fits as it is");
    assert!(media.make_room(100).await);
    let there = |media: Media| {
        let blobs = blobs.clone();
        async move {
            let mut there = Vec::new();
            for blob in &blobs {
                there.push(media.0.store.size(blob).await.unwrap().is_some());
            }
            there
        }
    };
    assert_eq!(there(media.clone()).await, [true, false, true]);
    assert!(!media.make_room(300).await, "what is needed is not dropped for it");
    assert_eq!(there(media.clone()).await, [true, false, false]);
}

#[tokio::test]
async fn a_full_store_says_so() {
    let settings = MediaSection { most: 150, largest: 150, ..public() };
    let bodies = [vec![b'a'; 100], vec![b'b'; 100]];
    let pages = [
        ("/0", 0, StatusCode::OK, "text/plain", bodies[0].as_slice()),
        ("/1", 0, StatusCode::OK, "text/plain", &bodies[1]),
    ];
    let bench = Bench::new(settings, &pages).await;
    let held = ready(bench.get(key(0), &Attachment::named("a.txt"), "/0").await);
    let failure = failed(bench.get(key(1), &Attachment::named("a.txt"), "/1").await);
    assert!(failure.reason.contains("media store is full"), "{failure:?}");
    drop(held);
}

#[tokio::test]
async fn what_was_brought_goes_after_a_day_unless_a_message_names_it() {
    let bench = Bench::new(public(), &[]).await;
    let media = &bench.media;
    let mut ids = Vec::new();
    for body in ["first", "second", "third"] {
        let (owner, room, name) = ("me".into(), "lobby".into(), "a.txt".into());
        let brought = Brought { owner, room, name, mime: None, length: Some(body.len() as u64) };
        let bytes = futures::stream::iter([Ok(bytes::Bytes::from(body))]);
        ids.push(media.bring(brought, bytes).await.unwrap().id);
    }
    for (id, whose, is_theirs) in [
        (&ids[1], ("me", "lobby"), true),
        (&ids[2], ("you", "lobby"), false),
        (&ids[2], ("me", "den"), false),
    ] {
        assert_eq!(media.name(id, whose, None).await.unwrap().is_some(), is_theirs, "{id} {whose:?}");
    }
    // All came two days ago.
    for id in &ids {
        let shelved = super::super::digest::Digest::of(id.as_bytes());
        let record = media.0.uploads.get(&shelved).await.unwrap().unwrap();
        let at = record.at - 2 * 86_400_000;
        let blob = record.blob.clone();
        media.0.uploads.put(&shelved, &UploadRecord { at, ..record }).await.unwrap();
        let path = bench.folder.path().join("media/blobs").join(&blob[..2]).join(&blob);
        let file = std::fs::File::options().write(true).open(path).unwrap();
        file.set_modified(SystemTime::now() - Duration::from_secs(2 * 86_400)).unwrap();
    }
    let swept = media.sweep().await.unwrap();
    assert_eq!((swept.dropped, swept.kept, bench.count("uploads")), (2, 1, 1));
    assert_eq!(media.name(&ids[0], ("me", "lobby"), None).await.unwrap(), None);
    let stored = ready(media.adopt(key(0), &ids[1], "b.txt").await);
    assert_eq!((stored.name.as_str(), stored.size), ("b.txt", 6));
    assert!(matches!(media.adopt(key(1), &ids[2], "b.txt").await, Fetched::Failed(_)));
}

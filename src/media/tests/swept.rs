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
    let link = bench.media.link(&all[3], "a.txt").await.unwrap();
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
    assert_eq!(media.link(&all[3], "a.txt").await, None, "taken back stays taken back");
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

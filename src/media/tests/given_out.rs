//! Links, the server behind them, and faces.

use super::*;
use relay_contract::RoomKey;

#[tokio::test]
async fn a_link_is_the_same_each_time_and_ends_when_it_is_taken_back() {
    let mut bench = Bench::plain(&[("/a", "text/plain", b"hello"), ("/b", "text/plain", b"other")]).await;
    let stored = ready(bench.get(key(0), &Attachment::named("ä b.txt"), "/a").await);
    let other = ready(bench.get(key(1), &Attachment::named("b.txt"), "/b").await);
    let link = bench.media.link(&stored, "ä b.txt", for_room(0)).await.unwrap();
    assert!(link.starts_with("https://media.test/m/") && link.ends_with("/%C3%A4%20b.txt"), "{link}");
    assert_eq!(bench.media.link(&stored, "ä b.txt", for_room(0)).await.as_ref(), Some(&link));
    bench.restart();
    assert_eq!(bench.media.link(&stored, "ä b.txt", for_room(0)).await.as_ref(), Some(&link));
    let second = bench.media.link(&other, "b.txt", for_room(0)).await.unwrap();
    assert_eq!(bench.media.list().await.unwrap().len(), 2);
    assert_eq!(bench.media.revoke(&link).await, Ok("ä b.txt".into()));
    assert_eq!(bench.media.link(&stored, "ä b.txt", for_room(0)).await, None);
    let lines = bench.media.list().await.unwrap();
    let line = lines.iter().find(|line| line.name == "b.txt").unwrap();
    assert_eq!(lines.iter().filter(|line| line.revoked).count(), 1);
    assert_eq!(bench.media.revoke(&line.id).await, Ok("b.txt".into()));
    for wrong in ["", "zz", "0123", "0123456789ab", "https://media.test/m/nothing/x"] {
        assert!(bench.media.revoke(wrong).await.is_err(), "{wrong}");
    }
    // The token is nowhere on disk.
    let token = second.split('/').nth(4).unwrap();
    let found = std::process::Command::new("grep")
        .args(["-r", "--", token])
        .arg(bench.folder.path())
        .output()
        .unwrap();
    assert!(found.stdout.is_empty());
    // Without a public URL there is no link.
    let bench = Bench::new(MediaSection::default(), &[]).await;
    assert_eq!(bench.media.link(&stored, "x", for_room(0)).await, None);
}

/// One GET, with a range if one is given: status, headers, body.
async fn got(url: &str, range: Option<&str>) -> (u16, reqwest::header::HeaderMap, Vec<u8>) {
    let mut request = reqwest::Client::builder().no_proxy().build().unwrap().get(url);
    if let Some(range) = range {
        request = request.header("range", range);
    }
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.headers().clone(), answer.bytes().await.unwrap().to_vec())
}

#[tokio::test]
async fn files_are_served_to_keep_and_not_to_run() {
    let bench = Bench::plain(&[
        ("/a", "text/html", b"<html>boo</html>"),
        ("/b", "image/gif", b"GIF89a\x01\x00\x01\x00\x00\x00\x00;"),
    ])
    .await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let served = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(serve(listener, bench.media.clone()));
    let here = |link: &str| link.replace("https://media.test", &served);
    let page = ready(bench.get(key(0), &Attachment::named("a.html"), "/a").await);
    let gif = ready(bench.get(key(1), &image("b.gif"), "/b").await);
    let page = here(&bench.media.link(&page, "a.html", for_room(0)).await.unwrap());
    let link = bench.media.link(&gif, "b.gif", for_room(0)).await.unwrap();
    for (url, mime) in [(page.clone(), "application/octet-stream"), (here(&link), "image/gif")] {
        let (code, headers, _) = got(&url, None).await;
        let header = |name: &str| {
            headers.get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
        };
        assert_eq!((code, header("content-type").as_str()), (200, mime));
        assert!(header("content-disposition").starts_with("attachment; filename*=UTF-8''"));
        assert_eq!(header("x-content-type-options"), "nosniff");
        assert_eq!(header("content-security-policy"), "sandbox; default-src 'none'");
        assert_eq!(header("cross-origin-resource-policy"), "same-origin");
        assert!(headers.get("set-cookie").is_none());
    }
    for (range, code, expected) in
        [("bytes=0-4", 206, "<html"), ("bytes=-7", 206, "</html>"), ("bytes=99-", 416, "")]
    {
        let (answered, headers, body) = got(&page, Some(range)).await;
        assert_eq!((answered, String::from_utf8(body).unwrap().as_str()), (code, expected), "{range}");
        assert!(headers.contains_key("content-range"), "{range}");
    }
    let token = page.split('/').nth(4).unwrap();
    let wrong = [
        format!("{served}/m/{token}/other.html"),
        format!("{served}/m/{}/a.html", "A".repeat(27)),
        format!("{served}/m/{}/a.html", &token[..26]),
        format!("{served}/m/..%2f..%2fkey/a.html"),
    ];
    let (_, _, nothing) = got(&wrong[0], None).await;
    for url in wrong {
        let (code, headers, body) = got(&url, None).await;
        assert_eq!((code, &body), (404, &nothing), "{url}");
        assert!(headers.contains_key("content-security-policy"));
    }
    bench.media.revoke(&link).await.unwrap();
    assert_eq!(got(&here(&link), None).await.2, nothing);
    // One whose time has passed looks the same.
    let look = |_: &mut (), _: &str, _: LinkRecord| true;
    bench.media.0.links.sift((), look).await.unwrap();
    let id = digest::Digest::of(token.as_bytes());
    let record = bench.media.0.links.get(&id).await.unwrap().unwrap();
    bench.media.0.links.put(&id, &LinkRecord { expires: 1, ..record }).await.unwrap();
    assert_eq!((got(&page, None).await.0, got(&page, None).await.2), (404, nothing));
}

#[tokio::test]
async fn a_text_stands_nowhere_in_clear_and_its_link_gives_it() {
    let bench = Bench::plain(&[]).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let served = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(serve(listener, bench.media.clone()));
    let mut texts: Vec<String> = vec!["canary".into(), "canary ".repeat(65_536 / 7)];
    texts.push((0..30_000).map(|number| format!("canary {number}\n")).collect());
    let longest = texts[2].clone();
    let mut links = Vec::new();
    for text in &texts {
        let link = bench.media.text_link(text, None).await.unwrap();
        assert_eq!(bench.media.text_link(text, None).await.as_ref(), Some(&link));
        let here = link.replace("https://media.test", &served);
        let (code, headers, body) = got(&here, None).await;
        assert_eq!((code, headers["content-length"].to_str().unwrap()), (200, &*text.len().to_string()));
        assert!(body == text.as_bytes());
        links.push(here);
    }
    let end = longest.len();
    for range in [0..1, 65_530..65_540, 65_536..131_072, 65_535..131_073, 200_000..end, end - 1..end] {
        let asked = format!("bytes={}-{}", range.start, range.end - 1);
        let (code, _, body) = got(&links[2], Some(&asked)).await;
        assert!(code == 206 && body == longest.as_bytes()[range], "{asked}");
    }
    // Neither the words nor the link are on disk.
    let token = links[0].split('/').nth(4).unwrap();
    for word in ["canary", token] {
        let found = std::process::Command::new("grep")
            .args(["-r", "-a", "--", word])
            .arg(bench.folder.path())
            .output();
        assert!(found.unwrap().stdout.is_empty(), "{word}");
    }
    // Whoever said it is forgotten: it goes.
    let mut gone = Belongings::default();
    gone.add_text(&texts[0]);
    gone.add_text("what was never linked");
    bench.media.forget(gone).await.unwrap();
    assert_eq!((got(&links[0], None).await.0, got(&links[2], None).await.0), (404, 200));
    assert_eq!(bench.count("blobs"), 2);
}

#[tokio::test]
async fn an_export_ends_with_whoever_is_in_it() {
    let bench = Bench::plain(&[]).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let served = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(serve(listener, bench.media.clone()));
    let here = |link: String| link.replace("https://media.test", &served);
    let mut links = vec![here(bench.media.text_link("a text", None).await.unwrap())];
    // The last is an older Relay's.
    for (text, of) in [("both", &["ada", "ida"][..]), ("ida's", &["ida"]), ("uma's", &["uma"]), ("old", &[])]
    {
        links.push(here(bench.media.export_link(text, of).await.unwrap().0));
    }
    let codes = async || {
        let mut codes = Vec::new();
        for link in &links {
            codes.push(got(link, None).await.0);
        }
        codes
    };
    assert_eq!(codes().await, [200; 5]);
    bench.media.forget(Belongings::default()).await.unwrap();
    assert_eq!(codes().await, [200; 5]);
    bench.media.forget(Belongings::exports_of("ada")).await.unwrap();
    assert_eq!(codes().await, [200, 404, 200, 200, 404], "whose it is, is not known of the last");
    bench.media.forget(Belongings::exports_of("ida")).await.unwrap();
    assert_eq!(codes().await, [200, 404, 404, 200, 404]);
    assert_eq!(bench.count("blobs"), 2);
}

#[tokio::test]
async fn a_face_is_fetched_once_and_kept_by_its_content() {
    let mut face = std::io::Cursor::new(Vec::new());
    image::RgbImage::new(8, 8).write_to(&mut face, image::ImageFormat::Png).unwrap();
    let face = face.into_inner();
    let bench = Bench::plain(&[
        ("/a", "image/png", &face),
        ("/b", "image/png", &face),
        ("/page", "text/html", b"<html>"),
        ("/text", "image/png", b"no picture"),
    ])
    .await;
    let url = |path: &str| format!("{}{path}", bench.host);
    let a = url("/a");
    let (one, two) = tokio::join!(bench.media.avatar(&a), bench.media.avatar(&a));
    assert!(one.as_ref().is_some_and(|link| link.ends_with("/avatar.png")), "{one:?}");
    assert_eq!((&one, bench.asked("/a")), (&two, 1));
    assert_eq!(bench.media.avatar(&url("/b")).await, one, "the same picture elsewhere is the same link");
    assert_eq!((bench.media.avatar(&url("/a")).await, bench.asked("/a"), bench.count("blobs")), (one, 1, 1));
    for path in ["/page", "/text"] {
        assert_eq!(bench.media.avatar(&url(path)).await, None, "{path}");
        assert_eq!((bench.media.avatar(&url(path)).await, bench.asked(path)), (None, 1), "{path}");
    }
    for inside in ["http://10.0.0.1/x", "file:///etc/passwd", "nonsense"] {
        assert_eq!(bench.media.avatar(inside).await, None, "{inside}");
    }
    let bench = Bench::new(MediaSection::default(), &[("/a", 0, StatusCode::OK, "image/png", &face)]).await;
    assert_eq!((bench.media.avatar(&format!("{}/a", bench.host)).await, bench.asked("/a")), (None, 0));
}

#[tokio::test]
async fn who_is_forgotten_has_no_link_also_where_somebody_else_has_the_same_bytes() {
    let same = (StatusCode::OK, "text/plain", b"the same bytes".as_slice());
    let pages = [("/hers", 0, same.0, same.1, same.2), ("/his", 0, same.0, same.1, same.2)];
    let bench = Bench::new(public(), &pages).await;
    let hers = ready(bench.get(key(0), &Attachment::named("hers.txt"), "/hers").await);
    let of_another = FileKey { envelope: [8; 16], index: 0 };
    let his = ready(bench.get(of_another, &Attachment::named("his.txt"), "/his").await);
    assert_eq!(hers.blob, his.blob);
    for (stored, of) in [(&hers, key(0).envelope), (&his, of_another.envelope)] {
        bench.media.link(stored, &stored.name, GivenTo { envelope: of, room: [0; 32] }).await.unwrap();
    }
    let mut gone = forget::Belongings::default();
    gone.messages.insert(key(0).envelope);
    bench.media.forget(gone).await.unwrap();
    let left: Vec<_> = bench.media.list().await.unwrap().into_iter().map(|link| link.name).collect();
    assert_eq!(left, ["his.txt"]);
    assert!(bench.media.0.store.size(&his.blob).await.unwrap().is_some());
}

/// Promise: a room that may see less has no link to it any more; those that may see it keep theirs.
#[tokio::test]
async fn a_link_ends_for_one_room_alone() {
    let bench = Bench::plain(&[("/a", "text/plain", b"hello")]).await;
    let stored = ready(bench.get(key(0), &Attachment::named("a.txt"), "/a").await);
    let rooms = ["yard", "inn"].map(|room| RoomKey::new(relay_contract::Platform::new("p"), "n", room));
    let of = key(0).envelope;
    let mut given = Vec::new();
    for room in &rooms {
        let to = GivenTo::of(of, room);
        given.push(bench.media.link(&stored, "a.txt", to).await.unwrap());
        given.push(bench.media.text_link("who it was", Some(to)).await.unwrap());
    }
    let another = GivenTo::of([8; 16], &rooms[0]);
    given.push(bench.media.text_link("who it was", Some(another)).await.unwrap());
    let different: std::collections::HashSet<&String> = given.iter().collect();
    assert_eq!(different.len(), 5);
    // How one reads that ended is known, and opens nothing.
    let mut links = Links::default();
    links.keep_files(&rooms[1]);
    links.keep_text(&rooms[0], "somebody");
    links.keep_text(&rooms[1], "who it was");
    links.end_files();
    let mut gone = Belongings::default();
    assert!(gone.is_empty());
    gone.links.insert(of, links);
    assert!(!gone.is_empty());
    bench.media.forget(gone).await.unwrap();
    let to = GivenTo::of(of, &rooms[0]);
    assert_eq!(bench.media.address_of_file(&stored, "a.txt", to).as_ref(), Some(&given[0]));
    assert_eq!(bench.media.address_of_text("who it was", to).as_ref(), Some(&given[1]));
    let mut open = Vec::new();
    for link in &given {
        let mut parts = link.split('/').skip(4);
        let (token, name) = (parts.next().unwrap(), parts.next().unwrap());
        open.push(bench.media.linked(token, name).await.is_some());
    }
    assert_eq!(open, [false, false, true, true, true]);
    assert!(bench.media.0.store.size(&stored.blob).await.unwrap().is_some());
    // All of it, whatever it said where; what is another message's stays.
    let mut gone = Belongings::default();
    gone.add_message(of, "the text as it was written");
    bench.media.forget(gone).await.unwrap();
    assert_eq!((bench.media.list().await.unwrap().len(), bench.count("files")), (1, 0));
}

#[tokio::test]
async fn a_file_that_was_taken_back_has_no_link_in_any_room() {
    let bench = Bench::plain(&[("/a", "text/plain", b"hello")]).await;
    let stored = ready(bench.get(key(0), &Attachment::named("a.txt"), "/a").await);
    let link = bench.media.link(&stored, "a.txt", for_room(0)).await.unwrap();
    bench.media.link(&stored, "a.txt", for_room(1)).await.unwrap();
    bench.media.revoke(&link).await.unwrap();
    let lines = bench.media.list().await.unwrap();
    assert!(lines.len() == 1 && lines[0].revoked, "{lines:?}");
    for room in 0..3 {
        assert_eq!(bench.media.link(&stored, "a.txt", for_room(room)).await, None);
    }
}

//! The media store as its users see it.

mod given_out;
mod swept;

use super::fetch::{Patience, system_lookup};
use super::*;
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, Uri, header};
use axum::response::IntoResponse;
use futures::TryStreamExt;
use relay_contract::{DeliverError, FileKind, Located};
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::SystemTime;
use tokio::net::TcpListener;

const LONG: Duration = Duration::from_secs(20);

/// What a path is answered with: so many times with an error, then with this.
struct Page {
    errors: AtomicUsize,
    code: StatusCode,
    mime: &'static str,
    body: Vec<u8>,
    asked: AtomicUsize,
}

type Pages = Arc<HashMap<&'static str, Page>>;

async fn page(State(pages): State<Pages>, uri: Uri) -> axum::response::Response {
    let Some(page) = pages.get(uri.path()) else { return StatusCode::NOT_FOUND.into_response() };
    page.asked.fetch_add(1, Ordering::Relaxed);
    // Long enough for two to want it.
    tokio::time::sleep(Duration::from_millis(50)).await;
    let left = page.errors.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
    match left {
        Ok(_) => page.code.into_response(),
        Err(_) => ([(header::CONTENT_TYPE, page.mime)], page.body.clone()).into_response(),
    }
}

/// A store in a folder of its own, and a host with files.
struct Bench {
    folder: tempfile::TempDir,
    host: String,
    pages: Pages,
    media: Media,
    settings: MediaSection,
}

fn opened(settings: &MediaSection, folder: &Path) -> Media {
    // An error only says that it is installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let fetcher =
        Fetcher::with(system_lookup(), |address| address.is_loopback(), Patience::default()).unwrap();
    let habits = Habits { fetcher, pace: vec![Duration::from_millis(10); 4], least_free: 0 };
    let media = Media::open_with(settings, folder, habits).unwrap();
    media.needed_by(Box::new(|_| false));
    media
}

/// One of two rooms that a message went to.
fn for_room(number: u8) -> GivenTo {
    GivenTo { envelope: key(0).envelope, room: [number; 32] }
}

impl Bench {
    async fn new(
        settings: MediaSection,
        pages: &[(&'static str, usize, StatusCode, &'static str, &[u8])],
    ) -> Self {
        let page =
            |&(path, errors, code, mime, body): &(&'static str, usize, StatusCode, &'static str, &[u8])| {
                let (errors, asked) = (AtomicUsize::new(errors), AtomicUsize::new(0));
                (path, Page { errors, code, mime, body: body.to_vec(), asked })
            };
        let pages: Pages = Arc::new(pages.iter().map(page).collect());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let host = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(super::tests::page).with_state(pages.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        let folder = tempfile::tempdir().unwrap();
        let media = opened(&settings, folder.path());
        Self { folder, host, pages, media, settings }
    }

    async fn plain(pages: &[(&'static str, &'static str, &[u8])]) -> Self {
        let pages: Vec<_> =
            pages.iter().map(|(path, mime, body)| (*path, 0, StatusCode::OK, *mime, *body)).collect();
        Self::new(public(), &pages).await
    }

    fn asked(&self, path: &str) -> usize {
        self.pages[path].asked.load(Ordering::Relaxed)
    }

    /// As after a restart: what is in memory is gone.
    fn restart(&mut self) {
        self.media.close();
        self.media = opened(&self.settings, self.folder.path());
    }

    async fn begin(&self, key: FileKey, attachment: &Attachment, path: &str, never_html: bool) -> Fetched {
        let url = format!("{}{path}", self.host);
        let locate = move || {
            let url = url.clone().into();
            async move { Ok(Located { url, authorization: None, trusted: true, never_html, size: None }) }
        };
        self.media.get(key, attachment, u64::MAX, locate).await
    }

    async fn get(&self, key: FileKey, attachment: &Attachment, path: &str) -> Fetched {
        match self.begin(key, attachment, path, false).await {
            Fetched::Waiting => self.media.wait(key, LONG).await,
            at_once => at_once,
        }
    }

    fn count(&self, part: &str) -> usize {
        fn files(at: PathBuf) -> usize {
            let count = |entry: std::io::Result<std::fs::DirEntry>| {
                let path = entry.unwrap().path();
                if path.is_dir() { files(path) } else { 1 }
            };
            at.read_dir().unwrap().map(count).sum()
        }
        files(self.folder.path().join("media").join(part))
    }

    /// Makes a blob look as if it had been put so long ago.
    fn age(&self, stored: &Stored, days: u64) {
        let name = stored.blob.as_str();
        let path = self.folder.path().join("media/blobs").join(&name[..2]).join(name);
        let file = std::fs::File::options().write(true).open(path).unwrap();
        file.set_modified(SystemTime::now() - Duration::from_secs(days * 86_400)).unwrap();
    }
}

fn public() -> MediaSection {
    MediaSection { url: Some("https://media.test".into()), ..MediaSection::default() }
}

fn key(index: u16) -> FileKey {
    FileKey { envelope: [9; 16], index }
}

fn image(name: &str) -> Attachment {
    Attachment { kind: FileKind::Image, ..Attachment::named(name) }
}

fn ready(fetched: Fetched) -> Stored {
    match fetched {
        Fetched::Ready(stored) => stored,
        other => panic!("{other:?}"),
    }
}

fn failed(fetched: Fetched) -> Failure {
    match fetched {
        Fetched::Failed(failure) => failure,
        other => panic!("{other:?}"),
    }
}

async fn bytes(stored: &Stored) -> Vec<u8> {
    let pieces: Vec<_> = stored.content.open().await.unwrap().try_collect().await.unwrap();
    pieces.concat()
}

#[tokio::test]
async fn two_who_want_a_file_cause_one_fetch() {
    let bench = Bench::plain(&[("/a", "text/plain", b"hello")]).await;
    let (attachment, key) = (Attachment::named("a.txt"), key(0));
    let (one, two) = tokio::join!(bench.get(key, &attachment, "/a"), bench.get(key, &attachment, "/a"));
    let (one, two) = (ready(one), ready(two));
    assert_eq!((one.size, one.name.as_str(), one.mime.as_str()), (5, "a.txt", "text/plain"));
    assert_eq!(bytes(&one).await, b"hello");
    assert_eq!(bytes(&two).await, b"hello");
    assert_eq!(bench.asked("/a"), 1);
    // Each upload reads from the beginning.
    assert_eq!(bytes(&one).await, b"hello");
}

#[tokio::test]
async fn what_was_fetched_is_there_after_a_restart() {
    let mut bench = Bench::plain(&[("/a", "text/plain", b"hello")]).await;
    let attachment = Attachment::named("a.txt");
    ready(bench.get(key(0), &attachment, "/a").await);
    bench.restart();
    // At once, without a fetch.
    let stored = ready(bench.begin(key(0), &attachment, "/a", false).await);
    assert_eq!(bytes(&stored).await, b"hello");
    assert_eq!(bench.asked("/a"), 1);
    // The bytes are gone: it is fetched anew.
    bench.media.0.store.delete(&stored.blob).await.unwrap();
    drop(stored);
    assert_eq!(bytes(&ready(bench.get(key(0), &attachment, "/a").await)).await, b"hello");
    assert_eq!(bench.asked("/a"), 2);
}

#[tokio::test]
async fn a_transfer_that_fails_is_tried_again_alone_and_told_when_it_comes() {
    let error = StatusCode::BAD_GATEWAY;
    let bench = Bench::new(
        public(),
        &[("/a", 3, error, "text/plain", b"late"), ("/b", 0, error, "text/plain", b"soon")],
    )
    .await;
    let mut news = bench.media.settled();
    let attachment = Attachment::named("a.txt");
    assert!(matches!(bench.begin(key(0), &attachment, "/a", false).await, Fetched::Waiting));
    assert!(matches!(bench.media.wait(key(0), Duration::from_millis(1)).await, Fetched::Waiting));
    ready(bench.get(key(1), &attachment, "/b").await);
    assert_eq!(news.recv().await.unwrap(), key(1));
    assert_eq!(tokio::time::timeout(LONG, news.recv()).await.unwrap().unwrap(), key(0));
    assert_eq!(bytes(&ready(bench.begin(key(0), &attachment, "/a", false).await)).await, b"late");
    assert_eq!(bench.asked("/a"), 4);
}

#[tokio::test]
async fn a_failure_is_never_taken_for_done() {
    let mut bench = Bench::new(public(), &[("/a", 5, StatusCode::BAD_GATEWAY, "text/plain", b"late")]).await;
    let attachment = Attachment::named("a.txt");
    let failure = failed(bench.get(key(0), &attachment, "/a").await);
    assert!(failure.linkable && failure.reason.contains("502"), "{failure:?}");
    // For a while nobody is bothered with it again.
    failed(bench.get(key(0), &attachment, "/a").await);
    assert_eq!((bench.asked("/a"), bench.count("files"), bench.count("blobs")), (5, 0, 0));
    bench.restart();
    ready(bench.get(key(0), &attachment, "/a").await);
}

#[tokio::test]
async fn a_host_that_says_no_is_asked_three_times_and_where_the_file_is_each_time() {
    let bench = Bench::new(public(), &[("/a", 9, StatusCode::NOT_FOUND, "text/plain", b"")]).await;
    let failure = failed(bench.get(key(0), &Attachment::named("a.txt"), "/a").await);
    assert_eq!(failure, Failure { reason: "its host answered 404".into(), linkable: false });
    assert_eq!(bench.asked("/a"), 3);
    let told = Arc::new(AtomicUsize::new(0));
    let counter = told.clone();
    let locate = move || {
        counter.fetch_add(1, Ordering::Relaxed);
        async { Err(DeliverError::Unavailable("busy".into())) }
    };
    bench.media.get(key(1), &Attachment::named("b"), u64::MAX, locate).await;
    let failure = failed(bench.media.wait(key(1), LONG).await);
    assert!(failure.reason.contains("busy"), "{failure:?}");
    assert_eq!(told.load(Ordering::Relaxed), 5);
}

#[tokio::test]
async fn a_connector_that_panics_costs_one_file() {
    let bench = Bench::plain(&[]).await;
    let locate = || async { panic!("on purpose") };
    bench.media.get(key(0), &Attachment::named("a"), u64::MAX, locate).await;
    assert!(failed(bench.media.wait(key(0), LONG).await).linkable);
}

#[tokio::test]
async fn what_is_too_large_is_refused_before_and_while_it_comes() {
    let small = MediaSection { largest: 10, ..public() };
    let bench = Bench::new(small, &[("/a", 0, StatusCode::OK, "text/plain", b"more than ten bytes")]).await;
    let told = Attachment { size: Some(11), ..Attachment::named("a.txt") };
    let expected = Failure { reason: "it is larger than 10 bytes".into(), linkable: true };
    assert_eq!(failed(bench.get(key(0), &told, "/a").await), expected);
    assert_eq!(bench.asked("/a"), 0);
    assert_eq!(failed(bench.get(key(1), &Attachment::named("a.txt"), "/a").await), expected);
    assert_eq!(bench.count("blobs"), 0);
}

#[tokio::test]
async fn what_comes_in_is_made_safe() {
    let png = b"\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR\x00\x00\x00\x02\x00\x00\x00\x02\x08\x06\x00\x00\x00\x00\x00\x00\x00";
    let bomb = b"\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR\x00\x01\x00\x00\x00\x01\x00\x00\x08\x06\x00\x00\x00\x00\x00\x00\x00";
    let secret = [png.as_slice(), b"\x00\x00\x00\x06tEXtsecret\x00\x00\x00\x00"].concat();
    let heic = b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00heicmif1 and where it was";
    let bench = Bench::plain(&[
        ("/png", "text/html", &secret),
        ("/bomb", "image/png", bomb),
        ("/html", "image/png", b"<html>boo</html>"),
        ("/svg", "image/svg+xml", b"<svg onload='x'/>"),
        ("/heic", "image/heic", heic),
    ])
    .await;
    let cases = [
        ("/png", "../../cat.png", "image/png", "cat.png", FileKind::Image, None),
        ("/bomb", "cat.png", "image/png", "cat.png", FileKind::File, Some("65536 × 65536")),
        ("/html", "cat.png", "text/html", "cat.png.html", FileKind::File, None),
        ("/svg", "logo", "image/svg+xml", "logo.svg", FileKind::File, None),
        ("/heic", "IMG_1.HEIC", "image/heif", "IMG_1.HEIC", FileKind::File, Some("the place")),
    ];
    for (index, (path, name, mime, expected, kind, note)) in cases.into_iter().enumerate() {
        let stored = ready(bench.get(key(index as u16), &image(name), path).await);
        assert_eq!(
            (stored.mime.as_str(), stored.name.as_str(), stored.kind),
            (mime, expected, kind),
            "{path}"
        );
        assert_eq!(stored.note.is_some(), note.is_some(), "{path}: {stored:?}");
        assert!(stored.note.as_deref().unwrap_or("").contains(note.unwrap_or("")), "{path}: {stored:?}");
    }
    let stored = ready(bench.get(key(0), &image("cat.png"), "/png").await);
    assert_eq!(bytes(&stored).await, png);
}

#[tokio::test]
async fn metadata_stays_where_the_settings_say_so_and_damage_is_said() {
    let jpeg = b"\xff\xd8\xff\xe1\x00\x0aplace...\xff\xd9".as_slice();
    let broken = b"\xff\xd8\xff\xe1\x00\x00broken".as_slice();
    let pages =
        [("/a", 0, StatusCode::OK, "image/jpeg", jpeg), ("/b", 0, StatusCode::OK, "image/jpeg", broken)];
    let bench = Bench::new(public(), &pages).await;
    assert_eq!(bytes(&ready(bench.get(key(0), &image("a.jpg"), "/a").await)).await, b"\xff\xd8\xff\xd9");
    let failure = failed(bench.get(key(1), &image("b.jpg"), "/b").await);
    assert!(failure.reason.contains("damaged") && failure.linkable, "{failure:?}");
    let bench = Bench::new(MediaSection { strip_metadata: false, ..public() }, &pages).await;
    assert_eq!(bytes(&ready(bench.get(key(0), &image("a.jpg"), "/a").await)).await, jpeg);
    assert_eq!(bytes(&ready(bench.get(key(1), &image("b.jpg"), "/b").await)).await, broken);
}

#[tokio::test]
async fn a_login_page_is_not_mistaken_for_a_file() {
    let bench = Bench::plain(&[
        ("/a", "text/html", b"<html>Sign in"),
        ("/b", "image/png", b"<!DOCTYPE html>Sign in"),
    ])
    .await;
    for (index, path) in [(0, "/a"), (1, "/b")] {
        bench.begin(key(index), &image("cat.png"), path, true).await;
        let failure = failed(bench.media.wait(key(index), LONG).await);
        assert_eq!(failure.reason, "a login page came instead of it", "{path}");
    }
    assert_eq!((bench.count("files"), bench.count("blobs")), (0, 0));
}

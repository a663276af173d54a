//! A file of 500 MB comes in and goes out again, and the memory of the process does not notice. In a process of its own, so that
//! nothing else is measured.

#![allow(clippy::unwrap_used)]

use futures::TryStreamExt;
use relay::config::MediaSection;
use relay::media::{Fetched, FileKey, Media, Stored};
use relay_contract::{Attachment, FileKind, Located};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

const SIZE: u64 = 500_000_000;
const ALLOWED: u64 = 32 << 20;
const PIECE: usize = 64 << 10;
/// What a camera wrote, behind a picture's first two bytes.
const BEFORE: &[u8] = b"\xff\xd8\xff\xe1\x00\x10where it was..\xff\xda\x00\x03\x00";

/// Bytes of this process that are in memory.
fn resident() -> u64 {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
    pages.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4096
}

/// The most that was seen, until it is dropped.
struct Peak(Arc<AtomicU64>, Arc<AtomicBool>);

impl Peak {
    fn watch() -> Self {
        let (most, over) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
        let peak = Self(most.clone(), over.clone());
        std::thread::spawn(move || {
            while !over.load(Ordering::Relaxed) {
                most.fetch_max(resident(), Ordering::Relaxed);
                std::thread::sleep(Duration::from_millis(2));
            }
        });
        peak
    }
}

impl Drop for Peak {
    fn drop(&mut self) {
        self.1.store(true, Ordering::Relaxed);
    }
}

/// Serves as many bytes as the path says: `/picture/SIZE` or `/file/SIZE`.
async fn host() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = vec![0; 4096];
            let read = stream.read(&mut request).await.unwrap();
            let request = String::from_utf8_lossy(&request[..read]).into_owned();
            let path = request.split(' ').nth(1).unwrap().to_owned();
            let size: u64 = path.rsplit('/').next().unwrap().parse().unwrap();
            let before: &[u8] = if path.starts_with("/picture") { BEFORE } else { b"" };
            let header = format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {size}\r\n\r\n");
            stream.write_all(header.as_bytes()).await.unwrap();
            stream.write_all(before).await.unwrap();
            let (piece, mut left) = (vec![1; PIECE], size - before.len() as u64);
            while left > 0 {
                let now = left.min(PIECE as u64);
                stream.write_all(&piece[..now as usize]).await.unwrap();
                left -= now;
            }
        }
    });
    address
}

async fn fetched(media: &Media, index: u16, url: String, kind: FileKind) -> Stored {
    let attachment = Attachment { kind, ..Attachment::named("large") };
    let key = FileKey { envelope: [1; 16], index };
    let locate = move || {
        let url = url.clone().into();
        async move { Ok(Located { url, authorization: None, trusted: true, never_html: false, size: None }) }
    };
    media.get(key, &attachment, u64::MAX, locate).await;
    match media.wait(key, Duration::from_secs(500)).await {
        Fetched::Ready(stored) => stored,
        other => panic!("{other:?}"),
    }
}

async fn read(stored: &Stored) -> u64 {
    let bytes = stored.content.open().await.unwrap();
    bytes.try_fold(0, |sum, piece| async move { Ok(sum + piece.len() as u64) }).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn five_hundred_megabytes_in_less_than_thirty_two_mebibytes() {
    // An error only says that it is installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (folder, host) = (tempfile::tempdir().unwrap(), host().await);
    let media = Media::open(&MediaSection::default(), folder.path()).unwrap();
    // What every process needs once.
    read(&fetched(&media, 0, format!("{host}/file/100000"), FileKind::File).await).await;
    let before = resident();
    let peak = Peak::watch();
    let file = fetched(&media, 1, format!("{host}/file/{SIZE}"), FileKind::Video).await;
    assert_eq!((file.size, read(&file).await), (SIZE, SIZE));
    // A picture is cleaned while it streams.
    let size = 60_000_000;
    let picture = fetched(&media, 2, format!("{host}/picture/{size}"), FileKind::Image).await;
    assert_eq!((picture.mime.as_str(), picture.size), ("image/jpeg", size - 18));
    assert_eq!(read(&picture).await, size - 18);
    let grown = peak.0.load(Ordering::Relaxed).saturating_sub(before);
    println!("grew by {:.1} MiB", grown as f64 / f64::from(1 << 20));
    assert!(grown < ALLOWED, "grew by {grown} bytes");
}

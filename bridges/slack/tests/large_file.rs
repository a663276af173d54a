//! A file of half a gigabyte in a process of its own, whose memory nobody else uses.
#![allow(clippy::unwrap_used)]

#[allow(dead_code, reason = "shared with the other tests, which use all of it")]
#[path = "stand_in/stage.rs"]
mod stage;

use bytes::Bytes;
use futures::StreamExt;
use futures::future::BoxFuture;
use relay_contract::{ByteStream, Content, FileKind, Upload};
use stage::Stage;
use std::io;
use std::sync::Arc;

const PIECE: usize = 64 << 10;
const SIZE: u64 = 512 << 20;

/// The same piece again and again.
struct Pieces;

impl Content for Pieces {
    fn open(&self) -> BoxFuture<'static, io::Result<ByteStream>> {
        static PIECE_OF_IT: [u8; PIECE] = [7; PIECE];
        let pieces = SIZE / PIECE as u64;
        let piece = |_| Ok(Bytes::from_static(&PIECE_OF_IT));
        Box::pin(async move { Ok(futures::stream::iter(0..pieces).map(piece).boxed()) })
    }
}

/// The most that this process ever had in memory, in MiB.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1_024
}

#[tokio::test]
async fn a_large_file_is_never_all_in_memory() {
    let stage = Stage::new().await;
    stage.connector.preflight(&[]).await.unwrap();
    stage.post("before").await.unwrap();
    let before = peak();
    let file = Upload {
        index: 0,
        name: "large.bin".into(),
        kind: FileKind::File,
        mime: "application/octet-stream".into(),
        size: SIZE,
        spoiler: false,
        alt: None,
        seconds: None,
        content: Arc::new(Pieces),
    };
    let receipt = stage.post_files("large", None, &[file]).await.unwrap();
    assert_eq!(stage.seen(receipt.message.id.as_str()).attachments[0].size, SIZE);
    // The stand-in lives in this process too, and keeps what is small enough: eight at the most, while it grows.
    let grown = peak() - before;
    assert!(grown < 32, "{grown} MiB");
}

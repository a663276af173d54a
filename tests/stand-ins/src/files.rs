//! Files without the memory they would take: bytes that are kept while they are few, made up where nobody cares what they are, and
//! only hashed where they are many.

use crate::people::{File, Given};
use axum::body::Body;
use axum::body::Bytes;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures::stream;
use std::convert::Infallible;
use xxhash_rust::xxh3::Xxh3;

/// Larger files are hashed and forgotten.
const KEPT: usize = 8 << 20;
/// Bytes made up at a time.
const PIECE: u64 = 64 << 10;

/// The bytes of a file.
#[derive(Debug, Clone)]
pub struct Blob {
    /// How many.
    pub size: u64,
    /// Their hash, as [`crate::people::SeenFile::hash`].
    pub hash: String,
    bytes: Stored,
}

#[derive(Debug, Clone)]
enum Stored {
    Kept(Bytes),
    MadeUp,
    Forgotten,
}

impl Blob {
    /// What a person gives.
    pub fn given(file: &File) -> Result<Self, String> {
        match &file.content {
            Some(content) => {
                let bytes = STANDARD.decode(content).map_err(|e| format!("the file's content: {e}"))?;
                Ok(Self::of(bytes.into()))
            }
            None => Ok(Self::made_up(file.size)),
        }
    }

    /// These bytes.
    pub fn of(bytes: Bytes) -> Self {
        let mut intake = Intake::default();
        intake.take(&bytes);
        Self { bytes: Stored::Kept(bytes), ..intake.finish() }
    }

    /// So many bytes, always the same.
    pub fn made_up(size: u64) -> Self {
        let mut hash = Xxh3::new();
        pieces(size).for_each(|piece| hash.update(&piece));
        Self { size, hash: written(&hash), bytes: Stored::MadeUp }
    }

    /// As an answer, with this media type. 410 when the bytes were forgotten.
    pub fn answer(&self, mime: &str) -> Response {
        let body = match &self.bytes {
            Stored::Kept(bytes) => Body::from(bytes.clone()),
            Stored::MadeUp => Body::from_stream(stream::iter(pieces(self.size).map(Ok::<_, Infallible>))),
            Stored::Forgotten => return StatusCode::GONE.into_response(),
        };
        let length = self.size.to_string();
        ([(header::CONTENT_TYPE, mime), (header::CONTENT_LENGTH, &length)], body).into_response()
    }

    /// The bytes, where they are kept.
    pub fn kept(&self) -> Option<&Bytes> {
        match &self.bytes {
            Stored::Kept(bytes) => Some(bytes),
            _ => None,
        }
    }
}

/// Takes in an upload piece by piece.
#[derive(Default)]
pub struct Intake {
    size: u64,
    hash: Xxh3,
    kept: Vec<u8>,
}

impl Intake {
    /// The next piece.
    pub fn take(&mut self, piece: &[u8]) {
        self.size += piece.len() as u64;
        self.hash.update(piece);
        if self.size <= KEPT as u64 {
            self.kept.extend_from_slice(piece);
        } else {
            self.kept = Vec::new();
        }
    }

    /// All of it.
    pub fn finish(self) -> Blob {
        let whole = self.kept.len() as u64 == self.size;
        let bytes = if whole { Stored::Kept(self.kept.into()) } else { Stored::Forgotten };
        Blob { size: self.size, hash: written(&self.hash), bytes }
    }
}

impl Given {
    /// As a file; one that is only named says its own name.
    pub fn into_file(self) -> File {
        match self {
            Self::File(file) => file,
            Self::Name(name) => File { content: Some(STANDARD.encode(&name)), name, ..File::default() },
        }
    }
}

impl File {
    /// The media type: told, or what the name's ending says.
    pub fn media_type(&self) -> &str {
        if !self.mime.is_empty() {
            return &self.mime;
        }
        let ending = self.name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
        match ending.as_deref() {
            Some("png") => "image/png",
            Some("jpg" | "jpeg") => "image/jpeg",
            Some("gif") => "image/gif",
            Some("webp") => "image/webp",
            Some("mp4") => "video/mp4",
            Some("mp3") => "audio/mpeg",
            Some("ogg" | "oga") => "audio/ogg",
            Some("pdf") => "application/pdf",
            Some("txt") => "text/plain",
            Some("html") => "text/html",
            Some("svg") => "image/svg+xml",
            _ => "application/octet-stream",
        }
    }
}

fn written(hash: &Xxh3) -> String {
    format!("{:016x}", hash.digest())
}

/// Bytes that are made up: a counter, so that no two pieces are the same.
fn pieces(size: u64) -> impl Iterator<Item = Bytes> {
    (0..size.div_ceil(PIECE)).map(move |at| {
        let length = PIECE.min(size - at * PIECE);
        let first = at * PIECE;
        (first..first + length).map(|n| (n ^ (n >> 8) ^ (n >> 16)) as u8).collect::<Vec<u8>>().into()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_the_same_whichever_way_they_come() {
        let made_up = Blob::made_up(PIECE * 2 + 7);
        let all: Vec<u8> = pieces(PIECE * 2 + 7).flatten().collect();
        let kept = Blob::of(all.clone().into());
        assert_eq!((made_up.size, &made_up.hash), (kept.size, &kept.hash));
        let mut intake = Intake::default();
        all.chunks(1000).for_each(|piece| intake.take(piece));
        assert_eq!(intake.finish().kept().map(|bytes| bytes.to_vec()), Some(all));
    }

    #[test]
    fn what_is_large_is_hashed_and_forgotten() {
        let mut intake = Intake::default();
        pieces(KEPT as u64 + 1).for_each(|piece| intake.take(&piece));
        let blob = intake.finish();
        assert_eq!(
            (blob.size, blob.hash.as_str()),
            (KEPT as u64 + 1, Blob::made_up(KEPT as u64 + 1).hash.as_str())
        );
        assert_eq!(blob.answer("a/b").status(), StatusCode::GONE);
    }

    #[test]
    fn a_name_alone_is_a_file_that_says_it() {
        let file = Given::Name("a.png".into()).into_file();
        assert_eq!(file.media_type(), "image/png");
        assert_eq!(Blob::given(&file).unwrap().kept().unwrap(), &Bytes::from("a.png"));
        assert!(Blob::given(&File { content: Some("?".into()), ..File::default() }).is_err());
    }
}

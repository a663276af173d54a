//! Files to whoever has a link: an address and a listener of their own, where no cookie lives and nothing runs.

use super::texts::{TextKey, sealed_size};
use super::{Media, Stored, sniff};
use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use axum::http::{Response, StatusCode};
use axum::routing::get;
use futures::TryStreamExt;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use relay_contract::BlobId;
use relay_server::Limits;
use std::ops::Range;
use tokio::net::TcpListener;

/// Connections; a proxy in front of all is one other machine.
const LIMITS: Limits = Limits { all: 256, each: 256 };

/// What every answer says: it is a file to keep, and nothing to run, guess about or embed.
const SAFE: [(HeaderName, &str); 6] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::CONTENT_SECURITY_POLICY, "sandbox; default-src 'none'"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::CACHE_CONTROL, "private, no-cache"),
    (HeaderName::from_static("x-robots-tag"), "noindex"),
];

/// Answers until the task is ended.
pub(crate) async fn serve(listener: TcpListener, media: Media) {
    let router = Router::new().route("/m/{token}/{name}", get(linked)).with_state(media);
    relay_server::answer(listener, "media", LIMITS, move |_| router.clone()).await;
}

async fn linked(
    State(media): State<Media>,
    Path((token, name)): Path<(String, String)>,
    asked: HeaderMap,
) -> Response<Body> {
    let found = async {
        let link = media.linked(&token, &name).await?;
        let key = link.sealed.then(|| TextKey::of(&token));
        let blob = &BlobId::parse(&link.blob)?;
        let given = Given { blob, size: link.size, mime: &link.mime, name: &link.name, key };
        given.answer(&media, &asked).await
    };
    found.await.unwrap_or_else(nothing)
}

/// The same for a link that never was, has ended, or was taken back.
fn nothing() -> Response<Body> {
    let mut answer = Response::new(Body::from("There is no such file, or not any more.\n"));
    *answer.status_mut() = StatusCode::NOT_FOUND;
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    safe(answer)
}

fn safe(mut answer: Response<Body>) -> Response<Body> {
    let headers = answer.headers_mut();
    SAFE.into_iter().for_each(|(name, value)| drop(headers.insert(name, HeaderValue::from_static(value))));
    answer
}

/// A file, or the part of it that the request's header asks for; none when its bytes are gone.
pub(crate) async fn file(media: &Media, stored: &Stored, asked: &HeaderMap) -> Option<Response<Body>> {
    let Stored { blob, size, mime, name, .. } = stored;
    Given { blob, size: *size, mime, name, key: None }.answer(media, asked).await
}

/// A file that is given out.
struct Given<'a> {
    blob: &'a BlobId,
    size: u64,
    mime: &'a str,
    name: &'a str,
    /// What it is sealed with.
    key: Option<TextKey>,
}

impl Given<'_> {
    async fn answer(&self, media: &Media, asked: &HeaderMap) -> Option<Response<Body>> {
        let Self { blob, size, mime, name, ref key } = *self;
        let kept = if key.is_some() { sealed_size(size) } else { size };
        if media.0.store.size(blob).await.ok().flatten()? != kept {
            return None;
        }
        let wanted = asked.get(header::RANGE).and_then(|range| range.to_str().ok());
        let part = wanted.map(|range| part(range, size));
        let (code, range) = match part {
            None | Some(Part::All) => (StatusCode::OK, 0..size),
            Some(Part::Some(range)) => (StatusCode::PARTIAL_CONTENT, range),
            Some(Part::None) => {
                let answer = Response::builder().status(StatusCode::RANGE_NOT_SATISFIABLE);
                let answer = answer.header(header::CONTENT_RANGE, format!("bytes */{size}"));
                return answer.body(Body::empty()).ok().map(safe);
            }
        };
        let bytes = match key {
            Some(key) => key.clone().open(media.0.store.clone(), blob.clone(), size, range.clone()),
            None => media.0.store.open(blob, range.clone()).await.ok()?,
        };
        let mime = if sniff::is_harmless(mime) { mime } else { "application/octet-stream" };
        // Text without this is read as whatever the reader's computer takes for usual.
        let mime = if mime.starts_with("text/") { format!("{mime}; charset=utf-8") } else { mime.to_owned() };
        let shown = format!("attachment; filename*=UTF-8''{}", utf8_percent_encode(name, NON_ALPHANUMERIC));
        let mut answer = Response::builder()
            .status(code)
            .header(header::CONTENT_TYPE, mime)
            .header(header::CONTENT_DISPOSITION, shown)
            .header(header::CONTENT_LENGTH, range.end - range.start)
            .header(header::ACCEPT_RANGES, "bytes")
            .header(header::ETAG, format!("\"{blob}\""));
        if code == StatusCode::PARTIAL_CONTENT {
            let told = format!("bytes {}-{}/{}", range.start, range.end.saturating_sub(1), size);
            answer = answer.header(header::CONTENT_RANGE, told);
        }
        answer.body(Body::from_stream(bytes.into_stream())).ok().map(safe)
    }
}

/// What of a file is asked for.
#[derive(Debug, PartialEq, Eq)]
enum Part {
    All,
    Some(Range<u64>),
    None,
}

/// Reads a `Range` header (RFC 9110, 14.2). Several ranges, and what is none, are answered with the whole.
fn part(header: &str, size: u64) -> Part {
    let Some((from, to)) = header.strip_prefix("bytes=").and_then(|range| range.split_once('-')) else {
        return Part::All;
    };
    let range = match (from.parse::<u64>(), to.parse::<u64>()) {
        (Ok(from), Ok(to)) if from <= to => from..to.saturating_add(1).min(size),
        (Ok(from), Err(_)) if to.is_empty() => from..size,
        (Err(_), Ok(last)) if from.is_empty() => size.saturating_sub(last)..size,
        _ => return Part::All,
    };
    if range.start < range.end { Part::Some(range) } else { Part::None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts() {
        let cases = [
            ("bytes=0-0", Part::Some(0..1)),
            ("bytes=2-", Part::Some(2..10)),
            ("bytes=2-100", Part::Some(2..10)),
            ("bytes=-3", Part::Some(7..10)),
            ("bytes=-30", Part::Some(0..10)),
            ("bytes=-0", Part::None),
            ("bytes=10-", Part::None),
            ("bytes=10-20", Part::None),
            ("bytes=5-2", Part::All),
            ("bytes=0-1,3-4", Part::All),
            ("bytes=a-b", Part::All),
            ("bytes=", Part::All),
            ("lines=1-2", Part::All),
            ("bytes=0-18446744073709551615", Part::Some(0..10)),
        ];
        for (header, expected) in cases {
            assert_eq!(part(header, 10), expected, "{header}");
        }
    }
}

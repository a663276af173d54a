//! What people attach, passed on from the pretend platforms: the page needs no other origin, and whatever somebody attached can do
//! nothing in it.

use super::server::{Shown, Trouble};
use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use reqwest::redirect::Policy;
use serde::Deserialize;
use std::sync::Arc;
use std::time::Duration;
use url::{Host, Url};

/// How long a platform may take to answer, and between two pieces.
const PATIENCE: Duration = Duration::from_secs(10);
/// A file is never a page: saved when it is opened, and without rights where it is shown.
const POLICY: &str = "default-src 'none'; sandbox";
/// The page names a file with its hash, so another file has another address.
const KEPT: &str = "private, max-age=3600, immutable";
/// Types that a page may show as what they are. SVG and HTML are not among them.
const SHOWN: &[&str] = &[
    "image/png",
    "image/jpeg",
    "image/gif",
    "image/webp",
    "audio/ogg",
    "audio/mpeg",
    "audio/mp4",
    "audio/wav",
    "audio/webm",
    "video/mp4",
    "video/webm",
];

/// The client for it: it follows nothing, and uses no proxy.
pub fn client() -> Result<reqwest::Client, reqwest::Error> {
    reqwest::Client::builder()
        .redirect(Policy::none())
        .no_proxy()
        .connect_timeout(PATIENCE)
        .read_timeout(PATIENCE)
        .build()
}

/// Which file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    platform: String,
    room: String,
    message: String,
    /// Among the message's files, from 0.
    place: usize,
    /// Its hash, so that a browser can keep it.
    hash: String,
}

/// The bytes of a file, as they come.
pub async fn file(
    State(shown): State<Arc<Shown>>,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Response, Trouble> {
    let Query(asked) = asked.map_err(|error| Trouble(error.status(), error.body_text()))?;
    let messages = shown.people(&asked.platform)?.messages(&asked.room)?;
    let message = messages.iter().find(|message| message.id == asked.message && !message.deleted);
    let file = message.and_then(|message| message.attachments.get(asked.place));
    let file = file.filter(|file| file.hash == asked.hash);
    let file = file.ok_or_else(|| Trouble(StatusCode::NOT_FOUND, "there is no such file any more".into()))?;
    let failed = |why: String| Trouble(StatusCode::BAD_GATEWAY, format!("the file did not come: {why}"));
    let url = loopback(&file.url).ok_or_else(|| failed("it is not on this machine".into()))?;
    let answer =
        shown.client.get(url).send().await.map_err(|error| failed(error.without_url().to_string()))?;
    if !answer.status().is_success() {
        return Err(failed(format!("the platform answers {}", answer.status())));
    }
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(shown_as(&file.mime))),
        (header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment")),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
        (header::CACHE_CONTROL, HeaderValue::from_static(KEPT)),
    ];
    let length = answer.content_length().map(|length| [(header::CONTENT_LENGTH, length.to_string())]);
    let body = Body::from_stream(answer.bytes_stream());
    Ok(match length {
        Some(length) => (headers, length, body).into_response(),
        None => (headers, body).into_response(),
    })
}

/// Only the pretend platforms are asked.
fn loopback(url: &str) -> Option<Url> {
    let url = Url::parse(url).ok()?;
    let here = matches!(url.host(), Some(Host::Ipv4(host)) if host.is_loopback());
    (here && url.scheme() == "http").then_some(url)
}

/// The type that the page is told.
fn shown_as(mime: &str) -> &'static str {
    let essence = mime.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    SHOWN.iter().find(|shown| **shown == essence).copied().unwrap_or("application/octet-stream")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_asked() {
        for (url, here) in [
            ("http://127.0.0.1:4000/a.png", true),
            ("http://127.8.0.1/a", true),
            ("http://192.0.2.7/a", false),
            ("http://127.0.0.1.example.org/a", false),
            ("http://user@example.org/127.0.0.1", false),
            ("file:///etc/passwd", false),
            ("", false),
        ] {
            assert_eq!(loopback(url).is_some(), here, "{url}");
        }
    }

    #[test]
    fn what_could_be_a_page_is_told_as_bytes() {
        for (mime, told) in [
            ("image/png", "image/png"),
            ("IMAGE/JPEG; q=1", "image/jpeg"),
            ("audio/ogg; codecs=opus", "audio/ogg"),
            ("image/svg+xml", "application/octet-stream"),
            ("text/html", "application/octet-stream"),
            ("image/png\r\nx: y", "application/octet-stream"),
            ("", "application/octet-stream"),
        ] {
            assert_eq!(shown_as(mime), told, "{mime}");
        }
    }
}

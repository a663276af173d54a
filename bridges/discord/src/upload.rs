//! Messages with files: uploaded as they are read, so that no file is ever in memory. twilight-http would hold all of it.
//!
//! <https://discord.com/developers/docs/reference#uploading-files>

use crate::buckets::wait;
use crate::errors::{Failure, words_of};
use crate::rest::{Answered, Rest, UNTOLD_WAIT, error_page};
use futures::{Stream, StreamExt, stream};
use relay_contract::{ByteStream, Scope, Upload};
use reqwest::multipart::{Form, Part};
use reqwest::{Body, Response, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::error::Error;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tracing::instrument::WithSubscriber;
use tracing::subscriber::NoSubscriber;
use twilight_http::request::Method;
use twilight_http_ratelimiting::{Endpoint, Permit, RateLimitHeaders};

/// How long an upload may take at most.
pub const LONGEST: Duration = Duration::from_secs(600);
/// What an upload of nothing may take, and how many bytes a second are expected of the rest.
const AT_LEAST: Duration = Duration::from_secs(20);
const BYTES_A_SECOND: u64 = 256 << 10;
/// How long connecting may take.
const CONNECT: Duration = Duration::from_secs(5);
/// How long the limiter may take to let it through.
const PERMIT: Duration = Duration::from_secs(5);
/// The largest answer that is read, in bytes.
const LARGEST_ANSWER: usize = 4 << 20;
/// As Discord wants a library to name itself.
const USER_AGENT: &str = concat!("DiscordBot (relay, ", env!("CARGO_PKG_VERSION"), ")");

/// The client for uploads.
pub struct Uploads {
    http: reqwest::Client,
    /// `https://discord.com/api/v10/`
    base: String,
    token: SecretString,
}

/// Where to.
pub struct To<'a> {
    /// The path below the API's version, with its query. A webhook's holds its token.
    pub path: &'a str,
    /// As the bot, or as the webhook that the path names.
    pub as_bot: bool,
}

/// A 429's body.
#[derive(Deserialize)]
struct Limited {
    retry_after: f64,
    #[serde(default)]
    global: bool,
}

impl Uploads {
    /// Needs an installed rustls provider.
    pub fn new(base: String, token: &SecretString) -> Result<Self, reqwest::Error> {
        let http = reqwest::Client::builder()
            .user_agent(USER_AGENT)
            .connect_timeout(CONNECT)
            .redirect(reqwest::redirect::Policy::none())
            // The library below HTTP/2 logs what it sends.
            .http1_only()
            .build()?;
        Ok(Self { http, base, token: token.clone() })
    }
}

impl Rest {
    /// Posts a message with files: one attempt. An answer of 429 is told as it is, and the limiter hears of it.
    pub async fn upload<T: DeserializeOwned>(
        &self,
        to: To<'_>,
        message: &Value,
        files: &[Upload],
    ) -> Result<T, Failure> {
        let path = to.path.split('?').next().unwrap_or_default().to_owned();
        let endpoint = Endpoint { method: Method::Post, path };
        if let Some((left, scope)) = self.shut_for(&endpoint).await {
            return Err(Failure::RateLimited(left, scope));
        }
        let sent = Arc::new(AtomicU64::new(0));
        let size: u64 = files.iter().map(|file| file.size).sum();
        let form = form(message, files, &sent).await?;
        let permit = tokio::time::timeout(PERMIT, self.limiter().acquire(endpoint)).await;
        let permit = permit.map_err(|_| Failure::RateLimited(UNTOLD_WAIT, Scope::Account))?;
        let uploads = self.uploads();
        let mut request = uploads.http.post(format!("{}{}", uploads.base, to.path)).multipart(form);
        if to.as_bot {
            request = request.header("authorization", format!("Bot {}", uploads.token.expose_secret()));
        }
        let within = (AT_LEAST + Duration::from_secs(size / BYTES_A_SECOND)).min(LONGEST);
        let whole = || sent.load(Ordering::SeqCst) == size;
        let answered = async {
            let answer = request.send().await.map_err(|error| not_sent(&error, whole()))?;
            let answer = told(permit, answer);
            read(answer).await
        };
        let answered = answered.with_subscriber(NoSubscriber::default());
        let late = |_| {
            let words = format!("the upload took longer than {} seconds", within.as_secs());
            if whole() { Failure::Unclear(words) } else { Failure::NotDone(words) }
        };
        let body = tokio::time::timeout(within, answered).await.map_err(late)??;
        Answered(body).into()
    }
}

async fn form(message: &Value, files: &[Upload], sent: &Arc<AtomicU64>) -> Result<Form, Failure> {
    let json = Part::text(message.to_string()).mime_str("application/json");
    let mut form = Form::new().part("payload_json", json.map_err(not_made)?);
    for (at, file) in files.iter().enumerate() {
        let opened = file.content.open().await;
        let opened = opened.map_err(|error| Failure::NotDone(format!("a file cannot be read: {error}")))?;
        let body = Body::wrap_stream(exactly(opened, file.size, sent.clone()));
        let part = Part::stream_with_length(body, file.size).file_name(name(file));
        // A media type that cannot be written is left to Discord.
        let part = match part.mime_str(&file.mime) {
            Ok(part) => part,
            Err(_) => return Err(Failure::NotDone(format!("`{}` is not a media type", file.mime))),
        };
        form = form.part(format!("files[{at}]"), part);
    }
    Ok(form)
}

/// The name under which Discord keeps a file.
pub fn name(file: &Upload) -> String {
    if file.spoiler { format!("SPOILER_{}", file.name) } else { file.name.clone() }
}

fn not_made(_: reqwest::Error) -> Failure {
    Failure::NotDone("the request could not be made".to_owned())
}

/// The bytes, if they are exactly so many; counted once all are on their way.
fn exactly(
    bytes: ByteStream,
    size: u64,
    sent: Arc<AtomicU64>,
) -> impl Stream<Item = io::Result<bytes::Bytes>> {
    let wrong = move |than: &str| {
        let words = format!("the file has {than} than its {size} bytes");
        io::Error::new(io::ErrorKind::InvalidData, words)
    };
    stream::unfold((bytes, 0u64, false), move |(mut bytes, so_far, over)| {
        let sent = sent.clone();
        async move {
            if over {
                return None;
            }
            match bytes.next().await {
                Some(Ok(piece)) => {
                    let so_far = so_far + piece.len() as u64;
                    if so_far > size {
                        return Some((Err(wrong("more")), (bytes, so_far, true)));
                    }
                    Some((Ok(piece), (bytes, so_far, false)))
                }
                Some(Err(error)) => Some((Err(error), (bytes, so_far, true))),
                None if so_far < size => Some((Err(wrong("less")), (bytes, so_far, true))),
                None => {
                    sent.fetch_add(size, Ordering::SeqCst);
                    None
                }
            }
        }
    })
}

/// Says nothing that the library says: its words contain the address, and a webhook's is a secret.
fn not_sent(error: &reqwest::Error, whole: bool) -> Failure {
    if error.is_connect() {
        return Failure::NotDone("no connection to Discord".to_owned());
    }
    let mut cause: Option<&dyn Error> = error.source();
    while let Some(inner) = cause {
        if let Some(io) =
            inner.downcast_ref::<io::Error>().filter(|io| io.kind() == io::ErrorKind::InvalidData)
        {
            return Failure::NotDone(io.to_string());
        }
        cause = inner.source();
    }
    let words = "the connection was cut before an answer came".to_owned();
    // A message of which not all was sent is not posted.
    if whole { Failure::Unclear(words) } else { Failure::NotDone(words) }
}

/// Tells the limiter what the answer's headers say.
fn told(permit: Permit, answer: Response) -> Response {
    let header = |name: &str| answer.headers().get(name).and_then(|value| value.to_str().ok());
    let headers = || {
        let bucket = || Some(header(RateLimitHeaders::BUCKET)?.as_bytes().to_vec());
        match header(RateLimitHeaders::SCOPE) {
            Some("shared") => {
                let after = header("retry-after")?.parse().ok()?;
                return Some(RateLimitHeaders::shared(bucket()?, after));
            }
            Some("global") => return None,
            _ => {}
        }
        let after: f64 = header(RateLimitHeaders::RESET_AFTER)?.parse().ok()?;
        Some(RateLimitHeaders {
            bucket: bucket()?,
            limit: header(RateLimitHeaders::LIMIT)?.parse().ok()?,
            remaining: header(RateLimitHeaders::REMAINING)?.parse().ok()?,
            reset_at: Instant::now() + wait(after),
        })
    };
    permit.complete(headers());
    answer
}

async fn read(mut answer: Response) -> Result<Vec<u8>, Failure> {
    let status = answer.status();
    let shared = answer.headers().get(RateLimitHeaders::SCOPE).is_some_and(|it| it.as_bytes() == b"shared");
    let mut body = Vec::new();
    let cut = |_| Failure::Unclear("the connection was cut in the middle of the answer".to_owned());
    while let Some(piece) = answer.chunk().await.map_err(cut)? {
        if body.len() + piece.len() > LARGEST_ANSWER {
            return Err(Failure::Unclear("the answer is too long".to_owned()));
        }
        body.extend_from_slice(&piece);
    }
    if status.is_success() {
        return Ok(body);
    }
    if status == StatusCode::TOO_MANY_REQUESTS {
        let limited = serde_json::from_slice::<Limited>(&body).ok();
        let (left, global) = limited.map_or((UNTOLD_WAIT, true), |it| (wait(it.retry_after), it.global));
        let scope = match (global, shared) {
            (true, _) => Scope::Account,
            (false, true) => Scope::Shared,
            (false, false) => Scope::Room,
        };
        return Err(Failure::RateLimited(left, scope));
    }
    let Ok(told) = serde_json::from_slice::<Value>(&body) else {
        return Err(match status.as_u16() {
            500 | 502 | 503 => Failure::NotDone(format!("Discord answered {}", status.as_u16())),
            status @ 400..=499 => {
                let message = "the request is not acceptable".to_owned();
                Failure::Refused { status, code: 0, message }
            }
            _ => error_page(&body),
        });
    };
    let code = told.get("code").and_then(Value::as_u64).unwrap_or(0);
    let message = told.get("message").and_then(Value::as_str).unwrap_or("the request is not acceptable");
    Err(Failure::Refused { status: status.as_u16(), code, message: words_of(message, &body) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_exactly_so_many_bytes_go_out() {
        for (pieces, size, fine) in
            [(&["ab", "c"][..], 3, true), (&[], 0, true), (&["ab", "c"], 2, false), (&["ab", "c"], 4, false)]
        {
            let pieces: Vec<_> = pieces.iter().map(|piece| Ok(bytes::Bytes::from(*piece))).collect();
            let sent = Arc::new(AtomicU64::new(0));
            let read: Vec<_> = exactly(stream::iter(pieces).boxed(), size, sent.clone()).collect().await;
            assert_eq!(read.iter().all(Result::is_ok), fine, "{size}");
            assert_eq!(sent.load(Ordering::SeqCst), if fine { size } else { 0 }, "{size}");
        }
    }
}

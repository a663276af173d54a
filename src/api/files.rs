//! Files: brought by programs for messages that name them, and given out of the messages that have them. Both as streams.

use super::answers::Refusal;
use super::messages::named;
use super::serve::{Api, In};
use super::tokens::Scope;
use crate::media::{self, Brought, FetchError, Fetched, FileKey, TakeError, Taken};
use crate::store::EnvelopeId;
use axum::Json;
use axum::body::{Body, BodyDataStream, Bytes};
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use futures::{Stream, StreamExt, TryStreamExt};
use multer::{Constraints, Field, Multipart, SizeLimit};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use relay_contract::{Attachment, FileKind, Message};
use serde::{Deserialize, Serialize};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

/// Most files of one message: no platform takes more at once.
pub const MOST: usize = 10;
/// Longest description, in characters.
const LONGEST_DESCRIPTION: usize = 1_000;
/// How a file is called that has no name.
const NAMELESS: &str = "file";
/// How long a form may take until its file begins.
const BEGIN: Duration = Duration::from_secs(30);
/// How much of a form may come before its file begins, in bytes.
const MOST_BEFORE: usize = 512 * 1024;
/// So much of a refused request is read, and for so long, before its connection may be closed.
const LEFT: usize = 1 << 20;
const LEFT_FOR: Duration = Duration::from_secs(2);
/// What may stand in a URL's path as it is.
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// How a file that is brought is called.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Called {
    name: Option<String>,
}

/// A file that was brought.
#[derive(Debug, Serialize)]
pub struct File {
    /// What messages name it by.
    pub id: String,
    /// Its name, made safe.
    pub name: String,
    /// What it is to people.
    pub kind: FileKind,
    /// Its media type, as its bytes show.
    pub mime: String,
    /// Bytes, as it is kept.
    pub size: u64,
}

/// A file that a message names.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Named {
    /// Its id, as the answer to the upload has it.
    pub id: String,
    /// Under which name; that of the upload when none.
    #[serde(default)]
    pub name: Option<String>,
    /// What it shows, for those who cannot see it.
    #[serde(default)]
    pub description: Option<String>,
    /// Hidden until the reader wants to see it.
    #[serde(default)]
    pub spoiler: bool,
}

/// `POST /api/v1/channels/{channel}/files`: the bytes as they are, or as the field `file` of a form.
pub async fn bring(
    State(api): State<Arc<Api>>,
    room: In,
    called: Result<Query<Called>, QueryRejection>,
    request: Request,
) -> Result<(StatusCode, Json<File>), Refusal> {
    room.caller.must(Scope::Write)?;
    let Ok(Query(Called { name })) = called else {
        return Err(Refusal::bad(
            "the query is not what can be asked",
            "Write name with a file's name, or nothing.",
        ));
    };
    let [of_caller, of_all] = &api.uploads;
    let seats = of_caller.take(&room.caller.id).zip(of_all.take(""));
    let Some(_seats) = seats else {
        let fix = "Send the next file when one of them is there.";
        let refusal =
            Refusal::new(StatusCode::TOO_MANY_REQUESTS, "too many files are being sent at once", fix);
        return Err(refusal.after(5));
    };
    if api.core.disk.state().full {
        return Err(Refusal::not_now());
    }
    let headers = request.headers().clone();
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let body = Rest(Some(request.into_body().into_data_stream()));
    let mime = text(header::CONTENT_TYPE).unwrap_or_default().to_owned();
    let brought = |name: Option<String>, mime: Option<String>, length| Brought {
        owner: room.caller.id.clone(),
        room: room.channel.clone(),
        name: name.filter(|name| !name.trim().is_empty()).unwrap_or_else(|| NAMELESS.to_owned()),
        mime,
        length,
    };
    let taken = match multer::parse_boundary(&mime) {
        Ok(boundary) => {
            let begun = Arc::new(AtomicBool::new(false));
            let mut form = form(body, boundary, begun.clone());
            let field = tokio::time::timeout(BEGIN, file_of(&mut form)).await;
            begun.store(true, Ordering::Relaxed);
            let Some(field) = field.ok().flatten() else {
                let fix = "Send a form that has it first, or the bytes alone: curl -F file=@cat.png …";
                return Err(Refusal::bad("the form has no field `file`", fix));
            };
            let name = name.or_else(|| field.file_name().map(str::to_owned));
            let mime = field.content_type().map(|mime| mime.essence_str().to_owned());
            api.core.media.bring(brought(name, known(mime), None), field.map_err(io::Error::other)).await
        }
        Err(_) if mime.starts_with("multipart/") => {
            return Err(Refusal::bad(
                "the form names no boundary",
                "Send it with a client that makes forms, or the bytes alone.",
            ));
        }
        Err(_) => {
            let length = text(header::CONTENT_LENGTH).and_then(|length| length.parse().ok());
            api.core
                .media
                .bring(brought(name, known(Some(mime)), length), body.map_err(io::Error::other))
                .await
        }
    };
    let Taken { id, name, mime, kind, size } = taken.map_err(|error| not_taken(&error))?;
    if size == 0 {
        return Err(Refusal::bad(
            "the file is empty",
            "Send its bytes as the body, or as the field `file` of a form.",
        ));
    }
    Ok((StatusCode::CREATED, Json(File { id, name, kind, mime, size })))
}

/// The bytes of a request. What is left of them when it was refused is read for a moment: a connection that is closed with bytes unread
/// takes the answer with it.
struct Rest(Option<BodyDataStream>);

impl Stream for Rest {
    type Item = Result<Bytes, axum::Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        match &mut self.0 {
            Some(body) => Pin::new(body).poll_next(context),
            None => Poll::Ready(None),
        }
    }
}

impl Drop for Rest {
    fn drop(&mut self) {
        if let (Some(mut body), Ok(runtime)) = (self.0.take(), tokio::runtime::Handle::try_current()) {
            runtime.spawn(async move {
                let mut left = LEFT;
                let read = async {
                    while left > 0
                        && let Some(Ok(piece)) = body.next().await
                    {
                        left = left.saturating_sub(piece.len());
                    }
                };
                // Whoever goes on sending reads no answer.
                let _ = tokio::time::timeout(LEFT_FOR, read).await;
            });
        }
    }
}

/// The form of a request. How large its file may be is looked at where that is kept; what comes before it has begun has a limit here, for
/// what a form has in memory then is looked through with each piece that comes.
fn form(body: Rest, boundary: String, begun: Arc<AtomicBool>) -> Multipart<'static> {
    let limits = Constraints::new().size_limit(SizeLimit::new());
    let mut before = 0;
    let body = body.map(move |piece| {
        let piece = piece.map_err(io::Error::other)?;
        before += piece.len();
        match before <= MOST_BEFORE || begun.load(Ordering::Relaxed) {
            true => Ok(piece),
            false => Err(io::Error::other("the file does not begin")),
        }
    });
    Multipart::with_constraints(body, boundary, limits)
}

/// The field `file` of a form; what stands before it is passed over.
async fn file_of(form: &mut Multipart<'static>) -> Option<Field<'static>> {
    while let Some(field) = form.next_field().await.ok()? {
        if field.name() == Some("file") {
            return Some(field);
        }
    }
    None
}

/// What programs write that do not know what they send says nothing.
fn known(mime: Option<String>) -> Option<String> {
    let says_nothing = ["", "application/octet-stream", "application/x-www-form-urlencoded"];
    mime.filter(|mime| !says_nothing.contains(&mime.as_str()))
}

fn not_taken(error: &TakeError) -> Refusal {
    let sent = "Send it again.";
    match error {
        TakeError::Fetch(FetchError::TooLarge(most)) => {
            let what = format!("the file is larger than {}", crate::sizes::in_words(*most));
            Refusal::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                what,
                "`largest` in [media] says how large one may be.",
            )
        }
        TakeError::Fetch(FetchError::Slow) => {
            Refusal::new(StatusCode::REQUEST_TIMEOUT, "the file came too slowly", sent)
        }
        TakeError::Fetch(_) => Refusal::bad("the file broke off, or the form cannot be read", sent),
        TakeError::Damaged(damaged) => {
            let what = format!("the picture cannot be taken: {damaged}");
            Refusal::bad(what, "Save it anew with a program for pictures.")
        }
        TakeError::Store(why) => {
            tracing::error!(why, "a file cannot be kept");
            Refusal::not_now()
        }
    }
}

/// The files that a message is to have, as it bears them.
pub async fn borne(api: &Api, room: &In, files: &[Named]) -> Result<Vec<Attachment>, Refusal> {
    if files.len() > MOST {
        return Err(Refusal::bad("there are too many files", format!("Name at most {MOST} in one message.")));
    }
    let mut borne = Vec::with_capacity(files.len());
    for file in files {
        if file.description.as_ref().is_some_and(|words| words.chars().count() > LONGEST_DESCRIPTION) {
            let fix = format!("Write at most {LONGEST_DESCRIPTION} characters.");
            return Err(Refusal::bad("a description is too long", fix));
        }
        let whose = (room.caller.id.as_str(), room.channel.as_str());
        let taken = api.core.media.name(&file.id, whose, file.name.as_deref()).await.map_err(|error| {
            tracing::error!(%error, "what is known of a file cannot be read");
            Refusal::not_now()
        })?;
        let Some(taken) = taken else {
            let fix =
                format!("Send it to /api/v1/channels/{}/files first, with the same token.", room.channel);
            return Err(Refusal::not_found("there is no such file, or not any more", fix));
        };
        borne.push(Attachment {
            kind: taken.kind,
            mime: Some(taken.mime),
            size: Some(taken.size),
            source: Some(taken.id),
            alt: file.description.clone(),
            spoiler: file.spoiler,
            ..Attachment::named(taken.name)
        });
    }
    Ok(borne)
}

/// Makes what a message names its own; where that fails, whoever needs it first does it.
pub async fn adopt(api: &Api, subject: EnvelopeId, message: &Message) {
    for (number, file) in (0..).zip(&message.attachments) {
        if let Some(id) = &file.source {
            let key = FileKey { envelope: subject.0, index: number };
            api.core.media.adopt(key, id, &file.name).await;
        }
    }
}

/// Where a file of a message is given out.
pub fn url(channel: &str, message: &str, number: u16) -> String {
    let channel = utf8_percent_encode(channel, PATH);
    format!("/api/v1/channels/{channel}/messages/{message}/files/{number}")
}

/// `GET /api/v1/channels/{channel}/messages/{message}/files/{number}`: its bytes, or a part of them.
pub async fn download(
    State(api): State<Arc<Api>>,
    room: In,
    asked: HeaderMap,
) -> Result<Response<Body>, Refusal> {
    room.caller.must(Scope::Read)?;
    let (subject, _) = named(&api, &room)?;
    let number = room.object.parse().map_err(|_| no_file())?;
    let stored = match api.core.file(&room.room, subject, number).await?.ok_or_else(no_file)? {
        Fetched::Ready(stored) => stored,
        Fetched::Waiting => {
            let fix = "Ask again in a while.";
            let what = "the file is still on its way from its platform";
            return Err(Refusal::new(StatusCode::SERVICE_UNAVAILABLE, what, fix).after(5));
        }
        Fetched::Failed(failure) => {
            let fix = "Nothing can be done here.";
            return Err(Refusal::not_found(format!("the file cannot be had: {}", failure.reason), fix));
        }
    };
    media::answer(&api.core.media, &stored, &asked).await.ok_or_else(no_file)
}

fn no_file() -> Refusal {
    Refusal::not_found("there is no such file in this message", "Its `url` is the one that events name.")
}

//! The methods that send files, and requests that bear them.

use super::access::{me, room};
use super::media::{self, KINDS, Media, New};
use super::methods::{addressed, formatted, told};
use super::server::Failure;
use super::state::{State, Stored};
use crate::files::{Blob, Intake};
use crate::parameters::Parameters;
use crate::people::Change;
use axum::extract::multipart::{Field, MultipartError};
use axum::extract::{FromRequest, Multipart, Request};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use std::sync::Arc;

/// The longest caption, in UTF-16 units.
pub const LONGEST_CAPTION: usize = 1_024;

/// The files of a request, by the name of their part.
pub type Uploads = HashMap<String, Uploaded>;

/// A file of a request.
pub struct Uploaded {
    name: String,
    mime: String,
    blob: Blob,
}

/// Reads a request, its files piece by piece.
pub async fn read(request: Request) -> Result<(Parameters, Uploads), Failure> {
    let kind = request.headers().get(CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    if !kind.to_ascii_lowercase().starts_with("multipart/form-data") {
        return Ok((Parameters::read(request).await.map_err(Failure::bad)?, Uploads::new()));
    }
    let (mut fields, mut files) = (Map::new(), Uploads::new());
    let mut parts =
        Multipart::from_request(request, &()).await.map_err(|error| Failure::bad(error.body_text()))?;
    while let Some(part) = parts.next_field().await.map_err(unreadable)? {
        let name = part.name().unwrap_or_default().to_owned();
        if part.file_name().is_some() {
            files.insert(name, take(part).await?);
        } else {
            fields.insert(name, Value::String(part.text().await.map_err(unreadable)?));
        }
    }
    Ok((Parameters::from(fields), files))
}

fn unreadable(error: MultipartError) -> Failure {
    match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Failure::new(413, "Request Entity Too Large"),
        _ => Failure::bad(error.body_text()),
    }
}

async fn take(mut part: Field<'_>) -> Result<Uploaded, Failure> {
    let name = part.file_name().unwrap_or_default().to_owned();
    let mime = part.content_type().unwrap_or("application/octet-stream").to_owned();
    let mut intake = Intake::default();
    while let Some(piece) = part.chunk().await.map_err(unreadable)? {
        intake.take(&piece);
    }
    Ok(Uploaded { name, mime, blob: intake.finish() })
}

/// `sendPhoto` and the like; none when it is another method.
pub fn send(
    state: &mut State,
    bot: usize,
    method: &str,
    (given, files): (&Parameters, &Uploads),
    changes: &mut Vec<Change>,
) -> Option<Result<Value, Failure>> {
    if method == "sendMediaGroup" {
        return Some(album(state, bot, (given, files), changes));
    }
    let kind = KINDS.iter().find(|kind| kind.method == method)?;
    let mut sent = || {
        let (chat, mut message) = outline(state, bot, given)?;
        if kind.captioned {
            message.body = caption(state, given)?;
        }
        let reference = given.text(kind.field).unwrap_or_else(|| format!("attach://{}", kind.field));
        let spoiler = given.flag("has_spoiler");
        message.media = Some(file(state, kind, &reference, spoiler, files)?);
        let (message, change) = state.post(chat, message).ok_or_else(|| Failure::bad("chat not found"))?;
        changes.push(change);
        told(state, chat, &message)
    };
    Some(sent())
}

fn outline(state: &State, bot: usize, given: &Parameters) -> Result<(i64, Stored), Failure> {
    let chat = room(state, bot, given)?;
    let message = Stored::new(me(state, bot)?.user.clone(), Default::default());
    Ok((chat, addressed(state, chat, given, message)?))
}

fn caption(state: &State, given: &Parameters) -> Result<super::entities::Formatted, Failure> {
    formatted(state, given, ("caption", "caption_entities"), LONGEST_CAPTION, "message caption is too long")
}

/// A file by `attach://part`, or one that is known by its id.
fn file(
    state: &mut State,
    kind: &'static media::Kind,
    reference: &str,
    spoiler: bool,
    files: &Uploads,
) -> Result<Arc<Media>, Failure> {
    let Some(part) = reference.strip_prefix("attach://") else {
        let known = state.files.by_id(reference).filter(|media| media.kind.field == kind.field);
        return known.cloned().ok_or_else(|| Failure::bad("wrong file identifier/HTTP URL specified"));
    };
    let there = files.get(part);
    let there = there.ok_or_else(|| Failure::bad(format!("there is no {} in the request", kind.field)))?;
    let Uploaded { name, mime, blob } = there;
    let new = New { kind, name: name.clone(), mime: mime.clone(), blob: blob.clone(), spoiler };
    let new = new.checked()?;
    Ok(state.files.keep(new))
}

fn album(
    state: &mut State,
    bot: usize,
    (given, files): (&Parameters, &Uploads),
    changes: &mut Vec<Change>,
) -> Result<Value, Failure> {
    let all = given.json("media").map_err(Failure::bad)?.unwrap_or_default();
    let all = all.as_array().ok_or_else(|| Failure::bad("can't parse media: expected an Array"))?;
    let (chat, outline) = outline(state, bot, given)?;
    let mut messages = Vec::new();
    for one in all {
        let text = |name: &str| one.get(name).and_then(Value::as_str).unwrap_or_default();
        let kind = KINDS.iter().find(|kind| kind.field == text("type"));
        let kind = kind.ok_or_else(|| Failure::bad("can't parse InputMedia: unknown type"))?;
        let own = one.as_object().cloned().map(Parameters::from).unwrap_or_default();
        let media = file(state, kind, text("media"), own.flag("has_spoiler"), files)?;
        messages.push(Stored { body: caption(state, &own)?, media: Some(media), ..outline.clone() });
    }
    let kinds: Vec<_> = messages.iter().filter_map(|m| Some(m.media.as_ref()?.kind)).collect();
    if !media::is_album(&kinds) {
        return Err(Failure::bad("media group must include 2-10 items of kinds that go together"));
    }
    let sent = state.post_album(chat, messages, changes);
    sent.iter().map(|message| told(state, chat, message)).collect::<Result<Vec<_>, _>>().map(|all| json!(all))
}

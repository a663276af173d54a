//! Uploads by apps: announced, sent, completed.
//!
//! Source: <https://docs.slack.dev/reference/methods/files.getUploadURLExternal/> and
//! <https://docs.slack.dev/reference/methods/files.completeUploadExternal/>.

use super::Shared;
use super::chat::{by_app, content, customised, is_ts, writable_room};
use super::files::{Attached, File};
use super::server::{Answer, Refusal, require};
use super::state::{Author, State};
use crate::files::{Blob, Intake};
use crate::parameters::Parameters;
use crate::people::{Change, File as GivenFile};
use axum::extract::{FromRequest, Multipart, Path, Request, State as Given};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use futures::StreamExt;
use serde_json::json;
use std::collections::HashMap;
use std::sync::Arc;

/// The largest file: 1 GB (<https://slack.com/help/articles/201330736-Add-files-to-Slack>).
const LARGEST: u64 = 1 << 30;

/// An upload that was announced.
#[derive(Debug, Clone)]
struct Announced {
    app: usize,
    file: String,
    name: String,
    alt: String,
    length: u64,
    blob: Option<Blob>,
}

/// All of them, by the secret in the upload's address.
#[derive(Debug, Default)]
pub struct Uploads(HashMap<String, Announced>);

/// `files.getUploadURLExternal`.
pub fn announce(state: &mut State, app: usize, given: &Parameters) -> Answer {
    require(state, app, "files:write")?;
    let length = given.number("length").and_then(|length| u64::try_from(length).ok()).unwrap_or_default();
    let name = given.text("filename").filter(|name| !name.is_empty());
    let (Some(name), 1..) = (name, length) else {
        return Err(Refusal::new("missing_argument"));
    };
    if length > LARGEST {
        return Err(Refusal::new("file_upload_size_restricted"));
    }
    let alt = given.text("alt_txt").unwrap_or_default();
    if alt.chars().count() > 1_000 {
        return Err(Refusal::new("alt_txt_too_large"));
    }
    let secret = format!("{:032x}", rand::random::<u128>());
    let file = state.files.next_id();
    let announced = Announced { app, file: file.clone(), name, alt, length, blob: None };
    state.files.uploads.0.insert(secret.clone(), announced);
    Ok(json!({ "upload_url": format!("{}/upload/v1/{secret}", state.url), "file_id": file }))
}

/// `POST /upload/v1/{secret}`: raw bytes, or the first part of a form.
pub async fn upload(
    Given(shared): Given<Arc<Shared>>,
    Path(secret): Path<String>,
    request: Request,
) -> Response {
    let Some(length) = shared.state().files.uploads.0.get(&secret).map(|announced| announced.length) else {
        return (StatusCode::NOT_FOUND, "no such upload").into_response();
    };
    let kind = request.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let taken =
        if kind.starts_with("multipart/form-data") { of_form(request).await } else { raw(request).await };
    let Some(blob) = taken.filter(|blob| blob.size == length) else {
        return (StatusCode::BAD_REQUEST, "these are not the bytes that were announced").into_response();
    };
    let said = format!("OK - {}", blob.size);
    if let Some(announced) = shared.state().files.uploads.0.get_mut(&secret) {
        announced.blob = Some(blob);
    }
    said.into_response()
}

async fn raw(request: Request) -> Option<Blob> {
    let mut intake = Intake::default();
    let mut body = request.into_body().into_data_stream();
    while let Some(piece) = body.next().await {
        intake.take(&piece.ok()?);
    }
    Some(intake.finish())
}

async fn of_form(request: Request) -> Option<Blob> {
    let mut intake = Intake::default();
    let mut form = Multipart::from_request(request, &()).await.ok()?;
    let mut part = form.next_field().await.ok()??;
    while let Some(piece) = part.chunk().await.ok()? {
        intake.take(&piece);
    }
    Some(intake.finish())
}

/// `files.completeUploadExternal`: with a channel, the files are shared there as one message.
pub fn complete(state: &mut State, app: usize, given: &Parameters, changes: &mut Vec<Change>) -> Answer {
    require(state, app, "files:write")?;
    let wanted = given.json("files").ok().flatten().unwrap_or_default();
    let wanted = wanted
        .as_array()
        .filter(|files| !files.is_empty())
        .ok_or_else(|| Refusal::new("invalid_arguments"))?;
    let thread = given.text("thread_ts").filter(|ts| !ts.is_empty());
    if thread.as_deref().is_some_and(|ts| !is_ts(ts)) {
        return Err(Refusal::new("invalid_thread_ts"));
    }
    let room = match given.text("channel_id").or_else(|| given.text("channels")) {
        Some(wanted) => Some(writable_room(state, app, &wanted)?),
        None => None,
    };
    let mut ids = Vec::new();
    for one in wanted {
        let id = one["id"].as_str().unwrap_or_default();
        let found =
            state.files.uploads.0.iter().find(|(_, announced)| announced.file == id && announced.app == app);
        let (secret, announced) = found.ok_or_else(|| Refusal::new("file_not_found"))?;
        let blob = announced.blob.clone().ok_or_else(|| Refusal::new("file_not_found"))?;
        let (secret, announced) = (secret.clone(), announced.clone());
        state.files.uploads.0.remove(&secret);
        let mime = GivenFile { name: announced.name.clone(), ..GivenFile::default() }.media_type().to_owned();
        let file = File {
            id: announced.file,
            title: one["title"].as_str().unwrap_or(&announced.name).to_owned(),
            name: announced.name,
            mime,
            subtype: None,
            alt: announced.alt,
            blob,
            author: Author::App(app),
            shares: Vec::new(),
            shared: None,
            deleted: false,
            created: state.since,
        };
        ids.push(file.id.clone());
        state.files.keep(file);
    }
    if let Some(room) = room {
        // `blocks` count only without a comment.
        let (text, blocks) = match given.text("initial_comment").filter(|comment| !comment.is_empty()) {
            Some(comment) => (super::mrkdwn::sent(&comment, state, false), None),
            None => content(state, given)?,
        };
        let mut message = by_app(app, text, blocks, thread, None);
        customised(state, app, given, &mut message.custom);
        message.files = ids.iter().cloned().map(Attached::new).collect();
        let (_, change) = state.post(&room, message);
        changes.push(change);
    }
    let told = ids.iter().map(|id| json!({ "id": id, "title": state.files.get(id).map(|file| &file.title) }));
    Ok(json!({ "files": told.collect::<Vec<_>>() }))
}

//! Files: given by people, fetched by whoever may, deleted.
//!
//! Source: <https://docs.slack.dev/messaging/working-with-files/>, <https://docs.slack.dev/reference/methods/files.info/>, `files.delete`. What an address of a private file answers without a token is not
//! documented: clients report a page to sign in on, with status 200.

use super::Shared;
use super::server::{Answer, Refusal, require};
use super::state::{Author, Room, State};
use super::uploads::Uploads;
use crate::files::Blob;
use crate::parameters::Parameters;
use crate::people::{Change, File as GivenFile, SeenFile};
use axum::extract::{Path, State as Given};
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Sharing takes a moment, in which `files.info` does not tell of it.
const SHARED_AFTER: Duration = Duration::from_millis(120);

/// A file.
#[derive(Debug, Clone)]
pub struct File {
    /// `F…`.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The title shown; the name where none was given.
    pub title: String,
    /// Its media type.
    pub mime: String,
    /// `slack_audio` or `slack_video` for what was recorded in Slack's client.
    pub subtype: Option<&'static str>,
    /// What it shows, in words.
    pub alt: String,
    /// Its bytes.
    pub blob: Blob,
    /// Whose it is.
    pub author: Author,
    /// Where it was shared: channel, message, thread.
    pub shares: Vec<(String, String, Option<String>)>,
    /// Since when.
    pub shared: Option<Instant>,
    /// It is gone; its place in its message is kept.
    pub deleted: bool,
    /// Seconds since the epoch.
    pub created: u64,
}

/// A file's place in a message, which stays when the file is deleted.
#[derive(Debug, Clone, PartialEq)]
pub struct Attached {
    /// Which file.
    pub id: String,
    /// It was deleted.
    pub gone: bool,
}

impl Attached {
    /// A file that is there.
    pub fn new(id: String) -> Self {
        Self { id, gone: false }
    }

    /// As a message shows it.
    pub fn told(&self, state: &State) -> Option<Value> {
        if self.gone {
            return Some(json!({ "id": self.id, "mode": "tombstone" }));
        }
        state.files.get(&self.id).map(|file| file.told(state))
    }
}

/// All of them.
#[derive(Debug, Default)]
pub struct Files {
    known: HashMap<String, File>,
    /// Those that are on their way.
    pub uploads: Uploads,
    last: u64,
}

impl Files {
    /// One file.
    pub fn get(&self, id: &str) -> Option<&File> {
        self.known.get(id)
    }

    /// An id that no other file has.
    pub fn next_id(&mut self) -> String {
        self.last += 1;
        format!("F{:010}", self.last)
    }

    /// What a person attaches; the refusal is for people.
    pub fn give(&mut self, given: &GivenFile, author: Author, at: u64) -> Result<String, String> {
        let subtype = match given.kind.as_str() {
            "voice" => Some("slack_audio"),
            "video_note" => Some("slack_video"),
            "sticker" => return Err("Slack has no stickers".to_owned()),
            _ => None,
        };
        let file = File {
            id: self.next_id(),
            name: given.name.clone(),
            title: given.name.clone(),
            mime: given.media_type().to_owned(),
            subtype,
            alt: given.alt.clone(),
            blob: Blob::given(given)?,
            author,
            shares: Vec::new(),
            shared: None,
            deleted: false,
            created: at,
        };
        let id = file.id.clone();
        self.keep(file);
        Ok(id)
    }

    /// Keeps a file.
    pub fn keep(&mut self, file: File) {
        self.known.insert(file.id.clone(), file);
    }

    /// These files are in that message now.
    pub fn share(&mut self, files: &[Attached], room: &str, ts: &str, thread: Option<&String>) {
        for attached in files {
            if let Some(file) = self.known.get_mut(&attached.id) {
                file.shares.push((room.to_owned(), ts.to_owned(), thread.cloned()));
                file.shared = Some(Instant::now());
            }
        }
    }
}

impl File {
    /// As a message and `files.info` show it.
    pub fn told(&self, state: &State) -> Value {
        let user = state.user_id(&self.author);
        let ending = self.name.rsplit_once('.').map_or("binary", |(_, ending)| ending);
        let place = format!("{}/files-pri/{}-{}", state.url, state.team, self.id);
        let name = slug(&self.name);
        let mut told = json!({
            "id": self.id, "name": self.name, "title": self.title, "mimetype": self.mime, "filetype": ending,
            "pretty_type": ending.to_uppercase(), "mode": "hosted", "size": self.blob.size, "created": self.created,
            "timestamp": self.created, "user": user, "user_team": state.team, "editable": false, "is_external": false,
            "external_type": "", "is_public": true, "public_url_shared": false, "display_as_bot": false, "username": "",
            "url_private": format!("{place}/{name}"), "url_private_download": format!("{place}/download/{name}"),
            "permalink": format!("{}/files/{}/{}/{name}", state.url, user.unwrap_or_default(), self.id),
            "has_rich_preview": false, "file_access": "visible", "media_display_type": "unknown",
        });
        if let Some(subtype) = self.subtype {
            told["subtype"] = json!(subtype);
            told["duration_ms"] = json!(2_500);
        }
        if !self.alt.is_empty() {
            told["alt_txt"] = json!(self.alt);
        }
        told
    }

    /// As a member of the channel sees it.
    pub fn seen(&self, state: &State) -> SeenFile {
        let kind = match (self.subtype, self.mime.split('/').next()) {
            (Some("slack_audio"), _) => "voice",
            (Some(_), _) => "video_note",
            (None, Some("image")) if self.mime == "image/gif" => "animation",
            (None, Some(kind @ ("image" | "video" | "audio"))) => kind,
            _ => "file",
        };
        SeenFile {
            name: self.name.clone(),
            kind: kind.to_owned(),
            mime: self.mime.clone(),
            size: self.blob.size,
            spoiler: false,
            alt: self.alt.clone(),
            hash: self.blob.hash.clone(),
            url: format!("{}/seen/{}", state.url, self.id),
        }
    }
}

fn slug(name: &str) -> String {
    name.to_lowercase()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' })
        .collect()
}

/// `files.info`.
pub fn info(state: &State, app: usize, given: &Parameters) -> Answer {
    require(state, app, "files:read")?;
    let id = given.text("file").unwrap_or_default();
    let file = state.files.get(&id).ok_or_else(|| Refusal::new("file_not_found"))?;
    if file.deleted {
        return Err(Refusal::new("file_deleted"));
    }
    let mut told = file.told(state);
    let mut shares = json!({});
    if file.shared.is_some_and(|since| since.elapsed() >= SHARED_AFTER) {
        for (room, ts, thread) in &file.shares {
            let known = state.find_room(room);
            let reach = if known.is_some_and(|room| room.private) { "private" } else { "public" };
            let share = json!({
                "ts": ts, "thread_ts": thread, "channel_name": known.map(|room| &room.name), "team_id": state.team,
                "reply_users": [], "reply_users_count": 0, "reply_count": 0,
            });
            shares[reach][room] = json!([share]);
        }
    }
    told["shares"] = shares;
    Ok(json!({ "file": told, "comments": [], "response_metadata": { "next_cursor": "" } }))
}

/// `files.delete`.
pub fn delete(state: &mut State, app: usize, given: &Parameters, changes: &mut Vec<Change>) -> Answer {
    require(state, app, "files:write")?;
    let id = given.text("file").unwrap_or_default();
    let file = state.files.get(&id).ok_or_else(|| Refusal::new("file_not_found"))?;
    if file.deleted {
        return Err(Refusal::new("file_deleted"));
    }
    if file.author != Author::App(app) {
        return Err(Refusal::new("cant_delete_file"));
    }
    remove(state, &id, changes);
    Ok(json!({}))
}

/// Takes a file out of its messages; one that has nothing else is deleted.
pub fn remove(state: &mut State, id: &str, changes: &mut Vec<Change>) {
    let shares: Vec<(Room, String)> = state
        .files
        .get(id)
        .into_iter()
        .flat_map(|file| &file.shares)
        .filter_map(|(room, ts, _)| Some((state.find_room(room)?.clone(), ts.clone())))
        .collect();
    for (room, ts) in &shares {
        let empty = state.message(&room.id, ts).is_some_and(|message| {
            message.text.is_empty() && message.files.iter().all(|file| file.gone || file.id == id)
        });
        if empty {
            changes.extend(state.delete(room, ts));
            continue;
        }
        let edited = state.edit(room, ts, |message, _| {
            message.files.iter_mut().filter(|file| file.id == id).for_each(|file| file.gone = true);
        });
        changes.extend(edited.map(|(_, change)| change));
    }
    if let Some(file) = state.files.known.get_mut(id) {
        file.deleted = true;
    }
}

/// `GET /files-pri/{place}/…`: for an app that may read files; everybody else is asked to sign in.
pub async fn private(
    Given(shared): Given<Arc<Shared>>,
    Path((place, _)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let state = shared.state();
    let token = headers.get(AUTHORIZATION).and_then(|given| given.to_str().ok()?.strip_prefix("Bearer "));
    let app = state.apps.iter().find(|app| Some(app.token.as_str()) == token && app.may("files:read"));
    let file = place.rsplit_once('-').and_then(|(_, id)| state.files.get(id));
    match (app, file) {
        (Some(app), Some(file)) if file.shares.iter().any(|(room, ..)| app.rooms.contains(room)) => {
            if file.deleted { StatusCode::NOT_FOUND.into_response() } else { file.blob.answer(&file.mime) }
        }
        _ => Html("<!DOCTYPE html><html><title>Slack</title><h1>Sign in to your workspace</h1></html>")
            .into_response(),
    }
}

/// `GET /seen/{id}`: as a member's own client shows it.
pub async fn seen(Given(shared): Given<Arc<Shared>>, Path(id): Path<String>) -> Response {
    let state = shared.state();
    match state.files.get(&id).filter(|file| !file.deleted) {
        Some(file) => file.blob.answer(&file.mime),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

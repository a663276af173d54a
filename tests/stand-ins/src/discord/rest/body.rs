//! The body of a request that posts or edits a message: JSON, or multipart with `payload_json` and `files[n]`.
//!
//! <https://discord.com/developers/docs/reference#uploading-files>

use super::{Answer, components, embeds};
use crate::discord::Discord;
use crate::discord::cdn::kept_name;
use crate::discord::errors::{self, ApiError};
use crate::discord::mentions::{self, Allowed, Mentions};
use crate::discord::model::{Attachment, Draft, Poll};
use crate::discord::state::{State, now};
use crate::files::{Blob, Intake};
use axum::body::Bytes;
use axum::extract::multipart::{Field, MultipartError};
use axum::extract::{FromRequest, Multipart, Request};
use axum::http::{StatusCode, header};
use serde_json::{Map, Value};
use std::sync::Arc;

/// Code points of content.
const LONGEST: usize = 2_000;
/// Bytes of a file, in a guild without boosts.
///
/// <https://discord.com/developers/docs/reference#uploading-files>
const LARGEST_FILE: u64 = 10 << 20;
/// Files of a message.
const MOST_FILES: usize = 10;
/// Code points of a poll's question, and of an answer; how many answers; how many hours it lasts.
///
/// <https://discord.com/developers/docs/resources/poll#poll-create-request-object>
const LONGEST_QUESTION: usize = 300;
const LONGEST_ANSWER: usize = 55;
const MOST_ANSWERS: usize = 10;
const MOST_HOURS: u64 = 32 * 24;
const USUAL_HOURS: u64 = 24;

/// A body that was read.
#[derive(Debug, Default)]
pub struct Body {
    /// The JSON object.
    pub object: Map<String, Value>,
    files: Vec<File>,
}

#[derive(Debug)]
struct File {
    /// `n` of the field `files[n]`.
    number: Option<u64>,
    name: String,
    kind: Option<String>,
    blob: Blob,
}

impl FromRequest<Arc<Discord>> for Body {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &Arc<Discord>) -> Answer<Self> {
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        if kind.is_some_and(|kind| kind.starts_with("multipart/form-data")) {
            let form = Multipart::from_request(request, state).await.map_err(|_| errors::INVALID_JSON)?;
            return multipart(form).await;
        }
        let bytes = Bytes::from_request(request, state).await.map_err(|_| errors::TOO_LARGE)?;
        Ok(Self { object: object(&bytes)?, files: Vec::new() })
    }
}

fn object(bytes: &[u8]) -> Answer<Map<String, Value>> {
    serde_json::from_slice(bytes).map_err(|_| errors::INVALID_JSON)
}

async fn multipart(mut form: Multipart) -> Answer<Body> {
    let wrong = |error: MultipartError| match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => errors::TOO_LARGE,
        _ => errors::INVALID_JSON,
    };
    let mut body = Body::default();
    let mut too_large = false;
    while let Some(field) = form.next_field().await.map_err(wrong)? {
        let name = field.name().unwrap_or_default().to_owned();
        if name == "payload_json" {
            body.object = object(&field.bytes().await.map_err(wrong)?)?;
        } else if field.file_name().is_some() {
            let file = file(field).await.map_err(wrong)?;
            too_large |= file.blob.size > LARGEST_FILE;
            body.files.push(file);
        } else {
            body.object.insert(name, field.text().await.map_err(wrong)?.into());
        }
    }
    // Said after all of it was read, so that the answer arrives.
    if too_large { Err(errors::TOO_LARGE) } else { Ok(body) }
}

async fn file(mut field: Field<'_>) -> Result<File, MultipartError> {
    let name = kept_name(field.file_name().unwrap_or("unnamed"));
    let kind = field.content_type().map(str::to_owned);
    let number = field.name().and_then(|name| name.strip_prefix("files[")?.strip_suffix(']')?.parse().ok());
    let mut intake = Intake::default();
    while let Some(piece) = field.chunk().await? {
        intake.take(&piece);
    }
    Ok(File { number, name, kind, blob: intake.finish() })
}

impl Body {
    /// The object that it holds under a name, with the files.
    pub fn within(mut self, name: &str) -> Self {
        let inner = match self.object.remove(name) {
            Some(Value::Object(inner)) => inner,
            _ => Map::new(),
        };
        Self { object: inner, files: self.files }
    }

    /// The content, if the body has one. Surrounding white space is dropped, as Discord does.
    pub fn content(&self) -> Answer<Option<String>> {
        let content = match self.object.get("content") {
            None => return Ok(None),
            Some(Value::Null) => "",
            Some(Value::String(content)) => content.trim(),
            Some(_) => {
                return Err(ApiError::field(
                    "content",
                    "STRING_TYPE_CONVERT",
                    "Could not interpret as string.",
                ));
            }
        };
        if content.chars().count() > LONGEST {
            let says = "Must be 2000 or fewer in length.";
            return Err(ApiError::field("content", "BASE_TYPE_MAX_LENGTH", says));
        }
        Ok(Some(content.to_owned()))
    }

    /// A list of objects, if the body has it.
    pub fn list(&self, name: &str) -> Answer<Option<Vec<Value>>> {
        let mut list = match self.object.get(name) {
            None => return Ok(None),
            Some(Value::Null) => Vec::new(),
            Some(Value::Array(list)) if list.iter().all(Value::is_object) => list.clone(),
            Some(_) => {
                let says = "Only dictionaries may be used in a DictType";
                return Err(ApiError::field(name, "DICT_TYPE_CONVERT", says));
            }
        };
        if name == "embeds" {
            embeds::checked(&list)?;
            list.iter_mut().filter_map(Value::as_object_mut).for_each(embeds::completed);
        }
        if name == "components" {
            components::checked(&list)?;
        }
        Ok(Some(list))
    }

    /// The files that it uploads.
    pub fn files(&self, state: &mut State) -> Answer<Vec<Attachment>> {
        if self.files.len() > MOST_FILES {
            return Err(ApiError::field("files", "BASE_TYPE_MAX_LENGTH", "Must be 10 or fewer in length."));
        }
        let about = self.list("attachments")?.unwrap_or_default();
        let told = |file: &File| {
            let is_it = |it: &&Value| file.number.is_some() && mentions::id(&it["id"]) == file.number;
            about.iter().find(is_it)?["description"].as_str().map(str::to_owned)
        };
        let made = |file: &File| Attachment {
            id: state.new_id(),
            name: file.name.clone(),
            kind: file.kind.clone(),
            blob: file.blob.clone(),
            alt: told(file),
            seconds: None,
        };
        Ok(self.files.iter().map(made).collect())
    }

    /// The poll that it begins.
    fn poll(&self) -> Answer<Option<Poll>> {
        let Some(told) = self.object.get("poll").filter(|poll| !poll.is_null()) else {
            return Ok(None);
        };
        let text = |media: &Value, longest: usize| match media["text"].as_str().map(str::trim) {
            Some(text) if (1..=longest).contains(&text.chars().count()) => Ok(text.to_owned()),
            _ => {
                let says = format!("Must be between 1 and {longest} in length.");
                Err(ApiError::field("poll", "BASE_TYPE_BAD_LENGTH", &says))
            }
        };
        let answers = told["answers"].as_array().map(Vec::as_slice).unwrap_or_default();
        if answers.is_empty() || answers.len() > MOST_ANSWERS {
            return Err(ApiError::field(
                "poll",
                "BASE_TYPE_BAD_LENGTH",
                "Must be between 1 and 10 in length.",
            ));
        }
        let hours = told["duration"].as_u64().unwrap_or(USUAL_HOURS);
        if !(1..=MOST_HOURS).contains(&hours) {
            return Err(ApiError::field("poll", "NUMBER_TYPE_MAX", "Must be between 1 and 768."));
        }
        let answers = answers.iter().map(|answer| text(&answer["poll_media"], LONGEST_ANSWER));
        Ok(Some(Poll {
            question: text(&told["question"], LONGEST_QUESTION)?,
            answers: answers.collect::<Answer<_>>()?,
            multiple: told["allow_multiselect"] == true,
            ends: now() + hours * 60 * 60 * 1_000,
            votes: Vec::new(),
            ended: false,
        }))
    }

    /// A new message; the pings are what its content mentions as far as it allows.
    pub fn draft(&self, state: &mut State, guild: u64, may_ping_all: bool) -> Answer<(Draft, Allowed)> {
        let content = self.content()?.unwrap_or_default();
        let embeds = self.list("embeds")?.unwrap_or_default();
        let components = self.list("components")?.unwrap_or_default();
        let allowed = Allowed::read(self.object.get("allowed_mentions"))?;
        let poll = self.poll()?;
        let nothing = content.is_empty() && embeds.is_empty() && components.is_empty();
        if nothing && self.files.is_empty() && poll.is_none() {
            return Err(errors::EMPTY_MESSAGE);
        }
        let pings = state.pingable(guild, allowed.filter(Mentions::of(&content)), may_ping_all);
        let draft = Draft {
            content,
            embeds,
            components,
            files: self.files(state)?,
            poll,
            pings,
            flags: self.object.get("flags").and_then(Value::as_u64).unwrap_or(0),
            nonce: self.object.get("nonce").filter(|nonce| !nonce.is_null()).cloned(),
            ..Draft::default()
        };
        Ok((draft, allowed))
    }

    /// What an edit leaves of `draft`: only what the body names changes.
    pub fn edited(
        &self,
        state: &mut State,
        guild: u64,
        mut draft: Draft,
        may_ping_all: bool,
    ) -> Answer<Draft> {
        if let Some(content) = self.content()? {
            let allowed = Allowed::read(self.object.get("allowed_mentions"))?;
            draft.pings = state.pingable(guild, allowed.filter(Mentions::of(&content)), may_ping_all);
            draft.content = content;
        }
        draft.embeds = self.list("embeds")?.unwrap_or(draft.embeds);
        draft.components = self.list("components")?.unwrap_or(draft.components);
        draft.flags = self.object.get("flags").and_then(Value::as_u64).unwrap_or(draft.flags);
        if let Some(kept) = self.list("attachments")? {
            let ids: Vec<u64> = kept.iter().filter_map(|file| mentions::id(&file["id"])).collect();
            draft.files.retain(|file| ids.contains(&file.id));
        }
        draft.files.extend(self.files(state)?);
        if draft.content.is_empty()
            && draft.embeds.is_empty()
            && draft.components.is_empty()
            && draft.files.is_empty()
            && draft.poll.is_none()
        {
            return Err(errors::EMPTY_MESSAGE);
        }
        Ok(draft)
    }
}

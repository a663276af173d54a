//! The body of a request that posts or edits a message: JSON, or multipart with `payload_json` and `files[n]`.
//!
//! <https://discord.com/developers/docs/reference#uploading-files>

use super::{Answer, LARGEST_BODY, embeds};
use crate::discord::Discord;
use crate::discord::errors::{self, ApiError};
use crate::discord::mentions::{Allowed, Mentions};
use crate::discord::model::{Attachment, Draft};
use crate::discord::state::State;
use axum::body::Bytes;
use axum::extract::multipart::{Field, MultipartError};
use axum::extract::{FromRequest, Multipart, Request};
use axum::http::{StatusCode, header};
use serde_json::{Map, Value};
use std::sync::Arc;

/// Code points of content.
const LONGEST: usize = 2_000;

/// A body that was read.
#[derive(Debug, Default)]
pub struct Body {
    /// The JSON object.
    pub object: Map<String, Value>,
    files: Vec<File>,
}

#[derive(Debug)]
struct File {
    name: String,
    size: u64,
    kind: Option<String>,
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
    while let Some(field) = form.next_field().await.map_err(wrong)? {
        let name = field.name().unwrap_or_default().to_owned();
        if name == "payload_json" {
            body.object = object(&field.bytes().await.map_err(wrong)?)?;
        } else if field.file_name().is_some() {
            body.files.push(file(field).await.map_err(wrong)?);
        } else {
            body.object.insert(name, field.text().await.map_err(wrong)?.into());
        }
    }
    Ok(body)
}

async fn file(field: Field<'_>) -> Result<File, MultipartError> {
    let name = field.file_name().unwrap_or("unnamed").to_owned();
    let kind = field.content_type().map(str::to_owned);
    let size = field.bytes().await?.len().min(LARGEST_BODY);
    Ok(File { name, size: u64::try_from(size).unwrap_or(u64::MAX), kind })
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
        Ok(Some(list))
    }

    /// The files that it uploads.
    pub fn files(&self, state: &mut State) -> Vec<Attachment> {
        let made = |file: &File| Attachment {
            id: state.new_id(),
            name: file.name.clone(),
            size: file.size,
            kind: file.kind.clone(),
        };
        self.files.iter().map(made).collect()
    }

    /// A new message; the pings are what its content mentions as far as it allows.
    pub fn draft(&self, state: &mut State, guild: u64, may_ping_all: bool) -> Answer<(Draft, Allowed)> {
        let content = self.content()?.unwrap_or_default();
        let embeds = self.list("embeds")?.unwrap_or_default();
        let components = self.list("components")?.unwrap_or_default();
        let allowed = Allowed::read(self.object.get("allowed_mentions"))?;
        if content.is_empty() && embeds.is_empty() && components.is_empty() && self.files.is_empty() {
            return Err(errors::EMPTY_MESSAGE);
        }
        let pings = state.pingable(guild, allowed.filter(Mentions::of(&content)), may_ping_all);
        let draft = Draft {
            content,
            embeds,
            components,
            files: self.files(state),
            pings,
            flags: self.object.get("flags").and_then(Value::as_u64).unwrap_or(0),
            nonce: self.object.get("nonce").filter(|nonce| !nonce.is_null()).cloned(),
            reply_to: None,
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
            let ids: Vec<u64> =
                kept.iter().filter_map(|file| crate::discord::mentions::id(&file["id"])).collect();
            draft.files.retain(|file| ids.contains(&file.id));
        }
        draft.files.extend(self.files(state));
        if draft.content.is_empty()
            && draft.embeds.is_empty()
            && draft.components.is_empty()
            && draft.files.is_empty()
        {
            return Err(errors::EMPTY_MESSAGE);
        }
        Ok(draft)
    }
}

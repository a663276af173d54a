//! Requests that bear files: streamed as they are read, never held.
//!
//! Source: <https://core.telegram.org/bots/api#sending-files>.

use crate::api::{Api, CallError};
use crate::files::Form;
use futures::StreamExt;
use imagesize::ImageSize;
use relay_contract::{DeliverError, Upload};
use reqwest::multipart;
use serde_json::{Map, Value, json};
use std::time::Duration;

/// How long opening the bytes of one file may take, and reading its beginning.
const OPEN: Duration = Duration::from_secs(10);

/// The longest wait for an answer, beside the time for the bytes.
const ANSWER: Duration = Duration::from_secs(20);

/// The slowest upload that is waited for, in bytes a second.
const SLOWEST: u64 = 256 << 10;

/// The longest time that a request takes by these two.
pub const LONGEST: Duration = Duration::from_secs(ANSWER.as_secs() + crate::files::LARGEST / SLOWEST + 1);

/// How much of a picture is read to find its size, in bytes.
const BEGINNING: usize = 256 << 10;

/// Width and height of a picture together, and how much longer one may be.
/// Source: <https://core.telegram.org/bots/api#sendphoto>.
const SIDES: usize = 10_000;
const RATIO: usize = 20;

/// Why files were not sent.
pub enum Failed {
    /// Their bytes could not be had: nothing was sent.
    Unread(DeliverError),
    /// The request failed.
    Call(CallError),
}

/// Sends files with these fields of the request and these of the first file's: one by the method of its kind, several as an
/// album. Answers what the server says of the messages, in the order of the files.
pub async fn send(
    api: &Api,
    files: &[Upload],
    mut fields: Map<String, Value>,
    caption: Map<String, Value>,
) -> Result<Vec<Value>, Failed> {
    let mut forms = Vec::with_capacity(files.len());
    for file in files {
        forms.push(form_of(file).await.map_err(Failed::Unread)?);
    }
    // What is no picture to Telegram is a file; an album has files alone, or none.
    if files.len() > 1 && forms.contains(&Form::Document) {
        forms.fill(Form::Document);
    }
    let mut parts = Vec::with_capacity(files.len());
    let method = match (files, forms.as_slice()) {
        ([file], [form]) => {
            let (method, field) = form.method();
            fields.extend(caption);
            if file.spoiler && form.hides() {
                fields.insert("has_spoiler".into(), json!(true));
            }
            parts.push((field.to_owned(), part(file, *form).await.map_err(Failed::Unread)?));
            method
        }
        _ => {
            let mut media = Vec::with_capacity(files.len());
            let mut caption = Some(caption);
            for (at, (file, form)) in files.iter().zip(&forms).enumerate() {
                let name = format!("file{at}");
                let mut one = caption.take().unwrap_or_default();
                one.insert("type".into(), json!(form.method().1));
                one.insert("media".into(), json!(format!("attach://{name}")));
                if file.spoiler && form.hides() {
                    one.insert("has_spoiler".into(), json!(true));
                }
                media.push(Value::Object(one));
                parts.push((name, part(file, *form).await.map_err(Failed::Unread)?));
            }
            fields.insert("media".into(), Value::Array(media));
            "SendMediaGroup"
        }
    };
    let mut form = multipart::Form::new().percent_encode_noop();
    for (name, value) in fields {
        let value = match value {
            Value::String(text) => text,
            other => other.to_string(),
        };
        form = form.text(name, value);
    }
    for (name, part) in parts {
        form = form.part(name, part);
    }
    let bytes = files.iter().fold(0_u64, |all, file| all.saturating_add(file.size));
    let deadline = ANSWER + Duration::from_secs(bytes / SLOWEST);
    match api.upload(method, form, deadline.min(LONGEST)).await.map_err(Failed::Call)? {
        Value::Array(messages) => Ok(messages),
        message => Ok(vec![message]),
    }
}

/// As what a file is sent, by its bytes where it would be a picture.
async fn form_of(file: &Upload) -> Result<Form, DeliverError> {
    let form = Form::of(file.kind, &file.mime, file.size);
    if form == Form::Photo && !is_photo(&beginning(file).await?) { Ok(Form::Document) } else { Ok(form) }
}

fn is_photo(beginning: &[u8]) -> bool {
    imagesize::blob_size(beginning).is_ok_and(|ImageSize { width, height }| {
        let (long, short) = (width.max(height), width.min(height));
        short > 0 && width.saturating_add(height) <= SIDES && long / short < RATIO
    })
}

async fn beginning(file: &Upload) -> Result<Vec<u8>, DeliverError> {
    let read = async {
        let mut bytes = Vec::new();
        let mut stream = file.content.open().await?;
        while let Some(piece) = stream.next().await {
            bytes.extend_from_slice(&piece?);
            if bytes.len() >= BEGINNING {
                break;
            }
        }
        Ok(bytes)
    };
    within_time(read, file).await
}

async fn part(file: &Upload, form: Form) -> Result<multipart::Part, DeliverError> {
    let stream = within_time(file.content.open(), file).await?;
    // Nothing hides a document but the word that another platform's clients know.
    let hidden = file.spoiler && !form.hides();
    let name = format!("{}{}", if hidden { "SPOILER_" } else { "" }, file.name);
    // The server looks for the closing quote, and knows no escape.
    let name = name.replace(['"', '\\', '\r', '\n'], "_");
    let made = |mime: &str, body| multipart::Part::stream_with_length(body, file.size).mime_str(mime);
    let known = multipart::Part::bytes(Vec::new()).mime_str(&file.mime).is_ok();
    let mime = if known { file.mime.as_str() } else { "application/octet-stream" };
    let part = made(mime, reqwest::Body::wrap_stream(stream));
    part.map(|part| part.file_name(name))
        .map_err(|_| DeliverError::Rejected(format!("the file “{}” has no media type", file.name)))
}

/// What comes of reading a file of Relay's own.
async fn within_time<T>(
    read: impl Future<Output = std::io::Result<T>>,
    file: &Upload,
) -> Result<T, DeliverError> {
    let why = match tokio::time::timeout(OPEN, read).await {
        Ok(Ok(read)) => return Ok(read),
        Ok(Err(error)) => error.to_string(),
        Err(_) => format!("nothing came within {} s", OPEN.as_secs()),
    };
    Err(DeliverError::Unavailable(format!("the file “{}” cannot be read: {why}", file.name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn png(width: u32, height: u32) -> Vec<u8> {
        let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
        bytes.extend([width.to_be_bytes(), height.to_be_bytes()].concat());
        bytes.extend([8, 2, 0, 0, 0]);
        bytes
    }

    #[test]
    fn which_pictures_are_taken_as_such() {
        let cases = [
            (png(1, 1), true),
            (png(9_000, 1_000), true),
            (png(9_000, 1_001), false),
            (png(2_000, 100), false),
            (png(1_999, 100), true),
            (png(0, 1), false),
            (b"a.png".to_vec(), false),
            (Vec::new(), false),
        ];
        for (at, (bytes, taken)) in cases.into_iter().enumerate() {
            assert_eq!(is_photo(&bytes), taken, "{at}");
        }
    }
}

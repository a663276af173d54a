//! Files: their bytes go to the homeserver's store, and a message says where they are
//! (<https://spec.matrix.org/v1.11/client-server-api/#content-repository>).

use crate::api::Api;
use crate::errors::{Doing, delivering};
use futures::StreamExt;
use relay_contract::{DeliverError, FileKind, Upload};
use serde_json::{Value, json};
use std::time::Duration;

/// What an upload takes at least, and how many bytes a second it is given then.
const SENDING: Duration = Duration::from_secs(30);
const BYTES_A_SECOND: u64 = 256 << 10;
/// The longest upload.
pub const LONGEST: Duration = Duration::from_secs(600);
/// So much of a picture is read to know its size.
const HEAD: usize = 64 << 10;

/// Uploads a file; the content of the message that shows it.
pub async fn content(api: &Api, file: &Upload) -> Result<Value, DeliverError> {
    let size = match file.mime.starts_with("image/") {
        true => dimensions(file).await.map_err(unreadable)?,
        false => None,
    };
    Ok(shown(file, &uploaded(api, file).await?, size))
}

fn unreadable(error: std::io::Error) -> DeliverError {
    DeliverError::Unavailable(format!("a file cannot be read: {error}"))
}

/// Uploads a file; its `mxc` address.
pub async fn uploaded(api: &Api, file: &Upload) -> Result<String, DeliverError> {
    let bytes = file.content.open().await.map_err(unreadable)?;
    let most = (SENDING + Duration::from_secs(file.size / BYTES_A_SECOND)).min(LONGEST);
    // An upload that nobody answered has made no message.
    let sent = api.upload(&file.name, &file.mime, file.size, bytes, most).await;
    let answer = sent.map_err(|error| match delivering(error, Doing::Ask) {
        DeliverError::TargetGone => DeliverError::Rejected("the homeserver keeps no files".into()),
        other => other,
    })?;
    match answer.get("content_uri").and_then(Value::as_str) {
        Some(uri) => Ok(uri.to_owned()),
        None => Err(DeliverError::Unavailable("the homeserver does not say where the file is".into())),
    }
}

/// The width and height of a picture, by its first bytes.
async fn dimensions(file: &Upload) -> std::io::Result<Option<(usize, usize)>> {
    let mut bytes = file.content.open().await?;
    let mut head = Vec::new();
    while let Some(piece) = bytes.next().await {
        head.extend_from_slice(&piece?);
        if head.len() >= HEAD {
            break;
        }
    }
    let size = imagesize::blob_size(&head).ok();
    Ok(size.map(|size| (size.width, size.height)))
}

/// <https://spec.matrix.org/v1.11/client-server-api/#mroommessage-msgtypes>
fn shown(file: &Upload, uri: &str, size: Option<(usize, usize)>) -> Value {
    let mut info = json!({ "mimetype": file.mime, "size": file.size });
    if let Some((width, height)) = size {
        info["w"] = width.into();
        info["h"] = height.into();
    }
    let millis = file.seconds.map(|seconds| u64::from(seconds) * 1_000);
    if let Some(millis) = millis {
        info["duration"] = millis.into();
    }
    let alt = file.alt.as_deref().filter(|alt| !alt.is_empty());
    let mut content = json!({ "body": file.name, "url": uri, "info": info, "m.mentions": {} });
    let kind = match file.kind {
        FileKind::Sticker => {
            content["body"] = alt.unwrap_or("sticker").into();
            return content;
        }
        FileKind::Image | FileKind::Animation if file.mime.starts_with("image/") => "m.image",
        FileKind::Video | FileKind::VideoNote | FileKind::Animation if file.mime.starts_with("video/") => {
            "m.video"
        }
        FileKind::Audio | FileKind::Voice if file.mime.starts_with("audio/") => "m.audio",
        _ => "m.file",
    };
    content["msgtype"] = kind.into();
    if file.kind == FileKind::Voice && kind == "m.audio" {
        // <https://github.com/matrix-org/matrix-spec-proposals/blob/main/proposals/3245-voice-messages.md>
        content["org.matrix.msc3245.voice"] = json!({});
        content["org.matrix.msc1767.audio"] = json!({ "duration": millis.unwrap_or_default() });
    }
    if file.spoiler {
        content["page.codeberg.everypizza.msc4193.spoiler"] = true.into();
    }
    // What it shows in words stands below it, where clients have nothing better.
    if let Some(alt) = alt {
        content["filename"] = file.name.as_str().into();
        content["body"] = alt.into();
    }
    content
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attachments::attachment;
    use futures::future::BoxFuture;
    use relay_contract::{ByteStream, Content};
    use std::sync::Arc;

    struct Nothing;

    impl Content for Nothing {
        fn open(&self) -> BoxFuture<'static, std::io::Result<ByteStream>> {
            Box::pin(async { Ok(futures::stream::empty().boxed()) })
        }
    }

    #[test]
    fn what_is_shown_is_heard_as_what_it_was() {
        let cases = [
            (FileKind::File, "application/pdf", FileKind::File),
            (FileKind::Image, "image/png", FileKind::Image),
            (FileKind::Animation, "image/gif", FileKind::Animation),
            (FileKind::Animation, "video/mp4", FileKind::Video),
            (FileKind::Video, "video/mp4", FileKind::Video),
            (FileKind::VideoNote, "video/mp4", FileKind::Video),
            (FileKind::Audio, "audio/mpeg", FileKind::Audio),
            (FileKind::Voice, "audio/ogg", FileKind::Voice),
            (FileKind::Sticker, "image/webp", FileKind::Sticker),
            (FileKind::Image, "application/octet-stream", FileKind::File),
        ];
        for (kind, mime, heard) in cases {
            let file = Upload {
                index: 0,
                name: "a.bin".into(),
                kind,
                mime: mime.into(),
                size: 7,
                spoiler: true,
                alt: None,
                seconds: Some(3),
                content: Arc::new(Nothing),
            };
            let content = shown(&file, "mxc://a.example/b", Some((2, 3)));
            let event = if kind == FileKind::Sticker { "m.sticker" } else { "m.room.message" };
            let attachment = attachment(event, &content).expect("a file");
            assert_eq!(attachment.kind, heard, "{kind:?} {mime}");
            assert_eq!(attachment.source.as_deref(), Some("mxc://a.example/b"));
            assert_eq!((attachment.size, attachment.seconds), (Some(7), Some(3)));
            assert_eq!(content["m.mentions"], json!({}));
        }
    }
}

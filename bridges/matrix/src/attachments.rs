//! Files of messages, and where their bytes are (<https://spec.matrix.org/v1.11/client-server-api/#mroommessage-msgtypes>).

use relay_contract::{Attachment, FileKind};
use ruma::OwnedMxcUri;
use serde_json::Value;

/// The file that a message is; none where it is none.
pub fn attachment(kind: &str, content: &Value) -> Option<Attachment> {
    let string = |key: &str| content.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
    let mime = content.pointer("/info/mimetype").and_then(Value::as_str);
    let voice = ["m.voice", "org.matrix.msc3245.voice", "org.matrix.msc3245.voice.v2"];
    let is_voice = voice.iter().any(|key| content.get(*key).is_some());
    let gif = mime == Some("image/gif")
        || content.pointer("/info/org.matrix.msc4230.is_animated").is_some_and(|is| *is == true);
    let (kind, unnamed) = match (kind, string("msgtype")) {
        ("m.sticker", _) => (FileKind::Sticker, "sticker"),
        (_, Some("m.image")) if gif => (FileKind::Animation, "animation"),
        (_, Some("m.image")) => (FileKind::Image, "picture"),
        (_, Some("m.video")) => (FileKind::Video, "video"),
        (_, Some("m.audio")) if is_voice => (FileKind::Voice, "voice message"),
        (_, Some("m.audio")) => (FileKind::Audio, "audio"),
        (_, Some("m.file")) => (FileKind::File, "file"),
        _ => return None,
    };
    let name = match kind {
        FileKind::Sticker => None,
        _ => string("filename").or(string("body")),
    };
    let millis = content.pointer("/info/duration").and_then(Value::as_u64);
    // An encrypted file stands in `file`, and cannot be read without its key.
    let source = string("url").filter(|url| is_media(url));
    Some(Attachment {
        kind,
        mime: mime.map(str::to_owned),
        size: content.pointer("/info/size").and_then(Value::as_u64),
        source: source.map(str::to_owned),
        alt: string("body").filter(|_| kind == FileKind::Sticker).map(str::to_owned),
        spoiler: content
            .get("page.codeberg.everypizza.msc4193.spoiler")
            .and_then(Value::as_bool)
            .unwrap_or(false),
        seconds: millis.and_then(|millis| u32::try_from(millis.div_ceil(1_000)).ok()),
        ..Attachment::named(name.unwrap_or(unnamed))
    })
}

/// The content whose body is a caption: one that differs from the file's name (<https://spec.matrix.org/v1.11/client-server-api/#media-captions>).
pub fn caption<'a>(kind: &str, content: &'a Value) -> Option<&'a Value> {
    let string = |key: &str| content.get(key).and_then(Value::as_str);
    let named = kind != "m.sticker" && string("filename").is_some_and(|name| string("body") != Some(name));
    named.then_some(content)
}

/// Whether this is an `mxc` address.
pub fn is_media(url: &str) -> bool {
    OwnedMxcUri::from(url).validate().is_ok()
}

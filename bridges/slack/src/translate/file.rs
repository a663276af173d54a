//! Files (<https://docs.slack.dev/reference/objects/file-object/>) and the pictures of cards.

use super::{Reader, string};
use crate::parse::Shown;
use relay_contract::{Attachment, FileKind};
use serde_json::Value;

impl Reader<'_> {
    /// None where it was deleted. What comes from another workspace was looked up.
    pub(super) fn file(&self, file: &Value) -> Option<Attachment> {
        let id = string(file, "id");
        let file = id.and_then(|id| self.added.files.get(id)).unwrap_or(file);
        if string(file, "mode") == Some("tombstone") {
            return None;
        }
        let name = ["name", "title", "pretty_type", "filetype"].into_iter().find_map(|key| string(file, key));
        let elsewhere = file.get("is_external").and_then(Value::as_bool).unwrap_or(false)
            || matches!(string(file, "mode"), Some("external" | "hidden_by_limit"));
        let source = id.filter(|_| !elsewhere).or(string(file, "url").filter(|_| id.is_none()));
        let millis = file.get("duration_ms").and_then(Value::as_u64);
        Some(Attachment {
            kind: kind(file),
            mime: string(file, "mimetype").filter(|mime| !mime.ends_with("/*")).map(str::to_owned),
            size: file.get("size").and_then(Value::as_u64),
            source: source.map(str::to_owned),
            alt: string(file, "alt_txt").map(str::to_owned),
            seconds: millis.and_then(|millis| u32::try_from(millis.div_ceil(1_000)).ok()),
            ..Attachment::named(name.unwrap_or("file"))
        })
    }

    /// What a card shows, or a message that was passed on.
    pub(super) fn shown(&self, shown: &Shown) -> Option<Attachment> {
        match shown {
            Shown::File(file) => self.file(file),
            Shown::Picture { url, alt } => Some(Attachment {
                kind: FileKind::Image,
                source: Some(url.clone()),
                alt: alt.clone().filter(|alt| !alt.is_empty()),
                ..Attachment::named(last_segment(url).unwrap_or_else(|| "picture".to_owned()))
            }),
        }
    }
}

fn kind(file: &Value) -> FileKind {
    let mime = string(file, "mimetype").unwrap_or_default();
    match (string(file, "subtype"), mime.split('/').next()) {
        // Recorded in Slack's own client.
        (Some("slack_audio"), _) => FileKind::Voice,
        (Some("slack_video"), _) => FileKind::Video,
        _ if mime == "image/gif" => FileKind::Animation,
        (_, Some("image")) => FileKind::Image,
        (_, Some("video")) => FileKind::Video,
        (_, Some("audio")) => FileKind::Audio,
        _ => FileKind::File,
    }
}

fn last_segment(url: &str) -> Option<String> {
    let url = url::Url::parse(url).ok()?;
    url.path_segments()?.next_back().filter(|name| name.contains('.')).map(str::to_owned)
}

//! Files in messages: as clients upload them and people give them, as they are told, and as they are fetched.
//!
//! Source: <https://core.telegram.org/bots/api#sending-files>, <https://core.telegram.org/bots/api#getfile>.

use super::server::Failure;
use super::state::now;
use crate::files::Blob;
use crate::people::{File, SeenFile};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// The largest file that a bot may fetch, in bytes.
const FETCHED: u64 = 20 << 20;
/// The largest file that a bot may upload, in bytes.
pub const UPLOADED: u64 = 50 << 20;
/// The largest picture that is shown as one, in bytes.
const PHOTO: u64 = 10 << 20;
/// How long a file's path is good, in milliseconds.
const HOUR: u64 = 60 * 60 * 1_000;
/// How many files are kept; the oldest go first.
const KEPT: usize = 10_000;
/// Width and height of a picture together.
const PHOTO_SIDES: u32 = 10_000;

/// What a file is in a message.
#[derive(Debug)]
pub struct Kind {
    /// The field of a message and of a request.
    pub field: &'static str,
    /// The method that sends one.
    pub method: &'static str,
    /// As people see it: [`File::kind`].
    pub seen: &'static str,
    /// How its ids begin.
    prefix: &'static str,
    /// The first part of its path.
    folder: &'static str,
    /// With which others it may be in one album.
    album: Option<&'static str>,
    /// Text may stand beside it.
    pub captioned: bool,
}

const fn kind(
    (field, method, seen): (&'static str, &'static str, &'static str),
    (prefix, folder): (&'static str, &'static str),
    album: Option<&'static str>,
    captioned: bool,
) -> Kind {
    Kind { field, method, seen, prefix, folder, album, captioned }
}

/// All kinds; the first is for whatever is none of the others.
pub const KINDS: [Kind; 8] = [
    kind(("document", "sendDocument", "file"), ("BQAC", "documents"), Some("documents"), true),
    kind(("photo", "sendPhoto", "image"), ("AgAC", "photos"), Some("visible"), true),
    kind(("video", "sendVideo", "video"), ("BAAC", "videos"), Some("visible"), true),
    kind(("animation", "sendAnimation", "animation"), ("CgAC", "animations"), None, true),
    kind(("audio", "sendAudio", "audio"), ("CQAC", "music"), Some("audio"), true),
    kind(("voice", "sendVoice", "voice"), ("AwAC", "voice"), None, true),
    kind(("video_note", "sendVideoNote", "video_note"), ("DQAC", "video_notes"), None, false),
    kind(("sticker", "sendSticker", "sticker"), ("CAAC", "stickers"), None, false),
];

/// A file in a message.
#[derive(Debug)]
pub struct Media {
    /// What it is.
    pub kind: &'static Kind,
    /// Counts up through all chats.
    number: u64,
    name: String,
    mime: String,
    blob: Blob,
    /// Hidden until somebody wants to see it.
    pub spoiler: bool,
    seconds: u64,
}

impl Media {
    fn id(&self) -> String {
        format!("{}AgADx{}", self.kind.prefix, self.number)
    }

    fn path(&self) -> String {
        let ending = match self.kind.field {
            "photo" => "jpg",
            "voice" => "oga",
            _ => self.name.rsplit_once('.').map_or("bin", |(_, ending)| ending),
        };
        let ending: String = ending.chars().filter(char::is_ascii_alphanumeric).collect();
        format!("{}/file_{}.{ending}", self.kind.folder, self.number)
    }

    /// Puts it into a message as it is told to bots.
    pub fn tell(&self, message: &mut Value) {
        let mut told = json!({
            "file_id": self.id(), "file_unique_id": format!("AgADx{}", self.number), "file_size": self.blob.size,
        });
        let mut add = |more: Value| {
            if let (Value::Object(told), Value::Object(more)) = (&mut told, more) {
                told.extend(more);
            }
        };
        let named = json!({ "file_name": self.name, "mime_type": self.mime });
        match self.kind.field {
            "photo" => {
                add(json!({ "width": 1_280, "height": 960 }));
                let small = json!({
                    "file_id": format!("{}AgADs{}", self.kind.prefix, self.number), "file_size": 1_200,
                    "file_unique_id": format!("AgADs{}", self.number), "width": 90, "height": 68,
                });
                message["photo"] = json!([small, told]);
                if self.spoiler {
                    message["has_media_spoiler"] = json!(true);
                }
                return;
            }
            "document" => add(named),
            "video" | "animation" => {
                add(named);
                add(json!({ "width": 640, "height": 360, "duration": self.seconds }));
            }
            "audio" => {
                add(named);
                add(json!({ "duration": self.seconds }));
            }
            "voice" => add(json!({ "mime_type": self.mime, "duration": self.seconds })),
            "video_note" => add(json!({ "length": 240, "duration": self.seconds })),
            _ => add(json!({
                "type": "regular", "width": 512, "height": 512, "emoji": "🦉",
                "is_animated": self.mime == "application/x-tgsticker", "is_video": self.mime == "video/webm",
            })),
        }
        if self.kind.field == "animation" {
            // For clients that know no animations.
            message["document"] = told.clone();
        }
        if self.spoiler {
            message["has_media_spoiler"] = json!(true);
        }
        message[self.kind.field] = told;
    }

    /// As the people in the chat see it, from a server at this URL.
    pub fn seen(&self, url: &str) -> SeenFile {
        SeenFile {
            name: self.name.clone(),
            kind: self.kind.seen.to_owned(),
            mime: self.mime.clone(),
            size: self.blob.size,
            spoiler: self.spoiler,
            alt: String::new(),
            hash: self.blob.hash.clone(),
            url: format!("{url}/members/{}", self.number),
        }
    }

    /// The name that people see.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its bytes, as its media type.
    pub fn answer(&self) -> axum::response::Response {
        self.blob.answer(&self.mime)
    }
}

/// Whether these can be one album.
pub fn is_album(kinds: &[&'static Kind]) -> bool {
    let first = kinds.first().and_then(|kind| kind.album);
    (2..=10).contains(&kinds.len()) && first.is_some() && kinds.iter().all(|kind| kind.album == first)
}

/// What somebody gives to be kept.
pub struct New {
    /// What it is to be.
    pub kind: &'static Kind,
    /// Its name.
    pub name: String,
    /// Its media type.
    pub mime: String,
    /// Its bytes.
    pub blob: Blob,
    /// Hidden until somebody wants to see it.
    pub spoiler: bool,
}

impl New {
    /// A person's file.
    pub fn of(file: &File) -> Result<Self, String> {
        let wanted = if file.kind.is_empty() { "file" } else { &file.kind };
        let kind = KINDS.iter().find(|kind| kind.seen == wanted);
        let kind = kind.ok_or_else(|| format!("there is no kind of file `{wanted}`"))?;
        let (name, mime) = (file.name.clone(), file.media_type().to_owned());
        Ok(Self { kind, name, mime, blob: Blob::given(file)?, spoiler: file.spoiler })
    }

    /// Refuses what the server would not take from a bot as that kind.
    pub fn checked(self) -> Result<Self, Failure> {
        match self.kind.field {
            _ if self.blob.size == 0 => Err(Failure::bad("file must be non-empty")),
            _ if self.blob.size > UPLOADED => Err(Failure::new(413, "Request Entity Too Large")),
            "photo" if self.blob.size > PHOTO => Err(Failure::bad(format!(
                "file of size {} bytes is too big for a photo; the maximum size is {PHOTO} bytes",
                self.blob.size
            ))),
            "photo" => match self.blob.kept().and_then(|bytes| picture(bytes)) {
                None => Err(Failure::bad("IMAGE_PROCESS_FAILED")),
                Some(sides) if sides > PHOTO_SIDES => Err(Failure::bad("PHOTO_INVALID_DIMENSIONS")),
                Some(_) => Ok(self),
            },
            _ => Ok(self),
        }
    }
}

/// Width and height together of a PNG; 0 for the other pictures that are taken; none for what is no picture.
fn picture(bytes: &[u8]) -> Option<u32> {
    if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        let side = |at: usize| Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
        return side(16)?.checked_add(side(20)?);
    }
    let webp = bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP");
    (bytes.starts_with(b"\xff\xd8\xff") || webp).then_some(0)
}

/// All files, and the paths by which they can be fetched.
#[derive(Debug, Default)]
pub struct Files {
    kept: BTreeMap<u64, Arc<Media>>,
    paths: HashMap<String, (u64, u64)>,
    next: u64,
}

impl Files {
    /// Keeps a file.
    pub fn keep(&mut self, new: New) -> Arc<Media> {
        self.next += 1;
        let New { kind, name, mime, blob, spoiler } = new;
        let seconds = if matches!(kind.seen, "file" | "image" | "sticker") { 0 } else { 7 };
        let media = Arc::new(Media { kind, number: self.next, name, mime, blob, spoiler, seconds });
        self.kept.insert(self.next, media.clone());
        if self.kept.len() > KEPT {
            self.kept.pop_first();
        }
        media
    }

    /// A file by its `file_id`.
    pub fn by_id(&self, id: &str) -> Option<&Arc<Media>> {
        self.kept.get(&id.rsplit_once('x')?.1.parse().ok()?).filter(|media| media.id() == id)
    }

    /// A file by its number.
    pub fn by_number(&self, number: u64) -> Option<&Arc<Media>> {
        self.kept.get(&number)
    }

    /// `getFile`: a path that is good for an hour.
    pub fn locate(&mut self, id: &str, at: u64) -> Result<Value, Failure> {
        let wrong = || Failure::bad("wrong file_id or the file is temporarily unavailable");
        let media = self.by_id(id).ok_or_else(wrong)?.clone();
        if media.blob.size > FETCHED {
            return Err(Failure::bad("file is too big"));
        }
        let mut told = Map::new();
        let path = media.path();
        self.paths.retain(|_, (_, until)| *until > at);
        self.paths.insert(path.clone(), (media.number, at + HOUR));
        for (name, value) in [
            ("file_id", json!(id)),
            ("file_unique_id", json!(format!("AgADx{}", media.number))),
            ("file_size", json!(media.blob.size)),
            ("file_path", json!(path)),
        ] {
            told.insert(name.to_owned(), value);
        }
        Ok(Value::Object(told))
    }

    /// A file by its path.
    pub fn fetch(&self, path: &str, at: u64) -> Option<&Arc<Media>> {
        let (number, _) = self.paths.get(path).filter(|(_, until)| *until > at)?;
        self.by_number(*number)
    }

    /// [`Files::fetch`], now.
    pub fn fetch_now(&self, path: &str) -> Option<&Arc<Media>> {
        self.fetch(path, now())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn new(field: &str, blob: Blob) -> New {
        let kind = KINDS.iter().find(|kind| kind.field == field).unwrap();
        New { kind, name: "a.png".into(), mime: "image/png".into(), blob, spoiler: false }
    }

    #[test]
    fn a_path_is_good_for_an_hour() {
        let mut files = Files::default();
        let media = files.keep(new("document", Blob::made_up(3)));
        let path = files.locate(&media.id(), 1_000).unwrap()["file_path"].as_str().unwrap().to_owned();
        assert!(files.fetch(&path, 1_000 + HOUR - 1).is_some());
        assert!(files.fetch(&path, 1_000 + HOUR).is_none());
        assert!(files.locate("BQACAgADx9", 0).is_err() && files.locate("odd", 0).is_err());
        let large = files.keep(new("document", Blob::made_up(FETCHED + 1)));
        assert!(files.locate(&large.id(), 0).is_err());
    }

    #[test]
    fn what_is_no_picture_is_no_photo() {
        let png = |width: u32, height: u32| {
            let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
            bytes.extend([width.to_be_bytes(), height.to_be_bytes()].concat());
            Blob::of(bytes.into())
        };
        let cases = [
            ("photo", png(1, 1), true),
            ("photo", png(9_000, 1_001), false),
            ("photo", Blob::of("GIF89a".into()), false),
            ("photo", Blob::made_up(PHOTO + 1), false),
            ("document", Blob::made_up(PHOTO + 1), true),
            ("document", Blob::made_up(UPLOADED + 1), false),
            ("document", Blob::of("".into()), false),
        ];
        for (at, (field, blob, taken)) in cases.into_iter().enumerate() {
            assert_eq!(new(field, blob).checked().is_ok(), taken, "{at}: {field}");
        }
    }

    #[test]
    fn which_make_an_album() {
        let of = |fields: &[&str]| {
            let kinds: Vec<_> =
                fields.iter().map(|f| KINDS.iter().find(|kind| kind.field == *f).unwrap()).collect();
            is_album(&kinds)
        };
        assert!(of(&["photo", "video"]) && of(&["document", "document"]) && of(&["audio", "audio"]));
        assert!(
            !of(&["photo"]) && !of(&["photo", "document"]) && !of(&["voice", "voice"]) && !of(&["photo"; 11])
        );
    }
}

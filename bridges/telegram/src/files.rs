//! How a file is sent, and which of them go together.
//!
//! Source: <https://core.telegram.org/bots/api#sending-files>, <https://core.telegram.org/bots/api#sendmediagroup>.

use relay_contract::{FileDraft, FileKind};

/// The largest file that a bot may upload, in bytes; of an album, all of its files together.
pub const LARGEST: u64 = 50 << 20;

/// The largest file that a bot may fetch, in bytes. Source: <https://core.telegram.org/bots/api#getfile>.
pub const LARGEST_FETCHED: u64 = 20 << 20;

/// The largest picture that is shown as one, in bytes. Source: <https://core.telegram.org/bots/api#sendphoto>.
const LARGEST_PHOTO: u64 = 10 << 20;

/// The most files of one album.
const ALBUM: usize = 10;

/// As what a file is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A picture.
    Photo,
    /// Any file.
    Document,
    /// A film.
    Video,
    /// A film without sound, or a GIF.
    Animation,
    /// Music.
    Audio,
    /// A voice message.
    Voice,
    /// A round film.
    VideoNote,
    /// A sticker.
    Sticker,
}

/// What may be in one album.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Company {
    Visible,
    Documents,
    Audio,
}

impl Form {
    /// By what the file is to people, and what Telegram takes as that; anything else is a document.
    pub fn of(kind: FileKind, mime: &str, size: u64) -> Self {
        let mime = mime.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let picture = || match mime.as_str() {
            "image/jpeg" | "image/png" | "image/webp" if size <= LARGEST_PHOTO => Self::Photo,
            "image/gif" => Self::Animation,
            _ => Self::Document,
        };
        let film = mime == "video/mp4";
        match kind {
            FileKind::Image => picture(),
            FileKind::Animation if film || mime == "image/gif" => Self::Animation,
            FileKind::Video if film => Self::Video,
            FileKind::VideoNote if film => Self::VideoNote,
            FileKind::Audio if is_music(&mime) => Self::Audio,
            FileKind::Voice if is_music(&mime) || matches!(mime.as_str(), "audio/ogg" | "audio/opus") => {
                Self::Voice
            }
            FileKind::Sticker => match (mime.as_str(), size) {
                ("image/webp", ..=524_288)
                | ("video/webm", ..=262_144)
                | ("application/x-tgsticker", ..=65_536) => Self::Sticker,
                _ => picture(),
            },
            _ => Self::Document,
        }
    }

    /// The method, and the field of the file in it.
    pub fn method(self) -> (&'static str, &'static str) {
        match self {
            Self::Photo => ("SendPhoto", "photo"),
            Self::Document => ("SendDocument", "document"),
            Self::Video => ("SendVideo", "video"),
            Self::Animation => ("SendAnimation", "animation"),
            Self::Audio => ("SendAudio", "audio"),
            Self::Voice => ("SendVoice", "voice"),
            Self::VideoNote => ("SendVideoNote", "video_note"),
            Self::Sticker => ("SendSticker", "sticker"),
        }
    }

    /// Whether text may stand beside it.
    pub fn is_captioned(self) -> bool {
        !matches!(self, Self::VideoNote | Self::Sticker)
    }

    /// Whether Telegram hides it until it is asked for.
    pub fn hides(self) -> bool {
        matches!(self, Self::Photo | Self::Video | Self::Animation)
    }

    fn company(self) -> Option<Company> {
        match self {
            Self::Photo | Self::Video => Some(Company::Visible),
            Self::Document => Some(Company::Documents),
            Self::Audio => Some(Company::Audio),
            Self::Animation | Self::Voice | Self::VideoNote | Self::Sticker => None,
        }
    }
}

/// What is played as music: the other formats are sent as files.
fn is_music(mime: &str) -> bool {
    matches!(mime, "audio/mpeg" | "audio/mp3" | "audio/mp4" | "audio/m4a" | "audio/x-m4a")
}

/// Files that are sent with one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Together {
    /// Their places among the message's files.
    pub places: Vec<u16>,
    /// Whether text may stand beside them.
    pub captioned: bool,
}

/// Files in their order, neighbours that may be one album together.
pub fn together(files: &[FileDraft]) -> Vec<Together> {
    let mut all: Vec<Together> = Vec::new();
    let mut last: Option<(Company, u64)> = None;
    for file in files {
        let form = Form::of(file.kind, &file.mime, file.size);
        let company = form.company();
        let joined = all.last_mut().zip(last).filter(|(group, (of, size))| {
            Some(*of) == company && group.places.len() < ALBUM && size.saturating_add(file.size) <= LARGEST
        });
        let before = match joined {
            Some((group, (_, size))) => {
                group.places.push(file.index);
                size
            }
            None => {
                all.push(Together { places: vec![file.index], captioned: form.is_captioned() });
                0
            }
        };
        last = company.map(|company| (company, before.saturating_add(file.size)));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_files_are_sent() {
        use FileKind::{Animation, Audio, File, Image, Sticker, Video, VideoNote, Voice};
        let cases = [
            (Image, "image/jpeg", 1, Form::Photo),
            (Image, "image/PNG; charset=x", 1, Form::Photo),
            (Image, "image/jpeg", LARGEST_PHOTO + 1, Form::Document),
            (Image, "image/gif", 1, Form::Animation),
            (Image, "image/svg+xml", 1, Form::Document),
            (File, "image/jpeg", 1, Form::Document),
            (Animation, "video/mp4", 1, Form::Animation),
            (Animation, "image/webp", 1, Form::Document),
            (Video, "video/mp4", 1, Form::Video),
            (Video, "video/quicktime", 1, Form::Document),
            (VideoNote, "video/mp4", 1, Form::VideoNote),
            (VideoNote, "video/webm", 1, Form::Document),
            (Audio, "audio/mpeg", 1, Form::Audio),
            (Audio, "audio/flac", 1, Form::Document),
            (Voice, "audio/ogg", 1, Form::Voice),
            (Voice, "audio/wav", 1, Form::Document),
            (Sticker, "image/webp", 1, Form::Sticker),
            (Sticker, "image/webp", 600_000, Form::Photo),
            (Sticker, "image/png", 1, Form::Photo),
            (Sticker, "image/gif", 1, Form::Animation),
            (Sticker, "application/json", 1, Form::Document),
        ];
        for (kind, mime, size, form) in cases {
            assert_eq!(Form::of(kind, mime, size), form, "{kind:?} {mime} {size}");
        }
    }

    #[test]
    fn what_goes_together() {
        let shown = |kinds: &str| {
            let file = |(index, c): (usize, char)| {
                let (kind, mime, size) = match c {
                    'p' => (FileKind::Image, "image/png", 1),
                    'v' => (FileKind::Video, "video/mp4", 1),
                    'L' => (FileKind::Video, "video/mp4", 30 << 20),
                    'a' => (FileKind::Audio, "audio/mpeg", 1),
                    's' => (FileKind::Sticker, "image/webp", 1),
                    _ => (FileKind::File, "a/b", 1),
                };
                FileDraft { index: index as u16, kind, mime: mime.into(), size }
            };
            let files: Vec<_> = kinds.chars().enumerate().map(file).collect();
            let group = |one: &Together| {
                let places: String =
                    one.places.iter().filter_map(|at| kinds.chars().nth(usize::from(*at))).collect();
                places + if one.captioned { "" } else { "!" }
            };
            together(&files).iter().map(group).collect::<Vec<_>>().join(" ")
        };
        let cases = [
            ("", ""),
            ("p", "p"),
            ("pvp", "pvp"),
            ("ppdd", "pp dd"),
            ("dpda", "d p d a"),
            ("aa", "aa"),
            ("sps", "s! p s!"),
            ("ss", "s! s!"),
            ("LL", "L L"),
            ("pLpL", "pLp L"),
            ("ppppppppppp", "pppppppppp p"),
        ];
        for (files, expected) in cases {
            assert_eq!(shown(files), expected, "{files}");
        }
    }
}

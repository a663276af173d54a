//! What a file is: by its first bytes, and never by what somebody says of it.

use relay_contract::FileKind;

/// How many of the first bytes are looked at: enough for a picture's measures behind what cameras write before them.
pub const HEAD: usize = 256 * 1024;

/// How many pixels a picture may claim to have. Cameras have up to 200 million.
const MOST_PIXELS: u64 = 250_000_000;

const UNKNOWN: &str = "application/octet-stream";

/// Types that a browser runs, or draws with what they fetch: never handed out as what they are.
const ACTIVE: &[&str] = &[
    "text/html",
    "application/xhtml+xml",
    "image/svg+xml",
    "text/xml",
    "application/xml",
    "text/javascript",
    "application/javascript",
    "application/x-shockwave-flash",
    "text/css",
];

/// What the bytes show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The media type.
    pub mime: String,
    /// What it is to people: what was said, where the bytes bear it out.
    pub kind: FileKind,
    /// What people should know: why it is not shown as what it was said to be.
    pub note: Option<String>,
}

/// Looks at the first bytes of a file, `HEAD` of them or all there are. `said` is its media type as somebody told.
pub fn look(head: &[u8], said: Option<&str>, kind: FileKind) -> Found {
    let mime = media_type(head, said);
    let (kind, note) = match kind_of(&mime, kind) {
        FileKind::Image if !is_picture(&mime) => (FileKind::File, None),
        FileKind::Image | FileKind::Animation | FileKind::Sticker if is_picture(&mime) => {
            match measures(head) {
                Ok(()) => (kind, None),
                Err(why) => (FileKind::File, Some(why)),
            }
        }
        kind => (kind, None),
    };
    Found { mime, kind, note }
}

/// Whether a type may be handed out to a browser as what it is.
pub fn is_harmless(mime: &str) -> bool {
    !ACTIVE.contains(&mime)
}

/// Whether it is a picture that every platform shows.
pub fn is_picture(mime: &str) -> bool {
    matches!(mime, "image/jpeg" | "image/png" | "image/gif" | "image/webp")
}

/// Whether the bytes are a page and no file.
pub fn is_page(head: &[u8]) -> bool {
    matches!(text_type(head), Some("text/html" | "application/xhtml+xml"))
}

fn media_type(head: &[u8], said: Option<&str>) -> String {
    // Text first: the signatures of some binary formats are a few letters.
    if let Some(text) = text_type(head) {
        let said =
            said.map(essence).filter(|said| text == "text/plain" && is_text(said) && is_harmless(said));
        return said.unwrap_or_else(|| text.to_owned());
    }
    if let Some(found) = infer::get(head) {
        return match found.mime_type() {
            "audio/opus" => "audio/ogg".into(),
            other => other.to_owned(),
        };
    }
    // Sound has no signature that can be relied on, and does no harm.
    let said = said.map(essence).filter(|said| said.starts_with("audio/"));
    said.unwrap_or_else(|| UNKNOWN.to_owned())
}

/// Without parameters, in lower case.
fn essence(mime: &str) -> String {
    mime.split(';').next().unwrap_or("").trim().to_ascii_lowercase()
}

fn is_text(mime: &str) -> bool {
    mime.starts_with("text/")
        || matches!(
            mime,
            "application/json" | "application/toml" | "application/yaml" | "application/x-ndjson"
        )
}

/// What kind of text it is, if it is text.
fn text_type(head: &[u8]) -> Option<&'static str> {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        // A character may be cut at the end of the head, nowhere else.
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(&head[..error.valid_up_to()]).ok()?
        }
        Err(_) => return None,
    };
    if text.is_empty() || text.contains(|c: char| c.is_control() && !"\t\n\r\u{c}\u{1b}\u{8}".contains(c)) {
        return None;
    }
    let start: String = text.trim_start().chars().take(1024).collect::<String>().to_ascii_lowercase();
    let svg = start.contains("<svg") && start.starts_with('<');
    let page = ["<!doctype html", "<html", "<head", "<body", "<script", "<iframe"];
    let html = start.starts_with('<') && page.iter().any(|tag| start.contains(tag));
    Some(match () {
        () if html => "text/html",
        () if svg => "image/svg+xml",
        () if start.starts_with("<?xml") => "application/xml",
        () if infer::text::is_html(head) => "text/html",
        () => "text/plain",
    })
}

/// What it is to people, as far as its type bears it out.
fn kind_of(mime: &str, said: FileKind) -> FileKind {
    let family = mime.split('/').next().unwrap_or("");
    let plays = matches!(family, "audio" | "video");
    let fits = match said {
        FileKind::File => true,
        FileKind::Image => family == "image",
        FileKind::Animation => family == "video" || matches!(mime, "image/gif" | "image/webp" | "image/png"),
        FileKind::Sticker => is_picture(mime) || mime == "video/webm" || mime == "application/gzip",
        FileKind::Video | FileKind::VideoNote => family == "video",
        FileKind::Audio | FileKind::Voice => plays,
    };
    if fits { said } else { FileKind::File }
}

/// Refuses a picture whose header claims more than anybody's memory.
fn measures(head: &[u8]) -> Result<(), String> {
    match imagesize::blob_size(head) {
        Ok(size) => {
            let pixels = (size.width as u64).saturating_mul(size.height as u64);
            if pixels > MOST_PIXELS {
                return Err(format!("it claims to be {} × {} pixels", size.width, size.height));
            }
            Ok(())
        }
        Err(_) => Err("it does not say how large the picture is".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn png(width: u32, height: u32) -> Vec<u8> {
        let mut png = b"\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR".to_vec();
        png.extend(width.to_be_bytes());
        png.extend(height.to_be_bytes());
        png.extend([8, 6, 0, 0, 0, 0, 0, 0, 0]);
        png
    }

    /// The first bytes, what somebody says of them twice, and what they are.
    type Case = (&'static [u8], Option<&'static str>, FileKind, &'static str, FileKind);

    #[test]
    fn types() {
        use FileKind::{Audio, File, Image, Sticker, Video, Voice};
        let small: &'static [u8] = png(3, 2).leak();
        let cases: &[Case] = &[
            (small, Some("image/png"), Image, "image/png", Image),
            (small, Some("text/html"), Image, "image/png", Image),
            (small, None, File, "image/png", File),
            (small, None, Video, "image/png", File),
            (small, None, Sticker, "image/png", Sticker),
            (
                b"MZ\x90\x00\x03\x00\x00\x00",
                Some("image/png"),
                Image,
                "application/vnd.microsoft.portable-executable",
                File,
            ),
            (b"%PDF-1.7\n%\xe2\xe3", Some("image/png"), Image, "application/pdf", File),
            (b"<!DOCTYPE html><p>x", Some("image/png"), Image, "text/html", File),
            (b"\n\n <html lang=de>", None, File, "text/html", File),
            (b"<!-- x --><script>1</script>", Some("text/plain"), File, "text/html", File),
            (
                b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>",
                Some("image/svg+xml"),
                Image,
                "image/svg+xml",
                File,
            ),
            (b"\xef\xbb\xbf<?xml version=\"1.0\"?><svg/>", Some("image/png"), Image, "image/svg+xml", File),
            (b"<?xml version=\"1.0\"?><a/>", None, File, "application/xml", File),
            (b"hello", Some("text/markdown; charset=utf-8"), File, "text/markdown", File),
            (b"{}", Some("application/json"), File, "application/json", File),
            (b"hello", Some("text/html"), File, "text/plain", File),
            (b"hello", Some("image/png"), Image, "text/plain", File),
            (b"OggS\x00\x02", Some("audio/ogg"), Voice, "audio/ogg", Voice),
            (b"\x00\x01\x02\x03", Some("audio/aac"), Audio, "audio/aac", Audio),
            (b"\x00\x01\x02\x03", Some("image/png"), Image, "application/octet-stream", File),
            (b"", None, File, "application/octet-stream", File),
        ];
        for (head, said, kind, mime, expected) in cases {
            let found = look(head, *said, *kind);
            assert_eq!(
                (found.mime.as_str(), found.kind),
                (*mime, *expected),
                "{:?} {said:?}",
                String::from_utf8_lossy(head)
            );
        }
        assert!(is_page(b"<html>") && !is_page(b"<svg>") && !is_page(small));
        assert!(!is_harmless("text/html") && !is_harmless("image/svg+xml") && is_harmless("image/png"));
    }

    #[test]
    fn a_picture_that_would_fill_the_memory_is_a_plain_file() {
        let cases = [
            (16_320, 12_240, None),
            (65_535, 65_535, Some("65535 × 65535")),
            (0, 0, None),
            (u32::MAX, 1, Some("4294967295")),
        ];
        for (width, height, note) in cases {
            let found = look(&png(width, height), None, FileKind::Image);
            assert_eq!(found.note.is_some(), note.is_some(), "{width}×{height}: {found:?}");
            assert_eq!(found.kind, if note.is_some() { FileKind::File } else { FileKind::Image });
            assert!(found.note.unwrap_or_default().contains(note.unwrap_or("")));
        }
        let cut = look(&png(3, 2)[..12], None, FileKind::Image);
        assert!(cut.note.is_some() && cut.kind == FileKind::File, "{cut:?}");
    }
}

//! Names of files as they may be shown and stored anywhere.

use sanitise_file_name::{Options, sanitise_with_options};

/// Longest name in bytes.
const LONGEST: usize = 120;
/// What a file is called whose name leaves nothing.
const NAMELESS: &str = "file";

/// A name without a path, control characters, directions and what file systems reserve; not longer than 120 bytes, its ending kept. `mime` is what
/// its bytes are: an ending that says something else gets the right one behind it.
pub fn safe(name: &str, mime: &str) -> String {
    let last = name.rsplit(['/', '\\']).find(|part| !part.trim().is_empty()).unwrap_or("");
    let plain: String = last.chars().filter(|c| !is_unseen(*c)).collect();
    let right = right_ending(&plain, mime);
    let room = right.map_or(LONGEST, |ending| LONGEST - 1 - ending.len());
    let options = Options { length_limit: room, ..Options::DEFAULT };
    let clean = sanitise_with_options(&plain, &options);
    let clean = clean.trim_matches(['.', ' ']);
    let mut name = if clean.chars().all(|c| c == '_') { NAMELESS } else { clean }.to_owned();
    if let Some(ending) = right {
        name.push('.');
        name.push_str(ending);
    }
    name
}

/// What nobody sees and everybody's computer acts on: directions, joiners, marks without width.
fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
        || matches!(c, '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// The ending that has to be put behind the name; none where it has one that fits.
fn right_ending(name: &str, mime: &str) -> Option<&'static str> {
    let endings = endings(mime)?;
    let written = name.rsplit_once('.').map(|(_, ending)| ending.trim().to_ascii_lowercase());
    let fits = written.is_some_and(|written| endings.contains(&written.as_str()) || fits_too(mime, &written));
    // The first of a family is often an oddity (`jfif`).
    let first = endings.first().copied();
    if fits { None } else { usual(mime).or(first) }
}

fn endings(mime: &str) -> Option<&'static [&'static str]> {
    match mime {
        // Anything may be of these.
        "application/octet-stream" | "text/plain" | "application/zip" | "application/xml" | "text/xml" => {
            None
        }
        _ => mime_guess::get_mime_extensions_str(mime).or_else(|| usual(mime).map(|_| [].as_slice())),
    }
}

/// The ending that people know.
fn usual(mime: &str) -> Option<&'static str> {
    Some(match mime {
        "image/jpeg" => "jpg",
        "image/png" => "png",
        "image/gif" => "gif",
        "image/webp" => "webp",
        "image/heif" => "heic",
        "image/svg+xml" => "svg",
        "video/mp4" => "mp4",
        "video/webm" => "webm",
        "video/quicktime" => "mov",
        "audio/mpeg" => "mp3",
        "audio/ogg" => "ogg",
        "audio/m4a" => "m4a",
        "text/html" => "html",
        "application/pdf" => "pdf",
        "application/gzip" => "gz",
        "application/vnd.microsoft.portable-executable" => "exe",
        _ => return None,
    })
}

/// Endings of the same family that the tables don't have.
fn fits_too(mime: &str, ending: &str) -> bool {
    match mime {
        "audio/ogg" | "video/ogg" | "audio/opus" => matches!(ending, "ogg" | "oga" | "ogv" | "opus"),
        "audio/m4a" | "video/mp4" | "video/x-m4v" => matches!(ending, "m4a" | "m4b" | "mp4" | "m4v"),
        "video/webm" | "video/x-matroska" => matches!(ending, "webm" | "weba" | "mkv" | "mka"),
        "image/heif" | "image/avif" => matches!(ending, "heic" | "heif" | "avif" | "hif"),
        "image/tiff" => matches!(ending, "tif" | "tiff" | "dng" | "nef" | "arw"),
        "application/gzip" => matches!(ending, "gz" | "tgz" | "tgs" | "svgz"),
        "application/vnd.microsoft.portable-executable" => matches!(ending, "exe" | "dll" | "scr" | "sys"),
        "application/x-executable" | "application/x-mach-binary" => !is_trusted(ending),
        _ => false,
    }
}

/// Endings that people open without a thought.
fn is_trusted(ending: &str) -> bool {
    matches!(
        ending,
        "pdf" | "txt" | "jpg" | "jpeg" | "png" | "gif" | "webp" | "mp4" | "mp3" | "docx" | "xlsx"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names() {
        let long = format!("{}.tar.gz", "ä".repeat(300));
        let cases = [
            ("cat.png", "image/png", "cat.png"),
            ("Grüße 猫.JPG", "image/jpeg", "Grüße 猫.JPG"),
            ("../../etc/passwd", "text/plain", "passwd"),
            ("C:\\Users\\me\\cv.pdf", "application/pdf", "cv.pdf"),
            ("a/b/", "text/plain", "b"),
            (".bashrc", "text/plain", "bashrc"),
            ("..", "text/plain", "file"),
            ("", "application/octet-stream", "file"),
            ("", "image/png", "file.png"),
            ("photo", "image/jpeg", "photo.jpg"),
            ("voice message", "audio/ogg", "voice message.ogg"),
            ("invoice.pdf", "application/vnd.microsoft.portable-executable", "invoice.pdf.exe"),
            ("invoice.exe", "application/pdf", "invoice.exe.pdf"),
            ("cat.png", "text/html", "cat.png.html"),
            ("cat.png", "image/jpeg", "cat.png.jpg"),
            ("anything.xyz", "application/octet-stream", "anything.xyz"),
            ("notes.md", "text/plain", "notes.md"),
            ("sheet.xlsx", "application/zip", "sheet.xlsx"),
            ("exe\u{202e}gpj.scr", "application/octet-stream", "exegpj.scr"),
            ("a\u{200b}b\u{0}c\r\nd.txt", "text/plain", "abcd.txt"),
            ("what?<is>:this|*.txt", "text/plain", "what__is__this.txt"),
            ("CON.txt", "text/plain", "CON_.txt"),
            ("trailing. . ", "application/octet-stream", "trailing"),
        ];
        for (name, mime, expected) in cases {
            assert_eq!(safe(name, mime), expected, "{name:?} {mime}");
        }
        let short = safe(&long, "application/gzip");
        assert!(short.len() <= LONGEST && short.ends_with(".gz"), "{short}");
    }

    proptest! {
        #[test]
        fn no_name_is_dangerous(name in ".{0,300}", mime in "(image/png|text/html|text/plain|video/mp4|x/y)") {
            let safe = safe(&name, &mime);
            prop_assert!(!safe.is_empty() && safe.len() <= LONGEST + 1, "{safe}");
            prop_assert!(!safe.contains(['/', '\\', ':', '"', '<', '>', '|', '?', '*']), "{safe}");
            prop_assert!(!safe.chars().any(is_unseen), "{safe}");
            prop_assert!(!safe.starts_with('.'), "{safe}");
        }
    }
}

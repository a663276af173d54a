//! Files in a room: taken as they are, or named with the reason why not.

use super::names::presentable;
use relay_contract::text::{Leaf, Run};
use relay_contract::{Attachment, Capabilities, Feature, FileDraft, FileKind, Style, Support};

/// What has become of a file on its way into a room.
#[derive(Debug, Clone, PartialEq)]
pub enum FileShown {
    /// It goes along.
    Upload(FileDraft),
    /// It is not there yet: the text does not wait for it, and it follows.
    Late,
    /// It cannot go along, and can be fetched here.
    Linked {
        /// Where.
        url: String,
        /// Why it is not here.
        why: String,
    },
    /// It cannot go along.
    Named {
        /// Why.
        why: String,
    },
}

/// Which files go along, and a line for each that does not.
pub(super) fn files(
    attachments: &[Attachment],
    shown: &[FileShown],
    room: &Capabilities,
    lost: &mut Vec<Feature>,
) -> (Vec<FileDraft>, Vec<Vec<Run>>) {
    let takes = room.shows(Feature::File) == Support::Native;
    let mut drafts = Vec::new();
    let mut lines = Vec::new();
    for (at, file) in attachments.iter().enumerate() {
        let of_kind = match file.kind {
            FileKind::Sticker => Feature::Sticker,
            FileKind::Voice => Feature::Voice,
            FileKind::VideoNote => Feature::VideoNote,
            FileKind::File | FileKind::Image | FileKind::Animation | FileKind::Video | FileKind::Audio => {
                Feature::File
            }
        };
        if room.shows(of_kind) != Support::Native {
            lost.push(of_kind);
        }
        match shown.get(at) {
            Some(FileShown::Upload(draft)) if takes => drafts.push(draft.clone()),
            fate => {
                if of_kind != Feature::File && !matches!(fate, Some(FileShown::Late)) {
                    lost.push(Feature::File);
                }
                lines.push(line(file, fate));
            }
        }
    }
    if drafts.len() > 1 && room.shows(Feature::Album) != Support::Native {
        lost.push(Feature::Album);
    }
    (drafts, lines)
}

fn line(file: &Attachment, fate: Option<&FileShown>) -> Vec<Run> {
    let name = match file.size {
        Some(size) => format!("📎 {} ({})", presentable(&file.name), in_words(size)),
        None => format!("📎 {}", presentable(&file.name)),
    };
    let name = Run::new(Leaf::Plain(name));
    let after = |words: &str| Run::new(Leaf::Plain(format!(" {words}"))).styled(Style::Italic);
    match fate {
        None | Some(FileShown::Upload(_)) => vec![name],
        Some(FileShown::Late) => vec![name, after("follows")],
        Some(FileShown::Linked { url, why }) => vec![name.linked(url), after(why)],
        Some(FileShown::Named { why }) => vec![name, after(why)],
    }
}

/// A number of bytes as people say it.
pub fn in_words(bytes: u64) -> String {
    const STEPS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    if bytes < 1000 {
        return format!("{bytes} bytes");
    }
    let mut size = bytes as f64 / 1000.0;
    let mut unit = STEPS[0];
    for next in &STEPS[1..] {
        if size < 999.5 {
            break;
        }
        size /= 1000.0;
        unit = next;
    }
    if size < 9.95 { format!("{size:.1} {unit}") } else { format!("{size:.0} {unit}") }
}

#[cfg(test)]
mod tests {
    #[test]
    fn sizes() {
        let cases = [
            (0, "0 bytes"),
            (999, "999 bytes"),
            (1000, "1.0 kB"),
            (9_949, "9.9 kB"),
            (9_999, "10 kB"),
            (999_499, "999 kB"),
            (999_999, "1.0 MB"),
            (12_345_678, "12 MB"),
            (2_000_000_000, "2.0 GB"),
            (u64::MAX, "18446744 TB"),
        ];
        for (bytes, expected) in cases {
            assert_eq!(super::in_words(bytes), expected);
        }
    }
}

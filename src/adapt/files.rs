//! Files in a room: taken as they are, or named with the reason why not.

use super::names::presentable;
use crate::sizes::in_words;
use crate::text;
use crate::texts::Language;
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
        /// Why it is not here, in the room's language; empty where no file ever is.
        why: String,
    },
    /// It cannot go along.
    Named {
        /// Why, in the room's language.
        why: String,
    },
}

/// Which files go along, and a line for each that does not.
pub(super) fn files(
    language: Language,
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
                if !matches!(fate, Some(FileShown::Late)) {
                    lost.push(Feature::File);
                }
                lines.push(line(language, file, fate));
            }
        }
    }
    if drafts.len() > 1 && room.shows(Feature::Album) != Support::Native {
        lost.push(Feature::Album);
    }
    (drafts, lines)
}

fn line(language: Language, file: &Attachment, fate: Option<&FileShown>) -> Vec<Run> {
    let name = match file.size {
        Some(size) => format!("📎 {} ({})", presentable(&file.name), in_words(size)),
        None => format!("📎 {}", presentable(&file.name)),
    };
    let name = Run::new(Leaf::Plain(name));
    let after = |words: &str| Run::new(Leaf::Plain(format!(" {words}"))).styled(Style::Italic);
    match fate {
        None | Some(FileShown::Upload(_)) => vec![name],
        Some(FileShown::Late) => vec![name, after(&text!(language, "file-follows"))],
        Some(FileShown::Linked { url, why }) if why.is_empty() => vec![name.linked(url)],
        Some(FileShown::Named { why }) if why.is_empty() => vec![name],
        Some(FileShown::Linked { url, why }) => vec![name.linked(url), after(why)],
        Some(FileShown::Named { why }) => vec![name, after(why)],
    }
}

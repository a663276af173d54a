//! The words that several commands share.

use crate::adapt::presentable;
use crate::text;
use crate::texts::Language;
use relay_contract::{Asker, RoomReport, Visibility};

/// To whoever guesses.
pub(super) fn too_many(language: Language) -> String {
    text!(language, "too-many-tries")
}

/// To whoever names no message.
pub(super) fn which(language: Language, verb: &str) -> String {
    text!(language, "which-message", verb = verb)
}

pub(super) use crate::adapt::names::capitalised as shown;

/// `#general of Night Owls`; a room that is a space of its own has one name.
pub(super) fn full_name(language: Language, report: &RoomReport) -> String {
    named_in(language, &report.name, &report.space.name)
}

/// The same from its parts. Whoever names a room may write what they like: it stands on one line.
pub(super) fn named_in(language: Language, room: &str, space: &str) -> String {
    match room == space || space.is_empty() {
        true => presentable(room),
        false => text!(language, "room-of", room = presentable(room), space = presentable(space)),
    }
}

/// The time, for the records: in UTC, to the second.
pub(super) fn now() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Who did it, for the records.
pub(super) fn named(asker: &Asker) -> String {
    format!("{} ({})", presentable(&asker.name), asker.id)
}

/// Who can read a room, in words.
pub(super) fn readers(language: Language, visibility: Visibility) -> String {
    match visibility {
        Visibility::Private => text!(language, "readers-private"),
        Visibility::Space => text!(language, "readers-space"),
        Visibility::World => text!(language, "readers-world"),
    }
}

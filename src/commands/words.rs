//! The words that several commands share.

use crate::adapt::presentable;
use relay_contract::{Asker, RoomReport, Visibility};

/// To whoever guesses.
pub(super) const TOO_MANY: &str = "Those were many tries in a short time. Wait ten minutes.";

/// To whoever names no message.
pub(super) fn which(verb: &str) -> String {
    format!(
        "About which message? Use Relay's entry in that message's own menu; on a platform without one, answer the message with \
         /relay {verb}."
    )
}

pub(super) use crate::adapt::names::capitalised as shown;

/// `#general of Night Owls`; a room that is a space of its own has one name.
pub(super) fn full_name(report: &RoomReport) -> String {
    named_in(&report.name, &report.space.name)
}

/// The same from its parts. Whoever names a room may write what they like: it stands on one line.
pub(super) fn named_in(room: &str, space: &str) -> String {
    match room == space || space.is_empty() {
        true => presentable(room),
        false => format!("{} of {}", presentable(room), presentable(space)),
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
pub(super) fn readers(visibility: Visibility) -> &'static str {
    match visibility {
        Visibility::Private => "those who were invited",
        Visibility::Space => "everybody in its space",
        Visibility::World => "anybody",
    }
}

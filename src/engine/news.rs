//! Who comes and goes, and what rooms are called, in words.

use super::core::Core;
use crate::adapt::names::{capitalised, presentable};
use crate::text;
use crate::texts::Language;
use relay_contract::text::{Leaf, Run};
use relay_contract::{Envelope, Event, MemberChange, RoomKey, Style, Text};

/// One line.
pub fn in_words(core: &Core, language: Language, envelope: &Envelope) -> Text {
    Text::from_runs(vec![Run::new(Leaf::Plain(line(core, language, envelope))).styled(Style::Italic)])
}

/// The same as plain text.
pub fn line(core: &Core, language: Language, envelope: &Envelope) -> String {
    let name = presentable(envelope.author.as_ref().map_or("", |author| &author.name));
    let place = || place(core, language, &envelope.origin);
    match &envelope.event {
        Event::Member { change: MemberChange::Joined, .. } => {
            text!(language, "news-joined", name = name, place = place())
        }
        Event::Member { change: MemberChange::Left, .. } => {
            text!(language, "news-left", name = name, place = place())
        }
        Event::Member { change: MemberChange::Renamed(before), .. } => {
            text!(language, "news-goes-by", before = presentable(before), name = name, place = place())
        }
        Event::Renamed { name, .. } => {
            let platform = capitalised(&envelope.origin.platform);
            text!(language, "news-renamed", platform = platform, name = presentable(name))
        }
        _ => String::new(),
    }
}

/// `in #general on Slack`.
pub fn place_in_words(core: &Core, language: Language, room: &RoomKey) -> String {
    text!(language, "news-in", place = place(core, language, room))
}

/// `#general on Slack`.
pub fn place(core: &Core, language: Language, room: &RoomKey) -> String {
    let name = core.known.asked_for(room).into_iter().next().map(|(_, _, known)| known.name);
    let platform = capitalised(&room.platform);
    match name {
        Some(name) => text!(language, "news-place", room = presentable(&name), platform = platform),
        None => text!(language, "news-some-place", platform = platform),
    }
}

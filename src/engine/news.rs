//! Who comes and goes, and what rooms are called, in words.

use super::core::Core;
use crate::adapt::names::{capitalised, presentable};
use crate::consent::Person;
use crate::text;
use crate::texts::Language;
use relay_contract::text::{Leaf, Run};
use relay_contract::{Envelope, Event, MemberChange, RoomKey, Style, Text};

/// One line for a room; none where there is nothing to tell.
pub fn in_words(core: &Core, room: &RoomKey, envelope: &Envelope) -> Option<Text> {
    let line = line(core, room, envelope)?;
    Some(Text::from_runs(vec![Run::new(Leaf::Plain(line)).styled(Style::Italic)]))
}

/// The same as plain text.
pub fn line(core: &Core, room: &RoomKey, envelope: &Envelope) -> Option<String> {
    let language = core.language_of(room);
    let mut author = envelope.author.clone();
    if let Some(author) = &mut author {
        // Where they are shown by the name of another account, it is nobody's to know what this one is called.
        if matches!(envelope.event, Event::Member { change: MemberChange::Renamed(_), .. })
            && core.chosen_account(&Person::of(&envelope.origin, author), room).is_some()
        {
            return None;
        }
        core.name_as_chosen(room, &envelope.origin, author, envelope.at);
    }
    let name = presentable(author.as_ref().map_or("", |author| &author.name));
    let place = || place(core, language, &envelope.origin);
    Some(match &envelope.event {
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
        _ => return None,
    })
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

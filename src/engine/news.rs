//! Who comes and goes, and what rooms are called, in words.

use super::core::Core;
use crate::adapt::names::{capitalised, presentable};
use relay_contract::text::{Leaf, Run};
use relay_contract::{Envelope, Event, MemberChange, RoomKey, Style, Text};

/// One line.
pub fn in_words(core: &Core, envelope: &Envelope) -> Text {
    Text::from_runs(vec![Run::new(Leaf::Plain(line(core, envelope))).styled(Style::Italic)])
}

/// The same as plain text.
pub fn line(core: &Core, envelope: &Envelope) -> String {
    let name = presentable(envelope.author.as_ref().map_or("", |author| &author.name));
    match &envelope.event {
        Event::Member { change: MemberChange::Joined, .. } => {
            format!("{name} has joined {}", place(core, &envelope.origin))
        }
        Event::Member { change: MemberChange::Left, .. } => {
            format!("{name} has left {}", place(core, &envelope.origin))
        }
        Event::Member { change: MemberChange::Renamed(before), .. } => {
            format!("{} goes by {name} now {}", presentable(before), place_in_words(core, &envelope.origin))
        }
        Event::Renamed { name, .. } => format!(
            "A room on {} is called {} now",
            capitalised(&envelope.origin.platform),
            presentable(name)
        ),
        _ => String::new(),
    }
}

/// `in #general on Slack`.
pub fn place_in_words(core: &Core, room: &RoomKey) -> String {
    format!("in {}", place(core, room))
}

/// `#general on Slack`.
pub fn place(core: &Core, room: &RoomKey) -> String {
    let name = core.known.asked_for(room).into_iter().next().map(|(_, _, known)| known.name);
    let platform = capitalised(&room.platform);
    match name {
        Some(name) => format!("{} on {platform}", presentable(&name)),
        None => format!("a room on {platform}"),
    }
}

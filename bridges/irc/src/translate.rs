//! What was heard, as envelopes. Pure.

use crate::formatting::CTCP;
use crate::heard::{Heard, What};
use crate::{commands, ids, parse};
use relay_contract::{
    Author, Envelope, Event, MemberChange, Message, MessageRef, RawEvent, RoomNews, Standing, Timestamp,
    Translation,
};
use serde::Deserialize;

/// What an event means.
pub fn event(raw: &RawEvent) -> Translation {
    let heard = match Heard::deserialize(&raw.payload) {
        Ok(heard) => heard,
        Err(error) => return Translation::Unreadable(format!("nothing that was heard on IRC: {error}")),
    };
    match &heard.what {
        What::Said { room, text, notice } => said(&heard, room, text, *notice),
        What::Asked { .. } if heard.from.own => Translation::Ignored("Relay's own"),
        What::Asked { room, words } => Translation::Command(commands::call(&heard, room.as_deref(), words)),
        What::Joined { room } => {
            members(&heard, std::slice::from_ref(room), &MemberChange::Joined, &heard.from.nick)
        }
        What::Left { rooms } => members(&heard, rooms, &MemberChange::Left, &heard.from.nick),
        What::Renamed { rooms, to } => {
            members(&heard, rooms, &MemberChange::Renamed(heard.from.nick.clone()), to)
        }
        What::Room { room } => Translation::Room(RoomNews::Changed(room.as_str().into())),
    }
}

fn said(heard: &Heard, room: &str, text: &str, notice: bool) -> Translation {
    let body = match text.strip_prefix(CTCP) {
        None => parse::text(text),
        Some(inner) => match inner.strip_suffix(CTCP).unwrap_or(inner).strip_prefix("ACTION ") {
            Some(action) => parse::action(action),
            None => return Translation::Ignored("ctcp"),
        },
    };
    if body.is_empty() {
        return Translation::Ignored("an empty line");
    }
    let message = Message::new(MessageRef::plain(heard.id.as_str()), body);
    let standing = match (heard.from.own, notice) {
        (true, _) => Standing::Relay,
        (false, true) => Standing::Bot,
        (false, false) => Standing::Person,
    };
    Translation::Events(vec![envelope(
        heard,
        room,
        Some(author(heard, &heard.from.nick, standing)),
        Event::Posted(message),
    )])
}

fn members(heard: &Heard, rooms: &[String], change: &MemberChange, name: &str) -> Translation {
    if heard.from.own {
        return Translation::Ignored("Relay's own");
    }
    let one = |room: &String| {
        let author = author(heard, name, Standing::Person);
        let event = Event::Member { change: change.clone(), version: heard.id.clone() };
        envelope(heard, room, Some(author), event)
    };
    Translation::Events(rooms.iter().map(one).collect())
}

fn author(heard: &Heard, name: &str, standing: Standing) -> Author {
    let id = ids::person(heard.from.account.as_deref(), &heard.from.folded);
    Author { id, name: name.to_owned(), avatar: None, standing }
}

fn envelope(heard: &Heard, room: &str, author: Option<Author>, event: Event) -> Envelope {
    Envelope { origin: ids::room(&heard.network, room), author, at: Timestamp(heard.at), event }
}

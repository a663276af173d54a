//! The rooms of an account: how it is let in, and what it sees then.

use super::asker::{Asker, Check, Choice, Ended, Question};
use super::{cut, discover};
use crate::commands::{AccountRooms, RoomLine};
use crate::platforms::Entry;
use relay_contract::{Connector, NativeId, Visibility};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

/// How long somebody has to write something in a room that is told of only then.
const PATIENCE: Duration = Duration::from_secs(60);
/// The same where nobody is there to do it.
const UNATTENDED: Duration = Duration::from_secs(8);
/// So many rooms are shown by name.
const SHOWN: usize = 8;

/// An account that can be asked.
pub struct Open {
    /// Its name.
    pub name: String,
    /// Its platform.
    pub entry: &'static Entry,
    /// Who Relay is there.
    pub bot: String,
    /// How it is asked; `None` where a running Relay was.
    pub connector: Option<Arc<dyn Connector>>,
    /// What it sees.
    pub rooms: Vec<RoomLine>,
    /// What is joined already: the channel, the room as it is written there, and what it is.
    pub joined: Vec<(String, String, Option<RoomLine>)>,
    /// The ids of rooms that were disconnected in the chat: nobody proposes to join them again.
    pub left: Vec<String>,
    /// Whether its rooms are written by their ids: where the platform has no list, nobody knows a name before Relay is there.
    pub by_id: bool,
}

impl Open {
    /// An account of which no room is known yet.
    pub fn new(
        name: String,
        entry: &'static Entry,
        bot: String,
        connector: Option<Arc<dyn Connector>>,
    ) -> Self {
        let (rooms, joined, left) = (Vec::new(), Vec::new(), Vec::new());
        Self { name, entry, bot, connector, rooms, joined, left, by_id: false }
    }

    /// Keeps what it sees.
    pub fn sees(&mut self, rooms: AccountRooms) {
        self.by_id = !rooms.complete || self.entry.guide.rooms_are_named;
        self.rooms = rooms.rooms;
    }
}

/// Has it let into rooms, and looks which it sees.
pub async fn find(asker: &mut dyn Asker, open: &mut Open) -> Result<(), Ended> {
    let Some(connector) = open.connector.clone() else { return Ok(()) };
    let guide = open.entry.guide;
    let link = connector.invitation().map(|link| format!("\n{link}\n")).unwrap_or_default();
    let steps = guide.rooms.iter().map(|step| step.replace("{link}", &link).replace("{bot}", &open.bot));
    asker.steps(&format!("{}: let {} into your rooms", guide.title, open.bot), &steps.collect::<Vec<_>>());
    if guide.rooms_are_named {
        return ask_for(asker, open, &*connector).await;
    }
    let mut first = true;
    loop {
        if first && asker.is_attended() {
            let question = Question::new(format!("{}.invited", open.name), "When that is done:");
            let later = Choice::new("Go on without", "rooms can be added when relay init is run again");
            if asker.one(&question, &[Choice::new("Look for rooms", ""), later])? == 1 {
                return Ok(());
            }
        }
        first = false;
        let patience = if asker.is_attended() { PATIENCE } else { UNATTENDED };
        asker.busy(match guide.heard {
            true => "Waiting until something is written in a room, for a minute at most",
            false => "Asking for its rooms",
        });
        let seen = discover::look(&open.name, &*connector, guide, patience).await;
        asker.done();
        let found = tell(asker, SEES, &seen);
        open.sees(seen);
        if !asker.is_attended() {
            return Ok(());
        }
        let question =
            Question::new(format!("{}.found", open.name), "Are the rooms there that you want to join?");
        let (again, on) = (Choice::new("Look again", "something was changed"), Choice::new("Go on", ""));
        let goes_on = match found {
            true => asker.one(&question, &[on, again])? == 0,
            false => asker.one(&question, &[again, on])? == 1,
        };
        if goes_on {
            return Ok(());
        }
    }
}

/// The same for an account that was let in already: nobody is asked where it sees rooms by itself.
pub async fn find_again(asker: &mut dyn Asker, open: &mut Open) -> Result<(), Ended> {
    let guide = open.entry.guide;
    if let Some(connector) = open.connector.clone().filter(|_| !guide.heard && !guide.rooms_are_named) {
        asker.busy(&format!("Asking {} for its rooms", guide.title));
        let seen = discover::look(&open.name, &*connector, guide, UNATTENDED).await;
        asker.done();
        // Here nothing has named its platform before.
        let found = tell(asker, &format!("On {} it sees", guide.title), &seen);
        open.sees(seen);
        if found {
            return Ok(());
        }
    }
    find(asker, open).await
}

/// Where people say which rooms, because the account sees none by itself.
async fn ask_for(asker: &mut dyn Asker, open: &mut Open, connector: &dyn Connector) -> Result<(), Ended> {
    let holds = open.entry.room_ids.holds;
    let whole = move |typed: &str| match typed.split_whitespace().find(|name| !holds(name)) {
        Some(name) => Err(format!("{} is no name of a room there", cut(name, 40))),
        None => Ok(()),
    };
    let check = Check { typing: Rc::new(|_| Ok(())), whole: Rc::new(whole) };
    let question =
        Question::new(format!("{}.rooms", open.name), "Which channels? With their signs, and blanks between");
    let typed = asker.text(&question, "", check)?;
    let ids: Vec<NativeId> = typed.split_whitespace().map(NativeId::from).collect();
    asker.busy("Looking at them");
    let seen = discover::named(&open.name, connector, &ids).await;
    asker.done();
    tell(asker, SEES, &seen);
    open.sees(seen);
    Ok(())
}

/// Who sees rooms, where the account was spoken of before.
const SEES: &str = "It sees";

/// Says what was found; whether that is something.
fn tell(asker: &mut dyn Asker, sees: &str, seen: &AccountRooms) -> bool {
    for problem in seen.problem.iter().chain(&seen.warnings) {
        asker.problem(problem);
    }
    let names: Vec<String> = seen.rooms.iter().take(SHOWN).map(|room| room.name.clone()).collect();
    let more = match seen.rooms.len().saturating_sub(SHOWN) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    match seen.rooms.len() {
        0 if seen.problem.is_none() => asker.problem(&format!("{sees} no room yet.")),
        0 => {}
        1 => asker.good(&format!("{sees} one room: {}.", names.join(""))),
        count => asker.good(&format!("{sees} {count} rooms: {}{more}.", names.join(", "))),
    }
    !seen.rooms.is_empty() && seen.problem.is_none()
}

/// What is to be known of a room before it is ticked.
pub fn hint(room: &RoomLine) -> String {
    let readers = match room.visibility {
        Visibility::Private => "read by invitation",
        Visibility::Space => "read by its space",
        Visibility::World => "read by anybody",
    };
    let people = match room.members {
        Some(1) => ", 1 member".to_owned(),
        Some(members) => format!(", {members} members"),
        None => String::new(),
    };
    let named =
        if room.link.ends_with(&room.name) { String::new() } else { format!("{}, ", cut(&room.name, 30)) };
    let trouble = if room.problem.is_some() { ", not let in yet" } else { "" };
    format!("{named}{readers}{people}{trouble}")
}

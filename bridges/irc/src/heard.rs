//! What was heard, with all that `translate` needs to know: the payload of an event.

use crate::known::State;
use crate::line::Line;
use crate::{ids, splits};
use relay_contract::{RawEvent, Timestamp};
use serde::{Deserialize, Serialize};

/// Something that happened on the network.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Heard {
    /// The network's identity.
    pub network: String,
    /// When, by the server's clock where it tells, in ms.
    pub at: i64,
    /// Tells it from everything else: the server's id of the message, else made when it came.
    pub id: String,
    /// Who did it.
    pub from: Who,
    /// What.
    #[serde(flatten)]
    pub what: What,
}

/// Who did it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Who {
    /// The nick as it is written.
    pub nick: String,
    /// Its one form.
    pub folded: String,
    /// The services account, where the server tells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// It was Relay.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub own: bool,
}

/// What happened. Rooms are folded names.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum What {
    /// Something was said in a channel.
    Said {
        /// Where.
        room: String,
        /// The words, with their codes.
        text: String,
        /// By a program, as a notice.
        notice: bool,
    },
    /// A command was given to Relay.
    Asked {
        /// The channel that it was given in; none in private.
        room: Option<String>,
        /// What stands behind the name.
        words: String,
    },
    /// Somebody came into a channel.
    Joined {
        /// Which.
        room: String,
    },
    /// Somebody has left channels.
    Left {
        /// Which.
        rooms: Vec<String>,
        /// Their server has lost this one.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        split: bool,
    },
    /// Somebody in these channels goes by another name now.
    Renamed {
        /// Which.
        rooms: Vec<String>,
        /// The new nick.
        to: String,
    },
    /// Something became of a channel that concerns Relay.
    Room {
        /// Which.
        room: String,
    },
}

/// What a line tells; none when it is nothing for anybody. `was_in` are the channels of somebody who is gone or renamed.
pub fn of(state: &State, network: &str, line: &Line, was_in: Vec<String>, now: Timestamp) -> Option<Heard> {
    let nick = line.from.name.clone();
    let own = state.is_own(&nick);
    let what = match line.command.as_str() {
        "PRIVMSG" | "NOTICE" if line.from.user.is_some() || own => {
            said(state, line.param(0), line.last(), line.command == "NOTICE")?
        }
        "JOIN" if own => What::Room { room: state.fold(line.param(0)) },
        "JOIN" => What::Joined { room: state.fold(line.param(0)) },
        "PART" if own => What::Room { room: state.fold(line.param(0)) },
        "PART" => What::Left { rooms: vec![state.fold(line.param(0))], split: false },
        "KICK" => return kicked(state, network, line, now),
        "QUIT" if !was_in.is_empty() => What::Left { rooms: was_in, split: splits::is_split(line.last()) },
        "NICK" if !own && !was_in.is_empty() => What::Renamed { rooms: was_in, to: line.param(0).to_owned() },
        "MODE" if state.is_channel(line.param(0)) && concerns_relay(state, line) => {
            What::Room { room: state.fold(line.param(0)) }
        }
        _ => return None,
    };
    let account = line.tag("account").map(str::to_owned);
    Some(heard(network, line, Who { folded: state.fold(&nick), nick, account, own }, what, now))
}

/// Whether modes say who may come in or speak: those of the channel, and Relay's own.
fn concerns_relay(state: &State, line: &Line) -> bool {
    line.param(1).contains(['i', 'k', 'm', 'b']) || line.params.iter().skip(2).any(|nick| state.is_own(nick))
}

fn heard(network: &str, line: &Line, from: Who, what: What, now: Timestamp) -> Heard {
    let at = line.tag("time").and_then(|time| time.parse::<jiff::Timestamp>().ok());
    let at = at.map_or(now, |at| Timestamp(at.as_millisecond()));
    let id = line.tag("msgid").filter(|id| id.len() <= 200).map_or_else(|| ids::message(now), str::to_owned);
    Heard { network: network.to_owned(), at: at.0, id, from, what }
}

fn kicked(state: &State, network: &str, line: &Line, now: Timestamp) -> Option<Heard> {
    let (room, nick) = (state.fold(line.param(0)), line.param(1));
    let what = match state.is_own(nick) {
        true => What::Room { room },
        false => What::Left { rooms: vec![room], split: false },
    };
    let who = Who { nick: nick.to_owned(), folded: state.fold(nick), ..Who::default() };
    Some(heard(network, line, who, what, now))
}

fn said(state: &State, target: &str, text: &str, notice: bool) -> Option<What> {
    // What is said to operators and the like alone has their sign before the channel.
    let target = target.trim_start_matches(|sign: char| {
        state.support.is_sign(sign) && !state.support.channel_signs.contains(sign)
    });
    if state.is_channel(target) {
        let room = Some(state.fold(target));
        return Some(match (command(state, text), room) {
            (Some(words), room) if !notice => What::Asked { room, words },
            (_, room) => What::Said { room: room?, text: text.to_owned(), notice },
        });
    }
    // In private nothing is answered that is no command: services talk in notices, other clients ask for versions.
    if notice || text.starts_with('\u{1}') || !state.is_own(target) {
        return None;
    }
    let words = command(state, text).unwrap_or_else(|| text.trim().to_owned());
    let (first, rest) = words.split_once(' ').unwrap_or((&words, ""));
    Some(match state.is_channel(first) {
        true => What::Asked { room: Some(state.fold(first)), words: rest.to_owned() },
        false => What::Asked { room: None, words },
    })
}

/// What stands behind `!relay`, or behind Relay's nick and a colon or comma.
fn command(state: &State, text: &str) -> Option<String> {
    let text = text.trim();
    let (first, rest) = text.split_once(' ').unwrap_or((text, ""));
    let is_sign = first.eq_ignore_ascii_case("!relay");
    let named = first.strip_suffix([':', ',']).is_some_and(|nick| state.is_own(nick));
    (is_sign || named).then(|| rest.trim().to_owned())
}

impl Heard {
    /// As an event. All of a network is one space: somebody who goes leaves several rooms at once.
    pub fn event(&self) -> Option<RawEvent> {
        let payload = serde_json::to_value(self).ok()?;
        Some(RawEvent { space: self.network.as_str().into(), payload, cursor: Some(self.at.to_string()) })
    }
}

impl Heard {
    /// That something became of a channel, found out by Relay itself.
    pub fn of_room(network: &str, room: String) -> Self {
        let now = Timestamp::now();
        let (network, id) = (network.to_owned(), ids::message(now));
        Self { network, at: now.0, id, from: Who::default(), what: What::Room { room } }
    }
}

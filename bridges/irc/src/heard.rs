//! What was heard, with all that `translate` needs to know: the payload of an event.

use crate::known::State;
use crate::line::Line;
use crate::{ids, splits};
use relay_contract::{Ask, RawEvent, Timestamp};
use serde::{Deserialize, Serialize};

/// The longest that a reaction is, in bytes.
const LONGEST_EMOJI: usize = 64;

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
    /// It was played back: said before this connection was there. Not part of the event.
    #[serde(skip)]
    pub played_back: bool,
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
        /// The message that it answers.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reply: Option<String>,
    },
    /// Somebody reacted to a message, or took it back.
    Reacted {
        /// Where.
        room: String,
        /// Which message.
        target: String,
        /// With what: an emoji, or a word.
        emoji: String,
        /// It was added.
        added: bool,
    },
    /// A message was taken back, or taken away by an operator.
    Redacted {
        /// Where.
        room: String,
        /// Which message.
        target: String,
    },
    /// Somebody is typing.
    Typing {
        /// Where.
        room: String,
    },
    /// A command was given to Relay.
    Asked {
        /// The channel that it was given in; none in private.
        room: Option<String>,
        /// What stands behind the name.
        words: String,
        /// The message that the command answers.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        about: Option<String>,
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
    // Under somebody's name, said by whom the tag names.
    let relayed = line.tag("draft/relaymsg");
    let own = state.is_own(relayed.unwrap_or(&nick));
    let what = match line.command.as_str() {
        "PRIVMSG" | "NOTICE" if line.from.user.is_some() || own => {
            let by_program = line.command == "NOTICE" || relayed.is_some() || line.has_tag("bot");
            said(state, line, by_program)?
        }
        "TAGMSG" => tagged(state, line)?,
        "REDACT" if state.is_channel(line.param(0)) && !line.param(1).is_empty() => {
            What::Redacted { room: state.fold(line.param(0)), target: line.param(1).to_owned() }
        }
        "JOIN" if own => What::Room { room: state.fold(line.param(0)) },
        // What was told of an empty channel is so no more.
        "JOIN" if is_no_more_alone(state, line.param(0)) => What::Room { room: state.fold(line.param(0)) },
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

/// Whether Relay and one other are in a channel.
fn is_no_more_alone(state: &State, channel: &str) -> bool {
    state.channels.get(&state.fold(channel)).is_some_and(|channel| channel.members.len() == 2)
}

/// Whether modes say who may come in or speak: those of the channel, and Relay's own.
fn concerns_relay(state: &State, line: &Line) -> bool {
    line.param(1).contains(['i', 'k', 'm', 'b']) || line.params.iter().skip(2).any(|nick| state.is_own(nick))
}

fn heard(network: &str, line: &Line, from: Who, what: What, now: Timestamp) -> Heard {
    let at = line.tag("time").and_then(|time| time.parse::<jiff::Timestamp>().ok());
    let at = at.map_or(now, |at| Timestamp(at.as_millisecond()));
    let id = line
        .tag("msgid")
        .filter(|id| id.len() <= ids::LONGEST_MESSAGE_ID)
        .map_or_else(|| ids::message(now), str::to_owned);
    Heard { network: network.to_owned(), at: at.0, id, from, what, played_back: false }
}

/// What a line tells that was said before: people's words, what they put on them and what they took back, and nothing else. Words
/// without an id get one that is the same whenever they are played back. Of commands it is a no: whoever has a nick now would be
/// answered for, and have the rights of, whoever had it then; one without an id was perhaps heard.
pub fn before(state: &State, network: &str, line: &Line, now: Timestamp) -> Option<Heard> {
    let mut heard = of(state, network, line, Vec::new(), now)?;
    if let What::Said { text, .. } = &heard.what
        && line.tag("msgid").is_none()
    {
        heard.id = ids::played_back(Timestamp(heard.at), &heard.from.folded, text);
    }
    let counts = match &heard.what {
        What::Said { .. } | What::Reacted { .. } | What::Redacted { .. } => true,
        What::Asked { words, .. } => line.tag("msgid").is_some() && Ask::parse(words).only_forbids(),
        _ => false,
    };
    counts.then_some(Heard { played_back: true, ..heard })
}

/// What a line without words tells by its tags.
/// Sources: <https://ircv3.net/specs/client-tags/react>, <https://ircv3.net/specs/client-tags/typing>.
fn tagged(state: &State, line: &Line) -> Option<What> {
    let room = Some(line.param(0)).filter(|room| state.is_channel(room)).map(|room| state.fold(room))?;
    let draft = |name: &str| line.tag(&format!("+draft/{name}")).or_else(|| line.tag(&format!("+{name}")));
    let emoji =
        |name| draft(name).filter(|emoji| emoji.len() <= LONGEST_EMOJI && !emoji.contains(char::is_control));
    let added = emoji("react");
    match (added.or_else(|| emoji("unreact")), draft("reply")) {
        (Some(emoji), Some(target)) => Some(What::Reacted {
            room,
            target: target.to_owned(),
            emoji: emoji.to_owned(),
            added: added.is_some(),
        }),
        _ => (line.tag("+typing") == Some("active")).then_some(What::Typing { room }),
    }
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

fn said(state: &State, line: &Line, notice: bool) -> Option<What> {
    let (target, text) = (line.param(0), line.last());
    // What is said to operators and the like alone has their sign before the channel.
    let target = target.trim_start_matches(|sign: char| {
        state.support.is_sign(sign) && !state.support.channel_signs.contains(sign)
    });
    let alone = target != line.param(0);
    if state.is_channel(target) {
        let room = Some(state.fold(target));
        let reply = line.tag("+draft/reply").or_else(|| line.tag("+reply")).map(str::to_owned);
        return Some(match (command(state, text), room) {
            (Some(words), room) if !notice => What::Asked { room, words, about: reply },
            // It is not for everybody who is bridged, either.
            _ if alone => return None,
            (_, room) => What::Said { room: room?, text: text.to_owned(), notice, reply },
        });
    }
    // In private nothing is answered that is no command: services talk in notices, other clients ask for versions.
    if notice || text.starts_with('\u{1}') || !state.is_own(target) {
        return None;
    }
    let words = command(state, text).unwrap_or_else(|| text.trim().to_owned());
    let (first, rest) = words.split_once(' ').unwrap_or((&words, ""));
    Some(match state.is_channel(first) {
        true => What::Asked { room: Some(state.fold(first)), words: rest.to_owned(), about: None },
        false => What::Asked { room: None, words, about: None },
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
        let what = What::Room { room };
        Self { network, at: now.0, id, from: Who::default(), what, played_back: false }
    }
}

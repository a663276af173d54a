//! `/relay` on IRC: `!relay …` or `relay: …` in a channel, or in private with the channel before it.

use crate::config::Config;
use crate::heard::Heard;
use crate::known::Known;
use crate::line::compose;
use crate::{deliver, ids, render};
use relay_contract::{
    Answer, Ask, Asker, Call, DeliverError, MessageRef, NativeId, RoomKey, SpaceRef, Timestamp,
};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The most lines of an answer.
const MOST: usize = 12;

/// C24 asks for an answer within 15 seconds.
const WITHIN: Duration = Duration::from_secs(14);

/// What a call carries for its answer.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Origin {
    /// Who is answered.
    nick: String,
}

/// Somebody's command, `about` a message where it answers one. In private without a channel it is about no room.
pub fn call(heard: &Heard, room: Option<&str>, words: &str, about: Option<&str>) -> Call {
    let nick = heard.from.nick.clone();
    // In private, behind the channel, nobody need call Relay.
    let words = words.trim_start();
    let words = words.strip_prefix("!relay").unwrap_or(words);
    let origin = Origin { nick: nick.clone() };
    Call {
        room: ids::room(&heard.network, room.unwrap_or(&heard.from.folded)),
        space: SpaceRef { id: heard.network.as_str().into(), name: heard.network.clone() },
        asker: Asker { id: ids::person(heard.from.account.as_deref(), &heard.from.folded), name: nick },
        locale: None,
        ask: Ask::parse(words).about(about.map(MessageRef::plain)),
        at: Timestamp(heard.at),
        message: Some(heard.id.as_str().into()),
        reply: serde_json::to_value(origin).unwrap_or_default(),
    }
}

/// Whether the asker is an operator of the channel now.
pub fn may_manage(known: &Known, call: &Call) -> bool {
    let origin = Origin::deserialize(&call.reply);
    origin.is_ok_and(|origin| known.look(|state| state.manages(call.room.room.as_str(), &origin.nick)))
}

/// The same of anybody. Somebody known by their account may go by any nick, and is found where the server tells members' accounts.
pub fn manages_room(known: &Known, room: &RoomKey, person: &NativeId) -> bool {
    let room = room.room.as_str();
    known.look(|state| match (ids::nick_of(person), ids::account_of(person)) {
        (Some(nick), _) => state.manages(room, nick),
        (None, Some(account)) => state.account_manages(room, account),
        (None, None) => false,
    })
}

/// Answers the asker alone.
pub async fn answer(
    config: &Config,
    known: &Known,
    call: &Call,
    answer: &Answer,
) -> Result<(), DeliverError> {
    let nick = match Origin::deserialize(&call.reply) {
        Ok(Origin { nick }) if ids::is_nick(&nick) => nick,
        _ => return Err(DeliverError::Rejected("the call names nobody who could be answered".to_owned())),
    };
    let way = known.way.borrow().clone();
    let way = way.ok_or_else(|| DeliverError::Unavailable("not connected".to_owned()))?;
    let (most, room) = known.look(|state| (state.room_for(&nick), state.fold(&nick)));
    let lines = render::lines(&answer.text, None, most, MOST.min(config.most_lines));
    let lines = lines.iter().map(|line| compose(&["NOTICE", &nick, line])).collect();
    let late =
        |_| Err(DeliverError::Unsure(format!("the server said nothing within {} s", WITHIN.as_secs())));
    tokio::time::timeout(WITHIN, deliver::send(&way, lines, Some(room), None))
        .await
        .unwrap_or_else(late)
        .map(drop)
}

//! `/relay help` and `/relay status`.

use super::Commands;
use super::words::shown;
use crate::engine::{LaneState, LinkStatus};
use crate::routing::Direction;
use relay_contract::RoomKey;
use std::collections::BTreeMap;

/// What there is; after a word that is none of it.
pub fn help(unknown: Option<&str>) -> String {
    let first = match unknown {
        Some(verb) => format!("There is no /relay {verb}. There is:"),
        None => "Relay joins rooms on different platforms. There is:".to_owned(),
    };
    format!(
        "{first}\n\
         • /relay status: how this room is joined, and whether it works\n\
         • /relay connect CHANNEL: join this room to a Relay channel; for those who may manage the room\n\
         • /relay disconnect [CHANNEL]: leave it again\n\
         • /relay approve CODE: let a room in; in a room of a channel's owners\n\
         • who reacted to a message, what became of it elsewhere, delete it everywhere (its author, and those who may manage the \
         room): in the message's own menu; on Telegram answer it with /relay who, /relay trace or /relay delete\n\
         • /relay help: this"
    )
}

impl Commands {
    /// How a room is joined. Other rooms are counted and not named: the asker may not be able to see them.
    pub(super) fn status(&self, room: &RoomKey) -> String {
        let joined = self.core.joined(room);
        if joined.is_empty() {
            return "This room is not joined to any Relay channel.".into();
        }
        let depths = self.core.ledger.depths();
        let routes = self.core.routes.borrow().clone();
        let mut text = String::new();
        for (name, link) in joined {
            let status = self.core.link_status(&link, &depths);
            let mut others: BTreeMap<String, usize> = BTreeMap::new();
            for link in routes.channel(&name).iter().filter(|link| link.room != *room) {
                *others.entry(shown(&link.room.platform)).or_default() += 1;
            }
            let others: Vec<String> = others
                .into_iter()
                .map(|(platform, count)| {
                    format!("{count} {platform} room{}", if count == 1 { "" } else { "s" })
                })
                .collect();
            let with = match others.is_empty() {
                true => "no other room yet".to_owned(),
                false => others.join(", "),
            };
            let way = match link.direction {
                Direction::Both => "",
                Direction::In => " What is said elsewhere is not shown here.",
                Direction::Out => " What is said here is not shown elsewhere.",
            };
            text.push_str(&format!("Joined to {name}, with {with}: {}.{way}\n", how(&status)));
            for reason in self.given_up(room, status.dead) {
                text.push_str(&format!("• {reason}\n"));
            }
            for problem in &status.problems {
                text.push_str(&format!("• {problem}\n"));
            }
        }
        text.trim_end().to_owned()
    }
}

/// So many reasons are told.
const REASONS: usize = 3;

impl Commands {
    /// Why the newest deliveries into a room were given up: they were to be shown here, so their reasons may be told here.
    fn given_up(&self, room: &RoomKey, dead: u64) -> Vec<String> {
        if dead == 0 {
            return Vec::new();
        }
        let letters = self.core.ledger.newest_letters_of(room, 20).unwrap_or_default();
        let mut reasons: Vec<String> = Vec::new();
        for (_, letter) in letters.into_iter().rev() {
            if !reasons.contains(&letter.reason) {
                reasons.push(letter.reason);
            }
        }
        reasons.truncate(REASONS);
        let mut told: Vec<String> = reasons.into_iter().map(|reason| format!("given up: {reason}")).collect();
        told.push("whoever runs Relay sends them with: relay queue retry".to_owned());
        told
    }
}

fn how(link: &LinkStatus) -> String {
    let state = match &link.lane {
        Some(LaneState::Idle | LaneState::Busy) => "works".to_owned(),
        Some(LaneState::Held) => "held by a rate limit".into(),
        Some(LaneState::Waiting) | None => "waits for its platform".into(),
        Some(LaneState::Retrying { .. }) => {
            "the last message could not be delivered; it is tried again".into()
        }
        Some(LaneState::Parked { problem }) => format!("parked: {problem}"),
        Some(LaneState::Paused { .. }) => {
            "paused by whoever runs Relay; what is said is kept for later".into()
        }
    };
    let queued = if link.queued > 0 { format!(", {} waiting", link.queued) } else { String::new() };
    let dead = if link.dead > 0 { format!(", {} given up", link.dead) } else { String::new() };
    format!("{}{queued}{dead}", state.trim_end_matches('.'))
}

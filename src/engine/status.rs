//! How everything is, as one value: for `relay status`, the readiness page and commands.

use super::core::{Core, RunningAccount};
use super::states::{AccountState, LaneState, RoomState};
use crate::routing::Direction;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::PoisonError;

/// Everything.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Status {
    /// Relay's version.
    pub version: String,
    /// Each account.
    pub accounts: Vec<AccountStatus>,
    /// Each Relay channel.
    pub channels: Vec<ChannelStatus>,
    /// What happened since the start.
    pub counters: BTreeMap<String, u64>,
    /// Deliveries that were given up, newest last, at most 20.
    pub dead_letters: Vec<DeadLetterStatus>,
    /// Last line of the ledger's index log, and the line that the mapping has reached.
    pub ledger_position: u64,
    /// See `ledger_position`.
    pub mapping_position: u64,
}

/// One account.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AccountStatus {
    /// Its name in the config.
    pub name: String,
    /// Its platform.
    pub platform: String,
    /// How it is.
    #[serde(flatten)]
    pub state: AccountState,
    /// What it missed last, as its platform could not tell it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missed: Option<Missed>,
}

/// Something that was said and not heard.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Missed {
    /// When Relay learnt of it, in milliseconds since the epoch.
    pub at: i64,
    /// What, and why.
    pub what: String,
}

/// One Relay channel.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ChannelStatus {
    /// Its name.
    pub name: String,
    /// Its links.
    pub links: Vec<LinkStatus>,
}

/// One link.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct LinkStatus {
    /// The account it goes through.
    pub account: String,
    /// The id that the admin wrote.
    pub room: String,
    /// The room's name, once it was found.
    pub name: Option<String>,
    /// The space's name, once it was found.
    pub space: Option<String>,
    /// Which way it carries.
    pub direction: String,
    /// What is wrong with the room or missing in it, and what to do.
    pub problems: Vec<String>,
    /// How its lane is, once it runs.
    pub lane: Option<LaneState>,
    /// Deliveries that wait.
    pub queued: u64,
    /// Deliveries that were given up.
    pub dead: u64,
}

/// A delivery that was given up.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DeadLetterStatus {
    /// Into which room.
    pub room: String,
    /// The envelope.
    pub envelope: String,
    /// Why.
    pub reason: String,
    /// When, in milliseconds since the epoch.
    pub at: i64,
}

impl RunningAccount {
    fn missed(&self) -> Option<Missed> {
        let missed = self.missed.lock().unwrap_or_else(PoisonError::into_inner).clone();
        missed.map(|(at, what)| Missed { at: at.0, what })
    }
}

impl Core {
    /// How everything is now.
    pub fn status(&self) -> Status {
        let accounts = self.accounts.values().map(|account| AccountStatus {
            name: account.name.to_string(),
            platform: account.connector.platform().to_string(),
            state: account.state.borrow().clone(),
            missed: account.missed(),
        });
        let letters = self.ledger.dead_letters(1000).unwrap_or_default();
        let newest = letters.iter().rev().take(20).rev();
        Status {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            accounts: accounts.collect(),
            channels: self.channel_statuses(),
            counters: self.counters.all().map(|(name, count)| (name.to_owned(), count)).collect(),
            dead_letters: newest
                .map(|(room, envelope, letter)| DeadLetterStatus {
                    room: room.to_string(),
                    envelope: envelope.to_string(),
                    reason: letter.reason.clone(),
                    at: letter.at,
                })
                .collect(),
            ledger_position: self.ledger.position(),
            mapping_position: self.lookup.position(),
        }
    }

    fn channel_statuses(&self) -> Vec<ChannelStatus> {
        let depths = self.ledger.depths();
        let known = self.ledger.known_rooms().unwrap_or_default();
        let link_status = |link: &super::core::PlannedLink| {
            let remembered =
                known.iter().find(|entry| entry.account == link.account && entry.asked == link.room);
            let room = remembered.map(|entry| &entry.room);
            let problems = match self.states.get(&link.account, &link.room) {
                Some(RoomState::Found(report)) => report.warnings.iter().map(ToString::to_string).collect(),
                Some(RoomState::Missing(problem)) => vec![problem.to_string()],
                None => Vec::new(),
            };
            let depth = room.and_then(|room| depths.get(&room.key)).copied().unwrap_or_default();
            LinkStatus {
                account: link.account.to_string(),
                room: link.room.to_string(),
                name: room.map(|room| room.name.clone()),
                space: room.map(|room| room.space_name.clone()),
                direction: match link.direction {
                    Direction::Both => "both",
                    Direction::In => "in",
                    Direction::Out => "out",
                }
                .to_owned(),
                problems,
                // A room that was found by an earlier run has a lane as soon as its account is up.
                lane: room.map(|room| self.lane(&room.key).map_or(LaneState::Waiting, |lane| lane.state())),
                queued: depth.queued,
                dead: depth.dead,
            }
        };
        self.channels
            .iter()
            .map(|(name, links)| ChannelStatus {
                name: name.clone(),
                links: links.iter().map(link_status).collect(),
            })
            .collect()
    }
}

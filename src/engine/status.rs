//! How everything is, as one value: for `relay status`, the readiness page and commands.

use super::core::{Core, RunningAccount};
use super::disk::DiskState;
use super::links::{Channel, PlannedLink, PlannedRoom};
use super::reload::ConfigState;
use super::states::{AccountState, LaneState, RoomState};
use crate::routing::{Connect, Direction};
use crate::store::ledger::Depth;
use relay_contract::RoomKey;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use std::sync::PoisonError;

/// Everything.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Status {
    /// Relay's version.
    pub version: String,
    /// What is known of the config file.
    #[serde(default)]
    pub config: ConfigState,
    /// Each account.
    pub accounts: Vec<AccountStatus>,
    /// Each Relay channel.
    pub channels: Vec<ChannelStatus>,
    /// What happened since the start.
    pub counters: BTreeMap<String, u64>,
    /// What is held at the door, by room and sender.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub held: Vec<HeldStatus>,
    /// Deliveries that were given up, newest last, at most 20.
    pub dead_letters: Vec<DeadLetterStatus>,
    /// The disk that the state is on.
    #[serde(default)]
    pub disk: DiskState,
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
    /// Missing rights that concern the whole account, and what to do.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// Since when all its deliveries are held, in milliseconds since the epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused: Option<i64>,
    /// What it missed last, as its platform could not tell it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missed: Option<Missed>,
    /// Rooms whose histories are being read: what was said while nobody listened.
    #[serde(default, skip_serializing_if = "is_none")]
    pub catching_up: usize,
}

fn is_none(rooms: &usize) -> bool {
    *rooms == 0
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
    /// Which rooms may join it from the chat.
    pub connect: Connect,
    /// Its links.
    pub links: Vec<LinkStatus>,
    /// Rooms in which newcomers may be let in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub owners: Vec<OwnersRoom>,
    /// Links of the admin's file that were disconnected.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub disconnected: Vec<LinkStatus>,
}

/// A room in which newcomers may be let in.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct OwnersRoom {
    /// How it is written in a config.
    pub link: String,
    /// Its name, once it was found.
    pub name: Option<String>,
    /// What is wrong with it, and what to do.
    pub problems: Vec<String>,
}

/// One link.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct LinkStatus {
    /// How it is written in a config.
    #[serde(default)]
    pub link: String,
    /// The account it goes through.
    pub account: String,
    /// The id or name that was written.
    pub room: String,
    /// The room's name, once it was found.
    pub name: Option<String>,
    /// The space's name, once it was found.
    pub space: Option<String>,
    /// Which way it carries.
    pub direction: Direction,
    /// It was made from the chat.
    #[serde(default)]
    pub joined: bool,
    /// How people are called there, where that was set in the chat.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
    /// What is wrong with the room or missing in it, and what to do.
    pub problems: Vec<String>,
    /// How its lane is, once it runs.
    pub lane: Option<LaneState>,
    /// Deliveries that wait.
    pub queued: u64,
    /// Deliveries that were given up.
    pub dead: u64,
    /// Deliveries that a purge has taken back.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub purged: u64,
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// Somebody whose messages are held at the door.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct HeldStatus {
    /// The room.
    pub room: String,
    /// How people call it, where that is known.
    pub name: Option<String>,
    /// The sender's id there, as `relay purge` takes it.
    pub sender: String,
    /// How much is held.
    pub held: u64,
}

/// A delivery that was given up.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DeadLetterStatus {
    /// Into which room.
    pub room: String,
    /// The same as a config writes it, where an account has asked for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// The envelope.
    pub envelope: String,
    /// Why.
    pub reason: String,
    /// When, in milliseconds since the epoch.
    pub at: i64,
}

impl RunningAccount {
    /// Which rights the account has not, and what to do.
    pub fn warnings(&self) -> Vec<String> {
        let warnings = self.warnings.lock().unwrap_or_else(PoisonError::into_inner);
        warnings.iter().map(ToString::to_string).collect()
    }

    /// The same, and what its platform's breaker says.
    pub(super) fn all_warnings(&self) -> Vec<String> {
        let breaker = self.weather.borrow().in_words(&self.connector.platform());
        self.warnings().into_iter().chain(breaker).collect()
    }

    fn missed(&self) -> Option<Missed> {
        let missed = self.missed.lock().unwrap_or_else(PoisonError::into_inner).clone();
        missed.map(|(at, what)| Missed { at: at.0, what })
    }
}

impl Core {
    /// How everything is now.
    pub fn status(&self) -> Status {
        let accounts = self.accounts.all();
        let accounts = accounts.iter().map(|account| AccountStatus {
            name: account.name.to_string(),
            platform: account.connector.platform().to_string(),
            state: account.state.borrow().clone(),
            warnings: account.all_warnings(),
            paused: self.account_paused(&account.name),
            missed: account.missed(),
            catching_up: account.catch_up.rooms(),
        });
        let letters = self.ledger.dead_letters(1000).unwrap_or_default();
        let newest = letters.iter().rev().take(20).rev();
        Status {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            config: self.config.borrow().clone(),
            accounts: accounts.collect(),
            channels: self.channel_statuses(),
            counters: self.counters.all().map(|(name, count)| (name.to_owned(), count)).collect(),
            held: self.held_statuses(),
            dead_letters: newest
                .map(|(room, envelope, letter)| DeadLetterStatus {
                    room: room.to_string(),
                    link: self
                        .known
                        .asked_for(room)
                        .into_iter()
                        .next()
                        .map(|(by, asked, _)| format!("{by}:{asked}")),
                    envelope: envelope.to_string(),
                    reason: letter.reason.clone(),
                    at: letter.at,
                })
                .collect(),
            disk: self.disk.state(),
            ledger_position: self.ledger.position(),
            mapping_position: self.lookup.position(),
        }
    }

    fn held_statuses(&self) -> Vec<HeldStatus> {
        let held = self.ledger.held().into_iter();
        let of = |((room, sender), held): (crate::store::Sender, u64)| HeldStatus {
            room: room.to_string(),
            name: self.reached_by(&room).map(|(.., known)| known.name),
            sender: format!("{}:{sender}", room.platform),
            held,
        };
        held.map(of).collect()
    }

    fn channel_statuses(&self) -> Vec<ChannelStatus> {
        let depths = self.ledger.depths();
        let channels = self.channels();
        let of = |(name, channel): (&String, &Channel)| ChannelStatus {
            name: name.clone(),
            connect: channel.connect,
            links: self.links_of(channel, &depths),
            owners: channel.owners.iter().map(|owner| self.owners_room(owner)).collect(),
            disconnected: channel.disconnected.iter().map(|link| self.link_status(link, &depths)).collect(),
        };
        channels.iter().map(of).collect()
    }

    fn links_of(&self, channel: &Channel, depths: &HashMap<RoomKey, Depth>) -> Vec<LinkStatus> {
        let mut seen: HashMap<RoomKey, &PlannedRoom> = HashMap::new();
        let mut statuses = Vec::with_capacity(channel.links.len());
        for link in &channel.links {
            let mut status = self.link_status(link, depths);
            // Two ways to write one room: only known once both were found.
            if let Some(known) = self.known.get(&link.at.account, &link.at.room)
                && let Some(first) = seen.insert(known.key, &link.at)
            {
                let same = format!(
                    "This is the same room as `{}:{}`: remove one of the two.",
                    first.account, first.room
                );
                status.problems.push(same);
            }
            statuses.push(status);
        }
        statuses
    }

    fn owners_room(&self, PlannedRoom { account, room, .. }: &PlannedRoom) -> OwnersRoom {
        let problems = match self.states.get(account, room) {
            Some(RoomState::Missing(problem)) => vec![problem.to_string()],
            Some(RoomState::Found(_)) | None => Vec::new(),
        };
        let name = self.known.get(account, room).map(|known| known.name);
        OwnersRoom { link: format!("{account}:{room}"), name, problems }
    }

    /// How one link is.
    pub fn link_status(&self, link: &PlannedLink, depths: &HashMap<RoomKey, Depth>) -> LinkStatus {
        let PlannedRoom { account, room: asked, .. } = &link.at;
        let known = self.known.get(account, asked);
        let mut problems = match self.states.get(account, asked) {
            Some(RoomState::Found(report)) => report.warnings.iter().map(ToString::to_string).collect(),
            Some(RoomState::Missing(problem)) => vec![problem.to_string()],
            None => Vec::new(),
        };
        if let Some(cut) = known.as_ref().and_then(|known| self.repeats.cut_in(&known.key)) {
            problems.push(format!(
                "Another bridge is in this room: {} message(s) by {} that brought back what Relay carries were cut.",
                cut.count, cut.by
            ));
        }
        let depth = known.as_ref().and_then(|known| depths.get(&known.key)).copied().unwrap_or_default();
        LinkStatus {
            link: format!("{account}:{asked}"),
            account: account.to_string(),
            room: asked.to_string(),
            name: known.as_ref().map(|known| known.name.clone()),
            space: known.as_ref().map(|known| known.space_name.clone()),
            direction: link.direction,
            joined: link.joined,
            template: link.settings.name.clone().filter(|name| link.own_name.as_ref() != Some(name)),
            problems,
            lane: known.map(|known| self.lane_state(&known.key)),
            queued: depth.queued,
            dead: depth.dead,
            purged: depth.purged,
        }
    }
}

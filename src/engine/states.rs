//! How accounts, rooms and lanes are: small closed sets, for status and for whoever waits.

use relay_contract::{Account, NativeId, Problem, RoomReport};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};
use tokio::sync::watch;

/// How an account is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum AccountState {
    /// Its credential is being checked.
    Starting,
    /// Connected.
    Up,
    /// The connection is being made again.
    Interrupted {
        /// Why it broke.
        reason: String,
    },
    /// Waits for a person.
    Parked {
        /// What is wrong and what to do.
        problem: Problem,
    },
}

impl AccountState {
    /// Whether deliveries may be attempted.
    pub fn may_deliver(&self) -> bool {
        matches!(self, Self::Up | Self::Interrupted { .. })
    }
}

/// How a lane is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum LaneState {
    /// Nothing to deliver.
    Idle,
    /// Delivering.
    Busy,
    /// The last attempt failed; the next is due.
    Retrying {
        /// Why it failed.
        reason: String,
    },
    /// Held by a rate limit.
    Held,
    /// Its account cannot deliver now.
    Waiting,
    /// Waits for a person.
    Parked {
        /// What is wrong and what to do.
        problem: Problem,
    },
    /// A person holds it.
    Paused {
        /// Since when, in milliseconds since the epoch.
        since: i64,
        /// All of its account is held, not the room alone.
        account: bool,
        /// Those who manage the room hold it, not whoever runs Relay.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        chat: bool,
        /// When it goes on by itself, in milliseconds since the epoch.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<i64>,
    },
}

/// What is known of a link's room.
#[derive(Debug, Clone)]
pub enum RoomState {
    /// Found.
    Found(RoomReport),
    /// Not usable.
    Missing(Problem),
}

/// What is known of each link's room, by account and the id that the admin wrote, and which accounts have answered.
#[derive(Debug, Default)]
pub struct States {
    rooms: Mutex<HashMap<(Account, NativeId), RoomState>>,
    checked: watch::Sender<BTreeSet<Account>>,
}

impl States {
    /// An account's first preflight has ended, well or not.
    pub fn checked(&self, account: &Account) {
        self.checked.send_if_modified(|checked| checked.insert(account.clone()));
    }

    /// The accounts that have ended their first preflight, as they come.
    pub fn checks(&self) -> watch::Receiver<BTreeSet<Account>> {
        self.checked.subscribe()
    }

    /// Resolves when an account has ended its first preflight.
    pub async fn has_checked(&self, account: &Account) {
        // The sender lives as long as `self`: waiting cannot fail.
        let _ = self.checked.subscribe().wait_for(|checked| checked.contains(account)).await;
    }

    /// A room was found.
    pub fn found(&self, account: &Account, asked: &NativeId, report: RoomReport) {
        self.set(account, asked, RoomState::Found(report));
    }

    /// A room cannot be used.
    pub fn missing(&self, account: &Account, asked: &NativeId, problem: Problem) {
        self.set(account, asked, RoomState::Missing(problem));
    }

    /// What is known.
    pub fn get(&self, account: &Account, asked: &NativeId) -> Option<RoomState> {
        let states = self.rooms.lock().unwrap_or_else(PoisonError::into_inner);
        states.get(&(account.clone(), asked.clone())).cloned()
    }

    /// Whether it is known that a room cannot be used.
    pub fn is_missing(&self, account: &Account, asked: &NativeId) -> bool {
        let states = self.rooms.lock().unwrap_or_else(PoisonError::into_inner);
        matches!(states.get(&(account.clone(), asked.clone())), Some(RoomState::Missing(_)))
    }

    /// Rooms of an account that cannot be used.
    pub fn missing_of(&self, account: &Account) -> Vec<NativeId> {
        let states = self.rooms.lock().unwrap_or_else(PoisonError::into_inner);
        let missing =
            states.iter().filter(|((of, _), state)| of == account && matches!(state, RoomState::Missing(_)));
        missing.map(|((_, asked), _)| asked.clone()).collect()
    }

    /// An account begins anew: what an earlier one of its name was told does not count.
    pub fn begins_anew(&self, account: &Account) {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner).retain(|(of, _), _| of != account);
        self.checked.send_if_modified(|checked| checked.remove(account));
    }

    fn set(&self, account: &Account, asked: &NativeId, state: RoomState) {
        let mut states = self.rooms.lock().unwrap_or_else(PoisonError::into_inner);
        states.insert((account.clone(), asked.clone()), state);
    }
}

//! What all parts of the engine share: the stores, the routes, the accounts, the lanes by room.

use super::rate_limit::RateLimit;
use super::states::{AccountState, LaneState, States};
use crate::observe::Counters;
use crate::routing::{Direction, Link, Routes};
use crate::store::ledger::KnownRoomEntry;
use crate::store::records::KnownRoom;
use crate::store::{Ledger, Lookup, StoreError};
use actix::{Actor, Addr};
use relay_contract::{Account, Connector, NativeId, RoomKey, RoomReport, SpaceRef, Timestamp};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// What the engine is to run.
pub struct Plan {
    /// The accounts.
    pub accounts: Vec<AccountPlan>,
    /// Relay channels by name, with their links.
    pub channels: BTreeMap<String, Vec<PlannedLink>>,
}

/// One account.
pub struct AccountPlan {
    /// Its name.
    pub name: Account,
    /// Opened with its credential.
    pub connector: Arc<dyn Connector>,
    /// Whether the platform's published ceilings are kept.
    pub ceilings: bool,
}

/// A link as the admin wrote it: the room is not looked up yet.
#[derive(Debug, Clone)]
pub struct PlannedLink {
    /// Through which account.
    pub account: Account,
    /// The id that the admin wrote.
    pub room: NativeId,
    /// Which way.
    pub direction: Direction,
}

/// An account while it runs.
pub struct RunningAccount {
    /// Its name.
    pub name: Account,
    /// The platform behind it.
    pub connector: Arc<dyn Connector>,
    /// The rooms that its links name.
    pub rooms: Vec<NativeId>,
    /// How it is.
    pub state: watch::Sender<AccountState>,
    /// What it missed last, and when.
    pub missed: Mutex<Option<(Timestamp, String)>>,
    /// Its budget.
    pub limit: Addr<RateLimit>,
    /// Asks its reader to check the credential and the rooms again.
    pub recheck: Notify,
}

/// A lane, seen from outside its loop.
pub struct LaneHandle {
    /// The room.
    pub room: RoomKey,
    /// Who delivers.
    pub account: Arc<RunningAccount>,
    /// The space it belongs to.
    pub space: SpaceRef,
    /// Something new is in the outbox, or something changed that it waits for.
    pub wake: Notify,
    /// How it is.
    pub state: Mutex<LaneState>,
}

/// Shared by all parts.
pub struct Core {
    /// The truth.
    pub ledger: Ledger,
    /// Message ids.
    pub lookup: Lookup,
    /// Links now in force.
    pub routes: watch::Sender<Arc<Routes>>,
    /// Links as the admin wrote them.
    pub channels: BTreeMap<String, Vec<PlannedLink>>,
    /// All accounts.
    pub accounts: BTreeMap<Account, Arc<RunningAccount>>,
    /// Lanes by room.
    pub lanes: Mutex<HashMap<RoomKey, Arc<LaneHandle>>>,
    /// What is known of each link's room, for status.
    pub states: States,
    /// What happened.
    pub counters: Counters,
    /// Cancelled first: nothing new is heard.
    pub listening: CancellationToken,
    /// Cancelled second: lanes end when nothing is due.
    pub draining: CancellationToken,
    /// The readers that still run.
    pub readers: TaskTracker,
    /// The lanes that still run.
    pub lane_tasks: TaskTracker,
}

impl Core {
    pub(super) fn new(ledger: Ledger, lookup: Lookup, plan: Plan) -> Result<Self, StoreError> {
        let mut accounts = BTreeMap::new();
        for account in plan.accounts {
            let links = plan.channels.values().flatten().filter(|link| link.account == account.name);
            let mut rooms: Vec<NativeId> = links.map(|link| link.room.clone()).collect();
            rooms.sort();
            rooms.dedup();
            let running = RunningAccount {
                name: account.name.clone(),
                connector: account.connector,
                rooms,
                state: watch::Sender::new(AccountState::Starting),
                missed: Mutex::default(),
                limit: RateLimit::new(account.ceilings).start(),
                recheck: Notify::new(),
            };
            accounts.insert(account.name, Arc::new(running));
        }
        let core = Self {
            ledger,
            lookup,
            routes: watch::Sender::new(Arc::default()),
            channels: plan.channels,
            accounts,
            lanes: Mutex::default(),
            states: States::default(),
            counters: Counters::default(),
            listening: CancellationToken::new(),
            draining: CancellationToken::new(),
            readers: TaskTracker::new(),
            lane_tasks: TaskTracker::new(),
        };
        core.link_known_rooms()?;
        core.readers.close();
        core.lane_tasks.close();
        Ok(core)
    }

    /// Puts links into force whose rooms were found at an earlier start: an account that is parked now still gets its
    /// messages queued.
    fn link_known_rooms(&self) -> Result<(), StoreError> {
        for KnownRoomEntry { account, asked, room } in self.ledger.known_rooms()? {
            if self.accounts.contains_key(&account) {
                self.link(&account, &asked, &room.key);
            }
        }
        Ok(())
    }

    /// Puts the links of a room into force.
    fn link(&self, account: &Account, asked: &NativeId, key: &RoomKey) {
        self.routes.send_modify(|routes| {
            let routes = Arc::make_mut(routes);
            for (channel, links) in &self.channels {
                for link in links.iter().filter(|link| link.account == *account && link.room == *asked) {
                    routes.link(channel, Link { room: key.clone(), direction: link.direction });
                }
            }
        });
    }

    /// Takes in what a room turned out to be: stored, linked, shown in status.
    pub(super) async fn learn_room(
        &self,
        account: &Account,
        asked: &NativeId,
        report: RoomReport,
    ) -> Result<(), StoreError> {
        let known = KnownRoom {
            key: report.key.clone(),
            space: report.space.id.to_string(),
            space_name: report.space.name.clone(),
            name: report.name.clone(),
        };
        if self.ledger.known_room(account, asked)?.as_ref() != Some(&known) {
            self.ledger.remember_room(account.clone(), asked.clone(), known).await?;
        }
        self.link(account, asked, &report.key);
        self.states.found(account, asked, report);
        Ok(())
    }

    /// The lane of a room, if it runs.
    pub fn lane(&self, room: &RoomKey) -> Option<Arc<LaneHandle>> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner).get(room).cloned()
    }

    /// The lane of a room, made if there is none and an account can reach the room.
    pub(super) fn lane_or_new(&self, room: &RoomKey, known: &[KnownRoomEntry]) -> Option<Arc<LaneHandle>> {
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(lane) = lanes.get(room) {
            return Some(lane.clone());
        }
        let (account, entry) = known
            .iter()
            .filter(|entry| entry.room.key == *room)
            .find_map(|entry| Some((self.accounts.get(&entry.account)?, entry)))?;
        let lane = Arc::new(LaneHandle {
            room: room.clone(),
            account: account.clone(),
            space: SpaceRef { id: entry.room.space.as_str().into(), name: entry.room.space_name.clone() },
            wake: Notify::new(),
            state: Mutex::new(LaneState::Idle),
        });
        lanes.insert(room.clone(), lane.clone());
        Some(lane)
    }
}

impl RunningAccount {
    /// Says how the account is.
    pub fn set_state(&self, state: AccountState) {
        self.state.send_if_modified(|current| {
            let changed = *current != state;
            *current = state;
            changed
        });
    }
}

impl LaneHandle {
    /// Says how the lane is.
    pub fn set_state(&self, state: LaneState) {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = state;
    }

    /// How the lane is.
    pub fn state(&self) -> LaneState {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

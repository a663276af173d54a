//! What all parts of the engine share: the stores, the routes, the accounts, the lanes by room.

use super::accounts::Accounts;
use super::admins::Admins;
use super::before;
use super::calls::Called;
use super::canary::Canary;
use super::catch_up::CatchUp;
use super::disk::Disk;
use super::door::Door;
use super::echoes::Echoes;
use super::known::KnownRooms;
use super::lagging::At;
use super::lane::Rest;
use super::links::{Channels, PlannedRoom};
use super::liveness::Rounds;
use super::naming;
use super::orders::Orders;
use super::outage::Outage;
use super::overtaking::Overtaking;
use super::own_deletes::OwnDeletes;
use super::pauses::Pauses;
use super::rate_limit::{Breaker, Budget, RateLimit, Weather};
use super::reload::ConfigState;
use super::repeats::Repeats;
use super::rooms::Look;
use super::space::Space;
use super::states::{AccountState, LaneState, States};
use super::supervisor::Supervisor;
use super::typing::Typing;
use super::whispers::Whispers;
use crate::consent::Person;
use crate::flood::Flood;
use crate::media::Media;
use crate::observe::Counters;
use crate::policy::{CatchUpLimits, Unsure};
use crate::routing::Routes;
use crate::store::{Ledger, Lookup, StoreError, stream};
use crate::texts::Language;
use actix::Addr;
use relay_contract::{Account, Connector, NativeId, Problem, RoomKey, SpaceRef, Timestamp};
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicI64};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, mpsc, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// What the engine is to run.
pub struct Plan {
    /// The accounts.
    pub accounts: Vec<AccountPlan>,
    /// Relay channels by name, with their links.
    pub channels: Channels,
    /// How far absences are caught up.
    pub catch_up: CatchUpLimits,
    /// What one person may say in a room before it is held; none where everything goes on at once.
    pub flood: Option<Flood>,
    /// How much is kept.
    pub keeping: Keeping,
    /// The language of what Relay itself says where a channel has none of its own.
    pub language: Language,
    /// Where what needs a person is told.
    pub admins: Option<PlannedRoom>,
}

/// How much is kept on the disk.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Keeping {
    /// Days after which what nothing waits for is forgotten; never without.
    pub days: Option<u32>,
    /// Days for which the audit is kept; none is written where none.
    pub audit_days: Option<u32>,
    /// Bytes that are to be left free: below, nothing is accepted.
    pub least_free: u64,
}

/// What the admin may change at any time.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// How far absences are caught up.
    pub catch_up: CatchUpLimits,
    /// How much is kept.
    pub keeping: Keeping,
    /// The language of what Relay itself says where a channel has none of its own.
    pub language: Language,
}

/// One account.
pub struct AccountPlan {
    /// Its name.
    pub name: Account,
    /// Opened with its credential.
    pub connector: Arc<dyn Connector>,
    /// Whether the platform's published ceilings are kept.
    pub ceilings: bool,
    /// How many times faster than published they are.
    pub pace: u32,
    /// The server that it asks, where it is not the platform's own.
    pub server: Option<String>,
    /// After how long without anything heard its connection counts as deaf.
    pub deaf_after: Duration,
    /// What becomes of a message of which nobody can tell whether it was delivered.
    pub unsure: Unsure,
}

/// An account while it runs.
pub struct RunningAccount {
    /// Its name.
    pub name: Account,
    /// The platform behind it.
    pub connector: Arc<dyn Connector>,
    /// Its spaces that run, by their id.
    pub spaces: Mutex<HashMap<NativeId, Addr<Space>>>,
    /// Rooms, as they were asked for, that its reader is to ask about again.
    pub look: Look,
    /// How it is.
    pub state: watch::Sender<AccountState>,
    /// Missing rights that concern the whole account.
    pub warnings: Mutex<Vec<Problem>>,
    /// What it missed last, and when.
    pub missed: Mutex<Option<(Timestamp, String)>>,
    /// Whether its connection hears.
    pub(super) canary: Canary,
    /// What becomes of a message of which nobody can tell whether it was delivered.
    pub unsure: Unsure,
    /// The rooms whose histories are to be read.
    pub catch_up: CatchUp,
    /// Its budget.
    pub(super) budget: Budget,
    /// Who watches over it.
    pub limit: Addr<RateLimit>,
    /// Watches over all accounts that its platform sees coming from here.
    pub(super) breaker: Addr<Breaker>,
    /// What that one says.
    pub(super) weather: watch::Receiver<Weather>,
    /// Whether its server is away.
    pub(super) outage: Outage,
    /// Asks its reader to check the credential and the rooms again.
    pub recheck: Notify,
    /// The server that it asks, where it is not the platform's own.
    pub(super) server: Option<String>,
    /// Cancelled, it hears nothing new.
    pub(super) listening: CancellationToken,
    /// Its reader has ended.
    pub(super) ended: CancellationToken,
}

/// A lane, seen from outside its loop.
pub struct LaneHandle {
    /// The room.
    pub room: RoomKey,
    /// Who delivers.
    pub account: Arc<RunningAccount>,
    /// The space it belongs to.
    pub space: SpaceRef,
    /// Something new is in the outbox, or something changed that it waits for. See [`LaneHandle::call`].
    pub(super) wake: Notify,
    /// Whether its loop runs.
    pub(super) rest: Rest,
    /// What it was refused may be allowed now: it need not wait for its time.
    pub retry: Notify,
    /// The row that it is at.
    pub(super) at: At,
    /// Rows that do not wait for their turn.
    pub(super) overtaking: Overtaking,
    /// Rows have come that are older than what it looks for.
    pub rewind: AtomicBool,
    /// Its room has moved: it is to end.
    pub retired: CancellationToken,
    /// An attempt to post is under way: whoever runs the lane next does not know what came of it.
    pub begun: AtomicBool,
    /// It has ended for that.
    pub ended: CancellationToken,
    /// How it is.
    pub state: Mutex<LaneState>,
    /// What it is to do between two rows.
    pub(super) orders: Orders,
    /// When it looks at its head again, in milliseconds since the epoch; 0 where it waits for no time.
    pub(super) next_try: AtomicI64,
}

/// Shared by all parts.
pub struct Core {
    /// The truth.
    pub ledger: Ledger,
    /// Message ids.
    pub lookup: Lookup,
    /// Files.
    pub media: Media,
    /// How far absences are caught up, how much is kept, what is spoken.
    pub(super) limits: Mutex<Limits>,
    /// The disk.
    pub disk: Disk,
    /// Links now in force.
    pub routes: watch::Sender<Arc<Routes>>,
    /// What held for the rooms before.
    pub(super) before: Arc<before::Kept>,
    /// Links as they were asked for.
    pub(super) channels: Mutex<Arc<Channels>>,
    /// Where what needs a person is told.
    pub(super) admins: Admins,
    /// What the rooms that were asked for turned out to be.
    pub known: KnownRooms,
    /// Held while a move is noted: it is told from both sides, and one must find what the other has done.
    pub(super) moves: tokio::sync::Mutex<()>,
    /// Rooms that are moving: their lanes are not to begin yet.
    pub(super) moving: Mutex<HashSet<RoomKey>>,
    /// Deliveries that a person holds.
    pub(super) pauses: Pauses,
    /// Relay's own messages as they come back.
    pub(super) echoes: Echoes,
    /// What was said lately where other bots are let in.
    pub repeats: Repeats,
    /// Messages that Relay itself takes away.
    pub(super) own_deletes: OwnDeletes,
    /// What somebody says faster than their budget.
    pub(super) door: Door,
    /// How far the clock is ahead, in milliseconds.
    #[cfg(test)]
    pub(super) ahead: AtomicI64,
    /// Somebody is to be forgotten. One waiter.
    pub(super) forgetting: Notify,
    /// Who is to be told what becomes of what they say.
    pub(super) whispers: Whispers,
    /// Whose words are being taken back.
    pub(super) taking_back: Mutex<HashSet<Person>>,
    /// One person at a time has taken back what crossed.
    pub(super) withdrawals: tokio::sync::Semaphore,
    /// Where somebody was shown as typing.
    pub(super) typing: Typing,
    /// Commands on their way to whoever answers them.
    pub(super) calls: mpsc::Sender<Called>,
    /// Who owns the spaces; set when it runs.
    pub(super) supervisor: OnceLock<Addr<Supervisor>>,
    /// The accounts that run now.
    pub accounts: Accounts,
    /// What is known of the config file.
    pub config: watch::Sender<ConfigState>,
    /// Where the state is.
    pub(super) data_dir: PathBuf,
    /// Lanes by room.
    pub lanes: Mutex<HashMap<RoomKey, Arc<LaneHandle>>>,
    /// What is known of each link's room, for status.
    pub states: States,
    /// What happened.
    pub counters: Counters,
    /// The fan-out's, which show that it lives.
    pub fan_out_rounds: Rounds,
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
    pub(super) fn new(
        ledger: Ledger,
        lookup: Lookup,
        media: Media,
        data_dir: &Path,
        mut plan: Plan,
        calls: mpsc::Sender<Called>,
    ) -> Result<Self, StoreError> {
        let known = KnownRooms::new(ledger.known_rooms()?, ledger.moves()?);
        let pauses = Pauses::new(ledger.pauses()?);
        let (accounts, listening) = (Accounts::default(), CancellationToken::new());
        let opened = plan.accounts.into_iter().map(|plan| accounts.open(plan, listening.child_token()));
        accounts.change(&opened.collect::<Vec<_>>(), &[]);
        naming::remember(data_dir, &mut plan.channels, Timestamp::now());
        ledger.set_audit(plan.keeping.audit_days.is_some());
        let door = Door::new(plan.flood, ledger.held().into_keys());
        let before = before::Kept::open(data_dir, ledger.clone(), Timestamp::now());
        let core = Self {
            ledger,
            lookup,
            media,
            limits: Mutex::new(Limits {
                catch_up: plan.catch_up,
                keeping: plan.keeping,
                language: plan.language,
            }),
            disk: Disk::new(data_dir, plan.keeping.least_free),
            routes: watch::Sender::new(Arc::default()),
            channels: Mutex::new(Arc::new(plan.channels)),
            before,
            admins: Admins::new(plan.admins),
            known,
            moves: tokio::sync::Mutex::default(),
            moving: Mutex::default(),
            pauses,
            echoes: Echoes::default(),
            repeats: Repeats::default(),
            own_deletes: OwnDeletes::default(),
            door,
            #[cfg(test)]
            ahead: AtomicI64::new(0),
            forgetting: Notify::new(),
            whispers: Whispers::default(),
            taking_back: Mutex::default(),
            withdrawals: tokio::sync::Semaphore::new(1),
            typing: Typing::default(),
            calls,
            supervisor: OnceLock::new(),
            accounts,
            config: watch::Sender::default(),
            data_dir: data_dir.to_owned(),
            lanes: Mutex::default(),
            states: States::default(),
            counters: Counters::default(),
            fan_out_rounds: Rounds::default(),
            listening,
            draining: CancellationToken::new(),
            readers: TaskTracker::new(),
            lane_tasks: TaskTracker::new(),
        };
        // An account that is parked now still gets its messages queued: its rooms were found at an earlier start.
        core.rebuild_routes();
        core.readers.close();
        core.lane_tasks.close();
        Ok(core)
    }

    /// What the admin has set last.
    pub(super) fn limits(&self) -> Limits {
        *self.limits.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Resolves when the mapping can be asked.
    pub(super) async fn mapped(&self) {
        const LOOK: Duration = Duration::from_millis(20);
        while self.lookup.is_behind() {
            tokio::time::sleep(LOOK).await;
        }
    }

    /// The lane of a room, if it runs.
    pub fn lane(&self, room: &RoomKey) -> Option<Arc<LaneHandle>> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner).get(room).cloned()
    }

    /// Whether a room is a program.
    pub fn is_program(&self, room: &RoomKey) -> bool {
        let mut by = self.known.asked_for(room).into_iter();
        let account = by.find_map(|(by, ..)| self.accounts.get(&by));
        account.map_or_else(|| stream::keeps(room), |account| account.connector.has_programs())
    }

    /// Whether Relay may delete what people wrote in a room; whoever cannot be asked refuses it by itself.
    pub fn removes_in(&self, room: &RoomKey) -> bool {
        let mut by = self.known.asked_for(room).into_iter();
        let account = by.find_map(|(by, ..)| self.accounts.get(&by));
        account.is_none_or(|account| account.connector.capabilities(room).removes)
    }

    /// The lane of a room, made if there is none and an account can reach the room.
    pub(super) fn lane_or_new(&self, room: &RoomKey) -> Option<Arc<LaneHandle>> {
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(lane) = lanes.get(room) {
            return Some(lane.clone());
        }
        let asked_for = self.known.asked_for(room);
        let (account, known) =
            asked_for.into_iter().find_map(|(by, _, known)| Some((self.accounts.get(&by)?, known)))?;
        let lane = Arc::new(LaneHandle {
            room: room.clone(),
            account: account.clone(),
            space: SpaceRef { id: known.space.as_str().into(), name: known.space_name },
            wake: Notify::new(),
            rest: Rest::default(),
            retry: Notify::new(),
            at: At::default(),
            overtaking: Overtaking::default(),
            rewind: AtomicBool::new(false),
            begun: AtomicBool::new(false),
            retired: CancellationToken::new(),
            ended: CancellationToken::new(),
            state: Mutex::new(LaneState::Idle),
            orders: Orders::default(),
            next_try: AtomicI64::new(0),
        });
        lanes.insert(room.clone(), lane.clone());
        Some(lane)
    }
}

impl RunningAccount {
    /// Says which rights the account has not.
    pub fn set_warnings(&self, warnings: Vec<Problem>) {
        let mut current = self.warnings.lock().unwrap_or_else(PoisonError::into_inner);
        for warning in warnings.iter().filter(|warning| !current.contains(warning)) {
            tracing::warn!(account = %self.name, "{warning}");
        }
        *current = warnings;
    }

    /// Whether it is connected.
    pub fn is_up(&self) -> bool {
        *self.state.borrow() == AccountState::Up
    }

    /// Says how the account is.
    pub fn set_state(&self, state: AccountState) {
        self.canary.connection(state == AccountState::Up);
        let up = state == AccountState::Up;
        let changed = self.state.send_if_modified(|current| {
            let changed = *current != state;
            *current = state;
            changed
        });
        if changed && up {
            self.outage.due();
        }
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

//! What the admin has changed, put into force while everything else goes on.
//!
//! The links change in one step, like those that join from the chat. An account that ends, or is another one under the same name from now on,
//! hears nothing new at once; its lanes end between two attempts, and what waits in them is closed as that of a room without a link is, or goes
//! on with whoever reaches the room then. Until its old lane has ended, a room counts as moving: none begins there, so that nothing is delivered
//! twice and nothing overtakes.

use super::core::{AccountPlan, Core, Keeping, LaneHandle, Limits, RunningAccount};
use super::links::{Channels, PlannedLink, PlannedRoom};
use super::supervisor::{Close, Open};
use super::{READERS_STOP, naming, reader};
use crate::flood::Flood;
use crate::policy::CatchUpLimits;
use crate::store::StoreError;
use crate::texts::Language;
use futures::future::join_all;
use relay_contract::{Account, RoomKey, SpaceRef, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

/// Longest wait for an account's word on new rooms.
const MEET: Duration = Duration::from_secs(5);
/// Longest wait for a lane that is to end; it does between two attempts.
const LANE_ENDS: Duration = Duration::from_secs(30);

/// What is known of the config file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfigState {
    /// The file.
    pub file: String,
    /// When it was found to say what is in force, in milliseconds since the epoch.
    pub loaded: i64,
    /// Why what it says now is not in force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<Refusal>,
}

/// What a config file says was not taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// When, in milliseconds since the epoch.
    pub at: i64,
    /// The first reason, with its place.
    pub why: String,
    /// Only a restart takes it.
    #[serde(default)]
    pub restart: bool,
}

/// What is to be in force.
pub struct Change {
    /// Accounts that end.
    pub gone: Vec<Account>,
    /// Accounts that begin, in the place of those that run under the same names.
    pub opened: Vec<AccountPlan>,
    /// Accounts that begin and reach what another one has reached.
    pub heirs: Vec<Heir>,
    /// All channels.
    pub channels: Channels,
    /// How far absences are caught up.
    pub catch_up: CatchUpLimits,
    /// What one person may say before it is held.
    pub flood: Option<Flood>,
    /// How much is kept.
    pub keeping: Keeping,
    /// The language of what Relay itself says where a channel has none of its own.
    pub language: Language,
}

/// An account that begins, on the server of another one.
pub struct Heir {
    /// The one that begins.
    pub account: Account,
    /// The other.
    pub of: Account,
    /// It is the same bot under another name: it also finds rooms by the same names.
    pub same_bot: bool,
}

/// What ends and begins after a change is in force.
#[must_use]
pub struct Ending {
    ends: Vec<End>,
    begins: Vec<Arc<RunningAccount>>,
    heirs: Vec<Heir>,
    /// Rooms of which it is sure that no link leads there any more.
    pub left: Vec<RoomKey>,
    /// So many deliveries waited for them.
    pub waited: u64,
}

/// An account that ends, with its lanes and the rooms that it reached.
struct End {
    account: Arc<RunningAccount>,
    lanes: Vec<Arc<LaneHandle>>,
    rooms: BTreeSet<RoomKey>,
}

impl Core {
    /// Puts a change into force, all of it: for rooms that are known, what is said from now on goes by it. None where Relay stops.
    pub async fn reload(self: &Arc<Self>, change: Change) -> Option<Ending> {
        let begins = self.open_accounts(change.opened).await?;
        let channels = self.with_naming(change.channels).await;
        let before = self.channels();
        let (left, come) = (missing_in(&channels, &before), missing_in(&before, &channels));
        self.meet(&come, &begins).await;
        let planned: Vec<PlannedLink> = channels.values().flat_map(|channel| channel.links.clone()).collect();
        if let Err(error) = self.inherit(&change.heirs, &planned).await {
            tracing::error!(%error, "what is known of the rooms of an account that has another name now is found out anew");
        }
        // A room that another channel has from now on does not leave.
        let stay = self.rooms_of_links(&planned);
        let left: Vec<RoomKey> = self.rooms_of_links(&left).difference(&stay).cloned().collect();
        for let_go in join_all(left.iter().map(|room| self.let_all_go(room))).await {
            if let Err(error) = let_go {
                tracing::error!(%error, "what was held of a room that leaves stays held");
            }
        }
        let ends = self.swap_accounts(&begins, &change.gone);
        let limits = Limits { catch_up: change.catch_up, keeping: change.keeping, language: change.language };
        *self.limits.lock().unwrap_or_else(PoisonError::into_inner) = limits;
        self.disk.set_least_free(change.keeping.least_free);
        self.door.set_flood(change.flood);
        self.ledger.set_audit(change.keeping.audit_days.is_some());
        self.change_channels(|now| *now = channels);
        if let Err(error) = self.mark_anew().await {
            tracing::error!(%error, "rooms that have joined or left are not marked as that");
        }
        let waited = left.iter().map(|room| self.ledger.depth(room).queued).sum();
        // What waits for them is closed, also where the lane waits for something else.
        left.iter().for_each(|room| self.look_at_lane(room));
        self.look_for_unknown();
        // One that has just begun may turn out to reach it by a name.
        let may_come = |room: &RoomKey| {
            let of_platform = begins.iter().filter(|account| account.connector.platform() == room.platform);
            let mut planned = of_platform.flat_map(|account| self.planned_of(&account.name));
            planned.any(|at| self.known.get(&at.account, &at.room).is_none())
        };
        let left = left.into_iter().filter(|room| !may_come(room)).collect();
        Some(Ending { ends, begins, heirs: change.heirs, left, waited })
    }

    /// Sees to it that what has ended ends, and that what has come begins.
    pub async fn finish_reload(self: &Arc<Self>, ending: Ending) {
        let ends = |name: &Account| ending.ends.iter().any(|end| end.account.name == *name);
        // One bot does not listen twice.
        let inherits =
            |name: &Account| ending.heirs.iter().any(|heir| heir.account == *name && ends(&heir.of));
        let replaced = |account: &Arc<RunningAccount>| ends(&account.name) || inherits(&account.name);
        let (later, now): (Vec<_>, Vec<_>) = ending.begins.iter().cloned().partition(replaced);
        now.into_iter().for_each(|account| self.begin_account(account));
        join_all(ending.ends.iter().map(|end| self.end_account(end))).await;
        for end in &ending.ends {
            let mut moving = self.moving.lock().unwrap_or_else(PoisonError::into_inner);
            moving.retain(|room| !end.rooms.contains(room));
        }
        later.into_iter().for_each(|account| self.begin_account(account));
        for room in ending.ends.iter().flat_map(|end| &end.rooms) {
            if let Err(error) = self.go_on_in(room).await {
                tracing::error!(%room, %error, "what waits for a room whose account has ended could not be looked through");
            }
        }
    }

    /// What an account that begins is to reach, and another one has reached, is known already: what waits there goes on.
    async fn inherit(&self, heirs: &[Heir], planned: &[PlannedLink]) -> Result<(), StoreError> {
        for Heir { account, of, same_bot } in heirs {
            let links = planned.iter().map(|link| &link.at).filter(|at| at.account == *account);
            for at in links.filter(|at| *same_bot || !at.by_name) {
                let is_new = self.known.get(account, &at.room).is_none();
                let Some(known) = self.known.get(of, &at.room).filter(|_| is_new) else { continue };
                self.ledger.remember_room(account.clone(), at.room.clone(), known.clone()).await?;
                self.known.put(account, &at.room, known);
            }
        }
        Ok(())
    }

    async fn open_accounts(&self, plans: Vec<AccountPlan>) -> Option<Vec<Arc<RunningAccount>>> {
        let supervisor = self.supervisor.get()?;
        let mut opened = Vec::with_capacity(plans.len());
        for plan in plans {
            opened.push(supervisor.send(Open(plan)).await.ok()??);
        }
        Some(opened)
    }

    /// The channels with since when each names people as it is to.
    async fn with_naming(&self, channels: Channels) -> Channels {
        let (data_dir, mut named) = (self.data_dir.clone(), channels.clone());
        let remembered = tokio::task::spawn_blocking(move || {
            naming::remember(&data_dir, &mut named, Timestamp::now());
            named
        });
        remembered.await.unwrap_or_else(|error| {
            tracing::error!(%error, "since when people are named as they are now is not known");
            channels
        })
    }

    /// The known rooms of links.
    fn rooms_of_links(&self, links: &[PlannedLink]) -> BTreeSet<RoomKey> {
        let known = |link: &PlannedLink| self.known.get(&link.at.account, &link.at.room);
        links.iter().filter_map(known).map(|known| known.key).collect()
    }

    /// Puts accounts into the place of others; those hear nothing new, and their lanes are told to end.
    fn swap_accounts(&self, begins: &[Arc<RunningAccount>], gone: &[Account]) -> Vec<End> {
        let names = begins.iter().map(|account| &account.name).chain(gone);
        let ending: Vec<_> = names.filter_map(|name| self.accounts.get(name)).collect();
        let mut ends = Vec::with_capacity(ending.len());
        for account in ending {
            let lanes: Vec<_> = {
                let lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
                lanes.values().filter(|lane| Arc::ptr_eq(&lane.account, &account)).cloned().collect()
            };
            let mut rooms = self.known.rooms_of(&account.name);
            rooms.extend(lanes.iter().map(|lane| lane.room.clone()));
            // Rooms that others deliver to are none of its business.
            let others: Vec<RoomKey> = {
                let lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
                let of_others = lanes.values().filter(|lane| !Arc::ptr_eq(&lane.account, &account));
                of_others.map(|lane| lane.room.clone()).collect()
            };
            rooms.retain(|room| !others.contains(room));
            // Before its lanes are gone: nobody is to begin another one there.
            self.moving.lock().unwrap_or_else(PoisonError::into_inner).extend(rooms.iter().cloned());
            account.listening.cancel();
            ends.push(End { account, lanes, rooms });
        }
        self.accounts.change(begins, gone);
        for end in &mut ends {
            self.states.begins_anew(&end.account.name);
            let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
            // One more may have begun just before.
            let late = lanes.values().filter(|lane| Arc::ptr_eq(&lane.account, &end.account)).cloned();
            end.lanes = late.collect();
            for lane in &end.lanes {
                lanes.remove(&lane.room);
                lane.retired.cancel();
            }
        }
        ends
    }

    /// Rooms of new links are asked about, and listened to, before anything leads there: so they carry from the first moment on. Whoever does
    /// not answer soon is asked again by its reader. Rooms of accounts that begin are asked about by those.
    async fn meet(self: &Arc<Self>, links: &[PlannedLink], begins: &[Arc<RunningAccount>]) {
        let mut rooms: BTreeMap<&Account, Vec<PlannedRoom>> = BTreeMap::new();
        for link in links.iter().filter(|link| begins.iter().all(|account| account.name != link.at.account)) {
            rooms.entry(&link.at.account).or_default().push(link.at.clone());
        }
        let asked = rooms.into_iter().map(|(name, rooms)| async move {
            let Some(account) = self.accounts.get(name) else { return };
            for room in &rooms {
                if let Some(known) = self.known.get(name, &room.room) {
                    let space = SpaceRef { id: known.space.as_str().into(), name: known.space_name };
                    self.serve(&account, &space, &known.key).await;
                }
            }
            let unknown: Vec<_> =
                rooms.into_iter().filter(|room| self.states.get(name, &room.room).is_none()).collect();
            if !unknown.is_empty() && account.is_up() {
                let met = tokio::time::timeout(MEET, self.look_up(&account, &unknown)).await;
                if !matches!(met, Ok(Ok(()))) {
                    tracing::info!(account = %name, "new rooms could not be asked about yet; it is tried again");
                }
            }
        });
        join_all(asked).await;
    }

    async fn mark_anew(&self) -> Result<(), StoreError> {
        self.forget_marks().await?;
        self.begin_marks().await
    }

    /// Has rooms asked about that nobody has told of yet: of new links, and of owners.
    fn look_for_unknown(&self) {
        for account in self.accounts.all() {
            let planned = self.planned_of(&account.name).into_iter().map(|planned| planned.room);
            account.look.again(planned.filter(|room| self.states.get(&account.name, room).is_none()));
        }
    }

    fn begin_account(self: &Arc<Self>, account: Arc<RunningAccount>) {
        if let Some(supervisor) = self.supervisor.get() {
            tokio::spawn(reader::run(self.clone(), account, supervisor.clone()));
        }
    }

    /// Waits until an account has ended. What is under way is done; what hangs is left to the deadlines, and then cut off: whoever goes on finds
    /// out what came of it.
    async fn end_account(&self, end: &End) {
        let name = &end.account.name;
        let longest = READERS_STOP + Duration::from_secs(1);
        if tokio::time::timeout(longest, end.account.ended.cancelled()).await.is_err() {
            tracing::warn!(account = %name, "an account did not stop listening in time");
        }
        let lanes = end.lanes.iter().filter(|lane| lane.rest.runs());
        let ended = join_all(lanes.map(|lane| lane.ended.cancelled()));
        if tokio::time::timeout(LANE_ENDS, ended).await.is_err() {
            tracing::warn!(account = %name, "what an account was delivering is cut off");
        }
        if let Some(supervisor) = self.supervisor.get()
            && let Err(error) = supervisor.send(Close(name.clone())).await
        {
            tracing::warn!(account = %name, %error, "the spaces of an account were not let go");
        }
        end.account.spaces.lock().unwrap_or_else(PoisonError::into_inner).clear();
        tracing::info!(account = %name, "an account has ended");
    }

    /// What waits for a room goes on with whoever reaches it now, or is closed where nobody does.
    async fn go_on_in(self: &Arc<Self>, room: &RoomKey) -> Result<(), StoreError> {
        if self.ledger.depth(room).queued == 0 {
            return Ok(());
        }
        let Some(lane) = self.lane_or_new(room) else { return self.close_unreachable(room).await };
        lane.call();
        self.serve(&lane.account, &lane.space, room).await;
        Ok(())
    }
}

/// The links of some channels that the same channels do not have elsewhere.
fn missing_in(there: &Channels, of: &Channels) -> Vec<PlannedLink> {
    let has = |name: &String, link: &PlannedLink| {
        there.get(name).is_some_and(|channel| channel.links.iter().any(|other| other.at == link.at))
    };
    let all = of.iter().flat_map(|(name, channel)| channel.links.iter().map(move |link| (name, link)));
    all.filter(|(name, link)| !has(name, link)).map(|(_, link)| link.clone()).collect()
}

//! Looking rooms up: by id or by name, at the start and whenever something became of them.

use super::core::{Core, RunningAccount};
use super::find;
use super::lane_steps::PINNED;
use super::links::PlannedRoom;
use super::states::RoomState;
use super::supervisor::Serve;
use crate::store::StoreError;
use crate::store::records::KnownRoom;
use futures::future::try_join_all;
use relay_contract::{
    Account, Envelope, Event, Listed, Listing, NativeId, OpenError, Problem, RoomKey, RoomNews, RoomReport,
    SpaceRef, Text, Timestamp, Visibility,
};
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

/// Longest wait for a preflight; the contract allows 20 seconds (C2).
const PREFLIGHT: Duration = Duration::from_secs(25);
/// So many rooms are asked about at once, so that a platform that is asked about each has the time.
const PORTION: usize = 1_000;
/// Longest wait for the list of all rooms.
const FIND: Duration = Duration::from_secs(40);

/// Rooms to be asked about again, as they were asked for.
#[derive(Debug, Default)]
pub struct Look {
    rooms: Mutex<BTreeSet<NativeId>>,
    /// Of these, those of which something is known to have changed: nothing is said there until the answer is here.
    in_doubt: Mutex<BTreeSet<NativeId>>,
    due: Notify,
}

impl Look {
    /// These are to be asked about again.
    pub fn again(&self, rooms: impl IntoIterator<Item = NativeId>) {
        let mut due = self.rooms.lock().unwrap_or_else(PoisonError::into_inner);
        due.extend(rooms);
        if !due.is_empty() {
            self.due.notify_one();
        }
    }

    /// The same for rooms that something became of: who reads them may be others now.
    pub fn doubt(&self, rooms: Vec<NativeId>) {
        self.in_doubt.lock().unwrap_or_else(PoisonError::into_inner).extend(rooms.iter().cloned());
        self.again(rooms);
    }

    /// Whether a room has to be asked about before anything is said there.
    pub fn doubts(&self, asked: &NativeId) -> bool {
        self.in_doubt.lock().unwrap_or_else(PoisonError::into_inner).contains(asked)
    }

    /// The answer is here. One that was asked for before the newest news settles nothing.
    pub fn answered(&self, asked: &NativeId) {
        if self.rooms.lock().unwrap_or_else(PoisonError::into_inner).contains(asked) {
            return;
        }
        self.in_doubt.lock().unwrap_or_else(PoisonError::into_inner).remove(asked);
    }

    /// Resolves when there are some; whoever waited takes them.
    pub async fn due(&self) {
        self.due.notified().await;
    }

    /// Takes them.
    pub fn take(&self) -> BTreeSet<NativeId> {
        std::mem::take(&mut *self.rooms.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Core {
    /// Everything that an account sees.
    pub async fn listing(&self, account: &RunningAccount) -> Result<Listing, OpenError> {
        let asked = tokio::time::timeout(FIND, account.connector.find()).await;
        let mut listing = asked.unwrap_or_else(|_| {
            Err(OpenError::Unavailable("the platform did not list its rooms in 40 seconds".into()))
        })?;
        if !listing.complete {
            let seen = self.ledger.seen_rooms(&account.name).map_err(unavailable)?;
            for room in seen {
                if !listing.rooms.iter().any(|listed| listed.report.key == room.key) {
                    listing.rooms.push(Listed { report: report(room), problem: None });
                }
            }
        }
        Ok(listing)
    }

    /// Asks an account about rooms: what is found is remembered, linked and gets its lane; what is not is said in the
    /// status.
    pub(super) async fn look_up(
        self: &Arc<Self>,
        account: &Arc<RunningAccount>,
        rooms: &[PlannedRoom],
    ) -> Result<(), OpenError> {
        let ids = self.ids(account, rooms).await;
        let asked: BTreeSet<NativeId> = ids.values().cloned().collect();
        let asked: Vec<NativeId> = asked.into_iter().collect();
        let mut answers: HashMap<NativeId, Result<RoomReport, Problem>> = HashMap::new();
        // Without a room, the credential is still to be checked.
        let none = [&asked[..0]];
        let portions: Vec<&[NativeId]> =
            if asked.is_empty() { none.to_vec() } else { asked.chunks(PORTION).collect() };
        for portion in portions {
            let answered = preflight(account, portion).await?;
            account.set_warnings(answered.warnings);
            answers.extend(answered.rooms);
        }
        let mut found = Vec::new();
        for (asked, id) in ids {
            match answers.get(&id) {
                Some(Ok(report)) => found.push((asked, report.clone())),
                Some(Err(problem)) => {
                    self.missing(account, &asked, problem.clone());
                    account.look.answered(&asked);
                }
                None => {
                    let problem =
                        Problem::new("The platform did not tell of this room.", "It is asked again.");
                    self.missing(account, &asked, problem);
                }
            }
        }
        self.learn(account, found).await.map_err(unavailable)
    }

    /// The native id of each room that was asked for: as it was found before, as it is written, or by its name.
    async fn ids(&self, account: &RunningAccount, rooms: &[PlannedRoom]) -> HashMap<NativeId, NativeId> {
        let mut ids = HashMap::new();
        let mut names = Vec::new();
        for room in rooms {
            match self.known.get(&account.name, &room.room) {
                // By identity: whatever the room is called now.
                Some(known) => drop(ids.insert(room.room.clone(), known.key.room)),
                None if room.by_name => names.push(&room.room),
                None => drop(ids.insert(room.room.clone(), room.room.clone())),
            }
        }
        if names.is_empty() {
            return ids;
        }
        let listing = self.listing(account).await.map_err(|error| match error {
            OpenError::Refused(problem) => problem,
            OpenError::Unavailable(why) => Problem::new(
                format!("The rooms cannot be listed now: {why}."),
                "It is tried again by itself.",
            ),
        });
        for name in names {
            let found = listing.as_ref().map_err(Problem::clone).and_then(|listing| {
                find::named(name.as_str(), &account.name.0, &listing.rooms, listing.complete)
            });
            match found {
                Ok(id) => drop(ids.insert(name.clone(), id)),
                Err(problem) => self.missing(account, name, problem),
            }
        }
        ids
    }

    fn missing(&self, account: &RunningAccount, asked: &NativeId, problem: Problem) {
        let before = self.states.get(&account.name, asked);
        if !matches!(before, Some(RoomState::Missing(before)) if before == problem) {
            tracing::warn!(account = %account.name, asked = %asked, "{problem}");
        }
        self.states.missing(&account.name, asked, problem);
    }

    /// Takes in what rooms turned out to be: stored, linked, served, shown in the status.
    pub(super) async fn learn(
        self: &Arc<Self>,
        account: &Arc<RunningAccount>,
        found: Vec<(NativeId, RoomReport)>,
    ) -> Result<(), StoreError> {
        for (asked, report) in &found {
            // It moved while nobody listened: what waits for it must follow, as when it is told of.
            if let Some(before) =
                self.known.get(&account.name, asked).filter(|before| before.key != report.key)
            {
                self.moved(account, before.key, report.key.clone()).await?;
            }
        }
        let mut changed = Vec::new();
        for (asked, report) in &found {
            let before = self.known.get(&account.name, asked);
            let agreed = match &before {
                Some(before) => before.agreed,
                None => self.known.agreed(&report.key, |by| self.accounts.has(by)),
            };
            let mut known = KnownRoom::new(report);
            known.agreed = agreed.or(known.agreed);
            if before.as_ref() != Some(&known) {
                changed.push(self.remember(account, asked, known));
            }
        }
        try_join_all(changed).await?;
        self.rebuild_routes();
        for (asked, report) in found {
            let told = match self.states.get(&account.name, &asked) {
                Some(RoomState::Found(before)) => before.warnings,
                _ => Vec::new(),
            };
            for warning in report.warnings.iter().filter(|warning| !told.contains(warning)) {
                tracing::warn!(account = %account.name, room = %report.key, name = report.name, "{warning}");
            }
            let (space, key) = (report.space.clone(), report.key.clone());
            if matches!(self.states.get(&account.name, &asked), Some(RoomState::Missing(_))) {
                tracing::info!(account = %account.name, %asked, room = %key, name = report.name, "a room was found");
            }
            self.states.found(&account.name, &asked, report);
            account.look.answered(&asked);
            self.begin_mark(&key).await?;
            self.serve(account, &space, &key).await;
        }
        Ok(())
    }

    /// Stores what a room turned out to be.
    pub(super) async fn remember(
        &self,
        account: &RunningAccount,
        asked: &NativeId,
        known: KnownRoom,
    ) -> Result<(), StoreError> {
        self.ledger.remember_room(account.name.clone(), asked.clone(), known.clone()).await?;
        self.known.put(&account.name, asked, known);
        Ok(())
    }

    /// Runs a room's space and, where this account is the one that delivers there, its lane.
    pub(super) async fn serve(&self, account: &Arc<RunningAccount>, space: &SpaceRef, room: &RoomKey) {
        // Two accounts may see one room: the lane belongs to one of them.
        let lane = match self.is_moving(room) {
            false => self.lane_or_new(room).filter(|lane| lane.account.name == account.name),
            true => None,
        };
        if let Some(lane) = &lane {
            // It may be waiting for what is allowed now.
            lane.retry.notify_one();
        }
        let Some(supervisor) = self.supervisor.get() else { return };
        let serve = Serve {
            account: account.name.clone(),
            space: space.id.clone(),
            lane: lane.map(|lane| lane.room.clone()),
        };
        if let Ok(Some(addr)) = supervisor.send(serve).await {
            account.spaces.lock().unwrap_or_else(PoisonError::into_inner).insert(space.id.clone(), addr);
        }
    }

    /// Something became of a room. Returns when it is noted; what has to be asked is asked by the account's reader.
    pub(super) async fn news(
        self: &Arc<Self>,
        account: &Arc<RunningAccount>,
        news: RoomNews,
    ) -> Result<(), StoreError> {
        let known = |which: &dyn Fn(&KnownRoom) -> bool| self.known.asked_by(&account.name, which);
        match news {
            RoomNews::Seen(report) => {
                account.look.doubt(known(&|room| room.key == report.key));
                account.look.again(self.states.missing_of(&account.name));
                let room = KnownRoom::new(&report);
                self.ledger.remember_seen(account.name.clone(), room).await?;
            }
            RoomNews::Changed(id) => {
                account.look.doubt(known(&|room| room.key.room == id));
                account.look.again(self.states.missing_of(&account.name));
            }
            RoomNews::SpaceChanged(space) => {
                account.look.doubt(known(&|room| room.space == space.as_str()));
                account.look.again(self.states.missing_of(&account.name));
            }
            RoomNews::Moved { from, to } => self.moved(account, from, to).await?,
        }
        Ok(())
    }

    /// Takes in a room that somebody joins to a channel.
    pub async fn join(
        self: &Arc<Self>,
        account: &Arc<RunningAccount>,
        report: RoomReport,
    ) -> Result<(), StoreError> {
        self.learn(account, vec![(report.key.room.clone(), report)]).await
    }

    /// Says in every room of a channel who is in it; pinned where nothing of the kind was before.
    pub async fn notice_of_joining(
        &self,
        account: &Account,
        about: &RoomKey,
        channel: &str,
        body: Text,
    ) -> Result<(), StoreError> {
        self.notice_as(PINNED, account, about, channel, body).await
    }

    /// Says something in every room of a channel, through the ledger like everything that is said.
    pub async fn notice(
        &self,
        account: &Account,
        about: &RoomKey,
        channel: &str,
        body: Text,
    ) -> Result<(), StoreError> {
        self.notice_as("", account, about, channel, body).await
    }

    async fn notice_as(
        &self,
        kind: &str,
        account: &Account,
        about: &RoomKey,
        channel: &str,
        body: Text,
    ) -> Result<(), StoreError> {
        let id = NativeId::from(format!("{kind}{}", ulid::Ulid::new()));
        self.notice_with(id, account, about, channel, body).await
    }

    /// The same under an id of its own: once, however often it is asked for.
    pub(super) async fn notice_with(
        &self,
        id: NativeId,
        account: &Account,
        about: &RoomKey,
        channel: &str,
        body: Text,
    ) -> Result<(), StoreError> {
        let event = Event::Noticed { id, channel: channel.to_owned(), body };
        let envelope = Envelope { origin: about.clone(), author: None, at: Timestamp::now(), event };
        let queued = self.ledger.accept(account.clone(), vec![envelope]).await?;
        queued.await.map_err(|_| StoreError::Closed)?.map(drop)
    }

    /// Something changed that a room's lane may be waiting for.
    pub fn look_at_lane(&self, room: &RoomKey) {
        if let Some(lane) = self.lane(room) {
            lane.retry.notify_one();
            lane.call();
        }
    }

    /// Whether something became of a room, and what is not known yet.
    pub(super) fn in_doubt(&self, room: &RoomKey) -> bool {
        let doubts = |by: &Account, asked: &NativeId| {
            self.accounts.get(by).is_some_and(|account| account.look.doubts(asked))
        };
        self.known.look(room, |by, asked, _| doubts(by, asked).then_some(())).is_some()
    }

    /// Why nothing is said in a room for now, whatever its platform would take: a webhook outlives the bot that was thrown out.
    pub(super) fn held(&self, room: &RoomKey) -> Option<Problem> {
        if let Some(problem) = self.wider(room) {
            return Some(problem);
        }
        // Through one account at least it can be reached, or nobody has said otherwise yet.
        let reached = |by: &Account, asked: &NativeId| !self.states.is_missing(by, asked);
        if self.known.look(room, |by, asked, _| reached(by, asked).then_some(())).is_some() {
            return None;
        }
        self.known.look(room, |by, asked, _| match self.states.get(by, asked) {
            Some(RoomState::Missing(problem)) => Some(problem),
            _ => None,
        })
    }

    /// Why nothing is said in a room that more people can read than was agreed to.
    pub fn wider(&self, room: &RoomKey) -> Option<Problem> {
        let (account, asked, now) = self.known.wider(room, |by| self.accounts.has(by))?;
        let now = match now {
            Visibility::Private | Visibility::Space => "everybody in its space",
            Visibility::World => "anybody",
        };
        Some(Problem::new(
            format!(
                "This room can now be read by {now}, which was not so when it was joined: nothing is said there."
            ),
            format!("Make it private again, or agree: relay approve \"{account}:{asked}\"."),
        ))
    }

    /// Somebody agrees that a room is as visible as it is now: what waited goes on.
    pub async fn agree(&self, account: &RunningAccount, asked: &NativeId) -> Result<bool, StoreError> {
        let Some(mut known) = self.known.get(&account.name, asked).filter(KnownRoom::is_wider) else {
            return Ok(false);
        };
        known.agreed = known.visibility;
        let room = known.key.clone();
        self.remember(account, asked, known).await?;
        if let Some(lane) = self.lane(&room) {
            lane.retry.notify_one();
        }
        Ok(true)
    }
}

/// Asks an account about rooms by their native ids.
pub async fn preflight(
    account: &RunningAccount,
    rooms: &[NativeId],
) -> Result<relay_contract::Preflight, OpenError> {
    let asked = tokio::time::timeout(PREFLIGHT, account.connector.preflight(rooms)).await;
    asked.unwrap_or_else(|_| Err(OpenError::Unavailable("the platform did not answer in 25 seconds".into())))
}

fn unavailable(error: StoreError) -> OpenError {
    OpenError::Unavailable(error.to_string())
}

/// What is remembered of a room that was seen, as the platform would report it.
fn report(room: KnownRoom) -> RoomReport {
    RoomReport {
        space: SpaceRef { id: room.space.as_str().into(), name: room.space_name },
        key: room.key,
        name: room.name,
        visibility: room.visibility.unwrap_or(Visibility::Space),
        members: None,
        warnings: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_from_before_the_newest_news_settles_nothing() {
        let (look, room) = (Look::default(), NativeId::from("1"));
        look.doubt(vec![room.clone()]);
        assert!(look.doubts(&room) && look.take().contains(&room));
        // While it is asked about, something becomes of it once more.
        look.doubt(vec![room.clone()]);
        look.answered(&room);
        assert!(look.doubts(&room));
        assert!(look.take().contains(&room));
        look.answered(&room);
        assert!(!look.doubts(&room));
    }
}

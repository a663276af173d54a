//! One task an account: checks the credential and the rooms, listens, and hands each event to its space. Owns the
//! account's state.

mod history;

use super::canary;
use super::core::{Core, RunningAccount};
use super::delay::Delay;
use super::lane::panic_text;
use super::links::PlannedRoom;
use super::passed::Passed;
use super::space::{Hear, Heard, Space};
use super::states::AccountState;
use super::supervisor::{SpaceOf, Supervisor};
use crate::observe::Count;
use crate::store::records::SetAside;
use crate::store::{StoreError, Verdict};
use actix::Addr;
use async_trait::async_trait;
use relay_contract::{
    Inbox, ListenError, Menu, NativeId, OpenError, Problem, RawEvent, RoomKey, Stopped, Timestamp,
    Translation,
};
use std::collections::HashMap;
use std::convert::Infallible;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::time::{Duration, Instant};
use tokio::sync::{MutexGuard, OwnedMutexGuard};

/// How often rooms that could not be used are asked about again.
const RECHECK_ROOMS: Duration = Duration::from_secs(60);
/// How long news of rooms are gathered before they are asked about.
const GATHER: Duration = Duration::from_millis(200);
/// Shortest time between two rounds of asking for that: a busy platform has much news.
const BETWEEN: Duration = Duration::from_secs(1);
/// A connection that held so long is a good one.
const STEADY: Duration = Duration::from_secs(60);
/// How often one event is handed to a space that crashes on it.
const CRASHES: u32 = 3;

/// Runs one account until it or Relay stops.
pub async fn run(core: Arc<Core>, account: Arc<RunningAccount>, supervisor: Addr<Supervisor>) {
    let (listening, _ended) = (account.listening.clone(), account.ended.clone().drop_guard());
    let task = core.readers.track_future(Reader { core: core.clone(), account, supervisor }.run());
    tokio::select! {
        () = task => {}
        // A connector that does not return is left behind; nothing it holds has been acknowledged.
        () = async { listening.cancelled().await; tokio::time::sleep(super::READERS_STOP).await } => {}
    }
}

struct Reader {
    core: Arc<Core>,
    account: Arc<RunningAccount>,
    supervisor: Addr<Supervisor>,
}

impl Reader {
    async fn run(self) {
        let mut delay = Delay::new(Duration::from_secs(1), Duration::from_secs(300));
        while !self.account.listening.is_cancelled() {
            let checked = self.check().await;
            self.core.states.checked(&self.account.name);
            let wait = match checked {
                Ok(()) => {
                    let began = Instant::now();
                    let wait = self.listen(&mut delay).await;
                    // Only what held for a while has earned a quick next try.
                    if began.elapsed() > STEADY {
                        delay.reset();
                    }
                    wait
                }
                Err(OpenError::Refused(problem)) => self.park(problem, &mut delay),
                Err(OpenError::Unavailable(reason)) => self.interrupt(reason, &mut delay),
            };
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = self.account.listening.cancelled() => {}
            }
        }
    }

    /// Checks the credential, and the rooms that the account is asked for.
    async fn check(&self) -> Result<(), OpenError> {
        self.core.look_up(&self.account, &self.core.planned_of(&self.account.name)).await
    }

    /// Listens until the connection is lost for good; answers how long to wait before the next try.
    async fn listen(&self, delay: &mut Delay) -> Duration {
        let cursor = match self.core.ledger.cursor(&self.account.name) {
            Ok(cursor) => cursor,
            Err(error) => return self.interrupt(error.to_string(), delay),
        };
        let inbox = ReaderInbox {
            reader: self,
            passed: Passed::default(),
            turn: tokio::sync::Mutex::default(),
            in_order: tokio::sync::Mutex::default(),
            queues: Mutex::default(),
        };
        let ended = tokio::select! {
            ended = self.account.connector.listen(cursor, &inbox) => ended,
            never = self.look_again() => match never {},
            never = inbox.histories() => match never {},
            () = self.deaf() => {
                self.core.counters.add(Count::Deaf);
                return self.interrupt(canary::DEAF.to_owned(), delay);
            }
            // A delivery was refused for the credential: checked again, parked as it is until then.
            () = self.account.recheck.notified() => return delay.next(),
        };
        match ended {
            Ok(()) => Duration::ZERO,
            Err(ListenError::Refused(problem)) => self.park(problem, delay),
            Err(ListenError::Lost(reason)) => self.interrupt(reason, delay),
        }
    }

    /// Until the connection is deaf. While histories are read, it is not listened to as it should be.
    async fn deaf(&self) {
        loop {
            self.account.canary.deaf().await;
            if !self.account.catch_up.is_pending() {
                return;
            }
            self.account.canary.heard();
        }
    }

    /// Asks again about rooms, beside the listening: about those that could not be used, and one other, once in a while, for not
    /// everything is told by an event; about those that something became of soon.
    async fn look_again(&self) -> Infallible {
        let (mut turn, mut asked_last) = (0_usize, Instant::now());
        loop {
            let (mut asked, once_in_a_while) = tokio::select! {
                () = tokio::time::sleep(RECHECK_ROOMS) => {
                    (self.core.states.missing_of(&self.account.name).into_iter().collect(), true)
                }
                () = self.account.look.due() => {
                    // Much of it comes at once.
                    tokio::time::sleep(GATHER.max(BETWEEN.saturating_sub(asked_last.elapsed()))).await;
                    asked_last = Instant::now();
                    (self.account.look.take(), false)
                }
            };
            let planned = self.core.planned_of(&self.account.name);
            if once_in_a_while && !planned.is_empty() {
                asked.insert(planned[turn % planned.len()].room.clone());
                turn = turn.wrapping_add(1);
            }
            let mut planned: Vec<_> = planned.into_iter().filter(|room| asked.contains(&room.room)).collect();
            // A room that has left still gets what changes in what it has: who reads it matters as before.
            let left = asked.iter().filter(|asked| !planned.iter().any(|room| room.room == **asked));
            let left = left.filter(|asked| self.core.known.get(&self.account.name, asked).is_some());
            let left: Vec<_> = left
                .map(|asked| PlannedRoom {
                    account: self.account.name.clone(),
                    room: asked.clone(),
                    by_name: false,
                })
                .collect();
            planned.extend(left);
            if !planned.is_empty()
                && let Err(error) = self.core.look_up(&self.account, &planned).await
            {
                tracing::info!(account = %self.account.name, %error, "rooms could not be asked about; it is tried again");
                self.account.look.again(asked);
            }
        }
    }

    fn park(&self, problem: Problem, delay: &mut Delay) -> Duration {
        let parked = AccountState::Parked { problem: problem.clone() };
        // It is looked at again and again until a person has done something.
        if *self.account.state.borrow() != parked {
            tracing::error!(account = %self.account.name, "parked: {problem}");
        }
        self.account.set_state(parked);
        // A person needs minutes; but a credential that works again should not need a restart.
        delay.next().max(Duration::from_secs(15))
    }

    fn interrupt(&self, reason: String, delay: &mut Delay) -> Duration {
        tracing::warn!(account = %self.account.name, reason, "not connected");
        self.account.set_state(AccountState::Interrupted { reason });
        delay.next()
    }
}

/// The engine's side of `listen`.
struct ReaderInbox<'a> {
    reader: &'a Reader,
    passed: Passed,
    /// What comes from spaces without a link is looked at one by one: a room may move in between.
    turn: tokio::sync::Mutex<()>,
    /// Events reach their spaces one by one, also when one of them waits for its room's history.
    in_order: tokio::sync::Mutex<()>,
    /// Of rooms whose histories are read: who waits there, in their order.
    queues: Mutex<HashMap<RoomKey, Arc<tokio::sync::Mutex<()>>>>,
}

/// An event's place in the order, as long as it is held.
struct Place<'a> {
    _in_order: Option<MutexGuard<'a, ()>>,
    _rooms: Vec<OwnedMutexGuard<()>>,
}

#[async_trait]
impl Inbox for ReaderInbox<'_> {
    async fn accept(&self, mut raw: RawEvent) -> Result<(), Stopped> {
        let cursor = raw.cursor.take();
        let ticket = self.passed.begin();
        self.reader.account.canary.heard();
        self.take_in(raw).await?;
        // While it was waited for, nothing else may have been handed up.
        self.reader.account.canary.heard();
        if let Some(cursor) = self.passed.finish(ticket, cursor).filter(|_| self.may_go_on()) {
            let account = self.reader.account.name.clone();
            self.reader.core.ledger.move_cursor(account, cursor).await.map_err(stop_on)?;
        }
        Ok(())
    }

    fn moved(&self, cursor: String) {
        let cursor = self.passed.finish(self.passed.begin(), Some(cursor));
        if let Some(cursor) = cursor.filter(|_| self.may_go_on()) {
            self.reader.core.ledger.move_cursor_soon(self.reader.account.name.clone(), cursor);
        }
    }

    fn gap(&self, why: &str) {
        self.begin_histories(None, why);
    }

    fn gap_in(&self, room: &RoomKey, why: &str) {
        self.begin_histories(Some(room), why);
    }

    fn missed(&self, what: &str) {
        tracing::warn!(account = %self.reader.account.name, what, "something was missed");
        self.reader.core.counters.add(Count::Missed);
        let missed = Some((Timestamp::now(), what.to_owned()));
        *self.reader.account.missed.lock().unwrap_or_else(PoisonError::into_inner) = missed;
    }

    fn suggest(&self, room: &RoomKey, begun: &str) -> Vec<String> {
        self.reader.core.suggest(room, begun)
    }

    fn joined(&self, room: &RoomKey, begun: &str) -> Vec<String> {
        let begun = begun.to_lowercase();
        let joined = self.reader.core.joined(room).into_iter().map(|(name, _)| name);
        joined.filter(|name| name.to_lowercase().starts_with(&begun)).take(25).collect()
    }

    fn menu(&self) -> Option<&Menu> {
        Some(crate::commands::menu())
    }

    fn connected(&self) {
        // Some platforms say it of a session, and of what it goes on with.
        if !self.reader.account.is_up() {
            tracing::info!(account = %self.reader.account.name, "connected");
        }
        self.reader.account.set_state(AccountState::Up);
    }

    fn interrupted(&self, reason: &str) {
        tracing::warn!(account = %self.reader.account.name, reason, "connection interrupted");
        self.reader.account.set_state(AccountState::Interrupted { reason: reason.to_owned() });
    }

    async fn stopped(&self) {
        self.reader.account.listening.cancelled().await;
    }
}

impl ReaderInbox<'_> {
    /// Returns when the event is on disk, dropped by rule, or set aside.
    async fn take_in(&self, raw: RawEvent) -> Result<(), Stopped> {
        if let Some(space) = self.space(&raw.space) {
            // Others may wait for room on the disk.
            if self.reader.core.disk.state().full && self.is_command(&raw) {
                return self.hand_over(space, raw, false, None).await.map(drop);
            }
            let place = self.place(&raw).await;
            return self.hand_over(space, raw, false, Some(place)).await.map(drop);
        }
        let turn = self.turn.lock().await;
        match self.space(&raw.space) {
            None => self.unlinked(&raw).await,
            // Its room was joined, or moved here, meanwhile.
            Some(space) => {
                drop(turn);
                self.hand_over(space, raw, false, None).await.map(drop)
            }
        }
    }

    /// An event's place in the order of its rooms: it waits for what was said there before, and nobody in another room waits with it.
    async fn place(&self, raw: &RawEvent) -> Place<'_> {
        let in_order = self.in_order.lock().await;
        let rooms = self.waits_for(raw);
        if rooms.is_empty() {
            return Place { _in_order: Some(in_order), _rooms: Vec::new() };
        }
        let mut places = Vec::with_capacity(rooms.len());
        for room in &rooms {
            let queue = {
                let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
                queues.entry(room.clone()).or_default().clone()
            };
            let mut place = Box::pin(queue.lock_owned());
            // Asked for once, it has its place in the queue, which is first come, first served.
            let at_once = futures::poll!(&mut place);
            places.push((at_once, place));
        }
        drop(in_order);
        let mut held = Vec::with_capacity(places.len());
        for (at_once, place) in places {
            held.push(match at_once {
                Poll::Ready(guard) => guard,
                Poll::Pending => place.await,
            });
        }
        for room in &rooms {
            self.reader.account.catch_up.read(room).await;
        }
        Place { _in_order: None, _rooms: held }
    }

    /// Answers how much of it was new. Its place is held until the space has it.
    async fn hand_over(
        &self,
        mut space: Addr<Space>,
        raw: RawEvent,
        is_past: bool,
        mut place: Option<Place<'_>>,
    ) -> Result<u64, Stopped> {
        let raw = Arc::new(raw);
        for _ in 0..CRASHES {
            self.may_enter(&raw).await?;
            let sent = space.send(Hear { raw: raw.clone(), is_past });
            place.take();
            match sent.await {
                Ok(heard) => return self.written(heard?).await,
                // The space is gone, or went down over this event: wait for the next one.
                Err(_) => space = self.next_space(&raw.space).await?,
            }
        }
        self.set_aside(&raw, "it crashed its space three times").await?;
        Ok(0)
    }

    /// Resolves when the disk has room for what an event may bring; a command brings nothing. Not when Relay stops before: then the
    /// event is not acknowledged.
    async fn may_enter(&self, raw: &RawEvent) -> Result<(), Stopped> {
        let core = &self.reader.core;
        if !core.disk.state().full || self.is_command(raw) {
            return Ok(());
        }
        tokio::select! {
            biased;
            () = core.disk.admits() => Ok(()),
            () = self.reader.account.listening.cancelled() => Err(Stopped),
        }
    }

    fn is_command(&self, raw: &RawEvent) -> bool {
        let translated = catch_unwind(AssertUnwindSafe(|| self.reader.account.connector.translate(raw)));
        matches!(translated, Ok(Translation::Command(_)))
    }

    /// What a space that no link leads to is still heard for: commands, and what became of its rooms.
    async fn unlinked(&self, raw: &RawEvent) -> Result<(), Stopped> {
        let (core, account) = (&self.reader.core, &self.reader.account);
        match catch_unwind(AssertUnwindSafe(|| account.connector.translate(raw))) {
            Ok(Translation::Command(call)) => core.call_in_order(account, call).await,
            Ok(Translation::Room(news)) => core.news(account, news).await.map_err(stop_on)?,
            Ok(_) => core.counters.add(Count::NotLinked),
            Err(panic) => {
                core.counters.add(Count::Panicked);
                let reason = format!("reading it panicked: {}", panic_text(&panic));
                self.set_aside(raw, &reason).await?;
            }
        }
        Ok(())
    }

    fn space(&self, of: &NativeId) -> Option<Addr<Space>> {
        self.reader.account.spaces.lock().unwrap_or_else(PoisonError::into_inner).get(of).cloned()
    }

    /// Waits until the ledger has it; answers how much of it was new.
    async fn written(&self, heard: Heard) -> Result<u64, Stopped> {
        let Heard::Queued(written) = heard else {
            return Ok(0);
        };
        let mut new = 0;
        let verdicts = written.await.map_err(|_| Stopped)?.map_err(stop_on)?;
        for verdict in verdicts {
            self.reader.core.counters.add(match verdict {
                Verdict::Accepted(_) => {
                    new += 1;
                    Count::Accepted
                }
                Verdict::Repeated => Count::Repeated,
                Verdict::Held => Count::Held,
                Verdict::Folded => Count::Folded,
                Verdict::TooOld => Count::TooOld,
            });
        }
        Ok(new)
    }

    async fn next_space(&self, space: &NativeId) -> Result<Addr<Space>, Stopped> {
        let ask = || SpaceOf { account: self.reader.account.name.clone(), space: space.clone() };
        loop {
            match self.reader.supervisor.send(ask()).await {
                Ok(Ok(addr)) => {
                    let spaces = &self.reader.account.spaces;
                    let mut spaces = spaces.lock().unwrap_or_else(PoisonError::into_inner);
                    spaces.insert(space.clone(), addr.clone());
                    return Ok(addr);
                }
                Ok(Err(wait)) => tokio::time::sleep(wait).await,
                Err(_) => return Err(Stopped),
            }
        }
    }

    async fn set_aside(&self, raw: &RawEvent, reason: &str) -> Result<(), Stopped> {
        self.reader.core.counters.add(Count::SetAside);
        let event = SetAside {
            account: self.reader.account.name.to_string(),
            reason: reason.to_owned(),
            payload: raw.payload.to_string(),
            at: Timestamp::now().0,
        };
        self.reader.core.ledger.set_aside(event).await.map_err(stop_on)
    }
}

/// A ledger that cannot be written ends everything: what was not written must not be acknowledged.
fn stop_on(error: StoreError) -> Stopped {
    tracing::error!(%error, "an event could not be written");
    Stopped
}

//! One loop a room: the oldest row, its steps, and for each a permit, an attempt, a receipt. Nothing overtakes.

mod again;
mod attempt;
mod closing;
mod deliver;
mod fate;
mod fold;
mod head;
mod marks;
mod pinned;
mod rest;
mod settle;

use super::core::{Core, LaneHandle};
use super::delay::Delay;
use super::expiry;
use super::files::{self, Files};
use super::lane_steps::{self, Content, Ran, Step, Steps, Work};
use super::masked::Seen;
use super::rate_limit::Turn;
use super::states::{AccountState, LaneState};
use crate::observe::Count;
use crate::policy::Unsure;
use crate::spans;
use crate::store::records::{PURGED, UNLINKED};
use crate::store::{DeadLetter, EnvelopeId, OutboxRow, StoreError, ThreadThere, Way};
use closing::Closing;
use fold::Folded;
use relay_contract::{
    Attempt, DeliverError, Doing, Envelope, Event, MessageRef, Operation, Problem, Receipt, Timestamp,
};
use rest::{End, RESTS_AFTER};
pub use rest::{Rest, run};
use settle::{HELD, Settled};
use std::any::Any;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::time::Instant;

/// Waits between attempts.
const FIRST_RETRY: Duration = Duration::from_millis(500);
const LONGEST_RETRY: Duration = Duration::from_secs(60);
/// How often a parked lane looks whether its room lets it in again.
const PARKED_RETRY: Duration = Duration::from_secs(60);
/// How often a paused lane looks whether it is still paused; it is told when it is not.
const PAUSED_LOOK: Duration = Duration::from_secs(600);
/// How often a lane looks whether it is known what became of its room.
const DOUBT: Duration = Duration::from_millis(100);
/// A server's `Retry-After` is obeyed within these bounds.
const HOLD: std::ops::RangeInclusive<Duration> = Duration::from_millis(50)..=Duration::from_secs(900);
/// How often a delivery that panics is tried before it is given up.
const PANICS: u32 = 3;

/// The words of a panic.
pub fn panic_text(panic: &Box<dyn Any + Send>) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no words".into())
}

pub(super) struct Lane {
    pub(super) core: Arc<Core>,
    pub(super) handle: Arc<LaneHandle>,
    /// No row is older: rows of a lane come in the order of their ids.
    from: EnvelopeId,
    /// The next rows, read with an earlier one: nobody but their lane changes what waits in it.
    ahead: VecDeque<(EnvelopeId, OutboxRow)>,
    delay: Delay,
    /// What it has done and is not written yet.
    closing: Closing,
    /// Its account has been asked about its rooms, once at least.
    asked: bool,
    /// Of so many rows an earlier run, or an earlier loop, may have done what is not known.
    doubtful: usize,
    /// Its turn has come to do this, and was not used yet.
    turn: Option<Doing>,
    /// What people had chosen when its head was worked out.
    chosen: u64,
    /// What it was worked out from.
    head: Option<(EnvelopeId, Arc<Envelope>)>,
    /// What came of its head, for the audit.
    ran: Ran,
    /// When its room, to which no link leads any more, has last refused a change of what is there.
    shut: Option<Instant>,
}

/// What the head of the lane has come to.
enum Fate {
    /// It is closed; the next row is the head.
    Closed,
    /// It stays the head, and is looked at again after this long.
    Later(Duration, LaneState),
}

impl Lane {
    async fn run(&mut self) -> End {
        // What an earlier loop has done may still be on its way to the writer.
        if self.core.ledger.probe().await.is_err() {
            return End::Stopped;
        }
        loop {
            self.handle.account.outage.given_up(&self.handle.room);
            if self.handle.retired.is_cancelled() {
                return End::Stopped;
            }
            let calls = self.handle.rest.calls();
            // What it was asked for may have put older rows into it.
            if self.carry_out().await | self.handle.rewind.swap(false, Ordering::AcqRel) {
                if let Err(error) = self.closed().await {
                    tracing::error!(room = %self.handle.room, %error, "what was done is not written");
                }
                self.begin_anew();
            }
            tokio::select! {
                biased;
                () = self.core.mapped() => {}
                () = self.handle.retired.cancelled() => return End::Stopped,
                () = self.core.draining.cancelled() => return End::Stopped,
            }
            if !self.asked {
                // What its room can do is known only then.
                tokio::select! {
                    biased;
                    () = self.core.states.has_checked(&self.handle.account.name) => self.asked = true,
                    () = self.handle.orders.come() => continue,
                    () = self.handle.retired.cancelled() => return End::Stopped,
                    () = self.core.draining.cancelled() => return End::Stopped,
                }
            }
            let fate = match self.next().await {
                Ok(None) if self.core.draining.is_cancelled() => return End::Stopped,
                Ok(None) => {
                    self.handle.set_state(LaneState::Idle);
                    self.handle.account.outage.given_up(&self.handle.room);
                    if self.wait(None).await {
                        return End::Rests(calls);
                    }
                    continue;
                }
                // Its own allocation, which an idle lane does not have.
                Ok(Some((id, row))) => Box::pin(self.work_on(id, row)).await,
                Err(error) => Err(error),
            };
            self.head = None;
            if !matches!(fate, Ok(Fate::Closed)) {
                self.ahead.clear();
            }
            match fate {
                Ok(Fate::Closed) => self.delay.reset(),
                // What cannot be delivered now is on disk: it goes on at the next start.
                Ok(Fate::Later(..)) | Err(_) if self.core.draining.is_cancelled() => return End::Stopped,
                Ok(Fate::Later(wait, state)) => {
                    self.handle.set_state(state);
                    self.wait(Some(wait)).await;
                }
                Err(StoreError::Closed) => return End::Stopped,
                Err(error) => {
                    tracing::error!(room = %self.handle.room, %error, "the lane cannot read its work");
                    self.handle.set_state(LaneState::Retrying { reason: error.to_string() });
                    self.wait(Some(LONGEST_RETRY)).await;
                }
            }
        }
    }

    /// Until something may have changed; answers whether nothing has, for that time or for so long that it may rest. A lane that waits for
    /// a time is not disturbed by new rows behind its head.
    async fn wait(&self, wait: Option<Duration>) -> bool {
        let state = self.handle.state();
        let (parked, retries) =
            (matches!(state, LaneState::Parked { .. }), matches!(state, LaneState::Retrying { .. }));
        let until = wait.map_or(0, |wait| Timestamp::now().0.saturating_add(wait.as_millis() as i64));
        self.handle.next_try.store(until, Ordering::Release);
        let passed = tokio::select! {
            () = self.handle.wake.notified(), if wait.is_none() => false,
            () = tokio::time::sleep(wait.unwrap_or(RESTS_AFTER)) => true,
            () = self.handle.retry.notified(), if parked => false,
            () = self.handle.account.outage.ended(), if retries => false,
            () = self.connected_again(), if retries => false,
            () = self.handle.overtaking.added() => false,
            () = self.handle.orders.come() => false,
            () = self.handle.retired.cancelled() => false,
            () = self.core.draining.cancelled() => false,
        };
        self.handle.next_try.store(0, Ordering::Release);
        passed
    }

    /// Until the account can deliver, or the row is too old for it.
    async fn account_ready(&self, left: Option<Duration>) -> bool {
        let mut state = self.handle.account.state.subscribe();
        if state.borrow().may_deliver() {
            return true;
        }
        self.handle.set_state(LaneState::Waiting);
        tokio::select! {
            changed = state.wait_for(AccountState::may_deliver) => changed.is_ok(),
            () = tokio::time::sleep(left.unwrap_or_default()), if left.is_some() => false,
            () = self.handle.orders.come() => false,
            () = self.handle.retired.cancelled() => false,
            () = self.core.draining.cancelled() => false,
        }
    }

    async fn work_on(&mut self, id: EnvelopeId, mut row: OutboxRow) -> Result<Fate, StoreError> {
        // What is half there is completed, so that it is known and can be deleted.
        let holds = self.handle.account.unsure == Unsure::Hold;
        if row.is_untouched()
            && self.handle.overtaking.is_cancelled(id)
            // What an earlier run may have done is found out first: it would stay where it is.
            && (row.target.is_some() || self.in_doubt_since(id, &row, holds).is_none())
        {
            self.core.counters.add(Count::Purged);
            return self.close_dead(id, row, PURGED.into()).await;
        }
        let left = expiry::left(&self.core, &self.handle, id, &row);
        if let Some(expiry::Left { expire, left: Duration::ZERO }) = left {
            return self
                .bury(id, row, format!("expired: not delivered within {}", spans::in_words(expire)))
                .await;
        }
        let left = left.map(|left| left.left);
        let envelope = match self.core.ledger.envelope(id) {
            Ok(Some(envelope)) => envelope,
            Ok(None) => return self.bury(id, row, "its envelope is not in the journal".into()).await,
            Err(error @ StoreError::Corrupt { .. }) => return self.bury(id, row, error.to_string()).await,
            Err(error) => return Err(error),
        };
        match self.fold(id, &envelope, &mut row).await {
            Ok(Folded::No) => {}
            Ok(Folded::Gone) => return self.leave(id).await,
            Err(error @ StoreError::Corrupt { .. }) => return self.bury(id, row, error.to_string()).await,
            Err(error) => return Err(error),
        }
        self.chosen = self.core.ledger.consent_generation();
        self.head = Some((id, envelope.clone()));
        let muted = self.core.is_muted_row(&self.handle.room, &envelope, &row)?;
        let withheld = muted || self.core.is_withheld(&self.handle.room, id, &envelope, &row)?;
        // A room that may not see what was changed does not keep the old words.
        let outdates = withheld
            && !muted
            && row.edit.is_none()
            && self.core.keeps_changes_from(&self.handle.room, &envelope);
        if withheld
            && !outdates
            && row.is_untouched()
            && (row.target.is_some() || self.in_doubt_since(id, &row, holds).is_none())
        {
            if muted {
                return self.close_muted(id, &envelope, row.edit).await;
            }
            self.core.counters.add(Count::Withheld);
            return self.close_withheld(id, id, None, row.edit).await;
        }
        // What is there by now matters to all but a message that stands by itself.
        let by_itself = matches!(&envelope.event, Event::Posted(message) if message.reply.is_none());
        if row.target.is_some() || row.thread.is_some() || !by_itself {
            self.closed().await?;
        }
        let takes = self.handle.account.connector.takes(&self.handle.room);
        let mut whose = None;
        let content = Content::of(&self.core, id, &envelope, &row).inspect(|content| {
            // Before it bears another name.
            whose = self.core.whose(content.as_ref(), &row);
        });
        let content = content.and_then(|content| match content {
            // Nothing more of it goes: what may be there already is found by what it said.
            Some(content) if withheld => content.unmasked(&self.core, takes).map(Some),
            Some(content) => content.seen_in(&self.core, &self.handle.room, takes),
            None => Ok(None),
        });
        let content = match content {
            Ok(content) => content,
            Err(error @ StoreError::Corrupt { .. }) => return self.bury(id, row, error.to_string()).await,
            Err(error) => return Err(error),
        };
        let files = match &content {
            Some(content) => files::of(&self.core, &self.handle, &row, content).await?,
            None => Files::default(),
        };
        let planned = catch_unwind(AssertUnwindSafe(|| match row.target.filter(|_| outdates) {
            Some(target) => lane_steps::outdated(&self.core, &self.handle, target),
            None => lane_steps::plan(&self.core, &self.handle, id, &envelope, &row, content.as_ref(), &files),
        }));
        // What waits here goes where its room has gone: it may have been planned as for a room that is not linked.
        if self.handle.retired.is_cancelled() {
            return Ok(Fate::Later(Duration::ZERO, LaneState::Held));
        }
        match planned {
            Ok(Ok(Work::Steps(_) | Work::Marks { .. })) if self.is_shut() => {
                self.bury(id, row, UNLINKED.into()).await
            }
            Ok(Ok(Work::Steps(mut steps))) => match self.may_begin(left).await {
                Some(later) => Ok(later),
                None => {
                    steps.left = self.core.left(&self.handle.room, id, &envelope, whose, content.as_ref());
                    steps.words_out = content.as_ref().is_some_and(Seen::has_words_out);
                    self.deliver(id, row, &steps, &files).await
                }
            },
            Ok(Ok(Work::Marks { marks, subject, of_person, are_all })) => {
                if let Some(later) = self.may_begin(left).await {
                    return Ok(later);
                }
                match self.put(id, row, &marks, subject, of_person).await? {
                    Some(later) => Ok(later),
                    None if are_all => {
                        self.core.counters.add(Count::Delivered);
                        let room = self.handle.room.clone();
                        let left = self.core.left(&room, id, &envelope, whose, content.as_ref());
                        self.close(id, subject, None, Vec::new(), None, None, left).await
                    }
                    None => Ok(Fate::Later(Duration::ZERO, LaneState::Busy)),
                }
            }
            Ok(Ok(Work::Open { .. })) if withheld => self.close_withheld(id, id, None, row.edit).await,
            Ok(Ok(Work::Open { root, name, conversation })) => match self.may_begin(left).await {
                Some(later) => Ok(later),
                None => self.open(id, row, root.as_ref(), &name, conversation).await,
            },
            Ok(Ok(Work::Nothing)) => self.close(id, id, None, Vec::new(), None, None, None).await,
            Ok(Ok(Work::Impossible(reason))) => self.bury(id, row, reason.to_owned()).await,
            Ok(Err(error @ StoreError::Corrupt { .. })) => self.bury(id, row, error.to_string()).await,
            Ok(Err(error)) => Err(error),
            Err(panic) => {
                self.core.counters.add(Count::Panicked);
                self.bury(id, row, format!("rendering it panicked: {}", panic_text(&panic))).await
            }
        }
    }

    /// Why the lane cannot go on with its head now.
    async fn may_begin(&self, left: Option<Duration>) -> Option<Fate> {
        if let Some(later) = self.held() {
            return Some(later);
        }
        if !self.account_ready(left).await {
            return Some(Fate::Later(Duration::ZERO, LaneState::Waiting));
        }
        self.handle.set_state(LaneState::Busy);
        None
    }

    /// Whether the head does not wait for its turn: that a room is paused is said in it, and what is taken back goes.
    fn overtakes(&self) -> bool {
        self.head.as_ref().is_some_and(|(id, _)| self.handle.overtaking.first() == Some(*id))
    }

    /// Why nothing may be said in the room now, and when to look again.
    fn held(&self) -> Option<Fate> {
        let holding = self.core.pauses.holds(&self.handle.account.name, &self.handle.room);
        if let Some(holding) = holding.filter(|holding| !holding.chat || !self.overtakes()) {
            let left = holding.until.map(|until| until.saturating_sub(Timestamp::now().0));
            let left = left.map(|left| Duration::from_millis(u64::try_from(left).unwrap_or(0)));
            return Some(Fate::Later(left.map_or(PAUSED_LOOK, |left| left.min(PAUSED_LOOK)), holding.into()));
        }
        // Nobody asks any more about a room that was left: what is to be changed there finds out by itself.
        let is_left = self.is_left() && self.core.wider(&self.handle.room).is_none();
        if let Some(problem) = self.core.held(&self.handle.room).filter(|_| !is_left) {
            return Some(Fate::Later(PARKED_RETRY, LaneState::Parked { problem }));
        }
        self.core.in_doubt(&self.handle.room).then_some(Fate::Later(DOUBT, LaneState::Waiting))
    }
}

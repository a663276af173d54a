//! One loop a room: the oldest row, its steps, and for each a permit, an attempt, a receipt. Nothing overtakes.

mod again;
mod attempt;
mod closing;
mod fate;
mod fold;
mod head;
mod rest;
mod settle;

use super::core::{Core, LaneHandle};
use super::delay::Delay;
use super::expiry;
use super::files::{self, Files};
use super::lane_steps::{self, Content, Step, Steps, Work};
use super::rate_limit::Turn;
use super::states::{AccountState, LaneState};
use crate::observe::Count;
use crate::policy::Unsure;
use crate::spans;
use crate::store::records::PURGED;
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
        // What is there by now matters to all but a message that stands by itself.
        let by_itself = matches!(&envelope.event, Event::Posted(message) if message.reply.is_none());
        if row.target.is_some() || row.thread.is_some() || !by_itself {
            self.closed().await?;
        }
        let content = match Content::of(&self.core, id, &envelope, &row) {
            Ok(content) => content,
            Err(error @ StoreError::Corrupt { .. }) => return self.bury(id, row, error.to_string()).await,
            Err(error) => return Err(error),
        };
        let files = match &content {
            Some(content) => files::of(&self.core, &self.handle, &row, content).await?,
            None => Files::default(),
        };
        let planned = catch_unwind(AssertUnwindSafe(|| {
            lane_steps::plan(&self.core, &self.handle, id, &envelope, &row, content.as_ref(), &files)
        }));
        match planned {
            Ok(Ok(Work::Steps(steps))) => match self.may_begin(left).await {
                Some(later) => Ok(later),
                None => self.deliver(id, row, &steps, &files).await,
            },
            Ok(Ok(Work::Open { root, name, conversation })) => match self.may_begin(left).await {
                Some(later) => Ok(later),
                None => self.open(id, row, root.as_ref(), &name, conversation).await,
            },
            Ok(Ok(Work::Nothing)) => self.close(id, id, None, Vec::new(), None, None).await,
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

    /// Opens the thread that a row's message goes into; the row is looked at again.
    async fn open(
        &mut self,
        id: EnvelopeId,
        row: OutboxRow,
        root: Option<&MessageRef>,
        name: &str,
        conversation: EnvelopeId,
    ) -> Result<Fate, StoreError> {
        if let Some(wait) = self.permit(Doing::Open).await {
            return Ok(Fate::Later(wait, LaneState::Held));
        }
        let operation = Operation::Open { root, name };
        let mut row = row;
        let outcome = match self.settled(id, &mut row, &operation).await? {
            Settled::Done(receipt) => Ok(receipt),
            Settled::Attempt => self.attempt(operation).await,
            Settled::Later(error) => Err(error),
            Settled::TakenBack => return self.leave(id).await,
            Settled::Held => return self.bury(id, row, HELD.into()).await,
        };
        match outcome {
            Ok(receipt) => {
                let there = ThreadThere { thread: receipt.message.thread, root: root.cloned() };
                self.core.ledger.remember_thread(self.handle.room.clone(), conversation, there).await?;
                Ok(Fate::Later(Duration::ZERO, LaneState::Busy))
            }
            // What can never be opened is done without: the message goes below its root, or into the room.
            Err(DeliverError::Rejected(_) | DeliverError::TargetGone | DeliverError::Forbidden(_)) => {
                tracing::warn!(room = %self.handle.room, "a thread could not be opened; its messages go into the room");
                let there = ThreadThere { thread: None, root: root.cloned() };
                self.core.ledger.remember_thread(self.handle.room.clone(), conversation, there).await?;
                Ok(Fate::Later(Duration::ZERO, LaneState::Busy))
            }
            Err(error) => self.failed(id, row, error, false).await,
        }
    }

    /// Why nothing may be said in the room now, and when to look again.
    fn held(&self) -> Option<Fate> {
        if let Some((since, account)) = self.core.pauses.holds(&self.handle.account.name, &self.handle.room) {
            return Some(Fate::Later(PAUSED_LOOK, LaneState::Paused { since, account }));
        }
        if let Some(problem) = self.core.held(&self.handle.room) {
            return Some(Fate::Later(PARKED_RETRY, LaneState::Parked { problem }));
        }
        self.core.in_doubt(&self.handle.room).then_some(Fate::Later(DOUBT, LaneState::Waiting))
    }

    async fn deliver(
        &mut self,
        id: EnvelopeId,
        mut row: OutboxRow,
        steps: &Steps,
        files: &Files,
    ) -> Result<Fate, StoreError> {
        while let Some(step) = steps.steps.get(row.done.len()) {
            let uploads = match step {
                Step::Keep(message) => {
                    row.done.push(Some(message.clone()));
                    continue;
                }
                Step::Post(part) => files.of_part(&part.files),
                _ => Vec::new(),
            };
            let key = format!("{id}.{}", row.done.len());
            let Some(operation) = steps.operation(row.done.len(), &uploads, &key) else { break };
            // Each part anew: between two of them the room may have left, or become another's to read.
            if let Some(later) = self.held() {
                return Ok(later);
            }
            let posts = matches!(operation, Operation::Post { .. });
            if posts
                && row.target.is_none()
                && !steps.is_notice
                && !self.core.routes.borrow().speaks(&self.handle.room)
            {
                return self.bury(id, row, "unlinked".into()).await;
            }
            if let Some(wait) = self.permit(operation.doing()).await {
                if self.core.draining.is_cancelled() || self.handle.retired.is_cancelled() {
                    return Ok(Fate::Later(wait, LaneState::Held));
                }
                self.wait(Some(wait)).await;
                if row.done.is_empty() && self.handle.overtaking.first().is_some_and(|first| first != id) {
                    return Ok(Fate::Later(Duration::ZERO, LaneState::Busy));
                }
                // Before anything of it is there, it is looked at anew: it may have been deleted, edited or purged meanwhile.
                if row.is_untouched() || self.handle.orders.any() {
                    return Ok(Fate::Later(Duration::ZERO, LaneState::Held));
                }
                continue;
            }
            self.handle.set_state(LaneState::Busy);
            if row.done.is_empty() && !files.late.is_empty() {
                self.core.ledger.mark_late(steps.subject, files.late.clone(), true).await?;
            }
            if let Operation::Delete { target } = &operation {
                self.core.own_deletes.add(&self.handle.room, &target.id);
            }
            let beside = matches!(step, Step::Delete(_) | Step::React(..) | Step::Pin(..));
            let outcome = match self.settled(id, &mut row, &operation).await? {
                Settled::Done(receipt) => Ok(receipt),
                Settled::Attempt => self.attempt_as(operation, steps.speaker(row.done.len())).await,
                Settled::Later(error) => Err(error),
                Settled::TakenBack => return self.leave(id).await,
                Settled::Held => return self.bury(id, row, HELD.into()).await,
            };
            match outcome {
                Ok(receipt) if !beside => {
                    if let Some(conversation) = steps.begins.filter(|_| row.done.is_empty()) {
                        self.begin(conversation, &receipt.message).await?;
                    }
                    row.done.push(Some(receipt.message));
                    row.more.extend(receipt.more);
                    row.begun = false;
                }
                Ok(_) => row.done.push(None),
                Err(DeliverError::TargetGone) if beside => row.done.push(None),
                // The message is as it is; what cannot be put on it is done without.
                Err(DeliverError::Rejected(why)) if matches!(step, Step::React(..) | Step::Pin(..)) => {
                    tracing::info!(room = %self.handle.room, envelope = %id, why, "not shown there");
                    row.done.push(None);
                }
                // The words are not lost for a file that the platform does not take.
                Err(DeliverError::Rejected(why)) if !uploads.is_empty() => {
                    let refused: Vec<u16> = uploads.iter().map(|upload| upload.index).collect();
                    tracing::warn!(room = %self.handle.room, envelope = %id, why, "files were refused; the rest goes without them");
                    row.files = files.fates_without(&refused, &why);
                    self.core.ledger.progress(self.handle.room.clone(), id, row).await?;
                    return Ok(Fate::Later(Duration::ZERO, LaneState::Busy));
                }
                Err(error) => return self.failed(id, row, error, steps.of_person).await,
            }
            if row.files.is_none() {
                row.files = files.fates();
            }
            if row.done.len() < steps.steps.len() {
                self.core.ledger.progress(self.handle.room.clone(), id, row.clone()).await?;
            }
        }
        if let Some(shown) = &steps.shown {
            let room = self.handle.room.clone();
            self.core.ledger.remember_shown(steps.subject, room, shown.clone()).await?;
        }
        let lost = steps.lost.iter().map(|feature| feature.word().to_owned()).collect();
        let (way, edit) = (self.way(&row, steps.subject, Timestamp::now())?, row.edit);
        let messages =
            steps.change_messages().then(|| row.done.into_iter().flatten().chain(row.more).collect());
        self.close(id, steps.subject, messages, lost, Some(way), edit).await?;
        if edit.is_some() {
            // The edit's row is gone with it, and may not be taken for the next one.
            self.ahead.clear();
            self.closed().await?;
            self.core.counters.add(Count::Folded);
        }
        if steps.replace_messages() {
            self.closed().await?;
            self.put_again(id, steps.subject).await?;
        }
        self.core.counters.add(Count::Delivered);
        tracing::debug!(room = %self.handle.room, envelope = %id, lost = ?steps.lost, "delivered");
        Ok(Fate::Closed)
    }
}

//! What a lane is asked to do between two rows: only it may touch what it works on.

use super::core::{Core, LaneHandle};
use super::lane::Lane;
use crate::store::queue::{DROPPED, after};
use crate::store::{EnvelopeId, OutboxRow, StoreError};
use relay_contract::{DeliverError, Doing, MessageRef, Operation, Part};
use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, oneshot};

/// Orders that wait for one lane; more are refused.
const MOST: usize = 8;
/// Rows that are changed in one batch.
const BATCH: usize = 500;
/// Longest wait for a lane. An attempt that is under way is finished first.
const PATIENCE: Duration = Duration::from_secs(50);
/// Longest wait for a rate limit, for something that is not in the lane.
const LONGEST_HOLD: Duration = Duration::from_secs(10);

/// Something to do.
#[derive(Debug)]
pub enum Order {
    /// Put dead letters back: these, or all.
    Retry(Option<Vec<EnvelopeId>>),
    /// Close rows as dead letters: these, or all.
    Drop(Option<Vec<EnvelopeId>>),
    /// Post a message that is in no journal.
    Say(Part),
    /// Take such a message away.
    TakeAway(MessageRef),
}

/// What came of it.
#[derive(Debug)]
pub enum Outcome {
    /// So many were put back or closed.
    Changed(u64),
    /// The message that was posted, how long the rate limit held it, and how long its platform took.
    Said(MessageRef, Duration, Duration),
    /// It is gone.
    TakenAway,
}

/// Why it was not done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OrderError {
    /// The lane did not come to it.
    #[error("a delivery into this room is under way and takes long; try again in a minute")]
    Busy,
    /// Nobody can do it.
    #[error("no account of this Relay reaches this room any more: link it again first")]
    NoAccount,
    /// A rate limit did not let it through.
    #[error("a rate limit holds this room for longer than {0} seconds")]
    Limited(u64),
    /// Relay is going down.
    #[error("Relay is stopping")]
    Stopping,
    /// The ledger cannot be read or written.
    #[error("{0}")]
    Store(String),
    /// The platform did not take it.
    #[error("{0}")]
    Refused(DeliverError),
}

impl From<StoreError> for OrderError {
    fn from(error: StoreError) -> Self {
        Self::Store(error.to_string())
    }
}

type Done = oneshot::Sender<Result<Outcome, OrderError>>;

/// The orders of a lane.
#[derive(Debug, Default)]
pub struct Orders {
    waiting: Mutex<VecDeque<(Order, Done)>>,
    come: Notify,
}

impl Orders {
    /// Something changed that the lane is to look at now, whatever it waits for.
    pub fn look(&self) {
        self.come.notify_one();
    }

    /// Resolves when there is something to look at.
    pub async fn come(&self) {
        self.come.notified().await;
    }

    /// Whether one waits.
    pub fn any(&self) -> bool {
        !self.waiting().is_empty()
    }

    fn take(&self) -> Option<(Order, Done)> {
        self.waiting().pop_front()
    }

    fn put(&self, order: Order) -> Result<oneshot::Receiver<Result<Outcome, OrderError>>, OrderError> {
        let (done, receiver) = oneshot::channel();
        let mut waiting = self.waiting();
        // Whoever has given up waiting for the answer does not want it carried out any more.
        waiting.retain(|(_, done)| !done.is_closed());
        if waiting.len() >= MOST {
            return Err(OrderError::Busy);
        }
        waiting.push_back((order, done));
        drop(waiting);
        self.look();
        Ok(receiver)
    }

    fn waiting(&self) -> MutexGuard<'_, VecDeque<(Order, Done)>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Core {
    /// Has a lane do something between two of its rows; starts it where it does not run.
    pub(super) async fn order(&self, lane: &Arc<LaneHandle>, order: Order) -> Result<Outcome, OrderError> {
        if self.draining.is_cancelled() {
            return Err(OrderError::Stopping);
        }
        let answer = lane.orders.put(order)?;
        lane.call();
        self.serve(&lane.account, &lane.space, &lane.room).await;
        match tokio::time::timeout(PATIENCE, answer).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => Err(OrderError::Stopping),
            Err(_) => Err(OrderError::Busy),
        }
    }
}

impl Lane {
    /// Carries out what it was asked to do; answers whether there was anything.
    pub(super) async fn carry_out(&mut self) -> bool {
        let mut any = false;
        while let Some((order, done)) = self.handle.orders.take() {
            if done.is_closed() {
                continue;
            }
            any = true;
            let outcome = match self.closed().await {
                // Its own allocation, which a lane without orders does not have.
                Ok(()) => Box::pin(self.carried_out(order)).await,
                Err(error) => Err(error.into()),
            };
            // Whoever asked may have gone away.
            drop(done.send(outcome));
        }
        any
    }

    async fn carried_out(&mut self, order: Order) -> Result<Outcome, OrderError> {
        match order {
            Order::Retry(ids) => {
                self.handle.account.outage.due();
                self.retry(ids).await.map(Outcome::Changed)
            }
            Order::Drop(ids) => self.drop_rows(ids).await.map(Outcome::Changed),
            Order::Say(part) => self.say(&part).await,
            Order::TakeAway(message) => self.take_away(&message).await,
        }
    }

    async fn retry(&self, ids: Option<Vec<EnvelopeId>>) -> Result<u64, OrderError> {
        let (ledger, room) = (&self.core.ledger, &self.handle.room);
        let mut changed = 0;
        match ids {
            Some(ids) => {
                for batch in self.with_what_belongs_to(ids)?.chunks(BATCH) {
                    changed += self.put_back(batch.to_vec()).await?;
                }
            }
            None => {
                let mut from = Some(EnvelopeId::default());
                while let Some(first) = from {
                    let letters = ledger.letters_of(room, first, BATCH)?;
                    from = letters.last().and_then(|(last, _)| after(*last));
                    changed += self.put_back(letters.into_iter().map(|(id, _)| id).collect()).await?;
                }
            }
        }
        Ok(changed)
    }

    /// What its author has deleted meanwhile stays where it is.
    async fn put_back(&self, mut ids: Vec<EnvelopeId>) -> Result<u64, OrderError> {
        let ledger = &self.core.ledger;
        let mut deleted = BTreeSet::new();
        for id in &ids {
            if ledger.is_taken_back(*id)? {
                deleted.insert(*id);
            }
        }
        ids.retain(|id| !deleted.contains(id));
        let changed = ids.len() as u64;
        ledger.retry(self.handle.room.clone(), ids).await?;
        Ok(changed)
    }

    /// Dead letters with the posts that they change and the changes of the posts among them, in their order: an edit is nothing
    /// without its post.
    fn with_what_belongs_to(&self, ids: Vec<EnvelopeId>) -> Result<Vec<EnvelopeId>, StoreError> {
        let (ledger, room) = (&self.core.ledger, &self.handle.room);
        let mut together = BTreeSet::new();
        for id in ids {
            let Some(letter) = ledger.dead_letter(room, id)? else { continue };
            together.insert(id);
            if let Some(target) =
                letter.row.target.filter(|target| ledger.is_dead(room, *target).unwrap_or(false))
            {
                together.insert(target);
            }
        }
        let Some(first) = together.first().copied() else { return Ok(Vec::new()) };
        let mut from = first;
        loop {
            let letters = ledger.letters_of(room, from, BATCH)?;
            let Some((last, _)) = letters.last() else { break };
            let next = after(*last);
            let changes = letters.iter().filter(|(_, letter)| {
                letter.reason != DROPPED && letter.row.target.is_some_and(|target| together.contains(&target))
            });
            together.extend(changes.map(|(id, _)| *id).collect::<Vec<_>>());
            let Some(next) = next else { break };
            from = next;
        }
        Ok(together.into_iter().collect())
    }

    async fn drop_rows(&self, ids: Option<Vec<EnvelopeId>>) -> Result<u64, OrderError> {
        let (ledger, room) = (&self.core.ledger, &self.handle.room);
        let mut changed = 0;
        match ids {
            Some(ids) => {
                let mut there = Vec::new();
                for id in ids {
                    there.extend(ledger.row(room, id)?.map(|row| (id, row)));
                }
                changed += there.len() as u64;
                self.dropped(there).await?;
            }
            None => {
                let mut from = EnvelopeId::default();
                loop {
                    let rows = ledger.rows(room, from, BATCH)?;
                    let Some((last, _)) = rows.last() else { break };
                    from = *last;
                    changed += rows.len() as u64;
                    self.dropped(rows).await?;
                }
            }
        }
        Ok(changed)
    }

    async fn dropped(&self, rows: Vec<(EnvelopeId, OutboxRow)>) -> Result<(), StoreError> {
        let room = &self.handle.room;
        let left = |(id, row): &(EnvelopeId, OutboxRow)| {
            Some((*id, self.core.left_of_buried(room, *id, row, false, &[])?))
        };
        let left = rows.iter().filter_map(left).collect();
        let ids = rows.into_iter().map(|(id, _)| id).collect();
        self.core.ledger.drop_rows(room.clone(), ids, left).await
    }

    async fn say(&mut self, part: &Part) -> Result<Outcome, OrderError> {
        let held = self.wait_for_permit(Doing::Post).await?;
        let began = tokio::time::Instant::now();
        let key = format!("{}.0", ulid::Ulid::new());
        let post =
            Operation::Post { part, persona: None, reply_to: None, thread: None, files: &[], key: &key };
        let receipt = self.attempt(post).await.map_err(OrderError::Refused)?;
        Ok(Outcome::Said(receipt.message, held, began.elapsed()))
    }

    async fn take_away(&mut self, message: &MessageRef) -> Result<Outcome, OrderError> {
        self.wait_for_permit(Doing::Delete).await?;
        self.core.own_deletes.add(&self.handle.room, &message.id);
        match self.attempt(Operation::Delete { target: message }).await {
            Ok(_) | Err(DeliverError::TargetGone) => Ok(Outcome::TakenAway),
            Err(error) => Err(OrderError::Refused(error)),
        }
    }

    /// Answers how long it took.
    async fn wait_for_permit(&mut self, doing: Doing) -> Result<Duration, OrderError> {
        let began = tokio::time::Instant::now();
        let granted = async {
            while let Some(wait) = self.permit(doing).await {
                if self.core.draining.is_cancelled() {
                    return Err(OrderError::Stopping);
                }
                tokio::time::sleep(wait).await;
            }
            Ok(())
        };
        match tokio::time::timeout(LONGEST_HOLD, granted).await {
            Ok(granted) => granted.map(|()| began.elapsed()),
            Err(_) => Err(OrderError::Limited(LONGEST_HOLD.as_secs())),
        }
    }
}

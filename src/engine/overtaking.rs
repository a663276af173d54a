//! Rows of a lane that do not wait for their turn: what a purge cancels, and what it deletes. In memory only: after a crash they are
//! done in their order.

use crate::store::EnvelopeId;
use std::collections::{HashSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// Those of one lane.
#[derive(Debug, Default)]
pub struct Overtaking {
    rows: Mutex<Rows>,
    /// Some were added.
    added: Notify,
}

#[derive(Debug, Default)]
struct Rows {
    order: VecDeque<EnvelopeId>,
    cancelled: HashSet<EnvelopeId>,
}

impl Overtaking {
    fn rows(&self) -> MutexGuard<'_, Rows> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// These go first, in this order; the cancelled ones are posts that are not to be delivered.
    pub fn add(&self, deletes: Vec<EnvelopeId>, cancelled: Vec<EnvelopeId>, after: Vec<EnvelopeId>) {
        let mut rows = self.rows();
        rows.cancelled.extend(cancelled.iter().copied());
        rows.order.extend(deletes.into_iter().chain(cancelled).chain(after));
        drop(rows);
        self.added.notify_one();
    }

    /// The one that goes first.
    pub fn first(&self) -> Option<EnvelopeId> {
        self.rows().order.front().copied()
    }

    /// That row is closed.
    pub fn closed(&self, id: EnvelopeId) {
        let mut rows = self.rows();
        if rows.order.front() == Some(&id) {
            rows.order.pop_front();
        } else {
            rows.order.retain(|other| *other != id);
        }
        rows.cancelled.remove(&id);
    }

    /// Whether a post is not to be delivered.
    pub fn is_cancelled(&self, id: EnvelopeId) -> bool {
        self.rows().cancelled.contains(&id)
    }

    /// Resolves when some were added.
    pub async fn added(&self) {
        self.added.notified().await;
    }
}

//! Rows that are done go to the ledger's writer, and the lane goes on while it closes them: the next request need not wait for the
//! disk. Where the platform tells afterwards what was done (`tells`), so many at most are on their way to the writer; elsewhere
//! the next attempt waits until what was done is written, so that a crash leaves one delivery of which nobody knows.

use super::{EnvelopeId, Fate, Lane, StoreError, Way};
use crate::audit::Left;
use crate::store::queue::after;
use relay_contract::MessageRef;
use std::collections::VecDeque;
use tokio::sync::oneshot;
use tokio::sync::oneshot::error::TryRecvError;

/// Rows of a lane that are done and of which a crash may take back that they are, at most.
pub(super) const MOST: usize = 16;

/// Answers of the writer that are still to come, oldest first.
#[derive(Default)]
pub(super) struct Closing(VecDeque<oneshot::Receiver<Result<(), StoreError>>>);

impl Closing {
    /// Takes those that have come, and waits until no more than so many are to come; none, once a row could not be closed.
    async fn down_to(&mut self, mut most: usize) -> Result<(), StoreError> {
        let mut all = Ok(());
        loop {
            let few = self.0.len() <= most;
            let Some(oldest) = self.0.front_mut() else { return all };
            let written = match oldest.try_recv() {
                Ok(written) => written,
                Err(TryRecvError::Empty) if few => return all,
                Err(TryRecvError::Empty) => oldest.await.unwrap_or(Err(StoreError::Closed)),
                Err(TryRecvError::Closed) => Err(StoreError::Closed),
            };
            self.0.pop_front();
            if written.is_err() {
                most = 0;
                all = all.and(written);
            }
        }
    }
}

impl Lane {
    /// Hands a row that is done to the writer, with the edit that its message came with. The next one is the head, though this one may
    /// still be seen for a moment.
    #[allow(clippy::too_many_arguments, reason = "what one batch writes")]
    pub(super) async fn close(
        &mut self,
        id: EnvelopeId,
        subject: EnvelopeId,
        messages: Option<Vec<MessageRef>>,
        lost: Vec<String>,
        way: Option<Way>,
        edit: Option<EnvelopeId>,
        left: Option<Left>,
    ) -> Result<Fate, StoreError> {
        let room = self.handle.room.clone();
        let written =
            self.core.ledger.complete_soon(room, id, subject, messages, lost, way, edit, left).await?;
        self.closing.0.push_back(written);
        match after(id) {
            Some(next) if self.from == id => self.from = next,
            // It was not the head: until it is gone it would be found again.
            _ => self.closed().await?,
        }
        Ok(Fate::Closed)
    }

    /// Resolves when all that is done is written: what is read now shows it.
    pub(in crate::engine) async fn closed(&mut self) -> Result<(), StoreError> {
        self.closed_but(0).await
    }

    /// Resolves when another attempt may be made.
    pub(super) async fn may_attempt(&mut self) -> Result<(), StoreError> {
        let tells = self.handle.account.connector.tells(&self.handle.room);
        self.closed_but(if tells { MOST - 1 } else { 0 }).await
    }

    async fn closed_but(&mut self, most: usize) -> Result<(), StoreError> {
        let written = self.closing.down_to(most).await;
        if written.is_err() {
            // What could not be closed is still there.
            self.begin_anew();
        }
        written
    }
}

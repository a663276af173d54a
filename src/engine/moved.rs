//! A room that goes on under another identity: a Telegram group that became a supergroup.
//!
//! The move is noted first, and links lead to the new room at once. What waits for the old one follows when its lane has
//! ended, so that nothing is delivered twice; the new lane begins behind that, so that nothing overtakes. A crash in between is
//! repaired at the next start, where fan-out finds rows of a room that has moved.

use super::core::{Core, RunningAccount};
use crate::store::StoreError;
use relay_contract::{RoomKey, SpaceRef};
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

/// Longest wait for the old lane; it ends between two attempts.
const LANE_ENDS: Duration = Duration::from_secs(60);

impl Core {
    /// Notes the move. Returns when it is on disk and in force for what is said from now on.
    pub(super) async fn moved(
        self: &Arc<Self>,
        account: &Arc<RunningAccount>,
        from: RoomKey,
        to: RoomKey,
    ) -> Result<(), StoreError> {
        let _one_by_one = self.moves.lock().await;
        let places = self.known.asked_for(&from);
        // Told twice, from both sides of the move; or nobody asked for it.
        if from == to || places.is_empty() {
            return Ok(());
        }
        tracing::info!(account = %account.name, %from, %to, "a room goes on under another identity");
        self.moving.lock().unwrap_or_else(PoisonError::into_inner).insert(to.clone());
        self.ledger.move_room(from.clone(), to.clone()).await?;
        self.known.moved(from.clone(), to.clone());
        // Before nothing leads to the old room any more: its lane would give up what waits there.
        if let Some(old) = self.lane(&from) {
            old.retired.cancel();
        }
        let mut space = SpaceRef { id: to.room.clone(), name: String::new() };
        for (by, asked, _) in places {
            if let Some(known) = self.ledger.known_room(&by, &asked)? {
                space = SpaceRef { id: known.space.as_str().into(), name: known.space_name.clone() };
                self.known.put(&by, &asked, known);
                account.look.again([asked]);
            }
        }
        self.pauses.follow(&from, &to);
        self.rebuild_routes();
        self.serve(account, &space, &to).await;
        let (core, account) = (self.clone(), account.clone());
        self.lane_tasks.spawn(async move { core.follow(&account, &space, &from, &to).await });
        Ok(())
    }

    /// Ends the old lane, moves what waits, and lets the new lane begin.
    async fn follow(&self, account: &Arc<RunningAccount>, space: &SpaceRef, from: &RoomKey, to: &RoomKey) {
        let old = self.lanes.lock().unwrap_or_else(PoisonError::into_inner).remove(from);
        if let Some(old) = old {
            old.retired.cancel();
            // One that rests has ended.
            if old.rest.runs() && tokio::time::timeout(LANE_ENDS, old.ended.cancelled()).await.is_err() {
                tracing::warn!(room = %from, "the lane of a room that has moved does not end");
            }
        }
        if let Err(error) = self.move_rows(from, to).await {
            tracing::error!(%from, %to, %error, "what waits for a room that has moved cannot follow it yet");
        }
        self.moving.lock().unwrap_or_else(PoisonError::into_inner).remove(to);
        if let Some(lane) = self.lane(to) {
            lane.call();
        }
        self.serve(account, space, to).await;
    }

    /// Whether a room's lane is not to begin yet.
    pub(super) fn is_moving(&self, to: &RoomKey) -> bool {
        self.moving.lock().unwrap_or_else(PoisonError::into_inner).contains(to)
    }

    /// Moves what waits for the old room to the new one.
    pub(super) async fn move_rows(&self, from: &RoomKey, to: &RoomKey) -> Result<(), StoreError> {
        // What the old lane has done is written first: a move does not see what else stands in its batch.
        self.ledger.probe().await?;
        self.ledger.move_rows(from.clone(), to.clone()).await?;
        if let Some(lane) = self.lane(to) {
            lane.rewind.store(true, Ordering::Release);
            lane.call();
        }
        Ok(())
    }
}

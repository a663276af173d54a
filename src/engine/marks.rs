//! Which rooms have a mark, up to where they are known: those that are listened to, from when they are.

use super::core::Core;
use crate::store::StoreError;
use relay_contract::{RoomKey, Timestamp};
use std::sync::Arc;

impl Core {
    /// A room that was found is listened to from now on, if a link hears it.
    pub(super) async fn begin_mark(&self, room: &RoomKey) -> Result<(), StoreError> {
        if self.routes.borrow().hears(room) && self.ledger.mark(room).is_none() {
            self.ledger.begin_mark(room.clone(), Timestamp::now()).await?;
        }
        Ok(())
    }

    /// Rooms that a link hears from now on.
    pub async fn begin_marks(&self) -> Result<(), StoreError> {
        for (_, known) in self.known.all() {
            self.begin_mark(&known.key).await?;
        }
        Ok(())
    }

    /// What is said in a room while no link hears it is nobody's to fetch, not even when it is linked again.
    pub async fn forget_marks(&self) -> Result<(), StoreError> {
        for room in self.ledger.marked() {
            if !self.routes.borrow().hears(&room) {
                self.ledger.forget_mark(room).await?;
            }
        }
        Ok(())
    }
}

/// At the start: of links that were taken out of the config.
pub async fn forget(core: Arc<Core>) {
    if let Err(error) = core.forget_marks().await {
        tracing::error!(%error, "marks of rooms that are not linked any more are still there");
    }
}

//! When a lane whose delivery failed need not wait any longer.

use super::Lane;
use crate::engine::states::AccountState;

impl Lane {
    /// Resolves when the account's connection has gone and is there again: what failed for that may work now, whatever the wait that it
    /// was given.
    pub(super) async fn connected_again(&self) {
        let mut state = self.handle.account.state.subscribe();
        let gone = state.wait_for(|state| matches!(state, AccountState::Interrupted { .. })).await.is_ok();
        if !(gone && state.wait_for(|state| *state == AccountState::Up).await.is_ok()) {
            // Nobody tells any more: Relay ends.
            std::future::pending::<()>().await;
        }
    }
}

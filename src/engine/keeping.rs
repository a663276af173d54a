//! Forgets what is older than it is to be kept: a while after the start, then once a day, piece by piece.

use super::core::Core;
use super::mapping::{Forget, Mapping};
use crate::store::StoreError;
use actix::Addr;
use relay_contract::Timestamp;
use std::sync::Arc;
use std::time::Duration;

/// How long after the start: it has enough to do then.
const AFTER_START: Duration = Duration::from_secs(300);
/// How often.
const EVERY: Duration = Duration::from_secs(24 * 60 * 60);
/// Between two pieces: messages come first.
const PAUSE: Duration = Duration::from_millis(20);
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// Sweeps until the task is ended.
pub async fn run(core: Arc<Core>, mapping: Addr<Mapping>) {
    let Some(days) = core.keep_days else { return };
    let mut wait = AFTER_START;
    loop {
        tokio::time::sleep(wait).await;
        wait = EVERY;
        match sweep(&core, &mapping, Timestamp::now().0 - i64::from(days) * DAY_MS).await {
            Ok(0) => {}
            Ok(forgotten) => {
                tracing::info!(forgotten, days, "messages and events that are older were forgotten");
                if let Err(error) = give_back(&core, forgotten).await {
                    tracing::error!(%error, "the disk does not get back yet what was forgotten");
                }
            }
            Err(StoreError::Closed) => return,
            Err(error) => {
                tracing::error!(%error, "not everything old was forgotten; it is tried again tomorrow")
            }
        }
    }
}

/// Forgets what was accepted before an instant; answers how many messages and events.
pub async fn sweep(core: &Core, mapping: &Addr<Mapping>, horizon: i64) -> Result<usize, StoreError> {
    let ledger = core.ledger.clone();
    let mut sweep = blocking(move || ledger.begin_sweep(horizon)).await?;
    let mut forgotten = 0;
    loop {
        let ledger = core.ledger.clone();
        let (piece, rest) = blocking(move || Ok((ledger.next_piece(&mut sweep)?, sweep))).await?;
        sweep = rest;
        let Some(piece) = piece else { return Ok(forgotten) };
        if piece.is_empty() {
            continue;
        }
        // The mapping first: a line that is gone from the ledger cannot be taken out of the mapping any more.
        if !piece.lines.is_empty() {
            mapping.send(Forget(piece.lines.clone())).await.map_err(|_| StoreError::Closed)??;
        }
        forgotten += piece.envelopes();
        core.ledger.forget(piece).await?;
        tokio::time::sleep(PAUSE).await;
    }
}

/// What was forgotten is still on the disk until it is rewritten: worth it where it was much of all there is.
async fn give_back(core: &Core, forgotten: usize) -> Result<(), StoreError> {
    const WORTH_IT: usize = 20_000;
    let ledger = core.ledger.clone();
    if forgotten < WORTH_IT || forgotten < ledger.envelopes() / 10 {
        return Ok(());
    }
    blocking(move || ledger.compact()).await
}

async fn blocking<T: Send + 'static>(
    read: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    let done = tokio::task::spawn_blocking(read).await;
    done.unwrap_or_else(|error| Err(StoreError::Engine(format!("looking through it panicked: {error}"))))
}

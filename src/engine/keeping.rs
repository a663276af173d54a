//! Forgets what is older than it is to be kept: a while after the start, then once a day, piece by piece.

use super::core::Core;
use super::mapping::{Forget, Mapping};
use crate::store::{Forgotten, StoreError};
use actix::Addr;
use relay_contract::Timestamp;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// How long after the start: it has enough to do then.
const AFTER_START: Duration = Duration::from_secs(300);
/// How often.
const EVERY: Duration = Duration::from_secs(24 * 60 * 60);
/// Between two pieces: messages come first.
const PAUSE: Duration = Duration::from_millis(20);
const HOUR_MS: i64 = 60 * 60 * 1000;
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// Sweeps until the task is ended.
pub async fn run(core: Arc<Core>, mapping: Addr<Mapping>) {
    let mut clock = Clock::after(core.ledger.last_alive());
    let mut wait = AFTER_START;
    loop {
        tokio::time::sleep(wait).await;
        wait = EVERY;
        let now = Timestamp::now();
        if !clock.goes_on(now, Instant::now()) {
            tracing::warn!(
                "this machine's clock has jumped, or Relay was away for days: nothing is forgotten before tomorrow, in case it is wrong"
            );
            continue;
        }
        let keeping = core.limits().keeping;
        let before = |days: u32| now.0 - i64::from(days) * DAY_MS;
        if let Some(days) = keeping.audit_days
            && let Err(error) = prune_audit(&core, Timestamp(before(days))).await
        {
            tracing::error!(%error, "not all old lines of the audit went; it is tried again tomorrow");
        }
        let Some(days) = keeping.days else { continue };
        match sweep(&core, &mapping, before(days)).await {
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

/// A clock that is set for a while must not have everything forgotten.
struct Clock {
    wall: i64,
    steady: Option<Instant>,
}

impl Clock {
    /// When Relay was there last; the beginning of time when it never was.
    fn after(last: Timestamp) -> Self {
        Self { wall: last.0, steady: None }
    }

    /// Whether it says about what it said the last time and what has passed since. An absence of two days is nothing odd.
    fn goes_on(&mut self, now: Timestamp, steady: Instant) -> bool {
        let expected = match self.steady {
            Some(before) => i64::try_from(steady.duration_since(before).as_millis()).unwrap_or(i64::MAX),
            None => 0,
        };
        let ahead = now.0.saturating_sub(self.wall).saturating_sub(expected);
        let odd = if self.steady.is_some() { HOUR_MS } else { 2 * DAY_MS };
        let known = self.wall > 0;
        (self.wall, self.steady) = (now.0, Some(steady));
        !known || ahead <= odd
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
        forgotten += let_go(core, mapping, piece).await?;
    }
}

/// Lets the lines of the audit go that are older than an instant.
async fn prune_audit(core: &Core, horizon: Timestamp) -> Result<(), StoreError> {
    loop {
        let ledger = core.ledger.clone();
        let Some(upto) = blocking(move || ledger.old_audit(horizon)).await? else { return Ok(()) };
        core.ledger.prune_audit(upto).await?;
        tokio::time::sleep(PAUSE).await;
    }
}

/// Forgets a piece, and lets others have their turn; answers how many messages and events it was.
pub(super) async fn let_go(
    core: &Core,
    mapping: &Addr<Mapping>,
    piece: Forgotten,
) -> Result<usize, StoreError> {
    if piece.is_empty() {
        return Ok(0);
    }
    // The mapping first: a line that is gone from the ledger cannot be taken out of the mapping any more.
    if !piece.lines.is_empty() {
        mapping.send(Forget(piece.lines.clone())).await.map_err(|_| StoreError::Closed)??;
    }
    let envelopes = piece.envelopes();
    core.ledger.forget(piece).await?;
    tokio::time::sleep(PAUSE).await;
    Ok(envelopes)
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

/// Reads the ledger on a thread of its own.
pub(super) async fn blocking<T: Send + 'static>(
    read: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    let done = tokio::task::spawn_blocking(read).await;
    done.unwrap_or_else(|error| Err(StoreError::Engine(format!("looking through it panicked: {error}"))))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the clock says at each sweep, in hours, each a day after the last; whether it is gone by.
    #[tokio::test]
    async fn a_clock_that_jumps_has_nothing_forgotten() {
        let cases: [(i64, &[i64], &[bool]); 6] = [
            (0, &[1_000_000, 1_000_024], &[true, true]),
            (1_000, &[1_001, 1_025], &[true, true]),
            (1_000, &[1_049, 1_073], &[false, true]),
            (1_000, &[1_001, 1_027, 1_051], &[true, false, true]),
            // It was wrong, and is right again.
            (1_000, &[10_600, 1_025, 1_049], &[false, true, true]),
            (1_000, &[1_001, 10_600, 1_049], &[true, false, true]),
        ];
        for (last, said, expected) in cases {
            let began = Instant::now();
            let mut clock = Clock::after(Timestamp(last * HOUR_MS));
            let gone_by = said
                .iter()
                .zip(0..)
                .map(|(hours, day)| clock.goes_on(Timestamp(hours * HOUR_MS), began + EVERY * day));
            assert_eq!(gone_by.collect::<Vec<_>>(), expected, "{last} {said:?}");
        }
    }
}

//! A lane without work rests: its loop ends, and whoever has work for it begins it anew. So a room in which nothing happens costs no
//! task.
//!
//! Nobody is missed in between: whoever has work counts a call first and then looks whether the loop runs; a loop that ends says that it
//! does not run first and then looks whether somebody has called.

use super::super::core::{Core, LaneHandle};
use super::super::delay::Delay;
use super::super::lane_steps::Ran;
use super::closing::{self, Closing};
use super::{FIRST_RETRY, LONGEST_RETRY, Lane, panic_text};
use crate::observe::Count;
use crate::store::EnvelopeId;
use futures::FutureExt;
use std::collections::VecDeque;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How long a lane has nothing to do before it rests.
pub(super) const RESTS_AFTER: Duration = Duration::from_millis(if cfg!(test) { 10 } else { 60_000 });

/// Whether a lane's loop runs, and where the next one goes on.
#[derive(Debug, Default)]
pub struct Rest {
    runs: AtomicBool,
    calls: AtomicU64,
    from: Mutex<EnvelopeId>,
}

/// The loop runs as long as this is held.
pub struct Runs(Arc<LaneHandle>);

impl Drop for Runs {
    fn drop(&mut self) {
        self.0.rest.runs.store(false, Ordering::SeqCst);
    }
}

impl Rest {
    /// Whether the loop runs; one that does sees every call from before it was asked.
    pub fn runs(&self) -> bool {
        self.runs.load(Ordering::SeqCst)
    }

    /// How often the lane was called.
    pub(super) fn calls(&self) -> u64 {
        self.calls.load(Ordering::SeqCst)
    }

    /// Where a loop goes on that takes over from one that rests; from the oldest row on after any other.
    fn take_from(&self) -> EnvelopeId {
        std::mem::take(&mut *self.from.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn set_from(&self, from: EnvelopeId) {
        *self.from.lock().unwrap_or_else(PoisonError::into_inner) = from;
    }
}

impl LaneHandle {
    /// There is work, or something changed that it waits for. Whoever has work sees to it that the loop runs, too (`Core::serve`).
    pub fn call(&self) {
        self.rest.calls.fetch_add(1, Ordering::SeqCst);
        self.wake.notify_one();
    }

    /// Takes the loop over, unless it runs.
    pub(in crate::engine) fn begin(self: &Arc<Self>) -> Option<Runs> {
        (!self.rest.runs.swap(true, Ordering::SeqCst)).then(|| Runs(self.clone()))
    }
}

/// Why a lane's loop ends.
pub(super) enum End {
    /// Relay stops, or the room has moved.
    Stopped,
    /// There is nothing to do, and was not when it had been called so many times.
    Rests(u64),
}

/// Runs a lane until it rests or Relay stops; a panic that escapes the fences costs a second, not the lane.
pub async fn run(core: Arc<Core>, handle: Arc<LaneHandle>, mut runs: Runs) {
    loop {
        let mut lane = Lane {
            core: core.clone(),
            handle: handle.clone(),
            from: handle.rest.take_from(),
            delay: Delay::new(FIRST_RETRY, LONGEST_RETRY),
            ahead: VecDeque::new(),
            closing: Closing::default(),
            asked: false,
            doubtful: closing::MOST,
            turn: None,
            chosen: 0,
            head: None,
            ran: Ran::default(),
            shut: None,
        };
        match AssertUnwindSafe(lane.run()).catch_unwind().await {
            Ok(End::Stopped) => {
                handle.ended.cancel();
                return;
            }
            Ok(End::Rests(calls)) => {
                handle.rest.set_from(lane.from);
                // Nothing is under way: what comes next is in no doubt.
                handle.begun.store(false, Ordering::Release);
                drop(runs);
                if handle.retired.is_cancelled() {
                    handle.ended.cancel();
                    return;
                }
                if handle.rest.calls() == calls {
                    return;
                }
                let Some(again) = handle.begin() else { return };
                runs = again;
            }
            Err(panic) => {
                core.counters.add(Count::Panicked);
                tracing::error!(room = %handle.room, panic = panic_text(&panic), "a lane panicked; it is started again");
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
    }
}

impl Core {
    /// Whether a lane has anything to do.
    pub(in crate::engine) fn has_work(&self, lane: &LaneHandle) -> bool {
        lane.orders.any() || self.ledger.depth(&lane.room).queued > 0
    }
}

//! When the writer waits, and for how long what is written may wait for its sync.

use super::GROUP;
use super::commands::{Answer, Command};
use crate::store::records::EnvelopeId;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// Waits for commands: so many, 0 when every sender is gone, `None` when none has come until then.
pub(super) fn receive(
    commands: &mut mpsc::Receiver<Command>,
    group: &mut Vec<Command>,
    until: Option<Instant>,
) -> Option<usize> {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    loop {
        if let Poll::Ready(received) = commands.poll_recv_many(&mut context, group, GROUP) {
            return Some(received);
        }
        match until.map(|until| until.saturating_duration_since(Instant::now())) {
            None => thread::park(),
            Some(Duration::ZERO) => return None,
            Some(left) => thread::park_timeout(left),
        }
    }
}

/// Wakes the writer's thread.
pub(super) struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// What is written and not synced.
#[derive(Default)]
pub(super) struct Unsynced {
    pub(super) answers: Vec<Answer>,
    /// The newest envelope in it.
    pub(super) accepted: Option<EnvelopeId>,
    /// When it is to be synced; never by itself where it is not worth one.
    pub(super) due: Option<Instant>,
}

impl Unsynced {
    /// It is to be synced then at the latest.
    pub(super) fn by(&mut self, due: Instant) {
        self.due = Some(self.due.map_or(due, |before| before.min(due)));
    }
}

//! Commands on their way to whoever carries them out.

use super::core::{Core, RunningAccount};
use crate::observe::Count;
use relay_contract::Call;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// Commands that wait; more than this are not answered.
pub(super) const MOST: usize = 64;
/// Longest time that what is said behind a choice waits for that to be in force.
const IN_FORCE: Duration = Duration::from_secs(10);

/// Commands as they come.
pub type Calls = mpsc::Receiver<Called>;

/// A command.
pub struct Called {
    /// Who heard it.
    pub account: Arc<RunningAccount>,
    /// What was asked.
    pub call: Call,
    /// Dropped when it is carried out: somebody may wait for that.
    pub waits: Option<oneshot::Sender<()>>,
}

impl Core {
    /// Hands a command to whoever answers it.
    pub(super) fn call(&self, account: &Arc<RunningAccount>, call: Call) {
        if self.calls.try_send(Called { account: account.clone(), call, waits: None }).is_err() {
            tracing::warn!(account = %account.name, "a command is not answered: too many wait");
            self.counters.add(Count::Unanswered);
        }
    }

    /// The same; resolves when it is in force, where its asker chooses something: what they say behind it comes from somebody who has.
    pub(super) async fn call_in_order(&self, account: &Arc<RunningAccount>, call: Call) {
        if !call.ask.chooses() {
            return self.call(account, call);
        }
        let (waits, carried_out) = oneshot::channel();
        let called = Called { account: account.clone(), call, waits: Some(waits) };
        // However many others wait.
        let in_force = async {
            self.calls.send(called).await.ok()?;
            carried_out.await.ok()
        };
        if tokio::time::timeout(IN_FORCE, in_force).await.is_err() {
            tracing::warn!(account = %account.name, "a choice is not carried out yet");
        }
    }
}

//! Reading a room's history by hand.

use super::words::shown;
use super::{Commands, Refused};
use crate::engine::{Progress, Resync};
use relay_contract::{Mark, Timestamp};
use tokio::sync::mpsc;

/// Steps of the bar that wait for a slow watcher.
const STEPS: usize = 16;

impl Commands {
    /// Has a linked room read from a time on, or from where it is known; answers whoever tells how it goes, and that time.
    pub fn resync(
        &self,
        room: &str,
        since: Option<Timestamp>,
        batch: u16,
    ) -> Result<(Timestamp, mpsc::Receiver<Progress>), Refused> {
        let key = self.one_room(room)?;
        let Some((_, link)) = self.core.joined(&key).into_iter().next() else {
            return Err(format!("`{room}` is not a linked room: `relay status` lists them."));
        };
        let at = &link.at;
        let known = self.core.known.get(&at.account, &at.room);
        let (Some(known), Some(account)) = (known, self.core.accounts.get(&at.account)) else {
            return Err(format!("`{room}` was not found yet: `relay status` says why."));
        };
        if !account.connector.keeps_history() {
            return Err(format!(
                "{} does not tell what was said before: there is nothing to read. What it keeps while Relay is away comes by itself.",
                shown(&account.connector.platform())
            ));
        }
        if !link.direction.hears() {
            return Err(format!(
                "Nothing that is said in `{room}` is carried: its link is one way, into it."
            ));
        }
        if !account.is_up() {
            return Err(format!(
                "The account `{}` is not connected now: `relay status` says why.",
                at.account
            ));
        }
        let from =
            match since {
                Some(at) => Mark { id: None, at },
                None => self.core.ledger.mark(&known.key).ok_or_else(|| {
                    format!("It is not known up to where `{room}` was heard: say `--since`.")
                })?,
            };
        let (progress, told) = mpsc::channel(STEPS);
        let since = from.at;
        account.catch_up.by_hand(known.key, Resync { from, batch, progress });
        Ok((since, told))
    }
}

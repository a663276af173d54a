//! Reading a room's history by hand.

use super::{Commands, Refused};
use crate::engine::{PlannedLink, Progress, Resync};
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
        let link = self.linked(room)?;
        let at = &link.at;
        let known = self.core.known.get(&at.account, &at.room);
        let (Some(known), Some(account)) = (known, self.core.accounts.get(&at.account)) else {
            return Err(format!("`{room}` was not found yet: `relay status` says why."));
        };
        if !account.connector.keeps_history() {
            return Err(format!(
                "{} lets no bot read what was said before; what is said while Relay is away waits there for a while and comes by itself.",
                account.connector.platform()
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

    /// The link of a room as somebody writes it.
    fn linked(&self, room: &str) -> Result<PlannedLink, Refused> {
        let channels = self.core.channels();
        let all = || channels.values().flat_map(|channel| &channel.links);
        let written = |link: &PlannedLink| format!("{}:{}", link.at.account, link.at.room);
        let bare = room.trim_start_matches('#');
        let is_meant = |link: &&PlannedLink| {
            let known = self.core.known.get(&link.at.account, &link.at.room);
            let named = known.is_some_and(|known| {
                let of_account = room.strip_prefix(&format!("{}:", link.at.account));
                let full = format!("{}/{}", known.space_name, known.name);
                let is = |name: &str| {
                    name == known.key.room.as_str()
                        || name.trim_start_matches('#') == known.name
                        || name == full
                };
                is(bare) || of_account.is_some_and(is)
            });
            written(link) == room || named
        };
        let mut meant: Vec<&PlannedLink> = all().filter(is_meant).collect();
        if let Some(exact) = meant.iter().find(|link| written(link) == room) {
            meant = vec![exact];
        }
        meant.dedup_by(|a, b| a.at == b.at);
        let list = |links: Vec<String>| links.join(", ");
        match meant.as_slice() {
            [link] => Ok((*link).clone()),
            [] => Err(format!(
                "`{room}` is not a linked room. Linked are: {}.",
                list(all().map(|link| format!("\"{}\"", written(link))).collect())
            )),
            several => Err(format!(
                "`{room}` may be one of: {}. Write one of these.",
                list(several.iter().map(|link| format!("\"{}\"", written(link))).collect())
            )),
        }
    }
}

//! `relay queue`: what waits and what was given up, looked at and changed by whoever runs Relay.

mod meant;

use super::{Commands, Refused};
use crate::engine::{Core, Hop, OrderError, QueueRoom, QueueShown};
use crate::store::queue::Held;
use crate::store::{EnvelopeId, StoreError};
use meant::Meant;
use relay_contract::{Account, RoomKey};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Most deliveries of one room that can be shown at once.
const MOST_SHOWN: usize = 1_000;

/// What is asked.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "queue", rename_all = "snake_case", deny_unknown_fields)]
pub enum QueueAsk {
    /// Every room for which something waits, was given up or is held.
    List {
        /// Only these.
        of: Option<String>,
    },
    /// The deliveries of a room.
    Show {
        /// Which.
        room: String,
        /// At most so many that wait, and so many that were given up.
        most: usize,
    },
    /// Dead letters back into their lane.
    Retry {
        /// Of which room, account or channel.
        room: String,
        /// These, or all.
        ids: Vec<String>,
    },
    /// Deliveries closed as dead letters.
    Drop {
        /// Of which room, account or channel.
        room: String,
        /// These, or all.
        ids: Vec<String>,
        /// Whoever asks knows how many.
        sure: bool,
    },
    /// Deliveries held.
    Pause {
        /// A room, an account, or a channel with all its rooms.
        what: String,
    },
    /// Deliveries go on.
    Resume {
        /// As for pause.
        what: String,
    },
}

/// What is answered.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QueueAnswer {
    /// The rooms.
    List(Vec<QueueRoom>),
    /// The rooms with their deliveries.
    Shown(Vec<QueueShown>),
    /// What was done.
    Done(QueueDone),
    /// What would be done: it is to be asked for once more.
    Sure(String),
}

/// What was done.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct QueueDone {
    /// `retry`, `drop`, `pause` or `resume`.
    pub done: String,
    /// The rooms or accounts, as a config writes them.
    pub to: Vec<String>,
    /// How many deliveries were put back or closed; how many rooms and accounts were held or let go on.
    pub count: u64,
    /// The same in words.
    pub words: String,
}

impl Commands {
    /// Carries out what is asked.
    pub async fn queue(&self, ask: QueueAsk) -> Result<QueueAnswer, Refused> {
        match ask {
            QueueAsk::List { of } => {
                let mut queues = self.read(Core::queues).await?;
                if let Some(of) = of {
                    let meant: BTreeSet<String> =
                        self.meant(&of)?.rooms().iter().map(ToString::to_string).collect();
                    queues.retain(|queue| meant.contains(&queue.room));
                }
                Ok(QueueAnswer::List(queues))
            }
            QueueAsk::Show { room, most } => {
                let (rooms, most) = (self.meant(&room)?.rooms(), most.clamp(1, MOST_SHOWN));
                let read = move |core: &Core| rooms.iter().map(|room| core.queue_shown(room, most)).collect();
                Ok(QueueAnswer::Shown(self.read(read).await?))
            }
            QueueAsk::Retry { room, ids } => self.retry(&room, &ids).await.map(QueueAnswer::Done),
            QueueAsk::Drop { room, ids, sure } => self.drop_rows(&room, &ids, sure).await,
            QueueAsk::Pause { what } => self.hold(&what, true).await.map(QueueAnswer::Done),
            QueueAsk::Resume { what } => self.hold(&what, false).await.map(QueueAnswer::Done),
        }
    }

    async fn retry(&self, room: &str, ids: &[String]) -> Result<QueueDone, Refused> {
        let (rooms, ids) = (self.meant(room)?.rooms(), envelopes(ids)?);
        let core = self.core();
        let (mut count, mut unlinked, mut busy) = (0, Vec::new(), Vec::new());
        for room in &rooms {
            let dead = core.ledger.depths().get(room).map_or(0, |depth| depth.dead);
            if dead > 0 && !core.routes.borrow().speaks(room) {
                unlinked.push(self.called(room));
                continue;
            }
            match core.queue_retry(room, ids.clone()).await {
                Ok(changed) => count += changed,
                Err(OrderError::NoAccount) if dead == 0 => {}
                Err(error) => busy.push(format!("{}: {error}", self.called(room))),
            }
        }
        if count == 0 && !unlinked.is_empty() {
            let rooms = unlinked.join(", ");
            return Err(format!("nothing is said into {rooms} any more: link it again first, then retry"));
        }
        if count == 0 && !busy.is_empty() {
            return Err(busy.join("; "));
        }
        if count == 0 && ids.is_some() {
            return Err(format!(
                "none of these was given up for {room}, or its author has deleted it since. `relay queue show {}` lists what was",
                quoted(room)
            ));
        }
        let mut words = match count {
            0 => "Nothing was given up there. What waits is tried now.".to_owned(),
            1 => "1 delivery is tried again now. In the room it stands below what came after it.".to_owned(),
            _ => format!(
                "{count} deliveries are tried again now, in their order. In the room they stand below what came after them."
            ),
        };
        for trouble in unlinked.iter().map(|room| format!("{room} is not linked any more")).chain(busy) {
            words.push_str(&format!(" Left out: {trouble}."));
        }
        self.recorded(QueueDone { done: "retry".into(), to: self.all_called(&rooms), count, words })
    }

    async fn drop_rows(&self, room: &str, ids: &[String], sure: bool) -> Result<QueueAnswer, Refused> {
        let (rooms, ids) = (self.meant(room)?.rooms(), envelopes(ids)?);
        let core = self.core();
        let names = self.all_called(&rooms);
        if ids.is_none() && !sure {
            let depths = core.ledger.depths();
            let queued: u64 =
                rooms.iter().filter_map(|room| depths.get(room)).map(|depth| depth.queued).sum();
            if queued > 0 {
                let (what, them) = if queued == 1 { ("1 delivery", "it") } else { ("deliveries", "them") };
                let what = if queued == 1 { what.to_owned() } else { format!("{queued} {what}") };
                return Ok(QueueAnswer::Sure(format!(
                    "This takes {what} for {} out of the queue, unseen by the room. They are kept as dead letters: `relay queue retry` \
                     brings {them} back. If that is meant, add --yes.",
                    names.join(", ")
                )));
            }
        }
        let mut count = 0;
        for room in &rooms {
            match core.queue_drop(room, ids.clone()).await {
                Ok(changed) => count += changed,
                Err(OrderError::NoAccount) => {}
                Err(error) => {
                    return Err(format!("{}: {error}; {count} were dropped before", self.called(room)));
                }
            }
        }
        if count == 0 && ids.is_some() {
            return Err(format!(
                "none of these waits for {room}. `relay queue show {}` lists what does",
                quoted(room)
            ));
        }
        let words = match count {
            0 => "Nothing waits there.".to_owned(),
            1 => format!("1 delivery was dropped. `relay queue retry {}` brings it back.", quoted(room)),
            _ => format!(
                "{count} deliveries were dropped. `relay queue retry {}` brings them back.",
                quoted(room)
            ),
        };
        self.recorded(QueueDone { done: "drop".into(), to: names, count, words }).map(QueueAnswer::Done)
    }

    async fn hold(&self, what: &str, pause: bool) -> Result<QueueDone, Refused> {
        let core = self.core();
        let held: Vec<(Held, String)> = match self.meant(what)? {
            Meant::Account(account, _) => vec![(Held::Account(account.clone()), account.0)],
            Meant::Rooms(rooms) => {
                rooms.into_iter().map(|room| (Held::Room(room.clone()), self.called(&room))).collect()
            }
        };
        let (mut changed, mut to, mut with_account) =
            (0, Vec::new(), BTreeMap::<Account, Vec<String>>::new());
        for (held, name) in held {
            let done = match pause {
                true => core.pause(held.clone()).await,
                false => core.resume(held.clone()).await,
            };
            let done = done.map_err(|error| match to.is_empty() {
                true => unreadable(error),
                false => format!("{}; done before: {}", unreadable(error), to.join(", ")),
            })?;
            if let (false, Held::Room(room)) = (pause, &held)
                && let Some((account, ..)) = core.reached_by(room)
                && core.account_paused(&account).is_some()
            {
                with_account.entry(account).or_default().push(name.clone());
            }
            if done {
                changed += 1;
                to.push(name);
            }
        }
        let still = held_still(&with_account);
        let mut words = match (pause, to.is_empty()) {
            (true, true) => "That is paused already.".to_owned(),
            (true, false) => format!(
                "Paused: {}. What is said meanwhile is kept, also over a restart; `relay queue resume {}` lets it go on.",
                to.join(", "),
                quoted(what)
            ),
            (false, true) if !still.is_empty() => return Err(still),
            (false, true) => "That is not paused.".to_owned(),
            (false, false) => format!("{} goes on; what waited is delivered in its order.", to.join(", ")),
        };
        if !still.is_empty() {
            words.push_str(&format!(" But {still}."));
        }
        let done = if pause { "pause" } else { "resume" };
        self.recorded(QueueDone { done: done.into(), to, count: changed, words })
    }

    /// Sends a marked message into a room and takes it away.
    pub async fn send_marked(&self, written: &str) -> Result<Vec<Hop>, Refused> {
        let room = self.one_room(written)?;
        tracing::info!(%room, "a marked message is sent, as the command line asks");
        let core = self.core().clone();
        // A task of its own: whoever asks may go away, and the message must all the same.
        let sent = tokio::spawn(async move { core.send_marked(&room).await });
        sent.await.unwrap_or_else(|_| Err("sending it panicked; the log says where".into()))
    }

    fn recorded(&self, done: QueueDone) -> Result<QueueDone, Refused> {
        tracing::info!(what = done.done, to = ?done.to, count = done.count, "the queue was changed from the command line");
        Ok(done)
    }

    /// Reads the disk off the runtime's workers.
    async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Core) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, Refused> {
        let core: Arc<Core> = self.core().clone();
        match tokio::task::spawn_blocking(move || read(&core)).await {
            Ok(read) => read.map_err(unreadable),
            Err(_) => Err("looking at the queue panicked; the log says where".into()),
        }
    }

    fn all_called(&self, rooms: &[RoomKey]) -> Vec<String> {
        rooms.iter().map(|room| self.called(room)).collect()
    }

    /// A room as `ACCOUNT:ROOM`, the name before the id.
    pub(super) fn called(&self, room: &RoomKey) -> String {
        match self.core().reached_by(room) {
            Some((account, asked, _)) => format!("{account}:{asked}"),
            None => room.to_string(),
        }
    }
}

/// The ids of envelopes; none where none is named.
fn envelopes(ids: &[String]) -> Result<Option<Vec<EnvelopeId>>, Refused> {
    if ids.is_empty() {
        return Ok(None);
    }
    let read = ids.iter().map(|id| {
        EnvelopeId::parse(id.trim())
            .ok_or_else(|| format!("`{id}` is not the id of a delivery: it has 26 letters and digits, as `relay queue show` lists it"))
    });
    read.collect::<Result<_, _>>().map(Some)
}

/// Which rooms stay held with their whole account, and what lets those go on; nothing where none does.
fn held_still(with_account: &BTreeMap<Account, Vec<String>>) -> String {
    let of_account = |(account, rooms): (&Account, &Vec<String>)| {
        let are = if rooms.len() == 1 { "is" } else { "are" };
        format!("{} {are} held with the whole account: relay queue resume {account}", rooms.join(", "))
    };
    with_account.iter().map(of_account).collect::<Vec<_>>().join("; ")
}

/// As a shell takes it.
fn quoted(written: &str) -> String {
    match written.chars().all(|c| c.is_ascii_alphanumeric() || "-_.:/".contains(c)) {
        true => written.to_owned(),
        false => format!("\"{written}\""),
    }
}

fn unreadable(error: StoreError) -> Refused {
    format!("the ledger cannot be read: {error}")
}

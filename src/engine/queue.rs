//! What waits for each room and what was given up, for whoever operates Relay: read from the ledger, changed through the lanes.

use super::core::{Core, LaneHandle};
use super::orders::{Order, OrderError, Outcome};
use super::states::{AccountState, LaneState};
use crate::adapt::presentable;
use crate::store::ledger::Depth;
use crate::store::records::KnownRoom;
use crate::store::{EnvelopeId, HeldEntry, OutboxRow, StoreError};
use relay_contract::{Account, Envelope, Event, NativeId, RoomKey};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// So much of a message is shown, in characters.
const EXCERPT: usize = 60;

/// What waits for one room.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct QueueRoom {
    /// The room's identity: platform, network, id.
    pub room: String,
    /// How it is written in a config; none where no account has asked for it.
    pub link: Option<String>,
    /// How people call it, `space/name`, where that is known.
    pub name: Option<String>,
    /// The Relay channels that it is joined to.
    pub channels: Vec<String>,
    /// How its lane is.
    #[serde(flatten)]
    pub lane: LaneState,
    /// Deliveries that wait.
    pub queued: u64,
    /// Deliveries that were given up.
    pub dead: u64,
    /// Deliveries that a purge has taken back.
    #[serde(default, skip_serializing_if = "is_none")]
    pub purged: u64,
    /// The delivery that is next, which all others wait for.
    pub head: Option<QueueRow>,
    /// When it is looked at again, in milliseconds since the epoch, where it waits for a time.
    pub next_try: Option<i64>,
    /// When the last pause of it ended, in milliseconds since the epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resumed: Option<i64>,
    /// What was said in this room and is held at the door, by sender.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub held: Vec<QueueHeld>,
}

fn is_none(count: &u64) -> bool {
    *count == 0
}

/// What somebody said in a room faster than their budget.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct QueueHeld {
    /// The sender's id there, as `relay purge` takes it.
    pub sender: String,
    /// What they are called, where that is known.
    pub name: Option<String>,
    /// How much is held.
    pub count: u64,
    /// Since when the oldest of it is, in milliseconds since the epoch.
    pub since: Option<i64>,
    /// The oldest of it, where it is asked for; not all, if there is much.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waiting: Vec<QueueRow>,
}

/// One delivery.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct QueueRow {
    /// The id of its envelope.
    pub id: String,
    /// What it is: `post`, `edit`, `delete` …
    pub kind: String,
    /// Who did it, where that is known.
    pub author: Option<String>,
    /// How it begins, where it says something.
    pub text: Option<String>,
    /// When it was accepted, in milliseconds since the epoch.
    pub accepted: i64,
    /// Attempts that failed.
    pub attempts: u32,
    /// Why the last one failed, or why it was given up.
    pub reason: Option<String>,
    /// When it was given up, in milliseconds since the epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub given_up: Option<i64>,
}

/// One room with its deliveries.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct QueueShown {
    /// The room.
    #[serde(flatten)]
    pub room: QueueRoom,
    /// What waits, oldest first; not all of it, if there is much.
    pub waiting: Vec<QueueRow>,
    /// What was given up, oldest first; the newest of it, if there is much.
    pub given_up: Vec<QueueRow>,
    /// What a purge has taken back, oldest first; the newest of it, if there is much.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub taken_back: Vec<QueueRow>,
}

impl Core {
    /// Every room for which something waits, was given up or is held. Reads the disk.
    pub fn queues(&self) -> Result<Vec<QueueRoom>, StoreError> {
        let mut rooms: BTreeSet<RoomKey> = BTreeSet::new();
        for (room, depth) in self.ledger.depths() {
            if depth != Depth::default() {
                rooms.insert(room);
            }
        }
        rooms.extend(self.ledger.held().into_keys().map(|(room, _)| room));
        for (account, known) in self.known.all() {
            if self.pauses.holds(&account, &known.key).is_some() {
                rooms.insert(known.key);
            }
        }
        let mut queues = rooms.iter().map(|room| self.queue(room)).collect::<Result<Vec<_>, _>>()?;
        queues.sort_by(|a, b| (&a.link, &a.room).cmp(&(&b.link, &b.room)));
        Ok(queues)
    }

    /// What waits for one room. Reads the disk.
    pub fn queue(&self, room: &RoomKey) -> Result<QueueRoom, StoreError> {
        let Depth { queued, dead, purged } = self.ledger.depths().get(room).copied().unwrap_or_default();
        let head = match self.ledger.head(room, EnvelopeId::default())? {
            Some((id, row)) => Some(self.queue_row(id, &row)?),
            None => None,
        };
        let known = self.reached_by(room);
        Ok(QueueRoom {
            room: room.to_string(),
            link: known.as_ref().map(|(account, asked, _)| format!("{account}:{asked}")),
            name: known.map(|(_, _, known)| match known.space_name == known.name {
                true => known.name,
                false => format!("{}/{}", known.space_name, known.name),
            }),
            channels: self.joined(room).into_iter().map(|(name, _)| name).collect(),
            lane: self.waits_for(room),
            queued,
            dead,
            purged,
            next_try: self.next_try(room).filter(|_| head.is_some()),
            resumed: self.reached_by(room).and_then(|(account, ..)| self.pauses.ended(&account, room)),
            head,
            held: self.held_in(room, 0)?,
        })
    }

    /// What was said in a room and is held at the door, with at most so much of each sender.
    fn held_in(&self, room: &RoomKey, most: usize) -> Result<Vec<QueueHeld>, StoreError> {
        let held = self.ledger.held().into_iter().filter(|((of, _), _)| of == room);
        held.map(|(sender, count)| {
            let oldest = self.ledger.held_of(&sender, most.max(1))?;
            let by = oldest.iter().filter_map(|entry| entry.envelope.author.as_ref());
            let name = by.into_iter().find(|by| by.id == sender.1).map(|by| presentable(&by.name));
            let since = self.ledger.held_since(&sender)?.map(|id| id.at().0);
            let waiting = oldest.iter().take(most);
            let waiting = waiting.map(|HeldEntry { id, envelope }| shown_row(*id, Some(envelope))).collect();
            Ok(QueueHeld { sender: format!("{}:{}", room.platform, sender.1), name, count, since, waiting })
        })
        .collect()
    }

    /// One room with at most so many deliveries of each kind. Reads the disk.
    pub fn queue_shown(&self, room: &RoomKey, most: usize) -> Result<QueueShown, StoreError> {
        let rows = self.ledger.rows(room, EnvelopeId::default(), most)?;
        let waiting = rows.iter().map(|(id, row)| self.queue_row(*id, row)).collect::<Result<_, _>>()?;
        let given_up = self.letter_rows(room, most, false)?;
        let taken_back = self.letter_rows(room, most, true)?;
        let room = QueueRoom { held: self.held_in(room, most)?, ..self.queue(room)? };
        Ok(QueueShown { waiting, given_up, taken_back, room })
    }

    /// What was given up, or what a purge has taken back.
    fn letter_rows(&self, room: &RoomKey, most: usize, purged: bool) -> Result<Vec<QueueRow>, StoreError> {
        let newest = self.ledger.newest_letters_of(room, most, |letter| letter.is_purged() == purged)?;
        let rows = newest.iter().map(|(id, letter)| {
            let row = self.queue_row(*id, &letter.row)?;
            Ok(QueueRow { reason: Some(letter.reason.clone()), given_up: Some(letter.at), ..row })
        });
        rows.collect()
    }

    /// How the lane of a room is; where it waits for its account and that is parked, why.
    pub(super) fn waits_for(&self, room: &RoomKey) -> LaneState {
        let account = || match self.lane(room) {
            Some(lane) => Some(lane.account.clone()),
            None => self.accounts.get(&self.reached_by(room)?.0),
        };
        match self.lane_state(room) {
            LaneState::Waiting => because(account().map(|account| account.state.borrow().clone())),
            lane => lane,
        }
    }

    /// Through which account a room is reached, and how it was asked for there; where none is there any more, through which it was.
    pub fn reached_by(&self, room: &RoomKey) -> Option<(Account, NativeId, KnownRoom)> {
        let mut all = self.known.asked_for(room);
        let there = all.iter().position(|(account, ..)| self.accounts.has(account)).unwrap_or_default();
        (there < all.len()).then(|| all.swap_remove(there))
    }

    /// How the lane of a room is, whether it runs or not.
    pub(super) fn lane_state(&self, room: &RoomKey) -> LaneState {
        let lane = self.lane(room);
        let account = match &lane {
            Some(lane) => Some(lane.account.name.clone()),
            None => self.reached_by(room).map(|(account, ..)| account),
        };
        if let Some(holding) = account.and_then(|account| self.pauses.holds(&account, room)) {
            return holding.into();
        }
        match self.held(room) {
            Some(problem) => LaneState::Parked { problem },
            // A room that was found by an earlier run has a lane as soon as its account is up.
            None => lane.map_or(LaneState::Waiting, |lane| lane.state()),
        }
    }

    /// When the lane of a room looks at its head again, where it waits for a time.
    pub(super) fn next_try(&self, room: &RoomKey) -> Option<i64> {
        self.lane(room).map(|lane| lane.next_try.load(Ordering::Acquire)).filter(|at| *at > 0)
    }

    /// Puts dead letters of a room back, these or all, and has its lane look at its head now; answers how many.
    pub async fn queue_retry(&self, room: &RoomKey, ids: Option<Vec<EnvelopeId>>) -> Result<u64, OrderError> {
        self.change(room, Order::Retry(ids)).await
    }

    /// Closes deliveries that wait for a room, these or all, as dead letters; answers how many.
    pub async fn queue_drop(&self, room: &RoomKey, ids: Option<Vec<EnvelopeId>>) -> Result<u64, OrderError> {
        self.change(room, Order::Drop(ids)).await
    }

    async fn change(&self, room: &RoomKey, order: Order) -> Result<u64, OrderError> {
        let Some(lane) = self.lane_or_new(room) else { return Err(OrderError::NoAccount) };
        match self.order(&lane, order).await? {
            Outcome::Changed(count) => Ok(count),
            Outcome::Said(..) | Outcome::TakenAway => Ok(0),
        }
    }

    /// The lane that is asked to say something into a room.
    pub(super) fn lane_for(&self, room: &RoomKey) -> Result<Arc<LaneHandle>, OrderError> {
        self.lane_or_new(room).ok_or(OrderError::NoAccount)
    }

    fn queue_row(&self, id: EnvelopeId, row: &OutboxRow) -> Result<QueueRow, StoreError> {
        let envelope = self.ledger.envelope(id)?;
        Ok(QueueRow {
            attempts: row.attempts,
            reason: row.last_error.clone(),
            ..shown_row(id, envelope.as_deref())
        })
    }
}

/// What an envelope says of itself.
fn shown_row(id: EnvelopeId, envelope: Option<&Envelope>) -> QueueRow {
    let author = envelope.and_then(|envelope| envelope.author.as_ref());
    QueueRow {
        id: id.to_string(),
        kind: envelope.map_or_else(|| "unreadable".to_owned(), |envelope| envelope.kind().to_owned()),
        author: author.map(|author| presentable(&author.name)),
        text: envelope.and_then(excerpt),
        accepted: id.at().0,
        attempts: 0,
        reason: None,
        given_up: None,
    }
}

/// How something that was said begins, on one line.
fn excerpt(envelope: &Envelope) -> Option<String> {
    let text = match &envelope.event {
        Event::Posted(message) => message.body.excerpt(EXCERPT),
        Event::Edited { to, .. } => to.body.excerpt(EXCERPT),
        Event::Noticed { body, .. } => body.excerpt(EXCERPT),
        Event::Reacted { emoji, .. } => emoji.name.clone(),
        _ => return None,
    };
    let shown = text.chars().map(|c| if c.is_whitespace() { ' ' } else { c }).filter(|c| !c.is_control());
    // What turns the direction of writing would turn the table's.
    let shown = shown.filter(|c| !matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}'));
    Some(shown.collect::<String>()).filter(|text| !text.trim().is_empty())
}

/// What a lane is that waits for its account.
fn because(account: Option<AccountState>) -> LaneState {
    match account {
        Some(AccountState::Parked { problem }) => LaneState::Parked { problem },
        _ => LaneState::Waiting,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use relay_contract::Problem;

    #[test]
    fn whoever_waits_for_a_parked_account_is_told_why() {
        let problem = Problem::new("The token is not accepted.", "Copy it anew.");
        let parked = because(Some(AccountState::Parked { problem: problem.clone() }));
        assert_eq!(parked, LaneState::Parked { problem });
        assert_eq!(because(Some(AccountState::Starting)), LaneState::Waiting);
        assert_eq!(because(None), LaneState::Waiting);
    }
}

//! The door: what somebody says faster than their budget is held, so that it does not stand before what everybody else says. Nothing
//! of it is lost: it is on disk, and goes on in its order as the budget allows.

#[cfg(test)]
mod tests;

use super::core::Core;
use crate::adapt::names::presentable;
use crate::flood::{Flood, Used};
use crate::store::{EnvelopeId, Released, Sender, StoreError, Verdict};
use crate::text;
use crate::texts::Language;
use relay_contract::{Account, Envelope, Event, NativeId, RoomKey, Text, Timestamp};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, oneshot};
use tokio::time::Instant;

/// Without a budget, what an earlier run has held goes on this fast.
const NO_BUDGET: Duration = Duration::from_millis(20);
/// A room is told of the same sender once in this time.
const TOLD: Duration = Duration::from_secs(3600);
/// How long after the first was held the room is told: by then it shows how much it is.
const GATHER: Duration = Duration::from_secs(2);
/// How long a room that leaves waits until what was said in it is fanned out.
const FAN_OUT: Duration = Duration::from_secs(2);
/// So many senders of a room are known before those are forgotten that have used nothing.
const KNOWN: usize = 64;

/// Everybody's budgets.
#[derive(Debug)]
pub struct Door {
    flood: Mutex<Option<Flood>>,
    rooms: Mutex<HashMap<RoomKey, HashMap<NativeId, OfSender>>>,
    /// Something is held that was not before.
    held: Notify,
}

#[derive(Debug, Default)]
struct OfSender {
    used: Used,
    name: String,
    holding: Option<Holding>,
    told: Option<Instant>,
    /// The newest message: told again, it is not said again.
    last: Option<NativeId>,
}

/// While something of a sender is held, all that they say is.
#[derive(Debug)]
struct Holding {
    /// When the next goes on.
    due: Instant,
    /// When the room is to be told; none when it was.
    tell: Option<Instant>,
    /// Nothing older is held.
    from: EnvelopeId,
    /// What was sent to the ledger and has no place there yet.
    on_its_way: u32,
    /// How often something got its place there.
    queued: u64,
}

impl Holding {
    fn begun(now: Instant, apart: Duration, tell: bool) -> Self {
        let tell = tell.then_some(now + GATHER);
        Self { due: now + apart, tell, from: EnvelopeId::default(), on_its_way: 0, queued: 0 }
    }
}

/// Which way an event goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// Into the journal.
    In,
    /// It is to be looked whether it is about something that is held.
    Look,
    /// It is over its sender's budget.
    Over,
}

/// What is on its way into the ledger, counted until it has its place there.
struct OnItsWay<'a> {
    door: &'a Door,
    senders: Vec<Sender>,
}

impl Drop for OnItsWay<'_> {
    fn drop(&mut self) {
        let mut rooms = self.door.rooms();
        for (room, sender) in &self.senders {
            let of_sender = rooms.get_mut(room).and_then(|senders| senders.get_mut(sender));
            if let Some(holding) = of_sender.and_then(|of_sender| of_sender.holding.as_mut()) {
                holding.on_its_way = holding.on_its_way.saturating_sub(1);
                holding.queued += 1;
            }
        }
    }
}

impl Door {
    /// With what an earlier run has held.
    pub fn new(flood: Option<Flood>, held: impl Iterator<Item = Sender>) -> Self {
        let door = Self { flood: Mutex::new(flood), rooms: Mutex::default(), held: Notify::new() };
        let now = Instant::now();
        for (room, sender) in held {
            // That room was told by the run that began to hold.
            let holding = Some(Holding::begun(now, door.apart(), false));
            let of_sender = OfSender { holding, ..OfSender::default() };
            door.rooms().entry(room).or_default().insert(sender, of_sender);
        }
        door
    }

    fn rooms(&self) -> MutexGuard<'_, HashMap<RoomKey, HashMap<NativeId, OfSender>>> {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn flood(&self) -> Option<Flood> {
        *self.flood.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Another budget from now on; what is held goes on by it.
    pub fn set_flood(&self, flood: Option<Flood>) {
        *self.flood.lock().unwrap_or_else(PoisonError::into_inner) = flood;
    }

    fn apart(&self) -> Duration {
        let millis = self.flood().map(|flood| u64::try_from(flood.apart()).unwrap_or_default());
        millis.map_or(NO_BUDGET, Duration::from_millis)
    }

    /// Which way an event goes; it counts as said.
    fn way(&self, envelope: &Envelope, now: Instant) -> Way {
        match &envelope.event {
            Event::Posted(_) => match self.way_of_post(envelope, now) {
                // What it hangs from may be held.
                Way::In if hangs(envelope) && self.holds_any(&envelope.origin) => Way::Look,
                way => way,
            },
            Event::Noticed { .. } | Event::Member { .. } | Event::Renamed { .. } => Way::In,
            Event::Edited { .. }
            | Event::Deleted { .. }
            | Event::Reacted { .. }
            | Event::Pinned { .. }
            | Event::PollEnded { .. }
            | Event::Removed { .. }
            | Event::Arrived { .. } => match self.holds_any(&envelope.origin) {
                true => Way::Look,
                false => Way::In,
            },
        }
    }

    /// Whether something is held that was said in a room.
    fn holds_any(&self, room: &RoomKey) -> bool {
        let rooms = self.rooms();
        rooms.get(room).is_some_and(|senders| senders.values().any(|sender| sender.holding.is_some()))
    }

    /// Which way a message goes; it counts as said.
    fn way_of_post(&self, envelope: &Envelope, now: Instant) -> Way {
        let Some(author) = &envelope.author else { return Way::In };
        let mut rooms = self.rooms();
        let flood = self.flood();
        if flood.is_none() && rooms.is_empty() {
            return Way::In;
        }
        if !rooms.contains_key(&envelope.origin) {
            rooms.insert(envelope.origin.clone(), HashMap::new());
        }
        let Some(senders) = rooms.get_mut(&envelope.origin) else { return Way::In };
        if senders.len() >= KNOWN && senders.len().is_power_of_two() && !senders.contains_key(&author.id) {
            let at = envelope.at.0;
            senders.retain(|_, sender| {
                let told = sender.told.is_some_and(|told| now.duration_since(told) < TOLD);
                sender.holding.is_some() || told || !sender.used.is_whole(at)
            });
        }
        let sender = senders.entry(author.id.clone()).or_default();
        if sender.holding.is_none() {
            let told_again = matches!(&envelope.event, Event::Posted(message) if sender.last.as_ref() == Some(&message.at.id));
            if told_again {
                return Way::In;
            }
            if let Event::Posted(message) = &envelope.event {
                sender.last = Some(message.at.id.clone());
            }
            match &flood {
                Some(flood) if !sender.used.allows(flood, envelope.at.0) => {}
                _ => return Way::In,
            }
            let tell = sender.told.is_none_or(|told| now.duration_since(told) >= TOLD);
            sender.name.clone_from(&author.name);
            sender.holding = Some(Holding::begun(now, self.apart(), tell));
            tracing::warn!(room = %envelope.origin, "more than the budget of a sender: it is held");
        }
        if let Some(holding) = &mut sender.holding {
            holding.on_its_way += 1;
        }
        self.held.notify_one();
        Way::Over
    }

    /// Whose turn is next, and when.
    fn next(&self) -> Option<(Instant, Sender)> {
        let rooms = self.rooms();
        let all = rooms.iter().flat_map(|(room, senders)| senders.iter().map(move |sender| (room, sender)));
        let due = all.filter_map(|(room, (sender, of))| Some((of.holding.as_ref()?.due, room, sender)));
        due.min_by_key(|(due, ..)| *due).map(|(due, room, sender)| (due, (room.clone(), sender.clone())))
    }

    /// From where a sender's held messages are looked for, and how much had its place then.
    fn begin(&self, (room, sender): &Sender) -> Option<(EnvelopeId, u64)> {
        let rooms = self.rooms();
        let holding = rooms.get(room)?.get(sender)?.holding.as_ref()?;
        Some((holding.from, holding.queued))
    }

    /// Something has gone on.
    fn released(&self, (room, sender): &Sender, released: Released, queued: u64, now: Instant) {
        let mut rooms = self.rooms();
        let Some(of_sender) = rooms.get_mut(room).and_then(|senders| senders.get_mut(sender)) else { return };
        if let Some(flood) = &self.flood()
            && released.last.is_some()
        {
            of_sender.used.spend(flood);
        }
        let apart = self.apart();
        let Some(holding) = &mut of_sender.holding else { return };
        holding.from = released.last.unwrap_or(holding.from);
        holding.due = (holding.due + apart).max(now);
        if !released.more && holding.on_its_way == 0 && holding.queued == queued {
            of_sender.holding = None;
        }
    }

    /// Whose messages of a room are held.
    fn holding(&self, room: &RoomKey) -> Vec<Sender> {
        let rooms = self.rooms();
        let senders = rooms.get(room).into_iter().flatten();
        let holding = senders.filter(|(_, sender)| sender.holding.is_some());
        holding.map(|(sender, _)| (room.clone(), sender.clone())).collect()
    }

    /// What a sender is called, if their room is to be told now.
    fn tell(&self, (room, sender): &Sender, now: Instant) -> Option<String> {
        let mut rooms = self.rooms();
        let of_sender = rooms.get_mut(room)?.get_mut(sender)?;
        let holding = of_sender.holding.as_mut()?;
        holding.tell.take_if(|at| *at <= now)?;
        of_sender.told = Some(now);
        Some(of_sender.name.clone())
    }
}

/// Whether it stands in a thread that hangs from another message.
fn hangs(envelope: &Envelope) -> bool {
    let Event::Posted(message) = &envelope.event else { return false };
    let root = message.thread.as_ref().and_then(|thread| thread.root.as_ref());
    root.is_some_and(|root| *root != message.at.id)
}

impl Core {
    /// Queues what was heard for the ledger, past the door.
    pub(super) async fn take_in(
        &self,
        account: Account,
        envelopes: Vec<Envelope>,
    ) -> Result<oneshot::Receiver<Result<Vec<Verdict>, StoreError>>, StoreError> {
        let now = Instant::now();
        let mut on_its_way = OnItsWay { door: &self.door, senders: Vec::new() };
        let mut ways = Vec::with_capacity(envelopes.len());
        for envelope in &envelopes {
            let way = self.door.way(envelope, now);
            if let (Way::Over, Some(author)) = (way, &envelope.author) {
                on_its_way.senders.push((envelope.origin.clone(), author.id.clone()));
            }
            ways.push(way);
        }
        if ways.iter().all(|way| *way == Way::In) {
            return self.ledger.accept(account, envelopes).await;
        }
        let over = ways.into_iter().map(|way| way == Way::Over);
        // It comes into the journal later: by then it could not be told that the platform's clock is ahead.
        let came = Timestamp::now();
        let envelopes =
            envelopes.into_iter().map(|envelope| Envelope { at: envelope.at.min(came), ..envelope });
        self.ledger.hold(account, envelopes.zip(over).collect()).await
    }

    /// All that is held of a room goes on at once, and is fanned out: the room is about to leave.
    pub async fn let_all_go(&self, room: &RoomKey) -> Result<(), StoreError> {
        for sender in self.door.holding(room) {
            while let Some((from, queued)) = self.door.begin(&sender) {
                let released = self.ledger.release(sender.clone(), from).await?;
                let more = released.more;
                self.door.released(&sender, released, queued, Instant::now());
                if !more {
                    break;
                }
            }
        }
        let fanned_out = async {
            while self.ledger.waiting_for_fan_out() > 0 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        if tokio::time::timeout(FAN_OUT, fanned_out).await.is_err() {
            tracing::warn!(%room, "a room leaves before all that was said in it is on its way");
        }
        Ok(())
    }

    /// Tells a room that what somebody says there arrives later.
    async fn tell_of_flood(&self, sender: &Sender, name: &str) -> Result<(), StoreError> {
        let wait = self.ledger.held().get(sender).copied().unwrap_or_default();
        let account = self.known.asked_for(&sender.0).into_iter().next().map(|(account, ..)| account);
        let Some((account, flood)) = account.zip(self.door.flood()) else { return Ok(()) };
        if !self.routes.borrow().speaks(&sender.0) {
            return Ok(());
        }
        let words = in_words(self.language_of(&sender.0), name, flood, wait);
        // No channel has an empty name: the room alone is told.
        self.notice(&account, &sender.0, "", Text::plain(&words)).await
    }
}

fn in_words(language: Language, name: &str, flood: Flood, wait: u64) -> String {
    text!(language, "flood", name = presentable(name), most = flood.per_minute, count = wait)
}

/// Lets go on what is held, until the task is ended.
pub async fn run(core: Arc<Core>) {
    let door = &core.door;
    loop {
        let next = door.next();
        let due = async {
            match &next {
                Some((due, _)) => tokio::time::sleep_until(*due).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = due => {}
            () = door.held.notified() => continue,
            () = core.listening.cancelled() => return,
        }
        let Some((_, sender)) = next else { continue };
        match let_go(&core, &sender).await {
            Ok(()) => {}
            Err(StoreError::Closed) => return,
            Err(error) => {
                tracing::error!(%error, "what is held cannot go on; it is tried again");
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
    }
}

async fn let_go(core: &Core, sender: &Sender) -> Result<(), StoreError> {
    let Some((from, queued)) = core.door.begin(sender) else { return Ok(()) };
    if let Some(name) = core.door.tell(sender, Instant::now()) {
        core.tell_of_flood(sender, &name).await?;
    }
    let released = core.ledger.release(sender.clone(), from).await?;
    core.door.released(sender, released, queued, Instant::now());
    Ok(())
}

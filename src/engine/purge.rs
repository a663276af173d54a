//! `relay purge`: everything that somebody said lately goes: what waits is cancelled, what was delivered is deleted, deletes first.

use super::core::Core;
use crate::observe::Count;
use crate::spans;
use crate::store::{EnvelopeId, Sender, StoreError, Verdict};
use relay_contract::{Account, Envelope, Event, MessageKey, NativeId, RoomKey, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::ControlFlow;
use std::time::Duration;
use tokio::time::Instant;

/// Messages in one batch.
const BATCH: usize = 256;
/// Longest wait until the deletes have become rows.
const PATIENCE: Duration = Duration::from_secs(20);
/// Longest time that the journal is read.
const READING: Duration = Duration::from_secs(30);

/// Whose messages are meant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Whose {
    /// `PLATFORM:USERID`; with a room, the name that people see there.
    pub author: String,
    /// Only what was said in this room: `ACCOUNT:ROOM`, by id or name.
    pub room: Option<String>,
    /// Only what was accepted in the last so many seconds.
    pub within: u64,
}

/// What a purge does, or would do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Purged {
    /// Who it is: name and id.
    pub author: String,
    /// Messages that were found.
    pub messages: u64,
    /// Of those held at the door, how many are dropped.
    pub held: u64,
    /// Deliveries that were not done, which are cancelled.
    pub waiting: u64,
    /// Copies that are deleted.
    pub delivered: u64,
    /// Whether it was done.
    pub done: bool,
}

/// Who is meant, in the words of the journal.
#[derive(Debug)]
enum Meant {
    Id { platform: String, id: NativeId },
    Name(String),
}

/// What does not wait for its turn in a room, in this order.
#[derive(Debug, Default)]
struct Ahead {
    deletes: Vec<EnvelopeId>,
    cancelled: Vec<EnvelopeId>,
    after: Vec<EnvelopeId>,
}

/// What was found of somebody.
#[derive(Debug, Default)]
struct Found {
    said: Vec<(EnvelopeId, MessageKey)>,
    /// How much is held at the door.
    held: BTreeMap<Sender, u64>,
    /// Who it is: platform, network and id, with the newest name.
    who: BTreeMap<(String, NativeId, NativeId), String>,
}

impl Core {
    /// Finds what somebody said lately and, unless it is only to be shown, has all of it gone. Answers in words what is wrong with the
    /// request.
    pub async fn purge(self: std::sync::Arc<Self>, whose: Whose, dry: bool) -> Result<Purged, String> {
        let rooms = self.purged_rooms(whose.room.as_deref())?;
        let meant = self.meant(&whose, rooms.is_some())?;
        let core = self.clone();
        let of = rooms.clone();
        let since = Timestamp::now()
            .0
            .saturating_sub(i64::try_from(whose.within).unwrap_or(i64::MAX).saturating_mul(1_000));
        let since = Timestamp(since.max(0));
        let (found, meant) = tokio::task::spawn_blocking(move || {
            let found = core.said_by(&meant, of.as_ref(), since);
            (found, meant)
        })
        .await
        .map_err(|_| "looking for it panicked; the log says where".to_owned())?;
        let found = found.map_err(unreadable)?;
        let ids: BTreeSet<(String, NativeId)> =
            found.who.keys().map(|(platform, _, id)| (platform.clone(), id.clone())).collect();
        if ids.len() > 1 {
            let all: Vec<String> = found
                .who
                .iter()
                .map(|((platform, _, id), name)| format!("{platform}:{id} ({name})"))
                .collect();
            return Err(format!(
                "Several people go by that name: {}. Write one of these ids.",
                all.join(", ")
            ));
        }
        let Some((platform, id)) = ids.into_iter().next() else {
            return Err(nobody(&meant, &whose));
        };
        let name = found.who.into_values().next();
        let mut purged = Purged {
            author: name
                .map_or_else(|| format!("{platform}:{id}"), |name| format!("{name} ({platform}:{id})")),
            messages: found.said.len() as u64,
            held: found.held.values().sum(),
            done: !dry,
            ..Purged::default()
        };
        for (id, _) in &found.said {
            purged.waiting += self.ledger.pending(*id).map_err(unreadable)?.len() as u64;
            purged.delivered += self.copies_of(*id).map_err(unreadable)?;
        }
        if !dry {
            let held = found.held.into_keys().collect();
            purged.held = self.have_gone(held, since, found.said).await.map_err(unreadable)?;
            tracing::warn!(?purged, "an author was purged");
        }
        Ok(purged)
    }

    fn copies_of(&self, id: EnvelopeId) -> Result<u64, StoreError> {
        let mut count = 0;
        for room in self.lookup.delivered_to(id)? {
            count += self.lookup.messages(id, &room)?.map_or(0, |messages| messages.len() as u64);
        }
        Ok(count)
    }

    /// The rooms that are meant by `ACCOUNT:ROOM`.
    fn purged_rooms(&self, written: Option<&str>) -> Result<Option<BTreeSet<RoomKey>>, String> {
        let Some(written) = written else { return Ok(None) };
        let is_meant = |account: &Account, asked: &NativeId, known: &crate::store::records::KnownRoom| {
            let names = [
                asked.to_string(),
                known.key.room.to_string(),
                known.name.clone(),
                format!("{}/{}", known.space_name, known.name),
            ];
            names.iter().any(|name| format!("{account}:{name}") == written)
        };
        let all = self.known.all();
        let all = all.iter().flat_map(|(_, known)| self.known.asked_for(&known.key));
        let rooms: BTreeSet<RoomKey> = all
            .filter(|(account, asked, known)| is_meant(account, asked, known))
            .map(|(.., known)| known.key)
            .collect();
        match rooms.is_empty() {
            true => Err(format!(
                "Relay knows no room `{written}`. Write it like in `links`: ACCOUNT:ROOM. `relay rooms` lists them."
            )),
            false => Ok(Some(rooms)),
        }
    }

    fn meant(&self, whose: &Whose, in_room: bool) -> Result<Meant, String> {
        let platforms: BTreeSet<String> =
            self.accounts.all().iter().map(|account| account.connector.platform().to_string()).collect();
        if let Some((platform, id)) = whose.author.split_once(':')
            && platforms.contains(platform)
            && !id.is_empty()
        {
            return Ok(Meant::Id { platform: platform.to_owned(), id: id.into() });
        }
        match in_room {
            true => Ok(Meant::Name(whose.author.clone())),
            false => Err(format!(
                "`{}` is not PLATFORM:USERID (platforms here: {}). A name means somebody only within a room: name it with --room \
                 ACCOUNT:ROOM.",
                whose.author,
                platforms.into_iter().collect::<Vec<_>>().join(", ")
            )),
        }
    }

    /// What somebody said and did not delete, oldest first, and what of it is held. Reads the disk.
    fn said_by(
        &self,
        meant: &Meant,
        rooms: Option<&BTreeSet<RoomKey>>,
        since: Timestamp,
    ) -> Result<Found, StoreError> {
        let (mut found, began) = (Found::default(), Instant::now());
        let mut late = false;
        self.ledger.newest_first(since, |id, envelope| {
            if began.elapsed() > READING {
                late = true;
                return ControlFlow::Break(());
            }
            let (Event::Posted(message), Some(author)) = (&envelope.event, &envelope.author) else {
                return ControlFlow::Continue(());
            };
            let is_theirs = match meant {
                Meant::Id { platform, id } => {
                    envelope.origin.platform.as_str() == platform && author.id == *id
                }
                Meant::Name(name) => author.name == *name,
            };
            if is_theirs && rooms.is_none_or(|rooms| rooms.contains(&envelope.origin)) {
                let who = (
                    envelope.origin.platform.to_string(),
                    envelope.origin.network.clone(),
                    author.id.clone(),
                );
                found.who.entry(who).or_insert_with(|| author.name.clone());
                let key = MessageKey { room: envelope.origin.clone(), id: message.at.id.clone() };
                found.said.push((id, key));
            }
            ControlFlow::Continue(())
        })?;
        if late {
            tracing::warn!(
                "a purge has not read all of the journal that it was to read; run it again for what is older"
            );
        }
        let mut kept = Vec::with_capacity(found.said.len());
        for (id, key) in std::mem::take(&mut found.said).into_iter().rev() {
            if !self.ledger.is_taken_back(id)? {
                kept.push((id, key));
            }
        }
        found.said = kept;
        self.held_by(meant, rooms, since, &mut found)?;
        Ok(found)
    }

    /// What of somebody is held at the door: it may be all that they ever said.
    fn held_by(
        &self,
        meant: &Meant,
        rooms: Option<&BTreeSet<RoomKey>>,
        since: Timestamp,
        found: &mut Found,
    ) -> Result<(), StoreError> {
        let held: BTreeSet<RoomKey> = self.ledger.held().into_keys().map(|(room, _)| room).collect();
        for room in held.into_iter().filter(|room| rooms.is_none_or(|rooms| rooms.contains(room))) {
            for (author, (count, name)) in self.ledger.held_said(&room, since)? {
                let is_meant = match meant {
                    Meant::Id { platform, id } => room.platform.as_str() == platform && author == *id,
                    Meant::Name(meant) => name == *meant,
                };
                if is_meant {
                    let who = (room.platform.to_string(), room.network.clone(), author.clone());
                    found.who.entry(who).or_insert(name);
                    found.held.insert((room.clone(), author), count);
                }
            }
        }
        Ok(())
    }

    /// Through the journal, like everything that happens; then it overtakes what waits. Answers how much was dropped at the door.
    async fn have_gone(
        &self,
        held: Vec<Sender>,
        since: Timestamp,
        said: Vec<(EnvelopeId, MessageKey)>,
    ) -> Result<u64, StoreError> {
        let mut dropped = 0;
        for sender in held {
            dropped += self.ledger.drop_held(sender, since).await?;
        }
        (0..dropped).for_each(|_| self.counters.add(Count::Purged));
        let mut deletes = Vec::with_capacity(said.len());
        // One time for all: where nothing can be deleted, what was deleted at once is told once.
        let at = Timestamp::now();
        for batch in said.chunks(BATCH) {
            let envelopes = batch.iter().map(|(_, key)| self.delete_of(key, at)).collect();
            let account =
                batch.first().and_then(|(_, key)| self.known.asked_for(&key.room).into_iter().next());
            let account = account.map_or_else(|| Account(String::new()), |(account, ..)| account);
            let queued = self.ledger.accept(account, envelopes).await?;
            let verdicts = queued.await.map_err(|_| StoreError::Closed)??;
            for ((post, _), verdict) in batch.iter().zip(verdicts) {
                if let Verdict::Accepted(delete) = verdict {
                    deletes.push((*post, delete));
                }
            }
        }
        if let Some((_, last)) = deletes.last() {
            let began = Instant::now();
            while !self.ledger.is_fanned_out(*last)? && began.elapsed() < PATIENCE {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
        let mut lanes: HashMap<RoomKey, Ahead> = HashMap::new();
        for (post, delete) in deletes {
            let waiting = self.ledger.pending(post)?;
            for room in self.ledger.pending(delete)? {
                // What may be half there is known only when its own row is closed.
                let ahead = lanes.entry(room.clone()).or_default();
                match waiting.contains(&room) {
                    true => ahead.after.push(delete),
                    false => ahead.deletes.push(delete),
                }
            }
            waiting.into_iter().for_each(|room| lanes.entry(room).or_default().cancelled.push(post));
        }
        for (room, ahead) in lanes {
            if let Some(lane) = self.lane(&room) {
                lane.overtaking.add(ahead.deletes, ahead.cancelled, ahead.after);
                lane.call();
            }
        }
        Ok(dropped)
    }

    /// Gone in all rooms; where it was written only if Relay moderates there.
    fn delete_of(&self, key: &MessageKey, at: Timestamp) -> Envelope {
        let target = key.id.clone();
        let event = match self.routes.borrow().moderates(&key.room) {
            true => Event::Removed { target },
            false => Event::Deleted { target },
        };
        Envelope { origin: key.room.clone(), author: None, at, event }
    }
}

fn nobody(meant: &Meant, whose: &Whose) -> String {
    let within = spans::in_words(Duration::from_secs(whose.within));
    let there = if whose.room.is_some() { " there" } else { "" };
    match meant {
        Meant::Id { platform, id } => format!(
            "Nobody with the id `{platform}:{id}` has said anything{there} within {within}. Look whether the id is right, or go \
             further back with --since."
        ),
        Meant::Name(name) => format!(
            "Nobody called `{name}` has said anything{there} within {within}. Look whether the name is as people see it there, or go \
             further back with --since."
        ),
    }
}

fn unreadable(error: StoreError) -> String {
    tracing::error!(%error, "a purge cannot use the ledger");
    format!("the ledger cannot be used: {error}")
}

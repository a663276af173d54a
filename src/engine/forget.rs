//! `/relay forget`: somebody says no to everything, what crossed is taken back, and then all that is kept of them goes. Goes on after a
//! restart; what could not be undone is remembered for whoever asks.

mod left;

pub use left::WhyLeft;

use super::core::Core;
use super::digest::{Digests, is_digest};
use super::keeping::{blocking, let_go};
use super::mapping::Mapping;
use crate::adapt::names::capitalised;
use crate::adapt::plain;
use crate::consent::{FORGET, Person, Stance};
use crate::media::Belongings;
use crate::store::records::UNLINKED;
use crate::store::{EnvelopeId, Erased, StoreError};
use actix::Addr;
use relay_contract::{Envelope, Event, Feature, RoomKey, Support, Timestamp};
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often it is looked whether what is waited for has come to an end.
const LOOK: Duration = Duration::from_secs(2);
/// The longest that a look is put off.
const LONGEST_LOOK: Duration = Duration::from_secs(300);
/// The ledger is rewritten at most so often.
const COMPACT: Duration = Duration::from_secs(3600);
/// So long the deletes elsewhere are waited for; then what waits for nothing goes before the rest, in milliseconds.
const PATIENCE: i64 = 24 * 60 * 60 * 1000;
/// So much of the journal is read at once.
const PIECE: usize = 2_000;

impl Core {
    /// Writes down that somebody is to be forgotten, with all their accounts, which are linked no more. From then on nothing of theirs crosses.
    pub async fn forget_person(self: &Arc<Self>, person: Person) -> Result<Erased, StoreError> {
        if let Some(erased) = self.ledger.erased(&person)?.filter(|erased| erased.done.is_none()) {
            return Ok(erased);
        }
        let asked = self.consent_clock();
        // What could not be undone the last time is not undone by asking again.
        let left = self.ledger.erased(&person)?.map(|erased| erased.left).unwrap_or_default();
        let erased = Erased { asked: asked.0, left, ..Erased::default() };
        let entries = Stance::for_good(FORGET, asked);
        // Also where they had said no before: what was in a room by then may still be.
        let said = self.ledger.say_forget(person, entries, erased.clone()).await?;
        said.into_iter().for_each(|of| self.take_back_soon(of));
        self.forgetting.notify_one();
        Ok(erased)
    }
}

/// Forgets people until the task is ended.
pub async fn run(core: Arc<Core>, mapping: Addr<Mapping>) {
    let mut wait = LOOK;
    let mut compacted: Option<Instant> = None;
    let mut to_compact = false;
    loop {
        let left = match core.ledger.to_erase() {
            Ok(left) => left,
            Err(error) => {
                tracing::error!(%error, "it cannot be read who is to be forgotten");
                Vec::new()
            }
        };
        if left.is_empty() {
            if to_compact && compacted.is_none_or(|at| at.elapsed() > COMPACT) {
                // What is gone is on the disk until it is rewritten.
                let ledger = core.ledger.clone();
                if let Err(error) = blocking(move || ledger.compact()).await {
                    tracing::error!(%error, "the disk does not get back yet what was forgotten");
                }
                (to_compact, compacted) = (false, Some(Instant::now()));
            }
            tokio::select! {
                () = core.forgetting.notified() => wait = LOOK,
                () = tokio::time::sleep(COMPACT), if to_compact => {}
            }
            continue;
        }
        for person in left {
            match look(&core, &mapping, &person).await {
                Ok(done) => to_compact |= done,
                Err(StoreError::Closed) => return,
                Err(error) => tracing::error!(%error, "somebody is not forgotten yet; it is tried again"),
            }
        }
        // Each look reads the whole journal: what waits long is looked at rarely.
        tokio::select! {
            () = core.forgetting.notified() => wait = LOOK,
            () = tokio::time::sleep(wait) => wait = (wait * 2).min(LONGEST_LOOK),
        }
    }
}

/// Forgets somebody, if what they took back has been taken back; answers whether that is done.
async fn look(core: &Arc<Core>, mapping: &Addr<Mapping>, person: &Person) -> Result<bool, StoreError> {
    let Some(mut erased) = core.ledger.erased(person)? else { return Ok(false) };
    // It is nobody's but theirs, and waits for no room.
    let exports = core.media.forget(Belongings::exports_of(person.as_str())).await;
    exports.map_err(|error| StoreError::Engine(format!("their exports are not gone: {error}")))?;
    core.mapped().await;
    if core.ledger.is_taking_back(person)? {
        return Ok(false);
    }
    // What was accepted by now has become rows, or it would not be known what waits.
    let newest = core.ledger.newest();
    if core.ledger.to_fan_out(EnvelopeId::default(), 1)?.first().is_some_and(|first| *first <= newest) {
        return Ok(false);
    }
    // What is held at the door would go on later.
    for sender in core.ledger.held().into_keys() {
        if Person::from_parts(&sender.0, sender.1.as_str()) == *person {
            erased.events += core.ledger.drop_held(sender, Timestamp(0)).await?;
        }
    }
    let patient = Timestamp::now().0.saturating_sub(erased.asked) < PATIENCE;
    // What they say once they have allowed something again is kept like everybody's.
    let history = core.ledger.consent_of(person);
    let again = history
        .iter()
        .flat_map(|history| history.entries())
        .find(|entry| entry.allows && entry.at.0 > erased.asked);
    let until = again.map(|entry| entry.at);
    let (of, whom) = (core.clone(), person.clone());
    let found = blocking(move || of.kept_of(&whom, until)).await?;
    if found.waits > 0 && patient {
        return Ok(false);
    }
    let new: Vec<String> = found.left.into_iter().filter(|left| !erased.left.contains(left)).collect();
    if !new.is_empty() {
        // Before anything goes: what is left elsewhere is known only by what is kept here.
        erased.left.extend(new);
        core.ledger.remember_erased(person.clone(), erased.clone()).await?;
    }
    let files = core.media.forget(found.belongings).await;
    files.map_err(|error| StoreError::Engine(format!("their files are not gone: {error}")))?;
    let ledger = core.ledger.clone();
    let mut erasure = ledger.begin_erasure(person.clone(), until, found.digests);
    loop {
        let ledger = core.ledger.clone();
        let (piece, rest) = blocking(move || Ok((ledger.next_erased(&mut erasure)?, erasure))).await?;
        erasure = rest;
        let Some(piece) = piece else { break };
        erased.events += let_go(core, mapping, piece).await? as u64;
    }
    // What still waits for a room that is not reached stays until it has gone there.
    let done = erasure.waits == 0;
    erased.done = done.then(|| Timestamp::now().0);
    if done {
        tracing::info!(events = erased.events, left = erased.left.len(), "somebody is forgotten");
    }
    core.ledger.remember_erased(person.clone(), erased).await?;
    Ok(done)
}

/// How many messages stay, by platform and why.
type Stays = BTreeMap<(String, WhyLeft), u64>;

/// What is kept of somebody.
#[derive(Default)]
struct Kept {
    belongings: Belongings,
    /// Deliveries of theirs that are still to be made, or taken back.
    waits: u64,
    /// Digests that told of them.
    digests: Vec<EnvelopeId>,
    /// What could not be undone, in words.
    left: Vec<String>,
}

impl Core {
    /// Reads the whole journal, in pieces.
    fn kept_of(&self, person: &Person, until: Option<Timestamp>) -> Result<Kept, StoreError> {
        let (mut kept, mut from) = (Kept::default(), EnvelopeId::default());
        let (mut stays, mut digests) = (Stays::new(), Digests::default());
        loop {
            let mut theirs = Vec::new();
            let last = self.ledger.accepted_by(Some(person), from, PIECE, |id, envelope| {
                // A digest of later may tell of what was before.
                if is_digest(&envelope) {
                    return theirs.push((id, false, envelope));
                }
                if until.is_some_and(|until| id.at() >= until) {
                    return;
                }
                let by = envelope.author.as_ref();
                let is_theirs = by.is_some_and(|by| Person::of(&envelope.origin, by) == *person);
                if is_theirs || matches!(envelope.event, Event::PollEnded { .. }) {
                    theirs.push((id, is_theirs, envelope));
                }
            })?;
            for (id, is_theirs, envelope) in theirs {
                if is_digest(&envelope) {
                    let told = digests.told_by(self, &envelope).len() as u64;
                    self.look_at_digest(id, &envelope.origin, told, &mut kept, &mut stays)?;
                    continue;
                }
                if matches!(envelope.event, Event::Member { .. }) {
                    digests.add(id, envelope.clone());
                }
                // How a poll ended is nobody's; what it asks is.
                let poll = envelope.subject().filter(|_| !is_theirs);
                if poll.map_or(Ok(false), |poll| self.is_by(person, &poll).map(|theirs| !theirs))? {
                    continue;
                }
                self.look_at(id, &envelope, &mut kept, &mut stays)?;
            }
            let Some(last) = last else { break };
            from = last;
        }
        self.look_at_unread(person, until, &mut kept, &mut stays)?;
        let left = stays.into_iter().map(|((platform, why), count)| why.written(count, &platform));
        kept.left = left.collect();
        Ok(kept)
    }

    fn look_at(
        &self,
        id: EnvelopeId,
        envelope: &Envelope,
        kept: &mut Kept,
        stays: &mut Stays,
    ) -> Result<(), StoreError> {
        kept.waits += self.ledger.pending(id)?.len() as u64;
        let picture = envelope.author.as_ref().and_then(|author| author.avatar.as_deref());
        picture.into_iter().for_each(|url| kept.belongings.add_picture(url));
        match &envelope.event {
            Event::Posted(message) => {
                kept.belongings.add_message(id.0, &plain::text(&message.body));
                self.look_at_threads(id, envelope, stays)?;
            }
            Event::Edited { to, .. } => {
                kept.belongings.add_text(&plain::text(&to.body));
                return Ok(());
            }
            Event::Member { .. } | Event::PollEnded { .. } => {}
            _ => return Ok(()),
        }
        kept.waits += self.change_waits(id)?;
        for room in self.lookup.delivered_to(id)? {
            let there = self.lookup.messages(id, &room)?.unwrap_or_default().len() as u64;
            if there > 0 && room != envelope.origin {
                *stays.entry(self.why_it_stays(&room, id)?).or_default() += there;
            }
        }
        Ok(())
    }

    /// What cannot be read any more, in a ledger that was restored: theirs by its key goes as what can be; of what is anybody's it is said that it stays.
    fn look_at_unread(
        &self,
        person: &Person,
        until: Option<Timestamp>,
        kept: &mut Kept,
        stays: &mut Stays,
    ) -> Result<(), StoreError> {
        let mut from = EnvelopeId::default();
        loop {
            let mut unread = Vec::new();
            let last = self.ledger.unread_after(person, from, PIECE, |id, is_theirs| {
                unread.push((id, is_theirs));
                ControlFlow::Continue(())
            })?;
            for (id, is_theirs) in unread {
                if until.is_some_and(|until| id.at() >= until) {
                    continue;
                }
                if is_theirs {
                    kept.belongings.add_unread(id.0);
                    kept.waits += self.ledger.pending(id)?.len() as u64 + self.change_waits(id)?;
                }
                for room in self.lookup.delivered_to(id)? {
                    let there = self.lookup.messages(id, &room)?.unwrap_or_default().len() as u64;
                    if there > 0 {
                        let why = match is_theirs {
                            true => self.why_it_stays(&room, id)?,
                            false => (capitalised(&room.platform), WhyLeft::Unread),
                        };
                        *stays.entry(why).or_default() += there;
                    }
                }
            }
            let Some(last) = last else { return Ok(()) };
            from = last;
        }
    }

    /// Threads that were opened elsewhere for what they said: their names stay.
    fn look_at_threads(
        &self,
        id: EnvelopeId,
        envelope: &Envelope,
        stays: &mut Stays,
    ) -> Result<(), StoreError> {
        let routes = self.routes.borrow().clone();
        for (room, _) in routes.targets(&envelope.origin) {
            let has_names = self.lane(&room).is_some_and(|lane| {
                lane.account.connector.capabilities(&room).shows(Feature::Topic) == Support::Native
            });
            let there = self.ledger.thread_there(id, &room)?.and_then(|there| there.thread);
            if has_names && there.is_some() {
                *stays.entry((capitalised(&room.platform), WhyLeft::Thread)).or_default() += 1;
            }
        }
        Ok(())
    }

    /// A digest that told of so many of their comings and goings, maybe none.
    fn look_at_digest(
        &self,
        id: EnvelopeId,
        room: &RoomKey,
        told: u64,
        kept: &mut Kept,
        stays: &mut Stays,
    ) -> Result<(), StoreError> {
        if told == 0 {
            return Ok(());
        }
        kept.digests.push(id);
        kept.waits += self.ledger.pending(id)?.len() as u64 + self.change_waits(id)?;
        if !self.lookup.messages(id, room)?.unwrap_or_default().is_empty() {
            *stays.entry((capitalised(&room.platform), WhyLeft::Digest)).or_default() += told;
        }
        Ok(())
    }

    /// How many rooms wait for the newest change of a message: the delete that is under way is about it.
    fn change_waits(&self, id: EnvelopeId) -> Result<u64, StoreError> {
        let change = self.ledger.newest_change_id(id)?;
        change.map_or(Ok(0), |change| Ok(self.ledger.pending(change)?.len() as u64))
    }

    fn why_it_stays(&self, room: &RoomKey, id: EnvelopeId) -> Result<(String, WhyLeft), StoreError> {
        let platform = capitalised(&room.platform);
        let change = self.ledger.newest_change_id(id)?;
        let given_up = change.map_or(Ok(None), |change| self.ledger.dead_letter(room, change))?;
        if given_up.is_some_and(|letter| letter.reason == UNLINKED) {
            return Ok((platform, WhyLeft::Unreached));
        }
        let lane = self.lane(room);
        let deletes = lane.map(|lane| lane.account.connector.capabilities(room).shows(Feature::Delete));
        let why = match deletes {
            Some(Support::Native) => WhyLeft::Refused,
            Some(_) => WhyLeft::NoDeletes,
            None => WhyLeft::Unreached,
        };
        Ok((platform, why))
    }
}

//! What of somebody's that is taken back waits for its room still, and what was given up: read off the queues, so that it is known after any restart.

use super::is_of_withdrawal;
use crate::consent::{Person, Stance};
use crate::engine::core::Core;
use crate::engine::lane_steps::MASKED;
use crate::store::queue::after;
use crate::store::{EnvelopeId, OutboxRow, StoreError};
use relay_contract::{Envelope, Event, Platform, RoomKey};
use std::collections::{BTreeMap, BTreeSet};

/// So many deliveries are looked at; whoever asks waits for it.
const MOST: usize = 20_000;
/// So many are read at once.
const PIECE: usize = 2_000;
/// How a delivery is closed whose message was gone already.
const GONE: &str = "target_gone";

/// How much of what somebody takes back is not done, by platform.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct NotDone {
    /// Waits for its room.
    pub waits: BTreeMap<Platform, usize>,
    /// Was given up, and stays.
    pub given_up: BTreeMap<Platform, usize>,
    /// More waits for other rooms than is looked through: it is not known what of that is theirs.
    pub is_cut: bool,
}

/// Whose it is, and when they have chosen.
struct Whose {
    people: Vec<Person>,
    choices: BTreeSet<String>,
}

impl Core {
    /// What of that which these accounts take back is not done in other rooms. Reads the disk.
    pub fn not_taken_back(&self, people: Vec<Person>) -> Result<NotDone, StoreError> {
        let histories = people.iter().filter_map(|person| self.ledger.consent_of(person));
        let entries = histories.flat_map(|history| history.entries().to_vec());
        let choices = entries.map(|entry| format!("{MASKED}{}", entry.at.0)).collect();
        let whose = Whose { people, choices };
        let (mut found, mut left) = (NotDone::default(), MOST);
        for (room, depth) in self.ledger.depths() {
            if depth.queued > 0 {
                let count = self.count(&whose, &room, &mut left, |from, most| {
                    let rows = self.ledger.rows(&room, from, most)?;
                    Ok(rows.into_iter().map(|(id, row)| (id, Some(row))).collect())
                })?;
                add(&mut found.waits, &room, count);
            }
            if depth.dead > 0 {
                let count = self.count(&whose, &room, &mut left, |from, most| {
                    let letters = self.ledger.letters_of(&room, from, most)?.into_iter();
                    let is_there = |reason: &str| reason != GONE;
                    Ok(letters.map(|(id, dead)| (id, is_there(&dead.reason).then_some(dead.row))).collect())
                })?;
                add(&mut found.given_up, &room, count);
            }
        }
        found.is_cut = left == 0;
        Ok(found)
    }

    /// Counts, of all that is read in pieces, what takes something of theirs out of a room in which it is.
    fn count(
        &self,
        whose: &Whose,
        room: &RoomKey,
        left: &mut usize,
        read: impl Fn(EnvelopeId, usize) -> Result<Vec<(EnvelopeId, Option<OutboxRow>)>, StoreError>,
    ) -> Result<usize, StoreError> {
        let (mut from, mut count) = (EnvelopeId::default(), 0);
        while *left > 0 {
            let piece = read(from, PIECE.min(*left))?;
            *left -= piece.len().min(*left);
            let Some(next) = piece.last().and_then(|(id, _)| after(*id)) else { break };
            from = next;
            for (id, row) in piece {
                // What says something new has no target, and is not read for this.
                if let Some(target) = row.and_then(|row| row.target)
                    && let Some(envelope) = self.ledger.envelope(id)?
                    && self.takes_back_of(whose, room, &envelope, target)?
                {
                    count += 1;
                }
            }
        }
        Ok(count)
    }

    fn takes_back_of(
        &self,
        whose: &Whose,
        room: &RoomKey,
        envelope: &Envelope,
        target: EnvelopeId,
    ) -> Result<bool, StoreError> {
        let is_by = |of: &Envelope| {
            let author = of.author.as_ref();
            author.is_some_and(|by| whose.people.contains(&Person::of(&of.origin, by)))
        };
        match &envelope.event {
            Event::Reacted { added: false, version, .. } => Ok(is_of_withdrawal(version) && is_by(envelope)),
            Event::Deleted { .. } | Event::Removed { .. } if envelope.author.is_none() => {
                let of = self.ledger.envelope(target)?;
                Ok(of.is_some_and(|of| is_by(&of)) && self.may_be_in(room, target)?)
            }
            Event::Arrived { version, .. } => {
                Ok(whose.choices.contains(version) && self.may_be_in(room, target)?)
            }
            _ => Ok(false),
        }
    }

    /// Whether a message is in a room, or may be.
    fn may_be_in(&self, room: &RoomKey, message: EnvelopeId) -> Result<bool, StoreError> {
        if self.lookup.messages(message, room)?.is_some_and(|there| !there.is_empty()) {
            return Ok(true);
        }
        Ok(self.ledger.row(room, message)?.is_some_and(|row| !row.is_untouched()))
    }

    /// Whether somebody has said something by which what was carried before goes. A word that leaves it as it is makes no promise.
    pub fn has_taken_back(&self, person: &Person) -> bool {
        let Some(history) = self.ledger.consent_of(person) else { return false };
        history.forbids_bridging()
            && !matches!(history.word_in_force(true), Some((Stance::Full | Stance::Balanced, _)))
    }
}

fn add(to: &mut BTreeMap<Platform, usize>, room: &RoomKey, count: usize) {
    if count > 0 {
        *to.entry(room.platform.clone()).or_default() += count;
    }
}

//! How what is taken back goes into the journal: a few at a time, so that what others say in their rooms comes in between; and while rooms are
//! waited for, it is other people's turn.

use super::PIECE;
use crate::consent::Person;
use crate::engine::core::Core;
use crate::engine::digest::Digests;
use crate::engine::states::LaneState;
use crate::media::Belongings;
use crate::store::{EnvelopeId, StoreError, Verdict};
use relay_contract::{Account, Envelope, RoomKey, Timestamp};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// So long the rooms have for a few; those that are not reached have theirs waiting, and those that fail or wait for a person are not waited for.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often it is looked whether they are done.
const LOOK: Duration = Duration::from_millis(10);

impl Core {
    /// Puts into the journal what takes back all that somebody may not be seen with any more; answers how much that is.
    pub(super) async fn take_back(self: &Arc<Self>, person: &Person) -> Result<u64, StoreError> {
        self.mapped().await;
        let Some(history) = self.ledger.consent_of(person) else { return Ok(0) };
        let mut count = 0;
        let (mut gone, mut digests) = (Belongings::default(), Digests::default());
        // What does not go now is looked for again, once everything else is under way.
        let mut let_go = Ok(());
        // What comes later is asked about when it is fanned out.
        let until = self.ledger.newest();
        let at = Timestamp::now();
        let number = history.entries().last().map_or(0, |entry| entry.at.0);
        // Of whoever was forgotten once, a restored ledger may have what nobody can read any more.
        let passes: &[bool] = if self.ledger.has_destroyed(person) { &[false, true] } else { &[false] };
        for unread in passes.iter().copied() {
            let mut from = EnvelopeId::default();
            while from < until {
                // One after the other: each reads the whole journal.
                let turn = self.withdrawals.acquire().await.map_err(|_| StoreError::Closed)?;
                let (core, of) = (self.clone(), person.clone());
                let read = tokio::task::spawn_blocking(move || {
                    let taken = match unread {
                        true => core.unread_to_take_back(&of, from, until),
                        false => core.to_take_back(&of, from, until, &mut digests),
                    };
                    taken.map(|(last, taken)| (last, taken, digests))
                });
                let (last, taken, so_far) =
                    read.await.map_err(|_| StoreError::Engine("reading panicked".into()))??;
                digests = so_far;
                let Some(last) = last else { break };
                from = last;
                taken.iter().for_each(|taken| taken.add_to(&mut gone));
                let envelopes: Vec<Envelope> =
                    taken.into_iter().filter_map(|taken| taken.into_envelope(number, at)).collect();
                count += envelopes.len() as u64;
                let entered = self.enter(envelopes).await?;
                // A room that is slow holds up nobody else; nothing but where it goes on is kept for that time.
                drop(turn);
                self.until_done(&entered).await?;
                if gone.links.len() >= PIECE {
                    let_go = let_go.and(self.give_no_more(std::mem::take(&mut gone)).await);
                }
            }
        }
        let_go.and(self.give_no_more(gone).await)?;
        // Unless they have chosen again meanwhile.
        self.ledger.taken_back(person.clone(), history.entries().len()).await?;
        Ok(count)
    }

    /// Ends the links to files and long texts that were given out.
    async fn give_no_more(&self, gone: Belongings) -> Result<(), StoreError> {
        if gone.is_empty() {
            return Ok(());
        }
        let ended = self.media.forget(gone).await;
        ended.map(drop).map_err(|error| StoreError::Engine(format!("files are not gone: {error}")))
    }

    /// Into the journal, by the accounts that reach their rooms; answers as what.
    async fn enter(&self, envelopes: Vec<Envelope>) -> Result<Vec<EnvelopeId>, StoreError> {
        let Some(first) = envelopes.first() else { return Ok(Vec::new()) };
        let account = self.known.asked_for(&first.origin).into_iter().next().map(|(account, ..)| account);
        let account = account.unwrap_or_else(|| Account(String::new()));
        let queued = self.ledger.accept(account, envelopes).await?;
        let verdicts = queued.await.map_err(|_| StoreError::Closed)??;
        let accepted = verdicts.into_iter().filter_map(|verdict| match verdict {
            Verdict::Accepted(id) => Some(id),
            _ => None,
        });
        Ok(accepted.collect())
    }

    /// Until these are done, but in rooms that fail or wait for a person; or for a while.
    async fn until_done(&self, entered: &[EnvelopeId]) -> Result<(), StoreError> {
        let began = Instant::now();
        for id in entered {
            while !self.ledger.is_fanned_out(*id)?
                || (began.elapsed() < PATIENCE && self.is_under_way(*id)?)
            {
                tokio::time::sleep(LOOK).await;
            }
        }
        Ok(())
    }

    /// Whether an envelope is still to be delivered to a room that neither fails nor waits for a person.
    fn is_under_way(&self, id: EnvelopeId) -> Result<bool, StoreError> {
        let goes_on = |room: &RoomKey| {
            let waits = self.waits_for(room);
            !matches!(waits, LaneState::Parked { .. } | LaneState::Paused { .. } | LaneState::Retrying { .. })
        };
        Ok(self.ledger.pending(id)?.iter().any(goes_on))
    }
}

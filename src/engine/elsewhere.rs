//! What of one room's messages waits for other rooms or was given up there, for people in that room.

use super::core::Core;
use super::states::LaneState;
use crate::store::records::PURGED;
use crate::store::{EnvelopeId, StoreError};
use relay_contract::{Platform, RoomKey, Timestamp};
use std::collections::BTreeSet;

/// So many deliveries into one room are looked at, and so many altogether: what a person asks for in the chat must stay cheap.
const OF_ONE: usize = 200;
const OF_ALL: usize = 2_000;
/// What waits for less than this is only on its way, in milliseconds.
const ON_ITS_WAY: i64 = 30_000;

/// What became of a room's messages in another one.
#[derive(Debug, Clone, PartialEq)]
pub struct Elsewhere {
    /// The other room's platform; more of it is nobody's to know here.
    pub platform: Platform,
    /// How much waits.
    pub waits: u64,
    /// How the other room's lane is.
    pub lane: LaneState,
    /// Why what was given up was, each with how often.
    pub given_up: Vec<(Trouble, u64)>,
    /// There was more than was looked at.
    pub more: bool,
}

/// Why something was given up, in a word that tells nothing of the other room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trouble {
    /// It took too long.
    Expired,
    /// What it changes is not there any more.
    TargetGone,
    /// That room has left.
    Unlinked,
    /// A person has taken it out.
    Dropped,
    /// It may be there, and a person is to decide.
    Unsure,
    /// The platform did not take it, or Relay could not make it.
    Refused,
}

impl Trouble {
    /// From what a dead letter says; none for what a person had taken back.
    fn of(reason: &str) -> Option<Self> {
        Some(match reason {
            PURGED => return None,
            "target_gone" => Self::TargetGone,
            "unlinked" => Self::Unlinked,
            crate::store::queue::DROPPED => Self::Dropped,
            reason if reason.starts_with("expired:") => Self::Expired,
            reason if reason.starts_with("held:") => Self::Unsure,
            _ => Self::Refused,
        })
    }
}

impl Core {
    /// What of a room's messages waits for the rooms it is joined with, or was given up there; those rooms in which all is well are left
    /// out. Reads the disk.
    pub fn elsewhere(&self, origin: &RoomKey) -> Result<Vec<Elsewhere>, StoreError> {
        let routes = self.routes.borrow().clone();
        let channels: Vec<&str> = routes.links_of(origin).map(|(name, _)| name).collect();
        let others: BTreeSet<RoomKey> = channels
            .into_iter()
            .flat_map(|channel| routes.channel(channel))
            .map(|link| link.room.clone())
            .filter(|room| room != origin)
            .collect();
        let (depths, now, mut looked) = (self.ledger.depths(), Timestamp::now().0, 0);
        let mut found = Vec::new();
        for room in others {
            let Some(depth) = depths.get(&room) else { continue };
            let most = OF_ONE.min(OF_ALL - looked);
            let rows = self.ledger.rows(&room, EnvelopeId::default(), most)?;
            let letters = self.ledger.newest_letters_of(&room, most, |_| true)?;
            looked = (looked + rows.len() + letters.len()).min(OF_ALL);
            let lane = self.lane_state(&room);
            let moves = matches!(lane, LaneState::Idle | LaneState::Busy);
            let more = depth.queued > rows.len() as u64 || depth.letters() > letters.len() as u64;
            let mut there =
                Elsewhere { platform: room.platform.clone(), waits: 0, lane, given_up: Vec::new(), more };
            for (id, _) in rows {
                let on_its_way = moves && now.saturating_sub(id.at().0) < ON_ITS_WAY;
                there.waits += u64::from(!on_its_way && self.is_from(id, origin)?);
            }
            for (id, letter) in letters {
                let Some(trouble) = Trouble::of(&letter.reason) else { continue };
                if self.is_from(id, origin)? {
                    match there.given_up.iter_mut().find(|(known, _)| *known == trouble) {
                        Some((_, count)) => *count += 1,
                        None => there.given_up.push((trouble, 1)),
                    }
                }
            }
            there.given_up.sort();
            if there.waits > 0 || !there.given_up.is_empty() {
                found.push(there);
            }
        }
        Ok(found)
    }

    fn is_from(&self, id: EnvelopeId, origin: &RoomKey) -> Result<bool, StoreError> {
        Ok(self.ledger.envelope(id)?.is_some_and(|envelope| envelope.origin == *origin))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_for_each_reason() {
        let cases = [
            ("purged", None),
            ("target_gone", Some(Trouble::TargetGone)),
            ("unlinked", Some(Trouble::Unlinked)),
            ("dropped", Some(Trouble::Dropped)),
            ("expired: not delivered within 3 days", Some(Trouble::Expired)),
            ("held: it may have been delivered", Some(Trouble::Unsure)),
            ("rejected: #secret-room is archived", Some(Trouble::Refused)),
        ];
        for (reason, trouble) in cases {
            assert_eq!(Trouble::of(reason), trouble, "{reason}");
        }
    }
}

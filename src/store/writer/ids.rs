//! The ids of envelopes.

use crate::store::records::EnvelopeId;
use crate::store::shared::Shared;
use crate::store::stream;
use relay_contract::Timestamp;
use std::time::{Duration, SystemTime};
use ulid::Ulid;

/// So far into the future an id may be.
const FURTHEST: Duration = Duration::from_secs(24 * 60 * 60);

/// Ids that only grow, also when the clock goes back, and across restarts.
pub(super) struct IdSource {
    generator: ulid::Generator,
    floor: SystemTime,
}

impl IdSource {
    pub(super) fn after_newest_of(shared: &Shared) -> Self {
        let newest = shared
            .journal
            .last_key_value()
            .and_then(|entry| entry.key().ok())
            .and_then(|key| <[u8; 16]>::try_from(&*key).ok())
            .map(Ulid::from_bytes);
        let newest = newest.max(Some(Ulid::from_bytes(shared.held.newest.0)));
        let newest = newest.max(stream::newest(shared).map(|id| Ulid::from_bytes(id.0)));
        let floor = newest.map_or(SystemTime::UNIX_EPOCH, |id| id.datetime() + Duration::from_millis(1));
        Self { generator: ulid::Generator::new(), floor }
    }

    /// What comes from now on is later than a choice, also where the clock was set back since the time that this bears.
    pub(super) fn after_choice(&mut self, at: Timestamp) {
        let Ok(millis) = u64::try_from(at.0) else { return };
        let at = SystemTime::UNIX_EPOCH + Duration::from_millis(millis.saturating_add(1));
        // Nothing goes by a clock that was further ahead.
        if at <= SystemTime::now() + FURTHEST {
            self.floor = self.floor.max(at);
        }
    }

    pub(super) fn next(&mut self) -> EnvelopeId {
        let mut at = self.floor.max(SystemTime::now());
        loop {
            match self.generator.generate_from_datetime(at) {
                Ok(id) => return EnvelopeId(id.to_bytes()),
                // All of one millisecond's ids are used up: go on in the next one.
                Err(_) => {
                    at += Duration::from_millis(1);
                    self.floor = at;
                }
            }
        }
    }
}

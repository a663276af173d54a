//! The ids of envelopes.

use crate::store::records::EnvelopeId;
use crate::store::shared::Shared;
use crate::store::stream;
use std::time::{Duration, SystemTime};
use ulid::Ulid;

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

//! Where each consumer is, while Relay runs.

use super::Places;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// So many are known; of more, those that were here longest ago begin anew.
const MOST: usize = 1_024;

/// All of them.
#[derive(Debug, Default)]
pub struct Consumers(Mutex<HashMap<String, (Instant, Places)>>);

impl Consumers {
    /// Where one is, if it was here before.
    pub fn places(&self, name: &str) -> Option<Places> {
        let consumers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        consumers.get(name).map(|(_, places)| places.clone())
    }

    /// One has got everything up to here.
    pub fn reached(&self, name: &str, places: &Places) {
        let mut consumers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if consumers.len() >= MOST && !consumers.contains_key(name) {
            let oldest = consumers.iter().min_by_key(|(_, (at, _))| *at).map(|(name, _)| name.clone());
            oldest.map(|oldest| consumers.remove(&oldest));
        }
        let (at, known) = consumers.entry(name.to_owned()).or_insert_with(|| (Instant::now(), Places::new()));
        *at = Instant::now();
        for (channel, place) in places {
            let known = known.entry(channel.clone()).or_default();
            *known = (*known).max(*place);
        }
    }
}

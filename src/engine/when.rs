//! When something was said that is read from a history, where the clock of its platform is ahead of Relay's: what people choose bears the
//! time of Relay's clock, and what was said under a *no* may seem to have been said after it.

use super::consent::is_person;
use super::core::Core;
use crate::consent::{Person, Purpose};
use crate::routing::Routes;
use relay_contract::{Envelope, Event, Timestamp};
use std::sync::atomic::Ordering;

/// So far ahead a clock may be, in milliseconds; one that is further ahead is none.
const DAY: i64 = 24 * 60 * 60 * 1_000;

impl Core {
    /// What is heard as it is said tells how far the clock of its platform is ahead.
    pub(super) fn heard_at(&self, at: Timestamp) {
        self.lead.fetch_max(at.0.saturating_sub(Timestamp::now().0), Ordering::Relaxed);
    }

    /// Whether what a history tells may have been said under a no, or while people were asked first, and it cannot be known: then it is not
    /// even written down.
    pub(super) fn may_be_of_a_no(&self, routes: &Routes, envelope: &Envelope) -> bool {
        let brings = matches!(
            &envelope.event,
            Event::Posted(_) | Event::Edited { .. } | Event::Reacted { added: true, .. }
        );
        let Some(author) = envelope.author.as_ref().filter(|_| brings) else { return false };
        if !self.asks_consent() || !is_person(&envelope.origin, author) {
            return false;
        }
        let lead = match envelope.at > Timestamp::now() {
            // It is said to be still to come: then it is only known that it was said before now.
            true => DAY,
            false => self.lead.load(Ordering::Relaxed).min(DAY),
        };
        if lead <= 0 {
            return false;
        }
        let said = envelope.at.0.saturating_sub(lead)..=envelope.at.0;
        let history = self.ledger.consent_of(&Person::of(&envelope.origin, author));
        let chose = history.is_some_and(|history| {
            let bridging = || history.entries().iter().filter(|entry| entry.purpose == Purpose::Bridging);
            bridging().any(|entry| !entry.allows) && bridging().any(|entry| said.contains(&entry.at.0))
        });
        let origin = &envelope.origin;
        let until = |room| routes.asked_until(origin, room).max(self.ledger.asked_until(origin));
        chose
            || routes
                .targets(origin)
                .iter()
                .any(|(room, _)| until(room).is_some_and(|until| said.contains(&until.0)))
    }
}

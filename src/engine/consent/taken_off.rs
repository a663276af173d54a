//! Reactions that are taken off again and were never written down: then it is not written down either that they are.

use crate::consent::DataClass;
use crate::engine::core::Core;
use crate::observe::Count;
use crate::routing::Routes;
use relay_contract::{Envelope, Event};
use std::sync::Arc;

impl Core {
    /// These without the reactions that are taken off by whoever nobody may see react, and that Relay has never known. What was carried and
    /// is taken off always stays; so does what cannot be looked up.
    pub(in crate::engine) async fn without_unknown(
        self: &Arc<Self>,
        envelopes: Vec<Envelope>,
    ) -> Vec<Envelope> {
        let routes = self.routes.borrow().clone();
        if !envelopes.iter().any(|envelope| self.takes_off_for_nobody(&routes, envelope)) {
            return envelopes;
        }
        let (core, all) = (self.clone(), envelopes.clone());
        let known = move |envelope: &Envelope| {
            let known = !core.takes_off_for_nobody(&routes, envelope) || core.knows_reaction(envelope);
            if !known {
                core.counters.add(Count::Withheld);
            }
            known
        };
        let looked_up = tokio::task::spawn_blocking(move || all.into_iter().filter(known).collect());
        looked_up.await.unwrap_or(envelopes)
    }

    fn takes_off_for_nobody(&self, routes: &Routes, envelope: &Envelope) -> bool {
        matches!(envelope.event, Event::Reacted { added: false, .. })
            && self.is_class_for_nobody(routes, envelope, DataClass::Reactions)
    }

    /// Whether a reaction that is taken off was written down.
    fn knows_reaction(&self, envelope: &Envelope) -> bool {
        let (Event::Reacted { emoji, .. }, Some(author), Some(subject)) =
            (&envelope.event, &envelope.author, envelope.subject())
        else {
            return true;
        };
        let known = self.lookup.find(&subject).and_then(|found| match found {
            Some(found) => self.ledger.reactions(found.envelope),
            None => Ok(Vec::new()),
        });
        known.map_or(true, |all| {
            all.iter().any(|(room, by)| {
                *room == envelope.origin && by.user == author.id.as_str() && by.emoji == emoji.name
            })
        })
    }
}

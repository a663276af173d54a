//! Two accounts become one person's, and what others then read where that person is mentioned.

use super::core::Core;
use crate::consent::{DataClass, Person};
use crate::store::{Linking, Side, StoreError};
use relay_contract::text::Leaf;
use relay_contract::{Mention, Message, RoomKey, Text, Timestamp};
use std::sync::Arc;

impl Core {
    /// An account comes to those of a person, as both sides have proven; what crossed of them and is allowed no more is taken back.
    pub async fn link_accounts(self: &Arc<Self>, person: Side, comes: Side) -> Result<Linking, StoreError> {
        let linking = self.ledger.link(person, comes, Timestamp::now()).await?;
        if let Linking::Done(tighter) = &linking {
            tighter.iter().for_each(|of| self.take_back_soon(of.clone()));
        }
        Ok(linking)
    }

    /// Whom others mention is called in a room by the name that they have in its network, where they have linked an account there and
    /// both may be named. It stays a name: nobody is notified by it. Who may not be named at all is taken out after this (`mask`).
    pub(super) fn name_as_known(&self, room: &RoomKey, origin: &RoomKey, message: &mut Message) {
        if !self.ledger.anybody_linked() || origin == room || !message.body.names_people() {
            return;
        }
        let mut runs = std::mem::take(&mut message.body).into_runs();
        for run in &mut runs {
            if let Leaf::Mention(Mention::Person { id: Some(id), name }) = &mut run.leaf
                && let Some(known) = self.known_as(&Person::from_parts(origin, id.as_str()), room, origin)
            {
                *name = known;
            }
        }
        message.body = Text::from_runs(runs);
    }

    /// The name of a person's account in the network of a room.
    fn known_as(&self, person: &Person, room: &RoomKey, origin: &RoomKey) -> Option<String> {
        let network = Person::from_parts(room, "");
        let accounts = self.ledger.accounts_of(person);
        let there = accounts.iter().skip(1).find(|other| other.as_str().starts_with(network.as_str()))?;
        // Unsaid is no forbidding: they have linked the two for this.
        let may = |of: &Person| {
            let history = self.ledger.consent_of(of);
            history
                .is_none_or(|history| self.allows(Some(&history), DataClass::Identity, (origin, room), None))
        };
        (may(person) && may(there)).then(|| self.ledger.linked(there).map(|linked| linked.name)).flatten()
    }
}

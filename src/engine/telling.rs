//! What people are told once of what becomes of what they say.

use super::core::Core;
use crate::consent::{Person, Unsaid};
use crate::store::StoreError;
use relay_contract::RoomKey;

impl Core {
    /// What somebody is to be told who has not been told yet and has chosen nothing; none in a room that nothing is carried from.
    pub fn untold(&self, person: &Person, room: &RoomKey) -> Result<Option<&'static str>, StoreError> {
        if self.ledger.consent_of(person).is_some() || self.ledger.is_told(person)? {
            return Ok(None);
        }
        let routes = self.routes.borrow().clone();
        if routes.targets(room).is_empty() {
            return Ok(None);
        }
        let asks = routes.links_of(room).any(|(channel, _)| routes.unsaid(channel) == Unsaid::OptIn);
        Ok(Some(if asks { ASKED } else { CARRIED }))
    }
}

const CARRIED: &str = "What is said in this room is shown in rooms elsewhere, too. What is shown of you is yours to decide: /relay privacy";

const ASKED: &str = "What is said in this room is shown in rooms elsewhere, too; of what you say nothing is, until you allow it: /relay privacy";

//! Whether anybody who is not to be seen might be meant, where it is not known who is.

use super::{WHO_AND_WHAT, forbade};
use crate::consent::{DataClass, History, Person, Unsaid};
use crate::engine::core::Core;
use crate::store::stream;
use relay_contract::{NativeId, RoomKey};

impl Core {
    /// Whether somebody of a room's network, of whom nothing but a name is known, might be one who is not to be named.
    pub(in crate::engine) fn hides_somebody(&self, room: &RoomKey, origin: &RoomKey) -> bool {
        if !self.asks_consent() || origin == room || stream::keeps(origin) {
            return false;
        }
        self.hides_any(&WHO_AND_WHAT, (origin, room))
    }

    /// Whether somebody of a room's network, of whom it is not told who they are, might be one who does not show that they are there.
    pub(in crate::engine) fn hides_presence(&self, room: &RoomKey, origin: &RoomKey) -> bool {
        self.asks_consent()
            && origin != room
            && !stream::keeps(origin)
            && self.hides_any(&[DataClass::Presence, DataClass::Identity, DataClass::Content], (origin, room))
    }

    /// Whether somebody of a room's network might be one whose files are not to be seen.
    pub(in crate::engine) fn hides_files(&self, room: &RoomKey, origin: &RoomKey) -> bool {
        self.asks_consent()
            && origin != room
            && !stream::keeps(origin)
            && self.hides_any(&[DataClass::Attachments], (origin, room))
    }

    /// Whether anybody of any network might be one who is not to be named in a room, or was when something was said.
    pub(in crate::engine) fn hides_anybody(&self, room: &RoomKey) -> bool {
        let routes = self.routes.borrow().clone();
        let mut channels = routes.links_of(room);
        let recipient = self.recipient(room);
        self.asks_consent()
            && (routes.has_asked(room)
                || channels.any(|(name, link)| {
                    let level = routes.level(name).tighter(link.settings.privacy);
                    routes.unsaid(name) == Unsaid::OptIn
                        || !WHO_AND_WHAT.into_iter().all(|class| level.shows(class))
                })
                || self.ledger.anybody_is(|_, history| {
                    forbade(history, &recipient, &WHO_AND_WHAT)
                        || WHO_AND_WHAT
                            .into_iter()
                            .any(|class| !self.allows(Some(history), class, (room, room), None))
                }))
    }

    /// Whether something that is not known, in words or a name, might be of anybody who is not to be seen in a room, or was not to be: people
    /// of where it stands, or those of anywhere for whom Relay has posted it there.
    pub(in crate::engine) fn hid_anybody(&self, room: &RoomKey, origin: &RoomKey) -> bool {
        self.hid_somebody(room, origin) || (origin != room && self.hides_anybody(room))
    }

    /// Whether somebody of a room's network might be one who is not to be named in another, at a time that is not known: they may have said
    /// yes since.
    fn hid_somebody(&self, room: &RoomKey, origin: &RoomKey) -> bool {
        if !self.asks_consent() || origin == room || stream::keeps(origin) {
            return false;
        }
        let (network, recipient) = (Person::from_parts(origin, ""), self.recipient(room));
        self.ever_asked(room, origin)
            || self.hides_any(&WHO_AND_WHAT, (origin, room))
            || self.ledger.anybody_is(|person, history| {
                person.as_str().starts_with(network.as_str()) && forbade(history, &recipient, &WHO_AND_WHAT)
            })
    }

    /// Whether somebody has ever kept one of these from a room.
    pub(in crate::engine) fn ever_hid(
        &self,
        room: &RoomKey,
        origin: &RoomKey,
        id: &NativeId,
        classes: &[DataClass],
    ) -> bool {
        if !self.asks_consent() || origin == room || stream::keeps(origin) {
            return false;
        }
        let history = self.ledger.consent_of(&Person::from_parts(origin, id.as_str()));
        history.is_some_and(|history| forbade(&history, &self.recipient(room), classes))
    }

    fn hides_any(&self, classes: &[DataClass], (origin, room): (&RoomKey, &RoomKey)) -> bool {
        let network = Person::from_parts(origin, "");
        let hides = |person: &Person, history: &History| {
            person.as_str().starts_with(network.as_str())
                && classes.iter().any(|class| !self.allows(Some(history), *class, (origin, room), None))
        };
        // Of who has said nothing.
        classes.iter().any(|class| !self.allows(None, *class, (origin, room), None))
            || self.ledger.anybody_is(hides)
    }
}

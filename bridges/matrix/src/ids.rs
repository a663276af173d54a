//! Matrix's ids as the contract's, and back.

use crate::PLATFORM;
use relay_contract::{MessageRef, NativeId, RoomKey};
use ruma::{EventId, OwnedServerName, RoomAliasId, RoomId};

/// Room ids are unique in all of Matrix, whichever server is asked.
const NETWORK: &str = "matrix";

/// A room's identity.
pub fn room(id: &str) -> RoomKey {
    RoomKey::new(PLATFORM, NETWORK, id)
}

/// Whether a text can be a room's id or its alias.
pub fn is_room(id: &str) -> bool {
    is_alias(id) || (id.len() > 1 && !id.contains(char::is_whitespace) && RoomId::parse(id).is_ok())
}

/// Whether a text is a room's address, `#room:example.org`. A name that only begins like one is looked for by name.
pub fn is_alias(id: &str) -> bool {
    RoomAliasId::parse(id).is_ok()
}

/// Whether an account is Relay's own: the bot, or one that begins as the ghosts of its server do.
pub fn is_own(user: &str, own: &str, ghosts: Option<&str>) -> bool {
    let server = |user: &str| user.split_once(':').map(|(_, server)| server.to_owned());
    user == own || ghosts.is_some_and(|ghosts| user.starts_with(ghosts) && server(user) == server(own))
}

/// How to address a message: by its event's id, and the thread it stands in, which is the event that began it.
pub fn message(event: &str, thread: Option<&str>) -> MessageRef {
    MessageRef::plain(event).within(thread.map(NativeId::from))
}

/// The thread that a message stands in, or that hangs from it. Threads have no threads.
pub fn thread_of(message: &MessageRef) -> &str {
    message.thread.as_ref().unwrap_or(&message.id).as_str()
}

/// `https://matrix.to/#/…`, which every client opens (<https://spec.matrix.org/v1.11/appendices/#matrixto-navigation>).
pub fn permalink(room: &RoomKey, message: &MessageRef, via: Option<OwnedServerName>) -> Option<String> {
    let room = RoomId::parse(room.room.as_str()).ok()?;
    let event = EventId::parse(message.id.as_str()).ok()?;
    Some(room.matrix_to_event_uri_via(event, via).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rooms() {
        let cases = [
            ("!abc:example.org", true),
            ("!31hneApxJ_1o-63DmFrpeqnkFfWppnzWso1JvH3ogLM", true),
            ("#general:example.org", true),
            ("#general:example.org:8448", true),
            ("#general", false),
            ("general", false),
            ("@ada:example.org", false),
            ("", false),
            ("!", false),
        ];
        for (id, holds) in cases {
            assert_eq!(is_room(id), holds, "{id}");
        }
    }

    #[test]
    fn whose() {
        let cases = [
            ("@relay:x", None, true),
            ("@ada:x", None, false),
            ("@_relay_a:x", None, false),
            ("@_relay_a:x", Some("@_relay_"), true),
            ("@_relay_a:y", Some("@_relay_"), false),
            ("@ada:x", Some("@_relay_"), false),
        ];
        for (user, ghosts, own) in cases {
            assert_eq!(is_own(user, "@relay:x", ghosts), own, "{user} {ghosts:?}");
        }
    }

    #[test]
    fn links() {
        let via = OwnedServerName::try_from("example.org").ok();
        let cases = [
            ("!a:b.org", "$e:b.org", Some("https://matrix.to/#/!a:b.org/$e:b.org?via=example.org")),
            ("no room", "$e", None),
            ("!a:b.org", "no event", None),
        ];
        for (id, event, link) in cases {
            let got = permalink(&room(id), &MessageRef::plain(event), via.clone());
            assert_eq!(got.as_deref(), link, "{id} {event}");
        }
    }
}

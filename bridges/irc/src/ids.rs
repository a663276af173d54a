//! Identities: a network is what the server calls it, a room its folded name there, a message when it came.

use crate::PLATFORM;
use relay_contract::{NativeId, RoomKey, Timestamp};
use std::sync::atomic::{AtomicU64, Ordering};

/// The longest name of a channel, in bytes: most servers allow 50 or 64.
const LONGEST_CHANNEL: usize = 200;

/// The longest id of a message that is taken from a server, in bytes.
pub const LONGEST_MESSAGE_ID: usize = 200;

/// Whether a text can be a channel's name. Source: <https://modern.ircdocs.horse/#channels>.
pub fn is_channel(name: &str) -> bool {
    let odd = |c: char| c == ' ' || c == ',' || c.is_control();
    name.len() > 1
        && name.len() <= LONGEST_CHANNEL
        && name.starts_with(['#', '&', '+', '!'])
        && !name.contains(odd)
}

/// Whether a text can be a nick: nothing that would be another word or another command.
pub fn is_nick(name: &str) -> bool {
    let odd = |c: char| c.is_whitespace() || c.is_control() || ",*?!@:".contains(c);
    !name.is_empty()
        && name.len() <= 64
        && !name.contains(odd)
        && !name.starts_with(|c: char| c.is_ascii_digit() || "#&+$-".contains(c))
}

/// A room's identity. `folded` is its name as the server folds it.
pub fn room(network: &str, folded: &str) -> RoomKey {
    RoomKey::new(PLATFORM, network, folded)
}

/// An id for a message that came or went at this time. No two have the same: the number goes on for as long as Relay runs.
pub fn message(at: Timestamp) -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("{}-{}", at.0, NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Whether an id was made here: the server knows no message by it. Theirs have letters, or more than two numbers.
pub fn is_made_here(id: &str) -> bool {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    id.split_once('-').is_some_and(|(at, number)| is_number(at) && is_number(number))
}

/// An id for a message without one that is played back: the same whenever it is.
pub fn played_back(at: Timestamp, who: &str, words: &str) -> String {
    let hash = fnv(who.bytes().chain([0]).chain(words.bytes()));
    format!("{}-b{hash:x}", at.0)
}

/// FNV-1a, for what must not change from one build to the next.
pub fn fnv(bytes: impl Iterator<Item = u8>) -> u64 {
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Whether an id is one of those.
pub fn is_played_back(id: &str) -> bool {
    id.split_once("-b").is_some_and(|(at, _)| !at.is_empty() && at.bytes().all(|byte| byte.is_ascii_digit()))
}

/// What a request is known by in the server's answer.
pub fn label() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("r{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// The services account in a person's id.
pub fn account_of(person: &NativeId) -> Option<&str> {
    person.as_str().strip_prefix("account ")
}

/// A person: by services account where the server tells it, else by nick.
pub fn person(account: Option<&str>, folded_nick: &str) -> NativeId {
    match account {
        Some(account) => format!("account {account}").into(),
        None => format!("nick {folded_nick}").into(),
    }
}

/// The folded nick in a person's id, where they have no account.
pub fn nick_of(person: &NativeId) -> Option<&str> {
    person.as_str().strip_prefix("nick ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        let channels =
            [("#a", true), ("&local", true), ("#", false), ("rust", false), ("#a b", false), ("#a,b", false)];
        for (name, is) in channels.into_iter().chain([("#a\u{7}", false), ("#ä#", true)]) {
            assert_eq!(is_channel(name), is, "{name:?}");
        }
        let nicks = [
            ("relay", true),
            ("rel[ay]_", true),
            ("", false),
            ("two words", false),
            ("#a", false),
            ("1a", false),
        ];
        for (name, is) in nicks.into_iter().chain([("a\r\nQUIT", false), ("a!b", false), (":a", false)]) {
            assert_eq!(is_nick(name), is, "{name:?}");
        }
        assert_ne!(message(Timestamp(5)), message(Timestamp(5)));
        let made_here = message(Timestamp(5));
        for (id, is) in
            [(made_here.as_str(), true), ("5-b3f", false), ("701~16-1", false), ("-", false), ("x", false)]
        {
            assert_eq!(is_made_here(id), is, "{id}");
        }
        assert_eq!(played_back(Timestamp(5), "ada", "hi"), played_back(Timestamp(5), "ada", "hi"));
        assert!(is_played_back(&played_back(Timestamp(5), "ada", "hi")) && !is_played_back(&made_here));
        assert_ne!(played_back(Timestamp(5), "ada", "hi"), played_back(Timestamp(5), "adah", "i"));
        assert_eq!(account_of(&person(Some("ada"), "eve")), Some("ada"));
        assert_eq!(nick_of(&person(None, "ada")), Some("ada"));
        assert_eq!(nick_of(&person(Some("ada"), "ada")), None);
    }
}

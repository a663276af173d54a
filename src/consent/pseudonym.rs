//! Names for people who do not want to be named: the same for one person in one channel for ever, and nobody's who does not know the
//! secret. Trying all names does not lead back, since each is made with a key that never leaves the ledger.

use super::Person;
use quick_cache::Equivalent;
use quick_cache::sync::Cache;
use ring::hmac;
use std::fmt::Write;
use std::sync::Arc;

/// So many are not made anew.
const KNOWN: usize = 2_000;

/// What names are made of: one word of each, and three digits.
pub const WORDS: [[&str; 64]; 2] = [FIRST, SECOND];

const FIRST: [&str; 64] = [
    "Amber", "Ancient", "Autumn", "Azure", "Bold", "Brave", "Bright", "Bronze", "Calm", "Careful", "Clever",
    "Cloudy", "Copper", "Coral", "Cosy", "Crimson", "Curious", "Dancing", "Daring", "Dawn", "Dusty", "Eager",
    "Early", "Emerald", "Fair", "Gentle", "Glad", "Golden", "Happy", "Hidden", "Honest", "Humble", "Indigo",
    "Ivory", "Jolly", "Keen", "Kind", "Late", "Lively", "Lucky", "Merry", "Misty", "Modest", "Mossy",
    "Noble", "Patient", "Polite", "Proud", "Quick", "Quiet", "Rainy", "Rosy", "Sandy", "Shy", "Silent",
    "Silver", "Sleepy", "Snowy", "Steady", "Sunny", "Swift", "Tidy", "Warm", "Wise",
];

const SECOND: [&str; 64] = [
    "Albatross",
    "Badger",
    "Beaver",
    "Bee",
    "Bison",
    "Buzzard",
    "Camel",
    "Cat",
    "Cicada",
    "Cod",
    "Crane",
    "Cricket",
    "Crow",
    "Cuckoo",
    "Deer",
    "Dolphin",
    "Dove",
    "Duck",
    "Eagle",
    "Eel",
    "Egret",
    "Elk",
    "Falcon",
    "Ferret",
    "Finch",
    "Fox",
    "Frog",
    "Gecko",
    "Goat",
    "Goose",
    "Gull",
    "Hare",
    "Hawk",
    "Hedgehog",
    "Heron",
    "Horse",
    "Ibis",
    "Jay",
    "Kite",
    "Koala",
    "Lark",
    "Lemur",
    "Lynx",
    "Magpie",
    "Marten",
    "Mole",
    "Moth",
    "Newt",
    "Otter",
    "Owl",
    "Panda",
    "Parrot",
    "Puffin",
    "Quail",
    "Raven",
    "Robin",
    "Seal",
    "Sparrow",
    "Squirrel",
    "Stork",
    "Swan",
    "Tern",
    "Trout",
    "Wren",
];

/// Who a person is in a channel instead.
#[derive(Debug, PartialEq, Eq)]
pub struct Pseudonym {
    /// Another id than any platform's.
    pub id: String,
    /// Two words and three digits.
    pub name: String,
}

/// How the id of one begins.
const ID: &str = "anonymous-";
/// So many bytes of a tag stand in an id, as two digits each.
const TAG: usize = 12;

/// Whether an id is that of a pseudonym: no platform has such ids.
pub fn is_pseudonymous(id: &str) -> bool {
    let tag = id.strip_prefix(ID);
    tag.is_some_and(|tag| tag.len() == 2 * TAG && tag.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// Makes them.
pub struct Pseudonyms {
    key: hmac::Key,
    known: Cache<(Person, String), Arc<Pseudonym>>,
}

/// A person in a channel, as they are looked for.
#[derive(Hash)]
struct Of<'a>(&'a Person, &'a str);

impl Equivalent<(Person, String)> for Of<'_> {
    fn equivalent(&self, (person, channel): &(Person, String)) -> bool {
        self.0 == person && self.1 == channel
    }
}

impl Pseudonyms {
    /// With a secret that is nobody else's.
    pub fn new(secret: &[u8; 32]) -> Self {
        Self { key: hmac::Key::new(hmac::HMAC_SHA256, secret), known: Cache::new(KNOWN) }
    }

    /// What a person is called in a channel.
    pub fn name(&self, person: &Person, channel: &str) -> String {
        self.of(person, channel).name.clone()
    }

    /// Who a person is in a channel instead.
    pub fn of(&self, person: &Person, channel: &str) -> Arc<Pseudonym> {
        if let Some(known) = self.known.get(&Of(person, channel)) {
            return known;
        }
        let made =
            Arc::new(Pseudonym { id: self.make_id(person, channel), name: self.make_name(person, channel) });
        self.known.insert((person.clone(), channel.to_owned()), made.clone());
        made
    }

    /// Somebody is forgotten: nothing in memory leads from them to their names.
    pub fn forget_known(&self) {
        self.known.clear();
    }

    fn make_name(&self, person: &Person, channel: &str) -> String {
        let tag = self.tag(b"name", person, channel);
        let [first, second, high, low, ..] = *tag.as_ref() else { return "Somebody".to_owned() };
        let word = |words: &[&'static str; 64], byte: u8| words[usize::from(byte % 64)];
        let number = u16::from_be_bytes([high, low]) % 1000;
        format!("{} {} {number:03}", word(&FIRST, first), word(&SECOND, second))
    }

    fn make_id(&self, person: &Person, channel: &str) -> String {
        let tag = self.tag(b"id", person, channel);
        let mut id = ID.to_owned();
        for byte in tag.as_ref().iter().take(TAG) {
            // A string takes everything.
            let _ = write!(id, "{byte:02x}");
        }
        id
    }

    fn tag(&self, what: &[u8], person: &Person, channel: &str) -> hmac::Tag {
        let mut context = hmac::Context::with_key(&self.key);
        // No part contains NUL.
        for part in [what, channel.as_bytes(), person.as_str().as_bytes()] {
            context.update(part);
            context.update(&[0]);
        }
        context.sign()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    fn person(id: usize) -> Person {
        Person::from_stored(format!("discord/main/{id}"))
    }

    #[test]
    fn a_name_is_the_same_in_a_channel_and_another_elsewhere() {
        let (one, other) = (Pseudonyms::new(&[1; 32]), Pseudonyms::new(&[2; 32]));
        assert_eq!(one.name(&person(1), "lobby"), one.name(&person(1), "lobby"));
        assert_ne!(one.name(&person(1), "lobby"), one.name(&person(1), "den"));
        assert_ne!(
            one.name(&person(1), "lobby"),
            other.name(&person(1), "lobby"),
            "without the secret nobody can try"
        );
        assert_ne!(one.of(&person(1), "lobby").id, one.of(&person(1), "den").id);
        assert!(is_pseudonymous(&one.of(&person(1), "lobby").id) && !is_pseudonymous("anonymous-1"));
        assert!(!one.of(&person(1), "lobby").id.contains('1') || one.of(&person(1), "lobby").id.len() > 20);
    }

    #[test]
    fn what_is_known_is_what_is_made() {
        let pseudonyms = Pseudonyms::new(&[3; 32]);
        let made = |id, channel| {
            (pseudonyms.make_id(&person(id), channel), pseudonyms.make_name(&person(id), channel))
        };
        for (id, channel) in [(1, "lobby"), (1, "den"), (2, "lobby"), (1, "lobby"), (2, "den")] {
            let of = pseudonyms.of(&person(id), channel);
            assert_eq!((of.id.clone(), of.name.clone()), made(id, channel), "{id} {channel}");
        }
        pseudonyms.forget_known();
        assert_eq!(pseudonyms.known.len(), 0);
    }

    #[test]
    fn a_thousand_people_hardly_share_one() {
        let pseudonyms = Pseudonyms::new(&[7; 32]);
        let all: HashSet<String> = (0..1000).map(|id| pseudonyms.name(&person(id), "lobby")).collect();
        assert!(all.len() > 995, "{}", all.len());
        for words in [FIRST, SECOND] {
            assert_eq!(words.into_iter().collect::<HashSet<_>>().len(), 64);
        }
    }
}

//! Hashes of people and words, with a key that never leaves the ledger.

use crate::consent::Person;
use ring::hmac;

/// Bytes that are written of a hash: as many as nobody finds two of.
const SHOWN: usize = 16;

/// Makes them.
pub struct Keys(hmac::Key);

impl Keys {
    /// With this secret.
    pub fn new(secret: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, secret))
    }

    /// A person.
    pub fn who(&self, who: &Person) -> String {
        self.hash("who", who.as_str(), std::iter::empty())
    }

    /// What somebody said, as it went: the same words of another person have another hash.
    pub fn body<'a>(&self, who: Option<&'a Person>, texts: impl Iterator<Item = &'a str>) -> String {
        self.hash("body", who.map_or("", Person::as_str), texts)
    }

    fn hash<'a>(&self, what: &'a str, who: &'a str, texts: impl Iterator<Item = &'a str>) -> String {
        let mut context = hmac::Context::with_key(&self.0);
        // With its length before each, so that nothing is taken for something else.
        for part in [what, who].into_iter().chain(texts) {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part.as_bytes());
        }
        hex(context.sign().as_ref().get(..SHOWN).unwrap_or_default())
    }
}

/// As hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from(if value < 10 { b'0' + value } else { b'a' + value - 10 });
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_depends_on_the_key_the_person_and_the_words() {
        let (keys, others) = (Keys::new(&[1; 32]), Keys::new(&[2; 32]));
        let person = |id: &str| Person::from_stored(format!("slack/T1/{id}"));
        let (ada, bo) = (person("U1"), person("U2"));
        let body = |keys: &Keys, who, texts: &[&str]| keys.body(Some(who), texts.iter().copied());
        let one = body(&keys, &ada, &["hello"]);
        assert_eq!((one.len(), &one), (32, &body(&keys, &ada, &["hello"])));
        let mut all = vec![
            one,
            body(&keys, &bo, &["hello"]),
            body(&others, &ada, &["hello"]),
            body(&keys, &ada, &["hel", "lo"]),
            body(&keys, &ada, &[]),
            keys.who(&ada),
            keys.who(&bo),
            others.who(&ada),
        ];
        let count = all.len();
        all.sort();
        all.dedup();
        assert_eq!(all.len(), count, "no two are the same");
    }
}

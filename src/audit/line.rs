//! One line, and how it hangs on the one before.

use super::keys::hex;
use relay_contract::Timestamp;
use ring::digest::{SHA256, digest};

/// Digits of a line's hash.
const DIGITS: usize = 64;

/// What stands between a line's content and its hash.
pub(super) const HASH: &str = ",\"hash\":\"";

/// Where the chain ends: the number and the hash of its last line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The number; 0 where there was never a line.
    pub n: u64,
    /// The hash.
    pub hash: String,
}

impl Default for Head {
    fn default() -> Self {
        Self { n: 0, hash: "0".repeat(DIGITS) }
    }
}

impl Head {
    /// The next line, after which the chain ends with it.
    pub fn add(&mut self, at: Timestamp, fields: Fields) -> Vec<u8> {
        self.n += 1;
        let mut line = Fields { line: Vec::with_capacity(fields.line.len() + 3 * DIGITS) };
        line.line.extend_from_slice(format!("{{\"n\":{}", self.n).as_bytes());
        line.text("at", &time(at));
        line.line.extend_from_slice(&fields.line);
        line.text("prev", &self.hash);
        self.hash = hash_of(&line.line);
        line.line.extend_from_slice(format!("{HASH}{}\"}}", self.hash).as_bytes());
        line.line
    }
}

/// The hash of what stands before it.
pub(super) fn hash_of(content: &[u8]) -> String {
    hex(digest(&SHA256, content).as_ref())
}

/// Parts a line into its content and its hash; none where it does not end as lines do.
pub(super) fn parted(line: &[u8]) -> Option<(&[u8], &str)> {
    let (content, end) = line.split_at_checked(line.len().checked_sub(HASH.len() + DIGITS + 2)?)?;
    let hash = end.strip_prefix(HASH.as_bytes())?.strip_suffix(b"\"}")?;
    Some((content, std::str::from_utf8(hash).ok()?))
}

/// Where a chain ends whose last line this is; none where it is no line.
pub fn last_of(number: u64, line: &[u8]) -> Option<Head> {
    parted(line).map(|(_, hash)| Head { n: number, hash: hash.to_owned() })
}

/// An instant, always in as many characters.
pub fn time(at: Timestamp) -> String {
    let at = jiff::Timestamp::from_millisecond(at.0).unwrap_or_default();
    format!("{at:.3}")
}

/// What a line tells, but for its number, its time and its hashes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fields {
    line: Vec<u8>,
}

impl Fields {
    /// Of this kind.
    pub fn of(what: &str) -> Self {
        let mut fields = Self { line: Vec::with_capacity(384) };
        fields.text("what", what);
        fields
    }

    /// Adds a text.
    pub fn text(&mut self, key: &str, value: &str) {
        self.key(key);
        self.string(value);
    }

    /// Adds a number.
    pub fn number(&mut self, key: &str, value: u64) {
        self.key(key);
        self.line.extend_from_slice(value.to_string().as_bytes());
    }

    /// Adds yes or no.
    pub fn flag(&mut self, key: &str, value: bool) {
        self.key(key);
        self.line.extend_from_slice(if value { b"true" } else { b"false" });
    }

    /// Adds a list of texts.
    pub fn list<'a>(&mut self, key: &str, values: impl Iterator<Item = &'a str>) {
        self.key(key);
        self.line.push(b'[');
        for (at, value) in values.enumerate() {
            if at > 0 {
                self.line.push(b',');
            }
            self.string(value);
        }
        self.line.push(b']');
    }

    /// Adds texts by their names.
    pub fn map(&mut self, key: &str, values: impl Iterator<Item = (&'static str, impl AsRef<str>)>) {
        self.key(key);
        self.line.push(b'{');
        for (at, (name, value)) in values.enumerate() {
            if at > 0 {
                self.line.push(b',');
            }
            self.string(name);
            self.line.push(b':');
            self.string(value.as_ref());
        }
        self.line.push(b'}');
    }

    fn key(&mut self, key: &str) {
        self.line.push(b',');
        self.string(key);
        self.line.push(b':');
    }

    fn string(&mut self, value: &str) {
        // A vector takes everything, and a text is always JSON.
        let _ = serde_json::to_writer(&mut self.line, value);
    }
}

//! An account's settings: declared once by the connector, checked by the engine, handed over typed.

use crate::ids::Account;
use secrecy::SecretString;
use std::collections::BTreeMap;

/// One key that an account of a platform may have. The reference documentation is made from these.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// The key in `bridges.toml`.
    pub name: &'static str,
    /// What its value is.
    pub kind: FieldKind,
    /// Whether an account works without it.
    pub required: bool,
    /// What it is for, and where to get it.
    pub doc: &'static str,
}

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldKind {
    /// A secret: `{ env = "…" }`, `{ file = "…" }` or `{ credential = "…" }`.
    Secret,
    /// A secret of one or more lines, such as a certificate, given in the same ways.
    SecretLines,
    /// A URL with one of these schemes.
    Url(&'static [&'static str]),
    /// Words on one line: a name. Not for secrets, and shown as they are.
    Text,
}

/// The checked values of one account. Every required field is there, every URL has been parsed.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The account's name.
    pub account: Account,
    /// Values of `FieldKind::Secret` and `FieldKind::SecretLines`.
    pub secrets: BTreeMap<&'static str, SecretString>,
    /// Values of `FieldKind::Url`, without a trailing slash.
    pub urls: BTreeMap<&'static str, String>,
    /// Values of `FieldKind::Text`, without blanks around them.
    pub texts: BTreeMap<&'static str, String>,
}

/// What the ids of a platform's rooms look like, so that a wrong one is found before anything is asked.
#[derive(Debug, Clone, Copy)]
pub struct RoomIds {
    /// Whether a text can be a room's id.
    pub holds: fn(&str) -> bool,
    /// What they look like and where people find them, as a sentence.
    pub doc: &'static str,
}

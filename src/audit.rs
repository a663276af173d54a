//! The audit: what left, where to, when, under which grant and with which changes that really were made, and every change of consent. Pure:
//! no clock, no I/O.
//!
//! It is lines of JSON, numbered from 1. Each names the hash of the line before (`prev`) and ends with its own (`hash`): the SHA-256 of its
//! bytes before `,"hash"`. So no line can be taken out, moved or altered without all that follow. Neither words nor people are in it, only
//! hashes of them with a key of this ledger: nobody who tries words or names finds out whether they are meant.

mod check;
mod keys;
mod line;

pub use check::{Checked, Checker, Fault};
pub use keys::Keys;
pub use line::{Fields, Head, last_of, time};

use crate::consent::{DataClass, Entry, Person, Purpose, Recipient, Scope, without_room};
use relay_contract::{RoomKey, Timestamp};
use std::borrow::Cow;

/// What a line of a delivery tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// A new message has left.
    Left,
    /// A message that is there was changed.
    Changed,
    /// A message that is there was deleted.
    Deleted,
    /// A reaction was shown, or is not any more.
    Reacted,
    /// A message was pinned, or is not any more.
    Pinned,
    /// It was told in words what happened: who came, how a poll ended.
    Told,
    /// Relay itself has said something.
    Notice,
    /// A part of it has left, and the rest was given up.
    InPart,
    /// It may have left: it was attempted, given up, and nobody knows what came of the attempt.
    Perhaps,
}

impl What {
    /// The word in the line.
    pub fn word(self) -> &'static str {
        match self {
            Self::Left => "left",
            Self::Changed => "changed",
            Self::Deleted => "deleted",
            Self::Reacted => "reacted",
            Self::Pinned => "pinned",
            Self::Told => "told",
            Self::Notice => "notice",
            Self::InPart => "in_part",
            Self::Perhaps => "perhaps",
        }
    }
}

/// By what a kind of thing of somebody may be seen in a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Grant {
    /// They have said nothing, and the channel carries what is not forbidden.
    Notice,
    /// They have said nothing, and the channel carries nothing of who has not said yes.
    OptIn,
    /// It is a program's, which has nobody to ask.
    Program,
    /// They have said so, then and in these words. In which room is not told: it may be called like them.
    Said(Timestamp, String),
}

impl Grant {
    /// By an entry; by what holds for who has said nothing where there is none.
    pub fn of(entry: Option<&Entry>, unsaid: Self) -> Self {
        entry.map_or(unsaid, |entry| Self::Said(entry.at, entry.how.clone()))
    }

    fn words(&self) -> Cow<'static, str> {
        match self {
            Self::Notice => "notice".into(),
            Self::OptIn => "opt-in".into(),
            Self::Program => "program".into(),
            Self::Said(at, how) => format!("{}, {}", without_room(how), time(*at)).into(),
        }
    }
}

/// What the audit is told of a delivery, by who has made it.
#[derive(Debug, Clone, PartialEq)]
pub struct Left {
    /// What kind.
    pub what: What,
    /// Where it comes from.
    pub origin: RoomKey,
    /// Whose it is.
    pub who: Option<Person>,
    /// What kinds of things went, and by what each may.
    pub grants: Vec<(DataClass, Grant)>,
    /// What was done to it on the way.
    pub did: Vec<Cow<'static, str>>,
    /// The keyed hash of the text as it went; none where no words did.
    pub body: Option<String>,
}

impl Left {
    /// The same where a change has come to a deletion.
    #[must_use]
    pub fn that_is_gone(self) -> Self {
        match self.what {
            What::Changed => Self { what: What::Deleted, grants: Vec::new(), body: None, ..self },
            _ => self,
        }
    }

    /// The fields of its line.
    pub fn fields(&self, room: &RoomKey, envelope: &str, keys: &Keys) -> Fields {
        let mut fields = Fields::of(self.what.word());
        fields.text("room", &room.to_string());
        fields.text("from", &self.origin.to_string());
        fields.text("envelope", envelope);
        if let Some(who) = &self.who {
            fields.text("who", &keys.who(who));
        }
        if !self.grants.is_empty() {
            fields.text("purpose", Purpose::Bridging.word());
            let grants = self.grants.iter().map(|(class, grant)| (class.word(), grant.words()));
            fields.map("grants", grants);
        }
        fields.list("did", self.did.iter().map(AsRef::as_ref));
        if let Some(body) = &self.body {
            fields.text("body", body);
        }
        fields
    }
}

/// The fields of a line about what somebody says of themselves: the entry with this number of theirs.
pub fn of_consent(who: &Person, number: usize, entry: &Entry, keys: &Keys) -> Fields {
    let mut fields = Fields::of("consent");
    fields.text("who", &keys.who(who));
    fields.number("entry", number as u64);
    fields.flag("allows", entry.allows);
    fields.text("purpose", entry.purpose.word());
    let classes = DataClass::ALL.into_iter().filter(|class| entry.classes.has(*class));
    fields.list("classes", classes.map(DataClass::word));
    match &entry.scope {
        Scope::All => fields.text("to", "all"),
        Scope::Platform(platform) => fields.text("to", platform),
        Scope::One(Recipient::Space { platform, network, ids }) => {
            let space = ids.first().map(|id| format!("/{id}")).unwrap_or_default();
            fields.text("to", &format!("{platform}/{network}{space}"));
        }
        Scope::One(Recipient::Service(name)) => fields.text("to", &format!("service {name}")),
        Scope::One(Recipient::Plugin(name)) => fields.text("to", &format!("plugin {name}")),
    }
    fields.text("how", &without_room(&entry.how));
    fields.number("words", u64::from(entry.words));
    fields.text("holds_from", &time(entry.from));
    if let Some(until) = entry.until {
        fields.text("until", &time(until));
    }
    fields
}

/// The fields of a line about the name by which somebody wants to be shown: the word for it, and of which account it is, where that is one.
pub fn of_shown(who: &Person, by: &str, of: Option<&Person>, keys: &Keys) -> Fields {
    let mut fields = Fields::of("name");
    fields.text("who", &keys.who(who));
    fields.text("by", by);
    if let Some(of) = of {
        fields.text("of", &keys.who(of));
    }
    fields
}

/// The fields of a line about somebody's wish to be forgotten: how far it is, how many events are gone, and how much could not be undone.
pub fn of_wish(who: &Person, stage: &str, events: u64, left: usize, keys: &Keys) -> Fields {
    let mut fields = Fields::of("forget");
    fields.text("who", &keys.who(who));
    fields.text("stage", stage);
    fields.number("events", events);
    fields.number("not_undone", left as u64);
    fields
}

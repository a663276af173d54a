//! All that is kept of a person, for that person: one JSON object a line.

use super::core::Core;
use super::news::place;
use crate::adapt::plain;
use crate::consent::Person;
use crate::store::{EnvelopeId, StoreError};
use crate::texts::Language;
use relay_contract::{Envelope, Event, Message, Timestamp};
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

/// So much of the journal is read at once.
const PIECE: usize = 2_000;

/// How much of what was written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Exported {
    /// What they said and did.
    pub events: u64,
    /// What they chose about it.
    pub choices: u64,
}

/// Why there is no export.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// What is kept cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It cannot be written.
    #[error("{0}")]
    Io(#[from] io::Error),
}

impl Core {
    /// Writes it. Reads the whole journal: blocks.
    pub fn export(&self, person: &Person, mut out: impl Write) -> Result<Exported, ExportError> {
        let mut exported = Exported::default();
        let line = |value: &Value, out: &mut dyn Write| -> io::Result<()> {
            serde_json::to_writer(&mut *out, value)?;
            out.write_all(b"\n")
        };
        let about = json!({ "what": "about", "person": person.as_str(), "written": time(Timestamp::now()) });
        line(&about, &mut out)?;
        if let Some(linked) = self.ledger.linked(person) {
            for other in self.ledger.accounts_of(person).iter().filter(|other| *other != person) {
                let since = time(Timestamp(linked.since));
                let value =
                    json!({ "what": "link", "to": other.as_str(), "name": linked.name, "since": since });
                line(&value, &mut out)?;
            }
        }
        if let Some(linked) = self.ledger.linked(person) {
            let of = linked.shown.account().map(Person::as_str);
            line(&json!({ "what": "shown", "by": linked.shown.word(), "of": of }), &mut out)?;
        }
        if self.ledger.told(person)?.is_some() {
            line(&json!({ "what": "told", "of": "what becomes of what they say" }), &mut out)?;
        }
        for entry in self.ledger.consent_of(person).iter().flat_map(|history| history.entries()) {
            let value = json!({
                "what": "choice", "allows": entry.allows, "purpose": value(&entry.purpose), "classes": value(&entry.classes),
                "to": value(&entry.scope), "how": entry.how, "words": entry.words, "at": time(entry.at),
                "from": time(entry.from), "until": entry.until.map(time),
            });
            line(&value, &mut out)?;
            exported.choices += 1;
        }
        for (room, muted) in self.ledger.mutes_of(person) {
            // Of other rooms the platform alone, and by whom is somebody else's.
            for muted in muted.names(self.consent_clock()) {
                let (since, until) =
                    (time(Timestamp(muted.since)), muted.until.map(|until| time(Timestamp(until))));
                let value = json!({
                    "what": "mute", "on": room.platform.as_str(), "name": muted.bare, "since": since, "until": until,
                });
                line(&value, &mut out)?;
            }
        }
        let mut from = EnvelopeId::default();
        loop {
            let mut theirs = Vec::new();
            let last = self.ledger.accepted_by(Some(person), from, PIECE, |id, envelope| {
                if envelope.author.as_ref().is_some_and(|by| Person::of(&envelope.origin, by) == *person) {
                    theirs.push((id, envelope));
                }
            })?;
            for (id, envelope) in theirs {
                line(&self.exported(id, &envelope)?, &mut out)?;
                exported.events += 1;
            }
            let Some(last) = last else { break };
            from = last;
        }
        line(&json!({ "what": "end", "events": exported.events, "choices": exported.choices }), &mut out)?;
        out.flush()?;
        Ok(exported)
    }

    /// Whoever has this id on a platform, in whatever network, as far as anything is kept of them. Reads the whole journal: blocks.
    pub fn people(&self, platform: &str, id: &str) -> Result<Vec<Person>, StoreError> {
        let mut found: BTreeSet<Person> = BTreeSet::new();
        let is_it = |person: &Person| {
            let mut parts = person.as_str().splitn(3, '/');
            parts.next() == Some(platform) && parts.nth(1) == Some(id)
        };
        found.extend(self.ledger.who_said().into_iter().map(|(person, _)| person).filter(is_it));
        found.extend(self.ledger.people_with_keys().into_iter().filter(is_it));
        let mut from = EnvelopeId::default();
        // Programs, and whoever posts through one, have no keys of their own.
        while let Some(last) = self.ledger.accepted_by(None, from, PIECE, |_, envelope| {
            if let Some(author) = &envelope.author
                && author.id.as_str() == id
                && envelope.origin.platform.as_str() == platform
            {
                found.insert(Person::of(&envelope.origin, author));
            }
        })? {
            from = last;
        }
        Ok(found.into_iter().collect())
    }

    fn exported(&self, id: EnvelopeId, envelope: &Envelope) -> Result<Value, StoreError> {
        let author = envelope.author.as_ref();
        let mut line = json!({
            "what": envelope.kind(), "at": time(envelope.at), "kept_since": time(id.at()),
            "room": place(self, Language::English, &envelope.origin), "id": envelope.subject().map(|subject| subject.id.to_string()),
            "name": author.map(|author| &author.name), "picture": author.and_then(|author| author.avatar.as_ref()),
        });
        let mut more = |key: &str, value: Value| {
            if let Some(line) = line.as_object_mut() {
                line.insert(key.to_owned(), value);
            }
        };
        match &envelope.event {
            Event::Posted(message) => {
                said(message, &mut more);
                // Of other rooms the platform alone: they may not be able to see them.
                let mut elsewhere: BTreeMap<String, u64> = BTreeMap::new();
                for room in self.lookup.delivered_to(id)? {
                    let there = self.lookup.messages(id, &room)?.unwrap_or_default().len() as u64;
                    if room != envelope.origin && there > 0 {
                        *elsewhere.entry(room.platform.to_string()).or_default() += there;
                    }
                }
                more("messages_elsewhere", value(&elsewhere));
            }
            Event::Edited { to, .. } => said(to, &mut more),
            Event::Reacted { emoji, added, .. } => {
                more("emoji", emoji.shown().into());
                more("added", (*added).into());
            }
            Event::Member { change, .. } => more("change", value(change)),
            _ => {}
        }
        Ok(line)
    }
}

fn said(message: &Message, more: &mut impl FnMut(&str, Value)) {
    more("text", plain::text(&message.body).into());
    if !message.attachments.is_empty() {
        let names = message.attachments.iter().map(|file| file.name.as_str());
        more("files", names.collect::<Vec<_>>().into());
    }
    if let Some(poll) = &message.poll {
        more("poll", json!({ "question": poll.question, "answers": poll.answers }));
    }
}

fn value(of: &impl Serialize) -> Value {
    serde_json::to_value(of).unwrap_or_default()
}

/// As people and programs read it.
fn time(at: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(at.0).map(|at| at.to_string()).unwrap_or_default()
}

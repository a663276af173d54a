//! What became of one message in every room: read from the ledger and the mapping, nothing is asked of a platform.

use super::core::Core;
use super::states::LaneState;
use crate::store::{Copies, EnvelopeId, HeldEntry, StoreError, Way};
use relay_contract::{Envelope, Event, MessageKey, MessageRef, NativeId, RoomKey};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, HashMap};

/// How many digits of an id stand behind its point, where a platform's links leave the point out.
const BEHIND_THE_POINT: usize = 6;

/// One message, and what became of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Trace {
    /// The envelope that brought it.
    pub envelope: String,
    /// What it was: `post`, or `notice` where Relay said it itself.
    pub kind: String,
    /// Who wrote it.
    pub author: Option<String>,
    /// The same as `relay export` and `relay forget` take them: `PLATFORM:USERID`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub who: Option<String>,
    /// When, in milliseconds since the epoch, by the platform's clock.
    pub at: i64,
    /// When Relay had it on disk, in milliseconds since the epoch.
    pub accepted: i64,
    /// The last thing that was done to it: `edit` or `delete`.
    pub changed: Option<String>,
    /// Where it was written.
    pub origin: TracedRoom,
    /// Where it went, in the order of their names.
    pub rooms: Vec<TracedRoom>,
    /// Since when it is held at the door, in milliseconds since the epoch: it has gone nowhere yet, and gets another envelope when it goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<i64>,
}

/// One room of a message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TracedRoom {
    /// The room's identity: platform, network, id.
    pub room: String,
    /// Its platform.
    pub platform: String,
    /// How people call it, `space/name`, where that is known.
    pub name: Option<String>,
    /// The account it is reached through.
    pub account: Option<String>,
    /// What became of the message there.
    #[serde(flatten)]
    pub came: Came,
    /// What it is called there, part by part.
    pub messages: Vec<String>,
    /// A link to it.
    pub link: Option<String>,
    /// What of it the room does not show as the origin did, in the words of `relay capabilities`.
    pub lost: Vec<String>,
    /// What became of its newest change, where that is not done.
    pub change: Option<Came>,
    /// When it was put into the room's lane, in milliseconds since the epoch.
    pub queued: Option<i64>,
    /// When its last part was there, in milliseconds since the epoch.
    pub delivered: Option<i64>,
    /// When it was last changed there, in milliseconds since the epoch.
    pub changed: Option<i64>,
    /// It came as its newest edit had it: that had not to be done any more.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub edited: bool,
    /// Attempts that failed before it was there.
    pub failed_attempts: u32,
    /// How the room's lane is, where the message or its change waits for it.
    pub lane: Option<LaneState>,
    /// When the lane looks at its first delivery again, in milliseconds since the epoch, where it waits for a time.
    pub next_try: Option<i64>,
}

/// Who wrote it, as the command line names people.
fn who(envelope: &Envelope) -> Option<String> {
    let author = envelope.author.as_ref()?;
    Some(format!("{}:{}", envelope.origin.platform, author.id))
}

/// What became of a delivery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "came", rename_all = "snake_case")]
pub enum Came {
    /// It was written there.
    Written,
    /// It is there.
    Delivered,
    /// It was there, and is deleted.
    Deleted,
    /// It was not shown there: its author is muted in that room by those who manage it.
    Muted,
    /// It waits for its turn, or is tried again.
    Waiting {
        /// Attempts that failed.
        attempts: u32,
        /// Why the last one did.
        reason: Option<String>,
    },
    /// It will not be tried again.
    Dead {
        /// Why.
        reason: String,
    },
}

impl Core {
    /// Every message that these words can mean: a native id, a link to a message, or the id of an envelope. Reads the disk.
    pub fn trace(&self, words: &str) -> Result<Vec<Trace>, StoreError> {
        let words = words.trim();
        let (mut found, mut held) = (BTreeSet::new(), Vec::new());
        if let Some(id) = EnvelopeId::parse(words) {
            match self.ledger.envelope(id)? {
                Some(envelope) => {
                    let subject =
                        envelope.subject().map(|subject| self.lookup.find(&subject)).transpose()?.flatten();
                    found.insert(subject.map_or(id, |mapped| mapped.envelope));
                }
                None => held.extend(self.ledger.held_under(id)?),
            }
        }
        let link = bare_link(words);
        let ids = match link {
            Some(link) => ids_in(link),
            None => vec![words.to_owned()],
        };
        for (_, known) in self.known.all() {
            for id in &ids {
                let key = MessageKey { room: known.key.clone(), id: NativeId::from(id.as_str()) };
                let Some(mapped) = self.lookup.find(&key)? else {
                    if let Some(entry) = self.ledger.held_message(&key)?
                        && (link.is_none() || self.leads_to(link.unwrap_or_default(), entry.id, &key)?)
                    {
                        held.push(entry);
                    }
                    continue;
                };
                if link.is_none() || self.leads_to(link.unwrap_or_default(), mapped.envelope, &key)? {
                    found.insert(mapped.envelope);
                }
            }
        }
        let held = held.iter().map(|entry| Ok(self.trace_held(entry)));
        held.chain(found.into_iter().filter_map(|id| self.trace_envelope(id).transpose())).collect()
    }

    /// One message.
    pub fn trace_message(&self, message: &MessageKey) -> Result<Option<Trace>, StoreError> {
        match self.lookup.find(message)? {
            Some(mapped) => self.trace_envelope(mapped.envelope),
            None => Ok(self.ledger.held_message(message)?.map(|entry| self.trace_held(&entry))),
        }
    }

    /// One that is held at the door: its room alone has it.
    fn trace_held(&self, HeldEntry { id, envelope }: &HeldEntry) -> Trace {
        let held = id.at().0;
        Trace {
            envelope: id.to_string(),
            kind: envelope.kind().to_owned(),
            author: envelope.author.as_ref().map(|author| author.name.clone()),
            who: who(envelope),
            at: envelope.at.0,
            accepted: held,
            changed: None,
            origin: self.traced(&envelope.origin, Came::Written, &written(envelope)),
            rooms: Vec::new(),
            held: Some(held),
        }
    }

    /// Whether a link is the one to this message: two rooms may have messages of the same id.
    fn leads_to(&self, link: &str, envelope: EnvelopeId, key: &MessageKey) -> Result<bool, StoreError> {
        let there = self.lookup.messages(envelope, &key.room)?.unwrap_or_default();
        let stored = there.into_iter().find(|message| message.id == key.id);
        let plain = MessageRef::plain(key.id.clone());
        let mut links = [stored, Some(plain)].into_iter().flatten().filter_map(|m| self.link(&key.room, &m));
        Ok(links.any(|own| bare_link(&own) == Some(link)))
    }

    fn link(&self, room: &RoomKey, message: &MessageRef) -> Option<String> {
        let (account, ..) = self.known.asked_for(room).into_iter().next()?;
        self.accounts.get(&account)?.connector.permalink(room, message)
    }

    fn trace_envelope(&self, id: EnvelopeId) -> Result<Option<Trace>, StoreError> {
        let Some(envelope) = self.ledger.envelope(id)? else { return Ok(None) };
        let change = self.ledger.newest_change_id(id)?;
        let changed = match change {
            Some(change) => self.ledger.envelope(change)?.map(|change| change.kind().to_owned()),
            None => None,
        };
        let mut rooms: HashMap<RoomKey, TracedRoom> = HashMap::new();
        for room in self.lookup.delivered_to(id)? {
            let copies = self.lookup.copies(id, &room)?;
            let Some(Copies { messages, lost, way, .. }) = copies else { continue };
            let Way { queued, delivered, attempts, changed, edited, .. } = way.unwrap_or_default();
            let came = if messages.is_empty() { Came::Deleted } else { Came::Delivered };
            let traced = self.traced(&room, came, &messages);
            let there =
                TracedRoom { lost, queued, delivered, failed_attempts: attempts, changed, edited, ..traced };
            rooms.insert(room.clone(), there);
        }
        let known: Vec<RoomKey> = self.known.all().into_iter().map(|(_, known)| known.key).collect();
        for room in &known {
            if self.ledger.was_muted(room, id)? && !rooms.contains_key(room) {
                rooms.insert(room.clone(), self.traced(room, Came::Muted, &[]));
            }
            if let Some(came) = self.open(room, id)?
                && !rooms.contains_key(room)
            {
                let queued = self.ledger.row(room, id)?.and_then(|row| row.queued);
                rooms.insert(room.clone(), TracedRoom { queued, ..self.traced(room, came, &[]) });
            }
            if let Some(change) = change
                && let Some(traced) = rooms.get_mut(room)
            {
                traced.change = self.open(room, change)?;
            }
            if let Some(traced) = rooms.get_mut(room)
                && [Some(&traced.came), traced.change.as_ref()]
                    .into_iter()
                    .flatten()
                    .any(|came| matches!(came, Came::Waiting { .. }))
            {
                traced.lane = Some(self.lane_state(room));
                traced.next_try = self.next_try(room);
            }
        }
        let mut rooms: Vec<TracedRoom> = rooms.into_values().collect();
        rooms.sort_by(|a, b| (&a.platform, &a.name, &a.room).cmp(&(&b.platform, &b.name, &b.room)));
        let origin = self.traced(&envelope.origin, Came::Written, &written(&envelope));
        Ok(Some(Trace {
            envelope: id.to_string(),
            kind: envelope.kind().to_owned(),
            author: envelope.author.as_ref().map(|author| author.name.clone()),
            who: who(&envelope),
            at: envelope.at.0,
            accepted: id.at().0,
            changed,
            origin,
            rooms,
            held: None,
        }))
    }

    /// What a delivery that is not done has come to; none where it is done, or was never to be.
    fn open(&self, room: &RoomKey, id: EnvelopeId) -> Result<Option<Came>, StoreError> {
        if let Some(row) = self.ledger.row(room, id)? {
            return Ok(Some(Came::Waiting { attempts: row.attempts, reason: row.last_error }));
        }
        let letter = self.ledger.dead_letter(room, id)?;
        Ok(letter.map(|letter| Came::Dead { reason: letter.reason }))
    }

    fn traced(&self, room: &RoomKey, came: Came, messages: &[MessageRef]) -> TracedRoom {
        let known = self.known.asked_for(room).into_iter().next();
        TracedRoom {
            room: room.to_string(),
            platform: room.platform.to_string(),
            name: known.as_ref().map(|(_, _, known)| format!("{}/{}", known.space_name, known.name)),
            account: known.map(|(account, ..)| account.to_string()),
            came,
            messages: messages.iter().map(|message| message.id.to_string()).collect(),
            link: messages.first().and_then(|message| self.link(room, message)),
            lost: Vec::new(),
            change: None,
            queued: None,
            delivered: None,
            changed: None,
            edited: false,
            failed_attempts: 0,
            lane: None,
            next_try: None,
        }
    }
}

fn written(envelope: &Envelope) -> Vec<MessageRef> {
    match &envelope.event {
        Event::Posted(message) => vec![message.at.clone()],
        _ => Vec::new(),
    }
}

/// A link without what follows its path; none where it is none.
fn bare_link(words: &str) -> Option<&str> {
    words.contains("://").then(|| words.split(['?', '#']).next().unwrap_or(words).trim_end_matches('/'))
}

/// What in a link may be a message's id. Which it is, the platform's own link to that message tells.
fn ids_in(link: &str) -> Vec<String> {
    let mut ids = Vec::new();
    for segment in link.split('/').skip(3).filter(|segment| !segment.is_empty()) {
        ids.push(segment.to_owned());
        let digits = segment.trim_start_matches(|c: char| c.is_ascii_alphabetic());
        if digits != segment && digits.len() > BEHIND_THE_POINT && digits.bytes().all(|b| b.is_ascii_digit())
        {
            let (before, behind) = digits.split_at(digits.len() - BEHIND_THE_POINT);
            ids.push(format!("{before}.{behind}"));
        }
    }
    ids
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The command line reads what the engine wrote: no field of what became of it may be one of the room's too.
    #[test]
    fn whatever_became_of_it_is_read_as_it_was_written() {
        let reason = || Some("slow".to_owned());
        let all = [
            Came::Written,
            Came::Delivered,
            Came::Deleted,
            Came::Muted,
            Came::Waiting { attempts: 3, reason: reason() },
            Came::Dead { reason: "no".into() },
        ];
        for came in all {
            let room = TracedRoom {
                room: "p/n/r".into(),
                platform: "p".into(),
                name: None,
                account: None,
                came: came.clone(),
                messages: Vec::new(),
                link: None,
                lost: Vec::new(),
                change: Some(came),
                queued: Some(1),
                delivered: None,
                changed: None,
                edited: false,
                failed_attempts: 2,
                lane: None,
                next_try: None,
            };
            let written = serde_json::to_string(&room).unwrap();
            assert_eq!(serde_json::from_str::<TracedRoom>(&written).unwrap(), room, "{written}");
        }
    }

    #[test]
    fn what_may_be_an_id() {
        let cases: [(&str, &[&str]); 4] = [
            ("https://discord.com/channels/1/22/333", &["channels", "1", "22", "333"]),
            (
                "https://acme.slack.com/archives/C1/p1700000000000100?thread_ts=1.2&cid=C1",
                &["archives", "C1", "p1700000000000100", "1700000000.000100"],
            ),
            ("https://t.me/c/1234567890/3/7/", &["c", "1234567890", "3", "7"]),
            ("https://x/päb/p99999é999", &["päb", "p99999é999"]),
        ];
        for (link, ids) in cases {
            assert_eq!(ids_in(bare_link(link).unwrap()), ids, "{link}");
        }
        assert_eq!(bare_link("1700000000.000100"), None);
    }
}

//! Which channels wait, at a start, for a room that no account has told of yet: what is said there would not go to it. Everything
//! else goes on at once, with what is known from the last run.

use super::super::core::Core;
use super::super::links::{Channels, PlannedLink};
use crate::routing::Routes;
use crate::store::EnvelopeId;
use relay_contract::{Account, Envelope, Event, RoomKey};
use std::collections::{BTreeSet, HashSet};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// Longest wait for the accounts' first answers.
const LONGEST: Duration = Duration::from_secs(30);

/// What is held back until the accounts have answered.
pub struct Unsettled {
    checked: watch::Receiver<BTreeSet<Account>>,
    until: Instant,
    /// None once nothing is waited for any more.
    waiting: Option<Waiting>,
    /// The oldest envelope that was held back.
    oldest: Option<EnvelopeId>,
}

/// Channels that wait, and what is said in which rooms waits with them.
#[derive(Debug, Default, PartialEq, Eq)]
struct Waiting {
    channels: BTreeSet<String>,
    rooms: HashSet<RoomKey>,
}

impl Waiting {
    /// The channels of links that are not settled, and those that share a room with one of them: in that room, what is said in both
    /// is to be in order.
    fn new(channels: &Channels, routes: &Routes, is_settled: impl Fn(&str, &PlannedLink) -> bool) -> Self {
        let mut waiting = Self::default();
        let unsettled = channels
            .iter()
            .filter(|(name, channel)| channel.links.iter().any(|link| !is_settled(name, link)));
        let mut next: Vec<String> = unsettled.map(|(name, _)| name.clone()).collect();
        while let Some(channel) = next.pop() {
            if !waiting.channels.insert(channel.clone()) {
                continue;
            }
            for link in routes.channel(&channel) {
                if waiting.rooms.insert(link.room.clone()) {
                    next.extend(routes.links_of(&link.room).map(|(name, _)| name.to_owned()));
                }
            }
        }
        waiting
    }

    fn holds(&self, envelope: &Envelope) -> bool {
        match &envelope.event {
            Event::Noticed { channel, .. } if self.channels.contains(channel) => true,
            _ => self.rooms.contains(&envelope.origin),
        }
    }
}

impl Unsettled {
    /// At a start.
    pub fn new(core: &Core) -> Self {
        Self {
            checked: core.states.checks(),
            until: Instant::now() + LONGEST,
            waiting: Some(Waiting::default()),
            oldest: None,
        }
    }

    /// Whether nothing is waited for any more: a room that no account reaches now is reached by none.
    pub fn is_over(&self) -> bool {
        self.waiting.is_none()
    }

    /// Looks at what is known by now; answers from where the journal is to be read again, if less is held back than before.
    pub fn look(&mut self, core: &Core) -> Option<EnvelopeId> {
        let before = self.waiting.take()?;
        let checked = self.checked.borrow_and_update().clone();
        // What is in force now stays so: what is held by it is held too little by no means.
        let (channels, routes) = (core.channels(), core.routes.borrow().clone());
        let waiting = Waiting::new(&channels, &routes, |name, link| {
            let account = &link.at.account;
            let known = || core.known.get(account, &link.at.room);
            checked.contains(account)
                || !core.accounts.has(account)
                || known().is_some_and(|known| {
                    routes.channel(name).iter().any(|in_force| in_force.room == known.key)
                })
        });
        if Instant::now() >= self.until && !waiting.channels.is_empty() {
            tracing::warn!("not all accounts have answered; messages go on to those that have");
        } else if !waiting.channels.is_empty() {
            let same = waiting == before;
            self.waiting = Some(waiting);
            return if same { None } else { self.oldest.take() };
        }
        self.oldest.take()
    }

    /// Whether an envelope is to wait.
    pub fn holds(&mut self, core: &Core, id: EnvelopeId) -> bool {
        let Some(waiting) = self.waiting.as_ref().filter(|waiting| !waiting.channels.is_empty()) else {
            return false;
        };
        // What cannot be read goes nowhere, and is said when it is planned.
        let held = matches!(core.ledger.envelope(id), Ok(Some(envelope)) if waiting.holds(&envelope));
        if held && self.oldest.is_none() {
            self.oldest = Some(id);
        }
        held
    }

    /// Resolves when less may be waited for.
    pub async fn changed(&mut self) {
        if self.is_over() {
            return std::future::pending().await;
        }
        tokio::select! {
            changed = self.checked.changed() => if changed.is_err() { std::future::pending().await },
            () = tokio::time::sleep_until(self.until) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::links::{Channel, PlannedRoom};
    use super::*;
    use crate::routing::{Direction, Link, LinkSettings};
    use relay_contract::{NativeId, Platform, Text, Timestamp};

    fn room(name: &str) -> RoomKey {
        RoomKey::new(Platform::new("p"), "n", name)
    }

    #[test]
    fn only_what_leads_to_an_unknown_room_waits() {
        // Channels with their rooms, those of which nobody has told in capitals; the channels that wait, and the rooms.
        type Case<'a> = (&'a [(&'a str, &'a str)], &'a str, &'a str);
        let cases: [Case<'_>; 5] = [
            (&[("one", "a b"), ("two", "c d")], "", ""),
            (&[("one", "a b"), ("two", "c D")], "two", "c"),
            (&[("one", "a b"), ("two", "b D")], "one two", "a b"),
            (&[("one", "a b"), ("two", "b c"), ("three", "c D"), ("four", "e f")], "one three two", "a b c"),
            (&[("one", "A B")], "one", ""),
        ];
        for (written, waits, rooms) in cases {
            let (mut channels, mut routes) = (Channels::new(), Routes::default());
            let is_known = |name: &str| name.chars().all(char::is_lowercase);
            for (channel, rooms) in written {
                for name in rooms.split(' ') {
                    let (direction, settings) = (Direction::Both, LinkSettings::default());
                    if is_known(name) {
                        let link = Link { room: room(name), direction, settings: settings.clone() };
                        routes.link(channel, link);
                    }
                    let at = PlannedRoom { account: Account("a".into()), room: name.into(), by_name: false };
                    let link = PlannedLink { at, direction, settings, joined: false, own_name: None };
                    channels.entry((*channel).to_owned()).or_insert_with(Channel::default).links.push(link);
                }
            }
            let waiting = Waiting::new(&channels, &routes, |_, link| is_known(link.at.room.as_str()));
            let expected: BTreeSet<String> = waits.split_whitespace().map(str::to_owned).collect();
            assert_eq!(waiting.channels, expected, "{written:?}");
            let expected: HashSet<RoomKey> = rooms.split_whitespace().map(room).collect();
            assert_eq!(waiting.rooms, expected, "{written:?}");
            let of = |origin: &str, channel: &str| {
                let event = Event::Noticed {
                    id: NativeId::from("1"),
                    channel: channel.into(),
                    body: Text::default(),
                };
                Envelope { origin: room(origin), author: None, at: Timestamp(0), event }
            };
            assert_eq!(waiting.holds(&of("z", "one")), waits.contains("one"), "{written:?}");
            assert_eq!(waiting.holds(&of("a", "none")), rooms.contains('a'), "{written:?}");
        }
    }
}

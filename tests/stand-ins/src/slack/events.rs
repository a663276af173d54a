//! An app's events: each goes to one of its connections and comes again until it is acknowledged.
//!
//! Source: <https://docs.slack.dev/apis/events-api/#error-handling> and <https://docs.slack.dev/apis/events-api/using-socket-mode>.

use serde_json::{Value, json};
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// How long a connection may stay silent about an event after each attempt: then it comes again, and at last it is given up.
/// The three seconds are the time to acknowledge; the next try follows at once, then after one and five minutes.
const PATIENCE: [Duration; 4] =
    [Duration::from_secs(3), Duration::from_secs(60), Duration::from_secs(300), Duration::from_secs(3)];

/// How long an event waits for a connection.
const KEPT_FOR: Duration = Duration::from_secs(366);

/// The most events that wait for one app; the oldest go first.
const KEPT: usize = 50_000;

/// What an envelope carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Something that happened. It comes again until it is acknowledged.
    Event,
    /// A slash command. Somebody waits for it, so that it comes once or not at all.
    Command,
    /// A shortcut; the same holds for it.
    Interaction,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Event => "events_api",
            Self::Command => "slash_commands",
            Self::Interaction => "interactive",
        }
    }
}

#[derive(Debug, Clone)]
struct Event {
    kind: Kind,
    payload: Value,
    label: Option<String>,
    envelopes: Vec<String>,
    /// The connection it was sent on last.
    on: Option<u64>,
    /// How often a connection stayed silent about it.
    silences: usize,
    due: Instant,
    waiting_since: Instant,
}

/// The events that one app has not acknowledged, in order.
#[derive(Debug, Default)]
pub struct Queue(VecDeque<Event>);

impl Queue {
    /// Appends something to be told.
    pub fn push(&mut self, kind: Kind, payload: Value, label: Option<String>) {
        if self.0.len() >= KEPT {
            self.0.pop_front();
        }
        let now = Instant::now();
        self.0.push_back(Event {
            kind,
            payload,
            label,
            envelopes: Vec::new(),
            on: None,
            silences: 0,
            due: now,
            waiting_since: now,
        });
    }

    /// The next envelope for a connection, as text. `repeat` is asked, with the event's type, whether it is to be sent again
    /// though nothing went wrong.
    pub fn next(&mut self, connection: u64, mut repeat: impl FnMut(&str) -> bool) -> Option<String> {
        let now = Instant::now();
        for event in &mut self.0 {
            if event.on.is_some() && event.due <= now {
                event.silences += 1;
            }
        }
        self.0.retain(|e| {
            let (silences, kept_for) = match e.kind {
                Kind::Event => (PATIENCE.len(), KEPT_FOR),
                Kind::Command | Kind::Interaction => (1, PATIENCE[0]),
            };
            let kept = e.silences < silences && (e.on.is_some() || now - e.waiting_since < kept_for);
            if !kept {
                tracing::debug!(label = ?e.label, "an event was given up");
            }
            kept
        });
        let at = self.0.iter().position(|e| e.due <= now)?;
        let event = self.0.get_mut(at)?;
        let envelope = format!("{:032x}", rand::random::<u128>());
        let attempt = event.envelopes.len();
        event.envelopes.push(envelope.clone());
        event.on = Some(connection);
        event.due = now + PATIENCE.get(event.silences).copied().unwrap_or(KEPT_FOR);
        let mut told = json!({
            "envelope_id": uuid(&envelope), "payload": event.payload, "type": event.kind.name(),
            "accepts_response_payload": event.kind != Kind::Event,
        });
        if event.kind != Kind::Event {
            return Some(told.to_string());
        }
        told["retry_attempt"] = json!(attempt);
        told["retry_reason"] = json!("");
        if attempt > 0 {
            told["retry_reason"] = json!("timeout");
        }
        let inner = &event.payload["event"];
        let kind = inner["subtype"].as_str().or(inner["type"].as_str()).unwrap_or_default();
        if repeat(kind) {
            // The same event id in another envelope, right behind.
            let again = Event { label: None, on: None, due: now, waiting_since: now, ..event.clone() };
            self.0.insert(at + 1, again);
        }
        Some(told.to_string())
    }

    /// When [`Self::next`] may have something again without a new event.
    pub fn due(&self) -> Option<Instant> {
        self.0.iter().map(|e| e.due).min()
    }

    /// An envelope was acknowledged: answers the event's label, once.
    pub fn acknowledge(&mut self, envelope: &str) -> Option<String> {
        let plain = envelope.replace('-', "");
        let at = self.0.iter().position(|e| e.envelopes.contains(&plain))?;
        self.0.remove(at)?.label
    }

    /// The response URL of the command or shortcut in an envelope that was not acknowledged yet.
    pub fn response_url(&self, envelope: &str) -> Option<String> {
        let plain = envelope.replace('-', "");
        let event = self.0.iter().find(|e| e.kind != Kind::Event && e.envelopes.contains(&plain))?;
        event.payload["response_url"].as_str().map(str::to_owned)
    }

    /// Everything that waits was repeated for too long.
    pub fn give_up(&mut self) {
        self.0.clear();
    }

    /// A connection is gone: the events that it has not acknowledged are due at once.
    pub fn lost(&mut self, connection: u64) {
        self.0.retain(|e| e.kind == Kind::Event || e.on != Some(connection));
        let now = Instant::now();
        for event in self.0.iter_mut().filter(|e| e.on == Some(connection)) {
            event.on = None;
            event.due = now;
            event.waiting_since = now;
        }
    }
}

/// Envelope ids look like UUIDs.
fn uuid(hex: &str) -> String {
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    format!("{}-{}-{}-{}-{}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn sent(queue: &mut Queue, connection: u64) -> Option<(String, i64, String)> {
        let told: Value = serde_json::from_str(&queue.next(connection, |_| false)?).unwrap();
        let text = |v: &Value| v.as_str().unwrap().to_owned();
        Some((
            text(&told["payload"]["event_id"]),
            told["retry_attempt"].as_i64().unwrap(),
            text(&told["envelope_id"]),
        ))
    }

    #[test]
    fn unacknowledged_events_come_again_in_order_when_the_connection_is_lost() {
        let mut queue = Queue::default();
        for id in ["Ev1", "Ev2", "Ev3"] {
            queue.push(
                Kind::Event,
                json!({ "event_id": id, "event": { "type": "message" } }),
                Some(id.into()),
            );
        }
        let first = sent(&mut queue, 1).unwrap();
        assert_eq!((&*first.0, first.1), ("Ev1", 0));
        assert_eq!(sent(&mut queue, 1).unwrap().0, "Ev2");
        assert_eq!(queue.acknowledge(&first.2), Some("Ev1".to_owned()));
        assert_eq!(queue.acknowledge(&first.2), None);
        queue.lost(1);
        let again = sent(&mut queue, 2).unwrap();
        assert_eq!((&*again.0, again.1), ("Ev2", 1));
        assert_eq!(sent(&mut queue, 2).unwrap().0, "Ev3");
        assert_eq!(sent(&mut queue, 2), None);
        assert_eq!(queue.acknowledge(&again.2), Some("Ev2".to_owned()));
    }

    #[test]
    fn a_silent_connection_is_told_three_times_more_and_then_no_more() {
        let mut queue = Queue::default();
        queue.push(Kind::Event, json!({ "event_id": "Ev1", "event": { "type": "message" } }), None);
        for attempt in 0..4 {
            assert_eq!(sent(&mut queue, 1).unwrap().1, attempt);
            assert_eq!(sent(&mut queue, 1), None);
            let event = &mut queue.0[0];
            assert!(event.due > Instant::now() + PATIENCE[event.silences] / 2);
            event.due = Instant::now();
        }
        assert_eq!(sent(&mut queue, 1), None);
        assert!(queue.0.is_empty());
    }

    #[test]
    fn a_command_comes_once() {
        let command = || json!({ "command": "/relay", "response_url": "http://127.0.0.1/x" });
        let mut queue = Queue::default();
        queue.push(Kind::Command, command(), Some("1".into()));
        let told: Value = serde_json::from_str(&queue.next(1, |_| true).unwrap()).unwrap();
        assert_eq!((&told["type"], told.get("retry_attempt")), (&json!("slash_commands"), None));
        let envelope = told["envelope_id"].as_str().unwrap();
        assert_eq!(queue.response_url(envelope).as_deref(), Some("http://127.0.0.1/x"));
        queue.lost(1);
        assert_eq!((queue.next(2, |_| false), queue.acknowledge(envelope)), (None, None));
        queue.push(Kind::Interaction, command(), None);
        assert!(queue.next(2, |_| false).is_some());
        queue.0[0].due = Instant::now();
        assert_eq!(queue.next(2, |_| false), None);
        assert!(queue.0.is_empty());
    }

    #[test]
    fn a_repeated_event_has_the_same_id_and_another_envelope() {
        let mut queue = Queue::default();
        queue.push(
            Kind::Event,
            json!({ "event_id": "Ev1", "event": { "type": "message" } }),
            Some("1".into()),
        );
        let first: Value = serde_json::from_str(&queue.next(1, |_| true).unwrap()).unwrap();
        let (id, attempt, envelope) = sent(&mut queue, 1).unwrap();
        assert_eq!((&*id, attempt), ("Ev1", 1));
        assert_ne!(first["envelope_id"], envelope);
    }
}

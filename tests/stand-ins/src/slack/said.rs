//! What becomes of messages, and who is told of it.

use super::events::Kind;
use super::state::{Author, Room, State, Stored};
use super::wire;
use crate::people::Change;
use serde_json::{Value, json};

impl State {
    /// A message that everybody sees and that has not been deleted.
    pub fn message(&self, room: &str, ts: &str) -> Option<&Stored> {
        self.said.get(room, ts).filter(|m| !m.deleted && m.only_for.is_none())
    }

    /// Keeps a message and tells the apps; its `ts` is set here.
    pub fn post(&mut self, room: &Room, mut message: Stored) -> (Stored, Change) {
        message.ts = self.next_ts();
        message.at = self.last / 1_000;
        if let Some(root) = message.thread.clone()
            && let Some(root) = self.said.get_mut(&room.id, &root)
        {
            root.replies += 1;
            root.latest_reply = Some(message.ts.clone());
            root.thread.get_or_insert_with(|| root.ts.clone());
        }
        self.said.push(&room.id, message.ts.clone(), message.clone());
        self.files.share(&message.files, &room.id, &message.ts, message.thread.as_ref());
        let event = wire::message(self, room, &message);
        self.tell(room, event, None, &message.ts);
        let change = self.change("posted", room, &message);
        (message, change)
    }

    /// Keeps a message that one person sees; its `ts` is set here.
    pub fn whisper(&mut self, room: &Room, mut message: Stored) -> (Stored, Change) {
        message.ts = self.next_ts();
        message.at = self.last / 1_000;
        self.said.push(&room.id, message.ts.clone(), message.clone());
        let change = self.change("posted", room, &message);
        (message, change)
    }

    /// Changes a message by `change`, tells the apps, and answers it as it is now.
    pub fn edit(
        &mut self,
        room: &Room,
        ts: &str,
        change: impl FnOnce(&mut Stored, String),
    ) -> Option<(Stored, Change)> {
        let now = self.next_ts();
        let old = self.message(&room.id, ts)?.clone();
        let message = self.said.get_mut(&room.id, ts)?;
        change(message, now.clone());
        message.edits += 1;
        let message = message.clone();
        let mut event = json!({
            "type": "message", "subtype": "message_changed", "hidden": true,
            "message": wire::message(self, room, &message),
            "previous_message": wire::message(self, room, &old),
        });
        let another = |id: &str| message.author != Author::Person(id.to_owned());
        if std::mem::take(&mut self.forged)
            && let Some(other) = self.people.iter().find(|person| another(&person.id))
        {
            event["message"]["user"] = json!(other.id);
        }
        self.tell(room, event, Some(&now), &format!("{ts}/edit/{}", message.edits));
        let change = self.change("edited", room, &message);
        Some((message, change))
    }

    /// Takes a message away and tells the apps. The first message of a thread that has replies becomes a tombstone.
    pub fn delete(&mut self, room: &Room, ts: &str) -> Option<Change> {
        let now = self.next_ts();
        let old = self.message(&room.id, ts)?.clone();
        let message = self.said.get_mut(&room.id, ts)?;
        message.deleted = true;
        let message = message.clone();
        if let Some(root) = old.thread.as_ref().filter(|root| *root != ts) {
            let live = |m: &&Stored| !m.deleted && m.ts != *root && m.thread.as_ref() == Some(root);
            let latest = self.said.room(&room.id).rev().find(live).map(|m| m.ts.clone());
            if let Some(root) = self.said.get_mut(&room.id, root) {
                root.replies = root.replies.saturating_sub(1);
                root.latest_reply = latest;
            }
        }
        let previous = wire::message(self, room, &old);
        let event = if old.replies > 0 {
            json!({
                "type": "message", "subtype": "message_changed", "hidden": true,
                "message": wire::tombstone(&old), "previous_message": previous,
            })
        } else {
            json!({
                "type": "message", "subtype": "message_deleted", "hidden": true,
                "deleted_ts": ts, "previous_message": previous,
            })
        };
        self.tell(room, event, Some(&now), &format!("{ts}/delete"));
        Some(self.change("deleted", room, &message))
    }

    /// What whoever watches is told.
    pub fn change(&self, what: &str, room: &Room, message: &Stored) -> Change {
        Change { what: what.to_owned(), message: wire::seen(self, room, message) }
    }

    /// Queues a message event for each app in the channel that may read it. `ts` is the event's own, where it differs.
    pub fn tell(&mut self, room: &Room, mut event: Value, ts: Option<&str>, label: &str) {
        if let Some(ts) = ts {
            event["ts"] = json!(ts);
        }
        event["event_ts"] = event["ts"].clone();
        wire::without_payload(&mut event);
        event["channel"] = json!(room.id);
        event["channel_type"] = json!(if room.private { "group" } else { "channel" });
        let scope = if room.private { "groups:history" } else { "channels:history" };
        for app in 0..self.apps.len() {
            if self.apps.get(app).is_some_and(|a| a.rooms.contains(&room.id) && a.may(scope)) {
                self.tell_app(app, event.clone(), Some(label.to_owned()));
            }
        }
    }

    /// Queues an event for each app in the channel that has this scope.
    pub fn tell_room(&mut self, room: &Room, scope: &str, event: &Value) {
        for app in 0..self.apps.len() {
            if self.apps.get(app).is_some_and(|a| a.rooms.contains(&room.id) && a.may(scope)) {
                self.tell_app(app, event.clone(), None);
            }
        }
    }

    /// Queues any event for one app.
    pub fn tell_app(&mut self, app: usize, event: Value, label: Option<String>) {
        let team = self.team.clone();
        if let Some(app) = self.apps.get_mut(app) {
            let id = format!("Ev{}", ulid::Ulid::new());
            let payload = wire::callback(&team, app, event, &id);
            app.queue.push(Kind::Event, payload, label);
        }
    }
}

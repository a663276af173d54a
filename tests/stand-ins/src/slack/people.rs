//! What people do in the channels, with Slack's own client.

use super::socket::Order;
use super::state::{Author, Custom, Room, State, Stored};
use super::{Shared, Slack, mrkdwn, wire};
use crate::faults::{Fault, Kind};
use crate::people::{Act, Change, People, Refused, Seen};
use serde_json::json;
use tokio::sync::broadcast;

/// The longest message that the client sends, in characters.
const LONGEST: usize = 40_000;

impl People for Slack {
    fn platform(&self) -> &'static str {
        "slack"
    }

    fn api_url(&self) -> String {
        self.url.clone()
    }

    fn act(&self, act: Act) -> Result<String, Refused> {
        let mut changes = Vec::new();
        let mut state = self.shared.state();
        let done = perform(&mut state, act, &mut changes);
        self.shared.announce(changes);
        done
    }

    fn messages(&self, room: &str) -> Result<Vec<Seen>, Refused> {
        let state = self.shared.state();
        let room = find(&state, room)?;
        Ok(state.said.room(&room.id).map(|m| wire::seen(&state, &room, m)).collect())
    }

    fn watch(&self) -> broadcast::Receiver<Change> {
        self.shared.changes.subscribe()
    }

    fn fault(&self, fault: Fault) -> Result<(), Refused> {
        arm(&self.shared, fault)
    }

    fn acknowledged(&self) -> Vec<String> {
        self.shared.state().acknowledged.list()
    }

    fn stop(&self) {
        self.shared.stop.now();
    }
}

/// `disconnect` and `reconnect` concern every open connection, then as many later ones as `times` has left.
fn arm(shared: &Shared, mut fault: Fault) -> Result<(), Refused> {
    let order = match fault.kind {
        Kind::RefuseResume => return Err(Refused::Impossible("Slack has no sessions to resume".into())),
        Kind::Disconnect => Order::Cut,
        Kind::Reconnect => Order::Refresh,
        _ => {
            shared.faults.arm(fault);
            return Ok(());
        }
    };
    if shared.sockets().order_all(order) {
        fault.times = fault.times.saturating_sub(1);
    }
    if fault.times > 0 {
        fault.only = None;
        shared.faults.arm(fault);
    }
    shared.wake.notify_waiters();
    Ok(())
}

fn find(state: &State, room: &str) -> Result<Room, Refused> {
    state.find_room(room).cloned().ok_or_else(|| Refused::Unknown("room", room.to_owned()))
}

fn unknown(message: &str) -> Refused {
    Refused::Unknown("message", message.to_owned())
}

fn read(state: &State, text: &str) -> Result<String, Refused> {
    let text = mrkdwn::typed(text.trim_matches('\n'), state);
    if text.chars().count() > LONGEST {
        return Err(Refused::Impossible(format!("a message has at most {LONGEST} characters")));
    }
    Ok(text)
}

/// A message's id, if this person wrote it.
fn own(state: &State, room: &Room, ts: &str, person: &str) -> Result<(), Refused> {
    let message = state.message(&room.id, ts).ok_or_else(|| unknown(ts))?;
    if message.author == Author::Person(state.person(person)?.id.clone()) {
        Ok(())
    } else {
        Err(Refused::Impossible(format!("message {ts} is not by {person}")))
    }
}

fn perform(state: &mut State, act: Act, changes: &mut Vec<Change>) -> Result<String, Refused> {
    match act {
        Act::Say { person, room, text, reply_to, files } => {
            let room = find(state, &room)?;
            let author = Author::Person(state.person(&person)?.id.clone());
            let text = read(state, &text)?;
            if text.trim().is_empty() && files.is_empty() {
                return Err(Refused::Impossible("an empty message cannot be sent".into()));
            }
            let thread = match reply_to {
                Some(ts) => {
                    let answered = state.message(&room.id, &ts).ok_or_else(|| unknown(&ts))?;
                    Some(answered.thread.clone().unwrap_or(ts))
                }
                None => None,
            };
            let message = Stored {
                ts: String::new(),
                author,
                text,
                custom: Custom::default(),
                thread,
                broadcast: false,
                replies: 0,
                client_id: Some(client_id()),
                files,
                edited: None,
                edits: 0,
                deleted: false,
                at: 0,
            };
            let (message, change) = state.post(&room, message);
            changes.push(change);
            Ok(message.ts)
        }
        Act::Edit { person, room, message, text } => {
            let room = find(state, &room)?;
            own(state, &room, &message, &person)?;
            let user = state.person(&person)?.id.clone();
            let text = read(state, &text)?;
            if text.trim().is_empty() {
                return Err(Refused::Impossible("a message cannot be emptied".into()));
            }
            // The client does not send an edit that changes nothing.
            if state.message(&room.id, &message).is_some_and(|m| m.text != text) {
                let done = state.edit(&room, &message, |stored, now| {
                    stored.text = text;
                    stored.edited = Some((user, now));
                });
                changes.extend(done.map(|(_, change)| change));
            }
            Ok(message)
        }
        Act::Delete { person, room, message } => {
            let room = find(state, &room)?;
            own(state, &room, &message, &person)?;
            changes.extend(state.delete(&room, &message));
            Ok(message)
        }
        Act::Kick { bot, room } => {
            let room = find(state, &room)?;
            let app = app(state, &bot)?;
            let event = membership(state, &room, app, "member_left_channel");
            if state.apps.get_mut(app).is_some_and(|a| a.rooms.remove(&room.id)) {
                let actor = state.people.first().map(|p| p.id.clone());
                let left = json!({
                    "type": if room.private { "group_left" } else { "channel_left" }, "channel": room.id,
                    "actor_id": actor, "event_ts": event["event_ts"],
                });
                state.tell_app(app, left, None);
                state.tell_app(app, event.clone(), None);
                tell_members(state, &room, app, &event);
            }
            Ok(room.id)
        }
        Act::Invite { bot, room } => {
            let room = find(state, &room)?;
            let app = app(state, &bot)?;
            let event = membership(state, &room, app, "member_joined_channel");
            if state.apps.get_mut(app).is_some_and(|a| a.rooms.insert(room.id.clone())) {
                state.tell_app(app, event.clone(), None);
                tell_members(state, &room, app, &event);
            }
            Ok(room.id)
        }
        Act::Command { .. } | Act::Rename { .. } | Act::SetPrivate { .. } | Act::Close { .. } => {
            Err(Refused::Impossible("not here yet".into()))
        }
        Act::DeleteWebhooks { .. } => {
            Err(Refused::Impossible("Slack posts through the app, not through webhooks".into()))
        }
    }
}

/// An app by name, or by any of its ids.
fn app(state: &State, wanted: &str) -> Result<usize, Refused> {
    let found = state.apps.iter().position(|a| {
        [&a.id, &a.bot_id, &a.user.id, &a.user.name, &a.user.handle].iter().any(|known| *known == wanted)
    });
    found.ok_or_else(|| Refused::Unknown("bot", wanted.to_owned()))
}

fn membership(state: &mut State, room: &Room, app: usize, kind: &str) -> serde_json::Value {
    let ts = state.next_ts();
    let inviter = state.people.first().map(|p| p.id.clone());
    let mut event = json!({
        "type": kind, "user": state.apps.get(app).map(|a| a.user.id.clone()), "channel": room.id,
        "channel_type": if room.private { "G" } else { "C" }, "team": state.team, "event_ts": ts,
    });
    if kind == "member_joined_channel" {
        event["inviter"] = json!(inviter);
    }
    event
}

/// The other apps in the channel hear of it too.
fn tell_members(state: &mut State, room: &Room, except: usize, event: &serde_json::Value) {
    for at in (0..state.apps.len()).filter(|at| *at != except) {
        if state.apps.get(at).is_some_and(|a| a.rooms.contains(&room.id)) {
            state.tell_app(at, event.clone(), None);
        }
    }
}

/// The client's own id for a message: a UUID.
pub(super) fn client_id() -> String {
    let hex = format!("{:032x}", rand::random::<u128>());
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    format!("{}-{}-{}-{}-{}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32))
}

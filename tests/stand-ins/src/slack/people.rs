//! What people do in the channels, with Slack's own client.

use super::socket::Order;
use super::state::{Author, Custom, Room, State, Stored};
use super::{Shared, Slack, commands, mrkdwn, rooms, wire};
use crate::faults::{Fault, Kind};
use crate::people::{Act, Change, People, Refused, Seen, SeenThread};
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
        let connected = |app| self.shared.sockets().connected(app);
        let done = perform(&mut state, act, &mut changes, connected);
        self.shared.announce(changes);
        done
    }

    fn messages(&self, room: &str) -> Result<Vec<Seen>, Refused> {
        let state = self.shared.state();
        let room = find(&state, room)?;
        Ok(state.said.room(&room.id).map(|m| wire::seen(&state, &room, m)).collect())
    }

    fn threads(&self, _: &str) -> Result<Vec<SeenThread>, Refused> {
        Ok(Vec::new())
    }

    fn typed(&self, _: &str) -> Result<u64, Refused> {
        Ok(0)
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

/// `connected` says whether an app, by its place in the list, has a connection.
fn perform(
    state: &mut State,
    act: Act,
    changes: &mut Vec<Change>,
    connected: impl Fn(usize) -> bool,
) -> Result<String, Refused> {
    match act {
        Act::Say { person, room, text, reply_to, files, thread: _ } => {
            let files: Vec<String> = files.into_iter().map(|file| file.into_file().name).collect();
            let room = find(state, &room)?;
            writable(&room)?;
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
                only_for: None,
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
        Act::Kick { bot, room } => rooms::kick(state, &find(state, &room)?, &bot),
        Act::Invite { bot, room } => rooms::invite(state, &find(state, &room)?, &bot),
        Act::Rename { room, name } => rooms::rename(state, &find(state, &room)?, &name),
        Act::SetPrivate { room, private } => Ok(rooms::set_private(state, &find(state, &room)?, private)),
        Act::Close { room } => rooms::archive(state, &find(state, &room)?),
        Act::Command { person, room, text } => {
            let room = find(state, &room)?;
            writable(&room)?;
            commands::give(state, &room, &person, &text, connected)
        }
        Act::DeleteWebhooks { .. } => {
            Err(Refused::Impossible("Slack posts through the app, not through webhooks".into()))
        }
        _ => Err(Refused::Impossible("people cannot do that here yet".into())),
    }
}

/// In an archived channel there is nothing to type into.
fn writable(room: &Room) -> Result<(), Refused> {
    if room.archived { Err(Refused::Impossible(format!("#{} is archived", room.name))) } else { Ok(()) }
}

/// The client's own id for a message: a UUID.
pub(super) fn client_id() -> String {
    let hex = format!("{:032x}", rand::random::<u128>());
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    format!("{}-{}-{}-{}-{}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32))
}

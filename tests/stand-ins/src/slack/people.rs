//! What people do in the channels, with Slack's own client.

use super::files::Attached;
use super::socket::Order;
use super::state::{Author, Room, State, Stored};
use super::{Shared, Slack, buttons, commands, emoji, files, marks, members, mrkdwn, rooms, wire};
use crate::faults::{Fault, Faults, Kind};
use crate::heard::Heard;
use crate::limits::Enforced;
use crate::people::{Act, Change, People, Refused, Seen, SeenThread};
use std::time::Instant;
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
        if matches!(act, Act::Edit { .. }) {
            state.forged = self.shared.faults.take(&[Kind::Forged], "edit").is_some();
        }
        let done = perform(&mut state, act, &mut changes, connected);
        self.shared.announce(changes);
        done
    }

    fn messages(&self, room: &str) -> Result<Vec<Seen>, Refused> {
        let state = self.shared.state();
        let room = find(&state, room)?;
        Ok(state.said.room(&room.id).map(|m| wire::seen(&state, &room, m)).collect())
    }

    fn threads(&self, room: &str) -> Result<Vec<SeenThread>, Refused> {
        let state = self.shared.state();
        let room = find(&state, room)?;
        let begun = state.said.room(&room.id).filter(|m| m.replies > 0 && m.thread.as_ref() == Some(&m.ts));
        let thread =
            |m: &Stored| SeenThread { id: m.ts.clone(), name: String::new(), root: Some(m.ts.clone()) };
        Ok(begun.map(thread).collect())
    }

    /// No app can.
    fn typed(&self, room: &str) -> Result<u64, Refused> {
        find(&self.shared.state(), room).map(|_| 0)
    }

    fn watch(&self) -> broadcast::Receiver<Change> {
        self.shared.changes.subscribe()
    }

    fn fault(&self, fault: Fault) -> Result<(), Refused> {
        arm(&self.shared, fault)
    }

    fn limits(&self) -> &Enforced {
        &self.shared.limits
    }

    fn heard(&self) -> &Heard {
        &self.shared.heard
    }

    fn faults(&self) -> &Faults {
        &self.shared.faults
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
        Kind::Disconnect => Order::Cut,
        Kind::Reconnect => Order::Refresh,
        Kind::Silent => {
            let silenced = shared.sockets().order_all(Order::Silence(Instant::now() + fault.lasts()));
            shared.wake.notify_waiters();
            return match silenced {
                true => Ok(()),
                false => Err(Refused::Impossible("no client is connected".into())),
            };
        }
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
        Act::Say { person, room, text, reply_to, files, thread } => {
            let room = find(state, &room)?;
            writable(&room)?;
            let author = Author::Person(state.person(&person)?.id.clone());
            let text = read(state, &text)?;
            if text.trim().is_empty() && files.is_empty() {
                return Err(Refused::Impossible("an empty message cannot be sent".into()));
            }
            let thread = match thread.or(reply_to) {
                Some(ts) => Some(thread_of(state, &room, &ts)?),
                None => None,
            };
            let mut attached = Vec::new();
            for file in files {
                let given = state.files.give(&file.into_file(), author.clone(), state.since);
                attached.push(Attached::new(given.map_err(Refused::Impossible)?));
            }
            let said = Stored { thread, files: attached, ..Stored::new(author, text) };
            Ok(say(state, &room, said, changes))
        }
        Act::Open { message: None, .. } => {
            Err(Refused::Impossible("a thread on Slack hangs from a message, and has no name".into()))
        }
        Act::Open { text: None, .. } => {
            Err(Refused::Impossible("a thread on Slack begins with its first answer".into()))
        }
        Act::Open { person, room, message: Some(root), text: Some(text), .. } => {
            let room = find(state, &room)?;
            writable(&room)?;
            let author = Author::Person(state.person(&person)?.id.clone());
            let root = thread_of(state, &room, &root)?;
            let text = read(state, &text)?;
            say(state, &room, Stored { thread: Some(root.clone()), ..Stored::new(author, text) }, changes);
            Ok(root)
        }
        Act::Forward { person, room, message, to } => {
            let (from, to) = (find(state, &room)?, find(state, &to)?);
            writable(&to)?;
            let author = Author::Person(state.person(&person)?.id.clone());
            let shared = state.message(&from.id, &message).ok_or_else(|| unknown(&message))?;
            let share = wire::share(state, &from, shared);
            let mut said = Stored::new(author, String::new());
            said.custom.attachments = Some(share);
            Ok(say(state, &to, said, changes))
        }
        Act::RemoveFiles { person, room, message, files: places } => {
            let room = find(state, &room)?;
            own(state, &room, &message, &person)?;
            let attached = state.message(&room.id, &message).map(|m| m.files.clone()).unwrap_or_default();
            for place in places {
                let file = attached.get(place).filter(|file| !file.gone);
                let file = file.ok_or_else(|| Refused::Unknown("file", place.to_string()))?;
                files::remove(state, &file.id, changes);
            }
            Ok(message)
        }
        Act::React { person, room, message, emoji, on } => {
            let room = find(state, &room)?;
            let user = state.person(&person)?.id.clone();
            let name = emoji::picked(&emoji).ok_or_else(|| Refused::Unknown("emoji", emoji.clone()))?;
            changes.push(refusable(marks::put(state, &room, &message, &user, &name, on), &message)?);
            Ok(message)
        }
        Act::Pin { person, room, message, on } => {
            let room = find(state, &room)?;
            let user = state.person(&person)?.id.clone();
            changes.push(refusable(marks::keep(state, &room, &message, &user, on), &message)?);
            Ok(message)
        }
        Act::Join { person, room } => members::moves(state, &find(state, &room)?, &person, true),
        Act::Leave { person, room } => members::moves(state, &find(state, &room)?, &person, false),
        Act::CallThemselves { person, room, name } => {
            members::rename(state, &find(state, &room)?, &person, &name)
        }
        // People see it; apps are told of it by no event.
        Act::Type { person, room } => {
            state.person(&person)?;
            Ok(find(state, &room)?.id)
        }
        Act::Purge { room, messages } => {
            let room = find(state, &room)?;
            for message in &messages {
                let deleted = state.delete(&room, message).ok_or_else(|| unknown(message))?;
                changes.push(deleted);
            }
            Ok(room.id)
        }
        Act::Ask { .. } | Act::Vote { .. } | Act::EndPoll { .. } => {
            Err(Refused::Impossible("Slack has no polls".into()))
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
            if !state.person(&person)?.admin {
                own(state, &room, &message, &person)?;
            }
            changes.push(state.delete(&room, &message).ok_or_else(|| unknown(&message))?);
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
        Act::Click { person, room, message, button } => {
            let room = find(state, &room)?;
            buttons::click(state, &room, &person, (&message, &button), connected)
        }
        Act::DeleteWebhooks { .. } => {
            Err(Refused::Impossible("Slack posts through the app, not through webhooks".into()))
        }
    }
}

/// Posts what a person says.
fn say(state: &mut State, room: &Room, said: Stored, changes: &mut Vec<Change>) -> String {
    let (message, change) = state.post(room, Stored { client_id: Some(client_id()), ..said });
    changes.push(change);
    message.ts
}

/// The thread that an answer to a message goes into.
fn thread_of(state: &State, room: &Room, ts: &str) -> Result<String, Refused> {
    let answered = state.message(&room.id, ts).ok_or_else(|| unknown(ts))?;
    Ok(answered.thread.clone().unwrap_or_else(|| ts.to_owned()))
}

/// The Web API's refusal, as a person sees it.
fn refusable(done: Result<Change, marks::Refused>, message: &str) -> Result<Change, Refused> {
    done.map_err(|code| match code {
        "message_not_found" => unknown(message),
        code => Refused::Impossible(code.to_owned()),
    })
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

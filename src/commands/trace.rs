//! `/relay trace` and `relay trace`: what became of a message.

use super::Commands;
use super::words::shown;
use crate::engine::{Came, Trace, TracedRoom};
use relay_contract::{Call, MessageKey, MessageRef, Platform};

impl Commands {
    /// For whoever runs Relay: everything, with the rooms' names. Reads the disk off the runtime's workers.
    pub async fn trace(&self, words: &str) -> Result<Vec<Trace>, String> {
        let (core, asked) = (self.core.clone(), words.to_owned());
        match tokio::task::spawn_blocking(move || core.trace(&asked)).await {
            Ok(Ok(found)) if found.is_empty() => Err(format!(
                "Relay knows no message `{words}`. It was not written in a linked room, or before the room was linked, or it is not \
                 the id or the link of a message."
            )),
            Ok(Ok(found)) => Ok(found),
            Ok(Err(error)) => Err(format!("the ledger cannot be read: {error}")),
            Err(_) => Err("looking for it panicked; the log says where".into()),
        }
    }

    /// For somebody in the room: other rooms are told by their platform, for the asker may not be able to see them.
    pub(super) async fn trace_here(&self, call: &Call, message: Option<&MessageRef>) -> String {
        let Some(message) = message else {
            return super::words::which("trace");
        };
        let key = MessageKey { room: call.room.clone(), id: message.id.clone() };
        let core = self.core.clone();
        let here = call.room.to_string();
        match tokio::task::spawn_blocking(move || core.trace_message(&key)).await {
            Ok(Ok(Some(trace))) => told(&trace, &here),
            Ok(Ok(None)) => "Relay does not know this message: it was written before the room was linked, by a bot that is not \
                             carried, or while Relay was away."
                .into(),
            Ok(Err(_)) | Err(_) => "It cannot be looked up now; Relay's log says why.".into(),
        }
    }
}

fn told(trace: &Trace, here: &str) -> String {
    let mut lines = Vec::new();
    if trace.origin.room == here {
        lines.push("This message was written here.".to_owned());
    } else {
        lines.push(format!("This message came from {}.", of_platform(&trace.origin)));
    }
    if let Some(changed) = &trace.changed {
        lines.push(format!("Its last change: {changed}."));
    }
    for room in &trace.rooms {
        let place = if room.room == here { "here".to_owned() } else { of_platform(room) };
        lines.push(format!("• {place}: {}", became(room)));
    }
    if trace.held.is_some() {
        lines.push(
            "It waits: its author says more in a short time than is carried. It goes on by itself, in its order."
                .to_owned(),
        );
    } else if trace.rooms.is_empty() {
        lines.push("It has gone to no other room.".to_owned());
    }
    lines.join("\n")
}

fn of_platform(room: &TracedRoom) -> String {
    format!("a {} room", shown(&Platform::from_stored(room.platform.clone())))
}

/// What became of a message in a room, in words.
pub fn became(room: &TracedRoom) -> String {
    let mut words = came(&room.came);
    if !room.lost.is_empty() {
        words.push_str(&format!("; not as it was written: {}", room.lost.join(", ")));
    }
    if let Some(change) = &room.change {
        words.push_str(&format!("; its last change: {}", came(change)));
    }
    words
}

fn came(came: &Came) -> String {
    match came {
        Came::Written => "written there".to_owned(),
        Came::Delivered => "delivered".into(),
        Came::Deleted => "delivered, and deleted since".into(),
        Came::Muted => "not shown: its author is muted in that room by its moderators".into(),
        Came::Waiting { reason: None, .. } => "waits for its turn".into(),
        Came::Waiting { attempts, reason: Some(reason) } => {
            format!("waits and is tried again, {attempts} failed attempt(s), the last: {reason}")
        }
        Came::Dead { reason } => format!("given up: {reason}"),
    }
}

//! `/relay trace` and `relay trace`: what became of a message.

use super::words::shown;
use super::{Commands, carries};
use crate::engine::{Came, Trace, TracedRoom};
use crate::text;
use crate::texts::Language;
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
        let language = self.language(call);
        let Some(message) = message else {
            return super::words::which(language, &call.room.platform, "trace");
        };
        let key = MessageKey { room: call.room.clone(), id: message.id.clone() };
        let core = self.core.clone();
        let here = call.room.to_string();
        match tokio::task::spawn_blocking(move || core.trace_message(&key)).await {
            Ok(Ok(Some(trace))) => told(language, &trace, &here),
            Ok(Ok(None)) => text!(language, "trace-unknown"),
            Ok(Err(_)) | Err(_) => text!(language, "trace-unreadable"),
        }
    }
}

fn told(language: Language, trace: &Trace, here: &str) -> String {
    let mut lines = Vec::new();
    if trace.origin.room == here {
        lines.push(text!(language, "trace-written-here"));
    } else {
        lines.push(text!(language, "trace-came-from", platform = platform(&trace.origin)));
    }
    if let Some(changed) = &trace.changed {
        lines.push(text!(
            language,
            "trace-changed",
            change = changed.replace(' ', "-"),
            word = changed.clone()
        ));
    }
    for room in &trace.rooms {
        let what = became(language, room);
        let line = match room.room == here {
            true => text!(language, "trace-here", what = what),
            false => text!(language, "trace-there", platform = platform(room), what = what),
        };
        lines.push(format!("• {line}"));
    }
    if trace.held.is_some() {
        lines.push(text!(language, "trace-held"));
    } else if trace.rooms.is_empty() {
        lines.push(text!(language, "trace-nowhere"));
    }
    lines.join("\n")
}

fn platform(room: &TracedRoom) -> String {
    shown(&Platform::from_stored(room.platform.clone()))
}

/// What became of a message in a room, in words.
pub fn became(language: Language, room: &TracedRoom) -> String {
    let mut words = vec![came(language, &room.came)];
    if !room.lost.is_empty() {
        let lost: Vec<String> = room.lost.iter().map(|word| carries::named(language, word)).collect();
        words.push(text!(language, "trace-lost", what = lost.join(", ")));
    }
    if let Some(change) = &room.change {
        words.push(text!(language, "trace-last-change", what = came(language, change)));
    }
    words.join("; ")
}

fn came(language: Language, came: &Came) -> String {
    match came {
        Came::Written => text!(language, "came-written"),
        Came::Delivered => text!(language, "came-delivered"),
        Came::Deleted => text!(language, "came-deleted"),
        Came::Muted => text!(language, "came-muted"),
        Came::Waiting { reason: None, .. } => text!(language, "came-waiting"),
        Came::Waiting { attempts, reason: Some(reason) } => {
            text!(language, "came-retrying", attempts = *attempts, why = reason.clone())
        }
        Came::Dead { reason } => text!(language, "came-dead", why = reason.clone()),
    }
}

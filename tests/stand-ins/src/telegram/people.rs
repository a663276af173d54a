//! What people do in the groups, with an official client.

use super::entities::{Formatted, clean, split};
use super::state::{State, Stored, User};
use super::{Shared, Telegram, typed};
use crate::faults::{Fault, Kind};
use crate::people::{Act, Change, People, Refused, Seen, SeenThread};
use std::sync::Arc;
use tokio::sync::broadcast;

/// The longest message, in UTF-16 units.
pub const LONGEST: usize = 4_096;

/// The longest caption, in UTF-16 units.
const LONGEST_CAPTION: usize = 1_024;

impl People for Telegram {
    fn platform(&self) -> &'static str {
        "telegram"
    }

    fn api_url(&self) -> String {
        self.url.clone()
    }

    fn act(&self, act: Act) -> Result<String, Refused> {
        let mut changes = Vec::new();
        let mut state = self.shared.state();
        let done = perform(&mut state, act, &mut changes);
        // Under the lock, so that watchers hear of changes in their order; a broadcast does not wait.
        for change in changes {
            self.shared.announce(change);
        }
        done
    }

    fn messages(&self, room: &str) -> Result<Vec<Seen>, Refused> {
        let state = self.shared.state();
        let chat = state.room(room)?;
        Ok(state.said.room(&chat.to_string()).map(|m| state.seen(chat, m)).collect())
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

fn arm(shared: &Arc<Shared>, fault: Fault) -> Result<(), Refused> {
    match fault.kind {
        Kind::Disconnect => {
            for bot in &mut shared.state().bots {
                bot.queue.cut(fault.times);
            }
        }
        Kind::Reconnect | Kind::RefuseResume => {
            return Err(Refused::Impossible("Telegram's long poll has neither sessions nor goodbyes".into()));
        }
        _ => shared.faults.arm(fault),
    }
    Ok(())
}

fn perform(state: &mut State, act: Act, changes: &mut Vec<Change>) -> Result<String, Refused> {
    match act {
        Act::Say { person, room, text, reply_to, files, thread: _ } => {
            let files: Vec<String> = files.into_iter().map(|file| file.into_file().name).collect();
            let from = state.person(&person)?;
            let chat = state.talk(&from, &room)?;
            let reply_to = reply_to.map(|id| existing(state, chat, &id)).transpose()?;
            say(state, &from, chat, messages(&text, files)?, reply_to, changes)
        }
        Act::Command { person, room, text } => {
            let from = state.person(&person)?;
            let typed = messages(&text, Vec::new())?;
            let begins = |(body, _): &(Formatted, _)| {
                body.entities.iter().any(|entity| entity.kind == "bot_command" && entity.offset == 0)
            };
            if !typed.first().is_some_and(begins) {
                return Err(Refused::Impossible("a command begins with a slash and a word".into()));
            }
            let chat = state.talk(&from, &room)?;
            say(state, &from, chat, typed, None, changes)
        }
        Act::Edit { person, room, message, text } => {
            let (from, chat) = (state.person(&person)?, state.room(&room)?);
            let id = own(state, chat, &message, &from)?;
            let body = read(&text)?;
            let old = state.message(chat, id).ok_or_else(|| unknown(&message))?;
            let longest = if old.file.is_some() { LONGEST_CAPTION } else { LONGEST };
            if old.file.is_none() && body.text.is_empty() {
                return Err(Refused::Impossible("message text is empty".into()));
            }
            if super::entities::units(&body.text) > longest {
                return Err(Refused::Impossible("message is too long".into()));
            }
            // A client does not send an edit that changes nothing.
            if old.body != body {
                changes.extend(state.edit(chat, id, body).map(|(_, change)| change));
            }
            Ok(message)
        }
        Act::Delete { person, room, message } => {
            let (from, chat) = (state.person(&person)?, state.room(&room)?);
            let id = own(state, chat, &message, &from)?;
            changes.extend(state.delete(chat, id));
            Ok(message)
        }
        Act::Kick { bot, room } => {
            let chat = state.room(&room)?;
            state.stand(&bot, chat, false)?;
            Ok(chat.to_string())
        }
        Act::Invite { bot, room } => {
            let chat = state.room(&room)?;
            state.stand(&bot, chat, true)?;
            Ok(chat.to_string())
        }
        Act::Rename { room, name } => {
            let chat = state.room(&room)?;
            changes.extend(state.rename(chat, &name)?);
            Ok(chat.to_string())
        }
        Act::SetPrivate { room, private } => {
            let chat = state.room(&room)?;
            state.set_private(chat, private)?;
            Ok(chat.to_string())
        }
        Act::Close { room } => {
            let chat = state.room(&room)?;
            let (new, told) = state.upgrade(chat)?;
            changes.extend(told);
            Ok(new.to_string())
        }
        Act::DeleteWebhooks { .. } => Err(Refused::Impossible("Telegram rooms have no webhooks".into())),
        _ => Err(Refused::Impossible("people cannot do that here yet".into())),
    }
}

fn say(
    state: &mut State,
    from: &User,
    chat: i64,
    typed: Vec<(Formatted, Option<String>)>,
    reply_to: Option<i64>,
    changes: &mut Vec<Change>,
) -> Result<String, Refused> {
    let mut first = None;
    for (body, file) in typed {
        let reply_to = reply_to.filter(|_| first.is_none());
        let message = Stored { reply_to, file, ..Stored::new(from.clone(), body) };
        if let Some((message, change)) = state.post(chat, message) {
            first.get_or_insert(message.id);
            changes.push(change);
        }
    }
    first.map(|id| id.to_string()).ok_or_else(|| Refused::Impossible("message text is empty".into()))
}

/// One or more messages for what was typed: a document each for the files, the text beside the first of them.
fn messages(text: &str, files: Vec<String>) -> Result<Vec<(Formatted, Option<String>)>, Refused> {
    let body = read(text)?;
    if files.is_empty() {
        if body.text.is_empty() {
            return Err(Refused::Impossible("message text is empty".into()));
        }
        return Ok(split(&body, LONGEST).into_iter().map(|part| (part, None)).collect());
    }
    if super::entities::units(&body.text) > LONGEST_CAPTION {
        return Err(Refused::Impossible("message caption is too long".into()));
    }
    let mut caption = Some(body);
    Ok(files.into_iter().map(|file| (caption.take().unwrap_or_default(), Some(file))).collect())
}

fn read(text: &str) -> Result<Formatted, Refused> {
    clean(typed::parse(text)).map_err(Refused::Impossible)
}

fn unknown(message: &str) -> Refused {
    Refused::Unknown("message", message.to_owned())
}

fn existing(state: &State, chat: i64, message: &str) -> Result<i64, Refused> {
    let id = message.parse().map_err(|_| unknown(message))?;
    state.message(chat, id).map(|m| m.id).ok_or_else(|| unknown(message))
}

fn own(state: &State, chat: i64, message: &str, person: &User) -> Result<i64, Refused> {
    let id = existing(state, chat, message)?;
    if state.message(chat, id).is_some_and(|m| m.from.id == person.id) {
        Ok(id)
    } else {
        Err(Refused::Impossible(format!("message {message} is not by {}", person.name)))
    }
}

//! What people do in the groups, with an official client.

use super::entities::{Formatted, clean, split};
use super::state::{Standing, State, Stored, User, now};
use super::{Shared, Telegram, typed, wire};
use crate::faults::{Fault, Kind};
use crate::people::{Act, Change, People, Refused, Seen};
use serde_json::json;
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
        Act::Say { person, room, text, reply_to, files } => {
            let (from, chat) = (state.person(&person)?, state.room(&room)?);
            let reply_to = reply_to.map(|id| existing(state, chat, &id)).transpose()?;
            let mut first = None;
            for (body, file) in messages(&text, files)? {
                let message = Stored {
                    id: 0,
                    from: from.clone(),
                    body,
                    reply_to: reply_to.filter(|_| first.is_none()),
                    file,
                    link_preview: None,
                    at: now(),
                    edited_at: None,
                    edits: 0,
                    deleted: false,
                };
                if let Some((message, change)) = state.post(chat, message) {
                    first.get_or_insert(message.id);
                    changes.push(change);
                }
            }
            first.map(|id| id.to_string()).ok_or_else(|| Refused::Impossible("message text is empty".into()))
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
            stand(state, &bot, chat, false)
        }
        Act::Invite { bot, room } => {
            let chat = state.room(&room)?;
            stand(state, &bot, chat, true)
        }
        Act::Command { .. } | Act::Rename { .. } | Act::SetPrivate { .. } | Act::Close { .. } => {
            Err(Refused::Impossible("not here yet".into()))
        }
        Act::DeleteWebhooks { .. } => Err(Refused::Impossible("Telegram rooms have no webhooks".into())),
    }
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

/// Lets a bot in or out, and tells it with `my_chat_member`.
fn stand(state: &mut State, bot: &str, chat: i64, inside: bool) -> Result<String, Refused> {
    let by = state.people.first().map(wire::user);
    let place = state.chat(chat).map(wire::chat);
    let known = |b: &&mut super::state::Bot| {
        b.user.id.to_string() == bot || b.user.name == bot || b.user.handle == bot.trim_start_matches('@')
    };
    let bot = state.bots.iter_mut().find(known).ok_or_else(|| Refused::Unknown("bot", bot.to_owned()))?;
    let old = bot.standing.get(&chat).copied();
    let new = match (inside, bot.admin) {
        (true, true) => Standing::Administrator,
        (true, false) => Standing::Member,
        (false, _) => Standing::Kicked,
    };
    if old != Some(new) {
        bot.standing.insert(chat, new);
        let update = json!({
            "chat": place,
            "from": by.unwrap_or_else(|| wire::user(&bot.user)),
            "date": now() / 1_000,
            "old_chat_member": wire::bot_member(bot, old),
            "new_chat_member": wire::bot_member(bot, Some(new)),
        });
        bot.queue.push("my_chat_member", update, None);
    }
    Ok(chat.to_string())
}

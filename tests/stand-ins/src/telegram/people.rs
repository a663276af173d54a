//! What people do in the groups, with an official client.

use super::entities::{Formatted, clean, split};
use super::media::{self, New};
use super::state::{State, Stored, User};
use super::uploads::LONGEST_CAPTION;
use super::{Shared, Telegram, acts, typed};
use crate::faults::{Fault, Faults, Kind};
use crate::heard::Heard;
use crate::limits::Enforced;
use crate::people::{Act, Change, Given, People, Refused, Seen, SeenThread};
use std::sync::Arc;
use tokio::sync::broadcast;

/// The longest message, in UTF-16 units.
pub const LONGEST: usize = 4_096;

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

    fn threads(&self, room: &str) -> Result<Vec<SeenThread>, Refused> {
        let state = self.shared.state();
        Ok(state.topics(state.room(room)?))
    }

    fn typed(&self, room: &str) -> Result<u64, Refused> {
        let state = self.shared.state();
        let chat = state.room(room)?;
        Ok(state.chat(chat).map_or(0, |place| place.typed))
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
        Kind::Silent => {
            return Err(Refused::Impossible("a long poll that is answered tells what happened".into()));
        }
        _ => shared.faults.arm(fault),
    }
    Ok(())
}

fn perform(state: &mut State, act: Act, changes: &mut Vec<Change>) -> Result<String, Refused> {
    match act {
        Act::Say { person, room, text, reply_to, files, thread } => {
            let from = state.person(&person)?;
            let chat = state.talk(&from, &room)?;
            let reply_to = reply_to.map(|id| existing(state, chat, &id)).transpose()?;
            let named = thread.map(|id| state.topic(chat, &id)).transpose()?;
            let topic = named.or_else(|| state.message(chat, reply_to?)?.topic);
            say(state, &from, chat, (&text, files), (reply_to, topic), changes)
        }
        Act::Command { person, room, text } => command(state, &person, &room, &text, changes),
        Act::Edit { person, room, message, text } => {
            let (from, chat) = (state.person(&person)?, state.room(&room)?);
            let id = own(state, chat, &message, &from)?;
            let body = read(&text)?;
            let old = state.message(chat, id).ok_or_else(|| unknown(&message))?;
            let longest = if old.media.is_some() { LONGEST_CAPTION } else { LONGEST };
            if old.media.is_none() && body.text.is_empty() {
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
            let managed = from.manages.then(|| existing(state, chat, &message));
            let id = managed.unwrap_or_else(|| own(state, chat, &message, &from))?;
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
        other => acts::perform(state, other, changes),
    }
}

/// A message that begins with a command.
fn command(
    state: &mut State,
    person: &str,
    room: &str,
    text: &str,
    changes: &mut Vec<Change>,
) -> Result<String, Refused> {
    let from = state.person(person)?;
    let begins = read(text)?.entities.iter().any(|entity| entity.kind == "bot_command" && entity.offset == 0);
    if !begins {
        return Err(Refused::Impossible("a command begins with a slash and a word".into()));
    }
    let chat = state.talk(&from, room)?;
    say(state, &from, chat, (text, Vec::new()), (None, None), changes)
}

/// Posts what was typed, in one or more messages: one for each file, the text beside the first of them; as an album where the
/// files can be one. Answers the first one's id.
pub fn say(
    state: &mut State,
    from: &User,
    chat: i64,
    (text, files): (&str, Vec<Given>),
    (reply_to, topic): (Option<i64>, Option<i64>),
    changes: &mut Vec<Change>,
) -> Result<String, Refused> {
    let body = read(text)?;
    let outline = |body| Stored { topic, ..Stored::new(from.clone(), body) };
    let mut messages: Vec<Stored> = Vec::new();
    if files.is_empty() {
        if body.text.is_empty() {
            return Err(Refused::Impossible("message text is empty".into()));
        }
        messages.extend(split(&body, LONGEST).into_iter().map(outline));
    } else {
        if super::entities::units(&body.text) > LONGEST_CAPTION {
            return Err(Refused::Impossible("message caption is too long".into()));
        }
        let mut caption = Some(body);
        for file in files {
            let media = New::of(&file.into_file()).map_err(Refused::Impossible)?;
            let body =
                if media.kind.captioned { caption.take().unwrap_or_default() } else { Formatted::default() };
            messages.push(Stored { media: Some(state.files.keep(media)), ..outline(body) });
        }
        if let Some(left) = caption.filter(|left| !left.text.is_empty()) {
            messages.insert(0, outline(left));
        }
    }
    if let Some(first) = messages.first_mut() {
        first.reply_to = reply_to;
    }
    let kinds: Vec<_> = messages.iter().filter_map(|m| Some(m.media.as_ref()?.kind)).collect();
    if kinds.len() == messages.len() && media::is_album(&kinds) {
        let posted = state.post_album(chat, messages, changes);
        return first_of(posted.first());
    }
    let mut first = None;
    for message in messages {
        if let Some((message, change)) = state.post(chat, message) {
            first.get_or_insert(message);
            changes.push(change);
        }
    }
    first_of(first.as_ref())
}

fn first_of(message: Option<&Stored>) -> Result<String, Refused> {
    let id = message.map(|message| message.id.to_string());
    id.ok_or_else(|| Refused::Impossible("there is no such chat".into()))
}

fn read(text: &str) -> Result<Formatted, Refused> {
    clean(typed::parse(text)).map_err(Refused::Impossible)
}

fn unknown(message: &str) -> Refused {
    Refused::Unknown("message", message.to_owned())
}

/// A message of a chat that has not been deleted.
pub fn existing(state: &State, chat: i64, message: &str) -> Result<i64, Refused> {
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

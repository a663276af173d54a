//! Messages that come, change and go, and who is told: gateway sessions, and whoever watches the rooms.

use super::model::{Author, Draft, Message};
use super::state::{LOADING, State, now};
use super::{payload, permissions, seen};
use crate::faults::Kind;
use crate::people::Change;
use serde_json::{Value, json};

impl State {
    /// Posts; tells sessions and watchers.
    pub fn post(&mut self, channel: u64, guild: u64, author: Author, draft: Draft) -> Message {
        let (id, at) = (self.new_id(), now());
        self.post_as(id, channel, guild, author, draft, at)
    }

    /// Posts under an id: the first message of a forum's thread has the thread's own.
    pub fn post_as(
        &mut self,
        id: u64,
        channel: u64,
        guild: u64,
        author: Author,
        draft: Draft,
        at: u64,
    ) -> Message {
        self.wake(channel);
        let message = Message {
            id,
            channel,
            guild,
            author,
            draft,
            at,
            edited: None,
            only_for: None,
            answers: None,
            reactions: Vec::new(),
            pinned: false,
            deleted: false,
        };
        self.show(message)
    }

    /// Puts a message into its channel; tells watchers, and sessions unless it is for one person only.
    pub fn show(&mut self, message: Message) -> Message {
        for file in message.draft.files.iter().chain(&message.draft.stickers) {
            self.keep_file(file);
        }
        self.history.push(&message.channel.to_string(), message.id.to_string(), message.clone());
        if message.only_for.is_none() {
            self.channels.entry(message.channel).and_modify(|c| c.last_message = Some(message.id));
        }
        self.told("MESSAGE_CREATE", "posted", &message);
        message
    }

    /// Changes a message by `change`; tells sessions and watchers.
    pub fn edit(&mut self, channel: u64, id: u64, change: impl FnOnce(&mut Draft)) -> Option<Message> {
        let message = self.history.get_mut(&channel.to_string(), &id.to_string()).filter(|m| !m.deleted)?;
        let loading = message.draft.flags & LOADING != 0;
        change(&mut message.draft);
        message.draft.flags &= !LOADING;
        // What an application was thinking about is not an edit.
        message.edited = (!loading).then(now);
        let message = message.clone();
        message.draft.files.iter().for_each(|file| self.keep_file(file));
        self.told("MESSAGE_UPDATE", "edited", &message);
        Some(message)
    }

    /// Deletes a message; tells sessions and watchers.
    pub fn delete(&mut self, channel: u64, id: u64) -> Option<Message> {
        let message = self.history.get_mut(&channel.to_string(), &id.to_string()).filter(|m| !m.deleted)?;
        message.deleted = true;
        let message = message.clone();
        message.draft.files.iter().for_each(|file| drop(self.files.remove(&file.id)));
        self.told("MESSAGE_DELETE", "deleted", &message);
        Some(message)
    }

    /// Deletes several at once, which is told in one event.
    pub fn purge(&mut self, channel: u64, ids: &[u64]) {
        let mut gone = Vec::new();
        for id in ids {
            let message = self.history.get_mut(&channel.to_string(), &id.to_string());
            if let Some(message) = message.filter(|message| !message.deleted) {
                message.deleted = true;
                gone.push(message.clone());
            }
        }
        let Some(first) = gone.first() else {
            return;
        };
        let body = json!({
            "ids": gone.iter().map(|message| message.id.to_string()).collect::<Vec<_>>(),
            "channel_id": channel.to_string(), "guild_id": first.guild.to_string(),
        });
        self.dispatch("MESSAGE_DELETE_BULK", permissions::GUILD_MESSAGES, channel, &body);
        gone.iter().for_each(|message| self.watched("deleted", message));
    }

    /// Changes something about a message that is no edit of its author's; tells sessions and watchers.
    pub fn touch(
        &mut self,
        channel: u64,
        id: u64,
        what: &str,
        change: impl FnOnce(&mut Message),
    ) -> Option<Message> {
        let message = self.history.get_mut(&channel.to_string(), &id.to_string()).filter(|m| !m.deleted)?;
        change(message);
        let message = message.clone();
        self.told("MESSAGE_UPDATE", what, &message);
        Some(message)
    }

    fn told(&mut self, event: &'static str, what: &str, message: &Message) {
        let body = if event == "MESSAGE_DELETE" {
            json!({
                "id": message.id.to_string(), "channel_id": message.channel.to_string(),
                "guild_id": message.guild.to_string(),
            })
        } else {
            payload::message_event(self, message)
        };
        if message.only_for.is_none() {
            self.dispatch(event, permissions::GUILD_MESSAGES, message.channel, &body);
        }
        self.watched(what, message);
    }

    /// Tells watchers.
    pub fn watched(&self, what: &str, message: &Message) {
        // Nobody watching is fine.
        let _ = self.changes.send(Change { what: what.to_owned(), message: seen::of(self, message) });
    }

    /// Dispatches an event of a guild to every session that asked for its intent and whose bot is in it.
    pub fn dispatch_in_guild(&mut self, event: &str, intent: u64, guild: u64, body: &Value) {
        for (session, place, _) in self.sessions.listening(intent) {
            if self.bots.get(place).is_some_and(|bot| bot.guilds.contains(&guild)) {
                self.sessions.push(&session, event, body);
            }
        }
    }

    /// Dispatches an event of a channel to every session that asked for its intent and whose bot sees the channel.
    pub fn dispatch(&mut self, event: &'static str, intent: u64, channel: u64, body: &Value) {
        let Some(channel) = self.channels.get(&channel).cloned() else {
            return;
        };
        if self.guilds.get(&channel.guild).is_some_and(|guild| guild.unavailable) {
            return;
        }
        let mut sessions = self.sessions.listening(intent);
        sessions
            .retain(|(_, place, _)| self.bot_permissions(*place, &channel) & permissions::VIEW_CHANNEL != 0);
        let twice = event.starts_with("MESSAGE_")
            && !sessions.is_empty()
            && self.faults.take(&[Kind::Duplicate], event).is_some();
        for (id, place, intents) in sessions {
            let has_content = matches!(event, "MESSAGE_CREATE" | "MESSAGE_UPDATE");
            let body = if has_content && intents & permissions::MESSAGE_CONTENT == 0 {
                payload::without_content(body.clone(), self.bots.get(place).map_or(0, |bot| bot.id))
            } else {
                body.clone()
            };
            for _ in 0..=usize::from(twice) {
                self.sessions.push(&id, event, &body);
            }
        }
    }

    /// Tells that a channel's webhooks changed.
    pub fn webhooks_changed(&mut self, channel: u64, guild: u64) {
        let body = json!({ "guild_id": guild.to_string(), "channel_id": channel.to_string() });
        self.dispatch("WEBHOOKS_UPDATE", permissions::GUILD_WEBHOOKS, channel, &body);
    }
}

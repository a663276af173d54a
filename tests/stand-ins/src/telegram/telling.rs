//! Which bots are told of what.

use super::entities::{Formatted, slice};
use super::state::{Bot, Standing, State, Stored};
use serde_json::Value;

impl State {
    /// Puts an update into the queue of each bot that may see the message.
    ///
    /// What bots see of each other: <https://core.telegram.org/api/bots/bot-to-bot>.
    pub fn tell(&mut self, chat: i64, message: &Stored, kind: &'static str) {
        let from = message.from.id;
        let sender_talks = self.bots.iter().any(|b| b.user.id == from && b.bot_to_bot);
        let Some(place) = self.chat(chat) else {
            return;
        };
        let (value, with) = (self.wire_message(place, message, true), place.with);
        let answered = message.reply_to.and_then(|id| self.message(chat, id)).map(|m| m.from.id);
        let label = match message.edits {
            0 => message.id.to_string(),
            n => format!("{}/edit/{n}", message.id),
        };
        // Bots do not see their own messages.
        for bot in self.bots.iter_mut().filter(|b| b.user.id != from) {
            let admin = match bot.standing.get(&chat) {
                Some(Standing::Administrator) => true,
                Some(Standing::Member) => false,
                _ => continue,
            };
            let answers = answered == Some(bot.user.id);
            if with.is_some_and(|with| with != bot.user.id) {
                continue;
            }
            let sees = if with.is_some() || message.service.is_some() {
                true
            } else if message.from.is_bot {
                let concerns = answers || commands(&message.body, &bot.user.handle);
                bot.bot_to_bot && admin && bot.privacy_off || (bot.bot_to_bot || sender_talks) && concerns
            } else {
                admin || bot.privacy_off || answers || addresses(&message.body, &bot.user.handle)
            };
            if sees {
                bot.queue.push(kind, value.clone(), Some(label.clone()));
            }
        }
    }

    /// Puts an update that is no message into the queue of those bots in a chat.
    pub fn tell_bots(
        &mut self,
        chat: i64,
        kind: &'static str,
        update: &Value,
        whom: impl Fn(&Bot, Standing) -> bool,
    ) {
        for bot in &mut self.bots {
            let standing = bot.standing.get(&chat).copied();
            if standing.is_some_and(|standing| standing != Standing::Kicked && whom(bot, standing)) {
                bot.queue.push(kind, update.clone(), None);
            }
        }
    }
}

/// Is it a command or a mention for this bot? Commands without a name are for every bot.
fn addresses(body: &Formatted, handle: &str) -> bool {
    body.entities.iter().any(|e| {
        let part = slice(&body.text, e.offset, e.end()).unwrap_or_default();
        match &*e.kind {
            "bot_command" => part.split_once('@').is_none_or(|(_, bot)| bot.eq_ignore_ascii_case(handle)),
            "mention" => part.trim_start_matches('@').eq_ignore_ascii_case(handle),
            _ => false,
        }
    })
}

/// Is there a command in it that names this bot?
fn commands(body: &Formatted, handle: &str) -> bool {
    body.entities.iter().filter(|e| e.kind == "bot_command").any(|e| {
        let part = slice(&body.text, e.offset, e.end()).unwrap_or_default();
        part.split_once('@').is_some_and(|(_, bot)| bot.eq_ignore_ascii_case(handle))
    })
}

//! Reactions.
//!
//! Source: <https://core.telegram.org/bots/api#reactiontype>.

use super::state::{Standing, State, Stored, User, now};
use super::wire;
use crate::people::{Change, SeenReaction};
use serde_json::{Value, json};

/// The emoji that somebody without a subscription may react with.
const ALLOWED: &str = "👍 👎 ❤ 🔥 🥰 👏 😁 🤔 🤯 😱 🤬 😢 🎉 🤩 🤮 💩 🙏 👌 🕊 🤡 🥱 🥴 😍 🐳 ❤\u{200d}🔥 🌚 🌭 💯 🤣 ⚡ 🍌 🏆 💔 🤨 😐 🍓 🍾 \
                       💋 🖕 😈 😴 😭 🤓 👻 👨\u{200d}💻 👀 🎃 🙈 😇 😨 🤝 ✍ 🤗 🫡 🎅 🎄 ☃ 💅 🤪 🗿 🆒 💘 🙉 🦄 😘 💊 🙊 😎 👾 🤷\u{200d}♂ 🤷 \
                       🤷\u{200d}♀ 😡";

/// The emoji that stands for any custom one.
pub const STANDS_FOR: &str = "⭐";

/// Whether one may react with it.
pub fn is_allowed(emoji: &str) -> bool {
    ALLOWED.split(' ').any(|allowed| allowed == emoji)
}

/// A `ReactionType`. Ids of custom emoji are numbers.
fn told(reaction: &str) -> Value {
    match reaction.parse::<u64>() {
        Ok(_) => json!({ "type": "custom_emoji", "custom_emoji_id": reaction }),
        Err(_) => json!({ "type": "emoji", "emoji": reaction }),
    }
}

impl State {
    /// As a person types it: an emoji, or `:name:`.
    pub fn reaction(&mut self, typed: &str) -> Option<String> {
        let Some(name) = typed.strip_prefix(':').and_then(|name| name.strip_suffix(':')) else {
            // Telegram writes its emoji without the variation selector.
            let emoji = typed.replace('\u{fe0f}', "");
            return is_allowed(&emoji).then_some(emoji);
        };
        let known = self.custom_emoji.iter().find(|(_, known)| *known == name).map(|(id, _)| id.clone());
        Some(known.unwrap_or_else(|| {
            let id = format!("53680000000000{:05}", self.custom_emoji.len());
            self.custom_emoji.insert(id.clone(), name.to_owned());
            id
        }))
    }

    /// Puts somebody's only reaction on a message, or takes it away, and tells the administrators among the bots; never of
    /// what a bot did.
    pub fn react(&mut self, chat: i64, id: i64, who: &User, new: Option<String>) -> Option<Change> {
        let message = self.message_mut(chat, id)?;
        let old = message.reactions.iter().position(|(by, _)| *by == who.id);
        let old = old.map(|at| message.reactions.remove(at).1);
        message.reactions.extend(new.clone().map(|new| (who.id, new)));
        let message = message.clone();
        if !who.is_bot && old != new {
            let list = |one: &Option<String>| one.iter().map(|one| told(one)).collect::<Vec<_>>();
            let update = json!({
                "chat": self.chat(chat).map(wire::chat), "message_id": id, "user": wire::user(who),
                "date": now() / 1_000, "old_reaction": list(&old), "new_reaction": list(&new),
            });
            self.tell_bots(chat, "message_reaction", &update, |_, standing| {
                standing == Standing::Administrator
            });
        }
        Some(self.change("reacted", chat, &message))
    }

    /// The reactions of a message as people see them.
    pub fn seen_reactions(&self, message: &Stored) -> Vec<SeenReaction> {
        let mut seen: Vec<SeenReaction> = Vec::new();
        for (who, reaction) in &message.reactions {
            let name = self.custom_emoji.get(reaction).map(|name| format!(":{name}:"));
            let emoji = name.unwrap_or_else(|| reaction.clone());
            match seen.iter_mut().find(|one| one.emoji == emoji) {
                Some(one) => one.people.push(who.to_string()),
                None => seen.push(SeenReaction { emoji, people: vec![who.to_string()] }),
            }
        }
        seen
    }
}

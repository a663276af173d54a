//! What this process knows of chats beside what each update tells: rights, names of topics, where polls stand. In memory only, and
//! bounded; what is forgotten is asked for again, or done without.

use crate::moves::Moves;
use crate::polls::Stands;
use crate::reactions;
use quick_cache::sync::Cache;
use relay_contract::Emoji;
use serde::Deserialize;
use std::collections::HashMap;
use std::sync::atomic::AtomicBool;
use std::sync::{PoisonError, RwLock};

/// The most of each that are remembered; the least used go first.
const MOST: usize = 10_000;

/// What one connector remembers.
pub struct Known {
    /// Groups that became supergroups.
    pub moves: Moves,
    /// Another program polled with the bot's token when it was last polled.
    pub contested: AtomicBool,
    /// Of the chats that were asked about: as many as are linked. Never locked across an await.
    chats: RwLock<HashMap<i64, Chat>>,
    /// Names of topics, by chat and topic.
    pub topics: Cache<(i64, i64), String>,
    /// Where polls stand, by their ids.
    pub polls: Cache<String, Stands>,
    /// The emoji that stand for custom ones, by their ids.
    pub stands_for: Cache<String, String>,
    /// The bot's own reactions, by chat and message: a new one takes the place of the one before.
    pub reacted: Cache<(i64, i32), String>,
}

impl Default for Known {
    fn default() -> Self {
        Self {
            moves: Moves::default(),
            contested: AtomicBool::new(false),
            chats: RwLock::default(),
            topics: Cache::new(MOST),
            polls: Cache::new(MOST),
            stands_for: Cache::new(MOST),
            reacted: Cache::new(MOST),
        }
    }
}

/// What a chat is, and what the bot may do in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Chat {
    /// Only administrators post in it, and nobody is seen to react.
    pub channel: bool,
    /// Its messages may stand in topics.
    pub forum: bool,
    /// The emoji that one may react with; none when all may be used. Custom ones are left out.
    pub reactions: Option<Vec<String>>,
    /// Everybody may pin.
    pub all_pin: bool,
    /// What the bot may do.
    pub rights: Rights,
}

/// What the bot may do in a chat. Source: <https://core.telegram.org/bots/api#chatmemberadministrator>.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rights {
    /// It is told of reactions and of everybody who joins or leaves.
    pub admin: bool,
    /// It may pin messages.
    pub pins: bool,
    /// It may open topics.
    pub topics: bool,
    /// It may delete what others said.
    pub deletes: bool,
}

/// The part of a `ChatMember` that says what the bot may do.
#[derive(Debug, Default, Deserialize)]
pub struct Allowed {
    /// Its place in the chat.
    pub status: String,
    #[serde(default)]
    can_pin_messages: bool,
    /// Of a channel, where it stands for pinning as well.
    #[serde(default)]
    can_edit_messages: bool,
    #[serde(default)]
    can_manage_topics: bool,
    #[serde(default)]
    can_delete_messages: bool,
}

impl From<&Allowed> for Rights {
    fn from(allowed: &Allowed) -> Self {
        let creator = allowed.status == "creator";
        let admin = creator || allowed.status == "administrator";
        Self {
            admin,
            pins: creator || admin && (allowed.can_pin_messages || allowed.can_edit_messages),
            topics: creator || admin && allowed.can_manage_topics,
            deletes: creator || admin && allowed.can_delete_messages,
        }
    }
}

impl Chat {
    /// Whether the bot may pin.
    pub fn pins(&self) -> bool {
        self.rights.pins || self.all_pin && !self.channel
    }

    /// How the bot's reaction with an emoji is written here; none when there is no such reaction.
    pub fn reaction(&self, emoji: &Emoji) -> Option<String> {
        let written = reactions::written(emoji)?;
        let may = self.reactions.as_ref().is_none_or(|all| all.contains(&written));
        may.then_some(written)
    }

    /// Whether the bot may react at all.
    pub fn reacts(&self) -> bool {
        self.reactions.as_ref().is_none_or(|all| !all.is_empty())
    }
}

impl Known {
    /// A chat was asked about.
    pub fn asked(&self, chat: i64, answer: Chat) {
        self.chats.write().unwrap_or_else(PoisonError::into_inner).insert(chat, answer);
    }

    /// What the bot may do in a chat has changed.
    pub fn allowed(&self, chat: i64, rights: Rights) {
        if let Some(known) = self.chats.write().unwrap_or_else(PoisonError::into_inner).get_mut(&chat) {
            known.rights = rights;
        }
    }

    /// A chat, or what it has become; nothing special when it was not asked about.
    pub fn chat<T>(&self, chat: i64, look: impl FnOnce(&Chat) -> T) -> T {
        let chat = self.moves.to(chat).unwrap_or(chat);
        let chats = self.chats.read().unwrap_or_else(PoisonError::into_inner);
        match chats.get(&chat) {
            Some(known) => look(known),
            None => look(&Chat::default()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_the_bot_may_do() {
        let all = json!({"can_pin_messages": true, "can_manage_topics": true, "can_delete_messages": true});
        let cases = [
            ("creator", json!({}), "admin pins topics deletes"),
            ("administrator", json!({}), "admin"),
            ("administrator", all.clone(), "admin pins topics deletes"),
            ("administrator", json!({"can_edit_messages": true}), "admin pins"),
            ("member", all, ""),
        ];
        for (status, mut member, expected) in cases {
            member["status"] = json!(status);
            let rights = Rights::from(&Allowed::deserialize(&member).unwrap());
            let words = [
                (rights.admin, "admin"),
                (rights.pins, "pins"),
                (rights.topics, "topics"),
                (rights.deletes, "deletes"),
            ];
            let words: Vec<_> = words.iter().filter(|(may, _)| *may).map(|(_, word)| *word).collect();
            assert_eq!(words.join(" "), expected, "{member}");
        }
    }

    #[test]
    fn a_chat_may_allow_a_few_reactions() {
        let heart = Emoji { name: "❤️".into(), id: None };
        let only = |all: &[&str]| Chat {
            reactions: Some(all.iter().map(|one| (*one).to_owned()).collect()),
            ..Chat::default()
        };
        assert_eq!(Chat::default().reaction(&heart).as_deref(), Some("❤"));
        assert_eq!(only(&["❤"]).reaction(&heart).as_deref(), Some("❤"));
        assert_eq!(only(&["👍"]).reaction(&heart), None);
        assert!(only(&["👍"]).reacts() && !only(&[]).reacts());
    }

    #[test]
    fn a_chat_is_known_by_what_it_has_become() {
        let known = Known::default();
        known.asked(-1001, Chat { forum: true, ..Chat::default() });
        known.moves.heard(-7, -1001);
        assert!(known.chat(-7, |chat| chat.forum) && !known.chat(-8, |chat| chat.forum));
        known.allowed(-1001, Rights { admin: true, ..Rights::default() });
        assert!(known.chat(-1001, |chat| chat.forum && chat.rights.admin));
    }
}

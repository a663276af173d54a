//! The emoji of each guild's own, and how a reaction is written.
//!
//! <https://discord.com/developers/docs/resources/message#create-reaction>

use crate::guilds::Emoji as Native;
use relay_contract::Emoji;
use serde::Deserialize;
use serde_json::Value;
use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};
use twilight_http::request::channel::reaction::RequestReactionType;
use twilight_model::id::Id;
use twilight_model::id::marker::GuildMarker;

/// How many guilds' emoji are remembered: more than one unsharded connection can have.
const MOST_GUILDS: usize = 2_500;

/// Name and id of each emoji.
type Own = Vec<(String, String)>;

/// By guild.
#[derive(Debug, Default)]
pub struct Emojis(RwLock<HashMap<Id<GuildMarker>, Own>>);

impl Emojis {
    /// Remembers all emoji of a guild.
    pub fn keep(&self, guild: Id<GuildMarker>, all: &[Native]) {
        let own = all.iter().filter(|emoji| emoji.available);
        let own = own.filter_map(|emoji| Some((emoji.name.clone()?, emoji.id.clone()?))).collect();
        let mut guilds = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if guilds.len() < MOST_GUILDS || guilds.contains_key(&guild) {
            guilds.insert(guild, own);
        }
    }

    /// Learns from a gateway event.
    pub fn learn(&self, guild: Id<GuildMarker>, native: &Value) {
        if let Some(Ok(all)) = native.get("emojis").map(Vec::<Native>::deserialize) {
            self.keep(guild, &all);
        }
    }

    /// How a reaction with an emoji is written in a guild: an emoji of Unicode as it is, one of the guild's own as `name:id`.
    pub fn reaction(&self, guild: Option<Id<GuildMarker>>, emoji: &Emoji) -> Option<String> {
        let guilds = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let own = guild.and_then(|guild| guilds.get(&guild)).map(Vec::as_slice).unwrap_or_default();
        let id = emoji.id.as_ref().map(relay_contract::NativeId::as_str);
        let by_id = own.iter().find(|(_, known)| Some(known.as_str()) == id);
        let found = by_id.or_else(|| own.iter().find(|(name, _)| *name == emoji.name));
        match found {
            Some((name, id)) => Some(format!("{name}:{id}")),
            None => is_unicode(&emoji.name).then(|| emoji.name.clone()),
        }
    }
}

/// No word, and not plain text either: what is left is an emoji of Unicode, or a keycap.
fn is_unicode(name: &str) -> bool {
    let is_plain = |c: char| c.is_ascii() && !matches!(c, '0'..='9' | '#' | '*');
    !name.is_empty() && !name.chars().any(is_plain) && !name.is_ascii()
}

/// A reaction as it was written by [`Emojis::reaction`].
pub fn written(emoji: &str) -> RequestReactionType<'_> {
    let own = emoji.split_once(':').and_then(|(name, id)| Some((name, Id::new_checked(id.parse().ok()?)?)));
    match own {
        Some((name, id)) => RequestReactionType::Custom { id, name: Some(name) },
        None => RequestReactionType::Unicode { name: emoji },
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    #[test]
    fn only_what_the_guild_has_or_unicode() {
        let emojis = Emojis::default();
        let guild = Some(Id::new(1));
        let all = json!({ "emojis": [{ "id": "7", "name": "owl" }, { "id": "8", "name": "gone", "available": false }] });
        emojis.learn(Id::new(1), &all);
        for (name, id, expected) in [
            ("🦉", None, Some("🦉")),
            ("❤️", None, Some("❤️")),
            ("1️⃣", None, Some("1️⃣")),
            ("owl", Some("7"), Some("owl:7")),
            ("renamed", Some("7"), Some("owl:7")),
            ("owl", Some("99"), Some("owl:7")),
            ("owl", None, Some("owl:7")),
            ("🦉", Some("99"), Some("🦉")),
            ("gone", Some("8"), None),
            ("hoot", None, None),
            ("1", None, None),
            ("", None, None),
        ] {
            let emoji = Emoji { name: name.into(), id: id.map(Into::into) };
            assert_eq!(emojis.reaction(guild, &emoji).as_deref(), expected, "{name} {id:?}");
        }
        let owl = Emoji { name: "owl".into(), id: Some("7".into()) };
        assert_eq!(emojis.reaction(Some(Id::new(2)), &owl), None);
    }
}

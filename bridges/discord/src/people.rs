//! Who people are in a guild, for events that tell no more than an id: learnt from what else they do, asked for once otherwise; and
//! who reacted with what, so that clearing a message's reactions can be told one by one.

use crate::connector::Discord;
use crate::native::{Mentioned, ReactedWith};
use crate::rest::Rest;
use quick_cache::sync::Cache;
use serde::Deserialize;
use serde_json::{Value, json};
use std::time::Duration;

/// C8: how long one lookup may take.
const LOOKUP: Duration = Duration::from_secs(2);
/// How many people are remembered.
const REMEMBERED: usize = 20_000;
/// How many messages' reactions are remembered, and how many of one message.
const REACTED: usize = 5_000;
const OF_ONE: usize = 200;

/// Guild and user.
type Key = (String, String);

/// People, and what they reacted with.
#[derive(Debug)]
pub struct People {
    /// As `{user, member}`.
    known: Cache<Key, Value>,
    /// By message: as `{person, emoji}`.
    reacted: Cache<String, Vec<Value>>,
}

impl Default for People {
    fn default() -> Self {
        Self { known: Cache::new(REMEMBERED), reacted: Cache::new(REACTED) }
    }
}

impl People {
    /// Remembers somebody; answers the name that they had before, if it was another.
    pub fn keep(&self, guild: &str, user: &Value, member: Option<&Value>) -> Option<String> {
        let id = user.get("id")?.as_str()?.to_owned();
        let part = |of: &Value, keys: &[&str]| -> Value {
            let told = keys.iter().filter_map(|key| Some(((*key).to_owned(), of.get(*key)?.clone())));
            Value::Object(told.collect())
        };
        let user = part(user, &["id", "username", "global_name", "avatar", "bot"]);
        let member = member.map(|member| part(member, &["nick", "avatar"]));
        let now = json!({ "user": user, "member": member });
        let key = (guild.to_owned(), id);
        let before = self.known.get(&key);
        self.known.insert(key, now.clone());
        let (before, now) = (shown(&before?)?, shown(&now)?);
        (before != now).then_some(before)
    }

    /// Learns from a message, a reaction or an interaction.
    pub fn learn(&self, guild: &str, native: &Value) {
        let member = native.get("member");
        let user = native.get("author").or_else(|| member.and_then(|member| member.get("user")));
        let by_webhook = native.get("webhook_id").is_some();
        // Only together do they say how somebody is called.
        if let (Some(user), Some(member), false) = (user, member, by_webhook) {
            self.keep(guild, user, Some(member));
        }
    }

    /// Learns of a reaction. Answers those who are to be told to have taken theirs back, where it clears several.
    pub fn reacted(&self, kind: &str, native: &Value, person: &Value) -> Vec<Value> {
        let Some(message) = native.get("message_id").and_then(Value::as_str) else {
            return Vec::new();
        };
        let mut all = self.reacted.get(message).unwrap_or_default();
        let emoji = native.get("emoji").cloned().unwrap_or_default();
        let same = |it: &Value| ReactedWith::same(it.get("emoji"), Some(&emoji));
        let by = |it: &Value| it["person"]["user"]["id"] == person["user"]["id"];
        let gone = match kind {
            "MESSAGE_REACTION_ADD" => {
                all.retain(|it| !(same(it) && by(it)));
                if all.len() < OF_ONE {
                    all.push(json!({ "person": person, "emoji": emoji }));
                }
                Vec::new()
            }
            "MESSAGE_REACTION_REMOVE" => {
                all.retain(|it| !(same(it) && by(it)));
                Vec::new()
            }
            "MESSAGE_REACTION_REMOVE_EMOJI" => {
                let (gone, left) = all.into_iter().partition(|it| same(it));
                all = left;
                gone
            }
            _ => std::mem::take(&mut all),
        };
        self.reacted.insert(message.to_owned(), all);
        gone
    }
}

fn shown(person: &Value) -> Option<String> {
    let person = Mentioned::deserialize(&flat(person)).ok()?;
    Some(person.user.shown(person.member.as_ref()).to_owned())
}

/// `{user, member}` as a message writes those whom it mentions.
fn flat(person: &Value) -> Value {
    let mut flat = person.get("user").cloned().unwrap_or_default();
    if flat.is_object() {
        flat["member"] = person.get("member").cloned().unwrap_or_default();
    }
    flat
}

impl Discord {
    /// Somebody as `{user, member}`; the id alone where no more is to be had.
    pub(crate) async fn person(&self, rest: &Rest, guild: &str, user: &str) -> Value {
        let key = (guild.to_owned(), user.to_owned());
        if let Some(known) = self.people.known.get(&key) {
            return known;
        }
        let only_the_id = json!({ "user": { "id": user } });
        let ids = (guild.parse().ok(), user.parse().ok());
        let (Some(guild_id), Some(user_id)) = ids else {
            return only_the_id;
        };
        let asked = rest.ask::<Value>(rest.client().guild_member(guild_id, user_id));
        match tokio::time::timeout(LOOKUP, asked).await {
            Ok(Ok(member)) => {
                if let Some(user) = member.get("user") {
                    self.people.keep(guild, user, Some(&member));
                }
                self.people.known.get(&key).unwrap_or(only_the_id)
            }
            Ok(Err(_)) | Err(_) => only_the_id,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_name_is_noticed() {
        let people = People::default();
        let user = json!({ "id": "9", "username": "ada", "global_name": "Ada", "email": "x" });
        for (nick, before) in [
            (None, None),
            (None, None),
            (Some("Countess"), Some("Ada")),
            (Some("Countess"), None),
            (None, Some("Countess")),
        ] {
            let member = json!({ "nick": nick, "roles": ["5"] });
            assert_eq!(people.keep("1", &user, Some(&member)).as_deref(), before, "{nick:?}");
        }
        assert_eq!(
            people.known.get(&("1".into(), "9".into())).map(|it| it["user"]["email"].clone()),
            Some(Value::Null)
        );
    }

    #[test]
    fn what_is_cleared_was_there() {
        let people = People::default();
        let event = |user: &str, emoji: &str| {
            let person = json!({ "user": { "id": user } });
            (json!({ "message_id": "5", "user_id": user, "emoji": { "id": null, "name": emoji } }), person)
        };
        for (user, emoji) in [("1", "🦉"), ("2", "🦉"), ("2", "🎉"), ("1", "🎉"), ("1", "🦉")] {
            let (native, person) = event(user, emoji);
            people.reacted("MESSAGE_REACTION_ADD", &native, &person);
        }
        let (native, person) = event("1", "🎉");
        people.reacted("MESSAGE_REACTION_REMOVE", &native, &person);
        let nobody = Value::Null;
        let gone = people.reacted("MESSAGE_REACTION_REMOVE_EMOJI", &event("", "🎉").0, &nobody);
        assert_eq!(gone.len(), 1);
        let gone = people.reacted("MESSAGE_REACTION_REMOVE_ALL", &json!({ "message_id": "5" }), &nobody);
        assert_eq!(gone.len(), 2);
        assert_eq!(
            people.reacted("MESSAGE_REACTION_REMOVE_ALL", &json!({ "message_id": "5" }), &nobody).len(),
            0
        );
    }
}

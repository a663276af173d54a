//! What an update does not say of itself, and `translate` needs: added before it is handed up, out of what was heard earlier.

use crate::api::Api;
use crate::known::{Allowed, Known, Rights};
use crate::polls::{self, Stands};
use crate::{members, news, reactions, topics, translate};
use relay_contract::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::time::Duration;
use teloxide::payloads::GetCustomEmojiStickers;
use teloxide::types::CustomEmojiId;

/// How long the look-up may take.
const LOOK_UP: Duration = Duration::from_secs(2);

/// The most custom emoji of one look-up. Source: <https://core.telegram.org/bots/api#getcustomemojistickers>.
const AT_ONCE: usize = 200;

/// A `Sticker`, as far as it is needed.
#[derive(Deserialize)]
struct Sticker {
    custom_emoji_id: Option<String>,
    emoji: Option<String>,
}

/// Asks which emoji stand for the custom ones in these updates. Where no answer comes, their ids stand in.
pub async fn look_up(api: &Api, known: &Known, updates: &[Value]) {
    let all = updates.iter().flat_map(reactions::custom_emoji);
    let unknown: BTreeSet<&str> =
        all.filter(|id| known.stands_for.get(*id).is_none()).take(AT_ONCE).collect();
    if unknown.is_empty() {
        return;
    }
    let ids = unknown.into_iter().map(|id| CustomEmojiId(id.to_owned()));
    let stickers: Vec<Sticker> = match api.call(&GetCustomEmojiStickers::new(ids), LOOK_UP).await {
        Ok(stickers) => stickers,
        Err(_) => return tracing::debug!("custom emoji are not known by what stands for them"),
    };
    for sticker in stickers {
        if let (Some(id), Some(emoji)) = (sticker.custom_emoji_id, sticker.emoji) {
            known.stands_for.insert(id, emoji);
        }
    }
}

/// Remembers what an update tells for later ones, and adds to it what earlier ones told.
pub fn complete(known: &Known, update: &mut Value) {
    let mut more = Map::new();
    if let Some(carried) = translate::carried(update) {
        let chat = carried.get("chat").and_then(|chat| chat.get("id")).and_then(Value::as_i64);
        if let Some((from, to)) = chat.and_then(|chat| news::migration(chat, |name| carried.get(name))) {
            known.moves.heard(from, to);
        }
        if let Some((chat, own)) = chat.zip(update.get(translate::MEMBERSHIP)) {
            let allowed = own.get("new_chat_member").and_then(|new| Allowed::deserialize(new).ok());
            known.allowed(chat, Rights::from(&allowed.unwrap_or_default()));
        }
        if let Some(told) = topics::told(carried) {
            let before = known.topics.get(&told.topic);
            let name = told.now.or(before.clone()).or(told.first);
            if let Some(name) = name {
                more.insert(topics::NAME.into(), json!(name));
                if before.as_ref() != Some(&name) {
                    known.topics.insert(told.topic, name);
                }
            }
        }
        let poll = carried.get("poll").and_then(|poll| poll.get("id")?.as_str());
        let message = carried.get("message_id").and_then(Value::as_i64);
        if let (Some(poll), Some(chat), Some(message)) = (poll, chat, message) {
            known.polls.insert(poll.to_owned(), Stands { chat, message });
        }
        let service =
            ["new_chat_members", "left_chat_member"].iter().any(|name| carried.get(*name).is_some());
        if service && chat.is_some_and(|chat| known.chat(chat, |chat| chat.rights.admin)) {
            more.insert(members::TOLD.into(), json!(true));
        }
    }
    let poll = update.get(polls::KIND).and_then(|poll| poll.get("id")?.as_str());
    if let Some(stands) = poll.and_then(|id| known.polls.get(id)) {
        more.insert(polls::STANDS.into(), polls::standing(stands, Timestamp::now()));
    }
    let stands_for: Map<String, Value> = reactions::custom_emoji(update)
        .filter_map(|id| Some((id.to_owned(), json!(known.stands_for.get(id)?))))
        .collect();
    if !stands_for.is_empty() {
        more.insert(reactions::STANDS_FOR.into(), Value::Object(stands_for));
    }
    if let Value::Object(update) = update {
        update.extend(more);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::known::Chat;

    #[test]
    fn what_is_told_once_is_known_later() {
        let known = Known::default();
        let topic = |more: Value| {
            let mut message = json!({
                "message_id": 9, "chat": {"id": -1001}, "message_thread_id": 3, "is_topic_message": true,
            });
            if let (Value::Object(message), Value::Object(more)) = (&mut message, more) {
                message.extend(more);
            }
            json!({"message": message})
        };
        let opener =
            json!({"message_id": 3, "chat": {"id": -1001}, "forum_topic_created": {"name": "Boats"}});
        let poll = json!({"message": {"message_id": 5, "chat": {"id": -1001}, "poll": {"id": "77"}}});
        let stands = |update: &Value| update[polls::STANDS]["message"].clone();
        let cases: Vec<(Value, &str, Value)> = vec![
            (topic(json!({})), topics::NAME, Value::Null),
            (topic(json!({"reply_to_message": opener})), topics::NAME, json!("Boats")),
            (topic(json!({"text": "x"})), topics::NAME, json!("Boats")),
            (topic(json!({"forum_topic_edited": {"name": "Ships"}})), topics::NAME, json!("Ships")),
            (topic(json!({"reply_to_message": opener})), topics::NAME, json!("Ships")),
            (
                topic(json!({"forum_topic_edited": {"icon_custom_emoji_id": "1"}})),
                topics::NAME,
                json!("Ships"),
            ),
            (topic(json!({"message_thread_id": 4})), topics::NAME, Value::Null),
            (poll, polls::STANDS, Value::Null),
        ];
        for (mut update, key, expected) in cases {
            complete(&known, &mut update);
            assert_eq!(update.get(key).cloned().unwrap_or_default(), expected, "{update}");
        }
        for (id, message) in [("77", json!(5)), ("78", Value::Null)] {
            let mut update = json!({"poll": {"id": id}});
            complete(&known, &mut update);
            assert_eq!(stands(&update), message, "{id}");
        }
        complete(&known, &mut json!(7));
    }

    #[test]
    fn members_are_told_once() {
        let known = Known::default();
        known.asked(-1001, Chat::default());
        let joined = || json!({"message": {"chat": {"id": -1001}, "new_chat_members": []}});
        let stands = |status: &str| json!({"my_chat_member": {"chat": {"id": -1001}, "new_chat_member": {"status": status}}});
        for (status, marked) in
            [("member", false), ("administrator", true), ("member", false), ("left", false)]
        {
            complete(&known, &mut stands(status));
            let mut update = joined();
            complete(&known, &mut update);
            assert_eq!(update.get(members::TOLD).is_some(), marked, "{status}");
        }
    }
}

//! Which chats have been told to the engine in this connection: Telegram has no list of them.

use crate::{ids, news, translate};
use relay_contract::RawEvent;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

/// The most chats that are remembered. Beyond it, it begins anew, and each is told once more.
const MOST: usize = 10_000;

/// What a report is made of, and what it is told again for when it changes.
const TOLD: [&str; 4] = ["id", "type", "title", "username"];

/// What has been told.
#[derive(Default)]
pub struct Told(HashMap<i64, u64>);

impl Told {
    /// What is to be handed up in front of an update: its chat, when that is not known yet or has changed.
    pub fn before(&mut self, update: &Value) -> Option<RawEvent> {
        let carried = translate::carried(update)?;
        let chat = carried.get("chat")?.as_object()?;
        let id = chat.get("id")?.as_i64()?;
        let kind = chat.get("type").and_then(Value::as_str).unwrap_or_default();
        if !matches!(kind, "group" | "supergroup" | "channel") {
            return None;
        }
        let stands = update.get(translate::MEMBERSHIP).map(is_inside);
        if stands.is_some() {
            self.0.remove(&id);
        }
        // What has been left behind is no room to be offered.
        if stands == Some(false) || carried.get("migrate_to_chat_id").is_some() {
            self.0.remove(&id);
            return None;
        }
        let told: Map<String, Value> =
            TOLD.iter().filter_map(|name| Some(((*name).to_owned(), chat.get(*name)?.clone()))).collect();
        let told = Value::Object(told);
        let mut hasher = DefaultHasher::new();
        told.to_string().hash(&mut hasher);
        let print = hasher.finish();
        if self.0.get(&id) == Some(&print) {
            return None;
        }
        if self.0.len() >= MOST {
            self.0.clear();
        }
        self.0.insert(id, print);
        Some(RawEvent { space: ids::native(id), payload: news::seen(told), cursor: None })
    }
}

/// The part of a `ChatMember` that says whether its user is in the chat.
#[derive(Deserialize)]
struct Stands {
    status: String,
    is_member: Option<bool>,
}

/// Whether the bot is in the chat after a change of its membership.
fn is_inside(change: &Value) -> bool {
    let Some(Ok(new)) = change.get("new_chat_member").map(Stands::deserialize) else {
        return false;
    };
    match new.status.as_str() {
        "left" | "kicked" => false,
        "restricted" => new.is_member.unwrap_or(false),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn each_chat_is_told_once_and_at_each_change() {
        let mut told = Told::default();
        let group =
            |id: i64, title: &str| json!({"id": id, "type": "supergroup", "title": title, "photo": {}});
        let said = |chat: Value| json!({"update_id": 1, "message": {"chat": chat}});
        let stands =
            |status: Value| json!({"my_chat_member": {"chat": group(-1, "B"), "new_chat_member": status}});
        let cases = [
            (said(group(-1, "A")), true),
            (said(group(-1, "A")), false),
            (said(group(-2, "A")), true),
            (said(group(-1, "B")), true),
            (json!({"edited_message": {"chat": group(-1, "B")}}), false),
            (said(json!({"id": -1, "type": "supergroup", "title": "B", "username": "b"})), true),
            (said(json!({"id": 5, "type": "private", "first_name": "Ada"})), false),
            (json!({"channel_post": {"chat": {"id": -3, "type": "channel", "title": "News"}}}), true),
            (stands(json!({"status": "administrator"})), true),
            (stands(json!({"status": "restricted", "is_member": false})), false),
            (stands(json!({"status": "kicked"})), false),
            (stands(json!({"status": "member"})), true),
            (stands(json!({"status": "restricted", "is_member": true})), true),
            (said(group(-1, "B")), false),
            (stands(json!("odd")), false),
            (said(group(-1, "B")), true),
            (json!({"message": {"chat": group(-2, "A"), "migrate_to_chat_id": -1002}}), false),
            (said(group(-2, "A")), true),
            (said(json!({"type": "group"})), false),
            (json!("odd"), false),
        ];
        for (at, (update, expected)) in cases.into_iter().enumerate() {
            let before = told.before(&update);
            assert_eq!(before.is_some(), expected, "{at}: {update}");
            assert!(before.is_none_or(|event| event.cursor.is_none()));
        }
    }

    #[test]
    fn no_more_is_remembered_than_was_promised() {
        let mut told = Told::default();
        for id in 1..=i64::try_from(MOST).unwrap_or(0) + 5 {
            told.before(&json!({"message": {"chat": {"id": -id, "type": "group", "title": "A"}}}));
        }
        assert_eq!(told.0.len(), 5);
    }
}

//! People who join and leave.
//!
//! An administrator is told of every change; others see the service messages, which a group may hide when it is large. Where both
//! come, the changes count.

use crate::own::Own;
use crate::{ids, translate, wire};
use relay_contract::{Author, Envelope, Event, MemberChange, Timestamp, Translation};
use serde::Deserialize;
use serde_json::Value;

/// The kind of update that tells of a change; of administrators among the bots alone.
pub const KIND: &str = "chat_member";

/// What `listen` adds to a message in a chat where the changes are told.
pub const TOLD: &str = "relay_members_told";

/// A `ChatMember`. Source: <https://core.telegram.org/bots/api#chatmember>.
#[derive(Debug, Deserialize)]
pub struct Member {
    status: String,
    user: wire::User,
    /// Of a restricted one.
    is_member: Option<bool>,
}

impl Member {
    /// Whether they are in the chat.
    pub fn is_inside(&self) -> bool {
        match self.status.as_str() {
            "left" | "kicked" => false,
            "restricted" => self.is_member.unwrap_or(false),
            _ => true,
        }
    }
}

/// A `ChatMemberUpdated`. Source: <https://core.telegram.org/bots/api#chatmemberupdated>.
#[derive(Debug, Deserialize)]
struct Change {
    chat: wire::Chat,
    #[serde(default)]
    date: i64,
    old_chat_member: Member,
    new_chat_member: Member,
}

/// A change of somebody's membership.
pub fn update(payload: &Value, change: &Value, own: &Own) -> Translation {
    let change = match Change::deserialize(change) {
        Ok(change) => change,
        Err(error) => return Translation::Unreadable(format!("not a change of a member: {error}")),
    };
    let told = match (change.old_chat_member.is_inside(), change.new_chat_member.is_inside()) {
        (false, true) => MemberChange::Joined,
        (true, false) => MemberChange::Left,
        _ => return Translation::Ignored("rights of a member"),
    };
    let version = match payload.get("update_id").and_then(Value::as_i64) {
        Some(id) => id.to_string(),
        None => format!("at {}", change.date),
    };
    let who = translate::person(&change.new_chat_member.user, own.id);
    Translation::Events(vec![envelope(change.chat.id, change.date, who, told, version)])
}

/// What a service message tells of; none when it tells of no member.
pub fn service(payload: &Value, message: &wire::Message, own: &Own) -> Option<Translation> {
    let joined = message.rest.get("new_chat_members").map(|all| (all, MemberChange::Joined));
    let left = || message.rest.get("left_chat_member").map(|one| (one, MemberChange::Left));
    let (who, change) = joined.or_else(left)?;
    if payload.get(TOLD).is_some() {
        return Some(Translation::Ignored("told as a change of a member"));
    }
    let who = match who {
        Value::Array(all) => all.as_slice(),
        one => std::slice::from_ref(one),
    };
    let users = who.iter().filter_map(|one| wire::User::deserialize(one).ok());
    // What becomes of the bot itself is news of the chat, and told as such.
    let people = users.filter(|user| own.id != Some(user.id)).map(|user| translate::person(&user, own.id));
    let version = |who: &Author| format!("message {} {}", message.message_id, who.id);
    let told: Vec<_> = people
        .map(|who| {
            let version = version(&who);
            envelope(message.chat.id, message.date, who, change.clone(), version)
        })
        .collect();
    Some(if told.is_empty() { Translation::Ignored("service message") } else { Translation::Events(told) })
}

fn envelope(chat: i64, date: i64, who: Author, change: MemberChange, version: String) -> Envelope {
    let at = Timestamp(date.saturating_mul(1_000));
    Envelope { origin: ids::room(chat), author: Some(who), at, event: Event::Member { change, version } }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn shown(translation: Translation) -> String {
        let one = |one: &Envelope| match &one.event {
            Event::Member { change, version } => {
                format!("{} {change:?} {version}", one.author.as_ref().map_or("", |who| who.name.as_str()))
            }
            other => format!("{other:?}"),
        };
        match translation {
            Translation::Events(all) => all.iter().map(one).collect::<Vec<_>>().join(", "),
            other => format!("{other:?}"),
        }
    }

    fn own() -> Own {
        Own { id: Some(7_000), username: None }
    }

    #[test]
    fn changes() {
        let member = |status: &str, is_member: bool| json!({"status": status, "is_member": is_member, "user": {"id": 5, "first_name": "Ada"}});
        let cases = [
            (member("left", false), member("member", true), "Ada Joined 77"),
            (member("kicked", false), member("restricted", true), "Ada Joined 77"),
            (member("member", true), member("left", false), "Ada Left 77"),
            (member("administrator", true), member("kicked", false), "Ada Left 77"),
            (member("restricted", true), member("restricted", false), "Ada Left 77"),
            (member("member", true), member("administrator", true), "Ignored(\"rights of a member\")"),
            (member("left", true), member("kicked", true), "Ignored(\"rights of a member\")"),
        ];
        for (old, new, expected) in cases {
            let payload = json!({"update_id": 77, KIND: {
                "chat": {"id": -1001}, "date": 5, "old_chat_member": old, "new_chat_member": new,
            }});
            assert_eq!(shown(update(&payload, &payload[KIND], &own())), expected, "{payload}");
        }
        assert!(matches!(update(&json!({}), &json!({"chat": 7}), &own()), Translation::Unreadable(_)));
    }

    #[test]
    fn service_messages() {
        let user = |id: i64, name: &str| json!({"id": id, "first_name": name});
        let cases = [
            (
                json!({"new_chat_members": [user(5, "Ada"), user(6, "Ivo")]}),
                Some("Ada Joined message 9 5, Ivo Joined message 9 6"),
            ),
            (json!({"left_chat_member": user(5, "Ada")}), Some("Ada Left message 9 5")),
            (json!({"new_chat_members": [user(7_000, "Relay")]}), Some("Ignored(\"service message\")")),
            (json!({"new_chat_members": 7}), Some("Ignored(\"service message\")")),
            (json!({"text": "x"}), None),
        ];
        for (fields, expected) in cases {
            let mut message = json!({"message_id": 9, "date": 5, "chat": {"id": -1001}});
            if let (Value::Object(message), Value::Object(fields)) = (&mut message, fields.clone()) {
                message.extend(fields);
            }
            let message = wire::Message::deserialize(message).unwrap();
            let told = service(&json!({}), &message, &own()).map(shown);
            assert_eq!(told.as_deref(), expected, "{fields}");
            let twice = service(&json!({TOLD: true}), &message, &own());
            assert!(twice.is_none_or(|told| matches!(told, Translation::Ignored(_))), "{fields}");
        }
    }
}

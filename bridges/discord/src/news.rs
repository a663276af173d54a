//! Gateway events → what became of a room. Pure. Whether one is worth telling was decided when it was heard.

use crate::translate::Beside;
use relay_contract::{NativeId, RoomNews, Translation};
use serde_json::Value;

/// What an event about a guild or a channel means; `None` for other kinds.
pub fn of(kind: &str, native: &Value, beside: &Beside) -> Option<Translation> {
    let id = |key: &str| native.get(key).and_then(Value::as_str).map(NativeId::from);
    let (concerns, news): (_, fn(NativeId) -> RoomNews) = match kind {
        // What holds in a channel holds in its threads too.
        "CHANNEL_UPDATE" if native.get("threads").and_then(Value::as_bool) == Some(true) => {
            (id("guild_id"), RoomNews::SpaceChanged)
        }
        "CHANNEL_UPDATE" | "CHANNEL_DELETE" | "THREAD_CREATE" | "THREAD_UPDATE" | "THREAD_DELETE" => {
            (id("id"), RoomNews::Changed)
        }
        "GUILD_DELETE" if native.get("unavailable").and_then(Value::as_bool) == Some(true) => {
            return Some(Translation::Ignored("outage"));
        }
        "GUILD_CREATE" | "GUILD_UPDATE" | "GUILD_DELETE" => (id("id"), RoomNews::SpaceChanged),
        "GUILD_ROLE_UPDATE" | "GUILD_ROLE_DELETE" => (id("guild_id"), RoomNews::SpaceChanged),
        "GUILD_MEMBER_UPDATE" => {
            let user = native.get("user").and_then(|user| user.get("id")).and_then(Value::as_str);
            if user.is_none_or(|user| user != beside.user) {
                return Some(Translation::Ignored("somebody else's roles"));
            }
            (id("guild_id"), RoomNews::SpaceChanged)
        }
        _ => return None,
    };
    Some(match concerns {
        Some(concerns) => Translation::Room(news(concerns)),
        None => Translation::Unreadable(format!("{kind}: it does not say what it concerns")),
    })
}

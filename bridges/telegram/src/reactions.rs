//! Reactions, both ways.
//!
//! Telegram writes its emoji without the variation selector that others write; here they are written with it.

use crate::own::Own;
use crate::{ids, translate, wire};
use relay_contract::{Emoji, Envelope, Event, Timestamp, Translation};
use serde::Deserialize;
use serde_json::Value;

/// The kind of update that tells of a change of somebody's reactions; of administrators among the bots alone.
pub const KIND: &str = "message_reaction";

/// The kind of update that counts reactions without saying whose they are: of channels.
pub const COUNTED: &str = "message_reaction_count";

/// What `listen` adds to an update: the emoji that stands for each custom one.
pub const STANDS_FOR: &str = "relay_stands_for";

/// The emoji that a bot may react with. Source: <https://core.telegram.org/bots/api#reactiontypeemoji>.
const ALLOWED: [&str; 73] = [
    "👍",
    "👎",
    "❤️",
    "🔥",
    "🥰",
    "👏",
    "😁",
    "🤔",
    "🤯",
    "😱",
    "🤬",
    "😢",
    "🎉",
    "🤩",
    "🤮",
    "💩",
    "🙏",
    "👌",
    "🕊️",
    "🤡",
    "🥱",
    "🥴",
    "😍",
    "🐳",
    "❤️\u{200d}🔥",
    "🌚",
    "🌭",
    "💯",
    "🤣",
    "⚡",
    "🍌",
    "🏆",
    "💔",
    "🤨",
    "😐",
    "🍓",
    "🍾",
    "💋",
    "🖕",
    "😈",
    "😴",
    "😭",
    "🤓",
    "👻",
    "👨\u{200d}💻",
    "👀",
    "🎃",
    "🙈",
    "😇",
    "😨",
    "🤝",
    "✍️",
    "🤗",
    "🫡",
    "🎅",
    "🎄",
    "☃️",
    "💅",
    "🤪",
    "🗿",
    "🆒",
    "💘",
    "🙉",
    "🦄",
    "😘",
    "💊",
    "🙊",
    "😎",
    "👾",
    "🤷\u{200d}♂️",
    "🤷",
    "🤷\u{200d}♀️",
    "😡",
];

fn bare(emoji: &str) -> String {
    emoji.replace('\u{fe0f}', "")
}

/// As Telegram writes it; none when a bot may not react with it. What is allowed in one chat alone is the engine's to try.
pub fn written(emoji: &Emoji) -> Option<String> {
    let bare_name = bare(&emoji.name);
    ALLOWED.iter().map(|allowed| bare(allowed)).find(|allowed| *allowed == bare_name)
}

/// As others write it.
fn read(emoji: &str) -> String {
    let known = ALLOWED.iter().find(|allowed| bare(allowed) == bare(emoji));
    known.map_or_else(|| emoji.to_owned(), |known| (*known).to_owned())
}

/// A `MessageReactionUpdated`. Source: <https://core.telegram.org/bots/api#messagereactionupdated>.
#[derive(Deserialize)]
struct Change {
    chat: wire::Chat,
    message_id: i64,
    user: Option<wire::User>,
    actor_chat: Option<wire::Chat>,
    #[serde(default)]
    date: i64,
    #[serde(default)]
    old_reaction: Vec<Value>,
    #[serde(default)]
    new_reaction: Vec<Value>,
}

/// What somebody took back, then what they added.
pub fn update(payload: &Value, change: &Value, own: &Own) -> Translation {
    let change = match Change::deserialize(change) {
        Ok(change) => change,
        Err(error) => return Translation::Unreadable(format!("not a Telegram reaction: {error}")),
    };
    let author = match (&change.user, &change.actor_chat) {
        (Some(user), _) => translate::person(user, own.id),
        (None, Some(chat)) => translate::chat_author(chat),
        (None, None) => return Translation::Ignored("anonymous reaction"),
    };
    let version = match payload.get("update_id").and_then(Value::as_i64) {
        Some(id) => id.to_string(),
        None => format!("at {}", change.date),
    };
    let stands_for = payload.get(STANDS_FOR);
    let gone =
        change.old_reaction.iter().filter(|one| !change.new_reaction.contains(one)).map(|one| (one, false));
    let new =
        change.new_reaction.iter().filter(|one| !change.old_reaction.contains(one)).map(|one| (one, true));
    let told: Vec<Envelope> = gone
        .chain(new)
        .filter_map(|(one, added)| {
            let (target, emoji) = (ids::native(change.message_id), emoji(one, stands_for)?);
            let event = Event::Reacted { target, emoji, added, version: version.clone() };
            let (origin, author) = (ids::room(change.chat.id), Some(author.clone()));
            Some(Envelope { origin, author, at: Timestamp(change.date.saturating_mul(1_000)), event })
        })
        .collect();
    if told.is_empty() {
        Translation::Ignored("reaction without an emoji")
    } else {
        Translation::Events(told)
    }
}

/// A `ReactionType`; none for one that is paid for, which is no emoji.
fn emoji(reaction: &Value, stands_for: Option<&Value>) -> Option<Emoji> {
    let text = |name: &str| reaction.get(name).and_then(Value::as_str).filter(|text| !text.trim().is_empty());
    if let Some(id) = custom(reaction) {
        let known = stands_for.and_then(|all| all.get(id)?.as_str());
        return Some(Emoji { name: known.map_or_else(|| id.to_owned(), read), id: Some(id.into()) });
    }
    text("emoji").map(|emoji| Emoji { name: read(emoji), id: None })
}

fn custom(reaction: &Value) -> Option<&str> {
    reaction.get("custom_emoji_id")?.as_str().filter(|id| !id.is_empty())
}

/// The ids of the custom emoji in an update.
pub fn custom_emoji(update: &Value) -> impl Iterator<Item = &str> {
    let change = update.get(KIND);
    let lists =
        ["old_reaction", "new_reaction"].into_iter().filter_map(move |list| change?.get(list)?.as_array());
    lists.flatten().filter_map(custom)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_a_bot_may_react_with() {
        let cases = [
            ("👍", Some("👍")),
            ("❤️", Some("❤")),
            ("❤", Some("❤")),
            ("🤷\u{200d}♀️", Some("🤷\u{200d}♀")),
            ("❤️\u{200d}🔥", Some("❤\u{200d}🔥")),
            ("👍🏽", None),
            ("🦉", None),
            ("owl", None),
            ("", None),
        ];
        for (emoji, expected) in cases {
            let emoji = Emoji { name: emoji.into(), id: None };
            assert_eq!(written(&emoji).as_deref(), expected, "{emoji:?}");
        }
        let all: std::collections::BTreeSet<_> = ALLOWED.iter().map(|emoji| bare(emoji)).collect();
        assert_eq!(all.len(), ALLOWED.len());
    }

    fn told(more: Value) -> String {
        let mut change = json!({
            "chat": {"id": -1001, "type": "supergroup"}, "message_id": 9, "date": 5,
            "user": {"id": 5, "is_bot": false, "first_name": "Ada"}, "old_reaction": [], "new_reaction": [],
        });
        if let (Value::Object(change), Value::Object(more)) = (&mut change, more) {
            change.extend(more);
        }
        let payload = json!({"update_id": 77, KIND: change, STANDS_FOR: {"42": "🦉"}});
        match update(&payload, &payload[KIND], &Own { id: Some(7_000), username: None }) {
            Translation::Events(all) => {
                let one = |one: &Envelope| match &one.event {
                    Event::Reacted { target, emoji, added, version } => format!(
                        "{}{}{} {target} {version} {:?} {}",
                        if *added { "+" } else { "-" },
                        emoji.name,
                        emoji.id.as_ref().map(|id| format!("#{id}")).unwrap_or_default(),
                        one.author.as_ref().unwrap().standing,
                        one.author.as_ref().unwrap().name,
                    ),
                    other => format!("{other:?}"),
                };
                all.iter().map(one).collect::<Vec<_>>().join(", ")
            }
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn changes_of_reactions() {
        let emoji = |emoji: &str| json!({"type": "emoji", "emoji": emoji});
        let custom = |id: &str| json!({"type": "custom_emoji", "custom_emoji_id": id});
        let bot = json!({"id": 7_000, "is_bot": true, "first_name": "Relay"});
        let group = json!({"id": -1001, "type": "supergroup", "title": "Hikers"});
        let cases = [
            (json!({"new_reaction": [emoji("❤")]}), "+❤️ 9 77 Person Ada"),
            (
                json!({"old_reaction": [emoji("👍")], "new_reaction": [emoji("👎")]}),
                "-👍 9 77 Person Ada, +👎 9 77 Person Ada",
            ),
            (
                json!({"old_reaction": [emoji("👍")], "new_reaction": [emoji("👍"), custom("42")]}),
                "+🦉#42 9 77 Person Ada",
            ),
            (json!({"new_reaction": [custom("43")]}), "+43#43 9 77 Person Ada"),
            (json!({"new_reaction": [emoji("👍")], "user": bot}), "+👍 9 77 Relay Relay"),
            (
                json!({"new_reaction": [emoji("👍")], "user": null, "actor_chat": group}),
                "+👍 9 77 Person Hikers",
            ),
            (json!({"new_reaction": [emoji("👍")], "user": null}), "Ignored(\"anonymous reaction\")"),
            (json!({"new_reaction": [{"type": "paid"}, 7]}), "Ignored(\"reaction without an emoji\")"),
            (json!({}), "Ignored(\"reaction without an emoji\")"),
        ];
        for (more, expected) in cases {
            assert_eq!(told(more.clone()), expected, "{more}");
        }
        assert!(told(json!({"chat": 7})).starts_with("Unreadable"));
    }
}

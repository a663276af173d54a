//! What the asker may want next, as buttons below an answer, and what a click on one says.
//!
//! An answer may stand in its asker's private chat with the bot and be about a group: its buttons name that group. Since a client
//! can send any words, a click counts there only if whoever clicks is in that group, which is asked before it is handed up.
//!
//! Source: <https://core.telegram.org/bots/api#inlinekeyboardbutton> and <https://core.telegram.org/bots/api#callbackquery>.

use crate::api::{Answer, Api, CallError};
use crate::commands::Origin;
use crate::members::Member;
use crate::own::Own;
use crate::{ids, topics, wire};
use relay_contract::{Ask, Asker, Call, Offer, SpaceRef, Timestamp, Translation};
use serde::Deserialize;
use serde_json::{Value, json};
use std::time::Duration;
use teloxide::payloads::GetChatMember;
use teloxide::types::{ChatId, UserId};

/// The kind of update that tells of a click.
pub const KIND: &str = "callback_query";
/// What `listen` adds to such an update: when it was heard, and whether it may count.
const BESIDE: &str = "relay_click";

/// What our buttons say begins with this.
const OURS: &str = "relay:";
/// Bytes of what a button says.
const LONGEST: usize = 64;
/// Buttons of an answer, and characters of a label that a telephone shows.
const MOST: usize = 25;
const LONGEST_LABEL: usize = 64;
/// The questions about a click: people are waiting.
const QUESTION: Duration = Duration::from_secs(2);

/// What `listen` found out about a click.
#[derive(Debug, Default, serde::Serialize, Deserialize)]
struct Beside {
    /// By this machine's clock: Telegram does not tell when somebody clicked.
    heard: i64,
    /// Telegram has given up on it: nobody waits for it any more.
    late: bool,
    /// Whoever clicked is in the group that the button names.
    inside: bool,
}

/// A `CallbackQuery`, as far as it is read.
#[derive(Deserialize)]
struct Click {
    id: String,
    from: wire::User,
    /// Without a sender where the bot cannot see it any more.
    #[serde(default)]
    message: Option<wire::Message>,
    #[serde(default)]
    data: Option<String>,
}

impl Click {
    fn of(update: &Value) -> Option<Self> {
        Self::deserialize(update.get(KIND)?).ok()
    }

    /// The group that the button names, and the words.
    fn said(&self) -> Option<(Option<i64>, &str)> {
        let said = self.data.as_deref()?.strip_prefix(OURS)?;
        let Some((chat, words)) = said.split_once(':') else { return Some((None, said)) };
        match chat.parse::<i64>() {
            Ok(chat) if chat < 0 => Some((Some(chat), words)),
            _ => Some((None, said)),
        }
    }
}

/// The buttons below an answer, one a row: telephones are narrow. `about` is the group that an answer in a private chat is about.
pub fn markup(offers: &[Offer], about: Option<i64>) -> Option<Value> {
    let chat = about.map(|chat| format!("{chat}:")).unwrap_or_default();
    let button = |offer: &Offer| {
        let data = format!("{OURS}{chat}{}", offer.words);
        let label: String = offer.label.trim().chars().take(LONGEST_LABEL).collect();
        if data.len() > LONGEST || label.is_empty() {
            return None;
        }
        let mut button = json!({ "text": label, "callback_data": data });
        if offer.grave {
            button["style"] = json!("danger");
        }
        Some(json!([button]))
    };
    let rows: Vec<Value> = offers.iter().filter_map(button).take(MOST).collect();
    (!rows.is_empty()).then(|| json!({ "inline_keyboard": rows }))
}

/// Answers each click, so that the client stops to turn its wheel, and notes what is to be known of it.
pub async fn take(api: &Api, updates: &mut [Value], now: Timestamp) {
    let clicks = updates.iter_mut().filter_map(|update| Some((Click::of(update)?, update)));
    let each = clicks.map(|(click, update)| async move {
        let (late, inside) = futures::join!(answered_late(api, &click), is_inside(api, &click));
        let beside = Beside { heard: now.0, late, inside };
        if let (Value::Object(update), Ok(beside)) = (update, serde_json::to_value(beside)) {
            update.insert(BESIDE.to_owned(), beside);
        }
    });
    futures::future::join_all(each).await;
}

/// Whether Telegram says that the click is too old. In doubt it is not.
async fn answered_late(api: &Api, click: &Click) -> bool {
    let fields = json!({ "callback_query_id": click.id });
    let answered: Result<Value, _> = api.named("AnswerCallbackQuery", &fields, QUESTION).await;
    matches!(answered, Err(CallError::Answered(Answer { code: 400, .. })))
}

/// Whether whoever clicked is in the group that the button names. In doubt they are not.
async fn is_inside(api: &Api, click: &Click) -> bool {
    let Some((Some(chat), _)) = click.said() else { return false };
    let question = GetChatMember::new(ChatId(chat), UserId(click.from.id.unsigned_abs()));
    api.call::<_, Member>(&question, QUESTION).await.is_ok_and(|member| member.is_inside())
}

/// What a click means.
pub fn update(payload: &Value, own: &Own) -> Translation {
    let Some(click) = Click::of(payload) else { return Translation::Ignored("a click that cannot be read") };
    let beside = payload.get(BESIDE).and_then(|beside| Beside::deserialize(beside).ok()).unwrap_or_default();
    let Some((about, words)) = click.said() else { return Translation::Ignored("not a button of ours") };
    let Some(message) = &click.message else { return Translation::Ignored("a click on no message") };
    // Of a message that cannot be seen any more nothing tells whose it is.
    let is_ours = message.from.as_ref().is_some_and(|from| Some(from.id) == own.id);
    let chat = match about {
        _ if !is_ours || click.from.is_bot => return Translation::Ignored("not a button of ours"),
        _ if beside.late => return Translation::Ignored("a click of long ago"),
        Some(_) if message.chat.id < 0 || !beside.inside => {
            return Translation::Ignored("a click for a group of others");
        }
        Some(chat) => chat,
        None => message.chat.id,
    };
    // What is answered goes to the chat that it is about; there is nothing to answer to in another one.
    let here = about.is_none();
    let origin = Origin {
        chat,
        message: if here { message.message_id } else { 0 },
        topic: topics::id(message).filter(|_| here),
        person: Some(click.from.id),
        for_chat: false,
    };
    let Ok(reply) = serde_json::to_value(origin) else { return Translation::Ignored("a click") };
    let name = if here { message.chat.name() } else { chat.to_string() };
    Translation::Command(Call {
        room: ids::room(chat),
        space: SpaceRef { id: ids::native(chat), name },
        asker: Asker { id: ids::native(click.from.id), name: click.from.name() },
        locale: click.from.language_code.clone(),
        ask: Ask::parse(words),
        at: Timestamp(beside.heard),
        message: None,
        reply,
    })
}

/// The chat that a click is about.
pub fn chat(update: &Value) -> Option<i64> {
    let click = Click::of(update)?;
    match click.said() {
        Some((Some(chat), _)) => Some(chat),
        _ => click.message.map(|message| message.chat.id),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn offer(label: &str, words: &str, grave: bool) -> Offer {
        Offer { label: label.to_owned(), words: words.to_owned(), grave }
    }

    #[test]
    fn only_what_telegram_takes_becomes_a_button() {
        let long = "x".repeat(59);
        let offers =
            [offer("Status", "status", false), offer("Go", "forget yes", true), offer("x", &long, false)];
        let markup = |about| markup(&offers, about).unwrap()["inline_keyboard"].clone();
        let here = json!([
            [{ "text": "Status", "callback_data": "relay:status" }],
            [{ "text": "Go", "callback_data": "relay:forget yes", "style": "danger" }],
        ]);
        assert_eq!(markup(None), here);
        assert_eq!(markup(Some(-1001))[0][0]["callback_data"], "relay:-1001:status");
        assert_eq!(super::markup(&[offer("x", &long, false)], None), None);
        // 64 bytes, not characters.
        assert!(super::markup(&[offer("x", &"ä".repeat(29), false)], None).is_some());
        assert!(super::markup(&[offer("x", &"ä".repeat(30), false)], None).is_none());
    }

    #[test]
    fn which_clicks_are_commands() {
        let own = Own { id: Some(7_000), username: None };
        let bot = json!({ "id": 7_000, "is_bot": true, "first_name": "Relay" });
        let there =
            |chat: i64| json!({ "message_id": 9, "chat": { "id": chat, "title": "Hikers" }, "from": bot });
        let beside = json!({ "heard": 5, "late": false, "inside": true });
        let clicked = |data: &str, message: Value, beside: &Value| {
            let from = json!({ "id": 5, "is_bot": false, "first_name": "Ada", "language_code": "de" });
            let query = json!({ "id": "1", "from": from, "message": message, "data": data });
            update(&json!({ KIND: query, BESIDE: beside }), &own)
        };
        let call = |told: Translation| match told {
            Translation::Command(call) => call,
            other => panic!("{other:?}"),
        };
        let here = call(clicked("relay:connect lobby yes", there(-1001), &beside));
        assert_eq!(here.ask, Ask::Connect { channel: "lobby".into(), sure: true });
        assert_eq!((here.room, here.asker.id.as_str(), here.at), (ids::room(-1001), "5", Timestamp(5)));
        assert_eq!(here.locale.as_deref(), Some("de"));
        let origin = Origin::deserialize(here.reply).unwrap();
        assert_eq!((origin.chat, origin.message, origin.person), (-1001, 9, Some(5)));
        let far = call(clicked("relay:-1001:status", there(5), &beside));
        assert_eq!((far.room, Origin::deserialize(far.reply).unwrap().message), (ids::room(-1001), 0));
        // What stands before a colon is a group only if it can be one.
        let odd = call(clicked("relay:connect a:b", there(-1001), &beside));
        assert_eq!(odd.ask, Ask::Connect { channel: "a:b".into(), sure: false });
        let mut others = there(-1001);
        others["from"]["id"] = json!(7_001);
        let outside = json!({ "heard": 5, "late": false, "inside": false });
        let late = json!({ "heard": 5, "late": true, "inside": true });
        let gone = json!({ "message_id": 9, "date": 0, "chat": { "id": -1001 } });
        for (data, message, beside, why) in [
            ("other:status", there(-1001), &beside, "not a button of ours"),
            ("relay:status", others, &beside, "not a button of ours"),
            ("relay:status", gone, &beside, "not a button of ours"),
            ("relay:status", Value::Null, &beside, "a click on no message"),
            ("relay:status", there(-1001), &late, "a click of long ago"),
            ("relay:-1001:status", there(5), &outside, "a click for a group of others"),
            ("relay:-1001:status", there(-1002), &beside, "a click for a group of others"),
        ] {
            assert_eq!(clicked(data, message, beside), Translation::Ignored(why), "{data}");
        }
    }
}

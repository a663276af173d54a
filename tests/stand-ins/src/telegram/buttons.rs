//! Buttons below a bot's message, and what a bot is told of a click.
//!
//! Source: <https://core.telegram.org/bots/api#inlinekeyboardmarkup> and <https://core.telegram.org/bots/api#callbackquery>.

use super::server::Failure;
use super::state::{State, User};
use super::wire;
use crate::parameters::Parameters;
use crate::people::{Refused, SeenButton};
use serde_json::{Value, json};

/// Bytes of what a button says to the bot, and buttons of a message.
const LONGEST_DATA: usize = 64;
const MOST: usize = 100;
/// Characters of what is shown to whoever clicked.
const LONGEST_TEXT: usize = 200;
/// How many clicks wait for an answer.
const KEPT: usize = 1_000;

/// The buttons of a request, checked; none where it has none.
pub fn read(given: &Parameters) -> Result<Option<Value>, Failure> {
    let markup = given.json("reply_markup").map_err(Failure::bad)?;
    let Some(markup) = markup.filter(|markup| markup.get("inline_keyboard").is_some()) else {
        return Ok(None);
    };
    let rows = markup["inline_keyboard"].as_array().cloned().unwrap_or_default();
    let buttons: Vec<&Value> = rows.iter().filter_map(Value::as_array).flatten().collect();
    if buttons.len() > MOST {
        return Err(Failure::bad("REPLY_MARKUP_TOO_LONG"));
    }
    for button in &buttons {
        if button["text"].as_str().is_none_or(|text| text.trim().is_empty()) {
            return Err(Failure::bad("can't parse inline keyboard button: Field \"text\" must be non-empty"));
        }
        let data = button["callback_data"].as_str();
        match data {
            None => return Err(Failure::bad("BUTTON_TYPE_INVALID")),
            Some(data) if !(1..=LONGEST_DATA).contains(&data.len()) => {
                return Err(Failure::bad("BUTTON_DATA_INVALID"));
            }
            Some(_) => {}
        }
    }
    Ok((!buttons.is_empty()).then_some(markup))
}

/// The same as people see them.
pub fn seen(markup: Option<&Value>) -> Vec<SeenButton> {
    let rows = markup.and_then(|markup| markup["inline_keyboard"].as_array());
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let button = |it: &Value| SeenButton {
        label: text(&it["text"]),
        grave: it["style"] == "danger",
        data: text(&it["callback_data"]),
    };
    rows.into_iter().flatten().filter_map(Value::as_array).flatten().map(button).collect()
}

/// A person clicks on the button with this text below a message. Answers the id of the query.
pub fn click(state: &mut State, who: &User, chat: i64, (id, label): (i64, &str)) -> Result<String, Refused> {
    let message = state.message(chat, id).cloned();
    let message = message.ok_or_else(|| Refused::Unknown("message", id.to_string()))?;
    let button = seen(message.markup.as_ref()).into_iter().find(|button| button.label == label);
    let button = button.ok_or_else(|| Refused::Unknown("button", label.to_owned()))?;
    let place = state.chat(chat).ok_or_else(|| Refused::Unknown("room", chat.to_string()))?;
    let told = state.wire_message(place, &message, true);
    let query = rand::random::<u64>().to_string();
    let update = json!({
        "id": query, "from": wire::user(who), "message": told, "chat_instance": (chat ^ 0x5a5a).to_string(),
        "data": button.data,
    });
    let Some(bot) = state.bots.iter_mut().find(|bot| bot.user.id == message.from.id) else {
        return Err(Refused::Impossible("people's messages have no buttons".into()));
    };
    bot.queue.push("callback_query", update, None);
    if state.clicks.len() >= KEPT {
        state.clicks.pop_front();
    }
    state.clicks.push_back((query.clone(), message.from.id));
    Ok(query)
}

/// `answerCallbackQuery`: the client stops to turn its wheel.
pub fn answer(state: &mut State, bot: i64, given: &Parameters) -> Result<Value, Failure> {
    let id = given.text("callback_query_id").unwrap_or_default();
    if given.text("text").is_some_and(|text| text.chars().count() > LONGEST_TEXT) {
        return Err(Failure::bad("MESSAGE_TOO_LONG"));
    }
    let found = state.clicks.iter().position(|(query, of)| *query == id && *of == bot);
    let Some(found) = found else {
        let says = "query is too old and response timeout expired or query ID is invalid";
        return Err(Failure::bad(says));
    };
    state.clicks.remove(found);
    Ok(json!(true))
}

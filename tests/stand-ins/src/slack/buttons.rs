//! Buttons in blocks of actions: what Slack takes, what people see of them, and what an app is told of a click.
//!
//! Source: <https://docs.slack.dev/reference/block-kit/blocks/actions-block>, `…/block-elements/button-element` and
//! <https://docs.slack.dev/reference/interaction-payloads/block_actions-payload>.

use super::commands::trigger;
use super::events::Kind;
use super::state::{Author, Room, State};
use crate::people::{Refused, SeenButton};
use serde_json::{Value, json};
use std::collections::HashSet;

/// Elements of a block, and characters of a button's text, id and value.
const MOST: usize = 25;
const LONGEST_TEXT: usize = 75;
const LONGEST_ID: usize = 255;
const LONGEST_VALUE: usize = 2_000;

/// Whether a block of actions has only buttons that Slack takes.
pub fn sound(block: &Value) -> bool {
    let elements = block["elements"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut ids = HashSet::new();
    let proper = |button: &Value| {
        let text = button["text"]["text"].as_str().unwrap_or_default().chars().count();
        let id = button["action_id"].as_str().unwrap_or_default();
        button["type"] == "button"
            && button["text"]["type"] == "plain_text"
            && (1..=LONGEST_TEXT).contains(&text)
            && (1..=LONGEST_ID).contains(&id.chars().count())
            && button["value"].as_str().is_none_or(|value| value.chars().count() <= LONGEST_VALUE)
            && button["style"].as_str().is_none_or(|style| ["primary", "danger"].contains(&style))
    };
    let is_new = |button: &Value| ids.insert(button["action_id"].as_str().unwrap_or_default().to_owned());
    (1..=MOST).contains(&elements.len()) && elements.iter().all(proper) && elements.iter().all(is_new)
}

/// The buttons of a message, each with the block that it stands in.
fn all(blocks: Option<&Value>) -> impl Iterator<Item = (&Value, &Value)> {
    let blocks = blocks.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let actions = blocks.iter().filter(|block| block["type"] == "actions");
    actions.flat_map(|block| {
        let elements = block["elements"].as_array().map(Vec::as_slice).unwrap_or_default();
        elements.iter().filter(|element| element["type"] == "button").map(move |button| (block, button))
    })
}

/// The same as people see them.
pub fn seen(blocks: Option<&Value>) -> Vec<SeenButton> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let button = |(_, button): (&Value, &Value)| SeenButton {
        label: text(&button["text"]["text"]),
        grave: button["style"] == "danger",
        data: text(&button["value"]),
    };
    all(blocks).map(button).collect()
}

/// A person clicks on the button with this text below a message that they see. Answers the trigger id.
pub fn click(
    state: &mut State,
    room: &Room,
    person: &str,
    (ts, label): (&str, &str),
    connected: impl Fn(usize) -> bool,
) -> Result<String, Refused> {
    let person = state.person(person)?.clone();
    let message = state.said.get(&room.id, ts).filter(|it| !it.deleted);
    let message = message.filter(|it| it.only_for.as_ref().is_none_or(|only| *only == person.id));
    let message = message.cloned().ok_or_else(|| Refused::Unknown("message", ts.to_owned()))?;
    let found = all(message.custom.blocks.as_ref()).find(|(_, button)| button["text"]["text"] == label);
    let (block, button) = found.ok_or_else(|| Refused::Unknown("button", label.to_owned()))?;
    let Author::App(app) = message.author else {
        return Err(Refused::Impossible("people's messages have no buttons".into()));
    };
    if !connected(app) {
        return Err(Refused::Impossible("the app did not respond".into()));
    }
    let trigger = trigger(state);
    let mut action = json!({
        "type": "button", "block_id": block["block_id"], "action_id": button["action_id"], "text": button["text"],
        "value": button["value"], "action_ts": state.last_ts(),
    });
    if button["style"].is_string() {
        action["style"] = button["style"].clone();
    }
    let mut container = json!({
        "type": "message", "message_ts": ts, "channel_id": room.id, "is_ephemeral": message.only_for.is_some(),
    });
    if let Some(thread) = &message.thread {
        container["thread_ts"] = json!(thread);
    }
    let mut payload = json!({
        "type": "block_actions", "token": "unused", "trigger_id": trigger, "container": container,
        "api_app_id": state.apps.get(app).map(|app| app.id.clone()), "enterprise": null, "is_enterprise_install": false,
        "user": { "id": person.id, "username": person.handle, "name": person.handle, "team_id": state.team },
        "team": { "id": state.team, "domain": state.team_name.to_lowercase() },
        "channel": { "id": room.id, "name": room.name }, "state": { "values": {} }, "actions": [action],
    });
    // Of a message that one person sees, only that it is one is told.
    if message.only_for.is_none() {
        payload["message"] = super::wire::message(state, room, &message);
    }
    let secret = state.grants.give(app, &room.id, &person.id);
    payload["response_url"] = json!(format!("{}/actions/{}/1/{secret}", state.url, state.team));
    if let Some(app) = state.apps.get_mut(app) {
        app.queue.push(Kind::Interaction, payload, Some(trigger.clone()));
    }
    Ok(trigger)
}

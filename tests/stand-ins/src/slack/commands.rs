//! Slash commands and message shortcuts, and the response URLs at which an app answers them.
//!
//! Source: <https://docs.slack.dev/interactivity/implementing-slash-commands>,
//! <https://api.slack.com/reference/interaction-payloads/shortcuts> and
//! <https://docs.slack.dev/interactivity/handling-user-interaction#message_responses>. What a response URL answers that is not
//! taken any more is not documented; clients report 404 with `used_url` or `expired_url`.

use super::Shared;
use super::chat::{by_app, content};
use super::events::Kind;
use super::server::Refusal;
use super::state::{Room, State};
use super::wire;
use crate::parameters::Parameters;
use crate::people::{Change, Refused};
use axum::Json;
use axum::extract::{Path, Request, State as Given};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long a response URL can be used, and how often.
const GOOD_FOR: Duration = Duration::from_secs(1_800);
const MOST_USES: u32 = 5;

/// A person's message shortcut: `shortcut:`, the callback id, a space and the message's `ts`.
const SHORTCUT: &str = "shortcut:";

/// One response URL.
#[derive(Debug, Clone)]
struct Grant {
    app: usize,
    room: String,
    user: String,
    since: Instant,
    uses: u32,
}

/// Those that were given out in the last half hour, by the secret in them.
#[derive(Debug, Default)]
pub struct Grants(HashMap<String, Grant>);

impl Grants {
    pub(super) fn give(&mut self, app: usize, room: &str, user: &str) -> String {
        self.0.retain(|_, grant| grant.since.elapsed() < GOOD_FOR);
        let secret = format!("{:032x}", rand::random::<u128>());
        let grant =
            Grant { app, room: room.to_owned(), user: user.to_owned(), since: Instant::now(), uses: 0 };
        self.0.insert(secret.clone(), grant);
        secret
    }

    fn take(&mut self, secret: &str) -> Result<Grant, Refusal> {
        let grant = self.0.get_mut(secret).filter(|grant| grant.since.elapsed() < GOOD_FOR);
        let grant = grant.ok_or_else(|| Refusal::new("expired_url"))?;
        if grant.uses >= MOST_USES {
            return Err(Refusal::new("used_url"));
        }
        grant.uses += 1;
        Ok(grant.clone())
    }
}

/// A new trigger id.
pub(super) fn trigger(state: &mut State) -> String {
    format!("{}.{}.{:032x}", state.next_ts().replace('.', ""), state.since, rand::random::<u128>())
}

/// A person types a slash command, or chooses a shortcut of a message. Answers its trigger id, which is also the label under
/// which it counts as acknowledged. The app whose name the command has gets it, else the first that has commands.
pub fn give(
    state: &mut State,
    room: &Room,
    person: &str,
    text: &str,
    connected: impl Fn(usize) -> bool,
) -> Result<String, Refused> {
    let person = state.person(person)?.clone();
    let shortcut = text.strip_prefix(SHORTCUT);
    let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let named = word.trim_start_matches('/');
    if shortcut.is_none() && (!word.starts_with('/') || named.is_empty()) {
        return Err(Refused::Impossible(format!("`{text}` is no command: it does not begin with a slash")));
    }
    let has = |at: &usize| state.apps.get(*at).is_some_and(|app| app.may("commands"));
    let is_named = |at: &usize| state.apps.get(*at).is_some_and(|app| app.user.handle == named);
    let mut all = (0..state.apps.len()).filter(has);
    let Some(app) = all.clone().find(is_named).or_else(|| all.next()) else {
        return Err(Refused::Impossible(format!("{word} is not a valid command")));
    };
    let trigger = trigger(state);
    let domain = state.team_name.to_lowercase();
    let app_id = state.apps.get(app).map(|app| app.id.clone());
    let (kind, mut payload) = if let Some(chosen) = shortcut {
        let (callback_id, ts) = chosen.split_once(' ').unwrap_or((chosen, ""));
        let message = state.message(&room.id, ts);
        let message = message.ok_or_else(|| Refused::Unknown("message", ts.to_owned()))?;
        let payload = json!({
            "type": "message_action", "token": "unused", "action_ts": state.last_ts(), "callback_id": callback_id,
            "team": { "id": state.team, "domain": domain }, "is_enterprise_install": false, "enterprise": null,
            "user": { "id": person.id, "username": person.handle, "name": person.handle, "team_id": state.team },
            "channel": { "id": room.id, "name": room.name }, "message_ts": ts,
            "message": wire::message(state, room, message), "api_app_id": app_id, "trigger_id": trigger,
        });
        (Kind::Interaction, payload)
    } else {
        let name = if room.private { "privategroup" } else { &room.name };
        let payload = json!({
            "token": "unused", "team_id": state.team, "team_domain": domain, "channel_id": room.id, "channel_name": name,
            "user_id": person.id, "user_name": person.handle, "command": word, "text": rest.trim(),
            "api_app_id": app_id, "is_enterprise_install": "false", "trigger_id": trigger,
        });
        (Kind::Command, payload)
    };
    if !connected(app) {
        return Err(Refused::Impossible(format!("{word} failed with the error \"dispatch_failed\"")));
    }
    let place = if kind == Kind::Command { "commands" } else { "app" };
    let secret = state.grants.give(app, &room.id, &person.id);
    payload["response_url"] = json!(format!("{}/{place}/{}/1/{secret}", state.url, state.team));
    if let Some(app) = state.apps.get_mut(app) {
        app.queue.push(kind, payload, Some(trigger.clone()));
    }
    Ok(trigger)
}

/// `POST /commands/{team}/{number}/{secret}`, `/app/…` and `/actions/…`.
pub async fn respond(
    Given(shared): Given<Arc<Shared>>,
    Path((_, _, secret)): Path<(String, String, String)>,
    request: Request,
) -> Response {
    let Ok(given) = Parameters::read(request).await else {
        return (StatusCode::BAD_REQUEST, "invalid_payload").into_response();
    };
    let mut changes = Vec::new();
    let mut state = shared.state();
    let done = answer(&mut state, &secret, &given, &mut changes);
    shared.announce(changes);
    match done {
        Ok(()) => "ok".into_response(),
        Err(refusal) => (StatusCode::NOT_FOUND, Json(refusal.0)).into_response(),
    }
}

/// Shows an answer to the person alone, or with `in_channel` to all.
pub fn answer(
    state: &mut State,
    secret: &str,
    given: &Parameters,
    changes: &mut Vec<Change>,
) -> Result<(), Refusal> {
    let grant = state.grants.take(secret)?;
    let room = state.find_room(&grant.room).cloned().ok_or_else(|| Refusal::new("channel_not_found"))?;
    let (text, blocks) = content(state, given)?;
    if text.is_empty() && blocks.is_none() {
        return Err(Refusal::new("no_text"));
    }
    let thread = given.text("thread_ts").filter(|ts| !ts.is_empty());
    let (_, change) = if given.text("response_type").as_deref() == Some("in_channel") {
        state.post(&room, by_app(grant.app, text, blocks, thread, None))
    } else {
        state.whisper(&room, by_app(grant.app, text, blocks, thread, Some(grant.user)))
    };
    changes.push(change);
    Ok(())
}

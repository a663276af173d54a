//! The limits that Slack publishes: tiers by method, workspace and app, and one post a second in a channel.
//!
//! Source: <https://docs.slack.dev/apis/web-api/rate-limits>, and each method's page for its tier.

use super::server::Caller;
use super::state::State;
use crate::limits::{Ceiling, Enforced, Window};
use crate::parameters::Parameters;
use axum::Json;
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);

/// One a second in a channel, of which a few may come at once.
const OF_A_CHANNEL: Ceiling =
    Ceiling { name: "posts", most: 4, within: Duration::from_secs(4), window: Window::Sliding };
/// "Several hundred" a minute in the whole workspace.
const OF_A_WORKSPACE: Ceiling =
    Ceiling { name: "all posts", most: 600, within: MINUTE, window: Window::Sliding };

/// How many requests a minute a method's tier allows; none where it has other limits.
fn a_minute(method: &str) -> Option<usize> {
    Some(match method {
        "chat.postMessage" | "auth.test" | "api.test" => return None,
        // One, and a few more at once: a client that starts asks twice.
        "apps.connections.open" => 5,
        "reactions.remove" | "pins.add" | "pins.remove" | "conversations.list" | "emoji.list"
        | "users.list" => 20,
        "users.info"
        | "files.info"
        | "files.getUploadURLExternal"
        | "files.completeUploadExternal"
        | "conversations.members"
        | "chat.postEphemeral" => 100,
        _ => 50,
    })
}

/// The answer to a request that comes too soon.
pub fn refusal(
    enforced: &Enforced,
    state: &State,
    caller: Caller,
    method: &str,
    given: &Parameters,
) -> Option<Response> {
    let app = match caller {
        Caller::Bot(app) | Caller::App(app) => &state.apps.get(app)?.id,
        // People's own clients are not what this is about.
        Caller::Person(_) => return None,
    };
    let full = match a_minute(method) {
        Some(most) => {
            let tier = Ceiling { name: "tier", most, within: MINUTE, window: Window::Sliding };
            enforced.take(&[(tier, &format!("{app} {method}"))])
        }
        None if method == "chat.postMessage" => {
            let wanted = given.text("channel").unwrap_or_default();
            let room = state.find_room(&wanted).map_or(&wanted, |room| &room.id);
            enforced.take(&[(OF_A_CHANNEL, &format!("{app} {room}")), (OF_A_WORKSPACE, app)])
        }
        None => return None,
    };
    full.err().map(|full| rate_limited(full.standing.opens))
}

/// Slack counts whole seconds.
pub fn rate_limited(wait: Duration) -> Response {
    let seconds = wait.as_secs_f64().ceil().clamp(0.0, 3_600.0) as u64;
    let after = [(RETRY_AFTER, HeaderValue::from(seconds))];
    (StatusCode::TOO_MANY_REQUESTS, after, Json(json!({ "ok": false, "error": "ratelimited" })))
        .into_response()
}

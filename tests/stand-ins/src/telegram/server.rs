//! The HTTP side: `/bot{token}/{method}` and `/file/bot{token}/{path}` for bots, `/members/{number}` for people's clients.
//!
//! Source: <https://core.telegram.org/bots/api#making-requests>, <https://core.telegram.org/bots/api#getfile>.

use super::limits;
use super::media::Media;
use super::methods;
use super::updates::Turn;
use super::uploads;
use super::{Kind, Shared};
use crate::faults::Fault;
use crate::limits::counted;
use crate::misbehave::{Misbehaviour, misbehave};
use crate::parameters::{LARGEST, Parameters};
use crate::server::Connection;
use axum::extract::{ConnectInfo, DefaultBodyLimit, Path, Request, State};
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// A refusal in the Bot API's form.
#[derive(Debug)]
pub struct Failure {
    code: u16,
    description: String,
    parameters: Option<Value>,
}

impl Failure {
    /// Any code; the description is whole.
    pub fn new(code: u16, description: impl Into<String>) -> Self {
        Self { code, description: description.into(), parameters: None }
    }

    /// The chat of the request is left behind.
    pub fn migrated(to: i64) -> Self {
        let parameters = Some(json!({ "migrate_to_chat_id": to }));
        Self { parameters, ..Self::bad("group chat was upgraded to a supergroup chat") }
    }

    /// 429, with how long to wait.
    pub fn too_many(seconds: f64) -> Self {
        let whole = seconds.fract() == 0.0;
        let wait = if whole { json!(seconds as u64) } else { json!(seconds) };
        let parameters = Some(json!({ "retry_after": wait }));
        Self { parameters, ..Self::new(429, format!("Too Many Requests: retry after {wait}")) }
    }

    /// 400 `Bad Request: …`.
    pub fn bad(why: impl std::fmt::Display) -> Self {
        Self::new(400, format!("Bad Request: {why}"))
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut body = json!({ "ok": false, "error_code": self.code, "description": self.description });
        if let Some(parameters) = self.parameters {
            body["parameters"] = parameters;
        }
        (StatusCode::from_u16(self.code).unwrap_or(StatusCode::BAD_REQUEST), Json(body)).into_response()
    }
}

fn unauthorized() -> Response {
    Failure::new(401, "Unauthorized").into_response()
}

fn rate_limited(fault: &Fault) -> Response {
    // Telegram counts whole seconds.
    Failure::too_many(fault.lasts().as_secs_f64().ceil()).into_response()
}

/// Its routes.
pub fn router(shared: Arc<Shared>) -> Router {
    let how = Misbehaviour { faults: shared.faults.clone(), rate_limited, unauthorized };
    Router::new()
        .route("/file/{bot}/{*path}", get(fetch))
        .route("/members/{number}", get(show))
        .fallback(serve)
        .layer(DefaultBodyLimit::max(LARGEST))
        .layer(from_fn_with_state(how, misbehave))
        .layer(from_fn(one_spelling))
        .layer(from_fn_with_state(shared.limits.clone(), counted))
        .with_state(shared)
}

/// Method names are read in any case: `SendMessage` becomes `sendMessage`, so that faults and methods know one spelling.
async fn one_spelling(mut request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let spelled = path.rsplit_once('/').and_then(|(before, method)| {
        let known = methods::NAMES.iter().find(|name| name.eq_ignore_ascii_case(method))?;
        let query = request.uri().query().map(|q| format!("?{q}")).unwrap_or_default();
        format!("{before}/{known}{query}").parse().ok()
    });
    if let Some(uri) = spelled {
        *request.uri_mut() = uri;
    }
    next.run(request).await
}

/// A file for a bot, by the path that `getFile` told.
async fn fetch(State(shared): State<Arc<Shared>>, Path((bot, path)): Path<(String, String)>) -> Response {
    let state = shared.state();
    let token = bot.strip_prefix("bot").unwrap_or_default();
    if !state.bots.iter().any(|bot| bot.token == token) {
        return unauthorized();
    }
    state.files.fetch_now(&path).map_or_else(not_found, |media| media.answer())
}

/// A file for a person's client.
async fn show(State(shared): State<Arc<Shared>>, Path(number): Path<u64>) -> Response {
    let media: Option<Arc<Media>> = shared.state().files.by_number(number).cloned();
    media.map_or_else(not_found, |media| media.answer())
}

fn not_found() -> Response {
    Failure::new(404, "Not Found").into_response()
}

async fn serve(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(connection): ConnectInfo<Connection>,
    request: Request,
) -> Response {
    match answer(&shared, &connection, request).await {
        Ok(result) => Json(json!({ "ok": true, "result": result })).into_response(),
        Err(failure) => failure.into_response(),
    }
}

async fn answer(shared: &Arc<Shared>, connection: &Connection, request: Request) -> Result<Value, Failure> {
    let path = request.uri().path().to_owned();
    let Some((token, method)) = path.strip_prefix("/bot").and_then(|rest| rest.rsplit_once('/')) else {
        return Err(Failure::new(404, "Not Found"));
    };
    // Clients may escape the colon.
    let token = token.replace("%3A", ":").replace("%3a", ":");
    let bot = shared.state().bots.iter().position(|b| b.token == token);
    let Some(bot) = bot else {
        return Err(Failure::new(401, "Unauthorized"));
    };
    let (parameters, files) = uploads::read(request).await?;
    match method {
        "getUpdates" => poll(shared, connection, bot, &parameters).await,
        _ => {
            limits::check(&shared.limits, &shared.state(), bot, method, &parameters)?;
            methods::call(shared, bot, method, (&parameters, &files))
        }
    }
}

/// `getUpdates`: waits up to `timeout` seconds for the first update.
async fn poll(
    shared: &Arc<Shared>,
    connection: &Connection,
    bot: usize,
    parameters: &Parameters,
) -> Result<Value, Failure> {
    let gone = || Failure::new(500, "Internal Server Error");
    let limit = parameters.number("limit").filter(|n| (1..=100).contains(n)).unwrap_or(100);
    let limit = usize::try_from(limit).unwrap_or(100);
    let seconds = parameters.number("timeout").unwrap_or(0).clamp(0, 50);
    let allowed: Option<Vec<String>> = parameters
        .json("allowed_updates")
        .map_err(Failure::bad)?
        .map(serde_json::from_value)
        .transpose()
        .map_err(|_| Failure::bad("can't parse allowed_updates: expected an Array of String"))?;
    let (number, changed) = {
        let mut state = shared.state();
        let offset = parameters.number("offset").unwrap_or(0);
        let queue = &mut state.bots.get_mut(bot).ok_or_else(gone)?.queue;
        let number = queue.begin(allowed);
        let changed = queue.changed();
        let labels = if offset == 0 { Vec::new() } else { queue.confirm(offset) };
        state.acknowledged.add(labels);
        (number, changed)
    };
    let deadline = tokio::time::sleep(Duration::from_secs(seconds.unsigned_abs()));
    tokio::pin!(deadline);
    loop {
        let woken = changed.notified();
        tokio::pin!(woken);
        // Listen before looking, so that nothing falls in between.
        woken.as_mut().enable();
        let turn = {
            let mut state = shared.state();
            let queue = &mut state.bots.get_mut(bot).ok_or_else(gone)?.queue;
            queue.turn(number, limit, |kind| shared.faults.take(&[Kind::Duplicate], kind).is_some())
        };
        match turn {
            Turn::Ready(updates) => return Ok(Value::Array(updates)),
            Turn::Ended => {
                return Err(Failure::new(
                    409,
                    "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
                ));
            }
            Turn::Cut => {
                connection.cut();
                return Ok(json!([]));
            }
            Turn::Wait => {}
        }
        tokio::select! {
            () = &mut woken => {}
            () = &mut deadline => return Ok(json!([])),
            () = shared.stop.stopped() => {
                connection.cut();
                return Ok(json!([]));
            }
        }
    }
}

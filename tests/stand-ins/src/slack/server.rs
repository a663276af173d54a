//! The HTTP side: `/api/{method}`, response URLs, users' pictures, and the way into Socket Mode.
//!
//! Source: <https://docs.slack.dev/apis/web-api>.

use super::state::State as World;
use super::{Shared, chat, commands, conversations, files, limits, marks, session, socket, uploads};
use crate::faults::Fault;
use crate::limits::counted;
use crate::misbehave::{Misbehaviour, misbehave};
use crate::parameters::{LARGEST, Parameters};
use axum::extract::{DefaultBodyLimit, Path, Request, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use std::sync::Arc;

/// A refusal in the Web API's form: `{"ok": false, "error": "…"}` and more fields.
#[derive(Debug)]
pub struct Refusal(pub Value);

impl Refusal {
    /// Just a code.
    pub fn new(error: &str) -> Self {
        Self(json!({ "ok": false, "error": error }))
    }
}

/// What a method answers, without `ok`.
pub type Answer = Result<Value, Refusal>;

/// Who calls, by place in the list of apps or people.
#[derive(Debug, Clone, Copy)]
pub enum Caller {
    /// With a bot token.
    Bot(usize),
    /// With an app-level token.
    App(usize),
    /// With a session token of a person.
    Person(usize),
}

fn unauthorized() -> Response {
    Json(Refusal::new("invalid_auth").0).into_response()
}

fn rate_limited(fault: &Fault) -> Response {
    limits::rate_limited(fault.lasts())
}

/// Its routes. Faults concern the Web API, response URLs and the bytes of files alone; limits the Web API.
pub fn router(shared: Arc<Shared>) -> Router {
    let how = Misbehaviour { faults: shared.faults.clone(), rate_limited, unauthorized };
    Router::new()
        .route("/api/{method}", any(call))
        .route("/commands/{team}/{number}/{secret}", post(commands::respond))
        .route("/app/{team}/{number}/{secret}", post(commands::respond))
        .route("/actions/{team}/{number}/{secret}", post(commands::respond))
        .layer(DefaultBodyLimit::max(LARGEST))
        .merge(
            Router::new()
                .route("/upload/v1/{secret}", post(uploads::upload))
                .route("/files-pri/{place}/{*name}", get(files::private))
                .layer(DefaultBodyLimit::disable()),
        )
        .layer(from_fn_with_state(how, misbehave))
        .layer(from_fn_with_state(shared.limits.clone(), counted))
        .route("/link/", get(socket::open))
        .route("/avatars/{file}", get(avatar))
        .route("/seen/{id}", get(files::seen))
        .with_state(shared)
}

async fn call(State(shared): State<Arc<Shared>>, Path(method): Path<String>, request: Request) -> Response {
    let bearer = bearer(request.headers());
    let Ok(given) = Parameters::read(request).await else {
        return Json(Refusal::new("invalid_json").0).into_response();
    };
    let token = bearer.or_else(|| given.text("token"));
    let mut scopes = None;
    let answer = {
        let mut state = shared.state();
        let caller = caller(&state, token.as_deref());
        if let Ok(caller) = caller
            && let Some(refused) = limits::refusal(&shared.limits, &state, caller, &method, &given)
        {
            return refused;
        }
        if let Ok(Caller::Bot(app)) = caller {
            scopes = state.apps.get(app).map(|a| a.scopes.join(","));
        }
        caller.and_then(|caller| run(&shared, &mut state, caller, &method, &given))
    };
    let mut response = match answer {
        Ok(mut told) => {
            told["ok"] = json!(true);
            Json(told).into_response()
        }
        Err(refusal) => Json(refusal.0).into_response(),
    };
    if let Some(value) = scopes.and_then(|s| HeaderValue::from_str(&s).ok()) {
        response.headers_mut().insert(HeaderName::from_static("x-oauth-scopes"), value);
    }
    response
}

fn bearer(headers: &HeaderMap) -> Option<String> {
    let given = headers.get(AUTHORIZATION)?.to_str().ok()?;
    Some(given.strip_prefix("Bearer ")?.trim().to_owned())
}

fn caller(state: &World, token: Option<&str>) -> Result<Caller, Refusal> {
    let token = token.filter(|t| !t.is_empty()).ok_or_else(|| Refusal::new("not_authed"))?;
    let bot = state.apps.iter().position(|a| a.token == token).map(Caller::Bot);
    bot.or_else(|| state.apps.iter().position(|a| a.app_token == token).map(Caller::App))
        .or_else(|| state.people.iter().position(|p| p.token == token).map(Caller::Person))
        .ok_or_else(|| Refusal::new("invalid_auth"))
}

fn run(shared: &Shared, state: &mut World, caller: Caller, method: &str, given: &Parameters) -> Answer {
    let mut changes = Vec::new();
    let app = match (caller, method) {
        (Caller::App(app), "apps.connections.open") => {
            let id = state.apps.get(app).map(|a| a.id.clone()).unwrap_or_default();
            let ticket = shared.sockets().ticket(app);
            return Ok(
                json!({ "url": format!("ws://{}/link/?ticket={ticket}&app_id={id}", shared.authority) }),
            );
        }
        (Caller::App(_), _) | (_, "apps.connections.open") => {
            return Err(Refusal::new("not_allowed_token_type"));
        }
        (Caller::Person(person), _) => {
            let answer = session::call(state, person, method, given, &mut changes);
            shared.announce(changes);
            return answer;
        }
        (Caller::Bot(app), _) => app,
    };
    let answer = match method {
        "chat.postMessage" => chat::post(state, app, given, &mut changes),
        "chat.postEphemeral" => chat::whisper(state, app, given, &mut changes),
        "chat.update" => chat::update(state, app, given, &mut changes),
        "chat.delete" => chat::delete(state, app, given, &mut changes),
        "files.getUploadURLExternal" => uploads::announce(state, app, given),
        "files.completeUploadExternal" => uploads::complete(state, app, given, &mut changes),
        "files.info" => files::info(state, app, given),
        "files.delete" => files::delete(state, app, given, &mut changes),
        "reactions.add" => marks::react(state, app, given, true, &mut changes),
        "reactions.remove" => marks::react(state, app, given, false, &mut changes),
        "pins.add" => marks::pin(state, app, given, true, &mut changes),
        "pins.remove" => marks::pin(state, app, given, false, &mut changes),
        "emoji.list" => marks::own_emoji(state, app),
        _ => conversations::call(state, app, method, given),
    };
    shared.announce(changes);
    answer
}

/// Refuses an app that lacks a scope.
pub fn require(state: &World, app: usize, scope: &str) -> Result<(), Refusal> {
    let Some(app) = state.apps.get(app) else {
        return Err(Refusal::new("invalid_auth"));
    };
    if app.may(scope) {
        return Ok(());
    }
    let provided = app.scopes.join(",");
    Err(Refusal(json!({ "ok": false, "error": "missing_scope", "needed": scope, "provided": provided })))
}

/// A picture of somebody: the first letter of the name on a colour of its own.
async fn avatar(State(shared): State<Arc<Shared>>, Path(file): Path<String>) -> Response {
    let id = file.trim_end_matches(".svg");
    let letter = {
        let state = shared.state();
        let mut users = state.people.iter().chain(state.apps.iter().map(|a| &a.user));
        users.find(|u| u.id == id).and_then(|u| u.name.chars().find(|c| c.is_alphanumeric()))
    };
    let Some(letter) = letter else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let hue = id.bytes().fold(0_u32, |sum, b| sum.wrapping_mul(31).wrapping_add(u32::from(b))) % 360;
    let picture = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 72 72\"><rect width=\"72\" height=\"72\" rx=\"10\" \
         fill=\"hsl({hue},45%,45%)\"/><text x=\"36\" y=\"49\" font-family=\"sans-serif\" font-size=\"36\" fill=\"#fff\" \
         text-anchor=\"middle\">{letter}</text></svg>"
    );
    ([(CONTENT_TYPE, "image/svg+xml")], picture).into_response()
}

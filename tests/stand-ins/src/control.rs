//! The control server: people and faults over HTTP, for tests, judges and whoever writes a connector.

use crate::faults::Fault;
use crate::limits::{Counted, Limits};
use crate::people::{Act, Change, People, Refused, Seen, SeenThread};
use crate::server::Stop;
use crate::world::{Platform, World};
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use futures::{Stream, StreamExt, stream};
use serde_json::{Value, json};
use std::convert::Infallible;
use std::sync::Arc;
use tokio::sync::broadcast::error::RecvError;

struct Control {
    world: World,
    platforms: [Arc<dyn People>; 3],
    stop: Stop,
}

/// The control server's routes.
pub fn router(world: World, platforms: [Arc<dyn People>; 3], stop: Stop) -> Router {
    Router::new()
        .route("/world", get(whole_world))
        .route("/{platform}/rooms/{room}/messages", get(messages))
        .route("/{platform}/rooms/{room}/threads", get(threads))
        .route("/{platform}/rooms/{room}/typed", get(typed))
        .route("/{platform}/act", post(act))
        .route("/{platform}/faults", post(fault))
        .route("/{platform}/limits", get(counted).post(arm))
        .route("/{platform}/acknowledged", get(acknowledged))
        .route("/{platform}/changes", get(changes))
        .fallback(async || Problem(StatusCode::NOT_FOUND, "there is no such route".into()))
        .method_not_allowed_fallback(async || {
            Problem(StatusCode::METHOD_NOT_ALLOWED, "this route takes another method".into())
        })
        .with_state(Arc::new(Control { world, platforms, stop }))
}

/// An error as the control server answers it: `{"error": "…"}`.
struct Problem(StatusCode, String);

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        (self.0, Json(json!({ "error": self.1 }))).into_response()
    }
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        let status = match refused {
            Refused::Unknown(..) => StatusCode::NOT_FOUND,
            Refused::Impossible(_) => StatusCode::CONFLICT,
        };
        Self(status, refused.to_string())
    }
}

impl From<JsonRejection> for Problem {
    fn from(rejection: JsonRejection) -> Self {
        Self(rejection.status(), rejection.body_text())
    }
}

impl Control {
    fn platform(&self, name: &str) -> Result<&Arc<dyn People>, Problem> {
        self.platforms.iter().find(|p| p.platform() == name).ok_or_else(|| {
            Problem(StatusCode::NOT_FOUND, Refused::Unknown("platform", name.to_owned()).to_string())
        })
    }
}

/// The URLs that a client is pointed at.
pub fn urls(platform: &dyn People) -> Value {
    let mut urls = json!({ "api_url": platform.api_url() });
    if let Some(gateway) = platform.gateway_url() {
        urls["gateway_url"] = gateway.into();
    }
    urls
}

async fn whole_world(State(control): State<Arc<Control>>) -> Result<Json<Value>, Problem> {
    let mut whole = json!({});
    for platform in &control.platforms {
        let part: &Platform = match platform.platform() {
            "discord" => &control.world.discord,
            "slack" => &control.world.slack,
            _ => &control.world.telegram,
        };
        let mut told = serde_json::to_value(part)
            .map_err(|error| Problem(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))?;
        if let (Value::Object(told), Value::Object(urls)) = (&mut told, urls(platform.as_ref())) {
            told.extend(urls);
        }
        whole[platform.platform()] = told;
    }
    Ok(Json(whole))
}

async fn messages(
    State(control): State<Arc<Control>>,
    Path((platform, room)): Path<(String, String)>,
) -> Result<Json<Vec<Seen>>, Problem> {
    Ok(Json(control.platform(&platform)?.messages(&room)?))
}

async fn threads(
    State(control): State<Arc<Control>>,
    Path((platform, room)): Path<(String, String)>,
) -> Result<Json<Vec<SeenThread>>, Problem> {
    Ok(Json(control.platform(&platform)?.threads(&room)?))
}

async fn typed(
    State(control): State<Arc<Control>>,
    Path((platform, room)): Path<(String, String)>,
) -> Result<Json<u64>, Problem> {
    Ok(Json(control.platform(&platform)?.typed(&room)?))
}

async fn act(
    State(control): State<Arc<Control>>,
    Path(platform): Path<String>,
    act: Result<Json<Act>, JsonRejection>,
) -> Result<Json<Value>, Problem> {
    let platform = control.platform(&platform)?;
    Ok(Json(json!({ "id": platform.act(act?.0)? })))
}

async fn fault(
    State(control): State<Arc<Control>>,
    Path(platform): Path<String>,
    fault: Result<Json<Fault>, JsonRejection>,
) -> Result<Json<Value>, Problem> {
    control.platform(&platform)?.fault(fault?.0)?;
    Ok(Json(json!({ "ok": true })))
}

async fn counted(
    State(control): State<Arc<Control>>,
    Path(platform): Path<String>,
) -> Result<Json<Counted>, Problem> {
    Ok(Json(control.platform(&platform)?.limits().counted()))
}

/// `{"scale": 100.0}`, or `null` for none.
async fn arm(
    State(control): State<Arc<Control>>,
    Path(platform): Path<String>,
    limits: Result<Json<Option<Limits>>, JsonRejection>,
) -> Result<Json<Value>, Problem> {
    control.platform(&platform)?.limits().arm(limits?.0).map_err(Refused::Impossible)?;
    Ok(Json(json!({ "ok": true })))
}

async fn acknowledged(
    State(control): State<Arc<Control>>,
    Path(platform): Path<String>,
) -> Result<Json<Vec<String>>, Problem> {
    Ok(Json(control.platform(&platform)?.acknowledged()))
}

/// Server-sent events named as in [`Change::what`] with the [`Change`] as JSON, and `behind` with the number of changes that
/// a slow watcher has missed.
async fn changes(
    State(control): State<Arc<Control>>,
    Path(platform): Path<String>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    let watched = control.platform(&platform)?.watch();
    let stop = control.stop.clone();
    let events = stream::unfold(watched, |mut watched| async move {
        let event = match watched.recv().await {
            Ok(change) => told(&change),
            Err(RecvError::Lagged(missed)) => Event::default().event("behind").data(missed.to_string()),
            Err(RecvError::Closed) => return None,
        };
        Some((Ok(event), watched))
    });
    let events = events.take_until(async move { stop.stopped().await });
    Ok(Sse::new(events).keep_alive(KeepAlive::default()))
}

fn told(change: &Change) -> Event {
    Event::default().event(&change.what).json_data(change).unwrap_or_else(|error| {
        tracing::error!(%error, "a change could not be written as JSON");
        Event::default().event(&change.what)
    })
}

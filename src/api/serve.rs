//! The API's server: its routes, and what each request needs to know.

use super::answers::Refusal;
use super::connector::{self, Entrance};
use super::guard::{self, Caller};
use super::tokens::Tokens;
use super::{channels, files, gestures, history, incoming, messages, stream};
use crate::config::{ApiSection, IncomingSection};
use crate::engine::{Budgets, Core};
use axum::Router;
use axum::extract::{DefaultBodyLimit, FromRequestParts, Path, Request};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, patch, post, put};
use relay_contract::RoomKey;
use relay_server::{Limits, Seats};
use std::io;
use std::num::NonZeroU32;
use std::path::Path as FilePath;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;

/// So many connections at a time, half of them of one other machine.
const CONNECTIONS: usize = 1024;
pub(super) const LIMITS: Limits = Limits { all: CONNECTIONS, each: CONNECTIONS / 2 };
/// Longest wait for an answer to begin.
const ANSWER: Duration = Duration::from_secs(30);
/// Longest request, in bytes; files have a way of their own.
const LONGEST: usize = 256 * 1024;

/// So many streams of one token, or of this machine without one.
const STREAMS: usize = CONNECTIONS / 4;
/// So many files that one token sends at once, and so many of all.
const UPLOADS: usize = 4;
const ALL_UPLOADS: usize = 16;

/// Requests of one token: so many a second, and so many at once after a rest.
const A_SECOND: NonZeroU32 = NonZeroU32::new(100).expect("it is not zero");
const AT_ONCE: NonZeroU32 = NonZeroU32::new(300).expect("it is not zero");

/// What requests are answered from.
pub struct Api {
    pub(super) core: Arc<Core>,
    pub(super) entrance: Entrance,
    pub(super) tokens: Tokens,
    pub(super) budgets: Budgets,
    /// Streams, by whose they are.
    pub(super) streams: Seats,
    /// Files on their way in, by whose they are; and all of them.
    pub(super) uploads: [Seats; 2],
    /// Only this machine can reach it.
    pub(super) is_loopback: bool,
    /// The config names a token for matterbridge's API: whoever wrote it does not mean everybody on this machine.
    names_token: bool,
    /// The webhooks that others call.
    pub(super) incoming: Vec<IncomingSection>,
    /// The channels that it has; all when none.
    channels: Option<Vec<String>>,
}

impl Api {
    /// Over a running engine; `entrance` leads to the connector that is one of its accounts.
    pub fn new(core: Arc<Core>, entrance: Entrance, section: &ApiSection, data_dir: &FilePath) -> Self {
        Self {
            core,
            entrance,
            tokens: Tokens::of(data_dir),
            budgets: Budgets::new(A_SECOND, AT_ONCE),
            streams: Seats::new(STREAMS),
            uploads: [UPLOADS, ALL_UPLOADS].map(Seats::new),
            is_loopback: section.listen.ip().is_loopback(),
            names_token: section.matterbridge.as_ref().is_some_and(|section| section.token.is_some()),
            incoming: section.incoming.clone(),
            channels: section.channels.clone(),
        }
    }

    /// Whether programs of this machine need a token too.
    pub(super) fn needs_token(&self) -> io::Result<bool> {
        Ok(self.names_token || self.tokens.are_needed()?)
    }

    /// Whether there is such a channel here.
    pub(super) fn has(&self, channel: &str) -> bool {
        let is_open =
            self.channels.as_ref().is_none_or(|channels| channels.iter().any(|name| name == channel));
        is_open && self.core.channels().contains_key(channel)
    }
}

/// The channel that a request is about, and who asks.
pub struct In {
    /// Its name.
    pub channel: String,
    /// Its room.
    pub room: RoomKey,
    /// The message that is named behind it; empty where none is.
    pub message: String,
    /// What is named behind that.
    pub object: String,
    /// Who asks.
    pub caller: Caller,
}

impl FromRequestParts<Arc<Api>> for In {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, api: &Arc<Api>) -> Result<Self, Refusal> {
        let named = Path::<Vec<(String, String)>>::from_request_parts(parts, api).await;
        let Ok(Path(mut named)) = named else {
            return Err(Refusal::bad("the path is not UTF-8", "Write its names percent-encoded, as UTF-8."));
        };
        let mut take = |key: &str| {
            let found = named.iter_mut().find(|(name, _)| name == key);
            found.map(|(_, value)| std::mem::take(value)).unwrap_or_default()
        };
        let (channel, message, object) = (take("channel"), take("message"), take("object"));
        let caller = parts.extensions.get::<Caller>().cloned();
        let caller = caller.ok_or_else(Refusal::not_now)?;
        if !api.has(&channel) || !caller.has(&channel) {
            return Err(no_channel(&channel));
        }
        if !message.is_empty() && !connector::is_id(&message) {
            return Err(no_message());
        }
        Ok(Self { room: connector::room(&channel), channel, message, object, caller })
    }
}

/// There is no such channel, or not for whoever asks.
pub fn no_channel(name: &str) -> Refusal {
    let name: String = name.chars().filter(|c| !c.is_control()).take(60).collect();
    Refusal::not_found(format!("there is no channel `{name}`"), "GET /api/v1/channels lists them.")
}

/// There is no such message.
pub fn no_message() -> Refusal {
    Refusal::not_found("there is no such message in this channel", "Its id is the one that events name.")
}

fn routes(api: Arc<Api>) -> Router {
    let channel = Router::new()
        .route("/", get(channels::one))
        .route("/messages", get(history::page).post(messages::post))
        .route("/messages/{message}", patch(messages::edit).delete(messages::delete))
        .route("/messages/{message}/files/{object}", get(files::download))
        .route("/messages/{message}/reactions/{object}", put(gestures::react).delete(gestures::take_back))
        .route("/events", get(stream::events))
        .route("/socket", get(stream::socket));
    let v1 = Router::new()
        .route("/openapi.json", get(openapi))
        .route("/channels", get(channels::all))
        .route("/status", get(channels::status))
        .nest("/channels/{channel}", channel);
    // Takes as long as it takes, within bounds of its own.
    let uploads = Router::new()
        .route("/api/v1/channels/{channel}/files", post(files::bring))
        .layer(DefaultBodyLimit::disable());
    Router::new()
        .nest("/api/v1", v1)
        .layer(middleware::from_fn(in_time))
        .merge(uploads)
        .fallback(|| async {
            Refusal::not_found("there is nothing here", "The API begins at /api/v1/channels.")
        })
        .method_not_allowed_fallback(cannot)
        .layer(middleware::from_fn_with_state(api.clone(), guard::admit))
        .route(
            "/api/v1/webhooks/{name}",
            post(incoming::receive).fallback(cannot).layer(middleware::from_fn(in_time)),
        )
        .layer(DefaultBodyLimit::max(LONGEST))
        .with_state(api)
}

async fn cannot() -> Refusal {
    let fix = "/api/v1/openapi.json tells what can.";
    Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "this cannot be done here", fix)
}

/// `GET /api/v1/openapi.json`: all of this, for programs.
async fn openapi() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], include_str!("openapi.json")).into_response()
}

/// The answer, or that there is none in time.
pub async fn in_time(request: Request, next: Next) -> Response {
    let answered = tokio::time::timeout(ANSWER, next.run(request)).await;
    answered.unwrap_or_else(|_| Refusal::not_now().into_response())
}

/// Answers until the task is ended; what is being answered ends with it.
pub async fn serve(listener: TcpListener, api: Arc<Api>) {
    let router = routes(api);
    relay_server::answer(listener, "API", LIMITS, move |_| router.clone()).await;
}

//! What happens in a channel, as it happens: as server-sent events and over a WebSocket. Each consumer reads the stream itself from
//! where it is, so that nobody misses what another has read, and a slow one keeps nobody waiting.

use super::answers::Refusal;
use super::events::Event;
use super::guard;
use super::history::{cursor, read};
use super::serve::{Api, In};
use super::tokens::Scope;
use crate::store::EnvelopeId;
use crate::store::stream::Piece;
use axum::extract::rejection::QueryRejection;
use axum::extract::ws::{
    CloseFrame, Message, WebSocket, WebSocketUpgrade, rejection::WebSocketUpgradeRejection,
};
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::sse::{self, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::stream::{self, Stream};
use relay_server::Seat;
use serde::Deserialize;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// Entries that are read at once.
const PIECE: usize = 100;
/// How often a quiet connection is shown to be alive.
const ALIVE: Duration = Duration::from_secs(15);
/// How long a client may leave an event lying.
const PATIENCE: Duration = Duration::from_secs(60);
/// When a stream may be opened for which there were too many, in seconds.
const AGAIN_OPEN: u64 = 10;
/// When a stream that could not be read is read again.
const AGAIN: Duration = Duration::from_secs(1);

/// From where on.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct From {
    /// What is behind this cursor; `0` for the beginning. Without it, what happens from now on.
    after: Option<String>,
}

/// A consumer's way through a stream.
struct Follow {
    api: Arc<Api>,
    room: In,
    place: EnvelopeId,
    changed: watch::Receiver<()>,
    _seat: Seat,
}

impl Follow {
    async fn begin(api: Arc<Api>, room: In, after: Option<&str>) -> Result<Self, Refusal> {
        room.caller.must(Scope::Read)?;
        let seat = api.streams.take(&room.caller.id).ok_or_else(too_many)?;
        let changed = api.core.ledger.streamed();
        let place = match after {
            Some(after) => cursor(after)?,
            None => {
                let newest = read(&api, room.room.clone(), Piece::Before(None), 1).await?;
                newest.looked_at.map(|(_, last)| last).unwrap_or_default()
            }
        };
        Ok(Self { api, room, place, changed, _seat: seat })
    }

    /// The next events: at least one. None when Relay stops, or the token was taken back.
    async fn next(&mut self) -> Option<Vec<Event>> {
        loop {
            if !guard::still(&self.api, &self.room.caller) {
                return None;
            }
            self.changed.mark_unchanged();
            let piece = read(&self.api, self.room.room.clone(), Piece::After(self.place, None), PIECE).await;
            let Ok(piece) = piece else {
                tokio::time::sleep(AGAIN).await;
                continue;
            };
            if let Some((_, last)) = piece.looked_at {
                self.place = last;
                let events = piece.events.into_iter().map(|told| Event::of(&self.room.channel, told));
                let events: Vec<_> = events.collect();
                if !events.is_empty() {
                    return Some(events);
                }
                continue;
            }
            tokio::select! {
                changed = self.changed.changed() => changed.ok()?,
                () = tokio::time::sleep(ALIVE) => {}
                () = self.api.core.draining.cancelled() => return None,
            }
        }
    }
}

/// One token alone keeps nobody out.
pub fn too_many() -> Refusal {
    let fix = "End one that is not needed: a channel needs one stream, however many look at it.";
    let what = "too many streams with this token";
    Refusal::new(StatusCode::TOO_MANY_REQUESTS, what, fix).after(AGAIN_OPEN)
}

fn asked(from: Result<Query<From>, QueryRejection>) -> Result<Option<String>, Refusal> {
    match from {
        Ok(Query(from)) => Ok(from.after),
        Err(_) => {
            Err(Refusal::bad("the query is not what can be asked", "Write after with a cursor, or nothing."))
        }
    }
}

/// `GET /api/v1/channels/{channel}/events`: server-sent events (<https://html.spec.whatwg.org/multipage/server-sent-events.html>).
/// A client that comes again says by itself, in `Last-Event-ID`, what it has.
pub async fn events(
    State(api): State<Arc<Api>>,
    room: In,
    headers: HeaderMap,
    from: Result<Query<From>, QueryRejection>,
) -> Result<Response, Refusal> {
    let after = asked(from)?;
    let last = headers.get("last-event-id").and_then(|last| last.to_str().ok());
    let follow = Follow::begin(api, room, last.or(after.as_deref())).await?;
    let events = told(follow);
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(ALIVE)).into_response())
}

fn told(follow: Follow) -> impl Stream<Item = Result<sse::Event, Infallible>> {
    let pieces = stream::unfold(follow, |mut follow| async move {
        let events = follow.next().await?;
        let shown = events.into_iter().filter_map(|event| {
            let place = event.cursor.as_deref().unwrap_or_default();
            sse::Event::default().id(place).event(event.kind).json_data(&event).ok()
        });
        let shown: Vec<_> = shown.map(Ok).collect();
        Some((stream::iter(shown), follow))
    });
    futures::StreamExt::flatten(pieces)
}

/// `GET /api/v1/channels/{channel}/socket`: a WebSocket; each message is an event as JSON. What the client sends is not looked at.
pub async fn socket(
    State(api): State<Arc<Api>>,
    room: In,
    from: Result<Query<From>, QueryRejection>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Refusal> {
    let after = asked(from)?;
    let Ok(upgrade) = upgrade else {
        let fix = "Ask with a WebSocket client, or for /events.";
        return Err(Refusal::new(StatusCode::UPGRADE_REQUIRED, "this is a WebSocket", fix));
    };
    let follow = Follow::begin(api, room, after.as_deref()).await?;
    let upgrade = upgrade.max_message_size(4096).max_frame_size(4096);
    Ok(upgrade.on_upgrade(move |socket| converse(socket, follow)))
}

async fn converse(mut socket: WebSocket, mut follow: Follow) {
    let mut alive = tokio::time::interval(ALIVE);
    loop {
        let sent = tokio::select! {
            heard = socket.recv() => match heard {
                Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                Some(Ok(_)) => continue,
            },
            _ = alive.tick() => send(&mut socket, vec![Message::Ping(Default::default())]).await,
            events = follow.next() => match events {
                Some(events) => {
                    let shown = events.iter().filter_map(|event| serde_json::to_string(event).ok());
                    send(&mut socket, shown.map(Message::from).collect()).await
                }
                None => {
                    let going = CloseFrame { code: 1001, reason: "Relay stops".into() };
                    let _ = send(&mut socket, vec![Message::Close(Some(going))]).await;
                    return;
                }
            },
        };
        if sent.is_none() {
            return;
        }
    }
}

/// None when the client is gone or takes too long.
async fn send(socket: &mut WebSocket, messages: Vec<Message>) -> Option<()> {
    for message in messages {
        tokio::time::timeout(PATIENCE, socket.send(message)).await.ok()?.ok()?;
    }
    Some(())
}

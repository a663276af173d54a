//! matterbridge's API, for programs that were written for it: the same paths and the same fields, on a listener of its own. What differs is
//! what it lacks: each consumer gets every message, wherever others are, and what was posted is on disk before it is answered.
//!
//! Consumers of that API have no cursor. They are told apart by their address, what they call themselves (`User-Agent`) and their token, and
//! go on where they were for as long as Relay runs; from then on with what comes after its start.

mod consumers;
mod line;

use super::answers::Refusal;
use super::connector;
use super::guard::{self, Caller};
use super::history;
use super::messages::{self, New};
use super::serve::{self, Api, In};
use super::stream::too_many;
use super::tokens::Scope;
use crate::adapt::presentable;
use crate::store::EnvelopeId;
use crate::store::stream::Piece;
use axum::body::{Body, Bytes};
use axum::extract::rejection::BytesRejection;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade, rejection::WebSocketUpgradeRejection};
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use consumers::Consumers;
use futures::stream;
use line::{Line, Sent};
use relay_contract::Text;
use relay_server::Seat;
use secrecy::SecretString;
use std::collections::HashMap;
use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;

/// Messages in one answer; the next one has more.
const MOST: usize = 1_000;
/// Entries of one channel that are read at once.
const PIECE: usize = 100;
/// After so much text an answer ends, in bytes: the next one goes on.
const MOST_TEXT: usize = 256 * 1024;
/// How often a quiet connection is shown to be alive, and looked at.
const ALIVE: Duration = Duration::from_secs(15);
/// How long a client may leave a message lying.
const PATIENCE: Duration = Duration::from_secs(60);
/// Longest request, in bytes.
const LONGEST: usize = 256 * 1024;

/// Where a consumer is in each channel.
type Places = HashMap<String, EnvelopeId>;

/// What requests are answered from.
struct Compatible {
    api: Arc<Api>,
    token: Option<SecretString>,
    is_loopback: bool,
    /// Where each channel was when Relay began.
    began: Places,
    consumers: Consumers,
}

/// Whoever asks, as far as consumers are told apart.
#[derive(Clone)]
struct Consumer {
    name: String,
    caller: Caller,
}

/// Answers until the task is ended. `token` is matterbridge's own kind: one for all.
pub async fn serve(listener: TcpListener, api: Arc<Api>, token: Option<SecretString>) {
    let is_loopback = listener.local_addr().is_ok_and(|address| address.ip().is_loopback());
    let began = begin(&api);
    let compatible = Arc::new(Compatible { api, token, is_loopback, began, consumers: Consumers::default() });
    let router = Router::new()
        .route("/api/messages", get(buffered))
        .route("/api/stream", get(streamed))
        .route("/api/websocket", get(socket))
        .route("/api/message", post(posted))
        .layer(middleware::from_fn_with_state(compatible.clone(), admit))
        .route("/api/health", get(|| async { "OK" }))
        .layer(middleware::from_fn(serve::in_time))
        .layer(DefaultBodyLimit::max(LONGEST))
        .with_state(compatible);
    relay_server::answer(listener, "matterbridge's API", serve::LIMITS, move |peer| {
        router.clone().layer(Extension(peer))
    })
    .await;
}

/// The end of each channel's stream.
fn begin(api: &Api) -> Places {
    let newest = |channel: &String| {
        let newest = api.core.ledger.stream(&connector::room(channel), Piece::Before(None), 1);
        newest.ok().and_then(|newest| newest.first().map(|(place, _)| *place)).unwrap_or_default()
    };
    channels(api).into_iter().map(|channel| (channel.clone(), newest(&channel))).collect()
}

fn channels(api: &Api) -> Vec<String> {
    api.core.channels().keys().filter(|channel| api.has(channel)).cloned().collect()
}

async fn admit(
    State(compatible): State<Arc<Compatible>>,
    Extension(peer): Extension<IpAddr>,
    mut request: Request,
    next: Next,
) -> Response {
    let headers = request.headers();
    let shown = headers.get(header::AUTHORIZATION).and_then(|shown| shown.to_str().ok()).unwrap_or_default();
    let agent = headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default();
    let asks = (compatible.token.as_ref(), compatible.is_loopback);
    match guard::who(&compatible.api, headers, asks) {
        Ok(caller) => {
            let name = super::hash::id(&[&peer.to_string(), agent, shown]);
            request.extensions_mut().insert(Consumer { name, caller });
            next.run(request).await
        }
        Err(refusal) => refusal.into_response(),
    }
}

impl Compatible {
    /// Where a consumer goes on.
    fn places(&self, consumer: &Consumer) -> Places {
        self.consumers.places(&consumer.name).unwrap_or_else(|| self.began.clone())
    }

    /// What comes next for a consumer; its places are moved.
    async fn next(
        &self,
        consumer: &Consumer,
        places: &mut Places,
        most: usize,
    ) -> Result<Vec<Line>, Refusal> {
        let (mut lines, mut text) = (Vec::new(), 0);
        for channel in channels(&self.api).into_iter().filter(|channel| consumer.caller.has(channel)) {
            while lines.len() < most && text < MOST_TEXT {
                let place = places.get(&channel).copied().unwrap_or_default();
                let room = connector::room(&channel);
                let pages = history::read(&self.api, room, Piece::After(place, None), PIECE).await?;
                let Some((_, last)) = pages.looked_at else { break };
                places.insert(channel.clone(), last);
                let own = |told: &crate::engine::Told| {
                    let author = told.by.as_ref().and_then(|by| by.id()).map_or("", |id| id.as_str());
                    told.platform == crate::store::stream::PLATFORM && consumer.caller.is(author)
                };
                text += pages.events.iter().map(crate::engine::Told::text).sum::<usize>();
                // Whoever posted it knows it: a program that says again what it hears would never end.
                let others = pages.events.into_iter().filter(|told| !own(told));
                lines.extend(others.filter_map(|told| Line::of(&self.api.core, &channel, told)));
                if !pages.more {
                    break;
                }
            }
        }
        Ok(lines)
    }

    /// Posts what a program sends.
    async fn post(&self, caller: &Caller, sent: Sent) -> Result<Line, Refusal> {
        caller.must(Scope::Write)?;
        let channel = self.channel(caller, sent.gateway.as_deref())?;
        if sent.has_files() {
            let fix = "Send them to Relay's own API, /api/v1/channels/…/files, or link to them.";
            return Err(Refusal::bad("files do not come in this way", fix));
        }
        let body = messages::said(sent.text.as_deref().unwrap_or_default())?;
        let body = match sent.event.as_deref() {
            None | Some("") => body,
            Some("user_action") => Text::from_runs(
                body.into_runs().into_iter().map(|run| run.styled(relay_contract::Style::Italic)).collect(),
            ),
            Some(_) => {
                let fix = "Leave event out, or write user_action.";
                return Err(Refusal::bad("this event cannot be posted", fix));
            }
        };
        let room = In {
            room: connector::room(&channel),
            channel,
            message: String::new(),
            object: String::new(),
            caller: caller.clone(),
        };
        let name = sent.username.as_deref().filter(|name| !name.trim().is_empty()).map(presentable);
        let avatar = sent.avatar.clone().filter(|avatar| messages::is_picture(avatar));
        let id = ulid::Ulid::new().to_string();
        let reply_to = match &sent.parent_id {
            Some(parent) if connector::is_id(parent) && messages::is_known(&self.api, &room, parent)? => {
                Some(parent.clone())
            }
            _ => None,
        };
        let new = New { body, reply_to, name, avatar, files: Vec::new() };
        messages::publish(&self.api, &room, &id, new).await?;
        Ok(Line::answer(sent, &room.channel, id))
    }

    /// The channel that a gateway is, or the only one: of those that the caller may know of.
    fn channel(&self, caller: &Caller, gateway: Option<&str>) -> Result<String, Refusal> {
        let channels: Vec<_> =
            channels(&self.api).into_iter().filter(|channel| caller.has(channel)).collect();
        let Some(gateway) = gateway.filter(|gateway| !gateway.is_empty()) else {
            return match channels.as_slice() {
                [only] => Ok(only.clone()),
                _ => Err(Refusal::bad("gateway is missing", "Write the name of a channel.")),
            };
        };
        // A channel has neither of these in its name: an import puts a hyphen there.
        let alike = gateway.replace([':', '/'], "-");
        let found = channels.into_iter().find(|channel| channel == gateway || *channel == alike);
        found.ok_or_else(|| serve::no_channel(gateway))
    }
}

/// `GET /api/messages`: what has come since this consumer asked last.
async fn buffered(
    State(compatible): State<Arc<Compatible>>,
    Extension(consumer): Extension<Consumer>,
) -> Result<Json<Vec<Line>>, Refusal> {
    consumer.caller.must(Scope::Read)?;
    let mut places = compatible.places(&consumer);
    let lines = compatible.next(&consumer, &mut places, MOST).await?;
    compatible.consumers.reached(&consumer.name, &places);
    Ok(Json(lines))
}

/// `POST /api/message`
async fn posted(
    State(compatible): State<Arc<Compatible>>,
    Extension(consumer): Extension<Consumer>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Line>, Refusal> {
    let sent: Sent = messages::read(&headers, body)?;
    Ok(Json(compatible.post(&consumer.caller, sent).await?))
}

/// A consumer that is connected.
struct Follow {
    compatible: Arc<Compatible>,
    consumer: Consumer,
    places: Places,
    changed: tokio::sync::watch::Receiver<()>,
    greeted: bool,
    _seat: Seat,
}

impl Follow {
    fn begin(compatible: Arc<Compatible>, consumer: Consumer) -> Result<Self, Refusal> {
        consumer.caller.must(Scope::Read)?;
        let seat = compatible.api.streams.take(&consumer.caller.id).ok_or_else(too_many)?;
        let places = compatible.places(&consumer);
        let changed = compatible.api.core.ledger.streamed();
        Ok(Self { compatible, consumer, places, changed, greeted: false, _seat: seat })
    }

    /// The next messages; first of all that it is connected. None when Relay stops, or the token was taken back.
    async fn next(&mut self) -> Option<Vec<Line>> {
        if !self.greeted {
            self.greeted = true;
            return Some(vec![Line::greeting()]);
        }
        // What was handed out before this call has gone out.
        self.compatible.consumers.reached(&self.consumer.name, &self.places);
        loop {
            if !guard::still(&self.compatible.api, &self.consumer.caller) {
                return None;
            }
            self.changed.mark_unchanged();
            // What is given up in the middle was not handed out.
            let mut places = self.places.clone();
            match self.compatible.next(&self.consumer, &mut places, PIECE).await {
                Ok(lines) => {
                    self.places = places;
                    if !lines.is_empty() {
                        return Some(lines);
                    }
                }
                Err(_) => tokio::time::sleep(Duration::from_secs(1)).await,
            }
            tokio::select! {
                changed = self.changed.changed() => changed.ok()?,
                () = tokio::time::sleep(ALIVE) => {}
                () = self.compatible.api.core.draining.cancelled() => return None,
            }
        }
    }
}

/// `GET /api/stream`: a message a line.
async fn streamed(
    State(compatible): State<Arc<Compatible>>,
    Extension(consumer): Extension<Consumer>,
) -> Result<Response, Refusal> {
    let follow = Follow::begin(compatible, consumer)?;
    let lines = stream::unfold(follow, |mut follow| async move {
        let lines = follow.next().await?;
        let text: String =
            lines.iter().filter_map(|line| Some(serde_json::to_string(line).ok()? + "\n")).collect();
        Some((Ok::<_, Infallible>(Bytes::from(text)), follow))
    });
    Ok(([(header::CONTENT_TYPE, "application/json")], Body::from_stream(lines)).into_response())
}

/// `GET /api/websocket`: messages both ways.
async fn socket(
    State(compatible): State<Arc<Compatible>>,
    Extension(consumer): Extension<Consumer>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Refusal> {
    let Ok(upgrade) = upgrade else {
        let fix = "Ask with a WebSocket client, or for /api/stream.";
        return Err(Refusal::new(StatusCode::UPGRADE_REQUIRED, "this is a WebSocket", fix));
    };
    let follow = Follow::begin(compatible, consumer)?;
    let upgrade = upgrade.max_message_size(LONGEST).max_frame_size(LONGEST);
    Ok(upgrade.on_upgrade(move |socket| converse(socket, follow)))
}

async fn converse(mut socket: WebSocket, mut follow: Follow) {
    let (compatible, caller) = (follow.compatible.clone(), follow.consumer.caller.clone());
    let mut alive = tokio::time::interval(ALIVE);
    loop {
        let going = tokio::select! {
            heard = socket.recv() => match heard {
                Some(Ok(Message::Text(text))) => match serde_json::from_str(&text) {
                    // Without an answer, the end is the only way to say that it is not kept.
                    Ok(sent) => {
                        guard::still(&compatible.api, &caller)
                            && caller.budget().is_none_or(|name| compatible.api.budgets.take(name).is_none())
                            && compatible.post(&caller, sent).await.is_ok()
                    }
                    Err(_) => false,
                },
                Some(Ok(Message::Close(_)) | Err(_)) | None => false,
                Some(Ok(_)) => true,
            },
            _ = alive.tick() => send(&mut socket, Message::Ping(Bytes::new())).await,
            lines = follow.next() => match lines {
                Some(lines) => {
                    let mut sent = true;
                    for text in lines.iter().filter_map(|line| serde_json::to_string(line).ok()) {
                        sent = sent && send(&mut socket, Message::from(text)).await;
                    }
                    sent
                }
                None => false,
            },
        };
        if !going {
            let _ = send(&mut socket, Message::Close(None)).await;
            return;
        }
    }
}

async fn send(socket: &mut WebSocket, message: Message) -> bool {
    matches!(tokio::time::timeout(PATIENCE, socket.send(message)).await, Ok(Ok(())))
}

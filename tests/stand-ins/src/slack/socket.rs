//! Socket Mode: tickets, connections, envelopes and their acknowledgements.
//!
//! Source: <https://docs.slack.dev/apis/events-api/using-socket-mode>.

use super::{Shared, commands};
use crate::faults::Kind;
use crate::server::Connection;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{ConnectInfo, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use futures::FutureExt;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long a ticket can be used.
const TICKET: Duration = Duration::from_secs(30);

/// How often the server pings.
const PING: Duration = Duration::from_secs(10);

/// How long a connection stays open after it was asked to go.
const FAREWELL: Duration = Duration::from_secs(10);

/// How long one frame may take to be written.
const WRITE: Duration = Duration::from_secs(10);

/// What a connection is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Vanish without a goodbye.
    Cut,
    /// Ask the client to connect anew.
    Refresh,
    /// Tell nothing until then.
    Silence(Instant),
}

#[derive(Debug)]
struct Link {
    app: usize,
    order: Option<Order>,
}

/// Tickets and open connections.
#[derive(Debug, Default)]
pub struct Sockets {
    tickets: HashMap<String, (usize, Instant)>,
    links: HashMap<u64, Link>,
    last: u64,
}

impl Sockets {
    /// A ticket that opens one connection of an app.
    pub fn ticket(&mut self, app: usize) -> String {
        self.tickets.retain(|_, (_, since)| since.elapsed() < TICKET);
        let ticket = format!("{:032x}", rand::random::<u128>());
        self.tickets.insert(ticket.clone(), (app, Instant::now()));
        ticket
    }

    /// Gives every open connection an order; answers whether there was one.
    pub fn order_all(&mut self, order: Order) -> bool {
        for link in self.links.values_mut() {
            link.order = Some(order);
        }
        !self.links.is_empty()
    }

    /// Has the app an open connection?
    pub fn connected(&self, app: usize) -> bool {
        self.links.values().any(|link| link.app == app)
    }

    fn redeem(&mut self, ticket: &str) -> Option<usize> {
        self.tickets.remove(ticket).filter(|(_, since)| since.elapsed() < TICKET).map(|(app, _)| app)
    }

    fn add(&mut self, app: usize) -> (u64, usize) {
        self.last += 1;
        self.links.insert(self.last, Link { app, order: None });
        (self.last, self.links.values().filter(|l| l.app == app).count())
    }
}

#[derive(Deserialize)]
pub struct Ticket {
    #[serde(default)]
    ticket: String,
}

/// `GET /link/?ticket=…`.
pub async fn open(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(connection): ConnectInfo<Connection>,
    Query(Ticket { ticket }): Query<Ticket>,
    upgrade: WebSocketUpgrade,
) -> Response {
    let Some(app) = shared.sockets().redeem(&ticket) else {
        return (StatusCode::UNAUTHORIZED, "invalid ticket").into_response();
    };
    upgrade.on_upgrade(move |socket| async move {
        let (id, count) = shared.sockets().add(app);
        let talk = Talk { shared, app, id, connection };
        talk.run(socket, count).await;
    })
}

/// One open connection; what it leaves unacknowledged goes to others when it is dropped.
struct Talk {
    shared: Arc<Shared>,
    app: usize,
    id: u64,
    connection: Connection,
}

impl Drop for Talk {
    fn drop(&mut self) {
        self.shared.sockets().links.remove(&self.id);
        if let Some(app) = self.shared.state().apps.get_mut(self.app) {
            app.queue.lost(self.id);
        }
        self.shared.wake.notify_waiters();
    }
}

impl Talk {
    async fn run(&self, mut socket: WebSocket, count: usize) {
        let app_id = self.shared.state().apps.get(self.app).map(|a| a.id.clone());
        if self.shared.faults.take(&[Kind::RefuseResume], "hello").is_some()
            && let Some(app) = self.shared.state().apps.get_mut(self.app)
        {
            app.queue.give_up();
        }
        let hello = json!({
            "type": "hello", "num_connections": count, "connection_info": { "app_id": app_id },
            "debug_info": { "host": "applink-stand-in", "build_number": 1, "approximate_connection_time": 18_060 },
        });
        if write(&mut socket, Message::text(hello.to_string())).await.is_none() {
            return;
        }
        for (kind, order) in [(Kind::Disconnect, Order::Cut), (Kind::Reconnect, Order::Refresh)] {
            if self.shared.faults.take(&[kind], "hello").is_some()
                && let Some(link) = self.shared.sockets().links.get_mut(&self.id)
            {
                link.order = Some(order);
            }
        }
        let mut pings = tokio::time::interval(PING);
        let mut leaving: Option<Instant> = None;
        let mut silence: Option<Instant> = None;
        loop {
            let woken = self.shared.wake.notified();
            tokio::pin!(woken);
            // Listen before looking, so that nothing falls in between.
            woken.as_mut().enable();
            let order = self.shared.sockets().links.get_mut(&self.id).and_then(|l| l.order.take());
            match order {
                Some(Order::Cut) => {
                    self.connection.cut();
                    return;
                }
                Some(Order::Refresh) => {
                    leaving = Some(Instant::now() + FAREWELL);
                    let goodbye = json!({
                        "type": "disconnect", "reason": "refresh_requested", "debug_info": { "host": "applink-stand-in" },
                    });
                    if write(&mut socket, Message::text(goodbye.to_string())).await.is_none() {
                        return;
                    }
                }
                Some(Order::Silence(until)) => silence = Some(until),
                None => {}
            }
            silence = silence.filter(|until| *until > Instant::now());
            let mut until = leaving.or(silence);
            if until.is_none() {
                let (envelope, due) = self.next();
                if let Some(envelope) = envelope {
                    if write(&mut socket, Message::text(envelope)).await.is_none() {
                        return;
                    }
                    // Acknowledgements are read in between, so that neither side waits for the other's full buffer.
                    while let Some(said) = socket.recv().now_or_never() {
                        if self.heard(said).is_none() {
                            return;
                        }
                    }
                    continue;
                }
                until = due;
            } else if leaving.is_some_and(|at| at <= Instant::now()) {
                let _ = write(&mut socket, Message::Close(None)).await;
                return;
            }
            let until = until.unwrap_or_else(|| Instant::now() + Duration::from_secs(3_600));
            tokio::select! {
                () = &mut woken => {}
                () = tokio::time::sleep_until(until.into()) => {}
                said = socket.recv() => if self.heard(said).is_none() {
                    return;
                },
                _ = pings.tick() => {
                    let ping = format!("Ping from applink-stand-in {}", self.id);
                    if write(&mut socket, Message::Ping(ping.into())).await.is_none() {
                        return;
                    }
                }
                () = self.shared.stop.stopped() => {
                    self.connection.cut();
                    return;
                }
            }
        }
    }

    /// The next envelope, and when to look again without being woken.
    fn next(&self) -> (Option<String>, Option<Instant>) {
        let mut state = self.shared.state();
        let Some(app) = state.apps.get_mut(self.app) else {
            return (None, None);
        };
        let repeat = |kind: &str| self.shared.faults.take(&[Kind::Duplicate], kind).is_some();
        (app.queue.next(self.id, repeat), app.queue.due())
    }

    /// Takes in a frame; none when the client is gone. Pings are answered below, by the WebSocket library.
    fn heard(&self, said: Option<Result<Message, axum::Error>>) -> Option<()> {
        match said? {
            Ok(Message::Text(text)) => {
                let told: Value = serde_json::from_str(&text).unwrap_or_default();
                if let Some(envelope) = told["envelope_id"].as_str() {
                    let mut state = self.shared.state();
                    let queue = state.apps.get_mut(self.app).map(|app| &mut app.queue);
                    let (url, label) = queue.map_or((None, None), |queue| {
                        (queue.response_url(envelope), queue.acknowledge(envelope))
                    });
                    state.acknowledged.add(label);
                    // The acknowledgement of a command may answer it.
                    if let (Some(url), Value::Object(answer)) = (url, told["payload"].clone())
                        && let Some(secret) = url.rsplit('/').next()
                    {
                        let mut changes = Vec::new();
                        if commands::answer(&mut state, secret, &answer.into(), &mut changes).is_ok() {
                            self.shared.announce(changes);
                        }
                    }
                }
                Some(())
            }
            Ok(Message::Close(_)) | Err(_) => None,
            Ok(_) => Some(()),
        }
    }
}

/// Writes one frame; none when the client is gone or does not read.
async fn write(socket: &mut WebSocket, frame: Message) -> Option<()> {
    tokio::time::timeout(WRITE, socket.send(frame)).await.ok()?.ok()
}

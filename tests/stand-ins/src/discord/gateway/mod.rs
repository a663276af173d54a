//! The gateway: one WebSocket connection, from HELLO to its end.
//!
//! <https://discord.com/developers/docs/events/gateway>

pub mod compression;
pub mod session;

use super::model::Guild;
use super::{Discord, payload, permissions};
use crate::faults::Kind;
use crate::server::Connection;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::extract::{ConnectInfo, Query, State};
use axum::response::Response;
use compression::Encoder;
use serde::Deserialize;
use serde_json::{Value, json};
use session::{Hold, Next, Order};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// How often a client must send a heartbeat.
const HEARTBEAT: Duration = Duration::from_millis(41_250);
/// How long a client may take to read a frame before its connection is dropped.
const SEND_DEADLINE: Duration = Duration::from_secs(10);

/// The query of the gateway's URL.
#[derive(Debug, Deserialize)]
pub struct Parameters {
    v: Option<String>,
    encoding: Option<String>,
    compress: Option<String>,
}

/// `GET /`: upgrades to the gateway.
pub async fn connect(
    State(discord): State<Arc<Discord>>,
    ConnectInfo(connection): ConnectInfo<Connection>,
    Query(parameters): Query<Parameters>,
    upgrade: WebSocketUpgrade,
) -> Response {
    upgrade.on_upgrade(async move |socket| {
        let encoder = match Encoder::new(parameters.compress.as_deref()) {
            Ok(encoder) => encoder,
            Err(error) => return tracing::error!(%error, "no compression stream"),
        };
        let mut link = Link { discord, connection, socket, encoder, hold: None, seq: 0, silence: None };
        let version = parameters.v.as_deref().is_none_or(|v| v == "10");
        let json = parameters.encoding.as_deref().is_none_or(|encoding| encoding == "json");
        if !version || !json {
            let _ = link.close(4012, "Invalid API version").await;
            return;
        }
        let _ = link.run().await;
        if let Some(hold) = link.hold {
            link.discord.state().sessions.leave(&hold);
        }
    })
}

/// Why a connection goes on or ends.
type Flow = ControlFlow<()>;

struct Link {
    discord: Arc<Discord>,
    connection: Connection,
    socket: WebSocket,
    encoder: Encoder,
    hold: Option<Hold>,
    /// The last dispatch that was sent here (or, after a resume, that the client has seen).
    seq: u64,
    /// What comes behind this sequence number is passed over, until then.
    silence: Option<(u64, Instant)>,
}

impl Link {
    /// Until either side ends it.
    async fn run(&mut self) -> Flow {
        let hello = json!({ "op": 10, "s": null, "t": null, "d": { "heartbeat_interval": HEARTBEAT.as_millis() as u64 } });
        self.send(&hello.to_string()).await?;
        let stop = self.discord.stop.clone();
        let mut quiet_until = Instant::now() + HEARTBEAT * 2;
        loop {
            let notify = self.hold.as_ref().map(|hold| hold.notify.clone());
            let woken = async {
                match &notify {
                    Some(notify) => notify.notified().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = stop.stopped() => self.close(1001, "going away").await,
                () = tokio::time::sleep_until(quiet_until) => self.close(4009, "Session timed out.").await,
                () = woken => self.flush().await,
                received = self.socket.recv() => match received {
                    Some(Ok(message)) => {
                        quiet_until = Instant::now() + HEARTBEAT * 2;
                        self.received(message).await
                    }
                    _ => Flow::Break(()),
                },
            }?;
        }
    }

    async fn send(&mut self, text: &str) -> Flow {
        let frame = match self.encoder.frame(text) {
            Ok(frame) => frame,
            Err(error) => {
                tracing::error!(%error, "a frame could not be compressed");
                return Flow::Break(());
            }
        };
        match timeout(SEND_DEADLINE, self.socket.send(frame)).await {
            Ok(Ok(())) => Flow::Continue(()),
            _ => Flow::Break(()),
        }
    }

    async fn close(&mut self, code: u16, reason: &'static str) -> Flow {
        let frame = Message::Close(Some(CloseFrame { code, reason: reason.into() }));
        // It ends here either way.
        let _ = timeout(SEND_DEADLINE, self.socket.send(frame)).await;
        Flow::Break(())
    }

    /// Sends what the session has for this connection.
    async fn flush(&mut self) -> Flow {
        let Some(hold) = self.hold.clone() else {
            return Flow::Continue(());
        };
        let next = self.discord.state().sessions.next(&hold, self.seq);
        let Next::Send(dispatches, order) = next else {
            return self.close(4009, "Session timed out.").await;
        };
        // A cut loses what was not sent yet: that is what a resume is for.
        if order == Some(Order::Cut) {
            self.connection.cut();
            return Flow::Break(());
        }
        if let Some(Order::Silence(after, until)) = order {
            self.silence = Some((after, until));
        }
        for (seq, text) in dispatches {
            let unheard = self.silence.is_some_and(|(after, until)| seq > after && Instant::now() < until);
            if !unheard {
                self.send(&text).await?;
            }
            self.seq = seq;
        }
        if order == Some(Order::Reconnect) {
            return self.send(&json!({ "op": 7, "d": null, "s": null, "t": null }).to_string()).await;
        }
        Flow::Continue(())
    }

    async fn received(&mut self, message: Message) -> Flow {
        let text = match message {
            Message::Text(text) => text,
            Message::Close(frame) => {
                // A client that says goodbye with 1000 or 1001 gives up its session.
                let gone = frame.is_some_and(|frame| matches!(frame.code, 1000 | 1001));
                if let Some(hold) = self.hold.take_if(|_| gone) {
                    self.discord.state().sessions.end(&hold.session);
                }
                return Flow::Break(());
            }
            Message::Ping(_) | Message::Pong(_) => return Flow::Continue(()),
            Message::Binary(_) => return self.close(4002, "Error while decoding payload.").await,
        };
        let Ok(payload) = serde_json::from_str::<Value>(&text) else {
            return self.close(4002, "Error while decoding payload.").await;
        };
        let body = &payload["d"];
        match (payload["op"].as_u64(), self.hold.is_some()) {
            (Some(1), _) => {
                self.send(&json!({ "op": 11, "d": null, "s": null, "t": null }).to_string()).await
            }
            (Some(2 | 6), true) => self.close(4005, "Already authenticated.").await,
            (Some(2), false) => self.identify(body).await,
            (Some(6), false) => self.resume(body).await,
            (Some(3 | 4 | 8), false) => self.close(4003, "Not authenticated.").await,
            // Presence and voice are nothing that anybody here sees.
            (Some(3 | 4), true) => Flow::Continue(()),
            (Some(8), true) => self.members(body).await,
            _ => self.close(4001, "Unknown opcode.").await,
        }
    }

    async fn identify(&mut self, body: &Value) -> Flow {
        let (Some(token), Some(intents)) = (body["token"].as_str(), body["intents"].as_u64()) else {
            return self.close(4002, "Error while decoding payload.").await;
        };
        let shard = body["shard"].as_array().cloned().unwrap_or_else(|| vec![0.into(), 1.into()]);
        if shard != [Value::from(0), Value::from(1)] {
            return self.close(4010, "Invalid shard.").await;
        }
        let opened = {
            let mut state = self.discord.state();
            match state.bot_by_token(token) {
                None => Err((4004, "Authentication failed.")),
                Some(place) => match state.bots.get(place).and_then(|bot| bot.may.refuses(intents)) {
                    Some(refused) => Err(refused),
                    None => Ok(state.greet(place, intents)),
                },
            }
        };
        match opened {
            Err((code, reason)) => self.close(code, reason).await,
            Ok(hold) => {
                self.hold = Some(hold);
                self.flush().await?;
                self.discord.fault_of_new_connection();
                Flow::Continue(())
            }
        }
    }

    async fn resume(&mut self, body: &Value) -> Flow {
        let (Some(token), Some(session), Some(seq)) =
            (body["token"].as_str(), body["session_id"].as_str(), body["seq"].as_u64())
        else {
            return self.close(4002, "Error while decoding payload.").await;
        };
        let resumed = {
            let mut state = self.discord.state();
            match state.bot_by_token(token) {
                None => Err((4004, "Authentication failed.")),
                Some(place) => {
                    if self.discord.faults.take(&[Kind::RefuseResume], "gateway").is_some() {
                        state.sessions.end(session);
                    }
                    let hold =
                        state.sessions.resume(session, place, seq).map_err(|()| (4007, "Invalid seq."));
                    if let Ok(Some(hold)) = &hold {
                        // Comes after what is replayed, and has a number of its own.
                        state.sessions.push(&hold.session, "RESUMED", &json!({ "_trace": [] }));
                    }
                    hold
                }
            }
        };
        match resumed {
            Err((code, reason)) => self.close(code, reason).await,
            // The client may identify on this connection.
            Ok(None) => self.send(&json!({ "op": 9, "d": false, "s": null, "t": null }).to_string()).await,
            Ok(Some(hold)) => {
                (self.hold, self.seq) = (Some(hold), seq);
                self.flush().await?;
                self.discord.fault_of_new_connection();
                Flow::Continue(())
            }
        }
    }

    /// Op 8, request guild members: all in one chunk.
    async fn members(&mut self, body: &Value) -> Flow {
        let Some(hold) = self.hold.clone() else {
            return Flow::Continue(());
        };
        {
            let mut state = self.discord.state();
            let guild = super::mentions::id(&body["guild_id"]).and_then(|id| state.guilds.get(&id)).cloned();
            let Some(guild) = guild else {
                return Flow::Continue(());
            };
            let wanted: Option<Vec<u64>> =
                body["user_ids"].as_array().map(|ids| ids.iter().filter_map(super::mentions::id).collect());
            let prefix = body["query"].as_str().unwrap_or_default().to_lowercase();
            let found: Vec<Value> = state
                .members(&guild)
                .iter()
                .filter(|user| match &wanted {
                    Some(ids) => ids.contains(&user.id),
                    None => user.handle.to_lowercase().starts_with(&prefix),
                })
                .map(|user| payload::member(&state, &guild, user))
                .collect();
            let mut chunk = json!({
                "guild_id": guild.id.to_string(), "members": found, "chunk_index": 0, "chunk_count": 1, "not_found": [],
            });
            if !body["nonce"].is_null() {
                chunk["nonce"] = body["nonce"].clone();
            }
            state.sessions.push(&hold.session, "GUILD_MEMBERS_CHUNK", &chunk);
        }
        self.flush().await
    }
}

impl super::state::State {
    /// The place of the bot that has a token.
    pub fn bot_by_token(&self, token: &str) -> Option<usize> {
        let token = token.strip_prefix("Bot ").unwrap_or(token);
        self.bots.iter().position(|bot| bot.token == token)
    }

    /// Opens a session and puts READY and one GUILD_CREATE for each guild into it.
    fn greet(&mut self, place: usize, intents: u64) -> Hold {
        let hold = self.sessions.open(place, intents);
        let Some(bot) = self.bots.get(place).cloned() else {
            return hold;
        };
        let unavailable: Vec<Value> =
            bot.guilds.iter().map(|id| json!({ "id": id.to_string(), "unavailable": true })).collect();
        let ready = json!({
            "v": 10, "user": payload::current_user(&bot), "guilds": unavailable, "session_id": hold.session,
            "session_type": "normal", "resume_gateway_url": self.gateway_url(), "shard": [0, 1],
            "application": { "id": bot.id.to_string(), "flags": bot.may.application_flags() },
            "user_settings": {}, "relationships": [], "private_channels": [], "presences": [], "guild_join_requests": [],
            "geo_ordered_rtc_regions": [], "auth": {}, "_trace": [],
        });
        self.sessions.push(&hold.session, "READY", &ready);
        let reachable = |guild: &u64| self.guilds.get(guild).is_none_or(|guild| !guild.unavailable);
        let guilds: Vec<u64> = bot.guilds.into_iter().filter(reachable).collect();
        for guild in guilds {
            self.tell_guild(&hold.session, place, intents, guild, false);
        }
        hold
    }

    /// Dispatches GUILD_CREATE to one session, if it asked for guilds.
    pub fn tell_guild(&mut self, session: &str, place: usize, intents: u64, guild: u64, joined: bool) {
        let Some(guild) = self.guilds.get(&guild).filter(|_| intents & permissions::GUILDS != 0) else {
            return;
        };
        let all = intents & permissions::GUILD_MEMBERS != 0;
        let mut body = payload::guild_create(self, guild, place, all);
        if !joined {
            // A guild that becomes available says so; one that is joined has no such field, which is how clients tell.
            body["unavailable"] = false.into();
        }
        self.sessions.push(session, "GUILD_CREATE", &body);
    }

    /// Guilds have an outage: their bots are told, and nothing in them can be reached. Answers which.
    pub fn go_away(&mut self, only: Option<&str>) -> Vec<u64> {
        let named = |guild: &&mut Guild| {
            only.is_none_or(|only| guild.name == only || guild.id.to_string() == only) && !guild.unavailable
        };
        let mut out = Vec::new();
        for guild in self.guilds.values_mut().filter(named) {
            guild.unavailable = true;
            out.push(guild.id);
        }
        for (session, place, _) in self.sessions.listening(permissions::GUILDS) {
            let here = |guild: &&u64| self.bots.get(place).is_some_and(|bot| bot.guilds.contains(guild));
            for guild in out.iter().filter(here) {
                let body = json!({ "id": guild.to_string(), "unavailable": true });
                self.sessions.push(&session, "GUILD_DELETE", &body);
            }
        }
        out
    }

    /// They can be reached again.
    pub fn come_back(&mut self, guilds: &[u64]) {
        for guild in guilds {
            self.guilds.entry(*guild).and_modify(|guild| guild.unavailable = false);
            for (session, place, intents) in self.sessions.listening(permissions::GUILDS) {
                if self.bots.get(place).is_some_and(|bot| bot.guilds.contains(guild)) {
                    self.tell_guild(&session, place, intents, *guild, false);
                }
            }
        }
    }

    /// `ws://127.0.0.1:port`.
    pub fn gateway_url(&self) -> String {
        self.url.replacen("http", "ws", 1)
    }
}

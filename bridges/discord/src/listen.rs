//! Listening: the gateway is read on one side, its events are handed up in order on the other, and a bounded queue lies between.

use crate::config;
use crate::connector::{Discord, Us};
use crate::errors::{Failure, wrong_token};
use crate::first_answers::WAITING;
use crate::ids::snowflake;
use crate::interactions::{Interaction, Kind};
use crate::rest::Rest;
use crate::shard::{self, Frame, Position};
use futures::StreamExt;
use futures::stream::FuturesOrdered;
use relay_contract::{Inbox, ListenError, RawEvent, Timestamp};
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::task::Poll;
use tokio::sync::mpsc::{self, Receiver};

/// How many events wait between the connection and the ledger.
const QUEUED: usize = 256;
/// How many are handed up at the same time: the ledger syncs many at once.
const AT_ONCE: usize = 64;

/// The answer of `GET /gateway/bot`.
#[derive(Deserialize)]
struct Gateway {
    url: String,
}

impl Discord {
    /// `listen`.
    pub(crate) async fn hear(&self, cursor: Option<String>, inbox: &dyn Inbox) -> Result<(), ListenError> {
        let rest = self.rest().map_err(ListenError::Refused)?;
        let us = self.us_or_ask(&rest).await.map_err(lost)?;
        let gateway = self.gateway(&rest).await?;
        let position = cursor.and_then(|cursor| match serde_json::from_str::<Position>(&cursor) {
            Ok(position) => Some(position),
            Err(error) => {
                tracing::warn!(%error, "the stored session cannot be read; a new one is begun");
                inbox.missed(
                    "the stored session cannot be read: what was said since Relay last ran was missed",
                );
                None
            }
        });
        let (to, from) = mpsc::channel(QUEUED);
        let (first, first_answers) = mpsc::channel(WAITING);
        let token = self.config.token.expose_secret();
        let reading = async {
            let at_once = |kind: &str, event: &str| {
                if kind == "INTERACTION_CREATE"
                    && let Some(answer) = self.first_answer(us, event, inbox)
                    && first.try_send(answer).is_err()
                {
                    tracing::warn!("more commands are given than can be answered in time");
                }
            };
            let gateway = gateway.as_deref();
            let read = shard::read(token, gateway, position, &to, &self.heard, &at_once, inbox).await;
            // What was read is still handed up and answered; then the other sides end.
            drop((to, first));
            read
        };
        let (read, ..) = futures::join!(
            reading,
            self.hand_up(&rest, us, from, inbox),
            self.give_first_answers(&rest, us, first_answers),
            self.register(&rest, us, inbox),
        );
        read
    }

    /// The address of another server's gateway; `None` for Discord's own.
    async fn gateway(&self, rest: &Rest) -> Result<Option<String>, ListenError> {
        if self.config.gateway.is_some() || self.config.server.is_none() {
            return Ok(self.config.gateway.clone());
        }
        let told: Gateway = rest.ask(rest.client().gateway().authed()).await.map_err(lost)?;
        config::gateway(&told.url).map(Some).map_err(ListenError::Refused)
    }

    /// Hands events up, each begun before the next, until the reader ends or Relay stops.
    async fn hand_up(&self, rest: &Rest, us: Us, mut from: Receiver<Frame>, inbox: &dyn Inbox) {
        let mut accepting = FuturesOrdered::new();
        let mut stopped = inbox.stopped();
        loop {
            tokio::select! {
                biased;
                () = &mut stopped => return,
                Some(accepted) = accepting.next(), if !accepting.is_empty() => {
                    if Result::is_err(&accepted) {
                        return;
                    }
                }
                frame = from.recv(), if accepting.len() < AT_ONCE => {
                    let Some(frame) = frame else { break };
                    let position = serde_json::to_string(&frame.position);
                    let Some(raw) = self.raw(rest, us, frame).await else {
                        // A session in which nobody has spoken yet can be resumed too, if its place is kept.
                        position.into_iter().for_each(|position| inbox.moved(position));
                        continue;
                    };
                    let mut one = inbox.accept(raw);
                    // Begun here and now, so that calls begin in order.
                    match futures::poll!(&mut one) {
                        Poll::Ready(Ok(())) => {}
                        Poll::Ready(Err(_)) => return,
                        Poll::Pending => accepting.push_back(one),
                    }
                }
            }
        }
        while let Some(Ok(())) = accepting.next().await {}
    }

    /// An event with all that `translate` needs. Those that say nothing new of a room only teach names, and are not handed up.
    async fn raw(&self, rest: &Rest, us: Us, frame: Frame) -> Option<RawEvent> {
        let mut event: Value = serde_json::from_str(&frame.text)
            .inspect_err(|error| tracing::warn!(kind = frame.kind, %error, "the gateway sent an event that is not JSON"))
            .ok()?;
        let native = event.get_mut("d")?.take();
        // Direct messages are in no guild, and nobody links them.
        let guild = guild_of(&frame.kind, &native)?.to_owned();
        let (native, names) = if frame.kind.starts_with("MESSAGE_") {
            let names = self.names.of_message(rest, &guild, &native).await;
            (native, names)
        } else if frame.kind == "INTERACTION_CREATE" {
            let Ok(interaction) = Interaction::deserialize(&native) else {
                // Not handed up, as what is set aside is kept, and its token is nobody's business.
                tracing::warn!("the gateway sent an interaction that cannot be read");
                return None;
            };
            if !matches!(interaction.kind(&us.application.to_string()), Kind::Command(_)) {
                return None;
            }
            let names = self.names.of_guild(rest, &guild).await;
            (native, names)
        } else {
            self.learn(&frame.kind, &native);
            if !self.facts.heard(us, &frame.kind, &native) {
                return None;
            }
            (self.concerned(&native), Map::new())
        };
        let cursor = serde_json::to_string(&frame.position).ok();
        let payload = json!({
            "t": frame.kind,
            "d": native,
            "relay": {
                "user": us.user.to_string(),
                "application": us.application.to_string(),
                "names": names,
                "heard": Timestamp::now().0,
            },
        });
        Some(RawEvent { space: guild.into(), payload, cursor })
    }

    /// Of an event about a guild or a channel, what it concerns: the rest may be large, and is asked for anew.
    fn concerned(&self, native: &Value) -> Value {
        let mut kept = Map::new();
        for key in ["id", "guild_id", "unavailable"] {
            if let Some(value) = native.get(key) {
                kept.insert(key.to_owned(), value.clone());
            }
        }
        if let Some(user) = native.get("user").and_then(|user| user.get("id")) {
            kept.insert("user".to_owned(), json!({ "id": user }));
        }
        let channel = native.get("id").and_then(Value::as_str).and_then(|id| snowflake(&id.into()));
        if channel.is_some_and(|channel| self.rooms.has_threads_of(channel)) {
            kept.insert("threads".to_owned(), true.into());
        }
        kept.into()
    }

    fn learn(&self, kind: &str, native: &Value) {
        let may_give_rights = matches!(
            kind,
            "GUILD_CREATE"
                | "GUILD_MEMBER_UPDATE"
                | "CHANNEL_UPDATE"
                | "GUILD_ROLE_UPDATE"
                | "GUILD_ROLE_DELETE"
        );
        let guild = guild_of(kind, native).filter(|_| may_give_rights);
        if let Some(guild) = guild.and_then(|id| snowflake(&id.into())) {
            self.rooms.may_have_changed(guild);
        }
        if kind == "WEBHOOKS_UPDATE" {
            let channel = native.get("channel_id").and_then(Value::as_str);
            if let Some(channel) = channel.and_then(|id| snowflake(&id.into())) {
                self.webhooks.forget(channel);
            }
        } else {
            self.names.learn(kind, native);
        }
    }
}

/// The guild that an event belongs to.
fn guild_of<'a>(kind: &str, native: &'a Value) -> Option<&'a str> {
    let of_itself = matches!(kind, "GUILD_CREATE" | "GUILD_UPDATE" | "GUILD_DELETE");
    native.get(if of_itself { "id" } else { "guild_id" })?.as_str()
}

fn lost(failure: Failure) -> ListenError {
    if failure.is_unauthorized() {
        ListenError::Refused(wrong_token())
    } else {
        ListenError::Lost(failure.words())
    }
}

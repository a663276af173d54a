//! Reads the gateway: one connection at a time, resumed wherever that is possible, polled whatever else happens.
//!
//! <https://discord.com/developers/docs/events/gateway>

use crate::config;
use crate::errors::wrong_token;
use crate::position::{LastHeard, Passed, Position, Sequence, SessionInfo};
use futures::StreamExt;
use futures::future::poll_fn;
use relay_contract::{Inbox, ListenError, Problem};
use serde::Deserialize;
use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;
use tokio::sync::mpsc::Sender;
use tokio::sync::mpsc::error::SendError;
use twilight_gateway::error::{ReceiveMessageError, ReceiveMessageErrorType};
use twilight_gateway::{CloseFrame, ConfigBuilder, Intents, Message, Session, Shard, ShardId, ShardState};
use twilight_model::gateway::event::GatewayEventDeserializer;

/// What we listen to. Message content is a privileged intent: `preflight` makes sure of it. Members are another, which only those get
/// who were granted it.
pub fn intents(members: bool) -> Intents {
    let always = Intents::GUILDS
        | Intents::GUILD_MESSAGES
        | Intents::MESSAGE_CONTENT
        | Intents::GUILD_WEBHOOKS
        | Intents::GUILD_MESSAGE_REACTIONS
        | Intents::GUILD_MESSAGE_TYPING
        | Intents::GUILD_EMOJIS_AND_STICKERS;
    if members { always | Intents::GUILD_MEMBERS } else { always }
}

/// How long an event may wait to be taken before the connection is dropped. Discord wants a heartbeat about every 41 seconds, and
/// none is sent while we wait.
const TAKEN_WITHIN: Duration = Duration::from_secs(10);
/// How long a goodbye may take.
const GOODBYE: Duration = Duration::from_secs(1);

/// One dispatched event, as it was read.
#[derive(Debug)]
pub struct Frame {
    /// The JSON.
    pub text: String,
    /// Its name.
    pub kind: String,
    /// Its own place in its session.
    pub position: Position,
}

/// What the reader hands an event to as soon as it is read, before it waits its turn.
pub type AtOnce<'a> = &'a (dyn Fn(&str, &str) + Send + Sync);

/// Events that somebody wants: messages and what is put on them, commands, members, what rooms and their names and rights are known by, and what begins a connection,
/// so that its place is kept although nobody speaks. Our own GUILD_MEMBER_UPDATE comes without the members intent.
fn is_wanted(kind: &str) -> bool {
    matches!(
        kind,
        "READY"
            | "RESUMED"
            | "MESSAGE_CREATE"
            | "MESSAGE_UPDATE"
            | "MESSAGE_DELETE"
            | "MESSAGE_DELETE_BULK"
            | "MESSAGE_REACTION_ADD"
            | "MESSAGE_REACTION_REMOVE"
            | "MESSAGE_REACTION_REMOVE_ALL"
            | "MESSAGE_REACTION_REMOVE_EMOJI"
            | "TYPING_START"
            | "INTERACTION_CREATE"
            | "GUILD_CREATE"
            | "GUILD_UPDATE"
            | "GUILD_DELETE"
            | "GUILD_MEMBER_ADD"
            | "GUILD_MEMBER_REMOVE"
            | "GUILD_MEMBER_UPDATE"
            | "GUILD_EMOJIS_UPDATE"
            | "CHANNEL_CREATE"
            | "CHANNEL_UPDATE"
            | "CHANNEL_DELETE"
            | "THREAD_CREATE"
            | "THREAD_UPDATE"
            | "THREAD_DELETE"
            | "THREAD_LIST_SYNC"
            | "GUILD_ROLE_CREATE"
            | "GUILD_ROLE_UPDATE"
            | "GUILD_ROLE_DELETE"
            | "WEBHOOKS_UPDATE"
    )
}

/// Why one connection is not followed any more.
enum Left {
    /// Relay stops.
    Stopping,
    /// This frame was not taken in time.
    Full(Frame),
    /// It did not tell everything.
    PassedOver,
}

/// As whom, for what, and where.
#[derive(Clone, Copy)]
pub struct Login<'a> {
    /// The bot's token.
    pub token: &'a str,
    /// What is listened to.
    pub intents: Intents,
    /// Another server's address.
    pub gateway: Option<&'a str>,
}

/// Reads until stopped, refused or lost.
pub async fn read(
    login: Login<'_>,
    cursor: Option<Position>,
    to: &Sender<Frame>,
    heard: &LastHeard,
    at_once: AtOnce<'_>,
    inbox: &dyn Inbox,
) -> Result<(), ListenError> {
    let mut position = cursor;
    let mut order = Sequence::default();
    loop {
        let mut shard = shard(login, position.clone()).map_err(ListenError::Refused)?;
        order.goes_on(position.as_ref());
        match follow(&mut shard, &mut position, &mut order, to, heard, at_once, inbox).await? {
            Left::Stopping => {
                say_goodbye(&mut shard).await;
                return Ok(());
            }
            Left::Full(frame) => {
                // Without a goodbye: the session stays, and what comes meanwhile is replayed.
                drop(shard);
                inbox.interrupted("events come faster than they can be kept; resuming when there is room");
                let at = frame.position.clone();
                tokio::select! {
                    sent = to.send(frame) => if sent.is_err() { return Ok(()) },
                    () = inbox.stopped() => return Ok(()),
                }
                position = Some(at);
            }
            Left::PassedOver => {
                // Without a goodbye, again: the session has what this connection did not tell.
                drop(shard);
                inbox.interrupted("the gateway passed events over; resuming from before them");
            }
        }
    }
}

fn shard(login: Login<'_>, position: Option<Position>) -> Result<Shard, Problem> {
    let build = || {
        let mut config = ConfigBuilder::new(login.token.to_owned(), login.intents);
        if let Some(gateway) = login.gateway {
            config = config.proxy_url(gateway.to_owned());
        }
        if let Some(Position { info, sequence }) = position {
            config = config.session(Session::new(sequence, info.session));
            // An address that is not one would be a panic inside the library.
            if let Some(url) = info.resume_url.and_then(|url| config::gateway(&url).ok()) {
                config = config.resume_url(url);
            }
        }
        Shard::with_config(ShardId::ONE, config.build())
    };
    catch_unwind(AssertUnwindSafe(build)).map_err(|_| {
        Problem::new(
            "The WebSocket client could not be made: the system has no certificates.",
            "Install the package `ca-certificates`.",
        )
    })
}

async fn follow(
    shard: &mut Shard,
    position: &mut Option<Position>,
    order: &mut Sequence,
    to: &Sender<Frame>,
    heard: &LastHeard,
    at_once: AtOnce<'_>,
    inbox: &dyn Inbox,
) -> Result<Left, ListenError> {
    let mut session = position.clone().map(|position| position.info);
    let mut stopped = inbox.stopped();
    let mut up = false;
    let mut awaited = HashSet::new();
    loop {
        let item = tokio::select! {
            biased;
            () = &mut stopped => return Ok(Left::Stopping),
            () = to.closed() => return Ok(Left::Stopping),
            item = next(shard, &mut up, inbox) => item,
        };
        let text = match item {
            Some(Ok(Message::Text(text))) => text,
            Some(Ok(Message::Close(frame))) => {
                let code = frame.map_or(1_005, |frame| frame.code);
                if let Some(problem) = refusal(code) {
                    return Err(ListenError::Refused(problem));
                }
                up = false;
                inbox.interrupted(&format!("the gateway's connection was closed ({code})"));
                continue;
            }
            Some(Err(error)) => {
                inbox.interrupted(match error.kind() {
                    ReceiveMessageErrorType::Reconnect => "the gateway cannot be reached",
                    _ => "the gateway sent something that cannot be read",
                });
                continue;
            }
            None => return Err(ListenError::Lost("the gateway closed the session for good".to_owned())),
        };
        let active = shard.state() == ShardState::Active;
        let Some((kind, sequence)) = dispatched(&text) else {
            // An answered heartbeat, most often: until here nothing was missed, however quiet it is.
            if active {
                heard.now();
            }
            continue;
        };
        match order.passed_over(&kind, sequence) {
            Passed::Nothing => {}
            Passed::Something => return Ok(Left::PassedOver),
            Passed::ForGood => {
                inbox.gap("Discord passed events over, and told nothing more of them when asked again")
            }
        }
        match kind.as_str() {
            "READY" => {
                let resume_url = shard.resume_url().map(str::to_owned);
                if resume_url.as_deref().is_some_and(|url| config::gateway(url).is_err()) {
                    return Err(ListenError::Lost("the gateway named an address that is not one".to_owned()));
                }
                session = shard.session().map(|it| SessionInfo { session: it.id().to_owned(), resume_url });
                up = true;
                // C35: before anything of this session is handed up.
                inbox.gap(&match &position {
                    Some(_) => {
                        format!("Discord did not resume the session that was heard until {}", heard.until())
                    }
                    None => "a new session was begun".to_owned(),
                });
                inbox.connected();
            }
            "RESUMED" => {
                up = true;
                inbox.connected();
            }
            _ => {}
        }
        if is_back(&kind, &text, &mut awaited) {
            inbox.gap("a server is back from an outage");
        }
        // Not while old events are replayed: the rest of them may be lost yet.
        if active {
            heard.now();
        }
        let Some(info) = session.clone().filter(|_| is_wanted(&kind)) else {
            continue;
        };
        at_once(&kind, &text);
        let frame = Frame { text, kind, position: Position { info, sequence } };
        let here = frame.position.clone();
        match tokio::time::timeout(TAKEN_WITHIN, to.reserve()).await {
            Ok(Ok(place)) => place.send(frame),
            Ok(Err(SendError(()))) => return Ok(Left::Stopping),
            Err(_) => return Ok(Left::Full(frame)),
        }
        *position = Some(here);
    }
}

/// The next item. A connection that ends without a word gives none: the library makes a new one in silence, so that we look.
async fn next(
    shard: &mut Shard,
    up: &mut bool,
    inbox: &dyn Inbox,
) -> Option<Result<Message, ReceiveMessageError>> {
    poll_fn(|context| {
        let polled = shard.poll_next_unpin(context);
        if polled.is_pending()
            && matches!(shard.state(), ShardState::Disconnected { .. })
            && std::mem::take(up)
        {
            inbox.interrupted("the gateway's connection ended without a word");
        }
        polled
    })
    .await
}

/// Whether a guild is back from an outage, which need not have been told: each guild of READY comes once, and any other that
/// comes was away. What was said there meanwhile was not told.
///
/// <https://discord.com/developers/docs/events/gateway-events#guild-create>
fn is_back(kind: &str, text: &str, awaited: &mut HashSet<String>) -> bool {
    #[derive(Deserialize)]
    struct Event {
        d: Known,
    }
    #[derive(Deserialize)]
    struct Known {
        #[serde(default)]
        id: Option<String>,
        #[serde(default)]
        guilds: Vec<Known>,
    }
    if !matches!(kind, "READY" | "GUILD_CREATE") {
        return false;
    }
    let Ok(Event { d: Known { id, guilds } }) = serde_json::from_str(text) else { return false };
    if kind == "READY" {
        *awaited = guilds.into_iter().filter_map(|guild| guild.id).collect();
        return false;
    }
    id.is_some_and(|id| !awaited.remove(&id))
}

/// The name and the sequence number of a dispatched event.
fn dispatched(text: &str) -> Option<(String, u64)> {
    let event = GatewayEventDeserializer::from_json(text)?;
    Some((event.event_type()?.to_owned(), event.sequence()?))
}

/// Ends the connection so that Discord keeps the session: any code but 1000 and 1001.
async fn say_goodbye(shard: &mut Shard) {
    shard.close(CloseFrame::RESUME);
    let closing = async {
        // The library would connect anew after the close: it is left as soon as the close was answered.
        while let Some(item) = shard.next().await {
            if matches!(item, Ok(Message::Close(_)) | Err(_)) {
                break;
            }
        }
    };
    if tokio::time::timeout(GOODBYE, closing).await.is_err() {
        tracing::debug!("the gateway did not answer the goodbye");
    }
}

/// Close codes after which nobody may come back before a person has done something.
///
/// <https://discord.com/developers/docs/topics/opcodes-and-status-codes#gateway-gateway-close-event-codes>
fn refusal(code: u16) -> Option<Problem> {
    match code {
        4004 => Some(wrong_token()),
        4010 | 4011 => Some(Problem::new(
            "The bot is in so many servers that Discord wants several connections for it.",
            "Use a bot of its own for Relay: it needs one connection, for up to 2,500 servers.",
        )),
        4012 | 4013 => Some(Problem::new(
            "Discord does not speak this version of its gateway any more.",
            "Install a newer version of Relay.",
        )),
        4014 => Some(Problem::new(
            "The bot may not read what people write: the message content intent is off.",
            "Switch it on: Discord Developer Portal → your application → Bot → Privileged Gateway Intents → Message \
             Content Intent → Save Changes.",
        )),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_guild_that_comes_again_was_away() {
        let mut awaited = HashSet::new();
        let ready = r#"{"d":{"guilds":[{"id":"1","unavailable":true},{"id":"2"}]}}"#;
        let (one, two) = (r#"{"d":{"id":"1","name":"Owls"}}"#, r#"{"d":{"id":"2"}}"#);
        for (kind, text, back) in [
            ("READY", ready, false),
            ("GUILD_CREATE", one, false),
            ("MESSAGE_CREATE", one, false),
            ("GUILD_CREATE", one, true),
            ("GUILD_CREATE", two, false),
            ("GUILD_CREATE", two, true),
            ("READY", ready, false),
            ("GUILD_CREATE", one, false),
            ("GUILD_CREATE", "{}", false),
        ] {
            assert_eq!(is_back(kind, text, &mut awaited), back, "{kind} {text}");
        }
    }

    #[test]
    fn only_what_a_person_must_mend_is_a_refusal() {
        for code in [4004, 4010, 4011, 4012, 4013, 4014] {
            assert!(refusal(code).is_some(), "{code}");
        }
        for code in [1000, 1001, 1006, 4000, 4007, 4008, 4009] {
            assert!(refusal(code).is_none(), "{code}");
        }
    }
}

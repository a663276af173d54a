//! The actor of a guild, workspace or chat: its own order, its own failures, its own lanes.

use super::core::{Core, RunningAccount};
use super::lane;
use super::repeats::Said;
use super::supervisor::{Down, Supervisor};
use crate::observe::Count;
use crate::routing::Routes;
use crate::store::records::SetAside;
use crate::store::{StoreError, Verdict};
use actix::prelude::SendError;
use actix::{
    Actor, ActorFutureExt, Addr, AsyncContext, AtomicResponse, Context, Handler, Message, WrapFuture,
};
use futures::future::{AbortHandle, abortable};
use relay_contract::{
    Ask, Asker, Author, Call, Envelope, Event, MessageRef, NativeId, RawEvent, RoomKey, RoomNews, SpaceRef,
    Standing, Stopped, Timestamp, Translation,
};
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// Events that wait for one space; more than this makes its reader wait.
const MAILBOX: usize = 256;
/// Platforms that tell times in whole seconds, and clocks that are not quite together, in milliseconds.
const ROUNDED: i64 = 2_000;
/// How soon it is looked again whether the lanes of a space that went down have ended.
const ENDS: Duration = Duration::from_millis(50);
/// So much of a message is compared with what another bridge says, in user-perceived characters.
const COMPARED: usize = 4_000;

/// The actor.
pub struct Space {
    core: Arc<Core>,
    account: Arc<RunningAccount>,
    lanes: HashMap<RoomKey, AbortHandle>,
    _guard: DownGuard,
}

/// Tells the supervisor that this generation of a space is gone, however it went.
pub struct DownGuard {
    pub(super) supervisor: Addr<Supervisor>,
    pub(super) down: Option<Down>,
}

impl Drop for DownGuard {
    fn drop(&mut self) {
        if let Some(down) = self.down.take()
            && let Err(SendError::Full(_)) = self.supervisor.try_send(down)
        {
            tracing::warn!("the supervisor was not told of a space that went down");
        }
    }
}

impl Space {
    /// A space without lanes.
    pub(super) fn new(core: Arc<Core>, account: Arc<RunningAccount>, guard: DownGuard) -> Self {
        Self { core, account, lanes: HashMap::new(), _guard: guard }
    }
}

impl Drop for Space {
    fn drop(&mut self) {
        for lane in self.lanes.values() {
            lane.abort();
        }
    }
}

impl Actor for Space {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        ctx.set_mailbox_capacity(MAILBOX);
    }
}

/// A native event.
#[derive(Message)]
#[rtype(result = "Result<Heard, Stopped>")]
pub struct Hear {
    /// As the connector handed it up.
    pub raw: Arc<RawEvent>,
    /// It was read from a history.
    pub is_past: bool,
}

/// What became of it.
pub enum Heard {
    /// Nothing is to be kept, or it is kept already.
    Done,
    /// Queued for the ledger; the receiver resolves when it is on disk.
    Queued(oneshot::Receiver<Result<Vec<Verdict>, StoreError>>),
}

impl Handler<Hear> for Space {
    type Result = AtomicResponse<Self, Result<Heard, Stopped>>;

    fn handle(&mut self, hear: Hear, _: &mut Context<Self>) -> Self::Result {
        let read = self.read(&hear.raw, hear.is_past);
        let core = self.core.clone();
        let running = self.account.clone();
        let account = running.name.clone();
        // Atomic: the next event is looked at only when this one has its place in the ledger's queue.
        let stored = async move {
            match read {
                Ok(Read::Command(call)) => {
                    core.call_in_order(&running, call).await;
                    Ok(Heard::Done)
                }
                Ok(Read::News(news)) => core.news(&running, news).await.map(|()| Heard::Done),
                Ok(Read::Envelopes(envelopes)) if envelopes.is_empty() => Ok(Heard::Done),
                Ok(Read::Changed(edit)) => match core.outdates(*edit).await {
                    Some(deletion) => core.take_in(account, vec![deletion]).await.map(Heard::Queued),
                    None => Ok(Heard::Done),
                },
                Ok(Read::Envelopes(envelopes)) => {
                    let envelopes = core.without_unknown(envelopes).await;
                    if envelopes.is_empty() {
                        return Ok(Heard::Done);
                    }
                    let queued = core.take_in(account, envelopes).await;
                    queued.map(Heard::Queued)
                }
                Err(reason) => {
                    tracing::warn!(%account, reason, "an event was set aside");
                    core.counters.add(Count::SetAside);
                    let event = SetAside {
                        account: account.to_string(),
                        reason,
                        payload: hear.raw.payload.to_string(),
                        at: Timestamp::now().0,
                    };
                    core.ledger.set_aside(event).await.map(|()| Heard::Done)
                }
            }
            .map_err(|error| {
                tracing::error!(%error, "an event could not be written");
                Stopped
            })
        };
        AtomicResponse::new(Box::pin(stored.into_actor(self).map(|heard, _, _| heard)))
    }
}

impl Space {
    /// What an event means; the reason if it cannot be read. The fence: a panic costs this event.
    fn read(&self, raw: &RawEvent, is_past: bool) -> Result<Read, String> {
        let translated = catch_unwind(AssertUnwindSafe(|| self.account.connector.translate(raw)));
        match translated {
            Ok(Translation::Events(envelopes)) => {
                if let [envelope] = envelopes.as_slice()
                    && let Some(call) = self.typed(envelope)
                {
                    return Ok(Read::Command(call));
                }
                for envelope in &envelopes {
                    self.follow_sign(envelope);
                    self.core.whisper_soon(&self.account, envelope);
                }
                let wanted = |envelope: &Envelope| self.is_wanted(envelope);
                if let [edit] = envelopes.as_slice()
                    && matches!(edit.event, Event::Edited { .. })
                    && !wanted(edit)
                {
                    return Ok(Read::Changed(Box::new(edit.clone())));
                }
                let wanted = envelopes.into_iter().filter(wanted);
                let routes = self.core.routes.borrow().clone();
                let wanted = wanted.filter(|envelope| self.is_dated(&routes, envelope, is_past));
                let said = wanted.map(|mut envelope| {
                    self.core.leave_unsaid(&routes, &mut envelope);
                    envelope
                });
                Ok(Read::Envelopes(said.collect()))
            }
            Ok(Translation::Ignored(word)) => {
                tracing::trace!(account = %self.account.name, word, "ignored");
                self.core.counters.add(Count::Ignored);
                Ok(Read::Envelopes(Vec::new()))
            }
            Ok(Translation::Command(call)) => Ok(Read::Command(call)),
            Ok(Translation::Room(news)) => Ok(Read::News(news)),
            Ok(Translation::Typing(room, _)) => {
                self.core.typing(&room);
                Ok(Read::Envelopes(Vec::new()))
            }
            Ok(Translation::Unreadable(reason)) => Err(reason),
            Err(panic) => {
                self.core.counters.add(Count::Panicked);
                Err(format!("reading it panicked: {}", lane::panic_text(&panic)))
            }
        }
    }

    /// A reaction that a link takes for `/relay delete`.
    fn follow_sign(&self, envelope: &Envelope) {
        let (Event::Reacted { target, emoji, added: true, .. }, Some(author)) =
            (&envelope.event, &envelope.author)
        else {
            return;
        };
        let meant = |sign: &str| sign.trim_end_matches('\u{FE0F}') == emoji.name.trim_end_matches('\u{FE0F}');
        let routes = self.core.routes.borrow().clone();
        let mut links = routes.links_of(&envelope.origin);
        if author.standing != Standing::Person
            || !links.any(|(_, link)| link.settings.delete_on.as_deref().is_some_and(meant))
        {
            return;
        }
        let ask = Ask::Delete { message: Some(MessageRef::plain(target.clone())) };
        if let Some(call) = self.call_of(envelope, author, ask) {
            self.core.call(&self.account, Call { at: Timestamp::now(), message: None, ..call });
        }
    }

    /// A no that is typed as a message: it is one, though nobody answers it.
    fn typed(&self, envelope: &Envelope) -> Option<Call> {
        let ask = super::typed::no(envelope)?;
        let (Some(author), Event::Posted(message)) = (&envelope.author, &envelope.event) else { return None };
        let call = self.call_of(envelope, author, ask)?;
        Some(Call { message: Some(message.at.id.clone()), ..call })
    }

    /// A command that nobody is answered, in a room that is known.
    fn call_of(&self, envelope: &Envelope, author: &Author, ask: Ask) -> Option<Call> {
        let (_, _, known) = self.core.known.asked_for(&envelope.origin).into_iter().next()?;
        Some(Call {
            room: envelope.origin.clone(),
            space: SpaceRef { id: known.space.as_str().into(), name: known.space_name },
            asker: Asker { id: author.id.clone(), name: author.name.clone() },
            locale: None,
            ask,
            at: envelope.at,
            message: None,
            reply: serde_json::Value::Null,
        })
    }

    fn is_wanted(&self, envelope: &Envelope) -> bool {
        // Not borrowed: what is asked below borrows it too.
        let routes = self.core.routes.borrow().clone();
        if let (Some(Author { standing: Standing::Relay, .. }), Event::Posted(message)) =
            (&envelope.author, &envelope.event)
        {
            self.core.echoes.heard(&envelope.origin, &message.at.id);
        }
        let unwanted = match (&envelope.author, &envelope.event) {
            (Some(author), _) if author.standing == Standing::Relay => Some(Count::Echo),
            (Some(author), _) if author.standing == Standing::Bot && !hears_bots(&routes, envelope) => {
                Some(Count::OtherBot)
            }
            (_, Event::Edited { .. }) if self.core.is_for_nobody(&routes, envelope) => Some(Count::Withheld),
            (_, Event::Edited { .. } | Event::Deleted { .. }) if routes.knows(&envelope.origin) => None,
            (_, _) if !routes.hears(&envelope.origin) => Some(Count::NotLinked),
            (_, _) if !routes.knows(&envelope.origin) => Some(Count::NotLinked),
            (_, Event::Posted(_)) if self.is_from_before(envelope) => Some(Count::NotLinked),
            _ if self.core.is_for_nobody(&routes, envelope) => Some(Count::Withheld),
            _ => None,
        };
        let own = matches!(&envelope.event, Event::Deleted { target } if self.core.own_deletes.has(&envelope.origin, target));
        let unwanted = unwanted.or_else(|| own.then_some(Count::Echo));
        let unwanted = unwanted.or_else(|| self.is_repeat(&routes, envelope).then_some(Count::Looped));
        if let Some(count) = unwanted {
            self.core.counters.add(count);
        }
        unwanted.is_none()
    }

    /// Whether it is known when it was said, as far as somebody's choices depend on it.
    fn is_dated(&self, routes: &Routes, envelope: &Envelope, is_past: bool) -> bool {
        if !is_past {
            self.core.heard_at(envelope.at);
            return true;
        }
        let is_dated = !self.core.may_be_of_a_no(routes, envelope);
        if !is_dated {
            self.core.counters.add(Count::Withheld);
        }
        is_dated
    }

    /// Whether it was said before the room was linked: whoever said it could not know that it would be carried.
    fn is_from_before(&self, envelope: &Envelope) -> bool {
        let since = self.core.ledger.listened_since(&envelope.origin);
        since.is_some_and(|since| envelope.at.0 < since.0 - ROUNDED)
    }

    /// Whether another bridge brings back what was said in another room of the channel. Where other bots are let in, what is
    /// said is remembered for that.
    fn is_repeat(&self, routes: &Routes, envelope: &Envelope) -> bool {
        let (Event::Posted(message), Some(author)) = (&envelope.event, &envelope.author) else {
            return false;
        };
        let lets_bots_in = |name: &&str| routes.channel(name).iter().any(|link| link.settings.bots);
        let channels: Vec<&str> =
            routes.links_of(&envelope.origin).map(|(name, _)| name).filter(lets_bots_in).collect();
        if channels.is_empty() {
            return false;
        }
        let (text, now) = (message.body.excerpt(COMPARED), Instant::now());
        let said = Said { channels: &channels, room: &envelope.origin, name: &author.name, text: &text };
        let repeats = &self.core.repeats;
        if author.standing == Standing::Bot && repeats.repeats(said, now) {
            let count = repeats.cut(&envelope.origin, &author.id, &author.name);
            if count.is_power_of_two() {
                tracing::warn!(room = %envelope.origin, bot = %author.id, count, "another bridge repeats what Relay carries; it is cut");
            }
            return true;
        }
        repeats.said(said, now);
        false
    }
}

/// What an event means to the engine.
enum Read {
    /// These are to be accepted.
    Envelopes(Vec<Envelope>),
    /// A command.
    Command(Call),
    /// An edit that nobody may see.
    Changed(Box<Envelope>),
    /// Something became of a room.
    News(RoomNews),
}

fn hears_bots(routes: &Routes, envelope: &Envelope) -> bool {
    routes.links_of(&envelope.origin).any(|(_, link)| link.settings.bots && link.direction.hears())
}

/// Run the lane of a room, if it has anything to do and does not run yet.
#[derive(Message)]
#[rtype(result = "()")]
pub struct RunLane {
    /// The room.
    pub room: RoomKey,
}

impl Handler<RunLane> for Space {
    type Result = ();

    fn handle(&mut self, RunLane { room }: RunLane, ctx: &mut Context<Self>) {
        self.run_lane(room, ctx);
    }
}

impl Space {
    fn run_lane(&mut self, room: RoomKey, ctx: &mut Context<Self>) {
        let Some(handle) = self.core.lane(&room).filter(|lane| self.core.has_work(lane)) else {
            return;
        };
        let Some(runs) = handle.begin() else {
            // What a space that went down has started ends between two steps.
            if !self.lanes.contains_key(&room) {
                ctx.run_later(ENDS, |space, ctx| space.run_lane(room, ctx));
            }
            return;
        };
        // Its own handle: that of a task would keep the memory of one that has ended.
        let (running, abort) = abortable(lane::run(self.core.clone(), handle, runs));
        tokio::spawn(self.core.lane_tasks.track_future(running));
        self.lanes.insert(room, abort);
    }
}

/// Which space of an account, for the supervisor.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SpaceKey {
    /// The account.
    pub account: relay_contract::Account,
    /// The space's id.
    pub space: NativeId,
}

#[cfg(test)]
pub struct Crash;

#[cfg(test)]
impl Message for Crash {
    type Result = ();
}

#[cfg(test)]
impl Handler<Crash> for Space {
    type Result = ();

    fn handle(&mut self, _: Crash, _: &mut Context<Self>) {
        panic!("a space crashes, as the test asked");
    }
}

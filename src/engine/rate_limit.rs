//! The rate-limit actor: one an account. Ask → wait for the turn → attempt → tell what the server said. Who need not wait takes its turn
//! where it asks; the actor watches the time for those that do.
//!
//! `ceilings` are the published ones, `turns` says who goes next, `breaker` watches over all accounts that one platform sees coming from
//! here.

mod breaker;
mod ceilings;
#[cfg(test)]
mod tests;
mod turns;

pub use breaker::{Breaker, SharedBy, Weather};

use super::core::RunningAccount;
use actix::{Actor, AsyncContext, Context, Handler, Message, SpawnHandle};
use breaker::{Invalid, is_invalid};
use governor::clock::MonotonicClock;
use relay_contract::{DeliverError, Doing, RoomKey, Tier};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{oneshot, watch};
use turns::Turns;

/// Lanes that have begun to wait, to be looked at; more make their lanes wait.
const MAILBOX: usize = 1024;

/// The turns of an account's rooms. Held only while one is asked for.
#[derive(Clone)]
pub struct Budget(Arc<Mutex<Turns<MonotonicClock>>>);

impl Budget {
    fn turns(&self) -> MutexGuard<'_, Turns<MonotonicClock>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The actor.
pub struct RateLimit {
    budget: Budget,
    weather: watch::Receiver<Weather>,
    next_look: Option<SpawnHandle>,
}

/// May a request be made in this room now?
#[derive(Debug, Clone)]
pub struct Ask {
    /// The room.
    pub room: RoomKey,
    /// What kind of request.
    pub doing: Doing,
    /// The room's ceiling: (requests, in seconds).
    pub room_rate: (u32, u32),
    /// That of such requests of the account.
    pub tier: Option<Tier>,
    /// That of the account.
    pub account_rate: (u32, u32),
}

/// The answer.
#[derive(Debug)]
pub enum Turn {
    /// Now.
    Now,
    /// When this resolves. Whoever drops it gives up its place.
    Later(oneshot::Receiver<()>),
}

/// Somebody has begun to wait.
#[derive(Message)]
#[rtype(result = "()")]
struct Look;

impl RateLimit {
    /// A budget that nothing was taken from. Without `ceilings` only what the server says is kept; `pace` is how many times faster than
    /// published they are.
    pub fn new(ceilings: bool, pace: u32, weather: watch::Receiver<Weather>) -> Self {
        let turns = Turns::new(MonotonicClock, ceilings, pace);
        Self { budget: Budget(Arc::new(Mutex::new(turns))), weather, next_look: None }
    }

    /// What it watches over.
    pub fn budget(&self) -> Budget {
        self.budget.clone()
    }

    fn look(&mut self, ctx: &mut Context<Self>) {
        if let Some(earlier) = self.next_look.take() {
            ctx.cancel_future(earlier);
        }
        let load = self.weather.borrow().load();
        let wait = self.budget.turns().look(load);
        if let Some(wait) = wait {
            let wait = wait.max(Duration::from_millis(1));
            self.next_look = Some(ctx.run_later(wait, |limit, ctx| {
                limit.next_look = None;
                limit.look(ctx);
            }));
        }
    }
}

impl Actor for RateLimit {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        ctx.set_mailbox_capacity(MAILBOX);
    }
}

impl Handler<Look> for RateLimit {
    type Result = ();

    fn handle(&mut self, _: Look, ctx: &mut Context<Self>) {
        self.look(ctx);
    }
}

impl RunningAccount {
    /// Asks for this room's turn to make a request of this kind.
    pub async fn turn(&self, room: &RoomKey, doing: Doing) -> Turn {
        let capabilities = self.connector.capabilities(room);
        let ask = Ask {
            room: room.clone(),
            doing,
            room_rate: capabilities.room_rate,
            tier: self.connector.tier(doing),
            account_rate: capabilities.account_rate,
        };
        let load = self.weather.borrow().load();
        let turn = self.budget.turns().ask(ask, load);
        if matches!(turn, Turn::Later(_)) {
            // Only at the very end of the process nobody watches: a turn that never comes.
            let _ = self.limit.send(Look).await;
        }
        turn
    }

    /// Waits for this room's turn to make a request of this kind.
    pub async fn permitted(&self, room: &RoomKey, doing: Doing) {
        if let Turn::Later(turn) = self.turn(room, doing).await
            && turn.await.is_err()
        {
            // Only at the very end of the process.
            std::future::pending().await
        }
    }

    /// Tells whoever keeps the limits what the platform said to a request in a room.
    pub async fn refused(&self, room: &RoomKey, error: &DeliverError) {
        if let DeliverError::RateLimited { retry_after, scope } = error {
            self.budget.turns().refused(room.clone(), *retry_after, *scope);
        }
        if is_invalid(error) {
            // Who is gone at the end of the process needs not be told.
            let _ = self.breaker.send(Invalid).await;
        }
    }
}

//! The rate-limit actor: one an account. Ask → wait for the turn → attempt → tell what the server said.
//!
//! `ceilings` are the published ones, `turns` says who goes next, `breaker` watches over all accounts that one platform sees coming from
//! here.

mod breaker;
mod ceilings;
#[cfg(test)]
mod tests;
mod turns;

pub use breaker::{Breaker, Weather};

use super::core::RunningAccount;
use actix::{Actor, AsyncContext, Context, Handler, Message, SpawnHandle};
use breaker::{Invalid, is_invalid};
use governor::clock::MonotonicClock;
use relay_contract::{DeliverError, Doing, RoomKey, Scope, Tier};
use std::time::Duration;
use tokio::sync::{oneshot, watch};
use turns::Turns;

/// Asks of lanes that wait to be looked at; more make their lanes wait.
const MAILBOX: usize = 1024;

/// The actor.
pub struct RateLimit {
    turns: Turns<MonotonicClock>,
    weather: watch::Receiver<Weather>,
    next_look: Option<SpawnHandle>,
}

/// May a request be made in this room now?
#[derive(Debug, Clone, Message)]
#[rtype(result = "Turn")]
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
#[derive(Debug, actix::MessageResponse)]
pub enum Turn {
    /// Now.
    Now,
    /// When this resolves. Whoever drops it gives up its place.
    Later(oneshot::Receiver<()>),
}

/// The server refused a request because of its own limit.
#[derive(Message)]
#[rtype(result = "()")]
struct Refused {
    room: RoomKey,
    retry_after: Duration,
    scope: Scope,
}

impl RateLimit {
    /// A budget that nothing was taken from. Without `ceilings` only what the server says is kept; `pace` is how many times faster than
    /// published they are.
    pub fn new(ceilings: bool, pace: u32, weather: watch::Receiver<Weather>) -> Self {
        Self { turns: Turns::new(MonotonicClock, ceilings, pace), weather, next_look: None }
    }

    fn look(&mut self, ctx: &mut Context<Self>) {
        if let Some(earlier) = self.next_look.take() {
            ctx.cancel_future(earlier);
        }
        let load = self.weather.borrow().load();
        if let Some(wait) = self.turns.look(load) {
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

impl Handler<Ask> for RateLimit {
    type Result = Turn;

    fn handle(&mut self, ask: Ask, ctx: &mut Context<Self>) -> Turn {
        let load = self.weather.borrow().load();
        let turn = self.turns.ask(ask, load);
        if matches!(turn, Turn::Later(_)) {
            self.look(ctx);
        }
        turn
    }
}

impl Handler<Refused> for RateLimit {
    type Result = ();

    fn handle(&mut self, refused: Refused, _: &mut Context<Self>) {
        self.turns.refused(refused.room, refused.retry_after, refused.scope);
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
        match self.limit.send(ask).await {
            Ok(turn) => turn,
            // Only at the very end of the process: a turn that never comes.
            Err(_) => Turn::Later(oneshot::channel().1),
        }
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
        // Who is gone at the end of the process needs not be told.
        if let DeliverError::RateLimited { retry_after, scope } = error {
            let refused = Refused { room: room.clone(), retry_after: *retry_after, scope: *scope };
            let _ = self.limit.send(refused).await;
        }
        if is_invalid(error) {
            let _ = self.breaker.send(Invalid).await;
        }
    }
}

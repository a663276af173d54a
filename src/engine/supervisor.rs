//! The supervisor: owns every space, and makes a new one, with its lanes, when one goes down.
//!
//! actix restarts a *stopped* actor with the same value, and a *panicked* one not at all; so a space says through a drop
//! guard that it is gone, and is made anew here, from nothing, after a growing wait.

use super::core::{AccountPlan, Core, RunningAccount};
use super::delay::Delay;
use super::space::{DownGuard, RunLane, Space, SpaceKey};
use crate::observe::Count;
use actix::prelude::SendError;
use actix::{Actor, Addr, AsyncContext, Context, Handler, Message};
use relay_contract::{Account, NativeId, RoomKey};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

const MAILBOX: usize = 1024;
/// How soon a space that has much to do is asked again to run a lane.
const ASK_AGAIN: Duration = Duration::from_millis(20);
const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// The actor.
pub struct Supervisor {
    core: Arc<Core>,
    spaces: HashMap<SpaceKey, Child>,
    generations: u64,
    stopping: bool,
}

/// A space with what is needed to make it again.
struct Child {
    generation: u64,
    addr: Option<Addr<Space>>,
    lanes: HashSet<RoomKey>,
    delay: Delay,
}

impl Supervisor {
    /// Without spaces.
    pub fn new(core: Arc<Core>) -> Self {
        Self { core, spaces: HashMap::new(), generations: 0, stopping: false }
    }

    /// The running space, made if there is none.
    fn space(&mut self, key: &SpaceKey, ctx: &mut Context<Self>) -> Option<Addr<Space>> {
        if self.stopping {
            return None;
        }
        let account = self.core.accounts.get(&key.account)?;
        let child = self.spaces.entry(key.clone()).or_insert_with(|| Child {
            generation: 0,
            addr: None,
            lanes: HashSet::new(),
            delay: Delay::new(FIRST_WAIT, LONGEST_WAIT),
        });
        if let Some(addr) = &child.addr {
            return Some(addr.clone());
        }
        self.generations += 1;
        child.generation = self.generations;
        let down = Down { key: key.clone(), generation: child.generation };
        let guard = DownGuard { supervisor: ctx.address(), down: Some(down) };
        let addr = Space::new(self.core.clone(), account, guard).start();
        child.addr = Some(addr.clone());
        for room in &child.lanes {
            run_lane(&addr, room.clone(), ctx);
        }
        Some(addr)
    }
}

/// A space whose mailbox is full is asked again; one that went down is made anew with all its lanes.
fn run_lane(space: &Addr<Space>, room: RoomKey, ctx: &mut Context<Supervisor>) {
    if let Err(SendError::Full(RunLane { room })) = space.try_send(RunLane { room }) {
        let space = space.clone();
        ctx.run_later(ASK_AGAIN, move |_, ctx| run_lane(&space, room, ctx));
    }
}

impl Actor for Supervisor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        ctx.set_mailbox_capacity(MAILBOX);
    }
}

/// Run a space, and in it a lane.
#[derive(Message)]
#[rtype(result = "Option<Addr<Space>>")]
pub struct Serve {
    /// Through which account.
    pub account: Account,
    /// The space.
    pub space: NativeId,
    /// The room whose lane is to run there; the lane's handle is among the core's already.
    pub lane: Option<RoomKey>,
}

impl Handler<Serve> for Supervisor {
    type Result = Option<Addr<Space>>;

    fn handle(&mut self, serve: Serve, ctx: &mut Context<Self>) -> Self::Result {
        let key = SpaceKey { account: serve.account, space: serve.space };
        let addr = self.space(&key, ctx)?;
        if let Some(room) = serve.lane
            && let Some(child) = self.spaces.get_mut(&key)
        {
            child.lanes.insert(room.clone());
            run_lane(&addr, room, ctx);
        }
        Some(addr)
    }
}

/// Open an account: it has actors, and those begin on an arbiter. It does not run yet.
#[derive(Message)]
#[rtype(result = "Option<Arc<RunningAccount>>")]
pub struct Open(pub AccountPlan);

impl Handler<Open> for Supervisor {
    type Result = Option<Arc<RunningAccount>>;

    fn handle(&mut self, Open(plan): Open, _: &mut Context<Self>) -> Self::Result {
        let listening = self.core.listening.child_token();
        (!self.stopping).then(|| self.core.accounts.open(plan, listening))
    }
}

/// Let the spaces of an account go, and with them what is left of its lanes.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Close(pub Account);

impl Handler<Close> for Supervisor {
    type Result = ();

    fn handle(&mut self, Close(account): Close, _: &mut Context<Self>) {
        self.spaces.retain(|key, _| key.account != account);
    }
}

/// The address of a space, or how long until it is worth asking again.
#[derive(Message)]
#[rtype(result = "Result<Addr<Space>, Duration>")]
pub struct SpaceOf {
    /// Through which account.
    pub account: Account,
    /// The space.
    pub space: NativeId,
}

impl Handler<SpaceOf> for Supervisor {
    type Result = Result<Addr<Space>, Duration>;

    fn handle(&mut self, of: SpaceOf, _: &mut Context<Self>) -> Self::Result {
        let key = SpaceKey { account: of.account, space: of.space };
        let running = self.spaces.get(&key).and_then(|child| child.addr.clone());
        running.filter(Addr::connected).ok_or(FIRST_WAIT)
    }
}

/// A space is gone.
#[derive(Debug, Clone, Message)]
#[rtype(result = "()")]
pub struct Down {
    /// Which.
    pub key: SpaceKey,
    /// Which of its generations.
    pub generation: u64,
}

impl Handler<Down> for Supervisor {
    type Result = ();

    fn handle(&mut self, down: Down, ctx: &mut Context<Self>) {
        let Some(child) = self.spaces.get_mut(&down.key) else {
            return;
        };
        if child.generation != down.generation || self.stopping {
            return;
        }
        child.addr = None;
        let wait = child.delay.next();
        self.core.counters.add(Count::Panicked);
        tracing::error!(account = %down.key.account, space = %down.key.space, ?wait, "a space went down; it is made anew");
        ctx.run_later(wait, move |supervisor, ctx| {
            supervisor.space(&down.key, ctx);
        });
    }
}

/// Answer: whoever asks wants to know that this actor lives.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Ping;

impl Handler<Ping> for Supervisor {
    type Result = ();

    fn handle(&mut self, _: Ping, _: &mut Context<Self>) {}
}

/// Let all spaces and their lanes go.
#[derive(Message)]
#[rtype(result = "()")]
pub struct StopAll;

impl Handler<StopAll> for Supervisor {
    type Result = ();

    fn handle(&mut self, _: StopAll, _: &mut Context<Self>) {
        self.stopping = true;
        self.spaces.clear();
    }
}

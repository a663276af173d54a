//! Discord: REST API v10 and gateway, with the guilds, channels and people of a world.
//!
//! Checked against the published documentation (<https://discord.com/developers/docs>) and against discord.py.

mod cdn;
mod changes;
mod errors;
mod gateway;
mod gestures;
mod interactions;
mod limits;
pub(crate) mod mentions;
mod model;
mod payload;
mod permissions;
mod person;
mod reactions;
mod rest;
mod seen;
mod state;
mod threads;
mod typed;

use crate::faults::{Fault, Faults, Kind};
use crate::heard::Heard;
use crate::limits::Enforced;
use crate::people::{Act, Change, People, Refused, Seen, SeenThread};
use crate::server::{self, Stop};
use crate::world;
use gateway::session::Order;
use state::State;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;
use tokio::sync::broadcast;
use tokio::time::Instant;

/// The stand-in.
pub struct Discord {
    state: Mutex<State>,
    faults: Arc<Faults>,
    limits: Arc<Enforced>,
    url: String,
    heard: Heard,
    stop: Stop,
    /// Itself, for what happens later.
    later: Weak<Self>,
}

/// Starts it on `world.port`. A world that Discord could not have (an id that is no snowflake, an unknown permission) is
/// `InvalidInput`.
pub async fn start(world: &world::Platform) -> io::Result<Arc<Discord>> {
    let bound = server::bind(world.port).await?;
    let faults = Arc::<Faults>::default();
    let state = State::new(world, bound.url(), faults.clone())
        .map_err(|what| io::Error::new(io::ErrorKind::InvalidInput, what))?;
    let limits = Enforced::of(world.limits);
    let limits = Arc::new(limits.map_err(|what| io::Error::new(io::ErrorKind::InvalidInput, what))?);
    let (url, heard, stop) = (bound.url(), bound.heard.clone(), bound.stop.clone());
    let state = Mutex::new(state);
    let discord =
        Arc::new_cyclic(|later| Discord { state, faults, limits, url, heard, stop, later: later.clone() });
    bound.serve(rest::router(discord.clone()));
    Ok(discord)
}

impl Discord {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Guilds go away for a while, and come back.
    fn outage(&self, only: Option<&str>, lasts: Duration) -> Result<(), Refused> {
        let out = self.state().go_away(only);
        if out.is_empty() {
            return Err(Refused::Unknown("guild", only.unwrap_or_default().to_owned()));
        }
        let (later, stop) = (self.later.clone(), self.stop.clone());
        tokio::spawn(async move {
            tokio::select! {
                () = stop.stopped() => {}
                () = tokio::time::sleep(lasts) => {
                    if let Some(discord) = later.upgrade() {
                        discord.state().come_back(&out);
                    }
                }
            }
        });
        Ok(())
    }

    /// A disconnection that is armed for more than one occasion happens again as soon as a client is back.
    fn fault_of_new_connection(&self) {
        if let Some(fault) = self.faults.take(&[Kind::Disconnect, Kind::Reconnect], "gateway") {
            self.state().sessions.order(order_of(fault.kind));
        }
    }
}

fn order_of(kind: Kind) -> Order {
    if kind == Kind::Reconnect { Order::Reconnect } else { Order::Cut }
}

impl People for Discord {
    fn platform(&self) -> &'static str {
        "discord"
    }

    fn api_url(&self) -> String {
        self.url.clone()
    }

    fn gateway_url(&self) -> Option<String> {
        Some(self.state().gateway_url())
    }

    fn act(&self, act: Act) -> Result<String, Refused> {
        person::act(&mut self.state(), act)
    }

    fn messages(&self, room: &str) -> Result<Vec<Seen>, Refused> {
        let state = self.state();
        let channel = state.find_channel(room).ok_or_else(|| Refused::Unknown("room", room.to_owned()))?;
        Ok(state.all_messages(channel.id).into_iter().map(|message| seen::of(&state, message)).collect())
    }

    fn threads(&self, room: &str) -> Result<Vec<SeenThread>, Refused> {
        let state = self.state();
        let channel = state.find_channel(room).ok_or_else(|| Refused::Unknown("room", room.to_owned()))?;
        Ok(state.seen_threads(channel.id))
    }

    fn typed(&self, room: &str) -> Result<u64, Refused> {
        let state = self.state();
        let channel = state.find_channel(room).ok_or_else(|| Refused::Unknown("room", room.to_owned()))?.id;
        let places = std::iter::once(channel).chain(state.threads_of(channel).map(|thread| thread.id));
        Ok(places.filter_map(|place| state.typed.get(&place)).sum())
    }

    fn watch(&self) -> broadcast::Receiver<Change> {
        self.state().changes.subscribe()
    }

    fn fault(&self, mut fault: Fault) -> Result<(), Refused> {
        if fault.times == 0 {
            return Err(Refused::Impossible("`times` is at least 1".into()));
        }
        if fault.kind == Kind::Unavailable {
            return self.outage(fault.only.as_deref(), fault.lasts());
        }
        if fault.kind == Kind::Silent {
            return match self.state().sessions.silence(Instant::now() + fault.lasts()) {
                0 => Err(Refused::Impossible("no client is connected to the gateway".into())),
                _ => Ok(()),
            };
        }
        if matches!(fault.kind, Kind::Disconnect | Kind::Reconnect) {
            if self.state().sessions.order(order_of(fault.kind)) == 0 {
                return Err(Refused::Impossible("no client is connected to the gateway".into()));
            }
            fault.times -= 1;
            fault.only = None;
        }
        if fault.times > 0 {
            self.faults.arm(fault);
        }
        Ok(())
    }

    fn limits(&self) -> &Enforced {
        &self.limits
    }

    fn heard(&self) -> &Heard {
        &self.heard
    }

    fn faults(&self) -> &Faults {
        &self.faults
    }

    fn acknowledged(&self) -> Vec<String> {
        Vec::new()
    }

    fn stop(&self) {
        self.stop.now();
    }
}

//! Servers that speak each platform's wire protocol, with people and faults on demand.
//!
//! IRC has no accounts to imitate: [`irc::start`] is a server by itself, and people are clients of it.
//!
//! [`start`] takes a [`world::World`] and serves Discord, Slack and Telegram on 127.0.0.1, beside a control server through which
//! people talk and faults are armed; inside the same process [`people::People`] does the same without HTTP.

mod acknowledged;
pub mod control;
mod demo;
pub mod discord;
pub mod faults;
pub mod files;
pub mod heard;
pub mod history;
mod ids;
pub mod irc;
pub mod limits;
mod links;
pub mod misbehave;
mod parameters;
pub mod people;
pub mod ports;
pub mod server;
pub mod slack;
pub mod stored;
pub mod telegram;
pub mod world;

use people::People;
use std::sync::Arc;

/// The running stand-ins. They stop when this is dropped.
pub struct StandIns {
    /// Discord.
    pub discord: Arc<dyn People>,
    /// Slack.
    pub slack: Arc<dyn People>,
    /// Telegram.
    pub telegram: Arc<dyn People>,
    /// Base URL of the control server, without a trailing slash.
    pub control_url: String,
    /// What exists, with every id filled in.
    pub world: world::World,
    stop: server::Stop,
}

/// Why the stand-ins did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The world contradicts itself.
    #[error("the world does not hold together: {0}")]
    World(#[from] world::Contradiction),
    /// One of the servers could not start; `InvalidInput` when the world holds what its platform could not have.
    #[error("{0}: {1}")]
    Server(&'static str, std::io::Error),
}

/// Starts all three platforms and a control server on a port of the system's choice.
pub async fn start(world: world::World) -> Result<StandIns, StartError> {
    start_on(world, 0).await
}

/// Like [`start`], with the control server on a given port of 127.0.0.1.
pub async fn start_on(mut world: world::World, control_port: u16) -> Result<StandIns, StartError> {
    world.fill_ids()?;
    let discord = discord::start(&world.discord).await.map_err(|e| StartError::Server("discord", e))?;
    let slack = slack::start(&world.slack).await.map_err(|e| StartError::Server("slack", e))?;
    let telegram = telegram::start(&world.telegram).await.map_err(|e| StartError::Server("telegram", e))?;
    let bound = server::bind(control_port).await.map_err(|e| StartError::Server("control", e))?;
    let stand_ins = StandIns {
        discord,
        slack,
        telegram,
        control_url: bound.url(),
        world: world.clone(),
        stop: bound.stop.clone(),
    };
    let platforms = [stand_ins.discord.clone(), stand_ins.slack.clone(), stand_ins.telegram.clone()];
    bound.serve(control::router(world, platforms, stand_ins.stop.clone()));
    Ok(stand_ins)
}

impl StandIns {
    /// Stops all servers: nothing new is accepted, sockets and long polls end.
    pub fn stop(&self) {
        for platform in [&self.discord, &self.slack, &self.telegram] {
            platform.stop();
        }
        self.stop.now();
    }
}

impl Drop for StandIns {
    fn drop(&mut self) {
        self.stop();
    }
}

//! The channels that there are, with their links, and how everything is.

use super::answers::Refusal;
use super::connector::ACCOUNT;
use super::guard::Caller;
use super::serve::{Api, In};
use super::tokens::Scope;
use crate::engine::{ChannelStatus, Core, LaneState, LinkStatus, Status};
use axum::extract::State;
use axum::{Extension, Json};
use relay_contract::Account;
use serde::Serialize;
use std::sync::Arc;

/// A channel.
#[derive(Debug, Serialize)]
pub struct Channel {
    /// Its name.
    pub name: String,
    /// The rooms of platforms that are linked to it.
    pub links: Vec<Link>,
}

/// A room of a channel.
#[derive(Debug, Serialize)]
pub struct Link {
    /// Its platform.
    pub platform: String,
    /// Its name, once it was found.
    pub name: Option<String>,
    /// The name of its space, once it was found.
    pub space: Option<String>,
    /// Whether what is said there is carried.
    pub hears: bool,
    /// Whether what is said elsewhere is carried there.
    pub speaks: bool,
    /// What is wrong there, and what to do.
    pub problems: Vec<String>,
    /// Deliveries that wait.
    pub queued: u64,
    /// Deliveries that were given up.
    pub dead: u64,
}

/// All channels.
#[derive(Debug, Serialize)]
pub struct Channels {
    /// By name.
    pub channels: Vec<Channel>,
}

/// `GET /api/v1/channels`
pub async fn all(
    State(api): State<Arc<Api>>,
    Extension(caller): Extension<Caller>,
) -> Result<Json<Channels>, Refusal> {
    caller.must(Scope::Read)?;
    let status = api.core.status();
    let channels =
        status.channels.into_iter().filter(|channel| api.has(&channel.name) && caller.has(&channel.name));
    Ok(Json(Channels { channels: channels.map(|channel| shown(&api.core, channel)).collect() }))
}

/// `GET /api/v1/channels/{channel}`
pub async fn one(State(api): State<Arc<Api>>, room: In) -> Result<Json<Channel>, Refusal> {
    room.caller.must(Scope::Read)?;
    let status = api.core.status();
    let found = status.channels.into_iter().find(|channel| channel.name == room.channel);
    found
        .map(|channel| Json(shown(&api.core, channel)))
        .ok_or_else(|| super::serve::no_channel(&room.channel))
}

/// `GET /api/v1/status`
pub async fn status(
    State(api): State<Arc<Api>>,
    Extension(caller): Extension<Caller>,
) -> Result<Json<Status>, Refusal> {
    caller.must(Scope::Admin)?;
    Ok(Json(api.core.status()))
}

fn shown(core: &Core, status: ChannelStatus) -> Channel {
    let platform = |account: &str| {
        let found = core.accounts.get(&Account(account.to_owned()));
        found.map(|account| account.connector.platform().to_string()).unwrap_or_default()
    };
    let links = status.links.into_iter().filter(|link| link.account != ACCOUNT);
    let problems = |link: &LinkStatus| {
        let mut problems = link.problems.clone();
        if let Some(LaneState::Parked { problem }) = &link.lane {
            problems.push(problem.to_string());
        }
        problems
    };
    let links = links.map(|link| Link {
        problems: problems(&link),
        platform: platform(&link.account),
        name: link.name,
        space: link.space,
        hears: link.direction.hears(),
        speaks: link.direction.speaks(),
        queued: link.queued,
        dead: link.dead,
    });
    Channel { name: status.name, links: links.collect() }
}

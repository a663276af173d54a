//! Who Relay is on the network, and whether it is in its channels.

use crate::config::Config;
use crate::known::{Known, State};
use crate::session::Session;
use crate::{deliver, listen, rooms};
use relay_contract::{DeliverError, Identity, Listed, Listing, NativeId, OpenError, Preflight, Problem};
use std::time::Duration;

/// C2 asks for an answer within 20 seconds.
const DEADLINE: Duration = Duration::from_secs(19);

/// Asks for the channels. Answers the connection that it has made for that, where nobody listens yet.
pub async fn preflight(
    config: &Config,
    known: &Known,
    ready: Option<Session>,
    asked: &[NativeId],
) -> Result<(Preflight, Option<Session>), OpenError> {
    let late =
        || OpenError::Unavailable(format!("{} did not answer within {} s", config.host, DEADLINE.as_secs()));
    tokio::time::timeout(DEADLINE, ask(config, known, ready, asked)).await.map_err(|_| late())?
}

async fn ask(
    config: &Config,
    known: &Known,
    ready: Option<Session>,
    asked: &[NativeId],
) -> Result<(Preflight, Option<Session>), OpenError> {
    known.change(|state| rooms::want(state, asked));
    let session = if *known.listening.borrow() {
        over_the_other(config, known).await?;
        None
    } else {
        Some(connected(config, known, ready).await?)
    };
    Ok((known.look(|state| report(config, state, asked)), session))
}

/// A connection of its own: one that is there already and still answers, else a new one.
async fn connected(config: &Config, known: &Known, ready: Option<Session>) -> Result<Session, OpenError> {
    if let Some(mut session) = ready {
        let lines = known.look(|state| rooms::joins(config, state));
        if session.ask_and_wait(config, known, lines).await.is_ok() {
            return Ok(session);
        }
    }
    Session::open(config, known).await
}

/// Over the connection that is listened to. A channel that refused Relay has its own time to be tried again.
async fn over_the_other(config: &Config, known: &Known) -> Result<(), OpenError> {
    let way = listen::way(known).await.ok_or_else(|| OpenError::Unavailable("not connected".to_owned()))?;
    let lines = known.look(|state| {
        let new = state
            .wanted
            .iter()
            .filter(|(name, room)| !state.channels.contains_key(*name) && room.again.is_none());
        new.flat_map(|(_, room)| rooms::join(config, state, &room.name)).collect()
    });
    deliver::send(&way, lines, None, None).await.map(drop).map_err(|error| match error {
        DeliverError::Forbidden(problem) => OpenError::Refused(problem),
        other => OpenError::Unavailable(other.to_string()),
    })
}

fn report(config: &Config, state: &State, asked: &[NativeId]) -> Preflight {
    let nick = state.nick.clone();
    let mut warnings = Vec::new();
    if !state.is_own(&config.nick) {
        warnings.push(Problem::new(
            format!("Somebody else has the nick {}: Relay goes by {nick}.", config.nick),
            "It is asked for again by itself. With `nickserv_password`, NickServ takes it back.",
        ));
    }
    if !config.tls {
        warnings.push(Problem::new(
            "The connection is not encrypted: whoever is on the way reads what is said, and passwords.",
            "If the server has TLS, write ircs:// in `server`.",
        ));
    }
    let identity = Identity { id: state.fold(&nick).into(), name: nick };
    let rooms = asked.iter().map(|room| (room.clone(), rooms::report(config, state, room))).collect();
    Preflight { identity, warnings, rooms }
}

/// The channels that Relay is in, which are all that it sees.
pub fn find(config: &Config, state: &State) -> Listing {
    let mut names: Vec<_> = state.channels.keys().collect();
    names.sort_unstable();
    let listed = |name: &String| Some(Listed { report: rooms::joined(config, state, name)?, problem: None });
    Listing { rooms: names.into_iter().filter_map(listed).collect(), complete: true }
}

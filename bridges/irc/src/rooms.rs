//! Channels: which Relay is to be in, and what is known of them.

use crate::config::Config;
use crate::ids;
use crate::known::{State, Wanted};
use crate::line::{Line, compose};
use relay_contract::{NativeId, Problem, RoomReport, SpaceRef, Timestamp, Visibility};
use secrecy::ExposeSecret;

/// Waits before a channel is tried again, in ms: by how often it was in vain, the last one from then on.
const WAITS: [i64; 5] = [1_000, 5_000, 15_000, 30_000, 60_000];

/// In how many channels Relay is at most just because somebody has invited it: then it leaves the one where it has been longest.
const MOST_INVITED: usize = 20;
/// In how many channels it is at most that it came into by an invitation and that were asked for since: servers admit a client into so many.
const MOST_BY_INVITATION: usize = 100;

/// Says when a channel that Relay is not in is tried again.
pub fn try_again(room: &mut Wanted, now: Timestamp) {
    let wait = usize::try_from(room.tries).ok().and_then(|tries| WAITS.get(tries)).or(WAITS.last()).copied();
    room.tries = room.tries.saturating_add(1);
    room.again = Some(Timestamp(now.0.saturating_add(wait.unwrap_or(60_000))));
}

/// Puts channels among those that Relay is to be in.
pub fn want(state: &mut State, rooms: &[NativeId]) {
    for room in rooms.iter().filter(|room| ids::is_channel(room.as_str())) {
        let wanted = || Wanted { name: room.as_str().to_owned(), ..Wanted::default() };
        state.wanted.entry(state.support.casemap.fold(room.as_str())).or_insert_with(wanted).invited = None;
    }
}

/// Where somebody has invited Relay to: it goes there, so that the channel can be joined to others from inside.
pub fn invited(config: &Config, state: &mut State, line: &Line) -> Vec<String> {
    let room = line.param(1);
    if line.command != "INVITE" || !state.is_own(line.param(0)) || !ids::is_channel(room) {
        return Vec::new();
    }
    let mut lines = Vec::new();
    let folded = state.fold(room);
    if !state.wanted.contains_key(&folded) {
        if state.wanted.values().filter(|room| room.by_invitation).count() >= MOST_BY_INVITATION {
            return Vec::new();
        }
        lines.extend(making_room(state).map(|left| compose(&["PART", &left.name])));
        let wanted = Wanted {
            name: room.to_owned(),
            invited: Some(Timestamp::now()),
            by_invitation: true,
            ..Wanted::default()
        };
        state.wanted.insert(folded, wanted);
    }
    lines.extend(join(config, state, room));
    lines
}

/// The channel that Relay leaves before it goes into another as a guest, where it is in many.
fn making_room(state: &mut State) -> Option<Wanted> {
    let guests = state.wanted.iter().filter_map(|(folded, room)| Some((room.invited?, folded.clone())));
    let guests: Vec<_> = guests.collect();
    let (_, oldest) = guests.iter().min().filter(|_| guests.len() >= MOST_INVITED)?;
    state.wanted.remove(oldest)
}

/// What asks for a channel: to be let in, and who else may come in.
pub fn join(config: &Config, state: &State, name: &str) -> Vec<String> {
    let casemap = state.support.casemap;
    let key = config.keys.iter().find(|(channel, _)| casemap.same(channel, name));
    let join = match key {
        Some((_, key)) => compose(&["JOIN", name, key.expose_secret()]),
        None => compose(&["JOIN", name]),
    };
    vec![join, compose(&["MODE", name])]
}

/// The lines that ask for all channels that Relay is to be in and is not.
pub fn joins(config: &Config, state: &State) -> Vec<String> {
    let missing = state.wanted.iter().filter(|(folded, _)| !state.channels.contains_key(*folded));
    missing.flat_map(|(_, room)| join(config, state, &room.name)).collect()
}

/// The network as a space.
pub fn space(config: &Config, state: &State) -> SpaceRef {
    let network = state.network(&config.host, config.port);
    SpaceRef { id: network.as_str().into(), name: network }
}

/// What is known of a channel that was asked about.
pub fn report(config: &Config, state: &State, room: &NativeId) -> Result<RoomReport, Problem> {
    if !ids::is_channel(room.as_str()) {
        return Err(Problem::new(
            format!("`{room}` is not the name of an IRC channel."),
            "Write it with the sign before it: #rust.",
        ));
    }
    let folded = state.fold(room.as_str());
    match (state.channels.contains_key(&folded), state.wanted.get(&folded)) {
        (true, _) => joined(config, state, &folded).ok_or_else(|| unanswered(room)),
        (false, Some(Wanted { refused: Some(problem), .. })) => Err(problem.clone()),
        (false, _) => Err(unanswered(room)),
    }
}

fn unanswered(room: &NativeId) -> Problem {
    Problem::new(
        format!("The server did not say whether Relay is in {room}."),
        "It is tried again by itself; look whether Relay's nick is in the channel.",
    )
}

/// A channel that Relay is in.
pub fn joined(config: &Config, state: &State, folded: &str) -> Option<RoomReport> {
    let channel = state.channels.get(folded)?;
    let space = space(config, state);
    let alone = channel.members.len() <= 1;
    let silent = channel.modes.contains('m')
        && channel.members.get(&state.fold(&state.nick)).is_some_and(|own| own.signs.is_empty());
    let silent = silent.then(|| {
        Problem::new(
            format!("{} is moderated, and Relay has no voice there.", channel.name),
            "An operator of the channel gives it one: /mode +v with Relay's nick.",
        )
    });
    let alone = alone.then(|| {
        Problem::new(
            format!("Nobody else is in {}: IRC makes a channel for whoever asks for one.", channel.name),
            "If that is not as it should be, look whether the name is right.",
        )
    });
    Some(RoomReport {
        key: ids::room(&space.id.to_string(), folded),
        space,
        name: channel.name.clone(),
        // Whoever is invited, or has the key; a channel that is only not listed can be joined by all who know its name.
        visibility: if channel.modes.contains(['i', 'k']) { Visibility::Private } else { Visibility::World },
        members: Some(channel.members.len() as u64),
        warnings: alone.into_iter().chain(silent).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guest_leaves_the_oldest_of_many_channels_and_none_that_is_asked_for() {
        let mut state = State::default();
        let guest = |at: usize| {
            let invited = Some(Timestamp(i64::try_from(at).unwrap_or_default()));
            Wanted { name: format!("#{at}"), invited, ..Wanted::default() }
        };
        want(&mut state, &["#linked".into()]);
        for at in (1..MOST_INVITED).rev() {
            state.wanted.insert(format!("#{at}"), guest(at));
        }
        assert!(making_room(&mut state).is_none(), "one has room");
        state.wanted.insert("#99".into(), guest(99));
        want(&mut state, &["#1".into()]);
        state.wanted.insert("#100".into(), guest(100));
        let left = making_room(&mut state).map(|left| left.name);
        assert_eq!((left.as_deref(), state.wanted.len()), (Some("#2"), MOST_INVITED + 1));
    }
}

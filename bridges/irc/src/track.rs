//! Keeping up with what the server tells: nicks, members, modes. Pure but for the state.

use crate::known::{Channel, Member, State};
use crate::line::Line;
use crate::{errors, rooms};
use relay_contract::Timestamp;

/// Takes a line into what is known. Answers the channels that somebody was in who is gone or goes by another name now, by folded name.
pub fn track(state: &mut State, line: &Line, now: Timestamp) -> Vec<String> {
    let who = line.from.name.as_str();
    let own = !who.is_empty() && state.is_own(who);
    if own && let (Some(user), Some(host)) = (&line.from.user, &line.from.host) {
        state.mask = Some(format!("{user}@{host}"));
    }
    match line.command.as_str() {
        "001" => line.param(0).clone_into(&mut state.nick),
        "005" => {
            let words = line.params.len().saturating_sub(1);
            state.support.read(line.params.iter().take(words).skip(1).map(String::as_str));
            state.fold_anew();
        }
        // The host that others see is another now.
        "396" => {
            let user = state.mask.as_deref().and_then(|mask| mask.split('@').next()).unwrap_or("").to_owned();
            if !user.is_empty() && !line.param(1).is_empty() {
                let shown = line.param(1);
                state.mask =
                    Some(if shown.contains('@') { shown.to_owned() } else { format!("{user}@{shown}") });
            }
        }
        "CHGHOST" if own => state.mask = Some(format!("{}@{}", line.param(0), line.param(1))),
        "ACCOUNT" => account(state, who, line.param(0)),
        "CAP" => capability(state, line),
        "JOIN" => joined(state, line, own),
        "PART" => left(state, line.param(0), who, own, now),
        "KICK" => {
            let own = state.is_own(line.param(1));
            left(state, line.param(0), line.param(1), own, now);
            if own {
                let kicked = errors::kicked(line.param(0), who, line.param(2));
                if let Some(room) = state.wanted.get_mut(&state.support.casemap.fold(line.param(0))) {
                    room.refused = Some(kicked);
                }
            }
        }
        "QUIT" => return gone(state, who),
        "NICK" => return renamed(state, who, line.param(0), own),
        "353" => names(state, line.param(2), line.last()),
        "MODE" if state.is_channel(line.param(0)) => modes(state, line),
        "324" => {
            let folded = state.fold(line.param(1));
            if let Some(channel) = state.channels.get_mut(&folded) {
                line.param(2).trim_start_matches('+').clone_into(&mut channel.modes);
            }
        }
        _ => refused(state, line, now),
    }
    Vec::new()
}

/// Channels that nobody asked for, and people of one channel, are known up to so many.
const MOST_UNASKED: usize = 64;
const MOST_MEMBERS: usize = 200_000;

fn joined(state: &mut State, line: &Line, own: bool) {
    let name = line.param(0);
    let folded = state.fold(name);
    if own {
        // A server may put Relay anywhere; it is not followed without end.
        if !state.wanted.contains_key(&folded) && state.channels.len() >= MOST_UNASKED + state.wanted.len() {
            return;
        }
        let channel = Channel { name: name.to_owned(), ..Channel::default() };
        state.channels.insert(folded.clone(), channel);
        if let Some(room) = state.wanted.get_mut(&folded) {
            (room.refused, room.tries, room.again) = (None, 0, None);
        }
    }
    let nick = line.from.name.clone();
    let key = state.fold(&nick);
    let channel = state.channels.get_mut(&folded);
    if let Some(channel) = channel.filter(|channel| channel.members.len() < MOST_MEMBERS) {
        let account = line.tag("account").or(extended_account(line)).map(str::to_owned);
        channel.members.insert(key, Member { nick, signs: String::new(), account });
    }
}

/// The account of somebody who comes, as a server with `extended-join` tells it; `*` is none.
/// Source: <https://ircv3.net/specs/extensions/extended-join>.
fn extended_account(line: &Line) -> Option<&str> {
    let account = line.params.get(1).filter(|_| line.params.len() > 2)?;
    Some(account.as_str()).filter(|account| !matches!(*account, "*" | ""))
}

/// Somebody shows a services account, or another, or none.
/// Source: <https://ircv3.net/specs/extensions/account-notify>.
fn account(state: &mut State, who: &str, account: &str) {
    let key = state.fold(who);
    let account = Some(account).filter(|account| !matches!(*account, "*" | "")).map(str::to_owned);
    for channel in state.channels.values_mut() {
        if let Some(member) = channel.members.get_mut(&key) {
            member.account.clone_from(&account);
        }
    }
}

fn left(state: &mut State, name: &str, who: &str, own: bool, now: Timestamp) {
    let (folded, key) = (state.fold(name), state.fold(who));
    if own {
        state.channels.remove(&folded);
        if let Some(room) = state.wanted.get_mut(&folded) {
            rooms::try_again(room, now);
        }
    } else if let Some(channel) = state.channels.get_mut(&folded) {
        channel.members.remove(&key);
    }
}

fn gone(state: &mut State, who: &str) -> Vec<String> {
    let key = state.fold(who);
    let mut was_in: Vec<String> = state
        .channels
        .iter_mut()
        .filter_map(|(name, channel)| channel.members.remove(&key).map(|_| name.clone()))
        .collect();
    was_in.sort_unstable();
    was_in
}

fn renamed(state: &mut State, from: &str, to: &str, own: bool) -> Vec<String> {
    let (before, after) = (state.fold(from), state.fold(to));
    let mut was_in = Vec::new();
    for (name, channel) in &mut state.channels {
        if let Some(member) = channel.members.remove(&before) {
            channel.members.insert(after.clone(), Member { nick: to.to_owned(), ..member });
            was_in.push(name.clone());
        }
    }
    if own {
        to.clone_into(&mut state.nick);
    }
    was_in.sort_unstable();
    was_in
}

fn names(state: &mut State, name: &str, list: &str) {
    let folded = state.fold(name);
    let signs: Vec<char> = state.support.prefixes.iter().map(|(_, sign)| *sign).collect();
    let casemap = state.support.casemap;
    let Some(channel) = state.channels.get_mut(&folded) else { return };
    for one in list.split_ascii_whitespace() {
        if channel.members.len() >= MOST_MEMBERS {
            break;
        }
        let rest = one.trim_start_matches(|c: char| signs.contains(&c));
        let nick = rest.split('!').next().unwrap_or(rest).to_owned();
        let signs = one.strip_suffix(rest).unwrap_or_default().to_owned();
        let key = casemap.fold(&nick);
        // What was told of them before goes on being so.
        let account = channel.members.remove(&key).and_then(|member| member.account);
        channel.members.insert(key, Member { nick, signs, account });
    }
}

fn modes(state: &mut State, line: &Line) {
    let folded = state.fold(line.param(0));
    let support = state.support.clone();
    let Some(channel) = state.channels.get_mut(&folded) else { return };
    let mut parameters = line.params.iter().skip(2);
    let mut set = true;
    for mode in line.param(1).chars() {
        match mode {
            '+' => set = true,
            '-' => set = false,
            mode => {
                let parameter = if support.takes_parameter(mode, set) { parameters.next() } else { None };
                match (support.sign(mode), parameter) {
                    (Some(sign), Some(nick)) => {
                        if let Some(member) = channel.members.get_mut(&support.casemap.fold(nick)) {
                            member.signs.retain(|found| found != sign);
                            if set {
                                member.signs.push(sign);
                            }
                        }
                    }
                    (Some(_), None) => {}
                    (None, _) => {
                        channel.modes.retain(|found| found != mode);
                        if set {
                            channel.modes.push(mode);
                        }
                    }
                }
            }
        }
    }
}

/// What the server can do changes while Relay is there.
fn capability(state: &mut State, line: &Line) {
    match line.param(1).to_ascii_uppercase().as_str() {
        "NEW" => state.caps.offer(line.last()),
        "DEL" => state.caps.withdraw(line.last()),
        "ACK" => state.caps.switch(line.last()),
        _ => {}
    }
}

/// The server does not let Relay into a channel.
fn refused(state: &mut State, line: &Line, now: Timestamp) {
    if let Some(problem) = errors::not_let_in(line)
        && let Some(room) = state.wanted.get_mut(&state.support.casemap.fold(line.param(1)))
    {
        room.refused = Some(problem);
        rooms::try_again(room, now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::known::Wanted;

    fn state(lines: &[&str]) -> State {
        let mut state = State { nick: "relay".into(), ..State::default() };
        state.wanted.insert("#c".into(), Wanted { name: "#C".into(), ..Wanted::default() });
        for text in lines {
            track(&mut state, &Line::read(text).unwrap(), Timestamp(1_000));
        }
        state
    }

    const JOINED: [&str; 2] = [":relay!~r@host JOIN :#C", ":s 353 relay = #C :relay @ada +ivo"];

    fn members(state: &State) -> String {
        let mut all: Vec<String> = state
            .channels
            .get("#c")
            .map(|channel| channel.members.values().map(|one| format!("{}{}", one.signs, one.nick)).collect())
            .unwrap_or_default();
        all.sort();
        all.join(" ")
    }

    #[test]
    fn members_come_and_go() {
        let cases: &[(&[&str], &str)] = &[
            (&[], "+ivo @ada relay"),
            (&[":mia!m@h JOIN #c"], "+ivo @ada mia relay"),
            (&[":Ada!a@h PART #C :bye"], "+ivo relay"),
            (&[":ada!a@h QUIT :bye"], "+ivo relay"),
            (&[":ada!a@h KICK #c ivo :out"], "@ada relay"),
            (&[":ada!a@h NICK :Eve"], "+ivo @Eve relay"),
            (&[":ada!a@h MODE #c +o-v+k ivo ivo key"], "@ada @ivo relay"),
            (&[":ada!a@h MODE #c -o+b ada x!*@*"], "+ivo ada relay"),
            (&[":ada!a@h KICK #c relay :out"], ""),
            (&[":relay!r@h PART #c"], ""),
        ];
        for (lines, expected) in cases {
            let all: Vec<&str> = JOINED.iter().chain(lines.iter()).copied().collect();
            assert_eq!(members(&state(&all)), *expected, "{lines:?}");
        }
    }

    #[test]
    fn who_relay_is_and_where() {
        let known = state(&JOINED);
        assert_eq!(known.mask.as_deref(), Some("~r@host"));
        assert!(known.manages("#c", "ADA") && !known.manages("#c", "ivo") && !known.manages("#d", "ada"));
        let room = |known: &State| {
            known.wanted["#c"].refused.clone().map(|problem| problem.what).unwrap_or_default()
        };
        assert_eq!(room(&known), "");
        let kicked = state(&[JOINED[0], ":ada!a@h KICK #c relay :out"]);
        assert!(room(&kicked).contains("ada") && kicked.wanted["#c"].again.is_some());
        let banned = state(&[":s 474 relay #c :Cannot join channel (+b)"]);
        assert!(room(&banned).contains("banned") && banned.wanted["#c"].again.is_some());
        let renamed =
            state(&[":relay!r@h NICK relay_", ":s 396 relay_ cloak.example :is now your hidden host"]);
        assert_eq!((renamed.nick.as_str(), renamed.mask.as_deref()), ("relay_", Some("r@cloak.example")));
        let known = state(&[
            ":relay!r@h JOIN #C relay :Relay",
            ":s 353 relay = #C :relay @ada",
            ":ada!a@h ACCOUNT ada-at-home",
            ":s 353 relay = #C :relay @ada",
            ":ivo!a@h JOIN #C ivo-at-home :Ivo",
        ]);
        let manage =
            ["ada-at-home", "ivo-at-home", "ada"].map(|account| known.account_manages("#c", account));
        assert_eq!(manage, [true, false, false]);
        let folded = state(&[":s 005 relay CASEMAPPING=ascii NETWORK=Owls :are supported"]);
        assert_eq!(folded.network("h", 1), "Owls");
        assert!(folded.wanted.contains_key("#c"));
    }
}

//! What clients may do, and what they are answered.

use super::client::Line;
use super::history;
use super::state::{Channel, Said, Server, State, fold, now};
use super::told::Told;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;

/// The server's name.
pub(super) const NAME: &str = "stand-in.example";

/// What came of a line: the label of the answer, and the answer.
type Answer = (Option<String>, Vec<Told>);

/// Does what a line says. Channels hear of it at once; what is answered is for whoever said it.
pub(super) fn act(server: &Server, state: &mut State, id: u64, line: &Line) -> Answer {
    let label = line.tag("label").map(str::to_owned);
    let Some(client) = state.clients.get(&id) else { return (None, Vec::new()) };
    let (nick, welcomed) = (client.nick.clone(), client.welcomed);
    let told = match line.command.as_str() {
        "CAP" => capabilities(server, state, id, line),
        "NICK" => name(state, id, line.word(0)),
        "USER" => {
            change(state, id, |client| line.word(0).clone_into(&mut client.user));
            Vec::new()
        }
        "AUTHENTICATE" => sasl(server, state, id, line.word(0)),
        "PING" => vec![Told::from(NAME, &format!("PONG {NAME} :{}", line.word(0)))],
        "QUIT" => {
            change(state, id, |client| client.ends = true);
            vec![Told::plain("ERROR :Closing link")]
        }
        _ if !welcomed => vec![number("451", &nick, "You have not registered")],
        "JOIN" => join(state, id, &nick, line.word(0)),
        "PART" => part(state, id, line.word(0)),
        "MODE" => mode(state, id, &nick, line),
        "PRIVMSG" | "NOTICE" if line.tag("batch").is_some() => {
            let goes_on = line.tag("draft/multiline-concat").is_some();
            let text = (goes_on, line.word(1).to_owned());
            let begun = line.tag("batch").unwrap_or_default();
            change(state, id, |client| {
                if let Some(said) = client.begun.get_mut(begun) {
                    said.command.clone_from(&line.command);
                    said.lines.push(text);
                }
            });
            Vec::new()
        }
        "PRIVMSG" | "NOTICE" | "TAGMSG" => {
            let lines =
                if line.command == "TAGMSG" { vec![] } else { vec![(false, line.word(1).to_owned())] };
            let source = state.source(id);
            say(state, id, said(&line.command, source, line.word(0), &line.tags, lines))
        }
        "BATCH" => return batch(server, state, id, line),
        "RELAYMSG" => relay(server, state, id, &nick, line),
        "REDACT" => redact(state, id, line),
        "CHATHISTORY" => history::answer(server, state, id, line),
        _ => vec![number("421", &format!("{nick} {}", line.command), "Unknown command")],
    };
    let done = finish(server, state, id);
    (label, told.into_iter().chain(done).collect())
}

/// A numbered answer.
fn number(number: &str, words: &str, last: &str) -> Told {
    Told::from(NAME, &format!("{number} {words} :{last}"))
}

/// A refusal. Source: <https://ircv3.net/specs/extensions/standard-replies>.
pub(super) fn fail(words: &str, last: &str) -> Told {
    Told::from(NAME, &format!("FAIL {words} :{last}"))
}

fn change(state: &mut State, id: u64, change: impl FnOnce(&mut super::state::Client)) {
    if let Some(client) = state.clients.get_mut(&id) {
        change(client);
    }
}

fn has(state: &State, id: u64, capability: &str) -> bool {
    state.clients.get(&id).is_some_and(|client| client.caps.contains(capability))
}

fn capabilities(server: &Server, state: &mut State, id: u64, line: &Line) -> Vec<Told> {
    let nick = state.clients.get(&id).map_or_else(String::new, |client| client.nick.clone());
    let name = |capability: &&str| capability.split('=').next().unwrap_or_default().to_owned();
    match line.word(0).to_ascii_uppercase().as_str() {
        "LS" => {
            change(state, id, |client| client.negotiating = !client.welcomed);
            // In two lines, as servers with many do.
            let (first, second) = server.capabilities.split_at(server.capabilities.len() / 2);
            vec![
                Told::from(NAME, &format!("CAP {nick} LS * :{}", first.join(" "))),
                Told::from(NAME, &format!("CAP {nick} LS :{}", second.join(" "))),
            ]
        }
        "REQ" => {
            let asked: Vec<String> = line.word(1).split_ascii_whitespace().map(str::to_owned).collect();
            let known: Vec<String> = server.capabilities.iter().map(name).collect();
            let all = asked.iter().all(|one| known.contains(one));
            if all {
                change(state, id, |client| client.caps.extend(asked));
            }
            vec![Told::from(
                NAME,
                &format!("CAP {nick} {} :{}", if all { "ACK" } else { "NAK" }, line.word(1)),
            )]
        }
        "END" => {
            change(state, id, |client| client.negotiating = false);
            Vec::new()
        }
        _ => Vec::new(),
    }
}

fn name(state: &mut State, id: u64, nick: &str) -> Vec<Told> {
    let before = state.clients.get(&id).map_or_else(String::new, |client| client.nick.clone());
    let free = state.find(nick).is_none_or(|found| found == id);
    if !free || nick.is_empty() {
        return vec![number("433", &format!("{before} {nick}"), "Nickname is already in use")];
    }
    let told = Told::from(&state.source(id), &format!("NICK :{nick}"));
    let welcomed = state.clients.get(&id).is_some_and(|client| client.welcomed);
    let is_in = |channel: &Channel| welcomed && channel.members.contains_key(&id);
    let rooms = state.channels.iter().filter(|(_, channel)| is_in(channel)).map(|(name, _)| name.clone());
    for room in rooms.collect::<Vec<_>>() {
        state.tell_others(&room, id, &told);
    }
    change(state, id, |client| nick.clone_into(&mut client.nick));
    if welcomed { vec![told] } else { Vec::new() }
}

/// SASL PLAIN. Source: <https://ircv3.net/specs/extensions/sasl-3.1>.
fn sasl(server: &Server, state: &mut State, id: u64, word: &str) -> Vec<Told> {
    if word == "PLAIN" {
        return vec![Told::plain("AUTHENTICATE +")];
    }
    let said = BASE64_STANDARD.decode(word).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let right = server.account.as_ref().is_some_and(|(account, password)| {
        said.as_deref() == Some(format!("\0{account}\0{password}").as_str())
    });
    if !right || state.refuse_sasl {
        return vec![number("904", "*", "SASL authentication failed")];
    }
    change(state, id, |client| client.account = server.account.as_ref().map(|(account, _)| account.clone()));
    vec![number("903", "*", "SASL authentication successful")]
}

/// Somebody has said all that a connection begins with.
fn finish(server: &Server, state: &mut State, id: u64) -> Vec<Told> {
    let Some(client) = state.clients.get_mut(&id) else { return Vec::new() };
    if client.welcomed || client.negotiating || client.user.is_empty() || client.nick.starts_with('*') {
        return Vec::new();
    }
    client.welcomed = true;
    let nick = client.nick.clone();
    let support = format!(
        "{nick} NETWORK={} CASEMAPPING=ascii CHANTYPES=# PREFIX=(ov)@+ CHANMODES=b,k,l,imnt CHATHISTORY={} MSGREFTYPES=msgid,timestamp",
        server.network, server.history_most
    );
    vec![
        number("001", &nick, "Welcome"),
        number("005", &support, "are supported by this server"),
        number("422", &nick, "No message of the day"),
    ]
}

fn join(state: &mut State, id: u64, nick: &str, name: &str) -> Vec<Told> {
    if !name.starts_with('#') {
        return vec![number("403", &format!("{nick} {name}"), "No such channel")];
    }
    let channel = state
        .channels
        .entry(fold(name))
        .or_insert_with(|| Channel { name: name.to_owned(), ..Channel::default() });
    let first = channel.members.is_empty();
    if channel.members.insert(id, first).is_some() {
        return Vec::new();
    }
    let (name, members) = (channel.name.clone(), channel.members.clone());
    let source = state.source(id);
    let account =
        state.clients.get(&id).and_then(|client| client.account.clone()).unwrap_or_else(|| "*".into());
    let joined = |extended: bool| match extended {
        true => Told::from(&source, &format!("JOIN {name} {account} :{nick}")),
        false => Told::from(&source, &format!("JOIN {name}")),
    };
    for other in members.keys().filter(|other| **other != id) {
        let told = joined(has(state, *other, "extended-join"));
        state.tell(*other, &told);
    }
    let sign = |operator: bool| if operator { "@" } else { "" };
    let names = members.iter().filter_map(|(one, operator)| {
        state.clients.get(one).map(|client| format!("{}{}", sign(*operator), client.nick))
    });
    let names = names.collect::<Vec<_>>().join(" ");
    vec![
        joined(has(state, id, "extended-join")),
        number("353", &format!("{nick} = {name}"), &names),
        number("366", &format!("{nick} {name}"), "End of names"),
    ]
}

fn part(state: &mut State, id: u64, name: &str) -> Vec<Told> {
    let told = Told::from(&state.source(id), &format!("PART {name}"));
    state.tell_others(&fold(name), id, &told);
    if let Some(channel) = state.channels.get_mut(&fold(name)) {
        channel.members.remove(&id);
    }
    vec![told]
}

/// Asks for the modes, or makes an operator of somebody.
fn mode(state: &mut State, id: u64, nick: &str, line: &Line) -> Vec<Told> {
    let name = line.word(0);
    if line.words.len() < 3 {
        return vec![Told::from(NAME, &format!("324 {nick} {name} +nt"))];
    }
    let target = state.find(line.word(2));
    let own = state.channels.get(&fold(name)).and_then(|channel| channel.members.get(&id)).copied();
    let (Some(target), Some(true)) = (target, own) else {
        return vec![number("482", &format!("{nick} {name}"), "You are no operator of the channel")];
    };
    let channel = state.channels.get_mut(&fold(name));
    if let Some(operator) = channel.and_then(|channel| channel.members.get_mut(&target)) {
        *operator = line.word(1).starts_with('+');
    }
    let told = Told::from(&state.source(id), &format!("MODE {name} {} {}", line.word(1), line.word(2)));
    state.tell_others(&fold(name), id, &told);
    vec![told]
}

/// Something that is said: of its tags, those of clients go along.
fn said(
    command: &str,
    source: String,
    channel: &str,
    tags: &[(String, String)],
    lines: Vec<(bool, String)>,
) -> Said {
    let of_clients = tags.iter().filter(|(name, _)| name.starts_with('+')).cloned().collect();
    Said {
        command: command.to_owned(),
        source,
        channel: channel.to_owned(),
        tags: of_clients,
        lines,
        ..Said::default()
    }
}

/// Says it in a channel or to somebody, and answers the echo.
fn say(state: &mut State, id: u64, mut said: Said) -> Vec<Told> {
    let nick = state.clients.get(&id).map_or_else(String::new, |client| client.nick.clone());
    said.id = format!("m{:x}z", state.number());
    said.at = now();
    let account = state.clients.get(&id).and_then(|client| client.account.clone());
    said.tags.extend(account.map(|account| ("account".to_owned(), account)));
    let told = Told::said(&said, &format!("b{}", state.number()));
    let is_in =
        state.channels.get(&fold(&said.channel)).is_some_and(|channel| channel.members.contains_key(&id));
    if said.channel.starts_with('#') {
        if !is_in {
            return vec![number("404", &format!("{nick} {}", said.channel), "Cannot send to channel")];
        }
        state.tell_others(&fold(&said.channel), id, &told);
        state.keep(said);
    } else {
        match state.find(&said.channel) {
            Some(other) => state.tell(other, &told),
            None => return vec![number("401", &format!("{nick} {}", said.channel), "No such nick")],
        }
    }
    if has(state, id, "echo-message") { vec![told] } else { Vec::new() }
}

/// Begins or ends a message of several lines. Source: <https://ircv3.net/specs/extensions/multiline>.
fn batch(server: &Server, state: &mut State, id: u64, line: &Line) -> Answer {
    let label = line.tag("label").map(str::to_owned);
    let Some((sign, reference)) = line.word(0).split_at_checked(1) else { return (label, Vec::new()) };
    if sign == "+" {
        let begun = said("PRIVMSG", state.source(id), line.word(2), &line.tags, Vec::new());
        // The label waits for the end.
        let begun = Said { id: label.unwrap_or_default(), ..begun };
        change(state, id, |client| drop(client.begun.insert(reference.to_owned(), begun)));
        return (None, Vec::new());
    }
    let begun = state.clients.get_mut(&id).and_then(|client| client.begun.remove(reference));
    let Some(begun) = begun else { return (label, vec![fail("BATCH INVALID_REFTAG", "No such batch")]) };
    let label = Some(begun.id.clone()).filter(|label| !label.is_empty());
    let limit = |name: &str| {
        let value = server.capabilities.iter().find_map(|one| one.strip_prefix("draft/multiline="))?;
        value.split(',').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('=')?.parse::<usize>().ok())
    };
    let refused = if limit("max-lines").is_some_and(|most| begun.lines.len() > most) {
        Some("BATCH MULTILINE_MAX_LINES")
    } else if limit("max-bytes").is_some_and(|most| begun.words().len() > most) {
        Some("BATCH MULTILINE_MAX_BYTES")
    } else if begun.lines.is_empty() {
        Some("BATCH MULTILINE_INVALID")
    } else {
        None
    };
    match refused {
        Some(words) => (label, vec![fail(words, "The message is not taken")]),
        None => (label, say(state, id, begun)),
    }
}

/// Says something under a name. Source: <https://github.com/ircv3/ircv3-specifications/pull/417>.
fn relay(server: &Server, state: &mut State, id: u64, nick: &str, line: &Line) -> Vec<Told> {
    let (channel, name) = (line.word(0), line.word(1));
    let signs = server.capabilities.iter().find_map(|one| one.strip_prefix("draft/relaymsg="));
    let operator = state.channels.get(&fold(channel)).and_then(|channel| channel.members.get(&id)).copied();
    if state.no_names || operator != Some(true) || !has(state, id, "draft/relaymsg") {
        return vec![fail("RELAYMSG PRIVS_NEEDED", "You may not speak under other names")];
    }
    let odd = |c: char| c.is_whitespace() || "!+%@&#$:'\"?*,.".contains(c);
    if name.contains(odd) || !signs.is_some_and(|signs| name.contains(|c| signs.contains(c))) {
        return vec![fail("RELAYMSG INVALID_NICK", "That is no name to speak under")];
    }
    let source = format!("{name}!{name}@relayed.example");
    let mut said = said("PRIVMSG", source, channel, &line.tags, vec![(false, line.word(2).to_owned())]);
    said.tags.push(("draft/relaymsg".to_owned(), nick.to_owned()));
    say(state, id, said)
}

/// Takes a message back. Source: <https://ircv3.net/specs/extensions/message-redaction>.
fn redact(state: &mut State, id: u64, line: &Line) -> Vec<Told> {
    let (name, target) = (line.word(0).to_owned(), line.word(1));
    let source = state.source(id);
    let nick = |source: &str| source.split('!').next().unwrap_or_default().to_owned();
    let own = nick(&source);
    let channel = state.channels.get_mut(&fold(&name));
    let operator = channel.as_ref().and_then(|channel| channel.members.get(&id)).copied();
    let Some(operator) = operator else {
        return vec![fail(&format!("REDACT INVALID_TARGET {name}"), "You are not there")];
    };
    let kept =
        channel.and_then(|channel| channel.kept.iter_mut().find(|said| said.id == target && !said.redacted));
    let Some(kept) = kept else {
        return vec![fail(&format!("REDACT UNKNOWN_MSGID {name} {target}"), "There is no such message")];
    };
    let relayed = kept.tags.iter().any(|(tag, by)| tag == "draft/relaymsg" && *by == own);
    if !operator && !relayed && nick(&kept.source) != own {
        return vec![fail(&format!("REDACT REDACT_FORBIDDEN {name} {target}"), "It is not yours")];
    }
    kept.redacted = true;
    let id_of_it = format!("m{:x}z", state.number());
    let redaction = Said {
        id: id_of_it,
        at: now(),
        lines: vec![(false, target.to_owned())],
        ..said("REDACT", source, &name, &[], Vec::new())
    };
    let told = Told::said(&redaction, "");
    let members: Vec<u64> = state.channels[&fold(&name)].members.keys().copied().collect();
    for other in members.into_iter().filter(|other| *other != id) {
        if has(state, other, "draft/message-redaction") {
            state.tell(other, &told);
        }
    }
    state.keep(redaction);
    vec![told]
}

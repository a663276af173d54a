//! What was said before. Source: <https://ircv3.net/specs/extensions/chathistory>.

use super::acts::{NAME, fail};
use super::client::Line;
use super::state::{Said, Server, State, fold};
use super::told::Told;

/// Answers `CHATHISTORY AFTER` and `LATEST`, the ones that bridges and bouncers ask.
pub(super) fn answer(server: &Server, state: &mut State, id: u64, line: &Line) -> Vec<Told> {
    let (kind, name, from) = (line.word(0).to_ascii_uppercase(), line.word(1), line.word(2));
    let refused = |code: &str, words: &str| vec![fail(&format!("CHATHISTORY {code} {kind} {name}"), words)];
    let caps = state.clients.get(&id).map(|client| client.caps.clone()).unwrap_or_default();
    if !caps.contains("draft/chathistory") {
        return refused("NEED_MORE_PARAMS", "Ask for draft/chathistory first");
    }
    let Some(channel) = state.channels.get(&fold(name)).filter(|channel| channel.members.contains_key(&id))
    else {
        return refused("INVALID_TARGET", "Messages could not be retrieved");
    };
    let most = line.word(3).parse::<usize>().unwrap_or(server.history_most).min(server.history_most);
    let playback = caps.contains("draft/event-playback");
    // What was taken back is told to nobody any more.
    let shown =
        |said: &&Said| !said.redacted && (playback || matches!(said.command.as_str(), "PRIVMSG" | "NOTICE"));
    let all: Vec<Said> = channel.kept.iter().filter(shown).cloned().collect();
    let found = match (kind.as_str(), from.split_once('=')) {
        ("AFTER", Some(("msgid", msgid))) => {
            // An id that nobody knows is followed by nothing, as elsewhere.
            let at = channel.kept.iter().find(|said| said.id == msgid).map_or(i64::MAX, |said| said.at);
            let behind = all.iter().position(|said| said.id == msgid).map(|at| at + 1);
            let behind = behind.unwrap_or_else(|| all.iter().take_while(|said| said.at <= at).count());
            all.into_iter().skip(behind).take(most).collect()
        }
        ("AFTER", Some(("timestamp", at))) => {
            let Ok(at) = at.parse::<jiff::Timestamp>() else {
                return refused("INVALID_PARAMS", "That is no time");
            };
            all.into_iter().filter(|said| said.at > at.as_millisecond()).take(most).collect()
        }
        ("LATEST", _) => {
            let beyond = all.len().saturating_sub(most);
            all.into_iter().skip(beyond).collect::<Vec<Said>>()
        }
        _ => return refused("INVALID_PARAMS", "Ask for AFTER or LATEST"),
    };
    let channel = channel.name.clone();
    let inside = found.iter().map(|said| Told::said(said, &format!("b{}", state.number()))).collect();
    let number = format!("h{}", state.number());
    vec![Told::batch(NAME, &number, &format!("chathistory {channel}"), "batch", inside)]
}

//! One connection: lines in, lines out.

use super::Shared;
use super::acts;
use super::state::{Client, now};
use super::told::{Told, time};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Instant;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::sync::mpsc;

/// Lines that wait to be written; a client behind by more is cut.
const QUEUE: usize = 8_192;

/// A line of a client: tags as they are written, the command, and its words.
pub(super) struct Line {
    pub tags: Vec<(String, String)>,
    pub command: String,
    pub words: Vec<String>,
}

impl Line {
    fn read(text: &str) -> Option<Self> {
        let (tags, rest) = match text.strip_prefix('@') {
            Some(rest) => rest.split_once(' ')?,
            None => ("", text),
        };
        let pair = |tag: &str| {
            let (name, value) = tag.split_once('=').unwrap_or((tag, ""));
            (name.to_owned(), value.to_owned())
        };
        let tags = tags.split(';').filter(|tag| !tag.is_empty()).map(pair).collect();
        let (middle, last) = match rest.split_once(" :") {
            Some((middle, last)) => (middle, Some(last.to_owned())),
            None => (rest, None),
        };
        let mut words: Vec<String> = middle.split_ascii_whitespace().map(str::to_owned).chain(last).collect();
        (!words.is_empty()).then(|| Self { tags, command: words.remove(0).to_ascii_uppercase(), words })
    }

    pub fn word(&self, at: usize) -> &str {
        self.words.get(at).map_or("", String::as_str)
    }

    pub fn tag(&self, name: &str) -> Option<&str> {
        self.tags.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }
}

/// Serves a client until either has enough.
pub(super) async fn serve(shared: Arc<Shared>, stream: TcpStream) {
    let _ = stream.set_nodelay(true);
    let (reads, mut writes) = stream.into_split();
    let mut reads = BufReader::new(reads).lines();
    let (out, mut waiting) = mpsc::channel::<String>(QUEUE);
    let id = {
        let mut state = shared.state();
        let id = state.number();
        let left = (shared.server.limit.map_or(0.0, |limit| limit.burst), Instant::now());
        let client = Client {
            nick: format!("*{id}"),
            user: String::new(),
            account: None,
            caps: BTreeSet::new(),
            negotiating: false,
            welcomed: false,
            out,
            begun: HashMap::new(),
            left,
            ends: false,
        };
        state.clients.insert(id, client);
        id
    };
    loop {
        tokio::select! {
            biased;
            line = waiting.recv() => {
                let Some(line) = line else { break };
                wait(&shared).await;
                if !line.is_empty() && writes.write_all(format!("{line}\r\n").as_bytes()).await.is_err() {
                    break;
                }
            }
            line = reads.next_line() => {
                let Ok(Some(text)) = line else { break };
                wait(&shared).await;
                if let Some(line) = Line::read(text.trim_end()) {
                    take(&shared, id, &line);
                }
            }
        }
        let ends = shared.state().clients.get(&id).is_none_or(|client| client.ends);
        if ends && waiting.is_empty() {
            break;
        }
    }
    let mut state = shared.state();
    if state.clients.contains_key(&id) {
        state.gone(id, "Connection closed");
    }
}

/// While the server is silent or slow.
async fn wait(shared: &Shared) {
    let (until, slow) = {
        let state = shared.state();
        (state.quiet_until, state.slow)
    };
    if let Some(until) = until {
        tokio::time::sleep_until(until.into()).await;
    }
    tokio::time::sleep(slow).await;
}

/// Takes a line, and answers it by its label where it has one. Source: <https://ircv3.net/specs/extensions/labeled-response>.
fn take(shared: &Shared, id: u64, line: &Line) {
    let mut state = shared.state();
    if let Some(limit) = shared.server.limit
        && let Some(client) = state.clients.get_mut(&id)
    {
        let (left, since) = client.left;
        let left = (left + since.elapsed().as_secs_f64() * limit.a_second).min(limit.burst) - 1.0;
        client.left = (left, Instant::now());
        if left < 0.0 {
            let nick = client.nick.clone();
            return state.fault(super::Fault::ExcessFlood(nick));
        }
    }
    let (label, answer) = acts::act(&shared.server, &mut state, id, line);
    let says = matches!(line.command.as_str(), "PRIVMSG" | "BATCH" | "RELAYMSG");
    let nick = state.clients.get(&id).map(|client| client.nick.clone());
    if nick.is_some() && state.cut_after == nick && says && !answer.is_empty() {
        state.cut_after = None;
        if let Some(client) = state.clients.get_mut(&id) {
            client.ends = true;
        }
        return;
    }
    let has_label = state.clients.get(&id).is_some_and(|client| client.caps.contains("labeled-response"));
    let Some(label) = label.filter(|_| has_label) else {
        answer.iter().for_each(|told| state.tell(id, told));
        return;
    };
    let told = match <[Told; 1]>::try_from(answer) {
        Ok([one]) => one.tag("label", label),
        Err(none) if none.is_empty() => {
            Told::from(acts::NAME, "ACK").tag("time", time(now())).tag("label", label)
        }
        Err(several) => {
            let number = format!("l{}", state.number());
            let told = Told::batch(acts::NAME, &number, "labeled-response", "labeled-response", several);
            told.tag("label", label)
        }
    };
    state.tell(id, &told);
}

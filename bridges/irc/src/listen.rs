//! The connection that is listened to, from one to the next.

use crate::config::Config;
use crate::fences::Request;
use crate::heard::Heard;
use crate::known::Known;
use crate::line::compose;
use crate::session::Session;
use crate::splits::Splits;
use crate::{ids, rooms};
use futures::StreamExt;
use futures::stream::FuturesOrdered;
use rand::Rng;
use relay_contract::errors::ListenError;
use relay_contract::{Inbox, OpenError, RawEvent, Timestamp};
use secrecy::ExposeSecret;
use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

/// Events that wait for their accept at the same time.
const OVERLAP: usize = 64;

/// Events that may wait behind those while an answer of the server's is still to be read.
const MOST_WAITING: usize = 4_000;

/// Requests that wait for their turn.
const QUEUE: usize = 64;

/// Waits before a connection is tried again, in ms: by how often it failed in a row, the last one from then on.
const WAITS: [u64; 6] = [500, 1_000, 2_000, 5_000, 15_000, 30_000];

/// How long a connection may take to be made and to have its channels.
const OPENING: Duration = Duration::from_secs(45);

/// How often it is looked whether a channel or the nick is to be tried again.
const LOOK: Duration = Duration::from_secs(1);

/// How often it is noted that Relay is there, so that a silent channel is not taken for an absence.
const MARK: Duration = Duration::from_secs(60);

/// How often the nick is asked for while somebody else has it.
const NICK_AGAIN: Duration = Duration::from_secs(30);

/// How a connection ended.
enum End {
    Stopped,
    Lost(String),
}

/// What `known` says while somebody listens; taken back when they do no longer.
pub struct Listening<'a>(&'a Known);

impl<'a> Listening<'a> {
    /// From now on.
    pub fn begin(known: &'a Known) -> Self {
        known.listening.send_replace(true);
        Self(known)
    }
}

impl Drop for Listening<'_> {
    fn drop(&mut self) {
        self.0.way.send_replace(None);
        self.0.listening.send_replace(false);
    }
}

/// Listens until stopped or refused. A connection that preflight has made is taken over.
pub async fn listen(
    config: &Config,
    listening: Listening<'_>,
    ready: Option<Session>,
    cursor: Option<&str>,
    inbox: &dyn Inbox,
) -> Result<(), ListenError> {
    let known = listening.0;
    let mut ready = ready;
    let mut failures = 0;
    // Since when nobody has heard anything.
    let mut away = cursor.and_then(|cursor| cursor.parse::<i64>().ok()).map(Timestamp);
    let mut rooms_before: Option<BTreeSet<String>> = None;
    loop {
        let opened = match ready.take() {
            Some(session) => Ok(session),
            None => tokio::select! {
                biased;
                () = inbox.stopped() => return Ok(()),
                opened = tokio::time::timeout(OPENING, Session::open(config, known)) => opened.unwrap_or_else(|_| {
                    Err(OpenError::Unavailable(format!("{} did not answer within {} s", config.host, OPENING.as_secs())))
                }),
            },
        };
        let reason = match opened {
            Err(OpenError::Refused(problem)) => return Err(ListenError::Refused(problem)),
            Err(OpenError::Unavailable(reason)) => {
                failures += 1;
                reason
            }
            Ok(session) => {
                failures = 0;
                inbox.connected();
                let since = away.take();
                if let Some(since) = since {
                    match known.look(|state| state.caps.keeps_history()) {
                        true => inbox.gap("Relay was not on the network"),
                        false => inbox.missed(&missed(since)),
                    }
                }
                let changed = changed(config, known, rooms_before.take());
                match hear(config, known, session, since, changed, inbox).await {
                    End::Stopped => return Ok(()),
                    End::Lost(reason) => reason,
                }
            }
        };
        known.way.send_replace(None);
        if rooms_before.is_none() {
            rooms_before = Some(inside(known));
        }
        away.get_or_insert_with(Timestamp::now);
        inbox.interrupted(&reason);
        tokio::select! {
            biased;
            () = inbox.stopped() => return Ok(()),
            () = tokio::time::sleep(wait(failures)) => {}
        }
    }
}

/// The channels that Relay is in.
fn inside(known: &Known) -> BTreeSet<String> {
    known.look(|state| state.channels.keys().cloned().collect())
}

/// News of the channels that Relay is in now and was not before, and the other way round.
fn changed(config: &Config, known: &Known, before: Option<BTreeSet<String>>) -> Vec<RawEvent> {
    let Some(before) = before else { return Vec::new() };
    let network = known.look(|state| state.network(&config.host, config.port));
    let rooms = before.symmetric_difference(&inside(known)).cloned().collect::<Vec<_>>();
    rooms.into_iter().filter_map(|room| Heard::of_room(&network, room).event()).collect()
}

/// Whether something is to be handed up. Of what is played back, that is what was said while nobody listened, unless the server has a
/// history, which the engine reads.
fn counts(known: &Known, heard: &Heard, since: Option<Timestamp>) -> bool {
    !heard.played_back
        || (since.is_some_and(|since| is_newer(heard, since))
            && !known.look(|state| state.caps.keeps_history()))
}

/// Some servers forget the milliseconds of what they play back: the whole second counts where an id tells what was heard before.
fn is_newer(heard: &Heard, since: Timestamp) -> bool {
    match ids::is_played_back(&heard.id) {
        true => heard.at > since.0,
        false => heard.at >= since.0 - since.0.rem_euclid(1_000),
    }
}

/// One connection, while it lasts. `since` is when the last one ended.
async fn hear(
    config: &Config,
    known: &Known,
    mut session: Session,
    since: Option<Timestamp>,
    first: Vec<RawEvent>,
    inbox: &dyn Inbox,
) -> End {
    let (way, mut requests) = mpsc::channel(QUEUE);
    known.way.send_replace(Some(way));
    let mut accepts = FuturesOrdered::new();
    // Events before their accept, in order.
    let mut waiting: VecDeque<RawEvent> = first.into();
    let mut early = session.early();
    early.retain(|heard| counts(known, heard, since));
    waiting.extend(early.iter().filter_map(Heard::event));
    let mut look = tokio::time::interval(LOOK);
    look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut nick_asked = Instant::now();
    let mut marked = Instant::now();
    let mut splits = Splits::default();
    let network = known.look(|state| state.network(&config.host, config.port));
    let mut stopped = inbox.stopped();
    loop {
        while accepts.len() < OVERLAP
            && let Some(event) = waiting.pop_front()
        {
            accepts.push_back(inbox.accept(event));
        }
        // What is accepted may wait for a history, whose lines come here too.
        let reads = waiting.is_empty() || (session.awaits_answers() && waiting.len() < MOST_WAITING);
        tokio::select! {
            biased;
            () = &mut stopped => {
                session.close().await;
                return End::Stopped;
            }
            Some(accepted) = accepts.next(), if !accepts.is_empty() => if accepted.is_err() {
                session.close().await;
                return End::Stopped;
            },
            Some(request) = requests.recv(), if session.has_room() => {
                session.ask(together(request, &mut requests));
            }
            line = session.line(), if reads => match line {
                Ok(line) => {
                    for heard in session.take(config, known, &line) {
                        let heard = Some(heard).filter(|heard| counts(known, heard, since));
                        let heard = heard.and_then(|heard| splits.pass(heard, Instant::now()));
                        waiting.extend(heard.and_then(|heard| heard.event()));
                    }
                }
                Err(reason) => return End::Lost(reason),
            },
            _ = look.tick() => {
                if session.is_stuck() {
                    return End::Lost("the server does not answer any more".to_owned());
                }
                for line in due(config, known) {
                    session.say(&line);
                }
                if marked.elapsed() >= MARK {
                    marked = Instant::now();
                    inbox.moved(Timestamp::now().0.to_string());
                }
                let told = splits.due(&network, Instant::now());
                waiting.extend(told.iter().filter_map(Heard::event));
                if nick_asked.elapsed() >= NICK_AGAIN {
                    nick_asked = Instant::now();
                    nick_again(config, known).iter().for_each(|line| session.say(line));
                }
            }
        }
    }
}

/// A request and those that wait with it: they share one answer of the server's.
fn together(first: Request, requests: &mut mpsc::Receiver<Request>) -> Vec<Request> {
    let mut all = vec![first];
    while all.len() < 4
        && let Ok(request) = requests.try_recv()
    {
        all.push(request);
    }
    all
}

/// What asks for the channels whose time has come.
fn due(config: &Config, known: &Known) -> Vec<String> {
    let now = Timestamp::now();
    let is_due = |again: Option<Timestamp>| again.is_some_and(|again| again <= now);
    if !known.look(|state| state.wanted.values().any(|room| is_due(room.again))) {
        return Vec::new();
    }
    known.change(|state| {
        let mut names = Vec::new();
        for (folded, room) in &mut state.wanted {
            if is_due(room.again) && !state.channels.contains_key(folded) {
                // It has an answer before it is due again.
                rooms::try_again(room, now);
                names.push(room.name.clone());
            }
        }
        names.iter().flat_map(|name| rooms::join(config, state, name)).collect()
    })
}

/// What gets the nick back, while Relay goes by another.
fn nick_again(config: &Config, known: &Known) -> Vec<String> {
    if known.look(|state| state.is_own(&config.nick)) {
        return Vec::new();
    }
    let mut lines = Vec::new();
    if let Some(password) = &config.nickserv_password {
        let words = format!("GHOST {} {}", config.nick, password.expose_secret());
        lines.push(compose(&["PRIVMSG", "NickServ", &words]));
    }
    lines.push(compose(&["NICK", &config.nick]));
    lines
}

fn missed(since: Timestamp) -> String {
    let at =
        jiff::Timestamp::from_millisecond(since.0).map(|at| at.strftime("%Y-%m-%d %H:%M UTC").to_string());
    let since = at.unwrap_or_else(|_| "long ago".to_owned());
    format!("Relay was not on the network since {since}, and IRC keeps nothing of what was said meanwhile")
}

/// Up to a quarter more than it says, so that many accounts don't come back at once.
fn wait(failures: usize) -> Duration {
    let wait = WAITS.get(failures).or(WAITS.last()).copied().unwrap_or(1_000);
    Duration::from_millis(wait + rand::rng().random_range(0..=wait / 4))
}

/// The way to the connection that is listened to, once there is one; none when nobody listens.
pub async fn way(known: &Known) -> Option<mpsc::Sender<Request>> {
    let mut ways = known.way.subscribe();
    let mut listening: watch::Receiver<bool> = known.listening.subscribe();
    loop {
        if let Some(way) = ways.borrow_and_update().clone() {
            return Some(way);
        }
        if !*listening.borrow_and_update() {
            return None;
        }
        tokio::select! {
            changed = ways.changed() => changed.ok()?,
            changed = listening.changed() => changed.ok()?,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_played_back_counts_once() {
        let known = Known::default();
        let counts = |id: &str, at, since: Option<i64>| {
            let heard =
                Heard { at, id: id.to_owned(), played_back: true, ..Heard::of_room("n", "#c".into()) };
            counts(&known, &heard, since.map(Timestamp))
        };
        let cases = [
            ("5-bff", 5_500, Some(5_499), true),
            ("5-bff", 5_000, Some(5_499), false),
            ("server~1", 5_000, Some(5_499), true),
            ("server~1", 4_999, Some(5_499), false),
            ("server~1", 5_000, None, false),
        ];
        for (id, at, since, expected) in cases {
            assert_eq!(counts(id, at, since), expected, "{id} at {at} since {since:?}");
        }
        assert!(super::counts(&known, &Heard::of_room("n", "#c".into()), None), "what is said now counts");
    }
}
